package sha2

// The Batch functions hash many messages, of any and different lengths: sums[i]
// becomes the hash of msgs[i]. They panic if the two slices differ in length,
// and allocate nothing.
//
// They hash one message after the other: there are no kernels for several at
// once yet.

// Batch256 sets sums[i] = Sum256(msgs[i]).
func Batch256(sums [][Size256]byte, msgs [][]byte) { batch(sums, msgs, Sum256) }

// Batch224 sets sums[i] = Sum224(msgs[i]).
func Batch224(sums [][Size224]byte, msgs [][]byte) { batch(sums, msgs, Sum224) }

// Batch512 sets sums[i] = Sum512(msgs[i]).
func Batch512(sums [][Size512]byte, msgs [][]byte) { batch(sums, msgs, Sum512) }

// Batch384 sets sums[i] = Sum384(msgs[i]).
func Batch384(sums [][Size384]byte, msgs [][]byte) { batch(sums, msgs, Sum384) }

func batch[S any](sums []S, msgs [][]byte, sum func([]byte) S) {
	if len(sums) != len(msgs) {
		panic("sha2: batch with as many sums as messages expected")
	}
	for i, m := range msgs {
		sums[i] = sum(m)
	}
}
