package cryptotest

import (
	"bytes"
	"crypto/cipher"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

// AEAD holds the AEADs that newAEAD makes against the contract of
// [cipher.AEAD] and against those that newRef makes. Panics must carry a text
// that starts with name and a colon. keySizes are all valid key sizes.
//
// Beyond the interface's words it asks that a failing Open returns one and the
// same error whatever was wrong and leaves zeros where the plaintext would be,
// that nothing is written outside of the result, that Seal and Open do not
// allocate if dst has room (in tier generic: no more than the reference), and
// that an AEAD may be used by many goroutines.
//
// AEAD counts allocations, but not under the race detector: the test must not
// be parallel.
func AEAD(t *testing.T, name string, newAEAD, newRef func(key []byte) (cipher.AEAD, error), keySizes []int) {
	c := &aead{t, name, newAEAD, newRef, keySizes}
	for _, check := range aeadChecks {
		t.Run(check.name, func(t *testing.T) {
			c := *c
			c.TB = t
			if err := check.run(&c); err != nil {
				t.Error(err)
			}
		})
	}
}

// An aead is an implementation under test. Its checks return an error and do
// not fail the test, so that a test of theirs can see them fail.
type aead struct {
	testing.TB      // owns the guarded memory
	name            string
	newAEAD, newRef func(key []byte) (cipher.AEAD, error)
	keySizes        []int
}

var aeadChecks = []struct {
	name string
	run  func(*aead) error
}{
	{"keys", (*aead).keys},
	{"lengths", (*aead).lengths},
	{"ad", (*aead).ad},
	{"alignment", (*aead).alignment},
	{"append", (*aead).append},
	{"inplace", (*aead).inPlace},
	{"overlap", (*aead).overlap},
	{"nonce", (*aead).nonce},
	{"tamper", (*aead).tamper},
	{"allocs", (*aead).allocs},
	{"guard", (*aead).guard},
	{"concurrency", (*aead).concurrency},
}

// keys: constructors take the valid key sizes and no other, keep no reference
// to the key and leave it alone; sizes are the reference's.
func (c *aead) keys() error {
	r := newRand(1)
	for n := range 80 {
		valid := slices.Contains(c.keySizes, n)
		key := filled(r, n)
		a, err := c.newAEAD(key)
		if valid != (err == nil) {
			return fmt.Errorf("a key of %d bytes: error %v", n, err)
		}
		if !valid {
			continue
		}
		ref, err := c.newRef(key)
		if err != nil {
			return err
		}
		if a.NonceSize() != ref.NonceSize() || a.Overhead() != ref.Overhead() {
			return fmt.Errorf("NonceSize %d, Overhead %d; want %d, %d", a.NonceSize(), a.Overhead(), ref.NonceSize(), ref.Overhead())
		}
		nonce, text := filled(r, a.NonceSize()), filled(r, 100)
		want := ref.Seal(nil, nonce, text, nil)
		copyOfKey := bytes.Clone(key)
		if a, err = c.newAEAD(key); err != nil {
			return err
		}
		if !bytes.Equal(key, copyOfKey) {
			return fmt.Errorf("the constructor changes the key")
		}
		clear(key)
		if !bytes.Equal(a.Seal(nil, nonce, text, nil), want) {
			return fmt.Errorf("a key of %d bytes that is overwritten after use changes what Seal returns", n)
		}
	}
	return nil
}

// lengths: every length up to 600 and those around the powers of two where
// kernels change, under fresh keys, with additional data of 0 to 80 bytes.
func (c *aead) lengths() error {
	for _, size := range c.keySizes {
		r := newRand(uint64(size))
		for i, n := range messageLengths() {
			p, err := c.pair(r, size)
			if err != nil {
				return err
			}
			if err := p.roundTrip(r, n, i%81); err != nil {
				return err
			}
		}
	}
	return nil
}

// messageLengths returns all lengths up to 600 and some beyond. With -short,
// which is for emulated machines, it leaves out most from 300 to 600.
func messageLengths() []int {
	ns := shortLengths()
	ns = append(ns, 1350, 2047, 2048, 2049, 8192, 12345)
	for _, n := range []int{1024, 4096, 16384, 65536} {
		for _, d := range []int{-129, -65, -64, -33, -17, -16, -15, -2, -1, 0, 1, 2, 15, 16, 17, 31, 33, 64, 65, 129} {
			ns = append(ns, n+d)
		}
	}
	return append(ns, 2*65536-1, 2*65536, 2*65536+1, 2*65536+16, 3*65536+1000, 5*65536+77)
}

func shortLengths() []int {
	var ns []int
	for n := range 601 {
		if n <= 300 || n%7 == 1 || !testing.Short() {
			ns = append(ns, n)
		}
	}
	return ns
}

// ad: every length of additional data up to 80 and some long ones, with
// messages of every kind of length.
func (c *aead) ad() error {
	for _, size := range c.keySizes {
		r := newRand(uint64(100 + size))
		p, err := c.pair(r, size)
		if err != nil {
			return err
		}
		for n := range 81 {
			for _, text := range []int{0, 1, 15, 16, 17, 64, 100, 255, 256, 300, 1350} {
				if err := p.roundTrip(r, text, n); err != nil {
					return err
				}
			}
		}
		for _, n := range []int{127, 128, 129, 255, 256, 257, 511, 512, 513, 1000, 4096, 16384 + 1, 65535, 65536, 65537, 3*65536 + 5} {
			for _, text := range []int{0, 1, 16, 77, 1350, 65536 + 9} {
				if err := p.roundTrip(r, text, n); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// A pair is one key's AEAD and its reference.
type pair struct {
	*aead
	got, ref cipher.AEAD
	keySize  int
}

// pair returns a pair with a random key.
func (c *aead) pair(r *rand.Rand, keySize int) (pair, error) {
	key := filled(r, keySize)
	got, err := c.newAEAD(key)
	if err != nil {
		return pair{}, err
	}
	ref, err := c.newRef(key)
	return pair{c, got, ref, keySize}, err
}

// A message is the operands of one Seal and its right result.
type message struct{ nonce, text, ad, sealed []byte }

// message returns a random message.
func (p pair) message(r *rand.Rand, n, adLen int) message {
	m := message{nonce: filled(r, p.ref.NonceSize()), text: filled(r, n), ad: filled(r, adLen)}
	m.sealed = p.ref.Seal(nil, m.nonce, m.text, m.ad)
	return m
}

func (m message) clone() message {
	return message{bytes.Clone(m.nonce), bytes.Clone(m.text), bytes.Clone(m.ad), bytes.Clone(m.sealed)}
}

func (m message) equal(n message) bool {
	return bytes.Equal(m.nonce, n.nonce) && bytes.Equal(m.text, n.text) && bytes.Equal(m.ad, n.ad) && bytes.Equal(m.sealed, n.sealed)
}

// roundTrip seals and opens one random message and compares with the
// reference.
func (p pair) roundTrip(r *rand.Rand, n, adLen int) error {
	m := p.message(r, n, adLen)
	before := m.clone()
	sealed := p.got.Seal(nil, m.nonce, m.text, m.ad)
	if !m.equal(before) {
		return fmt.Errorf("%d bytes of text, %d of additional data: Seal changes an input", n, adLen)
	}
	if !bytes.Equal(sealed, m.sealed) {
		return fmt.Errorf("key of %d bytes, %d bytes of text, %d of additional data: Seal %s", p.keySize, n, adLen, diff(sealed, m.sealed))
	}
	text, err := p.got.Open(nil, m.nonce, m.sealed, m.ad)
	if err != nil {
		return fmt.Errorf("key of %d bytes, %d bytes of text, %d of additional data: Open: %v", p.keySize, n, adLen, err)
	}
	if !bytes.Equal(text, m.text) {
		return fmt.Errorf("key of %d bytes, %d bytes of text, %d of additional data: Open %s", p.keySize, n, adLen, diff(text, m.text))
	}
	if !m.equal(before) {
		return fmt.Errorf("%d bytes of text, %d of additional data: Open changes an input", n, adLen)
	}
	return nil
}

// diff tells where got and want differ first.
func diff(got, want []byte) string {
	if len(got) != len(want) {
		return fmt.Sprintf("returns %d bytes, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			to := min(i+16, len(got))
			return fmt.Sprintf("differs from byte %d on: %x, want %x", i, got[i:to], want[i:to])
		}
	}
	return "is right"
}

// alignment: operands at every offset from a 64-byte boundary.
func (c *aead) alignment() error {
	r := newRand(3)
	for _, size := range c.keySizes {
		p, err := c.pair(r, size)
		if err != nil {
			return err
		}
		for _, n := range []int{5, 16, 63, 256, 777, 2100} {
			m := p.message(r, n, 13)
			src, dst, ad, nonce := make([]byte, n+160), make([]byte, n+160), make([]byte, 160), make([]byte, 160)
			at := func(buf, b []byte, offset int) []byte {
				offset += align64(buf)
				return buf[offset : offset+copy(buf[offset:], b)]
			}
			for i := range 64 {
				out, err := p.got.Open(at(dst, nil, 63-i), at(nonce, m.nonce, i), at(src, m.sealed, i), at(ad, m.ad, i))
				if err != nil || !bytes.Equal(out, m.text) {
					return fmt.Errorf("%d bytes at offset %d: Open %s, %v", n, i, diff(out, m.text), err)
				}
				out = p.got.Seal(at(dst, nil, i*7%64), at(nonce, m.nonce, i), at(src, m.text, i), at(ad, m.ad, 63-i))
				if !bytes.Equal(out, m.sealed) {
					return fmt.Errorf("%d bytes at offset %d: Seal %s", n, i, diff(out, m.sealed))
				}
			}
		}
	}
	return nil
}

// append: the result follows what dst holds, with room in dst or without, and
// the rest of dst's array keeps its bytes.
func (c *aead) append() error {
	const before, behind = 0xa5, 0x5a
	r := newRand(4)
	for _, size := range c.keySizes {
		p, err := c.pair(r, size)
		if err != nil {
			return err
		}
		for _, n := range []int{0, 1, 16, 100, 256, 1350, 70000} {
			m := p.message(r, n, 13)
			for _, op := range []struct {
				name string
				want []byte
				call func(dst []byte) ([]byte, error)
			}{
				{"Seal", m.sealed, func(dst []byte) ([]byte, error) { return p.got.Seal(dst, m.nonce, m.text, m.ad), nil }},
				{"Open", m.text, func(dst []byte) ([]byte, error) { return p.got.Open(dst, m.nonce, m.sealed, m.ad) }},
			} {
				for _, prefix := range []int{0, 1, 5, 64} {
					for _, room := range []int{-len(op.want), -1, 0, 1, 99} {
						room += len(op.want)
						if room < 0 {
							continue
						}
						array := make([]byte, prefix+room+40)
						for i := range array {
							array[i] = behind
						}
						dst := array[: prefix : prefix+room]
						for i := range dst {
							dst[i] = before
						}
						out, err := op.call(dst)
						where := fmt.Sprintf("%s of %d bytes, %d bytes in dst, room for %d: ", op.name, n, prefix, room)
						switch {
						case err != nil:
							return fmt.Errorf("%s%v", where, err)
						case len(out) < prefix || !bytes.Equal(out[:prefix], bytes.Repeat([]byte{before}, prefix)):
							return fmt.Errorf("%sthe prefix is lost", where)
						case !bytes.Equal(out[prefix:], op.want):
							return fmt.Errorf("%sthe result %s", where, diff(out[prefix:], op.want))
						}
						written := prefix
						if room >= len(op.want) {
							written += len(op.want)
							if len(out) > 0 && &out[0] != &array[0] {
								return fmt.Errorf("%sthe result is not in dst", where)
							}
						}
						if rest := array[written:]; !bytes.Equal(rest, bytes.Repeat([]byte{behind}, len(rest))) {
							return fmt.Errorf("%swrites behind the result", where)
						}
					}
				}
			}
		}
	}
	return nil
}

// inPlace: the result may replace the input exactly, also behind a prefix.
func (c *aead) inPlace() error {
	for _, size := range c.keySizes {
		r := newRand(uint64(200 + size))
		p, err := c.pair(r, size)
		if err != nil {
			return err
		}
		for i, n := range messageLengths() {
			m := p.message(r, n, i%21)
			prefix := i % 3 * 5
			buf := make([]byte, prefix+n+p.ref.Overhead())
			copy(buf[prefix:], m.text)
			sealed := p.got.Seal(buf[:prefix], m.nonce, buf[prefix:prefix+n], m.ad)
			if !bytes.Equal(sealed[prefix:], m.sealed) {
				return fmt.Errorf("Seal of %d bytes in place %s", n, diff(sealed[prefix:], m.sealed))
			}
			text, err := p.got.Open(sealed[:prefix], m.nonce, sealed[prefix:], m.ad)
			if err != nil || !bytes.Equal(text[prefix:], m.text) {
				return fmt.Errorf("Open of %d bytes in place %s, %v", n, diff(text[prefix:], m.text), err)
			}
		}
	}
	return nil
}

// overlap: an output that overlaps its input (for Open, with the tag) other than exactly, or the
// additional data at all, panics before anything is written; neighbours don't.
func (c *aead) overlap() error {
	r := newRand(5)
	p, err := c.pair(r, c.keySizes[0])
	if err != nil {
		return err
	}
	tag := p.ref.Overhead()
	for _, n := range []int{1, 15, 16, 17, 100, 1000, 70000} {
		off := n + 64
		m := p.message(r, n, 0)
		for _, op := range []struct {
			name string
			in   []byte
			out  int // length of the output
			call func(dst, in, ad []byte) ([]byte, error)
		}{
			{"Seal", m.text, n + tag, func(dst, in, ad []byte) ([]byte, error) { return p.got.Seal(dst, m.nonce, in, ad), nil }},
			{"Open", m.sealed, n, func(dst, in, ad []byte) ([]byte, error) { return p.got.Open(dst, m.nonce, in, ad) }},
		} {
			for _, shift := range []int{-op.out - 1, -op.out, -op.out + 1, -16, -1, 1, 16, len(op.in) - 1, len(op.in), len(op.in) + 1} {
				buf := make([]byte, off+2*n+128)
				in := buf[off : off+copy(buf[off:], op.in)]
				before := bytes.Clone(buf)
				dst := buf[off+shift : off+shift]
				text := panicOf(func() { op.call(dst, in, nil) })
				where := fmt.Sprintf("%s of %d bytes to an output %d bytes from its input", op.name, n, shift)
				switch {
				case shift <= -op.out || shift >= len(op.in):
					if text != "" {
						return fmt.Errorf("%s: panic %q", where, text)
					}
				case shift != 0:
					if err := c.panicText(where, text); err != nil {
						return err
					}
					if !bytes.Equal(buf, before) {
						return fmt.Errorf("%s: wrote before it panicked", where)
					}
				}
			}
			buf := make([]byte, 2*n+64)
			for _, ad := range [][]byte{buf[:1], buf[op.out-1 : op.out], buf[:op.out]} {
				where := fmt.Sprintf("%s of %d bytes to an output that overlaps the additional data", op.name, n)
				if err := c.panicText(where, panicOf(func() { op.call(buf[:0], op.in, ad) })); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// panicText returns an error unless text is that of a panic of this package.
func (c *aead) panicText(where, text string) error {
	if text == "" {
		return fmt.Errorf("%s: no panic", where)
	}
	if !strings.HasPrefix(text, c.name+":") {
		return fmt.Errorf("%s: the panic %q does not start with %q", where, text, c.name+":")
	}
	return nil
}

// panicOf returns the text with which f panics, or "".
func panicOf(f func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}

// nonce: any other length than NonceSize panics.
func (c *aead) nonce() error {
	r := newRand(6)
	p, err := c.pair(r, c.keySizes[0])
	if err != nil {
		return err
	}
	m := p.message(r, 40, 0)
	for n := range 33 {
		if n == p.ref.NonceSize() {
			continue
		}
		nonce := make([]byte, n, 64)
		if err := c.panicText(fmt.Sprintf("Seal with a nonce of %d bytes", n), panicOf(func() { p.got.Seal(nil, nonce, m.text, nil) })); err != nil {
			return err
		}
		if err := c.panicText(fmt.Sprintf("Open with a nonce of %d bytes", n), panicOf(func() { p.got.Open(nil, nonce, m.sealed, nil) })); err != nil {
			return err
		}
	}
	return nil
}

// tamper: whatever is changed, Open returns one and the same error and no
// text, leaves zeros where the text would be, keeps what dst held and touches
// nothing behind.
func (c *aead) tamper() error {
	var first error
	r := newRand(7)
	for _, size := range c.keySizes {
		p, err := c.pair(r, size)
		if err != nil {
			return err
		}
		tag := p.ref.Overhead()
		fails := func(what string, m message) error {
			n := max(0, len(m.sealed)-tag)
			what = fmt.Sprintf("Open of %d bytes, %s", n, what)
			const prefix = 3
			for _, inPlace := range []bool{false, true} {
				array := bytes.Repeat([]byte{0xa5}, prefix+len(m.sealed)+32)
				in := bytes.Clone(m.sealed)
				if inPlace {
					in = array[prefix : prefix+copy(array[prefix:], m.sealed)]
				}
				want := bytes.Clone(array)
				if len(m.sealed) >= tag {
					clear(want[prefix : prefix+n])
				}
				out, err := p.got.Open(array[:prefix], m.nonce, in, m.ad)
				switch {
				case err == nil:
					return fmt.Errorf("%s: no error", what)
				case first != nil && err != first:
					return fmt.Errorf("%s: error %q, but %q elsewhere", what, err, first)
				case len(out) > 0:
					return fmt.Errorf("%s: returns %d bytes beside an error", what, len(out))
				case !bytes.Equal(array, want):
					return fmt.Errorf("%s: dst's array after the failure (in place: %v) %s", what, inPlace, diff(array, want))
				}
				first = err
			}
			return nil
		}
		for _, n := range []int{0, 1, 16, 40, 100, 256, 300, 1350, 16384, 70000} {
			m := p.message(r, n, 21)
			for _, part := range []struct {
				name string
				b    []byte
			}{{"tag", m.sealed[n:]}, {"ciphertext", m.sealed[:n]}, {"additional data", m.ad}, {"nonce", m.nonce}} {
				for i := 0; i < len(part.b); i += 1 + len(part.b)/100 {
					mask := byte(1) << r.IntN(8)
					part.b[i] ^= mask
					err := fails(fmt.Sprintf("byte %d of the %s changed", i, part.name), m)
					part.b[i] ^= mask
					if err != nil {
						return err
					}
				}
			}
			for _, cut := range []int{1, tag - 1, tag, len(m.sealed)} {
				if cut > len(m.sealed) {
					continue
				}
				short := m
				short.sealed = m.sealed[:len(m.sealed)-cut]
				if err := fails(fmt.Sprintf("%d bytes cut off", cut), short); err != nil {
					return err
				}
			}
			long := m
			long.sealed = append(bytes.Clone(m.sealed), 0)
			if err := fails("a byte appended", long); err != nil {
				return err
			}
			long = m
			long.ad = append(bytes.Clone(m.ad), 0)
			if err := fails("a byte appended to the additional data", long); err != nil {
				return err
			}
			if text, err := p.got.Open(nil, m.nonce, m.sealed, m.ad); err != nil || !bytes.Equal(text, m.text) {
				return fmt.Errorf("Open of %d untampered bytes after failures: %v", n, err)
			}
		}
	}
	return nil
}

// allocs: Seal and Open, right or wrong, allocate nothing if dst has room. Tier
// generic may allocate what the reference does, whose code it runs.
func (c *aead) allocs() error {
	if raceEnabled {
		return nil
	}
	r := newRand(8)
	for _, size := range c.keySizes {
		p, err := c.pair(r, size)
		if err != nil {
			return err
		}
		t, ok := p.got.(interface{ Tier() string })
		generic := ok && t.Tier() == "generic"
		for _, n := range []int{0, 1, 16, 64, 256, 1350, 16384, 70000} {
			m := p.message(r, n, 13)
			dst := make([]byte, 0, n+p.ref.Overhead())
			bad := bytes.Clone(m.sealed)
			bad[0]++
			for _, op := range []struct {
				name string
				call func(cipher.AEAD)
			}{
				{"Seal", func(a cipher.AEAD) { a.Seal(dst, m.nonce, m.text, m.ad) }},
				{"Open", func(a cipher.AEAD) { a.Open(dst, m.nonce, m.sealed, m.ad) }},
				{"a failing Open", func(a cipher.AEAD) { a.Open(dst, m.nonce, bad, m.ad) }},
			} {
				want := 0.0
				if generic {
					want = testing.AllocsPerRun(10, func() { op.call(p.ref) })
				}
				if a := testing.AllocsPerRun(10, func() { op.call(p.got) }); a > want {
					return fmt.Errorf("%s of %d bytes allocates %v times", op.name, n, a)
				}
			}
		}
	}
	return nil
}

// guard: no operand is read or written beyond its ends.
func (c *aead) guard() error {
	const most = 66000
	src, dst := NewGuard(c, most+64), NewGuard(c, most+64)
	ad, nonce, key := NewGuard(c, 4096), NewGuard(c, 64), NewGuard(c, 64)
	lengths := append(shortLengths(), 1023, 1024, 1025, 1350, 2047, 4095, 4097, 16383, 16384, 16385, 65535, 65536, 65537)
	for _, size := range c.keySizes {
		r := newRand(uint64(300 + size))
		for _, side := range []struct {
			name string
			at   func(*Guard, int) []byte
		}{{"ends before", (*Guard).End}, {"starts behind", (*Guard).Start}} {
			put := func(g *Guard, b []byte) []byte {
				at := side.at(g, len(b))
				copy(at, b)
				return at
			}
			k := filled(r, size)
			var got cipher.AEAD
			var err error
			if fault := Fault(func() { got, err = c.newAEAD(put(key, k)) }); fault != nil {
				return fmt.Errorf("a key that %s an inaccessible page: %v", side.name, fault)
			} else if err != nil {
				return err
			}
			ref, err := c.newRef(k)
			if err != nil {
				return err
			}
			p := pair{c, got, ref, size}
			for i, n := range lengths {
				m := p.message(r, n, i%81)
				nonce, ad := put(nonce, m.nonce), put(ad, m.ad)
				where := fmt.Sprintf("%d bytes of text, %d of additional data, each of which %s an inaccessible page", n, len(m.ad), side.name)

				var out []byte
				text, room := put(src, m.text), side.at(dst, len(m.sealed))
				if fault := Fault(func() { out = got.Seal(room[:0], nonce, text, ad) }); fault != nil {
					return fmt.Errorf("Seal, %s: %v", where, fault)
				} else if !bytes.Equal(out, m.sealed) {
					return fmt.Errorf("Seal, %s: the result %s", where, diff(out, m.sealed))
				}
				sealed, room := put(src, m.sealed), side.at(dst, n)
				if fault := Fault(func() { out, err = got.Open(room[:0], nonce, sealed, ad) }); fault != nil {
					return fmt.Errorf("Open, %s: %v", where, fault)
				} else if err != nil || !bytes.Equal(out, m.text) {
					return fmt.Errorf("Open, %s: the result %s, %v", where, diff(out, m.text), err)
				}
				sealed[len(sealed)-1] ^= 1
				if fault := Fault(func() { _, err = got.Open(room[:0], nonce, sealed, ad) }); fault != nil {
					return fmt.Errorf("a failing Open, %s: %v", where, fault)
				} else if err == nil {
					return fmt.Errorf("Open of a tampered message, %s: no error", where)
				}
			}
		}
	}
	return nil
}

// concurrency: one AEAD serves many goroutines at once.
func (c *aead) concurrency() error {
	r := newRand(9)
	for _, size := range c.keySizes {
		p, err := c.pair(r, size)
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for g := range uint64(8) {
			wg.Go(func() {
				r := newRand(10 + g)
				for i := range 100 {
					if err := p.roundTrip(r, i*13, i%30); err != nil {
						errs <- err
						return
					}
				}
			})
		}
		wg.Wait()
		close(errs)
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// align64 returns the offset of the first 64-byte boundary in b.
func align64(b []byte) int { return int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63) }
