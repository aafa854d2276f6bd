package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// init builds initVAES512: the key expansion (FIPS 197, Section 5.2) and the
// tables of powers.
//
// SubWord is the last AES round without its ShiftRows: the word is copied to
// all four columns first, and rows of equal columns do not change when they are
// shifted. That takes 5 cycles, the instruction for it (AESKEYGENASSIST) up to
// 13, microcoded on some cores. The hash key E(0) is encrypted along the way,
// each round as soon as its key is there.
func (g *z512) init() {
	g.Kernel(g.name)
	g.k = g.GP64()
	g.Load(g.Param("k"), g.k)
	raw := g.GP64()
	g.Load(g.Param("raw"), raw)
	first, err := g.Param("k").Dereference(g.k).Field("rk").Index(0).Resolve()
	check(err)
	g.rk0 = first.Addr
	pow, err := g.Param("k").Dereference(g.k).Field("pow").Index(0).Resolve()
	check(err)
	g.pow = func(off int) Mem { m := pow.Addr; m.Disp += off; return m }

	l192, l256, powers := g.NewLabel("init192"), g.NewLabel("init256"), g.NewLabel("initPowers")
	rounds := g.GP64()
	g.MOVQ(g.roundCount(), rounds)
	g.CMPQ(rounds, U8(12))
	g.JE(LabelRef(l192))
	g.JA(LabelRef(l256))
	g.expand128(raw)
	g.JMP(LabelRef(powers))
	g.Label(l192)
	g.expand192(raw)
	g.JMP(LabelRef(powers))
	g.Label(l256)
	g.expand256(raw)
	g.Label(powers)
	g.powers()
	g.ret()
}

var (
	xState = x(0) // E(0) under way
	xA     = x(1) // the newest key words
	xB     = x(2) // those before, of long keys
	xSub   = x(3)
	xTmp   = x(4)
	xRot   = x(5) // shuffle: RotWord of the last word to all columns
	xDup   = x(6) // shuffle: the last word to all columns
)

func (g *z512) key(i int) Mem { m := g.rk0; m.Disp += 16 * i; return m }

func (g *z512) rcon(i int) Mem {
	m := g.Words32("gcmRcon", 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36)
	m.Disp += 4 * i
	return m
}

func (g *z512) shuffles() {
	g.VPBROADCASTD(g.Words32("gcmRot", 0x0c0f0e0d), xRot)
	g.VPBROADCASTD(g.Words32("gcmDup", 0x0f0e0d0c), xDup)
}

// prefix turns words (w0, w1, w2, w3) into w0, w0^w1, w0^w1^w2, w0^w1^w2^w3.
func (g *z512) prefix(w reg.VecPhysical) {
	g.VPSLLDQ(U8(4), w, xTmp)
	g.VPXORQ(xTmp, w, w)
	g.VPSLLDQ(U8(8), w, xTmp)
	g.VPXORQ(xTmp, w, w)
}

// next makes the four words that follow w, whose first is w0^f(prev's last):
// f is SubWord, with RotWord and the round constant i before and after it if
// i >= 0.
func (g *z512) next(w, prev reg.VecPhysical, i int) {
	if i >= 0 {
		g.VPBROADCASTD(g.rcon(i), xTmp)
		g.VPSHUFB(xRot, prev, xSub)
	} else {
		g.VPXORQ(xTmp, xTmp, xTmp)
		g.VPSHUFB(xDup, prev, xSub)
	}
	g.VAESENCLAST(xTmp, xSub, xSub)
	g.prefix(w)
	g.VPXORQ(xSub, w, w)
}

func (g *z512) expand128(raw reg.GPVirtual) {
	g.shuffles()
	g.VMOVDQU(Mem{Base: raw}, xA)
	g.VMOVDQU(xA, g.key(0))
	g.VMOVDQA(xA, xState)
	for i := 1; i <= 10; i++ {
		g.next(xA, xA, i-1)
		g.VMOVDQU(xA, g.key(i))
		if i < 10 {
			g.VAESENC(xA, xState, xState)
		} else {
			g.VAESENCLAST(xA, xState, xState)
		}
	}
}

func (g *z512) expand256(raw reg.GPVirtual) {
	g.shuffles()
	g.VMOVDQU(Mem{Base: raw}, xA)
	g.VMOVDQU(Mem{Base: raw, Disp: 16}, xB)
	g.VMOVDQU(xA, g.key(0))
	g.VMOVDQU(xB, g.key(1))
	g.VAESENC(xB, xA, xState)
	for i := 2; i <= 14; i++ {
		w := xA
		if i%2 == 0 {
			g.next(xA, xB, i/2-1)
		} else {
			w = xB
			g.next(xB, xA, -1)
		}
		g.VMOVDQU(w, g.key(i))
		if i < 14 {
			g.VAESENC(w, xState, xState)
		} else {
			g.VAESENCLAST(w, xState, xState)
		}
	}
}

// expand192 makes six words at a time: four in xA, two in xB.
func (g *z512) expand192(raw reg.GPVirtual) {
	// RotWord of word 1 of xB to all columns.
	rot := g.Words32("gcmRot192", 0x04070605)
	g.VPBROADCASTD(rot, xRot)
	g.VMOVDQU(Mem{Base: raw}, xA)
	g.VMOVQ(Mem{Base: raw, Disp: 16}, xB)
	at := func(i, words int) Mem { m := g.rk0; m.Disp += 24*i + 4*words; return m }
	g.VMOVDQU(xA, at(0, 0))
	g.VMOVQ(xB, at(0, 4))
	for i := 1; i <= 8; i++ {
		g.next(xA, xB, i-1)
		g.VMOVDQU(xA, at(i, 0))
		if i == 8 {
			break
		}
		g.VPSLLDQ(U8(4), xB, xTmp)
		g.VPXORQ(xTmp, xB, xB)
		g.VPSHUFD(U8(0xff), xA, xTmp)
		g.VPXORQ(xTmp, xB, xB)
		g.VMOVQ(xB, at(i, 4))
	}
	g.VMOVDQU(g.key(0), xState)
	for i := 1; i < 12; i++ {
		g.VAESENC(g.key(i), xState, xState)
	}
	g.VAESENCLAST(g.key(12), xState, xState)
}

