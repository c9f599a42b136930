package selfsigned

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

func TestPEM(t *testing.T) {
	certificate, key, err := PEM("localhost", "127.0.0.1", "::1")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "[::1]": true, "example.org": false, "127.0.0.2": false} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); (err == nil) != want {
			t.Errorf("%s: %v", host, err)
		}
	}
}
