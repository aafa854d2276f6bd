package main

import (
	"slices"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tail encrypts and hashes what is left, n bytes, writes or checks the tag, and
// returns. The sums have all that comes before, and the lengths; pw is the power
// of the first block.
//
// It works in steps of four vectors that no reduction separates, so that the
// processor overlaps them; the last has one to four vectors (or none, if n is
// 0), the last of them short or full, beside E(J0), the mask of the tag.
func (g *vex) tail() {
	step, final, last, finish := g.label("step"), g.label("final"), g.label("last_vector"), g.label("finish")
	blocks := 4 * g.lanes
	bytes := 4 * g.size
	g.counterBase(g.ctr, g.nonce, g.base)

	g.Label(step)
	g.CMPQ(g.n, U32(bytes))
	g.JBE(LabelRef(final))
	g.ADDL(U8(blocks), g.ctr.As32())
	g.counterBase(g.ctr, g.nonce, g.next)
	g.stepN(4, nil)
	g.VMOVDQA(g.next, g.base)
	g.advance(4)
	g.JMP(LabelRef(step))

	g.Label(final)
	labels := make([]string, 5)
	for q := range labels {
		labels[q] = g.label("final")
	}
	g.CMPQ(g.n, U8(2*g.size))
	g.JA(LabelRef(labels[3]))
	g.CMPQ(g.n, U8(g.size))
	g.JA(LabelRef(labels[2]))
	g.TESTQ(g.n, g.n)
	g.JNZ(LabelRef(labels[1]))
	g.stepN(0, g.mask())
	g.JMP(LabelRef(finish))
	g.Label(labels[3])
	g.CMPQ(g.n, U8(3*g.size))
	g.JA(LabelRef(labels[4]))
	g.finalN(3)
	g.JMP(LabelRef(last))
	g.Label(labels[4])
	g.finalN(4)
	g.JMP(LabelRef(last))
	g.Label(labels[2])
	g.finalN(2)
	g.JMP(LabelRef(last))
	g.Label(labels[1])
	g.finalN(1)

	g.Label(last)
	if g.open {
		g.openLast()
	} else {
		g.sealLast()
	}
	g.bswap(g.a0, g.a0)
	g.mul(g.a0, Mem{Base: g.pw}, false)

	// The mask is added within the reduction, off its chain: the tag is
	// bswap(hash) ^ E(J0) = bswap(hash ^ bswap(E(J0))).
	g.Label(finish)
	m := xmmOf(g.nonce)
	g.bswap(m, m)
	for i, step := range g.reduceSteps(g.width) {
		if i == 6 {
			g.VPXOR(g.nonce, g.hi, g.hi)
		}
		step()
	}
	h := xmmOf(g.hash)
	g.bswap(h, h)
	if !g.open {
		g.VMOVDQU(h, Mem{Base: g.dst, Index: g.n, Scale: 1})
		g.ret()
		return
	}
	ok := g.GP64()
	g.XORL(ok.As32(), ok.As32())
	g.VPXOR(Mem{Base: g.src, Index: g.n, Scale: 1}, h, h)
	g.VPTEST(h, h)
	g.SETEQ(ok.As8())
	g.Store(ok, g.Return("ok"))
	g.ret()
}

// mask sets the state of J0 = nonce || 1 (SP 800-38D, Section 7.1), with the
// first round key added.
func (g *vex) mask() reg.VecPhysical {
	m := xmmOf(g.nonce)
	g.VPXOR(g.counters(1), m, m)
	g.VPXOR(g.roundKey(0), m, m)
	return m
}

// stepN encrypts q full vectors and hashes them, the counters being base+2 and
// on, the last two of four vectors next+0 and next+1. With mask, a state, it is
// the final step: the last of the q vectors only becomes key stream, in s3, and
// mask is encrypted as well.
func (g *vex) stepN(q int, mask reg.VecPhysical) {
	full := q
	text := g.st[:q]
	states := text
	if mask != nil && q > 0 {
		full = q - 1
		text = g.st[:full]
		states = append(slices.Clone(text), g.st[3])
	}
	for i, s := range states {
		j, base := 2+i*g.lanes, g.base
		if j >= 4*g.lanes {
			j, base = j-4*g.lanes, g.next
		}
		g.VPXOR(g.counters(j), base, s)
	}
	if mask != nil {
		states = append(slices.Clone(states), mask)
	}
	if g.open {
		g.hashN(full, nil)
	}
	for r := 1; r <= 9; r++ {
		g.broadcast(g.roundKey(r), g.rk)
		for _, s := range states {
			g.VAESENC(sized(g.rk, s), s, s)
		}
	}
	g.extraRounds(states)
	g.broadcast(Mem{Base: g.rke}, g.rk)
	for i, s := range text {
		g.lastRound(s, []reg.VecPhysical{g.t0, g.t1}[i%2], g.size*i)
	}
	for _, s := range states[full:] {
		g.VAESENCLAST(sized(g.rk, s), s, s)
	}
	if !g.open {
		g.hashN(full, text)
	}
}

// hashN adds q vectors, from states or else from src, times the powers from pw
// on.
func (g *vex) hashN(q int, states []reg.VecPhysical) {
	load := func(i int, a reg.VecPhysical) {
		if states != nil {
			g.bswap(states[i], a)
			return
		}
		g.VMOVDQU(Mem{Base: g.src, Disp: g.size * i}, a)
		g.bswap(a, a)
	}
	for i := 0; i < q; i += 2 {
		load(i, g.a0)
		if i+1 == q {
			g.mul(g.a0, Mem{Base: g.pw, Disp: g.size * i}, false)
			return
		}
		load(i+1, g.a1)
		g.mul2(Mem{Base: g.pw, Disp: g.size * i})
	}
}

// finalN is the final step with q vectors.
func (g *vex) finalN(q int) {
	if 2+q*g.lanes > 4*g.lanes {
		g.ADDL(U8(4*g.lanes), g.ctr.As32())
		g.counterBase(g.ctr, g.nonce, g.next)
	}
	g.stepN(q, g.mask())
	if q > 1 {
		g.advance(q - 1)
	}
}

// advance moves on by q vectors.
func (g *vex) advance(q int) {
	g.ADDQ(U32(q*g.size), g.src)
	g.ADDQ(U32(q*g.size), g.dst)
	g.ADDQ(U32(q*g.size), g.pw)
	g.SUBQ(U32(q*g.size), g.n)
}

// sealLast encrypts the last n bytes, 1 to a vector, with the key stream in s3,
// and leaves the ciphertext in a0, padded with zeros. What it writes beyond n is
// where the tag comes.
func (g *vex) sealLast() {
	full, done := g.label("full"), g.label("sealed")
	a, x := g.a0, xmmOf(g.a0)
	src, dst := Mem{Base: g.src}, Mem{Base: g.dst}
	g.CMPQ(g.n, U8(g.size))
	g.JE(LabelRef(full))
	if g.lanes == 2 {
		low, whole, enc := g.label("low"), g.label("low_whole"), g.label("low_seal")
		g.CMPQ(g.n, U8(block))
		g.JBE(LabelRef(low))
		// 17 to 31 bytes: the second block from the last 16.
		g.VMOVDQU(src.Offset(-block).Idx(g.n, 1), xmmOf(g.t0))
		g.VPSHUFB(g.shiftMask(g.n, 48), xmmOf(g.t0), xmmOf(g.t0))
		g.VMOVDQU(src, x)
		g.VINSERTI128(U8(1), xmmOf(g.t0), a, a)
		g.VPXOR(g.st[3], a, a)
		g.VPAND(g.tailMask(), a, a)
		g.VMOVDQU(x, dst)
		g.VEXTRACTI128(U8(1), a, dst.Offset(block))
		g.JMP(LabelRef(done))
		g.Label(low)
		g.JE(LabelRef(whole))
		g.loadPartial(src, g.n, g.param("n"), x)
		g.JMP(LabelRef(enc))
		g.Label(whole)
		g.VMOVDQU(src, x)
		g.Label(enc)
	} else {
		g.loadPartial(src, g.n, g.param("n"), x)
	}
	g.VPXOR(g.st[3], a, a)
	g.VPAND(g.tailMask(), a, a)
	g.VMOVDQU(x, dst)
	g.JMP(LabelRef(done))
	g.Label(full)
	g.VPXOR(src, g.st[3], a)
	g.VMOVDQU(a, dst)
	g.Label(done)
}

// openLast decrypts the last n bytes, 1 to a vector, with the key stream in s3,
// and leaves the ciphertext in a0, padded with zeros. It may read a block beyond
// n, where the tag is, and writes nothing there.
func (g *vex) openLast() {
	full, done := g.label("full"), g.label("opened")
	a, x := g.a0, xmmOf(g.a0)
	p, px := g.t1, xmmOf(g.t1) // plaintext
	src, dst := Mem{Base: g.src}, Mem{Base: g.dst}
	g.CMPQ(g.n, U8(g.size))
	g.JE(LabelRef(full))
	if g.lanes == 2 {
		low, short := g.label("low"), g.label("low_short")
		g.CMPQ(g.n, U8(block))
		g.JBE(LabelRef(low))
		// 17 to 31 bytes: the second block into the last 16, then the first.
		g.VMOVDQU(src, a)
		g.VPXOR(g.st[3], a, p)
		g.VPAND(g.tailMask(), a, a)
		g.VEXTRACTI128(U8(1), p, xmmOf(g.t0))
		g.VPSHUFB(g.unshiftMask(-block), xmmOf(g.t0), xmmOf(g.t0))
		g.VMOVDQU(xmmOf(g.t0), dst.Offset(-block).Idx(g.n, 1))
		g.VMOVDQU(px, dst)
		g.JMP(LabelRef(done))
		g.Label(low)
		g.VMOVDQU(src, x)
		g.JB(LabelRef(short))
		g.VPXOR(xmmOf(g.st[3]), x, px)
		g.VMOVDQU(px, dst)
		g.JMP(LabelRef(done))
		g.Label(short)
	} else {
		g.VMOVDQU(src, x)
	}
	tiny := g.label("tiny")
	g.VPXOR(xmmOf(g.st[3]), x, px)
	g.VPAND(g.tailMask(), x, x)
	g.CMPQ(g.param("n"), U8(block))
	g.JB(LabelRef(tiny))
	// The block into the last 16 bytes, then again what that overwrote: the
	// block before, which has been written already.
	g.VMOVDQU(dst.Offset(-block), xmmOf(g.t0))
	g.VPSHUFB(g.unshiftMask(0), px, px)
	g.VMOVDQU(px, dst.Offset(-block).Idx(g.n, 1))
	g.VMOVDQU(xmmOf(g.t0), dst.Offset(-block))
	g.JMP(LabelRef(done))
	g.Label(tiny)
	g.storePartial(px)
	g.JMP(LabelRef(done))
	g.Label(full)
	g.VMOVDQU(src, a)
	g.VPXOR(g.st[3], a, p)
	g.VMOVDQU(p, dst)
	g.Label(done)
}

// shifts are 16 bytes that shuffle nothing between two times 16 that shuffle in
// zeros.
func (g *vex) shifts() Mem {
	b := make([]byte, 48)
	for i := range b {
		b[i] = 0x80
		if i/16 == 1 {
			b[i] = byte(i % 16)
		}
	}
	return g.Bytes("gcmShifts", b)
}

// shiftMask moves the last bytes of a register to its front: all but d-32-n of
// them, with n the register.
func (g *vex) shiftMask(n reg.GPVirtual, d int) Mem {
	t := g.GP64()
	g.LEAQ(g.shifts(), t)
	g.SUBQ(n, t)
	return Mem{Base: t, Disp: d}
}

// unshiftMask moves the first n+d bytes of a register to its end.
func (g *vex) unshiftMask(d int) Mem {
	t := g.GP64()
	g.LEAQ(g.shifts(), t)
	return Mem{Base: t, Index: g.n, Scale: 1, Disp: d}
}

// tailMask has the first n bytes set, of a vector.
func (g *vex) tailMask() Mem {
	b := make([]byte, 64)
	for i := range 32 {
		b[i] = 0xff
	}
	t := g.GP64()
	g.LEAQ(g.Bytes("gcmMask", b), t)
	g.SUBQ(g.n, t)
	return Mem{Base: t, Disp: 32}
}

// loadPartial loads the n bytes at p, 1 to 15, into x and clears the rest of it.
// It reads nothing else but what is before p, if whole is at least 16: the
// number of bytes that end with these.
func (g *vex) loadPartial(p Mem, n reg.GPVirtual, whole Mem, x reg.VecPhysical) {
	four, eight, over, done := g.label("load4"), g.label("load8"), g.label("load_over"), g.label("loaded")
	end := p.Idx(n, 1)
	g.CMPQ(whole, U8(block))
	g.JAE(LabelRef(over))
	v, w := g.GP64(), g.GP64()
	g.MOVQ(n, reg.RCX)
	g.CMPQ(n, U8(8))
	g.JAE(LabelRef(eight))
	g.SHLL(U8(3), reg.ECX)
	g.CMPQ(n, U8(4))
	g.JAE(LabelRef(four))
	// 1 to 3: the first byte, the middle one and the last, which may be the same.
	g.MOVBLZX(p, v.As32())
	g.MOVBLZX(end.Offset(-1), w.As32())
	g.SUBL(U8(8), reg.ECX)
	g.SHLL(reg.CL, w.As32())
	g.ORL(w.As32(), v.As32())
	g.MOVQ(n, reg.RCX)
	g.SHRL(U8(1), reg.ECX)
	g.MOVBLZX(p.Idx(reg.RCX, 1), w.As32())
	g.SHLL(U8(3), reg.ECX)
	g.SHLL(reg.CL, w.As32())
	g.ORL(w.As32(), v.As32())
	g.VMOVQ(v, x)
	g.JMP(LabelRef(done))
	// 4 to 7: two words that may overlap.
	g.Label(four)
	g.MOVL(p, v.As32())
	g.MOVL(end.Offset(-4), w.As32())
	g.SUBL(U8(32), reg.ECX)
	g.SHLQ(reg.CL, w)
	g.ORQ(w, v)
	g.VMOVQ(v, x)
	g.JMP(LabelRef(done))
	// 8 to 15: the first word, and the last shifted down by 16-n bytes, in two
	// parts because that may be the whole word.
	g.Label(eight)
	g.MOVQ(p, v)
	g.MOVQ(end.Offset(-8), w)
	g.SHLL(U8(3), reg.ECX)
	g.NEGL(reg.ECX)
	g.ADDL(U8(120), reg.ECX)
	g.SHRQ(U8(8), w)
	g.SHRQ(reg.CL, w)
	g.VMOVQ(v, x)
	g.VPINSRQ(U8(1), w, x, x)
	g.JMP(LabelRef(done))
	g.Label(over)
	g.VMOVDQU(end.Offset(-block), x)
	g.VPSHUFB(g.shiftMask(n, 32), x, x)
	g.Label(done)
}

// storePartial stores the first n bytes of x at dst, 1 to 15.
func (g *vex) storePartial(x reg.VecPhysical) {
	v, p := g.GP64(), g.GP64()
	g.VMOVQ(x, v)
	g.MOVQ(g.dst, p)
	for size := 8; size > 0; size /= 2 {
		skip := g.label("store")
		g.TESTQ(U32(size), g.n)
		g.JZ(LabelRef(skip))
		m := Mem{Base: p}
		switch size {
		case 8:
			g.MOVQ(v, m)
			g.VPEXTRQ(U8(1), x, v)
		case 4:
			g.MOVL(v.As32(), m)
			g.SHRQ(U8(32), v)
		case 2:
			g.MOVW(v.As16(), m)
			g.SHRQ(U8(16), v)
		case 1:
			g.MOVB(v.As8(), m)
		}
		g.ADDQ(U8(size), p)
		g.Label(skip)
	}
}
