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
//
// It also builds sealTypedVAES512 and openTypedVAES512, for which n counts the
// byte more from here on. That byte must be in the last vector, which is loaded
// and stored under a mask: the steps before leave one byte more than they
// otherwise would.
func (g *z512) message() {
	g.Kernel(g.name)
	g.begin()
	g.n, g.ctr, g.dst, g.src = g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("n"), g.n)
	g.Load(g.Param("dst"), g.dst)
	g.Load(g.Param("src"), g.src)
	long, shortStream, longStream := g.NewLabel(g.name+"_long"), g.NewLabel(g.name+"_shortStream"), g.NewLabel(g.name+"_longStream")
	short, longer := g.NewLabel(g.name+"_short"), g.NewLabel(g.name+"_longer")
	ad, nb := zT[0], g.GP64()
	if g.typed {
		g.last = g.GP64()
		g.Load(g.Param("last"), g.last)
		g.INCQ(g.n)
		g.CMPQ(g.n, U32(256))
		g.JA(LabelRef(long))
		g.whole(ad, nb)
		g.short(ad, nb)
		g.Label(long)
		g.whole(ad, nb)
		g.XORL(g.ctr.As32(), g.ctr.As32())
		g.VPXORQ(asX(zHash), asX(zHash), asX(zHash))
		g.alignCounters()
		g.long(ad, nb)
		return
	}
	g.CMPQ(g.n, U32(256))
	g.JA(LabelRef(long))
	g.TESTQ(g.s, g.s)
	g.JNE(LabelRef(shortStream))
	g.whole(ad, nb)
	g.Label(short)
	g.short(ad, nb)

	// The end of a longer message, whose hash so far is added to the first block:
	// it takes the place of additional data, with nb = 0.
	g.Label(shortStream)
	g.rest(ad, nb)
	g.VPXORQ(zHash, ad, ad)
	g.upper(g.ctr, zBase, g.counterMask())
	g.VMOVDQA64(zBase, zJ)
	g.JMP(LabelRef(short))

	g.Label(longStream)
	g.rest(ad, nb)
	g.JMP(LabelRef(longer))
	g.Label(long)
	g.TESTQ(g.s, g.s)
	g.JNE(LabelRef(longStream))
	g.whole(ad, nb)
	g.XORL(g.ctr.As32(), g.ctr.As32())
	g.VPXORQ(asX(zHash), asX(zHash), asX(zHash))
	g.Label(longer)
	g.alignCounters()
	g.long(ad, nb)
}

// whole starts a message that is one call: ad becomes up to 48 bytes of
// additional data, with the length block in lane 3, nb the length of the data
// rounded up to blocks, zT[5] the first state of E(J0), and zJ is set.
func (g *z512) whole(ad reg.VecPhysical, nb reg.GPVirtual) {
	size := asX(zT[1])
	adPtr, ones, bits, nonce := g.GP64(), g.GP64(), g.GP64(), g.GP64()
	adMask := g.K()
	g.Load(g.Param("nonce"), nonce)
	g.nonce(nonce)
	g.Load(g.Param("adLen"), nb)
	g.Load(g.Param("ad"), adPtr)
	g.MOVQ(I32(-1), ones)
	g.BZHIQ(nb, ones, ones)
	g.KMOVQ(ones, adMask)
	g.VMOVDQU8_Z(Mem{Base: adPtr}, adMask, ad)
	g.VPSHUFB(zBswap, ad, ad)
	g.MOVQ(g.n, bits)
	g.SHLQ(U8(3), bits)
	g.VMOVQ(bits, size)
	g.LEAQ(Mem{Base: nb, Disp: 15}, bits)
	g.SHLQ(U8(3), nb)
	g.VPINSRQ(U8(1), nb, size, size)
	g.VINSERTI64X2(U8(3), size, ad, ad)
	g.ANDQ(I8(-16), bits)
	g.MOVQ(bits, nb)
}

