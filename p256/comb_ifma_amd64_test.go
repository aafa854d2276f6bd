//go:build gc && !purego

package p256

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

func TestCombIFMA(t *testing.T) {
	ifmaOnly(t, func(t *testing.T) {
		check := func(k [4]uint64) {
			var p [3][4]uint64
			combIFMA(&p, &k, alignedTable52())
			if got, want := fromJacobian(t, &p), generatorTimes(&k); !got.equal(want) {
				t.Fatalf("%x times the generator is %v, want %v", k, got, want)
			}
		}
		someScalars(2000, check)
		// n - 2l, for the low half l of n, whose last addition is a doubling; its
		// opposite; and their neighbours.
		l := new(big.Int).And(bigN, new(big.Int).SetBits([]big.Word{math.MaxUint, math.MaxUint}))
		for d := int64(-4); d <= 4; d++ {
			k := new(big.Int).Lsh(l, 1)
			k.Add(k, big.NewInt(d))
			check(fromBig(k))
			check(fromBig(k.Sub(bigN, k)))
		}
	})
}

func ifmaOnly(t *testing.T, f func(t *testing.T)) {
	cryptotest.Tiers(t, "p256", []cpu.Tier{cpu.IFMA}, func(t *testing.T, _ cpu.Tier) { f(t) })
}

// The table against additions of the textbook.
func TestCombTableIFMA(t *testing.T) {
	table := combTableIFMA()[:]
	var bases [8]*bigPoint
	p := bigG
	for i := range 256 {
		if i%32 == 0 {
			bases[i/32] = p
		}
		p = p.add(p)
	}
	for batch, width := range combWidths {
		entries := table[:1<<(width-1)]
		table = table[len(entries):]
		for lane, p := range bases {
			q, p2 := p, p.add(p)
			for j := range entries {
				for c, want := range []*big.Int{q.x, q.y} {
					want = new(big.Int).Lsh(want, 260)
					want.Mod(want, bigP)
					got := new(big.Int)
					for i := 4; i >= 0; i-- {
						got.Lsh(got, 52).Add(got, new(big.Int).SetUint64(entries[j][c][i][lane]))
					}
					if got.Cmp(want) != 0 {
						t.Fatalf("batch %d, entry %d, lane %d: coordinate %d is %x, want %x", batch, j, lane, c, got, want)
					}
				}
				q = q.add(p2)
			}
			for range width {
				bases[lane] = bases[lane].add(bases[lane])
			}
		}
	}
	if len(table) > 0 {
		t.Errorf("%d entries too many", len(table))
	}
}

// alignedTable52 is what it says, and combIFMA takes a table at any address.
func TestAlignedTable52(t *testing.T) {
	if at := uintptr(unsafe.Pointer(alignedTable52())); at%64 != 0 || *alignedTable52() != *combTableIFMA() {
		t.Errorf("the table at %x is not what it should be", at)
	}
	ifmaOnly(t, func(t *testing.T) {
		shifted := new([2]combTable52)
		table := (*combTable52)(unsafe.Add(unsafe.Pointer(shifted), 8))
		*table = *combTableIFMA()
		k := [4]uint64{1, 2, 3, 4}
		var got, want [3][4]uint64
		combIFMA(&got, &k, table)
		if combIFMA(&want, &k, alignedTable52()); got != want {
			t.Errorf("%x, want %x", got, want)
		}
	})
}

// combWidths are the bits of a digit in each batch.
var combWidths = []int{6, 6, 5, 5, 5, 5}

// The arithmetic of tier ifma as a model that computes what the kernels compute, limb by
// limb, on intervals instead of words. It panics when a factor of a multiply-add may have
// more than 52 bits, when a column may overflow, or when a value may be negative or
// exceed what the next step takes. Of intervals of one word each, the result is the
// kernels'.

// A span is a word of which only bounds are known.
type span struct{ min, max int64 }

func exactly(w uint64) span { return span{int64(w), int64(w)} }

func (a span) add(b span) span {
	min, max := a.min+b.min, a.max+b.max
	if (min < a.min) != (b.min < 0) || (max < a.max) != (b.max < 0) {
		panic(fmt.Sprintf("%x + %x overflows", a, b))
	}
	return span{min, max}
}

