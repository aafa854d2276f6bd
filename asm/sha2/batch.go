package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// batch256AVX512 builds the kernel of 16 SHA-256 at once.
func batch256AVX512(c *gen.Ctx) {
	g := &batch{Ctx: c, word: 4, width: 512}
	g.kernel("batch256AVX512")
	g.pad("pad256AVX512")
}

// batch512AVX512 builds the kernel of 8 SHA-512 at once.
func batch512AVX512(c *gen.Ctx) {
	g := &batch{Ctx: c, word: 8, width: 512}
	g.kernel("batch512AVX512")
	g.pad("pad512AVX512")
}

// batch256AVX2 builds the kernel of 8 SHA-256 at once.
func batch256AVX2(c *gen.Ctx) { (&batch{Ctx: c, word: 4, width: 256}).kernel("batch256AVX2") }

// batch512AVX2 builds the kernel of 4 SHA-512 at once.
func batch512AVX2(c *gen.Ctx) { (&batch{Ctx: c, word: 8, width: 256}).kernel("batch512AVX2") }

// A batch kernel hashes as many messages at once as a vector has words: each
// word of a vector belongs to another message, its lane. So a vector is word i
// of the state of all lanes, or word t of their schedules.
//
// With AVX-512 a block of SHA-256 takes 18 instructions a round, 11 a word of
// the schedule, and 96 to load 16 words of all lanes: 1776, 444 cycles on the
// four vector units of Zen 5. From e to e' it is three rotations, their XOR and
// a sum, of 2 cycles each, and 1 more since there are two units that rotate: 448
// cycles for 64 rounds. Alone, that chain does take 7.0 cycles a round. With the
// rotations of Σ0, which get in its way, it is 8.5, and the schedule adds
// nothing: 561 cycles in all, 0.548 a byte (SHA-512: 0.681). Other orders did
// not help, in cycles a byte:
//
//	all 64 rounds in one piece, without a loop                       0.554
//	d+h+K+W summed in the round before                               0.549
//	the same, and Ch in the place of g, which saves a move           0.562
type batch struct {
	*gen.Ctx
	word  int // bytes: 4 for SHA-256, 8 for SHA-512
	width gen.Width

	ring operand.Mem // the last 16 words of the schedules, if registers don't hold them
}

func (g *batch) lanes() int  { return g.width.Bytes() / g.word }
func (g *batch) block() int  { return 16 * g.word }
func (g *batch) rounds() int { return 48 + 4*g.word } // 64 or 80
func (g *batch) chunks() int { return g.word }        // of 16 bytes, in a block
func (g *batch) per() int    { return 16 / g.word }   // words of a chunk

// The general registers.
var (
	batchState = reg.R8  // word i of lane l is at (i*lanes+l)*word
	batchMsgs  = reg.R9  // the lanes' addresses
	batchAt    = reg.R10 // distance of the block that is being loaded from those
	batchLast  = reg.R11 // distance of the last block
	batchLeft  = reg.RDX // blocks
	batchRing  = reg.RSI
	batchK     = reg.RDI // round constants of the next 16 rounds
	batchParts = reg.RAX // parts of 16 rounds that are left, less one
	pointers   = [5]reg.GPPhysical{reg.RBX, reg.RCX, reg.R12, reg.R13, reg.R14}
)

// The vector registers. With AVX-512, 0 to 15 are the last 16 words of the
// schedules; without, those are in memory.
func (g *batch) s(i int) reg.VecPhysical { // the state
	if g.width == 512 {
		return g.width.Reg(16 + i)
	}
	return g.width.Reg(i)
}

func (g *batch) x(i int) reg.VecPhysical { // of the rounds
	if g.width == 512 {
		return g.width.Reg(24 + i) // 0 to 3
	}
	return g.width.Reg(8 + i) // 0 to 2
}

func (g *batch) y(i int) reg.VecPhysical { // of what is done beside the rounds
	if g.width == 512 {
		return g.width.Reg(28 + i) // 0 to 2
	}
	return g.width.Reg(11 + i) // 0 to 4
}

func (g *batch) swap() reg.VecPhysical { return reg.Z31 } // VPSHUFB control that reverses the bytes of each word

// w is word t of the schedules.
func (g *batch) w(t int) reg.VecPhysical { return g.width.Reg(t % 16) }

// ringed is the same in memory.
func (g *batch) ringed(t int) operand.Mem {
	return operand.Mem{Base: batchRing, Disp: t % 16 * g.width.Bytes()}
}

