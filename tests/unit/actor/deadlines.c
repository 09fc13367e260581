/* deadlines.c - the deadline of a call bounds what is asked for it, and nothing else. */
#include "wire.h"

enum { SEEDS = 50, CALL_MS = 1000, WAIT_MS = 400, LEFT_MS = CALL_MS - WAIT_MS };

/* front calls middle, which calls back; each writes down how much time is left. */
static struct kit kit;
static struct kit_puppet front;
static struct kit_puppet middle;
static struct kit_puppet back;
static uint32_t left_middle[8]; /* each time that a function of it looks */
static uint32_t looks;
static uint32_t left_back;
static struct wtl_from owed;
static struct wtl_from owed_by_back;
static uint32_t asked_ms; /* by middle */
static bool asks_again;   /* from the next answer */

static void look(struct wtl_ctx *x)
{
    cr_assert_lt(looks, 8);
    left_middle[looks++] = wtl_deadline_left_ms(x);
}

static void ask_back(struct wtl_ctx *x, struct kit_puppet *p, uint32_t deadline_ms);

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    look(x);
    if (asks_again) {
        asks_again = false;
        ask_back(x, *(struct kit_puppet **)context, 0);
    }
    return kit_on_answer(x, self, answer, context);
}

static void ask_back(struct wtl_ctx *x, struct kit_puppet *p, uint32_t deadline_ms)
{
    (void)wtl_call(x, back.pid, WTL_TAG("ask"), NULL,
                   &(struct wtl_call_options){.deadline_ms = deadline_ms,
                                              .on_answer = on_answer,
                                              .context = &p,
                                              .context_size = sizeof p});
}

static enum wtl_status ask_for_it(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    look(x);
    if (m->request != 0) {
        owed = wtl_defer(x, m);
        ask_back(x, p, asked_ms);
    }
    return WTL_OK;
}

static enum wtl_status be_silent(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    owed_by_back = wtl_defer(x, m);
    left_back = wtl_deadline_left_ms(x);
    return WTL_OK;
}

static void ask_middle(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, 1);
    (void)wtl_call(x, middle.pid, WTL_TAG("ask"), cmd->number % 2 == 0 ? &body : NULL,
                   KIT_CALL(p, .deadline_ms = CALL_MS));
    if (cmd->number % 2 != 0) {
        wtl_message_drop(x, &body);
    }
}

static void begin(uint64_t seed)
{
    front = (struct kit_puppet){0};
    middle = (struct kit_puppet){.message = ask_for_it};
    back = (struct kit_puppet){.message = be_silent};
    looks = 0;
    left_back = 0;
    asked_ms = 0;
    asks_again = false;
    kit_init(&kit, seed);
    kit_spawn(&kit, &front, NULL);
    kit_spawn(&kit, &middle, NULL);
    kit_spawn(&kit, &back, NULL);
    kit_settle(&kit);
}

/* The call waits for so long in the mailbox of the middle one; a message is behind it. */
static void call_after(uint64_t seed, uint64_t wait_ms)
{
    kit_cell(&kit, middle.pid)->flags |= WTL__CELL_SUSPENDED;
    kit_do(&kit, &front, (struct kit_cmd){.fn = ask_middle, .number = seed});
    kit_advance(&kit, wait_ms);
    kit_cell(&kit, middle.pid)->flags &= ~WTL__CELL_SUSPENDED;
    kit_tell(&kit, &back, middle.pid, 1);
    kit_settle(&kit);
}

static void end(void)
{
    kit_advance(&kit, 10000);
    cr_assert_eq(kit_cell(&kit, middle.pid)->ties.count, 0);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
    kit_deinit(&kit);
}

/* ---- what is asked for a call -----------------------------------------------------------------
 */

