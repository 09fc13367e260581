/*
 * pool.c - what every pool promises: run against the pool itself and against the pass-through that
 * sanitizers get.
 */
#include "base/pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "base/prng.h"

Test(pool, each_size_is_aligned_large_enough_and_counted)
{
    uint64_t before = wtl__pool_stats().used_bytes;
    for (size_t size = 0; size < 70000; size += size < 700 ? 1 : 61) {
        unsigned char *block = wtl__pool_take(size);
        cr_assert_not_null(block);
        cr_assert_eq((uintptr_t)block % 16, 0);
        cr_assert_geq(wtl__pool_size(block), size);
        memset(block, 0xa5, wtl__pool_size(block));
        cr_assert_geq(wtl__pool_stats().used_bytes, before + size);
        wtl__pool_give(block);
        cr_assert_eq(wtl__pool_stats().used_bytes, before);
    }
    wtl__pool_give(NULL);
    cr_assert_eq(wtl__pool_stats().used_bytes, before);
}

Test(pool, a_size_beyond_all_memory_is_refused)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer ends the program instead");
    }
    cr_assert_null(wtl__pool_take(SIZE_MAX / 2 - 1));
    cr_assert_null(wtl__pool_take(SIZE_MAX));
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}

Test(pool, blocks_never_overlap)
{
    enum { HELD = 3000, STEPS = 60000 };
    static unsigned char *blocks[HELD];
    static size_t sizes[HELD];
    struct wtl__prng prng;
    wtl__prng_init(&prng, 5);
    for (int step = 0; step < STEPS; step++) {
        size_t i = wtl__prng_below(&prng, HELD);
        if (blocks[i] != NULL) {
            for (size_t k = 0; k < sizes[i]; k++) {
                cr_assert_eq(blocks[i][k], (unsigned char)i);
            }
            wtl__pool_give(blocks[i]);
            blocks[i] = NULL;
        } else {
            sizes[i] = wtl__prng_below(&prng, wtl__prng_below(&prng, 20) == 0 ? 40000 : 600);
            blocks[i] = wtl__pool_take(sizes[i]);
            cr_assert_not_null(blocks[i]);
            memset(blocks[i], (unsigned char)i, sizes[i]);
        }
    }
    for (size_t i = 0; i < HELD; i++) {
        wtl__pool_give(blocks[i]);
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}

static void *take_hundred(void *argument)
{
    void **blocks = argument;
    for (int i = 0; i < 100; i++) {
        blocks[i] = wtl__pool_take(200);
        memset(blocks[i], i, 200);
    }
    return NULL;
}

static void run_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, body, argument), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static void *adopt_and_flush(void *unused)
{
    void *block = wtl__pool_take(200);
    wtl__pool_give(block);
    wtl__pool_flush();
    return unused;
}

Test(pool, a_block_outlives_the_thread_that_took_it)
{
    void *blocks[100];
    run_thread(take_hundred, blocks);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(((unsigned char *)blocks[i])[199], i);
        wtl__pool_give(blocks[i]);
    }
    wtl__pool_flush();
    run_thread(adopt_and_flush, NULL);
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}
