// Package sock is the system calls that the event loops make on non-blocking
// sockets, one function for each.
//
// They go to the kernel without telling Go's scheduler, because none of them
// can block; SendFile does tell it, since a file may have to come from a disk.
// All of them start over after EINTR. A result of EAGAIN is an ordinary one:
// wait for the next edge.
package sock
