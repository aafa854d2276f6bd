//go:build gc && !purego

package modinv

import (
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

func TestPick(t *testing.T) {
	for name, want := range map[string]cpu.Tier{
		"Core 2":          cpu.Generic,
		"Haswell":         cpu.Generic,
		"Broadwell":       cpu.ADX,
		"Zen 2":           cpu.ADX,
		"Zen 3":           cpu.ADX,
		"Skylake-SP":      cpu.ADX,
		"Ice Lake":        cpu.ADX,
		"Sapphire Rapids": cpu.ADX,
		"Zen 5":           cpu.ADX,
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
		if got := pick(f.Without(cpu.ADX)); got != cpu.Generic {
			t.Errorf("%s without adx: %v", name, got)
		}
	}
}

var adx = []inverter{
	{"P25519", &p25519, p25519ADX},
	{"P256", &p256, p256ADX},
	{"N256", &n256, n256ADX},
}

// The kernels return what math/big does, as their twins do (TestInvertGeneric).
func TestInvertKernels(t *testing.T) {
	cryptotest.Tiers(t, "internal/modinv", []cpu.Tier{cpu.ADX}, func(t *testing.T, tier cpu.Tier) {
		for _, in := range adx {
			t.Run(in.name, func(t *testing.T) { testInvert(t, in) })
		}
		t.Run("P256N256", func(t *testing.T) { testPair(t, p256n256ADX) })
	})
}

func BenchmarkKernels(b *testing.B) {
	x := [4]uint64{0x0123456789abcdef, 0x1123456789abcdef, 0x2123456789abcdef, 0x3123456789abcdef}
	cryptotest.BenchTiers(b, []cpu.Tier{cpu.ADX}, func(b *testing.B, tier cpu.Tier) {
		for _, in := range adx {
			b.Run("modulus="+in.name, func(b *testing.B) {
				for b.Loop() {
					in.invert(&x, &x)
				}
			})
		}
		b.Run("modulus=P256N256", func(b *testing.B) {
			y := x
			for b.Loop() {
				p256n256ADX(&x, &x, &y, &y)
			}
		})
	})
}
