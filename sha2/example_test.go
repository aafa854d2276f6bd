package sha2_test

import (
	"crypto/hmac"
	"fmt"
	"io"
	"strings"

	"github.com/sealane/sealane/sha2"
)

func ExampleSum256() {
	fmt.Printf("%x\n", sha2.Sum256([]byte("abc")))
	// Output:
	// ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
}

func ExampleNew384() {
	h := sha2.New384()
	if _, err := io.Copy(h, strings.NewReader("abc")); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%x\n", h.Sum(nil))
	// Output:
	// cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7
}

// The constructors are what crypto/hmac and its like ask for. Test case 2 of
// RFC 4231.
func ExampleNew256_hmac() {
	mac := hmac.New(sha2.New256, []byte("Jefe"))
	io.WriteString(mac, "what do ya want for nothing?")
	fmt.Printf("%x\n", mac.Sum(nil))
	// Output:
	// 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
}

// Many messages that begin alike: the common blocks are hashed once.
func ExampleFinish256() {
	prefix := strings.Repeat("sealane ", 64/len("sealane "))
	state := sha2.IV256()
	sha2.Block256(&state, []byte(prefix))
	for _, end := range []string{"one", "two"} {
		sum := sha2.Finish256(&state, []byte(end), uint64(len(prefix)+len(end)))
		fmt.Println(sum == sha2.Sum256([]byte(prefix+end)))
	}
	// Output:
	// true
	// true
}