func (a span) neg() span {
	if a.min == math.MinInt64 {
		panic("overflow")
	}
	return span{-a.max, -a.min}
}

func (a span) shl(n uint) span {
	if a.max<<n>>n != a.max || a.min<<n>>n != a.min {
		panic(fmt.Sprintf("%x << %d overflows", a, n))
	}
	return span{a.min << n, a.max << n}
}

func (a span) shr(n uint) span { return span{a.min >> n, a.max >> n} }

// low returns the lowest n bits.
func (a span) low(n uint) span {
	mask := int64(1)<<n - 1
	if a.min>>n == a.max>>n {
		return span{a.min & mask, a.max & mask}
	}
	return span{0, mask}
}

// product returns the low and the high 52 bits of a product: what VPMADD52LUQ and
// VPMADD52HUQ add.
func (a span) product(b span) (low, high span) {
	if a.min < 0 || b.min < 0 || a.max >= 1<<52 || b.max >= 1<<52 {
		panic(fmt.Sprintf("%x * %x: more than 52 bits", a, b))
	}
	minHi, minLo := bits.Mul64(uint64(a.min), uint64(b.min))
	maxHi, maxLo := bits.Mul64(uint64(a.max), uint64(b.max))
	high = span{int64(minHi<<12 | minLo>>52), int64(maxHi<<12 | maxLo>>52)}
	if a.min == a.max && b.min == b.max {
		return span{int64(minLo), int64(maxLo)}.low(52), high
	}
	return span{0, 1<<52 - 1}, high
}

// A number52 has limbs, or columns, and a value of which bounds are known, too: tighter
// ones than the limbs give.
type number52 struct {
	limbs    [5]span
	min, max *big.Int
}

var big260 = new(big.Int).Lsh(big.NewInt(1), 260)

// exact52 returns the number with the given limbs.
func exact52(limbs [5]uint64) (a number52) {
	a.min = new(big.Int)
	for i := 4; i >= 0; i-- {
		a.limbs[i] = exactly(limbs[i])
		a.min.Lsh(a.min, 52).Add(a.min, new(big.Int).SetUint64(limbs[i]))
	}
	a.max = a.min
	return a
}

// upTo52 returns all limbs of values from 0 to n/100 p.
func upTo52(n int64) (a number52) {
	a.min = new(big.Int)
	a.max = new(big.Int).Mul(bigP, big.NewInt(n))
	a.max.Div(a.max, big.NewInt(100))
	for i := range a.limbs {
		a.limbs[i] = span{0, 1<<52 - 1}
	}
	a.limbs[4].max = new(big.Int).Rsh(a.max, 208).Int64()
	return a
}

// under panics unless a is at most n/100 p.
func (a number52) under(n int64) number52 {
	if limit := upTo52(n).max; a.max.Cmp(limit) > 0 {
		f, _ := new(big.Float).Quo(new(big.Float).SetInt(a.max), new(big.Float).SetInt(bigP)).Float64()
		panic(fmt.Sprintf("up to %v p, more than %d/100", f, n))
	}
	return a
}

func (a number52) add(b number52) (r number52) {
	for i := range r.limbs {
		r.limbs[i] = a.limbs[i].add(b.limbs[i])
	}
	r.min, r.max = new(big.Int).Add(a.min, b.min), new(big.Int).Add(a.max, b.max)
	return r
}

func (a number52) neg() (r number52) {
	for i := range r.limbs {
		r.limbs[i] = a.limbs[i].neg()
	}
	r.min, r.max = new(big.Int).Neg(a.max), new(big.Int).Neg(a.min)
	return r
}

func (a number52) sub(b number52) number52 { return a.add(b.neg()) }

// addP is field52.addP.
func (a number52) addP(n uint64) number52 {
	limbs := limbs52(bigP)
	for i := range limbs {
		limbs[i] *= n
	}
	return a.add(exact52(limbs))
}

func limbs52(x *big.Int) (limbs [5]uint64) {
	for i := range limbs {
		limbs[i] = new(big.Int).Rsh(x, uint(52*i)).Uint64() & (1<<52 - 1)
	}
	return limbs
}

