package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// # Scalars
//
// A scalar k from 1 to n-1 is made odd, k or n-k, and the result is negated in
// the second case. An odd k has digits of w bits that are odd, from -(2^w-1) to
// 2^w-1: with b[i] = floor(k/2^wi), or one more if that is even,
//
//	k = b[0], b[i] = 2^w*b[i+1] + d[i], d[i] = (b[i] mod 2^(w+1)) - 2^w
//
// for all but the highest, which is b itself (Joye and Tunstall, "Exponent
// recoding and regular exponentiation algorithms", 2009). No digit is 0, and a
// table needs the 2^(w-1) odd multiples of a point.
//
// # The comb
//
// k*G is the sum of d[i]*(2^6i*G) for 43 digits of 6 bits, from a table of 32
// multiples for each i, with no doubling. The digits are added in the order 42,
// 41, ..., 2, 0, 1, which makes every addition one of two different points that
// are not opposite, neither of them at infinity, so that addExtended is right.
//
// For let T, the sum so far, meet D = d[i]*2^6i. We show that T+D and T-D are not
// 0 mod n; then no T is, since each is the T+D before. The highest digit is from 1
// to 15, and the others add up to less than 2^252: T, T+D and T-D are from 1 to
// 2^256-1 until the last step, so they are 0 mod n only if they are n.
//
//   - i from 41 down to 2: they are multiples of 2^12, and n is odd.
//   - i = 0: T is a multiple of 2^12, so they are ±d[0] mod 2^12, |d[0]| < 64. But
//     n mod 2^12 is 1361.
//   - i = 1, the last: T+D = k, from 1 to n-1. T-D = k - 128*d[1] is odd, as k is,
//     so not 0, greater than -2^13 and less than n + 2^13. If it is n, then
//     k = n - 128*e, where e = -d[1] is odd and from 1 to 63, and d[1] follows from
//     bits 6 to 12 of n, whose value is 21: -e = (21 - 2e mod 128) - 64, so that
//     e = 21 - 64 mod 128 = 85, which is out of range.
//
// (With 0 the last digit, k = n - 34 would end in 2*(n-17)*G; with 42 the last,
// 15*2^253 - n would be such a k.)
const (
	combBits    = 6
	combDigits  = 43
	combEntries = 1 << (combBits - 1)
)

func combADX(c *gen.Ctx) {
	a := &adx{c}
	table := a.combTable()

	a.Kernel("combTableADX")
	a.LEAQ(table, reg.RAX)
	a.Store(reg.RAX, a.ReturnIndex(0))
	a.RET()

	a.combKernel(table)
}

// combTable returns the table: for each i the affine points (2j+1)*2^6i*G, j from
// 0 to 31, in Montgomery's form.
func (a *adx) combTable() Mem {
	var ws []uint64
	p := generator
	for range combDigits {
		ps := p.oddMultiples(combEntries)
		for _, q := range ps {
			ws = append(append(ws, montgomery(q.x)...), montgomery(q.y)...)
		}
		p = ps[combEntries-1].add(p) // 64 times p
	}
	return a.Words64("combTable", ws...)
}

// A scalar is an odd scalar on the stack, with a word of zeros above it, and the
// mask that is all ones if it is n-k for a scalar k.
type scalar struct {
	words   Mem
	negated Mem
}

// scalarFrame returns a place for a scalar.
func (a *adx) scalarFrame() scalar {
	m := a.AllocLocal(48)
	return scalar{m, m.Offset(40)}
}

// wipeScalar clears the scalar.
func (a *adx) wipeScalar(s scalar) {
	for i := range 3 {
		a.VMOVDQU(reg.X0, s.words.Offset(16*i))
	}
}

