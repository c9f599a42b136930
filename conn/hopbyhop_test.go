package conn

import "testing"

func TestHopByHop(t *testing.T) {
	for name, want := range map[string]bool{
		"Connection": true, "connection": true, "Proxy-Connection": true, "Keep-Alive": true, "TE": true, "tE": true,
		"Transfer-Encoding": true, "Upgrade": true, "Proxy-Authorization": true, "Proxy-Authenticate": true,
		"Proxy-Authentication-Info": true,

		"Trailer": false, "Content-Length": false, "Expect": false, "Host": false, "Via": false, "Max-Forwards": false,
		"Authorization": false, "Cookie": false, "": false, "T": false, "TF": false, "Keep-Alivf": false, "Upgraded": false,
		"Set-Cookies": false, "Content-Encoding-": false,
	} {
		if HopByHop(name) != want || HopByHop([]byte(name)) != want {
			t.Errorf("%q: hop by hop %t", name, !want)
		}
	}
}

func TestConnectionNames(t *testing.T) {
	for _, row := range []struct {
		value, name string
		want        bool
	}{
		{"X-A", "x-a", true}, {"x-a", "X-A", true}, {"close, X-A", "X-A", true}, {"X-A,close", "X-A", true},
		{" , ,\tX-A\t ,", "X-A", true}, {"X-AB", "X-A", false}, {"X-A X-B", "X-A", false}, {"", "X-A", false},
		{",", "X-A", false}, {"keep-alive", "Keep-Alive", true}, {"X-B, X-C", "X-A", false}, {"@", "`", false},
	} {
		if ConnectionNames(row.value, row.name) != row.want || ConnectionNames([]byte(row.value), []byte(row.name)) != row.want {
			t.Errorf("%q names %q: %t", row.value, row.name, !row.want)
		}
	}
}
