//go:build gc && !purego

package p256

import (
	"crypto/elliptic"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/modinv"
)

// A bigPoint is an affine point of the curve, or nil for the one at infinity: the
// textbook definition of the group (SEC 1, Section 2.2.1), for tests.
type bigPoint struct{ x, y *big.Int }

func (p *bigPoint) add(q *bigPoint) *bigPoint {
	if p == nil {
		return q
	}
	if q == nil {
		return p
	}
	num, den := new(big.Int), new(big.Int)
	if p.x.Cmp(q.x) == 0 {
		if p.y.Cmp(q.y) != 0 {
			return nil
		}
		num.Mul(p.x, p.x)
		num.Mul(num.Sub(num, big.NewInt(1)), big.NewInt(3))
		den.Lsh(p.y, 1)
	} else {
		num.Sub(q.y, p.y)
		den.Sub(q.x, p.x)
	}
	s := num.Mul(num, den.ModInverse(den.Mod(den, bigP), bigP))
	x := new(big.Int).Mul(s, s)
	x.Sub(x, p.x).Sub(x, q.x).Mod(x, bigP)
	y := new(big.Int).Sub(p.x, x)
	y.Mul(y, s).Sub(y, p.y).Mod(y, bigP)
	return &bigPoint{x, y}
}

func (p *bigPoint) neg() *bigPoint {
	return &bigPoint{p.x, new(big.Int).Sub(bigP, p.y)}
}

// mul returns k*p for k < 2^256, by way of point.
func (p *bigPoint) mul(k *big.Int) *bigPoint {
	words, q := fromBig(k), pointOf(p.words())
	q.setMul(&words, &q)
	xy, ok := q.affine()
	if !ok {
		return nil
	}
	return &bigPoint{toBig(&xy[0]), toBig(&xy[1])}
}

func (p *bigPoint) equal(q *bigPoint) bool {
	return p == nil && q == nil || p != nil && q != nil && p.x.Cmp(q.x) == 0 && p.y.Cmp(q.y) == 0
}

// onCurve reports whether p satisfies y^2 = x^3 - 3x + b.
func (p *bigPoint) onCurve() bool {
	x, y := p.words()[0], p.words()[1]
	toM(&x, &x)
	toM(&y, &y)
	equationM(&x, &x)
	sqrP(&y, &y)
	return x == y
}

func (p *bigPoint) String() string {
	if p == nil {
		return "infinity"
	}
	return fmt.Sprintf("(%x, %x)", p.x, p.y)
}

// words returns the point as kernels take it, plain.
func (p *bigPoint) words() *[2][4]uint64 { return &[2][4]uint64{fromBig(p.x), fromBig(p.y)} }

var bigG = &bigPoint{elliptic.P256().Params().Gx, elliptic.P256().Params().Gy}

// somePoints returns points and small multiples of each other and of the
// generator, among them.
func somePoints(r *rand.Rand, n int) []*bigPoint {
	ps := []*bigPoint{bigG, bigG.add(bigG), bigG.neg()}
	for len(ps) < n {
		k := randomBelow(r, &order)
		if p := bigG.mul(toBig(&k)); p != nil {
			ps = append(ps, p)
		}
	}
	return ps
}

// affineM returns a point in Montgomery's form.
func affineM(p *bigPoint) *[2][4]uint64 {
	q := p.words()
	toM(&q[0], &q[0])
	toM(&q[1], &q[1])
	return q
}

// jacobianM returns a point as (X, Y, Z) in Montgomery's form with the given Z,
// which is not 0.
func jacobianM(p *bigPoint, z *[4]uint64) *[3][4]uint64 {
	q := affineM(p)
	j := &[3][4]uint64{2: *z}
	var zz [4]uint64
	sqrP(&zz, z)
	mulP(&j[0], &q[0], &zz)
	mulP(&zz, &zz, z)
	mulP(&j[1], &q[1], &zz)
	return j
}

// fromJacobianM is the inverse of jacobianM, and fails the test for numbers that
// are not less than p.
func fromJacobianM(t *testing.T, j *[3][4]uint64) *bigPoint {
	t.Helper()
	var plain [3][4]uint64
	for i := range j {
		if less(&j[i], &prime) == 0 {
			t.Fatalf("coordinate %d is %x, not less than p", i, j[i])
		}
		fromM(&plain[i], &j[i])
	}
	return fromJacobian(t, &plain)
}

