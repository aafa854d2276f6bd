package peers

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/sealane/sealane/tls13"
)

// The implementations do the same thing.

func TestAEADs(t *testing.T) {
	for _, alg := range AEADs {
		key, nonce, msg, ad := random(KeySize(alg)), random(12), random(100), random(5)
		want := must(Std.AEAD(alg, key)).Seal(nil, nonce, msg, ad)
		for _, impl := range All() {
			if impl.AEAD == nil {
				continue
			}
			a := must(impl.AEAD(alg, key))
			if got := a.Seal(nil, nonce, msg, ad); !bytes.Equal(got, want) {
				t.Errorf("%s %s: another ciphertext", impl.Name, alg)
			}
			if got, err := a.Open(nil, nonce, want, ad); err != nil || !bytes.Equal(got, msg) {
				t.Errorf("%s %s: another plaintext, %v", impl.Name, alg, err)
			}
		}
	}
}

func TestHKDF(t *testing.T) {
	for _, alg := range KDFHashes {
		secret, salt := random(32), random(32)
		std := must(Std.HKDF(alg))
		prk := must(std.Extract(secret, salt))
		okm := must(std.Expand(prk, "info", 77))
		for _, impl := range All() {
			if impl.HKDF == nil {
				continue
			}
			k := must(impl.HKDF(alg))
			if got := must(k.Extract(secret, salt)); !bytes.Equal(got, prk) {
				t.Errorf("%s %s: another pseudorandom key", impl.Name, alg)
			}
			if got := must(k.Expand(prk, "info", 77)); !bytes.Equal(got, okm) {
				t.Errorf("%s %s: another output", impl.Name, alg)
			}
		}
	}
}

func TestCurves(t *testing.T) {
	private, digest := bytes.Repeat([]byte{7}, 32), random(32)
	for _, alg := range Curves {
		std := must(Std.Curve(alg))
		peer := must(std.Generate())
		want := must(must(std.ECDH(private, peer))())
		for _, impl := range All() {
			if impl.Curve == nil {
				continue
			}
			c, err := impl.Curve(alg)
			if errors.Is(err, ErrNone) {
				continue
			}
			if got := must(must(c.ECDH(private, peer))()); !bytes.Equal(got, want) {
				t.Errorf("%s %s: another secret", impl.Name, alg)
			}
			if public := must(c.Generate()); len(public) != len(peer) {
				t.Errorf("%s %s: a public key of %d bytes, want %d", impl.Name, alg, len(public), len(peer))
			}
			if std.Sign == nil {
				continue
			}
			key := must(ecdh.P256().NewPrivateKey(private))
			public := key.PublicKey().Bytes()
			theirs, ours := must(must(std.Sign(private))(digest)), must(must(c.Sign(private))(digest))
			if !must(std.Verify(public))(digest, ours) || !must(c.Verify(public))(digest, theirs) || must(c.Verify(public))(digest[1:], theirs) {
				t.Errorf("%s %s: signatures are not the standard library's", impl.Name, alg)
			}
		}
	}
}

