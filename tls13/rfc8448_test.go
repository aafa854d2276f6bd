package tls13

import (
	"bytes"
	"crypto/tls"
	_ "embed"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/tls13/record"
	"github.com/sealane/sealane/x25519"
)

//go:embed testdata/rfc8448.txt
var rfc8448 string

// A traceStep is one step of a trace: who takes it, what it is, and a value.
type traceStep struct {
	who, what, name string
	value           []byte
}

// traces returns the steps of each section.
func traces(t *testing.T) map[string][]traceStep {
	all := map[string][]traceStep{}
	section := ""
	for block := range strings.SplitSeq(rfc8448, "\n\n") {
		block = strings.TrimSpace(block)
		switch {
		case strings.HasPrefix(block, "#") || block == "":
			continue
		case strings.HasPrefix(block, "== "):
			section = block[3:]
			continue
		}
		head, rest, _ := strings.Cut(block, "\n")
		who, what, _ := strings.Cut(head, ": ")
		for line := range strings.Lines(rest) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
			b, err := hex.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			all[section] = append(all[section], traceStep{who, what, name, b})
		}
	}
	return all
}

// Every message of RFC 8448 parses and marshals back to the same bytes.
func TestRFC8448Messages(t *testing.T) {
	n := 0
	for section, steps := range traces(t) {
		for _, s := range steps {
			if !strings.HasPrefix(s.what, "construct a") {
				continue
			}
			n++
			if len(s.value) < headerSize {
				t.Fatalf("%s: %s of %d bytes", section, s.what, len(s.value))
			}
			msg := s.value
			if s.name == "ClientHello" && int(msg[3])|int(msg[2])<<8 > len(msg)-headerSize {
				// A ClientHello to which the binders are still to come.
				msg = clone(msg)
				missing := (int(msg[3]) | int(msg[2])<<8) - (len(msg) - headerSize)
				msg = append(msg, byte((missing-2)>>8), byte(missing-2), byte(missing-3))
				msg = append(msg, make([]byte, missing-3)...)
			}
			got, err := remarshal(msg)
			if err != nil {
				t.Errorf("%s: %s: %v", section, s.name, err)
			} else if !bytes.Equal(got, msg) {
				t.Errorf("%s: %s:\n%x, want\n%x", section, s.name, got, msg)
			}
		}
	}
	if n != 40 {
		t.Errorf("%d messages, want 40", n)
	}
}

// remarshal parses a message and marshals it again.
func remarshal(msg []byte) ([]byte, error) {
	var b builder
	var m interface {
		unmarshal([]byte) error
		marshal(*builder)
	}
	switch msg[0] {
	case typeClientHello:
		m = new(clientHello)
	case typeServerHello:
		m = new(serverHello)
	case typeEncryptedExtensions:
		m = new(encryptedExtensions)
	case typeCertificateRequest:
		m = new(certificateRequest)
	case typeCertificate:
		m = new(certificate)
	case typeCertificateVerify:
		m = new(certificateVerify)
	case typeNewSessionTicket:
		m = new(newSessionTicket)
	case typeKeyUpdate:
		m = new(keyUpdate)
	default: // Finished and EndOfEarlyData have no structure
		return msg, nil
	}
	if err := m.unmarshal(msg); err != nil {
		return nil, err
	}
	m.marshal(&b)
	return b.result()
}

// The labels of the key log, by those of RFC 8448.
var secretNames = map[string]string{
	"c hs traffic": "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
	"s hs traffic": "SERVER_HANDSHAKE_TRAFFIC_SECRET",
	"c ap traffic": "CLIENT_TRAFFIC_SECRET_0",
	"s ap traffic": "SERVER_TRAFFIC_SECRET_0",
	"exp master":   "EXPORTER_SECRET",
}

// The client, given the ClientHello and the private keys of a trace, and fed with
// the records of its server, has the trace's secrets and sends its Finished. With
// the 0-RTT data of Section 4 this package has nothing to do.
func TestRFC8448Client(t *testing.T) {
	sections := 0
	for section, steps := range traces(t) {
		if strings.Contains(section, "0-RTT") {
			continue
		}
		sections++
		t.Run(section, func(t *testing.T) { replay(t, section, steps) })
	}
	if sections != 4 {
		t.Errorf("%d sections, want 4", sections)
	}
}

func replay(t *testing.T, section string, steps []traceStep) {
	auth := strings.Contains(section, "Client Authentication")
	log := new(keyLogMap)
	c := &client{}
	c.config = &Config{InsecureSkipVerify: true, ServerName: "server", KeyLogWriter: log}
	if auth {
		cert := testPKI().clients["p256"]
		c.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	}
	c.secrets = new(secrets)
	c.sealer, c.opener = record.NewSealer(), record.NewOpener()
	c.takeBuffers()
	defer c.giveBuffers()
	c.sni = "server"
	c.ccsOK = true
	c.next = (*client).waitServerHello

	quoted := regexp.MustCompile(`"tls13 (.*)"`)
	var sent, retry []byte
	checked := 0
	for _, s := range steps {
		switch {
		case s.who == "client" && s.name == "private key":
			var k ephemeral
			var err error
			if strings.Contains(s.what, "P-256") {
				k.group = tls.CurveP256
				k.p256, err = p256.NewPrivateKey(s.value)
			} else {
				k.group = tls.X25519
				k.x25519, err = x25519.NewPrivateKey(s.value)
			}
			if err != nil {
				t.Fatal(err)
			}
			c.keys = []ephemeral{k}
		case s.who == "client" && s.name == "ClientHello":
			if retry != nil { // this client would have made another one
				c.suite = &suites[0]
				c.retry, c.retried = c.suite, true
				c.startTranscript(c.hello, true)
				c.transcript.Write(retry)
				retry = nil
			}
			c.hello = s.value
			var m clientHello
			if err := m.unmarshal(s.value); err != nil {
				t.Fatal(err)
			}
			copy(c.random[:], m.random)
			c.sessionID = m.sessionID
		case s.who == "server" && s.name == "ServerHello" && string(s.value[6:38]) == retryRandom:
			retry = s.value
		case s.who == "server" && strings.HasPrefix(s.what, "send"):
			if retry != nil || c.done && strings.Contains(s.what, "change_cipher_spec") {
				continue
			}
			var recs [1]record.Record
			if _, used, err := c.opener.Open(recs[:], clone(s.value)); err != nil || used != len(s.value) {
				t.Fatalf("%s: %v", s.what, err)
			}
			if !c.done {
				if err := take(c, recs[0]); err != nil {
					t.Fatal(err)
				}
			}
		case s.who == "client" && strings.HasPrefix(s.what, "send"):
			if c.done && !strings.Contains(s.what, "application_data") && !strings.Contains(s.what, "alert") || retry == nil && strings.Contains(s.what, "change_cipher_spec") {
				sent = append(sent, s.value...)
			}
		case strings.HasPrefix(s.what, "derive secret"):
			name := quoted.FindStringSubmatch(s.what)[1]
			if name == "res master" {
				continue // see package keyschedule
			}
			// A client logs them a little later than the text names them.
			defer func() {
				if got := log.secret(secretNames[name]); !bytes.Equal(got, s.value) {
					t.Errorf("%s is %x, want %x", name, got, s.value)
				}
			}()
			checked++
		}
	}
	if !c.done {
		t.Fatal("the handshake is not complete")
	}
	if checked != 5 {
		t.Errorf("%d secrets, want 5", checked)
	}
	if !auth && !bytes.Equal(c.out, sent) {
		t.Errorf("sent\n%x, want\n%x", c.out, sent)
	}
}
