package main

import (
	"fmt"
	"math/big"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"

	"github.com/sealane/sealane/asm/internal/gen"
)

// combIFMA computes k*G as a sum of 48 points that are looked up in a table, in eight
// lanes.
//
// # Digits
//
// Let k be odd; if it is even, n-k is, and the result is negated. With B = (k-1)/2 +
// 2^255 < 2^256, whose bits are b[i],
//
//	k = Σ s[i] 2^i, where s[i] = 2 b[i] - 1 is 1 or -1
//
// for Σ s[i] 2^i = 2B - (2^256-1). To negate k is to invert B. A digit is the sum of
// some neighbours: if it has w bits, that is an odd number d between -(2^w - 1) and 2^w
// - 1, never zero. It is negative if its top bit is clear; and |d| = 2j+1, where j are
// its other bits, inverted if it is negative.
//
// Lane L has the bits 32L to 32L+31 of B: one digit to each batch, of combWidths bits
// from the lowest on, with its own table, so that there are no doublings. The eight
// sums are added in three rounds: neighbours, then sums of neighbours, then of four.
//
// # Additions
//
// A sum is X, Y, ZZ, ZZZ: x = X/ZZ, y = Y/ZZZ, ZZ^3 = ZZZ^2. By the formulas of the
// Explicit-Formulas Database called madd-2008-s (and, for Z2 other than 1, add-2008-s),
// the sum of two points that are neither equal nor opposite nor at infinity is
//
//	U1 = X1 ZZ2    S1 = Y1 ZZZ2    P = X2 ZZ1 - U1    R = Y2 ZZZ1 - S1
//	Q = U1 P^2    X3 = R^2 - P^3 - 2Q    Y3 = R (Q - X3) - S1 P^3
//	ZZ3 = ZZ1 ZZ2 P^2    ZZZ3 = ZZZ1 ZZZ2 P^3
//
// (They are the chord's slope R/(P Z1 Z2), and substitution.) No other case occurs, for
// k from 1 to n-1, but one:
//
//   - A sum of s[i] 2^i over neighbours i = a to b-1 is an odd multiple of 2^a of less
//     than 2^b: not zero.
//   - A sum G over such bits, and one, H, over others further up are not ±equal as
//     integers: |G| < 2^b <= |H|.
//   - Nor mod n, in a lane: there |G| + |H| <= (2^32 - 1) 2^224 < n. Nor in the first two
//     rounds: G ± H is a multiple of 2^32, not 0, and less than 2^256 < 2n in magnitude;
//     so it is not a multiple of n, which is odd, unless it is 0.
//   - In the third round G + H = k, or k-n if n-k was odd, is not a multiple of n.
//     G - H may be -n: then H = (k+n)/2, G = (k-n)/2, |G| < 2^128 and H is an odd multiple
//     of 2^128, so that it is n less its low half, which is l: k = n - 2l. (G - H = n
//     would have H = (k-n)/2 < 0, but H > 0 as s[255] = 1.) All the same for the inverted.
//
// So k = n - 2l and its opposite, 2l, are the exceptional ones: their result is
// replaced by a constant, in constant time.
//
// # Selection
//
// A vector of the table holds a limb of a coordinate of the j-th entry for each lane.
// All entries are loaded, each under the mask of the lanes whose j it is: addresses do
// not depend on k. The next batch's are looked up beside the squares of a batch, which
// need fewer registers than products. The table is at a multiple of 64 bytes: the
// linker, which does not know of lines of the cache, would leave it to chance whether
// each load takes two.
//
// # Order
//
// Each multiplication is a block (gen.Block) on numbers in the frame, with the sums and
// differences that follow it. Two neighbours do not depend on each other, mostly, so
// that the core finds multiply-adds for the time when one waits for its chain of
// carries: on Zen 5 one block takes 59 cycles, of which it needs the multipliers for
// 37. A batch takes about 440 cycles and a round 430.
//
// What was refused: an addition of its own for the first two points, which are affine
// (150 cycles less of multiplications, but 7 KiB more of instructions to fetch); rounds
// in which both partners do the whole addition (11 multiplications instead of 7, 540
// cycles); stores under a mask, from which a load does not forward.
func combIFMA(c *gen.Ctx) {
	g := &comb52{field52: field52{Ctx: c, width: 512}}
	table := g.table()
	g.Kernel("combTableIFMA")
	g.LEAQ(table, reg.RAX)
	g.Store(reg.RAX, g.ReturnIndex(0))
	g.RET()

	g.Kernel("combIFMA")
	g.Attributes(attr.Attribute(0)) // the frame is large
	g.frame()
	g.constants()
	g.scalar()
	g.Load(g.Param("table"), rStart)
	g.MOVQ(rStart, rTable)
	g.first()

	g.MOVL(U32(len(combWidths)-1), rLeft.As32())
	g.Align(64)
	g.Label("batch")
	g.addPoints()
	g.ADDQ(I32(entryBytes<<(combWidths[len(combWidths)-1]-1)), rTable)
	g.CMPL(rLeft.As32(), Imm(2)) // the last batch looks up nothing that matters
	g.CMOVQEQ(rStart, rTable)
	g.DECL(rLeft.As32())
	g.JNE(LabelRef("batch"))

	g.LEAQ(g.swaps(), rTable)
	g.MOVL(U32(3), rLeft.As32())
	g.Align(64)
	g.Label("round")
	g.VMOVDQU64(Mem{Base: rTable}, g.reg(regSwap))
	g.KMOVB(Mem{Base: rTable, Disp: 64}, kSecond)
	g.KNOTB(kSecond, kFirst)
	g.ADDQ(I32(72), rTable)
	g.merge()
	g.DECL(rLeft.As32())
	g.JNE(LabelRef("round"))

	g.finish()
	g.wipe()
	g.VZEROUPPER()
	g.RET()
}

