package sha2

import (
	"crypto/fips140"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"hash"

	"github.com/sealane/sealane/internal/cpu"
)

// Sizes of the results of SHA-384, SHA-512, SHA-512/224 and SHA-512/256, and of
// the blocks that all work on, in bytes.
const (
	Size384          = 48
	Size512          = 64
	Size512_224      = 28
	Size512_256      = 32
	BlockSize384     = 128
	BlockSize512     = 128
	BlockSize512_224 = 128
	BlockSize512_256 = 128
)

// New512 returns a new digest that computes SHA-512.
func New512() hash.Hash {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.New()
	}
	return newDigest512(tier512, Size512)
}

// New384 returns a new digest that computes SHA-384.
func New384() hash.Hash {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.New384()
	}
	return newDigest512(tier512, Size384)
}

// New512_224 returns a new digest that computes SHA-512/224.
func New512_224() hash.Hash {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.New512_224()
	}
	return newDigest512(tier512, Size512_224)
}

// New512_256 returns a new digest that computes SHA-512/256.
func New512_256() hash.Hash {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.New512_256()
	}
	return newDigest512(tier512, Size512_256)
}

// Sum512 returns the SHA-512 of b.
func Sum512(b []byte) (sum [Size512]byte) {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.Sum512(b)
	}
	finish512(tier512, &sum, &iv512, b, uint64(len(b)))
	return sum
}

// Sum384 returns the SHA-384 of b.
func Sum384(b []byte) [Size384]byte {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.Sum384(b)
	}
	var sum [Size512]byte
	finish512(tier512, &sum, &iv384, b, uint64(len(b)))
	return [Size384]byte(sum[:])
}

// Sum512_224 returns the SHA-512/224 of b.
func Sum512_224(b []byte) [Size512_224]byte {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.Sum512_224(b)
	}
	var sum [Size512]byte
	finish512(tier512, &sum, &iv512_224, b, uint64(len(b)))
	return [Size512_224]byte(sum[:])
}

// Sum512_256 returns the SHA-512/256 of b.
func Sum512_256(b []byte) [Size512_256]byte {
	if tier512 == cpu.Generic || fips140.Enforced() {
		return sha512.Sum512_256(b)
	}
	var sum [Size512]byte
	finish512(tier512, &sum, &iv512_256, b, uint64(len(b)))
	return [Size512_256]byte(sum[:])
}

// Block512 compresses the blocks of p into state, as FIPS 180-4, Section 6.4.2
// does: state is an intermediate hash value, and starts as [IV512],
// [IV384], [IV512_224] or [IV512_256].
// It panics if len(p) is not a multiple of [BlockSize512]. It does not
// allocate.
func Block512(state *[8]uint64, p []byte) {
	if state == nil || len(p)%BlockSize512 != 0 {
		panic("sha2: Block512 of no state or of a part of a block")
	}
	block512(tier512, state, p)
}

// Finish512 returns the SHA-512 of a message of n bytes that ends in tail, with
// state the intermediate hash value of what comes before tail, which it leaves
// as it is. What comes before is a whole number of blocks: Finish512 panics if
// n-len(tail) is negative or not a multiple of [BlockSize512]. It does not
// allocate.
//
// So Finish512(&state, b, uint64(len(b))) with state = [IV512] is Sum512(b);
// with IV384, the first [Size384] bytes of the result are Sum384(b), and so on.
func Finish512(state *[8]uint64, tail []byte, n uint64) (sum [Size512]byte) {
	if state == nil || n < uint64(len(tail)) || (n-uint64(len(tail)))%BlockSize512 != 0 {
		panic("sha2: Finish512 of no state or after a part of a block")
	}
	finish512(tier512, &sum, state, tail, n)
	return sum
}

// IV512 returns the initial hash value of SHA-512 (FIPS 180-4, Section 5.3.5).
func IV512() [8]uint64 { return iv512 }

// IV384 returns the initial hash value of SHA-384 (FIPS 180-4, Section 5.3.4).
func IV384() [8]uint64 { return iv384 }

// IV512_224 returns the initial hash value of SHA-512/224 (FIPS 180-4, Section 5.3.6.1).
func IV512_224() [8]uint64 { return iv512_224 }

// IV512_256 returns the initial hash value of SHA-512/256 (FIPS 180-4, Section 5.3.6.2).
func IV512_256() [8]uint64 { return iv512_256 }

