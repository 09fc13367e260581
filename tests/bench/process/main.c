/*
 * main.c - what a process of its own costs a module: the same actor in the node and out of it.
 *
 * usage: bench_process MODULE HOST [ROUNDS]
 *   start    from the spawn of an actor whose module has no process to its first answer
 *   call     a call and its reply, 64 bytes, one at a time
 *   flood    messages of a small number, one way, through a blocking mailbox
 *
 * Thread: the main one waits; actors run on two workers.
 */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <wattle/runtime.h>

#include "process/isolated.h"

#define CHUNK 100u

static struct {
    struct wtl_runtime *runtime;
    uint64_t rounds;
    uint64_t *times_ns;
    const struct wtl_actor *type;
    sem_t finished;
} bench;

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void report(const char *name, const char *where, double value, const char *unit)
{
    (void)printf("process_%s\twattle\t%s\t%.1f\t%s\n", name, where, value, unit);
    (void)fflush(stdout);
}

static __attribute__((noreturn)) void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_process: %s: %s\n", what, why);
    exit(1);
}

/* ---- the actor that asks -------------------------------------------------------------------- */

struct asker {
    struct wtl_pid echo;
    uint64_t sent;
    uint64_t begun_ns;
};

static void put_record(struct wtl_ctx *x, struct wtl_writer *body)
{
    static const uint8_t bytes[60];
    (void)wtl_message_open(x, body, 64);
    wtl_put_bin(body, bytes, sizeof bytes);
}

static void call(struct wtl_ctx *x, struct asker *asker);

static enum wtl_status on_echo(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    struct asker *asker = self;
    (void)context;
    if (answer->status != WTL_OK) {
        fail("call", wtl_status_word(answer->status));
    }
    bench.times_ns[asker->sent++] = wtl_now_ns(x) - asker->begun_ns;
    if (asker->sent < bench.rounds) {
        call(x, asker);
    } else {
        (void)sem_post(&bench.finished);
    }
    return WTL_OK;
}

static void call(struct wtl_ctx *x, struct asker *asker)
{
    struct wtl_writer body;
    put_record(x, &body);
    asker->begun_ns = wtl_now_ns(x);
    (void)wtl_call(x, asker->echo, WTL_TAG("echo"), &body,
                   &(struct wtl_call_options){.on_answer = on_echo});
}

static enum wtl_status on_total(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl_reader reader = wtl_read(&answer->message);
    (void)x;
    (void)self;
    (void)context;
    if (wtl_get_u64(&reader) != bench.rounds) {
        fail("flood", "not all have come");
    }
    (void)sem_post(&bench.finished);
    return WTL_OK;
}

static void flood(struct wtl_ctx *x, struct asker *asker)
{
    for (unsigned i = 0; i < CHUNK && asker->sent < bench.rounds; i++, asker->sent++) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, asker->sent);
        enum wtl_status status = wtl_try_tell(x, asker->echo, WTL_TAG("count"), &body);
        if (status == WTL_BUSY) {
            asker->sent++;
            break;
        }
        if (status != WTL_OK) {
            fail("flood", wtl_status_word(status));
        }
    }
    if (asker->sent < bench.rounds) {
        wtl_tell(x, wtl_self(x), WTL_TAG("flood"), NULL);
    } else {
        (void)wtl_call(x, asker->echo, WTL_TAG("total"), NULL,
                       &(struct wtl_call_options){.on_answer = on_total, .deadline_ms = 60000});
    }
}

static enum wtl_status asker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct asker *asker = self;
    if (wtl_is(message, "end")) {
        wtl_exit(x, asker->echo, WTL_REASON(WTL_EXIT_KILL, "kill"));
        return WTL_STOP;
    }
    if (wtl_pid_is_none(asker->echo)) {
        asker->echo = wtl_spawn(x, bench.type, NULL);
    }
    if (wtl_is(message, "flood")) {
        flood(x, asker);
    } else {
        call(x, asker);
    }
    return WTL_OK;
}

static WTL_ACTOR(asker_type, struct asker, .handle = asker_handle);

