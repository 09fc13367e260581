/* outbox.c - outboxes and known names, one thread: order, bounds, recycling. */
#include "node/outbox.h"

#include <criterion/criterion.h>

#include "base/pool.h"
#include "node/known.h"

#define OWN UINT64_C(0xaaaa000001)

struct sink {
    uint64_t sent, stale, resumed;
    uint64_t last_request;
    struct wtl_pid last_to;
    struct wtl_pid last_from;
    bool gone; /* what is_gone says */
};

static struct sink sink;

static void on_send(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    (void)context;
    cr_assert_gt(envelope->msg.request, sink.last_request, "overtaken");
    sink.last_request = envelope->msg.request;
    sink.last_to = to;
    sink.last_from = envelope->msg.from;
    sink.sent++;
    wtl__envelope_free(envelope);
}

static void on_stale(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    (void)context;
    (void)to;
    sink.stale++;
    wtl__envelope_free(envelope);
}

static void on_resume(void *context, struct wtl_pid to, struct wtl__envelope *wait)
{
    (void)context;
    (void)to;
    cr_assert_eq(wait->msg.kind_, WTL__WAIT);
    cr_assert_eq(wait->msg.from.node, OWN);
    sink.resumed++;
    wtl__envelope_free(wait);
}

static bool is_gone(void *context, uint64_t node)
{
    (void)context;
    (void)node;
    return sink.gone;
}

static const struct wtl__outbox_ops ops = {
    .send = on_send, .stale = on_stale, .resume = on_resume, .is_gone = is_gone};

static struct wtl__outboxes *table;
static uint64_t used_before;

static void setup(void)
{
    sink = (struct sink){0};
    wtl__pool_flush();
    used_before = wtl__pool_stats().used_bytes;
    table = wtl__outboxes_create(OWN, 5);
    cr_assert_not_null(table);
}

static void teardown(void)
{
    wtl__outboxes_destroy(table);
    wtl__pool_flush();
    cr_assert_eq(wtl__pool_stats().used_bytes, used_before, "envelopes are left");
}

TestSuite(outbox, .init = setup, .fini = teardown);

static struct wtl__envelope *make(enum wtl__kind kind, uint64_t request, size_t size)
{
    struct wtl_writer writer;
    cr_assert(wtl__message_open(&writer, size));
    writer.at += size;
    struct wtl__envelope *envelope = wtl__message_take(&writer, kind);
    cr_assert_not_null(envelope);
    envelope->msg.request = request;
    envelope->msg.from = (struct wtl_pid){.node = OWN, .local = 77};
    return envelope;
}

static enum wtl__outbox_push push(uint64_t node, struct wtl__envelope *envelope, bool *over)
{
    return wtl__outbox_push(table, (struct wtl_pid){.node = node, .local = 42}, envelope, over);
}

static void turn(void)
{
    wtl__outboxes_collect(table);
    wtl__outboxes_send(table, &ops);
}

Test(outbox, keeps_order_and_addresses)
{
    bool over;
    cr_assert_not(wtl__outboxes_is_pending(table));
    cr_assert_eq(push(9, make(WTL__MESSAGE, 1, 8), &over), WTL__OUTBOX_WAKE);
    cr_assert_eq(push(9, make(WTL__CALL, 2, 8), &over), WTL__OUTBOX_TAKEN);
    cr_assert(wtl__outboxes_is_pending(table));
    wtl__outboxes_collect(table);
    cr_assert_eq(push(9, make(WTL__MESSAGE, 3, 8), &over), WTL__OUTBOX_TAKEN);
    wtl__outboxes_send(table, &ops);
    cr_assert_eq(sink.sent, 2, "what came after collect waits for the next turn");
    cr_assert(wtl__outboxes_is_pending(table));
    turn();
    cr_assert_eq(sink.sent, 3);
    cr_assert_eq(sink.last_to.node, 9);
    cr_assert_eq(sink.last_to.local, 42);
    cr_assert_eq(sink.last_from.node, OWN);
    cr_assert_eq(sink.last_from.local, 77);
    cr_assert_not(wtl__outboxes_is_pending(table));
    cr_assert_eq(wtl__outboxes_bytes(table), 0);
    cr_assert_eq(push(9, make(WTL__MESSAGE, 4, 8), &over), WTL__OUTBOX_WAKE);
    turn();
}

