package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bulk seals or opens as many units as there are at src, at least one, and
// leaves less than a unit there. It moves hash and ctr on; the nonce is in slot
// then, no longer in its register.
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

// cryptUnit encrypts a unit from src to dst and moves on. If hashed is not nil,
// it folds the unit there into hash as well, with the steps of that spread evenly
// over those of AES, the counters and the stores included: the products keep
// their port busy from end to end, and fill the slots that 8 chains of AES leave
// (two AES units of latency 4 need 8 chains).
//
// Bounds: with 10 rounds a vector takes 12 operations of counter mode and 8 of
// the hash, 3 of them products, and about 1 (xmm) or 2 (ymm) for its share of
// reduction and counters. On a Zen 5, which issues four a cycle and takes three
// slots for a product, these are 28 and 29 slots: 6.9 and 7.3 cycles, and 7.9 and
// 8.3 with 14 rounds. Measured are 8.0 and 8.4, 8.9 and 9.5, give or take 3 %.
//
// A pass has as many vectors as there are chains; a unit is two with xmm, one
// with ymm.
func (g *vex) cryptUnit(hashed *Mem) {
	for p := range unit / (chains * g.size) {
		var hash []func()
		if hashed != nil {
			hash = g.hashSteps(*hashed, p*chains, (p+1)*chains)
		}
		interleave(g.passSteps(p), hash)
	}
	g.ADDQ(U32(unit), g.src)
	g.ADDQ(U32(unit), g.dst)
	g.ADDL(U8(unit/block), g.ctr.As32())
	g.SUBQ(U32(unit), g.n)
}

// passSteps encrypts pass p of a unit. It uses no registers but the states and
// rk.
func (g *vex) passSteps(p int) []func() {
	steps := g.counterSteps(p)
	for r := 1; r <= 9; r++ {
		steps = append(steps, func() { g.broadcast(g.roundKey(r), g.rk) })
		for _, s := range g.st {
			steps = append(steps, func() { g.VAESENC(g.rk, s, s) })
		}
	}
	steps = append(steps,
		func() { g.extraRounds(g.st) },
		func() { g.broadcast(Mem{Base: g.rke}, g.rk) })
	for i, s := range g.st {
		off := g.size * (p*chains + i)
		steps = append(steps,
			func() { g.VAESENCLAST(g.rk, s, s) },
			func() { g.VPXOR(Mem{Base: g.src, Disp: off}, s, s) },
			func() { g.VMOVDQU(s, Mem{Base: g.dst, Disp: off}) })
	}
	return steps
}

// counterSteps sets the states to the counters of pass p of a unit, with the
// first round key added. The data's counters start at 2 (SP 800-38D, Section
// 7.1), so those of a unit are ctr+2 to ctr+17, with ctr a multiple of 16: the
// last two belong to the next multiple. They are the last two vectors with xmm,
// the last with ymm, and its register holds the base until then.
func (g *vex) counterSteps(p int) (steps []func()) {
	const perBase = unit / block
	base := g.rk
	steps = append(steps, func() {
		g.VMOVDQU(g.slot, xmmOf(g.rk))
		g.counterBase(g.ctr, g.rk, g.rk)
	})
	for i, s := range g.st {
		j := 2 + (p*chains+i)*g.lanes
		if j == perBase {
			last := g.st[chains-1]
			base = last
			steps = append(steps, func() {
				next := g.GP64()
				g.LEAQ(Mem{Base: g.ctr, Disp: perBase}, next)
				g.VMOVDQU(g.slot, xmmOf(last))
				g.counterBase(next, last, last)
			})
		}
		from := base
		steps = append(steps, func() { g.VPXOR(g.counters(j%perBase), from, s) })
	}
	return steps
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
