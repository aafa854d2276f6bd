//go:build gc && !purego

package chacha20poly1305

import (
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

func TestPick(t *testing.T) {
	for name, want := range map[string]cpu.Tier{
		"no features":     cpu.Generic,
		"Core 2":          cpu.SSSE3,
		"Westmere":        cpu.SSSE3,
		"Haswell":         cpu.AVX2,
		"Ice Lake":        cpu.AVX2,
		"Alder Lake":      cpu.AVX2,
		"Zen 3":           cpu.AVX2,
		"Sapphire Rapids": cpu.AVX512,
		"Zen 4":           cpu.AVX512,
		"Zen 5":           cpu.AVX512,
		"Apple M1":        cpu.Generic,
		"Neoverse N1":     cpu.Generic,
		"Neoverse V2":     cpu.Generic,
	} {
		f, ok := cryptotest.CPUs[name]
		if !ok {
			t.Fatalf("no CPU %q", name)
		}
		if got := pick(f); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	// Each tier follows when those before it are disabled.
	f := cryptotest.CPUs["Zen 5"]
	for _, tier := range append(kernelTiers[:len(kernelTiers):len(kernelTiers)], cpu.Generic) {
		if got := pick(f); got != tier {
			t.Errorf("Zen 5 with %v the best: %v", tier, got)
		}
		f = f.Without(tier)
	}
}

// No kernel call may be longer than maxCall, since nothing can stop it.
func TestCallLengths(t *testing.T) {
	if hostTier == cpu.Generic {
		t.Skip("no kernels on this machine")
	}
	a, err := New(make([]byte, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, NonceSize)
	var calls, sum, longest int
	callHook = func(n int) { calls, sum, longest = calls+1, sum+n, max(longest, n) }
	defer func() { callHook = nil }()
	check := func(what string, total int) {
		t.Helper()
		if sum != total || longest > 64<<10 || calls < max(2, total>>16) {
			t.Errorf("%s: %d calls of at most %d bytes, %d bytes in all, want %d", what, calls, longest, sum, total)
		}
		calls, sum, longest = 0, 0, 0
	}
	for _, n := range []int{maxCall + 1, 2 * maxCall, 3*maxCall + 12345, 16 << 20} {
		for _, ad := range []int{0, 65, 3*maxCall + 5} {
			pt, data := make([]byte, n), make([]byte, ad)
			sealed := a.Seal(nil, nonce, pt, data)
			check("seal", n+ad)
			if _, err := a.Open(nil, nonce, sealed, data); err != nil {
				t.Fatal(err)
			}
			check("open", n+ad)
		}
	}
	for _, n := range []int{0, 100, maxCall} {
		data := make([]byte, maxWhole-n+1)
		a.Seal(nil, nonce, make([]byte, n), data)
		check("much additional data", n+len(data))
	}
}
