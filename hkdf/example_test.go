package hkdf_test

import (
	"fmt"

	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/sha2"
)

// Two keys from one secret.
func Example() {
	secret, salt := []byte("a shared secret"), []byte("a salt")
	prk, err := hkdf.Extract(sha2.New256, secret, salt)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, info := range []string{"client", "server"} {
		key, err := hkdf.Expand(sha2.New256, prk, info, 16)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %x\n", info, key)
	}
	// Output:
	// client 19a0412a15c1b4ef7f0d1c37cd4fbe5e
	// server 2db4aa738ffc33eedfd2b7c39acfd88b
}

// One key, many messages (RFC 4231, Section 4.3).
func ExampleHMAC() {
	m, err := hkdf.NewHMAC(sha2.New256, []byte("Jefe"))
	if err != nil {
		fmt.Println(err)
		return
	}
	message := []byte("what do ya want for nothing?")
	mac := m.AppendMAC(nil, message)
	fmt.Printf("%x\n", mac)
	fmt.Println(m.Verify(message, mac))
	// Output:
	// 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
	// true
}
