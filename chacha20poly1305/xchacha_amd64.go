//go:build gc && !purego

package chacha20poly1305

import (
	"encoding/binary"
	"math/bits"
)

// extend returns the key and the nonce of ChaCha20-Poly1305 that stand for k and
// a nonce of 24 bytes (draft-irtf-cfrg-xchacha-03, Section 2.3): HChaCha20 of
// the first 16 bytes of the nonce, and 4 zeros before the last 8.
func (k *key) extend(nonce [NonceSizeX]byte) (sub key, short [NonceSize]byte) {
	copy(short[4:], nonce[16:])
	return k.hchacha20([16]byte(nonce[:16])), short
}

// hchacha20 is Section 2.2: the rounds of ChaCha20 with the nonce where counter
// and nonce would be, without the last addition; the first and the last row are
// the result.
func (k *key) hchacha20(nonce [16]byte) (sub key) {
	le := binary.LittleEndian
	x0, x1, x2, x3 := uint32(0x61707865), uint32(0x3320646e), uint32(0x79622d32), uint32(0x6b206574)
	x4, x5, x6, x7 := le.Uint32(k[0:]), le.Uint32(k[4:]), le.Uint32(k[8:]), le.Uint32(k[12:])
	x8, x9, x10, x11 := le.Uint32(k[16:]), le.Uint32(k[20:]), le.Uint32(k[24:]), le.Uint32(k[28:])
	x12, x13, x14, x15 := le.Uint32(nonce[0:]), le.Uint32(nonce[4:]), le.Uint32(nonce[8:]), le.Uint32(nonce[12:])
	for range 10 {
		x0, x4, x8, x12 = quarterRound(x0, x4, x8, x12)
		x1, x5, x9, x13 = quarterRound(x1, x5, x9, x13)
		x2, x6, x10, x14 = quarterRound(x2, x6, x10, x14)
		x3, x7, x11, x15 = quarterRound(x3, x7, x11, x15)
		x0, x5, x10, x15 = quarterRound(x0, x5, x10, x15)
		x1, x6, x11, x12 = quarterRound(x1, x6, x11, x12)
		x2, x7, x8, x13 = quarterRound(x2, x7, x8, x13)
		x3, x4, x9, x14 = quarterRound(x3, x4, x9, x14)
	}
	for i, x := range [8]uint32{x0, x1, x2, x3, x12, x13, x14, x15} {
		le.PutUint32(sub[4*i:], x)
	}
	return sub
}

// quarterRound is that of RFC 8439, Section 2.1.
func quarterRound(a, b, c, d uint32) (uint32, uint32, uint32, uint32) {
	a += b
	d = bits.RotateLeft32(d^a, 16)
	c += d
	b = bits.RotateLeft32(b^c, 12)
	a += b
	d = bits.RotateLeft32(d^a, 8)
	c += d
	b = bits.RotateLeft32(b^c, 7)
	return a, b, c, d
}
