/* resources.c - what an actor has besides its messages: settings, memory, work on the pool. */
#include "kit.h"

enum { SEEDS = 50 };

static struct kit kit;
static struct kit_puppet parent;
static struct kit_puppet child;
static uint64_t ref;

static void begin(uint64_t seed)
{
    parent = (struct kit_puppet){0};
    child = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &parent, NULL);
    kit_settle(&kit);
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

Test(resources, settings_have_their_defaults_or_are_copied)
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

Test(resources, a_mandatory_setting_that_is_missing)
{
    begin(1);
    kit_do(&kit, &parent, (struct kit_cmd){.fn = spawn_sensor, .number = 1});
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&parent, KIT_DOWN)->reason, "error:invalid"));
    cr_assert_eq(kit_only(&parent, KIT_DOWN)->request, ref);
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

Test(resources, memory_goes_with_the_actor)
{
    begin(1);
    kit_spawn(&kit, &child, NULL);
    kit_settle(&kit);
    for (int round = 0; round < 3; round++) {
        kit_do(&kit, &child, (struct kit_cmd){.fn = allocate, .number = 1000});
        kit_settle(&kit);
        cr_assert_eq(child.last, WTL_COUNT(blocks));
        kit_do(&kit, &child, (struct kit_cmd){.fn = give_back});
        kit_settle(&kit);
    }
    kit_do(&kit, &child, (struct kit_cmd){.fn = allocate, .number = 900});
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, child.pid));
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

Test(resources, work_is_answered_also_when_nobody_waits_any_more)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed);
        kit_spawn(&kit, &child, NULL);
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