// kernel builds the function name, see batch256AVX512 in package sha2.
//
// The words of a block of the message are loaded by chunks of 16 bytes of all
// lanes. All chunks but the last are loaded beside the last rounds of the block
// before, which have no schedule to make and leave a third of the vector slots
// free; and as soon as the rounds are done with the words in their place.
func (g *batch) kernel(name string) {
	g.Kernel(name)
	if g.width != 512 {
		g.ring = g.AllocLocal(16*g.width.Bytes() + 32)
		g.LEAQ(g.ring.Offset(31), batchRing)
		g.ANDQ(operand.I8(-32), batchRing)
	}
	g.Load(g.Param("h"), batchState)
	g.Load(g.Param("p"), batchMsgs)
	g.Load(g.Param("blocks"), batchLeft)
	g.TESTQ(batchLeft, batchLeft)
	g.JZ(operand.LabelRef("return"))
	g.LEAQ(operand.Mem{Base: batchLeft, Disp: -1}, batchLast)
	g.SHLQ(operand.U8(log2(g.block())), batchLast)
	g.XORL(batchAt.As32(), batchAt.As32())
	if g.width == 512 {
		g.VBROADCASTI32X4(g.swap128(), g.swap())
	}
	g.start()
	for c := range g.chunks() {
		merge(g.chunk(c), nil)
	}

	g.Align(64)
	g.Label("block")
	g.LEAQ(g.k(0), batchK)
	g.MOVL(operand.U32(g.rounds()/16-1), batchParts.As32())
	g.Align(64)
	g.Label("rounds")
	for i := range 16 {
		g.Comment(fmt.Sprintf("round %d of 16, and a word of the schedule", i))
		merge(g.round(i, operand.Mem{Base: batchK, Disp: i * g.word}), g.schedule(i))
	}
	g.ADDQ(operand.U8(g.block()), batchK)
	g.DECL(batchParts.As32())
	g.JNZ(operand.LabelRef("rounds"))

	g.Comment("On to the next block, if there is one.")
	g.ADDQ(operand.U32(g.block()), batchAt)
	g.CMPQ(batchAt, batchLast)
	g.CMOVQGT(batchLast, batchAt)
	var beside []op
	for i := range 16 {
		g.Comment(fmt.Sprintf("round %d of the last 16, and a part of the next block", i))
		n := (len(beside) + 3 - i%4) / 4
		if i%4 == 3 {
			n = len(beside)
		}
		merge(g.round(i, operand.Mem{Base: batchK, Disp: i * g.word}), beside[:n])
		beside = beside[n:]
		if i%g.per() == g.per()-1 {
			beside = append(beside, g.chunk(i/g.per())...)
		}
	}
	g.Comment("The sums at the end of the block.")
	for i := range 8 {
		m := operand.Mem{Base: batchState, Disp: i * g.width.Bytes()}
		beside = append(beside, func() { g.add(m, g.s(i), g.s(i)) }, func() { g.move(g.s(i), m) })
	}
	merge(beside, nil)
	g.DECQ(batchLeft)
	g.JNZ(operand.LabelRef("block"))

	g.Load(g.Param("sums"), batchState)
	g.TESTQ(batchState, batchState)
	g.JZ(operand.LabelRef("return"))
	g.sums()
	g.Label("return")
	g.VZEROUPPER()
	g.RET()
}

// start loads the state, with the initial hash value in the lanes that start,
// and stores it for the sums at the end of the first block.
func (g *batch) start() {
	iv, x := batchParts, g.x(0)
	g.Load(g.Param("iv"), iv)
	g.Load(g.Param("starts"), reg.EBX)
	if g.width == 512 {
		g.KMOVW(reg.EBX, reg.K1)
	} else {
		g.Comment("Lane l of the mask is all ones if bit l of starts is set.")
		g.VMOVD(reg.EBX, x.AsX())
		if g.word == 4 {
			g.VPBROADCASTD(x.AsX(), x)
			bit := g.Words32("bits", 1, 2, 4, 8, 16, 32, 64, 128)
			g.VPAND(bit, x, x)
			g.VPCMPEQD(bit, x, x)
		} else {
			g.VPBROADCASTQ(x.AsX(), x)
			bit := g.Words64("bits", 1, 2, 4, 8)
			g.VPAND(bit, x, x)
			g.VPCMPEQQ(bit, x, x)
		}
	}
	for i := range 8 {
		m := operand.Mem{Base: batchState, Disp: i * g.width.Bytes()}
		v := operand.Mem{Base: iv, Disp: i * g.word}
		g.move(m, g.s(i))
		if g.width == 512 {
			g.pick(func() { g.VPBROADCASTD(v, reg.K1, g.s(i)) }, func() { g.VPBROADCASTQ(v, reg.K1, g.s(i)) })
		} else {
			g.pick(func() { g.VPBROADCASTD(v, g.y(0)) }, func() { g.VPBROADCASTQ(v, g.y(0)) })
			g.VPBLENDVB(x, g.y(0), g.s(i), g.s(i))
		}
		g.move(g.s(i), m)
	}
}

