// Package chacha20poly1305 implements the AEADs ChaCha20-Poly1305 (RFC 8439) and
// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), with the API of
// golang.org/x/crypto/chacha20poly1305.
//
// [New] and [NewX] return an [AEAD], which is a [crypto/cipher.AEAD]: switching
// from x/crypto means changing the import.
//
// # Limits
//
// A message has at most 2^38-64 bytes (RFC 8439, Section 2.8). A nonce must never
// be used twice with one key: it would give away the one-time authentication key
// and the XOR of the two messages. Nonces of XChaCha20-Poly1305 are long enough to
// be random.
//
// # Constant time
//
// Sealing and opening take time that depends on the lengths of the arguments and
// on whether the tag was right, and on no other secret, in every tier. Generic is
// x/crypto's implementation.
//
// # Concurrency
//
// An AEAD may be used by several goroutines at once.
package chacha20poly1305

import (
	"crypto/fips140"
	"errors"
	"unsafe"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/sealane/sealane/internal/alias"
	"github.com/sealane/sealane/internal/cpu"
)

const (
	// KeySize is the length of a key in bytes.
	KeySize = 32
	// NonceSize is the length of a nonce of ChaCha20-Poly1305 in bytes.
	NonceSize = 12
	// NonceSizeX is the length of a nonce of XChaCha20-Poly1305 in bytes.
	NonceSizeX = 24
	// Overhead is the length of a tag in bytes.
	Overhead = 16

	// maxPlaintext is the longest plaintext in bytes: 2^32-1 blocks of ChaCha20,
	// whose counter starts at 1.
	maxPlaintext = 1<<38 - 64
)

// errOpen is the one error of Open, whatever the reason.
var errOpen = errors.New("chacha20poly1305: message authentication failed")

// New returns ChaCha20-Poly1305 with a key of 32 bytes. Any other length is an
// error. The key is not retained.
//
// In FIPS 140-3 enforced mode New returns an error: the algorithm is not
// approved.
func New(key []byte) (*AEAD, error) { return newTier(key, NonceSize, hostTier) }

// NewX returns XChaCha20-Poly1305, otherwise as New.
func NewX(key []byte) (*AEAD, error) { return newTier(key, NonceSizeX, hostTier) }

// newTier is New or NewX, by the length of the nonce, on a tier, which the
// machine must have.
func newTier(key []byte, nonceSize int, tier cpu.Tier) (*AEAD, error) {
	if len(key) != KeySize {
		return nil, errors.New("chacha20poly1305: bad key length")
	}
	if fips140.Enforced() {
		return nil, errors.New("chacha20poly1305: use of ChaCha20-Poly1305 is not allowed in FIPS 140-only mode")
	}
	a := &AEAD{tier: tier, nonceSize: nonceSize}
	if tier != cpu.Generic {
		a.key.set(tier, key)
		return a, nil
	}
	fallback := chacha20poly1305.New
	if nonceSize == NonceSizeX {
		fallback = chacha20poly1305.NewX
	}
	var err error
	if a.fallback, err = fallback(key); err != nil {
		return nil, err
	}
	return a, nil
}

// NonceSize returns 12, or 24 for XChaCha20-Poly1305.
func (a *AEAD) NonceSize() int {
	a.check()
	return a.nonceSize
}

// Overhead returns 16, the length of a tag in bytes.
func (a *AEAD) Overhead() int { return Overhead }

// Tier tells which implementation runs: "avx512", "avx2", "ssse3" or "generic".
func (a *AEAD) Tier() string {
	a.check()
	return a.tier.String()
}

// check panics if a was not made by New or NewX, so that nothing is ever
// encrypted under a key of zeros.
func (a *AEAD) check() {
	if a == nil || a.tier == cpu.Invalid {
		panic("chacha20poly1305: AEAD not made by New or NewX")
	}
}

// Seal encrypts and authenticates plaintext, authenticates additionalData, and
// appends the ciphertext and its tag to dst, as [crypto/cipher.AEAD] asks. The
// room behind dst must be plaintext itself or overlap neither plaintext nor
// additionalData. Seal panics otherwise, if the nonce has the wrong length, and
// if the plaintext is longer than 2^38-64 bytes.
func (a *AEAD) Seal(dst, nonce, plaintext, additionalData []byte) []byte {
	a.check()
	if len(nonce) != a.nonceSize {
		panic("chacha20poly1305: incorrect nonce length given to Seal")
	}
	if uint64(len(plaintext)) > maxPlaintext {
		panic("chacha20poly1305: message too large")
	}
	head, out := alias.Extend(dst, len(plaintext)+Overhead)
	checkOverlap(out, plaintext, additionalData)
	a.seal(&out[0], &nonce[0], unsafe.SliceData(plaintext), len(plaintext), unsafe.SliceData(additionalData), len(additionalData))
	return head
}