// combWidths are the bits of a digit in each batch, 32 in sum. All but the first two
// are the same: they share a loop.
var combWidths = [...]int{6, 6, 5, 5, 5, 5}

// General-purpose registers.
var (
	rFrame = reg.R8
	rTable = reg.R9 // the next batch's
	rLeft  = reg.R10
	rStart = reg.RDI // of the table
)

// Masks of lanes.
var (
	kNegative = reg.K1 // whose digit is negative, of the batch that is added
	kIsOdd    = reg.K2 // all, if k is n - 2l
	kIsEven   = reg.K3 // all, if k is 2l
	kFirst    = reg.K4 // in merge
	kSecond   = reg.K5
	kMatch    = []reg.Register{reg.K4, reg.K5, reg.K6, reg.K7}
)

const regSwap = freeRegs // in merge: where each lane's partner is

// comb52 holds where combIFMA keeps what: numbers of eight lanes.
type comb52 struct {
	field52
	size                 int // of the frame
	j                    Mem // indices
	words                Mem // what is left of B: 32 bits a lane, one vector
	x, y, zz, zzz        Mem // the sums
	qx, qy               Mem // the points to be added, the sign left out
	p, r, pp, rr, ppp, n Mem // P, R, P^2, R^2, P^3, -P^3
	u, s                 Mem // in merge, X ZZ and Y ZZZ of the partner
	d                    Mem // Q - X3
	t                    Mem // ZZ1 ZZ2 and ZZZ1 ZZZ2
}

const (
	vectorBytes = 64
	entryBytes  = 2 * 5 * vectorBytes // of the table
)

func (g *comb52) frame() {
	for _, m := range []*Mem{
		&g.x, &g.y, &g.zz, &g.zzz, &g.qx, &g.qy, &g.u, &g.s, &g.p, &g.r, &g.pp, &g.rr, &g.ppp, &g.n, &g.d, &g.t,
	} {
		*m = Mem{Base: rFrame, Disp: g.size}
		g.size += 5 * vectorBytes
	}
	g.words = Mem{Base: rFrame, Disp: g.size}
	g.j = Mem{Base: rFrame, Disp: g.size + vectorBytes}
	g.size += 2 * vectorBytes
	g.LEAQ(g.AllocLocal(g.size+vectorBytes-8).Offset(vectorBytes-8), rFrame)
	g.ANDQ(I32(-vectorBytes), rFrame)
}

