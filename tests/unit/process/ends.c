/* ends.c - actors that end while something of theirs is under way, in the node and in a process of
 * their own: what was done before is done, nothing runs afterwards, nothing is left of it. */
#include <stdio.h>

#include "looker.h"
#include "process_kit.h"
#include "so/ends.h"

static const struct wtl__isolated_config isolated_config = {.budget_ms = 60000,
                                                            .may = WTL__MAY_FILES};

static void open_module(bool isolated, const char *name, const char *type)
{
    char whole[32];
    kit_open(2);
    looker_begin(kit.runtime);
    (void)snprintf(whole, sizeof whole, "ends.%s", type);
    const struct wtl_actor *found = NULL;
    if (isolated) {
        (void)kit_isolate(SO("ends"), &isolated_config);
        found = kit_type_of(type);
    } else {
        found = kit_load_here(SO("ends"), whole);
    }
    (void)kit_supervise(name, found, NULL);
    (void)kit_ask_living(name, "get", 0);
}

static void also(const char *name, const char *type)
{
    (void)kit_supervise(name, kit_type_of(type), NULL);
    (void)kit_ask_living(name, "get", 0);
}

/* Nothing of the module has come to harm. */
static void close_whole(void)
{
    kit_close();
    cr_assert(!kit_has_logged("module_process_died"));
    cr_assert(!kit_has_logged("fault:"));
}

/* What has come to the sink, `count` words, is that in all. */
static void words_are(uint32_t count, uint64_t sum)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < count; i++) {
        all += looker_seen(i).number;
    }
    cr_assert_eq(all, sum, "%llu", (unsigned long long)all);
}

/* The stop function was the last that anybody heard of it. */
static void stops_at_last(void)
{
    uint32_t at = 0;
    while (looker_seen(at).number == ENDS_NOTE) {
        at++;
    }
    cr_assert_eq(looker_seen(at).number, ENDS_STOPS);
    (void)kit_ask_living("it", "get", 0);
    cr_assert_eq(looker_count(), at + 1);
    close_whole();
}

/* Both ways. */
#define ENDS(name)                                                                                 \
    static void name(bool isolated);                                                               \
    Test(ends_here, name)                                                                          \
    {                                                                                              \
        name(false);                                                                               \
    }                                                                                              \
    Test(ends_there, name)                                                                         \
    {                                                                                              \
        name(true);                                                                                \
    }                                                                                              \
    static void name(bool isolated)

/* ---- an end and a signal that overtakes it --------------------------------------------------- */

static void open_gate(void)
{
    static WTL_ACTOR(gate, char, .handle = NULL);
    (void)wtl_runtime_spawn(kit.runtime, &gate, &(struct wtl_spawn_options){.name = "gate"});
}

ENDS(nothing_is_handled_after_the_stop_function)
{
    open_module(isolated, "it", "ender");
    kit_tell("it", "signal", 0);
    for (unsigned i = 0; i < 5; i++) {
        kit_tell("it", "note", 0);
    }
    stops_at_last();
}

ENDS(nothing_is_shown_after_the_stop_function)
{
    open_module(isolated, "it", "ender");
    kit_tell("it", "gate_signal", 0);
    looker_ask("it", WTL_SYS_STATE, 0);
    open_gate();
    while (looker_count() < 2) {
    }
    cr_assert_eq(looker_seen(0).number + looker_seen(1).number, ENDS_STOPS);
    close_whole();
}

static void stops_once(bool isolated, const char *tag)
{
    open_module(isolated, "it", "ender");
    kit_tell("it", tag, 0);
    stops_at_last();
}

ENDS(a_stop_that_meets_a_signal)
{
    stops_once(isolated, "signal_stop");
}

ENDS(a_failure_that_meets_a_signal)
{
    stops_once(isolated, "signal_fail");
}

ENDS(a_done_for_nothing_that_meets_a_signal)
{
    stops_once(isolated, "signal_done");
}

ENDS(who_waits_for_an_answer_and_is_told_to_stop_waits_no_more)
{
    open_module(isolated, "it", "ender");
    open_gate();
    kit_tell("it", "how", ENDS_LINGERS);
    kit_tell("it", "signal_hold", 0);
    words_are(1, ENDS_STOPS);
    kit_tell("it", "done", 0);
    (void)kit_ask_living("it", "get", 0);
    close_whole();
}

