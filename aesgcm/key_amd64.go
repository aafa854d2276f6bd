//go:build gc && !purego

package aesgcm

import (
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
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}

// The methods below are the switch from a tier to its kernels. Their contracts
// stand on the kernels; here are only the bounds of the slices.

// seal: len(src) <= maxCall, len(dst) >= len(src)+16, len(ad) <= maxAD.
func (k *key) seal(tier cpu.Tier, s *stream, nonce, dst, src, ad []byte) {
	switch tier {
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}

// open: len(dst) <= maxCall, len(src) >= len(dst)+16, len(ad) <= maxAD.
func (k *key) open(tier cpu.Tier, s *stream, nonce, dst, src, ad []byte) bool {
	switch tier {
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}

// sealMore: len(src) is a positive multiple of partSize up to maxCall,
// len(dst) >= len(src).
func (k *key) sealMore(tier cpu.Tier, s *stream, dst, src []byte) {
	switch tier {
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}

// openMore: as sealMore.
func (k *key) openMore(tier cpu.Tier, s *stream, dst, src []byte) {
	switch tier {
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}

// ghash: 0 < len(p) <= maxCall; only the last call may have a length that is
// no multiple of 16.
func (k *key) ghash(tier cpu.Tier, s *stream, p []byte) {
	switch tier {
	default:
		panic("aesgcm: no kernel for tier " + tier.String())
	}
}
