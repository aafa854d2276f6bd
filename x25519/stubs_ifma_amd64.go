//go:build gc && !purego

package x25519

// The kernels of tier ifma: numbers are five limbs of 51 bits, four or eight
// numbers to a vector. None retains a pointer; none reads or writes beyond what
// it says.

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
