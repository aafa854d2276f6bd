package cryptotest

import (
	"fmt"
	"runtime/debug"
)

// Fault calls f and returns an error if f touched memory that it may not
// touch, such as the pages around a [Guard], or if it panicked otherwise. The
// Go runtime turns the signal into a panic also when it was raised by assembly.
func Fault(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		v := recover()
		if a, ok := v.(interface{ Addr() uintptr }); ok {
			err = fmt.Errorf("memory fault at %#x: %v", a.Addr(), v)
		} else if v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	f()
	return nil
}