// odd sets s to the scalar at k, made odd.
func (a *adx) odd(s scalar, k Mem) {
	a.Comment("make the scalar odd")
	n := a.load(k)
	mask := free(n)[0]
	a.MOVQ(n[0], mask)
	a.ANDL(Imm(1), mask.As32())
	a.DECQ(mask)
	a.MOVQ(mask, s.negated)
	order := a.Words64("order", 0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000)
	m := num{reg.RAX, reg.RCX, reg.RDX, reg.R13}
	for i := range n {
		a.MOVQ(w(order, i), m[i])
	}
	for i := range n {
		if i == 0 {
			a.SUBQ(n[i], m[i])
		} else {
			a.SBBQ(n[i], m[i])
		}
	}
	a.CMPQ(s.negated, Imm(0))
	for i := range n {
		a.CMOVQNE(m[i], n[i])
	}
	a.store(n, s.words)
	a.XORL(reg.EAX, reg.EAX)
	a.MOVQ(reg.RAX, w(s.words, 4))
}

// digit takes the digit of the given width at bit number bit (in a register, which
// it clobbers) of s: it leaves the index of its absolute value in the table of odd
// multiples in EAX, and a mask in RBX that is all ones if the point from the table
// is to be negated.
//
// The width bits above bit 0 of b[i] are the index for a positive digit, whose bit
// number width is 1; for a negative digit, -(2^width - b) of b = b[i] mod 2^width,
// their complement is.
func (a *adx) digit(s scalar, width uint8, bit reg.GPPhysical) {
	a.Comment("digit")
	a.MOVL(bit.As32(), reg.ECX)
	a.SHRL(Imm(3), bit.As32())
	a.ANDL(Imm(7), reg.ECX)
	a.MOVL(Mem{Base: s.words.Base, Disp: s.words.Disp, Index: bit, Scale: 1, Symbol: s.words.Symbol}, reg.EAX)
	a.SHRXL(reg.ECX, reg.EAX, reg.EAX)
	a.MOVL(reg.EAX, reg.EBX)
	a.SHRL(Imm(uint64(width)), reg.EBX)
	a.ANDL(Imm(1), reg.EBX)
	a.DECQ(reg.RBX)
	a.SHRL(Imm(1), reg.EAX)
	a.XORL(reg.EBX, reg.EAX)
	a.ANDL(Imm(1<<(width-1)-1), reg.EAX)
	a.XORQ(s.negated, reg.RBX)
}

// lookup sets q to the entry number EAX of the n entries, stride bytes apart, at
// table; negated where RBX is all ones. It reads every entry.
func (a *adx) lookup(q affine, table Mem, n, stride int) {
	a.Comment("look up")
	index, x, y := reg.Y0, reg.Y1, reg.Y2
	mask := []reg.VecPhysical{reg.Y3, reg.Y4}
	a.VMOVD(reg.EAX, index.AsX())
	a.VPBROADCASTD(index.AsX(), index)
	a.VMOVDQU(table, x)
	a.VMOVDQU(table.Offset(32), y)
	for i := 1; i < n; i++ {
		m, entry := mask[i%2], table.Offset(stride*i)
		a.VPCMPEQD(a.counts().Offset(32*i), index, m)
		a.VPBLENDVB(m, entry, x, x)
		a.VPBLENDVB(m, entry.Offset(32), y, y)
	}
	a.VMOVDQU(x, q.x)
	a.VMOVDQU(y, q.y)

	a.Comment("negate")
	m := num{reg.R8, reg.R9, reg.R10, reg.R11}
	a.MOVQ(I32(-1), m[0])
	a.MOVL(U32(0xffffffff), m[1].As32())
	a.XORL(m[2].As32(), m[2].As32())
	a.MOVQ(p3, m[3])
	for i := range m {
		if i == 0 {
			a.SUBQ(w(q.y, i), m[i])
		} else {
			a.SBBQ(w(q.y, i), m[i])
		}
	}
	a.TESTQ(reg.RBX, reg.RBX)
	for i := range m {
		a.CMOVQEQ(w(q.y, i), m[i]) // y is not 0
	}
	a.store(m, q.y)
}

