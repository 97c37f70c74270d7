-- The recording's tables. Names in schema/README.md under "contract" never change meaning; those that begin
-- with packed_ and the tables origin, entry, api, fold are how it is stored, and may change with
-- user_version. schema/views.sql makes the contract's names of them.
--
-- Times are nanoseconds since the recording began. IDs of process P are ((P - 1) << 40) + N.
-- Unknown is NULL. No table has a secondary index while it is written.

PRAGMA application_id = 0x61636175;
PRAGMA user_version = 1;

-- What the recording is.
CREATE TABLE meta (
	key TEXT PRIMARY KEY,             -- 'acausal_version', 'started_at', 'command', 'complete', …
	value TEXT
) WITHOUT ROWID;

-- A process that was recorded. exec makes a new row.
CREATE TABLE process (
	process_id INTEGER PRIMARY KEY,
	os_pid INTEGER,
	parent_process_id INTEGER,
	spawned_by_async_id INTEGER,
	executable TEXT,
	arguments TEXT,                   -- JSON array
	runtime TEXT,                     -- 'libuv' or 'node'
	runtime_version TEXT,
	started_ns INTEGER,
	ended_ns INTEGER,
	exit_code INTEGER,
	exit_signal INTEGER,
	is_foreign INTEGER,               -- 1: a process made it by a call that is not known
	history_from_ns INTEGER           -- flight mode: what was before may have been overwritten, but
	                                  -- for what is still alive and how it came to be. What ended
	                                  -- earlier has this as its destroyed_ns. NULL: all is there
);

-- A thread.
CREATE TABLE thread (
	thread_id INTEGER PRIMARY KEY,
	process_id INTEGER,
	os_tid INTEGER,
	name TEXT,
	role TEXT,                        -- 'main', 'pool' or 'user'
	root_run_id INTEGER,
	last_run_id INTEGER,              -- running when the process was killed
	started_ns INTEGER,
	ended_ns INTEGER,
	is_foreign INTEGER                -- 1: how it was made is not known
);

-- A file that code was mapped from: one for each build ID (or path, when it has none).
CREATE TABLE module (
	module_id INTEGER PRIMARY KEY,
	path TEXT,
	build_id TEXT                     -- lower-case hexadecimal
);

-- Where a module was mapped in a process.
CREATE TABLE mapping (
	module_id INTEGER,
	process_id INTEGER,
	start_address INTEGER,
	end_address INTEGER,
	load_bias INTEGER,
	mapped_ns INTEGER,
	unmapped_ns INTEGER
);

-- A place in a module's code. A return address, unless is_exact.
CREATE TABLE frame (
	frame_id INTEGER PRIMARY KEY,
	module_id INTEGER,                -- NULL: code of no file; see end_reason
	address INTEGER,                  -- in the module's own ELF addresses
	is_exact INTEGER,                 -- 1: the very instruction (where a crash happened)
	end_reason TEXT                   -- not a place, but why the stack ends here, in words
);

-- What a frame is in the source; inlined calls are rows of their own.
CREATE TABLE source (
	frame_id INTEGER,
	inline_depth INTEGER,             -- 0 innermost
	function TEXT,
	file TEXT,
	line INTEGER,
	column INTEGER,
	directory TEXT,                   -- where the compiler ran, for a file with a relative name
	PRIMARY KEY (frame_id, inline_depth)
) WITHOUT ROWID;

-- A stack is named by its innermost node.
CREATE TABLE stack (
	stack_id INTEGER PRIMARY KEY,
	caller_id INTEGER,                -- the next outer node, less than stack_id; NULL at the bottom
	frame_id INTEGER,
	signature INTEGER                 -- of the function names from here outwards; same in another build
);

-- A kind of resource; the numbers are good in one file only.
CREATE TABLE type (
	type_id INTEGER PRIMARY KEY,
	name TEXT,                        -- 'uv_timer_t'
	class TEXT,                       -- handle, request, loop, thread, process, promise, user, root
	hook_type TEXT,                   -- Node's name: 'Timeout'
	armed_by_creation INTEGER
);

-- Functions that make or arm things, by name.
CREATE TABLE api (
	api_id INTEGER PRIMARY KEY,
	name TEXT
);

-- From where something was asked for: the combinations that occurred.
CREATE TABLE origin (
	origin_id INTEGER PRIMARY KEY,
	thread_id INTEGER,
	type_id INTEGER,                  -- of what was made; NULL for an arming or a cause
	api_id INTEGER,
	stack_id INTEGER,
	loop_id INTEGER,
	kind TEXT,                        -- of a cause: 'send', 'cancel', 'again', 'work' …
	address INTEGER                   -- of the first object made there; others count from it
);

