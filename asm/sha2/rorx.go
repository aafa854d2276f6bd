package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// A rorx kernel runs the rounds on the general registers and the message
// schedule on vectors, for a group of blocks at once, each in 128 bits of every
// vector. The schedule of the whole group is made beside the rounds of its
// first block, which leave the vector units free; the rounds of the others find
// W[t]+K[t] ready.
type rorx struct {
	*gen.Ctx
	word     int              // bytes: 4 for SHA-256, 8 for SHA-512
	lanes    int              // blocks of a group: 2 or 4
	sigma    func(s int) []op // the vector instructions that make vector s of the next 16 words
	setup    func()           // loads the constants of sigma
	shortest bool             // the rounds with the shortest chain, not those with the fewest instructions

	ring                     operand.Mem // W[t]+K[t] of all lanes, at the next multiple of 64
	state                    operand.Mem // the intermediate hash value
	next, whole, total, left operand.Mem // see group
	buf                      operand.Mem
}

// An op is one instruction. Lists of them are merged.
type op func()

func (g *rorx) block() int     { return 16 * g.word }
func (g *rorx) vectors() int   { return g.word }              // vectors that hold 16 words
func (g *rorx) perVector() int { return 16 / g.word }         // words of a vector, in each lane
func (g *rorx) stride() int    { return 16 * g.lanes }        // bytes of a vector
func (g *rorx) chunk() int     { return g.word * g.stride() } // bytes of 16 words of the ring
func (g *rorx) chunks() int { // 16 rounds each
	if g.word == 4 {
		return 4
	}
	return 5
}

// The general registers of the rounds.
var (
	words8 = [8]reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.R8, reg.R9, reg.R10, reg.R11}
	temps  = [4]reg.GPPhysical{reg.R12, reg.R13, reg.R14, reg.R15}
	wp     = reg.RSI // W+K of the next 16 rounds, of the lane
	kp     = reg.RDI // K of the next 16 rounds, or the 16 rounds that are left
)

// The vector registers: 0 to 7 hold the last 16 words of the schedule.
func (g *rorx) v(i int) reg.VecPhysical { return gen.Width(8 * g.stride()).Reg(i) }
func (g *rorx) w(i int) reg.VecPhysical { return g.v(i % g.vectors()) }

const (
	vTemp = 8  // 8 to 12
	vMask = 13 // 13 and 14: constants of sigma
	vSwap = 15 // VPSHUFB control that reverses the bytes of each word
)

// kernel builds the function name, whose contract is that of every kernel: see
// hash256SHANI in package sha2.
func (g *rorx) kernel(name string) {
	g.Implement(name) // not NOSPLIT: the frame is too large
	pad := &padder{Ctx: g.Ctx, block: g.block(), vex: true}
	g.ring = g.AllocLocal(g.chunks()*g.chunk() + 64)
	g.state = g.AllocLocal(8 * g.word)
	g.next, g.whole, g.total, g.left, g.buf = g.AllocLocal(8), g.AllocLocal(8), g.AllocLocal(8), g.AllocLocal(8), g.AllocLocal(8)
	padding := pad.frame()

	g.Load(g.Param("p").Base(), msg)
	g.Load(g.Param("p").Len(), size)
	g.XORL(pads.As32(), pads.As32())
	g.Load(g.Param("sum"), reg.R12)
	g.TESTQ(reg.R12, reg.R12)
	g.JZ(operand.LabelRef("start"))
	pad.pad(padding)

	g.Label("start")
	g.SHRQ(operand.U8(log2(g.block())), size)
	g.ADDQ(size, pads)
	g.JZ(operand.LabelRef("return"))
	g.MOVQ(msg, g.next)
	g.MOVQ(buf, g.buf)
	g.MOVQ(size, g.whole)
	g.MOVQ(pads, g.total)
	g.setup()
	g.Load(g.Param("h"), temps[0])
	for i, r := range words8 {
		g.mov(operand.Mem{Base: temps[0], Disp: i * g.word}, r)
		g.mov(r, g.state.Offset(i*g.word))
	}

	g.group()

	g.Load(g.Param("sum"), temps[0])
	g.TESTQ(temps[0], temps[0])
	g.JZ(operand.LabelRef("state"))
	for i, r := range words8 {
		if g.word == 4 {
			g.BSWAPL(r.As32())
		} else {
			g.BSWAPQ(r)
		}
		g.mov(r, operand.Mem{Base: temps[0], Disp: i * g.word})
	}
	g.Label("return")
	g.VZEROUPPER()
	g.RET()
	g.Label("state")
	g.Load(g.Param("h"), temps[0])
	for i, r := range words8 {
		g.mov(r, operand.Mem{Base: temps[0], Disp: i * g.word})
	}
	g.VZEROUPPER()
	g.RET()
}

