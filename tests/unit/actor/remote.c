/*
 * remote.c - two nodes in one test, and a wire between them that takes its time: signals of both
 * ends cross, as they cannot on one node, where what was sent is there at once.
 */
#include "kit.h"

#include <stdlib.h>

#include "base/pool.h"

enum { SCHEDULES = 3000, PAIRS = 3, ACTIONS = 10 };

/* ---- the wire ------------------------------------------------------------------------------- */

struct crate {
    struct wtl__fifo_link link;
    struct wtl_pid to;
    struct wtl__envelope *envelope;
};

static struct kit nodes[2];
static struct wtl__fifo wire[2]; /* by the node that it leads to */
static uint64_t used_bytes;
static struct wtl__prng prng;

static enum wtl_status port_send(void *port, struct wtl__ctx *x, struct wtl_pid to,
                                 struct wtl__envelope *envelope)
{
    struct crate *crate = malloc(sizeof *crate);
    (void)port;
    (void)x;
    cr_assert_not_null(crate);
    *crate = (struct crate){.to = to, .envelope = envelope};
    wtl__fifo_push(&wire[to.node - 1], &crate->link);
    return WTL_OK;
}

static const struct wtl__port_ops port = {.send = port_send};

static struct crate *take_crate(int node)
{
    struct wtl__fifo_link *link = wtl__fifo_take(&wire[node]);
    return link != NULL ? WTL_CONTAINER(link, struct crate, link) : NULL;
}

static bool arrive(int node)
{
    struct crate *crate = take_crate(node);
    if (crate != NULL) {
        (void)wtl__deliver(&nodes[node].step.runtime, NULL, crate->to, crate->envelope);
        free(crate);
    }
    return crate != NULL;
}

/* The connection is lost, with all that was on its way; each node is told. */
static void cut(void)
{
    for (int node = 0; node < 2; node++) {
        for (struct crate *crate = take_crate(node); crate != NULL; crate = take_crate(node)) {
            wtl__envelope_free(crate->envelope);
            free(crate);
        }
        wtl__node_down(&nodes[node].step.runtime, 2 - (uint64_t)node);
    }
}

static void begin(uint64_t seed)
{
    used_bytes = wtl__pool_stats().used_bytes;
    wtl__prng_init(&prng, seed);
    for (int node = 0; node < 2; node++) {
        cr_assert_eq(wtl__step_init(&nodes[node].step, (uint64_t)node + 1, seed + (uint64_t)node),
                     WTL_OK);
        nodes[node].step.runtime.port = &port;
    }
}

/* Everything runs and arrives until nothing is left to. */
static void settle(void)
{
    do {
        kit_settle(&nodes[0]);
        kit_settle(&nodes[1]);
    } while (arrive(0) || arrive(1));
}

static void end(void)
{
    settle();
    cut(); /* nobody waits for the other node while both end */
    for (int node = 0; node < 2; node++) {
        kit_settle(&nodes[node]);
        nodes[node].step.runtime.port = NULL;
        wtl__step_deinit(&nodes[node].step);
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, used_bytes);
}

/* ---- link and unlink ------------------------------------------------------------------------- */

/* One end of a pair, and what it has done, by the clock of all actions. */
struct end {
    struct kit_puppet puppet;
    struct end *peer;
    uint64_t linked;
    uint64_t unlinked;
};

static struct end ends[2][PAIRS];
static uint64_t actions;

static enum wtl_status must_be_linked(struct wtl_ctx *x, struct kit_puppet *p,
                                      const struct wtl_exit *exit)
{
    const struct end *own = p->user;
    (void)x;
    (void)exit;
    cr_assert(own->linked > own->unlinked || own->peer->linked > own->unlinked,
              "an exit signal after unlink");
    return WTL_OK;
}

