/*
 * runtime.h - one machine's actors as a whole, and the two seams it stands between.
 *
 * Below it: `struct wtl__host_ops`, how cells become runnable, what time it is, timers, readiness
 * and blocking work. sched/ implements it twice: workers, and the seeded single step.
 * Beside it: `struct wtl__port_ops`, how other machines are reached. nodes/ plugs into it; without
 * a port every remote pid is unreachable.
 *
 * Thread: a runtime is shared by all; what a function needs is said there.
 */
#ifndef WTL_ACTOR_RUNTIME_H
#define WTL_ACTOR_RUNTIME_H

#include <pthread.h>

#include "actor/ring.h"
#include "base/prng.h"
#include "base/wheel.h"

struct wtl__runtime;
struct wtl__ctx;
struct wtl__alarm;
struct wtl__work;
struct wtl__watch;
struct wtl__trial;
struct wtl__versions;
struct wtl__holds;
struct wtl__tables;

struct wtl__host_ops {
    /* Queues a cell that has just turned runnable; from `x` when a worker does it, else x is NULL.
     * Thread: any. */
    void (*ready)(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl__cell *cell);
    uint64_t (*now_ns)(struct wtl__runtime *runtime);
    /* now_ns, or a few milliseconds later, never earlier; cheaper */
    uint64_t (*soon_ns)(struct wtl__runtime *runtime);
    /* now_ns, or a few milliseconds earlier, never later; cheaper still */
    uint64_t (*past_ns)(struct wtl__runtime *runtime);
    /* Arms an alarm (its deadline is set); when due, wtl__alarm_fire is called, from any thread. */
    void (*alarm_arm)(struct wtl__ctx *x, struct wtl__alarm *alarm);
    /* False: it has fired already, and its signal is under way. */
    bool (*alarm_disarm)(struct wtl__ctx *x, struct wtl__alarm *alarm);
    /* Watches on this worker, to which the running cell is pinned from then on. */
    enum wtl_status (*fd_watch)(struct wtl__ctx *x, struct wtl__watch *watch);
    /* The readiness that was told has been handled: the next may come. */
    void (*fd_rearm)(struct wtl__ctx *x, struct wtl__watch *watch);
    /* Frees the watch when its signal cannot come any more. */
    void (*fd_unwatch)(struct wtl__ctx *x, struct wtl__watch *watch);
    /* Runs job->run on the work pool, then job->finish on some worker. */
    bool (*work)(struct wtl__ctx *x, struct wtl__work *job);
};

/* How other machines are reached. */
struct wtl__port_ops {
    /* Takes an envelope of a wire kind for an actor of another node. What cannot be sent comes back
     * as the status; links, monitors and calls are then answered by the caller.
     * Thread: any. Owns: takes the envelope in every case. */
    enum wtl_status (*send)(void *port, struct wtl__ctx *x, struct wtl_pid to,
                            struct wtl__envelope *envelope);
    /* Sends to the holder of a global name, by wtl__deliver_named, now or when it is known;
     * WTL_NOT_FOUND when this node knows none. */
    enum wtl_status (*send_name)(void *port, struct wtl__ctx *x, const char *name,
                                 struct wtl__envelope *envelope);
    /* Register, unregister or look up a global name for the actor `self`; the answer goes to it
     * as a WTL__ANSWER with that request, by wtl__answer. */
    void (*name_register)(void *port, struct wtl_pid self, uint64_t request, const char *name);
    void (*name_unregister)(void *port, struct wtl_pid self, const char *name);
    void (*name_whereis)(void *port, struct wtl_pid self, uint64_t request, const char *name);
    /* An actor that held global names has ended; called before anyone hears of its end. */
    void (*names_drop)(void *port, struct wtl_pid self);
};

