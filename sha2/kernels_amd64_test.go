//go:build gc && !purego

package sha2

import (
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

func TestPick(t *testing.T) {
	for name, want := range map[string][2]cpu.Tier{
		"no features":     {cpu.Generic, cpu.Generic},
		"Westmere":        {cpu.Generic, cpu.Generic},
		"Goldmont":        {cpu.SHANI, cpu.Generic},
		"Sandy Bridge":    {cpu.Generic, cpu.Generic},
		"Haswell":         {cpu.AVX2, cpu.AVX2},
		"Zen 2":           {cpu.SHANI, cpu.AVX2},
		"Zen 3":           {cpu.SHANI, cpu.AVX2},
		"Skylake-SP":      {cpu.AVX2, cpu.AVX2},
		"Ice Lake":        {cpu.SHANI, cpu.AVX2},
		"Alder Lake":      {cpu.SHANI, cpu.AVX2},
		"Sapphire Rapids": {cpu.SHANI, cpu.AVX512},
		"Zen 4":           {cpu.SHANI, cpu.AVX512},
		"Zen 5":           {cpu.SHANI, cpu.AVX512},
		"Apple M1":        {cpu.Generic, cpu.Generic},
		"Neoverse N1":     {cpu.Generic, cpu.Generic},
		"Neoverse V2":     {cpu.Generic, cpu.Generic},
	} {
		f, ok := cryptotest.CPUs[name]
		if !ok {
			t.Fatalf("no CPU %s", name)
		}
		if got := [2]cpu.Tier{pick256(f), pick512(f)}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f := cryptotest.CPUs["Zen 5"]
	for _, c := range []struct {
		without []cpu.Tier
		want    [2]cpu.Tier
	}{
		{[]cpu.Tier{cpu.SHANI}, [2]cpu.Tier{cpu.AVX2, cpu.AVX512}},
		{[]cpu.Tier{cpu.AVX512}, [2]cpu.Tier{cpu.SHANI, cpu.AVX2}},
		{[]cpu.Tier{cpu.SHANI, cpu.AVX2}, [2]cpu.Tier{cpu.Generic, cpu.AVX512}},
		{[]cpu.Tier{cpu.AVX512, cpu.AVX2}, [2]cpu.Tier{cpu.SHANI, cpu.Generic}},
	} {
		f := f.Without(c.without...)
		if got := [2]cpu.Tier{pick256(f), pick512(f)}; got != c.want {
			t.Errorf("Zen 5 without %v: %v, want %v", c.without, got, c.want)
		}
	}
}
