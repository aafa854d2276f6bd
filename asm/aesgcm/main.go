// Command aesgcm generates the AES-GCM kernels of package aesgcm.
package main

import "github.com/sealane/sealane/asm/internal/gen"

func main() {
	gen.Main("aesgcm",
		gen.File{Name: "gcm_aesni", Build: aesni.build},
		gen.File{Name: "gcm_vaes256", Build: vaes256.build},
		gen.File{Name: "gcm_vaes512", Build: vaes512},
	)
}

func vaes512(c *gen.Ctx) {
	(&z512{Ctx: c, name: "initVAES512"}).init()
	(&z512{Ctx: c, name: "sealVAES512"}).message()
	(&z512{Ctx: c, name: "openVAES512", open: true}).message()
	(&z512{Ctx: c, name: "sealTypedVAES512", typed: true}).message()
	(&z512{Ctx: c, name: "openTypedVAES512", open: true, typed: true}).message()
	(&z512{Ctx: c, name: "sealMoreVAES512"}).part()
	(&z512{Ctx: c, name: "openMoreVAES512", open: true}).part()
	(&z512{Ctx: c, name: "ghashVAES512"}).ghash()
}
