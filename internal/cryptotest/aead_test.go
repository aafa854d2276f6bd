package cryptotest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sealane/sealane/internal/alias"
)

var gcmKeySizes = []int{16, 24, 32}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

var errOpen = errors.New("toy: message authentication failed")

// A toy is the standard library's GCM with this module's manners, and one
// fault at most.
type toy struct {
	cipher.AEAD
	key   []byte
	fault string
	busy  atomic.Int32 // goroutines in Seal, for "is not concurrent"
}

func newToy(fault string) func(key []byte) (cipher.AEAD, error) {
	return func(key []byte) (cipher.AEAD, error) {
		if fault == "a key of any size" && len(key) < 16 {
			key = make([]byte, 16)
		}
		a, err := newGCM(key)
		if err != nil {
			return nil, err
		}
		if fault == "reads behind the key" {
			sink += read(key, len(key))
		}
		if fault == "reads before the key" {
			sink += read(key, -1)
		}
		return &toy{AEAD: a, key: key, fault: fault}, nil
	}
}

var sink byte

func (a *toy) check(dst, nonce, in, ad []byte, n int) []byte {
	if a.fault == "keeps the key" {
		a.AEAD, _ = newGCM(a.key)
	}
	if len(nonce) != 12 {
		if a.fault == "takes any nonce" {
			nonce = append(nonce, make([]byte, 12)...)[:12]
		} else if a.fault == "panics without its name" {
			panic("wrong nonce length")
		} else {
			panic("toy: wrong nonce length")
		}
	}
	var out []byte
	if cap(dst)-len(dst) >= n {
		out = dst[len(dst) : len(dst)+n]
	}
	if alias.Inexact(out, in) && a.fault != "lets buffers overlap" || alias.Any(out, ad) && a.fault != "lets additional data overlap" {
		panic("toy: invalid buffer overlap")
	}
	switch a.fault {
	case "reads behind the input":
		sink += read(in, len(in))
	case "reads before the input":
		sink += read(in, -1)
	case "reads behind the nonce":
		sink += read(nonce, len(nonce))
	case "reads behind the additional data":
		sink += read(ad, len(ad))
	case "reads before the output":
		sink += read(out, -1)
	case "reads behind the output":
		sink += read(out, len(out))
	case "refuses to work in place":
		if alias.Any(out, in) {
			panic("toy: in place")
		}
	}
	return nonce
}

func (a *toy) Seal(dst, nonce, text, ad []byte) []byte {
	nonce = a.check(dst, nonce, text, ad, len(text)+16)
	switch {
	case a.fault == "forgets long additional data" && len(ad) > 60000:
		ad = ad[:60000]
	case a.fault == "overwrites the prefix" && len(dst) > 0:
		dst[0] = 0
	case a.fault == "returns no prefix":
		dst = dst[len(dst):]
	case a.fault == "allocates":
		text = append([]byte{}, text...)
	case a.fault == "is wrong when misaligned" && align64(text) == 64-33:
		return a.AEAD.Seal(dst, nonce, make([]byte, len(text)), ad)
	case a.fault == "is not concurrent":
		defer a.busy.Add(-1)
		if a.busy.Add(1) > 1 {
			text = make([]byte, len(text))
		}
		runtime.Gosched()
	}
	n := len(dst)
	dst = a.AEAD.Seal(dst, nonce, text, ad)
	switch {
	case a.fault == "changes its input" && len(ad) > 0:
		ad[0] ^= 1
	case a.fault == "is wrong at 477 bytes" && len(text) == 477:
		dst[n+470] ^= 1
	case a.fault == "writes behind the output" && cap(dst) > len(dst):
		dst[:len(dst)+1][len(dst)] = 0
	}
	return dst
}

func (a *toy) Open(dst, nonce, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < 16 {
		if a.fault == "has an error for short input" {
			return nil, errors.New("toy: short")
		}
		return nil, errOpen
	}
	nonce = a.check(dst, nonce, sealed, ad, len(sealed)-16)
	text := dst[len(dst):]
	if n := len(sealed) - 16; n <= cap(text) {
		text = text[:n]
	}
	if a.fault == "ignores a bit of the tag" {
		sealed = bytes.Clone(sealed)
		want := a.AEAD.Seal(nil, nonce, decrypt(a.AEAD, nonce, sealed), ad)
		sealed[len(sealed)-3] = want[len(sealed)-3]
	}
	var plain []byte
	if a.fault == "leaves text after a failure" {
		plain = decrypt(a.AEAD, nonce, sealed)
	}
	dst, err := a.AEAD.Open(dst, nonce, sealed, ad)
	if err != nil {
		copy(text, plain)
		if a.fault == "returns bytes beside the error" {
			return text, errOpen
		}
		return nil, errOpen
	}
	if a.fault == "opens wrongly" && len(dst) == 300 {
		dst[299] ^= 1
	}
	return dst, nil
}

