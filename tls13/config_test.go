package tls13

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every exported field of tls.Config is honoured, refused by name or of no meaning
// in TLS 1.3: a new one fails this test until somebody has decided.
func TestConfigFrom(t *testing.T) {
	now := func() time.Time { return time.Unix(1e9, 0) }
	errTest := errors.New("test")
	cert := testPKI().servers["p256"]
	// A value for each field, and what shows that it was honoured; nil for a
	// field that has no meaning.
	honoured := map[string]struct {
		value any
		check func(*Config) bool
	}{
		"Rand":         {bytes.NewReader(nil), func(c *Config) bool { return c.Rand != nil }},
		"Time":         {now, func(c *Config) bool { return c.now().Equal(now()) }},
		"Certificates": {[]tls.Certificate{cert}, func(c *Config) bool { return len(c.Certificates) == 1 }},
		"NameToCertificate": {map[string]*tls.Certificate{"server.test": &cert}, func(c *Config) bool {
			return c.GetCertificate == nil // with one certificate there is no choice
		}},
		"GetCertificate": {func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errTest }, func(c *Config) bool {
			_, err := c.GetCertificate(nil)
			return err == errTest
		}},
		"GetClientCertificate": {func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return nil, errTest }, func(c *Config) bool {
			_, err := c.GetClientCertificate(nil)
			return err == errTest
		}},
		"GetConfigForClient": {func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errTest }, func(c *Config) bool {
			_, err := c.GetConfigForClient(nil)
			return err == errTest
		}},
		"VerifyPeerCertificate": {func([][]byte, [][]*x509.Certificate) error { return errTest }, func(c *Config) bool {
			return c.VerifyPeerCertificate(nil, nil) == errTest
		}},
		"VerifyConnection":            {func(tls.ConnectionState) error { return errTest }, func(c *Config) bool { return c.VerifyConnection(tls.ConnectionState{}) == errTest }},
		"RootCAs":                     {testPKI().pool, func(c *Config) bool { return c.RootCAs == testPKI().pool }},
		"NextProtos":                  {[]string{"x"}, func(c *Config) bool { return slices.Equal(c.NextProtos, []string{"x"}) }},
		"ServerName":                  {"x", func(c *Config) bool { return c.ServerName == "x" }},
		"ClientAuth":                  {tls.RequireAnyClientCert, func(c *Config) bool { return c.ClientAuth == tls.RequireAnyClientCert }},
		"ClientCAs":                   {testPKI().pool, func(c *Config) bool { return c.ClientCAs == testPKI().pool }},
		"InsecureSkipVerify":          {true, func(c *Config) bool { return c.InsecureSkipVerify }},
		"CipherSuites":                {[]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, nil},
		"PreferServerCipherSuites":    {true, nil},
		"SessionTicketsDisabled":      {true, func(c *Config) bool { return c.SessionTicketsDisabled }},
		"SessionTicketKey":            {[32]byte{1}, func(c *Config) bool { return c.tickets.manual }},
		"ClientSessionCache":          {tls.NewLRUClientSessionCache(1), func(c *Config) bool { return c.ClientSessionCache != nil }},
		"MinVersion":                  {uint16(tls.VersionTLS12), nil},
		"MaxVersion":                  {uint16(tls.VersionTLS13), nil},
		"CurvePreferences":            {[]tls.CurveID{tls.CurveP521, tls.CurveP384}, func(c *Config) bool { return slices.Equal(c.CurvePreferences, []tls.CurveID{tls.CurveP384}) }},
		"DynamicRecordSizingDisabled": {true, func(c *Config) bool { return c.DynamicRecordSizingDisabled }},
		"Renegotiation":               {tls.RenegotiateFreelyAsClient, nil},
		"KeyLogWriter":                {io.Discard, func(c *Config) bool { return c.KeyLogWriter != nil }},
	}
	refused := map[string]any{
		"UnwrapSession":                       func([]byte, tls.ConnectionState) (*tls.SessionState, error) { return nil, nil },
		"WrapSession":                         func(tls.ConnectionState, *tls.SessionState) ([]byte, error) { return nil, nil },
		"MinVersion":                          uint16(tls.VersionTLS13 + 1),
		"MaxVersion":                          uint16(tls.VersionTLS12),
		"CurvePreferences":                    []tls.CurveID{tls.CurveP521},
		"EncryptedClientHelloConfigList":      []byte{1},
		"EncryptedClientHelloRejectionVerify": func(tls.ConnectionState) error { return nil },
		"GetEncryptedClientHelloKeys":         func(*tls.ClientHelloInfo) ([]tls.EncryptedClientHelloKey, error) { return nil, nil },
		"EncryptedClientHelloKeys":            []tls.EncryptedClientHelloKey{{}},
	}
	typ := reflect.TypeFor[tls.Config]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !f.IsExported() {
			continue
		}
		h, ok := honoured[f.Name]
		r, no := refused[f.Name]
		if !ok && !no {
			t.Errorf("tls.Config.%s: nobody has decided", f.Name)
		}
		if ok {
			config := new(tls.Config)
			reflect.ValueOf(config).Elem().Field(i).Set(reflect.ValueOf(h.value).Convert(f.Type))
			c, err := ConfigFrom(config)
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
			} else if h.check != nil && !h.check(c) {
				t.Errorf("%s is not honoured", f.Name)
			} else if h.check == nil && !reflect.DeepEqual(c, new(Config)) {
				t.Errorf("%s, which has no meaning, changes the Config", f.Name)
			} else if h.check != nil && f.Name != "SessionTicketKey" && f.Name != "NameToCertificate" {
				if d := c.Clone(); !h.check(d) {
					t.Errorf("%s is lost by Clone", f.Name)
				}
			}
		}
		if no {
			config := new(tls.Config)
			reflect.ValueOf(config).Elem().Field(i).Set(reflect.ValueOf(r).Convert(f.Type))
			if _, err := ConfigFrom(config); err == nil || !strings.Contains(err.Error(), "tls.Config."+f.Name+":") {
				t.Errorf("%s is refused by %v", f.Name, err)
			}
		}
	}
	if _, err := ConfigFrom(nil); err == nil {
		t.Error("no error for nil")
	}
}

