/*
 * linear.h - did these calls, as their callers saw them, happen one after the other?
 *
 * A history is what several threads did with one key: each call with its arguments, its result, and
 * the moments at which it began and ended. It is linearizable when there is an order of the calls
 * that keeps those that did not overlap in theirs, and in which one register with one value would
 * have given the same results (Herlihy and Wing; the search is Wing and Gong's, with a memory of
 * what did not work).
 *
 * Pure. Thread: any.
 */
#ifndef WTL_TESTS_TABLE_LINEAR_H
#define WTL_TESTS_TABLE_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#include <wattle/status.h>

/* Calls of one history: one bit each. */
#define LINEAR_CALLS_MAX 64u
/* No value. */
#define LINEAR_NONE INT64_MIN

enum linear_what {
    LINEAR_INSERT,     /* value */
    LINEAR_INSERT_NEW, /* value; OK or EXISTS */
    LINEAR_LOOKUP,     /* seen; OK or NOT_FOUND */
    LINEAR_DELETE,     /* OK or NOT_FOUND */
    LINEAR_TAKE,       /* seen; OK or NOT_FOUND */
    LINEAR_ADD,        /* value is added, to 0 when there is none; seen is the sum */
    LINEAR_SWAP,       /* expected, value; OK, EXISTS or NOT_FOUND */
    LINEAR_WHATS
};

struct linear_call {
    enum linear_what what;
    int64_t value;
    int64_t expected;
    enum wtl_status status;
    int64_t seen;
    uint64_t begin_ns;
    uint64_t end_ns;
};

/* From a register that holds `start`. Bounds: LINEAR_CALLS_MAX calls. */
bool linear_check(const struct linear_call *calls, unsigned count, int64_t start);

#endif
