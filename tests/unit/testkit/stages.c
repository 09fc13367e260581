/* stages.c - stages of flows under test: what comes to them, what becomes of it, and what a failure
 * says. */
#include "specimen.h"

#include <wattle/test_stage.h>

/* ---- the stages ------------------------------------------------------------------------------ */

/* A processor: {n} goes on as {n: 2n}; odd ones are dropped, with a word when they are over 100;
 * 13 is sent to both ports, "even" and "odd"; 7 comes out later, by a timer; 66 ends it. */
static enum wtl_status later_emit(struct wtl_ctx *x, const struct wtl_msg *message)
{
    struct wtl_writer body;
    struct wtl_key key;
    size_t size = 0;
    struct wtl_reader reader = wtl_read(message);
    const void *bytes = wtl_get_bin(&reader, &size);
    memcpy(&key, bytes, size);
    (void)wtl_message_open(x, &body, 16);
    wtl_putf(&body, "n=%d", 14);
    enum wtl_status status = wtl_emit_for(x, &key, &body);
    return status == WTL_OK ? wtl_done_key(x, &key) : status;
}

static enum wtl_status emit_to(struct wtl_ctx *x, const char *port, int n)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_putf(&body, "n=%d", n);
    return wtl_emit_to(x, port, &body);
}

static enum wtl_status twice_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    int n = 0;
    (void)self;
    if (wtl_is(message, "later")) {
        return later_emit(x, message);
    }
    if (wtl_getf(message, "n=%d", &n) != WTL_OK) {
        wtl_drop(x, "no n");
        return WTL_OK;
    }
    if (n == 66) {
        return WTL_INVALID;
    }
    if (n == 7) {
        struct wtl_key key = wtl_flow_key(x, message);
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, sizeof key + 8);
        wtl_put_bin(&body, &key, sizeof key);
        (void)wtl_after(x, 100, WTL_TAG("later"), &body);
        return WTL_LATER;
    }
    if (n == 13) {
        enum wtl_status status = emit_to(x, "even", 26);
        return status == WTL_OK ? emit_to(x, "odd", 13) : status;
    }
    if (n % 2 != 0) {
        if (n > 100) {
            wtl_drop(x, "large and odd");
        }
        return WTL_OK;
    }
    return wtl_emitf(x, "n=%d", 2 * n);
}

static WTL_ACTOR(twice, char, .kind = WTL_PROCESSOR, .handle = twice_handle);

/* A producer: emits 1, 2, 3, ... until it is refused, from when it is told to, and goes on when it
 * may; notes what it was told of. "back" {to} sets the number that comes next. */
struct counter {
    int next;
    unsigned demanded;
    unsigned readies;
    bool runs;
};

static enum wtl_status count_on(struct wtl_ctx *x, struct counter *counter)
{
    enum wtl_status status = WTL_OK;
    while (status == WTL_OK && counter->next < 10000) {
        status = wtl_emitf(x, "n=%d", counter->next + 1);
        counter->next += status == WTL_OK;
    }
    return status == WTL_BUSY ? WTL_OK : status;
}

static enum wtl_status counter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct counter *counter = self;
    unsigned count = 0;
    if (wtl_is(message, "go")) {
        counter->runs = true;
    } else if (wtl_is(message, "flow_ready")) {
        counter->readies++;
    } else if (wtl_is(message, "flow_demand") && wtl_getf(message, "count=%u", &count) == WTL_OK) {
        counter->demanded += count;
    } else if (wtl_is(message, "back")) {
        return wtl_getf(message, "to=%d", &counter->next);
    } else if (wtl_is(message, "told")) {
        wtl_replyf(x, message, "demanded=%u readies=%u", counter->demanded, counter->readies);
    }
    return counter->runs ? count_on(x, counter) : WTL_OK;
}

static WTL_ACTOR(counter, struct counter, .kind = WTL_PRODUCER, .handle = counter_handle);

/* A consumer: acknowledges what it is told to keep when it is told "done"; sends each n backward;
 * asks for two when it is told "more". */
struct sink {
    struct wtl_key kept[8];
    unsigned count;
};

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sink *sink = self;
    struct wtl_writer body;
    int n = 0;
    if (wtl_is(message, "more")) {
        return wtl_ask(x, 2);
    }
    if (wtl_is(message, "done")) {
        enum wtl_status status = WTL_OK;
        while (status == WTL_OK && sink->count > 0) {
            status = wtl_done_key(x, &sink->kept[--sink->count]);
        }
        return status;
    }
    if (wtl_getf(message, "n=%d", &n) != WTL_OK) {
        wtl_drop(x, "no n");
        return WTL_OK;
    }
    (void)wtl_message_open(x, &body, 16);
    wtl_putf(&body, "seen=%d", n);
    (void)!wtl_back(x, &body);
    if (wtl_is(message, "keep")) {
        sink->kept[sink->count++] = wtl_flow_key(x, message);
        return WTL_LATER;
    }
    return WTL_OK;
}

