package sha2

import (
	"bytes"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// tiers256 and tiers512 are all tiers with kernels, best first, and the
// fallback.
var (
	tiers256 = []cpu.Tier{cpu.SHANI, cpu.AVX2, cpu.Generic}
	tiers512 = []cpu.Tier{cpu.AVX512, cpu.AVX2, cpu.Generic}
)

// An alg is a hash of this package beside the standard library's.
type alg struct {
	name        string
	size, block int
	new, ref    func() hash.Hash
	sum, refSum func([]byte) []byte
}

var algorithms = []alg{
	{
		"sha-224", Size224, BlockSize224, New224, sha256.New224,
		func(b []byte) []byte { s := Sum224(b); return s[:] },
		func(b []byte) []byte { s := sha256.Sum224(b); return s[:] },
	},
	{
		"sha-256", Size256, BlockSize256, New256, sha256.New,
		func(b []byte) []byte { s := Sum256(b); return s[:] },
		func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
	},
	{
		"sha-384", Size384, BlockSize384, New384, sha512.New384,
		func(b []byte) []byte { s := Sum384(b); return s[:] },
		func(b []byte) []byte { s := sha512.Sum384(b); return s[:] },
	},
	{
		"sha-512", Size512, BlockSize512, New512, sha512.New,
		func(b []byte) []byte { s := Sum512(b); return s[:] },
		func(b []byte) []byte { s := sha512.Sum512(b); return s[:] },
	},
	{
		"sha-512-224", Size512_224, BlockSize512_224, New512_224, sha512.New512_224,
		func(b []byte) []byte { s := Sum512_224(b); return s[:] },
		func(b []byte) []byte { s := sha512.Sum512_224(b); return s[:] },
	},
	{
		"sha-512-256", Size512_256, BlockSize512_256, New512_256, sha512.New512_256,
		func(b []byte) []byte { s := Sum512_256(b); return s[:] },
		func(b []byte) []byte { s := sha512.Sum512_256(b); return s[:] },
	},
}

func algorithm(t testing.TB, name string) alg {
	for _, a := range algorithms {
		if a.name == name {
			return a
		}
	}
	t.Fatalf("no algorithm %s", name)
	panic("unreachable")
}

// all returns the tiers of the algorithm.
func (a alg) all() []cpu.Tier {
	if a.block == BlockSize256 {
		return tiers256
	}
	return tiers512
}

// tiers returns the tiers of the algorithm that this machine has.
func (a alg) tiers() []cpu.Tier {
	var ts []cpu.Tier
	for _, t := range a.all() {
		if cpu.Host().Has(t) {
			ts = append(ts, t)
		}
	}
	return ts
}

// newTier returns a digest of the given tier.
func (a alg) newTier(tier cpu.Tier) hash.Hash {
	if a.block == BlockSize256 {
		return newDigest256(tier, uint8(a.size))
	}
	d := newDigest512(tier, Size512)
	switch a.name {
	case "sha-384":
		d = newDigest512(tier, Size384)
	case "sha-512-224":
		d = newDigest512(tier, Size512_224)
	case "sha-512-256":
		d = newDigest512(tier, Size512_256)
	}
	return d
}

// The contract of hash.Hash, and marshaling to and from the standard library,
// in every tier.
func TestHash(t *testing.T) {
	for _, a := range algorithms {
		t.Run("alg="+a.name, func(t *testing.T) {
			cryptotest.Tiers(t, "sha2", a.all(), func(t *testing.T, tier cpu.Tier) {
				cryptotest.Hash(t, func() hash.Hash { return a.newTier(tier) }, a.ref)
			})
		})
	}
}

// What the constructors return, on whichever tier this machine prefers.
func TestNew(t *testing.T) {
	for _, a := range algorithms {
		t.Run("alg="+a.name, func(t *testing.T) {
			cryptotest.Hash(t, a.new, a.ref)
			h := a.new()
			if h.Size() != a.size || h.BlockSize() != a.block {
				t.Errorf("Size %d, BlockSize %d, want %d, %d", h.Size(), h.BlockSize(), a.size, a.block)
			}
			tier := tier256
			if a.block == BlockSize512 {
				tier = tier512
			}
			if x, ok := h.(interface{ Tier() string }); ok && x.Tier() != tier.String() {
				t.Errorf("Tier %s, want %s", x.Tier(), tier)
			} else if ok == (tier == cpu.Generic) {
				t.Errorf("tier %s: the digest has a method Tier: %v", tier, ok)
			}
		})
	}
}

func TestSum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, a := range algorithms {
		for n := range 600 {
			p := make([]byte, n)
			cryptotest.Fill(r, p)
			if got, want := a.sum(p), a.refSum(p); !bytes.Equal(got, want) {
				t.Fatalf("%s of %d bytes: %x, want %x", a.name, n, got, want)
			}
		}
	}
}

