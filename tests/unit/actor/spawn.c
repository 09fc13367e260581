/* spawn.c - what can be said when an actor is started, and how its start ends. */
#include "kit.h"

#include "actor/names.h"

enum { SEEDS = 50 };

static struct kit kit;
static struct kit_puppet parent;
static struct kit_puppet child;
static struct wtl_spawn_options options;
static const struct wtl_actor *type;
static uint64_t ref;

static void begin(uint64_t seed)
{
    parent = (struct kit_puppet){0};
    child = (struct kit_puppet){0};
    options = (struct wtl_spawn_options){0};
    type = NULL;
    kit_init(&kit, seed);
    kit_spawn(&kit, &parent, NULL);
    kit_trap(&kit, &parent, true);
    kit_settle(&kit);
}

static void do_spawn(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer args;
    struct wtl_spawn_options with = options;
    (void)p;
    with.ref_out = options.monitor ? &ref : NULL;
    if (cmd->number != 0) {
        kit_body(x, &args, cmd->number);
        with.args = &args;
    }
    (void)kit_spawn_from(x, &child, type, &with);
}

static void spawn(uint64_t args)
{
    kit_do(&kit, &parent, (struct kit_cmd){.fn = do_spawn, .number = args});
    kit_settle(&kit);
}

static void expect_down(const char *reason)
{
    const struct kit_event *down = kit_only(&parent, KIT_DOWN);
    cr_assert_eq(down->request, ref);
    cr_assert(wtl_pid_equal(down->from, child.pid));
    cr_assert(kit_reason_is(down->reason, reason));
    cr_assert_not(kit_lives(&kit, child.pid));
}

static enum wtl_status init_args(struct wtl_ctx *x, struct kit_puppet *p,
                                 const struct wtl_msg *args)
{
    p->last = kit_number(args);
    cr_assert(wtl_pid_equal(wtl_parent(x), parent.pid));
    return WTL_OK;
}

Test(spawn, args_and_parent)
{
    begin(1);
    child.init = init_args;
    spawn(99);
    cr_assert_eq(child.last, 99);
    cr_assert_eq(child.got, 0);
    kit_deinit(&kit);
}

static enum wtl_status fail_init(struct wtl_ctx *x, struct kit_puppet *p,
                                 const struct wtl_msg *args)
{
    (void)x;
    (void)p;
    (void)args;
    return WTL_DENIED;
}

Test(spawn, a_failed_init_is_seen_by_link_and_monitor)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed);
        child.init = fail_init;
        options.link = true;
        options.monitor = true;
        options.ack = true;
        spawn(1);
        expect_down("error:denied");
        cr_assert(kit_reason_is(kit_only(&parent, KIT_EXITED)->reason, "error:denied"));
        cr_assert_eq(kit_count(&child, KIT_STOPPED), 0, "it had not started");
        cr_assert_eq(parent.got, 0, "it has not started, and says so by its end alone");
        kit_deinit(&kit);
    }
}

Test(spawn, a_name_that_is_taken)
{
    struct kit_puppet holder = {0};
    begin(1);
    options.name = "taken";
    options.monitor = true;
    spawn(0);
    cr_assert(kit_lives(&kit, child.pid));
    cr_assert(wtl_pid_equal(child.pid, wtl__name_find(&kit.step.runtime, "taken")));
    holder = child;
    spawn(5); /* the arguments are not lost */
    expect_down("error:exists");
    cr_assert_eq(child.inits, 0);
    cr_assert(wtl_pid_equal(holder.pid, wtl__name_find(&kit.step.runtime, "taken")));
    kit_deinit(&kit);
}

Test(spawn, names_that_are_none)
{
    static const char *const bad[] = {"",
                                      "Upper",
                                      ".dot",
                                      "a b",
                                      "a/b",
                                      "0123456789012345678901234567890123456789"
                                      "012345678901234567890123"};
    for (size_t i = 0; i < WTL_COUNT(bad); i++) {
        begin(1);
        options.name = bad[i];
        options.monitor = true;
        spawn(0);
        expect_down("error:invalid");
        kit_deinit(&kit);
    }
}

/* ---- ack, later, ignore ---------------------------------------------------------------------- */

Test(spawn, ack_comes_when_init_is_over)
{
    begin(1);
    options.ack = true;
    spawn(0);
    const struct kit_event *started = kit_only(&parent, KIT_MESSAGE);
    cr_assert(wtl_tag_equal(started->tag, WTL_TAG("started")));
    cr_assert(wtl_pid_equal(started->from, child.pid));
    kit_deinit(&kit);
}

