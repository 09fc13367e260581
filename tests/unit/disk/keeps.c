/* keeps.c - disk.table: what it is asked, what everybody reads, and what is there after a new
 * start. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kit.h"

static struct wtl_pid again(struct wtl_test *t, struct wtl_pid pid, const char *setting)
{
    wtl_test_stop(t, pid);
    wtl_test_expect_end(t, pid, "shutdown");
    wtl_test_check(t, access(wtl_test_path(t, "m.db-wal"), F_OK) != 0, "the file is closed");
    return kit_start(t, setting);
}

static void keeps(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    kit_insert(t, pid, "a", 1);
    kit_insert(t, pid, "b", 2);
    kit_insert(t, pid, "a", 3);
    kit_insert(t, pid, "c", 4);
    kit_remove(t, pid, "b", WTL_OK);
    kit_remove(t, pid, "b", WTL_NOT_FOUND);
    kit_expect(t, "a", 3);
    kit_expect(t, "b", -1);
    kit_expect_rows(t, 2);
    (void)again(t, pid, NULL);
    kit_expect(t, "a", 3);
    kit_expect(t, "b", -1);
    kit_expect(t, "c", 4);
}

Test(disk, E02_what_was_acknowledged_is_there_after_a_restart)
{
    kit_passes(keeps, 10);
}

/* Each call of a table, as it answers for itself. */
static void answers_as_tables(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    wtl_test_callf(t, pid, "insert_new", "key=%s value=%u", "k", 1u);
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_callf(t, pid, "insert_new", "key=%s value=%u", "k", 2u);
    wtl_test_expect_status(t, WTL_EXISTS);
    wtl_test_callf(t, pid, "add", "key=%s delta=%d initial=%d", "n", 5, 100);
    wtl_test_expect_replyf(t, "value=%d", 105);
    wtl_test_callf(t, pid, "add", "key=%s delta=%d", "n", -200);
    wtl_test_expect_replyf(t, "value=%d", -95);
    wtl_test_callf(t, pid, "add", "key=%s delta=%jd", "n", INTMAX_MIN);
    wtl_test_expect_status(t, WTL_TOO_LARGE);
    wtl_test_callf(t, pid, "swap", "key=%s expected=%u value=%s", "k", 7u, "x");
    wtl_test_expect_status(t, WTL_EXISTS);
    wtl_test_callf(t, pid, "swap", "key=%s expected=%u value=%s", "k", 1u, "a longer value");
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_callf(t, pid, "swap", "key=%s expected=%u value=%u", "k", 1u, 2u);
    wtl_test_expect_status(t, WTL_EXISTS);
    wtl_test_callf(t, pid, "swap", "key=%s expected=%u value=%u", "none", 1u, 2u);
    wtl_test_expect_status(t, WTL_NOT_FOUND);
    wtl_test_callf(t, pid, "add", "key=%s", "k");
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    wtl_test_callf(t, pid, "swap", "key=%s expected=%s value=%u", "k", "a longer value", 9u);
    wtl_test_expect_status(t, WTL_OK);
    (void)again(t, pid, "ordered=true"); /* the file is the same */
    kit_expect(t, "n", -95);
    kit_expect(t, "k", 9);
}

Test(disk, E02_calls_answer_as_those_of_tables)
{
    kit_passes(answers_as_tables, 5);
}

/* ---- what comes together ------------------------------------------------------------------- */

struct told {
    unsigned count;
    enum wtl_status statuses[64];
    int64_t sums[64];
};

static struct told told;

static enum wtl_status on_told(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    unsigned index = *(const unsigned *)context;
    (void)x;
    (void)self;
    told.statuses[index] = answer->status;
    told.count++;
    if (answer->message.size > 0) {
        (void)!wtl_getf(&answer->message, "value=%ld", &told.sums[index]);
    }
    return WTL_OK;
}

