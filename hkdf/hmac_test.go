package hkdf

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha1"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/sealane/sealane/internal/cryptotest"
)

func newHMAC(t testing.TB, h func() hash.Hash, key []byte) *HMAC {
	t.Helper()
	m, err := NewHMAC(h, key)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Every length up to 300 of key and message, against crypto/hmac and crypto/hkdf.
func TestHMAC(t *testing.T) {
	for _, h := range shas {
		t.Run("alg="+h.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			rekeyed := newHMAC(t, h.ours, nil)
			for n := 0; n <= 300; n += step() {
				for _, key := range [][]byte{random(r, n), random(r, r.IntN(301))} {
					message := random(r, n)
					ref := hmac.New(h.std, key)
					ref.Write(message)
					want := ref.Sum(nil)

					rekeyed.Rekey(key)
					for _, m := range []*HMAC{newHMAC(t, h.ours, key), newHMAC(t, h.std, key), rekeyed} {
						if m.Size() != len(want) {
							t.Fatalf("Size is %d, want %d", m.Size(), len(want))
						}
						got := m.AppendMAC([]byte("prefix"), message)
						if string(got[:6]) != "prefix" || !bytes.Equal(got[6:], want) {
							t.Fatalf("HMAC(%x, %x) = %x, want %x", key, message, got, want)
						}
						if !m.Verify(message, want) {
							t.Fatalf("HMAC(%x, %x) not verified", key, message)
						}
					}
					// Two at once, one of them in the place of its message.
					other := random(r, r.IntN(2*n+1))
					ref.Reset()
					ref.Write(other)
					wantOther, b := ref.Sum(nil), append(bytes.Clone(other), make([]byte, len(want))...)
					mac0, mac1 := rekeyed.AppendMACs([]byte("prefix"), b[:0], message, b[:len(other)])
					if string(mac0[:6]) != "prefix" || !bytes.Equal(mac0[6:], want) || !bytes.Equal(mac1, wantOther) {
						t.Fatalf("HMACs(%x, %x, %x) = %x, %x, want %x, %x", key, message, other, mac0, mac1, want, wantOther)
					}
					// In the place of the message.
					b = append(bytes.Clone(message), make([]byte, len(want))...)
					if got := rekeyed.AppendMAC(b[:0], b[:n]); !bytes.Equal(got, want) {
						t.Fatalf("HMAC(%x, %x) in place = %x, want %x", key, message, got, want)
					}

					info, size := string(message), r.IntN(301)
					want, err := hkdf.Expand(h.std, key, info, size)
					if err != nil {
						t.Fatal(err)
					}
					for _, dst := range [][]byte{nil, []byte("prefix"), make([]byte, 6, 400)} {
						got, err := rekeyed.Expand(dst, info, size)
						if err != nil || !bytes.Equal(got[:len(dst)], dst) || !bytes.Equal(got[len(dst):], want) {
							t.Fatalf("Expand(%x, %x, %d) = %x, %v, want %x", key, info, size, got, err, want)
						}
					}
				}
			}
		})
	}
}

// Verify refuses a MAC with any bit wrong, a part of it, and more than it.
func TestVerify(t *testing.T) {
	for _, h := range shas {
		m := newHMAC(t, h.ours, []byte("key"))
		mac := m.AppendMAC(nil, []byte("message"))
		for bit := range 8 * len(mac) {
			mac[bit/8] ^= 1 << (bit % 8)
			if m.Verify([]byte("message"), mac) {
				t.Errorf("%s: verified with bit %d wrong", h.name, bit)
			}
			mac[bit/8] ^= 1 << (bit % 8)
		}
		for _, bad := range [][]byte{nil, mac[:len(mac)-1], append(bytes.Clone(mac), 0)} {
			if m.Verify([]byte("message"), bad) {
				t.Errorf("%s: verified with %d bytes", h.name, len(bad))
			}
		}
		if m.Verify([]byte("massage"), mac) {
			t.Errorf("%s: verified another message", h.name)
		}
	}
}

// New returns digests that meet hash.Hash's contract.
func TestNew(t *testing.T) {
	for _, h := range shas {
		t.Run("alg="+h.name, func(t *testing.T) {
			if race && !h.alg.kernel {
				t.Skip("sha2's fallback allocates under the race detector")
			}
			key := []byte("a key")
			m := newHMAC(t, h.ours, key)
			cryptotest.Hash(t, m.New, func() hash.Hash { return hmac.New(h.std, key) })
			d := m.New()
			m.Rekey(nil)
			d.Reset()
			if want := newHMAC(t, h.ours, key).AppendMAC(nil, nil); !bytes.Equal(d.Sum(nil), want) {
				t.Error("Rekey reaches a digest")
			}
		})
	}
}

