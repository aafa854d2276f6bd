package tls13

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/sealane/sealane/tls13/record"
)

// seeds adds the messages of RFC 8448, the committed corpus besides what is in
// testdata/fuzz.
func seeds(f *testing.F, add func(msg []byte)) {
	for block := range strings.SplitSeq(rfc8448, "\n\n") {
		if _, value, ok := strings.Cut(block, " = "); ok && strings.Contains(block, "construct a") {
			msg, err := hex.DecodeString(strings.TrimSpace(value))
			if err != nil {
				f.Fatal(err)
			}
			add(msg)
		}
	}
}

// FuzzMessages: a message that parses gives the same bytes again, and no reader
// of an extension panics.
func FuzzMessages(f *testing.F) {
	seeds(f, func(msg []byte) { f.Add(msg) })
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) < headerSize {
			return
		}
		msg = bytes.Clone(msg)
		setLength(msg)
		again, err := remarshal(msg)
		if err != nil {
			var l *localError
			if !errors.As(err, &l) || l.alert != alertDecodeError && l.alert != alertIllegalParameter {
				t.Fatalf("error %v", err)
			}
			return
		}
		short := msg[0] == typeClientHello || msg[0] == typeServerHello // of TLS 1.2, without extensions
		if !bytes.Equal(again, msg) && !(short && bytes.Equal(again[headerSize:], append(msg[headerSize:], 0, 0))) {
			t.Fatalf("%x\nbecomes\n%x", msg, again)
		}
		readExtensions(t, msg)
	})
}

// readExtensions calls all readers of extensions of the message.
func readExtensions(t *testing.T, msg []byte) {
	check := func(err error) {
		var l *localError
		if err != nil && (!errors.As(err, &l) || l.alert == alertInternalError) {
			t.Fatalf("error %v", err)
		}
	}
	switch msg[0] {
	case typeClientHello:
		var m clientHello
		check(m.unmarshal(msg))
		s := &server{}
		s.config = new(Config)
		s.sealer = record.NewSealer()
		s.hello = m
		check(s.checkVersion(&m))
		check(s.readHello(&m))
		_, _, err := m.keyShares(nil, func(tls.CurveID) bool { return true })
		check(err)
		psks, err := m.psks()
		check(err)
		if psks != nil && (psks.size > len(msg) || len(psks.binders) != len(psks.identities)) {
			t.Fatalf("%+v", psks)
		}
		s.helloInfo()
		unchanging(m.extensions)
	case typeServerHello:
		var m serverHello
		check(m.unmarshal(msg))
		for _, read := range []func() error{
			func() error { _, err := m.selectedVersion(); return err },
			func() error { _, err := m.keyShare(); return err },
			func() error { _, err := m.selectedGroup(); return err },
			func() error { _, _, err := m.selectedPSK(); return err },
			func() error { _, err := m.extensions.cookie(typeServerHello); return err },
		} {
			check(read())
		}
	case typeCertificate:
		var m certificate
		check(m.unmarshal(msg))
		for i := range m.entries {
			_, err := m.entries[i].ocspResponse()
			check(err)
			_, err = m.entries[i].scts()
			check(err)
		}
		_, err := parseChain(m.entries)
		check(err)
	case typeEncryptedExtensions, typeCertificateRequest:
		var x extensions
		s := body(msg)
		if msg[0] == typeCertificateRequest {
			var m certificateRequest
			check(m.unmarshal(msg))
			x = m.extensions
		} else {
			check(x.unmarshal(&s, msg[0], inEncryptedExtensions))
		}
		_, err := x.alpn(msg[0])
		check(err)
		_, err = x.authorities(msg[0])
		check(err)
		_, err = x.sizeLimit(msg[0])
		check(err)
		_, err = x.numbers(extSignatureAlgorithms, msg[0])
		check(err)
	}
}

// FuzzStates: a client or a server in any of its states takes any message
// without a panic, and is not done with a message that was not the right one.
func FuzzStates(f *testing.F) {
	for stage := range byte(8) {
		seeds(f, func(msg []byte) {
			f.Add(false, stage, msg)
			f.Add(true, stage, msg)
		})
	}
	testPKI()
	f.Fuzz(func(t *testing.T, isServer bool, stage byte, msg []byte) {
		if len(msg) < headerSize || len(msg) > maxMessage {
			return
		}
		msg = bytes.Clone(msg)
		setLength(msg)
		m := atStage(t, isServer, int(stage%8))
		defer m.overwrite()
		err := m.message(msg[0], msg)
		h := m.core()
		if h.done {
			t.Fatalf("a made-up message of type %d ends the handshake", msg[0])
		}
		if err != nil {
			var l *localError
			if !errors.As(err, &l) {
				t.Fatalf("error %v", err)
			}
			if l.alert == alertInternalError {
				t.Fatalf("internal error %v", err)
			}
		}
	})
}

// atStage returns a machine that has taken as many of its peer's messages, or as
// many as there are but the last.
func atStage(t *testing.T, isServer bool, stage int) machine {
	client, server := configs("p256")
	client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	server.CurvePreferences = []tls.CurveID{tls.CurveP256}
	authenticated(client, server)
	c, s := newMachines()
	ready(&c.common, mustConfig(t, client))
	ready(&s.common, mustConfig(t, server))
	c.config.InsecureSkipVerify = true // of the time that is spent on chains
	if err := c.start("pipe"); err != nil {
		t.Fatal(err)
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	var m machine = c
	last := 7 // HelloRetryRequest, ServerHello, EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify, Finished
	if isServer {
		m, last = s, 5 // ClientHello twice, Certificate, CertificateVerify, Finished
	}
	stop := &stopper{machine: m, left: min(stage, last-1)}
	var a, b machine = c, s
	if isServer {
		b = stop
	} else {
		a = stop
	}
	if err := carry(a, b); err != errStopped && err != nil {
		t.Fatal(err)
	}
	return m
}

func newMachines() (*client, *server) { return new(client), new(server) }

// A stopper passes on some messages and no more.
type stopper struct {
	machine
	left int
}

var errStopped = errors.New("stopped")

func (s *stopper) message(typ uint8, msg []byte) error {
	if s.left == 0 {
		return errStopped
	}
	s.left--
	return s.machine.message(typ, msg)
}
