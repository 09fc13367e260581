/*
 * system.c - the embedding API: workers and runtime put together. See <wattle/runtime.h>.
 *
 * Thread: any but a worker's.
 */
#include "sched/system.h"

#include <stdlib.h>
#include <unistd.h>

#include "actor/names.h"
#include "actor/supervisor.h"
#include "base/cap.h"
#include "base/clock.h"
#include "base/pool.h"
#include "sched/cpus.h"
#include "sched/worker.h"

/* Whoever is alive so long after the last one has ended is killed again: it was spawned meanwhile.
 */
#define KILL_AGAIN_MS 100u

struct wtl_runtime {
    struct wtl__sched sched;
    bool stopped;
    bool is_capped; /* the cap of the process is this one's */
};

struct wtl__runtime *wtl__runtime_of(struct wtl_runtime *runtime)
{
    return &runtime->sched.runtime;
}

void wtl__runtime_poll_with(struct wtl_runtime *runtime, const struct wtl__poller *poller)
{
    /* release pairs with the acquire of wtl__worker_leads: what the poller needs is there */
    atomic_store_explicit(&runtime->sched.poller, poller, memory_order_release);
}

void wtl__runtime_call_worker(struct wtl__runtime *runtime)
{
    wtl__sched_wake_one(runtime->host_self);
}

/* Ends the threads of the first `started` workers, and frees the first `made`. */
static void end_workers(struct wtl__sched *sched, unsigned made, unsigned started)
{
    atomic_store(&sched->stopping, true);
    for (unsigned i = 0; i < started; i++) {
        wtl__worker_wake(&sched->workers[i]);
    }
    for (unsigned i = 0; i < started; i++) {
        (void)pthread_join(sched->workers[i].thread, NULL);
    }
    for (unsigned i = 0; i < made; i++) {
        wtl__worker_deinit(&sched->workers[i]);
    }
    free(sched->workers);
    sched->workers = NULL;
}

/* Without a number: one for each CPU, but two at least. A handler that does not return is noticed
 * by a worker that is not in it; on a lone CPU that one sleeps, and nobody spins. */
static void count_workers(struct wtl__sched *sched, const struct wtl_runtime_options *options)
{
    unsigned count = options->workers != 0 ? options->workers : wtl__cpus_usable();
    bool shares_cpu = options->workers == 0 && count == 1;
    count = shares_cpu ? 2 : count;
    sched->workers_count = count < WTL__WORKERS_MAX ? count : WTL__WORKERS_MAX;
    sched->spins = !options->battery && count > 1 && !shares_cpu;
}

static enum wtl_status start_workers(struct wtl__sched *sched, uint64_t seed,
                                     struct wtl_error *error)
{
    size_t size = sched->workers_count * sizeof *sched->workers;
    sched->workers = aligned_alloc(alignof(struct wtl__worker), size);
    if (sched->workers == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for %u workers", sched->workers_count);
    }
    for (unsigned i = 0; i < sched->workers_count; i++) {
        enum wtl_status status = wtl__worker_init(&sched->workers[i], sched, i, seed);
        if (status != WTL_OK) {
            end_workers(sched, i, 0);
            return wtl_fail(error, status, "cannot make the event loop of worker %u", i);
        }
    }
    for (unsigned i = 0; i < sched->workers_count; i++) {
        int failed =
            pthread_create(&sched->workers[i].thread, NULL, wtl__worker_main, &sched->workers[i]);
        if (failed != 0) {
            end_workers(sched, sched->workers_count, i);
            return wtl_fail(error, WTL_SYSTEM, "cannot start worker %u: %s", i, strerror(failed));
        }
    }
    return WTL_OK;
}

