/* contain.c - a fault of a module ends one actor as any other end does: seen by its watchers, its
 * callers and its spawner, with nothing left behind. In virtual time, from seeds. */
#include "module/guard.h"

#include <stdio.h>

#include "actor/kit.h"
#include "module_kit.h"
#include "so/victim.h"

#include "base/log.h"
#include "base/pool.h"
#include "table/retire.h"

#define SEEDS 8u

static struct kit kit;
static struct kit_puppet watcher;
static char log_text[16384];

static void keep_log(void *state, const char *line, size_t length)
{
    size_t used = strlen(log_text);
    (void)state;
    if (used + length < sizeof log_text) {
        memcpy(log_text + used, line, length);
        log_text[used + length] = '\0';
    }
}

static void skip_under_a_sanitizer(void)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer wants to see the fault itself");
    }
}

TestSuite(contain, .init = skip_under_a_sanitizer);

static void open_kit(uint64_t seed)
{
    struct wtl_error error = {0};
    bool on = false;
    log_text[0] = '\0';
    wtl__log_set_sink(wtl__log_process(), keep_log, NULL);
    wtl__log_set_rate(wtl__log_process(), UINT32_MAX);
    kit_init(&kit, seed);
    cr_assert_eq(wtl__guard_attach(&kit.step.runtime, WTL__GUARD_ON, &on, &error), WTL_OK);
    cr_assert(on);
    (void)kit_load(SO("faulty"));
    (void)kit_spawn(&kit, &watcher, NULL);
}

static void close_kit(void)
{
    wtl__guard_detach(&kit.step.runtime);
    kit_deinit(&kit);
    wtl__modules_deinit(&kit_modules);
}

#define EACH_SEED                                                                                  \
    for (uint64_t seed = 1; seed <= SEEDS && (open_kit(seed), true); close_kit(), seed++)

static const struct wtl_actor *victim_type(void)
{
    return wtl__module_actor(&kit_modules, "faulty.victim", NULL);
}

/* Spawns a victim, which the watcher monitors. */
static struct wtl_pid victim(const void *settings)
{
    const struct wtl_spawn_options options = {.settings = settings};
    struct wtl_pid pid = wtl__spawn(&kit.step.runtime, NULL, victim_type(), &options, 0);
    kit_monitor(&kit, &watcher, pid);
    return pid;
}

static void calls(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    const char *tag = cmd->user;
    kit_body(x, &body, 1);
    (void)wtl_call(x, cmd->pid, wtl_tag_make(tag, strlen(tag)), &body, KIT_CALL(p));
}

static void call(struct wtl_pid pid, const char *tag)
{
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = calls, .pid = pid, .user = (void *)tag});
}

static void calls_twice(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static char ping[] = "ping";
    struct kit_cmd second = {.pid = cmd->pid, .user = ping};
    calls(x, p, cmd);
    calls(x, p, &second);
}

/* A call and a "ping" behind it, which waits already when the call is handled. */
static void call_and_ping(struct wtl_pid pid, const char *tag)
{
    kit_do(&kit, &watcher, (struct kit_cmd){.fn = calls_twice, .pid = pid, .user = (void *)tag});
}

#define EXPECT_DOWN(text)                                                                          \
    cr_assert(kit_reason_is(kit_only(&watcher, KIT_DOWN)->reason, (text)), "not %s", (text))

static void faults_with(const char *tag, const char *reason)
{
    EACH_SEED
    {
        struct wtl_pid pid = victim(NULL);
        call(pid, "ping");
        kit_settle(&kit);
        call_and_ping(pid, tag); /* the ping is never handled: refused with the same reason */
        kit_settle(&kit);
        EXPECT_DOWN(reason);
        cr_assert(!kit_lives(&kit, pid));
        cr_assert_eq(kit_nth(&watcher, KIT_ANSWER, 0)->status, WTL_OK);
        for (uint32_t i = 1; i < 3; i++) {
            const struct kit_event *answer = kit_nth(&watcher, KIT_ANSWER, i);
            cr_assert_eq(answer->status, WTL_CLOSED, "%s: %d", tag, (int)answer->status);
            cr_assert(kit_reason_is(answer->reason, reason));
        }
        /* the others go on: this one, and a new one of the same type */
        call(wtl__spawn(&kit.step.runtime, NULL, victim_type(), NULL, 0), "ping");
        kit_settle(&kit);
        cr_assert_eq(kit_nth(&watcher, KIT_ANSWER, 3)->number, 1);
    }
}

