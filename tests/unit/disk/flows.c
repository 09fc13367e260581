/* flows.c - disk.table at the end of a flow: what is acknowledged is in the file. */
#include <sqlite3.h>
#include <stdio.h>

#include "kit.h"

static struct wtl_test_stage *start(struct wtl_test *t, const char *setting)
{
    char path[512];
    wtl_test_load(t, DISK_SO);
    const struct wtl_actor *type = wtl_test_actor(t, "disk.table");
    (void)snprintf(path, sizeof path, "path=%s", wtl_test_path(t, "m.db"));
    return wtl_test_stage(t, type, .settings = wtl_test_settings(t, type, "name=t", path, setting));
}

static void keeps(struct wtl_test *t)
{
    struct wtl_test_stage *stage = start(t, "sync=full");
    for (unsigned i = 1; i <= 100; i++) {
        (void)wtl_test_feedf(stage, "key=%u value=%u", i % 50, i);
    }
    wtl_test_settle(t);
    wtl_test_check(t, wtl_test_acks(stage) == 100, "%u are acknowledged", wtl_test_acks(stage));
    kit_expect_rows(t, 50);
    struct wtl_writer body;
    (void)wtl_message_open(wtl_test_ctx(t), &body, 64);
    wtl_putf(&body, "key=%u", 7u);
    uint64_t removed = wtl_test_feed(stage, WTL_TAG("remove"), &body);
    (void)wtl_message_open(wtl_test_ctx(t), &body, 64);
    wtl_putf(&body, "key=%u", 7u);
    uint64_t again = wtl_test_feed(stage, WTL_TAG("remove"), &body); /* which is not there */
    wtl_test_expect_acked(stage, removed);
    wtl_test_expect_acked(stage, again);
    kit_expect_rows(t, 49);
    /* others on the node ask the same actor, by its name */
    wtl_test_callf(t, wtl_whereis_local(wtl_test_ctx(t), "t"), "add", "key=%s", "calls");
    wtl_test_expect_replyf(t, "value=%u", 1u);
    wtl_test_expect_dropped(stage, wtl_test_feedf(stage, "value=%u", 1u), "expected {key, value}");
    wtl_test_crash(t, wtl_test_stage_pid(stage));
    wtl_test_feed_again(stage, 100);
    wtl_test_settle(t);
    kit_expect(t, "calls", 1);
    kit_expect_rows(t, 50);
}

Test(disk, E02_the_end_of_a_flow)
{
    kit_passes(keeps, 10);
}

/* A lock, and a table without room: nothing is acknowledged, and all of it comes later. */
static void holds_back(struct wtl_test *t)
{
    struct wtl_test_stage *stage = start(t, "bytes_max=2KiB");
    sqlite3 *other = NULL;
    wtl_test_settle(t);
    cr_assert_eq(sqlite3_open(wtl_test_path(t, "m.db"), &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (unsigned i = 1; i <= 40; i++) {
        (void)wtl_test_feedf(stage, "key=%u value=%u", i, i);
    }
    wtl_test_advance(t, 3000);
    wtl_test_check(t, wtl_test_acks(stage) == 0, "%u are acknowledged", wtl_test_acks(stage));
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    wtl_test_advance(t, 3000);
    uint32_t acks = wtl_test_acks(stage);
    wtl_test_check(t, acks > 5 && acks < 40, "as many as there is room for, not %u", acks);
    kit_expect_rows(t, acks);
    struct wtl_pid pid = wtl_whereis_local(wtl_test_ctx(t), "t");
    for (unsigned i = 1; i <= 40; i++) {
        wtl_test_callf(t, pid, "remove", "key=%u", i); /* calls do not wait for the flow */
        wtl_test_advance(t, 2000);
    }
    wtl_test_check(t, wtl_test_acks(stage) == 40, "%u are acknowledged", wtl_test_acks(stage));
}

Test(disk, E02_a_flow_is_held_back)
{
    kit_passes(holds_back, 5);
}
