/* owners.c - who owns a table and who may use it: ends, heirs, gifts, names, access. */
#include "actors.h"

#include "actor/tables.h"

enum { SEEDS = 40 };

static struct kit kit;
static struct kit_puppet owner;
static struct kit_puppet heir;
static struct kit_puppet other;
static struct wtl_table table;
static enum wtl_status status;
static int64_t number;
static struct wtl_table_options options;

static void begin(uint64_t seed)
{
    owner = heir = other = (struct kit_puppet){0};
    table = WTL_TABLE_NONE;
    options = (struct wtl_table_options){.name = "things"};
    kit_init(&kit, seed);
    kit_spawn(&kit, &owner, NULL);
    kit_spawn(&kit, &heir, NULL);
    kit_spawn(&kit, &other, NULL);
    kit_settle(&kit);
}

/* ---- what puppets do ---------------------------------------------------------------------- */

static void do_create(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    status = wtl_table_create(x, &options, &table);
}

static void do_destroy(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    status = wtl_table_destroy(x, table);
}

static void do_insert(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    status = wtl_table_insert(x, table, WTL_BYTES_STR("key"), WTL_BYTES_I64((int64_t)cmd->number));
}

static void do_get(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    number = -1;
    status = actors_get(x, table, "key", &number);
}

static void do_find(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    table = wtl_table_find(x, "things");
}

static void do_give(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    status = wtl_table_give(x, table, cmd->pid, WTL_BYTES_STR("take care"));
}

static void do_heir(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    status = wtl_table_set_heir(x, table, cmd->pid, WTL_BYTES_NONE);
}

static void run(struct kit_puppet *p, kit_fn fn)
{
    kit_do(&kit, p, (struct kit_cmd){.fn = fn});
    kit_settle(&kit);
}

static void run_with(struct kit_puppet *p, kit_fn fn, struct wtl_pid pid)
{
    kit_do(&kit, p, (struct kit_cmd){.fn = fn, .pid = pid});
    kit_settle(&kit);
}

/* Creates the table with `key` in it. */
static void create(void)
{
    run(&owner, do_create);
    cr_assert_eq(status, WTL_OK);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = do_insert, .number = 42});
    kit_settle(&kit);
    cr_assert_eq(status, WTL_OK);
}

static void expect_get(struct kit_puppet *p, enum wtl_status wanted, int64_t value)
{
    run(p, do_get);
    cr_assert_eq(status, wanted, "%s", wtl_status_word(status));
    cr_assert_eq(number, value);
}

/* ---- the end of the owner ----------------------------------------------------------------- */

static bool gone_at_down;

static enum wtl_status on_down(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_down *down)
{
    int64_t unused;
    (void)p;
    (void)down;
    gone_at_down =
        wtl_table_find(x, "things").id == 0 && actors_get(x, table, "key", &unused) == WTL_CLOSED;
    return WTL_OK;
}

/* OTP: it goes before anybody hears of the end. */
Test(tables, OW08_a_table_ends_with_its_owner)
{
    static const struct wtl_reason reasons[] = {
        {.class_ = WTL_EXIT_NORMAL}, {.class_ = WTL_EXIT_ERROR}, {.class_ = WTL_EXIT_KILL}};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin(seed);
        other.down = on_down;
        gone_at_down = false;
        create();
        expect_get(&other, WTL_OK, 42);
        kit_monitor(&kit, &other, owner.pid);
        kit_settle(&kit);
        if (seed % 3 == 2) {
            kit_exit(&kit, &other, owner.pid, reasons[2]);
        } else {
            kit_stop(&kit, &owner, reasons[seed % 3]);
        }
        kit_settle(&kit);
        cr_assert_eq(kit_count(&other, KIT_DOWN), 1);
        cr_assert(gone_at_down);
        expect_get(&other, WTL_CLOSED, -1);
        kit_deinit(&kit);
    }
}

Test(tables, OW08_its_owner_may_end_it)
{
    begin(1);
    create();
    struct wtl_table stale = table;
    run(&other, do_destroy);
    cr_assert_eq(status, WTL_DENIED);
    run(&owner, do_destroy);
    cr_assert_eq(status, WTL_OK);
    run(&owner, do_destroy);
    cr_assert_eq(status, WTL_CLOSED);
    expect_get(&other, WTL_CLOSED, -1);
    create(); /* the name is free */
    cr_assert_neq(table.id, stale.id);
    table = stale;
    expect_get(&owner, WTL_CLOSED, -1);
    kit_deinit(&kit);
}

/* ---- heirs -------------------------------------------------------------------------------- */

static struct wtl_table told_table;
static char told_name[16];
static char told_data[16];
static bool downs_before;

