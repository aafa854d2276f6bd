package vectors

import (
	"bytes"
	"crypto"
	_ "crypto/sha256"
	"crypto/sha3"
	_ "crypto/sha512"
	"math/big"
	"testing"

	"github.com/sealane/sealane/p256"
)

// p256Shared: "acceptable" are compressed public keys, which we take.
func p256Shared(t *testing.T, name string) (n int) {
	type group struct {
		Curve, Encoding string
		Tests           []struct {
			test
			Public, Private, Shared hexBytes
		}
	}
	for _, g := range wycheproofGroups[group](t, name) {
		if g.Curve != "secp256r1" || g.Encoding != "ecpoint" {
			t.Fatalf("a group of %s, %s", g.Curve, g.Encoding)
		}
		for _, v := range g.Tests {
			n++
			// Private keys are integers here, with zeros before them or not.
			k, err := p256.NewPrivateKey(new(big.Int).SetBytes(v.Private).FillBytes(make([]byte, p256.PrivateKeySize)))
			if err != nil {
				v.failf(t, "private key: %v", err)
				continue
			}
			p, err := p256.NewPublicKey(v.Public)
			if (err == nil) != (v.Result != "invalid") {
				v.failf(t, "public key: %v", err)
			}
			if err != nil {
				continue
			}
			if got, err := k.ECDH(p); err != nil || !bytes.Equal(got, v.Shared) {
				v.failf(t, "ECDH: %x, %v", got, err)
			}
		}
	}
	return n
}

var p256Hashes = map[string]func(b []byte) []byte{
	"SHA-256":  hashed(crypto.SHA256),
	"SHA-512":  hashed(crypto.SHA512),
	"SHA3-256": hashed(crypto.SHA3_256),
	"SHA3-512": hashed(crypto.SHA3_512),
	"SHAKE128": func(b []byte) []byte { return sha3.SumSHAKE128(b, 32) },
}

func hashed(h crypto.Hash) func(b []byte) []byte {
	return func(b []byte) []byte {
		d := h.New()
		d.Write(b)
		return d.Sum(nil)
	}
}

// p256Verify returns the test of a function that verifies signatures.
func p256Verify(verify func(p *p256.PublicKey, digest, sig []byte) bool) func(t *testing.T, name string) int {
	return func(t *testing.T, name string) (n int) {
		type group struct {
			PublicKey struct{ Uncompressed hexBytes }
			Sha       string
			Tests     []struct {
				test
				Msg, Sig hexBytes
			}
		}
		for _, g := range wycheproofGroups[group](t, name) {
			hash, ok := p256Hashes[g.Sha]
			if !ok {
				t.Fatalf("a group with %s", g.Sha)
			}
			p, err := p256.NewPublicKey(g.PublicKey.Uncompressed)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range g.Tests {
				n++
				if got := verify(p, hash(v.Msg), v.Sig); got != (v.Result == "valid") {
					v.failf(t, "verified: %v", got)
				}
			}
		}
		return n
	}
}
