package x25519

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// The definition of what the kernels compute, in portable Go, in constant time
// like them.

// twinX25519 is the function X25519 (RFC 7748, Section 5) of a private key that
// is not yet clamped.
func twinX25519(key, point *[32]byte) [32]byte {
	k := twinClamp(key)
	u := twinWords(point)
	u[3] &= 1<<63 - 1
	var xz [2][4]uint64
	twinLadder(&xz, &k, &u)
	return twinDivide(&xz)
}

// twinBase is twinX25519 of the base point, by way of the Edwards curve.
func twinBase(key *[32]byte) [32]byte {
	k := twinClamp(key)
	var xz [2][4]uint64
	twinComb(&xz, &k)
	return twinDivide(&xz)
}

// twinClamp is decodeScalar25519 (RFC 7748, Section 5).
func twinClamp(key *[32]byte) [32]byte {
	k := *key
	k[0] &= 248
	k[31] &= 127
	k[31] |= 64
	return k
}

func twinWords(b *[32]byte) (w [4]uint64) {
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return w
}

// twinDivide returns xz[0]/xz[1] in bytes, 0 if xz[1] is 0.
func twinDivide(xz *[2][4]uint64) (b [32]byte) {
	var x, z element
	x.setWords(&xz[0])
	z.setWords(&xz[1])
	z.invert(&z)
	x.mul(&x, &z)
	for i, w := range x.words() {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	return b
}

// twinLadder sets xz to the numerator and the denominator of the u-coordinate
// of k·P, fully reduced, for a point P of u-coordinate u < 2^255: the ladder of
// RFC 7748, Section 5, with its names.
func twinLadder(xz *[2][4]uint64, k *[32]byte, u *[4]uint64) {
	var x1, x2, z2, x3, z3 element
	x1.setWords(u)
	x2, x3, z3 = element{1}, x1, element{1}
	swap := uint64(0)
	for t := 254; t >= 0; t-- {
		bit := uint64(k[t/8]>>(t%8)) & 1
		swap ^= bit
		x2.swap(&x3, swap)
		z2.swap(&z3, swap)
		swap = bit

		var a, aa, b, bb, e, c, d, da, cb element
		a.add(&x2, &z2)
		aa.mul(&a, &a)
		b.sub(&x2, &z2)
		bb.mul(&b, &b)
		e.sub(&aa, &bb)
		c.add(&x3, &z3)
		d.sub(&x3, &z3)
		da.mul(&d, &a)
		cb.mul(&c, &b)
		x3.add(&da, &cb)
		x3.mul(&x3, &x3)
		z3.sub(&da, &cb)
		z3.mul(&z3, &z3)
		z3.mul(&x1, &z3)
		x2.mul(&aa, &bb)
		z2.mul(&element{121665}, &e)
		z2.add(&aa, &z2)
		z2.mul(&e, &z2)
	}
	x2.swap(&x3, swap)
	z2.swap(&z3, swap)
	xz[0], xz[1] = x2.words(), z2.words()
}

// twinComb does as twinLadder for the base point, as a sum of 64 points of a
// table: k = Σ d[i]·16^i with digits from -8 to 7, and to 8 for the last.
func twinComb(xz *[2][4]uint64, k *[32]byte) {
	var d [64]int8
	carry := int8(0)
	for i := range d {
		d[i] = int8(k[i/2]>>(i%2*4)&15) + carry
		carry = 0
		if i < 63 { // k < 2^255: the last digit is at most 7+1
			carry = (d[i] + 8) >> 4
			d[i] -= carry << 4
		}
	}
	sum := edwards{y: element{1}, z: element{1}}
	for i, row := range twinTable() {
		sign := uint64(d[i]) >> 63
		abs := uint64(d[i]^d[i]>>7) + sign
		q := edwards{y: element{1}, z: element{1}}
		for j := range row {
			diff := abs ^ uint64(j+1)
			q.choose(&row[j], (diff-1)>>63)
		}
		q.negate(sign)
		sum.add(&sum, &q)
	}
	// u = (1+y)/(1-y) (RFC 7748, Section 4.1).
	var n, m element
	n.add(&sum.z, &sum.y)
	m.sub(&sum.z, &sum.y)
	xz[0], xz[1] = n.words(), m.words()
}

// twinTable returns, in row i, j·16^i·B for j = 1 to 8, where B is the base
// point.
var twinTable = sync.OnceValue(func() (table [64][8]edwards) {
	p := edwardsBase()
	for i := range table {
		table[i][0] = p
		for j := 1; j < 8; j++ {
			table[i][j].add(&table[i][j-1], &p)
		}
		p.add(&table[i][7], &table[i][7])
	}
	return table
})

// edwards is a point of -x²+y² = 1 + d·x²y², d = -121665/121666, which is
// birationally equivalent to curve25519 (RFC 7748, Section 4.1), in extended
// coordinates: x = X/Z, y = Y/Z, x·y = T/Z (Hisil, Wong, Carter, Dawson, eprint
// 2008/522).
type edwards struct{ x, y, z, t element }

// edwardsBase returns the point of y = 4/5, u = 9, whose x is even.
func edwardsBase() (p edwards) {
	x := [4]uint64{0xc9562d608f25d51a, 0x692cc7609525a7b2, 0xc0a4e231fdd6dc5c, 0x216936d3cd6e53fe}
	p.x.setWords(&x)
	var fifth element
	fifth.invert(&element{5})
	p.y.mul(&element{4}, &fifth)
	p.z = element{1}
	p.t.mul(&p.x, &p.y)
	return p
}

// edwardsD2 returns 2d.
var edwardsD2 = sync.OnceValue(func() (d element) {
	d.invert(&element{121666})
	d.mul(&d, &element{2 * 121665})
	d.sub(&element{}, &d)
	return d
})

// add sets p to q + r: unified and complete, since -1 is a square and d is none
// (eprint 2008/522, Section 3.1).
func (p *edwards) add(q, r *edwards) {
	var a, b, c, d, e, f, g, h, s, t element
	s.sub(&q.y, &q.x)
	t.sub(&r.y, &r.x)
	a.mul(&s, &t)
	s.add(&q.y, &q.x)
	t.add(&r.y, &r.x)
	b.mul(&s, &t)
	d2 := edwardsD2()
	c.mul(&q.t, &r.t)
	c.mul(&c, &d2)
	d.mul(&q.z, &r.z)
	d.add(&d, &d)
	e.sub(&b, &a)
	f.sub(&d, &c)
	g.add(&d, &c)
	h.add(&b, &a)
	p.x.mul(&e, &f)
	p.y.mul(&g, &h)
	p.t.mul(&e, &h)
	p.z.mul(&f, &g)
}

// choose sets p to q if bit is 1, and leaves it if bit is 0.
func (p *edwards) choose(q *edwards, bit uint64) {
	c := *q
	p.x.swap(&c.x, bit)
	p.y.swap(&c.y, bit)
	p.z.swap(&c.z, bit)
	p.t.swap(&c.t, bit)
}

// negate sets p to -p if bit is 1.
func (p *edwards) negate(bit uint64) {
	var x, t element
	x.sub(&x, &p.x)
	t.sub(&t, &p.t)
	p.x.swap(&x, bit)
	p.t.swap(&t, bit)
}

// element is an element of the field of p = 2^255 - 19: the sum of e[i]·2^(51i).
// Between operations every limb is less than 2^51 + 2^17. Not every element has
// one representation; words gives the reduced one. Receivers and arguments may
// be the same.
type element [5]uint64

const mask51 = 1<<51 - 1

// setWords takes any 256 bits.
func (e *element) setWords(w *[4]uint64) {
	*e = element{
		w[0] & mask51,
		(w[0]>>51 | w[1]<<13) & mask51,
		(w[1]>>38 | w[2]<<26) & mask51,
		(w[2]>>25 | w[3]<<39) & mask51,
		w[3] >> 12, // < 2^52
	}
	e.carry()
}

// words returns the number less than p.
func (e *element) words() [4]uint64 {
	l := *e
	l.carryAll() // l < 2^255 + 2^7
	l.carryAll() // l < 2^255
	// l ≥ p if and only if l + 19 ≥ 2^255, and then l - p = l + 19 - 2^255.
	m := l
	m[0] += 19
	for i := range 4 {
		m[i+1] += m[i] >> 51
		m[i] &= mask51
	}
	over := m[4] >> 51
	m[4] &= mask51
	l.swap(&m, over)
	return [4]uint64{
		l[0] | l[1]<<51,
		l[1]>>13 | l[2]<<38,
		l[2]>>26 | l[3]<<25,
		l[3]>>39 | l[4]<<12,
	}
}

// carry does all carries of limbs below 2^56 at once: they are less than 2^5, so
// that the result is less than 2^51 + 19·2^5.
func (e *element) carry() {
	c := *e
	for i := range e {
		e[i] &= mask51
	}
	e[0] += 19 * (c[4] >> 51)
	for i := range 4 {
		e[i+1] += c[i] >> 51
	}
}

// carryAll does the carries one after the other: all limbs but the first, which
// may be larger by 19 times the last carry, are less than 2^51 then.
func (e *element) carryAll() {
	for i := range 4 {
		e[i+1] += e[i] >> 51
		e[i] &= mask51
	}
	e[0] += 19 * (e[4] >> 51)
	e[4] &= mask51
}

func (e *element) add(x, y *element) {
	for i := range e {
		e[i] = x[i] + y[i]
	}
	e.carry()
}

// sub adds 4p, whose limbs are larger than those of y.
func (e *element) sub(x, y *element) {
	bias := [5]uint64{1<<53 - 76, 1<<53 - 4, 1<<53 - 4, 1<<53 - 4, 1<<53 - 4}
	for i := range e {
		e[i] = x[i] + bias[i] - y[i]
	}
	e.carry()
}

// mul sums products of limbs by weight: those from 2^255 on count 19 times.
// Each sum is less than 5·19·(2^51+2^17)² < 2^109.
func (e *element) mul(x, y *element) {
	var hi, lo [5]uint64
	for i := range x {
		for j := range y {
			k, f := i+j, uint64(1)
			if k >= 5 {
				k, f = k-5, 19
			}
			h, l := bits.Mul64(x[i], f*y[j])
			var c uint64
			lo[k], c = bits.Add64(lo[k], l, 0)
			hi[k], _ = bits.Add64(hi[k], h, c)
		}
	}
	var carry, c uint64
	for k := range e {
		lo[k], c = bits.Add64(lo[k], carry, 0)
		hi[k] += c
		e[k] = lo[k] & mask51
		carry = hi[k]<<13 | lo[k]>>51 // < 2^58
	}
	// 19·carry < 2^63.
	e[0] += 19 * carry
	e[1] += e[0] >> 51 // < 2^51 + 2^12
	e[0] &= mask51
}

// invert sets e to x^(p-2), by Fermat 1/x, or 0 if x is 0. The bits of p-2 are
// all 1 from 254 to 0, but those of 4 and 16.
func (e *element) invert(x *element) {
	y, r := *x, element{1}
	for i := 254; i >= 0; i-- {
		r.mul(&r, &r)
		if i != 4 && i != 2 {
			r.mul(&r, &y)
		}
	}
	*e = r
}

// swap exchanges e and x if bit is 1, and leaves them if it is 0.
func (e *element) swap(x *element, bit uint64) {
	for i := range e {
		d := -bit & (e[i] ^ x[i])
		e[i] ^= d
		x[i] ^= d
	}
}
