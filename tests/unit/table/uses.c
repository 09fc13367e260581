/* uses.c - tables through the calls of actors: borrowing, selecting, sweeping; and hostile bytes.
 */
#include "actors.h"

#include "table/table.h"

static struct kit kit;
static struct kit_puppet owner;
static struct kit_puppet other;
static struct wtl_table table;
static struct wtl_table_options options;

static void do_create(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    cr_assert_eq(wtl_table_create(x, &options, &table), WTL_OK);
}

static void run(struct kit_puppet *p, kit_fn fn)
{
    kit_do(&kit, p, (struct kit_cmd){.fn = fn});
    kit_settle(&kit);
}

static void begin(enum wtl_table_kind kind)
{
    owner = other = (struct kit_puppet){0};
    options = (struct wtl_table_options){.kind = kind, .access = WTL_TABLE_PUBLIC};
    kit_init(&kit, 1);
    kit_spawn(&kit, &owner, NULL);
    kit_spawn(&kit, &other, NULL);
    run(&owner, do_create);
}

static struct wtl_table_info info_of(struct wtl_ctx *x)
{
    struct wtl_table_info info;
    cr_assert_eq(wtl_table_info(x, table, &info), WTL_OK);
    return info;
}

/* ---- the example in table.h --------------------------------------------------------------- */

static void do_example(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    uint8_t room[32];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    (void)p;
    (void)cmd;
    wtl_put_strz(&writer, "ada's");
    struct wtl_table_options public = {.name = "sessions", .access = WTL_TABLE_PUBLIC};
    struct wtl_table sessions;
    enum wtl_status status = wtl_table_create(x, &public, &sessions);
    cr_assert_eq(status, WTL_OK);
    status = wtl_table_insert(x, sessions, WTL_BYTES_STR("ada"), wtl_bytes_of(&writer));
    cr_assert_eq(status, WTL_OK);
    struct wtl_reader value;
    status = wtl_table_borrow(x, sessions, WTL_BYTES_STR("ada"), &value);
    cr_assert_eq(status, WTL_OK);
    size_t size = 0;
    cr_assert_eq(memcmp(wtl_get_str(&value, &size), "ada's", 5), 0);
}

Test(table_uses, OW08_the_example_of_the_header)
{
    begin(WTL_TABLE_SET);
    run(&other, do_example);
    kit_deinit(&kit);
}

/* ---- borrowing ---------------------------------------------------------------------------- */

static void do_borrow(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_reader value;
    struct wtl_reader first;
    (void)p;
    (void)cmd;
    cr_assert_eq(wtl_table_borrow(x, table, WTL_BYTES_U64(2), &value), WTL_NOT_FOUND);
    cr_assert_eq(wtl_left(&value), 0);
    cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_U64(1), WTL_BYTES_STR("first")), WTL_OK);
    cr_assert_eq(wtl_table_borrow(x, table, WTL_BYTES_U64(1), &first), WTL_OK);
    cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_U64(1), WTL_BYTES_STR("second")), WTL_OK);
    cr_assert_eq(wtl_table_delete(x, table, WTL_BYTES_U64(1)), WTL_OK);
    cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_U64(1), WTL_BYTES_STR("third")), WTL_OK);
    for (unsigned i = 1; i < WTL_TABLE_BORROWED_MAX; i++) {
        cr_assert_eq(wtl_table_borrow(x, table, WTL_BYTES_U64(1), &value), WTL_OK);
    }
    cr_assert_eq(wtl_table_borrow(x, table, WTL_BYTES_U64(1), &value), WTL_FULL);
    size_t size = 0;
    cr_assert_eq(memcmp(wtl_get_str(&first, &size), "first", 5), 0);
    cr_assert_eq(size, 5);
}

/* Until the function returns; the next one may borrow as many again. */
Test(table_uses, E03_what_is_borrowed_is_returned)
{
    begin(WTL_TABLE_SET);
    for (int i = 0; i < 5; i++) {
        run(&other, do_borrow);
        run(&owner, do_borrow);
    }
    kit_deinit(&kit); /* nothing of it is left */
}

