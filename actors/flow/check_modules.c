/*
 * check_modules.c - stages against the actors that they name: existence, versions, settings, and
 * whether producers, processors and consumers stand where they can. Pure functions apart from the
 * caller's own table; owns nothing.
 */
#include "flow/check.h"
#include "flow/settings.h"
#include "flow/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct look {
    const struct wtl_flow_ast *ast;
    const struct wtl_flow_modules *modules;
    struct wtl_flow_diags *diags;
    const struct wtl_actor *actors[WTL_FLOW_STAGES_MAX];
    bool fed[WTL_FLOW_STAGES_MAX];     /* something leads to it */
    bool goes_on[WTL_FLOW_STAGES_MAX]; /* it leads to something */
};

/* How many actors of a module are offered as what was meant. */
#define LIST_MAX 256u

/* ---- names to choose from ----------------------------------------------------------------- */

/* "clean, store, temp" in a line of help; what does not fit is "...". */
struct names {
    size_t size;
    bool cut;
    char text[192];
};

static void names_add(struct names *names, const char *name)
{
    size_t room = sizeof names->text - names->size;
    char *at = names->text + names->size;
    const char *comma = names->size > 0 ? ", " : "";
    if (names->cut) {
        return;
    }
    int size = snprintf(at, room, "%s%s", comma, name);
    if ((size_t)size + sizeof ", ..." > room) {
        (void)snprintf(at, room, "%s...", comma);
        names->cut = true;
        return;
    }
    names->size += (size_t)size;
}

/* ---- modules and actors ------------------------------------------------------------------- */

static void report_unknown_actor(struct look *look, const struct wtl_flow_stage *stage)
{
    const char *module = wtl_flow_str(look->ast, stage->module);
    const char *name = wtl_flow_str(look->ast, stage->actor);
    struct wtl__nearest nearest = wtl__nearest_to(name, stage->actor.size);
    struct names names = {0};
    struct wtl_flow_diag *diag;
    bool any = look->modules->list == NULL;
    for (uint16_t i = 0; i < look->ast->stage_count && !stage->declared; i++) {
        if (&look->ast->stages[i] != stage) { /* a bare name may be a slip for another stage's */
            wtl__nearest_offer(&nearest, wtl_flow_str(look->ast, look->ast->stages[i].name));
        }
    }
    const char *other = nearest.best;
    for (unsigned i = 0; look->modules->list != NULL && i < LIST_MAX; i++) {
        const struct wtl_actor *actor = look->modules->list(look->modules->context, module, i);
        if (actor == NULL) {
            break;
        }
        any = true;
        names_add(&names, actor->name);
        wtl__nearest_offer(&nearest, actor->name);
    }
    if (!any) {
        diag = wtl__flow_report(look->diags, WTL_FLOW_UNKNOWN_MODULE, stage->at,
                                "there is no module `%s`", module);
        if (other != NULL) {
            wtl__flow_help(diag, "did you mean the stage `%s`?", other);
        } else {
            wtl__flow_help(diag, "`wattle module ls` shows those that are installed");
        }
        return;
    }
    diag = wtl__flow_report(look->diags, WTL_FLOW_UNKNOWN_ACTOR, stage->at,
                            "module `%s` has no actor `%s`", module, name);
    if (nearest.best != NULL && nearest.best == other) {
        wtl__flow_help(diag, "did you mean the stage `%s`?", other);
    } else if (nearest.best != NULL) {
        wtl__flow_help(diag, "did you mean `%s.%s`?", module, nearest.best);
    } else if (names.size > 0) {
        wtl__flow_help(diag, "it has %s", names.text);
    }
}

/* Compares "1.10" and "1.9.2" number by number; a missing one is 0. */
static int compare_versions(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        char *a_end = NULL;
        char *b_end = NULL;
        unsigned long left = strtoul(a, &a_end, 10);
        unsigned long right = strtoul(b, &b_end, 10);
        if (left != right) {
            return left < right ? -1 : 1;
        }
        if (a_end == a && b_end == b) {
            return 0; /* what follows is not a number: a pre-release word */
        }
        a = *a_end == '.' ? a_end + 1 : a_end;
        b = *b_end == '.' ? b_end + 1 : b_end;
    }
    return 0;
}