// sums stores the state lane by lane, big-endian, to batchState: what chunk
// does, backwards.
func (g *batch) sums() {
	q := 16 / g.word
	swap := g.swap()
	if g.width != 512 {
		swap = g.y(4)
		g.move(g.swap256(), swap)
	}
	for half := 0; half < 8; half += q {
		v := func(i int) reg.VecPhysical { return g.s(half + i) }
		merge(g.transpose(v, g.x(0)), nil)
		for i := range q {
			g.VPSHUFB(swap, v(i), v(i))
			for j := range g.width.Lanes() {
				m := operand.Mem{Base: batchState, Disp: (q*j+i)*8*g.word + half*g.word}
				switch {
				case j == 0 && g.width == 512:
					g.VMOVDQU32(v(i).AsX(), m)
				case j == 0:
					g.VMOVDQU(v(i).AsX(), m)
				case g.width == 512:
					g.VEXTRACTI32X4(operand.U8(j), v(i), m)
				default:
					g.VEXTRACTI128(operand.U8(j), v(i), m)
				}
			}
		}
	}
}

// transpose transposes the q by q words of each 128-bit part of q vectors.
func (g *batch) transpose(v func(i int) reg.VecPhysical, t reg.VecPhysical) []op {
	if g.word == 8 {
		return []op{
			func() { g.VPUNPCKLQDQ(v(1), v(0), t) },
			func() { g.VPUNPCKHQDQ(v(1), v(0), v(1)) },
			func() { g.copy(t, v(0)) },
		}
	}
	return []op{
		func() { g.VPUNPCKLDQ(v(1), v(0), t) },    // a0 b0 a1 b1 of rows a to d
		func() { g.VPUNPCKHDQ(v(1), v(0), v(1)) }, // a2 b2 a3 b3
		func() { g.VPUNPCKLDQ(v(3), v(2), v(0)) }, // c0 d0 c1 d1
		func() { g.VPUNPCKHDQ(v(3), v(2), v(3)) }, // c2 d2 c3 d3
		func() { g.VPUNPCKLQDQ(v(3), v(1), v(2)) },
		func() { g.VPUNPCKHQDQ(v(3), v(1), v(3)) },
		func() { g.VPUNPCKHQDQ(v(0), t, v(1)) },
		func() { g.VPUNPCKLQDQ(v(0), t, v(0)) },
	}
}

