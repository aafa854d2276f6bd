package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rotate rotates each word of v to the left by n bits; tmp is a temporary.
func (g *vec) rotate(n int, v, tmp reg.VecPhysical) []func() {
	switch n {
	case 16:
		return []func(){func() {
			g.shuffleBytes(g.words("chachaRot16", 0x01000302, 0x05040706, 0x09080b0a, 0x0d0c0f0e), v)
		}}
	case 8:
		return []func(){func() {
			g.shuffleBytes(g.words("chachaRot8", 0x02010003, 0x06050407, 0x0a09080b, 0x0e0d0c0f), v)
		}}
	}
	if g.wide() {
		return []func(){
			func() { g.VPSLLD(U8(n), v, tmp) },
			func() { g.VPSRLD(U8(32-n), v, v) },
			func() { g.VPOR(tmp, v, v) },
		}
	}
	return []func(){
		func() { g.MOVO(v, tmp) },
		func() { g.PSLLL(U8(n), tmp) },
		func() { g.PSRLL(U8(32-n), v) },
		func() { g.POR(tmp, v) },
	}
}

// quarter is the quarter round (RFC 8439, Section 2.1), one instruction a step.
func (g *vec) quarter(a, b, c, d, tmp reg.VecPhysical) (steps []func()) {
	half := func(rd, rb int) {
		steps = append(steps, func() { g.add(b, a) }, func() { g.xor(a, d) })
		steps = append(steps, g.rotate(rd, d, tmp)...)
		steps = append(steps, func() { g.add(d, c) }, func() { g.xor(c, b) })
		steps = append(steps, g.rotate(rb, b, tmp)...)
	}
	half(16, 12)
	half(8, 7)
	return steps
}

// doubleRound is a column round and a diagonal one (RFC 8439, Section 2.3) of a
// pass. c0 and c1 are in registers before and after, c2 and c3 in the frame.
func (g *vec) doubleRound() (steps []func()) {
	// Quarter rounds i and i+1 of the columns, or of the diagonals.
	two := func(i, diagonal int) {
		q := func(i int, tmp reg.VecPhysical) []func() {
			return g.quarter(g.a[i], g.b[(i+diagonal)%4], g.c[i%2], g.d[(i+3*diagonal)%4], tmp)
		}
		steps = append(steps, merge(q(i, g.x), q(i+1, g.y))...)
	}
	swap := func(out, in int) {
		for i := range 2 {
			steps = append(steps, func() { g.save(g.c[i], g.frame(frameC+32*(out+i))) })
			steps = append(steps, func() { g.load(g.frame(frameC+32*(in+i)), g.c[i]) })
		}
	}
	two(0, 0)
	swap(0, 2)
	two(2, 0)
	two(0, 1) // of c2 and c3
	swap(2, 0)
	two(2, 1)
	return steps
}

// quarterMem is a quarter round with a, c and d in the frame. The registers va,
// vc, vd and tmp are free before and after.
func (g *vec) quarterMem(a Mem, b reg.VecPhysical, c, d Mem, va, vc, vd, tmp reg.VecPhysical) (steps []func()) {
	step := func(f ...func()) { steps = append(steps, f...) }
	step(func() { g.addTo(a, b, va) })
	step(func() { g.xorTo(d, va, vd) })
	step(g.rotate(16, vd, tmp)...)
	step(func() { g.addTo(c, vd, vc) }, func() { g.xor(vc, b) })
	step(g.rotate(12, b, tmp)...)
	step(func() { g.add(b, va) }, func() { g.save(va, a) }, func() { g.xor(va, vd) })
	step(g.rotate(8, vd, tmp)...)
	step(func() { g.save(vd, d) }, func() { g.add(vd, vc) }, func() { g.save(vc, c) }, func() { g.xor(vc, b) })
	step(g.rotate(7, b, tmp)...)
	return steps
}

// doubleRound2 is doubleRound of a double pass.
func (g *vec) doubleRound2() (steps []func()) {
	for diagonal := range 2 {
		for i := 0; i < 4; i += 2 {
			for half := range 2 {
				q := func(i int) []func() {
					w := g.work[4*(i%2):]
					return g.quarterMem(g.rowA(half, i), g.b2[half][(i+diagonal)%4], g.rowC(half, (i+2*diagonal)%4), g.rowD(half, (i+3*diagonal)%4), w[0], w[1], w[2], w[3])
				}
				steps = append(steps, merge(q(i), q(i+1))...)
			}
		}
	}
	return steps
}

