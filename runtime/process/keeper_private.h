/* keeper_private.h - what the files of the keeper share. See keeper.h. Thread: the keeper's. */
#ifndef WTL_PROCESS_KEEPER_PRIVATE_H
#define WTL_PROCESS_KEEPER_PRIVATE_H

#include "process/intake.h"
#include "process/isolated.h"
#include "process/keeper.h"

/* One line of what a child prints, without its end. */
#define WTL__OUTPUT_LINE 400u
/* How long a child may take to end after its socket has ended. */
#define WTL__CLOSED_MS 200u
/* How long after it was asked to. */
#define WTL__CLOSING_MS 1000u
/* Between two looks whether it has ended. */
#define WTL__REAP_MS 2u

enum wtl__keeper_state {
    WTL__KEEPER_STARTING = 0,
    WTL__KEEPER_UP,
    WTL__KEEPER_ENDING,
    WTL__KEEPER_ENDED,
};

struct wtl__keeper {
    struct wtl__ending ending;
    struct wtl__process *process;
    struct wtl__intake intake;
    enum wtl__keeper_state state;
    int write_fd; /* the socket once more, to wait until it takes bytes; -1: not waiting */
    bool reads;   /* the socket is watched */
    bool stopping;
    bool interrupted; /* it was told to note where it is, and to end */
    bool hurried;     /* it was killed because it had closed its socket and lived on */
    const char *word; /* why the child was killed; NULL: it was not */
    uint64_t clock;   /* a timer; 0: it rests */
    uint64_t started_ns;
    uint64_t heard_ns;
    uint64_t looked_ns;
    uint64_t ending_ns;
    uint64_t run_since_ns; /* since when `runs` has not changed */
    uint64_t runs;
    uint64_t pinged_ns;     /* 0: it was not, or has answered */
    struct wtl__notes last; /* what it did when it was killed for its time */
    size_t line_used;
    char line[WTL__OUTPUT_LINE];
};

/* ---- keeper_read.c -------------------------------------------------------------------------- */

/* The socket has bytes, or has ended. False: nothing came, and it has not. */
bool wtl__keeper_read(struct wtl_ctx *x, struct wtl__keeper *keeper);
/* What the child prints becomes lines of the log; `rest`: also what has no end of line. */
void wtl__keeper_print(struct wtl__keeper *keeper, bool rest);

/* ---- keeper_clock.c ------------------------------------------------------------------------- */

void wtl__keeper_start_clock(struct wtl_ctx *x, struct wtl__keeper *keeper);
void wtl__keeper_stop_clock(struct wtl_ctx *x, struct wtl__keeper *keeper);
void wtl__keeper_tick(struct wtl_ctx *x, struct wtl__keeper *keeper);

/* ---- keeper_report.c ------------------------------------------------------------------------ */

/* Says in the log of what the process has died. */
void wtl__keeper_report(const struct wtl__keeper *keeper, const struct wtl__notes *notes,
                        struct wtl_reason reason, int process);

/* ---- keeper_end.c --------------------------------------------------------------------------- */

/* Kills the child; `word` is the reason, the first one counts. */
void wtl__keeper_kill(struct wtl_ctx *x, struct wtl__keeper *keeper, const char *word);
/* The same, but it may first note where it is. */
void wtl__keeper_interrupt(struct wtl_ctx *x, struct wtl__keeper *keeper, const char *word);
/* The socket has ended, or the child shall end: nobody sits down in it any more. */
void wtl__keeper_ending(struct wtl_ctx *x, struct wtl__keeper *keeper);
/* Looks whether the child has ended. */
void wtl__keeper_reap(struct wtl_ctx *x, struct wtl__keeper *keeper);
/* The keeper is over, however it ends. */
void wtl__keeper_end(struct wtl__ending *ending, struct wtl__ctx *x, struct wtl__cell *cell);

#endif
