package sha2_test

import (
	"fmt"

	"github.com/sealane/sealane/sha2"
)

// The leaves of a Merkle tree, and then each level of its nodes, are hashed at
// once. As in RFC 9162, Section 2.1.1, a leaf is hashed behind a byte 0 and two
// nodes behind a byte 1, so that neither passes for the other.
func ExampleBatch256() {
	leaves := []string{"one", "two", "three", "four", "five", "six", "seven", "eight"}
	msgs := make([][]byte, len(leaves))
	for i, leaf := range leaves {
		msgs[i] = append([]byte{0}, leaf...)
	}
	level := make([][sha2.Size256]byte, len(leaves))
	sha2.Batch256(level, msgs)

	for len(level) > 1 {
		msgs = msgs[:len(level)/2]
		for i := range msgs {
			msgs[i] = append([]byte{1}, level[2*i][:]...)
			msgs[i] = append(msgs[i], level[2*i+1][:]...)
		}
		level = make([][sha2.Size256]byte, len(msgs))
		sha2.Batch256(level, msgs)
	}
	fmt.Printf("root %x\n", level[0])
	// Output:
	// root be1911a9a80751bd3f2c05b66658c379f736e9f444d8cdd11fb0fb2ee0e634dd
}
