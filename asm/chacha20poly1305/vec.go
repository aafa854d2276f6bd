package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// The tiers ssse3 and avx2: ChaCha20 in vectors of 128 or 256 bits beside
// Poly1305 in general registers (RFC 8439). One text serves both, in legacy and in
// VEX encodings. The rounds are in vec_rounds.go, the one-time key in vec_key.go,
// Poly1305 in vec_poly.go, messages in vec_message.go, those of one block in
// vec_short.go, and what is less than a vector in vec_tail.go.
//
// # A message
//
// ChaCha20 runs in passes of 4 blocks (ssse3) or 8 (avx2), a block to a lane, and
// in double passes of twice as many. What a pass is more than enough for runs
// row-wise, on as many blocks as it needs (rows). A message of one block goes its
// last rounds in general registers (vec.oneBlock). Beside each runs something in
// general registers:
//
//   - beside the first the block of the one-time key, then the powers of r and the
//     hash of the first block of additional data (vec.keyPass);
//   - beside each of the others the hash of ciphertext: seal hashes what the pass
//     before made, open what this one is to decrypt. Open puts the first pass's
//     text off to the second's, so that the hash of both runs beside that.
//
// The last pass, and the first, write their key stream to the frame, and what is
// left is encrypted from there. Seal then hashes its last pass alone.
//
// # General registers
//
//	R8–R10   h0–h2  the sum of Poly1305, in limbs of 64 bits
//	R11–R15  t0–t4  columns of a product; outside of Poly1305 whatever
//	AX       lo     a product's low half
//	BX, DX   hi     its high half: BX with MULX, which has a factor in DX
//	SI       p      what is hashed next
//	CX       count  bytes at p, shifts
//	DI       addr   the frame
//
// # Vector registers
//
//	     pass              double pass            rows
//	0–3  a0–a3             b0–b3 of one half      a, b, c, d of one set
//	4–7  b0–b3             b0–b3 of the other     of the other
//	8–11 d0–d3             work                   –
//	12,13 two of c0–c3     work                   a temporary of each
//	14,15 x, y             work                   the last row, at first
//
// In a pass the other two of c0–c3 are in the frame: a round needs two at a time,
// and the next round starts with the two that the last one ended with. In a double
// pass a, c and d are there, and only b, which a quarter round ends with, is kept:
// the way of the others through memory is hidden.
//
// # What bounds it
//
// On Zen 5 a vector instruction has a latency of 2 cycles, so the 14 of a quarter
// round, one after another, take 56 cycles a double round, in which a pass has only
// 128 instructions for 4 ports. So neither the scalar instructions beside it nor a
// second half cost what they would by themselves: a double round of a double pass
// takes about 100 cycles. Hashing 64 bytes takes about 42 cycles.
//
// # Refused
//
//   - Poly1305 in vectors: the rounds leave the general registers idle.
//   - One multiplication by r a block: its chain of 22 cycles for 16 bytes takes
//     longer than ChaCha20. Two blocks to a step take 37 for 32, four 42 for 64
//     (vec.group).
//   - The one-time key as a lane of the first pass: then nothing that depends on it
//     can start before the end, 50 ns of a short message.
//   - Double passes for the first 960 bytes: slower than two passes of which the
//     second is hashed beside.
//   - A third set of rows: as slow as a pass.
//   - Quarter rounds of both halves, rather than of one, next to each other: no
//     difference.
type tier struct {
	suffix string
	width  gen.Width
}

var (
	ssse3 = tier{"SSSE3", 128}
	avx2  = tier{"AVX2", 256}
)

func (t tier) build(c *gen.Ctx) {
	t.message(c, "seal")
	t.message(c, "open")
	t.part(c, "sealMore")
	t.part(c, "openMore")
	t.start(c)
	t.poly(c)
}

const (
	block      = 64 // of ChaCha20, in bytes
	hashBlock  = 16 // of Poly1305
	groupBytes = 4 * hashBlock
	doubles    = 10 // double rounds (RFC 8439, Section 2.3)
	constants0 = 0x61707865
	constants1 = 0x3320646e
	constants2 = 0x79622d32
	constants3 = 0x6b206574
)

