package record

import (
	"encoding/binary"

	"github.com/sealane/sealane/internal/alias"
)

// An Opener is the receiving half of a connection. It is made by [NewOpener];
// the zero value is not valid, and its methods panic. An Opener must not be
// copied.
type Opener struct {
	keys
	split suffixOpener // keys.aead, if it can do that
	tail  [1]byte      // what split takes apart

	max  int   // content and padding of a protected record; 0 in an Opener that is not valid
	skip int   // bytes of records that may still be dropped
	err  error // what ended this half of the connection
}

// A suffixOpener is an AEAD that saves a copy: see NewSuite.
type suffixOpener interface {
	OpenSuffix(dst, suffix, nonce, ciphertext, additionalData []byte) error
}

// A Record is one record that came in.
type Record struct {
	// Type is the type of the content: the inner one of a protected record.
	// Only a ChangeCipherSpec may come unprotected once there are keys, and it
	// never comes protected.
	Type ContentType
	// Content is what the record carries, without inner type and padding. It
	// lies in the memory that was opened.
	Content []byte
}

// NewOpener returns an Opener without keys, for records that are not protected.
func NewOpener() *Opener {
	return &Opener{max: MaxPlaintext}
}

// SetKey makes the next record, and those after it, be opened with a key and an
// IV of 12 bytes, and begins to count at zero, as [Sealer.SetKey] does for the
// peer. The error of an Opener that has failed stays.
func (o *Opener) SetKey(suite *Suite, key, iv []byte) error {
	o.check()
	if o.err != nil {
		return o.err
	}
	a, err := suite.start(key, iv)
	if err != nil {
		return err
	}
	o.keys.set(a, iv)
	o.split, _ = a.(suffixOpener)
	return nil
}

// SetMaxPlaintext lets protected records carry at most n bytes of content and
// padding, 2^14 unless set, and panics unless 63 <= n <= 2^14. The
// record_size_limit that the peer is told counts the inner type too: it is n+1,
// and 64 at least (RFC 8449, Section 4).
func (o *Opener) SetMaxPlaintext(n int) {
	o.check()
	checkMax(n)
	o.max = n
}

// Skip lets early data that a server does not want pass (RFC 9846, Section
// 4.3.10): until the first record that opens, records are dropped that do not
// authenticate, and without a key those of application data, as long as they have
// no more than n bytes in all, headers included. n is 0 unless set. It is Open
// that drops them, not OpenTo.
func (o *Opener) Skip(n int) {
	o.check()
	o.skip = n
}

// Open opens the records at the front of in, in place, into recs: as many as
// are complete and as there is room for in recs. It returns how many they are
// and how many bytes of in they were; the caller goes on behind those.
//
// A record that isn't application data is always the last one of a call, so that
// the caller can look at it before the next: keys change behind a ServerHello,
// EndOfEarlyData, Finished or KeyUpdate, and nothing counts behind an alert.
//
// Either n > 0 or there is an error. ErrNeedMore asks for a longer in (see
// [Peek]), behind the records that were dropped (see [Opener.Skip]), which are
// the only ones that used may count then. Any other error is an [AlertError] and
// ends this half of the connection: all further calls return it.
//
// Each Content is part of in, without capacity for more. What else in held of
// those records, and of a record that doesn't authenticate, is overwritten.
// Open panics if recs is empty.
func (o *Opener) Open(recs []Record, in []byte) (n, used int, err error) {
	o.check()
	if len(recs) == 0 {
		panic("record: Open without room for a record")
	}
	for n < len(recs) {
		if o.skip > 0 {
			dropped, rec, size, err := o.dropUntil(in[used:])
			used += dropped
			if err != nil {
				return n, used, err // n is 0: a record that opens ends it
			}
			recs[n] = rec
			n++
			used += size
			if rec.Type != ApplicationData {
				break
			}
			continue
		}
		rec, size, err := o.next(nil, in[used:])
		if err != nil {
			if n > 0 {
				err = nil // the next call meets it again
			}
			return n, used, err
		}
		recs[n] = rec
		n++
		used += size
		if rec.Type != ApplicationData {
			break
		}
	}
	return n, used, nil
}

