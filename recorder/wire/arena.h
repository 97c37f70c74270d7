/*
 * The arena: the memory that a recorded process shares with the recorder, and that its core dumps
 * carry. One contract between the two sides: the runtime writes it, the ingester reads it, from a
 * live mapping, from /proc/PID/mem or from the bytes of a core.
 *
 * The arena is reserved once at its full size as a sparse memfd and never remapped. It holds, in
 * this order, a header, thread slots, modules, sinks, crashes, live resources, details of those,
 * ancestors, stack nodes, chunk descriptors and chunks. Each region is an array of records of a
 * fixed stride, found by `arena_region`.
 *
 * What becomes of the events when the chunks are full, `arena_header.on_full` says. In flight mode
 * the oldest are overwritten, and nobody need be there to read them; what is still alive, and how
 * it came to be, stays known in regions that are not: lives, details, ancestors, thread slots.
 *
 * Whoever reads an arena must not trust it: read each word once, bound each index, cap each loop.
 *
 * Times are ticks (`arena_header.clock`), IDs are counted from 1 within the process, and 0 means
 * "none" for every ID, index, stack and time in here.
 */
#ifndef ACAUSAL_WIRE_ARENA_H
#define ACAUSAL_WIRE_ARENA_H

#include <stdatomic.h>
#include <stdint.h>

#define ARENA_MAGIC   0x616e657261756163ull /* "cauarena", little endian */
#define ARENA_VERSION 6
#define ARENA_BUILD   "1"

/*
 * What a recorded process is told by its environment.
 *
 * ACAUSAL_SOCKET is "NAME.TOKEN": the recorder's abstract socket, without its leading NUL, and 16
 * hexadecimal digits that the hello has to repeat. ACAUSAL_PID, when it is there, is the only
 * process that is meant (record --no-follow). ACAUSAL_FROM is "PID.STARTED.SPAWN.TARGET", `struct
 * arena_origin` in hexadecimal and the process that it is meant for: where TARGET is neither the
 * process's own ID, nor 0 while PID is its parent's, it is somebody else's that was inherited.
 *
 * ACAUSAL_LOG says which lines are kept: its first character is '+' (those of the descriptors 1 and
 * 2, of files opened for appending or named *.log, and those to syslog) or '-' (none of those), and
 * then come patterns of further ones (hooks/sink_match.h), each with a newline before it. Not
 * there: "+". ACAUSAL_LOG_MAX is the number of bytes kept of a line. ACAUSAL_TAG_LINES is "1" when
 * lines on the descriptors 1 and 2 are to end in their resource's ID.
 *
 * ACAUSAL_FLIGHT is a size in bytes, a number with K, M or G behind it perhaps: flight mode, with
 * so much room for events (ARENA_FLIGHT_LEAST to ARENA_FLIGHT_MOST; 0: no flight mode), and a chunk
 * more for each thread. It needs no ACAUSAL_SOCKET, and without one no recorder knows of the
 * process.
 */
#define ARENA_SOCKET_ENV  "ACAUSAL_SOCKET"
#define ARENA_PID_ENV	  "ACAUSAL_PID"
#define ARENA_FROM_ENV	  "ACAUSAL_FROM"
#define ARENA_LOG_ENV	  "ACAUSAL_LOG"
#define ARENA_LOG_MAX_ENV "ACAUSAL_LOG_MAX"
#define ARENA_TAG_ENV	  "ACAUSAL_TAG_LINES"
#define ARENA_FLIGHT_ENV  "ACAUSAL_FLIGHT"

/* The name that the memfd has in /proc/PID/maps, and the one that it is made with. */
#define ARENA_MAPPING "/memfd:acausal (deleted)"
#define ARENA_MEMFD   "acausal"

