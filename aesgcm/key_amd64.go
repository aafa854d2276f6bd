//go:build gc && !purego

package aesgcm

import (
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
)

// A key holds what one key expands to. The kernels read it by field name.
type key struct {
	rounds uint64 // 10, 12 or 14
	_      [24]byte
	rk     [15 * 16]byte // round keys 0 to rounds (FIPS 197, Section 5.2)
	_      [16]byte
	pow    [44 * 16]byte // powers of the hash key, laid out by the tier's init
}

// expand fills k from the 16, 24 or 32 bytes of b.
func (k *key) expand(tier cpu.Tier, b []byte) {
	k.rounds = uint64(len(b)/4 + 6)
	switch tier {
	case cpu.VAES512:
		initVAES512(k, &b[0])
	case cpu.VAES256:
		initVAES256(k, &b[0])
	case cpu.AESNI:
		initAESNI(k, &b[0])
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}

// The methods below are the switch from a tier to its kernels. Their contracts
// stand on the kernels; here are only the bounds of the slices.

// sealLast: len(src) <= maxCall, len(dst) >= len(src)+16.
func (k *key) sealLast(tier cpu.Tier, s *stream, dst, src []byte) {
	called(len(src))
	switch tier {
	case cpu.VAES512:
		sealVAES512(k, s, nil, &dst[0], unsafe.SliceData(src), len(src), nil, 0)
	case cpu.VAES256:
		sealVAES256(k, s, nil, &dst[0], unsafe.SliceData(src), len(src), nil, 0)
	case cpu.AESNI:
		sealAESNI(k, s, nil, &dst[0], unsafe.SliceData(src), len(src), nil, 0)
	}
}

// openLast: len(dst) <= maxCall, len(src) >= len(dst)+16.
func (k *key) openLast(tier cpu.Tier, s *stream, dst, src []byte) bool {
	called(len(dst))
	switch tier {
	case cpu.VAES512:
		return openVAES512(k, s, nil, unsafe.SliceData(dst), &src[0], len(dst), nil, 0) == 1
	case cpu.VAES256:
		return openVAES256(k, s, nil, unsafe.SliceData(dst), &src[0], len(dst), nil, 0) == 1
	case cpu.AESNI:
		return openAESNI(k, s, nil, unsafe.SliceData(dst), &src[0], len(dst), nil, 0) == 1
	}
	return false
}

// sealMore: len(src) is a positive multiple of partSize up to maxCall,
// len(dst) >= len(src).
func (k *key) sealMore(tier cpu.Tier, s *stream, dst, src []byte) {
	called(len(src))
	switch tier {
	case cpu.VAES512:
		sealMoreVAES512(k, s, &dst[0], &src[0], len(src))
	case cpu.VAES256:
		sealMoreVAES256(k, s, &dst[0], &src[0], len(src))
	case cpu.AESNI:
		sealMoreAESNI(k, s, &dst[0], &src[0], len(src))
	}
}

// openMore: as sealMore.
func (k *key) openMore(tier cpu.Tier, s *stream, dst, src []byte) {
	called(len(src))
	switch tier {
	case cpu.VAES512:
		openMoreVAES512(k, s, &dst[0], &src[0], len(src))
	case cpu.VAES256:
		openMoreVAES256(k, s, &dst[0], &src[0], len(src))
	case cpu.AESNI:
		openMoreAESNI(k, s, &dst[0], &src[0], len(src))
	}
}

// ghash: 0 < len(p) <= maxCall; only the last call may have a length that is
// no multiple of 16.
func (k *key) ghash(tier cpu.Tier, s *stream, p []byte) {
	called(len(p))
	switch tier {
	case cpu.VAES512:
		ghashVAES512(k, s, &p[0], len(p))
	case cpu.VAES256:
		ghashVAES256(k, s, &p[0], len(p))
	case cpu.AESNI:
		ghashAESNI(k, s, &p[0], len(p))
	}
}
