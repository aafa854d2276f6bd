// Package sealane is the root of a module of hardware-accelerated
// cryptographic primitives and a TLS 1.3 layer on top of them.
//
// It holds no code of its own. Import what you need:
//
//   - aesgcm: AES-GCM (NIST SP 800-38D)
//   - chacha20poly1305: ChaCha20-Poly1305 (RFC 8439)
//   - x25519: X25519 (RFC 7748)
//   - p256: ECDH and ECDSA on P-256 (SP 800-56A, FIPS 186-5)
//   - sha2: SHA-2 (FIPS 180-4)
//   - hkdf: HMAC and HKDF (RFC 2104, RFC 5869)
//   - tls13: TLS 1.3, client and server (RFC 9846); tls13/tls13http for net/http
//   - tls13/keyschedule: the TLS 1.3 key schedule (RFC 9846, Section 7)
//   - tls13/record: TLS 1.3 record protection (RFC 9846, Section 5)
//
// The implementation of each primitive (its tier) is chosen once, by CPU
// feature, when a key or a digest is made; its Tier method tells which.
package sealane
