package sha2

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

var benchSizes = []int{16, 64, 256, 1350, 8192, 16384, 1 << 20}

// BenchmarkSum hashes a message in one call.
func BenchmarkSum(b *testing.B) {
	for _, a := range algorithms {
		if a.name != "sha-256" && a.name != "sha-384" && a.name != "sha-512" {
			continue // the others run the same code
		}
		b.Run("impl=sealane/alg="+a.name, func(b *testing.B) {
			cryptotest.BenchTiers(b, a.all(), func(b *testing.B, tier cpu.Tier) {
				benchSizesOf(b, func(p []byte) { a.sumTier(tier, p) })
			})
		})
		b.Run("impl=std/alg="+a.name, func(b *testing.B) {
			switch a.name {
			case "sha-256":
				benchSizesOf(b, func(p []byte) { sha256.Sum256(p) })
			case "sha-384":
				benchSizesOf(b, func(p []byte) { sha512.Sum384(p) })
			default:
				benchSizesOf(b, func(p []byte) { sha512.Sum512(p) })
			}
		})
	}
}

// sumTier does what Sum256 and its kin do, on a given tier.
func (a alg) sumTier(tier cpu.Tier, p []byte) {
	if a.block == BlockSize256 {
		var sum [Size256]byte
		finish256(tier, &sum, &iv256, p, uint64(len(p)))
		return
	}
	iv := &iv512
	if a.name == "sha-384" {
		iv = &iv384
	}
	var sum [Size512]byte
	finish512(tier, &sum, iv, p, uint64(len(p)))
}

// BenchmarkHash hashes a message through hash.Hash, which is kept.
func BenchmarkHash(b *testing.B) {
	for _, a := range algorithms {
		if a.name != "sha-256" && a.name != "sha-512" {
			continue
		}
		run := func(b *testing.B, h hash.Hash) {
			sum := make([]byte, 0, a.size)
			benchSizesOf(b, func(p []byte) {
				h.Reset()
				h.Write(p)
				h.Sum(sum)
			})
		}
		b.Run("impl=sealane/alg="+a.name, func(b *testing.B) {
			cryptotest.BenchTiers(b, a.all(), func(b *testing.B, tier cpu.Tier) { run(b, a.newTier(tier)) })
		})
		b.Run("impl=std/alg="+a.name, func(b *testing.B) { run(b, a.ref()) })
	}
}

// BenchmarkBlock compresses one block.
func BenchmarkBlock(b *testing.B) {
	p := make([]byte, BlockSize512)
	b.Run("impl=sealane/alg=sha-256", func(b *testing.B) {
		cryptotest.BenchTiers(b, tiers256, func(b *testing.B, tier cpu.Tier) {
			h := iv256
			for b.Loop() {
				block256(tier, &h, p[:BlockSize256])
			}
		})
	})
	b.Run("impl=sealane/alg=sha-512", func(b *testing.B) {
		cryptotest.BenchTiers(b, tiers512, func(b *testing.B, tier cpu.Tier) {
			h := iv512
			for b.Loop() {
				block512(tier, &h, p)
			}
		})
	})
}

func benchSizesOf(b *testing.B, f func(p []byte)) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("size=%d", n), func(b *testing.B) {
			p := make([]byte, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				f(p)
			}
		})
	}
}
