// Command sha2 generates the amd64 kernels of package sha2.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("sha2",
		gen.File{Name: "sha256_shani", Build: sha256SHANI},
	)
}
