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
enter sql SELECT 'a|b', 6 || 1 | tr a-z A-Z
see A|B
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
done_testing
