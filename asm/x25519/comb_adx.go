package main

import (
	"math/big"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// combADX computes k·B, for a clamped scalar k, as the sum of 51 points that are
// looked up in tables by signed digits in radix 32. Let m = k/8 - 2^251, so that
// 0 <= m < 2^251, and m' = m + Σ 16·32^i over i < 50. That sum is less than
// 2^250, so m' < 3·2^250. Its digits n[i] in radix 32 give
//
//	m = n[50]·32^50 + Σ d[i]·32^i, d[i] = n[i]-16, -16 <= d[i] <= 15, 0 <= n[50] <= 2
//	k·B = (n[50]+2)·32^50·8B + Σ d[i]·32^i·8B
//
// The table has a row for every second digit: the multiples 1 to 16 of 32^2i·8B.
// The points of the odd digits are added first, to (n[50]+2)·32^49·8B, which is
// one of three; the sum is doubled five times, and the points of the even digits
// are added: 50 additions, five doublings, 38 KiB. (A row for every digit saves
// the doublings, 5 % of the time, and takes 77 KiB. Digits in radix 16, without
// doublings, take 48 KiB and 63 additions.)
//
// The formulas are those of combIFMA, complete, so that no case needs care. The
// entries are (y-x)/2, (y+x)/2, d·x·y. Selection reads all entries of a row, in
// SSE2 registers, between the instructions of the multiplications of the digit
// before.
//
// A number is four words. A product is less than 2^255 + 2^11 (see mul); a sum or
// a difference of products is any number of 256 bits, and fit to be a factor.
func combADX(c *gen.Ctx) {
	g := &adxCombiner{Ctx: c}
	g.Implement("combADX")
	g.Attributes(attr.Attribute(0)) // not NOSPLIT: the frame is too large
	g.frame()
	top := g.Words64("combTopADX", combTopADX()...)
	table := g.Words64("combTableADX", combTableADX()...)

	g.recode()
	// The first point: Z = 1, T = x·y.
	g.MOVBQZX(g.digits.Offset(31), reg.RAX)
	g.SHRL(operand.Imm(2), reg.EAX)
	g.ADDL(operand.Imm(1), reg.EAX)
	g.LEAQ(top, adxRow)
	g.MOVQ(reg.RAX, adxIndex)
	g.lookup(3)
	g.drain()
	for i, dst := range []operand.Mem{g.x, g.y, g.t} {
		g.MOVOU(adxAcc[2*i], dst)
		g.MOVOU(adxAcc[2*i+1], dst.Offset(16))
	}
	g.constant(g.z, [4]uint64{1})

	g.LEAQ(table, adxRow)
	g.MOVQ(operand.U32(5), adxBit)
	g.pickDigit()
	g.lookup(16)
	g.drain()
	g.negate()
	g.ADDQ(operand.U32(adxRowSize), adxRow)
	g.MOVQ(operand.U32(15), adxBit)

	g.Align(64)
	g.Label("digit")
	g.pickDigit()
	g.lookup(16)
	g.add()
	g.drain()
	g.negate()
	g.ADDQ(operand.U32(adxRowSize), adxRow)
	g.ADDQ(operand.Imm(10), adxBit)
	g.CMPQ(adxBit, operand.U32(255))
	g.JNE(operand.LabelRef("same"))
	g.LEAQ(table, adxRow) // the last odd digit has been looked up, the even ones follow
	g.XORL(adxBit.As32(), adxBit.As32())
	g.Label("same")
	g.CMPQ(adxBit, operand.Imm(10))
	g.JNE(operand.LabelRef("added"))
	g.MOVL(operand.U32(5), reg.ECX) // the last odd digit has been added
	g.Label("double")
	g.double()
	g.DECL(reg.ECX)
	g.JNE(operand.LabelRef("double"))
	g.mul(g.e, g.h, g.t)
	g.Label("added")
	g.CMPQ(adxBit, operand.U32(250))
	g.JNE(operand.LabelRef("digit"))

	g.half()
	// As Y = G·H and Z = F·G, u = (Z+Y)/(Z-Y) (RFC 7748, Section 4.1) is
	// (F+H)/(F-H).
	xz := reg.RDI
	g.Load(g.Param("xz"), xz)
	g.result(operand.Mem{Base: xz}, false)
	g.result(operand.Mem{Base: xz, Disp: 32}, true)
	g.wipe()
	g.RET()
}

const adxRowSize = 16 * 96

// Registers of combADX. All other general ones belong to the multiplication.
var (
	adxRow  = reg.RSI // of the table: the next digit's
	adxBit  = reg.RDI // where the next digit starts in m'
	adxSign = reg.RCX // 37 if the next digit is negative, otherwise 0

	adxAcc   = []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5} // what has been selected
	adxIndex = reg.X6                                                            // |d| in 32-bit words
	adxCount = reg.X7                                                            // the number of the entry
	adxOnes  = reg.X8                                                            // -1 in 32-bit words
	adxNeg   = reg.X9                                                            // all ones if d < 0
	adxMatch = reg.X10                                                           // all ones if the entry is the one
)

