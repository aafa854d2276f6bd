package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// oneBlock makes the key stream of a message of one block, or of none, in the frame,
// hashes the additional data, and goes to hashed.
//
// By its latency a block takes twice as long in vectors as in general registers;
// but those have the block of the one-time key to do first. So the block of the
// message goes half of its rounds in vectors, in which time that of the key goes
// all of its own, and then takes its place.
func (g *vec) oneBlock(hashed string) {
	first := []reg.VecPhysical{xmmOf(g.a[0]), xmmOf(g.a[1]), xmmOf(g.a[2]), xmmOf(g.a[3])}
	s := rowSet{first[0], first[1], first[2], first[3], xmmOf(g.x)}
	r := &rows{vec: g, sets: []rowSet{s}}
	count := g.frame(frameCounts)
	loop, rest := g.label("one_block"), g.label("one_block_rest")

	g.MOVQ(g.param("k"), g.lo)
	g.nonceRow(g.width.Reg(3), g.width.Reg(0), g.width.Reg(1))
	g.load(r.constants(), s.a)
	g.loadUnaligned(Mem{Base: g.lo}, s.b)
	g.loadUnaligned(Mem{Base: g.lo, Disp: 16}, s.c)
	g.firstAD()
	g.beginKey()
	g.MOVL(U32(doubles/2), count)
	g.Align(32)
	g.Label(loop)
	do(merge(r.doubleRound(), append(g.keyDoubleRound(), g.keyDoubleRound()...)))
	g.DECL(count)
	g.JNZ(LabelRef(loop))

	g.save(s.a, g.frame(frameKS))
	g.save(s.b, g.frame(frameKS+16))
	g.save(s.c, g.frame(frameKeyC))
	g.save(s.d, g.frame(frameKS+32))
	g.endKey()
	do(g.powers())
	do(g.hashFirstAD())
	g.restAD()
	g.CMPQ(g.frame(frameN), U8(0))
	g.JE(LabelRef(hashed))
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(h, g.frame(frameH+8*i))
	}
	for i := range 4 {
		g.MOVL(g.frame(frameKS+4*i), keyA[i].As32())
		g.MOVL(g.frame(frameKS+16+4*i), keyB[i].As32())
		g.MOVL(g.frame(frameKS+32+4*i), keyD[i].As32())
	}
	g.MOVL(U32(doubles/2), count)
	g.Align(32)
	g.Label(rest)
	do(g.keyDoubleRound())
	g.DECL(count)
	g.JNZ(LabelRef(rest))

	key := keyC
	g.MOVQ(g.param("k"), key)
	for i := range 4 {
		g.ADDL(U32([]uint32{constants0, constants1, constants2, constants3}[i]), keyA[i].As32())
		g.ADDL(Mem{Base: key, Disp: 4 * i}, keyB[i].As32())
		if i == 0 {
			g.ADDL(U8(1), keyD[i].As32())
		} else {
			g.ADDL(g.frame(frameNonce+4*(i-1)), keyD[i].As32())
		}
	}
	pack := func(w [4]reg.GPPhysical, at int) {
		for i := 0; i < 4; i += 2 {
			g.SHLQ(U8(32), w[i+1])
			g.ORQ(w[i+1], w[i])
			g.MOVQ(w[i], g.frame(frameKS+at+4*i))
		}
	}
	pack(keyA, 0)
	for i := range 4 {
		g.MOVL(g.frame(frameKeyC+4*i), keyA[i].As32())
		g.ADDL(Mem{Base: key, Disp: 16 + 4*i}, keyA[i].As32())
	}
	pack(keyB, 16)
	pack(keyA, 32)
	pack(keyD, 48)
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(g.frame(frameH+8*i), h)
	}
	g.JMP(LabelRef(hashed))
}
