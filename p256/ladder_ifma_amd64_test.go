//go:build gc && !purego

package p256

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"fmt"
	"math/big"
	"math/bits"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cryptotest"
)

func TestLadderIFMA(t *testing.T) {
	ifmaOnly(t, func(t *testing.T) {
		r := newRand(40)
		// The right answer, for points of the curve, one of them with x = 0, and all k
		// but three.
		var b [2][65]byte
		copy(b[0][:], stdPrivate(&benchKey).PublicKey().Bytes())
		b[1][0] = 4
		new(big.Int).ModSqrt(curveB, bigP).FillBytes(b[1][33:])
		for _, b := range b {
			q := must[*ecdh.PublicKey](t)(ecdh.P256().NewPublicKey(b[:]))
			x := fromBig(new(big.Int).SetBytes(b[1:33]))
			check := func(k [4]uint64) {
				var nd, yy [2][4]uint64
				ladderIFMA(&nd, &yy, &k, &x)
				if d := new(big.Int).Sub(bigN, toBig(&k)); k == [4]uint64{1} || d.IsInt64() && d.Int64() <= 2 {
					return
				}
				want := new(big.Int).SetBytes(must[[]byte](t)(stdPrivate(&k).ECDH(q)))
				if got := ratio(&nd); got == nil || got.Cmp(want) != 0 {
					t.Fatalf("x(%x*q) is %x, want %x", k, got, want)
				}
				// y^2 = x^3 - 3x + b; the sign is that of a product by the textbook.
				y := ratio(&yy)
				y.Mul(y, new(big.Int).SetBytes(b[33:]))
				if !(&bigPoint{want, y.Mod(y, bigP)}).onCurve() {
					t.Fatalf("y(%x*q) is %x", k, y)
				}
			}
			someScalars(100, check)
			ladderScalars(check)
		}

		// The same as the model for any number in the place of x, on the curve or not.
		same := func(k, x [4]uint64) {
			var got, want [2][2][4]uint64
			ladderIFMA(&got[0], &got[1], &k, &x)
			if ladderModel(&want[0], &want[1], &k, &x); got != want {
				t.Fatalf("k %x, x %x: %x, want %x", k, x, got, want)
			}
		}
		for i, x := range edges(bigP) {
			if i%4 == 0 || !testing.Short() {
				same(randomBelow(r, &order), x)
			}
		}
		for range cases(20) {
			same(randomBelow(r, &order), randomBelow(r, &prime))
		}

		// The result over an operand.
		k, x := randomBelow(r, &order), randomBelow(r, &prime)
		var want, yy [2][4]uint64
		ladderIFMA(&want, &yy, &k, &x)
		for i := range 2 {
			nd := [2][4]uint64{k, k}
			ladderIFMA(&nd, &yy, &nd[i], &x)
			if nd != want {
				t.Errorf("nd[%d] is k: %x, want %x", i, nd, want)
			}
			nd = [2][4]uint64{x, x}
			ladderIFMA(&nd, &yy, &k, &nd[i])
			if nd != want {
				t.Errorf("nd[%d] is x: %x, want %x", i, nd, want)
			}
		}
	})
}

// Nothing but the arguments is read or written.
func TestLadderIFMAMemory(t *testing.T) {
	ifmaOnly(t, func(t *testing.T) {
		g := [3]*cryptotest.Guard{cryptotest.NewGuard(t, 64), cryptotest.NewGuard(t, 32), cryptotest.NewGuard(t, 32)}
		for _, at := range []func(g *cryptotest.Guard, n int) []byte{(*cryptotest.Guard).Start, (*cryptotest.Guard).End} {
			nd, k, x := (*[2][4]uint64)(pointer(at(g[0], 64))), (*[4]uint64)(pointer(at(g[1], 32))), (*[4]uint64)(pointer(at(g[2], 32)))
			*k, *x = [4]uint64{7}, fromBig(bigG.x)
			if err := cryptotest.Fault(func() { ladderIFMA(nd, new([2][4]uint64), k, x) }); err != nil {
				t.Error(err)
			}
			if *k != [4]uint64{7} || *x != fromBig(bigG.x) || ratio(nd).Cmp(bigG.mul(big.NewInt(7)).x) != 0 {
				t.Error("wrong")
			}
		}
	})
}

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(&b[0]) }

