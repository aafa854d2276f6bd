package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// message builds sealVAES512 and openVAES512: a message, or the last part of
// one, in one call.
//
// Up to 256 bytes are one sum of products with one reduction (short). More goes
// through steps of 512 bytes, eight vectors: AES of this step's between the
// products of those before (long).
func (g *z512) message() {
	g.Kernel(g.name)
	g.begin()
	n, ctr := g.GP64(), g.GP64()
	g.n, g.ctr = n, ctr
	g.Load(g.Param("n"), n)

	// ad: up to 48 bytes of additional data, and the length block in lane 3.
	// zHash: the hash of what came before.
	// nb: blocks of additional data in ad.
	ad, size := zT[0], zT[1]
	nonce, nb := g.GP64(), g.GP64()
	stream, loaded, long := g.NewLabel(g.name+"_stream"), g.NewLabel(g.name+"_loaded"), g.NewLabel(g.name+"_long")
	g.TESTQ(g.s, g.s)
	g.JNE(LabelRef(stream))
	{
		adPtr, ones, bits := g.GP64(), g.GP64(), g.GP64()
		adMask := g.K()
		g.Load(g.Param("adLen"), nb)
		g.Load(g.Param("ad"), adPtr)
		g.Load(g.Param("nonce"), nonce)
		g.MOVQ(I32(-1), ones)
		g.BZHIQ(nb, ones, ones)
		g.KMOVQ(ones, adMask)
		g.VMOVDQU8_Z(Mem{Base: adPtr}, adMask, ad)
		g.VPSHUFB(zBswap, ad, ad)
		g.MOVQ(n, bits)
		g.SHLQ(U8(3), bits)
		g.VMOVQ(bits, asX(size))
		g.MOVQ(nb, bits)
		g.SHLQ(U8(3), bits)
		g.VPINSRQ(U8(1), bits, asX(size), asX(size))
		g.ADDQ(U8(15), nb)
		g.SHRQ(U8(4), nb)
		g.XORL(ctr.As32(), ctr.As32())
		g.VPXORQ(asX(zHash), asX(zHash), asX(zHash))
		g.JMP(LabelRef(loaded))
	}
	g.Label(stream)
	{
		g.LEAQ(g.field("nonce"), nonce)
		g.MOVQ(g.field("blocks"), ctr)
		g.VMOVQ(g.field("ctBits"), asX(size))
		g.VPINSRQ(U8(1), g.field("adBits"), asX(size), asX(size))
		g.VPXORQ(ad, ad, ad)
		g.VMOVDQU64(g.field("acc"), asX(zHash))
		g.XORL(nb.As32(), nb.As32())
	}
	g.Label(loaded)
	g.VINSERTI64X2(U8(3), asX(size), ad, ad)
	g.loadNonce(nonce)
	g.VPXORQ(g.rk0, asX(zJ), asX(zJ))
	g.VSHUFI64X2(U8(0), zJ, zJ, zJ)

	g.dst, g.src = g.GP64(), g.GP64()
	g.Load(g.Param("dst"), g.dst)
	g.Load(g.Param("src"), g.src)
	g.CMPQ(n, U32(256))
	g.JA(LabelRef(long))
	g.short(ad, nb)
	g.Label(long)
	g.long(ad, nb)
}

// j0 makes the first state of E(J0), the counter block 1, in dst.
func (g *z512) j0(dst reg.VecPhysical) {
	g.VPXORQ(g.Words64("gcmOne", 0, 1<<56), asX(zJ), asX(dst))
}

// adPowers loads the powers for the lanes of ad: consecutive ones from the
// address at for the data, and H^1 for the length block in lane 3.
func (g *z512) adPowers(at Mem, dst reg.VecPhysical) {
	t, lane3 := g.GP32(), g.K()
	g.MOVL(U32(0xc0), t)
	g.KMOVB(t, lane3)
	g.VMOVDQU64(at, dst)
	g.VBROADCASTI64X2(g.pow(offEnd-16), lane3, dst)
}