// Clone leaves out no field of Config.
func TestClone(t *testing.T) {
	c := new(Config)
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		c := new(Config)
		field := reflect.ValueOf(c).Elem().Field(i)
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		case reflect.String:
			field.SetString("x")
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		case reflect.Int:
			field.SetInt(1)
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Func:
			field.Set(reflect.MakeFunc(field.Type(), func([]reflect.Value) []reflect.Value { return nil }))
		case reflect.Interface:
			switch f.Name {
			case "Rand":
				c.Rand = strings.NewReader("")
			case "KeyLogWriter":
				c.KeyLogWriter = io.Discard
			case "ClientSessionCache":
				c.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			default:
				t.Fatalf("no value for %s", f.Name)
			}
		}
		if reflect.ValueOf(c.Clone()).Elem().Field(i).IsZero() {
			t.Errorf("Clone loses %s", f.Name)
		}
	}
	if (*Config)(nil).Clone() != nil {
		t.Error("Clone of nil is not nil")
	}
	c.SetSessionTicketKeys([][32]byte{{1}})
	d := c.Clone()
	ticket, err := c.sealTicket(nil, &serverSession{created: uint64(time.Now().Unix()), firstAuth: uint64(time.Now().Unix())})
	if err != nil || d.openTicket(ticket) == nil {
		t.Error("Clone loses the keys that were set")
	}
}

// failing runs a handshake that must fail and returns both errors.
func failing(t *testing.T, cc, sc *Config) (clientErr, serverErr error) {
	t.Helper()
	a, b := newPipe()
	cerr, serr := shake(Client(a, cc), Server(b, sc))
	if cerr == nil || serr == nil {
		t.Fatalf("client %v, server %v; both should fail", cerr, serr)
	}
	return cerr, serr
}

// isAlert reports whether err is an alert of the peer.
func isAlert(err error, alert tls.AlertError) bool {
	var op *net.OpError
	var got tls.AlertError
	return errors.As(err, &op) && op.Op == "remote error" && errors.As(err, &got) && got == alert
}