static enum wtl_status init_later(struct wtl_ctx *x, struct kit_puppet *p,
                                  const struct wtl_msg *args)
{
    (void)x;
    (void)p;
    (void)args;
    return WTL_LATER;
}

static void say_done(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_done(x, (enum wtl_status)cmd->number);
}

static void begin_later(void)
{
    begin(1);
    child.init = init_later;
    options.ack = true;
    options.monitor = true;
    spawn(0);
    cr_assert_eq(parent.got, 0);
    cr_assert(kit_lives(&kit, child.pid));
}

Test(spawn, later_and_done)
{
    begin_later();
    kit_do(&kit, &child, (struct kit_cmd){.fn = say_done, .number = WTL_OK});
    kit_do(&kit, &child, (struct kit_cmd){.fn = say_done, .number = WTL_INVALID}); /* too late */
    kit_settle(&kit);
    cr_assert_eq(parent.got, 1);
    cr_assert(kit_lives(&kit, child.pid));
    kit_deinit(&kit);
}

Test(spawn, later_and_not_done)
{
    begin_later();
    kit_do(&kit, &child, (struct kit_cmd){.fn = say_done, .number = WTL_INVALID});
    kit_settle(&kit);
    expect_down("error:invalid");
    cr_assert_eq(kit_count(&child, KIT_STOPPED), 0);
    kit_deinit(&kit);
}

Test(spawn, later_and_ended_before_it_was_done)
{
    begin_later();
    kit_exit(&kit, &parent, child.pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    kit_settle(&kit);
    expect_down("shutdown");
    kit_deinit(&kit);
}

static enum wtl_status ignore(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *args)
{
    (void)x;
    (void)p;
    (void)args;
    return WTL_IGNORE;
}

Test(spawn, ignore_ends_quietly)
{
    begin(1);
    child.init = ignore;
    options.monitor = true;
    spawn(0);
    expect_down("normal:ignore");
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_CRASHED), 0);
    cr_assert_eq(kit_count(&child, KIT_STOPPED), 0);
    kit_deinit(&kit);
}

static enum wtl_status fail_handle(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    (void)p;
    return (enum wtl_status)kit_number(m);
}

Test(spawn, what_a_handler_returns_is_how_it_ends)
{
    static const struct {
        enum wtl_status status;
        const char *reason;
        uint64_t crashes;
    } ways[] = {{WTL_STOP, "normal", 0},
                {WTL_SHUTDOWN, "shutdown", 0},
                {WTL_BAD_PAYLOAD, "error:bad_payload", 1},
                {WTL_TIMEOUT, "error:timeout", 1}};
    for (size_t i = 0; i < WTL_COUNT(ways); i++) {
        begin(1);
        child.message = fail_handle;
        options.monitor = true;
        spawn(0);
        kit_tell(&kit, &parent, child.pid, ways[i].status);
        kit_settle(&kit);
        expect_down(ways[i].reason);
        cr_assert_eq(kit_counter(&kit, WTL__COUNT_CRASHED), ways[i].crashes);
        cr_assert_eq(kit_count(&child, KIT_STOPPED), 1);
        kit_deinit(&kit);
    }
}

/* ---- settings -------------------------------------------------------------------------------- */

struct sensor_settings {
    int64_t period_ms;
    double scale;
    bool fast;
    const char *unit;
    int64_t buffer;
};

static const struct wtl_field sensor_fields[] = {
    WTL_FIELD(struct sensor_settings, period_ms, DURATION_MS, "2s", "ms", "How often."),
    WTL_FIELD(struct sensor_settings, scale, F64, "1.5", NULL, "What to multiply by."),
    WTL_FIELD(struct sensor_settings, fast, BOOL, "true", NULL, "Without a filter."),
    WTL_FIELD(struct sensor_settings, unit, STR, "celsius", NULL, "The unit."),
    WTL_FIELD(struct sensor_settings, buffer, BYTES, "64KiB", "bytes", "How much is kept."),
    {0}};

static const struct wtl_field strict_fields[] = {
    WTL_FIELD(struct sensor_settings, period_ms, DURATION_MS, NULL, "ms", "How often."), {0}};

static struct sensor_settings seen;

static enum wtl_status sensor_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)x;
    (void)self;
    (void)args;
    memcpy(&seen, settings, sizeof seen);
    return WTL_OK;
}

struct empty {
    char unused;
};

static WTL_ACTOR(sensor, struct empty, .settings_size = sizeof(struct sensor_settings),
                 .fields = sensor_fields, .init = sensor_init);
