// Command p256 generates the kernels of package p256.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("p256",
		gen.File{Name: "field_adx", Build: fieldADX},
		gen.File{Name: "point_adx", Build: pointADX},
		gen.File{Name: "comb_adx", Build: combADX},
		gen.File{Name: "comb_ifma", Build: combIFMA},
		gen.File{Name: "ladder_ifma", Build: ladderIFMA},
		gen.File{Name: "window_adx", Build: windowADX},
	)
}
