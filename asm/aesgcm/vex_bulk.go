package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bulk seals or opens as many units as there are at src, at least one, and
// leaves 0 to 15 bytes less than a unit. It starts from hash and ctr and leaves
// them as they are then; the nonce is left in slot.
//
// Seal hashes the unit that it has written before while it encrypts the next,
// from memory: a store of a vector forwards to a load of the same. Open hashes
// what it is about to decrypt.
func (g *vex) bulk() {
	loop, pending := g.label("bulk_loop"), g.label("bulk_pending")
	g.VMOVDQU(xmmOf(g.nonce), g.slot)
	hashed := Mem{Base: g.src}
	if !g.open {
		hashed = Mem{Base: g.dst, Disp: -unit}
		g.cryptUnit(nil)
		g.CMPQ(g.n, U32(unit))
		g.JB(LabelRef(pending))
	}
	g.Align(32)
	g.Label(loop)
	g.cryptUnit(&hashed)
	g.CMPQ(g.n, U32(unit))
	g.JAE(LabelRef(loop))
	if !g.open {
		g.Label(pending)
		g.hashUnit(hashed)
	}
}

// cryptUnit encrypts a unit from src to dst, moves on, and hashes the unit at
// hashed, if any, between the rounds. Works in passes of as many vectors as
// there are chains.
func (g *vex) cryptUnit(hashed *Mem) {
	passes := unit / (chains * g.size)
	for p := range passes {
		off := p * chains * g.size
		var steps []func()
		if hashed != nil {
			steps = g.hashSteps(*hashed, p*chains, (p+1)*chains)
		}
		g.startPass(p)
		var rounds []func()
		for r := 1; r <= 9; r++ {
			rounds = append(rounds, func() { g.broadcast(g.roundKey(r), g.rk) })
			for _, s := range g.st {
				rounds = append(rounds, func() { g.VAESENC(g.rk, s, s) })
			}
		}
		interleave(rounds, steps)
		g.extraRounds(g.st)
		g.broadcast(Mem{Base: g.rke}, g.rk)
		temps := []reg.VecPhysical{g.a0, g.a1, g.t0, g.t1}
		for i, s := range g.st {
			g.lastRound(s, temps[i%4], off+g.size*i)
		}
	}
	g.ADDQ(U32(unit), g.src)
	g.ADDQ(U32(unit), g.dst)
	g.ADDL(U8(unit/block), g.ctr.As32())
	g.SUBQ(U32(unit), g.n)
}

// startPass sets the states to the counters of pass p of a unit, with the first
// round key added. The data's counters start at 2 (SP 800-38D, Section 7.1), so
// that those of a unit are ctr+2 to ctr+17, with ctr a multiple of 16: the last
// two belong to the next multiple. With a vector's blocks a divisor of two, no
// vector has both.
func (g *vex) startPass(p int) {
	first := 2 + p*chains*g.lanes
	v := g.rk
	g.VMOVDQU(g.slot, xmmOf(v))
	g.counterBase(g.ctr, v, v)
	for i, s := range g.st {
		j := first + i*g.lanes
		if j == unit/block {
			next := g.GP64()
			g.LEAQ(Mem{Base: g.ctr, Disp: unit / block}, next)
			v = g.t0
			g.VMOVDQU(g.slot, xmmOf(v))
			g.counterBase(next, v, v)
		}
		g.VPXOR(g.counters(j%(unit/block)), v, s)
	}
}

// hashUnit folds the unit at p into hash.
func (g *vex) hashUnit(p Mem) {
	for _, step := range g.hashSteps(p, 0, unit/g.size) {
		step()
	}
}

// hashSteps multiplies vectors first to last-1 of the unit at p, and reduces
// behind the last of the unit.
func (g *vex) hashSteps(p Mem, first, last int) (steps []func()) {
	for v := first; v < last; v += 2 {
		steps = append(steps, g.mul2Steps(p, v)...)
	}
	if last == unit/g.size {
		steps = append(steps, g.reduceSteps(g.width)...)
	}
	return steps
}

// extraRounds emits the rounds that AES-192 and AES-256 have more than AES-128.
func (g *vex) extraRounds(states []reg.VecPhysical) {
	done := g.label("rounds")
	round := func(r int) {
		g.broadcast(g.roundKey(r), g.rk)
		for _, s := range states {
			g.VAESENC(sized(g.rk, s), s, s)
		}
	}
	g.CMPQ(g.rounds(), U8(12))
	g.JB(LabelRef(done))
	round(10)
	round(11)
	g.JE(LabelRef(done))
	round(12)
	round(13)
	g.Label(done)
}

// lastRound finishes s and adds the text at off, in one: the text is added to
// the round key, which is in rk. t is a temporary.
func (g *vex) lastRound(s, t reg.VecPhysical, off int) {
	g.VPXOR(Mem{Base: g.src, Disp: off}, g.rk, t)
	g.VAESENCLAST(t, s, s)
	g.VMOVDQU(s, Mem{Base: g.dst, Disp: off})
}

// sized names v in the size of like.
func sized(v, like reg.VecPhysical) reg.VecPhysical {
	if like.Size() == 16 {
		return xmmOf(v)
	}
	return v
}

// interleave emits a's steps with b's spread evenly between them.
func interleave(a, b []func()) {
	done := 0
	for i, f := range a {
		f()
		for ; done < len(b)*(i+1)/len(a); done++ {
			b[done]()
		}
	}
}
