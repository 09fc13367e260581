/*
 * requests_kit.h - an actor that asks several others as one collection, and what came of it.
 *
 * Thread: the test's. Owns: the one kit and its puppets, until gather_end.
 */
#ifndef WTL_TESTS_REQUESTS_KIT_H
#define WTL_TESTS_REQUESTS_KIT_H

#include <wattle/requests.h>

#include "../actor/kit.h"

/* What becomes of the call to each of them. */
enum { REPLIES, LATER, REFUSES, NEVER, CRASHES, GONE, CALLEES };
/* LATER replies after that. */
enum { LATER_MS = 500 };

enum { SEEDS = 50, LABELS_MAX = 32 };

extern struct kit kit;
extern struct kit_puppet asker;
extern struct kit_puppet callees[CALLEES];

/* What the functions of a collection have seen. Its context is the address of one. */
struct gathered {
    struct wtl_requests *requests; /* NULL: it is over */
    uint32_t answers;              /* to on_answer */
    uint64_t labels[LABELS_MAX];   /* in the order in which they came */
    enum wtl_status ends[LABELS_MAX];
    uint64_t numbers[LABELS_MAX]; /* what a reply holds */
    uint32_t dones;
    uint32_t count; /* of requests that on_done was given */
    uint32_t missing;
    uint64_t missing_label; /* of the last of them */
    uint32_t enough;        /* after so many answers the rest is given up; 0: never */
    void (*on_answer)(struct wtl_ctx *x, struct gathered *gathered); /* besides; may be NULL */
};

extern struct gathered gathered;

/* Begins a collection of the asker's. `each`: with on_answer. */
void gather(struct wtl_ctx *x, uint32_t deadline_ms, bool each);
/* Asks a callee under its number. */
void gather_from(struct wtl_ctx *x, uint32_t callee);

void gather_begin(uint64_t seed);
/* Ends the kit: nothing that a collection has made is left. */
void gather_end(void);

/* Has the asker run `fn`. */
void gather_do(kit_fn fn);

#endif