// pad builds the function that pads a message (FIPS 180-4, Section 5.1), see
// pad256AVX512 in package sha2. The stores are whole vectors, which a kernel
// that follows at once can load parts of without waiting.
func (g *batch) pad(name string) {
	var (
		pad    = reg.RDI
		tail   = reg.RSI // the last bytes of the message, fewer than a block
		length = reg.RDX // of the message, in bits
		n      = reg.RCX // bytes of the tail
		mask   = reg.RAX
		x      = reg.R8
	)
	vectors := g.block() / 64
	g.Kernel(name)
	g.Load(g.Param("pad"), pad)
	g.Load(g.Param("m").Base(), tail)
	g.Load(g.Param("m").Len(), length)
	g.MOVL(length.As32(), n.As32())
	g.ANDL(operand.U32(g.block()-1), n.As32())
	g.ADDQ(length, tail)
	g.SUBQ(n, tail)
	g.SHLQ(operand.U8(3), length)
	g.BSWAPQ(length)
	g.MOVL(operand.U32(0x80), x.As32())
	g.KMOVW(x.As32(), reg.K2)

	g.Comment("The tail, the 1 bit behind it, and zeros.")
	one := make([]byte, 2*g.block()-1)
	one[g.block()-1] = 0x80
	g.LEAQ(g.Bytes("one", one).Offset(g.block()-1), x)
	g.SUBQ(n, x)
	g.MOVQ(operand.I32(-1), mask)
	g.BZHIQ(n, mask, mask)
	g.KMOVQ(mask, reg.K1)
	g.VMOVDQU8_Z(operand.Mem{Base: tail}, reg.K1, reg.Z0)
	g.VPORQ(operand.Mem{Base: x}, reg.Z0, reg.Z0)
	last := reg.Z0
	if vectors == 2 {
		last = reg.Z1
		g.XORL(reg.R9.As32(), reg.R9.As32())
		g.MOVL(n.As32(), mask.As32())
		g.SUBL(operand.U8(64), mask.As32())
		g.CMOVLCS(reg.R9.As32(), mask.As32())
		g.MOVQ(operand.I32(-1), reg.R9)
		g.BZHIQ(mask, reg.R9, mask)
		g.KMOVQ(mask, reg.K1)
		g.VMOVDQU8_Z(operand.Mem{Base: tail, Disp: 64}, reg.K1, reg.Z1)
		g.VPORQ(operand.Mem{Base: x, Disp: 64}, reg.Z1, reg.Z1)
		g.VMOVDQU64(reg.Z0, operand.Mem{Base: pad})
	}
	g.CMPL(n.As32(), operand.U8(g.block()-g.block()/8))
	g.JAE(operand.LabelRef("two"))
	g.VPBROADCASTQ(length, reg.K2, last)
	g.VMOVDQU64(last, operand.Mem{Base: pad, Disp: g.block() - 64})
	g.MOVL(operand.U32(1), mask.As32())
	g.Store(mask, g.Return("blocks"))
	g.VZEROUPPER()
	g.RET()

	g.Label("two")
	g.VMOVDQU64(last, operand.Mem{Base: pad, Disp: g.block() - 64})
	if vectors == 2 {
		g.VPXORQ(reg.Z0, reg.Z0, reg.Z0)
		g.VMOVDQU64(reg.Z0, operand.Mem{Base: pad, Disp: g.block()})
	}
	g.VPBROADCASTQ_Z(length, reg.K2, last)
	g.VMOVDQU64(last, operand.Mem{Base: pad, Disp: 2*g.block() - 64})
	g.MOVL(operand.U32(2), mask.As32())
	g.Store(mask, g.Return("blocks"))
	g.VZEROUPPER()
	g.RET()
}

// round is one round. With the names a to h, which rotate from round to round
// instead of their values,
//
//	e' = d + h+K+W + Ch(e,f,g) + Σ1(e)
//	a' = e'-d + Maj(a,b,c) + Σ0(a)
//
// with the sums from left to right, which makes the chains from e to e' and
// from a to a' as short as they get: rotation, XOR of three, sum. With T1 in
// its own register there would be one sum less, and e' one further behind e.
// h becomes e', and d becomes a'.
func (g *batch) round(t int, k operand.Mem) []op {
	name := func(i int) reg.VecPhysical { return g.s(i/4*4 + (i%4-t%4+4)%4) }
	a, b, c, d, e, f, gg, h := name(0), name(1), name(2), name(3), name(4), name(5), name(6), name(7)
	r := (&rorx{word: g.word}).rotations()
	x, y := g.x(0), g.x(1)
	kw := func() { g.kw(t, k, x) }
	ops := []op{kw}
	ops = append(ops, g.rotate(r.e, 0, e, y, g.x)...)
	ops = append(ops,
		func() { g.add(x, h, h) },
		func() { g.add(d, h, h) },
	)
	ops = append(ops, g.ch(e, f, gg, x)...)
	ops = append(ops,
		g.xor3(y, g.x),
		func() { g.add(x, h, h) },
		func() { g.add(y, h, h) }, // e'
		func() { g.sub(d, h, d) },
	)
	ops = append(ops, g.maj(a, b, c, x)...)
	ops = append(ops, func() { g.add(x, d, d) })
	ops = append(ops, g.rotate(r.a, 0, a, y, g.x)...)
	return append(ops,
		g.xor3(y, g.x),
		func() { g.add(y, d, d) }, // a'
	)
}

