//go:build gc && !purego

package p256

import (
	"math/big"
	"testing"
)

// The table against additions of the textbook.
func TestCombTableADX(t *testing.T) {
	table := combTableADX()
	p := bigG
	for i := range table {
		q, p2 := p, p.add(p)
		for j := range table[i] {
			if want := affineM(q); table[i][j] != *want {
				t.Fatalf("entry %d, %d is %x, want %x", i, j, table[i][j], *want)
			}
			q = q.add(p2)
		}
		p = q.add(p.neg()) // 65p - p
	}
}

// someScalars calls f with scalars from 1 to n-1: those near the ends of the
// range, those that would break a comb or windows whose digits are added in
// another order, whatever their width, and random ones.
func someScalars(random int, f func(k [4]uint64)) {
	try := func(x *big.Int) {
		k := fromBig(x.Mod(x, bigN))
		if isScalar(&k) == 1 {
			f(k)
		}
	}
	for _, k := range edges(bigN) {
		if isScalar(&k) == 1 {
			f(k)
		}
	}
	for i := int64(1); i < 200; i++ {
		try(big.NewInt(i))
		try(big.NewInt(-i))
	}
	// k = 2*D mod n for the last digit D, in every place.
	for w := range uint(256) {
		for _, d := range []int64{1, 3, 15, 31, 63} {
			x := new(big.Int).Lsh(big.NewInt(d), w)
			try(new(big.Int).Set(x))
			try(x.Neg(x))
		}
	}
	for e := int64(1); e < 64; e += 2 {
		try(big.NewInt(-128 * e))
		try(big.NewInt(128 * e))
	}
	r := newRand(31)
	for range random {
		k := randomBelow(r, &order)
		if isScalar(&k) == 1 {
			f(k)
		}
	}
}

// generatorTimes returns k times the generator by the standard library.
func generatorTimes(k *[4]uint64) *bigPoint {
	b := stdPrivate(k).PublicKey().Bytes()
	return &bigPoint{new(big.Int).SetBytes(b[1:33]), new(big.Int).SetBytes(b[33:])}
}

func TestCombADX(t *testing.T) {
	adxOnly(t, func(t *testing.T) {
		someScalars(2000, func(k [4]uint64) {
			var p [3][4]uint64
			combADX(&p, &k)
			if got, want := fromJacobian(t, &p), generatorTimes(&k); !got.equal(want) {
				t.Fatalf("%x times the generator is %v, want %v", k, got, want)
			}
		})
	})
}
