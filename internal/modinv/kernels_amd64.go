//go:build gc && !purego

package modinv

import "github.com/sealane/sealane/internal/cpu"

// pick returns the tier that a machine with features f inverts best on.
func pick(f cpu.Features) cpu.Tier { return f.First(cpu.ADX) }

// tier is never written after initialization.
var tier = pick(cpu.Host())

func invertP25519(z, x *[4]uint64) {
	switch tier {
	case cpu.ADX:
		p25519ADX(z, x)
	default:
		p25519.invertGeneric(z, x)
	}
}

func invertP256(z, x *[4]uint64) {
	switch tier {
	case cpu.ADX:
		p256ADX(z, x)
	default:
		p256.invertGeneric(z, x)
	}
}

func invertN256(z, x *[4]uint64) {
	switch tier {
	case cpu.ADX:
		n256ADX(z, x)
	default:
		n256.invertGeneric(z, x)
	}
}

func invertP256N256(zp, xp, zn, xn *[4]uint64) {
	switch tier {
	case cpu.ADX:
		p256n256ADX(zp, xp, zn, xn)
	default:
		p256.invertGeneric(zp, xp)
		n256.invertGeneric(zn, xn)
	}
}
