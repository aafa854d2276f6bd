package report

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// A Row is what was measured for one name.
type Row struct {
	Name  Name
	Bytes int // bytes that one operation handles; zero if a rate in bytes means nothing

	Unit Unit // of the samples
	Each bool // a rate in operations a second means something

	// Samples are the rounds, in their order. Sample i of one row and sample i
	// of another row of its line were taken one after the other, unless one of
	// them is Alone.
	Samples []Sample

	Alone   bool // measured by another program at another time, so not in turn
	Ceiling bool // a bound, not a competitor
	Forced  bool // on a tier that sealane would not choose on this machine
}

// A Sample is one timed run of operations.
type Sample struct {
	Iters int
	Value float64 // of one operation, in the row's unit
}

// A Unit is what the samples of a row are in, as it stands in the result file.
// Of all units less is better.
type Unit string

const (
	Time   Unit = ""          // nanoseconds, ns/op in the file
	Allocs Unit = "allocs/op" // allocations
	Heap   Unit = "B/conn"    // bytes of heap
)

// measured reports whether there is a row with samples.
func (r *Row) measured() bool { return r != nil && len(r.Samples) > 0 }

// Value returns the median of an operation, in the row's unit.
func (r *Row) Value() float64 { return median(r.values()) }

func (r *Row) values() []float64 {
	x := make([]float64, len(r.Samples))
	for i, s := range r.Samples {
		x[i] = s.Value
	}
	return x
}

// Rate returns the median throughput in bytes a second, or in operations a
// second for a row that is Each, or zero.
func (r *Row) Rate() float64 {
	n := r.Bytes
	if r.Each {
		n = 1
	}
	if n == 0 || len(r.Samples) == 0 {
		return 0
	}
	return float64(n) / r.Value() * 1e9
}

// scatter returns the interquartile range of the row's times, as a part of their
// median.
func (r *Row) scatter() float64 {
	x := r.values()
	slices.Sort(x)
	half := (len(x) + 1) / 2
	return (median(x[len(x)-half:]) - median(x[:half])) / median(x)
}

// Scatter returns how much the times of a row differ among themselves: the
// interquartile range as a part of the median, of the middle row of all. On a
// machine that does nothing else it is a few percent.
func Scatter(sections []Section) float64 {
	var all []float64
	for _, s := range sections {
		for _, l := range s.Lines {
			for _, r := range l.Rows {
				if len(r.Samples) >= 4 {
					all = append(all, r.scatter())
				}
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	return median(all)
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Clone(x)
	slices.Sort(x)
	if n := len(x); n%2 == 0 {
		return (x[n/2-1] + x[n/2]) / 2
	}
	return x[len(x)/2]
}

// A Ratio tells how many times faster one row is than another, or how many times
// less it takes of another unit.
type Ratio struct {
	Center float64 // median over the rounds
	Lo, Hi float64 // 95 % confidence interval of Center, infinite if there are too few rounds to have one
	Paired bool    // the two rows were measured in turn
}

// Compare returns how many times faster a is than b. If the two were measured
// in turn, it is the median of the ratios of each round, which a machine that
// gets slower and faster in the meantime disturbs little; otherwise it is the
// ratio of the medians, without an interval.
func Compare(a, b *Row) Ratio {
	if a.Alone || b.Alone || len(a.Samples) != len(b.Samples) {
		return Ratio{Center: b.Value() / a.Value(), Lo: math.Inf(-1), Hi: math.Inf(1)}
	}
	ratios := make([]float64, len(a.Samples))
	for i := range ratios {
		ratios[i] = b.Samples[i].Value / a.Samples[i].Value
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(ratios, &benchmath.DefaultThresholds), 0.95)
	return Ratio{Center: s.Center, Lo: s.Lo, Hi: s.Hi, Paired: true}
}

// Slower reports whether the ratio says that the first row is slower than the
// second: by the whole interval if there is one, by the center otherwise.
func (r Ratio) Slower() bool {
	if math.IsInf(r.Hi, 1) {
		return r.Center < 1
	}
	return r.Hi < 1
}
