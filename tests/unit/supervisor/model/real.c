/* real.c - see real.h. */
#include "real.h"

#include <stdio.h>
#include <string.h>

#include "actor/supervisor.h"
#include "base/log.h"
#include "base/pool.h"
#include "sched/step.h"

struct acts_settings {
    int64_t letter;
    bool unlinks;
};

struct acts {
    struct fate fate;
    char letter;
    bool by_itself;
};

static struct {
    struct wtl__step step;
    const struct plan *plan;
    uint64_t began_ns;
    uint64_t bytes_before;
    struct wtl_pid boss;
    struct wtl_pid top;
    bool top_down;
    struct wtl_reason reason;
    struct wtl_pid pids[STARTS_MAX];
    unsigned starts;
    unsigned nth[128];
    const char *answers[OPS_MAX + 1]; /* by number; NULL: not asked */
    unsigned asked;
    unsigned reports[4];
    char trace[4096];
} real;

/* ---- children ------------------------------------------------------------------------------ */

static void trace(char what, char letter)
{
    size_t size = strlen(real.trace);
    (void)snprintf(real.trace + size, sizeof real.trace - size, "%c%c ", what, letter);
}

static enum wtl_status begin_result(const struct acts *acts)
{
    return acts->fate.begin == FAILS     ? WTL_SYSTEM
           : acts->fate.begin == IGNORES ? WTL_IGNORE
                                         : WTL_OK;
}

static enum wtl_status acts_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    const struct acts_settings *own = settings;
    struct acts *acts = self;
    (void)args;
    WTL_ASSERT(real.starts < STARTS_MAX);
    real.pids[real.starts++] = wtl_self(x);
    acts->letter = (char)own->letter;
    acts->fate = fate_of(real.plan, acts->letter, ++real.nth[own->letter]);
    trace('+', acts->letter);
    if (own->unlinks) {
        wtl_unlink(x, wtl_parent(x));
    }
    if (acts->fate.begin != HANGS && acts->fate.begin_ms == 0) {
        return begin_result(acts);
    }
    if (acts->fate.begin != HANGS) {
        (void)wtl_after(x, acts->fate.begin_ms, WTL_TAG("begun"), NULL);
    }
    return WTL_LATER;
}

static enum wtl_status acts_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct acts *acts = self;
    if (wtl_is(message, "begun")) {
        wtl_done(x, begin_result(acts));
        return WTL_OK;
    }
    if (wtl_is(message, "stopped")) {
        wtl_done(x, WTL_OK);
        return WTL_OK;
    }
    acts->by_itself = true;
    if (wtl_is(message, "normal")) {
        return WTL_STOP;
    }
    if (wtl_is(message, "crash")) {
        return WTL_STORAGE;
    }
    wtl_stop(x, (struct wtl_reason){.class_ = WTL_EXIT_SHUTDOWN, .word = message->tag});
    return WTL_OK;
}

static enum wtl_status acts_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    const struct acts *acts = self;
    (void)reason;
    trace('-', acts->letter);
    if (acts->by_itself || (acts->fate.stop == STOPS && acts->fate.stop_ms == 0)) {
        return WTL_OK;
    }
    if (acts->fate.stop == DIES) {
        wtl_exit(x, wtl_self(x), WTL_REASON(WTL_EXIT_KILL, "kill"));
    } else if (acts->fate.stop == STOPS) {
        (void)wtl_after(x, acts->fate.stop_ms, WTL_TAG("stopped"), NULL);
    }
    return WTL_LATER;
}

static const struct wtl_field acts_fields[] = {
    WTL_FIELD(struct acts_settings, letter, I64, NULL, NULL, "Whose fate it has."),
    WTL_FIELD(struct acts_settings, unlinks, BOOL, NULL, NULL, "From its supervisor, at once."),
    {0},
};

static WTL_ACTOR(acts_type, struct acts, .settings_size = sizeof(struct acts_settings),
                 .fields = acts_fields, .init = acts_init, .handle = acts_handle,
                 .stop = acts_stop);

/* ---- the boss ------------------------------------------------------------------------------ */

static enum wtl_status boss_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    real.top_down = true;
    real.reason = down->reason;
    return WTL_OK;
}

static WTL_ACTOR(boss_type, char, .down = boss_down);

struct job {
    struct wtl__control control;
    void (*fn)(struct wtl_ctx *x, const void *argument);
    const void *argument;
};

static void job_run(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    const struct job *job = WTL_CONTAINER(control, struct job, control);
    WTL_ASSERT(cell != NULL);
    job->fn(&x->pub, job->argument);
}

static void on_boss(void (*fn)(struct wtl_ctx *x, const void *argument), const void *argument)
{
    struct job job = {.fn = fn, .argument = argument};
    job.control.signal.msg.kind_ = WTL__CONTROL;
    job.control.run = job_run;
    (void)wtl__deliver(&real.step.runtime, NULL, real.boss, &job.control.signal);
    wtl__step_settle(&real.step);
}

