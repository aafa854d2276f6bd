package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// The tier vaes512: AES-GCM (SP 800-38D) with VAES and VPCLMULQDQ on 512-bit
// vectors of four blocks.
//
// # The field
//
// GHASH multiplies in GF(2^128) with the bits of a block in reverse order.
// Blocks are byte-reversed on load, so that bit i of the block's polynomial is
// bit 127-i of the register, and the hash key is multiplied by x once, at key
// set-up. With that (Gueron and Kounavis, "Intel Carry-Less Multiplication
// Instruction and its Usage for Computing the GCM Mode", 2010), the product of
// registers a and b is the 256-bit carry-less product a·b, reduced by
//
//	fold(T, U) = T ^ swap64(U) ^ clmul(low64(U), 0xc2<<56)
//
// which divides U by x^64 modulo the field's polynomial and adds T: swap64 and
// the product with the polynomial's low part together move the low half of U
// up. Then, for a·b = lo + mid·x^64 + hi·x^128,
//
//	a·b·x^-128 = fold(hi, fold(mid, lo))
//
// # Three ways to multiply
//
// Karatsuba: three carry-less multiplications a block and two folds, from
// 16 bytes of table a power. It serves opening short messages and the ends of
// long ones (see karatsuba).
//
// Pseudo-dot product: three carry-less multiplications a block and one fold,
// from 32 bytes of table a power, with fewer other operations. It serves the
// bulk of long messages (see dot).
//
// Four multiplications a block and one fold, with nothing between the data and
// the first of them. It serves sealing short messages, where the hash waits for
// AES and latency counts (see products).
//
// # The tables (k.pow)
//
//	 0  K1 of H^32, H^28, …, H^4   8 × 16 bytes
//	128  K2 of the same             8 × 16 bytes
//	256  constants of dot over all 8 powers, the last 7, the last 3
//	304  H^21, H^20, …, H^1         21 × 16 bytes
//	640  48 bytes that may be read, never used
//
// A fourth of what the tables for one reduction per 64 blocks would take: key
// set-up is mostly allocation, and the key of a connection stays small. Bulk
// multiplies all four lanes of a vector by the same power, so that each lane is
// a hash of its own of every fourth block (Horner's rule in H^4), and the lanes
// meet only at the end.
const (
	offK1   = 0
	offK2   = 128
	offDot8 = 256
	offDot7 = 272
	offDot3 = 288
	offEnd  = 640 // H^i lies at offEnd-16*i, i <= 21
)

// z512 builds one kernel of the tier.
type z512 struct {
	*gen.Ctx
	name  string
	open  bool // decrypts
	typed bool // one byte more than there is at src or dst

	k    reg.GPVirtual // the key
	rke  reg.GPVirtual // address of the last round key
	dst  reg.GPVirtual
	src  reg.GPVirtual
	n    reg.GPVirtual // bytes left
	s    reg.GPVirtual // the stream or nil
	ctr  reg.GPVirtual // blocks done
	last reg.GPVirtual // the byte more, or its address

	table reg.GPVirtual // the aligned copy of counterTable

	pow func(off int) Mem
	rk0 Mem
}

func z(i int) reg.VecPhysical { return gen.Width(512).Reg(i) }
func y(i int) reg.VecPhysical { return gen.Width(256).Reg(i) }
func x(i int) reg.VecPhysical { return gen.Width(128).Reg(i) }

// asX and asY name the low lanes of a vector.
func asX(r reg.VecPhysical) reg.VecPhysical { return x(int(r.PhysicalIndex())) }
func asY(r reg.VecPhysical) reg.VecPhysical { return y(int(r.PhysicalIndex())) }

// Registers of the kernels. Short names for what the text below uses most:
//
//	S   AES states, one zmm each
//	P   ciphertext that is encrypted but not hashed yet (long messages)
//	T   temporaries of the hash
//	A   accumulators of the hash
var (
	pool = gen.NewPool(512, 32)

	zS     = pool.TakeN("state", 8)
	zP     = pool.TakeN("pending", 8)
	zT     = pool.TakeN("temporary", 6)
	zA     = pool.TakeN("accumulator", 3)
	zBswap = pool.Take("bswap")     // byte-reversal of each lane
	zLast  = pool.Take("last")      // the last round key
	zJ     = pool.Take("J")         // nonce ^ round key 0, counter 0
	zBase  = pool.Take("base")      // zJ with the upper 27 bits of the counter
	zNext  = pool.Take("next")      // zBase of the next 32 blocks; a temporary between steps
	zRk    = pool.Take("round key") // a round key
	zHash  = pool.Take("hash")      // the hash so far, one a lane

	xDiff = asX(zP[5]) // difference of the tags (VPTEST has no EVEX form)
)