// ladderScalars calls f with the scalars that the formulas or the number of bits could
// be wrong for: those in whose ladder a multiple of the point is near one that makes a
// step exceptional, 0, n/2 or n, at any bit; and those where k+n or k+2n has one bit
// more or less.
func ladderScalars(f func(k [4]uint64)) {
	for shift := range uint(257) {
		for _, near := range []*big.Int{bigN, new(big.Int).Rsh(bigN, 1), bigR} {
			for _, around := range []*big.Int{new(big.Int).Lsh(near, shift), new(big.Int).Rsh(near, shift)} {
				few := int64(0)
				if shift < 4 {
					few = 4
				}
				for d := -few; d <= few; d++ {
					k := new(big.Int).Add(around, big.NewInt(d))
					if k.Mod(k, bigN).Sign() > 0 {
						f(fromBig(k))
					}
				}
			}
		}
	}
}

// ratio returns nd[0]/nd[1] mod p, and nil if nd[1] is 0.
func ratio(nd *[2][4]uint64) *big.Int {
	z := new(big.Int).ModInverse(toBig(&nd[1]), bigP)
	if z == nil {
		return nil
	}
	return z.Mod(z.Mul(z, toBig(&nd[0])), bigP)
}

// The proof of the bounds of ladderIFMA: whatever is in the state after some steps is
// within bounds that a step keeps, and the finish takes. The algebra panics if a bit
// could be dropped.
func TestLadderIFMABounds(t *testing.T) {
	l := ladderOf[bounds]{interval{}}
	x := l.in([5]uint64{})
	for i := range x {
		x[i].max = new(big.Int).Sub(bigP, big.NewInt(1))
		for j := range 5 {
			x[i].high[j] = low52
		}
	}
	left, right := l.setUp(x, false)
	both := func(a, b bounds) (z bounds, grew bool) {
		for i := range a {
			z[i] = a[i]
			if b[i].max.Cmp(a[i].max) > 0 {
				z[i], grew = b[i], true
				// Generously, so that there is an end to it.
				z[i].max = new(big.Int).Rsh(b[i].max, 248)
				z[i].max.Lsh(z[i].max.Add(z[i].max, big.NewInt(1)), 248)
				z[i].high[4] = new(big.Int).Rsh(z[i].max, 208).Uint64()
			}
		}
		return z, grew
	}
	left2, right2 := l.setUp(x, true)
	left, _ = both(left, left2)
	right, _ = both(right, right2)
	for round := 0; ; round++ {
		if round == 100 {
			t.Fatal("the bounds grow and grow")
		}
		grew := false
		for _, swap := range []bool{false, true} {
			nextLeft, nextRight, slope := l.step(left, right, swap)
			l.finish(nextLeft, slope)
			var g1, g2 bool
			left, g1 = both(left, nextLeft)
			right, g2 = both(right, nextRight)
			grew = grew || g1 || g2
		}
		if !grew {
			break
		}
	}
	for i := range left {
		a, b := left[i].inPrimes(), right[i].inPrimes()
		if a >= 16 || b >= 16 {
			t.Errorf("lane %d: %.2fp and %.2fp", i, a, b)
		}
		t.Logf("lane %d: less than %.2fp and %.2fp", i, a, b)
	}

	// The kernel's own arithmetic with all limbs as large as they get.
	full := func(b bounds) (z lanes52) {
		for i := range z {
			for j := range 4 {
				z[i][j] = 1<<63 - 1
			}
			z[i][4] = new(big.Int).Rsh(b[i].max, 208).Uint64() - 1
		}
		return z
	}
	e := ladderOf[lanes52]{exact{}}
	for _, swap := range []bool{false, true} {
		nextLeft, _, slope := e.step(full(left), full(right), swap)
		e.finish(nextLeft, slope)
	}
}

