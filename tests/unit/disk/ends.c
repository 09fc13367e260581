/* ends.c - disk.table: what expires, is evicted or refused, in the table and in the file. */
#include <stdio.h>
#include <string.h>

#include "kit.h"

#define HOUR_MS UINT64_C(3600000)

/* The file keeps the end by the wall clock, which the test cannot move: margins are half hours. */
static void expires(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    wtl_test_callf(t, pid, "insert", "key=%s value=%u ttl_ms=%ju", "hour", 1u, HOUR_MS);
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_callf(t, pid, "insert", "key=%s value=%u ttl_ms=%ju", "day", 1u, 24 * HOUR_MS);
    wtl_test_expect_status(t, WTL_OK);
    kit_insert(t, pid, "ever", 1);
    wtl_test_advance(t, HOUR_MS / 2);
    wtl_test_callf(t, pid, "add", "key=%s", "hour"); /* its time goes on */
    wtl_test_expect_replyf(t, "value=%u", 2u);
    kit_expect(t, "hour", 2);
    wtl_test_advance(t, HOUR_MS / 2);
    kit_expect(t, "hour", -1);
    kit_expect(t, "day", 1);
    kit_remove(t, pid, "hour", WTL_NOT_FOUND);
    wtl_test_advance(t, 10000);
    kit_expect_rows(t, 2); /* it has left the file too */
    wtl_test_advance(t, 24 * HOUR_MS);
    kit_expect_rows(t, 1);
    kit_expect(t, "ever", 1);
}

Test(disk, E02_what_has_expired_leaves_the_file)
{
    kit_passes(expires, 10);
}

static void expires_across(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, "ttl_ms=1h");
    kit_insert(t, pid, "a", 1);
    kit_insert(t, pid, "b", 2);
    wtl_test_callf(t, pid, "insert", "key=%s value=%u ttl_ms=%ju", "c", 3u, 3 * HOUR_MS);
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
    /* an hour and a half passes while the node is down */
    kit_execute(t, "UPDATE entries SET ends_ms = ends_ms - 5400000 WHERE key <> X'A162'");
    pid = kit_start(t, NULL);
    kit_expect(t, "a", -1);
    kit_expect(t, "b", 2);
    kit_expect(t, "c", 3);
    wtl_test_advance(t, 10000);
    kit_expect_rows(t, 2);
    wtl_test_advance(t, 5400000 / 2); /* 45 minutes: b had an hour, c an hour and a half */
    kit_expect(t, "b", 2);
    wtl_test_advance(t, 5400000 / 3);
    kit_expect(t, "b", -1);
    kit_expect(t, "c", 3);
    wtl_test_advance(t, 5400000 / 2);
    kit_expect(t, "c", -1);
    wtl_test_advance(t, 2 * HOUR_MS); /* it is looked for by the wall clock, which stands still */
    kit_expect_rows(t, 0);
    kit_insert(t, pid, "a", 4);
    kit_expect(t, "a", 4);
}

Test(disk, E02_time_to_live_survives_a_restart)
{
    kit_passes(expires_across, 5);
}

/* ---- room ---------------------------------------------------------------------------------- */

static void insert_large(struct wtl_test *t, struct wtl_pid pid, const char *key, unsigned size)
{
    static char text[8192];
    memset(text, 'x', size);
    wtl_test_callf(t, pid, "insert", "key=%s value=%.*s", key, (int)size, text);
}

