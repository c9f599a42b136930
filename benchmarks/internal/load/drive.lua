-- The wrk script of all scenarios. Arguments after "--": a file with the bytes to send, and optionally a file with the
-- bytes of a slow request and how often it takes its turn.

local usual, slow, every
local turn = 0

local function content(path)
	local file = assert(io.open(path, "rb"))
	local bytes = file:read("*a")
	file:close()
	return bytes
end

function init(args)
	usual = content(args[1])
	if args[2] then
		slow, every = content(args[2]), tonumber(args[3])
	end
end

function request()
	if not every then
		return usual
	end
	turn = turn + 1
	if turn == every then
		turn = 0
		return slow
	end
	return usual
end

function done(summary, latency)
	local errors = summary.errors
	io.write(string.format(
		'\nresult {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,' ..
		'"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
		summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
		errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
