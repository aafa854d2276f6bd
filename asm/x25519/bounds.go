package main

import (
	"fmt"
	"math/big"
)

// An interval holds what one limb can be, in any lane.
type interval struct{ lo, hi *big.Int }

// bounds are the intervals of five limbs. The generator computes those of every
// value while it emits the instructions that compute the value, and panics where
// they don't fit: VPMADD52LUQ and VPMADD52HUQ drop the bits from 52 on of their
// factors without a word, and sums wrap at 2^64.
type bounds [5]interval

// upTo returns the bounds 0 <= limb <= max[i].
func upTo(max [5]uint64) (b bounds) {
	for i := range b {
		b[i] = interval{new(big.Int), new(big.Int).SetUint64(max[i])}
	}
	return b
}

// exactly returns the bounds of a constant.
func exactly(c [5]uint64) bounds {
	b := upTo(c)
	for i := range b {
		b[i].lo = b[i].hi
	}
	return b
}

func (x interval) add(y interval) interval {
	return interval{new(big.Int).Add(x.lo, y.lo), new(big.Int).Add(x.hi, y.hi)}
}

func (x interval) sub(y interval) interval {
	return interval{new(big.Int).Sub(x.lo, y.hi), new(big.Int).Sub(x.hi, y.lo)}
}

func (x interval) times(c int64) interval {
	return interval{new(big.Int).Mul(x.lo, big.NewInt(c)), new(big.Int).Mul(x.hi, big.NewInt(c))}
}

// union returns the smallest interval that holds both.
func (x interval) union(y interval) interval {
	if y.lo.Cmp(x.lo) < 0 {
		x.lo = y.lo
	}
	if y.hi.Cmp(x.hi) > 0 {
		x.hi = y.hi
	}
	return x
}

func (x interval) within(y interval) bool { return x.lo.Cmp(y.lo) >= 0 && x.hi.Cmp(y.hi) <= 0 }

// word returns x if it fits a word: 0 <= x < 2^64.
func (x interval) word() interval { return x.below(64) }

// below returns x if 0 <= x < 2^n.
func (x interval) below(n int) interval {
	if x.lo.Sign() < 0 || x.hi.BitLen() > n {
		panic(fmt.Sprintf("x25519: limb of %d to %d (%d bits), want %d bits", x.lo, x.hi, x.hi.BitLen(), n))
	}
	return x
}

// lowBits returns the bounds of x mod 2^n.
func (x interval) lowBits(n uint) interval {
	max := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), n), big.NewInt(1))
	if x.lo.Sign() >= 0 && x.hi.Cmp(max) <= 0 {
		return x
	}
	return interval{new(big.Int), max}
}

// shift returns the bounds of x >> n for x >= 0.
func (x interval) shift(n uint) interval {
	return interval{new(big.Int).Rsh(x.lo, n), new(big.Int).Rsh(x.hi, n)}
}

// mul returns the bounds of x·y for x, y >= 0.
func (x interval) mul(y interval) interval {
	return interval{new(big.Int).Mul(x.lo, y.lo), new(big.Int).Mul(x.hi, y.hi)}
}

// each returns f of every limb.
func each(f func(i int) interval) (b bounds) {
	for i := range b {
		b[i] = f(i)
	}
	return b
}

func (x bounds) add(y bounds) bounds {
	return each(func(i int) interval { return x[i].add(y[i]).word() })
}

func (x bounds) sub(y bounds) bounds {
	return each(func(i int) interval { return x[i].sub(y[i]).word() })
}

// plusMinus returns the bounds of x+y and x-y in the lanes of one vector.
func (x bounds) plusMinus(y bounds) bounds {
	return each(func(i int) interval { return x[i].add(y[i]).union(x[i].sub(y[i])).word() })
}

func (x bounds) union(y bounds) bounds {
	return each(func(i int) interval { return x[i].union(y[i]) })
}

func (x bounds) within(y bounds) bool {
	for i := range x {
		if !x[i].within(y[i]) {
			return false
		}
	}
	return true
}

// carried returns the bounds after a parallel carry: each limb keeps 51 bits,
// the rest of each goes to the next, and that of the last to the first, 19-fold.
func (x bounds) carried() bounds {
	return each(func(i int) interval {
		c := x[(i+4)%5].word().shift(51)
		if i == 0 {
			c = c.below(52).times(19).below(52)
		}
		return x[i].lowBits(51).add(c)
	})
}

// value returns the most that the five limbs stand for together.
func (x bounds) value() *big.Int {
	v := new(big.Int)
	for i := 4; i >= 0; i-- {
		v.Lsh(v, 51).Add(v, x[i].hi)
	}
	return v
}