// adxCombiner holds where combADX keeps what, and the side stream: instructions
// on SSE registers to be emitted between those of multiplications.
type adxCombiner struct {
	*gen.Ctx
	digits     operand.Mem // m', 32 bytes, and zeros
	x, y, z, t operand.Mem // the sum
	m, s       operand.Mem // Y-X, Y+X
	qm, qs, qt operand.Mem // the point to be added
	a, b, c    operand.Mem
	e, f, g, h operand.Mem
	size       int
	start      operand.Mem
	side       []func()
	pace, due  int
}

// frame names the parts of the frame.
func (g *adxCombiner) frame() {
	parts := []*operand.Mem{
		&g.digits, &g.x, &g.y, &g.z, &g.t, &g.m, &g.s, &g.qm, &g.qs, &g.qt, &g.a, &g.b, &g.c, &g.e, &g.f, &g.g, &g.h,
	}
	g.size = 32*len(parts) + 16
	g.start = g.AllocLocal(g.size)
	at := g.start
	for i, p := range parts {
		*p = at
		at = at.Offset(32)
		if i == 0 {
			at = at.Offset(16)
		}
	}
}

func (g *adxCombiner) tick() {
	g.due += g.pace
	for ; g.due >= 1000 && len(g.side) > 0; g.due -= 1000 {
		g.side[0]()
		g.side = g.side[1:]
	}
}

func (g *adxCombiner) drain() {
	for _, f := range g.side {
		f()
	}
	g.side = nil
}

func (g *adxCombiner) constant(dst operand.Mem, w [4]uint64) {
	for i, w := range w {
		g.MOVQ(operand.U32(w), reg.RAX)
		g.MOVQ(reg.RAX, dst.Offset(8*i))
	}
}

// recode makes m'.
func (g *adxCombiner) recode() {
	sixteens := new(big.Int)
	for range 50 {
		sixteens.Lsh(sixteens, 5).Add(sixteens, big.NewInt(16))
	}
	w := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	k := reg.RSI
	g.Load(g.Param("k"), k)
	for i, r := range w {
		g.MOVQ(operand.Mem{Base: k, Disp: 8 * i}, r)
	}
	g.BTRQ(operand.Imm(62), w[3]) // bit 254
	for i, r := range w {
		g.SHRQ(operand.Imm(3), r)
		if i < 3 {
			g.MOVQ(w[i+1], reg.RAX)
			g.SHLQ(operand.Imm(61), reg.RAX)
			g.ORQ(reg.RAX, r)
		}
	}
	c := words64(sixteens)
	for i, r := range w {
		g.MOVQ(operand.U64(c[i]), reg.RAX)
		if i == 0 {
			g.ADDQ(reg.RAX, r)
		} else {
			g.ADCQ(reg.RAX, r)
		}
	}
	for i, r := range w {
		g.MOVQ(r, g.digits.Offset(8*i))
	}
	g.XORL(reg.EAX, reg.EAX)
	g.MOVQ(reg.RAX, g.digits.Offset(32))
}

// pickDigit takes the digit that starts at adxBit, a public number: |d| and the
// sign.
func (g *adxCombiner) pickDigit() {
	n, shift, neg := reg.RAX, reg.RCX, reg.RDX
	at := reg.RBX
	digits := reg.R8
	g.LEAQ(g.digits, digits)
	g.MOVQ(adxBit, at)
	g.SHRQ(operand.Imm(3), at)
	g.MOVL(operand.Mem{Base: digits, Index: at, Scale: 1}, n.As32())
	g.MOVQ(adxBit, shift)
	g.ANDL(operand.Imm(7), shift.As32())
	g.SHRXL(shift.As32(), n.As32(), n.As32())
	g.ANDL(operand.Imm(31), n.As32())
	g.SUBL(operand.Imm(16), n.As32()) // d
	g.MOVLQSX(n.As32(), n)
	g.MOVQ(n, neg)
	g.SARQ(operand.Imm(63), neg) // -1 if d < 0
	g.XORQ(neg, n)
	g.SUBQ(neg, n)
	g.MOVQ(n, adxIndex)
	g.MOVQ(neg, adxNeg)
	g.PSHUFD(operand.Imm(0), adxNeg, adxNeg)
	g.ANDL(operand.Imm(37), neg.As32())
	g.MOVQ(neg, adxSign)
}

