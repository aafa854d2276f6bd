// Package cryptotest is for this module's tests only: it runs a test on every
// tier, and holds implementations against the contracts of [cipher.AEAD] and
// [hash.Hash] on guarded memory and with inputs of every bit density.
//
// The environment variable SEALANE_REQUIRE, a list of package and tier pairs
// separated by commas ("aesgcm/vaes512,sha2/shani"), turns the skip of a tier
// that this machine lacks, or that SEALANE_DISABLE removed, into a failure.
package cryptotest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
)

// Tiers runs f once for each of the tiers, as the subtest "tier=vaes512" and
// so on. A tier that may not run here is skipped, or fails if SEALANE_REQUIRE
// holds "pkg/tier".
//
// A required tier of pkg that is neither among tiers nor in the name of an
// assembly file in the working directory, which is the folder of the package
// under test, fails too: no test would ever run it.
func Tiers(t *testing.T, pkg string, tiers []cpu.Tier, f func(t *testing.T, tier cpu.Tier)) {
	t.Helper()
	required := requiredOf(pkg, os.Getenv("SEALANE_REQUIRE"))
	if err := known(required, tiers, kernelFiles(".")); err != nil {
		t.Errorf("SEALANE_REQUIRE: %s: %v", pkg, err)
	}
	for _, tier := range tiers {
		t.Run("tier="+tier.String(), func(t *testing.T) {
			if !cpu.Host().Has(tier) {
				if slices.Contains(required, tier.String()) {
					t.Fatalf("SEALANE_REQUIRE holds %s/%s, which can't run here", pkg, tier)
				}
				t.Skip("this machine lacks the tier, or SEALANE_DISABLE removed it")
			}
			f(t, tier)
		})
	}
}

// BenchTiers runs f once for each of the tiers that this machine has, as the
// sub-benchmark "tier=vaes512" and so on.
func BenchTiers(b *testing.B, tiers []cpu.Tier, f func(b *testing.B, tier cpu.Tier)) {
	for _, tier := range tiers {
		if cpu.Host().Has(tier) {
			b.Run("tier="+tier.String(), func(b *testing.B) { f(b, tier) })
		}
	}
}

// requiredOf returns the tier words that list, a value of SEALANE_REQUIRE,
// holds for pkg.
func requiredOf(pkg, list string) []string {
	var words []string
	for word := range strings.SplitSeq(list, ",") {
		if tier, ok := strings.CutPrefix(strings.TrimSpace(word), pkg+"/"); ok && !strings.Contains(tier, "/") {
			words = append(words, tier)
		}
	}
	return words
}

// known returns an error for the first required word that is no tier at all,
// or one that neither tiers nor the assembly files know.
func known(required []string, tiers []cpu.Tier, files []string) error {
	for _, word := range required {
		tier, ok := cpu.ParseTier(word)
		if !ok {
			return fmt.Errorf("%q is no tier", word)
		}
		inFile := slices.ContainsFunc(files, func(name string) bool {
			return strings.HasSuffix(name, "_"+word+"_amd64.s")
		})
		if !inFile && !slices.Contains(tiers, tier) {
			return fmt.Errorf("no test and no kernel of tier %s", word)
		}
	}
	return nil
}

func kernelFiles(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "*_amd64.s"))
	return files
}
