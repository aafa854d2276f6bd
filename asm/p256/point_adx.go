package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// A jacobian is a point in three places: x = X/Z^2, y = Y/Z^3.
type jacobian struct{ x, y, z Mem }

// An affine is a point in two places, not the one at infinity.
type affine struct{ x, y Mem }

// doubleInto sets p to 2p, with t for what lies between. It clobbers RBX and
// RDI.
//
// The formulas are those of dbl-2001-b of the Explicit-Formulas Database, scaled
// so that Z3 is Y*Z instead of 2*Y*Z, which divides X3 by 4 and Y3 by 8:
//
//	A = 3/2*(X - Z^2)*(X + Z^2), B = X*Y^2
//	X3 = A^2 - 2*B, Y3 = A*(B - X3) - Y^4, Z3 = Y*Z
//
// They hold for every point: P-256 has no point with Y = 0, and Z = 0 stays.
func (a *adx) doubleInto(p jacobian, t []Mem) {
	d, m, g, b, u := t[0], t[1], t[2], t[3], t[4]
	z2 := a.sqr(p.z)
	a.store(z2, d)
	a.store(a.add(z2, p.x), m)
	a.store(a.sub(a.load(p.x), d), d)
	a.store(a.sqr(p.y), g)
	a.store(a.mul(p.y, p.z), p.z)
	n := a.mul(d, m)
	a.store(n, m)
	a.store(a.add(a.half(n), m), m) // A
	a.store(a.mul(p.x, g), b)       // B
	a.store(a.sqr(g), g)            // Y^4
	a.store(a.sub(a.sub(a.sqr(m), b), b), p.x)
	a.store(a.sub(a.load(b), p.x), u)
	a.store(a.sub(a.mul(m, u), g), p.y)
}

// doubleTemps is how many places doubleInto needs.
const doubleTemps = 5

// addInto sets p to p + q, with t for what lies between. It clobbers RBX and
// RDI. Right after H, which is in the registers n, it calls check.
//
// The formulas are those of madd of the Explicit-Formulas Database (8 M + 3 S):
//
//	H = x*Z^2 - X, r = y*Z^3 - Y, V = X*H^2
//	X3 = r^2 - H^3 - 2*V, Y3 = r*(V - X3) - Y*H^3, Z3 = Z*H
//
// They fail where p is at infinity or p = q, and are right for p = -q, which
// makes H, and so Z3, 0.
func (a *adx) addInto(p jacobian, q affine, t []Mem, check func(n num)) {
	d, h, r, v, u := t[0], t[1], t[2], t[3], t[4]
	a.store(a.sqr(p.z), d)
	n := a.sub(a.mul(q.x, d), p.x)
	a.store(n, h)
	if check != nil {
		check(n)
	}
	a.store(a.mul(p.z, d), d)
	a.store(a.mul(p.z, h), p.z)
	a.store(a.sub(a.mul(q.y, d), p.y), r)
	a.store(a.sqr(h), d)
	a.store(a.mul(p.x, d), v)
	a.store(a.mul(h, d), h) // H^3
	a.store(a.sub(a.sub(a.sub(a.sqr(r), h), v), v), p.x)
	a.store(a.sub(a.load(v), p.x), v)
	a.store(a.mul(p.y, h), u)
	a.store(a.sub(a.mul(r, v), u), p.y)
}

// addTemps is how many places addInto needs.
const addTemps = 5

// point returns the three numbers at the address in r as a point.
func pointAt(r reg.Register) jacobian { return jacobian{at(r, 0), at(r, 1), at(r, 2)} }

// move copies numbers from one place to another.
func (a *adx) move(from, to Mem) { a.store(a.load(from), to) }

// fromM returns the integer whose Montgomery form is at m: the reduction of sqr
// alone.
func (a *adx) fromM(m Mem) num {
	a.Comment("leave Montgomery's form")
	return a.reduceWords(a.load(m))
}

