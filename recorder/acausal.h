/*
 * What a program may ask of acausal from inside. Link nothing: the functions are weak, and are
 * there when libacausal.so is in the process (acausal record, or LD_PRELOAD with ACAUSAL_FLIGHT).
 * Without it each is a no-op with the value that is said to mean "not recorded".
 *
 * Any thread. Of these, acausal_pause and acausal_resume are async-signal-safe, and
 * acausal_snapshot too: it allocates nothing and takes no lock.
 */
#ifndef ACAUSAL_H
#define ACAUSAL_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * So that also an executable that is not position-independent asks for them when it runs. (Clang
 * cannot be told: such an executable of its making is never recorded, as these functions see it.)
 */
#if defined(__GNUC__) && !defined(__clang__) && !defined(ACAUSAL_IMPLEMENTATION)
#define ACAUSAL_WEAK __attribute__((noplt))
#else
#define ACAUSAL_WEAK
#endif

/*
 * Writes what is known now, the newest history in flight mode, to a new file at `path`, with mode
 * 0600: an image of the recorder's memory, which every command of acausal takes in the place of a
 * recording (acausal trace -r PATH), and which `acausal snapshot -o FILE.db PATH` makes one of.
 * Other threads go on meanwhile. NULL: "acausal.PID.image" in the current folder.
 *
 * Returns 0; or -1 with errno, having left no file: ENOSYS when the process is not recorded, EEXIST
 * when there is a file of that name, else what open(2) and write(2) say.
 */
int acausal_snapshot(const char *path) ACAUSAL_WEAK;

/*
 * Nothing is written from now on; what is alive is still known, so that recording can go on at any
 * moment. Calls do not nest. Returns 0; -1 with errno ENOSYS when the process is not recorded.
 */
int acausal_pause(void) ACAUSAL_WEAK;
int acausal_resume(void) ACAUSAL_WEAK;

#ifdef __cplusplus
}
#endif

#ifndef ACAUSAL_IMPLEMENTATION
#include <errno.h>
#pragma weak acausal_snapshot
#pragma weak acausal_pause
#pragma weak acausal_resume
static __inline__ int acausal_is_absent(void)
{
	errno = ENOSYS;
	return -1;
}
#define acausal_snapshot(path) (acausal_snapshot ? acausal_snapshot(path) : acausal_is_absent())
#define acausal_pause()	       (acausal_pause ? acausal_pause() : acausal_is_absent())
#define acausal_resume()       (acausal_resume ? acausal_resume() : acausal_is_absent())
#endif

#endif