// What follows defines ladderIFMA's computation once more, over any kind of
// element: as integers of 64 bits, as the kernel has them, which panic where the
// kernel would go wrong in silence; and as intervals, which show that it never
// does. An element of type T is four lanes of five limbs.
type algebra[T any] interface {
	// constant returns in each lane the limbs or columns.
	constant(lanes [4][5]uint64) T
	// mul returns the columns of x*y/R + start. x and y are carried.
	mul(x, y T, start [4][5]uint64) T
	add(x, y T) T
	sub(x, y T) T
	carry(x T) T
	// lanes returns the lanes of x in another order.
	lanes(x T, order [4]int) T
	// blend returns the lanes of x that mask has, and those of y that it has not.
	blend(mask [4]bool, x, y T) T
}

// A ladderOf is the ladder over one kind of element. The names are those of the
// generator, asm/p256/ladder_ifma.go.
type ladderOf[T any] struct {
	algebra[T]
}

// in returns x in all lanes.
func (l ladderOf[T]) in(x [5]uint64) T { return l.constant([4][5]uint64{x, x, x, x}) }

func (l ladderOf[T]) all(x T, lane int) T { return l.lanes(x, [4]int{lane, lane, lane, lane}) }
func (l ladderOf[T]) times(x T, n int) T {
	sum := x
	for range n - 1 {
		sum = l.add(sum, x)
	}
	return sum
}

var (
	lane1   = [4]bool{1: true}
	lane2   = [4]bool{2: true}
	lane3   = [4]bool{3: true}
	lanes01 = [4]bool{true, true}
	lanes12 = [4]bool{1: true, 2: true}
	lanes13 = [4]bool{1: true, 3: true}
	lanes23 = [4]bool{2: true, 3: true}

	none [4][5]uint64
)

func (l ladderOf[T]) setUp(x T, swap bool) (left, right T) {
	b2 := biasOf(2)
	x = l.mul(x, l.in(montgomery52(big260)), none)
	xC := l.carry(x)
	u := l.mul(xC, xC, none)
	v := l.add(u, l.in(montgomery52(big.NewInt(-3))))
	m := l.add(l.times(u, 2), v)
	mC := l.carry(m)
	w := l.mul(l.blend(lanes23, mC, l.carry(l.times(x, 4))), l.blend(lanes23, mC, l.carry(v)), [4][5]uint64{2: b2, 3: b2})
	y2 := l.carry(l.all(l.add(w, l.in(montgomery52(new(big.Int).Lsh(curveB, 2)))), 0))
	xR := l.sub(l.all(w, 2), l.mul(l.carry(l.times(x, 3)), y2, none))
	xRC := l.carry(xR)
	w = l.mul(l.blend(lane3, y2, l.blend(lane2, l.carry(l.times(m, 2)), xRC)), l.blend(lane3, y2, xRC), none)
	to := [4]bool{!swap, false, swap, false}
	return l.third(w, l.blend(to, xR, l.constant(none)), swap)
}

func (l ladderOf[T]) step(left, right T, swap bool) (nextLeft, nextRight, slope T) {
	b3 := biasOf(3)
	p := l.mul(left, right, [4][5]uint64{0: b3, 2: b3})
	q := l.lanes(p, [4]int{0, 1, 1, 1})
	s := l.blend([4]bool{true, true, false, true}, l.lanes(p, [4]int{0, 1, 1, 1}), l.where(lane2, l.sub, p, q))
	y := l.lanes(p, [4]int{1, 1, 3, 3})
	y = l.blend(lanes01, l.where(lanes01, l.sub, l.lanes(p, [4]int{0, 0, 2, 2}), y), y)
	m := l.blend(lane2, l.all(l.add(y, p), 0), p)
	m = l.blend(lane2, l.where(lane2, l.sub, m, y), m)
	slope = l.carry(m)
	r := l.mul(l.carry(s), l.carry(y), none)
	d := l.add(l.lanes(r, [4]int{0, 0, 0, 1}), l.all(r, 2))
	x := l.all(r, 3)
	x = l.blend([4]bool{!swap, false, swap, false}, l.add(x, d), x)
	dC := l.carry(d)
	w := l.mul(dC, l.blend(lanes23, slope, dC), none)
	nextLeft, nextRight = l.third(w, x, swap)
	return nextLeft, nextRight, slope
}

