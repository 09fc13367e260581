/*
 * remote_ends.c - how actors of two nodes hear of each other's end, and of a connection that is
 * lost: messages first, each tie once, and calls answered whatever they were made by.
 */
#include "exits.h"
#include "wire.h"

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
    wire_begin(seed);
    kit_spawn(&wire_nodes[0], &here, NULL);
    kit_spawn(&wire_nodes[1], &there, NULL);
    kit_trap(&wire_nodes[0], &here, true);
    kit_trap(&wire_nodes[1], &there, true);
    wire_settle();
}

static void ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_call(x, cmd->pid, WTL_TAG("ask"), NULL, KIT_CALL(p, .deadline_ms = WTL_CALL_FOREVER));
}

/* ---- the exit table, between two nodes --------------------------------------------------------
 */

static void one_row(const struct exit_row *row, uint64_t seed)
{
    struct kit_puppet watcher = {0};
    begin_two(seed);
    kit_spawn(&wire_nodes[1], &watcher, NULL);
    kit_monitor(&wire_nodes[1], &watcher, there.pid);
    kit_trap(&wire_nodes[1], &there, row->traps);
    wire_settle();
    if (row->linked) {
        struct kit_puppet *links = seed % 2 == 0 ? &here : &there;
        kit_link(&wire_nodes[seed % 2], links, links == &here ? there.pid : here.pid);
        wire_settle();
        kit_stop(&wire_nodes[0], &here, exit_reason(row->class_));
    } else {
        kit_exit(&wire_nodes[0], &here, there.pid, exit_reason(row->class_));
    }
    wire_settle();
    cr_assert_eq(kit_lives(&wire_nodes[1], there.pid), row->dies == NULL, "%s", row->name);
    cr_assert_eq(kit_count(&watcher, KIT_DOWN), row->dies != NULL, "%s: downs", row->name);
    cr_assert_eq(kit_count(&there, KIT_EXITED), row->sees != NULL, "%s: exiteds", row->name);
    if (row->dies != NULL) {
        cr_assert(kit_reason_is(kit_only(&watcher, KIT_DOWN)->reason, row->dies), "%s", row->name);
    }
    if (row->sees != NULL) {
        cr_assert(kit_reason_is(kit_only(&there, KIT_EXITED)->reason, row->sees), "%s", row->name);
        cr_assert(wtl_pid_equal(kit_only(&there, KIT_EXITED)->from, here.pid), "%s", row->name);
    }
    wire_end();
}

Test(signals, L02_exit_table_from_another_node)
{
    for (size_t i = 0; i < exit_rows_count; i++) {
        for (uint64_t seed = 0; seed < test_seeds(20); seed++) {
            one_row(&exit_rows[i], seed);
        }
    }
}

/* ---- the connection is lost ------------------------------------------------------------------ */

static void tie_all(void)
{
    kit_link(&wire_nodes[0], &here, there.pid);
    kit_monitor(&wire_nodes[0], &here, there.pid);
    kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = ask, .pid = there.pid});
    wire_settle();
}

Test(signals, L01_messages_then_exit_and_down_from_another_node)
{
    begin_two(1);
    here.silent = true;
    here.message = in_order;
    kit_link(&wire_nodes[0], &here, there.pid);
    kit_monitor(&wire_nodes[0], &here, there.pid);
    wire_settle();
    for (uint64_t i = 1; i <= 500; i++) {
        kit_tell(&wire_nodes[1], &there, here.pid, i);
    }
    kit_stop(&wire_nodes[1], &there, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    wire_settle();
    cr_assert_eq(here.last, 500);
    cr_assert(kit_reason_is(kit_only(&here, KIT_EXITED)->reason, "error:crash"));
    cr_assert(kit_reason_is(kit_only(&here, KIT_DOWN)->reason, "error:crash"));
    wire_end();
}

Test(signals, L06_a_lost_connection_ends_each_tie_once_and_the_peer_lives)
{
    for (uint64_t seed = 0; seed < test_seeds(100); seed++) {
        begin_two(seed);
        tie_all();
        kit_monitor(&wire_nodes[1], &there, here.pid);
        if (seed % 2 == 0) {
            wire_settle();
        } else {
            kit_settle(&wire_nodes[1]); /* the other node never hears of the monitor */
        }
        wire_cut();
        wire_settle();
        wire_cut(); /* once is enough */
        wire_settle();
        cr_assert(kit_lives(&wire_nodes[1], there.pid));
        cr_assert(kit_reason_is(kit_only(&here, KIT_EXITED)->reason, "noconnection"));
        cr_assert(kit_reason_is(kit_only(&here, KIT_DOWN)->reason, "noconnection"));
        cr_assert_eq(kit_only(&here, KIT_ANSWER)->status, WTL_NO_CONNECTION);
        cr_assert(kit_reason_is(kit_only(&there, KIT_DOWN)->reason, "noconnection"));
        cr_assert(kit_reason_is(kit_only(&there, KIT_EXITED)->reason, "noconnection"));
        cr_assert_eq(kit_cell(&wire_nodes[0], here.pid)->ties.count, 0);
        cr_assert_eq(kit_count(&there, KIT_STOPPED), 0);
        wire_end();
    }
}

Test(signals, L06_a_link_to_a_lost_node_ends_who_does_not_trap)
{
    begin_two(1);
    tie_all();
    kit_trap(&wire_nodes[1], &there, false);
    wire_settle();
    wire_cut();
    wire_settle();
    cr_assert(kit_lives(&wire_nodes[0], here.pid));
    cr_assert_not(kit_lives(&wire_nodes[1], there.pid));
    cr_assert(kit_reason_is(kit_only(&there, KIT_STOPPED)->reason, "noconnection"));
    wire_end();
}

/* The unlink is on its way when the connection is lost. */
Test(signals, L06_no_exit_comes_of_a_link_that_was_taken_away_before_the_cut)
{
    begin_two(1);
    kit_link(&wire_nodes[0], &here, there.pid);
    wire_settle();
    kit_unlink(&wire_nodes[0], &here, there.pid);
    kit_settle(&wire_nodes[0]);
    wire_cut();
    wire_settle();
    cr_assert_eq(kit_count(&here, KIT_EXITED), 0);
    cr_assert_eq(kit_cell(&wire_nodes[0], here.pid)->ties.count, 0);
    cr_assert(kit_reason_is(kit_only(&there, KIT_EXITED)->reason, "noconnection"));
    wire_end();
}

/* ---- calls by name, with no deadline -----------------------------------------------------------
 */

static void ask_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    (void)wtl_call_name(x, "far", WTL_TAG("ask"), NULL,
                        KIT_CALL(p, .deadline_ms = WTL_CALL_FOREVER));
}

