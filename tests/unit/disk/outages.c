/* outages.c - a power cut at any write or sync: what the policy promises is there afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kit.h"
#include "model.h"
#include "power.h"

#include "../../support/seeds.h"

enum { ASKED = 400, AT_ONCE = 24, FLUSHES = 7 };

static struct {
    char folder[64];
    char path[96];
    const char *sync;
    uint64_t cut_at; /* 0: to see how many events there are */
    uint64_t events;
    uint32_t asked;
    uint32_t acked;
    uint32_t flushed; /* acknowledged before a flush that has succeeded */
} outage;

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    uint32_t number = *(const uint32_t *)context;
    (void)x;
    (void)self;
    if (answer->status == WTL_OK || answer->status == WTL_NOT_FOUND) {
        outage.acked = number + 1;
    }
    return WTL_OK;
}

static enum wtl_status on_flush(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    (void)x;
    (void)self;
    if (answer->status == WTL_OK) {
        outage.flushed = *(const uint32_t *)context;
    }
    return WTL_OK;
}

/* Asks, some at once, until all is done or there is no power. */
static void writes(struct wtl_test *t)
{
    struct wtl_ctx *x = wtl_test_ctx(t);
    power_cut_at(outage.cut_at, wtl_test_seed(t));
    struct wtl_pid pid = kit_start_at(t, outage.path, outage.sync, NULL);
    for (uint32_t i = 0; i < ASKED && !power_is_cut(); i++) {
        struct wtl_call_options options = {
            .on_answer = on_answer, .context = &i, .context_size = sizeof i};
        model_ask(x, pid, i, &options);
        outage.asked = i + 1;
        if (i % (ASKED / FLUSHES) == 0) {
            options.on_answer = on_flush;
            (void)wtl_call(x, pid, WTL_TAG("flush"), NULL, &options);
        }
        if (i % AT_ONCE == wtl_random(x) % AT_ONCE || i - outage.acked > AT_ONCE) {
            wtl_test_settle(t);
        }
    }
    wtl_test_settle(t);
    outage.events = power_events();
    if (!wtl_test_lives(t, pid)) { /* the power was gone before it was there */
        wtl_test_expect_end(t, pid, "error:storage_full");
        wtl_test_check(t, outage.acked == 0, "nobody was answered");
    }
}

/* After a cut nothing that was asked later may be carried out: all of it fails. */
static void is_there(struct wtl_test *t)
{
    struct model none;
    struct model is;
    bool full = strcmp(outage.sync, "sync=full") == 0;
    uint32_t least = full ? outage.acked : outage.flushed;
    struct wtl_pid pid = kit_start_at(t, outage.path, outage.sync, NULL);
    model_init(&none);
    for (uint32_t i = 0; i < least; i++) {
        model_change(&none, i);
    }
    wtl_test_check(t, model_read(wtl_test_ctx(t), "t", &is), "something else is there");
    wtl_test_check(t, model_find(&none, &is, least, outage.asked) != UINT32_MAX,
                   "cut at event %ju: the table is not as after %u to %u changes",
                   (uintmax_t)outage.cut_at, least, outage.asked);
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
}

static void passes(wtl_test_fn fn, uint64_t seed)
{
    const char *failure = wtl_test_try(fn, &(struct wtl_test_options){.seed = seed});
    cr_assert_null(failure, "%s", failure);
}

static void run(uint64_t seed, uint64_t cut_at)
{
    char other[128];
    outage.cut_at = cut_at;
    outage.asked = outage.acked = outage.flushed = 0;
    passes(writes, seed);
    power_back();
    passes(is_there, seed);
    power_back();
    for (unsigned i = 0; i < 3; i++) {
        static const char *const ends[] = {"", "-wal", "-shm"};
        (void)snprintf(other, sizeof other, "%s%s", outage.path, ends[i]);
        (void)unlink(other);
    }
}

static void cut(const char *sync)
{
    (void)snprintf(outage.folder, sizeof outage.folder, "/tmp/wattle-power-XXXXXX");
    cr_assert_not_null(mkdtemp(outage.folder));
    (void)snprintf(outage.path, sizeof outage.path, "%s/p.db", outage.folder);
    outage.sync = sync;
    power_install();
    run(1, 0);
    uint64_t events = outage.events;
    cr_assert(outage.acked == ASKED && events > 50, "%u of %u, %ju events", outage.acked, ASKED,
              (uintmax_t)events);
    uint64_t count = test_seeds(60);
    for (uint64_t i = 1; i <= count; i++) {
        run(i, i * UINT64_C(2654435761) % (events + events / 16) + 1);
    }
    (void)rmdir(outage.folder);
}

Test(outages, E02_full_keeps_what_was_acknowledged)
{
    cut("sync=full");
}

Test(outages, E02_normal_keeps_what_was_flushed)
{
    cut("sync=normal");
}
