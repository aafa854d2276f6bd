package p256

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"
)

// certificate returns a certificate for "server.example" that k signed itself.
func certificate(t testing.TB, k *PrivateKey) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "server.example"},
		DNSNames:     []string{"server.example"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, k.Public(), k))
	leaf := must[*x509.Certificate](t)(x509.ParseCertificate(der))
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, pool
}

// A server of crypto/tls with a key of this package satisfies a client that
// verifies, and so does a client with one.
func TestTLS(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		cert, pool := certificate(t, private(t, must[*PrivateKey](t)(GenerateKey(nil)).Bytes(), ts))
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			a, b := net.Pipe()
			defer a.Close()
			defer b.Close()
			deadline := time.Now().Add(20 * time.Second)
			a.SetDeadline(deadline)
			b.SetDeadline(deadline)
			server := tls.Server(a, &tls.Config{
				Certificates: []tls.Certificate{cert},
				ClientAuth:   tls.RequireAndVerifyClientCert,
				ClientCAs:    pool,
				MinVersion:   version,
				MaxVersion:   version,
			})
			client := tls.Client(b, &tls.Config{
				RootCAs:            pool,
				ServerName:         "server.example",
				Certificates:       []tls.Certificate{cert},
				ClientSessionCache: tls.NewLRUClientSessionCache(1),
			})
			done := make(chan error, 1)
			go func() {
				if err := server.Handshake(); err != nil {
					a.Close()
					done <- err
					return
				}
				_, err := server.Write([]byte("hello"))
				done <- err
			}()
			buf := make([]byte, 5)
			if _, err := client.Read(buf); err != nil || string(buf) != "hello" {
				t.Errorf("%s: client: %q, %v", tls.VersionName(version), buf, err)
			}
			if err := <-done; err != nil {
				t.Errorf("%s: server: %v", tls.VersionName(version), err)
			}
			if state := client.ConnectionState(); state.Version != version || len(state.VerifiedChains) != 1 {
				t.Errorf("%s, %d verified chains, want %s", tls.VersionName(state.Version), len(state.VerifiedChains), tls.VersionName(version))
			}
		}
	})
}
