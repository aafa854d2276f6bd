package main

import (
	"math/bits"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// Registers of what comes before the rounds. They are free in every kernel
// until the state is loaded.
var (
	msg  = reg.RSI // the bytes to hash
	size = reg.RDX // their number
	buf  = reg.RDI // the last one or two blocks, on the stack
	pads = reg.RAX // the number of blocks at buf: 0 if there is no padding to do
)

// A padder builds the end of a message (FIPS 180-4, Section 5.1) on the stack
// before the compression starts. All its stores are 16 bytes wide or wider and
// at multiples of 16, as are the loads of the rounds; and it reads the message
// by 16 bytes wherever there are 16. A load that spans narrower, younger stores
// waits until they have left the store buffer, which happens in program order:
// hashes of short messages would no longer overlap.
type padder struct {
	*gen.Ctx
	block int  // bytes of a block: 64, or 128
	vex   bool // 128-bit instructions in the VEX encoding
}

// frame allocates what pad needs on the stack.
func (g *padder) frame() operand.Mem { return g.AllocLocal(2*g.block + 16) }

// pad sets buf to the size%block bytes at the end of msg with the padding, and
// pads to the number of blocks that this takes. The length of the whole message
// is the kernel's parameter n.
func (g *padder) pad(frame operand.Mem) {
	var (
		tail = reg.R8  // size % block
		last = reg.R9  // tail % 16
		lo   = reg.R10 // the last bytes of a message of less than 16
		hi   = reg.R11 //
		x    = reg.R12 //
		part = reg.X7  // the last bytes, less than 16, and the 1 bit
		t    = reg.X0  //
	)
	field := g.block / 8 // bytes of the length in bits

	g.Comment("buf is at a multiple of 16, and zero.")
	g.LEAQ(frame.Offset(15), buf)
	g.ANDQ(operand.I8(-16), buf)
	g.xor(t, t)
	for i := 0; i < 2*g.block; i += 16 {
		g.store(t, operand.Mem{Base: buf, Disp: i})
	}
	g.MOVL(size.As32(), tail.As32())
	g.ANDL(operand.U8(g.block-1), tail.As32())
	g.MOVL(size.As32(), last.As32())
	g.ANDL(operand.U8(15), last.As32())

	g.Comment("part = the last bytes, fewer than 16, and zeros.")
	g.xor(part, part)
	g.TESTL(last.As32(), last.As32())
	g.JZ(operand.LabelRef("gathered"))
	g.CMPQ(size, operand.U8(16))
	g.JB(operand.LabelRef("tiny"))
	g.load(operand.Mem{Base: msg, Index: size, Scale: 1, Disp: -16}, part)
	g.LEAQ(g.Words64("window", 0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x8080808080808080, 0x8080808080808080), x)
	g.SUBQ(last, x)
	g.load(operand.Mem{Base: x, Disp: 16}, t) // 16-last, ..., 15, then bytes that clear
	g.shuffle(t, part)
	g.JMP(operand.LabelRef("gathered"))

	g.Comment("There are fewer than 16 bytes: two loads that overlap.")
	g.Label("tiny")
	g.XORL(hi.As32(), hi.As32())
	g.CMPL(last.As32(), operand.U8(8))
	g.JB(operand.LabelRef("below8"))
	g.MOVQ(operand.Mem{Base: msg}, lo)
	g.MOVQ(operand.Mem{Base: msg, Index: last, Scale: 1, Disp: -8}, hi)
	g.Comment("hi >>= 8*(16-last), which is 64 for 8: in two steps.")
	g.MOVL(operand.U32(15), reg.ECX)
	g.SUBL(last.As32(), reg.ECX)
	g.SHLL(operand.U8(3), reg.ECX)
	g.SHRQ(operand.U8(8), hi)
	g.SHRQ(reg.CL, hi)
	g.JMP(operand.LabelRef("joined"))
	g.Label("below8")
	g.CMPL(last.As32(), operand.U8(4))
	g.JB(operand.LabelRef("below4"))
	g.MOVL(operand.Mem{Base: msg}, lo.As32())
	g.MOVL(operand.Mem{Base: msg, Index: last, Scale: 1, Disp: -4}, x.As32())
	g.LEAL(operand.Mem{Base: last, Disp: -4}, reg.ECX)
	g.SHLL(operand.U8(3), reg.ECX)
	g.SHLQ(reg.CL, x)
	g.ORQ(x, lo)
	g.JMP(operand.LabelRef("joined"))
	g.Comment("Bytes 0, last/2 and last-1 are all the bytes of 1, 2 or 3.")
	g.Label("below4")
	g.MOVL(last.As32(), pads.As32())
	g.SHRL(operand.U8(1), pads.As32())
	g.MOVBLZX(operand.Mem{Base: msg}, lo.As32())
	g.MOVBLZX(operand.Mem{Base: msg, Index: pads, Scale: 1}, x.As32())
	g.MOVL(pads.As32(), reg.ECX)
	g.SHLL(operand.U8(3), reg.ECX)
	g.SHLL(reg.CL, x.As32())
	g.ORL(x.As32(), lo.As32())
	g.MOVBLZX(operand.Mem{Base: msg, Index: last, Scale: 1, Disp: -1}, x.As32())
	g.LEAL(operand.Mem{Base: last, Disp: -1}, reg.ECX)
	g.SHLL(operand.U8(3), reg.ECX)
	g.SHLL(reg.CL, x.As32())
	g.ORL(x.As32(), lo.As32())
	g.Label("joined")
	g.join(lo, hi, part)

	g.Label("gathered")
	g.Comment("The 1 bit behind the message.")
	g.LEAQ(g.Words64("oneBit", 0, 0, 0x80, 0), x)
	g.SUBQ(last, x)
	g.load(operand.Mem{Base: x, Disp: 16}, t)
	g.or(t, part)

	g.Comment("part behind the whole 16 bytes of the tail.")
	g.MOVQ(size, x)
	g.SUBQ(tail, x)
	g.ADDQ(msg, x)
	g.MOVL(tail.As32(), last.As32())
	g.ANDL(operand.U8(g.block-16), last.As32())
	g.store(part, operand.Mem{Base: buf, Index: last, Scale: 1})
	g.JZ(operand.LabelRef("copied"))
	g.Label("copy")
	g.load(operand.Mem{Base: x, Index: last, Scale: 1, Disp: -16}, t)
	g.store(t, operand.Mem{Base: buf, Index: last, Scale: 1, Disp: -16})
	g.SUBL(operand.U8(16), last.As32())
	g.JNZ(operand.LabelRef("copy"))
	g.Label("copied")

	g.Comment("The length in bits, below 2^64, at the end of the first block that has room for it.")
	g.Load(g.Param("n"), lo)
	g.SHLQ(operand.U8(3), lo)
	g.BSWAPQ(lo)
	g.XORL(hi.As32(), hi.As32())
	g.join(hi, lo, part)
	g.LEAL(operand.Mem{Base: tail, Disp: field}, pads.As32())
	g.ANDL(operand.U32(g.block), pads.As32())
	end := operand.Mem{Base: buf, Index: pads, Scale: 1, Disp: g.block - 16}
	g.load(end, t)
	g.or(t, part)
	g.store(part, end)
	g.SHRL(operand.U8(bits.TrailingZeros(uint(g.block))), pads.As32())
	g.INCL(pads.As32())
}

// The 128-bit instructions that pad needs. The destination comes last.

func (g *padder) load(m operand.Mem, x reg.VecPhysical) {
	if g.vex {
		g.VMOVDQU(m, x)
	} else {
		g.MOVOU(m, x)
	}
}

func (g *padder) store(x reg.VecPhysical, m operand.Mem) {
	if g.vex {
		g.VMOVDQU(x, m)
	} else {
		g.MOVOU(x, m)
	}
}

func (g *padder) xor(a, x reg.VecPhysical) {
	if g.vex {
		g.VPXOR(a, x, x)
	} else {
		g.PXOR(a, x)
	}
}

func (g *padder) or(a, x reg.VecPhysical) {
	if g.vex {
		g.VPOR(a, x, x)
	} else {
		g.POR(a, x)
	}
}

func (g *padder) shuffle(control, x reg.VecPhysical) {
	if g.vex {
		g.VPSHUFB(control, x, x)
	} else {
		g.PSHUFB(control, x)
	}
}

// join sets x to lo and, above it, hi.
func (g *padder) join(lo, hi reg.GPPhysical, x reg.VecPhysical) {
	if g.vex {
		g.VMOVQ(lo, x)
		g.VPINSRQ(operand.U8(1), hi, x, x)
	} else {
		g.MOVQ(lo, x)
		g.PINSRQ(operand.U8(1), hi, x)
	}
}
