// Package record implements the record protocol of TLS 1.3: RFC 9846,
// Section 5.
//
// A connection has two halves, each with keys and a sequence number of its own:
// a [Sealer] turns what one side sends into records, an [Opener] turns the
// records that come in into what the peer sent. Both start without keys, for
// ClientHello and ServerHello, and get the keys of each next stage by SetKey:
//
//	s := record.NewSealer()
//	out, err := s.Seal(nil, record.Handshake, clientHello)
//	…
//	err = s.SetKey(record.AES128GCMSHA256, key, iv) // Section 7.3
//	out, err = s.Seal(out[:0], record.ApplicationData, data)
//
// One call of [Sealer.Seal] makes as many records as the data needs, one behind
// the other, so that they leave in one write. [Opener.Open] opens in place, in
// one call, the records of a buffer that came in by one read; [Opener.OpenTo]
// opens application data straight into the memory where the application wants
// it. Neither allocates, unless Seal's dst lacks the room.
//
// The package knows no handshake message. It is the caller who sets the keys at
// the right place, reassembles handshake messages and checks that they end with
// a record before a key change (Section 5.1), drops a change_cipher_spec record
// or refuses it, and sends the alert that an [AlertError] carries.
//
// # Limits
//
// A record carries at most 2^14 bytes of content, a protected record at most
// 2^14+256 bytes in all (Section 5.2); SetMaxPlaintext lowers the limit, as
// RFC 8449 wants. Sequence numbers never wrap (Section 5.3). AES-GCM must not
// seal more than 2^24.5 records with one key (Section 5.5): a Sealer says in
// good time that it wants a new key ([Sealer.NeedsRekey]) and seals nothing
// beyond the limit ([ErrKeyLimit]). An Opener doesn't hold the peer to it, as
// Section 5.5 asks.
//
// After a fatal error (a record that doesn't authenticate, or that breaks a
// rule of Section 5) an Opener forgets its keys and reports that error for ever.
//
// Keys that are forgotten or replaced are left to the garbage collector: an AEAD
// has no method that overwrites it.
//
// # Constant time
//
// The AEAD decides what depends on keys; see the package of the suite in use.
// Beyond that, the time that Seal and Open take depends on lengths and content
// types, not on content. A record shows its length, but hides its type and how
// much of it is padding. Opening takes longer the more of a record is padding,
// sealing the more of it is content, and what the caller does with a type or a
// length takes its own time: no record layer can hide this alone (Appendix F.3).
//
// # Concurrency
//
// A Sealer must be used by one goroutine at a time, and so must an Opener. The
// two are independent of each other. A [Suite] may be shared.
//
// # Tests
//
// The tests hold the package against recorded connections of crypto/tls and of
// the openssl command. Where that isn't installed they skip, unless the
// environment variable SEALANE_REQUIRE, a list separated by commas, holds
// record/openssl: then they fail.
package record

import (
	"errors"
	"strconv"
)

// A ContentType says what a record carries (Section 5.1).
type ContentType uint8

// The content types of TLS 1.3. The zero ContentType is never sent.
const (
	ChangeCipherSpec ContentType = 20
	AlertMessage     ContentType = 21
	Handshake        ContentType = 22
	ApplicationData  ContentType = 23
)

// String returns the name that RFC 9846 gives the type.
func (t ContentType) String() string {
	switch t {
	case 0:
		return "invalid"
	case ChangeCipherSpec:
		return "change_cipher_spec"
	case AlertMessage:
		return "alert"
	case Handshake:
		return "handshake"
	case ApplicationData:
		return "application_data"
	}
	return "content type " + strconv.Itoa(int(t))
}

// Sizes in bytes.
const (
	// HeaderSize is the length of what stands before each fragment: type,
	// legacy version, length.
	HeaderSize = 5
	// MaxPlaintext is the most content that one record carries.
	MaxPlaintext = 1 << 14
	// MaxRecord is the longest record, header included, that Section 5.2
	// lets a peer send. An Opener that sees that much has a whole record.
	MaxRecord = HeaderSize + MaxPlaintext + 256
)

// Peek returns the outer type of the record at the front of in, as it stands in
// the header for everybody to see and with nothing checked, and how long the
// record is with its header. It reports false if in doesn't hold the whole
// header.
//
// A connection asks it how much there is to read; whether a record must be
// skipped that the Opener would refuse (early data that a HelloRetryRequest has
// rejected, Section 4.3.10); whether a peer who has no keys yet complains with
// an unprotected alert.
func Peek(in []byte) (outer ContentType, size int, ok bool) {
	if len(in) < HeaderSize {
		return 0, 0, false
	}
	return ContentType(in[0]), HeaderSize + int(in[3])<<8 + int(in[4]), true
}

// An Alert is the description in an alert message (Section 6).
type Alert uint8

// The alerts that this package wants sent.
const (
	UnexpectedMessage Alert = 10
	BadRecordMAC      Alert = 20
	RecordOverflow    Alert = 22
	DecodeError       Alert = 50
	InternalError     Alert = 80
)

// String returns the name that RFC 9846 gives the alert.
func (a Alert) String() string {
	switch a {
	case UnexpectedMessage:
		return "unexpected_message"
	case BadRecordMAC:
		return "bad_record_mac"
	case RecordOverflow:
		return "record_overflow"
	case DecodeError:
		return "decode_error"
	case InternalError:
		return "internal_error"
	}
	return "alert " + strconv.Itoa(int(a))
}

// An AlertError is a fatal error of a connection: the peer is to be sent Alert,
// and nothing else after it.
type AlertError struct {
	Alert  Alert
	reason string
}

func (e *AlertError) Error() string {
	return "record: " + e.reason + " (" + e.Alert.String() + ")"
}

// ErrNeedMore says that the input ends before the first record does.
var ErrNeedMore = errors.New("record: incomplete record")

// ErrKeyLimit says that the key has sealed all the records that Section 5.5,
// or the range of sequence numbers, allows it. Nothing was sealed.
var ErrKeyLimit = errors.New("record: too many records under one key")
