package hkdf

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/sha2"
)

// shas are the SHA-2 functions: this module's constructor, the standard
// library's, and what identify makes of both.
var shas = []struct {
	name      string
	ours, std func() hash.Hash
	alg       *alg
}{
	{"sha-224", sha2.New224, sha256.New224, &algs[4]},
	{"sha-256", sha2.New256, sha256.New, &algs[0]},
	{"sha-384", sha2.New384, sha512.New384, &algs[1]},
	{"sha-512", sha2.New512, sha512.New, &algs[2]},
	{"sha-512-224", sha2.New512_224, sha512.New512_224, &algs[5]},
	{"sha-512-256", sha2.New512_256, sha512.New512_256, &algs[3]},
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Every length up to 300 of each argument, the others varying.
func TestDifferential(t *testing.T) {
	for _, h := range shas {
		t.Run("alg="+h.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for n := range 301 {
				a, b, c := random(r, n), random(r, r.IntN(301)), string(random(r, r.IntN(301)))
				// The tables take a turn as each of the arguments.
				check := func(secret, salt []byte, info string, size int) {
					t.Helper()
					want, err := hkdf.Extract(h.std, secret, salt)
					if err != nil {
						t.Fatal(err)
					}
					prk := make([]byte, h.alg.size)
					h.alg.extract(prk, secret, salt)
					if !bytes.Equal(prk, want) {
						t.Fatalf("extract(%x, %x) = %x, want %x", secret, salt, prk, want)
					}
					if want, err = hkdf.Expand(h.std, secret, info, size); err != nil {
						t.Fatal(err)
					}
					okm := make([]byte, size)
					h.alg.expand(okm, secret, info)
					if !bytes.Equal(okm, want) {
						t.Fatalf("expand(%x, %x, %d) = %x, want %x", secret, info, size, okm, want)
					}
					for i, f := range []func() hash.Hash{h.ours, h.std, func() hash.Hash { return h.ours() }} {
						want, _ := hkdf.Key(h.std, secret, salt, info, size)
						if got, err := Key(f, secret, salt, info, size); err != nil || !bytes.Equal(got, want) {
							t.Fatalf("%d: Key(%x, %x, %x, %d) = %x, %v, want %x", i, secret, salt, info, size, got, err, want)
						}
					}
				}
				check(a, b, c, r.IntN(301))
				check(b, a, c, r.IntN(301))
				check(b, nil, string(a), n)

				m, err := NewHMAC(h.ours, a)
				if err != nil {
					t.Fatal(err)
				}
				ref := hmac.New(h.std, a)
				ref.Write(b)
				want := ref.Sum(nil)
				if got := m.AppendMAC(nil, b); !bytes.Equal(got, want) {
					t.Fatalf("HMAC(%x, %x) = %x, want %x", a, b, got, want)
				}
			}
		})
	}
}

func TestAllocs(t *testing.T) {
	for _, h := range shas {
		secret, salt := make([]byte, 32), make([]byte, 32)
		for _, c := range []struct {
			name string
			most float64
			f    func()
		}{
			{"Extract", 1, func() { Extract(h.ours, secret, salt) }},
			{"Expand", 1, func() { Expand(h.ours, secret, "info", 32) }},
			{"Key", 1, func() { Key(h.ours, secret, salt, "info", 32) }},
			{"Extract std", 1, func() { Extract(h.std, secret, salt) }},
			{"Extract calling", 2, func() { Extract(func() hash.Hash { return h.ours() }, secret, salt) }},
		} {
			if n := testing.AllocsPerRun(100, c.f); n > c.most && h.alg.kernel {
				t.Errorf("%s, %s: %v allocations, want %v", h.name, c.name, n, c.most)
			}
		}
	}
}
