package keyschedule

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// Every value of the key schedule in the traces of RFC 8448, byte for byte: once
// by itself, derived from the secret that the text names, and once on the way
// through the stages, with the transcript hashed from the messages.
func TestRFC8448(t *testing.T) {
	traces := readTraces(t)
	if len(traces) != 5 {
		t.Fatalf("%d traces, want 5", len(traces))
	}
	values := 0
	for _, trace := range traces {
		t.Run(trace.name, func(t *testing.T) {
			w := walk{T: t, traffic: make(map[string]*TrafficSecret)}
			for _, s := range trace.steps {
				w.step = s
				w.take()
				for name := range s.values {
					t.Errorf("%s: value %q was not checked", s.name, name)
				}
			}
			values += w.values
		})
	}
	// Those of the file, so that none is passed over.
	if !t.Failed() && values != 434 {
		t.Errorf("%d values, want 434", values)
	}
}

// A walk takes the steps of one trace.
type walk struct {
	*testing.T
	step       step
	values     int
	transcript []byte // the messages so far

	early      Early
	binder     BinderKey
	hs         Handshake
	main       Main
	resumption Resumption
	traffic    map[string]*TrafficSecret // by the secret
}

// value returns a value of the step, and counts it.
func (w *walk) value(name string) []byte {
	w.Helper()
	v, ok := w.step.values[name]
	if !ok {
		w.Fatalf("%s: no value %q", w.step.name, name)
	}
	delete(w.step.values, name)
	w.values++
	return v
}

// is compares got with a value of the step.
func (w *walk) is(name string, got []byte) {
	w.Helper()
	if want := w.value(name); !bytes.Equal(got, want) {
		w.Errorf("%s: %s is %x, want %x", w.step.name, name, got, want)
	}
}

// holds checks that s is a value of the step.
func (w *walk) holds(name string, s *secret) {
	w.Helper()
	if want := w.secret(w.value(name)); *s != want {
		w.Errorf("%s: the stage does not hold %s", w.step.name, name)
	}
}

// secret returns b as a secret.
func (w *walk) secret(b []byte) secret {
	w.Helper()
	var s secret
	if err := s.init(SHA256, b); err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *walk) hash() []byte {
	h := SHA256.New()
	h.Write(w.transcript)
	return h.Sum(nil)
}

func (w *walk) take() {
	name := w.step.name
	switch {
	case strings.HasPrefix(name, "construct"):
		w.message()
	case strings.HasPrefix(name, "extract"):
		w.extract()
	case strings.HasPrefix(name, "calculate PSK binder"):
		w.pskBinder()
	case strings.HasPrefix(name, "calculate finished"):
		w.finished()
	case strings.Contains(name, "traffic keys"):
		w.keys()
	case strings.HasPrefix(name, "derive secret"):
		w.derive()
	case strings.HasPrefix(name, "generate resumption secret"):
		w.psk()
	default:
		w.Fatalf("unknown step %q", name)
	}
}

// helloRetryRequest is the random of a HelloRetryRequest (RFC 9846, Section 4.2.3).
var helloRetryRequest = sha256.Sum256([]byte("HelloRetryRequest"))

func (w *walk) message() {
	for name := range w.step.values {
		m := w.value(name)
		if name == "ServerHello" && bytes.Equal(m[6:38], helloRetryRequest[:]) {
			// RFC 9846, Section 4.1: the first ClientHello is replaced by a
			// message_hash.
			w.transcript = append([]byte{254, 0, 0, 32}, w.hash()...)
		}
		w.transcript = append(w.transcript, m...)
	}
}

func (w *walk) extract() {
	ikm := w.value("IKM")
	switch {
	case strings.Contains(w.step.name, `"early"`):
		if zero := make([]byte, 32); bytes.Equal(ikm, zero) {
			ikm = nil
		}
		if err := w.early.Init(SHA256, ikm); err != nil {
			w.Fatal(err)
		}
		// In both cases, by the definition.
		early := w.secret(make([]byte, 32))
		early.extract(&early.mac, ikm)
		if ikm != nil && early != w.early.secret {
			w.Error("Init with a PSK does not hold the Early Secret")
		}
		w.holds("secret", &early)
	case strings.Contains(w.step.name, `"handshake"`):
		salt := w.secret(w.value("salt"))
		salt.extract(&salt.mac, ikm)
		w.early.Handshake(&w.hs, ikm)
		if salt != w.hs.secret {
			w.Error("Handshake is not extracted with the salt")
		}
		w.holds("secret", &w.hs.secret)
	case strings.Contains(w.step.name, `"master"`):
		salt := w.secret(w.value("salt"))
		salt.extract(&salt.mac, ikm)
		w.hs.Main(&w.main)
		if salt != w.main.secret {
			w.Error("Main is not extracted with the salt")
		}
		w.holds("secret", &w.main.secret)
	}
}

