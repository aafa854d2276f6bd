// Package hkdf implements the HMAC-based key derivation function HKDF
// (RFC 5869) and HMAC (RFC 2104), in the shape of the standard library's
// crypto/hkdf and crypto/hmac, on the compression functions of package sha2.
//
// [Extract], [Expand] and [Key] return what crypto/hkdf returns, results and
// errors, for every hash function. For the SHA-2 functions, of package sha2 and
// of the standard library, they compute it without a [hash.Hash]: nothing but
// the result is allocated when h is one of those packages' constructors itself,
// and one digest more when h calls one.
//
// An [HMAC] is keyed once and then computes as many MACs, or expands as many
// keys, as are asked for. It keeps the two intermediate hash values that depend
// on the key alone (RFC 2104, Section 4), so that the MAC of a short message
// costs two compressions, not four, and no allocation.
//
// Limits: a message is at most 2^61-1 bytes long, and a key expanded by HKDF at
// most 255 times the size of the hash.
//
// The time that a function takes depends on the lengths of its arguments, not
// on their content. Functions are safe for concurrent use; so is an HMAC, except
// for the methods that change its key.
//
// Where sha2 has no kernel (see [sha2.Tier256]), and while crypto/fips140 is
// enforced, Extract, Expand and Key call crypto/hkdf.
package hkdf

import (
	"crypto/fips140"
	"crypto/hkdf"
	"errors"
	"hash"

	"github.com/sealane/sealane/sha2"
)

// Extract returns the pseudorandom key HKDF-Extract(salt, secret) (RFC 5869,
// Section 2.2), which is as long as the results of h. A nil salt stands for one
// of that many zeros.
//
// It returns an error only while crypto/fips140 is enforced, for a secret of
// less than 112 bits or a hash function that is not approved.
func Extract[H hash.Hash](h func() H, secret, salt []byte) ([]byte, error) {
	a := algOf(h)
	if a == nil {
		return hkdf.Extract(h, secret, salt)
	}
	prk := make([]byte, a.size)
	a.extract(prk, secret, salt)
	return prk, nil
}

// Expand returns HKDF-Expand(pseudorandomKey, info, keyLength) (RFC 5869,
// Section 2.3). It returns an error if keyLength is more than 255 times the size
// of h's results or, while crypto/fips140 is enforced, as [Extract] does. It
// panics if keyLength is negative.
func Expand[H hash.Hash](h func() H, pseudorandomKey []byte, info string, keyLength int) ([]byte, error) {
	a := algOf(h)
	if a == nil {
		return hkdf.Expand(h, pseudorandomKey, info, keyLength)
	}
	if err := a.checkLength(keyLength); err != nil {
		return nil, err
	}
	key := make([]byte, keyLength)
	a.expand(key, pseudorandomKey, info)
	return key, nil
}

// Key returns the key of keyLength bytes that [Extract] and [Expand] derive from
// secret, salt and info. Errors and panics are theirs.
func Key[H hash.Hash](h func() H, secret, salt []byte, info string, keyLength int) ([]byte, error) {
	a := algOf(h)
	if a == nil {
		return hkdf.Key(h, secret, salt, info, keyLength)
	}
	if err := a.checkLength(keyLength); err != nil {
		return nil, err
	}
	var buf [maxSize]byte
	prk := buf[:a.size]
	a.extract(prk, secret, salt)
	key := make([]byte, keyLength)
	a.expand(key, prk, info)
	clear(prk)
	return key, nil
}

// checkLength returns Expand's error for a key of n bytes.
func (a *alg) checkLength(n int) error {
	if n < 0 {
		panic("hkdf: negative key length")
	}
	if n > 255*a.size {
		return errors.New("hkdf: requested key length too large")
	}
	return nil
}

// extract sets prk, of a.size bytes, to HKDF-Extract(salt, secret).
func (a *alg) extract(prk, secret, salt []byte) {
	if a.wide {
		var sum [sha2.Size512]byte
		once512(&sum, a, salt, secret)
		copy(prk, sum[:])
		return
	}
	if a.size == sha2.Size256 {
		once256((*[sha2.Size256]byte)(prk), a, salt, secret)
		return
	}
	var sum [sha2.Size256]byte
	once256(&sum, a, salt, secret)
	copy(prk, sum[:])
}

// expand fills okm, of 255*a.size bytes at most, with HKDF-Expand(prk, info).
func (a *alg) expand(okm, prk []byte, info string) {
	if a.wide {
		var k key512
		k.init(a, prk)
		k.expand(okm, info)
		return
	}
	if len(okm) <= a.size && len(info) < maxShort256 {
		// T(1) is enough, and one block.
		var (
			message [maxShort256]byte
			sum     [sha2.Size256]byte
		)
		n := copy(message[:], info)
		message[n] = 1
		once256(&sum, a, prk, message[:n+1])
		copy(okm, sum[:])
		clear(sum[:])
		return
	}
	var k key256
	k.init(a, prk)
	k.expand(okm, info)
}

// anyKernel spares machines without kernels the search for h.
var anyKernel = algs[0].kernel || algs[1].kernel

// algOf returns the SHA-2 function that h constructs, if this package computes
// HKDF for it, or else nil.
func algOf[H hash.Hash](h func() H) *alg {
	if !anyKernel || fips140.Enforced() {
		return nil
	}
	a := identify(h)
	if a == nil || !a.kernel {
		return nil
	}
	return a
}
