package gen

import (
	"fmt"
	"slices"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Ctx is an avo build context with what this module's kernels need on top.
type Ctx struct {
	*build.Context
	consts map[string]bool
	labels int
}

// Kernel starts the function name, whose signature is the stub's in the
// package.
func (c *Ctx) Kernel(name string) {
	c.Implement(name)
	c.Attributes(attr.NOSPLIT)
}

// Align pads with no-ops so that the next instruction starts at a multiple of
// n bytes; it goes before the label of a loop. Avo has no constructor for it.
func (c *Ctx) Align(n uint64) {
	c.Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []operand.Op{operand.Imm(n)}})
}

// NewLabel returns a label name that is unique within the file.
func (c *Ctx) NewLabel(stem string) string {
	c.labels++
	return fmt.Sprintf("%s_%d", stem, c.labels)
}

// Bytes returns the read-only data section of the given name and makes it on
// first use. The linker aligns it to 32 bytes at most: load 64 bytes of it with
// an unaligned move, or broadcast 16.
func (c *Ctx) Bytes(name string, data []byte) operand.Mem {
	if !c.consts[name] {
		c.consts[name] = true
		c.StaticGlobal(name)
		c.DataAttributes(attr.RODATA | attr.NOPTR)
		for len(data) >= 8 {
			var v uint64
			for i := range 8 {
				v |= uint64(data[i]) << (8 * i)
			}
			c.AppendDatum(operand.U64(v))
			data = data[8:]
		}
		for _, b := range data {
			c.AppendDatum(operand.U8(b))
		}
	}
	return operand.Mem{Symbol: operand.Symbol{Name: name, Static: true}, Base: reg.StaticBase}
}

// Words64 is Bytes for little-endian 64-bit words.
func (c *Ctx) Words64(name string, words ...uint64) operand.Mem {
	data := make([]byte, 0, 8*len(words))
	for _, w := range words {
		for i := range 8 {
			data = append(data, byte(w>>(8*i)))
		}
	}
	return c.Bytes(name, data)
}

// Words32 is Bytes for little-endian 32-bit words.
func (c *Ctx) Words32(name string, words ...uint32) operand.Mem {
	data := make([]byte, 0, 4*len(words))
	for _, w := range words {
		for i := range 4 {
			data = append(data, byte(w>>(8*i)))
		}
	}
	return c.Bytes(name, data)
}

// Width is the width of a vector in bits: 128, 256 or 512. Generators take it
// as a parameter, so that one text serves several tiers.
type Width int

// Bytes returns the width in bytes.
func (w Width) Bytes() int { return int(w) / 8 }

// Lanes returns the number of 128-bit lanes.
func (w Width) Lanes() int { return int(w) / 128 }

var (
	xmm = [32]reg.VecPhysical{
		reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7,
		reg.X8, reg.X9, reg.X10, reg.X11, reg.X12, reg.X13, reg.X14, reg.X15,
		reg.X16, reg.X17, reg.X18, reg.X19, reg.X20, reg.X21, reg.X22, reg.X23,
		reg.X24, reg.X25, reg.X26, reg.X27, reg.X28, reg.X29, reg.X30, reg.X31,
	}
)

// Reg returns vector register i (0 to 31) of the width.
func (w Width) Reg(i int) reg.VecPhysical {
	switch w {
	case 128:
		return xmm[i]
	case 256:
		return xmm[i].AsY().(reg.VecPhysical)
	case 512:
		return xmm[i].AsZ().(reg.VecPhysical)
	}
	panic(fmt.Sprintf("gen: no vectors of %d bits", w))
}

// A Pool hands out physical vector registers by meaning. It panics when a name
// is taken twice, when a register is given back that is not taken, and when
// none is left: never one name for two meanings. Virtual registers of avo may
// be used instead where the pressure is low; the two must not be mixed in one
// function.
type Pool struct {
	width Width
	free  []int
	taken map[int]string
}

// NewPool returns a pool of the first n registers (16 without AVX-512, 32 with).
func NewPool(w Width, n int) *Pool {
	p := &Pool{width: w, taken: map[int]string{}}
	for i := range n {
		p.free = append(p.free, i)
	}
	return p
}

// Take returns a free register that means name from now on.
func (p *Pool) Take(name string) reg.VecPhysical {
	for _, other := range p.taken {
		if other == name {
			panic("gen: register name taken twice: " + name)
		}
	}
	if len(p.free) == 0 {
		panic(fmt.Sprintf("gen: no register left for %s: %v", name, p.taken))
	}
	i := p.free[0]
	p.free = p.free[1:]
	p.taken[i] = name
	return p.width.Reg(i)
}

// TakeN returns n registers, name0 to name(n-1).
func (p *Pool) TakeN(name string, n int) []reg.VecPhysical {
	rs := make([]reg.VecPhysical, n)
	for i := range rs {
		rs[i] = p.Take(fmt.Sprint(name, i))
	}
	return rs
}

// TakeThese takes given registers, which are free; names are as by TakeN.
func (p *Pool) TakeThese(name string, rs ...reg.VecPhysical) {
	for i, r := range rs {
		at := slices.Index(p.free, int(r.PhysicalIndex()))
		if at < 0 {
			panic("gen: register is not free: " + r.Asm())
		}
		p.free = slices.Delete(p.free, at, at+1)
		p.taken[int(r.PhysicalIndex())] = fmt.Sprint(name, i)
	}
}

// Give returns registers to the pool.
func (p *Pool) Give(rs ...reg.VecPhysical) {
	for _, r := range rs {
		i := int(r.PhysicalIndex())
		if _, ok := p.taken[i]; !ok {
			panic("gen: register given back that was not taken: " + r.Asm())
		}
		delete(p.taken, i)
		p.free = append(p.free, i)
	}
}

func isXMM(r reg.Register) bool { return r.Kind() == reg.KindVector }

func isWide(r reg.Register) bool { return r.Kind() == reg.KindVector && r.Size() > 16 }

func isBP(r reg.Register) bool {
	p, ok := r.(reg.Physical)
	return ok && r.Kind() == reg.KindGP && p.Info()&reg.BasePointer != 0
}
