/* linear_check.c - the judge of histories itself: it knows a lie when it sees one. */
#include <criterion/criterion.h>

#include "linear.h"

#define CHECK(...)                                                                                 \
    linear_check((const struct linear_call[]){__VA_ARGS__},                                        \
                 sizeof((const struct linear_call[]){__VA_ARGS__}) / sizeof(struct linear_call),   \
                 LINEAR_NONE)
#define CALL(kind, from, to, ...)                                                                  \
    {                                                                                              \
        .what = LINEAR_##kind, .begin_ns = (from), .end_ns = (to), __VA_ARGS__                     \
    }

Test(linear, E01_it_accepts_what_can_be)
{
    cr_assert(CHECK(CALL(INSERT, 1, 2, .value = 5), CALL(LOOKUP, 3, 4, .seen = 5)));
    /* the two overlap, so that either may have been first */
    cr_assert(CHECK(CALL(INSERT, 1, 5, .value = 5), CALL(LOOKUP, 2, 3, .status = WTL_NOT_FOUND)));
    cr_assert(CHECK(CALL(INSERT, 1, 5, .value = 5), CALL(LOOKUP, 2, 3, .seen = 5)));
    cr_assert(CHECK(CALL(ADD, 1, 9, .value = 1, .seen = 2), CALL(ADD, 2, 3, .value = 1, .seen = 1),
                    CALL(TAKE, 10, 11, .seen = 2)));
}

Test(linear, E01_it_refuses_what_cannot_be)
{
    /* a stale value */
    cr_assert(!CHECK(CALL(INSERT, 1, 2, .value = 5), CALL(INSERT, 3, 4, .value = 6),
                     CALL(LOOKUP, 5, 6, .seen = 5)));
    /* seen, and then not seen any more */
    cr_assert(!CHECK(CALL(INSERT, 1, 9, .value = 5), CALL(LOOKUP, 2, 3, .seen = 5),
                     CALL(LOOKUP, 4, 5, .status = WTL_NOT_FOUND)));
    /* a lost update */
    cr_assert(
        !CHECK(CALL(ADD, 1, 9, .value = 1, .seen = 1), CALL(ADD, 2, 8, .value = 1, .seen = 1)));
    /* taken twice */
    cr_assert(!CHECK(CALL(INSERT, 1, 2, .value = 5), CALL(TAKE, 3, 9, .seen = 5),
                     CALL(TAKE, 4, 8, .seen = 5)));
    /* two were the first */
    cr_assert(!CHECK(CALL(INSERT_NEW, 1, 9, .value = 5), CALL(INSERT_NEW, 2, 8, .value = 6)));
    /* two have swapped the same value */
    cr_assert(!CHECK(CALL(INSERT, 1, 2, .value = 5), CALL(SWAP, 3, 9, .expected = 5, .value = 6),
                     CALL(SWAP, 4, 8, .expected = 5, .value = 7)));
    /* deleted, and found afterwards */
    cr_assert(!CHECK(CALL(INSERT, 1, 2, .value = 5), CALL(DELETE, 3, 4, .value = 0),
                     CALL(LOOKUP, 5, 6, .seen = 5)));
}
