/* module_desk.c - see module_desk.h. */
#include "node/module_desk.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/registry.h"
#include "module/describe.h"
#include "module/upgrade.h"

static struct wtl__module_desk *desk_of(struct wtl__desk *desk)
{
    return WTL_CONTAINER(desk, struct wtl__module_desk, desk);
}

/* ---- upgrades ---------------------------------------------------------------------------------
 */

/* One that goes on; on the stack of whoever waits for it. */
struct waiting {
    struct wtl__module_desk *desk;
    bool is_over;
    struct wtl_error error;
    char from[WTL__VERSION_MAX + 1];
    char to[WTL__VERSION_MAX + 1];
    uint32_t actors;
};

/* Flows start the new version's actors from here on, and know its settings. */
static void switched(void *context, const struct wtl__module *module)
{
    (void)context;
    for (uint32_t i = 0; i < module->entry->actors_count; i++) {
        if (wtl_flow_registry_add(module->entry->name, module->entry->actors[i]) != WTL_OK) {
            wtl__log(wtl__log_process(), WTL__LOG_ERROR, "flow_types_full",
                     WTL__LOG_TEXT("module", module->entry->name),
                     WTL__LOG_TEXT("actor", module->entry->actors[i]->name));
        }
    }
}

static void done(void *context, const struct wtl__module_outcome *outcome)
{
    struct waiting *waiting = context;
    struct wtl__module_desk *desk = waiting->desk;
    (void)pthread_mutex_lock(&desk->lock);
    waiting->error = outcome->error;
    waiting->actors = outcome->actors;
    (void)snprintf(waiting->from, sizeof waiting->from, "%s", outcome->from);
    (void)snprintf(waiting->to, sizeof waiting->to, "%s", outcome->to);
    waiting->is_over = true;
    (void)pthread_cond_signal(&desk->ended);
    (void)pthread_mutex_unlock(&desk->lock);
}

/* Begins it, and waits for its end. */
static enum wtl_status run(struct wtl__module_desk *desk, const struct wtl__desk_order *order,
                           struct wtl__image *image, struct waiting *waiting,
                           struct wtl_error *error)
{
    struct wtl__module_order all = {.runtime = desk->runtime,
                                    .upgrader = desk->upgrader,
                                    .modules = desk->modules,
                                    .name = order->name,
                                    .image = image,
                                    .how = wtl__trust_how(desk->trust),
                                    .within_ms = order->within_ms,
                                    .context = waiting,
                                    .switched = switched,
                                    .done = done};
    enum wtl_status status = wtl__module_upgrade(&all, error);
    if (status != WTL_OK) {
        return status;
    }
    (void)pthread_mutex_lock(&desk->lock);
    while (!waiting->is_over) {
        (void)pthread_cond_wait(&desk->ended, &desk->lock);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    *error = waiting->error;
    return error->status;
}

/* It runs: nothing older is run from now on. That it cannot be remembered undoes nothing. */
static void keep(struct wtl__module_desk *desk, const char *path, const struct wtl_release *release)
{
    struct wtl_error error = {.status = WTL_OK};
    if (wtl__trust_keep(desk->trust, path, release, &error) != WTL_OK) {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "module_release_forgotten",
                 WTL__LOG_TEXT("error", error.text));
    }
}

/* Fails: WTL_UNSUPPORTED for one in a process of its own. */
static enum wtl_status check_place(const struct wtl__module_desk *desk, const char *name,
                                   struct wtl_error *error)
{
    for (uint32_t i = 0; i < desk->isolated->count; i++) {
        if (strcmp(wtl__isolated_module(desk->isolated->items[i])->name, name) == 0) {
            return wtl_fail(error, WTL_UNSUPPORTED,
                            "module %s runs in a process of its own, and only those of the node's "
                            "process go over while they run: start the node with the new file",
                            name);
        }
    }
    return WTL_OK;
}

