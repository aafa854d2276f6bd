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
//	X4, Z4 = S²·T², E·(T² + 121666·E)   with E = S²-T²
//	X5, Z5 = (D·A + C·B)², X1·(D·A - C·B)²
//
// The sum is the same whichever point is doubled: exchanging the points changes
// the sign of D·A - C·B. So the swap is eight conditional moves. The result is
// (A+B)/(A-B).
//
// # Bounds
//
// A number is four words. A product of two numbers of 256 bits is folded once, as
// 2^256 = 38 mod p: less than 39·2^256, five words. Sums and differences are made of
// these, and only then comes what stands above bit 255, q, which adds 19q:
//
//	sum         < 78·2^256, q < 156, 19q < 2^12
//	difference  one less 2432 (see mul): -40·2^256 < difference < 39·2^256,
//	            -80 <= q < 78, and 0 < 19q + 2432 < 2^12
//	product     q < 78, 19q < 2^11
//	F           below, 19q < 2^23
//
// So all numbers are less than 2^255 + 2^23, except E, of 256 bits.
func ladderADX(c *gen.Ctx) {
	g := &adxLadder{Ctx: c}
	g.Kernel("ladderADX")
	g.frame()
	g.start()

	g.MOVQ(operand.U32(254), ladderBit)
	g.Align(64)
	g.Label("step")
	g.pick()
	g.mul(g.d, g.a)
	g.store5(g.wide)
	g.choose(g.a, g.c)
	g.sqr()
	g.carry()
	g.store(g.aa)
	g.mul(g.c, g.b)
	g.sumAndDifference(g.p, g.q)
	g.choose(g.b, g.d)
	g.sqr()
	g.carry()
	g.store(g.bb)
	g.difference()
	g.timesA24()
	g.square(g.q)
	g.carry()
	g.store(g.qq)
	g.square(g.p)
	g.store5(g.wide)
	g.mul(g.aa, g.bb)
	g.store5(g.wide2)
	g.mul(g.x1, g.qq)
	g.sumAndDifference(g.c, g.d)
	g.mul(g.e, g.f)
	g.wide = g.wide2
	g.sumAndDifference(g.a, g.b)
	g.DECQ(ladderBit)
	g.JPL(operand.LabelRef("step"))

	xz := reg.RDI
	g.Load(g.Param("xz"), xz)
	g.result(operand.Mem{Base: xz}, false)
	g.result(operand.Mem{Base: xz, Disp: 32}, true)
	g.wipe()
	g.RET()
}

// Registers of ladderADX.
var (
	ladderWords = [8]reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15} // of a product
	ladderLow   = reg.RAX                                                                                 // and RBX: halves of a
	ladderHigh  = reg.RBX                                                                                 // product of words
	ladderPick  = reg.RCX                                                                                 // not 0: S, T = C, D
	ladderTemp  = reg.RSI
	ladderBit   = reg.RDI // number of the bit, a public number
)

// adxLadder holds where ladderADX keeps what.
type adxLadder struct {
	*gen.Ctx
	a, b, c, d  operand.Mem
	x1          operand.Mem
	aa, bb      operand.Mem // S², T²
	e, f        operand.Mem // E, T² + 121666·E
	p, q, qq    operand.Mem // D·A + C·B, D·A - C·B, its square
	s           operand.Mem // S, T
	wide, wide2 operand.Mem // five words each
	changes     operand.Mem // bit i is the sum of bits i and i+1 of the scalar
	words       int
	first       operand.Mem
}

// frame names the parts of the frame.
func (g *adxLadder) frame() {
	parts := []*operand.Mem{
		&g.a, &g.b, &g.c, &g.d, &g.x1, &g.aa, &g.bb, &g.e, &g.f, &g.p, &g.q, &g.qq, &g.s, &g.changes, &g.wide, &g.wide2,
	}
	g.words = 4*len(parts) + 2
	g.first = g.AllocLocal(8 * g.words)
	at := g.first
	for _, p := range parts {
		*p = at
		at = at.Offset(32)
		if p == &g.wide {
			at = at.Offset(8)
		}
	}
}

