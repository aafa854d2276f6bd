// Command testtiers tests every kernel of this module by force. From the root:
//
//	go run ./internal/testtiers
//
// For each package and tier that has an assembly file it runs the tests of that
// package, and of those that use it, with SEALANE_DISABLE set to the package's
// other tiers and SEALANE_REQUIRE to this one; then everything once with all
// tiers disabled. What the machine has is read from /proc/cpuinfo, not asked of
// internal/cpu, so that a tier which that package overlooks is a failure here.
// A tier counts as tested if a subtest "tier=<tier>" of its package passed.
// The list of all is printed at the end.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "testtiers:", err)
		os.Exit(1)
	}
}

func run() error {
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		fmt.Printf("testtiers: nothing to force on %s/%s\n", runtime.GOOS, runtime.GOARCH)
		return nil
	}
	cpuinfo, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return err
	}
	machine := parse(string(cpuinfo))
	kernels, err := find(os.DirFS("."))
	if err != nil {
		return err
	}
	users, err := usersOf(kernels)
	if err != nil {
		return err
	}

	var lines []string
	failed := false
	note := func(what, outcome string, start time.Time) {
		line := fmt.Sprintf("%-24s %s", what, outcome)
		if !start.IsZero() {
			line += fmt.Sprintf(" (%.1f s)", time.Since(start).Seconds())
		}
		fmt.Println(line)
		lines = append(lines, line)
	}
	var all []string
	for _, k := range kernels {
		all = append(all, k.tier)
		missing, err := machine.missing(k.tier)
		switch {
		case err != nil:
			return err
		case missing != "":
			note(k.String(), "not on this machine: "+missing, time.Time{})
			continue
		}
		start := time.Now()
		var others []string
		for _, o := range kernels {
			if o.pkg == k.pkg && o.tier != k.tier {
				others = append(others, o.tier)
			}
		}
		n, err := test(users[k.pkg], k, strings.Join(others, ","), k.String())
		switch {
		case err != nil:
			failed = true
			note(k.String(), "FAILED: "+err.Error(), start)
		case n == 0:
			failed = true
			note(k.String(), fmt.Sprintf("FAILED: no subtest tier=%s of %s ran", k.tier, k.pkg), start)
		default:
			note(k.String(), fmt.Sprintf("forced, %d subtests of the tier passed", n), start)
		}
	}
	start := time.Now()
	slices.Sort(all)
	if n, err := test([]string{"./..."}, kernel{tier: "generic"}, strings.Join(slices.Compact(all), ","), ""); err != nil {
		failed = true
		note("all/generic", "FAILED: "+err.Error(), start)
	} else {
		note("all/generic", fmt.Sprintf("forced, %d subtests of the tier passed", n), start)
	}
	fmt.Printf("\nTiers, required as /proc/cpuinfo (%s) says:\n", machine.name)
	for _, line := range lines {
		fmt.Println(" ", line)
	}
	if failed {
		return errors.New("not every tier of this machine was tested and passed")
	}
	return nil
}

// A kernel is one tier of one package; pkg is the path within the module.
type kernel struct{ pkg, tier string }

func (k kernel) String() string { return k.pkg + "/" + k.tier }

var kernelFile = regexp.MustCompile(`_([a-z0-9]+)_amd64\.s$`)

// find returns the kernels of the module in root, in order.
func find(root fs.FS) ([]kernel, error) {
	var found []kernel
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." {
			if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil || d.Name()[0] == '.' {
				return fs.SkipDir
			}
		}
		if m := kernelFile.FindStringSubmatch(name); m != nil {
			found = append(found, kernel{path.Dir(name), m[1]})
		}
		return nil
	})
	slices.SortFunc(found, func(a, b kernel) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(found), err
}

// A machine is what /proc/cpuinfo says.
type machine struct {
	name          string
	intel         bool
	family, model int
	flags         map[string]bool
}

// parse reads the first processor of a /proc/cpuinfo.
func parse(cpuinfo string) machine {
	m := machine{flags: map[string]bool{}}
	first, _, _ := strings.Cut(cpuinfo, "\n\n")
	for line := range strings.Lines(first) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "model name":
			m.name = value
		case "vendor_id":
			m.intel = value == "GenuineIntel"
		case "cpu family":
			m.family, _ = strconv.Atoi(value)
		case "model":
			m.model, _ = strconv.Atoi(value)
		case "flags":
			for _, flag := range strings.Fields(value) {
				m.flags[flag] = true
			}
		}
	}
	return m
}

