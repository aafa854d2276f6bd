//go:build gc && !purego

package chacha20poly1305

import (
	"crypto/cipher"
	"slices"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
)

// hostTier is what New chooses on this machine.
var hostTier = pick(cpu.Host())

// kernelTiers are the tiers that the switches below know, best first.
var kernelTiers = []cpu.Tier{cpu.AVX512, cpu.AVX2, cpu.SSSE3}

// pick returns the tier that a machine with features f runs best. Where AVX-512
// is there but IFMA is missing (Skylake-SP), or 512-bit vectors lower the clock,
// that is avx2.
func pick(f cpu.Features) cpu.Tier {
	return f.First(kernelTiers...)
}

const (
	// maxCall is the most bytes of a message that one kernel call handles.
	// Assembly can't be preempted, so a long call would hold up every stop of
	// the world for as long as it runs (golang/go#64417).
	maxCall = 64 << 10

	// maxWhole is the most bytes of a message and its additional data together
	// that the kernels of whole messages take: maxCall and a header.
	maxWhole = maxCall + 64

	// partSize is what the parts of a long message are multiples of, but for
	// the last: 16 blocks of ChaCha20.
	partSize = 1024
)

// An AEAD is ChaCha20-Poly1305 or XChaCha20-Poly1305 with one key. It is made by
// [New] or [NewX]; the zero value is not valid, and its methods panic.
type AEAD struct {
	fallback  cipher.AEAD // of tier generic
	tier      cpu.Tier
	nonceSize int
	key       key
}

// A key is a key of ChaCha20: all tiers start from its bytes.
type key [KeySize]byte

func (k *key) set(tier cpu.Tier, b []byte) {
	if !slices.Contains(kernelTiers, tier) {
		panic("chacha20poly1305: no kernel for tier " + tier.String())
	}
	copy(k[:], b)
}

// A stream carries a message over several kernel calls. The kernels read and
// write it by field name.
type stream struct {
	r       [2]uint64 // the multiplier of Poly1305, clamped (RFC 8439, Section 2.5)
	s       [2]uint64 // what is added to its last sum
	h       [8]uint64 // the sum so far, in the tier's own representation
	nonce   [12]byte
	counter uint32 // of the next block of ChaCha20; the message starts at 1
	adLen   uint64 // length of all additional data in bytes
	ctLen   uint64 // length of the whole ciphertext in bytes
}

func (k *key) newStream(tier cpu.Tier, nonce []byte, ad, n int) (s stream) {
	copy(s.nonce[:], nonce)
	s.adLen, s.ctLen = uint64(ad), uint64(n)
	k.start(tier, &s)
	return s
}

// seal seals the n bytes at src to dst, where there is room for the tag too. The
// arguments are pointers because then they fit the registers of a call.
func (a *AEAD) seal(dst, nonce, src *byte, n int, ad *byte, adLen int) {
	if n <= maxCall && n+adLen <= maxWhole && a.nonceSize == NonceSize {
		switch a.tier {
		case cpu.AVX512:
			sealAVX512(&a.key, nil, nonce, dst, src, n, ad, adLen, nil)
			return
		case cpu.AVX2:
			sealAVX2(&a.key, nil, nonce, dst, src, n, ad, adLen)
			return
		case cpu.SSSE3:
			sealSSSE3(&a.key, nil, nonce, dst, src, n, ad, adLen)
			return
		}
	}
	a.sealSlow(unsafe.Slice(dst, n+Overhead), unsafe.Slice(nonce, a.nonceSize), unsafe.Slice(src, n), unsafe.Slice(ad, adLen))
}

// sealSlow seals what takes a key of its own or several calls, and what has no
// kernel.
func (a *AEAD) sealSlow(out, nonce, plaintext, additionalData []byte) {
	if a.tier == cpu.Generic {
		a.sealGeneric(out, nonce, plaintext, additionalData)
		return
	}
	if len(nonce) == NonceSizeX {
		k, short := a.key.extend([NonceSizeX]byte(nonce))
		k.seal(a.tier, out, short[:], plaintext, additionalData)
		return
	}
	a.key.seal(a.tier, out, nonce, plaintext, additionalData)
}

// seal seals a message of any length with a nonce of 12 bytes.
func (k *key) seal(tier cpu.Tier, out, nonce, plaintext, additionalData []byte) {
	if len(plaintext) <= maxCall && len(plaintext)+len(additionalData) <= maxWhole {
		k.sealWhole(tier, out, nonce, plaintext, additionalData)
		return
	}
	s := k.newStream(tier, nonce, len(additionalData), len(plaintext))
	s.polyAll(tier, additionalData)
	for len(plaintext) > maxCall {
		k.sealMore(tier, &s, out, plaintext[:maxCall])
		out, plaintext = out[maxCall:], plaintext[maxCall:]
	}
	k.sealLast(tier, &s, out, plaintext)
}

