/* collect.c - a collection of requests: each answer with its label, in whatever order and way, and
 * one end, when all have come or the deadline is over. */
#include "requests_kit.h"

static void ask_all(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    gather(x, 1000, true);
    for (uint32_t i = 0; i < CALLEES; i++) {
        gather_from(x, i);
    }
    cr_assert_eq(wtl_requests_waiting(gathered.requests), CALLEES);
}

static void ask_all_for_the_end(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    gather(x, 1000, false);
    for (uint32_t i = 0; i < CALLEES; i++) {
        gather_from(x, i);
    }
}

static const enum wtl_status expected[CALLEES] = {
    [REFUSES] = WTL_DENIED, [NEVER] = WTL_TIMEOUT, [CRASHES] = WTL_CLOSED, [GONE] = WTL_NO_PROCESS};

static void each_has_ended_as_it_should(void)
{
    for (uint32_t i = 0; i < CALLEES; i++) {
        cr_assert_eq(gathered.ends[i], expected[i], "request %u: %s", i,
                     wtl_status_word(gathered.ends[i]));
        cr_assert_eq(gathered.numbers[i], i == REPLIES || i == LATER ? i + 100 : 0);
    }
    cr_assert_eq(gathered.dones, 1);
    cr_assert_eq(gathered.count, CALLEES);
    cr_assert_eq(gathered.missing, 1);
    cr_assert_eq(gathered.missing_label, NEVER);
}

Test(requests, L13_each_answer_comes_with_its_label)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        gather_begin(seed);
        gather_do(ask_all);
        kit_settle(&kit);
        cr_assert_eq(gathered.answers, CALLEES - 2, "one replies late, and one never");
        cr_assert_eq(wtl_requests_waiting(gathered.requests), 2);
        kit_advance(&kit, LATER_MS);
        cr_assert_eq(gathered.answers, CALLEES - 1);
        cr_assert_eq(gathered.labels[CALLEES - 2], LATER);
        cr_assert_eq(gathered.dones, 0);
        kit_advance(&kit, 1000);
        cr_assert_eq(gathered.answers, CALLEES);
        cr_assert_eq(gathered.labels[CALLEES - 1], NEVER);
        each_has_ended_as_it_should();
        gather_end();
    }
}

Test(requests, L13_the_end_names_those_that_are_missing_and_has_all_replies)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        gather_begin(seed);
        gather_do(ask_all_for_the_end);
        kit_settle(&kit);
        for (int i = 0; i < 20; i++) { /* the blocks of the replies, written again */
            kit_tell(&kit, &callees[NEVER], callees[NEVER].pid, UINT64_MAX);
        }
        kit_advance(&kit, LATER_MS);
        cr_assert_eq(gathered.dones, 0);
        kit_advance(&kit, 1000);
        each_has_ended_as_it_should();
        gather_end();
    }
}

static void ask_nobody(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    gather(x, (uint32_t)cmd->number, false);
    cr_assert_eq(gathered.dones, 0, "never within the call");
}

Test(requests, L13_a_collection_without_requests_ends_too)
{
    gather_begin(1);
    kit_do(&kit, &asker, (struct kit_cmd){.fn = ask_nobody, .number = WTL_CALL_FOREVER});
    kit_settle(&kit);
    cr_assert_eq(gathered.dones, 1);
    cr_assert_eq(gathered.count, 0);
    gather_end();
}

/* ---- the first answer is enough -------------------------------------------------------------- */

/* Also what was answered before, and waits in the mailbox, is not seen any more. */
Test(requests, L13_what_is_given_up_is_not_answered)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        gather_begin(seed);
        gathered.enough = 1 + (uint32_t)(seed % (CALLEES - 2));
        gather_do(ask_all);
        kit_settle(&kit);
        cr_assert_eq(gathered.answers, gathered.enough);
        cr_assert_eq(kit_cell(&kit, asker.pid)->ties.count, 0);
        cr_assert_null(kit_cell(&kit, asker.pid)->memory);
        kit_advance(&kit, LATER_MS + 1000);
        cr_assert_eq(gathered.answers, gathered.enough);
        cr_assert_eq(gathered.dones, 0);
        cr_assert_geq(kit_counter(&kit, WTL__COUNT_LATE_REPLIES), 1,
                      "who replies to what was given up is counted");
        gather_end();
    }
}

static void ask_and_think_again(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    ask_all(x, p, cmd);
    wtl_requests_cancel(x, gathered.requests);
    cr_assert_eq(
        wtl_requests_call(x, gathered.requests, 0, callees[REPLIES].pid, WTL_TAG("ask"), NULL),
        WTL_CLOSED);
}

Test(requests, L13_what_was_just_asked_is_given_up)
{
    gather_begin(1);
    gather_do(ask_and_think_again);
    kit_settle(&kit);
    cr_assert_eq(gathered.answers, 0);
    cr_assert_eq(gathered.dones, 0);
    gather_end();
}

/* ---- late ------------------------------------------------------------------------------------ */

static void ask_the_late_one(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    gather(x, LATER_MS / 2, true);
    gather_from(x, LATER);
}

Test(requests, L07_a_late_answer_never_arrives)
{
    gather_begin(1);
    gather_do(ask_the_late_one);
    kit_advance(&kit, LATER_MS / 2);
    cr_assert_eq(gathered.ends[LATER], WTL_TIMEOUT);
    cr_assert_eq(gathered.dones, 1);
    kit_advance(&kit, LATER_MS);
    cr_assert_eq(gathered.answers, 1);
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_LATE_REPLIES), 1);
    gather_end();
}