// carry is field52.carry.
func (a number52) carry() number52 {
	if a.min.Sign() < 0 || a.max.Cmp(big260) >= 0 {
		panic(fmt.Sprintf("from %x to %x", a.min, a.max))
	}
	r := number52{min: a.min, max: a.max}
	var high span
	for i := range r.limbs {
		v := a.limbs[i].add(high)
		if i == 4 {
			// The value bounds the last limb, where the bounds of columns do not.
			r.limbs[4] = span{max(v.min, 0), min(v.max, new(big.Int).Rsh(a.max, 208).Int64())}
			break
		}
		r.limbs[i], high = v.low(52), v.shr(52)
	}
	return r
}

// fold is field52.fold.
func (a number52) fold() number52 {
	for _, limb := range a.limbs {
		if limb.min <= -1<<58 || limb.max >= 1<<58 {
			panic(fmt.Sprintf("column %x", limb))
		}
	}
	if a.min.Sign() < 0 || a.max.Cmp(new(big.Int).Mul(bigP, big.NewInt(16))) >= 0 {
		panic(fmt.Sprintf("from %x to %x", a.min, a.max))
	}
	q := a.limbs[4].shr(48)
	r := a
	r.limbs[0] = a.limbs[0].add(q)
	r.limbs[1] = a.limbs[1].sub(q.shl(44))
	r.limbs[3] = a.limbs[3].sub(q.shl(36))
	r.limbs[4] = a.limbs[4].low(48).add(q.shl(16))
	if q.min == q.max {
		p := new(big.Int).Mul(bigP, big.NewInt(q.min))
		r.min, r.max = new(big.Int).Sub(a.min, p), new(big.Int).Sub(a.max, p)
		if a.min.Cmp(a.max) == 0 {
			return r.under(101)
		}
	}
	r.min, r.max = new(big.Int), upTo52(101).max
	return r
}

func (a span) sub(b span) span { return a.add(b.neg()) }

// mul52 is field52.mul and mul2: the sum of products of neighbours.
func mul52(factors ...number52) (r number52) {
	var c [10]span
	r.min, r.max = new(big.Int), new(big.Int)
	for n := 0; n < len(factors); n += 2 {
		a, b := factors[n], factors[n+1]
		for i := range a.limbs {
			for j := range b.limbs {
				low, high := a.limbs[i].product(b.limbs[j])
				c[i+j] = c[i+j].add(low)
				c[i+j+1] = c[i+j+1].add(high)
			}
		}
		r.min.Add(r.min, new(big.Int).Mul(a.min, b.min))
		r.max.Add(r.max, new(big.Int).Mul(a.max, b.max))
	}
	reduce52(&r, c)
	return r
}

// reduce52 is field52.reduce; r has the value of c.
func reduce52(r *number52, c [10]span) {
	p := limbs52(bigP)
	p[0], p[1] = 0, p[1]+1 // p + 1
	multiple, exact := new(big.Int), r.min.Cmp(r.max) == 0
	for i := range 5 {
		if c[i].min < 0 {
			panic("a negative column")
		}
		m := c[i].low(52)
		multiple.Add(multiple, new(big.Int).Lsh(big.NewInt(m.max), uint(52*i)))
		for j := 1; j < 5; j++ {
			if j == 2 {
				continue
			}
			low, high := m.product(exactly(p[j]))
			c[i+j] = c[i+j].add(low)
			c[i+j+1] = c[i+j+1].add(high)
		}
		c[i+1] = c[i+1].add(c[i].shr(52))
	}
	copy(r.limbs[:], c[5:])
	multiple.Mul(multiple, bigP)
	r.max.Add(r.max, multiple)
	if exact {
		r.min.Set(r.max)
	}
	r.min.Rsh(r.min, 260)
	r.max.Rsh(r.max, 260)
}

// A point52 is a sum of combIFMA.
type point52 struct{ x, y, zz, zzz number52 }

// signs52 returns the columns of a, or of -a; of both, if it is not known which.
func signs52(a number52, negative, known bool) number52 {
	n := a.neg()
	if known {
		if negative {
			return n
		}
		return a
	}
	r := n
	for i := range r.limbs {
		r.limbs[i].max = a.limbs[i].max
	}
	r.max = a.max
	return r
}

