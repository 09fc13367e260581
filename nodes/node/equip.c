/* equip.c - see equip.h. */
#include "node/equip.h"

#include <stdlib.h>

#include "base/log.h"
#include "flow/host.h"
#include "module/guard.h"
#include "module/module.h"
#include "node/module_desk.h"
#include "node/module_option.h"
#include "sched/system.h"

struct flow {
    char name[WTL_NAME_MAX + 1];
    uint8_t *packed;
    size_t packed_size;
    char *source;
    size_t source_size;
};

struct wtl__equipment {
    struct wtl__node *node;
    struct wtl__runtime *runtime;
    struct wtl__modules modules;
    struct wtl__trust *trust;
    struct wtl__isolated_list isolated;
    struct wtl__module_desk desk;
    struct wtl_pid host;
    bool is_guarded;
    uint32_t flows_count;
    struct flow flows[WTL__EQUIP_FLOWS_MAX];
};

/* ---- modules ----------------------------------------------------------------------------------
 */

/* The types of a module, made known to flows. */
static enum wtl_status add_types(const struct wtl_module *entry, struct wtl_error *error)
{
    for (uint32_t i = 0; i < entry->actors_count; i++) {
        enum wtl_status status = wtl_flow_registry_add(entry->name, entry->actors[i]);
        if (status != WTL_OK) {
            return wtl_fail(error, status, "module %s: this node has %u types of actors already",
                            entry->name, WTL_FLOW_TYPES_MAX);
        }
    }
    return WTL_OK;
}

static const struct wtl_module *find_isolated(const struct wtl__equipment *equipment,
                                              const char *name)
{
    for (uint32_t i = 0; i < equipment->isolated.count; i++) {
        const struct wtl_module *module = wtl__isolated_module(equipment->isolated.items[i]);
        if (strcmp(module->name, name) == 0) {
            return module;
        }
    }
    return NULL;
}

const struct wtl_module *wtl__equip_module(const struct wtl__equipment *equipment, const char *name)
{
    const struct wtl__module *module = wtl__module_find(&equipment->modules, name);
    return module != NULL ? module->entry : find_isolated(equipment, name);
}

/* A node has one module of a name, wherever it runs. */
static enum wtl_status check_name(const struct wtl__equipment *equipment, bool here,
                                  const char *name, const char *path, struct wtl_error *error)
{
    bool taken = (!here && wtl__module_find(&equipment->modules, name) != NULL) ||
                 find_isolated(equipment, name) != NULL;
    return taken ? wtl_fail(error, WTL_EXISTS,
                            "module %s is named %s, as one that is loaded already; a node has one "
                            "module of a name",
                            path, name)
                 : WTL_OK;
}

/* Into a process of its own. Owns: takes the image. */
static enum wtl_status isolate(struct wtl__equipment *equipment, struct wtl__image *image,
                               struct wtl__module_option *option,
                               const struct wtl_module **module_out, struct wtl_error *error)
{
    struct wtl__isolated *isolated = NULL;
    if (equipment->isolated.count == WTL__MODULES_MAX) {
        wtl__image_close(image, false);
        return wtl_fail(error, WTL_FULL, "module %s is one too many: a node has %u at most",
                        option->path, WTL__MODULES_MAX);
    }
    option->config.how = wtl__trust_how(equipment->trust);
    enum wtl_status status = wtl__isolated_open_image(image, &option->config, &isolated, error);
    if (status == WTL_OK) {
        *module_out = wtl__isolated_module(isolated);
        status = check_name(equipment, false, (*module_out)->name, option->path, error);
        equipment->isolated.items[equipment->isolated.count++] = isolated;
    }
    return status;
}

/* Into this process. Owns: takes the image. */
static enum wtl_status load(struct wtl__equipment *equipment, struct wtl__image *image,
                            const char *path, const struct wtl_module **module_out,
                            struct wtl_error *error)
{
    const struct wtl__module *module = NULL;
    enum wtl_status status = wtl__module_load_image(
        &equipment->modules, image, wtl__trust_how(equipment->trust), &module, error);
    if (status == WTL_OK) { /* among those of its kind it was found to be the only one */
        *module_out = module->entry;
        status = check_name(equipment, true, module->entry->name, path, error);
    }
    return status;
}

