// Command grind runs what package ct describes under valgrind, and fails if it reports a branch or an address that depends on a secret, or
// does not report those that package ct plants. From the root:
//
//	go run ./internal/ct/grind
package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// packages have a TestMain with the tag, which runs a function called secrets.
var packages = []string{"internal/modinv", "x25519", "p256"}

// allowed are functions that may branch on what they computed from secrets, and
// why.
var allowed = map[string]string{
	"p256.(*PrivateKey).ecdh":   "whether the product is the point at infinity, which it never is",
	"p256.(*PrivateKey).sign":   "whether a candidate for a nonce is in range, or r or s zero: then another is taken",
	"x25519.(*PrivateKey).ecdh": "whether the shared secret is zero, which the error tells",
}

func main() {
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		fmt.Printf("grind: not on %s/%s\n", runtime.GOOS, runtime.GOARCH)
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "grind:", err)
		os.Exit(1)
	}
}

func run() error {
	module, err := exec.Command("go", "list", ".").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	tmp, err := os.MkdirTemp("", "grind")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	failed := false
	for _, pkg := range packages {
		start := time.Now()
		leaks, err := check(tmp, strings.TrimSpace(string(module)), pkg)
		for _, leak := range leaks {
			fmt.Printf("%s: %s\n", pkg, leak)
		}
		if err != nil {
			fmt.Printf("%s: %v\n", pkg, err)
		}
		failed = failed || len(leaks) > 0 || err != nil
		fmt.Printf("%-16s %d leaks (%.1f s)\n", pkg, len(leaks), time.Since(start).Seconds())
	}
	if failed {
		return errors.New("something depends on a secret, or valgrind does not see it")
	}
	return nil
}

// runs is how often valgrind runs the tests of a package. It does not always know
// which memory is a stack: what it reports only sometimes is no leak, and when
// our code seems to use memory that is not there, it has lost track of secrets.
const runs = 5

// check returns the leaks of a package that every run shows, and an error if no
// run can be trusted.
func check(tmp, module, pkg string) (leaks []string, err error) {
	exe := filepath.Join(tmp, "test")
	cmd := exec.Command("go", "test", "-tags", "valgrind", "-c", "-o", exe, "./"+pkg)
	cmd.Env = append(os.Environ(), "GOEXPERIMENT=nodwarf5") // valgrind 3.19 can't read DWARF 5
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	trusted, lost := false, ""
	for range runs {
		r, out, err := grind(exe, filepath.Join(tmp, "log.xml"), pkg)
		v := judge(r, module)
		switch {
		case v.lost != "":
			lost = v.lost
			continue
		case trusted:
			leaks = slices.DeleteFunc(leaks, func(leak string) bool { return !slices.Contains(v.leaks, leak) })
		default:
			trusted, leaks = true, v.leaks
		}
		switch {
		case err != nil:
			return leaks, fmt.Errorf("%w\n%s", err, out)
		case len(v.planted) != len(planted):
			return leaks, fmt.Errorf("of the planted leaks only %v were reported", v.planted)
		case len(leaks) == 0:
			return nil, nil
		}
	}
	if !trusted {
		return nil, errors.New("valgrind lost track of memory in every run: " + lost)
	}
	return leaks, nil
}

// grind runs the tests in exe under valgrind.
func grind(exe, log, pkg string) (r report, out []byte, err error) {
	cmd := exec.Command("valgrind", "-q", "--error-limit=no", "--num-callers=30", "--xml=yes", "--xml-file="+log,
		exe)
	// No other threads, no collection of garbage and no signals: less that
	// valgrind takes for errors of the Go runtime.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1")
	cmd.Dir = pkg
	out, testErr := cmd.CombinedOutput()
	b, err := os.ReadFile(log)
	if err == nil {
		err = xml.Unmarshal(b, &r)
	}
	return r, out, errors.Join(testErr, err)
}

// A report is what valgrind writes with --xml=yes, as far as it matters.
type report struct {
	Errors []fault `xml:"error"`
}

// A fault is an error; the first of its stacks tells where it was, others tell
// where the memory came from.
type fault struct {
	Kind   string `xml:"kind"`
	Stacks []struct {
		Frames []frame `xml:"frame"`
	} `xml:"stack"`
}

func (e *fault) stack() []frame {
	if len(e.Stacks) == 0 {
		return nil
	}
	return e.Stacks[0].Frames
}

type frame struct {
	Func string `xml:"fn"`
	File string `xml:"file"`
	Line int    `xml:"line"`
}

// inRuntime reports whether a function belongs to the Go runtime and handles no
// data for its callers. What valgrind reports about those is no leak: the runtime
// knows no secrets.
func inRuntime(name string) bool {
	return strings.HasPrefix(name, "runtime.") && !strings.HasPrefix(name, "runtime.mem") &&
		!strings.HasPrefix(name, "runtime.cmp") && !strings.HasPrefix(name, "runtime.strequal")
}

// culprit returns the frame of the module that an error is the fault of: the
// function itself, or the one that gave a secret to a function of others.
func culprit(e fault, module string) (frame, bool) {
	for _, f := range e.stack() {
		if strings.HasPrefix(f.Func, module+"/") {
			return f, true
		}
		if inRuntime(f.Func) {
			break
		}
	}
	return frame{}, false
}

// planted are the functions that leak on purpose, and how.
var planted = map[string]string{
	"internal/ct.plantedBranch":  "UninitCondition",
	"internal/ct.plantedAddress": "UninitValue",
	"internal/ct.plantedCall":    "UninitCondition",
}

// A verdict is what a report means.
type verdict struct {
	leaks   []string // in code of the module
	planted []string // leaks of package ct that were reported
	lost    string   // where valgrind takes memory that our code uses for freed
}

func judge(r report, module string) (v verdict) {
	for _, e := range r.Errors {
		at, ok := culprit(e, module)
		name := strings.TrimPrefix(at.Func, module+"/")
		switch {
		case !ok:
		case e.Kind == "InvalidRead" || e.Kind == "InvalidWrite":
			v.lost = describe(e, module)
		case e.Kind != "UninitCondition" && e.Kind != "UninitValue":
		case planted[name] != "":
			if e.Kind == planted[name] && !slices.Contains(v.planted, name) {
				v.planted = append(v.planted, name)
			}
		case allowed[name] == "":
			v.leaks = append(v.leaks, describe(e, module))
		}
	}
	return v
}

// describe returns the kind of an error and where it is, from there to the test.
func describe(e fault, module string) string {
	what := e.Kind
	switch e.Kind {
	case "UninitValue":
		what = "an address depends on a secret"
	case "UninitCondition":
		what = "a branch depends on a secret"
	}
	var at []string
	for _, f := range e.stack() {
		if f.Func == "" {
			break
		}
		at = append(at, fmt.Sprintf("%s (%s:%d)", strings.TrimPrefix(f.Func, module+"/"), f.File, f.Line))
		if strings.Contains(f.Func, ".secrets") {
			break
		}
	}
	return what + ":\n\t" + strings.Join(at, "\n\t")
}