// add is comb52.addPoints: of q, negated or, if not even that is known, either.
func (s *point52) add(q *[2]number52, negative, known bool) {
	p := mul52(q[0], s.zz).sub(s.x).addP(2).carry().under(310)
	r := signs52(mul52(q[1], s.zzz), negative, known).sub(s.y).addP(3).carry().under(410)
	pp := mul52(p, p).carry().under(161)
	rr := mul52(r, r).under(210)
	cube := mul52(p, pp)
	ppp := cube.carry().under(132)
	n := cube.neg().addP(2).carry()
	q1 := mul52(s.x, pp).under(112)
	rest := rr.sub(ppp)
	s.x = rest.sub(q1.add(q1)).addP(4).fold().carry()
	d := q1.add(q1).add(q1).sub(rest).addP(3).fold().carry()
	s.zz, s.zzz = mul52(s.zz, pp).carry(), mul52(s.zzz, ppp).carry()
	s.y = mul52(r, d, s.y, n).carry()
}

// merge52 is comb52.merge, of the first of two partners and the second. It computes
// what lanes do not need, too: that must keep within bounds.
func merge52(a, b *point52) (s point52) {
	u1, u2 := mul52(a.x, b.zz).under(108), mul52(b.x, a.zz).under(108)
	s1, s2 := mul52(a.y, b.zzz).under(119), mul52(b.y, a.zzz).under(119)
	p := u2.sub(u1).addP(2).carry().under(310)
	u1.sub(u2).addP(2).carry()
	r := s2.sub(s1).addP(2).carry().under(320)
	s1.sub(s2).addP(2).carry()
	zz, zzz := mul52(a.zz, b.zz).carry(), mul52(a.zzz, b.zzz).carry()
	pp, rr := mul52(p, p).carry().under(161), mul52(r, r).carry().under(165)

	c, q := mul52(p, pp).under(132), mul52(u1.carry(), pp).under(112)
	var d number52
	for _, lane := range []struct{ square, own, other number52 }{{pp, c, q}, {rr, q, c}} {
		rest := lane.square.sub(lane.other)
		s.x = rest.sub(lane.own.add(lane.own)).addP(4).fold().carry()
		d = lane.own.add(lane.own).add(lane.own).sub(rest).addP(3).fold().carry()
		lane.other.carry()
	}
	n := c.neg().addP(2).carry()
	s.zz, s.zzz = mul52(zz, pp).carry(), mul52(zzz, c.carry()).carry()
	s.y = mul52(s1.carry(), n).add(mul52(r, d)).carry()
	return s
}

// under panics unless the bounds of comb52.addPoints hold, and y is at most n/100 p.
func (s *point52) under(n int64) {
	s.x.under(101)
	s.y.under(n)
	s.zz.under(120)
	s.zzz.under(120)
}

// The proof of the bounds of combIFMA: they hold for points from the table, and are kept
// by additions of whatever is within them. The model panics if a bit could be dropped.
func TestCombIFMABounds(t *testing.T) {
	table := [2]number52{upTo52(100), upTo52(100)}
	table[1].neg().addP(1).carry().under(100)
	s := point52{upTo52(101), upTo52(150), upTo52(120), upTo52(120)}
	s.add(&table, false, false)
	s.under(150)
	u := point52{upTo52(101), upTo52(240), upTo52(120), upTo52(120)}
	s = merge52(&u, &u)
	s.under(240)
	mul52(u.x, u.zz).carry()
	mul52(u.y, u.zzz).carry()
}