// pointADX generates the point functions that Go calls.
func pointADX(c *gen.Ctx) {
	a := &adx{c}
	a.doubleKernel()
	a.addKernel()
	a.oddsKernel()
	a.affineKernel()
}

func (a *adx) doubleKernel() {
	a.Kernel("doubleADX")
	f := a.frame(3 + doubleTemps)
	p := jacobian{f[0], f[1], f[2]}
	a.start()
	a.Load(a.Param("p"), reg.RSI)
	from := pointAt(reg.RSI)
	a.move(from.x, p.x)
	a.move(from.y, p.y)
	a.move(from.z, p.z)
	a.Load(a.Param("n"), reg.RSI)
	loop := a.NewLabel("double")
	a.Align(32)
	a.Label(loop)
	a.doubleInto(p, f[3:])
	a.DECQ(reg.RSI)
	a.JNE(LabelRef(loop))
	a.Load(a.Param("p"), reg.RSI)
	a.move(p.x, from.x)
	a.move(p.y, from.y)
	a.move(p.z, from.z)
	a.RET()
}

func (a *adx) addKernel() {
	a.Kernel("addVarTimeADX")
	f := a.frame(5 + addTemps)
	p, q := jacobian{f[0], f[1], f[2]}, affine{f[3], f[4]}
	a.start()
	a.Load(a.Param("q"), reg.RSI)
	a.move(at(reg.RSI, 0), q.x)
	a.move(at(reg.RSI, 1), q.y)
	a.Load(a.Param("p"), reg.RSI)
	from := pointAt(reg.RSI)
	a.move(from.x, p.x)
	a.move(from.y, p.y)
	a.move(from.z, p.z)
	a.addInto(p, q, f[5:], func(n num) {
		s := free(n)[0]
		a.MOVQ(n[0], s)
		a.ORQ(n[1], s)
		a.ORQ(n[2], s)
		a.ORQ(n[3], s)
		a.JEQ(LabelRef("sameX"))
	})
	a.move(p.x, from.x)
	a.move(p.y, from.y)
	a.move(p.z, from.z)
	a.MOVL(U32(1), reg.EAX)
	a.Store(reg.RAX, a.ReturnIndex(0))
	a.RET()
	a.Label("sameX")
	a.XORL(reg.EAX, reg.EAX)
	a.Store(reg.RAX, a.ReturnIndex(0))
	a.RET()
}

// rr is R^2 mod p in memory.
func (a *adx) rr() Mem {
	return a.Words64("rr", 0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd)
}

// one is R mod p in memory: 1 in Montgomery's form.
func (a *adx) one() Mem {
	return a.Words64("one", 0x0000000000000001, 0xffffffff00000000, 0xffffffffffffffff, 0x00000000fffffffe)
}

