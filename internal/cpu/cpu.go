// Package cpu tells which kernels may run on this machine. It is the only
// package that talks to a CPU detection library.
//
// A kernel belongs to a [Tier]; a tier may run where every [Feature] that its
// kernels execute is present (see requirements). Which of the possible tiers a
// primitive prefers is the primitive's business: its pick function asks
// [Features.First].
//
// The environment variable SEALANE_DISABLE, a list of tiers separated by
// commas ("vaes512,avx512"), removes tiers and never adds any. It is read once,
// when the package is initialized. Words that are no tier are ignored here and
// listed by [UnknownDisabled].
//
// Start-up costs what the 73 CPUID instructions cost that klauspost/cpuid
// executes when it is initialized: 0.5 ms on a virtual machine (Zen 5) whose
// hypervisor traps each of them for 6.9 µs; 100 to 200 cycles each, so a few
// µs in all, where nothing traps them. This package adds 0.03 µs
// (BenchmarkDetect). Builds without kernels leave that library out.
package cpu

import (
	"os"
	"strings"
)

// A Tier names a family of kernels by the instructions that distinguish it.
// The zero value is invalid: a key or digest that holds it was not made by its
// constructor.
type Tier uint8

// The tiers. Generic stands for code without assembly of this module: the
// standard library, x/crypto or portable Go.
const (
	Invalid Tier = iota
	Generic
	SSSE3
	AESNI
	VAES256
	VAES512
	SHANI
	AVX2
	AVX512
	ADX
	IFMA
	numTiers
)

var tierNames = [numTiers]string{
	Invalid: "invalid",
	Generic: "generic",
	SSSE3:   "ssse3",
	AESNI:   "aesni",
	VAES256: "vaes256",
	VAES512: "vaes512",
	SHANI:   "shani",
	AVX2:    "avx2",
	AVX512:  "avx512",
	ADX:     "adx",
	IFMA:    "ifma",
}

// String returns the one word that stands for the tier everywhere: in file
// names, benchmark names and environment variables.
func (t Tier) String() string {
	if t >= numTiers {
		return tierNames[Invalid]
	}
	return tierNames[t]
}

// ParseTier returns the tier that a word stands for. It reports false for
// "invalid" and for words that stand for none.
func ParseTier(word string) (Tier, bool) {
	for t := Generic; t < numTiers; t++ {
		if tierNames[t] == word {
			return t, true
		}
	}
	return Invalid, false
}

// A Feature is an instruction set extension, or a policy about one.
type Feature uint8

// The features. Fast512 is a policy: the machine has AVX-512 and runs 512-bit
// vectors without lowering its clock for the code around them.
const (
	CMOV Feature = iota
	SSE
	SSE2
	SSE3
	SSSE3Ext
	SSE41
	SSE42
	AES
	PCLMULQDQ
	AVX
	AVX2Ext
	BMI
	BMI2
	ADXExt
	SHA
	GFNI
	VAES
	VPCLMULQDQ
	AVX512F
	AVX512VL
	AVX512BW
	AVX512DQ
	AVX512IFMA
	AVX512VBMI
	Fast512
	numFeatures
)

// featureNames are the names that avo writes behind "Requires:".
var featureNames = [numFeatures]string{
	CMOV:       "CMOV",
	SSE:        "SSE",
	SSE2:       "SSE2",
	SSE3:       "SSE3",
	SSSE3Ext:   "SSSE3",
	SSE41:      "SSE4.1",
	SSE42:      "SSE4.2",
	AES:        "AES",
	PCLMULQDQ:  "PCLMULQDQ",
	AVX:        "AVX",
	AVX2Ext:    "AVX2",
	BMI:        "BMI",
	BMI2:       "BMI2",
	ADXExt:     "ADX",
	SHA:        "SHA",
	GFNI:       "GFNI",
	VAES:       "VAES",
	VPCLMULQDQ: "VPCLMULQDQ",
	AVX512F:    "AVX512F",
	AVX512VL:   "AVX512VL",
	AVX512BW:   "AVX512BW",
	AVX512DQ:   "AVX512DQ",
	AVX512IFMA: "AVX512IFMA",
	AVX512VBMI: "AVX512VBMI",
	Fast512:    "Fast512",
}

func (f Feature) String() string { return featureNames[f] }

