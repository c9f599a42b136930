package main

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/parser"
)

// What is wrong with a handshake; the status has been set.
var (
	errMethod  = errors.New("a WebSocket handshake is a GET")
	errUpgrade = errors.New("this resource speaks WebSocket: ask with Upgrade: websocket and Connection: upgrade")
	errVersion = errors.New("the version of WebSocket is 13")
	errKey     = errors.New("Sec-WebSocket-Key is 16 bytes in base64")
)

// upgrade answers the handshake and takes the connection. It looks at what RFC
// 6455 §4.2.1 has a server look at; Hijack looks at the rest (HTTP/1.1, Upgrade).
// A server whose sessions hang on cookies would check Origin here as well.
func upgrade(w *engine.Response, r *engine.Request) (net.Conn, error) {
	key, _ := r.Field("Sec-WebSocket-Key")
	version, _ := r.Field("Sec-WebSocket-Version")
	nonce, err := base64.StdEncoding.DecodeString(string(key))
	switch {
	case string(r.Method()) != "GET":
		_ = w.SetStatus(405)
		_ = w.SetHeader("Allow", "GET")
		return nil, errMethod
	case r.HTTP10() || !lists(r, "Upgrade", "websocket") || !lists(r, "Connection", "upgrade"):
		_ = w.SetStatus(426) // RFC 9110 §15.5.22: with what is asked for
		_ = w.SetHeader("Upgrade", "websocket")
		return nil, errUpgrade
	case string(version) != "13":
		_ = w.SetStatus(426) // RFC 6455 §4.4
		_ = w.SetHeader("Upgrade", "websocket")
		_ = w.SetHeader("Sec-WebSocket-Version", "13")
		return nil, errVersion
	case err != nil || len(nonce) != 16:
		_ = w.SetStatus(400)
		return nil, errKey
	}
	_ = w.SetStatus(101)
	_ = w.SetHeader("Upgrade", "websocket")
	_ = w.SetHeader("Sec-WebSocket-Accept", accept(key))
	c, err := w.Hijack()
	if err != nil {
		_ = w.SetStatus(500)
	}
	return c, err
}

// accept proves that the handshake was read (RFC 6455 §4.2.2).
func accept(key []byte) string {
	sum := sha1.Sum(append(key[:len(key):len(key)], "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// lists tells whether a field that is a list has the token, in any case.
func lists(r *engine.Request, field, token string) bool {
	for list := range r.FieldValues(field) {
		for one, rest, ok := parser.NextToken(list); ok; one, rest, ok = parser.NextToken(rest) {
			if parser.EqualFold(one, token) {
				return true
			}
		}
	}
	return false
}
