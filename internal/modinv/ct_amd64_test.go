//go:build valgrind && gc && !purego

package modinv

import (
	"testing"

	"github.com/sealane/sealane/internal/ct"
)

func TestMain(*testing.M) { ct.Main(secrets) }

// secrets: see package ct.
func secrets() {
	x, y := ct.Secret(&[4]uint64{1, 2, 3, 4}), ct.Secret(&[4]uint64{5, 6, 7, 8})
	z, zz := new([4]uint64), new([2][4]uint64)

	ct.Run("p25519ADX", z, func() { p25519ADX(z, x) })
	ct.Run("p256ADX", z, func() { p256ADX(z, x) })
	ct.Run("n256ADX", z, func() { n256ADX(z, x) })
	ct.Run("p256n256ADX", zz, func() { p256n256ADX(&zz[0], x, &zz[1], y) })

	ct.Run("p25519", z, func() { p25519.invertGeneric(z, x) })
	ct.Run("p256", z, func() { p256.invertGeneric(z, x) })
	ct.Run("n256", z, func() { n256.invertGeneric(z, x) })
}
