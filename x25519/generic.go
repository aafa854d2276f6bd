package x25519

import "crypto/ecdh"

// ecdhGeneric computes the shared secret with crypto/ecdh.
func (k *PrivateKey) ecdhGeneric(secret *[KeySize]byte, peer *PublicKey) ([]byte, error) {
	std := peer.std
	if std == nil {
		var err error
		if std, err = ecdh.X25519().NewPublicKey(peer.key[:]); err != nil {
			return nil, err
		}
	}
	b, err := k.std.ECDH(std)
	if err != nil {
		return nil, errLowOrder // its only error
	}
	copy(secret[:], b)
	clear(b)
	return secret[:], nil
}
