package sha2

import (
	"crypto/fips140"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"

	"github.com/sealane/sealane/internal/cpu"
)

// Sizes of SHA-224's and SHA-256's results, and of the blocks that both work
// on, in bytes.
const (
	Size224      = 28
	Size256      = 32
	BlockSize224 = 64
	BlockSize256 = 64
)

// New256 returns a new digest that computes SHA-256.
func New256() hash.Hash {
	if tier256 == cpu.Generic || fips140.Enforced() {
		return sha256.New()
	}
	return newDigest256(tier256, Size256)
}

// New224 returns a new digest that computes SHA-224.
func New224() hash.Hash {
	if tier256 == cpu.Generic || fips140.Enforced() {
		return sha256.New224()
	}
	return newDigest256(tier256, Size224)
}

// Sum256 returns the SHA-256 of b.
func Sum256(b []byte) (sum [Size256]byte) {
	if tier256 == cpu.Generic || fips140.Enforced() {
		return sha256.Sum256(b)
	}
	finish256(tier256, &sum, &iv256, b, uint64(len(b)))
	return sum
}

// Sum224 returns the SHA-224 of b.
func Sum224(b []byte) [Size224]byte {
	if tier256 == cpu.Generic || fips140.Enforced() {
		return sha256.Sum224(b)
	}
	var sum [Size256]byte
	finish256(tier256, &sum, &iv224, b, uint64(len(b)))
	return [Size224]byte(sum[:])
}

// Block256 compresses the blocks of p into state, as FIPS 180-4, Section 6.2.2
// does: state is an intermediate hash value, and starts as [IV256] or [IV224].
// It panics if len(p) is not a multiple of [BlockSize256]. It does not
// allocate.
func Block256(state *[8]uint32, p []byte) {
	if state == nil || len(p)%BlockSize256 != 0 {
		panic("sha2: Block256 of no state or of a part of a block")
	}
	block256(tier256, state, p)
}

// Finish256 returns the SHA-256 of a message of n bytes that ends in tail, with
// state the intermediate hash value of what comes before tail, which it leaves
// as it is. What comes before is a whole number of blocks: Finish256 panics if
// n-len(tail) is negative or not a multiple of [BlockSize256]. It does not
// allocate.
//
// So Finish256(&state, b, uint64(len(b))) with state = [IV256] is Sum256(b);
// with IV224, the first [Size224] bytes of the result are Sum224(b).
func Finish256(state *[8]uint32, tail []byte, n uint64) (sum [Size256]byte) {
	if state == nil || n < uint64(len(tail)) || (n-uint64(len(tail)))%BlockSize256 != 0 {
		panic("sha2: Finish256 of no state or after a part of a block")
	}
	finish256(tier256, &sum, state, tail, n)
	return sum
}

// IV256 returns the initial hash value of SHA-256 (FIPS 180-4, Section 5.3.3).
func IV256() [8]uint32 { return iv256 }

// IV224 returns the initial hash value of SHA-224 (FIPS 180-4, Section 5.3.2).
func IV224() [8]uint32 { return iv224 }

// iv256 and iv224 are never written. They are variables because kernels take
// their addresses.
var (
	iv256 = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
	iv224 = [8]uint32{0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4}
)

// digest256 is a SHA-224 or SHA-256 in progress.
type digest256 struct {
	h    [8]uint32
	x    [BlockSize256]byte // x[:len%64] is the message since the last whole block
	len  uint64             // bytes written, mod 2^64
	size uint8              // Size224 or Size256
	tier cpu.Tier
}

func newDigest256(tier cpu.Tier, size uint8) *digest256 {
	d := &digest256{size: size, tier: tier}
	d.Reset()
	return d
}

// Tier returns the tier of the kernels that the digest runs on.
func (d *digest256) Tier() string {
	d.check()
	return d.tier.String()
}

func (d *digest256) Size() int {
	d.check()
	return int(d.size)
}

func (d *digest256) BlockSize() int { return BlockSize256 }

func (d *digest256) Reset() {
	d.check()
	d.h = iv256
	if d.size == Size224 {
		d.h = iv224
	}
	d.len = 0
}

func (d *digest256) Write(p []byte) (int, error) {
	d.check()
	n := len(p)
	have := int(d.len % BlockSize256)
	d.len += uint64(n)
	if have > 0 {
		k := copy(d.x[have:], p)
		if have+k < BlockSize256 {
			return n, nil
		}
		block256(d.tier, &d.h, d.x[:])
		p = p[k:]
	}
	if whole := len(p) &^ (BlockSize256 - 1); whole > 0 {
		block256(d.tier, &d.h, p[:whole])
		p = p[whole:]
	}
	copy(d.x[:], p)
	return n, nil
}

func (d *digest256) Sum(b []byte) []byte {
	d.check()
	var sum [Size256]byte
	finish256(d.tier, &sum, &d.h, d.x[:d.len%BlockSize256], d.len)
	return append(b, sum[:d.size]...)
}

func (d *digest256) Clone() (hash.Cloner, error) {
	d.check()
	c := *d
	return &c, nil
}

// The encoding of a digest is the standard library's: a magic, the intermediate
// hash value, the block in progress followed by zeros, and the number of bytes
// written, all big-endian.
const (
	magic224     = "sha\x02"
	magic256     = "sha\x03"
	marshaled256 = len(magic256) + 8*4 + BlockSize256 + 8
)

func (d *digest256) magic() string {
	if d.size == Size224 {
		return magic224
	}
	return magic256
}

func (d *digest256) MarshalBinary() ([]byte, error) {
	return d.AppendBinary(make([]byte, 0, marshaled256))
}

func (d *digest256) AppendBinary(b []byte) ([]byte, error) {
	d.check()
	b = append(b, d.magic()...)
	for _, v := range d.h {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	var x [BlockSize256]byte
	copy(x[:], d.x[:d.len%BlockSize256])
	b = append(b, x[:]...)
	return binary.BigEndian.AppendUint64(b, d.len), nil
}

func (d *digest256) UnmarshalBinary(b []byte) error {
	d.check()
	if len(b) < len(magic256) || string(b[:len(magic256)]) != d.magic() {
		return errors.New("sha2: invalid hash state identifier")
	}
	if len(b) != marshaled256 {
		return errors.New("sha2: invalid hash state size")
	}
	b = b[len(magic256):]
	for i := range d.h {
		d.h[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	b = b[4*len(d.h):]
	d.len = binary.BigEndian.Uint64(b[copy(d.x[:], b):])
	return nil
}

// check panics for a nil digest and for one that no constructor made.
func (d *digest256) check() {
	if d == nil || d.tier == cpu.Invalid {
		panic(errNotMade)
	}
}
