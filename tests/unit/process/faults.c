/* faults.c - whatever a module does costs its process alone: its actors end with the reason, and
 * their supervisor starts them again, in a new process. */
#include "process_kit.h"

/* Short where it must pass, long where a busy machine could use it up. */
static struct wtl__isolated_config config_for(const char *reason)
{
    return (struct wtl__isolated_config){.budget_ms =
                                             strcmp(reason, "fault:timeout") == 0 ? 300 : 5000,
                                         .memory_max = 32u * 1024 * 1024};
}

static void costs_the_process(const char *tag, const char *reason)
{
    const struct wtl__isolated_config config = config_for(reason);
    kit_open(2);
    (void)kit_isolate(SO("guest"), &config);
    (void)kit_supervise("victim", kit_type_of("victim"), NULL);
    struct answer before = kit_ask_living("victim", "ping", 0);
    cr_assert_eq(before.status, WTL_OK, "%s", wtl_status_word(before.status));
    cr_assert_eq(before.number, 1);
    struct answer process = kit_ask("victim", "process", 0);
    struct answer fault = kit_ask("victim", tag, 0);
    cr_assert_eq(fault.status, WTL_CLOSED, "%s: %s", tag, wtl_status_word(fault.status));
    char text[40];
    cr_assert(kit_reason_is(fault.reason, reason), "%s: %s, not %s", tag,
              wtl_reason_text(fault.reason, text), reason);
    struct answer after = kit_ask_living("victim", "ping", 0);
    cr_assert_eq(after.status, WTL_OK);
    cr_assert_eq(after.number, 1, "its state is new");
    cr_assert(!wtl_pid_equal(after.pid, before.pid));
    cr_assert_neq(kit_ask("victim", "process", 0).number, process.number);
    cr_assert(kit_has_logged("module_process_died"));
    kit_close();
}

#define COSTS(test, tag, reason)                                                                   \
    Test(faults, test)                                                                             \
    {                                                                                              \
        costs_the_process(tag, reason);                                                            \
    }

COSTS(X087_null, "null", "fault:sigsegv")
COSTS(X087_a_jump_to_nowhere, "jump", "fault:sigsegv")
COSTS(X088_recursion, "recurse", "fault:stack_overflow")
COSTS(X089_a_fault_below_the_c_library, "callback", "fault:sigsegv")
COSTS(X089_a_fault_of_blocking_work, "work", "fault:sigsegv")
/* What corrupts the heap and is noticed by the C library; what nobody notices costs it later. */
#if !WTL_SANITIZED
COSTS(X093_a_block_that_is_freed_twice, "double_free", "fault:sigabrt")
#endif
COSTS(X090_abort, "abort", "fault:sigabrt")
COSTS(X090_exit_0, "exit", "fault:exit_0")
COSTS(X090_exit_7, "_exit", "fault:exit_7")
COSTS(X090_kill, "kill", "fault:sigkill")
COSTS(X091_an_endless_loop, "loop", "fault:timeout")
COSTS(X091_a_handler_that_blocks, "block", "fault:timeout")
COSTS(X091_a_process_that_was_stopped, "stopped", "fault:timeout")
COSTS(X095_a_closed_socket, "close", "fault:closed")
COSTS(X095_garbage, "garbage", "fault:proto_error")
COSTS(X095_a_question_that_is_none, "question", "fault:proto_error")
COSTS(X095_an_answer_that_nobody_waits_for, "answer", "fault:proto_error")
COSTS(X095_a_trace_of_what_there_is_not, "handling", "fault:proto_error")
COSTS(X095_questions_whose_answers_it_does_not_read, "ask_on", "fault:proto_error")
COSTS(X095_a_failure_when_all_is_loaded, "fail", "fault:load")
COSTS(X095_a_claim_of_4_gigabytes, "claim", "fault:proto_error")
/* other processors give 0, or trap as for a debugger; a sanitizer sees it before the processor */
#if defined __x86_64__ && !WTL_SANITIZED
COSTS(X087_division_by_zero, "divide", "fault:sigfpe")
COSTS(X087_an_illegal_instruction, "illegal", "fault:sigill")
#endif

/* Who asks is looked up among the actors of this process: another one's pid is refused, and costs
 * nothing, because it may have been the process's a moment ago. */
Test(faults, X095_a_question_in_the_name_of_another)
{
    kit_open(2);
    (void)kit_isolate(SO("guest"), NULL);
    (void)kit_supervise("victim", kit_type_of("victim"), NULL);
    cr_assert_eq(kit_ask_living("victim", "ping", 0).number, 1);
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(kit_ask("victim", "forge", 0).number, 1);
    }
    cr_assert_eq(kit_ask("victim", "ping", 0).number, 22);
    cr_assert(!kit_has_logged("module_process_died"));
    kit_close();
}

/* Nor does an answer for one that has ended perhaps, or a trace that has. */
Test(faults, X095_answers_that_come_too_late)
{
    kit_open(2);
    (void)kit_isolate(SO("guest"), NULL);
    (void)kit_supervise("victim", kit_type_of("victim"), NULL);
    cr_assert_eq(kit_ask_living("victim", "ping", 0).number, 1);
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(kit_ask("victim", "harmless", 0).number, 1);
    }
    cr_assert_eq(kit_ask("victim", "ping", 0).number, 22);
    cr_assert(!kit_has_logged("module_process_died"));
    kit_close();
}

static void skip_under_a_sanitizer(void)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer maps more than any limit");
    }
}

TestSuite(memory, .init = skip_under_a_sanitizer);

Test(memory, X092_a_leak)
{
    costs_the_process("hog", "fault:memory");
}

Test(memory, X092_ten_gigabytes)
{
    costs_the_process("hog10G", "fault:memory");
}