// rounds9 returns the nine rounds before the last that every key size has, for
// the states, and before them the rounds that longer keys have.
func (g *z512) rounds9(states []reg.VecPhysical) [][]func() {
	extra := func() { g.extraRounds(states) }
	return append([][]func(){{extra}}, g.rounds(states, 9)...)
}

// rounds returns the n rounds before the last, for the states.
func (g *z512) rounds(states []reg.VecPhysical, n int) (rounds [][]func()) {
	for r := n; r >= 1; r-- {
		steps := []func(){func() { g.VBROADCASTI32X4(g.roundKey(r), zRk) }}
		for _, s := range states {
			steps = append(steps, func() { g.aesenc(s) })
		}
		rounds = append(rounds, steps)
	}
	return rounds
}

// aesenc applies a round with the key in zRk; a state may be one block wide.
func (g *z512) aesenc(s reg.VecPhysical) {
	if s.Size() == 16 {
		g.VAESENC(asX(zRk), s, s)
	} else {
		g.VAESENC(zRk, s, s)
	}
}

// short builds the path for up to 256 bytes: everything is one sum, so that one
// reduction serves, with the powers of H placed so that the last block of data
// meets H^2 and the length block H^1. The blocks that a vector lacks are zero
// and add nothing, whatever they are multiplied by.
func (g *z512) short(ad reg.VecPhysical, nb reg.GPVirtual) {
	first := g.NewLabel(g.name + "_first")
	lo, mid, hi := zA[0], zA[1], zA[2]
	e := asX(zT[5]) // E(J0)
	// tw: powers for the data; ta: powers for ad, which comes before, or for the
	// hash so far, which is added to the first block.
	tw, ta := g.GP64(), g.GP64()
	g.LEAQ(Mem{Base: g.n, Disp: 15}, tw)
	g.SHRQ(U8(4), tw)
	g.NEGQ(tw)
	g.SHLQ(U8(4), tw)
	end := g.pow(offEnd - 16)
	g.LEAQ(Mem{Base: end.Base, Disp: end.Disp, Index: tw, Scale: 1}, tw)
	g.SHLQ(U8(4), nb)
	g.MOVQ(tw, ta)
	g.SUBQ(nb, ta)
	g.VPXORQ(zHash, ad, ad)

	g.j0(zT[5])
	g.TESTQ(g.s, g.s)
	g.JE(LabelRef(first))
	mask := g.counterMask()
	g.upper(g.ctr, zBase, mask)
	g.VMOVDQA64(zBase, zJ)
	g.Label(first)

	labels := make([]string, 5)
	for q := range labels {
		labels[q] = g.NewLabel(g.name + "_short")
	}
	for q := 1; q < 4; q++ {
		g.CMPQ(g.n, U32(64*q))
		g.JBE(LabelRef(labels[q]))
	}
	for _, q := range []int{4, 3, 2, 1} {
		if q != 4 {
			g.Label(labels[q])
		}
		g.shortBody(q, ad, e, ta, tw, lo, mid, hi)
	}
}

