/* order.c - one ordered stream from one actor to another, and what is gone before its end is told.
 */
#include "kit.h"

enum { MESSAGES = 1000, SEEDS = 200 };

static struct kit kit;
static struct kit_puppet sender;
static struct kit_puppet receiver;

/* Numbers come one after the other, and nothing after the end. */
static enum wtl_status in_order(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    cr_assert_eq(kit_number(m), p->last + 1);
    cr_assert_eq(p->count, 0, "a message has come after the end of its sender");
    p->last++;
    return WTL_OK;
}

static void send_many_and_end(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    for (uint64_t i = 1; i <= cmd->number; i++) {
        kit_send(x, cmd->pid, WTL_TAG("number"), i);
    }
    wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "enough"));
}

static void one_stream(uint64_t seed, uint64_t messages, bool linked, uint32_t bound)
{
    struct wtl_actor wide = kit_type;
    wide.mailbox_max = bound;
    sender = (struct kit_puppet){0};
    receiver = (struct kit_puppet){.silent = true, .message = in_order};
    kit_init(&kit, seed);
    kit_spawn(&kit, &sender, NULL);
    kit_spawn(&kit, &receiver, &wide);
    kit_trap(&kit, &receiver, true);
    if (linked) {
        kit_link(&kit, &receiver, sender.pid);
    } else {
        kit_monitor(&kit, &receiver, sender.pid);
    }
    kit_settle(&kit);
    kit_do(&kit, &sender,
           (struct kit_cmd){.fn = send_many_and_end, .pid = receiver.pid, .number = messages});
    kit_settle(&kit);
    cr_assert_eq(receiver.last, messages);
    const struct kit_event *end = kit_only(&receiver, linked ? KIT_EXITED : KIT_DOWN);
    cr_assert(wtl_pid_equal(end->from, sender.pid));
    cr_assert(kit_reason_is(end->reason, "error:enough"));
    kit_deinit(&kit);
}

Test(signals, L01_down_comes_after_the_last_message)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        one_stream(seed, MESSAGES, false, 0);
    }
}

Test(signals, L01_exit_comes_after_the_last_message)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        one_stream(seed, MESSAGES, true, 0);
    }
}

static void send_burst(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    for (uint64_t i = 0; i < cmd->number; i++) {
        kit_send(x, cmd->pid, WTL_TAG("number"), ++p->last);
    }
}

Test(signals, L01_a_million_messages_come_in_order)
{
    enum { BURSTS = 100, BURST = 10000 };
    struct wtl_actor wide = kit_type;
    wide.mailbox_max = WTL_MAILBOX_LIMIT;
    receiver = (struct kit_puppet){.silent = true, .message = in_order};
    kit_init(&kit, 1);
    kit_spawn(&kit, &sender, NULL);
    kit_spawn(&kit, &receiver, &wide);
    kit_monitor(&kit, &receiver, sender.pid);
    for (int i = 0; i < BURSTS; i++) {
        kit_do(&kit, &sender,
               (struct kit_cmd){.fn = send_burst, .pid = receiver.pid, .number = BURST});
        kit_settle(&kit);
    }
    kit_stop(&kit, &sender, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    cr_assert_eq(receiver.last, BURSTS * BURST);
    cr_assert(kit_reason_is(kit_only(&receiver, KIT_DOWN)->reason, "normal"));
    kit_deinit(&kit);
}

/* Two senders: each stream is in order, whatever the schedule makes of both. */
static enum wtl_status two_streams(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    uint64_t *last = p->user;
    (void)x;
    cr_assert_eq(kit_number(m), ++last[wtl_pid_equal(m->from, sender.pid)]);
    return WTL_OK;
}

Test(signals, L01_streams_of_two_senders_keep_their_orders)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct kit_puppet other = {0};
        uint64_t last[2] = {0, 0};
        sender = (struct kit_puppet){0};
        receiver = (struct kit_puppet){.silent = true, .message = two_streams, .user = last};
        kit_init(&kit, seed);
        kit_spawn(&kit, &sender, NULL);
        kit_spawn(&kit, &other, NULL);
        kit_spawn(&kit, &receiver, NULL);
        for (uint64_t i = 1; i <= 50; i++) {
            kit_tell(&kit, &sender, receiver.pid, i);
            kit_tell(&kit, &other, receiver.pid, i);
        }
        kit_settle(&kit);
        cr_assert_eq(last[0], 50);
        cr_assert_eq(last[1], 50);
        kit_deinit(&kit);
    }
}

/* ---- names --------------------------------------------------------------------------------- */

static void take_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    wtl_register(x, "the.one", WTL_LOCAL, KIT_CALL(p));
}

static enum wtl_status name_is_free(struct wtl_ctx *x, struct kit_puppet *p,
                                    const struct wtl_down *down)
{
    (void)p;
    (void)down;
    cr_assert(wtl_pid_is_none(wtl_whereis_local(x, "the.one")));
    return WTL_OK;
}

static enum wtl_status name_is_free_too(struct wtl_ctx *x, struct kit_puppet *p,
                                        const struct wtl_exit *exit)
{
    (void)exit;
    return name_is_free(x, p, NULL);
}

Test(signals, L08_a_name_is_free_before_down_and_exit_tell)
{
    struct kit_puppet watcher = {.down = name_is_free, .exited = name_is_free_too};
    enum { ROUNDS = 20, LOOPS = 5000 }; /* together 100,000 ends */
    for (uint64_t seed = 0; seed < LOOPS; seed++) {
        kit_init(&kit, seed);
        kit_spawn(&kit, &watcher, NULL);
        kit_trap(&kit, &watcher, true);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            sender = (struct kit_puppet){0};
            kit_spawn(&kit, &sender, NULL);
            kit_do(&kit, &sender, (struct kit_cmd){.fn = take_name});
            kit_monitor(&kit, &watcher, sender.pid);
            kit_link(&kit, &watcher, sender.pid);
            kit_settle(&kit);
            cr_assert_eq(kit_only(&sender, KIT_ANSWER)->status, WTL_OK);
            kit_stop(&kit, &sender, WTL_REASON(WTL_EXIT_ERROR, "gone"));
            kit_settle(&kit);
        }
        cr_assert_eq(kit_count(&watcher, KIT_DOWN), ROUNDS);
        cr_assert_eq(kit_count(&watcher, KIT_EXITED), ROUNDS);
        kit_deinit(&kit);
    }
}

Test(signals, L08_a_taken_name_is_refused_with_its_holder)
{
    kit_init(&kit, 3);
    kit_spawn(&kit, &sender, NULL);
    kit_spawn(&kit, &receiver, NULL);
    kit_do(&kit, &sender, (struct kit_cmd){.fn = take_name});
    kit_settle(&kit);
    kit_do(&kit, &receiver, (struct kit_cmd){.fn = take_name});
    kit_settle(&kit);
    const struct kit_event *answer = kit_only(&receiver, KIT_ANSWER);
    cr_assert_eq(answer->status, WTL_EXISTS);
    cr_assert(wtl_pid_equal(answer->from, sender.pid));
    kit_deinit(&kit);
}
