package p256

import (
	"crypto"
	_ "crypto/sha1" // crypto.SHA1 of nonceHash
	"errors"
	"io"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/modinv"
	"github.com/sealane/sealane/sha2"
)

var (
	_ crypto.Signer        = (*PrivateKey)(nil)
	_ crypto.MessageSigner = (*PrivateKey)(nil)
)

// SignASN1 returns the signature of digest with k, in DER: an Ecdsa-Sig-Value of
// RFC 3279, Section 2.2.3.
//
// It reads 32 bytes from random, which should be [crypto/rand.Reader], and returns
// an error if it can't. (crypto/ecdsa ignores its reader since Go 1.26. This
// package does not: the same bytes make the same signature.) If random is nil,
// the signature is that of RFC 6979, with the hash function that has digests of
// that length: SHA-1, SHA-224, SHA-384 or SHA-512, and SHA-256 for all other
// lengths. [PrivateKey.Sign] lets choose.
func SignASN1(random io.Reader, k *PrivateKey, digest []byte) ([]byte, error) {
	return k.signASN1(random, digest, nonceHash(digest))
}

// Sign is [SignASN1] with a signature of 64 bytes: r and s, the most significant
// byte of each first, as in JWS (RFC 7518, Section 3.4).
func Sign(random io.Reader, k *PrivateKey, digest []byte) ([]byte, error) {
	sig := make([]byte, SignatureSize)
	var r, s [4]uint64
	if err := k.sign(&r, &s, (*[32]byte)(sig), random, digest, nonceHash(digest)); err != nil {
		return nil, err
	}
	putBytes(sig, &r)
	putBytes(sig[32:], &s)
	return sig, nil
}

// Sign is [SignASN1], as [crypto.Signer] wants it. It is an error if opts is nil,
// if opts.HashFunc() is no hash function that is linked into the program, or if
// its digests have another length than digest. If random is nil, the signature is
// that of RFC 6979 with that hash function, as crypto/ecdsa's.
func (k *PrivateKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	h, err := hashFunc(opts)
	if err != nil {
		return nil, err
	}
	if len(digest) != h.Size() {
		return nil, errors.New("p256: the digest's length is not that of the hash function's")
	}
	return k.signASN1(random, digest, h)
}

// SignMessage is Sign with the digest of msg, as [crypto.MessageSigner] wants it.
func (k *PrivateKey) SignMessage(random io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	h, err := hashFunc(opts)
	if err != nil {
		return nil, err
	}
	switch h {
	case crypto.SHA256:
		digest := sha2.Sum256(msg)
		return k.signASN1(random, digest[:], h)
	case crypto.SHA384:
		digest := sha2.Sum384(msg)
		return k.signASN1(random, digest[:], h)
	case crypto.SHA512:
		digest := sha2.Sum512(msg)
		return k.signASN1(random, digest[:], h)
	}
	w := h.New()
	w.Write(msg)
	return k.signASN1(random, w.Sum(nil), h)
}

// hashFunc returns the hash function of opts.
func hashFunc(opts crypto.SignerOpts) (crypto.Hash, error) {
	if opts == nil {
		return 0, errors.New("p256: signing with nil opts")
	}
	h := opts.HashFunc()
	if !h.Available() {
		return 0, errors.New("p256: signing with no hash function, or one that is not available")
	}
	return h, nil
}

// nonceHash returns the hash function that SignASN1 derives a nonce of RFC 6979
// with.
func nonceHash(digest []byte) crypto.Hash {
	switch len(digest) {
	case 20:
		return crypto.SHA1
	case 28:
		return crypto.SHA224
	case 48:
		return crypto.SHA384
	case 64:
		return crypto.SHA512
	}
	return crypto.SHA256
}

func (k *PrivateKey) signASN1(random io.Reader, digest []byte, h crypto.Hash) ([]byte, error) {
	sig := make([]byte, maxDER)
	var r, s [4]uint64
	if err := k.sign(&r, &s, (*[32]byte)(sig), random, digest, h); err != nil {
		return nil, err
	}
	return appendDER(sig[:0], &r, &s), nil
}

