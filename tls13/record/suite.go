package record

import (
	"crypto/cipher"
	"fmt"
	"math"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/chacha20poly1305"
)

// A Suite is what the record protocol needs to know of a cipher suite: its AEAD
// (Section 5.2) and how much one key may seal (Section 5.5). It is made by
// [NewSuite]; the zero value is not valid.
type Suite struct {
	id      uint16
	keySize int
	limit   uint64
	newAEAD func(key []byte) (cipher.AEAD, error)
}

// NewSuite returns the suite with the given code point, whose keys have keySize
// bytes, and whose AEAD, made by newAEAD, may seal limit records with one key
// (0: as many as there are sequence numbers).
//
// Nonces must have 12 bytes and the AEAD's overhead must not exceed 255
// (Section 5.2). An AEAD saves copies of the content if it has the methods
//
//	SealSuffix(dst, nonce, plaintext, suffix, additionalData []byte) []byte
//	OpenSuffix(dst, suffix, nonce, ciphertext, additionalData []byte) error
//
// SealSuffix, as [aesgcm.AEAD] has it, seals plaintext and suffix as if they
// were one. OpenSuffix opens what has the length of dst, suffix and the overhead
// together, and puts the first bytes of the plaintext in dst and the last ones
// in suffix; it may overwrite ciphertext, and if it returns an error, it has
// cleared dst and suffix.
func NewSuite(id uint16, keySize int, limit uint64, newAEAD func(key []byte) (cipher.AEAD, error)) *Suite {
	if newAEAD == nil {
		panic("record: NewSuite without an AEAD")
	}
	if limit == 0 {
		limit = math.MaxUint64
	}
	return &Suite{id, keySize, limit, newAEAD}
}

// gcmLimit is how many full-size records AES-GCM may seal with one key:
// 2^24.5, rounded down (Section 5.5). Records are counted, whatever their size.
const gcmLimit = 23726566

// The suites of Appendix B.4, less those with AES-CCM.
var (
	// AES128GCMSHA256 is TLS_AES_128_GCM_SHA256.
	AES128GCMSHA256 = NewSuite(0x1301, 16, gcmLimit, newGCM)
	// AES256GCMSHA384 is TLS_AES_256_GCM_SHA384.
	AES256GCMSHA384 = NewSuite(0x1302, 32, gcmLimit, newGCM)
	// CHACHA20POLY1305SHA256 is TLS_CHACHA20_POLY1305_SHA256. Sequence numbers
	// come to their end before a key does (Section 5.5).
	CHACHA20POLY1305SHA256 = NewSuite(0x1303, 32, 0, newChaCha20)
)

func newGCM(key []byte) (cipher.AEAD, error) {
	a, err := aesgcm.New(key)
	if err != nil {
		return nil, err // not a nil *aesgcm.AEAD in an interface
	}
	return a, nil
}

func newChaCha20(key []byte) (cipher.AEAD, error) {
	a, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err // not a nil *chacha20poly1305.AEAD in an interface
	}
	return a, nil
}

// ID returns the code point of the suite.
func (s *Suite) ID() uint16 { return s.id }

// KeySize returns the length of a key in bytes.
func (s *Suite) KeySize() int { return s.keySize }

// IVSize is the length in bytes of the static IV, which is that of a nonce: all
// of TLS 1.3's suites have the same (Section 5.3).
const IVSize = 12

// start returns an AEAD with the given key.
func (s *Suite) start(key, iv []byte) (cipher.AEAD, error) {
	if s == nil || s.newAEAD == nil {
		panic("record: Suite not made by NewSuite")
	}
	if len(key) != s.keySize {
		return nil, fmt.Errorf("record: key of %d bytes for a suite with %d", len(key), s.keySize)
	}
	if len(iv) != IVSize {
		return nil, fmt.Errorf("record: IV of %d bytes", len(iv))
	}
	a, err := s.newAEAD(key)
	if err != nil {
		return nil, err
	}
	if a.NonceSize() != IVSize || a.Overhead() > 255 {
		return nil, fmt.Errorf("record: AEAD with nonces of %d bytes and an overhead of %d", a.NonceSize(), a.Overhead())
	}
	return a, nil
}
