//go:build !linux

package engine

import (
	"net"
	"syscall"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// rawSockets says that the functions below work. Elsewhere a net.Conn is used by
// its methods.
const rawSockets = false

func rawReceive(int, []byte) (int, syscall.Errno) { return 0, syscall.ENOTSUP }

func rawEnded(uintptr) bool { return true }

func rawSend(int, *conn.Output) (int, syscall.Errno) { return 0, syscall.ENOTSUP }

func unacknowledged(net.Conn) (int64, error) { return 0, nil }

func rawSendFile(int, carrier.File, int64, int) (int, syscall.Errno) { return 0, syscall.ENOTSUP }
