package record

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// FuzzOpen lets an Opener meet bytes that a peer may send: as they are, and
// as what a peer with the right key protects. Nothing may panic, and whatever
// comes out must keep the promises of Open and OpenTo.
func FuzzOpen(f *testing.F) {
	key, iv := keyOf(AES128GCMSHA256, 0)
	protect := func(seq uint64, inner []byte) []byte { return define(AES128GCMSHA256, key, iv, seq, inner) }
	data := bytes.Repeat([]byte{7}, 100)
	for _, keyed := range []bool{false, true} {
		for _, in := range [][]byte{
			nil,
			{22, 3, 1, 0, 4, 1, 0, 0, 0},
			{22, 3, 3, 0, 4, 1, 0, 0},
			{21, 3, 3, 0, 2, 2, 40},
			{20, 3, 3, 0, 1, 1, 20, 3, 3, 0, 1, 2},
			{23, 3, 3, 0x41, 1, 0},
			{23, 3, 3, 0, 0},
			[]byte("GET / HTTP/1.1\r\n\r\n"),
			slices.Concat(protect(0, inner(ApplicationData, data, 0)), protect(1, inner(ApplicationData, data, 30)), protect(2, inner(Handshake, data, 0))),
			slices.Concat(protect(0, inner(ApplicationData, nil, 9)), []byte{20, 3, 3, 0, 1, 1}, protect(1, inner(AlertMessage, data[:2], 0))),
			protect(0, make([]byte, 60)),
			protect(1, inner(ApplicationData, data, 0)),
			protect(0, inner(ApplicationData, data, 0))[:80],
		} {
			f.Add(in, keyed, false, uint16(150))
			f.Add(in, keyed, true, uint16(0))
		}
	}
	for _, in := range [][]byte{nil, {0}, {23}, {0, 22, 0, 0}, {1, 0, 21}, inner(ApplicationData, data, 300), inner(20, data[:1], 3), inner(200, data, 0)} {
		f.Add(in, true, true, uint16(100))
	}

	f.Fuzz(func(t *testing.T, in []byte, keyed, protected bool, room uint16) {
		var whole []byte // the inner plaintext of the one record, if we know it
		if protected && keyed && len(in) <= MaxPlaintext+1 {
			whole, in = in, protect(0, in)
		}
		newOpener := func() *Opener {
			o := NewOpener()
			if keyed {
				if err := o.SetKey(AES128GCMSHA256, key, iv); err != nil {
					t.Fatal(err)
				}
			}
			return o
		}
		check := func(rec Record) {
			switch {
			case rec.Type == ApplicationData && keyed:
			case rec.Type == Handshake && len(rec.Content) > 0:
			case rec.Type == AlertMessage && len(rec.Content) == 2:
			case rec.Type == ChangeCipherSpec && len(rec.Content) == 1 && rec.Content[0] == 1:
			default:
				t.Fatalf("%v with %x", rec.Type, rec.Content)
			}
			if len(rec.Content) > MaxPlaintext || cap(rec.Content) != len(rec.Content) {
				t.Fatalf("%d bytes of content, capacity %d", len(rec.Content), cap(rec.Content))
			}
		}
		// walk opens until an error and returns the data, the last record of
		// another type, how far it came, and the error.
		walk := func(open func(in []byte) (n, used int, err error)) (off int, err error) {
			buf := bytes.Clone(in)
			for {
				n, used, err := open(buf[off:])
				if (err == nil) != (used > 0) || err != nil && n > 0 || used > len(buf)-off {
					t.Fatalf("%d, used %d of %d, %v", n, used, len(buf)-off, err)
				}
				if off += used; err == nil {
					continue
				}
				var alert *AlertError
				if err != ErrNeedMore && !errors.As(err, &alert) {
					t.Fatalf("error %v", err)
				}
				if _, _, again := open(buf[off:]); again != err {
					t.Fatalf("error %v, then %v", err, again)
				}
				return off, err
			}
		}

		var data, toData []byte
		var others, toOthers []Record
		keep := func(rec Record, data *[]byte, others *[]Record) {
			check(rec)
			if rec.Type == ApplicationData {
				*data = append(*data, rec.Content...)
			} else {
				*others = append(*others, Record{rec.Type, bytes.Clone(rec.Content)})
			}
		}
		o := newOpener()
		recs := make([]Record, 1+room%5)
		off, err := walk(func(in []byte) (int, int, error) {
			n, used, err := o.Open(recs, in)
			for i, rec := range recs[:n] {
				keep(rec, &data, &others)
				if i < n-1 && rec.Type != ApplicationData {
					t.Fatalf("%v is not the last of a batch", rec.Type)
				}
			}
			return n, used, err
		})
		o = newOpener()
		dst := make([]byte, room)
		toOff, toErr := walk(func(in []byte) (int, int, error) {
			n, used, last, err := o.OpenTo(dst, in)
			toData = append(toData, dst[:n]...)
			if last.Type != 0 {
				keep(last, &toData, &toOthers)
			}
			return n, used, err
		})
		same := func(a, b Record) bool { return a.Type == b.Type && bytes.Equal(a.Content, b.Content) }
		if off != toOff || err != toErr || !bytes.Equal(data, toData) || !slices.EqualFunc(others, toOthers, same) {
			t.Fatalf("Open: %d, %v; OpenTo: %d, %v", off, err, toOff, toErr)
		}

		if whole != nil && err == ErrNeedMore {
			content := bytes.TrimRight(whole, "\x00")
			typ := ContentType(content[len(content)-1])
			content = content[:len(content)-1]
			if typ == ApplicationData && !bytes.Equal(data, content) || typ != ApplicationData && !same(others[0], Record{typ, content}) {
				t.Fatalf("%x came as %x and %v", whole, data, others)
			}
		}
	})
}
