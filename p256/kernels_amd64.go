//go:build gc && !purego

package p256

import (
	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/modinv"
)

// hostTiers is what this machine runs best.
var hostTiers = pick(cpu.Host())

// The tiers that the switches below know, best first.
var (
	multTiers   = []cpu.Tier{cpu.IFMA, cpu.ADX}
	baseTiers   = []cpu.Tier{cpu.IFMA, cpu.ADX}
	verifyTiers = []cpu.Tier{cpu.IFMA, cpu.ADX}
)

// pick returns the tiers that a machine with features f runs best.
//
// The ladder of tier ifma has vectors of 256 bits; its multiplication of the
// generator and its verification have 512. Where those lower the clock (Ice
// Lake), the ones of tier adx serve.
func pick(f cpu.Features) tiers {
	wide := f
	if !f.HasFeature(cpu.Fast512) {
		wide = f.Without(cpu.IFMA)
	}
	return tiers{f.First(multTiers...), wide.First(baseTiers...), wide.First(verifyTiers...)}
}

// multX sets *x to the x-coordinate of k*q, for k from 1 to n-1 and a point q of
// the curve. It reports false, which never happens, if the product is the point
// at infinity.
func (t tiers) multX(x, k *[4]uint64, q *[2][4]uint64) bool {
	var nd [2][4]uint64
	t.multRatio(&nd, k, q)
	ok := isZero(&nd[1]) == 0
	modinv.P256(&nd[1], &nd[1])
	t.toM(&nd[1], &nd[1])
	t.mulP(x, &nd[0], &nd[1])
	clear(nd[:])
	return ok
}

// baseAffine sets *q to k times the generator, for k from 1 to n-1.
func (t tiers) baseAffine(q *[2][4]uint64, k *[4]uint64) {
	var p [3][4]uint64
	t.baseMult(&p, k)
	var zM, z2M [4]uint64
	modinv.P256(&zM, &p[2])
	t.toM(&zM, &zM)
	t.sqrP(&z2M, &zM)
	t.mulP(&q[0], &p[0], &z2M)
	t.mulP(&z2M, &z2M, &zM)
	t.mulP(&q[1], &p[1], &z2M)
	clear(p[:])
	clear(zM[:])
	clear(z2M[:])
}

// baseXInverse sets *x to the x-coordinate of k times the generator and *inverse
// to 1/k mod n, for k from 1 to n-1.
func (t tiers) baseXInverse(x, inverse, k *[4]uint64) {
	var p [3][4]uint64
	t.baseMult(&p, k)
	var zM [4]uint64
	modinv.P256N256(&zM, &p[2], inverse, k)
	t.toM(&zM, &zM)
	t.sqrP(&zM, &zM)
	t.mulP(x, &p[0], &zM)
	clear(p[:])
	clear(zM[:])
}

// exceptional replaces the ratio *nd by that of the x-coordinate of k*q where k is
// 1, n-1 or n-2, the numbers that the ladder of tier ifma is wrong for: by
//
//	x/1 and ((x^2+3)^2 - 8bx)/(4y^2)
//
// for x(q) = x(-q) and x(2q) = x(-2q), the latter by the tangent's slope, (3x^2 -
// 3)/(2y), and the equation of the curve. It does the same for all k.
func (t tiers) exceptional(nd *[2][4]uint64, k *[4]uint64, q *[2][4]uint64) {
	var (
		minus1 = [4]uint64{order[0] - 1, order[1], order[2], order[3]}
		minus2 = [4]uint64{order[0] - 2, order[1], order[2], order[3]}
		one    = [4]uint64{1}
		threeM [4]uint64

		xM, yM, numerator, denominator, u [4]uint64
	)
	t.toM(&xM, &q[0])
	t.toM(&yM, &q[1])
	addP(&threeM, &oneM, &oneM)
	addP(&threeM, &threeM, &oneM)

	t.sqrP(&numerator, &xM)
	addP(&numerator, &numerator, &threeM)
	t.sqrP(&numerator, &numerator)
	t.mulP(&u, &curveBM, &xM)
	for range 3 {
		addP(&u, &u, &u)
	}
	subP(&numerator, &numerator, &u)
	t.sqrP(&denominator, &yM)
	for range 2 {
		addP(&denominator, &denominator, &denominator)
	}

	// Montgomery's factor is in both, and cancels.
	single := -(equal(k, &one) | equal(k, &minus1))
	double := -equal(k, &minus2)
	selectWords(&nd[0], &q[0], single)
	selectWords(&nd[1], &one, single)
	selectWords(&nd[0], &numerator, double)
	selectWords(&nd[1], &denominator, double)
}

// The methods below are the switch from a tier to its kernels, whose contracts
// stand on the stubs. The first three take the kernels of tier adx in tier ifma
// too, which asks for all that those execute.

// mulP is the function of that name.
func (t tiers) mulP(z, x, y *[4]uint64) {
	if t == generic {
		mulP(z, x, y)
		return
	}
	mulADX(z, x, y)
}

// sqrP sets *z to x^2/R mod p.
func (t tiers) sqrP(z, x *[4]uint64) {
	if t == generic {
		mulP(z, x, x)
		return
	}
	sqrADX(z, x)
}

// mulN is the function of that name.
func (t tiers) mulN(z, x, y *[4]uint64) {
	if t == generic {
		mulN(z, x, y)
		return
	}
	mulNADX(z, x, y)
}

// multRatio sets *nd to numbers whose ratio nd[0]/nd[1] is the x-coordinate of
// k*q, for k from 1 to n-1.
func (t tiers) multRatio(nd *[2][4]uint64, k *[4]uint64, q *[2][4]uint64) {
	switch t.mult {
	case cpu.IFMA:
		var yy [2][4]uint64
		ladderIFMA(nd, &yy, k, &q[0])
		t.exceptional(nd, k, q)
		clear(yy[:])
	case cpu.ADX:
		ratioADX(nd, k, q)
	default:
		panic("p256: no multiplication of tier " + t.mult.String())
	}
}

// baseMult sets *p to k times the generator in Jacobian coordinates, for k from 1
// to n-1.
func (t tiers) baseMult(p *[3][4]uint64, k *[4]uint64) {
	switch t.base {
	case cpu.IFMA:
		combIFMA(p, k, alignedTable52())
	case cpu.ADX:
		combADX(p, k)
	default:
		panic("p256: no multiplication of the generator of tier " + t.base.String())
	}
}

// verifyPointsVarTime reports whether u1*G + u2*q, with the generator G, is not
// the point at infinity and has an x-coordinate that is r mod n. u1, u2 < n, u2
// is not 0, r is from 1 to n-1.
func (p *PublicKey) verifyPointsVarTime(u1, u2 *[4]uint64, q *[2][4]uint64, r *[4]uint64) bool {
	switch p.verify {
	case cpu.IFMA:
		return verifyVarTimeIFMA(u1, u2, q, r)
	case cpu.ADX:
		return verifyVarTimeADX(u1, u2, q, r)
	default:
		panic("p256: no verification of tier " + p.verify.String())
	}
}
