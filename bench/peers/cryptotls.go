package peers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"time"
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

// suites are the TLS 1.3 cipher suites by their AEAD.
var suites = map[string]uint16{
	"aes-128-gcm":       tls.TLS_AES_128_GCM_SHA256,
	"aes-256-gcm":       tls.TLS_AES_256_GCM_SHA384,
	"chacha20-poly1305": tls.TLS_CHACHA20_POLY1305_SHA256,
}

// cryptoTLS makes a handshake of crypto/tls over the two ends.
func cryptoTLS(alg string, a, b net.Conn) (io.Writer, io.Reader, error) {
	suite, ok := suites[alg]
	if !ok {
		return nil, nil, none(alg)
	}
	cert, err := certificate()
	if err != nil {
		return nil, nil, err
	}
	// Full records from the start, and no bytes behind the handshake: what is
	// measured is the record layer.
	client := tls.Client(a, &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		InsecureSkipVerify:          true, // the server is in this process
		DynamicRecordSizingDisabled: true,
	})
	server := tls.Server(b, &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		Certificates:                []tls.Certificate{cert},
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	})

	suiteMu.Lock()
	defer suiteMu.Unlock()
	was, wasNoAES := suitesTLS13, suitesTLS13NoAES
	defer func() { suitesTLS13, suitesTLS13NoAES = was, wasNoAES }()
	suitesTLS13, suitesTLS13NoAES = []uint16{suite}, []uint16{suite}

	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		return nil, nil, err
	}
	if err := <-done; err != nil {
		return nil, nil, err
	}
	if got := client.ConnectionState().CipherSuite; got != suite {
		return nil, nil, fmt.Errorf("crypto/tls chose %s", tls.CipherSuiteName(got))
	}
	return client, server, nil
}

// certificate makes a self-signed one, once.
var certificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})