// where returns f(x, y) in the lanes of mask and f(0, 0) in the others, where f may
// not be allowed.
func (l ladderOf[T]) where(mask [4]bool, f func(x, y T) T, x, y T) T {
	zero := l.constant(none)
	return f(l.blend(mask, x, zero), l.blend(mask, y, zero))
}

func (l ladderOf[T]) third(w, x T, swap bool) (left, right T) {
	y := l.lanes(w, [4]int{0, 3, 0, 3})
	d := l.all(w, 2)
	zero := l.constant(none)
	right = l.add(y, l.blend([4]bool{false, !swap, false, !swap}, d, zero))
	left = l.blend(lanes13, l.add(y, l.blend([4]bool{false, swap, false, !swap}, d, zero)), x)
	return l.carry(left), l.carry(right)
}

// finish returns the numerator and the denominator in lanes 0 and 2, and the ratio of
// y-coordinates in lanes 1 and 3.
func (l ladderOf[T]) finish(left, slope T) T {
	number := func(n int64) [5]uint64 { return montgomery52(big.NewInt(n)) }
	b3, b7 := l.in(biasOf(3)), l.in(biasOf(7))
	one := [5]uint64{1}
	third := new(big.Int).ModInverse(big.NewInt(3), bigP)
	third.Mul(third, curveB).Mod(third, bigP)

	t := l.mul(l.blend(lane3, l.all(slope, 2), left), l.constant([4][5]uint64{number(4), number(12), number(4), number(1)}), none)
	m := l.carry(l.all(t, 3))
	x := l.sub(l.sub(l.mul(m, m, [4][5]uint64{biasOf(3), biasOf(3), biasOf(3), biasOf(3)}), l.all(t, 0)), l.all(t, 2))
	v := l.add(x, l.blend(lanes12, l.lanes(l.times(t, 3), [4]int{0, 0, 2, 2}), l.constant(none)))
	v = l.carry(l.blend(lane3, t, v))
	u := l.mul(l.lanes(v, [4]int{0, 0, 2, 2}), l.lanes(v, [4]int{2, 1, 1, 3}), none)
	c0 := l.sub(l.add(l.all(t, 1), b3), l.all(u, 3))
	c := l.carry(c0)
	m = l.carry(l.times(l.all(t, 3), 6))
	right := l.blend(lane3, v, l.blend(lanes23, l.carry(l.all(u, 2)), c))
	w := l.mul(l.blend(lanes23, l.all(v, 0), c), l.blend(lane1, m, right), none)
	num := l.add(l.add(l.add(l.all(u, 0), l.all(u, 1)), l.all(u, 2)), l.all(w, 1))
	den := l.sub(l.add(l.all(w, 2), b7), l.times(l.all(w, 0), 3))
	all := l.blend(lane1, t, l.blend(lanes01, num, l.blend(lane3, l.add(c0, w), den)))
	first := l.in(number(1))
	first = l.blend(lane1, first, l.blend(lanes01, l.all(v, 2), first))
	w = l.mul(l.carry(all), first, none)
	w = l.mul(l.carry(w), l.constant([4][5]uint64{limbs52(third), one, one, one}), none)
	return l.carry(w)
}

var curveB = elliptic.P256().Params().B

const low52 = 1<<52 - 1

// montgomery52 returns x*2^260 mod p.
func montgomery52(x *big.Int) [5]uint64 {
	y := new(big.Int).Lsh(x, 260)
	return limbs52(y.Mod(y, bigP))
}

// biasOf returns k*p in columns of which all but the last are at least 2^58-2^6.
func biasOf(k int64) [5]uint64 {
	l := limbs52(new(big.Int).Mul(big.NewInt(k), bigP))
	for i := range 4 {
		l[i] += 1 << 58
		l[i+1] -= 1 << 6
	}
	return l
}

// lanes52 is an element as the kernel has it: lane by lane, limb by limb.
type lanes52 [4][5]uint64

// exact is the algebra of lanes52.
type exact struct{}

func (exact) constant(lanes [4][5]uint64) lanes52 { return lanes }

