package cryptotest

import (
	"strings"
	"testing"
	"unsafe"
)

// read reads the byte i bytes from the start of b, wherever that is.
//
//go:nocheckptr
func read(b []byte, i int) byte {
	return *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))
}

func TestGuard(t *testing.T) {
	g := NewGuard(t, 5000)
	var sink byte
	for _, n := range []int{0, 1, 17, 4096, 5000} {
		start, end := g.Start(n), g.End(n)
		for _, b := range [][]byte{start, end} {
			if len(b) != n || cap(b) != n {
				t.Fatalf("length %d, capacity %d, want %d", len(b), cap(b), n)
			}
			if err := Fault(func() { clear(b) }); err != nil {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
		if !guarded {
			continue
		}
		for name, f := range map[string]func(){
			"before the start": func() { sink += read(start, -1) },
			"behind the end":   func() { sink += read(end, n) },
		} {
			if err := Fault(f); err == nil || !strings.Contains(err.Error(), "memory fault") {
				t.Errorf("a read of the byte %s of %d: %v", name, n, err)
			}
		}
	}
	_ = sink
}

func TestFault(t *testing.T) {
	if err := Fault(func() {}); err != nil {
		t.Error(err)
	}
	if err := Fault(func() { panic("aesgcm: no") }); err == nil || err.Error() != "panic: aesgcm: no" {
		t.Error(err)
	}
}
