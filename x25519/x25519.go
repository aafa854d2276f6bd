// Package x25519 implements the Diffie-Hellman function X25519 (RFC 7748) with
// the shapes of crypto/ecdh, and golang.org/x/crypto/curve25519's function
// [X25519].
//
// [GenerateKey] makes a [PrivateKey]; its [PrivateKey.PublicKey] goes to the
// peer, and [PrivateKey.ECDH] with the peer's gives both the same secret. That
// secret is not uniform: derive keys from it, with package hkdf for example, and
// let both public keys take part.
//
// # Limits
//
// Every string of 32 bytes is a private key, and every string of 32 bytes is a
// public key: RFC 7748 sets and clears bits of the former, and takes u-coordinates
// modulo 2^255-19, of points on the curve and on its twist, for the latter. The
// results are right for all of them. A few public keys, of points of low order,
// lead to a secret of zeros, whatever the private key: that is an error.
//
// # Constant time
//
// No branch and no address depends on a private key, a shared secret or anything
// in between, in every tier, nor on the public key. Whether the secret was zero
// shows in the error.
//
// # Concurrency
//
// Keys may be used by several goroutines at once.
package x25519

import (
	"crypto"
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"strconv"
	"sync/atomic"

	"github.com/sealane/sealane/internal/cpu"
)

const (
	// KeySize is the length of keys and shared secrets in bytes.
	KeySize = 32
	// ScalarSize is the length of the scalar that [X25519] takes, in bytes.
	ScalarSize = 32
	// PointSize is the length of the point that [X25519] takes, in bytes.
	PointSize = 32
)

// A KeySizeError is the length in bytes of a key that is not 32 bytes long.
type KeySizeError int

func (k KeySizeError) Error() string {
	return "x25519: invalid key size " + strconv.Itoa(int(k))
}

var (
	errLowOrder = errors.New("x25519: the peer's public key is of low order: the shared secret is zero")
	errFIPS     = errors.New("x25519: use of X25519 is not allowed in FIPS 140-only mode")
	errCurve    = errors.New("x25519: the key is not for X25519")
)

// A PrivateKey is a private key: a scalar, and the public key that belongs to it
// once that was asked for. It is made by [GenerateKey], [NewPrivateKey] or
// [FromECDH]; the zero value is not valid, and its methods panic.
type PrivateKey struct {
	tiers
	key    [KeySize]byte
	std    *ecdh.PrivateKey // of tier generic
	public atomic.Pointer[PublicKey]
}

// tiers are the implementations that a private key runs: of the multiplication
// of a given point, and of the base point. The latter is generic where it has no
// kernel of its own.
type tiers struct{ ladder, base cpu.Tier }

// A PublicKey is a public key, a u-coordinate. It is made by [NewPublicKey],
// [PrivateKey.PublicKey] or [PublicFromECDH]; the zero value is not valid, and
// its methods panic.
type PublicKey struct {
	valid bool
	key   [KeySize]byte
	std   *ecdh.PublicKey // if this machine is of tier generic
}

// GenerateKey returns a new private key, 32 bytes read from random; nil means
// [crypto/rand.Reader], which is what to use but for tests.
//
// In FIPS 140-3 enforced mode GenerateKey returns an error: X25519 is not
// approved. The same is true of all that makes keys.
func GenerateKey(random io.Reader) (*PrivateKey, error) {
	k := new(PrivateKey)
	if random == nil || random == rand.Reader {
		rand.Read(k.key[:])
	} else if _, err := io.ReadFull(random, k.key[:]); err != nil {
		return nil, err
	}
	if err := k.init(hostTiers); err != nil {
		return nil, err
	}
	return k, nil
}

// NewPrivateKey returns the private key of 32 bytes. Any other length is a
// [KeySizeError]. key is not retained.
func NewPrivateKey(key []byte) (*PrivateKey, error) { return newTier(key, hostTiers) }

// newTier is NewPrivateKey on given tiers, which the machine must have.
func newTier(key []byte, t tiers) (*PrivateKey, error) {
	if len(key) != KeySize {
		return nil, KeySizeError(len(key))
	}
	k := &PrivateKey{key: [KeySize]byte(key)}
	if err := k.init(t); err != nil {
		return nil, err
	}
	return k, nil
}

// init makes a key of the bytes that k.key holds.
func (k *PrivateKey) init(t tiers) (err error) {
	if fips140.Enforced() {
		return errFIPS
	}
	k.tiers = t
	if t.ladder == cpu.Generic {
		k.std, err = ecdh.X25519().NewPrivateKey(k.key[:])
	}
	return err
}

