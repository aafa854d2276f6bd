package cryptotest

import (
	"slices"
	"strings"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
)

func TestRequiredOf(t *testing.T) {
	const list = "aesgcm/vaes512, sha2/shani,sha2/avx2,tls13/record/x,,tls13"
	for pkg, want := range map[string][]string{
		"aesgcm":       {"vaes512"},
		"sha2":         {"shani", "avx2"},
		"tls13/record": {"x"},
		"tls13":        nil,
		"gcm":          nil,
	} {
		if got := requiredOf(pkg, list); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pkg, got, want)
		}
	}
}

func TestKnown(t *testing.T) {
	tiers := []cpu.Tier{cpu.Generic, cpu.SHANI}
	files := []string{"sha256_shani_amd64.s", "sha512_avx2_amd64.s"}
	for word, want := range map[string]string{
		"shani":   "",
		"avx2":    "", // another test's
		"generic": "",
		"vaes512": "no test and no kernel",
		"avx1024": "is no tier",
		"invalid": "is no tier",
		"":        "is no tier",
	} {
		err := known([]string{word}, tiers, files)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", word, err, want)
		}
	}
}

// A tier that can't run is skipped, and the others run under their names.
func TestTiersSkips(t *testing.T) {
	t.Setenv("SEALANE_REQUIRE", "")
	var ran []string
	Tiers(t, "x", []cpu.Tier{cpu.Invalid, cpu.Generic}, func(t *testing.T, tier cpu.Tier) {
		ran = append(ran, t.Name())
	})
	if want := []string{t.Name() + "/tier=generic"}; !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
}

func TestFill(t *testing.T) {
	r := newRand(1)
	b := make([]byte, 8*10000+3)
	Fill(r, b)
	var sparse, dense, zero, ones int
	for w := range slices.Chunk(b[:8*10000], 8) {
		n := 0
		for _, x := range w {
			for ; x != 0; x &= x - 1 {
				n++
			}
		}
		switch {
		case n == 0:
			zero++
		case n == 64:
			ones++
		case n < 16:
			sparse++
		case n > 48:
			dense++
		}
	}
	if zero < 500 || ones < 500 || sparse < 500 || dense < 500 || zero+ones+sparse+dense > 9500 {
		t.Errorf("%d words of zeros, %d of ones, %d sparse, %d dense", zero, ones, sparse, dense)
	}
	for n := range 20 { // short ones, too, have bytes other than zero
		if n == 0 {
			continue
		}
		var or byte
		for range 50 {
			b := make([]byte, n)
			Fill(r, b)
			or |= b[n-1]
		}
		if or == 0 {
			t.Errorf("the last of %d bytes is always zero", n)
		}
	}
}

func TestCPUs(t *testing.T) {
	for _, c := range []struct {
		name string
		f    cpu.Feature
		want bool
	}{
		{"Westmere", cpu.AVX, false},
		{"Goldmont", cpu.SHA, true},
		{"Haswell", cpu.SHA, false},
		{"Haswell", cpu.ADXExt, false},
		{"Zen 3", cpu.VAES, true},
		{"Zen 3", cpu.AVX512F, false},
		{"Skylake-SP", cpu.AVX512IFMA, false},
		{"Ice Lake", cpu.AVX512IFMA, true},
		{"Ice Lake", cpu.Fast512, false},
		{"Zen 4", cpu.Fast512, true},
		{"Neoverse V2", cpu.SSE2, false},
	} {
		f, ok := CPUs[c.name]
		if !ok || f.HasFeature(c.f) != c.want {
			t.Errorf("%s (known: %v): %s is not %v", c.name, ok, c.f, c.want)
		}
	}
}
