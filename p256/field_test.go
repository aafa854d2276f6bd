package p256

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cryptotest"
)

var (
	bigP = toBig(&prime)
	bigN = toBig(&order)
	bigR = new(big.Int).Lsh(big.NewInt(1), 256)
)

func toBig(x *[4]uint64) *big.Int {
	var b [32]byte
	putBytes(b[:], x)
	return new(big.Int).SetBytes(b[:])
}

func fromBig(x *big.Int) (z [4]uint64) {
	var b [32]byte
	x.FillBytes(b[:])
	setBytes(&z, b[:])
	return z
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x70323536)) }

// random returns a number below 2^256 with words of every bit density.
func random(r *rand.Rand) (z [4]uint64) {
	var b [32]byte
	cryptotest.Fill(r, b[:])
	setBytes(&z, b[:])
	return z
}

// randomBelow is random for a number below m, which is more than 2^255.
func randomBelow(r *rand.Rand, m *[4]uint64) [4]uint64 {
	for {
		z := random(r)
		if less(&z, m) == 1 {
			return z
		}
	}
}

// edges are numbers below m at the ends of the range, around its half, and with
// long runs of ones, as far as they are in the range.
func edges(m *big.Int) [][4]uint64 {
	one := big.NewInt(1)
	var list [][4]uint64
	add := func(x *big.Int) {
		for d := int64(-2); d <= 2; d++ {
			if y := new(big.Int).Add(x, big.NewInt(d)); y.Sign() >= 0 && y.Cmp(m) < 0 {
				list = append(list, fromBig(y))
			}
		}
	}
	add(new(big.Int))
	add(m)
	add(new(big.Int).Sub(m, one))
	add(new(big.Int).Rsh(m, 1))
	add(new(big.Int).Sub(bigR, m))
	for _, n := range []uint{32, 52, 64, 96, 128, 160, 192, 208, 224, 255} {
		add(new(big.Int).Lsh(one, n))
		add(new(big.Int).Sub(m, new(big.Int).Lsh(one, n)))
	}
	return list
}

// operands calls f with pairs of numbers below m: edges among themselves, and
// random ones.
func operands(m *[4]uint64, f func(x, y [4]uint64)) {
	r := newRand(1)
	es := edges(toBig(m))
	for _, x := range es {
		for _, y := range es {
			if !testing.Short() || r.IntN(10) == 0 {
				f(x, y)
			}
		}
	}
	for range cases(10_000) {
		x, y := randomBelow(r, m), randomBelow(r, m)
		f(x, y)
	}
}

func TestConstants(t *testing.T) {
	// SP 800-186, Section 3.2.1.3.
	num := func(s string) *big.Int {
		x, ok := new(big.Int).SetString(s, 0)
		if !ok {
			t.Fatal(s)
		}
		return x
	}
	p := num("115792089210356248762697446949407573530086143415290314195533631308867097853951")
	n := num("115792089210356248762697446949407573529996955224135760342422259061068512044369")
	b := num("0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
	mod := func(x, m *big.Int) *big.Int { return new(big.Int).Mod(x, m) }
	mul := func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) }
	rr := mul(bigR, bigR)
	for _, c := range []struct {
		name string
		got  [4]uint64
		want *big.Int
	}{
		{"prime", prime, p},
		{"order", order, n},
		{"rrP", rrP, mod(rr, p)},
		{"oneM", oneM, mod(bigR, p)},
		{"curveBM", curveBM, mod(mul(b, bigR), p)},
		{"rrN", rrN, mod(rr, n)},
		{"rrrN", rrrN, mod(mul(rr, bigR), n)},
	} {
		if toBig(&c.got).Cmp(c.want) != 0 {
			t.Errorf("%s is %x, want %x", c.name, toBig(&c.got), c.want)
		}
	}
	inverse := uint64(orderInverse)
	if order[0]*inverse != ^uint64(0) {
		t.Errorf("orderInverse is %x", inverse)
	}
}

