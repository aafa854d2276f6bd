package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

func avx512(c *gen.Ctx) {
	(&z512{Ctx: c, suffix: true}).message()
	(&z512{Ctx: c, suffix: true, open: true}).message()
	(&z512{Ctx: c}).part()
	(&z512{Ctx: c, open: true}).part()
	(&z512{Ctx: c}).start()
	(&z512{Ctx: c}).poly()
}

// stream loads the address of the stream s.
func (m *z512) stream() reg.GPPhysical {
	m.Load(m.Param("s"), reg.R15)
	return reg.R15
}

// Offsets in the Go type stream; streamFields asserts them.
const (
	streamR       = 0
	streamS       = 16
	streamH       = 32
	streamNonce   = 96
	streamCounter = 108
	streamAD      = 112
	streamCT      = 120
)

// state fills f.st from the key, and from the nonce and the counter, which are
// in memory and 0 if counter is nil.
func (m *z512) state(nonce Mem, counter *Mem) {
	m.Load(m.Param("key"), reg.RBX)
	m.VMOVDQU(m.Words32("chachaConstants", 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574), x(0))
	m.VMOVDQU(x(0), m.f.st)
	m.VMOVDQU(Mem{Base: reg.RBX}, x(0))
	m.VMOVDQU(Mem{Base: reg.RBX, Disp: 16}, x(1))
	m.VMOVDQU(x(0), m.f.st.Offset(16))
	m.VMOVDQU(x(1), m.f.st.Offset(32))
	// The nonce was written by the caller just before, maybe in parts of 4 or 8
	// bytes: a load of 4 bytes can be served from either, one of 12 would wait.
	if counter != nil {
		m.VMOVD(*counter, x(2))
	} else {
		m.MOVL(U32(1), reg.EBX)
		m.VMOVD(reg.EBX, x(2))
	}
	for i := range 3 {
		m.VPINSRD(U8(1+i), nonce.Offset(4*i), x(2), x(2))
	}
	m.VMOVDQU(x(2), m.f.st.Offset(48))
}

// fromStream takes up the message of a stream: f.st, f.r, f.s, f.h, f.lens.
func (m *z512) fromStream() {
	s := m.stream()
	at := func(off int) Mem { return Mem{Base: s, Disp: off} }
	counter := at(streamCounter)
	m.state(at(streamNonce), &counter)
	for _, f := range []struct {
		from  int
		to    Mem
		words int
	}{{streamR, m.f.r, 2}, {streamS, m.f.s, 2}, {streamH, m.f.h, 3}, {streamAD, m.f.lens, 2}} {
		for i := range f.words {
			m.MOVQ(at(f.from+8*i), reg.RAX)
			m.MOVQ(reg.RAX, f.to.Offset(8*i))
		}
	}
}

func (m *z512) loadArgs() {
	m.Load(m.Param("dst"), rDst)
	m.Load(m.Param("src"), rSrc)
	m.Load(m.Param("n"), rN)
	m.MOVQ(I32(-1), rOne)
}

