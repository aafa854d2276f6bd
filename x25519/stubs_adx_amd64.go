//go:build gc && !purego

package x25519

// The kernels of tier adx: numbers are four words of 64 bits, in the general
// registers. None retains a pointer; none reads or writes beyond what it says.

// combADX sets xz as combIFMA does. Works like twinComb.
//
//go:noescape
func combADX(xz *[2][4]uint64, k *[KeySize]byte)

// ladderADX sets xz as ladderIFMA does. Works like twinLadder.
//
//go:noescape
func ladderADX(xz *[2][4]uint64, k *[KeySize]byte, u *[4]uint64)

// The functions below are the operations that combADX consists of, for tests. z
// may be x or y.

// combMulADX sets z to a number congruent to x·y, less than 2^255 + 2^11, for any
// x and y.
//
//go:noescape
func combMulADX(z, x, y *[4]uint64)

// combSumADX sets z to a number congruent to x + y, for x and y less than
// 2^255 + 2^11.
//
//go:noescape
func combSumADX(z, x, y *[4]uint64)

// combSubADX sets z to a number congruent to x - y, for any x and y less than
// 2^255 + 2^11.
//
//go:noescape
func combSubADX(z, x, y *[4]uint64)

// combFullSumADX is combSumADX for any x and y.
//
//go:noescape
func combFullSumADX(z, x, y *[4]uint64)

// combNumeratorADX sets z to x + y mod p, fully reduced, for any x and y.
//
//go:noescape
func combNumeratorADX(z, x, y *[4]uint64)

// combDenominatorADX sets z to x - y mod p, fully reduced, for any x and y.
//
//go:noescape
func combDenominatorADX(z, x, y *[4]uint64)

// The functions below are the operations that ladderADX consists of, for tests.
// Results may not be where arguments are.

// ladderMulADX sets z to a number congruent to x·y, less than 39·2^256, for any x
// and y.
//
//go:noescape
func ladderMulADX(z *[5]uint64, x, y *[4]uint64)

// ladderSqrADX is ladderMulADX of x and x.
//
//go:noescape
func ladderSqrADX(z *[5]uint64, x *[4]uint64)

// ladderNumberADX sets z to a number congruent to x, less than 2^255 + 2^11, for x
// less than 39·2^256.
//
//go:noescape
func ladderNumberADX(z *[4]uint64, x *[5]uint64)

// ladderSumAndDifferenceADX sets s and d to numbers congruent to x + y and x - y,
// less than 2^255 + 2^12, for x and y less than 39·2^256.
//
//go:noescape
func ladderSumAndDifferenceADX(s, d *[4]uint64, x, y *[5]uint64)

// ladderTimesA24ADX sets e to a number congruent to aa - bb, and f to one congruent
// to bb + 121666·e and less than 2^255 + 2^24, for aa and bb less than 2^255 + 2^11.
//
//go:noescape
func ladderTimesA24ADX(e, f, aa, bb *[4]uint64)

// ladderResultADX sets s and d to x + y and x - y mod p, fully reduced, for x and y
// less than 2^255 + 2^12.
//
//go:noescape
func ladderResultADX(s, d, x, y *[4]uint64)
