/*
 * host_spec.c - what a unit is started with. See host_private.h.
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

/* Those of a source outlive the node, where it has a folder for that. */
static void keep_counts(struct wtl_ctx *x, const struct wtl_host *host, struct wtl_hosted *hosted,
                        const struct wtl_flow_ast *ast, const struct wtl_unit *unit)
{
    struct wtl_stage_spec *spec = hosted->spec;
    bool outbox = unit->kind == WTL_UNIT_OUTBOX;
    struct wtl_error error = {0};
    spec->counts = &spec->own_counts;
    if ((unit->kind != WTL_UNIT_PRODUCER && !outbox) || host->state[0] == '\0') {
        return;
    }
    struct wtl_flow_counts *counts;
    const char *stage = wtl_flow_str(ast, ast->stages[unit->stage].name);
    if (wtl_tally_open(&spec->tally, host->state, hosted->flow->name, stage, hosted->copy, outbox,
                       &counts, &error) == WTL_OK) {
        spec->counts = counts;
        return;
    }
    char text[400];
    (void)snprintf(text, sizeof text,
                   "flow %s: what the end of this node loses of %s will not be counted: %.250s",
                   hosted->flow->name, stage, error.text);
    wtl_log(x, WTL_LOG_WARN, text);
}

void wtl__spec_free(struct wtl_stage_spec *spec)
{
    if (spec != NULL) {
        wtl_tally_close(&spec->tally);
        free(spec);
    }
}

void wtl__hosted_make(struct wtl_ctx *x, const struct wtl_host *host, struct wtl_hosted *hosted,
                      const struct wtl_flow_ast *ast, const struct wtl_unit *unit)
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
        (void)wtl_fail(&error, WTL_NOT_FOUND,
                       "this node has no actor %s.%s: start it with that module (--module)", module,
                       actor);
        broken(x, hosted, name, error.text);
        return;
    }
    hosted->spec = spec_of(x, ast, unit->stage, user, &error);
    if (hosted->spec == NULL) {
        broken(x, hosted, name, error.text);
        return;
    }
    keep_counts(x, host, hosted, ast, unit);
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