// Every kernel against the portable twin: every length up to some blocks at
// every distance from an inaccessible page, then some longer ones.
func TestBlock256(t *testing.T) {
	cryptotest.Tiers(t, "sha2", tiers256, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(2, 2))
		g := cryptotest.NewGuard(t, maxCallSize+16*BlockSize256)
		for _, size := range blockSizes(BlockSize256) {
			for _, p := range [][]byte{g.End(size), g.Start(size), g.End(size + 1 + r.IntN(63))[:size]} {
				cryptotest.Fill(r, p)
				got := state256(r)
				want := got
				block256Generic(&want, p)
				if err := cryptotest.Fault(func() { block256(tier, &got, p) }); err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if got != want {
					t.Fatalf("%d bytes: %08x, want %08x", size, got, want)
				}
			}
		}
	})
}

func TestBlock512(t *testing.T) {
	cryptotest.Tiers(t, "sha2", tiers512, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(3, 3))
		g := cryptotest.NewGuard(t, maxCallSize+16*BlockSize512)
		for _, size := range blockSizes(BlockSize512) {
			for _, p := range [][]byte{g.End(size), g.Start(size), g.End(size + 1 + r.IntN(127))[:size]} {
				cryptotest.Fill(r, p)
				got := state512(r)
				want := got
				block512Generic(&want, p)
				if err := cryptotest.Fault(func() { block512(tier, &got, p) }); err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if got != want {
					t.Fatalf("%d bytes: %016x, want %016x", size, got, want)
				}
			}
		}
	})
}

func TestFinish256(t *testing.T) {
	cryptotest.Tiers(t, "sha2", tiers256, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(4, 4))
		g := cryptotest.NewGuard(t, maxCallSize+16*BlockSize256)
		sums := cryptotest.NewGuard(t, Size256)
		for _, size := range tailSizes() {
			for _, tail := range [][]byte{g.End(size), g.Start(size), g.Start(size + 64)[r.IntN(64):][:size]} {
				cryptotest.Fill(r, tail)
				h := state256(r)
				before := h
				n := uint64(size) + BlockSize256*(r.Uint64()>>r.IntN(64)&(1<<54-1))
				var want [Size256]byte
				finish256Generic(&want, &h, tail, n)
				sum := (*[Size256]byte)(sums.End(Size256))
				if err := cryptotest.Fault(func() { finish256(tier, sum, &h, tail, n) }); err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if *sum != want {
					t.Fatalf("%d bytes of %d: %x, want %x", size, n, *sum, want)
				}
				if h != before {
					t.Fatalf("%d bytes: the state changed", size)
				}
			}
		}
	})
}

func TestFinish512(t *testing.T) {
	cryptotest.Tiers(t, "sha2", tiers512, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(5, 5))
		g := cryptotest.NewGuard(t, maxCallSize+16*BlockSize512)
		sums := cryptotest.NewGuard(t, Size512)
		for _, size := range tailSizes() {
			for _, tail := range [][]byte{g.End(size), g.Start(size), g.Start(size + 64)[r.IntN(64):][:size]} {
				cryptotest.Fill(r, tail)
				h := state512(r)
				before := h
				n := uint64(size) + BlockSize512*(r.Uint64()>>r.IntN(64)&(1<<53-1))
				var want [Size512]byte
				finish512Generic(&want, &h, tail, n)
				sum := (*[Size512]byte)(sums.End(Size512))
				if err := cryptotest.Fault(func() { finish512(tier, sum, &h, tail, n) }); err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if *sum != want {
					t.Fatalf("%d bytes of %d: %x, want %x", size, n, *sum, want)
				}
				if h != before {
					t.Fatalf("%d bytes: the state changed", size)
				}
			}
		}
	})
}

// maxCallSize is maxCall of the builds with kernels.
const maxCallSize = 64 << 10

// blockSizes returns sizes of whole blocks: 0 to 20 blocks, and around what one
// kernel call takes.
func blockSizes(block int) []int {
	var sizes []int
	for k := range 21 {
		sizes = append(sizes, k*block)
	}
	for k := -3; k <= 6; k++ {
		sizes = append(sizes, maxCallSize+k*block)
	}
	return sizes
}

// tailSizes returns every size up to some blocks, and some around what one
// kernel call takes.
func tailSizes() []int {
	var sizes []int
	for n := range 10 * 128 {
		sizes = append(sizes, n)
	}
	for _, k := range []int{-129, -128, -64, -1, 0, 1, 15, 55, 56, 64, 111, 112, 128, 300} {
		sizes = append(sizes, maxCallSize+k)
	}
	return sizes
}