func (g *z512) shortBody(q int, ad, e reg.VecPhysical, ta, tw reg.GPVirtual, lo, mid, hi reg.VecPhysical) {
	// The last vector has n-64(q-1) bytes.
	m, rest := g.K(), g.GP64()
	ones := g.GP64()
	last := 64 * (q - 1)
	g.LEAQ(Mem{Base: g.n, Disp: -last}, rest)
	g.MOVQ(I32(-1), ones)
	g.BZHIQ(rest, ones, ones)
	g.KMOVQ(ones, m)

	states := append([]reg.VecPhysical{e}, zS[:q]...)
	for i, s := range zS[:q] {
		g.VPXORQ(g.counters(i), zJ, s)
	}
	data := func(i int) Mem { return Mem{Base: g.src, Disp: 64 * i} }
	out := func(i int) Mem { return Mem{Base: g.dst, Disp: 64 * i} }
	t, u, v := zT[1], zT[2], zT[3]
	weights := func(i int) Mem { return Mem{Base: tw, Disp: 64 * i} }
	hash := func() []func() {
		return []func(){
			func() { g.adPowers(Mem{Base: ta}, zRkFree) },
			func() { g.karatsuba(ad, zRkFree, t, u, v, lo, mid, hi, true) },
		}
	}()
	if g.open {
		for i := range q {
			if i < q-1 {
				g.VMOVDQU64(data(i), zP[i])
			} else {
				g.VMOVDQU8_Z(data(i), m, zP[i])
			}
			hash = append(hash,
				func() { g.VPSHUFB(zBswap, zP[i], zP[4]) },
				func() { g.karatsuba(zP[4], weights(i), t, u, v, lo, mid, hi, false) })
		}
		hash = append(hash, func() { g.reduce(lo, mid, hi, t) }, func() { g.lanes(hi, t) })
		stitch(g.rounds9(states), hash)
		for i, s := range zS[:q] {
			g.VAESENCLAST(zLast, s, s)
			g.VPXORQ(zP[i], s, s)
		}
		g.VAESENCLAST(asX(zLast), e, e)
		g.VPSHUFB(asX(zBswap), asX(hi), asX(hi))
		g.VPXORQ(e, asX(hi), asX(hi))
		// The plaintext leaves the registers only if the tag is right.
		bad := g.NewLabel(g.name + "_bad")
		g.VPXORQ(Mem{Base: g.src, Index: g.n, Scale: 1}, asX(hi), xDiff)
		g.VPTEST(xDiff, xDiff)
		g.JNE(LabelRef(bad))
		for i, s := range zS[:q] {
			if i < q-1 {
				g.VMOVDQU64(s, out(i))
			} else {
				g.VMOVDQU8(s, m, out(i))
			}
		}
		g.result(1)
		g.Label(bad)
		g.result(0)
		return
	}
	stitch(g.rounds9(states), hash)
	for i, s := range zS[:q] {
		x := zP[i]
		if i < q-1 {
			g.VPXORQ(data(i), zLast, x)
			g.VAESENCLAST(x, s, s)
			g.VMOVDQU64(s, out(i))
			g.VPSHUFB(zBswap, s, x)
		} else {
			g.VMOVDQU8_Z(data(i), m, x)
			g.VPXORQ(x, zLast, x)
			g.VAESENCLAST(x, s, s)
			g.VMOVDQU8(s, m, out(i))
			g.VMOVDQU8_Z(s, m, x)
			g.VPSHUFB(zBswap, x, x)
		}
	}
	g.VAESENCLAST(asX(zLast), e, e)
	for i := range q {
		g.karatsuba(zP[i], weights(i), t, u, v, lo, mid, hi, false)
	}
	g.reduce(lo, mid, hi, t)
	g.lanes(hi, t)
	g.VPSHUFB(asX(zBswap), asX(hi), asX(hi))
	g.VPXORQ(e, asX(hi), asX(hi))
	g.VMOVDQU64(asX(hi), Mem{Base: g.dst, Index: g.n, Scale: 1})
	g.ret()
}

// zRkFree holds the powers for ad in the prologues.
var zRkFree = zP[7]

// result returns ok.
func (g *z512) result(ok uint64) {
	r := g.GP64()
	g.MOVQ(U32(ok), r)
	g.Store(r, g.Return("ok"))
	g.ret()
}

func (g *z512) ret() {
	g.VZEROUPPER()
	g.RET()
}

// counterMask selects the last word of each lane.
func (g *z512) counterMask() reg.Register {
	t, mask := g.GP32(), g.K()
	g.MOVL(U32(0x8888), t)
	g.KMOVW(t, mask)
	return mask
}

