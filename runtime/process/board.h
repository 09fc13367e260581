/*
 * board.h - the page that a node and a module's process share.
 *
 * The node writes the orders before the child starts, and the child reads them first of all. While
 * it runs, the child notes which actor's function it is in, and what went wrong: so that the node
 * knows whom a crash or an endless loop is to be blamed on, when the child cannot say it any more.
 * What the child writes is hostile as everything of it: numbers, which are printed and compared,
 * and never followed. The memory behind it is sealed: it cannot be made shorter.
 *
 * Thread: the child's main thread writes its notes, its signal handlers too; the node's keeper
 * reads. Owns: nothing.
 */
#ifndef WTL_PROCESS_BOARD_H
#define WTL_PROCESS_BOARD_H

#include <limits.h>
#include <stdatomic.h>

#include <wattle/types.h>

/* The file descriptors that the child begins with, besides the first three. */
#define WTL__CHILD_SOCKET 3
#define WTL__CHILD_BOARD  4
#define WTL__CHILD_IMAGE  5
#define WTL__CHILD_FDS    6

/* What a module may do besides computing. */
#define WTL__MAY_FILES   1u
#define WTL__MAY_NETWORK 2u

struct wtl__orders {
    uint32_t version; /* WTL__PIPE_VERSION */
    uint32_t may;
    int32_t parent; /* the node's process id */
    uint32_t budget_ms;
    uint64_t memory_max; /* bytes; 0: no limit */
    uint64_t node;
    uint64_t seed;
    uint64_t refs;              /* the first of WTL__PIPE_REFS numbers */
    char module_path[PATH_MAX]; /* "": the image behind WTL__CHILD_IMAGE */
};

/* Which function of an actor runs. */
enum wtl__board_function {
    WTL__IN_NOTHING = 0,
    WTL__IN_LOADING,
    WTL__IN_INIT,
    WTL__IN_HANDLE,
    WTL__IN_ANSWER,
    WTL__IN_EXITED,
    WTL__IN_DOWN,
    WTL__IN_STOP,
    WTL__IN_SHOW,
    WTL__IN_REPLACE,
    WTL__IN_COUNT
};

/* Frames of a fault, files that code was loaded from, and messages, that are remembered. */
#define WTL__BOARD_FRAMES 24u
#define WTL__BOARD_PLACES 12u
#define WTL__BOARD_RECENT 8u

/* Addresses of one file. */
struct wtl__board_place {
    uint64_t begin;
    uint64_t end;
    uint64_t base;
    char name[40];
};

/* Where they stand in board.places: the module, the program; libraries behind. */
#define WTL__PLACE_MODULE  0u
#define WTL__PLACE_PROGRAM 1u

struct wtl__board {
    struct wtl__orders orders;

    /* written by the child once, before any function of an actor runs; zeroed behind the last */
    struct wtl__board_place places[WTL__BOARD_PLACES];

    /* written by the child; all relaxed: notes, not locks */
    _Atomic(uint64_t) runs; /* functions begun and ended */
    _Atomic(uint64_t) local;
    _Atomic(uint64_t) tag[2];
    _Atomic(uint32_t) function;
    _Atomic(uint32_t) signal;  /* a fault: 0 for none */
    _Atomic(uint64_t) refused; /* bytes of the last allocation that failed, in this function */
    _Atomic(uint64_t) address;
    _Atomic(uint64_t) pc; /* counted from the begin of the module, when it is in there */
    _Atomic(uint32_t) in_module;
    _Atomic(uint32_t) overflow; /* the stack has come to its end */
    _Atomic(uint32_t) frames_count;
    _Atomic(uint64_t) frames[WTL__BOARD_FRAMES];    /* from the pc on */
    _Atomic(uint64_t) recent[WTL__BOARD_RECENT][3]; /* of run n, at n: the actor, the tag */
};

/* What the node sees of it at one moment. */
struct wtl__notes {
    uint64_t runs;
    uint64_t local;
    struct wtl_tag tag;
    uint32_t function;
    uint32_t signal;
    uint64_t refused;
    uint64_t address;
    uint64_t pc;
    bool in_module;
    bool overflow;
};

/* ---- the child's ---------------------------------------------------------------------------- */

