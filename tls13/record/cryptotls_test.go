package record

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"testing"
	"time"
	_ "unsafe" // for linkname

	"github.com/sealane/sealane/tls13/keyschedule"
)

// crypto/tls offers no choice of a TLS 1.3 suite. These are its own lists, for
// machines with AES instructions and for others.
//
//go:linkname defaultCipherSuitesTLS13 crypto/tls.defaultCipherSuitesTLS13
var defaultCipherSuitesTLS13 []uint16

//go:linkname defaultCipherSuitesTLS13NoAES crypto/tls.defaultCipherSuitesTLS13NoAES
var defaultCipherSuitesTLS13NoAES []uint16

// useSuite makes crypto/tls negotiate nothing but the suite until the test ends.
func useSuite(t testing.TB, id uint16) {
	with, without := defaultCipherSuitesTLS13, defaultCipherSuitesTLS13NoAES
	t.Cleanup(func() { defaultCipherSuitesTLS13, defaultCipherSuitesTLS13NoAES = with, without })
	defaultCipherSuitesTLS13, defaultCipherSuitesTLS13NoAES = []uint16{id}, []uint16{id}
}

// The suites that others can be made to negotiate.
var realSuites = []struct {
	name string
	*Suite
	hash keyschedule.Hash
}{
	{"TLS_AES_128_GCM_SHA256", AES128GCMSHA256, keyschedule.SHA256},
	{"TLS_AES_256_GCM_SHA384", AES256GCMSHA384, keyschedule.SHA384},
	{"TLS_CHACHA20_POLY1305_SHA256", CHACHA20POLY1305SHA256, keyschedule.SHA256},
}

// certificate makes a self-signed certificate for localhost.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "localhost"},
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: must(x509.ParseCertificate(der))}
}

// configs returns what a client and a server of crypto/tls need to talk TLS 1.3.
func configs(t testing.TB) (client, server *tls.Config) {
	cert := certificate(t)
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	client = &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	server = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	return client, server
}

// TestCryptoTLS opens and seals again all records of connections of crypto/tls.
func TestCryptoTLS(t *testing.T) {
	const clientHello, serverHello, newSessionTicket, encryptedExtensions, cert, certRequest, certVerify, finished = 1, 2, 4, 8, 11, 13, 15, 20
	r := newRand(9)
	said := [2][]byte{random(r, 150000), random(r, 100000)} // by client, server
	for _, suite := range realSuites {
		for _, test := range []struct {
			name           string
			change         func(client, server *tls.Config)
			resumes, fails bool
			client, server []byte // handshake messages
			alert          byte   // the client's
		}{
			{
				name:   "full",
				change: func(_, _ *tls.Config) {},
				client: []byte{clientHello, finished},
				server: []byte{serverHello, encryptedExtensions, cert, certVerify, finished, newSessionTicket},
			},
			{
				name: "retry and client certificate",
				change: func(client, server *tls.Config) {
					client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
					server.CurvePreferences = []tls.CurveID{tls.CurveP256}
					client.Certificates = server.Certificates
					server.ClientAuth = tls.RequireAnyClientCert
					server.DynamicRecordSizingDisabled = true
				},
				client: []byte{clientHello, clientHello, cert, certVerify, finished},
				server: []byte{serverHello, serverHello, encryptedExtensions, certRequest, cert, certVerify, finished, newSessionTicket},
			},
			{
				name:    "resumed",
				change:  func(_, _ *tls.Config) {},
				resumes: true,
				client:  []byte{clientHello, finished},
				server:  []byte{serverHello, encryptedExtensions, finished, newSessionTicket},
			},
			{
				name:   "unknown certificate",
				change: func(client, _ *tls.Config) { client.RootCAs = x509.NewCertPool() },
				fails:  true,
				client: []byte{clientHello},
				server: []byte{serverHello, encryptedExtensions, cert, certVerify, finished, newSessionTicket},
				alert:  42, // bad_certificate
			},
		} {
			t.Run("suite="+suite.name+"/"+test.name, func(t *testing.T) {
				useSuite(t, suite.ID())
				clientConfig, serverConfig := configs(t)
				test.change(clientConfig, serverConfig)
				var log bytes.Buffer
				if test.resumes {
					if _, _, err := converse(clientConfig, serverConfig, said); err != nil {
						t.Fatal(err)
					}
				}
				serverConfig.KeyLogWriter = &log
				ab, ba, err := converse(clientConfig, serverConfig, said)
				if (err != nil) != test.fails {
					t.Fatal(err)
				}

				c := conversation{suite.Suite, suite.hash, ab, ba, parseKeyLog(t, log.String())}
				client, server := c.listen(t)
				t.Log("client:", client)
				t.Log("server:", server)
				if test.fails {
					client.check(t, "client", test.client, nil, test.alert)
					server.check(t, "server", test.server, nil)
					return
				}
				client.check(t, "client", test.client, said[0], 0)
				server.check(t, "server", test.server, said[1], 0)
				if client.fullest != MaxPlaintext {
					t.Errorf("no full record: %d bytes at most", client.fullest)
				}
			})
		}
	}
}

// converse connects a client and a server, who say something each, and returns
// what both sent.
func converse(client, server *tls.Config, say [2][]byte) (fromClient, fromServer []byte, err error) {
	a, b, ab, ba := pipe(true)
	done := make(chan error, 1)
	go func() { done <- talk(tls.Server(b, server), say[1], len(say[0])) }()
	err = errors.Join(talk(tls.Client(a, client), say[0], len(say[1])), <-done)
	return ab.written(), ba.written(), err
}

// talk is one end of a connection: it says something in several writes, hears n
// bytes, says good-bye and waits for the other's.
func talk(c *tls.Conn, say []byte, n int) error {
	defer c.NetConn().Close()
	if err := c.Handshake(); err != nil {
		return err
	}
	for _, size := range []int{1, 100, MaxPlaintext, MaxPlaintext + 1, len(say)} {
		size = min(size, len(say))
		if _, err := c.Write(say[:size]); err != nil {
			return err
		}
		say = say[size:]
	}
	if _, err := io.CopyN(io.Discard, c, int64(n)); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return errors.Join(errors.New("no close_notify"), err)
	}
	return nil
}