func TestParseCurveSpeed(t *testing.T) {
	const out = "+DTP:256:sign:ecdsa:1\n+R5:16497:256:0.32\n+R6:6000:256:0.30\n+F4:3:256:51553.125000:19341.935484\n"
	if n, ns, err := ParseCurveSpeed(out, "Verify"); n != 6000 || math.Round(ns) != 50000 || err != nil {
		t.Errorf("%d, %v, %v", n, ns, err)
	}
	for _, bad := range []string{"", "+R6:0:256:0.3", "+R6:x:256:0.3", "+R6:5:256:0", "+R6:5"} {
		if _, _, err := ParseCurveSpeed(bad, "Verify"); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestSchedule(t *testing.T) {
	for _, alg := range KDFHashes {
		size, key := 32, 16
		if alg == "sha-384" {
			size, key = 48, 32
		}
		var want ScheduleOutput
		in := &ScheduleInput{random(32), random(size), random(size), random(size), random(size), key, random(8)}
		if err := must(Std.Schedule(alg))(&want, in); err != nil {
			t.Fatal(err)
		}
		var got ScheduleOutput
		for range 2 { // the second time into the same memory
			if err := must(Sealane.Schedule(alg))(&got, in); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: sealane derives %x, the standard library %x", alg, got, want)
			}
		}
	}
}

func TestUnknownAlgorithm(t *testing.T) {
	for _, impl := range All() {
		if impl.Hash != nil {
			if _, err := impl.Hash("md5"); !errors.Is(err, ErrNone) {
				t.Errorf("%s hash: %v", impl.Name, err)
			}
		}
		if impl.HKDF != nil {
			if _, err := impl.HKDF("md5"); !errors.Is(err, ErrNone) {
				t.Errorf("%s HKDF: %v", impl.Name, err)
			}
		}
		if impl.Schedule != nil {
			if _, err := impl.Schedule("md5"); !errors.Is(err, ErrNone) {
				t.Errorf("%s schedule: %v", impl.Name, err)
			}
		}
		if impl.TLS != nil {
			for _, l := range []Link{{Alg: "rc4", Group: "x25519"}, {Alg: "aes-128-gcm", Group: "ffdhe2048"}} {
				if _, err := impl.TLS(l); !errors.Is(err, ErrNone) {
					t.Errorf("%s TLS: %v", impl.Name, err)
				}
			}
		}
	}
}

// What is written to the one end comes out of the other, in memory and over
// TCP, whatever the sizes of writes and reads.
func TestTLS(t *testing.T) {
	for _, impl := range append(All(), TCP, TCPAEAD) {
		if impl.TLS == nil {
			continue
		}
		for _, alg := range AEADs {
			t.Run(impl.Name+"/"+alg, func(t *testing.T) {
				a, b := Pipe()
				exchange(t, impl, alg, a, b)
				a, b, err := Loopback()
				if err != nil {
					t.Skip(err)
				}
				exchange(t, impl, alg, a, b)
			})
		}
	}
}

func exchange(t *testing.T, impl Impl, alg string, a, b net.Conn) {
	t.Helper()
	defer a.Close()
	defer b.Close()
	w, r, err := must(impl.TLS(Link{Alg: alg, Group: "x25519"}))(a, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 1350, 16384, 16385, 300000} {
		out, in := random(size), make([]byte, size)
		written := make(chan error, 1)
		go func() {
			_, err := w.Write(out)
			written <- err
		}()
		for got := 0; got < size; {
			n, err := r.Read(in[got:min(size, got+7000)])
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(in, out) {
			t.Fatalf("%d bytes came in as others", size)
		}
	}
}

// Handshakes agree on what was asked for, which Connect checks, with a full
// handshake or a resumed one; and the check can fail.
func TestHandshakes(t *testing.T) {
	for _, impl := range []Impl{Sealane, Std} {
		for _, group := range Groups {
			for _, alg := range AEADs {
				for _, resume := range []bool{false, true} {
					connect := must(impl.TLS(Link{alg, group, resume}))
					for range 3 {
						if _, _, err := connect(Pipe()); err != nil {
							t.Errorf("%s %s %s resume=%v: %v", impl.Name, group, alg, resume, err)
						}
					}
				}
			}
		}
	}
	l := Link{Alg: "aes-256-gcm", Group: "x25519"}
	client, server, err := l.configs()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Link{{"aes-128-gcm", "x25519", false}, {"aes-256-gcm", "p256", false}, {"aes-256-gcm", "x25519", true}} {
		a, b := Pipe()
		c, s := must(tls13.ConfigFrom(client)), must(tls13.ConfigFrom(server))
		c.CipherSuites = []uint16{tls.TLS_AES_256_GCM_SHA384}
		if err := want.shake(tls13.Client(a, c), tls13.Server(b, s), want.Resume); err == nil {
			t.Errorf("%+v was taken for %+v", l, want)
		}
	}
}

// A side that fails makes the other fail too, instead of letting it wait.
func TestHandshakeFails(t *testing.T) {
	for _, impl := range []Impl{Sealane, Std} {
		a, b := Pipe()
		a.Close()
		if _, _, err := must(impl.TLS(Link{Alg: "aes-128-gcm", Group: "x25519"}))(a, b); err == nil {
			t.Errorf("%s: a handshake over a closed connection", impl.Name)
		}
	}
}

func TestPipe(t *testing.T) {
	a, b := Pipe()
	a.Write([]byte("ab"))
	a.Write([]byte("c"))
	buf := make([]byte, 2)
	if n, err := b.Read(buf); n != 2 || err != nil || string(buf) != "ab" {
		t.Fatalf("read %d %q %v", n, buf, err)
	}
	Release(a)
	a.Close()
	if got, err := io.ReadAll(b); err != nil || string(got) != "c" {
		t.Errorf("the rest is %q, %v", got, err)
	}
	if _, err := b.Write(nil); err == nil {
		t.Error("a write to a closed pipe works")
	}
}

// recorded is what OpenSSL 3.0.19 printed for "openssl speed -mr -seconds 1
// -bytes 1350 -aead -evp aes-128-gcm".
const recorded = "+DT:AES-128-GCM:1:1350\n+R:1525027:AES-128-GCM:1.000000\n+H:1350\n+F:25:AES-128-GCM:2058786450.00\n"

func TestParseSpeed(t *testing.T) {
	for _, tt := range []struct {
		name, out string
		size      int
		iters     int
		ns        float64
	}{
		{"recorded", recorded, 1350, 1525027, 655.73},
		{"without the progress", "+H:64\n+F:25:sha256:420648320.00\n", 64, 6572630, 152.15},
		{"carriage returns", strings.ReplaceAll(recorded, "\n", "\r\n"), 1350, 1525027, 655.73},
		{"several sizes", "+H:16:64:256\n+F:25:sha256:1.0:640000000.0:3.0\n", 64, 10000000, 100},
		{"warnings around", "warning: no config file\n" + recorded + "\nbye\n", 1350, 1525027, 655.73},
	} {
		iters, ns, err := ParseSpeed(tt.out, tt.size)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if max(iters-tt.iters, tt.iters-iters) > 100 || max(ns-tt.ns, tt.ns-ns) > 0.01 {
			t.Errorf("%s: %d operations of %.2f ns, want %d of %.2f", tt.name, iters, ns, tt.iters, tt.ns)
		}
	}
	for _, out := range []string{"", "Usage: speed", "+F:25", "+F:25:sha256:", "+F:25:sha256:fast", "+F:25:sha256:0.00", "+F:25:sha256:NaN", "+H:16:64\n+F:25:sha256:1.0"} {
		if _, ns, err := ParseSpeed(out, 64); err == nil {
			t.Errorf("%q: %v ns, want an error", out, ns)
		}
	}
}

func TestCheckOpenSSL(t *testing.T) {
	o, err := checkOpenSSL("/bin/openssl", "OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)\n")
	if err != nil || o.Version != "OpenSSL 3.0.19 27 Jan 2026" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := checkOpenSSL("/bin/openssl", "LibreSSL 3.3.6\n"); err == nil || !strings.Contains(err.Error(), "LibreSSL 3.3.6") {
		t.Errorf("LibreSSL: %v", err)
	}
}

func TestNoOpenSSL(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := FindOpenSSL(context.Background()); !errors.Is(err, ErrNoOpenSSL) {
		t.Errorf("FindOpenSSL: %v", err)
	}
}

func TestOpenSSLFails(t *testing.T) {
	o := &OpenSSL{path: "/nonexistent/openssl"}
	if _, _, err := o.Speed(context.Background(), "Seal", "aes-128-gcm", 16); err == nil {
		t.Error("no error without a program")
	}
	if _, _, err := o.Speed(context.Background(), "Record", "aes-128-gcm", 16); !errors.Is(err, ErrNone) {
		t.Errorf("Record: %v", err)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
