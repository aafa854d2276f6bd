package tls13

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// A pki is a root and what it has certified, made once for all tests.
type pki struct {
	root    *x509.Certificate
	rootKey crypto.Signer
	pool    *x509.CertPool
	servers map[string]tls.Certificate // by the kind of key
	clients map[string]tls.Certificate
	serial  int64
}

var keyKinds = []string{"p256", "p384", "p521", "ed25519", "rsa"}

func newKey(kind string) crypto.Signer {
	var k crypto.Signer
	var err error
	switch kind {
	case "p256":
		k, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		k, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		k, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "ed25519":
		_, k, err = ed25519.GenerateKey(rand.Reader)
	case "rsa":
		k, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		panic("no key of kind " + kind)
	}
	if err != nil {
		panic(err)
	}
	return k
}

// testPKI is the same for all tests: keys take their time.
var testPKI = sync.OnceValue(func() *pki {
	p := newPKI()
	for _, kind := range keyKinds {
		key := newKey(kind)
		p.servers[kind] = p.certify(key, nil)
		p.clients[kind] = p.certify(key, func(c *x509.Certificate) {
			c.Subject.CommonName, c.DNSNames, c.IPAddresses = "client", nil, nil
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})
	}
	return p
})

func newPKI() *pki {
	p := &pki{rootKey: newKey("p256"), servers: map[string]tls.Certificate{}, clients: map[string]tls.Certificate{}}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test root"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(100 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, p.rootKey.Public(), p.rootKey)
	if err != nil {
		panic(err)
	}
	if p.root, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	p.pool = x509.NewCertPool()
	p.pool.AddCert(p.root)
	return p
}

// certify makes a certificate for a server, or for what change makes of it.
func (p *pki) certify(key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	p.serial++
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1 + p.serial), Subject: pkix.Name{CommonName: "server"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(50 * 24 * time.Hour),
		DNSNames: []string{"server.test", "other.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, p.root, key.Public(), p.rootKey)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// configs returns configurations for a client and a server of crypto/tls, from
// which those of this package are made.
func configs(kind string) (client, server *tls.Config) {
	p := testPKI()
	client = &tls.Config{RootCAs: p.pool, ServerName: "server.test", MinVersion: tls.VersionTLS13}
	server = &tls.Config{Certificates: []tls.Certificate{p.servers[kind]}, ClientCAs: p.pool, MinVersion: tls.VersionTLS13}
	return client, server
}

func mustConfig(t testing.TB, c *tls.Config) *Config {
	t.Helper()
	config, err := ConfigFrom(c)
	if err != nil {
		t.Fatal(err)
	}
	return config
}
