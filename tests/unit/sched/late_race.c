/*
 * late_race.c - timers on the wheel of a worker whose handler does not return: another worker fires
 * them. Exit code 0: each did; one that does not hangs, and the watchdog ends it.
 */
#include "program.h"

enum { ROUNDS = 20, TIMER_MS = 3 };

static struct wtl_pid hog;
static _Atomic(uint64_t) fired;

/* Holds its worker until the timer of that round has fired. */
static enum wtl_status hog_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    while (atomic_load(&fired) < program_number(m)) {
        (void)sched_yield();
    }
    return WTL_OK;
}

static WTL_ACTOR(hog_type, char, .handle = hog_handle);

/* Arms a timer, and makes the hog runnable, which then is in the next slot of the same worker: it
 * runs there before any other worker may take it, because this actor is at its end. */
static enum wtl_status armer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "timer")) {
        atomic_fetch_add(&fired, 1);
        program_count();
    } else {
        (void)wtl_after(x, TIMER_MS, WTL_TAG("timer"), NULL);
        WTL_ASSERT(program_send(x, hog, WTL_TAG("hold"), program_number(m)) == WTL_OK);
    }
    return WTL_OK;
}

static WTL_ACTOR(armer_type, char, .handle = armer_handle);

int main(void)
{
    for (unsigned workers = 2; workers <= 3; workers++) {
        program_begin(workers, workers == 3);
        atomic_store(&fired, 0);
        hog = program_spawn(&hog_type, NULL);
        struct wtl_pid armer = program_spawn(&armer_type, NULL);
        for (uint64_t round = 1; round <= ROUNDS; round++) {
            WTL_ASSERT(program_tell(armer, WTL_TAG("arm"), round) == WTL_OK);
            program_wait(round);
        }
        program_end("timers of workers that are held up");
    }
    return 0;
}
