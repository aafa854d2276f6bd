package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// # Poly1305 on vectors
//
// A vector has eight blocks, one a 64-bit lane, and a number modulo
// p = 2^130-5 is three vectors of limbs in radix 2^44: a0 + a1·2^44 + a2·2^88.
// VPMADD52LUQ and VPMADD52HUQ multiply the low 52 bits of two lanes and add the
// low 52 bits of the product, or the 52 above, to a third. With l, u the sums of
// either,
//
//	a·b = Σ (l_i + 2^52·u_i)·2^(44i),   2^52·2^(44i) = 2^8·2^(44(i+1))
//
// and since 2^132 = 4·2^130 = 20 (mod p), limbs that go beyond the third come
// back 20 times:
//
//	l0, u0: a0·b0 + a1·(20·b2) + a2·(20·b1)
//	l1, u1: a0·b1 + a1·b0      + a2·(20·b2)
//	l2, u2: a0·b2 + a1·b1      + a2·b0
//
// (accumulate). Up to five products are summed up before carry.
//
// Bounds. carry leaves a0 < 2^44, a1 < 2^44+2^17, a2 < 2^42; a multiplier b is
// such an output, so 20·b1, 20·b2 < 2^48.4. A multiplicand is a block (limbs
// < 2^44, 2^44, 2^41) to which such an output may be added: limbs < 2^45+2^17.
// All are below 2^52, as the instructions want. For five products, l_i is the sum
// of 15 numbers < 2^52, so l_i < 2^56; u_i that of 15 numbers
// < 2^(45.1+48.4-52) = 2^41.5, so u_i < 2^45.5. In carry then, l1 + 2^8·u0 + l0/2^44
// < 2^56 + 2^53.5 + 2^12 < 2^57, the same holds for l2, and the carry out of
// limb 2 is c = l2/2^42 + 2^10·u2 < 2^15 + 2^55.5 < 2^56; h0 = l0 mod 2^44 + 5c
// < 2^59, of which less than 2^15 goes on to h1. No sum reaches 2^64.
//
// # The sum
//
// Of n blocks c_1 to c_n Poly1305 wants Σ c_i·r^(n+1-i) (RFC 8439, Section 2.5).
// While more than 40 blocks are left, 32 of them, four vectors m0 to m3, are
//
//	H = (H + m0)·r^32 + m1·r^24 + m2·r^16 + m3·r^8
//
// in each lane, after which H lacks the factor that depends on the lane. The last
// n <= 40 blocks have it: the vector that starts with the block i before the end
// (i = n, n-8, ...) is multiplied by r^i in lane 0, r^(i-1) in lane 1, and so on,
// and by 0 where i-lane <= 0. H is added to the first of them. That needs more
// than 8 blocks, or H = a sum in lane 0 alone; so 9 to 40 are left over.
//
// The table (f.pow) holds, for each limb and then for 20 times limbs 1 and 2,
// r^40, r^39, ..., r^1 and eight zeros.

// Registers of the hash.
var (
	polyL  = []reg.VecPhysical{z(16), z(17), z(18)}
	polyU  = []reg.VecPhysical{z(19), z(20), z(21)}
	polyR  = []reg.VecPhysical{z(0), z(1), z(2), z(3), z(4)} // a multiplier in all lanes
	polyM2 = []reg.VecPhysical{z(5), z(6), z(7)}             // another vector of blocks
	polyL2 = []reg.VecPhysical{z(8), z(9), z(10)}            // other accumulators: half as long chains
	polyU2 = []reg.VecPhysical{z(11), z(12), z(13)}
	polyH  = []reg.VecPhysical{z(22), z(23), z(24)} // the sum; in powers, the multiplicand
	polyM  = []reg.VecPhysical{z(25), z(26), z(27)} // a vector of blocks
	polyB  = []reg.VecPhysical{z(25), z(26), z(27), z(28), z(29)}
	polyT  = z(28)
	idxLow = z(29)
	idxHi  = z(30)
	powT   = z(30)
	mask44 = z(31)
)