// Every function of two operands against math/big, with every aliasing.
func TestArithmetic(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(z, x, y *[4]uint64)
		m    *[4]uint64
		want func(z, x, y, m *big.Int)
	}{
		{"mulP", mulP, &prime, bigMontgomery},
		{"addP", addP, &prime, bigAdd},
		{"subP", subP, &prime, bigSub},
		{"mulN", mulN, &order, bigMontgomery},
		{"addN", addN, &order, bigAdd},
	} {
		m := toBig(c.m)
		operands(c.m, func(x, y [4]uint64) {
			var z [4]uint64
			c.f(&z, &x, &y)
			var want big.Int
			c.want(&want, toBig(&x), toBig(&y), m)
			if toBig(&z).Cmp(&want) != 0 {
				t.Fatalf("%s(%x, %x) = %x, want %x", c.name, x, y, z, fromBig(&want))
			}
			v := x
			if c.f(&v, &v, &y); v != z {
				t.Fatalf("%s(%x, %x) over the first operand = %x, want %x", c.name, x, y, v, z)
			}
			v = y
			if c.f(&v, &x, &v); v != z {
				t.Fatalf("%s(%x, %x) over the second operand = %x, want %x", c.name, x, y, v, z)
			}
			c.f(&z, &x, &x)
			v = x
			if c.f(&v, &v, &v); v != z {
				t.Fatalf("%s(%x, %x) over both operands = %x, want %x", c.name, x, x, v, z)
			}
		})
	}
}

var bigInverseR = map[string]*big.Int{
	bigP.String(): new(big.Int).ModInverse(bigR, bigP),
	bigN.String(): new(big.Int).ModInverse(bigR, bigN),
}

func bigMontgomery(z, x, y, m *big.Int) {
	r := bigInverseR[m.String()]
	z.Mul(x, y)
	z.Mul(z, r)
	z.Mod(z, m)
}

func bigAdd(z, x, y, m *big.Int) { z.Mod(z.Add(x, y), m) }
func bigSub(z, x, y, m *big.Int) { z.Mod(z.Sub(x, y), m) }

func TestPredicates(t *testing.T) {
	bit := func(b bool) uint64 {
		if b {
			return 1
		}
		return 0
	}
	check := func(x, y [4]uint64) {
		bx, by := toBig(&x), toBig(&y)
		if got := less(&x, &y); got != bit(bx.Cmp(by) < 0) {
			t.Errorf("less(%x, %x) = %d", x, y, got)
		}
		if got := equal(&x, &y); got != bit(x == y) {
			t.Errorf("equal(%x, %x) = %d", x, y, got)
		}
		if got := isZero(&x); got != bit(x == [4]uint64{}) {
			t.Errorf("isZero(%x) = %d", x, got)
		}
		if got := isScalar(&x); got != bit(bx.Sign() > 0 && bx.Cmp(bigN) < 0) {
			t.Errorf("isScalar(%x) = %d", x, got)
		}
		z := y
		reduceN(&z, &y)
		if toBig(&z).Cmp(new(big.Int).Mod(by, bigN)) != 0 {
			t.Errorf("reduceN(%x) = %x", y, z)
		}
		z = x
		if selectWords(&z, &y, 0); z != x {
			t.Errorf("selectWords of %x, %x with mask 0: %x", x, y, z)
		}
		if selectWords(&z, &y, ^uint64(0)); z != y {
			t.Errorf("selectWords of %x, %x with a full mask: %x", x, y, z)
		}
	}
	r := newRand(2)
	es := edges(bigR) // up to 2^256-1
	es = append(es, edges(bigN)...)
	for _, x := range es {
		for _, y := range es {
			if !testing.Short() || r.IntN(10) == 0 {
				check(x, y)
			}
		}
	}
	for range cases(10_000) {
		x := random(r)
		check(x, random(r))
		check(x, x)
	}
}

// Short forms for the tests: portable arithmetic.

func sqrP(z, x *[4]uint64)       { generic.sqrP(z, x) }
func toM(z, x *[4]uint64)        { generic.toM(z, x) }
func fromM(z, x *[4]uint64)      { generic.fromM(z, x) }
func sqrtP(z, x *[4]uint64) bool { return generic.sqrtP(z, x) }
func equationM(z, x *[4]uint64)  { generic.equationM(z, x) }

