// Command hkdf generates the HMAC-SHA-256 kernels of package hkdf.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("hkdf",
		gen.File{Name: "hmac_shani", Build: shani},
	)
}

func shani(c *gen.Ctx) {
	newNI(c).key("keySHANI")
	newNI(c).mac("macSHANI", 1)
	newNI(c).mac("mac2SHANI", 2)
	newNI(c).once("onceSHANI")
}
