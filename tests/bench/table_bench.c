/*
 * table_bench.c - OW07 and E03: a table with a million entries under readers and writers, beside
 * the same map in one actor that is asked; and one value that everybody reads while it is replaced.
 *
 * usage: table_bench [ENTRIES [SECONDS [WORKERS [shared]]]]
 *        (1000000 2 0; 0 workers: one for each CPU; shared: the one value alone)
 *
 * Readers and writers are actors. Each does a chunk of calls in one run of its function and then
 * gives way. Prints bench<TAB>system<TAB>metric<TAB>value<TAB>unit; asserts nothing about time.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <wattle/runtime.h>
#include <wattle/wattle.h>

#include "base/attr.h"
#include "base/map.h"

enum { CHUNK = 16, SELECTED = 64, READERS = 32, SAMPLES = 4096 };

static struct wtl_runtime *runtime;
static uint64_t entries = 1000000;
static double seconds = 2;

static struct wtl_table table;
static _Atomic(bool) stopping;
static _Atomic(uint64_t) ready; /* actors that are there */
static _Atomic(uint64_t) reads;
static _Atomic(uint64_t) writes;

/* How long single writes took, of the first writer. */
static uint64_t samples[SAMPLES];
static _Atomic(uint32_t) samples_count;

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void report(const char *system, const char *metric, double value, const char *unit)
{
    (void)printf("table\t%s\t%s\t%.3f\t%s\n", system, metric, value, unit);
    (void)fflush(stdout);
}

static void go_on(struct wtl_ctx *x)
{
    if (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        wtl_tell(x, wtl_self(x), WTL_TAG("go"), NULL);
    }
}

static uint64_t some_id(struct wtl_ctx *x)
{
    return wtl_random(x) % entries;
}

/* ---- who fills it ------------------------------------------------------------------------- */

static struct wtl_table_options options;

static enum wtl_status owner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    uint64_t *filled = self;
    if (wtl_is(message, "create")) {
        *filled = 0;
        WTL_ASSERT(wtl_table_create(x, &options, &table) == WTL_OK);
        wtl_tell(x, wtl_self(x), WTL_TAG("fill"), NULL);
    } else if (wtl_is(message, "fill")) {
        for (unsigned i = 0; i < CHUNK && *filled < entries; i++, (*filled)++) {
            WTL_ASSERT(wtl_table_insert(x, table, WTL_BYTES_U64(*filled),
                                        WTL_BYTES_U64(*filled + 1)) == WTL_OK);
        }
        if (*filled < entries) {
            wtl_tell(x, wtl_self(x), WTL_TAG("fill"), NULL);
        } else {
            atomic_fetch_add(&ready, 1);
        }
    } else {
        WTL_ASSERT(wtl_table_destroy(x, table) == WTL_OK);
        atomic_fetch_add(&ready, 1);
    }
    return WTL_OK;
}

static WTL_ACTOR(owner, uint64_t, .handle = owner_handle);

/* ---- readers and writers ------------------------------------------------------------------ */

static enum wtl_status reader_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (unsigned i = 0; i < CHUNK; i++) {
        uint8_t room[16];
        uint64_t id = some_id(x);
        struct wtl_writer value = wtl_writer_over(room, sizeof room);
        enum wtl_status status = wtl_table_lookup(x, table, WTL_BYTES_U64(id), &value);
        WTL_ASSERT(status == WTL_OK && wtl_written(&value) > 0);
    }
    atomic_fetch_add_explicit(&reads, CHUNK, memory_order_relaxed);
    go_on(x);
    return WTL_OK;
}

static enum wtl_status writer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (unsigned i = 0; i < CHUNK; i++) {
        uint64_t id = some_id(x);
        enum wtl_status status = wtl_table_insert(x, table, WTL_BYTES_U64(id), WTL_BYTES_U64(id));
        WTL_ASSERT(status == WTL_OK || status == WTL_BUSY);
    }
    atomic_fetch_add_explicit(&writes, CHUNK, memory_order_relaxed);
    go_on(x);
    return WTL_OK;
}