// The common failures say what a person would want to know, and the peer gets
// the right alert.
func TestErrors(t *testing.T) {
	p := testPKI()
	key := newKey("p256")
	expired := p.certify(key, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2021, 2, 3, 0, 0, 0, 0, time.UTC)
	})
	noSigning := p.certify(key, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })
	stranger := newPKI()
	unknown := stranger.certify(key, nil)
	for _, c := range []struct {
		name           string
		client, server func(*Config)
		clientText     []string // in the client's error
		serverText     []string
		clientAlert    tls.AlertError // that the client has got, 0 for none
		serverAlert    tls.AlertError
		verification   bool // the client's error is a tls.CertificateVerificationError
	}{
		{name: "expired", server: func(c *Config) { c.Certificates = []tls.Certificate{expired} },
			clientText: []string{"expired", "2021-02-03"}, serverAlert: alertCertificateExpired, verification: true},
		{name: "unknown authority", server: func(c *Config) { c.Certificates = []tls.Certificate{unknown} },
			clientText: []string{"unknown authority", "CN=test root", "CN=server"}, serverAlert: alertUnknownCA, verification: true},
		{name: "name", client: func(c *Config) { c.ServerName = "wrong.test" },
			clientText: []string{"wrong.test", "server.test", "other.test"}, serverAlert: alertBadCertificate, verification: true},
		{name: "key usage", server: func(c *Config) { c.Certificates = []tls.Certificate{noSigning} },
			clientText: []string{"key usage"}, serverAlert: alertUnsupportedCertificate},
		{name: "suite", client: func(c *Config) { c.CipherSuites = []uint16{tls.TLS_AES_128_GCM_SHA256} },
			server:     func(c *Config) { c.CipherSuites = []uint16{tls.TLS_AES_256_GCM_SHA384} },
			serverText: []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"}, clientAlert: alertHandshakeFailure},
		{name: "group", client: func(c *Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} },
			server:     func(c *Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP384} },
			serverText: []string{"X25519", "CurveP384"}, clientAlert: alertHandshakeFailure},
		{name: "alpn", client: func(c *Config) { c.NextProtos = []string{"one", "two"} },
			server:     func(c *Config) { c.NextProtos = []string{"three"} },
			serverText: []string{`"one" "two"`, `"three"`}, clientAlert: alertNoApplicationProtocol},
		{name: "no certificate", server: func(c *Config) { c.Certificates = nil },
			serverText: []string{"server.test"}, clientAlert: alertUnrecognizedName},
		{name: "signature scheme", server: func(c *Config) {
			c.Certificates = slices.Clone(c.Certificates)
			c.Certificates[0].SupportedSignatureAlgorithms = []tls.SignatureScheme{tls.Ed25519}
		}, serverText: []string{"no common signature scheme"}, clientAlert: alertHandshakeFailure},
		{name: "VerifyConnection", client: func(c *Config) {
			c.VerifyConnection = func(tls.ConnectionState) error { return errors.New("not this one") }
		}, clientText: []string{"not this one"}, serverAlert: alertBadCertificate},
		{name: "GetCertificate", server: func(c *Config) {
			c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("not today") }
		}, serverText: []string{"not today"}, clientAlert: alertInternalError},
		{name: "no name", client: func(c *Config) { c.ServerName = "" }, clientText: []string{"ServerName"}, serverAlert: alertInternalError},
		{name: "bad suite", client: func(c *Config) { c.CipherSuites = []uint16{0x1304} }, clientText: []string{"CipherSuites"}, serverAlert: alertInternalError},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, server := configs("p256")
			cc, sc := mustConfig(t, client), mustConfig(t, server)
			if c.client != nil {
				c.client(cc)
			}
			if c.server != nil {
				c.server(sc)
			}
			cerr, serr := failing(t, cc, sc)
			for _, x := range []struct {
				err   error
				texts []string
				alert tls.AlertError
			}{{cerr, c.clientText, c.clientAlert}, {serr, c.serverText, c.serverAlert}} {
				for _, text := range x.texts {
					if !strings.Contains(x.err.Error(), text) {
						t.Errorf("%q is not in %q", text, x.err)
					}
				}
				if x.alert != 0 && !isAlert(x.err, x.alert) {
					t.Errorf("error %v, want alert %v", x.err, x.alert)
				}
			}
			var v *tls.CertificateVerificationError
			if got := errors.As(cerr, &v); got != c.verification {
				t.Errorf("%v wraps a CertificateVerificationError: %v", cerr, got)
			} else if got && len(v.UnverifiedCertificates) != 1 {
				t.Error("no certificate in the error")
			}
		})
	}
}

