package aesgcm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"testing"
)

func TestSmoke(t *testing.T) {
	key := make([]byte, 16)
	a, err := New(key)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := aes.NewCipher(key)
	g, _ := cipher.NewGCM(b)
	nonce := make([]byte, 12)
	if !bytes.Equal(a.Seal(nil, nonce, key, key), g.Seal(nil, nonce, key, key)) {
		t.Error("differs from the standard library")
	}
	if !bytes.Equal(a.SealSuffix(nil, nonce, key, nonce, key), g.Seal(nil, nonce, append(bytes.Clone(key), nonce...), key)) {
		t.Error("suffix differs from the standard library")
	}
}