static enum wtl_status borrow_at_the_end(struct wtl_ctx *x, struct kit_puppet *p,
                                         struct wtl_reason reason)
{
    (void)reason;
    do_borrow(x, p, NULL);
    return WTL_OK;
}

/* What the stop function has borrowed is returned too. */
Test(table_uses, E03_also_at_the_end)
{
    begin(WTL_TABLE_SET);
    other.stop = borrow_at_the_end;
    kit_stop(&kit, &other, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    run(&owner, do_borrow);
    kit_deinit(&kit);
}

/* ---- selecting ---------------------------------------------------------------------------- */

struct seen {
    uint32_t count;
    uint32_t stop_at; /* 0: never */
    int64_t sum;
    bool nested;
};

static bool on_nested(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                      void *context)
{
    (void)x;
    (void)key;
    (void)value;
    (*(uint32_t *)context)++;
    return true;
}

static bool on_entry(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                     void *context)
{
    struct seen *seen = context;
    int64_t number = wtl_get_i64(&key);
    seen->count++;
    seen->sum += wtl_get_i64(&value);
    /* it may do whatever it likes, with this very entry too */
    cr_assert_eq(wtl_table_delete(x, table, WTL_BYTES_I64(number)), WTL_OK);
    cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_I64(number), WTL_BYTES_I64(1)), WTL_OK);
    if (seen->nested) {
        uint32_t nested = 0;
        struct wtl_table_match few = {.limit = 5};
        cr_assert_eq(wtl_table_select(x, table, &few, NULL, on_nested, &nested), WTL_MORE);
        cr_assert_eq(nested, 5);
    }
    return seen->count != seen->stop_at;
}

static void fill(struct wtl_ctx *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_I64(i), WTL_BYTES_I64(1)), WTL_OK);
    }
}

static void do_select(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_table_cursor cursor = {.size = 0};
    struct wtl_table_match match = {.limit = 100};
    struct seen seen = {.stop_at = 30, .nested = true};
    (void)p;
    (void)cmd;
    fill(x, 1000);
    cr_assert_eq(wtl_table_select(x, table, &match, &cursor, on_entry, &seen), WTL_MORE);
    cr_assert_eq(seen.count, 30);
    seen.stop_at = 0;
    seen.nested = false;
    cr_assert_eq(wtl_table_select(x, table, &match, &cursor, on_entry, &seen), WTL_MORE);
    cr_assert_eq(seen.count, 130, "from where it had ended");
    match.limit = 870;
    cr_assert_eq(wtl_table_select(x, table, &match, &cursor, on_entry, &seen), WTL_OK);
    cr_assert_eq(seen.count, 1000);
    cr_assert_eq(seen.sum, 1000);
    match.limit = WTL_TABLE_SELECT_MAX + 1;
    cr_assert_eq(wtl_table_select(x, table, &match, NULL, on_entry, &seen), WTL_INVALID);
    match = (struct wtl_table_match){.from = WTL_BYTES_I64(990)};
    seen = (struct seen){0};
    cr_assert_eq(wtl_table_select(x, table, &match, NULL, on_entry, &seen), WTL_OK);
    cr_assert_eq(seen.count, 10);
}

Test(table_uses, E01_select_goes_on_where_it_was)
{
    begin(WTL_TABLE_ORDERED);
    run(&other, do_select);
    kit_deinit(&kit);
}

/* With everything borrowed a select still works; it has slots of its own. */
static void do_both(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_reader value;
    struct seen seen = {0};
    (void)p;
    (void)cmd;
    fill(x, 50);
    for (unsigned i = 0; i < WTL_TABLE_BORROWED_MAX; i++) {
        cr_assert_eq(wtl_table_borrow(x, table, WTL_BYTES_U64(i), &value), WTL_OK);
    }
    cr_assert_eq(wtl_table_select(x, table, NULL, NULL, on_entry, &seen), WTL_OK);
    cr_assert_eq(seen.count, 50);
    cr_assert_eq(wtl_get_i64(&value), 1);
}