func assert(ok bool, what string, args ...any) {
	if !ok {
		panic(fmt.Sprintf(what, args...))
	}
}

// madd adds the low and the high 52 bits of x*y to two columns.
func madd(low, high *uint64, x, y uint64) {
	hi, lo := bits.Mul64(x&low52, y&low52)
	*low = plus(*low, lo&low52)
	*high = plus(*high, hi<<12|lo>>52)
}

func plus(x, y uint64) uint64 {
	assert(x+y >= x, "a column overflows")
	return x + y
}

func (exact) mul(x, y lanes52, start [4][5]uint64) (z lanes52) {
	for i := range z {
		assert(x[i][4] <= low52 && y[i][4] <= low52, "the last limb of an operand has more than 52 bits")
		var c [10]uint64
		for j := range 5 {
			for k := range 5 {
				madd(&c[j+k], &c[j+k+1], x[i][j], y[i][k])
			}
		}
		for j := range 5 {
			c[j+5] = plus(c[j+5], start[i][j])
		}
		for j := range 5 {
			m := c[j]
			c[j+1] = plus(c[j+1], m>>52)
			madd(&c[j+1], &c[j+2], m, 1<<44)
			madd(&c[j+3], &c[j+4], m, 1<<36)
			madd(&c[j+4], &c[j+5], m, 1<<48-1<<16)
		}
		z[i] = [5]uint64(c[5:])
	}
	return z
}

func (exact) add(x, y lanes52) lanes52 {
	for i := range x {
		for j := range x[i] {
			x[i][j] = plus(x[i][j], y[i][j])
		}
	}
	return x
}

func (exact) sub(x, y lanes52) lanes52 {
	for i := range x {
		for j := range x[i] {
			assert(x[i][j] >= y[i][j], "a column becomes negative")
			x[i][j] -= y[i][j]
		}
	}
	return x
}

func (exact) carry(x lanes52) lanes52 {
	for i := range x {
		for j := range 4 {
			x[i][j+1] = plus(x[i][j+1], x[i][j]>>52)
		}
	}
	return x
}

func (exact) lanes(x lanes52, order [4]int) (z lanes52) {
	for i, from := range order {
		z[i] = x[from]
	}
	return z
}

func (exact) blend(mask [4]bool, x, y lanes52) lanes52 {
	for i := range mask {
		if !mask[i] {
			x[i] = y[i]
		}
	}
	return x
}

// ladderModel works like ladderIFMA.
func ladderModel(nd, yy *[2][4]uint64, k, x *[4]uint64) {
	l := ladderOf[lanes52]{exact{}}
	s := new(big.Int).Add(toBig(k), bigN)
	if s.BitLen() < 257 {
		s.Add(s, bigN)
	}
	assert(s.BitLen() == 257, "the scalar has not 257 bits")
	left, right := l.setUp(l.in(limbs52(toBig(x))), s.Bit(255) != 1)
	var slope lanes52
	for i := 255; i >= 0; i-- {
		next := uint(1)
		if i > 0 {
			next = s.Bit(i - 1)
		}
		left, right, slope = l.step(left, right, s.Bit(i) != next)
	}
	out := l.finish(left, slope)
	for lane, r := range []*[4]uint64{&nd[0], &yy[0], &nd[1], &yy[1]} {
		z := new(big.Int)
		for j := 4; j >= 0; j-- {
			z.Lsh(z, 52).Add(z, new(big.Int).SetUint64(out[lane][j]&low52))
		}
		assert(z.Cmp(new(big.Int).Lsh(bigP, 1)) < 0, "a result is not less than 2p")
		*r = fromBig(z.Mod(z, bigP))
	}
}

// bounds are what is known of an element.
type bounds [4]bound

// A bound is what is known of one lane.
type bound struct {
	min, max  *big.Int  // of the value
	low, high [5]uint64 // of the limbs or columns, if they are columns
	columns   bool      // may be added
	limbs     bool      // may be multiplied
}

func (b *bound) inPrimes() float64 {
	f, _ := new(big.Rat).SetFrac(b.max, bigP).Float64()
	return f
}