static WTL_ACTOR(sink, struct sink, .kind = WTL_CONSUMER, .handle = sink_handle);

/* ---- processors ------------------------------------------------------------------------------ */

static void emits(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    uint64_t even = wtl_test_feedf(stage, "n=%d", 4);
    uint64_t odd = wtl_test_feedf(stage, "n=%d", 5);
    uint64_t large = wtl_test_feedf(stage, "n=%d", 101);
    uint64_t none = wtl_test_feed(stage, WTL_TAG("empty"), NULL);
    wtl_test_expect_emitf(stage, "n=%d", 8);
    wtl_test_expect_no_emit(stage);
    wtl_test_check(t, even == 1 && odd == 2, "numbers from 1");
    wtl_test_expect_acked(stage, even);
    wtl_test_expect_acked(stage, odd);
    wtl_test_expect_dropped(stage, odd, NULL);
    wtl_test_expect_dropped(stage, large, "large");
    wtl_test_expect_dropped(stage, none, "no n");
    wtl_test_check(t, wtl_test_acks(stage) == 4, "all");
    const struct wtl_test_emit *emit = wtl_test_emitted(stage, 0);
    wtl_test_check(t, emit->key.seq == even && emit->key.child == 0 && !emit->redelivered, "a key");
    wtl_test_check(t, wtl_test_emitted(stage, 1)->key.seq == 0, "nothing more");
}

static void emits_to_ports(struct wtl_test *t)
{
    static const char *const ports[] = {"odd", "even"};
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice, .ports = ports, .ports_count = 2);
    uint64_t both = wtl_test_feedf(stage, "n=%d", 13);
    wtl_test_settle(t);
    wtl_test_check(t, wtl_test_emits(stage) == 2, "two of one");
    uint32_t even = strcmp(wtl_test_emitted(stage, 0)->port, "even") == 0 ? 0 : 1;
    wtl_test_check(t, wtl_test_emitted(stage, even)->key.seq == both, "of that one");
    wtl_test_check(t,
                   wtl_test_emitted(stage, 0)->key.child != wtl_test_emitted(stage, 1)->key.child,
                   "children of their own");
    wtl_test_expect_acked(stage, both);
    (void)wtl_test_feedf(stage, "n=%d", 2);
    wtl_test_check(t, wtl_test_emits(stage) == 4, "one to each");
}

static void emits_later(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    uint64_t seq = wtl_test_feedf(stage, "n=%d", 7);
    wtl_test_expect_open(stage, seq);
    wtl_test_expect_no_emit(stage);
    wtl_test_advance(t, 100);
    wtl_test_expect_emitf(stage, "n=%d", 14);
    wtl_test_expect_acked(stage, seq);
}

static void waits_for_those_behind(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    wtl_test_hold(stage, true);
    uint64_t seq = wtl_test_feedf(stage, "n=%d", 2);
    wtl_test_expect_emitf(stage, "n=%d", 4);
    wtl_test_expect_open(stage, seq);
    wtl_test_hold(stage, false);
    wtl_test_expect_acked(stage, seq);
}

Test(stages, K30_a_processor)
{
    passes(emits, 10);
    passes(emits_to_ports, 10);
    passes(emits_later, 10);
    passes(waits_for_those_behind, 10);
}

/* What was not acknowledged comes once more, and what comes of it is marked. */
static void comes_again(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    uint64_t done = wtl_test_feedf(stage, "n=%d", 2);
    wtl_test_expect_emitf(stage, "n=%d", 4);
    wtl_test_expect_acked(stage, done);
    wtl_test_hold(stage, true);
    uint64_t held = wtl_test_feedf(stage, "n=%d", 4);
    wtl_test_expect_emitf(stage, "n=%d", 8);
    struct wtl_pid pid = wtl_test_stage_pid(stage);
    wtl_test_crash(t, pid);
    struct wtl_pid next = wtl_test_expect_restart(t, pid);
    wtl_test_check(t, wtl_pid_equal(next, wtl_test_stage_pid(stage)), "the stage's actor now");
    wtl_test_hold(stage, false);
    wtl_test_expect_emitf(stage, "n=%d", 8);
    wtl_test_check(t, wtl_test_emitted(stage, 2)->redelivered, "and it is marked");
    wtl_test_check(t,
                   wtl_key_equal(wtl_test_emitted(stage, 1)->key, wtl_test_emitted(stage, 2)->key),
                   "the same key");
    wtl_test_expect_acked(stage, held);
    wtl_test_expect_no_emit(stage);
}

