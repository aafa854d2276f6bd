package main

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// combIFMA computes k·B, for a clamped scalar k, as the sum of 64 points that are
// looked up in a table by 64 signed digits in radix 16:
//
//	k = Σ d[i]·16^i, -8 <= d[i] <= 7 for i < 63, 0 <= d[63] <= 8
//
// Let k' = k + Σ 8·16^i over i < 63. As k < 2^255 and that sum is less than
// 2^252, k' < 2^256: no carry goes out. Its hexadecimal digits n[i] give d[i] =
// n[i] - 8 for i < 63, and d[63] = n[63] is at most 7+1.
//
// Eight lanes work on eight digits at a time, lane L on d[b+8L] in batch b: the
// eight digits of a lane are the word L of k' in 32-bit words. Each digit has its
// own row of the table, with the multiples 1 to 8 of 16^i·B, so that there are no
// doublings. In the end the eight lanes' sums are added in three rounds.
//
// # Additions
//
// A point is held in extended coordinates (Hisil, Wong, Carter, Dawson, eprint
// 2008/522): x = X/Z, y = Y/Z, X·Y = T·Z. The sum of two points is, for any
// factor s other than 0 (Section 3.1; theirs is s = 2),
//
//	A = s/2·(Y1-X1)·(Y2-X2)    E = B-A    X3 = E·F
//	B = s/2·(Y1+X1)·(Y2+X2)    H = B+A    Y3 = G·H
//	C = s·d·T1·T2              F = D-C    Z3 = F·G
//	D = s·Z1·Z2                G = D+C    T3 = E·H
//
// These formulas are complete: they hold for all pairs of points, equal, inverse
// or neutral, and F and G are never 0, because a = -1 is a square mod p, d is not
// (Bernstein, Lange, eprint 2007/286, Theorem 3.3, for a = 1, to which the curve
// is isomorphic: F and G are s·Z1·Z2·(1 ∓ d·x1·x2·y1·y2)). So no case needs care.
//
// A point from the table has Z2 = 1 and its coordinates are stored as they are
// needed for s = 1: (y-x)/2, (y+x)/2, d·x·y. The first batch is added to nothing:
// its rows hold y-x, y+x, x·y, so that X = x, Y = y, Z = 1, T = x·y.
//
// A multiple is always added, never subtracted. Where the digit is negative, the
// negative of the lane's sum is what it is added to: the sum changes its sign where
// digits of different signs follow one another, and takes its own in the end. To
// negate is to exchange Y-X and Y+X, and to negate T; in a batch C instead.
//
// # Selection
//
// A vector of the table holds a limb of a coordinate of the j-th multiple for
// each lane. All eight multiples are loaded, each under the mask of the lanes
// whose |d| is j; where d = 0 stays what stood there before, the neutral element.
// Addresses do not depend on k. The lookups of a batch are emitted between the
// multiplications of the batch before.
//
// # Speed
//
// The multiplier units of Zen 5, two, are busy for 209 cycles a batch: with 357
// multiply-adds, 35 multiplications by 19 or 38, and 25 stores, of which each takes
// a slot of theirs. So only T, Z, G and two coordinates of the table go through
// memory. All instructions of a batch would start in 200 cycles, at four a cycle.
//
// What was refused: digits in radix 32, which save one batch of eight and double the
// lookups; table entries of four words, which save a fifth of the loads and take
// more instructions to be made limbs; rows for every second digit only, for the four
// doublings that come with them take as long as four batches.
func combIFMA(c *gen.Ctx) {
	g := &combiner{ifma8: ifma8{Ctx: c}}
	table := combTableIFMA(c)
	g.Kernel("combTableIFMA")
	g.LEAQ(table, reg.RAX)
	g.Store(reg.RAX, g.ReturnIndex(0))
	g.RET()

	g.mulKernel()

	g.kernel("combIFMA", 5*5*vec+vec)
	g.digits = g.bytes(vec)
	for _, s := range []**slot{&g.t, &g.z, &g.g, &g.qs, &g.qt} {
		*s = g.newSlot()
	}
	g.Load(g.Param("table"), row)
	g.recode()
	g.first()
	g.KMOVB(nextSign, sign)
	g.pickDigits()
	g.lookupAll(half)
	g.drain()

	// The last batch is like the others, but there is no next to look up.
	sum, factor := sumBounds()
	g.difference.b, g.sum.b, g.t.b, g.z.b = factor, factor, factor, sum
	start := []elem{g.difference, g.sum, g.qm}
	for i := range start {
		start[i].r = slices.Clone(start[i].r)
	}
	g.MOVL(operand.U32(6), left)
	g.Align(64)
	g.Label("batch")
	g.pickDigits()
	g.lookupAll(half)
	g.batch()
	g.drain()
	g.move([]elem{g.difference, g.sum, g.qm}, start)
	g.difference.r, g.sum.r, g.qm.r = start[0].r, start[1].r, start[2].r
	g.DECL(left)
	g.JNE(operand.LabelRef("batch"))
	g.batch()
	g.combine()
	g.wipe()
	g.VZEROUPPER()
	g.RET()
}

