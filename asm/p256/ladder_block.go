package main

import (
	"fmt"
	"sort"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// A block is straight-line vector code whose order and registers are chosen by
// the generator. It is written as mathematics is: every operation makes a new
// [value], in any order that computes what is used before its use. [block.Emit]
// schedules the operations for a machine that issues four vector instructions a
// cycle, the longest path to an end first, and then hands out registers.
//
// Out-of-order cores reorder by themselves what their queues hold; the schedule
// puts into them early what is urgent. What sets it apart from [gen.Block] is that it
// keeps the number of live values within the registers, of which a step of the
// ladder needs nearly all, and that a result may be an output in any register.
// Latencies and pipes are those measured on Zen 5.
type block struct {
	c     *gen.Ctx
	width gen.Width
	regs  []int // that the block may use
	ops   []blockOp
	ends  []blockOut
	// maxLive is the number of registers that the schedule tries to get by with;
	// the default leaves two for copies.
	maxLive int
	// loop says that the block is the body of a loop, in which the values of
	// out are those of in for the next iteration: the schedule
	// then hurries those that are needed first.
	loop bool
	// window is how far an operation may overtake the first that waits.
	window int
}

// A value is the result of an operation of a block. It is assigned once.
type value int

// zero as an accumulator of a multiplication is the value 0, made in place.
const zero value = -1

// A kind says how an operation occupies the machine.
type kind int

const (
	aluKind   kind = iota // additions, logic, shuffles within 128 bits
	shiftKind             // shifts
	crossKind             // permutations across 128 bits
	maddKind              // 52-bit multiplications
	loadKind              // loads, done long before they are used
	storeKind             // stores; no result
	inputKind
)

var kinds = [...]struct {
	latency int
	pipes   []int
}{
	aluKind:   {2, []int{3, 2, 1, 0}},
	shiftKind: {2, []int{3, 2}},
	crossKind: {4, []int{2, 1}},
	maddKind:  {4, []int{0, 1}},
	loadKind:  {0, nil},
	storeKind: {1, nil},
	inputKind: {0, nil},
}

type blockOp struct {
	kind kind
	over value // whose register the result replaces, or zero
	srcs []value
	emit func(dst reg.VecPhysical, srcs []reg.VecPhysical)
	reg  int // of an input
}

type blockOut struct {
	v   value
	reg int
}

// NewBlock returns an empty block that may use the given registers.
func newBlock(c *gen.Ctx, w gen.Width, regs []int) *block {
	return &block{c: c, width: w, regs: regs, maxLive: len(regs) - 2, window: 1 << 30}
}

// do adds an operation of the given kind. Where over is not zero, the result
// replaces it in its register: emit finds over's value in dst. Otherwise dst is a
// new register, never one of srcs'.
func (b *block) do(kind kind, over value, emit func(dst reg.VecPhysical, srcs []reg.VecPhysical), srcs ...value) value {
	b.ops = append(b.ops, blockOp{kind: kind, over: over, srcs: srcs, emit: emit})
	return value(len(b.ops) - 1)
}

// in returns the value that register i holds at the start.
func (b *block) in(i int) value {
	v := b.do(inputKind, zero, nil)
	b.ops[v].reg = i
	return v
}

// ins is In for several registers.
func (b *block) inAll(regs ...int) []value {
	vs := make([]value, len(regs))
	for i, r := range regs {
		vs[i] = b.in(r)
	}
	return vs
}

// out has register i hold v at the end.
func (b *block) out(v value, i int) { b.ends = append(b.ends, blockOut{v, i}) }

// outAll is Out for several values.
func (b *block) outAll(vs []value, regs ...int) {
	for i, v := range vs {
		b.out(v, regs[i])
	}
}

// emit schedules the block and writes it.
func (b *block) emit() {
	starts, bases := make([]int, len(b.ops)), make(map[value]int)
	var order []value
	rounds := 1
	if b.loop {
		rounds = 4
	}
	for range rounds {
		heights := b.heights(bases)
		var finish []int
		order, finish = b.schedule(heights, starts)
		if !b.loop {
			break
		}
		// An input is there when the last iteration had it, and as urgent as what
		// hangs on it.
		first, least := 1<<30, 1<<30
		ins := map[int]value{}
		for v, op := range b.ops {
			if op.kind == inputKind {
				ins[op.reg] = value(v)
			}
		}
		for _, o := range b.ends {
			first = min(first, finish[o.v])
			least = min(least, heights[ins[o.reg]])
		}
		bases = make(map[value]int)
		for _, o := range b.ends {
			starts[ins[o.reg]] = finish[o.v] - first
			bases[o.v] = max(bases[o.v], heights[ins[o.reg]]-least)
		}
	}
	b.allocate(order)
}

// heights returns the length of the longest path from the start of each operation
// to the end of the block; bases holds what is left behind the outputs.
func (b *block) heights(bases map[value]int) []int {
	h := make([]int, len(b.ops))
	for v, base := range bases {
		h[v] = base
	}
	for v := len(b.ops) - 1; v >= 0; v-- {
		op := b.ops[v]
		h[v] += kinds[op.kind].latency
		for _, s := range op.reads() {
			h[s] = max(h[s], h[v])
		}
	}
	return h
}

// reads returns what the operation needs to start.
func (op *blockOp) reads() []value {
	if op.over == zero {
		return op.srcs
	}
	return append(op.srcs[:len(op.srcs):len(op.srcs)], op.over)
}

// uses returns how often each value is read, by the end of the block too.
func (b *block) uses() []int {
	n := make([]int, len(b.ops))
	for i := range b.ops {
		for _, s := range b.ops[i].reads() {
			n[s]++
		}
	}
	for _, o := range b.ends {
		n[o.v]++
	}
	return n
}

// schedule returns the operations in the order of issue, and when each finishes.
// starts says when inputs are there.
func (b *block) schedule(heights, starts []int) (order []value, finish []int) {
	finish = make([]int, len(b.ops))
	left := b.uses()
	waits := make([]int, len(b.ops))
	users := make([][]value, len(b.ops))
	done := make([]bool, len(b.ops))
	live := 0
	var ready []value
	complete := func(v value) {
		done[v] = true
		for _, u := range users[v] {
			if waits[u]--; waits[u] == 0 {
				ready = append(ready, u)
			}
		}
	}
	for v := range b.ops {
		for _, s := range b.ops[v].reads() {
			if b.ops[s].kind != loadKind {
				waits[v]++
				users[s] = append(users[s], value(v))
			}
		}
	}
	for v := range b.ops {
		// A load goes right before its first use.
		if k := b.ops[v].kind; waits[v] == 0 && k != loadKind && k != inputKind {
			ready = append(ready, value(v))
		}
	}
	for v := range b.ops {
		if b.ops[v].kind == inputKind {
			finish[v] = starts[v]
			live++
			order = append(order, value(v))
			complete(value(v))
		}
	}
	// grows tells by how many registers v raises the pressure.
	grows := func(v value) int {
		n := 1
		if b.ops[v].kind == storeKind {
			n = 0
		}
		seen := map[value]int{}
		for _, s := range b.ops[v].reads() {
			seen[s]++
		}
		for s, k := range seen {
			if b.ops[s].kind == loadKind && !done[s] {
				n++
			}
			if left[s] == k {
				n--
			}
		}
		return n
	}
	total := 0
	for v := range b.ops {
		if b.ops[v].kind != loadKind || left[v] > 0 {
			total++
		}
	}
	for t := 0; len(order) < total; t++ {
		var busy [4]bool
		slots := 6
		sort.SliceStable(ready, func(i, j int) bool {
			if heights[ready[i]] != heights[ready[j]] {
				return heights[ready[i]] > heights[ready[j]]
			}
			return ready[i] < ready[j]
		})
		oldest := value(len(b.ops))
		for v := range b.ops {
			if !done[v] && b.ops[v].kind != loadKind {
				oldest = value(v)
				break
			}
		}
		for i := 0; i < len(ready) && slots > 0; {
			v := ready[i]
			op := &b.ops[v]
			ok := int(v-oldest) <= b.window
			for _, s := range op.reads() {
				ok = ok && finish[s] <= t
			}
			g := grows(v)
			if ok && g > 0 && live+g > b.maxLive && v != oldest {
				ok = false
			}
			pipe := -1
			if ok && kinds[op.kind].pipes != nil {
				ok = false
				for _, p := range kinds[op.kind].pipes {
					if !busy[p] {
						pipe, ok = p, true
						break
					}
				}
			}
			if !ok {
				i++
				continue
			}
			if pipe >= 0 {
				busy[pipe] = true
			}
			ready = append(ready[:i:i], ready[i+1:]...)
			finish[v] = t + kinds[op.kind].latency
			for _, s := range op.reads() {
				if b.ops[s].kind == loadKind && !done[s] {
					done[s] = true
					order = append(order, s)
				}
			}
			order = append(order, v)
			live += g
			for _, s := range op.reads() {
				left[s]--
			}
			slots--
			complete(v)
			// What became ready now can't start in this cycle: its operand isn't there.
		}
	}
	return order, finish
}

// allocate hands out registers in the given order and writes the instructions.
func (b *block) allocate(order []value) {
	left := b.uses()
	hint := map[value]int{}
	wanted := map[int]bool{}
	for _, o := range b.ends {
		wanted[o.reg] = true
		for v := o.v; v != zero; v = b.ops[v].over {
			if b.ops[v].kind == inputKind {
				break
			}
			hint[v] = o.reg
		}
	}
	free := map[int]bool{}
	for _, r := range b.regs {
		free[r] = true
	}
	where := make([]int, len(b.ops))
	take := func(v value) int {
		if h, ok := hint[v]; ok && free[h] {
			free[h] = false
			return h
		}
		best := -1
		for _, r := range b.regs {
			if free[r] && (best < 0 || wanted[best] && !wanted[r]) {
				best = r
			}
		}
		if best < 0 {
			panic(fmt.Sprintf("asm/p256: no register is left for value %d of %d", v, len(b.ops)))
		}
		free[best] = false
		return best
	}
	holds := map[int]value{}
	for _, v := range order {
		if b.ops[v].kind == inputKind {
			where[v] = b.ops[v].reg
			free[where[v]] = false
		}
	}
	for _, v := range order {
		op := &b.ops[v]
		if op.kind == inputKind {
			if left[v] == 0 {
				free[where[v]] = true
			}
			continue
		}
		var srcs []reg.VecPhysical
		for _, s := range op.reads() {
			if x, ok := holds[where[s]]; ok && x != s {
				panic(fmt.Sprintf("asm/p256: value %d reads value %d where %d is", v, s, x))
			}
		}
		for _, s := range op.srcs {
			srcs = append(srcs, b.width.Reg(where[s]))
		}
		for _, s := range op.reads() {
			left[s]--
		}
		var dst reg.VecPhysical
		switch {
		case op.kind == storeKind:
		case op.over != zero && left[op.over] == 0:
			where[v] = where[op.over]
			dst = b.width.Reg(where[v])
		default:
			// A source that dies here may give its register only where nothing is
			// written before it is read, which is so but for a copied accumulator.
			if op.over == zero && op.kind != maddKind {
				for _, s := range op.reads() {
					if left[s] == 0 {
						free[where[s]] = true
					}
				}
			}
			where[v] = take(v)
			dst = b.width.Reg(where[v])
			if op.over != zero {
				b.c.VMOVDQA64(b.width.Reg(where[op.over]), dst)
			}
		}
		if op.kind != storeKind {
			holds[where[v]] = v
		}
		op.emit(dst, srcs)
		for _, s := range op.reads() {
			if left[s] == 0 && (op.kind == storeKind || where[s] != where[v]) {
				free[where[s]] = true
			}
		}
		if op.kind != storeKind && left[v] == 0 {
			panic(fmt.Sprintf("asm/p256: nothing uses value %d of the block (kind %d)", v, op.kind))
		}
	}
	// The outputs that are elsewhere move, all at once.
	moves := map[int]int{} // from, by to
	for _, o := range b.ends {
		if where[o.v] != o.reg {
			moves[o.reg] = where[o.v]
		}
	}
	for len(moves) > 0 {
		done := false
		for _, to := range sortedKeys(moves) {
			blocked := false
			for _, from := range moves {
				blocked = blocked || from == to
			}
			if !blocked {
				b.c.VMOVDQA64(b.width.Reg(moves[to]), b.width.Reg(to))
				delete(moves, to)
				done = true
			}
		}
		if !done {
			panic("asm/p256: outputs of a block change places")
		}
	}
}

func sortedKeys(m map[int]int) []int {
	var ks []int
	for k := range m {
		ks = append(ks, k)
	}
	sort.Ints(ks)
	return ks
}

// The operations below are named by what they compute. Masks are as in the
// instruction set: "where k" keeps the old value in the other lanes, "Z" clears
// them.

// add returns x+y.
func (b *block) add(x, y value) value {
	return b.do(aluKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPADDQ(s[1], s[0], d) }, x, y)
}

