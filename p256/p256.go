// Package p256 implements Diffie-Hellman (SP 800-56A Rev. 3, Section 5.7.1.2) and
// ECDSA (FIPS 186-5, Section 6) on the curve P-256 (SP 800-186, Section 3.2.1.3),
// with the shapes of crypto/ecdh and crypto/ecdsa.
//
// [GenerateKey] makes a [PrivateKey]. Its [PrivateKey.ECDH] with a peer's
// [PublicKey] gives the secret that the two share, which is not uniform: derive
// keys from it, with package hkdf for example. [SignASN1] and [VerifyASN1] sign
// and verify digests. A PrivateKey is a [crypto.Signer] whose Public method
// returns an [ecdsa.PublicKey], so that it works in a tls.Certificate and
// wherever else the standard library takes a signer. [FromECDSA] and
// [PrivateKey.ToECDSA] convert; PKIX and PKCS #8 are read and written by
// crypto/x509, as the examples show.
//
// # Limits
//
// Private keys are the numbers from 1 to n-1, where n is the order of the group,
// as 32 bytes (SEC 1, Section 2.3.7). Public keys are points of the curve except
// the one at infinity, uncompressed or compressed (SEC 1, Section 2.3.3); nothing
// else is accepted. No public key leads to an error of ECDH. Of a digest that is
// longer than 32 bytes, ECDSA takes the first 32.
//
// # Nonces
//
// A signature's secret number is derived from the private key, the digest and 32
// fresh random bytes as draft-irtf-cfrg-det-sigs-with-noise says, Section 4, with
// HMAC-SHA-256: it stays secret if the random bytes are bad, and differs from
// signature to signature if they are good. Without a source of random bytes it is
// that of RFC 6979 (FIPS 186-5, Appendix A.3.3), and so is the signature.
//
// # Constant time
//
// No branch and no address depends on a private key, a nonce, a shared secret or
// anything in between, in every tier; nor on a peer's point. That a number was
// out of range shows, and the length of a signature in DER, which is public.
// Verification takes time that depends on its arguments: they are public.
//
// # Concurrency
//
// Keys may be used by several goroutines at once.
package p256

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"sync/atomic"

	"github.com/sealane/sealane/internal/cpu"
)

const (
	// PrivateKeySize is the length of a private key in bytes.
	PrivateKeySize = 32
	// PublicKeySize is the length of an uncompressed public key in bytes.
	PublicKeySize = 65
	// CompressedSize is the length of a compressed public key in bytes.
	CompressedSize = 33
	// SharedSecretSize is the length of what ECDH returns in bytes.
	SharedSecretSize = 32
	// SignatureSize is the length of the signatures of [Sign] in bytes.
	SignatureSize = 64
)

// The first byte of a public key (SEC 1, Section 2.3.3).
const (
	evenY        = 2
	oddY         = 3
	uncompressed = 4
)

var (
	errPrivateKey = errors.New("p256: invalid private key")
	errPublicKey  = errors.New("p256: invalid public key")
	errMismatch   = errors.New("p256: the public key does not belong to the private key")
	errCurve      = errors.New("p256: the key is not for P-256")
	errRandom     = errors.New("p256: the source of random bytes gives no private key")
	errInternal   = errors.New("p256: internal error: point at infinity")
	errFIPS       = errors.New("p256: use of this implementation of P-256 is not allowed in FIPS 140-only mode")
)

// A PrivateKey is a private key: a scalar, and the public key that belongs to it
// once that was asked for. It is made by [GenerateKey], [NewPrivateKey],
// [FromECDSA] or [FromECDH]; the zero value is not valid, and its methods panic.
type PrivateKey struct {
	tiers
	d      [4]uint64
	public atomic.Pointer[PublicKey]
	std    atomic.Pointer[ecdh.PrivateKey] // if crypto/ecdh was needed
	signer atomic.Pointer[ecdsa.PublicKey] // what Public returns, if it was called
}

