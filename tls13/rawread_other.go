//go:build !unix

package tls13

import "net"

func (in *inHalf) init(net.Conn) {}

func (c *Conn) readFile() error { panic("tls13: no file to read from") }
