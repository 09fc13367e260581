/* process_kit.c - see process_kit.h. */
#include "process_kit.h"

#include <dirent.h>
#include <sys/wait.h>

#include <wattle/supervisor.h>

#include "base/log.h"
#include "sched/system.h"

struct stage_of_test kit;

static unsigned fds_before;
static struct wtl__modules loaded;

/* ---- the log ------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    size_t used;
    char text[65536];
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep_log(void *state, const char *line, size_t length)
{
    (void)state;
    (void)pthread_mutex_lock(&logged.lock);
    if (logged.used + length < sizeof logged.text) {
        memcpy(logged.text + logged.used, line, length);
        logged.used += length;
        logged.text[logged.used] = '\0';
    }
    (void)pthread_mutex_unlock(&logged.lock);
}

bool kit_has_logged(const char *text)
{
    (void)pthread_mutex_lock(&logged.lock);
    bool has = strstr(logged.text, text) != NULL;
    (void)pthread_mutex_unlock(&logged.lock);
    return has;
}

/* ---- the asker ----------------------------------------------------------------------------- */

/* One question at a time: the test waits for its answer. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_there;
    struct answer answer;
} box = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl_reader reader = wtl_read(&answer->message);
    (void)x;
    (void)self;
    (void)context;
    (void)pthread_mutex_lock(&box.lock);
    box.answer =
        (struct answer){.status = answer->status, .reason = answer->reason, .pid = answer->pid};
    if (wtl_peek(&reader) == WTL_PACK_INT) {
        box.answer.number = wtl_get_u64(&reader);
    } else if (wtl_peek(&reader) == WTL_PACK_STR) {
        size_t size = 0;
        const char *text = wtl_get_str(&reader, &size);
        size = size < sizeof box.answer.text - 1 ? size : sizeof box.answer.text - 1;
        memcpy(box.answer.text, text, size);
    }
    box.is_there = true;
    (void)pthread_cond_signal(&box.came);
    (void)pthread_mutex_unlock(&box.lock);
    return WTL_OK;
}

static enum wtl_status asker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    char name[64];
    char tag[16];
    unsigned long number;
    struct wtl_writer body;
    (void)self;
    if (wtl_getf(message, "[%63s %15s %lu]", name, tag, &number) != WTL_OK) {
        return WTL_BAD_PAYLOAD;
    }
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number);
    if (wtl_is(message, "tell")) {
        (void)!wtl_tell_name(x, name, wtl_tag_make(tag, strlen(tag)), &body);
    } else {
        (void)wtl_call_name(
            x, name, wtl_tag_make(tag, strlen(tag)), &body,
            &(struct wtl_call_options){.on_answer = on_answer, .deadline_ms = 30000});
    }
    return WTL_OK;
}

static WTL_ACTOR(asker_type, char, .handle = asker_handle);

static void command(struct wtl_tag what, const char *name, const char *tag, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 64);
    wtl_putf(&body, "[%s %s %lu]", name, tag, (unsigned long)number);
    cr_assert_eq(wtl_runtime_tell(kit.runtime, kit.asker, what, &body), WTL_OK);
}

struct answer kit_ask(const char *name, const char *tag, uint64_t number)
{
    box.is_there = false;
    command(WTL_TAG("ask"), name, tag, number);
    (void)pthread_mutex_lock(&box.lock);
    while (!box.is_there) {
        (void)pthread_cond_wait(&box.came, &box.lock);
    }
    struct answer answer = box.answer;
    (void)pthread_mutex_unlock(&box.lock);
    return answer;
}

struct answer kit_ask_living(const char *name, const char *tag, uint64_t number)
{
    struct answer answer;
    do {
        answer = kit_ask(name, tag, number);
    } while (answer.status == WTL_NOT_FOUND || answer.status == WTL_NO_PROCESS ||
             answer.status == WTL_CLOSED);
    return answer;
}

void kit_tell(const char *name, const char *tag, uint64_t number)
{
    command(WTL_TAG("tell"), name, tag, number);
}

/* ---- opening and closing -------------------------------------------------------------------- */

static unsigned count_fds(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count;
}

static void create(unsigned workers)
{
    struct wtl_error error = {0};
    const struct wtl_runtime_options options = {.workers = workers};
    enum wtl_status status = wtl_runtime_create(&options, &kit.runtime, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
}

void kit_open(unsigned workers)
{
    create(1); /* the first loop of a process makes what every later one shares */
    wtl_runtime_destroy(kit.runtime);
    logged.used = 0;
    logged.text[0] = '\0';
    wtl__log_set_sink(wtl__log_process(), keep_log, NULL);
    wtl__log_set_rate(wtl__log_process(), UINT32_MAX);
    fds_before = count_fds();
    create(workers);
    kit.asker = wtl_runtime_spawn(kit.runtime, &asker_type, NULL);
}

struct wtl__isolated *kit_isolate(const char *path, const struct wtl__isolated_config *config)
{
    struct wtl_error error = {0};
    struct wtl__isolated_config own = config != NULL ? *config : (struct wtl__isolated_config){0};
    own.program = MODULE_HOST;
    enum wtl_status status = wtl__isolated_open(path, &own, &kit.module, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    return kit.module;
}

const struct wtl_actor *kit_load_here(const char *path, const char *type)
{
    struct wtl_error error = {0};
    enum wtl_status status = wtl__module_load(&loaded, path, WTL__MODULE_SEALED, NULL, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    fds_before++; /* the image of a module that was loaded stays */
    return wtl__module_actor(&loaded, type, NULL);
}

void kit_close(void)
{
    wtl_runtime_stop(kit.runtime, 5000);
    wtl_runtime_destroy(kit.runtime);
    wtl__isolated_close(kit.module);
    kit.module = NULL;
    wtl__modules_deinit(&loaded);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "a child is left");
    cr_assert_eq(count_fds(), fds_before, "descriptors are left");
}

const struct wtl_actor *kit_type_of(const char *name)
{
    const struct wtl_module *module = wtl__isolated_module(kit.module);
    for (uint32_t i = 0; i < module->actors_count; i++) {
        if (strcmp(module->actors[i]->name, name) == 0) {
            return module->actors[i];
        }
    }
    cr_assert_fail("no actor %s", name);
    return NULL;
}

bool kit_reason_is(struct wtl_reason reason, const char *text)
{
    char buffer[40];
    return strcmp(wtl_reason_text(reason, buffer), text) == 0;
}

struct wtl_pid kit_supervise(const char *name, const struct wtl_actor *type, const void *settings)
{
    const struct wtl_child child = {.id = name, .name = name, .type = type, .settings = settings};
    const struct wtl_tree tree = {
        .children = &child, .children_count = 1, .intensity = 1000, .period_ms = 60000};
    return wtl_runtime_supervise(kit.runtime, &tree, NULL);
}