/* What a node counts; index into wtl__runtime.counters. */
enum wtl__counter {
    WTL__COUNT_DROPPED_FULL = 0, /* refused or dropped by a mailbox's bound */
    WTL__COUNT_DROPPED_NOPROC,   /* sent to nobody */
    WTL__COUNT_DROPPED_REMOTE,   /* could not be sent to another node */
    WTL__COUNT_DROPPED_MEMORY,
    WTL__COUNT_LATE_REPLIES,
    WTL__COUNT_STALE, /* for a generation of the cell that is no more */
    WTL__COUNT_SPAWNED,
    WTL__COUNT_CRASHED,
    WTL__COUNT_RESTARTS,
    WTL__COUNT_REPLACED, /* while they waited, by a later message of their key */
    WTL__COUNT_EXPIRED,  /* calls that nobody waited for any more when it was their turn */
    WTL__COUNTERS
};

/* How a batch of one actor ended, see wtl__cell_run. */
enum wtl__run { WTL__RUN_IDLE, WTL__RUN_AGAIN, WTL__RUN_ENDED };

/* Runs a batch of one actor: wtl__cell_run, or what stands around it. Thread: the holder of the
 * run token. */
typedef enum wtl__run (*wtl__run_fn)(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages);

/* May no actor of that type be started? Thread: any. */
typedef bool (*wtl__refuses_fn)(const struct wtl_actor *type);

/* Ends the function that the actor `local` has been in for too long, if that is a module's code and
 * may be left; otherwise nothing. The actor ends as after a fault. `trial`: only its save or
 * upgrade, of the upgrade of that number, which it outlives; 0: any. Thread: any. */
typedef void (*wtl__interrupt_fn)(struct wtl__runtime *runtime, uint64_t local, uint64_t trial);

/* Called when an actor ends with a reason that is not quiet. Thread: the one that ran it. */
typedef void (*wtl__crash_fn)(void *context, struct wtl__runtime *runtime,
                              const struct wtl__cell *cell, const struct wtl_msg *message);

struct wtl__runtime {
    uint64_t node; /* the node id of every pid made here */
    const struct wtl__host_ops *host;
    void *host_self;
    const struct wtl__port_ops *port;
    void *port_self;
    struct wtl__cells cells;
    struct wtl__names *names;
    struct wtl__tables *tables;
    wtl__crash_fn crash;
    void *crash_context;
    _Atomic(wtl__run_fn) run;             /* what hosts call; the guard of modules replaces it */
    _Atomic(wtl__refuses_fn) refuses;     /* NULL: every type may be spawned */
    _Atomic(wtl__interrupt_fn) interrupt; /* NULL: nobody can */
    _Atomic(struct wtl__versions *) versions; /* NULL: no type was ever replaced; version.h */
    _Atomic(uint64_t) counters[WTL__COUNTERS];
    _Atomic(uint64_t) refs; /* the next block of unique numbers, see wtl__ref */
};

/* Until when somebody waits for what an actor does, and for which call; see deadline.h. */
struct wtl__scope {
    uint64_t until_ms; /* 0: nobody has said */
    uint64_t node;     /* the caller's */
    uint64_t request;  /* 0: of no call */
};

/* What one thread that runs actors holds. `pub` is what the actors see of it. */
struct wtl__ctx {
    struct wtl_ctx pub; /* first: a wtl_ctx is the begin of one of these */
    struct wtl__runtime *runtime;
    struct wtl__cell *cell;        /* whose function runs */
    struct wtl__envelope *current; /* what it handles, while it is not kept or replied */
    struct wtl__draft *drafts;     /* messages that the actor has opened in this batch; drafts.h */
    void *worker;
    struct wtl__cell_queue free_cells;
    struct wtl__prng prng;
    uint64_t ref_next;
    uint64_t ref_end;
    uint64_t near; /* whose actors are reached the short way: this node, or of a traced actor that
                    * handles a message nobody's, see wtl__deliver_slow */
#define WTL__NEAR_TRACED UINT64_C(0)
    uint32_t sent; /* messages since this was last looked at, see run.c */
    union {
        uint64_t after; /* not 0: something is to be done when the actor's function has returned */
        struct {
            uint32_t overdraft; /* sends past a blocking bound */
            uint32_t borrowed;  /* values of tables */
        };
    };
    struct wtl_pid blocked_on;
    struct wtl__scope scope; /* of the turn of the cell below */
    const struct wtl__cell *scope_cell;
    uint32_t scope_turn;
    struct wtl__holds *holds; /* of what was borrowed; NULL: nothing ever was */
    struct wtl__trial *trial; /* set while its save or upgrade runs, see upgrade.h */
};

