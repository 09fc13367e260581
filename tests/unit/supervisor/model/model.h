/*
 * model.h - the rules of supervisors once more, naively: what a supervisor of children a to f (or a
 * pool of children z) shows after a history of operations.
 *
 * Written from OTP's rules and from nothing of the runtime: the supervisor is a loop that receives
 * and blocks, as OTP's is, and the whole history is run again from its beginning each time.
 *
 * Thread: one. Owns: nothing; the history is the caller's.
 */
#ifndef SUPERVISOR_MODEL_H
#define SUPERVISOR_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define LETTERS    6u
#define POOL       'z'
#define OPS_MAX    64u
#define STARTS_MAX 512u
#define NEVER      UINT64_MAX

enum strategy { ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE, SIMPLE };
enum restart { PERMANENT, TRANSIENT, TEMPORARY };
enum auto_shutdown { SHUTDOWN_NEVER, SHUTDOWN_ANY, SHUTDOWN_ALL };

#define BRUTAL   UINT64_C(0)
#define INFINITE NEVER

struct spec {
    char letter;
    enum restart restart;
    bool significant;
    bool unlinks;         /* from its supervisor, as soon as it starts */
    uint64_t start_ms;    /* 0: for ever */
    uint64_t shutdown_ms; /* or BRUTAL, INFINITE */
};

struct plan {
    uint64_t seed;
    enum strategy strategy;
    enum auto_shutdown auto_shutdown;
    unsigned intensity;
    uint64_t period_ms;
    unsigned children_max;
    unsigned count;
    struct spec specs[LETTERS];
};

/* How a child ends by itself. */
enum how { NORMAL, SHUTDOWN, SHUTDOWN_X, CRASH, KILL };

enum op_kind { ADD, TERMINATE, RESTART, DELETE, END, STOP };

struct op {
    enum op_kind kind;
    uint64_t at_ms;
    struct spec spec; /* ADD; for the others its letter */
    unsigned start; /* END, and in a pool TERMINATE: which actor, counted over all starts from 1 */
    enum how how;
};

/* What the actor of that start does, drawn from the seed: the model's and the real one's. */
struct fate {
    enum { READY, FAILS, IGNORES, HANGS } begin;
    uint64_t begin_ms; /* so long its init takes */
    enum { STOPS, DIES, LINGERS } stop;
    uint64_t stop_ms; /* so long its stop takes */
};
struct fate fate_of(const struct plan *plan, char letter, unsigned nth);

enum life { DOWN, STARTING, RUNNING, STOPPING, ENDED, RESTARTING };

/* What can be seen of a supervisor from outside. */
struct view {
    char children[512];  /* "a running, b stopped" */
    char answers[1024];  /* "1:ok 2:- ": by operation; "-": not yet */
    char trace[4096];    /* "+a" an init, "-a" a stop function */
    char end[32];        /* "", or the reason: "shutdown", "shutdown:c" */
    unsigned reports[4]; /* start_error, child_terminated, shutdown_error, shutdown */
    unsigned restarts;
    unsigned live; /* actors of children */
    /* of the model alone */
    bool rests;     /* it waits for nothing but messages */
    unsigned links; /* to children */
};

/* Besides: what the driver draws its next operation from. */
struct actor_view {
    char letter;
    unsigned start;
    enum life life;
};

void model_show(const struct plan *plan, const struct op *ops, unsigned count, uint64_t now_ms,
                struct view *view_out);
/* Of the last model_show: all actors that there ever were. */
unsigned model_actors(struct actor_view actors_out[STARTS_MAX]);

#endif
