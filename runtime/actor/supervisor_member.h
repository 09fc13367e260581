/*
 * supervisor_member.h - one child, as its supervisor keeps it: its entry, and what happens to it.
 *
 *   state       what it is                  what ends it
 *   DOWN        no actor                    start -> STARTING
 *   STARTING    spawned, not ready          ready -> RUNNING; exit -> DOWN, RESTARTING; stop
 *   RUNNING     ready                       exit -> ENDED; stop -> STOPPING
 *   STOPPING    told to stop                exit -> DOWN
 *   ENDED       ended by itself, waits for  DOWN, STARTING, or RESTARTING
 *               the decision
 *   RESTARTING  waits for its next start    STARTING; terminate -> DOWN
 *
 * Thread: the holder of the supervisor's run token.
 */
#ifndef WTL_ACTOR_SUPERVISOR_MEMBER_H
#define WTL_ACTOR_SUPERVISOR_MEMBER_H

#include "actor/supervisor.h"

#include "base/list.h"

struct wtl__supervisor;

enum wtl__member_state {
    WTL__MEMBER_DOWN = 0,
    WTL__MEMBER_STARTING,
    WTL__MEMBER_RUNNING,
    WTL__MEMBER_STOPPING,
    WTL__MEMBER_ENDED,
    WTL__MEMBER_RESTARTING,
};

/* member.flags */
#define WTL__MEMBER_FRESH  1u  /* added, and never started: it goes when it cannot be */
#define WTL__MEMBER_LATE   2u  /* killed because its time to start was over */
#define WTL__MEMBER_KILLED 4u  /* its actor was killed, by whatever of this */
#define WTL__MEMBER_HUNG   8u  /* killed because it made no progress */
#define WTL__MEMBER_STUCK  16u /* said to be, although killed */

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

/* When the last restarts were, in ms, oldest first: a ring. */
struct wtl__window {
    uint64_t *at_ms;
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
};

/* Behind the entry of a child whose spec asks for more than OTP has. */
struct wtl__care {
    struct wtl__window window; /* of its own intensity */
    uint64_t ready_ms;         /* when it was last ready; 0: not since its last failure */
    uint32_t failures;         /* in a row */
    uint32_t stuck_ms;         /* without progress, as far as it was looked at */
    uint32_t killed_ms;        /* alive although killed, as far as it was looked at */
    uint64_t held;             /* what the last probe has found it held for; 0: nothing */
    uint32_t turns;            /* of its cell, at the last look */
    bool probed;               /* a probe is under way */
};

/* Pids are of this node. */
struct wtl__member {
    struct wtl__link order; /* in `order` (the order of start), or `leaving` */
    struct wtl__link queue; /* ENDED: in `waiting`; RESTARTING: in `retries`, then `waiting` */
    union {
        struct wtl__member *bucket; /* while it has an actor: chain of the table by pid */
        uint64_t when;              /* in `retries`: when it is due, in ms; in `waiting`: its
                                     * number there */
    };
    union {
        const struct wtl_child *spec; /* its own; children of a pool share the pool's */
        void *settings;               /* of a pool's child; NULL: the pool's */
    } own;
    struct wtl__change *change;
    uint64_t local;      /* of its actor; 0: it has none */
    uint64_t was;        /* of the actor before, once that was ready */
    struct wtl_tag word; /* the reason of its last end or failed start */
    uint32_t restarts;
    uint8_t class_;
    uint8_t state;
    uint8_t flags;
};

_Static_assert(sizeof(struct wtl__member) + sizeof(struct wtl__memory) <= 128,
               "a supervisor's entry of a child is two cache lines");

static inline bool wtl__member_has_actor(const struct wtl__member *member)
{
    return member->local != 0;
}

static inline struct wtl_reason wtl__member_reason(const struct wtl__member *member)
{
    return (struct wtl_reason){.class_ = (enum wtl_exit_class)member->class_, .word = member->word};
}

static inline void wtl__member_set_reason(struct wtl__member *member, struct wtl_reason reason)
{
    member->class_ = (uint8_t)reason.class_;
    member->word = reason.word;
}

const struct wtl_child *wtl__member_spec(const struct wtl__supervisor *sup,
                                         const struct wtl__member *member);
/* NULL: its spec asks for nothing of it. */
struct wtl__care *wtl__member_care(const struct wtl__supervisor *sup, struct wtl__member *member);
/* "" for a pool's that has none. */
const char *wtl__member_id(const struct wtl__supervisor *sup, const struct wtl__member *member);

/* ---- entries: supervisor_table.c ----------------------------------------------------------- */

/* A child at the end of the order, DOWN. `own` is memory of the supervisor's and belongs to the
 * child: its spec or, in a pool, its settings. NULL when memory is exhausted; `own` is freed. */
struct wtl__member *wtl__member_new(struct wtl_ctx *x, struct wtl__supervisor *sup, void *own);
void wtl__member_free(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);

/* It has no actor, and is queued nowhere. */
void wtl__member_down(struct wtl__member *member);

/* It has that pid from now on, or none any more. Room for one more must have been made. */
bool wtl__member_room(struct wtl_ctx *x, struct wtl__supervisor *sup);
void wtl__member_at_pid(struct wtl__supervisor *sup, struct wtl__member *member);
void wtl__member_off_pid(struct wtl__supervisor *sup, struct wtl__member *member);

struct wtl__member *wtl__member_by_pid(const struct wtl__supervisor *sup, uint64_t local);
struct wtl__member *wtl__member_by_id(const struct wtl__supervisor *sup, const char *id,
                                      size_t size);

/* ---- what happens to it: supervisor_member.c ------------------------------------------------ */

/* Spawns the actor of a child that has none. What becomes of it is told to the pool or the task,
 * and it may be at once: a fresh child that cannot be spawned is freed. */
void wtl__member_start(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member);
/* Tells the actor to stop; its exit follows. With `timed`, it is killed when its time is over. */
void wtl__member_stop(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                      struct wtl__member *member, bool timed);
/* Tells it once more, if it was told: there may have been no memory to do so, and who has heard it
 * hears nothing new. */
void wtl__member_stop_again(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                            struct wtl__member *member);
/* Kills its actor; its exit follows. */
void wtl__member_kill(struct wtl_ctx *x, struct wtl__member *member);
/* Its timer has fired. */
void wtl__member_timer(struct wtl_ctx *x, struct wtl__member *member);
/* Its init is over. */
void wtl__member_started(struct wtl_ctx *x, struct wtl__supervisor *sup,
                         struct wtl__member *member);
/* Its actor has ended: by itself, it is ENDED, and nothing is decided yet. */
void wtl__member_exited(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                        struct wtl_reason reason);

/* It was to be stopped, and had ended by itself. */
void wtl__member_ended_meanwhile(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                                 struct wtl__member *member);

/* How long its actor may take to stop, in ms, or WTL_SHUTDOWN_BRUTAL or _INFINITY. */
uint32_t wtl__shutdown_ms(const struct wtl_child *spec);

/* Someone waits for the child's start or stop. False: no memory, and it is answered. */
bool wtl__member_ask(struct wtl_ctx *x, struct wtl__member *member, struct wtl_from from);
/* Answers all who wait. */
void wtl__member_answer(struct wtl_ctx *x, struct wtl__member *member, enum wtl_status status,
                        struct wtl_pid pid);

/* The status with which an actor's init failed, from its reason. */
enum wtl_status wtl__status_of_reason(struct wtl_reason reason);

#endif