/* ---- what is handed over ------------------------------------------------------------------- */

static const struct acts_settings *settings_of(const struct spec *spec)
{
    static struct acts_settings settings[LETTERS + 1];
    struct acts_settings *own =
        &settings[spec->letter == POOL ? LETTERS : (unsigned)(spec->letter - 'a')];
    *own = (struct acts_settings){.letter = spec->letter, .unlinks = spec->unlinks};
    return own;
}

static struct wtl_child child_of(const struct spec *spec)
{
    static const char ids[] = "a\0b\0c\0d\0e\0f\0z";
    static const enum wtl_restart restarts[] = {
        [PERMANENT] = WTL_PERMANENT, [TRANSIENT] = WTL_TRANSIENT, [TEMPORARY] = WTL_TEMPORARY};
    unsigned at = spec->letter == POOL ? LETTERS : (unsigned)(spec->letter - 'a');
    return (struct wtl_child){.id = &ids[2 * (size_t)at],
                              .type = &acts_type,
                              .settings = settings_of(spec),
                              .restart = restarts[spec->restart],
                              .significant = spec->significant,
                              .start_ms = (uint32_t)spec->start_ms,
                              .shutdown_ms = spec->shutdown_ms == BRUTAL ? WTL_SHUTDOWN_BRUTAL
                                             : spec->shutdown_ms == INFINITE
                                                 ? WTL_SHUTDOWN_INFINITY
                                                 : (uint32_t)spec->shutdown_ms};
}

static void supervise(struct wtl_ctx *x, const void *argument)
{
    static const enum wtl_strategy strategies[] = {[ONE_FOR_ONE] = WTL_ONE_FOR_ONE,
                                                   [ONE_FOR_ALL] = WTL_ONE_FOR_ALL,
                                                   [REST_FOR_ONE] = WTL_REST_FOR_ONE,
                                                   [SIMPLE] = WTL_SIMPLE_ONE_FOR_ONE};
    static const enum wtl_auto_shutdown shutdowns[] = {[SHUTDOWN_NEVER] = WTL_AUTO_SHUTDOWN_NEVER,
                                                       [SHUTDOWN_ANY] = WTL_AUTO_SHUTDOWN_ANY,
                                                       [SHUTDOWN_ALL] = WTL_AUTO_SHUTDOWN_ALL};
    const struct plan *plan = argument;
    struct wtl_child children[LETTERS];
    for (unsigned i = 0; i < plan->count; i++) {
        children[i] = child_of(&plan->specs[i]);
    }
    struct wtl_tree tree = {.strategy = strategies[plan->strategy],
                            .auto_shutdown = shutdowns[plan->auto_shutdown],
                            .intensity =
                                plan->intensity == 0 ? WTL_INTENSITY_NONE : plan->intensity,
                            .period_ms = (uint32_t)plan->period_ms,
                            .children = children,
                            .children_count = plan->count,
                            .children_max = plan->children_max};
    real.top = wtl_supervise(x, &tree, &(struct wtl_spawn_options){.monitor = true});
}

/* ---- operations ---------------------------------------------------------------------------- */

struct doing {
    unsigned number;
    const struct op *op;
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    const unsigned *number = context;
    (void)x;
    (void)self;
    WTL_ASSERT(strcmp(real.answers[*number], "-") == 0);
    real.answers[*number] = wtl_status_word(answer->status);
    return WTL_OK;
}

static void ask(struct wtl_ctx *x, const void *argument)
{
    static const enum wtl_supervisor_verb verbs[] = {[TERMINATE] = WTL_CHILD_TERMINATE,
                                                     [RESTART] = WTL_CHILD_RESTART,
                                                     [DELETE] = WTL_CHILD_DELETE};
    const struct doing *doing = argument;
    const struct op *op = doing->op;
    struct wtl_call_options options = {.deadline_ms = WTL_CALL_FOREVER,
                                       .on_answer = on_answer,
                                       .context = &doing->number,
                                       .context_size = sizeof doing->number};
    struct wtl_child child = child_of(&op->spec);
    bool pool = real.plan->strategy == SIMPLE;
    real.answers[doing->number] = "-";
    if (op->kind == ADD) {
        (void)wtl_supervisor_add(x, real.top, pool ? NULL : &child, &options);
    } else {
        struct wtl_pid pid = pool && op->start > 0 ? real.pids[op->start - 1] : WTL_PID_NONE;
        (void)wtl_supervisor_ask(x, real.top, verbs[op->kind], child.id, pid, &options);
    }
}

