package keyschedule

import (
	"crypto/fips140"
	"errors"
	"hash"
	"sync"

	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/sha2"
)

// A Hash is the hash function of a cipher suite (RFC 9846, Appendix B.4). The
// zero value is none.
type Hash uint8

// The hash functions of the cipher suites of RFC 9846.
const (
	SHA256 Hash = 1 + iota // TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256
	SHA384                 // TLS_AES_256_GCM_SHA384
)

const maxHashSize = sha2.Size384

// Size returns the length of the hashes in bytes: 32 or 48.
func (h Hash) Size() int {
	switch h {
	case SHA256:
		return sha2.Size256
	case SHA384:
		return sha2.Size384
	}
	panic(notMade + "Hash")
}

// New returns a digest to compute transcript hashes with.
func (h Hash) New() hash.Hash {
	switch h {
	case SHA256:
		return sha2.New256()
	case SHA384:
		return sha2.New384()
	}
	panic(notMade + "Hash")
}

// params are what the schedules of one Hash have in common. They are computed
// when they are first needed, in four compressions, and not written afterwards.
type params struct {
	hash  Hash
	size  int
	empty []byte // Hash("")

	zeroKey      hkdf.HMAC // has the key zero: the salt of the Early Secret
	noPSKDerived hkdf.HMAC // has the key Derive-Secret(HKDF-Extract(0, 0), "derived", "")

	// What expand takes for the labels that come without a transcript. Those of
	// binder keys and of "derived" have empty for one.
	externalBinder, resumptionBinder []byte
	derived                          []byte
	finished, update                 []byte
	key16, key32, iv                 []byte
}

var params256 = sync.OnceValues(func() (*params, error) {
	return newParams(SHA256, empty256, noPSKDerived256)
})

var params384 = sync.OnceValues(func() (*params, error) {
	return newParams(SHA384, empty384, noPSKDerived384)
})

func newParams(h Hash, empty, noPSKDerived []byte) (*params, error) {
	zeroKey, err := hkdf.NewHMAC(h.New, nil)
	if err != nil {
		return nil, err
	}
	n := h.Size()
	p := &params{
		hash:             h,
		size:             n,
		empty:            empty,
		zeroKey:          *zeroKey,
		externalBinder:   appendInfo(nil, n, labelExternalBinder, empty),
		resumptionBinder: appendInfo(nil, n, labelResumptionBinder, empty),
		derived:          appendInfo(nil, n, labelDerived, empty),
		finished:         appendInfo(nil, n, labelFinished, nil),
		update:           appendInfo(nil, n, labelUpdate, nil),
		key16:            appendInfo(nil, 16, labelKey, nil),
		key32:            appendInfo(nil, 32, labelKey, nil),
		iv:               appendInfo(nil, IVSize, labelIV, nil),
	}
	p.noPSKDerived.InitLike(zeroKey, noPSKDerived)
	return p, nil
}

// params returns an error if h is not a Hash, and while crypto/fips140 is
// enforced.
func (h Hash) params() (*params, error) {
	if fips140.Enforced() {
		return nil, errors.New("keyschedule: use of this package is not allowed in FIPS 140-only mode")
	}
	switch h {
	case SHA256:
		return params256()
	case SHA384:
		return params384()
	}
	return nil, errors.New("keyschedule: unknown hash function")
}

// Constants of the schedule. A test computes them; nothing writes to them.
var (
	// Hash("")
	empty256 = []byte("\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24" +
		"\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55")
	empty384 = []byte("\x38\xb0\x60\xa7\x51\xac\x96\x38\x4c\xd9\x32\x7e\xb1\xb1\xe3\x6a" +
		"\x21\xfd\xb7\x11\x14\xbe\x07\x43\x4c\x0c\xc7\xbf\x63\xf6\xe1\xda" +
		"\x27\x4e\xde\xbf\xe7\x6f\x65\xfb\xd5\x1a\xd2\xf1\x48\x98\xb9\x5b")

	// Derive-Secret(HKDF-Extract(0, 0), "derived", "")
	noPSKDerived256 = []byte("\x6f\x26\x15\xa1\x08\xc7\x02\xc5\x67\x8f\x54\xfc\x9d\xba\xb6\x97" +
		"\x16\xc0\x76\x18\x9c\x48\x25\x0c\xeb\xea\xc3\x57\x6c\x36\x11\xba")
	noPSKDerived384 = []byte("\x15\x91\xda\xc5\xcb\xbf\x03\x30\xa4\xa8\x4d\xe9\xc7\x53\x33\x0e" +
		"\x92\xd0\x1f\x0a\x88\x21\x4b\x44\x64\x97\x2f\xd6\x68\x04\x9e\x93" +
		"\xe5\x2f\x2b\x16\xfa\xd9\x22\xfd\xc0\x58\x44\x78\x42\x8f\x28\x2b")
)