// SealSuffix works like Seal for the plaintext with suffix appended, without
// joining the two first. TLS 1.3 seals a content type and padding behind the
// content (RFC 9846, Section 5.2). The suffix must not overlap the output.
func (a *AEAD) SealSuffix(dst, nonce, plaintext, suffix, additionalData []byte) []byte {
	a.check()
	if len(nonce) != a.nonceSize {
		panic("chacha20poly1305: incorrect nonce length given to SealSuffix")
	}
	n := uint64(len(plaintext)) + uint64(len(suffix))
	if n > maxPlaintext {
		panic("chacha20poly1305: message too large")
	}
	head, out := alias.Extend(dst, int(n)+Overhead)
	checkOverlap(out, plaintext, additionalData)
	if alias.Any(out, suffix) {
		panic("chacha20poly1305: invalid buffer overlap of output and input")
	}
	a.sealSuffix(out, nonce, plaintext, suffix, additionalData)
	return head
}

// sealJoined joins plaintext and suffix in out and seals there.
func (a *AEAD) sealJoined(out, nonce, plaintext, suffix, additionalData []byte) {
	n := copy(out, plaintext)
	n += copy(out[n:], suffix)
	a.seal(&out[0], &nonce[0], &out[0], n, unsafe.SliceData(additionalData), len(additionalData))
}

// Open checks the tag at the end of ciphertext, decrypts what is before it and
// appends the plaintext to dst. If anything is wrong with the message, the error
// is always the same, and what was written behind dst is cleared. Overlaps and
// nonces are as for Seal.
func (a *AEAD) Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error) {
	a.check()
	if len(nonce) != a.nonceSize {
		panic("chacha20poly1305: incorrect nonce length given to Open")
	}
	n := len(ciphertext) - Overhead
	if n < 0 || uint64(n) > maxPlaintext {
		return nil, errOpen
	}
	head, out := alias.Extend(dst, n)
	checkOverlap(out, ciphertext, additionalData)
	if !a.open(unsafe.SliceData(out), &nonce[0], &ciphertext[0], n, unsafe.SliceData(additionalData), len(additionalData)) {
		clear(out)
		return nil, errOpen
	}
	return head, nil
}

// OpenSuffix opens a message as Open does, but splits the plaintext: its first
// bytes fill dst, its last ones suffix. So ciphertext must have len(dst) +
// len(suffix) + 16 bytes, or else OpenSuffix panics. It saves a reader of TLS 1.3,
// who has room for just the content of a record, the copy that the content type
// behind it would cost (RFC 9846, Section 5.2).
//
// ciphertext is scratch space: what is in it afterwards is undefined. dst must be
// its beginning or not overlap it; suffix must overlap neither. On failure dst
// and suffix are cleared.
func (a *AEAD) OpenSuffix(dst, suffix, nonce, ciphertext, additionalData []byte) error {
	a.check()
	if len(nonce) != a.nonceSize {
		panic("chacha20poly1305: incorrect nonce length given to OpenSuffix")
	}
	n := len(dst) + len(suffix)
	if len(ciphertext) != n+Overhead {
		panic("chacha20poly1305: incorrect ciphertext length given to OpenSuffix")
	}
	if alias.Inexact(dst, ciphertext) || alias.Any(suffix, ciphertext) || alias.Any(suffix, dst) {
		panic("chacha20poly1305: invalid buffer overlap of output and input")
	}
	if alias.Any(ciphertext, additionalData) || alias.Any(dst, additionalData) || alias.Any(suffix, additionalData) {
		panic("chacha20poly1305: invalid buffer overlap of output and additional data")
	}
	if uint64(n) > maxPlaintext || !a.openSuffix(dst, suffix, nonce, ciphertext, additionalData) {
		clear(dst)
		clear(suffix)
		return errOpen
	}
	return nil
}

// openJoined opens in place and copies the two parts out.
func (a *AEAD) openJoined(dst, suffix, nonce, ciphertext, additionalData []byte) bool {
	n := len(dst) + len(suffix)
	if !a.open(&ciphertext[0], &nonce[0], &ciphertext[0], n, unsafe.SliceData(additionalData), len(additionalData)) {
		clear(ciphertext[:n])
		return false
	}
	copy(dst, ciphertext)
	copy(suffix, ciphertext[len(dst):])
	return true
}

func checkOverlap(out, in, additionalData []byte) {
	if alias.Inexact(out, in) {
		panic("chacha20poly1305: invalid buffer overlap of output and input")
	}
	if alias.Any(out, additionalData) {
		panic("chacha20poly1305: invalid buffer overlap of output and additional data")
	}
}
