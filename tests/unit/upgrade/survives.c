/* survives.c - what an actor is to others stays: links, monitors, names, timers, calls, memory. */
#include "line.h"

static struct line line;
static struct kit_puppet peer;
static struct kit_puppet other;

static void open_one(void)
{
    line_init(&line, 5);
    (void)kit_spawn(&line.kit, &peer, NULL);
    (void)kit_spawn(&line.kit, &other, NULL);
    (void)line_clerk(&line, 0, &line_v1);
    kit_settle(&line.kit);
}

static void go_over(void)
{
    cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_OK, "%s", line.text);
    line_send(&line, 0, 0);
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[0].version, 2);
}

Test(upgrade, L19_links_and_monitors)
{
    open_one();
    kit_monitor(&line.kit, &peer, line.seen[0].pid);
    kit_trap(&line.kit, &peer, true);
    line_order(&line, 0, "link", peer.pid);
    line_order(&line, 0, "monitor", other.pid);
    kit_settle(&line.kit);
    go_over();
    cr_assert(kit_linked(&line.kit, line.seen[0].pid, peer.pid));
    kit_stop(&line.kit, &other, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[0].downs, 1);
    line_order(&line, 0, "crash", WTL_PID_NONE);
    kit_settle(&line.kit);
    cr_assert(kit_reason_is(kit_only(&peer, KIT_DOWN)->reason, "error:invalid"));
    cr_assert(kit_reason_is(kit_only(&peer, KIT_EXITED)->reason, "error:invalid"));
    cr_assert_eq(line.seen[0].stops, 1);
    line_deinit(&line);
}

Test(upgrade, L19_names_traps_and_timers)
{
    open_one();
    line_order(&line, 0, "register", WTL_PID_NONE);
    line_order(&line, 0, "trap", WTL_PID_NONE);
    line_order(&line, 0, "every", WTL_PID_NONE);
    kit_advance(&line.kit, 35);
    cr_assert_eq(line.seen[0].ticks, 3);
    go_over();
    kit_advance(&line.kit, 30);
    cr_assert_eq(line.seen[0].ticks, 6);
    kit_exit(&line.kit, &peer, line.seen[0].pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[0].exits, 1);
    cr_assert_eq(strcmp(kit_cell(&line.kit, line.seen[0].pid)->name, "clerk"), 0);
    line_deinit(&line);
}

/* A call that the clerk has not replied to yet is replied to by the next version's state; here, by
 * nobody: the actor's end ends it. */
static void ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_call(x, cmd->pid, cmd->number == 0 ? WTL_TAG("version") : WTL_TAG("later"), NULL,
                   KIT_CALL(p));
}

Test(upgrade, L19_calls_to_it)
{
    open_one();
    kit_do(&line.kit, &peer, (struct kit_cmd){.fn = ask, .pid = line.seen[0].pid});
    line_begin(&line, &line_v1, &line_v2);
    kit_do(&line.kit, &peer, (struct kit_cmd){.fn = ask, .pid = line.seen[0].pid});
    kit_settle(&line.kit);
    cr_assert_eq(line.status, WTL_OK);
    kit_do(&line.kit, &peer, (struct kit_cmd){.fn = ask, .pid = line.seen[0].pid});
    kit_do(&line.kit, &peer, (struct kit_cmd){.fn = ask, .pid = line.seen[0].pid, .number = 1});
    kit_settle(&line.kit);
    cr_assert_eq(kit_count(&peer, KIT_ANSWER), 3);
    cr_assert_eq(kit_nth(&peer, KIT_ANSWER, 2)->number, 2);
    cr_assert_eq(line_upgrade(&line, &line_v2, &line_v1), WTL_OK, "%s", line.text);
    line_order(&line, 0, "crash", WTL_PID_NONE);
    kit_settle(&line.kit);
    cr_assert_eq(kit_nth(&peer, KIT_ANSWER, 3)->status, WTL_CLOSED);
    line_deinit(&line);
}

static struct wtl_from asked;

static enum wtl_status keeps(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    if (m->request != 0) {
        asked = wtl_defer(x, m);
    }
    return WTL_OK;
}

static void reply(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_reply_to(x, asked, NULL);
}

