/*
 * mailbox_new.c - mailboxes that would rather lose old messages: drop the oldest, keep the latest
 * of each key. Links, monitors, calls and signals are as with any other.
 */
#include "kit.h"

enum { BOUND = 8, SEEDS = 100 };

static struct kit kit;
static struct kit_puppet sender;
static struct kit_puppet receiver;
static struct wtl_actor bounded;
static uint32_t statuses[64];

static void begin(uint64_t seed, enum wtl_mailbox_policy policy, const char *key)
{
    bounded = kit_type;
    bounded.mailbox_policy = policy;
    bounded.mailbox_max = BOUND;
    bounded.mailbox_key = key;
    sender = (struct kit_puppet){0};
    receiver.count = 0;
    kit_init(&kit, seed);
    kit_spawn(&kit, &sender, NULL);
    kit_spawn(&kit, &receiver, &bounded);
    kit_settle(&kit);
    memset(statuses, 0, sizeof statuses);
}

static struct wtl__cell *cell(void)
{
    return kit_cell(&kit, receiver.pid);
}

static void hold_up(bool on)
{
    cell()->flags = on ? cell()->flags | WTL__CELL_SUSPENDED : cell()->flags & ~WTL__CELL_SUSPENDED;
}

static void do_nothing(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)x;
    (void)p;
    (void)cmd;
}

/* Lets it go on: whoever resumes an actor wakes it. */
static void let_go(void)
{
    hold_up(false);
    kit_do(&kit, &receiver, (struct kit_cmd){.fn = do_nothing});
    kit_settle(&kit);
}

static void send_numbers(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    for (uint64_t i = 1; i <= cmd->number; i++) {
        struct wtl_writer body;
        kit_body(x, &body, i);
        statuses[wtl_try_tell(x, cmd->pid, WTL_TAG("number"), &body)]++;
    }
}

static void burst(uint64_t number)
{
    kit_do(&kit, &sender,
           (struct kit_cmd){.fn = send_numbers, .pid = receiver.pid, .number = number});
    kit_settle(&kit);
}

/* ---- drop the oldest --------------------------------------------------------------------------
 */

Test(mailbox, L09_drop_oldest_keeps_the_newest_and_counts)
{
    receiver = (struct kit_puppet){0};
    begin(1, WTL_MAILBOX_DROP_OLDEST, NULL);
    burst(20);
    cr_assert_eq(statuses[WTL_OK], 20);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 20 - BOUND);
    cr_assert_eq(receiver.got, BOUND);
    for (uint32_t i = 0; i < BOUND; i++) {
        cr_assert_eq(kit_nth(&receiver, KIT_MESSAGE, i)->number, 20 - BOUND + 1 + i);
    }
    burst(BOUND); /* what was handled makes room */
    cr_assert_eq(receiver.got, 2 * BOUND);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 20 - BOUND);
    kit_deinit(&kit);
}

/* Also of what had come before the actor was last run: it stays droppable until it is handled. */
Test(mailbox, L09_drop_oldest_drops_what_waits_since_long)
{
    receiver = (struct kit_puppet){0};
    begin(1, WTL_MAILBOX_DROP_OLDEST, NULL);
    hold_up(true);
    burst(BOUND);
    for (int i = 0; i < 3; i++) {
        kit_monitor(&kit, &sender, receiver.pid); /* signals act meanwhile */
        kit_settle(&kit);
        burst(3);
    }
    cr_assert_eq(wtl__inbox_count(&cell()->inbox), BOUND);
    cr_assert_eq(receiver.got, 0);
    let_go();
    cr_assert_eq(receiver.got, BOUND);
    static const uint64_t left[BOUND] = {2, 3, 1, 2, 3, 1, 2, 3};
    for (uint32_t i = 0; i < BOUND; i++) {
        cr_assert_eq(kit_nth(&receiver, KIT_MESSAGE, i)->number, left[i]);
    }
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 9);
    kit_deinit(&kit);
}