enum wtl_status wtl_runtime_create(const struct wtl_runtime_options *options,
                                   struct wtl_runtime **runtime_out, struct wtl_error *error)
{
    static const struct wtl_runtime_options defaults;
    options = options != NULL ? options : &defaults;
    size_t size = (sizeof(struct wtl_runtime) + 127) / 128 * 128;
    struct wtl_runtime *runtime = aligned_alloc(128, size);
    if (runtime == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for a runtime");
    }
    memset(runtime, 0, size);
    struct wtl__sched *sched = &runtime->sched;
    enum wtl_status status = wtl__runtime_init(
        &sched->runtime, options->node != 0 ? options->node : 1, options->actors_max);
    if (status != WTL_OK) {
        free(runtime);
        return wtl_fail(error, status, "no memory for the table of actors");
    }
    sched->runtime.host = &wtl__worker_ops;
    sched->runtime.host_self = sched;
    count_workers(sched, options);
    wtl__inject_init(&sched->inject);
    wtl__inject_init(&sched->low);
    wtl__inject_init(&sched->high);
    uint64_t seed = options->seed;
    if (seed == 0) {
        seed = wtl__clock_now_ns(wtl__clock_system()) ^ (uint64_t)getpid() << 32;
    }
    status = start_workers(sched, seed, error);
    if (status != WTL_OK) {
        wtl__runtime_deinit(&sched->runtime);
        free(runtime);
        return status;
    }
    if (options->memory_max != 0) {
        runtime->is_capped = true;
        wtl__cap_set(options->memory_max);
    }
    *runtime_out = runtime;
    return WTL_OK;
}

static void exit_signal(struct wtl__runtime *runtime, uint64_t local, struct wtl_reason reason)
{
    struct wtl__envelope *signal = wtl__envelope_new(WTL__EXIT_SEND);
    if (signal != NULL) {
        wtl__set_reason(signal, reason);
        (void)wtl__deliver(runtime, NULL, (struct wtl_pid){.node = runtime->node, .local = local},
                           signal);
    }
}