// long builds the path for more than 256 bytes.
func (g *z512) long(ad reg.VecPhysical, nb reg.GPVirtual) {
	counter, upperLanes := g.prepareSteps()
	final := g.AllocLocal(16) // what is XORed to the hash in the end, byte-reversed

	// With the first AES step: zHash becomes the hash of the additional data
	// (or stays what the stream holds), and the product of the length block and
	// H^1 is put aside with E(J0).
	e := asX(zT[5])
	g.j0(zT[5])
	ta := g.GP64()
	end := g.pow(offEnd)
	g.SHLQ(U8(4), nb)
	g.NEGQ(nb)
	g.LEAQ(Mem{Base: end.Base, Disp: end.Disp, Index: nb, Scale: 1}, ta)
	lo, mid, hi := zA[0], zA[1], zA[2]
	low3, t32 := g.K(), g.GP32()
	g.MOVL(U32(0x3f), t32)
	g.KMOVB(t32, low3)
	prologue := func() []func() {
		return []func(){
			func() { g.adPowers(Mem{Base: ta}, zT[4]) },
			func() { g.karatsuba(ad, zT[4], zT[1], zT[2], zT[3], lo, mid, hi, true) },
			func() { g.reduce(lo, mid, hi, zT[1]) },
			func() { g.VEXTRACTI64X2(U8(3), hi, asX(zT[4])) },
			func() { g.VMOVDQA64_Z(hi, low3, hi) },
			func() { g.lanes(hi, zT[1]) },
			func() { g.VPXORQ(hi, zHash, zHash) },
		}
	}
	setFinal := func() {
		g.VAESENCLAST(asX(zLast), e, e)
		g.VPSHUFB(asX(zBswap), e, e)
		g.VPXORQ(asX(zT[4]), e, e)
		g.VMOVDQU64(e, final)
	}
	first4, loopEnd, end8 := g.NewLabel(g.name+"_first4"), g.NewLabel(g.name+"_loopEnd"), g.NewLabel(g.name+"_end8")
	g.CMPQ(g.n, U32(512))
	g.JB(LabelRef(first4))
	g.startStates(8, 0, counter, upperLanes)
	stitch(g.rounds9(append([]reg.VecPhysical{e}, zS[:8]...)), prologue())
	setFinal()
	g.finishStep(8)
	g.CMPQ(g.n, U32(512))
	g.JB(LabelRef(loopEnd))
	g.loops(512, loopEnd, counter, upperLanes)
	g.Label(loopEnd)
	g.CMPQ(g.n, U32(256))
	g.JB(LabelRef(end8))
	g.startStates(4, 0, counter, upperLanes)
	stitch(g.rounds9(zS[:4]), g.dot(zP, offDot8))
	g.finishStep(4)
	tail4 := g.NewLabel(g.name + "_tail4")
	g.Label(tail4)
	g.tail(4, counter, upperLanes, final)
	g.Label(end8)
	g.tail(8, counter, upperLanes, final)

	g.Label(first4)
	g.startStates(4, 0, counter, upperLanes)
	stitch(g.rounds9(append([]reg.VecPhysical{e}, zS[:4]...)), prologue())
	setFinal()
	g.finishStep(4)
	g.JMP(LabelRef(tail4))
}

// prepareSteps makes the first zBase and the masks of startStates.
func (g *z512) prepareSteps() (counter, upperLanes reg.Register) {
	counter = g.counterMask()
	t := g.GP32()
	upperLanes = g.K()
	g.MOVL(U32(0xf0), t)
	g.KMOVB(t, upperLanes)
	g.upper(g.ctr, zBase, counter)
	return counter, upperLanes
}