Test(outbox, nobody_stays_nobody)
{
    bool over;
    struct wtl__envelope *envelope = make(WTL__MESSAGE, 1, 8);
    envelope->msg.from = WTL_PID_NONE;
    (void)push(9, envelope, &over);
    turn();
    cr_assert(wtl_pid_is_none(sink.last_from));
}

Test(outbox, soft_and_hard_cap)
{
    bool over = false;
    uint64_t request = 0;
    uint64_t bytes = 0;
    const size_t size = 1024 * 1024;
    while (!over) {
        cr_assert_neq(push(9, make(WTL__MESSAGE, ++request, size), &over), WTL__OUTBOX_REFUSED);
        bytes += size;
        cr_assert_leq(bytes, WTL__OUTBOX_SOFT + 2 * size);
    }
    cr_assert_geq(bytes, WTL__OUTBOX_SOFT);
    enum wtl__outbox_push pushed;
    struct wtl__envelope *envelope;
    do {
        envelope = make(WTL__MESSAGE, ++request, size);
        pushed = push(9, envelope, &over);
        cr_assert_leq(request, 2 * WTL__OUTBOX_HARD / size);
    } while (pushed != WTL__OUTBOX_REFUSED);
    envelope->msg.kind_ = WTL__CALL;
    cr_assert_eq(push(9, envelope, &over), WTL__OUTBOX_REFUSED, "a call is refused, too");
    envelope->msg.kind_ = WTL__REPLY;
    cr_assert_neq(push(9, envelope, &over), WTL__OUTBOX_REFUSED, "a reply never is");
    envelope = make(WTL__DOWN, ++request, 0);
    cr_assert_neq(push(9, envelope, &over), WTL__OUTBOX_REFUSED, "nor a signal");
    cr_assert_neq(push(8, make(WTL__MESSAGE, ++request, 1), &over), WTL__OUTBOX_REFUSED,
                  "another node has its own");
    cr_assert_not(over);
    sink.last_request = 0;
}

Test(outbox, waiting_senders_go_on_below_half)
{
    bool over;
    (void)push(9, make(WTL__MESSAGE, 1, 8), &over);
    turn();
    wtl__outbox_waiting(table, 9, WTL__OUTBOX_SOFT, &ops);
    (void)push(9, make(WTL__MESSAGE, 2, 8), &over);
    cr_assert(over);
    (void)push(9, make(WTL__WAIT, 0, 0), &over);
    (void)push(9, make(WTL__WAIT, 0, 0), &over);
    turn();
    cr_assert_eq(sink.resumed, 0);
    wtl__outbox_waiting(table, 9, WTL__OUTBOX_SOFT / 2, &ops);
    cr_assert_eq(sink.resumed, 0);
    wtl__outbox_waiting(table, 9, WTL__OUTBOX_SOFT / 2 - 1, &ops);
    cr_assert_eq(sink.resumed, 2);
    (void)push(9, make(WTL__WAIT, 0, 0), &over);
    turn();
    cr_assert_eq(sink.resumed, 3, "with room, at once");
}

Test(outbox, a_forgotten_node_frees_its_place_and_wakes_its_waiters)
{
    bool over;
    (void)push(9, make(WTL__MESSAGE, 1, 8), &over);
    turn();
    wtl__outbox_waiting(table, 9, WTL__OUTBOX_SOFT, &ops);
    (void)push(9, make(WTL__WAIT, 0, 0), &over);
    turn();
    wtl__outbox_forget(table, 9, &ops);
    cr_assert_eq(sink.resumed, 1);
    cr_assert_eq(wtl__outboxes_bytes(table), 0);
    for (uint64_t node = 100; node < 100 + 3 * WTL__OUTBOX_BUCKETS; node++) {
        (void)push(node, make(WTL__MESSAGE, node, 8), &over);
        sink.gone = true;
        turn();
    }
    cr_assert_eq(table->made_count, 1, "each was made anew: %u", table->made_count);
    cr_assert_eq(sink.stale, 0);
}

