-- The contract's tables and views over the packed tables of tables.sql.

-- One asynchronous thing with a lifetime; a request is packed with its run.
CREATE VIEW resource AS
SELECT r.async_id, (r.async_id >> 40) + 1 AS process_id, coalesce(r.type_id, o.type_id) AS type_id,
	r.async_id - r.trigger_delta AS trigger_id, r.run_id, o.thread_id, o.stack_id, a.name AS api,
	r.created_ns, r.created_ns + r.lifetime_ns AS destroyed_ns,
	coalesce(o.address, 0) + r.address_delta AS address, o.loop_id,
	r.async_id - r.handle_delta AS handle_id, x.context_id, r.has_ref, d.text AS detail, d.fd
FROM packed_resource r
LEFT JOIN origin o ON o.origin_id = r.origin_id
LEFT JOIN api a ON a.api_id = o.api_id
LEFT JOIN detail d ON d.async_id = r.async_id
LEFT JOIN resource_context x ON x.async_id = r.async_id
UNION ALL
SELECT q.async_id, (q.async_id >> 40) + 1, o.type_id,
	q.async_id - q.trigger_delta, q.run_id - q.creator_delta, o.thread_id, o.stack_id, a.name,
	q.created_ns, q.created_ns + q.wait_ns + q.duration_ns,
	coalesce(o.address, 0) + q.address_delta, o.loop_id,
	q.async_id - q.handle_delta, x.context_id, NULL, d.text, d.fd
FROM packed_request q
LEFT JOIN origin o ON o.origin_id = q.origin_id
LEFT JOIN api a ON a.api_id = o.api_id
LEFT JOIN detail d ON d.async_id = q.async_id
LEFT JOIN resource_context x ON x.async_id = q.async_id;

-- One execution of a callback: of a handle's or thread's, of a request's, and with a one-shot arming.
CREATE VIEW run AS
SELECT r.run_id, r.async_id, r.arming_id, e.part, e.thread_id,
	CASE WHEN r.run_id = t.root_run_id THEN NULL
		ELSE coalesce(i.outer_run_id, t.root_run_id) END AS outer_run_id,
	i.outer_stack_id, e.callback_frame_id, r.began_ns,
	r.began_ns + r.duration_ns AS ended_ns, r.status, r.bytes, r.cause_id,
	coalesce(ac.context_id, CASE WHEN r.arming_id IS NULL THEN rc.context_id END) AS context_id
FROM packed_run r
LEFT JOIN packed_outer i ON i.run_id = r.run_id
LEFT JOIN entry e ON e.entry_id = r.entry_id
LEFT JOIN thread t ON t.thread_id = e.thread_id
LEFT JOIN arming_context ac ON ac.arming_id = r.arming_id
LEFT JOIN resource_context rc ON rc.async_id = r.async_id
UNION ALL
SELECT q.run_id, q.async_id, NULL, e.part, e.thread_id,
	coalesce(i.outer_run_id, t.root_run_id), i.outer_stack_id, e.callback_frame_id,
	q.created_ns + q.wait_ns, q.created_ns + q.wait_ns + q.duration_ns, q.status, q.bytes,
	q.cause_id, rc.context_id
FROM packed_request q
LEFT JOIN packed_outer i ON i.run_id = q.run_id
LEFT JOIN entry e ON e.entry_id = q.entry_id
LEFT JOIN thread t ON t.thread_id = e.thread_id
LEFT JOIN resource_context rc ON rc.async_id = q.async_id
UNION ALL
SELECT s.run_id, s.async_id, s.run_id - s.arming_delta, e.part, e.thread_id,
	coalesce(i.outer_run_id, t.root_run_id), i.outer_stack_id, e.callback_frame_id,
	s.armed_ns + s.wait_ns, s.armed_ns + s.wait_ns + s.duration_ns, NULL, NULL,
	s.cause_id, ac.context_id
FROM packed_shot s
LEFT JOIN packed_outer i ON i.run_id = s.run_id
LEFT JOIN entry e ON e.entry_id = s.entry_id
LEFT JOIN thread t ON t.thread_id = e.thread_id
LEFT JOIN arming_context ac ON ac.arming_id = s.run_id - s.arming_delta;

-- One act that scheduled a callback on a handle.
CREATE VIEW arming AS
SELECT p.arming_id, p.async_id, p.run_id, o.thread_id, o.stack_id, a.name AS api, p.armed_ns,
	p.timeout_ms, p.repeat_ms, x.context_id, p.armed_ns + p.stood_ns AS disarmed_ns,
	coalesce(p.run_id, 0) + p.disarmed_delta AS disarmed_run_id, p.disarmed_stack_id,
	CASE p.end_code WHEN 1 THEN 'fired' WHEN 2 THEN 'stopped' WHEN 3 THEN 'replaced'
		WHEN 4 THEN 'closed' END AS "end", coalesce(p.times, 1) AS times