// group compresses all blocks. On the stack, next is the address of the first
// block of the group in the message, whole the number of blocks that are there
// (it goes below 0), buf the address of the blocks that follow those, total the
// number of blocks that the group and those behind it have, and left the number
// that the group still has.
func (g *rorx) group() {
	var (
		first = kp       // block of lane 0
		p     = temps[0] // next
		alt   = temps[1] // where block 0 would be if the blocks at buf came at their place
		n     = temps[2] // total
		at    = temps[3] // block of lane j
	)
	g.Label("group")
	g.MOVQ(g.next, p)
	g.MOVQ(g.whole, wp)
	g.MOVQ(g.total, n)
	g.MOVQ(wp, alt)
	g.SHLQ(operand.U8(log2(g.block())), alt)
	g.NEGQ(alt)
	g.ADDQ(g.buf, alt)
	for j := range g.lanes {
		at := at
		if j == 0 {
			at = first
			g.MOVQ(p, at)
		} else {
			g.LEAQ(operand.Mem{Base: p, Disp: j * g.block()}, at)
			g.ADDQ(operand.U32(g.block()), alt)
		}
		g.CMPQ(wp, operand.U8(j))
		g.CMOVQLE(alt, at)
		if j == 1 {
			g.CMPQ(n, operand.U8(1))
			g.JE(operand.LabelRef("loaded")) // the other lanes are 0
		} else if j > 1 {
			g.CMPQ(n, operand.U8(j))
			g.CMOVQLE(first, at) // no such block: any other
		}
		for i := range g.vectors() {
			m := operand.Mem{Base: at, Disp: 16 * i}
			switch {
			case j == 0:
				g.VMOVDQU(m, gen.Width(128).Reg(i))
			case g.lanes == 2:
				g.VINSERTI128(operand.U8(j), m, g.w(i), g.w(i))
			default:
				g.VINSERTI64X2(operand.U8(j), m, g.w(i), g.w(i))
			}
		}
	}
	g.Label("loaded")
	g.ADDQ(operand.U32(g.lanes*g.block()), p)
	g.MOVQ(p, g.next)
	g.SUBQ(operand.U8(g.lanes), wp)
	g.MOVQ(wp, g.whole)
	g.MOVL(operand.U32(g.lanes), wp.As32())
	g.CMPQ(n, wp)
	g.CMOVQLT(n, wp)
	g.MOVQ(wp, g.left)
	g.SUBQ(wp, n)
	g.MOVQ(n, g.total)

	g.LEAQ(g.ring.Offset(63), wp)
	g.ANDQ(operand.I8(-64), wp)
	g.LEAQ(g.k(), kp)
	for i := range g.vectors() {
		g.VPSHUFB(g.v(vSwap), g.w(i), g.w(i))
		for _, f := range g.addK(i, 0) {
			f()
		}
	}

	g.Comment("16 rounds of the first block, and the next 16 words of all.")
	g.start()
	g.Align(32)
	g.Label("schedule")
	g.ADDQ(operand.U32(g.block()), kp)
	var rounds, vectors []op
	for t := range 16 {
		rounds = append(rounds, g.round(t)...)
	}
	for i := range g.vectors() {
		vectors = append(vectors, g.sigma(i)...)
		vectors = append(vectors, g.addK(i, g.chunk())...)
	}
	merge(rounds, vectors)
	g.ADDQ(operand.U32(g.chunk()), wp)
	g.LEAQ(g.k().Offset((g.chunks()-1)*g.block()), temps[1])
	g.CMPQ(kp, temps[1])
	g.JNE(operand.LabelRef("schedule"))
	g.MOVL(operand.U32(1), kp.As32())

	g.Comment("16 rounds.")
	g.Align(32)
	g.Label("rounds")
	merge(rounds, nil)
	g.ADDQ(operand.U32(g.chunk()), wp)
	g.DECL(kp.As32())
	g.JNZ(operand.LabelRef("rounds"))
	for i, r := range words8 {
		g.add(g.state.Offset(i*g.word), r)
		g.mov(r, g.state.Offset(i*g.word))
	}

	g.Comment("The next block of the group.")
	g.SUBQ(operand.U32(g.chunks()*g.chunk()-16), wp)
	g.start()
	g.MOVL(operand.U32(g.chunks()), kp.As32())
	g.DECQ(g.left)
	g.JNZ(operand.LabelRef("rounds"))
	g.CMPQ(g.total, operand.U8(0))
	g.JNE(operand.LabelRef("group"))
}

