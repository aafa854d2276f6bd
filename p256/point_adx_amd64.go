//go:build gc && !purego

package p256

import "github.com/sealane/sealane/internal/modinv"

// scalarMultADX sets *p to the Jacobian point (X, Y, Z), plain, that is *k times
// the plain point *q of the curve, for *k from 1 to n-1.
func scalarMultADX(p *[3][4]uint64, k *[4]uint64, q *[2][4]uint64) {
	var t [16][3][4]uint64
	var z [4]uint64
	oddMultiplesADX(&t[0], &z, q, len(t))
	modinv.P256(&z, &z)
	affineMultiplesADX(&t[0], &z, len(t))
	windowsADX(p, k, &t[0])
}

// ratioADX sets *nd to X and Z^2 of *k times the plain point *q of the curve, for
// *k from 1 to n-1.
func ratioADX(nd *[2][4]uint64, k *[4]uint64, q *[2][4]uint64) {
	var p [3][4]uint64
	scalarMultADX(&p, k, q)
	nd[0] = p[0]
	mulADX(&nd[1], &p[2], &rrP)
	mulADX(&nd[1], &nd[1], &p[2])
	clear(p[:])
}
