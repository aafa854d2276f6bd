package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// Inversion by divsteps (eprint 2019/266; see ../../../internal/modinv for the
// definition, and why 590 steps of the variant that starts at δ = 1/2 are
// enough), ten rounds of 59 = 20 + 20 + 19.
//
// # Sub-rounds
//
// n <= 20 divsteps depend on the n low bits of f and g only, and are a linear
// map of them. Both are followed in one word each:
//
//	F = f - 2^41·u - 2^62·v     at first u, v = 1, 0 and 0 <= f < 2^20 odd
//	G = g - 2^41·q - 2^62·r     at first q, r = 0, 1 and 0 <= g < 2^20
//
// After i steps these hold with f, g of the reduced numbers and u, v, q, r that
// are multiples of 2^-i, for every operation on (f, g) is done on the words:
// F <- G, G <- (G ± F)/2. The fields don't meet:
//
//   - |f|, |g| < 2^20: the greater of the two never grows.
//   - |u| + |v| <= 1 and |q| + |r| <= 1, for a row is another row or the mean of two,
//     up to signs. No entry is ever -1: not at first, and G ± F over 2 has it only
//     where G has it. So -2^20 <= -2^20·u < 2^20, and likewise v, q, r.
//   - What is tested is bit 0, and the fields above it are multiples of 2^21 until
//     the last step is done.
//
// After n = 20 steps F = f + 2^21·a + 2^42·b with a, b = -2^20·u, -2^20·v in
// [-2^20, 2^20); so 2^20 + f is in [0, 2^21) and is what a shift by 21 drops from F +
// 2^20, and 2^20 + a is in [0, 2^21) and is what a shift by 42 drops from F + 2^20
// + 2^41. After 19 steps the fields are one bit higher.
//
// The matrix (a b; c d) is the negated map: it takes (f, g) to -2^n times what n
// steps make of them. That does no harm: the steps of (δ, -f, -g) are those of
// (δ, f, g), so f and g simply change signs together.
//
// # Steps
//
// The state is G; P with F = 2P + 1; w = -δ - 1/2, whose sign bit is δ > 0; and
// S = -F/2 - 1/2 if δ > 0, F/2 - 1/2 if not, which is ~P or P: what is added to
// G/2 if G is odd, less 1/2 + 1/2 for the two halves that are cut off. The shift of G
// sets the carry to its parity, so the sum is
//
//	G' = (G >> 1) + (G odd ? S : 0) + carry.
//
// The chain from G to G' is shift, conditional move, addition: 3 cycles. All else
// is ready in time: with dm = (w < 0), G & dm is the condition for a swap; P and w
// follow in 2 cycles, dm in 3, and S in 4, just when the conditional move of the
// next step needs it.
//
// # Rounds
//
// What a round's matrix does to f, g (in full) and to d, e is off this chain and
// woven between the steps of the next round:
//
//	sub-round 1: the product M of the three matrices; f, g <- M(f, g)/2^59
//	sub-round 2: d, e <- M(d, e)/2^59 mod m
//	sub-round 3: the product M21 of the first two; then M21(f, g)/2^40
//
// The chain itself works on 64-bit words F64 and G64 of f and g, of which a
// sub-round uses up 20 bits: after sub-round 1 they come from the f and g that
// were just computed, 44 bits right; after sub-round 2 from those, 24 bits right,
// which is enough for sub-round 3; after that from the 64 right bits of M21(f,
// g)/2^40, 45 bits right, enough for sub-round 1 and to spare.
//
// The first round has no round before it, and jumps over the updates.
//
// # Bounds
//
// Entries of M are in [-2^59, 2^59], and |a| + |b| <= 2^59 in a row, likewise
// 2^40 in M21. Products are made unsigned by an offset, α = a + 2^59:
//
//	(a·x + b·y)/2^59 = (α·x + β·y)/2^59 - (x + y)
//
// with α + β <= 2^60 + 2^59. f and g are in [-m, m], four words and a sign word.
// Beside them, d and e grow by at most m in a round:
// (a·d + b·e ± w·m)/2^59 with 0 <= w < 2^59. From e = 2^64 < m at first, they stay
// within 11m < 2^260: four words, and a fifth in [-16, 16).
//
// At the end g = 0 and f = ±1 (±m for x = 0, when d = 0). As d·x = 2^64·f, the
// inverse is ±d/2^64: one Montgomery reduction.