static inline struct wtl__ctx *wtl__ctx_of(struct wtl_ctx *x)
{
    return WTL_CONTAINER(x, struct wtl__ctx, pub);
}

static inline struct wtl_pid wtl__pid_of(const struct wtl__runtime *runtime,
                                         const struct wtl__cell *cell)
{
    return (struct wtl_pid){.node = runtime->node, .local = wtl__cell_local(cell)};
}

static inline void wtl__count(struct wtl__runtime *runtime, enum wtl__counter counter)
{
    atomic_fetch_add_explicit(&runtime->counters[counter], 1, memory_order_relaxed);
}

/* An actor has been spawned, and is not queued yet. acq_rel pairs with itself in
 * wtl__versions_begin: an upgrade finds the actor, or the actor finds, when it begins, that there
 * is one. */
static inline void wtl__count_spawned(struct wtl__runtime *runtime, uint64_t number)
{
    atomic_fetch_add_explicit(&runtime->counters[WTL__COUNT_SPAWNED], number, memory_order_acq_rel);
}

/* Was a type ever replaced, or is one being replaced? See version.h. */
static inline bool wtl__runtime_has_versions(const struct wtl__runtime *runtime)
{
    /* acquire pairs with the release of who makes the table, in version.c */
    return atomic_load_explicit(&runtime->versions, memory_order_acquire) != NULL;
}

/* Thread: any. */
static inline uint64_t wtl__counted(const struct wtl__runtime *runtime, enum wtl__counter counter)
{
    return atomic_load_explicit(&runtime->counters[counter], memory_order_relaxed);
}

/* The actor has a tie to `pid` now: when that is on another node, its loss concerns the actor. */
static inline void wtl__tie_to(const struct wtl__runtime *runtime, struct wtl__cell *cell,
                               struct wtl_pid pid)
{
    if (pid.node != runtime->node) {
        wtl__cell_set_remote(cell, WTL__REMOTE_TIES, true);
    }
}

/* Is the head of the queue the answer that a held actor waits for? */
static inline bool wtl__held_is_answered(const struct wtl__cell *cell)
{
    return (cell->flags & WTL__CELL_HELD) != 0 && cell->fifo != NULL &&
           cell->fifo->msg.kind_ == WTL__ANSWER && cell->fifo->msg.request == cell->held_request;
}

/* Is at the head of the queue what the actor waits for? The answer that it is held for, or what has
 * come back; both were put there when they came. */
static inline bool wtl__is_awaited(const struct wtl__cell *cell)
{
    return wtl__held_is_answered(cell) ||
           (cell->fifo != NULL && cell->fifo->msg.kind_ == WTL__BACK);
}

/* May no actor of that type be started now? */
static inline bool wtl__type_is_refused(const struct wtl__runtime *runtime,
                                        const struct wtl_actor *type)
{
    /* acquire pairs with the release of whoever sets it */
    wtl__refuses_fn refuses = atomic_load_explicit(&runtime->refuses, memory_order_acquire);
    return WTL_UNLIKELY(refuses != NULL) && refuses(type);
}

static inline void wtl__interrupt(struct wtl__runtime *runtime, uint64_t local, uint64_t trial)
{
    /* acquire pairs with the release of whoever sets it */
    wtl__interrupt_fn interrupt = atomic_load_explicit(&runtime->interrupt, memory_order_acquire);
    if (interrupt != NULL) {
        interrupt(runtime, local, trial);
    }
}

/* A number that no other call, monitor or timer of this node has, never 0. */
uint64_t wtl__ref(struct wtl__ctx *x);

