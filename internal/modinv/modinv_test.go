package modinv

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cryptotest"
)

// An inverter inverts modulo m.
type inverter struct {
	name   string
	m      *modulus
	invert func(z, x *[4]uint64)
}

var exported = []inverter{
	{"P25519", &p25519, P25519},
	{"P256", &p256, P256},
	{"N256", &n256, N256},
}

var generic = []inverter{
	{"P25519", &p25519, p25519.invertGeneric},
	{"P256", &p256, p256.invertGeneric},
	{"N256", &n256, n256.invertGeneric},
}

func TestInvert(t *testing.T) {
	for _, in := range exported {
		t.Run(in.name, func(t *testing.T) { testInvert(t, in) })
	}
	t.Run("P256N256", func(t *testing.T) { testPair(t, P256N256) })
}

func TestInvertGeneric(t *testing.T) {
	for _, in := range generic {
		t.Run(in.name, func(t *testing.T) { testInvert(t, in) })
	}
}

func testInvert(t *testing.T, in inverter) {
	m := in.m.big()
	for _, x := range inputs(m) {
		want := inverse(x, m)
		z := [4]uint64{1, 2, 3, 4}
		was := x
		in.invert(&z, &x)
		if z != want || x != was {
			t.Fatalf("1/%x = %x, want %x", was, z, want)
		}
		in.invert(&x, &x)
		if x != want {
			t.Fatalf("1/%x = %x in place, want %x", was, x, want)
		}
	}
}

// testPair inverts each edge beside values of every kind, as either of the two.
func testPair(t *testing.T, invert func(zp, xp, zn, xn *[4]uint64)) {
	p, n := p256.big(), n256.big()
	r := rand.New(rand.NewPCG(3, 4))
	xs, ys := inputs(p), inputs(n)
	for i, x := range xs {
		y := ys[i]
		if r.IntN(2) == 0 {
			y = ys[r.IntN(len(ys))]
		}
		wantX, wantY := inverse(x, p), inverse(y, n)
		var zx, zy [4]uint64
		invert(&zx, &x, &zy, &y)
		if zx != wantX || zy != wantY {
			t.Fatalf("1/%x, 1/%x = %x, %x, want %x, %x", x, y, zx, zy, wantX, wantY)
		}
		invert(&x, &x, &y, &y)
		if x != wantX || y != wantY {
			t.Fatalf("in place: %x, %x, want %x, %x", x, y, wantX, wantY)
		}
	}
}

// inputs returns values below m: its edges, powers of two and their
// neighbours, small values and their quotients modulo m, which make the longest and
// the shortest runs of even g, and values of every bit density.
func inputs(m *big.Int) [][4]uint64 {
	var xs [][4]uint64
	add := func(x *big.Int) { xs = append(xs, words(new(big.Int).Mod(x, m))) }
	one := big.NewInt(1)
	for i := range 256 {
		pow := new(big.Int).Lsh(one, uint(i))
		for d := int64(-1); d <= 1; d++ {
			x := new(big.Int).Add(pow, big.NewInt(d))
			add(x)
			add(x.Neg(x)) // close to the modulus
		}
		add(new(big.Int).ModInverse(pow, m))
		add(new(big.Int).Sub(new(big.Int).Lsh(one, 256), pow)) // a run of ones
	}
	for i := range int64(64) {
		x := big.NewInt(i)
		add(x)
		add(new(big.Int).Neg(x))
		add(new(big.Int).Add(new(big.Int).Rsh(m, 1), x))
		add(new(big.Int).Sub(new(big.Int).Rsh(m, 1), x))
		if i > 0 {
			add(new(big.Int).Quo(m, x))
			add(new(big.Int).ModInverse(x, m))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	var b [32]byte
	for range 2000 {
		cryptotest.Fill(r, b[:])
		if x := new(big.Int).SetBytes(b[:]); x.Cmp(m) < 0 {
			xs = append(xs, words(x))
		} else {
			add(x)
		}
	}
	return xs
}

// The values of a round stay in their ranges, whatever the input.
func TestRanges(t *testing.T) {
	for _, m := range []*modulus{&p25519, &p256, &n256} {
		M := m.big()
		minus2M := new(big.Int).Lsh(M, 1)
		minus2M.Neg(minus2M)
		for _, x := range inputs(M) {
			f, g, d, e := m.m, toSigned(&x), signed{}, signed{1}
			δ := int64(1)
			for round := range rounds {
				var tr matrix
				δ, tr = divsteps(δ, uint64(f[0])|uint64(f[1])<<62, uint64(g[0])|uint64(g[1])<<62)
				tr.divide(&f, &g)
				tr.divideMod(&d, &e, m)
				for name, s := range map[string]*signed{"f": &f, "g": &g, "d": &d, "e": &e} {
					v := s.big()
					ok := v.CmpAbs(M) <= 0
					if name == "d" || name == "e" {
						ok = v.Cmp(M) < 0 && v.Cmp(minus2M) > 0
					}
					if !ok {
						t.Fatalf("1/%x, round %d: %s = %x", x, round, name, v)
					}
					for i, limb := range s[:4] {
						if limb < 0 || limb > low62 {
							t.Fatalf("1/%x, round %d: limb %d of %s is %x", x, round, i, name, limb)
						}
					}
				}
			}
			if g != (signed{}) {
				t.Fatalf("1/%x: g = %x at the end", x, g.big())
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	var z, y [4]uint64
	if n := testing.AllocsPerRun(10, func() {
		P25519(&z, &z)
		P256(&z, &z)
		N256(&z, &z)
		P256N256(&z, &z, &y, &y)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func (m *modulus) big() *big.Int { return m.m.big() }

func (s *signed) big() *big.Int {
	x := new(big.Int)
	for i := 4; i >= 0; i-- {
		x.Lsh(x, 62)
		x.Add(x, big.NewInt(s[i]))
	}
	return x
}

// inverse returns 1/x modulo m, by math/big.
func inverse(x [4]uint64, m *big.Int) [4]uint64 {
	var b [32]byte
	for i := range x {
		binary.BigEndian.PutUint64(b[24-8*i:], x[i])
	}
	y := new(big.Int).ModInverse(new(big.Int).SetBytes(b[:]), m)
	if y == nil {
		return [4]uint64{}
	}
	return words(y)
}

func words(x *big.Int) [4]uint64 {
	var b [32]byte
	x.FillBytes(b[:])
	var w [4]uint64
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return w
}

func BenchmarkInvert(b *testing.B) {
	x := [4]uint64{0x0123456789abcdef, 0x1123456789abcdef, 0x2123456789abcdef, 0x3123456789abcdef}
	for _, in := range exported {
		b.Run("modulus="+in.name, func(b *testing.B) {
			for b.Loop() {
				in.invert(&x, &x)
			}
		})
	}
	b.Run("modulus=P256N256", func(b *testing.B) {
		y := x
		for b.Loop() {
			P256N256(&x, &x, &y, &y)
		}
	})
	for _, in := range generic {
		b.Run("tier=generic/modulus="+in.name, func(b *testing.B) {
			for b.Loop() {
				in.invert(&x, &x)
			}
		})
	}
}
