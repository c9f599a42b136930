package conformance

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/selfsigned"
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
	certificate, key, err := selfsigned.PEM("127.0.0.1")
	if err != nil {
		return identity{}, err
	}
	id := identity{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()}
	id.roots.AppendCertsFromPEM(certificate)
	return id, errors.Join(os.WriteFile(id.certFile, certificate, 0o600), os.WriteFile(id.keyFile, key, 0o600))
})

// serveTLS is serveTCP with TLS: what is sent is the same, and so is what comes.
func serveTLS(srv *engine.Server) (func() (connection, error), chan error, error) {
	return secureBy(func(ln net.Listener, id identity) error { return srv.ServeTLS(ln, id.certFile, id.keyFile) })
}

// serveTLSListener is serveTLS with a listener of the program's own.
func serveTLSListener(srv *engine.Server) (func() (connection, error), chan error, error) {
	return secureBy(func(ln net.Listener, id identity) error {
		pair, err := tls.LoadX509KeyPair(id.certFile, id.keyFile)
		if err != nil {
			return err
		}
		return srv.Serve(tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}}))
	})
}

func secureBy(serve func(net.Listener, identity) error) (func() (connection, error), chan error, error) {
	id, err := ownIdentity()
	if err != nil {
		return nil, nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	served := make(chan error, 1)
	go func() { served <- serve(ln, id) }()
	addr := ln.Addr().String()
	return func() (connection, error) {
		d := &net.Dialer{Timeout: patience}
		return tls.DialWithDialer(d, "tcp", addr, &tls.Config{RootCAs: id.roots})
	}, served, nil
}
