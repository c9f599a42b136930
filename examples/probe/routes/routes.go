package routes

import "github.com/pollard-go/pollard/engine"

// behaviour is what a URL shows.
type behaviour struct {
	methods methods
	serve   func(w *engine.Response, r *engine.Request)
}

type methods uint8

const (
	anyMethod methods = iota
	getOnly           // and HEAD, which works as GET (RFC 9110 §9.3.2)
)

var behaviours = map[string]behaviour{
	"/":            {anyMethod, hello},
	"/echo":        {anyMethod, echo},
	"/chunked":     {getOnly, chunked},
	"/trailer":     {getOnly, trailer},
	"/sleep":       {getOnly, sleep},
	"/big":         {getOnly, big},
	"/headers":     {getOnly, headers},
	"/ignore-body": {anyMethod, ignoreBody},
	"/drain":       {anyMethod, drain},
	"/seq":         {getOnly, seq},
	"/204":         {getOnly, status204},
	"/204-body":    {getOnly, status204Body},
	"/304":         {getOnly, status304},
	"/early":       {getOnly, early},
	"/inject":      {getOnly, inject},
	"/cl-over":     {getOnly, lengthOver},
	"/cl-short":    {getOnly, lengthShort},
	"/panic":       {getOnly, panics},
	"/limited":     {anyMethod, limited},
	"/begun":       {anyMethod, begun},
	"/trailers":    {anyMethod, trailers},
	"/target":      {anyMethod, target},
	"/status":      {getOnly, status},
	"/close":       {anyMethod, closes},
	"/upgrade":     {getOnly, upgradeRequired},
	"/abort":       {getOnly, abort},
}

// Serve answers each request with the behaviour that its path names.
func Serve(w *engine.Response, r *engine.Request) {
	b, ok := behaviours[string(r.Path())]
	if !ok {
		fail(w, 404, "not found")
		return
	}
	if m := string(r.Method()); b.methods == getOnly && m != "GET" && m != "HEAD" {
		set(w, "Allow", "GET, HEAD") // RFC 9110 §15.5.6: a 405 must tell
		fail(w, 405, "method not allowed")
		return
	}
	b.serve(w, r)
}