// Masks of lanes for powers.
var (
	kEven = reg.K5 // 0, 2, 4, 6
	kPair = reg.K6 // 0, 1, 4, 5
	kLow  = reg.K7 // 0 to 3
)

func (m *z512) laneMasks() {
	for _, e := range []struct {
		k reg.OpmaskPhysical
		v uint32
	}{{kEven, 0x55}, {kPair, 0x33}, {kLow, 0x0f}} {
		m.MOVL(U32(e.v), reg.EAX)
		m.KMOVW(reg.EAX, e.k)
	}
}

// at returns the entry of r^i of limb l (3 and 4: 20 times limbs 1 and 2).
func (m *z512) at(l, i int) Mem { return m.f.pow.Offset(l*powRow + 8*(40-i)) }

func (m *z512) mask44() Mem { return m.Words64("poly44", 1<<44-1) }
func (m *z512) mask42() Mem { return m.Words64("poly42", 1<<42-1) }
func (m *z512) pad() Mem    { return m.Words64("polyPad", 1<<40) } // 2^128 in limb 2

// zero clears the accumulators.
func (m *z512) zero() ops { return m.clear(append(polyL[:3:3], polyU...)) }

func (m *z512) clear(v []reg.VecPhysical) (o ops) {
	for _, r := range v {
		o = append(o, func() { m.VPXORQ(r, r, r) })
	}
	return o
}

// accumulate adds the product of a and b. b is limbs 0, 1, 2 and 20 times limbs
// 1 and 2.
func (m *z512) accumulate(a []reg.VecPhysical, b []Op) ops {
	return m.accumulateTo(polyL, polyU, a, b)
}

func (m *z512) accumulateTo(l, u, a []reg.VecPhysical, b []Op) (o ops) {
	for i, row := range [][]Op{{b[0], b[1], b[2]}, {b[4], b[0], b[1]}, {b[3], b[4], b[0]}} {
		for k, f := range row {
			o = append(o, func() { m.VPMADD52LUQ(f, a[i], l[k]) })
			o = append(o, func() { m.VPMADD52HUQ(f, a[i], u[k]) })
		}
	}
	return o
}

// addProducts adds the other accumulators.
func (m *z512) addProducts() (o ops) {
	for i := range 3 {
		o = append(o, func() { m.VPADDQ(polyL2[i], polyL[i], polyL[i]) })
		o = append(o, func() { m.VPADDQ(polyU2[i], polyU[i], polyU[i]) })
	}
	return o
}

// carry leaves the value of the accumulators in h.
func (m *z512) carry(h []reg.VecPhysical, t reg.VecPhysical) (o ops) {
	l, u := polyL, polyU
	do := func(f func()) { o = append(o, f) }
	do(func() { m.VPSLLQ(U8(8), u[0], u[0]) })
	do(func() { m.VPSRLQ(U8(44), l[0], t) })
	do(func() { m.VPSLLQ(U8(8), u[1], u[1]) })
	do(func() { m.VPADDQ(u[0], l[1], l[1]) })
	do(func() { m.VPADDQ(t, l[1], l[1]) })
	do(func() { m.VPADDQ(u[1], l[2], l[2]) })
	do(func() { m.VPSRLQ(U8(44), l[1], t) })
	do(func() { m.VPSLLQ(U8(10), u[2], u[2]) })
	do(func() { m.VPADDQ(t, l[2], l[2]) })
	do(func() { m.VPANDQ(mask44, l[0], h[0]) })
	do(func() { m.VPSRLQ(U8(42), l[2], t) })
	do(func() { m.VPANDQ(mask44, l[1], h[1]) })
	do(func() { m.VPADDQ(u[2], t, t) })
	do(func() { m.VPANDQ_BCST(m.mask42(), l[2], h[2]) })
	do(func() { m.VPADDQ(t, h[0], h[0]) })
	do(func() { m.VPSLLQ(U8(2), t, t) })
	do(func() { m.VPADDQ(t, h[0], h[0]) })
	do(func() { m.VPSRLQ(U8(44), h[0], t) })
	do(func() { m.VPANDQ(mask44, h[0], h[0]) })
	do(func() { m.VPADDQ(t, h[1], h[1]) })
	return o
}

