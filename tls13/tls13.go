package tls13

import (
	"context"
	"errors"
	"net"
	"strings"
)

// Dial connects to an address and runs the handshake; see [net.Dial] for network
// and addr. If config has no ServerName, the host of addr is it. A nil config
// stands for a zero one.
func Dial(network, addr string, config *Config) (*Conn, error) {
	return DialContext(context.Background(), network, addr, config)
}

// DialContext is Dial with a context that limits connecting and the handshake.
func DialContext(ctx context.Context, network, addr string, config *Config) (*Conn, error) {
	return dial(ctx, new(net.Dialer), network, addr, config)
}

// DialWithDialer is Dial with a dialer, whose timeout and deadline limit both
// connecting and the handshake.
func DialWithDialer(dialer *net.Dialer, network, addr string, config *Config) (*Conn, error) {
	return dial(context.Background(), dialer, network, addr, config)
}

func dial(ctx context.Context, dialer *net.Dialer, network, addr string, config *Config) (*Conn, error) {
	if dialer.Timeout != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, dialer.Timeout)
		defer cancel()
	}
	if !dialer.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, dialer.Deadline)
		defer cancel()
	}
	raw, err := dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if config == nil {
		config = new(Config)
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = hostOf(addr)
	}
	c := Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}

// hostOf returns addr without its port.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host, _, _ = strings.Cut(addr, ":")
	}
	return host
}

// A Dialer dials with a fixed Config. It may be used by several goroutines at
// once.
type Dialer struct {
	// NetDialer connects; nil stands for a zero one.
	NetDialer *net.Dialer
	// Config is used as by Dial.
	Config *Config
}

// DialContext connects to an address and runs the handshake. The connection is
// a *Conn.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := d.NetDialer
	if dialer == nil {
		dialer = new(net.Dialer)
	}
	c, err := dial(ctx, dialer, network, addr, d.Config)
	if err != nil {
		return nil, err // not a nil *Conn in an interface
	}
	return c, nil
}

type listener struct {
	net.Listener
	config *Config
}

// Accept returns the next connection, a *Conn, before its handshake.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Server(c, l.config), nil
}

// NewListener returns a listener whose connections are servers' sides over those
// of inner. config must have a certificate, from Certificates, GetCertificate or
// GetConfigForClient.
func NewListener(inner net.Listener, config *Config) net.Listener {
	return &listener{inner, config}
}

// Listen is NewListener over [net.Listen]. A config without any certificate is an
// error.
func Listen(network, addr string, config *Config) (net.Listener, error) {
	if config == nil || len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil {
		return nil, errors.New("tls13: Listen without Certificates, GetCertificate and GetConfigForClient in the Config")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return nil, err
	}
	return NewListener(l, config), nil
}
