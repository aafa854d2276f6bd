package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// message builds seal or open: a whole message, or its last part.
func (t tier) message(c *gen.Ctx, stem string) {
	g := t.kernel(c, stem)
	stream, keyed, long, loop, end := g.label("stream"), g.label("keyed"), g.label("long"), g.label("loop"), g.label("end")
	g.text()
	s := g.lo
	g.MOVQ(g.param("s"), s)
	g.TESTQ(s, s)
	g.JNZ(LabelRef(stream))

	// A message by itself.
	nonce := g.t[0]
	g.MOVQ(g.param("nonce"), nonce)
	g.copyNonce(Mem{Base: nonce})
	g.copyWord(g.param("adLen"), g.frame(frameLens))
	g.copyWord(g.param("n"), g.frame(frameLens+8))
	g.MOVL(U32(1), g.frame(frameCtr))
	more := g.label("more")
	g.CMPQ(g.frame(frameN), U8(block))
	g.JA(LabelRef(more))
	g.oneBlock()
	g.Label(more)
	g.shortPasses(g.frame(frameN), block, func(r *rows) {
		r.begin()
		g.keyPass(r.doubleRound())
		r.end()
		g.JMP(LabelRef(keyed))
	})
	g.setCounter(g.frame(frameCtr))
	g.beginPass()
	g.keyPass(g.doubleRound())
	g.endPass(g.keep)

	g.Label(keyed)
	g.restAD()
	g.CMPQ(g.frame(frameN), U32(g.chunk))
	g.JA(LabelRef(long))
	g.MOVQ(g.frame(frameN), g.count)
	g.rest()

	// The first pass covers only a part.
	g.Label(long)
	if g.open {
		g.MOVQ(U32(1), g.frame(frameFirst))
	} else {
		g.xorFirst()
		g.MOVQ(g.frame(frameDst), g.p)
		g.MOVQ(U32(g.chunk/groupBytes), g.frame(frameGroups))
		g.advance(g.chunk)
	}
	g.JMP(LabelRef(loop))

	// The last part of a message.
	g.Label(stream)
	g.loadStream(s)
	g.copyWord(g.field(s, "adLen"), g.frame(frameLens))
	g.copyWord(g.field(s, "ctLen"), g.frame(frameLens+8))
	g.CMPQ(g.frame(frameN), U8(0))
	g.JE(LabelRef(end))

	g.Label(loop)
	g.passes(g.rest)

	// Nothing is left but what is not hashed yet.
	g.Label(end)
	g.notHashed()
	g.finish()
	g.endMessage()
}

// part builds sealMore or openMore.
func (t tier) part(c *gen.Ctx, stem string) {
	g := t.kernel(c, stem)
	g.text()
	s := g.lo
	g.MOVQ(g.param("s"), s)
	g.loadStream(s)
	g.MOVQ(g.param("n"), g.t[0])
	g.SHRQ(U8(6), g.t[0])
	g.ADDL(g.t[0].As32(), g.field(s, "counter"))
	g.passes(nil)
	g.notHashed()
	g.groups(4)
	g.saveSum()
	g.ret()
}

// start builds the kernel that makes a one-time key.
func (t tier) start(c *gen.Ctx) {
	g := t.kernel(c, "start")
	loop, count := g.label("key"), g.frame(frameCounts)
	nonce := g.t[0]
	g.MOVQ(g.param("nonce"), nonce)
	g.copyNonce(Mem{Base: nonce})
	g.beginKey()
	g.MOVL(U32(doubles), count)
	g.Align(32)
	g.Label(loop)
	do(g.keyDoubleRound())
	g.DECL(count)
	g.JNZ(LabelRef(loop))
	g.endKey()
	s := g.p
	g.MOVQ(g.param("s"), s)
	for i, w := range []reg.GPPhysical{g.h0, g.h1} {
		g.MOVQ(w, g.field(s, "r", i))
		g.MOVQ(keyB[2*i], g.field(s, "s", i))
	}
	g.MOVL(U32(1), g.field(s, "counter"))
	g.zeroSum()
	g.saveSum()
	g.ret()
}

// poly builds the kernel for additional data beyond what a message takes.
func (t tier) poly(c *gen.Ctx) {
	g := t.kernel(c, "poly")
	g.MOVQ(g.param("s"), g.lo)
	g.loadSum(g.lo)
	g.MOVQ(g.param("p"), g.p)
	g.MOVQ(g.param("n"), g.count)
	g.groups(4)
	g.absorb()
	g.saveSum()
	g.ret()
}

// text starts the kernels that encrypt or decrypt.
func (g *vec) text() {
	g.copyWord(g.param("dst"), g.frame(frameDst))
	g.copyWord(g.param("src"), g.frame(frameSrc))
	g.copyWord(g.param("n"), g.frame(frameN))
}

