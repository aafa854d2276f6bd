package hkdf

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cryptotest"
	"github.com/sealane/sealane/sha2"
)

// shas are the SHA-2 functions: this module's constructor, the standard
// library's, and what identify makes of both.
var shas = []struct {
	name      string
	ours, std func() hash.Hash
	alg       *alg
}{
	{"sha-224", sha2.New224, sha256.New224, &algs[4]},
	{"sha-256", sha2.New256, sha256.New, &algs[0]},
	{"sha-384", sha2.New384, sha512.New384, &algs[1]},
	{"sha-512", sha2.New512, sha512.New, &algs[2]},
	{"sha-512-224", sha2.New512_224, sha512.New512_224, &algs[5]},
	{"sha-512-256", sha2.New512_256, sha512.New512_256, &algs[3]},
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// step is how far apart the lengths are that a test tries: 11 with -short, which
// is for emulators.
func step() int {
	if testing.Short() {
		return 11
	}
	return 1
}

// Every length up to 300 of each argument, the others varying, against
// crypto/hkdf: the functions of this package, and what they call where there is
// a kernel.
func TestDifferential(t *testing.T) {
	for _, h := range shas {
		t.Run("alg="+h.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for n := 0; n <= 300; n += step() {
				a, b, c := random(r, n), random(r, r.IntN(301)), string(random(r, r.IntN(301)))
				check := func(secret, salt []byte, info string, size int) {
					t.Helper()
					want, err := hkdf.Extract(h.std, secret, salt)
					if err != nil {
						t.Fatal(err)
					}
					prk := make([]byte, h.alg.size)
					h.alg.extract(prk, secret, salt)
					if !bytes.Equal(prk, want) {
						t.Fatalf("extract(%x, %x) = %x, want %x", secret, salt, prk, want)
					}
					if want, err = hkdf.Expand(h.std, secret, info, size); err != nil {
						t.Fatal(err)
					}
					okm := make([]byte, size)
					h.alg.expand(okm, secret, info)
					if !bytes.Equal(okm, want) {
						t.Fatalf("expand(%x, %x, %d) = %x, want %x", secret, info, size, okm, want)
					}
					for i, f := range []func() hash.Hash{h.ours, h.std, func() hash.Hash { return h.ours() }} {
						want, _ := hkdf.Key(h.std, secret, salt, info, size)
						if got, err := Key(f, secret, salt, info, size); err != nil || !bytes.Equal(got, want) {
							t.Fatalf("%d: Key(%x, %x, %x, %d) = %x, %v, want %x", i, secret, salt, info, size, got, err, want)
						}
					}
				}
				check(a, b, c, r.IntN(301))
				check(b, a, c, r.IntN(301))
				check(b, nil, string(a), n)
			}
		})
	}
}

func FuzzKey(f *testing.F) {
	f.Add(byte(1), []byte("secret"), []byte("salt"), "info", uint16(42))
	f.Add(byte(4), make([]byte, 129), make([]byte, 128), strings.Repeat("info", 50), uint16(255*64+1))
	f.Fuzz(func(t *testing.T, i byte, secret, salt []byte, info string, n uint16) {
		h := shas[int(i)%len(shas)]
		want, wantErr := hkdf.Key(h.std, secret, salt, info, int(n))
		got, err := Key(h.ours, secret, salt, info, int(n))
		if !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%s: Key(%x, %x, %x, %d) = %x, %v, want %x, %v", h.name, secret, salt, info, n, got, err, want, wantErr)
		}
	})
}

// The generic functions and crypto/hkdf's return the same errors.
func TestErrors(t *testing.T) {
	for _, h := range shas {
		limit := 255 * h.alg.size
		for _, f := range []func() hash.Hash{h.ours, h.std} {
			for _, n := range []int{0, limit, limit + 1, math.MaxInt} {
				_, wantErr := hkdf.Expand(h.std, nil, "", min(n, limit+1))
				okm, err := Expand(f, nil, "", n)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || err == nil && (okm == nil || len(okm) != n) {
					t.Errorf("%s: Expand of %d bytes returns %d, %v, want error %v", h.name, n, len(okm), err, wantErr)
				}
				okm, err = Key(f, nil, nil, "", n)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || err == nil && (okm == nil || len(okm) != n) {
					t.Errorf("%s: Key of %d bytes returns %d, %v, want error %v", h.name, n, len(okm), err, wantErr)
				}
			}
			if !h.alg.kernel {
				continue // crypto/hkdf's own panics
			}
			mustPanic(t, "hkdf: negative key length", func() { Expand(f, nil, "", -1) })
			mustPanic(t, "hkdf: negative key length", func() { Key(f, nil, nil, "", -1) })
		}
	}
	if _, err := Expand(sha1.New, nil, "", 255*sha1.Size+1); err == nil {
		t.Error("no error")
	}
}

func mustPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if s, _ := recover().(string); s != text {
			t.Errorf("panic %q, want %q", s, text)
		}
	}()
	f()
}

// other is a hash function that looks like SHA-256.
type other struct{ hash.Hash }

func (other) AppendBinary(b []byte) ([]byte, error) { return b, nil }

