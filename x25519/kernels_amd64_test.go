//go:build gc && !purego

package x25519

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

func TestPick(t *testing.T) {
	for name, want := range map[string]tiers{
		"no features":     {cpu.Generic, cpu.Generic},
		"Haswell":         {cpu.Generic, cpu.Generic},
		"Broadwell":       {cpu.ADX, cpu.ADX},
		"Zen 2":           {cpu.ADX, cpu.ADX},
		"Zen 3":           {cpu.ADX, cpu.ADX},
		"Alder Lake":      {cpu.ADX, cpu.ADX},
		"Skylake-SP":      {cpu.ADX, cpu.ADX},
		"Ice Lake":        {cpu.IFMA, cpu.ADX},
		"Sapphire Rapids": {cpu.IFMA, cpu.IFMA},
		"Zen 4":           {cpu.IFMA, cpu.IFMA},
		"Zen 5":           {cpu.IFMA, cpu.IFMA},
		"Apple M1":        {cpu.Generic, cpu.Generic},
	} {
		f, ok := cryptotest.CPUs[name]
		if !ok {
			t.Fatalf("no CPU %q", name)
		}
		if got := pick(f); got != want {
			t.Errorf("%s: %v and %v, want %v and %v", name, got.ladder, got.base, want.ladder, want.base)
		}
	}
	f := cryptotest.CPUs["Zen 5"]
	if got, want := pick(f.Without(cpu.IFMA)), (tiers{cpu.ADX, cpu.ADX}); got != want {
		t.Errorf("Zen 5 without ifma: %v", got)
	}
	if got, want := pick(f.Without(cpu.IFMA, cpu.ADX)), (tiers{cpu.Generic, cpu.Generic}); got != want {
		t.Errorf("Zen 5 without kernels: %v", got)
	}
}

// A kernelTest is memory between inaccessible pages for the arguments of
// kernels.
type kernelTest struct {
	xz *[2][4]uint64
	k  *[32]byte
	u  *[4]uint64
}

func newKernelTest(t *testing.T, end bool) kernelTest {
	place := func(n int) unsafe.Pointer {
		g := cryptotest.NewGuard(t, n)
		if end {
			return unsafe.Pointer(&g.End(n)[0])
		}
		return unsafe.Pointer(&g.Start(n)[0])
	}
	return kernelTest{
		(*[2][4]uint64)(place(64)),
		(*[32]byte)(place(32)),
		(*[4]uint64)(place(32)),
	}
}

// run calls a kernel of arguments k and u and returns what it leaves in xz. It
// sees that both numbers are reduced, and that the arguments are as before.
func (m kernelTest) run(t *testing.T, k [32]byte, u [4]uint64, kernel func(m kernelTest)) [2][4]uint64 {
	t.Helper()
	*m.k, *m.u = k, u
	*m.xz = [2][4]uint64{{1, 2, 3, 4}, {5, 6, 7, 8}}
	if err := cryptotest.Fault(func() { kernel(m) }); err != nil {
		t.Fatalf("k = %x, u = %x: %v", k, u, err)
	}
	if *m.k != k || *m.u != u {
		t.Fatalf("k = %x, u = %x: the arguments are %x and %x afterwards", k, u, *m.k, *m.u)
	}
	for i, w := range m.xz {
		if toBig(w).Cmp(prime) >= 0 {
			t.Fatalf("k = %x, u = %x: number %d is not reduced: %x", k, u, i, w)
		}
	}
	return *m.xz
}

// scalars are clamped keys: of one bit besides those that are always set, of all
// but one, and of every bit density.
func scalars(n int) (ks [][32]byte) {
	for i := 3; i < 254; i++ {
		var b [32]byte
		b[i/8] = 1 << (i % 8)
		ks = append(ks, clamped(&b))
		for j := range b {
			b[j] = ^b[j]
		}
		ks = append(ks, clamped(&b))
	}
	r := rand.New(rand.NewPCG(uint64(n), 7748))
	for range n {
		var b [32]byte
		cryptotest.Fill(r, b[:])
		ks = append(ks, clamped(&b))
	}
	return ks
}

// kernelTests returns how many random inputs the kernels are to be tested with.
func kernelTests() int {
	if race || testing.Short() {
		return 50
	}
	return 300
}

// Every ladder against the twin: edges of u with random scalars, edges of
// scalars with random u.
func TestLadders(t *testing.T) {
	cryptotest.Tiers(t, "x25519", ladderTiers, func(t *testing.T, tier cpu.Tier) {
		run := func(m kernelTest, k [32]byte, u [4]uint64) {
			t.Helper()
			xz := m.run(t, k, u, func(m kernelTest) { ladder(tier, m.xz, m.k, m.u) })
			var want [2][4]uint64
			twinLadder(&want, &k, &u)
			if got, want := twinDivide(&xz), twinDivide(&want); got != want {
				t.Fatalf("k = %x, u = %x: %x, want %x", k, u, got, want)
			}
		}
		start, end := newKernelTest(t, false), newKernelTest(t, true)
		us, ks := numbers(kernelTests()), scalars(kernelTests())
		r := rand.New(rand.NewPCG(8, 7748))
		for i, u := range us {
			u[3] &= 1<<63 - 1
			run(start, ks[r.IntN(len(ks))], u)
			if i%4 == 0 {
				run(end, ks[r.IntN(len(ks))], u)
			}
		}
		for _, k := range ks {
			u := us[r.IntN(len(us))]
			u[3] &= 1<<63 - 1
			run(start, k, u)
		}
		// u·k = 0: the denominator is, whatever the numerator.
		for _, u := range lowOrder() {
			xz := start.run(t, ks[r.IntN(len(ks))], fromBig(u), func(m kernelTest) { ladder(tier, m.xz, m.k, m.u) })
			if xz[1] != [4]uint64{} && xz[0] != [4]uint64{} {
				t.Fatalf("u = %d: %x", u, xz)
			}
		}
	})
}

// Every comb against the twin.
func TestCombs(t *testing.T) {
	cryptotest.Tiers(t, "x25519", baseTiers, func(t *testing.T, tier cpu.Tier) {
		for _, m := range []kernelTest{newKernelTest(t, false), newKernelTest(t, true)} {
			for _, k := range append(scalars(kernelTests()), digits()...) {
				xz := m.run(t, k, [4]uint64{}, func(m kernelTest) { comb(tier, m.xz, m.k) })
				var want [2][4]uint64
				twinComb(&want, &k)
				if got, want := twinDivide(&xz), twinDivide(&want); got != want {
					t.Fatalf("k = %x: %x, want %x", k, got, want)
				}
			}
		}
	})
}

// digits are clamped keys most of whose digits, of any size from 3 to 8 bits,
// are the same: those that carry, those that just do not, and zero.
func digits() (ks [][32]byte) {
	for size := 3; size <= 8; size++ {
		for digit := range uint64(1) << size {
			x := new(big.Int)
			for range 256/size + 1 {
				x.Lsh(x, uint(size)).Or(x, new(big.Int).SetUint64(digit))
			}
			x.And(x, new(big.Int).Sub(new(big.Int).Lsh(one, 256), one))
			w := fromBig(x)
			var b [32]byte
			for i := range w {
				binary.LittleEndian.PutUint64(b[8*i:], w[i])
			}
			ks = append(ks, clamped(&b))
		}
	}
	return ks
}
