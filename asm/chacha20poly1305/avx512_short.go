package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// # Messages of up to 256 bytes
//
// What counts is the latency between the last round and the tag. So the text is
// loaded, and masked, before the rounds, and the ciphertext goes from the registers
// to the hash. The lengths are hashed apart, in the shadow of the rounds (f.len).
// The block i of n, from 0 on, has the factor r^(n+1-i). Lanes behind the message
// are 2^128; but for the first, lane n, they meet the zeros behind the table. Lane
// n meets r, and so adds the 2^128 of the block of lengths, which therefore is
// hashed without it; unless n = 16, when no lane is left. The lanes of the products
// are added up before any carry.

var (
	shortText = []reg.VecPhysical{z(4), z(5), z(6), z(7)}   // the text, zeros behind it
	shortMask = []reg.VecPhysical{z(8), z(9), z(10), z(11)} // ones where it has bytes
	shortH    = []reg.VecPhysical{z(12), z(13), z(14)}      // the sum of the additional data
	shortK    = []reg.OpmaskPhysical{reg.K1, reg.K2, reg.K3, reg.K4}
)

// The factors (f.pow, rows of limbs as in the table, v 64 bytes further for vector
// v) are taken from vectors of powers in registers, not from a table in memory: a
// load across two stores would wait until both are done.
func (m *z512) factor(v int) (b []Op) {
	for l := range 5 {
		b = append(b, m.f.pow.Offset(l*powRow+64*v))
	}
	return b
}

// storeFactor stores the limbs w, and 20 times two of them, as the factors of
// vector v.
func (m *z512) storeFactor(w []reg.VecPhysical, v int) (o ops) {
	for l, f := range m.factor(v) {
		if l < 3 {
			o = append(o, func() { m.VMOVDQU64(w[l], f) })
		} else {
			o = append(o, m.twenty(w[l-2], polyU[1], polyU[0])...)
			o = append(o, func() { m.VMOVDQU64(polyU[1], f) })
		}
	}
	return o
}

// shiftAt is an address in a vector of indices: what is there shifts lanes.
var shiftAt = reg.R10

// shift sets shiftAt so that VPERMT2Q shifts up by full - ⌈n/16⌉ lanes.
func (m *z512) shift(full int) {
	var idx []uint64
	for i := range uint64(16) {
		idx = append(idx, i)
	}
	m.MOVQ(m.f.lens.Offset(8), reg.RAX)
	m.ADDQ(U8(15), reg.RAX)
	m.SHRQ(U8(4), reg.RAX)
	m.MOVL(U32(uint32(full)), reg.EBX)
	m.SUBQ(reg.RAX, reg.RBX)
	m.LEAQ(m.Words64("polyShift", idx...), shiftAt)
	m.LEAQ(Mem{Base: shiftAt, Index: reg.RBX, Scale: 8}, shiftAt)
}

// oneVector makes the factors of up to 7 blocks: r^8 ... r, shifted so that block n
// meets r, and zeros.
func (m *z512) oneVector() (o ops) {
	p, zeros, idx := polyH, polyU[2], polyB[0]
	o = m.firstPowers()
	o = append(o, func() { m.VPXORQ(zeros, zeros, zeros) }, func() { m.VMOVDQU64(Mem{Base: shiftAt}, idx) })
	for j := range 3 {
		o = append(o, func() { m.VPERMT2Q(zeros, idx, p[j]) })
	}
	return append(o, m.storeFactor(p, 0)...)
}

// twoVectors makes the factors of 8 to 16 blocks: r^17 ... r^10, r^9 ... r^2, r,
// and zeros, shifted.
func (m *z512) twoVectors() (o ops) {
	l, p, b, idx := polyL, polyH, polyB, polyB[3]
	do := func(f ...func()) { o = append(o, f...) }
	at := func(i, j int) Mem { return m.f.pow.Offset(j*powRow + 128 + 64*i) }
	do(m.firstPowers()...)
	do(m.spread()...)
	for j := range 3 {
		do(func() { m.VMOVDQU64(b[j], at(0, j)) }) // r^8
	}
	for j := range 3 {
		do(func() { m.VPBROADCASTQ(m.f.limbs.Offset(8*j), b[j]) }) // r
	}
	do(m.times()...) // r^9 ... r^2
	for j := range 3 {
		do(func() { m.VMOVDQA64(l[j], p[j]) })
		do(func() { m.VMOVDQU64(at(0, j), b[j]) })
	}
	do(m.times()...) // r^17 ... r^10
	do(func() { m.VMOVDQU64(Mem{Base: shiftAt}, idx) })
	for j := range 3 {
		do(func() { m.VPERMT2Q(p[j], idx, l[j]) })
	}
	for j := range 3 {
		do(func() { m.VMOVQ(m.f.limbs.Offset(8*j), asX(b[j])) })
		do(func() { m.VPERMT2Q(b[j], idx, p[j]) })
	}
	do(m.storeFactor(l, 0)...)
	return append(o, m.storeFactor(p, 1)...)
}