Test(deadlines, L13_what_is_asked_for_a_call_has_what_is_left)
{
    static const struct {
        uint32_t asked, left;
    } rows[] = {{0, LEFT_MS}, {100, 100}, {LEFT_MS + 1, LEFT_MS}, {INT32_MAX, LEFT_MS}};
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin(seed);
        asked_ms = rows[seed % 4].asked;
        call_after(seed / 4, WAIT_MS);
        cr_assert_eq(looks, 2);
        cr_assert_eq(left_middle[0], LEFT_MS);
        cr_assert_eq(left_middle[1], WTL_CALL_FOREVER, "a message is bound by nothing");
        cr_assert_eq(left_back, rows[seed % 4].left);
        kit_advance(&kit, rows[seed % 4].left - 1);
        cr_assert_eq(kit_count(&middle, KIT_ANSWER), 0);
        kit_advance(&kit, 1);
        cr_assert_eq(kit_only(&middle, KIT_ANSWER)->status, WTL_TIMEOUT);
        end();
    }
}

Test(deadlines, L13_what_is_asked_for_ever_is_not_bound)
{
    begin(1);
    asked_ms = WTL_CALL_FOREVER;
    call_after(0, WAIT_MS);
    cr_assert_eq(left_back, WTL_CALL_FOREVER);
    kit_advance(&kit, 100000);
    cr_assert_eq(kit_count(&middle, KIT_ANSWER), 0);
    kit_stop(&kit, &back, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    cr_assert_eq(kit_only(&middle, KIT_ANSWER)->status, WTL_CLOSED);
    cr_assert_eq(left_middle[2], WTL_CALL_FOREVER, "nor is its answer");
    end();
}

/* ---- as long as the call waits ----------------------------------------------------------------
 */

static void reply_to_front(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_reply_to(x, owed, NULL);
}

static void reply_to_middle(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_reply_to(x, owed_by_back, NULL);
}

Test(deadlines, L13_an_answer_goes_on_with_the_deadline_while_the_call_waits)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        bool replied = seed % 2 == 0;
        begin(seed);
        call_after(seed / 2, WAIT_MS);
        if (replied) {
            kit_do(&kit, &middle, (struct kit_cmd){.fn = reply_to_front});
            kit_settle(&kit);
        }
        kit_advance(&kit, 50);
        asks_again = true;
        kit_do(&kit, &back, (struct kit_cmd){.fn = reply_to_middle});
        kit_settle(&kit);
        cr_assert_eq(left_middle[2], replied ? WTL_CALL_FOREVER : LEFT_MS - 50);
        cr_assert_eq(left_back, replied ? WTL_CALL_DEADLINE_MS : LEFT_MS - 50);
        end();
    }
}

static enum wtl_status reply_and_go_on(struct wtl_ctx *x, struct kit_puppet *p,
                                       const struct wtl_msg *m)
{
    if (m->request != 0) {
        look(x);
        wtl_reply(x, m, NULL);
        look(x);
        ask_back(x, p, 0);
    }
    return WTL_OK;
}

Test(deadlines, L13_who_has_replied_is_not_bound)
{
    begin(1);
    middle.message = reply_and_go_on;
    call_after(0, WAIT_MS);
    cr_assert_eq(left_middle[0], LEFT_MS);
    cr_assert_eq(left_middle[1], WTL_CALL_FOREVER);
    cr_assert_eq(left_back, WTL_CALL_DEADLINE_MS);
    end();
}

/* ---- what is not asked for it -----------------------------------------------------------------
 */

static enum wtl_status tell_oneself(struct wtl_ctx *x, struct kit_puppet *p,
                                    const struct wtl_msg *m)
{
    look(x);
    if (m->request != 0) {
        wtl_continue(x, WTL_TAG("on"), NULL);
        kit_send(x, p->pid, WTL_TAG("told"), 1);
        (void)wtl_after(x, 0, WTL_TAG("timer"), NULL);
        wtl_stop(x, WTL_REASON(WTL_EXIT_SHUTDOWN, "enough"));
    }
    return WTL_OK;
}

static enum wtl_status look_and_stop(struct wtl_ctx *x, struct kit_puppet *p,
                                     struct wtl_reason reason)
{
    (void)p;
    (void)reason;
    look(x);
    return WTL_OK;
}

