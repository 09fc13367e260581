/* stage_kit.c - see stage_kit.h. */
#include "stage_kit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wattle/settings.h>

#include "base/log.h"
#include "base/pool.h"

struct stages stages;

/* What is around the user's actor, as in a flow. */
struct running {
    struct wtl_stage pub;
    const struct wtl_api *base;
    struct wtl_api table;
    struct stage *stage;
    const struct wtl_actor *user;
    struct wtl_key key;
    bool redelivered;
    _Alignas(16) uint8_t state[];
};

struct around {
    struct stage *stage;
    const struct wtl_actor *user;
    void *settings;
};

/* What goes along with a call in place of the user's context, which none of these actors has. */
static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct running *running = self;
    wtl_on_answer user;
    memcpy(&user, context, sizeof user);
    x->stage = &running->pub;
    x->api = &running->table;
    enum wtl_status status = user(x, running->state, answer, NULL);
    x->stage = NULL;
    x->api = running->base;
    return status;
}

static uint64_t work(struct wtl_ctx *x, wtl_work_fn fn, const void *argument, size_t size,
                     const struct wtl_call_options *options)
{
    struct running *running = (struct running *)x->stage;
    struct wtl_call_options own = *options;
    own.on_answer = on_answer;
    own.context = &options->on_answer;
    own.context_size = sizeof options->on_answer;
    return running->base->work(x, fn, argument, size, &own);
}

static enum wtl_status emit(struct wtl_ctx *x, const struct wtl_key *key, const char *port,
                            struct wtl_tag tag, struct wtl_writer *body)
{
    struct stage *stage = ((struct running *)x->stage)->stage;
    (void)key;
    (void)port;
    (void)tag;
    if (stage->credit == 0) {
        wtl_message_drop(x, body);
        return WTL_BUSY;
    }
    cr_assert_lt(stage->emits_count, EMITS_MAX);
    struct emit *out = &stage->emits[stage->emits_count++];
    struct wtl_msg message = {.bytes = body->begin, .size = (uint32_t)wtl_written(body)};
    if (wtl_getf(&message, "delta=%lf", &out->delta) != WTL_OK) {
        out->delta = 0;
    }
    cr_assert_eq(wtl_getf(&message, "seq=%ju at_ms=%ju host=%63s kind=%31s value=%lf unit=%15s",
                          &out->seq, &out->at_ms, out->host, out->kind, &out->value, out->unit),
                 WTL_OK);
    stage->credit--;
    wtl_message_drop(x, body);
    return WTL_OK;
}

static enum wtl_status drop(struct wtl_ctx *x, const char *reason)
{
    struct stage *stage = ((struct running *)x->stage)->stage;
    stage->drops_count++;
    (void)snprintf(stage->drop, sizeof stage->drop, "%s", reason);
    return WTL_OK;
}

static enum wtl_status done(struct wtl_ctx *x, const struct wtl_key *key)
{
    struct stage *stage = ((struct running *)x->stage)->stage;
    cr_assert_lt(stage->done_count, EMITS_MAX);
    stage->done[stage->done_count++] = key->seq;
    return WTL_OK;
}

static struct wtl_key key_of(struct wtl_ctx *x, const struct wtl_msg *message)
{
    (void)message;
    return ((struct running *)x->stage)->key;
}

static bool redelivered(struct wtl_ctx *x, const struct wtl_msg *message)
{
    (void)message;
    return ((struct running *)x->stage)->redelivered;
}

static uint32_t room(struct wtl_ctx *x)
{
    return ((struct running *)x->stage)->stage->credit;
}

static const struct wtl_stage_api api = {.size = sizeof api,
                                         .emit = emit,
                                         .drop = drop,
                                         .done = done,
                                         .room = room,
                                         .key = key_of,
                                         .redelivered = redelivered};

static void enter(struct wtl_ctx *x, struct running *running)
{
    x->stage = &running->pub;
    x->api = &running->table;
}

static void leave(struct wtl_ctx *x, struct running *running)
{
    x->stage = NULL;
    x->api = running->base;
}

static enum wtl_status around_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    const struct around *around = settings;
    struct running *running = self;
    running->pub.api = &api;
    running->base = x->api;
    running->table = *x->api;
    running->table.work = work;
    running->stage = around->stage;
    running->user = around->user;
    enter(x, running);
    enum wtl_status status = around->user->init == NULL
                                 ? WTL_OK
                                 : around->user->init(x, running->state, around->settings, args);
    leave(x, running);
    return status;
}

/* "$in" is a message of the flow: [seq, redelivered], and the body behind it. */
static enum wtl_status around_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct running *running = self;
    struct wtl_msg inner = *message;
    bool of_flow = wtl_is(message, "$in");
    if (of_flow) {
        struct wtl_reader reader = wtl_read(message);
        (void)wtl_get_array(&reader);
        running->key = (struct wtl_key){
            .epoch = 1, .source = {.node = 9, .local = 9}, .seq = wtl_get_u64(&reader)};
        running->redelivered = wtl_get_bool(&reader);
        inner.bytes = reader.at;
        inner.size = (uint32_t)wtl_left(&reader);
        inner.tag = WTL_TAG("data");
    }
    enter(x, running);
    enum wtl_status status = running->user->handle(x, running->state, &inner);
    leave(x, running);
    running->key = (struct wtl_key){0};
    running->stage->acked += of_flow && status == WTL_OK;
    return of_flow && status == WTL_LATER ? WTL_OK : status;
}

