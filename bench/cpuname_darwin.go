package main

import "golang.org/x/sys/unix"

// cpuName returns the name of the CPU as go test prints it, or "".
func cpuName() string {
	name, _ := unix.Sysctl("machdep.cpu.brand_string")
	return name
}
