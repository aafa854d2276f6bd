package p256

import (
	"bytes"
	"crypto/elliptic"
	"math/big"
	"testing"
)

// A point is one of the curve in projective coordinates: x = X/Z, y = Y/Z, and Z =
// 0 at infinity. The coordinates are in Montgomery's form. It is the definition
// that the kernels' formulas are held against: its addition is right for every
// pair of points.
type point struct{ x, y, z [4]uint64 }

// infinity returns the neutral element.
func infinity() point { return point{y: oneM} }

// pointOf returns the point with the given coordinates, plain integers.
func pointOf(q *[2][4]uint64) (p point) {
	toM(&p.x, &q[0])
	toM(&p.y, &q[1])
	p.z = oneM
	return p
}

// generator is G (SP 800-186, Section 3.2.1.3).
func generator() point {
	c := elliptic.P256().Params()
	return pointOf(&[2][4]uint64{fromBig(c.Gx), fromBig(c.Gy)})
}

// affine returns p's coordinates, plain integers, and whether there are any.
func (p *point) affine() (q [2][4]uint64, ok bool) {
	var z [4]uint64
	fromM(&z, &p.z)
	if isZero(&z) == 1 {
		return q, false
	}
	z = fromBig(new(big.Int).ModInverse(toBig(&z), bigP))
	toM(&z, &z)
	mulP(&q[0], &p.x, &z)
	mulP(&q[1], &p.y, &z)
	fromM(&q[0], &q[0])
	fromM(&q[1], &q[1])
	return q, true
}

// bytes returns p uncompressed, and one zero for the point at infinity.
func (p *point) bytes() []byte {
	q, ok := p.affine()
	if !ok {
		return []byte{0}
	}
	return append(append([]byte{4}, bytesOf(q[0])...), bytesOf(q[1])...)
}

// setAdd sets *p to q+r, by the complete formulas of eprint 2015/1060, Section 3.2,
// for a = -3: with
//
//	A = X1*X2, B = Y1*Y2, C = Z1*Z2
//	D = X1*Y2 + X2*Y1, E = Y1*Z2 + Y2*Z1, F = X1*Z2 + X2*Z1
//	G = 3(F - b*C), N = 3(b*F - 3C - A), O = 3(A - C)
//
// it is
//
//	X3 = D*(B+G) - E*N
//	Y3 = (B-G)*(B+G) + O*N
//	Z3 = E*(B-G) + D*O
func (p *point) setAdd(q, r *point) {
	mul := func(x, y [4]uint64) (z [4]uint64) { mulP(&z, &x, &y); return z }
	add := func(x, y [4]uint64) (z [4]uint64) { addP(&z, &x, &y); return z }
	sub := func(x, y [4]uint64) (z [4]uint64) { subP(&z, &x, &y); return z }
	three := func(x [4]uint64) [4]uint64 { return add(add(x, x), x) }

	a, b, c := mul(q.x, r.x), mul(q.y, r.y), mul(q.z, r.z)
	d := add(mul(q.x, r.y), mul(r.x, q.y))
	e := add(mul(q.y, r.z), mul(r.y, q.z))
	f := add(mul(q.x, r.z), mul(r.x, q.z))

	g := three(sub(f, mul(curveBM, c)))
	n := three(sub(sub(mul(curveBM, f), three(c)), a))
	o := three(sub(a, c))
	plus, minus := add(b, g), sub(b, g)

	p.x = sub(mul(d, plus), mul(e, n))
	p.y = add(mul(minus, plus), mul(o, n))
	p.z = add(mul(e, minus), mul(d, o))
}

// setMul sets *p to k*q, bit by bit.
func (p *point) setMul(k *[4]uint64, q *point) {
	base, sum := *q, infinity()
	for i := 255; i >= 0; i-- {
		sum.setAdd(&sum, &sum)
		if k[i/64]>>(i%64)&1 == 1 {
			sum.setAdd(&sum, &base)
		}
	}
	*p = sum
}

// setNegative sets *p to -q.
func (p *point) setNegative(q *point) {
	p.x, p.z = q.x, q.z
	subP(&p.y, &[4]uint64{}, &q.y)
}

// The reference against crypto/ecdh, and every case of its addition.
func TestTwinPoint(t *testing.T) {
	g := generator()
	for i, k := range edgeScalars() {
		if i%5 > 0 {
			continue
		}
		var p point
		p.setMul(&k, &g)
		if want := stdPrivate(&k).PublicKey().Bytes(); !bytes.Equal(p.bytes(), want) {
			t.Fatalf("%x times the generator: %x, want %x", k, p.bytes(), want)
		}
	}
	var p, q, r, zero point
	p.setMul(&order, &g)
	if !bytes.Equal(p.bytes(), []byte{0}) {
		t.Errorf("n times the generator: %x", p.bytes())
	}
	zero = infinity()
	p.setMul(&[4]uint64{5}, &g)
	q.setNegative(&p)
	for _, c := range []struct {
		name string
		x, y point
		want []byte
	}{
		{"P+0", p, zero, p.bytes()},
		{"0+P", zero, p, p.bytes()},
		{"0+0", zero, zero, []byte{0}},
		{"P-P", p, q, []byte{0}},
		{"P+P", p, p, stdPrivate(&[4]uint64{10}).PublicKey().Bytes()},
		{"P+G", p, g, stdPrivate(&[4]uint64{6}).PublicKey().Bytes()},
	} {
		if r.setAdd(&c.x, &c.y); !bytes.Equal(r.bytes(), c.want) {
			t.Errorf("%s: %x, want %x", c.name, r.bytes(), c.want)
		}
		x := c.x
		if x.setAdd(&x, &c.y); x != r {
			t.Errorf("%s over the first operand", c.name)
		}
		y := c.y
		if y.setAdd(&c.x, &y); y != r {
			t.Errorf("%s over the second operand", c.name)
		}
	}
}