// sealSuffix seals plaintext and suffix to out: where the kernel takes a byte that is
// apart, without joining them.
func (a *AEAD) sealSuffix(out, nonce, plaintext, suffix, additionalData []byte) {
	n := len(plaintext) + len(suffix)
	if a.tier != cpu.AVX512 || len(suffix) != 1 || n > maxCall || n+len(additionalData) > maxWhole || a.nonceSize != NonceSize {
		a.sealJoined(out, nonce, plaintext, suffix, additionalData)
		return
	}
	sealAVX512(&a.key, nil, &nonce[0], &out[0], unsafe.SliceData(plaintext), n, unsafe.SliceData(additionalData), len(additionalData), &suffix[0])
}

// openSuffix opens as sealSuffix seals.
func (a *AEAD) openSuffix(dst, suffix, nonce, ciphertext, additionalData []byte) bool {
	n := len(dst) + len(suffix)
	if a.tier != cpu.AVX512 || len(suffix) != 1 || n > maxCall || n+len(additionalData) > maxWhole || a.nonceSize != NonceSize {
		return a.openJoined(dst, suffix, nonce, ciphertext, additionalData)
	}
	return openAVX512(&a.key, nil, &nonce[0], unsafe.SliceData(dst), &ciphertext[0], n, unsafe.SliceData(additionalData), len(additionalData), &suffix[0]) == 1
}

// open opens the n bytes at src, which the tag follows, to dst.
func (a *AEAD) open(dst, nonce, src *byte, n int, ad *byte, adLen int) bool {
	if n <= maxCall && n+adLen <= maxWhole && a.nonceSize == NonceSize {
		switch a.tier {
		case cpu.AVX512:
			return openAVX512(&a.key, nil, nonce, dst, src, n, ad, adLen, nil) == 1
		case cpu.AVX2:
			return openAVX2(&a.key, nil, nonce, dst, src, n, ad, adLen) == 1
		case cpu.SSSE3:
			return openSSSE3(&a.key, nil, nonce, dst, src, n, ad, adLen) == 1
		}
	}
	return a.openSlow(unsafe.Slice(dst, n), unsafe.Slice(nonce, a.nonceSize), unsafe.Slice(src, n+Overhead), unsafe.Slice(ad, adLen))
}

// openSlow opens as sealSlow seals.
func (a *AEAD) openSlow(out, nonce, ciphertext, additionalData []byte) bool {
	if a.tier == cpu.Generic {
		return a.openGeneric(out, nonce, ciphertext, additionalData)
	}
	if len(nonce) == NonceSizeX {
		k, short := a.key.extend([NonceSizeX]byte(nonce))
		return k.open(a.tier, out, short[:], ciphertext, additionalData)
	}
	return a.key.open(a.tier, out, nonce, ciphertext, additionalData)
}

// open opens as seal seals.
func (k *key) open(tier cpu.Tier, out, nonce, ciphertext, additionalData []byte) bool {
	if len(out) <= maxCall && len(out)+len(additionalData) <= maxWhole {
		return k.openWhole(tier, out, nonce, ciphertext, additionalData)
	}
	s := k.newStream(tier, nonce, len(additionalData), len(out))
	s.polyAll(tier, additionalData)
	for len(out) > maxCall {
		k.openMore(tier, &s, out, ciphertext[:maxCall])
		out, ciphertext = out[maxCall:], ciphertext[maxCall:]
	}
	return k.openLast(tier, &s, out, ciphertext)
}

// callHook, if a test sets it, is told the length of every kernel call that
// sealSlow and openSlow make.
var callHook func(n int)

func called(n int) {
	if callHook != nil {
		callHook(n)
	}
}

// polyAll folds additional data of any length into s.
func (s *stream) polyAll(tier cpu.Tier, data []byte) {
	for len(data) > 0 {
		n := min(len(data), maxCall)
		s.poly(tier, data[:n])
		data = data[n:]
	}
}

// The methods below are the switch from a tier to its kernels. Their contracts
// stand on the kernels; here are only the bounds of the slices.

func (k *key) start(tier cpu.Tier, s *stream) {
	switch tier {
	case cpu.AVX512:
		startAVX512(k, s, &s.nonce[0])
	case cpu.AVX2:
		startAVX2(k, s, &s.nonce[0])
	case cpu.SSSE3:
		startSSSE3(k, s, &s.nonce[0])
	}
}

