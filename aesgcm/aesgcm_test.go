package aesgcm

import (
	"crypto/aes"
	"crypto/cipher"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// tiers are those that this package has kernels for, and generic.
var tiers = []cpu.Tier{cpu.VAES512, cpu.VAES256, cpu.AESNI, cpu.Generic}

func std(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func TestContract(t *testing.T) {
	cryptotest.Tiers(t, "aesgcm", tiers, func(t *testing.T, tier cpu.Tier) {
		cryptotest.AEAD(t, "aesgcm", func(key []byte) (cipher.AEAD, error) { return newTier(key, tier) }, std, []int{16, 24, 32})
	})
}
