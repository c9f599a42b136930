package sock

import (
	"bytes"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSendFileUnmapped: a file that sendfile(2) does not take arrives all the same.
func TestSendFileUnmapped(t *testing.T) {
	const path = "/proc/self/cmdline" // EINVAL, on Linux from 5.10 on
	want, err := os.ReadFile(path)
	if err != nil {
		t.Skip(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0]) //nolint:errcheck // nothing is lost
	defer unix.Close(fds[1]) //nolint:errcheck // nothing is lost
	for _, send := range []func(int, int, *int64, int) (int, Errno){SendFile, copyFile} {
		offset, count := int64(2), len(want)-2
		for count > 0 {
			n, errno := send(fds[0], int(f.Fd()), &offset, count)
			if n <= 0 || errno != 0 {
				t.Fatal(n, errno)
			}
			count -= n
		}
		if offset != int64(len(want)) {
			t.Errorf("offset %d after %d bytes", offset, len(want))
		}
		if n, errno := send(fds[0], int(f.Fd()), &offset, 1); n != 0 || errno != 0 {
			t.Errorf("behind the end: %d, %v", n, errno)
		}
		got := make([]byte, len(want))
		n, err := unix.Read(fds[1], got)
		if err != nil || !bytes.Equal(got[:n], want[2:]) {
			t.Errorf("%q, %v; want %q", got[:n], err, want[2:])
		}
	}
}

// TestCopyFileInPieces: what a socket does not take is sent by a later call.
func TestCopyFileInPieces(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), 100_000)
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(want); err != nil {
		t.Fatal(err)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0]) //nolint:errcheck // nothing is lost
	var got []byte
	piece := make([]byte, 50_000)
	for offset := int64(0); len(got) < len(want); {
		before := offset
		n, errno := copyFile(fds[0], int(f.Fd()), &offset, len(want)-int(offset))
		if errno != 0 && (errno != EAGAIN || n != 0) || offset != before+int64(n) {
			t.Fatal(n, errno, before, offset)
		}
		k, err := unix.Read(fds[1], piece)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, piece[:k]...)
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes have arrived")
	}
	_ = unix.Close(fds[1])
	offset := int64(0)
	if n, errno := copyFile(fds[0], int(f.Fd()), &offset, len(want)); n != 0 || errno != unix.EPIPE {
		t.Errorf("to nobody: %d, %v", n, errno)
	}
}

// TestUnacknowledgedUnknown: a system that doesn't tell is no broken connection.
func TestUnacknowledgedUnknown(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, errno := Unacknowledged(int(f.Fd())); n != -1 || errno != 0 {
		t.Errorf("of a file: %d, %v", n, errno)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		if n, errno := Unacknowledged(int(fd)); n != 0 || errno != 0 {
			t.Errorf("of a socket: %d, %v", n, errno)
		}
	})
}
