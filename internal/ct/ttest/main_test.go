package main

import (
	"math"
	"testing"
)

// Against the definition, with the variances computed from the mean.
func TestWelch(t *testing.T) {
	a, b := []float64{27.5, 21, 19, 23.6, 17, 17.9, 16.9}, []float64{27.1, 22, 20.8, 23.4, 28.2}
	var w welch
	for _, x := range a {
		w.add(false, x)
	}
	for _, x := range b {
		w.add(true, x)
	}
	stats := func(xs []float64) (mean, variance float64) {
		for _, x := range xs {
			mean += x / float64(len(xs))
		}
		for _, x := range xs {
			variance += (x - mean) * (x - mean) / float64(len(xs)-1)
		}
		return mean, variance
	}
	ma, va := stats(a)
	mb, vb := stats(b)
	want := (ma - mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b)))
	if got := w.t(); math.Abs(got-want) > 1e-9 || got > -1 {
		t.Errorf("t = %v, want %v", got, want)
	}
}

// Every subject runs with the fixed secret and with others.
func TestSubjects(t *testing.T) {
	for _, s := range subjects() {
		for _, top := range []byte{0, 1, 0x7f} {
			secret := fixed()
			secret[0] = top
			s.set(secret)()
		}
		if s.name == "" || s.tier == nil {
			t.Errorf("%+v", s)
		}
	}
}
