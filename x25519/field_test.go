package x25519

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

var (
	one   = big.NewInt(1)
	prime = new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
)

// numbers are those of 256 bits where carries and reductions change, and random
// ones of every bit density.
func numbers(n int) (xs [][4]uint64) {
	add := func(x *big.Int, d int64) {
		if y := new(big.Int).Add(x, big.NewInt(d)); y.Sign() >= 0 && y.BitLen() <= 256 {
			xs = append(xs, fromBig(y))
		}
	}
	for _, x := range []*big.Int{
		new(big.Int), prime, new(big.Int).Lsh(prime, 1), new(big.Int).Lsh(one, 255), new(big.Int).Lsh(one, 256), new(big.Int).Rsh(prime, 1),
	} {
		for d := int64(-20); d <= 20; d++ {
			add(x, d)
		}
	}
	for i := 5; i < 256; i++ {
		add(new(big.Int).Lsh(one, uint(i)), 0)
		add(new(big.Int).Lsh(one, uint(i)), -1)
		add(new(big.Int).Sub(prime, new(big.Int).Lsh(one, uint(i))), 0)
	}
	r := rand.New(rand.NewPCG(uint64(n), 7748))
	for range n {
		var b [32]byte
		cryptotest.Fill(r, b[:])
		xs = append(xs, twinWords(&b))
	}
	return xs
}

func toBig(w [4]uint64) *big.Int {
	x := new(big.Int)
	for i := range w {
		x.Lsh(x, 64).Or(x, new(big.Int).SetUint64(w[3-i]))
	}
	return x
}

func fromBig(x *big.Int) (w [4]uint64) {
	x = new(big.Int).Set(x)
	for i := range w {
		w[i] = new(big.Int).And(x, new(big.Int).SetUint64(^uint64(0))).Uint64()
		x.Rsh(x, 64)
	}
	return w
}

func mod(x *big.Int) [4]uint64 { return fromBig(new(big.Int).Mod(x, prime)) }

// big returns the number that e stands for.
func (e *element) big() *big.Int {
	x := new(big.Int)
	for i := range e {
		x.Lsh(x, 51).Add(x, new(big.Int).SetUint64(e[4-i]))
	}
	return x
}

// checkLimbs holds e to what element promises.
func (e *element) checkLimbs(t *testing.T, what string) {
	t.Helper()
	for i := range e {
		if e[i] >= 1<<51+1<<17 {
			t.Fatalf("%s: limb %d is %#x", what, i, e[i])
		}
	}
}

// elements are numbers, and limbs at their maxima and around them.
func elements(t *testing.T, n int) (es []element) {
	for _, w := range numbers(n) {
		var e element
		e.setWords(&w)
		e.checkLimbs(t, "setWords")
		if got := e.words(); got != mod(toBig(w)) {
			t.Fatalf("%x: words returns %x", w, got)
		}
		es = append(es, e)
	}
	const most = 1<<51 + 1<<17 - 1
	limbs := []uint64{0, 1, 18, 19, 1<<51 - 20, 1<<51 - 19, 1<<51 - 18, 1<<51 - 1, 1 << 51, 1<<51 + 1, most}
	r := rand.New(rand.NewPCG(uint64(n), 51))
	for range n {
		var e element
		for i := range e {
			e[i] = limbs[r.IntN(len(limbs))]
		}
		es = append(es, e)
	}
	return append(es, element{most, most, most, most, most})
}