// poly: 0 < len(p) <= maxCall; only the last call may have a length that is no
// multiple of 16.
func (s *stream) poly(tier cpu.Tier, p []byte) {
	called(len(p))
	switch tier {
	case cpu.AVX512:
		polyAVX512(s, &p[0], len(p))
	case cpu.AVX2:
		polyAVX2(s, &p[0], len(p))
	case cpu.SSSE3:
		polySSSE3(s, &p[0], len(p))
	}
}

// sealWhole: len(src) <= maxCall, len(dst) >= len(src)+16, len(nonce) == 12,
// len(src)+len(ad) <= maxWhole.
func (k *key) sealWhole(tier cpu.Tier, dst, nonce, src, ad []byte) {
	called(len(src))
	switch tier {
	case cpu.AVX512:
		sealAVX512(k, nil, &nonce[0], &dst[0], unsafe.SliceData(src), len(src), unsafe.SliceData(ad), len(ad), nil)
	case cpu.AVX2:
		sealAVX2(k, nil, &nonce[0], &dst[0], unsafe.SliceData(src), len(src), unsafe.SliceData(ad), len(ad))
	case cpu.SSSE3:
		sealSSSE3(k, nil, &nonce[0], &dst[0], unsafe.SliceData(src), len(src), unsafe.SliceData(ad), len(ad))
	}
}

// openWhole: len(dst) <= maxCall, len(src) >= len(dst)+16, len(nonce) == 12,
// len(dst)+len(ad) <= maxWhole.
func (k *key) openWhole(tier cpu.Tier, dst, nonce, src, ad []byte) bool {
	called(len(dst))
	switch tier {
	case cpu.AVX512:
		return openAVX512(k, nil, &nonce[0], unsafe.SliceData(dst), &src[0], len(dst), unsafe.SliceData(ad), len(ad), nil) == 1
	case cpu.AVX2:
		return openAVX2(k, nil, &nonce[0], unsafe.SliceData(dst), &src[0], len(dst), unsafe.SliceData(ad), len(ad)) == 1
	case cpu.SSSE3:
		return openSSSE3(k, nil, &nonce[0], unsafe.SliceData(dst), &src[0], len(dst), unsafe.SliceData(ad), len(ad)) == 1
	}
	return false
}

// sealLast: len(src) <= maxCall, len(dst) >= len(src)+16.
func (k *key) sealLast(tier cpu.Tier, s *stream, dst, src []byte) {
	called(len(src))
	switch tier {
	case cpu.AVX512:
		sealAVX512(k, s, nil, &dst[0], unsafe.SliceData(src), len(src), nil, 0, nil)
	case cpu.AVX2:
		sealAVX2(k, s, nil, &dst[0], unsafe.SliceData(src), len(src), nil, 0)
	case cpu.SSSE3:
		sealSSSE3(k, s, nil, &dst[0], unsafe.SliceData(src), len(src), nil, 0)
	}
}

// openLast: len(dst) <= maxCall, len(src) >= len(dst)+16.
func (k *key) openLast(tier cpu.Tier, s *stream, dst, src []byte) bool {
	called(len(dst))
	switch tier {
	case cpu.AVX512:
		return openAVX512(k, s, nil, unsafe.SliceData(dst), &src[0], len(dst), nil, 0, nil) == 1
	case cpu.AVX2:
		return openAVX2(k, s, nil, unsafe.SliceData(dst), &src[0], len(dst), nil, 0) == 1
	case cpu.SSSE3:
		return openSSSE3(k, s, nil, unsafe.SliceData(dst), &src[0], len(dst), nil, 0) == 1
	}
	return false
}

// sealMore: len(src) is a positive multiple of partSize up to maxCall,
// len(dst) >= len(src).
func (k *key) sealMore(tier cpu.Tier, s *stream, dst, src []byte) {
	called(len(src))
	switch tier {
	case cpu.AVX512:
		sealMoreAVX512(k, s, &dst[0], &src[0], len(src))
	case cpu.AVX2:
		sealMoreAVX2(k, s, &dst[0], &src[0], len(src))
	case cpu.SSSE3:
		sealMoreSSSE3(k, s, &dst[0], &src[0], len(src))
	}
}

// openMore: as sealMore.
func (k *key) openMore(tier cpu.Tier, s *stream, dst, src []byte) {
	called(len(src))
	switch tier {
	case cpu.AVX512:
		openMoreAVX512(k, s, &dst[0], &src[0], len(src))
	case cpu.AVX2:
		openMoreAVX2(k, s, &dst[0], &src[0], len(src))
	case cpu.SSSE3:
		openMoreSSSE3(k, s, &dst[0], &src[0], len(src))
	}
}
