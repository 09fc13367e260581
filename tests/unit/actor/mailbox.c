/* mailbox.c - what a full mailbox does: reject, drop the newest, hold the sender back. */
#include "kit.h"

#include "base/pool.h"

enum { BOUND = 8 };

static struct kit kit;
static struct kit_puppet sender;
static struct kit_puppet receiver;
static struct wtl_actor bounded;

static void begin(uint64_t seed, enum wtl_mailbox_policy policy, uint32_t bound)
{
    bounded = kit_type;
    bounded.mailbox_policy = policy;
    bounded.mailbox_max = bound;
    sender = (struct kit_puppet){0};
    receiver = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &sender, NULL);
    kit_spawn(&kit, &receiver, &bounded);
    kit_settle(&kit);
}

/* What wtl_try_tell has answered to each of a burst. */
static uint32_t statuses[64];

static void try_many(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    memset(statuses, 0, sizeof statuses);
    for (uint64_t i = 1; i <= cmd->number; i++) {
        struct wtl_writer body;
        kit_body(x, &body, i);
        statuses[wtl_try_tell(x, cmd->pid, WTL_TAG("number"), &body)]++;
    }
}

static void burst(uint64_t number)
{
    kit_do(&kit, &sender, (struct kit_cmd){.fn = try_many, .pid = receiver.pid, .number = number});
}

Test(mailbox, L09_reject_refuses_and_counts)
{
    begin(1, WTL_MAILBOX_REJECT, BOUND);
    burst(20);
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_OK], BOUND);
    cr_assert_eq(statuses[WTL_FULL], 20 - BOUND);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 20 - BOUND);
    cr_assert_eq(receiver.got, BOUND);
    cr_assert_eq(kit_nth(&receiver, KIT_MESSAGE, BOUND - 1)->number, BOUND);
    burst(BOUND); /* what was handled makes room */
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_OK], BOUND);
    kit_deinit(&kit);
}

Test(mailbox, L09_drop_newest_says_ok_and_counts)
{
    begin(1, WTL_MAILBOX_DROP_NEWEST, BOUND);
    burst(20);
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_OK], 20);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 20 - BOUND);
    cr_assert_eq(receiver.got, BOUND);
    cr_assert_eq(kit_nth(&receiver, KIT_MESSAGE, BOUND - 1)->number, BOUND);
    kit_deinit(&kit);
}

Test(mailbox, L09_the_default_bound_is_the_documented_one)
{
    receiver.silent = true;
    begin(1, WTL_MAILBOX_REJECT, 0);
    receiver.silent = true;
    burst(WTL_MAILBOX_DEFAULT + 5);
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_OK], WTL_MAILBOX_DEFAULT);
    cr_assert_eq(statuses[WTL_FULL], 5);
    kit_deinit(&kit);
}

Test(mailbox, L09_signals_replies_and_downs_are_never_refused)
{
    begin(1, WTL_MAILBOX_REJECT, 1);
    for (int i = 0; i < 20; i++) {
        kit_monitor(&kit, &receiver, sender.pid);
    }
    kit_settle(&kit);
    burst(5);
    kit_stop(&kit, &sender, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    kit_settle(&kit);
    cr_assert_eq(receiver.got, 1);
    cr_assert_eq(kit_count(&receiver, KIT_DOWN), 20);
    kit_deinit(&kit);
}

/* ---- block --------------------------------------------------------------------------------- */

Test(mailbox, L09_block_takes_an_overdraft_and_then_refuses)
{
    begin(1, WTL_MAILBOX_BLOCK, BOUND);
    burst(BOUND + WTL_OVERDRAFT_MAX + 3);
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_OK], BOUND);
    cr_assert_eq(statuses[WTL_BUSY], WTL_OVERDRAFT_MAX);
    cr_assert_eq(statuses[WTL_FULL], 3);
    cr_assert_eq(receiver.got, BOUND + WTL_OVERDRAFT_MAX);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 3);
    kit_deinit(&kit);
}

