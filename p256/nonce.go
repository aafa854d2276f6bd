package p256

import (
	"crypto"
	"crypto/fips140"
	"crypto/hmac"
	"hash"
	"sync"

	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/sha2"
)

// A drbg yields candidates for the nonce of one signature: HMAC_DRBG with
// HMAC-SHA-256 as RFC 6979, Section 3.2 uses it.
type drbg struct {
	key  hkdf.HMAC // keyed with K
	v    [sha2.Size256]byte
	used bool // next was called
}

// init performs steps b to g of RFC 6979, Section 3.2. x is the private key, h
// the digest as a number mod n. z holds random bytes that are mixed in as
// draft-irtf-cfrg-det-sigs-with-noise says, Section 4:
//
//	K = HMAC_K(V || 0x00 || z || 0... || int2octets(x) || 0... || int2octets(h))
//
// where zeros fill up blocks of the hash function, so that x, and h, start one. If
// z is nil, there are no zeros and the nonce is that of RFC 6979.
//
// With z it takes 18 compressions: 5 for each of the two MACs of 224 bytes, 2 for
// each of the two of V, 2 for each of the two keys (zeroKey's are computed once).
// next takes 2 more.
func (d *drbg) init(z *[32]byte, x, h *[4]uint64) {
	// The message of step d, and with another separator of step f.
	const (
		separator = sha2.Size256
		block     = sha2.BlockSize256
	)
	var buf [3*block + 32]byte
	message := buf[:separator+1]
	for i := range message[:separator] {
		message[i] = 1 // step b
	}
	if z != nil {
		copy(buf[separator+1:], z[:])
		putBytes(buf[2*block:], x)
		putBytes(buf[3*block:], h)
		message = buf[:]
	} else {
		putBytes(buf[separator+1:], x)
		putBytes(buf[separator+1+32:], h)
		message = buf[:separator+1+64]
	}

	var k [sha2.Size256]byte
	zero := zeroKey()
	zero.AppendMAC(k[:0], message) // steps c, d
	d.key.InitLike(zero, k[:])
	d.key.AppendMAC(message[:0], message[:separator]) // step e
	message[separator] = 1
	d.key.AppendMAC(k[:0], message) // step f
	d.key.Rekey(k[:])
	d.key.AppendMAC(d.v[:0], message[:separator]) // step g
	clear(k[:])
	clear(buf[:])
}

// zeroKey returns HMAC-SHA-256 with a key of zeros, the K of RFC 6979, Section
// 3.2, step c.
var zeroKey = sync.OnceValue(func() (m *hkdf.HMAC) {
	// Where FIPS 140-3 is enforced, there are no keys to sign with but those that
	// were made without enforcement.
	fips140.WithoutEnforcement(func() {
		var err error
		if m, err = hkdf.NewHMAC(sha2.New256, make([]byte, sha2.Size256)); err != nil {
			panic("p256: internal error: " + err.Error())
		}
	})
	return m
})

// next sets *nonce to the next candidate, any number below 2^256 (step h). The
// caller takes it if it is from 1 to n-1, and never reduces it: that would make
// small nonces likelier, which gives away the private key after some signatures.
func (d *drbg) next(nonce *[4]uint64) {
	if d.used {
		// The update of step h, 3.
		var message [sha2.Size256 + 1]byte
		copy(message[:], d.v[:])
		var k [sha2.Size256]byte
		d.key.AppendMAC(k[:0], message[:])
		d.key.Rekey(k[:])
		d.key.AppendMAC(d.v[:0], d.v[:])
	}
	d.used = true
	d.key.AppendMAC(d.v[:0], d.v[:])
	setBytes(nonce, d.v[:])
}

// clear overwrites what d holds.
func (d *drbg) clear() {
	d.key.Clear()
	clear(d.v[:])
}

// A genericDRBG works like a drbg, with any hash function.
type genericDRBG struct {
	hash func() hash.Hash
	k, v []byte
	used bool
}

// newGenericDRBG returns what drbg.init makes, with hash function h.
func newGenericDRBG(h crypto.Hash, z *[32]byte, x, e *[4]uint64) *genericDRBG {
	d := &genericDRBG{hash: h.New, k: make([]byte, h.Size()), v: make([]byte, h.Size())}
	for i := range d.v {
		d.v[i] = 1
	}
	var xBytes, eBytes [32]byte
	putBytes(xBytes[:], x)
	putBytes(eBytes[:], e)
	for separator := range byte(2) {
		// With room for three blocks of the hash function and a number.
		message := append(make([]byte, 0, 3*h.New().BlockSize()+32), d.v...)
		message = append(message, separator)
		if z != nil {
			message = d.pad(append(message, z[:]...))
			message = d.pad(append(message, xBytes[:]...))
			message = append(message, eBytes[:]...)
		} else {
			message = append(message, xBytes[:]...)
			message = append(message, eBytes[:]...)
		}
		d.k = d.mac(message)
		d.v = d.mac(d.v)
		clear(message)
	}
	clear(xBytes[:])
	return d
}

// pad appends zeros up to the end of a block.
func (d *genericDRBG) pad(message []byte) []byte {
	block := d.hash().BlockSize()
	return append(message, make([]byte, (block-len(message)%block)%block)...)
}

// mac returns HMAC_K(message).
func (d *genericDRBG) mac(message []byte) []byte {
	m := hmac.New(d.hash, d.k)
	m.Write(message)
	return m.Sum(nil)
}

// next works like drbg.next. Of a digest that is longer than 32 bytes the
// leftmost are taken; shorter ones are put together.
func (d *genericDRBG) next(nonce *[4]uint64) {
	if d.used {
		d.k = d.mac(append(append([]byte(nil), d.v...), 0))
		d.v = d.mac(d.v)
	}
	d.used = true
	var t []byte
	for len(t) < 32 {
		d.v = d.mac(d.v)
		t = append(t, d.v...)
	}
	setBytes(nonce, t)
	clear(t)
}

// clear overwrites what d holds, as far as it can reach it.
func (d *genericDRBG) clear() {
	clear(d.k)
	clear(d.v)
}