func state256(r *rand.Rand) (h [8]uint32) {
	var b [32]byte
	cryptotest.Fill(r, b[:])
	for i := range h {
		h[i] = uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24
	}
	return h
}

func state512(r *rand.Rand) (h [8]uint64) {
	for i := range h {
		lo, hi := state256(r), state256(r)
		h[i] = uint64(hi[i])<<32 | uint64(lo[i])
	}
	return h
}

// The intermediate values of this package's functions are those of the hashes.
func TestMidstates(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	p := make([]byte, 1000)
	cryptotest.Fill(r, p)
	for n := range len(p) {
		h256, h224 := IV256(), IV224()
		k := r.IntN(n+1) &^ 63
		Block256(&h256, p[:k])
		Block256(&h224, p[:k])
		if got, want := Finish256(&h256, p[k:n], uint64(n)), sha256.Sum256(p[:n]); got != want {
			t.Fatalf("%d bytes cut at %d: %x, want %x", n, k, got, want)
		}
		got := Finish256(&h224, p[k:n], uint64(n))
		if want := sha256.Sum224(p[:n]); [Size224]byte(got[:]) != want {
			t.Fatalf("%d bytes cut at %d: %x, want %x", n, k, got, want)
		}
		k = r.IntN(n+1) &^ 127
		for _, c := range []struct {
			iv   [8]uint64
			want []byte
		}{
			{IV384(), algorithms[2].refSum(p[:n])},
			{IV512(), algorithms[3].refSum(p[:n])},
			{IV512_224(), algorithms[4].refSum(p[:n])},
			{IV512_256(), algorithms[5].refSum(p[:n])},
		} {
			h := c.iv
			Block512(&h, p[:k])
			if got := Finish512(&h, p[k:n], uint64(n)); !bytes.HasPrefix(got[:], c.want) {
				t.Fatalf("%d bytes cut at %d: %x, want %x", n, k, got, c.want)
			}
		}
	}
}

// The standard library's HMAC works on the digests, and hashes may be computed
// by many goroutines at once.
func TestHMACConcurrently(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for _, a := range algorithms {
				key, msg := bytes.Repeat([]byte{byte(i)}, 40*i), bytes.Repeat([]byte{7}, 333*i)
				got, want := hmac.New(a.new, key), hmac.New(a.ref, key)
				for range 3 {
					got.Write(msg)
					want.Write(msg)
					if g, w := got.Sum(nil), want.Sum(nil); !bytes.Equal(g, w) {
						t.Errorf("HMAC-%s: %x, want %x", a.name, g, w)
					}
					got.Reset()
					want.Reset()
				}
			}
		})
	}
	wg.Wait()
}

// A long message goes through the kernels in calls of at most maxCall.
func TestLong(t *testing.T) {
	p := make([]byte, 3*maxCallSize+777)
	cryptotest.Fill(rand.New(rand.NewPCG(7, 7)), p)
	for _, a := range algorithms {
		want := a.refSum(p)
		if got := a.sum(p); !bytes.Equal(got, want) {
			t.Errorf("%s: Sum %x, want %x", a.name, got, want)
		}
		for _, tier := range a.tiers() {
			h := a.newTier(tier)
			h.Write(p[:1])
			h.Write(p[1:])
			if got := h.Sum(nil); !bytes.Equal(got, want) {
				t.Errorf("%s, tier %s: %x, want %x", a.name, tier, got, want)
			}
		}
	}
}

// The length in bits is the whole 64-bit counter, as in the standard library:
// states unmarshaled from the end of the range.
func TestLengths(t *testing.T) {
	for _, a := range algorithms {
		for _, tier := range a.tiers() {
			for _, n := range []uint64{1<<29 - 1, 1<<32 + 5, 1<<61 - 1, 1<<61 - 64, 1<<61 + 1} {
				ref := a.ref()
				state, err := ref.(encoding.BinaryMarshaler).MarshalBinary()
				if err != nil {
					t.Fatal(err)
				}
				for i := range 8 {
					state[len(state)-1-i] = byte(n >> (8 * i))
				}
				h := a.newTier(tier)
				for _, x := range []hash.Hash{h, ref} {
					if err := x.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
						t.Fatal(err)
					}
					x.Write([]byte("sealane"))
				}
				if got, want := h.Sum(nil), ref.Sum(nil); !bytes.Equal(got, want) {
					t.Errorf("%s, tier %s, %d bytes: %x, want %x", a.name, tier, n, got, want)
				}
			}
		}
	}
}

