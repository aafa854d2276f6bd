package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// ladderADX is the Montgomery ladder (RFC 7748, Section 5). Point 2 is the one that
// the step before doubled, point 3 the sum; their coordinates are needed as sums
// and differences only, so these are what a step starts from and ends with:
//
//	A, B = X2+Z2, X2-Z2   C, D = X3+Z3, X3-Z3
//	S, T = A, B, or C, D if the bit of the scalar differs from the one before
//	X4, Z4 = S²·T², E·F   with E = S²-T², F = T² + 121666·E
//	X5, Z5 = P², X1·Q²    with P, Q = D·A + C·B, D·A - C·B
//
// The sum is the same whichever point is doubled: exchanging the points changes
// the sign of Q. So the swap is eight conditional moves. The result is (A+B)/(A-B).
//
// # Bounds
//
// A number is four words. A product of two numbers of 256 bits is folded once, as
// 2^256 = 38 mod p: less than 39·2^256, five words. Sums and differences are made of
// these, and only then comes what stands above bit 255, q, which adds 19q:
//
//	sum         < 78·2^256, q < 156, 19q < 2^12
//	difference  one less 2432: -40·2^256 < difference < 39·2^256, -80 <= q < 78,
//	            and 0 < 19q + 2432 < 2^12
//	product     q < 78, 19q < 2^11
//	F           < 2^255 + 2^11 + 2^17·2^256, q < 2^18, 19q < 2^23
//
// So all numbers are less than 2^255 + 2^23, except E, of 256 bits, and the first D.
func ladderADX(c *gen.Ctx) {
	g := &adxLadder{Ctx: c}
	g.Kernel("ladderADX")
	g.frame()
	g.start()

	g.MOVQ(operand.U32(254), g.bit)
	g.Align(64)
	g.Label("step")
	g.choose()
	g.keep(g.mul(g.d, g.a), g.da)
	g.number(g.sqr(g.s), g.aa)
	g.sumAndDifference(g.da, g.mul(g.c, g.b), g.p, g.q)
	bb := g.number(g.sqr(g.t), g.bb)
	g.timesA24(bb, g.difference(bb))
	g.number(g.sqr(g.q), g.qq)
	g.keep(g.sqr(g.p), g.x5)
	g.keep(g.mul(g.aa, g.bb), g.x4)
	g.sumAndDifference(g.x5, g.mul(g.x1, g.qq), g.c, g.d)
	g.sumAndDifference(g.x4, g.mul(g.e, g.f), g.a, g.b)
	g.DECQ(g.bit)
	g.CMPQ(g.bit, operand.Imm(3))
	g.JGE(operand.LabelRef("step"))

	// Bits 2, 1, 0 are clear: what is left is to double point 0 (number 2, or 3 if bit 3
	// is set), three times.
	g.Align(64)
	g.Label("double")
	g.choose()
	g.number(g.sqr(g.s), g.aa)
	bb = g.number(g.sqr(g.t), g.bb)
	g.timesA24(bb, g.difference(bb))
	g.keep(g.mul(g.aa, g.bb), g.x4)
	g.sumAndDifference(g.x4, g.mul(g.e, g.f), g.a, g.b)
	g.DECQ(g.bit)
	g.JPL(operand.LabelRef("double"))

	xz := g.GP64()
	g.Load(g.Param("xz"), xz)
	g.result(operand.Mem{Base: xz}, false)
	g.result(operand.Mem{Base: xz, Disp: 32}, true)
	g.wipe()
	g.RET()
}

// adxLadder holds where ladderADX keeps what.
type adxLadder struct {
	*gen.Ctx
	a, b, c, d     operand.Mem
	x1             operand.Mem
	s, t, aa, bb   operand.Mem // S, T, their squares
	e, f, p, q, qq operand.Mem // E, F, P, Q, Q²
	changes        operand.Mem // bit i is the sum of bits i and i+1 of the scalar
	da, x4, x5     operand.Mem // D·A, X4, X5, of five words
	bit            operand.Mem // the number of this step's bit, which is public
	first          operand.Mem
	words          int
}

