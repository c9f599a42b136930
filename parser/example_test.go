package parser_test

import (
	"fmt"

	"github.com/pollard-go/pollard/parser"
)

var limits = parser.Limits{RequestLine: 8 << 10, FieldLine: 8 << 10, Head: 64 << 10, Fields: 100}

func ExampleRequest_Parse() {
	received := "GET /search?q=trees HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n"
	var r parser.Request
	var buf []byte
	for len(received) > 0 {
		// The connection reads a little more.
		size := min(20, len(received))
		buf, received = append(buf, received[:size]...), received[size:]
		n, err := r.Parse(buf, &limits)
		if err != nil {
			fmt.Println(err.Status, err)
			return
		}
		if n == 0 {
			fmt.Println("need more than", len(buf))
			continue
		}
		fmt.Printf("%d bytes: %s %s, query %s, HTTP/1.%d\n", n, r.Method(), r.Path(), r.Query(), r.Minor())
	}
	// Output:
	// need more than 20
	// need more than 40
	// need more than 60
	// 64 bytes: GET /search, query q=trees, HTTP/1.1
}

func ExampleRequest_Parse_refused() {
	var r parser.Request
	_, err := r.Parse([]byte("POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n"), &limits)
	fmt.Println(err.Status, err.Reason, err.Offset)
	// Output: 400 space before colon 34
}

