//go:build gc && !purego

package x25519

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// The field operations of combADX against math/big, with every aliasing.
func TestCombFieldADX(t *testing.T) {
	cryptotest.Tiers(t, "x25519", []cpu.Tier{cpu.ADX}, func(t *testing.T, _ cpu.Tier) {
		all := new(big.Int).Lsh(one, 256)
		product := new(big.Int).Add(new(big.Int).Lsh(one, 255), big.NewInt(1<<11))
		for _, op := range []struct {
			name       string
			f          func(z, x, y *[4]uint64)
			big        func(z, x, y *big.Int) *big.Int
			maxX, maxY *big.Int // the least numbers that x and y may not be
			maxZ       *big.Int // nor z
		}{
			{"mul", combMulADX, (*big.Int).Mul, all, all, product},
			{"sum", combSumADX, (*big.Int).Add, product, product, all},
			{"sub", combSubADX, (*big.Int).Sub, all, product, all},
			{"fullSum", combFullSumADX, (*big.Int).Add, all, all, all},
			{"numerator", combNumeratorADX, (*big.Int).Add, all, all, prime},
			{"denominator", combDenominatorADX, (*big.Int).Sub, all, all, prime},
		} {
			t.Run(op.name, func(t *testing.T) {
				check := func(how string, z, x, y [4]uint64) {
					t.Helper()
					if got := toBig(z); got.Cmp(op.maxZ) >= 0 || mod(got) != mod(op.big(new(big.Int), toBig(x), toBig(y))) {
						t.Fatalf("%x, %x, %s: %x", x, y, how, z)
					}
				}
				try := func(x, y [4]uint64) {
					t.Helper()
					var z [4]uint64
					op.f(&z, &x, &y)
					check("all different", z, x, y)
					z = x
					op.f(&z, &z, &y)
					check("z is x", z, x, y)
					z = y
					op.f(&z, &x, &z)
					check("z is y", z, x, y)
					if toBig(x).Cmp(op.maxY) < 0 {
						z = x
						op.f(&z, &z, &z)
						check("all the same", z, x, x)
					}
				}
				r := rand.New(rand.NewPCG(9, 7748))
				xs, ys := below(op.maxX), below(op.maxY)
				for _, x := range xs {
					for range 4 {
						try(x, ys[r.IntN(len(ys))])
					}
				}
				for _, x := range xs[len(xs)-40:] {
					for _, y := range ys[len(ys)-40:] {
						try(x, y)
					}
				}
			})
		}
		// Products whose last carry, when 19 is added for bit 255, goes through one
		// word, two, and three.
		for i := uint(64); i < 256; i += 64 {
			for d := int64(1); d < 40; d++ {
				x := new(big.Int).Lsh(big.NewInt(5), i)
				x.Add(x, new(big.Int).Lsh(one, 255)).Sub(x, big.NewInt(d))
				xw, yw := fromBig(x), [4]uint64{1}
				var z [4]uint64
				combMulADX(&z, &xw, &yw)
				if mod(toBig(z)) != mod(x) || toBig(z).Cmp(product) >= 0 {
					t.Fatalf("%x·1: %x", xw, z)
				}
			}
		}
	})
}

// below returns numbers, and last those right below limit.
func below(limit *big.Int) (xs [][4]uint64) {
	for _, w := range numbers(300) {
		if toBig(w).Cmp(limit) < 0 {
			xs = append(xs, w)
		}
	}
	for d := int64(40); d > 0; d-- {
		xs = append(xs, fromBig(new(big.Int).Sub(limit, big.NewInt(d))))
	}
	return xs
}
