package tls13

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A pipe is one direction of a connection in memory, with a buffer without
// limit: a Write never waits for a Read.
type pipe struct {
	mu       sync.Mutex
	cond     *sync.Cond
	buf      []byte
	closed   bool // no more will be written
	deadline time.Time
	timer    *time.Timer
}

func newHalf() *pipe {
	p := new(pipe)
	p.cond = sync.NewCond(&p.mu)
	return p
}

// A pipeConn is one end of a connection in memory.
type pipeConn struct {
	in, out *pipe
	most    int // bytes that one Read returns at most, if not 0
}

func newPipe() (a, b *pipeConn) {
	x, y := newHalf(), newHalf()
	return &pipeConn{in: x, out: y}, &pipeConn{in: y, out: x}
}

func (c *pipeConn) Read(b []byte) (int, error) {
	p := c.in
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.buf) == 0 {
		switch {
		case p.closed:
			return 0, io.EOF
		case !p.deadline.IsZero() && !time.Now().Before(p.deadline):
			return 0, os.ErrDeadlineExceeded
		}
		p.cond.Wait()
	}
	if c.most > 0 && len(b) > c.most {
		b = b[:c.most]
	}
	n := copy(b, p.buf)
	p.buf = p.buf[n:]
	return n, nil
}

func (c *pipeConn) Write(b []byte) (int, error) {
	p := c.out
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, net.ErrClosed
	}
	p.buf = append(p.buf, b...)
	p.cond.Broadcast()
	return len(b), nil
}

func (c *pipeConn) Close() error {
	for _, p := range []*pipe{c.in, c.out} {
		p.mu.Lock()
		p.closed = true
		p.cond.Broadcast()
		p.mu.Unlock()
	}
	return nil
}

func (c *pipeConn) LocalAddr() net.Addr  { return pipeAddr{} }
func (c *pipeConn) RemoteAddr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

func (c *pipeConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *pipeConn) SetWriteDeadline(time.Time) error { return nil }

func (c *pipeConn) SetReadDeadline(t time.Time) error {
	p := c.in
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = t
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if !t.IsZero() {
		p.timer = time.AfterFunc(time.Until(t), p.cond.Broadcast)
	}
	p.cond.Broadcast()
	return nil
}

// A lockedBuffer may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