// Registers outside of the arithmetic.
var (
	row  = reg.R9   // of the table: the next batch's
	left = reg.R10L // batches to go

	sign     = reg.K1 // lanes whose sum is the negative
	nextSign = reg.K2 // lanes with d < 0, of the batch that is looked up
	flips    = reg.K3 // lanes whose sum is negated
	upper    = reg.K2 // lanes 4 to 7
	odd      = reg.K4 // lanes 2, 3, 6, 7
	pair     = reg.K5 // lanes 2, 3
	lower    = reg.K3 // lanes 0 to 3
	matches  = reg.K7 // lanes whose |d| is that of the entry
)

// combiner holds where combIFMA keeps what.
type combiner struct {
	ifma8
	digits operand.Mem // k', a word of 32 bits a lane, less the digits that were taken

	difference, sum elem  // of the sums: Y-X, Y+X
	t, z            *slot // T; Z biased and not carried
	qm              elem  // of the points to be added: (y-x)/2
	qs, qt          *slot // (y+x)/2, d·x·y
	g               *slot // G
	abs             reg.VecPhysical
}

// recode makes k' and spreads it over the lanes.
func (g *combiner) recode() {
	w := []reg.GPPhysical{reg.RAX, reg.RCX, reg.RDX, reg.RBX}
	eights := reg.RDI
	k := reg.RSI
	g.Load(g.Param("k"), k)
	g.MOVQ(operand.U64(0x8888888888888888), eights)
	for i, r := range w {
		g.MOVQ(operand.Mem{Base: k, Disp: 8 * i}, r)
	}
	g.ADDQ(eights, w[0])
	g.ADCQ(eights, w[1])
	g.ADCQ(eights, w[2])
	g.MOVQ(operand.U64(0x0888888888888888), eights)
	g.ADCQ(eights, w[3])

	x := g.regs.Take("k'")
	hi := g.regs.Take("high half of k'")
	g.VMOVQ(w[0], x.AsX())
	g.VMOVQ(w[2], hi.AsX())
	g.VPINSRQ(operand.Imm(1), w[1], x.AsX(), x.AsX())
	g.VPINSRQ(operand.Imm(1), w[3], hi.AsX(), hi.AsX())
	g.VINSERTI128(operand.Imm(1), hi.AsX(), x.AsY(), x.AsY())
	g.VPMOVZXDQ(x.AsY(), x)
	g.VMOVDQA64(x, g.digits)
	// Batch 7 comes first. Nothing stands above its digits.
	g.VPSRLQ(operand.Imm(28), x, x)
	g.VPSUBQ(g.Words64("lastBias", 8, 8, 8, 8, 8, 8, 8, 0), x, x)
	g.regs.Give(hi)
	g.VPMOVQ2M(x, nextSign)
	g.VPABSQ(x, x)
	g.abs = x
}

// pickDigits takes the next digit of each lane.
func (g *combiner) pickDigits() {
	var x, d reg.VecPhysical
	g.side = append(g.side,
		func() {
			x, d = g.regs.Take("digits left"), g.regs.Take("digits")
			g.VMOVDQA64(g.digits, x)
		},
		func() { g.VPANDQ_BCST(g.word("c15", 15), x, d) },
		func() { g.VPSRLQ(operand.Imm(4), x, x) },
		func() {
			g.VMOVDQA64(x, g.digits)
			g.regs.Give(x)
		},
		func() { g.VPSUBQ_BCST(g.word("c8", 8), d, d) },
		func() { g.VPMOVQ2M(d, nextSign) },
		func() {
			g.VPABSQ(d, d)
			g.abs = d
		},
	)
}

