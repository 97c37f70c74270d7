#!/bin/sh
# Every table, view and column of schema/*.sql, every function of the extension and every query stands in
# schema/README.md, and nothing else does; each has a meaning there, and what the comments in the SQL say of a
# column (values in quotes or with their numbers, what NULL means) is said there too. Prints what is missing and
# exits 1. Needs python3, which has SQLite, SQLite's shell, and the extension, $B/acausal_sqlite.so.
set -eu
B=$(cd "${B:-build}" && pwd)
cd "$(dirname "$0")"
exec python3 - "$B/acausal_sqlite.so" <<'PYTHON'
import glob, re, sqlite3, subprocess, sys

db = sqlite3.connect(":memory:")
for name in ("tables", "views", "indexes"):
    db.executescript(open(name + ".sql").read())
written, meanings, prose, heading, queries, in_queries, faults = {}, {}, {}, None, set(), False, []
for line in open("README.md"):
    if line.startswith("## "):
        heading = None
        in_queries = line == "## Queries\n"
    elif in_queries and (match := re.match(r"\| `([\w-]+)` \| (.*) \|", line)):
        queries.add(match[1] + ": " + match[2])
    elif line.startswith("### "):
        heading = line[4:].strip()
        written[heading], prose[heading] = set(), ""
    elif heading and (match := re.match(r"\| `(\w+)` \| *(.*?) *\|$", line)):
        written[heading].add(match[1])
        meanings[heading, match[1]] = match[2]
        if not match[2]:
            faults.append(f"schema/README.md: {heading}.{match[1]} has no meaning")
    elif heading:
        prose[heading] += line
inherited = {"resource_named": "resource", "log_named": "log"}

# The comments of tables.sql: one before each table and view, and those of columns, with their next lines.
commented, before, table, column = {}, "", None, None
for line in open("tables.sql").readlines() + open("views.sql").readlines():
    if match := re.match(r"CREATE (TABLE|VIEW) (\w+)", line):
        table = match[2] if match[1] == "TABLE" else None
        if not before.startswith("--"):
            faults.append(f"schema/*.sql: {match[2]} has no comment")
    elif line.startswith(")"):
        table = None
    elif table and (match := re.match(r"\t(?:(\w+)(?: (INTEGER|TEXT))?[^-]*?)?\s*(?:-- (.*))?$", line)):
        column = match[1] or column
        if match[1] and match[1] not in ("PRIMARY", "text") and not match[2]:
            faults.append(f"schema/tables.sql: {table}.{column} has no type")
        if match[1] and re.search(r"(_id|_ns|_ms|_delta|_depth|_code|address|line|status|bytes|times)$", column) \
                and match[2] != "INTEGER" and column != "build_id":
            faults.append(f"schema/tables.sql: {table}.{column} is no INTEGER")
        if match[3]:
            commented[table, column] = commented.get((table, column), "") + match[3] + " "
    before = line
for (table, column), words in commented.items():
    said = (meanings.get((table, column), "") + " " + prose.get(table, "")).replace("`", "'")
    for part in re.findall(r"(?<!\w)'[^']+'", words) + re.findall(r"\b\d+ [a-z]+", words):
        if part not in said:
            faults.append(f"schema/README.md: {table}.{column} does not say {part}, as its comment does")
    if "NULL" in words and "NULL" not in said:
        faults.append(f"schema/README.md: {table}.{column} does not say what NULL is, as its comment does")
for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"):
    columns = {row[1] for row in db.execute(f"PRAGMA table_info({name})")}
    known = written.pop(name, None)
    if known is None:
        faults.append(f"schema/README.md: {name} is missing")
        continue
    if name in inherited:
        columns -= {row[1] for row in db.execute(f"PRAGMA table_info({inherited[name]})")} - known
    faults += [f"schema/README.md: {name}.{column} is missing" for column in sorted(columns - known)]
    faults += [f"schema/README.md: {name} has no {column}" for column in sorted(known - columns)]

def ask(sql, *load):
    words = ["sqlite3", "-batch", "-init", "/dev/null", *load, ":memory:", sql]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()

load = "-cmd", ".load " + sys.argv[1].removesuffix(".so")
names = "SELECT name FROM pragma_module_list WHERE name NOT LIKE 'pragma%'"
for name in sorted(set(ask(names, *load)) - set(ask(names))):
    heading = next((heading for heading in written if heading.split("(")[0] == name and "(" in heading), None)
    if heading is None:
        faults.append(f"schema/README.md: the function {name} is missing")
        continue
    known = written.pop(heading)
    columns = set(ask(f"SELECT name FROM pragma_table_xinfo('{name}') WHERE NOT hidden", *load))
    faults += [f"schema/README.md: {name}.{column} is missing" for column in sorted(columns - known)]
    faults += [f"schema/README.md: {name} has no {column}" for column in sorted(known - columns)]
files = {open(name).readline()[3:].strip() for name in glob.glob("queries/*.sql")}
faults += [f"schema/README.md: the query {name} is missing or another" for name in sorted(files ^ queries)]
faults += [f"schema/README.md: there is no {name}" for name in written]
print("\n".join(faults), end="\n" if faults else "")
sys.exit(1 if faults else 0)
PYTHON
