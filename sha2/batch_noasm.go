//go:build !amd64 || !gc || purego

package sha2

import "github.com/sealane/sealane/internal/cpu"

func pickBatch256(cpu.Features) cpu.Tier { return cpu.Generic }

func pickBatch512(cpu.Features) cpu.Tier { return cpu.Generic }

func chooseBatch256([][]byte) batchMode { return oneByOne }

func chooseBatch512([][]byte) batchMode { return oneByOne }

// batch256 is not called.
func batch256(at batchMode, tier, one cpu.Tier, sums []byte, size int, msgs [][]byte, iv *[8]uint32) {
}

// batch512 is not called either.
func batch512(at batchMode, tier, one cpu.Tier, sums []byte, size int, msgs [][]byte, iv *[8]uint64) {
}