// lookup looks up a coordinate of the points of a batch, in the side stream: 0
// for y-x, 1 for y+x, 2 for x·y, each scaled. Where a digit is 0 it is one. done
// gets the registers.
func (g *combiner) lookup(coordinate int, one *big.Int, done func(e elem)) {
	var e elem
	then := func(f func()) { g.side = append(g.side, f) }
	limbs := limbs51(one)
	for i := range 5 {
		then(func() {
			if i == 0 {
				most := uint64(1<<51 - 1)
				e = elem{g.take("coordinate", 5), upTo([5]uint64{most, most, most, most, most})}
			}
			if limbs[i] == 0 {
				g.zero(e.r[i])
			} else {
				g.VPBROADCASTQ(g.word(fmt.Sprintf("c%x", limbs[i]), limbs[i]), e.r[i])
			}
		})
	}
	for j := range 8 {
		then(func() { g.VPCMPEQQ_BCST(g.word(fmt.Sprint("c", j+1), uint64(j+1)), g.abs, matches) })
		for i := range 5 {
			then(func() {
				g.VMOVDQU64(operand.Mem{Base: row, Disp: ((j*3+coordinate)*5 + i) * vec}, matches, e.r[i])
			})
		}
	}
	then(func() { done(e) })
}

// lookupAll looks up all three: y-x stays in registers.
func (g *combiner) lookupAll(one *big.Int) {
	keep := func(s *slot) func(e elem) {
		return func(e elem) {
			g.store(e, s)
			g.give(e)
		}
	}
	g.lookup(1, one, keep(g.qs))
	g.lookup(2, new(big.Int), keep(g.qt))
	g.lookup(0, one, func(e elem) {
		g.qm = e
		g.regs.Give(g.abs)
		g.ADDQ(operand.U32(8*3*5*vec), row)
	})
}

// first takes the first batch for the sums.
func (g *combiner) first() {
	g.lookupAll(big.NewInt(1))
	g.drain()
	g.sum = g.load(g.qs)
	g.difference = g.qm
	t := g.load(g.qt)
	g.store(t, g.t)
	b := multiple(19 * biasFold)
	b[0]++
	for i, r := range t.r {
		g.VPBROADCASTQ(g.word(fmt.Sprintf("c%x", b[i]), b[i]), r)
	}
	t.b = exactly(b)
	g.store(t, g.z)
	g.give(t)
	sum, factor := sumBounds()
	g.check(sum, factor)
}

// sumBounds returns what the sums are within at the start of each batch, Z and
// the others.
func sumBounds() (sum, factor bounds) {
	bias := exactly(multiple(19 * biasFold))
	most := uint64(1<<51 + 1<<18)
	factor = upTo([5]uint64{most, most, most, most, most})
	most = 1 << 59
	return bias.add(upTo([5]uint64{most, most, most, most, most})), factor
}

func (g *combiner) check(sum, factor bounds) {
	if !g.difference.b.within(factor) || !g.sum.b.within(factor) || !g.t.b.within(factor) {
		panic("x25519: factors out of bounds")
	}
	if !g.z.b.within(sum) {
		panic(fmt.Sprint("x25519: Z out of bounds: ", g.z.b))
	}
}