// The frame, from DI, which is a multiple of 32.
const (
	frameC      = 0                  // c0–c3, 32 bytes each
	frameState  = frameC + 4*32      // a0–a3, c0–c3, d0–d3 of both halves of a double pass
	frameKS     = frameState + 24*32 // key stream of a pass
	frameCtr    = frameKS + 8*block  // counters of the halves of a pass, one to a lane
	frameRow    = frameCtr + 2*32    // row-wise: the last row of the state
	frameKeyC   = frameRow + 32      // c0–c3 of the one-time key
	frameSlot   = frameKeyC + 16     // two blocks to hash
	frameLens   = frameSlot + 32     // lengths of additional data and ciphertext
	frameR      = frameLens + 16     // r0, r1, s1 = r1 + r1/4
	framePowers = frameR + 24        // r^2 to r^5, in three limbs each
	frameS      = framePowers + 96   // s0, s1 of the one-time key
	frameNonce  = frameS + 16        // 12 bytes
	frameDst    = frameNonce + 16    // where the pass writes
	frameSrc    = frameDst + 8       // where it reads
	frameN      = frameSrc + 8       // bytes left there
	frameGroups = frameN + 8         // groups of four blocks that the pass hashes
	frameFirst  = frameGroups + 8    // open: the first pass is still to be applied
	frameCounts = frameFirst + 8     // double rounds left with two groups, one, none
	frameH      = frameCounts + 3*8  // one block: the sum
	frameL      = frameH + 3*8       // and the lengths times r
	frameLeft   = frameL + 3*8       // and bytes to hash
	frameSize   = frameLeft + 8
	frameAlign  = 32
)

// vec builds one kernel.
type vec struct {
	*gen.Ctx
	tier
	name  string
	open  bool
	lanes int // words of a vector: blocks of a pass
	size  int // bytes of a vector
	chunk int // bytes of a pass; a double pass has twice as many

	a, b, d, c     []reg.VecPhysical    // of a pass; c: the two in registers
	b2             [2][]reg.VecPhysical // of a double pass: b0–b3 of both halves
	work           []reg.VecPhysical    // and what is left
	x, y           reg.VecPhysical
	factor         Op // of times, without MULX
	h0, h1, h2     reg.GPPhysical
	t              [5]reg.GPPhysical
	lo, hi         reg.GPPhysical
	p, count, addr reg.GPPhysical
	local, cells   Mem
}

// kernel starts the kernel stem. It is not NOSPLIT, unlike the other packages'
// kernels: the frame is larger than what the stack's guard leaves.
func (t tier) kernel(c *gen.Ctx, stem string) *vec {
	g := &vec{Ctx: c, tier: t, name: stem + t.suffix, open: stem[0] == 'o'}
	g.size = t.width.Bytes()
	g.lanes = g.size / 4
	g.chunk = g.lanes * block
	g.Implement(g.name)
	r := func(from, n int) (rs []reg.VecPhysical) {
		for i := range n {
			rs = append(rs, t.width.Reg(from+i))
		}
		return rs
	}
	g.a, g.b, g.d, g.c = r(0, 4), r(4, 4), r(8, 4), r(12, 2)
	g.b2, g.work = [2][]reg.VecPhysical{r(0, 4), r(4, 4)}, r(8, 8)
	g.x, g.y = t.width.Reg(14), t.width.Reg(15)
	g.h0, g.h1, g.h2 = reg.R8, reg.R9, reg.R10
	g.t = [5]reg.GPPhysical{reg.R11, reg.R12, reg.R13, reg.R14, reg.R15}
	g.lo, g.hi = reg.RAX, reg.RDX
	if g.wide() {
		g.hi = reg.RBX
	}
	g.p, g.count, g.addr = reg.RSI, reg.RCX, reg.RDI
	g.local = g.AllocLocal(frameSize + frameAlign - 8) // the stack is aligned to 8
	g.cells = g.AllocLocal(cellsSize)
	g.loadAddr()
	return g
}

func (g *vec) loadAddr() {
	g.LEAQ(g.local.Offset(frameAlign-1), g.addr)
	g.ANDQ(I32(-frameAlign), g.addr)
}

func (g *vec) wide() bool { return g.width > 128 }

func (g *vec) label(stem string) string { return g.NewLabel(g.name + "_" + stem) }

// frame returns the place at the given offset of the frame.
func (g *vec) frame(offset int) Mem { return Mem{Base: g.addr, Disp: offset} }

func (g *vec) param(name string) Mem { return g.resolve(g.Param(name)) }

// field returns a field of the stream at s, or its element i.
func (g *vec) field(s reg.GPPhysical, name string, i ...int) Mem {
	c := g.Param("s").Dereference(s).Field(name)
	for _, i := range i {
		c = c.Index(i)
	}
	return g.resolve(c)
}

func (g *vec) resolve(c gotypes.Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		panic(fmt.Sprintf("%s: %v", g.name, err))
	}
	return b.Addr
}

func (g *vec) ret() {
	if g.wide() {
		g.VZEROUPPER()
	}
	g.RET()
}

// The operations on vectors below have the destination last. With SSE it is the
// first source too; where it may be another register, that is copied.

