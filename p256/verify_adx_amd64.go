//go:build gc && !purego

package p256

import "github.com/sealane/sealane/internal/modinv"

// verifyVarTimeADX reports whether u1*G + u2*q, with the generator G and the plain
// point q of the curve, is not the point at infinity and has an x-coordinate that
// is r mod n. u1, u2 < n; r is from 1 to n-1.
//
// It goes through the digits of both scalars at once (Straus), the highest
// first: those of u1 are of 7 bits, with the first row of the comb's table, those
// of u2 of 5 bits. The arguments are public.
func verifyVarTimeADX(u1, u2 *[4]uint64, q *[2][4]uint64, r *[4]uint64) bool {
	var t [8][3][4]uint64
	var z [4]uint64
	oddMultiplesADX(&t[0], &z, q, len(t))
	modinv.P256(&z, &z)
	affineMultiplesADX(&t[0], &z, len(t))
	g := &combTableADX()[0]

	var d1, d2 [257]int8
	sparseDigitsVarTime(&d1, u1, 7)
	sparseDigitsVarTime(&d2, u2, 5)
	var s sumADX
	n := 0 // doublings to do
	for i := 256; i >= 0; i-- {
		n++
		if d := d1[i]; d != 0 {
			s.stepVarTime(n, &g[max(d, -d)>>1], d < 0)
			n = 0
		}
		if d := d2[i]; d != 0 {
			s.stepVarTime(n, (*[2][4]uint64)(t[max(d, -d)>>1][:]), d < 0)
			n = 0
		}
	}
	if s.finite {
		stepVarTimeADX(&s.p, n, nil)
	}
	return s.hasXVarTime(r)
}

// sparseDigitsVarTime writes u, less than 2^256, as the sum of d[i]*2^i, where
// every digit is 0 or odd and less than 2^(w-1) in size, and of w digits in a row
// at most one is not 0 (the width-w non-adjacent form), 2 <= w <= 8.
func sparseDigitsVarTime(d *[257]int8, u *[4]uint64, w uint) {
	words := [5]uint64{u[0], u[1], u[2], u[3]}
	carry := uint64(0)
	for i := uint(0); i < 257; {
		v := words[i/64] >> (i % 64)
		if i%64 > 56 && i/64 < 4 {
			v |= words[i/64+1] << (64 - i%64)
		}
		v += carry // what is left of u, at bit i and above
		if v&1 == 0 {
			// Either no carry and a bit 0, or a carry that goes on through a 1.
			i++
			continue
		}
		v &= 1<<w - 1
		carry = v >> (w - 1)
		d[i] = int8(int64(v) - int64(carry<<w))
		i += w
	}
}

// A sumADX is a sum of points, as stepVarTimeADX takes it. The zero value is the
// point at infinity.
type sumADX struct {
	p      [4][4]uint64
	finite bool
}

// stepVarTime doubles s n times and adds q, in Montgomery's form, or -q.
func (s *sumADX) stepVarTime(n int, q *[2][4]uint64, negative bool) {
	var minus [2][4]uint64
	if negative {
		minus[0] = q[0]
		subP(&minus[1], &minus[1], &q[1])
		q = &minus
	}
	if !s.finite {
		s.p, s.finite = [4][4]uint64{q[0], q[1], oneM, oneM}, true
		return
	}
	if stepVarTimeADX(&s.p, n, q) == 1 {
		return
	}
	// The doubled s and q have the same x-coordinate: they are equal or opposite.
	var z3, y [4]uint64
	mulADX(&z3, &s.p[2], &s.p[3])
	mulADX(&y, &q[1], &z3)
	if y == s.p[1] {
		stepVarTimeADX(&s.p, 1, nil)
	} else {
		s.finite = false
	}
}

// hasXVarTime reports whether s is not the point at infinity and has an
// x-coordinate that is r mod n, for r from 1 to n-1.
func (s *sumADX) hasXVarTime(r *[4]uint64) bool {
	if !s.finite {
		return false
	}
	// x = X/Z^2 < p < 2n, so it is r or r+n.
	var x [4]uint64
	mulADX(&x, r, &rrP)
	mulADX(&x, &x, &s.p[3])
	if x == s.p[0] {
		return true
	}
	if less(r, &primeLessOrder) == 0 {
		return false
	}
	addP(&x, r, &order) // less than p
	mulADX(&x, &x, &rrP)
	mulADX(&x, &x, &s.p[3])
	return x == s.p[0]
}

// primeLessOrder is p - n.
var primeLessOrder = [4]uint64{0x0c46353d039cdaae, 0x4319055358e8617b, 0x0000000000000000, 0x0000000000000000}