// A PublicKey is a public key, a point of the curve. It is made by
// [NewPublicKey], [PrivateKey.PublicKey], [PublicFromECDSA] or [PublicFromECDH];
// the zero value is not valid, and its methods panic.
type PublicKey struct {
	tiers
	q        [2][4]uint64                    // x and y
	std      atomic.Pointer[ecdh.PublicKey]  // if crypto/ecdh was needed
	verifier atomic.Pointer[ecdsa.PublicKey] // if crypto/ecdsa was needed
}

// tiers are the implementations that a key runs: of the multiplication of a given
// point, of that of the generator, and of verification. Each is generic where it
// has no kernel.
type tiers struct{ mult, base, verify cpu.Tier }

// generic stands for no kernels at all.
var generic = tiers{cpu.Generic, cpu.Generic, cpu.Generic}

// GenerateKey returns a new private key, made of bytes read from random; nil
// means [crypto/rand.Reader], which is what to use but for tests. Numbers are
// drawn until one is in range (FIPS 186-5, Appendix A.2.2); the first is, but for
// one time in 2^32.
//
// In FIPS 140-3 enforced mode GenerateKey returns an error, since this module is
// not validated. The same is true of all that makes keys.
func GenerateKey(random io.Reader) (*PrivateKey, error) {
	if fips140.Enforced() {
		return nil, errFIPS
	}
	k := &PrivateKey{tiers: hostTiers}
	var b [PrivateKeySize]byte
	defer clear(b[:])
	for range maxDraws {
		if random == nil || random == rand.Reader {
			rand.Read(b[:])
		} else if err := readFull(random, &b); err != nil {
			return nil, err
		}
		if setBytes(&k.d, b[:]); isScalar(&k.d) == 1 {
			return k, nil
		}
	}
	return nil, errRandom
}

// maxDraws ends the search for a number in range when the source of random bytes
// is broken: a good one fails this often with probability 2^-512.
const maxDraws = 16

// readFull fills b from random. Only a copy of b moves to the heap, and is wiped.
func readFull(random io.Reader, b *[32]byte) error {
	buf := new([32]byte)
	_, err := io.ReadFull(random, buf[:])
	*b = *buf
	clear(buf[:])
	return err
}

// NewPrivateKey returns the private key of 32 bytes, a number from 1 to n-1, the
// most significant byte first. All else is an error. b is not retained.
func NewPrivateKey(b []byte) (*PrivateKey, error) {
	if fips140.Enforced() {
		return nil, errFIPS
	}
	return newPrivateKey(b, hostTiers)
}

// newPrivateKey is NewPrivateKey on given tiers, which the machine must have.
func newPrivateKey(b []byte, t tiers) (*PrivateKey, error) {
	if len(b) != PrivateKeySize {
		return nil, errPrivateKey
	}
	k := &PrivateKey{tiers: t}
	if setBytes(&k.d, b); isScalar(&k.d) == 0 {
		k.d = [4]uint64{}
		return nil, errPrivateKey
	}
	return k, nil
}

// NewPublicKey returns the public key that b holds, uncompressed (65 bytes) or
// compressed (33 bytes). It is an error if b is anything else: the single zero
// byte of the point at infinity, the hybrid form, a number that is not less than
// p, a point that is not on the curve, bytes left over. b is not retained.
//
// This is the full validation of SP 800-56A Rev. 3, Section 5.6.2.3.3: the
// curve's cofactor is 1, so that all of its points have order n.
func NewPublicKey(b []byte) (*PublicKey, error) {
	if fips140.Enforced() {
		return nil, errFIPS
	}
	return newPublicKey(b, hostTiers)
}

// newPublicKey is NewPublicKey on given tiers, which the machine must have.
func newPublicKey(b []byte, t tiers) (*PublicKey, error) {
	p := &PublicKey{tiers: t}
	if !t.parsePoint(&p.q, b) {
		return nil, errPublicKey
	}
	return p, nil
}

