//go:build !purego && (amd64 || arm64 || loong64 || ppc64le || riscv64 || s390x)

package sha2

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding"
	"encoding/binary"
)

// Where this package has no kernel and the standard library has assembly, the
// compression functions go through the standard library: a new digest is given
// the intermediate hash value in the form of a marshaled state, and asked for
// it afterwards. On Zen 5 that costs about 25 ns a call for SHA-256 and 40 for
// SHA-512; portable Go takes six times as long as SHA instructions for one
// block. The digests stay on the stack.

// block256Fallback works like block256Generic.
func block256Fallback(h *[8]uint32, p []byte) {
	var b [marshaled256]byte
	encode256(&b, h, 0)
	d := sha256.New()
	_ = d.(encoding.BinaryUnmarshaler).UnmarshalBinary(b[:]) // b is well-formed
	d.Write(p)
	d.(encoding.BinaryAppender).AppendBinary(b[:0])
	for i := range h {
		h[i] = binary.BigEndian.Uint32(b[len(magic256)+4*i:])
	}
}

// finish256Fallback works like finish256Generic.
func finish256Fallback(sum *[Size256]byte, h *[8]uint32, tail []byte, n uint64) {
	var b [marshaled256]byte
	encode256(&b, h, n-uint64(len(tail)))
	d := sha256.New()
	_ = d.(encoding.BinaryUnmarshaler).UnmarshalBinary(b[:]) // b is well-formed
	d.Write(tail)
	d.Sum(sum[:0])
}

// encode256 sets *b to the encoding of a SHA-256 digest with h the intermediate
// hash value after n bytes, a multiple of 64.
func encode256(b *[marshaled256]byte, h *[8]uint32, n uint64) {
	copy(b[:], magic256)
	for i, v := range h {
		binary.BigEndian.PutUint32(b[len(magic256)+4*i:], v)
	}
	binary.BigEndian.PutUint64(b[marshaled256-8:], n)
}

// block512Fallback works like block512Generic.
func block512Fallback(h *[8]uint64, p []byte) {
	var b [marshaled512]byte
	encode512(&b, h, 0)
	d := sha512.New()
	_ = d.(encoding.BinaryUnmarshaler).UnmarshalBinary(b[:]) // b is well-formed
	d.Write(p)
	d.(encoding.BinaryAppender).AppendBinary(b[:0])
	for i := range h {
		h[i] = binary.BigEndian.Uint64(b[len(magic512)+8*i:])
	}
}

// finish512Fallback works like finish512Generic.
func finish512Fallback(sum *[Size512]byte, h *[8]uint64, tail []byte, n uint64) {
	var b [marshaled512]byte
	encode512(&b, h, n-uint64(len(tail)))
	d := sha512.New()
	_ = d.(encoding.BinaryUnmarshaler).UnmarshalBinary(b[:]) // b is well-formed
	d.Write(tail)
	d.Sum(sum[:0])
}

// encode512 sets *b to the encoding of a SHA-512 digest with h the intermediate
// hash value after n bytes, a multiple of 128.
func encode512(b *[marshaled512]byte, h *[8]uint64, n uint64) {
	copy(b[:], magic512)
	for i, v := range h {
		binary.BigEndian.PutUint64(b[len(magic512)+8*i:], v)
	}
	binary.BigEndian.PutUint64(b[marshaled512-8:], n)
}