// schedule makes W[t+16] in the place of W[t] (FIPS 180-4, Sections 6.2.2 and
// 6.4.2, step 1):
//
//	W[t+16] = W[t] + W[t+9] + σ0(W[t+1]) + σ1(W[t+14])
func (g *batch) schedule(t int) []op {
	r0, r1 := [3]int{7, 18, 3}, [3]int{17, 19, 10}
	if g.word == 8 {
		r0, r1 = [3]int{1, 8, 7}, [3]int{19, 61, 6}
	}
	w, y := g.w(t), g.y(0)
	from0, from1 := g.w(t+1), g.w(t+14)
	var ops []op
	if g.width == 512 {
		ops = append(ops, func() { g.add(g.w(t+9), w, w) })
	} else {
		w, from0, from1 = g.y(3), g.y(4), g.y(4)
		ops = append(ops,
			func() { g.move(g.ringed(t+1), from0) },
			func() { g.move(g.ringed(t), w) },
			func() { g.add(g.ringed(t+9), w, w) },
		)
	}
	ops = append(ops, g.rotate(r0, 1, from0, y, g.y)...)
	ops = append(ops, g.xor3(y, g.y), func() { g.add(y, w, w) })
	if g.width != 512 {
		ops = append(ops, func() { g.move(g.ringed(t+14), from1) })
	}
	ops = append(ops, g.rotate(r1, 1, from1, y, g.y)...)
	ops = append(ops, g.xor3(y, g.y), func() { g.add(y, w, w) })
	if g.width != 512 {
		ops = append(ops, func() { g.move(w, g.ringed(t)) })
	}
	return ops
}

// kw sets x = K[t]+W[t], with K[t] at k.
func (g *batch) kw(t int, k operand.Mem, x reg.VecPhysical) {
	switch {
	case g.width == 512 && g.word == 4:
		g.VPADDD_BCST(k, g.w(t), x)
	case g.width == 512:
		g.VPADDQ_BCST(k, g.w(t), x)
	case g.word == 4:
		g.VPBROADCASTD(k, x)
		g.add(g.ringed(t), x, x)
	default:
		g.VPBROADCASTQ(k, x)
		g.add(g.ringed(t), x, x)
	}
}

func (g *batch) k(t int) operand.Mem {
	ks := roundConstants(g.rounds(), 8*g.word)
	if g.word == 8 {
		return g.Words64("k512", ks...).Offset(8 * t)
	}
	var words []uint32
	for _, k := range ks {
		words = append(words, uint32(k))
	}
	return g.Words32("k256", words...).Offset(4 * t)
}

// rotate sets y to v rotated to the right by three distances or, if shifted is
// 1, rotated by two and shifted by the third. With AVX-512 the second and the
// third go to temps 2 and 3 (1 and 2 of those of the schedule), and xor3 is
// what is left to do.
func (g *batch) rotate(r [3]int, shifted int, v, y reg.VecPhysical, temp func(int) reg.VecPhysical) []op {
	k := 2 - shifted
	if g.width == 512 {
		ops := []op{
			func() { g.ror(r[0], v, y) },
			func() { g.ror(r[1], v, temp(k)) },
		}
		if shifted == 1 {
			return append(ops, func() { g.shr(r[2], v, temp(k+1)) })
		}
		return append(ops, func() { g.ror(r[2], v, temp(k+1)) })
	}
	z := temp(k)
	ops := []op{func() { g.shr(r[0], v, y) }}
	for i, n := range r {
		if i > 0 {
			ops = append(ops, func() { g.shr(n, v, z) }, func() { g.VPXOR(z, y, y) })
		}
		if i < 2 || shifted == 0 {
			ops = append(ops, func() { g.shl(8*g.word-n, v, z) }, func() { g.VPXOR(z, y, y) })
		}
	}
	return ops
}

// xor3 sets y to the XOR of what rotate left.
func (g *batch) xor3(y reg.VecPhysical, temp func(int) reg.VecPhysical) op {
	k := int(y.PhysicalIndex()) - int(temp(0).PhysicalIndex()) + 1
	return func() {
		if g.width == 512 {
			g.VPTERNLOGD(operand.U8(0x96), temp(k), temp(k+1), y)
		}
	}
}

// ch sets x = Ch(e,f,g) (FIPS 180-4, Sections 4.1.2 and 4.1.3).
func (g *batch) ch(e, f, gg, x reg.VecPhysical) []op {
	if g.width == 512 {
		return []op{
			func() { g.VMOVDQA64(e, x) },
			func() { g.VPTERNLOGD(operand.U8(0xca), gg, f, x) },
		}
	}
	return []op{
		func() { g.VPXOR(f, gg, x) },
		func() { g.VPAND(e, x, x) },
		func() { g.VPXOR(gg, x, x) },
	}
}

