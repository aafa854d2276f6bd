package chacha20poly1305

import (
	"bytes"
	"crypto/cipher"
	"crypto/fips140"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// tiers are those that this package has kernels for, and generic.
var tiers = append(slices.Clip(kernelTiers), cpu.Generic)

// variants are the two AEADs and x/crypto's.
var variants = []struct {
	name  string
	nonce int
	ref   func(key []byte) (cipher.AEAD, error)
}{
	{"chacha20-poly1305", NonceSize, chacha20poly1305.New},
	{"xchacha20-poly1305", NonceSizeX, chacha20poly1305.NewX},
}

func TestContract(t *testing.T) {
	cryptotest.Tiers(t, "chacha20poly1305", tiers, func(t *testing.T, tier cpu.Tier) {
		for _, v := range variants {
			t.Run("alg="+v.name, func(t *testing.T) {
				ours := func(key []byte) (cipher.AEAD, error) {
					a, err := newTier(key, v.nonce, tier)
					if err != nil {
						return nil, err // not a nil *AEAD in an interface
					}
					return a, nil
				}
				cryptotest.AEAD(t, "chacha20poly1305", ours, v.ref, []int{KeySize})
			})
		}
	})
}

func TestSuffix(t *testing.T) {
	cryptotest.Tiers(t, "chacha20poly1305", tiers, func(t *testing.T, tier cpu.Tier) {
		for _, v := range variants {
			t.Run("alg="+v.name, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, uint64(tier)))
				key := filled(r, KeySize)
				a, err := newTier(key, v.nonce, tier)
				if err != nil {
					t.Fatal(err)
				}
				ref, _ := v.ref(key)
				testSuffix(t, r, a, ref)
			})
		}
	})
}

func testSuffix(t *testing.T, r *rand.Rand, a *AEAD, ref cipher.AEAD) {
	buf := make([]byte, 200<<10)
	for _, n := range []int{0, 1, 15, 16, 63, 64, 255, 256, 1023, 1024, 1025, 2047, 2048, 2049, 16384, 65535, 65536, 150000} {
		for _, m := range []int{0, 1, 2, 16, 255, 3000} {
			msg, nonce := filled(r, n+m), filled(r, a.NonceSize())
			ad := msg[:min(len(msg), r.IntN(100))]
			want := ref.Seal(nil, nonce, msg, ad)
			if got := a.SealSuffix(buf[:0], nonce, msg[:n], msg[n:], ad); !bytes.Equal(got, want) {
				t.Fatalf("%d and %d bytes: differs from Seal", n, m)
			}
			suffix := bytes.Clone(msg[n:])
			in := append(buf[:3], msg[:n]...)
			if got := a.SealSuffix(in[:3], nonce, in[3:], suffix, bytes.Clone(ad)); !bytes.Equal(got[3:], want) {
				t.Fatalf("%d and %d bytes in place: differs from Seal", n, m)
			}
			sealed := bytes.Clone(want)
			first, last := make([]byte, n), make([]byte, m)
			if err := a.OpenSuffix(first, last, nonce, sealed, ad); err != nil || !bytes.Equal(first, msg[:n]) || !bytes.Equal(last, msg[n:]) {
				t.Fatalf("%d and %d bytes: OpenSuffix: %v", n, m, err)
			}
			sealed = append(sealed[:0], want...)
			if err := a.OpenSuffix(sealed[:n], last, nonce, sealed, ad); err != nil || !bytes.Equal(sealed[:n], msg[:n]) || !bytes.Equal(last, msg[n:]) {
				t.Fatalf("%d and %d bytes in place: OpenSuffix: %v", n, m, err)
			}
			sealed = append(sealed[:0], want...)
			sealed[r.IntN(len(sealed))] ^= 0x40
			if err := a.OpenSuffix(first, last, nonce, sealed, ad); err != errOpen || !bytes.Equal(first, make([]byte, n)) || !bytes.Equal(last, make([]byte, m)) {
				t.Fatalf("%d and %d bytes, forged: OpenSuffix: %v, or not cleared", n, m, err)
			}
		}
	}
	const (
		overlap   = "chacha20poly1305: invalid buffer overlap of output and input"
		overlapAD = "chacha20poly1305: invalid buffer overlap of output and additional data"
	)
	x, nonce, last := buf[:64], make([]byte, a.NonceSize()), make([]byte, 1)
	mustPanic(t, overlap, func() { a.SealSuffix(x[:0], nonce, x[1:9], nil, nil) })
	mustPanic(t, overlap, func() { a.SealSuffix(x[:0], nonce, x[:8], x[8:9], nil) })
	mustPanic(t, overlapAD, func() { a.SealSuffix(x[:0], nonce, x[:8], nil, x[3:5]) })
	mustPanic(t, overlapAD, func() { a.OpenSuffix(x[:8], last, nonce, x[:25], x[20:22]) })
	mustPanic(t, overlap, func() { a.OpenSuffix(x[1:9], last, nonce, x[:25], nil) })
	mustPanic(t, overlap, func() { a.OpenSuffix(x[:8], x[8:9], nonce, x[:25], nil) })
	mustPanic(t, overlap, func() { a.OpenSuffix(x[40:48], x[47:48], nonce, x[:25], nil) })
	mustPanic(t, "chacha20poly1305: incorrect nonce length given to SealSuffix", func() { a.SealSuffix(x[:0], nonce[:8], x[:8], nil, nil) })
	mustPanic(t, "chacha20poly1305: incorrect ciphertext length given to OpenSuffix", func() { a.OpenSuffix(x[:8], last, nonce, x[:26], nil) })
	mustPanic(t, "chacha20poly1305: incorrect nonce length given to OpenSuffix", func() { a.OpenSuffix(x[:8], last, nonce[1:], x[:25], nil) })
	if a.tier == cpu.Generic {
		return // x/crypto's portable code may allocate
	}
	if n := testing.AllocsPerRun(20, func() { a.OpenSuffix(buf[:20000], last, nonce, buf[30000:50017], nil) }); n != 0 {
		t.Errorf("OpenSuffix allocates %v times", n)
	}
	if n := testing.AllocsPerRun(20, func() { a.SealSuffix(buf[:0], nonce, buf[:20000], last, nil) }); n != 0 {
		t.Errorf("SealSuffix allocates %v times", n)
	}
}

func mustPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != text {
			t.Errorf("panicked with %v, want %q", got, text)
		}
	}()
	f()
}

func TestNotMade(t *testing.T) {
	const text = "chacha20poly1305: AEAD not made by New or NewX"
	nonce, msg := make([]byte, NonceSize), make([]byte, 64)
	for name, a := range map[string]*AEAD{"zero": new(AEAD), "nil": nil} {
		t.Run(name, func(t *testing.T) {
			mustPanic(t, text, func() { a.Seal(nil, nonce, msg, nil) })
			mustPanic(t, text, func() { a.Open(nil, nonce, msg, nil) })
			mustPanic(t, text, func() { a.SealSuffix(nil, nonce, msg, msg, nil) })
			mustPanic(t, text, func() { a.OpenSuffix(msg[:1], msg[1:2], nonce, msg[2:20], nil) })
			mustPanic(t, text, func() { a.Tier() })
			mustPanic(t, text, func() { a.NonceSize() })
		})
	}
}

func TestNew(t *testing.T) {
	for n := range 65 {
		for nonce, f := range map[int]func([]byte) (*AEAD, error){NonceSize: New, NonceSizeX: NewX} {
			a, err := f(make([]byte, n))
			if n != KeySize {
				if err == nil || a != nil {
					t.Errorf("a key of %d bytes: %v, %v", n, a, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.Tier() != hostTier.String() || a.NonceSize() != nonce || a.Overhead() != 16 {
				t.Errorf("tier %s, nonce %d, overhead %d", a.Tier(), a.NonceSize(), a.Overhead())
			}
		}
	}
	if hostTier == cpu.Generic {
		return
	}
	key := make([]byte, KeySize)
	var a *AEAD
	if n := testing.AllocsPerRun(100, func() { a, _ = New(key) }); n != 1 {
		t.Errorf("New allocates %v times", n)
	}
	_ = a
}

// A message longer than the limit is refused before it is looked at: the slices
// here are lengths without memory behind them.
func TestTooLong(t *testing.T) {
	if math.MaxInt < 1<<40 {
		t.Skip("slices can't be that long here")
	}
	cryptotest.Tiers(t, "chacha20poly1305", tiers, func(t *testing.T, tier cpu.Tier) {
		a, err := newTier(make([]byte, KeySize), NonceSize, tier)
		if err != nil {
			t.Fatal(err)
		}
		var b byte
		n := uint64(maxPlaintext)
		nonce := make([]byte, NonceSize)
		mustPanic(t, "chacha20poly1305: message too large", func() { a.Seal(nil, nonce, lengthOnly(&b, n+1), nil) })
		if _, err := a.Open(nil, nonce, lengthOnly(&b, n+Overhead+1), nil); err != errOpen {
			t.Errorf("Open: %v", err)
		}
	})
}

// lengthOnly returns a slice of n bytes of which all but the first are not
// there. The race detector's build would check it.
//
//go:nocheckptr
func lengthOnly(b *byte, n uint64) []byte { return unsafe.Slice(b, n) }

// vectors are the AEAD examples of the specifications.
var vectors = []struct {
	source, key, nonce, ad, text, sealed string
}{
	{
		"RFC 8439, Section 2.8.2",
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "070000004041424344454647",
		"50515253c0c1c2c3c4c5c6c7", sunscreen,
		"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
			"1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
			"3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
	},
	{
		"draft-irtf-cfrg-xchacha-03, Appendix A.3.1",
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "404142434445464748494a4b4c4d4e4f5051525354555657",
		"50515253c0c1c2c3c4c5c6c7", sunscreen,
		"bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39" +
			"ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" +
			"21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
	},
}

const sunscreen = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."

func TestVectors(t *testing.T) {
	cryptotest.Tiers(t, "chacha20poly1305", tiers, func(t *testing.T, tier cpu.Tier) {
		for _, v := range vectors {
			nonce, ad, want := unhex(v.nonce), unhex(v.ad), unhex(v.sealed)
			a, err := newTier(unhex(v.key), len(nonce), tier)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.Seal(nil, nonce, []byte(v.text), ad); !bytes.Equal(got, want) {
				t.Errorf("%s: sealed %x, want %x", v.source, got, want)
			}
			if got, err := a.Open(nil, nonce, want, ad); err != nil || string(got) != v.text {
				t.Errorf("%s: opened %q, %v", v.source, got, err)
			}
		}
	})
}

// In FIPS 140-only mode New must refuse. The mode is chosen when a program
// starts, so the test runs itself again.
func TestFIPSOnly(t *testing.T) {
	if fips140.Enforced() {
		for _, f := range []func([]byte) (*AEAD, error){New, NewX} {
			if a, err := f(make([]byte, KeySize)); err == nil || a != nil {
				t.Errorf("New: %v, %v", a, err)
			}
		}
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestFIPSOnly$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("emulated: the system can't start the test binary by itself")
	}
	if bytes.Contains(out, []byte("fips140: FIPS 140-3 mode is incompatible with")) {
		t.Skip("the standard library has no FIPS mode in this build")
	}
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestFIPSOnly")) {
		t.Errorf("%v\n%s", err, out)
	}
}
