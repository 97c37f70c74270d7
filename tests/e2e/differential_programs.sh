#!/usr/bin/env bash
# Programs as they are installed, most of them on libuv, and the examples: what they print, their
# exit status and their files are the same with and without us. Those that are not installed are
# left out, and it is said so.
# time limit: 240
. "$ROOT/tests/e2e/differential.bash"

PATH=$PATH:/usr/sbin:/sbin

furnish=furnish_folder
# shellcheck disable=SC2317 # run_in calls it
furnish_folder() { # FOLDER
	mkdir "$1/folder"
	printf 'first line\nsecond line\n' >"$1/text"
	printf 'other\n' >"$1/folder/other"
	# By more than the file system's clock ticks: find asks.
	touch -d '2020-01-01' "$1/folder/other"
	chmod 640 "$1/text"
	cp -r "$TMP/given/." "$1"
}

# A program that is there, and may end as it likes.
try() { # NAME COMMAND...
	local name=$1
	shift
	if command -v "$1" >/dev/null; then
		run_in "$TMP/$name.plain" "$@"
		run_in "$TMP/$name.recorded" "$ACAUSAL" record -o "$TMP/$name.db" -- "$@"
		same "$name (status $(<"$TMP/$name.plain/status"))" "$TMP/$name.plain" "$TMP/$name.recorded"
	else
		skip "$name" "$1 is not installed"
	fi
}

mkdir given

# --- CMake --------------------------------------------------------------------------------------

cat >given/script.cmake <<'END'
cmake_minimum_required(VERSION 3.10)
execute_process(COMMAND sh -c "echo out; echo err >&2; exit 3"
	RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE err)
