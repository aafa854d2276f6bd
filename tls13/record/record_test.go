package record

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sealane/sealane/chacha20poly1305"
)

// The suites under test: this package's three, and others as a later suite may
// be: with an AEAD that can only do what cipher.AEAD asks, with one that can
// seal and open a suffix, and with the largest overhead that Section 5.2 allows.
var suites = []struct {
	name string
	*Suite
}{
	{"TLS_AES_128_GCM_SHA256", AES128GCMSHA256},
	{"TLS_AES_256_GCM_SHA384", AES256GCMSHA384},
	{"plain", NewSuite(0xff01, 16, 0, func(key []byte) (cipher.AEAD, error) { return stdGCM(key), nil })},
	{"suffix", NewSuite(0xff02, 32, 1000, func(key []byte) (cipher.AEAD, error) {
		return suffixGCM{stdGCM(key)}, nil
	})},
	{"TLS_CHACHA20_POLY1305_SHA256", CHACHA20POLY1305SHA256},
	{"overhead", NewSuite(0xff03, 16, 0, func(key []byte) (cipher.AEAD, error) { return longTag{stdGCM(key)}, nil })},
}

func stdGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return a
}

// suffixGCM can do all that NewSuite describes.
type suffixGCM struct{ cipher.AEAD }

func (g suffixGCM) SealSuffix(dst, nonce, plaintext, suffix, ad []byte) []byte {
	n := len(dst)
	dst = append(append(dst, plaintext...), suffix...)
	return g.AEAD.Seal(dst[:n], nonce, dst[n:], ad)
}

func (g suffixGCM) OpenSuffix(dst, suffix, nonce, ciphertext, ad []byte) error {
	if len(dst)+len(suffix)+16 != len(ciphertext) {
		panic("lengths don't match")
	}
	plaintext, err := g.AEAD.Open(nil, nonce, ciphertext, ad)
	if err != nil {
		clear(dst)
		clear(suffix)
		return err
	}
	copy(suffix, plaintext[copy(dst, plaintext):])
	return nil
}

// longTag is an AEAD with an overhead of 255 bytes, all but 16 of them zero.
type longTag struct{ cipher.AEAD }

func (longTag) Overhead() int { return 255 }

func (l longTag) Seal(dst, nonce, plaintext, ad []byte) []byte {
	return append(l.AEAD.Seal(dst, nonce, plaintext, ad), make([]byte, 255-16)...)
}

func (l longTag) Open(dst, nonce, ciphertext, ad []byte) ([]byte, error) {
	n := len(ciphertext) - (255 - 16)
	if n < 0 || !bytes.Equal(ciphertext[n:], make([]byte, 255-16)) {
		return nil, errors.New("tag")
	}
	return l.AEAD.Open(dst, nonce, ciphertext[:n], ad)
}

