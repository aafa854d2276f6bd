package hkdf

import (
	"crypto/fips140"
	"crypto/subtle"
	"errors"
	"hash"

	"github.com/sealane/sealane/sha2"
)

// An HMAC computes HMACs (RFC 2104) with one of the SHA-2 functions and one key.
// It is made by [NewHMAC] or [HMAC.InitLike]; all other methods of a zero HMAC,
// and those of nil, panic.
//
// An HMAC is safe for concurrent use, except that [HMAC.Rekey], [HMAC.InitLike]
// and [HMAC.Clear] must not run beside another method. A copy of an HMAC is one of its own, with
// the same key.
type HMAC struct {
	alg *alg // nil in the zero value

	// The key, in the one that alg.wide says.
	narrow key256
	wide   key512
}

const errNotMade = "hkdf: HMAC not made by NewHMAC"

// NewHMAC returns an HMAC with the hash function that h constructs and the given
// key, of any length, of which it keeps no reference.
//
// It returns an error if h constructs none of the SHA-2 functions, of package
// sha2 or of the standard library, and while crypto/fips140 is enforced.
func NewHMAC[H hash.Hash](h func() H, key []byte) (*HMAC, error) {
	if fips140.Enforced() {
		return nil, errors.New("hkdf: use of HMAC is not allowed in FIPS 140-only mode")
	}
	a := identify(h)
	if a == nil {
		return nil, errors.New("hkdf: HMAC with a hash function that is not SHA-2")
	}
	m := &HMAC{alg: a}
	m.Rekey(key)
	return m, nil
}

// Rekey makes key the key of m. The hash function stays.
func (m *HMAC) Rekey(key []byte) {
	m.check()
	if m.alg.wide {
		m.wide.init(m.alg, key)
	} else {
		m.narrow.init(m.alg, key)
	}
}

// InitLike makes m an HMAC with other's hash function and the given key, whether
// m was one before or not. It is for HMACs that are parts of other values: it
// allocates nothing, and never copies a key.
func (m *HMAC) InitLike(other *HMAC, key []byte) {
	other.check()
	if m == nil {
		panic(errNotMade)
	}
	if m.alg != other.alg {
		*m = HMAC{alg: other.alg}
	}
	m.narrow.blocks, m.wide.blocks = other.narrow.blocks, other.wide.blocks
	m.Rekey(key)
}

// Clear overwrites the key. Afterwards m is as a zero HMAC: its methods panic.
func (m *HMAC) Clear() {
	m.check()
	*m = HMAC{}
}

// Size returns the length of the MACs in bytes.
func (m *HMAC) Size() int {
	m.check()
	return m.alg.size
}

// Tier returns the tier of the kernels that compute the hash function.
func (m *HMAC) Tier() string {
	m.check()
	return m.alg.tierName()
}

// AppendMAC appends the MAC of message to dst and returns the extended slice. It
// allocates nothing if dst has room. dst may overlap message.
func (m *HMAC) AppendMAC(dst, message []byte) []byte {
	m.check()
	if m.alg.wide {
		var sum [sha2.Size512]byte
		m.wide.mac(&sum, message)
		return append(dst, sum[:m.alg.size]...)
	}
	var sum [sha2.Size256]byte
	m.narrow.mac(&sum, message)
	return append(dst, sum[:m.alg.size]...)
}

// AppendMACs appends the MAC of message0 to dst0 and that of message1 to dst1,
// and returns both extended slices. It is AppendMAC twice, and faster where a
// kernel works on two messages at once (tier shani, messages of at most 55
// bytes). dst0 and dst1 must not overlap each other; either may overlap the
// messages.
func (m *HMAC) AppendMACs(dst0, dst1, message0, message1 []byte) (mac0, mac1 []byte) {
	m.check()
	if m.alg.wide {
		var sums [2][sha2.Size512]byte
		m.wide.mac(&sums[0], message0)
		m.wide.mac(&sums[1], message1)
		return append(dst0, sums[0][:m.alg.size]...), append(dst1, sums[1][:m.alg.size]...)
	}
	var sums [2][sha2.Size256]byte
	if max(len(message0), len(message1)) <= maxShort256 {
		m.narrow.short2(&sums, message0, message1)
	} else {
		m.narrow.mac(&sums[0], message0)
		m.narrow.mac(&sums[1], message1)
	}
	return append(dst0, sums[0][:m.alg.size]...), append(dst1, sums[1][:m.alg.size]...)
}

// Verify reports whether mac is the MAC of message, the whole of it. The time
// that it takes does not depend on the content of mac.
func (m *HMAC) Verify(message, mac []byte) bool {
	var buf [maxSize]byte
	return subtle.ConstantTimeCompare(m.AppendMAC(buf[:0], message), mac) == 1
}

// New returns a [hash.Hash] that computes MACs of messages that are written to
// it piece by piece. It is a [hash.Cloner] as well, and works on a copy of the
// key, that Rekey and Clear don't reach. It is not safe for concurrent use.
func (m *HMAC) New() hash.Hash {
	m.check()
	if m.alg.wide {
		return newDigest512(m)
	}
	return newDigest256(m)
}

// Expand appends to dst the n bytes of HKDF-Expand(key, info, n) (RFC 5869,
// Section 2.3), where key is the key of m, and returns the extended slice. It
// allocates nothing if dst has room for them. It returns an error if n is more
// than 255 times the size of the MACs, and panics if n is negative.
func (m *HMAC) Expand(dst []byte, info string, n int) ([]byte, error) {
	m.check()
	if err := m.alg.checkLength(n); err != nil {
		return nil, err
	}
	have := len(dst)
	if cap(dst)-have < n {
		dst = append(make([]byte, 0, have+n), dst...)
	}
	dst = dst[:have+n]
	if m.alg.wide {
		m.wide.expand(dst[have:], info)
	} else {
		m.narrow.expand(dst[have:], info)
	}
	return dst, nil
}

// check panics for nil and for an HMAC that NewHMAC did not make.
func (m *HMAC) check() {
	if m == nil || m.alg == nil {
		panic(errNotMade)
	}
}
