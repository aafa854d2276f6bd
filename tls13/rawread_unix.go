//go:build unix

package tls13

import (
	"io"
	"net"
	"os"
	"syscall"
)

// init prepares for reading from the file of a connection: then no buffer is
// needed while nothing comes.
func (in *inHalf) init(conn net.Conn) {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return // a wrapper may have reasons to see every Read
	}
	file, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return
	}
	in.file = file
	in.read = in.readOnce
}

// readFile waits for data, takes a buffer and reads into it.
func (c *Conn) readFile() error {
	in := &c.in
	in.n, in.errno = 0, nil
	if err := in.file.Read(in.read); err != nil {
		return err
	}
	if in.errno != nil {
		return &net.OpError{Op: "read", Net: c.conn.LocalAddr().Network(), Source: c.conn.LocalAddr(), Addr: c.conn.RemoteAddr(), Err: os.NewSyscallError("read", in.errno)}
	}
	if in.n == 0 {
		return eof(io.EOF)
	}
	return nil
}

// readOnce tries to read; it reports false if nothing is there yet.
func (in *inHalf) readOnce(fd uintptr) bool {
	buf := getBuffer(in.want)
	for {
		n, err := syscall.Read(int(fd), buf.b)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			buf.put()
			return false
		case err != nil || n <= 0:
			buf.put()
			in.errno = err
			return true
		}
		in.n = n
		in.buf, in.raw = buf, buf.b[:n]
		return true
	}
}
