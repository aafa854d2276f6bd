package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// init builds key set-up: the key schedule of FIPS 197, Section 5.2, then the
// powers of H = E(0^128).
//
// The schedule takes SubWord from VAESENCLAST: in a state whose columns are all
// the same, ShiftRows changes nothing, so one instruction makes SubWord(w) ^ rcon
// in every word. (Refused: VAESKEYGENASSIST, a dozen micro-operations on Intel's
// cores.) E(0^128) follows a round behind and costs no time of its own.
//
//	x0, x1  the last words of the schedule
//	e       the state of E(0^128)
//	t, p, q temporaries
func (t vexTier) init(c *gen.Ctx) {
	g := t.kernel(c, "init")
	raw := g.GP64()
	g.Load(g.Param("raw"), raw)
	key192, key256, powers := g.label("key192"), g.label("key256"), g.label("powers")
	r := gen.Width(128).Reg
	x0, x1, e, w, p, q := r(0), r(1), r(2), r(3), r(4), r(5)

	// subWord sets w to SubWord(w of x) ^ rcon in all words, where mask chooses
	// the word and whether it is rotated.
	subWord := func(x reg.VecPhysical, mask, rcon Mem) {
		g.VPSHUFB(mask, x, w)
		g.VAESENCLAST(rcon, w, w)
	}
	// next sets x to the sums of its words 0 to i, for word i, plus w.
	next := func(x reg.VecPhysical) {
		g.VPSLLDQ(U8(4), x, p)
		g.VPSLLDQ(U8(8), x, q)
		g.VPXOR(p, x, p)
		g.VPSLLDQ(U8(12), x, x)
		g.VPXOR(q, x, x)
		g.VPXOR(p, x, x)
		g.VPXOR(w, x, x)
	}
	rotated3 := g.wordMask("gcmRotWord3", 13, 14, 15, 12)
	plain3 := g.wordMask("gcmWord3", 12, 13, 14, 15)
	rotated1 := g.wordMask("gcmRotWord1", 5, 6, 7, 4)

	g.VMOVDQU(Mem{Base: raw}, x0)
	g.VMOVDQU(x0, g.roundKey(0))
	g.CMPQ(g.rounds(), U8(12))
	g.JE(LabelRef(key192))
	g.JA(LabelRef(key256))

	// AES-128: four words a round key.
	g.VMOVDQA(x0, e)
	for i := 1; i <= 10; i++ {
		subWord(x0, rotated3, g.rcon(i))
		next(x0)
		g.VMOVDQU(x0, g.roundKey(i))
		if i < 10 {
			g.VAESENC(x0, e, e)
		} else {
			g.VAESENCLAST(x0, e, e)
		}
	}
	g.JMP(LabelRef(powers))

	// AES-256: eight words to two round keys; the second half without rotation
	// and constant.
	g.Label(key256)
	g.VMOVDQU(Mem{Base: raw, Disp: 16}, x1)
	g.VMOVDQU(x1, g.roundKey(1))
	g.VAESENC(x1, x0, e)
	for i := 1; i <= 7; i++ {
		subWord(x1, rotated3, g.rcon(i))
		next(x0)
		g.VMOVDQU(x0, g.roundKey(2*i))
		if i == 7 {
			g.VAESENCLAST(x0, e, e)
			break
		}
		g.VAESENC(x0, e, e)
		subWord(x0, plain3, g.rcon(0))
		next(x1)
		g.VMOVDQU(x1, g.roundKey(2*i+1))
		g.VAESENC(x1, e, e)
	}
	g.JMP(LabelRef(powers))

	// AES-192: six words at a time, 24 bytes, of which x0 holds four and x1 two.
	g.Label(key192)
	g.VMOVQ(Mem{Base: raw, Disp: 16}, x1)
	g.VMOVQ(x1, g.roundKey(1))
	for i := 1; i <= 8; i++ {
		at := g.roundKey(0).Offset(24 * i)
		subWord(x1, rotated1, g.rcon(i))
		next(x0)
		g.VMOVDQU(x0, at)
		if i < 8 {
			g.VPSHUFD(U8(0xff), x0, w)
			g.VPSLLDQ(U8(4), x1, p)
			g.VPXOR(p, x1, x1)
			g.VPXOR(w, x1, x1)
			g.VMOVQ(x1, at.Offset(16))
		}
	}
	g.VMOVDQU(g.roundKey(0), e)
	for i := 1; i < 12; i++ {
		g.VAESENC(g.roundKey(i), e, e)
	}
	g.VAESENCLAST(g.roundKey(12), e, e)

	g.Label(powers)
	g.powerTable(e)
	g.ret()
}

// wordMask shuffles the four bytes into every word.
func (g *vex) wordMask(name string, bytes ...byte) Mem {
	var b []byte
	for range 4 {
		b = append(b, bytes...)
	}
	return g.Bytes(name, b)
}

