package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// The tier avx512: ChaCha20 on 512-bit vectors, Poly1305 with IFMA.
//
// # One call
//
// The block of ChaCha20 that is the one-time key of Poly1305 is computed with
// general-purpose instructions beside the first blocks of the message (keyBeside):
// the vectors leave most of a core's scalar units idle, and the key is there when
// half of the vectors' rounds are done. What depends on the key alone (powers of
// r, the additional data) runs in the shadow of the other half, where registers
// are left for it. Only additional data of more than 64 bytes (scalarAD) waits for
// the powers, to be hashed on vectors.
//
// Up to 1024 bytes are 1, 2 or 4 sets of four blocks (rows): a set holds the four
// rows of the state of RFC 8439, Section 2.3, in four vectors, one block a lane,
// and needs only a transposition of lanes in the end. Longer messages go through
// passes of 32 blocks, two groups of 16 in all 32 registers, one word of the state
// a register (columns): one group alone is bound by the latency of its chains.
// Their half rounds alternate. No vector is left for the powers of r, so that those
// that the others follow from are made in general-purpose registers, beside the
// second half of the rounds (scalarPowers).
//
// Sealing, the ciphertext is hashed when all of the call's is there. Opening, it
// is hashed first, and nothing is written unless the tag is right.
//
// What was refused: hashing beside the passes of 32 blocks, which have no register
// left; and a transposition through memory, 64 more stores a pass.
type z512 struct {
	*gen.Ctx
	open   bool
	suffix bool // the text may end in a byte apart: see loadSuffix

	f frame

	deferred []func() // code that is out of the way: see later
}

// A frame names the parts of the stack frame.
type frame struct {
	st    Mem // the state of block 0: constants, key, counter, nonce
	ctr0  Mem // counters of 16 blocks, and of the next 16
	ctr1  Mem
	spill Mem // one vector
	c     Mem // four words of the third row of the key block
	loop  Mem // a loop counter
	r     Mem // the clamped r, two words
	s     Mem // s, two words
	h     Mem // the sum so far, three words, the third < 8
	lens  Mem // the last block of Section 2.8: two lengths in bytes

	shortAD Mem // bytes of additional data to hash beside the rounds
	longAD  Mem // or before the ciphertext

	pow   Mem // powers of r, see powers
	apart Mem // 1 if the last byte of the text is apart, otherwise 0
	last  Mem // that byte, if sealing
	mask  Mem // of the first 64 bytes of a short message
	len   Mem // f.lens times r, three words
	limbs Mem // r in limbs
	r8    Mem // r^8, three words
	keep  Mem // keystream of the first pass, or what it is made from
}

const (
	powRow  = 48 * 8 // bytes of one limb of the table
	powSize = 5 * powRow
)

// later puts code behind the function's end. It must not be fallen into, and ends
// with a jump.
func (m *z512) later(f func()) { m.deferred = append(m.deferred, f) }

func (m *z512) flush() {
	for len(m.deferred) > 0 {
		f := m.deferred[0]
		m.deferred = m.deferred[1:]
		f()
	}
}

func (m *z512) alloc(keep int) {
	m.f = frame{
		st: m.AllocLocal(64), ctr0: m.AllocLocal(64), ctr1: m.AllocLocal(64), spill: m.AllocLocal(64),
		c: m.AllocLocal(16), loop: m.AllocLocal(8), r: m.AllocLocal(16), s: m.AllocLocal(16), h: m.AllocLocal(24), lens: m.AllocLocal(16),
		shortAD: m.AllocLocal(8), longAD: m.AllocLocal(8), apart: m.AllocLocal(8), last: m.AllocLocal(8),
		pow: m.AllocLocal(powSize), mask: m.AllocLocal(8), len: m.AllocLocal(24), limbs: m.AllocLocal(24), r8: m.AllocLocal(24),
	}
	if keep > 0 {
		m.f.keep = m.AllocLocal(keep)
	}
}

// kernel starts a function, which may have a large frame: so it is not NOSPLIT.
func (m *z512) kernel(name string) {
	m.Kernel(name)
	m.Attributes(attr.Attribute(0))
}

func z(i int) reg.VecPhysical { return gen.Width(512).Reg(i) }
func y(i int) reg.VecPhysical { return gen.Width(256).Reg(i) }
func x(i int) reg.VecPhysical { return gen.Width(128).Reg(i) }

