/*
 * Where libuv keeps what in its structures, in the process that a core is of: by the debug
 * information of the module that contains libuv, else by what is known of its version. Several
 * modules may contain one. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_LAYOUT_H
#define ACAUSAL_CORE_CORE_LAYOUT_H

#include "recorder/core/core.h"

/* What is looked at. X(TAG, structure, member) */
#define CORE_LAYOUT_FIELDS(X)                                                                      \
	X(LOOP_DATA, uv_loop_s, data)                                                              \
	X(LOOP_ACTIVE_HANDLES, uv_loop_s, active_handles)                                          \
	X(LOOP_HANDLES, uv_loop_s, handle_queue)                                                   \
	X(LOOP_ACTIVE_REQUESTS, uv_loop_s, active_reqs.count)                                      \
	X(LOOP_BACKEND_FD, uv_loop_s, backend_fd)                                                  \
	X(LOOP_PENDING, uv_loop_s, pending_queue)                                                  \
	X(LOOP_FINISHED, uv_loop_s, wq)                                                            \
	X(LOOP_ASYNC, uv_loop_s, wq_async)                                                         \
	X(LOOP_TIME, uv_loop_s, time)                                                              \
	X(HANDLE_DATA, uv_handle_s, data)                                                          \
	X(HANDLE_LOOP, uv_handle_s, loop)                                                          \
	X(HANDLE_TYPE, uv_handle_s, type)                                                          \
	X(HANDLE_CLOSE, uv_handle_s, close_cb)                                                     \
	X(HANDLE_HANDLES, uv_handle_s, handle_queue)                                               \
	X(HANDLE_FLAGS, uv_handle_s, flags)                                                        \
	X(STREAM_QUEUE_SIZE, uv_stream_s, write_queue_size)                                        \
	X(STREAM_READ, uv_stream_s, read_cb)                                                       \
	X(STREAM_CONNECT, uv_stream_s, connect_req)                                                \
	X(STREAM_SHUTDOWN, uv_stream_s, shutdown_req)                                              \
	X(STREAM_FD, uv_stream_s, io_watcher.fd)                                                   \
	X(STREAM_WRITES, uv_stream_s, write_queue)                                                 \
	X(STREAM_WRITTEN, uv_stream_s, write_completed_queue)                                      \
	X(STREAM_CONNECTION, uv_stream_s, connection_cb)                                           \
	X(PIPE_NAME, uv_pipe_s, pipe_fname)                                                        \
	X(UDP_QUEUE_SIZE, uv_udp_s, send_queue_size)                                               \
	X(UDP_RECEIVE, uv_udp_s, recv_cb)                                                          \
	X(UDP_FD, uv_udp_s, io_watcher.fd)                                                         \
	X(UDP_SENDS, uv_udp_s, write_queue)                                                        \
	X(UDP_SENT, uv_udp_s, write_completed_queue)                                               \
	X(TIMER_CALLBACK, uv_timer_s, timer_cb)                                                    \
	X(TIMER_TIMEOUT, uv_timer_s, timeout)                                                      \
	X(TIMER_REPEAT, uv_timer_s, repeat)                                                        \
	X(IDLE_CALLBACK, uv_idle_s, idle_cb)                                                       \
	X(PREPARE_CALLBACK, uv_prepare_s, prepare_cb)                                              \
	X(CHECK_CALLBACK, uv_check_s, check_cb)                                                    \
	X(ASYNC_CALLBACK, uv_async_s, async_cb)                                                    \
	X(ASYNC_PENDING, uv_async_s, pending)                                                      \
	X(POLL_CALLBACK, uv_poll_s, poll_cb)                                                       \
	X(POLL_FD, uv_poll_s, io_watcher.fd)                                                       \
	X(POLL_EVENTS, uv_poll_s, io_watcher.pevents)                                              \
	X(SIGNAL_CALLBACK, uv_signal_s, signal_cb)                                                 \
	X(SIGNAL_NUMBER, uv_signal_s, signum)                                                      \
	X(PROCESS_CALLBACK, uv_process_s, exit_cb)                                                 \
	X(PROCESS_PID, uv_process_s, pid)                                                          \
	X(FS_EVENT_PATH, uv_fs_event_s, path)                                                      \
	X(FS_EVENT_CALLBACK, uv_fs_event_s, cb)                                                    \
	X(FS_POLL_CONTEXT, uv_fs_poll_s, poll_ctx)                                                 \
	X(CONTEXT_HANDLE, poll_ctx, parent_handle)                                                 \
	X(CONTEXT_INTERVAL, poll_ctx, interval)                                                    \
	X(CONTEXT_CALLBACK, poll_ctx, poll_cb)                                                     \
	X(CONTEXT_PATH, poll_ctx, path)                                                            \
	X(ITEM_WORK, uv__work, work)                                                               \
	X(ITEM_DONE, uv__work, done)                                                               \
	X(ITEM_LOOP, uv__work, loop)                                                               \
	X(ITEM_LINKS, uv__work, wq)                                                                \
	X(REQUEST_DATA, uv_req_s, data)                                                            \
	X(REQUEST_TYPE, uv_req_s, type)                                                            \
	X(WRITE_CALLBACK, uv_write_s, cb)                                                          \
	X(WRITE_HANDLE, uv_write_s, handle)                                                        \
	X(WRITE_LINKS, uv_write_s, queue)                                                          \
	X(SEND_CALLBACK, uv_udp_send_s, send_cb)                                                   \
	X(SEND_HANDLE, uv_udp_send_s, handle)                                                      \
	X(SEND_LINKS, uv_udp_send_s, queue)                                                        \
	X(CONNECT_CALLBACK, uv_connect_s, cb)                                                      \
	X(CONNECT_HANDLE, uv_connect_s, handle)                                                    \
	X(SHUTDOWN_CALLBACK, uv_shutdown_s, cb)                                                    \
	X(SHUTDOWN_HANDLE, uv_shutdown_s, handle)                                                  \
	X(FS_OPERATION, uv_fs_s, fs_type)                                                          \
	X(FS_LOOP, uv_fs_s, loop)                                                                  \
	X(FS_CALLBACK, uv_fs_s, cb)                                                                \
	X(FS_PATH, uv_fs_s, path)                                                                  \
	X(FS_ITEM, uv_fs_s, work_req)                                                              \
	X(WORK_LOOP, uv_work_s, loop)                                                              \
	X(WORK_CALLBACK, uv_work_s, work_cb)                                                       \
	X(WORK_AFTER, uv_work_s, after_work_cb)                                                    \
	X(WORK_ITEM, uv_work_s, work_req)                                                          \
	X(ADDRESS_LOOP, uv_getaddrinfo_s, loop)                                                    \
	X(ADDRESS_ITEM, uv_getaddrinfo_s, work_req)                                                \
	X(ADDRESS_CALLBACK, uv_getaddrinfo_s, cb)                                                  \
	X(ADDRESS_HOST, uv_getaddrinfo_s, hostname)                                                \
	X(ADDRESS_SERVICE, uv_getaddrinfo_s, service)                                              \
	X(NAME_LOOP, uv_getnameinfo_s, loop)                                                       \
	X(NAME_ITEM, uv_getnameinfo_s, work_req)                                                   \
	X(NAME_CALLBACK, uv_getnameinfo_s, getnameinfo_cb)                                         \
	X(RANDOM_LOOP, uv_random_s, loop)                                                          \
	X(RANDOM_ITEM, uv_random_s, work_req)                                                      \
	X(RANDOM_CALLBACK, uv_random_s, cb)

enum core_layout_field {
#define X(tag, ...) CORE_LAYOUT_##tag,
	CORE_LAYOUT_FIELDS(X)
#undef X
		CORE_LAYOUT_FIELD_COUNT
};

#define CORE_LAYOUT_UNKNOWN UINT32_MAX

struct core_layout {
	uint32_t at[CORE_LAYOUT_FIELD_COUNT]; /* bytes from the structure's beginning */
};

/* A copy of libuv in the process. */
struct core_libuv {
	const struct core_module *module;
	struct core_layout layout;
	char known_by[280]; /* "the debug information of libuv.so.1", for "the layout is known by"
			     */
};

/* That of the libuv 1.x that is known here. */
extern const struct core_layout core_layout_known;

/*
 * Looks into a module that is taken to contain libuv. Always gives something; what fits not is for
 * the caller to find out, and none of it is to be believed unchecked.
 */
void core_libuv_init(
	struct core_libuv *ret, const struct core *core, const struct core_module *module);

/* Whether a function of libuv's is defined in the module, as far as its symbols tell. */
bool core_libuv_is_in(const struct core *core, const struct core_module *module);

#endif
