#!/usr/bin/env bash
# Where the time of a keep-alive request goes: a profile by perf, one by pprof and
# the system calls of this engine's benchmark server on CPU 0, with wrk on CPU 1.
# Needs perf, strace, wrk, taskset and curl; perf and strace may need root.
#
#   benchmarks/where.sh [mode [seconds [connections]]]
set -euo pipefail
cd "$(dirname "$0")"
readonly mode=${1:-adaptive} seconds=${2:-5} connections=${3:-64} addr=127.0.0.1:9180
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
go build -pgo=off -o "$scratch/server" ./servers/pollard

start() {
	taskset -c 0 "$scratch/server" -addr "$addr" -mode "$mode" "$@" 2>"$scratch/log" &
	server=$!
	until curl -so /dev/null "http://$addr/"; do sleep 0.1; done
}
load() { taskset -c 1 wrk -t1 -c "$connections" -d "$1s" "http://$addr/" | grep -E 'requests in|Requests/sec'; }

start -cpuprofile "$scratch/pprof"
load $((seconds + 2)) &
client=$!
sleep 1
perf record -q -F 1999 -g -p "$server" -o "$scratch/perf" -- sleep "$seconds"
wait "$client"
kill "$server"
wait "$server" || true

perf_lines() { perf report -i "$scratch/perf" -g none "$@" 2>/dev/null | grep -v -e '^#' -e '^$' || true; }
echo "== perf: program and kernel"
perf_lines --no-children --sort dso | head -4
echo "== perf: system calls, with what they call"
perf_lines --children --sort sym | grep '__x64_sys' | head -8
echo "== perf: functions of the program"
perf_lines --no-children --sort sym | grep '\[\.\]' | head -25
echo "== pprof: with what they call"
go tool pprof -top -cum -nodecount 40 "$scratch/server" "$scratch/pprof" 2>/dev/null | tail -n +5

echo "== strace: system calls"
start
strace -f -c -p "$server" -o "$scratch/strace" 2>/dev/null &
tracer=$!
sleep 0.5
load 2
kill -INT "$tracer"
wait "$tracer" || true
head -14 "$scratch/strace"
kill "$server"
wait "$server" || true
