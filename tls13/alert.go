package tls13

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/sealane/sealane/tls13/record"
)

// The alerts of RFC 9846, Section 6, that this package sends or tells apart, by the
// names that it gives them. See package record for its own.
const (
	alertCloseNotify                  tls.AlertError = 0
	alertUnexpectedMessage            tls.AlertError = 10
	alertHandshakeFailure             tls.AlertError = 40
	alertBadCertificate               tls.AlertError = 42
	alertUnsupportedCertificate       tls.AlertError = 43
	alertCertificateExpired           tls.AlertError = 45
	alertIllegalParameter             tls.AlertError = 47
	alertUnknownCA                    tls.AlertError = 48
	alertDecodeError                  tls.AlertError = 50
	alertDecryptError                 tls.AlertError = 51
	alertProtocolVersion              tls.AlertError = 70
	alertInternalError                tls.AlertError = 80
	alertUserCanceled                 tls.AlertError = 90
	alertMissingExtension             tls.AlertError = 109
	alertUnsupportedExtension         tls.AlertError = 110
	alertUnrecognizedName             tls.AlertError = 112
	alertBadCertificateStatusResponse tls.AlertError = 113
	alertCertificateRequired          tls.AlertError = 116
	alertNoApplicationProtocol        tls.AlertError = 120
)

// Levels of alerts (Section 6). Only what is sent matters.
const (
	levelWarning = 1
	levelFatal   = 2
)

// A localError is a fault that this side has found, with the alert that the peer
// is told.
type localError struct {
	alert tls.AlertError
	err   error
}

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// fault returns a localError. A format that ends in %w wraps.
func fault(alert tls.AlertError, format string, args ...any) error {
	return &localError{alert, fmt.Errorf("tls13: "+format, args...)}
}

// alertFor returns the alert that tells the peer of err.
func alertFor(err error) tls.AlertError {
	if l, ok := errors.AsType[*localError](err); ok {
		return l.alert
	}
	if r, ok := errors.AsType[*record.AlertError](err); ok {
		return tls.AlertError(r.Alert)
	}
	return alertInternalError
}

// remoteError is the error of an alert that came in.
func remoteError(alert tls.AlertError) error {
	return &net.OpError{Op: "remote error", Err: alert}
}
