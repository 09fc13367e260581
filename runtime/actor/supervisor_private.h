/*
 * supervisor_private.h - what the files of the supervisor share: its state, and its tasks.
 *
 * A supervisor never waits. What takes time is a *task* that lives between messages: start all,
 * restart, start one, stop one, end. There is one task at a time; ends of children and asks that
 * come meanwhile wait, in the order in which they came, so that everybody sees what OTP's blocking
 * supervisor would have shown. A pool has no task but its end: its children start, stop and restart
 * beside each other.
 *
 * Everything is memory of the supervisor's own (wtl_alloc), so that it goes with a killed one too.
 *
 *   supervisor.c          the behaviour: which message goes where
 *   supervisor_check.c    is it a tree that can be run
 *   supervisor_spec.c     copying trees
 *   supervisor_table.c    the children's entries, and which pid is whose
 *   supervisor_member.c   one child: start, stop, exit
 *   supervisor_task.c     the tasks, and what is done between them
 *   supervisor_restart.c  what becomes of a child that has ended
 *   supervisor_window.c   how often is too often
 *   supervisor_retry.c    when a child is tried again
 *   supervisor_watch.c    children that make no progress
 *   supervisor_pool.c     simple_one_for_one
 *   supervisor_ask.c      add, terminate, restart, delete
 *   supervisor_show.c     list, count, history
 *   supervisor_report.c   what is logged
 *
 * Thread: the holder of the supervisor's run token.
 */
#ifndef WTL_ACTOR_SUPERVISOR_PRIVATE_H
#define WTL_ACTOR_SUPERVISOR_PRIVATE_H

#include "actor/supervisor_member.h"

/* How deep trees nest. */
#define WTL__TREE_DEPTH_MAX 32u
/* Asks that wait for the end of a task; more are answered `busy`. */
#define WTL__ASKS_MAX 1024u
/* Children of a pool that are told to stop in one go. */
#define WTL__POOL_STOP_BATCH 1024u
/* How often a child that is watched is looked at in its progress_ms. */
#define WTL__WATCH_LOOKS 4u
/* Restarts that are remembered. */
#define WTL__HISTORY_MAX 8u

enum wtl__task_kind {
    WTL__TASK_NONE = 0,
    WTL__TASK_INIT,    /* start all; a failure ends the supervisor */
    WTL__TASK_RESTART, /* stop those that the strategy names, and start them again */
    WTL__TASK_START,   /* start one: an ask */
    WTL__TASK_STOP,    /* stop one: an ask */
    WTL__TASK_END,     /* stop all, and end */
};

struct wtl__task {
    enum wtl__task_kind kind;
    bool starting;             /* false: still stopping */
    bool single;               /* only `first` */
    struct wtl__member *first; /* NULL: from the first of all */
    struct wtl__member *cursor;
};

/* An ask that waits for the end of a task. */
struct wtl__queued {
    struct wtl__fifo_link link;
    uint64_t when;
    const struct wtl_msg *message;
};

struct wtl__restarted {
    uint64_t at_ms;
    struct wtl_reason reason;
    char id[16]; /* cut */
};

struct wtl__supervisor {
    enum wtl_strategy strategy;
    enum wtl_auto_shutdown auto_shutdown;
    uint32_t intensity;
    uint32_t period_ms;
    uint32_t members;
    uint32_t members_max;
    struct wtl__list order;
    struct wtl__list leaving; /* of a pool that ends: those that were told */
    struct wtl__list retries; /* children to be tried again, by when that is due */
    struct wtl__list waiting; /* children to decide about or to try again now, by `when` */
    struct wtl__fifo asks;    /* by `when` as well: whichever is lower is next */
    uint64_t arrivals;        /* the last `when` */
    uint64_t retry_timer;     /* for the first of `retries` that is not due at once; 0: none */
    uint64_t retry_ms;        /* when it fires */
    uint64_t watch_timer;     /* 0: nobody is watched */
    uint32_t watch_ms;        /* between two looks */
    uint32_t asks_count;
    struct wtl__task task;
    struct wtl_child *pool; /* the spec of a pool's children; NULL: it is no pool */
    void *pool_settings;    /* of its spec, when its type is a newer one than it was made with */

