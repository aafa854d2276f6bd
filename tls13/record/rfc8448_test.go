package record

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"strings"
	"testing"
)

//go:embed testdata/rfc8448.txt
var rfc8448 string

// TestRFC8448 seals and opens the records of the trace in RFC 8448, Section 3.
func TestRFC8448(t *testing.T) {
	types := map[string]ContentType{"handshake": Handshake, "alert": AlertMessage, "application_data": ApplicationData}
	type half struct {
		key string
		s   *Sealer
		o   *Opener
	}
	halves := map[string]*half{}
	records := 0
	for block := range strings.SplitSeq(rfc8448, "\n\n") {
		field := map[string]string{}
		for line := range strings.Lines(block) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			field[name] = value
		}
		if field["sender"] == "" {
			continue // the head of the file
		}
		records++
		decode := func(name string) []byte {
			b, err := hex.DecodeString(field[name])
			if err != nil {
				t.Fatalf("record %d: %s: %v", records, name, err)
			}
			return b
		}
		h := halves[field["sender"]]
		if h == nil {
			h = &half{"none", NewSealer(), NewOpener()}
			halves[field["sender"]] = h
		}
		if key := field["key"]; key != h.key {
			h.key = key
			if err := h.s.SetKey(AES128GCMSHA256, decode("key"), decode("iv")); err != nil {
				t.Fatal(err)
			}
			if err := h.o.SetKey(AES128GCMSHA256, decode("key"), decode("iv")); err != nil {
				t.Fatal(err)
			}
		}
		typ, payload, record := types[field["type"]], decode("payload"), decode("record")
		if records == 1 {
			h.s.SetVersion(0x0301) // the initial ClientHello
		}
		if got := seal(t, h.s, typ, payload); !bytes.Equal(got, record) {
			t.Errorf("record %d sealed:\n%x, want\n%x", records, got, record)
		}
		recs := make([]Record, 2)
		n, used, err := h.o.Open(recs, record)
		if n != 1 || used != len(record) || err != nil || recs[0].Type != typ || !bytes.Equal(recs[0].Content, payload) {
			t.Errorf("record %d opened: %v %x, %v", records, recs[0].Type, recs[0].Content, err)
		}
	}
	if records != 9 {
		t.Errorf("%d records, want 9", records)
	}
}