// addWhere returns x+y in the lanes of k and over in the others.
func (b *block) addWhere(k reg.Register, x, y, over value) value {
	return b.do(aluKind, over, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPADDQ(s[1], s[0], k, d) }, x, y)
}

// accumulateWhere returns over+x in the lanes of k and over in the others.
func (b *block) accumulateWhere(k reg.Register, x, over value) value {
	return b.do(aluKind, over, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPADDQ(s[0], d, k, d) }, x)
}

// sub returns x-y.
func (b *block) sub(x, y value) value {
	return b.do(aluKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPSUBQ(s[1], s[0], d) }, x, y)
}

// subWhere returns x-y in the lanes of k and over in the others.
func (b *block) subWhere(k reg.Register, x, y, over value) value {
	return b.do(aluKind, over, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPSUBQ(s[1], s[0], k, d) }, x, y)
}

// reduceWhere returns over-x in the lanes of k and over in the others.
func (b *block) reduceWhere(k reg.Register, x, over value) value {
	return b.do(aluKind, over, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPSUBQ(s[0], d, k, d) }, x)
}

// blend returns x in the lanes of k and y in the others.
func (b *block) blend(k reg.Register, x, y value) value {
	return b.do(aluKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPBLENDMQ(s[0], s[1], k, d) }, x, y)
}