/* `late`: who holds the name is found out after the call was made. */
static void call_by_name(uint64_t seed, bool late)
{
    begin_two(seed);
    wire_names[0] = (struct wire_name){.name = "far", .holder = late ? WTL_PID_NONE : there.pid};
    kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = ask_name});
    kit_settle(&wire_nodes[0]);
    wire_names[0].holder = there.pid;
    wire_resolve();
}

static void expect_no_connection(void)
{
    cr_assert_eq(kit_count(&here, KIT_ANSWER), 0);
    wire_cut();
    wire_settle();
    cr_assert_eq(kit_only(&here, KIT_ANSWER)->status, WTL_NO_CONNECTION);
    cr_assert_eq(kit_cell(&wire_nodes[0], here.pid)->ties.count, 0);
    wire_end();
}

Test(calls, L13_a_call_by_name_for_ever_ends_with_its_callees_node)
{
    for (uint64_t seed = 0; seed < test_seeds(40); seed++) {
        call_by_name(seed, seed % 2 == 0);
        if (seed % 4 < 2) { /* the call arrives, and is not answered; or it is lost on its way */
            wire_settle();
            cr_assert_eq(there.got, 1);
        }
        expect_no_connection();
    }
}

static void reply_all(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)cmd;
    for (uint32_t i = 0; i < kit_count(p, KIT_MESSAGE); i++) {
        const struct kit_event *call = kit_nth(p, KIT_MESSAGE, i);
        kit_body(x, &body, 5);
        wtl_reply_to(x,
                     (struct wtl_from){
                         .caller = call->from, .request = call->request, .callee = wtl_self(x)},
                     &body);
    }
}

Test(calls, L13_a_call_by_name_is_answered_by_its_callee_or_that_ones_end)
{
    for (uint64_t seed = 0; seed < test_seeds(40); seed++) {
        call_by_name(seed, seed % 2 == 0);
        wire_settle();
        if (seed % 4 < 2) {
            kit_do(&wire_nodes[1], &there, (struct kit_cmd){.fn = reply_all});
        } else {
            kit_stop(&wire_nodes[1], &there, WTL_REASON(WTL_EXIT_ERROR, "crash"));
        }
        wire_settle();
        const struct kit_event *answer = kit_only(&here, KIT_ANSWER);
        cr_assert_eq(answer->status, seed % 4 < 2 ? WTL_OK : WTL_CLOSED);
        cr_assert(wtl_pid_equal(answer->from, there.pid));
        wire_end();
    }
}

/* ---- monitors by name --------------------------------------------------------------------------
 */

static void monitor_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    p->last = wtl_monitor_name(x, "far");
}

static void demonitor_last(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    cr_assert(wtl_demonitor(x, p->last));
}

static void watch_by_name(uint64_t seed, bool late)
{
    begin_two(seed);
    wire_names[0] = (struct wire_name){.name = "far", .holder = late ? WTL_PID_NONE : there.pid};
    kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = monitor_name});
    kit_settle(&wire_nodes[0]);
    wire_names[0].holder = there.pid;
}