static void refuses(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, "bytes_max=64KiB");
    char key[16];
    unsigned count = 0;
    enum wtl_status status = WTL_OK;
    while (status == WTL_OK && count < 1000) {
        (void)snprintf(key, sizeof key, "k%u", count);
        insert_large(t, pid, key, 1000);
        uint64_t before = kit_info(t).entries;
        status = before == count + 1 ? WTL_OK : WTL_FULL;
        count++;
    }
    wtl_test_expect_status(t, WTL_FULL);
    wtl_test_check(t, count > 40 && count < 64, "%u fit", count);
    kit_expect_rows(t, count - 1);
    wtl_test_check(t, kit_info(t).bytes <= 65536, "it is within its bound");
    insert_large(t, pid, "k1", 1000); /* what is there may be replaced */
    wtl_test_expect_status(t, WTL_OK);
    insert_large(t, pid, "k1", 7000); /* by as much as there is room for */
    wtl_test_expect_status(t, WTL_FULL);
    kit_remove(t, pid, "k0", WTL_OK);
    insert_large(t, pid, key, 1000);
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
    pid = kit_start(t, "bytes_max=64KiB"); /* what fitted once fits again */
    kit_expect_rows(t, count - 1);
    wtl_test_check(t, kit_info(t).entries == count - 1, "all are there");
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
    pid = kit_start(t, "bytes_max=32KiB");
    wtl_test_expect_end(t, pid, "error:config");
    wtl_test_check(t, wtl_test_logged(t, "a bytes_max that has room") == 1, "it says what to do");
    kit_expect_rows(t, count - 1);
    (void)kit_start_at(t, wtl_test_path(t, "m.db"), "bytes_max=32KiB", "full=evict");
    wtl_test_check(t, kit_info(t).bytes <= 32768, "it is within its bound");
    wtl_test_advance(t, 60000);
    kit_expect_rows(t, (int64_t)kit_info(t).entries);
}

Test(disk, E02_a_table_that_refuses)
{
    kit_passes(refuses, 3);
}

/* Full of small entries that age and are in order, which need the most beside their bytes: what
 * was found to fit does fit. */
static void fits(struct wtl_test *t)
{
    struct wtl_pid pid =
        kit_start_at(t, wtl_test_path(t, "m.db"), "bytes_max=32KiB", "ordered=true");
    for (unsigned i = 0; i < 300; i++) {
        wtl_test_callf(t, pid, "insert", "key=%u value=%u ttl_ms=%ju", i, i, HOUR_MS);
    }
    wtl_test_expect_status(t, WTL_FULL);
    struct wtl_table_info info = kit_info(t);
    wtl_test_check(t, info.entries > 60 && info.bytes <= 32768 && info.bytes > 31 * 1024,
                   "%ju entries of %ju bytes", (uintmax_t)info.entries, (uintmax_t)info.bytes);
    kit_expect_rows(t, (int64_t)info.entries);
    wtl_test_advance(t, HOUR_MS + 10000);
    kit_expect_rows(t, 0);
    kit_insert(t, pid, "a", 1);
}

Test(disk, E02_what_is_committed_fits)
{
    kit_passes(fits, 2);
}

static void evicts(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start_at(t, wtl_test_path(t, "m.db"), "bytes_max=64KiB", "full=evict");
    char key[16];
    kit_insert(t, pid, "used", 7);
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "k%u", i);
        insert_large(t, pid, key, 1000);
        wtl_test_expect_status(t, WTL_OK);
        kit_expect(t, "used", 7); /* read all the time */
    }
    struct wtl_table_info info = kit_info(t);
    wtl_test_check(t, info.evicted > 200 && info.bytes <= 65536, "it has evicted");
    wtl_test_advance(t, 10000);
    kit_expect_rows(t, (int64_t)info.entries);
    insert_large(t, pid, key, 8000);
    wtl_test_expect_status(t, WTL_OK);
    for (unsigned i = 0; i < 9; i++) {
        wtl_test_advance(t, 10000);
    }
    kit_expect_rows(t, (int64_t)kit_info(t).entries);
    info = kit_info(t);
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
    (void)kit_start_at(t, wtl_test_path(t, "m.db"), "bytes_max=64KiB", "full=evict");
    wtl_test_check(t, kit_info(t).entries == info.entries, "%ju, not %ju",
                   (uintmax_t)kit_info(t).entries, (uintmax_t)info.entries);
    kit_expect(t, "used", 7);
}

Test(disk, E02_what_was_evicted_leaves_the_file)
{
    kit_passes(evicts, 3);
}

static void too_large(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start_at(t, wtl_test_path(t, "m.db"), "bytes_max=4KiB", "full=evict");
    insert_large(t, pid, "k", 5000);
    wtl_test_expect_status(t, WTL_TOO_LARGE);
    kit_expect_rows(t, 0);
}

Test(disk, E02_what_is_larger_than_the_table)
{
    kit_passes(too_large, 1);
}