static void ask_many(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    for (uint64_t i = 0; i < cmd->number; i++) {
        (void)wtl_call(x, cmd->pid, WTL_TAG("ask"), NULL,
                       KIT_CALL(p, .deadline_ms = WTL_CALL_FOREVER));
    }
}

static void ask(uint64_t number)
{
    kit_do(&kit, &sender, (struct kit_cmd){.fn = ask_many, .pid = receiver.pid, .number = number});
    kit_settle(&kit);
}

Test(mailbox, L09_drop_oldest_answers_the_calls_that_it_drops)
{
    receiver = (struct kit_puppet){0};
    begin(1, WTL_MAILBOX_DROP_OLDEST, NULL);
    hold_up(true);
    ask(3);
    burst(BOUND);
    cr_assert_eq(kit_count(&sender, KIT_ANSWER), 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(kit_nth(&sender, KIT_ANSWER, i)->status, WTL_BUSY);
    }
    ask(2);
    kit_exit(&kit, &sender, receiver.pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    kit_settle(&kit);
    cr_assert_eq(kit_count(&sender, KIT_ANSWER), 5);
    cr_assert_eq(kit_nth(&sender, KIT_ANSWER, 4)->status, WTL_CLOSED);
    burst(1);
    cr_assert_eq(statuses[WTL_NO_PROCESS], 1);
    kit_deinit(&kit);
}

/* ---- the latest of each key ---------------------------------------------------------------------
 */

static void send_reading(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static const char *const sensors[] = {"roof",   "cellar", "attic", "porch", "garden",
                                          "garage", "hall",   "well",  "barn",  "shed"};
    struct wtl_writer body;
    (void)p;
    cr_assert(wtl_message_open(x, &body, 64));
    if (cmd->reason.class_ != 0) { /* without the field */
        wtl_put_u64(&body, cmd->number);
    } else {
        wtl_put_map(&body, 2);
        wtl_put_strz(&body, "value");
        wtl_put_u64(&body, cmd->number);
        wtl_put_strz(&body, "sensor");
        wtl_put_strz(&body, sensors[cmd->number / 1000]);
    }
    statuses[wtl_try_tell(x, cmd->pid, WTL_TAG("reading"), &body)]++;
}

/* A reading of that sensor. */
static void reading(uint64_t sensor, uint64_t value)
{
    kit_do(
        &kit, &sender,
        (struct kit_cmd){.fn = send_reading, .pid = receiver.pid, .number = sensor * 1000 + value});
    kit_settle(&kit);
}

static uint64_t values[64];
static uint32_t values_count;

static enum wtl_status note_value(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct wtl_reader r = wtl_read(m);
    (void)x;
    (void)p;
    cr_assert_eq(m->request, 0, "a key's hash is nobody's business");
    if (wtl_peek(&r) == WTL_PACK_MAP) {
        (void)wtl_get_map(&r);
        wtl_skip(&r);
    }
    values[values_count++] = wtl_get_u64(&r);
    return WTL_OK;
}

static void begin_latest(const char *key)
{
    receiver = (struct kit_puppet){.silent = true, .message = note_value};
    values_count = 0;
    begin(1, WTL_MAILBOX_LATEST, key);
}

static void expect_values(const uint64_t *expected, uint32_t count)
{
    cr_assert_eq(values_count, count, "%u values, not %u", values_count, count);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(values[i], expected[i], "value %u is %lu", i, (unsigned long)values[i]);
    }
    kit_deinit(&kit);
}

Test(mailbox, L09_latest_takes_the_place_of_the_older_one)
{
    begin_latest("sensor");
    hold_up(true);
    for (uint64_t i = 1; i <= 20; i++) {
        reading(i % 3, i);
    }
    cr_assert_eq(wtl__inbox_count(&cell()->inbox), 3);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_REPLACED), 17);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 0);
    let_go();
    expect_values((uint64_t[]){1019, 2020, 18}, 3);
}