// startStates makes the counters of n vectors, from vector cn of the 32 blocks
// of zBase on, in zS, already with round key 0. After the eighth vector zBase
// moves on.
func (g *z512) startStates(n, cn int, counter, upperLanes reg.Register) {
	if cn+n == 8 {
		g.ADDL(U8(32), g.ctr.As32())
		g.upper(g.ctr, zNext, counter)
	}
	for i := range n {
		if cn+i == 7 {
			g.VPBLENDMQ(zNext, zBase, upperLanes, zS[i])
			g.VPXORQ(g.counters(7), zS[i], zS[i])
			g.VMOVDQA64(zNext, zBase)
		} else {
			g.VPXORQ(g.counters(cn+i), zBase, zS[i])
		}
	}
}

// finishStep does the last round and the XOR with the data of n vectors, whose
// ciphertext becomes pending, and moves on.
func (g *z512) finishStep(n int) {
	for i := range n {
		in, out := Mem{Base: g.src, Disp: 64 * i}, Mem{Base: g.dst, Disp: 64 * i}
		if g.open {
			g.VMOVDQU64(in, zP[i])
			g.VAESENCLAST(zLast, zS[i], zS[i])
			g.VPXORQ(zP[i], zS[i], zS[i])
			g.VMOVDQU64(zS[i], out)
		} else {
			// The last round key with the data on it saves an XOR of latency.
			g.VPXORQ(in, zLast, zP[i])
			g.VAESENCLAST(zP[i], zS[i], zP[i])
			g.VMOVDQU64(zP[i], out)
		}
	}
	g.ADDQ(U32(64*n), g.src)
	g.ADDQ(U32(64*n), g.dst)
	g.SUBQ(U32(64*n), g.n)
}

// step8 is the loop's body: the AES of eight vectors with the products of the
// eight pending ones between the rounds.
func (g *z512) step8(rounds int, counter, upperLanes reg.Register) {
	g.startStates(8, 0, counter, upperLanes)
	stitch(g.rounds(zS[:8], rounds-1), g.dot(zP, offDot8))
	g.finishStep(8)
}

// loops builds the loop over whole steps while at least min bytes are left, and
// jumps to end. Each key size has a loop of its own, so that the hash spreads
// over all rounds: with the rounds that AES-256 has more in a branch of their
// own, it was 15 % slower.
func (g *z512) loops(min int, end string, counter, upperLanes reg.Register) {
	labels := map[int]string{}
	for _, rounds := range []int{10, 12, 14} {
		labels[rounds] = g.NewLabel(g.name + "_loop")
	}
	g.CMPQ(g.roundCount(), U8(12))
	g.JA(LabelRef(labels[14]))
	g.JE(LabelRef(labels[12]))
	for _, rounds := range []int{10, 12, 14} {
		g.Align(64)
		g.Label(labels[rounds])
		g.step8(rounds, counter, upperLanes)
		g.CMPQ(g.n, U32(min))
		g.JAE(LabelRef(labels[rounds]))
		if rounds < 14 {
			g.JMP(LabelRef(end))
		}
	}
}