/* A producer as a user would write it: it returns on WTL_BUSY and goes on when it is run again. */
static enum wtl_status produce(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct kit_puppet *to = p->user;
    uint64_t left = kit_number(m);
    enum wtl_status status = WTL_OK;
    while (left > 0 && status == WTL_OK) {
        struct wtl_writer body;
        kit_body(x, &body, left--);
        status = wtl_try_tell(x, to->pid, WTL_TAG("number"), &body);
        cr_assert_neq(status, WTL_FULL);
    }
    if (left > 0) {
        struct wtl_writer rest;
        kit_body(x, &rest, left);
        wtl_continue(x, WTL_TAG("more"), &rest);
    }
    return WTL_OK;
}

static void start_producer(struct kit_puppet *p, struct kit_puppet *to, uint64_t messages)
{
    *p = (struct kit_puppet){.silent = true, .message = produce, .user = to};
    kit_spawn(&kit, p, NULL);
    kit_settle(&kit);
    kit_tell(&kit, p, p->pid, messages);
}

static void fan_in(uint64_t seed, uint32_t bound, uint32_t producers, uint64_t messages)
{
    static struct kit_puppet many[16];
    begin(seed, WTL_MAILBOX_BLOCK, bound);
    receiver.silent = true;
    for (uint32_t i = 0; i < producers; i++) {
        start_producer(&many[i], &receiver, messages);
    }
    uint32_t most = 0;
    uint64_t most_bytes = 0;
    while (wtl__step_one(&kit.step)) {
        uint32_t count = wtl__inbox_count(&kit_cell(&kit, receiver.pid)->inbox);
        uint64_t bytes = wtl__pool_stats().used_bytes;
        most = count > most ? count : most;
        most_bytes = bytes > most_bytes ? bytes : most_bytes;
    }
    cr_assert_eq(receiver.got, producers * messages, "seed %lu, bound %u: %lu of %lu came",
                 (unsigned long)seed, bound, (unsigned long)receiver.got,
                 (unsigned long)(producers * messages));
    /* each producer is held back after the run in which it was told so */
    cr_assert_leq(most, bound + producers * (1 + WTL_OVERDRAFT_MAX));
    cr_assert_lt(most_bytes, 1u << 20);
    kit_deinit(&kit);
}

Test(mailbox, L09_block_holds_senders_back_and_memory_is_flat)
{
    for (uint64_t seed = 0; seed < test_seeds(20); seed++) {
        fan_in(seed, 64, 10, 2000);
    }
}

Test(mailbox, L09_block_with_the_smallest_bounds)
{
    for (uint32_t bound = 1; bound <= 4; bound++) {
        for (uint64_t seed = 0; seed < test_seeds(20); seed++) {
            fan_in(seed, bound, 3, 100);
        }
    }
}