Test(outbox, a_late_push_is_told_by_its_generation)
{
    bool over;
    (void)push(9, make(WTL__MESSAGE, 1, 8), &over);
    sink.gone = true;
    turn();
    /* a sender that found the outbox before it was recycled, and pushes now that it is another's */
    struct wtl__outbox *box = table->made;
    struct wtl__envelope *late = make(WTL__MESSAGE, 2, 8);
    uint32_t before;
    late->msg.from.node = 42;
    late->msg.runtime_ = 0;
    cr_assert_eq(push(8, make(WTL__MESSAGE, 3, 8), &over), WTL__OUTBOX_WAKE);
    atomic_fetch_add(&box->bytes, 64 + 8);
    cr_assert_eq(wtl__inbox_push(&box->inbox, late, 0, 0, &before), WTL__PUSHED);
    turn();
    cr_assert_eq(sink.stale, 1);
    cr_assert_eq(sink.sent, 2);
    cr_assert_eq(sink.last_to.node, 8);
    cr_assert_eq(wtl__outboxes_bytes(table), 0);
}

/* ---- known names ---------------------------------------------------------------------------- */

static struct wtl__known *known;
static const struct wtl_pid holder = {.node = 9, .local = 42};

static void known_setup(void)
{
    sink = (struct sink){0};
    known = wtl__known_create(3);
    cr_assert_not_null(known);
}

static void known_teardown(void)
{
    wtl__known_destroy(known);
}

TestSuite(known, .init = known_setup, .fini = known_teardown);

Test(known, messages_wait_for_the_answer_in_order)
{
    struct wtl_pid pid;
    bool ask;
    cr_assert_eq(wtl__known_find(known, "store", make(WTL__MESSAGE, 1, 8), 0, &pid, &ask),
                 WTL__KNOWN_WAITS);
    cr_assert(ask);
    cr_assert_eq(wtl__known_find(known, "store", make(WTL__MESSAGE, 2, 8), 0, &pid, &ask),
                 WTL__KNOWN_WAITS);
    cr_assert_not(ask, "asked twice");
    cr_assert_not(wtl__known_answer(known, "store", holder, 10, on_send, NULL));
    cr_assert_eq(sink.sent, 2);
    struct wtl__envelope *third = make(WTL__MESSAGE, 3, 8);
    cr_assert_eq(wtl__known_find(known, "store", third, 20, &pid, &ask), WTL__KNOWN_IS);
    cr_assert(wtl_pid_equal(pid, holder));
    cr_assert_not(ask);
    cr_assert_eq(wtl__known_find(known, "store", third, 10 + WTL__KNOWN_MS, &pid, &ask),
                 WTL__KNOWN_IS);
    cr_assert(ask, "after a while it is asked for again");
    cr_assert_eq(wtl__known_find(known, "store", third, 11 + WTL__KNOWN_MS, &pid, &ask),
                 WTL__KNOWN_IS);
    cr_assert_not(ask, "once");
    wtl__envelope_free(third);
}

Test(known, nobody_is_not_remembered)
{
    struct wtl_pid pid;
    bool ask;
    cr_assert_eq(wtl__known_find(known, "store", make(WTL__MESSAGE, 1, 8), 0, &pid, &ask),
                 WTL__KNOWN_WAITS);
    cr_assert_not(wtl__known_answer(known, "store", WTL_PID_NONE, 0, on_send, NULL));
    cr_assert_eq(sink.sent, 1);
    cr_assert(wtl_pid_is_none(sink.last_to));
    cr_assert_eq(wtl__known_count(known), 0);
}

