//go:build gc && !purego

package chacha20poly1305

// The kernels of tier ssse3: ChaCha20 on four blocks at a time in vectors of 128
// bits, or on fewer row-wise, and Poly1305 beside it in general registers. They
// have no VEX encodings. None retains a pointer; none reads or writes beyond what
// it says.
//
// In s.h the sum of Poly1305 is h[0] + 2^64·h[1] + 2^128·h[2], h[2] <= 4, not
// fully reduced; h[3:] is not used.

// startSSSE3 makes the one-time key of the message with the 12-byte nonce (RFC
// 8439, Section 2.6): it sets s.r, clamped, and s.s, clears the sum, and sets
// s.counter to 1. Works like twin.oneTime.
//
//go:noescape
func startSSSE3(k *key, s *stream, nonce *byte)

// polySSSE3 folds the n bytes at p, padded with zeros to whole blocks, into s.h.
// 0 < n <= 64 KiB. Works like poly.
//
//go:noescape
func polySSSE3(s *stream, p *byte, n int)

// sealSSSE3 encrypts the n bytes at src to dst and writes the tag, 16 bytes,
// behind them. 0 <= n <= 64 KiB; src and dst are the same or do not overlap.
//
// If s is nil, it seals a whole message with the 12-byte nonce and the adLen bytes
// of additional data at ad; n+adLen <= maxWhole. Otherwise it seals the last part
// of the message that s describes, which it does not change, and ignores nonce, ad
// and adLen. The counter of blocks must not wrap before the end.
//
// Works like twin.seal.
//
//go:noescape
func sealSSSE3(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int)

// openSSSE3 decrypts the n bytes at src to dst and compares the tag behind them
// in constant time: ok is 1 if it is right, otherwise 0, and then what is in dst
// must be cleared. Otherwise as sealSSSE3. Works like twin.seal undone.
//
//go:noescape
func openSSSE3(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int) (ok int)

// sealMoreSSSE3 encrypts the n bytes at src to dst, the next part of the message
// that s describes and not the last, and moves s.h and s.counter on. n is a
// positive multiple of 1024 up to 64 KiB; src and dst are the same or do not
// overlap. Works like twin.xor and poly.
//
//go:noescape
func sealMoreSSSE3(k *key, s *stream, dst, src *byte, n int)

// openMoreSSSE3 decrypts as sealMoreSSSE3 encrypts.
//
//go:noescape
func openMoreSSSE3(k *key, s *stream, dst, src *byte, n int)
