//go:build gc && !purego

package modinv

// The kernels of tier adx. None retains a pointer; the inputs are below the
// moduli, and each works like invertGeneric with its modulus.

// p25519ADX sets *z to the inverse of *x modulo 2^255 - 19, or 0 if *x is 0. z
// may be x.
//
//go:noescape
func p25519ADX(z, x *[4]uint64)

// p256ADX is p25519ADX modulo the prime of P-256's field.
//
//go:noescape
func p256ADX(z, x *[4]uint64)

// n256ADX is p25519ADX modulo the order of P-256.
//
//go:noescape
func n256ADX(z, x *[4]uint64)

// p256n256ADX is p256ADX(zp, xp) and n256ADX(zn, xn). zp may be xp, zn may be
// xn; it reads both before it writes any.
//
//go:noescape
func p256n256ADX(zp, xp, zn, xn *[4]uint64)