enum {
	ARENA_CHUNK_SIZE = 16384, /* bytes of events in a chunk */
	ARENA_OPEN_RUNS = 8,	  /* nested runs of a thread known after its death */
	ARENA_STACK_DEPTH = 128,  /* frames kept of one stack, the innermost */
	ARENA_BUILD_ID_MAX = 32,
	ARENA_PATH_MAX = 400,
	ARENA_LOG_MAX = 1 << 20, /* bytes kept of a line, unless told otherwise */
	ARENA_PARTIAL_MAX = 256, /* bytes of a line that is still being put together */
	ARENA_SINK_PATH_MAX = 960,
	ARENA_CRASH_REGISTERS = 40,
	ARENA_CRASH_MESSAGE = 1024,
	ARENA_CRASH_STACK = 1 << 16, /* bytes kept of the stack of a thread that crashed */
	ARENA_DETAIL_MAX = 96,	     /* bytes of words kept of a live resource */
	ARENA_TYPE_NAME = 56,
	ARENA_MAIN_ID = 1,	 /* async_id of the main thread, whichever thread is known first */
	ARENA_CONTEXT_KEY = 255, /* bytes, at most */
	ARENA_CONTEXT_VALUE = 1023,
	ARENA_FLIGHT_LEAST = 1 << 20, /* bytes of events */
	ARENA_FLIGHT_MOST = 1 << 30,
};

enum arena_clock {
	ARENA_CLOCK_MONOTONIC = 1, /* ticks are nanoseconds of CLOCK_MONOTONIC */
	ARENA_CLOCK_TSC = 2, /* ticks are rdtsc; only where the kernel's clock source is tsc */
};

/* The same moment in three clocks. */
struct arena_anchor {
	uint64_t ticks, monotonic_ns, realtime_ns;
};

struct arena_region {
	uint64_t offset; /* from the arena's beginning */
	uint32_t stride; /* bytes a record */
	uint32_t count;	 /* records that there is room for */
};

/*
 * Regions in the order in which they lie. Records 0 of sinks, lives, ancestors and nodes are never
 * used, so that index 0 can mean "none".
 */
enum arena_region_name {
	ARENA_THREADS,	    /* struct arena_thread */
	ARENA_MODULES,	    /* struct arena_module */
	ARENA_SINKS,	    /* struct arena_sink */
	ARENA_TYPES,	    /* struct arena_type */
	ARENA_CRASHES,	    /* struct arena_crash */
	ARENA_LIVES,	    /* struct arena_live */
	ARENA_DETAILS,	    /* struct arena_detail: of the live record with the same index */
	ARENA_ANCESTORS,    /* struct arena_ancestor */
	ARENA_NODES,	    /* struct arena_node */
	ARENA_CHUNK_STATES, /* struct arena_chunk */
	ARENA_CHUNKS,	    /* ARENA_CHUNK_SIZE bytes of events each */
	ARENA_REGION_COUNT
};

/*
 * A counter on a cache line of its own. `used` of a region counts the records ever taken (its
 * high-water mark): records from 0 to used - 1 may be read.
 */
struct arena_counter {
	_Alignas(64) _Atomic uint64_t value;
};

/* Head of a lock-free list of free records: index in the low half, a tag against ABA in the high.
 */
struct arena_free_list {
	_Alignas(64) _Atomic uint64_t head;
};

/* Which EVENT_SPAWN, of which process, a process came from; all 0 when that is not known. */
struct arena_origin {
	uint32_t os_pid;   /* that process, which for an exec is the same one */
	uint32_t is_shell; /* 1: the process was called "sh", as system and popen call theirs */
	uint64_t started;  /* `arena_header.started.ticks` of it */
	uint64_t spawn_id; /* 0: a child of it, by a call that was not seen */
};