func (g *vec) add(m Op, v reg.VecPhysical) {
	if g.wide() {
		g.VPADDD(m, v, v)
	} else {
		g.PADDL(m, v)
	}
}

// addTo sets v to u plus what is in the frame at m.
func (g *vec) addTo(m Mem, u, v reg.VecPhysical) {
	if g.wide() {
		g.VPADDD(m, u, v)
	} else {
		g.MOVOA(m, v)
		g.PADDL(u, v)
	}
}

// xorTo is addTo for exclusive or.
func (g *vec) xorTo(m Mem, u, v reg.VecPhysical) {
	if g.wide() {
		g.VPXOR(m, u, v)
	} else {
		g.MOVOA(m, v)
		g.PXOR(u, v)
	}
}

func (g *vec) xor(m Op, v reg.VecPhysical) {
	if g.wide() {
		g.VPXOR(m, v, v)
	} else {
		g.PXOR(m, v)
	}
}

// xorFrom is xor with bytes in memory that need not be aligned.
func (g *vec) xorFrom(m Mem, v, tmp reg.VecPhysical) {
	if g.wide() {
		g.VPXOR(m, v, v)
	} else {
		g.MOVOU(m, tmp)
		g.PXOR(tmp, v)
	}
}

func (g *vec) shuffleBytes(m Mem, v reg.VecPhysical) {
	if g.wide() {
		g.VPSHUFB(m, v, v)
	} else {
		g.PSHUFB(m, v)
	}
}

// shuffle permutes the words of each 128 bits.
func (g *vec) shuffle(imm uint8, v reg.VecPhysical) {
	if g.wide() {
		g.VPSHUFD(U8(imm), v, v)
	} else {
		g.PSHUFD(U8(imm), v, v)
	}
}

func (g *vec) move(v, to reg.VecPhysical) {
	if g.wide() {
		g.VMOVDQA(v, to)
	} else {
		g.MOVO(v, to)
	}
}

// load and save are for places in the frame, which are aligned.
func (g *vec) load(m Mem, v reg.VecPhysical) {
	if g.wide() {
		g.VMOVDQA(m, v)
	} else {
		g.MOVOA(m, v)
	}
}

func (g *vec) loadUnaligned(m Mem, v reg.VecPhysical) {
	if g.wide() {
		g.VMOVDQU(m, v)
	} else {
		g.MOVOU(m, v)
	}
}

func (g *vec) save(v reg.VecPhysical, m Mem) {
	if g.wide() {
		g.VMOVDQA(v, m)
	} else {
		g.MOVOA(v, m)
	}
}

func (g *vec) store(v reg.VecPhysical, m Mem) {
	if g.wide() {
		g.VMOVDQU(v, m)
	} else {
		g.MOVOU(v, m)
	}
}

// spread fills v with the word at m.
func (g *vec) spread(m Mem, v reg.VecPhysical) {
	if g.wide() {
		g.VPBROADCASTD(m, v)
	} else {
		g.MOVSS(m, v)
		g.PSHUFD(U8(0), v, v)
	}
}

// spread128 fills v with the 128 bits at m.
func (g *vec) spread128(m Mem, v reg.VecPhysical) {
	if g.wide() {
		g.VBROADCASTI128(m, v)
	} else {
		g.MOVOU(m, v)
	}
}

// unpack interleaves words (bits 32) or pairs of them (bits 64) of the low or
// high halves of each 128 bits of u and v.
func (g *vec) unpack(bits int, high bool, u, v, to reg.VecPhysical) {
	if g.wide() {
		switch {
		case bits == 32 && !high:
			g.VPUNPCKLDQ(v, u, to)
		case bits == 32:
			g.VPUNPCKHDQ(v, u, to)
		case !high:
			g.VPUNPCKLQDQ(v, u, to)
		default:
			g.VPUNPCKHQDQ(v, u, to)
		}
		return
	}
	if u != to {
		g.MOVO(u, to)
	}
	switch {
	case bits == 32 && !high:
		g.PUNPCKLLQ(v, to)
	case bits == 32:
		g.PUNPCKHLQ(v, to)
	case !high:
		g.PUNPCKLQDQ(v, to)
	default:
		g.PUNPCKHQDQ(v, to)
	}
}

// words returns a constant of a vector: w repeated.
func (g *vec) words(name string, w ...uint32) Mem {
	var all []uint32
	for len(all) < g.lanes {
		all = append(all, w...)
	}
	return g.Words32(name, all[:g.lanes]...)
}

// xmmOf names the lowest lane of a vector.
func xmmOf(v reg.VecPhysical) reg.VecPhysical { return gen.Width(128).Reg(int(v.PhysicalIndex())) }
