package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The one-time key is the first half of block 0 (RFC 8439, Section 2.6). It is
// computed in general registers beside the first vectors, two double rounds to one
// of theirs. So it is there when they are half done, and what follows from it alone
// is computed beside the other half: the powers of r, and the hash of the first
// block of the additional data.
//
//	R8–R11 a0–a3   R12–R15 b0–b3   AX BX DX SI d0–d3   CX one of c0–c3
//
// c0–c3 are in the frame: each is needed a third of a round after its last change,
// which hides the way through memory.
var (
	keyA = [4]reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	keyB = [4]reg.GPPhysical{reg.R12, reg.R13, reg.R14, reg.R15}
	keyD = [4]reg.GPPhysical{reg.RAX, reg.RBX, reg.RDX, reg.RSI}
	keyC = reg.RCX
)

func (g *vec) beginKey() {
	key, c := keyD[0], keyC
	g.MOVQ(g.param("k"), key)
	for i := range 4 {
		g.MOVL(U32([]uint32{constants0, constants1, constants2, constants3}[i]), keyA[i].As32())
		g.MOVL(Mem{Base: key, Disp: 4 * i}, keyB[i].As32())
		g.MOVL(Mem{Base: key, Disp: 16 + 4*i}, c.As32())
		g.MOVL(c.As32(), g.frame(frameKeyC+4*i))
	}
	for i := 1; i < 4; i++ {
		g.MOVL(g.frame(frameNonce+4*(i-1)), keyD[i].As32())
	}
	g.XORL(keyD[0].As32(), keyD[0].As32())
}

// keyDoubleRound is a double round, one quarter round a step.
func (g *vec) keyDoubleRound() (steps []func()) {
	for diagonal := range 2 {
		for i := range 4 {
			a, b, d := keyA[i].As32(), keyB[(i+diagonal)%4].As32(), keyD[(i+3*diagonal)%4].As32()
			c, at := keyC.As32(), g.frame(frameKeyC+4*((i+2*diagonal)%4))
			half := func(rd, rb uint8) {
				steps = append(steps,
					func() { g.ADDL(b, a) },
					func() { g.XORL(a, d) },
					func() { g.ROLL(U8(rd), d) },
					func() { g.ADDL(d, c) })
				if rd == 8 {
					steps = append(steps, func() { g.MOVL(c, at) })
				}
				steps = append(steps,
					func() { g.XORL(c, b) },
					func() { g.ROLL(U8(rb), b) })
			}
			steps = append(steps, func() { g.MOVL(at, c) })
			half(16, 12)
			half(8, 7)
		}
	}
	return steps
}

// endKey leaves r, clamped (RFC 8439, Section 2.5), in h0 and h1, and s in the
// frame and in t2 and t3.
func (g *vec) endKey() {
	key := keyD[0]
	g.MOVQ(g.param("k"), key)
	for i := range 4 {
		g.ADDL(U32([]uint32{constants0, constants1, constants2, constants3}[i]), keyA[i].As32())
		g.ADDL(Mem{Base: key, Disp: 4 * i}, keyB[i].As32())
	}
	for _, w := range [][4]reg.GPPhysical{keyA, keyB} {
		g.SHLQ(U8(32), w[1])
		g.ORQ(w[1], w[0])
		g.SHLQ(U8(32), w[3])
		g.ORQ(w[3], w[2])
	}
	g.MOVQ(keyA[2], g.h1) // h0 is keyA[0]
	g.MOVQ(keyB[0], g.frame(frameS))
	g.MOVQ(keyB[2], g.frame(frameS+8))
	g.MOVQ(U64(0x0ffffffc0fffffff), g.lo)
	g.ANDQ(g.lo, g.h0)
	g.MOVQ(U64(0x0ffffffc0ffffffc), g.lo)
	g.ANDQ(g.lo, g.h1)
}

// keyPass runs the rounds of a pass beside those of the one-time key.
func (g *vec) keyPass(round []func()) {
	count := g.frame(frameCounts)
	loop, rest := g.label("key"), g.label("key_rest")
	g.firstAD()
	g.beginKey()
	g.MOVL(U32(doubles/2), count)
	g.Align(32)
	g.Label(loop)
	do(merge(round, append(g.keyDoubleRound(), g.keyDoubleRound()...)))
	g.DECL(count)
	g.JNZ(LabelRef(loop))
	g.endKey()
	hash := append(g.powers(), g.hashFirstAD()...)
	const beside = 3 // double rounds
	var rounds []func()
	for range beside {
		rounds = append(rounds, round...)
	}
	do(merge(rounds, hash))
	g.MOVL(U32(doubles/2-beside), count)
	g.Align(32)
	g.Label(rest)
	do(round)
	g.DECL(count)
	g.JNZ(LabelRef(rest))
}

// firstAD puts the first block of the additional data into the frame's slot,
// padded with zeros, and a mask behind it: all ones if there is any.
func (g *vec) firstAD() {
	part, done := g.label("ad_part"), g.label("ad_done")
	g.MOVQ(g.param("ad"), g.p)
	g.MOVQ(g.param("adLen"), g.count)
	g.XORL(g.t[0].As32(), g.t[0].As32())
	g.XORL(g.t[1].As32(), g.t[1].As32())
	g.XORL(g.t[2].As32(), g.t[2].As32())
	g.CMPQ(g.t[2], g.count)
	g.SBBQ(g.t[2], g.t[2])
	g.MOVQ(g.t[2], g.frame(frameSlot+hashBlock))
	g.JEQ(LabelRef(done))
	g.CMPQ(g.count, U8(hashBlock))
	g.JB(LabelRef(part))
	g.MOVQ(Mem{Base: g.p}, g.t[0])
	g.MOVQ(Mem{Base: g.p, Disp: 8}, g.t[1])
	g.JMP(LabelRef(done))
	g.Label(part)
	g.loadPartial(Mem{Base: g.p}, g.t[0], g.t[1])
	g.Label(done)
	g.MOVQ(g.t[0], g.frame(frameSlot))
	g.MOVQ(g.t[1], g.frame(frameSlot+8))
}

// hashFirstAD sets h to the hash of the first block, or to 0.
func (g *vec) hashFirstAD() []func() {
	steps := append([]func(){g.zeroSum}, g.one(g.frame(frameSlot))...)
	for _, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		steps = append(steps, func() { g.ANDQ(g.frame(frameSlot+hashBlock), h) })
	}
	return steps
}

// restAD hashes what of the additional data comes after its first block.
func (g *vec) restAD() {
	end := g.label("ad_end")
	g.MOVQ(g.param("adLen"), g.count)
	g.SUBQ(U8(hashBlock), g.count)
	g.JBE(LabelRef(end))
	g.MOVQ(g.param("ad"), g.p)
	g.ADDQ(U8(hashBlock), g.p)
	g.groups(4)
	g.absorb()
	g.Label(end)
}
