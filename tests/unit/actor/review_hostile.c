/*
 * review_hostile.c - signals that a peer has made up: it may speak for its own actors, guesses the
 * numbers of monitors and calls, and must reach nothing by it.
 */
#include "kit.h"

enum { CALLEE_NODE = 9, HOSTILE_NODE = 66 };

static struct kit kit;
static struct kit_puppet actor;
static struct wtl_pid there = {.node = CALLEE_NODE, .local = 42};
static struct wtl_pid hostile = {.node = HOSTILE_NODE, .local = 42};
static uint64_t number;
static uint32_t cancels;

/* The way out to another node, which loses everything: what comes back is the test's to say. */
static enum wtl_status lose(void *port, struct wtl__ctx *x, struct wtl_pid to,
                            struct wtl__envelope *envelope)
{
    (void)port;
    (void)x;
    (void)to;
    cancels += envelope->msg.kind_ == WTL__CANCEL;
    wtl__envelope_free(envelope);
    return WTL_OK;
}

static enum wtl_status lose_named(void *port, struct wtl__ctx *x, const char *name,
                                  struct wtl__envelope *envelope)
{
    (void)name;
    return lose(port, x, there, envelope);
}

static const struct wtl__port_ops port = {.send = lose, .send_name = lose_named};

static void begin(void)
{
    actor = (struct kit_puppet){0};
    cancels = 0;
    kit_init(&kit, 1);
    kit.step.runtime.port = &port;
    kit_spawn(&kit, &actor, NULL);
}

static void from_peer(enum wtl__kind kind, struct wtl_pid from, uint64_t request)
{
    struct wtl__envelope *envelope = wtl__envelope_new(kind);
    cr_assert_not_null(envelope);
    envelope->msg.from = from;
    envelope->msg.request = request;
    if (kind == WTL__REPLY) {
        wtl__set_status(envelope, WTL_OK);
    } else {
        wtl__set_reason(envelope, WTL_REASON(WTL_EXIT_ERROR, "forged"));
    }
    (void)wtl__deliver(&kit.step.runtime, NULL, actor.pid, envelope);
    kit_settle(&kit);
}

static void do_watch(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    number = wtl_monitor(x, cmd->pid);
}

static void do_call(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    number = wtl_call(x, cmd->pid, WTL_TAG("ask"), NULL, KIT_CALL(p));
}

static void do_call_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    number = wtl_call_name(x, "far", WTL_TAG("ask"), NULL, KIT_CALL(p));
}

static enum wtl_status never_done(void *argument, struct wtl_writer *result)
{
    (void)argument;
    (void)result;
    return WTL_DENIED;
}

static void do_work(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    number = wtl_work(x, never_done, NULL, 0, KIT_CALL(p));
    /* before the work has run: the peer guesses what the next number is */
    struct wtl__envelope *reply = wtl__envelope_new(WTL__REPLY);
    cr_assert_not_null(reply);
    reply->msg.from = hostile;
    reply->msg.request = number;
    (void)wtl__deliver(&kit.step.runtime, NULL, actor.pid, reply);
}

static void run(kit_fn fn)
{
    kit_do(&kit, &actor, (struct kit_cmd){.fn = fn, .pid = there});
    kit_settle(&kit);
}

Test(review_hostile, a_down_of_another_node_is_ignored)
{
    begin();
    run(do_watch);
    from_peer(WTL__DOWN, hostile, number);
    cr_assert_eq(kit_count(&actor, KIT_DOWN), 0, "any node could end any monitor");
    from_peer(WTL__DOWN, there, number);
    cr_assert(kit_reason_is(kit_only(&actor, KIT_DOWN)->reason, "error:forged"));
    kit_deinit(&kit);
}

Test(review_hostile, a_down_of_another_node_answers_no_call)
{
    begin();
    run(do_call);
    from_peer(WTL__DOWN, hostile, number);
    cr_assert_eq(kit_count(&actor, KIT_ANSWER), 0);
    from_peer(WTL__DOWN, there, number);
    cr_assert_eq(kit_only(&actor, KIT_ANSWER)->status, WTL_CLOSED);
    kit_deinit(&kit);
}

Test(review_hostile, a_reply_of_another_node_is_ignored)
{
    begin();
    run(do_call);
    from_peer(WTL__REPLY, hostile, number);
    cr_assert_eq(kit_count(&actor, KIT_ANSWER), 0);
    cr_assert_eq(cancels, 0);
    from_peer(WTL__REPLY, (struct wtl_pid){.node = CALLEE_NODE, .local = 43}, number);
    cr_assert_eq(kit_only(&actor, KIT_ANSWER)->status, WTL_OK,
                 "another actor of the callee's node");
    cr_assert_eq(cancels, 1);
    kit_deinit(&kit);
}

Test(review_hostile, who_holds_a_name_may_answer_from_anywhere)
{
    begin();
    run(do_call_name);
    from_peer(WTL__REPLY, there, number);
    cr_assert_eq(kit_only(&actor, KIT_ANSWER)->status, WTL_OK);
    kit_deinit(&kit);
}

Test(review_hostile, work_is_answered_by_this_node_alone)
{
    begin();
    run(do_work);
    cr_assert_eq(kit_only(&actor, KIT_ANSWER)->status, WTL_DENIED);
    kit_deinit(&kit);
}

Test(review_hostile, an_exit_without_a_link_is_ignored)
{
    begin();
    kit_link(&kit, &actor, there);
    kit_settle(&kit);
    from_peer(WTL__EXIT, hostile, 0);
    from_peer(WTL__EXIT, (struct wtl_pid){.node = CALLEE_NODE, .local = 43}, 0);
    cr_assert(kit_lives(&kit, actor.pid));
    from_peer(WTL__EXIT, there, 0);
    cr_assert(!kit_lives(&kit, actor.pid));
    kit_deinit(&kit);
}

/* A call from a node that is lost is not owed for ever, although the actor has no other tie to it.
 */
Test(review_hostile, a_lost_node_is_owed_nothing)
{
    begin();
    from_peer(WTL__CALL, there, 5);
    cr_assert_eq(kit_cell(&kit, actor.pid)->ties.count, 1);
    wtl__node_down(&kit.step.runtime, CALLEE_NODE);
    kit_settle(&kit);
    cr_assert_eq(kit_cell(&kit, actor.pid)->ties.count, 0);
    kit_deinit(&kit);
}
