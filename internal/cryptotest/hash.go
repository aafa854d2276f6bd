package cryptotest

import (
	"bytes"
	"encoding"
	"fmt"
	"hash"
	"math/rand/v2"
	"testing"
)

// Hash holds the hashes that newHash makes against the contract of [hash.Hash]
// and against those that newRef makes. Where the reference is a [hash.Cloner]
// or marshals its state, so must the hash, and the encodings must be the same.
//
// Hash counts allocations, but not under the race detector: the test must not
// be parallel.
func Hash(t *testing.T, newHash, newRef func() hash.Hash) {
	c := &hashContract{t, newHash, newRef}
	for _, check := range hashChecks {
		t.Run(check.name, func(t *testing.T) {
			c := *c
			c.TB = t
			if err := check.run(&c); err != nil {
				t.Error(err)
			}
		})
	}
}

// A hashContract is an implementation under test. Its checks return an error
// and do not fail the test, so that a test of theirs can see them fail.
type hashContract struct {
	testing.TB      // owns the guarded memory
	newHash, newRef func() hash.Hash
}

var hashChecks = []struct {
	name string
	run  func(*hashContract) error
}{
	{"lengths", (*hashContract).lengths},
	{"splits", (*hashContract).splits},
	{"alignment", (*hashContract).alignment},
	{"sum", (*hashContract).sum},
	{"reset", (*hashContract).reset},
	{"clone", (*hashContract).clone},
	{"marshal", (*hashContract).marshal},
	{"badstate", (*hashContract).badState},
	{"allocs", (*hashContract).allocs},
	{"guard", (*hashContract).guard},
}

// digest returns what h holds for p.
func digest(h hash.Hash, p []byte) []byte {
	h.Write(p)
	return h.Sum(nil)
}

// lengths: sizes are the reference's; every length up to 600 and those around
// powers of two, in one Write, which returns the length and leaves p alone.
func (c *hashContract) lengths() error {
	h, ref := c.newHash(), c.newRef()
	if h.Size() != ref.Size() || h.BlockSize() != ref.BlockSize() {
		return fmt.Errorf("Size %d, BlockSize %d; want %d, %d", h.Size(), h.BlockSize(), ref.Size(), ref.BlockSize())
	}
	r := newRand(20)
	for _, n := range messageLengths() {
		p := filled(r, n)
		before, want := bytes.Clone(p), digest(c.newRef(), p)
		h := c.newHash()
		if k, err := h.Write(p); k != n || err != nil {
			return fmt.Errorf("Write of %d bytes returns %d, %v", n, k, err)
		}
		if got := h.Sum(nil); !bytes.Equal(got, want) {
			return fmt.Errorf("%d bytes: Sum %s", n, diff(got, want))
		}
		if !bytes.Equal(p, before) {
			return fmt.Errorf("Write of %d bytes changes them", n)
		}
	}
	return nil
}

// splits: a message in two parts, cut at every byte, in many parts, and byte
// by byte.
func (c *hashContract) splits() error {
	r := newRand(21)
	block := c.newRef().BlockSize()
	for _, n := range []int{block - 1, block, block + 1, 3*block + 7, 8*block + 1} {
		p := filled(r, n)
		want := digest(c.newRef(), p)
		for i := range n + 1 {
			h := c.newHash()
			h.Write(p[:i])
			if got := digest(h, p[i:]); !bytes.Equal(got, want) {
				return fmt.Errorf("%d bytes cut at %d: Sum %s", n, i, diff(got, want))
			}
		}
		h := c.newHash()
		for _, b := range p {
			h.Write([]byte{b})
			h.Write(nil)
		}
		if got := h.Sum(nil); !bytes.Equal(got, want) {
			return fmt.Errorf("%d bytes one by one: Sum %s", n, diff(got, want))
		}
	}
	for range 100 {
		p := filled(r, r.IntN(40*block))
		h := c.newHash()
		if cuts := writeParts(r, h, p); !bytes.Equal(h.Sum(nil), digest(c.newRef(), p)) {
			return fmt.Errorf("%d bytes in parts that end at %v: Sum differs", len(p), cuts)
		}
	}
	return nil
}

// writeParts writes p in random parts and returns where they end.
func writeParts(r *rand.Rand, h hash.Hash, p []byte) []int {
	var cuts []int
	for at := 0; at < len(p); {
		n := min(len(p)-at, r.IntN(1+5*h.BlockSize()))
		h.Write(p[at : at+n])
		at += n
		cuts = append(cuts, at)
	}
	return cuts
}

