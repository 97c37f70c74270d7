/*
 * The names of what is recorded, each listed once: resource types, interposed functions, the parts
 * of a run and the ends of an arming. Enums, the tables of the recording (`type`, `api`), the
 * hooks' table of real functions and the tests are made from these lists.
 *
 * The numbers made here travel in the arena only, where `arena_header.version` guards them; a
 * recording stores the names.
 */
#ifndef ACAUSAL_WIRE_NAMES_H
#define ACAUSAL_WIRE_NAMES_H

/*
 * X(TAG, name, class, hook_type, armed_by_creation)
 *
 * `hook_type` is the name that Node's async_hooks gives to the same thing. One name may stand
 * under two tags (a TCP handle and a listening one), because Node tells those apart.
 */
#define ACAUSAL_TYPES(X)                                                                           \
	X(MAIN, "main", "root", "ROOT", 1)                                                         \
	X(LOOP, "uv_loop_t", "loop", "LOOP", 0)                                                    \
	X(TIMER, "uv_timer_t", "handle", "Timeout", 0)                                             \
	X(IDLE, "uv_idle_t", "handle", "Immediate", 0)                                             \
	X(PREPARE, "uv_prepare_t", "handle", "PREPARE", 0)                                         \
	X(CHECK, "uv_check_t", "handle", "Immediate", 0)                                           \
	X(ASYNC, "uv_async_t", "handle", "ASYNC", 1)                                               \
	X(POLL, "uv_poll_t", "handle", "QUERYWRAP", 0)                                             \
	X(SIGNAL, "uv_signal_t", "handle", "SIGNALWRAP", 0)                                        \
	X(PROCESS, "uv_process_t", "process", "PROCESSWRAP", 1)                                    \
	X(FS_EVENT, "uv_fs_event_t", "handle", "FSEVENTWRAP", 0)                                   \
	X(FS_POLL, "uv_fs_poll_t", "handle", "STATWATCHER", 0)                                     \
	X(TCP, "uv_tcp_t", "handle", "TCPWRAP", 0)                                                 \
	X(TCP_SERVER, "uv_tcp_t", "handle", "TCPSERVERWRAP", 0)                                    \
	X(PIPE, "uv_pipe_t", "handle", "PIPEWRAP", 0)                                              \
	X(PIPE_SERVER, "uv_pipe_t", "handle", "PIPESERVERWRAP", 0)                                 \
	X(TTY, "uv_tty_t", "handle", "TTYWRAP", 0)                                                 \
	X(UDP, "uv_udp_t", "handle", "UDPWRAP", 0)                                                 \
	X(WRITE, "uv_write_t", "request", "WRITEWRAP", 1)                                          \
	X(SHUTDOWN, "uv_shutdown_t", "request", "SHUTDOWNWRAP", 1)                                 \
	X(TCP_CONNECT, "uv_connect_t", "request", "TCPCONNECTWRAP", 1)                             \
	X(PIPE_CONNECT, "uv_connect_t", "request", "PIPECONNECTWRAP", 1)                           \
	X(UDP_SEND, "uv_udp_send_t", "request", "UDPSENDWRAP", 1)                                  \
	X(FS, "uv_fs_t", "request", "FSREQCALLBACK", 1)                                            \
	X(FS_DIR, "uv_fs_t", "request", "DIRHANDLE", 1)                                            \
	X(GETADDRINFO, "uv_getaddrinfo_t", "request", "GETADDRINFOREQWRAP", 1)                     \
	X(GETNAMEINFO, "uv_getnameinfo_t", "request", "GETNAMEINFOREQWRAP", 1)                     \
	X(RANDOM, "uv_random_t", "request", "RANDOMBYTESREQUEST", 1)                               \
	X(WORK, "uv_work_t", "request", "WORK", 1)                                                 \
	X(UV_THREAD, "uv_thread_t", "thread", "THREAD", 1)                                         \
	X(PTHREAD, "pthread_t", "thread", "THREAD", 1)

/*
 * Functions of libuv that are interposed, without their `uv_`. The order is the order of the
 * manual: loops, handles, streams, requests, files, threads.
 */
