module github.com/pollard-go/pollard

go 1.24

require (
	github.com/valyala/bytebufferpool v1.0.0
	golang.org/x/sys v0.35.0
)

require go.uber.org/automaxprocs v1.6.0