func asX(r reg.VecPhysical) reg.VecPhysical { return x(int(r.PhysicalIndex())) }
func asY(r reg.VecPhysical) reg.VecPhysical { return y(int(r.PhysicalIndex())) }

// General-purpose registers outside of the key block.
var (
	rDst = reg.RDI
	rSrc = reg.RSI
	rN   = reg.RCX // bytes left
	rOne = reg.R8  // all ones
)

// ops is a run of instructions that may be woven with another.
type ops []func()

func (o ops) emit() {
	for _, f := range o {
		f()
	}
}

// weave merges two runs that do not depend on each other, each in its order and
// evenly over the other.
func weave(a, b ops) ops {
	var out ops
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		if j < len(b) && (i == len(a) || j*len(a) <= i*len(b)) {
			out = append(out, b[j])
			j++
		} else {
			out = append(out, a[i])
			i++
		}
	}
	return out
}

// # The key block

// Registers of the key block: the rows of its state. Two words of the third row
// are in registers at a time, the others in f.c.
var (
	zKeyA = []reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX}
	zKeyB = []reg.GPPhysical{reg.RSI, reg.RDI, reg.R8, reg.R9}
	zKeyD = []reg.GPPhysical{reg.R10, reg.R11, reg.R12, reg.R13}
	zKeyC = []reg.GPPhysical{reg.R14, reg.R15}
)

func (m *z512) keyLoad() {
	for i := range 4 {
		m.MOVL(m.f.st.Offset(4*i), zKeyA[i].As32())
		m.MOVL(m.f.st.Offset(16+4*i), zKeyB[i].As32())
		m.MOVL(m.f.st.Offset(48+4*i), zKeyD[i].As32())
	}
	m.XORL(zKeyD[0].As32(), zKeyD[0].As32()) // block 0, whatever the counter of the data
	for i := range 2 {
		m.MOVL(m.f.st.Offset(40+4*i), zKeyC[0].As32())
		m.MOVL(zKeyC[0].As32(), m.f.c.Offset(8+4*i))
	}
	for i := range 2 {
		m.MOVL(m.f.st.Offset(32+4*i), zKeyC[i].As32())
	}
}

// keyDouble is a double round of the key block. Words 0 and 1 of the third row
// are in the registers before and after.
func (m *z512) keyDouble() (o ops) {
	// two quarter rounds (Section 2.1) at once; the words of the third row are
	// in the registers.
	pair := func(a, b, d [2]reg.GPPhysical) {
		step := func(f func(i int)) { o = append(o, func() { f(0) }, func() { f(1) }) }
		half := func(rb, rd int) {
			step(func(i int) { m.ADDL(b[i].As32(), a[i].As32()) })
			step(func(i int) { m.XORL(a[i].As32(), d[i].As32()) })
			step(func(i int) { m.ROLL(U8(rd), d[i].As32()) })
			step(func(i int) { m.ADDL(d[i].As32(), zKeyC[i].As32()) })
			step(func(i int) { m.XORL(zKeyC[i].As32(), b[i].As32()) })
			step(func(i int) { m.ROLL(U8(rb), b[i].As32()) })
		}
		half(12, 16)
		half(7, 8)
	}
	swap := func(out, in int) {
		for i := range 2 {
			o = append(o, func() { m.MOVL(zKeyC[i].As32(), m.f.c.Offset(4*(out+i))) })
		}
		for i := range 2 {
			o = append(o, func() { m.MOVL(m.f.c.Offset(4*(in+i)), zKeyC[i].As32()) })
		}
	}
	g := func(r []reg.GPPhysical, i, j int) [2]reg.GPPhysical { return [2]reg.GPPhysical{r[i], r[j]} }
	pair(g(zKeyA, 0, 1), g(zKeyB, 0, 1), g(zKeyD, 0, 1))
	swap(0, 2)
	pair(g(zKeyA, 2, 3), g(zKeyB, 2, 3), g(zKeyD, 2, 3))
	pair(g(zKeyA, 0, 1), g(zKeyB, 1, 2), g(zKeyD, 3, 0))
	swap(2, 0)
	pair(g(zKeyA, 2, 3), g(zKeyB, 3, 0), g(zKeyD, 1, 2))
	return o
}

