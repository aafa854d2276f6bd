// Command sha2 generates the amd64 kernels of package sha2.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("sha2",
		gen.File{Name: "sha256_shani", Build: sha256SHANI},
		gen.File{Name: "sha256_avx2", Build: sha256AVX2},
		gen.File{Name: "sha512_avx2", Build: sha512AVX2},
		gen.File{Name: "sha512_avx512", Build: sha512AVX512},
		gen.File{Name: "batch256_avx512", Build: batch256AVX512},
		gen.File{Name: "batch512_avx512", Build: batch512AVX512},
		gen.File{Name: "batch256_shani", Build: batch256SHANI},
		gen.File{Name: "batch256_avx2", Build: batch256AVX2},
		gen.File{Name: "batch512_avx2", Build: batch512AVX2},
	)
}
