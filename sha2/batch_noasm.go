//go:build !amd64 || !gc || purego

package sha2

import "github.com/sealane/sealane/internal/cpu"

func pickBatch256(cpu.Features) cpu.Tier { return cpu.Generic }

func pickBatch512(cpu.Features) cpu.Tier { return cpu.Generic }

// batch256 is not called: batched is false with the generic tier.
func batch256(tier, one cpu.Tier, sums []byte, size int, msgs [][]byte, iv *[8]uint32) bool {
	return false
}

// batch512 is not called either.
func batch512(tier, one cpu.Tier, sums []byte, size int, msgs [][]byte, iv *[8]uint64) bool {
	return false
}
