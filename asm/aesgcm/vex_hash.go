package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// # The field
//
// GHASH (SP 800-38D, Section 6.4) writes the polynomial of a block with the
// coefficient of x^0 in its first bit. Blocks are byte-reversed on load, so
// that bit i of the register is the coefficient of x^(127-i). Write rev(p) for
// the register of the field element p, read as a polynomial with bit i at x^i;
// then, with g = x^128 + x^127 + x^126 + x^121 + 1, the field's polynomial
// reversed,
//
//	rev(p·q) = rev(p)·rev(q)·x^-127 mod g
//	         = rev(p)·(rev(q)·x)·x^-128 mod g
//
// (Gueron and Kounavis, "Intel Carry-Less Multiplication Instruction and its
// Usage for Computing the GCM Mode", 2010, with the shift by one moved to the
// hash key.) So b = rev(H^i)·x mod g is what the table holds, and a
// multiplication is a carry-less product followed by a division by x^128.
//
// Dividing by x^64 takes one multiplication: for p = p0 + p1·x^64, the multiple
// p0·g of g cancels p0, because g = 1 + c·x^64 + x^128 with c = x^63 + x^62 +
// x^57, that is 0xc2<<56; and
//
//	(p + p0·g)·x^-64 = p1 + p0·c + p0·x^64 = swap64(p) + p0·c      (fold)
//
// With Karatsuba's three products of a = aL + aH·x^64 and b,
//
//	lo = aL·bL,  hi = aH·bH,  mid = (aL+aH)·(bL+bH) + lo + hi
//	a·b·x^-128 = hi + fold(mid + fold(lo))
//
// All of this is linear: lo, mid and hi are sums over many blocks, and lanes of
// a vector are summed after the reduction.

// clmul multiplies a qword of a by one of b: bit 0 of sel chooses in a, bit 4
// in b.
func (g *vex) clmul(sel uint8, b Op, a, dst reg.VecPhysical) { g.VPCLMULQDQ(U8(sel), b, a, dst) }

// bswap byte-reverses the blocks of v: from a block to the order of the field
// or back.
func (g *vex) bswap(v, dst reg.VecPhysical) { g.VPSHUFB(g.bswapMask(), v, dst) }

func (g *vex) bswapMask() Mem {
	return g.Words64("gcmBswap", 0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607)
}

// poly is c in the high qword of each lane.
func (g *vex) poly() Mem { return g.Words64("gcmPoly", 0, 0xc2<<56, 0, 0xc2<<56) }

// mul multiplies the blocks of a by the powers at b and adds to lo, mid, hi, or
// sets them if first. An xmm must not be added to sums of ymm: that would clear
// the upper lanes. It destroys a.
func (g *vex) mul(a reg.VecPhysical, b Mem, first bool) {
	w := gen.Width(8 * int(a.Size()))
	r := func(v reg.VecPhysical) reg.VecPhysical { return w.Reg(int(v.PhysicalIndex())) }
	lo, mid, hi, t0, t1, u := r(g.lo), r(g.mid), r(g.hi), r(g.t0), r(g.t1), r(g.u)
	g.VMOVDQU(b, u)
	g.VPSHUFD(U8(0x4e), u, t1)
	g.VPXOR(u, t1, t1)
	g.VPSHUFD(U8(0x4e), a, t0)
	g.VPXOR(a, t0, t0)
	if first {
		g.clmul(0x00, t1, t0, mid)
		g.clmul(0x00, u, a, lo)
		g.clmul(0x11, u, a, hi)
		return
	}
	g.clmul(0x00, t1, t0, t0)
	g.clmul(0x00, u, a, t1)
	g.clmul(0x11, u, a, a)
	g.VPXOR(t0, mid, mid)
	g.VPXOR(t1, lo, lo)
	g.VPXOR(a, hi, hi)
}

// unpack sets t0 to aL^aH of two vectors: for xmm that of a0, then that of a1;
// for ymm and blocks 0 to 3 in a0, a1 that of 0, 2, 1, 3.
func (g *vex) unpack(a0 reg.VecPhysical, a1 Op, t0, t1 reg.VecPhysical) {
	g.VPUNPCKLQDQ(a1, a0, t0)
	g.VPUNPCKHQDQ(a1, a0, t1)
	g.VPXOR(t1, t0, t0)
}

// mul2 multiplies the blocks of a0 and a1 by the powers at b, and adds to lo,
// mid, hi.
func (g *vex) mul2(b Mem) {
	b0, b1 := b, b.Offset(g.size)
	g.VMOVDQU(b0, g.u)
	g.unpack(g.u, b1, g.t1, g.t0)
	g.VPUNPCKLQDQ(g.a1, g.a0, g.t0)
	g.VPUNPCKHQDQ(g.a1, g.a0, g.u)
	g.VPXOR(g.u, g.t0, g.t0)
	g.clmul(0x00, g.t1, g.t0, g.u)
	g.clmul(0x11, g.t1, g.t0, g.t0)
	g.VPXOR(g.u, g.t0, g.t0)
	g.VPXOR(g.t0, g.mid, g.mid)
	g.clmul(0x00, b0, g.a0, g.t0)
	g.clmul(0x00, b1, g.a1, g.t1)
	g.VPXOR(g.t1, g.t0, g.t0)
	g.VPXOR(g.t0, g.lo, g.lo)
	g.clmul(0x11, b0, g.a0, g.a0)
	g.clmul(0x11, b1, g.a1, g.a1)
	g.VPXOR(g.a1, g.a0, g.a0)
	g.VPXOR(g.a0, g.hi, g.hi)
}