#define ASK(index, tag, ...)                                                                       \
    do {                                                                                           \
        unsigned index_ = (index);                                                                 \
        struct wtl_call_options options_ = {                                                       \
            .on_answer = on_told, .context = &index_, .context_size = sizeof index_};              \
        (void)wtl_callf(wtl_test_ctx(t), pid, tag, &options_, __VA_ARGS__);                        \
    } while (0)

/* One batch sees what came before in itself; so does whoever waits for the next. */
static void together(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    told = (struct told){0};
    ASK(0, "insert_new", "key=%s value=%u", "k", 1u);
    ASK(1, "insert_new", "key=%s value=%u", "k", 2u);
    ASK(2, "remove", "key=%s", "k");
    ASK(3, "remove", "key=%s", "k");
    ASK(4, "insert_new", "key=%s value=%u", "k", 3u);
    ASK(5, "swap", "key=%s expected=%u value=%u", "k", 3u, 4u);
    ASK(6, "swap", "key=%s expected=%u value=%u", "k", 3u, 5u);
    ASK(7, "add", "key=%s delta=%d", "k", 6);
    for (unsigned i = 8; i < 40; i++) {
        ASK(i, "add", "key=%s delta=%d initial=%d", "n", 1, 10);
    }
    wtl_test_settle(t);
    static const enum wtl_status expected[8] = {WTL_OK, WTL_EXISTS, WTL_OK,     WTL_NOT_FOUND,
                                                WTL_OK, WTL_OK,     WTL_EXISTS, WTL_OK};
    wtl_test_check(t, told.count == 40, "all are answered, not %u", told.count);
    for (unsigned i = 0; i < 8; i++) {
        wtl_test_check(t, told.statuses[i] == expected[i], "%u: %s", i,
                       wtl_status_word(told.statuses[i]));
    }
    wtl_test_check(t, told.sums[7] == 10, "the sum is %ld", (long)told.sums[7]);
    for (unsigned i = 8; i < 40; i++) {
        wtl_test_check(t, told.sums[i] == 11 + (int64_t)i - 8, "%u: %ld", i, (long)told.sums[i]);
    }
    (void)again(t, pid, NULL);
    kit_expect(t, "k", 10);
    kit_expect(t, "n", 42);
    kit_expect_rows(t, 2);
}

Test(disk, E02_a_batch_sees_what_it_has_done)
{
    kit_passes(together, 50);
}

static enum wtl_status on_state(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    (void)x;
    (void)self;
    (void)context;
    return wtl_getf(&answer->message, "commits=%ld", &told.sums[0]);
}

static int64_t commits_of(struct wtl_test *t, struct wtl_pid pid)
{
    told.sums[0] = -1;
    (void)wtl_sys_state(wtl_test_ctx(t), pid, &(struct wtl_call_options){.on_answer = on_state});
    wtl_test_settle(t);
    return told.sums[0];
}

/* Those that come while a transaction is under way are the next one together. */
static void groups(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    char key[16];
    int64_t before = commits_of(t, pid);
    told = (struct told){0};
    for (unsigned i = 0; i < 60; i++) {
        (void)snprintf(key, sizeof key, "k%u", i);
        ASK(i, "insert", "key=%s value=%u", key, i);
    }
    wtl_test_settle(t);
    wtl_test_check(t, told.count == 60, "all are answered, not %u", told.count);
    kit_expect_rows(t, 60);
    int64_t commits = commits_of(t, pid) - before;
    wtl_test_check(t, commits > 0 && commits < 30, "%ld transactions", (long)commits);
}

Test(disk, E02_what_comes_at_once_is_one_transaction)
{
    kit_passes(groups, 20);
}

/* ---- keys and values ----------------------------------------------------------------------- */

