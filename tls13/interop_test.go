package tls13

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
	_ "unsafe" // for linkname
)

// crypto/tls offers no choice of the suites of TLS 1.3; this is its own list.
//
//go:linkname defaultCipherSuitesTLS13 crypto/tls.defaultCipherSuitesTLS13
var defaultCipherSuitesTLS13 []uint16

// An endpoint is a connection of this package or of crypto/tls.
type endpoint interface {
	net.Conn
	HandshakeContext(context.Context) error
	ConnectionState() tls.ConnectionState
	CloseWrite() error
}

// shake runs the handshake of both ends and returns their errors.
func shake(c, s endpoint) (clientErr, serverErr error) {
	done := make(chan error, 1)
	go func() {
		err := s.HandshakeContext(context.Background())
		if err != nil {
			s.Close()
		}
		done <- err
	}()
	clientErr = c.HandshakeContext(context.Background())
	if clientErr != nil {
		c.Close()
	}
	return clientErr, <-done
}

// mustShake is shake that must work, with some data both ways, so that tickets
// arrive.
func mustShake(t testing.TB, c, s endpoint) {
	t.Helper()
	if cerr, serr := shake(c, s); cerr != nil || serr != nil {
		t.Fatalf("handshake: client %v, server %v", cerr, serr)
	}
	exchange(t, s, c, 100)
	exchange(t, c, s, 40000)
}

// exchange sends n bytes from a to b.
func exchange(t testing.TB, a, b io.ReadWriter, n int) {
	t.Helper()
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 7)
	}
	done := make(chan error, 1)
	go func() {
		_, err := a.Write(data)
		done <- err
	}()
	got := make([]byte, n)
	if _, err := io.ReadFull(b, got); err != nil {
		t.Fatalf("read: %v", err)
	}
	if err := <-done; err != nil {
		t.Fatalf("write: %v", err)
	}
	if !bytes.Equal(got, data) {
		t.Fatal("other data arrived")
	}
}

// TestInterop: each suite, group and kind of key, with crypto/tls at either end
// and with this package at both, full, after a HelloRetryRequest, resumed, with a
// client certificate, and with key updates.
func TestInterop(t *testing.T) {
	count := 0
	for _, ends := range []string{"ours-ours", "ours-std", "std-ours"} {
		for _, suite := range []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256} {
			for _, group := range defaultGroups {
				for _, kind := range someKinds() {
					for _, mode := range []string{"full", "retry", "resumed", "auth", "update"} {
						count++
						t.Run(fmt.Sprintf("%s/%s/%v/%s/%s", ends, tls.CipherSuiteName(suite), group, kind, mode), func(t *testing.T) {
							testInterop(t, ends, suite, group, kind, mode)
						})
					}
				}
			}
		}
	}
	if want := 3 * 3 * 4 * len(someKinds()) * 5; count != want {
		t.Errorf("%d combinations, want %d", count, want)
	}
}

func testInterop(t *testing.T, ends string, suite uint16, group tls.CurveID, kind, mode string) {
	saved := defaultCipherSuitesTLS13
	defer func() { defaultCipherSuitesTLS13 = saved }()
	defaultCipherSuitesTLS13 = []uint16{suite}

	client, server := configs(kind)
	server.CurvePreferences = []tls.CurveID{group}
	client.CurvePreferences = []tls.CurveID{group}
	if mode == "retry" {
		// A first group that the server lacks makes a first share that it
		// does not want.
		other := tls.CurveP384
		if group == other {
			other = tls.CurveP256
		}
		client.CurvePreferences = []tls.CurveID{other, group}
		if ends == "std-ours" { // crypto/tls has an order of its own
			client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.X25519MLKEM768}
			if group == tls.X25519 || group == tls.X25519MLKEM768 {
				t.Skip("crypto/tls sends a share of this group whatever its preferences")
			}
		}
	}
	if mode == "resumed" {
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	} else {
		server.SessionTicketsDisabled = true
	}
	if mode == "auth" {
		client.Certificates = append(client.Certificates, testPKI().clients[kind])
		server.ClientAuth = tls.RequireAndVerifyClientCert
	}
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	cc.CipherSuites, sc.CipherSuites = []uint16{suite}, []uint16{suite}
	newClient := func(c net.Conn) endpoint { return Client(c, cc) }
	newServer := func(c net.Conn) endpoint { return Server(c, sc) }
	switch ends {
	case "ours-std":
		newServer = func(c net.Conn) endpoint { return tls.Server(c, server) }
	case "std-ours":
		newClient = func(c net.Conn) endpoint { return tls.Client(c, client) }
	}
	connect := func() (c, s endpoint) {
		a, b := newPipe()
		c, s = newClient(a), newServer(b)
		mustShake(t, c, s)
		return c, s
	}
	c, s := connect()
	if mode == "resumed" {
		c, s = connect()
	}
	for _, e := range []endpoint{c, s} {
		st := e.ConnectionState()
		if st.CipherSuite != suite || st.CurveID != group || st.Version != tls.VersionTLS13 || !st.HandshakeComplete ||
			st.DidResume != (mode == "resumed") || st.HelloRetryRequest != (mode == "retry") {
			t.Errorf("%T: %s, %v, version %#x, resumed %v, retried %v", e, tls.CipherSuiteName(st.CipherSuite), st.CurveID, st.Version, st.DidResume, st.HelloRetryRequest)
		}
	}
	if st := c.ConnectionState(); len(st.PeerCertificates) != 1 || len(st.VerifiedChains) == 0 {
		t.Error("the client does not tell the server's certificate")
	}
	if st := s.ConnectionState(); mode == "auth" && (len(st.PeerCertificates) != 1 || len(st.VerifiedChains) == 0) {
		t.Error("the server does not tell the client's certificate")
	}
	if mode == "update" {
		for _, x := range []struct{ from, to endpoint }{{c, s}, {s, c}} {
			conn, ok := x.from.(*Conn)
			if !ok {
				continue // crypto/tls never begins
			}
			if err := conn.KeyUpdate(true); err != nil {
				t.Fatal(err)
			}
			exchange(t, x.from, x.to, 100)
			exchange(t, x.to, x.from, 100)
			if conn.out.requested.Load() {
				t.Error("the peer has not updated its key")
			}
		}
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after close_notify: %v, want EOF", err)
	}
	exchange(t, s, c, 1000) // half of the connection is still open
	s.Close()
	c.Close()
}
