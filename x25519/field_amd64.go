//go:build gc && !purego

package x25519

import "math/bits"

// p is 2^255 - 19 (RFC 7748, Section 4.1). Here its elements are four words,
// little-endian.

// mulP sets z to x·y mod p, fully reduced. x and y are any numbers of 256 bits;
// z may be either.
func mulP(z, x, y *[4]uint64) {
	// x·y, a row a word of y. The high word of each row is written for the first
	// time: x·y[j] + 2^256-1 < 2^320.
	var t [8]uint64
	for j := range 4 {
		var carry uint64
		for i := range 4 {
			hi, lo := bits.Mul64(x[i], y[j])
			var c uint64
			lo, c = bits.Add64(lo, carry, 0)
			hi += c // no carry: hi < 2^64-1
			lo, c = bits.Add64(lo, t[i+j], 0)
			t[i+j], carry = lo, hi+c // x[i]·y[j] + 2·(2^64-1) < 2^128
		}
		t[j+4] = carry
	}

	// 2^256 = 38 mod p: t[:4] + 38·t[4:] < 39·2^256, so carry < 39.
	var carry uint64
	for i := range 4 {
		hi, lo := bits.Mul64(t[i+4], 38)
		var c uint64
		lo, c = bits.Add64(lo, carry, 0)
		hi += c
		lo, c = bits.Add64(lo, t[i], 0)
		t[i], carry = lo, hi+c
	}

	// 2^255 = 19 mod p: what stands above bit 255 is less than 78, so that the
	// sum is less than 2^255 + 19·78.
	top := carry<<1 | t[3]>>63
	t[3] &= 1<<63 - 1
	addSmall(&t, 19*top)

	// It is at least p if and only if adding 19 reaches 2^255; and then what is
	// below is the sum less p.
	s := t
	addSmall(&s, 19)
	mask := -(s[3] >> 63)
	s[3] &= 1<<63 - 1
	for i := range 4 {
		z[i] = t[i] ^ mask&(t[i]^s[i])
	}
}

// addSmall adds w to the number in t[:4], which does not overflow.
func addSmall(t *[8]uint64, w uint64) {
	var c uint64
	t[0], c = bits.Add64(t[0], w, 0)
	t[1], c = bits.Add64(t[1], 0, c)
	t[2], c = bits.Add64(t[2], 0, c)
	t[3], _ = bits.Add64(t[3], 0, c)
}
