/* messages.c - continue, keep, release, forward; and envelopes that come to the wrong life. */
#include "kit.h"

#include "base/pool.h"

enum { SEEDS = 100 };

static struct kit kit;
static struct kit_puppet a;
static struct kit_puppet b;
static struct kit_puppet c;

static void begin(uint64_t seed)
{
    a = (struct kit_puppet){0};
    b = (struct kit_puppet){0};
    c = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &a, NULL);
    kit_spawn(&kit, &b, NULL);
    kit_settle(&kit);
}

/* ---- continue ------------------------------------------------------------------------------- */

static enum wtl_status continue_in_init(struct wtl_ctx *x, struct kit_puppet *p,
                                        const struct wtl_msg *args)
{
    struct wtl_writer body;
    (void)p;
    (void)args;
    kit_body(x, &body, 1);
    wtl_continue(x, WTL_TAG("first"), &body);
    return WTL_OK;
}

Test(messages, L15_continue_of_init_comes_before_what_is_queued)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed);
        c.init = continue_in_init;
        kit_spawn(&kit, &c, NULL);
        for (uint64_t i = 2; i < 6; i++) { /* before it has begun */
            struct wtl_writer body;
            cr_assert(wtl__message_open(&body, 16));
            wtl_put_u64(&body, i);
            struct wtl__envelope *envelope = wtl__message_take(&body, WTL__MESSAGE);
            cr_assert_eq(wtl__deliver(&kit.step.runtime, NULL, c.pid, envelope), WTL_OK);
        }
        kit_settle(&kit);
        cr_assert_eq(c.got, 5);
        cr_assert(wtl_tag_equal(kit_nth(&c, KIT_MESSAGE, 0)->tag, WTL_TAG("first")));
        for (uint32_t i = 0; i < 5; i++) {
            cr_assert_eq(kit_nth(&c, KIT_MESSAGE, i)->number, i + 1);
        }
        kit_deinit(&kit);
    }
}

static enum wtl_status continue_down(struct wtl_ctx *x, struct kit_puppet *p,
                                     const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    if (kit_number(m) % 10 != 0) {
        kit_body(x, &body, kit_number(m) - 1);
        wtl_continue(x, WTL_TAG("next"), &body);
    }
    return WTL_OK;
}

Test(messages, L15_continue_comes_before_any_message_that_waits)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed);
        b.message = continue_down;
        for (uint64_t i = 1; i <= 4; i++) {
            kit_tell(&kit, &a, b.pid, i * 10 + 4);
        }
        kit_settle(&kit);
        cr_assert_eq(b.got, 20);
        for (uint32_t i = 0; i < 20; i++) {
            cr_assert_eq(kit_nth(&b, KIT_MESSAGE, i)->number, (i / 5 + 1) * 10 + 4 - i % 5);
        }
        kit_deinit(&kit);
    }
}

/* ---- keep, release, forward ----------------------------------------------------------------- */

static const struct wtl_msg *kept[8];
static uint32_t kept_count;

static enum wtl_status keep_it(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    kept[kept_count] = wtl_keep(x, m);
    cr_assert_eq(kept[kept_count], m);
    cr_assert_null(wtl_keep(x, m), "kept twice");
    kept_count++;
    return WTL_OK;
}

static void release_all(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    for (uint32_t i = 0; i < kept_count; i++) {
        cr_assert_eq(kit_number(kept[i]), cmd->number + i);
        wtl_release(x, kept[i]);
    }
    kept_count = 0;
}

static void reply_to_kept(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    (void)cmd;
    kit_body(x, &body, kit_number(kept[0]) + 1);
    wtl_reply(x, kept[0], &body);
    wtl_release(x, kept[0]);
}

static void ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, cmd->number);
    (void)wtl_call(x, cmd->pid, WTL_TAG("ask"), &body, KIT_CALL(p));
}

Test(messages, keep_lasts_until_release)
{
    begin(1);
    kept_count = 0;
    b.message = keep_it;
    for (uint64_t i = 0; i < 5; i++) {
        kit_tell(&kit, &a, b.pid, 100 + i);
    }
    kit_settle(&kit);
    cr_assert_eq(kit_cell(&kit, b.pid)->ties.count, 5);
    b.message = NULL;
    kit_tell(&kit, &a, b.pid, 0);
    kit_do(&kit, &b, (struct kit_cmd){.fn = release_all, .number = 100});
    kit_settle(&kit);
    cr_assert_eq(kit_cell(&kit, b.pid)->ties.count, 0);
    kit_deinit(&kit);
}

