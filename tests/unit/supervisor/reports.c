/* reports.c - what supervisors and crashing actors say in the log, field by field. */
#include "kit.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

/* "42.7" */
static const char *text_of(struct wtl_pid pid)
{
    static char texts[4][40];
    static unsigned next;
    char *text = texts[next++ % WTL_COUNT(texts)];
    (void)snprintf(text, sizeof texts[0], "%lu.%lu", pid.local & WTL_PID_SLOT_MAX,
                   pid.local >> WTL_PID_SLOT_BITS);
    return text;
}

static void open_json(uint64_t seed)
{
    kit_open(seed);
    wtl__log_set_format(wtl__log_process(), WTL__LOG_JSON);
    wtl__log_set_level(wtl__log_process(), WTL__LOG_DEBUG);
}

/* The log has exactly this line, apart from its time, which comes first. */
__attribute__((format(printf, 1, 2))) static void expect_line(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    cr_assert(size > 0 && (size_t)size < sizeof line);
    const char *at = strstr(kit.log, line);
    cr_assert_not_null(at, "no line has %s in\n%s", line, kit.log);
    static const char head[] = "{\"time\":\"1970-01-01T00:00:00.000Z\",";
    cr_assert(at - kit.log >= (long)sizeof head - 1);
    const char *begin = at - (sizeof head - 1);
    cr_assert(begin == kit.log || begin[-1] == '\n', "%s", begin);
    cr_assert(strncmp(begin, "{\"time\":\"", 9) == 0);
    cr_assert(at[size] == '\n', "the line goes on: %s", at);
}

Test(supervisor, S21_progress_report)
{
    open_json(1);
    struct wtl_child bottom[] = {CHILD("c")};
    struct wtl_tree low = TREE(bottom);
    struct wtl_child children[] = {
        CHILD("a"),
        CHILD("b", .restart = WTL_TRANSIENT, .significant = true,
              .shutdown_ms = WTL_SHUTDOWN_BRUTAL),
        {.id = "low", .tree = &low, .name = "lower", .restart = WTL_TEMPORARY}};
    struct wtl_pid top = kit_supervise(&TREE(children, .auto_shutdown = WTL_AUTO_SHUTDOWN_ANY));
    struct wtl_pid inner = wtl__name_find(&kit.step.runtime, "lower");
    expect_line("\"level\":\"debug\",\"event\":\"progress_report\",\"supervisor\":\"%s\","
                "\"child\":\"a\",\"pid\":\"%s\",\"type\":\"kit_worker\",\"kind\":\"worker\","
                "\"restart\":\"permanent\",\"significant\":false,\"shutdown\":\"5000\","
                "\"restarts\":0}",
                text_of(top), text_of(kit_pid("a")));
    expect_line("\"level\":\"debug\",\"event\":\"progress_report\",\"supervisor\":\"%s\","
                "\"child\":\"b\",\"pid\":\"%s\",\"type\":\"kit_worker\",\"kind\":\"worker\","
                "\"restart\":\"transient\",\"significant\":true,\"shutdown\":\"brutal_kill\","
                "\"restarts\":0}",
                text_of(top), text_of(kit_pid("b")));
    expect_line("\"level\":\"debug\",\"event\":\"progress_report\",\"supervisor\":\"%s\","
                "\"child\":\"low\",\"pid\":\"%s\",\"type\":\"supervisor\","
                "\"kind\":\"supervisor\",\"restart\":\"temporary\",\"significant\":false,"
                "\"shutdown\":\"infinity\",\"restarts\":0}",
                text_of(top), text_of(inner));
    cr_assert_not_null(strstr(kit.log, "\"supervisor\":\"lower\",\"child\":\"c\""),
                       "one that has a name is called by it");
    kit_close();
}