const (
	shift = 59 // divsteps of a round
	turns = 10 // rounds
)

// A prime is a modulus and how multiples of it are added to a sum.
type prime struct {
	name  string
	words [4]uint64
	// neg is -1/m modulo 2^64.
	neg uint64
	// quotient makes of the lowest word the w, still to be reduced modulo 2^59,
	// for which sum + w·m (sum - w·m for P25519) is divisible by 2^59.
	quotient func(k *chain, w reg.GPVirtual)
	// add adds column i of w·m to sum, and the carry to next.
	add func(k *chain, i int, sum, next reg.GPVirtual)
}

// A chain is one inversion: its modulus, its registers and its part of the frame.
type chain struct {
	*gen.Ctx
	prime
	frame, scratch operand.Mem

	// The registers of the steps.
	g, p, s, w, dm reg.GPVirtual
	start          reg.GPVirtual // g at the start of a sub-round
	count          reg.GPVirtual // 63
	fast           bool          // step is stepFast
}

// The frame of a chain, in words. Numbers have five; matrices have four, row by
// row.
const (
	frameF   = 0  // f
	frameG   = 5  // g
	frameD   = 10 // d
	frameE   = 15 // e
	frameM1  = 20 // the matrix of sub-round 1
	frameM2  = 24 // of sub-round 2
	frameM3  = 24 // of sub-round 3: M2 has gone into M21 by then
	frameM21 = 20 // M2·M1, in the place of M1
	frameM   = 28 // M3·M21, with the offset
	frameF64 = 32 // F64, G64
	frameG64 = 33
	frameEnd = 34
)

// What all chains use in turn, above.
const (
	scratchX = 100 // sums α·x + β·y
	scratchY = 105
	scratchS = 110 // x + y
	scratchW = 115 // w
	scratch  = 16  // words
)

// at returns word i of the frame, or of the scratch space.
func (k *chain) at(i int) operand.Mem {
	if i >= scratchX {
		return k.scratch.Offset(8 * (i - scratchX))
	}
	return k.frame.Offset(8 * i)
}

var (
	rdx  = reg.RDX
	imm  = func(i uint64) operand.Op { return operand.U32(i) }
	imm8 = func(i int) operand.Op { return operand.Imm(uint64(i)) }
)

func (k *chain) f64() operand.Mem { return k.at(frameF64) }
func (k *chain) g64() operand.Mem { return k.at(frameG64) }

// invert generates a kernel that inverts modulo each of the primes at once.
func invert(c *gen.Ctx, name string, primes ...prime) {
	c.Kernel(name)
	words := frameEnd*len(primes) + scratch
	locals := c.AllocLocal(8 * words)
	var chains []*chain
	for i, p := range primes {
		chains = append(chains, &chain{
			Ctx: c, prime: p,
			frame:   locals.Offset(8 * frameEnd * i),
			scratch: locals.Offset(8 * frameEnd * len(primes)),
		})
	}
	for i, k := range chains {
		k.load(fmt.Sprintf("x%s", suffix(len(chains), i)))
	}
	for _, k := range chains {
		k.w = c.GP64()
		c.MOVQ(operand.I32(-1), k.w)
		if k.fast = len(chains) == 1; k.fast {
			k.dm, k.count = c.GP64(), c.GP64()
			c.MOVL(imm(63), k.count.As32())
		}
		k.start, k.p, k.s = c.GP64(), c.GP64(), c.GP64()
		f, g := c.GP64(), c.GP64()
		c.MOVQ(k.f64(), f)
		c.MOVQ(k.g64(), g)
		k.pack(f, g)
	}

	rounds := c.AllocLocal(8)
	c.MOVQ(imm(turns), rounds)
	loop := c.NewLabel("round")
	c.Align(64)
	c.Label(loop)
	first := func(over string) { // no round is before the first one
		c.CMPQ(rounds, imm8(turns))
		c.JEQ(operand.LabelRef(over))
	}
	weave(chains, 20, (*chain).updateFG, first)
	for _, k := range chains {
		k.turn(20, frameM1, k.at(frameF), k.at(frameG))
	}
	weave(chains, 20, (*chain).updateDE, first)
	for _, k := range chains {
		k.turn(20, frameM2, k.f64(), k.g64())
	}
	weave(chains, 19, (*chain).advance, nil)
	for _, k := range chains {
		k.turn(19, frameM3, k.f64(), k.g64())
	}
	c.DECQ(rounds)
	c.JNE(operand.LabelRef(loop))

	for i, k := range chains {
		k.store(fmt.Sprintf("z%s", suffix(len(chains), i)))
	}
	c.Comment("Leave nothing of the secrets in the frame.")
	zero := c.XMM()
	c.PXOR(zero, zero)
	for i := 0; i < words; i += 2 {
		c.MOVOU(zero, locals.Offset(8*i))
	}
	c.RET()
}