// addK stores vector i of the schedule plus K to the ring, behind bytes after
// wp. K is that of kp.
func (g *rorx) addK(i, behind int) []op {
	t := g.v(vTemp)
	k := operand.Mem{Base: kp, Disp: 16 * i}
	to := operand.Mem{Base: wp, Disp: behind + i*g.stride()}
	if g.lanes == 2 {
		ops := []op{
			func() { g.VBROADCASTI128(k, t) },
			func() { g.VPADDQ(g.w(i), t, t) },
			func() { g.VMOVDQU(t, to) },
		}
		if g.word == 4 {
			ops[1] = func() { g.VPADDD(g.w(i), t, t) }
		}
		return ops
	}
	return []op{
		func() { g.VBROADCASTI32X4(k, t) },
		func() { g.VPADDQ(g.w(i), t, t) },
		func() { g.VMOVDQA64(t, to) },
	}
}

func (g *rorx) k() operand.Mem {
	if g.word == 8 {
		return g.Words64("k512", roundConstants(80, 64)...)
	}
	var ks []uint32
	for _, k := range roundConstants(64, 32) {
		ks = append(ks, uint32(k))
	}
	return g.Words32("k256", ks...)
}

// start prepares what round 0 wants from the round before it.
func (g *rorx) start() {
	g.mov(words8[1], temps[0])
	if !g.shortest {
		g.xor(words8[2], temps[0])
	}
}

// round returns round t of 16 (FIPS 180-4, Section 6.2.2 or 6.4.2, step 3). A
// round of the names a to h, which rotate from round to round instead of their
// values, is
//
//	e' = d + h+K+W + Ch(e,f,g) + Σ1(e)
//	a' = e'-d + Maj(a,b,c) + Σ0(a)
//
// Both ways to compute it do Ch as two sums without a common bit,
// (e AND f) + (NOT e AND g), and keep a XOR b, which is b XOR c a round later.
//
// Zen 5 sustains 5.3 instructions a cycle on its 6 ALUs; moves between
// registers and loads are free, stores and moves from vectors are not, so
// nothing of a round can be lent to the vector units. Σ1, Σ0, their sums, and
// Ch and Maj with theirs take at least 22 instructions: 4.15 cycles a round, 332
// a block of SHA-512. No chain is shorter than 4 cycles (rotate, two XORs, a
// sum): 320 a block; with both chains at 4, the instructions are 24 and the
// bound is 4.5 cycles, 362 a block. Measured, in cycles a round without the
// schedule:
//
//	22 instructions, e' 5 and a' 5 cycles behind (fewestRound)            5.4
//	23, 4 and 5: a' = (Maj - (d-e')) + Σ0                                  5.3
//	24, 4 and 4, T1 and e' as two sums                                     5.2
//	24, 4 and 4, a' from e' (shortestRound), instructions as in the text   5.1
//	the same, in the order below, found by a search                        4.9
//	shortestRound and fewestRound in turn, after the same search           5.1
//
// The whole of SHA-512 on avx512 takes 411 cycles a block: 392 for the rounds,
// 9 for the sums at the end of a block, 8 for a quarter of the start of a
// group. The vector instructions cost nothing: without them it takes as long.
//
// avx2 keeps fewestRound although Zen 5 runs it 9 % faster with shortestRound:
// the machines that it is for (Haswell to Ice Lake, Zen 1 to Zen 3) have 4 ALUs
// and issue 4 to 6 instructions a cycle. With those of the schedule there are
// 29 a round, or 32; the instructions are the bound there, not the chains.
func (g *rorx) round(t int) []op {
	if g.shortest {
		return g.shortestRound(t)
	}
	return g.fewestRound(t)
}

// fewestRound takes 22 instructions and two moves. e' is 5 cycles behind e, and
// a' 5 behind a: the sums to T1, then to e' and a'. At the end of the round,
// temps[0] (temps[3] for odd t) is a XOR b, the b XOR c of the next.
func (g *rorx) fewestRound(t int) []op {
	name := func(i int) reg.GPPhysical { return words8[(i-t%8+8)%8] }
	a, b, d, e, f, gg, h := name(0), name(1), name(3), name(4), name(5), name(6), name(7)
	x, x1, t1, t2 := temps[0], temps[3], temps[1], temps[2]
	if t%2 == 1 {
		x, x1 = x1, x
	}
	r := g.rotations()
	return []op{
		func() { g.add(g.kw(t), h) },
		func() { g.andn(gg, e, t1) },
		func() { g.add(t1, h) },
		func() { g.mov(f, t2) },
		func() { g.and(e, t2) },
		func() { g.add(t2, h) },
		func() { g.rorx(r.e[2], e, t1) },
		func() { g.rorx(r.e[1], e, t2) },
		func() { g.xor(t2, t1) },
		func() { g.rorx(r.e[0], e, t2) },
		func() { g.xor(t2, t1) },
		func() { g.add(t1, h) }, // T1
		func() { g.add(h, d) },  // e'
		func() { g.mov(a, x1) },
		func() { g.xor(b, x1) },
		func() { g.and(x1, x) },
		func() { g.xor(b, x) }, // Maj = b XOR (a XOR b)(b XOR c)
		func() { g.rorx(r.a[2], a, t1) },
		func() { g.rorx(r.a[1], a, t2) },
		func() { g.xor(t2, t1) },
		func() { g.rorx(r.a[0], a, t2) },
		func() { g.xor(t2, t1) },
		func() { g.add(x, h) },
		func() { g.add(t1, h) }, // a'
	}
}

