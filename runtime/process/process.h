/*
 * process.h - one process of a module, as those in the node share it: its keeper, which reads, and
 * the proxies of its actors, which write and take what was read for them.
 *
 *   proxy, on any worker  --send-->  out, the socket           --> child
 *   child                 -->  the keeper's intake  --give-->  the proxy's list  --take-->  proxy
 *
 * A process is open from its making: what is sent waits in the socket until the child is there. It
 * dies once, with a reason, and everybody who sits in it is told.
 *
 * Thread: any, unless it says otherwise; one mutex guards what is shared and is held for a few
 * instructions, and for one send to a socket that does not block.
 * Owns: whoever holds it counts; the last one to let go frees it. The child is its own.
 * Bounds: WTL__PIPE_ACTORS_MAX actors, WTL__PROCESS_OUT_BYTES unsent and WTL__PIPE_PROCESS_BYTES
 * (and one frame) unapplied.
 */
#ifndef WTL_PROCESS_PROCESS_H
#define WTL_PROCESS_PROCESS_H

#include <pthread.h>

#include "actor/runtime.h"
#include "base/map.h"
#include "process/child.h"
#include "process/pipe.h"

/* Bytes that wait for a child which does not read; above it no message is sent to it. */
#define WTL__PROCESS_OUT_BYTES (64u * 1024 * 1024)

struct wtl__isolated;
struct wtl__proxy;

/* Frames that have come for one actor. */
struct wtl__chunk {
    struct wtl__chunk *next;
    uint32_t size;
    uint32_t at; /* of the next frame */
    uint8_t bytes[];
};

/* What is in an actor's state for its process. */
struct wtl__seat {
    struct wtl__proxy *proxy;
    uint64_t local;
    uint32_t away;             /* runs that the child has and that are not over */
    struct wtl__control *doom; /* allocated when it sat down, so that its end cannot fail */
    /* under the process's lock */
    struct wtl__chunk *first;
    struct wtl__chunk *last;
    bool rung;          /* BACK is under way to it */
    bool choked;        /* waits until the child has read */
    uint64_t given;     /* bytes of frames that came for it, in all */
    uint64_t questions; /* that were asked of its functions, in all */
    bool asked;         /* the last of them is not answered */
};

struct wtl__process {
    struct wtl__runtime *runtime;
    struct wtl__isolated *module;
    struct wtl__process *next; /* of the module's; under its lock */
    struct wtl__child child;   /* the keeper's, but for the socket */
    struct wtl_pid keeper;
    uint64_t refs; /* the first number of the child's block */

    pthread_mutex_t lock;
    /* under the lock */
    unsigned holders;
    uint32_t number; /* of the child, for people; 0: not started */
    bool dead;
    struct wtl_reason reason;
    struct wtl__map seats;  /* by local */
    struct wtl__map spares; /* cells that the child may spawn in */
    struct wtl__map born;   /* those that it has spawned in, until they are bound */
    uint8_t *out;           /* what the socket would not take: [out_begin, out_end) */
    size_t out_begin;
    size_t out_end;
    size_t out_capacity;
    uint32_t deferred;  /* frames since the last flush */
    uint64_t sent;      /* bytes that the socket has taken, in all; */
    uint64_t answered;  /* so many with the last of the answers that the child waits for, */
    uint64_t answers;   /* whose bytes are so many since one was taken */
    uint64_t stored;    /* bytes in lists */
    uint64_t paid;      /* bytes that are in none any more, and the child was not told so */
    uint64_t begun;     /* runs and questions that the child was sent, */
    uint64_t over;      /* and those that are over */
    bool watched;       /* the keeper's clock runs */
    bool unrung;        /* somebody should have been rung */
    bool blocked;       /* the keeper waits until the socket takes more */
    bool closing;       /* the keeper waits until nobody sits here */
    bool asks_table;    /* the child waits for a table */
    const char *broken; /* what the child has done wrong; static */
    unsigned orders;    /* that the keeper has not seen; told by */
    _Alignas(16) struct wtl__control wake; /* as an inbox wants its envelopes */
    bool waking;                           /* which is under way, and holds the process */
};

/* Opens a process without a child; held once, for the keeper. Fails: WTL_SYSTEM, WTL_NO_MEMORY. */
enum wtl_status wtl__process_open(struct wtl__runtime *runtime, struct wtl__isolated *module,
                                  struct wtl__process **process_out,
                                  struct wtl_error *error) WTL_MUST_USE;
void wtl__process_hold(struct wtl__process *process);
void wtl__process_let_go(struct wtl__process *process);

/* ---- for proxies ---------------------------------------------------------------------------- */

/* Gives the actor a seat, which holds the process. False: it is dead or full, see *reason_out. */
bool wtl__process_sit(struct wtl__process *process, struct wtl__seat *seat,
                      struct wtl_reason *reason_out);
