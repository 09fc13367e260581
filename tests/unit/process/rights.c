/* rights.c - what a module may do besides computing: nothing that was not given. */
#include <errno.h>
#include <unistd.h>

#include "process_kit.h"

static void skip_under_a_sanitizer(void)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer opens files and maps code, so it is not fenced in");
    }
}

TestSuite(rights, .init = skip_under_a_sanitizer);

static void open_guest(unsigned may)
{
    const struct wtl__isolated_config config = {.may = may};
    kit_open(2);
    (void)kit_isolate(SO("guest"), &config);
    (void)kit_supervise("victim", kit_type_of("victim"), NULL);
    cr_assert_eq(kit_ask_living("victim", "ping", 0).number, 1);
}

static void fails(const char *tag, int expected)
{
    struct answer answer = kit_ask("victim", tag, 0);
    cr_assert_eq(answer.status, WTL_OK, "%s: %s", tag, wtl_status_word(answer.status));
    cr_assert_eq(answer.number, (uint64_t)expected, "%s: errno %d, not %d", tag, (int)answer.number,
                 expected);
}

Test(rights, X094_nothing_is_allowed_that_was_not_given)
{
    static const char *const tags[] = {"try_open", "try_write",  "try_inet",   "try_unix",
                                       "try_exec", "try_fork",   "try_thread", "try_ptrace",
                                       "try_kill", "try_signal", "try_code",   "try_leak"};
    open_guest(0);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        fails(tags[i], EPERM);
    }
    cr_assert_neq(kit_ask("victim", "ping", 0).number, 1, "the actor has gone on");
    kit_close();
}

Test(rights, X094_files_that_were_given)
{
    open_guest(WTL__MAY_FILES);
    fails("try_open", 0);
    fails("try_write", 0);
    fails("try_leak", EMFILE);
    fails("try_inet", EPERM);
    fails("try_exec", EPERM);
    fails("try_thread", EPERM);
    (void)unlink("/tmp/wattle-guest");
    kit_close();
}

Test(rights, X094_a_network_that_was_given)
{
    open_guest(WTL__MAY_NETWORK);
    fails("try_inet", 0);
    fails("try_exec", EPERM);
    fails("try_fork", EPERM);
    fails("try_kill", EPERM);
    kit_close();
}

/* Descriptors that the node has open are not seen, and not inherited by mistake. */
Test(rights, X094_readiness_of_its_own_descriptors)
{
    const struct wtl__isolated_config config = {.may = WTL__MAY_FILES};
    struct answer answer = {0};
    kit_open(2);
    (void)kit_isolate(SO("story"), &config);
    (void)kit_supervise("story", kit_type_of("teller"), NULL);
    (void)kit_ask_living("story", "report", 0);
    kit_tell("story", "readiness", 0);
    while (strcmp(answer.text, "ok exists ready ready ") != 0) {
        answer = kit_ask("story", "report", 0);
    }
    kit_close();
}
