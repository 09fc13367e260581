/*
 * host_keep.c - keeping units and managers alive: their specs, their supervisors, and trying again
 * when a supervisor has given up. See host.h.
 *
 * A unit's spec holds its settings and their strings, so that it needs the flow no more. It is kept
 * for a while after the unit has ended: an actor that is being killed may be running still. It is
 * memory of the process and not of the host, because a host that is killed ends before its units
 * do; what these still look at is then left behind.
 */
#include "flow/host_private.h"
#include "flow/settings.h"
#include "flow/stage.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- specs ---------------------------------------------------------------------------------- */

static void broken(struct wtl_ctx *x, struct wtl_hosted *hosted, const char *name, const char *why)
{
    char text[400];
    hosted->state = WTL_HOSTED_BROKEN;
    (void)snprintf(text, sizeof text, "flow %s: stage %s cannot be started here: %.200s",
                   hosted->flow->name, name, why);
    wtl_log(x, WTL_LOG_ERROR, text);
}

static const char *text_at(const void *settings, const struct wtl_field *field)
{
    const char *text;
    memcpy(&text, (const char *)settings + field->offset, sizeof text);
    return text;
}

static size_t strings_size(const struct wtl_actor *type, const void *settings)
{
    size_t size = 0;
    const struct wtl_field *field = type->fields;
    for (unsigned i = 0; field != NULL && i < WTL_FLOW_FIELDS_MAX && field->name != NULL;
         i++, field++) {
        const char *text = field->type == WTL_FIELD_STR ? text_at(settings, field) : NULL;
        size += text != NULL ? strlen(text) + 1 : 0;
    }
    return size;
}

static void copy_strings(const struct wtl_actor *type, char *settings, char *to)
{
    const struct wtl_field *field = type->fields;
    for (unsigned i = 0; field != NULL && i < WTL_FLOW_FIELDS_MAX && field->name != NULL;
         i++, field++) {
        const char *text = field->type == WTL_FIELD_STR ? text_at(settings, field) : NULL;
        if (text != NULL) {
            size_t size = strlen(text) + 1;
            memcpy(to, text, size);
            memcpy(settings + field->offset, &to, sizeof to);
            to += size;
        }
    }
}

#define SETTINGS_AT ((sizeof(struct wtl_stage_spec) + 15) / 16 * 16)

/* The spec with the user's settings behind it, and their strings behind these. */
static struct wtl_stage_spec *spec_of(struct wtl_ctx *x, const struct wtl_flow_ast *ast,
                                      uint16_t stage, const struct wtl_actor *user,
                                      struct wtl_error *error)
{
    size_t size = user != NULL ? user->settings_size : 0;
    char *settings = wtl_alloc(x, size + 1);
    struct wtl_stage_spec *spec = NULL;
    if (settings == NULL) {
        return NULL;
    }
    if (user == NULL || wtl_flow_settings_fill(ast, stage, user, settings, size, error) == WTL_OK) {
        size_t strings = user != NULL ? strings_size(user, settings) : 0;
        spec = calloc(1, SETTINGS_AT + size + strings);
    }
    if (spec != NULL) {
        char *own = (char *)spec + SETTINGS_AT;
        memcpy(own, settings, size);
        spec->settings = own;
        spec->user = user;
        if (user != NULL) {
            copy_strings(user, own, own + size);
        }
    }
    wtl_free(x, settings);
    return spec;
}

void wtl__hosted_make(struct wtl_ctx *x, struct wtl_hosted *hosted, const struct wtl_flow_ast *ast,
                      const struct wtl_unit *unit)
{
    const struct wtl_flow_stage *stage = &ast->stages[unit->stage];
    bool inner = unit->kind == WTL_UNIT_OUTBOX || unit->kind == WTL_UNIT_FORK;
    const char *module = wtl_flow_str(ast, stage->module);
    const char *actor = wtl_flow_str(ast, stage->actor);
    struct wtl_error error = {.status = WTL_NO_MEMORY, .text = "no memory"};
    char name[WTL_UNIT_NAME_MAX];
    (void)wtl_unit_name(ast, unit, name);
    const struct wtl_actor *user = inner ? NULL : wtl_flow_registry_find(module, actor);
    if (!inner && user == NULL) {
        (void)wtl_fail(&error, WTL_NOT_FOUND, "there is no actor %s.%s: install the module", module,
                       actor);
        broken(x, hosted, name, error.text);
        return;
    }
    hosted->spec = spec_of(x, ast, unit->stage, user, &error);
    if (hosted->spec == NULL) {
        broken(x, hosted, name, error.text);
        return;
    }
    hosted->spec->host = wtl_self(x);
    hosted->spec->instance = hosted->number;
    hosted->spec->kind = unit->kind;
    hosted->spec->mode = unit->mode;
    memcpy(hosted->spec->name, name, sizeof name);
    if (wtl_stage_type(hosted->spec) != WTL_OK) {
        broken(x, hosted, name,
               unit->kind == WTL_UNIT_PRODUCER
                   ? "it begins a chain, and its actor is no producer"
                   : "something leads to it, and its actor is no processor or consumer");
    }
}