// shortestRound takes 24 instructions and three moves. e' is 4 cycles behind e:
// d+h+K+W and Ch are there before Σ1, and so is what goes to a' before Σ0, which
// makes 4 cycles from a to a' as well, with
//
//	a' = e' + ((b AND c) - d) + (a AND (b XOR c)) + Σ0(a).
//
// h becomes e', and d becomes a'. Of the next round, the sum h+K+W and
// NOT e AND g are done here. temps[0] is a of the round before, which becomes
// b XOR c here and a of this round at the end; temps[1] is NOT e AND g. In odd
// rounds the temporaries swap: 0 with 3, and 1 with 2.
func (g *rorx) shortestRound(t int) []op {
	name := func(i int) reg.GPPhysical { return words8[i/4*4+(i%4-t%4+4)%4] }
	a, b, c, d, e, f, gg, h := name(0), name(1), name(2), name(3), name(4), name(5), name(6), name(7)
	r0, r1, r2, r3 := temps[0], temps[1], temps[2], temps[3]
	if t%2 == 1 {
		r0, r1, r2, r3 = r3, r2, r1, r0
	}
	r := g.rotations()
	var ops []op
	if t == 0 {
		ops = []op{
			func() { g.add(g.kw(t), h) },
			func() { g.andn(gg, e, r1) },
		}
	}
	ops = append(ops,
		func() { g.add(d, h) }, // d+h+K+W
		func() { g.rorx(r.e[1], e, r2) },
		func() { g.add(r1, h) },
		func() { g.mov(f, r1) },
		func() { g.and(e, r1) },
		func() { g.xor(c, r0) },
		func() { g.add(r1, h) }, // d+h+K+W+Ch
		func() { g.rorx(r.e[2], e, r1) },
		func() { g.rorx(r.e[0], e, r3) },
		func() { g.xor(r2, r1) },
		func() { g.xor(r3, r1) }, // Σ1
	)
	if t != 15 {
		ops = append(ops, func() { g.add(g.kw(t+1), gg) })
	}
	ops = append(ops,
		func() { g.mov(b, r2) },
		func() { g.add(r1, h) }, // e'
		func() { g.and(c, r2) },
		func() { g.sub(d, r2) },
		func() { g.lea(h, r2, d) },
		func() { g.and(a, r0) },
		func() { g.rorx(r.a[2], a, r1) },
		func() { g.mov(a, r3) },
		func() { g.add(r0, d) },
		func() { g.rorx(r.a[1], a, r0) },
		func() { g.xor(r0, r1) },
	)
	if t != 15 {
		ops = append(ops, func() { g.andn(f, h, r2) })
	}
	return append(ops,
		func() { g.rorx(r.a[0], a, r0) },
		func() { g.xor(r0, r1) }, // Σ0
		func() { g.add(r1, d) },  // a'
	)
}

// kw is W[t]+K[t] of the lane at wp.
func (g *rorx) kw(t int) operand.Mem {
	return operand.Mem{Base: wp, Disp: t/g.perVector()*g.stride() + t%g.perVector()*g.word}
}

// rotations are those of Σ0 and Σ1 (FIPS 180-4, Sections 4.1.2 and 4.1.3).
type rotations struct{ a, e [3]int }

func (g *rorx) rotations() rotations {
	if g.word == 4 {
		return rotations{[3]int{2, 13, 22}, [3]int{6, 11, 25}}
	}
	return rotations{[3]int{28, 34, 39}, [3]int{14, 18, 41}}
}

// merge emits a and spreads b evenly among it.
func merge(a, b []op) {
	j := 0
	for i, f := range a {
		f()
		for ; j*len(a) < (i+1)*len(b); j++ {
			b[j]()
		}
	}
}

func log2(n int) int {
	k := 0
	for n>>k > 1 {
		k++
	}
	return k
}
