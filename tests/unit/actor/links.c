/*
 * links.c - what an exit signal does, row by row (Erlang reference manual, Processes: Exit
 * signals), and that unlink is final whatever both sides do at the same time.
 */
#include "exits.h"
#include "kit.h"

enum { SEEDS = 50 };

static struct kit kit;
static struct kit_puppet peer;
static struct kit_puppet victim;
static struct kit_puppet watcher;

#define NORMAL   WTL_REASON(WTL_EXIT_NORMAL, "normal")
#define SHUTDOWN WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown")
#define CRASH    WTL_REASON(WTL_EXIT_ERROR, "crash")
#define KILL     WTL_REASON(WTL_EXIT_KILL, "kill")

static void begin(uint64_t seed)
{
    peer = (struct kit_puppet){0};
    victim = (struct kit_puppet){0};
    watcher = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &peer, NULL);
    kit_spawn(&kit, &victim, NULL);
    kit_spawn(&kit, &watcher, NULL);
    kit_monitor(&kit, &watcher, victim.pid);
    kit_settle(&kit);
}

static void check(const char *name, const char *dies, const char *sees)
{
    cr_assert_eq(kit_lives(&kit, victim.pid), dies == NULL, "%s: dead or alive", name);
    cr_assert_eq(kit_count(&watcher, KIT_DOWN), dies != NULL, "%s: downs", name);
    cr_assert_eq(kit_count(&victim, KIT_EXITED), sees != NULL, "%s: exiteds", name);
    if (dies != NULL) {
        cr_assert(kit_reason_is(kit_only(&watcher, KIT_DOWN)->reason, dies), "%s: reason", name);
    }
    if (sees != NULL) {
        cr_assert(kit_reason_is(kit_only(&victim, KIT_EXITED)->reason, sees), "%s: seen", name);
        cr_assert(wtl_pid_equal(kit_only(&victim, KIT_EXITED)->from, peer.pid), "%s", name);
    }
}

static void one_row(const struct exit_row *row, uint64_t seed)
{
    begin(seed);
    kit_trap(&kit, &victim, row->traps);
    kit_settle(&kit);
    if (row->linked) {
        kit_link(&kit, seed % 2 == 0 ? &victim : &peer, seed % 2 == 0 ? peer.pid : victim.pid);
        kit_settle(&kit);
        kit_stop(&kit, &peer, exit_reason(row->class_));
    } else {
        kit_exit(&kit, &peer, victim.pid, exit_reason(row->class_));
    }
    kit_settle(&kit);
    check(row->name, row->dies, row->sees);
    cr_assert_eq(kit_lives(&kit, peer.pid), !row->linked);
    kit_deinit(&kit);
}

Test(signals, L02_exit_table)
{
    for (size_t i = 0; i < exit_rows_count; i++) {
        for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
            one_row(&exit_rows[i], seed);
        }
    }
}

Test(signals, L02_exit_to_itself)
{
    begin(1);
    kit_exit(&kit, &victim, victim.pid, NORMAL);
    kit_settle(&kit);
    check("itself, normal", "normal", NULL);
    kit_deinit(&kit);
    begin(2);
    kit_trap(&kit, &victim, true);
    kit_exit(&kit, &victim, victim.pid, NORMAL);
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, victim.pid));
    cr_assert(kit_reason_is(kit_only(&victim, KIT_EXITED)->reason, "normal"));
    kit_exit(&kit, &victim, victim.pid, KILL);
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&watcher, KIT_DOWN)->reason, "killed"));
    kit_deinit(&kit);
}

Test(signals, L02_the_signal_of_a_link_that_was_taken_away_is_dropped)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin(seed);
        kit_trap(&kit, &victim, seed % 2 == 0);
        kit_link(&kit, &victim, peer.pid);
        kit_settle(&kit);
        kit_unlink(&kit, &victim, peer.pid);
        kit_settle(&kit);
        kit_stop(&kit, &peer, CRASH);
        kit_settle(&kit);
        check("deactivated", NULL, NULL);
        kit_deinit(&kit);
    }
}

Test(signals, L02_link_to_nobody_answers_noproc)
{
    begin(1);
    kit_stop(&kit, &peer, NORMAL);
    kit_settle(&kit);
    kit_trap(&kit, &victim, true);
    kit_link(&kit, &victim, peer.pid);
    kit_settle(&kit);
    check("noproc, trapping", NULL, "noproc");
    kit_trap(&kit, &victim, false);
    kit_link(&kit, &victim, peer.pid);
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&watcher, KIT_DOWN)->reason, "noproc"));
    kit_deinit(&kit);
}

