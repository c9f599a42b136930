package conn_test

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// A connection is driven by hand: a request comes in two pieces, its handler
// echoes the content, and the peer ends the connection.
func Example() {
	cfg := conn.DefaultConfig()
	now := time.Duration(0) // since any epoch
	var c conn.Conn
	c.Init(&cfg, now)

	drive := func() {
		for again := true; again; {
			switch e := c.Next(now); e {
			case conn.Requested:
				fmt.Printf("requested: %s %s\n", c.Request().Method(), c.Request().Path())
				for {
					b, err := c.Body(now)
					if err == io.EOF {
						break
					}
					_, _ = c.Write(b)
					c.Consume(len(b))
				}
				_ = c.End(now)
			case conn.NeedInput:
				again = false
			case conn.Close:
				fmt.Println("close:", c.Reason())
				again = false
			}
		}
		if o := c.Output(); o.Len() > 0 {
			fmt.Print(strings.ReplaceAll(string(o.Head), "\r\n", "\n"), "\n")
			c.Sent(now, o.Len())
		}
		c.Release()
	}

	c.Receive(now, []byte("POST /echo HTTP/1.1\r\nHost: a.exam"))
	drive()
	when, kind := c.Deadline()
	fmt.Println("waiting for the rest of the", kind, "until", when)
	c.Receive(now, []byte("ple\r\nContent-Length: 5\r\n\r\nhello"))
	drive()
	c.ReceiveEnd(now)
	drive()

	// Output:
	// waiting for the rest of the head until 20s
	// requested: POST /echo
	// HTTP/1.1 200 OK
	// Content-Length: 5
	//
	// hello
	// close: peer closed
}

// answer has a connection answer one request by h and prints what is sent.
func answer(request string, h func(c *conn.Conn)) {
	cfg := conn.DefaultConfig()
	var c conn.Conn
	c.Init(&cfg, 0)
	c.Receive(0, []byte(request))
	if e := c.Next(0); e == conn.Requested {
		h(&c)
	}
	for c.Unsent() {
		o := c.Output()
		if o.Len() != int64(len(o.Head)) {
			fmt.Printf("%s[%d bytes of a file]%s\n", lines(o.Head), o.File, lines(o.Tail))
		} else {
			fmt.Print(lines(o.Head))
		}
		c.Sent(0, o.Len())
	}
}

func lines(b []byte) string { return strings.ReplaceAll(string(b), "\r\n", "\n") }

// Content that leaves before its length is known is chunked, and may be
// followed by a trailer section.
func ExampleConn_Flush() {
	answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(c *conn.Conn) {
		_ = c.Header().Set("Trailer", "Checksum")
		_, _ = c.Write([]byte("one"))
		_ = c.Flush()
		_, _ = c.Write([]byte("two"))
		_ = c.ResponseTrailer().Set("Checksum", "42")
		_ = c.End(0)
	})
	// Output:
	// HTTP/1.1 200 OK
	// Trailer: Checksum
	// Transfer-Encoding: chunked
	//
	// 3
	// one
	// 3
	// two
	// 0
	// Checksum: 42
}

// A file leaves by the driver's own way; the connection only counts.
func ExampleConn_WriteFile() {
	answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(c *conn.Conn) {
		_ = c.WriteFile(1 << 20)
		_ = c.End(0)
	})
	// Output:
	// HTTP/1.1 200 OK
	// Content-Length: 1048576
	//
	// [1048576 bytes of a file]
}

// An informational answer goes before the final one.
func ExampleConn_Informational() {
	answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(c *conn.Conn) {
		var hints conn.Header
		_ = hints.Set("Link", "</style.css>; rel=preload")
		_ = c.Informational(103, &hints)
		_ = c.SetStatus(204)
		_ = c.End(0)
	})
	// Output:
	// HTTP/1.1 103 Early Hints
	// Link: </style.css>; rel=preload
	//
	// HTTP/1.1 204 No Content
}

// A draining connection answers the request under way and says that it ends.
func ExampleConn_Drain() {
	answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(c *conn.Conn) {
		c.Drain(0, 0)
		_ = c.End(0)
	})
	// Output:
	// HTTP/1.1 200 OK
	// Content-Length: 0
	// Connection: close
}

// A value can't end its line.
func ExampleHeader_Set() {
	var h conn.Header
	fmt.Println(h.Set("Location", "/\r\nSet-Cookie: a=b"))
	fmt.Println(h.Len())
	// Output:
	// conn: misuse: a field value must not hold CR, LF, NUL or another control character (RFC 9110 §5.5)
	// 0
}
