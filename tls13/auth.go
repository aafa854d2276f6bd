package tls13

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"weak"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/sha2"
)

// RSASSA-PSS with a public key OID of its own (RFC 9846, Section 4.3.3), which
// crypto/tls has no names for.
const (
	pssPSSWithSHA256 tls.SignatureScheme = 0x0809
	pssPSSWithSHA384 tls.SignatureScheme = 0x080a
	pssPSSWithSHA512 tls.SignatureScheme = 0x080b
)

// verifySchemes are the signature schemes that are accepted in a
// CertificateVerify, best first.
var verifySchemes = []tls.SignatureScheme{
	tls.ECDSAWithP256AndSHA256,
	tls.Ed25519,
	tls.PSSWithSHA256,
	tls.ECDSAWithP384AndSHA384,
	tls.PSSWithSHA384,
	tls.ECDSAWithP521AndSHA512,
	tls.PSSWithSHA512,
	pssPSSWithSHA256,
	pssPSSWithSHA384,
	pssPSSWithSHA512,
}

// certSchemes are those that may besides be in certificates (Section 4.3.3).
var certSchemes = []tls.SignatureScheme{
	tls.PKCS1WithSHA256,
	tls.PKCS1WithSHA384,
	tls.PKCS1WithSHA512,
}

// hashOf returns the hash function of a scheme, 0 for Ed25519, which has none.
func hashOf(s tls.SignatureScheme) crypto.Hash {
	switch s {
	case tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256, pssPSSWithSHA256:
		return crypto.SHA256
	case tls.ECDSAWithP384AndSHA384, tls.PSSWithSHA384, pssPSSWithSHA384:
		return crypto.SHA384
	case tls.ECDSAWithP521AndSHA512, tls.PSSWithSHA512, pssPSSWithSHA512:
		return crypto.SHA512
	}
	return 0
}

// digest returns the hash of what a CertificateVerify signs.
func digest(h crypto.Hash, content []byte) []byte {
	switch h {
	case crypto.SHA256:
		d := sha2.Sum256(content)
		return d[:]
	case crypto.SHA384:
		d := sha2.Sum384(content)
		return d[:]
	}
	d := sha2.Sum512(content)
	return d[:]
}

// signedContent returns what a CertificateVerify signs (Section 4.5.2).
func signedContent(fromServer bool, transcript []byte) []byte {
	role := "client"
	if fromServer {
		role = "server"
	}
	b := make([]byte, 64, 64+34+len(transcript))
	for i := range b {
		b[i] = ' '
	}
	b = append(b, "TLS 1.3, "...)
	b = append(b, role...)
	b = append(b, " CertificateVerify\x00"...)
	return append(b, transcript...)
}

// schemesFor returns the schemes that a certificate of this key can sign with.
func schemesFor(leaf *x509.Certificate, pub crypto.PublicKey) []tls.SignatureScheme {
	switch pub := pub.(type) {
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P256():
			return []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}
		case elliptic.P384():
			return []tls.SignatureScheme{tls.ECDSAWithP384AndSHA384}
		case elliptic.P521():
			return []tls.SignatureScheme{tls.ECDSAWithP521AndSHA512}
		}
	case ed25519.PublicKey:
		return []tls.SignatureScheme{tls.Ed25519}
	case *rsa.PublicKey:
		all := []tls.SignatureScheme{tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512}
		if leaf != nil && isPSSKey(leaf) {
			all = []tls.SignatureScheme{pssPSSWithSHA256, pssPSSWithSHA384, pssPSSWithSHA512}
		}
		// An encoded message has the hash, a salt of the same length and 2
		// bytes (RFC 8017, Section 9.1.1).
		n := 0
		for _, s := range all {
			if pub.Size() >= 2*hashOf(s).Size()+2 {
				all[n] = s
				n++
			}
		}
		return all[:n]
	}
	return nil
}