// rest starts the end of the message that the stream describes: as whole, with
// no additional data, and zHash and the counter from the stream.
func (g *z512) rest(ad reg.VecPhysical, nb reg.GPVirtual) {
	size, nonce := asX(zT[1]), g.GP64()
	g.LEAQ(g.field("nonce"), nonce)
	g.nonce(nonce)
	g.MOVQ(g.field("blocks"), g.ctr)
	g.VMOVQ(g.field("ctBits"), size)
	g.VPINSRQ(U8(1), g.field("adBits"), size, size)
	g.VPXORQ(ad, ad, ad)
	g.VINSERTI64X2(U8(3), size, ad, ad)
	g.VMOVDQU64(g.field("acc"), asX(zHash))
	g.XORL(nb.As32(), nb.As32())
}

// nonce sets zJ and, in zT[5], the first state of E(J0), the counter block 1,
// from the nonce at p. It loads four bytes at a time: a load that spans several
// younger stores would wait until they reach the cache, and callers write nonces
// as 4+8 or 8+4 bytes.
func (g *z512) nonce(p reg.GPVirtual) {
	g.VMOVD(Mem{Base: p}, asX(zJ))
	g.VPINSRD(U8(1), Mem{Base: p, Disp: 4}, asX(zJ), asX(zJ))
	g.VPINSRD(U8(2), Mem{Base: p, Disp: 8}, asX(zJ), asX(zJ))
	g.VPXORQ(g.rk0, asX(zJ), asX(zJ))
	g.VPXORQ(g.Words64("gcmOne", 0, 1<<56), asX(zJ), asX(zT[5]))
	g.VSHUFI64X2(U8(0), zJ, zJ, zJ)
}

// adPowers loads the powers for the lanes of ad: consecutive ones from the
// address at for the data, and H^1 for the length block in lane 3.
func (g *z512) adPowers(at Mem, dst reg.VecPhysical) {
	g.VMOVDQU64(at, dst)
	g.VINSERTI64X2(U8(3), g.pow(offEnd-16), dst, dst)
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
	// tw: powers for the data; ta: powers for ad, which comes before.
	tw, ta := g.GP64(), g.GP64()
	g.LEAQ(Mem{Base: g.n, Disp: 15}, tw)
	g.ANDQ(I8(-16), tw)
	g.NEGQ(tw)
	end := g.pow(offEnd - 16)
	g.LEAQ(Mem{Base: end.Base, Disp: end.Disp, Index: tw, Scale: 1}, tw)
	g.MOVQ(tw, ta)
	g.SUBQ(nb, ta)

	labels := make([]string, 5)
	for q := 1; q < 4; q++ {
		labels[q] = g.NewLabel(g.name + "_short")
	}
	g.CMPQ(g.n, U32(64))
	g.JBE(LabelRef(labels[1]))
	g.CMPQ(g.n, U32(128))
	g.JBE(LabelRef(labels[2]))
	g.CMPQ(g.n, U32(192))
	g.JBE(LabelRef(labels[3]))
	for _, q := range []int{4, 3, 2, 1} {
		if q != 4 {
			g.Label(labels[q])
		}
		g.shortBody(q, ad, ta, tw)
	}
}