/* ---- more than one reason -------------------------------------------------------------------- */

static void stops_as_told(bool isolated, const char *tag)
{
    open_module(isolated, "it", "ender");
    struct answer answer = kit_ask("it", tag, 0);
    cr_assert_eq(answer.status, WTL_CLOSED);
    cr_assert(kit_reason_is(answer.reason, "error:told_to"));
    words_are(1, ENDS_STOPS_TOLD);
    close_whole();
}

ENDS(who_stops_and_fails_stops)
{
    stops_as_told(isolated, "stop_fail");
}

ENDS(who_stops_twice_stops_for_the_first_reason)
{
    stops_as_told(isolated, "stop_twice");
}

/* ---- what is done after the end was said ----------------------------------------------------- */

static void goes_on_after_stop(bool isolated, const char *type, uint64_t stops)
{
    open_module(isolated, "it", type);
    struct answer answer = kit_ask("it", "stop_reply", 0);
    cr_assert_eq(answer.status, WTL_OK);
    cr_assert_eq(answer.number, 41);
    words_are(stops != 0 ? 2 : 1, ENDS_NOTE + stops);
    close_whole();
}

ENDS(what_is_done_after_wtl_stop_is_done)
{
    goes_on_after_stop(isolated, "ender", ENDS_STOPS_TOLD);
}

ENDS(what_is_done_after_wtl_stop_is_done_without_a_stop_function)
{
    goes_on_after_stop(isolated, "plain", 0);
}

ENDS(what_is_done_after_wtl_done_is_done)
{
    open_module(isolated, "it", "ender");
    kit_tell("it", "how", ENDS_LINGERS);
    kit_tell("it", "signal", 0);
    words_are(1, ENDS_STOPS);
    struct answer answer = kit_ask("it", "done_reply", 0);
    cr_assert_eq(answer.status, WTL_OK);
    cr_assert_eq(answer.number, 41);
    words_are(2, ENDS_STOPS + ENDS_NOTE);
    close_whole();
}

ENDS(what_is_done_after_wtl_done_in_the_stop_function_is_done)
{
    open_module(isolated, "it", "ender");
    kit_tell("it", "how", ENDS_DONE_IN_STOP);
    kit_tell("it", "signal", 0);
    words_are(2, ENDS_STOPS + ENDS_NOTE);
    close_whole();
}

ENDS(nothing_is_handled_after_wtl_done)
{
    open_module(isolated, "it", "ender");
    kit_tell("it", "how", ENDS_LINGERS);
    kit_tell("it", "signal", 0);
    words_are(1, ENDS_STOPS);
    kit_tell("it", "done_slowly", 0);
    kit_tell("it", "note", 0);
    stops_at_last();
}

/* ---- init ------------------------------------------------------------------------------------ */

ENDS(an_init_that_is_over_before_it_returns)
{
    open_module(isolated, "it", "parent");
    kit_tell("it", "bear", ENDS_INIT_DONE);
    words_are(1, ENDS_STARTED);
    cr_assert_eq(kit_ask("child", "stop_reply", 0).status, WTL_OK);
    words_are(4, ENDS_STARTED + ENDS_NOTE + ENDS_STOPS_TOLD + ENDS_DOWN_TOLD);
    close_whole();
}

static void begins_and_ends(bool isolated, enum ends_init how, uint32_t count, uint64_t sum)
{
    open_module(isolated, "it", "parent");
    kit_tell("it", "bear", how);
    words_are(count, sum);
    close_whole();
}

ENDS(an_init_that_is_over_and_fails)
{
    begins_and_ends(isolated, ENDS_INIT_DONE_FAILS, 3, ENDS_STARTED + ENDS_STOPS + ENDS_DOWN);
}

ENDS(an_init_that_stops)
{
    begins_and_ends(isolated, ENDS_INIT_STOPS, 4,
                    ENDS_NOTE + ENDS_STARTED + ENDS_STOPS_TOLD + ENDS_DOWN_TOLD);
}

