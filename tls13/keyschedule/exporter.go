package keyschedule

import (
	"errors"

	"github.com/sealane/sealane/hkdf"
	"golang.org/x/crypto/cryptobyte"
)

// An Exporter exports keying material (RFC 9846, Section 7.5). It is made by
// [Main.Exporter].
type Exporter struct{ exporterSecret }

// An EarlyExporter exports keying material that is bound to the 0-RTT data of a
// connection, with the guarantees of 0-RTT data (RFC 9846, Section 7.5 and
// Appendix F.5). It is made by [Early.Exporter]. It is a type of its own so that
// it is not taken for an [Exporter].
type EarlyExporter struct{ exporterSecret }

type exporterSecret struct {
	secret secret
	raw    [maxHashSize]byte // the secret itself, for AppendSecret
}

// Export returns TLS-Exporter(label, context, n): n bytes. A nil context is the
// same as an empty one. It returns an error if label is longer than 249 bytes,
// or if n is negative or more than 255 times the length of a hash.
//
// It does not write to e and is safe for concurrent use with itself.
func (e *Exporter) Export(label string, context []byte, n int) ([]byte, error) {
	if e == nil {
		panic(notMade + "Exporter")
	}
	return e.secret.live("Exporter").export(label, context, n)
}

// AppendSecret appends the exporter_secret itself to dst, for a file in the
// SSLKEYLOGFILE format (RFC 9850), and returns the extended slice.
func (e *Exporter) AppendSecret(dst []byte) []byte {
	if e == nil {
		panic(notMade + "Exporter")
	}
	return append(dst, e.raw[:e.secret.live("Exporter").size]...)
}

// Clear overwrites the secret and uses e up.
func (e *Exporter) Clear() {
	if e == nil {
		panic(notMade + "Exporter")
	}
	e.secret.live("Exporter").clear()
	clear(e.raw[:])
}

// Export is [Exporter.Export] with the early_exporter_secret.
func (e *EarlyExporter) Export(label string, context []byte, n int) ([]byte, error) {
	if e == nil {
		panic(notMade + "EarlyExporter")
	}
	return e.secret.live("EarlyExporter").export(label, context, n)
}

// AppendSecret is [Exporter.AppendSecret] with the early_exporter_secret.
func (e *EarlyExporter) AppendSecret(dst []byte) []byte {
	if e == nil {
		panic(notMade + "EarlyExporter")
	}
	return append(dst, e.raw[:e.secret.live("EarlyExporter").size]...)
}

// Clear overwrites the secret and uses e up.
func (e *EarlyExporter) Clear() {
	if e == nil {
		panic(notMade + "EarlyExporter")
	}
	e.secret.live("EarlyExporter").clear()
	clear(e.raw[:])
}

func (s *secret) export(label string, context []byte, n int) ([]byte, error) {
	size := s.size
	if n < 0 || n > 255*size {
		return nil, errors.New("keyschedule: length of exported keying material out of range")
	}
	var buf [maxHashSize]byte
	info, err := hkdfLabel(size, label, s.empty)
	if err != nil {
		return nil, err
	}
	derived, err := s.mac.Expand(buf[:0], info, size)
	if err != nil {
		return nil, err
	}
	var mac hkdf.HMAC
	mac.InitLike(&s.mac, derived)
	clear(derived)
	defer mac.Clear()

	h := s.hash.New()
	h.Write(context)
	if info, err = hkdfLabel(n, "exporter", h.Sum(buf[:0])); err != nil {
		return nil, err
	}
	return mac.Expand(nil, info, n)
}

// A Resumption gives the PSKs of the tickets of a connection. It is made by
// [Main.Resumption].
type Resumption struct{ secret secret }

// AppendPSK appends to dst the PSK that belongs to a ticket with the given
// ticket_nonce (RFC 9846, Section 4.7.1), and returns the extended slice. It
// panics if nonce is longer than the 255 bytes that a NewSessionTicket message
// has room for.
func (r *Resumption) AppendPSK(dst, nonce []byte) []byte {
	if r == nil {
		panic(notMade + "Resumption")
	}
	s := r.secret.live("Resumption")
	info, err := hkdfLabel(s.size, "resumption", nonce)
	if err == nil {
		dst, err = s.mac.Expand(dst, info, s.size)
	}
	if err != nil {
		panic("keyschedule: ticket nonce too long")
	}
	return dst
}

// Clear overwrites the secret and uses r up.
func (r *Resumption) Clear() {
	if r == nil {
		panic(notMade + "Resumption")
	}
	r.secret.live("Resumption").clear()
}

// hkdfLabel returns the HkdfLabel of RFC 9846, Section 7.1, for the arguments of
// HKDF-Expand-Label: label has no prefix. It returns an error if label or
// context are too long for it.
func hkdfLabel(length int, label string, context []byte) (string, error) {
	var b cryptobyte.Builder
	b.AddUint16(uint16(length))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddBytes([]byte("tls13 "))
		b.AddBytes([]byte(label))
	})
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(context) })
	info, err := b.Bytes()
	if err != nil {
		return "", errors.New("keyschedule: label or context too long")
	}
	return string(info), nil
}
