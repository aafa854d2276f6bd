//go:build gc && !purego

package x25519

import (
	"crypto/ecdh"
	"math/big"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// A bigPoint is a point of curve25519, v² = u³ + 486662·u² + u (RFC 7748, Section
// 4.1), other than the neutral one and (0, 0).
type bigPoint struct{ u, v *big.Int }

var montgomeryA = big.NewInt(486662)

func bigInv(x *big.Int) *big.Int { return new(big.Int).ModInverse(x, prime) }

func bigMod(x *big.Int) *big.Int { return x.Mod(x, prime) }

func bigMul(xs ...*big.Int) *big.Int {
	z := big.NewInt(1)
	for _, x := range xs {
		bigMod(z.Mul(z, x))
	}
	return z
}

// add returns p+q by the chord through the points, or the tangent if they are
// equal.
func (p bigPoint) add(q bigPoint) bigPoint {
	var slope *big.Int
	if p.u.Cmp(q.u) == 0 {
		// (3u² + 2Au + 1)/2v
		n := bigMul(big.NewInt(3), p.u, p.u)
		n.Add(n, bigMul(big.NewInt(2), montgomeryA, p.u)).Add(n, one)
		slope = bigMul(bigMod(n), bigInv(bigMul(big.NewInt(2), p.v)))
	} else {
		n, d := new(big.Int).Sub(q.v, p.v), new(big.Int).Sub(q.u, p.u)
		slope = bigMul(n, bigInv(bigMod(d)))
	}
	u := bigMul(slope, slope)
	u.Sub(u, montgomeryA).Sub(u, p.u).Sub(u, q.u)
	bigMod(u)
	v := new(big.Int).Sub(p.u, u)
	v.Mul(v, slope).Sub(v, p.v)
	return bigPoint{u, bigMod(v)}
}

// edwards returns x = sqrt(-486664)·u/v and y = (u-1)/(u+1) (RFC 7748, Section
// 4.1).
func (p bigPoint) edwards() (x, y *big.Int) {
	root := new(big.Int).ModSqrt(bigMod(big.NewInt(-486664)), prime)
	y = bigMul(new(big.Int).Sub(p.u, one), bigInv(new(big.Int).Add(p.u, one)))
	return bigMul(root, p.u, bigInv(p.v)), y
}

// basePoints returns x and y of j·2^i·B for j = 1 to n, in row i, where B is the
// point of u = 9 whose x is even: the one that RFC 8032, Section 5.1, has.
func basePoints(rows, n int) (xs, ys [][]*big.Int) {
	u := big.NewInt(9)
	v := bigMul(u, u, u)
	v.Add(v, bigMul(montgomeryA, u, u)).Add(v, u)
	b := bigPoint{u, new(big.Int).ModSqrt(bigMod(v), prime)}
	if x, _ := b.edwards(); x.Bit(0) == 1 {
		b.v.Sub(prime, b.v)
	}
	for range rows {
		var rowX, rowY []*big.Int
		p := b
		for j := range n {
			if j > 0 {
				p = p.add(b)
			}
			x, y := p.edwards()
			rowX, rowY = append(rowX, x), append(rowY, y)
		}
		xs, ys = append(xs, rowX), append(ys, rowY)
		b = b.add(b)
	}
	return xs, ys
}

var bases = sync.OnceValues(func() (xs, ys [][]*big.Int) { return basePoints(256, 16) })

// tableWords returns the words of a data section of an assembly file.
func tableWords(t *testing.T, file, name string) (words []uint64) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range regexp.MustCompile(`(?m)^DATA `+name+`<>\+(\d+)\(SB\)/8, \$0x([0-9a-f]{16})$`).FindAllSubmatch(text, -1) {
		w, err := strconv.ParseUint(string(m[2]), 16, 64)
		if err != nil || string(m[1]) != strconv.Itoa(8*i) {
			t.Fatalf("%s: %q", file, m[0])
		}
		words = append(words, w)
	}
	return words
}

// The points that combIFMA takes from its table, from the curve's equation.
func TestCombTableIFMA(t *testing.T) {
	words := tableWords(t, "comb_ifma_amd64.s", "combTableIFMA")
	if len(words) != 8*8*3*5*8 {
		t.Fatalf("%d words", len(words))
	}
	half := bigInv(big.NewInt(2))
	d := bigMul(bigMod(big.NewInt(-121665)), bigInv(big.NewInt(121666)))
	xs, ys := bases()
	for n, b := range []int{7, 0, 1, 2, 3, 4, 5, 6} {
		for j := range 8 {
			for lane := range 8 {
				x, y := xs[4*(b+8*lane)][j], ys[4*(b+8*lane)][j]
				want := []*big.Int{bigMod(new(big.Int).Sub(y, x)), bigMod(new(big.Int).Add(y, x)), bigMul(x, y)}
				if n > 0 {
					want = []*big.Int{bigMul(want[0], half), bigMul(want[1], half), bigMul(want[2], d)}
				}
				for c := range want {
					got := new(big.Int)
					for i := 4; i >= 0; i-- {
						w := words[(((n*8+j)*3+c)*5+i)*8+lane]
						if w >= 1<<51 {
							t.Fatalf("limb %x", w)
						}
						got.Lsh(got, 51).Or(got, new(big.Int).SetUint64(w))
					}
					if got.Cmp(want[c]) != 0 {
						t.Fatalf("batch %d, multiple %d, lane %d, coordinate %d: %x, want %x", b, j+1, lane, c, got, want[c])
					}
				}
			}
		}
	}
}

