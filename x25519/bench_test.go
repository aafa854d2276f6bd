package x25519

import (
	"crypto/ecdh"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// benchTiers runs f for every tier of this machine but generic, which is
// crypto/ecdh, and std.
func benchTiers(b *testing.B, f func(b *testing.B, ts tiers), std func(b *testing.B)) {
	b.Run("impl=sealane", func(b *testing.B) {
		cryptotest.BenchTiers(b, ladderTiers, func(b *testing.B, tier cpu.Tier) { f(b, tiersOf(tier)) })
	})
	b.Run("impl=std", std)
}

func BenchmarkECDH(b *testing.B) {
	key, point := generator, [32]byte{42}
	benchTiers(b, func(b *testing.B, ts tiers) {
		k, p := private(b, key[:], ts), public(b, point[:])
		b.ReportAllocs()
		for b.Loop() {
			s, err := k.ECDH(p)
			if err != nil {
				b.Fatal(err)
			}
			bytesSink = s
		}
	}, func(b *testing.B) {
		k, err := ecdh.X25519().NewPrivateKey(key[:])
		if err != nil {
			b.Fatal(err)
		}
		p, err := ecdh.X25519().NewPublicKey(point[:])
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			s, err := k.ECDH(p)
			if err != nil {
				b.Fatal(err)
			}
			bytesSink = s
		}
	})
}

// BenchmarkPublicKey makes a private key and computes the public one.
func BenchmarkPublicKey(b *testing.B) {
	key := generator
	benchTiers(b, func(b *testing.B, ts tiers) {
		b.ReportAllocs()
		for b.Loop() {
			k, err := newTier(key[:], ts)
			if err != nil {
				b.Fatal(err)
			}
			publicSink = k.PublicKey()
		}
	}, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k, err := ecdh.X25519().NewPrivateKey(key[:])
			if err != nil {
				b.Fatal(err)
			}
			stdSink = k.PublicKey()
		}
	})
}

var (
	bytesSink  []byte
	publicSink *PublicKey
	stdSink    *ecdh.PublicKey
)