// frame names the parts of the frame.
func (g *adxLadder) frame() {
	numbers := []*operand.Mem{
		&g.a, &g.b, &g.c, &g.d, &g.x1, &g.s, &g.t, &g.aa, &g.bb, &g.e, &g.f, &g.p, &g.q, &g.qq, &g.changes,
	}
	wide := []*operand.Mem{&g.da, &g.x4, &g.x5}
	g.words = 4*len(numbers) + 5*len(wide) + 1
	g.first = g.AllocLocal(8 * g.words)
	at := g.first
	for _, p := range numbers {
		*p = at
		at = at.Offset(32)
	}
	for _, p := range wide {
		*p = at
		at = at.Offset(40)
	}
	g.bit = at
}

// start sets changes, X1 = u, A, B = 1, 1 (the neutral element, 1 : 0) and C, D =
// u+1, u-1.
func (g *adxLadder) start() {
	k, u := g.GP64(), g.GP64()
	g.Load(g.Param("k"), k)
	g.Load(g.Param("u"), u)
	r := g.regs(4)
	for i := range r {
		g.MOVQ(operand.Mem{Base: k}.Offset(8*i), r[i])
	}
	for i := range r {
		next, high := g.GP64(), g.GP64()
		g.MOVQ(r[i], next)
		g.SHRQ(operand.Imm(1), next)
		if i < 3 {
			g.MOVQ(r[i+1], high)
			g.SHLQ(operand.Imm(63), high)
			g.ORQ(high, next)
		}
		g.XORQ(r[i], next)
		g.MOVQ(next, g.changes.Offset(8*i))
	}
	for i := range r {
		g.MOVQ(operand.Mem{Base: u}.Offset(8*i), r[i])
		g.MOVQ(r[i], g.x1.Offset(8*i))
	}
	// u < 2^255.
	g.ADDQ(operand.Imm(1), r[0])
	g.ripple(r[1:], g.ADCQ)
	g.store(r, g.c)
	// u - 1 + p = u+1 - 21 + 2^255, less than 2^256.
	g.SUBQ(operand.Imm(21), r[0])
	g.ripple(r[1:], g.SBBQ)
	top := g.GP64()
	g.MOVQ(operand.U64(1<<63), top)
	g.ADDQ(top, r[3])
	g.store(r, g.d)
	one := g.GP64()
	g.MOVL(operand.U32(1), one.As32())
	for i := range 4 {
		g.MOVQ(one, g.a.Offset(8*i))
		g.MOVQ(one, g.b.Offset(8*i))
		if i == 0 {
			g.XORL(one.As32(), one.As32())
		}
	}
}

// ripple carries, or borrows, through w.
func (g *adxLadder) ripple(w []reg.GPVirtual, op func(operand.Op, operand.Op)) {
	for _, r := range w {
		op(operand.Imm(0), r)
	}
}

func (g *adxLadder) store(w []reg.GPVirtual, dst operand.Mem) {
	for i, r := range w {
		g.MOVQ(r, dst.Offset(8*i))
	}
}

// choose sets S and T.
func (g *adxLadder) choose() {
	changes, bit, word := g.GP64(), g.GP64(), g.GP64()
	g.LEAQ(g.changes, changes)
	g.MOVQ(g.bit, bit)
	g.MOVQ(bit, word)
	g.SHRQ(operand.Imm(6), word)
	g.MOVQ(operand.Mem{Base: changes, Index: word, Scale: 8}, word)
	g.BTQ(bit, word)
	for _, from := range [][3]operand.Mem{{g.a, g.c, g.s}, {g.b, g.d, g.t}} {
		for i := range 4 {
			x := g.GP64()
			g.MOVQ(from[0].Offset(8*i), x)
			g.CMOVQCS(from[1].Offset(8*i), x)
			g.MOVQ(x, from[2].Offset(8*i))
		}
	}
}

// five are the words of a folded product.
type five [5]reg.GPVirtual

// regs returns n registers.
func (g *adxLadder) regs(n int) []reg.GPVirtual {
	r := make([]reg.GPVirtual, n)
	for i := range r {
		r[i] = g.GP64()
	}
	return r
}

// row returns the five words of n times the word in DX, n of four words.
//
// Carries go through ADC here, and once more when a row is added to the rows
// before. Two chains at once, with ADCX and ADOX, are no faster on Zen 5: what
// bounds all is the number of instructions.
func (g *adxLadder) row(n []operand.Op) []reg.GPVirtual {
	r := g.regs(4)
	top := g.GP64()
	g.MULXQ(n[0], r[0], top)
	for i := 1; i < 4; i++ {
		next := g.GP64()
		g.MULXQ(n[i], r[i], next)
		if i == 1 {
			g.ADDQ(top, r[i])
		} else {
			g.ADCQ(top, r[i])
		}
		top = next
	}
	g.ADCQ(operand.Imm(0), top)
	return append(r, top)
}

