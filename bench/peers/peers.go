// Package peers holds the implementations that are compared, one file each, in
// one shape.
package peers

import (
	"crypto/cipher"
	"fmt"
	"slices"
)

// An Impl is one implementation of some of the primitives. What it lacks is
// absent: a nil function, or an algorithm that its function refuses with
// [ErrNone].
type Impl struct {
	// Name is the value of the key impl in the names of its rows.
	Name string

	// Tier returns the kernel that the algorithm runs on here: op is Verify, or
	// anything else. A handshake's is that of its key exchange. Only sealane has
	// one.
	Tier func(op, alg string) string

	// AEAD returns the cipher under a key of the algorithm's length.
	AEAD func(alg string, key []byte) (cipher.AEAD, error)

	// Hash returns a function that digests a message in one call.
	Hash func(alg string) (func(msg []byte), error)

	// HKDF returns HKDF over the hash alg.
	HKDF func(alg string) (HKDF, error)

	// Schedule returns a function that runs the TLS 1.3 key schedule over the
	// hash alg.
	Schedule func(alg string) (func(out *ScheduleOutput, in *ScheduleInput) error, error)

	// Curve returns the operations of an elliptic curve.
	Curve func(alg string) (Curve, error)

	// TLS returns a function that makes TLS 1.3 connections.
	TLS func(Link) (Connect, error)
}

// ErrNone says that an implementation does not have an algorithm.
var ErrNone = fmt.Errorf("the implementation lacks the algorithm")

// HKDF is RFC 5869 over one hash.
type HKDF struct {
	Extract func(secret, salt []byte) ([]byte, error)
	Expand  func(prk []byte, info string, n int) ([]byte, error)
}

// A Curve is X25519 or P-256. Keys and secrets are the bytes that go over the wire;
// what the operations need besides is prepared apart. Sign and Verify are nil if
// there is no ECDSA.
type Curve struct {
	// Generate makes a key pair and returns the public key.
	Generate func() (public []byte, err error)

	// ECDH returns a function that agrees with a peer.
	ECDH func(private, peer []byte) (func() (secret []byte, err error), error)

	// Sign returns a function that signs digests in ASN.1, Verify one that
	// checks them.
	Sign   func(private []byte) (func(digest []byte) ([]byte, error), error)
	Verify func(public []byte) (func(digest, sig []byte) bool, error)
}

// A ScheduleInput is what a full TLS 1.3 handshake without a pre-shared key puts
// into the key schedule (RFC 9846, Section 7.1): the shared secret of the key
// exchange, and transcript hashes up to and including a message.
type ScheduleInput struct {
	Shared            []byte
	ServerHello       []byte
	CertificateVerify []byte
	ServerFinished    []byte
	ClientFinished    []byte
	KeySize           int    // bytes of a traffic key
	TicketNonce       []byte // of one NewSessionTicket
}

// Traffic is the key material of one direction.
type Traffic struct{ Key, IV []byte }

// A ScheduleOutput is what the handshake gets out of it. Its slices may be used
// again for the next one.
type ScheduleOutput struct {
	ClientHandshake, ServerHandshake     Traffic
	ClientFinished, ServerFinished       []byte // verify_data
	ClientApplication, ServerApplication Traffic
	Exporter                             []byte // exporter_secret
	PSK                                  []byte // of the ticket
}

// All are the implementations that run inside this program, sealane first.
func All() []Impl { return []Impl{Sealane, Std, XCrypto, Circl} }

// Algorithms.
var (
	AEADs  = []string{"aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"}
	Hashes = []string{"sha-256", "sha-384", "sha-512"}
	// KDFHashes are the hashes of TLS 1.3's cipher suites.
	KDFHashes = []string{"sha-256", "sha-384"}
	Curves    = []string{"x25519", "p256"}
)

// KeySize returns the bytes of the key of an AEAD.
func KeySize(alg string) int {
	if alg == "aes-128-gcm" {
		return 16
	}
	return 32
}

// none returns ErrNone for alg unless it is one of have.
func none(alg string, have ...string) error {
	if slices.Contains(have, alg) {
		return nil
	}
	return fmt.Errorf("%s: %w", alg, ErrNone)
}
