package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/sealane/sealane/bench/peers"
	"github.com/sealane/sealane/bench/report"
	"github.com/sealane/sealane/internal/cpu"
)

// A machine is what the figures of a run belong to.
type machine struct {
	os, arch  string
	cpu       string
	procs     int // GOMAXPROCS
	goVersion string
	commit    string
	features  []string
	tiers     []string // "AES-GCM: vaes512"
	disabled  string   // SEALANE_DISABLE
	unknown   []string // words of it that are no tier
	openssl   string   // version
}

func detect(root string) machine {
	m := machine{
		os:        runtime.GOOS,
		arch:      runtime.GOARCH,
		cpu:       cpuName(),
		procs:     runtime.GOMAXPROCS(0),
		goVersion: runtime.Version(),
		commit:    commit(root),
		disabled:  os.Getenv(disableEnv),
		unknown:   cpu.UnknownDisabled(),
	}
	host := cpu.Host()
	for f := cpu.Feature(0); f <= cpu.Fast512; f++ {
		if host.HasFeature(f) {
			m.features = append(m.features, f.String())
		}
	}
	for _, p := range []struct{ name, alg string }{
		{"AES-GCM", "aes-128-gcm"}, {"ChaCha20-Poly1305", "chacha20-poly1305"}, {"SHA-256", "sha-256"}, {"SHA-384, SHA-512", "sha-512"},
		{"X25519", "x25519"}, {"P-256", "p256"},
	} {
		if tier := peers.Sealane.Tier("", p.alg); tier != "" {
			m.tiers = append(m.tiers, p.name+": "+tier)
		}
	}
	return m
}

// config returns the configuration lines of a result file.
func (m machine) config() []report.Config {
	return []report.Config{
		{Key: "goos", Value: m.os},
		{Key: "goarch", Value: m.arch},
		{Key: "cpu", Value: m.cpu},
		{Key: "commit", Value: m.commit},
		{Key: "go", Value: m.goVersion},
		{Key: "openssl", Value: m.openssl},
		{Key: "sealane-disable", Value: m.disabled},
	}
}

// write prints the machine as the head of the output.
func (m machine) write(w io.Writer, style report.Style) {
	report.Title(w, style, "sealane against its peers")
	name := m.cpu
	if name == "" {
		name = "unknown CPU"
	}
	cores := fmt.Sprintf("%d CPUs", m.procs)
	if m.procs == 1 {
		cores = "1 CPU"
	}
	peerList := []string{"std", "x-crypto for HKDF", "circl for X25519"}
	if m.openssl != "" {
		peerList = append(peerList, "openssl speed of "+m.openssl)
	}
	for _, l := range [][2]string{
		{"machine", fmt.Sprintf("%s · %s · %s/%s", name, cores, m.os, m.arch)},
		{"build", fmt.Sprintf("%s · commit %s", m.goVersion, short(m.commit))},
		{"features", strings.Join(m.features, " ")},
		{"tiers", strings.Join(m.tiers, " · ")},
		{"peers", strings.Join(peerList, " · ")},
	} {
		if l[1] == "" {
			continue
		}
		for i, text := range report.Wrap(l[1], report.Width-11) {
			key := ""
			if i == 0 {
				key = l[0]
			}
			fmt.Fprintf(w, "  %-8s %s\n", key, text)
		}
	}
	if m.disabled != "" {
		fmt.Fprintf(w, "  SEALANE_DISABLE=%s removes tiers\n", m.disabled)
	}
	for _, word := range m.unknown {
		fmt.Fprintf(w, "  SEALANE_DISABLE: %q is no tier, ignored\n", word)
	}
}

const module = "github.com/sealane/sealane"

// findRoot returns the folder of the module's clone that holds dir, or "".
func findRoot(dir string) string {
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			first, _, _ := strings.Cut(string(b), "\n")
			if strings.TrimSpace(first) == "module "+module {
				return dir
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// commit returns the commit that the program was built from, with "+dirty" if
// files differ from it: from the build's stamp if there is one (go build), or
// from git in the clone (go run writes no stamp), or else "unknown".
func commit(root string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		if rev := settings["vcs.revision"]; rev != "" {
			return stamp(rev, settings["vcs.modified"] == "true")
		}
	}
	if root == "" {
		return "unknown"
	}
	git := func(args ...string) (string, error) {
		out, err := exec.Command("git", append([]string{"-C", root}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	rev, err := git("rev-parse", "HEAD")
	if err != nil {
		return "unknown"
	}
	status, err := git("status", "--porcelain", "--untracked-files=no")
	return stamp(rev, err == nil && status != "")
}

func stamp(rev string, dirty bool) string {
	if dirty {
		rev += "+dirty"
	}
	return rev
}

// short returns the commit with 12 digits of its hash.
func short(commit string) string {
	rev, mark, ok := strings.Cut(commit, "+")
	if ok {
		mark = "+" + mark
	}
	return rev[:min(len(rev), 12)] + mark
}
