package report

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
)

func TestName(t *testing.T) {
	for _, tt := range []struct {
		name Name
		want string
	}{
		{Name{Bench: "Seal", Impl: "sealane", Alg: "aes-128-gcm", Tier: "vaes512", Size: 16384}, "BenchmarkSeal/impl=sealane/alg=aes-128-gcm/tier=vaes512/size=16384"},
		{Name{Bench: "Extract", Impl: "std", Alg: "sha-256"}, "BenchmarkExtract/impl=std/alg=sha-256"},
		{Name{Bench: "TCP", Impl: "tcp", Alg: "aes-256-gcm", Conns: 4, Size: 1 << 18}, "BenchmarkTCP/impl=tcp/alg=aes-256-gcm/conns=4/size=262144"},
		{Name{Bench: "Handshake", Impl: "std", Op: "full", Alg: "x25519"}, "BenchmarkHandshake/impl=std/op=full/alg=x25519"},
		{Name{Bench: "New"}, "BenchmarkNew"},
	} {
		if got := tt.name.String(); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// newRow returns a row whose samples took the given times in nanoseconds.
func newRow(n Name, bytes int, ns ...float64) *Row {
	r := &Row{Name: n, Bytes: bytes}
	for _, x := range ns {
		r.Samples = append(r.Samples, Sample{Iters: 1000, Value: x})
	}
	return r
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		in   []float64
		want float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1}, 5},
		{[]float64{100, 1, 2}, 2},
		{[]float64{4, 1, 100, 2}, 3},
	} {
		before := append([]float64(nil), tt.in...)
		if got := median(tt.in); got != tt.want {
			t.Errorf("median(%v) = %v, want %v", tt.in, got, tt.want)
		}
		for i := range before {
			if tt.in[i] != before[i] {
				t.Fatalf("median changed its argument: %v, was %v", tt.in, before)
			}
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing is %v", got)
	}
}

// A machine that is ten times slower in some rounds changes the times, and not
// the ratio.
func TestCompareInTurn(t *testing.T) {
	var ours, theirs []float64
	for i := range 21 {
		slow := 1.0
		if i%3 == 0 {
			slow = 10
		}
		ours = append(ours, 100*slow)
		theirs = append(theirs, 250*slow)
	}
	a, b := newRow(Name{}, 0, ours...), newRow(Name{}, 0, theirs...)
	r := Compare(a, b)
	if r.Center != 2.5 || r.Lo != 2.5 || r.Hi != 2.5 || !r.Paired || r.Slower() {
		t.Errorf("Compare = %+v, want 2.5 exactly", r)
	}
	if r = Compare(b, a); r.Center != 0.4 || !r.Slower() {
		t.Errorf("the other way round: %+v, want 0.4", r)
	}
}

