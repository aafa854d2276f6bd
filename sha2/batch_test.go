package sha2

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sealane/sealane/internal/cryptotest"
)

// A batchAlg is a Batch function beside the Sum function of the same name.
type batchAlg struct {
	name  string
	block int
	size  int
	batch func(sums [][]byte, msgs [][]byte) // copies the hashes to sums
	sum   func([]byte) []byte
}

var batchAlgs = []batchAlg{
	batchOf("sha-224", BlockSize224, Batch224, Sum224, func(s *[Size224]byte) []byte { return s[:] }),
	batchOf("sha-256", BlockSize256, Batch256, Sum256, func(s *[Size256]byte) []byte { return s[:] }),
	batchOf("sha-384", BlockSize384, Batch384, Sum384, func(s *[Size384]byte) []byte { return s[:] }),
	batchOf("sha-512", BlockSize512, Batch512, Sum512, func(s *[Size512]byte) []byte { return s[:] }),
}

func batchOf[S any](name string, block int, batch func([]S, [][]byte), sum func([]byte) S, slice func(*S) []byte) batchAlg {
	return batchAlg{
		name, block, len(slice(new(S))),
		func(sums, msgs [][]byte) {
			s := make([]S, len(sums))
			batch(s, msgs)
			for i := range s {
				copy(sums[i], slice(&s[i]))
			}
		},
		func(b []byte) []byte { s := sum(b); return slice(&s) },
	}
}

// check hashes msgs and compares with their own sums.
func (a batchAlg) check(t *testing.T, msgs [][]byte) {
	t.Helper()
	sums := make([][]byte, len(msgs))
	for i := range sums {
		sums[i] = make([]byte, a.size)
	}
	if err := cryptotest.Fault(func() { a.batch(sums, msgs) }); err != nil {
		t.Fatalf("%d messages: %v", len(msgs), err)
	}
	for i, m := range msgs {
		if want := a.sum(m); !bytes.Equal(sums[i], want) {
			t.Fatalf("message %d of %d, %d bytes: %x, want %x", i, len(msgs), len(m), sums[i], want)
		}
	}
}

// checkAll hashes batches of every kind: all lengths and counts.
func (a batchAlg) checkAll(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	most := 300
	if testing.Short() {
		most = 150
	}
	room := make([]byte, 1<<17)
	cryptotest.Fill(r, room)
	some := func(size int) []byte { // anywhere in room
		at := r.IntN(len(room) - size)
		return room[at : at+size : at+size]
	}

	// Every length, all messages equally long, and each count up to a few
	// vectors; then every length in one batch.
	for size := range most {
		msgs := make([][]byte, 2+size%40)
		for i := range msgs {
			msgs[i] = some(size)
		}
		a.check(t, msgs)
	}
	var every [][]byte
	for size := range 600 {
		every = append(every, some(size))
	}
	a.check(t, every)
	r.Shuffle(len(every), func(i, j int) { every[i], every[j] = every[j], every[i] })
	a.check(t, every)

	// Lengths of all magnitudes, so that lanes end far apart, and some that take
	// more than one call.
	for count := range 70 {
		msgs := make([][]byte, count)
		for i := range msgs {
			msgs[i] = some(r.IntN(1 << r.IntN(14)))
		}
		if count > 0 && count%10 == 0 {
			msgs[r.IntN(count)] = some(1<<16 + r.IntN(1<<15))
			msgs[r.IntN(count)] = some(1<<16 + r.IntN(1<<15))
		}
		a.check(t, msgs)
	}

	// Messages that end where no byte may be read, or start there.
	var guards []*cryptotest.Guard
	for range 20 {
		guards = append(guards, cryptotest.NewGuard(t, 4096))
	}
	for k := range 60 {
		msgs := make([][]byte, len(guards))
		for i, g := range guards {
			size := r.IntN(1 << (4 + k%9))
			msgs[i] = g.End(size)
			if (i+k)%2 == 0 {
				msgs[i] = g.Start(size)
			}
			cryptotest.Fill(r, msgs[i])
		}
		a.check(t, msgs)
	}
}

