/*
 * unlink.c - link and unlink from both sides at once, over thousands of schedules. After wtl_unlink
 * no exit signal of that link is seen, and when all is quiet both ends agree.
 */
#include "kit.h"

enum { SCHEDULES = 7500, PAIRS = 4, ACTIONS = 8 };

static struct kit kit;
static struct kit_puppet left[PAIRS];
static struct kit_puppet right[PAIRS];
static struct wtl__prng prng;

/* What one end has done, by the clock of all actions. */
struct end {
    const struct end *peer;
    uint64_t linked;
    uint64_t unlinked;
};

static struct end left_ends[PAIRS];
static struct end right_ends[PAIRS];
static uint64_t actions;

/* An exit signal is that of a link which was made, from either end, after the last unlink here. */
static enum wtl_status must_be_linked(struct wtl_ctx *x, struct kit_puppet *p,
                                      const struct wtl_exit *exit)
{
    const struct end *end = p->user;
    (void)x;
    (void)exit;
    cr_assert(end->linked > end->unlinked || end->peer->linked > end->unlinked,
              "an exit signal after unlink");
    return WTL_OK;
}

static void link_or_unlink(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct end *end = p->user;
    if (cmd->number == 0) {
        wtl_link(x, cmd->pid);
        end->linked = ++actions;
    } else {
        wtl_unlink(x, cmd->pid);
        end->unlinked = ++actions;
    }
}

static void begin(uint64_t seed)
{
    kit_init(&kit, seed);
    wtl__prng_init(&prng, seed);
    for (int i = 0; i < PAIRS; i++) {
        left_ends[i] = (struct end){.peer = &right_ends[i]};
        right_ends[i] = (struct end){.peer = &left_ends[i]};
        left[i] = (struct kit_puppet){.exited = must_be_linked, .user = &left_ends[i]};
        right[i] = (struct kit_puppet){.exited = must_be_linked, .user = &right_ends[i]};
        kit_spawn(&kit, &left[i], NULL);
        kit_spawn(&kit, &right[i], NULL);
        kit_trap(&kit, &left[i], true);
        kit_trap(&kit, &right[i], true);
    }
    kit_settle(&kit);
}

static void act(struct kit_puppet *p, struct wtl_pid peer)
{
    kit_do(
        &kit, p,
        (struct kit_cmd){.fn = link_or_unlink, .pid = peer, .number = wtl__prng_below(&prng, 2)});
    for (uint64_t steps = wtl__prng_below(&prng, 4); steps > 0; steps--) {
        (void)wtl__step_one(&kit.step);
    }
}

static void shuffle(void)
{
    for (int i = 0; i < PAIRS * ACTIONS; i++) {
        uint64_t pair = wtl__prng_below(&prng, PAIRS);
        bool other = wtl__prng_below(&prng, 2) == 1;
        act(other ? &right[pair] : &left[pair], other ? left[pair].pid : right[pair].pid);
    }
}

static bool has_tie(struct kit_puppet *p, struct wtl_pid peer)
{
    return wtl__ties_find(&kit_cell(&kit, p->pid)->ties, WTL__TIE_LINK, peer, 0) != NULL;
}

Test(signals, L04_both_ends_agree_when_all_is_quiet)
{
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        begin(seed);
        shuffle();
        kit_settle(&kit);
        for (int i = 0; i < PAIRS; i++) {
            bool a = kit_linked(&kit, left[i].pid, right[i].pid);
            bool b = kit_linked(&kit, right[i].pid, left[i].pid);
            cr_assert_eq(a, b, "seed %lu: one end is linked, the other is not",
                         (unsigned long)seed);
            cr_assert_eq(has_tie(&left[i], right[i].pid), a, "an unlink was never answered");
            cr_assert_eq(has_tie(&right[i], left[i].pid), b, "an unlink was never answered");
        }
        kit_deinit(&kit);
    }
}

Test(signals, L04_no_exit_comes_after_unlink)
{
    for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
        begin(seed);
        shuffle();
        for (int i = 0; i < PAIRS; i++) { /* one side ends in the middle of it all */
            kit_stop(&kit, seed % 2 == 0 ? &left[i] : &right[i],
                     WTL_REASON(WTL_EXIT_ERROR, "crash"));
        }
        kit_settle(&kit);
        for (int i = 0; i < PAIRS; i++) {
            struct kit_puppet *alive = seed % 2 == 0 ? &right[i] : &left[i];
            struct kit_puppet *dead = seed % 2 == 0 ? &left[i] : &right[i];
            cr_assert_not(has_tie(alive, dead->pid));
        }
        kit_deinit(&kit);
    }
}

/* The peer's exit waits in the mailbox already. */
Test(signals, L04_unlink_takes_back_an_exit_that_waits)
{
    begin(1);
    kit_link(&kit, &left[0], right[0].pid);
    kit_settle(&kit);
    struct wtl__cell *cell = kit_cell(&kit, left[0].pid);
    cell->flags |= WTL__CELL_SUSPENDED; /* signals act, messages wait */
    kit_do(&kit, &left[0],
           (struct kit_cmd){.fn = link_or_unlink, .pid = right[0].pid, .number = 1});
    kit_stop(&kit, &right[0], WTL_REASON(WTL_EXIT_ERROR, "crash"));
    kit_settle(&kit);
    cr_assert_eq(kit_count(&left[0], KIT_EXITED), 0);
    cell->flags &= ~WTL__CELL_SUSPENDED;
    kit_tell(&kit, &left[0], left[0].pid, 1);
    kit_settle(&kit);
    cr_assert_eq(left[0].got, 1);
    cr_assert_eq(kit_count(&left[0], KIT_EXITED), 0);
    kit_deinit(&kit);
}
