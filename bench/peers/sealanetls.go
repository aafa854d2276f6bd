package peers

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/sealane/sealane/tls13/keyschedule"
	"github.com/sealane/sealane/tls13/record"
)

// sealaneTLS returns the two ends of a connection that already has keys: what is
// measured is the record layer, so there is no handshake.
func sealaneTLS(alg string, client, server net.Conn) (io.Writer, io.Reader, error) {
	var (
		suite *record.Suite
		hash  keyschedule.Hash
	)
	switch alg {
	case "aes-128-gcm":
		suite, hash = record.AES128GCMSHA256, keyschedule.SHA256
	case "aes-256-gcm":
		suite, hash = record.AES256GCMSHA384, keyschedule.SHA384
	case "chacha20-poly1305":
		suite, hash = record.CHACHA20POLY1305SHA256, keyschedule.SHA256
	default:
		return nil, nil, none(alg)
	}
	w := &recordWriter{conn: client, sealer: record.NewSealer()}
	r := &recordReader{conn: server, opener: record.NewOpener(), buf: make([]byte, readSize)}
	for _, half := range []struct {
		keys   *halfKeys
		setKey func(suite *record.Suite, key, iv []byte) error
	}{{&w.keys, w.sealer.SetKey}, {&r.keys, r.opener.SetKey}} {
		k := half.keys
		k.suite, k.setKey, k.key = suite, half.setKey, make([]byte, KeySize(alg))
		if err := k.secret.Init(hash, make([]byte, hash.Size())); err != nil {
			return nil, nil, err
		}
		if err := k.set(); err != nil {
			return nil, nil, err
		}
	}
	return w, r, nil
}

// halfKeys are the keys of one end of one direction.
type halfKeys struct {
	suite  *record.Suite
	secret keyschedule.TrafficSecret
	key    []byte
	setKey func(suite *record.Suite, key, iv []byte) error
}

func (k *halfKeys) set() error {
	iv := k.secret.KeyIV(k.key)
	return k.setKey(k.suite, k.key, iv[:])
}

// next goes on to the next generation (RFC 9846, Section 7.2).
func (k *halfKeys) next() error {
	k.secret.Next()
	return k.set()
}

// keyUpdate is a KeyUpdate message that asks for none in return (RFC 9846,
// Section 4.7.3).
var keyUpdate = []byte{24, 0, 0, 1, 0}

// A recordWriter sends each write as one piece, in as many records as it takes.
type recordWriter struct {
	conn   net.Conn
	sealer *record.Sealer
	keys   halfKeys
	buf    []byte
}

func (w *recordWriter) Write(p []byte) (n int, err error) {
	if w.sealer.NeedsRekey() {
		if err := w.update(); err != nil {
			return 0, err
		}
	}
	if w.buf, err = w.sealer.Seal(w.buf[:0], record.ApplicationData, p); err != nil {
		return 0, err
	}
	if _, err = w.conn.Write(w.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// update goes on to the next key, and tells the reader.
func (w *recordWriter) update() (err error) {
	if w.buf, err = w.sealer.Seal(w.buf[:0], record.Handshake, keyUpdate); err != nil {
		return err
	}
	if _, err = w.conn.Write(w.buf); err != nil {
		return err
	}
	return w.keys.next()
}

// readSize is the length of a recordReader's buffer in bytes: some records, so
// that one read brings several.
const readSize = 8 * record.MaxRecord

// A recordReader opens records from its buffer into the reader's memory.
type recordReader struct {
	conn       net.Conn
	opener     *record.Opener
	keys       halfKeys
	buf        []byte
	start, end int    // buf[start:end] holds records that are not opened yet
	rest       []byte // of the content of the last record, in buf
}

func (r *recordReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if len(r.rest) > 0 {
			n := copy(p, r.rest)
			r.rest = r.rest[n:]
			return n, nil
		}
		n, used, last, err := r.opener.OpenTo(p, r.buf[r.start:r.end])
		r.start += used
		switch {
		case errors.Is(err, record.ErrNeedMore):
			if err := r.fill(); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, err
		case last.Type == record.ApplicationData:
			r.rest = last.Content
		case last.Type == record.Handshake: // recordWriter sends no other than keyUpdate
			if err := r.keys.next(); err != nil {
				return 0, err
			}
		case last.Type != 0:
			return 0, fmt.Errorf("unexpected record of type %v", last.Type)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// fill reads more into the buffer.
func (r *recordReader) fill() error {
	switch {
	case r.start == r.end:
		r.start, r.end = 0, 0
	case len(r.buf)-r.end < record.MaxRecord:
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	n, err := r.conn.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	return err
}
