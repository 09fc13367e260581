/* upgrades.c - the stages of `machine` go over to another mapping of their module: what they know,
 * wait for, and hold goes along. */
#include <stdio.h>

#include "../../support/query.h"
#include "kit.h"

static void upgrade(struct wtl_test *t)
{
    uint32_t actors = wtl_test_upgrade(t, "machine", MACHINE_SO);
    wtl_test_check(t, actors == 1, "expected 1 to go over, not %u", actors);
}

static void step_some(struct wtl_test *t)
{
    for (uint64_t i = 0; i < wtl_test_seed(t) % 30; i++) {
        (void)wtl_test_step(t);
    }
}

/* ---- readings -------------------------------------------------------------------------------- */

/* Goes on with its numbers and its period, and nothing of a look is lost or there twice. */
static void looks_on(struct wtl_test *t)
{
    const struct wtl_actor *type = machine(t, "machine.readings");
    struct wtl_test_stage *stage = wtl_test_stage(
        t, type, .settings = wtl_test_settings(t, type, "period_ms=100ms"), .room = 3);
    wtl_test_advance(t, 150);
    wtl_test_check(t, wtl_test_emits(stage) == 3, "not %u", wtl_test_emits(stage));
    upgrade(t); /* with the rest of the look in its state */
    wtl_test_room(stage, 1000);
    uint32_t first = wtl_test_emits(stage);
    wtl_test_check(t, first > 3, "the rest of the look");
    wtl_test_advance(t, 49);
    wtl_test_check(t, wtl_test_emits(stage) == first, "not yet");
    step_some(t);
    wtl_test_advance(t, 1);
    upgrade(t);
    wtl_test_advance(t, 30);
    wtl_test_check(t, wtl_test_emits(stage) >= 2 * first - 4, "the next look");
    for (uint32_t i = 1; i <= wtl_test_emits(stage); i++) {
        wtl_test_expect_emitf(stage, "seq=%u", i);
    }
}

Test(readings, L19_an_upgrade_between_two_looks)
{
    passes(looks_on, 20);
}

/* ---- clean ----------------------------------------------------------------------------------- */

static uint64_t feed(struct wtl_test_stage *clean, double value, uintmax_t at_ms)
{
    return wtl_test_feedf(clean, "seq=%u at_ms=%ju host=%s kind=%s value=%lf unit=%s", 1u, at_ms,
                          "here", "load.1m", value, "");
}

/* The change is to what the version before has seen; what is behind it acknowledges later. */
static void knows_on(struct wtl_test *t)
{
    struct wtl_test_stage *clean = wtl_test_stage(t, machine(t, "machine.clean"));
    wtl_test_hold(clean, true);
    uint64_t before = feed(clean, 1.5, 1000);
    step_some(t);
    upgrade(t);
    uint64_t after = feed(clean, 4.0, 1200);
    wtl_test_expect_emitf(clean, "value=%lf delta=%lf", 1.5, 0.0);
    wtl_test_expect_emitf(clean, "value=%lf delta=%lf", 4.0, 2.5);
    wtl_test_hold(clean, false);
    wtl_test_expect_acked(clean, before);
    wtl_test_expect_acked(clean, after);
}

Test(clean, L19_an_upgrade_keeps_what_is_known)
{
    passes(knows_on, 20);
}

/* ---- store ----------------------------------------------------------------------------------- */

static struct wtl_test_stage *start_store(struct wtl_test *t)
{
    const struct wtl_actor *type = machine(t, "machine.store");
    char setting[512];
    (void)snprintf(setting, sizeof setting, "path=%s", wtl_test_path(t, "m.db"));
    return wtl_test_stage(t, type, .settings = wtl_test_settings(t, type, setting));
}

static void feed_rows(struct wtl_test_stage *store, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        (void)wtl_test_feedf(store, "seq=%u at_ms=%u host=%s kind=%s value=%lf unit=%s delta=%lf",
                             i, 1000 + i, "here", "load.1m", 0.25 * i, "", 0.25);
    }
}

static void expect_kept(struct wtl_test *t, struct wtl_test_stage *store, uint32_t count)
{
    int64_t rows = test_query(t, "m.db", "SELECT count(*) FROM readings");
    wtl_test_check(t, wtl_test_acks(store) == count && rows == count,
                   "expected %u, %u are acknowledged and %ld in the file", count,
                   wtl_test_acks(store), (long)rows);
}

/* With a transaction under way, and more that waits for it. */
static void stores_on(struct wtl_test *t)
{
    struct wtl_test_stage *store = start_store(t);
    wtl_test_settle(t);
    for (uint32_t round = 1; round <= 3; round++) {
        feed_rows(store, 50);
        step_some(t);
        upgrade(t);
        expect_kept(t, store, 50 * round);
    }
    wtl_test_check(t, wtl_test_now_ms(t) == 0, "nothing of it waits for an answer");
}

Test(store, L19_an_upgrade_with_a_transaction_under_way)
{
    passes(stores_on, 60);
}

/* What cannot be written is held, goes along, and is written by the other version. */
static void waits_on(struct wtl_test *t)
{
    struct wtl_test_stage *store = start_store(t);
    sqlite3 *other = NULL;
    wtl_test_settle(t);
    cr_assert_eq(sqlite3_open(wtl_test_path(t, "m.db"), &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    feed_rows(store, 20);
    wtl_test_advance(t, 1500);
    upgrade(t);
    feed_rows(store, 20);
    wtl_test_advance(t, 1500);
    wtl_test_check(t, wtl_test_acks(store) == 0, "%u are acknowledged", wtl_test_acks(store));
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    wtl_test_advance(t, 1000);
    expect_kept(t, store, 40);
    wtl_test_check(t, wtl_test_logged(t, "storage works again") == 1, "said once");
}

Test(store, L19_an_upgrade_while_the_file_is_locked)
{
    passes(waits_on, 5);
}
