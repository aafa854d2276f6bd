package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sealane/sealane/bench/peers"
	"github.com/sealane/sealane/bench/report"
	"golang.org/x/perf/benchfmt"
)

// mainEnv makes the test binary the program itself.
const mainEnv = "SEALANE_BENCH_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" || os.Getenv(mainEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

// one selects a line that is measured in no time.
const one = "New/impl=sealane/alg=aes-128-gcm"

func bench(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		args []string
		want string // in the message
	}{
		{[]string{"-quik"}, "-quik"},
		{[]string{"-count", "many"}, "-count"},
		{[]string{"-count", "0"}, "-count: 0"},
		{[]string{"-count", "-3"}, "-count: -3"},
		{[]string{"-run"}, "-run"},
		{[]string{"-run", "("}, "-run: "},
		{[]string{"-quick", "seal"}, `unexpected argument "seal"`},
		{[]string{"-out", ""}, "-out"},
		{[]string{"-quick", "-run", "NoSuchRow", "-out", filepath.Join(dir, "x")}, `no row matches "NoSuchRow"`},
		{[]string{"-quick", "-run", one, "-out", filepath.Join(dir, "no", "such", "folder")}, "can't write the results"},
		{[]string{"-quick", "-run", one, "-out", dir}, "can't write the results"},
	} {
		code, stdout, stderr := bench(t, tt.args...)
		if code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", tt.args, code, exitUsage)
		}
		if !strings.HasPrefix(stderr, "bench: ") || !strings.Contains(stderr, tt.want) {
			t.Errorf("%q: message %q, want it to contain %q", tt.args, stderr, tt.want)
		}
		if stdout != "" {
			t.Errorf("%q: %q on standard output", tt.args, stdout)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a file was made though no row matched")
	}
	code, stdout, stderr := bench(t, "-h")
	if code != exitOK || stderr != "" {
		t.Errorf("-h: exit code %d, %q on standard error", code, stderr)
	}
	for _, flag := range []string{"-quick", "-run REGEXP", "-count N", "-out FILE"} {
		if !strings.Contains(stdout, flag) {
			t.Errorf("-h does not tell of %s:\n%s", flag, stdout)
		}
	}
}

// readResults returns the names in a result file, each with its samples.
func readResults(t *testing.T, path string) map[string]int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	r := benchfmt.NewReader(bytes.NewReader(b), path)
	for r.Scan() {
		switch x := r.Result().(type) {
		case *benchfmt.Result:
			for _, key := range []string{"goos", "goarch", "commit", "go"} {
				if x.GetConfig(key) == "" {
					t.Errorf("%s: no configuration line %s", path, key)
				}
			}
			name, _, _ := strings.Cut(report.Prefix+x.Name.String(), fmt.Sprintf("-%d ", runtime.GOMAXPROCS(0)))
			n[strings.TrimSuffix(name, fmt.Sprintf("-%d", runtime.GOMAXPROCS(0)))]++
		default:
			t.Errorf("%s: %v", path, x)
		}
	}
	return n
}

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.txt")
	code, stdout, stderr := bench(t, "-quick", "-count", "3", "-run", one, "-out", path)
	if code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	for _, want := range []string{runtime.GOOS + "/" + runtime.GOARCH, runtime.Version(), "New key", "aes-128-gcm", "speed, std = 1", "Where sealane loses", path} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in the output:\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "\x1b") || strings.Contains(stderr, "\x1b") || strings.Contains(stderr, "\r") {
		t.Error("escapes where there is no terminal")
	}
	if !strings.Contains(stderr, "New key\n") {
		t.Errorf("no progress line: %q", stderr)
	}
	results := readResults(t, path)
	tier := peers.Sealane.Tier("Seal", "aes-128-gcm")
	for _, want := range []string{"BenchmarkNew/impl=sealane/alg=aes-128-gcm/tier=" + tier, "BenchmarkNew/impl=std/alg=aes-128-gcm"} {
		if results[want] != 3 {
			t.Errorf("%d samples of %s, want 3: %v", results[want], want, results)
		}
	}
	if strings.Contains(fmt.Sprint(results), "aes-256-gcm") {
		t.Errorf("rows that do not match: %v", results)
	}
}