/* clang-format off */
#define ACAUSAL_LIBUV_FUNCTIONS(X) \
	X(loop_init) X(loop_close) X(loop_new) X(loop_delete) X(default_loop) X(loop_fork) X(run) \
	X(walk) X(close) X(tcp_close_reset) X(ref) X(unref) \
	X(timer_init) X(timer_start) X(timer_stop) X(timer_again) X(timer_set_repeat) \
	X(idle_init) X(idle_start) X(idle_stop) \
	X(prepare_init) X(prepare_start) X(prepare_stop) \
	X(check_init) X(check_start) X(check_stop) \
	X(async_init) X(async_send) \
	X(poll_init) X(poll_init_socket) X(poll_start) X(poll_stop) \
	X(signal_init) X(signal_start) X(signal_start_oneshot) X(signal_stop) \
	X(fs_event_init) X(fs_event_start) X(fs_event_stop) \
	X(fs_poll_init) X(fs_poll_start) X(fs_poll_stop) \
	X(spawn) X(process_kill) X(kill) \
	X(tcp_init) X(tcp_init_ex) X(tcp_open) X(tcp_connect) \
	X(pipe_init) X(pipe_open) X(pipe_connect) X(pipe_connect2) X(tty_init) \
	X(listen) X(accept) X(read_start) X(read_stop) X(write) X(write2) X(try_write) X(try_write2) \
	X(shutdown) \
	X(udp_init) X(udp_init_ex) X(udp_open) X(udp_bind) X(udp_connect) X(udp_send) \
	X(udp_recv_start) X(udp_recv_stop) \
	X(getaddrinfo) X(getnameinfo) X(random) X(queue_work) X(cancel) \
	X(fs_close) X(fs_open) X(fs_read) X(fs_unlink) X(fs_write) X(fs_copyfile) X(fs_mkdir) \
	X(fs_mkdtemp) X(fs_mkstemp) X(fs_rmdir) X(fs_scandir) X(fs_opendir) X(fs_readdir) \
	X(fs_closedir) X(fs_stat) X(fs_fstat) X(fs_rename) X(fs_fsync) X(fs_fdatasync) \
	X(fs_ftruncate) X(fs_sendfile) X(fs_access) X(fs_chmod) X(fs_utime) X(fs_futime) \
	X(fs_lutime) X(fs_lstat) X(fs_link) X(fs_symlink) X(fs_readlink) X(fs_realpath) \
	X(fs_fchmod) X(fs_chown) X(fs_fchown) X(fs_lchown) X(fs_statfs) \
	X(once) X(thread_create) X(thread_create_ex)
/* clang-format on */

/*
 * Functions of libc that are interposed, by their whole name; X(name) here, and below those whose
 * arguments vary.
 */
/* clang-format off */
#define ACAUSAL_LIBC_PROCESSES(X) \
	X(pthread_create) X(pthread_setname_np) X(prctl) \
	X(fork) X(_Fork) X(execve) X(execv) X(execvp) X(execvpe) X(fexecve) X(execveat) \
	X(posix_spawn) X(posix_spawnp) X(system) X(popen) X(forkpty) X(_exit) X(_Exit) \
	X(kill) X(killpg) X(raise) X(pthread_kill) X(sigqueue) \
	X(epoll_wait) X(epoll_pwait)

/* After these a descriptor may be another file's. */
#define ACAUSAL_LIBC_DESCRIPTORS(X) \
	X(close) X(dup) X(dup2) X(dup3) X(close_range) X(closefrom) \
	X(fclose) X(freopen) X(freopen64) X(fcloseall) X(pclose) X(closedir)

#define ACAUSAL_LIBC_WRITES(X) \
	X(write) X(writev) X(pwrite) X(pwrite64) X(pwritev) X(pwritev64) X(pwritev2) X(pwritev64v2) \
	X(send) X(sendto) X(sendmsg)

#define ACAUSAL_LIBC_STDIO(X) \
	X(vprintf) X(vfprintf) X(vdprintf) X(__vprintf_chk) X(__vfprintf_chk) X(__vdprintf_chk) \
	X(puts) X(fputs) X(fputs_unlocked) X(fwrite) X(fwrite_unlocked) \
	X(putc) X(putc_unlocked) X(_IO_putc) X(fputc) X(fputc_unlocked) X(putchar) \
	X(putchar_unlocked) X(putw) \
	X(vwprintf) X(vfwprintf) X(__vwprintf_chk) X(__vfwprintf_chk) X(fputws) X(fputws_unlocked) \
	X(putwc) X(putwc_unlocked) X(fputwc) X(fputwc_unlocked) X(putwchar) X(putwchar_unlocked) \
	X(fflush) X(fflush_unlocked) X(__overflow)

/* They write what they say by ways of libc's own. */
#define ACAUSAL_LIBC_MESSAGES(X) \
	X(perror) X(psignal) X(psiginfo) X(__assert_fail) X(__assert_perror_fail) X(__assert) \
	X(openlog) X(closelog) X(vsyslog) X(__vsyslog_chk)

/* What the program sets and asks of signals that we catch. */
#define ACAUSAL_LIBC_SIGNALS(X) \
	X(sigaction) X(__sigaction) X(signal) X(__sysv_signal) X(bsd_signal) X(sigset) X(sigignore) \
	X(siginterrupt) X(sigaltstack)

#define ACAUSAL_LIBC_RESERVED(X) \
	ACAUSAL_LIBC_PROCESSES(X) ACAUSAL_LIBC_DESCRIPTORS(X) ACAUSAL_LIBC_WRITES(X) \
	ACAUSAL_LIBC_STDIO(X) ACAUSAL_LIBC_MESSAGES(X) ACAUSAL_LIBC_SIGNALS(X) X(dlclose)

/*
 * Neither C nor POSIX keeps these names for libc: a library of the program's may have a function or
 * a variable of its own that is called so. They are interposed only for who means libc's.
 */