// parsePoint sets *q to the point that b holds, as NewPublicKey says, and reports
// whether it holds one.
func (t tiers) parsePoint(q *[2][4]uint64, b []byte) bool {
	switch {
	case len(b) == PublicKeySize && b[0] == uncompressed:
		setBytes(&q[0], b[1:33])
		setBytes(&q[1], b[33:])
		return less(&q[0], &prime)&less(&q[1], &prime) == 1 && t.onCurve(q)
	case len(b) == CompressedSize && (b[0] == evenY || b[0] == oddY):
		setBytes(&q[0], b[1:])
		return less(&q[0], &prime) == 1 && t.decompress(q, b[0]&1)
	}
	return false
}

// onCurve reports whether the coordinates *q, less than p, solve the equation of
// the curve.
func (t tiers) onCurve(q *[2][4]uint64) bool {
	var xM, yM, left, right [4]uint64
	t.toM(&xM, &q[0])
	t.toM(&yM, &q[1])
	t.sqrP(&left, &yM)
	t.equationM(&right, &xM)
	return equal(&left, &right) == 1
}

// decompress sets q[1] to the y with the given last bit of the point with
// x-coordinate q[0], and reports whether there is one (SEC 1, Section 2.3.4,
// step 2). No point has y = 0: the order of the group is odd.
func (t tiers) decompress(q *[2][4]uint64, odd byte) bool {
	var xM, yM, negative [4]uint64
	t.toM(&xM, &q[0])
	t.equationM(&yM, &xM)
	if !t.sqrtP(&yM, &yM) {
		return false
	}
	t.fromM(&q[1], &yM)
	subP(&negative, &[4]uint64{}, &q[1])
	selectWords(&q[1], &negative, -(q[1][0]&1 ^ uint64(odd)))
	return true
}

// Clear overwrites the private key, as far as its memory is this package's, and
// uses k up: its methods panic afterwards, as those of the zero value. Nothing else
// may use k at the same time. A protocol that promises forward secrecy calls it
// when an ephemeral key has done its work.
func (k *PrivateKey) Clear() {
	k.check()
	clear(k.d[:])
	k.std.Store(nil)
	k.public.Store(nil)
	k.signer.Store(nil)
	k.tiers = tiers{}
}

// check panics if k was not made by this package's functions.
func (k *PrivateKey) check() {
	if k == nil || k.mult == cpu.Invalid {
		panic("p256: PrivateKey not made by GenerateKey, NewPrivateKey, FromECDSA or FromECDH")
	}
}

func (p *PublicKey) check() {
	if p == nil || p.mult == cpu.Invalid {
		panic("p256: PublicKey not made by NewPublicKey, PrivateKey.PublicKey, PublicFromECDSA or PublicFromECDH")
	}
}

// ECDH returns the secret that k shares with the owner of the peer's public key,
// 32 bytes: the x-coordinate of the product (SEC 1, Section 3.3.1). The error is
// there for the sake of the standard library's shape; it is always nil.
func (k *PrivateKey) ECDH(peer *PublicKey) ([]byte, error) {
	// Short enough to be inlined, so that the secret stays on the caller's stack
	// if it goes no further.
	secret := new([SharedSecretSize]byte)
	if err := k.ecdh(secret, peer); err != nil {
		return nil, err
	}
	return secret[:], nil
}

func (k *PrivateKey) ecdh(secret *[SharedSecretSize]byte, peer *PublicKey) error {
	k.check()
	peer.check()
	if k.mult == cpu.Generic {
		return k.ecdhGeneric(secret, peer)
	}
	var x [4]uint64
	ok := k.multX(&x, &k.d, &peer.q)
	putBytes(secret[:], &x)
	clear(x[:])
	if !ok {
		return errInternal
	}
	return nil
}

// PublicKey returns the public key that belongs to k. It is computed when it is
// first asked for, and kept.
func (k *PrivateKey) PublicKey() *PublicKey {
	k.check()
	if p := k.public.Load(); p != nil {
		return p
	}
	p := &PublicKey{tiers: k.tiers}
	k.setPublic(p)
	if k.public.CompareAndSwap(nil, p) {
		return p
	}
	return k.public.Load() // another goroutine's, the same
}

