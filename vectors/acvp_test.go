package vectors

import (
	"bytes"
	"hash"
	"testing"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/sha2"
)

// TestACVP runs vectors of NIST's Automated Cryptographic Validation Protocol. A
// set returns how many it ran.
func TestACVP(t *testing.T) {
	for _, set := range []struct {
		name string
		want int
		run  func(t *testing.T, name string) int
	}{
		{"ACVP-AES-GCM", 21, acvpGCM},
		{"SHA2-224", 101, acvpSHA2(sha2.New224)},
		{"SHA2-256", 101, acvpSHA2(sha2.New256)},
		{"SHA2-384", 101, acvpSHA2(sha2.New384)},
		{"SHA2-512", 101, acvpSHA2(sha2.New512)},
		{"SHA2-512-224", 101, acvpSHA2(sha2.New512_224)},
		{"SHA2-512-256", 101, acvpSHA2(sha2.New512_256)},
		{"HMAC-SHA2-224", 13, acvpHMAC(sha2.New224)},
		{"HMAC-SHA2-256", 13, acvpHMAC(sha2.New256)},
		{"HMAC-SHA2-384", 13, acvpHMAC(sha2.New384)},
		{"HMAC-SHA2-512", 13, acvpHMAC(sha2.New512)},
		{"HMAC-SHA2-512-224", 13, acvpHMAC(sha2.New512_224)},
		{"HMAC-SHA2-512-256", 13, acvpHMAC(sha2.New512_256)},
	} {
		t.Run(set.name, func(t *testing.T) {
			if n := set.run(t, set.name); n != set.want {
				t.Errorf("%d vectors, want %d", n, set.want)
			}
		})
	}
}

// acvpGroups returns the groups of a file that has one set, and those of its
// expected results.
func acvpGroups[G, W any](t *testing.T, name string) ([]G, []W) {
	t.Helper()
	in, want := acvpSets[G](t, "vectors", name), acvpSets[W](t, "expected", name)
	if len(in) != 1 || len(want) != 1 || in[0].VsID != want[0].VsID || len(in[0].TestGroups) != len(want[0].TestGroups) {
		t.Fatalf("%s: the files of vectors and of results do not belong together", name)
	}
	return in[0].TestGroups, want[0].TestGroups
}

// acvpGCM runs all that seal, of which the tag may be truncated, and those that
// open with the whole tag.
func acvpGCM(t *testing.T, name string) (n int) {
	type group struct {
		Direction     string
		IvLen, TagLen int
		Tests         []struct {
			TcID                      int
			Key, Iv, Aad, Pt, Ct, Tag hexBytes
		}
	}
	type result struct {
		Tests []struct {
			TcID       int
			Ct, Tag    hexBytes
			Pt         *hexBytes
			TestPassed *bool
		}
	}
	groups, results := acvpGroups[group, result](t, name)
	for i, g := range groups {
		for j, v := range g.Tests {
			want := results[i].Tests[j]
			if v.TcID != want.TcID || g.IvLen != 96 {
				t.Fatalf("vector %d, result %d, nonce of %d bits", v.TcID, want.TcID, g.IvLen)
			}
			a, err := aesgcm.New(v.Key)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case g.Direction == "encrypt":
				n++
				got := a.Seal(nil, v.Iv, v.Pt, v.Aad)
				ct, tag := got[:len(v.Pt)], got[len(v.Pt):][:g.TagLen/8]
				if !bytes.Equal(ct, want.Ct) || !bytes.Equal(tag, want.Tag) {
					t.Errorf("vector %d: sealed to another ciphertext or tag", v.TcID)
				}
			case g.TagLen == 128:
				n++
				got, err := a.Open(nil, v.Iv, append(bytes.Clone(v.Ct), v.Tag...), v.Aad)
				if pass := want.TestPassed == nil || *want.TestPassed; pass != (err == nil) {
					t.Errorf("vector %d: %v", v.TcID, err)
				} else if pass && !bytes.Equal(got, *want.Pt) {
					t.Errorf("vector %d: opened to another plaintext", v.TcID)
				}
			}
		}
	}
	return n
}

// acvpSHA2 runs a message, and a hundred times a thousand hashes of the three
// before each ("MCT", the Monte Carlo test), of which the last counts.
func acvpSHA2(h func() hash.Hash) func(t *testing.T, name string) int {
	return func(t *testing.T, name string) (n int) {
		type group struct {
			TestType, MctVersion string
			Tests                []struct {
				TcID, Len int
				Msg       hexBytes
			}
		}
		type result struct {
			Tests []struct {
				TcID         int
				Md           hexBytes
				ResultsArray []struct{ Md hexBytes }
			}
		}
		groups, results := acvpGroups[group, result](t, name)
		for i, g := range groups {
			for j, v := range g.Tests {
				want := results[i].Tests[j]
				if v.TcID != want.TcID || v.Len != 8*len(v.Msg) {
					t.Fatalf("vector %d of %d bits, result %d", v.TcID, v.Len, want.TcID)
				}
				switch g.TestType + g.MctVersion {
				case "AFT":
					n++
					d := h()
					d.Write(v.Msg)
					if got := d.Sum(nil); !bytes.Equal(got, want.Md) {
						t.Errorf("vector %d: %x, want %x", v.TcID, got, want.Md)
					}
				case "MCTstandard":
					d, seed := h(), bytes.Clone(v.Msg)
					for k, r := range want.ResultsArray {
						n++
						last := bytes.Repeat(seed, 3)
						for range 1000 {
							d.Reset()
							d.Write(last)
							copy(last, last[len(seed):])
							d.Sum(last[:2*len(seed)])
						}
						copy(seed, last[2*len(seed):])
						if !bytes.Equal(seed, r.Md) {
							t.Fatalf("vector %d, round %d: %x, want %x", v.TcID, k, seed, r.Md)
						}
					}
				}
			}
		}
		return n
	}
}

func acvpHMAC(h func() hash.Hash) func(t *testing.T, name string) int {
	return func(t *testing.T, name string) (n int) {
		type group struct {
			MacLen int
			Tests  []struct {
				TcID     int
				Key, Msg hexBytes
			}
		}
		type result struct {
			Tests []struct {
				TcID int
				Mac  hexBytes
			}
		}
		groups, results := acvpGroups[group, result](t, name)
		for i, g := range groups {
			for j, v := range g.Tests {
				n++
				want := results[i].Tests[j]
				m, err := hkdf.NewHMAC(h, v.Key)
				if err != nil {
					t.Fatal(err)
				}
				if got := m.AppendMAC(nil, v.Msg)[:g.MacLen/8]; v.TcID != want.TcID || !bytes.Equal(got, want.Mac) {
					t.Errorf("vector %d: %x, want %x", v.TcID, got, want.Mac)
				}
			}
		}
		return n
	}
}
