package cryptotest

import (
	"encoding/binary"
	"math/rand/v2"
)

// Fill fills b with 64-bit words of every bit density: all zeros, all ones,
// sparse, dense, runs of ones and zeros, uniform. Carries and borrows that
// uniform words never reach are common here.
func Fill(r *rand.Rand, b []byte) {
	one := word(r, r.IntN(densities)) // half of the words, so that neighbours agree
	for len(b) > 0 {
		w := one
		if r.IntN(2) == 0 {
			w = word(r, r.IntN(densities))
		}
		if len(b) < 8 {
			var last [8]byte
			binary.LittleEndian.PutUint64(last[:], w)
			copy(b, last[:])
			return
		}
		binary.LittleEndian.PutUint64(b, w)
		b = b[8:]
	}
}

const densities = 6

// word returns a word of the given kind, 0 to densities-1.
func word(r *rand.Rand, kind int) uint64 {
	switch kind {
	case 0:
		return 0
	case 1:
		return ^uint64(0)
	case 2: // one bit in eight
		return r.Uint64() & r.Uint64() & r.Uint64()
	case 3: // seven bits in eight
		return r.Uint64() | r.Uint64() | r.Uint64()
	case 4: // a run of ones, rotated, or its complement
		w := ^uint64(0) >> r.IntN(64)
		k := r.IntN(64)
		w = w<<k | w>>((64-k)&63)
		if r.IntN(2) == 0 {
			return ^w
		}
		return w
	default:
		return r.Uint64()
	}
}

// filled returns n new bytes from Fill.
func filled(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	Fill(r, b)
	return b
}

// newRand returns a source that depends on nothing but seed: a failure comes
// again.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x7365616c616e65)) }
