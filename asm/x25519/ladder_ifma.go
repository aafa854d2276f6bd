package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"

	"github.com/sealane/sealane/asm/internal/gen"
)

// The ladder of tier ifma: the four multiplications of each third of a step in the
// four lanes of a vector.
//
// # One step
//
// Let X2:Z2 and X3:Z3 be the u-coordinates of two points whose difference has the
// u-coordinate x1, and s the one of the two that is to be doubled. The formulas of
// Montgomery (RFC 7748, Section 5), in three rounds of multiplications:
//
//	A = (Xs+Zs)^2    B = (Xs-Zs)^2    C = (X2+Z2)(X3-Z3)    D = (X2-Z2)(X3+Z3)
//	F = B + 121666 E    U = (C+D)^2    V = (C-D)^2          where E = A-B
//	X4 = A B    Z4 = E F    X5 = U    Z5 = x1 V
//
// (A-B = 4 Xs Zs, and E (A + 121665 E) = E (B + 121666 E).) X4:Z4 is the double, in
// lanes 0 and 1 whichever point was doubled, and X5:Z5 the sum, in lanes 2 and 3.
// If another point is doubled than in the step before, it is now in lanes 2 and 3:
// that is bit k[i] xor k[i+1] of the scalar. It goes nowhere but into the indices of
// the permutations in front of the first round, which are needed in any case: the
// two factors are lanes
//
//	(s+, s-, X2+Z2, X2-Z2) and (s+, s-, X3-Z3, X3+Z3)
//
// of the sums and differences. C and D need no exchange: another order of the points
// changes the sign of C-D only, which is squared.
//
// # Numbers
//
// A number is five vectors, of limbs: a = a0 + a1 2^51 + ... + a4 2^204 in each
// lane. The multiply-add instructions take the lowest 52 bits of their factors,
// without a word about others, and give the low or the high 52 bits of the product:
// a limb of 51 bits and a little has the one bit to spare that sums of carries need.
// The sum of two such limbs has not. Three forms of a number:
//
//	columns  what mul and square return: < 2^62, not carried
//	limbs    after carry: < 2^51 + 2^16, factors
//	sums     of columns: < 2^63
//
// Differences are of columns, which in even lanes have a multiple of p added that is
// more than any column in an odd one (biased, see mul): each column of a difference
// is positive, and needs no other care.
//
// The columns are those of TestLadderIFMABounds, which proves the bounds: the step
// in interval arithmetic, whose result lies within its argument.
//
// # Speed
//
// On Zen 5 a step takes 131 to 142 cycles, as the neighbours of a virtual machine let
// it: 65 are the 130 multiply-adds, of which two start in a cycle; the rest is latency
// from the last multiply-adds of a round to the first of the next (4 cycles of the
// multiplication, 4 of the fold, 4 of sums and differences, 4 of carries, 4 of
// permutations), less what they overlap. gen.Block orders a step; as if 2, 3, 6 or 8
// instructions started in a cycle, not 4, the orders are others and the times the same
// within what can be measured: the core finds its own.
//
// What was refused: squares of 25 products in the second round (10 cycles more); the
// exchange of points by masks (4 cycles more); radix 2^52, which has no bit to spare,
// so that carries follow one another (8 a round); three doublings of their own for
// the scalar's last bits (less than 0.3 %).

// Registers that keep their value, and those that the blocks share. The columns of
// X2, Z2, X3, Z3 are in ymmState to ymmState+4 between steps.
var (
	ymmZero     = ymm(0)
	ymmMask     = ymm(1) // 2^51 - 1
	ymmNineteen = ymm(2)
	ymmSwap     = ymm(3) // 2 in lanes 0 and 1 if this step doubles another point than the one before
)

const (
	ymmState  = 4
	ymmResult = ymmState + 5
)

func ymmFree() (free []int) {
	for i := ymmState; i < 32; i++ {
		free = append(free, i)
	}
	return free
}

func ymm(i int) reg.VecPhysical { return gen.Width(256).Reg(i) }

// Masks of lanes.
var (
	kOdd       = reg.K1
	kLow       = reg.K2 // lanes 0 and 1
	kHigh      = reg.K3 // lanes 2 and 3
	kLowHalves = reg.K4 // lanes 0 and 1, for instructions on words of 32 bits
	kNot0      = reg.K5 // lanes 1 to 3, likewise
)

var ladderMasks = map[reg.Register]uint32{kOdd: 0b1010, kLow: 0b0011, kHigh: 0b1100, kLowHalves: 0b00001111, kNot0: 0b11111100}

