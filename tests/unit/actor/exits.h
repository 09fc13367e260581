/*
 * exits.h - what an exit signal does, row by row (Erlang reference manual, Processes: Exit
 * signals). The same on one node and between two.
 */
#ifndef WTL_TESTS_ACTOR_EXITS_H
#define WTL_TESTS_ACTOR_EXITS_H

#include <wattle/types.h>

struct exit_row {
    const char *name;
    bool linked; /* by a link; otherwise by wtl_exit */
    enum wtl_exit_class class_;
    bool traps;
    const char *dies; /* the reason that its watcher sees; NULL: it lives */
    const char *sees; /* what it sees as `exited`; NULL: nothing */
};

extern const struct exit_row exit_rows[];
extern const size_t exit_rows_count;

struct wtl_reason exit_reason(enum wtl_exit_class class_);

#endif
