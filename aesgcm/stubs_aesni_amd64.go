//go:build gc && !purego

package aesgcm

// The kernels of tier aesni: AES-NI and PCLMULQDQ in their AVX encodings.
// One block to a vector. None retains a pointer; none reads or
// writes beyond what it says.

// initAESNI expands the key of 4*(k.rounds-6) bytes at raw into k.rk and k.pow.
// k.rounds is 10, 12 or 14.
//
//go:noescape
func initAESNI(k *key, raw *byte)

// sealAESNI encrypts the n bytes at src to dst and writes the tag, 16 bytes,
// behind them. 0 <= n <= 64 KiB; src and dst are the same or do not overlap.
//
// If s is nil, it seals a whole message with the 12-byte nonce and the adLen <=
// maxAD bytes of additional data at ad. Otherwise it seals the last part of the
// message that s describes, which it does not change, and ignores nonce, ad and
// adLen; s.blocks is a multiple of 64. The counter wraps mod 2^32.
//
// Works like twin.seal.
//
//go:noescape
func sealAESNI(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int)

// openAESNI decrypts the n bytes at src to dst and compares the tag behind
// them in constant time: ok is 1 if it is right, otherwise 0, and then what is
// in dst must be cleared. Otherwise as sealAESNI. Works like twin.open.
//
//go:noescape
func openAESNI(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int) (ok int)

// sealMoreAESNI encrypts the n bytes at src to dst, the next part of the
// message that s describes and not the last, and moves s.acc and s.blocks on.
// n is a positive multiple of 1024 up to 64 KiB, s.blocks a multiple of 64; src
// and dst are the same or do not overlap. Works like twin.ctr and twin.ghash.
//
//go:noescape
func sealMoreAESNI(k *key, s *stream, dst, src *byte, n int)

// openMoreAESNI decrypts as sealMoreAESNI encrypts.
//
//go:noescape
func openMoreAESNI(k *key, s *stream, dst, src *byte, n int)

// ghashAESNI folds the n bytes at p, padded with zeros to whole blocks, into
// s.acc. 0 < n <= 64 KiB. Works like twin.ghash.
//
//go:noescape
func ghashAESNI(k *key, s *stream, p *byte, n int)