// short builds the kernel for up to 112 bytes, whose blocks and the lengths fit one
// vector, or for 113 to 256.
func (m *z512) short(two bool) {
	texts, powers, full := 2, m.oneVector(), 7
	if two {
		texts, powers, full = 4, m.twoVectors(), 16
	}
	m.Load(m.Param("src"), rSrc)
	m.MOVQ(I32(-1), rOne)
	m.XORL(reg.R11L, reg.R11L)
	m.MOVL(U32(64), reg.R12L)
	inText, last := reg.R9, reg.R13
	if !m.open {
		m.MOVQ(m.f.last, last)
		m.MOVQ(rN, inText)
		m.SUBQ(m.f.apart, inText)
	}
	// mask sets r to ones for up to 64 of n bytes, which it takes away.
	mask := func(n, r reg.GPPhysical) {
		m.MOVQ(n, r)
		m.CMPQ(r, reg.R12)
		m.CMOVQHI(reg.R12, r)
		m.BZHIQ(r, rOne, r)
		m.SUBQ(reg.R12, n)
		m.CMOVQCS(reg.R11, n)
	}
	for i, k := range shortK[:texts] {
		from := Mem{Base: rSrc, Disp: 64 * i}
		mask(rN, reg.RAX)
		if i == 0 {
			m.MOVQ(reg.RAX, m.f.mask)
		}
		if m.open {
			m.KMOVQ(reg.RAX, k)
			m.VMOVDQU8_Z(from, k, shortText[i])
			continue
		}
		mask(inText, reg.RBX)
		m.KMOVQ(reg.RBX, k)
		m.VMOVDQU8_Z(from, k, shortText[i])
		m.XORQ(reg.RAX, reg.RBX)
		m.KMOVQ(reg.RBX, k)
		m.VPBROADCASTB(last.As32(), k, shortText[i])
		m.KMOVQ(reg.RAX, k)
		m.VPMOVM2B(k, shortMask[i])
	}
	m.rowsLoad(1)
	m.keyBeside(2, 4, m.rowsDouble(1), func() {
		m.additionalData()
		m.KMOVQ(m.f.mask, reg.K1)
		m.MOVQ(m.f.lens, scalarH[0])
		m.MOVQ(m.f.lens.Offset(8), scalarH[1])
		m.XORL(scalarH[2].As32(), scalarH[2].As32())
		if two {
			m.MOVQ(scalarH[1], scalarH[2])
			m.ADDQ(U8(15), scalarH[2])
			m.SHRQ(U8(8), scalarH[2])
		}
		m.scalarMul()
		for i := range 3 {
			m.MOVQ(scalarH[i], m.f.len.Offset(8*i))
		}
		if two {
			m.limbs(m.f.r, nil)
			for i, r := range limbRegs {
				m.MOVQ(r, m.f.limbs.Offset(8*i))
			}
		}
		m.loadH(shortH)
		m.shift(full)
	}, powers)

	bad, hash, end := m.NewLabel("shortBad"), m.NewLabel("shortHash"), m.NewLabel("shortEnd")
	m.loadArgs()
	n := reg.R9
	m.MOVQ(rN, n)
	m.loadIndex()
	m.zero().emit()
	m.accumulate(shortH, m.factor(0)).emit()
	m.rowsEnd(1, 12)
	text := shortText
	if !m.open {
		text = []reg.VecPhysical{z(0), z(1), z(2), z(3)}
		for i := range texts {
			// (keystream ^ text) & mask
			m.VPTERNLOGQ(U8(0x28), shortMask[i], shortText[i], z(i))
		}
		for i := range texts {
			m.VMOVDQU8(z(i), shortK[i], Mem{Base: rDst, Disp: 64 * i})
			if i < texts-1 {
				m.CMPQ(n, U32(uint32(64*(i+1))))
				m.JBE(LabelRef(hash))
			}
		}
		m.Label(hash)
	}
	vector := func(v int) {
		m.VMOVDQA64(text[2*v], polyM[0])
		m.VMOVDQA64(text[2*v], polyM[2])
		m.VPERMT2Q(text[2*v+1], idxLow, polyM[0])
		m.VPERMT2Q(text[2*v+1], idxHi, polyM[2])
		m.split(polyM).emit()
	}
	vector(0)
	m.accumulate(polyM, m.factor(0)).emit()
	if two {
		m.clear(append(polyL2[:3:3], polyU2...)).emit()
		vector(1)
		m.accumulateTo(polyL2, polyU2, polyM, m.factor(1)).emit()
		m.addProducts().emit()
	}
	h := m.sumProducts()
	m.tag(h, reg.R11, reg.R12, reg.R13)
	if m.open {
		m.XORQ(Mem{Base: rSrc, Index: n, Scale: 1}, h[0])
		m.XORQ(Mem{Base: rSrc, Index: n, Scale: 1, Disp: 8}, h[1])
		m.ORQ(h[1], h[0])
		m.JNE(LabelRef(bad))
		suffix := m.NewLabel("shortSuffix")
		m.CMPQ(m.f.apart, U8(0))
		m.JNE(LabelRef(suffix))
		m.later(func() { m.shortSuffix(suffix, texts, n) })
		for i := range texts {
			m.VPXORQ(shortText[i], z(i), z(i))
			m.VMOVDQU8(z(i), shortK[i], Mem{Base: rDst, Disp: 64 * i})
			if i < texts-1 {
				m.CMPQ(n, U32(uint32(64*(i+1))))
				m.JBE(LabelRef(end))
			}
		}
		m.Label(end)
		m.ok(1)
		m.done()
		m.Label(bad)
		m.ok(0)
		m.done()
		return
	}
	m.MOVQ(h[0], Mem{Base: rDst, Index: n, Scale: 1})
	m.MOVQ(h[1], Mem{Base: rDst, Index: n, Scale: 1, Disp: 8})
	m.done()
}

