/*
 * supervisor_private.h - what the files of the supervisor share: its state, its children, its
 * tasks.
 *
 * A supervisor never waits. What takes time is a *task* that lives between messages: start all,
 * restart, start one, stop one, end. There is one task at a time; exits and asks that come
 * meanwhile are queued, so that everybody sees what OTP's blocking supervisor would have shown. A
 * pool has no task but its end: its children start, stop and restart beside each other.
 *
 * The states of a child:
 *
 *   DOWN        no actor             start -> STARTING
 *   STARTING    spawned, not ready   "started" -> RUNNING; exit -> DOWN or RESTARTING; stop ->
 * STOPPING RUNNING                          exit -> ENDED (a pool decides at once); stop ->
 * STOPPING STOPPING    told to stop         exit -> DOWN ENDED       exited by itself, and nobody
 * has decided yet: in `ended` RESTARTING  could not be started, and will be tried again: in
 * `retries`
 *
 * Everything is memory of the supervisor's own (wtl_alloc), so that it goes with a killed one too.
 *
 *   supervisor.c          the behaviour: which message goes where
 *   supervisor_spec.c     checking and copying trees
 *   supervisor_table.c    the children's entries, and which pid is whose
 *   supervisor_member.c   one child: start, stop, exit
 *   supervisor_task.c     the tasks, and what is done between them
 *   supervisor_restart.c  when to restart, and when to give up
 *   supervisor_pool.c     simple_one_for_one
 *   supervisor_ask.c      add, terminate, restart, delete
 *   supervisor_show.c     list, count, history
 *
 * Thread: the holder of the supervisor's run token.
 */
#ifndef WTL_ACTOR_SUPERVISOR_PRIVATE_H
#define WTL_ACTOR_SUPERVISOR_PRIVATE_H

#include "actor/supervisor.h"

#include "base/list.h"

/* How deep trees nest. */
#define WTL__TREE_DEPTH_MAX 32u
/* Children of one pool. */
#define WTL__POOL_MAX (1u << 22)
/* Asks that wait for the end of a task; more are answered `busy`. */
#define WTL__ASKS_MAX 1024u
/* Children of a pool that are told to stop in one go. */
#define WTL__POOL_STOP_BATCH 1024u
/* Restarts that are remembered. */
#define WTL__HISTORY_MAX 8u

enum wtl__member_state {
    WTL__MEMBER_DOWN = 0,
    WTL__MEMBER_STARTING,
    WTL__MEMBER_RUNNING,
    WTL__MEMBER_STOPPING,
    WTL__MEMBER_ENDED,
    WTL__MEMBER_RESTARTING,
};

/* member.flags */
#define WTL__MEMBER_FRESH 1u /* added, and never started: it goes when it cannot be */
#define WTL__MEMBER_LATE  2u /* killed because its time to start was over */

/* Who waits for what happens to a child. */
struct wtl__asker {
    struct wtl__fifo_link link;
    struct wtl_pid caller;
    uint64_t request;
};

/* What a child needs while it starts or stops. */
struct wtl__change {
    uint64_t ref;   /* of the monitor while it starts; 0 afterwards */
    uint64_t timer; /* 0: none */
    struct wtl__fifo askers;
};

/* One child. Its pid's node is this one. */
struct wtl__member {
    struct wtl__link order;       /* in `order`: the order of start */
    struct wtl__link queue;       /* in `ended` or `retries` */
    struct wtl__member *bucket;   /* chain of the table by pid */
    const struct wtl_child *spec; /* its own, or the pool's */
    void *settings;               /* its own in a pool; NULL: the spec's */
    struct wtl__change *change;
    uint64_t local;      /* its pid; 0: none */
    struct wtl_tag word; /* the reason of its last end or failed start */
    uint32_t restarts;
    uint8_t class_;
    uint8_t state;
    uint8_t flags;
};

_Static_assert(sizeof(struct wtl__member) + sizeof(struct wtl__memory) <= 128,
               "a supervisor's entry of a child is two cache lines");

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
    const struct wtl_msg *message;
};

struct wtl__restarted {
    uint64_t at_ms;
    struct wtl_reason reason;
    char id[16]; /* cut */
};

struct wtl__supervisor {
    enum wtl_strategy strategy;
    uint32_t intensity;
    uint32_t period_ms;
    uint32_t members;
    struct wtl__list order;
    struct wtl__list ended;
    struct wtl__list retries;
    struct wtl__list leaving; /* of a pool that ends: those that were told */
    struct wtl__fifo asks;
    uint32_t asks_count;
    uint32_t retries_due; /* messages to try again that have come and were not acted upon */
    struct wtl__task task;
    const struct wtl_child *pool; /* the spec of a pool's children; NULL: it is no pool */

    struct wtl__member **buckets; /* children by pid; NULL: none yet */
    uint32_t buckets_mask;
    uint32_t buckets_count;