Test(mailbox, L09_latest_without_a_field_goes_by_tag_and_sender)
{
    struct kit_puppet second = {0};
    begin_latest(NULL);
    kit_spawn(&kit, &second, NULL);
    hold_up(true);
    burst(5);
    kit_do(&kit, &second, (struct kit_cmd){.fn = send_numbers, .pid = receiver.pid, .number = 7});
    reading(1, 1); /* another tag */
    kit_settle(&kit);
    let_go();
    cr_assert_eq(values_count, 3);
    cr_assert(values[0] + values[1] + values[2] == 5 + 7 + 1001);
    kit_deinit(&kit);
}

Test(mailbox, L09_latest_refuses_one_key_too_many_and_what_has_none)
{
    begin_latest("sensor");
    hold_up(true);
    kit_do(&kit, &sender,
           (struct kit_cmd){.fn = send_reading,
                            .pid = receiver.pid,
                            .number = 5,
                            .reason = WTL_REASON(WTL_EXIT_ERROR, "no field")});
    kit_settle(&kit);
    for (uint64_t i = 1; i < BOUND + 2; i++) {
        reading(i % 10, 1);
    }
    cr_assert_eq(statuses[WTL_OK], BOUND);
    cr_assert_eq(statuses[WTL_FULL], 2);
    reading(1, 2); /* one that is there may come again */
    cr_assert_eq(statuses[WTL_OK], BOUND + 1);
    kit_do(&kit, &sender,
           (struct kit_cmd){.fn = send_reading,
                            .pid = receiver.pid,
                            .number = 6,
                            .reason = WTL_REASON(WTL_EXIT_ERROR, "no field")});
    kit_settle(&kit);
    cr_assert_eq(statuses[WTL_FULL], 3, "what has no key takes nobody's place");
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 3);
    let_go();
    cr_assert_eq(values_count, BOUND);
    cr_assert_eq(values[0], 5);
    cr_assert_eq(values[1], 1002);
    kit_deinit(&kit);
}

Test(mailbox, L09_latest_keeps_every_call)
{
    receiver = (struct kit_puppet){0};
    begin(1, WTL_MAILBOX_LATEST, NULL);
    hold_up(true);
    ask(3);
    cr_assert_eq(wtl__inbox_count(&cell()->inbox), 3);
    ask(BOUND);
    cr_assert_eq(kit_count(&sender, KIT_ANSWER), 3);
    cr_assert_eq(kit_nth(&sender, KIT_ANSWER, 0)->status, WTL_BUSY);
    kit_exit(&kit, &sender, receiver.pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    kit_settle(&kit);
    cr_assert_eq(kit_count(&sender, KIT_ANSWER), BOUND + 3);
    kit_deinit(&kit);
}

/* ---- order, and everything that is no message
 * ---------------------------------------------------- */

static enum wtl_status must_rise(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    cr_assert_gt(kit_number(m), p->last, "not in order");
    cr_assert_eq(kit_count(p, KIT_DOWN) + kit_count(p, KIT_EXITED), 0, "the end came first");
    p->last = kit_number(m);
    return WTL_OK;
}

Test(mailbox, L01_the_end_comes_after_the_last_message_also_where_the_oldest_goes)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        receiver = (struct kit_puppet){.silent = true, .message = must_rise};
        begin(seed, WTL_MAILBOX_DROP_OLDEST, NULL);
        kit_trap(&kit, &receiver, true);
        kit_link(&kit, &receiver, sender.pid);
        kit_monitor(&kit, &receiver, sender.pid);
        kit_settle(&kit);
        hold_up(seed % 3 == 0);
        kit_do(&kit, &sender,
               (struct kit_cmd){.fn = send_numbers, .pid = receiver.pid, .number = 1 + seed % 30});
        kit_stop(&kit, &sender, WTL_REASON(WTL_EXIT_ERROR, "crash"));
        kit_settle(&kit);
        let_go();
        cr_assert_eq(receiver.last, 1 + seed % 30, "the newest is not the one that goes");
        cr_assert(kit_reason_is(kit_only(&receiver, KIT_DOWN)->reason, "error:crash"));
        cr_assert(kit_reason_is(kit_only(&receiver, KIT_EXITED)->reason, "error:crash"));
        kit_deinit(&kit);
    }
}

