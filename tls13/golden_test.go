package tls13

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/hex"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/tls13/record"
)

var update = flag.Bool("update", false, "write testdata/golden.txt and its certificate anew")

//go:embed testdata/golden.txt
var golden string

// goldenTime is when the golden connections take place.
var goldenTime = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// What both sides send in handshakes with fixed randomness is pinned: nothing of
// it changes without somebody's noticing.
func TestGolden(t *testing.T) {
	if *update {
		writeGoldenCertificate(t)
	}
	cert, err := tls.LoadX509KeyPair("testdata/golden.pem", "testdata/golden.pem")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("# What client and server send with fixed randomness, records in hexadecimal.\n# Written by go test -run Golden -update.\n")
	for _, c := range []struct {
		name   string
		suite  uint16
		client func(*Config)
		server func(*Config)
	}{
		{"TLS_AES_128_GCM_SHA256, X25519, then resumed", tls.TLS_AES_128_GCM_SHA256, func(c *Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }, nil},
		{"TLS_AES_256_GCM_SHA384, P-256, ALPN", tls.TLS_AES_256_GCM_SHA384, func(c *Config) {
			c.CurvePreferences = []tls.CurveID{tls.CurveP256}
			c.NextProtos = []string{"h2", "http/1.1"}
		}, func(c *Config) { c.NextProtos = []string{"http/1.1"} }},
		{"TLS_CHACHA20_POLY1305_SHA256, HelloRetryRequest, client certificate", tls.TLS_CHACHA20_POLY1305_SHA256, func(c *Config) {
			c.CurvePreferences = []tls.CurveID{tls.CurveP256, tls.X25519}
			c.Certificates = []tls.Certificate{cert}
		}, func(c *Config) {
			c.CurvePreferences = []tls.CurveID{tls.X25519}
			c.ClientAuth = tls.RequireAnyClientCert
		}},
	} {
		cc := &Config{ServerName: "golden.test", InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		sc := &Config{Certificates: []tls.Certificate{cert}}
		for i, x := range []*Config{cc, sc} {
			x.Rand = rand.NewChaCha8([32]byte{byte(i)})
			x.Time = func() time.Time { return goldenTime }
			x.CipherSuites = []uint16{c.suite}
		}
		c.client(cc)
		if c.server != nil {
			c.server(sc)
		}
		rounds := 1
		if strings.Contains(c.name, "resumed") {
			rounds = 2
		}
		for range rounds {
			fmt.Fprintf(&out, "\n== %s\n", c.name)
			flights(t, &out, cc, sc)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/golden.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, want := strings.Split(out.String(), "\n"), strings.Split(golden, "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d differs from testdata/golden.txt", i+1)
		}
	}
}

// flights runs a handshake and writes what each side sends, in turn. The client
// keeps the ticket.
func flights(t *testing.T, out *strings.Builder, cc, sc *Config) {
	t.Helper()
	c, s := newMachines()
	ready(&c.common, cc)
	ready(&s.common, sc)
	if err := c.start("golden"); err != nil {
		t.Fatal(err)
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	for !c.done || !s.done {
		for _, x := range []struct {
			name string
			from *common
			to   machine
		}{{"client", &c.common, s}, {"server", &s.common, c}} {
			if len(x.from.out) > 0 {
				fmt.Fprintf(out, "%s: %s\n", x.name, hex.EncodeToString(x.from.out))
			}
			if x.to.core().done {
				break // what is left is the ticket
			}
			if err := deliver(x.from, x.to); err != nil {
				t.Fatal(err)
			}
		}
	}
	var recs [1]record.Record
	if _, _, err := c.opener.Open(recs[:], s.out); err != nil {
		t.Fatal(err)
	}
	state := c.state()
	if err := c.tickets(nil).receive(cc, c.secrets, &state, recs[0].Content); err != nil {
		t.Fatal(err)
	}
}

// writeGoldenCertificate writes a new self-signed certificate.
func writeGoldenCertificate(t *testing.T) {
	key, err := p256.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "golden"}, DNSNames: []string{"golden.test"},
		NotBefore: goldenTime.AddDate(-1, 0, 0), NotAfter: goldenTime.AddDate(100, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key.ToECDSA())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	if err := os.WriteFile("testdata/golden.pem", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
