/* sys.c - L18: looking into actors and holding them, in the node and in a process of their own:
 * what whoever asks hears is the same. */
#include <signal.h>
#include <stdio.h>

#include "looker.h"
#include "process_kit.h"
#include "sched/system.h"
#include "so/looked.h"

/* Answers nobody. */
static enum wtl_status nothing(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    return WTL_OK;
}

static WTL_ACTOR(gate_type, char, .handle = nothing);

static void open_gate(void)
{
    (void)wtl_runtime_spawn(kit.runtime, &gate_type, &(struct wtl_spawn_options){.name = "gate"});
}

static const struct wtl_actor *open_module(bool isolated, const char *type, uint32_t budget_ms)
{
    char whole[32];
    kit_open(2);
    looker_begin(kit.runtime);
    if (!isolated) {
        (void)snprintf(whole, sizeof whole, "looked.%s", type);
        return kit_load_here(SO("looked"), whole);
    }
    (void)kit_isolate(SO("looked"), &(struct wtl__isolated_config){.budget_ms = budget_ms});
    return kit_type_of(type);
}

static void begin(bool isolated, const char *type)
{
    (void)kit_supervise("it", open_module(isolated, type, 60000), NULL);
    (void)kit_ask_living("it", "get", 0);
}

/* Both ways. */
#define SYS(name)                                                                                  \
    static void name(bool isolated);                                                               \
    Test(sys_here, name)                                                                           \
    {                                                                                              \
        name(false);                                                                               \
    }                                                                                              \
    Test(sys_there, name)                                                                          \
    {                                                                                              \
        name(true);                                                                                \
    }                                                                                              \
    static void name(bool isolated)

static uint64_t state(void)
{
    struct seen seen = looker_look("it", WTL_SYS_STATE, 0);
    cr_assert_eq(seen.status, WTL_OK, "%s", wtl_status_word(seen.status));
    return seen.number;
}

static enum wtl_status status_of(enum wtl_sys_verb verb, uint64_t argument)
{
    return looker_look("it", verb, argument).status;
}

/* How many messages it has handled, and how many wait; nothing else comes meanwhile. */
static void figures_are(uint64_t in_all, uint64_t waiting_at_least)
{
    struct seen seen = looker_look("it", WTL_SYS_STATISTICS, 0);
    cr_assert_eq(seen.figures[0] + seen.figures[2], in_all);
    cr_assert_geq(seen.figures[2], waiting_at_least);
}

/* Runs and questions that the process was given. */
static uint64_t given(bool isolated)
{
    return isolated ? wtl__process_look(kit.module->current).begun : 0;
}

/* ---- state ---------------------------------------------------------------------------------- */

SYS(L18_the_state_is_shown_and_replaced)
{
    begin(isolated, "counter");
    cr_assert_eq(state(), 0);
    looker_tell("it", "add", 5);
    cr_assert_eq(state(), 5, "it comes behind what was sent before");
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 8), WTL_OK);
    looker_tell("it", "add", 1);
    cr_assert_eq(state(), 9);
    kit_close();
}

SYS(L18_a_state_that_is_refused_changes_nothing)
{
    begin(isolated, "counter");
    looker_tell("it", "add", 5);
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 0), WTL_DENIED);
    cr_assert_eq(state(), 5);
    uint32_t before = looker_count();
    looker_replace_large("it", 3 << 20); /* which is no number */
    cr_assert_eq(looker_seen(before).status, WTL_DENIED);
    cr_assert_eq(state(), 5);
    kit_close();
}

SYS(L18_who_has_nothing_to_show_says_so)
{
    begin(isolated, "blank");
    cr_assert_eq(status_of(WTL_SYS_STATE, 0), WTL_UNSUPPORTED);
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 1), WTL_UNSUPPORTED);
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    cr_assert_eq(status_of(WTL_SYS_RESUME, 0), WTL_OK);
    kit_close();
}