// maj sets x = Maj(a,b,c).
func (g *batch) maj(a, b, c, x reg.VecPhysical) []op {
	if g.width == 512 {
		return []op{
			func() { g.VMOVDQA64(a, x) },
			func() { g.VPTERNLOGD(operand.U8(0xe8), b, c, x) },
		}
	}
	y := g.x(1)
	return []op{
		func() { g.VPXOR(a, b, x) },
		func() { g.VPXOR(b, c, y) },
		func() { g.VPAND(y, x, x) },
		func() { g.VPXOR(b, x, x) },
	}
}

// chunk loads the words of chunk c of the block at batchAt, and swaps their
// bytes. With p 128-bit parts in a vector and q = lanes/p words in a part,
// vector i < q first gets the chunk of lane q*j+i in part j; then the q by q
// words of each part are transposed.
func (g *batch) chunk(c int) []op {
	p := g.width.Lanes()
	q := g.lanes() / p
	v := func(i int) reg.VecPhysical {
		if g.width == 512 {
			return g.w(c*q + i)
		}
		return g.y(i)
	}
	t := g.y(0)
	if g.width != 512 {
		t = g.y(4)
	}
	var ops []op
	for i := range q {
		for j := range p {
			lane := q*j + i
			at := pointers[lane%len(pointers)]
			m := operand.Mem{Base: at, Index: batchAt, Scale: 1, Disp: 16 * c}
			ops = append(ops, func() { g.MOVQ(operand.Mem{Base: batchMsgs, Disp: 8 * lane}, at) })
			switch {
			case j == 0 && g.width == 512:
				ops = append(ops, func() { g.VMOVDQU32(m, v(i).AsX()) })
			case j == 0:
				ops = append(ops, func() { g.VMOVDQU(m, v(i).AsX()) })
			case g.width == 512:
				ops = append(ops, func() { g.VINSERTI32X4(operand.U8(j), m, v(i), v(i)) })
			default:
				ops = append(ops, func() { g.VINSERTI128(operand.U8(j), m, v(i), v(i)) })
			}
		}
		if g.width == 512 {
			ops = append(ops, func() { g.VPSHUFB(g.swap(), v(i), v(i)) })
		} else {
			ops = append(ops, func() { g.VPSHUFB(g.swap256(), v(i), v(i)) })
		}
	}
	ops = append(ops, g.transpose(v, t)...)
	if g.width != 512 {
		for i := range q {
			ops = append(ops, func() { g.move(v(i), g.ringed(c*q+i)) })
		}
	}
	return ops
}

// swap128 reverses the bytes of each word of 128 bits.
func (g *batch) swap128() operand.Mem {
	if g.word == 4 {
		return g.Words64("swap32", 0x0405060700010203, 0x0c0d0e0f08090a0b)
	}
	return g.Words64("swap64", 0x0001020304050607, 0x08090a0b0c0d0e0f)
}

// swap256 is swap128 twice.
func (g *batch) swap256() operand.Mem {
	if g.word == 4 {
		return g.Words64("swap32x2", 0x0405060700010203, 0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b)
	}
	return g.Words64("swap64x2", 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f)
}

// The instructions on words. The destination comes last.

func (g *batch) pick(long, quad func()) { (&rorx{word: g.word}).pick(long, quad) }

func (g *batch) add(x operand.Op, y, z reg.VecPhysical) {
	g.pick(func() { g.VPADDD(x, y, z) }, func() { g.VPADDQ(x, y, z) })
}

// sub sets z to y-x.
func (g *batch) sub(x operand.Op, y, z reg.VecPhysical) {
	g.pick(func() { g.VPSUBD(x, y, z) }, func() { g.VPSUBQ(x, y, z) })
}

func (g *batch) ror(n int, x, y operand.Op) {
	g.pick(func() { g.VPRORD(operand.U8(n), x, y) }, func() { g.VPRORQ(operand.U8(n), x, y) })
}

func (g *batch) shr(n int, x, y operand.Op) {
	g.pick(func() { g.VPSRLD(operand.U8(n), x, y) }, func() { g.VPSRLQ(operand.U8(n), x, y) })
}

func (g *batch) shl(n int, x, y operand.Op) {
	g.pick(func() { g.VPSLLD(operand.U8(n), x, y) }, func() { g.VPSLLQ(operand.U8(n), x, y) })
}

func (g *batch) copy(x, y reg.VecPhysical) {
	if g.width == 512 {
		g.VMOVDQA64(x, y)
	} else {
		g.VMOVDQA(x, y)
	}
}

func (g *batch) move(x, y operand.Op) {
	if g.width == 512 {
		g.VMOVDQU64(x, y)
	} else {
		g.VMOVDQU(x, y)
	}
}
