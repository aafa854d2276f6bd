package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Poly1305 (RFC 8439, Section 2.5) in limbs of 64 bits. p is 2^130-5.
//
// r = r0 + 2^64·r1 is clamped: r0, r1 < 2^60, and 4 divides r1, so that
// 2^128·r1 = 2^130·(r1/4) is congruent to s1 = 5·(r1/4). The sum h = h0 + 2^64·h1
// + 2^128·h2 is reduced only so far that h2 <= 4, between any two steps.

// by sets the factor of times; without MULX it must stay where it is.
func (g *vec) by(m Mem) {
	if g.wide() {
		g.MOVQ(m, reg.RDX)
	}
	g.factor = m
}

// times sets lo and hi to the product of v and the factor. With MULX it leaves
// the flags alone.
func (g *vec) times(v Op, lo, hi reg.GPPhysical) {
	if g.wide() {
		g.MULXQ(v, lo, hi)
		return
	}
	g.MOVQ(v, reg.RAX)
	g.MULQ(g.factor)
	if lo != reg.RAX {
		g.MOVQ(reg.RAX, lo)
	}
	if hi != reg.RDX {
		g.MOVQ(reg.RDX, hi)
	}
}

func (g *vec) limbR(i int) Mem { return g.frame(frameR + 8*i) }
func (g *vec) limbS1() Mem     { return g.frame(frameR + 16) }

// limb returns limb i of r^k, k = 2 to 4.
func (g *vec) limb(k, i int) Mem { return g.frame(framePowers + 24*(k-2) + 8*i) }

// group adds n blocks at m, 2 or 4, with a bit above each, 2^128:
//
//	h = (h + m_0)·r^n + m_1·r^(n-1) + … + m_(n-1)·r mod p
//
// Only the first product waits for h.
//
// Bounds: before, h2 <= 4, so h + m_0 < 7·2^128. Powers of r from the second on
// are less than 5·2^128. So all is less than (7 + 2·2)·5·2^256 + 2^254, t4 < 56.
// The first fold leaves h2 < 3 + 56 + 56/4 + 2 < 2^7, the second h2 <= 3 + 1.
func (g *vec) group(m Mem, n int) (steps []func()) {
	t, h := g.t, []reg.GPPhysical{g.h0, g.h1, g.h2}
	step := func(f func()) { steps = append(steps, f) }
	product := func(v Op, i int) { step(func() { g.product(v, i) }) }
	word := func(i, j int) Mem { return m.Offset(hashBlock*i + 8*j) }

	// The last block, with the clamped r: m0·r0 + m1·s1, then m1·r0 + m0·r1, then
	// 2^128·r. This is less than 2^194: no carry beyond column 2.
	m0, m1 := word(n-1, 0), word(n-1, 1)
	step(func() { g.by(g.limbR(0)); g.times(m0, t[0], t[1]) })
	step(func() { g.times(m1, g.lo, t[2]); g.ADDQ(g.lo, t[1]); g.ADCQ(U8(0), t[2]) })
	step(func() { g.by(g.limbR(1)); g.times(m0, g.lo, g.hi); g.ADDQ(g.lo, t[1]); g.ADCQ(g.hi, t[2]) })
	step(func() {
		g.by(g.limbS1())
		g.times(m1, g.lo, g.hi)
		g.ADDQ(g.lo, t[0])
		g.ADCQ(g.hi, t[1])
		g.ADCQ(U8(0), t[2])
	})
	step(func() { g.ADDQ(g.limbS1(), t[1]); g.ADCQ(g.limbR(0), t[2]) })
	step(func() { g.XORL(t[3].As32(), t[3].As32()); g.XORL(t[4].As32(), t[4].As32()) })
	// Those between.
	for i := n - 2; i > 0; i-- {
		k := n - i
		for j := range 3 {
			step(func() { g.by(g.limb(k, j)) })
			product(word(i, 0), j)
			product(word(i, 1), j+1)
		}
		step(func() { g.ADDQ(g.limb(k, 0), t[2]); g.ADCQ(g.limb(k, 1), t[3]); g.ADCQ(g.limb(k, 2), t[4]) })
	}
	// The first, with h.
	step(func() { g.ADDQ(m, g.h0); g.ADCQ(m.Offset(8), g.h1); g.ADCQ(U8(1), g.h2) })
	for j := range 2 {
		step(func() { g.by(g.limb(n, j)) })
		for i := range 3 {
			product(h[i], i+j)
		}
	}
	step(func() { g.by(g.limb(n, 2)) })
	product(h[0], 2)
	product(h[1], 3)
	step(func() { g.IMULQ(g.limb(n, 2), g.h2); g.ADDQ(g.h2, t[4]) })
	return append(steps, g.fold()...)
}

