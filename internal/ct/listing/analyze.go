package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An instruction is one as objdump writes it (AT&T syntax: the destination is
// the last operand).
type instruction struct {
	addr     uint64
	op       string
	operands []string
	text     string // without what changes when code moves
}

var (
	codeLine = regexp.MustCompile(`^\s*([0-9a-f]+):\t(.*)$`)
	symbol   = regexp.MustCompile(`<([^>+]*)[^>]*>`)
	operand  = regexp.MustCompile(`[^,(]*\([^)]*\)(\{[^}]*\})*|[^,]+`)
)

// decode reads the output of objdump.
func decode(out string) (code []instruction) {
	for line := range strings.Lines(out) {
		m := codeLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		addr, err := strconv.ParseUint(m[1], 16, 64)
		if err != nil {
			continue
		}
		text, comment, _ := strings.Cut(m[2], "#")
		fields := strings.Fields(text)
		for len(fields) > 1 && slices.Contains([]string{"lock", "rep", "repz", "repnz", "data16", "cs", "notrack"}, fields[0]) {
			fields = fields[1:]
		}
		if len(fields) == 0 {
			continue
		}
		in := instruction{addr: addr, op: fields[0]}
		rest := strings.Join(fields[1:], " ")
		for _, o := range operand.FindAllString(rest, -1) {
			in.operands = append(in.operands, strings.TrimSpace(o))
		}
		shown := slices.Clone(in.operands)
		for i, o := range shown {
			if strings.Contains(o, "(%rip)") { // by name instead of distance
				if s := symbol.FindStringSubmatch(comment); s != nil {
					shown[i] = s[1] + "(%rip)"
				}
			}
		}
		if strings.HasPrefix(in.op, "j") || in.op == "call" {
			shown = nil
			if strings.HasPrefix(rest, "*") {
				shown = in.operands
			}
		}
		in.text = strings.TrimSpace(in.op + " " + strings.Join(shown, ","))
		code = append(code, in)
	}
	nameArguments(code)
	return code
}

var stackOffset = regexp.MustCompile(`(-?)0x([0-9a-f]+)\(%rsp\)`)

// nameArguments writes "args+8" for the second word of the arguments (ABI0: they
// lie above the frame and the address to return to) and "-frame" for what the
// prologue compares with the end of the stack.
func nameArguments(code []instruction) {
	frame := uint64(8) // the address to return to
	for _, in := range code {
		switch {
		case is(in.op, "push*"):
			frame += 8
		case is(in.op, "sub*") && len(in.operands) == 2 && in.operands[1] == "%rsp":
			if n, err := strconv.ParseUint(strings.TrimPrefix(in.operands[0], "$0x"), 16, 64); err == nil {
				frame += n
			}
		}
	}
	for i := range code {
		code[i].text = stackOffset.ReplaceAllStringFunc(code[i].text, func(o string) string {
			m := stackOffset.FindStringSubmatch(o)
			n, err := strconv.ParseUint(m[2], 16, 64)
			switch {
			case err != nil:
			case m[1] == "-":
				return "-frame(%rsp)"
			case n >= frame:
				return fmt.Sprintf("args+%d", n-frame)
			}
			return o
		})
	}
}

// Values that instructions define and use: the general registers by their names
// of 64 bits, words of the frame as they are written, and the flags.
const flags = "flags"

// slot is a word of the frame.
var slot = regexp.MustCompile(`^0x[0-9a-f]+\(%rsp\)$|^\(%rsp\)$`)

// width are the names of the registers, by those of all widths.
var width = func() map[string]string {
	names := map[string]string{}
	for _, r := range []string{"ax", "bx", "cx", "dx"} {
		for _, n := range []string{"r" + r, "e" + r, r, r[:1] + "l", r[:1] + "h"} {
			names[n] = "r" + r
		}
	}
	for _, r := range []string{"si", "di", "bp", "sp"} {
		for _, n := range []string{"r" + r, "e" + r, r, r + "l"} {
			names[n] = "r" + r
		}
	}
	for i := 8; i < 16; i++ {
		r := fmt.Sprintf("r%d", i)
		for _, n := range []string{r, r + "d", r + "w", r + "b"} {
			names[n] = r
		}
	}
	return names
}()

var registerName = regexp.MustCompile(`%([a-z0-9]+)`)

// registers returns the general registers in an operand.
func registers(operand string) (rs []string) {
	for _, m := range registerName.FindAllStringSubmatch(operand, -1) {
		if r, ok := width[m[1]]; ok {
			rs = append(rs, r)
		}
	}
	return rs
}

func isMemory(operand string) bool {
	return strings.Contains(operand, "(") || strings.HasPrefix(operand, "%fs:") || strings.HasPrefix(operand, "0x")
}

// is reports whether an operation is one of the words, or begins with one that
// ends in a star.
func is(op string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		if p, ok := strings.CutSuffix(w, "*"); ok {
			return strings.HasPrefix(op, p)
		}
		return op == w
	})
}

