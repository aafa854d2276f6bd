// Command ttest measures whether the time of operations depends on secrets: each
// runs with one fixed secret and with random ones, in random order, and Welch's
// t-test compares the two (Reparaz, Balasch, Verbauwhede, "Dude, is my code
// constant time?", eprint 2016/1123). From the root:
//
//	go run ./internal/ct/ttest [-samples 20000]
//
// It is a tool and no test: |t| above 10 is a reason to look closer, and under 5
// is what no leak looks like, on a machine that is not busy. The last row leaks,
// to show what that looks like. Proofs are what commands grind and listing do.
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"math"
	mrand "math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/chacha20poly1305"
	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/x25519"
)

// A subject is an operation on a secret of 32 bytes. Its set-up returns what is
// to be timed.
type subject struct {
	name string
	tier func() string
	set  func(secret []byte) (run func())
}

// calls are timed together: the clock is not so fine.
const calls = 4

func main() {
	samples := flag.Int("samples", 20000, "samples of each operation")
	flag.Parse()
	for _, s := range subjects() {
		fmt.Printf("%-24s %-8s t = %8.1f\n", s.name, s.tier(), measure(s, *samples))
	}
}

func subjects() []subject {
	key := fixed()
	x, err := x25519.NewPrivateKey(key)
	fatal(err)
	p, err := p256.NewPrivateKey(key)
	fatal(err)
	a, err := aesgcm.New(key)
	fatal(err)
	c, err := chacha20poly1305.New(key)
	fatal(err)
	digest := make([]byte, 32)
	return []subject{
		{"x25519 ECDH", x.Tier, func(secret []byte) func() {
			k, err := x25519.NewPrivateKey(secret)
			fatal(err)
			return func() { _, err := k.ECDH(x.PublicKey()); fatal(err) }
		}},
		{"x25519 PublicKey", x.Tier, func(secret []byte) func() {
			return func() { k, err := x25519.NewPrivateKey(secret); fatal(err); k.PublicKey() }
		}},
		{"p256 ECDH", p.Tier, func(secret []byte) func() {
			k, err := p256.NewPrivateKey(secret)
			fatal(err)
			return func() { _, err := k.ECDH(p.PublicKey()); fatal(err) }
		}},
		{"p256 PublicKey", p.Tier, func(secret []byte) func() {
			return func() { k, err := p256.NewPrivateKey(secret); fatal(err); k.PublicKey() }
		}},
		// Deterministic: the nonce is as fixed as the key. The length of the
		// signature is public; so is the time to write it.
		{"p256 Sign", p.Tier, func(secret []byte) func() {
			k, err := p256.NewPrivateKey(secret)
			fatal(err)
			return func() { _, err := p256.Sign(nil, k, digest); fatal(err) }
		}},
		{"aesgcm New, Seal", a.Tier, func(secret []byte) func() {
			nonce, dst := make([]byte, 12), make([]byte, 0, 80)
			return func() { a, err := aesgcm.New(secret); fatal(err); a.Seal(dst, nonce, secret, secret) }
		}},
		{"chacha20poly1305 Seal", c.Tier, func(secret []byte) func() {
			nonce, dst := make([]byte, 12), make([]byte, 0, 80)
			return func() { c, err := chacha20poly1305.New(secret); fatal(err); c.Seal(dst, nonce, secret, secret) }
		}},
		{"a comparison that leaks", func() string { return "" }, func(secret []byte) func() {
			return func() {
				for range 20 {
					leak(secret, key)
				}
			}
		}},
	}
}

// fixed returns the fixed secret, less than the order of P-256.
func fixed() []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(i + 1)
	}
	return b
}

// leak compares byte by byte until two differ.
//
//go:noinline
func leak(a, b []byte) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// measure returns Welch's t of the times of an operation with the fixed secret
// and with random ones.
func measure(s subject, samples int) float64 {
	type sample struct {
		random bool
		run    func()
		time   float64
	}
	all := make([]sample, samples)
	for i := range all {
		secret := fixed()
		all[i].random = mrand.IntN(2) == 1
		if all[i].random {
			rand.Read(secret)
			secret[0] &= 0x7f // less than the order of P-256
		}
		all[i].run = s.set(secret)
	}
	for i := range all {
		start := time.Now()
		for range calls {
			all[i].run()
		}
		all[i].time = float64(time.Since(start))
	}
	// What is far above the median was interrupted: half of the rest is kept, the
	// same for both.
	times := make([]float64, samples)
	for i := range all {
		times[i] = all[i].time
	}
	slices.Sort(times)
	limit := times[samples*3/4]
	var w welch
	for _, x := range all {
		if x.time <= limit {
			w.add(x.random, x.time)
		}
	}
	return w.t()
}

// A welch holds the numbers, sums and sums of squares of two classes.
type welch struct{ n, sum, squares [2]float64 }

func (w *welch) add(class bool, x float64) {
	i := 0
	if class {
		i = 1
	}
	w.n[i]++
	w.sum[i] += x
	w.squares[i] += x * x
}

// t is the difference of the means in units of its standard deviation.
func (w *welch) t() float64 {
	var mean, variance [2]float64
	for i := range mean {
		mean[i] = w.sum[i] / w.n[i]
		variance[i] = (w.squares[i] - w.n[i]*mean[i]*mean[i]) / (w.n[i] - 1)
	}
	return (mean[0] - mean[1]) / math.Sqrt(variance[0]/w.n[0]+variance[1]/w.n[1])
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "ttest:", err)
		os.Exit(1)
	}
}