Test(contain, X087_null)
{
    faults_with("null", "fault:sigsegv");
}

/* What a table was about to show it is given back. */
Test(contain, X087_in_a_select)
{
    faults_with("select", "fault:sigsegv");
}

Test(contain, X087_a_bad_memcpy)
{
    faults_with("memcpy", "fault:sigsegv");
}

Test(contain, X087_a_bad_strlen)
{
    faults_with("strlen", "fault:sigsegv");
}

Test(contain, X087_division_by_zero)
{
#ifdef __x86_64__ /* other processors give 0 */
    faults_with("divide", "fault:sigfpe");
#endif
}

Test(contain, X087_an_illegal_instruction)
{
#ifdef __x86_64__ /* others trap as for a debugger */
    faults_with("illegal", "fault:sigill");
#endif
}

Test(contain, X087_a_bus_error)
{
    faults_with("bus", "fault:sigbus");
}

Test(contain, X088_recursion)
{
    faults_with("recurse", "fault:stack_overflow");
}

/* What a flow has put into the context for one stage is not seen by the next actor. */
Test(contain, X087_in_a_stage_of_a_flow)
{
    faults_with("stage", "fault:sigsegv");
}

Test(contain, X087_after_a_reply)
{
    EACH_SEED
    {
        call(victim(NULL), "replied");
        kit_settle(&kit);
        EXPECT_DOWN("fault:sigsegv");
        cr_assert_eq(kit_only(&watcher, KIT_ANSWER)->number, 7);
    }
}

Test(contain, X087_with_a_message_kept)
{
    EACH_SEED
    {
        call(victim(NULL), "kept");
        kit_settle(&kit);
        EXPECT_DOWN("fault:sigsegv");
        cr_assert_eq(kit_only(&watcher, KIT_ANSWER)->status, WTL_CLOSED);
    }
}

/* The kit proves that no byte is left. */
Test(contain, X087_with_messages_that_were_not_sent)
{
    EACH_SEED
    {
        call(victim(NULL), "opened");
        kit_settle(&kit);
        EXPECT_DOWN("fault:sigsegv");
        cr_assert_eq(kit_only(&watcher, KIT_ANSWER)->number, 2);
    }
}

/* Opened in one batch, grown and sent in another, and open when a third one faults. */
Test(contain, X087_with_messages_that_are_kept_open)
{
    EACH_SEED
    {
        struct wtl_pid pid = victim(NULL);
        static const char *const tags[] = {"open_later", "send_one", "open_later", "null"};
        for (size_t i = 0; i < WTL_COUNT(tags); i++) {
            call(pid, tags[i]);
            kit_settle(&kit);
            if (i == 1) {
                cr_assert_eq(kit_only(&watcher, KIT_ANSWER)->number, 1);
            }
        }
        EXPECT_DOWN("fault:sigsegv");
    }
}

/* Where the pool stands when all is given back that others have freed. */
static uint64_t used_bytes(void)
{
    wtl__retired_wait();
    wtl__pool_flush();
    return wtl__pool_stats().used_bytes;
}

/* Once, and so much later that it is no quarantine. */
static void fault_with(const char *tag)
{
    struct wtl_pid pid = victim(NULL);
    call(pid, tag);
    kit_settle(&kit);
    call(pid, "null");
    kit_settle(&kit);
    EXPECT_DOWN("fault:sigsegv");
    watcher.count = 0;
    log_text[0] = '\0';
    kit_advance(&kit, 15001);
}

/* Each of them in turn: with what it had opened, kept, borrowed, asked and not answered. */
Test(contain, X078_a_thousand_faults_leave_nothing)
{
    static const char *const tags[] = {"null",   "select", "replied",   "kept",
                                       "opened", "answer", "open_later"};
    open_kit(1);
    uint64_t before = 0;
    for (unsigned round = 0; round < 1000 / WTL_COUNT(tags) + 2; round++) {
        for (size_t i = 0; i < WTL_COUNT(tags); i++) {
            fault_with(tags[i]);
        }
        uint64_t now = used_bytes();
        if (round == 1) { /* tables that have grown stay so */
            before = now;
        }
        cr_assert(round < 2 || now == before, "round %u leaves %ld bytes", round,
                  (long)(now - before));
    }
    close_kit();
}

