/* process_kit.c - see process_kit.h. */
#include "process_kit.h"

#include <dirent.h>
#include <sys/wait.h>

#include <wattle/supervisor.h>

#include "base/log.h"
#include "module/guard.h"
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

/* ---- asking -------------------------------------------------------------------------------- */

struct answer kit_ask(const char *name, const char *tag, uint64_t number)
{
    return asker_ask(&kit.asker, name, tag, number);
}

struct answer kit_ask_living(const char *name, const char *tag, uint64_t number)
{
    return asker_ask_living(&kit.asker, name, tag, number);
}

void kit_tell(const char *name, const char *tag, uint64_t number)
{
    asker_tell(&kit.asker, name, tag, number);
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
    asker_begin(&kit.asker, kit.runtime);
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
    bool on = false;
    status = wtl__guard_attach(wtl__runtime_of(kit.runtime), WTL__GUARD_AUTO, &on, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    fds_before++; /* the image of a module that was loaded stays */
    return wtl__module_actor(&loaded, type, NULL);
}

void kit_close(void)
{
    wtl_runtime_stop(kit.runtime, 5000);
    wtl__guard_detach(wtl__runtime_of(kit.runtime)); /* if a module was loaded here */
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
