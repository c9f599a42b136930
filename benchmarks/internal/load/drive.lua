-- The wrk script of all scenarios. Arguments after "--": how many per cent of the requests are costly ones, in even
-- distances; a file with the bytes of one; and files with the bytes of the usual ones, which take turns.

local usual, costly, percent = {}, nil, 0
local due, turn = 0, 0

local function content(path)
	local file = assert(io.open(path, "rb"))
	local bytes = file:read("*a")
	file:close()
	return bytes
end

function init(args)
	percent, costly = tonumber(args[1]), content(args[2])
	for i = 3, #args do
		usual[i - 2] = content(args[i])
	end
	if #usual == 1 and percent == 0 then
		local only = usual[1]
		request = function() return only end
	end
end

function request()
	due = due + percent
	if due >= 100 then
		due = due - 100
		return costly
	end
	turn = turn % #usual + 1
	return usual[turn]
end

function done(summary, latency)
	local errors = summary.errors
	io.write(string.format(
		'\nresult {"requests":%d,"duration_us":%d,"bytes":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d,' ..
		'"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
		summary.requests, summary.duration, summary.bytes,
		latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
		errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