static void end_top(struct wtl_ctx *x, const void *argument)
{
    (void)argument;
    wtl_exit(x, real.top, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
}

static void end_child(struct wtl_ctx *x, const void *argument)
{
    static const char *const words[] = {
        [NORMAL] = "normal", [SHUTDOWN] = "shutdown", [SHUTDOWN_X] = "moved", [CRASH] = "crash"};
    const struct op *op = argument;
    struct wtl_pid pid = real.pids[op->start - 1];
    if (op->how == KILL) {
        wtl_exit(x, pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    } else {
        wtl_tell(x, pid, wtl_tag_make(words[op->how], strlen(words[op->how])), NULL);
    }
}

void real_do(unsigned number, const struct op *op)
{
    const struct doing doing = {.number = number, .op = op};
    if (op->kind < END) {
        on_boss(ask, &doing);
    } else {
        on_boss(op->kind == END ? end_child : end_top, op);
    }
    real.asked = number;
}

void real_advance(uint64_t ms)
{
    wtl__step_advance(&real.step, ms);
    wtl__step_settle(&real.step);
}

uint64_t real_now_ms(void)
{
    return (real.step.now_ns - real.began_ns) / 1000000;
}

/* ---- begin and end ------------------------------------------------------------------------- */

static void take_line(void *state, const char *line, size_t length)
{
    static const char *const contexts[] = {"context=start_error ", "context=child_terminated ",
                                           "context=shutdown_error ", "context=shutdown "};
    (void)state;
    (void)length;
    for (size_t i = 0; i < WTL_COUNT(contexts); i++) {
        real.reports[i] += strstr(line, contexts[i]) != NULL;
    }
}

void real_open(const struct plan *plan)
{
    memset(&real, 0, sizeof real);
    wtl__log_set_sink(wtl__log_process(), take_line, NULL);
    wtl__log_set_rate(wtl__log_process(), 1000000);
    wtl__pool_flush();
    real.bytes_before = wtl__pool_stats().used_bytes;
    real.plan = plan;
    enum wtl_status status = wtl__step_init(&real.step, 7, plan->seed);
    WTL_ASSERT(status == WTL_OK);
    real.began_ns = real.step.now_ns;
    real.boss = wtl__spawn(&real.step.runtime, NULL, &boss_type, NULL, 0);
    on_boss(supervise, plan);
}

bool real_close(void)
{
    wtl__step_deinit(&real.step);
    wtl__pool_flush();
    return wtl__pool_stats().used_bytes == real.bytes_before;
}

/* ---- showing ------------------------------------------------------------------------------- */

static void put(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    (void)snprintf(text + used, size - used, "%s", more);
}

static void show_children(const struct wtl__cell *cell, struct view *view)
{
    static uint8_t bytes[65536];
    struct wtl_writer body = wtl_writer_over(bytes, sizeof bytes);
    if (cell == NULL || wtl__supervisor_tree(&real.step.runtime, cell, &body) != WTL_OK) {
        put(view->children, sizeof view->children, "none");
        return;
    }
    struct wtl_reader reader = wtl_reader_over(bytes, wtl_written(&body));
    for (uint32_t left = wtl_get_array(&reader); left > 0; left--) {
        char text[40];
        size_t id_size;
        size_t word_size;
        (void)wtl_get_array(&reader);
        const char *id = wtl_get_str(&reader, &id_size);
        (void)wtl_get_u64(&reader);
        (void)wtl_get_u64(&reader);
        const char *word = wtl_get_str(&reader, &word_size);
        (void)wtl_get_u64(&reader);
        WTL_ASSERT(!reader.failed);
        (void)snprintf(text, sizeof text, "%s%.*s %.*s", view->children[0] == '\0' ? "" : ", ",
                       (int)id_size, id, (int)word_size, word);
        put(view->children, sizeof view->children, text);
    }
}

void real_show(struct view *view_out, unsigned *ties_out)
{
    char text[40];
    const struct wtl__cell *cell = wtl__cells_find(&real.step.runtime.cells, real.top.local);
    *view_out = (struct view){
        .restarts = (unsigned)atomic_load(&real.step.runtime.counters[WTL__COUNT_RESTARTS])};
    *ties_out = cell != NULL ? cell->ties.count : 0;
    memcpy(view_out->reports, real.reports, sizeof real.reports);
    memcpy(view_out->trace, real.trace, sizeof real.trace);
    if (real.top_down) {
        put(view_out->end, sizeof view_out->end, wtl_reason_text(real.reason, text));
    }
    view_out->live = wtl__step_live(&real.step) - 1 - (cell != NULL);
    show_children(cell, view_out);
    for (unsigned i = 1; i <= real.asked; i++) {
        if (real.answers[i] != NULL) {
            (void)snprintf(text, sizeof text, "%u:%s ", i, real.answers[i]);
            put(view_out->answers, sizeof view_out->answers, text);
        }
    }
}