// fold sets h to the columns with what is above 2^130 folded.
func (g *vec) fold() []func() {
	t := g.t
	// What is above 2^130 times 5: as 4 times it is in place already, and as 1
	// time two bits lower.
	return []func(){
		func() {
			g.MOVL(t[2].As32(), g.h2.As32())
			g.ANDL(U8(3), g.h2.As32())
			g.ANDQ(I8(-4), t[2])
		},
		func() { g.ADDQ(t[2], t[0]); g.ADCQ(t[3], t[1]); g.ADCQ(t[4], g.h2) },
		func() { g.SHRQ(U8(2), t[2]); g.MOVQ(t[3], g.lo); g.SHLQ(U8(62), g.lo); g.ORQ(g.lo, t[2]) },
		func() { g.SHRQ(U8(2), t[3]); g.MOVQ(t[4], g.lo); g.SHLQ(U8(62), g.lo); g.ORQ(g.lo, t[3]) },
		func() { g.SHRQ(U8(2), t[4]) },
		func() { g.ADDQ(t[2], t[0]); g.ADCQ(t[3], t[1]); g.ADCQ(t[4], g.h2) },
		func() { g.foldTop(t[0], t[1]) },
	}
}

// foldTop sets h to l0 + 2^64·l1 + 2^128·h2 with what is above 2^130 folded. It
// destroys lo.
func (g *vec) foldTop(l0, l1 reg.GPPhysical) {
	g.MOVQ(g.h2, g.lo)
	g.SHRQ(U8(2), g.lo)
	g.LEAQ(Mem{Base: g.lo, Index: g.lo, Scale: 4}, g.lo)
	g.ANDL(U8(3), g.h2.As32())
	g.ADDQ(g.lo, l0)
	g.ADCQ(U8(0), l1)
	g.ADCQ(U8(0), g.h2)
	if l0 != g.h0 {
		g.MOVQ(l0, g.h0)
		g.MOVQ(l1, g.h1)
	}
}

// one adds one block, at m: h = (h + a)·r mod p.
//
// Bounds: with a h2 <= 6, so h2·r0 < 2^63 and h2·s1 < 2^63. t2 < 6·2^60 +
// 3·2^61 < 2^64·4/5, which times 5/4 is less than 2^64; so after the fold h2 <= 3
// + 1.
func (g *vec) one(m Mem) []func() {
	return append([]func(){
		func() { g.ADDQ(m, g.h0); g.ADCQ(m.Offset(8), g.h1); g.ADCQ(U8(1), g.h2) },
	}, g.timesR()...)
}

// timesR sets h to h·r; h2 <= 6.
func (g *vec) timesR() []func() {
	t := g.t
	return []func(){
		func() { g.by(g.limbR(0)); g.times(g.h0, t[0], t[1]) },
		func() { g.times(g.h1, g.lo, t[2]); g.ADDQ(g.lo, t[1]); g.ADCQ(U8(0), t[2]) },
		func() { g.by(g.limbR(1)); g.times(g.h0, g.lo, g.hi); g.ADDQ(g.lo, t[1]); g.ADCQ(g.hi, t[2]) },
		func() {
			g.by(g.limbS1())
			g.times(g.h1, g.lo, g.hi)
			g.ADDQ(g.lo, t[0])
			g.ADCQ(g.hi, t[1])
			g.ADCQ(U8(0), t[2])
		},
		func() { g.MOVQ(g.h2, t[3]); g.IMULQ(g.limbS1(), t[3]); g.IMULQ(g.limbR(0), g.h2) },
		func() { g.ADDQ(t[3], t[1]); g.ADCQ(g.h2, t[2]) },
		g.foldColumn,
	}
}