// keyOf returns a key and an IV for the suite, numbered.
func keyOf(s *Suite, n uint64) (key, iv []byte) {
	r := rand.New(rand.NewPCG(n, uint64(s.id)))
	key, iv = make([]byte, s.keySize), make([]byte, IVSize)
	for _, b := range [][]byte{key, iv} {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
	return key, iv
}

// pair returns a Sealer and an Opener with the same key.
func pair(t testing.TB, suite *Suite) (*Sealer, *Opener) {
	t.Helper()
	s, o := NewSealer(), NewOpener()
	key, iv := keyOf(suite, 0)
	if err := s.SetKey(suite, key, iv); err != nil {
		t.Fatal(err)
	}
	if err := o.SetKey(suite, key, iv); err != nil {
		t.Fatal(err)
	}
	return s, o
}

// seal is Seal into a new buffer, which must succeed.
func seal(t testing.TB, s *Sealer, typ ContentType, plaintext []byte) []byte {
	t.Helper()
	out, err := s.Seal(nil, typ, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// define is the definition of a protected record, read off Sections 5.2 to 5.4
// a byte at a time. The type inner is sealed without regard to what it is.
func define(suite *Suite, key, iv []byte, seq uint64, inner []byte) []byte {
	aead, err := suite.newAEAD(key)
	if err != nil {
		panic(err)
	}
	nonce := slices.Clone(iv)
	for i := range 8 {
		nonce[11-i] ^= byte(seq >> (8 * i))
	}
	n := len(inner) + aead.Overhead()
	header := []byte{23, 3, 3, byte(n >> 8), byte(n)}
	return append(header, aead.Seal(nil, nonce, inner, header)...)
}

// inner is a TLSInnerPlaintext.
func inner(t ContentType, content []byte, pad int) []byte {
	return slices.Concat(content, []byte{byte(t)}, make([]byte, pad))
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 5)) }

func TestSealIsAsDefined(t *testing.T) {
	for _, suite := range suites {
		t.Run(suite.name, func(t *testing.T) {
			random := random(newRand(1), 70000)
			for _, most := range []int{MaxPlaintext, 1000, 63} {
				key, iv := keyOf(suite.Suite, 0)
				s := NewSealer()
				if err := s.SetKey(suite.Suite, key, iv); err != nil {
					t.Fatal(err)
				}
				s.SetMaxPlaintext(most)
				s.limit = math.MaxUint64
				seq := uint64(0)
				for _, n := range []int{0, 1, 2, 15, 16, 17, 999, 1000, 1001, 4000, MaxPlaintext - 1, MaxPlaintext, MaxPlaintext + 1, 3 * MaxPlaintext, 70000} {
					for _, pad := range []int{-1, 0, 1, 100, 1 << 20} {
						content := random[:n]
						typ := ApplicationData
						if n > 2 && pad == 1 {
							typ = Handshake
						}
						asked := 0
						s.SetPadding(func(pt ContentType, pn int) int {
							asked++
							if rest := n % most; pt != typ || pn != rest {
								t.Errorf("policy asked for %d bytes of %v in the last of %d bytes", pn, pt, n)
							}
							return pad
						})
						var want []byte
						rest := content
						for first := true; first || len(rest) > 0; first = false {
							c := rest[:min(len(rest), most)]
							rest = rest[len(c):]
							p := 0
							if len(rest) == 0 {
								p = max(0, min(pad, most-len(c)))
							}
							want = append(want, define(suite.Suite, key, iv, seq, inner(typ, c, p))...)
							seq++
						}
						got := seal(t, s, typ, content)
						if !bytes.Equal(got, want) {
							t.Fatalf("%d bytes in records of %d with padding %d: not as defined", n, most, pad)
						}
						if full := n > 0 && n%most == 0; full && asked != 0 || !full && asked != 1 {
							t.Errorf("%d bytes in records of %d: policy asked %d times", n, most, asked)
						}
						if size := s.Size(n); size < len(got) || pad > MaxPlaintext && size != len(got) {
							t.Errorf("Size(%d) is %d, Seal appended %d", n, size, len(got))
						}
						s.SetPadding(nil)
						if pad == 0 && s.Size(n) != len(got) {
							t.Errorf("Size(%d) is %d without padding, Seal appended %d", n, s.Size(n), len(got))
						}
						if s.seq != seq {
							t.Fatalf("sequence number %d, want %d", s.seq, seq)
						}
					}
				}
			}
		})
	}
}

// TestSequenceNumbers: all eight bytes of the number are in the nonce, on both
// halves, and every key begins with 0.
func TestSequenceNumbers(t *testing.T) {
	for _, suite := range suites {
		s, o := pair(t, suite.Suite)
		key, iv := keyOf(suite.Suite, 0)
		s.limit = math.MaxUint64
		for i := range 64 {
			for _, seq := range []uint64{1 << i, 1<<i - 1, math.MaxUint64 - 1<<i} {
				s.seq, o.seq = seq, seq
				got := seal(t, s, Handshake, []byte("abc"))
				if want := define(suite.Suite, key, iv, seq, inner(Handshake, []byte("abc"), 0)); !bytes.Equal(got, want) {
					t.Errorf("%s: record %#x is not as defined", suite.name, seq)
				}
				recs := make([]Record, 1)
				if _, _, err := o.Open(recs, got); err != nil || string(recs[0].Content) != "abc" {
					t.Fatalf("%s: record %#x: %v", suite.name, seq, err)
				}
				if s.seq != seq+1 || o.seq != seq+1 {
					t.Errorf("%s: after record %#x come %#x, %#x", suite.name, seq, s.seq, o.seq)
				}
			}
		}
		if err := errors.Join(s.SetKey(suite.Suite, key, iv), o.SetKey(suite.Suite, key, iv)); err != nil {
			t.Fatal(err)
		}
		if s.seq != 0 || o.seq != 0 {
			t.Errorf("%s: a new key begins with %d, %d", suite.name, s.seq, o.seq)
		}
	}
}

func TestSequenceNumbersNeverWrap(t *testing.T) {
	suite := suites[2].Suite // without a limit of its own
	s, o := pair(t, suite)
	s.seq, o.seq = math.MaxUint64-1, math.MaxUint64-1
	last := seal(t, s, Handshake, []byte("last"))
	if s.seq != math.MaxUint64 {
		t.Fatalf("sequence number %#x", s.seq)
	}
	for range 2 {
		out, err := s.Seal([]byte("kept"), Handshake, []byte("more"))
		if err != ErrKeyLimit || string(out) != "kept" || s.seq != math.MaxUint64 {
			t.Errorf("Seal beyond the last number: %q, %v, next %#x", out, err, s.seq)
		}
	}
	recs := make([]Record, 2)
	n, used, err := o.Open(recs, last)
	if n != 1 || used != len(last) || err != nil {
		t.Fatalf("Open of the last number: %d, %d, %v", n, used, err)
	}
	key, iv := keyOf(suite, 0)
	n, used, err = o.Open(recs, define(suite, key, iv, math.MaxUint64, inner(Handshake, []byte("more"), 0)))
	checkAlert(t, err, InternalError)
	if n != 0 || used != 0 || o.seq == 0 && o.aead != nil {
		t.Errorf("Open beyond the last number: %d, %d", n, used)
	}
}

func TestKeyLimit(t *testing.T) {
	if want := uint64(math.Exp2(24.5)); gcmLimit != want || AES128GCMSHA256.limit != want || AES256GCMSHA384.limit != want {
		t.Errorf("limit of AES-GCM is %d, want 2^24.5 = %d", gcmLimit, want)
	}
	s := NewSealer()
	if s.Remaining() != 0 || s.NeedsRekey() {
		t.Errorf("no key, but %d records remain, %v", s.Remaining(), s.NeedsRekey())
	}
	s, o := pair(t, AES128GCMSHA256)
	const forData = gcmLimit - reserve
	if s.Remaining() != forData || s.NeedsRekey() {
		t.Errorf("new key: %d records remain, %v", s.Remaining(), s.NeedsRekey())
	}
	s.seq = gcmLimit/2 - 1
	if s.NeedsRekey() {
		t.Error("wants a new key early")
	}
	seal(t, s, ApplicationData, nil)
	if !s.NeedsRekey() || s.Remaining() != forData-gcmLimit/2 {
		t.Errorf("does not want a new key at half the limit; %d records remain", s.Remaining())
	}

	s.seq = forData - 2
	three := make([]byte, 2*MaxPlaintext+1)
	if out, err := s.Seal([]byte("kept"), ApplicationData, three); err != ErrKeyLimit || string(out) != "kept" || s.seq != forData-2 {
		t.Errorf("three records where two remain: %d bytes, %v", len(out), err)
	}
	seal(t, s, ApplicationData, three[1:])
	if s.Remaining() != 0 {
		t.Errorf("%d records remain", s.Remaining())
	}
	if _, err := s.Seal(nil, ApplicationData, nil); err != ErrKeyLimit {
		t.Errorf("data at the limit: %v", err)
	}
	for range reserve {
		seal(t, s, Handshake, []byte{24, 0, 0, 1, 0})
	}
	if _, err := s.Seal(nil, AlertMessage, []byte{1, 0}); err != ErrKeyLimit {
		t.Errorf("alert beyond the limit: %v", err)
	}

	// The Opener does not care.
	key, iv := keyOf(AES128GCMSHA256, 0)
	o.seq = gcmLimit + 5
	if n, _, err := o.Open(make([]Record, 1), define(AES128GCMSHA256, key, iv, gcmLimit+5, inner(ApplicationData, nil, 0))); n != 1 {
		t.Errorf("Opener beyond the limit: %v", err)
	}

	// A new key, a new count.
	if err := s.SetKey(AES256GCMSHA384, make([]byte, 32), make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	if s.Remaining() != forData || s.NeedsRekey() {
		t.Errorf("next key: %d records remain, %v", s.Remaining(), s.NeedsRekey())
	}
}

// TestStream sends random records of all types through random cuts, with key
// changes, and opens them by Open and by OpenTo.
func TestStream(t *testing.T) {
	for _, suite := range suites {
		for _, to := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/to=%v", suite.name, to), func(t *testing.T) {
				for seed := range uint64(8) {
					testStream(t, suite.Suite, newRand(seed), to)
				}
			})
		}
	}
}

// A sent thing is a run of application data, or one record of another type;
// key >= 0 says that this key holds behind it.
type sent struct {
	typ  ContentType
	data []byte
	key  int
}

