//go:build gc && !purego

package x25519

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// mulP against math/big, with every aliasing.
func TestMulP(t *testing.T) {
	xs := numbers(1000)
	r := rand.New(rand.NewPCG(6, 7748))
	for _, x := range xs {
		for range 5 {
			y := xs[r.IntN(len(xs))]
			want := mod(new(big.Int).Mul(toBig(x), toBig(y)))
			square := mod(new(big.Int).Mul(toBig(x), toBig(x)))
			var z [4]uint64
			mulP(&z, &x, &y)
			a, b, c := x, y, x
			mulP(&a, &a, &y)
			mulP(&b, &x, &b)
			if z != want || a != want || b != want {
				t.Fatalf("%x·%x: %x, %x, %x, want %x", x, y, z, a, b, want)
			}
			mulP(&z, &x, &x)
			mulP(&c, &c, &c)
			if z != square || c != square {
				t.Fatalf("%x²: %x, %x, want %x", x, z, c, square)
			}
		}
	}
}

// divide against math/big. Kernels give it numbers less than p.
func TestDivide(t *testing.T) {
	xs := numbers(100)
	r := rand.New(rand.NewPCG(7, 7748))
	for _, w := range xs {
		xz := [2][4]uint64{mod(toBig(xs[r.IntN(len(xs))])), mod(toBig(w))}
		var want [4]uint64
		if inv := new(big.Int).ModInverse(toBig(xz[1]), prime); inv != nil {
			want = mod(inv.Mul(inv, toBig(xz[0])))
		}
		var got [32]byte
		divide(&got, &xz)
		if words(&got) != want {
			t.Fatalf("%x: %x, want %x", xz, got, want)
		}
	}
}