// oddsKernel generates the first half of a table of odd multiples of a point q:
// all with the Z-coordinate of its own that co-Z additions give (Meloni, "New
// point addition formulae for ECC applications", 2007). From d = 2q and
// e = (2i-1)q, which have the same Z,
//
//	h = Xd - Xe, W1 = Xd*h^2, W2 = Xe*h^2, r = Yd - Ye
//	X3 = r^2 - W1 - W2, A1 = Yd*(W1 - W2), Y3 = r*(W1 - X3) - A1, Z3 = Z*h
//
// is (2i+1)q = d + e, and (W1, A1) is d with Z3 (5 M + 2 S). h is not 0: that
// would mean 2 = ±(2i-1) mod n, which is a large prime.
func (a *adx) oddsKernel() {
	a.Kernel("oddMultiplesADX")
	f := a.frame(10)
	x, y, z := f[0], f[1], f[2]
	d := affine{f[3], f[4]}
	e := affine{f[5], f[6]}
	r, u, v := f[7], f[8], f[9]
	count := a.AllocLocal(8)
	a.start()
	a.Load(a.Param("q"), reg.RSI)
	a.store(a.mul(a.rr(), at(reg.RSI, 0)), x)
	n := a.mul(a.rr(), at(reg.RSI, 1))
	a.store(n, y)
	a.store(n, z)
	a.Load(a.Param("n"), reg.RSI)
	a.MOVQ(reg.RSI, count)
	a.Load(a.Param("t"), reg.RSI)

	// Entry 0 is q itself, in the end; for now it has Z = y, as 2q has by the
	// formulas of doubleInto with Z = 1.
	a.move(x, at(reg.RSI, 0))
	a.move(y, at(reg.RSI, 1))
	a.store(a.sub(a.load(x), a.one()), u)
	a.store(a.add(a.load(x), a.one()), v)
	n = a.mul(u, v)
	a.store(n, v)
	a.store(a.add(a.half(n), v), v) // A
	a.store(a.sqr(y), u)
	a.store(a.mul(x, u), e.x) // B
	a.store(a.sqr(u), e.y)    // Y^4
	a.store(a.sub(a.sub(a.sqr(v), e.x), e.x), d.x)
	a.store(a.sub(a.load(e.x), d.x), u)
	a.store(a.sub(a.mul(v, u), e.y), d.y)

	a.DECQ(count)
	a.Align(32)
	a.Label("odds")
	a.ADDQ(Imm(96), reg.RSI)
	h := at(reg.RSI, 2)
	a.store(a.sub(a.load(d.x), e.x), h)
	a.store(a.sub(a.load(d.y), e.y), r)
	a.store(a.mul(z, h), z)
	a.store(a.sqr(h), u)
	a.store(a.mul(e.x, u), v)   // W2
	a.store(a.mul(d.x, u), d.x) // W1
	a.store(a.sub(a.sub(a.sqr(r), d.x), v), e.x)
	a.move(e.x, at(reg.RSI, 0))
	a.store(a.sub(a.load(d.x), v), u)
	a.store(a.mul(d.y, u), d.y) // A1
	a.store(a.sub(a.load(d.x), e.x), u)
	n = a.sub(a.mul(r, u), d.y)
	a.store(n, e.y)
	a.store(n, at(reg.RSI, 1))
	a.DECQ(count)
	a.JNE(LabelRef("odds"))

	a.Load(a.Param("z"), reg.RSI)
	a.move(z, at(reg.RSI, 0))
	a.RET()
}

// affineKernel generates the second half: from the last to the first, the
// inverse i of an entry's Z makes it affine, and times h is the one of the entry
// before (4 M + 1 S).
func (a *adx) affineKernel() {
	a.Kernel("affineMultiplesADX")
	f := a.frame(3)
	i, i2, i3 := f[0], f[1], f[2]
	count := a.AllocLocal(8)
	a.start()
	a.Load(a.Param("inverse"), reg.RSI)
	// Montgomery's form of 1/Z from the inverse of Montgomery's form of Z.
	rrr := a.Words64("rrr", 0xfffffffd0000000a, 0xffffffedfffffff7, 0x00000005fffffffc, 0x0000001800000001) // R^3 mod p
	a.store(a.mul(rrr, at(reg.RSI, 0)), i)
	a.Load(a.Param("n"), reg.RBX)
	a.DECQ(reg.RBX)
	a.MOVQ(reg.RBX, count)
	a.Load(a.Param("t"), reg.RSI)
	a.IMUL3Q(Imm(96), reg.RBX, reg.RBX)
	a.ADDQ(reg.RBX, reg.RSI) // the last entry
	a.Align(32)
	a.Label("affine")
	a.store(a.sqr(i), i2)
	a.store(a.mul(i, i2), i3)
	a.store(a.mul(i, at(reg.RSI, 2)), i)
	a.store(a.mul(i2, at(reg.RSI, 0)), at(reg.RSI, 0))
	a.store(a.mul(i3, at(reg.RSI, 1)), at(reg.RSI, 1))
	a.SUBQ(Imm(96), reg.RSI)
	a.DECQ(count)
	a.JNE(LabelRef("affine"))
	a.RET()
}