// accumulate adds the four words x to the first of r, of five, and returns r.
func (g *adxLadder) accumulate(x, r []reg.GPVirtual) []reg.GPVirtual {
	for i := range 4 {
		if i == 0 {
			g.ADDQ(x[0], r[0])
		} else {
			g.ADCQ(x[i], r[i])
		}
	}
	g.ADCQ(operand.Imm(0), r[4])
	return r
}

// ops returns the words of n, or of registers, as operands.
func ops(n operand.Mem) []operand.Op {
	return []operand.Op{n, n.Offset(8), n.Offset(16), n.Offset(24)}
}

func regOps(n []reg.GPVirtual) []operand.Op {
	return []operand.Op{n[0], n[1], n[2], n[3]}
}

// mul returns x·y, folded once.
func (g *adxLadder) mul(x, y operand.Mem) *five {
	g.MOVQ(y, reg.RDX)
	w := g.row(ops(x))
	for j := 1; j < 4; j++ {
		g.MOVQ(y.Offset(8*j), reg.RDX)
		w = append(w[:j], g.accumulate(w[j:], g.row(ops(x)))...)
	}
	return g.fold(w)
}

// sqr returns x², folded once.
func (g *adxLadder) sqr(x operand.Mem) *five {
	// The products of different words, words 1 to 6.
	r := g.regs(8)
	lo, hi := g.GP64(), g.GP64()
	g.MOVQ(x, reg.RDX)
	g.MULXQ(x.Offset(8), r[1], r[2])
	g.MULXQ(x.Offset(16), lo, r[3])
	g.MULXQ(x.Offset(24), hi, r[4])
	g.ADDQ(lo, r[2])
	g.ADCQ(hi, r[3])
	g.MOVQ(x.Offset(24), reg.RDX)
	g.MULXQ(x.Offset(8), lo, r[5])
	g.ADCQ(lo, r[4])
	g.MULXQ(x.Offset(16), lo, r[6])
	g.ADCQ(lo, r[5])
	g.ADCQ(operand.Imm(0), r[6])
	g.MOVQ(x.Offset(8), reg.RDX)
	g.MULXQ(x.Offset(16), lo, hi)
	g.ADDQ(lo, r[3])
	g.ADCQ(hi, r[4])
	g.ADCQ(operand.Imm(0), r[5])
	g.ADCQ(operand.Imm(0), r[6])
	// Twice these, and the squares of the words.
	g.MOVQ(x, reg.RDX)
	g.MULXQ(reg.RDX, r[0], hi)
	zero := g.GP64()
	g.XORL(zero.As32(), zero.As32())
	g.ADCXQ(r[1], r[1])
	g.ADOXQ(hi, r[1])
	for i := 1; i < 4; i++ {
		g.MOVQ(x.Offset(8*i), reg.RDX)
		g.MULXQ(reg.RDX, lo, hi)
		g.ADCXQ(r[2*i], r[2*i])
		g.ADOXQ(lo, r[2*i])
		if i < 3 {
			g.ADCXQ(r[2*i+1], r[2*i+1])
			g.ADOXQ(hi, r[2*i+1])
		}
	}
	r[7] = hi
	g.ADCXQ(zero, r[7])
	g.ADOXQ(zero, r[7])
	return g.fold(r)
}

// fold returns the first four of eight words and 38 times the others.
func (g *adxLadder) fold(r []reg.GPVirtual) *five {
	g.MOVL(operand.U32(38), reg.EDX)
	return (*five)(g.accumulate(r[:4], g.row(regOps(r[4:]))))
}

// keep stores five words to dst.
func (g *adxLadder) keep(w *five, dst operand.Mem) { g.store(w[:], dst) }

// number stores the number that the five words are to dst, and returns it.
func (g *adxLadder) number(w *five, dst operand.Mem) []reg.GPVirtual {
	g.carry(w, 0)
	g.store(w[:4], dst)
	return w[:4]
}