// keyEnd makes the one-time key of the first two rows (Section 2.6): f.r,
// clamped, and f.s.
func (m *z512) keyEnd() {
	for i := range 4 {
		m.ADDL(m.f.st.Offset(4*i), zKeyA[i].As32())
		m.ADDL(m.f.st.Offset(16+4*i), zKeyB[i].As32())
	}
	for _, row := range [][]reg.GPPhysical{zKeyA, zKeyB} {
		for i := 0; i < 4; i += 2 {
			m.SHLQ(U8(32), row[i+1])
			m.ORQ(row[i+1], row[i])
		}
	}
	m.MOVQ(U64(0x0ffffffc0fffffff), reg.R10)
	m.MOVQ(U64(0x0ffffffc0ffffffc), reg.R11)
	m.ANDQ(reg.R10, zKeyA[0])
	m.ANDQ(reg.R11, zKeyA[2])
	m.MOVQ(zKeyA[0], m.f.r)
	m.MOVQ(zKeyA[2], m.f.r.Offset(8))
	m.MOVQ(zKeyB[0], m.f.s)
	m.MOVQ(zKeyB[2], m.f.s.Offset(8))
}

// keyBeside runs ten double rounds: beside the first of them are the ten of the
// key block, in loops runs of v and 10/loops of either; then come keyEnd and after,
// and then the others, woven with shadow.
//
// The latencies would let the key block be done after five, but the core is not
// wide enough: it would hold the vectors up. Beside six to eight of ten it does not
// (64 bytes 133 ns instead of 148).
func (m *z512) keyBeside(loops, v int, double ops, after func(), shadow ops) {
	m.keyLoad()
	m.MOVQ(U32(uint32(loops)), m.f.loop)
	loop := m.NewLabel("key")
	m.Align(32)
	m.Label(loop)
	var vectors, key ops
	for range v {
		vectors = append(vectors, double...)
	}
	for range 10 / loops {
		key = append(key, m.keyDouble()...)
	}
	weave(vectors, key).emit()
	m.DECQ(m.f.loop)
	m.JNE(LabelRef(loop))
	m.keyEnd()
	after()
	rest := 10 - loops*v
	if shadow == nil {
		if rest > 0 {
			m.loop(rest, double)
		}
		return
	}
	vectors = nil
	for range rest {
		vectors = append(vectors, double...)
	}
	weave(vectors, shadow).emit()
}

// loop runs o n times.
func (m *z512) loop(n int, o ops) {
	m.MOVL(U32(uint32(n)), reg.EAX)
	loop := m.NewLabel("double")
	m.Align(32)
	m.Label(loop)
	o.emit()
	m.DECL(reg.EAX)
	m.JNE(LabelRef(loop))
}

// # Rows