static void check_uses(struct look *look)
{
    for (uint16_t i = 0; look->modules->version != NULL && i < look->ast->use_count; i++) {
        const struct wtl_flow_use *use = &look->ast->uses[i];
        const char *module = wtl_flow_str(look->ast, use->module);
        const char *wanted = wtl_flow_str(look->ast, use->version);
        const char *there = look->modules->version(look->modules->context, module);
        struct wtl_flow_diag *diag;
        if (there == NULL && look->modules->is_known != NULL) {
            continue;
        }
        if (there == NULL) {
            diag = wtl__flow_report(look->diags, WTL_FLOW_UNKNOWN_MODULE, use->at,
                                    "there is no module `%s`", module);
            wtl__flow_help(diag, "`wattle module ls` shows those that are installed");
        } else if (compare_versions(there, wanted) < 0) {
            diag = wtl__flow_report(look->diags, WTL_FLOW_MODULE_VERSION, use->at,
                                    "module `%s` is version %.40s, and %.40s is wanted", module,
                                    there, wanted);
            wtl__flow_help(diag, "start the node with a newer %s, or lower the number here",
                           module);
        }
    }
}

/* ---- settings ----------------------------------------------------------------------------- */

static void report_unknown_setting(struct look *look, const struct wtl_flow_setting *setting,
                                   const struct wtl_flow_stage *stage,
                                   const struct wtl_actor *actor)
{
    const char *key = wtl_flow_str(look->ast, setting->key);
    struct wtl__nearest nearest = wtl__nearest_to(key, setting->key.size);
    struct names names = {0};
    for (unsigned i = 0; actor->fields != NULL && i < WTL_FLOW_FIELDS_MAX; i++) {
        if (actor->fields[i].name == NULL) {
            break;
        }
        names_add(&names, actor->fields[i].name);
        wtl__nearest_offer(&nearest, actor->fields[i].name);
    }
    struct wtl_flow_diag *diag = wtl__flow_report(
        look->diags, WTL_FLOW_UNKNOWN_SETTING, setting->key_at, "`%s.%s` has no setting `%.63s`",
        wtl_flow_str(look->ast, stage->module), wtl_flow_str(look->ast, stage->actor), key);
    if (nearest.best != NULL) {
        wtl__flow_help(diag, "did you mean `%s`?", nearest.best);
    } else if (actor->fields == NULL || actor->fields[0].name == NULL) {
        wtl__flow_help(diag, "it has no settings at all");
    } else {
        wtl__flow_help(diag, "it has %s", names.text);
    }
}

static void check_given(struct look *look, uint16_t index, const struct wtl_actor *actor)
{
    const struct wtl_flow_ast *ast = look->ast;
    for (uint16_t i = 0; i < ast->setting_count; i++) {
        const struct wtl_flow_setting *setting = &ast->settings[i];
        char why[WTL_FLOW_MISFIT_MAX];
        char help[WTL_FLOW_MISFIT_MAX];
        if (setting->stage != index) {
            continue;
        }
        const struct wtl_field *field = wtl_flow_find_field(actor, wtl_flow_str(ast, setting->key));
        if (field == NULL) {
            report_unknown_setting(look, setting, &ast->stages[index], actor);
        } else if (!wtl_flow_value_fits(ast, &setting->value, field, why, help)) {
            struct wtl_flow_diag *diag =
                wtl__flow_report(look->diags, WTL_FLOW_WRONG_TYPE, setting->value_at,
                                 "setting `%.63s` %s", field->name, why);
            wtl__flow_help(diag, "%s", help);
        }
    }
}

static void check_mandatory(struct look *look, uint16_t index, const struct wtl_actor *actor)
{
    const struct wtl_flow_ast *ast = look->ast;
    for (unsigned i = 0; actor->fields != NULL && i < WTL_FLOW_FIELDS_MAX; i++) {
        const struct wtl_field *field = &actor->fields[i];
        if (field->name == NULL) {
            break;
        }
        bool given = field->default_ != NULL;
        for (uint16_t s = 0; s < ast->setting_count && !given; s++) {
            given = ast->settings[s].stage == index &&
                    strcmp(wtl_flow_str(ast, ast->settings[s].key), field->name) == 0;
        }
        if (!given) {
            const struct wtl_flow_stage *stage = &ast->stages[index];
            struct wtl_flow_diag *diag = wtl__flow_report(
                look->diags, WTL_FLOW_MISSING_SETTING, stage->at, "`%s` needs the setting `%.63s`",
                wtl_flow_str(ast, stage->name), field->name);
            wtl__flow_help(diag, "write { %.63s = ... } behind it%s%.100s", field->name,
                           field->help != NULL ? ": " : "", field->help != NULL ? field->help : "");
            return;
        }
    }
}

