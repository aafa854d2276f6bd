//go:build gc && !purego

package x25519

import (
	"fmt"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// The ladder of tier ifma as a model that computes what the kernel computes, limb by
// limb, on intervals instead of words. It panics when a factor of a multiply-add may
// have more than 52 bits, or when a sum may overflow or a difference be negative. Of
// intervals of one word each, the result is the kernel's.

// A span is a word of which only bounds are known.
type span struct{ min, max uint64 }

func word(w uint64) span { return span{w, w} }

func (a span) exact() bool { return a.min == a.max }

func (a span) add(b span) span {
	max, carry := bits.Add64(a.max, b.max, 0)
	if carry != 0 {
		panic(fmt.Sprintf("%x + %x overflows", a, b))
	}
	return span{a.min + b.min, max}
}

func (a span) sub(b span) span {
	if a.min < b.max {
		panic(fmt.Sprintf("%x - %x may be negative", a, b))
	}
	return span{a.min - b.max, a.max - b.min}
}

func (a span) mul(n uint64) span {
	if hi, _ := bits.Mul64(a.max, n); hi != 0 {
		panic(fmt.Sprintf("%d * %x overflows", n, a))
	}
	return span{a.min * n, a.max * n}
}

func (a span) shr(n uint) span { return span{a.min >> n, a.max >> n} }

// low returns the lowest n bits.
func (a span) low(n uint) span {
	mask := uint64(1)<<n - 1
	if a.min>>n == a.max>>n {
		return span{a.min & mask, a.max & mask}
	}
	return span{0, mask}
}

// product returns the low and the high 52 bits of a product: what VPMADD52LUQ and
// VPMADD52HUQ add.
func (a span) product(b span) (low, high span) {
	if a.max >= 1<<52 || b.max >= 1<<52 {
		panic(fmt.Sprintf("%x * %x: more than 52 bits", a, b))
	}
	minHi, minLo := bits.Mul64(a.min, b.min)
	maxHi, maxLo := bits.Mul64(a.max, b.max)
	high = span{minHi<<12 | minLo>>52, maxHi<<12 | maxLo>>52}
	if high.exact() {
		return span{minLo, maxLo}.low(52), high
	}
	return span{0, min(1<<52-1, maxLo|-min(maxHi, 1))}, high
}

func (a span) union(b span) span { return span{min(a.min, b.min), max(a.max, b.max)} }

// A spanNum is a number: limbs or columns in radix 2^51. A vector has four.
type (
	spanNum [5]span
	spanVec [4]spanNum
)

// spanCarry is ladder.carry.
func spanCarry(a spanNum) (r spanNum) {
	for i := range r {
		high := a[(i+4)%5].shr(51)
		if i == 0 {
			high, _ = high.product(word(19))
		}
		r[i] = a[i].low(51).add(high)
	}
	return r
}

// spanMul is ladder.mul, in an even lane if biased.
func spanMul(a, b spanNum, biased bool) (r spanNum) {
	var low, high [10]span
	if biased {
		low[5] = word(64 * (1<<51 - 19))
		for n := 1; n < 5; n++ {
			high[n] = word(608 * (1<<51 - 1))
		}
	}
	for i := range a {
		for j := range b {
			lo, hi := a[i].product(b[j])
			low[i+j] = low[i+j].add(lo)
			high[i+j+1] = high[i+j+1].add(hi)
		}
	}
	for n := range r {
		r[n] = low[n].add(high[n].mul(2)).add(low[n+5].add(high[n+5].mul(2)).mul(19))
	}
	return r
}

// spanSquare is ladder.square, in lanes 2 and 3.
func spanSquare(a spanNum) (r spanNum) {
	var once, twice, four [10]span
	for i := range a {
		for j := range i + 1 {
			lo, hi := a[i].product(a[j])
			if i == j {
				once[2*i] = once[2*i].add(lo)
				twice[2*i+1] = twice[2*i+1].add(hi)
			} else {
				twice[i+j] = twice[i+j].add(lo)
				four[i+j+1] = four[i+j+1].add(hi)
			}
		}
	}
	column := func(n int) span { return once[n].add(twice[n].mul(2)).add(four[n].mul(4)) }
	for n := range r {
		r[n] = column(n).add(column(n + 5).mul(19))
	}
	return r
}

// spanScale is ladder.square in lane 1: more + 121666 a.
func spanScale(a, more spanNum) (r spanNum) {
	var high span
	for n := range r {
		factor, times := word(121666/2), uint64(2)
		if n == 0 {
			factor, times = word(121666), 1
		}
		lo, hi := a[n].product(factor)
		r[n] = more[n].add(lo.mul(times)).add(high)
		high = hi.mul(2 * times)
	}
	r[0] = r[0].add(high.mul(19))
	return r
}

func spanSums(a, b spanNum) (sum, difference spanNum) {
	for i := range a {
		sum[i], difference[i] = a[i].add(b[i]), a[i].sub(b[i])
	}
	return sum, difference
}

// spanStep is ladder.step.
func spanStep(w spanVec, x1 spanNum, swap uint64) spanVec {
	s := spanVec{}
	s[0], s[1] = spanSums(w[0], w[1])
	s[2], s[3] = spanSums(w[2], w[3])
	for i := range s {
		s[i] = spanCarry(s[i])
	}
	plus, minus := s[2*swap], s[2*swap+1]
	a, b := spanMul(plus, plus, true), spanMul(minus, minus, false)
	c, d := spanMul(s[0], s[3], true), spanMul(s[1], s[2], false)

	_, e := spanSums(a, b)
	u, v := spanSums(c, d)
	aLimbs, eLimbs := spanCarry(a), spanCarry(e)
	f := spanCarry(spanScale(eLimbs, b))
	u = spanCarry(spanSquare(spanCarry(u)))
	v = spanCarry(spanSquare(spanCarry(v)))
	return spanVec{
		spanMul(aLimbs, spanCarry(b), true),
		spanMul(eLimbs, f, false),
		spanMul(u, spanNum{word(1)}, true),
		spanMul(v, x1, false),
	}
}

// spanState is what the ladder starts from.
func spanState(x1 spanNum) (w spanVec) {
	w[0][0], w[3][0] = word(1), word(1)
	w[2] = x1
	for i := range 5 {
		bias := word(1216 * (1<<51 - 1))
		if i == 0 {
			bias = word(1216 * (1<<51 - 19))
		}
		w[0][i], w[2][i] = w[0][i].add(bias), w[2][i].add(bias)
	}
	return w
}

// ladderModel is ladderIFMA.
func ladderModel(k *[32]byte, u *[4]uint64) (xz [2][4]uint64) {
	var x1 spanNum
	var e element
	e.setWords(u)
	for i, limb := range e {
		x1[i] = word(limb)
	}
	w := spanState(x1)
	bit := func(i int) uint64 { return uint64(k[i/8]>>(i%8)) & 1 }
	for i := 254; i >= 0; i-- {
		next := uint64(0)
		if i < 254 {
			next = bit(i + 1)
		}
		w = spanStep(w, x1, bit(i)^next)
	}
	for i := range xz {
		xz[i] = mod(spanCarry(w[i]).big())
	}
	return xz
}

// big returns the number, of exact columns.
func (a spanNum) big() *big.Int {
	x := new(big.Int)
	for i := 4; i >= 0; i-- {
		x.Lsh(x, 51).Add(x, new(big.Int).SetUint64(a[i].max))
	}
	return x
}

// The proof of the kernel's bounds: there are intervals of the columns that hold
// those of the start, for any x1, and that a step, of any columns within them and any
// x1, does not leave. The model panics if a step could drop a bit anywhere.
func TestLadderIFMABounds(t *testing.T) {
	x1 := spanNum{}
	for i := range x1 {
		x1[i] = span{0, 1<<51 - 1}
	}
	state := spanState(x1)
	for turn := 0; ; turn++ {
		next := state
		for swap := range uint64(2) {
			for lane, a := range spanStep(state, x1, swap) {
				for i := range a {
					next[lane][i] = next[lane][i].union(a[i])
				}
			}
		}
		if next == state {
			break
		}
		if state = next; turn == 10 {
			t.Fatalf("the columns still grow: %x", state)
		}
	}
	for lane, a := range state {
		for i, column := range a {
			if column.max >= 1<<62 {
				t.Errorf("lane %d, column %d: %x", lane, i, column)
			}
		}
		for i, limb := range spanCarry(a) {
			if limb.max >= 1<<51+1<<16 {
				t.Errorf("lane %d, limb %d: %x", lane, i, limb)
			}
		}
		// ladder.reduce takes the sum of limbs for less than 2^256.
		if top := spanCarry(a).big(); top.BitLen() > 256 {
			t.Errorf("lane %d: up to %x", lane, top)
		}
	}

	// Columns at their bounds, and what follows: the model against the formulas.
	r := rand.New(rand.NewPCG(51, 25519))
	for range 200 {
		w := state
		for lane := range w {
			for i, s := range w[lane] {
				w[lane][i] = word([]uint64{s.min, s.max, s.max, s.min + r.Uint64N(s.max-s.min+1)}[r.IntN(4)])
			}
		}
		for i := range x1 {
			x1[i] = word([]uint64{0, 1<<51 - 1, r.Uint64N(1 << 51)}[r.IntN(3)])
		}
		for range 5 {
			swap := r.Uint64N(2)
			want := ladderStep(w, x1, swap)
			w = spanStep(w, x1, swap)
			for lane := range w {
				if got := mod(w[lane].big()); got != want[lane] {
					t.Fatalf("lane %d: %x, want %x", lane, got, want[lane])
				}
			}
		}
	}
}

// ladderStep is a step by the formulas.
func ladderStep(w spanVec, x1 spanNum, swap uint64) (r [4][4]uint64) {
	type i = big.Int
	add := func(a, b *i) *i { return new(i).Add(a, b) }
	sub := func(a, b *i) *i { return new(i).Sub(a, b) }
	mul := func(a, b *i) *i { return new(i).Mod(new(i).Mul(a, b), prime) }
	x2, z2, x3, z3 := w[0].big(), w[1].big(), w[2].big(), w[3].big()
	x, z := w[2*swap].big(), w[2*swap+1].big()
	a, b := mul(add(x, z), add(x, z)), mul(sub(x, z), sub(x, z))
	c, d := mul(add(x2, z2), sub(x3, z3)), mul(sub(x2, z2), add(x3, z3))
	e := sub(a, b)
	r[0] = mod(mul(a, b))
	r[1] = mod(mul(e, add(a, mul(big.NewInt(121665), e))))
	r[2] = mod(mul(add(c, d), add(c, d)))
	r[3] = mod(mul(x1.big(), mul(sub(c, d), sub(c, d))))
	return r
}

// The kernel's numerator and denominator are the model's, not only their quotient.
func TestLadderIFMAModel(t *testing.T) {
	cryptotest.Tiers(t, "x25519", []cpu.Tier{cpu.IFMA}, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(255, 25519))
		us, ks := numbers(0), scalars(20)
		n := 40
		if race || testing.Short() {
			n = 4
		}
		for range n {
			u, k := us[r.IntN(len(us))], ks[r.IntN(len(ks))]
			u[3] &= 1<<63 - 1
			var xz [2][4]uint64
			ladderIFMA(&xz, &k, &u)
			if want := ladderModel(&k, &u); xz != want {
				t.Fatalf("k = %x, u = %x: %x, want %x", k, u, xz, want)
			}
		}
	})
}
