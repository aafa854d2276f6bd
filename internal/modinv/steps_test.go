package modinv

import (
	"cmp"
	"flag"
	"math"
	"slices"
	"testing"
)

var allSteps = flag.Bool("steps", false, "compute the number of divsteps for 256 bits, which takes ten seconds, not only for 64")

// The number of divsteps, by Wuille's method (github.com/sipa/safegcd-bounds): what
// becomes of all real pairs 0 <= g <= f <= 1 is, δ by δ, within a convex polygon,
// and integers below 2^n have g = 0 when |g| is less than 2^-n all over the
// polygon. Coordinates are rounded to 53 bits.
func TestSteps(t *testing.T) {
	type point struct{ f, g float64 }
	hull := func(ps []point) []point {
		slices.SortFunc(ps, func(a, b point) int {
			return cmp.Or(cmp.Compare(a.f, b.f), cmp.Compare(a.g, b.g))
		})
		var h []point
		for range 2 {
			start := len(h)
			for _, p := range ps {
				for len(h) > start+1 {
					a, b := h[len(h)-2], h[len(h)-1]
					if (b.f-a.f)*(p.g-a.g)-(b.g-a.g)*(p.f-a.f) > 0 {
						break
					}
					h = h[:len(h)-1]
				}
				h = append(h, p)
			}
			h = h[:len(h)-1]
			slices.Reverse(ps)
		}
		return h
	}
	count := func(bits int) int {
		small := math.Ldexp(1, -bits)
		polygons := map[int][]point{1: {{0, 0}, {1, 0}, {1, 1}}} // by 2δ
		for n := 1; ; n++ {
			next := map[int][]point{}
			for δ, polygon := range polygons {
				for _, p := range polygon {
					next[δ+2] = append(next[δ+2], point{p.f, p.g / 2})
					if δ > 0 {
						next[2-δ] = append(next[2-δ], point{p.g, (p.g - p.f) / 2})
					} else {
						next[δ+2] = append(next[δ+2], point{p.f, (p.g + p.f) / 2})
					}
				}
			}
			clear(polygons)
			for δ, ps := range next {
				h := hull(ps)
				if slices.ContainsFunc(h, func(p point) bool { return math.Abs(p.g) >= small }) {
					polygons[δ] = h
				}
			}
			if len(polygons) == 0 {
				return n
			}
		}
	}
	if n := count(64); n != 148 {
		t.Errorf("%d steps for 64 bits", n)
	}
	if *allSteps {
		if n := count(256); n != steps {
			t.Errorf("%d steps for 256 bits, not %d", n, steps)
		}
	}
}