static void link_or_unlink(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct end *own = p->user;
    if (cmd->number == 0) {
        wtl_link(x, cmd->pid);
        own->linked = ++actions;
        return;
    }
    /* an unlink of what is not linked here does nothing; a link may be on its way already */
    const struct wtl__envelope *tie =
        wtl__ties_find(&wtl__ctx_of(x)->cell->ties, WTL__TIE_LINK, cmd->pid, 0);
    if (tie != NULL && tie->msg.request == 0) {
        own->unlinked = ++actions;
    }
    wtl_unlink(x, cmd->pid);
}

static void begin_pairs(uint64_t seed)
{
    begin(seed);
    for (int node = 0; node < 2; node++) {
        for (int i = 0; i < PAIRS; i++) {
            struct end *own = &ends[node][i];
            *own = (struct end){.peer = &ends[1 - node][i]};
            own->puppet = (struct kit_puppet){.exited = must_be_linked, .user = own};
            kit_spawn(&nodes[node], &own->puppet, NULL);
            kit_trap(&nodes[node], &own->puppet, true);
        }
    }
    settle();
}

static void shuffle(void)
{
    for (int i = 0; i < PAIRS * ACTIONS; i++) {
        int node = (int)wtl__prng_below(&prng, 2);
        struct end *own = &ends[node][wtl__prng_below(&prng, PAIRS)];
        kit_do(&nodes[node], &own->puppet,
               (struct kit_cmd){.fn = link_or_unlink,
                                .pid = own->peer->puppet.pid,
                                .number = wtl__prng_below(&prng, 2)});
        for (uint64_t n = wtl__prng_below(&prng, 6); n > 0; n--) {
            int some = (int)wtl__prng_below(&prng, 2);
            if (wtl__prng_below(&prng, 3) == 0) {
                (void)arrive(some);
            } else {
                (void)wtl__step_one(&nodes[some].step);
            }
        }
    }
}

static bool has_tie(int node, int i)
{
    const struct end *own = &ends[node][i];
    return wtl__ties_find(&kit_cell(&nodes[node], own->puppet.pid)->ties, WTL__TIE_LINK,
                          own->peer->puppet.pid, 0) != NULL;
}

Test(signals, L04_both_ends_agree_also_when_their_signals_cross)
{
    uint32_t linked = 0;
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        begin_pairs(seed);
        shuffle();
        settle();
        for (int i = 0; i < PAIRS; i++) {
            bool a = kit_linked(&nodes[0], ends[0][i].puppet.pid, ends[1][i].puppet.pid);
            bool b = kit_linked(&nodes[1], ends[1][i].puppet.pid, ends[0][i].puppet.pid);
            cr_assert_eq(a, b, "seed %lu: one end is linked, the other is not",
                         (unsigned long)seed);
            cr_assert_eq(has_tie(0, i), a, "an unlink was never answered");
            cr_assert_eq(has_tie(1, i), b, "an unlink was never answered");
            linked += a;
        }
        end();
    }
    cr_assert_gt(linked, SCHEDULES / 10);
}

Test(signals, L04_no_exit_comes_after_unlink_also_when_they_cross)
{
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        begin_pairs(seed);
        shuffle();
        int dies = (int)(seed % 2);
        for (int i = 0; i < PAIRS; i++) {
            kit_stop(&nodes[dies], &ends[dies][i].puppet, WTL_REASON(WTL_EXIT_ERROR, "crash"));
        }
        settle();
        for (int i = 0; i < PAIRS; i++) {
            cr_assert_not(kit_lives(&nodes[dies], ends[dies][i].puppet.pid));
            cr_assert_not(has_tie(1 - dies, i));
        }
        end();
    }
}

/* ---- everything else that crosses the wire ------------------------------------------------------
 */

static struct kit_puppet here;
static struct kit_puppet there;

static enum wtl_status in_order(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    cr_assert_eq(kit_number(m), p->last + 1);
    cr_assert_eq(kit_count(p, KIT_DOWN) + kit_count(p, KIT_EXITED), 0);
    p->last++;
    return WTL_OK;
}

