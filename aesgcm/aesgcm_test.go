package aesgcm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// tiers are those that this package has kernels for, and generic.
var tiers = []cpu.Tier{cpu.VAES512, cpu.VAES256, cpu.AESNI, cpu.Generic}

func std(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func TestContract(t *testing.T) {
	cryptotest.Tiers(t, "aesgcm", tiers, func(t *testing.T, tier cpu.Tier) {
		cryptotest.AEAD(t, "aesgcm", func(key []byte) (cipher.AEAD, error) { return newTier(key, tier) }, std, []int{16, 24, 32})
	})
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
	const text = "aesgcm: AEAD not made by New"
	nonce, msg := make([]byte, NonceSize), make([]byte, 64)
	for name, a := range map[string]*AEAD{"zero": new(AEAD), "nil": nil} {
		t.Run(name, func(t *testing.T) {
			mustPanic(t, text, func() { a.Seal(nil, nonce, msg, nil) })
			mustPanic(t, text, func() { a.SealSuffix(nil, nonce, msg, msg, nil) })
			mustPanic(t, text, func() { a.Open(nil, nonce, msg, nil) })
			mustPanic(t, text, func() { a.OpenSuffix(msg[:1], msg[1:2], nonce, msg[2:20], nil) })
			mustPanic(t, text, func() { a.Tier() })
		})
	}
}

func TestNew(t *testing.T) {
	for n := range 65 {
		a, err := New(make([]byte, n))
		switch n {
		case 16, 24, 32:
			if err != nil || a == nil {
				t.Errorf("%d bytes: %v", n, err)
			}
			if a.Tier() != hostTier.String() || a.NonceSize() != 12 || a.Overhead() != 16 {
				t.Errorf("%d bytes: tier %s, nonce %d, overhead %d", n, a.Tier(), a.NonceSize(), a.Overhead())
			}
		default:
			if want := KeySizeError(n); err != want || a != nil {
				t.Errorf("%d bytes: error %v, want %v", n, err, want)
			}
		}
	}
	if got := KeySizeError(5).Error(); got != "aesgcm: invalid key size 5" {
		t.Error(got)
	}
	if hostTier == cpu.Generic {
		return
	}
	key := make([]byte, 32)
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
	cryptotest.Tiers(t, "aesgcm", tiers, func(t *testing.T, tier cpu.Tier) {
		a, err := newTier(make([]byte, 16), tier)
		if err != nil {
			t.Fatal(err)
		}
		var b byte
		n := uint64(maxPlaintext)
		long := lengthOnly(&b, n+1)
		nonce := make([]byte, NonceSize)
		mustPanic(t, "aesgcm: message too large", func() { a.Seal(nil, nonce, long, nil) })
		mustPanic(t, "aesgcm: message too large", func() { a.SealSuffix(nil, nonce, long[:n], long[:1], nil) })
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

func TestSealSuffix(t *testing.T) {
	cryptotest.Tiers(t, "aesgcm", tiers, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(1, uint64(tier)))
		key := make([]byte, 16)
		cryptotest.Fill(r, key)
		a, err := newTier(key, tier)
		if err != nil {
			t.Fatal(err)
		}
		ref, _ := std(key)
		nonce := make([]byte, NonceSize)
		buf := make([]byte, 200<<10)
		for _, n := range []int{0, 1, 15, 16, 17, 255, 256, 1023, 1024, 1025, 2047, 2048, 2049, 4096, 16384, 65535, 65536, 65537, 150000} {
			for _, m := range []int{0, 1, 2, 16, 63, 64, 255, 1024, 3000} {
				msg := make([]byte, n+m)
				cryptotest.Fill(r, msg)
				cryptotest.Fill(r, nonce)
				ad := msg[:min(len(msg), r.IntN(70))]
				want := ref.Seal(nil, nonce, msg, ad)
				if got := a.SealSuffix(buf[:0], nonce, msg[:n], msg[n:], ad); !bytes.Equal(got, want) {
					t.Fatalf("%d and %d bytes: differs from Seal", n, m)
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
				suffix := bytes.Clone(msg[n:])
				in := append(buf[:3], msg[:n]...)
				if got := a.SealSuffix(in[:3], nonce, in[3:], suffix, bytes.Clone(ad)); !bytes.Equal(got[3:], want) {
					t.Fatalf("%d and %d bytes in place: differs from Seal", n, m)
				}
			}
		}
		x := buf[:64]
		const overlap = "aesgcm: invalid buffer overlap of output and input"
		mustPanic(t, overlap, func() { a.SealSuffix(x[:0], nonce, x[1:9], nil, nil) })
		mustPanic(t, overlap, func() { a.SealSuffix(x[:0], nonce, x[:8], x[8:9], nil) })
		mustPanic(t, "aesgcm: invalid buffer overlap of output and additional data", func() { a.SealSuffix(x[:0], nonce, x[:8], nil, x[3:5]) })
		mustPanic(t, "aesgcm: incorrect nonce length given to SealSuffix", func() { a.SealSuffix(x[:0], nonce[:8], x[:8], nil, nil) })
		mustPanic(t, overlap, func() { a.OpenSuffix(x[1:9], nonce[:1], nonce, x[:25], nil) })
		mustPanic(t, overlap, func() { a.OpenSuffix(x[:8], x[8:9], nonce, x[:25], nil) })
		mustPanic(t, overlap, func() { a.OpenSuffix(x[40:48], x[47:48], nonce, x[:25], nil) })
		mustPanic(t, "aesgcm: incorrect ciphertext length given to OpenSuffix", func() { a.OpenSuffix(x[:8], nonce[:1], nonce, x[:26], nil) })
		mustPanic(t, "aesgcm: incorrect nonce length given to OpenSuffix", func() { a.OpenSuffix(x[:8], nonce[:1], nonce[1:], x[:25], nil) })
		if n := testing.AllocsPerRun(20, func() { a.OpenSuffix(buf[:20000], nonce[:1], nonce, buf[30000:50017], nil) }); n != 0 {
			t.Errorf("OpenSuffix allocates %v times", n)
		}
		if n := testing.AllocsPerRun(20, func() { a.SealSuffix(buf[:0], nonce, buf[:20000], nonce[:1], nil) }); n != 0 {
			t.Errorf("SealSuffix allocates %v times", n)
		}
	})
}

// In FIPS 140-only mode New must refuse. The mode is chosen when a program
// starts, so the test runs itself again.
func TestFIPSOnly(t *testing.T) {
	if fips140.Enforced() {
		if a, err := New(make([]byte, 16)); err == nil || a != nil {
			t.Errorf("New: %v, %v", a, err)
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