// copyWord destroys t0.
func (g *vec) copyWord(from, to Mem) {
	g.MOVQ(from, g.t[0])
	g.MOVQ(g.t[0], to)
}

// copyNonce copies the 12 bytes at m, four at a time: a load that spans several
// younger stores would wait until they are in the cache, and callers write
// nonces as 4+8 or 8+4 bytes. It destroys t1 to t3.
func (g *vec) copyNonce(m Mem) {
	for i := range 3 {
		g.MOVL(m.Offset(4*i), g.t[1+i].As32())
	}
	for i := range 3 {
		g.MOVL(g.t[1+i].As32(), g.frame(frameNonce+4*i))
	}
}

// loadStream goes on where the stream at s, in lo, is, with nothing to hash.
func (g *vec) loadStream(s reg.GPPhysical) {
	g.copyNonce(g.resolve(g.Param("s").Dereference(s).Field("nonce").Index(0)))
	g.setCounter(g.field(s, "counter"))
	g.copyWord(g.field(s, "s", 0), g.frame(frameS))
	g.copyWord(g.field(s, "s", 1), g.frame(frameS+8))
	g.loadSum(s)
	g.MOVQ(U32(0), g.frame(frameGroups))
	g.MOVQ(U32(0), g.frame(frameFirst))
	g.MOVQ(g.frame(frameDst), g.p)
	g.MOVQ(g.param("s"), s)
}

// loadSum prepares the powers of the one-time key and loads the sum.
func (g *vec) loadSum(s reg.GPPhysical) {
	g.MOVQ(g.field(s, "r", 0), g.h0)
	g.MOVQ(g.field(s, "r", 1), g.h1)
	do(g.powers())
	g.MOVQ(g.param("s"), s)
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(g.field(s, "h", i), h)
	}
}

func (g *vec) saveSum() {
	s := g.lo
	g.MOVQ(g.param("s"), s)
	for i, h := range []reg.GPPhysical{g.h0, g.h1, g.h2} {
		g.MOVQ(h, g.field(s, "h", i))
	}
}

// advance moves on by n bytes of text. It leaves the flags of what is left.
func (g *vec) advance(n int) {
	g.ADDQ(U32(n), g.frame(frameSrc))
	g.ADDQ(U32(n), g.frame(frameDst))
	g.SUBQ(U32(n), g.frame(frameN))
}

// passes encrypts or decrypts n > 0 bytes, with double passes as long as they
// last. When less than a pass is left, but not nothing, it makes the key stream
// for that in the frame, sets count to the bytes at its end that are not hashed
// yet, and goes to rest. If seal is through it leaves frameGroups groups at p to
// be hashed.
func (g *vec) passes(rest func()) {
	double, single, last, ready, next, end := g.label("double"), g.label("single"), g.label("last"), g.label("ready"), g.label("next"), g.label("passes_end")
	// beforePass tells what to hash in a pass.
	beforePass := func(bytes int) {
		if g.open {
			g.MOVQ(g.frame(frameSrc), g.p)
			g.MOVQ(U32(bytes/groupBytes), g.frame(frameGroups))
		}
	}
	afterPass := func(bytes int) {
		if !g.open {
			g.MOVQ(U32(bytes/groupBytes), g.frame(frameGroups))
		}
		g.advance(bytes)
	}
	direct := func() func(offset int, v, tmp reg.VecPhysical) {
		src, dst := g.t[0], g.t[1]
		g.MOVQ(g.frame(frameSrc), src)
		g.MOVQ(g.frame(frameDst), dst)
		return func(offset int, v, tmp reg.VecPhysical) {
			g.xorFrom(Mem{Base: src, Disp: offset}, v, tmp)
			g.store(v, Mem{Base: dst, Disp: offset})
		}
	}
	if rest != nil {
		g.JMP(LabelRef(next))
	}
	g.Label(double)
	beforePass(2 * g.chunk)
	g.beginPass2()
	g.mixedRounds(g.doubleRound2())
	g.endPass2(direct())
	afterPass(2 * g.chunk)
	if rest == nil {
		g.JNZ(LabelRef(double))
		return
	}
	g.JZ(LabelRef(end))

	g.Label(next)
	if g.open {
		g.CMPQ(g.frame(frameFirst), U8(0))
		g.JNE(LabelRef(single))
	}
	g.CMPQ(g.frame(frameN), U32(2*g.chunk))
	g.JAE(LabelRef(double))
	g.Label(single)
	if g.open {
		// To the groups of a pass come those of the first.
		g.MOVQ(g.frame(frameSrc), g.p)
		g.MOVQ(g.frame(frameFirst), g.t[1])
		g.IMUL3Q(U8(g.chunk/groupBytes), g.t[1], g.t[1])
		g.ADDQ(U8(g.chunk/groupBytes), g.t[1])
		g.MOVQ(g.frame(frameN), g.t[0])
		g.SHRQ(U8(6), g.t[0])
		g.CMPQ(g.t[0], g.t[1])
		g.CMOVQHI(g.t[1], g.t[0])
		g.MOVQ(g.t[0], g.frame(frameGroups))
	}
	// What this pass has to cover.
	g.MOVQ(g.frame(frameN), g.t[0])
	if g.open {
		g.MOVQ(g.frame(frameFirst), g.t[1])
		g.IMUL3Q(U32(g.chunk), g.t[1], g.t[1])
		g.SUBQ(g.t[1], g.t[0])
	}
	g.shortPasses(g.t[0], 0, func(r *rows) {
		r.begin()
		g.mixedRounds(r.doubleRound())
		g.applyFirst()
		r.end()
		g.JMP(LabelRef(ready))
	})
	g.beginPass()
	g.mixedRounds(g.doubleRound())
	g.applyFirst()
	g.CMPQ(g.frame(frameN), U32(g.chunk))
	g.JB(LabelRef(last))
	g.endPass(direct())
	afterPass(g.chunk)
	g.JNZ(LabelRef(next))
	g.JMP(LabelRef(end))

	g.Label(last)
	g.endPass(g.keep)
	g.Label(ready)
	g.MOVQ(g.frame(frameN), g.count)
	if g.open {
		g.MOVQ(g.frame(frameGroups), g.t[0])
		g.SHLQ(U8(6), g.t[0])
		g.SUBQ(g.t[0], g.count)
	}
	rest()
	g.Label(end)
}

