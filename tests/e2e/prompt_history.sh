# The history of the prompt: a file that several prompts add to, and that a crash does not lose.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/prompt.bash"

export XDG_STATE_HOME=$PWD/state
history=$XDG_STATE_HOME/acausal/history

typed 100x30 made.db <<'END'
enter sql SELECT 'fi' || 'rst'
see first
enter sql SELECT 'fi' || 'rst'
enter set history off
enter sql SELECT 'no' || 'body'
enter set history on
enter quit
END
equal 'what was typed, and nothing twice' "$(<"$history")" "sql SELECT 'fi' || 'rst'
set history off
quit"
equal 'for the user alone' "$(stat -c %a "$history") $(stat -c %a "${history%/*}")" '600 700'
typed 100x30 made.db <<'END'
prompt
type \x12fi
see fi' || 'rst
type \r
see first
prompt
type \e[A\r
see first
enter quit
END
equal 'Ctrl-R finds it in another prompt' "$? $(grep -c '^first$' shown)" '0 2'

# Two prompts at a time, of which one is killed. Each types when the other has.
cat >one <<'END'
enter !touch one.there
enter !until test -e two.done; do sleep 0.05; done
enter sql SELECT 'from ' || 'one'
see from one
enter !kill -9 $PPID
END
cat >two <<'END'
enter !until test -e one.there; do sleep 0.05; done
enter sql SELECT 'from ' || 'two'
see from two
enter !touch two.done
enter quit
END
"$BUILD/tests/pty_type" 100x30 one "$ACAUSAL" debug made.db >one.shown 2>&1 &
"$BUILD/tests/pty_type" 100x30 two "$ACAUSAL" debug made.db >two.shown 2>&1
equal 'two at a time' $? 0
wait $!
equal '… one of which is killed' $? 137
equal 'nothing of either is lost' "$(grep "from ' ||" "$history")" "sql SELECT 'from ' || 'two'
sql SELECT 'from ' || 'one'"
equal '… also what killed it' "$(tail -n 1 "$history")" '!kill -9 $PPID'

# It does not grow for ever.
seq -f 'sql SELECT %g' 5000 >"$history"
typed 100x30 made.db <<'END'
prompt
type \e[A
see SELECT 5000
type \x15quit\r
END
equal 'a long one is shortened' "$? $(wc -l <"$history") $(head -n 1 "$history")" '0 1001 sql SELECT 4001'
equal '… into one file' "$(ls "${history%/*}")" history

# Where nothing can be kept.
for where in /proc/nowhere "$PWD/file/state" ''; do
	: >file
	XDG_STATE_HOME=$where HOME='' typed 100x30 made.db <<'END'
enter sql SELECT 'go' || 'es'
see goes
enter quit
END
	equal "no history in '$where'" "$? $(grep -c acausal: shown)" '0 0'
done
rm "$history" && mkdir "$history"
typed 100x30 made.db <<'END'
enter quit
END
equal 'a folder in its place' "$? $(grep -c acausal: shown)" '0 0'
done_testing