// twenty sets dst to 20·a.
func (m *z512) twenty(a, dst, t reg.VecPhysical) (o ops) {
	return ops{
		func() { m.VPSLLQ(U8(4), a, t) },
		func() { m.VPSLLQ(U8(2), a, dst) },
		func() { m.VPADDQ(t, dst, dst) },
	}
}

// powers fills the table from f.r. The lanes of a vector, from lane 0 on:
//
//	P = r r r r r r r r
//	P = r^2 r r^2 r ...                  (P·r in the even lanes)
//	P = r^4 r^3 r^2 r ...                (P·r^2 in lanes 0, 1, 4, 5)
//	P = r^8 r^7 r^6 ... r                (P·r^4 in lanes 0 to 3)
//
// then P·r^8, P·r^16, (P·r^8)·r^16, P·r^32.
func (m *z512) powers() (o ops) {
	l, p := polyL, polyH
	do := func(f ...func()) { o = append(o, f...) }
	store := func(v []reg.VecPhysical, i int) { do(m.storePowers(v, i)...) }
	load := func(i int) {
		for j := range 3 {
			do(func() { m.VMOVDQU64(m.at(j, i), p[j]) })
		}
	}
	do(m.firstPowers()...)
	store(p, 8)
	do(m.noPowers()...)
	do(m.spread()...)
	do(m.times()...)
	store(l, 16)
	do(m.spread()...)
	do(m.times()...)
	store(l, 24)
	load(16)
	do(m.times()...)
	store(l, 32)
	do(m.spread()...)
	load(8)
	do(m.times()...)
	store(l, 40)
	return o
}

// scalarPowers makes r to r^8, r^16, r^24 and r^32 in general-purpose registers, in
// their places in the table; scalarR is loaded. morePowers, on vectors, makes the
// others. The first leaves the vectors to others, the second waits for four products
// beside one another, where powers waits for seven one after another.
func (m *z512) scalarPowers() (o ops) {
	h := scalarH
	do := func(f ...func()) { o = append(o, f...) }
	for i := range 3 {
		do(func() {
			if i == 2 {
				m.XORL(h[i].As32(), h[i].As32())
			} else {
				m.MOVQ(scalarR[i], h[i])
			}
		})
	}
	do(m.storePower(1)...)
	for k := 2; k <= 8; k++ {
		do(m.scalarMulOps()...)
		do(m.storePower(k)...)
	}
	for i := range 3 {
		do(func() { m.MOVQ(h[i], m.f.r8.Offset(8*i)) })
	}
	for k := 16; k <= 32; k += 8 {
		do(m.scalarWide(m.f.r8)...)
		do(m.storePower(k)...)
	}
	return o
}

// storePower stores the limbs of scalarH, whose third word is < 8, as r^k. It uses
// AX.
func (m *z512) storePower(k int) ops {
	h, t := scalarH, reg.RAX
	low44 := func() { m.SHLQ(U8(20), t); m.SHRQ(U8(20), t) }
	return ops{
		func() { m.MOVQ(h[0], t); low44() },
		func() { m.MOVQ(t, m.at(0, k)) },
		func() { m.MOVQ(h[0], t); m.SHRQ(U8(44), h[1], t); low44() },
		func() { m.MOVQ(t, m.at(1, k)) },
		func() { m.MOVQ(h[1], t); m.SHRQ(U8(24), h[2], t) },
		func() { m.MOVQ(t, m.at(2, k)) },
	}
}

