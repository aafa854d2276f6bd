package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Line is one line of a table: rows that do the same thing, for comparison.
// Sealane's rows come first, the best tier before the others.
type Line struct {
	Label string
	Rows  []*Row
}

// A Section is one table.
type Section struct {
	Title string
	Lines []Line
}

// Ours is the implementation that the tables are about, Base the one that their
// ratios refer to.
const (
	Ours = "sealane"
	Base = "std"
)

// Width is how many columns of a terminal the output takes at most.
const Width = 80

// A Style says how the output may look.
type Style struct {
	Color bool // it goes to a terminal that knows ANSI escapes
}

func (s Style) paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Style) bold(text string) string { return s.paint("1", text) }
func (s Style) dim(text string) string  { return s.paint("2", text) }
func (s Style) red(text string) string  { return s.paint("31", text) }

// Title writes the title of everything.
func Title(w io.Writer, style Style, text string) { fmt.Fprintln(w, style.bold(text)) }

// Heading writes the title of a part, in a rule.
func Heading(w io.Writer, style Style, text string) {
	rule := strings.Repeat("─", max(3, Width-4-columns(text)))
	fmt.Fprintf(w, "\n%s %s %s\n", style.dim("──"), style.bold(text), style.dim(rule))
}

// columns returns the width of text on a terminal.
func columns(text string) int { return utf8.RuneCountInString(text) }

// A column of a table holds the rows of one implementation and tier.
type column struct{ impl, tier string }

// anyTier is the tier of a column that holds sealane's only row of each line,
// where those run on different tiers.
const anyTier = "any"

var base = column{impl: Base}

// name is the one word over the column.
func (c column) name() string {
	if c.tier != "" && c.tier != anyTier {
		return c.tier
	}
	return c.impl
}

func (l Line) row(c column) *Row {
	for _, r := range l.Rows {
		if r.Name.Impl == c.impl && (r.Name.Tier == c.tier || c.tier == anyTier) {
			return r
		}
	}
	return nil
}

// columns returns the columns of the section: sealane's and the others'.
func (s Section) columns() (ours, theirs []column) {
	most := 0 // of sealane's rows in a line
	for _, l := range s.Lines {
		n := 0
		for _, r := range l.Rows {
			c := column{r.Name.Impl, r.Name.Tier}
			into := &theirs
			if c.impl == Ours {
				into = &ours
				n++
			}
			if !slices.Contains(*into, c) {
				*into = append(*into, c)
			}
		}
		most = max(most, n)
	}
	if most == 1 && len(ours) > 1 {
		ours = []column{{Ours, anyTier}}
	}
	return ours, theirs
}

// rated returns the unit of the rate of the section's rows, or "" if none means
// anything.
func (s Section) rated() string {
	for _, l := range s.Lines {
		for _, r := range l.Rows {
			switch {
			case r.Each:
				return "1/s"
			case r.Bytes > 0:
				return "GB/s"
			}
		}
	}
	return ""
}

// unit returns the unit of the section's rows, which all have the same.
func (s Section) unit() Unit {
	for _, l := range s.Lines {
		for _, r := range l.Rows {
			return r.Unit
		}
	}
	return Time
}

// A cell of a table.
type cell struct {
	text string
	slow bool // sealane is slower here
}

// Write writes the section as a table: the time and the rate of sealane's first
// column, the time of the standard library, and then the speed of all the others
// and of sealane as multiples of the standard library's.
func (s Section) Write(w io.Writer, style Style) error {
	ours, theirs := s.columns()
	var times, ratios []column
	if slices.Contains(theirs, base) {
		if len(ours) > 0 {
			times = ours[:1]
		}
		times = append(slices.Clip(times), base)
		ratios = append(slices.Clip(ours), theirs...)
		ratios = slices.DeleteFunc(ratios, func(c column) bool { return c == base })
	} else {
		times = append(ours, theirs...) // nothing to refer to
	}
	rated := s.rated()

	head := []cell{{}}
	for i, c := range times {
		head = append(head, cell{text: c.name()})
		if i == 0 && rated != "" {
			head = append(head, cell{text: rated})
		}
	}
	for _, c := range ratios {
		head = append(head, cell{text: c.name()})
	}
	grid := [][]cell{head}
	for _, l := range s.Lines {
		cells := []cell{{text: l.Label}}
		for i, c := range times {
			r := l.row(c)
			cells = append(cells, cell{text: amount(r)})
			if i == 0 && rated != "" {
				cells = append(cells, cell{text: rate(r)})
			}
		}
		for _, c := range ratios {
			cells = append(cells, ratioCell(l.row(c), l.row(base)))
		}
		grid = append(grid, cells)
	}

	widths := make([]int, len(head))
	total := 0
	for i := range widths {
		widths[i] = 5
		if i <= 1 {
			widths[i] = 8 // so that most tables line up with each other
		}
		for _, cells := range grid {
			widths[i] = max(widths[i], columns(cells[i].text))
		}
		total += 2 + widths[i]
	}

	var b strings.Builder
	b.WriteString("  " + style.bold(s.Title))
	if len(ratios) > 0 {
		note := "speed, " + Base + " = 1"
		if s.unit() != Time {
			note = "times less than " + Base
		}
		b.WriteString(strings.Repeat(" ", max(2, total-2-columns(s.Title)-columns(note))) + style.dim(note))
	}
	b.WriteByte('\n')
	for y, cells := range grid {
		for x, c := range cells {
			b.WriteString(strings.Repeat(" ", 2+widths[x]-columns(c.text)))
			switch {
			case y == 0:
				b.WriteString(style.dim(c.text))
			case c.slow:
				b.WriteString(style.red(c.text))
			default:
				b.WriteString(c.text)
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ratioCell tells how many times faster a is than b.
func ratioCell(a, b *Row) cell {
	if !a.measured() || !b.measured() {
		return cell{text: "-"}
	}
	r := Compare(a, b)
	return cell{text: r.String(), slow: a.Name.Impl == Ours && r.Slower()}
}

// String returns the ratio as "3.10x", with a tilde before it if its rows were
// not measured in turn.
func (r Ratio) String() string {
	s := figures(r.Center) + "x"
	if !r.Paired {
		s = "~" + s
	}
	return s
}

// amount returns the row's value with three figures: "21.3 ns", "2.54 µs", or in
// another unit "120", "3140 B".
func amount(r *Row) string {
	if !r.measured() {
		return "-"
	}
	x := r.Value()
	switch r.Unit {
	case Allocs:
		return fmt.Sprintf("%.0f", x)
	case Heap:
		return fmt.Sprintf("%.0f B", x)
	}
	for _, unit := range []string{"ns", "µs", "ms"} {
		if x < 999.5 {
			return figures(x) + " " + unit
		}
		x /= 1000
	}
	return figures(x) + " s"
}

// rate returns the row's throughput in GB/s or in operations a second.
func rate(r *Row) string {
	switch {
	case !r.measured() || r.Rate() == 0:
		return "-"
	case r.Each:
		return fmt.Sprintf("%.0f", r.Rate())
	}
	return figures(r.Rate() / 1e9)
}

// Bytes returns n bytes in the largest unit that fits: "1350 B", "16 KiB". One
// KiB and two are in bytes, as sizes of messages commonly are.
func Bytes(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 4<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// Wrap cuts text at spaces into lines of at most width columns, where its words
// allow that.
func Wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && columns(line)+1+columns(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// figures formats x with three figures, at most two of them behind the point.
func figures(x float64) string {
	switch {
	case x >= 99.95:
		return fmt.Sprintf("%.0f", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