// signScheme chooses the scheme to sign with: the first that the peer wants and
// the certificate has.
func signScheme(cert *tls.Certificate, leaf *x509.Certificate, peer u16s) (tls.SignatureScheme, error) {
	signer, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return 0, fault(alertInternalError, "the certificate's private key is a %T, which cannot sign", cert.PrivateKey)
	}
	ours := schemesFor(leaf, signer.Public())
	if len(ours) == 0 {
		return 0, fault(alertInternalError, "no signature scheme for a certificate key of type %T", signer.Public())
	}
	if cert.SupportedSignatureAlgorithms != nil {
		ours = intersect(ours, cert.SupportedSignatureAlgorithms)
	}
	for i := range peer.len() {
		for _, s := range ours {
			if s == tls.SignatureScheme(peer.at(i)) {
				return s, nil
			}
		}
	}
	return 0, fault(alertHandshakeFailure, "no common signature scheme: the certificate has %v, the peer wants %v", ours, list[tls.SignatureScheme](peer))
}

// intersect returns the elements of a that are in b.
func intersect[T comparable](a, b []T) []T {
	var c []T
	for _, x := range a {
		for _, y := range b {
			if x == y {
				c = append(c, x)
				break
			}
		}
	}
	return c
}

// sign makes the signature of a CertificateVerify.
func (c *Config) sign(cert *tls.Certificate, s tls.SignatureScheme, content []byte) ([]byte, error) {
	h := hashOf(s)
	var sig []byte
	var err error
	if k := c.p256Signer(cert.PrivateKey); k != nil {
		sig, err = p256.SignASN1(c.rand(), k, digest(h, content))
	} else {
		var opts crypto.SignerOpts = h
		switch s {
		case tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512, pssPSSWithSHA256, pssPSSWithSHA384, pssPSSWithSHA512:
			opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
		}
		signer := cert.PrivateKey.(crypto.Signer) // signScheme has seen it
		if h == 0 {
			sig, err = signer.Sign(c.rand(), content, opts)
		} else {
			sig, err = signer.Sign(c.rand(), digest(h, content), opts)
		}
	}
	if err != nil {
		return nil, fault(alertInternalError, "signing with the certificate's key: %w", err)
	}
	return sig, nil
}

// verifySignature checks the signature of a CertificateVerify with the key of
// the leaf.
func verifySignature(leaf *x509.Certificate, s tls.SignatureScheme, content, sig []byte) error {
	ok, fits := false, false
	h := hashOf(s)
	switch s {
	case tls.ECDSAWithP256AndSHA256, tls.ECDSAWithP384AndSHA384, tls.ECDSAWithP521AndSHA512:
		pub, isECDSA := leaf.PublicKey.(*ecdsa.PublicKey)
		if !isECDSA {
			break
		}
		switch {
		case s == tls.ECDSAWithP256AndSHA256 && pub.Curve == elliptic.P256():
			fits = true
			k, err := p256.PublicFromECDSA(pub)
			ok = err == nil && p256.VerifyASN1(k, digest(h, content), sig)
		case s == tls.ECDSAWithP384AndSHA384 && pub.Curve == elliptic.P384(),
			s == tls.ECDSAWithP521AndSHA512 && pub.Curve == elliptic.P521():
			fits = true
			ok = ecdsa.VerifyASN1(pub, digest(h, content), sig)
		}
	case tls.Ed25519:
		if pub, isEd := leaf.PublicKey.(ed25519.PublicKey); isEd {
			fits = true
			ok = len(pub) == ed25519.PublicKeySize && ed25519.Verify(pub, content, sig)
		}
	case tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PSSWithSHA512:
		if pub, isRSA := leaf.PublicKey.(*rsa.PublicKey); isRSA {
			fits = true
			ok = verifyPSS(pub, h, content, sig)
		}
	case pssPSSWithSHA256, pssPSSWithSHA384, pssPSSWithSHA512:
		if pub := pssKey(leaf); pub != nil {
			fits = true
			ok = verifyPSS(pub, h, content, sig)
		}
	}
	if !fits {
		return fault(alertIllegalParameter, "CertificateVerify by %v with a certificate of %v", s, leaf.PublicKeyAlgorithm)
	}
	if !ok {
		return fault(alertDecryptError, "the signature of the CertificateVerify is wrong")
	}
	return nil
}

