# `log --file PATH:LINE` on real files: renamed, copied and cut short, rotated by copying, edited,
# appended to by others, written by several threads. Every "same" must be found in the run that wrote
# it, which the line before it says, or not be named as certain.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING COLUMNS NO_COLOR PAGER
A=$ACAUSAL
program=$BUILD/tests/log_rotated

# record MODE FILE: acausal.db and FILE anew
record() {
	rm -f acausal.db "$2"*
	"$A" record -o acausal.db "$program" "$1" "$2" >record.out 2>&1
}

# place FILE:LINE: "sure run_id", or how it could not be done
place() {
	local answer
	if answer=$("$A" log --format json --file "$1" 2>place.err); then
		json "SELECT data ->> '\$[0].sure', data ->> '\$[0].run_id' FROM json_data" <<<"$answer"
	elif [[ -s place.err && $(<place.err) == *' may be '* ]]; then
		echo ambiguous
	else
		echo none
	fi
}

# places FILE WORDS SURE: each "same" of the file, against the run of the line before it. SURE is a
# pattern of what may be answered; a wrong run is never right.
places() {
	local file=$1 words=$2 sure=$3 number text before='' answer expected wrong='' certain=0
	while IFS=: read -r number text; do
		if [[ $text == same ]]; then
			answer=$(place "$file:$number")
			expected=$(sql acausal.db "SELECT run_id FROM log WHERE text = '$before'")
			case $answer in
			*"|$expected") certain=$((certain + 1)) ;;
			ambiguous | none) ;;
			*) wrong+="$file:$number is $answer, not $expected; " ;;
			esac
			# shellcheck disable=SC2053
			[[ ${answer%%|*} == $sure ]] || wrong+="$file:$number: $answer; "
		fi
		before=$text
	done < <(grep -n '' "$file")
	equal "$words" "$wrong" ''
	certainly=$certain
}

record plain app.log
places app.log 'a plain file' exact
equal '… all of them' "$certainly" 12
mv app.log elsewhere.txt
places elsewhere.txt '… under another name' exact
ln -s elsewhere.txt linked.txt
places linked.txt '… by a link' exact
mkdir -p folder
equal '… by another path, from another folder' \
	"$(cd folder && "$A" log -r ../acausal.db --format json --file ../elsewhere.txt:2 | json "SELECT data ->> '\$[0].sure' FROM json_data")" exact
cp elsewhere.txt copied.txt
places copied.txt '… a copy of another name: by its text' '@(narrowed|ambiguous)'
cp elsewhere.txt app.log-20261126
places app.log-20261126 '… a copy with a name of rotation' narrowed
equal '… all of them' "$certainly" 12
contains '… its first line is no more than likely' "$("$A" log --file app.log-20261126:1)" ':1 is most likely, but not certainly, log:1: '
contains '… which the list marks' "$("$A" log --file app.log-20261126:1)" ' ? round 0'
contains '… and traces tell first' "$("$A" log --trace --file app.log-20261126:1 | head -n 1)" ':1 is most likely, but not certainly, log:1: '
equal '… and JSON' "$("$A" log --trace --format json --file app.log-20261126:1 | json "SELECT data ->> '\$[0].sure' FROM json_data")" likely
printf 'of another program\nround 3\nand of it too\n' >foreign.txt
status 'one line alone of a file that nothing ties to the recording' 1 "$A" log --file foreign.txt:2
contains '… may be it, or not' "$(<err)" "foreign.txt:2 may be log:7, or none: "
sed 5,9d elsewhere.txt >app.log.2.old
places app.log.2.old '… some lines taken out' '@(narrowed|ambiguous)'
equal '… all that the lines around them tell' "$((certainly >= 7))" 1
{ echo same; cat elsewhere.txt; echo same; echo round 999; echo same; } >app.log.3
before_foreign=$("$A" log --file app.log.3:1 2>&1)
contains '… somebody else wrote it too' "$before_foreign" 'may be any of'
places app.log.3 "… and no wrong one is named" "@(narrowed|ambiguous)"
tac elsewhere.txt >app.log.4
equal '… turned round: nothing is sure' "$(place app.log.4:1)" ambiguous
{ cat elsewhere.txt; printf 'same [#3]\n'; } >app.log.5
contains '… a tag tells of which resource it is' "$("$A" log --file app.log.5:25 2>&1)" 'by its tag'

record rename app.log
places app.log 'renamed while it was written: the new file' '@(exact|narrowed)'
equal '… all of them' "$certainly" 6
places app.log.1 '… the old one' '@(exact|narrowed)'
equal '… all of them' "$certainly" 6
mv app.log.1 app.log.2
places app.log.2 '… renamed again afterwards' '@(exact|narrowed)'
gzip app.log.2
contains '… compressed' "$("$A" log --file app.log.2.gz:1 2>&1)" 'is compressed (gzip)'
gunzip app.log.2.gz
places app.log.2 '… unpacked: another inode' '@(narrowed|ambiguous)'
equal '… all by the lines around them, but the last' "$certainly" 5

record copytruncate app.log
places app.log 'copied and cut short: what came after' '@(exact|narrowed|ambiguous)'
equal '… all of them' "$certainly" 6
places app.log.1 '… the copy' '@(exact|narrowed|ambiguous)'
equal '… all of them but the last' "$certainly" 5

record writers app.log
# Of two threads the line before need not be of the same run: what is certain must be by the text.
wrong=
for number in $(grep -n round app.log | cut -d: -f1); do
	text=$(sed -n "${number}p" app.log)
	answer=$(place "app.log:$number")
	[[ $answer == "exact|$(sql acausal.db "SELECT run_id FROM log WHERE text = '$text'")" ]] ||
		wrong+="$number: $answer; "
done
equal 'two writers: lines that were written once' "$wrong" ''
equal 'two writers: the same text is never certain by counting' \
	"$(for number in $(grep -n same app.log | cut -d: -f1); do place "app.log:$number"; done | grep -c exact)" 0

record bare app.log
equal 'nothing but the same text, all of it: counted' "$(place app.log:5)" \
	"exact|$(sql acausal.db "SELECT run_id FROM log WHERE log_id = 5")"
sed -i 3d app.log
equal '… one of them missing' "$(place app.log:5)" ambiguous
equal '… all candidates are listed' "$("$A" log --file app.log:5 2>/dev/null | grep -c 'thread:')" 12

# --- what was there before ----------------------------------------------------------------------

rm -f app.log* acausal.db
printf 'older\nsame\n' >app.log
"$A" record -o acausal.db "$program" plain app.log >record.out 2>&1
contains 'a line from before' "$("$A" log --file app.log:2 2>&1)" 'was written before recording began'
equal 'the first line of the recording' "$(place app.log:3)" \
	"exact|$(sql acausal.db "SELECT run_id FROM log WHERE text = 'round 0'")"
equal 'the first of the same text that was recorded' "$(place app.log:4)" \
	"exact|$(sql acausal.db "SELECT run_id FROM log WHERE text = 'round 0'")"
done_testing
