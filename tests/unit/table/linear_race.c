/*
 * linear_race.c - E01: eight threads change and read two keys at once, a few calls each, again and
 * again, and each history is judged (linear.h). Then a key that stays is looked for while its
 * neighbours come and go. For the thread sanitizer too. Exit code 0: all were linearizable, and
 * what stays was always found.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/prng.h"
#include "linear.h"
#include "table/table.h"

enum { THREADS = 8, CALLS = 6, KEYS = 2, ROUNDS = WTL_SANITIZED ? 1500 : 6000, SECONDS = 200 };

_Static_assert(THREADS *CALLS <= (int)LINEAR_CALLS_MAX, "one key may get all calls");

static struct wtl__table *table;
static pthread_barrier_t gate;
static struct linear_call done[THREADS][CALLS];
static unsigned key_of_call[THREADS][CALLS];

static struct wtl__key key_at(unsigned index)
{
    static const uint8_t keys[KEYS][2] = {{0xa1, 'a'}, {0xa1, 'b'}};
    return (struct wtl__key){keys[index], 2};
}

static int64_t number_in(const struct wtl_writer *writer)
{
    struct wtl_reader reader = wtl_reader_over(writer->begin, wtl_written(writer));
    return wtl_get_i64(&reader);
}

/* Does what the call says, and writes down how it went. */
static void carry_out(struct linear_call *call, struct wtl__key key)
{
    uint8_t room[16];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    struct wtl_bytes value = WTL_BYTES_I64(call->value);
    call->begin_ns = wtl__clock_now_ns(wtl__clock_system());
    wtl__table_enter();
    switch (call->what) {
    case LINEAR_INSERT:
        call->status = wtl__table_insert(table, key, value, 0, false);
        break;
    case LINEAR_INSERT_NEW:
        call->status = wtl__table_insert(table, key, value, 0, true);
        break;
    case LINEAR_LOOKUP:
        call->status = wtl__table_lookup(table, key, &writer);
        break;
    case LINEAR_DELETE:
        call->status = wtl__table_remove(table, key);
        break;
    case LINEAR_TAKE:
        call->status = wtl__table_take(table, key, &writer);
        break;
    case LINEAR_ADD:
        call->status = wtl__table_add(table, key, call->value, 0, &call->seen);
        break;
    default:
        call->status = wtl__table_swap(table, key, WTL_BYTES_I64(call->expected), value);
        break;
    }
    wtl__table_leave();
    call->end_ns = wtl__clock_now_ns(wtl__clock_system());
    if (call->status == WTL_OK && wtl_written(&writer) > 0) {
        call->seen = number_in(&writer);
    }
}

static void *run(void *argument)
{
    struct wtl__prng prng;
    unsigned self = (unsigned)(uintptr_t)argument;
    wtl__prng_init(&prng, self + 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        (void)pthread_barrier_wait(&gate);
        for (unsigned i = 0; i < CALLS; i++) {
            struct linear_call *call = &done[self][i];
            *call = (struct linear_call){
                .what = (enum linear_what)wtl__prng_below(&prng, LINEAR_WHATS),
                .value = (int64_t)wtl__prng_below(&prng, 3),
                .expected = (int64_t)wtl__prng_below(&prng, 3),
            };
            key_of_call[self][i] = (unsigned)wtl__prng_below(&prng, KEYS);
            carry_out(call, key_at(key_of_call[self][i]));
            if (wtl__prng_below(&prng, 4) == 0) {
                (void)sched_yield(); /* others between two calls, where there are few processors */
            }
        }
        (void)pthread_barrier_wait(&gate);
    }
    return NULL;
}

static void show(const struct linear_call *calls, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)printf("  what %d value %ld expected %ld: status %d seen %ld, %lu to %lu\n",
                     (int)calls[i].what, (long)calls[i].value, (long)calls[i].expected,
                     (int)calls[i].status, (long)calls[i].seen, (unsigned long)calls[i].begin_ns,
                     (unsigned long)calls[i].end_ns);
    }
}

/* What the key holds between two rounds. */
static int64_t value_now(unsigned key)
{
    uint8_t room[16];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    wtl__table_enter();
    enum wtl_status status = wtl__table_lookup(table, key_at(key), &writer);
    wtl__table_leave();
    return status == WTL_OK ? number_in(&writer) : LINEAR_NONE;
}

static bool judge(unsigned round, const int64_t start[KEYS])
{
    for (unsigned key = 0; key < KEYS; key++) {
        struct linear_call calls[LINEAR_CALLS_MAX];
        unsigned count = 0;
        for (unsigned i = 0; i < THREADS * CALLS; i++) {
            if (key_of_call[i / CALLS][i % CALLS] == key) {
                calls[count++] = done[i / CALLS][i % CALLS];
            }
        }
        if (!linear_check(calls, count, start[key])) {
            (void)printf("round %u: the history of a key cannot be explained\n", round);
            show(calls, count);
            return false;
        }
    }
    return true;
}

