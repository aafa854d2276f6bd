// Command bench measures this module against its peers on the machine at hand.
// From the root of a clone:
//
//	go run ./bench            # everything, in at most two minutes
//	go run ./bench -quick     # everything with less precision, under 20 seconds
//	go run ./bench -run 'Seal.*size=16384$'
//
// # What it does
//
// It tells what the machine is and which tier of each primitive was chosen, and
// then measures, line by line of its tables, sealane on every tier that the
// machine has, the standard library, golang.org/x/crypto where that has an
// implementation of its own, circl for X25519 (its P-256 is the standard
// library's), and the machine's openssl command.
//
// TLS 1.3 connections are those of package tls13 and of crypto/tls, client and
// server of the same stack, both in this process: over one and the same
// connection in memory, where a write and the read of it follow each other, and
// over TCP loopback, where they overlap. There a bare connection, and one that
// only encrypts, show what TLS costs. Handshakes verify a certificate on P-256
// of a root on P-256, the same each time, as a client does that comes back to
// a server; what a stack remembers of it counts. Their allocations and
// the heap of an idle connection are counted once; there, too, less is better.
//
// The rows of one line are measured in turn: in every round each row once, in
// alternating order, some milliseconds each. Ratios are the median over the
// rounds of the ratio within the round, so that they hold on a machine that is
// busy or changes its clock. The tiers below the best run in processes of their
// own, this program with SEALANE_DISABLE set, that take their turns like all
// others. Only openssl speed can't be made to take turns: its ratios are marked
// with a tilde. A comparison counts as lost if the whole 95 % confidence interval
// of its ratio is below 1.
//
// # Result files
//
// The samples of every finished line go to a file in the Go benchmark format at
// once, so an interrupt leaves what was finished. Names are benchmark names with
// key=value pairs in this order:
//
//	BenchmarkSeal/impl=sealane/alg=aes-128-gcm/tier=vaes512/size=16384
//
//	key    value
//	impl   sealane, std, x-crypto, circl, openssl, tcp: the bare connection, or
//	       tcp-aead: with nothing but encryption
//	op     which part or kind of what the name says: full, resumed …
//	alg    aes-128-gcm, sha-256, hkdf-sha-256 …; of a handshake, its key exchange
//	tier   the kernel, in one word of internal/cpu; only of sealane's rows
//	conns  connections used at once
//	size   bytes of one message or one write
//
// The benchmarks of the module's packages (go test -bench) use the same keys in
// the same order. benchstat compares implementations in one file, or commits or
// machines in two (where a key differs, it must be told to ignore it):
//
//	go run golang.org/x/perf/cmd/benchstat@latest -col /impl -filter '/tier:(vaes512 OR "")' -row '.name /alg /size' -ignore /tier results.txt
//	go run golang.org/x/perf/cmd/benchstat@latest -ignore commit old.txt new.txt
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/sealane/sealane/bench/peers"
	"github.com/sealane/sealane/bench/report"
)

func main() {
	if os.Getenv(workerEnv) != "" {
		os.Exit(work(os.Stdin, os.Stdout))
	}
	ctx, stop := onSignal()
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a row could not be measured, or a result not be written
	exitUsage  = 2 // wrong flags, no rows, no file
	exitSignal = 128
)

// An interrupted is the cause of a context that a signal has ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return i.signal.String() }

// onSignal returns a context that SIGINT or SIGTERM ends. The second signal
// kills the program.
func onSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-ch
		signal.Stop(ch)
		n, ok := s.(syscall.Signal)
		if !ok {
			n = syscall.SIGINT
		}
		cancel(interrupted{n})
	}()
	return ctx, func() { cancel(nil) }
}

// Plans of a run, for the default number of samples. With more samples the
// budget grows in proportion.
var (
	fullPlan  = plan{count: 20, budget: 65 * time.Second, most: 10 * time.Millisecond}
	quickPlan = plan{count: 10, budget: 8 * time.Second, most: 5 * time.Millisecond}
)

