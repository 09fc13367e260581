/*
 * park_race.c - workers that sleep and are woken, so that a wake-up could be lost. Exit code 0:
 * all that was made runnable ran; a lost wake-up hangs, and the watchdog ends it.
 */
#include "program.h"

#include "sched/system.h"
#include "sched/worker.h"

enum { TELLERS = 3, ROUNDS = 1500, MEETING_ROUNDS = 200 };

/* Have all workers announced that they sleep? Deeply: and nobody looks again by himself. */
static bool all_sleep(bool deeply)
{
    const struct wtl__sched *sched = wtl__runtime_of(program_runtime)->host_self;
    return atomic_load(&sched->parked) == sched->workers_count &&
           (!deeply || atomic_load(&sched->watching) == 0);
}

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

/* Tells only after the last was seen, and after a while in which workers may have gone to sleep. */
static void *teller(void *argument)
{
    static _Thread_local _Atomic(uint64_t) seen;
    unsigned pause = (unsigned)(uintptr_t)argument;
    struct wtl_pid to = program_spawn(&echo, NULL);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        WTL_ASSERT(program_tell(to, WTL_TAG("one"), (uint64_t)(uintptr_t)&seen) == WTL_OK);
        while (atomic_load(&seen) <= i) {
            (void)sched_yield();
        }
        program_count();
        for (uint64_t yields = i * pause % 64; yields > 0 && !all_sleep(false); yields--) {
            (void)sched_yield();
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

/* ---- who waits for what it has woken -------------------------------------------------------- */

enum { MEETINGS_MAX = 2 };

/* Two actors, each of which holds its worker until the other one runs. */
struct meeting {
    struct wtl_pid first;
    struct wtl_pid second;
    _Atomic(uint64_t) arrived;
};

static struct meeting meetings[MEETINGS_MAX];

static enum wtl_status meets_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct meeting *meeting = &meetings[program_number(m)];
    (void)self;
    if (wtl_is(m, "wake_and_meet")) {
        WTL_ASSERT(program_send(x, meeting->second, WTL_TAG("meet"), program_number(m)) == WTL_OK);
    }
    uint64_t round = atomic_fetch_add(&meeting->arrived, 1) / 2;
    while (atomic_load(&meeting->arrived) < 2 * (round + 1)) {
        (void)sched_yield();
    }
    program_count();
    return WTL_OK;
}

static WTL_ACTOR(meets, char, .handle = meets_handle);

static void meet(uint64_t count, bool both_are_told, bool battery, const char *what)
{
    program_begin(2 * (unsigned)count, battery);
    for (uint64_t i = 0; i < count; i++) {
        meetings[i].first = program_spawn(&meets, NULL);
        meetings[i].second = program_spawn(&meets, NULL);
        atomic_store(&meetings[i].arrived, 0);
    }
    for (uint64_t round = 1; round <= MEETING_ROUNDS; round++) {
        for (uint64_t i = 0; i < count; i++) {
            struct wtl_tag tag = both_are_told ? WTL_TAG("meet") : WTL_TAG("wake_and_meet");
            WTL_ASSERT(program_tell(meetings[i].first, tag, i) == WTL_OK);
            if (both_are_told) {
                WTL_ASSERT(program_tell(meetings[i].second, tag, i) == WTL_OK);
            }
        }
        program_wait(2 * count * round);
        while (round % 3 != 0 && !all_sleep(round % 3 == 2)) { /* at once, asleep, deeply asleep */
            (void)sched_yield();
        }
    }
    program_end(what);
}

static void all_meetings(bool battery)
{
    meet(1, true, battery, "meetings of two that were told from outside");
    meet(2, true, battery, "two such meetings at once");
    meet(1, false, battery, "meetings with an actor in the next slot");
    meet(2, false, battery, "two such meetings at once");
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
    all_meetings(false);
    all_meetings(true);
    far_deadlines();
    return 0;
}