// shortBody builds short for q vectors of data.
func (g *z512) shortBody(q int, ad reg.VecPhysical, ta, tw reg.GPVirtual) {
	e := asX(zT[5])
	// The last vector has n-64(q-1) bytes.
	m, left, ones := g.K(), g.n, g.GP64()
	if q > 1 {
		left = g.GP64()
		g.LEAQ(Mem{Base: g.n, Disp: -64 * (q - 1)}, left)
	}
	g.MOVQ(I32(-1), ones)
	g.BZHIQ(left, ones, ones)
	g.KMOVQ(ones, m)

	states := append([]reg.VecPhysical{e}, zS[:q]...)
	for i, s := range zS[:q] {
		counters := g.counterTable()
		counters.Disp += 64 * i
		g.VPXORQ(counters, zJ, s)
	}
	data := func(i int) Mem { return Mem{Base: g.src, Disp: 64 * i} }
	out := func(i int) Mem { return Mem{Base: g.dst, Disp: 64 * i} }
	weights := func(i int) Mem { return Mem{Base: tw, Disp: 64 * i} }
	b, hi, lo, mid := zNext, zA[0], zA[1], zA[2]
	if g.open {
		// The hash does not wait for AES: three multiplications a block, and two
		// folds, are better here than the other way round.
		hash := []func(){
			func() { g.adPowers(Mem{Base: ta}, b) },
			func() { g.karatsuba(ad, b, zT[1], zT[2], zT[3], lo, mid, hi, true) },
		}
		for i := range q {
			if i < q-1 {
				g.VMOVDQU64(data(i), zP[i])
			} else {
				g.VMOVDQU8_Z(data(i), m, zP[i])
			}
			hash = append(hash,
				func() { g.VPSHUFB(zBswap, zP[i], zP[4]) },
				func() { g.karatsuba(zP[4], weights(i), zT[1], zT[2], zT[3], lo, mid, hi, false) })
		}
		stored := reg.Register(m)
		var place reg.GPVirtual
		if g.typed {
			place, stored = g.placeOfLast(left), g.K()
			g.KSHIFTRQ(U8(1), m, stored)
		}
		hash = append(hash,
			func() { g.reduce(lo, mid, hi, zT[1]) },
			func() { g.lanes(hi, zT[1]) },
			func() { g.VPSHUFB(asX(zBswap), asX(hi), asX(hi)) })
		stitch(g.rounds9(states), hash)
		for i, s := range zS[:q] {
			g.VAESENCLAST(zLast, s, s)
			g.VPXORQ(zP[i], s, s)
		}
		g.VAESENCLAST(asX(zLast), e, e)
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
				g.VMOVDQU8(s, stored, out(i))
				if g.typed {
					g.storeLast(s, m, stored, place)
				}
			}
		}
		g.result(1)
		g.Label(bad)
		g.result(0)
		return
	}
	// The hash waits for AES, so what the data will be multiplied by is made ready.
	hash := []func(){
		func() { g.adPowers(Mem{Base: ta}, mid) },
		func() { g.VBROADCASTI32X4(g.poly(), zNext) },
		func() { g.over64(mid, zT[2]) },
		func() { g.products(ad, mid, zT[2], hi, lo, true) },
	}
	for i := range q {
		hash = append(hash,
			func() { g.VMOVDQU64(weights(i), zP[2*i]) },
			func() { g.over64(zP[2*i], zP[2*i+1]) })
	}
	stitch(g.rounds9(states), hash)
	for i, s := range zS[:q] {
		x := zT[0]
		if i < q-1 {
			g.VPXORQ(data(i), zLast, x)
			g.VAESENCLAST(x, s, s)
			g.VMOVDQU64(s, out(i))
			g.VPSHUFB(zBswap, s, s)
		} else {
			if g.typed {
				loaded := g.K()
				g.KSHIFTRQ(U8(1), m, loaded)
				g.loadTyped(data(i), m, loaded, x)
			} else {
				g.VMOVDQU8_Z(data(i), m, x)
			}
			g.VPXORQ(x, zLast, x)
			g.VAESENCLAST(x, s, s)
			g.VMOVDQU8(s, m, out(i))
			g.VMOVDQU8_Z(s, m, s)
			g.VPSHUFB(zBswap, s, s)
		}
	}
	g.VAESENCLAST(asX(zLast), e, e)
	for i, s := range zS[:q] {
		g.products(s, zP[2*i], zP[2*i+1], hi, lo, false)
	}
	g.shortTag(e, hi, lo)
	g.VMOVDQU64(asX(hi), Mem{Base: g.dst, Index: g.n, Scale: 1})
	g.ret()
}

// loadTyped loads the bytes of the mask loaded and puts the byte more at the one
// place that all has and loaded has not, if there is one.
func (g *z512) loadTyped(from Mem, all, loaded reg.Register, dst reg.VecPhysical) {
	g.VMOVDQU8_Z(from, loaded, dst)
	more := g.K()
	g.KXORQ(all, loaded, more)
	g.VPBROADCASTB(g.last.As32(), more, dst)
}

// placeOfLast returns the address that a vector would be stored at for its byte
// number left-1 to land in *last.
func (g *z512) placeOfLast(left reg.GPVirtual) reg.GPVirtual {
	place := g.GP64()
	g.LEAQ(Mem{Base: g.last, Disp: 1}, place)
	g.SUBQ(left, place)
	return place
}

// storeLast stores the one byte that all has and stored has not, if there is
// one. A masked store touches no other memory.
func (g *z512) storeLast(s reg.VecPhysical, all, stored reg.Register, place reg.GPVirtual) {
	more := g.K()
	g.KXORQ(all, stored, more)
	g.VMOVDQU8(s, more, Mem{Base: place})
}

