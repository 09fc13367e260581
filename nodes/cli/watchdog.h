/*
 * watchdog.h - `wattle node start --watchdog`: a small process that starts a node again when that
 * ends by itself, and says why it has ended.
 *
 * The process forks before it has made anything of a node. The child goes on as the node; the
 * parent has no thread, no socket and no lock, waits for signals, and does nothing else:
 *
 *   it says that it has stopped as it was told to, and exits: so ends the watchdog
 *   a second signal has cut that short   so too
 *   it fails before it ever was up   a start that is refused is not tried again: its code
 *   it ends in any other way         a line node_ended, a pause, and another one
 *   SIGTERM, SIGINT, SIGHUP          SIGTERM to the node, and its code
 *
 * A node whose watchdog is killed stops in order.
 *
 * Thread: the main one, while there is no other.
 */
#ifndef WTL_CLI_WATCHDOG_H
#define WTL_CLI_WATCHDOG_H

#include <stdbool.h>

/* The pause before a node is started again: it doubles with each end in a row, and of each the
 * upper half is random. One that ran for WTL__WATCHDOG_STABLE_MS begins anew. */
#define WTL__WATCHDOG_FIRST_MS  200u
#define WTL__WATCHDOG_MAX_MS    30000u
#define WTL__WATCHDOG_STABLE_MS 60000u

/* True: this is the node, go on. False: this was its watchdog, all is over, and *code_out is what
 * to exit with (128 + N when the node was stopped and died of signal N). */
bool wtl__watchdog_forks(int *code_out);

/* The node is up. Does nothing without a watchdog. */
void wtl__watchdog_up(void);

/* It was stopped as it was told to, and all is released: what ends with code 0 and has not said
 * this was ended by a module, and is started again. Does nothing without a watchdog. */
void wtl__watchdog_stopped(void);

#endif