/* The same key, packed in several ways, is one row. */
static void same_key(struct wtl_test *t)
{
    static const uint8_t ways[][10] = {
        {0x05}, {0xcc, 5}, {0xcd, 0, 5}, {0xd3, 0, 0, 0, 0, 0, 0, 0, 5}};
    static const size_t sizes[] = {1, 2, 3, 9};
    struct wtl_pid pid = kit_start(t, NULL);
    for (unsigned i = 0; i < 4; i++) {
        struct wtl_writer body;
        (void)wtl_message_open(wtl_test_ctx(t), &body, 64);
        wtl_put_map(&body, 2);
        WTL_PUT_KEY(&body, "key");
        wtl_put_array(&body, 2);
        wtl_put_raw(&body, ways[i], sizes[i]);
        wtl_put_strz(&body, "x");
        WTL_PUT_KEY(&body, "value");
        wtl_put_u64(&body, i);
        (void)wtl_test_call(t, pid, WTL_TAG("insert"), &body);
        wtl_test_expect_status(t, WTL_OK);
    }
    kit_expect_rows(t, 1);
    wtl_test_check(t, kit_info(t).entries == 1, "one entry");
}

Test(disk, E02_a_key_is_one_however_it_was_packed)
{
    kit_passes(same_key, 1);
}

/* By another one as large, beside smaller changes: the most that a batch may be. */
static void swap_large(struct wtl_test *t, struct wtl_pid pid, uint32_t size)
{
    struct wtl_writer body;
    uint8_t *bytes = calloc(1, size);
    memset(bytes, 0x5a, size);
    (void)wtl_message_open(wtl_test_ctx(t), &body, 2 * size + 64);
    wtl_put_map(&body, 3);
    WTL_PUT_KEY(&body, "key"), wtl_put_strz(&body, "large");
    WTL_PUT_KEY(&body, "expected"), wtl_put_bin(&body, bytes, size);
    memset(bytes, 0xa5, size);
    WTL_PUT_KEY(&body, "value"), wtl_put_bin(&body, bytes, size);
    for (unsigned i = 0; i < 12; i++) {
        wtl_test_tellf(t, pid, "insert", "key=%u value=%.*s", i, 80000, (const char *)bytes);
    }
    free(bytes);
    (void)wtl_test_call(t, pid, WTL_TAG("swap"), &body);
    wtl_test_expect_status(t, WTL_OK);
    wtl_test_check(t, kit_info(t).entries == 13, "and all others");
}

static void large(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    uint32_t size = 7 * 1024 * 1024 - 5;
    for (unsigned over = 0; over < 2; over++) {
        struct wtl_writer body;
        uint8_t *bytes = calloc(1, size + over);
        memset(bytes, 0x5a, size);
        (void)wtl_message_open(wtl_test_ctx(t), &body, size);
        wtl_put_map(&body, 2);
        WTL_PUT_KEY(&body, "key"), wtl_put_strz(&body, over ? "over" : "large");
        WTL_PUT_KEY(&body, "value"), wtl_put_bin(&body, bytes, size + over);
        free(bytes);
        (void)wtl_test_call(t, pid, WTL_TAG("insert"), &body);
        wtl_test_expect_status(t, over ? WTL_BAD_PAYLOAD : WTL_OK);
    }
    swap_large(t, pid, size);
    (void)again(t, pid, NULL);
    struct wtl_ctx *x = wtl_test_ctx(t);
    uint8_t *bytes = malloc(size + 5);
    struct wtl_writer value = wtl_writer_over(bytes, size + 5);
    enum wtl_status status =
        wtl_table_lookup(x, wtl_table_find(x, "t"), WTL_BYTES_STR("large"), &value);
    wtl_test_check(t, status == WTL_OK && wtl_written(&value) == size + 5, "it is whole");
    wtl_test_check(t, bytes[5] == 0xa5 && bytes[size + 4] == 0xa5, "and the other one");
    free(bytes);
}

Test(disk, E02_the_largest_value)
{
    kit_passes(large, 3);
}

