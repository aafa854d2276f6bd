package vectors

import (
	"bytes"
	"crypto/cipher"
	"hash"
	"testing"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/chacha20poly1305"
	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/sha2"
	"github.com/sealane/sealane/x25519"
)

// TestWycheproof runs the files of Wycheproof that are about our primitives. A
// set returns how many vectors it ran: that number is part of the test.
func TestWycheproof(t *testing.T) {
	for _, set := range []struct {
		name string
		want int
		run  func(t *testing.T, name string) int
	}{
		{"aes_gcm", 316, aead(aesgcm.NonceSize, func(key []byte) (cipher.AEAD, error) { return aesgcm.New(key) })},
		{"chacha20_poly1305", 325, aead(chacha20poly1305.NonceSize, func(key []byte) (cipher.AEAD, error) { return chacha20poly1305.New(key) })},
		{"xchacha20_poly1305", 315, aead(chacha20poly1305.NonceSizeX, func(key []byte) (cipher.AEAD, error) { return chacha20poly1305.NewX(key) })},
		{"hmac_sha224", 172, hmac(sha2.New224)},
		{"hmac_sha256", 174, hmac(sha2.New256)},
		{"hmac_sha384", 174, hmac(sha2.New384)},
		{"hmac_sha512", 174, hmac(sha2.New512)},
		{"hmac_sha512_224", 173, hmac(sha2.New512_224)},
		{"hmac_sha512_256", 175, hmac(sha2.New512_256)},
		{"hkdf_sha256", 86, hkdfKey(sha2.New256)},
		{"hkdf_sha384", 83, hkdfKey(sha2.New384)},
		{"hkdf_sha512", 83, hkdfKey(sha2.New512)},
		{"x25519", 518, x25519Shared},
		{"ecdh_secp256r1_ecpoint", 355, p256Shared},
		{"ecdsa_secp256r1_sha256", 484, p256Verify(p256.VerifyASN1)},
		{"ecdsa_secp256r1_sha512", 554, p256Verify(p256.VerifyASN1)},
		{"ecdsa_secp256r1_sha3_256", 482, p256Verify(p256.VerifyASN1)},
		{"ecdsa_secp256r1_sha3_512", 548, p256Verify(p256.VerifyASN1)},
		{"ecdsa_secp256r1_shake128", 480, p256Verify(p256.VerifyASN1)},
		{"ecdsa_secp256r1_sha256_p1363", 262, p256Verify(p256.Verify)},
		{"ecdsa_secp256r1_sha512_p1363", 332, p256Verify(p256.Verify)},
	} {
		t.Run(set.name, func(t *testing.T) {
			if n := set.run(t, set.name); n != set.want {
				t.Errorf("%d vectors, want %d", n, set.want)
			}
		})
	}
}

// A test is what all vectors of Wycheproof have.
type test struct {
	TcID    int
	Comment string
	Flags   []string
	Result  string
}

// failf reports a fault and which vector shows it.
func (v *test) failf(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Errorf("vector %d (%s, %v, %s): "+format, append([]any{v.TcID, v.Comment, v.Flags, v.Result}, args...)...)
}

// aead returns the test of an AEAD with nonces of one size. Vectors with nonces
// of other sizes must panic.
func aead(nonceSize int, newAEAD func(key []byte) (cipher.AEAD, error)) func(t *testing.T, name string) int {
	return func(t *testing.T, name string) (n int) {
		type group struct {
			IvSize, TagSize int
			Tests           []struct {
				test
				Key, Iv, Aad, Msg, Ct, Tag hexBytes
			}
		}
		for _, g := range wycheproofGroups[group](t, name) {
			for _, v := range g.Tests {
				n++
				a, err := newAEAD(v.Key)
				if err != nil {
					v.failf(t, "key: %v", err)
					continue
				}
				sealed := append(bytes.Clone(v.Ct), v.Tag...)
				if g.IvSize != 8*nonceSize {
					if !panics(func() { a.Seal(nil, v.Iv, v.Msg, v.Aad) }) || !panics(func() { a.Open(nil, v.Iv, sealed, v.Aad) }) {
						v.failf(t, "no panic with a nonce of %d bits", g.IvSize)
					}
					continue
				}
				if g.TagSize != 128 {
					v.failf(t, "tag of %d bits", g.TagSize)
				}
				got, err := a.Open(nil, v.Iv, sealed, v.Aad)
				if v.Result != "valid" {
					if err == nil {
						v.failf(t, "opened")
					}
					continue
				}
				if err != nil || !bytes.Equal(got, v.Msg) {
					v.failf(t, "opened %x, %v", got, err)
				}
				if got := a.Seal(nil, v.Iv, v.Msg, v.Aad); !bytes.Equal(got, sealed) {
					v.failf(t, "sealed %x", got)
				}
			}
		}
		return n
	}
}

