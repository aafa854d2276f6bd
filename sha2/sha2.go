// Package sha2 implements SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224 and
// SHA-512/256 (FIPS 180-4) in the shape of the standard library's crypto/sha256
// and crypto/sha512, with kernels of its own where the machine has the
// instructions for them.
//
// The constructors New256, New512 and so on return digests that are a
// [hash.Hash] and a [hash.Cloner], and that marshal (encoding.BinaryMarshaler,
// encoding.BinaryAppender, encoding.BinaryUnmarshaler) to and from the very
// encoding of the standard library's digests. The functions Sum256, Sum512 and
// so on hash a message in one call and allocate nothing.
//
// Where there is no kernel (other architectures, builds with the tag purego,
// machines without the instructions), and while crypto/fips140 is enforced, the
// constructors return the standard library's own digests and the Sum functions
// call the standard library's. [Tier256] and [Tier512] tell which kernel runs,
// as does the method Tier() string of this package's digests.
//
// [Batch256], [Batch224], [Batch512] and [Batch384] hash many messages, of any
// and different lengths, and several of them at once where there are kernels for
// that: 16 or 8 in the lanes of a vector, or up to four on the SHA instructions.
//
// [Block256], [Finish256], [Block512] and [Finish512] are the compression
// functions under the hashes. They are for constructions that keep intermediate
// hash values, such as HMAC with cached pads; to hash a message, use the others.
//
// A message is at most 2^61-1 bytes long; as in the standard library, the
// count of bytes wraps beyond that and the result is undefined. The time that a
// message takes depends on its length and on how it is cut into calls of Write,
// not on its content. A digest is not safe for concurrent use; everything else
// is.
package sha2

import "github.com/sealane/sealane/internal/cpu"

// tier256 and tier512 are the tiers of this machine. They are never written
// after initialization.
var (
	tier256 = pick256(cpu.Host())
	tier512 = pick512(cpu.Host())
)

// Tier256 returns the tier of the kernels that SHA-224 and SHA-256 run on:
// "shani", "avx2", or "generic" for the standard library.
//
// With "generic", [Block256] and [Finish256] have no advantage over the
// standard library, and on some machines a cost per call that crypto/hmac and
// crypto/hkdf do not have: build on those there.
func Tier256() string { return tier256.String() }

// Tier512 is [Tier256] for SHA-384, SHA-512, SHA-512/224 and SHA-512/256:
// "avx512", "avx2" or "generic".
func Tier512() string { return tier512.String() }

const errNotMade = "sha2: digest not made by a constructor"
