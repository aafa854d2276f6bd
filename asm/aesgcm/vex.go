package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// The tiers aesni and vaes256: AES-GCM (SP 800-38D) in VEX encodings, for
// machines without AVX-512. One text serves both; a vector holds one block
// (xmm, AES-NI and PCLMULQDQ) or two (ymm, VAES and VPCLMULQDQ). The field and
// the products are in vex_hash.go, long messages in vex_bulk.go, short ones and
// the ends of long ones in vex_tail.go, key set-up in vex_key.go.
//
// # A message
//
// A message of up to powers blocks, counting those of the additional data and
// that of the lengths, is hashed in one sum with one reduction: block i of t,
// from 1, is multiplied by H^(t+1-i). The tails do all of it.
//
// A longer one goes through bulk in units of 16 blocks, with one reduction a
// unit, and leaves 0 to 15 full blocks and a partial one to the same tails. Seal
// hashes a unit while it encrypts the next, open while it decrypts the same.
//
// # The tables (k.pow), n = powers
//
//	0     H^n, H^(n-1), …, H^1, each times x   n × 16 bytes
//	16·n  bL^bH of H^16, …, H^1                16 × 8 bytes
//
// so that t blocks start at 16·(n-t). The second part is in the order in which
// unpack leaves the same of the data: natural for xmm, the two middle ones of
// each four exchanged for ymm (see vex.unpack).
//
// # Registers
//
//	    bulk                       tails
//	0–3   s0–s3  AES states          s0–s3  AES states; s3 the last vector's
//	4     s4                         base   counters of this step less the low bits
//	5     s5                         next   base of the next step
//	6     s6                         nonce  the nonce, counter 0; then E(J0)
//	7     s7                         u      a temporary
//	8     lo                         lo     sum of aL·bL
//	9     mid                        mid    sum of (aL^aH)·(bL^bH)
//	10    hi, hash                   hi     sum of aH·bH; hash between two sums
//	11,12 a0, a1                     a0, a1 blocks in the order of the field
//	13,14 t0, t1                     t0, t1 temporaries
//	15    rk                         rk     a round key
//
// # Refused
//
//   - The pseudo-dot product (see vaes512.go): 32 bytes of table a power and a
//     constant for each number of blocks. It saves one carry-less multiplication
//     in 25 here, and without zeroing masks absent blocks would have to be paid
//     for.
//   - Four multiplications a block with b and b·x^-64, which need one reduction
//     step less: multiplication is the scarce port (8 cycles a block of 8.8 that
//     the standard library leaves, on a core with 2 cycles each).
//   - VPMASKMOV for the last bytes: four-byte granules, and stores that take
//     tens of cycles on older cores. Tails use overlapping loads and stores.
//   - A copy of the round keys in both lanes: VBROADCASTI128 costs only its load.
type vexTier struct {
	suffix string
	width  gen.Width
	powers int // n above; at least 21, so that whatever is longer fills a unit
}

// Key set-up multiplies once for every vector of powers. With xmm more powers
// than this would make it slower than the standard library's.
var (
	aesni   = vexTier{"AESNI", 128, 18}
	vaes256 = vexTier{"VAES256", 256, 32}
)

const (
	block  = 16
	unit   = 16 * block // bytes of bulk to one reduction
	chains = 8          // AES states at once
)

func (t vexTier) build(c *gen.Ctx) {
	t.init(c)
	t.message(c, "seal")
	t.message(c, "open")
	t.part(c, "sealMore")
	t.part(c, "openMore")
	t.ghash(c)
}

// vex builds one kernel.
type vex struct {
	*gen.Ctx
	vexTier
	name  string
	open  bool
	lanes int // blocks of a vector
	size  int // bytes of a vector

	k, s reg.GPVirtual // the key, the stream or nil
	rke  reg.GPVirtual // address of the last round key
	dst  reg.GPVirtual
	src  reg.GPVirtual
	n    reg.GPVirtual // bytes left at src
	ctr  reg.GPVirtual // blocks done; a multiple of what a step does
	pw   reg.GPVirtual // tails: address of the power of the next block
	slot Mem           // bulk: the nonce

	st             []reg.VecPhysical // AES states
	lo, mid, hi    reg.VecPhysical
	hash           reg.VecPhysical // is hi
	a0, a1, t0, t1 reg.VecPhysical
	rk             reg.VecPhysical
	base, next     reg.VecPhysical
	nonce, u       reg.VecPhysical
}

// kernel starts the kernel stem, whose stub has k and, if any, s.
func (t vexTier) kernel(c *gen.Ctx, stem string) *vex {
	g := &vex{Ctx: c, vexTier: t, name: stem + t.suffix, open: stem[0] == 'o'}
	g.lanes, g.size = t.width.Lanes(), t.width.Bytes()
	g.Kernel(g.name)
	r := g.width.Reg
	g.st = []reg.VecPhysical{r(0), r(1), r(2), r(3), r(4), r(5), r(6), r(7)}
	g.base, g.next, g.nonce, g.u = r(4), r(5), r(6), r(7)
	g.lo, g.mid, g.hi, g.hash = r(8), r(9), r(10), r(10)
	g.a0, g.a1, g.t0, g.t1, g.rk = r(11), r(12), r(13), r(14), r(15)
	g.k, g.rke, g.pw = g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("k"), g.k)
	return g
}

