package hkdf

import (
	"hash"

	"github.com/sealane/sealane/sha2"
)

// A key512 is to the HMACs with SHA-384, SHA-512, SHA-512/224 and SHA-512/256
// what a key256 is to the others.
type key512 struct {
	inner [8]uint64 // after the block K XOR ipad
	outer [8]uint64 // after the block K XOR opad

	// blocks, which only tests set, counts the compressions.
	blocks *int
}

// init sets k to a key for a, which is wide.
func (k *key512) init(a *alg, key []byte) {
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

// mac returns the MAC of message in the first size bytes of the result, where
// size is that of the hash function's results.
func (k *key512) mac(message []byte, size int) [sha2.Size512]byte {
	sum := k.finish(&k.inner, message, sha2.BlockSize512+uint64(len(message)))
	return k.close(&sum, size)
}

// close returns the MAC of the message whose inner hash is the first size bytes
// of *sum.
func (k *key512) close(sum *[sha2.Size512]byte, size int) [sha2.Size512]byte {
	return k.finish(&k.outer, sum[:size], uint64(sha2.BlockSize512+size))
}

// expand fills okm with HKDF-Expand(key, info), where size is that of the hash
// function's results. len(okm) <= 255*size.
func (k *key512) expand(okm []byte, size int, info string) {
	var (
		r run512
		t [sha2.Size512]byte
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
func (r *run512) sum(k *key512, size int) [sha2.Size512]byte {
	sum := k.finish(&r.h, r.buf[:r.n], r.len)
	return k.close(&sum, size)
}

// A digest512 is the hash.Hash that HMAC.New returns.
type digest512 struct {
	alg *alg
	key key512
	run run512
}

func newDigest512(m *HMAC) *digest512 {
	d := &digest512{alg: m.alg, key: m.wide}
	d.Reset()
	return d
}

func (d *digest512) Size() int      { return d.alg.size }
func (d *digest512) BlockSize() int { return sha2.BlockSize512 }
func (d *digest512) Reset()         { d.run.reset(&d.key) }

func (d *digest512) Write(p []byte) (int, error) {
	d.run.write(&d.key, p)
	return len(p), nil
}

func (d *digest512) Sum(b []byte) []byte {
	sum := d.run.sum(&d.key, d.alg.size)
	return append(b, sum[:d.alg.size]...)
}

func (d *digest512) Clone() (hash.Cloner, error) {
	c := *d
	return &c, nil
}

// block is sha2.Block512.
func (k *key512) block(h *[8]uint64, p []byte) {
	if k.blocks != nil {
		*k.blocks += len(p) / sha2.BlockSize512
	}
	sha2.Block512(h, p)
}

// finish is sha2.Finish512.
func (k *key512) finish(h *[8]uint64, tail []byte, n uint64) [sha2.Size512]byte {
	if k.blocks != nil {
		// A byte 0x80 and the length in 16 bytes follow the message
		// (FIPS 180-4, Section 5.1.2).
		*k.blocks += (len(tail) + 1 + 16 + sha2.BlockSize512 - 1) / sha2.BlockSize512
	}
	return sha2.Finish512(h, tail, n)
}
