// Package poll is the event loops' view of the operating system's readiness
// notification. Its whole contract:
//
//	p, err := poll.Open()
//	p.Add(fd, token, poll.Edge)   once for each socket; poll.Level for listeners
//	n, err := p.Wait(events, t)   parks the goroutine until something is ready,
//	                              Wake was called, or t has passed; no thread waits
//	p.Wake()                      from any goroutine: the present or next Wait returns
//	p.Close()                     no Wait may be under way
//
// A closed descriptor leaves the poller by itself. An event may be stale: it
// carries the token that Add was given, and the owner of the token decides
// whether it still means anything.
//
// A Sleeper sleeps by a timer of the kernel's: see there when that is cheaper.
//
// How it works: the epoll descriptor is itself pollable, so it is put under
// the poller of Go's runtime. A loop that waits is then an ordinary parked
// goroutine, and the non-blocking calls that loops make need not tell the
// scheduler. This measured faster than epoll_wait blocking in a thread.
package poll
