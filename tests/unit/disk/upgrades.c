/* upgrades.c - disk.table and disk.file go over to another mapping of their module at any moment:
 * what was asked for is answered, once, and the file has it. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "kit.h"

#define ASKED 60u

static struct {
    unsigned answers;
    unsigned failed;
} told;

static enum wtl_status on_told(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    (void)x;
    (void)self;
    (void)context;
    told.answers++;
    told.failed += answer->status != WTL_OK;
    return WTL_OK;
}

/* Counts up one of ten numbers for each. */
static void ask_all(struct wtl_test *t, struct wtl_pid pid)
{
    told.answers = told.failed = 0;
    for (unsigned i = 0; i < ASKED; i++) {
        (void)wtl_callf(wtl_test_ctx(t), pid, "add",
                        &(struct wtl_call_options){.on_answer = on_told}, "key=%u", i % 10);
    }
}

/* As far as the seed says, which is everywhere in it over all seeds. */
static void step_some(struct wtl_test *t, uint64_t least)
{
    for (uint64_t i = 0; i < least + wtl_test_seed(t) % 40; i++) {
        (void)wtl_test_step(t);
    }
}

static void upgrade(struct wtl_test *t, uint32_t actors)
{
    uint32_t went = wtl_test_upgrade(t, "disk", DISK_SO);
    wtl_test_check(t, went == actors, "expected %u to go over, not %u", actors, went);
}

static void expect_sums(struct wtl_test *t, unsigned sum)
{
    wtl_test_check(t, told.answers == ASKED && told.failed == 0, "%u answered, %u of them failed",
                   told.answers, told.failed);
    for (unsigned i = 0; i < 10; i++) {
        wtl_test_callf(t, wtl_whereis_local(wtl_test_ctx(t), "t"), "add", "key=%u delta=%d", i, 0);
        wtl_test_expect_replyf(t, "value=%u", sum);
    }
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void while_it_writes(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    for (unsigned round = 1; round <= 3; round++) {
        ask_all(t, pid);
        step_some(t, 0);
        upgrade(t, 2);
        expect_sums(t, round * ASKED / 10);
    }
    wtl_test_check(t, wtl_test_now_ms(t) == 0, "nothing of it waits for an answer");
    wtl_test_stop(t, pid);
    wtl_test_expect_end(t, pid, "shutdown");
    wtl_test_check(t, access(wtl_test_path(t, "m.db-wal"), F_OK) != 0, "the file is closed");
    (void)kit_start(t, NULL);
    expect_sums(t, 3 * ASKED / 10);
}

Test(disk, L19_an_upgrade_with_writes_under_way)
{
    kit_passes(while_it_writes, 80);
}

/* It is opened and filled with what the file has, and goes over when that is done. */
static void while_it_begins(struct wtl_test *t)
{
    char path[512];
    struct wtl_pid pid = kit_start(t, NULL);
    ask_all(t, pid);
    wtl_test_settle(t);
    wtl_test_stop(t, pid);
    wtl_test_expect_end(t, pid, "shutdown");
    const struct wtl_actor *type = wtl_test_actor(t, "disk.table");
    (void)snprintf(path, sizeof path, "path=%s", wtl_test_path(t, "m.db"));
    (void)wtl_test_spawn(t, type, .settings = wtl_test_settings(t, type, "name=t", path));
    step_some(t, 0);
    (void)wtl_test_upgrade(t, "disk", DISK_SO);
    wtl_test_expect_no_upgrade(t, "disk", "/nowhere.so", "nowhere");
    expect_sums(t, ASKED / 10);
}

Test(disk, L19_an_upgrade_while_it_begins)
{
    kit_passes(while_it_begins, 60);
}

/* What a lock keeps from being written is tried again by the other version. */
static void while_it_waits(struct wtl_test *t)
{
    sqlite3 *other = NULL;
    struct wtl_pid pid = kit_start(t, NULL);
    cr_assert_eq(sqlite3_open(wtl_test_path(t, "m.db"), &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    wtl_test_callf(t, pid, "add", "key=%u", 1u);
    wtl_test_expect_status(t, WTL_STORAGE);
    upgrade(t, 2);
    wtl_test_callf(t, pid, "add", "key=%u", 1u);
    wtl_test_expect_status(t, WTL_STORAGE);
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    wtl_test_callf(t, pid, "add", "key=%u", 1u);
    wtl_test_expect_replyf(t, "value=%u", 1u);
    wtl_test_check(t, wtl_test_logged(t, "database is locked") == 1, "said once");
    wtl_test_check(t, wtl_test_logged(t, "storage works again") == 1, "and that it is over");
}

Test(disk, L19_an_upgrade_while_the_file_is_locked)
{
    kit_passes(while_it_waits, 5);
}

/* At the end of a flow: each message is acknowledged once it is in the file. */
static void in_a_flow(struct wtl_test *t)
{
    char path[512];
    wtl_test_load(t, DISK_SO);
    const struct wtl_actor *type = wtl_test_actor(t, "disk.table");
    (void)snprintf(path, sizeof path, "path=%s", wtl_test_path(t, "m.db"));
    struct wtl_test_stage *stage =
        wtl_test_stage(t, type, .settings = wtl_test_settings(t, type, "name=t", path));
    wtl_test_settle(t);
    for (unsigned i = 1; i <= ASKED; i++) {
        (void)wtl_test_feedf(stage, "key=%u value=%u", i, i);
    }
    step_some(t, 0);
    upgrade(t, 2);
    for (unsigned i = 1; i <= ASKED; i++) {
        (void)wtl_test_feedf(stage, "key=%u value=%u", ASKED + i, i);
    }
    wtl_test_settle(t);
    wtl_test_check(t, wtl_test_acks(stage) == 2 * ASKED, "%u are acknowledged",
                   wtl_test_acks(stage));
    kit_expect_rows(t, 2 * ASKED);
}

Test(disk, L19_an_upgrade_at_the_end_of_a_flow)
{
    kit_passes(in_a_flow, 40);
}
