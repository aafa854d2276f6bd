// Package aesgcm implements AES-GCM, the authenticated encryption of NIST
// SP 800-38D with AES (FIPS 197), for keys of 128, 192 and 256 bits, nonces of
// 96 bits and tags of 128 bits.
//
// [New] returns an [AEAD], which is a [crypto/cipher.AEAD]: switching from the
// standard library means changing the constructor.
//
// # Limits
//
// A message has at most 2^36-32 bytes (SP 800-38D, Section 5.2.1.1). A nonce
// must never be used twice with one key: it would give away the authentication
// key and the XOR of the two messages. With random nonces, a key may seal at
// most 2^32 messages (Section 8.3).
//
// # Constant time
//
// Sealing and opening take time that depends on the lengths of the arguments
// and on whether the tag was right, and on no other secret, in every tier but
// generic. Generic is the standard library's implementation: it is constant-time
// where that has assembly (amd64, arm64, ppc64le, s390x with the instructions
// for AES), and looks up secret-dependent tables elsewhere.
//
// # Concurrency
//
// An AEAD may be used by several goroutines at once.
package aesgcm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"errors"
	"strconv"
	"unsafe"

	"github.com/sealane/sealane/internal/alias"
	"github.com/sealane/sealane/internal/cpu"
)

const (
	// NonceSize is the length of a nonce in bytes.
	NonceSize = 12
	// Overhead is the length of a tag in bytes: by so much a sealed message is
	// longer than its plaintext.
	Overhead = 16

	// maxPlaintext is the longest plaintext in bytes: SP 800-38D, Section
	// 5.2.1.1 allows 2^39-256 bits.
	maxPlaintext = 1<<36 - 32
)

// A KeySizeError is the length in bytes of a key that is not 16, 24 or 32 bytes
// long.
type KeySizeError int

func (k KeySizeError) Error() string {
	return "aesgcm: invalid key size " + strconv.Itoa(int(k))
}

// errOpen is the one error of Open, whatever the reason.
var errOpen = errors.New("aesgcm: message authentication failed")

// New returns AES-GCM with a key of 16, 24 or 32 bytes, which selects AES-128,
// AES-192 or AES-256. Any other length is a [KeySizeError]. The key is not
// retained.
//
// In FIPS 140-3 enforced mode New returns an error: the module is not
// validated.
func New(key []byte) (*AEAD, error) { return newTier(key, hostTier) }

// newTier is New on a tier, which the machine must have.
func newTier(key []byte, tier cpu.Tier) (*AEAD, error) {
	if len(key) != 16 && len(key) != 24 && len(key) != 32 {
		return nil, KeySizeError(len(key))
	}
	if fips140.Enforced() {
		return nil, errors.New("aesgcm: use of this module is not allowed in FIPS 140-only mode")
	}
	a := &AEAD{tier: tier}
	if tier == cpu.Generic {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if a.fallback, err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
		return a, nil
	}
	a.key.expand(tier, key)
	return a, nil
}

// NonceSize returns 12, the length of a nonce in bytes.
func (a *AEAD) NonceSize() int { return NonceSize }

// Overhead returns 16, the length of a tag in bytes.
func (a *AEAD) Overhead() int { return Overhead }

// Tier tells which implementation runs: "vaes512", "vaes256", "aesni" or
// "generic".
func (a *AEAD) Tier() string {
	a.check()
	return a.tier.String()
}

// check panics if a was not made by New, so that nothing is ever encrypted
// under a key of zeros.
func (a *AEAD) check() {
	if a == nil || a.tier == cpu.Invalid {
		panic("aesgcm: AEAD not made by New")
	}
}

// Seal encrypts and authenticates plaintext, authenticates additionalData, and
// appends the ciphertext and its tag to dst, as [crypto/cipher.AEAD] asks.
//
// The room behind dst must be plaintext itself (plaintext[:0] as dst seals in
// place) or overlap neither plaintext nor additionalData. Seal panics otherwise,
// if the nonce is not 12 bytes long, and if the plaintext is longer than
// 2^36-32 bytes.
func (a *AEAD) Seal(dst, nonce, plaintext, additionalData []byte) []byte {
	a.check()
	if len(nonce) != NonceSize {
		panic("aesgcm: incorrect nonce length given to Seal")
	}
	if uint64(len(plaintext)) > maxPlaintext {
		panic("aesgcm: message too large")
	}
	head, out := alias.Extend(dst, len(plaintext)+Overhead)
	if alias.Inexact(out, plaintext) {
		panic("aesgcm: invalid buffer overlap of output and input")
	}
	if alias.Any(out, additionalData) {
		panic("aesgcm: invalid buffer overlap of output and additional data")
	}
	a.seal(&out[0], &nonce[0], unsafe.SliceData(plaintext), len(plaintext), unsafe.SliceData(additionalData), len(additionalData))
	return head
}

// SealSuffix works like Seal for the plaintext with suffix appended, without
// joining the two first. TLS 1.3 seals a content type and padding behind the
// content (RFC 9846, Section 5.2). The suffix must not overlap the output.
func (a *AEAD) SealSuffix(dst, nonce, plaintext, suffix, additionalData []byte) []byte {
	a.check()
	if len(nonce) != NonceSize {
		panic("aesgcm: incorrect nonce length given to SealSuffix")
	}
	n := uint64(len(plaintext)) + uint64(len(suffix))
	if n > maxPlaintext {
		panic("aesgcm: message too large")
	}
	head, out := alias.Extend(dst, int(n)+Overhead)
	if alias.Inexact(out, plaintext) || alias.Any(out, suffix) {
		panic("aesgcm: invalid buffer overlap of output and input")
	}
	if alias.Any(out, additionalData) {
		panic("aesgcm: invalid buffer overlap of output and additional data")
	}
	a.sealSuffix(out, nonce, plaintext, suffix, additionalData)
	return head
}

// Open checks the tag at the end of ciphertext, decrypts what is before it and
// appends the plaintext to dst, as [crypto/cipher.AEAD] asks. If anything is
// wrong with the message, the error is always the same, and what was written
// behind dst is cleared.
//
// The room behind dst must be ciphertext itself (ciphertext[:0] as dst opens in
// place) or overlap neither ciphertext nor additionalData. Open panics
// otherwise, and if the nonce is not 12 bytes long.
func (a *AEAD) Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error) {
	a.check()
	if len(nonce) != NonceSize {
		panic("aesgcm: incorrect nonce length given to Open")
	}
	n := len(ciphertext) - Overhead
	if n < 0 || uint64(n) > maxPlaintext {
		return nil, errOpen
	}
	head, out := alias.Extend(dst, n)
	if alias.Inexact(out, ciphertext) {
		panic("aesgcm: invalid buffer overlap of output and input")
	}
	if alias.Any(out, additionalData) {
		panic("aesgcm: invalid buffer overlap of output and additional data")
	}
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
	if len(nonce) != NonceSize {
		panic("aesgcm: incorrect nonce length given to OpenSuffix")
	}
	n := len(dst) + len(suffix)
	if len(ciphertext) != n+Overhead {
		panic("aesgcm: incorrect ciphertext length given to OpenSuffix")
	}
	if alias.Inexact(dst, ciphertext) || alias.Any(suffix, ciphertext) || alias.Any(suffix, dst) {
		panic("aesgcm: invalid buffer overlap of output and input")
	}
	if alias.Any(ciphertext, additionalData) || alias.Any(dst, additionalData) || alias.Any(suffix, additionalData) {
		panic("aesgcm: invalid buffer overlap of output and additional data")
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
