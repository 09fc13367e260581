/* kit.c - see kit.h. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/pool.h"

struct kit kit;

/* ---- children ------------------------------------------------------------------------------ */

struct worker {
    struct script *script;
    const char *text; /* of its settings */
    char letter;
};

static void trace(char what, char letter)
{
    size_t size = strlen(kit.trace);
    if (size + 4 < sizeof kit.trace) {
        (void)snprintf(kit.trace + size, 4, "%s%c%c", size == 0 ? "" : " ", what, letter);
    }
}

static enum wtl_status start_result(struct wtl_ctx *x, struct script *script)
{
    if (script->ignore_starts > 0) {
        script->ignore_starts--;
        return WTL_IGNORE;
    }
    if (script->pass_starts > 0) {
        script->pass_starts--;
    } else if (script->fail_starts > 0) {
        script->fail_starts--;
        return WTL_SYSTEM;
    }
    if (script->crash_when_up) {
        wtl_continue(x, WTL_TAG("crash"), NULL);
    }
    return WTL_OK;
}

static enum wtl_status worker_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    const struct kit_settings *own = settings;
    struct worker *worker = self;
    char text[16];
    (void)args;
    worker->letter = (char)('a' + own->letter);
    worker->script = &kit.script[own->letter];
    worker->text = own->text;
    (void)snprintf(text, sizeof text, "text of %c", worker->letter);
    cr_assert_str_eq(own->text, text); /* settings are copied with their strings */
    if (worker->script->starts < KIT_TIMES) {
        worker->script->started_ms[worker->script->starts] = wtl_now_ns(x) / 1000000;
    }
    worker->script->starts++;
    worker->script->pid = wtl_self(x);
    trace('+', worker->letter);
    if (worker->script->traps) {
        wtl_trap_exits(x, true);
    }
    if (worker->script->unlinks) {
        wtl_unlink(x, wtl_parent(x));
    }
    if (worker->script->hang_start) {
        return WTL_LATER;
    }
    if (worker->script->start_delay_ms > 0) {
        (void)wtl_after(x, (uint64_t)worker->script->start_delay_ms, WTL_TAG("ready"), NULL);
        return WTL_LATER;
    }
    return start_result(x, worker->script);
}

/* Runs `fn` as if this handler took its time: the others go on meanwhile. */
static void in_handler(struct wtl_ctx *pub, void (*fn)(void))
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__ctx saved = *x;
    fn();
    x->cell = saved.cell;
    x->current = saved.current;
    x->sent = saved.sent;
    x->overdraft = saved.overdraft;
    x->blocked_on = saved.blocked_on;
}

static enum wtl_status worker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct worker *worker = self;
    if (wtl_is(message, "ready")) {
        wtl_done(x, start_result(x, worker->script));
    } else if (wtl_is(message, "stopped")) {
        wtl_done(x, WTL_OK);
    } else if (wtl_is(message, "normal")) {
        return WTL_STOP;
    } else if (wtl_is(message, "shutdown")) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    } else if (wtl_is(message, "shutdown_x")) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_SHUTDOWN, "moved"));
    } else if (wtl_is(message, "crash")) {
        return WTL_STORAGE;
    } else if (wtl_is(message, "hold")) {
        struct wtl_call_options options = {.hold = true, .deadline_ms = WTL_CALL_FOREVER};
        (void)wtl_call(x, kit.boss, WTL_TAG("never"), NULL, &options);
    } else if (wtl_is(message, "work") && worker->script->in_handler != NULL) {
        in_handler(x, worker->script->in_handler);
    } else if (wtl_is(message, "lie")) { /* says to its supervisor that it has crashed */
        wtl_exit(x, wtl_parent(x), WTL_REASON(WTL_EXIT_ERROR, "lie"));
    }
    return WTL_OK;
}

static enum wtl_status worker_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct worker *worker = self;
    char text[16];
    (void)reason;
    (void)snprintf(text, sizeof text, "text of %c", worker->letter);
    cr_assert_str_eq(worker->text, text, "they last as long as the actor");
    worker->script->stops++;
    trace('-', worker->letter);
    if (worker->script->die_in_stop) {
        wtl_exit(x, wtl_self(x), WTL_REASON(WTL_EXIT_KILL, "kill"));
        return WTL_LATER;
    }
    if (worker->script->stop_delay_ms > 0) {
        (void)wtl_after(x, (uint64_t)worker->script->stop_delay_ms, WTL_TAG("stopped"), NULL);
        return WTL_LATER;
    }
    return worker->script->hang_stop ? WTL_LATER : WTL_OK;
}

static const struct wtl_field worker_fields[] = {
    WTL_FIELD(struct kit_settings, letter, I64, NULL, NULL, "Which script it follows."),
    WTL_FIELD(struct kit_settings, text, STR, NULL, NULL, "Proves that strings are copied."),
    {0},
};

const struct wtl_actor kit_worker = {
    .size = sizeof(struct wtl_actor),
    .name = "kit_worker",
    .state_size = sizeof(struct worker),
    .settings_size = sizeof(struct kit_settings),
    .fields = worker_fields,
    .init = worker_init,
    .handle = worker_handle,
    .stop = worker_stop,
};

/* ---- the boss ------------------------------------------------------------------------------ */

static enum wtl_status boss_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    if (wtl_is(message, "started") && message->kind_ == WTL__LOCAL &&
        wtl_pid_equal(message->from, kit.top)) {
        kit.top_started = true;
    }
    return WTL_OK;
}

static enum wtl_status boss_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    if (wtl_pid_equal(down->pid, kit.top)) {
        kit.top_down = true;
        kit.top_reason = down->reason;
    }
    return WTL_OK;
}

