/*
 * child.h - the process of a module, seen from the node: started, killed, buried.
 *
 * It is another program, wattle-module-host, started by posix_spawn: a node has threads, and what a
 * fork would copy of them is of no use to anybody. It gets three descriptors besides stdin, stdout
 * and stderr: one end of a socket pair, the board, the module's sealed image; nearly no
 * environment, and a process group of its own, so that a Ctrl-C for the node is not one for it.
 *
 * Thread: one at a time per child. Owns: a child owns its descriptors, the board, and the process
 * until it was reaped.
 */
#ifndef WTL_PROCESS_CHILD_H
#define WTL_PROCESS_CHILD_H

#include <sys/types.h>

#include "process/board.h"

/* Exit codes of the program, before and besides the module's own. */
#define WTL__CHILD_EXIT_ORDERS 70 /* it cannot read its orders */
#define WTL__CHILD_EXIT_LIMITS 71 /* it cannot limit itself */
#define WTL__CHILD_EXIT_SOCKET 72 /* the socket cannot be written to, or brings nonsense */

struct wtl__child_config {
    int program; /* of wattle-module-host */
    int image;
    struct wtl__orders orders;
};

struct wtl__child {
    int socket; /* nonblocking */
    int output; /* what it prints; nonblocking */
    int far;    /* the child's ends, until it is started */
    int far_output;
    pid_t pid; /* 0: not started, or reaped */
    int board_fd;
    struct wtl__board *board;
};

/* Opens the program. `path` NULL: in the folder of this program, or in ../libexec/wattle beside it.
 * Fails: WTL_NOT_FOUND, with where it was looked for. Owns: the caller closes it. */
enum wtl_status wtl__child_program(const char *path, int *fd_out,
                                   struct wtl_error *error) WTL_MUST_USE;

/* Makes the descriptors: what is written to the socket waits there for the child.
 * Fails: WTL_SYSTEM; there is nothing to close then. */
enum wtl_status wtl__child_open(struct wtl__child *child, struct wtl_error *error) WTL_MUST_USE;
/* Starts the program, and waits until it is loaded, about a millisecond. Fails: WTL_SYSTEM. */
enum wtl_status wtl__child_start(struct wtl__child *child, const struct wtl__child_config *config,
                                 struct wtl_error *error) WTL_MUST_USE;
/* Closes what is open. The process must have been reaped, or never started. */
void wtl__child_close(struct wtl__child *child);

/* Asks it to note where it is, and to end; it may not. */
void wtl__child_interrupt(const struct wtl__child *child);
void wtl__child_kill(const struct wtl__child *child);

/* Has it ended? Then `*status_out` is what waitpid says of it, and the process is no more. */
bool wtl__child_reap(struct wtl__child *child, bool wait, int *status_out);

/* Why its actors have ended: the signal, the exit code, "memory", "stack_overflow". */
struct wtl_reason wtl__child_reason(int status, const struct wtl__notes *notes);

#endif
