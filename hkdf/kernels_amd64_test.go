//go:build gc && !purego

package hkdf

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
	"github.com/sealane/sealane/sha2"
)

func TestPick(t *testing.T) {
	for name, want := range map[string]cpu.Tier{
		"Core 2":          cpu.Generic,
		"Westmere":        cpu.Generic,
		"Goldmont":        cpu.SHANI,
		"Haswell":         cpu.Generic,
		"Zen 2":           cpu.SHANI,
		"Skylake-SP":      cpu.Generic,
		"Ice Lake":        cpu.SHANI,
		"Alder Lake":      cpu.SHANI,
		"Sapphire Rapids": cpu.SHANI,
		"Zen 5":           cpu.SHANI,
		"Apple M1":        cpu.Generic,
		"Neoverse V2":     cpu.Generic,
	} {
		f, ok := cryptotest.CPUs[name]
		if !ok {
			t.Errorf("no CPU %s", name)
		}
		if got := pick(f); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if got := pick(f.Without(cpu.SHANI)); got != cpu.Generic {
			t.Errorf("%s without shani: %v", name, got)
		}
	}
}

// The kernels against their twins, at every length and against guard pages.
func TestKernels(t *testing.T) {
	cryptotest.Tiers(t, "hkdf", []cpu.Tier{cpu.SHANI}, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(7, 8))
		alg := algs[0]
		alg.tier = tier
		raw, message, message1, out := cryptotest.NewGuard(t, 64), cryptotest.NewGuard(t, 64), cryptotest.NewGuard(t, 64), cryptotest.NewGuard(t, 64)
		check := func(key, msg, msg1, out []byte) {
			t.Helper()
			cryptotest.Fill(r, key)
			cryptotest.Fill(r, msg)
			cryptotest.Fill(r, msg1)
			iv := alg.iv256
			if r.IntN(2) == 0 {
				cryptotest.Fill(r, unsafe.Slice((*byte)(unsafe.Pointer(&iv)), 32))
			}

			twin := key256{size: sha2.Size256, tier: cpu.Generic}
			twin.pads(&iv, key)
			var want, want1 [32]byte
			twin.short(&want, msg)
			twin.short(&want1, msg1)

			got := key256{size: sha2.Size256, tier: tier}
			if err := cryptotest.Fault(func() { got.pads(&iv, key) }); err != nil {
				t.Fatalf("pads: a key of %d bytes: %v", len(key), err)
			}
			if got.inner != twin.inner || got.outer != twin.outer {
				t.Fatalf("pads(%x, %x) = %x, %x, want %x, %x", iv, key, got.inner, got.outer, twin.inner, twin.outer)
			}
			sum := (*[32]byte)(out[32:])
			if err := cryptotest.Fault(func() { got.short(sum, msg) }); err != nil {
				t.Fatalf("short: a message of %d bytes: %v", len(msg), err)
			}
			if *sum != want {
				t.Fatalf("short(%x) = %x, want %x", msg, *sum, want)
			}
			*sum = [32]byte{}
			if err := cryptotest.Fault(func() { once(tier, sum, &iv, key, msg) }); err != nil {
				t.Fatalf("once: a key of %d bytes, a message of %d: %v", len(key), len(msg), err)
			}
			if *sum != want {
				t.Fatalf("once(%x, %x, %x) = %x, want %x", iv, key, msg, *sum, want)
			}
			sums := (*[2][32]byte)(unsafe.Pointer(unsafe.SliceData(out)))
			if err := cryptotest.Fault(func() { got.short2(sums, msg, msg1) }); err != nil {
				t.Fatalf("short2: messages of %d and %d bytes: %v", len(msg), len(msg1), err)
			}
			if *sums != [2][32]byte{want, want1} {
				t.Fatalf("short2(%x, %x) = %x, want %x, %x", msg, msg1, *sums, want, want1)
			}
		}
		for n := range maxShort256 + 1 {
			for n1 := range maxShort256 + 1 {
				k := (17*n + n1) % (sha2.BlockSize256 + 1)
				check(raw.End(k), message.End(n), message1.End(n1), out.End(64))
				check(raw.Start(k), message.Start(n), message1.Start(n1), out.Start(64))
			}
		}
		check(nil, nil, nil, out.End(64))
	})
}
