/* seeds.c - a test over many seeds, and with each allocation failing in turn. See world.h. */
#include "testkit/world.h"

#include <stdio.h>
#include <stdlib.h>

/* Allocations of one run that are made to fail, at most. */
#define ALLOCATIONS_MAX 100000u

/* One test as it is run. */
struct trial {
    wtl_test_fn fn;
    const struct wtl_test_options *options;
    uint64_t fail_at;          /* the allocation that fails; 0: none */
    wtl_test_failed_fn failed; /* gets the failure at once */
    void *failed_context;
    bool allocation_failed; /* whether it has come to that */
    bool has_failed;
};

static char failure[WTL__TEST_FAILURE_BYTES];

/* The text outlives its world. */
static void keep_failure(void *context, const char *text)
{
    (void)context;
    (void)snprintf(failure, sizeof failure, "%s", text);
}

static void run(struct trial *trial, uint64_t seed)
{
    struct wtl_test *t = wtl__test_create(seed, trial->options->user);
    wtl_test_on_failure(t, trial->failed, trial->failed_context);
    t->is_starved = trial->options->allocations;
    wtl_test_fail_allocation(t, trial->fail_at);
    trial->fn(t);
    wtl__test_end(t);
    trial->allocation_failed = t->allocation_failed;
    trial->has_failed = t->has_failed;
    wtl__test_free(t);
}

static void run_starved(struct trial *trial, uint64_t seed)
{
    const char *given = getenv("WTL_TEST_ALLOCATION");
    if (given != NULL) {
        trial->fail_at = strtoull(given, NULL, 10);
        run(trial, seed);
        return;
    }
    trial->fail_at = 0;
    do {
        trial->fail_at++;
        run(trial, seed);
    } while (trial->allocation_failed && !trial->has_failed && trial->fail_at < ALLOCATIONS_MAX);
}

/* Returns how many seeds were run; the last one is the one that has failed, if any has. */
static uint32_t run_all(struct trial *trial)
{
    uint64_t first = trial->options->seed != 0 ? trial->options->seed : 1;
    uint32_t seeds = trial->options->seeds != 0 ? trial->options->seeds : 1;
    uint32_t ran = 0;
    seeds = getenv("WTL_TEST_SEED") != NULL ? 1 : seeds;
    for (; ran < seeds && !trial->has_failed; ran++) {
        if (trial->options->allocations) {
            run_starved(trial, first + ran);
        } else {
            run(trial, first + ran);
        }
    }
    return ran;
}

const char *wtl_test_try(wtl_test_fn fn, const struct wtl_test_options *options)
{
    static const struct wtl_test_options defaults;
    struct trial trial = {
        .fn = fn, .options = options != NULL ? options : &defaults, .failed = keep_failure};
    (void)run_all(&trial);
    return trial.has_failed ? failure : NULL;
}

/* Where it happens, so that a debugger is there, too. */
static void end_program(void *name, const char *text)
{
    (void)printf("not ok - %s\n", (const char *)name);
    (void)fflush(stdout);
    (void)fputs(text, stderr);
    exit(1);
}

static void run_program(const char *name, wtl_test_fn fn, const struct wtl_test_options *options)
{
    struct trial trial = {.fn = fn,
                          .options = options,
                          .failed = end_program,
                          .failed_context = (void *)(uintptr_t)name};
    (void)fflush(stdout);
    uint32_t ran = run_all(&trial);
    (void)printf("ok - %s (%u seed%s%s)\n", name, ran, ran == 1 ? "" : "s",
                 options->allocations ? ", each allocation failing in turn" : "");
    (void)fflush(stdout);
}

void wtl_test_run(const char *name, wtl_test_fn fn, uint32_t seeds)
{
    run_program(name, fn, &(struct wtl_test_options){.seeds = seeds});
}

void wtl_test_run_starved(const char *name, wtl_test_fn fn, uint32_t seeds)
{
    run_program(name, fn, &(struct wtl_test_options){.seeds = seeds, .allocations = true});
}
