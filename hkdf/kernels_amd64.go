//go:build gc && !purego

package hkdf

import (
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
)

// pick returns the tier that a machine with features f runs HMAC-SHA-256 best
// on. There are no others: where one compression keeps the machine busy, two at
// once gain nothing over sha2's kernels.
func pick(f cpu.Features) cpu.Tier {
	return f.First(cpu.SHANI)
}

// pads is padsGeneric.
func (k *key256) pads(iv *[8]uint32, key []byte) {
	switch k.tier {
	case cpu.SHANI:
		k.count(2)
		keySHANI(k, iv, unsafe.SliceData(key), len(key))
	default:
		k.padsGeneric(iv, key)
	}
}

// short is macGeneric for messages of at most maxShort256 bytes.
func (k *key256) short(sum *[32]byte, message []byte) {
	switch k.tier {
	case cpu.SHANI:
		k.count(2)
		macSHANI(k, sum, unsafe.SliceData(message), len(message))
	default:
		k.macGeneric(sum, message)
	}
}

// short2 is short for two messages at once.
func (k *key256) short2(sums *[2][32]byte, message0, message1 []byte) {
	switch k.tier {
	case cpu.SHANI:
		k.count(4)
		mac2SHANI(k, sums, unsafe.SliceData(message0), len(message0), unsafe.SliceData(message1), len(message1))
	default:
		k.macGeneric(&sums[0], message0)
		k.macGeneric(&sums[1], message1)
	}
}

// once is once256 for keys of at most a block and messages of at most
// maxShort256 bytes. tier is not Generic.
func once(tier cpu.Tier, sum *[32]byte, iv *[8]uint32, key, message []byte) {
	switch tier {
	case cpu.SHANI:
		onceSHANI(sum, iv, unsafe.SliceData(key), len(key), unsafe.SliceData(message), len(message))
	default:
		panic("hkdf: no kernel of tier " + tier.String())
	}
}
