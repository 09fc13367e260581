/*
 * upgrade.h - actors that go over to another version of their type while they live: all, or none.
 *
 * In two phases. First each actor of the types is held still between two of its messages (it takes
 * signals, its mail waits in order, and so does who wants to see or replace its state), its state
 * is saved by the old version, and the new version makes a state of that, beside the old one. When
 * all have, all are switched; an error of any, in time or not, lets all go on as they were. An
 * actor that is spawned meanwhile waits before its init (version.h); one that is stopping ends with
 * the code that it has.
 *
 *   upgrader.c        the actor that decides: commits or aborts
 *   upgrader_visit.c  how it visits all actors, and waits
 *   upgrade_cell.c    one actor: errands come, and go; one that begins meanwhile
 *   upgrade_make.c    one actor: what it would be
 *   upgrade_switch.c  one actor: it is that now, or it is as before
 *   upgrade_trial.c   what save and upgrade may do while they run, and upgrade_refuse.c: what not
 *   upgrade_answer.c  the functions that pending calls name, in another version
 *   version.h         which version is started
 *
 * An *errand* goes from the upgrader to an actor and back, as a signal, so that nothing of the
 * second phase needs memory. A *trial* is what one actor holds meanwhile, a tie of its:
 *
 *   (none)    PREPARE arrives -> held, trial
 *   trial     cannot be saved now -> (none), the errand goes home as WAITS
 *             saved and made -> ready; else failed
 *   ready     COMMIT -> (none), with the new version; ABORT -> (none)
 *   failed    ABORT -> (none)
 *   born      it was going to begin: COMMIT or ABORT -> (none), and it begins
 *   any       the actor ends, or begins to -> (none), with the old version
 *
 * Thread: as it says. Owns: an upgrade counts its errands, and is freed with the last one.
 */
#ifndef WTL_ACTOR_UPGRADE_H
#define WTL_ACTOR_UPGRADE_H

#include "actor/version.h"
#include "base/list.h"

/* Errands that are under way to actors at a time. */
#define WTL__ERRANDS_MAX 1024u
/* How long all may take to be held and made, in ms, when nothing else is said; and at most. */
#define WTL__UPGRADE_MS     5000u
#define WTL__UPGRADE_MS_MAX 60000u
/* Between two attempts at an actor that cannot be saved now, in ms: twice as long each time. */
#define WTL__UPGRADE_RETRY_MS     1u
#define WTL__UPGRADE_RETRY_MS_MAX 32u
/* How long some may be asked again while others are held, in ms; twice as long each time. */
#define WTL__UPGRADE_PATIENCE_MS 50u
/* Between two attempts to end a save or upgrade that is over its time, in ms, and how many. */
#define WTL__UPGRADE_INTERRUPT_MS   50u
#define WTL__UPGRADE_INTERRUPTS_MAX 200u

/* Addresses that a state which stays in place must not hold: the old version's code, and constants
 * with addresses in them. */
struct wtl__upgrade_range {
    uintptr_t begin;
    uintptr_t end;
};

/* What is asked for, and how it ended. Zeroed but for what is set. */
struct wtl__upgrade {
    struct wtl__control control;
    const struct wtl__version_pair *pairs; /* outlives it */
    uint32_t pairs_count;
    uint32_t within_ms; /* 0: WTL__UPGRADE_MS */
    char from[32];      /* versions, for texts */
    char to[32];
    struct wtl__upgrade_range forbidden[2];
    /* All are ready, and none runs the new version yet. May be NULL. Thread: the upgrader's. */
    void (*flipped)(struct wtl__upgrade *upgrade);
    /* It is decided, and all that could be reached have gone on. Thread: the upgrader's. */
    void (*done)(struct wtl__upgrade *upgrade, struct wtl__ctx *x);
    /* Nothing refers to it any more. Thread: any. */
    void (*free)(struct wtl__upgrade *upgrade);

    struct wtl_error error; /* .status WTL_OK: they run the new version */
    uint32_t actors;        /* how many were switched */
    uint64_t number;
    _Atomic(uint32_t) refs;
};

enum wtl__errand_verb { WTL__ERRAND_PREPARE, WTL__ERRAND_COMMIT, WTL__ERRAND_ABORT };

enum wtl__errand_result {
    WTL__ERRAND_NONE, /* none of its, or it has ended, or begins to */
    WTL__ERRAND_READY,
    WTL__ERRAND_WAITS,
    WTL__ERRAND_FAILED,
    WTL__ERRAND_DONE, /* of COMMIT and ABORT */
    WTL__ERRAND_BORN, /* comes by itself */
};

struct wtl__errand {
    struct wtl__control control;
    struct wtl__link link;        /* the upgrader's */
    bool awaited;                 /* the upgrader's */
    struct wtl__upgrade *upgrade; /* NULL: of one that was born */
    uint64_t number;
    uint64_t local;
    enum wtl__errand_verb verb;
    enum wtl__errand_result result;
    _Atomic(bool) runs; /* save or upgrade */
    struct wtl_error error;
};

/* What one actor holds. */
struct wtl__trial {
    struct wtl__envelope tie;
    struct wtl__errand *errand; /* while it is here */
    uint64_t number;
    struct wtl__envelope *args; /* of one that is born */
    bool born;
    bool ready;
    bool in_place;       /* the state stays */
    bool upgrades;       /* `upgrade` runs, not `save` */
    const char *misused; /* what was called that may not be */
    struct wtl_inside old;
    struct wtl_inside made;
    struct wtl__memory *before;          /* the blocks that it had */
    struct wtl__memory *freed;           /* of these, chained: to be freed */
    struct wtl__envelope *next_messages; /* of wtl_continue, the last one first */
};