struct wtl_hosted *wtl__hosted_new(struct wtl_ctx *x, struct wtl_host *host,
                                   struct wtl_host_flow *flow)
{
    struct wtl_hosted *hosted =
        host->hosted_count < WTL_HOST_UNITS_MAX ? wtl_alloc(x, sizeof *hosted) : NULL;
    if (hosted == NULL) {
        wtl_log(x, WTL_LOG_ERROR, "flow: no room for one more stage on this node");
        return NULL;
    }
    *hosted = (struct wtl_hosted){
        .next = host->hosted, .flow = flow, .number = ++host->numbers, .wanted = true};
    host->hosted = hosted;
    host->hosted_count++;
    return hosted;
}

/* ---- starting and stopping ------------------------------------------------------------------ */

void wtl__hosted_start(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    struct wtl_stage_settings unit = {.spec = hosted->spec};
    struct wtl_flow_manager_settings manager = {.source = hosted->source};
    struct wtl_child child = {
        .id = hosted->manager ? "manager" : hosted->spec->name,
        .type = hosted->manager ? &wtl_flow_manager : &hosted->spec->type,
        .settings = hosted->manager ? (const void *)&manager : &unit,
    };
    struct wtl_tree tree = {.children = &child, .children_count = 1};
    struct wtl_spawn_options options = {.link = true};
    hosted->state = WTL_HOSTED_STARTING;
    hosted->started_ns = wtl_now_ns(x);
    hosted->supervisor = wtl_supervise(x, &tree, &options);
}

static void free_later(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    struct wtl_writer body;
    hosted->state = WTL_HOSTED_GONE;
    hosted->flow = NULL;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, hosted->number);
    (void)wtl_after(x, WTL_HOST_GRACE_MS, WTL_HOST_TAG_FREE, &body);
}

void wtl__hosted_stop(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    if (!wtl_pid_is_none(hosted->supervisor)) {
        hosted->state = WTL_HOSTED_STOPPING;
        wtl_exit(x, hosted->supervisor, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    } else if (hosted->state != WTL_HOSTED_GONE) {
        free_later(x, hosted);
    }
}

static void start_later(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    struct wtl_writer body;
    uint64_t ran_ms = (wtl_now_ns(x) - hosted->started_ns) / 1000000;
    hosted->failures = ran_ms >= WTL_HOST_STABLE_MS ? 0 : hosted->failures;
    uint32_t shift = hosted->failures < 5 ? hosted->failures : 5;
    uint32_t after = WTL_HOST_BACKOFF_MS << shift;
    hosted->failures++;
    hosted->state = WTL_HOSTED_WAITING;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, hosted->number);
    (void)wtl_after(x, after < WTL_HOST_BACKOFF_MAX_MS ? after : WTL_HOST_BACKOFF_MAX_MS,
                    WTL_HOST_TAG_AGAIN, &body);
}

/* Ends the host when nothing that it keeps is left. */
static bool end_when_quiet(struct wtl_ctx *x, struct wtl_host *host)
{
    for (const struct wtl_hosted *one = host->hosted; one != NULL; one = one->next) {
        if (!wtl_pid_is_none(one->supervisor)) {
            return false;
        }
    }
    for (struct wtl_hosted *one = host->hosted; one != NULL; one = one->next) {
        free(one->spec);
        free(one->source);
        one->spec = NULL;
        one->source = NULL;
    }
    wtl_done(x, WTL_OK);
    return true;
}