static void refuses(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    wtl_test_callf(t, pid, "insert", "key=%s", "k");
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    wtl_test_callf(t, pid, "insert", "value=%s", "k");
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    wtl_test_callf(t, pid, "insert", "key=%lf value=%u", 1.0, 1u);
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    wtl_test_callf(t, pid, "insert", "key={a=%u} value=%u", 1u, 1u);
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    struct wtl_writer deep;
    (void)wtl_message_open(wtl_test_ctx(t), &deep, 64);
    wtl_put_raw(&deep, "\x82\xa3key\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01\xa5value\x01", 22);
    (void)wtl_test_call(t, pid, WTL_TAG("insert"), &deep);
    wtl_test_expect_status(t, WTL_INVALID);
    wtl_test_callf(t, pid, "add", "key=%s delta=%s", "k", "many");
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    wtl_test_callf(t, pid, "swap", "key=%s value=%s", "k", "v");
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    (void)wtl_test_call(t, pid, WTL_TAG("insert"), NULL);
    wtl_test_expect_status(t, WTL_BAD_PAYLOAD);
    (void)wtl_test_call(t, pid, WTL_TAG("tick"), NULL);
    wtl_test_expect_status(t, WTL_UNSUPPORTED);
    wtl_test_tellf(t, pid, "insert", "key=%s value=%u", "told", 1u); /* nobody hears how it went */
    wtl_test_settle(t);
    kit_expect(t, "told", 1);
    kit_expect_rows(t, 1);
}

Test(disk, E02_what_is_no_request)
{
    kit_passes(refuses, 2);
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* However it ends, and wherever it is: what was answered is kept, and the file can be used. */
static void ends_anywhere(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    told = (struct told){0};
    for (unsigned i = 0; i < 40; i++) {
        ASK(i, "add", "key=%s", "n");
    }
    for (uint64_t steps = wtl_test_seed(t) % 60; steps > 0; steps--) {
        (void)wtl_test_step(t);
    }
    if (wtl_test_seed(t) % 3 == 0) {
        wtl_test_kill(t, pid);
    } else if (wtl_test_seed(t) % 3 == 1) {
        wtl_test_crash(t, pid);
    } else {
        wtl_test_stop(t, pid);
    }
    wtl_test_settle(t);
    wtl_test_check(t, access(wtl_test_path(t, "m.db-wal"), F_OK) != 0, "the file is closed");
    int64_t sum = 0;
    for (unsigned i = 0; i < 40; i++) {
        sum = told.statuses[i] == WTL_OK && told.sums[i] > sum ? told.sums[i] : sum;
    }
    if (wtl_test_seed(t) % 3 == 1) {
        wtl_test_expect_end(t, pid, "error:crash");
    }
    (void)kit_start(t, NULL);
    wtl_test_check(t, sum == 0 || kit_value(t, "n") >= sum, "%ld of %ld", (long)kit_value(t, "n"),
                   (long)sum);
}

Test(disk, E02_whatever_ends_it)
{
    kit_passes(ends_anywhere, 150);
}

/* Two of one file: the second has it, and the first says so instead of writing to it. */
static void one_owner(struct wtl_test *t)
{
    struct wtl_pid first = kit_start(t, NULL);
    kit_insert(t, first, "a", 1);
    const struct wtl_actor *type = wtl_test_actor(t, "disk.table");
    char path[512];
    (void)snprintf(path, sizeof path, "path=%s", wtl_test_path(t, "m.db"));
    struct wtl_pid second =
        wtl_test_spawn(t, type, .settings = wtl_test_settings(t, type, "name=other", path));
    wtl_test_settle(t);
    wtl_test_callf(t, first, "insert", "key=%s value=%u", "a", 2u);
    wtl_test_expect_status(t, WTL_STORAGE);
    wtl_test_expect_end(t, first, "error:exists");
    wtl_test_check(t, wtl_test_logged(t, "another actor has opened the file") == 1, "it says why");
    kit_insert(t, second, "a", 3);
    wtl_test_check(t, kit_query(t, "SELECT hex(value) = '03' FROM entries") == 1, "of the second");
}

Test(disk, E02_a_file_has_one_owner)
{
    kit_passes(one_owner, 10);
}

static void starved(struct wtl_test *t)
{
    struct wtl_pid pid = kit_start(t, NULL);
    for (unsigned i = 0; i < 5; i++) {
        wtl_test_callf(t, pid, "add", "key=%s", "n");
    }
    wtl_test_callf(t, pid, "insert", "key=%s value=%u", "n", 1u);
    wtl_test_callf(t, pid, "remove", "key=%s", "n");
    wtl_test_stop(t, pid);
    wtl_test_settle(t);
}

Test(disk, E02_without_memory)
{
    const char *failure =
        wtl_test_try(starved, &(struct wtl_test_options){.seeds = 1, .allocations = true});
    cr_assert_null(failure, "%s", failure);
}

/* ---- ends without memory --------------------------------------------------------------------- */

static struct {
    struct wtl_pid pid;
    const char *wal;
    uint64_t failing; /* the allocation that fails; 0: it is the kit that chooses */
    unsigned applying;
    bool answered;
    bool down;
    bool was_open;
} starving;

/* Watches the table, and ends it at the moment in which that would look for memory again. */
static enum wtl_status stopper_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    if (wtl_is(message, "watch")) {
        return wtl_monitor(x, starving.pid) != 0 ? WTL_OK : WTL_NO_MEMORY;
    }
    if (wtl_is(message, "go")) {
        return wtl_after(x, 10, WTL_TAG("now"), NULL) != 0 ? WTL_OK : WTL_NO_MEMORY;
    }
    wtl_exit(x, starving.pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    return WTL_OK;
}

static enum wtl_status stopper_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    (void)down;
    starving.down = true;
    starving.was_open = access(starving.wal, F_OK) == 0;
    return WTL_OK;
}