// shortTag folds lo into hi, adds the lanes and E(J0) up and leaves the tag in
// the lowest lane of hi.
func (g *z512) shortTag(e, hi, lo reg.VecPhysical) {
	g.VPSHUFB(asX(zBswap), e, e)
	g.VPXORQ(zT[5], hi, hi)
	g.clmul(zNext, lo, zNext, 0x10)
	g.VPSHUFD(U8(0x4e), lo, lo)
	g.xor3(hi, zNext, lo)
	g.lanes(hi, lo)
	g.VPSHUFB(asX(zBswap), asX(hi), asX(hi))
}

// over64 sets c = b·x^-64; zNext holds poly.
func (g *z512) over64(b, c reg.VecPhysical) {
	g.clmul(zT[1], b, zNext, 0x10)
	g.VPSHUFD(U8(0x4e), b, c)
	g.VPXORQ(zT[1], c, c)
}

// products multiplies the blocks of a by the powers b, with c = b·x^-64, and
// adds to hi and lo, or sets them:
//
//	a·b·x^-128 = (aL·c + aH·b)·x^-64 = fold(aL·cH + aH·bH, aL·cL + aH·bL)
//
// Four multiplications, and one for c, but only one fold for the sum and nothing
// between the data and the first multiplication: for short messages latency
// counts, and Karatsuba's is 11 cycles longer.
func (g *z512) products(a, b, c, hi, lo reg.VecPhysical, first bool) {
	t, u := zT[3], zT[4]
	if first {
		g.clmul(t, a, c, 0x00)
		g.clmul(u, a, c, 0x10)
		g.clmul(lo, a, b, 0x01)
		g.clmul(hi, a, b, 0x11)
		g.VPXORQ(t, lo, lo)
		g.VPXORQ(u, hi, hi)
		return
	}
	g.clmul(t, a, c, 0x00)
	g.clmul(u, a, b, 0x01)
	g.xor3(lo, t, u)
	g.clmul(t, a, c, 0x10)
	g.clmul(u, a, b, 0x11)
	g.xor3(hi, t, u)
}

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
	ta := g.GP64()
	end := g.pow(offEnd)
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
	g.CMPQ(g.n, U32(g.atLeast(512)))
	g.JB(LabelRef(first4))
	g.startStates(8, 0, counter, upperLanes)
	stitch(g.rounds9(append([]reg.VecPhysical{e}, zS[:8]...)), prologue())
	setFinal()
	g.finishStep(8)
	g.CMPQ(g.n, U32(g.atLeast(512)))
	g.JB(LabelRef(loopEnd))
	g.loops(g.atLeast(512), loopEnd, counter, upperLanes)
	g.Label(loopEnd)
	g.CMPQ(g.n, U32(g.atLeast(256)))
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

// atLeast returns how many bytes must be left so that n can be loaded.
func (g *z512) atLeast(n int) int {
	if g.typed {
		return n + 1
	}
	return n
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

// tail ends a message: p vectors are pending, at most 255 bytes are left, or 256
// with the byte more.
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
		less := reg.Register(m) // m without the byte more
		var place reg.GPVirtual
		if g.typed {
			before, most := g.GP64(), g.GP64()
			less = g.K()
			if g.open {
				place = g.placeOfLast(left)
			}
			g.LEAQ(Mem{Base: left, Disp: -1}, before)
			g.BZHIQ(before, ones, before)
			g.KMOVQ(before, less)
			g.MOVQ(U32(64), most)
			g.CMPQ(left, most)
			g.CMOVQHI(most, left) // it may be 256
		}
		g.BZHIQ(left, ones, left)
		g.KMOVQ(left, m)
		if g.typed && !g.open {
			g.loadTyped(in, m, less, zT[0])
		} else {
			g.VMOVDQU8_Z(in, m, zT[0])
		}
		if g.open {
			g.VAESENCLAST(zLast, zS[i], zS[i])
			g.VPXORQ(zT[0], zS[i], zS[i])
			g.VMOVDQU8(zS[i], less, out)
			if g.typed {
				g.storeLast(zS[i], m, less, place)
			}
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
	g.nonce(nonce)
	g.alignCounters()
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
