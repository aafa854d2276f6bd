package aesgcm

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cryptotest"
)

// A twin is AES-GCM as SP 800-38D defines it, one bit at a time: what every
// kernel is held against. Nothing in it depends on a secret but the values.
type twin struct {
	block cipher.Block
	h     element // E(0^128): Section 7.1, step 1
}

// An element of GF(2^128) as Section 6.3 writes it: bit 0 of the block is the
// most significant bit of hi and the coefficient of x^0.
type element struct{ hi, lo uint64 }

func newTwin(key []byte) *twin {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	var h [16]byte
	block.Encrypt(h[:], h[:])
	return &twin{block, elementOf(h[:])}
}

func elementOf(b []byte) element {
	return element{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (a element) bytes() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return b
}

// mul is Algorithm 1 of Section 6.3.
func (a element) mul(b element) (z element) {
	v := b
	for i := range 128 {
		word := a.hi
		if i >= 64 {
			word = a.lo
		}
		m := -(word >> (63 - i%64) & 1)
		z.hi ^= v.hi & m
		z.lo ^= v.lo & m
		r := -(v.lo & 1) // R = 11100001 || 0^120
		v.lo = v.lo>>1 | v.hi<<63
		v.hi = v.hi>>1 ^ r&(0xe1<<56)
	}
	return z
}

// ghash is Algorithm 2 (Section 6.4) started from y, over p padded with zeros
// to whole blocks.
func (t *twin) ghash(y element, p []byte) element {
	for len(p) > 0 {
		var x [16]byte
		p = p[copy(x[:], p):]
		e := elementOf(x[:])
		y.hi ^= e.hi
		y.lo ^= e.lo
		y = y.mul(t.h)
	}
	return y
}

// ctr is Algorithm 3 (Section 6.5) with the 96-bit nonce and the first counter
// given: the counter is incremented mod 2^32 (Section 6.2).
func (t *twin) ctr(nonce []byte, counter uint32, src []byte) []byte {
	dst := make([]byte, len(src))
	for i := 0; i < len(src); i += 16 {
		var b [16]byte
		copy(b[:], nonce)
		binary.BigEndian.PutUint32(b[12:], counter)
		counter++
		t.block.Encrypt(b[:], b[:])
		for j := range min(16, len(src)-i) {
			dst[i+j] = src[i+j] ^ b[j]
		}
	}
	return dst
}

// tag is steps 4 to 6 of Algorithm 4 (Section 7.1), for a GHASH of y over the
// additional data and all of the ciphertext.
func (t *twin) tag(nonce []byte, y element, adBits, ctBits uint64) []byte {
	var lengths [16]byte
	binary.BigEndian.PutUint64(lengths[:], adBits)
	binary.BigEndian.PutUint64(lengths[8:], ctBits)
	s := t.ghash(y, lengths[:]).bytes()
	return t.ctr(nonce, 1, s[:])
}

// seal is Algorithm 4.
func (t *twin) seal(nonce, plaintext, ad []byte) []byte {
	ct := t.ctr(nonce, 2, plaintext)
	y := t.ghash(t.ghash(element{}, ad), ct)
	return append(ct, t.tag(nonce, y, 8*uint64(len(ad)), 8*uint64(len(ct)))...)
}

// open is Algorithm 5.
func (t *twin) open(nonce, sealed, ad []byte) ([]byte, bool) {
	ct, tag := sealed[:len(sealed)-16], sealed[len(sealed)-16:]
	y := t.ghash(t.ghash(element{}, ad), ct)
	want := t.tag(nonce, y, 8*uint64(len(ad)), 8*uint64(len(ct)))
	return t.ctr(nonce, 2, ct), bytes.Equal(tag, want)
}

// nistVectors are the test cases with 96-bit nonces of McGrew and Viega, "The
// Galois/Counter Mode of Operation (GCM)", which was submitted to NIST.
var nistVectors = []struct {
	name, key, nonce, plaintext, ad, tag string
}{
	{"1", "00000000000000000000000000000000", "000000000000000000000000", "", "",
		"58e2fccefa7e3061367f1d57a4e7455a"},
	{"2", "00000000000000000000000000000000", "000000000000000000000000", "00000000000000000000000000000000", "",
		"ab6e47d42cec13bdf53a67b21257bddf"},
	{"3", "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", nistPlaintext, "",
		"4d5c2af327cd64a62cf35abd2ba6fab4"},
	{"4", "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", nistPlaintext[:120], nistAD,
		"5bc94fbc3221a5db94fae95ae7121a47"},
	{"7", "000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
		"cd33b28ac773f74ba00ed1f312572435"},
	{"8", "000000000000000000000000000000000000000000000000", "000000000000000000000000", "00000000000000000000000000000000", "",
		"2ff58d80033927ab8ef4d4587514f0fb"},
	{"9", "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabefacedbaddecaf888", nistPlaintext, "",
		"9924a7c8587336bfb118024db8674a14"},
	{"10", "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabefacedbaddecaf888", nistPlaintext[:120], nistAD,
		"2519498e80f1478f37ba55bd6d27618c"},
	{"13", "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
		"530f8afbc74536b9a963b4f1c4cb738b"},
	{"14", "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "00000000000000000000000000000000", "",
		"d0d1c8a799996bf0265b98b5d48ab919"},
	{"15", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", nistPlaintext, "",
		"b094dac5d93471bdec1a502270e3cc6c"},
	{"16", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", nistPlaintext[:120], nistAD,
		"76fc6ece0f4e1768cddf8853bb2d551b"},
}

const (
	nistPlaintext = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
	nistAD = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestTwinVectors(t *testing.T) {
	for _, v := range nistVectors {
		t.Run("case="+v.name, func(t *testing.T) {
			key, nonce, pt, ad := unhex(v.key), unhex(v.nonce), unhex(v.plaintext), unhex(v.ad)
			sealed := newTwin(key).seal(nonce, pt, ad)
			if got := hex.EncodeToString(sealed[len(pt):]); got != v.tag {
				t.Errorf("tag %s, want %s", got, v.tag)
			}
			if want := stdGCM(t, key).Seal(nil, nonce, pt, ad); !bytes.Equal(sealed, want) {
				t.Errorf("sealed %x, want %x", sealed, want)
			}
		})
	}
}

func TestTwinStd(t *testing.T) {
	r := rand.New(rand.NewPCG(38, 4))
	for _, keySize := range []int{16, 24, 32} {
		t.Run(fmt.Sprintf("key=%d", 8*keySize), func(t *testing.T) {
			key, nonce := filled(r, keySize), filled(r, NonceSize)
			w, std := newTwin(key), stdGCM(t, key)
			for n := range 100 {
				pt, ad := filled(r, n), filled(r, r.IntN(70))
				want := std.Seal(nil, nonce, pt, ad)
				if got := w.seal(nonce, pt, ad); !bytes.Equal(got, want) {
					t.Fatalf("seal of %d bytes: %x, want %x", n, got, want)
				}
				got, ok := w.open(nonce, want, ad)
				if !ok || !bytes.Equal(got, pt) {
					t.Fatalf("open of %d bytes: %x, %t, want %x", n, got, ok, pt)
				}
				want[r.IntN(len(want))] ^= 1 << r.IntN(8)
				if _, ok := w.open(nonce, want, ad); ok {
					t.Fatalf("%d bytes: a changed bit went unseen", n)
				}
			}
		})
	}
}

func stdGCM(t testing.TB, key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

// filled returns n new bytes of every bit density.
func filled(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	cryptotest.Fill(r, b)
	return b
}
