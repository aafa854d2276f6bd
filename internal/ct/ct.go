// Package ct is for tests that prove, under valgrind, that no branch and no
// address depends on a secret: valgrind's memcheck reports every branch and every
// address that depends on memory of undefined content, and secrets are declared
// to be that (the method is Adam Langley's "ctgrind", 2010).
//
// Such tests have the build tag valgrind, which also tells the Go runtime to
// describe its memory to valgrind. Command grind runs them and judges what
// valgrind reports:
//
//	go run ./internal/ct/grind
//
// Valgrind 3.19 knows the instructions of compiled Go and of tier adx, but none
// of AVX-512: for those, see command listing.
//
// Secrets must be on the heap, where [Secret] puts them, or leaks are missed.
package ct