    struct wtl__member **buckets; /* children by pid; NULL: none yet */
    uint32_t buckets_mask;
    uint32_t buckets_count;

    struct wtl__window window;
    uint32_t restarts; /* all of them */
    struct wtl__restarted *history;

    struct wtl_reason reason; /* why it ends */
    bool ended_all;           /* no child is left, and it is ending */
    bool in_stop;             /* its stop function has returned WTL_LATER */
};

#define WTL__TAG_ADD   WTL_TAG("$sup_add")
#define WTL__TAG_ASK   WTL_TAG("$sup_ask")
#define WTL__TAG_TIMER WTL_TAG("$sup_timer")
#define WTL__TAG_RETRY WTL_TAG("$sup_retry")
#define WTL__TAG_MORE  WTL_TAG("$sup_more")
#define WTL__TAG_WATCH WTL_TAG("$sup_watch")
#define WTL__TAG_PROBE WTL_TAG("$sup_probe")

/* A message of the supervisor to itself, behind all that waits, that no bound refuses. */
void wtl__supervisor_later(struct wtl_ctx *pub, struct wtl_tag tag);

/* ---- trees: supervisor_check.c, supervisor_spec.c ------------------------------------------- */

/* Is it a tree that can be run? Follows pointers, so it is for trees of this process only.
 * Fails: WTL_INVALID, WTL_TOO_LARGE. */
enum wtl_status wtl__tree_check(const struct wtl_tree *tree, struct wtl_error *error) WTL_MUST_USE;
/* One child to be added to a supervisor whose flags are `tree`'s; NULL: they are not known. */
enum wtl_status wtl__child_check(const struct wtl_child *child, const struct wtl_tree *tree,
                                 struct wtl_error *error) WTL_MUST_USE;

/* How many children it may have at most. */
static inline uint32_t wtl__children_limit(enum wtl_strategy strategy)
{
    return strategy == WTL_SIMPLE_ONE_FOR_ONE ? WTL_POOL_MAX : WTL_CHILDREN_MAX;
}

/* Bytes that a whole copy takes, and the copy itself: one block, 8-aligned, whose pointers point
 * into it, but for actor types and what is theirs. */
size_t wtl__tree_size(const struct wtl_tree *tree);
void wtl__tree_copy(const struct wtl_tree *tree, void *memory);
size_t wtl__child_size(const struct wtl_child *child);
void wtl__child_copy(const struct wtl_child *child, void *memory);

/* ---- tasks: supervisor_task.c -------------------------------------------------------------- */

/* Goes on with the task, and with what waits for its end, until somebody must be waited for. */
void wtl__supervisor_run(struct wtl_ctx *x, struct wtl__supervisor *sup);

void wtl__task_begin(struct wtl__supervisor *sup, enum wtl__task_kind kind,
                     struct wtl__member *first, bool single);
/* Stops all children, whatever is going on, and ends with that reason; the first one wins. */
void wtl__supervisor_end(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl_reason reason);
/* No child is left. */
void wtl__supervisor_ended(struct wtl_ctx *x, struct wtl__supervisor *sup);

/* What has become of a child of a supervisor that is no pool. */
void wtl__task_started(struct wtl__supervisor *sup, struct wtl__member *member);
void wtl__task_failed(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);
void wtl__task_ignored(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);

/* A child waits from now on, behind what came before. */
void wtl__task_wait(struct wtl__supervisor *sup, struct wtl__member *member);

/* ---- restarts: supervisor_restart.c, supervisor_window.c, supervisor_retry.c ---------------- */

/* A child that has waited: restart, keep, or forget it; or try once more to start it. */
void wtl__restart_decide(struct wtl_ctx *x, struct wtl__supervisor *sup,
                         struct wtl__member *member);