// batch adds the points of a batch to the sums. The order of the
// multiplications is such that none waits for the one before it.
func (g *combiner) batch() {
	bounds, factor := sumBounds()
	g.pace = 1000 * len(g.side) / 340
	g.flip()

	// A = (Y-X)·(y-x)/2, B = (Y+X)·(y+x)/2, E = B-A, H = B+A.
	a := g.mul(g.difference, g.qm, false)
	g.give(g.difference, g.qm)
	b := g.mul(g.sum, g.qs, true)
	g.give(g.sum)
	h, e := g.sumDifference(b, a)
	e, h = g.carry(e), g.carry(h)

	// C = T·d·x·y, D = Z, F = D-C, G = D+C. Where C is to be negated it becomes
	// a number below 0, which Z exceeds.
	t := g.load(g.t)
	c := g.mul(t, g.qt, false)
	g.give(t)
	zero, z := g.regs.Take("zero"), g.regs.Take("limb of Z")
	g.zero(zero)
	for _, r := range c.r {
		g.VPSUBQ(r, zero, flips, r)
	}
	f := elem{g.take("F", 5), g.z.b.plusMinus(c.b)}
	for i := range 5 {
		g.VMOVDQA64(limb(g.z.m, i), z)
		g.VPSUBQ(c.r[i], z, f.r[i])
		g.VPADDQ(c.r[i], z, c.r[i])
	}
	g.regs.Give(zero, z)
	c.b = f.b
	f, c = g.carry(f), g.carry(c)
	g.store(c, g.g)
	g.give(c)

	// T = E·H, X = E·F, Y = G·H, Z = F·G.
	t = g.carry(g.mul(h, e, false))
	g.store(t, g.t)
	g.give(t)
	x := g.mul(f, e, false)
	g.give(e)
	y := g.mul(h, g.g, true)
	g.give(h)
	g.sum, g.difference = g.sumDifference(y, x)
	g.difference, g.sum = g.carry(g.difference), g.carry(g.sum)
	d := g.mul(f, g.g, true)
	g.give(f)
	g.store(d, g.z)
	g.give(d)
	g.check(bounds, factor)
}

// flip takes the negative of the sums where the sign of the digit is not the one
// that they have. The negative of T is had by negating C.
func (g *combiner) flip() {
	g.KXORB(sign, nextSign, flips)
	g.KMOVB(nextSign, sign)
	g.exchange()
}

// exchange exchanges Y-X and Y+X in the lanes of flips.
func (g *combiner) exchange() {
	x := g.regs.Take("exchanged")
	for i := range 5 {
		d, s := g.difference.r[i], g.sum.r[i]
		g.VPBLENDMQ(s, d, flips, x)
		g.VPBLENDMQ(d, s, flips, s)
		g.difference.r[i], x = x, d
	}
	g.regs.Give(x)
	both := g.difference.b.union(g.sum.b)
	g.difference.b, g.sum.b = both, both
}

// move moves elements to other registers, which may be those of some of them.
func (g *combiner) move(from, to []elem) {
	var src, dst []reg.VecPhysical
	for i := range from {
		src, dst = append(src, from[i].r...), append(dst, to[i].r...)
	}
	free := g.regs.Take("free")
	g.regs.Give(free)
	g.regs.Give(src...)
	g.regs.TakeThese("moved", dst...)
	for len(src) > 0 {
		// One whose target is not to be read any more.
		i := slices.IndexFunc(dst, func(r reg.VecPhysical) bool {
			j := slices.Index(src, r)
			return j < 0 || dst[j] == r
		})
		if i < 0 { // a circle
			g.VMOVDQA64(src[0], free)
			src[0] = free
			continue
		}
		if src[i] != dst[i] {
			g.VMOVDQA64(src[i], dst[i])
		}
		src, dst = slices.Delete(src, i, i+1), slices.Delete(dst, i, i+1)
	}
}

// Permutations of the four 128-bit parts of a vector, in the immediate of
// VSHUFI64X2.
func parts(a, b, c, d uint8) operand.Constant { return operand.U8(a | b<<2 | c<<4 | d<<6) }

var (
	swapHalves = parts(2, 3, 0, 1)
	swapParts  = parts(1, 0, 3, 2)
)

// shuffle returns parts of x, the lower two of the result, and of y, the upper
// two.
func (g *combiner) shuffle(imm operand.Constant, x, y elem) elem {
	r := elem{g.take("shuffled", 5), x.b.union(y.b)}
	for i := range 5 {
		g.VSHUFI64X2(imm, y.r[i], x.r[i], r.r[i])
	}
	return r
}

// multiple returns limb i of n·p, for broadcast.
func (g *ifma8) multiple(n uint64, i int) operand.Mem {
	i = min(i, 1)
	return g.word(fmt.Sprintf("p%d_%d", n, i), multiple(n)[i])
}