static void begin_two(uint64_t seed)
{
    here = (struct kit_puppet){0};
    there = (struct kit_puppet){0};
    begin(seed);
    kit_spawn(&nodes[0], &here, NULL);
    kit_spawn(&nodes[1], &there, NULL);
    kit_trap(&nodes[0], &here, true);
    kit_trap(&nodes[1], &there, true);
    settle();
}

static void ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_call(x, cmd->pid, WTL_TAG("ask"), NULL, KIT_CALL(p, .deadline_ms = WTL_CALL_FOREVER));
}

static void tie_all(void)
{
    kit_link(&nodes[0], &here, there.pid);
    kit_monitor(&nodes[0], &here, there.pid);
    kit_do(&nodes[0], &here, (struct kit_cmd){.fn = ask, .pid = there.pid});
    settle();
}

Test(signals, L01_messages_then_exit_and_down_from_another_node)
{
    begin_two(1);
    here.silent = true;
    here.message = in_order;
    kit_link(&nodes[0], &here, there.pid);
    kit_monitor(&nodes[0], &here, there.pid);
    settle();
    for (uint64_t i = 1; i <= 500; i++) {
        kit_tell(&nodes[1], &there, here.pid, i);
    }
    kit_stop(&nodes[1], &there, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    settle();
    cr_assert_eq(here.last, 500);
    cr_assert(kit_reason_is(kit_only(&here, KIT_EXITED)->reason, "error:crash"));
    cr_assert(kit_reason_is(kit_only(&here, KIT_DOWN)->reason, "error:crash"));
    end();
}

Test(signals, L06_a_lost_connection_ends_each_tie_once_and_the_peer_lives)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        begin_two(seed);
        tie_all();
        kit_monitor(&nodes[1], &there, here.pid);
        if (seed % 2 == 0) {
            settle();
        } else {
            kit_settle(&nodes[1]); /* the other node never hears of the monitor */
        }
        cut();
        settle();
        cut(); /* once is enough */
        settle();
        cr_assert(kit_lives(&nodes[1], there.pid));
        cr_assert(kit_reason_is(kit_only(&here, KIT_EXITED)->reason, "noconnection"));
        cr_assert(kit_reason_is(kit_only(&here, KIT_DOWN)->reason, "noconnection"));
        cr_assert_eq(kit_only(&here, KIT_ANSWER)->status, WTL_NO_CONNECTION);
        cr_assert(kit_reason_is(kit_only(&there, KIT_DOWN)->reason, "noconnection"));
        cr_assert(kit_reason_is(kit_only(&there, KIT_EXITED)->reason, "noconnection"));
        cr_assert_eq(kit_cell(&nodes[0], here.pid)->ties.count, 0);
        cr_assert_eq(kit_count(&there, KIT_STOPPED), 0);
        end();
    }
}

Test(signals, L06_a_link_to_a_lost_node_ends_who_does_not_trap)
{
    begin_two(1);
    tie_all();
    kit_trap(&nodes[1], &there, false);
    settle();
    cut();
    settle();
    cr_assert(kit_lives(&nodes[0], here.pid));
    cr_assert_not(kit_lives(&nodes[1], there.pid));
    cr_assert(kit_reason_is(kit_only(&there, KIT_STOPPED)->reason, "noconnection"));
    end();
}

/* The unlink is on its way when the connection is lost. */
Test(signals, L06_no_exit_comes_of_a_link_that_was_taken_away_before_the_cut)
{
    begin_two(1);
    kit_link(&nodes[0], &here, there.pid);
    settle();
    kit_unlink(&nodes[0], &here, there.pid);
    kit_settle(&nodes[0]);
    cut();
    settle();
    cr_assert_eq(kit_count(&here, KIT_EXITED), 0);
    cr_assert_eq(kit_cell(&nodes[0], here.pid)->ties.count, 0);
    cr_assert(kit_reason_is(kit_only(&there, KIT_EXITED)->reason, "noconnection"));
    end();
}
