//go:build gc && !purego

package sha2

import "github.com/sealane/sealane/internal/cpu"

// pick256 returns the tier that SHA-224 and SHA-256 prefer on a machine.
func pick256(f cpu.Features) cpu.Tier { return f.First(cpu.SHANI, cpu.AVX2) }

// pick512 returns the tier that SHA-384, SHA-512 and its kin prefer on a machine.
func pick512(f cpu.Features) cpu.Tier { return f.First(cpu.AVX512, cpu.AVX2) }

// maxCall is the most bytes that one kernel call handles, a multiple of both
// block sizes. Assembly can't be preempted, so one long call would hold up a
// stop of the world for as long as it runs (golang/go#64417).
const maxCall = 64 << 10

// block256 compresses the blocks of p into h. len(p)%64 == 0. Works like
// block256Generic.
func block256(tier cpu.Tier, h *[8]uint32, p []byte) {
	if tier == cpu.Generic {
		block256Fallback(h, p)
		return
	}
	for len(p) > maxCall {
		hash256(tier, h, p[:maxCall], nil, 0)
		p = p[maxCall:]
	}
	hash256(tier, h, p, nil, 0)
}

// finish256 works like finish256Generic.
func finish256(tier cpu.Tier, sum *[Size256]byte, h *[8]uint32, tail []byte, n uint64) {
	if tier == cpu.Generic {
		finish256Fallback(sum, h, tail, n)
		return
	}
	if len(tail) <= maxCall {
		hash256(tier, h, tail, sum, n)
		return
	}
	state := *h
	whole := len(tail) &^ (BlockSize256 - 1)
	block256(tier, &state, tail[:whole])
	hash256(tier, &state, tail[whole:], sum, n)
}

// quick256 works like finish256 of a whole message, with a call less; or it returns
// false. It is small enough to be inlined.
func quick256(sum *[Size256]byte, h *[8]uint32, m []byte) bool {
	if tier256 == cpu.SHANI && len(m) <= maxCall {
		hash256SHANI(h, m, sum, uint64(len(m)))
		return true
	}
	return false
}

// hash256 is the kernel of a tier, see hash256SHANI. The panics can't happen;
// that of the length lets every test with a long message see that no kernel
// call takes more than maxCall.
func hash256(tier cpu.Tier, h *[8]uint32, p []byte, sum *[Size256]byte, n uint64) {
	if len(p) > maxCall {
		panic("sha2: more than one kernel call may take")
	}
	switch tier {
	case cpu.SHANI:
		hash256SHANI(h, p, sum, n)
	case cpu.AVX2:
		hash256AVX2(h, p, sum, n)
	default:
		panic(errNotMade)
	}
}

// hash256SHANI compresses the blocks of p into *h if sum is nil; then
// len(p)%64 == 0. Otherwise it sets *sum to the hash of a message of n bytes
// that ends in p, where *h is the intermediate hash value of what comes before,
// n-len(p) bytes, a multiple of 64; it leaves *h as it is, and sum may overlap
// p. In either case len(p) <= maxCall. Works like block256Generic, or
// finish256Generic.
//
//go:noescape
func hash256SHANI(h *[8]uint32, p []byte, sum *[Size256]byte, n uint64)

// hash256AVX2 works like hash256SHANI.
//
//go:noescape
func hash256AVX2(h *[8]uint32, p []byte, sum *[Size256]byte, n uint64)

// block512 compresses the blocks of p into h. len(p)%128 == 0. Works like
// block512Generic.
func block512(tier cpu.Tier, h *[8]uint64, p []byte) {
	if tier == cpu.Generic {
		block512Fallback(h, p)
		return
	}
	for len(p) > maxCall {
		hash512(tier, h, p[:maxCall], nil, 0)
		p = p[maxCall:]
	}
	hash512(tier, h, p, nil, 0)
}

// finish512 works like finish512Generic.
func finish512(tier cpu.Tier, sum *[Size512]byte, h *[8]uint64, tail []byte, n uint64) {
	if tier == cpu.Generic {
		finish512Fallback(sum, h, tail, n)
		return
	}
	if len(tail) <= maxCall {
		hash512(tier, h, tail, sum, n)
		return
	}
	state := *h
	whole := len(tail) &^ (BlockSize512 - 1)
	block512(tier, &state, tail[:whole])
	hash512(tier, &state, tail[whole:], sum, n)
}

// hash512 is the kernel of a tier, see hash512AVX512 and hash256.
func hash512(tier cpu.Tier, h *[8]uint64, p []byte, sum *[Size512]byte, n uint64) {
	if len(p) > maxCall {
		panic("sha2: more than one kernel call may take")
	}
	switch tier {
	case cpu.AVX512:
		hash512AVX512(h, p, sum, n)
	case cpu.AVX2:
		hash512AVX2(h, p, sum, n)
	default:
		panic(errNotMade)
	}
}

// hash512AVX512 compresses the blocks of p into *h if sum is nil; then
// len(p)%128 == 0. Otherwise it sets *sum to the hash of a message of n bytes
// that ends in p, where *h is the intermediate hash value of what comes before,
// n-len(p) bytes, a multiple of 128; it leaves *h as it is, and sum may overlap
// p. In either case len(p) <= maxCall. Works like block512Generic, or
// finish512Generic.
//
//go:noescape
func hash512AVX512(h *[8]uint64, p []byte, sum *[Size512]byte, n uint64)

// hash512AVX2 works like hash512AVX512.
//
//go:noescape
func hash512AVX2(h *[8]uint64, p []byte, sum *[Size512]byte, n uint64)