func suffix(n, i int) string {
	if n == 1 {
		return ""
	}
	return []string{"p", "n"}[i]
}

// load sets f, g, d, e = m, x, 0, 2^64, and F64 and G64.
func (k *chain) load(param string) {
	x, t := k.GP64(), k.GP64()
	k.Load(k.Param(param), x)
	set := func(i int, v uint64) {
		k.MOVQ(operand.U64(v), t)
		k.MOVQ(t, k.at(i))
	}
	for i, m := range k.words {
		set(frameF+i, m)
		k.MOVQ(operand.Mem{Base: x}.Offset(8*i), t)
		k.MOVQ(t, k.at(frameG+i))
		if i == 0 {
			k.MOVQ(t, k.g64())
		}
	}
	k.MOVQ(imm(1), t)
	k.MOVQ(t, k.at(frameE+1))
	set(frameF64, k.words[0])
	k.XORL(t.As32(), t.As32())
	for _, i := range []int{
		frameF + 4, frameG + 4, frameD, frameD + 1, frameD + 2, frameD + 3, frameD + 4, frameE, frameE + 2, frameE + 3, frameE + 4,
	} {
		k.MOVQ(t, k.at(i))
	}
}

// weave does n divsteps of every chain, with the parts of work spread between
// them. A jump that skip emits goes over each part.
func weave(chains []*chain, n int, work func(*chain) []func(), skip func(over string)) {
	var parts []func()
	for _, k := range chains {
		parts = append(parts, work(k)...) // one chain's after the other's: they share the scratch space
	}
	done := 0
	for i := range n {
		for _, k := range chains {
			k.step()
		}
		if done == len(parts) || i != 1+done*n/len(parts) {
			continue
		}
		over := chains[0].NewLabel("over")
		if skip != nil {
			skip(over)
		}
		parts[done]()
		done++
		if skip != nil {
			chains[0].Label(over)
		}
	}
	if done != len(parts) {
		panic("modinv: too many parts")
	}
}

// step is a divstep on the words F and G.
func (k *chain) step() {
	if k.fast {
		k.stepFast()
	} else {
		k.stepShort()
	}
}

// stepFast has a latency of 3 cycles, see above.
func (k *chain) stepFast() {
	swapped := k.GP64() // w after a swap, δ' = 1-δ: w' = -2-w
	k.MOVQ(k.Words64("minus2", 1<<64-2), swapped)
	k.SUBQ(k.w, swapped)
	k.DECQ(k.w) // and without, δ' = 1+δ: w' = w-1
	half, sum := k.GP64(), k.GP64()
	k.MOVQ(k.g, half)
	k.MOVQ(k.s, sum)
	k.SARQ(imm8(1), half)
	k.CMOVQCC(k.Words64("zero", 0), sum)
	k.ADCQ(half, sum)
	k.TESTQ(k.dm, k.g)
	k.CMOVQNE(half, k.p) // F' = G
	k.CMOVQNE(swapped, k.w)
	k.sign()
	k.g = sum
}

// sign sets S from P and w, and dm.
func (k *chain) sign() {
	if k.fast {
		k.SHRXQ(k.count, k.w, k.dm)
		k.SARXQ(k.count, k.w, k.s)
	} else {
		k.MOVQ(k.w, k.s)
		k.SARQ(imm8(63), k.s)
	}
	k.XORQ(k.p, k.s)
}