Test(mailbox, L09_senders_are_let_go_when_the_receiver_ends)
{
    for (uint64_t seed = 0; seed < test_seeds(50); seed++) {
        struct kit_puppet producer;
        begin(seed, WTL_MAILBOX_BLOCK, BOUND);
        kit_cell(&kit, receiver.pid)->flags |= WTL__CELL_SUSPENDED;
        start_producer(&producer, &receiver, 10);
        kit_settle(&kit);
        cr_assert((kit_cell(&kit, producer.pid)->flags & WTL__CELL_PARKED) != 0);
        kit_tell(&kit, &sender, producer.pid, 0);
        kit_settle(&kit);
        cr_assert_eq(producer.got, 1);
        kit_exit(&kit, &sender, receiver.pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
        kit_settle(&kit);
        cr_assert((kit_cell(&kit, producer.pid)->flags & WTL__CELL_PARKED) == 0);
        cr_assert_geq(producer.got, 2);
        kit_deinit(&kit);
    }
}

Test(mailbox, L09_who_is_held_back_still_takes_signals)
{
    struct kit_puppet producer;
    begin(1, WTL_MAILBOX_BLOCK, BOUND);
    kit_cell(&kit, receiver.pid)->flags |= WTL__CELL_SUSPENDED;
    start_producer(&producer, &receiver, 100);
    kit_settle(&kit);
    kit_exit(&kit, &sender, producer.pid, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    kit_settle(&kit);
    cr_assert_not(kit_lives(&kit, producer.pid));
    kit_deinit(&kit);
}

/* Each sends to the next around a circle, all mailboxes block, and every message makes another. */
static enum wtl_status pass_on(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct kit_puppet *next = p->user;
    uint64_t left = kit_number(m);
    if (left > 0) {
        struct wtl_writer body;
        kit_body(x, &body, left - 1);
        enum wtl_status status = wtl_try_tell(x, next->pid, WTL_TAG("number"), &body);
        cr_assert(status == WTL_OK || status == WTL_BUSY);
    }
    return WTL_OK;
}

Test(mailbox, L09_circles_of_blocked_senders_do_not_deadlock)
{
    enum { CIRCLE_MAX = 4, TOKENS = 30, HOPS = 50 };
    static struct kit_puppet circle[CIRCLE_MAX];
    for (uint64_t seed = 0; seed < test_seeds(200); seed++) {
        uint32_t size = 2 + (uint32_t)(seed % (CIRCLE_MAX - 1));
        begin(seed, WTL_MAILBOX_BLOCK, 1 + (uint32_t)(seed % 7));
        for (uint32_t i = 0; i < size; i++) {
            circle[i] = (struct kit_puppet){
                .silent = true, .message = pass_on, .user = &circle[(i + 1) % size]};
            kit_spawn(&kit, &circle[i], &bounded);
        }
        for (uint32_t i = 0; i < size * TOKENS; i++) {
            struct wtl_writer body;
            cr_assert(wtl__message_open(&body, 16));
            wtl_put_u64(&body, HOPS);
            struct wtl__envelope *token = wtl__message_take(&body, WTL__LOCAL);
            token->msg.tag = WTL_TAG("number");
            (void)wtl__deliver(&kit.step.runtime, NULL, circle[i % size].pid, token);
        }
        kit_settle(&kit);
        uint64_t got = 0;
        for (uint32_t i = 0; i < size; i++) {
            got += circle[i].got;
            cr_assert_eq(wtl__inbox_count(&kit_cell(&kit, circle[i].pid)->inbox), 0);
        }
        cr_assert_eq(got, (uint64_t)size * TOKENS * (HOPS + 1), "seed %lu", (unsigned long)seed);
        kit_deinit(&kit);
    }
}

/* A sender of another node, or of no node, cannot be held back: docs/ACTORS.md says what it meets.
 */
Test(mailbox, L09_block_refuses_what_comes_from_elsewhere)
{
    enum { FAR = 99 };
    uint32_t refused = 0;
    begin(1, WTL_MAILBOX_BLOCK, BOUND);
    kit_cell(&kit, receiver.pid)->flags |= WTL__CELL_SUSPENDED;
    for (uint64_t i = 0; i < BOUND + 3; i++) {
        struct wtl__envelope *message = wtl__envelope_new(WTL__MESSAGE);
        message->msg.from = (struct wtl_pid){.node = FAR, .local = 5};
        refused += wtl__deliver(&kit.step.runtime, NULL, receiver.pid, message) == WTL_FULL;
    }
    kit_settle(&kit);
    cr_assert_eq(refused, 3);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 3);
    cr_assert_eq(wtl__inbox_count(&kit_cell(&kit, receiver.pid)->inbox), BOUND);
    kit_deinit(&kit);
}

/* ---- who is held back is the one who sent too much ------------------------------------------ */

static enum wtl_status flood(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *args)
{
    struct kit_puppet *to = p->user;
    (void)args;
    for (uint64_t i = 1; i <= BOUND + 5; i++) {
        kit_send(x, to->pid, WTL_TAG("number"), i);
    }
    return WTL_OK;
}

Test(mailbox, L09_init_that_sends_too_much_holds_back_nobody_else)
{
    struct kit_puppet flooder = {.init = flood, .user = &receiver};
    for (uint64_t seed = 0; seed < test_seeds(20); seed++) {
        begin(seed, WTL_MAILBOX_BLOCK, BOUND);
        kit_cell(&kit, receiver.pid)->flags |= WTL__CELL_SUSPENDED;
        kit_spawn(&kit, &flooder, NULL);
        kit_settle(&kit);
        kit_tell(&kit, &sender, sender.pid, 1);
        kit_tell(&kit, &sender, sender.pid, 2);
        kit_settle(&kit);
        cr_assert_eq(sender.got, 2, "an actor that sent nothing was held back");
        kit_tell(&kit, &sender, flooder.pid, 1);
        kit_settle(&kit);
        cr_assert_eq(flooder.got, 0, "the sender of too much was not held back");
        kit_deinit(&kit);
    }
}

static void flood_now(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    for (uint64_t i = 1; i <= cmd->number; i++) {
        kit_send(x, cmd->pid, WTL_TAG("number"), i);
    }
}

static void do_nothing(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)x;
    (void)p;
    (void)cmd;
}

