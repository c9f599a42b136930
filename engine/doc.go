// Package engine is an embeddable HTTP/1.1 server: on Linux's epoll, and over any
// net.Conn, with TLS or without.
//
//	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
//		_ = w.SetHeader("Content-Type", "text/plain")
//		_, _ = w.WriteString("Hello, World!")
//	}), engine.Options{Addr: ":8080"})
//	err := srv.ListenAndServe()
//
// It joins three packages that know nothing of each other's business: conn, the
// protocol life of one connection, which touches no socket; timers, a wheel of
// deadlines, which reads no clock; and the system calls of internal/poll and
// internal/sock, which have not heard of HTTP. (internal/fence is what the
// watchdog and the loops meet by.)
//
//	         sockets                                         handlers
//	            │ readable, writable, ended                      ▲ │
//	┌───────────▼───────────┐  bytes   ┌──────────┐  request     │ │ answer
//	│ loop: poller, links,  ├─────────►│   conn   ├──────────────┘ │
//	│ wheel, inbox          │◄─────────┤  (pure)  │◄───────────────┘
//	└───────────▲───────────┘  output  └────┬─────┘
//	            │          deadline         │
//	            └── timers.Wheel ◄──────────┘
//
// # What a handler may rely on
//
// The requests of one connection are served one after the other, those of
// different connections at the same time. A Request, a Response and every
// []byte taken from them are valid until the handler returns; Request.Clone
// outlives it, Response.Detach lets an answer go on without its handler, and
// Response.Hijack takes the connection from the server. Reading a body and
// writing an answer stream through a bounded amount of memory: they wait when the
// peer is slow, and so does nobody else.
//
// # Who runs a handler
//
// A server has a few loops and a crew of runners, which are goroutines. A loop
// is no goroutine: it is a baton, held by one runner at a time, who polls,
// reads, parses and, on the same goroutine, runs handlers. That costs no
// wake-up. Before the holder blocks it passes the baton on and goes on as a
// worker that owns nothing but its own connection:
//
//	ModeAdaptive   the default: the baton is passed when the engine's own calls
//	               would block, and taken by a watchdog from a handler that has
//	               held it for about a millisecond. A loop whose handlers keep
//	               doing so gives requests to workers first, for a time that
//	               doubles while that goes on
//	ModeInline     no watchdog: handlers promise not to block by other means
//	ModePooled     every request goes to a worker
//
// Inline and Pooled wrap a handler that is to choose for itself. Workers are
// bounded, and so is the queue before them; beyond it a request is answered
// with 503.
//
// # Who owns a connection
//
// A link is a connection's socket and its conn.Conn. It is owned by its loop or
// by one worker, told by one atomic word:
//
//	word        owner        an event, a timer, a shutdown
//	0           the loop     is acted on at once
//	owned       a worker     is noted in the word; the worker acts on it when
//	                         it waits, or when it gives the link back
//	owned,      a worker     is noted in the word, and wakes it
//	  parked    that waits
//
// Giving back is a compare-and-swap from owned to 0, which fails if anything
// was noted, so nothing is lost and no lock is taken. A token with a generation
// keeps an event of a closed connection from its descriptor's next user.
//
// # Other carriers
//
// What has no socket that a loop could watch (TLS, a listener of the user's own),
// and everything with TransportNet, is carried by a stream: the same conn, rules,
// limits and counters, driven by a goroutine for each connection, which runs the
// handlers too. A carrier moves the bytes (package internal/carrier is the
// contract):
//
//	wire     a socket, waited for in the runtime's poller: no buffer while idle
//	pipe     any other net.Conn, by its methods alone
//	secured  TLS over one of these
//	tlsPipe  a *tls.Conn of the program's own, as tls.NewListener makes them
//
// What differs: Dispatch.Mode has no say, only Workers and Queue have. A peer's end
// is seen while a handler runs if that has asked for its context, and only until
// the peer has sent a buffer of further requests (pipe: 8 KiB, wire: 64 KiB). While
// a Detached has something unsent, a goroutine sends it. A stream that is not read
// from for want of memory is seen to end (pipe: unless the peer has sent more before
// that). Code of the program's own, behind a pipe, may wait: it holds up its own
// connection and no other. Linger needs a connection
// that can be closed in one direction (CloseWrite); others are closed at once.
//
// An adapter of an event library drives a stream without a goroutine of its own:
// see package internal/carrier. There is one for cloudwego/netpoll (package
// engine/netpoll), which is what serves TCP by default on macOS and FreeBSD.
//
// # How a connection ends
//
// For exactly one reason (conn.Reason), which Stats counts. After the last
// answer our side is ended first, and what still comes is discarded until the
// peer has ended too, within CloseOptions: closing at once would make the peer's
// system throw the answer away.
//
// CONNECTIONS.md tells the whole life of a connection: each stage, its option, its
// default, and the reason for that.
//
// Server.Drain, and Shutdown, which is Drain without its report, end all of them:
//
//	notice   Hooks.Draining is called and Draining tells true, for health checks;
//	         for Close.Notice everything goes on as before
//	order    no listener any more; all that has been received is answered, the last
//	         answer of each connection says "Connection: close"; idle ones are kept
//	         for Close.Hold; peers that are silent are lingered for no longer than
//	         Close.DrainLinger
//	cut      what is left when the context ends is closed, and counted by what it
//	         was doing
//
// # Map
//
//	server.go            Server: New; what ends when
//	shutdown.go          Drain, Shutdown, Close: notice, order, cut
//	drainreport.go       … and what became of the connections
//	stats.go, state.go   Stats, and what connections do now
//	counts.go            … as JSON
//	hooks.go, record.go  Hooks: what they are told, and of requests
//	epoll_linux.go       what it has of event loops
//	serve.go             Serve, ListenAndServe, ServeConn: sockets to listen on
//	serve_netpoll.go     … who watches them on macOS and FreeBSD
//	serve_linux.go       … their options, and who is watched by loops
//	transport.go         Transport: what carries connections
//	tls.go               ServeTLS, the handshake
//	certificate.go       … files of a certificate, read again when they change
//	options.go           Options
//	resolve.go           … their check, their defaults, and what conn is told
//	handler.go           Handler; one call of one, and its end
//	request.go           Request, Body
//	lookup.go            … parameters, cookies, fields in several lines
//	hopbyhop.go          which fields a proxy forwards
//	context.go           a request's context, and why it ends
//	response.go          Response
//	reply.go             … whole answers: Error, Redirect; Reset
//	hijack.go            Response.Hijack: the connection is the handler's
//	hijack_linux.go      … and how a runner lets go of it
//	detached.go          Detached: an answer that goes on after its handler
//	detachedlink_linux.go  … and what a link does for it
//	connection.go        what a transport does for a handler
//	carry_linux.go       … and how a runner does it
//	streams.go           what a server has of streams
//	attach.go            … and what adapters see of it
//	acceptor.go          accepting them
//	stream.go            stream: who owns it, its turns
//	streamhandler.go     … how it runs a handler
//	streamsend.go        … how it sends, and what goes on meanwhile
//	streamdetached.go    … what it does for a Detached
//	alarm.go             timers of streams without a goroutine
//	gate.go              how many handlers of streams are at work
//	wire.go, pipe.go, secured.go, tlspipe.go   carriers
//	loop_linux.go        loop: a round, messages from others, timers
//	admission.go         which connections are served: limits in all and by client
//	descriptors_unix.go  … and by the descriptors that there are
//	listener_linux.go    accepting, refusing, and resting when there is no room
//	listenerend.go, listenerend_linux.go   ending one so that nobody is reset
//	portgroup_linux.go   … and so that its SO_REUSEPORT group loses no SYN
//	unixfile.go          … and so that a successor's Unix socket keeps its file
//	listenercut_linux.go ending a listener whose loop a handler holds
//	pressure_linux.go    which idle connections give way when room runs short
//	streamshed.go        … and streams
//	oldest.go            … which of all have been idle longest
//	listenoptions.go, listenoptions_linux.go   options of listening sockets
//	link_linux.go        link: ownership and notes
//	linktable_linux.go   where a loop keeps its links
//	runner_linux.go      runner: its jobs, and what can be done with a link now
//	handler_linux.go     … how it runs a handler, with its loop put down meanwhile
//	transfer_linux.go    … how it receives and sends
//	crew_linux.go        the runners at rest and the jobs that wait
//	baton_linux.go       the baton, and a loop's memory of slow handlers
//	watchdog_linux.go    who takes the baton
//	debug.go             what becomes of those who use what is void
//	pace.go              how long handlers take, and so whether answers are gathered
//	budget.go            the memory budget
//	bufferpool.go        buffers that runners read into
//	clock.go             the only clock, and the Date field
//	queue.go             first in, first out
//	memory/              connections within the process, for tests
//	static/              a handler for the files of a folder
package engine
