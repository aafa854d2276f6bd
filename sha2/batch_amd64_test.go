//go:build gc && !purego

package sha2

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// Tiers with batch kernels.
var (
	batchTiers256 = []cpu.Tier{cpu.AVX512, cpu.SHANI, cpu.AVX2}
	batchTiers512 = []cpu.Tier{cpu.AVX512, cpu.AVX2}
)

func (a batchAlg) tiers() []cpu.Tier {
	if a.block == BlockSize256 {
		return batchTiers256
	}
	return batchTiers512
}

// ofTier returns the algorithm with a batch that always goes through the batch
// kernels of a tier, be it slower for the messages or not.
func (a batchAlg) ofTier(tier cpu.Tier) batchAlg {
	a.batch = func(sums, msgs [][]byte) {
		flat := make([]byte, len(msgs)*a.size)
		if a.block == BlockSize256 {
			iv := &iv256
			if a.size == Size224 {
				iv = &iv224
			}
			b := forced256(tier)
			b.sums, b.size, b.msgs, b.iv = flat, a.size, msgs, iv
			b.hash(b.vector != nil && len(msgs) > 0)
		} else {
			iv := &iv512
			if a.size == Size384 {
				iv = &iv384
			}
			b := forced512(tier)
			b.sums, b.size, b.msgs, b.iv = flat, a.size, msgs, iv
			b.hash(len(msgs) > 0)
		}
		for i := range sums {
			copy(sums[i], flat[i*a.size:])
		}
	}
	return a
}

// forced256 returns a batch of a tier whose vectors go on as long as two lanes
// are at work; the last goes on in a kernel of that tier, or on SHA
// instructions.
func forced256(tier cpu.Tier) *batch[uint32] {
	one := tier
	if tier == cpu.AVX512 {
		one = cpu.Host().First(cpu.SHANI, cpu.AVX2)
	}
	b := &batch[uint32]{block: BlockSize256, shift: 6, field: 8, tier: tier, one: one}
	if v := vector256(tier, one); v != nil {
		forced := *v
		forced.least = 2
		b.vector = &forced
	}
	return b
}

func forced512(tier cpu.Tier) *batch[uint64] {
	forced := *vector512(tier)
	forced.least = 2
	return &batch[uint64]{block: BlockSize512, shift: 7, field: 16, tier: tier, one: tier, vector: &forced}
}

func TestBatchTiers(t *testing.T) {
	for _, a := range batchAlgs {
		t.Run("alg="+a.name, func(t *testing.T) {
			cryptotest.Tiers(t, "sha2", a.tiers(), func(t *testing.T, tier cpu.Tier) { a.ofTier(tier).checkAll(t) })
		})
	}
}

// Every kernel of vectors against the portable twin.
func TestBatchKernel(t *testing.T) {
	t.Run("alg=sha-256", func(t *testing.T) {
		cryptotest.Tiers(t, "sha2", []cpu.Tier{cpu.AVX512, cpu.AVX2}, func(t *testing.T, tier cpu.Tier) {
			testBatchKernel(t, forced256(tier), state256, block256Generic)
		})
	})
	t.Run("alg=sha-512", func(t *testing.T) {
		cryptotest.Tiers(t, "sha2", batchTiers512, func(t *testing.T, tier cpu.Tier) {
			testBatchKernel(t, forced512(tier), state512, block512Generic)
		})
	})
}

