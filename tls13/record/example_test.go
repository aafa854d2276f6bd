package record_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/sealane/sealane/tls13/record"
)

// A connection seals what it writes, however long, into one buffer, and opens
// what has come in, however many records that is, straight into the memory of
// who reads.
func Example() {
	key := make([]byte, record.AES128GCMSHA256.KeySize()) // from the key schedule
	iv := make([]byte, record.IVSize)

	sealer, opener := record.NewSealer(), record.NewOpener()
	if err := sealer.SetKey(record.AES128GCMSHA256, key, iv); err != nil {
		log.Fatal(err)
	}
	if err := opener.SetKey(record.AES128GCMSHA256, key, iv); err != nil {
		log.Fatal(err)
	}

	wire, err := sealer.Seal(nil, record.ApplicationData, bytes.Repeat([]byte("hello, "), 10000))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(wire), "bytes on the wire")

	// The last record has not come in whole.
	in := wire[:len(wire)-1]
	dst := make([]byte, 100000)
	n, used, last, err := opener.OpenTo(dst, in)
	fmt.Println(n, "bytes of data in", used, "bytes;", last.Type, err)

	m, used, last, err := opener.OpenTo(dst[n:], wire[used:])
	fmt.Println(m, "bytes of data in", used, "bytes;", last.Type, err)
	fmt.Printf("%s\n", dst[n+m-7:n+m])
	// Output:
	// 70110 bytes on the wire
	// 65536 bytes of data in 65624 bytes; invalid <nil>
	// 4464 bytes of data in 4486 bytes; invalid <nil>
	// hello,
}

// Handshake messages and alerts are handled one record at a time: the keys may
// change behind each.
func ExampleOpener_Open() {
	in := []byte{
		22, 3, 3, 0, 4, 14, 0, 0, 0, // a handshake message
		20, 3, 3, 0, 1, 1, // change_cipher_spec
		21, 3, 3, 0, 2, 2, // an alert, of which a byte is missing
	}
	opener := record.NewOpener()
	recs := make([]record.Record, 4)
	for {
		n, used, err := opener.Open(recs, in)
		if err == record.ErrNeedMore {
			_, size, _ := record.Peek(in)
			fmt.Println("need", size-len(in), "bytes more")
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		for _, rec := range recs[:n] {
			fmt.Println(rec.Type, rec.Content)
		}
		in = in[used:]
	}
	// Output:
	// handshake [14 0 0 0]
	// change_cipher_spec [1]
	// need 1 bytes more
}
