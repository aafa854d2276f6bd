package peers

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// OpenSSL is the machine's openssl command. It measures itself ("openssl
// speed"), at another time and with another clock (CPU time), so its rows stand
// beside the others and are not measured in turn with them.
type OpenSSL struct {
	path    string
	Version string // "OpenSSL 3.0.19 27 Jan 2026"
}

// ErrNoOpenSSL says that the machine has no openssl command.
var ErrNoOpenSSL = errors.New("no openssl command found")

// FindOpenSSL looks for the openssl command. It refuses LibreSSL, whose speed
// command can't be told the size of a message.
func FindOpenSSL(ctx context.Context) (*OpenSSL, error) {
	path, err := exec.LookPath("openssl")
	if err != nil {
		return nil, ErrNoOpenSSL
	}
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("openssl version: %w", err)
	}
	return checkOpenSSL(path, string(out))
}

func checkOpenSSL(path, version string) (*OpenSSL, error) {
	version, _, _ = strings.Cut(version, "\n")
	// "OpenSSL 3.0.19 27 Jan 2026 (Library: OpenSSL 3.0.19 27 Jan 2026)"
	version, _, _ = strings.Cut(version, " (")
	version = strings.TrimSpace(version)
	if !strings.HasPrefix(version, "OpenSSL ") {
		return nil, fmt.Errorf("%s is not OpenSSL, left out", version)
	}
	return &OpenSSL{path: path, Version: version}, nil
}

// Speed measures an algorithm for one second: op is Seal or Open for an AEAD
// (with a new nonce and 13 bytes of additional data each time, as in TLS 1.2),
// Sum for a hash, ECDH, Sign or Verify for a curve, whose size is 0.
func (o *OpenSSL) Speed(ctx context.Context, op, alg string, size int) (iters int, ns float64, err error) {
	args := []string{"speed", "-mr", "-seconds", "1", "-bytes", strconv.Itoa(size)}
	switch op {
	case "Seal":
		args = append(args, "-aead", "-evp", alg)
	case "Open":
		args = append(args, "-aead", "-decrypt", "-evp", alg)
	case "Sum":
		args = append(args, "-evp", strings.ReplaceAll(alg, "-", ""))
	case "ECDH":
		args = []string{"speed", "-mr", "-seconds", "1", "ecdh" + alg}
	case "Sign", "Verify":
		args = []string{"speed", "-mr", "-seconds", "1", "ecdsa" + alg}
	default:
		return 0, 0, fmt.Errorf("openssl %s: %w", op, ErrNone)
	}
	// The timings go to standard output, the progress to standard error.
	out, err := exec.CommandContext(ctx, o.path, args...).CombinedOutput()
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return 0, 0, fmt.Errorf("openssl speed: %w: %s", err, line)
	}
	if size == 0 {
		return ParseCurveSpeed(string(out), op)
	}
	return ParseSpeed(string(out), size)
}

// ParseCurveSpeed reads the output of openssl speed -mr for one curve: operations,
// bits and seconds of signing, of verifying, or of a shared secret.
//
//	+R5:16497:256:0.32
//	+R6:5996:256:0.31
//	+R7:11829:253:0.35
func ParseCurveSpeed(out, op string) (iters int, ns float64, err error) {
	want := map[string]string{"Sign": "+R5", "Verify": "+R6", "ECDH": "+R7"}[op]
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if fields[0] != want || len(fields) < 4 {
			continue
		}
		n, err := strconv.Atoi(fields[1])
		seconds, err2 := strconv.ParseFloat(fields[3], 64)
		if err != nil || err2 != nil || n <= 0 || !(seconds > 0) {
			return 0, 0, fmt.Errorf("openssl speed: no rate in line %q", strings.TrimSpace(line))
		}
		return n, seconds / float64(n) * 1e9, nil
	}
	return 0, 0, fmt.Errorf("openssl speed: no line %s in its output", want)
}

// ParseSpeed reads the output of openssl speed -mr for one algorithm and one
// size:
//
//	+DT:AES-128-GCM:1:1350
//	+R:1525027:AES-128-GCM:1.000000
//	+H:1350
//	+F:25:AES-128-GCM:2058786450.00
//
// The line +F holds the bytes per second, one figure for each size of +H. The
// line +R, if there, holds operations and seconds.
func ParseSpeed(out string, size int) (iters int, ns float64, err error) {
	column := 0 // of size in +H, and so in +F
	for line := range strings.Lines(out) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields := strings.Split(rest, ":")
		switch kind {
		case "+R":
			if n, err := strconv.Atoi(fields[0]); err == nil {
				iters = n
			}
		case "+H":
			for i, f := range fields {
				if f == strconv.Itoa(size) {
					column = i
				}
			}
		case "+F":
			if len(fields) < 3+column {
				return 0, 0, fmt.Errorf("openssl speed: line %q is too short", strings.TrimSpace(line))
			}
			rate, err := strconv.ParseFloat(fields[2+column], 64)
			if err != nil || !(rate > 0) {
				return 0, 0, fmt.Errorf("openssl speed: no rate in line %q", strings.TrimSpace(line))
			}
			ns = float64(size) / rate * 1e9
			if iters <= 0 {
				iters = max(1, int(1e9/ns)) // of the one second
			}
			return iters, ns, nil
		}
	}
	return 0, 0, errors.New("openssl speed: no line +F in its output")
}