// table returns the table: of each batch, of each j, the limbs of x and y of (2j+1) 2^i
// G in Montgomery's form, where i is the digit's lowest bit, eight lanes to a limb.
func (g *comb52) table() Mem {
	var ws []uint64
	var bases [8]ecPoint
	p := generator
	for i := range 256 {
		if i%32 == 0 {
			bases[i/32] = p
		}
		p = p.add(p)
	}
	for _, w := range combWidths {
		var multiples [8][]ecPoint
		for lane := range bases {
			multiples[lane] = bases[lane].oddMultiples(1 << (w - 1))
			for range w {
				bases[lane] = bases[lane].add(bases[lane])
			}
		}
		for j := range multiples[0] {
			for coordinate := range 2 {
				var limbs [8][5]uint64
				for lane := range limbs {
					q := multiples[lane][j]
					limbs[lane] = montgomery52([]*big.Int{q.x, q.y}[coordinate])
				}
				for i := range 5 {
					for lane := range limbs {
						ws = append(ws, limbs[lane][i])
					}
				}
			}
		}
	}
	return g.Words64("combTable52", ws...)
}

// swaps returns the lanes' partners in three rounds, and which are the second.
func (g *comb52) swaps() Mem {
	return g.Words64("partners",
		1, 0, 3, 2, 5, 4, 7, 6, 0b10101010,
		2, 3, 0, 1, 6, 7, 4, 5, 0b11001100,
		4, 5, 6, 7, 0, 1, 2, 3, 0b11110000)
}

var (
	order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	// exceptionK is the odd k whose last addition is a doubling: n - 2l.
	exceptionK = new(big.Int).Sub(order, new(big.Int).Lsh(new(big.Int).And(order, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))), 1))
)

func words64(x *big.Int) (ws [4]uint64) {
	for i := range ws {
		ws[i] = new(big.Int).Rsh(x, uint(64*i)).Uint64()
	}
	return ws
}

// scalar sets words to the bits of B, and the masks of the exceptional k.
func (g *comb52) scalar() {
	k := []reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX}
	t := []reg.GPPhysical{reg.R11, reg.R12, reg.R13, reg.R14}
	even, tmp := reg.RDI, reg.R15
	ptr := g.Load(g.Param("k"), reg.RSI)
	for i := range k {
		g.MOVQ(Mem{Base: ptr, Disp: 8 * i}, k[i])
		g.MOVQ(U64(words64(order)[i]), t[i])
	}
	for i := range k {
		if i == 0 {
			g.SUBQ(k[i], t[i])
		} else {
			g.SBBQ(k[i], t[i])
		}
	}
	g.MOVQ(k[0], even)
	g.ANDQ(Imm(1), even)
	g.DECQ(even) // all ones if k is even
	differ := reg.RSI
	g.XORL(differ.As32(), differ.As32())
	for i := range k {
		g.XORQ(k[i], t[i])
		g.ANDQ(even, t[i])
		g.XORQ(t[i], k[i]) // k or n-k, odd
		g.MOVQ(U64(words64(exceptionK)[i]), tmp)
		g.XORQ(k[i], tmp)
		g.ORQ(tmp, differ)
	}
	g.NEGQ(differ)
	g.SBBQ(differ, differ)
	g.NOTQ(differ) // all ones if it is exceptional
	g.MOVQ(differ, tmp)
	g.ANDQ(even, tmp)
	g.KMOVB(tmp.As32(), kIsEven)
	g.XORQ(tmp, differ)
	g.KMOVB(differ.As32(), kIsOdd)

	for i := range k {
		if i < 3 {
			g.SHRQ(U8(1), k[i+1], k[i])
		} else {
			g.SHRQ(U8(1), k[i])
			g.BTSQ(U8(63), k[i])
		}
		g.XORQ(even, k[i])
	}
	x := []reg.VecPhysical{reg.X0, reg.X1}
	for i := range x {
		g.VMOVQ(k[2*i], x[i])
		g.VPINSRQ(Imm(1), k[2*i+1], x[i], x[i])
	}
	g.VINSERTI128(Imm(1), reg.X1, reg.Y0, reg.Y0)
	g.VPMOVZXDQ(reg.Y0, reg.Z0)
	g.VMOVDQU64(reg.Z0, g.words)
	for _, r := range append(append([]reg.GPPhysical{even, tmp, differ}, k...), t...) {
		g.XORL(r.As32(), r.As32())
	}
}

