/*
 * calls_named.c - calls by name that nobody waits for any more: given up, over their deadline, or
 * of a caller that has ended, before or after it is known who holds the name. Nobody owes them.
 */
#include "wire.h"

enum { SEEDS = 40 };

static struct kit_puppet here;
static struct kit_puppet there;
static struct kit_puppet near; /* on the node of `here` */
static uint64_t request;

static void begin_three(uint64_t seed)
{
    here = (struct kit_puppet){0};
    there = (struct kit_puppet){0};
    near = (struct kit_puppet){0};
    wire_begin(seed);
    kit_spawn(&wire_nodes[0], &here, NULL);
    kit_spawn(&wire_nodes[0], &near, NULL);
    kit_spawn(&wire_nodes[1], &there, NULL);
    wire_settle();
}

static void call_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    request = wtl_call_name(x, "it", WTL_TAG("ask"), NULL,
                            KIT_CALL(p, .deadline_ms = (uint32_t)cmd->number));
}

static void give_up(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    cr_assert(wtl_call_cancel(x, request));
}

/* `late`: who holds the name is not known when it is asked for. */
static void call_it(struct wtl_pid holder, bool late, uint32_t deadline_ms)
{
    wire_names[0] = (struct wire_name){.name = "it", .holder = late ? WTL_PID_NONE : holder};
    kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = call_name, .number = deadline_ms});
    kit_settle(&wire_nodes[0]);
    wire_names[0].holder = holder;
}

static void nobody_owes(const struct kit_puppet *holder)
{
    wire_resolve();
    wire_settle();
    cr_assert_eq(kit_cell(&wire_nodes[holder == &there], holder->pid)->ties.count, 0,
                 "the call is owed for ever");
    cr_assert_eq(kit_count(&here, KIT_ANSWER), 0);
    wire_end();
}

Test(calls, L13_a_call_by_name_that_is_given_up)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin_three(seed);
        const struct kit_puppet *holder = seed % 4 < 2 ? &there : &near;
        call_it(holder->pid, seed % 2 == 0, WTL_CALL_FOREVER);
        kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = give_up});
        kit_settle(&wire_nodes[0]);
        nobody_owes(holder);
    }
}

Test(calls, L13_a_call_by_name_of_a_caller_that_has_ended)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin_three(seed);
        const struct kit_puppet *holder = seed % 4 < 2 ? &there : &near;
        call_it(holder->pid, seed % 2 == 0, WTL_CALL_FOREVER);
        kit_stop(&wire_nodes[0], &here, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        if (seed % 8 < 4) { /* otherwise it hears who it is just when it ends */
            kit_settle(&wire_nodes[0]);
        }
        nobody_owes(holder);
    }
}

/* It is not even sent. */
Test(calls, L13_a_name_that_is_found_too_late)
{
    begin_three(1);
    call_it(there.pid, true, WTL_CALL_FOREVER);
    kit_stop(&wire_nodes[0], &here, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&wire_nodes[0]);
    wire_resolve();
    wire_settle();
    cr_assert_eq(there.got, 0);
    cr_assert_eq(kit_counter(&wire_nodes[0], WTL__COUNT_EXPIRED), 1);
    wire_end();
}

Test(calls, L13_a_call_by_name_over_its_deadline)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin_three(seed);
        const struct kit_puppet *holder = seed % 2 == 0 ? &there : &near;
        call_it(holder->pid, false, 10);
        wire_settle();
        cr_assert_eq(kit_cell(&wire_nodes[holder == &there], holder->pid)->ties.count, 1);
        kit_advance(&wire_nodes[0], 10);
        cr_assert_eq(kit_only(&here, KIT_ANSWER)->status, WTL_TIMEOUT);
        here.count = 0;
        nobody_owes(holder);
    }
}
