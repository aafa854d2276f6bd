package x25519_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"fmt"

	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/sha2"
	"github.com/sealane/sealane/x25519"
)

// Two parties agree on a key.
func Example() {
	alice, err := x25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	bob, err := x25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}

	// Each sends its public key, and makes a public key of what it receives. The
	// secret is no key yet: derive one, and let both public keys take part.
	agree := func(k *x25519.PrivateKey, received []byte, first, second []byte) []byte {
		peer, err := x25519.NewPublicKey(received)
		if err != nil {
			panic(err)
		}
		secret, err := k.ECDH(peer)
		if err != nil {
			panic(err)
		}
		key, err := hkdf.Key(sha2.New256, secret, nil, "example v1"+string(first)+string(second), 32)
		if err != nil {
			panic(err)
		}
		return key
	}
	a, b := alice.PublicKey().Bytes(), bob.PublicKey().Bytes()
	fmt.Println(bytes.Equal(agree(alice, b, a, b), agree(bob, a, a, b)))
	// Output: true
}

// Keys of crypto/ecdh work with this package's, and the other way round.
func ExampleFromECDH() {
	std, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	k, err := x25519.FromECDH(std)
	if err != nil {
		panic(err)
	}
	peer, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	p, err := x25519.PublicFromECDH(peer.PublicKey())
	if err != nil {
		panic(err)
	}
	ours, err := k.ECDH(p)
	if err != nil {
		panic(err)
	}
	theirs, err := peer.ECDH(std.PublicKey())
	if err != nil {
		panic(err)
	}
	fmt.Println(bytes.Equal(ours, theirs))
	// Output: true
}

// Code that takes an ecdh.KeyExchanger, as the standard library's does for keys
// that are kept elsewhere, runs on this package's keys.
func ExamplePrivateKey_KeyExchanger() {
	agree := func(x ecdh.KeyExchanger, peer *ecdh.PublicKey) []byte {
		secret, err := x.ECDH(peer)
		if err != nil {
			panic(err)
		}
		return secret
	}
	k, err := x25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	std, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	fmt.Println(bytes.Equal(agree(k.KeyExchanger(), std.PublicKey()), agree(std, k.KeyExchanger().PublicKey())))
	// Output: true
}

func ExampleX25519() {
	scalar := make([]byte, x25519.ScalarSize)
	rand.Read(scalar)
	public, err := x25519.X25519(scalar, x25519.Basepoint)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(public))
	// Output: 32
}
