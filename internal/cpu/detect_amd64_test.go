//go:build gc && !purego

package cpu

import (
	"testing"

	"github.com/klauspost/cpuid/v2"
)

// What a program pays at start-up: the library's detection, then ours.
func BenchmarkDetect(b *testing.B) {
	b.Run("impl=cpuid", func(b *testing.B) {
		for b.Loop() {
			cpuid.Detect()
		}
	})
	b.Run("impl=sealane", func(b *testing.B) {
		for b.Loop() {
			detect()
		}
	})
}