// start sets changes, X1 = u, A, B = 1, 1 (the neutral element, 1 : 0) and C, D =
// u+1, u-1.
func (g *adxLadder) start() {
	r := ladderWords[:4]
	k, u := reg.RSI, reg.RDI
	g.Load(g.Param("k"), k)
	g.Load(g.Param("u"), u)
	for i, r := range r {
		g.MOVQ(operand.Mem{Base: k}.Offset(8*i), r)
	}
	for i, r := range r {
		g.MOVQ(r, reg.RAX)
		g.SHRQ(operand.Imm(1), reg.RAX)
		if i < 3 {
			g.MOVQ(ladderWords[i+1], reg.RDX)
			g.SHLQ(operand.Imm(63), reg.RDX)
			g.ORQ(reg.RDX, reg.RAX)
		}
		g.XORQ(r, reg.RAX)
		g.MOVQ(reg.RAX, g.changes.Offset(8*i))
	}
	for i, r := range r {
		g.MOVQ(operand.Mem{Base: u}.Offset(8*i), r)
		g.MOVQ(r, g.x1.Offset(8*i))
	}
	// u < 2^255.
	g.ADDQ(operand.Imm(1), r[0])
	for _, r := range r[1:] {
		g.ADCQ(operand.Imm(0), r)
	}
	g.store(g.c)
	// u+1 - 2 + p = u+1 - 21 + 2^255.
	g.SUBQ(operand.Imm(21), r[0])
	for _, r := range r[1:3] {
		g.SBBQ(operand.Imm(0), r)
	}
	g.MOVQ(operand.U64(1<<63), reg.RAX)
	g.SBBQ(operand.Imm(0), r[3])
	g.ADDQ(reg.RAX, r[3])
	g.store(g.d)
	g.XORL(reg.EAX, reg.EAX)
	for i := 1; i < 4; i++ {
		g.MOVQ(reg.RAX, g.a.Offset(8*i))
		g.MOVQ(reg.RAX, g.b.Offset(8*i))
	}
	g.INCQ(reg.RAX)
	g.MOVQ(reg.RAX, g.a)
	g.MOVQ(reg.RAX, g.b)
}

// pick sets ladderPick to the bit of number ladderBit of changes.
func (g *adxLadder) pick() {
	changes, word := ladderPick, ladderTemp
	g.LEAQ(g.changes, changes)
	g.MOVQ(ladderBit, word)
	g.SHRQ(operand.Imm(6), word)
	g.MOVQ(operand.Mem{Base: changes, Index: word, Scale: 8}, ladderPick)
	g.SHRXQ(ladderBit, ladderPick, ladderPick)
	g.ANDL(operand.Imm(1), ladderPick.As32())
}

// choose sets s to x, or to y if ladderPick is not 0.
func (g *adxLadder) choose(x, y operand.Mem) {
	g.TESTL(ladderPick.As32(), ladderPick.As32())
	for i, r := range ladderWords[:4] {
		g.MOVQ(x.Offset(8*i), r)
		g.CMOVQNE(y.Offset(8*i), r)
		g.MOVQ(r, g.s.Offset(8*i))
	}
}

// store stores the first four words.
func (g *adxLadder) store(dst operand.Mem) {
	for i, r := range ladderWords[:4] {
		g.MOVQ(r, dst.Offset(8*i))
	}
}

// store5 stores five words.
func (g *adxLadder) store5(dst operand.Mem) {
	for i, r := range ladderWords[:5] {
		g.MOVQ(r, dst.Offset(8*i))
	}
}

// mul sets five words to x·y, folded once.
func (g *adxLadder) mul(x, y operand.Mem) {
	r, lo, hi := ladderWords, ladderLow, ladderHigh
	g.MOVQ(y, reg.RDX)
	g.MULXQ(x, r[0], r[1])
	for i := 1; i < 4; i++ {
		g.MULXQ(x.Offset(8*i), lo, r[i+1])
		if i == 1 {
			g.ADDQ(lo, r[i])
		} else {
			g.ADCQ(lo, r[i])
		}
	}
	g.ADCQ(operand.Imm(0), r[4])
	for j := 1; j < 4; j++ {
		g.MOVQ(y.Offset(8*j), reg.RDX)
		g.XORL(r[j+4].As32(), r[j+4].As32())
		for i := range 4 {
			g.MULXQ(x.Offset(8*i), lo, hi)
			g.ADCXQ(lo, r[i+j])
			g.ADOXQ(hi, r[i+j+1])
		}
		g.ADCQ(operand.Imm(0), r[j+4])
	}
	g.fold()
}

