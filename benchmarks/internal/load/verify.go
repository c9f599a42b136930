package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

const (
	helloBody   = work.Hello
	answerLimit = 30 * time.Second
)

// Answer is what all servers owe for a request. Zero: package work's plain answer.
type Answer struct {
	// Type is the media type, without parameters. "": text/plain. "any": whatever the server takes it for.
	Type string
	// Body is the content; without one, Bytes is its length, or AnyBody lets anything do.
	Body    string
	Bytes   int64
	AnyBody bool
	// Chunked tells that no length is announced.
	Chunked bool
}

// Exchange is a request and its answer.
type Exchange struct {
	Head   string
	Answer Answer
}

// verifyAnswers sends the request depth times at once and makes sure that each answer is the one that all servers owe,
// with the fields that cost something to write. A request that asks for a close must get one.
func verifyAnswers(ctx context.Context, p *fleet.Process, head []byte, depth int, owed Answer) error {
	conn, err := dial(ctx, p)
	if err != nil {
		return err
	}
	defer conn.Close()
	return verifyOn(conn, head, depth, owed)
}

func verifyOn(conn net.Conn, head []byte, depth int, owed Answer) error {
	conn.SetDeadline(time.Now().Add(answerLimit))
	if _, err := conn.Write(bytes.Repeat(head, depth)); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	for i := range depth {
		closing, err := verifyAnswer(in, owed)
		if err != nil {
			return fmt.Errorf("answer %d of %d is not the expected one: %w", i+1, depth, err)
		}
		if asked := bytes.Contains(head, []byte("\r\nConnection: close\r\n")); asked != closing {
			return fmt.Errorf("close asked: %v, announced: %v", asked, closing)
		}
		if closing {
			if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("a close was announced but did not follow: %v", err)
			}
		}
	}
	return nil
}

func verifyAnswer(in *bufio.Reader, owed Answer) (closing bool, err error) {
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return false, err
	case answer.StatusCode != http.StatusOK:
		return false, fmt.Errorf("status %s", answer.Status)
	case answer.Header.Get("Date") == "":
		return false, errors.New("no Date")
	}
	if err := owed.verifyContent(answer, body); err != nil {
		return false, err
	}
	return answer.Close, nil
}

func (a Answer) verifyContent(answer *http.Response, body []byte) error {
	want, kind := a.Body, a.Type
	if want == "" && a.Bytes == 0 {
		want = helloBody
	}
	if kind == "" {
		kind = work.ContentType
	}
	switch {
	case a.AnyBody && len(body) > 0:
	case a.Bytes > 0 && int64(len(body)) != a.Bytes:
		return fmt.Errorf("a body of %d bytes, not %d", len(body), a.Bytes)
	case a.Bytes == 0 && string(body) != want:
		return fmt.Errorf("body %.100q", body)
	}
	switch got := answer.Header.Get("Content-Type"); {
	case a.Chunked != (answer.ContentLength < 0):
		return fmt.Errorf("Content-Length %d", answer.ContentLength)
	case got == "" || kind != "any" && !strings.HasPrefix(got, kind):
		return fmt.Errorf("Content-Type %q", got)
	}
	return nil
}
