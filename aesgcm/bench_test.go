package aesgcm

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

var benchSizes = []int{16, 64, 256, 1350, 8192, 16384, 1 << 20}

// benchAEADs runs f for every tier of this machine and for the standard library.
func benchAEADs(b *testing.B, f func(b *testing.B, a cipher.AEAD)) {
	for _, bits := range []int{128, 256} {
		key := make([]byte, bits/8)
		alg := fmt.Sprintf("alg=aes-%d-gcm", bits)
		b.Run("impl=sealane/"+alg, func(b *testing.B) {
			cryptotest.BenchTiers(b, tiers, func(b *testing.B, tier cpu.Tier) {
				a, err := newTier(key, tier)
				if err != nil {
					b.Fatal(err)
				}
				f(b, a)
			})
		})
		b.Run("impl=std/"+alg, func(b *testing.B) {
			a, err := std(key)
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
				nonce, ad := make([]byte, NonceSize), make([]byte, 5)
				pt, dst := make([]byte, n), make([]byte, 0, n+Overhead)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				seq := uint64(0)
				for b.Loop() {
					seq++
					binary.BigEndian.PutUint64(nonce[4:], seq)
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
				nonce, ad := make([]byte, NonceSize), make([]byte, 5)
				sealed, dst := a.Seal(nil, nonce, make([]byte, n), ad), make([]byte, 0, n)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					binary.BigEndian.PutUint64(nonce[4:], 0)
					if _, err := a.Open(dst, nonce, sealed, ad); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}

func BenchmarkNew(b *testing.B) {
	for _, bits := range []int{128, 256} {
		key := make([]byte, bits/8)
		alg := fmt.Sprintf("alg=aes-%d-gcm", bits)
		b.Run("impl=sealane/"+alg, func(b *testing.B) {
			cryptotest.BenchTiers(b, tiers, func(b *testing.B, tier cpu.Tier) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := newTier(key, tier); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
		b.Run("impl=std/"+alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := std(key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPause shows how long sealing a message of 64 MiB holds up a stop of
// the world: an iteration stops it once, while another goroutine seals. The
// longest stop is reported beside the mean.
func BenchmarkPause(b *testing.B) {
	benchAEADs(b, func(b *testing.B, a cipher.AEAD) {
		const n = 64 << 20
		b.Run(fmt.Sprintf("size=%d", n), func(b *testing.B) {
			buf, nonce := make([]byte, n+Overhead), make([]byte, NonceSize)
			done, stop := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-stop:
						return
					default:
						a.Seal(buf[:0], nonce, buf[:n], nil)
					}
				}
			}()
			var m runtime.MemStats
			var longest time.Duration
			for b.Loop() {
				start := time.Now()
				runtime.ReadMemStats(&m) // stops the world
				longest = max(longest, time.Since(start))
				time.Sleep(10 * time.Microsecond)
			}
			b.ReportMetric(float64(longest.Nanoseconds()), "longest-ns")
			close(stop)
			<-done
		})
	})
}