// The twin's field against math/big, with every aliasing.
func TestTwinField(t *testing.T) {
	es := elements(t, 400)
	r := rand.New(rand.NewPCG(4, 7748))
	for _, op := range []struct {
		name string
		f    func(z, x, y *element)
		big  func(z, x, y *big.Int) *big.Int
	}{
		{"add", (*element).add, (*big.Int).Add},
		{"sub", (*element).sub, (*big.Int).Sub},
		{"mul", (*element).mul, (*big.Int).Mul},
	} {
		check := func(how string, z, x, y element) {
			t.Helper()
			z.checkLimbs(t, op.name)
			if got, want := z.words(), mod(op.big(new(big.Int), x.big(), y.big())); got != want {
				t.Fatalf("%s of %x and %x, %s: %x, want %x", op.name, x, y, how, got, want)
			}
		}
		for i, x := range es {
			for range 10 {
				y := es[r.IntN(len(es))]
				if i < 4 {
					y = es[len(es)-1-i]
				}
				var z element
				op.f(&z, &x, &y)
				check("all different", z, x, y)
				z = x
				op.f(&z, &z, &y)
				check("z is x", z, x, y)
				z = y
				op.f(&z, &x, &z)
				check("z is y", z, x, y)
				z = x
				op.f(&z, &x, &x)
				check("x is y", z, x, x)
				z = x
				op.f(&z, &z, &z)
				check("all the same", z, x, x)
			}
		}
	}
	for _, x := range es {
		if got := x.words(); got != mod(x.big()) {
			t.Fatalf("words of %x: %x", x, got)
		}
		y := x
		y.invert(&y)
		want := [4]uint64{} // of 0
		if inv := new(big.Int).ModInverse(x.big(), prime); inv != nil {
			want = fromBig(inv)
		}
		if got := y.words(); got != want {
			t.Fatalf("1/%x: %x, want %x", x, got, want)
		}
	}
}

// The twin's points: of the base point's order, on the curve, and their sums
// with themselves, their opposites and the neutral element.
func TestTwinEdwards(t *testing.T) {
	base := edwardsBase()
	d := new(big.Int).ModInverse(big.NewInt(121666), prime)
	d.Mul(d, big.NewInt(-121665)).Mod(d, prime)
	check := func(what string, p *edwards) {
		t.Helper()
		inv := new(big.Int).ModInverse(p.z.big(), prime)
		x := new(big.Int).Mul(p.x.big(), inv)
		y := new(big.Int).Mul(p.y.big(), inv)
		if got := new(big.Int).Mul(p.t.big(), inv); mod(got) != mod(new(big.Int).Mul(x, y)) {
			t.Errorf("%s: T/Z is not x·y", what)
		}
		x.Mul(x, x)
		y.Mul(y, y)
		right := new(big.Int).Mul(x, y)
		right.Mul(right.Mod(right, prime), d).Add(right, one)
		if mod(new(big.Int).Sub(y, x)) != mod(right) {
			t.Errorf("%s is not on the curve", what)
		}
	}
	check("the base point", &base)
	zero := edwards{y: element{1}, z: element{1}}
	minus := base
	minus.negate(1)
	var sum edwards
	for _, c := range []struct {
		name    string
		p, q    *edwards
		neutral bool
	}{{"B+B", &base, &base, false}, {"B-B", &base, &minus, true}, {"B+0", &base, &zero, false}, {"0+0", &zero, &zero, true}} {
		sum.add(c.p, c.q)
		check(c.name, &sum)
		if neutral := sum.x.words() == [4]uint64{} && sum.y.words() == sum.z.words(); neutral != c.neutral {
			t.Errorf("%s: neutral %v", c.name, neutral)
		}
	}
	table := twinTable()
	for i := range table {
		for j := range table[i] {
			check(fmt.Sprintf("%d·16^%d·B", j+1, i), &table[i][j])
		}
	}
}

// The twins of the ladder and the comb against each other; the former is RFC
// 7748's text.
func TestTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7748))
	n := 100
	if race || testing.Short() {
		n = 5
	}
	for i := range n {
		var key [32]byte
		cryptotest.Fill(r, key[:])
		if i == 0 {
			copy(key[:], slices.Repeat([]byte{0xff}, 32)) // all digits carry
		}
		want := twinX25519(&key, &generator)
		if got := private(t, key[:], tiersOf(cpu.Generic)).PublicKey().key; got != want {
			t.Fatalf("ladder, %x: %x, want %x", key, want, got)
		}
		if got := twinBase(&key); got != want {
			t.Fatalf("comb, %x: %x, want %x", key, got, want)
		}
	}
}
