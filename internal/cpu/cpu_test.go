package cpu

import (
	"slices"
	"testing"
)

func TestParseTier(t *testing.T) {
	seen := map[string]bool{}
	for tier := Generic; tier < numTiers; tier++ {
		word := tier.String()
		if got, ok := ParseTier(word); !ok || got != tier {
			t.Errorf("ParseTier(%q) = %v, %v", word, got, ok)
		}
		if word == "" || seen[word] {
			t.Errorf("tier %d has no name of its own: %q", tier, word)
		}
		seen[word] = true
	}
	for _, word := range []string{"", "invalid", "VAES512", "vaes", "avx512 ", "shani,avx2"} {
		if got, ok := ParseTier(word); ok {
			t.Errorf("ParseTier(%q) = %v", word, got)
		}
	}
	if s := numTiers.String(); s != "invalid" {
		t.Errorf("a tier out of range is called %q", s)
	}
}

func TestParseFeature(t *testing.T) {
	for f := range numFeatures {
		if got, ok := ParseFeature(f.String()); !ok || got != f {
			t.Errorf("ParseFeature(%q) = %v, %v", f, got, ok)
		}
	}
	for _, name := range []string{"", "MMX", "avx2", "AVX-512F"} {
		if got, ok := ParseFeature(name); ok {
			t.Errorf("ParseFeature(%q) = %v", name, got)
		}
	}
}

// Every tier but Generic needs something, each tier's vectors need what the
// narrower ones need, and 512-bit vectors ask the policy unless the tier says
// why not.
func TestRequirements(t *testing.T) {
	for tier := Generic + 1; tier < numTiers; tier++ {
		need := Of(tier.Requires()...)
		if need == Of() {
			t.Errorf("%v needs nothing", tier)
		}
		for _, c := range []struct{ wide, narrow Feature }{
			{AVX512DQ, AVX512F}, {AVX512BW, AVX512F}, {AVX512VL, AVX512F}, {AVX512IFMA, AVX512F}, {AVX512F, AVX2Ext},
			{VAES, AES}, {VPCLMULQDQ, PCLMULQDQ}, {VAES, AVX2Ext}, {AVX2Ext, AVX}, {AVX, SSE41}, {SSE41, SSSE3Ext}, {SSSE3Ext, SSE2},
		} {
			if need.HasFeature(c.wide) && !need.HasFeature(c.narrow) {
				t.Errorf("%v needs %v but not %v", tier, c.wide, c.narrow)
			}
		}
		if need.HasFeature(Fast512) && !need.HasFeature(AVX512F) {
			t.Errorf("%v asks the policy for 512-bit vectors without AVX-512", tier)
		}
	}
	for _, tier := range []Tier{VAES512, AVX512} {
		if !slices.Contains(tier.Requires(), Fast512) {
			t.Errorf("%v does not ask the policy", tier)
		}
	}
}

// A tier may run where all it needs is there, and not if one feature is
// missing.
func TestHasIsConjunction(t *testing.T) {
	for tier := Generic + 1; tier < numTiers; tier++ {
		need := tier.Requires()
		if !Of(need...).Has(tier) {
			t.Errorf("%v may not run with all that it needs", tier)
		}
		for i, f := range need {
			if Of(slices.Delete(slices.Clone(need), i, i+1)...).Has(tier) {
				t.Errorf("%v may run without %v", tier, f)
			}
		}
	}
	var all []Feature
	for f := range numFeatures {
		all = append(all, f)
	}
	for _, tier := range []Tier{Invalid, numTiers, numTiers + 1} {
		if Of(all...).Has(tier) {
			t.Errorf("the invalid tier %d may run", tier)
		}
	}
	if !Of().Has(Generic) || !Of().Without(Generic).Has(Generic) {
		t.Error("generic code may not run")
	}
}

func TestDisable(t *testing.T) {
	all := Of(func() (fs []Feature) {
		for f := range numFeatures {
			fs = append(fs, f)
		}
		return
	}()...)
	for _, c := range []struct {
		list    string
		removed []Tier
		unknown []string
	}{
		{"", nil, nil},
		{",, ,", nil, nil},
		{"vaes512", []Tier{VAES512}, nil},
		{"vaes512,avx512", []Tier{VAES512, AVX512}, nil},
		{" vaes512 , shani ", []Tier{VAES512, SHANI}, nil},
		{"vaes512,vaes512", []Tier{VAES512}, nil},
		{"avx1024,shani,AVX2", []Tier{SHANI}, []string{"avx1024", "AVX2"}},
		{"generic,invalid", nil, []string{"generic", "invalid"}},
	} {
		x, unknown := disable(all, c.list)
		if !slices.Equal(unknown, c.unknown) {
			t.Errorf("%q: unknown %q, want %q", c.list, unknown, c.unknown)
		}
		for tier := Generic; tier < numTiers; tier++ {
			if want := !slices.Contains(c.removed, tier); x.Has(tier) != want {
				t.Errorf("%q: Has(%v) = %v", c.list, tier, !want)
			}
		}
	}
	// A list only removes: a machine without features gains none.
	if x, _ := disable(Of(), "vaes512"); x.First(VAES512, VAES256, AESNI) != Generic {
		t.Error("disabling a tier adds one")
	}
}

func TestFirst(t *testing.T) {
	x := Of(SHANI.Requires()...)
	for _, c := range []struct {
		tiers []Tier
		want  Tier
	}{
		{nil, Generic},
		{[]Tier{VAES512}, Generic},
		{[]Tier{VAES512, SHANI, SSSE3}, SHANI},
		{[]Tier{SSSE3, SHANI}, SSSE3},
		{[]Tier{Invalid, SHANI}, SHANI},
	} {
		if got := x.First(c.tiers...); got != c.want {
			t.Errorf("First(%v) = %v, want %v", c.tiers, got, c.want)
		}
	}
}

func TestSlow512(t *testing.T) {
	for _, c := range []struct {
		name          string
		intel         bool
		family, model int
		want          bool
	}{
		{"Skylake-SP", true, 6, 0x55, true},
		{"Cannon Lake", true, 6, 0x66, true},
		{"Ice Lake server", true, 6, 0x6a, true},
		{"Ice Lake client", true, 6, 0x7e, true},
		{"Ice Lake NNP-I", true, 6, 0x9d, true},
		{"Tiger Lake", true, 6, 0x8c, true},
		{"Rocket Lake", true, 6, 0xa7, false},
		{"Sapphire Rapids", true, 6, 0x8f, false},
		{"Emerald Rapids", true, 6, 0xcf, false},
		{"Granite Rapids", true, 6, 0xad, false},
		{"Zen 4", false, 25, 0x61, false},
		{"Zen 5", false, 26, 0x02, false},
		{"another vendor's model 0x55", false, 6, 0x55, false},
		{"another family's model 0x55", true, 19, 0x55, false},
	} {
		if got := slow512(c.intel, c.family, c.model); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
