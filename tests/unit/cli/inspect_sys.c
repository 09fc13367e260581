/* inspect_sys.c - L18, T04, T10: holding one actor, its state, its figures, its messages. */
#include <stdlib.h>
#include <string.h>

#include <wattle/sys.h>

#include "inspect_kit.h"

static struct ikit kit;

static void open_kit(void)
{
    ikit_init(&kit);
}

static void close_kit(void)
{
    ikit_deinit(&kit);
}

TestSuite(cli_inspect_sys, .init = open_kit, .fini = close_kit);

/* ---- an actor with a state ------------------------------------------------------------------- */

struct counter {
    uint64_t count;
};

static enum wtl_status count_up(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct counter *counter = self;
    counter->count++;
    wtl_reply(x, message, NULL);
    return WTL_OK;
}

static void show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct counter *counter = self;
    (void)x;
    wtl_put_map(out, 1);
    WTL_PUT_KEY(out, "count");
    wtl_put_u64(out, counter->count);
}

static enum wtl_status replace(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    struct counter *counter = self;
    (void)x;
    return wtl_getf(state, "count=%ju", &counter->count);
}

static WTL_ACTOR(counter, struct counter, .handle = count_up, .show = show, .replace = replace);

static struct wtl_pid spawn_counter(void)
{
    struct wtl_spawn_options options = {.name = "counter"};
    struct wtl_pid pid = wtl__spawn(&kit.step.runtime, NULL, &counter, &options, 0);
    wtl__step_settle(&kit.step);
    return pid;
}

static void tell(struct wtl_pid to, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        struct wtl__envelope *message = wtl__envelope_new(WTL__MESSAGE);
        message->msg.tag = WTL_TAG("up");
        (void)wtl__deliver(&kit.step.runtime, NULL, to, message);
    }
    wtl__step_settle(&kit.step);
}

static void expect_reply(enum wtl_status status, bool json, const char *says)
{
    cr_assert_eq(kit.replies, 1, "%u replies", (unsigned)kit.replies);
    kit.replies = 0;
    struct wtl__reply reply = ikit_reply(&kit);
    char *text = ikit_text(&kit, json);
    cr_expect_eq(reply.status, status, "status %s: %s", wtl_status_word(reply.status), text);
    EXPECT_HAS(text, says);
    free(text);
}

static void ask(const char *verb, const char *actor, enum wtl_status status, const char *says)
{
    ikit_ask(&kit, 0, verb, actor);
    expect_reply(status, true, says);
}

static void ask_replace(const char *actor, const void *body, size_t size, enum wtl_status status,
                        const char *says)
{
    struct wtl__request request = {.verb = "actor.replace",
                                   .timeout_ms = 5000,
                                   .args_count = 1,
                                   .body = body,
                                   .body_size = (uint32_t)size};
    (void)snprintf(request.args[0], sizeof request.args[0], "%s", actor);
    ikit_ask_with(&kit, &request);
    expect_reply(status, true, says);
}

/* ---- holding it ------------------------------------------------------------------------------ */

Test(cli_inspect_sys, L18_a_suspended_actor_keeps_its_mail)
{
    struct wtl_pid pid = spawn_counter();
    ask("actor.suspend", "counter", WTL_OK, "suspended <edge-1:");
    tell(pid, 5);
    ask("actor.show", "counter", WTL_OK, "\"state\":\"suspended\"");
    ask("actor.state", "counter", WTL_OK, "\"state\":{\"count\":0}");
    ask("actor.stats", "counter", WTL_OK, "\"handled\":0,\"sent\":null,\"mailbox\":5,");
    ask("actor.resume", "counter", WTL_OK, "resumed <edge-1:");
    ask("actor.state", "counter", WTL_OK, "\"state\":{\"count\":5}");
    ask("actor.show", "counter", WTL_OK, "\"state\":\"live\"");
}

Test(cli_inspect_sys, T10_the_nodes_own_actors_are_not_held)
{
    static const char *const verbs[] = {"actor.suspend", "actor.resume", "actor.replace"};
    for (size_t i = 0; i < 3; i++) {
        ask(verbs[i], "$node", WTL_DENIED, "is the node's own");
        ask(verbs[i], "$inspect", WTL_DENIED, "is the node's own");
    }
    ask("actor.trace", "$inspect", WTL_DENIED, "is the node's own");
}