func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return
}

func hmac(h func() hash.Hash) func(t *testing.T, name string) int {
	return func(t *testing.T, name string) (n int) {
		type group struct {
			TagSize int
			Tests   []struct {
				test
				Key, Msg, Tag hexBytes
			}
		}
		for _, g := range wycheproofGroups[group](t, name) {
			for _, v := range g.Tests {
				n++
				m, err := hkdf.NewHMAC(h, v.Key)
				if err != nil {
					v.failf(t, "key: %v", err)
					continue
				}
				mac := m.AppendMAC(nil, v.Msg)
				d := m.New()
				d.Write(v.Msg)
				if !bytes.Equal(d.Sum(nil), mac) {
					v.failf(t, "AppendMAC and New differ")
				}
				if !m.Verify(v.Msg, mac) {
					v.failf(t, "not verified")
				}
				valid := v.Result == "valid"
				if g.TagSize == 8*len(mac) && m.Verify(v.Msg, v.Tag) != valid {
					v.failf(t, "Verify returns %v", !valid)
				}
				if bytes.Equal(mac[:g.TagSize/8], v.Tag) != valid {
					v.failf(t, "MAC %x", mac)
				}
			}
		}
		return n
	}
}

func hkdfKey(h func() hash.Hash) func(t *testing.T, name string) int {
	return func(t *testing.T, name string) (n int) {
		type group struct {
			Tests []struct {
				test
				Ikm, Salt, Info, Okm hexBytes
				Size                 int
			}
		}
		for _, g := range wycheproofGroups[group](t, name) {
			for _, v := range g.Tests {
				n++
				got, err := hkdf.Key(h, v.Ikm, v.Salt, string(v.Info), v.Size)
				if v.Result != "valid" {
					if err == nil {
						v.failf(t, "no error")
					}
				} else if err != nil || !bytes.Equal(got, v.Okm) {
					v.failf(t, "%x, %v", got, err)
				}
			}
		}
		return n
	}
}

// x25519Shared: "acceptable" are public keys that are not canonical, on the
// twist, or of low order. We take all but those that lead to a secret of zeros.
func x25519Shared(t *testing.T, name string) (n int) {
	type group struct {
		Curve string
		Tests []struct {
			test
			Public, Private, Shared hexBytes
		}
	}
	for _, g := range wycheproofGroups[group](t, name) {
		for _, v := range g.Tests {
			n++
			k, err := x25519.NewPrivateKey(v.Private)
			if err != nil {
				v.failf(t, "private key: %v", err)
				continue
			}
			p, err := x25519.NewPublicKey(v.Public)
			if err != nil {
				v.failf(t, "public key: %v", err)
				continue
			}
			zero := bytes.Equal(v.Shared, make([]byte, 32))
			got, err := k.ECDH(p)
			if (err != nil) != zero || err == nil && !bytes.Equal(got, v.Shared) {
				v.failf(t, "ECDH: %x, %v", got, err)
			}
			got, err = x25519.X25519(v.Private, v.Public)
			if (err != nil) != zero || err == nil && !bytes.Equal(got, v.Shared) {
				v.failf(t, "X25519: %x, %v", got, err)
			}
		}
	}
	return n
}