static const struct wtl_actor boss_type = {
    .size = sizeof(struct wtl_actor),
    .name = "boss",
    .mailbox_max = WTL_MAILBOX_LIMIT,
    .handle = boss_handle,
    .down = boss_down,
};

/* ---- the host ------------------------------------------------------------------------------ */

static void take_line(void *state, const char *line, size_t length)
{
    (void)state;
    size_t size = strlen(kit.log);
    if (size + length < sizeof kit.log) {
        memcpy(kit.log + size, line, length);
        kit.log[size + length] = '\0';
    }
}

bool kit_open(uint64_t seed)
{
    memset(&kit, 0, sizeof kit);
    kit.seed = seed;
    wtl__pool_flush();
    kit.bytes_before = wtl__pool_stats().used_bytes;
    wtl__log_set_sink(wtl__log_process(), take_line, NULL);
    wtl__log_set_rate(wtl__log_process(), 1000000);
    cr_assert_eq(wtl__step_init(&kit.step, 7, seed), WTL_OK);
    kit.boss = wtl__spawn(&kit.step.runtime, NULL, &boss_type, NULL, 0);
    kit_settle();
    return true;
}

/* Ends what is left in order, and finds nothing left. */
void kit_close(void)
{
    if (!wtl_pid_is_none(kit.top) && !kit.top_down) {
        kit_end(kit.top);
        kit_advance(60000);
        cr_assert(kit.top_down, "the supervisor has not ended");
    }
    cr_assert_eq(wtl__step_live(&kit.step), 1, "%u actors are left besides the boss",
                 wtl__step_live(&kit.step) - 1);
    kit_kill(kit.boss);
    kit_settle();
    cr_assert_eq(wtl__step_live(&kit.step), 0);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel), "a timer is left");
    wtl__step_deinit(&kit.step);
    wtl__pool_flush();
    cr_assert_eq(wtl__pool_stats().used_bytes, kit.bytes_before, "memory is left");
}

void kit_settle(void)
{
    wtl__step_settle(&kit.step);
}

void kit_advance(uint64_t ms)
{
    wtl__step_advance(&kit.step, ms);
    kit_settle();
}

void kit_at(uint64_t ms_since_open)
{
    uint64_t now_ms = kit.step.now_ns / 1000000 - 1000000;
    cr_assert_geq(ms_since_open, now_ms);
    kit_advance(ms_since_open - now_ms);
}

struct script *kit_script(const char *letter)
{
    return &kit.script[letter[0] - 'a'];
}

/* ---- doing things -------------------------------------------------------------------------- */

struct job {
    struct wtl__control control;
    void (*fn)(struct wtl_ctx *x, void *argument);
    void *argument;
    bool done;
};

static void job_run(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct job *job = WTL_CONTAINER(control, struct job, control);
    cr_assert_not_null(cell, "the boss has ended");
    job->fn(&x->pub, job->argument);
    job->done = true;
}

void kit_run(void (*fn)(struct wtl_ctx *x, void *argument), void *argument)
{
    struct job job = {.fn = fn, .argument = argument};
    job.control.signal.msg.kind_ = WTL__CONTROL;
    job.control.run = job_run;
    (void)wtl__deliver(&kit.step.runtime, NULL, kit.boss, &job.control.signal);
    while (!job.done) {
        cr_assert(wtl__step_one(&kit.step));
    }
}

static void supervise(struct wtl_ctx *x, void *argument)
{
    struct wtl_spawn_options options = {.monitor = true, .ack = true};
    kit.top_started = false;
    kit.top_down = false;
    kit.top = wtl_supervise(x, argument, &options);
}

struct wtl_pid kit_supervise(const struct wtl_tree *tree)
{
    kit_run(supervise, (void *)(uintptr_t)tree);
    kit_settle();
    return kit.top;
}

static void end(struct wtl_ctx *x, void *argument)
{
    wtl_exit(x, *(struct wtl_pid *)argument, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
}

void kit_end(struct wtl_pid supervisor)
{
    kit_run(end, &supervisor);
}

static void deliver(struct wtl_pid to, enum wtl__kind kind, struct wtl_tag tag, unsigned class_)
{
    struct wtl__envelope *envelope = wtl__envelope_new(kind);
    cr_assert_not_null(envelope);
    wtl__set_reason(envelope,
                    (struct wtl_reason){.class_ = (enum wtl_exit_class)class_, .word = tag});
    (void)wtl__deliver(&kit.step.runtime, NULL, to, envelope);
}

void kit_do(struct wtl_pid pid, const char *what)
{
    if (strcmp(what, "kill") == 0) {
        kit_kill(pid);
    } else {
        deliver(pid, WTL__MESSAGE, wtl_tag_make(what, strlen(what)), 0);
    }
}

void kit_kill(struct wtl_pid pid)
{
    deliver(pid, WTL__EXIT_SEND, WTL_TAG("kill"), WTL_EXIT_KILL);
}

struct wtl_pid kit_pid(const char *letter)
{
    return kit_script(letter)->pid;
}

bool kit_lives(struct wtl_pid pid)
{
    return wtl__cells_find(&kit.step.runtime.cells, pid.local) != NULL;
}

/* ---- what was said ------------------------------------------------------------------------- */

unsigned kit_reports(const char *context)
{
    char text[64];
    unsigned count = 0;
    (void)snprintf(text, sizeof text, "context=%s ", context);
    for (const char *at = kit.log; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

void kit_forget(void)
{
    kit.trace[0] = '\0';
    kit.log[0] = '\0';
}
