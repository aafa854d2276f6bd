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

// The field operations of ladderADX against math/big.
func TestLadderFieldADX(t *testing.T) {
	cryptotest.Tiers(t, "x25519", []cpu.Tier{cpu.ADX}, func(t *testing.T, _ cpu.Tier) {
		shift := func(n int64, i uint) *big.Int { return new(big.Int).Lsh(big.NewInt(n), i) }
		sum := func(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) }
		folded, product, half := shift(39, 256), sum(shift(1, 255), shift(1, 11)), sum(shift(1, 255), shift(1, 12))
		check := func(what string, z, least, want *big.Int, args ...any) {
			t.Helper()
			if z.Cmp(least) >= 0 || mod(z) != mod(want) {
				t.Fatalf("%s of %x: %x, want %x", what, args, z, mod(want))
			}
		}
		r := rand.New(rand.NewPCG(10, 7748))
		some := func(xs [][4]uint64, i int) [4]uint64 {
			if i%3 == 0 {
				return xs[len(xs)-1-r.IntN(40)] // right below the limit
			}
			return xs[r.IntN(len(xs))]
		}

		// rare returns words w whose products n·w end right below 2^64, for even n: the
		// sum with what comes from the word before carries.
		rare := func(n int64) (ws []uint64) {
			m := shift(1, 63)
			inverse := new(big.Int).ModInverse(big.NewInt(n/2), m)
			for j := int64(1); j <= n/2; j += n / 38 {
				w := new(big.Int).Mul(inverse, big.NewInt(-j))
				ws = append(ws, w.Mod(w, m).Uint64())
			}
			return ws
		}
		for _, w := range rare(38) {
			for _, w := range []uint64{w, w | 1<<63} {
				// (x+1)·(2^256-1) has x as its upper half.
				x, y := [4]uint64{0, 0, ^uint64(0), w}, [4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
				x1 := fromBig(sum(toBig(x), one))
				var z [5]uint64
				ladderMulADX(&z, &x1, &y)
				check("mul", toBig5(z), folded, new(big.Int).Mul(toBig(x1), toBig(y)), x1, y)
				// And the square of s begins with w and ones.
				square := new(big.Int).Lsh(toBig([4]uint64{0, 0, ^uint64(0), w}), 256)
				s := fromBig(square.Sqrt(square))
				ladderSqrADX(&z, &s)
				check("sqr", toBig5(z), folded, new(big.Int).Mul(toBig(s), toBig(s)), s)
			}
		}
		for _, w := range rare(121666) {
			x, y := [4]uint64{0, 0, ^uint64(0), w}, [4]uint64{}
			var e, f [4]uint64
			ladderTimesA24ADX(&e, &f, &x, &y)
			check("f", toBig(f), sum(shift(1, 255), shift(1, 24)), new(big.Int).Mul(toBig(x), big.NewInt(121666)), x, y)
		}

		all, products, halves := below(shift(1, 256)), below(product), below(half)
		for i, x := range all {
			for range 8 {
				y := some(all, i)
				var z [5]uint64
				ladderMulADX(&z, &x, &y)
				check("mul", toBig5(z), folded, new(big.Int).Mul(toBig(x), toBig(y)), x, y)
			}
			var z [5]uint64
			ladderSqrADX(&z, &x)
			check("sqr", toBig5(z), folded, new(big.Int).Mul(toBig(x), toBig(x)), x)
		}
		for i, x := range products {
			for range 8 {
				y := some(products, i)
				var e, f [4]uint64
				ladderTimesA24ADX(&e, &f, &x, &y)
				d := new(big.Int).Sub(toBig(x), toBig(y))
				check("e", toBig(e), shift(1, 256), d, x, y)
				check("f", toBig(f), sum(shift(1, 255), shift(1, 24)), sum(toBig(y), d.Mul(d, big.NewInt(121666))), x, y)
			}
		}
		for i, x := range halves {
			for range 8 {
				y := some(halves, i)
				var s, d [4]uint64
				ladderResultADX(&s, &d, &x, &y)
				check("the reduced sum", toBig(s), prime, sum(toBig(x), toBig(y)), x, y)
				check("the reduced difference", toBig(d), prime, new(big.Int).Sub(toBig(x), toBig(y)), x, y)
			}
		}

		// Words above any four, and what makes the last carry of 19q go through one
		// word, two, and three.
		var wide [][5]uint64
		for _, x := range all {
			wide = append(wide, [5]uint64{x[0], x[1], x[2], x[3], r.Uint64N(39)}, [5]uint64{x[0], x[1], x[2], x[3], uint64(38 * r.IntN(2))})
		}
		for i := uint(64); i < 256; i += 64 {
			for q := range int64(78) {
				for _, d := range []int64{1, q, 19 * q, 19*q - 1, 19*q + 1, 2432, 2433, 2432 - 19*q, 2432 + 19*q} {
					x := sum(shift(5, i), shift(q, 255))
					if x.Sub(x, big.NewInt(d)); d > 0 {
						wide = append(wide, fromBig5(x))
					}
				}
			}
		}
		for i, x := range wide {
			var z [4]uint64
			ladderNumberADX(&z, &x)
			check("number", toBig(z), product, toBig5(x), x)
			for j := range 4 {
				y := wide[r.IntN(len(wide))]
				if (i+j)%4 == 0 {
					y = [5]uint64{}
				}
				for _, xy := range [][2][5]uint64{{x, y}, {y, x}, {x, x}} {
					var s, d [4]uint64
					ladderSumAndDifferenceADX(&s, &d, &xy[0], &xy[1])
					check("the sum", toBig(s), half, sum(toBig5(xy[0]), toBig5(xy[1])), xy)
					check("the difference", toBig(d), half, new(big.Int).Sub(toBig5(xy[0]), toBig5(xy[1])), xy)
				}
			}
		}
	})
}

func toBig5(w [5]uint64) *big.Int {
	x := new(big.Int).SetUint64(w[4])
	return x.Lsh(x, 256).Or(x, toBig([4]uint64(w[:4])))
}

func fromBig5(x *big.Int) (w [5]uint64) {
	low := fromBig(new(big.Int).And(x, new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)))
	copy(w[:], low[:])
	w[4] = new(big.Int).Rsh(x, 256).Uint64()
	return w
}
