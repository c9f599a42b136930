package load

import "time"

const (
	// turnTime is what a turn takes besides its load: a process that starts, answers what is verified, and ends.
	turnTime = 200 * time.Millisecond
	// openTime is for one connection of an idle scenario: opened, asked once, closed.
	openTime = 300 * time.Microsecond
)

// Guess tells about how long a turn with the load takes, before one has been seen.
func Guess(l Load, s Settings) time.Duration {
	once := s.WarmUp + s.Duration
	switch l := l.(type) {
	case Beside:
		once = s.WarmUp + 2*s.Duration
	case Two:
		once *= 2
		if l.BesideIdle {
			once += time.Duration(s.IdleConnections) * openTime
		}
	case Idle:
		once = settleTime + s.IdleWindow + time.Duration(l.connections(s))*openTime
	case Start:
		once = 0
	}
	return turnTime + once
}
