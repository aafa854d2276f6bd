package main

import (
	"fmt"
	"math/big"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"

	"github.com/sealane/sealane/asm/internal/gen"
)

// field52 emits arithmetic mod p on one number a lane of a vector of any width.
//
// # Numbers
//
// A number is five vectors: a0 + a1 2^52 + ... + a4 2^208 in each lane, times R =
// 2^260 mod p (Montgomery's form). The multiply-add instructions take the lowest 52
// bits of their factors, without a word about others, and give the low or the high 52
// bits of the product. Two forms:
//
//	limbs    less than 2^52: factors. The value is less than 2^260, almost 16p
//	columns  signed and not carried: products, and sums of them
//
// As limbs have no bit to spare, carries go through one after the other (carry). So
// columns may as well be negative, if only the value is not.
//
// Bounds of values are in units of p and stand where values are computed. A product
// of a and b is less than 1 + ab/16, in these units: see reduce.
type field52 struct {
	*gen.Ctx
	*gen.Block
	width gen.Width
}

// A number is one a lane: variables that are limbs or columns.
type number [5]reg.VecVirtual

// Registers that keep their value in functions that use field52.
const (
	regMask   = 31 // 2^52 - 1
	regTwo44  = 30
	freeRegs  = 29
	limbsMask = 1<<52 - 1
)

var limbsOfP = limbs52(prime)

// limbs52 returns five limbs of 52 bits.
func limbs52(x *big.Int) (ls [5]uint64) {
	for i := range ls {
		ls[i] = new(big.Int).Rsh(x, uint(52*i)).Uint64() & limbsMask
	}
	return ls
}

// montgomery52 returns the limbs of x*2^260 mod p.
func montgomery52(x *big.Int) [5]uint64 {
	m := new(big.Int).Lsh(x, 260)
	return limbs52(m.Mod(m, prime))
}

func (f *field52) reg(i int) reg.VecPhysical { return f.width.Reg(i) }

// constants sets the registers that keep their value.
func (f *field52) constants() {
	f.VPBROADCASTQ(f.Words64("mask52", limbsMask), f.reg(regMask))
	f.VPBROADCASTQ(f.Words64("two44", 1<<44), f.reg(regTwo44))
}

// block emits what body writes.
func (f *field52) block(body func()) {
	var free []int
	for i := range freeRegs {
		free = append(free, i)
	}
	f.Block = f.NewBlock(f.width, free)
	body()
	f.Emit()
}

// at returns limb i of a number in memory.
func (f *field52) at(m Mem, i int) Mem { return m.Offset(i * f.width.Bytes()) }

func (f *field52) load(m Mem) (r number) {
	for i := range r {
		r[i] = f.Var()
		f.Do(x86.VMOVDQU64(f.at(m, i), r[i]))
	}
	return r
}

func (f *field52) store(a number, m Mem) {
	for i, v := range a {
		f.Do(x86.VMOVDQU64(v, f.at(m, i)))
	}
}

func (f *field52) zero() reg.VecVirtual {
	r := f.Var()
	f.Do(x86.VPXORQ(r, r, r))
	return r
}

func (f *field52) plus(a, b Op) reg.VecVirtual {
	r := f.Var()
	f.Do(x86.VPADDQ(b, a, r))
	return r
}

func (f *field52) minus(a, b Op) reg.VecVirtual {
	r := f.Var()
	f.Do(x86.VPSUBQ(b, a, r))
	return r
}

// add and sub return sums and differences of columns.
func (f *field52) add(a, b number) (r number) {
	for i := range r {
		r[i] = f.plus(a[i], b[i])
	}
	return r
}

func (f *field52) sub(a, b number) (r number) {
	for i := range r {
		r[i] = f.minus(a[i], b[i])
	}
	return r
}

// addP returns a + n p, columns.
func (f *field52) addP(a number, n uint64) (r number) {
	for i, limb := range limbsOfP {
		if r[i] = a[i]; limb != 0 {
			r[i] = f.Var()
			f.Do(x86.VPADDQ_BCST(f.Words64(fmt.Sprintf("p%dx%d", i, n), n*limb), a[i], r[i]))
		}
	}
	return r
}

// carry returns the limbs of columns whose value is at least 0 and less than 2^260.
func (f *field52) carry(a number) (r number) {
	v := a[0]
	for i := range r {
		if i == 4 {
			r[i] = v
			break
		}
		high := f.Var()
		r[i] = f.Var()
		f.Do(x86.VPSRAQ(Imm(52), v, high))
		f.Do(x86.VPANDQ(f.reg(regMask), v, r[i]))
		v = f.plus(a[i+1], high)
	}
	return r
}