static enum wtl_status upgrade_now(struct wtl__module_desk *desk,
                                   const struct wtl__desk_order *order, char text[512],
                                   struct wtl_error *error)
{
    struct wtl__image image;
    struct wtl_release release;
    struct waiting waiting = {.desk = desk};
    uint64_t begun_ns = wtl__clock_now_ns(wtl__clock_system());
    int64_t now_s = (int64_t)(wtl__clock_wall_ns(wtl__clock_system()) / WTL__NS_PER_S);
    enum wtl_status status = check_place(desk, order->name, error);
    if (status == WTL_OK) {
        status = wtl__trust_open(desk->trust, order->path, now_s, &image, &release, error);
    }
    if (status == WTL_OK) {
        status = run(desk, order, &image, &waiting, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    keep(desk, order->path, &release);
    uint64_t took_ns = wtl__clock_now_ns(wtl__clock_system()) - begun_ns;
    (void)snprintf(text, 512, "%s %s -> %s: %u actor%s went over, in %llu ms", order->name,
                   waiting.from, waiting.to, (unsigned)waiting.actors,
                   waiting.actors == 1 ? "" : "s", (unsigned long long)(took_ns / WTL__NS_PER_MS));
    return WTL_OK;
}

static void upgrade(struct wtl__desk *pub, const struct wtl__desk_order *order)
{
    struct wtl__module_desk *desk = desk_of(pub);
    struct wtl_error error = {.status = WTL_OK};
    struct wtl_writer body;
    char text[512] = "";
    enum wtl_status status;
    /* acquire and release: what the one before has made of the trust */
    if (atomic_exchange_explicit(&desk->busy, true, memory_order_acquire)) {
        status = wtl_fail(&error, WTL_BUSY, "another upgrade goes on: try again");
    } else {
        status = upgrade_now(desk, order, text, &error);
        atomic_store_explicit(&desk->busy, false, memory_order_release);
    }
    if (status == WTL_DENIED) { /* the file is, and not whoever asks */
        status = WTL_IDENTITY;
    }
    (void)wtl__message_open(&body, sizeof text);
    wtl_put_strz(&body, status == WTL_OK ? text : error.text);
    wtl__answer(desk->runtime, NULL, order->asker, order->request, status, WTL_PID_NONE,
                wtl__message_take(&body, WTL__ANSWER));
}

/* ---- versions ---------------------------------------------------------------------------------
 */

static void *look(struct wtl__desk *pub, struct wtl__ctx *x, struct wtl_pid asker, uint64_t request)
{
    struct wtl__module_desk *desk = desk_of(pub);
    struct wtl__census_row apart[WTL__MODULES_MAX];
    for (uint32_t i = 0; i < desk->isolated->count; i++) {
        const struct wtl__isolated *isolated = desk->isolated->items[i];
        apart[i] = (struct wtl__census_row){.entry = wtl__isolated_module(isolated),
                                            .bytes = isolated->image.size,
                                            .loaded_ns = isolated->opened_ns,
                                            .runs = true,
                                            .is_apart = true,
                                            .has = wtl__isolated_has};
    }
    return wtl__census_begin(desk->runtime, x, desk->modules, apart, desk->isolated->count, asker,
                             request);
}

static uint32_t put(struct wtl__desk *pub, void *which, struct wtl_writer *rows)
{
    const struct wtl__census *census = which;
    uint64_t now_ns = wtl__clock_now_ns(wtl__clock_system());
    (void)pub;
    for (uint32_t i = 0; i < census->rows_count; i++) {
        const struct wtl__census_row *row = &census->rows[i];
        const struct wtl_module *entry = row->entry;
        uint32_t actors = wtl__census_actors(census, i);
        char abi[16];
        (void)snprintf(abi, sizeof abi, "%u.%u", entry->abi_major, entry->abi_minor);
        wtl_put_array(rows, 7);
        wtl_put_strz(rows, entry->name);
        wtl_put_strz(rows, entry->version);
        wtl_put_strz(rows, row->is_apart ? "process"
                           : row->runs   ? "runs"
                           : actors > 0  ? "ending"
                                         : "kept");
        wtl_put_u64(rows, actors);
        wtl_put_strz(rows, abi);
        wtl_put_u64(rows, row->bytes);
        wtl_put_u64(rows, (now_ns - row->loaded_ns) / WTL__NS_PER_MS);
    }
    return census->rows_count;
}

static void end(struct wtl__desk *pub, void *which)
{
    (void)pub;
    wtl__census_release(which);
}

enum wtl_status wtl__module_desk_init(struct wtl__module_desk *desk, struct wtl__runtime *runtime,
                                      struct wtl__modules *modules,
                                      const struct wtl__isolated_list *isolated,
                                      struct wtl__trust *trust, struct wtl_error *error)
{
    desk->desk = (struct wtl__desk){.upgrade = upgrade, .look = look, .put = put, .end = end};
    desk->runtime = runtime;
    desk->modules = modules;
    desk->isolated = isolated;
    desk->trust = trust;
    (void)pthread_mutex_init(&desk->lock, NULL);
    (void)pthread_cond_init(&desk->ended, NULL);
    desk->upgrader = wtl__upgrader_spawn(runtime);
    return wtl_pid_is_none(desk->upgrader)
               ? wtl_fail(error, WTL_NO_MEMORY, "no memory for the upgrader")
               : WTL_OK;
}

void wtl__module_desk_deinit(struct wtl__module_desk *desk)
{
    if (desk->runtime != NULL) {
        (void)pthread_cond_destroy(&desk->ended);
        (void)pthread_mutex_destroy(&desk->lock);
    }
}
