package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A Block is a run of vector instructions without branches that is written in the
// order of the computation and on as many variables as it has values. Emit puts
// the instructions into an order that a core with several vector units finishes
// early, and the variables into registers.
//
// A core takes the oldest of the instructions that are ready, so it matters which
// comes first when more are ready than can start. Emit imitates a core that starts
// those first that the longest chain of latencies hangs on, and writes them in the
// order in which it does.
//
// A Block knows nothing of memory that it writes itself: it may load what does not
// change in it, and store over what it loads if what it stores depends on all of that.
// It does know of mask registers, which are what they are: no variables.
type Block struct {
	c     *Ctx
	width Width
	free  []int // registers
	vars  *reg.Collection
	ops   []*blockOp
	pins  map[reg.ID]int    // the registers of the variables that are alive at the start or at the end
	ends  []reg.ID          // those at the end
	loop  map[reg.ID]reg.ID // for those, if the block is a loop, the ones that they become at the start
}

// A blockOp is an instruction of a block.
type blockOp struct {
	*ir.Instruction
	reads, writes []reg.ID // variables, and masks
	glued         bool     // goes right before the first that uses its result: see Do
	next          []edge
	waits         int // for how many others that have not started
	height        int // cycles from its start to the end of the longest chain that it starts
	ready         int // the first cycle at which it may start
	index         int // as written
}

// An edge leads to an instruction that must start so many cycles later at least.
type edge struct {
	to     *blockOp
	cycles int
}

// NewBlock starts a block on vectors of the given width. Its variables share the
// registers free; it may read others, and writes no others.
func (c *Ctx) NewBlock(w Width, free []int) *Block {
	return &Block{
		c: c, width: w, free: free,
		vars: reg.NewCollection(), pins: map[reg.ID]int{}, loop: map[reg.ID]reg.ID{},
	}
}

// Var returns a new variable.
func (b *Block) Var() reg.VecVirtual {
	switch b.width {
	case 128:
		return b.vars.XMM()
	case 256:
		return b.vars.YMM()
	}
	return b.vars.ZMM()
}

// In returns a variable that is in register r when the block starts.
func (b *Block) In(r int) reg.VecVirtual {
	v := b.Var()
	b.pins[v.ID()] = r
	return v
}

// Out has variable v, which is not of In, in register r when the block ends.
func (b *Block) Out(v reg.VecVirtual, r int) {
	b.pins[v.ID()] = r
	b.ends = append(b.ends, v.ID())
}

// Loop tells that the block is the body of a loop, and that variable end becomes
// start, which is of In, in its next turn.
func (b *Block) Loop(start, end reg.VecVirtual) {
	b.Out(end, b.pins[start.ID()])
	b.loop[end.ID()] = start.ID()
}

// Do appends an instruction that one of avo's constructors made. Zeros and loads
// take no vector unit: they go right before the first that uses them, and take
// their register no earlier.
func (b *Block) Do(i *ir.Instruction, err error) {
	if err != nil {
		panic(err)
	}
	// What avo does not know: that a register is zeroed, and that a blend leaves
	// nothing of what was there.
	if i.Opcode == "VPXORQ" && len(i.Operands) == 3 && i.Operands[0] == i.Operands[1] {
		i.CancellingInputs = true
	}
	if strings.HasPrefix(i.Opcode, "VPBLENDM") {
		i.Inputs = i.Operands[:len(i.Operands)-1]
	}
	op := &blockOp{Instruction: i, index: len(b.ops)}
	for _, r := range i.InputRegisters() {
		if isXMM(r) && r.ID().IsVirtual() || r.Kind() == reg.KindOpmask {
			op.reads = append(op.reads, r.ID())
		}
	}
	for _, r := range i.OutputRegisters() {
		if isXMM(r) && !r.ID().IsVirtual() {
			panic("gen: the block writes " + r.Asm())
		}
		if isXMM(r) || r.Kind() == reg.KindOpmask {
			op.writes = append(op.writes, r.ID())
		}
	}
	op.glued = len(op.reads) == 0 && len(op.writes) == 1 && (i.CancellingInputs || strings.HasPrefix(i.Opcode, "VMOVDQ"))
	b.ops = append(b.ops, op)
}

