package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sealane/sealane/bench/report"
)

// A runner times operations of rows, here or in another process.
type runner interface {
	// time runs the row's operation n times, n > 0, and returns how long that
	// takes. The first call for a name sets the row up.
	time(name string, n int) (time.Duration, error)
	// release gives back what the set-up of name took.
	release(name string)
}

// local runs the rows of this process.
type local struct {
	rows  map[string]*row
	ready map[string]prepared
}

type prepared struct {
	op   func(n int) error
	done func()
}

func newLocal(sections []section) *local {
	l := &local{map[string]*row{}, map[string]prepared{}}
	for _, s := range sections {
		for _, ln := range s.lines {
			for _, r := range ln.rows {
				if r.prepare != nil {
					l.rows[r.Name.String()] = r
				}
			}
		}
	}
	return l
}

func (l *local) time(name string, n int) (time.Duration, error) {
	p, ok := l.ready[name]
	if !ok {
		r := l.rows[name]
		if r == nil {
			return 0, fmt.Errorf("no row %s", name)
		}
		var err error
		if p.op, p.done, err = r.prepare(); err != nil {
			return 0, err
		}
		l.ready[name] = p
	}
	// Caches and predictors have seen another implementation since.
	if err := p.op(n/16 + 1); err != nil {
		return 0, err
	}
	// The median of some bursts, so that losing the processor for a moment does
	// not spoil the sample.
	per := max(1, n/bursts)
	var took []time.Duration
	for done := 0; done+per <= n; done += per {
		start := time.Now()
		if err := p.op(per); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)/2] * time.Duration(n) / time.Duration(per), nil
}

// bursts is how many parts a sample is timed in.
const bursts = 5

func (l *local) release(name string) {
	if p, ok := l.ready[name]; ok {
		if p.done != nil {
			p.done()
		}
		delete(l.ready, name)
	}
}

// A plan says how long a run may take.
type plan struct {
	count  int           // samples of a row
	budget time.Duration // of all samples of all rows that are measured in turn
	most   time.Duration // of one sample
}

// least is the shortest sample: shorter ones say little.
const least = 300 * time.Microsecond

// A meter measures lines within a plan.
type meter struct {
	plan     plan
	total    int           // slices of all rows, count times the sum of their weights
	spent    time.Duration // of the budget
	measured int           // of total

	alone, aloneDone int // rows that another program measures, a second each

	// step, if not nil, is called now and then with the part of the whole that
	// is done, between 0 and 1.
	step func(done float64)
}

// newMeter returns a meter for the lines of the sections.
func newMeter(p plan, sections []section) *meter {
	m := &meter{plan: p}
	for _, s := range sections {
		for _, l := range s.lines {
			m.total += m.slices(&l)
			for _, r := range l.rows {
				if r.Alone {
					m.alone++
				}
			}
		}
	}
	return m
}

// done returns the part of the whole that is done, given that so many slices of
// the line at hand are, too.
func (m *meter) done(slices int) float64 {
	slice := min(m.plan.budget/time.Duration(max(1, m.total)), m.plan.most).Seconds()
	all := slice*float64(m.total) + float64(m.alone)
	if all == 0 {
		return 0
	}
	return (slice*float64(m.measured+slices) + float64(m.aloneDone)) / all
}

func (m *meter) tell(slices int) {
	if m.step != nil {
		m.step(m.done(slices))
	}
}

// slices returns how many samples of weight 1 the line takes.
func (m *meter) slices(l *line) (n int) {
	for _, r := range l.rows {
		if !r.Alone {
			n += r.weight * m.plan.count
		}
	}
	return n
}

// slice returns the length of a sample of weight 1 such that what is left of
// the budget does for what is left to measure.
func (m *meter) slice() time.Duration {
	left := m.plan.budget - m.spent
	d := left / time.Duration(max(1, m.total-m.measured))
	return min(max(d, least), m.plan.most)
}

// A failure is a row that could not be measured.
type failure struct {
	name string
	err  error
}

// measure takes the samples of the line's rows, in turn: round by round, each
// row once, in alternating order; and of those that are counted once. Rows that fail are taken out of the line. If
// the context ends, measure returns its error, and the line is not finished.
func (m *meter) measure(ctx context.Context, l *line) (failed []failure, err error) {
	start := time.Now()
	slice := m.slice()
	units := m.slices(l)
	var alone, gauged, turn []*row
	for _, r := range l.rows {
		switch {
		case r.Alone:
			alone = append(alone, r)
		case r.gauge != nil:
			gauged = append(gauged, r)
		default:
			turn = append(turn, r)
		}
	}
	fail := func(r *row, err error) {
		failed = append(failed, failure{r.Name.String(), err})
		r.Samples = nil
		drop := func(x *row) bool { return x == r }
		turn = slices.DeleteFunc(turn, drop)
		l.rows = slices.DeleteFunc(l.rows, drop)
	}
	defer func() {
		for _, r := range turn {
			r.in.release(r.Name.String())
		}
	}()

	iters := map[*row]int{}
	for _, r := range slices.Clone(turn) {
		if ctx.Err() != nil {
			return failed, ctx.Err()
		}
		n, err := calibrate(r, slice*time.Duration(r.weight))
		if err != nil {
			fail(r, err)
			continue
		}
		iters[r] = n
	}
	for round := range m.plan.count {
		order := slices.Clone(turn)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, r := range order {
			if ctx.Err() != nil {
				return failed, ctx.Err()
			}
			d, err := r.in.time(r.Name.String(), iters[r])
			if err == nil && d <= 0 {
				err = errors.New("the clock stands still")
			}
			if err != nil {
				fail(r, err)
				continue
			}
			r.Samples = append(r.Samples, report.Sample{Iters: iters[r], Value: float64(d.Nanoseconds()) / float64(iters[r])})
		}
		m.tell(units * (round + 1) / m.plan.count)
	}
	for _, r := range gauged {
		if ctx.Err() != nil {
			return failed, ctx.Err()
		}
		s, err := r.gauge()
		if err != nil {
			fail(r, err)
			continue
		}
		r.Samples = []report.Sample{s}
	}
	m.measured += units
	m.spent += time.Since(start)

	for _, r := range alone {
		s, err := r.speed(ctx)
		if ctx.Err() != nil {
			return failed, ctx.Err()
		}
		m.aloneDone++
		m.tell(0)
		if err != nil {
			fail(r, err)
			continue
		}
		r.Samples = []report.Sample{s}
	}
	return failed, nil
}

// calibrate returns how many operations take about as long as slice.
func calibrate(r *row, slice time.Duration) (int, error) {
	for n := 1; ; n *= 4 {
		d, err := r.in.time(r.Name.String(), n)
		if err != nil {
			return 0, err
		}
		if d >= slice/8 || n >= 1<<26 {
			return max(1, int(float64(n)*float64(slice)/float64(max(d, 1)))), nil
		}
	}
}