// multiply sets dst = a·b·x^-128 in every lane: four multiplications, since the
// powers wait for one another and latency is what counts here. dst may be a or
// b. It destroys t, u, v.
func (g *z512) multiply(dst, a, b, t, u, v reg.VecPhysical) {
	like := func(r reg.VecPhysical) reg.VecPhysical {
		switch a.Size() {
		case 16:
			return asX(r)
		case 32:
			return asY(r)
		}
		return r
	}
	t, u, v = like(t), like(u), like(v)
	g.clmul(t, a, b, 0x00)
	g.clmul(u, a, b, 0x01)
	g.clmul(v, a, b, 0x10)
	g.clmul(dst, a, b, 0x11)
	g.VPXORQ(v, u, u)
	g.fold(u, t, v)
	g.fold(dst, u, v)
}

// powers fills k.pow from E(0) in xState.
func (g *z512) powers() {
	t, u, v := z(16), z(17), z(18)
	h1 := x(0)
	// H·x: shift left, and reduce by the field's polynomial if a bit falls out.
	// In the register's bit order that is the constant 0xc2<<120 | 1.
	g.VPSHUFB(g.bswapMask(), xState, h1)
	g.VPSRAD(U8(31), h1, x(1))
	g.VPSHUFD(U8(0xff), x(1), x(1))
	g.VPAND(g.Words64("gcmReduce", 1, 0xc2<<56), x(1), x(1))
	g.VPSRLQ(U8(63), h1, x(2))
	g.VPSLLDQ(U8(8), x(2), x(2))
	g.VPADDQ(h1, h1, h1)
	g.VPXORQ(x(2), h1, h1)
	g.VPXORQ(x(1), h1, h1)

	p1, p2, p3, p4, p5 := z(3), z(4), z(5), z(6), z(7) // [H^4i, …, H^(4i-3)]
	by4, by8, by16 := z(8), z(9), z(10)
	broadcast := func(dst, src reg.VecPhysical) { g.VSHUFI64X2(U8(0), src, src, dst) }
	g.multiply(x(1), h1, h1, t, u, v) // H^2
	g.VINSERTI128(U8(1), h1, y(1), y(1))
	g.VINSERTI128(U8(1), x(1), y(1), y(2))
	g.multiply(y(2), y(1), y(2), t, u, v) // H^4, H^3
	g.VINSERTI64X4(U8(1), y(1), z(2), p1)
	broadcast(by4, p1)
	g.multiply(p2, p1, by4, t, u, v)
	broadcast(by8, p2)
	g.multiply(p3, p1, by8, t, u, v)
	g.multiply(p4, p2, by8, z(19), z(20), z(21))
	broadcast(by16, p4)
	g.multiply(p5, p1, by16, t, u, v)

	bulk1, bulk2 := z(11), z(12) // [H^16, H^12, H^8, H^4], [H^32, H^28, H^24, H^20]
	g.VINSERTI128(U8(1), asX(p3), asY(p4), asY(bulk1))
	g.VINSERTI128(U8(1), asX(p1), asY(p2), y(13))
	g.VINSERTI64X4(U8(1), y(13), bulk1, bulk1)
	g.multiply(bulk2, bulk1, by16, z(19), z(20), z(21))
	g.VEXTRACTI64X2(U8(3), p2, x(14)) // H^5
	g.multiply(x(14), x(14), asX(by16), z(22), z(23), z(24))

	g.VMOVDQU(x(14), g.pow(offEnd-16*21))
	for i, p := range []reg.VecPhysical{p1, p2, p3, p4, p5} {
		g.VMOVDQU64(p, g.pow(offEnd-64*(i+1)))
	}

	// K1, K2 and the constants of dot.
	sums := []reg.VecPhysical{z(25), z(26)}
	for i, b := range []reg.VecPhysical{bulk2, bulk1} {
		c, k1, k2 := z(27), z(28), z(29)
		g.VMOVDQA64(b, t)
		g.VPXORQ(c, c, c)
		g.fold(c, t, u)
		g.VPUNPCKLQDQ(c, b, k1)
		g.VPUNPCKHQDQ(c, b, k2)
		g.VMOVDQU64(k1, g.pow(offK1+64*i))
		g.VMOVDQU64(k2, g.pow(offK2+64*i))
		g.clmul(k1, k1, k1, 0x01)
		g.clmul(sums[i], k2, k2, 0x01)
		g.fold(sums[i], k1, t)
	}
	low3, t32 := g.K(), g.GP32()
	g.VPXORQ(sums[0], sums[1], z(19))
	g.lanes(z(19), t)
	g.VMOVDQU64(x(19), g.pow(offDot8))
	g.VPXORQ(asX(sums[0]), x(19), x(19))
	g.VMOVDQU64(x(19), g.pow(offDot7))
	g.MOVL(U32(0xfc), t32)
	g.KMOVB(t32, low3)
	g.VMOVDQA64_Z(sums[1], low3, sums[1])
	g.lanes(sums[1], t)
	g.VMOVDQU64(asX(sums[1]), g.pow(offDot3))
}
