/* bounds.c - how many, how long, and what is left when the actor ends. */
#include "requests_kit.h"

/* ---- how many -------------------------------------------------------------------------------- */

static void ask_too_many(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    (void)cmd;
    gather(x, 100, false);
    for (uint32_t i = 0; i < WTL_REQUESTS_MAX; i++) {
        cr_assert_eq(wtl_requests_call(x, gathered.requests, 1000 + i, callees[NEVER].pid,
                                       WTL_TAG("ask"), NULL),
                     WTL_OK);
    }
    kit_body(x, &body, 1);
    cr_assert_eq(
        wtl_requests_call(x, gathered.requests, 0, callees[NEVER].pid, WTL_TAG("ask"), &body),
        WTL_FULL);
    cr_assert_eq(wtl_requests_waiting(gathered.requests), WTL_REQUESTS_MAX);
}

Test(requests, L13_a_collection_is_bounded)
{
    gather_begin(1);
    callees[NEVER].silent = true;
    gather_do(ask_too_many);
    kit_advance(&kit, 100);
    cr_assert_eq(gathered.dones, 1);
    cr_assert_eq(gathered.count, WTL_REQUESTS_MAX);
    cr_assert_eq(gathered.missing, WTL_REQUESTS_MAX);
    gather_end();
}

/* ---- how long -------------------------------------------------------------------------------- */

/* Asks again from each answer: one deadline is over all of them. */
static void ask_again(struct wtl_ctx *x, struct gathered *own)
{
    enum wtl_status status =
        wtl_requests_call(x, own->requests, own->answers, callees[NEVER].pid, WTL_TAG("ask"), NULL);
    cr_assert_eq(status, own->answers == 1 ? WTL_OK : WTL_TIMEOUT, "%s", wtl_status_word(status));
}

static void ask_in_turn(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    gather(x, LATER_MS + 100, true);
    gather_from(x, LATER);
}

Test(requests, L13_what_is_asked_later_has_what_is_left_of_the_deadline)
{
    gather_begin(1);
    gathered.on_answer = ask_again;
    gather_do(ask_in_turn);
    kit_advance(&kit, LATER_MS);
    cr_assert_eq(gathered.answers, 1);
    kit_advance(&kit, 99);
    cr_assert_eq(gathered.answers, 1);
    kit_advance(&kit, 1);
    cr_assert_eq(gathered.answers, 2);
    cr_assert_eq(gathered.dones, 1);
    cr_assert_eq(gathered.count, 2);
    gather_end();
}

/* ---- names, and nobody ----------------------------------------------------------------------- */

static void ask_by_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    (void)cmd;
    gather(x, 0, true);
    kit_body(x, &body, 1);
    cr_assert_eq(
        wtl_requests_call_name(x, gathered.requests, 1, "no.such.name", WTL_TAG("ask"), &body),
        WTL_OK);
    cr_assert_eq(wtl_requests_call(x, NULL, 2, p->pid, WTL_TAG("ask"), NULL), WTL_NO_MEMORY);
    wtl_requests_cancel(x, NULL);
    cr_assert_eq(wtl_requests_waiting(NULL), 0);
}

Test(requests, L13_a_name_that_nobody_has_is_not_found)
{
    gather_begin(1);
    gather_do(ask_by_name);
    kit_settle(&kit);
    cr_assert_eq(gathered.ends[1], WTL_NOT_FOUND);
    cr_assert_eq(gathered.dones, 1);
    gather_end();
}

/* ---- the actor ends ---------------------------------------------------------------------------
 */

static void ask_and_end(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    gather(x, 0, cmd->number % 2 == 0);
    gather_from(x, REPLIES);
    gather_from(x, LATER);
    gather_from(x, NEVER);
}

Test(requests, L13_a_collection_ends_with_its_actor)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        gather_begin(seed);
        kit_do(&kit, &asker, (struct kit_cmd){.fn = ask_and_end, .number = seed});
        kit_settle(&kit);
        kit_exit(&kit, &callees[REFUSES], asker.pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
        kit_settle(&kit);
        cr_assert_not(kit_lives(&kit, asker.pid));
        cr_assert_eq(gathered.dones, 0);
        gather_end();
    }
}

static void ask_until_refused(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    enum wtl_status status = WTL_OK;
    uint64_t asked = 0;
    (void)p;
    (void)cmd;
    gather(x, 0, true);
    while (status == WTL_OK) {
        status = wtl_requests_call(x, gathered.requests, asked++, callees[NEVER].pid,
                                   WTL_TAG("ask"), NULL);
    }
    cr_assert_eq(status, WTL_NO_MEMORY);
    cr_assert_lt(asked, WTL_REQUESTS_MAX);
}

Test(requests, L10_a_collection_is_memory_of_its_actor)
{
    static struct wtl_actor capped;
    capped = kit_type;
    capped.memory_max = 20000;
    gather_begin(1);
    callees[NEVER].silent = true;
    struct wtl_pid before = asker.pid;
    asker = (struct kit_puppet){0};
    kit_exit(&kit, &callees[REPLIES], before, WTL_REASON(WTL_EXIT_KILL, "kill"));
    kit_spawn(&kit, &asker, &capped);
    kit_monitor(&kit, &callees[REPLIES], asker.pid);
    kit_settle(&kit);
    gather_do(ask_until_refused);
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&callees[REPLIES], KIT_DOWN)->reason, "killed:memory_max"));
    gather_end();
}
