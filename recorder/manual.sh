#!/bin/sh
# Makes the manual page acausal(3) of the header acausal.h, whose comments are its text: first the one at
# its beginning, then sections, "/* --- name --- */", in which a comment tells of the declarations below
# it. Lines set in by two or more spaces are a table: a word, and what it means.
#
#     sh recorder/manual.sh VERSION <recorder/acausal.h      the page
#     sh recorder/manual.sh --names <recorder/acausal.h      the functions, one a line
set -eu

exec awk -v version="$1" '
function escaped(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text ~ /^[.\047]/ ? "\\&" text : text
}

# Words between backquotes or asterisks are set apart.
function marked(text, mark, font,   result) {
	while (match(text, mark)) {
		result = result substr(text, 1, RSTART - 1) font \
			substr(text, RSTART + 1, RLENGTH - 2) "\\fP"
		text = substr(text, RSTART + RLENGTH)
	}
	return result text
}

function print_paragraph() {
	if (paragraph == "")
		return
	gsub(/…/, "...", paragraph)
	print marked(marked(escaped(paragraph), "`[^`]*`", "\\fI"), "[*][a-z]+[*]", "\\fI")
	paragraph = ""
}

function print_text(   i, line) {
	for (i = 1; i <= count; i++) {
		line = comment[i]
		if (line == "") {
			print_paragraph()
			print ".PP"
		} else if (line ~ /^  ? ?[^ ]+(, [^ ]+)*   *[^ ]/) {
			print_paragraph()
			sub(/^ +/, "", line)
			match(line, /   */)
			print ".TP"
			print ".B " escaped(substr(line, 1, RSTART - 1))
			paragraph = substr(line, RSTART + RLENGTH)
		} else {
			sub(/^ +/, "", line)
			paragraph = paragraph (paragraph == "" ? "" : " ") line
		}
	}
	print_paragraph()
	count = 0
}

# What is declared, in bold and as it stands; a function without what only the compiler needs.
function keep_declaration(text) {
	gsub(/ ACAUSAL_WEAK/, "", text)
	declaration[++declared] = text
}

function flush_entry(   i) {
	if (!declared)
		return
	print ".PP"
	print ".nf"
	for (i = 1; i <= declared; i++)
		print "\\fB" escaped(declaration[i]) "\\fP"
	print ".fi"
	if (count) {
		print ".RS 4"
		print_text()
		print ".RE"
	}
	declared = count = 0
}

function print_examples() {
	print ".SH EXAMPLES"
	print "A request has its ID in all that comes of it, also where nobody passes it on:"
	print ".PP\n.nf\n.RS 4"
	print "static void on_request(struct request *request)"
	print "{"
	print "    acausal_context_set(\"request_id\", request\\->id);"
	print "    uv_queue_work(loop, &request\\->work, hash, on_hashed);"
	print "}"
	print ".RE\n.fi\n.PP"
	print "A queue: whoever calls what was put into it, each job runs in the name of who put it there:"
	print ".PP\n.nf\n.RS 4"
	print "static void push(struct job *job)"
	print "{"
	print "    acausal_bind(&job\\->bound, \"JOB\", do_job, job);"
	print "    queue_add(job);"
	print "    uv_async_send(&wakeup);"
	print "}"
	print ""
	print "static void on_wakeup(uv_async_t *async)"
	print "{"
	print "    struct job *job;"
	print ""
	print "    while ((job = queue_take())) {"
	print "        acausal_bound_call(&job\\->bound);"
	print "        acausal_unbind(&job\\->bound);"
	print "    }"
	print "}"
	print ".RE\n.fi"
}

function is_page() { return version != "--names" }

BEGIN { state = "begin" }

/^#ifdef __cplusplus/ && state == "body" { state = "end" }
state == "end" { next }

/^\/\* clang-format o/ { next }

# A section; before the first, declarations are none of the program.
/^\/\* --- .* -+ \*\/$/ {
	state = "body"
	if (is_page()) {
		flush_entry()
		sub(/^\/\* --- /, "")
		sub(/ -+ \*\/$/, "")
		print ".SH " escaped(toupper($0))
	}
	count = 0
	next
}

!in_comment && /^\/\*/ {
	if (is_page())
		flush_entry()
	count = 0
	in_comment = 1
	sub(/^\/\*/, "")
	if ($0 == "")
		next
}
in_comment {
	if (sub(/ *\*\/$/, "")) {
		in_comment = 0
		if ($0 == "" || $0 == " ") {
			if (state == "begin")
				state = "head"
		}
	}
	sub(/^ \* ?/, "")
	if (in_comment || $0 ~ /[^ ]/) {
		sub(/^ ([^ ])/, substr($0, 2, 1) == " " ? "&" : substr($0, 2, 1))
		comment[++count] = $0
	}
	if (!in_comment && state == "head") {
		state = "intro"
		if (is_page()) {
			print ".TH ACAUSAL 3 \"\" \"acausal " version "\" \"Library calls\""
			print ".SH NAME"
			print "acausal \\- hooks, storages and contexts for programs on libuv"
			print ".SH SYNOPSIS"
			print ".nf"
			print "\\fB#include <acausal.h>\\fP"
			print ""
			print "cc $(pkg\\-config \\-\\-cflags acausal libuv) \\fIfile\\fP.c \\-luv"
			print "cc \\fIfile\\fP.c $(pkg\\-config \\-\\-cflags \\-\\-libs acausal libuv)"
			print ".fi"
			print ".PP"
			print "The first way the library is there when the program is recorded, or it is preloaded;"
			print "the second way always."
			print ".SH DESCRIPTION"
			print_text()
		}
		count = 0
	}
	next
}

/^#/ { count = 0; next }
state != "body" || /^$/ { next }

# A declaration, to its semicolon, or to the brace that ends a struct.
{
	if (is_page())
		keep_declaration($0)
	else
		names = names " " $0
	in_struct = in_struct ? $0 !~ /^}/ : $0 ~ /{$/
	if (!in_struct && !is_page() && /;$/) {
		if (match(names, /acausal_[a-z_]*\(/))
			print substr(names, RSTART, RLENGTH - 1)
		names = ""
	}
}

END {
	if (!is_page())
		exit
	flush_entry()
	print_examples()
	print ".SH SEE ALSO"
	print ".BR acausal (1),"
	print ".BR acausal\\-record (1)"
}
'
