/*
 * park_race.c - workers that sleep and are woken, a million ways to lose a wake-up. Exit code 0:
 * all that was made runnable ran; a lost wake-up hangs, and the watchdog ends it.
 */
#include "program.h"

#include <pthread.h>

enum { TELLERS = 3, ROUNDS = 1500, PAIR_ROUNDS = 300 };

/* ---- tells from outside, one at a time ---------------------------------------------------------
 */

static enum wtl_status echo_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    _Atomic(uint64_t) *seen = (_Atomic(uint64_t) *)(uintptr_t)program_number(m);
    atomic_fetch_add(seen, 1);
    return WTL_OK;
}

static WTL_ACTOR(echo, char, .handle = echo_handle);

/* Tells only after the last was seen, and after a pause of any length up to a sleeping worker's. */
static void *teller(void *argument)
{
    static _Thread_local _Atomic(uint64_t) seen;
    unsigned pause = (unsigned)(uintptr_t)argument;
    struct wtl_pid to = program_spawn(&echo, NULL);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        WTL_ASSERT(program_tell(to, WTL_TAG("one"), (uint64_t)(uintptr_t)&seen) == WTL_OK);
        while (atomic_load(&seen) <= i) {
            (void)usleep(1);
        }
        program_count();
        if (i % 7 != 0) {
            (void)usleep((unsigned)(i * pause % 180));
        }
    }
    return NULL;
}

static void one_at_a_time(unsigned workers, bool battery)
{
    pthread_t threads[TELLERS];
    program_begin(workers, battery);
    for (uintptr_t i = 0; i < TELLERS; i++) {
        WTL_ASSERT(pthread_create(&threads[i], NULL, teller, (void *)(3 + 4 * i)) == 0);
    }
    for (int i = 0; i < TELLERS; i++) {
        WTL_ASSERT(pthread_join(threads[i], NULL) == 0);
    }
    program_end("tells to workers that sleep");
}

/* ---- who waits for what it has woken
 * -------------------------------------------------------------- */

static _Atomic(uint64_t) met;

/* Holds its worker until another actor has run, which needs another worker. */
static enum wtl_status meet(void)
{
    uint64_t round = atomic_fetch_add(&met, 1) / 2;
    while (atomic_load(&met) < 2 * (round + 1)) {
        (void)usleep(10);
    }
    program_count();
    return WTL_OK;
}

static enum wtl_status meets_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct wtl_reader reader = wtl_read(m);
    struct wtl_pid peer = WTL_PID_NONE;
    (void)self;
    if (m->size > 0) { /* it is told by its peer, who then waits for it */
        peer.node = wtl_get_u64(&reader);
        peer.local = wtl_get_u64(&reader);
        wtl_tell(x, peer, WTL_TAG("meet"), NULL);
    }
    return meet();
}

static WTL_ACTOR(meets, char, .handle = meets_handle);

static void two_from_outside(bool battery)
{
    program_begin(2, battery);
    struct wtl_pid a = program_spawn(&meets, NULL);
    struct wtl_pid b = program_spawn(&meets, NULL);
    atomic_store(&met, 0);
    for (uint64_t i = 0; i < PAIR_ROUNDS; i++) {
        WTL_ASSERT(wtl_runtime_tell(program_runtime, a, WTL_TAG("meet"), NULL) == WTL_OK);
        WTL_ASSERT(wtl_runtime_tell(program_runtime, b, WTL_TAG("meet"), NULL) == WTL_OK);
        program_wait(2 * (i + 1));
        (void)usleep((unsigned)(i * 13 % 3000));
    }
    program_end("meetings of two that were told from outside");
}

static void one_wakes_the_other(bool battery)
{
    program_begin(2, battery);
    struct wtl_pid a = program_spawn(&meets, NULL);
    struct wtl_pid b = program_spawn(&meets, NULL);
    atomic_store(&met, 0);
    for (uint64_t i = 0; i < PAIR_ROUNDS; i++) {
        struct wtl_writer body;
        (void)wtl_runtime_message(&body, 32);
        wtl_put_u64(&body, b.node);
        wtl_put_u64(&body, b.local);
        WTL_ASSERT(wtl_runtime_tell(program_runtime, a, WTL_TAG("meet"), &body) == WTL_OK);
        program_wait(2 * (i + 1));
        (void)usleep((unsigned)(i * 13 % 3000)); /* from hot to all asleep */
    }
    program_end("meetings with an actor in the next slot");
}

/* ---- deadlines far away
 * ----------------------------------------------------------------------------- */

static enum wtl_status far_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "go")) {
        (void)wtl_after(x, UINT64_MAX / 1000000 + 5, WTL_TAG("never"), NULL);
        (void)wtl_after(x, UINT64_C(1) << 62, WTL_TAG("never"), NULL);
        (void)wtl_after(x, 5, WTL_TAG("soon"), NULL);
    }
    WTL_ASSERT(!wtl_is(m, "never"));
    if (wtl_is(m, "soon")) {
        program_count();
    }
    return WTL_OK;
}

static WTL_ACTOR(far, char, .handle = far_handle);

static void far_deadlines(void)
{
    program_begin(2, false);
    WTL_ASSERT(program_tell(program_spawn(&far, NULL), WTL_TAG("go"), 0) == WTL_OK);
    program_wait(1);
    program_end("near deadlines before far ones");
}

int main(void)
{
    one_at_a_time(1, false);
    one_at_a_time(3, false);
    one_at_a_time(2, true);
    two_from_outside(false);
    two_from_outside(true);
    one_wakes_the_other(false);
    one_wakes_the_other(true);
    far_deadlines();
    return 0;
}
