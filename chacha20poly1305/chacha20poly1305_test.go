package chacha20poly1305

import (
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/sealane/sealane/internal/cryptotest"
)

func aead(a *AEAD, err error) (cipher.AEAD, error) {
	if err != nil {
		return nil, err // not a nil *AEAD in an interface
	}
	return a, nil
}

func TestContract(t *testing.T) {
	for name, f := range map[string]struct {
		ours func([]byte) (*AEAD, error)
		ref  func([]byte) (cipher.AEAD, error)
	}{
		"ChaCha20":  {New, chacha20poly1305.New},
		"XChaCha20": {NewX, chacha20poly1305.NewX},
	} {
		t.Run(name, func(t *testing.T) {
			ours := func(key []byte) (cipher.AEAD, error) { return aead(f.ours(key)) }
			cryptotest.AEAD(t, "chacha20poly1305", ours, f.ref, []int{KeySize})
		})
	}
}

func TestNotMade(t *testing.T) {
	for name, a := range map[string]*AEAD{"zero": new(AEAD), "nil": nil} {
		for method, f := range map[string]func(){
			"Seal":      func() { a.Seal(nil, make([]byte, 12), nil, nil) },
			"Open":      func() { a.Open(nil, make([]byte, 12), make([]byte, 16), nil) },
			"Tier":      func() { a.Tier() },
			"NonceSize": func() { a.NonceSize() },
		} {
			t.Run(name+"/"+method, func(t *testing.T) {
				defer func() {
					if got := recover(); got != "chacha20poly1305: AEAD not made by New or NewX" {
						t.Errorf("panicked with %v", got)
					}
				}()
				f()
			})
		}
	}
}

// The vector of RFC 8439, Section 2.8.2.
func TestRFC8439(t *testing.T) {
	key := make([]byte, KeySize)
	for i := range key {
		key[i] = 0x80 + byte(i)
	}
	nonce, _ := hex.DecodeString("070000004041424344454647")
	ad, _ := hex.DecodeString("50515253c0c1c2c3c4c5c6c7")
	const text = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
	a, err := New(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := a.Seal(nil, nonce, []byte(text), ad)
	if got := hex.EncodeToString(sealed[len(text):]); got != "1ae10b594f09e26a7e902ecbd0600691" {
		t.Errorf("tag %s", got)
	}
}

func Example() {
	aead, err := New(make([]byte, KeySize))
	if err != nil {
		panic(err)
	}
	nonce := make([]byte, aead.NonceSize()) // a counter: never twice with one key
	sealed := aead.Seal(nil, nonce, []byte("attack at dawn"), nil)
	opened, err := aead.Open(nil, nonce, sealed, nil)
	fmt.Printf("%s %v\n", opened, err)
	// Output: attack at dawn <nil>
}