Test(deadlines, L13_messages_and_ends_are_not_bound)
{
    begin(1);
    middle.message = tell_oneself;
    middle.stop = look_and_stop;
    call_after(0, WAIT_MS);
    cr_assert_geq(looks, 2);
    cr_assert_eq(left_middle[0], LEFT_MS);
    for (uint32_t i = 1; i < looks; i++) {
        cr_assert_eq(left_middle[i], WTL_CALL_FOREVER);
    }
    kit_deinit(&kit);
}

/* ---- said by the actor itself -----------------------------------------------------------------
 */

static void set_and_ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    wtl_deadline_set_ms(x, (uint32_t)cmd->number);
    look(x);
    ask_back(x, p, 200);
}

Test(deadlines, L13_an_actor_bounds_what_it_asks)
{
    begin(1);
    kit_do(&kit, &middle, (struct kit_cmd){.fn = set_and_ask, .number = 70});
    kit_do(&kit, &middle, (struct kit_cmd){.fn = set_and_ask, .number = WTL_CALL_FOREVER});
    kit_settle(&kit);
    cr_assert_eq(left_middle[0], 70);
    cr_assert_eq(left_middle[1], WTL_CALL_FOREVER);
    kit_advance(&kit, 70);
    cr_assert_eq(kit_only(&middle, KIT_ANSWER)->status, WTL_TIMEOUT);
    cr_assert_eq(left_middle[2], 0, "the answer is bound by the same");
    end();
}

Test(deadlines, L13_what_is_asked_too_late_is_not_sent)
{
    begin(1);
    kit_do(&kit, &middle, (struct kit_cmd){.fn = set_and_ask, .number = 0});
    kit_settle(&kit);
    cr_assert_eq(kit_only(&middle, KIT_ANSWER)->status, WTL_TIMEOUT);
    cr_assert_eq(back.got, 0);
    end();
}

/* ---- when it is over --------------------------------------------------------------------------
 */

Test(deadlines, L13_a_call_that_is_over_is_not_handled)
{
    static struct wtl_actor type;
    type = kit_type;
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        bool over = seed % 2 == 0;
        begin(seed);
        type.mailbox_policy = seed % 3 == 0 ? WTL_MAILBOX_DROP_OLDEST : WTL_MAILBOX_REJECT;
        kit_spawn(&kit, &middle, &type);
        call_after(seed / 2, over ? CALL_MS : CALL_MS - 1);
        cr_assert_eq(middle.got, over ? 1 : 2);
        cr_assert_eq(left_middle[0], over ? WTL_CALL_FOREVER : 1);
        cr_assert_eq(kit_counter(&kit, WTL__COUNT_EXPIRED), over);
        kit_advance(&kit, 1);
        cr_assert_eq(kit_only(&front, KIT_ANSWER)->status, WTL_TIMEOUT);
        end();
    }
}

/* ---- between nodes ----------------------------------------------------------------------------
 */

/* The middle one and the one behind it are on another node, whose clock is ahead. */
Test(deadlines, L13_a_deadline_reaches_over_nodes)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        wire_begin(seed);
        front = (struct kit_puppet){0};
        middle = (struct kit_puppet){.message = ask_for_it};
        back = (struct kit_puppet){.message = be_silent};
        looks = 0;
        asked_ms = 0;
        asks_again = false;
        kit_spawn(&wire_nodes[0], &front, NULL);
        kit_spawn(&wire_nodes[1], &middle, NULL);
        kit_spawn(&wire_nodes[0], &back, NULL);
        kit_advance(&wire_nodes[1], 100 * CALL_MS);
        kit_do(&wire_nodes[0], &front, (struct kit_cmd){.fn = ask_middle, .number = seed});
        wire_settle();
        cr_assert_eq(left_middle[0], CALL_MS);
        cr_assert_eq(left_back, CALL_MS, "and back again");
        kit_advance(&wire_nodes[1], CALL_MS);
        wire_settle();
        cr_assert_eq(kit_only(&middle, KIT_ANSWER)->status, WTL_TIMEOUT);
        kit_advance(&wire_nodes[0], CALL_MS);
        wire_settle();
        cr_assert_eq(kit_only(&front, KIT_ANSWER)->status, WTL_TIMEOUT);
        wire_end();
    }
}
