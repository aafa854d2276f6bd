package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// # Messages of one block
//
// By its latency a block takes twice as long in vectors as in general registers;
// but those have the block of the one-time key to do first. So the block of the
// message goes half of its rounds in vectors, in which time that of the key goes
// all of its own, and then takes its place:
//
//	vectors            message, 9 half rounds
//	general registers  key, 20 half rounds     message, 11 half rounds
//
// Of the hash (RFC 8439, Section 2.5) of m blocks c_1 to c_m and the lengths, with h
// that of the additional data,
//
//	(h + c_1)·r^(m+1) + c_2·r^m + … + c_m·r^2 + lengths·r
//
// only c_1 to c_m are not known before the end, and their products do not wait for
// one another. All else comes before the second part of the rounds, which do not
// wait for it.
//
// Refused: that part between those rounds, with the state on the stack meanwhile,
// once or several times, no difference; and (h·r^(m+1) + lengths·r) ready before
// the end, which is slower: the multiplications are what holds the rounds up.

// cell returns where word i of the third row is while it is not in a register. It is
// addressed by the stack pointer because the rounds use all other registers.
func (g *vec) cell(i int) Mem { return g.cells.Offset(4 * i) }

// cellCount counts rounds.
func (g *vec) cellCount() Mem { return g.cells.Offset(16) }

const cellsSize = 24

// scalarC are the two words of the third row that the rounds have in registers:
// words 0 and 1 between double rounds.
var scalarC = [2]reg.GPPhysical{keyC, reg.RDI}

// scalarHalf is a column round, or a diagonal one, two quarter rounds at a time.
// The words of the third row that are in registers go first: 0 and 1 in a column
// round, 2 and 3 in a diagonal one; the other two are in registers after it.
func (g *vec) scalarHalf(diagonal int) (steps []func()) {
	two := func(i int) {
		q := func(i int) []func() {
			a, b, d, c := keyA[i].As32(), keyB[(i+diagonal)%4].As32(), keyD[(i+3*diagonal)%4].As32(), scalarC[i%2].As32()
			half := func(rd, rb uint8) []func() {
				return []func(){
					func() { g.ADDL(b, a) },
					func() { g.XORL(a, d) },
					func() { g.ROLL(U8(rd), d) },
					func() { g.ADDL(d, c) },
					func() { g.XORL(c, b) },
					func() { g.ROLL(U8(rb), b) },
				}
			}
			return append(half(16, 12), half(8, 7)...)
		}
		steps = append(steps, merge(q(i), q(i+1))...)
	}
	two(0)
	out, in := 2*diagonal, 2-2*diagonal
	for i, c := range scalarC {
		steps = append(steps, func() { g.MOVL(c.As32(), g.cell(out+i)) })
	}
	for i, c := range scalarC {
		steps = append(steps, func() { g.MOVL(g.cell(in+i), c.As32()) })
	}
	two(2)
	return steps
}

func (g *vec) scalarDouble() []func() { return append(g.scalarHalf(0), g.scalarHalf(1)...) }

// oneBlock seals or opens a message of one block, or of none.
func (g *vec) oneBlock() {
	s := rowSet{xmmOf(g.a[0]), xmmOf(g.a[1]), xmmOf(g.a[2]), xmmOf(g.a[3]), xmmOf(g.x)}
	r := &rows{vec: g, sets: []rowSet{s}}
	loop := g.label("one_block")

	key := g.lo
	g.MOVQ(g.param("k"), key)
	g.nonceRow(g.width.Reg(3), g.width.Reg(0), g.width.Reg(1))
	g.load(r.constants(), s.a)
	g.loadUnaligned(Mem{Base: key}, s.b)
	g.loadUnaligned(Mem{Base: key, Disp: 16}, s.c)
	g.firstAD()
	g.beginScalar()
	g.MOVL(U32(4), g.cellCount())
	g.Align(32)
	g.Label(loop)
	do(merge(r.doubleRound(), append(g.scalarDouble(), g.scalarDouble()...)))
	g.DECL(g.cellCount())
	g.JNZ(LabelRef(loop))
	do(merge(g.quarter(s.a, s.b, s.c, s.d, s.tmp), append(g.scalarDouble(), g.scalarDouble()...)))
	g.loadAddr()
	g.endKey()
	do(g.keepR())
	empty := g.label("empty")
	g.CMPQ(g.frame(frameN), U8(0))
	g.JE(LabelRef(empty))

	for i, v := range []reg.VecPhysical{s.a, s.b, s.c, s.d} {
		g.save(v, g.frame(frameKS+16*i))
	}
	g.beforeText()
	for i := range 2 {
		g.MOVL(g.frame(frameKS+32+4*i), keyC.As32())
		g.MOVL(keyC.As32(), g.cell(i))
	}
	for i := range 4 {
		g.MOVL(g.frame(frameKS+4*i), keyA[i].As32())
		g.MOVL(g.frame(frameKS+16+4*i), keyB[i].As32())
		g.MOVL(g.frame(frameKS+48+4*i), keyD[i].As32())
	}
	for i, c := range scalarC {
		g.MOVL(g.frame(frameKS+40+4*i), c.As32())
	}
	do(g.scalarHalf(1))
	for range 5 {
		do(g.scalarDouble())
	}
	g.endScalar()
	if g.open {
		g.hashBlock()
		g.xorBlock()
	} else {
		g.xorBlock()
		g.hashBlock()
	}
	g.endMessage()

	g.Label(empty)
	do(append(append(append(g.power2(), g.nextPower(3)...), g.power4()...), g.hashFirstAD()...))
	g.restAD()
	do(g.one(g.frame(frameLens)))
	g.endMessage()
}