/* Whatever `show` does wrong, whoever asks hears of it, and the actor goes on. */
SYS(L18_a_state_that_cannot_be_shown)
{
    static const struct {
        enum looked_how how;
        enum wtl_status status;
    } cases[] = {{LOOKED_TOO_LARGE, WTL_TOO_LARGE},
                 {LOOKED_TWO_VALUES, WTL_BAD_PAYLOAD},
                 {LOOKED_NOTHING, WTL_OK}};
    begin(isolated, "counter");
    looker_tell("it", "add", 5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        looker_tell("it", "how", cases[i].how);
        struct seen seen = looker_look("it", WTL_SYS_STATE, 0);
        cr_assert_eq(seen.status, cases[i].status, "%zu: %s", i, wtl_status_word(seen.status));
        cr_assert_eq(seen.size, 0);
    }
    looker_tell("it", "how", LOOKED_PLAIN);
    cr_assert_eq(state(), 5);
    kit_close();
}

SYS(L18_what_is_sent_while_it_shows_comes_first)
{
    begin(isolated, "counter");
    looker_tell("it", "add", 5);
    looker_tell("it", "tell", 3);
    looker_tell("it", "how", LOOKED_TELLS);
    looker_ask("it", WTL_SYS_STATE, 0);
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(looker_seen(i).what, LOOKER_CAME);
        cr_assert_eq(looker_seen(i).number, i < 3 ? i : 5);
    }
    cr_assert_eq(looker_seen(4).what, WTL_SYS_STATE);
    cr_assert_eq(looker_seen(4).number, 5);
    kit_close();
}

SYS(L18_several_that_ask_at_once_are_answered_in_order)
{
    begin(isolated, "counter");
    for (uint64_t i = 1; i <= 20; i++) {
        looker_ask("it", WTL_SYS_REPLACE, i);
        looker_ask("it", WTL_SYS_STATE, 0);
    }
    for (uint32_t i = 1; i <= 20; i++) {
        cr_assert_eq(looker_seen(2 * i - 2).what, WTL_SYS_REPLACE);
        cr_assert_eq(looker_seen(2 * i - 1).number, i);
    }
    kit_close();
}

/* More messages wait than its process is given at a time: it is asked all the same. */
SYS(L18_the_state_while_more_waits_than_it_can_take)
{
    begin(isolated, "counter");
    uint64_t before = given(isolated);
    looker_tell("it", "wait", 0);
    for (unsigned i = 0; i < 100; i++) {
        looker_tell("it", "add", 1);
    }
    while (isolated && given(true) < before + WTL__PIPE_WINDOW) {
    }
    looker_ask("it", WTL_SYS_STATE, 0);
    looker_ask("it", WTL_SYS_REPLACE, 1000);
    while (isolated && given(true) == before + WTL__PIPE_WINDOW) {
    }
    open_gate();
    cr_assert_eq(looker_seen(0).status, WTL_OK);
    cr_assert_leq(looker_seen(0).number, isolated ? WTL__PIPE_WINDOW - 1 : 100);
    cr_assert_eq(looker_seen(1).status, WTL_OK);
    while (state() < 1000) { /* it was given what waited behind, too */
    }
    cr_assert_leq(state(), 1100);
    kit_close();
}

/* ---- while it waits -------------------------------------------------------------------------- */

SYS(L18_who_is_suspended_keeps_its_mail)
{
    begin(isolated, "counter");
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    for (unsigned i = 0; i < 100; i++) {
        looker_tell("it", "add", 1);
    }
    cr_assert_eq(state(), 0);
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK, "twice is once");
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 8), WTL_OK);
    cr_assert_eq(state(), 8);
    cr_assert_eq(status_of(WTL_SYS_RESUME, 0), WTL_OK);
    cr_assert_eq(kit_ask("it", "get", 0).number, 108);
    kit_close();
}