// needs are the flags of Linux that a tier stands for.
var needs = map[string]string{
	"ssse3":   "ssse3",
	"aesni":   "aes pclmulqdq avx",
	"vaes256": "vaes vpclmulqdq avx2",
	"vaes512": "vaes vpclmulqdq avx512f avx512bw avx512vl avx512dq",
	"shani":   "sha_ni sse4_1 ssse3",
	"avx2":    "avx2 bmi1 bmi2",
	"avx512":  "avx512f avx512bw avx512vl avx512dq avx512ifma",
	"adx":     "adx bmi2",
	"ifma":    "avx512ifma avx512vl",
}

// clocksDown are the models of Intel, family 6, that lower their clock for
// 512-bit vectors and where this module does not use them by policy.
var clocksDown = []int{0x55, 0x66, 0x6a, 0x6c, 0x7d, 0x7e, 0x8c, 0x8d, 0x9d}

// missing returns the first thing that m lacks for a tier, or "".
func (m machine) missing(tier string) (string, error) {
	flags, ok := needs[tier]
	if !ok {
		return "", fmt.Errorf("tier %q: its flags in /proc/cpuinfo are not known", tier)
	}
	for flag := range strings.FieldsSeq(flags) {
		if !m.flags[flag] {
			return flag, nil
		}
	}
	if strings.HasSuffix(tier, "512") && m.intel && m.family == 6 && slices.Contains(clocksDown, m.model) {
		return "512-bit vectors at full clock", nil
	}
	return "", nil
}

// usersOf returns, for each package with kernels, the packages to test when a
// kernel of it is forced: itself, those that depend on it, and the root, whose
// test checks the words of SEALANE_REQUIRE.
func usersOf(kernels []kernel) (map[string][]string, error) {
	out, err := exec.Command("go", "list", "-deps", "-test", "-json=ImportPath,ForTest,Deps", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	module, err := exec.Command("go", "list", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	root := strings.TrimSpace(string(module))
	users := map[string][]string{}
	for _, k := range kernels {
		users[k.pkg] = []string{".", "./" + k.pkg}
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	for dec.More() {
		var p struct {
			ImportPath, ForTest string
			Deps                []string
		}
		if err := dec.Decode(&p); err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.ForTest == "" || !strings.HasPrefix(p.ForTest, root+"/") {
			continue // not a test of this module's
		}
		for pkg := range users {
			if slices.ContainsFunc(p.Deps, func(dep string) bool {
				dep, _, _ = strings.Cut(dep, " ") // "path [path.test]"
				return dep == root+"/"+pkg
			}) {
				users[pkg] = append(users[pkg], "./"+strings.TrimPrefix(p.ForTest, root+"/"))
			}
		}
	}
	for pkg := range users {
		slices.Sort(users[pkg])
		users[pkg] = slices.Compact(users[pkg])
	}
	return users, nil
}

// test runs the tests of pkgs and returns how many subtests of k passed. Packages
// that only depend on that of k are tested with -short.
func test(pkgs []string, k kernel, disable, require string) (passed int, err error) {
	own, others := []string{"test", "-json", "-count=1"}, []string{"test", "-json", "-count=1", "-short"}
	n := len(others)
	for _, pkg := range pkgs {
		if k.pkg == "" || pkg == "." || pkg == "./"+k.pkg {
			own = append(own, pkg)
		} else {
			others = append(others, pkg)
		}
	}
	passed, err = runGo(own, k, disable, require)
	if err == nil && len(others) > n {
		_, err = runGo(others, k, disable, require)
	}
	return passed, err
}

// runGo runs the go command with args, and returns how many subtests of k passed.
func runGo(args []string, k kernel, disable, require string) (passed int, err error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "SEALANE_DISABLE="+disable, "SEALANE_REQUIRE="+require)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	passed, text := count(out, k)
	if err != nil {
		fmt.Printf("SEALANE_DISABLE=%s SEALANE_REQUIRE=%s go %s\n%s", disable, require, strings.Join(args, " "), text)
	}
	return passed, err
}

// count returns how many subtests of k's tier, and of k's package if it names
// one, passed, according to the events of go test -json, and the output of
// what failed.
func count(events []byte, k kernel) (passed int, failures string) {
	output := map[string]string{} // by package and test
	var text strings.Builder
	for line := range bytes.Lines(events) {
		var e struct{ Action, Package, Test, Output, ImportPath string }
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			output[key] += e.Output
		case "build-output":
			text.WriteString(e.Output)
		case "fail":
			text.WriteString(output[key])
		case "pass":
			if path.Base(e.Test) == "tier="+k.tier && (k.pkg == "" || strings.HasSuffix(e.Package, "/"+k.pkg)) {
				passed++
			}
			delete(output, key)
		}
	}
	return passed, text.String()
}
