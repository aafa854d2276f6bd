package peers

import (
	"crypto/cipher"
	"encoding/binary"
	"net"
)

// TCP is the connection alone, without TLS: the ceiling of what TLS over it can
// reach.
var TCP = Impl{
	Name: "tcp",
	TLS: func(Link) (Connect, error) {
		return func(client, server net.Conn) (net.Conn, net.Conn, error) { return client, server, nil }, nil
	},
}

// TCPAEAD is the connection with each write sealed in one piece by sealane's
// AEAD: what encryption alone costs, without records and all that TLS checks.
var TCPAEAD = Impl{
	Name: "tcp-aead",
	TLS: func(l Link) (Connect, error) {
		if _, ok := suites[l.Alg]; !ok {
			return nil, none(l.Alg)
		}
		return func(client, server net.Conn) (net.Conn, net.Conn, error) {
			a, err := Sealane.AEAD(l.Alg, make([]byte, KeySize(l.Alg)))
			return &framed{Conn: client, aead: a}, &framed{Conn: server, aead: a}, err
		}, nil
	},
}

// A framed connection sends each write as a frame: the length of what is sealed
// in 4 bytes, and what is sealed. Used in one direction only; the nonce counts
// the frames.
type framed struct {
	net.Conn
	aead       cipher.AEAD
	nonce      [12]byte
	seq        uint64
	buf        []byte
	start, end int    // of a reader: buf[start:end] has arrived
	rest       []byte // of a reader: opened and not read yet
}

const frameHeader = 4

func (f *framed) next() []byte {
	binary.BigEndian.PutUint64(f.nonce[4:], f.seq)
	f.seq++
	return f.nonce[:]
}

func (f *framed) Write(p []byte) (int, error) {
	f.buf = binary.BigEndian.AppendUint32(f.buf[:0], uint32(len(p)+f.aead.Overhead()))
	f.buf = f.aead.Seal(f.buf, f.next(), p, nil)
	if _, err := f.Conn.Write(f.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *framed) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if err := f.fill(frameHeader); err != nil {
			return 0, err
		}
		size := int(binary.BigEndian.Uint32(f.buf[f.start:]))
		if err := f.fill(frameHeader + size); err != nil {
			return 0, err
		}
		sealed := f.buf[f.start+frameHeader:][:size]
		f.start += frameHeader + size
		if size-f.aead.Overhead() <= len(p) {
			b, err := f.aead.Open(p[:0], f.next(), sealed, nil)
			if err != nil || len(b) > 0 || len(p) == 0 {
				return len(b), err
			}
			continue
		}
		b, err := f.aead.Open(sealed[:0], f.next(), sealed, nil)
		if err != nil {
			return 0, err
		}
		f.rest = b
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// fill reads until n bytes are in the buffer.
func (f *framed) fill(n int) error {
	for f.end-f.start < n {
		if f.start == f.end {
			f.start, f.end = 0, 0
		}
		if len(f.buf)-f.start < n {
			buf := f.buf
			if len(buf) < 2*n {
				buf = make([]byte, 2*n)
			}
			f.end = copy(buf, f.buf[f.start:f.end])
			f.buf, f.start = buf, 0
		}
		got, err := f.Conn.Read(f.buf[f.end:])
		if f.end += got; got == 0 && err != nil {
			return err
		}
	}
	return nil
}

// Loopback returns the two ends of a new TCP connection of this machine with
// itself.
func Loopback() (client, server net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		if l, err = net.Listen("tcp", "[::1]:0"); err != nil {
			return nil, nil, err
		}
	}
	defer l.Close()
	type accepted struct {
		conn net.Conn
		err  error
	}
	ch := make(chan accepted, 1)
	go func() {
		conn, err := l.Accept()
		ch <- accepted{conn, err}
	}()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	s := <-ch
	if s.err != nil {
		client.Close()
		return nil, nil, s.err
	}
	return client, s.conn, nil
}
