/* store.c - machine.store: what is acknowledged is in the file, once; what cannot be written is
 * neither acknowledged nor lost. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../support/query.h"
#include "kit.h"

static struct wtl_test_stage *start_at(struct wtl_test *t, const char *path)
{
    const struct wtl_actor *type = machine(t, "machine.store");
    char setting[512];
    (void)snprintf(setting, sizeof setting, "path=%s", path);
    return wtl_test_stage(t, type, .settings = wtl_test_settings(t, type, setting));
}

static struct wtl_test_stage *start(struct wtl_test *t)
{
    return start_at(t, wtl_test_path(t, "m.db"));
}

static uint64_t feed(struct wtl_test_stage *store, unsigned n)
{
    return wtl_test_feedf(store, "seq=%u at_ms=%u host=%s kind=%s value=%lf unit=%s delta=%lf", n,
                          1000 + n, "here", "load.1m", 0.25 * n, "", 0.25);
}

#define ROWS "SELECT count(*) FROM readings"

static void expect_rows(struct wtl_test *t, const char *text, uint32_t count)
{
    int64_t rows = test_query(t, "m.db", text);
    wtl_test_check(t, rows == count, "expected %u rows, there are %ld", count, (long)rows);
}

static void expect_acks(struct wtl_test *t, struct wtl_test_stage *store, uint32_t count)
{
    wtl_test_check(t, wtl_test_acks(store) == count, "expected %u acknowledged, and %u are", count,
                   wtl_test_acks(store));
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void keeps_all(struct wtl_test *t)
{
    struct wtl_test_stage *store = start(t);
    for (unsigned i = 1; i <= 150; i++) {
        (void)feed(store, i);
    }
    expect_acks(t, store, 150);
    expect_rows(t, ROWS, 150);
    expect_rows(t,
                ROWS " WHERE seq = source_seq AND epoch = 1 AND value = 0.25 * seq AND "
                     "at_ms = 1000 + seq AND delta = 0.25",
                150);
    wtl_test_stage_stop(store);
    wtl_test_settle(t);
    wtl_test_check(t, access(wtl_test_path(t, "m.db-wal"), F_OK) != 0, "the file is closed");
}

Test(store, M20_what_is_acknowledged_is_in_the_file)
{
    passes(keeps_all, 10);
}

static void keeps_once(struct wtl_test *t)
{
    struct wtl_test_stage *store = start(t);
    for (unsigned i = 1; i <= 5; i++) {
        (void)feed(store, i);
    }
    expect_acks(t, store, 5);
    wtl_test_feed_again(store, 3);
    wtl_test_feed_again(store, 3); /* twice in one transaction */
    (void)feed(store, 6);
    expect_acks(t, store, 8);
    expect_rows(t, ROWS, 6);
    /* and so it is after a restart */
    wtl_test_crash(t, wtl_test_stage_pid(store));
    wtl_test_feed_again(store, 6);
    expect_acks(t, store, 9);
    expect_rows(t, ROWS, 6);
}

Test(store, M21_a_message_that_comes_again_is_kept_once)
{
    passes(keeps_once, 5);
}

static void waits_for_the_lock(struct wtl_test *t)
{
    struct wtl_test_stage *store = start(t);
    sqlite3 *other = NULL;
    wtl_test_settle(t);
    cr_assert_eq(sqlite3_open(wtl_test_path(t, "m.db"), &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    (void)feed(store, 1);
    wtl_test_settle(t);
    uint64_t second = feed(store, 2);
    wtl_test_advance(t, 2500); /* two more tries */
    wtl_test_expect_open(store, 1);
    wtl_test_expect_open(store, second);
    wtl_test_check(t, wtl_test_lives(t, wtl_test_stage_pid(store)), "it goes on");
    wtl_test_check(t, wtl_test_logged(t, "storage_full") == 1, "said once");
    wtl_test_check(t, wtl_test_logged(t, "database is locked") == 1, "and why");
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    wtl_test_advance(t, 1000);
    expect_acks(t, store, 2);
    wtl_test_check(t, wtl_test_logged(t, "storage works again") == 1, "and that it is over");
}

Test(store, M22_somebody_else_holds_the_lock)
{
    passes(waits_for_the_lock, 3);
}

static void file_bytes_max(rlim_t bytes)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* No more bytes: nothing is acknowledged until there is room, and then everything. */
static void waits_for_room(struct wtl_test *t)
{
    struct wtl_test_stage *store = start(t);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)feed(store, 1);
    expect_acks(t, store, 1);
    file_bytes_max(16384);
    for (unsigned i = 2; i <= 200; i++) {
        (void)feed(store, i);
        wtl_test_settle(t);
    }
    wtl_test_advance(t, 3000);
    uint32_t before = wtl_test_acks(store);
    wtl_test_check(t, before < 200, "there is no room for all");
    expect_rows(t, ROWS, before); /* no more than there is */
    wtl_test_check(t, wtl_test_logged(t, "storage_full") == 1, "said once");
    file_bytes_max(RLIM_INFINITY);
    wtl_test_advance(t, 1000);
    expect_acks(t, store, 200);
    expect_rows(t, ROWS, 200);
}

Test(store, M23_a_disk_that_is_full)
{
    passes(waits_for_room, 1);
}

static void refuses(struct wtl_test *t, const char *path, const char *words)
{
    struct wtl_test_stage *store = start_at(t, wtl_test_path(t, path));
    wtl_test_expect_end(t, wtl_test_stage_pid(store), "error:config");
    wtl_test_check(t, wtl_test_logged(t, words) == 1, "it says why");
    wtl_test_check(t, wtl_test_logged(t, path) == 1, "and where");
}

static void refuses_a_folder(struct wtl_test *t)
{
    refuses(t, "no/such/folder.db", "unable to open database file");
}

static void refuses_a_text(struct wtl_test *t)
{
    FILE *file = fopen(wtl_test_path(t, "text.db"), "we");
    cr_assert_not_null(file);
    (void)fputs("this is a text that is no database, and it is long enough to see so", file);
    (void)fclose(file);
    refuses(t, "text.db", "file is not a database: expected a new path");
}

Test(store, M24_a_path_that_cannot_be_used)
{
    passes(refuses_a_folder, 1);
    passes(refuses_a_text, 1);
}

static void refuses_bodies(struct wtl_test *t)
{
    struct wtl_test_stage *store = start(t);
    uint64_t nothing = wtl_test_feed(store, WTL_TAG("data"), NULL);
    uint64_t reading = feed(store, 2);
    wtl_test_expect_dropped(store, nothing, ""); /* what can never be kept is not sent again */
    wtl_test_expect_acked(store, reading);
    expect_rows(t, ROWS, 1);
}

Test(store, M25_bodies_that_are_no_reading)
{
    passes(refuses_bodies, 5);
}

/* Stopped in the middle of a transaction: that one is finished and acknowledged. */
static void stops(struct wtl_test *t)
{
    struct wtl_test_stage *store = start(t);
    for (unsigned i = 1; i <= 20; i++) {
        (void)feed(store, i);
        (void)wtl_test_step(t);
    }
    wtl_test_stage_stop(store);
    expect_rows(t, ROWS, wtl_test_acks(store));
}

Test(store, M26_a_stop_waits_for_what_is_being_written)
{
    passes(stops, 20);
}
