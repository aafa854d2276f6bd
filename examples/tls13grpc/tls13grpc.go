// Package tls13grpc shows how gRPC runs over package tls13: it implements
// [credentials.TransportCredentials]. Copy it; it is no part of a module that is
// meant to be imported, since that would require gRPC of everybody.
//
// Its values may be used by several goroutines at once.
package tls13grpc

import (
	"context"
	"fmt"
	"net"
	"slices"

	"google.golang.org/grpc/credentials"

	"github.com/sealane/sealane/tls13"
)

type transport struct {
	config *tls13.Config
}

// New returns credentials for clients and servers with the given Config. gRPC is
// HTTP/2: if config.NextProtos lacks "h2", it is added. A nil config stands for a
// zero one.
func New(config *tls13.Config) credentials.TransportCredentials {
	if config == nil {
		config = new(tls13.Config)
	}
	if !slices.Contains(config.NextProtos, "h2") {
		config = config.Clone()
		config.NextProtos = append(slices.Clone(config.NextProtos), "h2")
	}
	return &transport{config: config}
}

// ClientHandshake runs the handshake of a client. The server's name is that of
// the authority, unless the Config has one.
func (t *transport) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config := t.config
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(authority)
		if err != nil {
			host = authority // it has no port
		}
		config = config.Clone()
		config.ServerName = host
	}
	return handshake(ctx, tls13.Client(raw, config))
}

// ServerHandshake runs the handshake of a server.
func (t *transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return handshake(context.Background(), tls13.Server(raw, t.config))
}

func handshake(ctx context.Context, c *tls13.Conn) (net.Conn, credentials.AuthInfo, error) {
	if err := c.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, nil, err
	}
	state := c.ConnectionState()
	if state.NegotiatedProtocol != "h2" {
		c.Close()
		return nil, nil, fmt.Errorf("tls13grpc: the peer has not negotiated HTTP/2 but %q", state.NegotiatedProtocol)
	}
	return c, credentials.TLSInfo{
		State:          state,
		CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity},
	}, nil
}

// Info describes the protocol.
func (t *transport) Info() credentials.ProtocolInfo {
	//lint:ignore SA1019 gRPC itself still reads ServerName.
	return credentials.ProtocolInfo{SecurityProtocol: "tls", ServerName: t.config.ServerName}
}

// Clone returns a copy, which OverrideServerName may change.
func (t *transport) Clone() credentials.TransportCredentials {
	return &transport{config: t.config.Clone()}
}

// OverrideServerName sets the name that the server's certificate must have.
// gRPC has deprecated it in favour of grpc.WithAuthority.
func (t *transport) OverrideServerName(name string) error {
	t.config.ServerName = name
	return nil
}