-- What was run: the combinations that occurred.
CREATE TABLE entry (
	entry_id INTEGER PRIMARY KEY,
	thread_id INTEGER,
	part TEXT,                        -- 'callback', 'work', 'after', 'alloc', 'close'
	callback_frame_id INTEGER
);

-- A request with its one run, in one row.
CREATE TABLE packed_request (
	async_id INTEGER PRIMARY KEY,
	origin_id INTEGER,                -- of its creation
	trigger_delta INTEGER,            -- async_id - trigger_id
	creator_delta INTEGER,            -- run_id - the run executing at creation
	created_ns INTEGER,
	address_delta INTEGER,            -- address - that of its origin
	handle_delta INTEGER,             -- async_id - handle_id
	run_id INTEGER,
	entry_id INTEGER,
	wait_ns INTEGER,                  -- began - created
	duration_ns INTEGER,
	status INTEGER,
	bytes INTEGER,
	cause_id INTEGER
);

-- A resource of any other kind, or a request whose callback never ran.
CREATE TABLE packed_resource (
	async_id INTEGER PRIMARY KEY,
	origin_id INTEGER,
	type_id INTEGER,                  -- NULL: that of its origin
	trigger_delta INTEGER,            -- async_id - trigger_id
	run_id INTEGER,
	created_ns INTEGER,
	lifetime_ns INTEGER,              -- NULL: never destroyed
	address_delta INTEGER,            -- address - that of its origin
	handle_delta INTEGER,             -- async_id - handle_id
	has_ref INTEGER
);

-- A run of a handle's callback, of a thread, or of the work part of a uv_work_t.
CREATE TABLE packed_run (
	run_id INTEGER PRIMARY KEY,
	async_id INTEGER,
	arming_id INTEGER,
	entry_id INTEGER,
	began_ns INTEGER,
	duration_ns INTEGER,              -- NULL: never ended
	status INTEGER,
	bytes INTEGER,
	cause_id INTEGER
);

-- A run with the arming that it used up, in one row: of one-shot timers, of uv_close. The arming was
-- made once, has no repeat, and ended by firing when the run began.
CREATE TABLE packed_shot (
	run_id INTEGER PRIMARY KEY,
	async_id INTEGER,
	arming_delta INTEGER,             -- run_id - arming_id
	origin_id INTEGER,                -- of the arming
	armer_delta INTEGER,              -- run_id - the run executing at the arming
	armed_ns INTEGER,
	timeout_ms INTEGER,               -- of a timer
	entry_id INTEGER,
	wait_ns INTEGER,                  -- began - armed
	duration_ns INTEGER,
	cause_id INTEGER
);

-- Runs, of any table, that began inside of another than their thread's root run.
CREATE TABLE packed_outer (
	run_id INTEGER PRIMARY KEY,
	outer_run_id INTEGER,             -- NULL: the thread's root run
	outer_stack_id INTEGER            -- where that stood in a nested uv_run
);

-- An arming that did not become a row of packed_shot.
CREATE TABLE packed_arming (
	arming_id INTEGER PRIMARY KEY,
	async_id INTEGER,
	run_id INTEGER,                   -- run executing at the time
	origin_id INTEGER,
	armed_ns INTEGER,
	timeout_ms INTEGER,
	repeat_ms INTEGER,
	times INTEGER,                    -- armed so often before it fired; NULL: once
	stood_ns INTEGER,                 -- disarmed - armed
	end_code INTEGER,                 -- 1 fired, 2 stopped, 3 replaced, 4 closed; NULL: it still stood
	disarmed_delta INTEGER,           -- run that ended it - run_id
	disarmed_stack_id INTEGER
);

-- Somebody made a callback fire.
CREATE TABLE packed_cause (
	cause_id INTEGER PRIMARY KEY,
	async_id INTEGER,
	run_id INTEGER,
	origin_id INTEGER,                -- with its kind
	caused_ns INTEGER,
	first_delta INTEGER,              -- cause_id - the one it was coalesced into; NULL: into none
	caused_delta INTEGER,             -- the first run it made happen - run_id
	times INTEGER                     -- a timer was put off so often, this time the last; NULL: once
);

-- Words about a resource: an fs path, a peer address, a signal's name; and its descriptor.
CREATE TABLE detail (
	async_id INTEGER PRIMARY KEY,
	text TEXT,
	fd INTEGER
);

-- A shortcut along link edges: going back from run_id, `period` segments repeat `times` times and
-- lead to to_run_id. The segments are those of the first `period` runs met. Runs in between may
-- have rows of their own; there is one at least every 64 repeats of a streak.
CREATE TABLE fold (
	run_id INTEGER PRIMARY KEY,
	period INTEGER,
	times INTEGER,
	to_run_id INTEGER
);

