// Package carriage is the choice of a transport by a flag of the examples.
package carriage

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/netpoll"
)

// Usage is what a flag for it says.
const Usage = "what carries connections: epoll, net, netpoll, or tls (with a certificate made at the start); empty: the system's best"

// Choice is a transport that was chosen.
type Choice struct {
	addr             string
	secured, netpoll bool
}

// Choose sets the options up for a transport; empty: the default.
func Choose(o *engine.Options, name string) (Choice, error) {
	switch name {
	case "":
		return Choice{}, nil
	case "netpoll":
		return Choice{addr: o.Addr, netpoll: true}, nil
	case "tls":
		certificate, err := selfSigned()
		o.TLS.Config = &tls.Config{Certificates: []tls.Certificate{certificate}}
		return Choice{secured: true}, err
	}
	return Choice{}, o.Listen.Transport.UnmarshalText([]byte(name))
}

// Scheme is that of the server's URLs.
func (c Choice) Scheme() string {
	if c.secured {
		return "https"
	}
	return "http"
}

// ListenAndServe is the server's method for the transport.
func (c Choice) ListenAndServe(srv *engine.Server) error {
	switch {
	case c.secured:
		return srv.ListenAndServeTLS("", "")
	case c.netpoll:
		return netpoll.ListenAndServe(srv, c.addr)
	}
	return srv.ListenAndServe()
}

// Serve is the server's method for the transport.
func (c Choice) Serve(srv *engine.Server, ln net.Listener) error {
	switch {
	case c.secured:
		return srv.ServeTLS(ln, "", "")
	case c.netpoll:
		return netpoll.Serve(srv, ln)
	}
	return srv.Serve(ln)
}

// selfSigned makes a certificate for this machine that lasts for a day.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
