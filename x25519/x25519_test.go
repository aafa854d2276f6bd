package x25519

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"testing"
)

func TestStandard(t *testing.T) {
	for range 50 {
		k, err := GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ecdh.X25519().NewPrivateKey(k.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(k.PublicKey().Bytes(), s.PublicKey().Bytes()) {
			t.Fatal("public key")
		}
		j, err := GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := k.ECDH(j.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		b, err := j.KeyExchanger().ECDH(s.PublicKey())
		if err != nil || !bytes.Equal(a, b) {
			t.Fatal(err, "secrets differ")
		}
		x, err := X25519(k.Bytes(), Basepoint)
		if err != nil || !bytes.Equal(x, s.PublicKey().Bytes()) {
			t.Fatal(err, "X25519")
		}
	}
	var _ crypto.PublicKey = new(PublicKey)
}

func TestTwin(t *testing.T) {
	for range 20 {
		k, err := GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		p := k.PublicKey().key
		if b := twinBase(&k.key); b != p {
			t.Fatal("base")
		}
		s, err := k.ECDH(k.PublicKey())
		if b := twinX25519(&k.key, &p); err != nil || !bytes.Equal(b[:], s) {
			t.Fatal("ladder", err)
		}
	}
}
