/* linear.c - see linear.h. */
#include "linear.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

/* What did not work: calls that were put in order already, and the value after them. */
struct state {
    uint64_t done;
    int64_t value;
};

#define STATES_MAX (1u << 16)

struct search {
    const struct linear_call *calls;
    unsigned count;
    struct state *tried; /* a hash set; `done` of 0 is free */
    unsigned tried_count;
};

/* Would the register have given that result? Then it holds *value_io afterwards. */
static bool would(const struct linear_call *call, int64_t *value_io)
{
    int64_t value = *value_io;
    bool none = value == LINEAR_NONE;
    switch (call->what) {
    case LINEAR_INSERT:
        *value_io = call->value;
        return call->status == WTL_OK;
    case LINEAR_INSERT_NEW:
        *value_io = none ? call->value : value;
        return call->status == (none ? WTL_OK : WTL_EXISTS);
    case LINEAR_LOOKUP:
        return none ? call->status == WTL_NOT_FOUND : call->status == WTL_OK && call->seen == value;
    case LINEAR_DELETE:
        *value_io = LINEAR_NONE;
        return call->status == (none ? WTL_NOT_FOUND : WTL_OK);
    case LINEAR_TAKE:
        *value_io = LINEAR_NONE;
        return none ? call->status == WTL_NOT_FOUND : call->status == WTL_OK && call->seen == value;
    case LINEAR_ADD:
        *value_io = (none ? 0 : value) + call->value;
        return call->status == WTL_OK && call->seen == *value_io;
    case LINEAR_SWAP:
        *value_io = !none && value == call->expected ? call->value : value;
        return call->status == (none                      ? WTL_NOT_FOUND
                                : value == call->expected ? WTL_OK
                                                          : WTL_EXISTS);
    default:
        return false;
    }
}

/* Notes a state; false when it was tried before. */
static bool is_new(struct search *search, struct state state)
{
    uint64_t hash = (state.done ^ (uint64_t)state.value * UINT64_C(0x9e3779b97f4a7c15)) *
                    UINT64_C(0xd1b54a32d192ed03);
    for (uint64_t at = hash >> 48;; at++) {
        struct state *slot = &search->tried[at % STATES_MAX];
        if (slot->done == 0) {
            WTL_ASSERT(++search->tried_count < STATES_MAX / 2);
            *slot = state;
            return true;
        }
        if (slot->done == state.done && slot->value == state.value) {
            return false;
        }
    }
}

static bool explain(struct search *search, uint64_t done, int64_t value)
{
    uint64_t first_end = UINT64_MAX; /* of those that are left */
    if (done == (search->count == 64 ? UINT64_MAX : (UINT64_C(1) << search->count) - 1)) {
        return true;
    }
    for (unsigned i = 0; i < search->count; i++) {
        if ((done >> i & 1) == 0 && search->calls[i].end_ns < first_end) {
            first_end = search->calls[i].end_ns;
        }
    }
    for (unsigned i = 0; i < search->count; i++) {
        int64_t after = value;
        if ((done >> i & 1) == 0 && search->calls[i].begin_ns <= first_end &&
            would(&search->calls[i], &after)) {
            struct state next = {done | UINT64_C(1) << i, after};
            if (is_new(search, next) && explain(search, next.done, after)) {
                return true;
            }
        }
    }
    return false;
}

bool linear_check(const struct linear_call *calls, unsigned count, int64_t start)
{
    WTL_ASSERT(count <= LINEAR_CALLS_MAX);
    struct search search = {
        .calls = calls, .count = count, .tried = calloc(STATES_MAX, sizeof *search.tried)};
    WTL_ASSERT(search.tried != NULL);
    bool explained = explain(&search, 0, start);
    free(search.tried);
    return explained;
}