// OpenTo opens the records at the front of in like Open, and puts application
// data at the front of dst, one record's behind the other's. It returns how many
// bytes it put there and how many bytes of in are done with.
//
// It stops at a record that dst has no room left for, which it leaves closed,
// and after one that isn't application data or is empty, so that the caller can
// count those. The latter is last, with its Content in dst behind the n bytes or
// in in. If already the first record has
// more content than dst has room, that record is last too, opened in place; its
// Content is for the caller to copy piece by piece.
//
// Either used > 0 or there is an error, as with Open. All of dst may be used as
// scratch space. dst and in must not overlap.
func (o *Opener) OpenTo(dst, in []byte) (n, used int, last Record, err error) {
	o.check()
	if alias.Any(dst, in) {
		panic("record: invalid buffer overlap of output and input")
	}
	for used == 0 || n < len(dst) {
		room := dst[n:]
		if _, size, ok := Peek(in[used:]); ok {
			// inner is the length of content, type and padding. There must
			// be room for all of it, or for all but the type if the AEAD can
			// put that elsewhere.
			inner := size - HeaderSize - o.overhead
			if used > 0 && inner-1 > len(room) {
				break
			}
			if inner > len(room) && (inner-1 > len(room) || o.split == nil) {
				room = nil
			}
		}
		rec, size, err := o.next(room, in[used:])
		if err != nil {
			if used > 0 {
				err = nil // the next call meets it again
			}
			return n, used, Record{}, err
		}
		used += size
		if rec.Type != ApplicationData || len(rec.Content) == 0 || len(rec.Content) > len(dst)-n {
			return n, used, rec, nil
		}
		if room == nil {
			copy(dst[n:], rec.Content)
		}
		n += len(rec.Content)
	}
	return n, used, Record{}, nil
}

// dropUntil drops records until one opens, which ends it.
func (o *Opener) dropUntil(in []byte) (dropped int, rec Record, size int, err error) {
	for {
		outer, n, ok := Peek(in[dropped:])
		if ok && outer == ApplicationData && o.aead == nil && o.err == nil {
			if n > MaxRecord {
				return dropped, Record{}, 0, o.fail(errLong)
			}
			if n > len(in)-dropped {
				return dropped, Record{}, 0, ErrNeedMore
			}
		} else {
			saved := o.keys
			rec, size, err = o.next(nil, in[dropped:])
			if err == nil {
				if rec.Type != ChangeCipherSpec {
					o.skip = 0
				}
				return dropped, rec, size, nil
			}
			if err != errMAC {
				return dropped, Record{}, 0, err
			}
			o.err = nil
			o.keys = saved
			o.split, _ = o.aead.(suffixOpener)
		}
		if o.skip -= n; o.skip < 0 {
			return dropped, Record{}, 0, o.fail(errEarly)
		}
		dropped += n
	}
}

// The errors that end a connection.
var (
	errMAC      = &AlertError{BadRecordMAC, "record doesn't authenticate"}
	errLong     = &AlertError{RecordOverflow, "record is too long"}
	errNoType   = &AlertError{UnexpectedMessage, "record without a content type"}
	errType     = &AlertError{UnexpectedMessage, "unexpected content type"}
	errEmpty    = &AlertError{UnexpectedMessage, "empty handshake message or alert"}
	errAlert    = &AlertError{DecodeError, "alert that isn't two bytes long"}
	errSpec     = &AlertError{UnexpectedMessage, "change_cipher_spec that isn't one byte 1"}
	errEarly    = &AlertError{UnexpectedMessage, "too much early data"}
	errSequence = &AlertError{InternalError, "out of sequence numbers"}
)

