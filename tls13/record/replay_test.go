package record

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sealane/sealane/tls13/keyschedule"
)

// A conversation is what went over the wire between a client and a server of
// another implementation, and the secrets from its key log.
type conversation struct {
	suite   *Suite
	hash    keyschedule.Hash
	client  []byte // what the client sent
	server  []byte // what the server sent
	secrets map[string][]byte
}

// parseKeyLog reads the SSLKEYLOGFILE format (RFC 9850).
func parseKeyLog(t *testing.T, log string) map[string][]byte {
	secrets := map[string][]byte{}
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); len(f) == 3 && f[0] != "#" {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatalf("key log: %v", err)
			}
			secrets[f[0]] = secret
		}
	}
	return secrets
}

// What one side said.
type heard struct {
	messages []byte // types of the handshake messages
	data     []byte // application data
	alerts   []byte // descriptions
	updates  int    // KeyUpdates among the messages
	padding  int    // zeros
	records  int
	plain    int // records without protection
	fullest  int // most content in one record
}

// The ways to open a stream of records.
const (
	oneByOne = iota // Open with room for one record; each is sealed again
	batches         // Open with room for several
	straight        // OpenTo
	ways
)

// replay opens what "CLIENT" or "SERVER" sent, all of it, and seals it again:
// the bytes must be those of the wire.
func (c *conversation) replay(t *testing.T, who string, way int) heard {
	t.Helper()
	wire := c.client
	if who == "SERVER" {
		wire = c.server
	}
	var h heard
	var traffic keyschedule.TrafficSecret
	o, s := NewOpener(), NewSealer()
	setKey := func() {
		t.Helper()
		key, iv := make([]byte, c.suite.KeySize()), traffic.IV()
		traffic.Key(key)
		if err := o.SetKey(c.suite, key, iv[:]); err != nil {
			t.Fatal(err)
		}
		if err := s.SetKey(c.suite, key, iv[:]); err != nil {
			t.Fatal(err)
		}
	}
	useSecret := func(label string) {
		t.Helper()
		if err := traffic.Init(c.hash, c.secrets[who+label]); err != nil {
			t.Fatalf("%s%s: %v", who, label, err)
		}
		setKey()
	}

	keyed := false
	var message []byte // of the handshake, as far as it is there
	take := func(rec Record) {
		t.Helper()
		switch rec.Type {
		case ApplicationData:
			h.data = append(h.data, rec.Content...)
			return
		case AlertMessage:
			h.alerts = append(h.alerts, rec.Content[1])
			return
		case ChangeCipherSpec:
			return
		}
		for message = append(message, rec.Content...); len(message) >= 4; {
			size := 4 + int(message[1])<<16 + int(message[2])<<8 + int(message[3])
			if size > len(message) {
				return
			}
			typ := message[0]
			message = message[size:]
			h.messages = append(h.messages, typ)
			switch typ {
			case 5: // EndOfEarlyData
				useSecret("_HANDSHAKE_TRAFFIC_SECRET")
			case 20: // Finished
				useSecret("_TRAFFIC_SECRET_0")
			case 24: // KeyUpdate
				h.updates++
				traffic.Next()
				setKey()
			default:
				continue
			}
			if len(message) != 0 {
				t.Fatalf("a handshake message goes on behind one of type %d", typ)
			}
		}
	}

	in := bytes.Clone(wire)
	recs := make([]Record, 8)
	dst := make([]byte, 3*MaxPlaintext)
	r := newRand(uint64(len(wire)))
	for off := 0; off < len(wire); {
		outer, size, ok := Peek(in[off:])
		if !ok || off+size > len(wire) {
			t.Fatalf("%d bytes are no record", len(wire)-off)
		}
		if outer == ApplicationData && !keyed {
			keyed = true
			if who == "CLIENT" && c.secrets["CLIENT_EARLY_TRAFFIC_SECRET"] != nil {
				useSecret("_EARLY_TRAFFIC_SECRET")
			} else {
				useSecret("_HANDSHAKE_TRAFFIC_SECRET")
			}
		}
		var used int
		var err error
		switch way {
		case oneByOne:
			var n int
			if n, used, err = o.Open(recs[:1], in[off:]); n == 1 {
				rec := recs[0]
				h.records++
				h.fullest = max(h.fullest, len(rec.Content))
				if outer == ApplicationData {
					pad := size - HeaderSize - len(rec.Content) - 1 - 16
					h.padding += pad
					s.SetPadding(func(ContentType, int) int { return pad })
				} else {
					h.plain++
					s.SetVersion(uint16(wire[off+1])<<8 | uint16(wire[off+2]))
				}
				if again := seal(t, s, rec.Type, rec.Content); !bytes.Equal(again, wire[off:off+size]) {
					t.Fatalf("record %d (%v, %d bytes), sealed again, is not what was on the wire", h.records, rec.Type, len(rec.Content))
				}
				take(rec)
			}
		case batches:
			var n int
			n, used, err = o.Open(recs, in[off:])
			for _, rec := range recs[:n] {
				take(rec)
			}
		case straight:
			var n int
			var last Record
			n, used, last, err = o.OpenTo(dst[:r.IntN(len(dst))], in[off:])
			take(Record{ApplicationData, dst[:n]})
			if last.Type != 0 {
				take(last)
			}
		}
		if err != nil {
			t.Fatalf("%s: byte %d of %d: %v", who, off, len(wire), err)
		}
		off += used
	}
	if len(message) != 0 {
		t.Fatal("the last handshake message is incomplete")
	}
	return h
}

// listen replays both sides in every way, which must agree.
func (c *conversation) listen(t *testing.T) (client, server heard) {
	t.Helper()
	for way := range ways {
		for _, side := range []struct {
			who string
			h   *heard
		}{{"CLIENT", &client}, {"SERVER", &server}} {
			got := c.replay(t, side.who, way)
			if way == oneByOne {
				*side.h = got
			} else if !slices.Equal(got.messages, side.h.messages) || !bytes.Equal(got.data, side.h.data) || !bytes.Equal(got.alerts, side.h.alerts) {
				t.Fatalf("%s: way %d hears other things", side.who, way)
			}
		}
	}
	return client, server
}

// check compares what one side said with what it was to say.
func (h heard) check(t *testing.T, who string, messages []byte, data []byte, alerts ...byte) {
	t.Helper()
	if !slices.Equal(h.messages, messages) {
		t.Errorf("%s sent handshake messages %d, want %d", who, h.messages, messages)
	}
	if !bytes.Equal(h.data, data) {
		t.Errorf("%s sent %d bytes of data, want %d", who, len(h.data), len(data))
	}
	if !slices.Equal(h.alerts, alerts) {
		t.Errorf("%s sent alerts %d, want %d", who, h.alerts, alerts)
	}
}

func (h heard) String() string {
	return fmt.Sprintf("%d records (%d plain), messages %d, %d bytes of data, %d of padding, alerts %d", h.records, h.plain, h.messages, len(h.data), h.padding, h.alerts)
}