// stepShort is one cycle slower, and takes fewer instructions and fewer
// registers: that serves two chains, which are bound by the number of
// instructions.
//
// The condition for a swap is the sign of w & (G rotated by one). S follows
// without P: it is G/2 after a swap and stays as it was without, but for the
// sign, which is the other one just if w' = -1. For -1 comes from 0 without a
// swap, that is when δ becomes positive; and from -1 with one, and then it is
// the only w' < 0. The subtraction of 1 borrows in these two cases only.
func (k *chain) stepShort() {
	rotated, half, sum := k.GP64(), k.g, k.GP64()
	k.RORXQ(imm8(1), k.g, rotated)
	k.MOVQ(k.s, sum)
	k.SARQ(imm8(1), half)
	k.CMOVQCC(k.Words64("zero", 0), sum)
	k.ADCQ(half, sum)
	swapped, mask := k.GP64(), k.GP64()
	k.MOVQ(k.w, swapped)
	k.NOTQ(swapped)
	k.TESTQ(k.w, rotated)
	k.CMOVQMI(half, k.s)
	k.CMOVQMI(swapped, k.w)
	k.SUBQ(imm8(1), k.w) // w' = -2-w after a swap, w-1 without
	k.SBBQ(mask, mask)
	k.XORQ(mask, k.s)
	k.g = sum
}

// pack starts a sub-round on the low bits of f and g, which are used up.
func (k *chain) pack(f, g reg.GPVirtual) {
	k.ANDL(imm(1<<20-1), f.As32())
	k.ANDL(imm(1<<20-1), g.As32())
	k.ORQ(k.Words64("minus41", -(1<<41)&(1<<64-1)), f)
	k.ORQ(k.Words64("minus62", 3<<62), g)
	k.MOVQ(g, k.start)
	k.g = k.start
	k.SARQ(imm8(1), f)
	k.MOVQ(f, k.p)
	k.sign()
}

// turn ends a sub-round of n steps and starts the next: it takes the matrix
// apart and stores it at the index matrix of the frame, and sets F64 and G64 to
// its map at the words f and g.
func (k *chain) turn(n, matrix int, f, g operand.Mem) {
	entries := func(word reg.Register, i int) (a, b reg.GPVirtual) {
		a, b = k.GP64(), k.GP64()
		k.LEAQ(operand.Mem{Base: word}.Offset(1<<20), a)
		k.MOVQ(k.Words64(fmt.Sprintf("round%d", n), 1<<20+1<<(61-n)), b)
		k.ADDQ(word, b)
		k.SHLQ(imm8(n+2), a)
		k.SARQ(imm8(43), a)
		k.SARQ(imm8(62-n), b)
		k.MOVQ(a, k.at(matrix+i))
		k.MOVQ(b, k.at(matrix+i+1))
		return a, b
	}
	apply := func(a, b reg.GPVirtual) {
		k.IMULQ(f, a)
		k.IMULQ(g, b)
		k.ADDQ(b, a)
		k.SARQ(imm8(n), a)
	}
	if !k.fast {
		k.MOVQ(k.w, k.p)
		k.SARQ(imm8(63), k.p)
		k.XORQ(k.s, k.p)
	}
	k.LEAQ(operand.Mem{Base: k.p, Index: k.p, Scale: 1}.Offset(1), k.p) // F
	a, b := entries(k.p, 0)
	apply(a, b)
	c, d := entries(k.g, 2)
	apply(c, d)
	k.MOVQ(a, k.f64())
	k.MOVQ(c, k.g64())
	k.pack(a, c)
}

// product sets to = left·right + offset, column by column, so that to may be
// right.
func (k *chain) product(to, left, right int, offset uint64) {
	for j := range 2 {
		var sums [2]reg.GPVirtual
		for i := range sums {
			x, y := k.GP64(), k.GP64()
			k.MOVQ(k.at(left+2*i), x)
			k.MOVQ(k.at(left+2*i+1), y)
			k.IMULQ(k.at(right+j), x)
			k.IMULQ(k.at(right+2+j), y)
			k.ADDQ(y, x)
			if offset != 0 {
				k.ADDQ(k.Words64("offset59", offset), x)
			}
			sums[i] = x
		}
		k.MOVQ(sums[0], k.at(to+j))
		k.MOVQ(sums[1], k.at(to+2+j))
	}
}