/* Of those that it was given before: nothing more once it was said that it is suspended. */
SYS(L18_who_is_suspended_handles_nothing_of_what_it_was_given)
{
    begin(isolated, "counter");
    uint64_t before = looker_look("it", WTL_SYS_STATISTICS, 0).figures[0];
    uint64_t given_before = given(isolated);
    looker_tell("it", "wait", 0);
    for (unsigned i = 0; i < 20; i++) {
        looker_tell("it", "add", 1);
    }
    looker_tell("it", "tell", 3);
    while (isolated && given(true) < given_before + 22) {
    }
    looker_ask("it", WTL_SYS_SUSPEND, 0);
    while (isolated && given(true) < given_before + 23) {
    }
    open_gate();
    while (looker_seen(looker_count() - 1).what != WTL_SYS_SUSPEND) {
    }
    uint64_t number = state();
    cr_assert(!isolated || number == 0);
    figures_are(before + 22, 20 - number);
    uint32_t count = looker_count() - 1;
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(state(), number, "it goes on");
    }
    cr_assert_eq(looker_count(), count + 21, "and sends");
    figures_are(before + 22, 20 - number);
    cr_assert_eq(status_of(WTL_SYS_RESUME, 0), WTL_OK);
    cr_assert_eq(kit_ask("it", "get", 0).number, 20);
    kit_close();
}

/* Its own timers, too. */
SYS(L18_who_is_suspended_does_not_tick)
{
    begin(isolated, "counter");
    looker_tell("it", "tick", 0);
    while (state() < 3) {
    }
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    uint64_t number = state();
    for (unsigned i = 0; i < 200; i++) {
        cr_assert_eq(state(), number);
    }
    cr_assert_eq(status_of(WTL_SYS_RESUME, 0), WTL_OK);
    while (state() == number) {
    }
    kit_close();
}

SYS(L18_who_is_suspended_can_be_ended)
{
    begin(isolated, "counter");
    struct wtl_pid pid = wtl_runtime_whereis(kit.runtime, "it");
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    looker_tell("it", "add", 1);
    cr_assert(!wtl_pid_is_none(pid));
    kit_close(); /* within its time: it proves that nobody is left */
}

SYS(L18_who_waits_for_a_reply_shows_its_state)
{
    begin(isolated, "counter");
    (void)wtl_runtime_spawn(kit.runtime, &gate_type, &(struct wtl_spawn_options){.name = "mute"});
    looker_tell("it", "add", 5);
    looker_tell("it", "hold", 0);
    looker_tell("it", "add", 1);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(state(), 5);
    }
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 8), WTL_OK);
    cr_assert_eq(state(), 8);
    kit_close();
}

static WTL_ACTOR(full_type, char, .mailbox_max = 8, .mailbox_policy = WTL_MAILBOX_BLOCK,
                 .handle = nothing);

/* It has sent more than a blocking mailbox takes. */
SYS(L18_who_waits_for_room_shows_its_state)
{
    begin(isolated, "counter");
    (void)wtl_runtime_spawn(kit.runtime, &full_type, &(struct wtl_spawn_options){.name = "full"});
    cr_assert_eq(looker_look("full", WTL_SYS_SUSPEND, 0).status, WTL_OK);
    looker_tell("it", "add", 5);
    looker_tell("it", "fill", 500);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(state(), 5);
    }
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 8), WTL_OK);
    cr_assert_eq(status_of(WTL_SYS_RESUME, 0), WTL_OK);
    cr_assert_eq(state(), 8);
    cr_assert_eq(looker_look("full", WTL_SYS_RESUME, 0).status, WTL_OK);
    cr_assert_eq(kit_ask("it", "get", 0).number, 8);
    kit_close();
}

/* ---- the ends -------------------------------------------------------------------------------- */

SYS(L18_a_state_that_is_not_there_yet)
{
    static const struct looked_settings never = {.later = true};
    (void)kit_supervise("it", open_module(isolated, "counter", 60000), &never);
    cr_assert_eq(status_of(WTL_SYS_STATE, 0), WTL_BUSY);
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 1), WTL_BUSY);
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    cr_assert_eq(status_of(WTL_SYS_RESUME, 0), WTL_OK);
    kit_close();
}

/* Its stop is over, and there is another one. */
static void end_at_last(void)
{
    looker_tell("it", "done", 0);
    while (status_of(WTL_SYS_STATE, 0) != WTL_OK) {
    }
    kit_close();
}

SYS(L18_a_state_of_one_that_ends)
{
    begin(isolated, "counter");
    looker_tell("it", "how", LOOKED_LINGERS);
    looker_tell("it", "end", 0);
    while (status_of(WTL_SYS_STATE, 0) != WTL_CLOSED) {
    }
    cr_assert_eq(status_of(WTL_SYS_REPLACE, 1), WTL_CLOSED);
    end_at_last();
}