Test(messages, what_is_kept_goes_with_the_actor)
{
    begin(1);
    kept_count = 0;
    b.message = keep_it;
    for (uint64_t i = 0; i < 5; i++) {
        kit_tell(&kit, &a, b.pid, i);
    }
    kit_stop(&kit, &b, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_deinit(&kit);
}

Test(messages, a_kept_call_can_be_answered)
{
    begin(1);
    kept_count = 0;
    b.message = keep_it;
    kit_do(&kit, &a, (struct kit_cmd){.fn = ask, .pid = b.pid, .number = 7});
    kit_settle(&kit);
    cr_assert_eq(kit_count(&a, KIT_ANSWER), 0);
    kit_do(&kit, &b, (struct kit_cmd){.fn = reply_to_kept});
    kit_settle(&kit);
    cr_assert_eq(kit_only(&a, KIT_ANSWER)->number, 8);
    cr_assert_eq(kit_cell(&kit, b.pid)->ties.count, 0);
    kit_deinit(&kit);
}

Test(messages, a_kept_call_is_answered_by_the_end_of_its_keeper)
{
    begin(1);
    kept_count = 0;
    b.message = keep_it;
    kit_do(&kit, &a, (struct kit_cmd){.fn = ask, .pid = b.pid, .number = 7});
    kit_settle(&kit);
    kit_stop(&kit, &b, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    kit_settle(&kit);
    cr_assert_eq(kit_only(&a, KIT_ANSWER)->status, WTL_CLOSED);
    kit_deinit(&kit);
}

static const uint8_t *bytes_seen[8];
static uint32_t bytes_count;

static enum wtl_status forward_to_user(struct wtl_ctx *x, struct kit_puppet *p,
                                       const struct wtl_msg *m)
{
    struct kit_puppet *to = p->user;
    bytes_seen[bytes_count++] = m->bytes;
    if (to != NULL) {
        cr_assert_eq(wtl_forward(x, to->pid, WTL_TAG("forwarded"), m), WTL_OK);
        cr_assert_eq(wtl_forward(x, to->pid, WTL_TAG("again"), m), WTL_OK);
    }
    return WTL_OK;
}

Test(messages, forward_shares_the_body)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed);
        bytes_count = 0;
        a.message = forward_to_user;
        a.user = &b;
        b.message = forward_to_user;
        kit_tell(&kit, &a, a.pid, 123);
        kit_settle(&kit);
        cr_assert_eq(b.got, 2);
        cr_assert_eq(bytes_seen[0], bytes_seen[1]);
        cr_assert_eq(bytes_seen[0], bytes_seen[2]);
        cr_assert(wtl_tag_equal(kit_nth(&b, KIT_MESSAGE, 0)->tag, WTL_TAG("forwarded")));
        cr_assert_eq(kit_nth(&b, KIT_MESSAGE, 1)->number, 123);
        cr_assert(wtl_pid_equal(kit_nth(&b, KIT_MESSAGE, 0)->from, a.pid));
        kit_deinit(&kit);
    }
}

static void send_grown(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    cr_assert(wtl_message_open(x, &body, 1));
    wtl_put_array(&body, (uint32_t)cmd->number);
    for (uint64_t i = 0; i < cmd->number; i++) {
        wtl_put_u64(&body, i);
    }
    wtl_tell(x, cmd->pid, WTL_TAG("grown"), &body);
}

static enum wtl_status read_grown(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct wtl_reader r = wtl_read(m);
    uint32_t count = wtl_get_array(&r);
    (void)x;
    (void)p;
    for (uint64_t i = 0; i < count; i++) {
        cr_assert_eq(wtl_get_u64(&r), i);
    }
    cr_assert_not(r.failed);
    return WTL_OK;
}

Test(messages, a_body_grows_as_it_is_written)
{
    begin(1);
    b.message = read_grown;
    for (uint64_t count = 1; count < 1000000; count *= 10) {
        kit_do(&kit, &a, (struct kit_cmd){.fn = send_grown, .pid = b.pid, .number = count});
    }
    kit_settle(&kit);
    cr_assert_eq(b.got, 6);
    kit_deinit(&kit);
}

static void open_too_large(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)cmd;
    cr_assert_not(wtl_message_open(x, &body, WTL_BODY_MAX + 1u));
    cr_assert(body.failed);
    wtl_put_u64(&body, 1);
    p->last = wtl_try_tell(x, p->pid, WTL_TAG("never"), &body);
}

Test(messages, a_body_that_could_not_be_opened_is_reported_when_it_is_sent)
{
    begin(1);
    kit_do(&kit, &a, (struct kit_cmd){.fn = open_too_large});
    kit_settle(&kit);
    cr_assert_eq(a.last, WTL_TOO_LARGE);
    cr_assert_eq(a.got, 0);
    kit_deinit(&kit);
}

/* ---- the wrong life -------------------------------------------------------------------------- */