// keepZ returns x in the lanes of k.
func (b *block) keepZ(k reg.Register, x value) value {
	return b.do(aluKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VMOVDQA64_Z(s[0], k, d) }, x)
}

// shiftRight returns x>>n.
func (b *block) shiftRight(x value, n uint64) value {
	return b.do(shiftKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPSRLQ(operand.Imm(n), s[0], d) }, x)
}

// lanes returns the lanes l0 to l3 of x, in each 256 bits.
func (b *block) lanes(x value, l0, l1, l2, l3 uint64) value {
	return b.do(crossKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) {
		b.c.VPERMQ(operand.Imm(l0|l1<<2|l2<<4|l3<<6), s[0], d)
	}, x)
}

// lanesZ is Lanes in the lanes of k.
func (b *block) lanesZ(k reg.Register, x value, l0, l1, l2, l3 uint64) value {
	return b.do(crossKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) {
		b.c.VPERMQ_Z(operand.Imm(l0|l1<<2|l2<<4|l3<<6), s[0], k, d)
	}, x)
}

// lanesWhere is Lanes in the lanes of k, and over in the others.
func (b *block) lanesWhere(k reg.Register, x, over value, l0, l1, l2, l3 uint64) value {
	return b.do(crossKind, over, func(d reg.VecPhysical, s []reg.VecPhysical) {
		b.c.VPERMQ(operand.Imm(l0|l1<<2|l2<<4|l3<<6), s[0], k, d)
	}, x)
}