// message builds sealAVX512 and openAVX512.
func (m *z512) message() {
	name := "sealAVX512"
	if m.open {
		name = "openAVX512"
	}
	m.kernel(name)
	keep := 0
	if m.open {
		keep = 2048
	}
	m.alloc(keep)
	label := func(s string) string { return m.NewLabel(name + s) }
	short2 := label("Short")
	whole, two, four, columns := label("Whole"), label("Two"), label("Four"), label("Columns")
	hash, check, after, end, bad := label("Hash"), label("Check"), label("After"), label("End"), label("Bad")

	m.laneMasks()
	m.loadSuffix()
	m.Load(m.Param("s"), reg.RAX)
	m.TESTQ(reg.RAX, reg.RAX)
	m.JEQ(LabelRef(whole))
	m.fromStream()
	m.MOVQ(U32(0), m.f.longAD)
	if m.open {
		m.JMP(LabelRef(hash))
	} else {
		m.loadArgs()
		m.passes(hash)
	}

	m.Label(whole)
	m.Load(m.Param("nonce"), reg.RDX)
	m.state(Mem{Base: reg.RDX}, nil)
	m.Load(m.Param("n"), rN)
	m.MOVQ(rN, m.f.lens.Offset(8))
	m.divideAD()
	m.CMPQ(rN, U32(1024))
	m.JA(LabelRef(columns))
	m.CMPQ(rN, U32(512))
	m.JA(LabelRef(four))
	m.CMPQ(rN, U32(256))
	m.JA(LabelRef(two))
	m.CMPQ(m.f.longAD, U8(0))
	m.JNE(LabelRef(two))
	m.CMPQ(rN, U32(112))
	m.JA(LabelRef(short2))
	m.short(false)
	m.Label(short2)
	m.short(true)
	for _, sets := range []int{2, 4} {
		if sets == 2 {
			m.Label(two)
		} else {
			m.Label(four)
		}
		m.rowsLoad(sets)
		m.keyBeside(2, 3, m.rowsDouble(sets), m.additionalData, m.powers())
		m.rowsEnd(sets, 16)
		if m.open {
			for i := range 4 * sets {
				m.VMOVDQU64(z(i), m.f.keep.Offset(64*i))
			}
			m.JMP(LabelRef(check))
		} else if sets != 4 {
			m.JMP(LabelRef(after))
		}
	}
	var blocks []reg.VecPhysical
	for i := range 16 {
		blocks = append(blocks, z(i))
	}
	if !m.open {
		m.Label(after)
		m.loadArgs()
		m.xor(blocks, z(16), false, end)
	}

	m.Label(columns)
	m.columnsLoad()
	m.keyBeside(5, 1, m.columnsDouble(), func() {
		m.VMOVDQU64(z(31), m.f.spill) // scalarBlocks wants it
		m.additionalData()
		m.VMOVDQU64(m.f.spill, z(31))
	}, m.scalarPowers())
	if !m.open {
		keyed := label("Keyed")
		m.loadArgs()
		m.columnsOut(keyed)
		m.passes(keyed)
		m.Label(hash)
		m.powers().emit()
		m.JMP(LabelRef(end))
		m.Label(keyed)
		m.morePowers().emit()
		m.Label(end)
		m.sealTag()
		m.flush()
		return
	}
	for i := range 32 {
		m.VMOVDQU64(z(i), m.f.keep.Offset(64*i))
	}
	m.morePowers().emit()
	m.JMP(LabelRef(check))
	m.Label(hash)
	m.powers().emit()
	m.Label(check)
	m.hashLongAD()
	m.loadArgs()
	m.hash(true)
	m.compare(bad)
	m.loadArgs()
	m.Load(m.Param("s"), reg.RAX)
	m.TESTQ(reg.RAX, reg.RAX)
	first := label("First")
	m.JNE(LabelRef(after))
	m.CMPQ(rN, U32(1024))
	m.JA(LabelRef(first))
	for i := range blocks {
		m.VMOVDQU64(m.f.keep.Offset(64*i), z(i))
	}
	m.xor(blocks, z(16), false, end)
	m.Label(first)
	for i := range 32 {
		m.VMOVDQU64(m.f.keep.Offset(64*i), z(i))
	}
	m.columnsOut(end)
	m.Label(after)
	m.passes(end)
	m.Label(end)
	m.storeSuffix(func() {
		m.MOVBLZX(m.f.spill.Idx(rN, 1).Offset(-1), reg.EBX)
	})
	m.ok(1)
	m.done()
	m.Label(bad)
	m.ok(0)
	m.done()
	m.flush()
}

// loadSuffix sets f.apart, and f.last if sealing.
func (m *z512) loadSuffix() {
	none := m.NewLabel("noSuffix")
	m.XORL(reg.EBX, reg.EBX)
	m.Load(m.Param("suffix"), reg.RAX)
	m.TESTQ(reg.RAX, reg.RAX)
	m.SETNE(reg.BL)
	m.MOVQ(reg.RBX, m.f.apart)
	if m.open {
		return
	}
	m.JEQ(LabelRef(none))
	m.MOVBLZX(Mem{Base: reg.RAX}, reg.EBX)
	m.MOVQ(reg.RBX, m.f.last)
	m.Label(none)
}

// storeSuffix stores the byte that load leaves in BX if it is to be apart. load
// leaves AX alone.
func (m *z512) storeSuffix(load func()) {
	none := m.NewLabel("noSuffix")
	m.Load(m.Param("suffix"), reg.RAX)
	m.TESTQ(reg.RAX, reg.RAX)
	m.JEQ(LabelRef(none))
	load()
	m.MOVB(reg.BL, Mem{Base: reg.RAX})
	m.Label(none)
}

// divideAD keeps the length of the additional data: as of the lengths to hash, and
// as shortAD, if it is to be hashed by scalarBlocks in the shadow of the rounds, or
// as longAD. The other of these is 0.
func (m *z512) divideAD() {
	long, short := reg.RAX, reg.RBX
	m.Load(m.Param("adLen"), long)
	m.MOVQ(long, m.f.lens)
	m.MOVQ(long, short)
	m.XORL(reg.EDX, reg.EDX)
	m.CMPQ(long, U8(scalarAD))
	m.CMOVQHI(reg.RDX, short)
	m.CMOVQLS(reg.RDX, long)
	m.MOVQ(short, m.f.shortAD)
	m.MOVQ(long, m.f.longAD)
}

