package chacha20poly1305

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

var benchSizes = []int{16, 64, 256, 1350, 8192, 16384, 1 << 20}

// benchAEADs runs f for every tier of this machine and for x/crypto.
func benchAEADs(b *testing.B, f func(b *testing.B, a cipher.AEAD)) {
	key := make([]byte, KeySize)
	for _, v := range variants {
		b.Run("impl=sealane/alg="+v.name, func(b *testing.B) {
			cryptotest.BenchTiers(b, tiers, func(b *testing.B, tier cpu.Tier) {
				a, err := newTier(key, v.nonce, tier)
				if err != nil {
					b.Fatal(err)
				}
				f(b, a)
			})
		})
		b.Run("impl=xcrypto/alg="+v.name, func(b *testing.B) {
			a, err := v.ref(key)
			if err != nil {
				b.Fatal(err)
			}
			f(b, a)
		})
	}
}

// The nonce is written before every call, as a record layer does.

func BenchmarkSeal(b *testing.B) {
	benchAEADs(b, func(b *testing.B, a cipher.AEAD) {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("size=%d", n), func(b *testing.B) {
				nonce, ad := make([]byte, a.NonceSize()), make([]byte, 5)
				pt, dst := make([]byte, n), make([]byte, 0, n+Overhead)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				seq := uint64(0)
				for b.Loop() {
					seq++
					binary.BigEndian.PutUint64(nonce[len(nonce)-8:], seq)
					dst = a.Seal(dst[:0], nonce, pt, ad)
				}
			})
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	benchAEADs(b, func(b *testing.B, a cipher.AEAD) {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("size=%d", n), func(b *testing.B) {
				nonce, ad := make([]byte, a.NonceSize()), make([]byte, 5)
				sealed, dst := a.Seal(nil, nonce, make([]byte, n), ad), make([]byte, 0, n)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					binary.BigEndian.PutUint64(nonce[len(nonce)-8:], 0)
					if _, err := a.Open(dst, nonce, sealed, ad); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