// ParseFeature returns the feature that avo's name stands for.
func ParseFeature(name string) (Feature, bool) {
	for f := range numFeatures {
		if featureNames[f] == name {
			return f, true
		}
	}
	return 0, false
}

// requirements holds, for each tier, the full conjunction of what its kernels
// execute, among them CMOV, SSE and SSE2, which every amd64 machine has. A test
// at the root of the module holds it against the lines "Requires:" of the
// assembly.
//
// AVX512 asks for IFMA, which only some of its kernels execute: the cores that
// have AVX-512 without it (Skylake-SP to Cooper Lake) fail the policy anyway, and
// run the 256-bit tiers.
var requirements = [numTiers][]Feature{
	Generic: {},
	SSSE3:   {CMOV, SSE, SSE2, SSSE3Ext},
	AESNI:   {CMOV, SSE, SSE2, SSSE3Ext, SSE41, AES, PCLMULQDQ, AVX},
	VAES256: {CMOV, SSE, SSE2, SSSE3Ext, SSE41, AES, PCLMULQDQ, AVX, AVX2Ext, VAES, VPCLMULQDQ},
	VAES512: {CMOV, SSE, SSE2, SSSE3Ext, SSE41, AES, PCLMULQDQ, AVX, AVX2Ext, BMI2, VAES, VPCLMULQDQ, AVX512F, AVX512VL, AVX512BW, AVX512DQ, Fast512},
	SHANI:   {CMOV, SSE, SSE2, SSSE3Ext, SSE41, SHA},
	AVX2:    {CMOV, SSE, SSE2, SSSE3Ext, SSE41, AVX, AVX2Ext, BMI, BMI2},
	AVX512:  {CMOV, SSE, SSE2, SSSE3Ext, SSE41, AVX, AVX2Ext, BMI, BMI2, AVX512F, AVX512VL, AVX512BW, AVX512DQ, AVX512IFMA, Fast512},
	ADX:     {CMOV, SSE, SSE2, SSSE3Ext, SSE41, AVX, AVX2Ext, BMI, BMI2, ADXExt},
	IFMA:    {CMOV, SSE, SSE2, SSSE3Ext, SSE41, AVX, AVX2Ext, BMI, BMI2, ADXExt, AVX512F, AVX512VL, AVX512BW, AVX512DQ, AVX512IFMA},
}

// Requires returns the features that the tier's kernels need, all of them.
func (t Tier) Requires() []Feature { return requirements[t] }

// Features describes a machine: what it has, less the tiers that were disabled.
type Features struct {
	has      uint64 // bit f: Feature f
	disabled uint64 // bit t: Tier t
}

// Of returns a machine with the given features.
func Of(fs ...Feature) Features {
	var x Features
	for _, f := range fs {
		x.has |= 1 << f
	}
	return x
}

// HasFeature reports whether the machine has f.
func (x Features) HasFeature(f Feature) bool { return x.has>>f&1 == 1 }

// Without returns the machine with the given tiers disabled.
func (x Features) Without(ts ...Tier) Features {
	for _, t := range ts {
		x.disabled |= 1 << t
	}
	return x
}

// Has reports whether kernels of tier t may run: every feature that they
// execute is there and the tier is not disabled. Generic can't be disabled.
func (x Features) Has(t Tier) bool {
	if t == Generic {
		return true
	}
	if t == Invalid || t >= numTiers || x.disabled>>t&1 == 1 {
		return false
	}
	for _, f := range requirements[t] {
		if !x.HasFeature(f) {
			return false
		}
	}
	return true
}

// First returns the first of the tiers, which are given best first, that may
// run, or Generic.
func (x Features) First(ts ...Tier) Tier {
	for _, t := range ts {
		if x.Has(t) {
			return t
		}
	}
	return Generic
}

// host is never written after initialization.
var host, unknown = disable(detect(), os.Getenv("SEALANE_DISABLE"))

// Host describes the machine that the program runs on. Builds without kernels
// (other architectures, the purego tag) have no features.
func Host() Features { return host }

// UnknownDisabled returns the words of SEALANE_DISABLE that are no tier.
func UnknownDisabled() []string { return unknown }

func disable(x Features, list string) (Features, []string) {
	var unknown []string
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		if t, ok := ParseTier(word); ok && t != Generic {
			x = x.Without(t)
		} else {
			unknown = append(unknown, word)
		}
	}
	return x, unknown
}
