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
