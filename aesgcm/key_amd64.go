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
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}

// The methods below are the switch from a tier to its kernels. Their contracts
// stand on the kernels; here are only the bounds of the slices.

// seal: len(src) <= maxCall, len(dst) >= len(src)+16, len(ad) <= maxAD.
func (k *key) seal(tier cpu.Tier, s *stream, nonce, dst, src, ad []byte) {
	np, dp, sp, ap := unsafe.SliceData(nonce), unsafe.SliceData(dst), unsafe.SliceData(src), unsafe.SliceData(ad)
	switch tier {
	case cpu.VAES512:
		sealVAES512(k, s, np, dp, sp, len(src), ap, len(ad))
	}
}

// open: len(dst) <= maxCall, len(src) >= len(dst)+16, len(ad) <= maxAD.
func (k *key) open(tier cpu.Tier, s *stream, nonce, dst, src, ad []byte) bool {
	np, dp, sp, ap := unsafe.SliceData(nonce), unsafe.SliceData(dst), unsafe.SliceData(src), unsafe.SliceData(ad)
	switch tier {
	case cpu.VAES512:
		return openVAES512(k, s, np, dp, sp, len(dst), ap, len(ad)) == 1
	}
	return false
}

// sealMore: len(src) is a positive multiple of partSize up to maxCall,
// len(dst) >= len(src).
func (k *key) sealMore(tier cpu.Tier, s *stream, dst, src []byte) {
	switch tier {
	case cpu.VAES512:
		sealMoreVAES512(k, s, &dst[0], &src[0], len(src))
	}
}

// openMore: as sealMore.
func (k *key) openMore(tier cpu.Tier, s *stream, dst, src []byte) {
	switch tier {
	case cpu.VAES512:
		openMoreVAES512(k, s, &dst[0], &src[0], len(src))
	}
}

// ghash: 0 < len(p) <= maxCall; only the last call may have a length that is
// no multiple of 16.
func (k *key) ghash(tier cpu.Tier, s *stream, p []byte) {
	switch tier {
	case cpu.VAES512:
		ghashVAES512(k, s, &p[0], len(p))
	}
}