// first sets the sums to the points of the first batch, and qx and qy to those of the
// second.
func (g *comb52) first() {
	g.lookup(g.x, g.y, combWidths[0])
	g.block(func() {
		y := g.load(g.y)
		g.store(g.blend(y, g.carry(g.addP(g.negate(y), 1)), kNegative), g.y)
		for i, limb := range montgomery52(big.NewInt(1)) {
			one := g.Var()
			g.Do(x86.VPBROADCASTQ(g.Words64(fmt.Sprintf("one%d", i), limb), one))
			g.Do(x86.VMOVDQU64(one, g.at(g.zz, i)))
			g.Do(x86.VMOVDQU64(one, g.at(g.zzz, i)))
		}
	})
	g.lookup(g.qx, g.qy, combWidths[1])
}

// lookup sets x and y to the coordinates of the next digits' points, and kNegative to
// the lanes where they are to be negated.
func (g *comb52) lookup(x, y Mem, w int) {
	j, entry, one, k := g.reg(10), g.reg(11), g.reg(12), kMatch[0]
	g.block(func() { g.digit(w) })
	g.VMOVDQU64(g.j, j)
	g.VPBROADCASTQ(g.Words64("one", 1), one)
	for i := range 10 {
		g.VPXORQ(g.reg(i), g.reg(i), g.reg(i))
	}
	g.VPXORQ(entry, entry, entry)
	g.MOVL(U32(1<<(w-1)), rLeft.As32())
	label := g.NewLabel("entry")
	g.Align(32)
	g.Label(label)
	g.VPCMPEQQ(entry, j, k)
	g.VPADDQ(one, entry, entry)
	for i := range 10 {
		g.VMOVDQU64(Mem{Base: rTable, Disp: i * vectorBytes}, k, g.reg(i))
	}
	g.ADDQ(I32(entryBytes), rTable)
	g.DECL(rLeft.As32())
	g.JNE(LabelRef(label))
	for i := range 5 {
		g.VMOVDQU64(g.reg(i), g.at(x, i))
		g.VMOVDQU64(g.reg(5+i), g.at(y, i))
	}
}

// digit takes the next digit off words, of w bits: it sets j and kNegative.
func (g *comb52) digit(w int) reg.VecVirtual {
	words, rest, j := g.Var(), g.Var(), g.Var()
	g.Do(x86.VMOVDQU64(g.words, words))
	g.Do(x86.VPTESTNMQ_BCST(g.Words64(fmt.Sprintf("signBit%d", w), 1<<(w-1)), words, kNegative))
	magnitude := g.Words64(fmt.Sprintf("magnitude%d", w), 1<<(w-1)-1)
	g.Do(x86.VPSRLQ(Imm(uint64(w)), words, rest))
	g.Do(x86.VMOVDQU64(rest, g.words))
	g.Do(x86.VPANDQ_BCST(magnitude, words, j))
	g.Do(x86.VPXORQ_BCST(magnitude, j, kNegative, j))
	g.Do(x86.VMOVDQU64(j, g.j))
	return j
}