/* Its name may have been registered after the question went out, and before it was sent. */
Test(known, G05_a_message_is_not_answered_by_a_question_before_it)
{
    struct wtl_pid pid;
    bool ask;
    for (uint64_t i = 1; i <= 3; i++) {
        cr_assert_eq(wtl__known_find(known, "store", make(WTL__MESSAGE, i, 8), 0, &pid, &ask),
                     WTL__KNOWN_WAITS);
        cr_assert_eq(ask, i == 1);
    }
    cr_assert(wtl__known_answer(known, "store", WTL_PID_NONE, 0, on_send, NULL), "ask again");
    cr_assert_eq(sink.sent, 1);
    cr_assert(wtl_pid_is_none(sink.last_to));
    cr_assert_eq(wtl__known_find(known, "store", make(WTL__MESSAGE, 4, 8), 0, &pid, &ask),
                 WTL__KNOWN_WAITS);
    cr_assert_not(ask, "it is asked for");
    cr_assert(wtl__known_answer(known, "store", WTL_PID_NONE, 0, on_send, NULL));
    cr_assert_eq(sink.sent, 3);
    cr_assert_not(wtl__known_answer(known, "store", holder, 0, on_send, NULL));
    cr_assert_eq(sink.sent, 4);
    cr_assert(wtl_pid_equal(sink.last_to, holder));
    /* what waits while a known name is asked for anew, because its holder has gone, came later */
    struct wtl__envelope *fifth = make(WTL__MESSAGE, 5, 8);
    cr_assert_eq(wtl__known_find(known, "store", fifth, WTL__KNOWN_MS, &pid, &ask), WTL__KNOWN_IS);
    cr_assert(ask);
    wtl__known_forget_pid(known, holder);
    cr_assert_eq(wtl__known_find(known, "store", fifth, 0, &pid, &ask), WTL__KNOWN_WAITS);
    cr_assert_not(ask);
    cr_assert(wtl__known_answer(known, "store", WTL_PID_NONE, 0, on_send, NULL));
    cr_assert_eq(sink.sent, 4);
    cr_assert_not(wtl__known_answer(known, "store", WTL_PID_NONE, 0, on_send, NULL));
    cr_assert_eq(sink.sent, 5);
    cr_assert_eq(wtl__known_count(known), 0);
}

Test(known, holders_and_nodes_are_forgotten)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    for (unsigned i = 0; i < 4; i++) {
        struct wtl_pid pid = {.node = i < 3 ? 9 : 8, .local = i < 2 ? 42 : 43};
        cr_assert_not(wtl__known_answer(known, names[i], pid, 0, on_send, NULL));
    }
    cr_assert_eq(wtl__known_count(known), 4);
    wtl__known_forget_pid(known, holder);
    cr_assert_eq(wtl__known_count(known), 2);
    wtl__known_forget_pid(known, holder);
    wtl__known_forget_node(known, 9);
    cr_assert_eq(wtl__known_count(known), 1);
    cr_assert_not(wtl__known_answer(known, "d", holder, 0, on_send, NULL));
    wtl__known_forget_node(known, 8);
    cr_assert_eq(wtl__known_count(known), 1, "it has another holder now");
    wtl__known_forget_pid(known, holder);
    cr_assert_eq(wtl__known_count(known), 0);
}

Test(known, bounds)
{
    struct wtl_pid pid;
    bool ask;
    for (unsigned i = 0; i < WTL__KNOWN_WAITING; i++) {
        cr_assert_eq(wtl__known_find(known, "store", make(WTL__MESSAGE, i + 1, 8), 0, &pid, &ask),
                     WTL__KNOWN_WAITS);
    }
    struct wtl__envelope *more = make(WTL__MESSAGE, 1, 8);
    cr_assert_eq(wtl__known_find(known, "store", more, 0, &pid, &ask), WTL__KNOWN_FULL);
    cr_assert_not(ask);
    char long_name[WTL_NAME_MAX + 2];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    cr_assert_eq(wtl__known_find(known, long_name, more, 0, &pid, &ask), WTL__KNOWN_FULL);
    wtl__envelope_free(more);
}
