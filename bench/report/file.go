package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// A File writes rows in the Go benchmark format, which benchstat reads:
// https://golang.org/design/14313-benchmark-format
type File struct {
	w      io.Writer
	header string // what is still to be written before the first row
	procs  int
}

// A Config is one "key: value" line of a result file. The key is in lower case.
type Config struct{ Key, Value string }

// NewFile returns a File that writes to w: the configuration before the first
// row, without the lines that have no value. The names get the suffix that
// package testing gives the names of benchmarks under procs (GOMAXPROCS), so
// that the file lines up with the output of go test.
func NewFile(w io.Writer, config []Config, procs int) *File {
	f := &File{w: w, procs: procs}
	for _, c := range config {
		if c.Value != "" {
			// A value ends with its line.
			f.header += c.Key + ": " + strings.Join(strings.Fields(c.Value), " ") + "\n"
		}
	}
	return f
}

var numbered = regexp.MustCompile(`-[0-9]+$`)

// fullName returns the name with its suffix. Package testing leaves that out if
// GOMAXPROCS is 1; but then the 256 of a name that ends with alg=sha-256 would
// be taken for it.
func (f *File) fullName(n Name) string {
	s := n.String()
	if f.procs != 1 || numbered.MatchString(s) {
		s += fmt.Sprintf("-%d", f.procs)
	}
	return s
}

// Write appends the rows, one line a sample. It writes once, so that a program
// that is killed leaves whole rows.
func (f *File) Write(rows ...*Row) error {
	var b bytes.Buffer
	b.WriteString(f.header)
	for _, r := range rows {
		for _, s := range r.Samples {
			fmt.Fprintf(&b, "%s\t%9d\t%12.2f %s", f.fullName(r.Name), s.Iters, s.Value, cmp.Or(r.Unit, "ns/op"))
			if r.Bytes > 0 {
				fmt.Fprintf(&b, "\t%10.2f MB/s", float64(r.Bytes)/s.Value*1e3)
			}
			b.WriteByte('\n')
		}
	}
	if _, err := f.w.Write(b.Bytes()); err != nil {
		return err
	}
	f.header = ""
	return nil
}