// vars returns the variables that op reads or writes, each once.
func (op *blockOp) vars() []reg.ID {
	ids := append(slices.Clone(op.reads), op.writes...)
	ids = slices.DeleteFunc(ids, reg.ID.IsPhysical)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// The core that is imitated: how many vector instructions it starts in a cycle,
// and how many of them on one kind of unit; and the latencies (all measured on
// Zen 5, where they are the same for all widths but for one cycle more of
// permutations of 512 bits). With 3 or 8 to a cycle the order is another, and on
// Zen 5 no slower or faster.
const (
	issueAll  = 4
	issueKind = 2
)

// unit returns the kind of unit, "" for all of them, and the latency.
func (op *blockOp) unit() (string, int) {
	switch o := op.Opcode; {
	case op.glued:
		return "", 0
	case strings.HasPrefix(o, "VPMADD52"):
		return "multiply", 4
	case o == "VPMULLQ":
		return "multiply", 3
	case o == "VPERMQ", o == "VPBROADCASTQ":
		return "permute", 4
	case strings.HasPrefix(o, "VPCMP"), strings.HasPrefix(o, "VPTEST"):
		return "compare", 4
	case strings.HasPrefix(o, "VPSHUF"):
		return "permute", 2
	case strings.HasPrefix(o, "VPSRL"), strings.HasPrefix(o, "VPSLL"):
		return "shift", 2
	}
	return "", 2
}

// link finds what each instruction waits for: values, and the uses of a variable's
// former value when it writes another to it.
func (b *Block) link() {
	writer := map[reg.ID]*blockOp{}
	readers := map[reg.ID][]*blockOp{}
	edgeTo := func(from, to *blockOp, cycles int) {
		if from != nil && from != to {
			from.next = append(from.next, edge{to, cycles})
			to.waits++
		}
	}
	for _, op := range b.ops {
		for _, id := range op.reads {
			w := writer[id]
			if w != nil {
				_, cycles := w.unit()
				edgeTo(w, op, cycles)
			} else if _, ok := b.pins[id]; !ok && id.IsVirtual() {
				panic(fmt.Sprintf("gen: instruction %d of the block, %s, reads a variable before it is set", op.index, op.Opcode))
			}
			readers[id] = append(readers[id], op)
		}
		for _, id := range op.writes {
			for _, r := range readers[id] {
				edgeTo(r, op, 0)
			}
			edgeTo(writer[id], op, 0)
			writer[id], readers[id] = op, nil
		}
	}
	// In a loop more hangs on the end of a turn: the next turn. It shows after the
	// first pass for which of its inputs that waits longest.
	after := map[reg.ID]int{} // cycles from an input to the end of the next turn
	for range 3 {
		for _, op := range slices.Backward(b.ops) {
			_, cycles := op.unit()
			op.height = cycles
			for _, e := range op.next {
				op.height = max(op.height, e.cycles+e.to.height)
			}
			for _, id := range op.writes {
				if start, ok := b.loop[id]; ok && writer[id] == op {
					op.height = max(op.height, cycles+after[start])
				}
			}
		}
		shortest := -1
		for _, start := range b.loop {
			after[start] = 0
			for _, op := range b.ops {
				if slices.Contains(op.reads, start) {
					after[start] = max(after[start], op.height)
				}
			}
			if shortest < 0 || after[start] < shortest {
				shortest = after[start]
			}
		}
		for start := range after {
			after[start] -= shortest
		}
	}
}

// order returns the instructions in the order in which the imitated core starts
// them, and the number of cycles until the last has started.
func (b *Block) order() ([]*blockOp, int) {
	b.link()
	var out, ready []*blockOp
	glued := map[reg.ID]*blockOp{} // by what they write, until it is used
	var free func(op *blockOp, cycle int)
	enlist := func(op *blockOp) {
		if op.glued {
			glued[op.writes[0]] = op
			free(op, 0)
		} else {
			ready = append(ready, op)
		}
	}
	free = func(op *blockOp, cycle int) {
		for _, e := range op.next {
			e.to.ready = max(e.to.ready, cycle+e.cycles)
			if e.to.waits--; e.to.waits == 0 {
				enlist(e.to)
			}
		}
	}
	for _, op := range b.ops {
		if op.waits == 0 {
			enlist(op)
		}
	}
	cycle := 0
	for ; len(ready) > 0; cycle++ {
		busy := map[string]int{}
		for range issueAll {
			var best *blockOp
			for _, op := range ready {
				if kind, _ := op.unit(); op.ready > cycle || kind != "" && busy[kind] == issueKind {
					continue
				}
				if best == nil || op.height > best.height || op.height == best.height && op.index < best.index {
					best = op
				}
			}
			if best == nil {
				break
			}
			kind, _ := best.unit()
			busy[kind]++
			ready = slices.DeleteFunc(ready, func(op *blockOp) bool { return op == best })
			for _, id := range best.vars() {
				if g := glued[id]; g != nil {
					delete(glued, id)
					out = append(out, g)
				}
			}
			out = append(out, best)
			free(best, cycle)
		}
	}
	if len(out) != len(b.ops) {
		panic("gen: the block sets a variable that it does not use")
	}
	return out, cycle
}

// Emit appends the block to the function. It returns the number of cycles in which
// the imitated core starts it, and panics if the registers do not suffice.
func (b *Block) Emit() int {
	ops, cycles := b.order()
	where := b.allocate(ops)
	for _, op := range ops {
		for _, list := range [][]operand.Op{op.Operands, op.Inputs, op.Outputs} {
			for i, o := range list {
				if r, ok := o.(reg.Register); ok && isXMM(r) && r.ID().IsVirtual() {
					list[i] = b.width.Reg(where[r.ID()])
				}
			}
		}
		b.c.Instruction(op.Instruction)
	}
	return cycles
}

// allocate gives each variable a register from its first use to its last.
func (b *Block) allocate(ops []*blockOp) map[reg.ID]int {
	first, last := map[reg.ID]int{}, map[reg.ID]int{}
	var ids []reg.ID
	for i, op := range ops {
		for _, id := range op.vars() {
			if _, ok := first[id]; !ok {
				first[id] = i
				ids = append(ids, id)
			}
			last[id] = i
		}
	}
	for id := range b.pins {
		if slices.Contains(b.ends, id) {
			last[id] = len(ops)
		} else {
			first[id] = -1
		}
	}
	where := map[reg.ID]int{}
	taken := map[int][]reg.ID{}
	take := func(id reg.ID, r int) bool {
		for _, other := range taken[r] {
			// One may start in the instruction that reads the other for the last time.
			if first[id] < last[other] && first[other] < last[id] {
				return false
			}
		}
		taken[r] = append(taken[r], id)
		where[id] = r
		return true
	}
	for id, r := range b.pins {
		if !take(id, r) {
			panic(fmt.Sprintf("gen: the block's end wants register %d before its start has done with it", r))
		}
	}
	for _, id := range ids {
		if _, ok := b.pins[id]; !ok && !slices.ContainsFunc(b.free, func(r int) bool { return take(id, r) }) {
			most := 0
			for i := range ops {
				n := 0
				for _, id := range ids {
					if first[id] <= i && i < last[id] {
						n++
					}
				}
				most = max(most, n)
			}
			panic(fmt.Sprintf("gen: the block has %d values at a time, for %d registers", most, len(b.free)))
		}
	}
	return where
}