/* It could not be started. */
void wtl__restart_failed(struct wtl_ctx *x, struct wtl__supervisor *sup,
                         struct wtl__member *member);

/* The intensity that a number in a tree means, where 0 means `standard`. */
static inline uint32_t wtl__intensity_of(uint32_t number, uint32_t standard)
{
    return number == 0 ? standard : number == WTL_INTENSITY_NONE ? 0 : number;
}

/* Counts a restart; false when it is more than `intensity` in the period, both ends included.
 * Without memory to count, it is too many. */
bool wtl__window_allows(struct wtl_ctx *x, struct wtl__window *window, uint32_t intensity,
                        uint32_t period_ms, uint64_t now_ms);

/* One more failure of that child: how long to wait until it is tried again. */
uint32_t wtl__backoff_ms(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                         struct wtl__member *member, uint64_t now_ms);
/* It is tried again after `ms`; 0: when what is in the mailbox now has been seen to. */
void wtl__retry_after(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                      uint32_t ms, uint64_t now_ms);
/* A message or a timer for that has come: whoever is due waits from now on. */
void wtl__retry_due(struct wtl_ctx *x, struct wtl__supervisor *sup);
/* The child of a pool that had that pid and is to be tried again, or NULL. */
struct wtl__member *wtl__retry_find(const struct wtl__supervisor *sup, uint64_t was);

/* ---- watching: supervisor_watch.c ----------------------------------------------------------- */

/* It has a new actor. */
void wtl__watch_begin(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);
/* It is time to look at those that are watched. */
void wtl__watch_look(struct wtl_ctx *x, struct wtl__supervisor *sup);
/* A probe is back: the request that the actor is held for, 0 for none. */
void wtl__watch_answered(const struct wtl__supervisor *sup, struct wtl__member *member,
                         uint64_t held);

/* ---- pools: supervisor_pool.c -------------------------------------------------------------- */

/* Adds and starts a child; answers `from`. */
void wtl__pool_add(struct wtl_ctx *x, struct wtl__supervisor *sup, const struct wtl_child *child,
                   struct wtl_from from);
/* A child could not be started. */
void wtl__pool_failed(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);
/* Tells the next ones to stop; the first time too. */
void wtl__pool_end(struct wtl_ctx *x, struct wtl__supervisor *sup);
/* The time of all is over. */
void wtl__pool_kill(struct wtl_ctx *x, struct wtl__supervisor *sup);

/* ---- asking: supervisor_ask.c -------------------------------------------------------------- */

/* A call of wtl_supervisor_add or wtl_supervisor_ask. */
void wtl__supervisor_asked(struct wtl_ctx *x, struct wtl__supervisor *sup,
                           const struct wtl_msg *message);
/* When the first ask that waits came; UINT64_MAX: none does. */
uint64_t wtl__supervisor_asked_when(const struct wtl__supervisor *sup);
/* Does what it asks for. */
void wtl__supervisor_asked_before(struct wtl_ctx *x, struct wtl__supervisor *sup);

/* ---- showing: supervisor_show.c, supervisor_report.c ---------------------------------------- */

void wtl__supervisor_put_list(const struct wtl__supervisor *sup, uint64_t node,
                              struct wtl_writer *body);
void wtl__supervisor_put_count(const struct wtl__supervisor *sup, struct wtl_writer *body);
void wtl__supervisor_put_child(const struct wtl__supervisor *sup, const struct wtl__member *member,
                               uint64_t node, struct wtl_writer *body);

/* "permanent", "transient", "temporary". */
const char *wtl__restart_word(enum wtl_restart restart);

/* A supervisor_report in the log: `context` as OTP has it (errorContext). */
void wtl__supervisor_report(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                            const char *context, const struct wtl__member *member,
                            const char *reason);
/* A progress_report: the child is ready. */
void wtl__progress_report(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                          const struct wtl__member *member);
/* A tree or a child was refused, and why. */
void wtl__supervisor_refused(const char *event, const struct wtl_error *error);

#endif
