package main

import (
	"os"
	"strings"
)

// cpuName returns the name of the CPU as go test prints it, or "".
func cpuName() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	return cpuinfoName(string(b))
}

// cpuinfoName reads the name from the text of /proc/cpuinfo: the line "model
// name" of x86, "cpu" of ppc64, the list of features' part number of arm64,
// whose kernel knows no names.
func cpuinfoName(text string) string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if ok && fields[key] == "" {
			fields[key] = value
		}
	}
	for _, key := range []string{"model name", "Model Name", "cpu model", "uarch", "cpu", "vendor_id"} {
		if fields[key] != "" {
			return fields[key]
		}
	}
	if part := fields["CPU part"]; part != "" {
		return strings.TrimSpace("arm64 implementer " + fields["CPU implementer"] + " part " + part)
	}
	return ""
}