// lookup selects, in the side stream, the entry of number adxIndex, from 1 on to
// n. Entry 0 is neutral. For a negative digit of one of the 16 multiples it
// exchanges y-x and y+x and inverts the bits of d·x·y: see negate.
func (g *adxCombiner) lookup(n int) {
	then := func(f func()) { g.side = append(g.side, f) }
	then(func() { g.PSHUFD(operand.Imm(0), adxIndex, adxIndex) })
	then(func() { g.PCMPEQL(adxOnes, adxOnes) })
	then(func() { g.PXOR(adxCount, adxCount) })
	if n == 16 {
		// Where d = 0, the neutral element: (1/2, 1/2, 0).
		then(func() { g.PXOR(adxMatch, adxMatch) })
		then(func() { g.PCMPEQL(adxIndex, adxMatch) })
		neutral := g.Words64("neutralADX", append(words64(half), words64(half)...)...)
		for i := range 4 {
			then(func() { g.MOVOU(neutral.Offset(16*i), adxAcc[i]) })
			then(func() { g.PAND(adxMatch, adxAcc[i]) })
		}
		then(func() { g.PXOR(adxAcc[4], adxAcc[4]) })
		then(func() { g.PXOR(adxAcc[5], adxAcc[5]) })
	} else {
		for i := range 6 {
			then(func() { g.PXOR(adxAcc[i], adxAcc[i]) })
		}
	}
	for j := range n {
		then(func() { g.PSUBL(adxOnes, adxCount) })
		then(func() { g.MOVO(adxCount, adxMatch) })
		then(func() { g.PCMPEQL(adxIndex, adxMatch) })
		for i := range 6 {
			x := []reg.VecPhysical{reg.X11, reg.X12, reg.X13, reg.X14, reg.X15}[i%5]
			then(func() { g.MOVOU(operand.Mem{Base: adxRow, Disp: 96*j + 16*i}, x) })
			then(func() { g.PAND(adxMatch, x) })
			then(func() { g.POR(x, adxAcc[i]) })
		}
	}
	if n < 16 {
		return
	}
	for i := range 2 {
		x := []reg.VecPhysical{reg.X11, reg.X12}[i]
		then(func() { g.MOVO(adxAcc[i], x) })
		then(func() { g.PXOR(adxAcc[i+2], x) })
		then(func() { g.PAND(adxNeg, x) })
		then(func() { g.PXOR(x, adxAcc[i]) })
		then(func() { g.PXOR(x, adxAcc[i+2]) })
		then(func() { g.PXOR(adxNeg, adxAcc[i+4]) })
	}
}

// negate stores the selected point, the third coordinate negated where the sign
// is: its inverted bits are 2^256-1-c = 37-c mod p, and more than 37 as c < p.
func (g *adxCombiner) negate() {
	for i, dst := range []operand.Mem{g.qm, g.qs, g.qt} {
		g.MOVOU(adxAcc[2*i], dst)
		g.MOVOU(adxAcc[2*i+1], dst.Offset(16))
	}
	w := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	g.loadWords(g.qt, w)
	g.SUBQ(adxSign, w[0])
	for _, r := range w[1:] {
		g.SBBQ(operand.Imm(0), r)
	}
	g.storeWords(w, g.qt)
}

func (g *adxCombiner) loadWords(src operand.Mem, w []reg.GPPhysical) {
	for i, r := range w {
		g.MOVQ(src.Offset(8*i), r)
	}
}

func (g *adxCombiner) storeWords(w []reg.GPPhysical, dst operand.Mem) {
	for i, r := range w {
		g.MOVQ(r, dst.Offset(8*i))
	}
}

// add adds the point (qm, qs, qt) to the sum.
func (g *adxCombiner) add() {
	g.pace = 1000 * len(g.side) / (7 * 20)
	g.half()
	g.mul(g.e, g.f, g.x)
	g.mul(g.g, g.h, g.y)
	g.mul(g.f, g.g, g.z)
	g.mul(g.e, g.h, g.t)
}