message(STATUS "result ${result} out ${out} err ${err}")
execute_process(COMMAND sh -c "seq 1 5" COMMAND sh -c "grep -v 3" COMMAND sort -r OUTPUT_VARIABLE piped)
message(STATUS "piped ${piped}")
execute_process(COMMAND /nowhere/at/all RESULT_VARIABLE result)
message(STATUS "none ${result}")
execute_process(COMMAND sleep 100 TIMEOUT 0.1 RESULT_VARIABLE result)
message(STATUS "slow ${result}")
execute_process(COMMAND sh -c "kill -9 $$" RESULT_VARIABLE result)
message(STATUS "killed ${result}")
execute_process(COMMAND sh -c "ls /proc/self/fd" OUTPUT_VARIABLE out)
message(STATUS "descriptors ${out}")
file(WRITE made/by/cmake "text")
file(GLOB_RECURSE files RELATIVE ${CMAKE_CURRENT_LIST_DIR} made/*)
message(STATUS "${files}")
message(FATAL_ERROR "the end")
END
try cmake_version cmake --version
try cmake_script cmake -P script.cmake
try cmake_tar sh -c 'cmake -E tar cf all.tar text folder && cmake -E tar tf all.tar && rm all.tar'
try cmake_copy cmake -E copy_directory folder copied
try cmake_differ cmake -E compare_files text folder/other
try cmake_sum cmake -E sha256sum text folder/other
try cmake_env cmake -E env VARIABLE=value sh -c 'echo $VARIABLE; exit 4'
try cmake_wrong cmake -E no-such-command

# --- Neovim -------------------------------------------------------------------------------------

cat >given/edit.vim <<'END'
let g:said = []
let job = jobstart(['sh', '-c', 'echo from the job; ls /proc/self/fd | wc -l; exit 3'], {
	\ 'on_stdout': {j, data, event -> extend(g:said, filter(data, 'v:val != ""'))}})
let status = jobwait([job], 5000)
call append('$', 'job said ' . join(g:said) . ' and ended with ' . status[0])
call append('$', split(system('echo from system; exit 5'), "\n"))
call append('$', 'status ' . v:shell_error)
call append('$', systemlist('cat', ['to', 'and', 'fro']))
try
	call jobstart(['/nowhere/at/all'])
catch
	call append('$', 'caught ' . v:exception)
endtry
%s/first/1st/
2!tr a-z A-Z
write
cquit 7
END
nvim=(nvim --headless -u NONE -i NONE -n)
try nvim_version nvim --version
try nvim_edit "${nvim[@]}" text -c 'source edit.vim'
try nvim_ex nvim -es -u NONE -i NONE -n text -c 'g/line/s//row/' -c 'wq'
try nvim_lua "${nvim[@]}" -c 'lua print(vim.loop.cwd()); local n = 0; local t = vim.loop.new_timer(); t:start(1, 1, function() n = n + 1; if n == 3 then t:close() end end); vim.wait(2000, function() return n == 3 end); print(n)' -c 'qall!'
try nvim_wrong "${nvim[@]}" -c 'throw "wrong"' -c 'cquit 3'

# --- Lua and Python, which load libuv privately --------------------------------------------------

cat >given/script.lua <<'END'
local uv = require('luv')
local out = uv.new_pipe()
uv.spawn('sh', {args = {'-c', 'echo from a child; ls /proc/self/fd | wc -l; exit 6'}, stdio = {nil, out, 2}},
	function(code, signal) print('child', code, signal) end)
local said = ''
out:read_start(function(err, data) if data then said = said .. data else out:close() end end)
uv.run()
io.write(said)
print(uv.fs_stat('text').size, uv.fs_stat('nowhere'))
print(pcall(uv.timer_start, uv.new_timer(), 1))
uv.fs_mkdir('made', 448)
local fd = uv.fs_open('made/file', 'w', 416)
print(uv.fs_write(fd, 'text', -1), uv.fs_close(fd), uv.fs_close(fd))
local async = uv.new_async(function(...) print('sent', ...) end)
async:send('a', 1)
local turns = 0
local idle = uv.new_idle()
idle:start(function() turns = turns + 1; if turns == 3 then idle:close(); async:close() end end)
uv.run()
uv.new_timer()
uv.walk(function(handle) if not handle:is_closing() then handle:close() end end)
uv.run()
uv.new_timer():start(1, 0, function() error('in a callback') end)
uv.run()
END
try luv lua5.1 script.lua

cat >given/script.py <<'END'
import asyncio
import os
import signal
import sys

import uvloop

async def main():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: print('signal'))
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.01)
    child = await asyncio.create_subprocess_exec(
        'sh', '-c', 'cat; ls /proc/self/fd | wc -l; exit 5', stdin=-1, stdout=-1,
        env={'PATH': '/usr/bin:/bin'})
    print(await child.communicate(b'to the child\n'), child.returncode)
    child = await asyncio.create_subprocess_exec('sleep', '100')
    child.kill()
    print(await child.wait())
    try:
        await asyncio.create_subprocess_exec('/nowhere/at/all')
    except OSError as error:
        print(error)
    try:
        await asyncio.open_connection('127.0.0.1', 1)
    except OSError as error:
        print(type(error))
    print(await loop.run_in_executor(None, sum, range(10)))
    print(len(os.listdir('/proc/self/fd')), [k for k in os.environ if 'ACAUSAL' not in k and k != 'LD_PRELOAD' and k != '_'])
    loop.call_later(0.001, lambda: 1 / 0)
    await asyncio.sleep(0.02)
    sys.exit(7)

uvloop.install()
asyncio.run(main())
END
if /usr/bin/python3 -c 'import uvloop' 2>/dev/null; then
	# Objects are named by their address.
	no_times='sed -E s/0x[0-9a-f]+/ADDRESS/g'
	try uvloop /usr/bin/python3 script.py
	no_times='cat'
else
	skip uvloop 'not installed (package python3-uvloop)'
fi

# --- BIND's tools -------------------------------------------------------------------------------

cat >given/good.conf <<'END'
options { directory "/tmp"; listen-on port 5300 { 127.0.0.1; }; recursion no; };
zone "example" { type primary; file "zone"; };
END
echo 'options { directory "/tmp"; no-such-option yes; };' >given/bad.conf
cat >given/zone <<'END'
$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A 127.0.0.1
www CNAME ns
END
try checkconf named-checkconf -p good.conf
try checkconf_bad named-checkconf bad.conf
try checkconf_none named-checkconf nowhere.conf
try checkzone named-checkzone example zone
try checkzone_bad named-checkzone example text
try compilezone named-compilezone -o - example zone
try named_version named -V
try named_wrong named -c nowhere.conf -g -X
try dig_version dig -v
try dig_refused dig +tries=1 +time=1 +short -p 1 @127.0.0.1 www.example
try dig_tcp dig +tcp +tries=1 +time=1 +short -p 1 @127.0.0.1 www.example
try dig_wrong dig +no-such-option
try host_version host -V
try delv_wrong delv +no-such-option
try nsupdate nsupdate -v text
try dnsperf_usage dnsperf -h

# --- programs without libuv, or with their own ----------------------------------------------------

try sh sh -c 'echo "$0"; ls /proc/self/fd; env | grep -v -e ^LD_PRELOAD= -e ^ACAUSAL_ -e ^_= | sort; exit 9' name
try bash bash -c 'trap "echo term" TERM; kill -TERM $$; (exit 4) | cat; echo "${PIPESTATUS[@]}"; wait; exit 2'
try find find . -newer text -o -name 'o*' -printf '%p %m\n'
try python /usr/bin/python3 -c 'import subprocess, threading, os
t = threading.Thread(target=lambda: print(threading.active_count())); t.start(); t.join()
print(subprocess.run(["sh", "-c", "exit 3"]).returncode, subprocess.check_output(["ls", "/proc/self/fd"]))
print(os.waitstatus_to_exitcode(os.system("exit 5")), os.popen("echo piped").read())
pid = os.fork()
os._exit(6) if pid == 0 else print(os.waitpid(pid, 0)[1])
print(os.posix_spawn("/bin/true", ["true"], os.environ) > 0, os.wait()[1])'
try perl perl -e '$| = 1; print `echo ticks`, system("exit 4") >> 8, "\n"; print -e "text" ? "text\n" : ""; kill 9, $$'
try node node -e 'require("fs").readFile("text", "utf8", (e, t) => { console.log(t);
	require("child_process").exec("echo child; exit 3", (e, out) => { console.log(e.code, out); process.exitCode = 4; }); });'
try abort sh -c 'kill -ABRT $$'

# --- examples: those whose answer does not hang on which thread comes first -----------------------

differ render_server 139 "$BUILD/examples/render_server" "$ROOT/examples/prices.csv"
differ handle_leak 0 "$BUILD/examples/handle_leak"

done_testing
