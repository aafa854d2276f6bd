//go:build valgrind && gc

package ct

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

// The requests that a program makes of valgrind, and of its tool memcheck
// (valgrind.h, memcheck.h).
const (
	runningOnValgrind = 0x1001

	memcheck         = 'M'<<24 | 'C'<<16
	makeMemUndefined = memcheck + 1
	makeMemDefined   = memcheck + 2
	checkMemDefined  = memcheck + 5
)

// request asks valgrind for something: args[0] tells what. It returns 0 without
// valgrind.
//
//go:noescape
func request(args *[6]uintptr) uintptr

// Main is to be called by TestMain. It runs f, which calls [Run], instead of the
// tests, and exits. It also leaks a secret in three ways, which grind must find
// reported.
//
// All runs on the program's first thread and on a stack that need not grow:
// valgrind takes a change from one of the Go runtime's stacks to another that is
// not far away for a large frame, and the memory between them for freed.
func Main(f func()) {
	if request(&[6]uintptr{runningOnValgrind}) == 0 {
		fmt.Println("not under valgrind: go run ./internal/ct/grind")
		os.Exit(1)
	}
	growStack()
	secret := Secret(new([64]byte))
	plantedBranch(secret[0])
	plantedAddress(secret[0])
	plantedCall(secret[:])
	f()
	if failed {
		os.Exit(1)
	}
	fmt.Println("PASS")
	os.Exit(0)
}

// Initialization happens on the first thread, and then the goroutine that calls
// TestMain stays there.
func init() { runtime.LockOSThread() }

var failed bool

//go:noinline
func growStack() byte {
	var room [256 << 10]byte
	return room[len(table)]
}

//go:noinline
func plantedBranch(secret byte) int {
	if secret == 42 {
		return len(table)
	}
	return 0
}

//go:noinline
func plantedAddress(secret byte) byte { return table[secret] }

//go:noinline
func plantedCall(secret []byte) bool { return bytes.Equal(secret, table[:len(secret)]) }

var table [256]byte

// Secret returns a copy of *v whose content is a secret: for valgrind it is
// undefined, for all others it is that of *v. T holds no pointers.
func Secret[T any](v *T) *T {
	s := new([2]T) // not so small that it shares memory with others
	sink = s
	s[0] = *v
	request(&[6]uintptr{makeMemUndefined, uintptr(unsafe.Pointer(&s[0])), unsafe.Sizeof(*v)})
	return &s[0]
}

var sink any // so that secrets are on the heap

// Public declares that *v is no secret any more.
func Public[T any](v *T) {
	request(&[6]uintptr{makeMemDefined, uintptr(unsafe.Pointer(v)), unsafe.Sizeof(*v)})
}

// Run calls f, which computes *out from secrets. That *out does not depend on any
// is a failure: the proof would be of something else. Afterwards *out is public.
func Run[T any](name string, out *T, f func()) {
	f()
	if request(&[6]uintptr{checkMemDefined, uintptr(unsafe.Pointer(out)), unsafe.Sizeof(*out)}) == 0 {
		fmt.Println(name + ": the output depends on no secret")
		failed = true
	}
	Public(out)
}