static enum wtl_status on_transfer(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    if (!wtl_is(m, "table_transfer")) {
        return WTL_OK;
    }
    told_name[0] = told_data[0] = '\0';
    downs_before = kit_count(p, KIT_DOWN) > 0;
    struct wtl_reader reader = wtl_read(m);
    for (uint32_t left = wtl_get_map(&reader); left > 0; left--) {
        size_t size = 0;
        const char *text;
        if (WTL_GET_KEY(&reader, "table")) {
            told_table.id = wtl_get_u64(&reader);
        } else if (WTL_GET_KEY(&reader, "name")) {
            text = wtl_get_str(&reader, &size);
            memcpy(told_name, text, size);
            told_name[size] = '\0';
        } else if (WTL_GET_KEY(&reader, "data")) {
            text = wtl_get_str(&reader, &size);
            memcpy(told_data, text, size);
            told_data[size] = '\0';
        }
    }
    cr_assert(!reader.failed && wtl_left(&reader) == 0);
    return WTL_OK;
}

Test(tables, OW08_an_heir_gets_the_table)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin(seed);
        heir.message = on_transfer;
        options.heir = heir.pid;
        options.data = WTL_BYTES_STR("be good");
        told_table = WTL_TABLE_NONE;
        create();
        kit_monitor(&kit, &heir, owner.pid);
        kit_settle(&kit);
        kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_ERROR, "oops"));
        kit_settle(&kit);
        const struct kit_event *told = kit_nth(&heir, KIT_MESSAGE, 0);
        cr_assert(wtl_pid_equal(told->from, owner.pid));
        cr_assert_eq(told_table.id, table.id);
        cr_assert_str_eq(told_name, "things");
        cr_assert_str_eq(told_data, "be good");
        cr_assert(!downs_before, "the table comes before word of the end");
        expect_get(&other, WTL_OK, 42);
        run(&heir, do_insert); /* it owns a protected table now */
        cr_assert_eq(status, WTL_OK);
        run(&other, do_insert);
        cr_assert_eq(status, WTL_DENIED);
        kit_stop(&kit, &heir, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        expect_get(&other, WTL_CLOSED, -1); /* it had no heir any more */
        kit_deinit(&kit);
    }
}

Test(tables, OW08_an_heir_that_has_ended_is_none)
{
    begin(1);
    options.heir = heir.pid;
    create();
    kit_stop(&kit, &heir, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    expect_get(&other, WTL_CLOSED, -1);
    kit_deinit(&kit);
}

/* Owner and heir end at about the same time: whatever the order, nothing is left. */
Test(tables, OW08_owner_and_heir_end_together)
{
    for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
        begin(seed);
        options.heir = heir.pid;
        create();
        kit_exit(&kit, &other, heir.pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
        kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        expect_get(&other, WTL_CLOSED, -1);
        kit_deinit(&kit);
    }
}

Test(tables, OW08_the_heir_can_be_changed)
{
    begin(1);
    create();
    run_with(&other, do_heir, other.pid);
    cr_assert_eq(status, WTL_DENIED);
    run_with(&owner, do_heir, heir.pid);
    cr_assert_eq(status, WTL_OK);
    run_with(&owner, do_heir, other.pid);
    cr_assert_eq(status, WTL_OK);
    run_with(&owner, do_heir, (struct wtl_pid){.node = 99, .local = 5});
    cr_assert_eq(status, WTL_INVALID);
    kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    cr_assert_eq(kit_count(&heir, KIT_MESSAGE), 0);
    cr_assert_eq(kit_count(&other, KIT_MESSAGE), 1);
    expect_get(&heir, WTL_OK, 42);
    kit_deinit(&kit);
}

/* ---- gifts -------------------------------------------------------------------------------- */

Test(tables, OW08_a_table_can_be_given_away)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin(seed);
        other.message = on_transfer;
        create();
        run_with(&heir, do_give, other.pid);
        cr_assert_eq(status, WTL_DENIED);
        run_with(&owner, do_give, owner.pid);
        cr_assert_eq(status, WTL_INVALID);
        run_with(&owner, do_give, (struct wtl_pid){.node = 99, .local = 5});
        cr_assert_eq(status, WTL_INVALID);
        run_with(&owner, do_give, other.pid);
        cr_assert_eq(status, WTL_OK);
        cr_assert(wtl_pid_equal(kit_only(&other, KIT_MESSAGE)->from, owner.pid));
        cr_assert_str_eq(told_data, "take care");
        run(&owner, do_insert);
        cr_assert_eq(status, WTL_DENIED);
        run(&other, do_insert);
        cr_assert_eq(status, WTL_OK);
        kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        expect_get(&heir, WTL_OK, 0);
        run(&other, do_destroy);
        cr_assert_eq(status, WTL_OK);
        kit_deinit(&kit);
    }
}

/* As wtl_table_give does it, to one who has ended between the look and the signal. */
static void do_give_late(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl__ctx *inner = wtl__ctx_of(x);
    struct wtl__owned *owned = wtl__tables_find(inner->runtime->tables, table.id);
    (void)p;
    (void)wtl__ties_take(&inner->cell->ties, WTL__TIE_TABLE, WTL_PID_NONE, table.id);
    wtl__table_send(inner, owned, cmd->pid.local, wtl__table_notice(owned, WTL_BYTES_NONE),
                    wtl_self(x));
}

