package record

import (
	"io"
	"net"
	"sync"
	"time"
)

// A stream is one direction of a connection in memory. Writing never waits.
type stream struct {
	mu     sync.Mutex
	wake   sync.Cond
	unread []byte
	read   int // bytes of unread that are read
	closed bool
	record bool
	all    []byte // everything written, if record
}

func newStream(record bool) *stream {
	s := &stream{record: record}
	s.wake.L = &s.mu
	return s
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, io.ErrClosedPipe
	}
	if s.record {
		s.all = append(s.all, p...)
	}
	s.unread = append(s.unread, p...)
	s.wake.Broadcast()
	return len(p), nil
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.read == len(s.unread) && !s.closed {
		s.wake.Wait()
	}
	n := copy(p, s.unread[s.read:])
	if s.read += n; s.read == len(s.unread) {
		s.unread, s.read = s.unread[:0], 0
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wake.Broadcast()
	return nil
}

// written returns everything that was written, of a stream that records.
func (s *stream) written() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// A pipeEnd is one end of a connection in memory: a net.Conn.
type pipeEnd struct {
	io.Reader
	io.Writer
	close func() error
}

// pipe returns the two ends of a connection in memory, and what goes from the
// first to the second and back.
func pipe(record bool) (a, b net.Conn, ab, ba *stream) {
	ab, ba = newStream(record), newStream(record)
	return pipeEnd{ba, ab, ab.Close}, pipeEnd{ab, ba, ba.Close}, ab, ba
}

func (p pipeEnd) Close() error                     { return p.close() }
func (p pipeEnd) LocalAddr() net.Addr              { return &net.IPAddr{} }
func (p pipeEnd) RemoteAddr() net.Addr             { return &net.IPAddr{} }
func (p pipeEnd) SetDeadline(time.Time) error      { return nil }
func (p pipeEnd) SetReadDeadline(time.Time) error  { return nil }
func (p pipeEnd) SetWriteDeadline(time.Time) error { return nil }
