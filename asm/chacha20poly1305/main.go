// Command chacha20poly1305 generates the kernels of package chacha20poly1305.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("chacha20poly1305",
		gen.File{Name: "chacha_avx512", Build: avx512},
	)
}
