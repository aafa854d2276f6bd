//go:build gc && !purego

package cpu

import "github.com/klauspost/cpuid/v2"

// ids are cpuid's words for our features, all but the policy. cpuid sets the AVX and AVX-512 bits
// only when the operating system saves the registers (XGETBV).
var ids = [Fast512]cpuid.FeatureID{
	CMOV:       cpuid.CMOV,
	SSE:        cpuid.SSE,
	SSE2:       cpuid.SSE2,
	SSE3:       cpuid.SSE3,
	SSSE3Ext:   cpuid.SSSE3,
	SSE41:      cpuid.SSE4,
	SSE42:      cpuid.SSE42,
	AES:        cpuid.AESNI,
	PCLMULQDQ:  cpuid.CLMUL,
	AVX:        cpuid.AVX,
	AVX2Ext:    cpuid.AVX2,
	BMI:        cpuid.BMI1,
	BMI2:       cpuid.BMI2,
	ADXExt:     cpuid.ADX,
	SHA:        cpuid.SHA,
	GFNI:       cpuid.GFNI,
	VAES:       cpuid.VAES,
	VPCLMULQDQ: cpuid.VPCLMULQDQ,
	AVX512F:    cpuid.AVX512F,
	AVX512VL:   cpuid.AVX512VL,
	AVX512BW:   cpuid.AVX512BW,
	AVX512DQ:   cpuid.AVX512DQ,
	AVX512IFMA: cpuid.AVX512IFMA,
	AVX512VBMI: cpuid.AVX512VBMI,
}

func detect() Features {
	var x Features
	for f, id := range ids {
		if cpuid.CPU.Has(id) {
			x.has |= 1 << f
		}
	}
	if x.HasFeature(AVX512F) && !slow512(cpuid.CPU.VendorID == cpuid.Intel, cpuid.CPU.Family, cpuid.CPU.Model) {
		x.has |= 1 << Fast512
	}
	return x
}
