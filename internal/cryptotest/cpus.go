package cryptotest

import "github.com/sealane/sealane/internal/cpu"

// CPUs describes machines by name, for the table tests of pick functions.
// Machines that are not amd64 have no features of internal/cpu. Sources: the
// vendors' optimization manuals and CPUID dumps (InstLatx64).
var CPUs = map[string]cpu.Features{
	"no features":     cpu.Of(),
	"Core 2":          cpu.Of(core2...),
	"Westmere":        cpu.Of(westmere...),
	"Goldmont":        cpu.Of(append(westmere, cpu.SHA)...),
	"Sandy Bridge":    cpu.Of(append(westmere, cpu.AVX)...),
	"Haswell":         cpu.Of(haswell...),
	"Broadwell":       cpu.Of(broadwell...),
	"Zen 2":           cpu.Of(zen2...),
	"Zen 3":           cpu.Of(zen3...),
	"Skylake-SP":      cpu.Of(skylakeSP...),
	"Ice Lake":        cpu.Of(iceLake...),
	"Alder Lake":      cpu.Of(alderLake...),
	"Sapphire Rapids": cpu.Of(append(iceLake, cpu.Fast512)...),
	"Zen 4":           cpu.Of(append(iceLake, cpu.Fast512)...),
	"Zen 5":           cpu.Of(append(iceLake, cpu.Fast512)...),
	"Apple M1":        cpu.Of(),
	"Neoverse N1":     cpu.Of(),
	"Neoverse V2":     cpu.Of(),
}

// Each is what the one before it has, and more.
var (
	core2     = []cpu.Feature{cpu.CMOV, cpu.SSE, cpu.SSE2, cpu.SSE3, cpu.SSSE3Ext}
	westmere  = and(core2, cpu.SSE41, cpu.SSE42, cpu.AES, cpu.PCLMULQDQ)
	haswell   = and(westmere, cpu.AVX, cpu.AVX2Ext, cpu.BMI, cpu.BMI2)
	broadwell = and(haswell, cpu.ADXExt)
	zen2      = and(broadwell, cpu.SHA)
	zen3      = and(zen2, cpu.VAES, cpu.VPCLMULQDQ)
	alderLake = and(zen3, cpu.GFNI)
	skylakeSP = and(broadwell, cpu.AVX512F, cpu.AVX512VL, cpu.AVX512BW, cpu.AVX512DQ)
	iceLake   = and(alderLake, cpu.AVX512F, cpu.AVX512VL, cpu.AVX512BW, cpu.AVX512DQ, cpu.AVX512IFMA, cpu.AVX512VBMI)
)

// and returns a new slice whose capacity is its length, so that appending to
// it copies.
func and(fs []cpu.Feature, more ...cpu.Feature) []cpu.Feature {
	all := make([]cpu.Feature, 0, len(fs)+len(more))
	return append(append(all, fs...), more...)
}
