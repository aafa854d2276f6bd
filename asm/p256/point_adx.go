package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// A jacobian is a point in places: X, Y, Z and Z^2, with x = X/Z^2 and y = Y/Z^3.
type jacobian struct{ x, y, z, zz Mem }

// An affine is a point in two places, and not the one at infinity.
type affine struct{ x, y Mem }

// doubleInto sets p to 2p, with t for what lies between.
//
// The formulas are those of dbl-2001-b of the Explicit-Formulas Database, scaled
// so that Z3 is Y*Z instead of 2*Y*Z, which divides X3 by 4 and Y3 by 8:
//
//	A = 3/2*(Z^2 - X)*(Z^2 + X), B = X*Y^2
//	X3 = A^2 - 2*B, Y3 = A*(X3 - B) - Y^4, Z3 = Y*Z
//
// They hold for every point: P-256 has no point with Y = 0, and Z = 0 stays. The
// order is such that what is at hand goes on while the next number is awaited.
func (a *adx) doubleInto(p jacobian, t []Mem) {
	d, m, g, b, m2, y4 := t[0], t[1], t[2], t[3], t[4], t[5] // y4 and the place after it
	n := a.load(p.zz)
	sum := num{reg.RBX, reg.RDI, reg.R12, reg.R13}
	a.copy(n, sum)
	a.store(a.sub(n, p.x, sum), d)
	n = a.mulBy(d, a.addWeak(sum, p.x))
	a.store(n, m)
	a.store(a.add(a.half(n), m), m) // A
	a.store(a.sqr(p.y), g)
	a.store(a.mul(p.x, g), b) // B
	a.store(a.mul(p.y, p.z), p.z)
	a.store(a.sqr(m), m2)
	a.storeWide(a.sqrWide(g), y4) // Y^4
	a.store(a.sqr(p.z), p.zz)
	n = a.sub(a.sub(a.load(m2), b), b)
	a.store(n, p.x)
	a.store(a.mulSub(m, a.sub(n, b), y4), p.y)
}

// addInto sets p to p + q, with t for what lies between. Right after H, it calls
// check, if there is one, with H in registers.
//
// The formulas are those of madd of the Explicit-Formulas Database (8 M + 3 S),
// with the sign of r changed:
//
//	H = x*Z^2 - X, r = Y - y*Z^3, V = X*H^2
//	X3 = r^2 - H^3 - 2*V, Y3 = r*(X3 - V) - Y*H^3, Z3 = Z*H
//
// They fail where p is at infinity or p = q, and are right for p = -q, which
// makes H, and so Z3, 0.
func (a *adx) addInto(p jacobian, q affine, t []Mem, check func(h num)) {
	h, r := t[0], t[1]
	n := a.sub(a.mul(q.x, p.zz), p.x)
	a.store(n, h)
	if check != nil {
		check(n)
	}
	a.store(a.mulWeak(p.z, p.zz), r) // Z^3
	a.store(a.mul(q.y, r), r)
	a.store(a.sub(a.load(p.y), r), r)
	a.store(a.mul(p.z, h), p.z)
	a.store(a.sqr(p.z), p.zz)
	a.addXY(p.x, p.y, h, r, t[2:], nil)
}

// addXY sets x and y, X and Y before, to X3 and Y3 of addInto, from H and r; h2h3,
// if there is one, is called with H^2, less than 2^256, and H^3.
func (a *adx) addXY(x, y, h, r Mem, t []Mem, h2h3 func(h2, h3 Mem)) {
	r2, h2, h3, v, yh := t[0], t[1], t[2], t[3], t[4] // yh and the place after it
	a.store(a.sqrWeak(h), h2)
	a.store(a.sqr(r), r2)
	a.store(a.mul(x, h2), v)
	a.store(a.mul(h, h2), h3)
	if h2h3 != nil {
		h2h3(h2, h3)
	}
	a.storeWide(a.mulWide(y, h3), yh)
	n := a.sub(a.sub(a.sub(a.load(r2), h3), v), v)
	a.store(n, x)
	a.store(a.mulSub(r, a.sub(n, v), yh), y)
}

// An extended point is X, Y, Z^2 and Z^3 in places, the last two less than 2^256.
// Where nothing is doubled it saves a squaring.
type extended struct{ x, y, zz, zzz Mem }

