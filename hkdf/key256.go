package hkdf

import (
	"hash"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/sha2"
)

// A key256 is the key of an HMAC with SHA-224 or SHA-256, in the form of two
// intermediate hash values (RFC 2104, Section 4).
type key256 struct {
	inner [8]uint32 // after the block K XOR ipad
	outer [8]uint32 // after the block K XOR opad
	size  uint8     // of the hash function's results, and of the MACs
	tier  cpu.Tier  // of this package's kernels; Generic for sha2's functions

	// blocks, which only tests set, counts the compressions.
	blocks *int
}

// maxShort256 is the length of the longest message that is compressed in one
// block: a byte 0x80 and 8 bytes of length follow it (FIPS 180-4, Section 5.1.1).
const maxShort256 = sha2.BlockSize256 - 1 - 8

// init sets k to a key for a, which is not wide.
func (k *key256) init(a *alg, key []byte) {
	k.size, k.tier = uint8(a.size), a.tier
	if len(key) > sha2.BlockSize256 {
		sum := k.finish(&a.iv256, key, uint64(len(key)))
		k.pads(&a.iv256, sum[:a.size])
		clear(sum[:])
		return
	}
	k.pads(&a.iv256, key)
}

// padsGeneric sets k.inner and k.outer to the hash values that *iv becomes after
// the block K XOR ipad, and after K XOR opad, where K is key, of one block at
// most, followed by zeros.
func (k *key256) padsGeneric(iv *[8]uint32, key []byte) {
	var block [sha2.BlockSize256]byte
	copy(block[:], key)
	xorWords(block[:], ipad)
	k.inner = *iv
	k.block(&k.inner, block[:])
	xorWords(block[:], ipad^opad)
	k.outer = *iv
	k.block(&k.outer, block[:])
	clear(block[:])
}

// mac sets *sum to the MAC of message; SHA-224's is the start of it.
func (k *key256) mac(sum *[sha2.Size256]byte, message []byte) {
	if len(message) <= maxShort256 {
		k.short(sum, message)
		return
	}
	k.macGeneric(sum, message)
}

// macGeneric is mac without kernels of this package.
func (k *key256) macGeneric(sum *[sha2.Size256]byte, message []byte) {
	*sum = k.finish(&k.inner, message, sha2.BlockSize256+uint64(len(message)))
	*sum = k.close(sum)
}

// close returns the MAC of the message with the inner hash *sum.
func (k *key256) close(sum *[sha2.Size256]byte) [sha2.Size256]byte {
	return k.finish(&k.outer, sum[:k.size], sha2.BlockSize256+uint64(k.size))
}

// once256 sets *sum to the MAC of message with key, which may be of any length.
// a is not wide.
func once256(sum *[sha2.Size256]byte, a *alg, key, message []byte) {
	if a.tier != cpu.Generic && len(key) <= sha2.BlockSize256 && len(message) <= maxShort256 {
		once(a.tier, sum, &a.iv256, key, message)
		return
	}
	var k key256
	k.init(a, key)
	k.mac(sum, message)
}

// expand fills okm with HKDF-Expand(key, info). len(okm) <= 255*size.
func (k *key256) expand(okm []byte, info string) {
	var (
		r run256
		t [sha2.Size256]byte
	)
	for i := byte(1); len(okm) > 0; i++ {
		r.reset(k)
		if i > 1 {
			r.write(k, t[:k.size])
		}
		r.write(k, bytesOf(info))
		r.write(k, []byte{i})
		t = r.sum(k)
		okm = okm[copy(okm, t[:k.size]):]
	}
	clear(r.buf[:])
	clear(t[:])
}

// A run256 is a MAC in progress, of a message that comes in pieces. The key is
// passed to each method.
type run256 struct {
	h   [8]uint32
	len uint64 // bytes hashed, among them the block of the key
	n   int    // buf[:n] is the end of the message, not yet compressed
	buf [2 * sha2.BlockSize256]byte
}

// reset starts a MAC with the key k.
func (r *run256) reset(k *key256) {
	r.h = k.inner
	r.len = sha2.BlockSize256
	r.n = 0
}

// write adds p to the message.
func (r *run256) write(k *key256, p []byte) {
	r.len += uint64(len(p))
	if len(p) > len(r.buf)-r.n {
		// Fill up a block, then take whole blocks from where they are.
		if part := r.n % sha2.BlockSize256; part > 0 {
			fill := copy(r.buf[r.n:], p[:sha2.BlockSize256-part])
			r.n += fill
			p = p[fill:]
		}
		k.block(&r.h, r.buf[:r.n])
		whole := len(p) &^ (sha2.BlockSize256 - 1)
		k.block(&r.h, p[:whole])
		p = p[whole:]
		r.n = 0
	}
	r.n += copy(r.buf[r.n:], p)
}

// sum returns the MAC of what was written, as key256.mac does. More may be
// written afterwards.
func (r *run256) sum(k *key256) (sum [sha2.Size256]byte) {
	if r.len <= sha2.BlockSize256+maxShort256 {
		k.short(&sum, r.buf[:r.n])
		return sum
	}
	sum = k.finish(&r.h, r.buf[:r.n], r.len)
	return k.close(&sum)
}

// A digest256 is the hash.Hash that HMAC.New returns.
type digest256 struct {
	key key256
	run run256
}

func newDigest256(m *HMAC) *digest256 {
	d := &digest256{key: m.narrow}
	d.Reset()
	return d
}

func (d *digest256) Size() int      { return int(d.key.size) }
func (d *digest256) BlockSize() int { return sha2.BlockSize256 }
func (d *digest256) Reset()         { d.run.reset(&d.key) }

func (d *digest256) Write(p []byte) (int, error) {
	d.run.write(&d.key, p)
	return len(p), nil
}

func (d *digest256) Sum(b []byte) []byte {
	sum := d.run.sum(&d.key)
	return append(b, sum[:d.key.size]...)
}

func (d *digest256) Clone() (hash.Cloner, error) {
	c := *d
	return &c, nil
}

// block is sha2.Block256.
func (k *key256) block(h *[8]uint32, p []byte) {
	k.count(len(p) / sha2.BlockSize256)
	sha2.Block256(h, p)
}

// finish is sha2.Finish256.
func (k *key256) finish(h *[8]uint32, tail []byte, n uint64) [sha2.Size256]byte {
	k.count(len(tail)/sha2.BlockSize256 + 1)
	if len(tail)%sha2.BlockSize256 > maxShort256 {
		k.count(1)
	}
	return sha2.Finish256(h, tail, n)
}

func (k *key256) count(blocks int) {
	if k.blocks != nil {
		*k.blocks += blocks
	}
}