// The default file lies beside the source; the one before is kept.
func TestDefaultFile(t *testing.T) {
	root := t.TempDir()
	os.Mkdir(filepath.Join(root, "bench"), 0o777)
	path, err := outPath("", root)
	if want := filepath.Join(root, "bench", "results.txt"); err != nil || path != want {
		t.Fatalf("%s, %v, want %s", path, err, want)
	}
	os.WriteFile(path, []byte("old"), 0o666)
	if path, err = outPath("", root); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(filepath.Join(root, "bench", "results.old.txt")); string(b) != "old" {
		t.Error("the last results are not kept")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the last results are still there")
	}
	t.Chdir(t.TempDir())
	if path, err = outPath("", ""); err != nil || filepath.Base(path) != "results.txt" {
		t.Errorf("outside of a clone: %s, %v", path, err)
	}
}

// trigger calls f when text is written to it.
type trigger struct {
	text string
	f    func()
}

func (w trigger) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.text) {
		w.f()
	}
	return len(b), nil
}

// An interrupt leaves what is finished.
func TestInterrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.txt")
	ctx, cancel := context.WithCancelCause(t.Context())
	var stdout bytes.Buffer
	code := run(ctx, []string{"-quick", "-count", "2", "-run", "(Seal|Open)/impl=sealane/alg=aes-128-gcm.*size=(16|64)$", "-out", path},
		&stdout, trigger{"Open aes-128-gcm", func() { cancel(interrupted{syscall.SIGTERM}) }})
	if code != 128+15 {
		t.Errorf("exit code %d, want 143", code)
	}
	results := readResults(t, path)
	if results["BenchmarkSeal/impl=std/alg=aes-128-gcm/size=16"] != 2 || results["BenchmarkSeal/impl=std/alg=aes-128-gcm/size=64"] != 2 {
		t.Errorf("finished rows are missing: %v", results)
	}
	if strings.Contains(fmt.Sprint(results), "Open") {
		t.Errorf("there are rows of what was not finished: %v", results)
	}
	for _, want := range []string{"Seal aes-128-gcm", "stopped early", "terminated"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in the output:\n%s", want, stdout.String())
		}
	}
}

// The same with the program and a signal.
func TestSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "results.txt")
	cmd := exec.Command(exe, "-quick", "-count", "2", "-run", "(Seal|Open)/impl=sealane.*size=16$", "-out", path)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	cmd.Stderr = trigger{"Open aes-128-gcm", func() { cmd.Process.Signal(os.Interrupt) }}
	err = cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Skipf("can't run this test as a program: %v", err)
	}
	if exit.ExitCode() != 130 {
		t.Errorf("%v, want exit code 130", exit)
	}
	if results := readResults(t, path); results["BenchmarkSeal/impl=std/alg=aes-128-gcm/size=16"] != 2 {
		t.Errorf("finished rows are missing: %v", results)
	}
}

// A row that fails is told, and the rest measured.
func TestFailure(t *testing.T) {
	boom := errors.New("boom")
	here := &fake{fail: map[string]error{"BenchmarkSeal/impl=sealane": boom}}
	sections := []section{{title: "Seal", lines: []line{{rows: []*row{here.row("sealane"), here.row("std")}}}}}
	var out, file bytes.Buffer
	finished, failed, err := measureAll(t.Context(), plan{3, time.Second, time.Millisecond}, sections, report.NewFile(&file, nil, 1), newProgress(io.Discard), &out, report.Style{})
	if err != nil || len(finished) != 1 {
		t.Fatalf("%v, %v", finished, err)
	}
	if len(failed) != 1 || failed[0].name != "BenchmarkSeal/impl=sealane" || failed[0].err != boom {
		t.Errorf("failures: %v", failed)
	}
	if n := len(finished[0].Lines[0].Rows); n != 1 {
		t.Errorf("%d rows are left, want 1", n)
	}
	here.fail["BenchmarkSeal/impl=std"] = boom
	sections = []section{{title: "Seal", lines: []line{{rows: []*row{here.row("sealane"), here.row("std")}}}}}
	finished, failed, err = measureAll(t.Context(), plan{3, time.Second, time.Millisecond}, sections, report.NewFile(&file, nil, 1), newProgress(io.Discard), &out, report.Style{})
	if err != nil || len(failed) != 2 || len(finished) != 0 {
		t.Errorf("when all rows fail: %v, %v, %v", finished, failed, err)
	}
	if strings.Count(file.String(), "impl=std") != 3 || strings.Contains(file.String(), "impl=sealane") {
		t.Errorf("file:\n%s", file.String())
	}
}