    uint64_t *window; /* a ring: when the last restarts were, in ms */
    uint32_t window_capacity;
    uint32_t window_first;
    uint32_t window_count;
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

/* ---- specs: supervisor_spec.c -------------------------------------------------------------- */

/* Is it a tree that can be run? Follows pointers, so it is for trees of this process only.
 * Fails: WTL_INVALID, WTL_TOO_LARGE. */
enum wtl_status wtl__tree_check(const struct wtl_tree *tree, struct wtl_error *error) WTL_MUST_USE;
enum wtl_status wtl__child_check(const struct wtl_child *child,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Bytes that a whole copy takes, and the copy itself: one block, 8-aligned, whose pointers point
 * into it, but for actor types and what is theirs. */
size_t wtl__tree_size(const struct wtl_tree *tree);
void wtl__tree_copy(const struct wtl_tree *tree, void *memory);
size_t wtl__child_size(const struct wtl_child *child);
void wtl__child_copy(const struct wtl_child *child, void *memory);

/* ---- entries: supervisor_table.c ----------------------------------------------------------- */

/* A child at the end of the order, DOWN. `spec` and `settings` are memory of the supervisor's and
 * belong to the child unless they are the pool's. NULL when memory is exhausted; they are freed. */
struct wtl__member *wtl__member_new(struct wtl_ctx *x, struct wtl__supervisor *sup,
                                    const struct wtl_child *spec, void *settings);
/* Forgets a child without an actor, and its spec. */
void wtl__member_free(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);

struct wtl__member *wtl__member_by_pid(const struct wtl__supervisor *sup, uint64_t local);
struct wtl__member *wtl__member_by_id(const struct wtl__supervisor *sup, const char *id,
                                      size_t size);

/* Leaves `ended` or `retries` and is DOWN. */
void wtl__member_down(struct wtl__member *member);

/* Room for one more pid; false when memory is exhausted. */
bool wtl__member_room(struct wtl_ctx *x, struct wtl__supervisor *sup);
/* The child has an actor, member->local; and has none any more. */
void wtl__member_at_pid(struct wtl__supervisor *sup, struct wtl__member *member);
void wtl__member_off_pid(struct wtl__supervisor *sup, struct wtl__member *member);

static inline bool wtl__member_has_actor(const struct wtl__member *member)
{
    return member->local != 0;
}

/* ---- one child: supervisor_member.c -------------------------------------------------------- */

/* Spawns the actor of a child that has none. What becomes of it is told to the pool or the task,
 * and it may be at once: a fresh child that cannot be spawned is freed. */
void wtl__member_start(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);
/* Tells the actor to stop; its exit follows. With `timed`, it is killed when its time is over. */
void wtl__member_stop(struct wtl_ctx *x, struct wtl__member *member, bool timed);
/* Its timer has fired. */
void wtl__member_timer(struct wtl_ctx *x, struct wtl__member *member);
/* Its init is over. */
void wtl__member_started(struct wtl_ctx *x, struct wtl__supervisor *sup,
                         struct wtl__member *member);
/* Its actor has ended: by itself, it is ENDED, and nothing is decided yet. */
void wtl__member_exited(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                        struct wtl_reason reason);

/* It was to be stopped, and had ended by itself. */
void wtl__member_ended_meanwhile(struct wtl_ctx *x, struct wtl__member *member);

/* How long its actor may take to stop, in ms, or WTL_SHUTDOWN_BRUTAL or _INFINITY. */
uint32_t wtl__shutdown_ms(const struct wtl_child *spec);

/* Someone waits for the child's start or stop. False: no memory, and it is answered. */
bool wtl__member_ask(struct wtl_ctx *x, struct wtl__member *member, struct wtl_from from);
/* Answers all who wait. */
void wtl__member_answer(struct wtl_ctx *x, struct wtl__member *member, enum wtl_status status,
                        struct wtl_pid pid);

static inline struct wtl_reason wtl__member_reason(const struct wtl__member *member)
{
    return (struct wtl_reason){.class_ = (enum wtl_exit_class)member->class_, .word = member->word};
}

static inline void wtl__member_set_reason(struct wtl__member *member, struct wtl_reason reason)
{
    member->class_ = (uint8_t)reason.class_;
    member->word = reason.word;
}

static inline const char *wtl__member_id(const struct wtl__member *member)
{
    return member->spec->id != NULL ? member->spec->id : "";
}

/* The status with which an actor's init failed, from its reason. */
enum wtl_status wtl__status_of_reason(struct wtl_reason reason);

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

/* ---- restarts: supervisor_restart.c -------------------------------------------------------- */

/* A child has ended by itself: restart, keep, or forget it. */
void wtl__restart_decide(struct wtl_ctx *x, struct wtl__supervisor *sup,
                         struct wtl__member *member);
/* Restarts a child, if the intensity allows it. */
void wtl__restart_try(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);
/* It could not be started: another try follows, behind what waits in the mailbox. */
void wtl__restart_later(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);
/* The child that is to be tried again now; NULL: none. */
struct wtl__member *wtl__restart_next(struct wtl__supervisor *sup);

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
/* Does what was asked during the last task. False: nothing was. */
bool wtl__supervisor_asked_before(struct wtl_ctx *x, struct wtl__supervisor *sup);

/* ---- showing: supervisor_show.c ------------------------------------------------------------ */

/* A supervisor_report in the log: `context` as OTP has it. */
void wtl__supervisor_report(struct wtl_ctx *x, const char *context,
                            const struct wtl__member *member, const char *reason);
/* A tree or a child was refused, and why. */
void wtl__supervisor_refused(const char *event, const struct wtl_error *error);
void wtl__supervisor_put_list(const struct wtl__supervisor *sup, uint64_t node,
                              struct wtl_writer *body);
void wtl__supervisor_put_count(const struct wtl__supervisor *sup, struct wtl_writer *body);

/* A message of the supervisor to itself, behind all that waits, that no bound refuses. */
void wtl__supervisor_later(struct wtl_ctx *pub, struct wtl_tag tag);

#endif