static enum wtl_status adder_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (unsigned i = 0; i < CHUNK; i++) {
        enum wtl_status status = wtl_table_add(x, table, WTL_BYTES_U64(some_id(x)), 1, 0, NULL);
        WTL_ASSERT(status == WTL_OK || status == WTL_BUSY);
    }
    atomic_fetch_add_explicit(&writes, CHUNK, memory_order_relaxed);
    go_on(x);
    return WTL_OK;
}

static bool on_entry(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                     void *context)
{
    (void)x;
    (void)key;
    *(uint64_t *)context += wtl_get_u64(&value) & 1;
    return true;
}

static enum wtl_status scanner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_table_cursor *cursor = self;
    struct wtl_table_match match = {.limit = SELECTED};
    uint64_t sum = 0;
    (void)message;
    if (wtl_table_select(x, table, &match, cursor, on_entry, &sum) == WTL_OK) {
        cursor->size = 0;
    }
    atomic_fetch_add_explicit(&reads, SELECTED, memory_order_relaxed);
    go_on(x);
    return WTL_OK;
}

static WTL_ACTOR(reader, uint64_t, .handle = reader_handle);
static WTL_ACTOR(writer, uint64_t, .handle = writer_handle);
static WTL_ACTOR(adder, uint64_t, .handle = adder_handle);
static WTL_ACTOR(scanner, struct wtl_table_cursor, .handle = scanner_handle);

/* ---- one value that all read: a configuration --------------------------------------------- */

static uint8_t config[64 * 1024];
static size_t config_size = sizeof config;

static enum wtl_status borrower_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (unsigned i = 0; i < WTL_TABLE_BORROWED_MAX; i++) {
        struct wtl_reader value;
        enum wtl_status status = wtl_table_borrow(x, table, WTL_BYTES_STR("config"), &value);
        WTL_ASSERT(status == WTL_OK && wtl_left(&value) == config_size);
    }
    atomic_fetch_add_explicit(&reads, WTL_TABLE_BORROWED_MAX, memory_order_relaxed);
    go_on(x);
    return WTL_OK;
}

/* Replaces it a thousand times a second. */
static enum wtl_status updater_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    uint64_t begin = now_ns();
    enum wtl_status status =
        wtl_table_insert(x, table, WTL_BYTES_STR("config"), wtl_bytes_over(config, config_size));
    uint64_t took = now_ns() - begin;
    WTL_ASSERT(status == WTL_OK || status == WTL_BUSY);
    uint32_t at = atomic_fetch_add(&samples_count, 1);
    if (at < SAMPLES) {
        samples[at] = took;
    }
    atomic_fetch_add_explicit(&writes, 1, memory_order_relaxed);
    if (!atomic_load(&stopping)) {
        (void)wtl_after(x, 1, WTL_TAG("go"), NULL);
    }
    return WTL_OK;
}

static WTL_ACTOR(borrower, uint64_t, .handle = borrower_handle);
static WTL_ACTOR(updater, uint64_t, .handle = updater_handle);

/* ---- the same map in one actor ------------------------------------------------------------ */

static struct wtl_pid keeper_pid;

static enum wtl_status keeper_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct wtl__map *map = self;
    (void)x;
    (void)settings;
    (void)args;
    wtl__map_init(map, WTL__MAP_ENTRIES_MAX, 1);
    for (uint64_t id = 0; id < entries; id++) {
        WTL_ASSERT(wtl__map_put(map, 0, id, (void *)(uintptr_t)(id + 1)) == WTL_OK);
    }
    keeper_pid = wtl_self(x);
    atomic_fetch_add(&ready, 1);
    return WTL_OK;
}

static enum wtl_status keeper_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_reader question = wtl_read(message);
    void *value = wtl__map_get(self, 0, wtl_get_u64(&question));
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, (uintptr_t)value);
    wtl_reply(x, message, &body);
    return WTL_OK;
}

static enum wtl_status keeper_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    (void)x;
    (void)reason;
    wtl__map_deinit(self);
    return WTL_OK;
}

