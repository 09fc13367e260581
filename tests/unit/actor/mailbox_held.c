/*
 * mailbox_held.c - a receiver that blocks its senders asks one of them, and is held until that one
 * answers: of the two, neither waits for the other for ever.
 */
#include "kit.h"

enum { SEEDS = 200, TELLS = 20 };

static struct kit kit;
static struct kit_puppet receiver;
static struct kit_puppet sender;
static struct kit_puppet other; /* one more sender, whom nobody asks */
static struct wtl_actor bounded;

static enum wtl_status answer(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    wtl_reply(x, m, NULL);
    return WTL_OK;
}

/* Asks for each message. */
static enum wtl_status ask_back(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)m;
    (void)wtl_call(x, sender.pid, WTL_TAG("ask"), NULL,
                   KIT_CALL(p, .hold = true, .deadline_ms = WTL_CALL_FOREVER));
    return WTL_OK;
}

static void send_many(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    for (uint64_t i = 0; i < TELLS; i++) {
        kit_send(x, cmd->pid, WTL_TAG("number"), i);
    }
}

static void begin(uint64_t seed)
{
    bounded = kit_type;
    bounded.mailbox_policy = WTL_MAILBOX_BLOCK;
    bounded.mailbox_max = 1 + (uint32_t)(seed % 5);
    receiver = (struct kit_puppet){.silent = true, .message = ask_back};
    sender = (struct kit_puppet){.silent = true, .message = answer};
    other = (struct kit_puppet){.silent = true};
    kit_init(&kit, seed);
    kit_spawn(&kit, &receiver, &bounded);
    kit_spawn(&kit, &sender, NULL);
    kit_spawn(&kit, &other, NULL);
    kit_settle(&kit);
}

Test(mailbox, L09_who_is_asked_by_whom_it_would_wait_for_goes_on)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin(seed);
        for (int i = 0; i < 3; i++) { /* it may be held already, or not yet */
            kit_do(&kit, &sender, (struct kit_cmd){.fn = send_many, .pid = receiver.pid});
            kit_do(&kit, &other, (struct kit_cmd){.fn = send_many, .pid = receiver.pid});
        }
        kit_settle(&kit);
        cr_assert_eq(receiver.got, 6 * TELLS, "seed %lu: %lu", (unsigned long)seed,
                     (unsigned long)receiver.got);
        cr_assert_eq(kit_count(&receiver, KIT_ANSWER), 6 * TELLS);
        cr_assert_null(kit_cell(&kit, receiver.pid)->waiters);
        kit_deinit(&kit);
    }
}

/* All others wait for room, as ever. */
Test(mailbox, L09_who_is_not_asked_waits_for_one_that_is_held)
{
    begin(1);
    sender.message = NULL; /* says nothing for a while */
    kit_do(&kit, &sender, (struct kit_cmd){.fn = send_many, .pid = receiver.pid});
    kit_do(&kit, &other, (struct kit_cmd){.fn = send_many, .pid = receiver.pid});
    kit_settle(&kit);
    cr_assert_eq(receiver.got, 1);
    cr_assert_eq(kit_cell(&kit, sender.pid)->flags & WTL__CELL_PARKED, 0);
    cr_assert_neq(kit_cell(&kit, other.pid)->flags & WTL__CELL_PARKED, 0);
    cr_assert_not_null(kit_cell(&kit, receiver.pid)->waiters);
    kit_deinit(&kit);
}