// conditional reports whether an instruction is a conditional branch.
func (in *instruction) conditional() bool { return is(in.op, "j*", "loop*") && !is(in.op, "jmp*") }

// setsFlags tells whether an instruction writes flags, and whether all of them.
func (in *instruction) setsFlags() (some, all bool) {
	switch {
	case is(in.op, "adcx", "adox"):
		return true, false
	case is(in.op, "ptest", "vptest", "vtest*", "comis*", "ucomis*", "vcomis*", "vucomis*", "kortest*", "ktest*"):
		return true, true
	case is(in.op, "v*", "k*", "mov*", "lea*", "mulx*", "rorx*", "sarx*", "shlx*", "shrx*", "not*", "cmov*", "set*",
		"push*", "pop", "popq", "nop*", "bswap*", "xchg*", "j*", "loop*", "call*", "ret*", "pdep*", "pext*", "prefetch*", "data16*"):
		return false, false
	}
	return true, true
}

// usesFlags reports whether the result depends on flags.
func (in *instruction) usesFlags() bool {
	return in.conditional() || is(in.op, "adc*", "sbb*", "adox*", "cmov*", "set*", "rcl*", "rcr*")
}

// definesUses returns the registers that an instruction writes and those that
// what it writes depends on. Of loads these are not the registers of the address,
// which are looked at by themselves.
func (in *instruction) definesUses() (defines, uses []string) {
	if some, _ := in.setsFlags(); some {
		defines = append(defines, flags)
	}
	if in.usesFlags() {
		uses = append(uses, flags)
	}
	n := len(in.operands)
	for i, o := range in.operands {
		named := registers
		if isMemory(o) {
			if !slot.MatchString(o) {
				continue
			}
			named = func(o string) []string { return []string{o} }
		}
		last := i == n-1
		writes := last && !is(in.op, "cmp*", "test*", "bt", "btq", "btl", "push*", "j*", "call*", "vptest", "ktest*", "kortest*")
		pure := is(in.op, "mov*", "lea*", "v*", "kmov*", "mulx*", "rorx*", "sarx*", "shlx*", "shrx*", "set*", "pop*", "bextr*", "andn*", "lzcnt*", "tzcnt*", "popcnt*")
		switch {
		case is(in.op, "mulx*") && i >= n-2:
			defines = append(defines, named(o)...)
		case is(in.op, "xchg*"):
			defines = append(defines, named(o)...)
			uses = append(uses, named(o)...)
		case writes:
			defines = append(defines, named(o)...)
			if !pure {
				uses = append(uses, named(o)...)
			}
		default:
			uses = append(uses, named(o)...)
		}
	}
	switch {
	case is(in.op, "dec*", "inc*", "neg*", "not*") && n == 1 && isMemory(in.operands[0]) && slot.MatchString(in.operands[0]):
		uses = append(uses, in.operands[0])
	case is(in.op, "lea*"): // an address that is computed, not accessed
		uses = append(uses, registers(in.operands[0])...)
	case is(in.op, "mulx*"):
		uses = append(uses, "rdx")
	case is(in.op, "mul", "mulq", "imulq") && n == 1, is(in.op, "div*", "idiv*"):
		defines = append(defines, "rax", "rdx")
		uses = append(uses, "rax", "rdx")
	case is(in.op, "xor*", "sub*") && n == 2 && in.operands[0] == in.operands[1]: // zero
		uses = nil
	case is(in.op, "loop*"):
		uses = append(uses, "rcx")
	}
	return defines, uses
}