static WTL_ACTOR(keeper, struct wtl__map, .mailbox_max = WTL_MAILBOX_LIMIT, .init = keeper_init,
                 .handle = keeper_handle, .stop = keeper_stop);

/* Asks, and asks again when it was answered; 16 questions at a time. */
static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context);

static void ask(struct wtl_ctx *x)
{
    static const struct wtl_call_options call = {.on_answer = on_answer};
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, some_id(x));
    (void)wtl_call(x, keeper_pid, WTL_TAG("get"), &body, &call);
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)self;
    (void)context;
    WTL_ASSERT(answer->status == WTL_OK);
    atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
    if (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
        ask(x);
    }
    return WTL_OK;
}

static enum wtl_status asker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    (void)message;
    for (unsigned i = 0; i < 16; i++) {
        ask(x);
    }
    return WTL_OK;
}

static WTL_ACTOR(asker, uint64_t, .handle = asker_handle);

/* ---- runs --------------------------------------------------------------------------------- */

static void tell(struct wtl_pid to, struct wtl_tag tag)
{
    WTL_ASSERT(wtl_runtime_tell(runtime, to, tag, NULL) == WTL_OK);
}

static void wait_ready(uint64_t count)
{
    while (atomic_load(&ready) < count) {
        (void)usleep(1000);
    }
}

static double processor_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* What a run took: by the clock, and of the processors, which counts the runtime's own threads too
 * and does not depend on who else uses the machine. */
struct took {
    double seconds;
    double processor_ns;
};

