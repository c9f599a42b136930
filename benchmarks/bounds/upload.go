package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
)

const uploadAllowed = 16 * mebibyte

// checkUpload sends a body as fast as it is taken to a handler that takes it slowly: it must wait in the kernel and at
// the peer, not in the server.
func checkUpload(ctx context.Context, b *bench) ([]finding, error) {
	var findings []finding
	for _, chunked := range []bool{false, true} {
		framing := "Content-Length"
		if chunked {
			framing = "chunked"
		}
		if _, err := b.upload(ctx, mebibyte, 1000*mebibyte, chunked); err != nil {
			return nil, err
		}
		grown, err := b.watchGrowth()
		if err != nil {
			return nil, err
		}
		right, err := b.upload(ctx, b.options.uploadBytes, b.options.uploadRate, chunked)
		if err != nil {
			return nil, err
		}
		memory, err := grown.finding(fmt.Sprintf("%d MB at %d MB/s, %s",
			b.options.uploadBytes/1e6, b.options.uploadRate/1e6, framing), uploadAllowed)
		if err != nil {
			return nil, err
		}
		sum := finding{what: framing + ": SHA-256", measured: "right", allowed: "right", holds: right}
		if !right {
			sum.measured = "wrong"
		}
		findings = append(findings, memory, sum)
	}
	return findings, nil
}

// upload returns whether the handler received what was sent.
func (b *bench) upload(ctx context.Context, size, rate int64, chunked bool) (bool, error) {
	sent := sha256.New()
	body := io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{}), size), sent)
	url := fmt.Sprintf("http://%s/upload?rate=%d", b.process.Addr, rate)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return false, err
	}
	if !chunked {
		request.ContentLength = size
	}
	transport := &http.Transport{WriteBufferSize: 64 << 10}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, err
	}
	if answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("the upload was answered with %s", answer.Status)
	}
	return bytes.Equal(text, []byte(hex.EncodeToString(sent.Sum(nil)))), nil
}
