package record

import (
	"crypto/cipher"
	"encoding/binary"
	"math"
	"slices"

	"github.com/sealane/sealane/internal/alias"
)

// A Sealer is the sending half of a connection. It is made by [NewSealer]; the
// zero value is not valid, and its methods panic. A Sealer must not be copied.
type Sealer struct {
	keys
	joined  suffixSealer // keys.aead, if it can do that
	limit   uint64       // records that one key may seal
	version uint16       // legacy_record_version of unprotected records
	max     int          // content of a record; 0 in a Sealer that is not valid
	policy  func(t ContentType, n int) int

	// The header and the inner type of the record before. They are written only
	// when the next record's are others, which is rare: a kernel loads the
	// header, as additional data, by an instruction that would have to wait for
	// narrower stores made just before.
	header [HeaderSize]byte
	inner  [1]byte
}

// A suffixSealer is an AEAD that saves a copy: see NewSuite.
type suffixSealer interface {
	SealSuffix(dst, nonce, plaintext, suffix, additionalData []byte) []byte
}

// NewSealer returns a Sealer without keys: its records are not protected.
func NewSealer() *Sealer {
	return &Sealer{version: 0x0303, max: MaxPlaintext}
}

// SetKey protects the records from here on with a key and an IV of 12 bytes,
// those of a next stage or, after a KeyUpdate, of the next generation
// (Section 7.3), and begins to count at zero. A key or an IV of the wrong length,
// or a suite whose AEAD refuses (as [aesgcm.New] does in FIPS 140-3 enforced
// mode), is an error and changes nothing. SetKey retains neither slice.
func (s *Sealer) SetKey(suite *Suite, key, iv []byte) error {
	s.check()
	a, err := suite.start(key, iv)
	if err != nil {
		return err
	}
	s.keys.set(a, iv)
	s.joined, _ = a.(suffixSealer)
	s.limit = suite.limit
	return nil
}

// SetVersion sets the legacy_record_version of unprotected handshake records,
// 0x0303 unless set. An initial ClientHello should go out as 0x0301, all else
// must go out as 0x0303 (Section 5.1).
func (s *Sealer) SetVersion(v uint16) {
	s.check()
	s.version = v
}

// SetMaxPlaintext lets protected records carry at most n bytes of content and
// padding, and panics unless 63 <= n <= 2^14. A peer's record_size_limit counts
// the inner type too: it is n+1, and 64 at least (RFC 8449, Section 4).
func (s *Sealer) SetMaxPlaintext(n int) {
	s.check()
	checkMax(n)
	s.max = n
}

func checkMax(n int) {
	if n < 63 || n > MaxPlaintext {
		panic("record: SetMaxPlaintext beyond 63 to 2^14 bytes")
	}
}

// SetPadding sets the policy for padding (Section 5.4). For each protected
// record that has room for padding, which is the last one of a Seal unless that
// is full, Seal asks it how many zeros to add to n bytes of content of type t;
// less than zero counts as none, and more than fit as many as fit. With a nil
// policy, nothing is padded.
//
// To pad one call, set a policy before and nil after it. A record of padding
// alone is application data without content.
func (s *Sealer) SetPadding(policy func(t ContentType, n int) int) {
	s.check()
	s.policy = policy
}

// PadTo returns a policy for [Sealer.SetPadding] that rounds content, inner type
// and padding together up to a multiple of block bytes. It panics if block is
// not positive.
func PadTo(block int) func(ContentType, int) int {
	if block < 1 {
		panic("record: PadTo with no positive block")
	}
	return func(_ ContentType, n int) int {
		if rest := (n + 1) % block; rest != 0 {
			return block - rest
		}
		return 0
	}
}

// Size returns how many bytes Seal appends for n bytes of plaintext; if there is
// a policy for padding, how many at most.
func (s *Sealer) Size(n int) int {
	s.check()
	records, last := s.split(n)
	if s.policy != nil && s.aead != nil {
		last = s.max
	}
	return s.size(records, last)
}

// split returns how many records n bytes take and how many bytes are in the
// last of them.
func (s *Sealer) split(n int) (records, last int) {
	most := s.most()
	if n <= most {
		return 1, n
	}
	records = (n-1)/most + 1
	return records, n - (records-1)*most
}

// most returns the most content of one record.
func (s *Sealer) most() int {
	if s.aead == nil {
		return MaxPlaintext
	}
	return s.max
}

// size returns the length of as many records, of which the last has so many
// bytes of content and padding and the others are full.
func (s *Sealer) size(records, last int) int {
	each := HeaderSize
	if s.aead != nil {
		each += 1 + s.overhead
	}
	return records*each + (records-1)*s.most() + last
}

// NeedsRekey reports whether it is time for a KeyUpdate, or another end of this
// key: half the records that it may seal are sealed. With AES-GCM that is after
// 2^23.5 records, 194 GB in full ones, and leaves as much again for what is
// written before the caller asks. For early data, where no KeyUpdate is
// possible, see [Sealer.Remaining].
func (s *Sealer) NeedsRekey() bool {
	s.check()
	return s.aead != nil && s.seq >= s.limit/2
}

// reserve is how many of the records that a key may seal are kept for what ends
// the use of a key in order: KeyUpdate, EndOfEarlyData, an alert.
const reserve = 16

// Remaining returns how many records of application data the key may still
// seal: none if there is no key. A few more are left for handshake messages and
// alerts.
func (s *Sealer) Remaining() uint64 {
	s.check()
	return s.remaining(ApplicationData)
}

func (s *Sealer) remaining(t ContentType) uint64 {
	limit := s.limit
	if t == ApplicationData {
		limit -= min(limit, reserve)
	}
	return limit - min(limit, s.seq)
}

