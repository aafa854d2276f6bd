//go:build gc && !purego

package p256

import (
	"math/big"
	"testing"
)

// The two verifications agree, on right sums and wrong ones: on scalars that are near
// the exceptional ones, and on those whose sum is doubled or at infinity.
func TestVerifyIFMA(t *testing.T) {
	ifmaOnly(t, func(t *testing.T) {
		r := newRand(50)
		d := randomBelow(r, &order)
		for isScalar(&d) == 0 {
			d = randomBelow(r, &order)
		}
		p := generatorTimes(&d)
		q := *p.words()
		right := 0
		check := func(u1, u2 *big.Int) {
			// (u1 + u2*d)*G
			sum := new(big.Int).Mul(u2, toBig(&d))
			sum.Mod(sum.Add(sum, u1), bigN)
			a, b := fromBig(u1), fromBig(u2)
			x := big.NewInt(5)
			if sum.Sign() != 0 {
				s := fromBig(sum)
				x = generatorTimes(&s).x
			}
			good := fromBig(x.Mod(x, bigN))
			// The x-coordinate of the difference: the sign of y matters.
			diff := new(big.Int).Mul(u2, toBig(&d))
			diff.Mod(diff.Sub(u1, diff), bigN)
			other := randomBelow(r, &order)
			if diff.Sign() != 0 {
				s := fromBig(diff)
				x := generatorTimes(&s).x
				other = fromBig(x.Mod(x, bigN))
			}
			for i, x := range [][4]uint64{good, other} {
				if isScalar(&x) == 0 {
					continue
				}
				got, want := verifyVarTimeIFMA(&a, &b, &q, &x), verifyVarTimeADX(&a, &b, &q, &x)
				if got != want || i == 0 && want != (sum.Sign() != 0) {
					t.Fatalf("u1 %x, u2 %x, d %x, r %x: %t, want %t", u1, u2, d, x, got, want)
				}
				if got {
					right++
				}
			}
		}
		for range cases(200) {
			u1, u2 := randomBelow(r, &order), randomBelow(r, &order)
			if isScalar(&u2) == 1 {
				check(toBig(&u1), toBig(&u2))
			}
		}
		for _, u2 := range edgeScalars() {
			u1 := randomBelow(r, &order)
			check(toBig(&u1), toBig(&u2))
			// Equal and opposite points, and their neighbours.
			v := new(big.Int).Mul(toBig(&u2), toBig(&d))
			for d := int64(-1); d <= 1; d++ {
				w := new(big.Int).Add(v, big.NewInt(d))
				check(new(big.Int).Mod(w, bigN), toBig(&u2))
				check(new(big.Int).Mod(w.Neg(w), bigN), toBig(&u2))
			}
			check(new(big.Int), toBig(&u2))
		}
		if right == 0 {
			t.Error("no sum was right")
		}
	})
}

func TestVerifyIFMAAllocs(t *testing.T) {
	ifmaOnly(t, func(t *testing.T) {
		q := *generatorTimes(&[4]uint64{77}).words()
		u := [4]uint64{1, 2, 3, 4}
		if n := testing.AllocsPerRun(10, func() { verifyVarTimeIFMA(&u, &u, &q, &u) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