// A fake is a runner whose operations take a microsecond each.
type fake struct {
	calls    []string // without those of the calibration
	released []string
	fail     map[string]error
	known    map[string]int // iterations of the last call
}

func (f *fake) row(impl string) *row {
	r := &row{weight: 1, in: f}
	r.Name = report.Name{Bench: "Seal", Impl: impl}
	return r
}

func (f *fake) time(name string, n int) (time.Duration, error) {
	if err := f.fail[name]; err != nil {
		return 0, err
	}
	if f.known == nil {
		f.known = map[string]int{}
	}
	f.calls = append(f.calls, strings.TrimPrefix(name, "BenchmarkSeal/impl="))
	f.known[name] = n
	return time.Duration(n) * time.Microsecond, nil
}

func (f *fake) release(name string) { f.released = append(f.released, name) }

// Rounds take each row once, in alternating order, for as long as the budget
// allows.
func TestMeter(t *testing.T) {
	f := &fake{}
	l := &line{rows: []*row{f.row("a"), f.row("b"), f.row("c")}}
	l.rows[1].weight = 3
	m := newMeter(plan{count: 4, budget: 40 * time.Millisecond, most: time.Second}, []section{{lines: []line{*l}}})
	if m.total != 4*5 {
		t.Fatalf("%d slices, want 20", m.total)
	}
	var steps []float64
	m.step = func(done float64) { steps = append(steps, done) }
	if failed, err := m.measure(t.Context(), l); err != nil || failed != nil {
		t.Fatal(failed, err)
	}
	got := strings.Join(f.calls[len(f.calls)-12:], "")
	if got != "abccbaabccba" {
		t.Errorf("order of the rounds %s, want abccbaabccba", got)
	}
	for i, want := range []int{2000, 6000, 2000} { // 40 ms over 20 slices
		r := l.rows[i]
		if len(r.Samples) != 4 {
			t.Errorf("%s: %d samples, want 4", r.Name, len(r.Samples))
		}
		if n := f.known[r.Name.String()]; n < want*9/10 || n > want {
			t.Errorf("%s: %d iterations of 1 µs in a sample, want about %d", r.Name, n, want)
		}
		for _, s := range r.Samples {
			if s.Value != 1000 {
				t.Errorf("%s: %v ns, want 1000", r.Name, s.Value)
			}
		}
	}
	if !slices.Equal(steps, []float64{0.25, 0.5, 0.75, 1}) {
		t.Errorf("progress %v, want quarters", steps)
	}
	if len(f.released) != 3 {
		t.Errorf("released %v, want all three", f.released)
	}
}

// A row that another program measures counts as a second.
func TestMeterAlone(t *testing.T) {
	f := &fake{}
	l := line{rows: []*row{f.row("a"), f.row("b")}}
	ssl := l.rows[1]
	ssl.Alone = true
	ssl.speed = func(context.Context) (report.Sample, error) { return report.Sample{Iters: 1, Value: 5}, nil }
	m := newMeter(plan{count: 2, budget: 3 * time.Second, most: time.Minute}, []section{{lines: []line{l}}})
	var steps []float64
	m.step = func(done float64) { steps = append(steps, done) }
	if failed, err := m.measure(t.Context(), &l); err != nil || failed != nil {
		t.Fatal(failed, err)
	}
	if !slices.Equal(steps, []float64{0.375, 0.75, 1}) {
		t.Errorf("progress %v, want 1.5, 3 and 4 of 4 seconds", steps)
	}
	if len(ssl.Samples) != 1 || ssl.Samples[0].Value != 5 || slices.Contains(f.calls, "b") {
		t.Errorf("samples %v", ssl.Samples)
	}
}