// General-purpose registers.
var (
	rBits  = []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11} // what is left of the scalar's bits, the next at the top
	rWords = []reg.GPPhysical{reg.R12, reg.R13, reg.R14, reg.R15}
	rSteps = reg.RCX
)

// A num is a number a lane: five variables, limbs or columns.
type num [5]reg.VecVirtual

type ladder struct {
	*gen.Ctx
	*gen.Block
	x1    Mem // (0, 0, 1, x1), limbs
	state Mem // (X2, Z2, X3, Z3)
}

func ladderIFMA(c *gen.Ctx) {
	l := ladder{Ctx: c}
	l.Kernel("ladderIFMA")
	l.x1, l.state = l.AllocLocal(5*32), l.AllocLocal(5*32)
	l.constants()
	l.point()
	l.scalar()

	l.MOVL(U32(255), rSteps.As32())
	l.Align(64)
	l.Label("step")
	l.shift()
	l.SBBL(reg.EAX, reg.EAX)
	l.ANDL(U8(2), reg.EAX)
	l.VPBROADCASTQ_Z(reg.RAX, kLow, ymmSwap)
	l.block(l.step, true)
	l.DECL(rSteps.As32())
	l.JNE(LabelRef("step"))

	l.block(l.carry, false)
	for i := range 5 {
		l.VMOVDQU64(ymm(ymmResult+i), l.state.Offset(32*i))
	}
	dst := l.Load(l.Param("xz"), reg.RDI)
	for lane := range 2 {
		l.reduce(Mem{Base: dst}.Offset(32*lane), l.state.Offset(8*lane))
	}
	l.wipe()
	l.VZEROUPPER()
	l.RET()
}

// block emits f of the state, which becomes the state in a loop, and otherwise goes
// to the registers from ymmResult on.
func (l *ladder) block(f func(num) num, loop bool) {
	l.Block = l.NewBlock(256, ymmFree())
	var in num
	for i := range in {
		in[i] = l.In(ymmState + i)
	}
	for i, v := range f(in) {
		if loop {
			l.Loop(in[i], v)
		} else {
			l.Out(v, ymmResult+i)
		}
	}
	l.Emit()
}

func (l *ladder) constants() {
	for _, k := range []reg.Register{kOdd, kLow, kHigh, kLowHalves, kNot0} {
		l.MOVL(U32(ladderMasks[k]), reg.EDX)
		l.KMOVB(reg.EDX, k)
	}
	l.VPXORQ(ymmZero, ymmZero, ymmZero)
	l.MOVL(U32(19), reg.EDX)
	l.VPBROADCASTQ(reg.RDX, ymmNineteen)
	l.MOVQ(U64(1<<51-1), reg.RAX)
	l.VPBROADCASTQ(reg.RAX, ymmMask)
}

// point sets x1, and the state to X2:Z2 = 1:0, the neutral element, and X3:Z3 =
// x1:1, biased. The limbs of u < 2^255 are less than 2^51.
func (l *ladder) point() {
	u := l.Load(l.Param("u"), reg.RSI)
	for i, w := range rWords {
		l.MOVQ(Mem{Base: u}.Offset(8*i), w)
	}
	for i := range 5 {
		x1, state := l.x1.Offset(32*i), l.state.Offset(32*i)
		l.VMOVDQU64(ymmZero, x1)
		l.VMOVDQU64(ymmZero, state)
		first, bit := 51*i/64, 51*i%64
		l.MOVQ(rWords[first], reg.RDX)
		if bit+51 > 64 {
			l.SHRQ(U8(bit), rWords[first+1], reg.RDX)
		} else {
			l.SHRQ(U8(bit), reg.RDX)
		}
		l.ANDQ(reg.RAX, reg.RDX) // 2^51 - 1
		l.MOVQ(reg.RDX, x1.Offset(24))
		l.MOVQ(U64(biasFactor*limbOfP(i)), reg.RBX)
		l.MOVQ(reg.RBX, state)
		l.ADDQ(reg.RBX, reg.RDX)
		l.MOVQ(reg.RDX, state.Offset(16))
	}
	l.INCQ(l.x1.Offset(16))
	l.INCQ(l.state)
	l.INCQ(l.state.Offset(24))
	for i := range 5 {
		l.VMOVDQU64(l.state.Offset(32*i), ymm(ymmState+i))
	}
}