/* Runs so many of each type for a while. */
static struct took run(const struct wtl_actor *first, unsigned firsts,
                       const struct wtl_actor *second, unsigned seconds_count)
{
    struct wtl_pid pids[128];
    unsigned count = 0;
    atomic_store(&stopping, false);
    for (unsigned i = 0; i < firsts + seconds_count; i++) {
        pids[count++] = wtl_runtime_spawn(runtime, i < firsts ? first : second, NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        tell(pids[i], WTL_TAG("go"));
    }
    (void)usleep(200000);
    atomic_store(&reads, 0);
    atomic_store(&writes, 0);
    uint64_t begin = now_ns();
    double used_ns = processor_ns();
    (void)usleep((useconds_t)(seconds * 1e6));
    struct took took = {.seconds = (double)(now_ns() - begin) / 1e9,
                        .processor_ns = processor_ns() - used_ns};
    atomic_store(&stopping, true);
    uint64_t read = atomic_load(&reads);
    uint64_t written = atomic_load(&writes);
    (void)usleep(100000); /* what was under way comes to its end */
    atomic_store(&reads, read);
    atomic_store(&writes, written);
    return took;
}

static void rate(const char *system, const char *metric, const _Atomic(uint64_t) *count,
                 struct took took)
{
    report(system, metric, (double)atomic_load(count) / took.seconds / 1e6, "M/s");
}

/* The same, and what one took of a processor. */
static void rate_alone(const char *system, const char *metric, const _Atomic(uint64_t) *count,
                       struct took took)
{
    rate(system, metric, count, took);
    report(system, metric, took.processor_ns / (double)atomic_load(count), "ns of a processor");
}

static double fill(struct wtl_pid pid, struct wtl_table_options with)
{
    options = with;
    options.access = WTL_TABLE_PUBLIC;
    options.bytes_max = UINT64_C(1) << 34;
    uint64_t before = atomic_load(&ready);
    uint64_t begin = now_ns();
    tell(pid, WTL_TAG("create"));
    wait_ready(before + 1);
    return (double)(now_ns() - begin) / (double)entries;
}

static void drop(struct wtl_pid pid)
{
    uint64_t before = atomic_load(&ready);
    tell(pid, WTL_TAG("destroy"));
    wait_ready(before + 1);
    (void)usleep(500000); /* it is freed on another thread */
}

static void tables(struct wtl_pid pid, enum wtl_table_kind kind, const char *name)
{
    report(name, "insert of a new key", fill(pid, (struct wtl_table_options){.kind = kind}), "ns");
    (void)usleep(500000); /* until it has its buckets */
    rate_alone(name, "lookups, 1 reader", &reads, run(&reader, 1, NULL, 0));
    rate_alone(name, "lookups, 32 readers", &reads, run(&reader, READERS, NULL, 0));
    struct took took = run(&reader, READERS, &writer, 4);
    rate(name, "lookups, 32 readers beside 4 writers", &reads, took);
    rate(name, "writes of those 4", &writes, took);
    rate_alone(name, "writes, 4 writers", &writes, run(&writer, 4, NULL, 0));
    rate_alone(name, "counters, 4 actors", &writes, run(&adder, 4, NULL, 0));
    rate_alone(name, "entries selected, 1 actor", &reads, run(&scanner, 1, NULL, 0));
    drop(pid);
}

static int by_size(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* All workers read it at once; then while it is replaced. */
static void shared_value(struct wtl_pid pid, size_t size)
{
    uint64_t all = entries;
    char name[64];
    config_size = size;
    (void)snprintf(name, sizeof name, "one value of %zu bytes, %u workers", size,
                   wtl_runtime_workers(runtime));
    entries = 0;
    (void)fill(pid, (struct wtl_table_options){.kind = WTL_TABLE_SET});
    entries = all;
    atomic_store(&samples_count, 0);
    struct wtl_pid once = wtl_runtime_spawn(runtime, &updater, NULL);
    atomic_store(&stopping, true);
    tell(once, WTL_TAG("go"));
    while (atomic_load(&samples_count) == 0) {
        (void)usleep(1000);
    }
    rate_alone(name, "reads", &reads, run(&borrower, READERS, NULL, 0));
    atomic_store(&samples_count, 0);
    rate(name, "reads, replaced 1000 times a second", &reads, run(&borrower, READERS, &updater, 1));
    uint32_t count = atomic_load(&samples_count);
    count = count < SAMPLES ? count : SAMPLES;
    qsort(samples, count, sizeof samples[0], by_size);
    report(name, "updates beside them", (double)count, "");
    uint32_t median = count / 2;
    uint32_t last_of_99 = count - 1 - count / 100;
    report(name, "one such update, p50", (double)samples[median] / 1e3, "us");
    report(name, "one such update, p99", (double)samples[last_of_99] / 1e3, "us");
    report(name, "one such update, the longest", (double)samples[count - 1] / 1e3, "us");
    drop(pid);
}

static void one_actor(void)
{
    uint64_t before = atomic_load(&ready);
    struct wtl_pid pid = wtl_runtime_spawn(runtime, &keeper, NULL);
    wait_ready(before + 1);
    (void)pid;
    rate_alone("one actor", "lookups, 32 askers", &reads, run(&asker, READERS, NULL, 0));
}

int main(int count, char **words)
{
    struct wtl_error error = {0};
    struct wtl_runtime_options runtime_options = {.seed = 1};
    entries = count > 1 ? strtoull(words[1], NULL, 10) : entries;
    seconds = count > 2 ? strtod(words[2], NULL) : seconds;
    runtime_options.workers = count > 3 ? (unsigned)strtoul(words[3], NULL, 10) : 0;
    bool alone = count == 5 && strcmp(words[4], "shared") == 0;
    if (entries == 0 || seconds <= 0 || count > 5 || (count == 5 && !alone)) {
        (void)fprintf(stderr, "usage: table_bench [ENTRIES [SECONDS [WORKERS [shared]]]]\n");
        return 2;
    }
    if (wtl_runtime_create(&runtime_options, &runtime, &error) != WTL_OK) {
        (void)fprintf(stderr, "table_bench: %s\n", error.text);
        return 1;
    }
    struct wtl_pid pid = wtl_runtime_spawn(runtime, &owner, NULL);
    if (!alone) {
        tables(pid, WTL_TABLE_SET, "set");
        tables(pid, WTL_TABLE_ORDERED, "ordered");
    }
    shared_value(pid, 64);
    shared_value(pid, sizeof config);
    if (!alone) {
        one_actor();
    }
    wtl_runtime_stop(runtime, 5000);
    wtl_runtime_destroy(runtime);
    return 0;
}
