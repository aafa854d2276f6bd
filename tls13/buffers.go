package tls13

import (
	"sync"

	"github.com/sealane/sealane/tls13/record"
)

// Buffers for records come from pools and go back as soon as they are empty, so
// that an idle connection holds none.

// A buffer is memory of a pool.
type buffer struct {
	b     []byte
	class int
}

// bufferSizes are what the pools hold: a small record, a full one, and as many as
// go out in one write, of which the first ones of a connection are small.
var bufferSizes = [...]int{
	2 << 10,
	record.MaxRecord + 512,
	maxWrite + (maxWrite/smallRecord+1)*recordOverhead,
}

// recordOverhead is what a record of any suite has beyond its content: header,
// type and tag.
const recordOverhead = record.HeaderSize + 1 + 16

var bufferPools [len(bufferSizes)]sync.Pool

// getBuffer returns a buffer of at least n bytes, or the largest there is.
func getBuffer(n int) *buffer {
	class := 0
	for class < len(bufferSizes)-1 && bufferSizes[class] < n {
		class++
	}
	if b, ok := bufferPools[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{make([]byte, bufferSizes[class]), class}
}

// put gives the buffer back. It may hold plaintext or ciphertext of the last use.
func (b *buffer) put() { bufferPools[b.class].Put(b) }
