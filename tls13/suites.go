package tls13

import (
	"crypto/tls"
	"runtime"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/tls13/keyschedule"
	"github.com/sealane/sealane/tls13/record"
)

// A cipherSuite is one of RFC 9846, Appendix B.4.
type cipherSuite struct {
	id     uint16
	record *record.Suite
	hash   keyschedule.Hash
}

var suites = [...]cipherSuite{
	{tls.TLS_AES_128_GCM_SHA256, record.AES128GCMSHA256, keyschedule.SHA256},
	{tls.TLS_AES_256_GCM_SHA384, record.AES256GCMSHA384, keyschedule.SHA384},
	{tls.TLS_CHACHA20_POLY1305_SHA256, record.CHACHA20POLY1305SHA256, keyschedule.SHA256},
}

// suiteByID returns the suite with the given code point, or nil.
func suiteByID(id uint16) *cipherSuite {
	for i := range suites {
		if suites[i].id == id {
			return &suites[i]
		}
	}
	return nil
}

var (
	aesFirst    = []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256}
	chachaFirst = []uint16{tls.TLS_CHACHA20_POLY1305_SHA256, tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384}
)

// hasAES tells whether this machine has instructions for AES, which make it
// faster than ChaCha20. On amd64 those are what a kernel of aesgcm needs; on the
// others where Go uses such instructions, machines without them are rare.
var hasAES = func() bool {
	switch runtime.GOARCH {
	case "arm64", "ppc64le", "s390x":
		return true
	}
	a, err := aesgcm.New(make([]byte, 16))
	return err == nil && a.Tier() != "generic"
}()

func (c *Config) cipherSuites() []uint16 {
	switch {
	case c.CipherSuites != nil:
		return c.CipherSuites
	case hasAES:
		return aesFirst
	}
	return chachaFirst
}

// serverSuite chooses the cipher suite for a ClientHello.
func (c *Config) serverSuite(offered u16s) (*cipherSuite, error) {
	ours := c.cipherSuites()
	if c.CipherSuites == nil && suiteByID(firstKnown(offered)) == suiteByID(tls.TLS_CHACHA20_POLY1305_SHA256) {
		ours = chachaFirst // a client without instructions for AES
	}
	for _, id := range ours {
		if offered.contains(id) {
			return suiteByID(id), nil
		}
	}
	return nil, fault(alertHandshakeFailure, "no common cipher suite: the client offers %s, this side has %s",
		suiteNames(list[uint16](offered)), suiteNames(ours))
}

// firstKnown returns the first suite of a list that this package knows, or 0.
func firstKnown(offered u16s) uint16 {
	for i := range offered.len() {
		if suiteByID(offered.at(i)) != nil {
			return offered.at(i)
		}
	}
	return 0
}

func suiteNames(ids []uint16) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = tls.CipherSuiteName(id)
	}
	return names
}