// rcon returns the i-th round constant x^(i-1) (FIPS 197, Table 5) in every
// word, and zeros for 0.
func (g *vex) rcon(i int) Mem {
	words := make([]uint32, 4)
	for v := uint32(1); len(words) < 4*11; v = v<<1 ^ v>>7*0x11b {
		words = append(words, v, v, v, v)
	}
	return g.Words32("gcmRcon", words...).Offset(16 * i)
}

// # The powers
//
// Many powers are multiplied by one, b, so c = fold(b) = b·x^-64 pays: with a =
// aL + aH·x^64,
//
//	a·b·x^-128 = (aL·c + aH·b)·x^-64
//	           = aL·cH + aH·bH + fold(aL·cL + aH·bL)
//
// which are four products and one fold, a chain of two multiplications and not
// three. Products of two table entries are table entries: (H^i·x)(H^j·x)·x^-128
// is, in the field, H^(i+j)·x (see "The field": rev of a product takes x^-127).
//
//	b, c    the multiplier
//	f0–f7   the first eight vectors of powers
//	t, p, q temporaries
func (g *vex) powerTable(e reg.VecPhysical) {
	r := g.width.Reg
	b, c, t, p, q := r(8), r(9), r(10), r(11), r(12)
	x := xmmOf
	h := gen.Width(128).Reg(0)

	// b = rev(H)·x: shifted by one, less g if bit 127 leaves.
	g.bswap(e, h)
	g.VPSHUFD(U8(0xff), h, x(t))
	g.VPSRAD(U8(31), x(t), x(t))
	g.VPAND(g.Words64("gcmField", 1, 0xc2<<56), x(t), x(t))
	g.VPSRLQ(U8(63), h, x(p))
	g.VPADDQ(h, h, h)
	g.VPSLLDQ(U8(8), x(p), x(p))
	g.VPXOR(x(p), h, h)
	g.VPXOR(x(t), h, h)

	at := func(i int) Mem { return g.pow(block * (g.powers - i)) } // of H^i
	times := func(a, dst reg.VecPhysical) {
		s := sized
		g.clmul(0x00, s(c, a), a, s(t, a))
		g.clmul(0x01, s(b, a), a, s(p, a))
		g.VPXOR(s(p, a), s(t, a), s(t, a))
		g.clmul(0x10, s(c, a), a, s(q, a))
		g.clmul(0x11, s(b, a), a, s(p, a))
		g.VPXOR(s(p, a), s(q, a), s(q, a))
		g.clmul(0x10, g.poly(), s(t, a), s(p, a))
		g.VPSHUFD(U8(0x4e), s(t, a), s(t, a))
		g.VPXOR(s(q, a), s(t, a), s(t, a))
		g.VPXOR(s(p, a), s(t, a), dst)
	}
	// multiplier makes c from b.
	multiplier := func() {
		g.clmul(0x10, g.poly(), b, c)
		g.VPSHUFD(U8(0x4e), b, t)
		g.VPXOR(t, c, c)
	}
	f := make([]reg.VecPhysical, 8)
	for i := range f {
		f[i] = r(i)
	}
	n := 1 // vectors made
	if g.lanes == 1 {
		g.VMOVDQU(h, at(1))
		g.VMOVDQA(h, b)
	} else {
		// The first vector is H^2, H^1: the higher power lies lower.
		g.VINSERTI128(U8(1), h, b, b)
		g.VINSERTI128(U8(0), h, b, b)
		multiplier()
		times(h, x(b))
		g.VINSERTI128(U8(1), h, b, f[0])
		g.VMOVDQU(f[0], at(2))
		g.VINSERTI128(U8(1), x(b), b, b)
	}
	for {
		multiplier()
		for i := range n {
			power := (n + i + 1) * g.lanes
			if power-g.lanes+1 > g.powers {
				break
			}
			dst := t
			if n+i < len(f) {
				dst = f[n+i]
			}
			times(f[i], dst)
			g.VMOVDQU(dst, at(power))
			if i == n-1 && 2*n*g.lanes < g.powers {
				g.highest(dst, b)
			}
		}
		if n *= 2; n*g.lanes >= g.powers {
			break
		}
	}

	// bL^bH of H^16 to H^1.
	for v := 0; v < unit/g.size; v += 2 {
		m := at(16).Offset(g.size * v)
		g.VMOVDQU(m, t)
		g.unpack(t, m.Offset(g.size), p, q)
		g.VMOVDQU(p, g.pow(block*g.powers+g.size*v/2))
	}
}

// highest sets every lane of b to the lowest lane of v, the highest power.
func (g *vex) highest(v, b reg.VecPhysical) {
	if g.lanes == 1 {
		g.VMOVDQA(v, b)
		return
	}
	g.VINSERTI128(U8(1), xmmOf(v), v, b)
}
