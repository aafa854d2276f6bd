package modinv

import "math/bits"

// The portable inversion: ten rounds of 62 divsteps.
//
// A divstep maps (δ, f, g), f odd, to
//
//	(1-δ, g, (g-f)/2)               if δ > 0 and g is odd,
//	(1+δ, f, (g + (g mod 2)·f)/2)   otherwise,
//
// and starts at δ = 1/2 here, the variant that needs the fewest steps: 590 are
// enough to bring g to 0 for every odd f and every g with 0 <= g <= f <= 2^256
// (Wuille, github.com/sipa/safegcd-bounds, by the convex hulls of what the
// triangle 0 <= g <= f <= 2^256 becomes, δ by δ: see TestSteps). f is ±gcd then:
// ±1, or ±m for x = 0.
//
// Neither |f| nor |g| ever exceeds the greater of the two, for |g±f|/2 doesn't.

const (
	steps  = 590 // enough, see above
	batch  = 62  // divsteps of a round
	rounds = (steps + batch - 1) / batch
)

// A signed is the integer Σ s[i]·2^(62i). Limbs 0 to 3 are in [0, 2^62), limb
// 4 has the sign; all values here are below 2^258 in size, so |s[4]| <= 2^10.
type signed [5]int64

const low62 = 1<<62 - 1

// A modulus is an odd m < 2^256, with 1/m modulo 2^62.
type modulus struct {
	m   signed
	inv uint64
}

var (
	p25519 = newModulus(&[4]uint64{0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff})
	p256   = newModulus(&[4]uint64{0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001})
	n256   = newModulus(&[4]uint64{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000})
)

func newModulus(m *[4]uint64) modulus {
	inv := m[0] // modulo 2^3: the square of an odd number is 1
	for range 5 {
		inv *= 2 - m[0]*inv // modulo 2^6, 2^12, 2^24, 2^48, 2^96
	}
	return modulus{toSigned(m), inv & low62}
}

func toSigned(x *[4]uint64) signed {
	return signed{
		int64(x[0] & low62),
		int64((x[0]>>62 | x[1]<<2) & low62),
		int64((x[1]>>60 | x[2]<<4) & low62),
		int64((x[2]>>58 | x[3]<<6) & low62),
		int64(x[3] >> 56),
	}
}

// words returns s, which is in [0, 2^256).
func (s *signed) words() [4]uint64 {
	return [4]uint64{
		uint64(s[0]) | uint64(s[1])<<62,
		uint64(s[1])>>2 | uint64(s[2])<<60,
		uint64(s[2])>>4 | uint64(s[3])<<58,
		uint64(s[3])>>6 | uint64(s[4])<<56,
	}
}

// invertGeneric sets *z to the inverse of *x modulo m.
//
// d·x = f and e·x = g modulo m hold throughout, up to the powers of two that
// both sides lose in a round.
func (m *modulus) invertGeneric(z, x *[4]uint64) {
	f, g := m.m, toSigned(x)
	d, e := signed{}, signed{1}
	δ := int64(1) // twice the paper's
	for range rounds {
		var t matrix
		δ, t = divsteps(δ, uint64(f[0])|uint64(f[1])<<62, uint64(g[0])|uint64(g[1])<<62)
		t.divide(&f, &g)
		t.divideMod(&d, &e, m)
	}
	// -2m < d < m, see divideMod. Now f = ±1, so that d·f is the inverse.
	sign := f[4] >> 63
	d.addMasked(&m.m, d[4]>>63) // |d| < m
	d.negateMasked(sign)        // |d| < m
	d.addMasked(&m.m, d[4]>>63) // 0 <= d < m
	*z = d.words()
}

// A matrix is 2^62 times the linear map that 62 divsteps are:
//
//	2^62·f' = u·f + v·g
//	2^62·g' = q·f + r·g
//
// A step doubles the first row (or the second, which it then puts first) and
// adds one row, or its negative, to the other. So |u| + |v| <= 2^62 and
// |q| + |r| <= 2^62 by induction: n steps make rows of size at most 2^n each.
type matrix struct{ u, v, q, r int64 }

