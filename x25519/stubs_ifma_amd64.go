//go:build gc && !purego

package x25519

// The kernels of tier ifma: numbers are five limbs of 51 bits, four or eight
// numbers to a vector. None retains a pointer; none reads or writes beyond what
// it says.

// combIFMA sets xz[0] and xz[1] to the numerator and the denominator of the
// u-coordinate of k·B, where B is the base point, u = 9, and k a clamped scalar:
// 32 little-endian bytes, 2^254 <= k < 2^255. Both are fully reduced; the
// denominator is not 0, as k is no multiple of the order of B. table has the
// contents that combTableIFMA has; it takes an eighth less time if its address is a
// multiple of 64. Works like twinComb.
//
//go:noescape
func combIFMA(xz *[2][4]uint64, k *[KeySize]byte, table *combTable)

// combTableIFMA returns the table of combIFMA, which is read-only.
func combTableIFMA() *combTable

// mulIFMA sets z to the products mod p of the numbers in x and y, lane by lane. Limbs
// of x and y are less than 2^52, of z less than 2^51 + 2^14; z may be x or y. It is
// the multiplication that combIFMA consists of, for tests.
//
//go:noescape
func mulIFMA(z, x, y *[5][8]uint64)

// ladderIFMA sets xz[0] and xz[1] to the numerator and the denominator, both less
// than p, of the u-coordinate of k times a point with the u-coordinate u, on the
// curve or on its twist (RFC 7748, Section 5). The denominator is 0 for the neutral
// element.
//
// k is clamped: bits 0 to 2 and 255 are clear, bit 254 is set. u < 2^255 may be p or
// more. xz overlaps neither. Works like ladderModel, limb by limb.
//
//go:noescape
func ladderIFMA(xz *[2][4]uint64, k *[32]byte, u *[4]uint64)