/* ---- kinds -------------------------------------------------------------------------------- */

static void note_edge(void *context, const struct wtl_flow_edge *edge)
{
    struct look *look = context;
    if (edge->to != WTL_FLOW_NONE) {
        look->fed[edge->to] = true;
    }
    if (edge->from != WTL_FLOW_NONE) {
        look->goes_on[edge->from] = true;
    }
}

static struct wtl_flow_diag *report_kind(struct look *look, const struct wtl_flow_ref *ref,
                                         const char *wrong)
{
    return wtl__flow_report(look->diags, WTL_FLOW_WRONG_KIND, ref->at, "`%s` %s",
                            wtl_flow_str(look->ast, look->ast->stages[ref->stage].name), wrong);
}

static void check_kind(struct look *look, const struct wtl_flow_step *step,
                       const struct wtl_flow_ref *ref)
{
    if (ref->stage == WTL_FLOW_NONE || look->actors[ref->stage] == NULL) {
        return;
    }
    enum wtl_kind kind = look->actors[ref->stage]->kind;
    bool fed = look->fed[ref->stage];
    bool goes_on = look->goes_on[ref->stage];
    if (kind != WTL_PRODUCER && kind != WTL_PROCESSOR && kind != WTL_CONSUMER) {
        wtl__flow_help(
            report_kind(look, ref, "is no producer, processor or consumer"),
            "its description says what it is, .kind = WTL_PROCESSOR; what is no stage is "
            "spawned by another actor");
    } else if (kind == WTL_PRODUCER && fed) {
        wtl__flow_help(report_kind(look, ref, "is a producer, and an arrow leads to it"),
                       "a producer begins a chain");
    } else if (kind != WTL_PRODUCER && !fed) {
        wtl__flow_help(report_kind(look, ref, "begins this chain and is no producer"),
                       "begin with a producer, or write the arrow directly behind the input word "
                       "to take messages from clients");
    } else if (kind == WTL_CONSUMER && goes_on && step->kind != WTL_FLOW_CONCURRENT) {
        wtl__flow_help(report_kind(look, ref, "is a consumer, and an arrow leads on from it"),
                       "a consumer ends a chain; beside others it can stand in { }");
    } else if (kind == WTL_PROCESSOR && !goes_on && step->kind != WTL_FLOW_CONCURRENT) {
        wtl__flow_help(report_kind(look, ref, "ends this chain and is no consumer"),
                       "end with a consumer, or with `output` for clients");
    }
}

static void check_kinds(struct look *look)
{
    const struct wtl_flow_ast *ast = look->ast;
    wtl_flow_each_edge(ast, note_edge, look);
    for (uint16_t c = 0; c < ast->chain_count; c++) {
        const struct wtl_flow_chain *chain = &ast->chains[c];
        for (uint16_t s = 0; s < chain->step_count && !chain->broken; s++) {
            const struct wtl_flow_step *step = &ast->steps[chain->first_step + s];
            for (uint16_t r = 0; r < step->ref_count; r++) {
                check_kind(look, step, &ast->refs[step->first_ref + r]);
            }
        }
    }
}

enum wtl_status wtl_flow_check_modules(const struct wtl_flow_ast *ast,
                                       const struct wtl_flow_modules *modules,
                                       struct wtl_flow_diags *diags)
{
    struct look look = {.ast = ast, .modules = modules, .diags = diags};
    unsigned errors = diags->errors;
    check_uses(&look);
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        const struct wtl_flow_stage *stage = &ast->stages[i];
        if (stage->module.size == 0 || stage->actor.size == 0) {
            continue; /* was not read */
        }
        if (modules->is_known != NULL && !modules->is_known(modules->context, ast, i)) {
            continue;
        }
        look.actors[i] = modules->resolve(modules->context, wtl_flow_str(ast, stage->module),
                                          wtl_flow_str(ast, stage->actor));
        if (look.actors[i] == NULL) {
            report_unknown_actor(&look, stage);
            continue;
        }
        check_given(&look, i, look.actors[i]);
        if (!stage->broken) {
            check_mandatory(&look, i, look.actors[i]);
        }
    }
    check_kinds(&look);
    return diags->errors == errors ? WTL_OK : WTL_INVALID;
}
