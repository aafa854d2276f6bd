package chacha20poly1305_test

import (
	"crypto/rand"
	"fmt"

	"github.com/sealane/sealane/chacha20poly1305"
)

func Example() {
	key := make([]byte, chacha20poly1305.KeySize)
	rand.Read(key)
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		panic(err)
	}

	nonce := make([]byte, aead.NonceSize()) // a counter: never twice with one key
	header := []byte("sent in the clear, and authenticated")
	sealed := aead.Seal(nil, nonce, []byte("attack at dawn"), header)

	opened, err := aead.Open(nil, nonce, sealed, header)
	fmt.Printf("%s %v\n", opened, err)

	sealed[0] ^= 1
	_, err = aead.Open(nil, nonce, sealed, header)
	fmt.Println(err)
	// Output:
	// attack at dawn <nil>
	// chacha20poly1305: message authentication failed
}

func ExampleNewX() {
	aead, err := chacha20poly1305.NewX(make([]byte, chacha20poly1305.KeySize))
	if err != nil {
		panic(err)
	}
	// 24 bytes are enough for nonces to be random. Here one stands before its
	// message, which is sealed in place behind it.
	buf := make([]byte, aead.NonceSize(), aead.NonceSize()+64+aead.Overhead())
	rand.Read(buf)
	buf = aead.Seal(buf, buf[:aead.NonceSize()], []byte("attack at dawn"), nil)

	opened, err := aead.Open(nil, buf[:aead.NonceSize()], buf[aead.NonceSize():], nil)
	fmt.Printf("%s %v\n", opened, err)
	// Output: attack at dawn <nil>
}
