package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// combFieldADX makes functions of the field operations that combADX consists of.
// Only tests call them: carries that no scalar is known to reach can be reached
// here.
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
