package sha2

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// vectors are the examples of FIPS 180-4 (published apart from it, on NIST's
// page "Cryptographic Standards and Guidelines: Examples with Intermediate
// Values"), tests of RFC 6234, Section 8.5, and the empty message (NIST SHAVS,
// ShortMsg, Len = 0). sums are in the order of algorithms.
var vectors = []struct {
	source, message string
	sums            []string
}{
	{"FIPS 180-4, one block", "abc", []string{
		"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa",
		"53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
	}},
	{"FIPS 180-4, two blocks of 64", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", []string{
		"75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
		"3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe3c8452b",
		"204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445",
		"e5302d6d54bb242275d1e7622d68df6eb02dedd13f564c13dbda2174",
		"bde8e1f9f19bb9fd3406c90ec6bc47bd36d8ada9f11880dbc8a22a7078b6a461",
	}},
	{"FIPS 180-4, two blocks of 128", "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn" +
		"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", []string{
		"c97ca9a559850ce97a04a96def6d99a9e0e0e2ab14e6b8df265fc0b3",
		"cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
		"09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
		"8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
		"23fec5bb94d60b23308192640b0c453335d664734fe40e7268674af9",
		"3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a",
	}},
	{"RFC 6234, TEST3: a million letters a", strings.Repeat("a", 1e6), []string{
		"20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67",
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
		"9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985",
		"e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
		"37ab331d76f0d36de422bd0edeb22a28accd487b7a8453ae965dd287",
		"9a59a052930187a97038cae692f30708aa6491923ef5194394dc68d56c74fb21",
	}},
	{"RFC 6234, TEST4", strings.Repeat("01234567", 80), []string{
		"567f69f168cd7844e65259ce658fe7aadfa25216e68eca0eb7ab8262",
		"594847328451bdfa85056225462cc1d867d877fb388df0ce35f25ab5562bfbb5",
		"2fc64a4f500ddb6828f6a3430b8dd72a368eb7f3a8322a70bc84275b9c0b3ab00d27a5cc3c2d224aa6b61a0d79fb4596",
		"89d05ba632c699c31231ded4ffc127d5a894dad412c0e024db872d1abd2ba8141a0f85072a9be1e2aa04cf33c765cb510813a39cd5a84c4acaa64d3f3fb7bae9",
		"406338c163ad81f50d6b4c9bb45240c5d706b498863404bab6b84938",
		"cf78e4ba935b4d9eb91052aeddf8e2d606c590f708573693ea94be826a666ee4",
	}},
	{"SHAVS, Len = 0", "", []string{
		"d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
		"6ed0dd02806fa89e25de060c19d3ac86cabb87d6a0ddd05c333b84f4",
		"c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
	}},
}

func TestVectors(t *testing.T) {
	for i, alg := range algorithms {
		t.Run("alg="+alg.name, func(t *testing.T) {
			for _, v := range vectors {
				want, err := hex.DecodeString(v.sums[i])
				if err != nil {
					t.Fatal(err)
				}
				if got := alg.sum([]byte(v.message)); !bytes.Equal(got, want) {
					t.Errorf("%s: Sum %x, want %x", v.source, got, want)
				}
				for _, tier := range alg.tiers() {
					h := alg.newTier(tier)
					h.Write([]byte(v.message))
					if got := h.Sum(nil); !bytes.Equal(got, want) {
						t.Errorf("%s, tier %s: %x, want %x", v.source, tier, got, want)
					}
				}
			}
		})
	}
}

// The Monte Carlo test of SHAVS, Section 6.4, with the seeds of SHA256Monte.rsp
// and SHA512Monte.rsp and their checkpoints 0 and 99.
func TestMonteCarlo(t *testing.T) {
	for _, v := range []struct{ alg, seed, first, last string }{
		{
			"sha-256", "6d1e72ad03ddeb5de891e572e2396f8da015d899ef0e79503152d6010a3fe691",
			"e93c330ae5447738c8aa85d71a6c80f2a58381d05872d26bdd39f1fcd4f2b788",
			"6a912ba4188391a78e6f13d88ed2d14e13afce9db6f7dcbf4a48c24f3db02778",
		},
		{
			"sha-512",
			"5c337de5caf35d18ed90b5cddfce001ca1b8ee8602f367e7c24ccca6f893802f" +
				"b1aca7a3dae32dcd60800a59959bc540d63237876b799229ae71a2526fbc52cd",
			"ada69add0071b794463c8806a177326735fa624b68ab7bcab2388b9276c036e4" +
				"eaaff87333e83c81c0bca0359d4aeebcbcfd314c0630e0c2af68c1fb19cc470e",
			"4aa7dad74eb51d09a6ae7735c4b795b078f51c314f14f42a0d63071e13bdc5fd" +
				"9f51612e77b36d44567502a3b5eb66c609ec017e51d8df93e58d1a44f3c1e375",
		},
	} {
		alg := algorithm(t, v.alg)
		seed, err := hex.DecodeString(v.seed)
		if err != nil {
			t.Fatal(err)
		}
		for count := range 100 {
			md := [3][]byte{seed, seed, seed}
			for range 1000 {
				md[0], md[1], md[2] = md[1], md[2], alg.sum(bytes.Join(md[:], nil))
			}
			seed = md[2]
			want := map[int]string{0: v.first, 99: v.last}[count]
			if want != "" && hex.EncodeToString(seed) != want {
				t.Errorf("%s, checkpoint %d: %x, want %s", v.alg, count, seed, want)
			}
		}
	}
}
