/* store.c - machine.store: what is acknowledged is in the file, once; what cannot be written is
 * neither acknowledged nor lost. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stage_kit.h"

static void send(struct stage *stage, uint64_t seq, bool again)
{
    uint8_t bytes[256];
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&writer, "seq=%ju at_ms=%ju host=%s kind=%s value=%lf unit=%s delta=%lf", seq,
             1000 + seq, "here", "load.1m", 0.25 * (double)seq, "", 0.25);
    stage_send(stage, seq, again, bytes, wtl_written(&writer));
}

/* One number that the file answers to a query. */
static int64_t query(const char *text)
{
    sqlite3 *sql;
    sqlite3_stmt *statement;
    cr_assert_eq(sqlite3_open(stages_path("m.db"), &sql), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(sql, text, -1, &statement, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(sql));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(sql);
    return number;
}

#define SEEDS 10u

Test(store, M20_what_is_acknowledged_is_in_the_file)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct stage stage = {0};
        stages_open(seed);
        STAGE(&stage, "store", "path", stages_path("m.db"));
        for (uint64_t i = 1; i <= 150; i++) {
            send(&stage, i, false);
        }
        cr_assert_eq(stage.done_count, 0);
        stages_settle();
        cr_assert_eq(stage.done_count, 150);
        cr_assert_eq(stage.acked, 0, "only by wtl_done_key, when it is written");
        cr_assert_eq(query("SELECT count(*) FROM readings"), 150);
        cr_assert_eq(query("SELECT count(*) FROM readings WHERE seq = source_seq AND epoch = 1 AND "
                           "value = 0.25 * seq AND at_ms = 1000 + seq AND delta = 0.25"),
                     150);
        stage_stop(&stage);
        cr_assert_neq(access(stages_path("m.db-wal"), F_OK), 0, "the file is closed");
        stages_close();
    }
}

Test(store, M21_a_message_that_comes_again_is_kept_once)
{
    struct stage stage = {0};
    stages_open(2);
    STAGE(&stage, "store", "path", stages_path("m.db"));
    for (uint64_t i = 1; i <= 5; i++) {
        send(&stage, i, false);
    }
    stages_settle();
    send(&stage, 3, true);
    send(&stage, 3, true); /* twice in one transaction */
    send(&stage, 6, false);
    stages_settle();
    cr_assert_eq(stage.done_count, 8, "all are acknowledged");
    cr_assert_eq(query("SELECT count(*) FROM readings"), 6);
    stage_stop(&stage);
    /* and so it is after a restart */
    struct stage second = {0};
    STAGE(&second, "store", "path", stages_path("m.db"));
    send(&second, 6, true);
    stages_settle();
    cr_assert_eq(second.done_count, 1);
    cr_assert_eq(query("SELECT count(*) FROM readings"), 6);
    stage_stop(&second);
    stages_close();
}

Test(store, M22_somebody_else_holds_the_lock)
{
    struct stage stage = {0};
    sqlite3 *other;
    stages_open(3);
    STAGE(&stage, "store", "path", stages_path("m.db"));
    cr_assert_eq(sqlite3_open(stages_path("m.db"), &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    send(&stage, 1, false);
    stages_settle();
    send(&stage, 2, false);
    stages_advance(2500); /* two more tries */
    cr_assert_eq(stage.done_count, 0);
    cr_assert(stage_lives(&stage));
    cr_assert_eq(stages_logged("storage_full"), 1, "once: %s", stages.log);
    cr_assert_eq(stages_logged("database is locked"), 1);
    cr_assert_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    stages_advance(1000);
    cr_assert_eq(stage.done_count, 2);
    cr_assert_eq(stages_logged("storage works again"), 1);
    (void)sqlite3_close(other);
    stage_stop(&stage);
    stages_close();
}

static void file_bytes_max(rlim_t bytes)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* No more bytes: nothing is acknowledged until there is room, and then everything. */
Test(store, M23_a_disk_that_is_full)
{
    struct stage stage = {0};
    (void)signal(SIGXFSZ, SIG_IGN);
    stages_open(4);
    STAGE(&stage, "store", "path", stages_path("m.db"));
    send(&stage, 1, false);
    stages_settle();
    cr_assert_eq(stage.done_count, 1);
    file_bytes_max(16384);
    for (uint64_t i = 2; i <= 200; i++) {
        send(&stage, i, false);
        stages_settle();
    }
    stages_advance(3000);
    uint32_t before = stage.done_count;
    cr_assert_lt(before, 200);
    cr_assert(stage_lives(&stage));
    cr_assert_eq(query("SELECT count(*) FROM readings"), before, "no more than there is");
    cr_assert_eq(stages_logged("storage_full"), 1, "once: %s", stages.log);
    file_bytes_max(RLIM_INFINITY);
    stages_advance(1000);
    cr_assert_eq(stage.done_count, 200);
    cr_assert_eq(query("SELECT count(*) FROM readings"), 200);
    stage_stop(&stage);
    stages_close();
}

static void refused(const char *path, const char *word)
{
    struct stage stage = {0};
    stages_open(5);
    stages_write("text.db", "this is a text that is no database, and it is long enough to see so");
    STAGE(&stage, "store", "path", stages_path(path));
    cr_assert(!stage_lives(&stage));
    cr_assert_eq(stages_logged(word), 1, "%s", stages.log);
    cr_assert_eq(stages_logged(path), 1, "%s", stages.log);
    stages_close();
}

Test(store, M24_a_path_that_cannot_be_used)
{
    refused("no/such/folder.db", "unable to open database file");
    refused("text.db", "file is not a database");
}

Test(store, M25_bodies_that_are_no_reading)
{
    struct stage stage = {0};
    stages_open(6);
    STAGE(&stage, "store", "path", stages_path("m.db"));
    stage_send(&stage, 1, false, NULL, 0);
    send(&stage, 2, false);
    stages_settle();
    cr_assert_eq(stage.drops_count, 1);
    cr_assert_eq(stage.acked, 1, "what can never be kept is not sent again");
    cr_assert_eq(stage.done_count, 1);
    stage_stop(&stage);
    stages_close();
}

/* Stopped in the middle of a transaction: that one is finished and acknowledged. */
Test(store, M26_a_stop_waits_for_what_is_being_written)
{
    for (uint64_t seed = 1; seed <= 2 * SEEDS; seed++) {
        struct stage stage = {0};
        stages_open(seed);
        STAGE(&stage, "store", "path", stages_path("m.db"));
        for (uint64_t i = 1; i <= 20; i++) {
            send(&stage, i, false);
            (void)wtl__step_one(&stages.step);
        }
        stage_stop(&stage);
        cr_assert_eq(query("SELECT count(*) FROM readings"), stage.done_count);
        stages_close();
    }
}
