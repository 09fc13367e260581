/* turns.c - whose turn it is. See turns.h. */
#include "turns.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/prng.h"

enum {
    THREADS_MAX = 32,
    FALLS_MAX = 4,   /* of ranks: how often who runs falls behind, at most */
    PATIENCE = 3000, /* points of one thread before it falls behind: it may wait for another */
    POINTS_MAX = 5000000,
    LEAP_SHIFTS = 25, /* a leap of time is 2^25 ns at most: whoever had the turn was not run */
};

enum state { READY, WAITS, ENDED };

struct thread {
    sem_t turn;
    pthread_t handle;
    void *(*body)(void *argument);
    void *argument;
    enum state state;
    int64_t rank;
    uint64_t until_ns;
    const void *token;
    bool (*is_true)(void *context);
    void *context;
    const char *what;
};

/* All of it belongs to the thread that has the turn. */
static struct {
    struct thread threads[THREADS_MAX];
    unsigned count;
    unsigned current;
    bool decides; /* the conditions that are asked then have points, too: they are none */
    struct wtl__prng prng;
    enum turns_way way;
    uint64_t seed;
    const char *what;
    uint64_t now_ns;
    uint64_t tick_ns;
    uint64_t leaps; /* one decision in so many has a leap of time; 0: none */
    uint64_t points;
    uint64_t left; /* points until the next decision */
    uint64_t mean; /* of a walk: points between two decisions */
    uint64_t falls[FALLS_MAX];
    int64_t lowest; /* rank so far */
    uint64_t hash;
    const char *(*idle)(void *context);
    void *idle_context;
} turns;

static _Thread_local struct thread *me;

uint64_t turns_draw(uint64_t bound)
{
    return wtl__prng_below(&turns.prng, bound);
}

uint64_t turns_points(void)
{
    return turns.points;
}

void turns_when_idle(const char *(*check)(void *context), void *context)
{
    turns.idle = check;
    turns.idle_context = context;
}

void turns_fail(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)printf("found: %s\n  %s, seed %lu (%s), after %lu points, at %lu us\n", text, turns.what,
                 (unsigned long)turns.seed, turns.way == TURNS_WALK ? "walk" : "ranks",
                 (unsigned long)turns.points, (unsigned long)(turns.now_ns / 1000));
    for (unsigned i = 0; i < turns.count; i++) {
        const struct thread *thread = &turns.threads[i];
        static const char *const words[] = {"can run", "waits", "has ended"};
        (void)printf("  thread %u %s%s%s%s\n", i, words[thread->state],
                     thread->state == WAITS ? " for " : "",
                     thread->state == WAITS ? thread->what : "",
                     i == turns.current ? ", has the turn" : "");
    }
    (void)printf("  again: explore --only %s %lu 1\n", turns.what, (unsigned long)turns.seed);
    (void)fflush(stdout);
    _exit(1);
}

/* ---- who is next ---------------------------------------------------------------------------- */

static uint64_t first_deadline(void)
{
    uint64_t first = UINT64_MAX;
    for (unsigned i = 0; i < turns.count; i++) {
        const struct thread *thread = &turns.threads[i];
        first = thread->state == WAITS && thread->until_ns < first ? thread->until_ns : first;
    }
    return first;
}

static unsigned wake_due(void)
{
    unsigned ready = 0;
    for (unsigned i = 0; i < turns.count; i++) {
        struct thread *thread = &turns.threads[i];
        if (thread->state == WAITS &&
            (thread->until_ns <= turns.now_ns ||
             (thread->is_true != NULL && thread->is_true(thread->context)))) {
            thread->state = READY;
        }
        ready += thread->state == READY;
    }
    return ready;
}

/* Somebody who can run, after time has moved on if nobody could. */
static unsigned count_ready(void)
{
    unsigned ready;
    while ((ready = wake_due()) == 0) {
        const char *wrong = turns.idle != NULL ? turns.idle(turns.idle_context) : NULL;
        TURNS_EXPECT(wrong == NULL, "all sleep although %s", wrong);
        uint64_t first = first_deadline();
        TURNS_EXPECT(first != UINT64_MAX, "all sleep, for ever");
        turns.now_ns = first;
    }
    return ready;
}

static struct thread *draw_thread(unsigned ready)
{
    unsigned index = (unsigned)turns_draw(ready);
    struct thread *thread = turns.threads;
    while (thread->state != READY || index-- > 0) {
        thread++;
    }
    return thread;
}

static struct thread *highest(void)
{
    struct thread *high = NULL;
    for (unsigned i = 0; i < turns.count; i++) {
        struct thread *thread = &turns.threads[i];
        if (thread->state == READY && (high == NULL || thread->rank > high->rank)) {
            high = thread;
        }
    }
    return high;
}

static uint64_t points_until_fall(void)
{
    uint64_t until = PATIENCE;
    for (unsigned i = 0; i < FALLS_MAX; i++) {
        if (turns.falls[i] > turns.points && turns.falls[i] - turns.points < until) {
            until = turns.falls[i] - turns.points;
        }
    }
    return until;
}