/* Its stop waits for a message, which it would never handle. */
SYS(L18_who_is_suspended_takes_its_time_to_stop)
{
    begin(isolated, "counter");
    looker_tell("it", "how", LOOKED_LINGERS);
    (void)state();
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    struct wtl__envelope *order = wtl__envelope_new(WTL__EXIT_SEND);
    wtl__set_reason(order, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    (void)wtl__deliver(wtl__runtime_of(kit.runtime), NULL, wtl_runtime_whereis(kit.runtime, "it"),
                       order);
    while (status_of(WTL_SYS_STATE, 0) != WTL_CLOSED) {
    }
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_CLOSED);
    end_at_last();
}

/* Will end in a moment; what is asked meanwhile is there before it is told to stop. */
static void begin_to_end(bool isolated)
{
    begin(isolated, "counter");
    uint64_t before = given(isolated);
    looker_tell("it", "how", LOOKED_LINGERS);
    looker_tell("it", "end", 50);
    while (isolated && given(true) < before + 2) {
    }
}

SYS(L18_what_is_asked_while_it_begins_to_end)
{
    begin_to_end(isolated);
    looker_ask("it", WTL_SYS_STATISTICS, 0);
    looker_ask("it", WTL_SYS_STATE, 0);
    cr_assert_eq(looker_seen(0).status, WTL_OK);
    cr_assert_eq(looker_seen(1).status, WTL_CLOSED);
    end_at_last();
}

SYS(L18_what_is_sent_while_it_begins_to_end_is_handled)
{
    begin_to_end(isolated);
    looker_tell("it", "tell", 1);
    cr_assert_eq(looker_seen(0).what, LOOKER_CAME);
    end_at_last();
}

SYS(L18_one_that_ends_while_it_shows)
{
    begin(isolated, "counter");
    looker_tell("it", "add", 5);
    looker_tell("it", "how", LOOKED_STOPS);
    looker_ask_states("it", 2);
    struct seen seen = looker_seen(0);
    /* that it ends may be known here before what it has shown */
    cr_assert(seen.status == WTL_OK || (isolated && seen.status == WTL_CLOSED));
    cr_assert_eq(seen.number, seen.status == WTL_OK ? 5 : 0);
    cr_assert_eq(looker_seen(1).status, WTL_CLOSED);
    kit_close();
}

/* What of its own functions breaks there costs its process, and those who wait are told as of any
 * end. */
static void shows_and_dies(enum looked_how how, const char *logged)
{
    (void)kit_supervise("it", open_module(true, "counter", 300), NULL);
    struct answer before = kit_ask_living("it", "get", 0);
    looker_tell("it", "how", how);
    looker_ask_states("it", 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(looker_seen(i).status, WTL_CLOSED, "%u: %s of %d", i,
                     wtl_status_word(looker_seen(i).status), looker_seen(i).what);
    }
    struct answer after = kit_ask_living("it", "get", 0);
    cr_assert(!wtl_pid_equal(before.pid, after.pid));
    cr_assert_eq(state(), 0, "the next one is another one");
    cr_assert(kit_has_logged(logged), "%s", logged);
    cr_assert(kit_has_logged("type=counter in=show"));
    kit_close();
}

Test(sys_there, L18_a_show_that_breaks_ends_its_process)
{
    shows_and_dies(LOOKED_ABORTS, "reason=fault:sigabrt");
}

Test(sys_there, L18_a_show_that_does_not_end_is_out_of_time)
{
    shows_and_dies(LOOKED_ENDLESS, "reason=fault:timeout");
}

/* Nobody is given anything meanwhile: that it was asked is enough to be looked after. */
Test(sys_there, L18_a_process_that_was_stopped_is_found)
{
    (void)kit_supervise("it", open_module(true, "counter", 300), NULL);
    struct answer before = kit_ask_living("it", "process", 0);
    cr_assert_eq(kill((pid_t)before.number, SIGSTOP), 0);
    cr_assert_eq(status_of(WTL_SYS_STATE, 0), WTL_CLOSED);
    cr_assert_neq(kit_ask_living("it", "process", 0).number, before.number);
    cr_assert(kit_has_logged("reason=fault:timeout"));
    kit_close();
}

