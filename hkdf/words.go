package hkdf

import (
	"encoding/binary"
	"unsafe"
)

// ipad and opad are eight of the bytes that RFC 2104, Section 2 pads a key with.
const (
	ipad = 0x3636363636363636
	opad = 0x5c5c5c5c5c5c5c5c
)

// xorWords XORs w to each of the 8-byte words of b. len(b)%8 == 0.
func xorWords(b []byte, w uint64) {
	for len(b) >= 8 {
		binary.NativeEndian.PutUint64(b, binary.NativeEndian.Uint64(b)^w)
		b = b[8:]
	}
}

// bytesOf returns the bytes of s. They must not be written to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
