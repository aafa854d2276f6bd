//go:build gc && !purego

package aesgcm

import (
	"crypto/cipher"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
)

// hostTier is what New chooses on this machine.
var hostTier = pick(cpu.Host())

// pick returns the tier that a machine with features f runs best.
func pick(f cpu.Features) cpu.Tier {
	return f.First(cpu.VAES512, cpu.VAES256, cpu.AESNI)
}

const (
	// maxCall is the most bytes of a message that one kernel call handles.
	// Assembly can't be preempted, so a long call would hold up every stop of
	// the world for as long as it runs (golang/go#64417).
	maxCall = 64 << 10

	// maxAD is the most additional data, in bytes, that a whole-message kernel
	// takes. More is hashed before, by a ghash kernel.
	maxAD = 48

	// partSize is what the parts of a long message are multiples of, but for
	// the last: 64 blocks.
	partSize = 1024
)

// An AEAD is AES-GCM with one key. It is made by [New]; the zero value is not
// valid, and its methods panic.
//
// It is one object of 1024 bytes. The allocator puts an 8-byte header before an
// object of that size with pointers in it, so the order of the fields starts the
// tables of key at a multiple of 64 bytes: their vectors then never cross a
// cache line. Only speed depends on it.
type AEAD struct {
	fallback cipher.AEAD // of tier generic
	tier     cpu.Tier
	key      key
}

// A stream carries a message over several kernel calls.
type stream struct {
	//lint:ignore U1000 the kernels', and nobody else's
	acc    [16]byte // GHASH so far, in the tier's own representation; zero at the start
	nonce  [16]byte // the 12 bytes of the nonce; the rest is ignored
	blocks uint64   // blocks of the message done so far; the next counter is blocks+2 mod 2^32
	adBits uint64   // length of all additional data in bits
	ctBits uint64   // length of the whole ciphertext in bits
}

func newStream(nonce []byte, ad, n int) (s stream) {
	copy(s.nonce[:], nonce)
	s.adBits, s.ctBits = uint64(ad)*8, uint64(n)*8
	return s
}

// seal seals the n bytes at src to dst, where there is room for the tag too. The
// arguments are pointers because then they fit the registers of a call.
func (a *AEAD) seal(dst, nonce, src *byte, n int, ad *byte, adLen int) {
	if n <= maxCall && adLen <= maxAD {
		switch a.tier {
		case cpu.VAES512:
			sealVAES512(&a.key, nil, nonce, dst, src, n, ad, adLen)
			return
		case cpu.VAES256:
			sealVAES256(&a.key, nil, nonce, dst, src, n, ad, adLen)
			return
		case cpu.AESNI:
			sealAESNI(&a.key, nil, nonce, dst, src, n, ad, adLen)
			return
		}
	}
	a.sealSlow(unsafe.Slice(dst, n+Overhead), unsafe.Slice(nonce, NonceSize), unsafe.Slice(src, n), unsafe.Slice(ad, adLen))
}

// sealSlow seals what takes several calls, and what has no kernel.
func (a *AEAD) sealSlow(out, nonce, plaintext, additionalData []byte) {
	if a.tier == cpu.Generic {
		a.sealGeneric(out, nonce, plaintext, additionalData)
		return
	}
	n := len(plaintext)
	s := newStream(nonce, len(additionalData), n)
	a.key.ghashAll(a.tier, &s, additionalData)
	rest := a.key.sealParts(a.tier, &s, out, plaintext, maxCall)
	a.key.sealLast(a.tier, &s, out[n-rest:], plaintext[n-rest:])
}

