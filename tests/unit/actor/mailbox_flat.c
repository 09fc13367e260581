/*
 * mailbox_flat.c - a producer ten times faster than its consumer, under each policy: memory stays
 * flat, what is lost is counted, and what comes is what the policy promises.
 */
#include "kit.h"

#include "base/pool.h"

enum { BOUND = 32, SLOW_MS = 10, RUN_MS = 5000, BODY = 1000 };

static struct kit kit;
static struct kit_puppet producer;
static struct kit_puppet consumer;
static struct kit_puppet slow;
static struct wtl_actor bounded;

/* Answers after SLOW_MS: whoever calls it and holds handles a message in that time. */
static enum wtl_status answer_later(struct wtl_ctx *x, struct kit_puppet *p,
                                    const struct wtl_msg *m)
{
    static struct wtl_from from;
    if (m->request != 0) {
        from = wtl_defer(x, m);
        (void)wtl_after(x, SLOW_MS, WTL_TAG("now"), NULL);
    } else {
        wtl_reply_to(x, from, NULL);
    }
    (void)p;
    return WTL_OK;
}

static enum wtl_status no_answer_needed(struct wtl_ctx *x, void *self,
                                        const struct wtl_answer *answer, void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    return WTL_OK;
}

static enum wtl_status consume(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    static const struct wtl_call_options held = {.hold = true, .on_answer = no_answer_needed};
    cr_assert_gt(kit_number(m), p->last, "not in order");
    p->last = kit_number(m);
    (void)wtl_call(x, slow.pid, WTL_TAG("work"), NULL, &held);
    return WTL_OK;
}

static enum wtl_status produce(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    static const char bytes[BODY];
    struct wtl_writer body;
    (void)m;
    cr_assert(wtl_message_open(x, &body, BODY + 16));
    wtl_put_u64(&body, ++p->last);
    wtl_put_bin(&body, bytes, BODY);
    wtl_tell(x, consumer.pid, WTL_TAG("number"), &body);
    return WTL_OK;
}

static enum wtl_status start(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *args)
{
    (void)p;
    (void)args;
    (void)wtl_every(x, 1, WTL_TAG("tick"));
    return WTL_OK;
}

/* Runs it, and returns how much more memory was in use than the mailbox may hold. */
static void run(enum wtl_mailbox_policy policy)
{
    uint64_t most = 0;
    bounded = kit_type;
    bounded.mailbox_policy = policy;
    bounded.mailbox_max = BOUND;
    producer = (struct kit_puppet){.silent = true, .init = start, .message = produce};
    consumer = (struct kit_puppet){.silent = true, .message = consume};
    slow = (struct kit_puppet){.silent = true, .message = answer_later};
    kit_init(&kit, 1);
    kit_spawn(&kit, &slow, NULL);
    kit_spawn(&kit, &consumer, &bounded);
    kit_settle(&kit);
    uint64_t used = wtl__pool_stats().used_bytes;
    kit_spawn(&kit, &producer, NULL);
    for (int ms = 0; ms < RUN_MS; ms++) {
        kit_advance(&kit, 1);
        uint64_t now = wtl__pool_stats().used_bytes - used;
        most = now > most ? now : most;
    }
    cr_assert_lt(most, (BOUND + 2) * (BODY + 300) + 8192, "policy %d: %lu bytes", (int)policy,
                 (unsigned long)most);
    cr_assert_geq(consumer.got, RUN_MS / SLOW_MS - 5);
    cr_assert_leq(consumer.got, RUN_MS / SLOW_MS + 1);
}

/* All that was sent was handled, waits, or was counted. */
static void expect_lost(enum wtl__counter counter)
{
    uint64_t waiting = wtl__inbox_count(&kit_cell(&kit, consumer.pid)->inbox) -
                       kit_cell(&kit, consumer.pid)->handled;
    cr_assert_geq(producer.last, RUN_MS - 1);
    cr_assert_eq(kit_counter(&kit, counter), producer.last - consumer.got - waiting);
    kit_deinit(&kit);
}

Test(mailbox, L09_flat_with_reject)
{
    run(WTL_MAILBOX_REJECT);
    expect_lost(WTL__COUNT_DROPPED_FULL);
}

Test(mailbox, L09_flat_with_drop_newest)
{
    run(WTL_MAILBOX_DROP_NEWEST);
    expect_lost(WTL__COUNT_DROPPED_FULL);
}

Test(mailbox, L09_flat_with_drop_oldest)
{
    run(WTL_MAILBOX_DROP_OLDEST);
    cr_assert_geq(consumer.last + BOUND + 2 * SLOW_MS, producer.last, "what it gets is not new");
    expect_lost(WTL__COUNT_DROPPED_FULL);
}

Test(mailbox, L09_flat_with_latest)
{
    run(WTL_MAILBOX_LATEST);
    cr_assert_geq(consumer.last + 2 * SLOW_MS, producer.last, "what it gets is not the latest");
    expect_lost(WTL__COUNT_REPLACED);
}

/* The producer is as slow as the consumer, and nothing is lost. */
Test(mailbox, L09_flat_with_block)
{
    run(WTL_MAILBOX_BLOCK);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_DROPPED_FULL), 0);
    cr_assert_eq(consumer.last, consumer.got, "one was lost");
    cr_assert_leq(producer.last, consumer.got + BOUND + WTL_OVERDRAFT_MAX + 1);
    kit_deinit(&kit);
}
