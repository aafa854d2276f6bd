package hkdf

import (
	"hash"

	"github.com/sealane/sealane/sha2"
)

// A key256 is the key of an HMAC with SHA-224 or SHA-256, in the form of two
// intermediate hash values (RFC 2104, Section 4).
type key256 struct {
	inner [8]uint32 // after the block K XOR ipad
	outer [8]uint32 // after the block K XOR opad

	// blocks, which only tests set, counts the compressions.
	blocks *int
}

// init sets k to a key for a, which is not wide.
func (k *key256) init(a *alg, key []byte) {
	var pad [sha2.BlockSize256]byte
	if len(key) > len(pad) {
		sum := k.finish(&a.iv256, key, uint64(len(key)))
		copy(pad[:], sum[:a.size])
	} else {
		copy(pad[:], key)
	}
	xorWords(pad[:], ipad)
	k.inner = a.iv256
	k.block(&k.inner, pad[:])
	xorWords(pad[:], ipad^opad)
	k.outer = a.iv256
	k.block(&k.outer, pad[:])
	clear(pad[:])
}

// mac returns the MAC of message in the first size bytes of the result, where
// size is that of the hash function's results.
func (k *key256) mac(message []byte, size int) [sha2.Size256]byte {
	sum := k.finish(&k.inner, message, sha2.BlockSize256+uint64(len(message)))
	return k.close(&sum, size)
}

// close returns the MAC of the message whose inner hash is the first size bytes
// of *sum.
func (k *key256) close(sum *[sha2.Size256]byte, size int) [sha2.Size256]byte {
	return k.finish(&k.outer, sum[:size], uint64(sha2.BlockSize256+size))
}

// expand fills okm with HKDF-Expand(key, info), where size is that of the hash
// function's results. len(okm) <= 255*size.
func (k *key256) expand(okm []byte, size int, info string) {
	var (
		r run256
		t [sha2.Size256]byte
	)
	for i := byte(1); len(okm) > 0; i++ {
		r.reset(k)
		if i > 1 {
			r.write(k, t[:size])
		}
		r.write(k, bytesOf(info))
		r.write(k, []byte{i})
		t = r.sum(k, size)
		okm = okm[copy(okm, t[:size]):]
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
func (r *run256) sum(k *key256, size int) [sha2.Size256]byte {
	sum := k.finish(&r.h, r.buf[:r.n], r.len)
	return k.close(&sum, size)
}

// A digest256 is the hash.Hash that HMAC.New returns.
type digest256 struct {
	alg *alg
	key key256
	run run256
}

func newDigest256(m *HMAC) *digest256 {
	d := &digest256{alg: m.alg, key: m.narrow}
	d.Reset()
	return d
}

func (d *digest256) Size() int      { return d.alg.size }
func (d *digest256) BlockSize() int { return sha2.BlockSize256 }
func (d *digest256) Reset()         { d.run.reset(&d.key) }

func (d *digest256) Write(p []byte) (int, error) {
	d.run.write(&d.key, p)
	return len(p), nil
}

func (d *digest256) Sum(b []byte) []byte {
	sum := d.run.sum(&d.key, d.alg.size)
	return append(b, sum[:d.alg.size]...)
}

func (d *digest256) Clone() (hash.Cloner, error) {
	c := *d
	return &c, nil
}

// block is sha2.Block256.
func (k *key256) block(h *[8]uint32, p []byte) {
	if k.blocks != nil {
		*k.blocks += len(p) / sha2.BlockSize256
	}
	sha2.Block256(h, p)
}

// finish is sha2.Finish256.
func (k *key256) finish(h *[8]uint32, tail []byte, n uint64) [sha2.Size256]byte {
	if k.blocks != nil {
		// A byte 0x80 and the length in 8 bytes follow the message
		// (FIPS 180-4, Section 5.1.1).
		*k.blocks += (len(tail) + 1 + 8 + sha2.BlockSize256 - 1) / sha2.BlockSize256
	}
	return sha2.Finish256(h, tail, n)
}
