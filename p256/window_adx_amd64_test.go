//go:build gc && !purego

package p256

import (
	"crypto/ecdh"
	"math/big"
	"testing"
)

// multipleX returns k*q by the standard library: its x-coordinate.
func multipleX(t *testing.T, k *[4]uint64, q *bigPoint) *big.Int {
	t.Helper()
	var b [65]byte
	b[0] = 4
	q.x.FillBytes(b[1:33])
	q.y.FillBytes(b[33:])
	peer, err := ecdh.P256().NewPublicKey(b[:])
	if err != nil {
		t.Fatal(err)
	}
	secret, err := stdPrivate(k).ECDH(peer)
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(secret)
}

func TestScalarMultADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		// Of the generator, which shows the y-coordinate too.
		i := 0
		someScalars(500, func(k [4]uint64) {
			if i++; i%4 != 0 {
				return
			}
			var p [3][4]uint64
			scalarMultADX(&p, &k, bigG.words())
			if got, want := fromJacobian(t, &p), generatorTimes(&k); !got.equal(want) {
				t.Fatalf("%x times the generator is %v, want %v", k, got, want)
			}
		})
		// Of other points.
		r := newRand(32)
		ps := somePoints(r, 30)
		someScalars(500, func(k [4]uint64) {
			if i++; i%4 != 0 {
				return
			}
			q := ps[i/4%len(ps)]
			var p [3][4]uint64
			scalarMultADX(&p, &k, q.words())
			got := fromJacobian(t, &p)
			if want := multipleX(t, &k, q); got == nil || got.x.Cmp(want) != 0 {
				t.Fatalf("%x times %v is %v, want the x-coordinate %x", k, q, got, want)
			}
			if !got.onCurve() {
				t.Fatalf("%x times %v is %v, not on the curve", k, q, got)
			}
		})
	})
}