// Seal appends plaintext to dst as records of type t, as many as it needs, and
// returns the longer slice. It grows dst at most once, and not at all if there
// is room for [Sealer.Size] more bytes. That room must not overlap plaintext.
//
// Without plaintext there is one record, and t must be ApplicationData.
// A handshake message that a key change follows must be in a Seal of its own or
// be the last in it. ChangeCipherSpec, with the content 1, makes the unprotected
// record of Appendix E.4 whatever the keys are.
//
// The one error is ErrKeyLimit, of a call that would exceed the limit of the
// key; it has done nothing then. Seal panics for what must never be sent:
// unknown types, application data without keys, empty handshake messages,
// alerts that aren't 2 bytes long (Section 5.1).
func (s *Sealer) Seal(dst []byte, t ContentType, plaintext []byte) ([]byte, error) {
	s.check()
	s.checkFragment(t, plaintext)
	if s.aead == nil || t == ChangeCipherSpec {
		return s.frame(dst, t, plaintext), nil
	}
	records, last := s.split(len(plaintext))
	if uint64(records) > s.remaining(t) {
		return dst, ErrKeyLimit
	}
	pad := 0
	if s.policy != nil && last < s.max {
		pad = max(0, min(s.policy(t, last), s.max-last))
	}
	size := s.size(records, last+pad)
	dst = slices.Grow(dst, size)
	checkOverlap(dst, size, plaintext)
	for range records - 1 {
		dst = s.seal(dst, t, plaintext[:s.max], 0)
		plaintext = plaintext[s.max:]
	}
	return s.seal(dst, t, plaintext, pad), nil
}

func (s *Sealer) checkFragment(t ContentType, fragment []byte) {
	ok := false
	switch t {
	case ApplicationData:
		ok = s.aead != nil
	case Handshake:
		ok = len(fragment) > 0
	case AlertMessage:
		ok = len(fragment) == 2
	case ChangeCipherSpec:
		ok = len(fragment) == 1 && fragment[0] == 1
	}
	if !ok {
		panic("record: Seal of what must not be sent as " + t.String())
	}
}

// checkOverlap panics if the next size bytes of dst share memory with plaintext.
func checkOverlap(dst []byte, size int, plaintext []byte) {
	if alias.Any(dst[len(dst):len(dst)+size], plaintext) {
		panic("record: invalid buffer overlap of output and input")
	}
}

// frame appends unprotected records (TLSPlaintext, Section 5.1).
func (s *Sealer) frame(dst []byte, t ContentType, plaintext []byte) []byte {
	version := uint16(0x0303)
	if t == Handshake {
		version = s.version
	}
	size := len(plaintext) + HeaderSize*((len(plaintext)-1)/MaxPlaintext+1)
	dst = slices.Grow(dst, size)
	checkOverlap(dst, size, plaintext)
	for len(plaintext) > 0 {
		n := min(len(plaintext), MaxPlaintext)
		dst = append(dst, byte(t), byte(version>>8), byte(version), byte(n>>8), byte(n))
		dst = append(dst, plaintext[:n]...)
		plaintext = plaintext[n:]
	}
	return dst
}

// seal appends one protected record (TLSCiphertext, Section 5.2); dst has room
// for it. len(content)+pad <= s.max <= 2^14, so its length is at most
// 2^14+1+255.
func (s *Sealer) seal(dst []byte, t ContentType, content []byte, pad int) []byte {
	n := len(content) + 1 + pad + s.overhead
	if s.header[3] != byte(n>>8) || s.header[4] != byte(n) { // so it is at first: n > 0
		s.header = [HeaderSize]byte{byte(ApplicationData), 3, 3, byte(n >> 8), byte(n)}
	}
	nonce := s.nextNonce()
	s.seq++ // Seal has seen that it doesn't wrap
	dst = append(dst, s.header[:]...)
	if pad == 0 && s.joined != nil {
		if s.inner[0] != byte(t) {
			s.inner[0] = byte(t)
		}
		return s.joined.SealSuffix(dst, nonce, content, s.inner[:], s.header[:])
	}
	start := len(dst)
	dst = append(dst, content...)
	dst = append(dst, byte(t))
	dst = dst[:len(dst)+pad]
	clear(dst[len(dst)-pad:])
	return s.aead.Seal(dst[:start], nonce, dst[start:], s.header[:])
}

func (s *Sealer) check() {
	if s == nil || s.max == 0 {
		panic("record: Sealer not made by NewSealer")
	}
}

// keys protect one half of a connection, if there are any.
type keys struct {
	aead     cipher.AEAD // nil while records are not protected
	overhead int         // aead.Overhead()
	seq      uint64      // number of the next record

	// The static IV of Section 5.3: its first 4 bytes stay in nonce, its last
	// 8, as a big-endian number, are iv. A nonce whose changing half is written
	// by one 8-byte store can be loaded at once; with bytes that are XORed one
	// by one, the load would wait until the last of them is in the cache.
	iv    uint64
	nonce [IVSize]byte
}

// set takes over an AEAD and its IV, and starts with sequence number 0.
func (k *keys) set(a cipher.AEAD, iv []byte) {
	*k = keys{aead: a, overhead: a.Overhead(), iv: binary.BigEndian.Uint64(iv[4:])}
	copy(k.nonce[:4], iv)
}

// nextNonce returns the nonce of record k.seq. It is valid until the next call.
func (k *keys) nextNonce() []byte {
	binary.BigEndian.PutUint64(k.nonce[4:], k.iv^k.seq)
	return k.nonce[:]
}

// lastSeq is the sequence number that no record gets, so that none ever wraps.
const lastSeq = math.MaxUint64
