package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
)

const (
	fileGet = "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n"
	// discardBytes are thrown away in one system call.
	discardBytes = 1 << 20
)

// download keeps connections downloading /file until input ends, and then prints how many bytes came. The content is
// dropped by the kernel (tcp(7), MSG_TRUNC), so that the reader is as fast as it can be.
func download(addr string, connections int, input io.Reader, output io.Writer) error {
	var total atomic.Int64
	failed := make(chan error, connections+1)
	for range connections {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		go func() { failed <- downloadAll(conn.(*net.TCPConn), &total) }()
	}
	go func() {
		_, err := io.Copy(io.Discard, input)
		failed <- err
	}()
	if err := <-failed; err != nil {
		return err
	}
	_, err := fmt.Fprintln(output, total.Load())
	return err
}

func downloadAll(conn *net.TCPConn, total *atomic.Int64) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	for {
		if _, err := io.WriteString(conn, fileGet); err != nil {
			return err
		}
		in.Reset(conn)
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK || answer.ContentLength < 0 {
			return errors.New("the answer is not the file: " + answer.Status)
		}
		withHead := int64(in.Buffered())
		total.Add(withHead)
		left := answer.ContentLength - withHead
		for left > 0 {
			n, err := discard(raw, min(left, discardBytes))
			if err != nil {
				return err
			}
			left -= n
			total.Add(n)
		}
	}
}

// trash is never written to: the kernel only wants to know how much it may drop.
var trash [discardBytes]byte

// discard drops up to n bytes of what the socket has received, and waits until there are some.
func discard(raw syscall.RawConn, n int64) (dropped int64, err error) {
	waitErr := raw.Read(func(fd uintptr) bool {
		var k int
		k, _, err = syscall.Recvfrom(int(fd), trash[:n], syscall.MSG_TRUNC|syscall.MSG_DONTWAIT)
		dropped = int64(k)
		return !errors.Is(err, syscall.EAGAIN)
	})
	switch {
	case waitErr != nil:
		return 0, waitErr
	case err != nil:
		return 0, err
	case dropped == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return dropped, nil
}
