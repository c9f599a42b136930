module github.com/pollard-go/pollard

go 1.24

require (
	github.com/valyala/bytebufferpool v1.0.0
	golang.org/x/sys v0.35.0
)

require (
	github.com/cloudwego/netpoll v0.7.2
	go.uber.org/automaxprocs v1.6.0
)

require (
	github.com/bytedance/gopkg v0.1.1 // indirect
	github.com/cloudwego/gopkg v0.1.4 // indirect
)