/* Spawns into the slot that `old` had; as many as it takes, for slots are used again in turn. */
static void reuse_slot(struct wtl_pid old, struct kit_puppet *next)
{
    for (int i = 0; i < 100000; i++) {
        *next = (struct kit_puppet){0};
        kit_spawn(&kit, next, NULL);
        if ((next->pid.local & WTL_PID_SLOT_MAX) == (old.local & WTL_PID_SLOT_MAX)) {
            kit_settle(&kit);
            return;
        }
        kit_stop(&kit, next, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
    }
    cr_assert_fail("the slot was never used again");
}

Test(messages, X019_a_stale_pid_reaches_nobody)
{
    begin(1);
    struct wtl_pid old = b.pid;
    kit_stop(&kit, &b, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    reuse_slot(old, &c);
    uint64_t dropped = kit_counter(&kit, WTL__COUNT_DROPPED_NOPROC);
    kit_trap(&kit, &a, true);
    kit_tell(&kit, &a, old, 1);
    kit_exit(&kit, &a, old, WTL_REASON(WTL_EXIT_KILL, "kill"));
    kit_link(&kit, &a, old);
    kit_monitor(&kit, &a, old);
    kit_do(&kit, &a, (struct kit_cmd){.fn = ask, .pid = old});
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, c.pid));
    cr_assert_eq(c.count, 0);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_NOPROC), dropped + 2);
    cr_assert(kit_reason_is(kit_only(&a, KIT_EXITED)->reason, "noproc"));
    cr_assert(kit_reason_is(kit_only(&a, KIT_DOWN)->reason, "noproc"));
    cr_assert_eq(kit_only(&a, KIT_ANSWER)->status, WTL_NO_PROCESS);
    kit_deinit(&kit);
}

/* The sender has found the cell, and by the time it pushes the cell has another actor. */
static void push_stale(struct wtl_pid old, enum wtl__kind kind, uint64_t request)
{
    struct wtl__cell *cell = kit_cell(&kit, c.pid);
    struct wtl__envelope *envelope = wtl__envelope_new(kind);
    uint32_t before;
    cr_assert_not_null(envelope);
    envelope->msg.from = a.pid;
    envelope->msg.request = request;
    envelope->msg.runtime_ = (uint16_t)(old.local >> WTL_PID_SLOT_BITS);
    if (wtl__inbox_push(&cell->inbox, envelope, kind <= WTL__KIND_LAST_COUNTED, 100, &before) ==
        WTL__WOKE) {
        kit.step.runtime.host->ready(&kit.step.runtime, NULL, cell);
    }
}

/* Makes the sender's half alone, as if its signal were still on its way. */
static void half_tie(enum wtl__tie kind, struct wtl_pid to, uint64_t request)
{
    struct wtl__envelope *tie = wtl__envelope_new(WTL__LINK);
    cr_assert_not_null(tie);
    tie->msg.from = to;
    tie->msg.request = request;
    wtl__ties_add(&kit_cell(&kit, a.pid)->ties, kind, tie);
}

Test(messages, X019_what_races_with_the_reuse_of_a_slot_is_answered_as_noproc)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        begin(seed);
        kit_trap(&kit, &a, true);
        struct wtl_pid old = b.pid;
        kit_stop(&kit, &b, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_settle(&kit);
        reuse_slot(old, &c);
        half_tie(WTL__TIE_LINK, old, 0);
        push_stale(old, WTL__LINK, 0);
        half_tie(WTL__TIE_MONITOR, old, 1000001);
        push_stale(old, WTL__MONITOR, 1000001);
        push_stale(old, WTL__MESSAGE, 0);
        push_stale(old, WTL__EXIT_SEND, 0);
        kit_settle(&kit);
        cr_assert(kit_lives(&kit, c.pid));
        cr_assert_eq(c.count, 0);
        cr_assert_eq(kit_cell(&kit, c.pid)->ties.count, 0);
        cr_assert(wtl_pid_equal(kit_only(&a, KIT_EXITED)->from, old));
        cr_assert(kit_reason_is(kit_only(&a, KIT_EXITED)->reason, "noproc"));
        cr_assert(wtl_pid_equal(kit_only(&a, KIT_DOWN)->from, old));
        cr_assert_eq(kit_cell(&kit, a.pid)->ties.count, 0);
        cr_assert_eq(kit_counter(&kit, WTL__COUNT_STALE), 4);
        half_tie(WTL__TIE_LINK, old, 55); /* an unlink under way */
        push_stale(old, WTL__UNLINK, 55);
        kit_settle(&kit);
        cr_assert_eq(kit_cell(&kit, a.pid)->ties.count, 0);
        kit_tell(&kit, &a, c.pid, 5);
        kit_settle(&kit);
        cr_assert_eq(c.got, 1);
        kit_deinit(&kit);
    }
}