// sign sets *r and *s to a signature of digest (FIPS 186-5, Section 6.4.1). Bytes
// from random go to *buf, which is what spares an allocation: they are passed
// through an interface, so that the memory must be on the heap, as the
// signature's. h counts only if random is nil.
func (k *PrivateKey) sign(r, s *[4]uint64, buf *[32]byte, random io.Reader, digest []byte, h crypto.Hash) error {
	k.check()
	var e, nonce [4]uint64
	setDigest(&e, digest)
	if random == nil && h != crypto.SHA256 {
		d := newGenericDRBG(h, nil, &k.d, &e)
		for d.next(&nonce); isScalar(&nonce) == 0 || !k.signNonce(r, s, &nonce, &e); {
			d.next(&nonce)
		}
		d.clear()
		clear(nonce[:])
		return nil
	}
	var d drbg
	if random == nil {
		d.init(nil, &k.d, &e)
	} else {
		if _, err := io.ReadFull(random, buf[:]); err != nil {
			clear(buf[:])
			return err
		}
		d.init(buf, &k.d, &e)
		clear(buf[:])
	}
	for d.next(&nonce); isScalar(&nonce) == 0 || !k.signNonce(r, s, &nonce, &e); {
		d.next(&nonce)
	}
	d.clear()
	clear(nonce[:])
	return nil
}

// signNonce sets *r and *s to the signature of e, less than n, with the given
// nonce, from 1 to n-1: steps 4 to 10 of FIPS 186-5, Section 6.4.1. It reports
// false if one of them is zero; then another nonce must be taken. That this
// happened shows in the time.
func (k *PrivateKey) signNonce(r, s, nonce, e *[4]uint64) bool {
	var x, inverse, t [4]uint64
	if k.base == cpu.Generic {
		baseXGeneric(&x, nonce)
		modinv.N256(&inverse, nonce)
	} else {
		k.baseXInverse(&x, &inverse, nonce)
	}
	reduceN(r, &x) // x < p < 2n

	// s = (e + r*d)/nonce. A product by mulN lacks a factor of R:
	// t = (e + r*d)/R, inverse*t/R = s/R^2, and R^3 gives it back.
	k.mulN(&t, r, &k.d)
	k.mulN(&x, e, &[4]uint64{1})
	addN(&t, &t, &x)
	k.mulN(&t, &t, &inverse)
	k.mulN(s, &t, &rrrN)
	clear(inverse[:])
	clear(t[:])
	return isZero(r)|isZero(s) == 0
}

// VerifyASN1 reports whether sig is a signature of digest with the private key
// that p belongs to. It must be in DER, as SignASN1 makes it: any other encoding
// of the two numbers is refused.
//
// It allocates nothing, but in tier generic. Its time depends on its arguments.
func VerifyASN1(p *PublicKey, digest, sig []byte) bool {
	p.check()
	var r, s [4]uint64
	return parseDER(&r, &s, sig) && p.verifyVarTime(digest, &r, &s)
}

// Verify is [VerifyASN1] for the signatures of [Sign], of 64 bytes.
func Verify(p *PublicKey, digest, sig []byte) bool {
	p.check()
	if len(sig) != SignatureSize {
		return false
	}
	var r, s [4]uint64
	setBytes(&r, sig)
	setBytes(&s, sig[32:])
	return p.verifyVarTime(digest, &r, &s)
}

// verifyVarTime reports whether r, s is a signature of digest (FIPS 186-5,
// Section 6.4.2).
func (p *PublicKey) verifyVarTime(digest []byte, r, s *[4]uint64) bool {
	if isScalar(r)&isScalar(s) == 0 {
		return false
	}
	if p.verify == cpu.Generic {
		return p.verifyGenericVarTime(digest, r, s)
	}
	// u1 = e/s, u2 = r/s. With w = R/s, mulN gives them without factors of R.
	var e, w, u1, u2 [4]uint64
	setDigest(&e, digest)
	modinv.N256(&w, s)
	p.mulN(&w, &w, &rrN)
	p.mulN(&u1, &e, &w)
	p.mulN(&u2, r, &w)
	return p.verifyPointsVarTime(&u1, &u2, &p.q, r)
}