static WTL_ACTOR(stopper, char, .handle = stopper_handle, .down = stopper_down);

static enum wtl_status on_answered(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                   void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    starving.answered = true;
    return WTL_OK;
}

static void ends_starved(struct wtl_test *t)
{
    starving.answered = starving.down = false;
    starving.pid = kit_start(t, NULL);
    starving.wal = wtl_test_path(t, "m.db-wal");
    struct wtl_pid watcher = wtl_test_spawn(t, &stopper);
    wtl_test_tell(t, watcher, WTL_TAG("watch"), NULL);
    wtl_test_settle(t);
    if (starving.failing > 0) {
        wtl_test_fail_allocation(t, starving.failing);
    }
    (void)wtl_callf(wtl_test_ctx(t), starving.pid, "insert",
                    &(struct wtl_call_options){.on_answer = on_answered}, "key=%s value=%u", "a",
                    1u);
    wtl_test_settle(t);
    bool applying = starving.failing > 0 && !starving.answered && !starving.down;
    wtl_test_tell(t, watcher, WTL_TAG("go"), NULL);
    wtl_test_advance(t, 2000);
    if (wtl_test_lives(t, watcher)) {
        cr_assert(starving.down, "seed %ju: it has not ended", wtl_test_seed(t));
        cr_assert_not(applying && starving.was_open, "seed %ju: its file was not closed yet",
                      wtl_test_seed(t));
        starving.applying += applying;
    }
}

/* Whatever it is that there was no memory for. */
Test(disk, E02_an_end_without_memory)
{
    starving.failing = 0;
    const char *failure =
        wtl_test_try(ends_starved, &(struct wtl_test_options){.seeds = 1, .allocations = true});
    cr_assert_null(failure, "%s", failure);
}

/* What is committed waits for memory for the table, and goes on to wait for none when that ends. */
Test(disk, E02_an_end_while_it_waits_for_memory)
{
    for (uint64_t tries = 1; starving.applying < 8; tries++) {
        starving.failing += starving.applying == 0;
        const struct wtl_test_options options = {.seed = tries, .seeds = 1};
        const char *ignored = wtl_test_try(ends_starved, &options); /* some cannot do without */
        (void)ignored;
        cr_assert_lt(tries, 100, "nothing of it is for the table");
    }
}