// FromECDH returns the private key that k holds. Keys of other curves, and nil,
// are errors.
func FromECDH(k *ecdh.PrivateKey) (*PrivateKey, error) {
	if k == nil || k.Curve() != ecdh.X25519() {
		return nil, errCurve
	}
	x, err := NewPrivateKey(k.Bytes())
	if err != nil {
		return nil, err
	}
	p, err := PublicFromECDH(k.PublicKey())
	if err != nil {
		return nil, err
	}
	x.public.Store(p)
	return x, nil
}

// ToECDH returns the same private key for crypto/ecdh.
func (k *PrivateKey) ToECDH() (*ecdh.PrivateKey, error) {
	k.check()
	if k.std != nil {
		return k.std, nil
	}
	return ecdh.X25519().NewPrivateKey(k.key[:])
}

// NewPublicKey returns the public key of 32 bytes. Any other length is a
// [KeySizeError]. key is not retained.
func NewPublicKey(key []byte) (*PublicKey, error) {
	if len(key) != KeySize {
		return nil, KeySizeError(len(key))
	}
	if fips140.Enforced() {
		return nil, errFIPS
	}
	p := &PublicKey{valid: true, key: [KeySize]byte(key)}
	if hostTiers.ladder == cpu.Generic {
		var err error
		if p.std, err = ecdh.X25519().NewPublicKey(p.key[:]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// PublicFromECDH returns the public key that p holds. Keys of other curves, and
// nil, are errors.
func PublicFromECDH(p *ecdh.PublicKey) (*PublicKey, error) {
	if p == nil || p.Curve() != ecdh.X25519() {
		return nil, errCurve
	}
	return NewPublicKey(p.Bytes())
}

// ToECDH returns the same public key for crypto/ecdh.
func (p *PublicKey) ToECDH() (*ecdh.PublicKey, error) {
	p.check()
	if p.std != nil {
		return p.std, nil
	}
	return ecdh.X25519().NewPublicKey(p.key[:])
}

// Clear overwrites the private key, as far as its memory is this package's, and
// uses k up: its methods panic afterwards, as those of the zero value. Nothing else
// may use k at the same time. A protocol that promises forward secrecy calls it
// when an ephemeral key has done its work.
func (k *PrivateKey) Clear() {
	k.check()
	clear(k.key[:])
	k.std = nil
	k.public.Store(nil)
	k.tiers = tiers{}
}

// check panics if k was not made by this package's functions, so that the key of
// zeros is never used by mistake.
func (k *PrivateKey) check() {
	if k == nil || k.ladder == cpu.Invalid {
		panic("x25519: PrivateKey not made by GenerateKey, NewPrivateKey or FromECDH")
	}
}

func (p *PublicKey) check() {
	if p == nil || !p.valid {
		panic("x25519: PublicKey not made by NewPublicKey, PrivateKey.PublicKey or PublicFromECDH")
	}
}

// ECDH returns the secret that k shares with the owner of the peer's public key
// (RFC 7748, Section 6.1), 32 bytes. It is an error if they are all zero, which
// happens only if the peer's point is of low order.
func (k *PrivateKey) ECDH(peer *PublicKey) ([]byte, error) {
	// Short enough to be inlined, so that the secret stays on the caller's stack
	// if it goes no further.
	return k.ecdh(new([KeySize]byte), peer)
}

// ecdh is ECDH with room for the secret.
func (k *PrivateKey) ecdh(secret *[KeySize]byte, peer *PublicKey) ([]byte, error) {
	k.check()
	peer.check()
	if k.ladder == cpu.Generic {
		return k.ecdhGeneric(secret, peer)
	}
	scalarMult(k.ladder, secret, &k.key, &peer.key)
	if isZero(secret) {
		return nil, errLowOrder
	}
	return secret[:], nil
}

// isZero reports whether x is all zero, in constant time.
func isZero(x *[KeySize]byte) bool {
	return subtle.ConstantTimeCompare(x[:], make([]byte, KeySize)) == 1
}

// PublicKey returns the public key that belongs to k. It is computed when it is
// first asked for, and kept.
func (k *PrivateKey) PublicKey() *PublicKey {
	k.check()
	if p := k.public.Load(); p != nil {
		return p
	}
	p := &PublicKey{valid: true}
	k.setPublic(p)
	if k.public.CompareAndSwap(nil, p) {
		return p
	}
	return k.public.Load() // another goroutine's, the same
}

// setPublic computes the public key.
func (k *PrivateKey) setPublic(p *PublicKey) {
	switch {
	case k.base != cpu.Generic:
		scalarBaseMult(k.base, &p.key, &k.key)
	case k.ladder != cpu.Generic:
		scalarMult(k.ladder, &p.key, &k.key, &generator)
	default:
		p.std = k.std.PublicKey()
		copy(p.key[:], p.std.Bytes())
	}
}

// Public is PublicKey, as a [crypto.PublicKey]: all private keys of the standard
// library have this method.
func (k *PrivateKey) Public() crypto.PublicKey { return k.PublicKey() }

// Bytes returns a copy of the private key, as it was given: not clamped.
func (k *PrivateKey) Bytes() []byte {
	// Short enough to be inlined, as ECDH.
	b := new([KeySize]byte)
	k.copyTo(b)
	return b[:]
}

func (k *PrivateKey) copyTo(b *[KeySize]byte) {
	k.check()
	*b = k.key
}

// Bytes returns a copy of the public key, as it was given.
func (p *PublicKey) Bytes() []byte {
	b := new([KeySize]byte)
	p.copyTo(b)
	return b[:]
}

func (p *PublicKey) copyTo(b *[KeySize]byte) {
	p.check()
	*b = p.key
}

// Equal reports whether x is a *PrivateKey of the same bytes as k, in constant
// time. Keys that differ only in bits that RFC 7748 sets or clears are not
// equal, although they work alike.
func (k *PrivateKey) Equal(x crypto.PrivateKey) bool {
	k.check()
	y, ok := x.(*PrivateKey)
	if !ok {
		return false
	}
	y.check()
	return subtle.ConstantTimeCompare(k.key[:], y.key[:]) == 1
}

// Equal reports whether x is a *PublicKey of the same bytes as p, in constant
// time. Keys that differ only in the last bit, which RFC 7748 ignores, or by a
// multiple of the prime, are not equal, although they work alike.
func (p *PublicKey) Equal(x crypto.PublicKey) bool {
	p.check()
	y, ok := x.(*PublicKey)
	if !ok {
		return false
	}
	y.check()
	return subtle.ConstantTimeCompare(p.key[:], y.key[:]) == 1
}

// Tier tells which implementation runs: "ifma", "adx" or "generic".
func (k *PrivateKey) Tier() string {
	k.check()
	return k.ladder.String()
}

// KeyExchanger returns k as a [crypto/ecdh.KeyExchanger], for code that takes
// one. Its ECDH refuses public keys of other curves.
func (k *PrivateKey) KeyExchanger() ecdh.KeyExchanger {
	k.check()
	return (*keyExchanger)(k)
}

type keyExchanger PrivateKey

func (x *keyExchanger) Curve() ecdh.Curve { return ecdh.X25519() }

func (x *keyExchanger) PublicKey() *ecdh.PublicKey {
	var p *ecdh.PublicKey
	var err error
	// The key was made where X25519 was allowed.
	fips140.WithoutEnforcement(func() { p, err = (*PrivateKey)(x).PublicKey().ToECDH() })
	if err != nil {
		panic("x25519: " + err.Error())
	}
	return p
}

func (x *keyExchanger) ECDH(peer *ecdh.PublicKey) ([]byte, error) {
	if peer == nil || peer.Curve() != ecdh.X25519() {
		return nil, errCurve
	}
	return (*PrivateKey)(x).ECDH(&PublicKey{valid: true, key: [KeySize]byte(peer.Bytes()), std: peer})
}

// generator is the u-coordinate of the curve's generator (RFC 7748, Section
// 4.1). It is not written to.
var generator = [PointSize]byte{9}

// basepoint is what Basepoint points to at first. Anybody can write to it.
var basepoint = generator

// Basepoint is the u-coordinate of the curve's generator, for [X25519].
var Basepoint = basepoint[:]

// X25519 returns the function of that name (RFC 7748, Section 5) of a scalar and
// a u-coordinate, 32 bytes each, as golang.org/x/crypto/curve25519 does: other
// lengths and a result of zeros are errors. If point is [Basepoint] itself, and
// not a copy of it, the multiplication of the base point runs, which is faster.
func X25519(scalar, point []byte) ([]byte, error) {
	// Short enough to be inlined, as ECDH.
	return x25519(new([PointSize]byte), scalar, point, hostTiers)
}

// x25519 is X25519 with room for the result, on given tiers, which the machine
// must have.
func x25519(dst *[PointSize]byte, scalar, point []byte, t tiers) ([]byte, error) {
	switch {
	case len(scalar) != ScalarSize:
		return nil, errors.New("x25519: invalid scalar size " + strconv.Itoa(len(scalar)))
	case len(point) != PointSize:
		return nil, errors.New("x25519: invalid point size " + strconv.Itoa(len(point)))
	}
	k := PrivateKey{key: [KeySize]byte(scalar)}
	p := PublicKey{valid: true, key: [KeySize]byte(point)}
	if err := k.init(t); err != nil {
		return nil, err
	}
	if &point[0] == &basepoint[0] && p.key == generator {
		k.setPublic(&p)
		*dst = p.key
		return dst[:], nil
	}
	return k.ecdh(dst, &p)
}