// pairs returns the lanes l0 and l1 of x, in each 128 bits.
func (b *block) pairs(x value, l0, l1 uint64) value {
	return b.do(aluKind, zero, func(d reg.VecPhysical, s []reg.VecPhysical) {
		b.c.VPSHUFD(operand.Imm((4+10*l0)|(4+10*l1)<<4), s[0], d)
	}, x)
}

// maddLow returns acc plus the low 52 bits of the product of x and y, whose lanes
// count mod 2^52.
func (b *block) maddLow(acc, x, y value) value {
	return b.madd(acc, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPMADD52LUQ(s[1], s[0], d) }, x, y)
}

// maddHigh returns acc plus the bits from 52 on of the product.
func (b *block) maddHigh(acc, x, y value) value {
	return b.madd(acc, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPMADD52HUQ(s[1], s[0], d) }, x, y)
}

// maddLowConst is MaddLow for a 64-bit constant in all lanes.
func (b *block) maddLowConst(acc, x value, m operand.Mem) value {
	return b.madd(acc, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPMADD52LUQ_BCST(m, s[0], d) }, x)
}

// maddHighConst is MaddHigh for a 64-bit constant in all lanes.
func (b *block) maddHighConst(acc, x value, m operand.Mem) value {
	return b.madd(acc, func(d reg.VecPhysical, s []reg.VecPhysical) { b.c.VPMADD52HUQ_BCST(m, s[0], d) }, x)
}

func (b *block) madd(acc value, emit func(reg.VecPhysical, []reg.VecPhysical), srcs ...value) value {
	return b.do(maddKind, acc, func(d reg.VecPhysical, s []reg.VecPhysical) {
		if acc == zero {
			b.c.VPXORQ(d, d, d)
		}
		emit(d, s)
	}, srcs...)
}

// loadFrom returns the vector at m.
func (b *block) loadFrom(m operand.Mem) value {
	return b.do(loadKind, zero, func(d reg.VecPhysical, _ []reg.VecPhysical) { b.c.VMOVDQU64(m, d) })
}

// storeTo stores x to m.
func (b *block) storeTo(x value, m operand.Mem) {
	b.do(storeKind, zero, func(_ reg.VecPhysical, s []reg.VecPhysical) { b.c.VMOVDQU64(s[0], m) }, x)
}