/* A message that ends the stage each time that it comes. */
static void is_poisoned(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    uint64_t seq = wtl_test_feedf(stage, "n=%d", 66);
    wtl_test_expect_given_up(stage, "error:invalid");
    wtl_test_expect_open(stage, seq);
}

static void is_poisoned_unseen(struct wtl_test *t)
{
    (void)wtl_test_feedf(wtl_test_stage(t, &twice), "n=%d", 66);
}

static void is_well(struct wtl_test *t)
{
    wtl_test_expect_given_up(wtl_test_stage(t, &twice), "error:invalid");
}

static void ends_otherwise(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    (void)wtl_test_feedf(stage, "n=%d", 66);
    wtl_test_expect_given_up(stage, "fault:sigsegv");
}

Test(stages, K31_what_was_not_acknowledged_comes_again)
{
    passes(comes_again, 20);
    passes(is_poisoned, 5);
    FAILS_WITH(is_poisoned_unseen, "has ended with error:invalid, which the test did not expect",
               "the supervisor of stage twice has given up");
    FAILS_WITH(is_well, "expected that the supervisor of twice has given up, and it has not");
    FAILS_WITH(ends_otherwise, "has ended with error:invalid, expected fault:sigsegv");
}

/* ---- producers ------------------------------------------------------------------------------- */

static void expect_told(struct wtl_test *t, struct wtl_test_stage *stage, unsigned demanded,
                        unsigned readies)
{
    (void)wtl_test_call(t, wtl_test_stage_pid(stage), WTL_TAG("told"), NULL);
    wtl_test_expect_replyf(t, "demanded=%u readies=%u", demanded, readies);
}

static void produces(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &counter, .room = 3);
    wtl_test_tell(t, wtl_test_stage_pid(stage), WTL_TAG("go"), NULL);
    for (int i = 1; i <= 3; i++) {
        wtl_test_expect_emitf(stage, "n=%d", i);
    }
    wtl_test_expect_no_emit(stage);
    expect_told(t, stage, 0, 1);
    wtl_test_room(stage, 2);
    wtl_test_expect_emitf(stage, "n=%d", 4);
    wtl_test_expect_emitf(stage, "n=%d", 5);
    wtl_test_expect_no_emit(stage);
    expect_told(t, stage, 0, 2);
    wtl_test_backf(stage, "to=%d", 40);
    wtl_test_room(stage, 1);
    wtl_test_expect_emitf(stage, "n=%d", 41);
    wtl_test_crash(t, wtl_test_stage_pid(stage));
    wtl_test_room(stage, 1);
    wtl_test_tell(t, wtl_test_stage_pid(stage), WTL_TAG("go"), NULL);
    wtl_test_expect_emitf(stage, "n=%d", 1); /* it begins anew, with the room that was left */
    wtl_test_expect_no_emit(stage);
}

static void produces_all(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &counter);
    wtl_test_tell(t, wtl_test_stage_pid(stage), WTL_TAG("go"), NULL);
    wtl_test_check(t, wtl_test_emits(stage) == 10000, "all of them, not %u", wtl_test_emits(stage));
}

static void produces_on_demand(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &counter, .pace = WTL_TEST_DEMAND);
    wtl_test_tell(t, wtl_test_stage_pid(stage), WTL_TAG("go"), NULL);
    wtl_test_expect_no_emit(stage);
    wtl_test_room(stage, 2);
    wtl_test_expect_emitf(stage, "n=%d", 1);
    wtl_test_expect_emitf(stage, "n=%d", 2);
    wtl_test_expect_no_emit(stage);
    (void)wtl_test_call(t, wtl_test_stage_pid(stage), WTL_TAG("told"), NULL);
    wtl_test_expect_replyf(t, "demanded=%u", 2u);
}

Test(stages, K32_a_producer)
{
    passes(produces, 10);
    passes(produces_all, 2);
    passes(produces_on_demand, 10);
}

/* ---- consumers ------------------------------------------------------------------------------- */