/* One more errand of it is under way. */
static inline void wtl__upgrade_retain(struct wtl__upgrade *upgrade)
{
    atomic_fetch_add_explicit(&upgrade->refs, 1, memory_order_relaxed);
}

/* One less; with the last it is freed. Thread: any. */
static inline void wtl__upgrade_release(struct wtl__upgrade *upgrade)
{
    /* acq_rel: whoever is the last has seen what the others have done with it */
    if (atomic_fetch_sub_explicit(&upgrade->refs, 1, memory_order_acq_rel) == 1) {
        upgrade->free(upgrade);
    }
}

/* Its save or upgrade runs from now on, or no more. Relaxed: an estimate, for wtl__interrupt. */
static inline void wtl__errand_set_runs(struct wtl__errand *errand, bool runs)
{
    atomic_store_explicit(&errand->runs, runs, memory_order_relaxed);
}

static inline bool wtl__errand_runs(const struct wtl__errand *errand)
{
    return atomic_load_explicit(&errand->runs, memory_order_relaxed);
}

/* Spawns the upgrader; one for a runtime. Thread: any but a worker's. A pid of none: no memory. */
struct wtl_pid wtl__upgrader_spawn(struct wtl__runtime *runtime);

/* Begins an upgrade, whose `done` is called in every case: at once, if the upgrader is no more.
 * WTL_BUSY: another one goes on. Thread: any; `x` is NULL off the workers.
 * Owns: takes it, until `free` is called. */
void wtl__upgrade_begin(struct wtl__runtime *runtime, struct wtl__ctx *x, struct wtl_pid upgrader,
                        struct wtl__upgrade *upgrade);

/* ---- for run.c, life.c and the guard: upgrade_cell.c ------------------------------------------
 */

/* A fresh actor is going to begin, with these arguments: goes over to the newest version. False: it
 * waits, or fails, and the arguments are taken. */
bool wtl__upgrade_may_start(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *args);
/* What an errand has brought is done now (flag WTL__CELL_ERRAND). True: it begins, with `args`. */
bool wtl__upgrade_turn(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope **args_out);
/* It begins to end, or has ended: the trial is over, and nothing of it stays. */
void wtl__upgrade_leave(struct wtl__ctx *x, struct wtl__cell *cell);
void wtl__trial_drop(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *tie);
/* save or upgrade of the running cell has faulted, or was interrupted: that is an error of it. */
void wtl__trial_fault(struct wtl__ctx *x, struct wtl_reason reason);

/* ---- upgrade_cell.c, for the upgrader -------------------------------------------------------- */

/* Sends it to its actor with that verb. Thread: the upgrader's. */
void wtl__errand_send(struct wtl__ctx *x, struct wtl__errand *errand, enum wtl__errand_verb verb);
/* Frees it, and the upgrade with its last errand. Thread: any. */
void wtl__errand_free(struct wtl__errand *errand);

/* ---- upgrade_make.c -------------------------------------------------------------------------- */

/* Does nothing keep it from being saved now? Otherwise the errand says what. */
bool wtl__trial_may(struct wtl__cell *cell, const struct wtl__trial *trial,
                    const struct wtl_actor *to);
/* Makes what it would be; on an error, the errand says which, and wtl__trial_undo has to follow. */
enum wtl_status wtl__trial_make(struct wtl__ctx *x, struct wtl__cell *cell,
                                struct wtl__trial *trial, const struct wtl_actor *to);
/* save or upgrade runs no more. */
void wtl__trial_exit(struct wtl__ctx *x, struct wtl__trial *trial);
/* State, zeroed, and settings of that type, for the cell. Fails: WTL_NO_MEMORY, WTL_INVALID; what
 * was made until then is in `made_out`. */
enum wtl_status wtl__inside_take(struct wtl__cell *cell, const struct wtl_inside *old,
                                 const struct wtl_actor *to, struct wtl_inside *made_out,
                                 struct wtl_error *error) WTL_MUST_USE;
/* "actor counter (42.7): " and what went wrong. */
enum wtl_status wtl__errand_fail(struct wtl__cell *cell, struct wtl__errand *errand,
                                 enum wtl_status status, const char *what);

/* ---- upgrade_switch.c ------------------------------------------------------------------------ */

/* As if neither save nor upgrade had ever run. */
void wtl__trial_undo(struct wtl__cell *cell, struct wtl__trial *trial);
/* From now on it is what was made. */
void wtl__trial_commit(struct wtl__cell *cell, struct wtl__trial *trial);
/* The same with what wtl__inside_take has made; the old one is freed, unless it stays in place. */
void wtl__inside_put(struct wtl__cell *cell, const struct wtl_inside *old,
                     const struct wtl_inside *made, bool in_place);
void wtl__inside_give(struct wtl__cell *cell, const struct wtl_inside *inside);

/* ---- upgrader.c, for upgrade_cell.c -----------------------------------------------------------
 */

/* The errand has come back. `cell` is the upgrader's, NULL when that has ended. */
void wtl__errand_home(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell);

/* ---- upgrade_trial.c ------------------------------------------------------------------------- */

/* What x->api is while save and upgrade run. */
extern const struct wtl_api wtl__trial_api;

/* ---- upgrade_answer.c ------------------------------------------------------------------------ */

/* Has the new version a function for each call under way? Otherwise `missing_out` is the name of
 * one that it has not; NULL: the old version does not list it. */
bool wtl__answers_fit(struct wtl__cell *cell, const struct wtl_actor *from,
                      const struct wtl_actor *to, const char **missing_out);
/* From now on they are the new version's. */
void wtl__answers_switch(struct wtl__cell *cell, const struct wtl_actor *from,
                         const struct wtl_actor *to);

#endif
