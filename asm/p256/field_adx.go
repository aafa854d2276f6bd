package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// The tier adx: arithmetic in four words of 64 bits with MULX, ADCX and ADOX.
//
// # The field
//
// Elements are Montgomery residues, x*R mod p for x, with R = 2^256 and
//
//	p = 2^256 - 2^224 + 2^192 + 2^96 - 1
//
// A number is called reduced if it is less than p. Numbers are, unless a comment
// says that one is less than 2^256 and no more: that is what functions give whose
// names end in Weak, for less work, and it will do for an operand of a
// multiplication whose other operand is reduced.
//
// The prime is kind to Montgomery's reduction: p = -1 mod 2^64, so the multiple of
// p that clears a word t of 64 bits is t*p itself, and
//
//	t + t*p = t*2^96 + t*p3*2^192, with p3 = 2^64 - 2^32 + 1
//
// takes two shifts and one multiplication (Gueron and Krasnov, "Fast
// prime field elliptic-curve cryptography with 256-bit primes", eprint
// 2013/816).
//
// # Registers
//
// A number that is at work lies in four of the registers that words lists; the
// others of them are free for the macros. RDX is an operand of MULX. Numbers at
// rest are in memory, mostly on the stack.

var words = []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.RAX, reg.RCX, reg.RDX}

// p3 holds the highest word of p; c32 holds 32, a count to shift by.
var (
	p3  = reg.R14
	c32 = reg.R15
)

// A num is a number in registers, the least significant word first.
type num [4]reg.GPPhysical

// adx builds kernels of the tier.
type adx struct {
	*gen.Ctx
}

// start loads the constants that the macros expect in registers.
func (a *adx) start() {
	a.MOVQ(U64(0xffffffff00000001), p3)
	a.MOVL(U32(32), c32.As32())
}

// w returns word i of the number at m.
func w(m Mem, i int) Mem { return m.Offset(8 * i) }

// at returns number i of those at the address in r.
func at(r reg.Register, i int) Mem { return Mem{Base: r, Disp: 32 * i} }

// free returns the registers of words that hold none of the numbers.
func free(ns ...num) []reg.GPPhysical {
	var fs []reg.GPPhysical
	for _, r := range words {
		used := false
		for _, n := range ns {
			for _, s := range n {
				used = used || r == s
			}
		}
		if !used {
			fs = append(fs, r)
		}
	}
	return fs
}

// load returns the number at m in the first registers that keep leaves.
func (a *adx) load(m Mem, keep ...num) num {
	n := num(free(keep...)[:4])
	for i, r := range n {
		a.MOVQ(w(m, i), r)
	}
	return n
}

// store writes n to m.
func (a *adx) store(n num, m Mem) {
	for i, r := range n {
		a.MOVQ(r, w(m, i))
	}
}

// mul returns x*y/R mod p, for x*y < R*p. It clobbers RBX and RDI, as everything does
// that multiplies.
func (a *adx) mul(x, y Mem) num { return a.subtractOnce(a.reduce(a.mulWide(x, y))) }

// mulWeak returns x*y/R mod p, less than 2^256, for any x and y below 2^256.
func (a *adx) mulWeak(x, y Mem) num { return a.subtractCarry(a.reduce(a.mulWide(x, y))) }

// mulBy is mul for a number in registers.
func (a *adx) mulBy(x Mem, y num) num { return a.subtractOnce(a.reduce(a.mulWideBy(x, y))) }

// mulWide returns x*y. The product is less than 2^512: no sum on the way overflows
// its eight words.
func (a *adx) mulWide(x, y Mem) wide {
	t := product
	a.multiply(t, x, func(i int) Op { return w(y, i) })
	return t
}

// mulWideBy is mulWide for a number in registers of product. The rows of the
// product take up one more register each than the row before, and leave one word
// of y behind.
func (a *adx) mulWideBy(x Mem, y num) wide {
	var low []reg.GPPhysical
	for _, r := range product {
		if r != y[1] && r != y[2] && r != y[3] {
			low = append(low, r)
		}
	}
	t := wide(append(low, y[1:]...))
	a.multiply(t, x, func(i int) Op { return y[i] })
	return t
}

