/*
 * pool_inside.c - what only the pool itself promises: bounded memory, pools that are adopted, spans
 * that are returned, and mistakes that are caught.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/attr.h"
#include "base/pool.h"
#include "base/span.h"

static void run_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, body, argument), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

/* Two threads that take turns, so that one always takes and the other always gives. */
struct turns {
    pthread_barrier_t barrier;
    int rounds;
    void *blocks[500];
};

static void *give_all(void *argument)
{
    struct turns *turns = argument;
    for (int round = 0; round < turns->rounds; round++) {
        (void)pthread_barrier_wait(&turns->barrier);
        for (size_t i = 0; i < WTL_COUNT(turns->blocks); i++) {
            wtl__pool_give(turns->blocks[i]);
        }
        (void)pthread_barrier_wait(&turns->barrier);
    }
    wtl__pool_flush();
    return NULL;
}

Test(pool_inside, memory_stays_bounded_when_one_takes_and_another_gives)
{
    struct turns turns = {.rounds = 1000};
    pthread_t giver;
    uint64_t mapped_early = 0;
    cr_assert_eq(pthread_barrier_init(&turns.barrier, NULL, 2), 0);
    cr_assert_eq(pthread_create(&giver, NULL, give_all, &turns), 0);
    for (int round = 0; round < turns.rounds; round++) {
        for (size_t i = 0; i < WTL_COUNT(turns.blocks); i++) {
            turns.blocks[i] = wtl__pool_take(64 + i % 8 * 100);
            cr_assert_not_null(turns.blocks[i]);
        }
        (void)pthread_barrier_wait(&turns.barrier);
        (void)pthread_barrier_wait(&turns.barrier);
        if (round == 20) {
            mapped_early = wtl__pool_stats().mapped_bytes;
        }
    }
    cr_assert_eq(pthread_join(giver, NULL), 0);
    cr_assert_leq(wtl__pool_stats().mapped_bytes, mapped_early);
    for (int i = 0; i < 1000 && wtl__pool_stats().used_bytes != 0; i++) {
        wtl__pool_flush();
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
    (void)pthread_barrier_destroy(&turns.barrier);
}

static void *take_and_give(void *unused)
{
    void *blocks[300];
    for (size_t i = 0; i < WTL_COUNT(blocks); i++) {
        blocks[i] = wtl__pool_take(i * 10);
    }
    for (size_t i = 0; i < WTL_COUNT(blocks); i++) {
        wtl__pool_give(blocks[i]);
    }
    return unused;
}

Test(pool_inside, threads_that_come_and_go_share_one_pool)
{
    run_thread(take_and_give, NULL);
    uint64_t mapped = wtl__pool_stats().mapped_bytes;
    for (int i = 0; i < 200; i++) {
        run_thread(take_and_give, NULL);
    }
    cr_assert_eq(wtl__pool_stats().mapped_bytes, mapped);
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}

Test(pool_inside, free_spans_go_back_to_the_system)
{
    enum { BLOCKS = 20000 };
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = wtl__pool_take(1000);
        cr_assert_not_null(blocks[i]);
    }
    cr_assert_geq(wtl__pool_stats().mapped_bytes, 20000000);
    for (int i = 0; i < BLOCKS; i++) {
        wtl__pool_give(blocks[i]);
    }
    cr_assert_leq(wtl__pool_stats().mapped_bytes, (8 + 1) * 1024 * 1024);
    wtl__pool_retain(0);
    cr_assert_leq(wtl__pool_stats().mapped_bytes, 1024 * 1024);
    wtl__pool_leave();
    cr_assert_leq(wtl__pool_stats().mapped_bytes, 128 * 1024);
    void *block = wtl__pool_take(1000);
    cr_assert_not_null(block);
    wtl__pool_give(block);
}

Test(pool_inside, holes_in_used_up_spans_are_taken_again)
{
    enum { BLOCKS = 20000 };
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = wtl__pool_take(200);
    }
    uint64_t mapped = wtl__pool_stats().mapped_bytes;
    for (int turn = 0; turn < 6; turn++) {
        for (int i = turn % 3; i < BLOCKS; i += 3) {
            wtl__pool_give(blocks[i]);
        }
        for (int i = turn % 3; i < BLOCKS; i += 3) {
            blocks[i] = wtl__pool_take(200);
            cr_assert_not_null(blocks[i]);
        }
    }
    cr_assert_eq(wtl__pool_stats().mapped_bytes, mapped);
    for (int i = 0; i < BLOCKS; i++) {
        wtl__pool_give(blocks[i]);
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}