// fromJacobian is fromJacobianM for plain numbers.
func fromJacobian(t *testing.T, j *[3][4]uint64) *bigPoint {
	t.Helper()
	for i := range j {
		if less(&j[i], &prime) == 0 {
			t.Fatalf("coordinate %d is %x, not less than p", i, j[i])
		}
	}
	if isZero(&j[2]) == 1 {
		return nil
	}
	i := new(big.Int).ModInverse(toBig(&j[2]), bigP)
	i2 := new(big.Int).Mul(i, i)
	x := new(big.Int).Mul(toBig(&j[0]), i2)
	y := new(big.Int).Mul(toBig(&j[1]), i2)
	return &bigPoint{x.Mod(x, bigP), y.Mod(y.Mul(y, i), bigP)}
}

// randomZ returns a number from 1 to p-1.
func randomZ(r *rand.Rand) [4]uint64 {
	for {
		if z := randomBelow(r, &prime); isZero(&z) == 0 {
			return z
		}
	}
}

// stepM is stepVarTimeADX for a point as jacobianM returns it.
func stepM(t *testing.T, j *[3][4]uint64, n int, q *[2][4]uint64) bool {
	t.Helper()
	p := [4][4]uint64{j[0], j[1], j[2]}
	sqrP(&p[3], &j[2])
	ok := stepVarTimeADX(&p, n, q) == 1
	copy(j[:], p[:])
	var zz [4]uint64
	if sqrP(&zz, &j[2]); zz != p[3] {
		t.Fatalf("Z = %x, but Z^2 = %x", j[2], p[3])
	}
	return ok
}

func TestDoubleADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		r := newRand(21)
		for _, p := range somePoints(r, 20) {
			want := p
			for n := 1; n <= 8; n++ {
				want = want.add(want)
				for range 10 {
					z := randomZ(r)
					j := jacobianM(p, &z)
					if !stepM(t, j, n, nil) {
						t.Fatalf("%v doubled %d times: 0", p, n)
					}
					if got := fromJacobianM(t, j); !got.equal(want) {
						t.Fatalf("%v doubled %d times: %v, want %v", p, n, got, want)
					}
				}
			}
		}
	})
}

func TestStepVarTimeADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		r := newRand(22)
		ps := somePoints(r, 30)
		for _, p := range ps {
			n, p2 := r.IntN(4), p
			for range n {
				p2 = p2.add(p2)
			}
			for _, q := range append(ps, p2, p2.neg()) {
				z := randomZ(r)
				j := jacobianM(p, &z)
				ok := stepM(t, j, n, affineM(q))
				got := fromJacobianM(t, j)
				if same := p2.x.Cmp(q.x) == 0; ok == same {
					t.Fatalf("%v doubled %d times and %v: added: %v", p, n, q, ok)
				} else if same && !got.equal(p2) {
					t.Fatalf("%v doubled %d times is %v, want %v", p, n, got, p2)
				} else if want := p2.add(q); !same && !got.equal(want) {
					t.Fatalf("%v doubled %d times + %v = %v, want %v", p, n, q, got, want)
				}
			}
		}
	})
}

