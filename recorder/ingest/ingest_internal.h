/*
 * What the files of the ingester's core share: ingest.c drains, events*.c make rows of events,
 * threads.c knows the threads, window.c holds what is not final, kin.c knows who made whom,
 * ending.c reads what a process left behind, history*.c what flight mode kept of what it overwrote,
 * finish.c completes the recording. Nothing else includes it, but for tests.
 */
#ifndef ACAUSAL_INGEST_INTERNAL_H
#define ACAUSAL_INGEST_INTERNAL_H

#include "recorder/ingest/arena_reader.h"
#include "recorder/ingest/fold.h"
#include "recorder/ingest/held.h"
#include "recorder/ingest/ingest.h"
#include "recorder/ingest/lines.h"
#include "recorder/ingest/recording.h"
#include "recorder/ingest/skew.h"
#include "recorder/ingest/spawns.h"
#include "recorder/ingest/timeline.h"
#include "recorder/ingest/totals.h"
#include "recorder/wire/events.h"

enum {
	CACHE_ARMINGS = 1 << 16,
	CACHE_RESOURCES = 1 << 16,
	CACHE_CAUSES = 1 << 14,
	PROCESS_SHIFT = 40, /* bits of an ID within its process */
	CLOSED_KEPT = 8192, /* processes that may still be told of, or be somebody's parent */
};

/* Direct-mapped memories of what was written lately; a miss is looked up in the recording. */
struct known_arming {
	int64_t arming_id, run_id;
	int64_t armed_ns; /* ROW_UNKNOWN: a run has come of it, or may have */
	uint32_t origin_id;
};

struct known_resource {
	int64_t async_id;
	int64_t birth_run_id; /* of one of the program's own; else 0 */
	uint32_t total, origin_id;
};

struct known_cause {
	int64_t cause_id, run_id;
};

struct ingest {
	struct ingest_options options;
	struct recording *recording;
	struct recording_terms terms;
	struct timeline timeline;
	struct totals totals;
	struct lines lines;
	struct fold *fold;
	struct held resources, armings, causes;
	struct known_arming *known_armings;
	struct known_resource *known_resources;
	struct known_cause *known_causes;
	struct ingest_process **processes; /* by process_id - 1; NULL: let go */
	uint32_t process_count, process_capacity;
	struct ingest_process **open; /* those that are not closed, in the same order */
	uint32_t open_count;
	struct idmap process_of_start, process_of_number; /* the newest; indexes of `processes` */
	struct spawns spawns;
	struct ingest_process *closed[CLOSED_KEPT]; /* a ring, in the order of their closing */
	uint64_t closed_count;
	int64_t closed_lost; /* events that closed processes could not write */
	uint64_t closed_waits, closed_wait_ns;
	uint32_t thread_count; /* threads that were named */
	uint32_t thread_ids;   /* the last one given, or set aside */
	int64_t now_ns;	       /* when this pass began */
	int64_t flushed_ns;    /* when the last flush was */
	/* Counts the chunks that were read: what is held in memory names the one that it came from,
	 * so that no chunk is given back before all that was in it is in the recording. */
	uint64_t mark;
	int64_t lost, lost_noted; /* events that made no sense, or belonged to nothing */
	int64_t max_skew_ns, skew_noted;
	uint64_t buffer[ARENA_CHUNK_SIZE / 8];
	bool has_dead_origin; /* time 0 is a dead process's */
	bool has_flight;      /* a process in flight mode has come */
	bool has_overwritten; /* events of a process are missing because of that, or of a pause */
	bool is_finishing;    /* nothing is waited for any more */
};

struct thread {
	uint32_t number, thread_id; /* number 0: a free place */
	int64_t async_id, root_run_id;
	int64_t since_ns; /* in the queue */
	uint32_t next;	  /* free place, or in the queue: index + 1 */
	uint16_t kept;	  /* event_log.kept, the last that was not 0 */
	int64_t lived_ns; /* the last time that it was seen to go on */
	bool is_announced, has_ended, is_queued;
	char name[16]; /* that it was given before it was announced; else empty */
};

struct threads {
	struct thread *records;
	uint32_t capacity, kept;       /* places, and those that are not free */
	uint32_t free, oldest, newest; /* index + 1 */
	uint32_t queued;	       /* those that may have to go */
	struct idmap of_number;
	struct thread_range {
		uint32_t number, thread_id, count; /* some of which may not have come yet */
	} * ranges;				   /* by number */
	uint32_t range_count, range_capacity;
	uint64_t covered; /* numbers in all of them */
};