// pick sets q to a coordinate, x (0) or y (1), of the points whose indices are j.
func (g *comb52) pick(q Mem, j reg.VecVirtual, w, coordinate int) {
	var r number
	for e := range 1 << (w - 1) {
		k := kMatch[e%len(kMatch)]
		g.Do(x86.VPCMPEQQ_BCST(g.Words64(fmt.Sprintf("entry%d", e), uint64(e)), j, k))
		for i := range r {
			m := Mem{Base: rTable, Disp: e*entryBytes + (5*coordinate+i)*vectorBytes}
			if e == 0 {
				r[i] = g.Var()
				g.Do(x86.VMOVDQU64_Z(m, k, r[i]))
			} else {
				g.Do(x86.VMOVDQU64(m, k, r[i]))
			}
		}
	}
	g.store(r, q)
}

// addPoints adds the points of qx and qy to the sums, and looks up the next.
//
// Bounds, by induction: X < 1.01, Y < 1.5, ZZ, ZZZ < 1.2.
func (g *comb52) addPoints() {
	w := combWidths[len(combWidths)-1]
	g.block(func() { // P < 1 + 1.2/16 + 2 < 3.1
		u := g.mul(g.load(g.qx), g.load(g.zz))
		g.store(g.carry(g.addP(g.sub(u, g.load(g.x)), 2)), g.p)
	})
	g.block(func() { // R < 1 + 1.2/16 + 3 < 4.1
		s := g.mul(g.load(g.qy), g.load(g.zzz))
		zero := g.zero()
		for _, v := range s {
			g.Do(x86.VPSUBQ(v, zero, kNegative, v))
		}
		g.store(g.carry(g.addP(g.sub(s, g.load(g.y)), 3)), g.r)
	})
	g.block(func() { // P^2 < 1 + 3.1^2/16 < 1.61
		g.store(g.carry(g.square(g.load(g.p))), g.pp)
		g.pick(g.qx, g.digit(w), w, 0)
	})
	g.block(func() { // R^2 < 1 + 4.1^2/16 < 2.1, columns
		g.store(g.square(g.load(g.r)), g.rr)
		j := g.Var()
		g.Do(x86.VMOVDQU64(g.j, j))
		g.pick(g.qy, j, w, 1)
	})
	g.block(func() { // P^3 < 1 + 3.1*1.61/16 < 1.32
		cube := g.mul(g.load(g.p), g.load(g.pp))
		g.store(g.carry(cube), g.ppp)
		g.store(g.carry(g.addP(g.negate(cube), 2)), g.n)
	})
	g.block(func() { // Q < 1 + 1.01*1.61/16 < 1.12
		q := g.mul(g.load(g.x), g.load(g.pp))
		rest := g.sub(g.load(g.rr), g.load(g.ppp))
		twice := g.add(q, q)
		// X3 = R^2 - P^3 - 2Q, and Q - X3: with 4p and 3p, positive and less than 8.
		g.store(g.carry(g.fold(g.addP(g.sub(rest, twice), 4))), g.x)
		g.store(g.carry(g.fold(g.addP(g.sub(g.add(twice, q), rest), 3))), g.d)
	})
	g.block(func() { g.store(g.carry(g.mul(g.load(g.zz), g.load(g.pp))), g.zz) })
	g.block(func() { g.store(g.carry(g.mul(g.load(g.zzz), g.load(g.ppp))), g.zzz) })
	g.block(func() { // Y3 = R (Q - X3) - S1 P^3 < 1 + (4.1*1.01 + 1.5*2)/16 < 1.5
		g.store(g.carry(g.mul2(g.load(g.r), g.load(g.d), g.load(g.y), g.load(g.n))), g.y)
	})
}

// negate returns the columns of -a.
func (g *comb52) negate(a number) number {
	zero := g.zero()
	return g.sub(number{zero, zero, zero, zero, zero}, a)
}