// fold returns columns of a value that is less by a multiple of p and less than 1.01:
// of columns less than 2^58 in magnitude, whose value is at least 0 and less than 16.
//
// With q = floor(a4 / 2^48) it is a - q p, where p = 2^256 - 2^224 + 2^192 + 2^96 -
// 1. What a has besides q 2^256 is more than -2^215 and less than 2^256 + 2^215, for
// the other columns, which are signed, are less than 2^58 2^156 (1 + 2^-51) in sum. q
// (2^224 - ...) is more than 2^223 if q > 0; if q = 0 the result is a, and if q = -1
// it is a + p and a < 2^215. So it is not negative, and less than 2^256 + 2^215 + 15
// 2^224 < 1.01 p.
func (f *field52) fold(a number) (r number) {
	q := f.Var()
	f.Do(x86.VPSRAQ(Imm(48), a[4], q))
	shifted := func(n uint64, v reg.VecVirtual) reg.VecVirtual {
		r := f.Var()
		f.Do(x86.VPSLLQ(Imm(n), v, r))
		return r
	}
	r[0] = f.plus(a[0], q)
	r[1] = f.minus(a[1], shifted(44, q))
	r[2] = a[2]
	r[3] = f.minus(a[3], shifted(36, q))
	r[4] = f.plus(f.minus(a[4], shifted(48, q)), shifted(16, q))
	return r
}

// A sum is one of products: its low and high halves, by column, nil where nothing is.
type sum struct{ low, high [10]reg.VecVirtual }

func (f *field52) to(acc *reg.VecVirtual) reg.VecVirtual {
	if *acc == nil {
		*acc = f.zero()
	}
	return *acc
}

// addProduct adds a*b: the product of limbs i and j is low + 2^52 high, and belongs to
// columns i+j and i+j+1. From the lowest column to the highest: reduce starts there.
func (f *field52) addProduct(s *sum, a, b number) {
	for n := range 9 {
		for i := max(n-4, 0); i <= min(n, 4); i++ {
			f.Do(x86.VPMADD52LUQ(a[i], b[n-i], f.to(&s.low[n])))
			f.Do(x86.VPMADD52HUQ(a[i], b[n-i], f.to(&s.high[n+1])))
		}
	}
}

// columns returns the ten columns of a sum.
func (f *field52) columns(s *sum) (c [10]reg.VecVirtual) {
	for n := range c {
		switch {
		case s.low[n] == nil:
			c[n] = s.high[n]
		case s.high[n] == nil:
			c[n] = s.low[n]
		default:
			c[n] = f.plus(s.low[n], s.high[n])
		}
	}
	return c
}

// mul returns the columns of a*b/R.
func (f *field52) mul(a, b number) number {
	var s sum
	f.addProduct(&s, a, b)
	return f.reduce(f.columns(&s))
}

// mul2 returns the columns of (a*b + c*d)/R, less than 1 + (ab + cd)/16.
func (f *field52) mul2(a, b, c, d number) number {
	var s sum
	f.addProduct(&s, a, b)
	f.addProduct(&s, c, d)
	return f.reduce(f.columns(&s))
}

// square returns the columns of a^2/R. Products of different limbs are needed once
// and count twice.
func (f *field52) square(a number) number {
	var s sum
	for n := range 9 {
		for i := n / 2; i <= min(n, 4); i++ {
			if j := n - i; j < i {
				f.Do(x86.VPMADD52LUQ(a[i], a[j], f.to(&s.low[n])))
				f.Do(x86.VPMADD52HUQ(a[i], a[j], f.to(&s.high[n+1])))
			}
		}
	}
	c := f.columns(&s)
	for n := range c {
		if c[n] != nil {
			c[n] = f.plus(c[n], c[n])
		} else {
			c[n] = f.zero()
		}
	}
	for i := range a {
		f.Do(x86.VPMADD52LUQ(a[i], a[i], c[2*i]))
		f.Do(x86.VPMADD52HUQ(a[i], a[i], c[2*i+1]))
	}
	return f.reduce(c)
}

// reduce returns the columns of c/R mod p, by Montgomery: it makes one column after
// the other, from the lowest, a multiple of 2^52 by adding a multiple of p to c. As -1/p =
// 1 mod 2^52, that multiple is the column's lowest 52 bits, m: and
//
//	m p = m (2^48 - 2^16) 2^208 + m 2^36 2^156 + m 2^44 2^52 - m
//
// takes them away. c is positive; c9 may be nil, for 0. The result is less than c/R + p.
func (f *field52) reduce(c [10]reg.VecVirtual) (r number) {
	two36, top := f.Words64("two36", 1<<36), f.Words64("topOfP", 1<<48-1<<16)
	var more [10]reg.VecVirtual // a second sum of some columns, for shorter chains
	for i := range 5 {
		m := c[i]
		high := f.Var()
		f.Do(x86.VPSRLQ(Imm(52), m, high))
		f.Do(x86.VPMADD52LUQ(f.reg(regTwo44), m, c[i+1]))
		c[i+1] = f.plus(c[i+1], high)
		if i == 3 {
			c[i+1] = f.plus(c[i+1], more[i+1])
			more[i+1] = nil
		}
		f.Do(x86.VPMADD52HUQ(f.reg(regTwo44), m, c[i+2]))
		f.Do(x86.VPMADD52LUQ_BCST(two36, m, c[i+3]))
		f.Do(x86.VPMADD52HUQ_BCST(two36, m, f.to(&more[i+4])))
		f.Do(x86.VPMADD52LUQ_BCST(top, m, f.to(&more[i+4])))
		f.Do(x86.VPMADD52HUQ_BCST(top, m, f.to(&c[i+5])))
	}
	for i := range r {
		r[i] = c[i+5]
		if more[i+5] != nil {
			r[i] = f.plus(r[i], more[i+5])
		}
	}
	return r
}