// The rows of the state of a double pass that are in the frame.
func (g *vec) rowA(half, i int) Mem { return g.frame(frameState + 32*(12*half+i)) }
func (g *vec) rowC(half, i int) Mem { return g.frame(frameState + 32*(12*half+4+i)) }
func (g *vec) rowD(half, i int) Mem { return g.frame(frameState + 32*(12*half+8+i)) }

// merge returns the steps of both, in their order, evenly mixed.
func merge(u, v []func()) (steps []func()) {
	j := 0
	for i, s := range u {
		steps = append(steps, s)
		for ; j*len(u) < (i+1)*len(v); j++ {
			steps = append(steps, v[j])
		}
	}
	return append(steps, v[j:]...)
}

func do(steps []func()) {
	for _, s := range steps {
		s()
	}
}

// word returns where word i of the initial state (RFC 8439, Section 2.3) is to
// be found, but for the counter. key points to the key.
func (g *vec) word(i int, key reg.GPPhysical) Mem {
	switch {
	case i < 4:
		return g.Words32("chachaConstants", constants0, constants1, constants2, constants3).Offset(4 * i)
	case i < 12:
		return Mem{Base: key, Disp: 4 * (i - 4)}
	}
	return g.frame(frameNonce + 4*(i-13))
}

// setCounter lets the next pass start at the block whose number is at m.
func (g *vec) setCounter(m Mem) {
	g.spread(m, g.x)
	g.add(g.Words32("chachaIota", []uint32{0, 1, 2, 3, 4, 5, 6, 7}[:g.lanes]...), g.x)
	g.save(g.x, g.frame(frameCtr))
	g.add(g.words("chachaLanes1", uint32(g.lanes)), g.x)
	g.save(g.x, g.frame(frameCtr+32))
}

// beginPass sets the state of a pass. It destroys lo.
func (g *vec) beginPass() {
	key := g.lo
	g.MOVQ(g.param("k"), key)
	for i := range 2 {
		g.spread(g.word(10+i, key), g.x)
		g.save(g.x, g.frame(frameC+32*(2+i)))
		g.spread(g.word(8+i, key), g.c[i])
	}
	for i := range 4 {
		g.spread(g.word(i, key), g.a[i])
		g.spread(g.word(4+i, key), g.b[i])
		if i > 0 {
			g.spread(g.word(12+i, key), g.d[i])
		}
	}
	g.load(g.frame(frameCtr), g.d[0])
}

// beginPass2 is beginPass of a double pass.
func (g *vec) beginPass2() {
	key := g.lo
	g.MOVQ(g.param("k"), key)
	both := func(v reg.VecPhysical, row func(half, i int) Mem, i int) {
		g.save(v, row(0, i))
		g.save(v, row(1, i))
	}
	for i := range 4 {
		w := g.work[2*(i%4):]
		g.spread(g.word(i, key), w[0])
		both(w[0], g.rowA, i)
		g.spread(g.word(4+i, key), g.b2[0][i])
		g.move(g.b2[0][i], g.b2[1][i])
		g.spread(g.word(8+i, key), w[1])
		both(w[1], g.rowC, i)
		if i > 0 {
			g.spread(g.word(12+i, key), w[0])
			both(w[0], g.rowD, i)
		}
	}
	for half := range 2 {
		g.load(g.frame(frameCtr+32*half), g.work[half])
		g.save(g.work[half], g.rowD(half, 0))
	}
}

// mixedRounds runs the rounds of a pass and hashes as many groups at p as the
// frame's count says, at most 16 (avx2) or 10.
func (g *vec) mixedRounds(round []func()) {
	counts := func(i int) Mem { return g.frame(frameCounts + 8*i) }
	// Of the ten double rounds, two have two groups, one have one, none have none.
	two, one, none := g.t[0], g.lo, g.t[1]
	g.MOVL(g.frame(frameGroups), one.As32())
	g.MOVL(U32(doubles), none.As32())
	g.SUBL(one.As32(), none.As32())
	most := 1
	if g.wide() {
		most = 2
		g.XORL(two.As32(), two.As32())
		g.SUBL(none.As32(), two.As32()) // what is too many for one each
		g.XORL(g.t[2].As32(), g.t[2].As32())
		g.TESTL(two.As32(), two.As32())
		g.CMOVLLT(g.t[2].As32(), two.As32())
		g.MOVL(two.As32(), counts(0))
		g.SUBL(two.As32(), one.As32())
		g.SUBL(two.As32(), one.As32())
		g.ADDL(two.As32(), none.As32())
	}
	g.MOVL(one.As32(), counts(1))
	g.MOVL(none.As32(), counts(2))
	for n := most; n >= 0; n-- {
		left := counts(2 - n)
		loop, end := g.label("mixed"), g.label("mixed_end")
		g.CMPL(left, U8(0))
		g.JE(LabelRef(end))
		g.Align(32)
		g.Label(loop)
		var hash []func()
		for i := range n {
			hash = append(hash, g.group(Mem{Base: g.p, Disp: i * groupBytes}, 4)...)
		}
		do(merge(round, hash))
		if n > 0 {
			g.ADDQ(U8(n*groupBytes), g.p)
		}
		g.DECL(left)
		g.JNZ(LabelRef(loop))
		g.Label(end)
	}
}