// multiply sets t to x*y, with the words of y that the function returns.
func (a *adx) multiply(t wide, x Mem, y func(i int) Op) {
	a.Comment("multiply")
	lo, hi := reg.RAX, reg.RCX
	zero := a.Words64("zero", 0)

	a.MOVQ(y(0), reg.RDX)
	a.MULXQ(w(x, 0), t[0], t[1])
	a.MULXQ(w(x, 1), lo, t[2])
	a.ADDQ(lo, t[1])
	a.MULXQ(w(x, 2), lo, t[3])
	a.ADCQ(lo, t[2])
	a.MULXQ(w(x, 3), lo, t[4])
	a.ADCQ(lo, t[3])
	a.ADCQ(Imm(0), t[4])
	for i := 1; i < 4; i++ {
		a.MOVQ(y(i), reg.RDX)
		a.XORL(lo.As32(), lo.As32()) // both carries, and no waiting for the last row's
		for j := range 3 {
			a.MULXQ(w(x, j), lo, hi)
			a.ADCXQ(lo, t[i+j])
			a.ADOXQ(hi, t[i+j+1])
		}
		a.MULXQ(w(x, 3), lo, t[i+4])
		a.ADCXQ(lo, t[i+3])
		a.ADCXQ(zero, t[i+4])
		a.ADOXQ(zero, t[i+4])
	}
}

// sqr returns x^2/R mod p, for x reduced.
func (a *adx) sqr(x Mem) num { return a.subtractOnce(a.reduce(a.sqrWide(x))) }

// sqrWeak returns x^2/R mod p, less than 2^256, for any x below 2^256.
func (a *adx) sqrWeak(x Mem) num { return a.subtractCarry(a.reduce(a.sqrWide(x))) }

// sqrWide returns x^2. The products of different words are summed first and
// doubled while the squares of the words are added; the whole is less than 2^512:
// no sum on the way overflows its eight words, and both carries are 0 in the end.
func (a *adx) sqrWide(x Mem) wide {
	a.Comment("square")
	t := product
	lo, hi := reg.RAX, reg.RCX

	a.MOVQ(w(x, 0), reg.RDX)
	a.MULXQ(w(x, 1), t[1], t[2])
	a.MULXQ(w(x, 2), lo, t[3])
	a.MULXQ(w(x, 3), hi, t[4])
	a.ADDQ(lo, t[2])
	a.ADCQ(hi, t[3])
	a.ADCQ(Imm(0), t[4])
	a.MOVQ(w(x, 1), reg.RDX)
	a.XORL(t[6].As32(), t[6].As32())
	a.MULXQ(w(x, 2), lo, hi)
	a.ADCXQ(lo, t[3])
	a.ADOXQ(hi, t[4])
	a.MULXQ(w(x, 3), lo, t[5])
	a.ADCXQ(lo, t[4])
	a.ADOXQ(t[6], t[5])
	a.ADCXQ(t[6], t[5])
	a.MOVQ(w(x, 2), reg.RDX)
	a.MULXQ(w(x, 3), lo, t[6])
	a.ADDQ(lo, t[5])
	a.ADCQ(Imm(0), t[6])

	a.XORL(t[7].As32(), t[7].As32())
	for i := range 4 {
		a.MOVQ(w(x, i), reg.RDX)
		if i == 0 {
			a.MULXQ(reg.RDX, t[0], hi)
		} else {
			a.MULXQ(reg.RDX, lo, hi)
			a.ADCXQ(t[2*i], t[2*i])
			a.ADOXQ(lo, t[2*i])
		}
		a.ADCXQ(t[2*i+1], t[2*i+1])
		a.ADOXQ(hi, t[2*i+1])
	}
	return t
}

// A wide is a product in eight registers.
type wide [8]reg.GPPhysical

// product is where products are. The higher half and the word before it are
// registers of words.
var product = wide{reg.RBX, reg.RDI, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13}

// mulSub returns (x*y - m)/R mod p, for x*y < R*p with y in registers, and the eight
// words of a product m < R*p.
func (a *adx) mulSub(x Mem, y num, m Mem) num {
	t := a.mulWideBy(x, y)
	a.Comment("subtract a product")
	for i := range t {
		if i == 0 {
			a.SUBQ(w(m, i), t[i])
		} else {
			a.SBBQ(w(m, i), t[i])
		}
	}
	// R*p makes the difference positive, if it is negative. Then it is less than
	// R*p either way.
	a.SBBQ(reg.RAX, reg.RAX)
	a.addMasked(num(t[4:]), reg.RAX, num(t[:4]))
	return a.subtractOnce(a.reduce(t))
}

// storeWide writes a product to the eight words at m.
func (a *adx) storeWide(t wide, m Mem) {
	for i, r := range t {
		a.MOVQ(r, w(m, i))
	}
}

