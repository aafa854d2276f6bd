//go:build gc && !purego

package hkdf

// The kernels of tier shani: SHA-256 with SHA-NI. None retains a pointer; none
// reads or writes beyond what it says.

// keySHANI sets k.inner and k.outer to the hash values that *iv becomes after
// the block K XOR ipad, and after K XOR opad, where K is the rawLen <= 64 bytes
// at raw followed by zeros. Works like padsGeneric.
//
//go:noescape
func keySHANI(k *key256, iv *[8]uint32, raw *byte, rawLen int)

// macSHANI sets *sum to the MAC with k of the messageLen <= 55 bytes at message.
// Works like macGeneric.
//
//go:noescape
func macSHANI(k *key256, sum *[32]byte, message *byte, messageLen int)

// mac2SHANI is macSHANI for two messages at once.
//
//go:noescape
func mac2SHANI(k *key256, sums *[2][32]byte, message0 *byte, message0Len int, message1 *byte, message1Len int)

// onceSHANI sets *sum to what macSHANI computes with the key that keySHANI sets.
//
//go:noescape
func onceSHANI(sum *[32]byte, iv *[8]uint32, key *byte, keyLen int, message *byte, messageLen int)
