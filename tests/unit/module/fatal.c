/* fatal.c - faults that nobody can answer for kill the process as ever, after a record that says
 * where it was, what ran, and why it was not contained. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ending.h"
#include "module_kit.h"

/* Tells a victim to fault; never returns, or the parent sees that. */
static void fault_with(void *argument)
{
    struct asker asker;
    (void)kit_load(SO("faulty"));
    asker_open(&asker, 1);
    const struct wtl_spawn_options options = {.name = "victim"};
    (void)wtl_runtime_spawn(asker.runtime, wtl__module_actor(&kit_modules, "faulty.victim", NULL),
                            &options);
    (void)asker_ask_living(&asker, "victim", argument, 1);
    (void)asker_ask_living(&asker, "victim", "ping", 1); /* what a worker thread does comes later */
    for (;;) {
        (void)pause();
    }
}

static void dies_with(const char *tag, int signal, const char *const *words)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer reports faults itself");
    }
    char text[16384];
    int came = ending_signal(fault_with, (void *)tag, text, sizeof text);
    cr_assert_eq(came, signal, "signal %d: %s", came, text);
    for (; *words != NULL; words++) {
        cr_assert_not_null(strstr(text, *words), "no \"%s\" in: %s", *words, text);
    }
}
#define DIES(tag, signal, ...) dies_with(tag, signal, (const char *const[]){__VA_ARGS__, NULL})

Test(fatal, X089_in_the_runtime)
{
    DIES("runtime", SIGSEGV, "fatal sigsegv", "address 0x8", "type victim", "named victim",
         "message runtime", "the code is not a module's", "victim_handle");
}

Test(fatal, X089_in_the_c_library)
{
    DIES("libc", SIGSEGV, "fatal sigsegv", "libc.so.6+0x", "the code is not a module's");
}

/* The module's code has faulted, but a library has called it. */
Test(fatal, X089_in_a_callback_of_a_library)
{
    DIES("callback", SIGSEGV, "at faulty+0x", "compare+0x", "another library has called into");
}

Test(fatal, X087_a_jump_to_nowhere)
{
    DIES("jump", SIGSEGV, "0x10 (in nothing that is loaded)", "in no code");
}

Test(fatal, X087_on_the_work_pool)
{
    DIES("work", SIGSEGV, "at faulty+0x", "no actor was running", "runs no function of an actor");
}

Test(fatal, X090_abort)
{
    DIES("abort", SIGABRT, "fatal sigabrt", "message abort", "abort was called", "libc.so.6+0x");
}

/* Never a stop in order, whatever the code: a watchdog starts the node again. */
Test(fatal, X090_exit)
{
    DIES("exit", SIGABRT, "fatal exit", "at faulty+0x", "message exit", "exit was called");
}

static void signal_sent(void *argument)
{
    struct asker asker;
    (void)argument;
    (void)kit_load(SO("faulty"));
    asker_open(&asker, 1);
    (void)kill(getpid(), SIGSEGV);
    for (;;) {
        (void)pause();
    }
}

Test(fatal, X087_a_signal_that_was_sent)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer reports faults itself");
    }
    char text[4096];
    cr_assert_eq(ending_signal(signal_sent, NULL, text, sizeof text), SIGSEGV);
    cr_assert_not_null(strstr(text, "was sent"), "%s", text);
}
