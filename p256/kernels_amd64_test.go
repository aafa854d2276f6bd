//go:build gc && !purego

package p256

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

func TestPick(t *testing.T) {
	// The kernels that are there, of those that a machine prefers.
	for name, want := range map[string]struct{ mult, base, verify []cpu.Tier }{
		"no features":     {},
		"Haswell":         {},
		"Broadwell":       {adx, adx, adx},
		"Zen 3":           {adx, adx, adx},
		"Skylake-SP":      {adx, adx, adx},
		"Alder Lake":      {adx, adx, adx},
		"Ice Lake":        {ifma, adx, adx}, // 512-bit vectors lower the clock
		"Sapphire Rapids": {ifma, ifma, ifma},
		"Zen 4":           {ifma, ifma, ifma},
		"Zen 5":           {ifma, ifma, ifma},
		"Apple M1":        {},
		"Neoverse V2":     {},
	} {
		f, ok := cryptotest.CPUs[name]
		if !ok {
			t.Fatalf("no CPU %q", name)
		}
		first := func(wanted, there []cpu.Tier) cpu.Tier {
			for _, tier := range wanted {
				if slices.Contains(there, tier) {
					return tier
				}
			}
			return cpu.Generic
		}
		if got, w := pick(f), (tiers{first(want.mult, multTiers), first(want.base, baseTiers), first(want.verify, verifyTiers)}); got != w {
			t.Errorf("%s: %v, want %v", name, got, w)
		}
	}
	if got := pick(cryptotest.CPUs["Zen 5"].Without(cpu.IFMA, cpu.ADX)); got != generic {
		t.Errorf("Zen 5 without ifma and adx: %v", got)
	}
}

// adx and ifma are the tiers to try, best first.
var adx, ifma = []cpu.Tier{cpu.ADX}, []cpu.Tier{cpu.IFMA, cpu.ADX}

func TestExceptional(t *testing.T) {
	testTiers(t, testExceptional)
}

func testExceptional(t *testing.T, ts tiers) {
	r := newRand(30)
	g := generator()
	for _, d := range [][4]uint64{{1}, {2}, {3}, {77}, randomBelow(r, &order), randomBelow(r, &order)} {
		var q point
		q.setMul(&d, &g)
		affine, ok := q.affine()
		if !ok {
			continue
		}
		for _, k := range edgeScalars() {
			given := [2][4]uint64{randomBelow(r, &prime), randomBelow(r, &prime)}
			nd := given
			ts.exceptional(&nd, &k, &affine)
			if n := new(big.Int).Sub(bigN, toBig(&k)); toBig(&k).Cmp(big.NewInt(1)) != 0 && n.Cmp(big.NewInt(1)) != 0 && n.Cmp(big.NewInt(2)) != 0 {
				if nd != given {
					t.Fatalf("k %x: the ratio changed", k)
				}
				continue
			}
			var p point
			p.setMul(&k, &q)
			got := toBig(&nd[1])
			got.ModInverse(got, bigP).Mul(got, toBig(&nd[0])).Mod(got, bigP)
			if want := p.bytes()[1:33]; !bytes.Equal(bytesOf(fromBig(got)), want) {
				t.Errorf("k %x: x-coordinate %x, want %x", k, got, want)
			}
		}
	}
}
