package peers

import (
	"io"
	"net"
)

// TCP is the connection alone, without TLS: the ceiling of what TLS over it can
// reach.
var TCP = Impl{
	Name: "tcp",
	TLS:  func(alg string, client, server net.Conn) (io.Writer, io.Reader, error) { return client, server, nil },
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