Test(cli_inspect_sys, T10_a_device_holds_and_sees_nothing_elsewhere)
{
    static const char *const verbs[] = {"actor.suspend", "actor.resume", "actor.replace",
                                        "actor.state",   "actor.stats",  "actor.trace"};
    (void)spawn_counter();
    for (size_t i = 0; i < 6; i++) {
        kit.other_layer = i % 2 == 0 ? WTL_LAYER_DEVICE : 0;
        ikit_ask_as_other(&kit, verbs[i], "counter");
        expect_reply(WTL_DENIED, true, "answers edge and cloud nodes");
    }
    kit.other_layer = WTL_LAYER_CLOUD;
    ikit_ask_as_other(&kit, "actor.suspend", "counter");
    expect_reply(WTL_OK, true, "suspended <edge-1:");
}

/* ---- its state ------------------------------------------------------------------------------- */

Test(cli_inspect_sys, L18_a_state_is_replaced_or_all_stays_as_it_was)
{
    (void)spawn_counter();
    ask_replace("counter",
                "\x81\xa5"
                "count\x2a",
                8, WTL_OK, "replaced the state of <edge-1:");
    ask("actor.state", "counter", WTL_OK, "\"state\":{\"count\":42}");
    ask_replace("counter",
                "\x81\xa5"
                "count\xff",
                8, WTL_INVALID, "does not take that state: ");
    ask_replace("counter", "\x2a", 1, WTL_INVALID, "does not take that state: ");
    ask_replace("counter", "\x82\x01", 2, WTL_BAD_PAYLOAD, "not one value");
    ask_replace("counter", NULL, 0, WTL_BAD_PAYLOAD, "not one value");
    ask("actor.state", "counter", WTL_OK, "\"state\":{\"count\":42}");
}

Test(cli_inspect_sys, U05_who_has_nothing_to_show_says_so)
{
    (void)ikit_spawn(&kit, "idle");
    ask("actor.state", "idle", WTL_UNSUPPORTED, "has no function `show`");
    ask_replace("idle", "\x01", 1, WTL_UNSUPPORTED, "has no function `replace`");
    ask("actor.state", "nobody", WTL_NOT_FOUND, "has no actor \"nobody\"");
    ask("actor.suspend", "77.3", WTL_NOT_FOUND, "has ended, or never was");
}

static void show_two(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    (void)x;
    (void)self;
    wtl_put_u64(out, 1);
    wtl_put_u64(out, 2);
}

static void show_much(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    static const uint8_t some[WTL_BODY_MAX / 4];
    (void)x;
    (void)self;
    for (int i = 0; i < 5; i++) {
        wtl_put_bin(out, some, sizeof some);
    }
}

static void show_nothing(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    (void)x;
    (void)self;
    (void)out;
}

Test(cli_inspect_sys, U05_what_is_shown_is_looked_at)
{
    static const struct {
        const char *name;
        void (*show)(struct wtl_ctx *x, const void *self, struct wtl_writer *out);
    } all[] = {{"twice", show_two}, {"never", show_nothing}, {"large", show_much}};
    struct wtl_actor types[3];
    for (int i = 0; i < 3; i++) {
        struct wtl_spawn_options options = {.name = all[i].name};
        types[i] = counter;
        types[i].show = all[i].show;
        (void)wtl__spawn(&kit.step.runtime, NULL, &types[i], &options, 0);
    }
    wtl__step_settle(&kit.step);
    ask("actor.state", "twice", WTL_BAD_PAYLOAD, "is not one value of msgpack");
    ask("actor.state", "never", WTL_BAD_PAYLOAD, "is not one value of msgpack");
    ask("actor.state", "large", WTL_TOO_LARGE, "cannot be shown: ");
    wtl__step_deinit(&kit.step); /* the types are this function's */
    cr_assert_eq(wtl__step_init(&kit.step, KIT_NODE, 42), WTL_OK);
}

Test(cli_inspect_sys, L18_figures_since_they_were_asked_for)
{
    struct wtl_pid pid = spawn_counter();
    tell(pid, 3);
    ask("actor.stats", "counter", WTL_OK, "\"handled\":3,\"sent\":null,\"mailbox\":0,");
    wtl__step_advance(&kit.step, 2000);
    tell(pid, 4);
    ask("actor.stats", "counter", WTL_OK, "\"since_ms\":2000,\"handled_since\":4,\"sent_since\":0");
}

/* ---- its messages ---------------------------------------------------------------------------- */