// The multiplication of combIFMA, with limbs at their maxima.
func TestMulIFMA(t *testing.T) {
	if !cpu.Host().Has(cpu.IFMA) || !cpu.Host().HasFeature(cpu.Fast512) {
		t.Skip("this machine lacks the tier, or SEALANE_DISABLE removed it")
	}
	const most = 1<<51 + 1<<18 // of a factor in combIFMA
	r := rand.New(rand.NewPCG(52, 19))
	limb := func(kind int) uint64 {
		switch kind {
		case 0:
			return 1<<52 - 1
		case 1:
			return most
		case 2:
			return []uint64{0, 1, 1<<51 - 19, 1<<51 - 1, 1 << 51, most, 1<<52 - 1}[r.IntN(7)]
		default:
			return r.Uint64() >> 12
		}
	}
	number := func(x *[5][8]uint64, lane int) *big.Int {
		n := new(big.Int)
		for i := 4; i >= 0; i-- {
			n.Lsh(n, 51).Add(n, new(big.Int).SetUint64(x[i][lane]))
		}
		return n
	}
	for n := range kernelTests() {
		var x, y, z [5][8]uint64
		for lane := range 8 {
			kx, ky := min(n+lane, 3), min(n, 3)
			for i := range 5 {
				x[i][lane], y[i][lane] = limb(kx), limb(ky)
			}
		}
		x0, y0 := x, y
		mulIFMA(&z, &x, &y)
		if x != x0 || y != y0 {
			t.Fatal("the factors change")
		}
		for lane := range 8 {
			got, want := bigMod(number(&z, lane)), bigMul(number(&x, lane), number(&y, lane))
			if got.Cmp(want) != 0 {
				t.Fatalf("lane %d of %x times %x: %x, want %x", lane, x, y, got, want)
			}
			for i := range z {
				if z[i][lane] >= 1<<51+1<<14 {
					t.Fatalf("lane %d of %x times %x: limb %x", lane, x, y, z[i][lane])
				}
			}
		}
		mulIFMA(&x, &x, &y)
		if x != z {
			t.Fatal("z = x: another product")
		}
		x = x0
		mulIFMA(&y, &x, &y)
		if y != z {
			t.Fatal("z = y: another product")
		}
	}
}

// alignedTable is what it says, and combIFMA takes a table at any address.
func TestAlignedTable(t *testing.T) {
	if at := uintptr(unsafe.Pointer(alignedTable())); at%64 != 0 {
		t.Errorf("the table is at %x", at)
	}
	if *alignedTable() != *combTableIFMA() {
		t.Error("another table")
	}
	if !cpu.Host().Has(cpu.IFMA) || !cpu.Host().HasFeature(cpu.Fast512) {
		t.Skip("this machine lacks the tier, or SEALANE_DISABLE removed it")
	}
	b := make([]byte, unsafe.Sizeof(combTable{})+64)
	k := scalars(1)[500]
	var want, got [2][4]uint64
	combIFMA(&want, &k, alignedTable())
	for i := 0; i < 64; i += 8 {
		table := (*combTable)(unsafe.Pointer(&b[i]))
		*table = *combTableIFMA()
		if combIFMA(&got, &k, table); got != want {
			t.Fatalf("at %d: %x, want %x", i, got, want)
		}
	}
}

// Random keys against crypto/ecdh: some thousand, or a million.
func TestCombStandard(t *testing.T) {
	cryptotest.Tiers(t, "x25519", baseTiers, func(t *testing.T, tier cpu.Tier) {
		n := 3 * kernelTests()
		if *million {
			n = 1e6
		}
		r := rand.New(rand.NewPCG(255, 19))
		for i := range n {
			var key, got [KeySize]byte
			cryptotest.Fill(r, key[:])
			scalarBaseMult(tier, &got, &key)
			k, err := ecdh.X25519().NewPrivateKey(key[:])
			if err != nil {
				t.Fatal(err)
			}
			if want := k.PublicKey().Bytes(); string(want) != string(got[:]) {
				t.Fatalf("key %d, %x: %x, want %x", i, key, got, want)
			}
		}
	})
}

// The points that combADX takes from its tables, from the curve's equation.
func TestCombTableADX(t *testing.T) {
	half := bigInv(big.NewInt(2))
	d := bigMul(bigMod(big.NewInt(-121665)), bigInv(big.NewInt(121666)))
	xs, ys := bases()
	check := func(words []uint64, want ...*big.Int) {
		t.Helper()
		for i, w := range want {
			if got := toBig([4]uint64(words[4*i:])); got.Cmp(w) != 0 {
				t.Fatalf("%x, want %x", got, w)
			}
		}
	}
	words := tableWords(t, "comb_adx_amd64.s", "combTableADX")
	if len(words) != 25*16*12 {
		t.Fatalf("%d words", len(words))
	}
	for row := range 25 {
		for j := range 16 {
			// Multiple j+1 of 2^(10·row+3)·B.
			x, y := xs[10*row+3][j], ys[10*row+3][j]
			check(words[(row*16+j)*12:],
				bigMul(new(big.Int).Sub(y, x), half), bigMul(new(big.Int).Add(y, x), half), bigMul(x, y, d))
		}
	}
	words = tableWords(t, "comb_adx_amd64.s", "combTopADX")
	if len(words) != 3*12 {
		t.Fatalf("%d words", len(words))
	}
	for n := range 3 {
		// Multiple n+2 of 2^(5·49+3)·B.
		x, y := xs[5*49+3][n+1], ys[5*49+3][n+1]
		check(words[12*n:], x, y, bigMul(x, y))
	}
}