// counts are vectors of 0, of 1 and so on, to compare an index with.
func (a *adx) counts() Mem {
	var ws []uint32
	for i := range uint32(combEntries) {
		ws = append(ws, i, i, i, i, i, i, i, i)
	}
	return a.Words32("counts", ws...)
}

// result stores the point p, plain, at the argument "p".
func (a *adx) result(p jacobian) {
	for i, m := range []Mem{p.x, p.y, p.z} {
		n := a.fromM(m)
		a.Load(a.Param("p"), reg.RSI)
		a.store(n, at(reg.RSI, i))
	}
}

// wipe clears the vector registers of lookup, and the places on the stack that held
// secrets.
func (a *adx) wipe(ms []Mem) {
	a.Comment("wipe")
	for _, v := range []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4} {
		a.VPXOR(v, v, v)
	}
	for _, m := range ms {
		a.VMOVDQU(reg.Y0, m)
	}
}

func (a *adx) combKernel(table Mem) {
	a.Kernel("combADX")
	f := a.frame(6 + temps)
	p, q := extended{f[0], f[1], f[2], f[3]}, affine{f[4], f[5]}
	s := a.scalarFrame()
	i := a.AllocLocal(8)
	a.start()
	a.Load(a.Param("k"), reg.RSI)
	a.odd(s, at(reg.RSI, 0))

	row := func(r reg.GPPhysical) Mem { return Mem{Base: r} }
	a.Comment("the highest digit, which is positive")
	a.MOVQ(w(s.words, 3), reg.RAX)
	a.SHRQ(Imm(combBits*(combDigits-1)-192+1), reg.RAX)
	a.MOVQ(s.negated, reg.RBX)
	a.LEAQ(table, reg.RSI)
	a.ADDQ(U32((combDigits-1)*combEntries*64), reg.RSI)
	a.lookup(q, row(reg.RSI), combEntries, 64)
	a.move(q.x, p.x)
	a.move(q.y, p.y)
	a.move(a.one(), p.zz)
	a.move(a.one(), p.zzz)
	a.MOVQ(U32(combDigits-2), i)

	a.Align(32)
	a.Label("digits")
	// The order 41, ..., 2, 0, 1.
	a.MOVQ(i, reg.RSI)
	a.MOVQ(reg.RSI, reg.RAX)
	a.XORQ(Imm(1), reg.RAX)
	a.CMPQ(reg.RSI, Imm(2))
	a.CMOVQCS(reg.RAX, reg.RSI)
	a.LEAQ(Mem{Base: reg.RSI, Index: reg.RSI, Scale: 2}, reg.RDX)
	a.ADDL(reg.EDX, reg.EDX)
	a.digit(s, combBits, reg.RDX)
	a.LEAQ(table, reg.RDX)
	a.SHLQ(Imm(11), reg.RSI)
	a.ADDQ(reg.RDX, reg.RSI)
	a.lookup(q, row(reg.RSI), combEntries, 64)
	a.addExtended(p, q, f[6:])
	a.SUBQ(Imm(1), i)
	a.JCC(LabelRef("digits"))

	// Jacobian coordinates, with Z^3 in the place of Z: X and Y times what Z^2 is
	// squared and cubed.
	z2, z3 := f[6], f[7]
	a.store(a.sqrWeak(p.zz), z2)
	a.store(a.mulWeak(p.zz, z2), z3)
	a.store(a.mul(p.x, z2), p.x)
	a.store(a.mulWeak(p.y, z3), p.y)
	a.result(jacobian{x: p.x, y: p.y, z: p.zzz})
	a.wipe(f)
	a.wipeScalar(s)
	a.VZEROUPPER()
	a.RET()
}

func init() {
	if combEntries*64 != 1<<11 || combBits != 6 {
		panic("p256: combKernel computes addresses for other rows")
	}
}
