# `debug` on a terminal: what gdb's users expect of a prompt.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/prompt.bash"
A=$ACAUSAL

# --- Enter, abbreviations, aliases ---------------------------------------------------------------

typed 100x50 made.db <<'END'
enter sql SELECT 'on' || 'ce'
enter
enter !echo from the shell
enter
enter bt 43
enter set pager off
enter
enter q
END
equal 'it ends with 0' $? 0
equal 'Enter alone does it again' "$(grep -c '^once$' shown)" 2
equal '… but not a command of the shell' "$(grep -c '^from the shell$' shown)" 1
equal '… nor a setting' "$(grep -c '^43 ' shown)" 1
typed 100x50 made.db <<'END'
enter # a comment
enter
enter so nowhere
enter nonsense
enter sh
enter acausal info 43 | head -n 1
prompt
type \x04
END
equal 'Ctrl-D leaves' $? 0
matches 'a beginning of several' "$(<shown)" "acausal: 'sh' may be any of show, shell"
contains 'a beginning of one' "$(<shown)" "acausal: cannot read commands from 'nowhere'"
contains 'an error, and it goes on' "$(<shown)" "acausal: unknown command 'nonsense'"
contains 'what was copied from our output' "$(<shown)" "$("$A" info -r made.db 43 | head -n 1)"

# --- Ctrl-C and Ctrl-Z ---------------------------------------------------------------------------

cat >slow <<'END'
sql SELECT 'be' || 'gun'; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
	SELECT max(i) FROM n
!echo never here
END
typed 100x50 made.db <<'END'
enter set pager off
enter source slow
see begun
type \x03
see slow:1: interrupted
prompt
type abc\x03
prompt
type \x03
prompt
type \x1a
see [stopped]
type sql SELECT 41 + 1\r
see 42
enter quit
END
equal 'Ctrl-C ends a command and not the prompt, Ctrl-Z stops it' $? 0
refuse '… and what would follow in the file' grep -q '^never here' shown

# --- the pager -----------------------------------------------------------------------------------

# One that says so, and one that reads nothing.
printf '#!/bin/sh\nsed "s/^/paged: /"\n' >pager
printf '#!/bin/sh\necho left\n' >leaver
chmod +x pager leaver
PAGER=./pager typed 100x12 made.db <<'END'
enter trace crash
see paged: complete
enter sql SELECT 1 AS short
enter sql SELECT run_id, 'row' FROM run
see paged:
enter set pager off
enter trace crash
enter q
END
equal 'the pager' $? 0
contains 'what is short is not paged' "$(<shown)" $'\nshort\n'
equal '… nor anything with pager off' "$(grep -c '^complete' shown) $(grep -c '^paged: complete' shown)" '1 1'
echo "sql WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, printf('%0100d', i) FROM n" >long
PAGER=./leaver typed 100x12 made.db <<'END'
enter source long
see left
enter sql SELECT 'still ' || 'there'
see still there
enter q
END
equal 'a pager that is left ends what has no end' $? 0
refuse '… and nothing is said of it' grep -q 'acausal: ' shown
PAGER=/nowhere/pager typed 100x12 made.db <<'END'
enter trace crash
enter sql SELECT 'still ' || 'there'
see still there
enter q
END
equal 'a pager that is not there does no harm' $? 0

# --- pipes, the shell, settings, the size --------------------------------------------------------

typed 100x50 made.db <<'END'
enter pipe sql SELECT 'a|b', 6 || 1 | tr a-z A-Z
see A|B
enter sql SELECT 'con' || 'cat' || (40 | 2) AS bits
see concat42
enter sql SELECT 6 | sort
see begin with 'pipe'
enter source long | head -n 2
enter pipe sql SELECT 'piped' AS x | cat
enter | sql SELECT 'piped' AS x | cat
enter pipe trace
enter !echo one | tr n t; exit 3
see ote
enter show width
see auto
size 60x50
enter set colour off
enter trace crash
see complete
enter set width 90
enter show width
see 90
enter set width wide
enter set nothing 1
enter set pager maybe
enter quit
END
equal 'pipes and settings' $? 0
contains '| in quotes and || are SQL' "$(<shown)" 'A|B'
equal 'a pipe that is left ends what has no end' "$(grep -cE '^ *1  0*1$' shown)" 1
equal 'the word pipe, and a | for it' "$(grep -c '^piped *$' shown)" 2
contains 'pipe needs a |' "$(<shown)" 'acausal: pipe: type a command'
equal 'a narrower terminal' \
	"$(sed -n '/) trace crash/,/^complete/p' shown | awk 'length > 60 && !/^ +[0-9]+ \|/' | wc -l)" 0