// merge adds to the sum of each lane that of its partner. Of two partners one is the
// first (kFirst), with X1, Y1, ZZ1, ZZZ1, and the other the second (kSecond); each does
// a half of the multiplications, and both get the sum. In the comments, the first's |
// the second's.
//
// Bounds, as in addPoints, but for Y < 2.4, by induction: U < 1 + 1.01*1.2/16 < 1.08, S
// < 1 + 2.4*1.2/16 < 1.19. What a lane computes but does not need is within
// bounds, too.
func (g *comb52) merge() {
	g.block(func() { // U1 | U2, and P | -P, less than 1.08 + 2
		u := g.mul(g.load(g.x), g.partner(g.zz))
		g.store(g.carry(u), g.u)
		g.store(g.carry(g.addP(g.sub(g.partnerOf(u), u), 2)), g.p)
	})
	g.block(func() { // S1 | S2, and P | R, less than 1.19 + 2
		s := g.mul(g.load(g.y), g.partner(g.zzz))
		g.store(g.carry(s), g.s)
		r := g.carry(g.addP(g.sub(s, g.partnerOf(s)), 2))
		g.store(g.blend(g.load(g.p), r, kSecond), g.p)
	})
	g.block(func() { // ZZ1 ZZ2 | ZZZ1 ZZZ2
		a, b := g.load(g.zz), g.partner(g.zz)
		g.over(a, g.zzz, kSecond)
		g.overPartner(b, g.zzz, kSecond)
		g.store(g.carry(g.mul(a, b)), g.t)
	})
	g.block(func() { // P^2 | R^2 < 1 + 3.2^2/16 < 1.65, and P^2 for both
		r := g.carry(g.square(g.load(g.p)))
		g.store(r, g.rr)
		g.store(g.blend(r, g.partnerOf(r), kSecond), g.pp)
	})
	g.block(func() { // P^3 | Q, less than 1 + 3.1*1.61/16 < 1.32 and 1.12
		a := g.load(g.p)
		g.overPartner(a, g.u, kSecond)
		cq := g.mul(a, g.load(g.pp))
		qc := g.partnerOf(cq)
		g.store(g.blend(g.load(g.pp), g.carry(qc), kSecond), g.ppp) // P^2 | P^3

		rest := g.sub(g.load(g.rr), qc) // . | R^2 - P^3
		twice := g.add(cq, cq)
		x := g.carry(g.fold(g.addP(g.sub(rest, twice), 4)))
		g.store(g.blend(x, g.partnerOf(x), kFirst), g.x)
		minus := g.addP(g.negate(cq), 2)
		d := g.fold(g.addP(g.sub(g.add(twice, cq), rest), 3))
		g.store(g.carry(g.blend(minus, d, kSecond)), g.d) // -P^3 | Q - X3
	})
	g.block(func() { // ZZ3 | ZZZ3
		z := g.carry(g.mul(g.load(g.t), g.load(g.ppp)))
		partner := g.partnerOf(z)
		g.store(g.blend(z, partner, kSecond), g.zz)
		g.store(g.blend(z, partner, kFirst), g.zzz)
	})
	g.block(func() { // Y3 = -S1 P^3 + R (Q - X3) < 2 + (1.19*2 + 3.2*1.01)/16 < 2.4
		a := g.load(g.s)
		g.over(a, g.p, kSecond)
		y := g.mul(a, g.load(g.d))
		g.store(g.carry(g.add(y, g.partnerOf(y))), g.y)
	})
}

// partner returns the number of each lane's partner.
func (g *comb52) partner(m Mem) (r number) {
	for i := range r {
		r[i] = g.Var()
		g.Do(x86.VPERMQ(g.at(m, i), g.reg(regSwap), r[i]))
	}
	return r
}

func (g *comb52) partnerOf(a number) (r number) {
	for i := range r {
		r[i] = g.Var()
		g.Do(x86.VPERMQ(a[i], g.reg(regSwap), r[i]))
	}
	return r
}

// over loads m over the lanes k of a, and overPartner what their partners have of m.
func (g *comb52) over(a number, m Mem, k reg.Register) {
	for i, v := range a {
		g.Do(x86.VMOVDQU64(g.at(m, i), k, v))
	}
}

func (g *comb52) overPartner(a number, m Mem, k reg.Register) {
	for i, v := range a {
		g.Do(x86.VPERMQ(g.at(m, i), g.reg(regSwap), k, v))
	}
}

