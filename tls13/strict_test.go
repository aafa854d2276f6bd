package tls13

import (
	"bytes"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// editClientHello and editServerHello return edits of hellos, and editExtensions
// one of the extensions of another message of the server.
func editClientHello(change func(m *clientHello)) edit {
	return func(fromServer bool, n int, msg []byte) []byte {
		if fromServer || msg[0] != typeClientHello {
			return msg
		}
		var m clientHello
		if err := m.unmarshal(bytes.Clone(msg)); err != nil {
			panic(err)
		}
		change(&m)
		var b builder
		m.marshal(&b)
		return b.b
	}
}

func editServerHello(change func(m *serverHello)) edit {
	return func(fromServer bool, n int, msg []byte) []byte {
		if !fromServer || msg[0] != typeServerHello {
			return msg
		}
		var m serverHello
		if err := m.unmarshal(bytes.Clone(msg)); err != nil {
			panic(err)
		}
		change(&m)
		var b builder
		m.marshal(&b)
		return b.b
	}
}

func editExtensions(typ uint8, change func(x *extensions)) edit {
	return func(fromServer bool, n int, msg []byte) []byte {
		if !fromServer || msg[0] != typ {
			return msg
		}
		var b builder
		var err error
		switch typ {
		case typeEncryptedExtensions:
			var m encryptedExtensions
			err = m.unmarshal(bytes.Clone(msg))
			change(&m.extensions)
			m.marshal(&b)
		case typeCertificateRequest:
			var m certificateRequest
			err = m.unmarshal(bytes.Clone(msg))
			change(&m.extensions)
			m.marshal(&b)
		case typeCertificate:
			var m certificate
			err = m.unmarshal(bytes.Clone(msg))
			change(&m.entries[0].extensions)
			m.marshal(&b)
		}
		if err != nil {
			panic(err)
		}
		return b.b
	}
}

func add(typ uint16, data string) func(x *extensions) {
	return func(x *extensions) { *x = append(*x, extension{typ, []byte(data)}) }
}

func without(x extensions, typ uint16) extensions {
	return slices.DeleteFunc(slices.Clone(x), func(e extension) bool { return e.typ == typ })
}

func replaced(x extensions, typ uint16, data string) extensions {
	x = slices.Clone(x)
	for i := range x {
		if x[i].typ == typ {
			x[i].data = []byte(data)
		}
	}
	return x
}

// What breaks a rule is refused with the alert that RFC 9846 names, by the side
// that receives it.
func TestStrict(t *testing.T) {
	retry := scenarios[1]
	full := scenarios[0]
	resumed := scenarios[2]
	for _, c := range []struct {
		name     string
		scenario scenario
		edit     edit
		atServer bool
		alert    tls.AlertError
		text     string
	}{
		// ClientHello (Sections 4.2.2 and 9.2).
		{"legacy_version", full, editClientHello(func(m *clientHello) { m.legacyVersion = 0x0304 }), true, alertProtocolVersion, "legacy_version"},
		{"no supported_versions", full, editClientHello(func(m *clientHello) { m.extensions = without(m.extensions, extSupportedVersions) }), true, alertProtocolVersion, "TLS 1.2 or older"},
		{"only TLS 1.2 in supported_versions", full, editClientHello(func(m *clientHello) {
			m.extensions = replaced(m.extensions, extSupportedVersions, "\x02\x03\x03")
		}), true, alertProtocolVersion, "TLS 1.2"},
		{"compression", full, editClientHello(func(m *clientHello) { m.compression = []byte{1, 0} }), true, alertIllegalParameter, "compression"},
		{"no signature_algorithms", full, editClientHello(func(m *clientHello) { m.extensions = without(m.extensions, extSignatureAlgorithms) }), true, alertMissingExtension, "signature_algorithms"},
		{"no supported_groups", full, editClientHello(func(m *clientHello) { m.extensions = without(m.extensions, extSupportedGroups) }), true, alertMissingExtension, "supported_groups"},
		{"no key_share", full, editClientHello(func(m *clientHello) { m.extensions = without(m.extensions, extKeyShare) }), true, alertMissingExtension, "key_share"},
		{"two of an extension", full, editClientHello(func(m *clientHello) { add(extPSKModes, "\x01\x01")(&m.extensions) }), true, alertIllegalParameter, "two extensions"},
		{"two of an unknown extension", full, editClientHello(func(m *clientHello) { add(0xfafa, "")(&m.extensions); add(0xfafa, "")(&m.extensions) }), true, alertIllegalParameter, "two extensions"},
		{"a cookie", full, editClientHello(func(m *clientHello) { add(extCookie, "\x00\x01x")(&m.extensions) }), true, alertIllegalParameter, "cookie"},
		{"early data without PSK", full, editClientHello(func(m *clientHello) { add(extEarlyData, "")(&m.extensions) }), true, alertIllegalParameter, "early_data"},
		{"share of no supported group", full, editClientHello(func(m *clientHello) {
			m.extensions = replaced(m.extensions, extSupportedGroups, "\x00\x02\x00\x17")
		}), true, alertIllegalParameter, "key share of group X25519"},
		{"low-order share", full, editClientHello(func(m *clientHello) {
			m.extensions = replaced(m.extensions, extKeyShare, "\x00\x24\x00\x1d\x00\x20"+strings.Repeat("\x00", 32))
		}), true, alertIllegalParameter, "key share"},
		{"short share", full, editClientHello(func(m *clientHello) {
			m.extensions = replaced(m.extensions, extKeyShare, "\x00\x23\x00\x1d\x00\x1f"+strings.Repeat("\x09", 31))
		}), true, alertIllegalParameter, "wrong length"},
		{"two shares of a group", full, editClientHello(func(m *clientHello) {
			share := "\x00\x1d\x00\x20" + strings.Repeat("\x09", 32)
			m.extensions = replaced(m.extensions, extKeyShare, "\x00\x48"+share+share)
		}), true, alertIllegalParameter, "two key shares"},
		{"record_size_limit", full, editClientHello(func(m *clientHello) {
			m.extensions = replaced(m.extensions, extRecordSizeLimit, "\x00\x3f")
		}), true, alertIllegalParameter, "record_size_limit"},
		{"trailing data", full, editClientHello(func(m *clientHello) { m.extensions = replaced(m.extensions, extPSKModes, "\x01\x01\x00") }), true, alertDecodeError, "ClientHello"},
		{"PSK not last", resumed, editClientHello(func(m *clientHello) { add(0xfafa, "")(&m.extensions) }), true, alertIllegalParameter, "last"},
		{"PSK without modes", resumed, editClientHello(func(m *clientHello) { m.extensions = without(m.extensions, extPSKModes) }), true, alertMissingExtension, "psk_key_exchange_modes"},
		{"wrong binder", resumed, editClientHello(func(m *clientHello) {
			x := &m.extensions[len(m.extensions)-1]
			x.data = bytes.Clone(x.data)
			x.data[len(x.data)-1] ^= 1
		}), true, alertDecryptError, "binder"},
		{"hello under an old binder", resumed, editClientHello(func(m *clientHello) { m.random = make([]byte, 32) }), true, alertDecryptError, "binder"},
		// The second ClientHello (Section 4.2.2).
		{"second hello differs", retry, func(fromServer bool, n int, msg []byte) []byte {
			if n == 0 {
				return msg
			}
			return editClientHello(func(m *clientHello) { m.random = make([]byte, 32) })(fromServer, n, msg)
		}, true, alertIllegalParameter, "differs"},
		{"second hello with another share", retry, func(fromServer bool, n int, msg []byte) []byte {
			if n == 0 {
				return msg
			}
			return editClientHello(func(m *clientHello) {
				m.extensions = replaced(m.extensions, extKeyShare, "\x00\x24\x00\x1d\x00\x20"+strings.Repeat("\x09", 32))
			})(fromServer, n, msg)
		}, true, alertIllegalParameter, "one key share"},
		// ServerHello (Section 4.2.3).
		{"legacy_version", full, editServerHello(func(m *serverHello) { m.legacyVersion = 0x0304 }), false, alertProtocolVersion, "legacy_version"},
		{"session ID", full, editServerHello(func(m *serverHello) { m.sessionID = make([]byte, 32) }), false, alertIllegalParameter, "session ID"},
		{"compression", full, editServerHello(func(m *serverHello) { m.compression = 1 }), false, alertIllegalParameter, "compression"},
		{"suite", full, editServerHello(func(m *serverHello) { m.cipherSuite = 0x1304 }), false, alertIllegalParameter, "did not offer"},
		{"other version", full, editServerHello(func(m *serverHello) { m.extensions = replaced(m.extensions, extSupportedVersions, "\x03\x03") }), false, alertIllegalParameter, "TLS 1.2"},
		{"TLS 1.2", full, editServerHello(func(m *serverHello) { m.extensions = nil }), false, alertProtocolVersion, "TLS 1.2"},
		{"downgrade", full, editServerHello(func(m *serverHello) {
			m.extensions = nil
			m.random = append(bytes.Clone(m.random[:24]), downgradeTLS12...)
		}), false, alertIllegalParameter, "meddles"},
		{"downgrade further", full, editServerHello(func(m *serverHello) {
			m.extensions, m.legacyVersion = nil, tls.VersionTLS11
			m.random = append(bytes.Clone(m.random[:24]), downgradeTLS11...)
		}), false, alertIllegalParameter, "meddles"},
		{"renegotiation_info", full, editServerHello(func(m *serverHello) { add(0xff01, "\x00")(&m.extensions) }), false, alertUnsupportedExtension, "65281"},
		{"extended_master_secret", full, editServerHello(func(m *serverHello) { add(23, "")(&m.extensions) }), false, alertUnsupportedExtension, "23"},
		{"ALPN in ServerHello", full, editServerHello(func(m *serverHello) { add(extALPN, "\x00\x02\x01b")(&m.extensions) }), false, alertIllegalParameter, "not allowed"},
		{"PSK that was not offered", full, editServerHello(func(m *serverHello) { add(extPreSharedKey, "\x00\x00")(&m.extensions) }), false, alertUnsupportedExtension, "41"},
		{"PSK of another index", resumed, editServerHello(func(m *serverHello) { m.extensions = replaced(m.extensions, extPreSharedKey, "\x00\x01") }), false, alertIllegalParameter, "PSK"},
		{"no key_share", full, editServerHello(func(m *serverHello) { m.extensions = without(m.extensions, extKeyShare) }), false, alertMissingExtension, "key_share"},
		{"share of another group", full, editServerHello(func(m *serverHello) {
			m.extensions = replaced(m.extensions, extKeyShare, "\x00\x18\x00\x01x")
		}), false, alertIllegalParameter, "no key share"},
		{"low-order share", full, editServerHello(func(m *serverHello) {
			m.extensions = replaced(m.extensions, extKeyShare, "\x00\x1d\x00\x20"+strings.Repeat("\x00", 32))
		}), false, alertIllegalParameter, "key share"},
		// HelloRetryRequest (Section 4.2.4).
		{"retry without change", retry, editServerHello(func(m *serverHello) { m.extensions = without(m.extensions, extKeyShare) }), false, alertIllegalParameter, "changes nothing"},
		{"retry for a share that is there", retry, editServerHello(func(m *serverHello) { m.extensions = replaced(m.extensions, extKeyShare, "\x00\x1d") }), false, alertIllegalParameter, "it has"},
		{"retry for a group that was not offered", retry, editServerHello(func(m *serverHello) { m.extensions = replaced(m.extensions, extKeyShare, "\x00\x18") }), false, alertIllegalParameter, "did not offer"},
		{"second retry", retry, func(fromServer bool, n int, msg []byte) []byte {
			if fromServer && n == 1 {
				return editServerHello(func(m *serverHello) {
					m.random = []byte(retryRandom)
					m.extensions = replaced(m.extensions, extKeyShare, "\x00\x18")
				})(fromServer, n, msg)
			}
			return msg
		}, false, alertUnexpectedMessage, "second HelloRetryRequest"},
		{"suite changes after a retry", retry, func(fromServer bool, n int, msg []byte) []byte {
			if fromServer && n == 1 {
				return editServerHello(func(m *serverHello) { m.cipherSuite = tls.TLS_CHACHA20_POLY1305_SHA256 })(fromServer, n, msg)
			}
			return msg
		}, false, alertIllegalParameter, "changes its cipher suite"},
		// EncryptedExtensions, CertificateRequest, Certificate.
		{"key_share in EncryptedExtensions", full, editExtensions(typeEncryptedExtensions, add(extKeyShare, "")), false, alertIllegalParameter, "not allowed"},
		{"ec_point_formats", full, editExtensions(typeEncryptedExtensions, add(11, "\x01\x00")), false, alertUnsupportedExtension, "11"},
		{"early_data", full, editExtensions(typeEncryptedExtensions, add(extEarlyData, "")), false, alertUnsupportedExtension, "42"},
		{"two of an extension in EncryptedExtensions", full, editExtensions(typeEncryptedExtensions, add(extALPN, "\x00\x02\x01b")), false, alertIllegalParameter, "two extensions"},
		{"another protocol", full, editExtensions(typeEncryptedExtensions, func(x *extensions) { *x = replaced(*x, extALPN, "\x00\x02\x01z") }), false, alertIllegalParameter, `"z"`},
		{"two protocols", full, editExtensions(typeEncryptedExtensions, func(x *extensions) { *x = replaced(*x, extALPN, "\x00\x04\x01a\x01b") }), false, alertIllegalParameter, "2 application protocols"},
		{"server_name with a name", full, editExtensions(typeEncryptedExtensions, func(x *extensions) { *x = replaced(*x, extServerName, "x") }), false, alertDecodeError, "EncryptedExtensions"},
		{"no signature_algorithms in CertificateRequest", retry, editExtensions(typeCertificateRequest, func(x *extensions) { *x = without(*x, extSignatureAlgorithms) }), false, alertMissingExtension, "signature_algorithms"},
		{"unknown extension in Certificate", full, editExtensions(typeCertificate, add(0xfafa, "")), false, alertUnsupportedExtension, "64250"},
		{"bad staple", full, editExtensions(typeCertificate, add(extStatusRequest, "\x02\x00\x00\x01x")), false, alertBadCertificateStatusResponse, "status"},
		{"certificate that was not asked for", full, func(fromServer bool, n int, msg []byte) []byte {
			if !fromServer && msg[0] == typeFinished {
				return append([]byte{typeCertificate, 0, 0, 4, 0, 0, 0, 0}, msg...)
			}
			return msg
		}, true, alertUnexpectedMessage, "Certificate instead of Finished"},
		{"no certificate", full, func(fromServer bool, n int, msg []byte) []byte {
			if fromServer && msg[0] == typeCertificate {
				return []byte{typeCertificate, 0, 0, 4, 0, 0, 0, 0}
			}
			return msg
		}, false, alertDecodeError, "no certificate"},
		{"data behind Finished", full, func(fromServer bool, n int, msg []byte) []byte {
			if fromServer && msg[0] == typeFinished {
				return append(bytes.Clone(msg), 1, 2, 3)
			}
			return msg
		}, false, alertUnexpectedMessage, "more data in the record"},
		{"data behind ServerHello", full, func(fromServer bool, n int, msg []byte) []byte {
			if fromServer && msg[0] == typeServerHello {
				return append(bytes.Clone(msg), typeEncryptedExtensions)
			}
			return msg
		}, false, alertUnexpectedMessage, "more data in the record"},
		{"EndOfEarlyData", full, func(fromServer bool, n int, msg []byte) []byte {
			if !fromServer && msg[0] == typeFinished {
				return append([]byte{typeEndOfEarlyData, 0, 0, 0}, msg...)
			}
			return msg
		}, true, alertUnexpectedMessage, "EndOfEarlyData instead of Finished"},
		{"KeyUpdate before Finished", full, func(fromServer bool, n int, msg []byte) []byte {
			if fromServer && msg[0] == typeFinished {
				return append([]byte{typeKeyUpdate, 0, 0, 1, 0}, msg...)
			}
			return msg
		}, false, alertUnexpectedMessage, "KeyUpdate instead of Finished"},
		{"HelloRequest", full, func(fromServer bool, n int, msg []byte) []byte {
			if fromServer && msg[0] == typeServerHello {
				return append([]byte{0, 0, 0, 0}, msg...)
			}
			return msg
		}, false, alertUnexpectedMessage, "renegotiation"},
	} {
		side := "client"
		if c.atServer {
			side = "server"
		}
		t.Run(side+"/"+c.name, func(t *testing.T) {
			cc, sc := c.scenario.configs(t)
			now := time.Now()
			cc.Time = func() time.Time { return now }
			sc.Time = cc.Time
			var r result
			synctest.Test(t, func(*testing.T) { r = through(cc, sc, &suites[0], c.edit) })
			err := r.clientErr
			if c.atServer {
				err = r.serverErr
			}
			if err == nil || alertFor(err) != c.alert || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, alert %v; want %v and %q", err, alertFor(err), c.alert, c.text)
			}
			if alerts := r.alerts[!c.atServer]; r.alerts != nil && len(alerts) > 0 {
				t.Errorf("the other side sends alert %v", alerts)
			}
		})
	}
}