// alignment: messages at every offset from a 64-byte boundary, with and
// without bytes in the buffer.
func (c *hashContract) alignment() error {
	r := newRand(22)
	buf := filled(r, 2000)
	for offset := range 64 {
		for _, n := range []int{1, 64, 200, 1024, 1500} {
			p := buf[align64(buf)+offset:][:n]
			for _, first := range []int{0, 1, 9} {
				h := c.newHash()
				h.Write(buf[:first])
				ref := c.newRef()
				ref.Write(buf[:first])
				if got, want := digest(h, p), digest(ref, p); !bytes.Equal(got, want) {
					return fmt.Errorf("%d bytes at offset %d, after %d: Sum %s", n, offset, first, diff(got, want))
				}
			}
		}
	}
	return nil
}

// sum: Sum appends, with room or without, writes nothing behind its result
// and does not disturb the hash.
func (c *hashContract) sum() error {
	r := newRand(23)
	size, block := c.newRef().Size(), c.newRef().BlockSize()
	h, ref := c.newHash(), c.newRef()
	for i := range 3 * block {
		want := ref.Sum(nil)
		for _, prefix := range []int{0, 1, 5} {
			for _, room := range []int{0, size - 1, size, size + 9} {
				array := bytes.Repeat([]byte{0xa5}, prefix+room+8)
				out := h.Sum(array[: prefix : prefix+room])
				if len(out) != prefix+size || !bytes.Equal(out[prefix:], want) {
					return fmt.Errorf("Sum after %d bytes, %d bytes in dst, room for %d: wrong", i, prefix, room)
				}
				if room >= size {
					if &out[0] != &array[0] {
						return fmt.Errorf("Sum with room does not use it")
					}
					clear(array[prefix : prefix+size])
					for j := range size {
						array[prefix+j] = 0xa5
					}
				}
				if !bytes.Equal(array, bytes.Repeat([]byte{0xa5}, len(array))) {
					return fmt.Errorf("Sum with %d bytes in dst, room for %d: writes elsewhere than behind them", prefix, room)
				}
			}
		}
		p := filled(r, 1)
		h.Write(p)
		ref.Write(p)
	}
	return nil
}

// reset: Reset brings back the state of a new hash.
func (c *hashContract) reset() error {
	r := newRand(24)
	h := c.newHash()
	for _, n := range []int{0, 1, 63, 64, 65, 127, 128, 129, 1000} {
		h.Write(filled(r, n))
		h.Reset()
		p := filled(r, 2*n)
		if got, want := digest(h, p), digest(c.newRef(), p); !bytes.Equal(got, want) {
			return fmt.Errorf("Sum of %d bytes after a Reset %s", 2*n, diff(got, want))
		}
	}
	return nil
}

// clone: a clone goes on by itself.
func (c *hashContract) clone() error {
	if _, ok := c.newRef().(hash.Cloner); !ok {
		return nil
	}
	r := newRand(25)
	h, ref := c.newHash(), c.newRef()
	for i := range 3 * h.BlockSize() {
		cloner, ok := h.(hash.Cloner)
		if !ok {
			return fmt.Errorf("%T is no hash.Cloner", h)
		}
		twin, err := cloner.Clone()
		if err != nil {
			return fmt.Errorf("Clone: %v", err)
		}
		twin.Write(filled(r, 1+r.IntN(300)))
		if got, want := h.Sum(nil), ref.Sum(nil); !bytes.Equal(got, want) {
			return fmt.Errorf("after %d bytes: writing to a clone changes the hash", i)
		}
		if twin, err = cloner.Clone(); err != nil {
			return fmt.Errorf("Clone: %v", err)
		}
		p := filled(r, 1)
		h.Write(p)
		h.Write(p)
		if got, want := twin.Sum(nil), ref.Sum(nil); !bytes.Equal(got, want) {
			return fmt.Errorf("after %d bytes: writing to the hash changes a clone", i)
		}
		h = twin
		h.Write(p)
		ref.Write(p)
		if got, want := h.Sum(nil), ref.Sum(nil); !bytes.Equal(got, want) {
			return fmt.Errorf("after %d bytes: a clone goes on otherwise", i)
		}
	}
	return nil
}

