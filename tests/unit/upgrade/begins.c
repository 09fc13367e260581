/* begins.c - an actor whose init asks somebody first, and is not over when the upgrade comes. */
#include "line.h"

static struct line line;
static struct kit_puppet peer;
static struct wtl_from asked;
static uint32_t began_as; /* the version whose function was answered */

static enum wtl_status on_ready_1(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context)
{
    (void)self;
    (void)context;
    began_as = 1;
    wtl_done(x, answer->status);
    return WTL_OK;
}

static enum wtl_status on_ready_2(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context)
{
    (void)self;
    (void)context;
    began_as = 2;
    wtl_done(x, answer->status);
    return WTL_OK;
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    uint64_t *count = self;
    (void)settings;
    (void)args;
    *count = 7;
    (void)wtl_call(
        x, peer.pid, WTL_TAG("ready"), NULL,
        &(struct wtl_call_options){.on_answer = on_ready_1, .deadline_ms = WTL_CALL_FOREVER});
    return WTL_LATER;
}

static enum wtl_status save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    (void)x;
    wtl_put_u64(saved, *(const uint64_t *)self);
    return WTL_OK;
}

static enum wtl_status upgrade(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_saved *saved)
{
    struct wtl_reader reader = wtl_read(&saved->message);
    (void)x;
    (void)settings;
    *(uint64_t *)self = wtl_get_u64(&reader);
    return WTL_OK;
}

static const struct wtl_answerer answers_1[] = {{"on_ready", on_ready_1}, {0}};
static const struct wtl_answerer answers_2[] = {{"on_ready", on_ready_2}, {0}};

static WTL_ACTOR(slow_1, uint64_t, .state_vsn = 1, .init = init, .answers = answers_1,
                 .save = save);
static WTL_ACTOR(slow_2, uint64_t, .state_vsn = 1, .answers = answers_2);
static WTL_ACTOR(slow_3, uint64_t, .state_vsn = 2, .answers = answers_2, .upgrade = upgrade);

static enum wtl_status defers(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    asked = wtl_defer(x, m);
    return WTL_OK;
}

static void reply(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_reply_to(x, asked, NULL);
}

static struct wtl_pid start(uint64_t seed)
{
    line_init(&line, seed);
    peer.message = defers;
    (void)kit_spawn(&line.kit, &peer, NULL);
    began_as = 0;
    return wtl__spawn(&line.kit.step.runtime, NULL, &slow_1, NULL, 0);
}

static uint64_t state_of(struct wtl_pid pid)
{
    return *(const uint64_t *)kit_cell(&line.kit, pid)->state;
}

/* Its state stays where it is, and its init goes on in the new version. */
Test(upgrade, L19_an_init_that_goes_on)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wtl_pid pid = start(seed);
        kit_settle(&line.kit);
        cr_assert_eq(line_upgrade(&line, &slow_1, &slow_2), WTL_OK, "%s", line.text);
        cr_assert_eq(line.actors, 1);
        cr_assert_eq(kit_cell(&line.kit, pid)->flags & WTL__CELL_INITING, WTL__CELL_INITING);
        kit_do(&line.kit, &peer, (struct kit_cmd){.fn = reply});
        kit_settle(&line.kit);
        cr_assert_eq(began_as, 2);
        cr_assert_eq(kit_cell(&line.kit, pid)->flags & WTL__CELL_INITING, 0);
        cr_assert_eq(state_of(pid), 7);
        line_deinit(&line);
    }
}

/* Half of a state is not saved: it is waited for, as long as there is time. */
Test(upgrade, L19_an_init_that_is_waited_for)
{
    struct wtl_pid pid = start(1);
    kit_settle(&line.kit);
    line_begin(&line, &slow_1, &slow_3);
    kit_advance(&line.kit, 100);
    cr_assert_eq(line.done, 0);
    kit_do(&line.kit, &peer, (struct kit_cmd){.fn = reply});
    kit_advance(&line.kit, 100);
    cr_assert_eq(line.done, 1);
    cr_assert_eq(line.status, WTL_OK, "%s", line.text);
    cr_assert_eq(began_as, 1);
    cr_assert_eq(state_of(pid), 7);
    line_deinit(&line);
}

Test(upgrade, X096_an_init_that_is_not_over)
{
    struct wtl_pid pid = start(1);
    kit_settle(&line.kit);
    cr_assert_eq(line_upgrade(&line, &slow_1, &slow_3), WTL_TIMEOUT);
    cr_assert_not_null(strstr(line.text, "its init was not over in time"), "%s", line.text);
    kit_do(&line.kit, &peer, (struct kit_cmd){.fn = reply});
    kit_settle(&line.kit);
    cr_assert_eq(began_as, 1);
    cr_assert_eq(state_of(pid), 7);
    line_deinit(&line);
}