// tail ends a message: p vectors are pending, at most 255 bytes are left.
//
// The pending vectors but the last are hashed as a group. The last, with that
// hash added, the tail and the length block are one sum of products: r blocks of
// tail give the pending vector the powers H^(r+5) to H^(r+2), r+5 <= 21. So the
// lanes of the hash always meet positive powers, even if the tail is empty.
func (g *z512) tail(p int, counter, upperLanes reg.Register, final Mem) {
	done := g.NewLabel(g.name + "_done")
	lo, mid, hi := zA[0], zA[1], zA[2]
	tw := g.GP64()
	g.LEAQ(Mem{Base: g.n, Disp: 15}, tw)
	g.SHRQ(U8(4), tw)
	g.NEGQ(tw)
	g.SHLQ(U8(4), tw)
	end := g.pow(offEnd - 16*5)
	g.LEAQ(Mem{Base: end.Base, Disp: end.Disp, Index: tw, Scale: 1}, tw)

	constant, cn := offDot7, 0
	if p == 4 {
		constant, cn = offDot3, 4
	}
	g.startStates(4, cn, counter, upperLanes)
	hash := append(g.dot(zP[:p-1], constant),
		func() { g.VPSHUFB(zBswap, zP[p-1], zP[p-1]) },
		func() { g.VPXORQ(zHash, zP[p-1], zP[p-1]) },
		func() {
			g.karatsuba(zP[p-1], Mem{Base: tw}, zT[1], zT[2], zT[3], lo, mid, hi, true)
		})
	stitch(g.rounds9(zS[:4]), hash)
	ones := g.GP64()
	g.MOVQ(I32(-1), ones)
	for i := range 4 {
		in, out := Mem{Base: g.src, Disp: 64 * i}, Mem{Base: g.dst, Disp: 64 * i}
		left, m := g.GP64(), g.K()
		// n-64i is positive here, and below 256: BZHI reads eight bits.
		g.CMPQ(g.n, U32(64*i))
		g.JBE(LabelRef(done))
		g.LEAQ(Mem{Base: g.n, Disp: -64 * i}, left)
		g.BZHIQ(left, ones, left)
		g.KMOVQ(left, m)
		g.VMOVDQU8_Z(in, m, zT[0])
		if g.open {
			g.VAESENCLAST(zLast, zS[i], zS[i])
			g.VPXORQ(zT[0], zS[i], zS[i])
			g.VMOVDQU8(zS[i], m, out)
		} else {
			g.VPXORQ(zT[0], zLast, zT[0])
			g.VAESENCLAST(zT[0], zS[i], zS[i])
			g.VMOVDQU8(zS[i], m, out)
			g.VMOVDQU8_Z(zS[i], m, zT[0])
		}
		g.VPSHUFB(zBswap, zT[0], zT[0])
		g.karatsuba(zT[0], Mem{Base: tw, Disp: 64 * (i + 1)}, zT[1], zT[2], zT[3], lo, mid, hi, false)
	}
	g.Label(done)
	g.reduce(lo, mid, hi, zT[1])
	g.lanes(hi, zT[1])
	g.VPXORQ(final, asX(hi), asX(hi))
	g.VPSHUFB(asX(zBswap), asX(hi), asX(hi))
	if !g.open {
		g.VMOVDQU64(asX(hi), Mem{Base: g.dst, Index: g.n, Scale: 1})
		g.ret()
		return
	}
	ok := g.GP64()
	g.XORL(ok.As32(), ok.As32())
	g.VPXORQ(Mem{Base: g.src, Index: g.n, Scale: 1}, asX(hi), xDiff)
	g.VPTEST(xDiff, xDiff)
	g.SETEQ(ok.As8())
	g.Store(ok, g.Return("ok"))
	g.ret()
}

// part builds sealMoreVAES512 and openMoreVAES512: a part of a message that is
// not the last, a multiple of 1024 bytes. (512 would do; the counter of the next
// part must start at a multiple of 32 blocks.)
func (g *z512) part() {
	g.Kernel(g.name)
	g.begin()
	g.n, g.ctr, g.dst, g.src = g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("n"), g.n)
	g.Load(g.Param("dst"), g.dst)
	g.Load(g.Param("src"), g.src)
	nonce, blocks := g.GP64(), g.GP64()
	g.LEAQ(g.field("nonce"), nonce)
	g.loadNonce(nonce)
	g.VPXORQ(g.rk0, asX(zJ), asX(zJ))
	g.VSHUFI64X2(U8(0), zJ, zJ, zJ)
	g.VMOVDQU64(g.field("acc"), asX(zHash))
	g.MOVQ(g.field("blocks"), g.ctr)
	g.MOVQ(g.n, blocks)
	g.SHRQ(U8(4), blocks)
	g.ADDQ(blocks, g.field("blocks"))
	counter, upperLanes := g.prepareSteps()

	loopEnd := g.NewLabel(g.name + "_loopEnd")
	g.startStates(8, 0, counter, upperLanes)
	stitch(g.rounds9(zS[:8]), nil)
	g.finishStep(8)
	g.loops(1, loopEnd, counter, upperLanes)
	g.Label(loopEnd)
	for _, f := range g.dot(zP[:7], offDot7) {
		f()
	}
	lo, mid, hi := zA[0], zA[1], zA[2]
	g.VPSHUFB(zBswap, zP[7], zP[7])
	g.VPXORQ(zHash, zP[7], zP[7])
	g.karatsuba(zP[7], g.pow(offEnd-64), zT[1], zT[2], zT[3], lo, mid, hi, true)
	g.reduce(lo, mid, hi, zT[1])
	g.lanes(hi, zT[1])
	g.VMOVDQU64(asX(hi), g.field("acc"))
	g.ret()
}