static void ask_trace(const char *count, const char *for_ms)
{
    struct wtl__request request = {.verb = "actor.trace", .timeout_ms = 20000, .args_count = 3};
    (void)snprintf(request.args[0], sizeof request.args[0], "counter");
    (void)snprintf(request.args[1], sizeof request.args[1], "%s", count);
    (void)snprintf(request.args[2], sizeof request.args[2], "%s", for_ms);
    ikit_ask_with(&kit, &request);
}

Test(cli_inspect_sys, T04_a_trace_ends_with_its_number)
{
    struct wtl_pid pid = spawn_counter();
    ask_trace("3", "10000");
    cr_expect_eq(kit.replies, 0);
    tell(pid, 2);
    wtl__step_advance(&kit.step, 100);
    cr_expect_eq(kit.replies, 0);
    tell(pid, 5);
    cr_expect_eq(ikit_reply(&kit).rows, 3);
    expect_reply(WTL_OK, true,
                 "{\"at_us\":100000,\"way\":\"in\",\"kind\":\"message\",\"tag\":\"up\","
                 "\"peer\":null,\"request\":null,\"size_bytes\":0}]");
    struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, pid.local);
    cr_expect_eq(cell->flags & WTL__CELL_TRACED, 0);
}

Test(cli_inspect_sys, T04_a_trace_ends_with_its_time)
{
    struct wtl_pid pid = spawn_counter();
    ask_trace("100", "3000");
    tell(pid, 2);
    wtl__step_advance(&kit.step, 2999);
    cr_expect_eq(kit.replies, 0);
    wtl__step_advance(&kit.step, 1);
    cr_expect_eq(ikit_reply(&kit).rows, 2);
    kit.replies = 0;
    struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, pid.local);
    cr_expect_eq(cell->flags & WTL__CELL_TRACED, 0);
    tell(pid, 2);
    cr_expect_eq(kit.replies, 0);
    ask_trace("1", "3000");
    tell(pid, 2);
    cr_expect_eq(ikit_reply(&kit).rows, 1, "it can be traced again");
}

/* The end of a trace is still on its way when the next one is asked for. */
Test(cli_inspect_sys, T04_a_trace_does_not_end_by_the_end_of_the_one_before)
{
    struct wtl_pid pid = spawn_counter();
    struct wtl__request request = {.verb = "actor.trace", .timeout_ms = 20000, .args_count = 3};
    (void)snprintf(request.args[0], sizeof request.args[0], "counter");
    (void)snprintf(request.args[1], sizeof request.args[1], "100");
    (void)snprintf(request.args[2], sizeof request.args[2], "500");
    ikit_ask_with(&kit, &request);
    cr_assert(wtl__step_fire(&kit.step, UINT64_MAX), "its time is over");
    struct wtl__envelope *question = wtl__inspect_question(7, 0, &request);
    cr_assert_eq(wtl__deliver(&kit.step.runtime, NULL, kit.inspect, question), WTL_OK);
    wtl__step_settle(&kit.step);
    cr_expect_eq(kit.replies, 1);
    tell(pid, 2);
    cr_expect_eq(kit.replies, 1, "the second has ended with the first");
    wtl__step_advance(&kit.step, 500);
    cr_expect_eq(kit.replies, 2);
    cr_expect_eq(ikit_reply(&kit).rows, 2);
}

Test(cli_inspect_sys, T04_a_trace_ends_with_its_actor)
{
    struct wtl_pid pid = spawn_counter();
    ask_trace("100", "10000");
    tell(pid, 2);
    ikit_ask(&kit, 0, "actor.kill", "counter");
    cr_expect_eq(kit.replies, 2);
    wtl__step_advance(&kit.step, 20000);
    cr_expect_eq(kit.replies, 2);
}

Test(cli_inspect_sys, T04_one_question_traces_an_actor)
{
    struct wtl_pid pid = spawn_counter();
    ask_trace("100", "10000");
    ask_trace("100", "10000");
    expect_reply(WTL_BUSY, true, "is being traced for another question");
    ask_trace("0", "10");
    expect_reply(WTL_INVALID, true, "1 to 4096 events");
    ask_trace("5000", "10");
    expect_reply(WTL_INVALID, true, "1 to 4096 events");
    ask_trace("5", "x");
    expect_reply(WTL_INVALID, true, "1 to 4096 events");
    tell(pid, 100);
    cr_expect_eq(ikit_reply(&kit).rows, 100);
    kit.replies = 0;
    ask("actor.trace", "nobody", WTL_NOT_FOUND, "has no actor");
    kit.replies = 0;
    ikit_ask(&kit, 0, "actor.trace", "77.3");
    expect_reply(WTL_NOT_FOUND, true, "has ended, or never was");
}