// endPass adds the initial state (RFC 8439, Section 2.3), puts the blocks
// together and passes them to out: v holds the bytes from offset on. out may use
// tmp. The counters move on. It destroys lo.
func (g *vec) endPass(out func(offset int, v, tmp reg.VecPhysical)) {
	g.MOVQ(g.param("k"), g.lo)
	g.emit(0, g.endRows(0, 0, g.a), g.endRows(0, 4, g.b), out)
	c := []reg.VecPhysical{g.c[0], g.c[1], g.a[0], g.a[1]}
	for i := range 2 {
		g.load(g.frame(frameC+32*(2+i)), c[2+i])
	}
	g.emit(block/2, g.endRows(0, 8, c), g.endRows(0, 12, g.d), out)
	g.moveCounters(1)
}

// moveCounters counts the blocks of so many passes.
func (g *vec) moveCounters(n int) {
	for half := range 2 {
		g.load(g.frame(frameCtr+32*half), g.x)
		g.add(g.words(fmt.Sprint("chachaLanes", n), uint32(n*g.lanes)), g.x)
		g.save(g.x, g.frame(frameCtr+32*half))
	}
}

// endPass2 is endPass of a double pass.
func (g *vec) endPass2(out func(offset int, v, tmp reg.VecPhysical)) {
	g.MOVQ(g.param("k"), g.lo)
	fetch := func(half int, row func(half, i int) Mem, to []reg.VecPhysical) []reg.VecPhysical {
		for i, v := range to {
			g.load(row(half, i), v)
		}
		return to
	}
	for half := range 2 {
		at := half * g.lanes * block
		a := fetch(half, g.rowA, g.work[:4])
		g.emit(at, g.endRows(half, 0, a), g.endRows(half, 4, g.b2[half]), out)
		c := fetch(half, g.rowC, g.work[:4])
		d := fetch(half, g.rowD, g.b2[0])
		g.emit(at+block/2, g.endRows(half, 8, c), g.endRows(half, 12, d), out)
	}
	g.moveCounters(2)
}

// endRows adds the initial state to rows i to i+3 and transposes them. lo points
// to the key.
func (g *vec) endRows(half, i int, rows []reg.VecPhysical) []reg.VecPhysical {
	for j, v := range rows {
		if i+j == 12 {
			g.add(g.frame(frameCtr+32*half), v)
			continue
		}
		g.spread(g.word(i+j, g.lo), g.x)
		g.add(g.x, v)
	}
	return g.transpose(rows)
}

// emit passes half of each block to out: u the first 16 bytes of it, v the rest.
func (g *vec) emit(offset int, u, v []reg.VecPhysical, out func(offset int, v, tmp reg.VecPhysical)) {
	for j := range 4 {
		at := offset + block*j
		if !g.wide() {
			out(at, u[j], g.x)
			out(at+16, v[j], g.x)
			continue
		}
		g.VPERM2I128(U8(0x20), v[j], u[j], g.x)
		g.VPERM2I128(U8(0x31), v[j], u[j], u[j])
		out(at, g.x, g.y)
		out(at+4*block, u[j], g.y)
	}
}

// transpose turns rows, a word of every block each, into one vector of four
// words for every block: for block i and, with 256 bits, block i+4. x and y are
// temporaries.
func (g *vec) transpose(r []reg.VecPhysical) []reg.VecPhysical {
	g.unpack(32, false, r[0], r[1], g.x)
	g.unpack(32, true, r[0], r[1], r[0])
	g.unpack(32, false, r[2], r[3], g.y)
	g.unpack(32, true, r[2], r[3], r[2])
	g.unpack(64, false, r[0], r[2], r[3])
	g.unpack(64, true, r[0], r[2], r[0])
	g.unpack(64, true, g.x, g.y, r[2])
	g.unpack(64, false, g.x, g.y, r[1])
	return []reg.VecPhysical{r[1], r[2], r[3], r[0]}
}

// A rows makes the key stream of few blocks, from that block on whose
// number is the first counter in the frame: as many as there are
// 128-bit lanes in its sets of four vectors. A vector has a row of the state of
// one block or two, so that there is nothing to transpose, and the diagonals are
// reached by rotating rows. These are a, c and d relative to b, because b is what a
// round is late with.
type rows struct {
	*vec
	sets []rowSet
}

