//go:build gc && !purego

package aesgcm

// The kernels of tier vaes512: VAES and VPCLMULQDQ on vectors of four blocks.
// None retains a pointer; none reads or writes beyond what it says.

// initVAES512 expands the key of 4*(k.rounds-6) bytes at raw into k.rk and
// k.pow. k.rounds is 10, 12 or 14.
//
//go:noescape
func initVAES512(k *key, raw *byte)

// sealVAES512 encrypts the n bytes at src to dst and writes the tag, 16 bytes,
// behind them. n <= 64 KiB; src and dst are the same or do not overlap.
//
// If s is nil, it seals a whole message with the 12-byte nonce and the adLen <=
// 48 bytes of additional data at ad. Otherwise it seals the last part of the
// message that s describes, and ignores nonce, ad and adLen; s.blocks is a
// multiple of 64.
//
// Works like (*twin).seal, of the tests.
//
//go:noescape
func sealVAES512(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int)

// sealTypedVAES512 seals the n bytes at src followed by the byte last (0 to 255),
// which is a content type of TLS 1.3. n < 64 KiB; there is room for n+17 bytes
// at dst. Otherwise as sealVAES512 of a whole message.
//
//go:noescape
func sealTypedVAES512(k *key, nonce, dst, src *byte, n, last int, ad *byte, adLen int)

// openVAES512 decrypts the n bytes at src to dst and compares the tag behind
// them in constant time: ok is 1 if it is right, otherwise 0, and then what is in
// dst must be cleared. Otherwise as sealVAES512. Works like (*twin).open.
//
//go:noescape
func openVAES512(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int) (ok int)

// openTypedVAES512 opens a whole message of n+1 bytes, whose tag follows, at src:
// n bytes go to dst, the last to *last. n < 64 KiB. If ok is 0, what is in dst and
// *last must be cleared. Otherwise as openVAES512 of a whole message.
//
//go:noescape
func openTypedVAES512(k *key, nonce, dst, src *byte, n int, last, ad *byte, adLen int) (ok int)

// sealMoreVAES512 encrypts the n bytes at src to dst, the next part of the
// message that s describes and not the last, and moves s on. n is a positive
// multiple of 1024 up to 64 KiB, s.blocks a multiple of 64; src and dst are the
// same or do not overlap.
//
//go:noescape
func sealMoreVAES512(k *key, s *stream, dst, src *byte, n int)

// openMoreVAES512 decrypts as sealMoreVAES512 encrypts.
//
//go:noescape
func openMoreVAES512(k *key, s *stream, dst, src *byte, n int)

// ghashVAES512 folds the n bytes at p, padded with zeros to whole blocks, into
// s.acc. 0 < n <= 64 KiB.
//
//go:noescape
func ghashVAES512(k *key, s *stream, p *byte, n int)
