//go:build !amd64 || !gc || purego

package chacha20poly1305

import (
	"crypto/cipher"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
)

// hostTier is what New chooses: there are no kernels in this build.
const hostTier = cpu.Generic

var kernelTiers []cpu.Tier

// An AEAD is ChaCha20-Poly1305 or XChaCha20-Poly1305 with one key. It is made by
// [New] or [NewX]; the zero value is not valid, and its methods panic.
type AEAD struct {
	fallback  cipher.AEAD
	tier      cpu.Tier
	nonceSize int
	key       noKey
}

type noKey struct{}

func (noKey) set(tier cpu.Tier, key []byte) {
	panic("chacha20poly1305: no kernel for tier " + tier.String())
}

func (a *AEAD) seal(dst, nonce, src *byte, n int, ad *byte, adLen int) {
	a.sealGeneric(unsafe.Slice(dst, n+Overhead), unsafe.Slice(nonce, a.nonceSize), unsafe.Slice(src, n), unsafe.Slice(ad, adLen))
}

func (a *AEAD) open(dst, nonce, src *byte, n int, ad *byte, adLen int) bool {
	return a.openGeneric(unsafe.Slice(dst, n), unsafe.Slice(nonce, a.nonceSize), unsafe.Slice(src, n+Overhead), unsafe.Slice(ad, adLen))
}

func (a *AEAD) sealSuffix(out, nonce, plaintext, suffix, additionalData []byte) {
	a.sealJoined(out, nonce, plaintext, suffix, additionalData)
}

func (a *AEAD) openSuffix(dst, suffix, nonce, ciphertext, additionalData []byte) bool {
	return a.openJoined(dst, suffix, nonce, ciphertext, additionalData)
}
