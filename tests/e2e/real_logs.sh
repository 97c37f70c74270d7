#!/usr/bin/env bash
# What Neovim, Python's logging on uvloop, Lua on luv and CMake write, by ways of their own: the lines
# picked from their files with grep lead to the callbacks that wrote them.
# time limit: 120
. "$ROOT/tests/e2e/real_programs.bash"

# The async stack of a line: the type of the resource whose callback wrote it, the call that armed
# that, and whether it reaches a root.
traced() { # RECORDING ARGUMENT...
	local recording=$1
	shift
	"$ACAUSAL" log -r "$recording" "$@" --trace --format json | json "
		SELECT value ->> '$.trace.segments[0].type', value ->> '$.trace.segments[1].api',
			value ->> '$.trace.complete'
		FROM json_data, json_each(data)"
}

# One line by its place in its file, by a pattern, and as grep prints it; by the last two it may be found
# in several files.
picks() { # RECORDING FILE WORDS EXPECTED
	local place
	place=$(grep -Hn "$3" "$2" | head -n 1 | cut -d: -f1,2)
	equal "$2: '$3' by its place" "$(traced "$1" --file "$place")" "${4%%$'\n'*}"
	equal "$2: '$3' by a pattern" "$(traced "$1" "$3")" "$4"
	equal "$2: '$3' from grep" "$(grep "$3" "$2" | traced "$1" -)" "$4"
}

neovim() {
	command -v nvim >/dev/null || {
		skip nvim 'not installed (package neovim)'
		return
	}
	cat >edit.vim <<-'END'
		let g:ticks = 0
		function! Tick(timer)
			echomsg 'a tick of the timer'
			let g:ticks += 1
		endfunction
		redir >> messages.txt
		echomsg 'before the timer'
		call timer_start(5, 'Tick')
		call wait(5000, {-> g:ticks >= 1}, 5)
		echomsg 'after the timer'
		redir END
		lua <<LUA
		local done
		local log = io.open('luv.log', 'w')
		local timer = vim.loop.new_timer()
		vim.loop.fs_stat('edit.vim', function(err, stat)
			log:write('the script was looked at\n')
			timer:start(1, 0, function()
				log:write('a tick of luv\n')
				io.stdout:write('a tick on the output\n')
				timer:close()
				log:close()
				done = true
			end)
		end)
		vim.wait(5000, function() return done end)
		LUA
		qall!
	END
	status 'nvim: it ends with status 0' 0 "$ACAUSAL" record -o nvim.db \
		nvim --headless -u NONE -i NONE -n -c 'source edit.vim'
	mv out nvim.out
	check_recording nvim.db
	picks nvim.db luv.log 'the script was looked at' 'uv_fs_t|uv_fs_stat|1'
	picks nvim.db luv.log 'a tick of luv' 'uv_timer_t|uv_timer_start|1'
	picks nvim.db nvim.out 'a tick on the output' 'uv_timer_t|uv_timer_start|1'
	# Neovim takes its own timers' events from a queue, outside of libuv's callbacks.
	equal 'nvim: what :redir wrote is recorded' \
		"$(sql nvim.db "SELECT text FROM log WHERE path LIKE '%/messages.txt' ORDER BY line_number")" \
		"$(<messages.txt)"
	matches 'nvim: a message leads to the root' \
		"$(traced nvim.db --file "messages.txt:$(grep -n 'tick' messages.txt | cut -d: -f1)")" \
		'^(main|uv_[a-z_]*)\|.*\|1$'
}

python() {
	local python=/usr/bin/python3
	$python -c 'import uvloop' 2>/dev/null || {
		skip uvloop 'not installed (package python3-uvloop)'
		return
	}
	cat >logging.py.script <<-'END'
		import asyncio
		import logging
		import sys
		import uvloop

		log = logging.getLogger('shop')
		log.setLevel(logging.INFO)
		log.addHandler(logging.FileHandler('shop.log'))
		log.addHandler(logging.StreamHandler(sys.stdout))

		async def serve(reader, writer):
		    data = await reader.read(100)
		    log.info('the server read %s', data.decode())
		    writer.close()

		async def main():
		    log.info('it begins')
		    server = await asyncio.start_server(serve, '127.0.0.1', 0)
		    port = server.sockets[0].getsockname()[1]
		    asyncio.get_running_loop().call_later(0.01, log.warning, 'a call that was put off')
		    for i in range(50):
		        reader, writer = await asyncio.open_connection('127.0.0.1', port)
		        writer.write(b'order %d' % i)
		        await reader.read(10)
		        writer.close()
		    await asyncio.sleep(0.02)
		    server.close()

		uvloop.install()
		asyncio.run(main())
	END
	status 'uvloop: it ends with status 0' 0 "$ACAUSAL" record -o python.db $python logging.py.script
	mv out python.out
	check_recording python.db
	equal 'uvloop: both handlers wrote every line' "$(sql python.db "
		SELECT count(*), count(DISTINCT text) FROM log GROUP BY path LIKE '%/shop.log'")" \
		$'52|52\n52|52'
	# In the file and on the standard output.
	picks python.db shop.log 'a call that was put off' \
		$'uv_timer_t|uv_timer_start|1\nuv_timer_t|uv_timer_start|1'
}

lua() {
	if ! command -v lua5.1 >/dev/null || ! lua5.1 -l luv -e '' 2>/dev/null; then
		skip luv 'not installed (packages lua5.1, lua-luv)'
		return
	fi
	cat >script.lua <<-'END'
		local uv = require('luv')
		local log = io.open('lua.log', 'a')
		local ticks = 0
		local timer = uv.new_timer()
		timer:start(1, 1, function()
			ticks = ticks + 1
			print('printed', ticks)
			io.write('io.write ', ticks, '\n')
			log:write('in the file ', ticks, '\n')
			if ticks == 5 then timer:close() end
		end)
		uv.fs_stat('script.lua', function() print('looked at') end)
		uv.run()
	END
	status 'luv: it ends with status 0' 0 "$ACAUSAL" record -o lua.db lua5.1 script.lua
	mv out lua.out
	check_recording lua.db
	picks lua.db lua.out 'printed.*3' 'uv_timer_t|uv_timer_start|1'
	picks lua.db lua.out 'io.write 4' 'uv_timer_t|uv_timer_start|1'
	picks lua.db lua.out 'looked at' 'uv_fs_t|uv_fs_stat|1'
	picks lua.db lua.log 'in the file 5' 'uv_timer_t|uv_timer_start|1'
}

cmake_messages() {
	command -v cmake >/dev/null || {
		skip cmake 'not installed (package cmake)'
		return
	}
	mkdir source
	cat >source/CMakeLists.txt <<-'END'
		cmake_minimum_required(VERSION 3.10)
		project(small NONE)
		execute_process(COMMAND sh -c "echo from a child" OUTPUT_VARIABLE said)
		message(STATUS "status ${said}")
		message("a notice")
	END
	status 'cmake: it ends with status 0' 0 "$ACAUSAL" record -o cmake.db cmake -S source -B binary
	mv out cmake.out
	mv err cmake.err
	check_recording cmake.db
	picks cmake.db cmake.out 'status from a child' 'main||1'
	picks cmake.db cmake.err 'a notice' 'main||1'
}

neovim
python
lua
cmake_messages
done_testing
