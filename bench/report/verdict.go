package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Loss is a comparison of one of sealane's rows with a competitor's that
// sealane loses.
type Loss struct {
	Ours, Theirs *Row
	Ratio        Ratio
}

// Losses returns the comparisons of sealane's rows with their competitors' that
// sealane loses, the worst first, and the number of all.
func Losses(sections []Section) (losses []Loss, all int) {
	for _, s := range sections {
		for _, l := range s.Lines {
			for _, a := range l.Rows {
				for _, b := range l.Rows {
					if a.Name.Impl != Ours || b.Name.Impl == Ours || b.Ceiling || !a.measured() || !b.measured() {
						continue
					}
					all++
					if r := Compare(a, b); r.Slower() {
						losses = append(losses, Loss{a, b, r})
					}
				}
			}
		}
	}
	slices.SortStableFunc(losses, func(x, y Loss) int { return cmp.Compare(x.Ratio.Center, y.Ratio.Center) })
	return losses, all
}

// busy is the scatter of a machine that does something else as well.
const busy = 0.08

// Verdict writes a line for each comparison that sealane loses, and the notes.
func Verdict(w io.Writer, style Style, sections []Section, notes []string) {
	losses, all := Losses(sections)
	Heading(w, style, "Where sealane loses")
	fmt.Fprintln(w)
	switch {
	case all == 0:
		fmt.Fprintln(w, "  nothing was compared with a peer")
	case len(losses) == 0:
		fmt.Fprintf(w, "  nowhere, in %d comparisons\n", all)
	default:
		fmt.Fprintf(w, "  %d of %d comparisons\n", len(losses), all)
	}
	for _, forced := range []bool{false, true} {
		title := "\n  on tiers that are not chosen on this machine\n"
		for _, x := range losses {
			if x.Ours.Forced != forced {
				continue
			}
			if forced {
				fmt.Fprint(w, title)
				title = ""
			}
			fmt.Fprintf(w, "  %s  %s\n", style.red(fmt.Sprintf("%6s", x.Ratio)), x)
		}
	}
	if slices.ContainsFunc(sections, Section.alone) {
		notes = append([]string{"~ not in turn: measured by another program, before or after"}, notes...)
	}
	if x := Scatter(sections); x > busy {
		notes = append(notes, fmt.Sprintf("the times of a row scatter by %.0f %% here: something else uses this machine. Ratios, taken in turn, suffer less than times; measure again when it is quiet", 100*x))
	}
	for i, n := range notes {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "  %s\n", strings.Join(Wrap(n, Width-4), "\n    "))
	}
}

// String returns the loss without its ratio: "Seal aes-128-gcm 16 B, aesni:
// 70.1 ns, std 66.0 ns".
func (x Loss) String() string {
	n := x.Ours.Name
	what := n.Bench
	for _, word := range []string{n.Op, n.Alg} {
		if word != "" {
			what += " " + word
		}
	}
	if n.Conns > 0 {
		what += fmt.Sprintf(" %d ×", n.Conns)
	}
	if n.Size > 0 {
		what += " " + Bytes(n.Size)
	}
	if n.Tier != "" {
		what += ", " + n.Tier
	}
	return fmt.Sprintf("%s: %s, %s %s", what, amount(x.Ours), x.Theirs.Name.Impl, amount(x.Theirs))
}

// alone reports whether a row of the section was not measured in turn.
func (s Section) alone() bool {
	return slices.ContainsFunc(s.Lines, func(l Line) bool {
		return slices.ContainsFunc(l.Rows, func(r *Row) bool { return r.Alone })
	})
}
