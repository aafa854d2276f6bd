//go:build !amd64 || !gc || purego

package x25519

import "github.com/sealane/sealane/internal/cpu"

// hostTiers is what runs: there are no kernels in this build.
var hostTiers = tiers{cpu.Generic, cpu.Generic}

var ladderTiers, baseTiers []cpu.Tier

func scalarMult(tier cpu.Tier, dst, key, point *[KeySize]byte) {
	panic("x25519: no kernel for tier " + tier.String())
}

func scalarBaseMult(tier cpu.Tier, dst, key *[KeySize]byte) {
	panic("x25519: no kernel for tier " + tier.String())
}