Test(tables, OW08_a_gift_that_meets_nobody)
{
    for (int with_heir = 0; with_heir < 2; with_heir++) {
        begin(1);
        options.heir = with_heir ? heir.pid : WTL_PID_NONE;
        create();
        kit_stop(&kit, &other, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        run_with(&owner, do_give_late, other.pid);
        cr_assert_eq(kit_count(&heir, KIT_MESSAGE), (uint32_t)with_heir);
        expect_get(&owner, with_heir ? WTL_OK : WTL_CLOSED, with_heir ? 42 : -1);
        kit_deinit(&kit);
    }
}

/* It is given to one who ends before it has done anything with it: the heir gets it. */
Test(tables, OW08_a_gift_that_comes_too_late)
{
    unsigned late = 0;
    for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
        begin(seed);
        options.heir = heir.pid;
        create();
        kit_do(&kit, &owner, (struct kit_cmd){.fn = do_give, .pid = other.pid});
        kit_stop(&kit, &other, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        if (status == WTL_OK) {
            late++;
            cr_assert_eq(kit_count(&heir, KIT_MESSAGE), 1);
            cr_assert(wtl_pid_equal(kit_only(&heir, KIT_MESSAGE)->from, other.pid));
        } else {
            cr_assert_eq(status, WTL_NO_PROCESS);
        }
        expect_get(&heir, WTL_OK, 42);
        kit_deinit(&kit);
    }
    cr_assert_gt(late, 0);
}

/* ---- names and access --------------------------------------------------------------------- */

Test(tables, OW08_names_are_unique)
{
    begin(1);
    create();
    struct wtl_table first = table;
    run(&other, do_create);
    cr_assert_eq(status, WTL_EXISTS);
    run(&other, do_find);
    cr_assert_eq(table.id, first.id);
    options.name = "Not a name";
    run(&other, do_create);
    cr_assert_eq(status, WTL_INVALID);
    options.name = NULL;
    run(&other, do_create);
    cr_assert_eq(status, WTL_OK);
    cr_assert_neq(table.id, first.id);
    kit_deinit(&kit);
}

Test(tables, OW08_options_are_checked)
{
    begin(1);
    options.access = (enum wtl_table_access)7;
    run(&owner, do_create);
    cr_assert_eq(status, WTL_INVALID);
    options = (struct wtl_table_options){.heir = {.node = 99, .local = 1}};
    run(&owner, do_create);
    cr_assert_eq(status, WTL_INVALID);
    static uint8_t data[WTL_TABLE_DATA_MAX + 1];
    options =
        (struct wtl_table_options){.heir = heir.pid, .data = wtl_bytes_over(data, sizeof data)};
    run(&owner, do_create);
    cr_assert_eq(status, WTL_INVALID);
    options.data = wtl_bytes_over(NULL, WTL_BYTES_BAD);
    run(&owner, do_create);
    cr_assert_eq(status, WTL_INVALID);
    options.data = wtl_bytes_over("\xa5x", 2); /* cut off */
    run(&owner, do_create);
    cr_assert_eq(status, WTL_INVALID);
    options.data = wtl_bytes_over("\x01\x02", 2); /* two values */
    run(&owner, do_create);
    cr_assert_eq(status, WTL_INVALID);
    kit_deinit(&kit);
}

Test(tables, OW08_access)
{
    static const struct {
        enum wtl_table_access access;
        enum wtl_status reads;
        enum wtl_status writes;
    } of_others[] = {
        {WTL_TABLE_PUBLIC, WTL_OK, WTL_OK},
        {WTL_TABLE_PROTECTED, WTL_OK, WTL_DENIED},
        {WTL_TABLE_PRIVATE, WTL_DENIED, WTL_DENIED},
    };
    for (unsigned i = 0; i < 3; i++) {
        begin(1);
        options.access = of_others[i].access;
        create();
        expect_get(&owner, WTL_OK, 42);
        expect_get(&other, of_others[i].reads, of_others[i].reads == WTL_OK ? 42 : -1);
        run(&other, do_insert);
        cr_assert_eq(status, of_others[i].writes);
        kit_deinit(&kit);
    }
}

static uint64_t made;

static void do_fill_node(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_table one;
    (void)p;
    (void)cmd;
    made = 0;
    while ((status = wtl_table_create(x, NULL, &one)) == WTL_OK) {
        made++;
    }
}

Test(tables, OW08_their_number_is_bounded, .timeout = 60)
{
    begin(1);
    run(&owner, do_fill_node);
    cr_assert_eq(status, WTL_FULL);
    cr_assert_eq(made, WTL_TABLES_MAX);
    kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    wtl__step_deinit(&kit.step);
}
