//go:build gc && !purego

package x25519

// The kernels of tier ifma: numbers are five limbs of 51 bits, four or eight
// numbers to a vector. None retains a pointer; none reads or writes beyond what
// it says.