// value returns the number that columns make.
func valueOf(c [5]uint64) *big.Int {
	x := new(big.Int)
	for i := 4; i >= 0; i-- {
		x.Lsh(x, 52).Add(x, new(big.Int).SetUint64(c[i]))
	}
	return x
}

// tighten lowers the bound of the last column to what the value leaves it.
func (b *bound) tighten() {
	if top := new(big.Int).Rsh(b.max, 208); top.IsUint64() {
		b.high[4] = min(b.high[4], top.Uint64())
	}
}

// interval is the algebra of bounds.
type interval struct{}

func (interval) constant(lanes [4][5]uint64) (z bounds) {
	for i, l := range lanes {
		limbs := true
		for _, limb := range l {
			limbs = limbs && limb <= low52
		}
		z[i] = bound{valueOf(l), valueOf(l), l, l, true, limbs}
	}
	return z
}

func (interval) mul(x, y bounds, start [4][5]uint64) (z bounds) {
	for i := range z {
		a, b := x[i], y[i]
		assert(a.limbs && b.limbs, "columns are multiplied")
		assert(a.high[4] <= low52 && b.high[4] <= low52, "%.2fp times %.2fp: more than 52 bits", a.inPrimes(), b.inPrimes())
		// Each of the terms that exact.mul adds is below 2^52.
		var c [10]uint64
		for j := range 5 {
			for k := range 5 {
				c[j+k] = plus(c[j+k], low52)
				c[j+k+1] = plus(c[j+k+1], low52)
			}
		}
		for j := range 5 {
			c[j+5] = plus(c[j+5], start[i][j])
		}
		for j := range 5 {
			for k := 1; k <= 5; k++ {
				c[j+k] = plus(c[j+k], low52)
			}
			c[j+4] = plus(c[j+4], low52)
			c[j+1] = plus(c[j+1], c[j]>>52)
		}
		v := new(big.Int).Mul(a.max, b.max)
		v.Add(v, new(big.Int).Mul(new(big.Int).Sub(big260, big.NewInt(1)), bigP)).Rsh(v, 260)
		z[i] = bound{valueOf(start[i]), v.Add(v, valueOf(start[i])), start[i], [5]uint64(c[5:]), true, false}
		z[i].tighten()
	}
	return z
}

func (interval) add(x, y bounds) (z bounds) {
	for i := range z {
		a, b := x[i], y[i]
		assert(a.columns && b.columns, "limbs are added")
		z[i] = bound{min: new(big.Int).Add(a.min, b.min), max: new(big.Int).Add(a.max, b.max), columns: true}
		for j := range 5 {
			z[i].low[j], z[i].high[j] = plus(a.low[j], b.low[j]), plus(a.high[j], b.high[j])
		}
		z[i].tighten()
	}
	return z
}

func (interval) sub(x, y bounds) (z bounds) {
	for i := range z {
		a, b := x[i], y[i]
		assert(a.columns && b.columns, "limbs are subtracted")
		z[i] = bound{min: new(big.Int).Sub(a.min, b.max), max: new(big.Int).Sub(a.max, b.min), columns: true}
		for j := range 5 {
			assert(a.low[j] >= b.high[j], "column %d may become negative: %x - %x", j, a.low[j], b.high[j])
			z[i].low[j], z[i].high[j] = a.low[j]-b.high[j], a.high[j]-b.low[j]
		}
		z[i].tighten()
	}
	return z
}

func (interval) carry(x bounds) (z bounds) {
	for i, a := range x {
		assert(a.columns, "limbs are carried")
		c := a.high
		for j := range 4 {
			c[j+1] = plus(c[j+1], c[j]>>52)
		}
		z[i] = bound{min: a.min, max: a.max, limbs: true}
		for j := range 4 {
			z[i].high[j] = low52
		}
		z[i].high[4] = c[4]
		z[i].tighten()
	}
	return z
}

func (interval) lanes(x bounds, order [4]int) (z bounds) {
	for i, from := range order {
		z[i] = x[from]
	}
	return z
}

func (interval) blend(mask [4]bool, x, y bounds) bounds {
	for i := range mask {
		if !mask[i] {
			x[i] = y[i]
		}
	}
	return x
}
