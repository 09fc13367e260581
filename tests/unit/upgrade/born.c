/* born.c - actors that begin, or end, while an upgrade goes on, and those that begin afterwards. */
#include <wattle/supervisor.h>

#include "actor/supervisor.h"
#include "line.h"

static struct line line;

/* One that is spawned while others are held waits before its init, and begins as what was decided.
 */
static void born_meanwhile(bool fails)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        line_init(&line, seed);
        (void)line_clerk(&line, 0, &line_v1);
        kit_settle(&line.kit);
        line.bad_clerk = fails ? 1 : 0;
        line.upgrade_returns = WTL_INVALID;
        line_begin(&line, &line_v1, &line_v2);
        for (uint32_t i = 1; i < 8; i++) {
            (void)line_clerk(&line, i, &line_v1);
            line_send(&line, 0, i);
            for (uint64_t j = 0; j < seed % 4; j++) {
                (void)wtl__step_one(&line.kit.step);
            }
        }
        kit_settle(&line.kit);
        cr_assert_eq(line.done, 1);
        cr_assert_eq(line.status, fails ? WTL_INVALID : WTL_OK, "%s", line.text);
        for (uint32_t i = 0; i < 8; i++) {
            line_send(&line, 1, i);
        }
        kit_settle(&line.kit);
        for (uint32_t i = 0; i < 8; i++) {
            cr_assert_eq(line.seen[i].version, fails ? 1 : 2);
            cr_assert_eq(line.seen[i].count, line_sent(&line, i));
            cr_assert_eq(line.seen[i].inits, 1);
            cr_assert_eq(line.seen[i].argument, 100 + i);
        }
        line_deinit(&line);
    }
}

Test(upgrade, L19_born_meanwhile)
{
    born_meanwhile(false);
}

Test(upgrade, X096_born_meanwhile_and_it_fails)
{
    born_meanwhile(true);
}

/* Killed while it waits to begin: nothing of it stays. */
Test(upgrade, L19_killed_before_it_begins)
{
    static struct kit_puppet mute;
    line_init(&line, 2);
    (void)kit_spawn(&line.kit, &mute, NULL);
    (void)line_clerk(&line, 0, &line_v1);
    line_order(&line, 0, "unlisted", mute.pid);
    kit_settle(&line.kit);
    line_begin(&line, &line_v1, &line_v2);
    kit_settle(&line.kit);
    (void)line_clerk(&line, 1, &line_v1);
    line_send(&line, 0, 1);
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[1].inits, 0, "it waits");
    cr_assert_eq(kit_cell(&line.kit, line.seen[1].pid)->flags & WTL__CELL_UPGRADING,
                 WTL__CELL_UPGRADING);
    kit_exit(&line.kit, &mute, line.seen[1].pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    kit_settle(&line.kit);
    cr_assert(!kit_lives(&line.kit, line.seen[1].pid));
    kit_advance(&line.kit, WTL__UPGRADE_MS + 1);
    cr_assert_eq(line.status, WTL_TIMEOUT);
    line_deinit(&line);
}

/* Told to stop while it is held: it stops as the version that it is, and gets the messages that its
 * stop function waits for. */
static enum wtl_status stops_later(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    (void)x;
    (void)self;
    (void)reason;
    return WTL_LATER;
}

static enum wtl_status finishes(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "finish")) {
        wtl_done(x, WTL_OK);
    }
    return WTL_OK;
}

static void finish(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_tell(x, cmd->pid, WTL_TAG("finish"), NULL);
}

