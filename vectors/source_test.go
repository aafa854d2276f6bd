package vectors

import (
	"compress/bzip2"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A source is a module that holds vectors, and the checksum of its content, as
// go.sum would have it. It is no requirement of ours in go.mod, since only its
// files are read: nothing of it is compiled, and the versions of Go and of other
// modules that it asks for do not matter here.
type source struct{ path, version, sum string }

var (
	wycheproof = source{
		"github.com/c2sp/wycheproof",
		"v0.0.0-20260902155932-3fa63dd0344a",
		"h1:pNbL2nztRsWfW/ispAwsvcDFxs9Id38uIsR2/Up5G2c=",
	}
	acvp = source{
		"github.com/geomys/acvp-testdata",
		"v0.0.0-20251201200548-d893de8b8b1c",
		"h1:W9bTdyWTJoakpzDOLR5BNKaGjYAmoaJOioBztGGWI98=",
	}
)

// fetch returns the folder of a source in the module cache. The go command
// downloads it if it is not there yet.
var fetch = func() func(source) (string, error) {
	var mu sync.Mutex
	dirs := map[source]string{}
	return func(s source) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if dir, ok := dirs[s]; ok {
			return dir, nil
		}
		cmd := exec.Command("go", "mod", "download", "-json", s.path+"@"+s.version)
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOOS=", "GOARCH=")
		out, err := cmd.Output()
		var m struct{ Dir, Sum, Error string }
		if jsonErr := json.Unmarshal(out, &m); err == nil {
			err = jsonErr
		}
		switch {
		case m.Error != "":
			return "", errors.New(m.Error)
		case err != nil:
			return "", err
		case m.Sum != s.sum:
			return "", errors.New(s.path + " has checksum " + m.Sum + ", not " + s.sum)
		}
		dirs[s] = m.Dir
		return m.Dir, nil
	}
}()

// open opens a file of a source.
func (s source) open(t *testing.T, name string) io.ReadCloser {
	t.Helper()
	dir, err := fetch(s)
	if err != nil {
		t.Fatalf("%s@%s: %v", s.path, s.version, err)
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// decode reads JSON into v.
func decode(t *testing.T, name string, r io.Reader, v any) {
	t.Helper()
	if err := json.NewDecoder(r).Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// wycheproofGroups returns the groups of tests of a file of Wycheproof.
func wycheproofGroups[G any](t *testing.T, name string) []G {
	t.Helper()
	f := wycheproof.open(t, "testvectors_v1/"+name+"_test.json")
	defer f.Close()
	var file struct{ TestGroups []G }
	decode(t, name, f, &file)
	return file.TestGroups
}

// acvpSets returns the sets of vectors of a file of ACVP, or of the expected
// results, which are in the same order. A set has the groups that G describes.
func acvpSets[G any](t *testing.T, dir, name string) []acvpSet[G] {
	t.Helper()
	name = dir + "/" + name + ".bz2"
	f := acvp.open(t, name)
	defer f.Close()
	var parts []json.RawMessage // the first is about the session
	decode(t, name, bzip2.NewReader(f), &parts)
	var sets []acvpSet[G]
	for _, part := range parts[1:] {
		var set acvpSet[G]
		decode(t, name, strings.NewReader(string(part)), &set)
		sets = append(sets, set)
	}
	return sets
}

type acvpSet[G any] struct {
	Algorithm, Mode string
	VsID            int
	TestGroups      []G
}

// hexBytes are bytes that JSON has in hexadecimal.
type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) error {
	d, err := hex.DecodeString(string(text))
	*b = d
	return err
}