bool wtl__hosted_end(struct wtl_ctx *x, struct wtl_host *host)
{
    host->ending = true;
    for (const struct wtl_hosted *one = host->hosted; one != NULL; one = one->next) {
        if (!wtl_pid_is_none(one->supervisor)) {
            wtl_exit(x, one->supervisor, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        }
    }
    return end_when_quiet(x, host);
}

void wtl__hosted_exited(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_exit *exit)
{
    struct wtl_hosted *hosted = host->hosted;
    while (hosted != NULL && !wtl_pid_equal(hosted->supervisor, exit->from)) {
        hosted = hosted->next;
    }
    if (hosted == NULL) {
        return;
    }
    struct wtl_host_flow *flow = hosted->flow;
    hosted->supervisor = WTL_PID_NONE;
    if (host->ending) {
        (void)end_when_quiet(x, host);
        return;
    }
    if (hosted->state != WTL_HOSTED_STOPPING) {
        start_later(x, hosted);
        return;
    }
    free_later(x, hosted);
    wtl__host_flow_end(x, host, flow);
}

/* ---- by number ------------------------------------------------------------------------------ */

static struct wtl_hosted *numbered(struct wtl_host *host, uint64_t number)
{
    struct wtl_hosted *hosted = host->hosted;
    while (hosted != NULL && hosted->number != number) {
        hosted = hosted->next;
    }
    return hosted;
}

static struct wtl_hosted *of_timer(struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return numbered(host, wtl_get_u64(&reader));
}

void wtl__hosted_again(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_hosted *hosted = of_timer(host, message);
    if (hosted != NULL && hosted->state == WTL_HOSTED_WAITING && !host->ending) {
        wtl__hosted_start(x, hosted);
    }
}

void wtl__hosted_free(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_hosted *hosted = of_timer(host, message);
    if (hosted == NULL || hosted->state != WTL_HOSTED_GONE) {
        return;
    }
    struct wtl_hosted **slot = &host->hosted;
    while (*slot != hosted) {
        slot = &(*slot)->next;
    }
    *slot = hosted->next;
    host->hosted_count--;
    free(hosted->spec);
    free(hosted->source);
    wtl_free(x, hosted->wire);
    wtl_free(x, hosted);
}

/* ---- who runs ------------------------------------------------------------------------------- */

void wtl__hosted_wire(struct wtl_ctx *x, const struct wtl_hosted *hosted)
{
    struct wtl_writer body;
    if (hosted->wire_size == 0 || wtl_pid_is_none(hosted->pid)) {
        return;
    }
    (void)wtl_message_open(x, &body, hosted->wire_size);
    wtl_put_raw(&body, hosted->wire, hosted->wire_size);
    wtl_tell(x, hosted->pid, WTL_FLOW_TAG_WIRE, &body);
}

void wtl__hosted_report(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    uint64_t number;
    struct wtl_hosted *hosted =
        wtl__flow_get_numbers(message, &number, 1) ? numbered(host, number) : NULL;
    if (hosted == NULL || hosted->flow == NULL || hosted->manager ||
        hosted->state == WTL_HOSTED_STOPPING) {
        return;
    }
    if (hosted->monitor != 0) {
        (void)wtl_demonitor(x, hosted->monitor);
    }
    hosted->pid = message->from;
    hosted->monitor = wtl_monitor(x, message->from);
    hosted->state = WTL_HOSTED_RUNNING;
    wtl__hosted_wire(x, hosted);
    wtl__host_tell_up(x, hosted);
}

void wtl__hosted_down(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_down *down)
{
    struct wtl_hosted *hosted = host->hosted;
    while (hosted != NULL && (hosted->monitor == 0 || hosted->monitor != down->ref)) {
        hosted = hosted->next;
    }
    if (hosted == NULL) {
        return;
    }
    hosted->monitor = 0;
    hosted->pid = WTL_PID_NONE;
    if (hosted->state == WTL_HOSTED_RUNNING) {
        hosted->state = WTL_HOSTED_DOWN;
    }
    if (hosted->flow != NULL && hosted->state != WTL_HOSTED_STOPPING) {
        wtl__host_tell_up(x, hosted);
    }
}

const char *wtl__hosted_word(const struct wtl_hosted *hosted)
{
    static const char *const words[] = {"starting", "running",  "down", "waiting",
                                        "broken",   "stopping", "gone"};
    return words[hosted->state];
}
