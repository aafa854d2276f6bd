//go:build !amd64 || !gc || purego

package modinv

func invertP25519(z, x *[4]uint64) { p25519.invertGeneric(z, x) }
func invertP256(z, x *[4]uint64)   { p256.invertGeneric(z, x) }
func invertN256(z, x *[4]uint64)   { n256.invertGeneric(z, x) }

func invertP256N256(zp, xp, zn, xn *[4]uint64) {
	p256.invertGeneric(zp, xp)
	n256.invertGeneric(zn, xn)
}
