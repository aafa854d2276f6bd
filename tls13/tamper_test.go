package tls13

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A seen is a message that was seen, by its place.
type seen struct {
	fromServer bool
	n          int
	msg        []byte
}

// A scenario is a kind of handshake.
type scenario struct {
	name string
	// configs returns fresh configurations for one connection.
	configs func(t testing.TB) (client, server *Config)
}

var scenarios = []scenario{
	{"full", func(t testing.TB) (*Config, *Config) {
		client, server := configs("p256")
		client.NextProtos, server.NextProtos = []string{"a", "b"}, []string{"b"}
		client.CurvePreferences = []tls.CurveID{tls.X25519}
		return mustConfig(t, client), mustConfig(t, server)
	}},
	{"retry and client certificate", func(t testing.TB) (*Config, *Config) {
		client, server := configs("p256")
		client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
		server.CurvePreferences = []tls.CurveID{tls.CurveP256}
		client.Certificates = append(client.Certificates, testPKI().clients["p256"])
		server.ClientAuth = tls.RequireAndVerifyClientCert
		return mustConfig(t, client), mustConfig(t, server)
	}},
	{"resumed", func(t testing.TB) (*Config, *Config) {
		client, server := configs("p256")
		client.CurvePreferences = []tls.CurveID{tls.X25519}
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		cc, sc := mustConfig(t, client), mustConfig(t, server)
		now := time.Now()
		cc.Time = func() time.Time { return now }
		sc.Time = cc.Time
		a, b := newPipe()
		c, s := Client(a, cc), Server(b, sc)
		mustShake(t, c, s)
		return cc, sc
	}},
}

// TestTamper flips each byte of each handshake message, cuts the message off
// there, with and without a corrected length, and inserts a byte. Never do both
// ends accept the connection; never is an internal error blamed, and nobody hangs
// or leaves a goroutine behind (synctest sees to that).
func TestTamper(t *testing.T) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			messages := observe(t, sc)
			runs := 0
			for _, m := range messages {
				if m.msg[0] == typeNewSessionTicket {
					continue // see TestTamperTicket
				}
				step := 1
				if len(m.msg) > 200 {
					step = 3 // of a certificate, most is one signature
				}
				if testing.Short() {
					step *= 17
				}
				for i := 0; i < len(m.msg); i += step {
					for _, how := range []string{"flip", "cut", "shorten", "insert"} {
						if i < headerSize && (how == "shorten" || how == "insert") {
							continue
						}
						runs++
						tamper(t, sc, m, how, i)
						if t.Failed() {
							return
						}
					}
				}
			}
			t.Logf("%d messages, %d connections", len(messages), runs)
		})
	}
}

// inBubble runs a connection with a clock of its own: when both ends wait for
// ever, their deadlines are reached at once.
func inBubble(t *testing.T, sc scenario, e edit) (r result) {
	cc, ss := sc.configs(t)
	now := time.Now()
	cc.Time = func() time.Time { return now }
	ss.Time = cc.Time
	synctest.Test(t, func(*testing.T) { r = through(cc, ss, &suites[0], e) })
	return r
}

// observe returns the messages of a connection that nobody disturbs.
func observe(t *testing.T, sc scenario) []seen {
	var messages []seen
	var mu sync.Mutex
	r := inBubble(t, sc, func(fromServer bool, n int, msg []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		messages = append(messages, seen{fromServer, n, bytes.Clone(msg)})
		return msg
	})
	if r.clientErr != nil || r.serverErr != nil {
		t.Fatalf("undisturbed: client %v, server %v", r.clientErr, r.serverErr)
	}
	return messages
}

// change makes what tampering makes of a message.
func change(msg []byte, how string, i int) []byte {
	msg = bytes.Clone(msg)
	i = min(i, len(msg)-1)
	switch how {
	case "flip":
		msg[i] ^= byte(1 << (i % 8))
	case "cut":
		return msg[:i]
	case "shorten":
		msg = msg[:i]
		setLength(msg)
	case "insert":
		msg = slices.Insert(msg, i, byte(i))
		setLength(msg)
	}
	return msg
}

func setLength(msg []byte) {
	n := len(msg) - headerSize
	msg[1], msg[2], msg[3] = byte(n>>16), byte(n>>8), byte(n)
}

func tamper(t *testing.T, sc scenario, m seen, how string, i int) {
	name := fmt.Sprintf("%s, %s byte %d of %s from server %v", sc.name, how, i, messageName(m.msg[0]), m.fromServer)
	r := inBubble(t, sc, func(fromServer bool, n int, msg []byte) []byte {
		if fromServer == m.fromServer && n == m.n {
			return change(msg, how, i)
		}
		return msg
	})
	if r.clientErr == nil && r.serverErr == nil {
		t.Errorf("%s: accepted", name)
		return
	}
	if m.fromServer && r.clientErr == nil {
		t.Errorf("%s: the client accepts", name)
	}
	if !m.fromServer && r.serverErr == nil {
		t.Errorf("%s: the server accepts", name)
	}
	for _, alerts := range r.alerts {
		for _, a := range alerts {
			if tls.AlertError(a) == alertInternalError {
				t.Errorf("%s: internal_error: client %v, server %v", name, r.clientErr, r.serverErr)
			}
		}
	}
	// A message that is too short or too long for its own fields is a
	// decode_error, or breaks a rule that is looked at earlier.
	err := r.serverErr
	if m.fromServer {
		err = r.clientErr
	}
	var local *localError
	if how == "shorten" && errors.As(err, &local) {
		switch local.alert {
		case alertDecodeError, alertIllegalParameter, alertMissingExtension, alertProtocolVersion, alertDecryptError, alertBadCertificate, alertUnexpectedMessage, alertUnsupportedExtension:
		default:
			t.Errorf("%s: alert %v: %v", name, local.alert, err)
		}
	}
}

// A ticket that was changed on its way does no harm: the next handshake is a full
// one or fails.
func TestTamperTicket(t *testing.T) {
	for i := 0; i < 200; i += 3 {
		client, server := configs("p256")
		client.CurvePreferences = []tls.CurveID{tls.X25519}
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		cc, ss := mustConfig(t, client), mustConfig(t, server)
		now := time.Now()
		cc.Time = func() time.Time { return now }
		ss.Time = cc.Time
		for round := range 2 {
			var r result
			synctest.Test(t, func(*testing.T) {
				r = through(cc, ss, &suites[0], func(_ bool, _ int, msg []byte) []byte {
					if msg[0] == typeNewSessionTicket && round == 0 && i < len(msg) {
						return change(msg, "flip", i)
					}
					return msg
				})
			})
			if round == 1 && (r.clientErr == nil) != (r.serverErr == nil) {
				t.Errorf("byte %d: client %v, server %v", i, r.clientErr, r.serverErr)
			}
		}
	}
}
