//go:build valgrind && gc && !purego

package x25519

import (
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/ct"
)

func TestMain(*testing.M) { ct.Main(secrets) }

// secrets: see package ct. The tiers are not those that this machine has,
// but those that valgrind knows. Public keys are secrets here too, although
// nothing asks for that.
func secrets() {
	key, point := ct.Secret(&[32]byte{1, 2, 3}), ct.Secret(&[32]byte{42})
	x, y := ct.Secret(&[4]uint64{1, 2, 3, 4}), ct.Secret(&[4]uint64{5, 6, 7, 8})
	out, z, xz, ok := new([32]byte), new([4]uint64), new([2][4]uint64), new(bool)

	for _, tier := range ladderTiers {
		if tier == cpu.ADX {
			ct.Run("scalarMult", out, func() { scalarMult(tier, out, key, point) })
		}
	}
	for _, tier := range baseTiers {
		if tier == cpu.ADX {
			ct.Run("scalarBaseMult", out, func() { scalarBaseMult(tier, out, key) })
		}
	}
	k := ct.Secret(&PrivateKey{tiers: tiers{cpu.ADX, cpu.ADX}, key: *key})
	ct.Public(&k.tiers)
	ct.Public(&k.std)
	ct.Public(&k.public)
	p := &PublicKey{valid: true, key: *point}
	ct.Run("ecdh", out, func() { k.ecdh(out, p) })
	ct.Run("setPublic", &p.key, func() { k.setPublic(p) })
	ct.Run("mulP", z, func() { mulP(z, x, y) })
	xz[0], xz[1] = *x, *y
	ct.Run("divide", out, func() { divide(out, xz) })
	ct.Run("isZero", ok, func() { *ok = isZero(key) })
	ct.Run("twinX25519", out, func() { *out = twinX25519(key, point) })
	ct.Run("twinBase", out, func() { *out = twinBase(key) })
}