func (a *AEAD) sealSuffix(out, nonce, plaintext, suffix, additionalData []byte) {
	if a.tier == cpu.Generic {
		a.sealSuffixGeneric(out, nonce, plaintext, suffix, additionalData)
		return
	}
	n := len(plaintext) + len(suffix)
	if a.tier == cpu.VAES512 && len(suffix) == 1 && n <= maxCall && len(additionalData) <= maxAD {
		sealTypedVAES512(&a.key, &nonce[0], &out[0], unsafe.SliceData(plaintext), len(plaintext), int(suffix[0]), unsafe.SliceData(additionalData), len(additionalData))
		return
	}
	if n < 2*partSize {
		copy(out, plaintext)
		copy(out[len(plaintext):], suffix)
		a.seal(&out[0], &nonce[0], &out[0], n, unsafe.SliceData(additionalData), len(additionalData))
		return
	}
	// All whole parts of the plaintext are sealed from where they are; what is
	// left of it is joined with the suffix in the output and sealed in place.
	s := newStream(nonce, len(additionalData), n)
	a.key.ghashAll(a.tier, &s, additionalData)
	rest := a.key.sealParts(a.tier, &s, out, plaintext, partSize-1)
	done := len(plaintext) - rest
	copy(out[done:], plaintext[done:])
	copy(out[len(plaintext):], suffix)
	rest = a.key.sealParts(a.tier, &s, out[done:], out[done:n], maxCall)
	a.key.sealLast(a.tier, &s, out[n-rest:], out[n-rest:n])
}

// open opens the n bytes at src, which the tag follows, to dst.
func (a *AEAD) open(dst, nonce, src *byte, n int, ad *byte, adLen int) bool {
	if n <= maxCall && adLen <= maxAD {
		switch a.tier {
		case cpu.VAES512:
			return openVAES512(&a.key, nil, nonce, dst, src, n, ad, adLen) == 1
		case cpu.VAES256:
			return openVAES256(&a.key, nil, nonce, dst, src, n, ad, adLen) == 1
		case cpu.AESNI:
			return openAESNI(&a.key, nil, nonce, dst, src, n, ad, adLen) == 1
		}
	}
	return a.openSlow(unsafe.Slice(dst, n), unsafe.Slice(nonce, NonceSize), unsafe.Slice(src, n+Overhead), unsafe.Slice(ad, adLen))
}

func (a *AEAD) openSuffix(dst, suffix, nonce, ciphertext, additionalData []byte) bool {
	if a.tier == cpu.VAES512 && len(suffix) == 1 && len(dst) < maxCall && len(additionalData) <= maxAD {
		return openTypedVAES512(&a.key, &nonce[0], unsafe.SliceData(dst), &ciphertext[0], len(dst), &suffix[0], unsafe.SliceData(additionalData), len(additionalData)) == 1
	}
	return a.openJoined(dst, suffix, nonce, ciphertext, additionalData)
}

// openSlow opens what takes several calls, and what has no kernel.
func (a *AEAD) openSlow(out, nonce, ciphertext, additionalData []byte) bool {
	if a.tier == cpu.Generic {
		return a.openGeneric(out, nonce, ciphertext, additionalData)
	}
	n := len(out)
	s := newStream(nonce, len(additionalData), n)
	a.key.ghashAll(a.tier, &s, additionalData)
	rest := a.key.openParts(a.tier, &s, out, ciphertext[:n], maxCall)
	return a.key.openLast(a.tier, &s, out[n-rest:], ciphertext[n-rest:])
}

// callHook, if a test sets it, is told the length of every kernel call that
// sealSlow and openSlow make.
var callHook func(n int)

func called(n int) {
	if callHook != nil {
		callHook(n)
	}
}

// ghashAll folds additional data of any length into s.
func (k *key) ghashAll(tier cpu.Tier, s *stream, data []byte) {
	for len(data) > 0 {
		n := min(len(data), maxCall)
		k.ghash(tier, s, data[:n])
		data = data[n:]
	}
}

// sealParts seals a multiple of partSize bytes from the front of src to dst,
// and leaves at most max (at least partSize-1) bytes, whose number it returns.
func (k *key) sealParts(tier cpu.Tier, s *stream, dst, src []byte, max int) (rest int) {
	for len(src) > max {
		n := min(len(src), maxCall) &^ (partSize - 1)
		k.sealMore(tier, s, dst, src[:n])
		dst, src = dst[n:], src[n:]
	}
	return len(src)
}

// openParts opens as sealParts seals.
func (k *key) openParts(tier cpu.Tier, s *stream, dst, src []byte, max int) (rest int) {
	for len(src) > max {
		n := min(len(src), maxCall) &^ (partSize - 1)
		k.openMore(tier, s, dst, src[:n])
		dst, src = dst[n:], src[n:]
	}
	return len(src)
}
