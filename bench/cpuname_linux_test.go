package main

import "testing"

func TestCPUInfoName(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9755\n\nprocessor\t: 1\nmodel name\t: other\n", "AMD EPYC 9755"},
		{"processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n", "arm64 implementer 0x41 part 0xd4f"},
		{"vendor_id       : IBM/S390\n# processors    : 2\n", "IBM/S390"},
		{"", ""},
	} {
		if got := cpuinfoName(tt.text); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}