/* ---- statistics ------------------------------------------------------------------------------ */

SYS(L18_statistics)
{
    begin(isolated, "counter");
    struct seen first = looker_look("it", WTL_SYS_STATISTICS, 0);
    cr_assert_eq(first.status, WTL_OK);
    looker_tell("it", "eat", 10000);
    looker_tell("it", "tell", 3);
    (void)looker_seen(3);
    struct seen second = looker_look("it", WTL_SYS_STATISTICS, 0);
    cr_assert_eq(second.figures[0], first.figures[0] + 2, "handled");
    cr_assert_eq(second.figures[1], 3, "sent");
    cr_assert_eq(second.figures[2], 0, "waiting");
    cr_assert_eq(second.figures[3], first.figures[3] + 10000, "memory");
    cr_assert_eq(status_of(WTL_SYS_SUSPEND, 0), WTL_OK);
    for (unsigned i = 0; i < 50; i++) {
        looker_tell("it", "add", 1);
    }
    struct seen third = looker_look("it", WTL_SYS_STATISTICS, 0);
    cr_assert_eq(third.figures[0], second.figures[0]);
    cr_assert_eq(third.figures[2], 50);
    kit_close();
}

/* ---- trace ----------------------------------------------------------------------------------- */

static void next_is(uint32_t index, enum wtl_trace_what what, enum wtl_trace_kind kind,
                    const char *tag)
{
    struct seen seen = looker_seen(index);
    cr_assert_eq(seen.what, LOOKER_EVENT, "%u", index);
    cr_assert_eq(seen.event.what, what, "%u", index);
    cr_assert_eq(seen.event.kind, kind, "%u", index);
    cr_assert(wtl_tag_equal(seen.event.tag, wtl_tag_make(tag, strlen(tag))), "%u", index);
}

SYS(L18_a_trace_tells_what_goes_in_and_out)
{
    begin(isolated, "counter");
    (void)state();
    cr_assert_eq(status_of(WTL_SYS_TRACE, 6), WTL_OK);
    looker_tell("it", "add", 1);
    next_is(2, WTL_TRACE_IN, WTL_TRACE_MESSAGE, "add");
    looker_tell("it", "tell", 1);
    next_is(3, WTL_TRACE_IN, WTL_TRACE_MESSAGE, "tell");
    next_is(4, WTL_TRACE_OUT, WTL_TRACE_MESSAGE, "came");
    cr_assert_eq(looker_seen(5).what, LOOKER_CAME);
    looker_tell("it", "after", 0);
    next_is(6, WTL_TRACE_IN, WTL_TRACE_MESSAGE, "after");
    next_is(7, WTL_TRACE_IN, WTL_TRACE_MESSAGE, "passed");
    looker_tell("it", "add", 1);
    next_is(8, WTL_TRACE_IN, WTL_TRACE_MESSAGE, "add");
    cr_assert_eq(looker_seen(9).event.what, WTL_TRACE_OVER);
    cr_assert_eq(state(), 2);
    cr_assert_eq(looker_count(), 11);
    kit_close();
}

SYS(L18_a_trace_tells_of_timers)
{
    begin(isolated, "counter");
    cr_assert_eq(status_of(WTL_SYS_TRACE, 4), WTL_OK);
    looker_tell("it", "tick", 0);
    next_is(1, WTL_TRACE_IN, WTL_TRACE_MESSAGE, "tick");
    for (uint32_t i = 2; i < 5; i++) {
        next_is(i, WTL_TRACE_IN, WTL_TRACE_TIMER, "ticked");
    }
    cr_assert_eq(looker_seen(5).event.what, WTL_TRACE_OVER);
    kit_close();
}

SYS(L18_one_that_ends_ends_its_trace)
{
    begin(isolated, "counter");
    cr_assert_eq(status_of(WTL_SYS_TRACE, 10), WTL_OK);
    looker_tell("it", "end", 0);
    next_is(1, WTL_TRACE_IN, WTL_TRACE_MESSAGE, "end");
    cr_assert_eq(looker_seen(2).event.what, WTL_TRACE_OVER);
    kit_close();
}
