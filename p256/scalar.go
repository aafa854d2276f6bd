package p256

import (
	"encoding/binary"
	"math/bits"
)

// Scalars: the integers mod n, the order of the group (SP 800-186, Section
// 3.2.1.3), as words and in Montgomery's form as the elements of the field are
// (see there). They are secret, but for those of verification: no branch and no
// address depends on one.

var (
	order = [4]uint64{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000}

	// rrN is R^2 mod n, and rrrN R^3 mod n.
	rrN  = [4]uint64{0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620}
	rrrN = [4]uint64{0xac8ebec90b65a624, 0x111f28ae0c0555c9, 0x2543b9246ba5e93f, 0x503a54e76407be65}
)

// orderInverse is -1/n mod 2^64.
const orderInverse = 0xccd1c8aaee00bc4f

// mulN sets *z to x*y/R mod n: Montgomery's multiplication. *z may be an operand.
func mulN(z, x, y *[4]uint64) {
	// The bounds are those of mulP: n < p.
	y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
	var t0, t1, t2, t3, t4 uint64
	t0, t1, t2, t3, t4 = stepN(t0, t1, t2, t3, t4, x[0], y0, y1, y2, y3)
	t0, t1, t2, t3, t4 = stepN(t0, t1, t2, t3, t4, x[1], y0, y1, y2, y3)
	t0, t1, t2, t3, t4 = stepN(t0, t1, t2, t3, t4, x[2], y0, y1, y2, y3)
	t0, t1, t2, t3, t4 = stepN(t0, t1, t2, t3, t4, x[3], y0, y1, y2, y3)
	subtractOnce(z, t0, t1, t2, t3, t4, &order)
}

// stepN returns (t + x*y + q*n) / 2^64 for the q that makes it an integer.
func stepN(t0, t1, t2, t3, t4, x, y0, y1, y2, y3 uint64) (uint64, uint64, uint64, uint64, uint64) {
	var c, d uint64
	c, t0 = mulAdd(x, y0, t0, 0)
	c, t1 = mulAdd(x, y1, t1, c)
	c, t2 = mulAdd(x, y2, t2, c)
	c, t3 = mulAdd(x, y3, t3, c)
	t4 += c

	q := t0 * orderInverse
	c, _ = mulAdd(q, order[0], t0, 0)
	c, t1 = mulAdd(q, order[1], t1, c)
	c, t2 = mulAdd(q, order[2], t2, c)
	c, t3 = mulAdd(q, order[3], t3, c)
	t4, d = bits.Add64(t4, c, 0)
	return t1, t2, t3, t4, d
}

// addN sets *z to x+y mod n.
func addN(z, x, y *[4]uint64) { addMod(z, x, y, &order) }

// reduceN sets *z to x mod n for any x < 2^256, which is less than 2n.
func reduceN(z, x *[4]uint64) {
	subtractOnce(z, x[0], x[1], x[2], x[3], 0, &order)
}

// isScalar returns 1 if 1 <= x < n, and else 0.
func isScalar(x *[4]uint64) uint64 { return less(x, &order) &^ isZero(x) }

// setBytes sets *z to the 32 bytes of b as an integer, the most significant
// first (SEC 1, Section 2.3.8).
func setBytes(z *[4]uint64, b []byte) {
	_ = b[31]
	z[0] = binary.BigEndian.Uint64(b[24:])
	z[1] = binary.BigEndian.Uint64(b[16:])
	z[2] = binary.BigEndian.Uint64(b[8:])
	z[3] = binary.BigEndian.Uint64(b)
}

// putBytes is the inverse of setBytes (SEC 1, Section 2.3.7).
func putBytes(b []byte, x *[4]uint64) {
	_ = b[31]
	binary.BigEndian.PutUint64(b[24:], x[0])
	binary.BigEndian.PutUint64(b[16:], x[1])
	binary.BigEndian.PutUint64(b[8:], x[2])
	binary.BigEndian.PutUint64(b, x[3])
}

// setDigest sets *e to what ECDSA makes of a digest: the number that its
// leftmost 256 bits are, mod n (FIPS 186-5, Section 6.4.1, step 2, and Appendix
// B.2.3). A shorter digest is a smaller number.
func setDigest(e *[4]uint64, digest []byte) {
	if len(digest) >= 32 {
		setBytes(e, digest)
	} else {
		var b [32]byte
		copy(b[32-len(digest):], digest)
		setBytes(e, b[:])
	}
	reduceN(e, e)
}