// scalarWide multiplies scalarH by the three words at b, the third < 8. It uses all
// other registers.
//
// Bounds: both are less than 5·2^128, the product less than 25·2^256. What is above
// 2^130 comes back times 5 twice: less than 2^136, then less than 5·2^128.
func (m *z512) scalarWide(b Mem) (o ops) {
	h := scalarH
	t := []reg.GPPhysical{reg.R11, reg.R12, reg.R13, reg.R14, reg.R15}
	lo, hi := reg.RAX, reg.RBX
	do := func(f ...func()) { o = append(o, f...) }
	for _, c := range t {
		do(func() { m.XORL(c.As32(), c.As32()) })
	}
	for j := range 3 {
		do(func() { m.MOVQ(b.Offset(8*j), reg.RDX) })
		for i := range min(3, 4-j) {
			do(func() {
				m.MULXQ(h[i], lo, hi)
				m.ADDQ(lo, t[i+j])
				m.ADCQ(hi, t[i+j+1])
				for c := i + j + 2; c <= 4; c++ {
					m.ADCQ(U8(0), t[c])
				}
			})
		}
	}
	return append(o,
		func() { m.IMULQ(b.Offset(16), h[2]); m.ADDQ(h[2], t[4]) },
		// 2^130·x = 4x + x of what 4x is above 2^128
		func() { m.MOVL(t[2].As32(), h[2].As32()); m.ANDL(U8(3), h[2].As32()); m.ANDQ(I8(-4), t[2]) },
		func() { m.ADDQ(t[2], t[0]); m.ADCQ(t[3], t[1]); m.ADCQ(t[4], h[2]) },
		func() { m.SHRQ(U8(2), t[3], t[2]) },
		func() { m.SHRQ(U8(2), t[4], t[3]) },
		func() { m.SHRQ(U8(2), t[4]) },
		func() { m.ADDQ(t[2], t[0]); m.ADCQ(t[3], t[1]); m.ADCQ(t[4], h[2]) },
		func() { m.MOVQ(t[0], h[0]); m.MOVQ(t[1], h[1]); m.around(h, lo, hi) },
	)
}

// morePowers fills the table from what scalarPowers made: P is r^8 ... r, and P·r^32
// comes first, since that of r^k, k < 32, is overwritten by P·r^(k-8).
func (m *z512) morePowers() (o ops) {
	l, p := polyL, polyH
	do := func(f ...func()) { o = append(o, f...) }
	do(func() { m.VPBROADCASTQ(m.mask44(), mask44) })
	for j := range 3 {
		do(func() { m.VMOVDQU64(m.at(j, 8), p[j]) })
	}
	for k := 32; k >= 8; k -= 8 {
		for j := range 3 {
			do(func() { m.VPBROADCASTQ(m.at(j, k), polyB[j]) })
		}
		do(m.times()...)
		do(m.storePowers(l, k+8)...)
	}
	for j := range 2 {
		do(m.twenty(p[1+j], polyU[1], polyU[0])...)
		do(func() { m.VMOVDQU64(polyU[1], m.at(3+j, 8)) })
	}
	return append(o, m.noPowers()...)
}

// storePowers stores v as r^i and the seven below.
func (m *z512) storePowers(v []reg.VecPhysical, i int) (o ops) {
	for j := range 3 {
		o = append(o, func() { m.VMOVDQU64(v[j], m.at(j, i)) })
	}
	for j := range 2 {
		o = append(o, m.twenty(v[1+j], polyU[1], polyU[0])...)
		o = append(o, func() { m.VMOVDQU64(polyU[1], m.at(3+j, i)) })
	}
	return o
}

// noPowers stores the zeros behind the table.
func (m *z512) noPowers() ops {
	o := ops{func() { m.VPXORQ(polyU[2], polyU[2], polyU[2]) }}
	for j := range 5 {
		o = append(o, func() { m.VMOVDQU64(polyU[2], m.at(j, 0)) })
	}
	return o
}

// firstPowers makes P = r^8 ... r in polyH, with r^8 in lane 0 of polyL.
func (m *z512) firstPowers() (o ops) {
	p, t := polyH, powT
	do := func(f ...func()) { o = append(o, f...) }
	do(
		func() { m.VPBROADCASTQ(m.mask44(), mask44) },
		func() { m.VPBROADCASTQ(m.f.r, p[0]) },
		func() { m.VPBROADCASTQ(m.f.r.Offset(8), p[2]) },
		func() { m.VPSRLQ(U8(44), p[0], p[1]) },
		func() { m.VPSLLQ(U8(20), p[2], t) },
		func() { m.VPTERNLOGQ(U8(0xa8), mask44, t, p[1]) },
		func() { m.VPANDQ(mask44, p[0], p[0]) },
		func() { m.VPSRLQ(U8(24), p[2], p[2]) },
	)
	for i := range 3 {
		do(func() { m.VMOVDQA64(p[i], polyB[i]) })
	}
	for n, k := range []reg.Register{kEven, kPair, kLow} {
		if n > 0 {
			do(m.spread()...)
		}
		do(m.times()...)
		for i := range 3 {
			do(func() { m.VMOVDQA64(polyL[i], k, p[i]) })
		}
	}
	return o
}