// ghash builds ghashVAES512: sixteen blocks to a reduction.
func (g *z512) ghash() {
	g.Kernel(g.name)
	g.begin()
	p, n := g.GP64(), g.GP64()
	g.Load(g.Param("p"), p)
	g.Load(g.Param("n"), n)
	lo, mid, hi := zA[0], zA[1], zA[2]
	g.VMOVDQU64(g.field("acc"), asX(zHash))
	loop, last, done := g.NewLabel(g.name+"_loop"), g.NewLabel(g.name+"_last"), g.NewLabel(g.name+"_done")
	g.CMPQ(n, U32(256))
	g.JBE(LabelRef(last))
	g.Label(loop)
	for i := range 4 {
		g.VMOVDQU64(Mem{Base: p, Disp: 64 * i}, zT[0])
		g.VPSHUFB(zBswap, zT[0], zT[0])
		if i == 0 {
			g.VPXORQ(zHash, zT[0], zT[0])
		}
		g.karatsuba(zT[0], g.pow(offEnd-256+64*i), zT[1], zT[2], zT[3], lo, mid, hi, i == 0)
	}
	g.reduce(lo, mid, hi, zT[1])
	g.lanes(hi, zT[1])
	g.VMOVDQA64(hi, zHash)
	g.ADDQ(U32(256), p)
	g.SUBQ(U32(256), n)
	g.CMPQ(n, U32(256))
	g.JA(LabelRef(loop))
	g.Label(last)
	// 1 to 256 bytes: the last block meets H^1. BZHI reads eight bits of the
	// length, so the first vector of 256 bytes has a branch of its own.
	tw, ones := g.GP64(), g.GP64()
	end := g.pow(offEnd)
	g.LEAQ(Mem{Base: n, Disp: 15}, tw)
	g.SHRQ(U8(4), tw)
	g.NEGQ(tw)
	g.SHLQ(U8(4), tw)
	g.LEAQ(Mem{Base: end.Base, Disp: end.Disp, Index: tw, Scale: 1}, tw)
	g.MOVQ(I32(-1), ones)
	for i := range 4 {
		left, cap64, m := g.GP64(), g.GP64(), g.K()
		if i > 0 {
			g.CMPQ(n, U32(64*i))
			g.JBE(LabelRef(done))
		}
		g.LEAQ(Mem{Base: n, Disp: -64 * i}, left)
		g.MOVQ(U32(64), cap64)
		g.CMPQ(left, cap64)
		g.CMOVQCC(cap64, left)
		g.BZHIQ(left, ones, left)
		g.KMOVQ(left, m)
		g.VMOVDQU8_Z(Mem{Base: p, Disp: 64 * i}, m, zT[0])
		g.VPSHUFB(zBswap, zT[0], zT[0])
		if i == 0 {
			g.VPXORQ(zHash, zT[0], zT[0])
		}
		g.karatsuba(zT[0], Mem{Base: tw, Disp: 64 * i}, zT[1], zT[2], zT[3], lo, mid, hi, i == 0)
	}
	g.Label(done)
	g.reduce(lo, mid, hi, zT[1])
	g.lanes(hi, zT[1])
	g.VMOVDQU64(asX(hi), g.field("acc"))
	g.ret()
}
