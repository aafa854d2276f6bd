package peers

import (
	"crypto/tls"
	"net"
	"sync"
	_ "unsafe" // for go:linkname
)

// crypto/tls offers no choice of a TLS 1.3 suite. These are its preference
// lists, for machines with and without instructions for AES; the standard
// library keeps both names for programs that link to them.
//
//go:linkname suitesTLS13 crypto/tls.defaultCipherSuitesTLS13
var suitesTLS13 []uint16

//go:linkname suitesTLS13NoAES crypto/tls.defaultCipherSuitesTLS13NoAES
var suitesTLS13NoAES []uint16

// suiteMu guards the two.
var suiteMu sync.Mutex

// cryptoTLS makes connections of crypto/tls.
func cryptoTLS(l Link) (Connect, error) {
	client, server, err := l.configs()
	if err != nil {
		return nil, err
	}
	lists := [2][]uint16{{suites[l.Alg]}, {suites[l.Alg]}}
	suiteMu.Lock()
	defer suiteMu.Unlock()
	defer setSuites(setSuites(lists))
	connect, err := l.connect(func(a, b net.Conn) (tlsConn, tlsConn) {
		return tls.Client(a, client), tls.Server(b, server)
	})
	return func(a, b net.Conn) (net.Conn, net.Conn, error) {
		suiteMu.Lock()
		defer suiteMu.Unlock()
		defer setSuites(setSuites(lists))
		return connect(a, b)
	}, err
}

// setSuites sets crypto/tls's preference lists and returns those before.
func setSuites(lists [2][]uint16) (was [2][]uint16) {
	was = [2][]uint16{suitesTLS13, suitesTLS13NoAES}
	suitesTLS13, suitesTLS13NoAES = lists[0], lists[1]
	return was
}