// On the tiers that this machine prefers.
func TestBatch(t *testing.T) {
	for _, a := range batchAlgs {
		t.Run("alg="+a.name, a.checkAll)
	}
}

func TestBatchSums(t *testing.T) {
	t.Run("alg=sha-224", func(t *testing.T) { testBatchSums(t, Batch224, Sum224) })
	t.Run("alg=sha-256", func(t *testing.T) { testBatchSums(t, Batch256, Sum256) })
	t.Run("alg=sha-384", func(t *testing.T) { testBatchSums(t, Batch384, Sum384) })
	t.Run("alg=sha-512", func(t *testing.T) { testBatchSums(t, Batch512, Sum512) })
}

// Nothing behind the sums is written, nothing is allocated, and slices that
// differ in length panic before anything is written.
func testBatchSums[S comparable](t *testing.T, batch func([]S, [][]byte), sum func([]byte) S) {
	var zero S
	for _, count := range []int{0, 1, 2, 3, 17, 64} {
		msgs, sums := make([][]byte, count), make([]S, count+1)
		for i := range msgs {
			msgs[i] = bytes.Repeat([]byte{byte(i)}, 20*i)
		}
		batch(sums[:count], msgs)
		for i, m := range msgs {
			if sums[i] != sum(m) {
				t.Errorf("message %d of %d differs", i, count)
			}
		}
		if sums[count] != zero {
			t.Errorf("%d messages: more is written", count)
		}
		if n := testing.AllocsPerRun(5, func() { batch(sums[:count], msgs) }); n != 0 {
			t.Errorf("a batch of %d allocates %v times", count, n)
		}
		clear(sums)
		func() {
			defer func() {
				if recover() != "sha2: batch with as many sums as messages expected" {
					t.Error("no panic for slices that differ in length")
				}
			}()
			batch(sums, msgs)
		}()
		for i := range sums {
			if sums[i] != zero {
				t.Errorf("sum %d is written", i)
			}
		}
	}
}

// Messages and sums of the caller stay on its stack.
func TestBatchEscapes(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() {
		var room [20 * 100]byte
		var msgs [20][]byte
		var sums [20][Size256]byte
		for i := range msgs {
			msgs[i] = room[100*i:][:100]
		}
		Batch256(sums[:], msgs[:])
		if sums[0] != sums[19] {
			t.Error("sums of equal messages differ")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSums hashes messages of one size one after the other, which is what
// a batch replaces.
func BenchmarkSums(b *testing.B) {
	for _, impl := range []struct {
		name   string
		sum256 func([]byte) [Size256]byte
		sum512 func([]byte) [Size512]byte
	}{{"sealane", Sum256, Sum512}, {"std", sha256.Sum256, sha512.Sum512}} {
		b.Run("impl="+impl.name+"/alg=sha-256", func(b *testing.B) {
			benchBatches(b, func(sums []byte, msgs [][]byte) {
				for i, m := range msgs {
					*(*[Size256]byte)(sums[i*Size256:]) = impl.sum256(m)
				}
			})
		})
		b.Run("impl="+impl.name+"/alg=sha-512", func(b *testing.B) {
			benchBatches(b, func(sums []byte, msgs [][]byte) {
				for i, m := range msgs {
					*(*[Size512]byte)(sums[i*Size512:]) = impl.sum512(m)
				}
			})
		})
	}
}

// benchBatches runs f for every count and size of messages. The longest are
// parts of the same memory.
func benchBatches(b *testing.B, f func(sums []byte, msgs [][]byte)) {
	for _, count := range []int{1, 2, 4, 8, 16, 64, 1024} {
		for _, size := range []int{64, 1024, 64 << 10} {
			b.Run(fmt.Sprintf("count=%d/size=%d", count, size), func(b *testing.B) {
				msgs, sums := make([][]byte, count), make([]byte, count*Size512)
				room := make([]byte, min(count*size, 1<<20))
				for i := range msgs {
					msgs[i] = room[i*size%len(room):][:size]
				}
				b.SetBytes(int64(count * size))
				b.ReportAllocs()
				for b.Loop() {
					f(sums, msgs)
				}
			})
		}
	}
}