struct ingest_process {
	struct ingest *ingest;
	struct arena_reader arena;
	struct places_process places;
	struct own_types_process own_types;
	uint32_t *sinks; /* by their records in the arena; 0: not read yet */
	uint32_t sink_capacity;
	uint32_t process_id;
	int64_t base; /* added to its IDs */
	char *executable;
	struct history *history; /* NULL: nothing was overwritten, or it was not read yet */
	bool has_begun;		 /* to be read */
	struct threads threads;
	struct skew *run_skew, *async_skew, *arming_skew, *cause_skew;
	bool has_ended, is_closed, has_crashed;
	bool has_runtime; /* the recording says which one the process uses */
	int wait_status, crash_signal;
	uint64_t crashes;  /* those of its records that are to be written, as bits */
	struct said *said; /* what its threads wrote to stderr last: crashes.c; may be NULL */
	int64_t last_crash_id;
	int64_t told_lost; /* events that it said were lost, and where */
	int64_t gap_to_ns; /* when the last gap that it told of was over; 0: it told of none */
	int64_t ended_ns;
	/* Whose child it is: kin.c. */
	struct ingest_process *parent;	  /* NULL: not recorded */
	struct ingest_process *successor; /* what it became by exec */
	uint32_t child_count;		  /* those that name it as their parent, and are here */
	bool is_surplus;		  /* it goes when its children have gone */
	struct spawn birth;	    /* the call that it came of; its key is 0 when not known */
	bool is_joined;		    /* what will be known of that is known */
	bool is_root;		    /* nothing recorded made it */
	uint32_t unmatched;	    /* of its children: see spawns_only_unseen */
	bool has_own_number;	    /* it sees the same process ID as we do */
	uint64_t awaited;	    /* sequence of the parent's chunks to be read before … */
	uint64_t read_up_to;	    /* … as far as this one was read since a child came */
	int told_code, told_signal; /* how it ended, by its parent; -1 */
	struct arena_reader_counts counts; /* when it was closed */
};

/* An event makes a row, makes no sense, or the recording fails. */
enum outcome { OUTCOME_FAILED = -1, OUTCOME_DONE = 0, OUTCOME_SENSELESS = 1 };

/* events.c */

/* Reads the events in `size` bytes, written by thread `number`. Sets `*is_broken` when they cannot
 * be told apart any more. */
int events_read(struct ingest_process *, uint32_t number, const unsigned char *bytes, size_t size,
	bool *is_broken, struct error *err);

/* An ID of the process as one of the recording. False when it cannot be one. */
bool events_id(const struct ingest_process *, uint64_t number, int64_t *ret);

/* ROW_UNKNOWN for 0. */
int64_t events_ns(const struct ingest_process *, uint64_t ticks);

/* Not less than 0; ROW_UNKNOWN when one is not known. */
int64_t events_span(int64_t from_ns, int64_t to_ns);

/* The thread of this number in the process; 0 when it can have none. */
uint32_t events_thread_id(struct ingest_process *, uint32_t number);

/*
 * A thread did something then, not in a signal handler: if it had crashed before, it survived that.
 */
void events_lived(struct ingest_process *, uint32_t number, int64_t ns);

/* The number in the recording of a type as the arena has it; 0: it is none. */
uint32_t events_type(struct ingest_process *, unsigned type);

/* What a new resource of this type has: 1 for what keeps its loop alive, ROW_UNKNOWN for others. */
int64_t events_first_ref(unsigned type);

/* From where something was armed. */
uint32_t events_origin(
	struct ingest_process *, uint32_t thread_id, unsigned api, uint32_t stack_node);
/* From where a resource was made, and where it is: into `row`. */
void events_birthplace(struct ingest_process *, uint32_t thread_id, unsigned type, unsigned api,
	uint32_t stack_node, int64_t loop_id, uint64_t address, struct row_resource *row);
/* The same by numbers of the recording, `type` too. */
void events_birthplace_of(struct ingest *, uint32_t thread_id, unsigned type, unsigned api,
	uint32_t stack_id, int64_t loop_id, uint64_t address, struct row_resource *row);
