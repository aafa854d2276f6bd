//go:build !amd64 || !gc || purego

package cpu

// detect finds nothing: there are no kernels to choose from.
func detect() Features { return Features{} }
