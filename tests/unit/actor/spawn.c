/* spawn.c - what can be said when an actor is started, and how its start ends. */
#include "kit.h"

#include "actor/names.h"

enum { SEEDS = 50 };

static struct kit kit;
static struct kit_puppet parent;
static struct kit_puppet child;
static struct wtl_spawn_options options;
static uint64_t ref;

/* The word of the last message. */
static char said[16];

static enum wtl_status listen(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    size_t size = 0;
    (void)x;
    (void)p;
    said[0] = '\0';
    if (m->size > 0) {
        struct wtl_reader r = wtl_read(m);
        const char *word = wtl_get_str(&r, &size);
        cr_assert(!r.failed && size < sizeof said);
        memcpy(said, word, size);
        said[size] = '\0';
    }
    return WTL_OK;
}

static void begin(uint64_t seed)
{
    parent = (struct kit_puppet){.message = listen};
    child = (struct kit_puppet){0};
    options = (struct wtl_spawn_options){0};
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
    (void)kit_spawn_from(x, &child, NULL, &with);
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

/* The one message of the parent, before anything else that it has seen. */
static void expect_not_started(const char *word)
{
    const struct kit_event *told = kit_only(&parent, KIT_MESSAGE);
    cr_assert_eq(told, &parent.events[0]);
    cr_assert(wtl_tag_equal(told->tag, WTL_TAG("not_started")));
    cr_assert(wtl_pid_equal(told->from, child.pid));
    cr_assert_str_eq(said, word);
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
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin(seed);
        child.init = fail_init;
        options.link = true;
        options.monitor = true;
        options.ack = true;
        spawn(1);
        expect_down("error:denied");
        cr_assert(kit_reason_is(kit_only(&parent, KIT_EXITED)->reason, "error:denied"));
        cr_assert_eq(kit_count(&child, KIT_STOPPED), 0, "it had not started");
        expect_not_started("denied");
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
                                      ("0123456789012345678901234567890123456789"
                                       "012345678901234567890123")};
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
    expect_not_started("invalid");
    cr_assert_eq(kit_count(&child, KIT_STOPPED), 0);
    kit_deinit(&kit);
}

Test(spawn, later_and_ended_before_it_was_done)
{
    begin_later();
    kit_exit(&kit, &parent, child.pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    kit_settle(&kit);
    expect_down("shutdown");
    expect_not_started("shutdown");
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
    options.ack = true;
    spawn(0);
    expect_down("normal:ignore");
    expect_not_started("ignore");
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