Test(signals, L02_there_is_one_link_per_pair)
{
    begin(1);
    kit_trap(&kit, &victim, true);
    for (int i = 0; i < 3; i++) {
        kit_link(&kit, &victim, peer.pid);
        kit_link(&kit, &peer, victim.pid);
    }
    kit_settle(&kit);
    kit_stop(&kit, &peer, CRASH);
    kit_settle(&kit);
    check("one link", NULL, "error:crash");
    kit_deinit(&kit);
}

Test(signals, L02_a_crash_travels_along_links_but_not_past_who_traps)
{
    enum { CHAIN = 50 };
    static struct kit_puppet chain[CHAIN];
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin(seed);
        for (int i = 0; i < CHAIN; i++) {
            chain[i] = (struct kit_puppet){0};
            kit_spawn(&kit, &chain[i], NULL);
            if (i > 0) {
                kit_link(&kit, &chain[i], chain[i - 1].pid);
            }
        }
        kit_trap(&kit, &chain[CHAIN / 2], true);
        kit_settle(&kit);
        kit_stop(&kit, &chain[0], CRASH);
        kit_settle(&kit);
        for (int i = 0; i < CHAIN; i++) {
            cr_assert_eq(kit_lives(&kit, chain[i].pid), i >= CHAIN / 2);
        }
        cr_assert(kit_reason_is(kit_only(&chain[CHAIN / 2], KIT_EXITED)->reason, "error:crash"));
        kit_deinit(&kit);
    }
}

/* ---- kill and killed ----------------------------------------------------------------------- */

Test(signals, L03_linked_actors_see_killed_and_may_trap_it)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        begin(seed);
        kit_trap(&kit, &peer, true); /* does not help against kill */
        kit_trap(&kit, &victim, seed % 2 == 0);
        kit_link(&kit, &victim, peer.pid);
        kit_settle(&kit);
        kit_exit(&kit, &watcher, peer.pid, KILL);
        kit_settle(&kit);
        cr_assert_not(kit_lives(&kit, peer.pid));
        check("killed", seed % 2 == 0 ? NULL : "killed", seed % 2 == 0 ? "killed" : NULL);
        kit_deinit(&kit);
    }
}

Test(signals, L03_a_killed_actor_does_not_run_its_stop)
{
    begin(1);
    kit_exit(&kit, &peer, victim.pid, KILL);
    kit_settle(&kit);
    cr_assert_eq(kit_count(&victim, KIT_STOPPED), 0);
    kit_exit(&kit, &watcher, peer.pid, CRASH);
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&peer, KIT_STOPPED)->reason, "error:crash"));
    kit_deinit(&kit);
}

static enum wtl_status stop_later(struct wtl_ctx *x, struct kit_puppet *p, struct wtl_reason reason)
{
    (void)x;
    (void)p;
    (void)reason;
    return WTL_LATER;
}

static void say_done(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_done(x, (enum wtl_status)cmd->number);
}

Test(signals, L03_only_a_kill_ends_who_takes_its_time_to_stop)
{
    begin(1);
    victim.stop = stop_later;
    kit_stop(&kit, &victim, SHUTDOWN);
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, victim.pid));
    kit_exit(&kit, &peer, victim.pid, CRASH);
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, victim.pid));
    kit_exit(&kit, &peer, victim.pid, KILL);
    kit_settle(&kit);
    check("killed while it stopped", "killed", NULL);
    kit_deinit(&kit);
}

Test(signals, L03_the_first_reason_wins)
{
    begin(1);
    victim.stop = stop_later;
    kit_stop(&kit, &victim, SHUTDOWN);
    kit_settle(&kit);
    kit_tell(&kit, &peer, victim.pid, 5); /* it still handles messages: that is how it gets on */
    kit_settle(&kit);
    cr_assert_eq(victim.got, 1);
    kit_do(&kit, &victim, (struct kit_cmd){.fn = say_done, .number = WTL_INVALID});
    kit_settle(&kit);
    check("first reason", "shutdown", NULL);
    cr_assert_eq(kit_count(&victim, KIT_STOPPED), 1);
    kit_deinit(&kit);
}
