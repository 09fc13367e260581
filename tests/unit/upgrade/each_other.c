/* each_other.c - two actors of one module: one waits for the other's answer, by a function that is
 * not listed, and the other one is held already. */
#include "line.h"

static struct line line;

struct twin {
    struct wtl_pid other;
    uint64_t answers;
    uint64_t questions;
};

static enum wtl_status on_unlisted(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                   void *context)
{
    struct twin *twin = self;
    (void)x;
    (void)context;
    twin->answers += answer->status == WTL_OK;
    return WTL_OK;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct twin *twin = self;
    struct wtl_reader reader = wtl_read(message);
    if (message->request != 0) {
        twin->questions++;
        wtl_reply(x, message, NULL);
    } else if (wtl_is(message, "meet")) {
        (void)wtl_get_array(&reader);
        twin->other.node = wtl_get_u64(&reader);
        twin->other.local = wtl_get_u64(&reader);
    } else {
        (void)wtl_call(x, twin->other, WTL_TAG("question"), NULL,
                       &(struct wtl_call_options){.on_answer = on_unlisted});
    }
    return WTL_OK;
}

/* Of another layout: it has to be saved. */
static enum wtl_status save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    (void)x;
    wtl_put_bin(saved, self, sizeof(struct twin));
    return WTL_OK;
}

static enum wtl_status upgrade(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_saved *saved)
{
    size_t size = 0;
    struct wtl_reader reader = wtl_read(&saved->message);
    const void *bytes = wtl_get_bin(&reader, &size);
    (void)x;
    (void)settings;
    if (size != sizeof(struct twin)) {
        return WTL_BAD_PAYLOAD;
    }
    memcpy(self, bytes, size);
    return WTL_OK;
}

static WTL_ACTOR(twin_1, struct twin, .state_vsn = 1, .handle = handle, .save = save);
static WTL_ACTOR(twin_2, struct twin, .state_vsn = 2, .handle = handle, .upgrade = upgrade);

static struct twin *state_of(uint32_t number)
{
    return kit_cell(&line.kit, line.seen[number].pid)->state;
}

static void open_two(uint64_t seed)
{
    line_init(&line, seed);
    for (uint32_t i = 0; i < 2; i++) {
        line.seen[i].pid = wtl__spawn(&line.kit.step.runtime, NULL, &twin_1, NULL, 0);
    }
    line_order(&line, 0, "meet", line.seen[1].pid);
    line_order(&line, 1, "meet", line.seen[0].pid);
    kit_settle(&line.kit);
}

/* Some seeds hold the one before it has answered, and those would never come to an end. */
Test(upgrade, L19_actors_that_wait_for_each_other)
{
    uint32_t waited = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        open_two(seed);
        uint64_t begun_ns = line.kit.step.now_ns;
        line_order(&line, 0, "ask", WTL_PID_NONE);
        line_order(&line, 1, "ask", WTL_PID_NONE);
        line_begin(&line, &twin_1, &twin_2);
        kit_settle(&line.kit);
        waited += line.done == 0;
        kit_advance(&line.kit, 200);
        cr_assert_eq(line.done, 1, "seed %u: they wait for each other", (unsigned)seed);
        cr_assert_eq(line.status, WTL_OK, "%s", line.text);
        cr_assert_eq(line.actors, 2);
        kit_settle(&line.kit);
        for (uint32_t i = 0; i < 2; i++) {
            cr_assert_eq(kit_cell(&line.kit, line.seen[i].pid)->type, &twin_2);
            cr_assert_eq(state_of(i)->answers, 1);
            cr_assert_eq(state_of(i)->questions, 1);
        }
        cr_assert(line.kit.step.now_ns - begun_ns <= 200 * WTL__NS_PER_MS);
        line_deinit(&line);
    }
    cr_assert_gt(waited, 0, "no seed has it");
}

static struct kit_puppet mute;

/* Somebody else's answer is waited for as long as there is time, and what is spawned meanwhile, or
 * ends, is not forgotten. */
Test(upgrade, L19_others_go_on_while_one_waits)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        open_two(seed);
        (void)kit_spawn(&line.kit, &mute, NULL);
        line_order(&line, 0, "meet", mute.pid);
        line_order(&line, 0, "ask", WTL_PID_NONE);
        kit_settle(&line.kit);
        line_begin(&line, &twin_1, &twin_2);
        for (uint32_t i = 2; i < 10; i++) {
            kit_advance(&line.kit, 7 + seed);
            line.seen[i].pid = wtl__spawn(&line.kit.step.runtime, NULL, &twin_1, NULL, 0);
            line_order(&line, i, "meet", line.seen[1].pid);
            line_order(&line, i, "ask", WTL_PID_NONE);
        }
        kit_advance(&line.kit, 300);
        cr_assert_eq(line.done, 0);
        cr_assert_gt(state_of(1)->questions, 0, "it has gone on");
        kit_stop(&line.kit, &mute, WTL_REASON(WTL_EXIT_NORMAL, "normal")); /* it will not answer */
        kit_advance(&line.kit, 1000);
        cr_assert_eq(line.done, 1);
        cr_assert_eq(line.status, WTL_OK, "%s", line.text);
        cr_assert_eq(line.actors, 10);
        for (uint32_t i = 0; i < 10; i++) {
            cr_assert_eq(kit_cell(&line.kit, line.seen[i].pid)->type, &twin_2);
            cr_assert_eq(state_of(i)->answers, i >= 2);
        }
        cr_assert_eq(state_of(1)->questions, 8);
        line_deinit(&line);
    }
}

/* The time is over, also while they go on: it says for what it has waited. */
Test(upgrade, X096_a_call_that_is_never_answered)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        open_two(seed);
        (void)kit_spawn(&line.kit, &mute, NULL);
        line_order(&line, 0, "meet", mute.pid);
        line_order(&line, 0, "ask", WTL_PID_NONE);
        kit_settle(&line.kit);
        line_begin_within(&line, &twin_1, &twin_2, (uint32_t)(40 + 13 * seed));
        kit_advance(&line.kit, 500);
        cr_assert_eq(line.done, 1);
        cr_assert_eq(line.status, WTL_TIMEOUT);
        cr_assert_not_null(strstr(line.text, "not among .answers"), "%s", line.text);
        cr_assert_eq(kit_cell(&line.kit, line.seen[1].pid)->type, &twin_1);
        cr_assert_eq(kit_cell(&line.kit, line.seen[1].pid)->flags & WTL__CELL_UPGRADING, 0);
        line_deinit(&line);
    }
}
