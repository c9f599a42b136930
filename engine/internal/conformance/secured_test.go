package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// identity is a certificate for this host, and what trusts it.
type identity struct {
	certFile, keyFile string
	roots             *x509.CertPool
}

var ownIdentity = sync.OnceValues(func() (identity, error) {
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return identity{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "conformance"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return identity{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return identity{}, err
	}
	id := identity{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	id.roots.AppendCertsFromPEM(text)
	return id, errors.Join(
		os.WriteFile(id.certFile, text, 0o600),
		os.WriteFile(id.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	)
})

// serveTLS is serveTCP with TLS: what is sent is the same, and so is what comes.
func serveTLS(srv *engine.Server) (func() (connection, error), chan error, error) {
	id, err := ownIdentity()
	if err != nil {
		return nil, nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	served := make(chan error, 1)
	go func() { served <- srv.ServeTLS(ln, id.certFile, id.keyFile) }()
	addr := ln.Addr().String()
	return func() (connection, error) {
		d := &net.Dialer{Timeout: patience}
		return tls.DialWithDialer(d, "tcp", addr, &tls.Config{RootCAs: id.roots})
	}, served, nil
}
