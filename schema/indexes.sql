-- Made when the recording is finished: look-ups that the order of IDs cannot replace by bisection.

-- run N of a request: run:N at the prompt, every link that leads into a request's callback. Not
-- UNIQUE, though it is: a damaged arena must not make the recording fail at its end.
CREATE INDEX packed_request_by_run ON packed_request (run_id);
-- the runs of a handle: `info ID`, `children`.
CREATE INDEX packed_run_by_resource ON packed_run (async_id);
-- … those that are packed with their armings.
CREATE INDEX packed_shot_by_resource ON packed_shot (async_id);
-- the armings of a handle.
CREATE INDEX packed_arming_by_resource ON packed_arming (async_id);
-- one arming by its ID, when it is packed with its run: `arming WHERE arming_id = N`.
CREATE INDEX packed_shot_by_arming ON packed_shot (run_id - arming_delta);
-- when a handle kept its loop alive: `info ID`, and the last of those times for `resource.has_ref`.
CREATE INDEX ref_by_resource ON ref (async_id, at_ns);
-- what else was made where a resource was: `info ID`.
CREATE INDEX stack_total_by_stack ON stack_total (stack_id);
-- what was set in a run, the last before a moment: `context`, `trace`.
CREATE INDEX context_by_run ON context (run_id, set_ns);

-- What lasted over a moment: `live`, `running`, `at`. Rows that lasted 2^28 ns (268 ms) or longer, by the magnitude
-- of that time (to 2^30 ns is 0, to 2^32 is 1 … from 2^46 on is 9; for ever is NULL), and of each by ID: only those
-- that began so long before a moment can have lasted over it. What lasted less is found by bisection.
CREATE INDEX packed_resource_by_span ON packed_resource (
	(lifetime_ns >= 1073741824) + (lifetime_ns >= 4294967296) + (lifetime_ns >= 17179869184)
	+ (lifetime_ns >= 68719476736) + (lifetime_ns >= 274877906944) + (lifetime_ns >= 1099511627776)
	+ (lifetime_ns >= 4398046511104) + (lifetime_ns >= 17592186044416) + (lifetime_ns >= 70368744177664)
) WHERE lifetime_ns >= 268435456 OR lifetime_ns IS NULL;
CREATE INDEX packed_request_by_span ON packed_request (
	(wait_ns + duration_ns >= 1073741824) + (wait_ns + duration_ns >= 4294967296) + (wait_ns + duration_ns >= 17179869184)
	+ (wait_ns + duration_ns >= 68719476736) + (wait_ns + duration_ns >= 274877906944) + (wait_ns + duration_ns >= 1099511627776)
	+ (wait_ns + duration_ns >= 4398046511104) + (wait_ns + duration_ns >= 17592186044416) + (wait_ns + duration_ns >= 70368744177664)
) WHERE wait_ns + duration_ns >= 268435456 OR wait_ns + duration_ns IS NULL;
CREATE INDEX packed_run_by_span ON packed_run (
	(duration_ns >= 1073741824) + (duration_ns >= 4294967296) + (duration_ns >= 17179869184)
	+ (duration_ns >= 68719476736) + (duration_ns >= 274877906944) + (duration_ns >= 1099511627776)
	+ (duration_ns >= 4398046511104) + (duration_ns >= 17592186044416) + (duration_ns >= 70368744177664)
) WHERE duration_ns >= 268435456 OR duration_ns IS NULL;
CREATE INDEX packed_shot_by_span ON packed_shot (
	(wait_ns + duration_ns >= 1073741824) + (wait_ns + duration_ns >= 4294967296) + (wait_ns + duration_ns >= 17179869184)
	+ (wait_ns + duration_ns >= 68719476736) + (wait_ns + duration_ns >= 274877906944) + (wait_ns + duration_ns >= 1099511627776)
	+ (wait_ns + duration_ns >= 4398046511104) + (wait_ns + duration_ns >= 17592186044416) + (wait_ns + duration_ns >= 70368744177664)
) WHERE wait_ns + duration_ns >= 268435456 OR wait_ns + duration_ns IS NULL;
CREATE INDEX packed_arming_by_span ON packed_arming (
	(stood_ns >= 1073741824) + (stood_ns >= 4294967296) + (stood_ns >= 17179869184)
	+ (stood_ns >= 68719476736) + (stood_ns >= 274877906944) + (stood_ns >= 1099511627776)
	+ (stood_ns >= 4398046511104) + (stood_ns >= 17592186044416) + (stood_ns >= 70368744177664)
) WHERE stood_ns >= 268435456 OR stood_ns IS NULL;