// foldColumn sets h to t0 + 2^64·t1 + 2^128·t2 with what is above 2^130 folded.
// t2 < 2^64·4/5. It destroys lo.
func (g *vec) foldColumn() {
	t := g.t
	g.MOVL(t[2].As32(), g.h2.As32())
	g.MOVQ(t[2], g.lo)
	g.SHRQ(U8(2), t[2])
	g.ANDQ(I8(-4), g.lo)
	g.ADDQ(g.lo, t[2])
	g.ANDL(U8(3), g.h2.As32())
	g.ADDQ(t[2], t[0])
	g.ADCQ(U8(0), t[1])
	g.ADCQ(U8(0), g.h2)
	g.MOVQ(t[0], g.h0)
	g.MOVQ(t[1], g.h1)
}

// powers keeps r, which is in h0 and h1, s1 and r^2 to r^4 in the frame. It
// destroys h.
func (g *vec) powers() []func() {
	steps := append(g.keepR(), g.power2()...)
	return append(append(steps, g.nextPower(3)...), g.power4()...)
}

func (g *vec) keepR() []func() {
	return []func(){
		func() {
			g.MOVQ(g.h0, g.limbR(0))
			g.MOVQ(g.h1, g.limbR(1))
			g.MOVQ(g.h1, g.t[3])
			g.SHRQ(U8(2), g.t[3])
			g.ADDQ(g.h1, g.t[3])
			g.MOVQ(g.t[3], g.limbS1())
		},
	}
}

// power2 keeps r^2, and leaves it in h; r is in h0 and h1, s1 in t3.
//
// Bounds: r^2 = r0·r0 + s1·r1 + 2^64·2·r0·r1 before the fold, less than 2^186, and
// less than 5·2^128 after it.
func (g *vec) power2() []func() {
	t := g.t
	return []func(){
		func() { g.by(g.limbR(0)); g.times(g.h0, t[0], t[1]) },
		func() {
			g.by(g.limbR(1))
			g.times(t[3], g.lo, g.hi)
			g.XORL(t[2].As32(), t[2].As32())
			g.ADDQ(g.lo, t[0])
			g.ADCQ(g.hi, t[1])
			g.ADCQ(U8(0), t[2])
		},
		func() {
			g.times(g.h0, g.lo, g.hi)
			for range 2 {
				g.ADDQ(g.lo, t[1])
				g.ADCQ(g.hi, t[2])
			}
		},
		g.foldColumn,
		func() { g.keepPower(2) },
	}
}

// nextPower keeps r^k; r^(k-1) is in h.
func (g *vec) nextPower(k int) []func() {
	return append(g.timesR(), func() { g.keepPower(k) })
}

// power4 keeps r^4, and leaves it in h.
func (g *vec) power4() []func() {
	steps := []func(){func() { g.loadPower(2) }}
	steps = append(steps, g.columns(func(i int) Mem { return g.limb(2, i) })...)
	return append(append(steps, g.fold()...), func() { g.keepPower(4) })
}

func (g *vec) loadPower(k int) {
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(g.limb(k, i), h)
	}
}

// columns sets the columns to the product of h and the number whose limbs are in
// memory. It destroys h2.
//
// Bounds: both are less than 5·2^128, so this is less than 25·2^256.
func (g *vec) columns(limb func(int) Mem) []func() {
	t, h := g.t, []reg.GPPhysical{g.h0, g.h1, g.h2}
	steps := []func(){func() {
		for _, c := range t {
			g.XORL(c.As32(), c.As32())
		}
	}}
	for j := range 3 {
		steps = append(steps, func() { g.by(limb(j)) })
		for i := range min(3, 4-j) {
			steps = append(steps, func() { g.product(h[i], i+j) })
		}
	}
	return append(steps, func() { g.IMULQ(limb(2), g.h2); g.ADDQ(g.h2, t[4]) })
}

// product adds v times the factor to columns i and i+1; the carry goes up to
// column 4, and beyond there is none.
func (g *vec) product(v Op, i int) {
	g.times(v, g.lo, g.hi)
	g.ADDQ(g.lo, g.t[i])
	g.ADCQ(g.hi, g.t[i+1])
	for j := i + 2; j <= 4; j++ {
		g.ADCQ(U8(0), g.t[j])
	}
}

func (g *vec) keepPower(k int) {
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(h, g.limb(k, i))
	}
}

func (g *vec) zeroSum() {
	for _, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.XORL(h.As32(), h.As32())
	}
}

