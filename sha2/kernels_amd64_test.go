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
		"Haswell":         {cpu.Generic, cpu.Generic},
		"Zen 2":           {cpu.SHANI, cpu.Generic},
		"Zen 3":           {cpu.SHANI, cpu.Generic},
		"Skylake-SP":      {cpu.Generic, cpu.Generic},
		"Ice Lake":        {cpu.SHANI, cpu.Generic},
		"Alder Lake":      {cpu.SHANI, cpu.Generic},
		"Sapphire Rapids": {cpu.SHANI, cpu.Generic},
		"Zen 4":           {cpu.SHANI, cpu.Generic},
		"Zen 5":           {cpu.SHANI, cpu.Generic},
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
	if got := pick256(cryptotest.CPUs["Zen 5"].Without(cpu.SHANI)); got != cpu.Generic {
		t.Errorf("Zen 5 without shani: %v", got)
	}
}