// updateFG returns the parts of f, g <- M(f, g)/2^59.
func (k *chain) updateFG() []func() {
	return []func(){
		func() {
			k.product(frameM, frameM3, frameM21, 1<<shift)
			k.row(0, frameF, frameG, scratchX, false)
		},
		func() { k.row(1, frameF, frameG, scratchY, false) },
		func() { k.reduce(frameF, frameG, false) },
	}
}

// updateDE returns the parts of d, e <- M(d, e)/2^59 mod m.
func (k *chain) updateDE() []func() {
	return []func(){
		func() { k.row(0, frameD, frameE, scratchX, true) },
		func() { k.row(1, frameD, frameE, scratchY, true) },
		func() { k.reduce(frameD, frameE, true) },
	}
}

// row sets to = α·x + β·y, α and β from the given row of M, column by column, and
// adds w·m to it if modular. A column's carry, next, is at most α + β + w plus a
// few, below 2^62.
func (k *chain) row(row, x, y, to int, modular bool) {
	α, β := k.at(frameM+2*row), k.at(frameM+2*row+1)
	lo, hi, sum := k.GP64(), k.GP64(), k.GP64()
	for i := range 4 {
		next := k.GP64()
		k.MOVQ(α, rdx)
		if i == 0 {
			k.MULXQ(k.at(x), sum, next)
		} else {
			k.MULXQ(k.at(x+i), lo, next)
			k.ADDQ(lo, sum)
			k.ADCQ(imm8(0), next)
		}
		k.MOVQ(β, rdx)
		k.MULXQ(k.at(y+i), lo, hi)
		k.ADDQ(lo, sum)
		k.ADCQ(hi, next)
		if modular {
			if i == 0 {
				w := k.GP64()
				k.MOVQ(sum, w)
				k.quotient(k, w)
				k.ANDQ(k.Words64("mask59", 1<<shift-1), w)
				k.MOVQ(w, k.at(scratchW))
			}
			k.add(k, i, sum, next)
		}
		k.MOVQ(sum, k.at(to+i))
		sum = next
	}
	// The fifth words are signed, and small. The sum may wrap: see reduce.
	k.MOVQ(α, lo)
	k.IMULQ(k.at(x+4), lo)
	k.ADDQ(lo, sum)
	k.MOVQ(β, hi)
	k.IMULQ(k.at(y+4), hi)
	k.ADDQ(hi, sum)
	k.MOVQ(sum, k.at(to+4))
}

// reduce ends what two calls of row started: it sets x and y to the two sums
// divided by 2^59, less x + y. The multiplication by 32 shifts a word into two
// without touching the carry.
//
// α·d + β·e may exceed five signed words. The result is below 16·2^256 in size,
// so the fifth word, computed modulo 32, has it.
func (k *chain) reduce(x, y int, modular bool) {
	lo := k.GP64()
	for i := range 5 {
		k.MOVQ(k.at(x+i), lo)
		if i == 0 {
			k.ADDQ(k.at(y+i), lo)
		} else {
			k.ADCQ(k.at(y+i), lo)
		}
		k.MOVQ(lo, k.at(scratchS+i))
	}
	k.MOVL(imm(1<<(64-shift)), rdx.As32())
	for _, io := range [][2]int{{scratchX, x}, {scratchY, y}} {
		from, to := io[0], io[1]
		top, hi := k.GP64(), k.GP64()
		k.MOVQ(k.at(from+4), top)
		k.SARQ(imm8(shift), top)
		k.MULXQ(k.at(from), lo, hi)
		for i := range 4 {
			next := k.GP64()
			k.MULXQ(k.at(from+i+1), lo, next)
			k.LEAQ(operand.Mem{Base: hi, Index: lo, Scale: 1}, lo)
			if i == 0 {
				k.SUBQ(k.at(scratchS), lo)
			} else {
				k.SBBQ(k.at(scratchS+i), lo)
			}
			k.MOVQ(lo, k.at(to+i))
			hi = next
		}
		k.SBBQ(k.at(scratchS+4), top)
		if modular {
			k.SHLQ(imm8(shift), top)
			k.SARQ(imm8(shift), top)
		}
		k.MOVQ(top, k.at(to+4))
	}
}

