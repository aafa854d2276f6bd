//go:build gc && !purego

package x25519

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// The bounds that ladderADX states, from those of the factors: with intervals,
// once round the loop.
func TestLadderADXBounds(t *testing.T) {
	pow := func(n uint) *big.Int { return new(big.Int).Lsh(one, n) }
	plus := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	below := func(what string, a, bound *big.Int) {
		t.Helper()
		if a.Cmp(bound) >= 0 {
			t.Errorf("%s may be %x", what, a)
		}
	}
	// All functions map the greatest values, the least are 0.
	mul := func(x, y *big.Int) *big.Int {
		t.Helper()
		below("a factor", x, pow(256))
		below("a factor", y, pow(256))
		high := new(big.Int).Mul(x, y)
		high.Rsh(high, 256).Mul(high, big.NewInt(38))
		return plus(high, plus(pow(256), big.NewInt(-1)))
	}
	carry := func(x *big.Int, offset int64) *big.Int { // 19q and offset to what is below bit 255
		q := new(big.Int).Rsh(x, 255)
		q.Mul(q, big.NewInt(19)).Add(q, big.NewInt(offset))
		return plus(plus(pow(255), big.NewInt(-1)), q)
	}
	sumAndDifference := func(x, y *big.Int) (sum, difference *big.Int) {
		t.Helper()
		least := new(big.Int).Neg(plus(y, big.NewInt(2432)))
		if least.Rsh(least, 255).Int64()*19+2432 < 0 {
			t.Errorf("a difference may be negative")
		}
		return carry(plus(x, y), 0), carry(x, 2432)
	}
	number := plus(pow(255), pow(23))

	a, b, c, d := number, number, number, number
	p, q := sumAndDifference(mul(d, a), mul(c, b))
	aa, bb := carry(mul(c, c), 0), carry(mul(d, d), 0)
	// E borrows 2^256 and gives back 38.
	if least := new(big.Int).Sub(pow(256), bb); least.Cmp(big.NewInt(38)) < 0 {
		t.Errorf("E may borrow again")
	}
	e := plus(pow(256), big.NewInt(-1))
	f := carry(plus(bb, new(big.Int).Mul(big.NewInt(121666), e)), 0)
	qq := carry(mul(q, q), 0)
	below("F", f, number)
	for _, x := range []*big.Int{p, q, aa, bb, qq} {
		below("a number", x, plus(pow(255), pow(12)))
	}
	for _, pair := range [][2]*big.Int{{mul(aa, bb), mul(e, f)}, {mul(p, p), mul(number, qq)}} {
		sum, difference := sumAndDifference(pair[0], pair[1])
		below("a sum", sum, plus(pow(255), pow(12)))
		below("a difference", difference, plus(pow(255), pow(12)))
	}
}

// modelLadderADX sets xz to what ladderADX sets it to, modulo p.
func modelLadderADX(k *[32]byte, u *big.Int) (xz [2][4]uint64) {
	mod := func(x *big.Int) *big.Int { return x.Mod(x, prime) }
	add := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Add(x, y)) }
	sub := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Sub(x, y)) }
	mul := func(x, y *big.Int) *big.Int { return mod(new(big.Int).Mul(x, y)) }
	a, b := one, one
	c, d := add(u, one), sub(u, one)
	last := byte(0)
	for i := 254; i >= 0; i-- {
		bit := k[i/8] >> (i % 8) & 1
		s, t := a, b
		if bit != last {
			s, t = c, d
		}
		last = bit
		da, cb := mul(d, a), mul(c, b)
		x5, z5 := add(da, cb), sub(da, cb)
		x5, z5 = mul(x5, x5), mul(u, mul(z5, z5))
		aa, bb := mul(s, s), mul(t, t)
		e := sub(aa, bb)
		x4, z4 := mul(aa, bb), mul(e, add(bb, mul(big.NewInt(121666), e)))
		a, b, c, d = add(x4, z4), sub(x4, z4), add(x5, z5), sub(x5, z5)
	}
	return [2][4]uint64{fromBig(add(a, b)), fromBig(sub(a, b))}
}

// What the first step computes from u are edges: the squares of u+1 and u-1,
// their difference 4u, the squares of 2u+1 and 2u-1 (as X5 ± Z5 = (2u±1)² - 1),
// and u²-1, the square root of X4.
func TestLadderADXEdges(t *testing.T) {
	cryptotest.Tiers(t, "x25519", []cpu.Tier{cpu.ADX}, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(9, 7748))
		ks := scalars(50)
		m := newKernelTest(t, true)
		check := func(u *big.Int) {
			t.Helper()
			u.Mod(u, prime)
			k := ks[r.IntN(len(ks))]
			xz := m.run(t, k, fromBig(u), func(m kernelTest) { ladderADX(m.xz, m.k, m.u) })
			if want := modelLadderADX(&k, u); xz != want {
				t.Fatalf("k = %x, u = %x: %x, want %x", k, u, xz, want)
			}
		}
		quarter := new(big.Int).ModInverse(big.NewInt(4), prime)
		half := new(big.Int).ModInverse(big.NewInt(2), prime)
		for i, v := range fieldEdges() {
			if i%3 != 0 && (race || testing.Short()) {
				continue
			}
			check(new(big.Int).Set(v))
			check(new(big.Int).Mul(v, quarter))
			root := new(big.Int).ModSqrt(v, prime)
			if root == nil {
				continue
			}
			check(new(big.Int).Add(root, one))
			check(new(big.Int).Sub(root, one))
			check(new(big.Int).Mul(new(big.Int).Add(root, one), half))
			check(new(big.Int).Mul(new(big.Int).Sub(root, one), half))
			if root = new(big.Int).ModSqrt(new(big.Int).Add(root, one), prime); root != nil {
				check(root)
			}
		}
	})
}

// fieldEdges are numbers modulo p next to multiples of powers of two, 0 and p
// among them.
func fieldEdges() (vs []*big.Int) {
	for _, n := range []uint{0, 32, 64, 127, 128, 192, 254, 255, 256} {
		for _, m := range []int64{-1, 1, 19, 38} {
			x := new(big.Int).Lsh(big.NewInt(m), n)
			for d := int64(-2); d <= 2; d++ {
				v := new(big.Int).Add(x, big.NewInt(d))
				vs = append(vs, v.Mod(v, prime))
			}
		}
	}
	return vs
}