// applyFirst, of open, decrypts with the key stream of the first pass if that has
// been put off until now, when the ciphertext is hashed.
func (g *vec) applyFirst() {
	if !g.open {
		return
	}
	applied := g.label("applied")
	g.CMPQ(g.frame(frameFirst), U8(0))
	g.JE(LabelRef(applied))
	g.xorFirst()
	g.MOVQ(U32(0), g.frame(frameFirst))
	g.SUBQ(U8(g.chunk/groupBytes), g.frame(frameGroups))
	g.advance(g.chunk)
	g.Label(applied)
}

// shortPasses builds what makes key stream for n bytes, more than least, for as
// many rows as are quicker than a pass, and goes there if they are enough. A third
// set of vectors would take as long as a pass.
func (g *vec) shortPasses(n Op, least int, build func(*rows)) {
	for sets := 1; sets <= 2; sets++ {
		most := sets * g.width.Lanes() * block
		if most <= least {
			continue
		}
		more := g.label("more")
		g.CMPQ(n, U32(most))
		g.JA(LabelRef(more))
		build(g.rows(sets))
		g.Label(more)
	}
}

// keep puts key stream in the frame.
func (g *vec) keep(offset int, v, _ reg.VecPhysical) { g.save(v, g.frame(frameKS+offset)) }

// rest encrypts or decrypts what is left with the key stream in the frame, hashes
// it, or the last count bytes, and ends the message.
func (g *vec) rest() {
	if g.open {
		// What is not hashed yet are the last count bytes.
		g.MOVQ(g.frame(frameSrc), g.p)
		g.ADDQ(g.frame(frameN), g.p)
		g.SUBQ(g.count, g.p)
		g.finish()
		g.xorRest()
	} else {
		g.xorRest()
		g.MOVQ(g.frame(frameDst), g.p)
		g.MOVQ(g.frame(frameN), g.count)
		g.finish()
	}
	g.endMessage()
}

// notHashed sets count to the bytes that seal has not hashed yet.
func (g *vec) notHashed() {
	if g.open {
		g.XORL(g.count.As32(), g.count.As32())
		return
	}
	g.MOVQ(g.frame(frameGroups), g.count)
	g.SHLQ(U8(6), g.count)
}

// endMessage writes the tag, or compares it, and returns.
func (g *vec) endMessage() {
	g.tag()
	at := g.t[0]
	if !g.open {
		g.MOVQ(g.param("dst"), at)
		g.ADDQ(g.param("n"), at)
		g.MOVQ(g.h0, Mem{Base: at})
		g.MOVQ(g.h1, Mem{Base: at, Disp: 8})
		g.ret()
		return
	}
	g.MOVQ(g.param("src"), at)
	g.ADDQ(g.param("n"), at)
	g.XORQ(Mem{Base: at}, g.h0)
	g.XORQ(Mem{Base: at, Disp: 8}, g.h1)
	g.XORL(g.lo.As32(), g.lo.As32())
	g.ORQ(g.h1, g.h0)
	g.SETEQ(g.lo.As8())
	g.Store(g.lo, g.Return("ok"))
	g.ret()
}
