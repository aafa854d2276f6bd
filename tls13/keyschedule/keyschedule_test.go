package keyschedule

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unsafe"

	ours "github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/sha2"
	"golang.org/x/crypto/cryptobyte"
)

var hashes = []struct {
	name string
	hash Hash
	std  func() hash.Hash
}{
	{"sha-256", SHA256, sha256.New},
	{"sha-384", SHA384, sha512.New384},
}

// A definition computes RFC 9846, Section 7 word for word, on the standard
// library.
type definition func() hash.Hash

func (d definition) hash(messages ...[]byte) []byte {
	h := d()
	for _, m := range messages {
		h.Write(m)
	}
	return h.Sum(nil)
}

func (d definition) zeros() []byte { return make([]byte, d().Size()) }

func (d definition) extract(salt, ikm []byte) []byte {
	prk, err := hkdf.Extract(d, ikm, salt)
	if err != nil {
		panic(err)
	}
	return prk
}

func (d definition) expandLabel(secret []byte, label string, context []byte, length int) []byte {
	var b cryptobyte.Builder
	b.AddUint16(uint16(length))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte("tls13 " + label)) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(context) })
	okm, err := hkdf.Expand(d, secret, string(b.BytesOrPanic()), length)
	if err != nil {
		panic(err)
	}
	return okm
}

// deriveSecret is Derive-Secret, with the hash of the messages.
func (d definition) deriveSecret(secret []byte, label string, transcript []byte) []byte {
	return d.expandLabel(secret, label, transcript, d().Size())
}

func (d definition) finished(base, transcript []byte) []byte {
	m := hmac.New(d, d.expandLabel(base, "finished", nil, d().Size()))
	m.Write(transcript)
	return m.Sum(nil)
}

func (d definition) exporter(secret []byte, label string, context []byte, n int) []byte {
	return d.expandLabel(d.deriveSecret(secret, label, d.hash()), "exporter", d.hash(context), n)
}

func TestConstants(t *testing.T) {
	for _, h := range hashes {
		d := definition(h.std)
		p, err := h.hash.params()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.empty, d.hash()) {
			t.Errorf("%s: empty hash is %x, want %x", h.name, p.empty, d.hash())
		}
		early := d.extract(d.zeros(), d.zeros())
		derived := noPSKDerived256
		if h.hash == SHA384 {
			derived = noPSKDerived384
		}
		if want := d.deriveSecret(early, "derived", d.hash()); !bytes.Equal(derived, want) {
			t.Errorf("%s: noPSKDerived is %x, want %x", h.name, derived, want)
		}
		if h.hash.Size() != d().Size() || h.hash.New().Size() != d().Size() {
			t.Errorf("%s: sizes", h.name)
		}
	}
}