// A row that is counted has one sample, and none if that fails.
func TestMeterGauge(t *testing.T) {
	counting := func(impl string, err error) *row {
		r := counted(func() (report.Sample, error) { return report.Sample{Iters: 1, Value: 7}, err }, report.Allocs)
		r.Name = report.Name{Bench: "HandshakeAllocs", Impl: impl}
		return r
	}
	boom := errors.New("boom")
	l := line{rows: []*row{counting("a", nil), counting("b", boom)}}
	m := newMeter(plan{count: 4, budget: time.Second, most: time.Minute}, []section{{lines: []line{l}}})
	failed, err := m.measure(t.Context(), &l)
	if err != nil || len(failed) != 1 || failed[0].err != boom {
		t.Fatal(failed, err)
	}
	if len(l.rows) != 1 || len(l.rows[0].Samples) != 1 || l.rows[0].Samples[0].Value != 7 || l.rows[0].Unit != report.Allocs {
		t.Errorf("rows %+v", l.rows)
	}
}

// What a slow line took too much is taken from those that follow.
func TestMeterBudget(t *testing.T) {
	m := &meter{plan: plan{count: 10, budget: time.Second, most: 100 * time.Millisecond}, total: 100}
	if got := m.slice(); got != 10*time.Millisecond {
		t.Errorf("slice %v, want 10ms", got)
	}
	m.spent, m.measured = 800*time.Millisecond, 50
	if got := m.slice(); got != 4*time.Millisecond {
		t.Errorf("slice %v, want 4ms", got)
	}
	m.spent = 2 * time.Second
	if got := m.slice(); got != least {
		t.Errorf("slice %v of an overdrawn budget, want %v", got, least)
	}
	m.spent, m.measured = 0, 99
	if got := m.slice(); got != m.plan.most {
		t.Errorf("slice %v of one that is left, want %v", got, m.plan.most)
	}
}

func TestCount(t *testing.T) {
	o, _, ok := parse([]string{"-count", "40"}, io.Discard, io.Discard)
	if !ok || o.plan.count != 40 || o.plan.budget != 2*fullPlan.budget {
		t.Errorf("%+v, want 40 samples in twice the time", o.plan)
	}
}

