package sock

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestAddr: what the kernel gives is what users get.
func TestAddr(t *testing.T) {
	if size := unsafe.Sizeof(Addr{}); size != 20 {
		t.Errorf("%d bytes", size)
	}
	for _, c := range []struct {
		ip    string
		scope uint32
		want  string
	}{
		{"2001:db8::1", 0, "[2001:db8::1]:8080"},
		{"2001:db8::1", 7, "[2001:db8::1]:8080"},
		{"::ffff:192.0.2.1", 0, "192.0.2.1:8080"},
		{"::ffff:169.254.0.1", 7, "169.254.0.1:8080"},
		{"fe80::1:2:3:4", 7, "[fe80::1:2:3:4%7]:8080"},
		{"fe80::1", 70000, "[fe80::1%70000]:8080"},
		{"fe80::1", 0, "[fe80::1]:8080"},
		{"fe80:0:1::1", 7, "[fe80:0:1::1]:8080"},
	} {
		var sa unix.RawSockaddrAny
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(&sa))
		in.Family, in.Addr, in.Scope_id = unix.AF_INET6, netip.MustParseAddr(c.ip).As16(), c.scope
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&in.Port))[:], 8080)
		if got := addrOf(&sa).AddrPort(); got.String() != c.want {
			t.Errorf("%s of interface %d: %v, want %s", c.ip, c.scope, got, c.want)
		}
	}
	if got := addrOf(&unix.RawSockaddrAny{Addr: unix.RawSockaddr{Family: unix.AF_UNIX}}).AddrPort(); got.IsValid() {
		t.Errorf("a Unix socket: %v", got)
	}
}
