//go:build !amd64 || !gc || purego

package p256

import "github.com/sealane/sealane/internal/cpu"

// hostTiers is what keys run: there are no kernels in this build.
var hostTiers = generic

var multTiers, baseTiers, verifyTiers []cpu.Tier

func (tiers) mulP(z, x, y *[4]uint64) { mulP(z, x, y) }
func (tiers) sqrP(z, x *[4]uint64)    { mulP(z, x, x) }
func (tiers) mulN(z, x, y *[4]uint64) { mulN(z, x, y) }

// The methods below are never called where all tiers are generic.

const errNoKernel = "p256: no kernel in this build"

func (tiers) multX(x, k *[4]uint64, q *[2][4]uint64) bool { panic(errNoKernel) }
func (tiers) baseAffine(q *[2][4]uint64, k *[4]uint64)    { panic(errNoKernel) }
func (tiers) baseXInverse(x, inverse, k *[4]uint64)       { panic(errNoKernel) }

func (*PublicKey) verifyPointsVarTime(u1, u2 *[4]uint64, q *[2][4]uint64, r *[4]uint64) bool {
	panic(errNoKernel)
}
