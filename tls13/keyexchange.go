package tls13

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/tls"
	"io"
	"slices"

	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/x25519"
)

// The key exchange groups, best first: X25519 with ML-KEM-768 (draft-ietf-tls-
// ecdhe-mlkem), and the curves of RFC 9846, Section 4.3.7.
var defaultGroups = []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384}

// isGroup reports whether this package has the group.
func isGroup(g tls.CurveID) bool { return slices.Contains(defaultGroups, g) }

// shareSizes returns the lengths of the key shares of client and server.
func shareSizes(g tls.CurveID) (client, server int) {
	switch g {
	case tls.X25519MLKEM768:
		return mlkem.EncapsulationKeySize768 + x25519Size, mlkem.CiphertextSize768 + x25519Size
	case tls.X25519:
		return x25519Size, x25519Size
	case tls.CurveP256:
		return 65, 65
	case tls.CurveP384:
		return 97, 97
	}
	return 0, 0
}

const x25519Size = 32

// An ephemeral is a client's private key of one group, for one ClientHello.
type ephemeral struct {
	group  tls.CurveID
	x25519 *x25519.PrivateKey
	p256   *p256.PrivateKey
	p384   *ecdh.PrivateKey
	mlkem  *mlkem.DecapsulationKey768
}

// newEphemeral generates a key. Each is of its own randomness, also the two of
// X25519MLKEM768 and X25519 in one ClientHello (Section 4.3.8).
func newEphemeral(rand io.Reader, group tls.CurveID) (k ephemeral, err error) {
	k.group = group
	switch group {
	case tls.X25519MLKEM768:
		var seed [mlkem.SeedSize]byte
		if _, err = io.ReadFull(rand, seed[:]); err != nil {
			break
		}
		k.mlkem, err = mlkem.NewDecapsulationKey768(seed[:])
		clear(seed[:])
		if err != nil {
			break
		}
		k.x25519, err = x25519.GenerateKey(rand)
	case tls.X25519:
		k.x25519, err = x25519.GenerateKey(rand)
	case tls.CurveP256:
		k.p256, err = p256.GenerateKey(rand)
	case tls.CurveP384:
		k.p384, err = ecdh.P384().GenerateKey(rand)
	default:
		return k, fault(alertInternalError, "no key exchange with group %v", group)
	}
	if err != nil {
		return k, fault(alertInternalError, "key generation: %w", err)
	}
	return k, nil
}

// share appends the KeyShareEntry.
func (k *ephemeral) share(b *builder) {
	b.u16(uint16(k.group))
	mark := b.open(2)
	if k.mlkem != nil {
		b.bytes(k.mlkem.EncapsulationKey().Bytes())
	}
	switch {
	case k.x25519 != nil:
		b.bytes(k.x25519.PublicKey().Bytes())
	case k.p256 != nil:
		b.bytes(k.p256.PublicKey().Bytes())
	case k.p384 != nil:
		b.bytes(k.p384.PublicKey().Bytes())
	}
	b.close(mark, 2)
}

// shared returns the shared secret, given the server's share (Section 7.4).
func (k *ephemeral) shared(share []byte) ([]byte, error) {
	if _, size := shareSizes(k.group); len(share) != size {
		return nil, badShare(k.group, nil)
	}
	switch k.group {
	case tls.X25519MLKEM768:
		s, err := k.mlkem.Decapsulate(share[:mlkem.CiphertextSize768])
		if err != nil {
			return nil, badShare(k.group, err)
		}
		t, err := x25519ECDH(k.x25519, share[mlkem.CiphertextSize768:])
		if err != nil {
			return nil, badShare(k.group, err)
		}
		return join(s, t), nil
	case tls.X25519:
		s, err := x25519ECDH(k.x25519, share)
		if err != nil {
			return nil, badShare(k.group, err)
		}
		return s, nil
	case tls.CurveP256:
		s, err := p256ECDH(k.p256, share)
		if err != nil {
			return nil, badShare(k.group, err)
		}
		return s, nil
	}
	pub, err := ecdh.P384().NewPublicKey(share)
	if err != nil {
		return nil, badShare(k.group, err)
	}
	s, err := k.p384.ECDH(pub)
	if err != nil {
		return nil, badShare(k.group, err)
	}
	return s, nil
}

// respond generates the server's share for a client's, and the shared secret.
func respond(rand io.Reader, group tls.CurveID, clientShare []byte) (share, shared []byte, err error) {
	if size, _ := shareSizes(group); len(clientShare) != size {
		return nil, nil, badShare(group, nil)
	}
	rest := clientShare
	if group == tls.X25519MLKEM768 {
		ek, err := mlkem.NewEncapsulationKey768(clientShare[:mlkem.EncapsulationKeySize768])
		if err != nil {
			return nil, nil, badShare(group, err)
		}
		rest = clientShare[mlkem.EncapsulationKeySize768:]
		shared, share = ek.Encapsulate()
	}
	switch group {
	case tls.X25519MLKEM768, tls.X25519:
		k, err := x25519.GenerateKey(rand)
		if err != nil {
			return nil, nil, fault(alertInternalError, "key generation: %w", err)
		}
		defer k.Clear()
		s, err := x25519ECDH(k, rest)
		if err != nil {
			return nil, nil, badShare(group, err)
		}
		share = append(share, k.PublicKey().Bytes()...)
		if shared == nil {
			return share, s, nil
		}
		return share, join(shared, s), nil
	case tls.CurveP256:
		k, err := p256.GenerateKey(rand)
		if err != nil {
			return nil, nil, fault(alertInternalError, "key generation: %w", err)
		}
		defer k.Clear()
		s, err := p256ECDH(k, rest)
		if err != nil {
			return nil, nil, badShare(group, err)
		}
		return k.PublicKey().Bytes(), s, nil
	}
	k, err := ecdh.P384().GenerateKey(rand)
	if err != nil {
		return nil, nil, fault(alertInternalError, "key generation: %w", err)
	}
	pub, err := ecdh.P384().NewPublicKey(rest)
	if err != nil {
		return nil, nil, badShare(group, err)
	}
	s, err := k.ECDH(pub)
	if err != nil {
		return nil, nil, badShare(group, err)
	}
	return k.PublicKey().Bytes(), s, nil
}

func x25519ECDH(k *x25519.PrivateKey, share []byte) ([]byte, error) {
	pub, err := x25519.NewPublicKey(share)
	if err != nil {
		return nil, err
	}
	return k.ECDH(pub)
}

// p256ECDH takes the one form of a point that Section 4.3.8.2 allows, which is
// the uncompressed one: the length of the share was checked.
func p256ECDH(k *p256.PrivateKey, share []byte) ([]byte, error) {
	pub, err := p256.NewPublicKey(share)
	if err != nil {
		return nil, err
	}
	return k.ECDH(pub)
}

// join returns the concatenation of two secrets and overwrites them.
func join(a, b []byte) []byte {
	ab := make([]byte, len(a)+len(b))
	copy(ab, a)
	copy(ab[len(a):], b)
	clear(a)
	clear(b)
	return ab
}

func badShare(group tls.CurveID, err error) error {
	if err == nil {
		return fault(alertIllegalParameter, "key share of group %v has the wrong length", group)
	}
	return fault(alertIllegalParameter, "key share of group %v: %w", group, err)
}

// overwrite overwrites the private key. That of ML-KEM and of P-384, which the
// standard library holds, can only be dropped.
func (k *ephemeral) overwrite() {
	if k.x25519 != nil {
		k.x25519.Clear()
	}
	if k.p256 != nil {
		k.p256.Clear()
	}
	*k = ephemeral{}
}