struct arena_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size;
	uint64_t size;	  /* bytes of the whole arena */
	uint64_t address; /* where the process mapped it */
	uint32_t os_pid;
	uint32_t clock; /* enum arena_clock */
	char build[32]; /* of the runtime */
	struct arena_anchor started;
	struct arena_anchor latest; /* renewed now and then by the runtime; only for cores */
	struct arena_region region[ARENA_REGION_COUNT];
	uint32_t on_full; /* enum arena_on_full */
	uint32_t is_fork; /* 1: the process came by fork, without an exec */
	struct arena_origin from;
	_Atomic int32_t exit_code; /* that the process ends with; -1 until it says so */
	_Atomic uint32_t libuv;	   /* enum arena_libuv */
	/*
	 * The number that the process has in the recording; 0 until the ingester, which alone
	 * writes it, has taken the process in. For IDs that the process itself is to show.
	 */
	_Atomic uint32_t process_id;
	_Atomic uint32_t is_paused; /* enum arena_pause. Anybody may set it (snapshot --pause) … */
	_Atomic uint64_t paused_at; /* … and this before: ticks */

	struct arena_counter used[ARENA_REGION_COUNT];
	struct arena_counter async_id, run_id, arming_id, cause_id, spawn_id; /* last one given */
	struct arena_counter context_id;				      /* last one given */
	struct arena_counter thread_number;				      /* last one given */
	struct arena_counter chunk_sequence;				      /* last one given */
	struct arena_counter generation; /* of loaded modules: advanced by each dlclose */
	struct arena_free_list free_lives, free_chunks, free_threads, free_ancestors;

	struct arena_counter lost;	 /* events that could not be written */
	struct arena_counter waits;	 /* times that a thread waited for room */
	struct arena_counter wait_ticks; /* … and how long, all together */
	struct arena_counter ended;	 /* 1 once the process has begun its orderly exit */
	/*
	 * Flight mode: the chunk to be looked at next for one to overwrite (counts on and on); how
	 * many were; and the moment until which events may be missing because of that: of what came
	 * after it, every event is there. 0: none is missing.
	 */
	struct arena_counter hand, overwritten, overwritten_until;
	struct arena_counter ancestors_lost; /* that there was no room for */
	struct arena_counter stacks_cut;     /* that there was no room for: NODE_END_NO_ROOM */

	/*
	 * Futex word advanced by the ingester whenever it has freed chunks; a thread that finds the
	 * pool empty waits on it, 20 ms at most, and looks again.
	 */
	struct arena_counter room;
	/*
	 * A process-shared robust mutex held by the ingester for as long as it lives. The runtime
	 * reads only its first word: FUTEX_OWNER_DIED in it means that nobody drains any more. 0
	 * means that nobody has begun to.
	 */
	_Alignas(64) unsigned char ingester_life[64];
};

/* What happens when no chunk is free. */
enum arena_on_full {
	ARENA_WAITS,	  /* the program waits for the ingester; when that has died, as the last */
	ARENA_DROPS,	  /* events are dropped and counted; when the ingester has died, likewise */
	ARENA_OVERWRITES, /* flight mode: the oldest chunk is overwritten. Nobody drains */
};

enum arena_pause {
	ARENA_NEVER_PAUSED,
	ARENA_PAUSED, /* nothing is written for now */
	ARENA_RESUMED,
};

/* What was seen of libuv in a process: bits of `arena_header.libuv`. */
enum arena_libuv {
	ARENA_LIBUV_CALLED = 1, /* code of the program called it */
	ARENA_LIBUV_RAN = 2,	/* libuv called itself, so that it was called by somebody */
	ARENA_LIBUV_USED = 4,	/* something of it, or of the program's own (acausal.h), was made */
	ARENA_LIBUV_BYPASSED = 8, /* at the end, a module was bound to one past the recorder */
	ARENA_LIBUV_APART = 16,	  /* at the end, one was in a namespace of its own */
};

/* A run that has begun and not ended, in its thread's slot. */
struct arena_run {
	uint64_t run_id; /* written last when a run begins; 0 when the entry is not valid */
	uint64_t async_id, arming_id, cause_id;
	uint64_t began;
	uint64_t callback;
	uint32_t live;	      /* index of its resource's live record, which may be gone */
	uint32_t outer_stack; /* where the uv_run stood that this run is nested in; 0 if not nested
			       */
	uint32_t part;	      /* enum acausal_part */
	uint32_t reserved;
};

/*
 * The beginning of a line, kept by its thread until the line is whole or there is no more room:
 * what is here when the process has ended is the text of one more EVENT_LOG of that thread.
 */
struct arena_partial {
	_Atomic uint32_t length; /* bytes of text; written last; 0: there is none */
	int32_t fd;
	uint64_t run_id, written, writer;
	uint32_t stack, sink;
	uint16_t api;
	uint16_t number; /* counts what the slot kept; not 0. An event of it says so (`kept`) */
	uint8_t flags;	 /* of the event */
	uint8_t reserved[3];
	char text[ARENA_PARTIAL_MAX];
};

enum arena_thread_state {
	ARENA_THREAD_FREE,
	ARENA_THREAD_LIVE,
	ARENA_THREAD_ENDED,
	ARENA_THREAD_ASKED, /* LIVE, while another thread asks the kernel whether it is gone */
};

/*
 * A thread, or one that has ended: slots are used again. Its root run is open for as long as it
 * lives and is not in `open`. A thread is also announced by EVENT_THREAD and ended by
 * EVENT_THREAD_END, in its own chunks.
 */
