package tls13

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealane/sealane/tls13/keyschedule"
	"github.com/sealane/sealane/tls13/record"
)

// A keyLogMap keeps the secrets that both ends of one connection log.
type keyLogMap struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (k *keyLogMap) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for line := range strings.Lines(string(p)) {
		f := strings.Fields(line)
		secret, err := hex.DecodeString(f[2])
		if err != nil {
			panic(err)
		}
		if k.m == nil {
			k.m = map[string][]byte{}
		}
		k.m[f[0]] = secret
	}
	return len(p), nil
}

func (k *keyLogMap) secret(label string) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.m[label]
}

// An edit changes a handshake message on its way; n counts the messages of its
// direction. It returns what is sent instead.
type edit func(fromServer bool, n int, msg []byte) []byte

// A man in the middle has the secrets of both ends and edits the handshake
// messages between them.
type middle struct {
	client, server net.Conn // to the client and to the server
	log            *keyLogMap
	suite          *cipherSuite
	edit           edit

	mu     sync.Mutex
	alerts map[bool][]byte // descriptions of alerts, by whether the server sent them
}

// run forwards until either side closes; both are closed then.
func (m *middle) run() {
	var group sync.WaitGroup
	for _, fromServer := range []bool{false, true} {
		group.Go(func() {
			m.pump(fromServer)
			m.client.Close()
			m.server.Close()
		})
	}
	group.Wait()
}

// pump forwards one direction.
func (m *middle) pump(fromServer bool) {
	in, out := m.client, m.server
	labels := []string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"}
	if fromServer {
		in, out = out, in
		labels = []string{"SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"}
	}
	opener, sealer := record.NewOpener(), record.NewSealer()
	stage, n := 0, 0
	next := func() bool {
		secret := m.log.secret(labels[stage])
		if secret == nil {
			return false
		}
		stage++
		var ts keyschedule.TrafficSecret
		if err := ts.Init(m.suite.hash, secret); err != nil {
			panic(err)
		}
		var k keyIV
		if k.set(opener, m.suite, &ts) != nil || k.set(sealer, m.suite, &ts) != nil {
			panic("keys")
		}
		return true
	}
	var part []byte
	header := make([]byte, record.HeaderSize)
	for {
		if _, err := io.ReadFull(in, header); err != nil {
			return
		}
		outer, size, _ := record.Peek(header)
		raw := append([]byte(nil), header...)
		raw = append(raw, make([]byte, size-len(header))...)
		if _, err := io.ReadFull(in, raw[len(header):]); err != nil {
			return
		}
		if outer == record.ApplicationData && stage == 0 && !next() {
			return
		}
		var recs [1]record.Record
		if _, _, err := opener.Open(recs[:], raw); err != nil {
			return // the sender has other keys: an edit did that
		}
		typ, content := recs[0].Type, recs[0].Content
		last := false
		switch typ {
		case record.AlertMessage:
			m.mu.Lock()
			if m.alerts == nil {
				m.alerts = map[bool][]byte{}
			}
			m.alerts[fromServer] = append(m.alerts[fromServer], content[1])
			m.mu.Unlock()
		case record.Handshake:
			part = append(part, content...)
			content = nil
			for len(part) >= headerSize {
				size := headerSize + (int(part[1])<<16 | int(part[2])<<8 | int(part[3]))
				if len(part) < size {
					break
				}
				msg := part[:size:size]
				last = last || msg[0] == typeFinished
				content = append(content, m.edit(fromServer, n, msg)...)
				part = part[size:]
				n++
			}
		}
		if len(content) > 0 || typ == record.ApplicationData {
			out2, err := sealer.Seal(nil, typ, content)
			if err != nil {
				return
			}
			if _, err := out.Write(out2); err != nil {
				return
			}
		}
		if last && !next() {
			return
		}
	}
}

// A result is how a connection through a man in the middle went.
type result struct {
	clientErr, serverErr error
	alerts               map[bool][]byte
}

// through runs a handshake, and a byte of data each way, through a man in the
// middle.
func through(cc, sc *Config, suite *cipherSuite, e edit) result {
	log := new(keyLogMap)
	cc.KeyLogWriter, sc.KeyLogWriter = log, log
	cc.CipherSuites, sc.CipherSuites = aesFirst, aesFirst // also without instructions for AES
	a, b := newPipe()
	x, y := newPipe()
	m := &middle{client: b, server: x, log: log, suite: suite, edit: e}
	var group sync.WaitGroup
	group.Go(m.run)
	client, server := Client(a, cc), Server(y, sc)
	deadline := time.Now().Add(10 * time.Second)
	client.SetDeadline(deadline)
	server.SetDeadline(deadline)
	var r result
	group.Go(func() {
		r.serverErr = ping(server, false)
		server.Close()
	})
	r.clientErr = ping(client, true)
	client.Close()
	group.Wait()
	r.alerts = m.alerts
	return r
}

// ping runs the handshake and exchanges a byte; the client begins.
func ping(c *Conn, first bool) error {
	if err := c.HandshakeContext(context.Background()); err != nil {
		return err
	}
	b := []byte{42}
	if first {
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if b[0] != 42 {
		return errors.New("other data arrived")
	}
	if !first {
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func TestMiddle(t *testing.T) {
	client, server := configs("p256")
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	var names []string
	var mu sync.Mutex
	r := through(cc, sc, &suites[0], func(_ bool, _ int, msg []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		names = append(names, messageName(msg[0]))
		return bytes.Clone(msg)
	})
	if r.clientErr != nil || r.serverErr != nil {
		t.Errorf("client %v, server %v", r.clientErr, r.serverErr)
	}
	if got, want := strings.Join(names, " "), "ClientHello ServerHello EncryptedExtensions Certificate CertificateVerify Finished Finished NewSessionTicket"; got != want {
		t.Errorf("messages %s, want %s", got, want)
	}
}