// options are the flags, checked.
type options struct {
	quick bool
	run   *regexp.Regexp
	plan  plan
	out   string // "" stands for the default
}

// parse returns the options, or an exit code if there is nothing to run.
func parse(args []string, stdout, stderr io.Writer) (o options, code int, ok bool) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are printed here, in one line
	var (
		expr  = fs.String("run", "", "measure only rows whose name matches `REGEXP`, and what they are compared with")
		count = fs.Int("count", 0, "take `N` samples of each row (default 20, or 10 with -quick)")
		out   = fs.String("out", "", "write the samples to `FILE`, in the Go benchmark format (default bench/results.txt)")
	)
	fs.BoolVar(&o.quick, "quick", false, "take less than 20 seconds")
	usage := func(w io.Writer) {
		fmt.Fprintln(w, "Usage: go run ./bench [-quick] [-run REGEXP] [-count N] [-out FILE]")
		fmt.Fprintln(w, "Measures sealane against its peers on this machine, in at most two minutes.")
		fmt.Fprintln(w)
		fs.SetOutput(w)
		fs.PrintDefaults()
	}
	fail := func(format string, a ...any) (options, int, bool) {
		fmt.Fprintf(stderr, "bench: "+format+"\n", a...)
		fmt.Fprintln(stderr, "Usage: go run ./bench [-quick] [-run REGEXP] [-count N] [-out FILE]; -h explains")
		return o, exitUsage, false
	}

	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		usage(stdout)
		return o, exitOK, false
	} else if err != nil {
		return fail("%v", err)
	}
	if fs.NArg() > 0 {
		return fail("unexpected argument %q", fs.Arg(0))
	}
	var err error
	if o.run, err = regexp.Compile(*expr); err != nil {
		return fail("-run: %v", err)
	}
	o.plan, o.out = fullPlan, *out
	if o.quick {
		o.plan = quickPlan
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if given["out"] && o.out == "" {
		return fail("-out: the name of the file is empty")
	}
	if given["count"] {
		if *count < 1 || *count > 10000 {
			return fail("-count: %d is not between 1 and 10000", *count)
		}
		o.plan.budget = o.plan.budget * time.Duration(*count) / time.Duration(o.plan.count)
		o.plan.count = *count
	}
	return o, exitOK, true
}

// run is the program, without what it shares with its process. It returns the
// exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, code, ok := parse(args, stdout, stderr)
	if !ok {
		return code
	}
	start := time.Now()
	wd, _ := os.Getwd()
	root := findRoot(wd)
	m := detect(root)

	var notes []string
	sections := catalog(peers.All())
	here := newLocal(sections)
	for _, s := range sections {
		for _, l := range s.lines {
			for _, r := range l.rows {
				r.in = here
			}
		}
	}
	workers, err := addTiers(sections, startWorker)
	defer func() {
		for _, w := range workers {
			w.close()
		}
	}()
	if err != nil {
		notes = append(notes, fmt.Sprintf("not all tiers are measured: %v", err))
	}
	ssl, err := peers.FindOpenSSL(ctx)
	if err != nil {
		notes = append(notes, fmt.Sprintf("openssl speed is left out: %v", err))
	} else {
		addOpenSSL(sections, ssl, o.quick)
	}

	sections = filter(sections, o.run)
	if slices.ContainsFunc(sections, section.alone) {
		m.openssl = ssl.Version
	}
	if len(sections) == 0 {
		fmt.Fprintf(stderr, "bench: -run: no row matches %q; names look like BenchmarkSeal/impl=sealane/alg=aes-128-gcm/tier=generic/size=16384\n", o.run)
		return exitUsage
	}

	path, err := outPath(o.out, root)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitUsage
	}
	f, err := os.Create(path)
	if err != nil {
		fmt.Fprintf(stderr, "bench: can't write the results: %v\n", err)
		return exitUsage
	}
	defer f.Close()
	file := report.NewFile(f, m.config(), m.procs)

	style := report.Style{}
	if _, ok := terminal(stdout); ok && os.Getenv("NO_COLOR") == "" {
		style.Color = true
	}
	m.write(stdout, style)

	code = exitOK
	finished, failed, err := measureAll(ctx, o.plan, sections, file, newProgress(stderr), stdout, style)
	for _, x := range failed {
		notes = append(notes, fmt.Sprintf("%s could not be measured: %v", x.name, x.err))
		code = exitFailed
	}
	var sig interrupted
	switch {
	case err == nil:
	case errors.As(err, &sig):
		notes = append(notes, fmt.Sprintf("stopped early (%v): the rest was not measured", sig))
		code = exitSignal + int(sig.signal)
	default:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		code = exitFailed
	}
	if err := f.Close(); err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		code = exitFailed
	}
	report.Verdict(stdout, style, finished, notes)
	shown := path
	if rel, err := filepath.Rel(wd, path); err == nil && len(rel) < len(path) {
		shown = rel
	}
	fmt.Fprintf(stdout, "\nSamples in %s, for benchstat. %.0f s.\n", shown, time.Since(start).Seconds())
	return code
}