// beginScalar loads the state of the block of the one-time key.
func (g *vec) beginScalar() {
	key := keyD[0]
	g.MOVQ(g.param("k"), key)
	for i := range 2 {
		g.MOVL(Mem{Base: key, Disp: 24 + 4*i}, keyD[1].As32())
		g.MOVL(keyD[1].As32(), g.cell(2+i))
	}
	for i := 1; i < 4; i++ {
		g.MOVL(g.frame(frameNonce+4*(i-1)), keyD[i].As32())
	}
	for i := range 4 {
		g.MOVL(U32([]uint32{constants0, constants1, constants2, constants3}[i]), keyA[i].As32())
		g.MOVL(Mem{Base: key, Disp: 4 * i}, keyB[i].As32())
	}
	for i, c := range scalarC {
		g.MOVL(Mem{Base: key, Disp: 16 + 4*i}, c.As32())
	}
	g.XORL(key.As32(), key.As32())
}

// endScalar adds the initial state of block 1 and puts the key stream in the frame,
// eight bytes at a time, as xorBlock takes it.
func (g *vec) endScalar() {
	for i, c := range scalarC {
		g.MOVL(c.As32(), g.cell(i))
	}
	g.loadAddr()
	key := keyC
	g.MOVQ(g.param("k"), key)
	pack := func(w [4]reg.GPPhysical, at int) {
		for i := 0; i < 4; i += 2 {
			g.SHLQ(U8(32), w[i+1])
			g.ORQ(w[i+1], w[i])
			g.MOVQ(w[i], g.frame(frameKS+at+4*i))
		}
	}
	for i := range 4 {
		g.ADDL(U32([]uint32{constants0, constants1, constants2, constants3}[i]), keyA[i].As32())
		g.ADDL(Mem{Base: key, Disp: 4 * i}, keyB[i].As32())
		if i == 0 {
			g.INCL(keyD[i].As32())
		} else {
			g.ADDL(g.frame(frameNonce+4*(i-1)), keyD[i].As32())
		}
	}
	pack(keyA, 0)
	pack(keyB, 16)
	pack(keyD, 48)
	for i := range 4 {
		g.MOVL(g.cell(i), keyA[i].As32())
		g.ADDL(Mem{Base: key, Disp: 16 + 4*i}, keyA[i].As32())
	}
	pack(keyA, 32)
}

// beforeText keeps powers of r in the frame, and what is known of the hash: the sum
// of the additional data, and the lengths times r. r is in h0 and h1, s1 in t3.
func (g *vec) beforeText() {
	enough, short := g.label("enough"), g.label("short_ad")
	// Powers that this many bytes want; for more than a block of additional data,
	// all of them.
	n := g.p
	g.MOVQ(g.frame(frameN), n)
	g.MOVL(U32(block), g.count.As32())
	g.CMPQ(g.frame(frameLens), U8(hashBlock))
	g.CMOVQHI(g.count, n)
	do(g.power2())
	for k := 3; k <= 5; k++ {
		g.CMPQ(n, U8(hashBlock*(k-2)))
		g.JBE(LabelRef(enough))
		do(g.nextPower(k))
	}
	g.Label(enough)
	do(g.hashFirstAD())
	g.CMPQ(g.frame(frameLens), U8(hashBlock))
	g.JBE(LabelRef(short))
	g.restAD()
	g.Label(short)
	g.keep3(frameH)
	g.zeroSum()
	do(g.one(g.frame(frameLens)))
	g.keep3(frameL)
}

// keep3 keeps the sum in the frame.
func (g *vec) keep3(at int) {
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(h, g.frame(at+8*i))
	}
}

// powerOf turns the length n of a message in v into the address of r^(m+1), where m
// is its number of blocks. It destroys lo.
func (g *vec) powerOf(v reg.GPPhysical) {
	g.ADDQ(U8(hashBlock-1), v)
	g.SHRQ(U8(4), v)
	g.LEAQ(Mem{Base: v, Index: v, Scale: 2}, v)
	g.LEAQ(g.frame(framePowers-24).Idx(v, 8), v)
}