FROM packed_arming p
LEFT JOIN origin o ON o.origin_id = p.origin_id
LEFT JOIN api a ON a.api_id = o.api_id
LEFT JOIN arming_context x ON x.arming_id = p.arming_id
UNION ALL
SELECT s.run_id - s.arming_delta, s.async_id, s.run_id - s.armer_delta, o.thread_id, o.stack_id,
	a.name, s.armed_ns, s.timeout_ms, NULL, x.context_id,
	s.armed_ns + s.wait_ns, NULL, NULL, 'fired', 1
FROM packed_shot s
LEFT JOIN origin o ON o.origin_id = s.origin_id
LEFT JOIN api a ON a.api_id = o.api_id
LEFT JOIN arming_context x ON x.arming_id = s.run_id - s.arming_delta;

-- Somebody made a callback fire.
CREATE VIEW cause AS
SELECT c.cause_id, o.kind, c.async_id, c.run_id, o.thread_id, o.stack_id, a.name AS api,
	c.caused_ns, coalesce(c.run_id, 0) + c.caused_delta AS caused_run_id,
	c.cause_id - c.first_delta AS first_id, coalesce(c.times, 1) AS times
FROM packed_cause c
LEFT JOIN origin o ON o.origin_id = c.origin_id
LEFT JOIN api a ON a.api_id = o.api_id;

-- When a loop waited for the kernel.
CREATE VIEW poll AS
SELECT thread_id, loop_id, entered_ns, entered_ns + wait_ns AS left_ns, timeout_ms
FROM packed_poll;

-- The work part of a uv_work_t is a run of its own, which says it exactly.
CREATE VIEW pool AS
SELECT async_id, thread_id, began_ns, began_ns + duration_ns AS ended_ns, estimated
FROM packed_pool
UNION ALL
SELECT r.async_id, e.thread_id, r.began_ns, r.began_ns + r.duration_ns, 0
FROM packed_run r
JOIN entry e ON e.entry_id = r.entry_id
WHERE e.part = 'work';

-- One row a run: who armed it (link), what fired it (cause), inside what it ran (outer).
-- A run of a resource that is armed by its creation is linked to that creation, but for closing, which
-- is always armed: where that is not known, the link is not.
CREATE VIEW run_edge AS
SELECT q.run_id, q.async_id, e.thread_id, q.created_ns + q.wait_ns AS began_ns,
	q.created_ns + q.wait_ns + q.duration_ns AS ended_ns, q.status,
	q.run_id - q.creator_delta AS link_run_id, o.stack_id AS link_stack_id, a.name AS link_api,
	q.created_ns AS link_ns,
	c.run_id AS cause_run_id, co.stack_id AS cause_stack_id, ca.name AS cause_api,
	c.caused_ns AS cause_ns,
	q.async_id - q.trigger_delta AS trigger_id,
	coalesce(i.outer_run_id, t.root_run_id) AS outer_run_id, i.outer_stack_id
FROM packed_request q
LEFT JOIN packed_outer i ON i.run_id = q.run_id
LEFT JOIN entry e ON e.entry_id = q.entry_id
LEFT JOIN thread t ON t.thread_id = e.thread_id
LEFT JOIN origin o ON o.origin_id = q.origin_id
LEFT JOIN api a ON a.api_id = o.api_id
LEFT JOIN packed_cause c ON c.cause_id = q.cause_id
LEFT JOIN origin co ON co.origin_id = c.origin_id
LEFT JOIN api ca ON ca.api_id = co.api_id
UNION ALL
SELECT x.run_id, x.async_id, e.thread_id, x.armed_ns + x.wait_ns,
	x.armed_ns + x.wait_ns + x.duration_ns, NULL,
	x.run_id - x.armer_delta, o.stack_id, a.name, x.armed_ns,
	c.run_id, co.stack_id, ca.name, c.caused_ns,
	coalesce(s.async_id - s.trigger_delta, w.async_id - w.trigger_delta),
	coalesce(i.outer_run_id, t.root_run_id), i.outer_stack_id
FROM packed_shot x
LEFT JOIN packed_outer i ON i.run_id = x.run_id
LEFT JOIN entry e ON e.entry_id = x.entry_id
LEFT JOIN thread t ON t.thread_id = e.thread_id
LEFT JOIN packed_resource s ON s.async_id = x.async_id
LEFT JOIN packed_request w ON w.async_id = x.async_id
LEFT JOIN origin o ON o.origin_id = x.origin_id
LEFT JOIN api a ON a.api_id = o.api_id
LEFT JOIN packed_cause c ON c.cause_id = x.cause_id
LEFT JOIN origin co ON co.origin_id = c.origin_id
LEFT JOIN api ca ON ca.api_id = co.api_id
UNION ALL
SELECT r.run_id, r.async_id, e.thread_id, r.began_ns, r.began_ns + r.duration_ns, r.status,
	CASE WHEN r.arming_id IS NOT NULL THEN p.run_id
		WHEN y.armed_by_creation AND e.part IS NOT 'close'
			THEN coalesce(s.run_id, w.run_id - w.creator_delta) END,
	CASE WHEN r.arming_id IS NOT NULL THEN po.stack_id
		WHEN y.armed_by_creation AND e.part IS NOT 'close' THEN so.stack_id END,
	CASE WHEN r.arming_id IS NOT NULL THEN pa.name
		WHEN y.armed_by_creation AND e.part IS NOT 'close' THEN sa.name END,
	CASE WHEN r.arming_id IS NOT NULL THEN p.armed_ns
		WHEN y.armed_by_creation AND e.part IS NOT 'close'
			AND (y.class <> 'root' OR s.run_id IS NOT NULL)
			THEN coalesce(s.created_ns, w.created_ns) END,
	c.run_id, co.stack_id, ca.name, c.caused_ns,
	coalesce(s.async_id - s.trigger_delta, w.async_id - w.trigger_delta),
	CASE WHEN r.run_id = t.root_run_id THEN NULL ELSE coalesce(i.outer_run_id, t.root_run_id) END,
	i.outer_stack_id
