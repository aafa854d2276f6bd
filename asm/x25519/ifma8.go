package main

import (
	"fmt"
	"math/big"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// ifma8 emits arithmetic on eight field elements at once, one a lane of 64 bits
// of a zmm register: five registers hold five limbs in radix 2^51.
//
// A product is computed in full and folded (see mul); its limbs have up to 60
// bits. Sums and differences of such are taken as they are, limb by limb, where a
// multiple of p is added first that exceeds each limb to be subtracted. A carry
// then makes limbs of little more than 51 bits, fit to be factors. The sum of two
// carried elements is not: it may have 53 bits.
type ifma8 struct {
	*gen.Ctx
	regs *gen.Pool
	base reg.GPPhysical // of the frame, aligned to 64 bytes
	used int            // bytes of the frame that have a name
	uses int            // makes names unique

	side  []func() // to be emitted between the instructions of multiplications
	pace  int      // how many to each 1000 multiplications of limbs
	spare int
}

// An elem is a field element in registers, and the bounds of its limbs.
type elem struct {
	r []reg.VecPhysical
	b bounds
}

// A slot is a field element in the frame.
type slot struct {
	m operand.Mem
	b bounds
}

const vec = 64 // bytes of a vector

// kernel starts the function name with a frame of n bytes, aligned to 64.
func (g *ifma8) kernel(name string, n int) {
	g.Implement(name)
	g.Attributes(attr.Attribute(0)) // not NOSPLIT: the frame is too large
	g.regs = gen.NewPool(512, 32)
	g.base = reg.R8
	g.used = 0
	g.LEAQ(g.AllocLocal(n+vec-8).Offset(vec-8), g.base) // the stack is aligned to 8
	g.ANDQ(operand.I32(-vec), g.base)
}

// bytes names n more bytes of the frame.
func (g *ifma8) bytes(n int) operand.Mem {
	m := operand.Mem{Base: g.base, Disp: g.used}
	g.used += (n + vec - 1) / vec * vec
	return m
}

// newSlot names a field element of the frame.
func (g *ifma8) newSlot() *slot { return &slot{m: g.bytes(5 * vec)} }

func limb(m operand.Mem, i int) operand.Mem { return m.Offset(i * vec) }

// word returns a constant that is read by broadcast.
func (g *ifma8) word(name string, w uint64) operand.Mem { return g.Words64(name, w) }

func (g *ifma8) mask51() operand.Mem { return g.word("mask51", 1<<51-1) }
func (g *ifma8) c19() operand.Mem    { return g.word("c19", 19) }

// take returns n registers.
func (g *ifma8) take(name string, n int) []reg.VecPhysical {
	g.uses++
	return g.regs.TakeN(fmt.Sprintf("%s %d.", name, g.uses), n)
}

func (g *ifma8) give(es ...elem) {
	for _, e := range es {
		g.regs.Give(e.r...)
	}
}

func (g *ifma8) load(s *slot) elem {
	e := elem{g.take("load", 5), s.b}
	for i, r := range e.r {
		g.VMOVDQA64(limb(s.m, i), r)
	}
	return e
}

func (g *ifma8) store(e elem, s *slot) {
	for i, r := range e.r {
		g.VMOVDQA64(r, limb(s.m, i))
	}
	s.b = e.b
}

func (g *ifma8) zero(r reg.VecPhysical) { g.VPXORQ(r, r, r) }

// tick emits what is due of the side stream.
func (g *ifma8) tick() {
	g.spare += g.pace
	for ; g.spare >= 1000 && len(g.side) > 0; g.spare -= 1000 {
		g.side[0]()
		g.side = g.side[1:]
	}
}

// drain emits the rest of the side stream.
func (g *ifma8) drain() {
	for _, f := range g.side {
		f()
	}
	g.side = nil
}

// multiple returns the limbs of n·p.
func multiple(n uint64) [5]uint64 {
	m := n * (1<<51 - 1)
	return [5]uint64{n * (1<<51 - 19), m, m, m, m}
}

// biasFold·19·p is what mul adds to a product if asked to, by starting four
// accumulators with biasFold·p, that is multiplied by 19 on its way to the
// result, and the fifth with half of it, that is multiplied by 38. It exceeds
// every product limb by limb: the columns of one have less than 2^58.97 (the
// generator checks it), 304·(2^51-19) is more than 2^59.
const biasFold = 16

// A factor is what mul multiplies by: an elem, or a slot, of which a limb at a
// time is in a register.
type factor interface {
	bounds() bounds
	// limb returns a function that returns the register of limb j.
	limbs(g *ifma8) (limb func(j int) reg.VecPhysical, done func())
}

func (e elem) bounds() bounds { return e.b }
func (e elem) limbs(*ifma8) (func(j int) reg.VecPhysical, func()) {
	return func(j int) reg.VecPhysical { return e.r[j] }, func() {}
}

func (s *slot) bounds() bounds { return s.b }
func (s *slot) limbs(g *ifma8) (func(j int) reg.VecPhysical, func()) {
	r, loaded := g.take("limb", 1), -1
	return func(j int) reg.VecPhysical {
		if j != loaded {
			g.VMOVDQA64(limb(s.m, j), r[0])
			loaded = j
		}
		return r[0]
	}, func() { g.regs.Give(r...) }
}

// mul returns the product x·y, folded but not carried, plus biasFold·19·p if
// biased.
//
// With x = Σ x[i]·2^(51i), y likewise, VPMADD52LUQ and VPMADD52HUQ give the low
// 52 bits and the rest of x[i]·y[j]; the former have weight 2^51(i+j), the latter
// 2^(51(i+j)+52) = 2·2^51(i+j+1). With l and h for their sums by i+j and i+j+1,
// column k is c[k] = l[k] + 2·h[k], and as 2^255 = 19 mod p, limb k is c[k] +
// 19·c[k+5]. The five high columns come first, so that the sums of the low ones
// can start with them.
func (g *ifma8) mul(x elem, y factor, biased bool) elem {
	yb := y.bounds()
	for i := range 5 {
		x.b[i].below(52)
		yb[i].below(52)
	}
	acc := g.take("acc", 9)
	l, h := acc[:5], acc[5:] // l[k], h[k] hold columns l[k+5] and h[k+5], but l[4] holds h[9]
	var lb, hb bounds
	zero := interval{new(big.Int), new(big.Int)}
	bias := multiple(biasFold)
	bias[4] /= 2
	for k := range 5 {
		lb[k], hb[k] = zero, zero
		if biased {
			name := []string{"bias0", "bias1", "bias1", "bias1", "bias4"}[k]
			g.VPBROADCASTQ(g.word(name, bias[k]), l[k])
			lb[k] = exactly(bias)[k]
		} else {
			g.zero(l[k])
		}
		if k < 4 {
			g.zero(h[k])
		}
	}
	yr, done := y.limbs(g)
	lo := func(i, j, k int) {
		g.VPMADD52LUQ(yr(j), x.r[i], l[k])
		lb[k] = lb[k].add(x.b[i].mul(yb[j]).lowBits(52))
		g.tick()
	}
	hi := func(i, j int, r reg.VecPhysical, b *interval) {
		g.VPMADD52HUQ(yr(j), x.r[i], r)
		*b = b.add(x.b[i].mul(yb[j]).shift(52))
		g.tick()
	}
	for j := 4; j >= 0; j-- {
		for i := 4; i >= 4-j; i-- {
			if i+j == 8 {
				hi(i, j, l[4], &lb[4])
			} else {
				hi(i, j, h[i+j-4], &hb[i+j-4])
			}
			if i+j >= 5 {
				lo(i, j, i+j-5)
			}
		}
	}
	g.VPMULLQ_BCST(g.word("c38", 38), l[4], l[4])
	lb[4] = lb[4].times(38).word()
	for k := 3; k >= 0; k-- {
		g.VPADDQ(h[k], h[k], h[k])
		g.VPADDQ(h[k], l[k], l[k])
		g.VPMULLQ_BCST(g.c19(), l[k], l[k])
		lb[k] = lb[k].add(hb[k].times(2)).times(19).word()
	}

	for k := range h { // h[k] holds column h[k+1] from here on
		g.zero(h[k])
		hb[k] = zero
	}
	for j := range 4 {
		for i := 3 - j; i >= 0; i-- {
			hi(i, j, h[i+j], &hb[i+j])
		}
	}
	for _, j := range []int{3, 4, 2, 1, 0} {
		for i := 4 - j; i >= 0; i-- {
			lo(i, j, i+j)
		}
	}
	done()
	for k := 4; k >= 1; k-- {
		g.VPADDQ(h[k-1], h[k-1], h[k-1])
		g.VPADDQ(h[k-1], l[k], l[k])
		lb[k] = lb[k].add(hb[k-1].times(2)).word()
	}
	g.regs.Give(h...)
	return elem{l, lb}
}

// carry carries e in place: see bounds.carried.
func (g *ifma8) carry(e elem) elem {
	t := g.take("carry", 2)
	g.VPSRLQ(operand.Imm(51), e.r[4], t[0])
	g.VPANDQ_BCST(g.mask51(), e.r[4], e.r[4])
	for i := 3; i >= 0; i-- {
		g.VPSRLQ(operand.Imm(51), e.r[i], t[1])
		g.VPANDQ_BCST(g.mask51(), e.r[i], e.r[i])
		g.VPADDQ(t[1], e.r[i+1], e.r[i+1])
	}
	g.VPMADD52LUQ_BCST(g.c19(), t[0], e.r[0])
	g.regs.Give(t...)
	e.b = e.b.carried()
	return e
}

// sumDifference returns x+y and x-y, where x exceeds y limb by limb, in other
// registers than theirs or in theirs, which it gives back.
func (g *ifma8) sumDifference(x, y elem) (sum, difference elem) {
	difference = elem{g.take("difference", 5), x.b.sub(y.b)}
	for i := range 5 {
		g.VPSUBQ(y.r[i], x.r[i], difference.r[i])
		g.VPADDQ(y.r[i], x.r[i], x.r[i])
	}
	g.give(y)
	return elem{x.r, x.b.add(y.b)}, difference
}
