package load

// Sample is what one run gave: one of its parts.
type Sample struct {
	Throughput *Throughput `json:"throughput,omitempty"`
	Idle       *IdleCost   `json:"idle,omitempty"`
	Apart      *Apart      `json:"apart,omitempty"`
	Pair       *Pair       `json:"pair,omitempty"`
	Startup    *Startup    `json:"startup,omitempty"`
}

// Throughput is the outcome of a run of requests that follow one another as fast as they are answered.
type Throughput struct {
	Requests         int64   `json:"requests"`
	Seconds          float64 `json:"seconds"`
	ServerCPUSeconds float64 `json:"server_cpu_seconds"`
	// ClientCPUSeconds is the CPU time of the load itself; 0 is unknown.
	ClientCPUSeconds    float64 `json:"client_cpu_seconds,omitempty"`
	CPUMicrosPerRequest float64 `json:"cpu_us_per_request"`
	// UserMicrosPerRequest and SystemMicrosPerRequest are the parts of it in the program and in the kernel.
	UserMicrosPerRequest   float64 `json:"user_us_per_request"`
	SystemMicrosPerRequest float64 `json:"system_us_per_request"`
	RequestsPerSecond      float64 `json:"requests_per_second"`
	// BytesPerSecond are those of bodies, where they are what counts: files and uploads.
	BytesPerSecond float64 `json:"bytes_per_second,omitempty"`
	// Wrk's percentiles are corrected for coordinated omission; 0 is unknown.
	P50Micros  float64 `json:"p50_us,omitempty"`
	P99Micros  float64 `json:"p99_us,omitempty"`
	P999Micros float64 `json:"p999_us,omitempty"`
	// RSSBytes is taken right after the run; PeakRSSBytes is the most of one process while it lasted, where that counts.
	RSSBytes     int64 `json:"rss_bytes"`
	PeakRSSBytes int64 `json:"peak_rss_bytes,omitempty"`
	// AllocationsPerRequest are objects on the heap of a server in Go, as it says itself; absent where unknown.
	AllocationsPerRequest *float64 `json:"allocations_per_request,omitempty"`
	// ForeignCPUs is how many CPUs were busy on average with neither the server nor the client: the run's noise.
	ForeignCPUs float64 `json:"foreign_cpus"`
}

// IdleCost is the outcome of an idle scenario.
type IdleCost struct {
	Connections        int     `json:"connections"`
	RSSBeforeBytes     int64   `json:"rss_before_bytes"`
	RSSAfterBytes      int64   `json:"rss_after_bytes"`
	BytesPerConnection float64 `json:"bytes_per_connection"`
	WindowSeconds      float64 `json:"window_seconds"`
	// CPUMillis is the CPU time that the server used in the window, in steps of 10 ms.
	CPUMillis float64 `json:"cpu_ms"`
}

// Pair is the outcome of two runs against the same process.
type Pair struct {
	First  Throughput `json:"first"`
	Second Throughput `json:"second"`
}

// Startup is the outcome of a start.
type Startup struct {
	// FirstAnswerMillis is how long after the program's start its first answer came.
	FirstAnswerMillis float64 `json:"first_answer_ms"`
	RSSBytes          int64   `json:"rss_bytes"`
}