/* Fails: WTL_NO_MEMORY. `cells_max`: 0 for the default of 2^22 actors. */
enum wtl_status wtl__runtime_init(struct wtl__runtime *runtime, uint64_t node,
                                  uint32_t cells_max) WTL_MUST_USE;
/* Frees tables. Every actor must have ended: it asserts so. */
void wtl__runtime_deinit(struct wtl__runtime *runtime);

/* Makes `x` the context of a thread that runs actors of `runtime`. */
void wtl__ctx_init(struct wtl__ctx *x, struct wtl__runtime *runtime, void *worker, uint64_t seed);
void wtl__ctx_deinit(struct wtl__ctx *x);

/* ---- delivery: deliver.c ------------------------------------------------------------------- */

/* Delivers to an actor of this node or, through the port, of another. Status as wtl_try_tell. A
 * refused CALL, LINK or MONITOR is answered to its sender. Thread: any; x is NULL off the workers.
 * Owns: takes the envelope in every case. */
enum wtl_status wtl__deliver(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                             struct wtl__envelope *envelope);

/* Delivers what an actor of this node has sent by name, to the holder that was found; for ports. A
 * caller learns whom it waits for, so that the end of that one's node ends the call, and whoever
 * was called hears that it was given up. Thread: any. */
enum wtl_status wtl__deliver_named(struct wtl__runtime *runtime, struct wtl__ctx *x,
                                   struct wtl_pid to, struct wtl__envelope *envelope);

/* Delivers what has come from another node; for ports. What makes a tie there concerns the actor
 * from now on, also while it waits: the loss of that node comes behind it. Thread: any. */
void wtl__deliver_arrived(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                          struct wtl__envelope *envelope);

/* Answers the sender of an envelope that cannot be delivered, as if `to` had refused it.
 * Thread: any. Owns: takes the envelope. */
void wtl__refuse(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                 struct wtl__envelope *envelope, struct wtl_reason reason);

/* Messages that a mailbox of `to` has given up: counted, and calls are answered `busy`. */
void wtl__drop(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
               struct wtl__dropped dropped);

/* Answers a request of an actor of this node, from anywhere: `envelope` (kind is set here) carries
 * the body, or is NULL for none and then made. Thread: any. */
void wtl__answer(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid to,
                 uint64_t request, enum wtl_status status, struct wtl_pid about,
                 struct wtl__envelope *envelope);

/* `node` cannot be reached any more: every tie to it ends `noconnection`, once. Thread: any. */
void wtl__node_down(struct wtl__runtime *runtime, uint64_t node);

/* ---- life: life.c -------------------------------------------------------------------------- */

/* Spawns from outside any actor, or from `x`. `flags` are cell flags to set besides. */
struct wtl_pid wtl__spawn(struct wtl__runtime *runtime, struct wtl__ctx *x,
                          const struct wtl_actor *type, const struct wtl_spawn_options *options,
                          uint32_t flags);

/* The same with a cell that wtl__cells_take has given: whoever has it knows the pid before. */
struct wtl_pid wtl__spawn_at(struct wtl__runtime *runtime, struct wtl__ctx *x,
                             struct wtl__cell *cell, const struct wtl_actor *type,
                             const struct wtl_spawn_options *options, uint32_t flags);

/* Ends the running cell now, with its reason set; every tie is told. */
void wtl__cell_end(struct wtl__ctx *x, struct wtl__cell *cell);

/* The code of the running cell has faulted in the middle of one of its functions: ends it with that
 * reason and without its stop function. The message that it was handling is refused to its sender;
 * what it had opened and not sent is freed. */
void wtl__cell_fault(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl_reason reason);

/* Marks the cell to end with `reason`, unless it is ending already: the first reason wins. */
void wtl__cell_fail(struct wtl__cell *cell, struct wtl_reason reason);

/* One of the running cell's own functions has returned that (not WTL_OK, or at the end of its
 * stop): it ends, and an error is reported. `current`: what it was handling, or NULL. */
void wtl__cell_returned(struct wtl__cell *cell, enum wtl_status status,
                        const struct wtl__envelope *current);

