package chacha20poly1305

// sealGeneric seals with x/crypto's implementation.
func (a *AEAD) sealGeneric(out, nonce, plaintext, additionalData []byte) {
	a.fallback.Seal(out[:0], nonce, plaintext, additionalData)
}

// openGeneric opens with x/crypto's implementation.
func (a *AEAD) openGeneric(out, nonce, ciphertext, additionalData []byte) bool {
	_, err := a.fallback.Open(out[:0], nonce, ciphertext, additionalData)
	return err == nil
}