// scalar sets bits to k xor k/2, bit 254 at the top: bit i is one if step i doubles
// another point than step i+1 did. Step 255, of a zero, would leave the points where
// they are.
func (l *ladder) scalar() {
	k := l.Load(l.Param("k"), reg.RSI)
	for i, r := range rBits {
		l.MOVQ(Mem{Base: k}.Offset(8*i), r)
	}
	for i, r := range rBits {
		l.MOVQ(r, reg.RAX)
		if i < 3 {
			l.SHRQ(U8(1), rBits[i+1], reg.RAX)
		} else {
			l.SHRQ(U8(1), reg.RAX)
		}
		l.XORQ(reg.RAX, r)
	}
	l.shift()
}

// shift moves the scalar's bits to the left, the first to the carry flag.
func (l *ladder) shift() {
	l.ADDQ(rBits[0], rBits[0])
	for _, r := range rBits[1:] {
		l.ADCQ(r, r)
	}
}

// step returns the columns of X4, Z4, X5, Z5 of those of X2, Z2, X3, Z3.
func (l *ladder) step(w num) num {
	// s = (X2+Z2, X2-Z2, X3+Z3, X3-Z3)
	s := l.carry(l.sums(w, false))
	left, right := l.Var(), l.Var()
	l.Do(x86.VPXORQ(l.Words64("left", 0, 1, 0, 1), ymmSwap, left))
	l.Do(x86.VPXORQ(l.Words64("right", 0, 1, 3, 2), ymmSwap, right))
	var a, b num
	for i := range s {
		a[i], b[i] = l.Var(), l.Var()
		l.Do(x86.VPERMQ(s[i], left, a[i]))
		l.Do(x86.VPERMQ(s[i], right, b[i]))
	}
	abcd := l.mul(a, b)

	// t = (A, E, C+D, C-D), and more = (B, B, 0, 0)
	var more num
	for i, v := range abcd {
		more[i] = l.Var()
		l.Do(x86.VPSHUFD_Z(Imm(0b11101110), v, kLowHalves, more[i]))
	}
	t := l.carry(l.sums(abcd, true))

	// bfuv = (B, F, U, V), whose lanes become a = (A, E, U, V) and b = (B, F, 1, x1).
	bfuv := l.square(t, more)
	high, low := l.split(bfuv)
	a = t // of which the lanes above are not needed any more
	for i := range b {
		b[i] = l.load(l.x1.Offset(32 * i))
		if i == 0 {
			l.Do(x86.VPADDQ(ymmZero, low[0], kHigh, a[0]))
			l.Do(x86.VPADDQ(ymmZero, low[0], kLow, b[0]))
			l.Do(x86.VPMADD52LUQ(ymmNineteen, high[4], kHigh, a[0]))
			l.Do(x86.VPMADD52LUQ(ymmNineteen, high[4], kLow, b[0]))
		} else {
			l.Do(x86.VPADDQ(high[i-1], low[i], kHigh, a[i]))
			l.Do(x86.VPADDQ(high[i-1], low[i], kLow, b[i]))
		}
	}
	return l.mul(a, b)
}

// sums returns the sum and the difference of lanes 0 and 1, and of lanes 2 and 3.
// With keep, lane 0 stays as it is. a is used up: its odd lanes change their sign.
func (l *ladder) sums(a num, keep bool) (r num) {
	for i, v := range a {
		swapped := l.Var()
		if keep {
			l.Do(x86.VPSHUFD_Z(Imm(0b01001110), v, kNot0, swapped))
		} else {
			l.Do(x86.VPSHUFD(Imm(0b01001110), v, swapped))
		}
		l.Do(x86.VPSUBQ(v, ymmZero, kOdd, v))
		r[i] = l.sum(v, swapped)
	}
	return r
}

// split returns the bits from 51 on, and those below, of each column.
func (l *ladder) split(a num) (high, low num) {
	for i, v := range a {
		high[i], low[i] = l.Var(), l.Var()
		l.Do(x86.VPSRLQ(Imm(51), v, high[i]))
		l.Do(x86.VPANDQ(ymmMask, v, low[i]))
	}
	return high, low
}

// carry returns limbs: each column gives what it has from bit 51 on to the next,
// which once is enough. 2^255 = 19 mod p.
//
// A sum of columns is less than 2^63, so limbs are less than 2^51 + 2^12, but limb 0
// less than 2^51 + 19 * 2^12 < 2^51 + 2^17.
func (l *ladder) carry(a num) (r num) {
	high, low := l.split(a)
	l.Do(x86.VPMADD52LUQ(ymmNineteen, high[4], low[0]))
	r[0] = low[0]
	for i := 1; i < 5; i++ {
		r[i] = l.sum(low[i], high[i-1])
	}
	return r
}

// biasFactor p is what mul adds in even lanes: a multiple of 38, for the sake of
// limb 0, and more than 2^61 in each limb.
const biasFactor = 38 * 32

