package main

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// The field in the ladder of tier ifma: integers mod p in five limbs of 52 bits, one limb to a
// vector, one element to a lane of 64 bits, in Montgomery's form for R = 2^260.
//
// The multiplication instructions read the low 52 bits of a lane and ignore the
// others. So an element that is multiplied has
//
//	x = Σ (x[i] mod 2^52)·2^(52i), x[4] < 2^52,
//
// and what is above 52 bits in x[0] to x[3] has been carried to the limb above
// and may stay: carry clears nothing. Values are below 16p, so that x[4] < 2^52.
// A sum of such elements must be made of columns that are not carried yet, which
// are integers of 64 bits: x = Σ x[i]·2^(52i).
//
// That is field52 with less work between the multiplications: nothing is masked, and
// columns are never negative, since what is subtracted from has a multiple of p in it.

// bias returns columns of value k·p of which all but the last are at least 2^58-2^6
// and the last is that of k·p less 2^6. They are added before a subtraction of
// columns below, so that no column becomes negative.
func bias(k int64) [5]uint64 {
	l := limbs52(new(big.Int).Mul(big.NewInt(k), prime))
	for i := range 4 {
		l[i] += 1 << 58
		l[i+1] -= 1 << 6
	}
	return l
}

// ifma generates code for elements in vectors of a width.
type ifma struct {
	*gen.Ctx
	width gen.Width
}

// vectors returns the memory of five vectors that hold, in lane i of each 256
// bits, the limbs or columns of lanes[i].
func (f *ifma) vectors(name string, lanes ...[5]uint64) []operand.Mem {
	var words []uint64
	for limb := range 5 {
		for range int(f.width) / 256 {
			for _, l := range lanes {
				words = append(words, l[limb])
			}
		}
	}
	m := f.Words64(fmt.Sprintf("%s%d", name, f.width), words...)
	return vectorsAt(m, f.width)
}

// vectorsAt returns the memory of five vectors that start at m.
func vectorsAt(m operand.Mem, w gen.Width) []operand.Mem {
	var vs []operand.Mem
	for i := range 5 {
		vs = append(vs, m.Offset(i*w.Bytes()))
	}
	return vs
}

// loadAll returns the five vectors at m.
func (b *block) loadAll(m []operand.Mem) []value {
	var vs []value
	for i := range m {
		vs = append(vs, b.loadFrom(m[i]))
	}
	return vs
}

// addAll returns x+y, column by column.
func (b *block) addAll(x, y []value) []value { return each(b.add, x, y) }

// subAll returns x-y, column by column.
func (b *block) subAll(x, y []value) []value { return each(b.sub, x, y) }

// blendAll returns x in the lanes of k and y in the others.
func (b *block) blendAll(k reg.Register, x, y []value) []value {
	return each(func(x, y value) value { return b.blend(k, x, y) }, x, y)
}

// lanesAll returns the lanes l0 to l3 of x.
func (b *block) lanesAll(x []value, l0, l1, l2, l3 uint64) []value {
	return each(func(x, _ value) value { return b.lanes(x, l0, l1, l2, l3) }, x, x)
}

// lanesZAll is lanesAll in the lanes of k, and zero in the others.
func (b *block) lanesZAll(k reg.Register, x []value, l0, l1, l2, l3 uint64) []value {
	return each(func(x, _ value) value { return b.lanesZ(k, x, l0, l1, l2, l3) }, x, x)
}

// each returns f of each pair.
func each(f func(x, y value) value, x, y []value) []value {
	var out []value
	for i := range x {
		out = append(out, f(x[i], y[i]))
	}
	return out
}

// A columnTerm is a term of a column: the low or the high 52 bits of a product.
type columnTerm struct {
	at   int // when its operands are there, in cycles
	high bool
	x, y value
	m    operand.Mem // in place of y
	isM  bool
}

