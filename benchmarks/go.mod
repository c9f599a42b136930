module github.com/pollard-go/pollard/benchmarks

// The engine's own module asks for less; fasthttp asks for this.
go 1.25.0

require (
	github.com/pollard-go/pollard v0.0.0
	github.com/valyala/fasthttp v1.74.0
	go.uber.org/automaxprocs v1.6.0
)

require (
	github.com/klauspost/compress v1.20.0 // indirect
	github.com/molecule-man/go-brrr v1.0.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/pollard-go/pollard => ../
