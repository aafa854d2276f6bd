package p256

import "math/bits"

// The field of the curve's coordinates: the integers mod p, where
//
//	p = 2^256 - 2^224 + 2^192 + 2^96 - 1
//
// (SP 800-186, Section 3.2.1.3). An element is four words, the least significant
// first, and always less than p. Functions take and return plain integers, or
// Montgomery's form of them: x*R mod p for x, where R = 2^256. Where it matters,
// names of variables in Montgomery's form end in M. Addition and subtraction are
// the same for both.
//
// No branch and no address depends on an element. A result may be stored over an
// operand.
//
// The functions here are the portable ones, and the definition of the kernels. The
// methods of tiers take the kernels where there are any.

var (
	prime = [4]uint64{0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}

	// rrP is R^2 mod p, with which mulP takes an element to Montgomery's form.
	rrP = [4]uint64{0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd}
	// oneM is R mod p.
	oneM = [4]uint64{0x0000000000000001, 0xffffffff00000000, 0xffffffffffffffff, 0x00000000fffffffe}
	// curveBM is the b of the curve's equation y^2 = x^3 - 3x + b, times R.
	curveBM = [4]uint64{0xd89cdf6229c4bddf, 0xacf005cd78843090, 0xe5a220abf7212ed6, 0xdc30061d04874834}
)

// mulP sets *z to x*y/R mod p: Montgomery's multiplication.
func mulP(z, x, y *[4]uint64) {
	// Before each step t < 2p. The step makes t = (t + x[i]*y + q*p) / 2^64 with
	// q < 2^64, less than (2p + (2^64-1)p + (2^64-1)p) / 2^64 = 2p again.
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
	var t0, t1, t2, t3, t4 uint64
	t0, t1, t2, t3, t4 = stepP(t0, t1, t2, t3, t4, x[0], y0, y1, y2, y3)
	t0, t1, t2, t3, t4 = stepP(t0, t1, t2, t3, t4, x[1], y0, y1, y2, y3)
	t0, t1, t2, t3, t4 = stepP(t0, t1, t2, t3, t4, x[2], y0, y1, y2, y3)
	t0, t1, t2, t3, t4 = stepP(t0, t1, t2, t3, t4, x[3], y0, y1, y2, y3)
	subtractOnce(z, t0, t1, t2, t3, t4, &prime)
}

// stepP returns (t + x*y + q*p) / 2^64 for the q that makes it an integer.
func stepP(t0, t1, t2, t3, t4, x, y0, y1, y2, y3 uint64) (uint64, uint64, uint64, uint64, uint64) {
	var c, d uint64
	c, t0 = mulAdd(x, y0, t0, 0)
	c, t1 = mulAdd(x, y1, t1, c)
	c, t2 = mulAdd(x, y2, t2, c)
	c, t3 = mulAdd(x, y3, t3, c)
	t4 += c // t + x*y < (2^64+1)*p < 2^320

	// -1/p = 1 mod 2^64, so q = t0, and q*p = q*2^96 + q*p[3]*2^192 - q.
	q := t0
	hi, lo := bits.Mul64(q, prime[3])
	t1, d = bits.Add64(t1, q<<32, 0)
	t2, d = bits.Add64(t2, q>>32, d)
	t3, d = bits.Add64(t3, lo, d)
	t4, d = bits.Add64(t4, hi, d)
	return t1, t2, t3, t4, d
}

// mulAdd returns x*y + a + b, which is less than 2^128.
func mulAdd(x, y, a, b uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(x, y)
	var c uint64
	lo, c = bits.Add64(lo, a, 0)
	hi += c
	lo, c = bits.Add64(lo, b, 0)
	return hi + c, lo
}

// subtractOnce sets *z to t, which is less than 2*m, mod m.
func subtractOnce(z *[4]uint64, t0, t1, t2, t3, t4 uint64, m *[4]uint64) {
	s0, b := bits.Sub64(t0, m[0], 0)
	s1, b := bits.Sub64(t1, m[1], b)
	s2, b := bits.Sub64(t2, m[2], b)
	s3, b := bits.Sub64(t3, m[3], b)
	_, b = bits.Sub64(t4, 0, b)
	keep := -b // all ones if t < m
	z[0] = s0 ^ keep&(s0^t0)
	z[1] = s1 ^ keep&(s1^t1)
	z[2] = s2 ^ keep&(s2^t2)
	z[3] = s3 ^ keep&(s3^t3)
}

