/*
 * model_private.h - what the files of the model share: its one supervisor, and its time.
 *
 *   model.c        the rules
 *   model_time.c   what happens when: its clock, its actors, its mailbox
 *   model_show.c   running a history, and what is seen of it
 */
#ifndef SUPERVISOR_MODEL_PRIVATE_H
#define SUPERVISOR_MODEL_PRIVATE_H

#include "model.h"

#include <setjmp.h>

/* An instant. What a timer causes (0) comes before what is done at that time, by number from 1. */
struct moment {
    uint64_t ms;
    unsigned op;
};

struct actor {
    char letter;
    unsigned start;
    struct fate fate;
    enum life life; /* DOWN: it is dead */
    struct moment ready;
    enum how how;  /* it has ended */
    bool unlinked; /* nobody is told of its end */
};

struct child {
    struct spec spec;
    enum life state; /* DOWN, RUNNING (it has an actor, whatever that does), RESTARTING */
    struct actor *actor;
    unsigned known_as; /* in a pool: the start by which it is known while it is restarted */
    unsigned failure;  /* RESTARTING: because of that one */
};

/* A message of the supervisor to itself: try again what has failed. It is for that failure alone: a
 * child that was started with its group meanwhile, and has failed anew, has another one. (OTP's
 * names the child, so that one of the two is for nothing, and the first counts.) */
struct again {
    struct moment posted;
    unsigned failure;
    bool is_done;
};

struct line {
    struct moment at;
    unsigned order;
    char text[4];
};

enum report { START_ERROR, CHILD_TERMINATED, SHUTDOWN_ERROR, REACHED_MAX };

struct model {
    const struct plan *plan;
    const struct op *ops;
    unsigned ops_count;
    uint64_t now_ms;
    struct moment clock; /* how far the supervisor is */
    jmp_buf blocked;     /* where a run is over */
    bool rests;          /* it was blocked because no message was there */

    struct child children[STARTS_MAX];
    unsigned count;
    struct actor actors[STARTS_MAX];
    unsigned starts;
    unsigned nth[128]; /* starts by letter */
    struct again again[STARTS_MAX];
    unsigned again_count;
    uint64_t restarts_ms[STARTS_MAX];
    unsigned restarts;

    bool is_done[OPS_MAX];
    const char *answers[OPS_MAX];
    unsigned reports[4];
    struct line lines[2 * STARTS_MAX];
    unsigned lines_count;
    bool is_ending;
    struct moment end_begun;
    bool has_ended;
    char end[32];
};

extern struct model model;

/* ---- the rules ----------------------------------------------------------------------------- */

/* The supervisor's whole life; comes back by model.blocked alone. */
void model_supervise(void);

/* ---- time ---------------------------------------------------------------------------------- */

/* Before (negative), at, or after. */
int moment_compare(struct moment a, struct moment b);
/* Blocks until that time; the instant is that of a timer. */
void model_block(uint64_t ms);
/* Starts the child's actor, and waits. NULL: it runs or, ignored, it is DOWN; else why not. */
const char *model_start(struct child *child);
/* Stops the child's actor, and waits for its end. True: it has ended as it should. */
bool model_stop(struct child *child);

/* The next message of the mailbox; blocks until there is one. */
enum message { EXITED, TRY_AGAIN, ASKED };
struct received {
    enum message what;
    struct actor *actor;  /* EXITED */
    struct again *again;  /* TRY_AGAIN */
    const struct op *ask; /* ASKED */
};
struct received model_receive(void);

/* When an actor that runs ends by itself, up to now; ms is NEVER when it does not. */
struct moment model_ends_itself(const struct actor *actor);
/* It does. */
void model_end_itself(struct actor *actor);

#endif