static WTL_ACTOR(strict, struct empty, .settings_size = sizeof(struct sensor_settings),
                 .fields = strict_fields, .init = sensor_init);

static void spawn_sensor(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_spawn_options with = {.settings = cmd->user, .monitor = true, .ref_out = &ref};
    (void)p;
    child.pid = wtl_spawn(x, cmd->number == 0 ? &sensor : &strict, &with);
}

Test(spawn, settings_have_their_defaults_or_are_copied)
{
    struct sensor_settings own = {.period_ms = 7, .unit = "kelvin"};
    begin(1);
    kit_do(&kit, &parent, (struct kit_cmd){.fn = spawn_sensor});
    kit_settle(&kit);
    cr_assert_eq(seen.period_ms, 2000);
    cr_assert_float_eq(seen.scale, 1.5, 0);
    cr_assert(seen.fast);
    cr_assert_str_eq(seen.unit, "celsius");
    cr_assert_eq(seen.buffer, 65536);
    kit_do(&kit, &parent, (struct kit_cmd){.fn = spawn_sensor, .user = &own});
    kit_settle(&kit);
    cr_assert_eq(seen.period_ms, 7);
    cr_assert_str_eq(seen.unit, "kelvin");
    kit_deinit(&kit);
}

Test(spawn, a_mandatory_setting_that_is_missing)
{
    begin(1);
    kit_do(&kit, &parent, (struct kit_cmd){.fn = spawn_sensor, .number = 1});
    kit_settle(&kit);
    expect_down("error:invalid");
    kit_deinit(&kit);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *blocks[32];

static void allocate(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    p->last = 0;
    for (size_t i = 0; i < WTL_COUNT(blocks); i++) {
        blocks[i] = wtl_alloc(x, (size_t)cmd->number);
        if (blocks[i] != NULL) {
            cr_assert_eq((uintptr_t)blocks[i] % 16, 0);
            memset(blocks[i], 0xa5, (size_t)cmd->number);
            p->last++;
        }
    }
}

static void give_back(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_free(x, NULL);
    for (size_t i = 0; i < WTL_COUNT(blocks); i += 2) { /* every second one, then the others */
        wtl_free(x, blocks[i]);
    }
    for (size_t i = 1; i < WTL_COUNT(blocks); i += 2) {
        wtl_free(x, blocks[i]);
    }
}

Test(spawn, memory_is_capped_and_goes_with_the_actor)
{
    struct wtl_actor capped = kit_type;
    capped.memory_max = 10000;
    begin(1);
    type = &capped;
    spawn(0);
    for (int round = 0; round < 3; round++) {
        kit_do(&kit, &child, (struct kit_cmd){.fn = allocate, .number = 1000});
        kit_settle(&kit);
        cr_assert_eq(child.last, 10);
        kit_do(&kit, &child, (struct kit_cmd){.fn = give_back});
        kit_settle(&kit);
    }
    kit_do(&kit, &child, (struct kit_cmd){.fn = allocate, .number = 10001});
    kit_settle(&kit);
    cr_assert_eq(child.last, 0);
    kit_do(&kit, &child, (struct kit_cmd){.fn = allocate, .number = 2000});
    kit_settle(&kit);
    cr_assert_eq(child.last, 5);
    kit_deinit(&kit); /* what was not given back is not left behind */
}

/* ---- work ------------------------------------------------------------------------------------ */

static enum wtl_status square(void *argument, struct wtl_writer *result)
{
    uint64_t number;
    memcpy(&number, argument, sizeof number);
    wtl_put_u64(result, number * number);
    return number == 13 ? WTL_DENIED : WTL_OK;
}

static void do_work(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_work(x, square, &cmd->number, sizeof cmd->number, KIT_CALL(p));
}

Test(spawn, work_is_answered_also_when_nobody_waits_any_more)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed);
        spawn(0);
        kit_do(&kit, &parent, (struct kit_cmd){.fn = do_work, .number = 12});
        kit_do(&kit, &parent, (struct kit_cmd){.fn = do_work, .number = 13});
        kit_do(&kit, &child, (struct kit_cmd){.fn = do_work, .number = 14});
        kit_stop(&kit, &child, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        cr_assert_eq(kit_count(&parent, KIT_ANSWER), 2);
        for (uint32_t i = 0; i < 2; i++) {
            const struct kit_event *answer = kit_nth(&parent, KIT_ANSWER, i);
            cr_assert_eq(answer->status, answer->number == 169 ? WTL_DENIED : WTL_OK);
            cr_assert(answer->number == 144 || answer->number == 169);
        }
        kit_deinit(&kit);
    }
}
