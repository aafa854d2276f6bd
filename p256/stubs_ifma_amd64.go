//go:build gc && !purego

package p256

// The kernels of tier ifma: numbers are five limbs of 52 bits, four or eight numbers
// to a vector. None retains a pointer; none reads or writes beyond what it says.

// combTableIFMA returns the table of combIFMA, which is read-only: for each of its six
// batches the entries of 32, 32, 16, 16, 16, 16 digits, of each the coordinates x and y
// of a point in five limbs, times 2^260 mod p, and of each limb those of eight lanes.
func combTableIFMA() *[128][2][5][8]uint64

// combIFMA sets *p to the Jacobian point (X, Y, Z), plain integers less than p, that is
// *k times the generator, for *k from 1 to n-1. p does not overlap k.
//
//go:noescape
func combIFMA(p *[3][4]uint64, k *[4]uint64)