// sumsDifferences returns, for e = (x, y) or (x, y, z, w), (x+y, x-y) or (x+y,
// x-y, z+w, z-w), by the lanes of mask where differences go, and the permutation
// that exchanges. n·p exceeds what is subtracted.
func (g *combiner) sumsDifferences(e elem, swap operand.Constant, mask reg.OpmaskPhysical, n uint64) elem {
	s := g.shuffle(swap, e, e)
	g.addNegated(e, s, mask, n)
	e.b = e.b.add(s.b).union(exactly(multiple(n)).sub(e.b).add(s.b))
	g.give(s)
	return e
}

// addNegated sets e to s + e, and s + n·p - e in the lanes of mask.
func (g *combiner) addNegated(e, s elem, mask reg.OpmaskPhysical, n uint64) {
	bias := g.take("bias", 2)
	for i, r := range bias {
		g.VPBROADCASTQ(g.multiple(n, i), r)
	}
	for i, r := range e.r {
		g.VPSUBQ(r, bias[min(i, 1)], mask, r)
		g.VPADDQ(s.r[i], r, r)
	}
	g.regs.Give(bias...)
}

// scale multiplies e by a small constant for each of the lanes; the result has
// little more than 52 bits.
func (g *combiner) scale(e elem, name string, c [8]uint64) elem {
	most := interval{new(big.Int), new(big.Int).SetUint64(max(c[0], c[4], c[6]))}
	factor := g.regs.Take("factor")
	g.VMOVDQU64(g.Words64(name, c[:]...), factor)
	lo, hi := g.take("lo", 5), g.take("hi", 5)
	for i := 4; i >= 0; i-- {
		e.b[i].below(52)
		g.zero(hi[i])
		g.VPMADD52HUQ(factor, e.r[i], hi[i])
		g.zero(lo[i])
		g.VPMADD52LUQ(factor, e.r[i], lo[i])
	}
	b := each(func(i int) interval {
		l, h := e.b[i].mul(most).lowBits(52), e.b[(i+4)%5].mul(most).shift(52)
		if i == 0 {
			return l.add(h.below(52).times(38).below(52)).word()
		}
		return l.add(h.times(2)).word()
	})
	for i := 1; i < 5; i++ {
		g.VPADDQ(hi[i-1], hi[i-1], hi[i-1])
		g.VPADDQ(hi[i-1], lo[i], lo[i])
	}
	g.VPMADD52LUQ_BCST(g.word("c38", 38), hi[4], lo[0])
	g.give(e)
	g.regs.Give(hi...)
	g.regs.Give(factor)
	return elem{lo, b}
}