func TestAllocs(t *testing.T) {
	b := make([]byte, 100)
	s256, s512 := IV256(), IV512()
	for _, c := range []struct {
		name string
		want float64
		f    func()
	}{
		{"Block256", 0, func() { Block256(&s256, b[:64]) }},
		{"Finish256", 0, func() { Finish256(&s256, b, 100) }},
		{"Block512", 0, func() { Block512(&s512, b[:0]) }},
		{"Finish512", 0, func() { Finish512(&s512, b, 100) }},
		{"Sum224", 0, func() { Sum224(b) }},
		{"Sum256", 0, func() { Sum256(b) }},
		{"Sum384", 0, func() { Sum384(b) }},
		{"Sum512", 0, func() { Sum512(b) }},
		{"Sum512_224", 0, func() { Sum512_224(b) }},
		{"Sum512_256", 0, func() { Sum512_256(b) }},
		{"New224", 1, func() { sink = New224() }},
		{"New256", 1, func() { sink = New256() }},
		{"New384", 1, func() { sink = New384() }},
		{"New512", 1, func() { sink = New512() }},
	} {
		if got := testing.AllocsPerRun(100, c.f); got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
		}
	}
}

var sink hash.Hash

// Misuse panics with the package's name, and leaves nothing half done.
func TestMisuse(t *testing.T) {
	var (
		h256 [8]uint32
		h512 [8]uint64
		d256 digest256
		d512 digest512
	)
	for name, f := range map[string]func(){
		"Block256 of a part":        func() { Block256(&h256, make([]byte, 63)) },
		"Block256 without state":    func() { Block256(nil, nil) },
		"Finish256 without state":   func() { Finish256(nil, nil, 0) },
		"Finish256 of too little":   func() { Finish256(&h256, make([]byte, 65), 64) },
		"Finish256 after a part":    func() { Finish256(&h256, make([]byte, 65), 66) },
		"Block512 of a part":        func() { Block512(&h512, make([]byte, 64)) },
		"Block512 without state":    func() { Block512(nil, nil) },
		"Finish512 without state":   func() { Finish512(nil, nil, 0) },
		"Finish512 of too little":   func() { Finish512(&h512, make([]byte, 129), 128) },
		"Finish512 after a part":    func() { Finish512(&h512, make([]byte, 129), 130) },
		"zero digest256, Write":     func() { d256.Write(nil) },
		"zero digest256, Sum":       func() { d256.Sum(nil) },
		"zero digest256, Reset":     func() { d256.Reset() },
		"zero digest256, Clone":     func() { d256.Clone() },
		"zero digest256, Tier":      func() { d256.Tier() },
		"zero digest256, Size":      func() { d256.Size() },
		"zero digest256, Marshal":   func() { d256.MarshalBinary() },
		"zero digest256, Unmarshal": func() { d256.UnmarshalBinary(nil) },
		"nil digest256, Write":      func() { (*digest256)(nil).Write(nil) },
		"zero digest512, Write":     func() { d512.Write(nil) },
		"zero digest512, Sum":       func() { d512.Sum(nil) },
		"zero digest512, Reset":     func() { d512.Reset() },
		"zero digest512, Clone":     func() { d512.Clone() },
		"zero digest512, Tier":      func() { d512.Tier() },
		"zero digest512, Size":      func() { d512.Size() },
		"zero digest512, Marshal":   func() { d512.MarshalBinary() },
		"zero digest512, Unmarshal": func() { d512.UnmarshalBinary(nil) },
		"nil digest512, Write":      func() { (*digest512)(nil).Write(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if v, ok := recover().(string); !ok || !strings.HasPrefix(v, "sha2: ") {
					t.Errorf("panics with %q", v)
				}
			}()
			f()
			t.Error("no panic")
		})
	}
}

// In FIPS 140-only mode the constructors and the Sum functions are the standard
// library's. The mode is chosen when a program starts, so the test runs itself
// again.
func TestFIPSOnly(t *testing.T) {
	if fips140.Enforced() {
		for _, a := range algorithms {
			if got, want := fmt.Sprintf("%T", a.new()), fmt.Sprintf("%T", a.ref()); got != want {
				t.Errorf("%s: New returns a %s, want a %s", a.name, got, want)
			}
			p := []byte("sealane")
			if got, want := a.sum(p), a.refSum(p); !bytes.Equal(got, want) {
				t.Errorf("%s: Sum %x, want %x", a.name, got, want)
			}
			hmac.New(a.new, bytes.Repeat(p, 10)) // panics if the hash is not an approved one
		}
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestFIPSOnly$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("emulated: the system can't start the test binary by itself")
	}
	if bytes.Contains(out, []byte("fips140: FIPS 140-3 mode is incompatible with")) {
		t.Skip("the standard library has no FIPS mode in this build")
	}
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestFIPSOnly")) {
		t.Errorf("%v\n%s", err, out)
	}
}
