package chacha20poly1305

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/sealane/sealane/internal/cryptotest"
)

// A twin is ChaCha20-Poly1305 as RFC 8439 defines it, one block and one word at
// a time: what every kernel is held against.
type twin struct{ key [8]uint32 }

func newTwin(key []byte) *twin {
	w := new(twin)
	for i := range w.key {
		w.key[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	return w
}

// rounds is the 20 rounds of Section 2.3 on a state.
func rounds(x *[16]uint32) {
	quarter := func(a, b, c, d int) { // Section 2.1
		x[a] += x[b]
		x[d] = bits.RotateLeft32(x[d]^x[a], 16)
		x[c] += x[d]
		x[b] = bits.RotateLeft32(x[b]^x[c], 12)
		x[a] += x[b]
		x[d] = bits.RotateLeft32(x[d]^x[a], 8)
		x[c] += x[d]
		x[b] = bits.RotateLeft32(x[b]^x[c], 7)
	}
	for range 10 {
		for i := range 4 {
			quarter(i, 4+i, 8+i, 12+i)
		}
		for i := range 4 {
			quarter(i, 4+(i+1)%4, 8+(i+2)%4, 12+(i+3)%4)
		}
	}
}

// state is the first one of Section 2.3, with last in its last row.
func (w *twin) state(last [4]uint32) (x [16]uint32) {
	copy(x[:], []uint32{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574})
	copy(x[4:], w.key[:])
	copy(x[12:], last[:])
	return x
}

// block is the block function of Section 2.3.
func (w *twin) block(nonce []byte, counter uint32) (b [64]byte) {
	le := binary.LittleEndian
	first := w.state([4]uint32{counter, le.Uint32(nonce), le.Uint32(nonce[4:]), le.Uint32(nonce[8:])})
	x := first
	rounds(&x)
	for i := range x {
		le.PutUint32(b[4*i:], x[i]+first[i])
	}
	return b
}

// xor is the encryption of Section 2.4 from a counter on.
func (w *twin) xor(nonce []byte, counter uint32, src []byte) []byte {
	dst := bytes.Clone(src)
	for i := 0; i < len(dst); i += 64 {
		for j, b := range w.block(nonce, counter) {
			if i+j < len(dst) {
				dst[i+j] ^= b
			}
		}
		counter++
	}
	return dst
}

// oneTime is the key of Poly1305 for a nonce (Section 2.6), its halves as numbers,
// the first one clamped (Section 2.5).
func (w *twin) oneTime(nonce []byte) (r, s *big.Int) {
	b := w.block(nonce, 0)
	for i := 3; i < 16; i += 4 {
		b[i] &= 15
	}
	for i := 4; i < 16; i += 4 {
		b[i] &= 252
	}
	return number(b[:16]), number(b[16:32])
}

// number reads a little-endian number.
func number(b []byte) *big.Int {
	b = bytes.Clone(b)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return new(big.Int).SetBytes(b)
}

var prime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 130), big.NewInt(5))

// poly folds p, padded with zeros to whole blocks, into h: Section 2.5 with the
// padding of Section 2.8. It changes h.
func poly(h, r *big.Int, p []byte) *big.Int {
	for len(p) > 0 {
		var b [17]byte
		p = p[copy(b[:16], p):]
		b[16] = 1
		h.Add(h, number(b[:]))
		h.Mod(h.Mul(h, r), prime)
	}
	return h
}

// tag is the end of Section 2.8, for a sum h over the additional data and all of
// the ciphertext.
func tag(h, r, s *big.Int, adLen, ctLen uint64) []byte {
	lengths := binary.LittleEndian.AppendUint64(nil, adLen)
	h = poly(new(big.Int).Set(h), r, binary.LittleEndian.AppendUint64(lengths, ctLen))
	b := h.Add(h, s).FillBytes(make([]byte, 17))
	out := make([]byte, 16)
	for i := range out {
		out[i] = b[16-i]
	}
	return out
}

// seal is Section 2.8.
func (w *twin) seal(nonce, plaintext, ad []byte) []byte {
	ct := w.xor(nonce, 1, plaintext)
	r, s := w.oneTime(nonce)
	h := poly(poly(new(big.Int), r, ad), r, ct)
	return append(ct, tag(h, r, s, uint64(len(ad)), uint64(len(ct)))...)
}

// hchacha20 is draft-irtf-cfrg-xchacha-03, Section 2.2.
func (w *twin) hchacha20(nonce []byte) []byte {
	le := binary.LittleEndian
	x := w.state([4]uint32{le.Uint32(nonce), le.Uint32(nonce[4:]), le.Uint32(nonce[8:]), le.Uint32(nonce[12:])})
	rounds(&x)
	var out []byte
	for _, i := range []int{0, 1, 2, 3, 12, 13, 14, 15} {
		out = le.AppendUint32(out, x[i])
	}
	return out
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// filled returns n new bytes of every bit density.
func filled(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	cryptotest.Fill(r, b)
	return b
}

// The vectors of RFC 8439 for the parts.
func TestTwinVectors(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	b := newTwin(key).block(unhex("000000090000004a00000000"), 1)
	if got, want := hex.EncodeToString(b[:]), "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"+
		"d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"; got != want {
		t.Errorf("Section 2.3.2: %s, want %s", got, want)
	}
	r, s := number(unhex("85d6be7857556d337f4452fe42d506a8")), number(unhex("0103808afb0db2fd4abff6af4149f51b"))
	r.And(r, new(big.Int).SetBytes(unhex("0ffffffc0ffffffc0ffffffc0fffffff")))
	msg := []byte("Cryptographic Forum Research Group")
	h := poly(new(big.Int), r, msg[:32])
	h.Add(h, new(big.Int).SetBytes([]byte{1, 'p', 'u'})) // the last 2 bytes are a block of their own, without padding
	h.Mod(h.Mul(h, r), prime)
	sum := h.Add(h, s).FillBytes(make([]byte, 17))
	if got := hex.EncodeToString(sum[1:]); got != "a927010caf8b2bc2c6365130c11d06a8" {
		t.Errorf("Section 2.5.2: %s", got)
	}
}

func TestTwinReference(t *testing.T) {
	r := rand.New(rand.NewPCG(84, 39))
	for n := range 200 {
		key, nonce, pt, ad := filled(r, 32), filled(r, 12), filled(r, n), filled(r, r.IntN(90))
		ref, err := chacha20poly1305.New(key)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := newTwin(key).seal(nonce, pt, ad), ref.Seal(nil, nonce, pt, ad); !bytes.Equal(got, want) {
			t.Fatalf("seal of %d bytes: %x, want %x", n, got, want)
		}
	}
}