func (w *walk) derive() {
	prk, transcript := w.value("PRK"), w.value("hash")
	_, label, _ := strings.Cut(w.step.name, `"`)
	label, _, _ = strings.Cut(label, `"`)

	// By itself.
	s := w.secret(prk)
	expanded := make([]byte, 32)
	s.expand(expanded, appendInfo(nil, 32, label, transcript))
	want := w.step.values["expanded"]
	w.is("expanded", expanded)
	w.info("info", label, transcript, 32)

	if label == labelDerived {
		// Where there is no PSK, Init has derived it.
		if d := w.secret(want); w.early.noPSK && w.early.secret.params != nil && w.early.secret != d {
			w.Error("Init without PSK does not hold the derived secret")
		}
		return
	}

	// On the way through the stages.
	if !bytes.Equal(transcript, w.hash()) {
		w.Errorf("%s: transcript hash is %x, want %x", w.step.name, w.hash(), transcript)
	}
	t := new(TrafficSecret)
	var raw []byte
	switch label {
	case labelClientEarlyTraffic:
		w.early.ClientTraffic(t, transcript)
	case labelClientHandshakeTraffic:
		w.hs.ClientTraffic(t, transcript)
	case labelServerHandshakeTraffic:
		w.hs.ServerTraffic(t, transcript)
	case labelClientApplicationTraffic:
		w.main.ClientTraffic(t, transcript)
	case labelServerApplicationTraffic:
		w.main.ServerTraffic(t, transcript)
	case labelEarlyExporter:
		var e EarlyExporter
		w.early.Exporter(&e, transcript)
		raw = e.AppendSecret(nil)
	case labelExporter:
		var e Exporter
		w.main.Exporter(&e, transcript)
		raw = e.AppendSecret(nil)
	case labelResumption:
		w.main.Resumption(&w.resumption, transcript)
		if w.resumption.secret != w.secret(want) {
			w.Error("resumption secret differs")
		}
		return
	default:
		w.Fatalf("unknown label %q", label)
	}
	if raw == nil {
		raw = t.AppendSecret(nil)
		w.traffic[string(raw)] = t
	}
	if !bytes.Equal(raw, want) {
		w.Errorf("%s: the stage derives %x, want %x", w.step.name, raw, want)
	}
}

// info compares the HkdfLabel that cryptobyte builds with the text's.
func (w *walk) info(name, label string, context []byte, length int) {
	info, err := hkdfLabel(length, strings.TrimPrefix(label, "tls13 "), context)
	if err != nil {
		w.Fatal(err)
	}
	w.is(name, []byte(info))
}

// secretOf returns the traffic secret that is the step's PRK.
func (w *walk) secretOf() *TrafficSecret {
	prk := w.value("PRK")
	t := w.traffic[string(prk)]
	if t == nil {
		w.Fatalf("%s: no traffic secret %x", w.step.name, prk)
	}
	return t
}

func (w *walk) keys() {
	t := w.secretOf()
	var key [16]byte
	t.Key(key[:])
	iv := t.IV()
	w.is("key expanded", key[:])
	w.is("iv expanded", iv[:])
	w.info("key info", labelKey, nil, len(key))
	w.info("iv info", labelIV, nil, len(iv))
}

func (w *walk) finished() {
	t := w.secretOf()
	w.finishedKey(&t.secret)
	verifyData := t.AppendFinished(nil, w.hash())
	if !t.VerifyFinished(w.step.values["finished"], w.hash()) {
		w.Errorf("%s: not verified", w.step.name)
	}
	w.is("finished", verifyData)
}

func (w *walk) finishedKey(base *secret) {
	var key secret
	base.finishedKey(&key)
	w.holds("expanded", &key)
	if context := w.value("hash"); len(context) != 0 {
		w.Errorf("%s: context %x", w.step.name, context)
	}
	w.info("info", labelFinished, nil, 32)
}

func (w *walk) pskBinder() {
	if prefix := w.value("ClientHello prefix"); !bytes.Equal(prefix, w.transcript) {
		w.Errorf("transcript is %x, want %x", w.transcript, prefix)
	}
	w.early.ResumptionBinderKey(&w.binder)
	w.holds("PRK", &w.binder.secret)
	w.finishedKey(&w.binder.secret)
	w.is("binder hash", w.hash())
	binder := w.binder.AppendBinder(nil, w.hash())
	if !w.binder.VerifyBinder(w.step.values["finished"], w.hash()) {
		w.Error("binder not verified")
	}
	w.is("finished", binder)
	// The one binder, behind its length and that of the list.
	w.transcript = append(append(w.transcript, 0, 33, 32), binder...)
}

func (w *walk) psk() {
	w.holds("PRK", &w.resumption.secret)
	nonce := w.value("hash")
	w.info("info", "resumption", nonce, 32)
	w.is("expanded", w.resumption.AppendPSK(nil, nonce))
}

type trace struct {
	name  string
	steps []step
}

type step struct {
	name   string // without the side
	values map[string][]byte
}

// readTraces parses testdata/rfc8448.txt: "== name" begins a trace, "side: name"
// a step, and "\tname = hex" is a value.
func readTraces(t *testing.T) (traces []trace) {
	f, err := os.Open("testdata/rfc8448.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "== "); ok {
			traces = append(traces, trace{name: name})
			continue
		}
		steps := &traces[len(traces)-1].steps
		if value, ok := strings.CutPrefix(line, "\t"); ok {
			name, value, _ := strings.Cut(value, " = ")
			b, err := hex.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			(*steps)[len(*steps)-1].values[name] = b
			continue
		}
		_, name, _ := strings.Cut(line, ": ")
		*steps = append(*steps, step{name, make(map[string][]byte)})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return traces
}