// allRows returns the names of all that can be measured.
func allRows() (names []report.Name) {
	for _, s := range catalog(peers.All()) {
		for _, l := range s.lines {
			for _, r := range l.rows {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

func TestCatalog(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range allRows() {
		s := n.String()
		if seen[s] {
			t.Errorf("%s twice", s)
		}
		seen[s] = true
		if (n.Tier != "") != (n.Impl == report.Ours) {
			t.Errorf("%s: sealane's rows have a tier, and no others", s)
		}
		checkKeys(t, s+"-2")
	}
	for _, want := range []string{
		"BenchmarkSeal/impl=std/alg=aes-128-gcm/size=16",
		"BenchmarkOpen/impl=std/alg=aes-256-gcm/size=1048576",
		"BenchmarkSum/impl=std/alg=sha-384/size=8192",
		"BenchmarkExtract/impl=x-crypto/alg=hkdf-sha-256",
		"BenchmarkExpand/impl=std/alg=hkdf-sha-384",
		"BenchmarkSchedule/impl=std/alg=sha-256",
		"BenchmarkTLS/impl=std/alg=aes-128-gcm/size=262144",
		"BenchmarkTCP/impl=tcp-aead/alg=chacha20-poly1305/conns=1/size=16384",
		"BenchmarkHandshake/impl=std/op=full/alg=x25519mlkem768",
		"BenchmarkHandshake/impl=std/op=resumed/alg=x25519",
		"BenchmarkHandshakeAllocs/impl=std/op=full/alg=p256",
		"BenchmarkIdle/impl=std/alg=aes-128-gcm",
		"BenchmarkTCP/impl=tcp/alg=aes-256-gcm/conns=4/size=262144",
	} {
		if !seen[want] {
			t.Errorf("no row %s", want)
		}
	}
}

// Every row of the catalog runs.
func TestRows(t *testing.T) {
	sections := catalog(peers.All())
	l := newLocal(sections)
	for name := range l.rows {
		if d, err := l.time(name, 3); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d < 0 {
			t.Errorf("%s took %v", name, d)
		}
		l.release(name)
	}
	if len(l.ready) != 0 {
		t.Errorf("%d rows are not released", len(l.ready))
	}
	for _, s := range sections {
		for _, ln := range s.lines {
			for _, r := range ln.rows {
				if r.gauge == nil {
					continue
				}
				if x, err := r.gauge(); err != nil || x.Value < 10 || x.Iters < 1 {
					t.Errorf("%s: %+v, %v", r.Name, x, err)
				}
			}
		}
	}
	if _, err := l.time("BenchmarkNothing", 1); err == nil {
		t.Error("a row that is not there was measured")
	}
}

// checkKeys checks that a benchmark's name consists of the known keys in their
// order.
func checkKeys(t *testing.T, name string) {
	t.Helper()
	_, parts := benchfmt.Name(strings.TrimPrefix(name, report.Prefix)).Parts()
	last := -1
	for _, part := range parts {
		key, value, ok := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		at := slices.Index(report.Keys, key)
		if string(part) == "-2" {
			continue
		}
		if !ok || value == "" || at <= last {
			t.Errorf("%s: %q is no pair of one of the keys %v in that order", name, part, report.Keys)
		}
		last = max(last, at)
	}
}

// The benchmarks of the packages use the keys that the rows have. Their names
// are put together from literals, so it is the literals that are checked.
func TestPackageNames(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := findRoot(wd)
	if root == "" {
		t.Skip("not in a clone")
	}
	files := 0
	for _, pattern := range []string{"*/*_test.go", "tls13/*/*_test.go"} {
		paths, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		for _, path := range paths {
			if filepath.Base(filepath.Dir(path)) == "bench" {
				continue
			}
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bad, err := badKeys(path, src); err != nil {
				t.Error(err)
			} else {
				for _, b := range bad {
					t.Errorf("%s; the keys are %v, in that order", b, report.Keys)
				}
			}
			files++
		}
	}
	if files == 0 {
		t.Error("no tests of packages found")
	}
}

var pair = regexp.MustCompile(`(?:^|/)([A-Za-z][A-Za-z0-9_-]*)=`)

// badKeys returns where the functions Benchmark… of a file name sub-benchmarks
// by other keys than report.Keys, or in another order. Keys of a function may
// be spread over several literals.
func badKeys(path string, src []byte) (bad []string, err error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, report.Prefix) {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Run" {
				return true
			}
			var text string // of the literals of the name
			ast.Inspect(call.Args[0], func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if s, err := strconv.Unquote(lit.Value); err == nil {
						text += s
					}
				}
				return true
			})
			last := -1
			for _, m := range pair.FindAllStringSubmatch(text, -1) {
				key := m[1]
				at := slices.Index(report.Keys, key)
				if at <= last {
					bad = append(bad, fmt.Sprintf("%s: %s: key %q in %q", fset.Position(call.Pos()), fn.Name.Name, m[1], text))
				}
				last = max(last, at)
			}
			return true
		})
	}
	return bad, nil
}

