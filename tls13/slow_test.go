package tls13

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// A peer that does not read makes a Write wait until its deadline, and no longer;
// after that nothing can be written, but Close does not wait for the peer for ever.
func TestSlowReader(t *testing.T) {
	testPKI() // by the real clock
	synctest.Test(t, func(t *testing.T) {
		client, server := configs("p256")
		cc, sc := mustConfig(t, client), mustConfig(t, server)
		real := testPKI().root.NotBefore.Add(time.Hour)
		cc.Time = func() time.Time { return real }
		sc.Time = cc.Time
		sc.SessionTicketsDisabled = true
		a, b := net.Pipe() // without a buffer
		c, s := Client(a, cc), Server(b, sc)
		if cerr, serr := shake(c, s); cerr != nil || serr != nil {
			t.Fatalf("client %v, server %v", cerr, serr)
		}
		start := time.Now()
		c.SetWriteDeadline(start.Add(time.Minute))
		if _, err := c.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("Write waits %v", waited)
		}
		c.SetWriteDeadline(time.Time{})
		if _, err := c.Write([]byte{1}); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write after a Write that failed: %v", err)
		}
		// A slow reader gets what was sent for it.
		done := make(chan error, 1)
		go func() {
			_, err := s.Write(make([]byte, 100))
			done <- err
		}()
		time.Sleep(time.Hour)
		if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		start = time.Now()
		s.Close() // nobody reads its close_notify
		if waited := time.Since(start); waited > closeTimeout {
			t.Errorf("Close waits %v", waited)
		}
		c.Close()
	})
}

// Data of one byte a Write, over a connection without a buffer.
func TestByteByByte(t *testing.T) {
	client, server := configs("p256")
	a, b := net.Pipe()
	c, s := Client(a, mustConfig(t, client)), Server(b, mustConfig(t, server))
	go func() {
		for i := range 300 {
			if _, err := s.Write([]byte{byte(i)}); err != nil {
				break // the reader has less
			}
		}
		s.Close()
	}()
	got, err := io.ReadAll(c)
	if err != nil || len(got) != 300 || got[299] != 299%256 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Messages that are longer than they may be are refused by their headers.
func TestMessageSize(t *testing.T) {
	for _, c := range []struct {
		typ byte
		n   int
		ok  bool
	}{
		{typeClientHello, maxMessage, true},
		{typeClientHello, maxMessage + 1, false},
		{typeCertificate, maxCertificates, true},
		{typeCertificate, maxCertificates + 1, false},
	} {
		header := []byte{c.typ, byte(c.n >> 16), byte(c.n >> 8), byte(c.n)}
		size, err := messageSize(header)
		if (err == nil) != c.ok || c.ok && size != headerSize+c.n {
			t.Errorf("%s of %d: %d, %v", messageName(c.typ), c.n, size, err)
		}
		if !c.ok && alertFor(err) != alertDecodeError {
			t.Errorf("alert %v", alertFor(err))
		}
		for i := range headerSize {
			if size, err := messageSize(header[:i]); size != 0 || err != nil {
				t.Errorf("%d bytes of a header: %d, %v", i, size, err)
			}
		}
	}
}

// A server with an RSA key of the OID RSASSA-PSS, which crypto/x509 does not
// parse: openssl's, and this package's with the same key.
func TestPSSKey(t *testing.T) {
	openssl := findCommand(t, "openssl")
	dir := t.TempDir()
	for _, args := range [][]string{
		{"genpkey", "-algorithm", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem"},
		{"req", "-x509", "-key", "key.pem", "-subj", "/CN=pss", "-addext", "subjectAltName=DNS:server.test", "-days", "2", "-out", "cert.pem"},
	} {
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v: %s", args[0], err, out)
		}
	}
	pool := x509.NewCertPool()
	text, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	addr := opensslServer(t, openssl, dir, []string{"-cert", "cert.pem", "-key", "key.pem", "-rev"})
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := Client(raw, &Config{RootCAs: pool, ServerName: "server.test"})
	defer c.Close()
	if _, err := io.WriteString(c, "abc\n"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "cba\n" {
		t.Errorf("%q, %v", got, err)
	}
	if leaf := c.ConnectionState().PeerCertificates[0]; !isPSSKey(leaf) || pssKey(leaf) == nil {
		t.Error("the certificate has no such key")
	}

	// The key itself is an RSAPrivateKey in PKCS #8, under the other OID.
	text, err = os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	i := bytes.Index(block.Bytes, oidPSSDER)
	if i < 0 {
		t.Fatal("no OID in the key")
	}
	der := bytes.Clone(block.Bytes)
	der[i+len(oidPSSDER)-1] = 1 // rsaEncryption
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Skipf("openssl writes parameters with the key: %v", err)
	}
	certPEM, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	certBlock, _ := pem.Decode(certPEM)
	sc := &Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certBlock.Bytes}, PrivateKey: key}}}
	a, b := newPipe()
	mustShake(t, Client(a, &Config{RootCAs: pool, ServerName: "server.test"}), Server(b, sc))
}