// fold folds eight words to five.
func (g *adxLadder) fold() {
	r, lo, hi := ladderWords, ladderLow, ladderHigh
	g.MOVL(operand.U32(38), reg.EDX)
	for i := range 4 {
		g.MULXQ(r[i+4], lo, hi)
		if i == 0 {
			g.XORL(r[4].As32(), r[4].As32())
		}
		g.ADCXQ(lo, r[i])
		g.ADOXQ(hi, r[i+1])
	}
	g.ADCQ(operand.Imm(0), r[4])
}

// square is sqr of x.
func (g *adxLadder) square(x operand.Mem) {
	s := g.s
	g.s = x
	g.sqr()
	g.s = s
}

// sqr sets five words to S², folded once.
func (g *adxLadder) sqr() {
	r, lo, hi, zero := ladderWords, ladderLow, ladderHigh, ladderTemp
	s := func(i int) operand.Mem { return g.s.Offset(8 * i) }
	// The products of different words, words 1 to 6.
	g.MOVQ(s(0), reg.RDX)
	g.MULXQ(s(1), r[1], r[2])
	g.MULXQ(s(2), lo, r[3])
	g.MULXQ(s(3), hi, r[4])
	g.ADDQ(lo, r[2])
	g.ADCQ(hi, r[3])
	g.MOVQ(s(3), reg.RDX)
	g.MULXQ(s(1), lo, r[5])
	g.MULXQ(s(2), hi, r[6])
	g.ADCQ(lo, r[4])
	g.ADCQ(hi, r[5])
	g.ADCQ(operand.Imm(0), r[6])
	g.MOVQ(s(1), reg.RDX)
	g.MULXQ(s(2), lo, hi)
	g.ADDQ(lo, r[3])
	g.ADCQ(hi, r[4])
	g.ADCQ(operand.Imm(0), r[5])
	g.ADCQ(operand.Imm(0), r[6])
	// Twice these, and the squares of the words.
	g.XORL(zero.As32(), zero.As32())
	g.MOVQ(s(0), reg.RDX)
	g.MULXQ(reg.RDX, r[0], hi)
	g.ADCXQ(r[1], r[1])
	g.ADOXQ(hi, r[1])
	for i := 1; i < 4; i++ {
		g.MOVQ(s(i), reg.RDX)
		if i < 3 {
			g.MULXQ(reg.RDX, lo, hi)
		} else {
			g.MULXQ(reg.RDX, lo, r[7])
			hi = r[7]
		}
		g.ADCXQ(r[2*i], r[2*i])
		g.ADOXQ(lo, r[2*i])
		if i < 3 {
			g.ADCXQ(r[2*i+1], r[2*i+1])
			g.ADOXQ(hi, r[2*i+1])
		} else {
			g.ADCXQ(zero, r[7])
			g.ADOXQ(zero, r[7])
		}
	}
	g.fold()
}

// carry makes a number of five words.
func (g *adxLadder) carry() { g.carryOf(ladderWords[:5], false) }

// carryOf makes a number of the five words w, of which w[4] is q afterwards. The
// words of a difference are signed.
func (g *adxLadder) carryOf(w []reg.GPPhysical, difference bool) {
	g.BTRQ(operand.Imm(63), w[3])
	g.ADCQ(w[4], w[4])
	g.IMUL3Q(operand.Imm(19), w[4], w[4])
	if difference {
		g.ADDQ(operand.U32(2432), w[4])
	}
	g.ADDQ(w[4], w[0])
	for _, r := range w[1:4] {
		g.ADCQ(operand.Imm(0), r)
	}
}

// sumAndDifference sets sum and difference to those of the five words at wide and
// the five in registers.
//
// 2432 = 64·38 is subtracted from the difference, 64·2^256 is added to it: that
// is 128·p, and makes 19q positive.
func (g *adxLadder) sumAndDifference(sum, difference operand.Mem) {
	r := ladderWords[:5]
	d := []reg.GPPhysical{reg.R13, reg.R14, reg.R15, reg.RAX, reg.RBX}
	for i := range d {
		g.MOVQ(g.wide.Offset(8*i), d[i])
	}
	g.SUBQ(operand.U32(2432), d[0])
	for i := 1; i < 5; i++ {
		g.SBBQ(operand.Imm(0), d[i])
	}
	for i := range d {
		if i == 0 {
			g.SUBQ(r[0], d[0])
		} else {
			g.SBBQ(r[i], d[i])
		}
	}
	for i := range r {
		if i == 0 {
			g.ADDQ(g.wide, r[0])
		} else {
			g.ADCQ(g.wide.Offset(8*i), r[i])
		}
	}
	g.carryOf(r, false)
	g.store(sum)
	g.carryOf(d, true)
	for i, r := range d[:4] {
		g.MOVQ(r, difference.Offset(8*i))
	}
}