static enum wtl_status load_module(struct wtl__equipment *equipment, const char *text,
                                   struct wtl_error *error)
{
    const struct wtl_module *module = NULL;
    struct wtl__module_option option;
    struct wtl__image image;
    struct wtl_release release;
    int64_t now_s = (int64_t)(wtl__clock_wall_ns(wtl__clock_system()) / 1000000000);
    enum wtl_status status = wtl__module_option_read(text, &option, error);
    if (status == WTL_OK) {
        status = wtl__trust_open(equipment->trust, option.path, now_s, &image, &release, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    status = option.isolated ? isolate(equipment, &image, &option, &module, error)
                             : load(equipment, &image, option.path, &module, error);
    if (status == WTL_OK) {
        status = wtl__trust_keep(equipment->trust, option.path, &release, error);
    }
    if (status == WTL_OK) {
        status = add_types(module, error);
    }
    if (status == WTL_OK) {
        wtl__log(wtl__log_process(), WTL__LOG_INFO, "module_loaded",
                 WTL__LOG_TEXT("module", module->name), WTL__LOG_TEXT("version", module->version),
                 WTL__LOG_TEXT("isolation", option.isolated ? "process" : "node"),
                 WTL__LOG_NUMBER("actors", module->actors_count),
                 WTL__LOG_NUMBER("release", release.number),
                 WTL__LOG_TEXT("key", release.name[0] != '\0' ? release.key : "none"));
    }
    return status;
}

/* One that is linked in is trusted as the program is. */
static enum wtl_status add_module(struct wtl__equipment *equipment, const struct wtl_module *entry,
                                  struct wtl_error *error)
{
    enum wtl_status status = wtl__module_add(&equipment->modules, entry, error);
    if (status == WTL_OK) {
        status = add_types(entry, error);
    }
    if (status == WTL_OK) {
        wtl__log(wtl__log_process(), WTL__LOG_INFO, "module_linked_in",
                 WTL__LOG_TEXT("module", entry->name), WTL__LOG_TEXT("version", entry->version),
                 WTL__LOG_NUMBER("actors", entry->actors_count));
    }
    return status;
}

/* ---- create -----------------------------------------------------------------------------------
 */

static void spawn_host(struct wtl__equipment *equipment, const char *state)
{
    const struct wtl_identity *identity = wtl__node_identity(equipment->node);
    struct wtl_flow_host_settings settings = {
        .name = identity->name, .layer = wtl_layer_name(identity->layer), .state = state};
    struct wtl_spawn_options options = {.settings = &settings};
    equipment->host =
        wtl__spawn(equipment->runtime, NULL, &wtl_flow_host, &options, WTL__CELL_SYSTEM);
}

/* Other nodes know the host by its place alone. */
static bool host_is_in_place(const struct wtl__equipment *equipment)
{
    return wtl_pid_equal(equipment->host, wtl_flow_host_pid(equipment->runtime->node));
}

static enum wtl_status create(struct wtl__equipment *equipment,
                              const struct wtl__equip_config *config, struct wtl_error *error)
{
    spawn_host(equipment, config->trust.state);
    if (wtl_pid_is_none(equipment->host)) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the flow host");
    }
    if (!host_is_in_place(equipment)) {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "flow_host_misplaced",
                 WTL__LOG_NUMBER("slot", equipment->host.local & WTL_PID_SLOT_MAX));
    }
    enum wtl_status status = wtl__node_depend(equipment->node, equipment->host, WTL_HOST_NAME);
    if (status == WTL_OK) {
        status =
            wtl__guard_attach(equipment->runtime, WTL__GUARD_AUTO, &equipment->is_guarded, error);
    }
    for (size_t i = 0; status == WTL_OK && i < config->linked_count; i++) {
        status = add_module(equipment, config->linked[i](), error);
    }
    if (status == WTL_OK) {
        status = wtl__trust_create(&config->trust, &equipment->trust, error);
    }
    if (status == WTL_OK) {
        status = wtl__module_desk_init(&equipment->desk, equipment->runtime, &equipment->modules,
                                       &equipment->isolated, equipment->trust, error);
        wtl__node_set_desk(equipment->node, &equipment->desk.desk);
    }
    for (uint32_t i = 0; status == WTL_OK && i < config->modules_count; i++) {
        status = load_module(equipment, config->modules[i], error);
    }
    return status;
}

enum wtl_status wtl__equip_create(struct wtl__node *node, const struct wtl__equip_config *config,
                                  struct wtl__equipment **equipment_out, struct wtl_error *error)
{
    struct wtl__equipment *equipment = calloc(1, sizeof *equipment);
    *equipment_out = equipment;
    if (equipment == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the node's modules and flows");
    }
    equipment->node = node;
    equipment->runtime = wtl__runtime_of(wtl__node_runtime(node));
    wtl__modules_init(&equipment->modules);
    return create(equipment, config, error);
}

enum wtl_status wtl__equip_flow(struct wtl__equipment *equipment, const char *name,
                                const void *packed, size_t packed_size, const char *source,
                                size_t source_size, struct wtl_error *error)
{
    if (!host_is_in_place(equipment)) {
        return wtl_fail(error, WTL_UNSUPPORTED,
                        "flow %s: the flow host of this node is not its second actor, so that "
                        "other nodes cannot find it",
                        name);
    }
    if (equipment->flows_count == WTL__EQUIP_FLOWS_MAX) {
        return wtl_fail(error, WTL_FULL, "flow %s: a node starts %u flows at most", name,
                        WTL__EQUIP_FLOWS_MAX);
    }
    struct flow *flow = &equipment->flows[equipment->flows_count];
    *flow = (struct flow){.packed = malloc(packed_size > 0 ? packed_size : 1),
                          .packed_size = packed_size,
                          .source = malloc(source_size > 0 ? source_size : 1),
                          .source_size = source_size};
    equipment->flows_count++;
    if (flow->packed == NULL || flow->source == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "flow %s: no memory", name);
    }
    (void)snprintf(flow->name, sizeof flow->name, "%s", name);
    memcpy(flow->packed, packed, packed_size);
    memcpy(flow->source, source, source_size);
    return WTL_OK;
}

