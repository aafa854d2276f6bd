package hkdf

import (
	"hash"

	"github.com/sealane/sealane/sha2"
)

// A key512 is to the HMACs with SHA-384, SHA-512, SHA-512/224 and SHA-512/256
// what a key256 is to the others. It has no kernels of its own: what takes two
// blocks at once would have to be faster than sha2's kernels for one.
type key512 struct {
	inner [8]uint64 // after the block K XOR ipad
	outer [8]uint64 // after the block K XOR opad
	size  uint8     // of the hash function's results, and of the MACs

	// blocks, which only tests set, counts the compressions.
	blocks *int
}

// maxShort512 is the length of the longest message that is compressed in one
// block: a byte 0x80 and 16 bytes of length follow it (FIPS 180-4,
// Section 5.1.2).
const maxShort512 = sha2.BlockSize512 - 1 - 16

// init sets k to a key for a, which is wide.
func (k *key512) init(a *alg, key []byte) {
	k.size = uint8(a.size)
	var pad [sha2.BlockSize512]byte
	if len(key) > len(pad) {
		sum := k.finish(&a.iv512, key, uint64(len(key)))
		copy(pad[:], sum[:a.size])
	} else {
		copy(pad[:], key)
	}
	xorWords(pad[:], ipad)
	k.inner = a.iv512
	k.block(&k.inner, pad[:])
	xorWords(pad[:], ipad^opad)
	k.outer = a.iv512
	k.block(&k.outer, pad[:])
	clear(pad[:])
}

// mac sets *sum to the MAC of message; if the results are shorter, to a MAC that
// begins with it.
func (k *key512) mac(sum *[sha2.Size512]byte, message []byte) {
	inner := k.finish(&k.inner, message, sha2.BlockSize512+uint64(len(message)))
	*sum = k.close(&inner)
}

// once512 sets *sum to the MAC of message with key, which may be of any length.
// a is wide.
func once512(sum *[sha2.Size512]byte, a *alg, key, message []byte) {
	var k key512
	k.init(a, key)
	k.mac(sum, message)
}

// close returns the MAC of the message with the inner hash *sum.
func (k *key512) close(sum *[sha2.Size512]byte) [sha2.Size512]byte {
	return k.finish(&k.outer, sum[:k.size], sha2.BlockSize512+uint64(k.size))
}

// expand fills okm with HKDF-Expand(key, info). len(okm) <= 255*size.
func (k *key512) expand(okm []byte, info string) {
	var (
		r run512
		t [sha2.Size512]byte
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

// A run512 is to a key512 what a run256 is to a key256.
type run512 struct {
	h   [8]uint64
	len uint64 // bytes hashed, among them the block of the key
	n   int    // buf[:n] is the end of the message, not yet compressed
	buf [2 * sha2.BlockSize512]byte
}

// reset starts a MAC with the key k.
func (r *run512) reset(k *key512) {
	r.h = k.inner
	r.len = sha2.BlockSize512
	r.n = 0
}

// write adds p to the message.
func (r *run512) write(k *key512, p []byte) {
	r.len += uint64(len(p))
	if len(p) > len(r.buf)-r.n {
		// Fill up a block, then take whole blocks from where they are.
		if part := r.n % sha2.BlockSize512; part > 0 {
			fill := copy(r.buf[r.n:], p[:sha2.BlockSize512-part])
			r.n += fill
			p = p[fill:]
		}
		k.block(&r.h, r.buf[:r.n])
		whole := len(p) &^ (sha2.BlockSize512 - 1)
		k.block(&r.h, p[:whole])
		p = p[whole:]
		r.n = 0
	}
	r.n += copy(r.buf[r.n:], p)
}

// sum returns the MAC of what was written, as key512.mac does. More may be
// written afterwards.
func (r *run512) sum(k *key512) (sum [sha2.Size512]byte) {
	sum = k.finish(&r.h, r.buf[:r.n], r.len)
	return k.close(&sum)
}

// A digest512 is the hash.Hash that HMAC.New returns.
type digest512 struct {
	key key512
	run run512
}

func newDigest512(m *HMAC) *digest512 {
	d := &digest512{key: m.wide}
	d.Reset()
	return d
}

func (d *digest512) Size() int      { return int(d.key.size) }
func (d *digest512) BlockSize() int { return sha2.BlockSize512 }
func (d *digest512) Reset()         { d.run.reset(&d.key) }

func (d *digest512) Write(p []byte) (int, error) {
	d.run.write(&d.key, p)
	return len(p), nil
}

func (d *digest512) Sum(b []byte) []byte {
	sum := d.run.sum(&d.key)
	return append(b, sum[:d.key.size]...)
}

func (d *digest512) Clone() (hash.Cloner, error) {
	c := *d
	return &c, nil
}

// block is sha2.Block512.
func (k *key512) block(h *[8]uint64, p []byte) {
	k.count(len(p) / sha2.BlockSize512)
	sha2.Block512(h, p)
}

// finish is sha2.Finish512.
func (k *key512) finish(h *[8]uint64, tail []byte, n uint64) [sha2.Size512]byte {
	k.count(len(tail)/sha2.BlockSize512 + 1)
	if len(tail)%sha2.BlockSize512 > maxShort512 {
		k.count(1)
	}
	return sha2.Finish512(h, tail, n)
}

func (k *key512) count(blocks int) {
	if k.blocks != nil {
		*k.blocks += blocks
	}
}
