/*
 * program.h - what the programs for the thread sanitizer share: a runtime on real threads, a count
 * that is waited for, and a watchdog that turns a hang into a failure.
 *
 * Thread: main's, but for program_count and what is marked otherwise.
 */
#ifndef WTL_TESTS_SCHED_PROGRAM_H
#define WTL_TESTS_SCHED_PROGRAM_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <wattle/runtime.h>
#include <wattle/wattle.h>

#include "base/attr.h"
#include "base/pool.h"

/* A program that takes longer than this hangs; under a sanitizer it runs for a few seconds. */
#define PROGRAM_SECONDS 150u

static struct wtl_runtime *program_runtime;
static _Atomic(uint64_t) program_counted;
static _Atomic(uint64_t) program_awaited;
static pthread_mutex_t program_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t program_reached = PTHREAD_COND_INITIALIZER;

/* Starts the watchdog, and a runtime with so many workers. */
static inline void program_begin(unsigned workers, bool battery)
{
    struct wtl_runtime_options options = {.workers = workers, .battery = battery, .seed = 1};
    struct wtl_error error = {0};
    (void)alarm(PROGRAM_SECONDS);
    enum wtl_status status = wtl_runtime_create(&options, &program_runtime, &error);
    WTL_ASSERT(status == WTL_OK);
    atomic_store(&program_counted, 0);
}

/* Ends the runtime; nothing may be left, not even a byte: under a sanitizer the count of bytes is
 * exact, otherwise blocks wait for the next threads that adopt the workers' pools. */
static inline void program_end(const char *what)
{
    wtl_runtime_stop(program_runtime, 1000);
    WTL_ASSERT(wtl_runtime_live(program_runtime) == 0);
    wtl_runtime_destroy(program_runtime);
    WTL_ASSERT(!WTL_SANITIZED || wtl__pool_stats().used_bytes == 0);
    (void)printf("%s: %lu\n", what, (unsigned long)atomic_load(&program_counted));
    (void)fflush(stdout);
}

/* One more of what is waited for. Thread: any. */
static inline void program_count(void)
{
    /* seq_cst, as in program_wait: the count is written before `awaited` is read, there the other
     * way round, so that one of the two sees the other */
    if (atomic_fetch_add(&program_counted, 1) + 1 == atomic_load(&program_awaited)) {
        (void)pthread_mutex_lock(&program_lock);
        (void)pthread_cond_signal(&program_reached);
        (void)pthread_mutex_unlock(&program_lock);
    }
}

static inline void program_wait(uint64_t count)
{
    (void)pthread_mutex_lock(&program_lock);
    atomic_store(&program_awaited, count);
    while (atomic_load(&program_counted) < count) {
        (void)pthread_cond_wait(&program_reached, &program_lock);
    }
    (void)pthread_mutex_unlock(&program_lock);
}

static inline struct wtl_pid program_spawn(const struct wtl_actor *type, struct wtl_writer *args)
{
    struct wtl_spawn_options options = {.args = args};
    struct wtl_pid pid = wtl_runtime_spawn(program_runtime, type, &options);
    WTL_ASSERT(!wtl_pid_is_none(pid));
    return pid;
}

/* A message with one number, from outside any actor. */
static inline enum wtl_status program_tell(struct wtl_pid to, struct wtl_tag tag, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 16);
    wtl_put_u64(&body, number);
    return wtl_runtime_tell(program_runtime, to, tag, &body);
}

/* The same from within an actor. Thread: the actor's. */
static inline enum wtl_status program_send(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                                           uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number);
    return wtl_try_tell(x, to, tag, &body);
}

/* Thread: any. */
static inline uint64_t program_number(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return wtl_get_u64(&reader);
}

#endif
