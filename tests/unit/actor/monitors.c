/* monitors.c - one `down` for each monitor: stacked, of nobody, taken back. */
#include "kit.h"

enum { SEEDS = 100 };

static struct kit kit;
static struct kit_puppet watcher;
static struct kit_puppet target;

#define CRASH WTL_REASON(WTL_EXIT_ERROR, "crash")

static void begin(uint64_t seed)
{
    watcher = (struct kit_puppet){0};
    target = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &watcher, NULL);
    kit_spawn(&kit, &target, NULL);
    kit_settle(&kit);
}

Test(signals, L05_monitors_stack)
{
    enum { MONITORS = 40 };
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin(seed);
        for (int i = 0; i < MONITORS; i++) {
            kit_monitor(&kit, &watcher, target.pid);
        }
        kit_settle(&kit);
        kit_stop(&kit, &target, CRASH);
        kit_settle(&kit);
        cr_assert_eq(kit_count(&watcher, KIT_DOWN), MONITORS);
        for (uint32_t i = 0; i < MONITORS; i++) {
            const struct kit_event *down = kit_nth(&watcher, KIT_DOWN, i);
            cr_assert(wtl_pid_equal(down->from, target.pid));
            cr_assert(kit_reason_is(down->reason, "error:crash"));
            for (uint32_t j = 0; j < i; j++) {
                cr_assert_neq(kit_nth(&watcher, KIT_DOWN, j)->request, down->request);
            }
        }
        kit_deinit(&kit);
    }
}

Test(signals, L05_nobody_is_noproc_at_once)
{
    begin(1);
    kit_stop(&kit, &target, CRASH);
    kit_settle(&kit);
    kit_monitor(&kit, &watcher, target.pid);
    kit_settle(&kit);
    const struct kit_event *down = kit_only(&watcher, KIT_DOWN);
    cr_assert(kit_reason_is(down->reason, "noproc"));
    cr_assert(wtl_pid_equal(down->from, target.pid));
    kit_deinit(&kit);
}

Test(signals, L05_another_node_without_a_port_is_noconnection)
{
    begin(1);
    kit_monitor(&kit, &watcher, (struct wtl_pid){.node = 99, .local = 12345});
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&watcher, KIT_DOWN)->reason, "noconnection"));
    kit_deinit(&kit);
}

/* ---- demonitor ----------------------------------------------------------------------------- */

static uint64_t ref;
static bool was_there;

static void watch(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    ref = wtl_monitor(x, cmd->pid);
}

static void unwatch(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    was_there = wtl_demonitor(x, ref);
}

Test(signals, L05_no_down_comes_after_demonitor)
{
    for (uint64_t seed = 0; seed < test_seeds(10 * SEEDS); seed++) {
        begin(seed);
        kit_do(&kit, &watcher, (struct kit_cmd){.fn = watch, .pid = target.pid});
        kit_settle(&kit);
        kit_stop(&kit, &target, CRASH); /* which of both comes first is the seed's */
        kit_do(&kit, &watcher, (struct kit_cmd){.fn = unwatch});
        kit_settle(&kit);
        cr_assert_eq(kit_count(&watcher, KIT_DOWN), was_there ? 0 : 1);
        cr_assert_eq(kit_cell(&kit, watcher.pid)->ties.count, 0);
        kit_deinit(&kit);
    }
}

Test(signals, L05_demonitor_takes_back_a_down_that_waits)
{
    begin(1);
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = watch, .pid = target.pid});
    kit_settle(&kit);
    struct wtl__cell *cell = kit_cell(&kit, watcher.pid);
    cell->flags |= WTL__CELL_SUSPENDED; /* signals act, messages wait */
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = unwatch});
    kit_tell(&kit, &watcher, watcher.pid, 1);
    kit_stop(&kit, &target, CRASH);
    kit_settle(&kit);
    cell->flags &= ~WTL__CELL_SUSPENDED;
    kit_tell(&kit, &watcher, watcher.pid, 2);
    kit_settle(&kit);
    cr_assert(was_there);
    cr_assert_eq(kit_count(&watcher, KIT_DOWN), 0);
    cr_assert_eq(watcher.got, 2);
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = unwatch});
    kit_settle(&kit);
    cr_assert_not(was_there);
    kit_deinit(&kit);
}

Test(signals, L05_the_target_forgets_who_does_not_watch_any_more)
{
    begin(1);
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = watch, .pid = target.pid});
    kit_settle(&kit);
    cr_assert_eq(kit_cell(&kit, target.pid)->ties.count, 1);
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = unwatch});
    kit_settle(&kit);
    cr_assert_eq(kit_cell(&kit, target.pid)->ties.count, 0);
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = watch, .pid = target.pid});
    kit_stop(&kit, &watcher, CRASH);
    kit_settle(&kit);
    cr_assert_eq(kit_cell(&kit, target.pid)->ties.count, 0);
    kit_deinit(&kit);
}

/* ---- by name ----------------------------------------------------------------------------------
 */

static void take_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_register(x, cmd->user, WTL_LOCAL, NULL);
}

static void monitor_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    p->last = wtl_monitor_name(x, cmd->user);
    cr_assert_neq(p->last, 0);
}

Test(signals, L05_by_name_it_is_the_one_who_holds_it_now)
{
    begin(1);
    kit_do(&kit, &target, (struct kit_cmd){.fn = take_name, .user = (void *)"it"});
    kit_settle(&kit);
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = monitor_name, .user = (void *)"it"});
    kit_settle(&kit);
    cr_assert_eq(watcher.count, 0);
    kit_stop(&kit, &target, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    kit_settle(&kit);
    const struct kit_event *down = kit_only(&watcher, KIT_DOWN);
    cr_assert(wtl_pid_equal(down->from, target.pid));
    cr_assert_eq(down->request, watcher.last);
    cr_assert(kit_reason_is(down->reason, "error:crash"));
    kit_deinit(&kit);
}

Test(signals, L05_by_a_name_that_nobody_holds)
{
    static const char *const names[] = {"nobody", "NO NAME", ""};
    for (size_t i = 0; i < WTL_COUNT(names); i++) {
        begin(1);
        kit_do(&kit, &watcher, (struct kit_cmd){.fn = monitor_name, .user = (void *)names[i]});
        kit_settle(&kit);
        const struct kit_event *down = kit_only(&watcher, KIT_DOWN);
        cr_assert(wtl_pid_is_none(down->from));
        cr_assert_eq(down->request, watcher.last);
        cr_assert(kit_reason_is(down->reason, "noproc"));
        cr_assert_eq(kit_cell(&kit, watcher.pid)->ties.count, 0);
        kit_deinit(&kit);
    }
}