// identify knows each constructor, also behind a function of the caller's, and
// takes nothing else for one.
func TestIdentify(t *testing.T) {
	for _, h := range shas {
		for i, f := range []func() hash.Hash{h.ours, h.std, func() hash.Hash { return h.ours() }, func() hash.Hash { return h.std() }} {
			if got := identify(f); got != h.alg {
				t.Errorf("%s, constructor %d: identified as %+v", h.name, i, got)
			}
		}
		for i, f := range []func() hash.Hash{
			func() hash.Hash { d := h.ours(); d.Write([]byte{1}); return d },
			func() hash.Hash { d := h.std(); d.Write(make([]byte, 128)); return d },
			func() hash.Hash { return other{h.ours()} },
			func() hash.Hash { return hmac.New(h.std, nil) },
		} {
			if got := identify(f); got != nil {
				t.Errorf("%s, wrong constructor %d: identified as %+v", h.name, i, got)
			}
			want, _ := hkdf.Key(f, []byte("secret"), []byte("salt"), "info", 100)
			if got, err := Key(f, []byte("secret"), []byte("salt"), "info", 100); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, wrong constructor %d: Key is %x, %v, want %x", h.name, i, got, err, want)
			}
		}
	}
	if identify(sha1.New) != nil || identify(sha3.New256) != nil {
		t.Error("identified as SHA-2")
	}
	// A constructor of a concrete type, as crypto/sha3's.
	want, _ := hkdf.Key(sha3.New256, []byte("secret"), nil, "info", 100)
	if got, err := Key(sha3.New256, []byte("secret"), nil, "info", 100); err != nil || !bytes.Equal(got, want) {
		t.Errorf("SHA3-256: Key is %x, %v, want %x", got, err, want)
	}
	want, _ = hkdf.Key(crypto.SHA384.New, []byte("secret"), nil, "info", 100)
	if got, err := Key(crypto.SHA384.New, []byte("secret"), nil, "info", 100); err != nil || !bytes.Equal(got, want) {
		t.Errorf("crypto.SHA384: Key is %x, %v, want %x", got, err, want)
	}
}

// Nothing is read beyond the arguments.
func TestGuard(t *testing.T) {
	guards := [3]*cryptotest.Guard{cryptotest.NewGuard(t, 300), cryptotest.NewGuard(t, 300), cryptotest.NewGuard(t, 300)}
	for _, h := range shas {
		for n := range 300 {
			secret, salt, info := guards[0].End(n), guards[1].End(299-n), guards[2].End(n/2)
			if err := cryptotest.Fault(func() {
				prk := make([]byte, h.alg.size)
				h.alg.extract(prk, secret, salt)
				h.alg.expand(secret, salt, unsafe.String(unsafe.SliceData(info), len(info)))
			}); err != nil {
				t.Fatalf("%s, %d bytes: %v", h.name, n, err)
			}
		}
	}
}

// While FIPS 140 is enforced, everything is as in crypto/hkdf, and there is no
// HMAC.
func TestFIPS(t *testing.T) {
	if os.Getenv("GODEBUG") == "fips140=only" {
		for _, h := range shas {
			for _, secret := range []string{"too short", "long enough for 112 bits"} {
				want, wantErr := hkdf.Key(h.std, []byte(secret), nil, "info", 100)
				got, err := Key(h.ours, []byte(secret), nil, "info", 100)
				if !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%s: Key is %x, %v; want %x, %v", h.name, got, err, want, wantErr)
				}
			}
			if _, err := NewHMAC(h.ours, make([]byte, 32)); err == nil {
				t.Errorf("%s: an HMAC", h.name)
			}
		}
		if _, err := Extract(sha1.New, make([]byte, 32), nil); err == nil {
			t.Error("SHA-1: no error")
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

func TestAllocs(t *testing.T) {
	secret, salt := make([]byte, 32), make([]byte, 32)
	for _, h := range shas {
		if !h.alg.kernel {
			continue // crypto/hkdf's own
		}
		calling := func() hash.Hash { return h.ours() }
		for _, c := range []struct {
			name string
			want float64
			f    func()
		}{
			{"Extract", 1, func() { Extract(h.ours, secret, salt) }},
			{"Expand", 1, func() { Expand(h.ours, secret, "info", 32) }},
			{"Key", 1, func() { Key(h.ours, secret, salt, "info", 32) }},
			{"Extract, std", 1, func() { Extract(h.std, secret, salt) }},
			{"Extract, calling", 2, func() { Extract(calling, secret, salt) }},
		} {
			if n := testing.AllocsPerRun(100, c.f); n != c.want {
				t.Errorf("%s, %s: %v allocations, want %v", h.name, c.name, n, c.want)
			}
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	benchmark(b, func(h func() hash.Hash, prk []byte) { Extract(h, prk, prk) },
		func(h func() hash.Hash, prk []byte) { hkdf.Extract(h, prk, prk) })
}

func BenchmarkExpand(b *testing.B) {
	benchmark(b, func(h func() hash.Hash, prk []byte) { Expand(h, prk, "tls13 key", 32) },
		func(h func() hash.Hash, prk []byte) { hkdf.Expand(h, prk, "tls13 key", 32) })
}

func benchmark(b *testing.B, ours, std func(h func() hash.Hash, prk []byte)) {
	prk := make([]byte, 32)
	for _, h := range shas {
		b.Run("impl=sealane/alg=hkdf-"+h.name+"/tier="+h.alg.tierName(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ours(h.ours, prk)
			}
		})
		b.Run("impl=std/alg=hkdf-"+h.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				std(h.std, prk)
			}
		})
	}
}
