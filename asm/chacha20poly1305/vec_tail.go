package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// xorRest encrypts or decrypts what is left, a pass at most, with the key stream
// in the frame. Seal may write a block beyond, where the tag comes; open may read
// one, where the tag is. Neither does the other.
func (g *vec) xorRest() {
	src, dst, ks, n := g.t[0], g.t[1], g.t[2], g.count
	loop, half, part, end := g.label("xor"), g.label("xor_half"), g.label("xor_part"), g.label("xored")
	g.MOVQ(g.frame(frameSrc), src)
	g.MOVQ(g.frame(frameDst), dst)
	g.MOVQ(g.frame(frameN), n)
	g.LEAQ(g.frame(frameKS), ks)
	g.SUBQ(U8(g.size), n)
	g.JB(LabelRef(half))
	g.Label(loop)
	g.load(Mem{Base: ks}, g.x)
	g.xorFrom(Mem{Base: src}, g.x, g.y)
	g.store(g.x, Mem{Base: dst})
	for _, p := range []reg.GPPhysical{ks, src, dst} {
		g.ADDQ(U8(g.size), p)
	}
	g.SUBQ(U8(g.size), n)
	g.JAE(LabelRef(loop))
	g.Label(half)
	g.ADDQ(U8(g.size), n)
	if g.wide() {
		g.CMPQ(n, U8(16))
		g.JB(LabelRef(part))
		g.VMOVDQA(Mem{Base: ks}, xmmOf(g.x))
		g.VPXOR(Mem{Base: src}, xmmOf(g.x), xmmOf(g.x))
		g.VMOVDQU(xmmOf(g.x), Mem{Base: dst})
		for _, p := range []reg.GPPhysical{ks, src, dst} {
			g.ADDQ(U8(16), p)
		}
		g.SUBQ(U8(16), n)
		g.Label(part)
	}
	g.TESTQ(n, n)
	g.JZ(LabelRef(end))
	g.xorPart(src, dst, ks, g.t[3], g.t[4])
	g.Label(end)
}

// xorPart encrypts or decrypts the last count bytes, 1 to 15, by v and w.
func (g *vec) xorPart(src, dst, ks, v, w reg.GPPhysical) {
	if g.open {
		g.MOVQ(Mem{Base: src}, v)
		g.MOVQ(Mem{Base: src, Disp: 8}, w)
	} else {
		g.loadPartial(Mem{Base: src}, v, w)
	}
	g.XORQ(Mem{Base: ks}, v)
	g.XORQ(Mem{Base: ks, Disp: 8}, w)
	if g.open {
		g.storePartial(v, w, dst)
	} else {
		g.MOVQ(v, Mem{Base: dst})
		g.MOVQ(w, Mem{Base: dst, Disp: 8})
	}
}

// xorFirst encrypts or decrypts as much as a pass covers with the key stream in
// the frame.
func (g *vec) xorFirst() {
	src, dst, at := g.t[0], g.t[1], g.t[2]
	loop := g.label("first")
	g.MOVQ(g.frame(frameSrc), src)
	g.MOVQ(g.frame(frameDst), dst)
	g.XORL(at.As32(), at.As32())
	g.Label(loop)
	for i := 0; i < block; i += g.size {
		g.load(g.frame(frameKS+i).Idx(at, 1), g.x)
		g.xorFrom(Mem{Base: src, Index: at, Scale: 1, Disp: i}, g.x, g.y)
		g.store(g.x, Mem{Base: dst, Index: at, Scale: 1, Disp: i})
	}
	g.ADDL(U8(block), at.As32())
	g.CMPL(at.As32(), U32(g.chunk))
	g.JNE(LabelRef(loop))
}

// loadPartial loads the count bytes at m, 1 to 15, into v and w and clears the
// rest of them. It reads nothing else, and destroys count, lo and hi.
func (g *vec) loadPartial(m Mem, v, w reg.GPPhysical) {
	four, eight, done := g.label("load4"), g.label("load8"), g.label("loaded")
	n, u := g.count, g.lo
	end := m.Idx(n, 1)
	g.XORL(w.As32(), w.As32())
	g.CMPQ(n, U8(8))
	g.JAE(LabelRef(eight))
	g.CMPQ(n, U8(4))
	g.JAE(LabelRef(four))
	// 1 to 3: the first byte, the middle one and the last, which may be the same.
	g.MOVL(n.As32(), g.hi.As32())
	g.SHRL(U8(1), g.hi.As32())
	g.MOVBLZX(m.Idx(g.hi, 1), u.As32())
	g.MOVBLZX(end.Offset(-1), w.As32())
	g.SHLL(U8(3), reg.ECX)
	g.SUBL(U8(8), reg.ECX)
	g.SHLL(reg.CL, w.As32())
	g.MOVBLZX(m, v.As32())
	g.ORL(w.As32(), v.As32())
	g.MOVL(g.hi.As32(), reg.ECX)
	g.SHLL(U8(3), reg.ECX)
	g.SHLL(reg.CL, u.As32())
	g.ORL(u.As32(), v.As32())
	g.XORL(w.As32(), w.As32())
	g.JMP(LabelRef(done))
	// 4 to 7: two words that may overlap.
	g.Label(four)
	g.MOVL(m, v.As32())
	g.MOVL(end.Offset(-4), u.As32())
	g.SHLL(U8(3), reg.ECX)
	g.SUBL(U8(32), reg.ECX)
	g.SHLQ(reg.CL, u)
	g.ORQ(u, v)
	g.JMP(LabelRef(done))
	// 8 to 15: the first word, and the last shifted down by 16-n bytes, in two
	// parts because that may be the whole word.
	g.Label(eight)
	g.MOVQ(m, v)
	g.MOVQ(end.Offset(-8), w)
	g.SHLL(U8(3), reg.ECX)
	g.NEGL(reg.ECX)
	g.ADDL(U8(120), reg.ECX)
	g.SHRQ(U8(8), w)
	g.SHRQ(reg.CL, w)
	g.Label(done)
}

// storePartial stores the first count bytes, 1 to 15, of v and w at p, and moves
// p on. It destroys v and w.
func (g *vec) storePartial(v, w, p reg.GPPhysical) {
	m := Mem{Base: p}
	for size := 8; size > 0; size /= 2 {
		skip := g.label("store")
		g.TESTL(U32(size), g.count.As32())
		g.JZ(LabelRef(skip))
		switch size {
		case 8:
			g.MOVQ(v, m)
			g.MOVQ(w, v)
		case 4:
			g.MOVL(v.As32(), m)
			g.SHRQ(U8(32), v)
		case 2:
			g.MOVW(v.As16(), m)
			g.SHRQ(U8(16), v)
		case 1:
			g.MOVB(v.As8(), m)
		}
		if size > 1 {
			g.ADDQ(U8(size), p)
		}
		g.Label(skip)
	}
}