// groups adds as many groups of n blocks as count bytes at p hold, and moves
// both on.
func (g *vec) groups(n int) {
	loop, end := g.label("groups"), g.label("groups_end")
	g.SUBQ(U8(hashBlock*n), g.count)
	g.JB(LabelRef(end))
	g.Align(32)
	g.Label(loop)
	do(g.group(Mem{Base: g.p}, n))
	g.ADDQ(U8(hashBlock*n), g.p)
	g.SUBQ(U8(hashBlock*n), g.count)
	g.JAE(LabelRef(loop))
	g.Label(end)
	g.ADDQ(U8(hashBlock*n), g.count)
}

// absorb adds count bytes at p, padded with zeros to whole blocks, and reads
// nothing else.
func (g *vec) absorb() {
	part, end := g.label("absorb_part"), g.label("absorbed")
	g.groups(2)
	g.CMPQ(g.count, U8(hashBlock))
	g.JB(LabelRef(part))
	do(g.one(Mem{Base: g.p}))
	g.ADDQ(U8(hashBlock), g.p)
	g.SUBQ(U8(hashBlock), g.count)
	g.Label(part)
	g.TESTQ(g.count, g.count)
	g.JZ(LabelRef(end))
	g.loadPartial(Mem{Base: g.p}, g.t[0], g.t[1])
	g.MOVQ(g.t[0], g.frame(frameSlot))
	g.MOVQ(g.t[1], g.frame(frameSlot+8))
	do(g.one(g.frame(frameSlot)))
	g.Label(end)
}

// finish adds the last count bytes of the ciphertext, at p, padded with zeros,
// and the lengths. It may read a block beyond them, where the tag is or comes.
func (g *vec) finish() {
	last, lengths, end := g.label("finish_last"), g.label("finish_lengths"), g.label("finished")
	g.groups(4)
	g.groups(2)
	g.CMPQ(g.count, U8(hashBlock))
	g.JBE(LabelRef(last))
	do(g.one(Mem{Base: g.p}))
	g.ADDQ(U8(hashBlock), g.p)
	g.SUBQ(U8(hashBlock), g.count)
	g.Label(last)
	g.TESTQ(g.count, g.count)
	g.JZ(LabelRef(lengths))
	// One more block: together with the lengths.
	g.maskPart(g.p, g.count, g.t[0], g.t[2])
	for i := range 2 {
		g.MOVQ(g.frame(frameLens+8*i), g.t[i])
		g.MOVQ(g.t[i], g.frame(frameSlot+hashBlock+8*i))
	}
	do(g.group(g.frame(frameSlot), 2))
	g.JMP(LabelRef(end))
	g.Label(lengths)
	do(g.one(g.frame(frameLens)))
	g.Label(end)
}

// maskPart puts the n bytes at p, 1 to 16, padded with zeros, into the frame's slot.
// It reads 16, and destroys u and v.
func (g *vec) maskPart(p, n, u, v reg.GPPhysical) {
	mask := make([]byte, 2*hashBlock)
	for i := range hashBlock {
		mask[i] = 0xff
	}
	g.LEAQ(g.Bytes("chachaMask", mask), v)
	g.SUBQ(n, v)
	for i := range 2 {
		g.MOVQ(Mem{Base: p, Disp: 8 * i}, u)
		g.ANDQ(Mem{Base: v, Disp: hashBlock + 8*i}, u)
		g.MOVQ(u, g.frame(frameSlot+8*i))
	}
}

// tag leaves the tag in h0 and h1: h mod p + s mod 2^128.
func (g *vec) tag() {
	g.foldTop(g.h0, g.h1)
	// Now h < 2^130 + 2^5. It is at least p if h + 5 has a bit from 130 up.
	g.MOVQ(g.h0, g.t[0])
	g.MOVQ(g.h1, g.t[1])
	g.ADDQ(U8(5), g.t[0])
	g.ADCQ(U8(0), g.t[1])
	g.ADCQ(U8(0), g.h2)
	g.ANDL(U8(4), g.h2.As32())
	g.CMOVQNE(g.t[0], g.h0)
	g.CMOVQNE(g.t[1], g.h1)
	g.ADDQ(g.frame(frameS), g.h0)
	g.ADCQ(g.frame(frameS+8), g.h1)
}
