// Package modinv inverts modulo the three primes of this module's curves, in
// constant time, with the divsteps of Bernstein and Yang (eprint 2019/266).
//
// Everything is a plain integer of four little-endian words, below the modulus;
// nothing is in Montgomery form. The inverse of 0 is 0.
package modinv

// P25519 sets *z to the inverse of *x modulo 2^255 - 19. *x is below the
// modulus; z may be x.
func P25519(z, x *[4]uint64) { invertP25519(z, x) }

// P256 sets *z to the inverse of *x modulo the prime of P-256's field,
// 2^256 - 2^224 + 2^192 + 2^96 - 1. *x is below the modulus; z may be x.
func P256(z, x *[4]uint64) { invertP256(z, x) }

// N256 sets *z to the inverse of *x modulo the order of P-256. *x is below the
// modulus; z may be x.
func N256(z, x *[4]uint64) { invertN256(z, x) }

// P256N256 is P256(zp, xp) and N256(zn, xn). Where there is a kernel, the two
// run interleaved, which takes far less than one after the other. zp may be xp,
// zn may be xn; other overlaps are not allowed.
func P256N256(zp, xp, zn, xn *[4]uint64) { invertP256N256(zp, xp, zn, xn) }
