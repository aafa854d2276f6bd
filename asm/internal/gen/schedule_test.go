package gen

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

// A machine that computes with names: the value of an instruction is a hash of
// its opcode and of what it reads.
type machine map[string]uint64

func (m machine) run(i *ir.Instruction) {
	h := fnv.New64()
	fmt.Fprint(h, i.Opcode)
	for _, op := range i.Operands[:len(i.Operands)-1] {
		if r, ok := op.(reg.Register); ok {
			if i.CancellingInputs {
				continue
			}
			fmt.Fprint(h, m[r.Asm()])
		} else {
			fmt.Fprint(h, op.Asm())
		}
	}
	dst := i.Operands[len(i.Operands)-1].Asm()
	if i.Opcode == "VPMADD52LUQ" {
		fmt.Fprint(h, m[dst])
	}
	m[dst] = h.Sum64()
}

// Random blocks compute in their new order, in registers, what they compute as
// written, in variables.
func TestBlock(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 50 {
		c := &Ctx{Context: build.NewContext()}
		c.Function("f")
		c.SignatureExpr("func()")
		b := c.NewBlock(256, []int{4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
		want, got := machine{}, machine{}
		var vars []reg.VecVirtual
		for i := range 4 {
			v := b.In(4 + i)
			want[v.Asm()], got[Width(256).Reg(4+i).Asm()] = uint64(i), uint64(i)
			vars = append(vars, v)
		}
		var written []*ir.Instruction
		do := func(i *ir.Instruction, err error) {
			b.Do(i, err)
			written = append(written, i)
		}
		for range 100 {
			k, v, w := r.IntN(len(vars)), vars[r.IntN(len(vars))], b.Var()
			switch r.IntN(6) {
			case 0:
				do(x86.VPXORQ(w, w, w))
				do(x86.VPMADD52LUQ(v, vars[k], w))
			case 1:
				do(x86.VPMADD52LUQ(v, v, vars[k]))
				continue
			case 2:
				do(x86.VMOVDQU64(operand.Mem{Base: reg.RSI}, w))
				do(x86.VPADDQ(w, v, vars[k]))
				continue
			case 3:
				do(x86.VPSRLQ(operand.Imm(uint64(n)), v, w))
			case 4:
				do(x86.VPERMQ(v, vars[k], w))
			case 5:
				do(x86.VPADDQ(v, reg.Y1, vars[k]))
				continue
			}
			vars[k] = w
		}
		var ends []reg.VecVirtual
		for i, v := range vars {
			end := b.Var()
			do(x86.VPSLLQ(operand.Imm(1), v, end))
			if n%2 == 0 {
				b.Out(end, 8+i)
			} else {
				b.Out(end, 11-i)
			}
			ends = append(ends, end)
		}
		for _, i := range written {
			want.run(i)
		}
		b.Emit()
		file, err := c.Result()
		if err != nil {
			t.Fatal(err)
		}
		emitted := file.Functions()[0].Instructions()
		if len(emitted) != len(written) {
			t.Fatalf("%d instructions of %d", len(emitted), len(written))
		}
		for _, i := range emitted {
			got.run(i)
		}
		for i, v := range ends {
			at := 8 + i
			if n%2 == 1 {
				at = 11 - i
			}
			if g, w := got[Width(256).Reg(at).Asm()], want[v.Asm()]; g != w {
				t.Fatalf("block %d, result %d: %x, want %x", n, i, g, w)
			}
		}
	}
}

// Multiply-adds, of which two start in a cycle, hide behind one another; a block that
// needs more registers than there are is refused.
func TestBlockCycles(t *testing.T) {
	newBlock := func(n, regs int) *Block {
		c := &Ctx{Context: build.NewContext()}
		c.Function("f")
		c.SignatureExpr("func()")
		var free []int
		for i := range regs {
			free = append(free, i)
		}
		b := c.NewBlock(512, free)
		sums := make([]reg.VecVirtual, n)
		for i := range sums {
			sums[i] = b.Var()
			b.Do(x86.VPXORQ(sums[i], sums[i], sums[i]))
		}
		for range 5 {
			for _, s := range sums {
				b.Do(x86.VPMADD52LUQ(reg.Z30, reg.Z31, s))
			}
		}
		for _, s := range sums {
			b.Do(x86.VMOVDQU64(s, operand.Mem{Base: reg.RDI}))
		}
		return b
	}
	for sums, want := range map[int]int{1: 5*4 + 1, 8: 5*4 + 2 + 2, 16: 5*8 + 4} {
		if got := newBlock(sums, 16).Emit(); got > want || got < want-3 {
			t.Errorf("%d sums: %d cycles, want about %d", sums, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("16 values fit into 15 registers")
		}
	}()
	newBlock(16, 15).Emit()
}