// reduce returns t/R mod p for the product t, as four words and a mask c that is
// all ones if 2^256 is to be added to them. That is (t + q*p)/R for a q < R, less
// than 2p if t < R*p, and always less than R + p.
func (a *adx) reduce(t wide) (n num, c reg.GPPhysical) {
	a.Comment("reduce")
	l := a.reduceWords(num(t[:4]))
	n = num(t[4:])
	for i := range n {
		if i == 0 {
			a.ADDQ(l[i], n[i])
		} else {
			a.ADCQ(l[i], n[i])
		}
	}
	c = l[3]
	a.SBBQ(c, c)
	return n, c
}

// reduceWords returns n/R mod p, reduced if n is or is not 0 mod p: with n < 2^256
// it is (n + q*p)/R <= p. The highest word of each step comes from q*p3 alone and
// has room for the carry.
func (a *adx) reduceWords(n num) num {
	lo, hi := reg.RAX, reg.RCX
	a.MOVQ(p3, reg.RDX)
	for range 4 {
		a.SHLXQ(c32, n[0], lo)
		a.SHRXQ(c32, n[0], hi)
		a.ADDQ(lo, n[1])
		a.ADCQ(hi, n[2])
		a.MULXQ(n[0], lo, n[0])
		a.ADCQ(lo, n[3])
		a.ADCQ(Imm(0), n[0])
		n = num{n[1], n[2], n[3], n[0]}
	}
	return n
}

// subtractOnce returns n, with the mask c of reduce and less than 2p, mod p.
func (a *adx) subtractOnce(n num, c reg.GPPhysical) num {
	s := free(n, num{c, c, c, c})
	for i := range n {
		a.MOVQ(n[i], s[i])
	}
	a.SUBQ(I8(-1), n[0])
	a.SBBQ(a.primeWord1(), n[1])
	a.SBBQ(Imm(0), n[2])
	a.SBBQ(p3, n[3])
	a.SBBQ(Imm(0), c) // a borrow from 0, not from all ones
	for i := range n {
		a.CMOVQCS(s[i], n[i])
	}
	return n
}

// subtractCarry returns n, with the mask c of reduce, mod p: less p if c is all
// ones. The whole is less than 2^256 + p, and so the result less than 2^256.
func (a *adx) subtractCarry(n num, c reg.GPPhysical) num {
	f := free(n, num{c, c, c, c})
	low, high := f[0], f[1]
	a.MOVL(c.As32(), low.As32()) // 2^32-1 or 0
	a.MOVQ(c, high)
	a.ANDQ(p3, high)
	a.SUBQ(c, n[0])
	a.SBBQ(low, n[1])
	a.SBBQ(Imm(0), n[2])
	a.SBBQ(high, n[3])
	return n
}

// primeWord1 is word 1 of p in memory: 2^32-1 is no immediate operand.
func (a *adx) primeWord1() Mem { return a.Words64("prime1", 0xffffffff) }

// add returns n + m mod p. It changes n.
func (a *adx) add(n num, m Mem) num { return a.subtractOnce(a.sum(n, m)) }

// addWeak returns n + m mod p, less than 2^256. It changes n.
func (a *adx) addWeak(n num, m Mem) num { return a.subtractCarry(a.sum(n, m)) }

// sum returns n + m as reduce returns numbers. It changes n.
func (a *adx) sum(n num, m Mem) (num, reg.GPPhysical) {
	a.Comment("add")
	for i := range n {
		if i == 0 {
			a.ADDQ(w(m, i), n[i])
		} else {
			a.ADCQ(w(m, i), n[i])
		}
	}
	c := free(n)[0]
	a.SBBQ(c, c)
	return n, c
}

// sub returns n - m mod p. It changes n, and leaves the registers of keep.
func (a *adx) sub(n num, m Mem, keep ...num) num {
	a.Comment("subtract")
	for i := range n {
		if i == 0 {
			a.SUBQ(w(m, i), n[i])
		} else {
			a.SBBQ(w(m, i), n[i])
		}
	}
	mask := free(append(keep, n)...)[0]
	a.SBBQ(mask, mask) // all ones if n < m: then n - m + 2^256 - 2^256 + p
	return a.addMasked(n, mask, keep...)
}

// addMasked returns n + p mod 2^256 if mask is all ones, and n if it is zero. It
// changes n, sets the carry, and leaves the registers of keep.
func (a *adx) addMasked(n num, mask reg.GPPhysical, keep ...num) num {
	f := free(append(keep, n, num{mask, mask, mask, mask})...)
	low, high := f[0], f[1]
	a.MOVL(mask.As32(), low.As32()) // 2^32-1 or 0
	a.MOVQ(mask, high)
	a.ANDQ(p3, high)
	a.ADDQ(mask, n[0])
	a.ADCQ(low, n[1])
	a.ADCQ(Imm(0), n[2])
	a.ADCQ(high, n[3])
	return n
}