// address returns the registers of the address that an instruction accesses.
func (in *instruction) address() (rs []string) {
	if is(in.op, "lea*", "nop*") {
		return nil
	}
	for _, o := range in.operands {
		if isMemory(o) {
			rs = append(rs, registers(o)...)
		}
	}
	return rs
}

// timed reports whether the time that an instruction takes depends on operands,
// or whether it is not known what it does.
func (in *instruction) timed() bool {
	return is(in.op, "div*", "idiv*", "vpgather*", "vgather*", "vpscatter*", "vscatter*", "pdep*", "pext*", "vpcompress*", "vpexpand*", "vdiv*", "vsqrt*",
		"rep*", "scas*", "cmps*", "lods*", "stos*", "movs", "movsq", "movsb", "bsf*", "bsr*") ||
		strings.Contains(in.text, "(bad)") || is(in.op, "jmp", "call", "jmpq", "callq") && strings.Contains(in.text, "*")
}

// analyze returns the lines of a kernel: what is timed, and the instructions that
// branches and addresses depend on, each once and in order.
func analyze(code []instruction) ([]string, error) {
	at := map[uint64]int{}
	for i, in := range code {
		at[in.addr] = i
	}
	// before[i] are the instructions before i.
	before := make([][]int, len(code))
	for i, in := range code {
		next := i + 1
		if is(in.op, "j*", "loop*") {
			target, err := strconv.ParseUint(strings.TrimPrefix(strings.Fields(strings.Join(in.operands, " ") + " ?")[0], "0x"), 16, 64)
			to, ok := at[target]
			if err != nil || !ok {
				return nil, fmt.Errorf("%s leads out of the function", in.text)
			}
			before[to] = append(before[to], i)
		}
		if !is(in.op, "jmp*", "ret*", "ud2", "int3") && next < len(code) {
			before[next] = append(before[next], i)
		}
	}

	kinds := make([]string, len(code))
	mark := func(i int, kind string) {
		if !strings.Contains(kinds[i], kind) {
			kinds[i] = strings.TrimSpace(kinds[i] + " " + kind)
		}
	}
	// follow marks the instructions that may have defined r before instruction i,
	// and what they depend on.
	type query struct {
		i    int
		r    string
		kind string
	}
	done := map[query]bool{}
	var todo []query
	follow := func(i int, rs []string, kind string) {
		for _, r := range rs {
			for _, b := range before[i] {
				todo = append(todo, query{b, r, kind})
			}
		}
	}
	for i := range code {
		in := &code[i]
		if in.timed() {
			mark(i, "TIMED")
		}
		if in.conditional() {
			mark(i, "branch")
			_, uses := in.definesUses()
			follow(i, uses, "branch")
		}
		follow(i, in.address(), "address")
		if slices.ContainsFunc(in.operands, func(o string) bool { return isMemory(o) && len(registers(o)) > 1 }) && !is(in.op, "lea*", "nop*") {
			mark(i, "index")
		}
	}
	for len(todo) > 0 {
		q := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if q.r == "rsp" || done[q] {
			continue // the frame is checked by the assembler
		}
		done[q] = true
		in := &code[q.i]
		defines, uses := in.definesUses()
		_, all := in.setsFlags()
		if slices.Contains(defines, q.r) {
			mark(q.i, q.kind)
			follow(q.i, uses, q.kind)
			if q.r != flags || all {
				continue
			}
		}
		follow(q.i, []string{q.r}, q.kind)
	}

	var lines []string
	for i, in := range code {
		if line := kinds[i] + ": " + in.text; kinds[i] != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
