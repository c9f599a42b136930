-- The wrk script of all scenarios. Arguments after "--": a file with the bytes to send, and optionally a file with the
-- bytes of a costly request and how many per cent of the requests it is, in even distances.

local usual, costly, percent
local due = 0

local function content(path)
	local file = assert(io.open(path, "rb"))
	local bytes = file:read("*a")
	file:close()
	return bytes
end

function init(args)
	usual = content(args[1])
	if args[2] then
		costly, percent = content(args[2]), tonumber(args[3])
	end
end

function request()
	if not percent then
		return usual
	end
	due = due + percent
	if due >= 100 then
		due = due - 100
		return costly
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
