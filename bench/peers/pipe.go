package peers

import (
	"io"
	"net"
	"sync"
	"time"
)

// Pipe returns the two ends of a connection in memory. Unlike those of
// [net.Pipe], writes never wait for the reader, so one goroutine can write and
// then read; what is not read yet is buffered without limit.
func Pipe() (a, b net.Conn) {
	x, y := newQueue(), newQueue()
	return &pipeEnd{in: x, out: y}, &pipeEnd{in: y, out: x}
}

// A queue holds bytes on their way in one direction.
type queue struct {
	mu     sync.Mutex
	filled sync.Cond
	buf    []byte
	off    int // buf[off:] is not read yet
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.filled.L = &q.mu
	return q
}

type pipeEnd struct{ in, out *queue }

func (p *pipeEnd) Read(b []byte) (int, error) {
	q := p.in
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.off == len(q.buf) {
		if q.closed {
			return 0, io.EOF
		}
		q.filled.Wait()
	}
	n := copy(b, q.buf[q.off:])
	if q.off += n; q.off == len(q.buf) {
		q.buf, q.off = q.buf[:0], 0
	}
	return n, nil
}

func (p *pipeEnd) Write(b []byte) (int, error) {
	q := p.out
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, io.ErrClosedPipe
	}
	q.buf = append(q.buf, b...)
	q.filled.Signal()
	return len(b), nil
}

func (p *pipeEnd) Close() error {
	for _, q := range []*queue{p.in, p.out} {
		q.mu.Lock()
		q.closed = true
		q.filled.Broadcast()
		q.mu.Unlock()
	}
	return nil
}

// Release gives back the buffers of the pipe that is behind an end, if there is
// nothing in them.
func Release(end net.Conn) {
	p, ok := end.(*pipeEnd)
	if !ok {
		return
	}
	for _, q := range []*queue{p.in, p.out} {
		q.mu.Lock()
		if q.off == len(q.buf) {
			q.buf, q.off = nil, 0
		}
		q.mu.Unlock()
	}
}

func (p *pipeEnd) LocalAddr() net.Addr              { return pipeAddr{} }
func (p *pipeEnd) RemoteAddr() net.Addr             { return pipeAddr{} }
func (p *pipeEnd) SetDeadline(time.Time) error      { return nil }
func (p *pipeEnd) SetReadDeadline(time.Time) error  { return nil }
func (p *pipeEnd) SetWriteDeadline(time.Time) error { return nil }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "memory" }
func (pipeAddr) String() string  { return "memory" }