// times multiplies polyH by polyB, whose last two it makes, to polyL.
func (m *z512) times() (o ops) {
	b := polyB
	o = append(o, m.twenty(b[1], b[3], powT)...)
	o = append(o, m.twenty(b[2], b[4], powT)...)
	o = append(o, m.zero()...)
	o = append(o, m.accumulate(polyH, []Op{b[0], b[1], b[2], b[3], b[4]})...)
	return append(o, m.carry(polyL, powT)...)
}

// spread sets all lanes of polyB to lane 0 of polyL.
func (m *z512) spread() (o ops) {
	for i := range 3 {
		o = append(o, func() { m.VPBROADCASTQ(asX(polyL[i]), polyB[i]) })
	}
	return o
}

// split turns two words a lane, in a[0] and a[2], into limbs with 2^128.
func (m *z512) split(a []reg.VecPhysical) (o ops) {
	return ops{
		func() { m.VPSRLQ(U8(44), a[0], polyT) },
		func() { m.VPSLLQ(U8(20), a[2], a[1]) },
		func() { m.VPTERNLOGQ(U8(0xa8), mask44, polyT, a[1]) },
		func() { m.VPANDQ(mask44, a[0], a[0]) },
		func() { m.VPSRLQ(U8(24), a[2], a[2]) },
		func() { m.VPORQ_BCST(m.pad(), a[2], a[2]) },
	}
}

// load puts the eight blocks at rSrc+off in a, split.
func (m *z512) load(off int, a []reg.VecPhysical) (o ops) {
	at := func(i int) Mem { return Mem{Base: rSrc, Disp: off + i} }
	o = ops{
		func() { m.VMOVDQU64(at(0), a[0]) },
		func() { m.VMOVDQA64(a[0], a[2]) },
		func() { m.VPERMT2Q(at(64), idxLow, a[0]) },
		func() { m.VPERMT2Q(at(64), idxHi, a[2]) },
	}
	return append(o, m.split(a)...)
}

// addH adds the sum to the blocks in a.
func (m *z512) addH(a []reg.VecPhysical) (o ops) {
	for i := range 3 {
		o = append(o, func() { m.VPADDQ(polyH[i], a[i], a[i]) })
	}
	return o
}

// loadH puts the sum of f.h into lane 0 of three limbs. Its third word is < 8, so
// limb 2 < 2^43.
func (m *z512) loadH(h []reg.VecPhysical) {
	third := m.f.h.Offset(16)
	m.limbs(m.f.h, &third)
	for i, r := range limbRegs {
		m.VMOVQ(r, asX(h[i]))
	}
}

var limbRegs = []reg.GPPhysical{reg.R12, reg.RAX, reg.RBX}

// limbs makes limbRegs of the two words at v and a third, if any, which is < 8.
func (m *z512) limbs(v Mem, third *Mem) {
	m.MOVQ(v, reg.RAX)
	m.MOVQ(v.Offset(8), reg.RBX)
	m.MOVQ(m.mask44(), reg.R11)
	m.MOVQ(reg.RAX, reg.R12)
	m.ANDQ(reg.R11, reg.R12)
	m.SHRQ(U8(44), reg.RBX, reg.RAX) // both words from bit 44 on
	m.ANDQ(reg.R11, reg.RAX)
	if third != nil {
		m.MOVQ(*third, reg.RDX)
		m.SHRQ(U8(24), reg.RDX, reg.RBX)
	} else {
		m.SHRQ(U8(24), reg.RBX)
	}
}

