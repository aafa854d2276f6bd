package main

import "math/big"

// Tables of multiples of the generator (SP 800-186, Section 3.2.1.3), computed
// by the textbook.

func hex(s string) *big.Int {
	x, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("p256: not a number: " + s)
	}
	return x
}

var (
	prime     = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
	generator = ecPoint{
		hex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
		hex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
	}
)

// An ecPoint is an affine point, not the one at infinity.
type ecPoint struct{ x, y *big.Int }

// add returns p + q, which is not at infinity.
func (p ecPoint) add(q ecPoint) ecPoint {
	num, den := new(big.Int), new(big.Int)
	if p.x.Cmp(q.x) == 0 {
		num.Mul(p.x, p.x)
		num.Mul(num.Sub(num, big.NewInt(1)), big.NewInt(3))
		den.Lsh(p.y, 1)
	} else {
		num.Sub(q.y, p.y)
		den.Sub(q.x, p.x)
	}
	s := num.Mul(num, den.ModInverse(den.Mod(den, prime), prime))
	x := new(big.Int).Mul(s, s)
	x.Sub(x, p.x).Sub(x, q.x).Mod(x, prime)
	y := new(big.Int).Sub(p.x, x)
	y.Mul(y, s).Sub(y, p.y).Mod(y, prime)
	return ecPoint{x, y}
}

// oddMultiples returns p, 3p, ..., (2n-1)p.
func (p ecPoint) oddMultiples(n int) []ecPoint {
	ps := []ecPoint{p}
	for p2 := p.add(p); len(ps) < n; {
		ps = append(ps, ps[len(ps)-1].add(p2))
	}
	return ps
}

// montgomery returns x*2^256 mod p as words.
func montgomery(x *big.Int) []uint64 {
	m := new(big.Int).Lsh(x, 256)
	m.Mod(m, prime)
	ws := make([]uint64, 4)
	for i := range ws {
		ws[i] = new(big.Int).Rsh(m, uint(64*i)).Uint64()
	}
	return ws
}
