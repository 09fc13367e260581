/*
 * review_ends.c - actors that end, wait or are woken at an awkward moment.
 */
#include "kit.h"

#include "sched/worker.h"

static struct kit kit;
static struct kit_puppet actor;
static struct kit_puppet peer;
static enum wtl_status sent;

#define CRASH WTL_REASON(WTL_EXIT_ERROR, "crash")

static void begin(void)
{
    actor = (struct kit_puppet){0};
    peer = (struct kit_puppet){0};
    kit_init(&kit, 1);
}

static void both(void)
{
    begin();
    kit_spawn(&kit, &actor, NULL);
    kit_spawn(&kit, &peer, NULL);
    kit_settle(&kit);
}

/* ---- what is under way when an actor ends ---------------------------------------------------- */

/* An answer is told from a pending request by no bits that a generation could have. */
static void end_with_an_answer_under_way(void)
{
    kit_spawn(&kit, &actor, NULL);
    kit_settle(&kit);
    struct wtl__cell *cell = kit_cell(&kit, actor.pid);
    cell->flags |= WTL__CELL_ENDING | WTL__CELL_BRUTAL;
    struct wtl__envelope *answer = wtl__envelope_new(WTL__ANSWER);
    cr_assert_not_null(answer);
    answer->msg.runtime_ = (uint16_t)cell->generation;
    cell->state_now = WTL__CELL_LIVE;
    /* it comes between the last look at the inbox and its end */
    kit.step.x.cell = cell;
    uint32_t before;
    cr_assert_eq(wtl__inbox_push(&cell->inbox, answer, 0, 1, &before), WTL__WOKE);
    wtl__cell_end(&kit.step.x, cell);
}

Test(review_ends, an_answer_for_each_generation)
{
    begin();
    uint64_t generation = 0;
    /* a cell comes back after some 600 spawns: the queues of free cells are long */
    for (unsigned i = 0; i < 12000 && generation < 12; i++) {
        end_with_an_answer_under_way();
        generation = actor.pid.local >> WTL_PID_SLOT_BITS;
    }
    cr_assert_geq(generation, 12);
    kit_deinit(&kit);
}

/* ---- unlink ---------------------------------------------------------------------------------- */

static void do_unlink_late(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_unlink(x, cmd->pid);
}

/* What wtl_exit has sent is no exit signal of a link. */
Test(review_ends, unlink_leaves_what_exit_has_sent)
{
    both();
    kit_trap(&kit, &actor, true);
    kit_settle(&kit);
    struct wtl__cell *cell = kit_cell(&kit, actor.pid);
    cell->flags |= WTL__CELL_SUSPENDED;
    kit_do(&kit, &actor, (struct kit_cmd){.fn = do_unlink_late, .pid = peer.pid});
    kit_settle(&kit);
    kit_exit(&kit, &peer, actor.pid, CRASH);
    kit_settle(&kit);
    cell->flags &= ~WTL__CELL_SUSPENDED;
    kit_do(&kit, &actor, (struct kit_cmd){.fn = do_unlink_late, .pid = peer.pid});
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&actor, KIT_EXITED)->reason, "error:crash"));
    kit_deinit(&kit);
}

/* ---- hold -------------------------------------------------------------------------------------
 */

static void do_hold_and_continue(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    wtl_whereis(x, "nobody", KIT_CALL(p, .hold = true));
    wtl_continue(x, WTL_TAG("next"), NULL);
}

Test(review_ends, what_is_held_for_comes_before_a_continue)
{
    begin();
    kit_spawn(&kit, &actor, NULL);
    kit_do(&kit, &actor, (struct kit_cmd){.fn = do_hold_and_continue});
    kit_settle(&kit);
    cr_assert_eq(kit_only(&actor, KIT_ANSWER)->status, WTL_NOT_FOUND, "it waits for ever");
    cr_assert(wtl_tag_equal(kit_only(&actor, KIT_MESSAGE)->tag, WTL_TAG("next")));
    cr_assert_eq(actor.events[0].what, KIT_ANSWER);
    kit_deinit(&kit);
}

/* ---- bounds -----------------------------------------------------------------------------------
 */

static void do_tell_too_much(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static const uint8_t chunk[1u << 20];
    struct wtl_writer body;
    (void)p;
    if (cmd->number == 0) {
        cr_assert(!wtl_message_open(x, &body, WTL_BODY_MAX + 1u));
    } else {
        cr_assert(wtl_message_open(x, &body, 64));
        for (unsigned i = 0; i < 17; i++) {
            wtl_put_bin(&body, chunk, sizeof chunk);
        }
    }
    sent = wtl_try_tell(x, cmd->pid, WTL_TAG("much"), &body);
}

Test(review_ends, what_is_too_large_is_called_so)
{
    both();
    for (uint64_t grown = 0; grown < 2; grown++) {
        kit_do(&kit, &actor,
               (struct kit_cmd){.fn = do_tell_too_much, .pid = peer.pid, .number = grown});
        kit_settle(&kit);
        cr_assert_eq(sent, WTL_TOO_LARGE, "%s", wtl_status_word(sent));
    }
    cr_assert_eq(peer.got, 0);
    kit_deinit(&kit);
}

/* ---- parking ----------------------------------------------------------------------------------
 */

static struct wtl__sched sched;
static struct wtl__worker worker;

static void one_worker(void)
{
    memset(&sched, 0, sizeof sched);
    cr_assert_eq(wtl__runtime_init(&sched.runtime, 7, 0), WTL_OK);
    sched.runtime.host = &wtl__worker_ops;
    sched.runtime.host_self = &sched;
    sched.workers_count = 1;
    sched.workers = &worker;
    wtl__inject_init(&sched.inject);
    cr_assert_eq(wtl__worker_init(&worker, &sched, 0, 1), WTL_OK);
}

static void no_worker(void)
{
    wtl__worker_deinit(&worker);
    wtl__runtime_deinit(&sched.runtime);
}

/* The look at clock and loop, between the search for work and the sleep, may find some. */
Test(review_ends, a_worker_does_not_sleep_on_its_next_slot, .timeout = 20)
{
    static struct wtl__cell cell;
    one_worker();
    atomic_store(&cell.worker, -1);
    wtl__worker_ops.ready(&sched.runtime, &worker.x, &cell);
    wtl__worker_park(&worker); /* hangs when it sleeps */
    cr_assert_eq(wtl__worker_find(&worker), &cell);
    no_worker();
}

Test(review_ends, a_worker_does_not_sleep_over_a_deadline, .timeout = 20)
{
    one_worker();
    atomic_store(&worker.wheel_next_ms, 1);
    wtl__worker_park(&worker);
    cr_assert_eq(atomic_load(&worker.wheel_next_ms), WTL__WHEEL_NEVER);
    no_worker();
}