// marshals is what the standard library's hashes can do.
type marshals interface {
	encoding.BinaryMarshaler
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// marshal: the encoded state is the reference's after every length, and either
// goes on from the other's.
func (c *hashContract) marshal() error {
	if _, ok := c.newRef().(marshals); !ok {
		return nil
	}
	if _, ok := c.newHash().(marshals); !ok {
		return fmt.Errorf("%T does not marshal", c.newHash())
	}
	r := newRand(26)
	h, ref := c.newHash(), c.newRef()
	for i := range 5 * h.BlockSize() {
		got, err := h.(marshals).MarshalBinary()
		if err != nil {
			return fmt.Errorf("MarshalBinary: %v", err)
		}
		want, err := ref.(marshals).MarshalBinary()
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("after %d bytes: MarshalBinary %s", i, diff(got, want))
		}
		if got, err = h.(marshals).AppendBinary([]byte("abc")); err != nil || !bytes.Equal(got, append([]byte("abc"), want...)) {
			return fmt.Errorf("after %d bytes: AppendBinary: wrong, %v", i, err)
		}
		tail := filled(r, r.IntN(3*h.BlockSize()))
		there, back := c.newHash(), c.newRef()
		there.Write(tail[:len(tail)/2])
		if err := there.(marshals).UnmarshalBinary(want); err != nil {
			return fmt.Errorf("UnmarshalBinary of the reference's state after %d bytes: %v", i, err)
		}
		if err := back.(marshals).UnmarshalBinary(got[3:]); err != nil {
			return fmt.Errorf("the reference's UnmarshalBinary after %d bytes: %v", i, err)
		}
		if got, want := digest(there, tail), digest(back, tail); !bytes.Equal(got, want) {
			return fmt.Errorf("%d bytes after the reference's state of %d: Sum %s", len(tail), i, diff(got, want))
		}
		p := filled(r, 1)
		h.Write(p)
		ref.Write(p)
	}
	return nil
}

// badState: UnmarshalBinary refuses what the reference refuses, and takes any
// other bytes without a panic and to the same end.
func (c *hashContract) badState() error {
	ref, ok := c.newRef().(marshals)
	if !ok {
		return nil
	}
	if _, ok := c.newHash().(marshals); !ok {
		return fmt.Errorf("%T does not marshal", c.newHash())
	}
	state, err := ref.MarshalBinary()
	if err != nil {
		return err
	}
	r := newRand(27)
	states := [][]byte{nil, {}, state[:3], state[:4], state[:len(state)-1], append(bytes.Clone(state), 0)}
	for i := range state {
		bad := bytes.Clone(state)
		bad[i] ^= byte(1 + r.IntN(255))
		states = append(states, bad)
	}
	for range 100 {
		bad := bytes.Clone(state)
		Fill(r, bad[4:])
		states = append(states, bad)
	}
	for _, s := range states {
		h, ref := c.newHash(), c.newRef()
		var err error
		if text := panicOf(func() { err = h.(marshals).UnmarshalBinary(s) }); text != "" {
			return fmt.Errorf("UnmarshalBinary(%x) panics: %s", s, text)
		}
		want := ref.(marshals).UnmarshalBinary(s)
		if (err == nil) != (want == nil) {
			return fmt.Errorf("UnmarshalBinary(%x): %v, want %v", s, err, want)
		}
		p := filled(r, 300)
		var got []byte
		if text := panicOf(func() { got = digest(h, p) }); text != "" {
			return fmt.Errorf("after UnmarshalBinary(%x): panic %s", s, text)
		}
		if want := digest(ref, p); err == nil && !bytes.Equal(got, want) {
			return fmt.Errorf("after UnmarshalBinary(%x): Sum %s", s, diff(got, want))
		}
	}
	return nil
}

// allocs: Write, Sum into room and Reset allocate nothing.
func (c *hashContract) allocs() error {
	if raceEnabled {
		return nil
	}
	h := c.newHash()
	dst := make([]byte, 0, h.Size())
	for _, n := range []int{0, 1, 64, 1000, 70000} {
		p := make([]byte, n)
		if a := testing.AllocsPerRun(10, func() {
			h.Reset()
			h.Write(p)
			h.Sum(dst)
		}); a != 0 {
			return fmt.Errorf("Reset, Write of %d bytes and Sum allocate %v times", n, a)
		}
	}
	return nil
}

// guard: neither message nor result is touched beyond its ends.
func (c *hashContract) guard() error {
	r := newRand(28)
	src, dst := NewGuard(c, 70000), NewGuard(c, 64)
	size := c.newRef().Size()
	for _, side := range []struct {
		name string
		at   func(*Guard, int) []byte
	}{{"ends before", (*Guard).End}, {"starts behind", (*Guard).Start}} {
		for _, n := range messageLengths() {
			if n > 65536+200 {
				continue
			}
			p := side.at(src, n)
			Fill(r, p)
			first := filled(r, n%3*5)
			h, ref := c.newHash(), c.newRef()
			h.Write(first)
			ref.Write(first)
			var got []byte
			if fault := Fault(func() {
				h.Write(p)
				got = h.Sum(side.at(dst, size)[:0])
			}); fault != nil {
				return fmt.Errorf("%d bytes, which %s an inaccessible page: %v", n, side.name, fault)
			}
			if want := digest(ref, p); !bytes.Equal(got, want) {
				return fmt.Errorf("%d bytes, which %s an inaccessible page: Sum %s", n, side.name, diff(got, want))
			}
		}
	}
	return nil
}