/* Takes it, and what has come for it, after the rest of `unfinished`; the child forgets the actor.
 * What is not carried out now never is. */
void wtl__process_stand(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat,
                        struct wtl__chunk *unfinished);

/* Sends a frame, or drops it when the process is dead. `more`: another one follows soon, so that
 * this one may wait for it. True: too much waits for the child, be back when you are rung. */
bool wtl__process_send(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat,
                       const struct wtl__pipe_frame *frame, bool more);

/* What has come for the actor, oldest first; NULL: nothing, and the next one rings. */
struct wtl__chunk *wtl__process_take(struct wtl__process *process, struct wtl__seat *seat);
/* A chunk was carried out. */
void wtl__process_done(struct wtl__process *process, struct wtl__ctx *x, struct wtl__chunk *chunk);
/* A run is over. */
void wtl__process_ran(struct wtl__process *process);
/* The child has broken the rules: it is killed. `what` is static. */
void wtl__process_broken(struct wtl__process *process, struct wtl__ctx *x, const char *what);
/* Asks the functions of an actor what somebody asks of it (see actor/sys.h); the answer comes to
 * wtl__proxy_told. One at a time. */
void wtl__process_ask(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat,
                      int verb, const struct wtl_msg *argument);
/* Why it is dead, if it is. */
bool wtl__process_is_dead(struct wtl__process *process, struct wtl_reason *reason_out);

/* The cell that the child was given under that number, to spawn in; NULL: it was not. Of an actor
 * whose code is in the child already it is remembered until that one has sat down. */
struct wtl__cell *wtl__process_spend(struct wtl__process *process, uint64_t local);
struct wtl__cell *wtl__process_bear(struct wtl__process *process, uint64_t local);
/* Was the actor spawned by the child? Once. */
bool wtl__process_is_born(struct wtl__process *process, uint64_t local);
/* Gives the child more cells to spawn in, as many as it lacks and there are. */
void wtl__process_reserve(struct wtl__process *process, struct wtl__ctx *x);
/* The actor of that number will never begin: the child forgets it. */
void wtl__process_forget(struct wtl__process *process, struct wtl__ctx *x, uint64_t local);

/* ---- for the keeper ------------------------------------------------------------------------- */

/* Frames have come for one actor, at least one, all of them whole. False: the child has sent more
 * than it may. */
bool wtl__process_give(struct wtl__process *process, struct wtl__ctx *x, uint64_t local,
                       const uint8_t *bytes, size_t size);
/* One of its actors asks a table, and will be answered. False: another question is under way. */
bool wtl__process_ask_table(struct wtl__process *process, struct wtl__ctx *x,
                            const struct wtl__pipe_frame *frame);
/* An actor's functions have answered. False: nobody has asked. */
bool wtl__process_told(struct wtl__process *process, struct wtl__ctx *x,
                       const struct wtl__pipe_frame *frame);
/* Rings those for whom there was no memory when something came. */
void wtl__process_ring_again(struct wtl__process *process, struct wtl__ctx *x);
/* The socket takes bytes again. True: all are sent. */
bool wtl__process_drain(struct wtl__process *process, struct wtl__ctx *x);
/* From now on it is dead: everybody in it ends with that reason. */
void wtl__process_die(struct wtl__process *process, struct wtl__ctx *x, struct wtl_reason reason);
/* Gives back the cells that the child has not used. Once, at the keeper's end. */
void wtl__process_unreserve(struct wtl__process *process, struct wtl__ctx *x);

/* What the keeper's clock looks at. */
struct wtl__process_state {
    uint64_t begun;
    uint64_t over;
    uint32_t seats;
    bool closing;
    const char *broken;
};
struct wtl__process_state wtl__process_look(struct wtl__process *process);
/* The child's number, once it was started. Thread: any. */
uint32_t wtl__process_number(struct wtl__process *process);
/* The keeper has started the child. */
void wtl__process_started(struct wtl__process *process);
/* The type of an actor that sits here; "" for none. Static. */
const char *wtl__process_type(struct wtl__process *process, uint64_t local);
/* The clock stops: the next send starts it again. False: a run has begun meanwhile. */
bool wtl__process_rest(struct wtl__process *process);
/* The keeper has started its clock by itself. */
void wtl__process_wake(struct wtl__process *process);
/* The keeper shall end when nobody sits here any more. True: nobody does. */
bool wtl__process_close(struct wtl__process *process);

/* What is told to the keeper: bits of process->orders. */
#define WTL__KEEPER_WATCH  1u /* start the clock */
#define WTL__KEEPER_WRITE  2u /* wait until the socket takes more */
#define WTL__KEEPER_BROKEN 4u /* the child is to be killed */
#define WTL__KEEPER_EMPTY  8u /* closing, and nobody sits here any more */

#endif
