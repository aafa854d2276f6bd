package sha2

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"testing"
)

// algorithms are the hashes of this package beside the standard library's.
var algorithms = []struct {
	name        string
	size, block int
	new, ref    func() hash.Hash
	sum, refSum func([]byte) []byte
}{
	{"sha-224", Size224, BlockSize224, New224, sha256.New224,
		func(b []byte) []byte { s := Sum224(b); return s[:] }, func(b []byte) []byte { s := sha256.Sum224(b); return s[:] }},
	{"sha-256", Size256, BlockSize256, New256, sha256.New,
		func(b []byte) []byte { s := Sum256(b); return s[:] }, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
	{"sha-384", Size384, BlockSize384, New384, sha512.New384,
		func(b []byte) []byte { s := Sum384(b); return s[:] }, func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }},
	{"sha-512", Size512, BlockSize512, New512, sha512.New,
		func(b []byte) []byte { s := Sum512(b); return s[:] }, func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }},
	{"sha-512-224", Size512_224, BlockSize512_224, New512_224, sha512.New512_224,
		func(b []byte) []byte { s := Sum512_224(b); return s[:] }, func(b []byte) []byte { s := sha512.Sum512_224(b); return s[:] }},
	{"sha-512-256", Size512_256, BlockSize512_256, New512_256, sha512.New512_256,
		func(b []byte) []byte { s := Sum512_256(b); return s[:] }, func(b []byte) []byte { s := sha512.Sum512_256(b); return s[:] }},
}

func TestSum(t *testing.T) {
	for _, alg := range algorithms {
		t.Run("alg="+alg.name, func(t *testing.T) {
			msg := bytes.Repeat([]byte("sealane "), 100)
			for n := range len(msg) {
				if got, want := alg.sum(msg[:n]), alg.refSum(msg[:n]); !bytes.Equal(got, want) {
					t.Fatalf("%d bytes: %x, want %x", n, got, want)
				}
				h := alg.new()
				h.Write(msg[:n/3])
				h.Write(msg[n/3 : n])
				if got, want := h.Sum(nil), alg.refSum(msg[:n]); !bytes.Equal(got, want) {
					t.Fatalf("%d bytes in two writes: %x, want %x", n, got, want)
				}
			}
		})
	}
}

func TestGeneric(t *testing.T) {
	msg := bytes.Repeat([]byte("sealane "), 100)
	for n := range len(msg) {
		if got, want := Finish256(&iv256, msg[:n], uint64(n)), sha256.Sum256(msg[:n]); got != want {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
		if got, want := Finish512(&iv512, msg[:n], uint64(n)), sha512.Sum512(msg[:n]); got != want {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
	}
}

func TestAllocs(t *testing.T) {
	b := make([]byte, 100)
	s256, s512 := IV256(), IV512()
	for _, c := range []struct {
		name string
		want float64
		f    func()
	}{
		{"Block256", 0, func() { Block256(&s256, b[:64]) }},
		{"Finish256", 0, func() { Finish256(&s256, b, 100) }},
		{"Block512", 0, func() { Block512(&s512, b[:0]) }},
		{"Finish512", 0, func() { Finish512(&s512, b, 100) }},
		{"Sum224", 0, func() { Sum224(b) }},
		{"Sum256", 0, func() { Sum256(b) }},
		{"Sum384", 0, func() { Sum384(b) }},
		{"Sum512", 0, func() { Sum512(b) }},
		{"Sum512_224", 0, func() { Sum512_224(b) }},
		{"Sum512_256", 0, func() { Sum512_256(b) }},
		{"New256", 1, func() { sink = New256() }},
		{"New512", 1, func() { sink = New512() }},
	} {
		if got := testing.AllocsPerRun(100, c.f); got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
		}
	}
}

var sink hash.Hash
