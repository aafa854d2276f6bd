package cpu_test

import (
	"slices"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// Which tiers may run on which machine.
func TestTiersByCPU(t *testing.T) {
	sse := []cpu.Tier{cpu.SSSE3}
	avx := append(slices.Clone(sse), cpu.AESNI)
	avx2 := append(slices.Clone(avx), cpu.AVX2)
	for name, want := range map[string][]cpu.Tier{
		"no features":     nil,
		"Core 2":          sse,
		"Westmere":        sse, // AES-NI, but no AVX, which the tier's kernels use
		"Goldmont":        {cpu.SSSE3, cpu.SHANI},
		"Sandy Bridge":    avx,
		"Haswell":         avx2,
		"Broadwell":       {cpu.SSSE3, cpu.AESNI, cpu.AVX2, cpu.ADX},
		"Zen 2":           {cpu.SSSE3, cpu.AESNI, cpu.SHANI, cpu.AVX2, cpu.ADX},
		"Zen 3":           {cpu.SSSE3, cpu.AESNI, cpu.VAES256, cpu.SHANI, cpu.AVX2, cpu.ADX},
		"Skylake-SP":      {cpu.SSSE3, cpu.AESNI, cpu.AVX2, cpu.ADX},
		"Ice Lake":        {cpu.SSSE3, cpu.AESNI, cpu.VAES256, cpu.SHANI, cpu.AVX2, cpu.ADX, cpu.IFMA},
		"Alder Lake":      {cpu.SSSE3, cpu.AESNI, cpu.VAES256, cpu.SHANI, cpu.AVX2, cpu.ADX},
		"Sapphire Rapids": all,
		"Zen 4":           all,
		"Zen 5":           all,
		"Apple M1":        nil,
		"Neoverse N1":     nil,
		"Neoverse V2":     nil,
	} {
		x, ok := cryptotest.CPUs[name]
		if !ok {
			t.Errorf("no CPU is called %s", name)
		}
		for _, tier := range all {
			if x.Has(tier) != slices.Contains(want, tier) {
				t.Errorf("%s: Has(%v) = %v", name, tier, x.Has(tier))
			}
		}
	}
	if got, want := cryptotest.CPUs["Zen 5"].First(cpu.VAES512, cpu.VAES256, cpu.AESNI), cpu.VAES512; got != want {
		t.Errorf("the best tier of Zen 5 is %v", got)
	}
	if got, want := cryptotest.CPUs["Ice Lake"].First(cpu.VAES512, cpu.VAES256, cpu.AESNI), cpu.VAES256; got != want {
		t.Errorf("the best tier of Ice Lake is %v", got)
	}
}

// all tiers that have kernels.
var all = []cpu.Tier{cpu.SSSE3, cpu.AESNI, cpu.VAES256, cpu.VAES512, cpu.SHANI, cpu.AVX2, cpu.AVX512, cpu.ADX, cpu.IFMA}