// With ten samples, the 95 % interval of the median lies between the second and
// the ninth: P(Bin(10, 1/2) <= 1) is 1.07 %.
func TestCompareInterval(t *testing.T) {
	a := newRow(Name{}, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
	b := newRow(Name{}, 0, 1.0, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5)
	r := Compare(a, b)
	if math.Abs(r.Center-0.55) > 1e-9 || r.Lo != 0.2 || r.Hi != 0.9 {
		t.Errorf("Compare = %+v, want 0.55 in [0.2, 0.9]", r)
	}
	if !r.Slower() {
		t.Error("the interval is below 1: slower")
	}
	b.Samples[2].Value, b.Samples[0].Value = 1.1, 1.2 // now the ninth is above 1
	if r = Compare(a, b); r.Slower() {
		t.Errorf("%+v: the interval holds 1, so nothing is known", r)
	}
}

func TestCompareWithoutInterval(t *testing.T) {
	a, b := newRow(Name{}, 0, 2, 2, 2), newRow(Name{}, 0, 1, 1, 1)
	if r := Compare(a, b); r.Center != 0.5 || !r.Paired || !r.Slower() {
		t.Errorf("too few rounds for an interval: %+v, want the center to decide", r)
	}
	b = newRow(Name{}, 0, 3)
	b.Alone = true
	if r := Compare(a, b); r.Center != 1.5 || r.Paired || r.Slower() || r.String() != "~1.50x" {
		t.Errorf("not in turn: %+v %v, want ~1.50x", r, r)
	}
}

func TestScatter(t *testing.T) {
	quiet := newRow(Name{}, 0, 100, 101, 99, 100, 5000) // one outlier is no scatter
	if x := quiet.scatter(); x != 0.01 {
		t.Errorf("scatter %v, want 0.01", x)
	}
	s := Section{Lines: []Line{{"", []*Row{newRow(Name{}, 0, 100, 150, 100, 150), newRow(Name{}, 0, 1)}}}}
	if x := Scatter([]Section{s}); x != 0.4 {
		t.Errorf("scatter %v, want 50 of 125, and nothing of a row with one sample", x)
	}
	if x := Scatter(nil); x != 0 {
		t.Errorf("scatter of nothing %v", x)
	}
	var b strings.Builder
	Verdict(&b, Style{}, []Section{s}, nil)
	if !strings.Contains(b.String(), "scatter by 40 %") {
		t.Errorf("no word about a busy machine:\n%s", b.String())
	}
}

func TestFigures(t *testing.T) {
	for _, tt := range []struct {
		ns   float64
		want string
	}{
		{0.123, "0.12 ns"}, {9.99, "9.99 ns"}, {9.996, "10.0 ns"}, {21.34, "21.3 ns"}, {99.96, "100 ns"},
		{999.4, "999 ns"}, {999.6, "1.00 µs"}, {2537, "2.54 µs"}, {999600, "1.00 ms"}, {3e9, "3.00 s"}, {4e12, "4000 s"},
	} {
		if got := amount(newRow(Name{}, 0, tt.ns)); got != tt.want {
			t.Errorf("%v ns: %q, want %q", tt.ns, got, tt.want)
		}
	}
	for _, tt := range []struct {
		n    int
		want string
	}{{16, "16 B"}, {1350, "1350 B"}, {2048, "2048 B"}, {8192, "8 KiB"}, {8193, "8193 B"}, {1 << 20, "1 MiB"}} {
		if got := Bytes(tt.n); got != tt.want {
			t.Errorf("%d bytes: %q, want %q", tt.n, got, tt.want)
		}
	}
}

// sample is a section with everything that a table can hold.
func sample() Section {
	row := func(impl, tier string, size int, ns ...float64) *Row {
		return newRow(Name{"Seal", impl, "", "aes-128-gcm", tier, 0, 0, size}, size, ns...)
	}
	ssl := row("openssl", "", 16384, 800)
	ssl.Alone = true
	return Section{"Seal aes-128-gcm", []Line{
		{"16 B", []*Row{
			row("sealane", "vaes512", 16, 20, 21, 22),
			row("sealane", "aesni", 16, 70, 70, 70),
			row("std", "", 16, 63, 63, 63),
		}},
		{"16 KiB", []*Row{
			row("sealane", "vaes512", 16384, 512, 512, 512),
			row("std", "", 16384, 2560, 2560, 2560),
			ssl,
		}},
	}}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	if err := sample().Write(&b, Style{}); err != nil {
		t.Fatal(err)
	}
	const want = `
  Seal aes-128-gcm                                speed, std = 1
             vaes512   GB/s      std  vaes512  aesni  openssl
      16 B   21.0 ns   0.76  63.0 ns    3.00x  0.90x        -
    16 KiB    512 ns   32.0  2.56 µs    5.00x      -   ~3.20x
`
	got := "\n" + b.String()
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("table:%s\nwant:%s", got, want)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for _, l := range lines {
		if columns(l) != columns(lines[1]) {
			t.Errorf("line %q is not as wide as the others", l)
		}
		if columns(l) > Width {
			t.Errorf("line %q is wider than %d columns", l, Width)
		}
	}
}

// The widest table that there can be fits into 80 columns.
func TestTableWidth(t *testing.T) {
	l := Line{Label: "16 KiB"}
	for _, tier := range []string{"vaes512", "vaes256", "aesni", "generic"} {
		l.Rows = append(l.Rows, newRow(Name{"Seal", Ours, "", "a", tier, 0, 0, 1}, 16384, 999))
	}
	l.Rows = append(l.Rows, newRow(Name{"Seal", Base, "", "a", "", 0, 0, 1}, 16384, 99400))
	ssl := newRow(Name{"Seal", "openssl", "", "a", "", 0, 0, 1}, 16384, 9940)
	ssl.Alone = true
	l.Rows = append(l.Rows, ssl)
	var b strings.Builder
	Section{"Seal aes-128-gcm", []Line{l}}.Write(&b, Style{})
	for line := range strings.Lines(b.String()) {
		if n := columns(strings.TrimSuffix(line, "\n")); n > Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestTableWithoutBase(t *testing.T) {
	s := sample()
	for i := range s.Lines {
		var kept []*Row
		for _, r := range s.Lines[i].Rows {
			if r.Name.Impl != Base {
				kept = append(kept, r)
			}
		}
		s.Lines[i].Rows = kept
	}
	var b strings.Builder
	s.Write(&b, Style{})
	if got := b.String(); strings.Contains(got, "x\n") || !strings.Contains(got, "800 ns") || strings.Contains(got, "speed") {
		t.Errorf("without the standard library, times of all and no ratios are wanted:\n%s", got)
	}
}

// Where the lines have one row of sealane's each, on different tiers, they share
// a column.
func TestTableOfTiers(t *testing.T) {
	var s Section
	for _, x := range []struct{ alg, tier string }{{"hkdf-sha-256", "shani"}, {"hkdf-sha-384", "avx512"}} {
		s.Lines = append(s.Lines, Line{x.alg, []*Row{
			newRow(Name{Bench: "Extract", Impl: Ours, Alg: x.alg, Tier: x.tier}, 0, 100),
			newRow(Name{Bench: "Extract", Impl: Base, Alg: x.alg}, 0, 250),
		}})
	}
	var b strings.Builder
	s.Write(&b, Style{})
	if got := b.String(); strings.Count(got, "2.50x") != 2 || strings.Count(got, "100 ns") != 2 || !strings.Contains(got, "sealane") || strings.Contains(got, "shani") {
		t.Errorf("want one column for both lines:\n%s", got)
	}
}

func TestWrap(t *testing.T) {
	got := Wrap("aa · bb  cccccccc d", 7)
	if want := []string{"aa · bb", "cccccccc", "d"}; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestColor(t *testing.T) {
	var plain, color strings.Builder
	sample().Write(&plain, Style{})
	sample().Write(&color, Style{Color: true})
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("escapes in plain output")
	}
	if !strings.Contains(color.String(), "\x1b[31m0.90x\x1b[0m") {
		t.Errorf("the lost ratio is not red: %q", color.String())
	}
	if strings.Contains(color.String(), "\x1b[31m5.00x") {
		t.Error("a ratio that is won is red")
	}
}

func TestVerdict(t *testing.T) {
	losses, all := Losses([]Section{sample()})
	if all != 4 || len(losses) != 1 {
		t.Fatalf("%d losses of %d, want 1 of 4", len(losses), all)
	}
	if got := losses[0].String(); got != "Seal aes-128-gcm 16 B, aesni: 70.0 ns, std 63.0 ns" {
		t.Errorf("loss: %q", got)
	}
	var b strings.Builder
	Verdict(&b, Style{}, []Section{sample()}, []string{"a note"})
	for _, want := range []string{"1 of 4 comparisons", " 0.90x  Seal aes-128-gcm 16 B, aesni", "~ not in turn", "a note"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}

	// Tiers that are not chosen come last.
	s := sample()
	s.Lines[0].Rows[1].Forced = true
	s.Lines[1].Rows[0].Samples = []Sample{{1, 5120}, {1, 5120}, {1, 5120}}
	b.Reset()
	Verdict(&b, Style{}, []Section{s}, nil)
	chosen, rest, ok := strings.Cut(b.String(), "not chosen")
	if !ok || !strings.Contains(chosen, " 0.50x  Seal aes-128-gcm 16 KiB, vaes512") || !strings.Contains(rest, " 0.90x  Seal aes-128-gcm 16 B, aesni") || strings.Contains(rest, "vaes512") {
		t.Errorf("losses of the chosen tier, then of the others, are wanted:\n%s", b.String())
	}

	// A ceiling is no competitor.
	s = Section{Lines: []Line{{"", []*Row{newRow(Name{Impl: Ours}, 0, 2, 2), newRow(Name{Impl: "tcp"}, 0, 1, 1)}}}}
	s.Lines[0].Rows[1].Ceiling = true
	if losses, all := Losses([]Section{s}); all != 0 || len(losses) != 0 {
		t.Errorf("%d losses of %d against a ceiling", len(losses), all)
	}
	b.Reset()
	Verdict(&b, Style{}, nil, nil)
	if !strings.Contains(b.String(), "nothing was compared") {
		t.Errorf("verdict on nothing:\n%s", b.String())
	}
}

// A result file is read back as it was written.
func TestFile(t *testing.T) {
	var b bytes.Buffer
	config := []Config{{"goos", "linux"}, {"cpu", "A  CPU\nof two lines"}, {"commit", "0a59064+dirty"}, {"openssl", ""}}
	f := NewFile(&b, config, 2)
	var rows []*Row
	for _, l := range sample().Lines {
		if err := f.Write(l.Rows...); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, l.Rows...)
	}

	if n := strings.Count(b.String(), "goos:"); n != 1 {
		t.Errorf("%d configurations, want 1:\n%s", n, b.String())
	}
	r := benchfmt.NewReader(&b, "results.txt")
	for _, row := range rows {
		for _, s := range row.Samples {
			if !r.Scan() {
				t.Fatalf("the file ends before %s", row.Name)
			}
			res, ok := r.Result().(*benchfmt.Result)
			if !ok {
				t.Fatalf("%s: %v", row.Name, r.Result())
			}
			if got, want := Prefix+res.Name.String(), row.Name.String()+"-2"; got != want {
				t.Fatalf("name %s, want %s", got, want)
			}
			if res.Iters != s.Iters {
				t.Errorf("%s: %d iterations, want %d", row.Name, res.Iters, s.Iters)
			}
			if sec, ok := res.Value("sec/op"); !ok || math.Abs(sec*1e9-s.Value) > 0.006 {
				t.Errorf("%s: %v s/op, want %v ns", row.Name, sec, s.Value)
			}
			if rate, ok := res.Value("B/s"); !ok || math.Abs(rate/(float64(row.Bytes)/s.Value*1e9)-1) > 0.001 {
				t.Errorf("%s: %v B/s", row.Name, rate)
			}
			for key, want := range map[string]string{"goos": "linux", "cpu": "A CPU of two lines", "commit": "0a59064+dirty", "openssl": ""} {
				if got := res.GetConfig(key); got != want {
					t.Errorf("%s: %q, want %q", key, got, want)
				}
			}
		}
	}
	if r.Scan() {
		t.Errorf("more in the file: %v", r.Result())
	}
}

func TestFileSuffix(t *testing.T) {
	for _, tt := range []struct {
		name  Name
		procs int
		want  string
	}{
		{Name{Bench: "New"}, 1, "BenchmarkNew"},
		{Name{Bench: "New"}, 8, "BenchmarkNew-8"},
		{Name{Bench: "Extract", Alg: "sha-256"}, 1, "BenchmarkExtract/alg=sha-256-1"},
		{Name{Bench: "Extract", Alg: "sha-256", Tier: "shani"}, 1, "BenchmarkExtract/alg=sha-256/tier=shani"},
	} {
		var b bytes.Buffer
		NewFile(&b, nil, tt.procs).Write(newRow(tt.name, 0, 5))
		if got, want := strings.Join(strings.Fields(b.String()), " "), tt.want+" 1000 5.00 ns/op"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Rows of other units, and rates in operations.
func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		unit              Unit
		each              bool
		ours, theirs      float64
		table, line, lost string
	}{
		{Time, true, 250e3, 125e3, "x25519 250 µs 4000 125 µs 0.50x", "250000.00 ns/op", "250 µs, std 125 µs"},
		{Allocs, false, 65.4, 32.7, "x25519 65 33 0.50x", "65.40 allocs/op", "65, std 33"},
		{Heap, false, 4185, 2092.5, "x25519 4185 B 2092 B 0.50x", "4185.00 B/conn", "4185 B, std 2092 B"},
	} {
		ours := newRow(Name{Bench: "Handshake", Impl: Ours, Op: "full", Alg: "x25519", Tier: "adx"}, 0, tt.ours)
		theirs := newRow(Name{Bench: "Handshake", Impl: Base, Op: "full", Alg: "x25519"}, 0, tt.theirs)
		for _, r := range []*Row{ours, theirs} {
			r.Unit, r.Each = tt.unit, tt.each
		}
		s := Section{"Handshake", []Line{{"x25519", []*Row{ours, theirs}}}}
		var b strings.Builder
		s.Write(&b, Style{})
		if got := strings.Join(strings.Fields(b.String()), " "); !strings.HasSuffix(got, tt.table) || strings.Contains(got, "1/s") != tt.each || strings.Contains(got, "speed") != (tt.unit == Time) {
			t.Errorf("table %q, want it to end with %q", got, tt.table)
		}
		b.Reset()
		NewFile(&b, nil, 1).Write(ours)
		if got, want := strings.Join(strings.Fields(b.String()), " "), ours.Name.String()+" 1000 "+tt.line; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		b.Reset()
		Verdict(&b, Style{}, []Section{s}, nil)
		if want := "0.50x  Handshake full x25519, adx: " + tt.lost + "\n"; !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %s", want, b.String())
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestFileError(t *testing.T) {
	if err := NewFile(brokenWriter{}, nil, 1).Write(newRow(Name{Bench: "New"}, 0, 5)); err == nil {
		t.Error("no error from a writer that fails")
	}
}