Test(pool_inside, a_span_that_was_one_class_becomes_another)
{
    static void *blocks[40000];
    wtl__pool_retain(0);
    for (int turn = 0; turn < 10; turn++) {
        const size_t size = turn % 2 == 0 ? 64 : 640;
        const size_t count = WTL_COUNT(blocks) / (turn % 2 == 0 ? 1 : 10);
        for (size_t i = 0; i < count; i++) {
            blocks[i] = wtl__pool_take(size);
            memset(blocks[i], turn, size);
        }
        for (size_t i = 0; i < count; i++) {
            wtl__pool_give(blocks[i]);
        }
        cr_assert_leq(wtl__pool_stats().mapped_bytes, 2 * 1024 * 1024);
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}

Test(pool_inside, a_block_given_twice_is_caught, .signal = SIGABRT)
{
    void *block = wtl__pool_take(100);
    void *volatile again = block;
    wtl__pool_give(block);
    wtl__pool_give(again);
    wtl__pool_leave();
}

Test(pool_inside, a_large_block_given_twice_is_caught, .signal = SIGABRT)
{
    void *block = wtl__pool_take(100000);
    void *volatile again = block;
    wtl__pool_give(block);
    wtl__pool_give(again);
}

Test(pool_inside, a_pointer_into_a_block_is_caught, .signal = SIGABRT)
{
    char *volatile block = wtl__pool_take(100);
    wtl__pool_give(block + 64);
    wtl__pool_leave();
}

Test(pool_inside, exhausted_memory_is_null_and_nothing_is_lost)
{
    enum { MOST = 1 << 16 };
    static void *blocks[MOST];
    struct rlimit limit;
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer needs the whole address space");
    }
    void *first = wtl__pool_take(4000);
    cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = (rlim_t)256 << 20;
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    int taken = 0;
    while (taken < MOST && (blocks[taken] = wtl__pool_take(30000)) != NULL) {
        memset(blocks[taken++], 1, 30000);
    }
    cr_assert_lt(taken, MOST);
    cr_assert_gt(taken, 100);
    for (int i = 0; i < taken; i++) {
        wtl__pool_give(blocks[i]);
    }
    blocks[0] = wtl__pool_take(30000);
    cr_assert_not_null(blocks[0]);
    wtl__pool_give(blocks[0]);
    wtl__pool_give(first);
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}

Test(pool_inside, large_blocks_are_kept_below_the_limit)
{
    void *blocks[40];
    uint64_t before = wtl__pool_stats().mapped_bytes;
    for (size_t size = 32000; size < (size_t)40 << 20; size += size / 3) {
        unsigned char *block = wtl__pool_take(size);
        cr_assert_not_null(block);
        block[0] = 1;
        block[wtl__pool_size(block) - 1] = 2;
        cr_assert_leq(wtl__pool_size(block), size + size / 4 + 65536);
        wtl__pool_give(block);
    }
    cr_assert_leq(wtl__pool_stats().mapped_bytes, before + 10 * 1024 * 1024);
    wtl__pool_retain(0);
    wtl__pool_retain(2 * 1024 * 1024);
    for (size_t i = 0; i < WTL_COUNT(blocks); i++) {
        blocks[i] = wtl__pool_take(200000);
        cr_assert_not_null(blocks[i]);
    }
    for (size_t i = 0; i < WTL_COUNT(blocks); i++) {
        wtl__pool_give(blocks[i]);
    }
    cr_assert_leq(wtl__pool_stats().mapped_bytes, before + 4 * 1024 * 1024);
    cr_assert_eq(wtl__pool_take(200000), blocks[7]); /* the last one of 2 MiB */
    wtl__pool_give(blocks[7]);
    wtl__pool_retain(0);
    wtl__pool_leave();
    cr_assert_leq(wtl__pool_stats().mapped_bytes, before + 1024 * 1024);
    cr_assert_eq(wtl__pool_stats().used_bytes, 0);
}

Test(pool_inside, a_span_hands_out_each_block_once)
{
    static void *blocks[2048];
    for (size_t bytes = 64; bytes <= 32640; bytes += 64) {
        struct wtl__span *span = wtl__depot_take();
        cr_assert_not_null(span);
        wtl__span_init(span, NULL, 0, bytes);
        uint32_t count = wtl__span_take(span, blocks, 3);
        count += wtl__span_take(span, blocks + count, 2048);
        cr_assert_eq(count, (WTL__SPAN_BYTES - WTL__SPAN_HEAD) / bytes);
        cr_assert_eq(wtl__span_available(span), 0);
        cr_assert_leq((char *)blocks[count - 1] + bytes, (char *)span + WTL__SPAN_BYTES);
        for (uint32_t i = 0; i < count; i++) {
            cr_assert_eq(wtl__span_of((char *)blocks[i] + bytes - 1), span);
            wtl__span_put(span, blocks[i]);
            cr_assert_eq(wtl__span_is_empty(span), i + 1 == count);
        }
        cr_assert_eq(wtl__span_take(span, blocks, 2048), count);
        wtl__depot_give(span);
    }
}