/* Marks the cell to end with `reason`, whatever it was about to do, without its stop function. */
void wtl__cell_kill(struct wtl__cell *cell, struct wtl_reason reason);

/* A tie (WTL__TIE_END) of whoever keeps something for an actor: `run` is called when that ends,
 * however it does, while its state is still there and before anybody hears of it. */
struct wtl__ending {
    struct wtl__envelope tie;
    void (*run)(struct wtl__ending *ending, struct wtl__ctx *x, struct wtl__cell *cell);
};

/* ---- running: run.c ------------------------------------------------------------------------ */

/* Runs a batch of at most `messages` messages. IDLE: it needs no more running until a push wakes
 * it; AGAIN: queue it again; ENDED: its cell is free. Thread: the holder of the run token. */
enum wtl__run wtl__cell_run(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages);

/* The same, by whatever runtime->run is. For hosts. */
static inline enum wtl__run wtl__run_batch(struct wtl__ctx *x, struct wtl__cell *cell,
                                           unsigned messages)
{
    /* acquire pairs with the release of whoever replaces it: it sees what that one has made */
    wtl__run_fn run = atomic_load_explicit(&x->runtime->run, memory_order_acquire);
    return run(x, cell, messages);
}

/* A deferred init has ended with that status. */
void wtl__started(struct wtl__ctx *x, struct wtl__cell *cell, enum wtl_status status);

/* ---- signals: signal.c --------------------------------------------------------------------- */

/* Acts on one signal of the running cell. Owns: takes the envelope. */
void wtl__signal(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope);

/* The caller has given up a call that this cell may owe; or its node is lost, and with it all
 * callers there. Owns: takes the envelope. */
void wtl__cancelled(struct wtl__cell *cell, struct wtl__envelope *envelope);

/* An exit signal with that reason has come from `from`; `linked`: by a link. */
void wtl__exit_signal(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *envelope,
                      bool linked);

/* ---- asking: ask.c ------------------------------------------------------------------------- */

/* A request of the running actor that waits for its answer. It is a tie until then, and afterwards
 * the entry of the answer in the actor's queue. */
struct wtl__pending {
    struct wtl__envelope tie; /* from: who is asked; request */
    struct wtl__envelope *reply;
    struct wtl__alarm *alarm;
    wtl_on_answer on_answer;
    bool by_name; /* who is asked is not known yet: any node may answer */
    bool carries; /* its deadline travels with the call */
    enum wtl_status status;
    struct wtl_reason reason;
    struct wtl_pid pid;
    struct wtl__scope scope; /* of its answer */
    uint32_t context_size;
    _Alignas(16) uint8_t context[];
};

/* Makes a request of the running actor to `to`, with its deadline armed. NULL when memory is
 * exhausted; the actor is then failing. */
struct wtl__pending *wtl__pending_new(struct wtl__ctx *x, struct wtl_pid to,
                                      const struct wtl_call_options *options);

/* The request has its answer: queues it for the actor. Owns: takes `reply`, which may be NULL. */
void wtl__pending_answer(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__pending *pending,
                         enum wtl_status status, struct wtl__envelope *reply);
/* One that has no deadline any more. */
void wtl__pending_free(struct wtl__pending *pending);

/* Runs the actor's on_answer. Owns: takes the pending request. */
enum wtl_status wtl__pending_run(struct wtl__ctx *x, struct wtl__pending *pending);

/* ---- time: alarm.c ------------------------------------------------------------------------- */

/* A running timer or deadline. While it is armed the host's wheel holds it; when it is due its
 * signal goes to the owner; afterwards the owner holds it alone. */