struct arena_thread {
	_Atomic uint32_t state; /* enum arena_thread_state */
	uint32_t os_tid;
	uint32_t number;   /* of the thread in the process, never reused; the main thread is 1 */
	uint32_t role;	   /* enum acausal_role */
	uint64_t async_id; /* of the thread's resource */
	uint64_t root_run_id;
	uint64_t started;
	char name[16];
	_Atomic uint32_t depth; /* open runs above the root; may exceed ARENA_OPEN_RUNS */
	uint32_t foreign;	/* 1: made by nothing that was recorded */
	uint32_t next_free;	/* index + 1 of the next free slot */
	/* How it was made, as in struct event_thread; zero for the main and for foreign threads. */
	uint32_t ancestor; /* of the run that made it; 0: not kept */
	uint64_t trigger_id, run_id, created, address, callback;
	uint32_t stack, maker;
	uint16_t type, api, reserved[2];
	struct arena_run open[ARENA_OPEN_RUNS];
	struct arena_partial partial;
};

/* What was mapped from a file: recorded when the first address in it was met. */
struct arena_module {
	_Atomic uint32_t ready; /* 1 once the record is whole */
	uint32_t generation;	/* in which it was met */
	uint64_t start, end;	/* addresses */
	uint64_t bias;		/* subtract it from an address to get the ELF file's own */
	_Atomic uint32_t gone;	/* generation since which it is there no more; 0: it is there */
	uint32_t build_id_size;
	unsigned char build_id[ARENA_BUILD_ID_MAX];
	char path[ARENA_PATH_MAX]; /* NUL-terminated; empty for the executable itself */
};

/*
 * Where lines go to: a file, a terminal, syslog. Recorded when something is first written there by
 * this process; the same file has one record for each name that it was met under.
 */
struct arena_sink {
	_Atomic uint32_t ready; /* 1 once the record is whole */
	uint32_t kind;		/* enum acausal_sink */
	uint64_t device, inode; /* as stat(2) has them; 0 of syslog */
	int64_t born_ns;	/* of a file, since 1970; 0: the file system does not say */
	uint64_t size;		/* of a file, before the first line that was recorded of it */
	uint64_t met;		/* ticks */
	uint32_t path_length;	/* of the whole path; more than what is kept when it was cut */
	uint32_t before; /* its record until it was found shorter than it had been; 0: none */
	char path[ARENA_SINK_PATH_MAX]; /* NUL-terminated; "" when it has none (a pipe) */
};

enum arena_crash_state {
	ARENA_CRASH_NONE,
	ARENA_CRASH_TAKEN, /* being written */
	ARENA_CRASH_NOTED, /* the program has a handler: the thread may go on after it */
	ARENA_CRASH_FATAL, /* nothing but the end follows */
};

/*
 * A fatal signal, as its thread was when it came. Of signals within the handler of this one nothing
 * is kept but the number of the last. A record is used again once its thread has gone on.
 *
 * Where the very instruction is not known to be code (a jump to nowhere), the registers are still
 * those that the signal found.
 */
struct arena_crash {
	_Alignas(64) _Atomic uint32_t state; /* enum arena_crash_state; written last */
	uint32_t thread;		     /* number */
	int32_t signal, code, os_tid;
	_Atomic int32_t last_signal; /* that came while it was being handled; 0: none did */
	_Atomic uint32_t has_exited; /* 1: the process was ended by an exit within the handler */
	uint32_t stack; /* node; the innermost is NODE_EXACT. What the process itself could tell */
	uint64_t run_id, crashed, fault_address;
	uint64_t stop_low, stop_high; /* text where the stacks of runs end */
	uint64_t handler_sp; /* the handler's frames, and what is called there, lie below; 0 */
	uint32_t generation; /* of modules */
	uint32_t register_count;
	uint64_t registers[ARENA_CRASH_REGISTERS]; /* by their numbers in DWARF; the last is the pc
						    */
	uint64_t stack_address;			   /* of stack_bytes */
	uint32_t stack_length, message_length;
	char message[ARENA_CRASH_MESSAGE]; /* that libc left when it aborted */
	unsigned char stack_bytes[ARENA_CRASH_STACK];
};