/* `behind`: who has run falls behind the others. */
static struct thread *choose(bool behind)
{
    turns.decides = true;
    if (turns.leaps != 0 && turns_draw(turns.leaps) == 0) {
        turns.now_ns += turns_draw(UINT64_C(1) << turns_draw(LEAP_SHIFTS));
    }
    unsigned ready = count_ready();
    turns.decides = false;
    if (turns.way == TURNS_WALK) {
        turns.left = 1 + turns_draw(2 * turns.mean - 1);
        return draw_thread(ready);
    }
    if (behind) {
        me->rank = --turns.lowest;
    }
    turns.left = points_until_fall();
    return highest();
}

static void give_turn(struct thread *to)
{
    struct thread *from = me;
    if (to == from) {
        return;
    }
    turns.current = (unsigned)(to - turns.threads);
    turns.hash =
        (turns.hash ^ (turns.points * THREADS_MAX + turns.current)) * UINT64_C(0x100000001b3);
    bool goes = from->state == ENDED;
    (void)sem_post(&to->turn);
    while (!goes && sem_wait(&from->turn) != 0) {
    }
}

void turns_point(void)
{
    if (me == NULL || turns.decides) {
        return;
    }
    TURNS_EXPECT(++turns.points < POINTS_MAX, "no end");
    if (WTL_UNLIKELY(--turns.left == 0)) {
        give_turn(choose(true));
    }
}

void turns_yield(void)
{
    if (me != NULL) {
        give_turn(choose(true));
    }
}

/* ---- threads -------------------------------------------------------------------------------- */

static struct thread *add(void *(*body)(void *), void *argument)
{
    TURNS_EXPECT(turns.count < THREADS_MAX, "more than %d threads", THREADS_MAX);
    struct thread *thread = &turns.threads[turns.count++];
    *thread = (struct thread){.body = body, .argument = argument};
    thread->rank = (int64_t)turns_draw(1u << 30);
    WTL_ASSERT(sem_init(&thread->turn, 0, 0) == 0);
    return thread;
}

static void *begin(void *argument)
{
    me = argument;
    while (sem_wait(&me->turn) != 0) {
    }
    (void)me->body(me->argument);
    me->state = ENDED;
    turns_wake(me);
    give_turn(choose(false));
    return NULL;
}

void turns_thread(unsigned *id_out, void *(*body)(void *), void *argument)
{
    struct thread *thread = add(body, argument);
    *id_out = (unsigned)(thread - turns.threads);
    WTL_ASSERT(pthread_create(&thread->handle, NULL, begin, thread) == 0);
    turns.left = 1;
}

void turns_join(unsigned id)
{
    struct thread *thread = &turns.threads[id];
    while (thread->state != ENDED) {
        turns_wait(thread, UINT64_MAX, "the end of a thread");
    }
    WTL_ASSERT(pthread_join(thread->handle, NULL) == 0);
}

void turns_wait(const void *token, uint64_t until_ns, const char *what)
{
    me->state = WAITS;
    me->token = token;
    me->until_ns = until_ns;
    me->what = what;
    give_turn(choose(false));
    me->token = NULL;
}

void turns_wake(const void *token)
{
    for (unsigned i = 0; i < turns.count; i++) {
        if (turns.threads[i].state == WAITS && turns.threads[i].token == token) {
            turns.threads[i].state = READY;
            turns.left = turns.way == TURNS_RANKS ? 1 : turns.left;
        }
    }
}

void turns_until(bool (*is_true)(void *context), void *context, const char *what)
{
    me->is_true = is_true;
    me->context = context;
    turns_wait(me, UINT64_MAX, what);
    me->is_true = NULL;
}

uint64_t turns_now_ns(void)
{
    turns.now_ns += turns.tick_ns;
    if (first_deadline() <= turns.now_ns) {
        turns.left = 1;
    }
    return turns.now_ns;
}

/* ---- a run ---------------------------------------------------------------------------------- */

void turns_begin(uint64_t seed, enum turns_way way, const char *what)
{
    memset(&turns, 0, sizeof turns);
    turns.seed = seed;
    turns.way = way;
    turns.what = what;
    wtl__prng_init(&turns.prng, seed);
    turns.now_ns = UINT64_C(1000000000000);
    turns.tick_ns = 100 + turns_draw(5000);
    turns.leaps = (turns_draw(4) > 0) * (UINT64_C(4) << turns_draw(6));
    turns.mean = UINT64_C(1) << turns_draw(5);
    uint64_t reach = UINT64_C(1) << (6 + turns_draw(8)); /* where falls may be */
    for (unsigned i = 0; i < FALLS_MAX; i++) {
        turns.falls[i] = 1 + turns_draw(reach);
    }
    me = add(NULL, NULL);
    turns.left = 1;
}

uint64_t turns_end(void)
{
    for (unsigned i = 1; i < turns.count; i++) {
        WTL_ASSERT(turns.threads[i].state == ENDED);
    }
    for (unsigned i = 0; i < turns.count; i++) {
        (void)sem_destroy(&turns.threads[i].turn);
    }
    me = NULL;
    return turns.hash;
}
