package vectors

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/chacha20poly1305"
	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/sha2"
	"github.com/sealane/sealane/x25519"
)

// hostTiers returns the tiers that run in this process, as "aesgcm/vaes512".
func hostTiers(t *testing.T) []string {
	t.Helper()
	key := make([]byte, 32)
	gcm, err := aesgcm.New(key)
	if err != nil {
		t.Fatal(err)
	}
	chacha, err := chacha20poly1305.New(key)
	if err != nil {
		t.Fatal(err)
	}
	mac, err := hkdf.NewHMAC(sha2.New256, key)
	if err != nil {
		t.Fatal(err)
	}
	x, err := x25519.NewPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := p256.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"aesgcm/" + gcm.Tier(),
		"chacha20poly1305/" + chacha.Tier(),
		"hkdf/" + mac.Tier(),
		"p256/" + p.Tier(),
		"p256/" + p.PublicKey().Tier(),
		"sha2/" + sha2.Tier256(),
		"sha2/" + sha2.Tier512(),
		"x25519/" + x.Tier(),
	}
}

// TestHostTiers tells TestTiers what runs.
func TestHostTiers(t *testing.T) {
	for _, tier := range hostTiers(t) {
		t.Log("tier:", tier)
	}
}

var (
	kernelFile = regexp.MustCompile(`([a-z0-9]+)/[a-z0-9]+_([a-z0-9]+)_amd64\.s$`)
	tierLine   = regexp.MustCompile(`(?m)tier: (\S+)$`)
)

// TestTiers runs all vectors again with the best tiers disabled, then with the
// next, until every tier of this machine has run them. Tiers are chosen when a
// program starts, so that it runs itself again.
func TestTiers(t *testing.T) {
	if cpu.Host() == cpu.Of() {
		t.Skip("no kernels in this build")
	}
	ran := map[string]bool{}
	for _, tier := range hostTiers(t) {
		ran[tier] = true
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	t.Run("disable", func(t *testing.T) {
		for _, disable := range []string{
			"vaes512,avx512,shani,ifma",
			"vaes512,vaes256,avx512,avx2,shani,ifma,adx",
			"vaes512,vaes256,aesni,avx512,avx2,ssse3,shani,ifma,adx",
		} {
			t.Run(disable, func(t *testing.T) {
				t.Parallel()
				cmd := exec.Command(exe, "-test.run=^(TestHostTiers|TestWycheproof|TestACVP)$", "-test.v")
				cmd.Env = append(os.Environ(), "SEALANE_DISABLE="+os.Getenv("SEALANE_DISABLE")+","+disable)
				out, err := cmd.CombinedOutput()
				if errors.Is(err, syscall.ENOEXEC) {
					t.Skip("emulated: the system can't start the test binary by itself")
				}
				for _, name := range []string{"TestHostTiers", "TestWycheproof", "TestACVP"} {
					if err != nil || !bytes.Contains(out, []byte("\n--- PASS: "+name)) {
						t.Fatalf("%v\n%s", err, out)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for _, m := range tierLine.FindAllSubmatch(out, -1) {
					ran[string(m[1])] = true
				}
			})
		}
	})
	files, err := filepath.Glob("../*/*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatal("no kernels", err)
	}
	for _, file := range files {
		m := kernelFile.FindStringSubmatch(filepath.ToSlash(file))
		if m == nil {
			t.Fatalf("%s: unexpected name", file)
		}
		if tier, _ := cpu.ParseTier(m[2]); cpu.Host().Has(tier) && !ran[m[1]+"/"+m[2]] {
			t.Errorf("%s did not run", strings.Join(m[1:], "/"))
		}
	}
	t.Logf("%d tiers ran", len(ran))
}