// clmul multiplies a qword of a by one of b: bit 0 of sel chooses in a, bit 4
// in b.
func (g *z512) clmul(dst, a reg.VecPhysical, b Op, sel uint8) {
	g.VPCLMULQDQ(U8(sel), b, a, dst)
}

func (g *z512) xor3(acc reg.VecPhysical, a, b Op) {
	g.VPTERNLOGQ(U8(0x96), a, b, acc)
}

// poly is 0xc2<<56 in the high qword.
func (g *z512) poly() Mem { return g.Words64("gcmPoly", 0, 0xc2<<56) }

// fold adds fold(·, u) to acc. It destroys t, which may not be u.
func (g *z512) fold(acc, u, t reg.VecPhysical) {
	if u.Size() == 16 {
		g.VMOVDQU64(g.poly(), t)
	} else {
		g.VBROADCASTI32X4(g.poly(), t)
	}
	g.clmul(t, u, t, 0x10)
	g.VPSHUFD(U8(0x4e), u, u)
	g.xor3(acc, t, u)
}

// lanes adds the four lanes of v up in its lowest; the others become zero.
func (g *z512) lanes(v, t reg.VecPhysical) {
	g.VEXTRACTI64X4(U8(1), v, asY(t))
	g.VPXORQ(asY(t), asY(v), asY(v))
	g.VEXTRACTI64X2(U8(1), asY(v), asX(t))
	g.VPXORQ(asX(t), asX(v), asX(v))
}

// karatsuba multiplies the blocks of a by the powers at b and adds to lo, mid,
// hi (or sets them, if first):
//
//	lo ^= aL·bL,  hi ^= aH·bH,  mid ^= (aL^aH)·(bL^bH)
//
// so that the middle term of the sum is mid ^ lo ^ hi. a is destroyed; t, u, v
// are temporaries. b may be a register.
func (g *z512) karatsuba(a reg.VecPhysical, b Op, t, u, v reg.VecPhysical, lo, mid, hi reg.VecPhysical, first bool) {
	if m, ok := b.(Mem); ok {
		g.VMOVDQU64(m, t)
		b = t
	}
	g.VPSHUFD(U8(0x4e), a, u)
	g.VPXORQ(a, u, u)
	g.VPSHUFD(U8(0x4e), b, v)
	g.VPXORQ(b, v, v)
	if first {
		g.clmul(mid, u, v, 0x00)
		g.clmul(lo, a, b, 0x00)
		g.clmul(hi, a, b, 0x11)
		return
	}
	g.clmul(u, u, v, 0x00)
	g.clmul(v, a, b, 0x00)
	g.clmul(a, a, b, 0x11)
	g.VPXORQ(u, mid, mid)
	g.VPXORQ(v, lo, lo)
	g.VPXORQ(a, hi, hi)
}

// reduce turns the sums of karatsuba into one value a lane, in hi.
func (g *z512) reduce(lo, mid, hi, t reg.VecPhysical) {
	g.xor3(mid, lo, hi)
	g.fold(mid, lo, t)
	g.fold(hi, mid, t)
}

// # The pseudo-dot product
//
// Winograd's identity (S. Winograd, "A new algorithm for inner product", 1968)
// in characteristic 2, for the two products that the middle of a sum needs:
//
//	aL·c + aH·b = (aL + b)(aH + c) + aL·aH + b·c
//
// Let b be a power of H and c = b·x^-64 = fold(0, b), halves bL, bH, cL, cH.
// Since a = aL + aH·x^64,
//
//	a·b·x^-128 = (aL·c + aH·b)·x^-64
//	           = fold(aL·cH + aH·bH, aL·cL + aH·bL)
//
// (c·aL has the low part aL·cL and the high part aL·cH). With K1 = (bL, cL),
// K2 = (bH, cH), p1 = (aL+bL)(aH+cL), p2 = (aL+bH)(aH+cH), p3 = aL·aH, both
// arguments of fold follow:
//
//	U = p1 + p3 + bL·cL,   T = p2 + p3 + bH·cH
//
// The last terms do not depend on the data: summed over the powers in use and
// folded, they are one constant (offDot8 and so on), with which p2 starts. p3 is
// shared, so a block costs three multiplications, each of a vector with itself.
//
// Refused: four multiplications with b and c directly (no constants), slower by
// the fourth, multiplication being the scarce port on AMD's cores; Karatsuba
// here, which needs two more shuffles and two more XORs a vector, and a second
// fold.