// rowsLoad fills n sets, registers 4i to 4i+3, with the state of 4n blocks.
func (m *z512) rowsLoad(n int) {
	for i := range n {
		for j := range 4 {
			if i == 0 {
				m.VBROADCASTI32X4(m.f.st.Offset(16*j), z(j))
			} else if j < 3 {
				m.VMOVDQA64(z(j), z(4*i+j))
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		m.VPADDD(m.iota(i), z(3), z(4*i+3))
	}
}

// iota is what the counters of the four blocks of set i are ahead of the first.
func (m *z512) iota(i int) Mem {
	w := make([]uint32, 64)
	for j := range w {
		if j%4 == 0 {
			w[j] = uint32(j / 4)
		}
	}
	return m.Words32("chachaRows", w...).Offset(64 * i)
}

// rowsDouble is a double round of n sets. The rows a, c and d rotate between
// columns and diagonals, and b, which the last step of a quarter round makes,
// stays: so the rotations are off the critical path.
func (m *z512) rowsDouble(n int) (o ops) {
	each := func(f func(a, b, c, d reg.VecPhysical)) {
		for i := range n {
			o = append(o, func() { f(z(4*i), z(4*i+1), z(4*i+2), z(4*i+3)) })
		}
	}
	for h := range 2 {
		for _, rot := range [][2]uint64{{16, 12}, {8, 7}} {
			each(func(a, b, c, d reg.VecPhysical) { m.VPADDD(b, a, a) })
			each(func(a, b, c, d reg.VecPhysical) { m.VPXORD(a, d, d) })
			each(func(a, b, c, d reg.VecPhysical) { m.VPROLD(U8(rot[0]), d, d) })
			each(func(a, b, c, d reg.VecPhysical) { m.VPADDD(d, c, c) })
			each(func(a, b, c, d reg.VecPhysical) { m.VPXORD(c, b, b) })
			each(func(a, b, c, d reg.VecPhysical) { m.VPROLD(U8(rot[1]), b, b) })
		}
		turnA, turnC := uint64(0x93), uint64(0x39)
		if h == 1 {
			turnA, turnC = turnC, turnA
		}
		each(func(a, b, c, d reg.VecPhysical) { m.VPSHUFD(U8(turnA), a, a) })
		each(func(a, b, c, d reg.VecPhysical) { m.VPSHUFD(U8(0x4e), d, d) })
		each(func(a, b, c, d reg.VecPhysical) { m.VPSHUFD(U8(turnC), c, c) })
	}
	return o
}

// rowsEnd adds the first state and transposes: block i of the keystream is then
// in register i. It uses the 4 registers from t on.
func (m *z512) rowsEnd(n, t int) {
	for j := range 4 {
		m.VBROADCASTI32X4(m.f.st.Offset(16*j), z(t+j))
	}
	for i := range n {
		for j := range 4 {
			m.VPADDD(z(t+j), z(4*i+j), z(4*i+j))
		}
		m.VPADDD(m.iota(i), z(4*i+3), z(4*i+3))
	}
	for i := range n {
		r := func(j int) reg.VecPhysical { return z(4*i + j) }
		m.VSHUFI32X4(U8(0x44), r(1), r(0), z(t))
		m.VSHUFI32X4(U8(0xee), r(1), r(0), z(t+1))
		m.VSHUFI32X4(U8(0x44), r(3), r(2), z(t+2))
		m.VSHUFI32X4(U8(0xee), r(3), r(2), z(t+3))
		m.VSHUFI32X4(U8(0x88), z(t+2), z(t), r(0))
		m.VSHUFI32X4(U8(0xdd), z(t+2), z(t), r(1))
		m.VSHUFI32X4(U8(0x88), z(t+3), z(t+1), r(2))
		m.VSHUFI32X4(U8(0xdd), z(t+3), z(t+1), r(3))
	}
}

// # Columns

// column returns the register of word i of group g.
func column(g, i int) reg.VecPhysical { return z(16*g + i) }

// columnsLoad fills both groups with the states of 32 blocks, and stores their
// counters.
func (m *z512) columnsLoad() {
	w := make([]uint32, 32)
	for i := range w {
		w[i] = uint32(i)
	}
	ctr := m.Words32("chachaColumns", w...)
	m.VPBROADCASTD(m.f.st.Offset(48), z(0))
	for g, to := range []Mem{m.f.ctr0, m.f.ctr1} {
		m.VPADDD(ctr.Offset(64*g), z(0), column(g, 12))
		m.VMOVDQU64(column(g, 12), to)
	}
	for i := range 16 {
		if i != 12 {
			m.VPBROADCASTD(m.f.st.Offset(4*i), column(0, i))
			m.VMOVDQA64(column(0, i), column(1, i))
		}
	}
}

// columnsDouble is a double round of both groups, whose half rounds alternate.
func (m *z512) columnsDouble() (o ops) {
	for h := range 2 {
		for g := range 2 {
			// row j of quarter round i of this half round
			at := func(j, i int) reg.VecPhysical { return column(g, 4*j+(i+h*j)%4) }
			step := func(f func(i int)) {
				for i := range 4 {
					o = append(o, func() { f(i) })
				}
			}
			half := func(to, from, by int, n uint64) {
				step(func(i int) { m.VPADDD(at(from, i), at(to, i), at(to, i)) })
				step(func(i int) { m.VPXORD(at(to, i), at(by, i), at(by, i)) })
				step(func(i int) { m.VPROLD(U8(n), at(by, i), at(by, i)) })
			}
			half(0, 1, 3, 16)
			half(2, 3, 1, 12)
			half(0, 1, 3, 8)
			half(2, 3, 1, 7)
		}
	}
	return o
}

// columnsEnd adds the first state to a group and transposes it, with a temporary
// register. It returns the registers that hold the blocks, and the one that is
// free in the end.
func (m *z512) columnsEnd(g int, t reg.VecPhysical) (blocks []reg.VecPhysical, free reg.VecPhysical) {
	v := make([]reg.VecPhysical, 16)
	for i := range v {
		v[i] = column(g, i)
		if i == 12 {
			m.VPADDD([]Mem{m.f.ctr0, m.f.ctr1}[g], v[i], v[i])
		} else {
			m.VPADDD_BCST(m.f.st.Offset(4*i), v[i], v[i])
		}
	}
	// cross replaces v[i], v[j] by two mixtures of theirs.
	cross := func(i, j int, lo, hi func(b, a, dst reg.VecPhysical)) {
		lo(v[j], v[i], t)
		hi(v[j], v[i], v[j])
		v[i], t = t, v[i]
	}
	lo32 := func(b, a, dst reg.VecPhysical) { m.VPUNPCKLDQ(b, a, dst) }
	hi32 := func(b, a, dst reg.VecPhysical) { m.VPUNPCKHDQ(b, a, dst) }
	lo64 := func(b, a, dst reg.VecPhysical) { m.VPUNPCKLQDQ(b, a, dst) }
	hi64 := func(b, a, dst reg.VecPhysical) { m.VPUNPCKHQDQ(b, a, dst) }
	even := func(b, a, dst reg.VecPhysical) { m.VSHUFI32X4(U8(0x88), b, a, dst) }
	odd := func(b, a, dst reg.VecPhysical) { m.VSHUFI32X4(U8(0xdd), b, a, dst) }
	// Words 4q to 4q+3 of every block in a lane. Let lane l of vector (q, k) be
	// words 4q to 4q+3 of block 4l+k.
	for q := 0; q < 16; q += 4 {
		cross(q, q+1, lo32, hi32)
		cross(q+2, q+3, lo32, hi32)
		cross(q, q+2, lo64, hi64)   // k = 0, 1
		cross(q+1, q+3, lo64, hi64) // k = 2, 3
		v[q+1], v[q+2] = v[q+2], v[q+1]
	}
	// The 4×4 transposition of lanes: vectors (0, k) to (3, k) are blocks
	// k, 4+k, 8+k, 12+k.
	for k := range 4 {
		// lanes (0, 2 of q=0; 0, 2 of q=1), and 1, 3; the same of q = 2, 3
		cross(k, 4+k, even, odd)
		cross(8+k, 12+k, even, odd)
		cross(k, 8+k, even, odd)
		cross(4+k, 12+k, even, odd)
	}
	return v, t
}

// # Output

// xor adds the keystream of the given registers to up to 64 bytes a register,
// from rSrc to rDst, and moves both on: all of them if full. Otherwise rN has the
// number of bytes, not 0 and at most that many, and it jumps to done. t is a
// temporary.
func (m *z512) xor(blocks []reg.VecPhysical, t reg.VecPhysical, full bool, done string) {
	for i, b := range blocks {
		if !full {
			part := m.NewLabel("part")
			m.CMPQ(rN, U32(64))
			m.JBE(LabelRef(part))
			m.SUBQ(U8(64), rN)
			m.later(func() {
				m.Label(part)
				m.xorPart(Mem{Base: rSrc, Disp: 64 * i}, Mem{Base: rDst, Disp: 64 * i}, b, t)
				m.JMP(LabelRef(done))
			})
		}
		m.VPXORQ(Mem{Base: rSrc, Disp: 64 * i}, b, b)
		m.VMOVDQU64(b, Mem{Base: rDst, Disp: 64 * i})
	}
	m.ADDQ(U32(uint32(64*len(blocks))), rSrc)
	m.ADDQ(U32(uint32(64*len(blocks))), rDst)
}

// xorPart adds the keystream b to the last rN bytes, 1 to 64, of which one may be
// apart: m.f.last, or, opening, it is left in m.f.spill with those before it.
func (m *z512) xorPart(src, dst Mem, b, t reg.VecPhysical) {
	all, most, last := reg.RAX, reg.RBX, reg.RDX
	kAll, kMost, kLast := reg.K1, reg.K2, reg.K3
	m.BZHIQ(rN, rOne, all)
	m.KMOVQ(all, kAll)
	if !m.suffix {
		m.VMOVDQU8_Z(src, kAll, t)
		m.VPXORQ(t, b, b)
		m.VMOVDQU8(b, kAll, dst)
		return
	}
	m.MOVQ(m.f.apart, most)
	m.SHRXQ(most, all, most)
	m.KMOVQ(most, kMost)
	if m.open {
		m.VMOVDQU8_Z(src, kAll, t)
		m.VPXORQ(t, b, b)
		m.VMOVDQU8(b, kMost, dst)
		m.VMOVDQU64(b, m.f.spill)
		return
	}
	m.MOVQ(m.f.last, last)
	m.XORQ(most, all)
	m.KMOVQ(all, kLast)
	m.VMOVDQU8_Z(src, kMost, t)
	m.VPBROADCASTB(last.As32(), kLast, t)
	m.VPXORQ(t, b, b)
	m.VMOVDQU8(b, kAll, dst)
}