// scalarAD is the most additional data, in bytes, that is hashed in the shadow of
// the rounds. On vectors more takes less time than it would take there.
const scalarAD = 64

// hashLongAD adds additional data that is too long for scalarBlocks to the sum,
// which is 0.
func (m *z512) hashLongAD() {
	none := m.NewLabel("noLongAD")
	m.MOVQ(m.f.longAD, rN)
	m.TESTQ(rN, rN)
	m.JEQ(LabelRef(none))
	m.Load(m.Param("ad"), rSrc)
	for i, h := range m.hash(false) {
		m.MOVQ(h, m.f.h.Offset(8*i))
	}
	m.Label(none)
}

// additionalData starts the sum with what is before the ciphertext, unless that is
// long.
func (m *z512) additionalData() {
	m.scalarLoadR(m.f.r)
	for i := range 3 {
		m.XORL(scalarH[i].As32(), scalarH[i].As32())
	}
	m.Load(m.Param("ad"), reg.RSI)
	m.MOVQ(m.f.shortAD, reg.RDI)
	m.scalarBlocks(reg.RSI, reg.RDI)
	for i := range 3 {
		m.MOVQ(scalarH[i], m.f.h.Offset(8*i))
	}
}

// sealTag hashes the ciphertext, which is complete, and writes the tag.
func (m *z512) sealTag() {
	m.hashLongAD()
	m.Load(m.Param("dst"), rSrc)
	m.Load(m.Param("n"), rN)
	h := m.hash(true)
	m.tag(h, reg.R11, reg.R12, reg.R13)
	m.Load(m.Param("dst"), rDst)
	m.Load(m.Param("n"), rN)
	m.MOVQ(h[0], Mem{Base: rDst, Index: rN, Scale: 1})
	m.MOVQ(h[1], Mem{Base: rDst, Index: rN, Scale: 1, Disp: 8})
	m.done()
}

// compare goes on if the sum that hash left makes the tag behind the ciphertext,
// and jumps to bad otherwise.
func (m *z512) compare(bad string) {
	h := []reg.GPPhysical{reg.RAX, reg.RBX, reg.RDX}
	m.tag(h, reg.R11, reg.R12, reg.R13)
	m.Load(m.Param("src"), rSrc)
	m.Load(m.Param("n"), rN)
	m.XORQ(Mem{Base: rSrc, Index: rN, Scale: 1}, h[0])
	m.XORQ(Mem{Base: rSrc, Index: rN, Scale: 1, Disp: 8}, h[1])
	m.ORQ(h[1], h[0])
	m.JNE(LabelRef(bad))
}

func (m *z512) ok(v uint32) {
	m.MOVL(U32(v), reg.EAX)
	m.Store(reg.RAX, m.ReturnIndex(0))
}

func (m *z512) done() {
	m.VZEROUPPER()
	m.RET()
}

// columnsOut ends a pass of columns: it writes up to 2048 bytes of rN, and jumps
// to done if those were all. f.st has the next counter then.
func (m *z512) columnsOut(done string) {
	last, next := m.NewLabel("columnsLast"), m.NewLabel("columnsNext")
	m.CMPQ(rN, U32(2048))
	m.JBE(LabelRef(last))
	write := func(full bool) {
		spare := column(1, 15)
		m.VMOVDQU64(spare, m.f.spill)
		blocks, free := m.columnsEnd(0, spare)
		m.xor(blocks, free, full, done)
		// Group 1 has its last word back in another register's place.
		m.VMOVDQU64(m.f.spill, spare)
		blocks, free = m.columnsEnd(1, column(0, 0))
		m.xor(blocks, free, full, done)
	}
	write(true)
	m.SUBQ(U32(2048), rN)
	m.ADDL(U8(32), m.f.st.Offset(48))
	m.JMP(LabelRef(next))
	m.Label(last)
	write(false)
	m.JMP(LabelRef(done))
	m.Label(next)
}

// passes encrypts the rN bytes at rSrc, if any, to rDst with the counter in f.st,
// then jumps to done. It returns the text nothing falls out of.
func (m *z512) passes(done string) {
	loop, rows, two, one, write := m.NewLabel("passes"), m.NewLabel("passesRows"), m.NewLabel("passesTwo"), m.NewLabel("passesOne"), m.NewLabel("passesWrite")
	m.Label(loop)
	m.CMPQ(rN, U32(1024))
	m.JBE(LabelRef(rows))
	m.columnsLoad()
	m.loop(10, m.columnsDouble())
	m.columnsOut(done)
	m.JMP(LabelRef(loop))

	m.Label(rows)
	m.TESTQ(rN, rN)
	m.JEQ(LabelRef(done))
	m.CMPQ(rN, U32(256))
	m.JBE(LabelRef(one))
	m.CMPQ(rN, U32(512))
	m.JBE(LabelRef(two))
	for _, sets := range []int{4, 2, 1} {
		switch sets {
		case 2:
			m.Label(two)
		case 1:
			m.Label(one)
		}
		m.rowsLoad(sets)
		m.loop(10, m.rowsDouble(sets))
		m.rowsEnd(sets, 16)
		if sets != 1 {
			m.JMP(LabelRef(write))
		}
	}
	m.Label(write)
	var blocks []reg.VecPhysical
	for i := range 16 {
		blocks = append(blocks, z(i))
	}
	m.xor(blocks, z(16), false, done)
	m.JMP(LabelRef(done))
}

