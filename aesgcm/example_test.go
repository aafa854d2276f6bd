package aesgcm_test

import (
	"crypto/rand"
	"fmt"

	"github.com/sealane/sealane/aesgcm"
)

func Example() {
	key := make([]byte, 32)
	rand.Read(key)
	aead, err := aesgcm.New(key)
	if err != nil {
		panic(err)
	}

	// One nonce, one message: a counter serves if only one side seals with the
	// key, random bytes serve for up to 2^32 messages.
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	header := []byte("sent in the clear, and authenticated")
	sealed := aead.Seal(nil, nonce, []byte("attack at dawn"), header)

	opened, err := aead.Open(nil, nonce, sealed, header)
	fmt.Printf("%s %v\n", opened, err)

	sealed[0] ^= 1
	_, err = aead.Open(nil, nonce, sealed, header)
	fmt.Println(err)
	// Output:
	// attack at dawn <nil>
	// aesgcm: message authentication failed
}

func ExampleAEAD_Seal_inPlace() {
	aead, err := aesgcm.New(make([]byte, 16))
	if err != nil {
		panic(err)
	}
	nonce := make([]byte, aead.NonceSize())
	// With room for the tag behind the plaintext nothing is allocated or copied.
	buf := append(make([]byte, 0, 64+aead.Overhead()), "plaintext"...)
	buf = aead.Seal(buf[:0], nonce, buf, nil)
	fmt.Println(len(buf))
	// Output: 25
}
