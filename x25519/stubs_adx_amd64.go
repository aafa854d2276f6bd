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
