package p256

import (
	"crypto/rand"
	"strings"
	"testing"
)

// A key that was cleared holds nothing and is of no use.
func TestClear(t *testing.T) {
	k, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub := k.PublicKey()
	k.Clear()
	if k.d != [4]uint64{} || k.tiers != (tiers{}) || k.public.Load() != nil {
		t.Error("the key is still there")
	}
	for name, f := range map[string]func(){
		"ECDH":      func() { k.ECDH(pub) },
		"PublicKey": func() { k.PublicKey() },
		"Bytes":     func() { k.Bytes() },
		"Clear":     func() { k.Clear() },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "p256: PrivateKey not made") {
					t.Errorf("%s of a cleared key: panic %q", name, text)
				}
			}()
			f()
		}()
	}
}
