//go:build gc && !purego

package p256

// The kernels of tier ifma: numbers are five limbs of 52 bits, four or eight numbers
// to a vector. None retains a pointer; none reads or writes beyond what it says.

// combTableIFMA returns the table of combIFMA, which is read-only.
func combTableIFMA() *combTable52

// combIFMA sets *p to the Jacobian point (X, Y, Z), plain integers less than p, that is
// *k times the generator, for *k from 1 to n-1. *table is combTableIFMA's, at any
// address. *p does not overlap *k. Works like combModel, limb by limb.
//
//go:noescape
func combIFMA(p *[3][4]uint64, k *[4]uint64, table *combTable52)