func TestBadKeys(t *testing.T) {
	const src = `package p
func BenchmarkGood(b *testing.B) { b.Run("impl=sealane/alg="+alg, func(b *testing.B) { b.Run(fmt.Sprintf("size=%d", n), f) }) }
func BenchmarkOrder(b *testing.B) { b.Run(fmt.Sprintf("size=%d/alg=%s", n, alg), f) }
func BenchmarkKey(b *testing.B) { b.Run("bytes=" + x, f) }
func TestOther(t *testing.T) { t.Run("case=1", f) }
`
	bad, err := badKeys("x_test.go", []byte(src))
	if err != nil || len(bad) != 2 || !strings.Contains(bad[0], `BenchmarkOrder: key "alg"`) || !strings.Contains(bad[1], `BenchmarkKey: key "bytes"`) {
		t.Errorf("%q, %v, want one for BenchmarkOrder and one for BenchmarkKey", bad, err)
	}
}

func TestFilter(t *testing.T) {
	named := func(impl, tier string) *row {
		r := &row{}
		r.Name = report.Name{Bench: "Seal", Impl: impl, Tier: tier, Size: 16}
		return r
	}
	sections := []section{{title: "Seal", lines: []line{{rows: []*row{named("sealane", "vaes512"), named("sealane", "aesni"), named("std", ""), named("openssl", "")}}}}}
	for _, tt := range []struct{ expr, want string }{
		{"", "sealane/vaes512 sealane/aesni std/ openssl/"},
		{"Seal.*size=16$", "sealane/vaes512 sealane/aesni std/ openssl/"},
		{"tier=aesni", "sealane/aesni std/ openssl/"},
		{"impl=sealane", "sealane/vaes512 sealane/aesni std/ openssl/"},
		{"impl=std", "std/"},
		{"size=1$", ""},
	} {
		var got []string
		for _, s := range filter(sections, regexp.MustCompile(tt.expr)) {
			for _, l := range s.lines {
				for _, r := range l.rows {
					got = append(got, r.Name.Impl+"/"+r.Name.Tier)
				}
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("-run %q: %q, want %q", tt.expr, got, tt.want)
		}
	}
}

// A worker measures its rows, and ends with its input.
func TestWorker(t *testing.T) {
	w, err := startWorker(nil)
	if err != nil {
		t.Skipf("can't start this test as a worker: %v", err)
	}
	name := report.Name{Bench: "Seal", Impl: "sealane", Alg: "aes-128-gcm", Tier: peers.Sealane.Tier("Seal", "aes-128-gcm"), Size: 64}
	if !slices.Contains(w.names, name) {
		t.Fatalf("no %s among %v", name, w.names)
	}
	if d, err := w.time(name.String(), 10); err != nil || d <= 0 {
		t.Errorf("10 operations took %v, %v", d, err)
	}
	w.release(name.String())
	if _, err := w.time("BenchmarkNothing", 10); err == nil || !strings.Contains(err.Error(), "no row") {
		t.Errorf("a row that is not there: %v", err)
	}
	if _, err := w.time(name.String(), 10); err != nil {
		t.Errorf("after an error: %v", err)
	}
	w.close()
	if _, err := w.time(name.String(), 10); err == nil {
		t.Error("a worker that has ended still answers")
	}
}

// Each worker runs a tier lower than the one before, down to the last.
func TestTiers(t *testing.T) {
	sections := catalog(peers.All())
	workers, err := addTiers(sections, startWorker)
	defer func() {
		for _, w := range workers {
			w.close()
		}
	}()
	if err != nil {
		t.Skipf("can't start this test as a worker: %v", err)
	}
	for _, s := range sections {
		for _, l := range s.lines {
			var tiers []string
			for i, r := range l.rows {
				if r.Name.Impl != report.Ours {
					continue
				}
				if i != len(tiers) {
					t.Errorf("%s is not behind sealane's other rows", r.Name)
				}
				tiers = append(tiers, r.Name.Tier)
				if i > 0 {
					if d, err := r.in.time(r.Name.String(), 1); err != nil || d < 0 {
						t.Errorf("%s: %v", r.Name, err)
					}
				}
			}
			slices.Sort(tiers)
			if n := len(slices.Compact(slices.Clone(tiers))); n != len(tiers) {
				t.Errorf("%s: tiers %v", s.title, tiers)
			}
			if tiered[l.rows[0].Name.Bench] && !slices.Contains(tiers, "generic") {
				t.Errorf("%s: tiers %v do not end with generic", s.title, tiers)
			}
		}
	}
}

func TestTiersOfAMachine(t *testing.T) {
	// A machine with three tiers of AES-GCM and two of SHA-256; sha-512 has one.
	chains := map[string][]string{
		"aes-128-gcm": {"vaes512", "vaes256", "generic"}, "aes-256-gcm": {"vaes512", "vaes256", "generic"},
		"sha-256": {"shani", "generic"}, "sha-384": {"generic"}, "sha-512": {"generic"},
	}
	names := func(disable []string) (names []report.Name) {
		for alg, chain := range chains {
			for _, tier := range chain {
				if tier == "generic" || !slices.Contains(disable, tier) {
					op := "Sum"
					if strings.HasPrefix(alg, "aes") {
						op = "Seal"
					}
					names = append(names, report.Name{Bench: op, Impl: "sealane", Alg: alg, Tier: tier, Size: 64})
					break
				}
			}
		}
		return names
	}
	var sections []section
	for _, n := range names(nil) {
		r := &row{}
		r.Name = n
		std := &row{}
		std.Name = report.Name{Bench: n.Bench, Impl: "std", Alg: n.Alg, Size: 64}
		sections = append(sections, section{lines: []line{{rows: []*row{r, std}}}})
	}
	workers, err := addTiers(sections, func(disable []string) (*worker, error) { return &worker{names: names(disable)}, nil })
	if err != nil {
		t.Fatal(err)
	}
	// One for each list of disabled tiers: vaes512 · vaes512,vaes256 ·
	// vaes512,vaes256,generic · shani · shani,generic · generic.
	if len(workers) != 6 {
		t.Errorf("%d workers, want 6", len(workers))
	}
	for _, s := range sections {
		var got []string
		for _, r := range s.lines[0].rows {
			got = append(got, r.Name.Tier)
		}
		alg := s.lines[0].rows[0].Name.Alg
		if want := append(slices.Clone(chains[alg]), ""); !slices.Equal(got, want) {
			t.Errorf("%s: rows %q, want %q", alg, got, want)
		}
	}
}

func TestOpenSSLRows(t *testing.T) {
	for _, quick := range []bool{false, true} {
		sections := catalog(peers.All())
		addOpenSSL(sections, &peers.OpenSSL{}, quick)
		n := 0
		for _, s := range sections {
			for _, l := range s.lines {
				for _, r := range l.rows {
					if r.Name.Impl == "openssl" {
						n++
						if !r.Alone || r.speed == nil || r.Name.Size != l.rows[0].Name.Size || r.Name.Alg != l.rows[0].Name.Alg {
							t.Errorf("%s in the line of %s", r.Name, l.rows[0].Name)
						}
					}
				}
			}
		}
		// A second each: what the flags promise leaves room for so many.
		if most := map[bool]int{false: 24, true: 5}[quick]; n == 0 || n > most {
			t.Errorf("quick=%v: %d rows of openssl, want 1 to %d", quick, n, most)
		}
	}
}

func TestProgress(t *testing.T) {
	now := time.Unix(0, 0)
	var b strings.Builder
	p := &progress{w: &b, now: func() time.Time { return now }, start: now}
	now = now.Add(3 * time.Second)
	p.section(0.25, "Seal aes-128-gcm")
	p.step(0.3, "Seal aes-128-gcm")
	p.clear()
	if got := b.String(); got != " 25%     3s  Seal aes-128-gcm\n" {
		t.Errorf("no terminal: %q", got)
	}

	b.Reset()
	width := 80
	p.width = func() int { return width }
	p.section(0.25, "Seal aes-128-gcm")
	p.step(0.25, "Seal aes-128-gcm")
	p.step(0.26, "too soon")
	if got := b.String(); !strings.HasPrefix(got, "\r██████░") || !strings.Contains(got, " 25%  9s left   Seal aes-128-gcm\x1b[K") || strings.Contains(got, "too soon") {
		t.Errorf("terminal: %q", got)
	}
	b.Reset()
	width = 20
	now = now.Add(time.Second)
	p.step(0.5, "Seal aes-128-gcm")
	if got := len([]rune(strings.TrimSuffix(strings.TrimPrefix(b.String(), "\r"), "\x1b[K"))); got >= width {
		t.Errorf("%d columns on a terminal of %d", got, width)
	}
	b.Reset()
	p.clear()
	p.clear()
	if got := b.String(); got != "\r\x1b[K" {
		t.Errorf("clear: %q", got)
	}
}

func TestMachine(t *testing.T) {
	m := machine{
		os: "linux", arch: "amd64", cpu: "AMD EPYC", procs: 2, goVersion: "go1.26.8", commit: strings.Repeat("0123456789", 4) + "+dirty",
		features: strings.Fields(strings.Repeat("AVX512VPOPCNTDQ ", 20)), tiers: []string{"AES-GCM: vaes512"},
		disabled: "avx512,vaes1024", unknown: []string{"vaes1024"},
	}
	var b strings.Builder
	m.write(&b, report.Style{})
	for _, want := range []string{"AMD EPYC · 2 CPUs · linux/amd64", "commit 012345678901+dirty", "AES-GCM: vaes512", `"vaes1024" is no tier`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	for l := range strings.Lines(b.String()) {
		if n := len([]rune(strings.TrimSuffix(l, "\n"))); n > report.Width {
			t.Errorf("%d columns: %s", n, l)
		}
	}
	if strings.Contains(b.String(), "OpenSSL") {
		t.Errorf("openssl without a version:\n%s", b.String())
	}
	got := map[string]string{}
	for _, c := range m.config() {
		got[c.Key] = c.Value
	}
	if got["commit"] != m.commit || got["cpu"] != "AMD EPYC" || got["go"] != "go1.26.8" || got["goos"] != "linux" || got["goarch"] != "amd64" {
		t.Errorf("configuration %v", got)
	}
}

func TestFindRoot(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "bench", "report")
	os.MkdirAll(deep, 0o777)
	if got := findRoot(deep); got != "" {
		t.Errorf("a clone at %s", got)
	}
	os.WriteFile(filepath.Join(root, "bench", "go.mod"), []byte("module "+module+"/bench\n"), 0o666)
	os.WriteFile(filepath.Join(root, "go.mod"), []byte("module "+module+"\n\ngo 1.26.0\n"), 0o666)
	if got := findRoot(deep); got != root {
		t.Errorf("findRoot = %q, want %q", got, root)
	}
}

// Without git, or outside of a clone, the commit is unknown.
func TestCommit(t *testing.T) {
	if got := commit(""); got != "unknown" {
		t.Errorf("outside of a clone: %q", got)
	}
	root := t.TempDir()
	if got := commit(root); got != "unknown" {
		t.Errorf("without a repository: %q", got)
	}
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", root, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("git: %v %s", err, out)
		}
	}
	git("init", "-q")
	os.WriteFile(filepath.Join(root, "a"), []byte("1"), 0o666)
	git("add", "a")
	git("commit", "-q", "-m", "a")
	clean := commit(root)
	if !regexp.MustCompile(`^[0-9a-f]{40,64}$`).MatchString(clean) {
		t.Errorf("commit = %q", clean)
	}
	os.WriteFile(filepath.Join(root, "a"), []byte("2"), 0o666)
	if got := commit(root); got != clean+"+dirty" {
		t.Errorf("changed: %q, want %s+dirty", got, clean)
	}
	t.Setenv("PATH", t.TempDir())
	if got := commit(root); got != "unknown" {
		t.Errorf("without git: %q", got)
	}
}
