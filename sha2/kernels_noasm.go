//go:build !amd64 || !gc || purego

package sha2

import "github.com/sealane/sealane/internal/cpu"

func pick256(cpu.Features) cpu.Tier { return cpu.Generic }

func pick512(cpu.Features) cpu.Tier { return cpu.Generic }

// block256 compresses the blocks of p into h. len(p)%64 == 0.
func block256(tier cpu.Tier, h *[8]uint32, p []byte) {
	block256Fallback(h, p)
}

func finish256(tier cpu.Tier, sum *[Size256]byte, h *[8]uint32, tail []byte, n uint64) {
	finish256Fallback(sum, h, tail, n)
}

func quick256(*[Size256]byte, *[8]uint32, []byte) bool { return false }

// block512 compresses the blocks of p into h. len(p)%128 == 0.
func block512(tier cpu.Tier, h *[8]uint64, p []byte) {
	block512Fallback(h, p)
}

func finish512(tier cpu.Tier, sum *[Size512]byte, h *[8]uint64, tail []byte, n uint64) {
	finish512Fallback(sum, h, tail, n)
}