// combModel is combIFMA, but for the exceptional k.
func combModel(k *[4]uint64) (j [3][4]uint64) {
	b := toBig(k)
	even := b.Bit(0) == 0
	if even {
		b.Sub(bigN, b)
	}
	b.Rsh(b, 1).SetBit(b, 255, 1)
	if even {
		b.Sub(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)), b)
	}
	var sums [8]point52
	for lane := range sums {
		word := new(big.Int).Rsh(b, uint(32*lane)).Uint64()
		table := combTableIFMA()[:]
		for batch, width := range combWidths {
			negative := word>>(width-1)&1 == 0
			ones := uint64(1)<<(width-1) - 1
			entry := word & ones
			if negative {
				entry ^= ones
			}
			word >>= width
			var q [2]number52
			for c := range q {
				var limbs [5]uint64
				for i := range limbs {
					limbs[i] = table[entry][c][i][lane]
				}
				q[c] = exact52(limbs)
			}
			table = table[1<<(width-1):]
			s := &sums[lane]
			if batch > 0 {
				s.add(&q, negative, true)
			} else {
				one := exact52(limbs52(new(big.Int).Mod(big260, bigP)))
				if *s = (point52{q[0], q[1], one, one}); negative {
					s.y = s.y.neg().addP(1).carry()
				}
			}
			s.check()
			s.under(150)
		}
	}
	for step := 1; step < 8; step *= 2 {
		next := sums
		for lane := range sums {
			next[lane] = merge52(&sums[lane&^step], &sums[lane|step])
			next[lane].check()
			next[lane].under(240)
		}
		sums = next
	}
	s := sums[0]
	for i, a := range []number52{mul52(s.x, s.zz), mul52(s.y, s.zzz), s.zz} {
		// Out of Montgomery's form.
		inverse := new(big.Int).ModInverse(big260, bigP)
		j[i] = fromBig(inverse.Mul(inverse, a.max).Mod(inverse, bigP))
	}
	return j
}

// check panics unless values and limbs agree.
func (s *point52) check() {
	for _, a := range []number52{s.x, s.y, s.zz, s.zzz} {
		x := new(big.Int)
		for i := 4; i >= 0; i-- {
			x.Lsh(x, 52).Add(x, big.NewInt(a.limbs[i].max))
		}
		if x.Cmp(a.max) != 0 || x.Cmp(a.min) != 0 {
			panic(fmt.Sprintf("limbs %x of %x", a.limbs, a.max))
		}
	}
}

// The kernel's coordinates are the model's, not only the same point.
func TestCombIFMAModel(t *testing.T) {
	ifmaOnly(t, func(t *testing.T) {
		ks := edgeScalars()
		r := newRand(52)
		for range cases(20) {
			for _, k := range [][4]uint64{randomBelow(r, &order), ks[r.IntN(len(ks))]} {
				if isScalar(&k) == 0 {
					continue
				}
				var p [3][4]uint64
				combIFMA(&p, &k, alignedTable52())
				if want := combModel(&k); p != want {
					t.Fatalf("k = %x: %x, want %x", k, p, want)
				}
			}
		}
	})
}

// Columns at their bounds: the model against the formulas' values.
func TestNumber52(t *testing.T) {
	r := newRand(53)
	pick := func(r *rand.Rand) number52 {
		var limbs [5]uint64
		for i := range limbs {
			limbs[i] = []uint64{0, 1, 1<<52 - 1, r.Uint64N(1 << 52), 1 << r.Uint64N(52)}[r.IntN(5)]
		}
		limbs[4] &= 1<<50 - 1 // less than 4p
		return exact52(limbs)
	}
	congruent := func(a number52, want *big.Int) {
		t.Helper()
		limbs := new(big.Int)
		for i := 4; i >= 0; i-- {
			limbs.Lsh(limbs, 52).Add(limbs, big.NewInt(a.limbs[i].max))
		}
		if limbs.Cmp(a.max) != 0 || new(big.Int).Mod(new(big.Int).Sub(limbs, want), bigP).Sign() != 0 {
			t.Fatalf("limbs %x, value %x, want %x", a.limbs, a.max, want)
		}
	}
	inverse := new(big.Int).ModInverse(big260, bigP)
	for range 500 {
		a, b, c, d := pick(r), pick(r), pick(r), pick(r)
		want := new(big.Int).Mul(a.max, b.max)
		congruent(mul52(a, b).carry(), new(big.Int).Mul(want, inverse))
		want.Add(want, new(big.Int).Mul(c.max, d.max))
		congruent(mul52(a, b, c, d).carry(), want.Mul(want, inverse))
		difference := a.sub(b).sub(c).addP(9)
		congruent(difference.carry(), difference.max)
		congruent(difference.fold().carry(), difference.max)
	}
}