// combine adds the sums of the eight lanes and stores u. Only now T·T' is to be
// multiplied by d: with s = 121666, C is -121665·T1·T2, so that every factor is
// small. Below, c stands for -C, and the elements in the four parts of a vector
// are listed from the lowest on; a point in two parts has four lanes, in one it
// has two.
func (g *combiner) combine() {
	const a, d, c = 121666 / 2, 121666, 121665
	halves := []operand.Constant{parts(0, 1, 0, 1), parts(2, 3, 2, 3)}

	// Lanes 0 to 3 and 4 to 7 to four points. (B, A) and (D, c):
	g.KMOVB(sign, flips)
	g.exchange()
	t := g.load(g.t)
	for i, r := range t.r {
		p := g.regs.Take("2p")
		g.VPBROADCASTQ(g.multiple(2, i), p)
		g.VPSUBQ(r, p, flips, r)
		g.regs.Give(p)
	}
	t.b = t.b.union(exactly(multiple(2)).sub(t.b))
	for _, m := range []struct {
		k    reg.OpmaskPhysical
		bits uint32
	}{{upper, 0xf0}, {odd, 0xcc}, {pair, 0x0c}, {lower, 0x0f}} {
		g.MOVL(operand.U32(m.bits), reg.EAX)
		g.KMOVB(reg.EAX, m.k)
	}
	x, y := g.sum, g.difference
	l, r := g.shuffle(halves[0], x, y), g.shuffle(halves[1], x, y)
	g.give(x, y)
	ba := g.carry(g.mul(l, r, false))
	g.give(l, r)
	x, y = g.carry(g.load(g.z)), t
	l, r = g.shuffle(halves[0], x, y), g.shuffle(halves[1], x, y)
	g.give(x, y)
	dc := g.carry(g.mul(l, r, false))
	g.give(l, r)
	ba = g.scale(ba, "scaleBA", [8]uint64{a, a, a, a, a, a, a, a})
	dc = g.scale(dc, "scaleDC", [8]uint64{d, d, d, d, c, c, c, c})
	// (H, E) and (F, G):
	he := g.carry(g.sumsDifferences(ba, swapHalves, upper, 4))
	fg := g.carry(g.sumsDifferences(dc, swapHalves, upper, 4))
	// (Y, X) = (H, E)·(G, F) and (Z, T) = (F, E)·(G, H):
	eh, gf := g.shuffle(swapHalves, he, he), g.shuffle(swapHalves, fg, fg)
	yx := g.mul(he, gf, false)
	for i := range 5 {
		g.VMOVDQA64(he.r[i], upper, fg.r[i])
		g.VMOVDQA64(eh.r[i], upper, gf.r[i])
	}
	fe, gh := elem{fg.r, fg.b.union(he.b)}, elem{gf.r, gf.b.union(eh.b)}
	g.give(he, eh)
	zt := g.mul(fe, gh, false)
	g.give(fe, gh)

	// Lanes 0, 1 and 2, 3 to two points. (Y+X, Y-X):
	zt = g.carry(zt)
	sm := g.carry(g.sumsDifferences(yx, swapHalves, upper, 256))
	// (Y+X, Y-X, Z, T) of either:
	l, r = g.shuffle(parts(0, 2, 0, 2), sm, zt), g.shuffle(parts(1, 3, 1, 3), sm, zt)
	g.give(sm, zt)
	// (B, A, D, c), (H, E, F, G), (Y, X, Z, T) = (H, E, F, E)·(G, F, G, H):
	badc := g.carry(g.mul(l, r, false))
	g.give(l, r)
	badc = g.scale(badc, "scaleBADC", [8]uint64{a, a, a, a, d, d, c, c})
	hefg := g.carry(g.sumsDifferences(badc, swapParts, odd, 4))
	l, r = g.shuffle(parts(0, 1, 2, 1), hefg, hefg), g.shuffle(parts(3, 2, 3, 0), hefg, hefg)
	g.give(hefg)
	yxzt := g.mul(l, r, false)
	g.give(l, r)

	// Lanes 0 and 1 to one point. (Y+X, Y-X, Z, T):
	s := elem{g.take("exchanged", 5), yxzt.b}
	for i := range 5 {
		g.VSHUFI64X2_Z(swapParts, yxzt.r[i], yxzt.r[i], lower, s.r[i])
	}
	g.addNegated(yxzt, s, pair, 256)
	yxzt.b = yxzt.b.union(yxzt.b.add(s.b)).union(exactly(multiple(256)).sub(yxzt.b).add(s.b))
	l = g.carry(yxzt)
	for i := range 5 {
		g.VPSHUFD(operand.U8(0x4e), l.r[i], s.r[i])
	}
	s.b = l.b
	badc = g.carry(g.mul(l, s, false))
	g.give(l, s)
	badc = g.scale(badc, "scaleBADC", [8]uint64{a, a, a, a, d, d, c, c})
	// As Y = G·H and Z = F·G, u = (Z+Y)/(Z-Y) (RFC 7748, Section 4.1) is
	// (F+H)/(F-H). (H, H, F, F):
	s = g.shuffle(swapParts, badc, badc)
	for i := range 5 {
		g.VPADDQ(s.r[i], badc.r[i], badc.r[i])
	}
	badc.b = badc.b.add(s.b)
	g.give(s)
	// (F+H, F-H, ...):
	u := g.carry(g.sumsDifferences(badc, swapHalves, pair, 8))
	g.store(u, g.g)
	g.give(u)
	xz := reg.RDI
	g.Load(g.Param("xz"), xz)
	for i := range 2 {
		g.pack(g.g, i*16, operand.Mem{Base: xz, Disp: 32 * i})
	}
}