// half computes E, F, G, H of an addition.
func (g *adxCombiner) half() {
	g.mul(g.t, g.qt, g.c)
	g.sub(g.y, g.x, g.m)
	g.sum(g.y, g.x, g.s)
	g.mul(g.m, g.qm, g.a)
	g.mul(g.s, g.qs, g.b)
	g.sub(g.z, g.c, g.f)
	g.sum(g.z, g.c, g.g)
	g.sub(g.b, g.a, g.e)
	g.sum(g.b, g.a, g.h)
}

// double doubles the sum, but leaves T = E·H to be computed (Hisil, Wong, Carter,
// Dawson, eprint 2008/522, Section 3.3, for a = -1, with the signs of E, F, G and
// H changed):
//
//	A = X²   B = Y²   C = 2·Z²   H = A+B   E = H-(X+Y)²   G = A-B   F = C+G
func (g *adxCombiner) double() {
	g.sum(g.x, g.y, g.s)
	g.mul(g.x, g.x, g.a)
	g.mul(g.y, g.y, g.b)
	g.mul(g.z, g.z, g.c)
	g.mul(g.s, g.s, g.m)
	g.sum(g.a, g.b, g.h)
	g.sub(g.h, g.m, g.e)
	g.sub(g.a, g.b, g.g)
	g.sum(g.c, g.c, g.f)
	g.fullSum(g.f, g.g, g.f)
	g.mul(g.e, g.f, g.x)
	g.mul(g.g, g.h, g.y)
	g.mul(g.f, g.g, g.z)
}

// mul sets dst to x·y mod p, less than 2^255 + 2^11, for any x and y of 256 bits.
//
// With 2^256 = 38 mod p, the high half of the product is folded to less than
// 39·2^256; then what stands above bit 255, less than 2·39, is multiplied by 19.
func (g *adxCombiner) mul(x, y, dst operand.Mem) {
	r := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15}
	lo, hi := reg.RAX, reg.RBX
	g.MOVQ(y, reg.RDX)
	g.MULXQ(x, r[0], r[1])
	g.tick()
	for i := 1; i < 4; i++ {
		g.MULXQ(x.Offset(8*i), lo, r[i+1])
		if i == 1 {
			g.ADDQ(lo, r[i])
		} else {
			g.ADCQ(lo, r[i])
		}
		g.tick()
	}
	g.ADCQ(operand.Imm(0), r[4])
	for j := 1; j < 4; j++ {
		g.MOVQ(y.Offset(8*j), reg.RDX)
		g.XORL(r[j+4].As32(), r[j+4].As32())
		for i := range 4 {
			g.MULXQ(x.Offset(8*i), lo, hi)
			g.ADCXQ(lo, r[i+j])
			g.ADOXQ(hi, r[i+j+1])
			g.tick()
		}
		g.ADCQ(operand.Imm(0), r[j+4])
	}
	g.MOVL(operand.U32(38), reg.EDX)
	for i := range 4 {
		g.MULXQ(r[i+4], lo, hi)
		if i == 0 {
			g.XORL(r[4].As32(), r[4].As32())
		}
		g.ADCXQ(lo, r[i])
		g.ADOXQ(hi, r[i+1])
		g.tick()
	}
	g.ADCQ(operand.Imm(0), r[4])
	g.BTRQ(operand.Imm(63), r[3])
	g.ADCQ(r[4], r[4])
	g.IMUL3Q(operand.Imm(19), r[4], r[4])
	g.ADDQ(r[4], r[0])
	for i := 1; i < 4; i++ {
		g.ADCQ(operand.Imm(0), r[i])
	}
	g.storeWords(r[:4], dst)
}

var adxSum = []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}

// sum sets dst to x + y, of 256 bits, for products x and y. Where the sum carries,
// what is left is less than 2^12, so that adding 38 does not.
func (g *adxCombiner) sum(x, y, dst operand.Mem) {
	w := adxSum
	g.loadWords(x, w)
	g.plus(y, w)
	g.fold(w[:1], false)
	g.storeWords(w, dst)
}

// sub sets dst to x - y, of 256 bits, for any x and a product y. Where it borrows,
// what is left is at least 2^256 - 2^255 - 2^11, so that subtracting 38 does not.
func (g *adxCombiner) sub(x, y, dst operand.Mem) {
	w := adxSum
	g.loadWords(x, w)
	g.minus(y, w)
	g.fold(w, true)
	g.storeWords(w, dst)
}

