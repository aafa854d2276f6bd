//go:build gc && !purego

package p256

import "github.com/sealane/sealane/internal/modinv"

// verifyVarTimeIFMA works like verifyVarTimeADX: it adds the products of the comb
// and of the ladder, which have constant time. u2 is not 0. What these don't take,
// it leaves to that function.
func verifyVarTimeIFMA(u1, u2 *[4]uint64, q *[2][4]uint64, r *[4]uint64) bool {
	switch *u2 {
	case [4]uint64{1},
		[4]uint64{order[0] - 1, order[1], order[2], order[3]},
		[4]uint64{order[0] - 2, order[1], order[2], order[3]}:
		return verifyVarTimeADX(u1, u2, q, r)
	}
	if isZero(u1) == 1 {
		return verifyVarTimeADX(u1, u2, q, r)
	}
	var nd, yy, product [2][4]uint64
	ladderIFMA(&nd, &yy, u2, &q[0])

	// x = nd[0]/nd[1] and y = q[1]*yy[0]/yy[1], by one inversion. Montgomery's form
	// is that of R = 2^256 here: mulADX divides by R.
	var inverse [4]uint64
	mulADX(&inverse, &nd[1], &yy[1])
	modinv.P256(&inverse, &inverse)
	mulADX(&inverse, &inverse, &rrP)
	mulADX(&inverse, &inverse, &rrP) // R^3/(nd[1]*yy[1])
	mulADX(&product[0], &nd[0], &yy[1])
	mulADX(&product[0], &product[0], &inverse) // R*x
	mulADX(&product[1], &yy[0], &nd[1])
	mulADX(&product[1], &product[1], &inverse) // R*yy[0]/yy[1]
	mulADX(&inverse, &q[1], &rrP)
	mulADX(&product[1], &product[1], &inverse)

	var p [3][4]uint64
	combIFMA(&p, u1, alignedTable52())
	s := sumADX{finite: true}
	for i := range p {
		mulADX(&s.p[i], &p[i], &rrP)
	}
	sqrADX(&s.p[3], &s.p[2])
	s.stepVarTime(0, &product, false)
	return s.hasXVarTime(r)
}