// hash folds the rN bytes at rSrc into f.h, and behind them the block f.lens if
// last: see the sum above. The sum is returned in three registers, the third < 8.
func (m *z512) hash(last bool) (h []reg.GPPhysical) {
	left, weight := reg.R9, reg.R10
	m.VPBROADCASTQ(m.mask44(), mask44)
	m.loadIndex()
	m.loadH(polyH)
	m.LEAQ(Mem{Base: rN, Disp: 15}, left)
	m.SHRQ(U8(4), left)
	if last {
		m.INCQ(left)
	}
	loop, end := m.NewLabel("hash"), m.NewLabel("hashEnd")
	m.Align(32)
	m.Label(loop)
	m.CMPQ(left, U32(40))
	m.JBE(LabelRef(end))
	// The products of a vector are woven with the loads of the next: there are
	// only two ports for products.
	blocks := [][]reg.VecPhysical{polyM, polyM2}
	m.load(3*128, polyM).emit()
	m.zero().emit()
	m.clear(append(polyL2[:3:3], polyU2...)).emit()
	for i := 3; i >= 0; i-- {
		b := make([]Op, 5)
		for l := range b {
			m.VPBROADCASTQ(m.at(l, 32-8*i), polyR[l])
			b[l] = polyR[l]
		}
		this, next := blocks[(i+1)%2], blocks[i%2]
		products := m.accumulate(this, b)
		if i%2 == 0 {
			products = m.accumulateTo(polyL2, polyU2, this, b)
		}
		var loads ops
		if i > 0 {
			loads = m.load(128*(i-1), next)
		}
		if i == 1 {
			loads = append(loads, m.addH(next)...)
		}
		weave(products, loads).emit()
	}
	m.addProducts().emit()
	m.carry(polyH, polyT).emit()
	m.ADDQ(U32(512), rSrc)
	m.SUBQ(U32(512), rN)
	m.SUBQ(U8(32), left)
	m.JMP(LabelRef(loop))

	m.Label(end)
	m.zero().emit()
	m.MOVL(U32(40), weight.As32())
	m.SUBQ(left, weight)
	m.LEAQ(m.f.pow.Idx(weight, 8), weight)
	var b []Op
	for l := range 5 {
		b = append(b, Mem{Base: weight, Disp: l * powRow})
	}
	m.MOVQ(I32(-1), rOne)
	m.XORL(reg.R11L, reg.R11L)
	m.MOVL(U32(64), reg.R12L)
	// loads up to 128 bytes, of which there may be none
	masked := func() {
		m.MOVQ(rN, reg.RAX)
		m.CMPQ(reg.RAX, reg.R12)
		m.CMOVQHI(reg.R12, reg.RAX)
		m.MOVQ(rN, reg.RBX)
		m.SUBQ(reg.R12, reg.RBX)
		m.CMOVQCS(reg.R11, reg.RBX)
		m.CMPQ(reg.RBX, reg.R12)
		m.CMOVQHI(reg.R12, reg.RBX)
		m.BZHIQ(reg.RAX, rOne, reg.RAX)
		m.BZHIQ(reg.RBX, rOne, reg.RBX)
		m.KMOVQ(reg.RAX, reg.K1)
		m.KMOVQ(reg.RBX, reg.K2)
		m.VMOVDQU8_Z(Mem{Base: rSrc}, reg.K1, polyM[0])
		m.VMOVDQU8_Z(Mem{Base: rSrc, Disp: 64}, reg.K2, polyT)
		m.VMOVDQA64(polyM[0], polyM[2])
		m.VPERMT2Q(polyT, idxLow, polyM[0])
		m.VPERMT2Q(polyT, idxHi, polyM[2])
	}
	vector, tail := m.NewLabel("hashVector"), m.NewLabel("hashTail")
	m.Label(vector)
	m.CMPQ(left, U8(8))
	m.JBE(LabelRef(tail))
	masked()
	m.split(polyM).emit()
	m.addH(polyM).emit()
	for i := range 3 {
		m.VPXORQ(polyH[i], polyH[i], polyH[i])
	}
	m.accumulate(polyM, b).emit()
	m.ADDQ(U32(64), weight)
	m.ADDQ(U32(128), rSrc)
	m.SUBQ(U32(128), rN)
	m.CMOVQCS(reg.R11, rN)
	m.SUBQ(U8(8), left)
	m.JMP(LabelRef(vector))

	m.Label(tail)
	masked()
	if last {
		// the lengths are block left-1 of the vector
		m.MOVL(U32(1), reg.EAX)
		m.LEAQ(Mem{Base: left, Disp: -1}, reg.RBX)
		m.SHLXQ(reg.RBX, reg.RAX, reg.RAX)
		m.KMOVW(reg.EAX, reg.K3)
		m.VPBROADCASTQ(m.f.lens, reg.K3, polyM[0])
		m.VPBROADCASTQ(m.f.lens.Offset(8), reg.K3, polyM[2])
	}
	m.split(polyM).emit()
	m.addH(polyM).emit()
	m.accumulate(polyM, b).emit()
	m.carry(polyH, polyT).emit()
	return m.sumLanes()
}

