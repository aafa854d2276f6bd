package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/sealane/sealane/bench/peers"
	"github.com/sealane/sealane/bench/report"
)

// The tier of a primitive is fixed when the program starts, by the machine and
// by SEALANE_DISABLE. To measure the tiers below the best, this program starts
// itself again with the better ones disabled, as a worker: a process that times
// a row when it is told to, and sleeps otherwise. So a round takes its samples
// of all tiers and of the peers in turn, and what is measured is exactly what a
// user of that machine would get, without a way into the packages that only
// the benchmark has.

// workerEnv makes the program a worker.
const workerEnv = "SEALANE_BENCH_WORKER"

// disableEnv is read by internal/cpu.
const disableEnv = "SEALANE_DISABLE"

// A hello is what a worker says first: the rows that it can measure. Their
// names hold its tiers.
type hello struct{ Names []report.Name }

// An order tells a worker to run a row's operation N times, or, if N is zero, to
// release the row.
type order struct {
	Name string
	N    int
}

// An answer is the result of an order.
type answer struct {
	Ns  int64
	Err string `json:",omitempty"`
}

// work is the main function of a worker. It ends with its input.
func work(in io.Reader, out io.Writer) int {
	// A terminal sends its interrupt to the worker as well, but it is the
	// parent that stops.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)

	sections := catalog([]peers.Impl{peers.Sealane})
	l := newLocal(sections)
	enc, dec := json.NewEncoder(out), json.NewDecoder(in)
	var h hello
	for _, s := range sections {
		for _, ln := range s.lines {
			for _, r := range ln.rows {
				if r.prepare != nil {
					h.Names = append(h.Names, r.Name)
				}
			}
		}
	}
	if enc.Encode(h) != nil {
		return 1
	}
	for {
		var o order
		if err := dec.Decode(&o); err != nil {
			return 0
		}
		var a answer
		if o.N == 0 {
			l.release(o.Name)
		} else if d, err := l.time(o.Name, o.N); err != nil {
			a.Err = err.Error()
		} else {
			a.Ns = d.Nanoseconds()
		}
		if enc.Encode(a) != nil {
			return 1
		}
	}
}

// A worker is a runner in another process.
type worker struct {
	cmd   *exec.Cmd
	stdin io.Closer
	enc   *json.Encoder
	dec   *json.Decoder
	names []report.Name
}

// startWorker starts this program as a worker, with more tiers disabled.
func startWorker(disable []string) (*worker, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	words := disable
	if was := os.Getenv(disableEnv); was != "" {
		words = append([]string{was}, disable...)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), workerEnv+"=1", disableEnv+"="+strings.Join(words, ","))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w := &worker{cmd: cmd, stdin: stdin, enc: json.NewEncoder(stdin), dec: json.NewDecoder(stdout)}
	var h hello
	if err := w.dec.Decode(&h); err != nil {
		w.close()
		return nil, fmt.Errorf("worker: %w", err)
	}
	w.names = h.Names
	return w, nil
}

func (w *worker) time(name string, n int) (time.Duration, error) {
	a, err := w.ask(order{name, n})
	return time.Duration(a.Ns), err
}

func (w *worker) release(name string) { w.ask(order{name, 0}) }

func (w *worker) ask(o order) (a answer, err error) {
	if err = w.enc.Encode(o); err == nil {
		err = w.dec.Decode(&a)
	}
	if err != nil {
		return a, fmt.Errorf("worker: %w", err)
	}
	if a.Err != "" {
		return a, errors.New(a.Err)
	}
	return a, nil
}

// close ends the worker.
func (w *worker) close() {
	w.stdin.Close()
	w.cmd.Wait()
}

// tiered are the operations that are measured on every tier.
var tiered = map[string]bool{
	"Seal": true, "Open": true, "New": true, "Sum": true,
	"KeyPair": true, "ECDH": true, "Sign": true, "Verify": true,
}

// addTiers adds the rows of the tiers below the best to the sections. It starts
// the workers that run them.
func addTiers(sections []section, start func(disable []string) (*worker, error)) (workers []*worker, err error) {
	byList := map[string]*worker{}
	type kind struct{ bench, alg string }
	disabled := map[kind][]string{} // the tiers above the next
	for i := range sections {
		for j := range sections[i].lines {
			l := &sections[i].lines[j]
			top := l.rows[0].Name
			if !tiered[top.Bench] || top.Tier == "" {
				continue
			}
			k := kind{top.Bench, top.Alg}
			list, known := disabled[k]
			if !known {
				// Disable one tier after the other, until that changes nothing.
				for tier := top.Tier; ; {
					list = append(list, tier)
					key := strings.Join(list, ",")
					w := byList[key]
					if w == nil {
						if w, err = start(list); err != nil {
							return workers, err
						}
						workers = append(workers, w)
						byList[key] = w
					}
					next := tierOf(w.names, top)
					if next == tier || next == "" {
						list = list[:len(list)-1]
						break
					}
					tier = next
				}
				disabled[k] = list
			}
			at := 1 // sealane's rows stand together
			for n := range list {
				w := byList[strings.Join(list[:n+1], ",")]
				name := top
				name.Tier = tierOf(w.names, top)
				r := &row{weight: 1, in: w}
				r.Name, r.Bytes, r.Forced = name, l.rows[0].Bytes, true
				l.rows = append(l.rows[:at], append([]*row{r}, l.rows[at:]...)...)
				at++
			}
		}
	}
	return workers, nil
}

// tierOf returns the tier that the rows of a name's operation and algorithm run on.
func tierOf(names []report.Name, name report.Name) string {
	for _, n := range names {
		if n.Alg == name.Alg && n.Bench == name.Bench {
			return n.Tier
		}
	}
	return ""
}