// part builds sealMoreAVX512 and openMoreAVX512.
func (m *z512) part() {
	name := "sealMoreAVX512"
	if m.open {
		name = "openMoreAVX512"
	}
	m.kernel(name)
	m.alloc(0)
	m.laneMasks()
	m.fromStream()
	m.powers().emit()
	fold := func(from string) {
		m.Load(m.Param(from), rSrc)
		m.Load(m.Param("n"), rN)
		h := m.hash(false)
		s := m.stream()
		for i := range 3 {
			m.MOVQ(h[i], Mem{Base: s, Disp: streamH + 8*i})
		}
	}
	if m.open {
		fold("src")
	}
	m.loadArgs()
	out := m.NewLabel(name + "Out")
	m.passes(out)
	m.Label(out)
	if !m.open {
		fold("dst")
	}
	s := m.stream()
	m.Load(m.Param("n"), rN)
	m.SHRQ(U8(6), rN)
	m.ADDL(rN.As32(), Mem{Base: s, Disp: streamCounter})
	m.done()
	m.flush()
}

// start builds startAVX512.
func (m *z512) start() {
	m.kernel("startAVX512")
	m.f = frame{st: m.AllocLocal(64), c: m.AllocLocal(16), loop: m.AllocLocal(8), r: m.AllocLocal(16), s: m.AllocLocal(16)}
	m.Load(m.Param("nonce"), reg.RDX)
	m.state(Mem{Base: reg.RDX}, nil)
	m.keyLoad()
	m.MOVQ(U32(10), m.f.loop)
	loop := m.NewLabel("start")
	m.Align(32)
	m.Label(loop)
	m.keyDouble().emit()
	m.DECQ(m.f.loop)
	m.JNE(LabelRef(loop))
	m.keyEnd()
	s := m.stream()
	for i := range 2 {
		m.MOVQ(m.f.r.Offset(8*i), reg.RAX)
		m.MOVQ(m.f.s.Offset(8*i), reg.RBX)
		m.MOVQ(reg.RAX, Mem{Base: s, Disp: streamR + 8*i})
		m.MOVQ(reg.RBX, Mem{Base: s, Disp: streamS + 8*i})
	}
	m.VPXORQ(z(0), z(0), z(0))
	m.VMOVDQU64(z(0), Mem{Base: s, Disp: streamH})
	m.MOVL(U32(1), reg.EAX)
	m.MOVL(reg.EAX, Mem{Base: s, Disp: streamCounter})
	m.done()
}

// poly builds polyAVX512.
func (m *z512) poly() {
	m.kernel("polyAVX512")
	m.alloc(0)
	few := m.NewLabel("polyFew")
	m.Load(m.Param("n"), reg.RDI)
	s := m.stream()
	m.CMPQ(reg.RDI, U32(vectorAD))
	m.JB(LabelRef(few))
	m.laneMasks()
	for i := range 2 {
		m.MOVQ(Mem{Base: s, Disp: streamR + 8*i}, reg.RAX)
		m.MOVQ(reg.RAX, m.f.r.Offset(8*i))
	}
	for i := range 3 {
		m.MOVQ(Mem{Base: s, Disp: streamH + 8*i}, reg.RAX)
		m.MOVQ(reg.RAX, m.f.h.Offset(8*i))
	}
	m.powers().emit()
	m.Load(m.Param("p"), rSrc)
	m.Load(m.Param("n"), rN)
	for i, h := range m.hash(false) {
		m.MOVQ(h, Mem{Base: m.stream(), Disp: streamH + 8*i})
	}
	m.done()

	m.Label(few)
	m.scalarLoadR(Mem{Base: s, Disp: streamR})
	for i := range 3 {
		m.MOVQ(Mem{Base: s, Disp: streamH + 8*i}, scalarH[i])
	}
	m.Load(m.Param("p"), reg.RSI)
	m.scalarBlocks(reg.RSI, reg.RDI)
	s = m.stream()
	for i := range 3 {
		m.MOVQ(scalarH[i], Mem{Base: s, Disp: streamH + 8*i})
	}
	m.done()
}

// vectorAD is from how many bytes on the powers that vectors need pay.
const vectorAD = 512