// loadIndex is for taking the low words and the high words of eight blocks apart.
func (m *z512) loadIndex() {
	idx := m.Words64("polyIndex", 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15)
	m.VMOVDQU64(idx, idxLow)
	m.VMOVDQU64(idx.Offset(64), idxHi)
}

// sumLanes adds the lanes of polyH up to three words.
func (m *z512) sumLanes() []reg.GPPhysical {
	h := []reg.GPPhysical{reg.RAX, reg.RBX, reg.RDX}
	for i := range 3 {
		m.VEXTRACTI64X4(U8(1), polyH[i], asY(polyM[i]))
		m.VPADDQ(asY(polyM[i]), asY(polyH[i]), asY(polyH[i]))
	}
	for i := range 3 {
		m.VEXTRACTI64X2(U8(1), asY(polyH[i]), asX(polyM[i]))
		m.VPADDQ(asX(polyM[i]), asX(polyH[i]), asX(polyH[i]))
	}
	for i := range 3 {
		m.VPUNPCKHQDQ(asX(polyH[i]), asX(polyH[i]), asX(polyM[i]))
		m.VPADDQ(asX(polyM[i]), asX(polyH[i]), asX(polyH[i]))
		m.VMOVQ(asX(polyH[i]), h[i])
	}
	// Limbs < 2^48: words 0, 1, 2 with word 2 < 2^9, and once around p.
	t, u := reg.R11, reg.R12
	m.MOVQ(h[1], t)
	m.SHLQ(U8(44), t)
	m.SHRQ(U8(20), h[1])
	m.MOVQ(h[2], u)
	m.SHLQ(U8(24), u)
	m.SHRQ(U8(40), h[2])
	m.ADDQ(t, h[0])
	m.ADCQ(u, h[1])
	m.ADCQ(U8(0), h[2])
	m.around(h, t, u)
	return h
}

// around folds what is above 2^130 in word 2 back: 2^130 = 5. Word 2 is < 5 then.
func (m *z512) around(h []reg.GPPhysical, t, u reg.GPPhysical) {
	m.MOVQ(h[2], t)
	m.MOVQ(h[2], u)
	m.SHRQ(U8(2), t)
	m.ANDQ(I8(-4), u)
	m.ANDL(U8(3), h[2].As32())
	m.ADDQ(u, t) // 4·⌊h2/4⌋ + ⌊h2/4⌋
	m.ADDQ(t, h[0])
	m.ADCQ(U8(0), h[1])
	m.ADCQ(U8(0), h[2])
}

// tag makes the tag (Section 2.5) of a sum < 2^130 + 2^64 < 2p in the words h: its
// residue mod p plus s. It is left in the first two.
func (m *z512) tag(h []reg.GPPhysical, t, u, v reg.GPPhysical) {
	m.MOVQ(h[0], t)
	m.MOVQ(h[1], u)
	m.MOVQ(h[2], v)
	m.ADDQ(U8(5), t)
	m.ADCQ(U8(0), u)
	m.ADCQ(U8(0), v)
	m.SHRQ(U8(2), v) // not 0: the sum is p or more
	m.CMOVQNE(t, h[0])
	m.CMOVQNE(u, h[1])
	m.ADDQ(m.f.s, h[0])
	m.ADCQ(m.f.s.Offset(8), h[1])
}