// text starts the kernels that encrypt or decrypt.
func (g *vex) text() {
	g.s, g.dst, g.src, g.n, g.ctr = g.GP64(), g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("s"), g.s)
	g.Load(g.Param("dst"), g.dst)
	g.Load(g.Param("src"), g.src)
	g.Load(g.Param("n"), g.n)
	g.slot = g.AllocLocal(block)
	g.MOVQ(g.rounds(), g.rke)
	g.SHLQ(U8(4), g.rke)
	g.LEAQ(g.roundKey(0).Idx(g.rke, 1), g.rke)
}

// message builds seal or open: a whole message, or its last part.
func (t vexTier) message(c *gen.Ctx, stem string) {
	g := t.kernel(c, stem)
	stream, long, bulk, last, tail := g.label("stream"), g.label("long"), g.label("bulk"), g.label("last"), g.label("tail")
	adBits, ctBits, blocks := g.GP64(), g.GP64(), g.GP64()
	g.text()
	g.TESTQ(g.s, g.s)
	g.JNZ(LabelRef(stream))

	// A message by itself.
	p, ad, adLen := g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("nonce"), p)
	g.Load(g.Param("ad"), ad)
	g.Load(g.Param("adLen"), adLen)
	g.loadNonce(Mem{Base: p})
	g.XORL(g.ctr.As32(), g.ctr.As32())
	g.MOVQ(adLen, adBits)
	g.SHLQ(U8(3), adBits)
	g.MOVQ(g.n, ctBits)
	g.SHLQ(U8(3), ctBits)
	adBlocks := g.GP64()
	g.blocksOf(adLen, adBlocks)
	g.blocksOf(g.n, blocks)
	g.LEAQ(Mem{Base: blocks, Index: adBlocks, Scale: 1, Disp: 1}, blocks)
	g.CMPQ(blocks, U8(g.powers))
	g.JA(LabelRef(long))
	g.powersOf(blocks)
	g.lengths(adBits, ctBits)
	g.absorb(ad, adLen, g.param("adLen"))
	g.JMP(LabelRef(tail))

	// Too long for one sum: the additional data makes one by itself.
	g.Label(long)
	g.zero(g.hash)
	g.TESTQ(adLen, adLen)
	g.JZ(LabelRef(bulk))
	g.powersOf(adBlocks)
	g.zero(g.lo)
	g.zero(g.mid)
	g.absorb(ad, adLen, g.param("adLen"))
	g.reduce(gen.Width(128))
	g.JMP(LabelRef(bulk))

	// The last part of a message.
	g.Label(stream)
	g.loadNonce(g.field("nonce"))
	g.MOVQ(g.field("blocks"), g.ctr)
	g.MOVQ(g.field("adBits"), adBits)
	g.MOVQ(g.field("ctBits"), ctBits)
	g.VMOVDQU(g.field("acc"), xmmOf(g.hash))

	g.Label(bulk)
	g.CMPQ(g.n, U32(unit))
	g.JB(LabelRef(last))
	g.bulk()
	g.VMOVDQU(g.slot, xmmOf(g.nonce))

	// What is left makes one sum with the lengths. The hash so far would be
	// added to its first block; multiplied by itself it needs no block there.
	g.Label(last)
	g.blocksOf(g.n, blocks)
	g.INCQ(blocks)
	g.powersOf(blocks)
	g.VMOVDQA(xmmOf(g.hash), xmmOf(g.a1))
	g.lengths(adBits, ctBits)
	g.mul(xmmOf(g.a1), Mem{Base: g.pw}, false)

	g.Label(tail)
	g.tail()
}

// part builds sealMore or openMore.
func (t vexTier) part(c *gen.Ctx, stem string) {
	g := t.kernel(c, stem)
	g.text()
	g.loadNonce(g.field("nonce"))
	g.MOVQ(g.field("blocks"), g.ctr)
	g.VMOVDQU(g.field("acc"), xmmOf(g.hash))
	blocks := g.GP64()
	g.MOVQ(g.n, blocks)
	g.SHRQ(U8(4), blocks)
	g.ADDQ(blocks, g.field("blocks"))
	g.bulk()
	g.VMOVDQU(xmmOf(g.hash), g.field("acc"))
	g.ret()
}