func TestMontgomeryForm(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		operands(&prime, func(x, _ [4]uint64) {
			var m, back [4]uint64
			ts.toM(&m, &x)
			ts.fromM(&back, &m)
			want := new(big.Int).Mul(toBig(&x), bigR)
			if toBig(&m).Cmp(want.Mod(want, bigP)) != 0 || back != x {
				t.Fatalf("toM(%x) = %x, back %x", x, m, back)
			}
		})
	})
}

// The methods of tiers are the functions.
func TestTiersArithmetic(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := newRand(7)
		for range 200 {
			x, y, u, v := randomBelow(r, &prime), randomBelow(r, &prime), randomBelow(r, &order), randomBelow(r, &order)
			var got, want [3][4]uint64
			ts.mulP(&got[0], &x, &y)
			ts.sqrP(&got[1], &x)
			ts.mulN(&got[2], &u, &v)
			mulP(&want[0], &x, &y)
			mulP(&want[1], &x, &x)
			mulN(&want[2], &u, &v)
			if got != want {
				t.Fatalf("%x, %x, %x, %x: %x, want %x", x, y, u, v, got, want)
			}
		}
	})
}

func TestSqrt(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		check := func(x [4]uint64) (ok bool) {
			var xm, rm [4]uint64
			toM(&xm, &x)
			ok = ts.sqrtP(&rm, &xm)
			if want := big.Jacobi(toBig(&x), bigP) >= 0; ok != want {
				t.Fatalf("sqrtP(%x): %v, want %v", x, ok, want)
			}
			if ok {
				var sq [4]uint64
				if mulP(&sq, &rm, &rm); sq != xm {
					t.Fatalf("sqrtP(%x) = %x in Montgomery's form, its square %x", x, rm, sq)
				}
			}
			v := xm
			if ts.sqrtP(&v, &v); v != rm {
				t.Fatalf("sqrtP(%x) over its operand: %x, want %x", x, v, rm)
			}
			return ok
		}
		for _, x := range edges(bigP) {
			check(x)
		}
		r := newRand(3)
		squares := 0
		for range cases(500) {
			if check(randomBelow(r, &prime)) {
				squares++
			}
		}
		if squares == 0 || squares == cases(500) {
			t.Errorf("%d random numbers are squares", squares)
		}
	})
}

func TestBytes(t *testing.T) {
	r := newRand(4)
	for range 100 {
		x := random(r)
		var b, want [32]byte
		putBytes(b[:], &x)
		new(big.Int).SetBytes(b[:]).FillBytes(want[:])
		hex := fmt.Sprintf("%016x%016x%016x%016x", x[3], x[2], x[1], x[0])
		var back [4]uint64
		if setBytes(&back, b[:]); back != x || b != want || fmt.Sprintf("%x", b) != hex {
			t.Fatalf("%x: bytes %x, back %x", x, b, back)
		}
	}
}

func TestSetDigest(t *testing.T) {
	r := newRand(5)
	for n := range 70 {
		for range 20 {
			digest := make([]byte, n)
			cryptotest.Fill(r, digest)
			left := new(big.Int).SetBytes(digest[:min(n, 32)])
			var e [4]uint64
			setDigest(&e, digest)
			if toBig(&e).Cmp(left.Mod(left, bigN)) != 0 {
				t.Fatalf("digest %x: %x, want %x", digest, toBig(&e), left)
			}
		}
	}
}

func BenchmarkField(b *testing.B) {
	r := newRand(6)
	x, y := randomBelow(r, &order), randomBelow(r, &order)
	for _, c := range []struct {
		op string
		f  func()
	}{
		{"mulP", func() { mulP(&x, &x, &y) }},
		{"mulN", func() { mulN(&x, &x, &y) }},
		{"subP", func() { subP(&x, &x, &y) }},
		{"sqrtP", func() { sqrtP(&x, &x) }},
	} {
		b.Run("op="+c.op, func(b *testing.B) {
			for b.Loop() {
				c.f()
			}
		})
	}
}
