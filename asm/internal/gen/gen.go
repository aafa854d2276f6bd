// Package gen is what the generators under asm share: it runs avo with this
// module's fixed settings, writes one assembly file per tier, and refuses
// output that breaks a rule which no assembler checks.
//
// A generator is a main package in asm/<primitive> that calls [Main] with one
// [File] per tier. It is run from the folder asm ("go run ./aesgcm") and writes
// next to the stubs of the package it feeds (../aesgcm).
package gen

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/buildtags"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// Module is the import path of the module whose stubs are implemented.
const Module = "github.com/sealane/sealane"

// A File is one assembly file: its name less "_amd64.s", and the function that
// builds the kernels in it.
type File struct {
	Name  string
	Build func(*Ctx)
}

// Main generates the files of package pkg, a path within the module. The flag
// -out names another directory than the package's own.
func Main(pkg string, files ...File) {
	log.SetFlags(0)
	log.SetPrefix("asm/" + pkg + ": ")
	flags := flag.NewFlagSet("asm/"+pkg, flag.ExitOnError) // avo's own is the global set
	out := flags.String("out", filepath.Join("..", filepath.FromSlash(pkg)), "directory to write to")
	flags.Parse(os.Args[1:])
	// The generator runs anywhere; the stubs it reads are the amd64 ones.
	for k, v := range map[string]string{"GOOS": "linux", "GOARCH": "amd64", "GOFLAGS": ""} {
		os.Setenv(k, v)
	}
	for _, f := range files {
		text, err := generate(pkg, f)
		if err != nil {
			log.Fatalf("%s: %v", f.Name, err)
		}
		if err := os.WriteFile(filepath.Join(*out, f.Name+"_amd64.s"), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func generate(pkg string, f File) ([]byte, error) {
	c := &Ctx{Context: build.NewContext(), consts: map[string]bool{}}
	c.Package(Module + "/" + pkg)
	c.Constraints(buildtags.And(buildtags.Not("purego"), buildtags.Term("gc")))
	f.Build(c)
	file, err := c.Result()
	if list, ok := err.(build.ErrorList); ok {
		for _, e := range list {
			log.Print(e)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return nil, err
	}
	for _, fn := range file.Functions() {
		if err := check(fn); err != nil {
			return nil, fmt.Errorf("%s: %w", fn.Name, err)
		}
	}
	cfg := printer.Config{Name: fmt.Sprintf("go run ./%s in asm", pkg), Pkg: filepath.Base(pkg)}
	text, err := printer.NewGoAsm(cfg).Print(file)
	if err != nil {
		return nil, err
	}
	return bytes.TrimLeft(text, "\n"), nil
}

// check asserts what the assembler and avo let pass:
//
//   - a function that touches a YMM or ZMM register executes VZEROUPPER right
//     before every RET, and no legacy SSE instruction on a vector register
//     (the transition costs on Intel, and the upper halves stay dirty);
//   - BP is not a scratch register (golang/go#63508).
func check(fn *ir.Function) error {
	wide := false
	var sse *ir.Instruction
	for _, i := range fn.Instructions() {
		legacy := false
		for _, r := range i.Registers() {
			if isBP(r) {
				return fmt.Errorf("%s uses BP", i.Opcode)
			}
			if isWide(r) {
				wide = true
			}
			legacy = legacy || isXMM(r)
		}
		if legacy && i.Opcode[0] != 'V' {
			sse = i
		}
	}
	if !wide {
		return nil
	}
	if sse != nil {
		return fmt.Errorf("legacy SSE instruction %s in a function with wide vectors", sse.Opcode)
	}
	var last string
	for _, node := range fn.Nodes {
		switch n := node.(type) {
		case *ir.Instruction:
			if n.Opcode == "RET" && last != "VZEROUPPER" {
				return fmt.Errorf("RET after %s, not after VZEROUPPER", last)
			}
			last = n.Opcode
		case ir.Label:
			last = "a label"
		}
	}
	return nil
}