static uint64_t ref;

static void monitor(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    ref = wtl_monitor(x, cmd->pid);
}

static void demonitor(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    p->last = 100 + wtl_demonitor(x, ref);
    wtl_unlink(x, cmd->pid);
}

Test(mailbox, L05_a_down_that_waits_is_taken_back_also_out_of_a_ring)
{
    receiver = (struct kit_puppet){0};
    begin(1, WTL_MAILBOX_DROP_OLDEST, NULL);
    kit_trap(&kit, &receiver, true);
    kit_link(&kit, &receiver, sender.pid);
    kit_do(&kit, &receiver, (struct kit_cmd){.fn = monitor, .pid = sender.pid});
    kit_settle(&kit);
    hold_up(true);
    /* in front of the end, so that it is carried out while that waits */
    kit_do(&kit, &receiver, (struct kit_cmd){.fn = demonitor, .pid = sender.pid});
    kit_settle(&kit);
    kit_stop(&kit, &sender, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    kit_settle(&kit);
    let_go();
    cr_assert_eq(receiver.last, 101);
    cr_assert_eq(receiver.count, 0, "an end was told that nobody waits for");
    kit_deinit(&kit);
}

static void ask_held(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_call(x, cmd->pid, WTL_TAG("ask"), NULL, KIT_CALL(p, .hold = true));
}

static enum wtl_status reply_seven(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, 7);
    wtl_reply(x, m, &body);
    return WTL_OK;
}

Test(mailbox, L13_who_holds_gets_its_answer_past_all_that_waits_in_a_ring)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        receiver = (struct kit_puppet){0};
        begin(seed, seed % 2 == 0 ? WTL_MAILBOX_DROP_OLDEST : WTL_MAILBOX_LATEST, "sensor");
        struct kit_puppet server = {.message = reply_seven};
        kit_spawn(&kit, &server, NULL);
        kit_do(&kit, &receiver, (struct kit_cmd){.fn = ask_held, .pid = server.pid});
        kit_do(&kit, &sender,
               (struct kit_cmd){.fn = send_numbers, .pid = receiver.pid, .number = BOUND});
        kit_settle(&kit);
        cr_assert_eq(receiver.got, BOUND);
        cr_assert_eq(kit_only(&receiver, KIT_ANSWER)->number, 7);
        kit_deinit(&kit);
    }
}

static enum wtl_status ask_in_between(struct wtl_ctx *x, struct kit_puppet *p,
                                      const struct wtl_msg *m)
{
    const struct kit_puppet *server = p->user;
    (void)m;
    (void)wtl_call(x, server->pid, WTL_TAG("ask"), NULL, KIT_CALL(p, .hold = true));
    return WTL_OK;
}

/* Each message makes a call that is waited for: the answers and the messages take turns. */
Test(mailbox, L13_who_holds_for_each_message_handles_none_meanwhile)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct kit_puppet server = {.message = reply_seven};
        receiver = (struct kit_puppet){.message = ask_in_between, .user = &server};
        begin(seed, WTL_MAILBOX_DROP_OLDEST, NULL);
        kit_spawn(&kit, &server, NULL);
        burst(BOUND);
        cr_assert_eq(receiver.count, 2 * BOUND);
        for (uint32_t i = 0; i < receiver.count; i++) {
            cr_assert_eq(receiver.events[i].what, i % 2 == 0 ? KIT_MESSAGE : KIT_ANSWER);
        }
        kit_deinit(&kit);
    }
}
