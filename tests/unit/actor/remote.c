/*
 * remote.c - links and monitors between two nodes: signals of both ends cross, as they cannot on
 * one node, where what was sent is there at once.
 */
#include "wire.h"

enum { SCHEDULES = 7500, PAIRS = 3, ACTIONS = 10 };

static struct wtl__prng prng;

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
    wire_begin(seed);
    for (int node = 0; node < 2; node++) {
        for (int i = 0; i < PAIRS; i++) {
            struct end *own = &ends[node][i];
            *own = (struct end){.peer = &ends[1 - node][i]};
            own->puppet = (struct kit_puppet){.exited = must_be_linked, .user = own};
            kit_spawn(&wire_nodes[node], &own->puppet, NULL);
            kit_trap(&wire_nodes[node], &own->puppet, true);
        }
    }
    wire_settle();
}

static void shuffle(uint64_t seed)
{
    wtl__prng_init(&prng, seed);
    for (int i = 0; i < PAIRS * ACTIONS; i++) {
        int node = (int)wtl__prng_below(&prng, 2);
        struct end *own = &ends[node][wtl__prng_below(&prng, PAIRS)];
        kit_do(&wire_nodes[node], &own->puppet,
               (struct kit_cmd){.fn = link_or_unlink,
                                .pid = own->peer->puppet.pid,
                                .number = wtl__prng_below(&prng, 2)});
        for (uint64_t n = wtl__prng_below(&prng, 6); n > 0; n--) {
            int some = (int)wtl__prng_below(&prng, 2);
            if (wtl__prng_below(&prng, 3) == 0) {
                (void)wire_arrive(some);
            } else {
                (void)wtl__step_one(&wire_nodes[some].step);
            }
        }
    }
}

static bool has_tie(int node, int i)
{
    const struct end *own = &ends[node][i];
    return wtl__ties_find(&kit_cell(&wire_nodes[node], own->puppet.pid)->ties, WTL__TIE_LINK,
                          own->peer->puppet.pid, 0) != NULL;
}

Test(signals, L04_both_ends_agree_also_when_their_signals_cross)
{
    uint32_t linked = 0;
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        begin_pairs(seed);
        shuffle(seed);
        wire_settle();
        for (int i = 0; i < PAIRS; i++) {
            bool a = kit_linked(&wire_nodes[0], ends[0][i].puppet.pid, ends[1][i].puppet.pid);
            bool b = kit_linked(&wire_nodes[1], ends[1][i].puppet.pid, ends[0][i].puppet.pid);
            cr_assert_eq(a, b, "seed %lu: one end is linked, the other is not",
                         (unsigned long)seed);
            cr_assert_eq(has_tie(0, i), a, "an unlink was never answered");
            cr_assert_eq(has_tie(1, i), b, "an unlink was never answered");
            linked += a;
        }
        wire_end();
    }
    cr_assert_gt(linked, SCHEDULES / 10);
}

Test(signals, L04_no_exit_comes_after_unlink_also_when_they_cross)
{
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        begin_pairs(seed);
        shuffle(seed);
        int dies = (int)(seed % 2);
        for (int i = 0; i < PAIRS; i++) {
            kit_stop(&wire_nodes[dies], &ends[dies][i].puppet, WTL_REASON(WTL_EXIT_ERROR, "crash"));
        }
        wire_settle();
        for (int i = 0; i < PAIRS; i++) {
            cr_assert_not(kit_lives(&wire_nodes[dies], ends[dies][i].puppet.pid));
            cr_assert_not(has_tie(1 - dies, i));
        }
        wire_end();
    }
}