// # Poly1305 in general-purpose registers

// A sum is three words h, the third < 8, times the clamped r0, r1 (Section 2.5),
// for which r0, r1 < 2^60 and r1 is a multiple of 4: with s1 = r1·5/4,
//
//	h·r = h0·r0 + h1·s1 + (h0·r1 + h1·r0 + h2·s1)·2^64 + h2·r0·2^128
//
// since r1·2^128 = r1/4·2^130. h2·s1, h2·r0 < 2^64, and no sum of products reaches
// 2^128.
var (
	scalarH = []reg.GPPhysical{reg.R8, reg.R9, reg.R10}
	scalarR = []reg.GPPhysical{reg.R11, reg.R12, reg.R13} // r0, r1, s1
)

// scalarR loads the multiplier.
func (m *z512) scalarLoadR(r Mem) {
	m.MOVQ(r, scalarR[0])
	m.MOVQ(r.Offset(8), scalarR[1])
	m.MOVQ(scalarR[1], scalarR[2])
	m.SHRQ(U8(2), scalarR[2])
	m.ADDQ(scalarR[1], scalarR[2])
}

// scalarMul multiplies scalarH by scalarR. It uses AX, BX, CX, DX, R14, R15.
func (m *z512) scalarMul() { m.scalarMulOps().emit() }

func (m *z512) scalarMulOps() ops {
	h, r := scalarH, scalarR
	return ops{
		func() { m.MOVQ(h[0], reg.RDX) },
		func() { m.MULXQ(r[0], reg.RAX, reg.RBX) },
		func() { m.MULXQ(r[1], reg.R14, reg.R15) },
		func() { m.MOVQ(h[1], reg.RDX) },
		func() { m.MULXQ(r[2], reg.RCX, h[0]) },
		func() { m.ADDQ(reg.RCX, reg.RAX); m.ADCQ(h[0], reg.RBX) },
		func() { m.MULXQ(r[0], reg.RCX, h[0]) },
		func() { m.ADDQ(reg.RCX, reg.R14); m.ADCQ(h[0], reg.R15) },
		func() { m.MOVQ(h[2], reg.RCX); m.IMULQ(r[2], reg.RCX) },
		func() { m.ADDQ(reg.RCX, reg.R14); m.ADCQ(U8(0), reg.R15) },
		func() { m.IMULQ(r[0], h[2]) },
		func() { m.ADDQ(reg.RBX, reg.R14); m.ADCQ(reg.R15, h[2]) },
		func() { m.MOVQ(reg.RAX, h[0]); m.MOVQ(reg.R14, h[1]); m.around(h, reg.RCX, reg.RDX) },
	}
}

// scalarBlocks folds the n bytes at p, padded with zeros to whole blocks, into
// scalarH. It uses vector 31 and what scalarMul uses; p and n are neither.
func (m *z512) scalarBlocks(p, n reg.GPPhysical) {
	loop, done, full := m.NewLabel("ad"), m.NewLabel("adEnd"), m.NewLabel("adFull")
	t := x(31)
	m.TESTQ(n, n)
	m.JEQ(LabelRef(done))
	m.Label(loop)
	m.MOVL(U32(0xffff), reg.EAX)
	m.CMPQ(n, U8(16))
	m.JAE(LabelRef(full))
	m.BZHIQ(n, reg.RAX, reg.RAX)
	m.Label(full)
	m.KMOVW(reg.EAX, reg.K1)
	m.VMOVDQU8_Z(Mem{Base: p}, reg.K1, t)
	m.VMOVQ(t, reg.RAX)
	m.VPEXTRQ(U8(1), t, reg.RBX)
	m.ADDQ(reg.RAX, scalarH[0])
	m.ADCQ(reg.RBX, scalarH[1])
	m.ADCQ(U8(1), scalarH[2]) // 2^128
	m.scalarMul()
	m.ADDQ(U8(16), p)
	m.SUBQ(U8(16), n)
	m.JA(LabelRef(loop))
	m.Label(done)
}