FROM packed_run r
LEFT JOIN packed_outer i ON i.run_id = r.run_id
LEFT JOIN entry e ON e.entry_id = r.entry_id
LEFT JOIN thread t ON t.thread_id = e.thread_id
LEFT JOIN packed_resource s ON s.async_id = r.async_id
LEFT JOIN packed_request w ON w.async_id = r.async_id
LEFT JOIN origin so ON so.origin_id = coalesce(s.origin_id, w.origin_id)
LEFT JOIN api sa ON sa.api_id = so.api_id
LEFT JOIN type y ON y.type_id = coalesce(s.type_id, so.type_id)
LEFT JOIN packed_arming p ON p.arming_id = r.arming_id
LEFT JOIN origin po ON po.origin_id = p.origin_id
LEFT JOIN api pa ON pa.api_id = po.api_id
LEFT JOIN packed_cause c ON c.cause_id = r.cause_id
LEFT JOIN origin co ON co.origin_id = c.origin_id
LEFT JOIN api ca ON ca.api_id = co.api_id;

-- The frames of every stack, innermost first, inlined calls unfolded. The walk outwards is a
-- correlated query whose nodes json_each hands out, so that one stack costs only its own frames.
CREATE VIEW stack_frame AS
SELECT whole.stack_id, node.key AS depth, source.inline_depth,
	coalesce(source.function, frame.end_reason) AS function, source.file, source.line,
	module.path AS module, frame.address
FROM stack whole
JOIN json_each((
	WITH RECURSIVE walk (node_id) AS (
		SELECT whole.stack_id
		UNION ALL
		SELECT outwards.caller_id FROM walk JOIN stack outwards ON outwards.stack_id = walk.node_id
		WHERE outwards.caller_id < outwards.stack_id
	)
	SELECT json_group_array(node_id) FROM walk)) node
JOIN stack part ON part.stack_id = node.value
JOIN frame ON frame.frame_id = part.frame_id
LEFT JOIN source ON source.frame_id = frame.frame_id
LEFT JOIN module ON module.module_id = frame.module_id;

-- Resources with their type and the place that made them, in words.
CREATE VIEW resource_named AS
SELECT resource.*, type.name AS type, type.hook_type, source.function, source.file, source.line,
	source.function || coalesce(' (' || source.file || ':' || source.line || ')', '') AS place
FROM resource
LEFT JOIN type ON type.type_id = resource.type_id
LEFT JOIN stack ON stack.stack_id = resource.stack_id
LEFT JOIN source ON source.frame_id = stack.frame_id AND source.inline_depth = 0;

-- Lines that the program wrote. In a run of the flush (at_flush) the text was not made there.
CREATE VIEW log AS
SELECT p.log_id, o.process_id, o.thread_id, p.run_id, p.stack_id, p.written_ns, o.fd, s.path,
	p.line_number, p.text,
	coalesce(p.full_length, length(CAST(p.text AS BLOB))) AS full_length,
	o.sink_id, o.writer_id, a.name AS api, o.at_flush
FROM packed_log p
LEFT JOIN log_origin o ON o.log_origin_id = p.log_origin_id
LEFT JOIN sink s ON s.sink_id = o.sink_id
LEFT JOIN api a ON a.api_id = o.api_id;

-- Lines with the resource whose run wrote them. From the packed tables: a join with `run`, which is
-- a union, reads all of that for one line.
CREATE VIEW log_named AS
SELECT log.*, coalesce(r.async_id, s.async_id, q.async_id) AS async_id, type.name AS type
FROM log
LEFT JOIN packed_run r ON r.run_id = log.run_id
LEFT JOIN packed_shot s ON s.run_id = log.run_id
LEFT JOIN packed_request q ON q.run_id = log.run_id
LEFT JOIN packed_resource made ON made.async_id = coalesce(r.async_id, s.async_id)
LEFT JOIN packed_request asked ON asked.async_id = r.async_id
LEFT JOIN origin o ON o.origin_id = coalesce(made.origin_id, asked.origin_id, q.origin_id)
LEFT JOIN type ON type.type_id = coalesce(made.type_id, o.type_id);
