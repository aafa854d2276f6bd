package peers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"time"
)

// A Link says what the TLS 1.3 connections of a row are like.
type Link struct {
	Alg    string // AEAD of the cipher suite
	Group  string // of the key exchange, one of Groups
	Resume bool   // every connection resumes the session of the one before
}

// A Connect runs a handshake over the two ends of a connection and returns both
// sides of what it has secured.
type Connect func(client, server net.Conn) (c, s net.Conn, err error)

// Groups are the key exchanges of handshakes.
var Groups = []string{"x25519", "p256", "x25519mlkem768"}

var groupIDs = map[string]tls.CurveID{
	"x25519":         tls.X25519,
	"p256":           tls.CurveP256,
	"x25519mlkem768": tls.X25519MLKEM768,
}

// suites are the TLS 1.3 cipher suites by their AEAD.
var suites = map[string]uint16{
	"aes-128-gcm":       tls.TLS_AES_128_GCM_SHA256,
	"aes-256-gcm":       tls.TLS_AES_256_GCM_SHA384,
	"chacha20-poly1305": tls.TLS_CHACHA20_POLY1305_SHA256,
}

// configs returns the configurations of both sides of a link, without its
// cipher suite.
func (l Link) configs() (client, server *tls.Config, err error) {
	if _, ok := suites[l.Alg]; !ok {
		return nil, nil, none(l.Alg)
	}
	group, ok := groupIDs[l.Group]
	if !ok {
		return nil, nil, none(l.Group)
	}
	id, err := identity()
	if err != nil {
		return nil, nil, err
	}
	// Full records from the start, and no tickets that nobody wants.
	client = &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		RootCAs:                     id.roots,
		ServerName:                  serverName,
		CurvePreferences:            []tls.CurveID{group},
		DynamicRecordSizingDisabled: true,
	}
	server = &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		Certificates:                []tls.Certificate{id.certificate},
		CurvePreferences:            []tls.CurveID{group},
		SessionTicketsDisabled:      !l.Resume,
		DynamicRecordSizingDisabled: true,
	}
	if l.Resume {
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	return client, server, nil
}

// A tlsConn is what connections of both stacks have in common.
type tlsConn interface {
	net.Conn
	Handshake() error
	ConnectionState() tls.ConnectionState
}

// shake runs the handshake of both sides and checks that it agreed on what the
// link says. If the link resumes, the client has read a new ticket afterwards.
func (l Link) shake(c, s tlsConn, resumed bool) error {
	done := make(chan error, 1)
	go func() {
		err := s.Handshake()
		if err != nil {
			s.Close() // the client waits
		}
		done <- err
	}()
	if err := c.Handshake(); err != nil {
		c.Close()
		<-done
		return err
	}
	if err := <-done; err != nil {
		return err
	}
	switch state := c.ConnectionState(); {
	case state.CipherSuite != suites[l.Alg]:
		return fmt.Errorf("negotiated %s instead of %s", tls.CipherSuiteName(state.CipherSuite), tls.CipherSuiteName(suites[l.Alg]))
	case state.CurveID != groupIDs[l.Group]:
		return fmt.Errorf("negotiated %v instead of %v", state.CurveID, groupIDs[l.Group])
	case state.DidResume != resumed:
		return fmt.Errorf("resumed: %v, want %v", state.DidResume, resumed)
	}
	if !l.Resume {
		return nil
	}
	var one [1]byte
	if _, err := s.Write(one[:]); err != nil {
		return err
	}
	_, err := io.ReadFull(c, one[:])
	return err
}

// connect returns the Connect of a stack, whose function pair makes both sides
// of a connection before the handshake. If the link resumes, the session comes
// from a first connection in memory.
func (l Link) connect(pair func(client, server net.Conn) (c, s tlsConn)) (Connect, error) {
	if l.Resume {
		c, s := pair(Pipe())
		if err := l.shake(c, s, false); err != nil {
			return nil, err
		}
	}
	return func(client, server net.Conn) (net.Conn, net.Conn, error) {
		c, s := pair(client, server)
		return c, s, l.shake(c, s, l.Resume)
	}, nil
}

const serverName = "localhost"

// An id is a server's certificate on P-256 and the root that has signed it.
type id struct {
	certificate tls.Certificate
	roots       *x509.CertPool
}

// identity makes the server's identity, once.
var identity = sync.OnceValues(func() (id, error) {
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: serverName}, DNSNames: []string{serverName},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return id{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return id{}, err
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	if err != nil {
		return id{}, err
	}
	if root, err = x509.ParseCertificate(rootDER); err != nil {
		return id{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, rootKey)
	if err != nil {
		return id{}, err
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return id{}, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return id{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots}, nil
})
