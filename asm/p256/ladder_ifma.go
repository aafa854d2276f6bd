package main

import (
	"math/big"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

func ladderIFMA(c *gen.Ctx) {
	l := &ladder{ifma: ifma{c, 256}}
	c.Kernel("ladderIFMA")
	l.build()
}

// ladder generates the ladder on differences of x-coordinates of Hamburg, "Faster
// Montgomery and double-add ladders for short Weierstrass curves" (eprint
// 2020/437), in the version with three rounds of four multiplications at once.
//
// P is the given point, and P + Q + R = 0: the three lie on a line of slope m.
// With j the bits of the scalar so far, Q = jP and R = -(j+1)P, or the other way
// round. A state holds
//
//	xQ = z²(x(Q)-x(P)), xR = z²(x(R)-x(P)), yQ = 2z³y(Q), yR = 2z³y(R), (xR-xQ)²
//
// for a z that is not known. A step goes from (Q, R) to (Q-R, 2R), which is
// ((2j+1)P, -(2j+2)P) or, if Q and R were exchanged before, (-(2j+1)P, 2jP). The
// signs are the same for both, and don't matter to x-coordinates.
//
// To derive it, let d = xR-xQ, and m = (yR-yQ)/d, which is 2mz in terms of the
// curve's m.
//
//   - The derivative of x³+ax+b - (line)² at R gives the slope of the tangent there:
//     m + 2·xR·d/yR. Hence z'²(x(2R)-x(P)) = xR·d²·(xR·d²-yQ·yR) + (xQ·d²-yQ·yR)·yR²
//   - yQ·yR·yR², where z' = z·d·yR.
//   - x(Q-R) - x(Q+R) = 4·y(Q)y(R)/(x(R)-x(Q))², and x(Q+R) = x(P). Hence
//     z'²(x(Q-R)-x(P)) = yQ·yR·yR².
//   - The slope of the line through three points with the sum 0 is a sum of a
//     function of each of them (ζ of Weierstrass), which is odd. Hence the new
//     line's slope is m, less the tangent's at R, less that of the line through Q
//     and -R: up to the sign that z' has, m' = 2·xR·d² - yQ·yR - yR².
//
// With xR' = xR·d², xQ' = xQ·d², yQ' = yQ·yR, yR' = yR², a step is
//
//	first:  xR' = xR·d²  yQ' = yQ·yR  xQ' = xQ·d²  yR' = yR²
//	        J = xR'-yQ'  T = xQ'-yQ'  m = J+xR'-yR'
//	second: A = xR'·J  C = yQ'·J  B = T·yR'  xQ = yQ'·yR'
//	        D = A+B = xR-xQ  xR = D+xQ
//	third:  d² = D²  m·D  yQ = (C+B)·yR'
//	        yR = m·D + yQ
//
// z' is not zero if z is not: d = 0 only if Q = R, for P ≠ 0, and yR = 0 for no R,
// since the order of the group is odd (that of the curve's twist, too).
//
// The scalar is k+n or k+2n, whichever has 257 bits, so that j is 1 at the start
// and each scalar takes 256 steps. A step is right unless Q = 0, R = 0 or Q = R
// before it, which is j = 0, -1 or (n-1)/2 mod n. Before step i, from 1 to 256, j
// has i bits, and (n-1)/2 has 255. So j is (n-1)/2 before step 255, and the scalar
// from 4j = 2n-2 to 4j+3 = 2n+1; or j is n-1 or n before step 256, and the scalar
// one of 2j and 2j+1, of the same four. These are k = n-2, n-1, n, which is no
// scalar, and 1, for which what comes out is not right.
//
// Bounds: values are less than 16p, and no column is negative or overflows: a test
// in package p256 computes this step on intervals, and finds that left operands stay
// below 5.6p, right ones below 5.1p. Constants are added to the columns of
// products from which others are subtracted: 3p to xR' and xQ'.
type ladder struct {
	ifma
}

// The masks of lanes. Three depend on whether Q and R are exchanged before the
// next step.
var (
	lane2, lanes01, lanes13, lanes23 = reg.K1, reg.K2, reg.K3, reg.K4

	xRTo   = reg.K5 // the lane of xR: 0, or 2 if exchanged
	yRPlus = reg.K6 // lanes 1 and 3, or none if exchanged
	yOPlus = reg.K7 // lane 3, or 1 if exchanged
)

// The registers that hold the operands of the next step.
var (
	lefts  = []int{0, 1, 2, 3, 4}
	rights = []int{5, 6, 7, 8, 9}
)

func (l *ladder) mask(k reg.Register, lanes uint64) {
	l.MOVL(operand.U32(lanes*0x11), reg.EAX)
	l.KMOVW(reg.EAX, k)
}

func (l *ladder) block() *block {
	regs := make([]int, 32)
	for i := range regs {
		regs[i] = i
	}
	return newBlock(l.Ctx, l.width, regs)
}

func (l *ladder) build() {
	k := l.Load(l.Param("k"), reg.RDI)
	x := l.Load(l.Param("x"), reg.RSI)
	swaps := l.AllocLocal(32)
	slopes := vectorsAt(l.AllocLocal(5*l.width.Bytes()), l.width)

	l.scalar(k, swaps)
	l.broadcast(x)
	l.mask(lane2, 4)
	l.mask(lanes13, 10)
	l.mask(lanes23, 12)

	// The first bit of k is 1, so Q and R are exchanged if the second is 0.
	l.swap(reg.RDX)
	l.setUp()
	l.mask(lanes01, 3)

	i := reg.RCX
	l.MOVQ(operand.U32(256), i)
	loop := l.NewLabel("step")
	l.Align(64)
	l.Label(loop)
	l.DECQ(i)
	// Bit i of the exchanges.
	l.MOVQ(i, reg.RDX)
	l.SHRQ(operand.Imm(6), reg.RDX)
	l.MOVQ(swaps.Idx(reg.RDX, 8), reg.RDX)
	l.SHRXQ(i, reg.RDX, reg.RDX)
	l.ANDL(operand.Imm(1), reg.EDX)
	l.swap(reg.RDX)
	l.step(slopes)
	l.TESTQ(i, i)
	l.JNE(operand.LabelRef(loop))

	l.finish(slopes)
	nd := l.Load(l.Param("nd"), reg.RDI).(reg.GPPhysical)
	yy := l.Load(l.Param("yy"), reg.RCX).(reg.GPPhysical)
	for j := range 2 {
		l.pack(operand.Mem{Base: nd, Disp: 32 * j}, slopes, 2*j)
		l.pack(operand.Mem{Base: yy, Disp: 32 * j}, slopes, 2*j+1)
	}

	// What is left of k and of points, on the stack and in vectors.
	for i := range 32 {
		v := l.width.Reg(i)
		l.VPXORQ(v, v, v)
	}
	zero := l.width.Reg(0)
	for _, m := range slopes {
		l.VMOVDQU64(zero, m)
	}
	l.VMOVDQU64(reg.Y0, swaps)
	l.VZEROUPPER()
	l.RET()
}

// curveB is the b of the curve's equation.
var curveB = hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")

// scalar stores the exchanges before the second step and the later ones and at the
// end, the last in bit 0, and leaves the first in RDX. Q and R are exchanged when a
// bit of the scalar differs from the one before; at the end they are if the last
// bit is 0, so that the product is Q.
func (l *ladder) scalar(k reg.Register, swaps operand.Mem) {
	s := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	t := []reg.GPPhysical{reg.R12, reg.R13, reg.R14, reg.R15}
	n, none, ns := reg.RAX, reg.RBX, words64(order)
	add := func(x, y []reg.GPPhysical) {
		for i := range y {
			l.MOVQ(operand.U64(ns[i]), n)
			l.MOVQ(x[i], y[i])
			if i == 0 {
				l.ADDQ(n, y[i])
			} else {
				l.ADCQ(n, y[i])
			}
		}
	}
	for i := range s {
		l.MOVQ(operand.Mem{Base: k, Disp: 8 * i}, s[i])
	}
	add(s, s)
	l.SBBQ(none, none) // -1 if k+n has 257 bits
	add(s, t)
	l.TESTQ(none, none)
	for i := range s {
		l.CMOVQEQ(t[i], s[i])
	}
	// Bit i of s>>1, with the bit 256, against bit i of s.
	l.MOVQ(operand.U32(1), reg.RDX)
	for i := range t {
		above := reg.GPPhysical(reg.RDX)
		if i < 3 {
			above = s[i+1]
		}
		l.MOVQ(s[i], t[i])
		l.SHRQ(operand.Imm(1), above, t[i])
		l.XORQ(s[i], t[i])
	}
	l.MOVQ(t[3], reg.RDX)
	l.SHRQ(operand.Imm(63), reg.RDX)
	l.NOTQ(s[0])
	l.ANDQ(operand.Imm(1), s[0])
	for i := 3; i >= 0; i-- {
		below := s[0]
		if i > 0 {
			l.SHLQ(operand.Imm(1), t[i-1], t[i])
		} else {
			l.ADDQ(t[i], t[i])
			l.ORQ(below, t[i])
		}
		l.MOVQ(t[i], swaps.Offset(8*i))
	}
}

// broadcast sets vectors 0 to 4 to the limbs of the number at x.
func (l *ladder) broadcast(x reg.Register) {
	w := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	for i := range w {
		l.MOVQ(operand.Mem{Base: x, Disp: 8 * i}, w[i])
	}
	l.VPBROADCASTQ(w[0], l.width.Reg(0))
	for i := range 3 {
		l.SHRQ(operand.Imm(uint64(52-12*i)), w[i+1], w[i])
		l.VPBROADCASTQ(w[i], l.width.Reg(i+1))
	}
	l.SHRQ(operand.Imm(16), w[3])
	l.VPBROADCASTQ(w[3], l.width.Reg(4))
}

// swap sets the masks that exchange Q and R if bit is 1 and don't if it is 0.
func (l *ladder) swap(bit reg.GPPhysical) {
	l.LEAL(operand.Mem{Base: bit, Index: bit, Scale: 2, Disp: 1}, reg.EAX) // 1 or 4
	l.KMOVW(reg.EAX, xRTo)
	l.LEAL(operand.Mem{Base: bit, Disp: -1}, reg.EAX)
	l.ANDL(operand.Imm(10), reg.EAX) // 10 or 0
	l.KMOVW(reg.EAX, yRPlus)
	l.IMUL3L(operand.I8(-6), bit.As32(), reg.EAX)
	l.ADDL(operand.Imm(8), reg.EAX) // 8 or 2
	l.KMOVW(reg.EAX, yOPlus)
}

// all returns the memory of x in all lanes.
func (l *ladder) all(name string, x [5]uint64) []operand.Mem {
	return l.vectors(name, x, x, x, x)
}

// setUp makes the state of Q = P, R = -2P from x = x(P) in vectors 0 to 4, for z =
// 2y(P), y² = x³+ax+b:
//
//	m = 3x²+a, yQ = (4y²)², xR = m²-3x·4y², 2m as above, xQ = 0
//
// Q and R are exchanged as the masks say.
func (l *ladder) setUp() {
	lane3 := lanes01
	l.mask(lane3, 8)
	b := l.block()

	in := b.inAll(0, 1, 2, 3, 4)
	rr := b.loadAll(l.all("rr", montgomery52(new(big.Int).Lsh(big.NewInt(1), 260))))
	a := b.loadAll(l.all("a", montgomery52(big.NewInt(-3))))
	b4 := b.loadAll(l.all("b4", montgomery52(new(big.Int).Lsh(curveB, 2))))
	twice := func(x []value) []value { return b.addAll(x, x) }
	all := func(x []value, lane uint64) []value { return b.lanesAll(x, lane, lane, lane, lane) }

	x := l.mul(b, in, rr, nil)
	xC := l.carry(b, x)
	x3 := l.carry(b, b.addAll(twice(x), x))
	x4 := l.carry(b, twice(twice(x)))
	u := l.mul(b, xC, xC, nil) // x²
	v := b.addAll(u, a)        // x²+a
	m := b.addAll(twice(u), v)
	mC := l.carry(b, m)
	bias2 := bias(2)
	// lanes 0 and 1: 4(x³+ax); lanes 2 and 3: m²+2p
	w := l.mul(b, b.blendAll(lanes23, mC, x4), b.blendAll(lanes23, mC, l.carry(b, v)), l.vectors("biasM", [5]uint64{}, [5]uint64{}, bias2, bias2))
	y2 := l.carry(b, all(b.addAll(w, b4), 0))
	xR := b.subAll(all(w, 2), l.mul(b, x3, y2, nil))
	xRC := l.carry(b, xR)
	left := b.blendAll(lane3, y2, b.blendAll(lane2, l.carry(b, twice(m)), xRC))
	right := b.blendAll(lane3, y2, xRC)
	w = l.mul(b, left, right, nil) // xR², -, m·xR, yQ
	l.third(b, w, each(func(x, _ value) value { return b.keepZ(xRTo, x) }, xR, xR))
	b.emit()
}

// step is a step of the ladder. It stores m to slopes, in lane 2.
func (l *ladder) step(slopes []operand.Mem) {
	b := l.block()
	b.loop = true
	left, right := b.inAll(lefts...), b.inAll(rights...)

	// xR'+3p, yQ', xQ'+3p, yR'
	bias3 := bias(3)
	p := l.mul(b, left, right, l.vectors("biasX", bias3, [5]uint64{}, bias3, [5]uint64{}))
	var s, t, m []value
	for _, p := range p {
		q := b.lanes(p, 0, 1, 1, 1)
		s = append(s, b.subWhere(lane2, p, q, q)) // xR', yQ', T, yQ'
		y := b.pairs(p, 1, 1)                     // yQ', yQ', yR', yR'
		y = b.subWhere(lanes01, b.pairs(p, 0, 0), y, y)
		t = append(t, y) // J, J, yR', yR'
		m = append(m, b.reduceWhere(lane2, y, b.lanesWhere(lane2, b.add(y, p), p, 0, 0, 0, 0)))
	}
	mC := l.carry(b, m) // -, -, m, yR'
	for i, m := range mC {
		b.storeTo(m, slopes[i])
	}
	q := l.mul(b, l.carry(b, s), l.carry(b, t), nil) // A, C, B, xQ
	var d, x []value
	for _, q := range q {
		e := b.add(b.lanes(q, 0, 0, 0, 1), b.lanes(q, 2, 2, 2, 2))
		d = append(d, e) // D, -, D, C+B
		x = append(x, b.accumulateWhere(xRTo, e, b.lanes(q, 3, 3, 3, 3)))
	}
	dC := l.carry(b, d)
	w := l.mul(b, dC, b.blendAll(lanes23, mC, dC), nil)
	l.third(b, w, x)
	b.emit()
}

// third makes the operands of the next step, from the columns of w: d², -, m·D, yQ,
// and of x: xR in lane 0 and xQ in lane 2, exchanged.
//
//	lefts:  xR  yQ  xQ  yR
//	rights: d²  yR  d²  yR
func (l *ladder) third(b *block, w, x []value) {
	var left, right []value
	for i, w := range w {
		y := b.lanes(w, 0, 3, 0, 3)
		right = append(right, b.add(y, b.lanesZ(yRPlus, w, 2, 2, 2, 2)))
		left = append(left, b.addWhere(lanes13, y, b.lanesZ(yOPlus, w, 2, 2, 2, 2), x[i]))
	}
	b.outAll(l.carry(b, left), lefts...)
	b.outAll(l.carry(b, right), rights...)
}

// finish computes from the last state, with the product in the place of Q, and
// from m in slopes, numerator and denominator of its x-coordinate, in lanes 0 and
// 2 of slopes, and 12yQ and 12·2z³y(P) in lanes 1 and 3, each below 2p. In terms of the state, let
//
//	X = m²-4xQ-4xR = 12z²x(P), K = X+12xQ, O = X+12xR, c = 12yQ-m·K
//
// which is 24z³ times the line's value at x = 0. The coefficients of (x-x(P))(x-
// x(Q))(x-x(R)) = x³+ax+b - (line)² give
//
//	144·a·z⁴ = XK+XO+KO + 6mc, 1728·b·z⁶ = 3c²-XKO
//
// and x(Q) = K/12z², in which z² is the ratio of these over that of a and b:
//
//	x(Q) = K·(b/3)·(XK+XO+KO+6mc) / (XKO-3c²), for a = -3.
//
// and 12·2z³y(P) is c+mX. As neither a nor b is 0, the denominator is 0 only if z is.
func (l *ladder) finish(slopes []operand.Mem) {
	lanes12, lane3, lane1 := xRTo, yRPlus, yOPlus
	l.mask(lanes12, 6)
	l.mask(lane3, 8)
	l.mask(lane1, 2)
	number := func(x int64) [5]uint64 { return montgomery52(big.NewInt(x)) }
	one := [5]uint64{1}
	third := new(big.Int).ModInverse(big.NewInt(3), prime)
	third.Mul(third, curveB).Mod(third, prime)

	b := l.block()
	b.window = 30
	left := b.inAll(lefts...)
	// 4xR, 12yQ, 4xQ, m, all reduced
	t := l.mul(b, b.blendAll(lane3, b.lanesAll(b.loadAll(slopes), 2, 2, 2, 2), left),
		b.loadAll(l.vectors("times", number(4), number(12), number(4), number(1))), nil)
	m := l.carry(b, b.lanesAll(t, 3, 3, 3, 3))
	x := l.mul(b, m, m, l.all("bias3", bias(3)))
	x = b.subAll(b.subAll(x, b.lanesAll(t, 0, 0, 0, 0)), b.lanesAll(t, 2, 2, 2, 2))
	v := b.addAll(x, b.lanesZAll(lanes12, b.addAll(b.addAll(t, t), t), 0, 0, 2, 2))
	v = l.carry(b, b.blendAll(lane3, t, v))                                  // X, O, K, m
	u := l.mul(b, b.lanesAll(v, 0, 0, 2, 2), b.lanesAll(v, 2, 1, 1, 3), nil) // XK, XO, KO, mK
	line := func() []value {                                                 // c+3p; not kept, for it is quick
		y := b.addAll(b.lanesAll(t, 1, 1, 1, 1), b.loadAll(l.all("bias3", bias(3))))
		return b.subAll(y, b.lanesAll(u, 3, 3, 3, 3))
	}
	c := l.carry(b, line())
	m = b.lanesAll(t, 3, 3, 3, 3)
	m = b.addAll(b.addAll(m, m), m)
	m = l.carry(b, b.addAll(m, m)) // 6m
	right := b.blendAll(lane3, v, b.blendAll(lanes23, l.carry(b, b.lanesAll(u, 2, 2, 2, 2)), c))
	w := l.mul(b, b.blendAll(lanes23, b.lanesAll(v, 0, 0, 0, 0), c), b.blendAll(lane1, m, right), nil) // c², 6mc, XKO, mX
	// numerator, 12yQ, denominator, 12y(P) as c+mX
	rest := b.blendAll(lane1, t, b.addAll(line(), w))
	bias7 := l.all("bias7", bias(7))
	var all []value
	for i, w := range w {
		num := b.add(b.add(b.lanes(u[i], 0, 0, 0, 0), b.lanes(u[i], 1, 1, 1, 1)), b.lanes(u[i], 2, 2, 2, 2))
		num = b.add(num, b.lanes(w, 1, 1, 1, 1))
		c2 := b.lanes(w, 0, 0, 0, 0)
		den := b.sub(b.add(b.lanes(w, 2, 2, 2, 2), b.loadFrom(bias7[i])), b.add(b.add(c2, c2), c2))
		all = append(all, b.blend(lanes13, rest[i], b.blend(lanes01, num, den)))
	}
	first := b.loadAll(l.all("one", number(1)))
	first = b.blendAll(lane1, first, b.blendAll(lanes01, b.lanesAll(v, 2, 2, 2, 2), first)) // K, 1, 1, 1
	w = l.mul(b, l.carry(b, all), first, nil)
	w = l.mul(b, l.carry(b, w), b.loadAll(l.vectors("last", limbs52(third), one, one, one)), nil)
	for i, v := range l.carry(b, w) {
		b.storeTo(v, slopes[i])
	}
	b.emit()
}

// pack writes the number in a lane of five vectors, below 2p, to z, mod p.
func (l *ladder) pack(z operand.Mem, vectors []operand.Mem, lane int) {
	w := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12}
	t := []reg.GPPhysical{reg.R13, reg.R14, reg.R15, reg.RSI}
	for i := range 4 {
		// Limb i but for the bits that the words below have, and of limb i+1.
		if i == 0 {
			l.MOVQ(vectors[0].Offset(8*lane), w[0])
			l.SHLQ(operand.Imm(12), w[0])
			l.SHRQ(operand.Imm(12), w[0])
		} else {
			l.MOVQ(w[4], w[i])
			l.SHRQ(operand.Imm(uint64(12*i)), w[i])
		}
		l.MOVQ(vectors[i+1].Offset(8*lane), w[4])
		if i < 3 {
			l.SHLQ(operand.Imm(12), w[4])
			l.SHRQ(operand.Imm(12), w[4])
		}
		l.MOVQ(w[4], reg.RAX)
		l.SHLQ(operand.Imm(uint64(52-12*i)), reg.RAX)
		l.ORQ(reg.RAX, w[i])
	}
	l.SHRQ(operand.Imm(48), w[4])
	p := words64(prime)
	for i := range t {
		l.MOVQ(w[i], t[i])
		l.MOVQ(operand.U64(p[i]), reg.RAX)
		if i == 0 {
			l.SUBQ(reg.RAX, t[i])
		} else {
			l.SBBQ(reg.RAX, t[i])
		}
	}
	l.SBBQ(operand.Imm(0), w[4])
	for i := range t {
		l.CMOVQCS(w[i], t[i])
		l.MOVQ(t[i], z.Offset(8*i))
	}
}
