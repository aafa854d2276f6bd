//go:build gc && !purego

package p256

import (
	"sync"
	"unsafe"
)

// A combTable52 is the table of combIFMA: for each of its six batches the entries of
// 32, 32, 16, 16, 16, 16 digits, of each the coordinates x and y of a point in five
// limbs of 52 bits, times 2^260 mod p, and of each limb those of eight lanes.
type combTable52 [128][2][5][8]uint64

// alignedTable52 returns the table at an address that is a multiple of 64, so that no
// vector of it lies in two lines of the cache, which would cost 800 cycles of 5,200.
// The linker aligns it to 32 bytes; if that is not enough, it is copied, once.
var alignedTable52 = sync.OnceValue(func() *combTable52 {
	table := combTableIFMA()
	if uintptr(unsafe.Pointer(table))%64 == 0 {
		return table
	}
	aligned := new(combTable52) // the heap aligns what is that large to pages
	*aligned = *table
	return aligned
})
