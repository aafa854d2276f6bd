//go:build gc && !purego

package chacha20poly1305

// The kernels of tier avx512: ChaCha20 on vectors of 512 bits, Poly1305 with
// IFMA. None retains a pointer; none reads or writes beyond what it says.
//
// In s.h are three words of the sum, least significant first, the third < 8.

// sealAVX512 encrypts the n bytes at src to dst and writes the tag, 16 bytes,
// behind them. n <= 64 KiB; src and dst are the same or do not overlap.
//
// If s is nil, it seals a whole message with the 12-byte nonce and the adLen bytes
// of additional data at ad; n+adLen <= maxWhole. Otherwise it seals the last part
// of the message that s describes, ignores nonce, ad and adLen, and leaves s
// undefined. The counter does not wrap within the n bytes.
//
// If suffix is not nil, the last of the n bytes is there and not in src.
//
// Works like twin.seal.
//
//go:noescape
func sealAVX512(key *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int, suffix *byte)

// openAVX512 compares the tag behind the n bytes at src in constant time and, if
// it is right, decrypts them to dst: ok is 1. Otherwise ok is 0, and nothing is
// written. If suffix is not nil, the last of the n bytes goes there and not to dst.
// The rest is as for sealAVX512.
//
//go:noescape
func openAVX512(key *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int, suffix *byte) (ok int)

// startAVX512 makes the one-time key of the 12-byte nonce: s.r, clamped, and s.s
// (RFC 8439, Section 2.6). It clears s.h and sets s.counter to 1.
//
//go:noescape
func startAVX512(key *key, s *stream, nonce *byte)

// polyAVX512 folds the n bytes at p, padded with zeros to whole blocks, into s.h.
// 0 < n <= 64 KiB.
//
//go:noescape
func polyAVX512(s *stream, p *byte, n int)

// sealMoreAVX512 encrypts the n bytes at src to dst, the next part of the message
// that s describes and not the last, and moves s.h and s.counter on. n is a
// positive multiple of 1024 up to 64 KiB; src and dst are the same or do not
// overlap.
//
//go:noescape
func sealMoreAVX512(key *key, s *stream, dst, src *byte, n int)

// openMoreAVX512 decrypts as sealMoreAVX512 encrypts.
//
//go:noescape
func openMoreAVX512(key *key, s *stream, dst, src *byte, n int)