// dotBlock starts the products of vector i of n in a group, whose blocks are in
// p: numbered steps, so that they can be put between the rounds of AES.
func (g *z512) dotBlock(p reg.VecPhysical, i, n int, a, u, v reg.VecPhysical, hash bool) []func() {
	slot := 16 * (8 - n + i)
	return []func(){
		func() { g.VPSHUFB(zBswap, p, a) },
		func() {
			if hash {
				g.VPXORQ(zHash, a, a)
			}
		},
		func() { g.VBROADCASTI32X4(g.pow(offK1+slot), u) },
		func() { g.VBROADCASTI32X4(g.pow(offK2+slot), v) },
		func() { g.VPXORQ(a, u, u) },
		func() { g.VPXORQ(a, v, v) },
		func() { g.clmul(a, a, a, 0x01) }, // aL·aH
		func() { g.clmul(u, u, u, 0x01) }, // (aL+bL)(aH+cL)
		func() { g.clmul(v, v, v, 0x01) }, // (aL+bH)(aH+cH)
	}
}

// dot returns the steps that multiply the vectors p of a group by H^(4n), …, H^4
// in every lane and leave one value a lane in zHash, which is added to the first
// vector before. The first vector comes last, so that the fold of the group
// before has time.
func (g *z512) dot(p []reg.VecPhysical, constant int) (steps []func()) {
	n := len(p)
	p1, p2, p3 := zA[0], zA[1], zA[2]
	started := false
	add := func(two bool) func() {
		first := !started
		started = true
		return func() {
			a, u, v := zT[0], zT[1], zT[2]
			a2, u2, v2 := zT[3], zT[4], zT[5]
			switch {
			case first && two:
				g.VPXORQ(a, a2, p3)
				g.VPXORQ(u, u2, p1)
				g.xor3(p2, v, v2)
			case first:
				g.VMOVDQA64(a, p3)
				g.VMOVDQA64(u, p1)
				g.VPXORQ(v, p2, p2)
			case two:
				g.xor3(p3, a, a2)
				g.xor3(p1, u, u2)
				g.xor3(p2, v, v2)
			default:
				g.VPXORQ(a, p3, p3)
				g.VPXORQ(u, p1, p1)
				g.VPXORQ(v, p2, p2)
			}
		}
	}
	// p2 starts with the constant in the lowest lane of each.
	steps = append(steps, func() { g.VBROADCASTI32X4(g.pow(constant), p2) })
	order := make([]int, 0, n)
	for i := 1; i < n; i++ {
		order = append(order, i)
	}
	order = append(order, 0)
	for len(order) > 0 {
		i := order[0]
		one := g.dotBlock(p[i], i, n, zT[0], zT[1], zT[2], i == 0)
		if len(order) == 1 {
			steps = append(steps, one...)
			steps = append(steps, add(false))
			order = nil
			continue
		}
		j := order[1]
		two := g.dotBlock(p[j], j, n, zT[3], zT[4], zT[5], j == 0)
		for q := range one {
			steps = append(steps, one[q], two[q])
		}
		steps = append(steps, add(true))
		order = order[2:]
	}
	steps = append(steps,
		func() { g.VPXORQ(p3, p1, p1) },
		func() { g.VPXORQ(p3, p2, zHash) },
		func() { g.fold(zHash, p1, p3) },
	)
	return steps
}

// stitch emits the rounds of AES in a with the steps b spread evenly between
// them. Whole rounds, of all states, stay together: finer mixing was up to 6 %
// slower here, and so were coarser ways (a vector's or a pair's products at a
// time, all before, all after).
func stitch(a [][]func(), b []func()) {
	j := 0
	for i, round := range a {
		for _, f := range round {
			f()
		}
		for ; j*len(a) < (i+1)*len(b); j++ {
			b[j]()
		}
	}
}

