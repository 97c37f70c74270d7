#!/usr/bin/env bash
# Neovim without a screen: edits a file, with a timer, a job and libuv called from Lua.
. "$ROOT/tests/e2e/real_programs.bash"
need nvim neovim

cat >edit.vim <<'END'
let g:ticks = 0
let g:said = []
function! Tick(timer)
	let g:ticks += 1
endfunction
call timer_start(5, 'Tick', {'repeat': 5})
let job = jobstart(['sh', '-c', 'echo from the job; exit 3'], {
	\ 'on_stdout': {j, data, event -> extend(g:said, filter(data, 'v:val != ""'))}})
let status = jobwait([job], 5000)
call wait(5000, {-> g:ticks >= 5}, 5)
lua <<LUA
local left = 3
local timer = vim.loop.new_timer()
timer:start(1, 1, function()
	left = left - 1
	if left == 0 then timer:close() end
end)
vim.loop.fs_stat('text', function(err, stat) stat_size = stat.size end)
vim.wait(5000, function() return left == 0 and stat_size end)
LUA
call append('$', ['ticks ' . g:ticks, 'job said ' . join(g:said) . ' and ended with ' . status[0]])
call append('$', 'it had ' . luaeval('stat_size') . ' bytes')
%s/first/1st/
write
echo line('$') . ' lines'
qall!
END

edit() { # COMMAND...
	printf 'first line\nsecond line\n' >text
	"$@" nvim --headless -u NONE -i NONE -n text -c 'source edit.vim' >output 2>&1
}

edit env
status=$?
mv output output.plain
mv text text.plain
edit "$ACAUSAL" record -o nvim.db
equal 'its exit status is the same' "$?" "$status"
# The last line of its messages, which go to stderr, has no end of its own.
equal 'its output is the same' "$(sed 's/acausal: .*//' output)" "$(<output.plain)"
equal 'the file is the same' "$(<text)" "$(<text.plain)"
contains 'the timer, the job and Lua did their work' "$(<text)" 'job said from the job and ended with 3'
check_recording nvim.db
has_rows nvim.db 20 20
no_unknown_links nvim.db
traces_reach_root nvim.db 200
done_testing
