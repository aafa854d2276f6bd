package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The instructions of the rounds, on registers of the width of a word. The
// destination comes last.

// r returns the register of the width of a word, or the memory as it is.
func (g *rorx) r(x operand.Op) operand.Op {
	if gp, ok := x.(reg.GPPhysical); ok && g.word == 4 {
		return gp.As32()
	}
	return x
}

func (g *rorx) pick(long, quad func()) {
	if g.word == 4 {
		long()
	} else {
		quad()
	}
}

func (g *rorx) mov(x, y operand.Op) {
	g.pick(func() { g.MOVL(g.r(x), g.r(y)) }, func() { g.MOVQ(x, y) })
}

func (g *rorx) add(x, y operand.Op) {
	g.pick(func() { g.ADDL(g.r(x), g.r(y)) }, func() { g.ADDQ(x, y) })
}

func (g *rorx) sub(x, y operand.Op) {
	g.pick(func() { g.SUBL(g.r(x), g.r(y)) }, func() { g.SUBQ(x, y) })
}

func (g *rorx) xor(x, y operand.Op) {
	g.pick(func() { g.XORL(g.r(x), g.r(y)) }, func() { g.XORQ(x, y) })
}

func (g *rorx) and(x, y operand.Op) {
	g.pick(func() { g.ANDL(g.r(x), g.r(y)) }, func() { g.ANDQ(x, y) })
}

// andn sets z to x AND NOT y.
func (g *rorx) andn(x, y, z operand.Op) {
	g.pick(func() { g.ANDNL(g.r(x), g.r(y), g.r(z)) }, func() { g.ANDNQ(x, y, z) })
}

// rorx sets y to x rotated to the right by n.
func (g *rorx) rorx(n int, x, y operand.Op) {
	g.pick(func() { g.RORXL(operand.U8(n), g.r(x), g.r(y)) }, func() { g.RORXQ(operand.U8(n), x, y) })
}

// lea sets z to x+y.
func (g *rorx) lea(x, y reg.GPPhysical, z operand.Op) {
	m := operand.Mem{Base: x, Index: y, Scale: 1}
	g.pick(func() { g.LEAL(m, g.r(z)) }, func() { g.LEAQ(m, z) })
}
