package keyschedule

import (
	"testing"

	"github.com/sealane/sealane/hkdf"
)

// tier returns the tier of the kernels that a schedule with h runs on.
func tier(b *testing.B, h Hash) string {
	m, err := hkdf.NewHMAC(h.New, nil)
	if err != nil {
		b.Fatal(err)
	}
	return m.Tier()
}

// A full schedule without PSK: the keys and IVs of both sides, and both
// Finished messages. The peer is crypto/hkdf, called as crypto/tls does.
func BenchmarkSchedule(b *testing.B) {
	for _, h := range hashes {
		shared, transcript := make([]byte, 32), make([]byte, h.hash.Size())
		b.Run("impl=sealane/alg="+h.name+"/tier="+tier(b, h.hash), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var early Early
				early.Init(h.hash, nil)
				full(&early, shared, transcript)
			}
		})
		b.Run("impl=std/alg="+h.name, func(b *testing.B) {
			b.ReportAllocs()
			d := definition(h.std)
			for b.Loop() {
				d.full(shared, transcript)
			}
		})
	}
}

// full works like the function full.
func (d definition) full(shared, transcript []byte) {
	empty := d.hash()
	early := d.extract(nil, d.zeros())
	hs := d.extract(d.deriveSecret(early, "derived", empty), shared)
	main := d.extract(d.deriveSecret(hs, "derived", empty), d.zeros())
	for _, label := range []string{"c hs traffic", "s hs traffic"} {
		s := d.deriveSecret(hs, label, transcript)
		d.expandLabel(s, "key", nil, 16)
		d.expandLabel(s, "iv", nil, 12)
		d.finished(s, transcript)
	}
	for _, label := range []string{"c ap traffic", "s ap traffic"} {
		s := d.deriveSecret(main, label, transcript)
		d.expandLabel(s, "key", nil, 16)
		d.expandLabel(s, "iv", nil, 12)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, h := range hashes {
		b.Run("impl=sealane/alg="+h.name+"/tier="+tier(b, h.hash), func(b *testing.B) {
			var t TrafficSecret
			if err := t.Init(h.hash, make([]byte, h.hash.Size())); err != nil {
				b.Fatal(err)
			}
			var key [16]byte
			for b.Loop() {
				t.Next()
				t.Key(key[:])
				t.IV()
			}
		})
	}
}
