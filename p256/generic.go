package p256

import (
	"crypto/ecdh"
	"crypto/ecdsa"
)

// What has no kernel is the standard library's: crypto/ecdh multiplies,
// crypto/ecdsa verifies. Signatures are this package's in every tier, and the
// same in all, but that crypto/ecdh multiplies the generator by the nonce.

// stdKey returns k for crypto/ecdh.
func (k *PrivateKey) stdKey() *ecdh.PrivateKey {
	if std := k.std.Load(); std != nil {
		return std
	}
	k.std.CompareAndSwap(nil, stdPrivate(&k.d))
	return k.std.Load()
}

// stdPrivate returns the private key d, from 1 to n-1, for crypto/ecdh.
func stdPrivate(d *[4]uint64) *ecdh.PrivateKey {
	var b [PrivateKeySize]byte
	putBytes(b[:], d)
	std, err := ecdh.P256().NewPrivateKey(b[:])
	if err != nil {
		panic("p256: internal error: " + err.Error())
	}
	clear(b[:])
	return std
}

// stdKey returns p for crypto/ecdh.
func (p *PublicKey) stdKey() *ecdh.PublicKey {
	if std := p.std.Load(); std != nil {
		return std
	}
	var b [PublicKeySize]byte
	p.copyTo(&b)
	std, err := ecdh.P256().NewPublicKey(b[:])
	if err != nil {
		panic("p256: internal error: " + err.Error())
	}
	p.std.CompareAndSwap(nil, std)
	return p.std.Load()
}

// setStd sets p's point to that of std.
func (p *PublicKey) setStd(std *ecdh.PublicKey) {
	b := std.Bytes()
	setBytes(&p.q[0], b[1:33])
	setBytes(&p.q[1], b[33:])
}

// ecdhGeneric computes the shared secret with crypto/ecdh.
func (k *PrivateKey) ecdhGeneric(secret *[SharedSecretSize]byte, peer *PublicKey) error {
	b, err := k.stdKey().ECDH(peer.stdKey())
	if err != nil {
		return err
	}
	copy(secret[:], b)
	clear(b)
	return nil
}

// baseXGeneric sets *x to the x-coordinate of k times the generator, for k from 1
// to n-1. It leaves k behind in memory of crypto/ecdh's that can't be overwritten.
func baseXGeneric(x, k *[4]uint64) {
	b := stdPrivate(k).PublicKey().Bytes()
	setBytes(x, b[1:33])
}

// verifyGenericVarTime verifies with crypto/ecdsa the signature r, s, both from 1
// to n-1.
func (p *PublicKey) verifyGenericVarTime(digest []byte, r, s *[4]uint64) bool {
	std := p.verifier.Load()
	if std == nil {
		p.verifier.CompareAndSwap(nil, p.ToECDSA())
		std = p.verifier.Load()
	}
	var buf [maxDER]byte
	return ecdsa.VerifyASN1(std, digest, appendDER(buf[:0], r, s))
}