#define ACAUSAL_LIBC_UNRESERVED(X) \
	X(verr) X(verrx) X(vwarn) X(vwarnx) X(error) X(error_at_line) X(daemon) \
	X(ssignal) X(sysv_signal)

#define ACAUSAL_LIBC_FUNCTIONS(X) ACAUSAL_LIBC_UNRESERVED(X) ACAUSAL_LIBC_RESERVED(X)

/*
 * Interposed and built on one of the above: they have a name, and no real function of their own.
 * (err and its kin are not reserved either.)
 */
#define ACAUSAL_LIBC_VARIADIC(X) \
	X(execl) X(execle) X(execlp) \
	X(printf) X(fprintf) X(dprintf) X(__printf_chk) X(__fprintf_chk) X(__dprintf_chk) \
	X(wprintf) X(fwprintf) X(__wprintf_chk) X(__fwprintf_chk) \
	X(err) X(errx) X(warn) X(warnx) X(syslog) X(__syslog_chk)
/* clang-format on */

/* What the program asks of us (acausal.h) that makes, arms or causes something. */
#define ACAUSAL_OWN_FUNCTIONS(X)                                                                   \
	X(acausal_resource_init)                                                                   \
	X(acausal_resource_resolve)                                                                \
	X(acausal_bind)

/* Which of a resource's callbacks a run executed. X(TAG, name in `run.part`) */
#define ACAUSAL_PARTS(X)                                                                           \
	X(CALLBACK, "callback")                                                                    \
	X(WORK, "work")                                                                            \
	X(AFTER, "after")                                                                          \
	X(ALLOC, "alloc")                                                                          \
	X(CLOSE, "close")

/* How an arming ended. X(TAG, name in `arming.end`); NONE is an arming that still stands. */
#define ACAUSAL_ENDS(X)                                                                            \
	X(NONE, 0)                                                                                 \
	X(FIRED, "fired")                                                                          \
	X(STOPPED, "stopped")                                                                      \
	X(REPLACED, "replaced")                                                                    \
	X(CLOSED, "closed")

/* What made a callback fire. X(TAG, name in `cause.kind`) */
#define ACAUSAL_CAUSES(X)                                                                          \
	X(SEND, "send")                                                                            \
	X(CANCEL, "cancel")                                                                        \
	X(AGAIN, "again")                                                                          \
	X(WORK, "work")	  /* the work part of a uv_work_t, which its after part follows */         \
	X(KILL, "kill")	  /* a signal that the process sent to itself or to a child of its own */  \
	X(CLOSE, "close") /* uv_close of the handle that the cancelled request was on */           \
	X(RESOLVE, "resolve") /* acausal_resource_resolve */

/* Where a line went to. X(TAG, name in `sink.kind`) */
#define ACAUSAL_SINKS(X)                                                                           \
	X(FILE, "file")                                                                            \
	X(TERMINAL, "terminal")                                                                    \
	X(PIPE, "pipe")                                                                            \
	X(SOCKET, "socket")                                                                        \
	X(SYSLOG, "syslog")                                                                        \
	X(OTHER, "other")

/* Where a thread came from. X(TAG, name in `thread.role`) */
#define ACAUSAL_ROLES(X)                                                                           \
	X(MAIN, "main")                                                                            \
	X(POOL, "pool")                                                                            \
	X(USER, "user")

enum acausal_type {
	ACAUSAL_TYPE_NONE,
#define X(tag, ...) ACAUSAL_TYPE_##tag,
	ACAUSAL_TYPES(X)
#undef X
		ACAUSAL_TYPE_COUNT,
	/* From here on types that the program named itself: 256 + index in ARENA_TYPES. */
	ACAUSAL_TYPE_OWN = 256
};

enum acausal_api {
	ACAUSAL_API_NONE,
#define X(name) ACAUSAL_API_uv_##name,
	ACAUSAL_LIBUV_FUNCTIONS(X)
#undef X
#define X(name) ACAUSAL_API_##name,
		ACAUSAL_LIBC_FUNCTIONS(X) ACAUSAL_LIBC_VARIADIC(X) ACAUSAL_OWN_FUNCTIONS(X)
#undef X
			ACAUSAL_API_COUNT
};

#define X(tag, ...) ACAUSAL_PART_##tag,
enum acausal_part { ACAUSAL_PARTS(X) ACAUSAL_PART_COUNT };
#undef X
#define X(tag, ...) ACAUSAL_END_##tag,
enum acausal_end { ACAUSAL_ENDS(X) ACAUSAL_END_COUNT };
#undef X
#define X(tag, ...) ACAUSAL_CAUSE_##tag,
enum acausal_cause { ACAUSAL_CAUSES(X) ACAUSAL_CAUSE_COUNT };
#undef X
#define X(tag, ...) ACAUSAL_SINK_##tag,
enum acausal_sink { ACAUSAL_SINKS(X) ACAUSAL_SINK_COUNT };
#undef X
#define X(tag, ...) ACAUSAL_ROLE_##tag,
enum acausal_role { ACAUSAL_ROLES(X) ACAUSAL_ROLE_COUNT };
#undef X

#endif
