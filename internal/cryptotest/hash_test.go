package cryptotest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"testing"
)

// A toyHash is the standard library's SHA-256 with one fault at most.
type toyHash struct {
	hash.Hash
	fault string
	n     int // bytes written
}

func newToyHash(fault string) func() hash.Hash {
	return func() hash.Hash { return &toyHash{Hash: sha256.New(), fault: fault} }
}

func (h *toyHash) Write(p []byte) (int, error) {
	switch {
	case h.fault == "reads behind the message":
		sink += read(p, len(p))
	case h.fault == "reads before the message":
		sink += read(p, -1)
	case h.fault == "is wrong at 477 bytes" && len(p) == 477:
		h.Hash.Write([]byte{0})
	case h.fault == "is wrong across a block" && h.n%64 == 63 && len(p) > 1:
		h.Hash.Write([]byte{0})
	case h.fault == "is wrong when misaligned" && align64(p) == 64-33 && len(p) > 1:
		h.Hash.Write([]byte{0})
	case h.fault == "allocates":
		p = append([]byte{}, p...)
	case h.fault == "counts wrongly":
		h.Hash.Write(p)
		return 0, nil
	}
	h.n += len(p)
	h.Hash.Write(p)
	if h.fault == "changes the message" && len(p) > 0 {
		p[0]++
	}
	return len(p), nil
}

func (h *toyHash) Sum(b []byte) []byte {
	switch h.fault {
	case "pads in place":
		defer h.Hash.Write([]byte{0x80})
	case "forgets the prefix":
		b = b[:0]
	case "writes behind the sum":
		if cap(b) > len(b)+32 {
			b[:len(b)+33][len(b)+32] = 0
		}
	}
	return h.Hash.Sum(b)
}

func (h *toyHash) Reset() {
	h.n = 0
	if h.fault != "is not reset" {
		h.Hash.Reset()
	}
}

func (h *toyHash) Clone() (hash.Cloner, error) {
	if h.fault == "is its own clone" {
		return h, nil
	}
	twin, err := h.Hash.(hash.Cloner).Clone()
	return &toyHash{twin, h.fault, h.n}, err
}

func (h *toyHash) MarshalBinary() ([]byte, error) { return h.AppendBinary(nil) }

func (h *toyHash) AppendBinary(b []byte) ([]byte, error) {
	n := len(b)
	b, err := h.Hash.(marshals).AppendBinary(b)
	if h.fault == "marshals its buffer" {
		b[n+4+32+63] = 1
	}
	return b, err
}

func (h *toyHash) UnmarshalBinary(b []byte) error {
	switch {
	case h.fault == "takes any magic" && len(b) > 3:
		b = append([]byte("sha\x03"), b[4:]...)
	case h.fault == "trusts the length" && len(b) < 50:
		panic("index out of range")
	case h.fault == "refuses a state":
		return errors.New("no")
	}
	return h.Hash.(marshals).UnmarshalBinary(b)
}

func TestHashFindsFaults(t *testing.T) {
	for _, c := range []struct{ fault, check, text string }{
		{"is wrong at 477 bytes", "lengths", "477 bytes: Sum differs"},
		{"counts wrongly", "lengths", "Write of 1 bytes returns 0"},
		{"changes the message", "lengths", "changes them"},
		{"is wrong across a block", "splits", "cut at 63"},
		{"is wrong when misaligned", "alignment", "at offset 33"},
		{"pads in place", "sum", "wrong"},
		{"forgets the prefix", "sum", "wrong"},
		{"writes behind the sum", "sum", "writes elsewhere"},
		{"is not reset", "reset", "after a Reset"},
		{"is its own clone", "clone", "writing to a clone changes the hash"},
		{"marshals its buffer", "marshal", "MarshalBinary differs"},
		{"refuses a state", "marshal", "UnmarshalBinary of the reference's state"},
		{"takes any magic", "badstate", "want crypto/sha256: invalid hash state"},
		{"trusts the length", "badstate", "panics: index out of range"},
		{"allocates", "allocs", "allocate 1 times"},
		{"reads behind the message", "guard", "ends before an inaccessible page: memory fault"},
		{"reads before the message", "guard", "starts behind an inaccessible page: memory fault"},
	} {
		t.Run(c.fault+"/"+c.check, func(t *testing.T) {
			if c.check == "guard" && !guarded {
				t.Skip("no guard pages here")
			}
			if c.check == "allocs" && raceEnabled {
				t.Skip("no allocations counted under the race detector")
			}
			h := &hashContract{t, newToyHash(c.fault), sha256.New}
			for _, check := range hashChecks {
				if check.name == c.check {
					wantError(t, func() error { return check.run(h) }, c.text)
				}
			}
		})
	}

	// A hash that lacks what its reference has.
	h := &hashContract{t, func() hash.Hash { return struct{ hash.Hash }{sha256.New()} }, sha256.New}
	wantError(t, h.clone, "is no hash.Cloner")
	wantError(t, h.marshal, "does not marshal")
	h = &hashContract{t, sha512.New, sha256.New}
	wantError(t, h.lengths, "Size 64, BlockSize 128; want 32, 64")
}

func TestHashPasses(t *testing.T) {
	t.Run("sha256", func(t *testing.T) { Hash(t, newToyHash(""), sha256.New) })
	t.Run("sha512", func(t *testing.T) { Hash(t, sha512.New, sha512.New) })
	t.Run("hmac", func(t *testing.T) {
		mac := func() hash.Hash { return hmac.New(sha256.New, []byte("key")) }
		Hash(t, mac, mac)
	})
}