// roundKey returns round key r counted from the last, which is number 0.
func (g *z512) roundKey(r int) Mem { return Mem{Base: g.rke, Disp: -16 * r} }

// extraRounds emits the rounds that AES-192 (2) and AES-256 (4) have more than
// AES-128, for the states.
func (g *z512) extraRounds(states []reg.VecPhysical) {
	ten, twelve := g.NewLabel(g.name+"_rounds10"), g.NewLabel(g.name+"_rounds12")
	rounds := g.rounds(states, 13)
	g.CMPQ(g.roundCount(), U8(12))
	g.JB(LabelRef(ten))
	g.JE(LabelRef(twelve))
	stitch(rounds[:2], nil)
	g.Label(twelve)
	stitch(rounds[2:4], nil)
	g.Label(ten)
}

func (g *z512) roundCount() Mem {
	c, err := g.Param("k").Dereference(g.k).Field("rounds").Resolve()
	check(err)
	return c.Addr
}

// field returns the address of a field of the stream.
func (g *z512) field(name string) Mem {
	c := g.Param("s").Dereference(g.s).Field(name)
	if b, err := c.Resolve(); err == nil {
		return b.Addr
	}
	b, err := c.Index(0).Resolve()
	check(err)
	return b.Addr
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// begin loads the arguments that all kernels share, and the constants.
func (g *z512) begin() {
	g.k, g.s = g.GP64(), g.GP64()
	g.Load(g.Param("k"), g.k)
	if !g.typed {
		g.Load(g.Param("s"), g.s)
	}
	first, err := g.Param("k").Dereference(g.k).Field("rk").Index(0).Resolve()
	check(err)
	g.rk0 = first.Addr
	pow, err := g.Param("k").Dereference(g.k).Field("pow").Index(0).Resolve()
	check(err)
	g.pow = func(off int) Mem { m := pow.Addr; m.Disp += off; return m }
	g.rke = g.GP64()
	g.MOVQ(g.roundCount(), g.rke)
	g.SHLQ(U8(4), g.rke)
	g.LEAQ(g.rk0.Idx(g.rke, 1), g.rke)
	g.VBROADCASTI32X4(g.bswapMask(), zBswap)
	g.VBROADCASTI32X4(g.roundKey(0), zLast)
}

func (g *z512) bswapMask() Mem {
	return g.Words64("gcmBswap", 0x08090a0b0c0d0e0f, 0x0001020304050607)
}

// counters holds (i+2) mod 32 in the last byte of block i: XORed to zBase it
// makes the counter of block i of a step, since zBase has those five bits zero.
// The counter of a 96-bit nonce starts at 1, and that of the data at 2
// (SP 800-38D, Section 7.1), so the last two blocks of 32 belong to the next
// zBase.
//
// The linker aligns data to 32 bytes, but a vector of 64 should not cross a cache
// line. So the table is there twice, 32 bytes off each other, and alignCounters
// takes the copy that is aligned.
func (g *z512) counterTable() Mem {
	w := make([]byte, 2*512+32)
	for i := range 32 {
		w[16*i+15] = byte((i + 2) & 31)
		w[512+32+16*i+15] = byte((i + 2) & 31)
	}
	return g.Bytes("gcmCounters", w)
}

func (g *z512) counters(i int) Mem { return Mem{Base: g.table, Disp: 64 * i} }

func (g *z512) alignCounters() {
	other := g.GP64()
	g.table = g.GP64()
	g.LEAQ(g.counterTable(), g.table)
	g.LEAQ(Mem{Base: g.table, Disp: 512 + 32}, other)
	g.TESTQ(U32(32), g.table)
	g.CMOVQNE(other, g.table)
}

// upper makes in dst the zBase for the 32 blocks after the first count: zJ with
// the 32-bit big-endian number count in the last word of each lane. count is a
// multiple of 32; it wraps mod 2^32 like the counter (Section 6.2).
func (g *z512) upper(count reg.GPVirtual, dst reg.VecPhysical, mask reg.Register) {
	t := g.GP32()
	g.MOVL(count.As32(), t)
	g.BSWAPL(t)
	g.VPBROADCASTD_Z(t, mask, dst)
	g.VPXORQ(zJ, dst, dst)
}