// advance returns the parts of M21 = M2·M1 and F64, G64 = M21(f, g)/2^40, modulo
// 2^64. Here the offset is 2^40: entries are in [0, 2^41].
func (k *chain) advance() []func() {
	half := func(i int, to operand.Mem) {
		var lo, hi [2]reg.GPVirtual
		for j, word := range []int{frameF, frameG} {
			lo[j], hi[j] = k.GP64(), k.GP64()
			k.MOVQ(k.Words64("offset40", 1<<40), rdx)
			k.ADDQ(k.at(frameM21+2*i+j), rdx)
			k.MULXQ(k.at(word), lo[j], hi[j])
			k.IMULQ(k.at(word+1), rdx)
			k.ADDQ(rdx, hi[j])
		}
		k.ADDQ(lo[1], lo[0])
		k.ADCQ(hi[1], hi[0])
		k.SHRQ(imm8(40), lo[0])
		k.SHLQ(imm8(24), hi[0])
		k.ORQ(hi[0], lo[0])
		k.SUBQ(k.at(frameF), lo[0])
		k.SUBQ(k.at(frameG), lo[0])
		k.MOVQ(lo[0], to)
	}
	return []func(){
		func() { k.product(frameM21, frameM2, frameM1, 0) },
		func() { half(0, k.f64()) },
		func() { half(1, k.g64()) },
	}
}

// store does the last round's work on d and stores the inverse.
func (k *chain) store(param string) {
	k.product(frameM, frameM3, frameM21, 1<<shift)
	k.row(0, frameD, frameE, scratchX, true)
	k.reduce(frameD, frameE, true)

	k.Comment("d = ±d, as f = ±1 says. Bit 1 tells -1 from 1.")
	sign := k.GP64()
	k.MOVQ(k.f64(), sign)
	k.SHLQ(imm8(62), sign)
	k.SARQ(imm8(63), sign)
	var d [5]reg.GPVirtual
	for i := range d {
		d[i] = k.GP64()
		k.MOVQ(k.at(frameD+i), d[i])
		k.XORQ(sign, d[i])
	}
	for i := range d {
		if i == 0 {
			k.SUBQ(sign, d[0])
		} else {
			k.SBBQ(sign, d[i])
		}
	}

	k.Comment("r = (d + w·m)/2^64, between -m/2^60 and m + m/2^60.")
	m := k.Words64(k.name, k.words[:]...)
	top, zero, lo, hi := k.GP64(), k.GP64(), k.GP64(), k.GP64()
	k.MOVQ(operand.U64(k.neg), rdx)
	k.IMULQ(d[0], rdx)
	k.MOVQ(d[4], top)
	k.SARQ(imm8(63), top)
	k.XORL(zero.As32(), zero.As32()) // and both carries
	for i := range 4 {
		k.MULXQ(m.Offset(8*i), lo, hi)
		k.ADCXQ(lo, d[i])
		k.ADOXQ(hi, d[i+1])
	}
	k.ADCXQ(zero, d[4])
	k.ADCXQ(zero, top)
	k.ADOXQ(zero, top)

	k.Comment("Add m if r < 0, subtract it if r >= m.")
	r := d[1:]
	var t [4]reg.GPVirtual
	for i := range t {
		t[i] = k.GP64()
		k.MOVQ(m.Offset(8*i), t[i])
		k.ANDQ(top, t[i])
	}
	for i := range t {
		if i == 0 {
			k.ADDQ(t[0], r[0])
		} else {
			k.ADCQ(t[i], r[i])
		}
	}
	for i := range t {
		k.MOVQ(r[i], t[i])
		if i == 0 {
			k.SUBQ(m, t[0])
		} else {
			k.SBBQ(m.Offset(8*i), t[i])
		}
	}
	z := k.GP64()
	k.Load(k.Param(param), z)
	for i := range t {
		k.CMOVQCS(r[i], t[i])
		k.MOVQ(t[i], operand.Mem{Base: z}.Offset(8*i))
	}
}