// The whole schedule against its definition, with and without PSK and key
// exchange.
func TestDefinition(t *testing.T) {
	for _, h := range hashes {
		t.Run("alg="+h.name, func(t *testing.T) {
			d := definition(h.std)
			size := h.hash.Size()
			r := rand.New(rand.NewPCG(3, 4))
			random := func(n int) []byte {
				b := make([]byte, n)
				for i := range b {
					b[i] = byte(r.Uint32())
				}
				return b
			}
			is := func(what string, got, want []byte) {
				t.Helper()
				if !bytes.Equal(got, want) {
					t.Errorf("%s is %x, want %x", what, got, want)
				}
			}
			// checkTraffic checks what a traffic secret gives.
			checkTraffic := func(what string, got *TrafficSecret, want []byte) {
				t.Helper()
				for generation := range 3 {
					is(what, got.AppendSecret(nil), want)
					for _, n := range []int{16, 32} {
						key := make([]byte, n)
						got.Key(key)
						is(what+": key", key, d.expandLabel(want, "key", nil, n))
						clear(key)
						iv := got.KeyIV(key)
						is(what+": key of both", key, d.expandLabel(want, "key", nil, n))
						is(what+": iv of both", iv[:], d.expandLabel(want, "iv", nil, 12))
					}
					iv := got.IV()
					is(what+": iv", iv[:], d.expandLabel(want, "iv", nil, 12))
					transcript := random(size)
					verifyData := got.AppendFinished([]byte("prefix"), transcript)
					is(what+": finished", verifyData, append([]byte("prefix"), d.finished(want, transcript)...))
					verifyData = verifyData[len("prefix"):]
					if !got.VerifyFinished(verifyData, transcript) {
						t.Errorf("%s: Finished not verified", what)
					}
					for _, bad := range [][]byte{nil, verifyData[:size-1], append(bytes.Clone(verifyData), 0)} {
						if got.VerifyFinished(bad, transcript) {
							t.Errorf("%s: Finished of %d bytes verified", what, len(bad))
						}
					}
					for range 10 {
						bit := r.IntN(8 * size)
						verifyData[bit/8] ^= 1 << (bit % 8)
						if got.VerifyFinished(verifyData, transcript) {
							t.Errorf("%s: Finished verified with bit %d wrong", what, bit)
						}
						verifyData[bit/8] ^= 1 << (bit % 8)
					}
					var logged TrafficSecret
					if err := logged.Init(h.hash, want); err != nil || logged != *got || logged.Hash() != h.hash {
						t.Errorf("%s: Init of generation %d differs: %v", what, generation, err)
					}
					got.Next()
					want = d.expandLabel(want, "traffic upd", nil, size)
				}
			}
			checkExporter := func(what string, export func(string, []byte, int) ([]byte, error), raw, want []byte) {
				t.Helper()
				is(what, raw, want)
				for _, c := range []struct {
					label   string
					context []byte
					n       int
				}{
					{"EXPORTER-test", nil, size},
					{"EXPORTER-test", []byte{}, size + 1},
					{"", random(1), 1},
					{strings.Repeat("l", 249), random(1000), 0},
					{"EXPORTER-test", random(size), 10 * size},
				} {
					got, err := export(c.label, c.context, c.n)
					if err != nil {
						t.Fatal(err)
					}
					is(what+": export", got, d.exporter(want, c.label, c.context, c.n))
				}
				if got, err := export("", nil, 255*size); err != nil || len(got) != 255*size {
					t.Errorf("%s: export of the most gives %d bytes, %v", what, len(got), err)
				}
				for _, err := range []error{
					second(export(strings.Repeat("l", 250), nil, size)),
					second(export("l", nil, -1)),
					second(export("l", nil, 255*size+1)),
				} {
					if err == nil || !strings.HasPrefix(err.Error(), "keyschedule: ") {
						t.Errorf("%s: error %v", what, err)
					}
				}
			}

			for _, psk := range [][]byte{nil, random(size), random(1), random(200)} {
				for _, shared := range [][]byte{nil, random(32), random(64), random(133)} {
					var early Early
					if err := early.Init(h.hash, psk); err != nil {
						t.Fatal(err)
					}
					secret := d.extract(d.zeros(), d.zeros())
					if psk != nil {
						secret = d.extract(d.zeros(), psk)
						transcript := random(size)
						var b BinderKey
						var ts TrafficSecret
						var e EarlyExporter
						for _, c := range []struct {
							label string
							key   func(*BinderKey)
						}{{"ext binder", early.ExternalBinderKey}, {"res binder", early.ResumptionBinderKey}} {
							c.key(&b)
							base := d.deriveSecret(secret, c.label, d.hash())
							binder := b.AppendBinder(nil, transcript)
							is(c.label, binder, d.finished(base, transcript))
							if !b.VerifyBinder(binder, transcript) {
								t.Errorf("%s not verified", c.label)
							}
							binder[r.IntN(size)] ^= 1
							if b.VerifyBinder(binder, transcript) {
								t.Errorf("%s verified", c.label)
							}
						}
						early.ClientTraffic(&ts, transcript)
						checkTraffic("c e traffic", &ts, d.deriveSecret(secret, "c e traffic", transcript))
						early.Exporter(&e, transcript)
						checkExporter("e exp master", e.Export, e.AppendSecret(nil), d.deriveSecret(secret, "e exp master", transcript))
					}

					var hs Handshake
					early.Handshake(&hs, shared)
					ikm := shared
					if ikm == nil {
						ikm = d.zeros()
					}
					secret = d.extract(d.deriveSecret(secret, "derived", d.hash()), ikm)
					transcript := random(size)
					var client, server TrafficSecret
					hs.ClientTraffic(&client, transcript)
					hs.ServerTraffic(&server, transcript)
					var client2, server2 TrafficSecret
					if hs.Traffic(&client2, &server2, transcript); client2 != client || server2 != server {
						t.Error("handshake Traffic is not ClientTraffic and ServerTraffic")
					}
					checkTraffic("c hs traffic", &client, d.deriveSecret(secret, "c hs traffic", transcript))
					checkTraffic("s hs traffic", &server, d.deriveSecret(secret, "s hs traffic", transcript))

					var main Main
					hs.Main(&main)
					secret = d.extract(d.deriveSecret(secret, "derived", d.hash()), d.zeros())
					transcript = random(size)
					main.ClientTraffic(&client, transcript)
					main.ServerTraffic(&server, transcript)
					if main.Traffic(&client2, &server2, transcript); client2 != client || server2 != server {
						t.Error("application Traffic is not ClientTraffic and ServerTraffic")
					}
					checkTraffic("c ap traffic", &client, d.deriveSecret(secret, "c ap traffic", transcript))
					checkTraffic("s ap traffic", &server, d.deriveSecret(secret, "s ap traffic", transcript))
					var e Exporter
					main.Exporter(&e, transcript)
					checkExporter("exp master", e.Export, e.AppendSecret(nil), d.deriveSecret(secret, "exp master", transcript))
					var res Resumption
					transcript = random(size)
					main.Resumption(&res, transcript)
					for _, nonce := range [][]byte{nil, {0, 0}, random(255)} {
						is("resumption", res.AppendPSK([]byte("prefix"), nonce),
							append([]byte("prefix"), d.expandLabel(d.deriveSecret(secret, "res master", transcript), "resumption", nonce, size)...))
					}
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// A full schedule without PSK takes no more compressions than its parts need.
func TestCompressions(t *testing.T) {
	for _, h := range hashes {
		for _, f := range []func(*Early, []byte, []byte){full, singly} {
			blocks := 0
			var early Early
			if err := early.Init(h.hash, nil); err != nil {
				t.Fatal(err)
			}
			// Every secret that is derived from early counts in blocks.
			count(&early.secret.mac, &blocks)
			f(&early, make([]byte, 32), make([]byte, h.hash.Size()))
			// handshake: extract 2, pads 2, c hs, s hs, derived 6; main: pads 2,
			// extract 2, pads 2, c ap, s ap 4; 4 traffic secrets: pads, key, iv 24,
			// finished key 4, its pads 4, MAC 4.
			if blocks != 56 {
				t.Errorf("%s: %d compressions, want 56", h.name, blocks)
			}
		}
	}
}

// count makes m count its compressions, and those of the copies that are made
// of it, in *n. hkdf has a field for it, that only tests set.
func count(m *ours.HMAC, n *int) {
	for _, key := range []string{"narrow", "wide"} {
		field := reflect.ValueOf(m).Elem().FieldByName(key).FieldByName("blocks")
		*(**int)(unsafe.Pointer(field.UnsafeAddr())) = n
	}
}

// full is what both sides of a handshake without PSK derive: keys, IVs and
// Finished messages of both, before resumption and exporter secrets.
func full(early *Early, shared, transcript []byte) {
	var (
		hs             Handshake
		main           Main
		client, server TrafficSecret
		buf            [maxHashSize]byte
	)
	early.Handshake(&hs, shared)
	hs.Traffic(&client, &server, transcript)
	hs.Main(&main)
	for _, s := range []*TrafficSecret{&client, &server} {
		s.KeyIV(buf[:16])
		s.AppendFinished(buf[:0], transcript)
		s.Clear()
	}
	main.Traffic(&client, &server, transcript)
	for _, s := range []*TrafficSecret{&client, &server} {
		s.KeyIV(buf[:16])
		s.Clear()
	}
	main.Clear()
}

// singly is full, one secret at a time.
func singly(early *Early, shared, transcript []byte) {
	var (
		hs             Handshake
		main           Main
		client, server TrafficSecret
		buf            [maxHashSize]byte
	)
	early.Handshake(&hs, shared)
	hs.ClientTraffic(&client, transcript)
	hs.ServerTraffic(&server, transcript)
	hs.Main(&main)
	for _, s := range []*TrafficSecret{&client, &server} {
		s.Key(buf[:16])
		s.IV()
		s.AppendFinished(buf[:0], transcript)
		s.Clear()
	}
	main.ClientTraffic(&client, transcript)
	main.ServerTraffic(&server, transcript)
	for _, s := range []*TrafficSecret{&client, &server} {
		s.Key(buf[:16])
		s.IV()
		s.Clear()
	}
	main.Clear()
}

func TestAllocs(t *testing.T) {
	if race && sha2.Tier256() == "generic" {
		t.Skip("sha2's fallback allocates under the race detector")
	}
	for _, h := range hashes {
		shared, transcript := make([]byte, 32), make([]byte, h.hash.Size())
		var early Early
		check := func(what string, f func()) {
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%s: %s allocates %v times", h.name, what, n)
			}
		}
		for _, psk := range [][]byte{nil, shared} {
			check("a handshake", func() {
				early.Init(h.hash, psk)
				full(&early, shared, transcript)
				early.Init(h.hash, psk)
				singly(&early, shared, transcript)
			})
		}
		var (
			binder BinderKey
			ts     TrafficSecret
			buf    [maxHashSize]byte
		)
		early.Init(h.hash, shared)
		early.ResumptionBinderKey(&binder)
		early.ClientTraffic(&ts, transcript)
		check("a binder", func() { binder.VerifyBinder(binder.AppendBinder(buf[:0], transcript), transcript) })
		check("a Finished", func() { ts.VerifyFinished(ts.AppendFinished(buf[:0], transcript), transcript) })
		check("a key update", func() { ts.Next() })
	}
}

// Zero, nil and used-up stages panic, in the name of the package, and used-up
// ones hold nothing.
func TestUse(t *testing.T) {
	transcript := make([]byte, 32)
	var (
		early    Early
		hs       Handshake
		main     Main
		ts       TrafficSecret
		binder   BinderKey
		exporter Exporter
		earlyExp EarlyExporter
		res      Resumption
	)
	mustPanic := func(what, text string, f func()) {
		t.Helper()
		defer func() {
			t.Helper()
			if s, _ := recover().(string); s != text {
				t.Errorf("%s: panic %q, want %q", what, s, text)
			}
		}()
		f()
	}
	type uses map[string]func()
	all := func(early *Early, hs *Handshake, main *Main, ts *TrafficSecret, binder *BinderKey, exporter *Exporter, earlyExp *EarlyExporter, res *Resumption) map[string]uses {
		return map[string]uses{
			"Early": {
				"ExternalBinderKey":   func() { early.ExternalBinderKey(new(BinderKey)) },
				"ResumptionBinderKey": func() { early.ResumptionBinderKey(new(BinderKey)) },
				"ClientTraffic":       func() { early.ClientTraffic(new(TrafficSecret), transcript) },
				"Exporter":            func() { early.Exporter(new(EarlyExporter), transcript) },
				"Handshake":           func() { early.Handshake(new(Handshake), nil) },
				"Clear":               func() { early.Clear() },
			},
			"Handshake": {
				"ClientTraffic": func() { hs.ClientTraffic(new(TrafficSecret), transcript) },
				"ServerTraffic": func() { hs.ServerTraffic(new(TrafficSecret), transcript) },
				"Traffic":       func() { hs.Traffic(new(TrafficSecret), new(TrafficSecret), transcript) },
				"Main":          func() { hs.Main(new(Main)) },
				"Clear":         func() { hs.Clear() },
			},
			"Main": {
				"ClientTraffic": func() { main.ClientTraffic(new(TrafficSecret), transcript) },
				"ServerTraffic": func() { main.ServerTraffic(new(TrafficSecret), transcript) },
				"Traffic":       func() { main.Traffic(new(TrafficSecret), new(TrafficSecret), transcript) },
				"Exporter":      func() { main.Exporter(new(Exporter), transcript) },
				"Resumption":    func() { main.Resumption(new(Resumption), transcript) },
				"Clear":         func() { main.Clear() },
			},
			"TrafficSecret": {
				"Hash":           func() { ts.Hash() },
				"Key":            func() { ts.Key(make([]byte, 16)) },
				"IV":             func() { ts.IV() },
				"KeyIV":          func() { ts.KeyIV(make([]byte, 16)) },
				"AppendFinished": func() { ts.AppendFinished(nil, transcript) },
				"VerifyFinished": func() { ts.VerifyFinished(transcript, transcript) },
				"Next":           func() { ts.Next() },
				"AppendSecret":   func() { ts.AppendSecret(nil) },
				"Clear":          func() { ts.Clear() },
			},
			"BinderKey": {
				"AppendBinder": func() { binder.AppendBinder(nil, transcript) },
				"VerifyBinder": func() { binder.VerifyBinder(transcript, transcript) },
				"Clear":        func() { binder.Clear() },
			},
			"Exporter": {
				"Export":       func() { exporter.Export("", nil, 1) },
				"AppendSecret": func() { exporter.AppendSecret(nil) },
				"Clear":        func() { exporter.Clear() },
			},
			"EarlyExporter": {
				"Export":       func() { earlyExp.Export("", nil, 1) },
				"AppendSecret": func() { earlyExp.AppendSecret(nil) },
				"Clear":        func() { earlyExp.Clear() },
			},
			"Resumption": {
				"AppendPSK": func() { res.AppendPSK(nil, nil) },
				"Clear":     func() { res.Clear() },
			},
		}
	}
	mine := all(&early, &hs, &main, &ts, &binder, &exporter, &earlyExp, &res)
	for _, cases := range []map[string]uses{mine, all(nil, nil, nil, nil, nil, nil, nil, nil)} {
		for typ, methods := range cases {
			for name, f := range methods {
				mustPanic(typ+"."+name, "keyschedule: use of a zero or nil "+typ, f)
			}
		}
	}
	mustPanic("Early.Init", "keyschedule: use of a zero or nil Early", func() { (*Early)(nil).Init(SHA256, nil) })
	mustPanic("TrafficSecret.Init", "keyschedule: use of a zero or nil TrafficSecret", func() { (*TrafficSecret)(nil).Init(SHA256, transcript) })
	mustPanic("Hash.New", "keyschedule: use of a zero or nil Hash", func() { Hash(0).New() })
	mustPanic("Hash.Size", "keyschedule: use of a zero or nil Hash", func() { Hash(3).Size() })

	// Used up by the next stage or by Clear.
	if err := early.Init(SHA256, transcript); err != nil {
		t.Fatal(err)
	}
	early.ResumptionBinderKey(&binder)
	early.Exporter(&earlyExp, transcript)
	early.Handshake(&hs, transcript)
	hs.Main(&main)
	main.ClientTraffic(&ts, transcript)
	main.Exporter(&exporter, transcript)
	main.Resumption(&res, transcript)
	mustPanic("a long nonce", "keyschedule: ticket nonce too long", func() { res.AppendPSK(nil, make([]byte, 256)) })
	for _, n := range []int{0, 15, 17, 24, 48} {
		mustPanic("a key", "keyschedule: key of neither 16 nor 32 bytes", func() { ts.Key(make([]byte, n)) })
		mustPanic("a key", "keyschedule: key of neither 16 nor 32 bytes", func() { ts.KeyIV(make([]byte, n)) })
	}
	for _, f := range []func(){
		func() { main.Exporter(&exporter, transcript[:31]) },
		func() { main.ClientTraffic(&ts, nil) },
		func() { main.Traffic(&ts, &ts, nil) },
		func() { ts.AppendFinished(nil, append(transcript, 0)) },
		func() { ts.VerifyFinished(nil, nil) },
		func() { binder.VerifyBinder(nil, nil) },
	} {
		mustPanic("a wrong transcript", "keyschedule: transcript hash of the wrong length", f)
	}
	main.Clear()
	ts.Clear()
	binder.Clear()
	exporter.Clear()
	earlyExp.Clear()
	res.Clear()
	for typ, methods := range mine {
		for name, f := range methods {
			mustPanic(typ+"."+name, "keyschedule: use of a used-up "+typ, f)
		}
	}
	cleared := secret{used: true}
	if early.secret != cleared || hs.secret != cleared || main.secret != cleared || res.secret != cleared || binder.secret != cleared ||
		ts != (TrafficSecret{secret: cleared}) || exporter != (Exporter{exporterSecret{secret: cleared}}) || earlyExp != (EarlyExporter{exporterSecret{secret: cleared}}) {
		t.Error("a secret was not overwritten")
	}

	// Without a PSK there is nothing to derive but the next stage.
	if err := early.Init(SHA256, nil); err != nil {
		t.Fatal(err)
	}
	for name, f := range mine["Early"] {
		if name != "Handshake" && name != "Clear" {
			mustPanic(name, "keyschedule: Early has no PSK", f)
		}
	}

	// Errors.
	for _, err := range []error{
		early.Init(0, nil), early.Init(3, transcript),
		ts.Init(0, nil), ts.Init(SHA256, transcript[:31]), ts.Init(SHA384, transcript),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "keyschedule: ") {
			t.Errorf("error %v", err)
		}
	}
}

// Exporters export for many at once.
func TestExportConcurrently(t *testing.T) {
	var (
		early Early
		e     EarlyExporter
		wg    sync.WaitGroup
	)
	if err := early.Init(SHA256, []byte("a PSK")); err != nil {
		t.Fatal(err)
	}
	early.Exporter(&e, make([]byte, 32))
	want, err := e.Export("label", nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		wg.Go(func() {
			if got, err := e.Export("label", nil, 100); err != nil || !bytes.Equal(got, want) {
				t.Errorf("Export returns %x, %v, want %x", got, err, want)
			}
		})
	}
	wg.Wait()
}

// While FIPS 140 is enforced, no schedule begins.
func TestFIPS(t *testing.T) {
	if os.Getenv("GODEBUG") == "fips140=only" {
		var early Early
		var ts TrafficSecret
		for _, h := range hashes {
			if early.Init(h.hash, nil) == nil || ts.Init(h.hash, make([]byte, h.hash.Size())) == nil {
				t.Error("no error")
			}
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		t.Skip("can't run this program again:", err)
	}
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestFIPS")) {
		if bytes.Contains(out, []byte("fips140: ")) {
			t.Skipf("this platform has no FIPS 140 mode: %s", out)
		}
		t.Errorf("%v: %s", err, out)
	}
}