// half returns n/2 mod p: (n + p)/2 if n is odd. It changes n.
func (a *adx) half(n num) num {
	a.Comment("halve")
	f := free(n)
	mask, high := f[0], f[1]
	a.MOVQ(n[0], mask)
	a.ANDL(Imm(1), mask.As32())
	a.NEGQ(mask)
	a.addMasked(n, mask)
	a.SBBQ(high, high) // the carry
	for i := range 3 {
		a.SHRQ(Imm(1), n[i+1], n[i])
	}
	a.SHRQ(Imm(1), high, n[3])
	return n
}

// frame returns the places of n numbers on the stack.
func (a *adx) frame(n int) []Mem {
	base := a.AllocLocal(32 * n)
	ms := make([]Mem, n)
	for i := range ms {
		ms[i] = base.Offset(32 * i)
	}
	return ms
}

// fieldADX generates the multiplication and the squaring that Go calls. The
// macros reach further into the point functions.
func fieldADX(c *gen.Ctx) {
	a := &adx{c}
	a.Kernel("mulADX")
	a.Load(a.Param("x"), reg.RSI)
	a.Load(a.Param("y"), c32)
	t := a.mulWide(at(reg.RSI, 0), at(c32, 0))
	a.start()
	n := a.subtractOnce(a.reduce(t))
	a.Load(a.Param("z"), reg.RSI)
	a.store(n, at(reg.RSI, 0))
	a.RET()

	a.Kernel("sqrADX")
	a.start()
	a.Load(a.Param("x"), reg.RSI)
	n = a.sqr(at(reg.RSI, 0))
	a.Load(a.Param("z"), reg.RSI)
	a.store(n, at(reg.RSI, 0))
	a.RET()

	a.mulN()
}

// mulN generates Montgomery's multiplication mod n. The bounds are those of mul:
// n < p. -1/n has no kind form, so that each step multiplies for its quotient q,
// and by all words of n.
func (a *adx) mulN() {
	a.Kernel("mulNADX")
	order := a.Words64("order", 0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000)
	inverse := a.Words64("orderInverse", 0xccd1c8aaee00bc4f)
	a.Load(a.Param("x"), reg.RSI)
	a.Load(a.Param("y"), reg.RBX)
	x, y := at(reg.RSI, 0), at(reg.RBX, 0)
	t := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13}
	lo, hi := reg.RAX, reg.RCX
	for i := range 4 {
		a.Comment(fmt.Sprintf("row %d", i))
		a.MOVQ(w(y, i), reg.RDX)
		a.XORL(t[5].As32(), t[5].As32())
		if i == 0 {
			a.MULXQ(w(x, 0), t[0], t[1])
			for j := 1; j < 4; j++ {
				a.MULXQ(w(x, j), lo, t[j+1])
				a.ADCXQ(lo, t[j])
			}
		} else {
			for j := range 4 {
				a.MULXQ(w(x, j), lo, hi)
				a.ADCXQ(lo, t[j])
				a.ADOXQ(hi, t[j+1])
			}
		}
		a.ADCXQ(t[5], t[4])
		a.MOVQ(t[0], reg.RDX)
		a.MULXQ(inverse, reg.RDX, hi)
		a.XORL(lo.As32(), lo.As32()) // the carries
		for j := range 4 {
			a.MULXQ(order.Offset(8*j), lo, hi)
			a.ADCXQ(lo, t[j])
			a.ADOXQ(hi, t[j+1])
		}
		a.ADCXQ(t[0], t[4]) // t[0] is 0 now
		a.ADOXQ(t[0], t[5])
		a.ADCXQ(t[0], t[5])
		t = append(t[1:], t[0])
	}
	n, c := num(t[:4]), t[4]
	s := []reg.GPPhysical{t[5], reg.RAX, reg.RCX, reg.RDX}
	for i := range n {
		a.MOVQ(n[i], s[i])
	}
	for i := range n {
		if i == 0 {
			a.SUBQ(order.Offset(8*i), n[i])
		} else {
			a.SBBQ(order.Offset(8*i), n[i])
		}
	}
	a.SBBQ(Imm(0), c)
	for i := range n {
		a.CMOVQCS(s[i], n[i])
	}
	a.Load(a.Param("z"), reg.RDI)
	a.store(n, at(reg.RDI, 0))
	a.RET()
}
