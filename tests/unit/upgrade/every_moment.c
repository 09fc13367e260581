/*
 * every_moment.c - upgrades forth and back, some of which fail, at any moment of actors that get
 * mail, call, are held, have timers, crash, are killed, and are restarted by their supervisor.
 */
#include <wattle/supervisor.h>

#include "actor/supervisor.h"
#include "line.h"

#define CLERKS 6u
#define SEEDS  400u
#define TURNS  600u

static struct line line;
static struct kit_puppet slow;
static struct wtl__prng prng;
static uint32_t begun;

static uint32_t below(uint32_t bound)
{
    return (uint32_t)wtl__prng_below(&prng, bound);
}

/* Answers at once, later, or never; who asks is told then by the deadline. */
static enum wtl_status slow_message(struct wtl_ctx *x, struct kit_puppet *p,
                                    const struct wtl_msg *m)
{
    (void)p;
    if (m->request != 0 && below(4) > 0) {
        wtl_reply(x, m, NULL);
    }
    return WTL_OK;
}

static void supervise(void)
{
    struct line_settings settings[CLERKS];
    struct wtl_child children[CLERKS];
    static const char *const ids[CLERKS] = {"a", "b", "c", "d", "e", "f"};
    for (uint32_t i = 0; i < CLERKS; i++) {
        settings[i] = (struct line_settings){.line = &line, .number = i};
        children[i] = (struct wtl_child){.id = ids[i], .type = &line_v1, .settings = &settings[i]};
    }
    struct wtl_tree tree = {.children = children,
                            .children_count = CLERKS,
                            .intensity = 60000,
                            .strategy = below(2) == 0 ? WTL_ONE_FOR_ONE : WTL_REST_FOR_ONE};
    (void)wtl__supervise_in(&line.kit.step.runtime, NULL, &tree, NULL);
}

static void upgrade(void)
{
    bool forth = line.current == 1;
    line.bad_clerk = below(3) == 0 ? below(CLERKS) + 1 : 0;
    line.save_returns = below(2) == 0 ? WTL_INVALID : WTL_OK;
    line.upgrade_returns = below(2) == 0 ? WTL_FULL : WTL_OK;
    line.save_tells = below(4) == 0;
    line_begin(&line, forth ? &line_v1 : &line_v2, forth ? &line_v2 : &line_v1);
    begun++;
}

static void something(void)
{
    static const char *const orders[] = {"call", "hold",    "every", "keep",
                                         "link", "monitor", "trap",  "crash"};
    uint32_t clerk = below(CLERKS);
    switch (below(12)) {
    case 0:
        if (line.done == begun) {
            upgrade();
        }
        break;
    case 1:
        line_order(&line, clerk, orders[below((uint32_t)WTL_COUNT(orders))], slow.pid);
        break;
    case 2:
        if (below(6) == 0) {
            kit_exit(&line.kit, &slow, line.seen[clerk].pid,
                     below(2) == 0 ? WTL_REASON(WTL_EXIT_KILL, "kill")
                                   : WTL_REASON(WTL_EXIT_ERROR, "boom"));
        }
        break;
    case 3:
        kit_advance(&line.kit, below(15));
        break;
    default:
        line_send(&line, below(LINE_SENDERS), clerk);
        break;
    }
}

/* A clerk that was restarted has missed what its former self had got; the order is still checked
 * from there on, by line.c. */
static void check_end(void)
{
    const struct wtl_actor *now = line.current == 1 ? &line_v1 : &line_v2;
    for (uint32_t i = 0; i < CLERKS; i++) {
        if (!kit_lives(&line.kit, line.seen[i].pid)) {
            continue;
        }
        const struct wtl__cell *cell = kit_cell(&line.kit, line.seen[i].pid);
        cr_assert_eq(cell->type, now, "clerk %u runs another version than the others", i);
        cr_assert_eq(cell->flags & (WTL__CELL_UPGRADING | WTL__CELL_ERRAND), 0);
        cr_assert_eq(cell->state_now, WTL__CELL_LIVE);
    }
}

Test(upgrade, L19_X096_every_moment, .timeout = 120)
{
    uint32_t went_over = 0;
    uint32_t returned = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wtl__prng_init(&prng, seed);
        line_init(&line, seed);
        begun = 0;
        slow.message = slow_message;
        slow.silent = true;
        (void)kit_spawn(&line.kit, &slow, NULL);
        kit_trap(&line.kit, &slow, true);
        supervise();
        kit_settle(&line.kit);
        for (uint32_t i = 0; i < TURNS; i++) {
            something();
            for (uint32_t j = below(4); j > 0; j--) {
                (void)wtl__step_one(&line.kit.step);
            }
            slow.count = 0;
        }
        slow.message = NULL;
        kit_advance(&line.kit, 2 * WTL__UPGRADE_MS);
        cr_assert_eq(line.done, begun, "seed %u", (unsigned)seed);
        check_end();
        went_over += line.current == 2;
        returned += line.status != WTL_OK;
        line_deinit(&line);
    }
    cr_assert_gt(went_over, SEEDS / 10);
    cr_assert_gt(returned, SEEDS / 20);
}