Test(table_uses, E01_select_beside_what_is_borrowed)
{
    begin(WTL_TABLE_SET);
    run(&other, do_both);
    kit_deinit(&kit);
}

/* ---- sweeping ----------------------------------------------------------------------------- */

static struct wtl_table_info info;

static void do_info(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    info = info_of(x);
}

static void do_insert_for(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    for (uint64_t i = 0; i < 500; i++) {
        cr_assert_eq(wtl_table_insert_for(x, table, WTL_BYTES_U64(cmd->number + i),
                                          WTL_BYTES_U64(i), cmd->number),
                     WTL_OK);
    }
}

static uint64_t entries_now(void)
{
    run(&other, do_info);
    return info.entries;
}

/* The memory of what has expired is taken back soon after, without anybody's doing. */
Test(table_uses, E02_the_owner_sweeps)
{
    begin(WTL_TABLE_SET);
    kit_do(&kit, &other, (struct kit_cmd){.fn = do_insert_for, .number = 60000});
    kit_settle(&kit);
    kit_do(&kit, &other,
           (struct kit_cmd){.fn = do_insert_for, .number = 5000}); /* an earlier end */
    kit_settle(&kit);
    cr_assert_eq(entries_now(), 1000);
    kit_advance(&kit, 4900);
    cr_assert_eq(entries_now(), 1000);
    kit_advance(&kit, 2200);
    cr_assert_eq(entries_now(), 500);
    cr_assert_eq(info.expired, 500);
    kit_advance(&kit, 60000);
    cr_assert_eq(entries_now(), 0);
    cr_assert_eq(info.bytes, 0);
    cr_assert_eq(wtl__step_deadline(&kit.step), WTL__WHEEL_NEVER, "and it sleeps again");
    kit_do(&kit, &owner, (struct kit_cmd){.fn = do_insert_for, .number = 1000});
    kit_settle(&kit);
    kit_advance(&kit, 3000);
    cr_assert_eq(entries_now(), 0);
    cr_assert_eq(owner.got, 0, "its owner hears nothing of it");
    kit_deinit(&kit);
}

static void do_give(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    cr_assert_eq(wtl_table_give(x, table, cmd->pid, WTL_BYTES_NONE), WTL_OK);
}

Test(table_uses, E02_so_does_the_next_owner)
{
    begin(WTL_TABLE_ORDERED);
    kit_do(&kit, &other, (struct kit_cmd){.fn = do_insert_for, .number = 5000});
    kit_settle(&kit);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = do_give, .pid = other.pid});
    kit_settle(&kit);
    kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    kit_advance(&kit, 8000);
    cr_assert_eq(entries_now(), 0);
    kit_deinit(&kit);
}

/* An owner that ends while its alarm is set, and one that ends the table. */
Test(table_uses, E02_an_alarm_ends_with_its_table)
{
    for (int i = 0; i < 2; i++) {
        begin(WTL_TABLE_SET);
        kit_do(&kit, &owner, (struct kit_cmd){.fn = do_insert_for, .number = 5000});
        kit_settle(&kit);
        cr_assert_neq(wtl__step_deadline(&kit.step), WTL__WHEEL_NEVER);
        kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        cr_assert_eq(wtl__step_deadline(&kit.step), WTL__WHEEL_NEVER);
        kit_deinit(&kit);
    }
}

/* ---- what came from outside --------------------------------------------------------------- */

