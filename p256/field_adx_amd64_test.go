//go:build gc && !purego

package p256

import (
	"math/big"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// adxOnly runs f where the tier's kernels run.
func adxOnly(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	cryptotest.Tiers(t, "p256", []cpu.Tier{cpu.ADX}, func(t *testing.T, _ cpu.Tier) { f(t) })
}

// The multiplications against the portable ones, which are tested against
// math/big, with every aliasing.
func TestFieldADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		for _, c := range []struct {
			name    string
			f, twin func(z, x, y *[4]uint64)
			m       *[4]uint64
		}{
			{"mulADX", mulADX, mulP, &prime},
			{"sqrADX", func(z, x, _ *[4]uint64) { sqrADX(z, x) }, func(z, x, _ *[4]uint64) { mulP(z, x, x) }, &prime},
			{"mulNADX", mulNADX, mulN, &order},
		} {
			operands(c.m, func(x, y [4]uint64) {
				var z, want [4]uint64
				c.twin(&want, &x, &y)
				if c.f(&z, &x, &y); z != want {
					t.Fatalf("%s(%x, %x) = %x, want %x", c.name, x, y, z, want)
				}
				v := x
				if c.f(&v, &v, &y); v != want {
					t.Fatalf("%s(%x, %x) over the first operand = %x, want %x", c.name, x, y, v, want)
				}
				v = y
				if c.f(&v, &x, &v); v != want {
					t.Fatalf("%s(%x, %x) over the second operand = %x, want %x", c.name, x, y, v, want)
				}
				c.twin(&want, &x, &x)
				v = x
				if c.f(&v, &v, &v); v != want {
					t.Fatalf("%s(%x, %x) over both operands = %x, want %x", c.name, x, x, v, want)
				}
			})
		}
	})
}

// mulADX takes any numbers.
func TestMulWideOperandsADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		check := func(x, y [4]uint64) {
			t.Helper()
			var z [4]uint64
			var want big.Int
			mulADX(&z, &x, &y)
			bigMontgomery(&want, toBig(&x), toBig(&y), bigP)
			if got := toBig(&z); less(&x, &prime)|less(&y, &prime) == 0 && got.Cmp(&want) > 0 {
				got.Sub(got, bigP)
				z = fromBig(got)
			}
			if toBig(&z).Cmp(&want) != 0 {
				t.Fatalf("mulADX(%x, %x) = %x, want %x", x, y, z, fromBig(&want))
			}
		}
		r := newRand(26)
		es := append(edges(bigR), edges(bigP)...)
		for _, x := range es {
			for _, y := range es {
				check(x, y)
			}
			check(x, random(r))
			check(random(r), random(r))
		}
	})
}
