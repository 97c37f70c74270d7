#!/usr/bin/env bash
# A Lua script on lua-luv: timers, files, TCP. libuv comes with a module that is loaded privately.
. "$ROOT/tests/e2e/real_programs.bash"
need lua5.1 lua5.1
if ! lua5.1 -l luv -e '' 2>/dev/null; then
	skip luv 'not installed (package lua-luv)'
	done_testing
fi

cat >script.lua <<'END'
local uv = require('luv')

local ticks = 0
local timer = uv.new_timer()
timer:start(1, 1, function()
	ticks = ticks + 1
	if ticks == 5 then
		timer:close()
		print('ticks', ticks)
	end
end)

uv.fs_open('file', 'w+', 384, function(err, fd)
	assert(not err, err)
	uv.fs_write(fd, 'written by lua', -1, function()
		uv.fs_read(fd, 100, 0, function(_, data)
			print('file', data)
			uv.fs_close(fd, function() print('closed') end)
		end)
	end)
end)

local server = uv.new_tcp()
server:bind('127.0.0.1', 0)
local served = 0
server:listen(128, function()
	local client = uv.new_tcp()
	server:accept(client)
	client:read_start(function(_, data)
		if data then
			client:write(data:upper())
		else
			client:close()
			served = served + 1
			if served == 20 then
				server:close()
				print('served', served)
			end
		end
	end)
end)
local port = server:getsockname().port
local right = 0
for i = 1, 20 do
	local client = uv.new_tcp()
	client:connect('127.0.0.1', port, function(err)
		assert(not err, err)
		client:read_start(function(_, data)
			if data == 'HELLO ' .. i then right = right + 1 end
			client:shutdown(function() client:close() end)
		end)
		client:write('hello ' .. i)
	end)
end

uv.queue_work(uv.new_work(function(n) return n * n end, function(r) print('work', r) end), 12)
uv.run()
print('right', right)
uv.loop_close()
END

expected=$(lua5.1 script.lua 2>&1 | sort)
contains 'unrecorded, it does its work' "$expected" 'right	20'
status 'recorded, it ends with status 0' 0 "$ACAUSAL" record -o luv.db lua5.1 script.lua
equal 'its output is the same' "$(sort out)" "$expected"
check_recording luv.db
has_rows luv.db 60 80
no_unknown_links luv.db
traces_reach_root luv.db 200
done_testing
