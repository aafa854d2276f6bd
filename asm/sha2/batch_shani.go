package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// batch256SHANI builds the kernel of two, three or four SHA-256 at once, its
// streams. One alone is bound by the latency of SHA256RNDS2, 4 cycles on Zen 5;
// the next may start after 2, so that two streams take little longer than one,
// and four are bound by the throughput.
func batch256SHANI(c *gen.Ctx) {
	g := &streams{c}
	left, p, at := reg.RDX, reg.RAX, reg.RCX

	g.Kernel("batch256SHANI")
	frame := g.AllocLocal(4*streamSize + 16)
	g.LEAQ(frame.Offset(15), streamMem)
	g.ANDQ(operand.I8(-16), streamMem)
	g.Load(g.Param("blocks"), left)
	g.TESTQ(left, left)
	g.JZ(operand.LabelRef("return"))
	g.Load(g.Param("h"), streamHash)
	g.Load(g.Param("p"), p)
	g.Load(g.Param("streams"), at)
	g.MOVOU(g.Words64("swap32", 0x0405060700010203, 0x0c0d0e0f08090a0b), streamSwap)
	g.CMPQ(at, operand.U8(3))
	g.JB(operand.LabelRef("streams2"))
	g.JEQ(operand.LabelRef("streams3"))
	for n := 4; n >= 2; n-- {
		g.Label(fmt.Sprint("streams", n))
		for s := range n {
			g.MOVQ(operand.Mem{Base: p, Disp: 8 * s}, streamMsg[s])
			g.MOVQ(operand.Mem{Base: streamHash, Disp: 8 * s}, at)
			g.load(s, at)
		}
		loop := fmt.Sprint("block", n)
		g.Align(64)
		g.Label(loop)
		g.compress(n)
		g.DECQ(left)
		g.JNZ(operand.LabelRef(loop))
		for s := range n {
			g.MOVQ(operand.Mem{Base: streamHash, Disp: 8 * s}, at)
			g.store(s, at)
		}
		g.RET()
	}
	g.Label("return")
	g.RET()
}

// Everything is in the legacy encoding, see sha256SHANI, which has 16
// registers.
type streams struct{ *gen.Ctx }

var (
	streamWK   = reg.X0 // W[t]+K[t] and the next: the implicit operand of SHA256RNDS2
	streamNew  = reg.X13
	streamTmp  = reg.X14
	streamSwap = reg.X15 // PSHUFB control that reverses the bytes of each dword

	streamHash = reg.RSI // addresses of the intermediate hash values
	streamMem  = reg.RDI // streamSize bytes of each stream
	streamMsg  = [4]reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
)

// abef and cdgh are the state of stream s, in the order of the instructions.
func (g *streams) abef(s int) reg.VecPhysical { return gen.Width(128).Reg(1 + 2*s) }
func (g *streams) cdgh(s int) reg.VecPhysical { return gen.Width(128).Reg(2 + 2*s) }

// last is the last four words of the schedule of stream s.
func (g *streams) last(s int) reg.VecPhysical { return gen.Width(128).Reg(9 + s) }

// In memory, each stream has its last 16 words of the schedule and the state
// before the block.
const (
	streamState = 64
	streamSize  = 96
)

func (g *streams) mem(s, at int) operand.Mem {
	return operand.Mem{Base: streamMem, Disp: s*streamSize + at}
}

// compress does one block of n streams: 16 times 4 rounds of each.
func (g *streams) compress(n int) {
	var ks []uint32
	for _, k := range roundConstants(64, 32) {
		ks = append(ks, uint32(k))
	}
	k := g.Words32("k256", ks...)
	for s := range n {
		g.MOVOA(g.abef(s), g.mem(s, streamState))
		g.MOVOA(g.cdgh(s), g.mem(s, streamState+16))
	}
	w := streamNew
	for i := range 16 {
		g.Comment(fmt.Sprintf("rounds %d to %d", 4*i, 4*i+3))
		for s := range n {
			words := func(j int) operand.Mem { return g.mem(s, (i+j)%4*16) } // words 4(i+j) to 4(i+j)+3, j < 0 counts back from i+4
			last := g.last(s)
			if i < 4 {
				g.MOVOU(operand.Mem{Base: streamMsg[s], Disp: 16 * i}, w)
				g.PSHUFB(streamSwap, w)
			} else {
				g.MOVOA(words(0), w)                          // W[t-16]
				g.SHA256MSG1(words(1), w)                     // + σ0(W[t-15])
				g.MOVOA(last, streamTmp)                      //
				g.PALIGNR(operand.U8(4), words(2), streamTmp) // W[t-7]
				g.PADDD(streamTmp, w)
				g.SHA256MSG2(last, w) // + σ1(W[t-2])
			}
			if i < 15 {
				g.MOVOA(w, last)
				g.MOVOA(w, words(0))
			}
			g.MOVOA(w, streamWK)
			g.PADDD(k.Offset(16*i), streamWK)
			g.SHA256RNDS2(streamWK, g.abef(s), g.cdgh(s)) // now cdgh is the new ABEF, and abef the new CDGH
			g.PSHUFD(operand.U8(0x0e), streamWK, streamWK)
			g.SHA256RNDS2(streamWK, g.cdgh(s), g.abef(s))
		}
	}
	for s := range n {
		g.PADDD(g.mem(s, streamState), g.abef(s))
		g.PADDD(g.mem(s, streamState+16), g.cdgh(s))
		g.ADDQ(operand.U8(64), streamMsg[s])
	}
}

// load loads the state of stream s from the intermediate hash value at h. The
// comments write the highest dword first.
func (g *streams) load(s int, h reg.Register) {
	abef, cdgh := g.abef(s), g.cdgh(s)
	g.MOVOU(operand.Mem{Base: h}, abef)           // DCBA
	g.MOVOU(operand.Mem{Base: h, Disp: 16}, cdgh) // HGFE
	g.PSHUFD(operand.U8(0xb1), abef, abef)        // CDAB
	g.PSHUFD(operand.U8(0x1b), cdgh, cdgh)        // EFGH
	g.MOVOA(abef, streamTmp)
	g.PALIGNR(operand.U8(8), cdgh, abef) // ABEF
	g.PBLENDW(operand.U8(0xf0), streamTmp, cdgh)
}

// store undoes load.
func (g *streams) store(s int, h reg.Register) {
	abef, cdgh := g.abef(s), g.cdgh(s)
	g.PSHUFD(operand.U8(0x1b), abef, abef) // FEBA
	g.PSHUFD(operand.U8(0xb1), cdgh, cdgh) // DCHG
	g.MOVOA(abef, streamTmp)
	g.PBLENDW(operand.U8(0xf0), cdgh, abef)   // DCBA
	g.PALIGNR(operand.U8(8), streamTmp, cdgh) // HGFE
	g.MOVOU(abef, operand.Mem{Base: h})
	g.MOVOU(cdgh, operand.Mem{Base: h, Disp: 16})
}
