/* kit.c - see kit.h. */
#include "kit.h"

#include <stdio.h>

#include "../../support/query.h"

struct wtl_pid kit_start_at(struct wtl_test *t, const char *path, const char *first,
                            const char *second)
{
    char path_setting[512];
    wtl_test_load(t, DISK_SO);
    const struct wtl_actor *type = wtl_test_actor(t, "disk.table");
    (void)snprintf(path_setting, sizeof path_setting, "path=%s", path);
    struct wtl_pid pid =
        wtl_test_spawn(t, type,
                       .settings = wtl_test_settings(t, type, "name=t", path_setting,
                                                     first != NULL ? first : "sync=full",
                                                     second != NULL ? second : "ordered=false"));
    wtl_test_settle(t);
    return pid;
}

struct wtl_pid kit_start(struct wtl_test *t, const char *setting)
{
    return kit_start_at(t, wtl_test_path(t, "m.db"), setting, NULL);
}

void kit_insert(struct wtl_test *t, struct wtl_pid pid, const char *key, unsigned value)
{
    wtl_test_callf(t, pid, "insert", "key=%s value=%u", key, value);
    wtl_test_expect_status(t, WTL_OK);
}

void kit_remove(struct wtl_test *t, struct wtl_pid pid, const char *key, enum wtl_status status)
{
    wtl_test_callf(t, pid, "remove", "key=%s", key);
    wtl_test_expect_status(t, status);
}

void kit_flush(struct wtl_test *t, struct wtl_pid pid)
{
    (void)wtl_test_call(t, pid, WTL_TAG("flush"), NULL);
    wtl_test_expect_status(t, WTL_OK);
}

int64_t kit_value(struct wtl_test *t, const char *key)
{
    uint8_t room[16];
    struct wtl_ctx *x = wtl_test_ctx(t);
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    if (wtl_table_lookup(x, wtl_table_find(x, "t"), WTL_BYTES_STR(key), &writer) != WTL_OK) {
        return -1;
    }
    struct wtl_reader reader = wtl_reader_over(room, wtl_written(&writer));
    return wtl_get_i64(&reader);
}

void kit_expect(struct wtl_test *t, const char *key, int64_t value)
{
    int64_t is = kit_value(t, key);
    wtl_test_check(t, is == value, "expected %s to be %ld, it is %ld", key, (long)value, (long)is);
}

struct wtl_table_info kit_info(struct wtl_test *t)
{
    struct wtl_ctx *x = wtl_test_ctx(t);
    struct wtl_table_info info = {.entries = UINT64_MAX};
    enum wtl_status status = wtl_table_info(x, wtl_table_find(x, "t"), &info);
    wtl_test_check(t, status == WTL_OK, "there is no table: %s", wtl_status_word(status));
    return info;
}

int64_t kit_query(struct wtl_test *t, const char *text)
{
    return test_query(t, "m.db", text);
}

void kit_execute(struct wtl_test *t, const char *text)
{
    sqlite3 *sql = NULL;
    if (sqlite3_open(wtl_test_path(t, "m.db"), &sql) != SQLITE_OK ||
        sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK) {
        wtl_test_fail(t, "%s: %s", text, sqlite3_errmsg(sql));
    }
    (void)sqlite3_close(sql);
}

void kit_expect_rows(struct wtl_test *t, int64_t rows)
{
    int64_t are = kit_query(t, "SELECT count(*) FROM entries");
    wtl_test_check(t, are == rows, "expected %ld rows, there are %ld", (long)rows, (long)are);
}

void kit_passes(wtl_test_fn fn, uint32_t seeds)
{
    const char *failure = wtl_test_try(fn, &(struct wtl_test_options){.seeds = seeds});
    cr_assert_null(failure, "%s", failure);
}