// limbOfP is limb i of p, whose limbs are 2^51 - 19 and four of 2^51 - 1.
func limbOfP(i int) uint64 {
	if i == 0 {
		return 1<<51 - 19
	}
	return 1<<51 - 1
}

// mul returns the columns of a*b, to which in even lanes 1216p is added.
//
// The product of limbs i and j is low + 2^52 high, and belongs to column n = i+j:
// low there, and high, doubled because of the radix of 2^51, to column n+1. Column
// n+5 is 19 times as much in column n. From the highest column to the lowest, so
// that the fold is done meanwhile, and limbs 0, which come last, are needed last.
//
// low and high sum up to less than 5 * 2^52 each: columns are less than (5 + 2*5) *
// 20 * 2^52 < 2^60.3. A bias is the initial value of a sum that goes to the column
// once (of low, folded: 19 times) or twice (of high).
func (l *ladder) mul(a, b num) (r num) {
	var low, high [10]reg.VecVirtual
	for n := range 10 {
		if low[n] = l.Var(); n == 5 {
			bias := uint64(biasFactor / 19 * (1<<51 - 19))
			low[n] = l.load(l.Words64("bias5", bias, 0, bias, 0))
		} else if n > 5 && n < 9 {
			low[n] = l.zero()
		}
		if n > 0 && n < 5 {
			bias := uint64(biasFactor / 2 * (1<<51 - 1))
			high[n] = l.load(l.Words64("bias", bias, 0, bias, 0))
		} else if n > 0 {
			high[n] = l.zero()
		}
	}
	for n := 8; n >= 0; n-- {
		for i := min(n, 4); i >= max(n-4, 0); i-- {
			l.Do(x86.VPMADD52HUQ(a[i], b[n-i], high[n+1]))
			l.Do(x86.VPMADD52LUQ(a[i], b[n-i], low[n]))
		}
		// Column n+1 is complete.
		switch m := n + 1; {
		case m == 9:
			low[4] = l.times(38, high[9])
		case m >= 5:
			low[m-5] = l.times(19, l.sum(low[m], l.twice(high[m])))
		default:
			r[m] = l.sum(low[m], l.twice(high[m]))
		}
	}
	r[0] = low[0]
	return r
}

// square returns the columns of a^2 in lanes 2 and 3, of more + 121666 a in lane 1,
// and of more in lane 0. more is 0 in lanes 2 and 3.
//
// As in mul, but the products of different limbs are needed once and count twice. So
// low parts count once, in even columns, if they are of a square, and otherwise
// twice, as the high parts of squares do, which are in odd columns; the high parts
// of others count four times. In lane 1 the factor is one limb, and half as much
// where the product counts twice; there and in lane 0 (factor 0) products of limbs
// other than 0 are masked.
//
// Columns are sums of no more than mul's, but for more, which is less than 2^61.
func (l *ladder) square(a, more num) (r num) {
	factor, half := l.Var(), l.Var()
	l.Do(x86.VPBLENDMQ(l.Words64("factor", 0, 121666, 0, 0), a[0], kLow, factor))
	l.Do(x86.VPBLENDMQ(l.Words64("half", 0, 121666/2, 0, 0), a[0], kLow, half))

	var once, twice, four [10]reg.VecVirtual // by column
	for n := range 10 {
		if n == 6 || n == 8 {
			once[n] = l.zero()
		}
		if n != 0 && n != 4 && n != 8 {
			twice[n] = l.zero()
		}
		if n > 1 && n < 9 {
			four[n] = l.zero()
		}
	}
	once[0], once[4] = more[0], more[4]
	for n := 8; n >= 0; n-- {
		for i := min(n, 4); 2*i >= n; i-- {
			switch j := n - i; {
			case n == 0:
				l.Do(x86.VPMADD52HUQ(a[0], factor, twice[1]))
				l.Do(x86.VPMADD52LUQ(a[0], factor, once[0]))
			case i == j:
				l.Do(x86.VPMADD52HUQ(a[i], a[i], kHigh, twice[n+1]))
				l.Do(x86.VPMADD52LUQ(a[i], a[i], kHigh, once[n]))
			case j == 0:
				l.Do(x86.VPMADD52HUQ(a[i], half, four[n+1]))
				l.Do(x86.VPMADD52LUQ(a[i], half, twice[n]))
			default:
				l.Do(x86.VPMADD52HUQ(a[i], a[j], kHigh, four[n+1]))
				l.Do(x86.VPMADD52LUQ(a[i], a[j], kHigh, twice[n]))
			}
		}
		// Column n+1 is complete.
		switch n + 1 {
		case 9:
			twice[4] = l.times(19, twice[9])
		case 8:
			once[3] = l.sum(more[3], l.times(19, l.sum(once[8], l.shifted(2, four[8]))))
		case 7:
			once[2] = l.sum(more[2], l.times(38, l.sum(twice[7], l.twice(four[7]))))
		case 6:
			once[1] = l.sum(more[1], l.times(19, l.sum(l.sum(once[6], l.twice(twice[6])), l.shifted(2, four[6]))))
		case 5:
			r[0] = l.times(38, l.sum(twice[5], l.twice(four[5])))
		case 4, 3, 2:
			r[n+1] = l.sum(l.sum(once[n+1], l.twice(twice[n+1])), l.shifted(2, four[n+1]))
		case 1:
			r[1] = l.sum(once[1], l.twice(twice[1]))
		}
	}
	r[0] = l.sum(r[0], once[0])
	return r
}