/* ---- neighbours --------------------------------------------------------------------------- */

enum { LOOKS = WTL_SANITIZED ? 20000 : 400000 };

static _Atomic(bool) looked; /* those who look are done */
static _Atomic(uint64_t) missed;

/* Keys right before and right behind "a" come and go. */
static void *come_and_go(void *argument)
{
    static const uint8_t keys[4][3] = {{0xa1, 'Z'}, {0xa1, '`'}, {0xa2, 'a', 'a'}, {0xa1, 'b'}};
    struct wtl__prng prng;
    wtl__prng_init(&prng, (uint64_t)(uintptr_t)argument + 100);
    while (!atomic_load_explicit(&looked, memory_order_relaxed)) {
        unsigned index = (unsigned)wtl__prng_below(&prng, 4);
        struct wtl__key key = {keys[index], index == 2 ? 3 : 2};
        wtl__table_enter();
        if (wtl__prng_below(&prng, 2) == 0) {
            (void)!wtl__table_insert(table, key, WTL_BYTES_I64(1), 0, false);
        } else {
            (void)!wtl__table_remove(table, key);
        }
        wtl__table_leave();
    }
    return NULL;
}

/* By its name, and by a walk from before it: in an ordered table from a key that is not there. */
static void *look(void *argument)
{
    uint64_t not_found = 0;
    const uint32_t *start_size = argument;
    for (unsigned i = 0; i < LOOKS; i++) {
        struct wtl_table_cursor cursor = {.size = *start_size, .key = {0xa1, 'Y'}};
        wtl__table_enter();
        not_found += wtl__table_lookup(table, key_at(0), NULL) != WTL_OK;
        not_found += i % 8 == 0 && wtl__table_step(table, &cursor, false) != WTL_OK;
        wtl__table_leave();
    }
    atomic_fetch_add(&missed, not_found);
    return NULL;
}

/* With `table` there, and "a" in it. */
static bool stays(enum wtl_table_kind kind, const char *name)
{
    uint32_t start_size = kind == WTL_TABLE_ORDERED ? 2 : 0;
    pthread_t threads[THREADS];
    atomic_store(&looked, false);
    atomic_store(&missed, 0);
    for (uintptr_t i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, i % 2 == 0 ? look : come_and_go,
                             i % 2 == 0 ? (void *)&start_size : (void *)i);
    }
    for (unsigned i = 0; i < THREADS; i += 2) {
        (void)pthread_join(threads[i], NULL);
    }
    atomic_store(&looked, true);
    for (unsigned i = 1; i < THREADS; i += 2) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)printf("%s: %lu looks for a key that stays, %lu missed it\n", name,
                 (unsigned long)LOOKS * THREADS / 2, (unsigned long)atomic_load(&missed));
    return atomic_load(&missed) == 0;
}

static void freed(void *context)
{
    (void)context;
}

static bool check(enum wtl_table_kind kind, const char *name)
{
    pthread_t threads[THREADS];
    const uint64_t seed[2] = {3, 4};
    struct wtl_table_options options = {.kind = kind};
    bool linear = true;
    uint64_t calls = 0;
    if (wtl__table_create(&options, wtl__clock_system(), seed, &table) != WTL_OK) {
        return false;
    }
    (void)pthread_barrier_init(&gate, NULL, THREADS + 1);
    for (uintptr_t i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, run, (void *)i);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        int64_t start[KEYS] = {value_now(0), value_now(1)};
        (void)pthread_barrier_wait(&gate);
        (void)pthread_barrier_wait(&gate);
        linear = linear && judge(round, start);
        calls += THREADS * CALLS;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&gate);
    wtl__table_enter();
    bool found = wtl__table_insert(table, key_at(0), WTL_BYTES_I64(1), 0, false) == WTL_OK;
    wtl__table_leave();
    found = found && stays(kind, name);
    wtl__table_destroy(table, freed, NULL);
    wtl__table_wait();
    (void)printf("%s: %lu calls of %d threads, %s\n", name, (unsigned long)calls, THREADS,
                 linear ? "linearizable" : "NOT linearizable");
    return linear && found;
}

int main(void)
{
    (void)alarm(SECONDS);
    bool set = check(WTL_TABLE_SET, "set");
    bool ordered = check(WTL_TABLE_ORDERED, "ordered");
    wtl__pool_flush();
    if (WTL_SANITIZED && wtl__pool_stats().used_bytes != 0) {
        (void)printf("%lu bytes are left\n", (unsigned long)wtl__pool_stats().used_bytes);
        return 1;
    }
    return set && ordered ? 0 : 1;
}