// ghash builds the kernel for additional data beyond what a message takes.
func (t vexTier) ghash(c *gen.Ctx) {
	g := t.kernel(c, "ghash")
	loop, rest, done := g.label("loop"), g.label("rest"), g.label("done")
	g.s, g.src, g.n = g.GP64(), g.GP64(), g.GP64()
	g.Load(g.Param("s"), g.s)
	g.Load(g.Param("p"), g.src)
	g.Load(g.Param("n"), g.n)
	g.VMOVDQU(g.field("acc"), xmmOf(g.hash))
	g.CMPQ(g.n, U32(unit))
	g.JB(LabelRef(rest))
	g.Label(loop)
	g.hashUnit(Mem{Base: g.src})
	g.ADDQ(U32(unit), g.src)
	g.SUBQ(U32(unit), g.n)
	g.CMPQ(g.n, U32(unit))
	g.JAE(LabelRef(loop))
	g.Label(rest)
	g.TESTQ(g.n, g.n)
	g.JZ(LabelRef(done))
	blocks := g.GP64()
	g.blocksOf(g.n, blocks)
	g.powersOf(blocks)
	g.VMOVDQA(xmmOf(g.hash), xmmOf(g.a1))
	g.mul(xmmOf(g.a1), Mem{Base: g.pw}, true)
	g.absorb(g.src, g.n, g.param("n"))
	g.reduce(gen.Width(128))
	g.Label(done)
	g.VMOVDQU(xmmOf(g.hash), g.field("acc"))
	g.ret()
}

// blocksOf sets b to the number of blocks that n bytes touch.
func (g *vex) blocksOf(n, b reg.GPVirtual) {
	g.LEAQ(Mem{Base: n, Disp: block - 1}, b)
	g.SHRQ(U8(4), b)
}

// powersOf points pw at the power of the first of so many blocks, the last of
// which is multiplied by H^1. It destroys blocks.
func (g *vex) powersOf(blocks reg.GPVirtual) {
	g.SHLQ(U8(4), blocks)
	g.LEAQ(g.pow(block*g.powers), g.pw)
	g.SUBQ(blocks, g.pw)
}

// loadNonce loads the 12 bytes at p, four at a time: a load that spans several
// younger stores would wait until they are in the cache, and callers write
// nonces as 4+8 or 8+4 bytes.
func (g *vex) loadNonce(p Mem) {
	x := xmmOf(g.nonce)
	g.VMOVD(p, x)
	g.VPINSRD(U8(1), p.Offset(4), x, x)
	g.VPINSRD(U8(2), p.Offset(8), x, x)
}

// counterBase sets v to round key 0 ^ (nonce || count) in every lane, so that v
// ^ i is the state of counter count+i after the first key addition, for an i
// whose bits count does not have. The counter is 32 bits and wraps (SP 800-38D,
// Section 6.2). nonce and v may be the same.
func (g *vex) counterBase(count reg.GPVirtual, nonce, v reg.VecPhysical) {
	t := g.GP32()
	x := xmmOf(v)
	g.MOVL(count.As32(), t)
	g.BSWAPL(t)
	g.VPINSRD(U8(3), t, xmmOf(nonce), x)
	g.VPXOR(g.roundKey(0), x, x)
	if g.width == 256 {
		g.VINSERTI128(U8(1), x, v, v)
	}
}

// counters returns a vector of the numbers i, i+1, … as counters.
func (g *vex) counters(i int) Mem {
	b := make([]byte, 16*block)
	for j := range 16 {
		b[block*j+15] = byte(j)
	}
	return g.Bytes("gcmCounters", b).Offset(block * i)
}

func (g *vex) label(stem string) string { return g.NewLabel(g.name + "_" + stem) }

func (g *vex) param(name string) Mem { return g.addr(g.Param(name)) }

func (g *vex) field(name string) Mem {
	return g.addr(g.Param("s").Dereference(g.s).Field(name))
}

func (g *vex) rounds() Mem {
	return g.addr(g.Param("k").Dereference(g.k).Field("rounds"))
}

// roundKey returns round key r, counted from the first.
func (g *vex) roundKey(r int) Mem {
	return g.addr(g.Param("k").Dereference(g.k).Field("rk")).Offset(block * r)
}

func (g *vex) pow(offset int) Mem {
	return g.addr(g.Param("k").Dereference(g.k).Field("pow")).Offset(offset)
}

// addr returns the address of a value, or of the first element of an array.
func (g *vex) addr(c gotypes.Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		b, err = c.Index(0).Resolve()
	}
	if err != nil {
		panic(fmt.Sprintf("%s: %v", g.name, err))
	}
	return b.Addr
}

// broadcast loads a block into every lane.
func (g *vex) broadcast(m Mem, v reg.VecPhysical) {
	if v.Size() == 32 {
		g.VBROADCASTI128(m, v)
	} else {
		g.VMOVDQU(m, v)
	}
}

func (g *vex) zero(v reg.VecPhysical) { x := xmmOf(v); g.VPXOR(x, x, x) }

func (g *vex) ret() {
	if g.width > 128 {
		g.VZEROUPPER()
	}
	g.RET()
}

// xmmOf names the lowest lane of a vector.
func xmmOf(v reg.VecPhysical) reg.VecPhysical { return gen.Width(128).Reg(int(v.PhysicalIndex())) }