// addExtended is addInto for an extended point (8 M + 2 S): madd-2008-s of the
// Explicit-Formulas Database. Z^2 and Z^3 are multiplied by H^2 and H^3.
func (a *adx) addExtended(p extended, q affine, t []Mem) {
	h, r := t[0], t[1]
	a.store(a.mul(q.y, p.zzz), r)
	a.store(a.sub(a.mul(q.x, p.zz), p.x), h)
	a.store(a.sub(a.load(p.y), r), r)
	a.addXY(p.x, p.y, h, r, t[2:], func(h2, h3 Mem) {
		a.store(a.mulWeak(p.zz, h2), p.zz)
		a.store(a.mulWeak(p.zzz, h3), p.zzz)
	})
}

// temps is how many places addInto and addExtended need; doubleInto needs one less.
const temps = 8

// copy copies n to other registers.
func (a *adx) copy(n, to num) {
	for i := range n {
		a.MOVQ(n[i], to[i])
	}
}

// move copies numbers from one place to another.
func (a *adx) move(from, to Mem) { a.store(a.load(from), to) }

// fromM returns the integer whose Montgomery form is at m: the reduction of sqr
// alone. m is reduced, or not 0 mod p.
func (a *adx) fromM(m Mem) num {
	a.Comment("leave Montgomery's form")
	return a.reduceWords(a.load(m))
}

// pointADX generates the point functions that Go calls.
func pointADX(c *gen.Ctx) {
	a := &adx{c}
	a.stepKernel()
	a.oddsKernel()
	a.affineKernel()
}

// stepKernel generates the doublings and additions of a sum in variable time.
func (a *adx) stepKernel() {
	a.Kernel("stepVarTimeADX")
	f := a.frame(6 + temps)
	p, q := jacobian{f[0], f[1], f[2], f[3]}, affine{f[4], f[5]}
	a.start()
	a.Load(a.Param("p"), reg.RSI)
	for i := range 4 {
		a.move(at(reg.RSI, i), f[i])
	}
	a.Load(a.Param("n"), reg.RSI)
	a.TESTQ(reg.RSI, reg.RSI)
	a.JEQ(LabelRef("add"))
	a.Align(32)
	a.Label("double")
	a.doubleInto(p, f[4:])
	a.DECQ(reg.RSI)
	a.JNE(LabelRef("double"))

	a.Label("add")
	a.Load(a.Param("q"), reg.RSI)
	a.TESTQ(reg.RSI, reg.RSI)
	a.JEQ(LabelRef("done"))
	a.move(at(reg.RSI, 0), q.x)
	a.move(at(reg.RSI, 1), q.y)
	a.addInto(p, q, f[6:], func(h num) {
		s := free(h)[0]
		a.MOVQ(h[0], s)
		a.ORQ(h[1], s)
		a.ORQ(h[2], s)
		a.ORQ(h[3], s)
		a.JEQ(LabelRef("same"))
	})
	a.Label("done")
	a.MOVL(U32(1), reg.EDI)
	a.Label("store")
	a.Load(a.Param("p"), reg.RSI)
	for i := range 4 {
		a.move(f[i], at(reg.RSI, i))
	}
	a.Store(reg.RDI, a.ReturnIndex(0))
	a.RET()

	a.Label("same") // x-coordinates: so far nothing of p has changed
	a.XORL(reg.EDI, reg.EDI)
	a.JMP(LabelRef("store"))
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
	a.store(a.addWeak(a.load(x), a.one()), v)
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
	a.store(a.sqrWeak(h), u)
	a.store(a.mul(e.x, u), v)   // W2
	a.store(a.mul(d.x, u), d.x) // W1
	n = a.sub(a.sub(a.sqr(r), d.x), v)
	a.store(n, e.x)
	a.store(n, at(reg.RSI, 0))
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
	a.store(a.sqrWeak(i), i2)
	a.store(a.mulWeak(i, i2), i3)
	a.store(a.mulWeak(i, at(reg.RSI, 2)), i)
	a.store(a.mul(i2, at(reg.RSI, 0)), at(reg.RSI, 0))
	a.store(a.mul(i3, at(reg.RSI, 1)), at(reg.RSI, 1))
	a.SUBQ(Imm(96), reg.RSI)
	a.DECQ(count)
	a.JNE(LabelRef("affine"))
	a.RET()
}