// setPublic computes the public key.
func (k *PrivateKey) setPublic(p *PublicKey) {
	if k.base == cpu.Generic {
		std := k.stdKey().PublicKey()
		p.std.Store(std)
		p.setStd(std)
		return
	}
	k.baseAffine(&p.q, &k.d)
}

// Public returns the public key that belongs to k as an [*ecdsa.PublicKey], as
// [crypto.Signer] and the packages that use it want. Each call returns the same,
// which must not be modified.
func (k *PrivateKey) Public() crypto.PublicKey {
	k.check()
	if p := k.signer.Load(); p != nil {
		return p
	}
	k.signer.CompareAndSwap(nil, k.PublicKey().ToECDSA())
	return k.signer.Load()
}

// Bytes returns the private key in 32 bytes, the most significant first.
func (k *PrivateKey) Bytes() []byte {
	// Short enough to be inlined, as ECDH.
	b := new([PrivateKeySize]byte)
	k.copyTo(b)
	return b[:]
}

func (k *PrivateKey) copyTo(b *[PrivateKeySize]byte) {
	k.check()
	putBytes(b[:], &k.d)
}

// Bytes returns the public key uncompressed, in 65 bytes (SEC 1, Section 2.3.3).
func (p *PublicKey) Bytes() []byte {
	b := new([PublicKeySize]byte)
	p.copyTo(b)
	return b[:]
}

func (p *PublicKey) copyTo(b *[PublicKeySize]byte) {
	p.check()
	b[0] = uncompressed
	putBytes(b[1:], &p.q[0])
	putBytes(b[33:], &p.q[1])
}

// BytesCompressed returns the public key compressed, in 33 bytes.
func (p *PublicKey) BytesCompressed() []byte {
	b := new([CompressedSize]byte)
	p.compressTo(b)
	return b[:]
}

func (p *PublicKey) compressTo(b *[CompressedSize]byte) {
	p.check()
	b[0] = evenY | byte(p.q[1][0]&1)
	putBytes(b[1:], &p.q[0])
}

// Equal reports whether x is a *PrivateKey of the same number as k, in constant
// time.
func (k *PrivateKey) Equal(x crypto.PrivateKey) bool {
	k.check()
	y, ok := x.(*PrivateKey)
	if !ok {
		return false
	}
	y.check()
	return equal(&k.d, &y.d) == 1
}

// Equal reports whether x is a *PublicKey of the same point as p.
func (p *PublicKey) Equal(x crypto.PublicKey) bool {
	p.check()
	y, ok := x.(*PublicKey)
	if !ok {
		return false
	}
	y.check()
	return p.q == y.q
}

// Tier tells which implementation multiplies points: "ifma", "adx" or "generic".
func (k *PrivateKey) Tier() string {
	k.check()
	return k.mult.String()
}

// Tier tells which implementation verifies signatures: "ifma", "adx" or
// "generic".
func (p *PublicKey) Tier() string {
	p.check()
	return p.verify.String()
}

// FromECDSA returns the private key that k holds. It is an error if k is nil, of
// another curve, if k.D is not a number from 1 to n-1, or if the public key in k
// does not belong to it. k is not retained.
func FromECDSA(k *ecdsa.PrivateKey) (*PrivateKey, error) {
	if k == nil || !isP256(k.Curve) {
		return nil, errCurve
	}
	if k.D == nil || k.D.Sign() <= 0 || k.D.BitLen() > 256 {
		return nil, errPrivateKey
	}
	var b [PrivateKeySize]byte
	defer clear(b[:])
	key, err := NewPrivateKey(k.D.FillBytes(b[:]))
	if err != nil {
		return nil, err
	}
	p, err := PublicFromECDSA(&k.PublicKey)
	if err != nil {
		return nil, err
	}
	if !p.Equal(key.PublicKey()) {
		return nil, errMismatch
	}
	return key, nil
}

