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
