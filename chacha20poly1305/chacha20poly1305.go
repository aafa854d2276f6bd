// Package chacha20poly1305 implements the AEADs ChaCha20-Poly1305 (RFC 8439) and
// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), with the API of
// golang.org/x/crypto/chacha20poly1305.
//
// There are no kernels of this module for them yet: x/crypto's run, behind this
// module's types and checks. A message has at most 2^38-64 bytes (RFC 8439,
// Section 2.8). A nonce must never be used twice with one key; nonces of
// XChaCha20-Poly1305 are long enough to be random.
//
// Sealing and opening take time that depends on the lengths of the arguments and
// on whether the tag was right, and on no secret. An AEAD may be used by several
// goroutines at once.
package chacha20poly1305

import (
	"crypto/cipher"
	"errors"
	"slices"

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

// An AEAD is ChaCha20-Poly1305 or XChaCha20-Poly1305 with one key. It is made by
// [New] or [NewX]; the zero value is not valid, and its methods panic.
type AEAD struct {
	fallback cipher.AEAD
	tier     cpu.Tier
	nonce    int // its length
}

// New returns ChaCha20-Poly1305 with a key of 32 bytes; another length is an
// error, and so is FIPS 140-3 enforced mode. The key is not retained.
func New(key []byte) (*AEAD, error) { return make20(chacha20poly1305.New(key)) }

// NewX returns XChaCha20-Poly1305, as New.
func NewX(key []byte) (*AEAD, error) { return make20(chacha20poly1305.NewX(key)) }

func make20(a cipher.AEAD, err error) (*AEAD, error) {
	if err != nil {
		return nil, err
	}
	return &AEAD{fallback: a, tier: cpu.Generic, nonce: a.NonceSize()}, nil
}

// NonceSize returns 12, or 24 for XChaCha20-Poly1305.
func (a *AEAD) NonceSize() int {
	a.check()
	return a.nonce
}

// Overhead returns 16, the length of a tag in bytes.
func (a *AEAD) Overhead() int { return Overhead }

// Tier tells which implementation runs.
func (a *AEAD) Tier() string {
	a.check()
	return a.tier.String()
}

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
	if len(nonce) != a.nonce {
		panic("chacha20poly1305: incorrect nonce length given to Seal")
	}
	if uint64(len(plaintext)) > maxPlaintext {
		panic("chacha20poly1305: message too large")
	}
	head, out := extend(dst, len(plaintext)+Overhead)
	checkOverlap(out, plaintext, additionalData)
	a.fallback.Seal(out[:0], nonce, plaintext, additionalData)
	return head
}

// Open checks the tag at the end of ciphertext, decrypts what is before it and
// appends the plaintext to dst. If anything is wrong with the message, the error
// is always the same, and what was written behind dst is cleared. Overlaps and
// nonces are as for Seal.
func (a *AEAD) Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error) {
	a.check()
	if len(nonce) != a.nonce {
		panic("chacha20poly1305: incorrect nonce length given to Open")
	}
	n := len(ciphertext) - Overhead
	if n < 0 || uint64(n) > maxPlaintext {
		return nil, errOpen
	}
	head, out := extend(dst, n)
	checkOverlap(out, ciphertext, additionalData)
	if _, err := a.fallback.Open(out[:0], nonce, ciphertext, additionalData); err != nil {
		clear(out)
		return nil, errOpen
	}
	return head, nil
}

func checkOverlap(out, in, additionalData []byte) {
	if alias.Inexact(out, in) {
		panic("chacha20poly1305: invalid buffer overlap of output and input")
	}
	if alias.Any(out, additionalData) {
		panic("chacha20poly1305: invalid buffer overlap of output and additional data")
	}
}

// extend returns dst with n more bytes, and those bytes alone. It allocates
// only if dst lacks the room.
func extend(dst []byte, n int) (head, tail []byte) {
	if total := len(dst) + n; total <= cap(dst) {
		head = dst[:total]
	} else {
		head = slices.Grow(dst, n)[:total]
	}
	return head, head[len(dst):]
}
