package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// The bound of this kernel is the latency of SHA256RNDS2: each of 32 a block
// needs the one before, at 4 cycles (Zen 5), and the feed-forward adds 1 or 2
// to each block's 128 cycles. Whatever else there is to do fits beside it, so
// nothing is gained by another order of the schedule.

// sha256SHANI builds hash256SHANI. Everything is in the legacy encoding: there
// are cores with SHA and without AVX.
func sha256SHANI(c *gen.Ctx) {
	g := &shani{c}
	pad := &padder{Ctx: c, block: 64}
	h, n := reg.R8, reg.RCX

	g.Kernel("hash256SHANI")
	frame := pad.frame()
	g.Load(g.Param("p").Base(), msg)
	g.Load(g.Param("p").Len(), size)
	g.XORL(pads.As32(), pads.As32())
	g.Load(g.Param("sum"), n)
	g.TESTQ(n, n)
	g.JZ(operand.LabelRef("start"))
	pad.pad(frame)

	g.Label("start")
	g.Load(g.Param("h"), h)
	g.loadState(h)
	g.MOVOU(g.Words64("swap32", 0x0405060700010203, 0x0c0d0e0f08090a0b), swap)
	g.MOVQ(size, n)
	g.SHRQ(operand.U8(6), n)
	g.JZ(operand.LabelRef("last"))
	g.Align(64)
	g.Label("loop")
	g.compress(msg)
	g.ADDQ(operand.U8(64), msg)
	g.DECQ(n)
	g.JNZ(operand.LabelRef("loop"))

	g.Comment("Once more for the blocks on the stack, if there are any.")
	g.Label("last")
	g.MOVQ(buf, msg)
	g.MOVL(pads.As32(), n.As32())
	g.XORL(pads.As32(), pads.As32())
	g.TESTL(n.As32(), n.As32())
	g.JNZ(operand.LabelRef("loop"))

	g.toWords()
	g.Load(g.Param("sum"), n)
	g.TESTQ(n, n)
	g.JZ(operand.LabelRef("state"))
	g.PSHUFB(swap, abef)
	g.PSHUFB(swap, cdgh)
	g.MOVQ(n, h)
	g.Label("state")
	g.MOVOU(abef, operand.Mem{Base: h})
	g.MOVOU(cdgh, operand.Mem{Base: h, Disp: 16})
	g.RET()
}

type shani struct{ *gen.Ctx }

// The registers of the rounds. The instructions keep the eight words of the
// state in two registers, in the order ABEF and CDGH from the highest dword to
// the lowest.
var (
	wk    = reg.X0 // W[t]+K[t] and the next: the implicit operand of SHA256RNDS2
	abef  = reg.X1
	cdgh  = reg.X2
	words = [4]reg.VecPhysical{reg.X3, reg.X4, reg.X5, reg.X6} // the last 16 words of the schedule
	tmp   = reg.X7
	swap  = reg.X8  // PSHUFB control that reverses the bytes of each dword
	abef0 = reg.X9  // abef and cdgh before the block
	cdgh0 = reg.X10 //
)

// compress does the block at p: 16 times 4 rounds.
func (g *shani) compress(p reg.Register) {
	var ks []uint32
	for _, k := range roundConstants(64, 32) {
		ks = append(ks, uint32(k))
	}
	k := g.Words32("k256", ks...)
	g.MOVOA(abef, abef0)
	g.MOVOA(cdgh, cdgh0)
	for i := range 16 {
		g.Comment(fmt.Sprintf("rounds %d to %d", 4*i, 4*i+3))
		w := func(j int) reg.VecPhysical { return words[(i+j+4)%4] } // words 4(i+j) to 4(i+j)+3
		if i < 4 {
			g.MOVOU(operand.Mem{Base: p, Disp: 16 * i}, w(0))
			g.PSHUFB(swap, w(0))
		}
		g.MOVOA(w(0), wk)
		g.PADDD(k.Offset(16*i), wk)
		g.SHA256RNDS2(wk, abef, cdgh) // now cdgh is the new ABEF, and abef the new CDGH
		if 3 <= i && i < 15 {
			// w(1) is W[t-16]+σ0(W[t-15]): add W[t-7], then σ1(W[t-2]).
			g.MOVOA(w(0), tmp)
			g.PALIGNR(operand.U8(4), w(-1), tmp)
			g.PADDD(tmp, w(1))
			g.SHA256MSG2(w(0), w(1))
		}
		g.PSHUFD(operand.U8(0x0e), wk, wk)
		g.SHA256RNDS2(wk, cdgh, abef)
		if 1 <= i && i < 13 {
			g.SHA256MSG1(w(0), w(-1))
		}
	}
	g.PADDD(abef0, abef)
	g.PADDD(cdgh0, cdgh)
}

// loadState loads the intermediate hash value at h. The comments write the
// highest dword first.
func (g *shani) loadState(h reg.Register) {
	g.MOVOU(operand.Mem{Base: h}, abef)           // DCBA
	g.MOVOU(operand.Mem{Base: h, Disp: 16}, cdgh) // HGFE
	g.PSHUFD(operand.U8(0xb1), abef, abef)        // CDAB
	g.PSHUFD(operand.U8(0x1b), cdgh, cdgh)        // EFGH
	g.MOVOA(abef, tmp)
	g.PALIGNR(operand.U8(8), cdgh, abef) // ABEF
	g.PBLENDW(operand.U8(0xf0), tmp, cdgh)
}

// toWords turns abef into DCBA and cdgh into HGFE, as they lie in memory.
func (g *shani) toWords() {
	g.PSHUFD(operand.U8(0x1b), abef, abef) // FEBA
	g.PSHUFD(operand.U8(0xb1), cdgh, cdgh) // DCHG
	g.MOVOA(abef, tmp)
	g.PBLENDW(operand.U8(0xf0), cdgh, abef) // DCBA
	g.PALIGNR(operand.U8(8), tmp, cdgh)     // HGFE
}