// The initial hash values are never written. They are variables because kernels
// take their addresses.
var (
	iv512 = [8]uint64{
		0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
		0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
	}
	iv384 = [8]uint64{
		0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
		0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
	}
	iv512_224 = [8]uint64{
		0x8c3d37c819544da2, 0x73e1996689dcd4d6, 0x1dfab7ae32ff9c82, 0x679dd514582f9fcf,
		0x0f6d2b697bd44da8, 0x77e36f7304c48942, 0x3f9d85a86a1d36c8, 0x1112e6ad91d692a1,
	}
	iv512_256 = [8]uint64{
		0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151, 0x963877195940eabd,
		0x96283ee2a88effe3, 0xbe5e1e2553863992, 0x2b0199fc2c85b8aa, 0x0eb72ddc81c52ca2,
	}
)

// digest512 is a SHA-384, SHA-512, SHA-512/224 or SHA-512/256 in progress.
type digest512 struct {
	h    [8]uint64
	x    [BlockSize512]byte // x[:len%128] is the message since the last whole block
	len  uint64             // bytes written, mod 2^64
	size uint8              // Size384, Size512, Size512_224 or Size512_256
	tier cpu.Tier
}

func newDigest512(tier cpu.Tier, size uint8) *digest512 {
	d := &digest512{size: size, tier: tier}
	d.Reset()
	return d
}

// Tier returns the tier of the kernels that the digest runs on.
func (d *digest512) Tier() string {
	d.check()
	return d.tier.String()
}

func (d *digest512) Size() int {
	d.check()
	return int(d.size)
}

func (d *digest512) BlockSize() int { return BlockSize512 }

func (d *digest512) Reset() {
	d.check()
	switch d.size {
	case Size384:
		d.h = iv384
	case Size512:
		d.h = iv512
	case Size512_224:
		d.h = iv512_224
	case Size512_256:
		d.h = iv512_256
	}
	d.len = 0
}

func (d *digest512) Write(p []byte) (int, error) {
	d.check()
	n := len(p)
	have := int(d.len % BlockSize512)
	d.len += uint64(n)
	if have > 0 {
		k := copy(d.x[have:], p)
		if have+k < BlockSize512 {
			return n, nil
		}
		block512(d.tier, &d.h, d.x[:])
		p = p[k:]
	}
	if whole := len(p) &^ (BlockSize512 - 1); whole > 0 {
		block512(d.tier, &d.h, p[:whole])
		p = p[whole:]
	}
	copy(d.x[:], p)
	return n, nil
}

func (d *digest512) Sum(b []byte) []byte {
	d.check()
	var sum [Size512]byte
	finish512(d.tier, &sum, &d.h, d.x[:d.len%BlockSize512], d.len)
	return append(b, sum[:d.size]...)
}

func (d *digest512) Clone() (hash.Cloner, error) {
	d.check()
	c := *d
	return &c, nil
}

// The encoding of a digest is the standard library's: a magic, the intermediate
// hash value, the block in progress followed by zeros, and the number of bytes
// written, all big-endian.
const (
	magic384     = "sha\x04"
	magic512_224 = "sha\x05"
	magic512_256 = "sha\x06"
	magic512     = "sha\x07"
	marshaled512 = len(magic512) + 8*8 + BlockSize512 + 8
)

func (d *digest512) magic() string {
	switch d.size {
	case Size384:
		return magic384
	case Size512_224:
		return magic512_224
	case Size512_256:
		return magic512_256
	}
	return magic512
}

func (d *digest512) MarshalBinary() ([]byte, error) {
	return d.AppendBinary(make([]byte, 0, marshaled512))
}

func (d *digest512) AppendBinary(b []byte) ([]byte, error) {
	d.check()
	b = append(b, d.magic()...)
	for _, v := range d.h {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	var x [BlockSize512]byte
	copy(x[:], d.x[:d.len%BlockSize512])
	b = append(b, x[:]...)
	return binary.BigEndian.AppendUint64(b, d.len), nil
}

func (d *digest512) UnmarshalBinary(b []byte) error {
	d.check()
	if len(b) < len(magic512) || string(b[:len(magic512)]) != d.magic() {
		return errors.New("sha2: invalid hash state identifier")
	}
	if len(b) != marshaled512 {
		return errors.New("sha2: invalid hash state size")
	}
	b = b[len(magic512):]
	for i := range d.h {
		d.h[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	b = b[8*len(d.h):]
	d.len = binary.BigEndian.Uint64(b[copy(d.x[:], b):])
	return nil
}

// check panics for a nil digest and for one that no constructor made.
func (d *digest512) check() {
	if d == nil || d.tier == cpu.Invalid {
		panic(errNotMade)
	}
}
