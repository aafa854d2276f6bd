// Command listing shows on what the branches and addresses of kernels depend
// that valgrind can't run, and holds that against what was reviewed. From the
// root:
//
//	go run ./internal/ct/listing
//	go run ./internal/ct/listing -update
//
// It disassembles the kernels in the packages' test binaries with objdump (GNU
// binutils) and follows the values of general registers and flags backwards: from
// the addresses of all loads and stores, and from the flags of all conditional
// branches, to the instructions that they come from. Those it lists, with
// everything else whose time may depend on operands. The file reviewed.txt holds
// the same list and, behind each line, why no secret is in it. A line that is not
// there, or without a reason, is an error; -update writes the list anew and keeps
// the reasons of lines that stay.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// packages are those whose kernels handle secrets and are not run by grind, at
// least not all of them.
var packages = []string{"internal/modinv", "p256", "x25519"}

// tiers are those that are listed.
var tiers = []string{"ifma"}

const file = "internal/ct/listing/reviewed.txt"

const heading = `Branches and addresses of the kernels that valgrind can't run: on which
instructions they depend, and why those hold no secret. See command listing, which
makes and checks this list; the reasons are written by hand.
`

func main() {
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		fmt.Printf("listing: not on %s/%s\n", runtime.GOOS, runtime.GOARCH)
		return
	}
	update := flag.Bool("update", false, "write the list anew")
	flag.Parse()
	if err := run(*update); err != nil {
		fmt.Fprintln(os.Stderr, "listing:", err)
		os.Exit(1)
	}
}

func run(update bool) error {
	old, err := os.ReadFile(file)
	if err != nil && !update {
		return err
	}
	reasons := parse(string(old))
	var list bytes.Buffer
	list.WriteString(heading)
	missing, functions, lines := 0, 0, 0
	for _, pkg := range packages {
		kernels, err := disassemble(pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", pkg, err)
		}
		for _, k := range kernels {
			functions++
			fmt.Fprintf(&list, "\n%s.%s\n", pkg, k.name)
			found, err := analyze(k.code)
			if err != nil {
				return fmt.Errorf("%s.%s: %w", pkg, k.name, err)
			}
			for _, line := range found {
				lines++
				reason := reasons[pkg+"."+k.name][line]
				if reason == "" {
					missing++
					fmt.Printf("%s.%s: no reason: %s\n", pkg, k.name, line)
				}
				fmt.Fprintf(&list, "\t%-60s # %s\n", line, reason)
			}
		}
	}
	if functions == 0 || lines == 0 {
		return errors.New("no kernels")
	}
	if update {
		return os.WriteFile(file, list.Bytes(), 0o666)
	}
	if missing > 0 {
		return fmt.Errorf("%d lines are not reviewed", missing)
	}
	if !bytes.Equal(list.Bytes(), old) {
		return errors.New(file + " holds lines that are gone: go run ./internal/ct/listing -update")
	}
	fmt.Printf("%d kernels, %d lines reviewed\n", functions, lines)
	return nil
}

// parse returns the reasons in a list, by function and line.
func parse(list string) map[string]map[string]string {
	reasons := map[string]map[string]string{}
	var lines map[string]string
	for text := range strings.Lines(list) {
		text = strings.TrimRight(text, "\n")
		if line, ok := strings.CutPrefix(text, "\t"); ok && lines != nil {
			line, reason, _ := strings.Cut(line, "# ")
			lines[strings.TrimSpace(line)] = strings.TrimSpace(reason)
		} else if text != "" && !strings.Contains(text, " ") {
			lines = map[string]string{}
			reasons[text] = lines
		}
	}
	return reasons
}

// A kernel is a function and its instructions.
type kernel struct {
	name string
	code []instruction
}

// function is the beginning of an assembly function; of package ones the symbol
// has the package's path in front and .abi0 behind.
var function = regexp.MustCompile(`(?m)^TEXT ·(\w+)\(SB\)`)

// disassemble returns the kernels of a package that are listed.
func disassemble(pkg string) ([]kernel, error) {
	tmp, err := os.MkdirTemp("", "listing")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	exe := filepath.Join(tmp, "test")
	if out, err := exec.Command("go", "test", "-c", "-o", exe, "./"+pkg).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	module, err := exec.Command("go", "list", ".").Output()
	if err != nil {
		return nil, err
	}
	var kernels []kernel
	for _, tier := range tiers {
		files, err := filepath.Glob(pkg + "/*_" + tier + "_amd64.s")
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			for _, m := range function.FindAllSubmatch(text, -1) {
				name := string(m[1])
				if strings.Contains(name, "VarTime") {
					continue
				}
				symbol := strings.TrimSpace(string(module)) + "/" + pkg + "." + name + ".abi0"
				out, err := exec.Command("objdump", "-d", "--no-show-raw-insn", "--disassemble="+symbol, exe).Output()
				if err != nil {
					return nil, fmt.Errorf("objdump: %w", err)
				}
				code := decode(string(out))
				if len(code) == 0 {
					return nil, fmt.Errorf("%s is not in the test binary", name)
				}
				kernels = append(kernels, kernel{name, code})
			}
		}
	}
	slices.SortFunc(kernels, func(a, b kernel) int { return strings.Compare(a.name, b.name) })
	return kernels, nil
}
