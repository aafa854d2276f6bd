package peers

import (
	"net"

	"github.com/sealane/sealane/tls13"
)

// sealaneTLS makes connections of tls13.
func sealaneTLS(l Link) (Connect, error) {
	client, server, err := l.configs()
	if err != nil {
		return nil, err
	}
	c, err := tls13.ConfigFrom(client)
	if err != nil {
		return nil, err
	}
	s, err := tls13.ConfigFrom(server)
	if err != nil {
		return nil, err
	}
	c.CipherSuites = []uint16{suites[l.Alg]}
	s.CipherSuites = c.CipherSuites
	return l.connect(func(a, b net.Conn) (tlsConn, tlsConn) {
		return tls13.Client(a, c), tls13.Server(b, s)
	})
}
