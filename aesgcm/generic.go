package aesgcm

// sealGeneric seals with the standard library's AES-GCM.
func (a *AEAD) sealGeneric(out, nonce, plaintext, additionalData []byte) {
	a.fallback.Seal(out[:0], nonce, plaintext, additionalData)
}

// openGeneric opens with the standard library's AES-GCM.
func (a *AEAD) openGeneric(out, nonce, ciphertext, additionalData []byte) bool {
	_, err := a.fallback.Open(out[:0], nonce, ciphertext, additionalData)
	return err == nil
}

// sealSuffixGeneric joins plaintext and suffix in out and seals there.
func (a *AEAD) sealSuffixGeneric(out, nonce, plaintext, suffix, additionalData []byte) {
	n := copy(out, plaintext)
	n += copy(out[n:], suffix)
	a.fallback.Seal(out[:0], nonce, out[:n], additionalData)
}
