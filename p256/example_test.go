package p256_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"

	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/sha2"
)

// Two sides exchange public keys and derive the same key.
func ExamplePrivateKey_ECDH() {
	alice, err := p256.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	bob, err := p256.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	toBob, toAlice := alice.PublicKey().Bytes(), bob.PublicKey().Bytes()

	derive := func(own *p256.PrivateKey, received []byte) []byte {
		peer, err := p256.NewPublicKey(received)
		if err != nil {
			log.Fatal(err) // not a point of the curve
		}
		secret, err := own.ECDH(peer)
		if err != nil {
			log.Fatal(err)
		}
		key, err := hkdf.Key(sha2.New256, secret, nil, string(toBob)+string(toAlice), 32)
		if err != nil {
			log.Fatal(err)
		}
		return key
	}
	fmt.Println(bytes.Equal(derive(alice, toAlice), derive(bob, toBob)))
	// Output: true
}

func ExampleSignASN1() {
	key, err := p256.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	digest := sha256.Sum256([]byte("a message"))
	sig, err := p256.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p256.VerifyASN1(key.PublicKey(), digest[:], sig))
	digest[0] ^= 1
	fmt.Println(p256.VerifyASN1(key.PublicKey(), digest[:], sig))
	// Output:
	// true
	// false
}

// A private key serves wherever a crypto.Signer is asked for.
func ExamplePrivateKey_SignMessage() {
	key, err := p256.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	message := []byte("a message")
	sig, err := crypto.SignMessage(key, rand.Reader, message, crypto.SHA256)
	if err != nil {
		log.Fatal(err)
	}
	digest := sha256.Sum256(message)
	fmt.Println(ecdsa.VerifyASN1(key.Public().(*ecdsa.PublicKey), digest[:], sig))
	// Output: true
}

// PKCS #8 private keys, as in PEM files, by crypto/x509.
func ExampleFromECDSA() {
	const file = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX
Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth
+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ
-----END PRIVATE KEY-----`
	block, _ := pem.Decode([]byte(file))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	std, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		log.Fatal("not an ECDSA key")
	}
	key, err := p256.FromECDSA(std)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x\n", key.Bytes())

	der, err := x509.MarshalPKCS8PrivateKey(key.ToECDSA())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bytes.Equal(der, block.Bytes))
	// Output:
	// c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721
	// true
}

// PKIX public keys, as in certificates, by crypto/x509.
func ExamplePublicFromECDSA() {
	key, err := p256.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.PublicKey().ToECDSA())
	if err != nil {
		log.Fatal(err)
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		log.Fatal(err)
	}
	std, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		log.Fatal("not an ECDSA key")
	}
	public, err := p256.PublicFromECDSA(std)
	fmt.Println(public.Equal(key.PublicKey()), err)
	// Output: true <nil>
}
