package keyschedule_test

import (
	"encoding/hex"
	"fmt"

	"github.com/sealane/sealane/tls13/keyschedule"
)

// The keys that a server's handshake records are protected with, in the first
// trace of RFC 8448 (Section 3).
func Example() {
	// What the key exchange and the hash of ClientHello..ServerHello gave.
	shared, _ := hex.DecodeString("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
	transcript, _ := hex.DecodeString("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")

	var (
		early     keyschedule.Early
		handshake keyschedule.Handshake
		server    keyschedule.TrafficSecret
	)
	if err := early.Init(keyschedule.SHA256, nil); err != nil {
		fmt.Println(err)
		return
	}
	early.Handshake(&handshake, shared)
	handshake.ServerTraffic(&server, transcript)

	key := make([]byte, 16) // TLS_AES_128_GCM_SHA256
	server.Key(key)
	fmt.Printf("key %x\n", key)
	fmt.Printf("iv  %x\n", server.IV())
	// Output:
	// key 3fce516009c21727d0f2e4e86ee403bc
	// iv  5d313eb2671276ee13000b30
}

// A PSK for the next connection, from the resumption secret.
func ExampleResumption() {
	transcript := make([]byte, 32)
	var (
		early      keyschedule.Early
		handshake  keyschedule.Handshake
		main       keyschedule.Main
		resumption keyschedule.Resumption
	)
	if err := early.Init(keyschedule.SHA256, nil); err != nil {
		fmt.Println(err)
		return
	}
	early.Handshake(&handshake, make([]byte, 32))
	handshake.Main(&main)
	main.Resumption(&resumption, transcript)
	main.Clear()

	psk := resumption.AppendPSK(nil, []byte{0, 0}) // the ticket_nonce
	var next keyschedule.Early
	if err := next.Init(keyschedule.SHA256, psk); err != nil {
		fmt.Println(err)
		return
	}
	var binder keyschedule.BinderKey
	next.ResumptionBinderKey(&binder)
	fmt.Println(len(binder.AppendBinder(nil, transcript)), "bytes")
	// Output: 32 bytes
}