// difference sets e to S² - T², of 256 bits, where T² is in registers. If it
// borrows, 2^256 has been added; what is left is at least 2^256 - 2^255 - 2^11, so
// that subtracting 38 does not borrow.
func (g *adxLadder) difference() {
	t := ladderWords[:4]
	e := []reg.GPPhysical{reg.R12, reg.R13, reg.R14, reg.R15}
	for i := range e {
		g.MOVQ(g.aa.Offset(8*i), e[i])
	}
	for i := range e {
		if i == 0 {
			g.SUBQ(t[0], e[0])
		} else {
			g.SBBQ(t[i], e[i])
		}
	}
	g.SBBQ(ladderTemp, ladderTemp)
	g.ANDL(operand.Imm(38), ladderTemp.As32())
	for i := range e {
		if i == 0 {
			g.SUBQ(ladderTemp, e[0])
		} else {
			g.SBBQ(operand.Imm(0), e[i])
		}
		g.MOVQ(e[i], g.e.Offset(8*i))
	}
}

// timesA24 sets f to T² + 121666·E, with T² and E in registers: less than 2^255 +
// 2^11 + 2^17·2^256, so q < 2^18 and f < 2^255 + 2^23.
func (g *adxLadder) timesA24() {
	f := ladderWords[:5]
	e := ladderWords[4:]
	lo, hi, last := ladderLow, ladderHigh, ladderTemp
	g.MOVL(operand.U32(121666), reg.EDX)
	g.XORL(lo.As32(), lo.As32())
	for i := range e {
		if i > 0 {
			g.ADOXQ(last, f[i])
		}
		g.MULXQ(e[i], lo, hi)
		g.ADCXQ(lo, f[i])
		last, hi = hi, last
	}
	g.MOVL(operand.U32(0), f[4].As32())
	g.ADOXQ(last, f[4])
	g.ADCQ(operand.Imm(0), f[4])
	g.carry()
	g.store(g.f)
}

// result stores A + B, or A - B, to dst, fully reduced.
func (g *adxLadder) result(dst operand.Mem, subtract bool) {
	w := ladderWords[:4]
	for i, r := range w {
		g.MOVQ(g.a.Offset(8*i), r)
	}
	for i, r := range w {
		switch {
		case subtract && i == 0:
			g.SUBQ(g.b, r)
		case subtract:
			g.SBBQ(g.b.Offset(8*i), r)
		case i == 0:
			g.ADDQ(g.b, r)
		default:
			g.ADCQ(g.b.Offset(8*i), r)
		}
	}
	// Less than 2^256 + 2^13 with its carry, or at least -2^255 - 2^12: 38 for 2^256,
	// one way or the other, does not carry or borrow again.
	g.SBBQ(reg.RAX, reg.RAX)
	g.ANDL(operand.Imm(38), reg.EAX)
	for i, r := range w {
		switch {
		case subtract && i == 0:
			g.SUBQ(reg.RAX, r)
		case subtract:
			g.SBBQ(operand.Imm(0), r)
		case i == 0:
			g.ADDQ(reg.RAX, r)
		default:
			g.ADCQ(operand.Imm(0), r)
		}
	}
	// Bit 255 counts 19: less than 2^255 + 19.
	g.BTRQ(operand.Imm(63), w[3])
	g.SBBQ(reg.RAX, reg.RAX)
	g.ANDL(operand.Imm(19), reg.EAX)
	g.ADDQ(reg.RAX, w[0])
	for _, r := range w[1:] {
		g.ADCQ(operand.Imm(0), r)
	}
	// It is at least p just if adding 19 reaches bit 255; what is below is the number
	// less p then.
	v := ladderWords[4:]
	for i, r := range w {
		g.MOVQ(r, v[i])
	}
	g.ADDQ(operand.Imm(19), v[0])
	for _, r := range v[1:] {
		g.ADCQ(operand.Imm(0), r)
	}
	g.BTRQ(operand.Imm(63), v[3]) // CF is the bit
	for i, r := range w {
		g.CMOVQCS(v[i], r)
		g.MOVQ(r, dst.Offset(8*i))
	}
}

// wipe clears the frame.
func (g *adxLadder) wipe() {
	g.PXOR(reg.X0, reg.X0)
	for i := 0; i < g.words; i += 2 {
		g.MOVOU(reg.X0, g.first.Offset(8*i))
	}
}