// addMod sets *z to x+y mod m. x, y < m.
func addMod(z, x, y, m *[4]uint64) {
	t0, c := bits.Add64(x[0], y[0], 0)
	t1, c := bits.Add64(x[1], y[1], c)
	t2, c := bits.Add64(x[2], y[2], c)
	t3, c := bits.Add64(x[3], y[3], c)
	subtractOnce(z, t0, t1, t2, t3, c, m)
}

// subMod sets *z to x-y mod m. x, y < m.
func subMod(z, x, y, m *[4]uint64) {
	t0, b := bits.Sub64(x[0], y[0], 0)
	t1, b := bits.Sub64(x[1], y[1], b)
	t2, b := bits.Sub64(x[2], y[2], b)
	t3, b := bits.Sub64(x[3], y[3], b)
	mask := -b
	t0, c := bits.Add64(t0, m[0]&mask, 0)
	t1, c = bits.Add64(t1, m[1]&mask, c)
	t2, c = bits.Add64(t2, m[2]&mask, c)
	t3, _ = bits.Add64(t3, m[3]&mask, c)
	z[0], z[1], z[2], z[3] = t0, t1, t2, t3
}

func addP(z, x, y *[4]uint64) { addMod(z, x, y, &prime) }
func subP(z, x, y *[4]uint64) { subMod(z, x, y, &prime) }

// toM sets *z to x in Montgomery's form.
func (t tiers) toM(z, x *[4]uint64) { t.mulP(z, x, &rrP) }

// fromM sets *z to the integer that x is Montgomery's form of.
func (t tiers) fromM(z, x *[4]uint64) { t.mulP(z, x, &[4]uint64{1}) }

// sqrTimesP sets *z to what n squarings make of x in Montgomery's form, n >= 1.
func (t tiers) sqrTimesP(z, x *[4]uint64, n int) {
	t.sqrP(z, x)
	for range n - 1 {
		t.sqrP(z, z)
	}
}

// sqrtP sets *z to a square root of x and reports whether there is one. Both are
// in Montgomery's form. What it sets *z to otherwise is no root.
func (t tiers) sqrtP(z, x *[4]uint64) bool {
	// p = 3 mod 4, so a root is x^e with
	//
	//	e = (p+1)/4 = (((2^32-1)*2^32 + 1)*2^96 + 1)*2^94.
	var u, v, root [4]uint64
	t.sqrP(&u, x)
	t.mulP(&u, &u, x) // x^(2^2-1)
	for n := 2; n < 32; n *= 2 {
		t.sqrTimesP(&v, &u, n)
		t.mulP(&u, &u, &v) // x^(2^2n-1)
	}
	t.sqrTimesP(&u, &u, 32)
	t.mulP(&u, &u, x)
	t.sqrTimesP(&u, &u, 96)
	t.mulP(&u, &u, x)
	t.sqrTimesP(&root, &u, 94)

	t.sqrP(&u, &root)
	ok := equal(&u, x) == 1
	*z = root
	return ok
}

// equationM sets *z to x^3 - 3x + b, in Montgomery's form as x.
func (t tiers) equationM(z, x *[4]uint64) {
	var u, v [4]uint64
	t.sqrP(&u, x)
	t.mulP(&u, &u, x)
	addP(&v, x, x)
	addP(&v, &v, x)
	subP(&u, &u, &v)
	addP(z, &u, &curveBM)
}

// less returns 1 if x < y, and else 0.
func less(x, y *[4]uint64) uint64 {
	_, b := bits.Sub64(x[0], y[0], 0)
	_, b = bits.Sub64(x[1], y[1], b)
	_, b = bits.Sub64(x[2], y[2], b)
	_, b = bits.Sub64(x[3], y[3], b)
	return b
}

// equal returns 1 if x = y, and else 0.
func equal(x, y *[4]uint64) uint64 {
	return isZero(&[4]uint64{x[0] ^ y[0], x[1] ^ y[1], x[2] ^ y[2], x[3] ^ y[3]})
}

// isZero returns 1 if x = 0, and else 0.
func isZero(x *[4]uint64) uint64 {
	w := x[0] | x[1] | x[2] | x[3]
	_, b := bits.Sub64(w, 1, 0)
	return b
}

// selectWords sets *z to x where mask is all ones; where it is zero it leaves *z.
func selectWords(z, x *[4]uint64, mask uint64) {
	for i := range z {
		z[i] ^= mask & (z[i] ^ x[i])
	}
}