uint32_t events_entry(
	struct ingest_process *, uint32_t thread_number, unsigned part, uint64_t callback);

/* A resource of this type was met: if it is one of libuv's, the process uses that. */
int events_use_libuv(struct ingest_process *, unsigned type, struct error *err);

/* events_context.c: what was in force where it was made and armed. An outcome. */
int events_carry_live(struct ingest_process *, const struct arena_live *, struct error *err);

/* events_log.c: takes a line from `lines`; `user` is the struct ingest. */
lines_taker events_write_line;
/* The same of one that has not ended: what there is of it gets a row that is changed later. */
lines_keeper events_keep_line;

/* What a thread's slot holds of a line. An outcome. */
int events_take_partial(struct ingest_process *, const struct arena_thread *, struct error *err);

/* What a thread's slot or EVENT_THREAD says. */
int events_announce_thread(
	struct ingest_process *, const struct event_thread *, uint32_t number, struct error *err);

/*
 * threads.c: the threads of a process by their number in it.
 *
 * Of each there is a record for as long as it lives and for a moment after, and again whenever it
 * is named later: what such a record needs stands in the recording. The thread_ids given are kept
 * for good, so that none is given twice, as stretches in which both numbers rise together: a
 * handful for a process, however many threads it has had.
 */

void threads_init(struct threads *);
void threads_deinit(struct threads *);

/*
 * The record of a thread by its number, made when there is none. Borrowed until the next call of
 * one of these. NULL for 0, when there are too many, and when there is no memory.
 */
struct thread *threads_find(struct ingest_process *, uint32_t number);

/* The thread's end has been read. */
void threads_ended(struct ingest_process *, struct thread *);
/* events_rows.c: a thread and its root run end. SENSELESS of one that is not known to live. */
int threads_end(struct ingest_process *, uint32_t number, int64_t at_ns, struct error *err);

/* Lets go of the records that are not needed any more. */
int threads_release(struct ingest_process *, struct error *err);

/* What a thread's slot says, as an event. One that was made by a call not kept there is foreign. */
void threads_event_of(const struct arena_thread *slot, struct event_thread *ret);

/* Writes rows of those that were named and never announced: they died before, or that was lost. */
int threads_write_unknown(struct ingest_process *, struct error *err);

/* window.c: rows that may still change, and changes to rows that may have been written. */

bool window_init(struct ingest *); /* false: no memory */
void window_deinit(struct ingest *);

/* A resource without an end. `type_id` and `stack_id` are its origin's. */
int window_add_resource(struct ingest *, const struct row_resource *, uint32_t type_id,
	uint32_t stack_id, struct error *err);
int window_destroy(struct ingest *, int64_t async_id, int64_t at_ns, struct error *err);
int window_retype(struct ingest *, int64_t async_id, uint32_t type_id, int64_t trigger_id,
	int64_t handle_id, struct error *err);
int window_reference(struct ingest *, int64_t async_id, bool has_ref, struct error *err);

/* An arming, with its end or without. */
int window_add_arming(struct ingest *, const struct row_arming *, struct error *err);
/* The arming that `run` has used up: it goes into the run's row, and out of the window. */
bool window_take_shot(struct ingest *, const struct row_run *run, struct row_arming *ret);
int window_disarm(struct ingest *, const struct change *, struct error *err);
/* How long an arming's first run has waited; ROW_UNKNOWN for later ones. To be asked once a run. */
int64_t window_first_wait(struct ingest *, int64_t arming_id, int64_t began_ns);
/* What is known of an arming, standing or not. */
bool window_find_arming(struct ingest *, int64_t arming_id, int64_t *run_id, uint32_t *origin_id);

/*
 * Where a resource of the program's own was made, if that was lately: its runs are linked to that.
 */
bool window_find_birth(struct ingest *, int64_t async_id, int64_t *run_id, uint32_t *origin_id);

int window_add_cause(struct ingest *, const struct row_cause *, struct error *err);
int window_caused(struct ingest *, int64_t cause_id, int64_t run_id, struct error *err);

bool window_has_resource(struct ingest *, int64_t async_id);
bool window_has_arming(struct ingest *, int64_t arming_id);

/* The sum that a resource's runs go into; 0 when it is not known. */
uint32_t window_total(struct ingest *, int64_t async_id);

#define WINDOW_ALL UINT64_MAX