func (l *ladder) zero() reg.VecVirtual {
	r := l.Var()
	l.Do(x86.VPXORQ(r, r, r))
	return r
}

func (l *ladder) load(m Mem) reg.VecVirtual {
	r := l.Var()
	l.Do(x86.VMOVDQU64(m, r))
	return r
}

func (l *ladder) sum(a, b Op) reg.VecVirtual {
	r := l.Var()
	l.Do(x86.VPADDQ(a, b, r))
	return r
}

func (l *ladder) twice(a Op) reg.VecVirtual { return l.sum(a, a) }

func (l *ladder) shifted(n uint64, a Op) reg.VecVirtual {
	r := l.Var()
	l.Do(x86.VPSLLQ(Imm(n), a, r))
	return r
}

// times returns a multiplied by 19 or 38.
func (l *ladder) times(n uint64, a Op) reg.VecVirtual {
	r := l.Var()
	if n == 19 {
		l.Do(x86.VPMULLQ(ymmNineteen, a, r))
	} else {
		l.Do(x86.VPMULLQ_BCST(l.Words64("thirtyEight", 38), a, r))
	}
	return r
}

// reduce writes to dst, less than p, the number whose limbs are 32 bytes apart at
// src, each less than 2^51 + 2^17.
func (l *ladder) reduce(dst, src Mem) {
	v, w := rWords, rBits
	// v is the sum of limbs, less than (2^51 + 2^17) 2^204 * (1 + 2^-50) < 2^256.
	l.MOVQ(src, v[0])
	for i := 1; i < 5; i++ {
		n, bit := 51*i/64, 51*i%64
		l.MOVQ(src.Offset(32*i), reg.RAX)
		if i < 4 {
			l.MOVQ(reg.RAX, v[n+1])
			l.SHRQ(U8(64-bit), v[n+1])
		}
		l.SHLQ(U8(bit), reg.RAX)
		l.ADDQ(reg.RAX, v[n])
		if i < 4 {
			l.ADCQ(Imm(0), v[n+1])
		}
	}
	// v = 2^255 top + rest becomes rest + 19 top < 2^255 + 19 < 2p.
	l.MOVQ(v[3], reg.RAX)
	l.SHRQ(U8(63), reg.RAX)
	l.BTRQ(U8(63), v[3])
	l.IMUL3Q(U8(19), reg.RAX, reg.RAX)
	l.addTo(v, reg.RAX)
	// If v >= p, w = v + 19 >= 2^255, and v - p = w - 2^255.
	for i := range v {
		l.MOVQ(v[i], w[i])
	}
	l.addTo(w, U8(19))
	l.BTRQ(U8(63), w[3])
	for i := range v {
		l.CMOVQCS(w[i], v[i])
		l.MOVQ(v[i], dst.Offset(8*i))
	}
}

// addTo adds a word to v.
func (l *ladder) addTo(v []reg.GPPhysical, word Op) {
	l.ADDQ(word, v[0])
	for _, r := range v[1:] {
		l.ADCQ(Imm(0), r)
	}
}

// wipe clears all that is left of the computation: vectors, words, the frame.
func (l *ladder) wipe() {
	for i := range 32 {
		l.VPXORQ(ymm(i), ymm(i), ymm(i))
	}
	for i := range 5 {
		l.VMOVDQU64(ymmZero, l.x1.Offset(32*i))
		l.VMOVDQU64(ymmZero, l.state.Offset(32*i))
	}
	for _, r := range append(append([]reg.GPPhysical{reg.RAX, reg.RDX}, rWords...), rBits...) {
		l.XORL(r.As32(), r.As32())
	}
}