// A client without a certificate, and one with a bad one.
func TestClientAuth(t *testing.T) {
	stranger := newPKI().certify(newKey("p256"), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	good := testPKI().clients["ed25519"]
	server := testPKI().servers["p256"] // not for clients
	for _, c := range []struct {
		policy tls.ClientAuthType
		cert   *tls.Certificate
		alert  tls.AlertError // 0 for success
		sees   bool           // the server sees the certificate
	}{
		{tls.NoClientCert, &good, 0, false},
		{tls.RequestClientCert, nil, 0, false},
		{tls.RequestClientCert, &stranger, 0, true},
		{tls.RequireAnyClientCert, nil, alertCertificateRequired, false},
		{tls.RequireAnyClientCert, &stranger, 0, true},
		{tls.VerifyClientCertIfGiven, nil, 0, false},
		{tls.VerifyClientCertIfGiven, &stranger, alertUnknownCA, false},
		{tls.VerifyClientCertIfGiven, &good, 0, true},
		{tls.RequireAndVerifyClientCert, nil, alertCertificateRequired, false},
		{tls.RequireAndVerifyClientCert, &stranger, alertUnknownCA, false},
		{tls.RequireAndVerifyClientCert, &server, alertUnsupportedCertificate, false},
		{tls.RequireAndVerifyClientCert, &good, 0, true},
	} {
		client, srv := configs("p256")
		srv.ClientAuth = c.policy
		cc, sc := mustConfig(t, client), mustConfig(t, srv)
		cc.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(info.AcceptableCAs) != 1 || len(info.SignatureSchemes) == 0 || info.Version != tls.VersionTLS13 {
				t.Errorf("CertificateRequestInfo %+v", info)
			}
			if c.cert == nil {
				return new(tls.Certificate), nil
			}
			return c.cert, nil
		}
		a, b := newPipe()
		conn, s := Client(a, cc), Server(b, sc)
		cerr, serr := shake(conn, s)
		if cerr != nil {
			t.Errorf("%v: client %v", c.policy, cerr)
			continue
		}
		if c.alert != 0 {
			// The client learns of it with its first Read.
			_, err := conn.Read(make([]byte, 1))
			if serr == nil || !isAlert(err, c.alert) {
				t.Errorf("%v: server %v, client reads %v, want alert %v", c.policy, serr, err, c.alert)
			}
			continue
		}
		if serr != nil {
			t.Errorf("%v: server %v", c.policy, serr)
			continue
		}
		if st := s.ConnectionState(); (len(st.PeerCertificates) > 0) != c.sees {
			t.Errorf("%v: %d certificates", c.policy, len(st.PeerCertificates))
		}
	}
}

// What callbacks are told, and GetConfigForClient's conversion, once a pointer.
func TestCallbacks(t *testing.T) {
	client, server := configs("p256")
	client.NextProtos = []string{"x"}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	other := server.Clone()
	other.NextProtos = []string{"x"}
	other.GetCertificate = func(info *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if info.ServerName != "server.test" || !slices.Equal(info.SupportedProtos, []string{"x"}) || info.Conn == nil ||
			!slices.Equal(info.SupportedVersions, []uint16{tls.VersionTLS13}) || len(info.CipherSuites) != 3 ||
			!slices.Equal(info.SupportedCurves, defaultGroups) || len(info.SignatureSchemes) == 0 || len(info.Extensions) < 8 {
			t.Errorf("ClientHelloInfo %+v", info)
		}
		if info.Context() != nil {
			t.Error("a context from nowhere")
		}
		return nil, nil
	}
	calls := 0
	server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		calls++
		return other, nil
	}
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	for i := range 2 {
		a, b := newPipe()
		c, s := Client(a, cc), Server(b, sc)
		mustShake(t, c, s)
		if st := s.ConnectionState(); st.NegotiatedProtocol != "x" || st.ServerName != "server.test" || st.DidResume != (i == 1) {
			t.Errorf("connection %d: protocol %q, name %q, resumed %v", i, st.NegotiatedProtocol, st.ServerName, st.DidResume)
		}
	}
	if calls != 2 {
		t.Errorf("GetConfigForClient was called %d times", calls)
	}
}

