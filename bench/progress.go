package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// A progress tells on standard error how far the run is: with a bar on a
// terminal, with a line a section elsewhere.
type progress struct {
	w     io.Writer
	width func() int // columns of the terminal; nil if w is none
	now   func() time.Time

	start time.Time
	last  time.Time // when the bar was last drawn
	shown bool
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, now: time.Now}
	p.start = p.now()
	if f, ok := terminal(w); ok {
		p.width = func() int {
			n, _, err := term.GetSize(int(f.Fd()))
			if err != nil || n <= 0 {
				return 80
			}
			return n
		}
	}
	return p
}

// terminal returns w as a file if it is a terminal that can move its cursor.
func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil, false
	}
	return f, true
}

// section tells that a section begins: the part of the whole that is done, and
// what comes.
func (p *progress) section(done float64, title string) {
	if p.width == nil {
		fmt.Fprintf(p.w, "%3.0f%%  %4.0fs  %s\n", 100*done, p.now().Sub(p.start).Seconds(), title)
	}
}

// step draws the bar.
func (p *progress) step(done float64, title string) {
	now := p.now()
	if p.width == nil || p.shown && now.Sub(p.last) < 80*time.Millisecond {
		return
	}
	p.last, p.shown = now, true
	elapsed := now.Sub(p.start)
	left := ""
	if done > 0.02 {
		left = fmt.Sprintf("%.0fs left", elapsed.Seconds()*(1-done)/done)
	}
	const cells = 24
	full := int(done*cells + 0.5)
	text := fmt.Sprintf("%s%s %3.0f%%  %-9s %s", strings.Repeat("█", full), strings.Repeat("░", cells-full), 100*done, left, title)
	if r := []rune(text); len(r) >= p.width() {
		text = string(r[:max(0, p.width()-1)])
	}
	fmt.Fprintf(p.w, "\r%s\x1b[K", text)
}

// clear removes the bar, so that other text can be written.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