// decrypt decrypts without authentication.
func decrypt(a cipher.AEAD, nonce, sealed []byte) []byte {
	stream := a.Seal(nil, nonce, make([]byte, len(sealed)-16), nil)
	text := make([]byte, len(sealed)-16)
	for i := range text {
		text[i] = stream[i] ^ sealed[i]
	}
	return text
}

// Each fault of an AEAD is found by the check that looks for it, for the right
// reason.
func TestAEADFindsFaults(t *testing.T) {
	for _, c := range []struct{ fault, check, text string }{
		{"a key of any size", "keys", "a key of 0 bytes: error <nil>"},
		{"keeps the key", "keys", "overwritten after use"},
		{"is wrong at 477 bytes", "lengths", "differs from byte 470"},
		{"is wrong at 477 bytes", "inplace", "differs from byte 470"},
		{"opens wrongly", "lengths", "Open differs from byte 299"},
		{"opens wrongly", "ad", "Open differs from byte 299"},
		{"forgets long additional data", "ad", "65535 of additional data: Seal differs"},
		{"is wrong when misaligned", "alignment", "at offset 33: Seal differs"},
		{"overwrites the prefix", "append", "the prefix is lost"},
		{"returns no prefix", "append", "the prefix is lost"},
		{"writes behind the output", "append", "writes behind the result"},
		{"refuses to work in place", "inplace", "toy: in place"},
		{"changes its input", "lengths", "Seal changes an input"},
		{"lets buffers overlap", "overlap", "Seal of 1 bytes to an output -16 bytes from its input"},
		{"lets additional data overlap", "overlap", "overlaps the additional data: the panic \"crypto/cipher:"},
		{"takes any nonce", "nonce", "Seal with a nonce of 0 bytes: no panic"},
		{"panics without its name", "nonce", "does not start with"},
		{"ignores a bit of the tag", "tamper", "of the tag changed: no error"},
		{"leaves text after a failure", "tamper", "array after the failure"},
		{"returns bytes beside the error", "tamper", "beside an error"},
		{"has an error for short input", "tamper", "elsewhere"},
		{"allocates", "allocs", "Seal of 1 bytes allocates"},
		{"reads behind the key", "guard", "a key that ends before an inaccessible page: memory fault"},
		{"reads before the key", "guard", "a key that starts behind an inaccessible page: memory fault"},
		{"reads behind the input", "guard", "ends before an inaccessible page: memory fault"},
		{"reads before the input", "guard", "starts behind an inaccessible page: memory fault"},
		{"reads behind the nonce", "guard", "ends before an inaccessible page: memory fault"},
		{"reads behind the additional data", "guard", "ends before an inaccessible page: memory fault"},
		{"reads before the output", "guard", "starts behind an inaccessible page: memory fault"},
		{"reads behind the output", "guard", "ends before an inaccessible page: memory fault"},
		{"is not concurrent", "concurrency", "Seal differs"},
	} {
		t.Run(c.fault+"/"+c.check, func(t *testing.T) {
			if c.check == "guard" && !guarded {
				t.Skip("no guard pages here")
			}
			if c.check == "allocs" && raceEnabled {
				t.Skip("no allocations counted under the race detector")
			}
			a := &aead{t, "toy", newToy(c.fault), newGCM, gcmKeySizes}
			for _, check := range aeadChecks {
				if check.name == c.check {
					wantError(t, func() error { return check.run(a) }, c.text)
				}
			}
		})
	}
}

// generic makes an AEAD say that it is of tier generic.
type generic struct{ cipher.AEAD }

func (generic) Tier() string { return "generic" }

// Tier generic may allocate as much as the reference, and no more.
func TestGenericAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("no allocations counted under the race detector")
	}
	allocating := func(key []byte) (cipher.AEAD, error) {
		a, err := newToy("allocates")(key)
		return generic{a}, err
	}
	a := &aead{t, "toy", allocating, newGCM, gcmKeySizes}
	wantError(t, a.allocs, "Seal of 1 bytes allocates")
	a = &aead{t, "toy", allocating, newToy("allocates"), gcmKeySizes}
	if err := a.allocs(); err != nil {
		t.Error(err)
	}
}

// wantError fails the test unless f returns an error, or panics, with text.
func wantError(t *testing.T, f func() error, text string) {
	t.Helper()
	var err error
	if fault := Fault(func() { err = f() }); fault != nil {
		err = fault
	}
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("found %v, want %q", err, text)
	}
}

// An AEAD without fault passes every check.
func TestAEADPasses(t *testing.T) {
	AEAD(t, "toy", newToy(""), newGCM, gcmKeySizes)
}