static enum wtl_status around_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct running *running = self;
    if (running->user->stop == NULL) {
        return WTL_OK;
    }
    enter(x, running);
    enum wtl_status status = running->user->stop(x, running->state, reason);
    leave(x, running);
    return status;
}

/* ---- the kit ------------------------------------------------------------------------------- */

static void keep_log(void *state, const char *line, size_t length)
{
    size_t used = strlen(stages.log);
    (void)state;
    if (used + length < sizeof stages.log) {
        memcpy(stages.log + used, line, length);
        stages.log[used + length] = '\0';
    }
}

void stages_open(uint64_t seed)
{
    struct wtl_error error = {0};
    stages = (struct stages){.folder = "/tmp/wattle-machine-XXXXXX"};
    cr_assert_not_null(mkdtemp(stages.folder));
    wtl__log_set_sink(wtl__log_process(), keep_log, NULL);
    wtl__log_set_rate(wtl__log_process(), UINT32_MAX);
    enum wtl_status status =
        wtl__module_load(&stages.modules, MACHINE_SO, WTL__MODULE_SEALED, NULL, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    stages.used_bytes = wtl__pool_stats().used_bytes;
    cr_assert_eq(wtl__step_init(&stages.step, 7, seed), WTL_OK);
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *at)
{
    (void)found;
    (void)type;
    (void)at;
    return remove(path);
}

void stages_close(void)
{
    wtl__step_deinit(&stages.step);
    cr_assert_eq(wtl__pool_stats().used_bytes, stages.used_bytes, "bytes were left behind");
    wtl__modules_deinit(&stages.modules);
    (void)nftw(stages.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void stages_settle(void)
{
    wtl__step_settle(&stages.step);
}

void stages_advance(uint64_t ms)
{
    wtl__step_advance(&stages.step, ms);
}

void stage_open(struct stage *stage, const char *name, const char *const *settings)
{
    char full[64];
    (void)snprintf(full, sizeof full, "machine.%s", name);
    const struct wtl_actor *user = wtl__module_actor(&stages.modules, full, NULL);
    cr_assert_not_null(user);
    cr_assert_lt(stages.types_count, STAGES_MAX);
    void *block = stages.settings[stages.types_count];
    for (const struct wtl_field *field = user->fields; field != NULL && field->name != NULL;
         field++) {
        struct wtl_error error;
        const char *text = field->default_;
        for (size_t i = 0; settings[i] != NULL; i += 2) {
            text = strcmp(settings[i], field->name) == 0 ? settings[i + 1] : text;
        }
        cr_assert_not_null(text, "%s is mandatory", field->name);
        cr_assert_eq(wtl_setting_read(field, text, block, &error), WTL_OK);
    }
    struct wtl_actor *type = &stages.types[stages.types_count++];
    *type = (struct wtl_actor){.size = sizeof *type,
                               .name = user->name,
                               .state_size = (uint32_t)(sizeof(struct running) + user->state_size),
                               .settings_size = sizeof(struct around),
                               .init = around_init,
                               .handle = around_handle,
                               .stop = around_stop};
    const struct around around = {.stage = stage, .user = user, .settings = block};
    stage->pid = wtl__spawn(&stages.step.runtime, NULL, type,
                            &(struct wtl_spawn_options){.settings = &around}, 0);
    stages_settle();
}

/* An actor without a parent is stopped as its node does it. */
static void shut_down(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    (void)x;
    if (cell != NULL) {
        wtl__cell_fail(cell, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    }
    wtl__pool_give(control);
}

void stage_stop(struct stage *stage)
{
    struct wtl__control *control = wtl__pool_take(sizeof *control);
    *control = (struct wtl__control){.run = shut_down, .signal.msg.kind_ = WTL__CONTROL};
    (void)wtl__deliver(&stages.step.runtime, NULL, stage->pid, &control->signal);
    stages_settle();
    cr_assert(!stage_lives(stage));
}

bool stage_lives(const struct stage *stage)
{
    return wtl__cells_find(&stages.step.runtime.cells, stage->pid.local) != NULL;
}

static void deliver(struct stage *stage, struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl__envelope *envelope = wtl__message_take(body, WTL__MESSAGE);
    cr_assert_not_null(envelope);
    envelope->msg.tag = tag;
    (void)wtl__deliver(&stages.step.runtime, NULL, stage->pid, envelope);
}

void stage_send(struct stage *stage, uint64_t seq, bool again, const void *bytes, size_t size)
{
    struct wtl_writer body;
    (void)wtl__message_open(&body, size + 32);
    wtl_put_array(&body, 2);
    wtl_put_u64(&body, seq);
    wtl_put_bool(&body, again);
    wtl_put_raw(&body, bytes, size);
    deliver(stage, WTL_TAG("$in"), &body);
}

void stage_tell(struct stage *stage, const char *tag)
{
    deliver(stage, wtl_tag_make(tag, strlen(tag)), NULL);
}

unsigned stages_logged(const char *word)
{
    unsigned count = 0;
    for (const char *at = stages.log; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

const char *stages_path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", stages.folder, name);
    return path;
}

void stages_write(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s", stages_path(name));
    for (char *slash = path + strlen(stages.folder) + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file, "%s", path);
    (void)fputs(text, file);
    (void)fclose(file);
}
