/* report.c - what the log says of a process that has died: enough to find the line. */
#include "process_kit.h"

static void dies_of(const char *tag, uint32_t budget_ms)
{
    const struct wtl__isolated_config config = {.budget_ms = budget_ms};
    kit_open(2);
    (void)kit_isolate(SO("guest"), &config);
    (void)kit_supervise("victim", kit_type_of("victim"), NULL);
    (void)kit_ask_living("victim", "ping", 0);
    (void)kit_ask("victim", "process", 0);
    cr_assert_eq(kit_ask("victim", tag, 0).status, WTL_CLOSED);
    (void)kit_ask_living("victim", "ping", 0);
}

static void is_said(const char *text)
{
    cr_assert(kit_has_logged(text), "%s", text);
}

Test(report, X087_names_actor_message_signal_and_calls)
{
    dies_of("callback", 5000);
    is_said("module_process_died module=guest reason=fault:sigsegv");
    is_said("type=victim in=handle message=callback recent=\"ping process callback\"");
    is_said(" frames=");
#if !WTL_SANITIZED
    is_said("libc.so.6+"); /* qsort, between the handler and what it was given */
    is_said("victim_handle+");
#endif
    kit_close();
}

Test(report, X088_names_who_calls_itself)
{
    dies_of("recurse", 5000);
    is_said("reason=fault:stack_overflow");
#if !WTL_SANITIZED
    is_said("frames=\"recurse+");
#endif
    kit_close();
}

/* It is asked where it is before it is killed. */
Test(report, X091_says_where_the_loop_is)
{
    dies_of("loop", 300);
    is_said("reason=fault:timeout");
    is_said("message=loop");
#if !WTL_SANITIZED
    is_said("victim_handle+");
#endif
    kit_close();
}
