//go:build gc && !purego

package x25519

import (
	"encoding/binary"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/modinv"
)

// hostTiers is what this machine runs best.
var hostTiers = pick(cpu.Host())

// ladderTiers and baseTiers are the tiers that the switches below know, best
// first.
var (
	ladderTiers = []cpu.Tier{cpu.IFMA, cpu.ADX}
	baseTiers   = []cpu.Tier{cpu.IFMA, cpu.ADX}
)

// pick returns the tiers that a machine with features f runs best.
//
// The ladder of tier ifma has vectors of 256 bits, its multiplication of the
// base point has 512: where those lower the clock (Ice Lake), the one of tier
// adx serves.
func pick(f cpu.Features) tiers {
	t := tiers{f.First(ladderTiers...), cpu.Generic}
	for _, base := range baseTiers {
		if f.Has(base) && (base != cpu.IFMA || f.HasFeature(cpu.Fast512)) {
			t.base = base
			break
		}
	}
	return t
}

// scalarMult sets dst to X25519(key, point) (RFC 7748, Section 5), zero if the
// point is of low order.
func scalarMult(tier cpu.Tier, dst, key, point *[KeySize]byte) {
	k, u := clamped(key), words(point)
	u[3] &= 1<<63 - 1
	var xz [2][4]uint64
	ladder(tier, &xz, &k, &u)
	divide(dst, &xz)
	clear(k[:])
	clear(xz[:])
}

// scalarBaseMult sets dst to X25519(key, 9).
func scalarBaseMult(tier cpu.Tier, dst, key *[KeySize]byte) {
	k := clamped(key)
	var xz [2][4]uint64
	comb(tier, &xz, &k)
	divide(dst, &xz)
	clear(k[:])
	clear(xz[:])
}

// clamped returns the scalar that a private key stands for: a multiple of 8
// between 2^254 and 2^255 (RFC 7748, Section 5).
func clamped(key *[KeySize]byte) [KeySize]byte {
	k := *key
	k[0] &= 248
	k[31] &= 127
	k[31] |= 64
	return k
}

// words returns the number that 32 little-endian bytes hold.
func words(b *[32]byte) (w [4]uint64) {
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return w
}

// divide sets dst to xz[0]/xz[1] mod p, and to 0 if xz[1] is 0: the number, less
// than p, in 32 little-endian bytes. Both are less than p.
func divide(dst *[KeySize]byte, xz *[2][4]uint64) {
	var u [4]uint64
	modinv.P25519(&u, &xz[1])
	mulP(&u, &u, &xz[0])
	for i, w := range u {
		binary.LittleEndian.PutUint64(dst[8*i:], w)
	}
	clear(u[:])
}

// The functions below are the switch from a tier to its kernels, whose contracts
// stand on the stubs.

func ladder(tier cpu.Tier, xz *[2][4]uint64, k *[KeySize]byte, u *[4]uint64) {
	switch tier {
	case cpu.IFMA:
		ladderIFMA(xz, k, u)
	case cpu.ADX:
		ladderADX(xz, k, u)
	default:
		panic("x25519: no ladder of tier " + tier.String())
	}
}

func comb(tier cpu.Tier, xz *[2][4]uint64, k *[KeySize]byte) {
	switch tier {
	case cpu.IFMA:
		combIFMA(xz, k, alignedTable())
	case cpu.ADX:
		combADX(xz, k)
	default:
		panic("x25519: no comb of tier " + tier.String())
	}
}