type rowSet struct{ a, b, c, d, tmp reg.VecPhysical }

func (g *vec) rows(sets int) *rows {
	r := &rows{vec: g}
	for i := range sets {
		v := func(j int) reg.VecPhysical { return g.width.Reg(4*i + j) }
		r.sets = append(r.sets, rowSet{v(0), v(1), v(2), v(3), g.width.Reg(12 + i)})
	}
	return r
}

func (g *rows) constants() Mem {
	return g.words("chachaRow", constants0, constants1, constants2, constants3)
}

// counter returns what set i has in its last row besides the first block's number and the
// nonce.
func (g *rows) counter(i int) Mem {
	var w []uint32
	for j := range 2 * g.width.Lanes() {
		w = append(w, uint32(j), 0, 0, 0)
	}
	return g.Words32("chachaSets", w...).Offset(i * g.size)
}

// begin sets the state. It destroys lo.
func (g *rows) begin() {
	first, last := g.sets[0], g.width.Reg(15)
	g.MOVQ(g.param("k"), g.lo)
	g.nonceRow(last, first.a, first.b)
	g.save(last, g.frame(frameRow))
	g.load(g.constants(), first.a)
	g.spread128(Mem{Base: g.lo}, first.b)
	g.spread128(Mem{Base: g.lo, Disp: 16}, first.c)
	for i, s := range g.sets {
		if i > 0 {
			g.move(first.a, s.a)
			g.move(first.b, s.b)
			g.move(first.c, s.c)
		}
		g.move(last, s.d)
		g.add(g.counter(i), s.d)
	}
}

func (g *rows) doubleRound() (steps []func()) {
	all := func(f func(s rowSet) []func()) {
		var mixed []func()
		for _, s := range g.sets {
			mixed = merge(f(s), mixed)
		}
		steps = append(steps, mixed...)
	}
	quarter := func(s rowSet) []func() { return g.quarter(s.a, s.b, s.c, s.d, s.tmp) }
	turn := func(a, c, d uint8) func(rowSet) []func() {
		return func(s rowSet) []func() {
			return []func(){
				func() { g.shuffle(a, s.a) },
				func() { g.shuffle(d, s.d) },
				func() { g.shuffle(c, s.c) },
			}
		}
	}
	all(quarter)
	all(turn(0x93, 0x39, 0x4e))
	all(quarter)
	all(turn(0x39, 0x93, 0x4e))
	return steps
}

// end puts the key stream in the frame. It destroys lo.
func (g *rows) end() {
	g.MOVQ(g.param("k"), g.lo)
	for i, s := range g.sets {
		g.spread128(Mem{Base: g.lo}, s.tmp)
		g.add(s.tmp, s.b)
		g.spread128(Mem{Base: g.lo, Disp: 16}, s.tmp)
		g.add(s.tmp, s.c)
		g.add(g.constants(), s.a)
		g.add(g.frame(frameRow), s.d)
		g.add(g.counter(i), s.d)
		at := frameKS + block*g.width.Lanes()*i
		if !g.wide() {
			for j, v := range []reg.VecPhysical{s.a, s.b, s.c, s.d} {
				g.save(v, g.frame(at+16*j))
			}
			continue
		}
		for j, half := range [][2]reg.VecPhysical{{s.a, s.b}, {s.c, s.d}} {
			g.VPERM2I128(U8(0x20), half[1], half[0], s.tmp)
			g.save(s.tmp, g.frame(at+32*j))
			g.VPERM2I128(U8(0x31), half[1], half[0], s.tmp)
			g.save(s.tmp, g.frame(at+block+32*j))
		}
	}
}

// nonceRow sets each 128 bits of v to the first counter in the frame and the
// nonce; x and y are temporaries. The nonce is loaded as it has been stored, four
// bytes at a time.
func (g *vec) nonceRow(v, x, y reg.VecPhysical) {
	nonce := func(i int) Mem { return g.frame(frameNonce + 4*i) }
	counter := g.frame(frameCtr)
	if !g.wide() {
		g.MOVSS(counter, v)
		g.MOVSS(nonce(0), x)
		g.PUNPCKLLQ(x, v)
		g.MOVSS(nonce(1), x)
		g.MOVSS(nonce(2), y)
		g.PUNPCKLLQ(y, x)
		g.PUNPCKLQDQ(x, v)
		return
	}
	z := xmmOf(v)
	g.VMOVD(counter, z)
	for i := range 3 {
		g.VPINSRD(U8(1+i), nonce(i), z, z)
	}
	g.VINSERTI128(U8(1), z, v, v)
}