enum arena_live_flag {
	ARENA_LIVE_HANDLE = 1,	 /* announced by EVENT_RESOURCE, ended by EVENT_DESTROY */
	ARENA_LIVE_CLOSING = 2,	 /* uv_close was called */
	ARENA_LIVE_ONE_SHOT = 4, /* the arming ends when it fires */
	ARENA_LIVE_ARMED = 8,	 /* there is an arming that has not ended */
	ARENA_LIVE_WRITTEN = 16, /* that arming has been written as EVENT_ARMING */
	/* Came along with fork: trigger_id and run_id count in the process of `from`; so does … */
	ARENA_LIVE_INHERITED = 32,
	ARENA_LIVE_ARMED_BEFORE = 64, /* … arming_run_id, of an arming made before the fork */
	ARENA_LIVE_UNREF = 128,	      /* does not keep its loop alive */
};

/*
 * A resource that is alive. A request lives only here until its callback has run, and then becomes
 * one EVENT_REQUEST; of a handle, this holds the state that the trampolines need.
 */
struct arena_live {
	_Atomic uint64_t async_id; /* written last when taken, cleared first when given back */
	uint64_t address;	   /* of the object in the program */
	uint64_t trigger_id, run_id, created;
	uint64_t loop_id, handle_id;
	union {
		uint64_t bytes;	     /* that a write or send was asked to write */
		uint64_t put_off_at; /* of a timer: by uv_timer_again, last */
	};
	uint32_t stack;
	uint16_t type, api;
	uint32_t thread;		    /* number of the creating thread */
	uint32_t flags;			    /* enum arena_live_flag */
	uint64_t callback, second_callback; /* of the program */
	/* the arming in force, of a handle */
	uint64_t arming_id, arming_run_id, armed;
	uint64_t timeout_ms, repeat_ms;
	uint32_t arming_stack;
	uint16_t arming_api, reserved;
	uint32_t arming_thread;
	uint32_t armings; /* times armed again since the last one that was written */
	/* what made it fire: IDs of causes; see EVENT_CAUSE */
	_Atomic uint64_t first_cause, last_cause;
	uint64_t seen_cause;
	/* of a timer that uv_timer_again has put off, and that has not fired since */
	uint64_t put_off_run_id;
	uint32_t put_off_stack, put_off_times, put_off_thread;
	/* What was in force where it was made, and where the arming in force was made; 0: nothing
	 */
	uint64_t context_id, arming_context_id;
	/* Flight mode: ancestors of the runs that made it and that armed it; 0: not kept. */
	uint32_t ancestor, arming_ancestor;
	uint32_t next_free;
};

/* What the program calls a type of resources of its own. Recorded when it is first used. */
struct arena_type {
	_Atomic uint32_t ready; /* 1 once the record is whole */
	uint32_t reserved;
	char name[ARENA_TYPE_NAME]; /* NUL-terminated */
};

/*
 * Words about a live resource, as EVENT_DETAIL has them: what it was told first, of each kind that
 * fits. Written in flight mode only. Valid when `async_id` is the live record's. There may be fewer
 * of these records than of those; and text that is cut ends in "...".
 */
struct arena_detail {
	_Atomic uint64_t async_id; /* written last */
	int64_t fd;		   /* EVENT_DETAIL_FD; -1: none */
	uint16_t kind;		   /* enum event_detail_kind, of `text` */
	uint16_t length;	   /* of the text; 0: there is none */
	uint32_t reserved;
	char text[ARENA_DETAIL_MAX];
};

/*
 * A run that something alive came of, kept for as long as that is so: it was made or armed in this
 * run, or in one that came of this one. With these the lineage of what is alive is known when the
 * events that told it have been overwritten. Flight mode only.
 *
 * A run is kept with its resource's birth and with the arming that it came from; `parent` is the
 * ancestor of the run that this arming was made in (of a request, or what else is armed by its
 * creation: of the run that made it). Of the run that made a handle only the ID is kept.
 *
 * A chain that repeats is folded: where `folded` is not 0, so many hops, repeats of the `period`
 * hops before them, lie between this run and `parent`, which are not kept. At least 2 * period hops
 * that are kept, this run's being the last of them, lead here from a run of the same chain; all of
 * them have one child.
 */
