//go:build gc && !purego

package x25519

import (
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// The parts that an operation consists of.
func BenchmarkParts(b *testing.B) {
	k, u := clamped(&generator), [4]uint64{42}
	var xz [2][4]uint64
	b.Run("op=ladder", func(b *testing.B) {
		cryptotest.BenchTiers(b, ladderTiers, func(b *testing.B, tier cpu.Tier) {
			for b.Loop() {
				ladder(tier, &xz, &k, &u)
			}
		})
	})
	b.Run("op=comb", func(b *testing.B) {
		cryptotest.BenchTiers(b, baseTiers, func(b *testing.B, tier cpu.Tier) {
			for b.Loop() {
				comb(tier, &xz, &k)
			}
		})
	})
	b.Run("op=divide", func(b *testing.B) {
		xz := [2][4]uint64{{1, 2, 3, 4}, {5, 6, 7, 8}}
		for b.Loop() {
			var dst [32]byte
			divide(&dst, &xz)
		}
	})
	b.Run("op=mul", func(b *testing.B) {
		x, y := [4]uint64{1, 2, 3, 4}, [4]uint64{5, 6, 7, 8}
		for b.Loop() {
			mulP(&x, &x, &y)
		}
	})
}