ENDS(an_init_that_stops_and_is_not_over)
{
    begins_and_ends(isolated, ENDS_INIT_STOPS_LATER, 2, ENDS_NOT_STARTED + ENDS_DOWN_TOLD);
}

ENDS(an_init_that_stops_and_fails)
{
    begins_and_ends(isolated, ENDS_INIT_STOPS_FAILS, 2, ENDS_NOT_STARTED + ENDS_DOWN_TOLD);
}

/* ---- answers, and what goes on -------------------------------------------------------------- */

ENDS(what_is_begun_waits_for_the_answer_that_is_held_for)
{
    open_module(isolated, "it", "ender");
    open_gate();
    kit_tell("it", "hold", 0);
    cr_assert_eq(looker_seen(0).number, ENDS_REFUSED);
    cr_assert_eq(looker_seen(1).number, ENDS_NOTE);
    close_whole();
}

/* One that has always something to do does not keep others from what they wait for. */
Test(ends_there, work_is_answered_while_others_go_on)
{
    open_module(true, "it", "ender");
    also("busy", "ender");
    kit_tell("busy", "go", 0);
    kit_tell("it", "work", 0);
    words_are(1, ENDS_ANSWERED);
    close_whole();
}

Test(ends_there, descriptors_are_looked_at_while_others_go_on)
{
    open_module(true, "it", "ender");
    also("busy", "ender");
    kit_tell("busy", "go", 0);
    cr_assert_eq(kit_ask("it", "watch", 1).status, WTL_OK);
    words_are(1, ENDS_READY);
    close_whole();
}

/* ---- what must come back --------------------------------------------------------------------- */

/* What an actor has sent is off the account of all when it was carried out, however little of it
 * each of them has sent. */
Test(ends_there, what_was_carried_out_is_off_the_account)
{
    enum { SENDERS = 90, BYTES = 900000 };
    open_module(true, "it", "ender");
    for (unsigned i = 0; i < SENDERS; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "sender%u", i);
        also(name, "ender");
        struct answer answer = kit_ask(name, "send", BYTES);
        cr_assert_eq(answer.number, WTL_OK, "%u: %llu", i, (unsigned long long)answer.number);
    }
    close_whole();
}

/* The same of those that have ended: what they did last nobody carries out. */
Test(ends_there, what_is_not_carried_out_is_off_the_account_too)
{
    enum { TIMES = 90, BYTES = 900000 };
    open_module(true, "it", "ender");
    for (unsigned i = 0; i < TIMES; i++) {
        kit_tell("it", "send_gone", BYTES);
        struct answer answer = kit_ask_living("it", "send", 0);
        cr_assert_eq(answer.number, WTL_OK, "%u: %llu", i, (unsigned long long)answer.number);
    }
    close_whole();
}

Test(ends_there, what_one_that_is_gone_spawns_costs_nothing)
{
    open_module(true, "it", "parent");
    for (unsigned i = 0; i < 2 * WTL__PIPE_SPARES; i++) {
        kit_tell("it", "bear_gone", 0);
        cr_assert_eq(kit_ask_living("it", "get", 0).number, 1, "%u", i);
    }
    close_whole();
}

Test(ends_there, what_cannot_have_its_name_is_forgotten)
{
    open_module(true, "it", "parent");
    uint64_t process = kit_ask("it", "process", 0).number;
    for (unsigned i = 0; i < 200; i++) {
        cr_assert_eq(kit_ask("it", "bear_again", 50).status, WTL_OK);
    }
    cr_assert_eq(kit_ask("it", "process", 0).number, process);
    close_whole();
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* One that ends at the same moment leaves the readiness of others as it is. */
Test(ends_there, who_is_gone_makes_no_other_ready)
{
    open_module(true, "it", "ender");
    also("first", "ender");
    also("second", "ender");
    struct answer fd = kit_ask("first", "watch", 0);
    cr_assert_lt(fd.number, 1024);
    (void)kit_ask("second", "watch", 0);
    kit_tell("it", "end_first", fd.number);
    (void)kit_ask("it", "get", 0);
    cr_assert_eq(kit_ask("second", "get", 0).number, 0);
    close_whole();
}
