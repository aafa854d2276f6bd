//go:build gc && !purego

package p256

// The kernels of tier adx. None retains a pointer; none reads or writes beyond
// what it says. Elements of the field are less than p where nothing else is said.

// mulADX sets *z to x*y/R mod p. *z may be an operand. Works like mulP, but x and y
// may be any numbers: *z is less than p if one of them is.
//
//go:noescape
func mulADX(z, x, y *[4]uint64)

// sqrADX sets *z to x^2/R mod p. *z may be *x. Works like sqrP.
//
//go:noescape
func sqrADX(z, x *[4]uint64)

// mulNADX sets *z to x*y/R mod n; x and y are less than n. *z may be an operand.
// Works like mulN.
//
//go:noescape
func mulNADX(z, x, y *[4]uint64)

// stepVarTimeADX sets *p to 2^n times *p, n >= 0, and adds *q if q is not nil; it
// returns 1. If 2^n times *p and *q have the same x-coordinate, so that they are
// equal or opposite, it does not add, and returns 0. *p is X, Y, Z and Z^2, with
// x = X/Z^2 and y = Y/Z^3, and not the point at infinity; it and *q, which is
// affine, are in Montgomery's form.
//
//go:noescape
func stepVarTimeADX(p *[4][4]uint64, n int, q *[2][4]uint64) uint64

// oddMultiplesADX starts a table of odd multiples of the point *q, which is
// affine, plain and of order n: t[i] becomes (2i+1)q for 0 <= i < n, 2 <= n <= 16,
// in coordinates that only affineMultiplesADX understands. *z becomes a number
// other than 0 whose inverse that function needs.
//
//go:noescape
func oddMultiplesADX(t *[3][4]uint64, z *[4]uint64, q *[2][4]uint64, n int)

// affineMultiplesADX completes what oddMultiplesADX started: t[i][:2] becomes
// (2i+1)q, affine and in Montgomery's form, and t[i][2] is of no more use.
// *inverse is the plain inverse mod p of the *z of that function.
//
//go:noescape
func affineMultiplesADX(t *[3][4]uint64, inverse *[4]uint64, n int)

// combTableADX returns the table of combADX: entry i, j is the affine point
// (2j+1)*2^6i times the generator, in Montgomery's form. It is read-only.
func combTableADX() *[43][32][2][4]uint64

// combADX sets *p to the Jacobian point (X, Y, Z), plain, that is *k times the
// generator, for *k from 1 to n-1.
//
//go:noescape
func combADX(p *[3][4]uint64, k *[4]uint64)

// windowsADX sets *p to the Jacobian point (X, Y, Z), plain, that is *k times q,
// for *k from 1 to n-1 and the table t of 16 odd multiples of q that
// affineMultiplesADX completed.
//
//go:noescape
func windowsADX(p *[3][4]uint64, k *[4]uint64, t *[3][4]uint64)