/* Asks an actor without a parent to end: for it, this is its parent speaking. */
static void shut_down(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    (void)x;
    if (cell != NULL && wtl_pid_is_none(cell->parent)) {
        wtl__cell_fail(cell, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    }
    wtl__pool_give(control);
}

static void ask_shutdown(struct wtl__runtime *runtime, uint64_t local)
{
    struct wtl__control *control = wtl__pool_take(sizeof *control);
    if (control != NULL) {
        *control = (struct wtl__control){.run = shut_down, .signal.msg.kind_ = WTL__CONTROL};
        (void)wtl__deliver(runtime, NULL, (struct wtl_pid){.node = runtime->node, .local = local},
                           &control->signal);
    }
}

static void tell_all(struct wtl__runtime *runtime, bool kill)
{
    uint32_t used = atomic_load(&runtime->cells.used);
    for (uint32_t slot = 0; slot < used; slot++) {
        struct wtl__cell *cell = wtl__cells_at(&runtime->cells, slot);
        uint64_t local = atomic_load(&cell->local);
        if (local != 0 && kill) {
            exit_signal(runtime, local, WTL_REASON(WTL_EXIT_KILL, "kill"));
        } else if (local != 0) {
            ask_shutdown(runtime, local);
        }
    }
}

/* Asks whoever stands around modules' code to end the function that an actor is in: killed, it does
 * not return. One actor at a time, the first that runs from slot `from` on; the next slot is
 * returned. */
static uint32_t interrupt_one(struct wtl__runtime *runtime, uint32_t from)
{
    uint32_t used = atomic_load(&runtime->cells.used);
    for (uint32_t i = 0; i < used; i++) {
        uint32_t slot = (from + i) % used;
        struct wtl__cell *cell = wtl__cells_at(&runtime->cells, slot);
        uint64_t local = atomic_load(&cell->local);
        if (local != 0 && wtl__inbox_activity(&cell->inbox) == WTL__RUNS) {
            wtl__interrupt(runtime, local, 0);
            return slot + 1;
        }
    }
    return 0;
}

static bool wait_empty(struct wtl_runtime *runtime, uint64_t deadline_ns)
{
    while (wtl_runtime_live(runtime) > 0) {
        if (wtl__clock_now_ns(wtl__clock_system()) >= deadline_ns) {
            return false;
        }
        (void)usleep(200);
    }
    return true;
}

/* The same, as long as there are fewer again and again: a million ends take their time, and do not
 * get faster by being asked for twice. */
static bool wait_while_fewer(struct wtl_runtime *runtime)
{
    uint32_t before;
    uint64_t now;
    do {
        before = wtl_runtime_live(runtime);
        now = wtl__clock_now_ns(wtl__clock_system());
    } while (!wait_empty(runtime, now + KILL_AGAIN_MS * WTL__NS_PER_MS) &&
             wtl_runtime_live(runtime) < before);
    return wtl_runtime_live(runtime) == 0;
}

void wtl_runtime_stop(struct wtl_runtime *runtime, uint32_t deadline_ms)
{
    if (runtime->stopped) {
        return;
    }
    runtime->stopped = true;
    uint64_t now = wtl__clock_now_ns(wtl__clock_system());
    tell_all(&runtime->sched.runtime, false);
    if (!wait_empty(runtime, now + deadline_ms * WTL__NS_PER_MS)) {
        uint32_t slot = 0;
        /* killed actors may still be spawned by others that are not killed yet: until none is */
        tell_all(&runtime->sched.runtime, true);
        while (!wait_while_fewer(runtime)) {
            slot = interrupt_one(&runtime->sched.runtime, slot);
            tell_all(&runtime->sched.runtime, true);
        }
    }
}

void wtl_runtime_destroy(struct wtl_runtime *runtime)
{
    if (runtime == NULL) {
        return;
    }
    struct wtl__sched *sched = &runtime->sched;
    wtl_runtime_stop(runtime, 0);
    end_workers(sched, sched->workers_count, sched->workers_count);
    wtl__runtime_deinit(&sched->runtime);
    if (runtime->is_capped) {
        wtl__cap_set(0);
    }
    free(runtime);
    wtl__pool_flush();
}

struct wtl_pid wtl_runtime_spawn(struct wtl_runtime *runtime, const struct wtl_actor *type,
                                 const struct wtl_spawn_options *options)
{
    return wtl__spawn(&runtime->sched.runtime, NULL, type, options, 0);
}

struct wtl_pid wtl_runtime_supervise(struct wtl_runtime *runtime, const struct wtl_tree *tree,
                                     const char *name)
{
    struct wtl_spawn_options options = {.name = name};
    return wtl__supervise_in(&runtime->sched.runtime, NULL, tree, &options);
}

bool wtl_runtime_message(struct wtl_writer *writer, size_t size)
{
    return wtl__message_open(writer, size);
}

enum wtl_status wtl_runtime_tell(struct wtl_runtime *runtime, struct wtl_pid to, struct wtl_tag tag,
                                 struct wtl_writer *body)
{
    struct wtl__envelope *envelope = wtl__message_take(body, WTL__MESSAGE);
    if (envelope == NULL) {
        wtl__count(&runtime->sched.runtime, WTL__COUNT_DROPPED_MEMORY);
        return wtl__message_fault(body);
    }
    envelope->msg.tag = tag;
    return wtl__deliver(&runtime->sched.runtime, NULL, to, envelope);
}

void wtl_runtime_join(struct wtl_runtime *runtime, struct wtl_pid pid)
{
    while (wtl__cells_find(&runtime->sched.runtime.cells, pid.local) != NULL) {
        (void)usleep(200);
    }
}

struct wtl_pid wtl_runtime_whereis(struct wtl_runtime *runtime, const char *name)
{
    return wtl__name_find(&runtime->sched.runtime, name);
}

uint32_t wtl_runtime_live(const struct wtl_runtime *runtime)
{
    return atomic_load(&runtime->sched.runtime.cells.live);
}

unsigned wtl_runtime_workers(const struct wtl_runtime *runtime)
{
    return runtime->sched.workers_count;
}