// fullSum sets dst to x + y, of 256 bits, for any x and y.
func (g *adxCombiner) fullSum(x, y, dst operand.Mem) {
	w := adxSum
	g.loadWords(x, w)
	g.plus(y, w)
	g.fold(w, false)
	g.fold(w[:1], false)
	g.storeWords(w, dst)
}

func (g *adxCombiner) plus(y operand.Mem, w []reg.GPPhysical) {
	for i, r := range w {
		if i == 0 {
			g.ADDQ(y, r)
		} else {
			g.ADCQ(y.Offset(8*i), r)
		}
	}
}

func (g *adxCombiner) minus(y operand.Mem, w []reg.GPPhysical) {
	for i, r := range w {
		if i == 0 {
			g.SUBQ(y, r)
		} else {
			g.SBBQ(y.Offset(8*i), r)
		}
	}
}

// fold adds 38 to the words of w, or subtracts it, if CF is set.
func (g *adxCombiner) fold(w []reg.GPPhysical, subtract bool) {
	g.SBBQ(reg.RAX, reg.RAX)
	g.ANDL(operand.Imm(38), reg.EAX)
	for i, r := range w {
		switch {
		case i == 0 && subtract:
			g.SUBQ(reg.RAX, r)
		case i == 0:
			g.ADDQ(reg.RAX, r)
		case subtract:
			g.SBBQ(operand.Imm(0), r)
		default:
			g.ADCQ(operand.Imm(0), r)
		}
	}
}

// result stores F + H, or F - H, to dst, fully reduced. F and H are any numbers.
func (g *adxCombiner) result(dst operand.Mem, subtract bool) {
	w := adxSum
	g.loadWords(g.f, w)
	if subtract {
		g.minus(g.h, w)
	} else {
		g.plus(g.h, w)
	}
	// Where the first fold carries (borrows), what is left is less than 38 (at
	// least 2^256-38).
	g.fold(w, subtract)
	g.fold(w[:1], subtract)
	// Bit 255 counts 19: less than 2^255 + 19.
	v := []reg.GPPhysical{reg.R12, reg.R13, reg.R14, reg.R15}
	g.BTRQ(operand.Imm(63), w[3])
	g.SBBQ(reg.RAX, reg.RAX)
	g.ANDL(operand.Imm(19), reg.EAX)
	g.ADDQ(reg.RAX, w[0])
	for _, r := range w[1:] {
		g.ADCQ(operand.Imm(0), r)
	}
	// It is at least p if and only if adding 19 reaches 2^255; and then what is
	// below is the number less p.
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
	}
	g.storeWords(w, dst)
}

// wipe clears what is left of the computation: the frame, vectors, words.
func (g *adxCombiner) wipe() {
	for i := range 16 {
		x := gen.Width(128).Reg(i)
		g.PXOR(x, x)
	}
	for i := 0; i < g.size; i += 16 {
		g.MOVOU(reg.X0, g.start.Offset(i))
	}
	words := append([]reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.R12, reg.R13, reg.R14, reg.R15}, adxSum...)
	for _, r := range words {
		g.XORL(r.As32(), r.As32())
	}
}

// words64 returns the four words of x < 2^256.
func words64(x *big.Int) []uint64 {
	w := make([]uint64, 4)
	for i := range w {
		w[i] = new(big.Int).Rsh(x, uint(64*i)).Uint64()
	}
	return w
}

// times returns n·a.
func (a affine) times(n int) affine {
	sum := affine{big.NewInt(0), big.NewInt(1)}
	for range n {
		sum = sum.add(a)
	}
	return sum
}

// combTableADX returns the table: [digit/2][multiple][coordinate][word].
func combTableADX() (words []uint64) {
	p := basePoint().times(8)
	for range 25 {
		q := p
		for range 16 {
			words = append(words, words64(q.difference(half))...)
			words = append(words, words64(q.sum(half))...)
			words = append(words, words64(q.xy(d25519))...)
			q = q.add(p)
		}
		p = p.times(32).times(32)
	}
	return words
}

// combTopADX returns x, y and x·y of (n+2)·32^49·8B for n = 0, 1, 2.
func combTopADX() (words []uint64) {
	p := basePoint().times(8)
	for range 49 {
		p = p.times(32)
	}
	for n := range 3 {
		q := p.times(n + 2)
		words = append(words, words64(q.x)...)
		words = append(words, words64(q.y)...)
		words = append(words, words64(q.xy(big.NewInt(1)))...)
	}
	return words
}
