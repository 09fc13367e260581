/* tally.c - counts in a file, which outlive who counts. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flow/tally.h"

static char folder[] = "/tmp/wattle-tally-XXXXXX";

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/flow.t.src.0", folder);
    (void)unlink(path);
    cr_assert_eq(rmdir(folder), 0);
}

TestSuite(tally, .init = setup, .fini = teardown);

static enum wtl_status open_one(struct wtl_tally *tally, bool outbox,
                                struct wtl_flow_counts **counts, struct wtl_error *error)
{
    return wtl_tally_open(tally, folder, "t", "src", 0, outbox, counts, error);
}

static void write_file(const char *path, const char *text, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, size), (ssize_t)size);
    (void)close(file);
}

Test(tally, what_was_counted_is_there_again)
{
    struct wtl_tally producer;
    struct wtl_tally outbox;
    struct wtl_flow_counts *sent;
    struct wtl_flow_counts *kept;
    struct wtl_error error;
    cr_assert_eq(open_one(&producer, false, &sent, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(open_one(&outbox, true, &kept, &error), WTL_OK, "%s", error.text);
    wtl__count_add(sent, WTL_FLOW_OUT, 7);
    wtl__count_add(sent, WTL_FLOW_STARTS, 2);
    wtl__count_add(kept, WTL_FLOW_ACKED, 5);
    wtl__count_set(kept, WTL_FLOW_WAITING, 2);
    wtl_tally_close(&producer);
    wtl_tally_close(&outbox);
    cr_assert_eq(open_one(&producer, false, &sent, &error), WTL_OK);
    cr_assert_eq(open_one(&outbox, true, &kept, &error), WTL_OK);
    cr_assert_eq(wtl__count_get(sent, WTL_FLOW_OUT), 7);
    cr_assert_eq(wtl__count_get(kept, WTL_FLOW_ACKED), 5);
    cr_assert_eq(wtl__count_get(sent, WTL_FLOW_STARTS), 0, "of this life");
    cr_assert_eq(wtl__count_get(kept, WTL_FLOW_WAITING), 0, "of now");
    wtl_tally_remove(&outbox);
    wtl_tally_close(&producer);
    wtl_tally_close(&outbox);
    cr_assert_eq(open_one(&producer, false, &sent, &error), WTL_OK);
    cr_assert_eq(wtl__count_get(sent, WTL_FLOW_OUT), 0, "another flow of that name");
    wtl_tally_close(&producer);
}

Test(tally, a_file_of_something_else_is_left_alone)
{
    struct wtl_tally tally;
    struct wtl_flow_counts *counts;
    struct wtl_error error;
    struct stat stat_now;
    char path[64];
    char bytes[WTL_TALLY_SIZE] = "something else";
    (void)snprintf(path, sizeof path, "%s/flow.t.src.0", folder);
    write_file(path, "short", 5);
    cr_assert_eq(open_one(&tally, true, &counts, &error), WTL_BAD_PAYLOAD);
    cr_assert_null(counts);
    cr_assert_not_null(strstr(error.text, "flow.t.src.0: expected the counts"), "%s", error.text);
    write_file(path, bytes, sizeof bytes);
    cr_assert_eq(open_one(&tally, true, &counts, &error), WTL_BAD_PAYLOAD);
    cr_assert_eq(stat(path, &stat_now), 0);
    cr_assert_eq(stat_now.st_size, WTL_TALLY_SIZE);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    cr_assert_eq(open_one(&tally, true, &counts, &error), WTL_SYSTEM, "a link is not followed");
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(open_one(&tally, true, &counts, &error), WTL_SYSTEM);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(wtl_tally_open(&tally, "/nowhere", "t", "src", 0, true, &counts, &error),
                 WTL_SYSTEM);
    wtl_tally_close(&tally);
}