static void consumes(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &sink);
    struct wtl_writer body;
    uint64_t first = wtl_test_feedf(stage, "n=%d", 1);
    wtl_test_expect_acked(stage, first);
    wtl_test_expect_backf(stage, "seen=%d", 1);
    (void)wtl_message_open(wtl_test_ctx(t), &body, 16);
    wtl_putf(&body, "n=%d", 2);
    uint64_t kept = wtl_test_feed(stage, WTL_TAG("keep"), &body);
    wtl_test_expect_open(stage, kept);
    wtl_test_tell(t, wtl_test_stage_pid(stage), WTL_TAG("done"), NULL);
    wtl_test_expect_acked(stage, kept);
    wtl_test_feed_again(stage, first);
    wtl_test_expect_backf(stage, "seen=%d", 2);
    wtl_test_expect_backf(stage, "seen=%d", 1);
    wtl_test_expect_dropped(stage, wtl_test_feedf(stage, "m=%d", 1), "no n");
}

static void sends_nothing_back(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &sink, .one_way = true);
    wtl_test_expect_acked(stage, wtl_test_feedf(stage, "n=%d", 1));
    wtl_test_expect_backf(stage, "seen=%d", 1);
}

static void asks_for_more(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &sink, .pace = WTL_TEST_PULL);
    wtl_test_tell(t, wtl_test_stage_pid(stage), WTL_TAG("more"), NULL);
    wtl_test_check(t, wtl_test_asked(stage) == 2, "not %ju", (uintmax_t)wtl_test_asked(stage));
    (void)wtl_test_feedf(stage, "n=%d", 1);
    wtl_test_tell(t, wtl_test_stage_pid(stage), WTL_TAG("more"), NULL);
    wtl_test_check(t, wtl_test_asked(stage) == 4, "not %ju", (uintmax_t)wtl_test_asked(stage));
}

Test(stages, K33_a_consumer)
{
    passes(consumes, 10);
    passes(asks_for_more, 10);
    FAILS_WITH(sends_nothing_back,
               "expected that sink sends backward {seen=1}, and nothing was sent");
}

/* ---- memory ---------------------------------------------------------------------------------- */

Test(stages, K34_each_allocation_fails_in_turn)
{
    const struct wtl_test_options options = {.seeds = 2, .allocations = true};
    const char *text = wtl_test_try(emits, &options);
    cr_assert_null(text, "%s", text);
    text = wtl_test_try(emits_later, &options);
    cr_assert_null(text, "%s", text);
    text = wtl_test_try(consumes, &options);
    cr_assert_null(text, "%s", text);
    text = wtl_test_try(produces, &options);
    cr_assert_null(text, "%s", text);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void emits_another(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    (void)wtl_test_feedf(stage, "n=%d", 4);
    wtl_test_expect_emitf(stage, "n=%d", 9);
}

static void emits_none(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    (void)wtl_test_feedf(stage, "n=%d", 101);
    wtl_test_expect_emitf(stage, "n=%d", 9);
}

static void has_no_room(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &counter, .pace = WTL_TEST_PULL);
    wtl_test_expect_emitf(stage, "n=%d", 1);
}

static void is_acked(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    wtl_test_expect_open(stage, wtl_test_feedf(stage, "n=%d", 4));
}

static void is_not_dropped(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &twice);
    wtl_test_expect_dropped(stage, wtl_test_feedf(stage, "n=%d", 4), "no n");
}

static void was_not_fed(struct wtl_test *t)
{
    wtl_test_expect_acked(wtl_test_stage(t, &twice), 3);
}

static void is_no_stage(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, &greeter);
    (void)wtl_test_feedf(stage, "n=%d", 4);
    (void)wtl_test_stage_pid(stage);
    wtl_test_stage_stop(stage);
}

static void is_a_producer(struct wtl_test *t)
{
    (void)wtl_test_feedf(wtl_test_stage(t, &counter), "n=%d", 4);
}

Test(stages, K35_a_failure_says_what_became_of_a_message)
{
    FAILS_WITH(emits_another, "stages.c:",
               ("expected that twice emits \"data\" {n=9}\n"
                "    but it has emitted \"data\" {n=8}\n    n: expected 9, came 8"),
               "fed     message 1, \"data\" {n=4}", "emitted \"data\" {n=8}", "acked   message 1");
    FAILS_WITH(emits_none, ("expected that twice emits \"data\" {n=9}, and nothing was emitted\n"
                            "    message 1 is dropped: large and odd"));
    FAILS_WITH(has_no_room, ", and nothing was emitted; there is no room for more");
    FAILS_WITH(is_acked, "expected that message 1 is open, and twice has it acknowledged, with 1");
    FAILS_WITH(is_not_dropped, "expected that message 1 is dropped: no n, and twice has it ack");
    FAILS_WITH(was_not_fed, "there is no message 3: twice was fed with 0");
    FAILS_WITH(is_no_stage, "greeter is no stage: expected an actor whose .kind is");
    FAILS_WITH(is_a_producer, "nothing can be fed to counter, which is a producer");
}