// Each lane has its own state and message, which lies anywhere or ends or starts
// where no byte may be read; any subset of the lanes starts.
func testBatchKernel[W uint32 | uint64](t *testing.T, b *batch[W], state func(*rand.Rand) [8]W, block func(*[8]W, []byte)) {
	r := rand.New(rand.NewPCG(8, 8))
	lanes := b.vector.lanes
	guards := newGuards(t, lanes, 9*BlockSize512)
	for n := range 60 {
		blocks := 1 + n%9
		var p [maxLanes]*byte
		var want [maxLanes][8]W
		h := state(r)
		b.iv = &h
		starts := r.Uint32N(1 << lanes)
		if n%4 == 0 {
			starts = 1<<lanes - 1
		}
		for l := range lanes {
			m := guards[l].message(r, blocks*b.block)
			p[l] = &m[0]
			want[l] = state(r)
			for i, v := range want[l] {
				b.states[i*lanes+l] = v
			}
			if starts>>l&1 == 1 {
				want[l] = h
			}
			block(&want[l], m)
		}
		ends := n%3 > 0
		clear(b.hashes[:])
		if err := cryptotest.Fault(func() { b.compress(&p, blocks, starts, ends) }); err != nil {
			t.Fatalf("%d blocks: %v", blocks, err)
		}
		size := b.block / 2
		for l := range lanes {
			sum := make([]byte, 0, size)
			for i, v := range want[l] {
				if got := b.states[i*lanes+l]; got != v {
					t.Fatalf("%d blocks, lane %d, starts %b: word %d is %x, want %x", blocks, l, starts, i, got, v)
				}
				if size == Size256 {
					sum = binary.BigEndian.AppendUint32(sum, uint32(v))
				} else {
					sum = binary.BigEndian.AppendUint64(sum, uint64(v))
				}
			}
			if !ends {
				sum = make([]byte, size)
			}
			if got := b.hashes[l*size:][:size]; !bytes.Equal(got, sum) {
				t.Fatalf("%d blocks, lane %d: hash %x, want %x", blocks, l, got, sum)
			}
		}
		if behind := b.hashes[lanes*size:]; !bytes.Equal(behind, make([]byte, len(behind))) {
			t.Fatalf("written behind the hashes of %d lanes", lanes)
		}
	}
}

func TestBatchStreams(t *testing.T) {
	cryptotest.Tiers(t, "sha2", []cpu.Tier{cpu.SHANI}, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(9, 9))
		guards := newGuards(t, 4, 9*BlockSize256)
		for n := range 60 {
			streams, blocks := 2+n%3, n%10
			var p [4]*byte
			var got, want [4][8]uint32
			for s := range 4 {
				got[s] = state256(r)
				want[s] = got[s]
				if m := guards[s].message(r, blocks*BlockSize256); s < streams && blocks > 0 {
					p[s] = &m[0]
					block256Generic(&want[s], m)
				}
			}
			h := [4]*[8]uint32{&got[0], &got[1], &got[2], &got[3]}
			if err := cryptotest.Fault(func() { batch256SHANI(&h, &p, streams, blocks) }); err != nil {
				t.Fatalf("%d streams, %d blocks: %v", streams, blocks, err)
			}
			if got != want {
				t.Fatalf("%d streams, %d blocks: %x, want %x", streams, blocks, got, want)
			}
		}
	})
}

// A guarded is memory for the message of a lane.
type guarded struct{ *cryptotest.Guard }

func newGuards(t *testing.T, n, size int) []guarded {
	var gs []guarded
	for range n {
		gs = append(gs, guarded{cryptotest.NewGuard(t, size+64)})
	}
	return gs
}

func (g guarded) message(r *rand.Rand, size int) []byte {
	m := [][]byte{g.Start(size), g.End(size), g.Start(size + 63)[r.IntN(64):][:size]}[r.IntN(3)]
	cryptotest.Fill(r, m)
	return m
}

// The kernel that pads against the portable twin, for every length.
func TestBatchPad(t *testing.T) {
	cryptotest.Tiers(t, "sha2", []cpu.Tier{cpu.AVX512}, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(11, 11))
		g := newGuards(t, 1, 1000)[0]
		for size := range 600 {
			m := g.message(r, size)
			check := func(block, got, want int, pad, wantPad []byte) {
				t.Helper()
				if got != want || !bytes.Equal(pad[:got*block], wantPad[:got*block]) {
					t.Fatalf("%d bytes: %d blocks %x, want %d, %x", size, got, pad, want, wantPad)
				}
			}
			var p256, w256 [2 * BlockSize256]byte
			var p512, w512 [2 * BlockSize512]byte
			var n256, n512 int
			if err := cryptotest.Fault(func() { n256, n512 = pad256AVX512(&p256, m), pad512AVX512(&p512, m) }); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			check(BlockSize256, n256, forced256(tier).padGeneric(w256[:], m), p256[:], w256[:])
			check(BlockSize512, n512, forced512(tier).padGeneric(w512[:], m), p512[:], w512[:])
		}
	})
}

// No kernel call may be longer than maxCall, since nothing can stop it.
func TestBatchCalls(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	room := make([]byte, 3*maxCall)
	for _, a := range batchAlgs {
		t.Run("alg="+a.name, func(t *testing.T) {
			cryptotest.Tiers(t, "sha2", a.tiers(), func(t *testing.T, tier cpu.Tier) {
				calls, longest := 0, 0
				callHook = func(n int) { calls, longest = calls+1, max(longest, n) }
				defer func() { callHook = nil }()
				for count := range 20 {
					msgs := make([][]byte, count)
					for i := range msgs {
						msgs[i] = room[r.IntN(2*maxCall):]
					}
					a.ofTier(tier).check(t, msgs)
				}
				if calls == 0 || longest == 0 || longest > maxCall {
					t.Errorf("%d calls of at most %d bytes", calls, longest)
				}
			})
		})
	}
}