/* A call of its own: under way, and answered but not yet handled. `hold`: it waits for it. */
static void calls_of_its_own(bool hold, bool answered_before)
{
    peer.message = keeps;
    open_one();
    line_order(&line, 0, hold ? "hold" : "call", peer.pid);
    kit_settle(&line.kit);
    for (uint32_t i = 0; i < 8; i++) {
        line_send(&line, i % LINE_SENDERS, 0);
    }
    if (answered_before) {
        line_begin(&line, &line_v1, &line_v2);
        kit_do(&line.kit, &peer, (struct kit_cmd){.fn = reply});
        kit_settle(&line.kit);
    } else {
        cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_OK, "%s", line.text);
        cr_assert_eq(line.seen[0].count, hold ? 0 : 8);
        kit_do(&line.kit, &peer, (struct kit_cmd){.fn = reply});
        kit_settle(&line.kit);
    }
    cr_assert_eq(line.status, WTL_OK, "%s", line.text);
    cr_assert_eq(line.seen[0].answers, 1);
    cr_assert_eq(line.seen[0].count, 8);
    cr_assert_eq(line.seen[0].version, 2);
    cr_assert_eq(line.seen[0].upgraded, 1);
    line_deinit(&line);
    peer.message = NULL;
}

Test(upgrade, L19_a_call_under_way)
{
    calls_of_its_own(false, false);
}

Test(upgrade, L19_a_call_that_is_answered)
{
    calls_of_its_own(false, true);
}

Test(upgrade, L19_a_held_call_under_way)
{
    calls_of_its_own(true, false);
}

Test(upgrade, L19_a_held_call_that_is_answered)
{
    calls_of_its_own(true, true);
}

/* The same through a ring, which has places of its own for answers. */
Test(upgrade, L19_a_mailbox_that_drops_the_oldest)
{
    static struct wtl_actor old;
    static struct wtl_actor new;
    old = line_v1;
    new = line_v2;
    old.mailbox_policy = WTL_MAILBOX_DROP_OLDEST;
    peer.message = keeps;
    line_init(&line, 5);
    (void)kit_spawn(&line.kit, &peer, NULL);
    (void)line_clerk(&line, 0, &old);
    kit_settle(&line.kit);
    line_order(&line, 0, "call", peer.pid);
    kit_settle(&line.kit);
    for (uint32_t i = 0; i < 8; i++) {
        line_send(&line, i % LINE_SENDERS, 0);
    }
    line_begin(&line, &old, &new);
    kit_do(&line.kit, &peer, (struct kit_cmd){.fn = reply});
    for (uint32_t i = 0; i < 8; i++) {
        line_send(&line, i % LINE_SENDERS, 0);
    }
    kit_settle(&line.kit);
    cr_assert_eq(line.status, WTL_OK, "%s", line.text);
    cr_assert_eq(line.seen[0].answers, 1);
    cr_assert_eq(line.seen[0].count, 16);
    cr_assert_eq(line.seen[0].upgraded, 1);
    line_deinit(&line);
    peer.message = NULL;
}

/* A cap counts the new version's memory, and one that is too small keeps the old one. */
Test(upgrade, L19_memory_max)
{
    static struct wtl_actor old;
    old = line_v1;
    old.memory_max = 100000;
    line_init(&line, 5);
    (void)line_clerk(&line, 0, &old);
    line_send(&line, 0, 0);
    kit_settle(&line.kit);
    cr_assert_eq(line_upgrade(&line, &old, &line_v2), WTL_OK, "%s", line.text);
    for (uint32_t i = 0; i < 8; i++) {
        line_send(&line, 1, 0);
    }
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[0].count, 9);
    line_deinit(&line);
}

static void count_kept(struct wtl__envelope *tie, void *context)
{
    *(uint32_t *)context += wtl__tie_of(tie) == WTL__TIE_KEPT;
}

static uint32_t kept(void)
{
    uint32_t count = 0;
    wtl__ties_each(&kit_cell(&line.kit, line.seen[0].pid)->ties, count_kept, &count);
    return count;
}

/* A kept message stays where it is, and belongs to the new version. */
Test(upgrade, L19_kept_messages)
{
    open_one();
    line_order(&line, 0, "keep", WTL_PID_NONE);
    kit_settle(&line.kit);
    go_over();
    cr_assert_eq(kept(), 1);
    line_deinit(&line);
}

/* One that save releases goes when the upgrade has succeeded, and not before. */
Test(upgrade, L19_kept_messages_that_are_released)
{
    open_one();
    line_order(&line, 0, "keep", WTL_PID_NONE);
    kit_settle(&line.kit);
    line.save_releases = true;
    line.bad_clerk = 1;
    line.upgrade_returns = WTL_INVALID;
    cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_INVALID);
    cr_assert_eq(kept(), 1);
    line.save_releases = false;
    line.bad_clerk = 0;
    go_over();
    cr_assert_eq(kept(), 1, "what was to be released then is no more");
    line.save_releases = true;
    cr_assert_eq(line_upgrade(&line, &line_v2, &line_v1), WTL_OK, "%s", line.text);
    cr_assert_eq(kept(), 0);
    line_deinit(&line);
}
