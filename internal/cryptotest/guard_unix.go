//go:build unix

package cryptotest

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A Guard is memory between two pages that may be neither read nor written.
type Guard struct {
	all  []byte // a page, the memory, a page
	page int
}

// guarded reports whether a Guard has its inaccessible pages.
const guarded = true

// NewGuard returns a Guard of at least size bytes, which lives until the test
// ends.
func NewGuard(t testing.TB, size int) *Guard {
	t.Helper()
	page := unix.Getpagesize()
	inner := max(1, (size+page-1)/page) * page
	mem, err := unix.Mmap(-1, 0, inner+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("cryptotest: mmap: %v", err)
	}
	t.Cleanup(func() { unix.Munmap(mem) })
	for _, fence := range [][]byte{mem[:page], mem[page+inner:]} {
		if err := unix.Mprotect(fence, unix.PROT_NONE); err != nil {
			t.Fatalf("cryptotest: mprotect: %v", err)
		}
	}
	return &Guard{mem, page}
}

// End returns n bytes that end where an inaccessible page starts; the capacity
// is the length. No bytes are there where the page starts.
func (g *Guard) End(n int) []byte {
	end := len(g.all) - g.page
	return g.all[end-n : end+1][:n:n]
}

// Start returns n bytes that start where an inaccessible page ends; the
// capacity is the length. No bytes are at the last byte of the page, so that
// not even the first byte behind their start may be read.
func (g *Guard) Start(n int) []byte {
	if n == 0 {
		return g.all[g.page-1 : g.page][:0:0]
	}
	return g.all[g.page:][:n:n]
}