/* ---- the actor that starts the flows ------------------------------------------------------------
 */

struct starter {
    const struct wtl__equipment *equipment;
    uint32_t left;
};

struct starter_settings {
    const struct wtl__equipment *equipment;
};

static enum wtl_status on_started(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                  void *context)
{
    struct starter *starter = state;
    uint32_t index;
    (void)x;
    memcpy(&index, context, sizeof index);
    const char *name = starter->equipment->flows[index].name;
    size_t size = 0;
    const char *text = NULL;
    if (answer->message.size > 0) {
        struct wtl_reader reader = wtl_read(&answer->message);
        text = wtl_get_str(&reader, &size);
    }
    if (answer->status == WTL_OK || answer->status == WTL_EXISTS) {
        wtl__log(wtl__log_process(), WTL__LOG_INFO,
                 answer->status == WTL_OK ? "flow_started" : "flow_runs_already",
                 WTL__LOG_TEXT("flow", name));
    } else {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "flow_refused", WTL__LOG_TEXT("flow", name),
                 WTL__LOG_TEXT("reason", wtl_status_word(answer->status)),
                 WTL__LOG_BYTES("text", text != NULL ? text : "", text != NULL ? size : 0));
    }
    starter->left--;
    return starter->left == 0 ? WTL_STOP : WTL_OK;
}

static enum wtl_status starter_init(struct wtl_ctx *x, void *state, const void *settings,
                                    const struct wtl_msg *args)
{
    struct starter *starter = state;
    (void)args;
    starter->equipment = ((const struct starter_settings *)settings)->equipment;
    starter->left = starter->equipment->flows_count;
    for (uint32_t i = 0; i < starter->left; i++) {
        const struct flow *flow = &starter->equipment->flows[i];
        struct wtl_call_options options = {.deadline_ms = WTL__EQUIP_FLOW_MS,
                                           .on_answer = on_started,
                                           .context = &i,
                                           .context_size = sizeof i};
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, flow->packed_size + flow->source_size + 64);
        wtl_put_map(&body, 2);
        WTL_PUT_KEY(&body, "packed");
        wtl_put_bin(&body, flow->packed, flow->packed_size);
        WTL_PUT_KEY(&body, "source");
        wtl_put_str(&body, flow->source, flow->source_size);
        (void)wtl_call(x, starter->equipment->host, WTL_TAG("flow.start"), &body, &options);
    }
    return WTL_OK;
}

static const struct wtl_actor starter_type = {.size = sizeof(struct wtl_actor),
                                              .name = "starter",
                                              .summary = "gives the node's flows to the flow host",
                                              .state_size = sizeof(struct starter),
                                              .settings_size = sizeof(struct starter_settings),
                                              .init = starter_init};

enum wtl_status wtl__equip_start(struct wtl__equipment *equipment, struct wtl_error *error)
{
    struct starter_settings settings = {.equipment = equipment};
    struct wtl_spawn_options options = {.name = "$starter", .settings = &settings};
    if (equipment->flows_count == 0) {
        return WTL_OK;
    }
    struct wtl_pid starter =
        wtl__spawn(equipment->runtime, NULL, &starter_type, &options, WTL__CELL_SYSTEM);
    return wtl_pid_is_none(starter) ? wtl_fail(error, WTL_NO_MEMORY, "no memory to start the flows")
                                    : WTL_OK;
}

/* ---- the end
 * -------------------------------------------------------------------------------------- */

void wtl__equip_detach(struct wtl__equipment *equipment)
{
    if (equipment != NULL && equipment->is_guarded) {
        equipment->is_guarded = false;
        wtl__guard_detach(equipment->runtime);
    }
}

void wtl__equip_free(struct wtl__equipment *equipment)
{
    if (equipment == NULL) {
        return;
    }
    for (uint32_t i = 0; i < equipment->flows_count; i++) {
        free(equipment->flows[i].packed);
        free(equipment->flows[i].source);
    }
    wtl__trust_destroy(equipment->trust);
    while (equipment->isolated.count > 0) {
        wtl__isolated_close(equipment->isolated.items[--equipment->isolated.count]);
    }
    wtl__module_desk_deinit(&equipment->desk);
    wtl__modules_deinit(&equipment->modules);
    free(equipment);
}
