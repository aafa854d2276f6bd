package sha2

import "testing"

func TestBatch(t *testing.T) {
	t.Run("256", func(t *testing.T) { testBatch(t, Batch256, Sum256) })
	t.Run("224", func(t *testing.T) { testBatch(t, Batch224, Sum224) })
	t.Run("512", func(t *testing.T) { testBatch(t, Batch512, Sum512) })
	t.Run("384", func(t *testing.T) { testBatch(t, Batch384, Sum384) })
}

func testBatch[S comparable](t *testing.T, batch func([]S, [][]byte), sum func([]byte) S) {
	for _, count := range []int{0, 1, 2, 3, 17} {
		msgs, sums := make([][]byte, count), make([]S, count)
		for i := range msgs {
			msgs[i] = make([]byte, i*i)
			for j := range msgs[i] {
				msgs[i][j] = byte(i ^ j)
			}
		}
		batch(sums, msgs)
		for i, m := range msgs {
			if sums[i] != sum(m) {
				t.Errorf("message %d of %d differs", i, count)
			}
		}
		if n := testing.AllocsPerRun(5, func() { batch(sums, msgs) }); n != 0 {
			t.Errorf("a batch of %d allocates %v times", count, n)
		}
		func() {
			defer func() {
				if recover() != "sha2: batch with as many sums as messages expected" {
					t.Error("no panic for slices that differ in length")
				}
			}()
			batch(make([]S, count+1), msgs)
		}()
	}
}