static inline void wtl__board_begin(struct wtl__board *board, enum wtl__board_function function,
                                    uint64_t local, struct wtl_tag tag)
{
    uint64_t runs = atomic_load_explicit(&board->runs, memory_order_relaxed);
    atomic_store_explicit(&board->local, local, memory_order_relaxed);
    atomic_store_explicit(&board->tag[0], tag.word[0], memory_order_relaxed);
    atomic_store_explicit(&board->tag[1], tag.word[1], memory_order_relaxed);
    atomic_store_explicit(&board->refused, 0, memory_order_relaxed);
    _Atomic(uint64_t) *recent = board->recent[(runs + 1) % WTL__BOARD_RECENT];
    atomic_store_explicit(&recent[0], local, memory_order_relaxed);
    atomic_store_explicit(&recent[1], tag.word[0], memory_order_relaxed);
    atomic_store_explicit(&recent[2], tag.word[1], memory_order_relaxed);
    atomic_store_explicit(&board->function, (uint32_t)function, memory_order_relaxed);
    atomic_store_explicit(&board->runs, runs + 1, memory_order_relaxed);
}

static inline void wtl__board_end(struct wtl__board *board)
{
    atomic_store_explicit(&board->function, WTL__IN_NOTHING, memory_order_relaxed);
}

static inline void wtl__board_refused(struct wtl__board *board, uint64_t bytes)
{
    atomic_store_explicit(&board->refused, bytes > 0 ? bytes : 1, memory_order_relaxed);
}

static inline void wtl__board_fault(struct wtl__board *board, const struct wtl__notes *fault)
{
    atomic_store_explicit(&board->address, fault->address, memory_order_relaxed);
    atomic_store_explicit(&board->pc, fault->pc, memory_order_relaxed);
    atomic_store_explicit(&board->in_module, fault->in_module, memory_order_relaxed);
    atomic_store_explicit(&board->overflow, fault->overflow, memory_order_relaxed);
    atomic_store_explicit(&board->signal, fault->signal, memory_order_relaxed);
}

static inline void wtl__board_frames(struct wtl__board *board, void *const *frames, int count)
{
    uint32_t used = 0;
    while (used < WTL__BOARD_FRAMES && (int)used < count) {
        atomic_store_explicit(&board->frames[used], (uintptr_t)frames[used], memory_order_relaxed);
        used++;
    }
    atomic_store_explicit(&board->frames_count, used, memory_order_relaxed);
}

/* ---- the node's ----------------------------------------------------------------------------- */

static inline struct wtl__notes wtl__board_read(const struct wtl__board *board)
{
    return (struct wtl__notes){
        .runs = atomic_load_explicit(&board->runs, memory_order_relaxed),
        .local = atomic_load_explicit(&board->local, memory_order_relaxed),
        .tag = {{atomic_load_explicit(&board->tag[0], memory_order_relaxed),
                 atomic_load_explicit(&board->tag[1], memory_order_relaxed)}},
        .function = atomic_load_explicit(&board->function, memory_order_relaxed),
        .signal = atomic_load_explicit(&board->signal, memory_order_relaxed),
        .refused = atomic_load_explicit(&board->refused, memory_order_relaxed),
        .address = atomic_load_explicit(&board->address, memory_order_relaxed),
        .pc = atomic_load_explicit(&board->pc, memory_order_relaxed),
        .in_module = atomic_load_explicit(&board->in_module, memory_order_relaxed) != 0,
        .overflow = atomic_load_explicit(&board->overflow, memory_order_relaxed) != 0,
    };
}

/* The frames of a fault; returns how many, WTL__BOARD_FRAMES at most. */
static inline uint32_t wtl__board_frames_read(const struct wtl__board *board,
                                              uint64_t frames_out[WTL__BOARD_FRAMES])
{
    uint32_t count = atomic_load_explicit(&board->frames_count, memory_order_relaxed);
    count = count < WTL__BOARD_FRAMES ? count : WTL__BOARD_FRAMES;
    for (uint32_t i = 0; i < count; i++) {
        frames_out[i] = atomic_load_explicit(&board->frames[i], memory_order_relaxed);
    }
    return count;
}

/* With which tag that run was begun, and of which actor; of the last WTL__BOARD_RECENT runs. */
static inline uint64_t wtl__board_recent(const struct wtl__board *board, uint64_t run,
                                         struct wtl_tag *tag_out)
{
    const _Atomic(uint64_t) *recent = board->recent[run % WTL__BOARD_RECENT];
    tag_out->word[0] = atomic_load_explicit(&recent[1], memory_order_relaxed);
    tag_out->word[1] = atomic_load_explicit(&recent[2], memory_order_relaxed);
    return atomic_load_explicit(&recent[0], memory_order_relaxed);
}

#endif