struct arena_ancestor {
	_Alignas(
		64) _Atomic uint64_t run_id; /* written last when taken, cleared first when freed */
	_Atomic uint32_t references; /* by lives, thread slots, children; and while it is open */
	uint32_t parent; /* always of a smaller run_id; 0: none (a root run), or not kept */
	/*
	 * Of the parent: where it is another one in a copy, the parent has gone meanwhile. 0 beside
	 * a parent: these four words are being changed; not until that is over do they belong
	 * together. Each time it becomes a smaller one.
	 */
	uint64_t parent_run_id;
	uint64_t folded;
	uint32_t period;
	uint32_t depth;	  /* ancestors kept from here on, this one included */
	uint32_t thread;  /* that ran it: number */
	uint32_t is_root; /* 1: the root run of that thread; `arming_…` is then 0 */
	/* its resource */
	uint64_t async_id, trigger_id, birth_run_id, created, address, loop_id, handle_id;
	uint32_t birth_stack, birth_thread;
	uint16_t type, birth_api;
	uint32_t is_request; /* 1: the resource has no other run than this */
	/* the arming that it came from; 0 when it was armed by its creation. `armed` 0: of that
	 * arming only the ID is known */
	uint64_t arming_id, arming_run_id, armed, timeout_ms, repeat_ms;
	uint32_t arming_stack, arming_thread;
	uint16_t arming_api, part; /* enum acausal_part */
	uint32_t inherited;	   /* ARENA_LIVE_INHERITED, ARENA_LIVE_ARMED_BEFORE: as there */
	/* the run */
	uint64_t began, ended; /* 0: has not */
	uint64_t callback, outer_run_id;
	uint32_t outer_stack, next_free;
};

/*
 * A frame in its place on a stack: nodes form a tree whose root is 0, and a stack is named by the
 * node of its innermost frame. `caller` is always a smaller index than the node's own.
 *
 * `pc` is a return address in bits 0 to 47, or, with NODE_EXACT, the very instruction (innermost
 * frame of a crash). Bits 48 to 62 are the low bits of its module's generation.
 * Values of those 48 bits below NODE_WORDS are no address, but say why a stack ends there.
 */
struct arena_node {
	_Atomic uint64_t pc; /* 0 while the record is being made */
	uint32_t caller;
	uint32_t next; /* the runtime's own hash chain */
};

#define NODE_ADDRESS(pc)    ((pc)&0xffffffffffffull)
#define NODE_GENERATION(pc) (((pc) >> 48) & 0x7fff)
#define NODE_EXACT	    (1ull << 63)

/* X(TAG, words). The tag's value stands in the place of an address. */
#define ACAUSAL_STACK_ENDS(X)                                                                      \
	X(NONE, "")                                                                                \
	X(DEEPER, "deeper frames were not kept")                                                   \
	X(NO_CFI, "no unwind information for this code")                                           \
	X(REFUSED, "unwind information of this code is of a kind that is not read")                \
	X(PAUSED, "recording was paused")                                                          \
	X(NO_ROOM, "there was no room for another stack")                                          \
	X(OTHER_STACK, "the stack continues on another one (coroutine or signal stack)")           \
	X(BROKEN, "the stack is damaged here")

#define X(tag, ...) NODE_END_##tag,
enum node_end { ACAUSAL_STACK_ENDS(X) NODE_WORDS };
#undef X

enum arena_chunk_state {
	ARENA_CHUNK_FREE,
	ARENA_CHUNK_OPEN,
	ARENA_CHUNK_SEALED,
	ARENA_CHUNK_TAKEN, /* about to be overwritten */
};

/*
 * A chunk has one writer: a thread at one nesting depth. Events are whole in [0, used). When it is
 * sealed nothing more is written to it; the ingester, having read it all, sets it free.
 * Chunks of the same thread and depth follow one another by `sequence`.
 *
 * One that is overwritten is TAKEN first, its sequence changes, and only then its bytes do: whoever
 * copies a chunk of a process that runs looks at both before and after.
 */
struct arena_chunk {
	_Alignas(64) _Atomic uint32_t state; /* enum arena_chunk_state */
	_Atomic uint32_t used;		     /* bytes */
	uint64_t sequence;
	uint32_t thread; /* number */
	uint32_t depth;
	uint32_t next_free; /* index + 1 */
	uint32_t is_kept;   /* 1: never overwritten (the first of a process says what it is) */
	uint64_t sealed;    /* ticks */
};

/*
 * What the process says once on the recorder's socket, with the arena's descriptor. A child that
 * has no room for an arena says it without, and with size 0.
 */
struct arena_hello {
	uint64_t magic;
	uint32_t version;
	uint32_t os_pid;
	uint64_t size;
	uint64_t token;
};

#endif