// pack stores the element at an offset within the vectors of s to dst, as four
// words, fully reduced. Its limbs are carried ones, so that it is less than 2p.
func (g *combiner) pack(s *slot, offset int, dst operand.Mem) {
	if s.b.value().Cmp(new(big.Int).Lsh(p25519, 1)) >= 0 {
		panic("x25519: result may exceed 2p")
	}
	w := []reg.GPPhysical{reg.RAX, reg.RCX, reg.RDX, reg.RBX}
	v := []reg.GPPhysical{reg.RSI, reg.R9, reg.R10, reg.R11}
	load := func(i int, r reg.GPPhysical) {
		s.b[i].below(52)
		g.MOVQ(limb(s.m, i).Offset(offset), r)
	}
	// Word i is the sum of what limbs i and i+1 have in bits 64i to 64i+63: limb
	// i is at bit 51i.
	for i := range 4 {
		load(i, w[i])
		if i > 0 {
			g.SHRQ(operand.Imm(uint64(13*i)), w[i])
		}
		load(i+1, v[i])
		g.SHLQ(operand.Imm(uint64(51-13*i)), v[i])
	}
	for i := range 4 {
		if i == 0 {
			g.ADDQ(v[i], w[i])
		} else {
			g.ADCQ(v[i], w[i])
		}
	}
	// It is at least p if and only if adding 19 reaches 2^255; and then what is
	// below is the number less p.
	for i := range 4 {
		g.MOVQ(w[i], v[i])
	}
	g.ADDQ(operand.Imm(19), v[0])
	for i := 1; i < 4; i++ {
		g.ADCQ(operand.Imm(0), v[i])
	}
	g.BTRQ(operand.Imm(63), v[3]) // CF is the bit
	for i := range 4 {
		g.CMOVQCS(v[i], w[i])
		g.MOVQ(w[i], dst.Offset(8*i))
	}
}

// wipe clears what is left of the computation: the frame, vectors, words.
func (g *combiner) wipe() {
	for i := range 32 {
		g.zero(gen.Width(512).Reg(i))
	}
	for i := 0; i < g.used; i += vec {
		g.VMOVDQA64(gen.Width(512).Reg(0), operand.Mem{Base: g.base, Disp: i})
	}
	for _, r := range []reg.GPPhysical{reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.R9, reg.R10, reg.R11} {
		g.XORL(r.As32(), r.As32())
	}
}

// mulKernel builds a function for tests: one multiplication with its carry.
func (g *combiner) mulKernel() {
	g.kernel("mulIFMA", 0)
	x, y, z := reg.RAX, reg.RCX, reg.RDX
	g.Load(g.Param("z"), z)
	g.Load(g.Param("x"), x)
	g.Load(g.Param("y"), y)
	var e [2]elem
	for i, p := range []reg.GPPhysical{x, y} {
		most := uint64(1<<52 - 1)
		e[i] = elem{g.take("factor", 5), upTo([5]uint64{most, most, most, most, most})}
		for j, r := range e[i].r {
			g.VMOVDQU64(operand.Mem{Base: p, Disp: j * vec}, r)
		}
	}
	product := g.carry(g.mul(e[0], e[1], false))
	for j, r := range product.r {
		g.VMOVDQU64(r, operand.Mem{Base: z, Disp: j * vec})
	}
	g.VZEROUPPER()
	g.RET()
}

// combTableIFMA returns the table: [batch][multiple][coordinate][limb][lane],
// the batches in the order in which they are added, 7, 0, 1, ..., 6.
func combTableIFMA(c *gen.Ctx) operand.Mem {
	rows := multiples(64, 16, 8)
	var words []uint64
	for _, b := range []int{7, 0, 1, 2, 3, 4, 5, 6} {
		for j := range 8 {
			var coordinates [3][8][5]uint64
			for lane := range 8 {
				p := rows[b+8*lane][j]
				scale, d := half, d25519
				if b == 7 {
					scale, d = big.NewInt(1), big.NewInt(1)
				}
				coordinates[0][lane] = limbs51(p.difference(scale))
				coordinates[1][lane] = limbs51(p.sum(scale))
				coordinates[2][lane] = limbs51(p.xy(d))
			}
			for _, x := range coordinates {
				for i := range 5 {
					for lane := range 8 {
						words = append(words, x[lane][i])
					}
				}
			}
		}
	}
	return c.Words64("combTableIFMA", words...)
}
