package main

import (
	"slices"
	"testing"
	"testing/fstest"
)

// The lines that matter, of two machines.
const (
	zen5 = `processor	: 0
vendor_id	: AuthenticAMD
cpu family	: 26
model		: 2
model name	: AMD EPYC 9755
flags		: sse2 ssse3 pclmulqdq sse4_1 aes avx bmi1 avx2 bmi2 avx512f avx512dq adx avx512ifma sha_ni avx512bw avx512vl vaes vpclmulqdq
power management:

processor	: 1
flags		: none
`
	iceLake = `processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 106
model name	: Intel(R) Xeon(R) Platinum 8352Y
flags		: sse2 ssse3 pclmulqdq sse4_1 aes avx bmi1 avx2 bmi2 avx512f avx512dq adx avx512ifma sha_ni avx512bw avx512vl vaes vpclmulqdq
`
	haswell = `vendor_id	: GenuineIntel
cpu family	: 6
model		: 60
flags		: sse2 ssse3 pclmulqdq sse4_1 aes avx bmi1 avx2 bmi2
`
)

func TestMissing(t *testing.T) {
	for _, c := range []struct{ name, cpuinfo, tier, want string }{
		{"zen5", zen5, "vaes512", ""},
		{"zen5", zen5, "shani", ""},
		{"zen5", zen5, "ifma", ""},
		{"iceLake", iceLake, "vaes512", "512-bit vectors at full clock"},
		{"iceLake", iceLake, "avx512", "512-bit vectors at full clock"},
		{"iceLake", iceLake, "vaes256", ""},
		{"haswell", haswell, "aesni", ""},
		{"haswell", haswell, "vaes256", "vaes"},
		{"haswell", haswell, "shani", "sha_ni"},
		{"nothing", "", "ssse3", "ssse3"},
	} {
		if got, err := parse(c.cpuinfo).missing(c.tier); got != c.want || err != nil {
			t.Errorf("%s lacks %q for %s, want %q, error %v", c.name, got, c.tier, c.want, err)
		}
	}
	if _, err := parse(zen5).missing("avx1024"); err == nil {
		t.Error("a tier without flags is no error")
	}
}

func TestFind(t *testing.T) {
	file := &fstest.MapFile{}
	got, err := find(fstest.MapFS{
		"go.mod":                      file,
		"sha2/sha512_avx2_amd64.s":    file,
		"sha2/sha256_avx2_amd64.s":    file,
		"sha2/sha256_sha2_arm64.s":    file,
		"sha2/kernels_amd64.go":       file,
		"aesgcm/gcm_vaes512_amd64.s":  file,
		"tls13/record/x_avx2_amd64.s": file,
		"asm/go.mod":                  file,
		"asm/x/y_avx2_amd64.s":        file,
		".git/y_avx2_amd64.s":         file,
	})
	want := []kernel{{"aesgcm", "vaes512"}, {"sha2", "avx2"}, {"tls13/record", "avx2"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

func TestCount(t *testing.T) {
	const events = `{"Action":"output","Package":"m/a","Test":"T/tier=avx2","Output":"ok\n"}
{"Action":"pass","Package":"m/a","Test":"T/tier=avx2/keys"}
{"Action":"pass","Package":"m/a","Test":"T/tier=avx2"}
{"Action":"skip","Package":"m/a","Test":"U/tier=avx2"}
{"Action":"pass","Package":"m/a","Test":"T/tier=avx512"}
{"Action":"pass","Package":"m/b","Test":"T/tier=avx2"}
{"Action":"output","Package":"m/a","Test":"V","Output":"wrong\n"}
{"Action":"fail","Package":"m/a","Test":"V"}
not JSON
{"Action":"build-output","ImportPath":"m/c","Output":"does not compile\n"}
`
	passed, failures := count([]byte(events), kernel{"a", "avx2"})
	if passed != 1 || failures != "wrong\ndoes not compile\n" {
		t.Errorf("%d passed, failures %q", passed, failures)
	}
	if passed, _ := count([]byte(events), kernel{"c", "avx2"}); passed != 0 {
		t.Errorf("%d passed of a package without tests", passed)
	}
	if passed, _ := count([]byte(events), kernel{"", "avx2"}); passed != 2 {
		t.Errorf("%d passed of any package", passed)
	}
}