func TestUse(t *testing.T) {
	methods := func(m *HMAC) map[string]func() {
		return map[string]func(){
			"Rekey":      func() { m.Rekey(nil) },
			"InitLike":   func() { m.InitLike(m, nil) },
			"Clear":      func() { m.Clear() },
			"Size":       func() { m.Size() },
			"Tier":       func() { m.Tier() },
			"AppendMAC":  func() { m.AppendMAC(nil, nil) },
			"AppendMACs": func() { m.AppendMACs(nil, nil, nil, nil) },
			"Verify":     func() { m.Verify(nil, nil) },
			"Expand":     func() { m.Expand(nil, "", 1) },
			"New":        func() { m.New() },
		}
	}
	for _, h := range shas {
		cleared := newHMAC(t, h.ours, []byte("key"))
		if cleared.Tier() != h.alg.tierName() {
			t.Errorf("%s: Tier is %s", h.name, cleared.Tier())
		}
		other := *cleared
		for _, from := range shas {
			// From each hash function to each.
			m := newHMAC(t, from.ours, []byte("another"))
			if m.InitLike(cleared, []byte("key")); *m != other {
				t.Errorf("%s: InitLike of %s differs", h.name, from.name)
			}
		}
		var made HMAC
		if made.InitLike(cleared, []byte("key")); made != other {
			t.Errorf("%s: InitLike of a zero HMAC differs", h.name)
		}
		mustPanic(t, "hkdf: HMAC not made by NewHMAC", func() { (*HMAC)(nil).InitLike(cleared, nil) })
		cleared.Clear()
		if *cleared != (HMAC{}) {
			t.Errorf("%s: Clear leaves %+v", h.name, cleared)
		}
		if !bytes.Equal(other.AppendMAC(nil, nil), newHMAC(t, h.std, []byte("key")).AppendMAC(nil, nil)) {
			t.Errorf("%s: Clear reaches a copy", h.name)
		}
		for _, m := range []*HMAC{nil, new(HMAC), cleared} {
			for _, f := range methods(m) {
				mustPanic(t, "hkdf: HMAC not made by NewHMAC", f)
			}
		}
		limit := 255 * h.alg.size
		if okm, err := other.Expand(nil, "", limit); err != nil || len(okm) != limit {
			t.Errorf("%s: Expand returns %d bytes, %v", h.name, len(okm), err)
		}
		if _, err := other.Expand(nil, "", limit+1); err == nil {
			t.Errorf("%s: Expand returns no error", h.name)
		}
		mustPanic(t, "hkdf: negative key length", func() { other.Expand(nil, "", -1) })
	}
	if m, err := NewHMAC(sha1.New, nil); m != nil || err == nil || !strings.HasPrefix(err.Error(), "hkdf: ") {
		t.Errorf("NewHMAC with SHA-1 returns %v, %v", m, err)
	}
}

// HMACs count what they compress, for the tests that ask: two blocks for a key,
// and two for a short message.
func TestBlocks(t *testing.T) {
	for _, h := range shas {
		m := newHMAC(t, h.ours, nil)
		n := 0
		m.narrow.blocks, m.wide.blocks = &n, &n
		block, padding := h.ours().BlockSize(), 9
		if h.alg.wide {
			padding = 17
		}
		for _, c := range []struct {
			what string
			want int
			f    func()
		}{
			{"a key", 2, func() { m.Rekey(make([]byte, block)) }},
			{"a long key", 4, func() { m.Rekey(make([]byte, block+1)) }},
			{"a message", 2, func() { m.AppendMAC(nil, make([]byte, block-padding)) }},
			{"two messages", 4, func() { m.AppendMACs(nil, nil, nil, make([]byte, block-padding)) }},
			{"a longer message", 3, func() { m.AppendMAC(nil, make([]byte, block-padding+1)) }},
			{"a long message", 12, func() { m.AppendMAC(nil, make([]byte, 10*block)) }},
			{"a long key to expand", 2 * 3, func() { m.Expand(nil, "", 3*h.alg.size) }},
			{"a long info", 12, func() { m.Expand(nil, strings.Repeat(" ", 10*block), 1) }},
		} {
			n = 0
			if c.f(); n != c.want {
				t.Errorf("%s, %s: %d compressions, want %d", h.name, c.what, n, c.want)
			}
		}
	}
}

// Many at once, for the race detector.
func TestConcurrency(t *testing.T) {
	for _, h := range shas {
		m := newHMAC(t, h.ours, []byte("key"))
		want := m.AppendMAC(nil, make([]byte, 100))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					if !m.Verify(make([]byte, 100), want) {
						t.Error("not verified")
					}
					m.Expand(nil, "info", 100)
					m.New().Sum(nil)
					Key(func() hash.Hash { return h.ours() }, nil, nil, "info", 100)
				}
			})
		}
		wg.Wait()
	}
}

func TestHMACAllocs(t *testing.T) {
	for _, h := range shas {
		if race && !h.alg.kernel {
			continue // see TestNew
		}
		m := newHMAC(t, h.ours, nil)
		d := m.New()
		buf := make([]byte, 1000)
		for name, f := range map[string]func(){
			"Rekey":      func() { m.Rekey(buf) },
			"AppendMAC":  func() { m.AppendMAC(buf[:0], buf) },
			"AppendMACs": func() { m.AppendMACs(buf[:0], buf[500:500], buf[:40], buf[:50]) },
			"Verify":     func() { m.Verify(buf, buf[:m.Size()]) },
			"Expand":     func() { m.Expand(buf[:0], "info", 300) },
			"New":        func() { d.Reset(); d.Write(buf); d.Sum(buf[:0]) },
		} {
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%s, %s: %v allocations", h.name, name, n)
			}
		}
	}
}

func BenchmarkHMAC(b *testing.B) {
	for _, h := range shas {
		for _, size := range []int{32, 64, 1024, 16384} {
			message, mac := make([]byte, size), make([]byte, 0, maxSize)
			m := newHMAC(b, h.ours, make([]byte, 32))
			b.Run(fmt.Sprintf("impl=sealane/alg=hmac-%s/tier=%s/size=%d", h.name, m.Tier(), size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					m.AppendMAC(mac, message)
				}
			})
			ref := hmac.New(h.std, make([]byte, 32))
			b.Run(fmt.Sprintf("impl=std/alg=hmac-%s/size=%d", h.name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					ref.Reset()
					ref.Write(message)
					ref.Sum(mac)
				}
			})
		}
	}
}