// filter keeps the rows whose names match, and with one of sealane's rows all
// that it is compared with.
func filter(sections []section, re *regexp.Regexp) (kept []section) {
	for _, s := range sections {
		lines := s.lines
		s.lines = nil
		for _, l := range lines {
			var rows []*row
			ours := false
			for _, r := range l.rows {
				ours = ours || r.Name.Impl == report.Ours && re.MatchString(r.Name.String())
			}
			for _, r := range l.rows {
				if re.MatchString(r.Name.String()) || ours && r.Name.Impl != report.Ours {
					rows = append(rows, r)
				}
			}
			if l.rows = rows; len(rows) > 0 {
				s.lines = append(s.lines, l)
			}
		}
		if len(s.lines) > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}

// outPath returns the file to write. The default is results.txt beside this
// program's source, or in the working directory if that is outside of the clone;
// there, the last run's file is kept as results.old.txt.
func outPath(out, root string) (string, error) {
	if out != "" {
		return filepath.Abs(out)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	if root != "" {
		dir = filepath.Join(root, "bench")
	}
	path := filepath.Join(dir, "results.txt")
	if err := os.Rename(path, filepath.Join(dir, "results.old.txt")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("can't keep the last results: %w", err)
	}
	return path, nil
}

// measureAll measures the sections, writes each line to the file as soon as it
// is finished and each section to stdout. It returns what is finished.
func measureAll(ctx context.Context, p plan, sections []section, file *report.File, prog *progress, stdout io.Writer, style report.Style) (finished []report.Section, failed []failure, err error) {
	meter := newMeter(p, sections)
	part := ""
	for i := range sections {
		s := &sections[i]
		title := s.title
		prog.section(meter.done(0), title)
		meter.step = func(done float64) { prog.step(done, title) }
		done := report.Section{Title: s.title}
		for j := range s.lines {
			l := &s.lines[j]
			var f []failure
			f, err = meter.measure(ctx, l)
			failed = append(failed, f...)
			if err != nil {
				break
			}
			if len(l.rows) == 0 {
				continue
			}
			rows := make([]*report.Row, 0, len(l.rows))
			for _, r := range l.rows {
				rows = append(rows, &r.Row)
			}
			if err = file.Write(rows...); err != nil {
				break
			}
			done.Lines = append(done.Lines, report.Line{Label: l.label, Rows: rows})
		}
		prog.clear()
		if len(done.Lines) > 0 {
			if s.part != part {
				part = s.part
				report.Heading(stdout, style, part)
			}
			fmt.Fprintln(stdout)
			done.Write(stdout, style)
			finished = append(finished, done)
		}
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return finished, failed, err
		}
	}
	return finished, failed, nil
}
