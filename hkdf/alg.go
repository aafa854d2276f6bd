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

	// The constructors that stand for it, sha2's first, and a digest of each
	// that is never written to.
	news  [2]uintptr
	fresh [2]hash.Hash
}

// The algs are never written after initialization. The likeliest come first:
// identify searches in this order.
var algs = [...]alg{
	narrow(sha2.New256, sha256.New, sha2.IV256()),
	wide(sha2.New384, sha512.New384, sha2.IV384()),
	wide(sha2.New512, sha512.New, sha2.IV512()),
	wide(sha2.New512_256, sha512.New512_256, sha2.IV512_256()),
	narrow(sha2.New224, sha256.New224, sha2.IV224()),
	wide(sha2.New512_224, sha512.New512_224, sha2.IV512_224()),
}

const generic = "generic"

func narrow(ours, std func() hash.Hash, iv [8]uint32) alg {
	a := describe(ours, std)
	a.iv256 = iv
	if a.size == sha2.Size256 {
		a.tier = hostTier
	}
	a.kernel = a.tier != cpu.Generic || sha2.Tier256() != generic
	return a
}

func wide(ours, std func() hash.Hash, iv [8]uint64) alg {
	a := describe(ours, std)
	a.wide = true
	a.iv512 = iv
	a.kernel = sha2.Tier512() != generic
	return a
}

func describe(ours, std func() hash.Hash) alg {
	a := alg{
		news:  [2]uintptr{codeOf(ours), codeOf(std)},
		fresh: [2]hash.Hash{ours(), std()},
	}
	a.size = a.fresh[0].Size()
	a.tier = cpu.Generic
	return a
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
		if a := &algs[i]; a.news[0] == code || a.news[1] == code {
			return a
		}
	}
	var d hash.Hash = h()
	for i := range algs {
		if a := &algs[i]; a.made(d) {
			return a
		}
	}
	return nil
}

// codeOf returns the address of h's code, as reflect.Value.Pointer does: it is
// the first word of what a func value points to. Functions that are declared at
// the top level of a package have a code of their own.
func codeOf[H hash.Hash](h func() H) uintptr { return **(**uintptr)(unsafe.Pointer(&h)) }

// made reports whether d is a digest of a to which nothing has been written.
func (a *alg) made(d hash.Hash) bool {
	typ := reflect.TypeOf(d)
	for _, fresh := range a.fresh {
		// Size tells the functions of one type apart.
		if typ == reflect.TypeOf(fresh) && d.Size() == a.size {
			return sameState(d, fresh)
		}
	}
	return false
}

// sameState reports whether two digests of one type marshal to the same bytes.
func sameState(x, y hash.Hash) bool {
	mx, ok := x.(encoding.BinaryAppender)
	if !ok {
		return false
	}
	my := y.(encoding.BinaryAppender)
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