// divsteps does 62 divsteps on 2δ and the low 64 bits of f and g, whose low 62
// bits alone decide the steps.
func divsteps(δ int64, f, g uint64) (int64, matrix) {
	u, v, q, r := uint64(1), uint64(0), uint64(0), uint64(1)
	for range batch {
		odd := -(g & 1)
		swap := odd & uint64(-δ>>63) // δ is odd, so δ > 0 just if -δ < 0
		δ = (δ ^ int64(swap) - int64(swap)) + 2

		// The first row becomes the second if swap, which gets ± the first.
		f, g = f^(f^g)&swap, g+((f^swap)-swap)&odd
		u, q = u^(u^q)&swap, q+((u^swap)-swap)&odd
		v, r = v^(v^r)&swap, r+((v^swap)-swap)&odd

		g >>= 1 // what comes in at the top is never looked at
		u <<= 1
		v <<= 1
	}
	return δ, matrix{int64(u), int64(v), int64(q), int64(r)}
}

// divide sets (f, g) to the map of t at (f, g). The 62 lowest bits of both sums
// are zero.
func (t *matrix) divide(f, g *signed) {
	var a, b int128
	for i := range f {
		a.addProduct(t.u, f[i])
		a.addProduct(t.v, g[i])
		b.addProduct(t.q, f[i])
		b.addProduct(t.r, g[i])
		if i > 0 {
			f[i-1], g[i-1] = a.low62(), b.low62()
		}
		a.shift62()
		b.shift62()
	}
	f[4], g[4] = int64(a.lo), int64(b.lo)
}

// divideMod sets (d, e) to the map of t at (d, e), modulo m.
//
// Both are in (-2m, m), before and after: m is added to what is negative, which
// makes |d|, |e| < m, so |u·d + v·e| < 2^62·m; a multiple k·m, 0 <= k < 2^62,
// is subtracted that makes the 62 lowest bits zero; and what is divided by 2^62
// then is in (-2^63·m, 2^62·m).
//
// Sums of limbs stay below 2^62·2^62 + 2^62·2^62 + carry < 2^126.
func (t *matrix) divideMod(d, e *signed, m *modulus) {
	d.addMasked(&m.m, d[4]>>63)
	e.addMasked(&m.m, e[4]>>63)
	j := -int64((uint64(t.u*d[0]+t.v*e[0]) * m.inv) & low62)
	k := -int64((uint64(t.q*d[0]+t.r*e[0]) * m.inv) & low62)
	var a, b int128
	for i := range d {
		a.addProduct(t.u, d[i])
		a.addProduct(t.v, e[i])
		a.addProduct(j, m.m[i])
		b.addProduct(t.q, d[i])
		b.addProduct(t.r, e[i])
		b.addProduct(k, m.m[i])
		if i > 0 {
			d[i-1], e[i-1] = a.low62(), b.low62()
		}
		a.shift62()
		b.shift62()
	}
	d[4], e[4] = int64(a.lo), int64(b.lo)
}

// addMasked adds x where mask is -1, and nothing where it is 0.
func (s *signed) addMasked(x *signed, mask int64) {
	for i := range s {
		s[i] += x[i] & mask
	}
	s.carry()
}

// negateMasked negates s where mask is -1.
func (s *signed) negateMasked(mask int64) {
	for i := range s {
		s[i] = (s[i] ^ mask) - mask
	}
	s.carry()
}

// carry brings limbs that are below 2^63 in size back into their ranges.
func (s *signed) carry() {
	for i := range 4 {
		s[i+1] += s[i] >> 62
		s[i] &= low62
	}
}

// An int128 is a sum in two's complement.
type int128 struct{ hi, lo uint64 }

func (a *int128) addProduct(x, y int64) {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	hi -= uint64(x>>63)&uint64(y) + uint64(y>>63)&uint64(x)
	var c uint64
	a.lo, c = bits.Add64(a.lo, lo, 0)
	a.hi += hi + c
}

func (a *int128) low62() int64 { return int64(a.lo & low62) }

// shift62 divides by 2^62, rounding down.
func (a *int128) shift62() {
	a.lo = a.lo>>62 | a.hi<<2
	a.hi = uint64(int64(a.hi) >> 62)
}