Test(signals, L05_by_a_global_name)
{
    for (uint64_t seed = 0; seed < test_seeds(40); seed++) {
        watch_by_name(seed, seed % 2 == 0);
        wire_resolve();
        wire_settle();
        cr_assert_eq(here.count, 0);
        if (seed % 4 < 2) {
            kit_stop(&wire_nodes[1], &there, WTL_REASON(WTL_EXIT_ERROR, "crash"));
            wire_settle();
        } else {
            wire_cut();
            wire_settle();
        }
        const struct kit_event *down = kit_only(&here, KIT_DOWN);
        cr_assert(wtl_pid_equal(down->from, there.pid));
        cr_assert_eq(down->request, here.last);
        cr_assert(kit_reason_is(down->reason, seed % 4 < 2 ? "error:crash" : "noconnection"));
        wire_end();
    }
}

Test(signals, L05_who_does_not_watch_any_more_when_the_name_is_known)
{
    watch_by_name(1, true);
    kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = demonitor_last});
    kit_settle(&wire_nodes[0]);
    wire_resolve();
    wire_settle();
    kit_stop(&wire_nodes[1], &there, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    wire_settle();
    cr_assert_eq(here.count, 0);
    wire_end();
}

Test(signals, L05_by_a_global_name_that_is_never_found_out)
{
    watch_by_name(1, true);
    kit_advance(&wire_nodes[0], WTL_CALL_DEADLINE_MS);
    cr_assert(kit_reason_is(kit_only(&here, KIT_DOWN)->reason, "noconnection"));
    wire_end();
}

/* ---- a deadline that passes ------------------------------------------------------------------ */

static struct wtl_from late;

static enum wtl_status defer(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    late = wtl_defer(x, m);
    return WTL_OK;
}

static void reply_late(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_reply_to(x, late, NULL);
}

static void ask_shortly(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_call(x, cmd->pid, WTL_TAG("ask"), NULL, KIT_CALL(p, .deadline_ms = 100));
}

/* The callee hears of it: it owes nothing any more, and its reply does not even travel. */
Test(calls, L07_a_deadline_passes_on_the_callees_node_too)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        begin_two(seed);
        there.message = defer;
        kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = ask_shortly, .pid = there.pid});
        wire_settle();
        cr_assert_eq(kit_cell(&wire_nodes[1], there.pid)->ties.count, 1, "the call is owed");
        kit_advance(&wire_nodes[0], 101);
        wire_settle();
        cr_assert_eq(kit_only(&here, KIT_ANSWER)->status, WTL_TIMEOUT);
        cr_assert_eq(kit_cell(&wire_nodes[1], there.pid)->ties.count, 0, "it is owed no more");
        kit_do(&wire_nodes[1], &there, (struct kit_cmd){.fn = reply_late});
        wire_settle();
        cr_assert_eq(kit_counter(&wire_nodes[1], WTL__COUNT_LATE_REPLIES), 1);
        cr_assert_eq(kit_counter(&wire_nodes[0], WTL__COUNT_LATE_REPLIES), 0);
        cr_assert_eq(kit_count(&here, KIT_ANSWER), 1);
        wire_end();
    }
}

/* It waits in the mailbox when its caller's node is lost, and is not answered when it is handled.
 */
Test(calls, L06_a_call_of_a_lost_node_that_waits_is_owed_to_nobody)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        begin_two(seed);
        kit_cell(&wire_nodes[1], there.pid)->flags |= WTL__CELL_SUSPENDED;
        kit_do(&wire_nodes[0], &here, (struct kit_cmd){.fn = ask, .pid = there.pid});
        wire_settle();
        wire_cut();
        wire_settle();
        cr_assert_eq(kit_only(&here, KIT_ANSWER)->status, WTL_NO_CONNECTION);
        kit_cell(&wire_nodes[1], there.pid)->flags &= ~WTL__CELL_SUSPENDED;
        kit_tell(&wire_nodes[1], &there, there.pid, 1);
        wire_settle();
        cr_assert_geq(there.got, 1);
        cr_assert_eq(kit_cell(&wire_nodes[1], there.pid)->ties.count, 0, "it is owed for ever");
        wire_end();
    }
}

/* They are in its mailbox, and it has not run since, when the connection is lost. */
Test(signals, L06_ties_that_arrive_just_before_the_cut)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        begin_two(seed);
        kit_link(&wire_nodes[0], &here, there.pid);
        kit_monitor(&wire_nodes[0], &here, there.pid);
        kit_settle(&wire_nodes[0]);
        while (wire_arrive(1)) {
        }
        wire_cut();
        wire_settle();
        cr_assert(kit_reason_is(kit_only(&here, KIT_EXITED)->reason, "noconnection"));
        cr_assert(kit_reason_is(kit_only(&there, KIT_EXITED)->reason, "noconnection"));
        cr_assert_eq(kit_cell(&wire_nodes[1], there.pid)->ties.count, 0);
        wire_end();
    }
}
