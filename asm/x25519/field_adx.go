package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// fieldADX makes functions of the field operations that the kernels of tier adx
// consist of. Only tests call them: carries that no scalar is known to reach can
// be reached here.
func fieldADX(c *gen.Ctx) {
	combFieldADX(c)
	ladderFieldADX(c)
}

// combFieldADX makes functions of the field operations of combADX.
func combFieldADX(c *gen.Ctx) {
	x, y, z := operand.Mem{Base: reg.RSI}, operand.Mem{Base: reg.RDI}, operand.Mem{Base: reg.RCX}
	for _, f := range []struct {
		name string
		emit func(g *adxCombiner)
	}{
		{"combMulADX", func(g *adxCombiner) { g.mul(x, y, z) }},
		{"combSumADX", func(g *adxCombiner) { g.sum(x, y, z) }},
		{"combSubADX", func(g *adxCombiner) { g.sub(x, y, z) }},
		{"combFullSumADX", func(g *adxCombiner) { g.fullSum(x, y, z) }},
		{"combNumeratorADX", func(g *adxCombiner) { g.result(z, false) }},
		{"combDenominatorADX", func(g *adxCombiner) { g.result(z, true) }},
	} {
		g := &adxCombiner{Ctx: c, f: x, h: y}
		g.Kernel(f.name)
		g.Load(g.Param("x"), reg.RSI)
		g.Load(g.Param("y"), reg.RDI)
		g.Load(g.Param("z"), reg.RCX)
		f.emit(g)
		g.RET()
	}
}

// ladderFieldADX makes functions of the field operations of ladderADX.
func ladderFieldADX(c *gen.Ctx) {
	for _, f := range []struct {
		name string
		emit func(g *adxLadder)
	}{
		{"ladderMulADX", func(g *adxLadder) {
			g.argument("x", g.a, 4)
			g.argument("y", g.b, 4)
			g.keep(g.mul(g.a, g.b), g.da)
			g.give(g.da, "z", 5)
		}},
		{"ladderSqrADX", func(g *adxLadder) {
			g.argument("x", g.a, 4)
			g.keep(g.sqr(g.a), g.da)
			g.give(g.da, "z", 5)
		}},
		{"ladderNumberADX", func(g *adxLadder) {
			g.argument("x", g.da, 5)
			g.number((*five)(g.load(g.da, 5)), g.a)
			g.give(g.a, "z", 4)
		}},
		{"ladderSumAndDifferenceADX", func(g *adxLadder) {
			g.argument("x", g.da, 5)
			g.argument("y", g.x4, 5)
			g.sumAndDifference(g.da, (*five)(g.load(g.x4, 5)), g.a, g.b)
			g.give(g.a, "s", 4)
			g.give(g.b, "d", 4)
		}},
		{"ladderTimesA24ADX", func(g *adxLadder) {
			g.argument("aa", g.aa, 4)
			g.argument("bb", g.bb, 4)
			bb := g.load(g.bb, 4)
			g.timesA24(bb, g.difference(bb))
			g.give(g.e, "e", 4)
			g.give(g.f, "f", 4)
		}},
		{"ladderResultADX", func(g *adxLadder) {
			g.argument("x", g.a, 4)
			g.argument("y", g.b, 4)
			for i, name := range []string{"s", "d"} {
				dst := g.GP64()
				g.Load(g.Param(name), dst)
				g.result(operand.Mem{Base: dst}, i == 1)
			}
		}},
	} {
		g := &adxLadder{Ctx: c}
		g.Kernel(f.name)
		g.frame()
		f.emit(g)
		g.RET()
	}
}

// argument copies n words that an argument points to into the frame.
func (g *adxLadder) argument(name string, dst operand.Mem, n int) {
	p := g.GP64()
	g.Load(g.Param(name), p)
	g.store(g.load(operand.Mem{Base: p}, n), dst)
}

// give copies n words to where an argument points to.
func (g *adxLadder) give(src operand.Mem, name string, n int) {
	p := g.GP64()
	g.Load(g.Param(name), p)
	g.store(g.load(src, n), operand.Mem{Base: p})
}

func (g *adxLadder) load(src operand.Mem, n int) []reg.GPVirtual {
	w := g.regs(n)
	for i, r := range w {
		g.MOVQ(src.Offset(8*i), r)
	}
	return w
}