// mul2Steps is mul2 in numbered steps, for vectors v and v+1 of a unit of 16
// blocks at p, with bL^bH from the table. The first pair starts the sums, after
// the hash so far was added to its first block.
func (g *vex) mul2Steps(p Mem, v int) []func() {
	b0 := g.pow(block*(g.powers-unit/block) + g.size*v)
	b1 := b0.Offset(g.size)
	bm := g.pow(block*g.powers + g.size*v/2)
	first := v == 0
	return []func(){
		// 0–3: the blocks, in the order of the field.
		func() { g.VMOVDQU(p.Offset(g.size*v), g.a0) },
		func() { g.VMOVDQU(p.Offset(g.size*(v+1)), g.a1) },
		func() { g.bswap(g.a0, g.a0) },
		func() {
			g.bswap(g.a1, g.a1)
			if first {
				g.VPXOR(g.hash, g.a0, g.a0)
			}
		},
		// 4–6: t0 = aL^aH of both.
		func() { g.VPUNPCKLQDQ(g.a1, g.a0, g.t0) },
		func() { g.VPUNPCKHQDQ(g.a1, g.a0, g.t1) },
		func() { g.VPXOR(g.t1, g.t0, g.t0) },
		// 7–9: mid += t0 · (bL^bH).
		func() { g.clmul(0x00, bm, g.t0, g.t1) },
		func() { g.clmul(0x11, bm, g.t0, g.t0) },
		func() { g.accumulate(g.t0, g.t1, g.mid, first) },
		// 10–12: lo += aL·bL.
		func() { g.clmul(0x00, b0, g.a0, g.t0) },
		func() { g.clmul(0x00, b1, g.a1, g.t1) },
		func() { g.accumulate(g.t0, g.t1, g.lo, first) },
		// 13–15: hi += aH·bH.
		func() { g.clmul(0x11, b0, g.a0, g.a0) },
		func() { g.clmul(0x11, b1, g.a1, g.a1) },
		func() { g.accumulate(g.a0, g.a1, g.hi, first) },
	}
}

// accumulate adds p and q to sum, or sets it if first. It destroys p. The two
// are added first, so that the chain through the sum is short.
func (g *vex) accumulate(p, q, sum reg.VecPhysical, first bool) {
	if first {
		g.VPXOR(q, p, sum)
		return
	}
	g.VPXOR(q, p, p)
	g.VPXOR(p, sum, sum)
}

// reduce turns the sums lo, mid, hi of width w into the hash, in the lowest
// lane of g.hash; the others are zero. It destroys lo, mid, t0, t1.
func (g *vex) reduce(w gen.Width) {
	for _, step := range g.reduceSteps(w) {
		step()
	}
}

func (g *vex) reduceSteps(w gen.Width) []func() {
	r := func(v reg.VecPhysical) reg.VecPhysical { return w.Reg(int(v.PhysicalIndex())) }
	lo, mid, hi, t0, t1 := r(g.lo), r(g.mid), r(g.hi), r(g.t0), r(g.t1)
	steps := []func(){
		// 0–5: mid + lo + hi + fold(lo).
		func() { g.clmul(0x10, g.poly(), lo, t0) },
		func() { g.VPSHUFD(U8(0x4e), lo, t1) },
		func() { g.VPXOR(hi, lo, lo) },
		func() { g.VPXOR(t1, lo, lo) },
		func() { g.VPXOR(lo, mid, mid) },
		func() { g.VPXOR(t0, mid, mid) },
		// 6–9: hi + fold of that.
		func() { g.clmul(0x10, g.poly(), mid, t0) },
		func() { g.VPSHUFD(U8(0x4e), mid, t1) },
		func() { g.VPXOR(t1, hi, hi) },
		func() { g.VPXOR(t0, hi, hi) },
	}
	if w == 256 {
		// 10, 11: the sum of the lanes.
		steps = append(steps,
			func() { g.VEXTRACTI128(U8(1), hi, xmmOf(t0)) },
			func() { g.VPXOR(xmmOf(t0), xmmOf(hi), xmmOf(hi)) })
	}
	return steps
}

// lengths starts the sums with the last block, the lengths in bits of
// additional data and ciphertext, times H^1.
func (g *vex) lengths(adBits, ctBits reg.GPVirtual) {
	x := xmmOf(g.a0)
	g.VMOVQ(ctBits, x)
	g.VPINSRQ(U8(1), adBits, x, x)
	g.mul(x, g.pow(block*(g.powers-1)), true)
}

// absorb adds the n bytes at p, padded with zeros to whole blocks, times the
// powers from pw on, and moves pw on. It destroys p and n; whole holds n as it
// was at first.
func (g *vex) absorb(p, n reg.GPVirtual, whole Mem) {
	loop, rest, add, done := g.label("absorb"), g.label("rest"), g.label("add"), g.label("absorbed")
	x := xmmOf(g.a0)
	g.Label(loop)
	g.CMPQ(n, U8(block))
	g.JB(LabelRef(rest))
	g.VMOVDQU(Mem{Base: p}, x)
	g.ADDQ(U8(block), p)
	g.SUBQ(U8(block), n)
	g.Label(add)
	g.bswap(x, x)
	g.mul(x, Mem{Base: g.pw}, false)
	g.ADDQ(U8(block), g.pw)
	g.JMP(LabelRef(loop))
	g.Label(rest)
	g.TESTQ(n, n)
	g.JZ(LabelRef(done))
	g.loadPartial(Mem{Base: p}, n, whole, x)
	g.XORL(n.As32(), n.As32())
	g.JMP(LabelRef(add))
	g.Label(done)
}