// next opens the record at the front of in, whose length it returns: into dst,
// which has the room for it, or in place if dst is nil.
func (o *Opener) next(dst, in []byte) (Record, int, error) {
	if o.err != nil {
		return Record{}, 0, o.err
	}
	outer, size, ok := Peek(in)
	if !ok {
		return Record{}, 0, ErrNeedMore
	}
	if err := o.checkHeader(outer, size-HeaderSize); err != nil {
		return Record{}, 0, o.fail(err)
	}
	if size > len(in) {
		return Record{}, 0, ErrNeedMore
	}
	rec := Record{outer, in[HeaderSize:size:size]}
	if o.aead != nil && outer == ApplicationData {
		if err := o.open(&rec, dst, in[:HeaderSize]); err != nil {
			return Record{}, 0, o.fail(err)
		}
	}
	if err := checkContent(rec); err != nil {
		return Record{}, 0, o.fail(err)
	}
	return rec, size, nil
}

// checkHeader tells what is wrong with a record of which only the header may be
// there yet. The legacy version doesn't matter (Section 5.1).
func (o *Opener) checkHeader(outer ContentType, n int) *AlertError {
	switch {
	case outer == ChangeCipherSpec:
		// Unprotected even between protected records (Section 5).
		if n != 1 {
			return errSpec
		}
	case o.aead != nil:
		if outer != ApplicationData {
			return errType
		}
		// The inner plaintext has at most 2^14+1 bytes (Section 5.4). So this
		// is never more than 2^14+256 (Section 5.2), and less with the usual
		// overhead of 16.
		if n > o.max+1+o.overhead {
			return errLong
		}
	case outer != Handshake && outer != AlertMessage:
		return errType
	case n > MaxPlaintext:
		return errLong
	}
	return nil
}

// open deprotects rec (Section 5.2), in place if dst is nil, and replaces type
// and content by what it carries. A dst that lacks one byte of room gets all but
// the last byte of the inner plaintext.
func (o *Opener) open(rec *Record, dst, header []byte) *AlertError {
	if o.seq == lastSeq {
		return errSequence
	}
	if dst == nil {
		dst = rec.Content
	}
	var err error
	inner, last := dst, byte(0)
	if n := len(rec.Content) - o.overhead; len(dst) == n-1 {
		err = o.split.OpenSuffix(dst, o.tail[:], o.nextNonce(), rec.Content, header)
		last = o.tail[0]
	} else {
		inner, err = o.aead.Open(dst[:0], o.nextNonce(), rec.Content, header)
	}
	if err != nil {
		return errMAC
	}
	o.seq++
	n := len(inner)
	if last == 0 { // padding, or not split
		if n = trimZeros(inner); n == 0 {
			return errNoType
		}
		n--
		last = inner[n]
	}
	rec.Type = ContentType(last)
	rec.Content = inner[:n:n]
	if rec.Type == ChangeCipherSpec {
		return errType // never protected (Section 5)
	}
	return nil
}

// trimZeros returns the length of b without the zeros at its end, eight at a
// time. Its time depends on how many they are.
func trimZeros(b []byte) int {
	n := len(b)
	for n >= 8 && binary.LittleEndian.Uint64(b[n-8:]) == 0 {
		n -= 8
	}
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return n
}

// checkContent tells what is wrong with the content of a record (Sections 5.1
// and 5.4).
func checkContent(rec Record) *AlertError {
	switch rec.Type {
	case ApplicationData:
		return nil
	case Handshake, AlertMessage:
		if len(rec.Content) == 0 {
			return errEmpty
		}
		if rec.Type == AlertMessage && len(rec.Content) != 2 {
			return errAlert
		}
		return nil
	case ChangeCipherSpec:
		if rec.Content[0] != 1 {
			return errSpec
		}
		return nil
	}
	return errType
}

// fail ends this half of the connection and forgets its keys (Section 6).
func (o *Opener) fail(err *AlertError) error {
	o.keys, o.split = keys{}, nil
	o.err = err
	return err
}

func (o *Opener) check() {
	if o == nil || o.max == 0 {
		panic("record: Opener not made by NewOpener")
	}
}