// blend returns b in lanes k, and a in others.
func (g *comb52) blend(a, b number, k reg.Register) (r number) {
	for i := range r {
		r[i] = g.Var()
		g.Do(x86.VPBLENDMQ(b[i], a[i], k, r[i]))
	}
	return r
}

// finish writes the Jacobian point X ZZ, Y ZZZ, ZZ: x = X ZZ/ZZ^2, y = Y ZZZ/ZZ^3. They
// are computed in lanes 0, 1 and 2.
func (g *comb52) finish() {
	lane1, lane2 := kMatch[0], kMatch[1]
	g.MOVL(U32(0b010), reg.EAX)
	g.KMOVB(reg.EAX, lane1)
	g.MOVL(U32(0b100), reg.EAX)
	g.KMOVB(reg.EAX, lane2)

	// Limbs of the exceptional points, and of 1 in Montgomery's form, in lanes.
	q := ecPoint{generator.x, generator.y}.times(exceptionK)
	exception := func(name string, p ecPoint) Mem {
		var ws []uint64
		for i := range 5 {
			ws = append(ws, montgomery52(p.x)[i], montgomery52(p.y)[i], montgomery52(big.NewInt(1))[i], 0, 0, 0, 0, 0)
		}
		return g.Words64(name, ws...)
	}
	odd := exception("exceptionOdd", q)
	even := exception("exceptionEven", ecPoint{q.x, new(big.Int).Sub(prime, q.y)})
	g.block(func() {
		a, b := g.load(g.x), g.load(g.zz)
		g.over(a, g.y, lane1)
		g.over(a, g.zz, lane2)
		g.over(b, g.zzz, lane1)
		g.over(b, odd, lane2)
		r := g.carry(g.mul(a, b))
		g.over(r, odd, kIsOdd)
		g.over(r, even, kIsEven)
		g.store(r, g.p)
	})
	g.block(func() { // times 1/R
		var c [10]reg.VecVirtual
		a := g.load(g.p)
		copy(c[:], a[:])
		g.store(g.carry(g.reduce(c)), g.p)
	})
	// A value is (a + m p)/R for a < 16p and m < R: p at most.
	dst := g.Load(g.Param("p"), reg.RDI)
	w := []reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX}
	t := []reg.GPPhysical{reg.R11, reg.R12, reg.R13, reg.R14}
	for lane := range 3 {
		g.MOVQ(g.at(g.p, 0).Offset(8*lane), w[0])
		for i := 1; i < 5; i++ {
			low := reg.R15
			g.MOVQ(g.at(g.p, i).Offset(8*lane), low)
			if i < 4 {
				g.MOVQ(low, w[i])
				g.SHRQ(U8(12*i), w[i])
			}
			g.SHLQ(U8(64-12*i), low)
			g.ORQ(low, w[i-1])
		}
		for i := range t {
			g.MOVQ(w[i], t[i])
			g.MOVQ(U64(words64(prime)[i]), reg.RSI)
			if i == 0 {
				g.SUBQ(reg.RSI, t[i])
			} else {
				g.SBBQ(reg.RSI, t[i])
			}
		}
		for i := range t {
			g.CMOVQCC(t[i], w[i])
			g.MOVQ(w[i], Mem{Base: dst, Disp: 32*lane + 8*i})
		}
	}
}

// times returns k p for a k of some bits: not a multiple of the order, nor less than 1.
func (p ecPoint) times(k *big.Int) ecPoint {
	r := p
	for i := k.BitLen() - 2; i >= 0; i-- {
		if r = r.add(r); k.Bit(i) == 1 {
			r = r.add(p)
		}
	}
	return r
}

// wipe clears all that is left of the computation: vectors, words, the frame.
func (g *comb52) wipe() {
	for i := range 32 {
		g.VPXORQ(g.reg(i), g.reg(i), g.reg(i))
	}
	for i := 0; i < g.size; i += vectorBytes {
		g.VMOVDQU64(g.reg(0), Mem{Base: rFrame, Disp: i})
	}
	for _, r := range []reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15, reg.RSI} {
		g.XORL(r.As32(), r.As32())
	}
}