contains 'a wrong width' "$(<shown)" 'acausal: set width: it takes a number of columns, or auto'
contains 'no such setting' "$(<shown)" "no setting 'nothing': there are pager, width"
contains 'a wrong value' "$(<shown)" "set pager: it takes on|off, not 'maybe'"
refuse 'a command of the shell that fails tells that itself' grep -q 'acausal: .*exit 3' shown

# --- rows that are wider than the terminal -------------------------------------------------------

typed 80x50 made.db <<'END'
enter set pager off
enter sql SELECT 7 AS n, printf('%080d', 1) AS wide, 'end' AS last
see last
enter sql SELECT 7 AS n, printf('%0100d', 2) AS wide
enter quit
END
equal 'rows that do not fit: a value a line' "$(grep -E '^(n|wide|last) ' shown | tr -s ' ')" \
	"$(printf 'n 7\nwide %080d\nlast end\nn wide' 1)"
contains '… but not where only the last value is long' "$(<shown)" "$(printf '7  %0100d' 2)"
equal '… nor where nobody looks' "$(COLUMNS=80 "$A" sql -r made.db "SELECT printf('%080d', 1) AS wide, 'end' AS last" | wc -l)" 2

# --- another recording for one command -----------------------------------------------------------

cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/library.sql" "$ROOT/schema/indexes.sql" |
	sqlite3 -batch other.db
printf '%s\n' 'sql -r other.db SELECT count(*) AS there FROM resource' 'info -r nowhere.db 43' 'info 43' >visits
printf '%s\n' "$("$A" sql -r other.db 'SELECT count(*) AS there FROM resource')" "$(echo 'info 43' | "$A" debug made.db)" >expected
status 'a recording that is not there' 1 "$A" debug -x visits made.db
"$A" debug made.db <visits >visited 2>err
equal '-r is for one command, and the prompt remains where it is' "$(<visited)" "$(<expected)"
equal '… also when there is none of that name' "$(grep -c "no recording 'nowhere.db'" err)" 1
contains 'what it says to type next names it too' "$(echo 'info -r other.db 101' | "$A" debug made.db)" 'trace -r other.db 101'

# --- help ----------------------------------------------------------------------------------------

one_line() { # NAME STATUS TEXT COMMAND...
	local name=$1 expected=$2 text=$3
	shift 3
	status "$name" "$expected" "$@"
	contains "$name: why" "$(<err)" "$text"
}
equal 'help of what is typed at the prompt alone' "$("$A" help up | head -n 1)" 'usage: up [options] [N]'
one_line '… which is not for the shell' 2 "'up' is for the prompt, which 'acausal debug' opens" "$A" up
one_line '… nor the other way round' 2 "'record' is for the shell: type '!acausal record ...'" \
	"$A" debug --batch --ex 'record ls' made.db
one_line 'what is a command of its own' 2 "info: 'threads' is a command of its own" \
	"$A" debug --batch --ex 'info threads' made.db
for command in $({ "$A" help; echo help | "$A" debug made.db; } | sed -n 's/^  \([a-z]*\)  .*/\1/p' | sort -u); do
	equal "help $command: in 80 columns" \
		"$(COLUMNS=80 "$A" help "$command" | LC_ALL=C.UTF-8 awk 'length > 80')" ''
done
cat >script <<'END'
see paged: usage: acausal COMMAND
END
env PAGER=./pager "$BUILD/tests/pty_type" 80x24 script "$A" help >shown
equal 'the list of commands is paged where the terminal is low' $? 0
done_testing