-- Where lines go to. The same file under another name is another sink, with the same device, inode
-- and born_ns.
CREATE TABLE sink (
	sink_id INTEGER PRIMARY KEY,
	kind TEXT,                        -- 'file', 'terminal', 'pipe', 'socket', 'syslog', 'other'
	path TEXT,                        -- NULL: it has none
	device INTEGER,
	inode INTEGER,
	born_ns INTEGER,                  -- of a file, since 1970; NULL: the file system does not say
	size_before INTEGER,              -- bytes that a file had before the first line of this sink
	met_ns INTEGER,
	moved_to TEXT                     -- path at the end of recording, when it is another one
);

-- From where lines came: the combinations that occurred.
CREATE TABLE log_origin (
	log_origin_id INTEGER PRIMARY KEY,
	process_id INTEGER,
	thread_id INTEGER,
	fd INTEGER,                       -- NULL: syslog
	sink_id INTEGER,
	writer_id INTEGER,                -- who wrote to that sink: process, thread and stdio stream
	api_id INTEGER,                   -- the function that was called
	at_flush INTEGER                  -- 1: seen only when a buffer was flushed
);

-- A line that the program wrote.
CREATE TABLE packed_log (
	log_id INTEGER PRIMARY KEY,
	log_origin_id INTEGER,
	run_id INTEGER,
	stack_id INTEGER,
	written_ns INTEGER,
	line_number INTEGER,              -- among the lines recorded of that sink's path
	full_length INTEGER,              -- bytes; NULL: all of them are in text
	text                              -- BLOB when not UTF-8
);

-- Values that callbacks inherit: what is in force is found by following the parents. In a run that is,
-- from set_ns on, the last that was set in it; before, the one that the run began with.
CREATE TABLE context (
	context_id INTEGER PRIMARY KEY,
	parent_context_id INTEGER,        -- less than context_id
	async_id INTEGER,
	run_id INTEGER,
	key TEXT,                         -- NULL: nothing was set; what the parent has is in force
	value TEXT,                       -- NULL: the key was taken away
	set_ns INTEGER,
	stack_id INTEGER
);

-- Contexts that nobody set: they stand for another one on top of others, since one of those that had lain
-- below it was set anew. Where it was set, that one says; their own run_id is NULL.
CREATE TABLE context_repeat (
	context_id INTEGER PRIMARY KEY,
	of_context_id INTEGER             -- less than context_id
);

-- What was in force where a resource was made. No row: nothing.
CREATE TABLE resource_context (
	async_id INTEGER PRIMARY KEY,
	context_id INTEGER
);

-- What was in force at an arming; the run that comes of it begins with that.
CREATE TABLE arming_context (
	arming_id INTEGER PRIMARY KEY,
	context_id INTEGER
);

-- When a loop waited for the kernel: what was in a stretch of a loop's time is found by bisection.
CREATE TABLE packed_poll (
	loop_id INTEGER,
	entered_ns INTEGER,
	thread_id INTEGER,
	wait_ns INTEGER,                  -- left - entered
	timeout_ms INTEGER,
	PRIMARY KEY (loop_id, entered_ns)
) WITHOUT ROWID;

-- When a thread of the pool had a request, where no run says it (of a uv_work_t the work run does).
CREATE TABLE packed_pool (
	async_id INTEGER PRIMARY KEY,
	thread_id INTEGER,
	began_ns INTEGER,
	duration_ns INTEGER,
	estimated INTEGER
);

-- When a handle began to keep its loop alive, or no more to: uv_ref and uv_unref that changed it.
CREATE TABLE ref (
	async_id INTEGER,
	run_id INTEGER,
	at_ns INTEGER,
	has_ref INTEGER
);

-- A signal that ended its process.
CREATE TABLE crash (
	crash_id INTEGER PRIMARY KEY,
	process_id INTEGER,
	thread_id INTEGER,
	run_id INTEGER,
	stack_id INTEGER,
	signal INTEGER,
	code INTEGER,
	fault_address INTEGER,
	message TEXT,
	crashed_ns INTEGER
);

-- Where events are missing; where thread and times are NULL, that is not known.
CREATE TABLE gap (
	gap_id INTEGER PRIMARY KEY,
	thread_id INTEGER,
	from_ns INTEGER,
	to_ns INTEGER,
	lost INTEGER,
	reason TEXT                       -- 'paused': recording was; NULL: there was no room for them
);

-- Sums kept while recording, so that summaries need no scan.
CREATE TABLE stack_total (
	type_id INTEGER,
	stack_id INTEGER,                 -- NULL where the creating stack is not known
	created INTEGER,
	destroyed INTEGER,
	runs INTEGER,
	wait_ns INTEGER,
	wait_max_ns INTEGER,
	run_ns INTEGER,
	run_max_ns INTEGER,
	buckets TEXT                      -- JSON array: number of runs with run time in [2^n, 2^(n+1)) ns
);