static void do_hostile(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static const uint8_t map[] = {0x81, 0x01, 0x02};
    struct wtl_bytes bad = wtl_bytes_over(map, sizeof map);
    struct wtl_table_cursor cursor = {.size = WTL_TABLE_KEY_MAX + 1};
    struct wtl_reader value;
    uint8_t small[1];
    struct wtl_writer failed = wtl_writer_over(small, 0);
    int64_t sum;
    (void)p;
    (void)cmd;
    wtl_put_nil(&failed);
    cr_assert_eq(wtl_bytes_of(&failed).size, WTL_BYTES_BAD);
    cr_assert_eq(wtl_table_insert(x, table, bad, WTL_BYTES_U64(1)), WTL_INVALID);
    cr_assert_eq(wtl_table_insert(x, table, wtl_bytes_of(&failed), WTL_BYTES_U64(1)), WTL_INVALID);
    cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_U64(1), wtl_bytes_of(&failed)), WTL_INVALID);
    cr_assert_eq(wtl_table_add(x, table, bad, 1, 0, &sum), WTL_INVALID);
    cr_assert_eq(wtl_table_swap(x, table, bad, WTL_BYTES_NONE, WTL_BYTES_NONE), WTL_INVALID);
    cr_assert_eq(wtl_table_delete(x, table, bad), WTL_INVALID);
    cr_assert_eq(wtl_table_delete_value(x, table, bad, bad), WTL_INVALID);
    cr_assert_eq(wtl_table_lookup(x, table, bad, NULL), WTL_INVALID);
    cr_assert_eq(wtl_table_take(x, table, bad, NULL), WTL_INVALID);
    cr_assert_eq(wtl_table_borrow(x, table, bad, &value), WTL_INVALID);
    cr_assert_eq(wtl_table_next(x, table, &cursor), WTL_INVALID);
    cursor = (struct wtl_table_cursor){.size = 3, .key = {0x81, 0x01, 0x02}};
    cr_assert_eq(wtl_table_next(x, table, &cursor), WTL_INVALID);
    cursor = (struct wtl_table_cursor){.size = 2, .key = {0xcc, 0x05}}; /* 5, longer than needed */
    cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_U64(5), WTL_BYTES_NONE), WTL_OK);
    cr_assert_eq(wtl_table_next(x, table, &cursor), WTL_NOT_FOUND);
    struct wtl_table_match match = {.below = bad};
    cr_assert_eq(wtl_table_select(x, table, &match, NULL, on_nested, NULL), WTL_INVALID);
    static const uint64_t ids[] = {0, 1, UINT64_MAX, UINT64_C(0xffff), UINT64_C(0x10000)};
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct wtl_table none = {.id = ids[i] == table.id ? 0 : ids[i]};
        cr_assert_eq(wtl_table_lookup(x, none, WTL_BYTES_U64(1), NULL), WTL_CLOSED);
        cr_assert_eq(wtl_table_destroy(x, none), WTL_CLOSED);
        cr_assert_eq(wtl_table_clear(x, none), WTL_CLOSED);
    }
    cr_assert_eq(wtl_table_find(x, "no such table").id, 0);
}

Test(table_uses, OW08_hostile_bytes_and_handles)
{
    begin(WTL_TABLE_SET);
    run(&other, do_hostile);
    kit_deinit(&kit);
}

static void do_forward(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    cr_assert_eq(wtl_table_insert(x, table, WTL_BYTES_U64(1), WTL_BYTES_U64(77)), WTL_OK);
    cr_assert(wtl_message_open(x, &body, 0)); /* grows */
    cr_assert_eq(wtl_table_lookup(x, table, WTL_BYTES_U64(1), &body), WTL_OK);
    wtl_tell(x, cmd->pid, WTL_TAG("value"), &body);
}

/* A value goes straight into a message. */
Test(table_uses, OW08_lookup_into_a_message)
{
    begin(WTL_TABLE_SET);
    kit_do(&kit, &other, (struct kit_cmd){.fn = do_forward, .pid = owner.pid});
    kit_settle(&kit);
    cr_assert_eq(kit_only(&owner, KIT_MESSAGE)->number, 77);
    kit_deinit(&kit);
}
