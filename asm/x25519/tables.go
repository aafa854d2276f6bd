package main

import "math/big"

// The Edwards curve -x² + y² = 1 + d·x²y² over GF(p), p = 2^255 - 19, d =
// -121665/121666, which is birationally equivalent to curve25519 (RFC 7748,
// Section 4.1). Both tables below hold multiples of its base point B, whose y is
// 4/5 and which stands for u = 9; which of the two x is taken does not matter to
// u.

var (
	p25519 = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d25519 = modP(new(big.Int).Mul(big.NewInt(-121665), inverse(big.NewInt(121666))))
	half   = inverse(big.NewInt(2))
)

func modP(x *big.Int) *big.Int { return x.Mod(x, p25519) }

func inverse(x *big.Int) *big.Int { return new(big.Int).ModInverse(x, p25519) }

// product returns the product of the factors mod p.
func product(factors ...*big.Int) *big.Int {
	z := big.NewInt(1)
	for _, f := range factors {
		modP(z.Mul(z, f))
	}
	return z
}

// An affine point of the Edwards curve.
type affine struct{ x, y *big.Int }

// basePoint returns B, with the even x: x² = (y²-1)/(d·y²+1), from the curve's
// equation.
func basePoint() affine {
	y := product(big.NewInt(4), inverse(big.NewInt(5)))
	yy := product(y, y)
	num := new(big.Int).Sub(yy, big.NewInt(1))
	den := new(big.Int).Add(product(d25519, yy), big.NewInt(1))
	x := new(big.Int).ModSqrt(product(num, inverse(modP(den))), p25519)
	if x.Bit(0) == 1 {
		x.Sub(p25519, x)
	}
	return affine{x, y}
}

// add returns a + b:
//
//	x = (x1·y2 + x2·y1)/(1 + d·x1·x2·y1·y2)
//	y = (y1·y2 + x1·x2)/(1 - d·x1·x2·y1·y2)
//
// with denominators other than 0 for all points, as -1 is a square and d is not.
func (a affine) add(b affine) affine {
	one := big.NewInt(1)
	t := product(d25519, a.x, b.x, a.y, b.y)
	x := new(big.Int).Add(product(a.x, b.y), product(b.x, a.y))
	y := new(big.Int).Add(product(a.y, b.y), product(a.x, b.x))
	return affine{
		product(x, inverse(modP(new(big.Int).Add(one, t)))),
		product(y, inverse(modP(new(big.Int).Sub(one, t)))),
	}
}

// multiples returns, in row i, 1·P to n·P for P = step^i·B.
func multiples(rows, step, n int) [][]affine {
	table := make([][]affine, rows)
	p := basePoint()
	for i := range table {
		q := p
		for j := 1; j <= max(n, step); j++ {
			if j <= n {
				table[i] = append(table[i], q)
			}
			if j == step {
				p = q
				break
			}
			q = q.add(p)
		}
	}
	return table
}

// difference, sum and xy return y-x, y+x and x·y, each times c.
func (a affine) difference(c *big.Int) *big.Int {
	return product(modP(new(big.Int).Sub(a.y, a.x)), c)
}
func (a affine) sum(c *big.Int) *big.Int { return product(new(big.Int).Add(a.y, a.x), c) }
func (a affine) xy(c *big.Int) *big.Int  { return product(a.x, a.y, c) }

// limbs51 returns the five limbs of x < 2^255 in radix 2^51.
func limbs51(x *big.Int) (l [5]uint64) {
	for i := range l {
		l[i] = new(big.Int).Rsh(x, uint(51*i)).Uint64() & (1<<51 - 1)
	}
	return l
}
