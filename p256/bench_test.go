package p256

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// bench runs ours for every tier of this machine, and theirs, the standard
// library's.
func bench(b *testing.B, ours func(b *testing.B, ts tiers) func(), theirs func(b *testing.B) func()) {
	run := func(b *testing.B, f func()) {
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
	}
	b.Run("impl=sealane", func(b *testing.B) {
		cryptotest.BenchTiers(b, append(kernelTiers(), cpu.Generic), func(b *testing.B, tier cpu.Tier) { run(b, ours(b, tiersOf(tier))) })
	})
	b.Run("impl=std", func(b *testing.B) { run(b, theirs(b)) })
}

var benchKey = [4]uint64{0x0123456789abcdef, 0xfedcba9876543210, 0x55aa55aa55aa55aa, 0x7766554433221100}

func BenchmarkPublicKey(b *testing.B) {
	key := bytesOf(benchKey)
	bench(b, func(b *testing.B, ts tiers) func() {
		return func() { private(b, key, ts).PublicKey() }
	}, func(b *testing.B) func() {
		return func() { must[*ecdh.PrivateKey](b)(ecdh.P256().NewPrivateKey(key)).PublicKey() }
	})
}

func BenchmarkECDH(b *testing.B) {
	std := stdPrivate(&[4]uint64{5, 6, 7, 8}).PublicKey()
	bench(b, func(b *testing.B, ts tiers) func() {
		k, p := private(b, bytesOf(benchKey), ts), public(b, std.Bytes(), ts)
		return func() { must[[]byte](b)(k.ECDH(p)) }
	}, func(b *testing.B) func() {
		k := stdPrivate(&benchKey)
		return func() { must[[]byte](b)(k.ECDH(std)) }
	})
}

func BenchmarkNewPublicKey(b *testing.B) {
	encoded := stdPrivate(&[4]uint64{5, 6, 7, 8}).PublicKey().Bytes()
	bench(b, func(b *testing.B, ts tiers) func() {
		return func() { public(b, encoded, ts) }
	}, func(b *testing.B) func() {
		return func() { must[*ecdh.PublicKey](b)(ecdh.P256().NewPublicKey(encoded)) }
	})
}

func BenchmarkSignASN1(b *testing.B) {
	digest := make([]byte, 32)
	bench(b, func(b *testing.B, ts tiers) func() {
		k := private(b, bytesOf(benchKey), ts)
		return func() { must[[]byte](b)(SignASN1(rand.Reader, k, digest)) }
	}, func(b *testing.B) func() {
		k := private(b, bytesOf(benchKey), generic).ToECDSA()
		return func() { must[[]byte](b)(ecdsa.SignASN1(rand.Reader, k, digest)) }
	})
}

func BenchmarkVerifyASN1(b *testing.B) {
	digest := make([]byte, 32)
	k := private(b, bytesOf(benchKey), generic)
	sig := must[[]byte](b)(SignASN1(rand.Reader, k, digest))
	bench(b, func(b *testing.B, ts tiers) func() {
		p := public(b, k.PublicKey().Bytes(), ts)
		return func() {
			if !VerifyASN1(p, digest, sig) {
				b.Fatal("refused")
			}
		}
	}, func(b *testing.B) func() {
		p := k.PublicKey().ToECDSA()
		return func() {
			if !ecdsa.VerifyASN1(p, digest, sig) {
				b.Fatal("refused")
			}
		}
	})
}

func BenchmarkNonce(b *testing.B) {
	z, e := new([32]byte), [4]uint64{1, 2, 3, 4}
	var nonce [4]uint64
	b.ReportAllocs()
	for b.Loop() {
		var d drbg
		d.init(z, &benchKey, &e)
		d.next(&nonce)
		d.clear()
	}
}