// carry adds 19q + offset to what the words hold below bit 255.
func (g *adxLadder) carry(w *five, offset uint32) {
	g.BTRQ(operand.Imm(63), w[3])
	g.ADCQ(w[4], w[4])
	g.IMUL3Q(operand.Imm(19), w[4], w[4])
	if offset != 0 {
		g.ADDQ(operand.U32(offset), w[4])
	}
	g.ADDQ(w[4], w[0])
	g.ripple(w[1:4], g.ADCQ)
}

// sumAndDifference stores the sum and the difference of the five words at x and y.
//
// 2432 = 64·38 is subtracted from the difference, 64·2^256 is added to it: that
// is 128·p, and makes 19q positive.
func (g *adxLadder) sumAndDifference(x operand.Mem, y *five, sum, difference operand.Mem) {
	d := (*five)(g.regs(5))
	for i, r := range d {
		g.MOVQ(x.Offset(8*i), r)
	}
	for i, r := range d {
		if i == 0 {
			g.SUBQ(y[0], r)
		} else {
			g.SBBQ(y[i], r)
		}
	}
	for i, r := range y {
		if i == 0 {
			g.ADDQ(x, r)
		} else {
			g.ADCQ(x.Offset(8*i), r)
		}
	}
	g.number(y, sum)
	g.SUBQ(operand.U32(2432), d[0])
	g.ripple(d[1:], g.SBBQ)
	g.carry(d, 2432)
	g.store(d[:4], difference)
}

// difference stores E = S² - bb to e and returns it, of 256 bits. If it borrows, 2^256
// has been added; what is left is at least 2^256 - 2^255 - 2^11, so that
// subtracting 38 does not borrow.
func (g *adxLadder) difference(bb []reg.GPVirtual) []reg.GPVirtual {
	e, mask := g.regs(4), g.GP64()
	for i, r := range e {
		g.MOVQ(g.aa.Offset(8*i), r)
	}
	for i, r := range e {
		if i == 0 {
			g.SUBQ(bb[0], r)
		} else {
			g.SBBQ(bb[i], r)
		}
	}
	g.SBBQ(mask, mask)
	g.ANDL(operand.Imm(38), mask.As32())
	g.SUBQ(mask, e[0])
	g.ripple(e[1:], g.SBBQ)
	g.store(e, g.e)
	return e
}

// timesA24 stores bb + 121666·e to f.
func (g *adxLadder) timesA24(bb, e []reg.GPVirtual) {
	g.MOVL(operand.U32(121666), reg.EDX)
	g.number((*five)(g.accumulate(bb, g.row(regOps(e)))), g.f)
}

// result stores A + B, or A - B, to dst, fully reduced.
func (g *adxLadder) result(dst operand.Mem, subtract bool) {
	first, next := g.ADDQ, g.ADCQ
	if subtract {
		first, next = g.SUBQ, g.SBBQ
	}
	w, v := g.regs(4), g.regs(4)
	for i := range w {
		g.MOVQ(g.a.Offset(8*i), w[i])
	}
	for i, r := range w {
		if i == 0 {
			first(g.b, r)
		} else {
			next(g.b.Offset(8*i), r)
		}
	}
	// Less than 2^256 + 2^13 with its carry, or more than -2^255 - 2^12: 38 for 2^256,
	// one way or the other, does not carry or borrow again.
	mask := g.GP64()
	g.SBBQ(mask, mask)
	g.ANDL(operand.Imm(38), mask.As32())
	first(mask, w[0])
	g.ripple(w[1:], next)
	// Bit 255 counts 19: less than 2^255 + 19.
	g.BTRQ(operand.Imm(63), w[3])
	g.SBBQ(mask, mask)
	g.ANDL(operand.Imm(19), mask.As32())
	g.ADDQ(mask, w[0])
	g.ripple(w[1:], g.ADCQ)
	// It is at least p just if adding 19 reaches bit 255; what is below is the number
	// less p then.
	for i, r := range w {
		g.MOVQ(r, v[i])
	}
	g.ADDQ(operand.Imm(19), v[0])
	g.ripple(v[1:], g.ADCQ)
	g.BTRQ(operand.Imm(63), v[3]) // CF is the bit
	for i, r := range w {
		g.CMOVQCS(v[i], r)
	}
	g.store(w, dst)
}

// wipe clears the frame.
func (g *adxLadder) wipe() {
	zero := g.XMM()
	g.PXOR(zero, zero)
	for i := 0; i < g.words; i += 2 {
		g.MOVOU(zero, g.first.Offset(8*i))
	}
}
