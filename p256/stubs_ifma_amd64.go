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

// ladderIFMA sets nd[0] and nd[1] to numbers whose ratio nd[0]/nd[1] is the
// x-coordinate of *k*Q, and yy[0] and yy[1] to numbers whose ratio is that of the
// y-coordinates of *k*Q and Q, for *k from 1 to n-1 and a point Q of the curve with
// the x-coordinate *x < p, of which it does not see whether it is there: that is to
// be checked before. The results are plain integers less than p, and nd[1] and yy[1]
// are not 0. nd and yy may overlap k and x, but not each other.
//
// If *k is 1, n-2 or n-1, what it sets them to means nothing: see tiers.exceptional.
//
//go:noescape
func ladderIFMA(nd, yy *[2][4]uint64, k, x *[4]uint64)
