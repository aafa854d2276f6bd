//go:build gc && !purego

package p256

import (
	"math/big"
	"testing"
)

func TestSparseDigits(t *testing.T) {
	check := func(u [4]uint64) {
		for w := uint(2); w <= 8; w++ {
			var d [257]int8
			sparseDigitsVarTime(&d, &u, w)
			sum := new(big.Int)
			last := -int(w)
			for i, x := range d {
				if x == 0 {
					continue
				}
				if x&1 == 0 || int(x) >= 1<<(w-1) || int(x) <= -1<<(w-1) || i-last < int(w) {
					t.Fatalf("width %d of %x: digit %d is %d, the last was at %d", w, u, i, x, last)
				}
				last = i
				sum.Add(sum, new(big.Int).Lsh(big.NewInt(int64(x)), uint(i)))
			}
			if sum.Cmp(toBig(&u)) != 0 {
				t.Fatalf("width %d of %x: the digits are those of %x", w, u, sum)
			}
		}
	}
	for _, u := range edges(bigR) {
		check(u)
	}
	r := newRand(41)
	for range 5000 {
		check(random(r))
	}
}

// checkVerify holds verifyVarTimeADX against the sum of the textbook.
func checkVerify(t *testing.T, u1, u2 *big.Int, q *bigPoint) {
	t.Helper()
	w1, w2 := fromBig(u1), fromBig(u2)
	sum := bigG.mul(u1).add(q.mul(u2))
	r := big.NewInt(1)
	if sum != nil {
		r.Mod(sum.x, bigN)
	}
	for _, c := range []struct {
		r    *big.Int
		want bool
	}{
		{r, sum != nil},
		{new(big.Int).Add(r, big.NewInt(1)), false},
		{new(big.Int).Sub(bigN, r), false},
		{new(big.Int).Sub(bigP, bigN), false},
	} {
		c.r.Mod(c.r, bigN)
		words := fromBig(c.r)
		if isScalar(&words) == 0 || !c.want && c.r.Cmp(r) == 0 && sum != nil {
			continue
		}
		if got := verifyVarTimeADX(&w1, &w2, q.words(), &words); got != c.want {
			t.Fatalf("u1 = %x, u2 = %x, q = %v, whose sum is %v; r = %x: %v", u1, u2, q, sum, c.r, got)
		}
	}
}

func TestVerifyADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		r := newRand(42)
		for _, q := range somePoints(r, 60) {
			u1, u2 := randomBelow(r, &order), randomBelow(r, &order)
			checkVerify(t, toBig(&u1), toBig(&u2), q)
			// One scalar only; the sum at infinity.
			checkVerify(t, new(big.Int), toBig(&u2), q)
			checkVerify(t, toBig(&u1), new(big.Int), q)
		}
		checkVerify(t, new(big.Int), new(big.Int), bigG)
	})
}

// Sums in which equal points meet, and opposite ones: q is a small multiple of the
// generator, and so are the points of both tables.
func TestVerifyCollisionsADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		small := []int64{0, 1, 2, 3, 5, 8, 15, 17, 31, 33, 63, 64}
		r := newRand(43)
		for _, m := range []int64{1, 2, 3, 30, -1, -2, -63} {
			q := bigG.mul(new(big.Int).Mod(big.NewInt(m), bigN))
			for _, a := range small {
				for _, b := range small {
					// Small scalars, and ones that end in them.
					u1, u2 := big.NewInt(a), big.NewInt(b)
					checkVerify(t, u1, u2, q)
					if r.IntN(8) == 0 {
						k := randomBelow(r, &order)
						high := new(big.Int).Rsh(toBig(&k), 8)
						u2.Lsh(high, 7).Add(u2, big.NewInt(b))
						// -m*u2, so that the sum is small.
						u1.Mul(u2, big.NewInt(-m)).Add(u1, big.NewInt(a)).Mod(u1, bigN)
						checkVerify(t, u1, u2.Mod(u2, bigN), q)
					}
				}
			}
			// The sum at infinity.
			k := randomBelow(r, &order)
			u2 := toBig(&k)
			u1 := new(big.Int).Mul(u2, big.NewInt(-m))
			checkVerify(t, u1.Mod(u1, bigN), u2, q)
		}
	})
}

// x-coordinates from n to p-1, of which r is n less; and r for which r+n is not
// less than p.
func TestVerifyLargeXADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		found := 0
		for x := new(big.Int).Set(bigN); found < 20; x.Add(x, big.NewInt(1)) {
			xm, ym := fromBig(x), [4]uint64{}
			toM(&xm, &xm)
			equationM(&ym, &xm)
			if !sqrtP(&ym, &ym) {
				continue
			}
			fromM(&ym, &ym)
			found++
			q := &bigPoint{new(big.Int).Set(x), toBig(&ym)}
			checkVerify(t, new(big.Int), big.NewInt(1), q)
			checkVerify(t, big.NewInt(0), new(big.Int).Sub(bigN, big.NewInt(1)), q)
		}
		for x := new(big.Int).Sub(bigP, big.NewInt(1)); found < 40; x.Sub(x, big.NewInt(1)) {
			xm, ym := fromBig(x), [4]uint64{}
			toM(&xm, &xm)
			equationM(&ym, &xm)
			if !sqrtP(&ym, &ym) {
				continue
			}
			fromM(&ym, &ym)
			found++
			checkVerify(t, new(big.Int), big.NewInt(1), &bigPoint{new(big.Int).Set(x), toBig(&ym)})
		}
		if want := new(big.Int).Sub(bigP, bigN); toBig(&primeLessOrder).Cmp(want) != 0 {
			t.Errorf("p - n is %x, want %x", primeLessOrder, want)
		}
	})
}