// The formulas as polynomials of any elements, whether of the curve or not: with
// those at the ends of the range, and of every bit density.
func TestStepFormulasADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		mod := func(x *big.Int) *big.Int { return x.Mod(x, bigP) }
		mul := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Mul(x, y)) }
		sub := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Sub(x, y)) }
		half := new(big.Int).Rsh(new(big.Int).Add(bigP, big.NewInt(1)), 1)
		inverse := new(big.Int).ModInverse(bigR, bigP)
		plain := func(x *[4]uint64) *big.Int { return mul(toBig(x), inverse) }
		check := func(what string, got *[4][4]uint64, x, y, z *big.Int, in [4][4]uint64, q *[2][4]uint64) {
			t.Helper()
			for i, want := range []*big.Int{x, y, z, mul(z, z)} {
				if less(&got[i], &prime) == 0 {
					t.Fatalf("%s(%x, %x): coordinate %d is %x, not less than p", what, in, q, i, got[i])
				}
				if plain(&got[i]).Cmp(want) != 0 {
					t.Fatalf("%s(%x, %x): coordinate %d is %x, want %x", what, in, q, i, plain(&got[i]), want)
				}
			}
		}
		try := func(p [4][4]uint64, q [2][4]uint64) {
			x, y, z, zz := plain(&p[0]), plain(&p[1]), plain(&p[2]), plain(&p[3])

			a := mul(big.NewInt(3), mul(half, sub(mul(zz, zz), mul(x, x))))
			y2 := mul(y, y)
			b := mul(x, y2)
			x3 := sub(sub(mul(a, a), b), b)
			y3 := sub(mul(a, sub(x3, b)), mul(y2, y2))
			got := p
			stepVarTimeADX(&got, 1, nil)
			check("double", &got, x3, y3, mul(y, z), p, &q)

			h := sub(mul(plain(&q[0]), zz), x)
			r := sub(y, mul(plain(&q[1]), mul(z, zz)))
			h2 := mul(h, h)
			h3, v := mul(h, h2), mul(x, h2)
			x3 = sub(sub(sub(mul(r, r), h3), v), v)
			y3 = sub(mul(r, sub(x3, v)), mul(y, h3))
			got = p
			if ok := stepVarTimeADX(&got, 0, &q) == 1; ok != (h.Sign() != 0) {
				t.Fatalf("add(%x, %x) with H = %x: %v", p, q, h, ok)
			} else if ok {
				check("add", &got, x3, y3, mul(z, h), p, &q)
			} else if got != p {
				t.Fatalf("add(%x, %x) with H = 0 changed its operand", p, q)
			}
		}
		r := newRand(25)
		es := edges(bigP)
		pick := func() [4]uint64 {
			if r.IntN(2) == 0 {
				return es[r.IntN(len(es))]
			}
			return randomBelow(r, &prime)
		}
		for range 20_000 {
			try([4][4]uint64{pick(), pick(), pick(), pick()}, [2][4]uint64{pick(), pick()})
		}
	})
}

func TestOddMultiplesADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		r := newRand(23)
		for _, p := range somePoints(r, 30) {
			n := 2 + r.IntN(15)
			var table [17][3][4]uint64
			var z [4]uint64
			oddMultiplesADX(&table[0], &z, p.words(), n)
			modinv.P256(&z, &z)
			affineMultiplesADX(&table[0], &z, n)
			p2, want := p.add(p), p
			for i := range n {
				j := [3][4]uint64{table[i][0], table[i][1], oneM}
				if got := fromJacobianM(t, &j); !got.equal(want) {
					t.Fatalf("%d times %v = %v, want %v", 2*i+1, p, got, want)
				}
				want = want.add(p2)
			}
			if table[n] != [3][4]uint64{} {
				t.Fatal("wrote beyond the table")
			}
		}
	})
}

func BenchmarkADX(b *testing.B) {
	r := newRand(24)
	x, y := randomBelow(r, &order), randomBelow(r, &order)
	z := randomZ(r)
	j, q := jacobianM(bigG.add(bigG), &z), affineM(bigG)
	p := &[4][4]uint64{j[0], j[1], j[2]}
	sqrP(&p[3], &p[2])
	var table [16][3][4]uint64
	words := bigG.words()
	for _, c := range []struct {
		op string
		f  func()
	}{
		{"mul", func() { mulADX(&x, &x, &y) }},
		{"sqr", func() { sqrADX(&x, &x) }},
		{"mulN", func() { mulNADX(&x, &x, &y) }},
		{"double100", func() { stepVarTimeADX(p, 100, nil) }},
		{"add", func() { stepVarTimeADX(p, 0, q) }},
		{"odd16", func() { oddMultiplesADX(&table[0], &z, words, 16) }},
		{"affine16", func() { affineMultiplesADX(&table[0], &z, 16) }},
	} {
		b.Run("op="+c.op, func(b *testing.B) {
			for b.Loop() {
				c.f()
			}
		})
	}
}