// shortSuffix, of open, writes a text of n bytes but for the last one, which goes
// where it belongs.
func (m *z512) shortSuffix(label string, texts int, n reg.GPPhysical) {
	m.Label(label)
	left, end := reg.RBX, m.NewLabel("shortSuffixEnd")
	m.LEAQ(Mem{Base: n, Disp: -1}, left)
	m.MOVQ(I32(-1), rOne)
	m.XORL(reg.R11L, reg.R11L)
	m.MOVL(U32(64), reg.R12L)
	for i := range texts {
		m.VPXORQ(shortText[i], z(i), z(i))
		m.VMOVDQU64(z(i), m.f.keep.Offset(64*i))
		m.MOVQ(left, reg.RAX)
		m.CMPQ(reg.RAX, reg.R12)
		m.CMOVQHI(reg.R12, reg.RAX)
		m.BZHIQ(reg.RAX, rOne, reg.RAX)
		m.KMOVQ(reg.RAX, shortK[i])
		m.VMOVDQU8(z(i), shortK[i], Mem{Base: rDst, Disp: 64 * i})
		if i < texts-1 {
			m.CMPQ(n, U32(uint32(64*(i+1))))
			m.JBE(LabelRef(end))
			m.SUBQ(reg.R12, left)
		}
	}
	m.Label(end)
	m.storeSuffix(func() { m.MOVBLZX(m.f.keep.Idx(n, 1).Offset(-1), reg.EBX) })
	m.ok(1)
	m.done()
}

// sumProducts adds the lanes of the accumulators and f.len up to three words.
//
// Bounds. The accumulators hold three products, so that the sums of lanes are
// l_i < 8·9·2^52 < 2^59 and u_i < 8·9·2^41.5 < 2^48; l1 and l2 take in 2^8·u < 2^56.
// In l0 + 2^44·l1 + 2^88·l2 + 2^140·u2, word 2 is < 2^60 + 2^20, and f.len adds
// less than 8.
func (m *z512) sumProducts() []reg.GPPhysical {
	l, u, t := polyL, polyU, polyM
	m.VPSLLQ(U8(8), u[0], u[0])
	m.VPSLLQ(U8(8), u[1], u[1])
	m.VPADDQ(u[0], l[1], l[1])
	m.VPADDQ(u[1], l[2], l[2])
	m.VPUNPCKLQDQ(l[1], l[0], t[0])
	m.VPUNPCKHQDQ(l[1], l[0], t[1])
	m.VPUNPCKLQDQ(u[2], l[2], t[2])
	m.VPUNPCKHQDQ(u[2], l[2], polyT)
	m.VPADDQ(t[1], t[0], t[0])
	m.VPADDQ(polyT, t[2], t[2])
	for _, v := range []reg.VecPhysical{t[0], t[2]} {
		m.VEXTRACTI64X4(U8(1), v, asY(polyT))
		m.VPADDQ(asY(polyT), asY(v), asY(v))
		m.VEXTRACTI64X2(U8(1), asY(v), asX(polyT))
		m.VPADDQ(asX(polyT), asX(v), asX(v))
	}
	h := []reg.GPPhysical{reg.RAX, reg.RBX, reg.RDX}
	l1 := reg.R11
	m.VMOVQ(asX(t[0]), h[0])
	m.VPEXTRQ(U8(1), asX(t[0]), l1)
	m.VMOVQ(asX(t[2]), h[1])
	m.VPEXTRQ(U8(1), asX(t[2]), h[2])
	m.MOVQ(l1, reg.R12)
	m.SHLQ(U8(44), l1)
	m.SHRQ(U8(20), reg.R12)
	m.MOVQ(h[1], reg.R13)
	m.SHLQ(U8(24), h[1])
	m.SHRQ(U8(40), reg.R13)
	m.SHLQ(U8(12), h[2])
	m.ADDQ(l1, h[0])
	m.ADCQ(reg.R12, h[1])
	m.ADCQ(reg.R13, h[2])
	for i := range 3 {
		if i == 0 {
			m.ADDQ(m.f.len, h[0])
		} else {
			m.ADCQ(m.f.len.Offset(8*i), h[i])
		}
	}
	m.around(h, reg.R11, reg.R12)
	return h
}