struct wtl__alarm {
    struct wtl__envelope signal; /* WTL__ALARM */
    struct wtl__timer timer;     /* the wheel's; its deadline is what it was armed for */
    uint64_t deadline_ms;        /* what it is to be armed for; of a deadline, when that ends */
    uint64_t request;            /* the timer or the pending request; 0: it is a spare deadline */
    struct wtl__runtime *runtime;
    uint64_t owner; /* the cell's local id */
    void *wheel;    /* which wheel holds it; the host's */
    bool deadline;  /* of the pending request with that number: it has nothing of what follows */
    bool brief;     /* a deadline that the actor may keep as its spare */
    bool dead;      /* cancelled while its signal was under way */
    bool ticks;     /* periodic, and its last message waits in the owner's queue */
    /* Of the runtime's own: called when the signal has come, instead of all else; keeps the alarm.
     */
    void (*run)(struct wtl__alarm *alarm, struct wtl__ctx *x, struct wtl__cell *cell);
    struct wtl__envelope tie;
    uint64_t every_ms;
    struct wtl_pid to;
    struct wtl__envelope *message;
    char *name;
};

struct wtl__alarm *wtl__alarm_new(struct wtl__ctx *x, uint64_t request, uint64_t after_ms);

/* The deadline of a request that the running function makes. NULL when memory is exhausted.
 *
 * Most requests are answered long before, and their actor makes another one. So an alarm that is
 * not needed any more stays armed, one for each actor (cell.spare), and the next request takes it:
 * neither wheel nor pool is asked. When it comes, what it is for now is over, or it is armed again
 * for that, or it was a spare and goes. */
struct wtl__alarm *wtl__deadline_start(struct wtl__ctx *x, uint64_t request, uint64_t after_ms);
/* The request was answered or given up. Owns: takes the alarm. */
void wtl__deadline_stop(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__alarm *alarm);

void wtl__alarm_free(struct wtl__alarm *alarm);
/* Called by the host when it is due. Thread: any. */
void wtl__alarm_fire(struct wtl__ctx *x, struct wtl__alarm *alarm);
/* Stops it; frees it now, or when its signal has come. */
void wtl__alarm_stop(struct wtl__ctx *x, struct wtl__alarm *alarm);
/* Its signal has come to the owner. */
void wtl__alarm_signal(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__alarm *alarm);

uint64_t wtl__timer_start(struct wtl_ctx *x, struct wtl_pid to, const char *name, uint64_t after_ms,
                          uint64_t every_ms, struct wtl_tag tag, struct wtl_writer *body);
int64_t wtl__timer_cancel(struct wtl_ctx *x, uint64_t timer);
/* The message of a periodic timer is being handled: the next one may be queued. */
void wtl__timer_ticks(struct wtl__cell *cell, uint64_t timer);

/* ---- readiness and work: the host's, see sched/ -------------------------------------------- */

struct wtl__watch {
    struct wtl__envelope tie;    /* request = fd */
    struct wtl__envelope signal; /* WTL__FD, request = fd */
    struct wtl__runtime *runtime;
    uint64_t owner;
    int fd;
    unsigned events;
    unsigned ready;
    bool told; /* its signal or message is under way */
    bool dead;
    void *host; /* the host's own part */
};

struct wtl__work {
    struct wtl__runtime *runtime;
    struct wtl_pid owner;
    uint64_t request;
    wtl_work_fn fn;
    enum wtl_status status;
    struct wtl_writer result;
    struct wtl__envelope *answer; /* for when there is no memory for a result */
    void *host;
    size_t size;
    _Alignas(16) uint8_t argument[];
};

/* Ends a watch; its memory goes when its signal cannot come any more. */
void wtl__watch_stop(struct wtl__ctx *x, struct wtl__watch *watch);

/* The two halves of a piece of work: `run` on a thread of the pool, `finish` anywhere after it. */
void wtl__work_run(struct wtl__work *work);
void wtl__work_finish(struct wtl__work *work, struct wtl__ctx *x);

/* ---- a function that is run on an actor ---------------------------------------------------- */

/* At a multiple of 16, as every envelope: an inbox keeps marks in the low bits of its address. */
struct wtl__control {
    struct wtl__envelope signal; /* WTL__CONTROL */
    /* `cell` is NULL when the actor is no more. Owns: takes the control. */
    void (*run)(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell);
};

extern const struct wtl_api wtl__api;

#endif