Test(upgrade, L19_stopped_while_it_is_held)
{
    static struct kit_puppet mute;
    static const struct wtl_actor old = {
        .size = sizeof(struct wtl_actor), .name = "slow", .handle = finishes, .stop = stops_later};
    static const struct wtl_actor new = {
        .size = sizeof(struct wtl_actor), .name = "slow", .handle = finishes};
    line_init(&line, 2);
    (void)kit_spawn(&line.kit, &mute, NULL);
    struct wtl_pid slow = wtl__spawn(&line.kit.step.runtime, NULL, &old, NULL, 0);
    (void)line_clerk(&line, 0, &line_v1);
    line_order(&line, 0, "unlisted", mute.pid);
    kit_settle(&line.kit);
    line_begin_two(&line, &old, &new, &line_v1, &line_v2);
    kit_settle(&line.kit);
    cr_assert_eq(kit_cell(&line.kit, slow)->flags & WTL__CELL_UPGRADING, WTL__CELL_UPGRADING);
    kit_exit(&line.kit, &mute, slow, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    kit_settle(&line.kit);
    cr_assert_eq(kit_cell(&line.kit, slow)->state_now, WTL__CELL_STOPPING);
    kit_do(&line.kit, &mute, (struct kit_cmd){.fn = finish, .pid = slow});
    kit_settle(&line.kit);
    cr_assert(!kit_lives(&line.kit, slow));
    kit_stop(&line.kit, &mute, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_advance(&line.kit, 100);
    cr_assert_eq(line.status, WTL_OK, "%s", line.text);
    line_deinit(&line);
}

/* ---- supervisors ------------------------------------------------------------------------------
 */

static struct wtl_pid supervise(const struct wtl_child *children, uint32_t count,
                                enum wtl_strategy strategy)
{
    struct wtl_tree tree = {.strategy = strategy,
                            .children = children,
                            .children_count = count,
                            .children_max = 100,
                            .intensity = 1000};
    return wtl__supervise_in(&line.kit.step.runtime, NULL, &tree, NULL);
}

Test(upgrade, L19_restarts_run_the_new_version)
{
    line_init(&line, 4);
    struct line_settings settings = {.line = &line, .number = 0};
    struct wtl_child child = {.id = "clerk", .type = &line_v1, .settings = &settings};
    (void)supervise(&child, 1, WTL_ONE_FOR_ONE);
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[0].inits, 1);
    cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_OK, "%s", line.text);
    struct wtl_pid before = line.seen[0].pid;
    line_order(&line, 0, "crash", WTL_PID_NONE);
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[0].inits, 2);
    cr_assert(!wtl_pid_equal(line.seen[0].pid, before));
    cr_assert_eq(line.seen[0].version, 2);
    cr_assert_eq(kit_cell(&line.kit, line.seen[0].pid)->type, &line_v2);
    cr_assert_eq(line_upgrade(&line, &line_v2, &line_v1), WTL_OK, "%s", line.text);
    line_order(&line, 0, "crash", WTL_PID_NONE);
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[0].version, 1);
    line_deinit(&line);
}

/* A pool whose spec is the old version's takes children with settings of the new one's. */
static struct wtl_pid pool;

static void add_child(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct line_settings settings = {.line = &line, .number = (uint32_t)cmd->number};
    struct wtl_child child = {.type = cmd->user, .settings = &settings};
    (void)wtl_supervisor_add(x, pool, &child, KIT_CALL(p));
}

Test(upgrade, L19_pools)
{
    static struct kit_puppet adder;
    line_init(&line, 4);
    struct line_settings settings = {.line = &line, .number = 9};
    struct wtl_child child = {.id = "clerk", .type = &line_v1, .settings = &settings};
    pool = supervise(&child, 1, WTL_SIMPLE_ONE_FOR_ONE);
    (void)kit_spawn(&line.kit, &adder, NULL);
    kit_do(&line.kit, &adder,
           (struct kit_cmd){.fn = add_child, .number = 0, .user = (void *)(uintptr_t)&line_v1});
    kit_settle(&line.kit);
    cr_assert_eq(kit_nth(&adder, KIT_ANSWER, 0)->status, WTL_OK);
    cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_OK, "%s", line.text);
    kit_do(&line.kit, &adder,
           (struct kit_cmd){.fn = add_child, .number = 1, .user = (void *)(uintptr_t)&line_v2});
    kit_do(&line.kit, &adder,
           (struct kit_cmd){.fn = add_child, .number = 2, .user = (void *)(uintptr_t)&line_v1});
    kit_settle(&line.kit);
    cr_assert_eq(kit_nth(&adder, KIT_ANSWER, 1)->status, WTL_OK);
    cr_assert_eq(kit_nth(&adder, KIT_ANSWER, 2)->status, WTL_OK);
    for (uint32_t i = 0; i < 3; i++) {
        line_order(&line, i, "crash", WTL_PID_NONE);
        kit_settle(&line.kit);
        cr_assert_eq(line.seen[i].inits, 2);
        cr_assert_eq(line.seen[i].version, 2);
    }
    line_deinit(&line);
}