func verifyPSS(pub *rsa.PublicKey, h crypto.Hash, content, sig []byte) bool {
	return rsa.VerifyPSS(pub, h, digest(h, content), sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

// oidPSS is id-RSASSA-PSS (RFC 5756).
var oidPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// oidPSSDER is its encoding.
var oidPSSDER = []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}

func isPSSKey(leaf *x509.Certificate) bool {
	return leaf.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm && bytes.Contains(leaf.RawSubjectPublicKeyInfo, oidPSSDER)
}

// pssKey returns the RSA key of a certificate whose public key has the OID
// RSASSA-PSS, which crypto/x509 does not parse; nil for any other.
func pssKey(leaf *x509.Certificate) *rsa.PublicKey {
	if !isPSSKey(leaf) {
		return nil
	}
	s := cryptobyte.String(leaf.RawSubjectPublicKeyInfo)
	var spki, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	var bits asn1.BitString
	if !s.ReadASN1(&spki, cryptobyte_asn1.SEQUENCE) || !s.Empty() ||
		!spki.ReadASN1(&algorithm, cryptobyte_asn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidPSS) ||
		!spki.ReadASN1BitString(&bits) || !spki.Empty() {
		return nil
	}
	pub, err := x509.ParsePKCS1PublicKey(bits.RightAlign())
	if err != nil {
		return nil
	}
	return pub
}

// maxRSABits is the longest RSA key of a peer: beyond it, checking a signature
// takes long enough for a denial of service.
const maxRSABits = 8192

// checkLeaf refuses a leaf whose key must not, or cannot, sign a handshake
// (Section 4.5.1.2).
func checkLeaf(leaf *x509.Certificate) error {
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return fault(alertUnsupportedCertificate, "the key usage of the peer's certificate doesn't allow signatures")
	}
	pub, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		pub = pssKey(leaf)
	}
	switch leaf.PublicKey.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	}
	if pub == nil {
		return fault(alertUnsupportedCertificate, "the peer's certificate has a public key of a kind that isn't supported (%v)", leaf.PublicKeyAlgorithm)
	}
	if n := pub.N.BitLen(); n > maxRSABits {
		return fault(alertBadCertificate, "the peer's certificate has an RSA key of %d bits, more than %d", n, maxRSABits)
	}
	return nil
}

// parseChain parses the certificates of a peer.
func parseChain(entries []certificateEntry) ([]*x509.Certificate, error) {
	certs := make([]*x509.Certificate, len(entries))
	for i := range entries {
		c, err := parseCertificate(entries[i].data)
		if err != nil {
			return nil, fault(alertBadCertificate, "the peer's certificate number %d: %w", i+1, err)
		}
		certs[i] = c
	}
	return certs, nil
}

// verifyServer verifies a server's chain by the client's configuration and
// returns the verified chains, none if InsecureSkipVerify.
func (c *Config) verifyServer(certs []*x509.Certificate) ([][]*x509.Certificate, error) {
	if c.InsecureSkipVerify {
		return nil, nil
	}
	return c.verifyChain(certs, x509.VerifyOptions{
		Roots:       c.RootCAs,
		DNSName:     c.ServerName,
		CurrentTime: c.now(),
	})
}