/* ---- what is measured ----------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* One run with an asker of its own; returns how long it took. */
static uint64_t run(const struct wtl_actor *type, const char *tag, uint64_t rounds)
{
    bench.type = type;
    bench.rounds = rounds;
    struct wtl_pid asker = wtl_runtime_spawn(bench.runtime, &asker_type, NULL);
    uint64_t begun_ns = now_ns();
    (void)!wtl_runtime_tell(bench.runtime, asker, wtl_tag_make(tag, strlen(tag)), NULL);
    (void)sem_wait(&bench.finished);
    uint64_t took_ns = now_ns() - begun_ns;
    (void)!wtl_runtime_tell(bench.runtime, asker, WTL_TAG("end"), NULL);
    wtl_runtime_join(bench.runtime, asker);
    return took_ns;
}

static void measure(const struct wtl_actor *type, const char *where, uint64_t rounds)
{
    (void)run(type, "call", rounds / 20 + 1);
    (void)run(type, "call", rounds / 20 + 1);
    (void)run(type, "call", rounds / 4);
    qsort(bench.times_ns, rounds / 4, sizeof *bench.times_ns, compare);
    uint64_t p50_ns = bench.times_ns[rounds / 8];
    uint64_t p99_ns = bench.times_ns[rounds / 4 * 99 / 100];
    report("call_p50", where, (double)p50_ns / 1000, "us");
    report("call_p99", where, (double)p99_ns / 1000, "us");
    (void)run(type, "flood", rounds / 4);
    uint64_t took_ns = run(type, "flood", rounds * 4);
    report("flood", where, (double)rounds * 4 * 1e9 / (double)took_ns, "messages/s");
}

static void measure_start(const char *path, const struct wtl__isolated_config *config)
{
    enum { STARTS = 21 };
    uint64_t times_ns[STARTS];
    struct wtl_error error = {0};
    for (unsigned i = 0; i < STARTS; i++) {
        struct wtl__isolated *module = NULL;
        if (wtl_runtime_create(&(struct wtl_runtime_options){.workers = 2}, &bench.runtime,
                               &error) != WTL_OK ||
            wtl__isolated_open(path, config, &module, &error) != WTL_OK) {
            fail("start", error.text);
        }
        times_ns[i] = run(wtl__isolated_module(module)->actors[0], "call", 1);
        wtl_runtime_stop(bench.runtime, 5000);
        wtl_runtime_destroy(bench.runtime);
        wtl__isolated_close(module);
    }
    qsort(times_ns, STARTS, sizeof times_ns[0], compare);
    uint64_t p50_ns = times_ns[STARTS / 2];
    report("start_p50", "process", (double)p50_ns / 1000, "us");
}

int main(int argc, char *argv[])
{
    struct wtl_error error = {0};
    struct wtl__modules modules;
    const struct wtl__module *here = NULL;
    struct wtl__isolated *there = NULL;
    if (argc < 3) {
        fail("usage", "bench_process MODULE HOST [ROUNDS]");
    }
    const struct wtl__isolated_config config = {.program = argv[2]};
    uint64_t rounds = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
    bench.times_ns = calloc(rounds + 1, sizeof *bench.times_ns);
    (void)sem_init(&bench.finished, 0, 0);
    wtl__modules_init(&modules);
    if (bench.times_ns == NULL) {
        fail("memory", "there is none");
    }
    measure_start(argv[1], &config);
    if (wtl_runtime_create(&(struct wtl_runtime_options){.workers = 2}, &bench.runtime, &error) !=
            WTL_OK ||
        wtl__module_load(&modules, argv[1], WTL__MODULE_SEALED, &here, &error) != WTL_OK ||
        wtl__isolated_open(argv[1], &config, &there, &error) != WTL_OK) {
        fail("open", error.text);
    }
    measure(here->entry->actors[0], "node", rounds);
    measure(wtl__isolated_module(there)->actors[0], "process", rounds);
    wtl_runtime_stop(bench.runtime, 5000);
    wtl_runtime_destroy(bench.runtime);
    wtl__isolated_close(there);
    wtl__modules_deinit(&modules);
    free(bench.times_ns);
    return 0;
}
