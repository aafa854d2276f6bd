package sha2

import (
	"crypto/fips140"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
)

// batchTier256 and batchTier512 are the tiers of the Batch functions on this
// machine. They are never written after initialization.
var (
	batchTier256 = pickBatch256(cpu.Host())
	batchTier512 = pickBatch512(cpu.Host())
)

// Batch256 sets sums[i] = [Sum256](msgs[i]) for every i. It hashes several
// messages at once where the machine has kernels for that and the messages are
// many or long enough to gain from it, and is then up to several times as fast
// as a loop over Sum256. The messages may be of any and of different lengths,
// and may overlap one another, but not sums. It panics if sums and msgs differ
// in length, and allocates nothing.
func Batch256(sums [][Size256]byte, msgs [][]byte) {
	checkBatch(len(sums), len(msgs))
	if at := chooseBatch256(msgs); at != oneByOne && !fips140.Enforced() {
		batch256(at, batchTier256, tier256, flat(sums), Size256, msgs, &iv256)
		return
	}
	if tier256 == cpu.Generic || fips140.Enforced() {
		for i, m := range msgs {
			sums[i] = Sum256(m)
		}
		return
	}
	for i, m := range msgs {
		if !quick256(&sums[i], &iv256, m) {
			finish256(tier256, &sums[i], &iv256, m, uint64(len(m)))
		}
	}
}

// Batch224 sets sums[i] = [Sum224](msgs[i]) for every i, see [Batch256].
func Batch224(sums [][Size224]byte, msgs [][]byte) {
	checkBatch(len(sums), len(msgs))
	if at := chooseBatch256(msgs); at != oneByOne && !fips140.Enforced() {
		batch256(at, batchTier256, tier256, flat(sums), Size224, msgs, &iv224)
		return
	}
	if tier256 == cpu.Generic || fips140.Enforced() {
		for i, m := range msgs {
			sums[i] = Sum224(m)
		}
		return
	}
	var sum [Size256]byte
	for i, m := range msgs {
		if !quick256(&sum, &iv224, m) {
			finish256(tier256, &sum, &iv224, m, uint64(len(m)))
		}
		sums[i] = [Size224]byte(sum[:])
	}
}

// Batch512 sets sums[i] = [Sum512](msgs[i]) for every i, see [Batch256].
func Batch512(sums [][Size512]byte, msgs [][]byte) {
	checkBatch(len(sums), len(msgs))
	if at := chooseBatch512(msgs); at != oneByOne && !fips140.Enforced() {
		batch512(at, batchTier512, tier512, flat(sums), Size512, msgs, &iv512)
		return
	}
	if tier512 == cpu.Generic || fips140.Enforced() {
		for i, m := range msgs {
			sums[i] = Sum512(m)
		}
		return
	}
	for i, m := range msgs {
		finish512(tier512, &sums[i], &iv512, m, uint64(len(m)))
	}
}

// Batch384 sets sums[i] = [Sum384](msgs[i]) for every i, see [Batch256].
func Batch384(sums [][Size384]byte, msgs [][]byte) {
	checkBatch(len(sums), len(msgs))
	if at := chooseBatch512(msgs); at != oneByOne && !fips140.Enforced() {
		batch512(at, batchTier512, tier512, flat(sums), Size384, msgs, &iv384)
		return
	}
	if tier512 == cpu.Generic || fips140.Enforced() {
		for i, m := range msgs {
			sums[i] = Sum384(m)
		}
		return
	}
	var sum [Size512]byte
	for i, m := range msgs {
		finish512(tier512, &sum, &iv384, m, uint64(len(m)))
		sums[i] = [Size384]byte(sum[:])
	}
}

// checkBatch panics if there are not as many sums as messages.
func checkBatch(sums, msgs int) {
	if sums != msgs {
		panic("sha2: batch with as many sums as messages expected")
	}
}

// A batchMode tells how a batch is best hashed.
type batchMode int

const (
	oneByOne batchMode = iota
	inStreams
	inVectors
)

// flat returns the bytes of the sums, which lie one behind the other.
func flat[S any](sums []S) []byte {
	var s S
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(sums))), len(sums)*int(unsafe.Sizeof(s)))
}