// A server chooses among several certificates by what the client can do.
func TestCertificateChoice(t *testing.T) {
	p := testPKI()
	client, server := configs("p256")
	server.Certificates = []tls.Certificate{p.certify(newKey("ed25519"), func(c *x509.Certificate) { c.DNSNames = []string{"third.test"} }), p.servers["p384"]}
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	a, b := newPipe()
	c, s := Client(a, cc), Server(b, sc)
	mustShake(t, c, s)
	if got := c.ConnectionState().PeerCertificates[0].PublicKeyAlgorithm; got != x509.ECDSA {
		t.Errorf("certificate of %v", got)
	}
	client.ServerName = "third.test"
	a, b = newPipe()
	c, s = Client(a, mustConfig(t, client)), Server(b, sc)
	mustShake(t, c, s)
	if got := c.ConnectionState().PeerCertificates[0].PublicKeyAlgorithm; got != x509.Ed25519 {
		t.Errorf("certificate of %v", got)
	}
}

// A context that ends, ends the handshake.
func TestHandshakeContext(t *testing.T) {
	client, _ := configs("p256")
	a, _ := newPipe()
	c := Client(a, mustConfig(t, client))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := c.HandshakeContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if err := c.Handshake(); err == nil {
		t.Error("a handshake after one that failed")
	}
}

// A chain that was verified before is not verified by its signatures again, but by
// all that may have changed.
func TestChainCache(t *testing.T) {
	p := testPKI()
	cert, err := x509.ParseCertificate(p.servers["p256"].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	certs := []*x509.Certificate{cert}
	now := time.Now()
	c := &Config{RootCAs: p.pool, ServerName: "server.test", Time: func() time.Time { return now }}
	if _, err := c.verifyServer(certs); err != nil {
		t.Fatal(err)
	}
	if len(c.chains.m) != 1 {
		t.Fatalf("%d entries", len(c.chains.m))
	}
	// The cache is asked: what it has is what comes.
	fake := []*x509.Certificate{cert}
	for _, v := range c.chains.m {
		v.chains = append(v.chains, fake)
	}
	if chains, err := c.verifyServer(certs); err != nil || len(chains) != 2 {
		t.Errorf("%d chains, %v", len(chains), err)
	}
	for name, change := range map[string]func(){
		"name":        func() { c.ServerName = "wrong.test" },
		"expired":     func() { now = cert.NotAfter.Add(time.Second) },
		"too early":   func() { now = cert.NotBefore.Add(-time.Second) },
		"other roots": func() { c.RootCAs = newPKI().pool },
	} {
		change()
		if _, err := c.verifyServer(certs); err == nil {
			t.Errorf("%s: accepted", name)
		}
		now, c.RootCAs, c.ServerName = time.Now(), p.pool, "server.test"
		if _, err := c.verifyServer(certs); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	// As a client it is another matter, and so with other certificates behind
	// the leaf.
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, p.pool
	if _, err := c.verifyClient(certs); err == nil {
		t.Error("a server's certificate serves a client")
	}
	if chains, err := c.verifyServer(append(certs, p.root)); err != nil || len(chains) != 1 {
		t.Errorf("with another certificate: %d chains, %v", len(chains), err)
	}
	for range 3 * maxVerified {
		k := *cert // another certificate to the cache
		if _, err := c.verifyServer([]*x509.Certificate{&k}); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.chains.m) > maxVerified {
		t.Errorf("%d entries", len(c.chains.m))
	}
}