/* Those that it does not concern: a child that is ignored, one that fails, and a pool's. */
Test(supervisor, S21_no_progress_is_reported_where_there_is_none)
{
    open_json(1);
    struct wtl_child children[] = {CHILD("a"), CHILD("b")};
    kit_script("a")->ignore_starts = 1;
    struct wtl_pid top = kit_supervise(&TREE(children));
    kit_script("c")->fail_starts = 1;
    (void)kit_added(top, &(struct wtl_child)CHILD("c"), WTL_SYSTEM);
    cr_assert_null(strstr(kit.log, "\"child\":\"a\""));
    cr_assert_not_null(strstr(kit.log, "\"child\":\"b\""));
    cr_assert_null(strstr(kit.log, "\"child\":\"c\""));
    kit_end(top);
    kit_settle();
    struct wtl_child spec[] = {CHILD("z")};
    struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
    (void)kit_added(pool, NULL, WTL_OK);
    cr_assert_null(strstr(kit.log, "\"child\":\"z\""));
    kit_close();
}

#define OFFENDER                                                                                   \
    "\"child\":\"%s\",\"pid\":\"%s\",\"type\":\"kit_worker\",\"kind\":\"worker\","                 \
    "\"restart\":\"permanent\",\"significant\":false,\"shutdown\":\"5000\",\"restarts\":%d}"
#define REPORT(reason_context)                                                                     \
    "\"level\":\"error\",\"event\":\"supervisor_report\",\"supervisor\":\"%s\"," reason_context    \
        OFFENDER

Test(supervisor, S21_supervisor_reports)
{
    open_json(1);
    struct wtl_child children[] = {CHILD("a"), CHILD("b")};
    struct wtl_pid top = kit_supervise(&TREE(children, INTENSITY(2, 1000)));
    struct wtl_pid first = kit_pid("a");
    struct wtl_pid b = kit_pid("b");
    kit_script("a")->fail_starts = 1;
    kit_script("b")->die_in_stop = true;
    kit_do(first, "crash");
    kit_settle();
    struct wtl_pid second = kit_pid("a");
    expect_line(REPORT("\"context\":\"child_terminated\",\"reason\":\"error:storage_full\","),
                text_of(top), "a", text_of(first), 0);
    /* the actor whose start has failed never was its child: the pid is the one before */
    expect_line(REPORT("\"context\":\"start_error\",\"reason\":\"error:system\","), text_of(top),
                "a", text_of(first), 1);
    kit_kill(second);
    kit_settle();
    cr_assert(kit.top_down);
    expect_line(REPORT("\"context\":\"child_terminated\",\"reason\":\"killed\","), text_of(top),
                "a", text_of(second), 2);
    expect_line(REPORT("\"context\":\"shutdown\",\"reason\":\"reached_max_restart_intensity\","),
                text_of(top), "a", text_of(second), 2);
    expect_line(REPORT("\"context\":\"shutdown_error\",\"reason\":\"killed\","), text_of(top), "b",
                text_of(b), 0);
    kit_close();
}

Test(supervisor, S21_crash_reports)
{
    open_json(1);
    struct wtl_child children[] = {CHILD("a", .name = "the-one")};
    struct wtl_pid top = kit_supervise(&TREE(children));
    struct wtl_pid old = kit_pid("a");
    kit_do(old, "nothing");
    kit_do(old, "nothing");
    kit_settle();
    kit_script("a")->traps = true;
    kit_do(old, "crash");
    kit_do(old, "never seen");
    kit_settle();
    expect_line("\"level\":\"error\",\"event\":\"crash_report\",\"pid\":\"%s\","
                "\"name\":\"the-one\",\"type\":\"kit_worker\",\"reason\":\"error:storage_full\","
                "\"message\":\"\",\"parent\":\"%s\",\"mailbox\":1,\"handled\":3,"
                "\"memory_bytes\":0,\"links\":1,\"watchers\":0,\"owed\":0,\"traps_exits\":false}",
                text_of(old), text_of(top));
    kit_forget();
    kit_kill(kit_pid("a"));
    kit_settle();
    cr_assert_null(strstr(kit.log, "crash_report"), "one that is killed says nothing");
    kit_do(kit_pid("a"), "normal");
    kit_settle();
    cr_assert_null(strstr(kit.log, "crash_report"), "nor does one that has finished");
    kit_do(kit_pid("a"), "crash");
    kit_settle();
    cr_assert_not_null(strstr(kit.log, "\"traps_exits\":true"));
    kit_close();
}