func TestPickBatch(t *testing.T) {
	for name, want := range map[string][2]cpu.Tier{
		"no features":     {cpu.Generic, cpu.Generic},
		"Westmere":        {cpu.Generic, cpu.Generic},
		"Goldmont":        {cpu.SHANI, cpu.Generic},
		"Haswell":         {cpu.AVX2, cpu.AVX2},
		"Zen 2":           {cpu.SHANI, cpu.AVX2},
		"Zen 3":           {cpu.SHANI, cpu.AVX2},
		"Skylake-SP":      {cpu.AVX2, cpu.AVX2},
		"Ice Lake":        {cpu.SHANI, cpu.AVX2},
		"Alder Lake":      {cpu.SHANI, cpu.AVX2},
		"Sapphire Rapids": {cpu.AVX512, cpu.AVX512},
		"Zen 4":           {cpu.AVX512, cpu.AVX512},
		"Zen 5":           {cpu.AVX512, cpu.AVX512},
		"Apple M1":        {cpu.Generic, cpu.Generic},
		"Neoverse V2":     {cpu.Generic, cpu.Generic},
	} {
		f, ok := cryptotest.CPUs[name]
		if !ok {
			t.Fatalf("no CPU %s", name)
		}
		if got := [2]cpu.Tier{pickBatch256(f), pickBatch512(f)}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// What the chooser does with some batches on Zen 5.
func TestBatchWorth(t *testing.T) {
	v256, v512 := vector256(cpu.AVX512, cpu.SHANI), vector512(cpu.AVX512)
	for _, c := range []struct {
		count, size      int
		want256, want512 bool
		streams          bool
	}{
		{2, 64, false, false, false},
		{2, 512, false, false, false},
		{3, 512, false, true, true},
		{2, 64 << 10, false, true, true},
		{4, 1024, false, true, true},
		{8, 64, false, true, false},
		{9, 1024, true, true, true},
		{16, 64, true, true, false},
		{64, 64, true, true, false},
		{1024, 64 << 10, true, true, true},
	} {
		msgs := make([][]byte, c.count)
		for i := range msgs {
			msgs[i] = make([]byte, c.size)[:c.size:c.size]
			if i > 20 {
				msgs[i] = msgs[0]
			}
		}
		if v256.worth(msgs, 6) != c.want256 || v512.worth(msgs, 7) != c.want512 || streamed(msgs) != c.streams {
			t.Errorf("%d messages of %d bytes: %v, %v, streams %v, want %v, %v, %v", c.count, c.size,
				v256.worth(msgs, 6), v512.worth(msgs, 7), streamed(msgs), c.want256, c.want512, c.streams)
		}
	}
}

// BenchmarkBatch hashes messages of one size at once, or one after the other
// where the Batch function of the tier finds that faster.
func BenchmarkBatch(b *testing.B) {
	b.Run("impl=sealane/alg=sha-256", func(b *testing.B) {
		cryptotest.BenchTiers(b, batchTiers256, func(b *testing.B, tier cpu.Tier) {
			one := forced256(tier).one
			benchBatches(b, func(sums []byte, msgs [][]byte) {
				if at := choose256(tier, one, msgs); len(msgs) > 1 && at != oneByOne {
					batch256(at, tier, one, sums, Size256, msgs, &iv256)
					return
				}
				for i, m := range msgs {
					finish256(one, (*[Size256]byte)(sums[i*Size256:]), &iv256, m, uint64(len(m)))
				}
			})
		})
	})
	b.Run("impl=sealane/alg=sha-512", func(b *testing.B) {
		cryptotest.BenchTiers(b, batchTiers512, func(b *testing.B, tier cpu.Tier) {
			benchBatches(b, func(sums []byte, msgs [][]byte) {
				if at := choose512(tier, msgs); len(msgs) > 1 && at != oneByOne {
					batch512(at, tier, tier, sums, Size512, msgs, &iv512)
					return
				}
				for i, m := range msgs {
					finish512(tier, (*[Size512]byte)(sums[i*Size512:]), &iv512, m, uint64(len(m)))
				}
			})
		})
	})
}
