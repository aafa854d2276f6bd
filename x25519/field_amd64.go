//go:build gc && !purego

package x25519

import "math/bits"

// p is 2^255 - 19 (RFC 7748, Section 4.1). Here its elements are four words,
// little-endian.

// mulP sets z to x·y mod p, fully reduced. x and y are any numbers of 256 bits;
// z may be either.
func mulP(z, x, y *[4]uint64) {
	// x·y, a word of y at a time. Carries are words: see mulAdd.
	var c, t0, t1, t2, t3, t4, t5, t6, t7 uint64
	c, t0 = mulAdd(x[0], y[0], 0, 0)
	c, t1 = mulAdd(x[1], y[0], 0, c)
	c, t2 = mulAdd(x[2], y[0], 0, c)
	t4, t3 = mulAdd(x[3], y[0], 0, c)

	c, t1 = mulAdd(x[0], y[1], t1, 0)
	c, t2 = mulAdd(x[1], y[1], t2, c)
	c, t3 = mulAdd(x[2], y[1], t3, c)
	t5, t4 = mulAdd(x[3], y[1], t4, c)

	c, t2 = mulAdd(x[0], y[2], t2, 0)
	c, t3 = mulAdd(x[1], y[2], t3, c)
	c, t4 = mulAdd(x[2], y[2], t4, c)
	t6, t5 = mulAdd(x[3], y[2], t5, c)

	c, t3 = mulAdd(x[0], y[3], t3, 0)
	c, t4 = mulAdd(x[1], y[3], t4, c)
	c, t5 = mulAdd(x[2], y[3], t5, c)
	t7, t6 = mulAdd(x[3], y[3], t6, c)

	// 2^256 = 38 mod p: low + 38·high < 39·2^256, so that c < 39.
	c, t0 = mulAdd(t4, 38, t0, 0)
	c, t1 = mulAdd(t5, 38, t1, c)
	c, t2 = mulAdd(t6, 38, t2, c)
	c, t3 = mulAdd(t7, 38, t3, c)

	// 2^255 = 19 mod p: what stands above bit 255 is at most 2·38+1, so that the
	// sum is less than 2^255 + 19·78.
	high := c<<1 | t3>>63
	t0, t1, t2, t3 = addSmall(t0, t1, t2, t3&(1<<63-1), 19*high)

	// It is at least p if and only if adding 19 reaches 2^255; and then what is
	// below is the sum less p.
	s0, s1, s2, s3 := addSmall(t0, t1, t2, t3, 19)
	mask := -(s3 >> 63)
	z[0] = t0 ^ mask&(t0^s0)
	z[1] = t1 ^ mask&(t1^s1)
	z[2] = t2 ^ mask&(t2^s2)
	z[3] = t3 ^ mask&(t3^s3&(1<<63-1))
}

// mulAdd returns x·y + a + b, which is less than 2^128:
// (2^64-1)² + 2·(2^64-1) = 2^128 - 1.
func mulAdd(x, y, a, b uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(x, y)
	lo, c := bits.Add64(lo, a, 0)
	hi += c
	lo, c = bits.Add64(lo, b, 0)
	return hi + c, lo
}

// addSmall returns t + w, which is less than 2^256.
func addSmall(t0, t1, t2, t3, w uint64) (s0, s1, s2, s3 uint64) {
	var c uint64
	s0, c = bits.Add64(t0, w, 0)
	s1, c = bits.Add64(t1, 0, c)
	s2, c = bits.Add64(t2, 0, c)
	s3, _ = bits.Add64(t3, 0, c)
	return
}