func ExampleRequest_Reset() {
	pipelined := []byte("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
	var r parser.Request
	for len(pipelined) > 0 {
		n, _ := r.Parse(pipelined, &limits)
		fmt.Println(string(r.Path()))
		pipelined = pipelined[n:]
		r.Reset()
	}
	// Output:
	// /1
	// /2
}

func ExampleRequest_Rebind() {
	var r parser.Request
	scratch := []byte("GET /a HTTP/1.1\r\n\r\n")
	n, _ := r.Parse(scratch, &limits)
	kept := append([]byte(nil), scratch[:n]...)
	r.Rebind(kept)
	clear(scratch) // used for another connection
	fmt.Println(string(r.Path()))
	// Output: /a
}

func ExampleRequest_Started() {
	var r parser.Request
	r.Parse([]byte("\r\n"), &limits)
	fmt.Println(r.Started())
	r.Parse([]byte("\r\nG"), &limits)
	fmt.Println(r.Started())
	// Output:
	// false
	// true
}

func ExampleRequest_Form() {
	for _, requestLine := range []string{"GET /a HTTP/1.1", "GET http://example.org HTTP/1.1", "CONNECT example.org:443 HTTP/1.1", "OPTIONS * HTTP/1.1"} {
		var r parser.Request
		r.Parse([]byte(requestLine+"\r\n\r\n"), &limits)
		fmt.Printf("%v: authority %q, path %q\n", r.Form(), r.Authority(), r.Path())
	}
	// Output:
	// origin-form: authority "", path "/a"
	// absolute-form: authority "example.org", path "/"
	// authority-form: authority "example.org:443", path ""
	// asterisk-form: authority "", path "*"
}

func ExampleFields() {
	var r parser.Request
	r.Parse([]byte("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\naccept:  image/png \r\n\r\n"), &limits)
	for i := range r.Len() {
		name, value := r.At(i)
		fmt.Printf("%s=%s\n", name, value)
	}
	for i := r.Next("Accept", 0); i >= 0; i = r.Next("Accept", i+1) {
		fmt.Println("accept line", i)
	}
	fmt.Println(r.Count(parser.KnownHost), string(r.First(parser.KnownHost)))
	// Output:
	// Host=a
	// Accept=text/html
	// accept=image/png
	// accept line 1
	// accept line 2
	// 1 a
}

func ExampleFields_Get() {
	var r parser.Request
	r.Parse([]byte("GET / HTTP/1.1\r\nX-Token: abc\r\n\r\n"), &limits)
	value, ok := r.Get("x-token")
	fmt.Println(string(value), ok)
	// Output: abc true
}

func ExampleFields_NextKnown() {
	var r parser.Request
	r.Parse([]byte("GET / HTTP/1.1\r\nConnection: a\r\nHost: b\r\nConnection: c\r\n\r\n"), &limits)
	const k = parser.KnownConnection
	for i := r.NextKnown(k, 0); i >= 0; i = r.NextKnown(k, i+1) {
		_, value := r.At(i)
		fmt.Println(i, string(value))
	}
	// Output:
	// 0 a
	// 2 c
}

func ExampleChunked_Next() {
	var d parser.Chunked
	var body []byte // received and not yet consumed
	for _, piece := range []string{"5\r\nhel", "lo\r\n7;na", "me=value\r\n, world\r", "\n0\r\n", "\r\n"} {
		body = append(body, piece...)
		for {
			skip, data, done, err := d.Next(body)
			if err != nil {
				fmt.Println(err)
				return
			}
			if data > 0 {
				fmt.Printf("%q\n", body[skip:skip+data])
			}
			body = body[skip+data:]
			if done {
				fmt.Println("done")
				return
			}
			if skip+data == 0 {
				break
			}
		}
	}
	// Output:
	// "hel"
	// "lo"
	// ", world"
	// done
}

func ExampleTrailer_Parse() {
	var t parser.Trailer
	n, err := t.Parse([]byte("Checksum: abc\r\n\r\nGET / HTTP/1.1\r\n"), &limits)
	value, _ := t.Get("checksum")
	fmt.Println(n, err == nil, string(value))
	// Output: 17 true abc
}

func ExampleError() {
	var r parser.Request
	if _, err := r.Parse([]byte("GET / HTTP/3.0\r\n"), &limits); err != nil {
		fmt.Println(err)
	}
	// Output: parser: unsupported version at byte 6 (status 505)
}

func ExampleNextToken() {
	list := []byte("keep-alive, , Upgrade")
	for token, rest, ok := parser.NextToken(list); ok; token, rest, ok = parser.NextToken(rest) {
		fmt.Println(string(token), parser.EqualFold(token, "upgrade"))
	}
	// Output:
	// keep-alive false
	// Upgrade true
}

func ExampleContentLength() {
	for _, v := range []string{"42", "+42", "42, 42"} {
		n, ok := parser.ContentLength([]byte(v))
		fmt.Println(n, ok)
	}
	// Output:
	// 42 true
	// 0 false
	// 0 false
}

func ExampleValidHost() {
	for _, v := range []string{"example.org:8080", "[::1]", "user@example.org", ""} {
		fmt.Println(parser.ValidHost([]byte(v)))
	}
	// Output:
	// true
	// true
	// false
	// true
}

func ExampleValidFieldValue() {
	fmt.Println(parser.ValidFieldName("X-Token"), parser.ValidFieldValue("abc"))
	fmt.Println(parser.ValidFieldName("X Token"), parser.ValidFieldValue("abc\r\nSet-Cookie: a=b"))
	// Output:
	// true true
	// false false
}

func ExampleNextParam() {
	var key, value []byte
	for k, v, rest, ok := parser.NextParam([]byte("q=tall+trees&lang=%65n")); ok; k, v, rest, ok = parser.NextParam(rest) {
		key, _ = parser.AppendDecodedQuery(key[:0], k)
		value, _ = parser.AppendDecodedQuery(value[:0], v)
		fmt.Printf("%s=%s\n", key, value)
	}
	// Output:
	// q=tall trees
	// lang=en
}

func ExampleAppendDecodedPath() {
	path, ok := parser.AppendDecodedPath(nil, []byte("/tall%20trees+more"))
	fmt.Println(string(path), ok)
	_, ok = parser.AppendDecodedPath(nil, []byte("/%0"))
	fmt.Println(ok)
	// Output:
	// /tall trees+more true
	// false
}
