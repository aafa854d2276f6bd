//go:build !amd64 || !gc || purego

package hkdf

import "github.com/sealane/sealane/internal/cpu"

func pick(cpu.Features) cpu.Tier { return cpu.Generic }

// pads is padsGeneric.
func (k *key256) pads(iv *[8]uint32, key []byte) { k.padsGeneric(iv, key) }

// short is macGeneric for messages of at most maxShort256 bytes.
func (k *key256) short(sum *[32]byte, message []byte) { k.macGeneric(sum, message) }

// short2 is short for two messages.
func (k *key256) short2(sums *[2][32]byte, message0, message1 []byte) {
	k.macGeneric(&sums[0], message0)
	k.macGeneric(&sums[1], message1)
}

// once is not called where there is no tier but Generic.
func once(tier cpu.Tier, sum *[32]byte, iv *[8]uint32, key, message []byte) {
	panic("hkdf: no kernel of tier " + tier.String())
}