Test(contain, X087_in_an_answer)
{
    EACH_SEED
    {
        call(victim(NULL), "answer");
        kit_settle(&kit);
        EXPECT_DOWN("fault:sigsegv");
    }
}

static void spawn_with_args(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer args;
    const struct victim_settings settings = {.in_init = 1, .name = ""};
    (void)p;
    (void)cmd;
    kit_body(x, &args, 9);
    (void)wtl_spawn(x, victim_type(),
                    &(struct wtl_spawn_options){
                        .settings = &settings, .args = &args, .monitor = true, .ack = true});
}

Test(contain, X087_in_init)
{
    EACH_SEED
    {
        kit_do(&kit, &watcher, (struct kit_cmd){.fn = spawn_with_args});
        kit_settle(&kit);
        EXPECT_DOWN("fault:sigsegv");
        cr_assert(wtl_tag_equal(kit_only(&watcher, KIT_MESSAGE)->tag, WTL_TAG("not_started")));
    }
}

Test(contain, X087_in_stop)
{
    EACH_SEED
    {
        const struct victim_settings settings = {.in_stop = true, .name = ""};
        call(victim(&settings), "stop");
        kit_settle(&kit);
        EXPECT_DOWN("fault:sigsegv");
    }
}

/* The report names the actor, the message, the place and the functions. */
Test(contain, X087_the_report)
{
    EACH_SEED
    {
        struct wtl_pid pid = victim(NULL);
        char words[64];
        call(pid, "null");
        kit_settle(&kit);
        (void)snprintf(words, sizeof words, "pid=%u.%llu", (unsigned)(pid.local & WTL_PID_SLOT_MAX),
                       (unsigned long long)(pid.local >> WTL_PID_SLOT_BITS));
        const char *const expected[] = {
            "module_fault", "signal=sigsegv", "at=faulty+0x", "module=faulty",    "version=0.1.0",
            "type=victim",  "message=null",   "address=0x8",  "victim_handle+0x", words};
        for (size_t i = 0; i < WTL_COUNT(expected); i++) {
            cr_assert_not_null(strstr(log_text, expected[i]), "no %s in %s", expected[i], log_text);
        }
        cr_assert_eq(kit_counter(&kit, WTL__COUNT_CRASHED), 1);
    }
}

static void spawn_refused(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    (void)wtl_spawn(x, victim_type(), &(struct wtl_spawn_options){.monitor = true});
}

static void fault_once(void)
{
    watcher.count = 0;
    call(victim(NULL), "null");
    kit_settle(&kit);
    EXPECT_DOWN("fault:sigsegv");
}

/* Four faults within the time, as often as one likes; the fifth is one too many. */
Test(contain, X087_five_faults_in_a_minute_are_quarantine)
{
    EACH_SEED
    {
        for (unsigned i = 0; i < 12; i++) {
            fault_once();
            kit_advance(&kit, 15001); /* five of them take more than a minute */
        }
        kit_advance(&kit, 60001);
        for (unsigned i = 0; i < WTL__MODULE_FAULTS_MAX; i++) {
            cr_assert_null(strstr(log_text, "module_quarantined"));
            fault_once();
            kit_advance(&kit, 14000);
        }
        cr_assert_not_null(strstr(log_text, "module_quarantined"));
        watcher.count = 0;
        kit_do(&kit, &watcher, (struct kit_cmd){.fn = spawn_refused});
        kit_settle(&kit);
        EXPECT_DOWN("error:module_fault");
        /* other types start as before */
        struct kit_puppet other = {0};
        struct wtl_pid alive = kit_spawn(&kit, &other, NULL);
        kit_settle(&kit);
        cr_assert(kit_lives(&kit, alive));
        kit_exit(&kit, &watcher, alive, WTL_REASON(WTL_EXIT_KILL, "kill"));
        kit_settle(&kit);
    }
}

/* A debugger and a sanitizer want to see the fault itself. */
Test(guard, X087_not_under_a_sanitizer)
{
    struct wtl_error error = {0};
    bool on = true;
    kit_init(&kit, 1);
    cr_assert_eq(wtl__guard_attach(&kit.step.runtime, WTL__GUARD_AUTO, &on, &error), WTL_OK);
    cr_assert_eq(on, !WTL_SANITIZED);
    wtl__guard_detach(&kit.step.runtime);
    cr_assert_eq(wtl__guard_attach(&kit.step.runtime, WTL__GUARD_OFF, &on, &error), WTL_OK);
    cr_assert(!on);
    kit_deinit(&kit);
}
