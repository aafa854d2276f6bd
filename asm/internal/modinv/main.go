// Command modinv generates the kernels of package internal/modinv.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("internal/modinv",
		gen.File{Name: "invert_adx", Build: adx},
	)
}

func adx(c *gen.Ctx) {
	invert(c, "p25519ADX", p25519)
	invert(c, "p256ADX", p256)
	invert(c, "n256ADX", n256)
	invert(c, "p256n256ADX", p256, n256)
}
