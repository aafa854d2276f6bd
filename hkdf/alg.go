package hkdf

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding"
	"hash"
	"reflect"
	"sync"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/sha2"
)

// maxSize is the size of the longest results, SHA-512's.
const maxSize = sha2.Size512

// An alg is one of the SHA-2 functions.
type alg struct {
	size   int  // of its results, in bytes
	wide   bool // SHA-384 and SHA-512 are wide: blocks of 128 bytes, 64-bit words
	iv256  [8]uint32
	iv512  [8]uint64
	tier   cpu.Tier // of this package's kernels for it; Generic if there is none
	kernel bool     // there is a kernel for it, of this package or of sha2

	// The constructors that stand for it, sha2's and the standard library's.
	news [2]func() hash.Hash
}

// The algs are never written after initialization. The likeliest come first:
// identify searches in this order.
var algs = [...]alg{
	narrow(sha2.Size256, sha2.IV256(), sha2.New256, sha256.New),
	wide(sha2.Size384, sha2.IV384(), sha2.New384, sha512.New384),
	wide(sha2.Size512, sha2.IV512(), sha2.New512, sha512.New),
	wide(sha2.Size512_256, sha2.IV512_256(), sha2.New512_256, sha512.New512_256),
	narrow(sha2.Size224, sha2.IV224(), sha2.New224, sha256.New224),
	wide(sha2.Size512_224, sha2.IV512_224(), sha2.New512_224, sha512.New512_224),
}

const generic = "generic"

func narrow(size int, iv [8]uint32, ours, std func() hash.Hash) alg {
	a := alg{size: size, iv256: iv, tier: cpu.Generic, news: [2]func() hash.Hash{ours, std}}
	if size == sha2.Size256 {
		a.tier = hostTier
	}
	a.kernel = a.tier != cpu.Generic || sha2.Tier256() != generic
	return a
}

func wide(size int, iv [8]uint64, ours, std func() hash.Hash) alg {
	return alg{
		size: size, wide: true, iv512: iv, tier: cpu.Generic, news: [2]func() hash.Hash{ours, std},
		kernel: sha2.Tier512() != generic,
	}
}

// hostTier is the tier of this package's kernels on this machine.
var hostTier = pick(cpu.Host())

// tierName returns the tier of the kernels that compute a's HMACs.
func (a *alg) tierName() string {
	if a.tier != cpu.Generic {
		return a.tier.String()
	}
	if a.wide {
		return sha2.Tier512()
	}
	return sha2.Tier256()
}

// identify returns the SHA-2 function that h constructs, or nil.
//
// The constructors of sha2, crypto/sha256 and crypto/sha512 are known by their
// code, and not called. Any other h is called once; it stands for a SHA-2
// function if what it returns has the type of that function's digests and
// marshals as one of them does to which nothing has been written.
func identify[H hash.Hash](h func() H) *alg {
	code := codeOf(h)
	for i := range algs {
		if a := &algs[i]; codeOf(a.news[0]) == code || codeOf(a.news[1]) == code {
			return a
		}
	}
	var d hash.Hash = h()
	for i, digests := range fresh() {
		for _, x := range digests {
			// Size tells the functions of one type apart.
			if reflect.TypeOf(d) == reflect.TypeOf(x) && d.Size() == algs[i].size && sameState(d, x) {
				return &algs[i]
			}
		}
	}
	return nil
}

// fresh returns a digest of each constructor of algs, which is never written to.
var fresh = sync.OnceValue(func() (digests [len(algs)][2]hash.Hash) {
	for i, a := range algs {
		digests[i] = [2]hash.Hash{a.news[0](), a.news[1]()}
	}
	return digests
})

// codeOf returns the address of h's code, as reflect.Value.Pointer does: it is
// the first word of what a func value points to. Functions that are declared at
// the top level of a package have a code of their own.
func codeOf[H hash.Hash](h func() H) uintptr { return **(**uintptr)(unsafe.Pointer(&h)) }

// sameState reports whether two digests of one type marshal to the same bytes.
func sameState(x, y hash.Hash) bool {
	mx, ok := x.(encoding.BinaryAppender)
	if !ok {
		return false
	}
	my, ok := y.(encoding.BinaryAppender)
	if !ok {
		return false
	}
	b := encodings.Get().(*[2][maxEncoding]byte)
	defer encodings.Put(b)
	ex, errX := mx.AppendBinary(b[0][:0])
	ey, errY := my.AppendBinary(b[1][:0])
	same := errX == nil && errY == nil && bytes.Equal(ex, ey)
	clear(b[0][:])
	return same
}

// maxEncoding is the length of the encoding of SHA-512's digests: a magic of 4
// bytes, 8 words, a block, the length.
const maxEncoding = 4 + 8*8 + 128 + 8

// encodings keeps the digests' encodings off the heap: AppendBinary is called
// through an interface.
var encodings = sync.Pool{New: func() any { return new([2][maxEncoding]byte) }}