// verifyClient is verifyServer for a client's chain.
func (c *Config) verifyClient(certs []*x509.Certificate) ([][]*x509.Certificate, error) {
	if c.ClientAuth < tls.VerifyClientCertIfGiven || len(certs) == 0 {
		return nil, nil
	}
	return c.verifyChain(certs, x509.VerifyOptions{
		Roots:       c.ClientCAs,
		CurrentTime: c.now(),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (c *Config) verifyChain(certs []*x509.Certificate, opts x509.VerifyOptions) ([][]*x509.Certificate, error) {
	if chains := c.chains.get(certs, opts); chains != nil {
		return chains, nil
	}
	if len(certs) > 1 {
		opts.Intermediates = x509.NewCertPool()
		for _, cert := range certs[1:] {
			opts.Intermediates.AddCert(cert)
		}
	}
	chains, err := certs[0].Verify(opts)
	if err != nil {
		return nil, verificationError(certs, opts, err)
	}
	c.chains.put(certs, opts, chains)
	return chains, nil
}

// A chainCache keeps what crypto/x509 has verified, since a third of the time of a
// handshake goes into the signature of a certificate that the same peer has shown
// before.
//
// What is kept of a verification does not change: that each certificate is signed
// by the next, up to one of the given roots (a pool only grows), and what
// extensions say. What may change is looked at each time: the time, and the name
// that is asked for. With the system's roots, which are not the program's to know,
// nothing is kept.
type chainCache struct {
	mu sync.Mutex
	m  map[chainKey]*verifiedChains
}

type chainKey struct {
	leaf  *x509.Certificate // parseCertificate returns the same one for the same DER
	usage x509.ExtKeyUsage
}

type verifiedChains struct {
	certs  []*x509.Certificate // as they came
	roots  *x509.CertPool
	chains [][]*x509.Certificate
}

// maxVerified is how many peers' chains a Config keeps.
const maxVerified = 128

func keyOf(certs []*x509.Certificate, opts x509.VerifyOptions) chainKey {
	k := chainKey{certs[0], x509.ExtKeyUsageServerAuth}
	if len(opts.KeyUsages) > 0 {
		k.usage = opts.KeyUsages[0]
	}
	return k
}

// get returns the chains of an earlier verification that hold now, or nil.
func (c *chainCache) get(certs []*x509.Certificate, opts x509.VerifyOptions) [][]*x509.Certificate {
	c.mu.Lock()
	v := c.m[keyOf(certs, opts)]
	c.mu.Unlock()
	if v == nil || v.roots != opts.Roots || !slices.Equal(v.certs, certs) {
		return nil
	}
	if opts.DNSName != "" && certs[0].VerifyHostname(opts.DNSName) != nil {
		return nil
	}
	var chains [][]*x509.Certificate
	for _, chain := range v.chains {
		if inTime(chain, opts.CurrentTime) {
			chains = append(chains, chain)
		}
	}
	return chains
}

func (c *chainCache) put(certs []*x509.Certificate, opts x509.VerifyOptions, chains [][]*x509.Certificate) {
	if opts.Roots == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxVerified {
		c.m = map[chainKey]*verifiedChains{}
	}
	c.m[keyOf(certs, opts)] = &verifiedChains{certs, opts.Roots, slices.Clone(chains)}
}

// inTime reports whether no certificate of a chain has expired or is of the
// future.
func inTime(chain []*x509.Certificate, now time.Time) bool {
	for _, c := range chain {
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			return false
		}
	}
	return true
}

// verificationError wraps an error of crypto/x509 as crypto/tls does, and adds
// to its text what a person would look up next.
func verificationError(certs []*x509.Certificate, opts x509.VerifyOptions, err error) error {
	alert := alertBadCertificate
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		alert = alertUnknownCA
		last := certs[len(certs)-1]
		err = fmt.Errorf("%w: none of the roots is the issuer %q of %q", err, last.Issuer, last.Subject)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		alert = alertCertificateExpired
		if cert := invalid.Cert; cert != nil {
			err = fmt.Errorf("%w: %q is valid from %s to %s", err, cert.Subject,
				cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339))
		}
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		alert = alertUnsupportedCertificate
	case errors.As(err, new(x509.HostnameError)):
		if names := certs[0].DNSNames; len(names) > 1 { // one name is in the text
			err = fmt.Errorf("%w (all names: %s)", err, strings.Join(names, ", "))
		}
	}
	return &localError{alert, &tls.CertificateVerificationError{UnverifiedCertificates: certs, Err: err}}
}