// add returns acc plus the product.
func (t *columnTerm) add(b *block, acc value) value {
	switch {
	case t.isM && t.high:
		return b.maddHighConst(acc, t.x, t.m)
	case t.isM:
		return b.maddLowConst(acc, t.x, t.m)
	case t.high:
		return b.maddHigh(acc, t.x, t.y)
	}
	return b.maddLow(acc, t.x, t.y)
}

// addTo returns the vector at m plus the product.
func (t *columnTerm) addTo(b *block, m operand.Mem) value {
	return t.add(b, b.loadFrom(m))
}

// single are the columns of a product that are summed in one accumulator.
var single = []int{0, 8, 9}

// mul returns the columns of x·y/R, plus the vectors at start if there are some.
//
// With x·y = Σ c[i]·2^(52i), it clears c[0] to c[4], one after the other: -1/p = 1
// mod 2^52, so that c[i] mod 2^52 is itself the multiple of p to add, and
//
//	p = -1 + 2^96 + 2^192 + 2^256 - 2^224
//	  = -1 + 2^44·2^52 + 2^36·2^156 + (2^48-2^16)·2^208.
//
// The -1 clears the 52 bits; what is above them is carried.
//
// Bounds: a column is a sum of at most 5 low and 5 high parts of products of x and
// y, 4 of the multiples of p, all below 2^52, and a carry below 2^12: below 2^56
// without start. The value is x·y/R plus less than p·(2^260/R).
func (f *ifma) mul(b *block, x, y []value, start []operand.Mem) []value {
	k44 := f.Words64("shift44", 1<<44)
	k36 := f.Words64("shift36", 1<<36)
	kTop := f.Words64("top48", 1<<48-1<<16)
	var columns [10][]*columnTerm
	for i := range 5 {
		for j := range 5 {
			at := 4 * max(i, j)
			columns[i+j] = append(columns[i+j], &columnTerm{at: at, x: x[i], y: y[j]})
			columns[i+j+1] = append(columns[i+j+1], &columnTerm{at: at, high: true, x: x[i], y: y[j]})
		}
	}
	var out []value
	var below value // the column below
	for s := range columns {
		terms := columns[s]
		slices.SortStableFunc(terms, func(a, b *columnTerm) int { return a.at - b.at })
		var chains [2]value
		var ends [2]int
		n := 2
		if slices.Contains(single, s) {
			n = 1
		}
		for i := range chains {
			chains[i], ends[i] = zero, -1
		}
		for i, t := range terms {
			c := 0
			if n == 2 && ends[1] < ends[0] {
				c = 1
			}
			if i == 0 && start != nil && s >= 5 {
				chains[c] = t.addTo(b, start[s-5])
			} else {
				chains[c] = t.add(b, chains[c])
			}
			ends[c] = max(ends[c], t.at) + 4
		}
		sum := chains[0]
		if s >= 2 && s <= 5 {
			carry := b.shiftRight(below, 52)
			if n == 2 {
				// The last term, of the column below, comes in the first chain.
				other := 1
				if ends[1] > ends[0] {
					sum, other = chains[1], 0
				}
				carry = b.add(chains[other], carry)
			}
			sum = b.add(sum, carry)
		} else if n == 2 {
			sum = b.add(chains[0], chains[1])
		}
		if s >= 5 {
			out = append(out, sum)
			continue
		}
		below = sum
		at := 4 + 6*s
		add := func(column int, high bool, m operand.Mem) {
			columns[column] = append(columns[column], &columnTerm{at: at, high: high, x: sum, m: m, isM: true})
		}
		add(s+1, false, k44)
		add(s+2, true, k44)
		add(s+3, false, k36)
		add(s+4, true, k36)
		add(s+4, false, kTop)
		add(s+5, true, kTop)
	}
	return out
}

// carry returns columns with what is above 52 bits added to the next. It stays in
// the column too: see above.
func (f *ifma) carry(b *block, x []value) []value {
	out := []value{x[0]}
	for i := 1; i < 5; i++ {
		out = append(out, b.add(x[i], b.shiftRight(out[i-1], 52)))
	}
	return out
}