// xorBlock encrypts or decrypts n <= 64 bytes with the key stream in the frame, as
// xorRest does.
func (g *vec) xorBlock() {
	src, dst, ks, n := g.t[0], g.t[1], g.t[2], g.count
	loop, part, end := g.label("xor_block"), g.label("xor_block_part"), g.label("xored_block")
	g.MOVQ(g.frame(frameSrc), src)
	g.MOVQ(g.frame(frameDst), dst)
	g.MOVQ(g.frame(frameN), n)
	g.LEAQ(g.frame(frameKS), ks)
	v, w := g.t[3], g.t[4]
	g.SUBQ(U8(16), n)
	g.JB(LabelRef(part))
	g.Label(loop)
	g.MOVQ(Mem{Base: ks}, v)
	g.MOVQ(Mem{Base: ks, Disp: 8}, w)
	g.XORQ(Mem{Base: src}, v)
	g.XORQ(Mem{Base: src, Disp: 8}, w)
	g.MOVQ(v, Mem{Base: dst})
	g.MOVQ(w, Mem{Base: dst, Disp: 8})
	for _, p := range []reg.GPPhysical{ks, src, dst} {
		g.ADDQ(U8(16), p)
	}
	g.SUBQ(U8(16), n)
	g.JAE(LabelRef(loop))
	g.Label(part)
	g.ADDQ(U8(16), n)
	g.JZ(LabelRef(end))
	g.xorPart(src, dst, ks, v, w)
	g.Label(end)
}

// hashBlock adds the ciphertext and the lengths to the sum in the frame: it is the
// hash then, in h. The end of a last part of a block is read, but is not hashed; it
// is where the tag is or comes.
//
// Bounds: h + c_1 < 7·2^128, the other c_i < 2·2^128, and powers of r are less than
// 5·2^128, so that the columns are less than (7+3·2)·5·2^256 + 5·2^128, t4 <= 65. The
// first fold leaves h2 < 3 + 65 + 65/4 + 2 < 2^7, the second h2 <= 3 + 1.
func (g *vec) hashBlock() {
	whole, loop, part, end := g.label("hash_whole"), g.label("hash_block"), g.label("hash_block_part"), g.label("hashed_block")
	text, power, left := g.p, g.count, g.frame(frameLeft)
	n := g.h0
	g.MOVQ(g.frame(frameN), n)
	g.MOVQ(n, power)
	g.powerOf(power)
	if g.open {
		g.MOVQ(g.frame(frameSrc), text)
	} else {
		g.MOVQ(g.frame(frameDst), text)
	}
	g.SUBQ(U8(16), n)
	g.JAE(LabelRef(whole))
	g.ADDQ(U8(16), n)
	g.maskPart(text, n, g.h1, g.h2)
	g.LEAQ(g.frame(frameSlot), text)
	g.XORL(n.As32(), n.As32())
	g.Label(whole)
	g.MOVQ(n, left)
	for i := range 3 {
		g.MOVQ(g.frame(frameL+8*i), g.t[i])
	}
	g.XORL(g.t[3].As32(), g.t[3].As32())
	g.XORL(g.t[4].As32(), g.t[4].As32())
	limb := func(i int) Mem { return Mem{Base: power, Disp: 8 * i} }
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(g.frame(frameH+8*i), h)
	}
	g.ADDQ(Mem{Base: text}, g.h0)
	g.ADCQ(Mem{Base: text, Disp: 8}, g.h1)
	g.ADCQ(U8(1), g.h2)
	for j := range 3 {
		g.by(limb(j))
		for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2}[:min(3, 4-j)] {
			g.product(h, i+j)
		}
	}
	g.IMULQ(limb(2), g.h2)
	g.ADDQ(g.h2, g.t[4])

	add := func(m Mem) {
		g.SUBQ(U8(24), power)
		for j := range 3 {
			g.by(limb(j))
			g.product(m, j)
			g.product(m.Offset(8), j+1)
		}
		g.ADDQ(limb(0), g.t[2])
		g.ADCQ(limb(1), g.t[3])
		g.ADCQ(limb(2), g.t[4])
	}
	n = g.h0
	g.MOVQ(left, n)
	g.SUBQ(U8(16), n)
	g.JB(LabelRef(part))
	g.Label(loop)
	g.ADDQ(U8(16), text)
	add(Mem{Base: text})
	g.SUBQ(U8(16), n)
	g.JAE(LabelRef(loop))
	g.Label(part)
	g.ADDQ(U8(16), n)
	g.JZ(LabelRef(end))
	g.ADDQ(U8(16), text)
	g.maskPart(text, n, g.h1, g.h2)
	add(g.frame(frameSlot))
	g.Label(end)
	do(g.fold())
}