// ToECDSA returns the same private key for crypto/ecdsa and crypto/x509.
func (k *PrivateKey) ToECDSA() *ecdsa.PrivateKey {
	var b [PrivateKeySize]byte
	k.copyTo(&b)
	defer clear(b[:])
	return &ecdsa.PrivateKey{PublicKey: *k.PublicKey().ToECDSA(), D: new(big.Int).SetBytes(b[:])}
}

// PublicFromECDSA returns the public key that p holds. It is an error if p is
// nil, of another curve, or no point of this one.
func PublicFromECDSA(p *ecdsa.PublicKey) (*PublicKey, error) {
	if p == nil || !isP256(p.Curve) {
		return nil, errCurve
	}
	if !fits(p.X) || !fits(p.Y) {
		return nil, errPublicKey
	}
	var b [PublicKeySize]byte
	b[0] = uncompressed
	p.X.FillBytes(b[1:33])
	p.Y.FillBytes(b[33:])
	return NewPublicKey(b[:])
}

// fits reports whether x has an encoding in 32 bytes.
func fits(x *big.Int) bool { return x != nil && x.Sign() >= 0 && x.BitLen() <= 256 }

// isP256 reports whether c is P-256, in one of the two forms that package
// elliptic has, as crypto/ecdsa looks at it.
func isP256(c elliptic.Curve) bool { return c != nil && c.Params() == elliptic.P256().Params() }

// ToECDSA returns the same public key for crypto/ecdsa and crypto/x509.
func (p *PublicKey) ToECDSA() *ecdsa.PublicKey {
	var b [PublicKeySize]byte
	p.copyTo(&b)
	return &ecdsa.PublicKey{
		Curve: elliptic.P256(),
		X:     new(big.Int).SetBytes(b[1:33]),
		Y:     new(big.Int).SetBytes(b[33:]),
	}
}

// FromECDH returns the private key that k holds. Keys of other curves, and nil,
// are errors.
func FromECDH(k *ecdh.PrivateKey) (*PrivateKey, error) {
	if k == nil || k.Curve() != ecdh.P256() {
		return nil, errCurve
	}
	key, err := NewPrivateKey(k.Bytes())
	if err != nil {
		return nil, err
	}
	p, err := PublicFromECDH(k.PublicKey())
	if err != nil {
		return nil, err
	}
	key.public.Store(p)
	return key, nil
}

// ToECDH returns the same private key for crypto/ecdh. The error is there for the
// sake of package x25519's shape; it is always nil.
func (k *PrivateKey) ToECDH() (*ecdh.PrivateKey, error) {
	k.check()
	return k.stdKey(), nil
}

// PublicFromECDH returns the public key that p holds. Keys of other curves, and
// nil, are errors.
func PublicFromECDH(p *ecdh.PublicKey) (*PublicKey, error) {
	if p == nil || p.Curve() != ecdh.P256() {
		return nil, errCurve
	}
	return NewPublicKey(p.Bytes())
}

// ToECDH returns the same public key for crypto/ecdh. The error is always nil.
func (p *PublicKey) ToECDH() (*ecdh.PublicKey, error) {
	p.check()
	return p.stdKey(), nil
}

// KeyExchanger returns k as a [crypto/ecdh.KeyExchanger], for code that takes
// one. Its ECDH refuses public keys of other curves.
func (k *PrivateKey) KeyExchanger() ecdh.KeyExchanger {
	k.check()
	return (*keyExchanger)(k)
}

type keyExchanger PrivateKey

func (x *keyExchanger) Curve() ecdh.Curve { return ecdh.P256() }

func (x *keyExchanger) PublicKey() *ecdh.PublicKey { return (*PrivateKey)(x).PublicKey().stdKey() }

func (x *keyExchanger) ECDH(peer *ecdh.PublicKey) ([]byte, error) {
	if peer == nil || peer.Curve() != ecdh.P256() {
		return nil, errCurve
	}
	p := PublicKey{tiers: x.tiers}
	p.std.Store(peer)
	p.setStd(peer)
	return (*PrivateKey)(x).ECDH(&p)
}
