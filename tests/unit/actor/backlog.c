/*
 * backlog.c - an actor with a million messages waiting asks, watches and links as fast as one with
 * none: nothing on the way looks through its queue. If something did, this would take hours.
 */
#include "kit.h"

enum { WAITING = 1000000, REQUESTS = 50000 };

static struct kit kit;
static struct kit_puppet asker;
static struct kit_puppet server;
static struct kit_puppet other;
static uint64_t asked;

static void fill(void)
{
    for (uint64_t i = 0; i < WAITING; i++) {
        struct wtl__envelope *envelope = wtl__envelope_new(WTL__LOCAL);
        cr_assert_not_null(envelope);
        (void)wtl__deliver(&kit.step.runtime, NULL, asker.pid, envelope);
    }
}

static enum wtl_status serve(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    wtl_reply(x, m, NULL);
    return WTL_OK;
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context);

/* All that a request and its answer may be made of, and is waited for in front of the queue. */
static void ask(struct wtl_ctx *x)
{
    static const struct wtl_call_options held = {.hold = true, .on_answer = on_answer};
    uint64_t ref = wtl_monitor(x, server.pid);
    wtl_link(x, server.pid);
    uint64_t given_up = wtl_call(x, other.pid, WTL_TAG("ask"), NULL, NULL);
    uint64_t timer = wtl_after(x, 1000, WTL_TAG("due"), NULL);
    (void)wtl_call(x, server.pid, WTL_TAG("ask"), NULL, &held);
    cr_assert(wtl_call_cancel(x, given_up));
    cr_assert_geq(wtl_timer_cancel(x, timer), 0);
    cr_assert(wtl_demonitor(x, ref));
    cr_assert_not(wtl_demonitor(x, ref));
    wtl_unlink(x, server.pid);
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)self;
    (void)context;
    cr_assert_eq(answer->status, WTL_OK);
    cr_assert_eq(asker.got, 0, "a message was handled before the answer");
    if (++asked < REQUESTS) {
        ask(x);
    }
    return WTL_OK;
}

static void start(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_trap_exits(x, true);
    ask(x);
}

static void run(enum wtl_mailbox_policy policy)
{
    struct wtl_actor type = kit_type;
    type.mailbox_policy = policy;
    asker = (struct kit_puppet){.silent = true};
    server = (struct kit_puppet){.silent = true, .message = serve};
    other = (struct kit_puppet){.silent = true};
    asked = 0;
    kit_init(&kit, 1);
    kit_spawn(&kit, &server, NULL);
    kit_spawn(&kit, &other, NULL);
    kit_spawn(&kit, &asker, &type);
    kit_do(&kit, &asker, (struct kit_cmd){.fn = start});
    fill();
    while (asked < REQUESTS) {
        cr_assert(wtl__step_one(&kit.step));
    }
    kit_settle(&kit);
    cr_assert_eq(asker.got, WAITING);
    cr_assert_eq(kit_cell(&kit, asker.pid)->notices, 0);
    kit_deinit(&kit);
}

Test(backlog, L17_requests_do_not_look_through_a_million_messages, .timeout = 200)
{
    run(WTL_MAILBOX_REJECT);
}

Test(backlog, L17_nor_through_a_ring, .timeout = 200)
{
    run(WTL_MAILBOX_DROP_OLDEST);
}
