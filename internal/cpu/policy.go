package cpu

// slow512 reports whether a core with AVX-512 lowers its clock for 512-bit
// vectors so much that code around the kernels suffers: Intel's cores from
// Skylake-SP up to Tiger Lake. There the 256-bit tiers serve. Sapphire Rapids,
// and everything from AMD (Zen 4 splits 512-bit operations, Zen 5 has full
// width), keep their clock. The list is the one that Linux uses for its own
// kernels (zmm_exclusion_list in arch/x86/crypto), with Cannon Lake added.
func slow512(intel bool, family, model int) bool {
	if !intel || family != 6 {
		return false
	}
	switch model {
	case 0x55, // Skylake-SP, Cascade Lake, Cooper Lake
		0x66,       // Cannon Lake
		0x6a, 0x6c, // Ice Lake server
		0x7d, 0x7e, // Ice Lake client
		0x9d,       // Ice Lake NNP-I
		0x8c, 0x8d: // Tiger Lake
		return true
	}
	return false
}
