// Command x25519 generates the kernels of package x25519.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("x25519",
		gen.File{Name: "comb_adx", Build: combADX},
		gen.File{Name: "field_adx", Build: fieldADX},
		gen.File{Name: "comb_ifma", Build: combIFMA},
		gen.File{Name: "ladder_adx", Build: ladderADX},
		gen.File{Name: "ladder_ifma", Build: ladderIFMA},
	)
}
