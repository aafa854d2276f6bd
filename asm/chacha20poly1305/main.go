// Command chacha20poly1305 generates the kernels of package chacha20poly1305.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("chacha20poly1305",
		gen.File{Name: "chacha_ssse3", Build: ssse3.build},
		gen.File{Name: "chacha_avx2", Build: avx2.build},
		gen.File{Name: "chacha_avx512", Build: avx512},
	)
}