// stillValid reports whether a chain that was verified once would be verified
// again by opts: nothing in it has expired and its root is still trusted.
func stillValid(chains [][]*x509.Certificate, opts x509.VerifyOptions) bool {
	for _, chain := range chains {
		if len(chain) > 0 && chainValid(chain, opts) {
			return true
		}
	}
	return false
}

func chainValid(chain []*x509.Certificate, opts x509.VerifyOptions) bool {
	if !inTime(chain, opts.CurrentTime) {
		return false
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		// The platform's own verifier decides; nothing of it can be asked
		// separately.
		opts.Intermediates = x509.NewCertPool()
		for _, c := range chain[1:] {
			opts.Intermediates.AddCert(c)
		}
		_, err := chain[0].Verify(opts)
		return err == nil
	}
	// A root verifies, without any signature, if and only if it is in the pool.
	opts.DNSName = ""
	_, err := chain[len(chain)-1].Verify(opts)
	return err == nil
}

// certificates holds the parsed certificates that are in use somewhere, by their
// DER: peers send the same ones again and again. What is used nowhere is left to
// the garbage collector.
var certificates struct {
	sync.RWMutex
	m map[string]weak.Pointer[x509.Certificate]
}

func parseCertificate(der []byte) (*x509.Certificate, error) {
	certificates.RLock()
	c := certificates.m[string(der)].Value()
	certificates.RUnlock()
	if c != nil {
		return c, nil
	}
	key := string(der)
	c, err := x509.ParseCertificate([]byte(key)) // it keeps its input
	if err != nil {
		return nil, err
	}
	certificates.Lock()
	defer certificates.Unlock()
	if certificates.m == nil {
		certificates.m = map[string]weak.Pointer[x509.Certificate]{}
	}
	certificates.m[key] = weak.Make(c)
	runtime.AddCleanup(c, forgetCertificate, key)
	return c, nil
}

// forgetCertificate removes an entry whose certificate is gone.
func forgetCertificate(key string) {
	certificates.Lock()
	defer certificates.Unlock()
	if certificates.m[key].Value() == nil {
		delete(certificates.m, key)
	}
}

// leafOf returns the parsed leaf of a certificate of our own.
func leafOf(cert *tls.Certificate) (*x509.Certificate, error) {
	if cert.Leaf != nil {
		return cert.Leaf, nil
	}
	if len(cert.Certificate) == 0 {
		return nil, fault(alertInternalError, "a tls.Certificate without a certificate")
	}
	leaf, err := parseCertificate(cert.Certificate[0])
	if err != nil {
		return nil, fault(alertInternalError, "our own certificate: %w", err)
	}
	return leaf, nil
}

// p256Signer returns the key as a key of package p256, which is several times
// faster than crypto/ecdsa's, or nil if it is not one of that curve.
func (c *Config) p256Signer(key crypto.PrivateKey) *p256.PrivateKey {
	switch key := key.(type) {
	case *p256.PrivateKey:
		return key
	case *ecdsa.PrivateKey:
		if key.Curve != elliptic.P256() {
			return nil
		}
		if k, ok := c.signers.Load(key); ok {
			return k.(*p256.PrivateKey)
		}
		k, err := p256.FromECDSA(key)
		if err != nil {
			return nil // crypto/ecdsa shall say what is wrong
		}
		if c.signerCount.Add(1) <= maxSigners {
			c.signers.Store(key, k)
		}
		return k
	}
	return nil
}

// maxSigners is how many converted keys a Config keeps: GetCertificate may
// return a new one each time.
const maxSigners = 64