// OCSP staples and SCTs arrive, and stay with a session.
func TestStaples(t *testing.T) {
	client, server := configs("p256")
	cert := server.Certificates[0]
	cert.OCSPStaple = []byte("staple")
	cert.SignedCertificateTimestamps = [][]byte{[]byte("one"), []byte("another")}
	server.Certificates = []tls.Certificate{cert}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	for i := range 2 {
		for _, std := range []bool{false, true} {
			a, b := newPipe()
			var c endpoint = Client(a, cc)
			if std {
				c = tls.Client(a, client)
			}
			mustShake(t, c, Server(b, sc))
			st := c.ConnectionState()
			if string(st.OCSPResponse) != "staple" || len(st.SignedCertificateTimestamps) != 2 || string(st.SignedCertificateTimestamps[1]) != "another" || st.DidResume != (i == 1) {
				t.Errorf("round %d, crypto/tls %v: %q, %q, resumed %v", i, std, st.OCSPResponse, st.SignedCertificateTimestamps, st.DidResume)
			}
		}
	}
}

// Who shows a certificate without having its key is not believed, whatever the
// kind of key, at either end: its signature alone gives it away.
func TestImpostor(t *testing.T) {
	p := testPKI()
	for _, kind := range keyKinds {
		for _, client := range []bool{false, true} {
			c, s := configs(kind)
			cert := p.servers[kind]
			if client {
				cert = p.clients[kind]
				s.ClientAuth = tls.RequireAndVerifyClientCert
			}
			cert.PrivateKey = newKey(kind)
			if client {
				c.Certificates = []tls.Certificate{cert}
			} else {
				s.Certificates = []tls.Certificate{cert}
			}
			a, b := newPipe()
			cerr, serr := shake(Client(a, mustConfig(t, c)), Server(b, mustConfig(t, s)))
			err := cerr
			if client {
				err = serr
			}
			if err == nil || alertFor(err) != alertDecryptError || !strings.Contains(err.Error(), "signature") {
				t.Errorf("%s, client %v: %v", kind, client, err)
			}
		}
	}
}
