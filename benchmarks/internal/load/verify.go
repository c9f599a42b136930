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
)

const (
	helloBody   = "Hello, World!"
	answerLimit = 5 * time.Second
)

// verifyAnswers sends the request depth times at once and makes sure that each answer is the one that all servers owe,
// with the fields that cost something to write. A request that asks for a close must get one.
func verifyAnswers(ctx context.Context, addr string, head []byte, depth int) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerLimit))
	if _, err := conn.Write(bytes.Repeat(head, depth)); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	for i := range depth {
		closing, err := verifyAnswer(in)
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

func verifyAnswer(in *bufio.Reader) (closing bool, err error) {
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
	case string(body) != helloBody:
		return false, fmt.Errorf("body %q", body)
	case answer.ContentLength != int64(len(helloBody)):
		return false, errors.New("no Content-Length")
	case !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain"):
		return false, fmt.Errorf("Content-Type %q", answer.Header.Get("Content-Type"))
	case answer.Header.Get("Date") == "":
		return false, errors.New("no Date")
	}
	return answer.Close, nil
}
