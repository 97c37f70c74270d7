#!/bin/sh
# C source on stdout with the text of each FILE, comments too, as `schema_queries[]`: see queries.h.
# Usage: schema/embed_queries.sh FILE...
set -eu
printf '#include "schema/queries.h"\n\n#include <stddef.h>\n\nconst struct schema_query schema_queries[] = {\n'
for file in "$@"; do
	name=${file##*/}
	printf '\t{"%s",\n' "${name%.sql}"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/\t\t"&\\n"/' "$file"
	printf '\t\t""},\n'
done
printf '\t{NULL, NULL},\n};\n'