/*
 * Writes what has waited long enough, or came from chunks up to that mark, and commits. With
 * WINDOW_ALL everything is written, and changes to rows that have not come are given up.
 */
int window_flush(struct ingest *, uint64_t mark, struct error *err);

/*
 * The mark from which on chunks hold what is not in the recording yet, after a flush up to the mark
 * `written`: changes up to there whose rows have not come are not waited for.
 */
uint64_t window_mark(struct ingest *, uint64_t written);

/*
 * kin.c: whose child a process is, and of which call it came: from what its own arena says, what
 * its parent's said, and what was seen from outside. A parent's number is always less than its
 * child's, so that there are no circles, whatever the arenas say.
 */

/* Finds the parent among the processes there are, and makes the process findable. False: no memory.
 */
bool kin_add(struct ingest_process *, const struct ingest_process_info *);

/*
 * The call that the process came of, once its parent has been read that far: 1 when what will be
 * known is known and written, 0 when it has to wait, -1 an error. With `at_last` it waits no more.
 * Nothing of a process may be read before.
 */
int kin_join(struct ingest_process *, bool at_last, struct error *err);

/* A process was about to be made. False when that makes no sense. */
bool kin_spawned(struct ingest_process *, const struct event_spawn *);

/* How a child ended, as its parent heard. -1: the recording fails. */
int kin_exited(struct ingest_process *, const struct event_exit *, struct error *err);

/* Exit status and signal by all that is known; -1 where there is none. */
void kin_exit_of(const struct ingest_process *, int *code, int *signal);

/* Forgets a closed process, at once or with the last of its children; so its parents. */
void kin_let_go(struct ingest_process *);

/* Notes that the first process is the second one now, by exec. */
int kin_became(struct ingest_process *before, struct ingest_process *after, struct error *err);

/*
 * An ID of the process itself or, when `inherited`, of the one that it was forked from; 0 where
 * that is not known. False when it cannot be one.
 */
bool kin_id(const struct ingest_process *, bool inherited, uint64_t number, int64_t *ret);

/* ingest.c */

void ingest_process_destroy(struct ingest_process *); /* NULL is fine */

/* ending.c */

/* How and when the process ended, as far as that is known now. */
int ending_write(struct ingest_process *, struct error *err);

/* What an ended process left open: its runs, its live resources, its threads. */
/*
 * unseen_ends.c: of a process that is closed, what has ended while its events were not written
 * (recording was paused, there was no room): it was made, is not alive, and nothing tells its end.
 * It gets an end when that was over. After all of its events and slots.
 */
int unseen_ends_write(struct ingest_process *, struct error *err);

int ending_close(struct ingest_process *, struct error *err);

/* A run that has not ended, unless it has a row. `*run_id` is its ID in the recording. An outcome.
 */
int ending_write_open_run(struct ingest_process *, uint32_t thread_number, const struct arena_run *,
	int64_t outer_run_id, int64_t *run_id, struct error *err);

/* Events that the processes could not write, and those that made no sense. */
int64_t ending_lost(const struct ingest *);

/*
 * history.c: what flight mode kept of what it overwrote. It is told to the events' handlers before
 * the process's own events are read …
 */
int history_begin(struct ingest_process *, struct error *err);
/* … and once they have been: what is there no more has ended, at the latest when history begins. */
int history_end(struct ingest_process *, struct error *err);
/* Runs that have not ended and are in no thread's slot, after those that are. */
int history_end_runs(struct ingest_process *, struct error *err);
/* Whether the process itself has left out runs behind this one: no streak goes on there. */
bool history_folds_behind(const struct ingest_process *, uint64_t run_id);
void history_destroy(struct ingest_process *);

/*
 * crashes.c: the fatal signals that a process left in its arena.
 *
 * A signal that the program had a handler for is no crash if its thread went on. That it did not is
 * taken from how the process ended: by the signal, by another one in the handler, by an exit there.
 */

/* Decides which there are, once all of a process has been read; says by which it ended. */
void crashes_find(struct ingest_process *);

/* Writes them, once its lines have been written. */
int crashes_write(struct ingest_process *, struct error *err);

/* A line was written: if a crash follows, it may say why. */
void crashes_note_line(struct ingest *, const struct line *, const char *text, size_t length);

/* finish.c */

int finish_symbols(struct ingest *, struct error *err);
int finish_totals(struct ingest *, struct error *err);

#endif
