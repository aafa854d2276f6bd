//go:build !linux && !darwin && !windows

package main

// cpuName returns nothing: there is no common way to ask.
func cpuName() string { return "" }