/* `sender` sends too much to a receiver that does not handle it. */
static void send_too_much(void)
{
    kit_do(&kit, &sender,
           (struct kit_cmd){.fn = flood_now, .pid = receiver.pid, .number = BOUND + 5});
    kit_settle(&kit);
}

Test(mailbox, L09_an_actor_of_the_runtime_is_never_held_back)
{
    for (uint32_t flags = 0; flags <= WTL__CELL_SYSTEM; flags += WTL__CELL_SYSTEM) {
        begin(1, WTL_MAILBOX_BLOCK, BOUND);
        kit_cell(&kit, receiver.pid)->flags |= WTL__CELL_SUSPENDED;
        kit_cell(&kit, sender.pid)->flags |= flags;
        send_too_much();
        kit_tell(&kit, &sender, sender.pid, 1);
        kit_settle(&kit);
        cr_assert_eq(sender.got, flags != 0);
        kit_deinit(&kit);
    }
}

/* It would stop whoever waits for it, too. */
Test(mailbox, L09_who_is_over_its_own_bound_is_not_held_back)
{
    for (uint32_t waiting = BOUND - 1; waiting <= BOUND; waiting++) {
        struct kit_puppet other = {0};
        begin(1, WTL_MAILBOX_BLOCK, BOUND);
        kit_spawn(&kit, &sender, &bounded);
        kit_spawn(&kit, &other, NULL);
        kit_settle(&kit);
        kit_cell(&kit, receiver.pid)->flags |= WTL__CELL_SUSPENDED;
        kit_cell(&kit, sender.pid)->flags |= WTL__CELL_SUSPENDED;
        send_too_much();
        for (uint64_t i = 1; i <= waiting; i++) {
            kit_tell(&kit, &other, sender.pid, i);
        }
        kit_settle(&kit);
        kit_cell(&kit, sender.pid)->flags &= ~WTL__CELL_SUSPENDED;
        kit_do(&kit, &sender, (struct kit_cmd){.fn = do_nothing});
        kit_settle(&kit);
        cr_assert_eq(sender.got, waiting == BOUND ? BOUND : 0, "%u wait", (unsigned)waiting);
        kit_deinit(&kit);
    }
}

/* ---- to nobody ----------------------------------------------------------------------------- */

Test(mailbox, L14_a_message_to_nobody_is_counted)
{
    begin(1, WTL_MAILBOX_REJECT, BOUND);
    kit_stop(&kit, &receiver, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    burst(3);
    kit_tell(&kit, &sender, receiver.pid, 1);
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_NO_PROCESS], 3);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_NOPROC), 4);
    cr_assert(kit_lives(&kit, sender.pid));
    kit_do(&kit, &sender, (struct kit_cmd){.fn = try_many, .pid = WTL_PID_NONE, .number = 1});
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_NO_CONNECTION], 1);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_REMOTE), 1);
    kit_deinit(&kit);
}

static void tell_unknown_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    struct wtl_writer body;
    kit_body(x, &body, 1);
    p->last = wtl_tell_name(x, "nobody", WTL_TAG("number"), &body);
}

Test(mailbox, L14_a_message_to_an_unknown_name_says_so)
{
    begin(1, WTL_MAILBOX_REJECT, BOUND);
    kit_do(&kit, &sender, (struct kit_cmd){.fn = tell_unknown_name});
    kit_settle(&kit);
    cr_assert_eq(sender.last, WTL_NOT_FOUND);
    kit_deinit(&kit);
}