func testStream(t *testing.T, suite *Suite, r *rand.Rand, to bool) {
	s := NewSealer()
	most := []int{MaxPlaintext, 500, 63}[r.IntN(3)]
	if r.IntN(2) == 0 {
		s.SetPadding(func(_ ContentType, n int) int { return r.IntN(40) })
	}
	var wire []byte
	var log []sent
	put := func(typ ContentType, data []byte, key int) {
		var err error
		// The Sealer's part is to append, with or without room.
		old := bytes.Clone(wire)
		if wire, err = s.Seal(wire, typ, data); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(wire[:len(old)], old) {
			t.Fatal("Seal changed dst")
		}
		if n := len(log); n > 0 && typ == ApplicationData && log[n-1].typ == typ {
			log[n-1].data = append(log[n-1].data, data...)
		} else {
			log = append(log, sent{typ, bytes.Clone(data), key})
		}
		if key >= 0 {
			k, iv := keyOf(suite, uint64(key))
			if err := s.SetKey(suite, k, iv); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(Handshake, random(r, 1+r.IntN(200)), 0)
	s.SetMaxPlaintext(most)
	for i := range 40 {
		switch r.IntN(8) {
		case 0:
			put(Handshake, random(r, 1+r.IntN(most)), i)
		case 1:
			put(AlertMessage, random(r, 2), -1)
		case 2:
			put(ChangeCipherSpec, []byte{1}, -1)
		default:
			put(ApplicationData, random(r, []int{0, 1, r.IntN(100), r.IntN(3*most + 1), most}[r.IntN(5)]), -1)
		}
	}

	o := NewOpener()
	var in, data []byte
	take := func(rec Record) {
		for len(log) > 0 && log[0].typ == ApplicationData && rec.Type != ApplicationData {
			if !bytes.Equal(data, log[0].data) {
				t.Fatalf("%d bytes of data came, not the %d sent", len(data), len(log[0].data))
			}
			data, log = data[:0], log[1:]
		}
		if rec.Type == ApplicationData {
			data = append(data, rec.Content...)
			return
		}
		if rec.Type == 0 {
			return
		}
		if len(log) == 0 || rec.Type != log[0].typ || !bytes.Equal(rec.Content, log[0].data) {
			t.Fatalf("%v %x came, not the one sent", rec.Type, rec.Content)
		}
		if key := log[0].key; key >= 0 {
			if key == 0 {
				o.SetMaxPlaintext(most)
			}
			k, iv := keyOf(suite, uint64(key))
			if err := o.SetKey(suite, k, iv); err != nil {
				t.Fatal(err)
			}
		}
		log = log[1:]
	}
	recs := make([]Record, 4)
	dst := make([]byte, 3*MaxPlaintext)
	canary := bytes.Repeat([]byte{0xcc}, 100)
	for len(wire) > 0 || len(in) > 0 {
		more := min(len(wire), 1+r.IntN(r.IntN(100000)+1))
		in, wire = append(in, wire[:more]...), wire[more:]
		for {
			var n, used int
			var last Record
			var err error
			if to {
				room := r.IntN(r.IntN(len(dst)-100) + 1)
				if r.IntN(2) == 0 {
					room = most * r.IntN(3)
				}
				behind := dst[room:min(room+100, len(dst))]
				copy(behind, canary)
				n, used, last, err = o.OpenTo(dst[:room], in)
				if !bytes.Equal(behind, canary[:len(behind)]) {
					t.Fatal("OpenTo wrote behind dst")
				}
				if n > 0 {
					take(Record{ApplicationData, dst[:n]})
				}
				if last.Type != 0 {
					if last.Type == ApplicationData && len(last.Content) > 0 && (n > 0 || len(last.Content) <= room) {
						t.Fatalf("data for a caller with %d bytes where there is room for %d of %d", len(last.Content), n, room)
					}
					take(last)
				}
			} else {
				want := 1 + r.IntN(len(recs))
				n, used, err = o.Open(recs[:want], in)
				for i, rec := range recs[:n] {
					if rec.Type != ApplicationData && i != n-1 {
						t.Fatalf("%v in a batch", rec.Type)
					}
					if cap(rec.Content) != len(rec.Content) {
						t.Fatal("content with capacity")
					}
					take(rec)
				}
			}
			if (used > 0) == (err != nil) {
				t.Fatalf("used %d and error %v", used, err)
			}
			if err == ErrNeedMore {
				if _, size, ok := Peek(in); ok && size <= len(in) {
					t.Fatal("asks for more than a whole record")
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			in = in[used:]
		}
		if more == 0 && len(wire) == 0 && len(in) > 0 {
			t.Fatalf("%d bytes left", len(in))
		}
	}
	take(Record{})
	if len(log) > 0 {
		t.Fatalf("%d things sent did not come", len(log))
	}
}

// TestBatchEndsWhereKeysMayChange: what follows a handshake record in the same
// buffer is not touched before the caller has had a chance to set a new key.
func TestBatchEndsWhereKeysMayChange(t *testing.T) {
	suite := AES128GCMSHA256
	s, _ := pair(t, suite)
	one := bytes.Repeat([]byte{1}, 300)
	wire := slices.Concat(seal(t, s, ApplicationData, one), seal(t, s, ApplicationData, one), seal(t, s, Handshake, []byte{24, 0, 0, 1, 0}))
	old := len(wire)
	key, iv := keyOf(suite, 1)
	if err := s.SetKey(suite, key, iv); err != nil {
		t.Fatal(err)
	}
	wire = append(wire, seal(t, s, ApplicationData, one)...)
	next := bytes.Clone(wire[old:])

	_, o := pair(t, suite)
	in := bytes.Clone(wire)
	recs := make([]Record, 10)
	n, used, err := o.Open(recs, in)
	if n != 3 || used != old || err != nil || recs[2].Type != Handshake || !bytes.Equal(in[used:], next) {
		t.Fatalf("Open: %d records, %d bytes, %v", n, used, err)
	}
	if err := o.SetKey(suite, key, iv); err != nil {
		t.Fatal(err)
	}
	if n, used, err = o.Open(recs, in[used:]); n != 1 || used != len(next) || err != nil {
		t.Fatalf("Open with the next key: %d records, %d bytes, %v", n, used, err)
	}

	_, o = pair(t, suite)
	in = bytes.Clone(wire)
	dst := make([]byte, 1000)
	n, used, last, err := o.OpenTo(dst, in)
	if n != 600 || used != old || last.Type != Handshake || !bytes.Equal(last.Content, []byte{24, 0, 0, 1, 0}) || err != nil {
		t.Fatalf("OpenTo: %d bytes, %d bytes used, %v, %v", n, used, last, err)
	}
	if err := o.SetKey(suite, key, iv); err != nil {
		t.Fatal(err)
	}
	if n, used, _, err = o.OpenTo(dst, in[used:]); n != 300 || used != len(next) || err != nil {
		t.Fatalf("OpenTo with the next key: %d bytes, %d bytes used, %v", n, used, err)
	}
}

// TestOpenToRoom: with exactly the room for the content of a record, or less or
// more, and what becomes of the next record.
func TestOpenToRoom(t *testing.T) {
	for _, c := range []struct {
		pad, room  int
		n, records int
		last       bool
	}{
		{0, 0, 0, 1, true},
		{0, 99, 0, 1, true},
		{0, 100, 100, 1, false},
		{0, 101, 100, 1, false},
		{0, 199, 100, 1, false},
		{0, 200, 200, 2, false},
		{0, 201, 200, 2, false},
		{0, 1000, 300, 3, false},
		{50, 99, 0, 1, true},
		{50, 100, 100, 1, false},
		{50, 150, 100, 1, false},
		{50, 249, 100, 1, false}, // the next might fit, but shows 150 bytes
		{50, 250, 200, 2, false},
		{50, 251, 200, 2, false},
	} {
		for _, suite := range suites {
			s, o := pair(t, suite.Suite)
			s.SetPadding(func(ContentType, int) int { return c.pad })
			var wire []byte
			for i := range 3 {
				wire = append(wire, seal(t, s, ApplicationData, bytes.Repeat([]byte{byte(i + 1)}, 100))...)
			}
			dst := make([]byte, c.room)
			n, used, last, err := o.OpenTo(dst, wire)
			if n != c.n || used != c.records*len(wire)/3 || (last.Type == ApplicationData) != c.last || err != nil {
				t.Errorf("%s: room for %d with padding %d: n = %d, used = %d, last = %v, %v", suite.name, c.room, c.pad, n, used, last, err)
			}
			for i, b := range dst[:n] {
				if int(b) != i/100+1 {
					t.Fatalf("%s: room for %d: byte %d is of record %d", suite.name, c.room, i, b)
				}
			}
			if c.last && !bytes.Equal(last.Content, bytes.Repeat([]byte{1}, 100)) {
				t.Errorf("%s: room for %d: last is %x", suite.name, c.room, last.Content)
			}
		}
	}
}

// TestOpenSuffix: an AEAD that can do it is asked to when all but the type fits,
// whatever that type is and whether it is the last byte or not.
func TestOpenSuffix(t *testing.T) {
	suite := suites[3].Suite
	key, iv := keyOf(suite, 0)
	data := bytes.Repeat([]byte{5}, 100)
	for _, c := range []struct {
		inner []byte
		n     int
		typ   ContentType // of the last record
		want  Alert
	}{
		{inner(ApplicationData, data, 0), 100, 0, 0},
		{inner(ApplicationData, data[:99], 1), 99, 0, 0},
		{inner(ApplicationData, data[:50], 50), 50, 0, 0},
		{inner(Handshake, data, 0), 0, Handshake, 0},
		{inner(Handshake, data[:50], 50), 0, Handshake, 0},
		{inner(ApplicationData, nil, 100), 0, ApplicationData, 0},
		{inner(ChangeCipherSpec, data, 0), 0, 0, UnexpectedMessage},
		{make([]byte, 101), 0, 0, UnexpectedMessage},
	} {
		_, o := pair(t, suite)
		wire := define(suite, key, iv, 0, c.inner)
		before := bytes.Clone(wire)
		dst := make([]byte, 100)
		n, used, last, err := o.OpenTo(dst, wire)
		if !bytes.Equal(wire, before) {
			t.Fatal("not opened straight into dst")
		}
		if c.want != 0 {
			checkAlert(t, err, c.want)
			continue
		}
		if n != c.n || used != len(wire) || last.Type != c.typ || err != nil {
			t.Errorf("%x: n = %d, last = %v, %v", c.inner, n, last, err)
		}
		if content := bytes.TrimRight(c.inner, "\x00"); !bytes.Equal(slices.Concat(dst[:n], last.Content), content[:len(content)-1]) {
			t.Errorf("%x came as %x, %x", c.inner, dst[:n], last.Content)
		}
	}
	_, o := pair(t, suite)
	wire := define(suite, key, iv, 1, inner(ApplicationData, data, 0))
	n, used, _, err := o.OpenTo(make([]byte, 100), wire)
	checkAlert(t, err, BadRecordMAC)
	if n != 0 || used != 0 {
		t.Errorf("n = %d, used = %d", n, used)
	}
}

func checkAlert(t testing.TB, err error, want Alert) {
	t.Helper()
	var alert *AlertError
	if !errors.As(err, &alert) || alert.Alert != want || !strings.HasPrefix(err.Error(), "record: ") || !strings.Contains(err.Error(), want.String()) {
		t.Errorf("error %v, want one with %v", err, want)
	}
}

func TestOpenErrors(t *testing.T) {
	suite := AES128GCMSHA256
	key, iv := keyOf(suite, 0)
	protected := func(inner []byte) []byte { return define(suite, key, iv, 0, inner) }
	zeros := func(n int) []byte { return make([]byte, n) }
	flip := func(b []byte, i int) []byte { b[i] ^= 1; return b }
	const none Alert = 0
	for _, c := range []struct {
		name  string
		keyed bool
		max   int
		in    []byte
		want  Alert
	}{
		{"plain handshake", false, 0, []byte{22, 3, 3, 0, 1, 7}, none},
		{"plain handshake of any version", false, 0, []byte{22, 0x12, 0x34, 0, 1, 7}, none},
		{"plain alert", false, 0, []byte{21, 3, 1, 0, 2, 2, 40}, none},
		{"plain change_cipher_spec", false, 0, []byte{20, 3, 3, 0, 1, 1}, none},
		{"plain handshake of 2^14", false, 0, append([]byte{22, 3, 3, 0x40, 0}, zeros(MaxPlaintext)...), none},
		{"plain handshake of 2^14, limit below", false, 64, append([]byte{22, 3, 3, 0x40, 0}, zeros(MaxPlaintext)...), none},
		{"plain handshake of 2^14+1, header alone", false, 0, []byte{22, 3, 3, 0x40, 1}, RecordOverflow},
		{"plain application data", false, 0, []byte{23, 3, 3, 0, 1, 7}, UnexpectedMessage},
		{"plain unknown type", false, 0, []byte("GET / HTTP/1.1\r\n"), UnexpectedMessage},
		{"plain invalid type", false, 0, []byte{0, 3, 3, 0, 1, 7}, UnexpectedMessage},
		{"plain handshake, empty", false, 0, []byte{22, 3, 3, 0, 0}, UnexpectedMessage},
		{"plain alert, empty", false, 0, []byte{21, 3, 3, 0, 0}, UnexpectedMessage},
		{"plain alert, short", false, 0, []byte{21, 3, 3, 0, 1, 2}, DecodeError},
		{"plain alert, two", false, 0, []byte{21, 3, 3, 0, 4, 1, 0, 1, 0}, DecodeError},
		{"change_cipher_spec 2", false, 0, []byte{20, 3, 3, 0, 1, 2}, UnexpectedMessage},
		{"change_cipher_spec, long", false, 0, []byte{20, 3, 3, 0, 2, 1, 1}, UnexpectedMessage},
		{"change_cipher_spec, empty", false, 0, []byte{20, 3, 3, 0, 0}, UnexpectedMessage},

		{"handshake", true, 0, protected(inner(Handshake, zeros(1), 0)), none},
		{"handshake with padding", true, 0, protected(inner(Handshake, zeros(1), 1000)), none},
		{"alert", true, 0, protected(inner(AlertMessage, zeros(2), 3)), none},
		{"data", true, 0, protected(inner(ApplicationData, zeros(20), 0)), none},
		{"data, empty", true, 0, protected(inner(ApplicationData, nil, 0)), none},
		{"data, empty, padded", true, 0, protected(inner(ApplicationData, nil, MaxPlaintext)), none},
		{"data of 2^14", true, 0, protected(inner(ApplicationData, zeros(MaxPlaintext), 0)), none},
		{"data of 2^14 with its padding", true, 0, protected(inner(ApplicationData, zeros(MaxPlaintext-9), 9)), none},
		{"data of the limit", true, 64, protected(inner(ApplicationData, zeros(64), 0)), none},
		{"change_cipher_spec between protected records", true, 0, []byte{20, 3, 3, 0, 1, 1}, none},
		{"change_cipher_spec 0 between protected records", true, 0, []byte{20, 3, 3, 0, 1, 0}, UnexpectedMessage},
		{"change_cipher_spec, long, between protected records", true, 0, []byte{20, 3, 3, 0, 2, 1, 1}, UnexpectedMessage},
		{"plain alert between protected records", true, 0, []byte{21, 3, 3, 0, 2, 1, 0}, UnexpectedMessage},
		{"plain handshake between protected records", true, 0, []byte{22, 3, 3, 0, 1, 1}, UnexpectedMessage},
		{"unknown outer type", true, 0, []byte{24, 3, 3, 0, 1, 1}, UnexpectedMessage},
		{"inner 2^14+2", true, 0, protected(inner(ApplicationData, zeros(MaxPlaintext+1), 0)), RecordOverflow},
		{"inner 2^14+2 with its padding", true, 0, protected(inner(ApplicationData, zeros(7), MaxPlaintext-6)), RecordOverflow},
		{"2^14+256, header alone", true, 0, []byte{23, 3, 3, 0x41, 0}, RecordOverflow},
		{"2^14+257, header alone", true, 0, []byte{23, 3, 3, 0x41, 1}, RecordOverflow},
		{"2^16-1, header alone", true, 0, []byte{23, 3, 3, 0xff, 0xff}, RecordOverflow},
		{"one above the limit", true, 64, protected(inner(ApplicationData, zeros(65), 0)), RecordOverflow},
		{"one above the limit with its padding", true, 64, protected(inner(ApplicationData, zeros(60), 5)), RecordOverflow},
		{"nothing inside", true, 0, protected(nil), UnexpectedMessage},
		{"zero inside", true, 0, protected(zeros(1)), UnexpectedMessage},
		{"zeros inside", true, 0, protected(zeros(500)), UnexpectedMessage},
		{"2^14+1 zeros inside", true, 0, protected(zeros(MaxPlaintext + 1)), UnexpectedMessage},
		{"handshake, empty", true, 0, protected(inner(Handshake, nil, 0)), UnexpectedMessage},
		{"handshake, empty, padded", true, 0, protected(inner(Handshake, nil, 12)), UnexpectedMessage},
		{"alert, empty", true, 0, protected(inner(AlertMessage, nil, 0)), UnexpectedMessage},
		{"alert, short", true, 0, protected(inner(AlertMessage, zeros(1), 0)), DecodeError},
		{"alert, long", true, 0, protected(inner(AlertMessage, zeros(3), 0)), DecodeError},
		{"change_cipher_spec inside", true, 0, protected(inner(ChangeCipherSpec, []byte{1}, 0)), UnexpectedMessage},
		{"unknown type inside", true, 0, protected(inner(24, zeros(9), 0)), UnexpectedMessage},
		{"nothing", true, 0, []byte{23, 3, 3, 0, 0}, BadRecordMAC},
		{"shorter than a tag", true, 0, append([]byte{23, 3, 3, 0, 15}, zeros(15)...), BadRecordMAC},
		{"a tag of zeros", true, 0, append([]byte{23, 3, 3, 0, 16}, zeros(16)...), BadRecordMAC},
		{"version changed", true, 0, flip(protected(inner(ApplicationData, zeros(20), 0)), 2), BadRecordMAC},
		{"length shortened", true, 0, flip(protected(inner(ApplicationData, zeros(20), 0)), 4), BadRecordMAC},
		{"content changed", true, 0, flip(protected(inner(ApplicationData, zeros(20), 0)), 5), BadRecordMAC},
		{"type changed", true, 0, flip(protected(inner(ApplicationData, zeros(20), 0)), 25), BadRecordMAC},
		{"tag changed", true, 0, flip(protected(inner(ApplicationData, zeros(20), 0)), 41), BadRecordMAC},
		{"other number", true, 0, define(suite, key, iv, 1, inner(ApplicationData, zeros(20), 0)), BadRecordMAC},
	} {
		for _, to := range []bool{false, true} {
			o := NewOpener()
			if c.keyed {
				if err := o.SetKey(suite, key, iv); err != nil {
					t.Fatal(err)
				}
			}
			if c.max > 0 {
				o.SetMaxPlaintext(c.max)
			}
			open := func(in []byte) (used int, err error) {
				if to {
					_, used, _, err = o.OpenTo(make([]byte, 100), in)
				} else {
					_, used, err = o.Open(make([]Record, 2), in)
				}
				return used, err
			}
			used, err := open(bytes.Clone(c.in))
			if c.want == none {
				if used != len(c.in) || err != nil {
					t.Errorf("%s: used %d of %d, %v", c.name, used, len(c.in), err)
				}
				if counts := c.in[0] == 23; counts != (o.seq == 1) {
					t.Errorf("%s: sequence number %d", c.name, o.seq)
				}
				continue
			}
			t.Run(c.name, func(t *testing.T) { checkAlert(t, err, c.want) })
			if used != 0 {
				t.Errorf("%s: used %d", c.name, used)
			}

			// Dead, whatever comes.
			if o.aead != nil || o.split != nil {
				t.Errorf("%s: still has keys", c.name)
			}
			for _, in := range [][]byte{nil, {22, 3, 3, 0, 1, 7}, protected(inner(ApplicationData, nil, 0)), {20, 3, 3, 0, 1, 1}} {
				if used, again := open(in); used != 0 || again != err {
					t.Errorf("%s: then used %d, %v", c.name, used, again)
				}
			}
			if again := o.SetKey(suite, key, iv); again != err {
				t.Errorf("%s: then SetKey: %v", c.name, again)
			}
			if used, again := open(protected(inner(ApplicationData, nil, 0))); used != 0 || again != err {
				t.Errorf("%s: after SetKey used %d, %v", c.name, used, again)
			}
		}
	}
}

// TestErrorBehindBatch: the records before a bad one are delivered, the error
// comes with the next call, and what the bad one held is not left lying about.
func TestErrorBehindBatch(t *testing.T) {
	secret := bytes.Repeat([]byte("secret"), 50)
	for _, to := range []bool{false, true} {
		s, o := pair(t, AES256GCMSHA384)
		good := seal(t, s, ApplicationData, []byte("good"))
		wire := slices.Concat(good, good, seal(t, s, ApplicationData, secret)) // the second is a replay
		dst := make([]byte, 1000)
		open := func(in []byte) (n, used int, err error) {
			if to {
				n, used, _, err = o.OpenTo(dst, in)
				return n / len("good"), used, err
			}
			return o.Open(make([]Record, 5), in)
		}
		n, used, err := open(wire)
		if n != 1 || used != len(good) || err != nil {
			t.Fatalf("to=%v: %d records, %d bytes, %v", to, n, used, err)
		}
		n, used, err = open(wire[used:])
		checkAlert(t, err, BadRecordMAC)
		if n != 0 || used != 0 {
			t.Errorf("to=%v: then %d records, %d bytes", to, n, used)
		}
		s, o = pair(t, AES256GCMSHA384)
		wire = seal(t, s, ApplicationData, secret)
		wire[len(wire)-1] ^= 1
		_, _, err = open(wire)
		checkAlert(t, err, BadRecordMAC)
		if bytes.Contains(dst, secret[:12]) || bytes.Contains(wire, secret[:12]) {
			t.Errorf("to=%v: a record that doesn't authenticate was left decrypted", to)
		}
	}
}

func TestNeedMore(t *testing.T) {
	for _, keyed := range []bool{false, true} {
		s, o := NewSealer(), NewOpener()
		if keyed {
			s, o = pair(t, AES128GCMSHA256)
		}
		wire := seal(t, s, Handshake, []byte("hello"))
		for i := range wire {
			if n, used, err := o.Open(make([]Record, 1), wire[:i]); n != 0 || used != 0 || err != ErrNeedMore {
				t.Errorf("%d bytes of %d: %d, %d, %v", i, len(wire), n, used, err)
			}
			if n, used, last, err := o.OpenTo(make([]byte, 20), wire[:i]); n != 0 || used != 0 || last.Type != 0 || err != ErrNeedMore {
				t.Errorf("%d bytes of %d: %d, %d, %v, %v", i, len(wire), n, used, last, err)
			}
			outer, size, ok := Peek(wire[:i])
			if want := wire[0]; i >= HeaderSize && (!ok || size != len(wire) || outer != ContentType(want)) || i < HeaderSize && ok {
				t.Errorf("Peek of %d bytes: %v, %d, %v", i, outer, size, ok)
			}
		}
		if n, used, err := o.Open(make([]Record, 1), wire); n != 1 || used != len(wire) || err != nil {
			t.Errorf("all bytes: %d, %d, %v", n, used, err)
		}
	}
	if _, size, ok := Peek([]byte{22, 3, 3, 0xff, 0xfe}); size != 5+0xfffe || !ok {
		t.Errorf("Peek: %d, %v", size, ok)
	}
}

func TestFraming(t *testing.T) {
	s, o := NewSealer(), NewOpener()
	s.SetMaxPlaintext(100) // for protected records only: RFC 8449, Section 4
	s.SetPadding(PadTo(512))
	s.SetVersion(0x0301)
	hello := random(newRand(3), 40000)
	if size := s.Size(len(hello)); size != len(hello)+3*5 {
		t.Errorf("Size is %d", size)
	}
	var want []byte
	for c := range slices.Chunk(hello, MaxPlaintext) {
		want = append(want, 22, 3, 1, byte(len(c)>>8), byte(len(c)))
		want = append(want, c...)
	}
	wire := seal(t, s, Handshake, hello)
	if !bytes.Equal(wire, want) {
		t.Error("ClientHello is framed wrongly")
	}
	if got := seal(t, s, AlertMessage, []byte{2, 40}); !bytes.Equal(got, []byte{21, 3, 3, 0, 2, 2, 40}) {
		t.Errorf("alert: %x", got)
	}
	if got := seal(t, s, ChangeCipherSpec, []byte{1}); !bytes.Equal(got, []byte{20, 3, 3, 0, 1, 1}) {
		t.Errorf("change_cipher_spec: %x", got)
	}
	s.SetVersion(0x0303)
	if got := seal(t, s, Handshake, []byte{2}); !bytes.Equal(got, []byte{22, 3, 3, 0, 1, 2}) {
		t.Errorf("ServerHello: %x", got)
	}

	var got []byte
	recs := make([]Record, 5)
	for len(wire) > 0 {
		n, used, err := o.Open(recs, wire)
		if n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		got, wire = append(got, recs[0].Content...), wire[used:]
	}
	if !bytes.Equal(got, hello) {
		t.Error("ClientHello came wrong")
	}

	// With a key, change_cipher_spec still goes unprotected and isn't counted.
	s, _ = pair(t, AES128GCMSHA256)
	if got := seal(t, s, ChangeCipherSpec, []byte{1}); !bytes.Equal(got, []byte{20, 3, 3, 0, 1, 1}) || s.seq != 0 {
		t.Errorf("change_cipher_spec: %x, sequence number %d", got, s.seq)
	}
}

func TestPadTo(t *testing.T) {
	for _, block := range []int{1, 2, 16, 512, 4096, 1 << 20} {
		s, o := pair(t, AES128GCMSHA256)
		s.SetPadding(PadTo(block))
		for _, n := range []int{0, 1, 14, 15, 16, 510, 511, 512, 513, 9000, MaxPlaintext - 1, MaxPlaintext, MaxPlaintext + 3} {
			wire := seal(t, s, ApplicationData, make([]byte, n))
			inner := len(wire) - HeaderSize - 16
			if n > MaxPlaintext {
				inner -= HeaderSize + 16 + MaxPlaintext + 1
			}
			if inner%block != 0 && inner != MaxPlaintext+1 {
				t.Errorf("PadTo(%d): %d bytes become %d", block, n, inner)
			}
			got, used, _, err := o.OpenTo(make([]byte, 1<<16), wire)
			if got != n || used != len(wire) || err != nil {
				t.Fatalf("PadTo(%d): %d bytes come as %d, %v", block, n, got, err)
			}
		}
	}
}

func TestTrimZeros(t *testing.T) {
	for n := range 40 {
		for last := -1; last < n; last++ {
			b := make([]byte, n)
			for i := range last + 1 {
				b[i] = byte(i % 3) // some zeros before, too
			}
			if last >= 0 {
				b[last] = 0x80
			}
			if got := trimZeros(b); got != last+1 {
				t.Errorf("%d bytes with the last at %d: %d", n, last, got)
			}
		}
	}
}

func TestSetKeyErrors(t *testing.T) {
	failed := errors.New("no key today")
	bad := func(a cipher.AEAD, err error) *Suite {
		return NewSuite(1, 16, 0, func([]byte) (cipher.AEAD, error) { return a, err })
	}
	gcm8, err := cipher.NewGCMWithNonceSize(must(aes.NewCipher(make([]byte, 16))), 8)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		suite   *Suite
		key, iv int
	}{
		"short key":      {AES256GCMSHA384, 16, 12},
		"long key":       {AES128GCMSHA256, 32, 12},
		"no key":         {AES128GCMSHA256, 0, 12},
		"short IV":       {AES128GCMSHA256, 16, 11},
		"long IV":        {AES128GCMSHA256, 16, 13},
		"error":          {bad(nil, failed), 16, 12},
		"8-byte nonce":   {bad(gcm8, nil), 16, 12},
		"key of no GCM":  {NewSuite(1, 17, 0, newGCM), 17, 12},
		"large overhead": {bad(struct{ largeTag }{largeTag{stdGCM(make([]byte, 16))}}, nil), 16, 12},
	} {
		s, o := pair(t, AES128GCMSHA256)
		first := seal(t, s, Handshake, []byte("one"))
		key, iv := make([]byte, c.key), make([]byte, c.iv)
		for _, err := range []error{s.SetKey(c.suite, key, iv), o.SetKey(c.suite, key, iv)} {
			if err == nil || name == "error" && err != failed {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, wire := range [][]byte{first, seal(t, s, Handshake, []byte("two"))} { // nothing has changed
			if n, _, err := o.Open(make([]Record, 1), wire); n != 1 {
				t.Errorf("%s: the key before is gone: %v", name, err)
			}
		}
	}
}

type largeTag struct{ cipher.AEAD }

func (largeTag) Overhead() int { return 256 }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestPanics(t *testing.T) {
	s, o := pair(t, AES128GCMSHA256)
	buf := make([]byte, 200)
	sealed := seal(t, s, ApplicationData, make([]byte, 50))
	for name, f := range map[string]func(){
		"zero Sealer.Seal":            func() { new(Sealer).Seal(nil, Handshake, buf) },
		"zero Sealer.SetKey":          func() { new(Sealer).SetKey(AES128GCMSHA256, buf[:16], buf[:12]) },
		"zero Sealer.SetVersion":      func() { new(Sealer).SetVersion(0x0301) },
		"zero Sealer.SetMaxPlaintext": func() { new(Sealer).SetMaxPlaintext(100) },
		"zero Sealer.SetPadding":      func() { new(Sealer).SetPadding(nil) },
		"zero Sealer.Size":            func() { new(Sealer).Size(1) },
		"zero Sealer.NeedsRekey":      func() { new(Sealer).NeedsRekey() },
		"zero Sealer.Remaining":       func() { new(Sealer).Remaining() },
		"nil Sealer.Seal":             func() { (*Sealer)(nil).Seal(nil, Handshake, buf) },
		"nil Sealer.SetKey":           func() { (*Sealer)(nil).SetKey(AES128GCMSHA256, buf[:16], buf[:12]) },
		"nil Sealer.NeedsRekey":       func() { (*Sealer)(nil).NeedsRekey() },
		"zero Opener.Open":            func() { new(Opener).Open(make([]Record, 1), sealed) },
		"zero Opener.OpenTo":          func() { new(Opener).OpenTo(buf, sealed) },
		"zero Opener.SetKey":          func() { new(Opener).SetKey(AES128GCMSHA256, buf[:16], buf[:12]) },
		"zero Opener.SetMaxPlaintext": func() { new(Opener).SetMaxPlaintext(100) },
		"nil Opener.Open":             func() { (*Opener)(nil).Open(make([]Record, 1), sealed) },
		"nil Opener.OpenTo":           func() { (*Opener)(nil).OpenTo(buf, sealed) },
		"nil Opener.SetKey":           func() { (*Opener)(nil).SetKey(AES128GCMSHA256, buf[:16], buf[:12]) },
		"zero Suite":                  func() { NewSealer().SetKey(new(Suite), nil, buf[:12]) },
		"nil Suite":                   func() { NewOpener().SetKey(nil, nil, buf[:12]) },
		"NewSuite of nothing":         func() { NewSuite(1, 16, 0, nil) },
		"PadTo 0":                     func() { PadTo(0) },
		"SetMaxPlaintext 62":          func() { s.SetMaxPlaintext(62) },
		"SetMaxPlaintext 2^14+1":      func() { o.SetMaxPlaintext(MaxPlaintext + 1) },
		"Open without records":        func() { o.Open(nil, sealed) },
		"OpenTo overlapping":          func() { o.OpenTo(sealed[10:], sealed[:20]) },
		"Seal overlapping":            func() { s.Seal(buf[:0], ApplicationData, buf[100:]) },
		"Seal in place":               func() { s.Seal(buf[:0], ApplicationData, buf[5:50]) },
		"framing overlapping":         func() { NewSealer().Seal(buf[:0], Handshake, buf[:10]) },
		"plain data":                  func() { NewSealer().Seal(nil, ApplicationData, buf) },
		"plain data, empty":           func() { NewSealer().Seal(nil, ApplicationData, nil) },
		"empty handshake":             func() { s.Seal(nil, Handshake, nil) },
		"plain empty handshake":       func() { NewSealer().Seal(nil, Handshake, nil) },
		"empty alert":                 func() { s.Seal(nil, AlertMessage, nil) },
		"two alerts":                  func() { s.Seal(nil, AlertMessage, buf[:4]) },
		"change_cipher_spec 0":        func() { s.Seal(nil, ChangeCipherSpec, buf[:1]) },
		"empty change_cipher_spec":    func() { s.Seal(nil, ChangeCipherSpec, nil) },
		"type 0":                      func() { s.Seal(nil, 0, buf) },
		"type 24":                     func() { s.Seal(nil, 24, buf) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "record: ") {
					t.Errorf("%s: panic %q", name, text)
				}
			}()
			f()
			t.Errorf("%s: no panic", name)
		}()
	}
	// None of that has used up a number, or the Opener.
	if n, _, err := o.Open(make([]Record, 1), sealed); n != 1 {
		t.Error(err)
	}
	if n, _, err := o.Open(make([]Record, 1), seal(t, s, Handshake, []byte{1})); n != 1 {
		t.Error(err)
	}
}

func TestAllocs(t *testing.T) {
	for _, suite := range append(suites[:3:3], suites[4]) {
		if suite.Suite == CHACHA20POLY1305SHA256 && chachaTier(t) == "generic" {
			continue // x/crypto's own allocates where it has no assembly
		}
		s, o := pair(t, suite.Suite)
		plain := NewSealer()
		data := make([]byte, 100000)
		out := make([]byte, 0, s.Size(len(data)))
		dst := make([]byte, len(data))
		recs := make([]Record, 16)
		policy, one := PadTo(512), []byte{1}
		open := func(f func(in []byte) (int, error)) {
			for in := out; len(in) > 0; {
				used, err := f(in)
				if err != nil {
					t.Fatal(err)
				}
				in = in[used:]
			}
		}
		inPlace := func(in []byte) (int, error) {
			_, used, err := o.Open(recs, in)
			return used, err
		}
		to := func(in []byte) (int, error) {
			_, used, _, err := o.OpenTo(dst, in)
			return used, err
		}
		run := func(name string, f func()) {
			if n := testing.AllocsPerRun(20, f); n != 0 {
				t.Errorf("%s: %s: %v allocations", suite.name, name, n)
			}
		}
		for _, n := range []int{0, 1, 1350, MaxPlaintext, len(data)} {
			run(fmt.Sprintf("data, %d bytes", n), func() {
				s.seq, o.seq = 0, 0
				s.SetPadding(nil)
				out, _ = s.Seal(out[:0], ApplicationData, data[:n])
				open(to)
				s.SetPadding(policy)
				out, _ = s.Seal(out[:0], ApplicationData, data[:n])
				open(inPlace)
			})
		}
		run("others", func() {
			s.seq, o.seq = 0, 0
			out, _ = s.Seal(out[:0], Handshake, data[:100])
			out, _ = s.Seal(out, AlertMessage, data[:2])
			out, _ = s.Seal(out, ChangeCipherSpec, one)
			open(inPlace)
			out, _ = plain.Seal(out[:0], Handshake, data)
			s.NeedsRekey()
			s.Remaining()
			s.Size(1000)
		})
		bad := []byte{23, 3, 3, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		run("needs more, fails, is dead", func() {
			o.Open(recs, bad[:9])
			o.Open(recs, bad)
			o.OpenTo(dst, bad)
		})
	}

	// One allocation for whatever is to be appended.
	if race {
		return
	}
	s, _ := pair(t, AES128GCMSHA256)
	data := make([]byte, 100000)
	if n := testing.AllocsPerRun(5, func() { s.seq = 0; s.Seal(nil, ApplicationData, data) }); n != 1 {
		t.Errorf("Seal without room: %v allocations", n)
	}
	if n := testing.AllocsPerRun(5, func() { NewSealer().Seal(nil, Handshake, data) }); n > 2 {
		t.Errorf("framing without room: %v allocations", n)
	}
}

// chachaTier returns the tier of ChaCha20-Poly1305 on this machine.
func chachaTier(t *testing.T) string {
	a, err := chacha20poly1305.New(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return a.Tier()
}

// Early data that a server has not asked for is dropped, up to the limit: with a
// key, what does not authenticate; without one, application data.
func TestSkip(t *testing.T) {
	suite := AES128GCMSHA256
	key, iv := make([]byte, 16), make([]byte, IVSize)
	early := NewSealer()
	if err := early.SetKey(suite, bytes.Repeat([]byte{1}, 16), iv); err != nil {
		t.Fatal(err)
	}
	junk := seal(t, early, ApplicationData, make([]byte, 100)) // 122 bytes
	for _, keyed := range []bool{false, true} {
		start := func(limit int) (*Sealer, *Opener) {
			s, o := NewSealer(), NewOpener()
			if keyed {
				if err := s.SetKey(suite, key, iv); err != nil {
					t.Fatal(err)
				}
				if err := o.SetKey(suite, key, iv); err != nil {
					t.Fatal(err)
				}
			}
			o.Skip(limit)
			return s, o
		}
		recs := make([]Record, 2)
		s, o := start(2 * len(junk))
		spec := seal(t, s, ChangeCipherSpec, []byte{1})
		hello := seal(t, s, Handshake, []byte("hello"))
		in := slices.Concat(junk, spec, junk, hello)
		in = bytes.Clone(in)
		// Every cut asks for more, behind what was dropped.
		var got []Record
		have := 0
		for done := 0; done < len(in); {
			n, used, err := o.Open(recs, in[done:have])
			done += used
			for _, r := range recs[:n] {
				got = append(got, Record{r.Type, bytes.Clone(r.Content)})
			}
			if n == 0 {
				if err != ErrNeedMore || have == len(in) {
					t.Fatalf("keyed %v: %v with %d bytes of %d", keyed, err, have, len(in))
				}
				have++
			}
		}
		if len(got) != 2 || got[0].Type != ChangeCipherSpec || got[1].Type != Handshake || string(got[1].Content) != "hello" {
			t.Errorf("keyed %v: %v", keyed, got)
		}
		// Once a record has opened, nothing more is dropped.
		_, _, err := o.Open(recs, bytes.Clone(junk))
		if keyed {
			checkAlert(t, err, BadRecordMAC)
		} else {
			checkAlert(t, err, UnexpectedMessage)
		}
		// Nor beyond the limit.
		_, o = start(2*len(junk) - 1)
		n, used, err := o.Open(recs, slices.Concat(junk, junk))
		if n != 0 || used != len(junk) {
			t.Errorf("keyed %v: %d records, %d bytes used", keyed, n, used)
		}
		checkAlert(t, err, UnexpectedMessage)
		if _, _, again := o.Open(recs, hello); again != err {
			t.Errorf("keyed %v: then %v", keyed, again)
		}
	}
}
