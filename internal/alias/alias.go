// Package alias tells how two buffers overlap, and extends one for what is
// appended to it.
package alias

import (
	"slices"
	"unsafe"
)

// Any reports whether x and y share memory at any index, within their lengths.
func Any(x, y []byte) bool {
	return len(x) > 0 && len(y) > 0 &&
		uintptr(unsafe.Pointer(&x[0])) <= uintptr(unsafe.Pointer(&y[len(y)-1])) &&
		uintptr(unsafe.Pointer(&y[0])) <= uintptr(unsafe.Pointer(&x[len(x)-1]))
}

// Inexact reports whether x and y share memory at any non-corresponding index.
// Buffers that are disjoint, or that start at the same byte, are fine for code
// that reads a block before it writes the same block.
func Inexact(x, y []byte) bool {
	if len(x) == 0 || len(y) == 0 || &x[0] == &y[0] {
		return false
	}
	return Any(x, y)
}

// Extend returns dst with n more bytes, and those bytes alone. It allocates
// only if dst lacks the room.
func Extend(dst []byte, n int) (head, tail []byte) {
	if total := len(dst) + n; total <= cap(dst) {
		head = dst[:total]
	} else {
		head = slices.Grow(dst, n)[:total]
	}
	return head, head[len(dst):]
}
