/*
 * bind.c - from names to stages: every mention in a chain finds its stage, and hands over the
 * place, copies and settings that were written at it. Pure functions; owns nothing.
 *
 * MODULE.ACTOR in a chain is a stage too, under the actor's name. These are made first, so that a
 * name may be used in front of the chain that introduces it. A name that is then still unknown is
 * an actor of the flow's one module: that of its `use`, or the one that is called like the flow.
 */
#include "flow/check.h"
#include "flow/text.h"

#include <string.h>

static void report_same_name(const struct wtl_flow_ast *ast, const struct wtl_flow_ref *ref,
                             const struct wtl_flow_stage *taken, struct wtl_flow_diags *diags)
{
    const char *actor = wtl_flow_str(ast, ref->actor);
    const char *module = wtl_flow_str(ast, ref->module);
    struct wtl_flow_diag *diag =
        wtl__flow_report(diags, WTL_FLOW_DUPLICATE_NAME, ref->at,
                         "`%s.%s` would be a second stage named `%s`", module, actor, actor);
    wtl__flow_help(diag, "`%s` is `%s.%s` since %u:%u; declare this one: %s2 = %s.%s", actor,
                   wtl_flow_str(ast, taken->module), wtl_flow_str(ast, taken->actor),
                   (unsigned)taken->at.line, (unsigned)taken->at.column, actor, module, actor);
}

/* The stage of a MODULE.ACTOR mention: the one that is there already, or a new one. */
static void bind_actor(struct wtl_flow_ast *ast, struct wtl_flow_ref *ref,
                       struct wtl_flow_diags *diags)
{
    uint16_t found = wtl_flow_find_stage(ast, wtl_flow_str(ast, ref->actor), ref->actor.size);
    if (found != WTL_FLOW_NONE) {
        const struct wtl_flow_stage *stage = &ast->stages[found];
        if (stage->broken || (wtl_flow_text_equal(ast, stage->module, ref->module) &&
                              wtl_flow_text_equal(ast, stage->actor, ref->actor))) {
            ref->stage = found;
        } else {
            report_same_name(ast, ref, stage, diags);
        }
        return;
    }
    if (ast->stage_count == WTL_FLOW_STAGES_MAX) {
        struct wtl_flow_diag *diag =
            wtl__flow_report(diags, WTL_FLOW_TOO_LARGE, ref->at, "too many stages: %u are allowed",
                             WTL_FLOW_STAGES_MAX);
        wtl__flow_help(diag, "split the flow: several flows can run in one mesh");
        return;
    }
    ref->stage = ast->stage_count++;
    ast->stages[ref->stage] = (struct wtl_flow_stage){
        .at = ref->at, .name = ref->actor, .module = ref->module, .actor = ref->actor};
}

static void offer_stages(const struct wtl_flow_ast *ast, struct wtl__nearest *nearest)
{
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        wtl__nearest_offer(nearest, wtl_flow_str(ast, ast->stages[i].name));
    }
}

/* The module that a bare name belongs to: false when the flow uses several. */
static bool own_module(const struct wtl_flow_ast *ast, struct wtl_flow_text *module_out)
{
    *module_out = ast->use_count == 1 ? ast->uses[0].module : ast->name;
    return ast->use_count <= 1 && module_out->size > 0;
}

static void bind_name(struct wtl_flow_ast *ast, struct wtl_flow_ref *ref,
                      struct wtl_flow_diags *diags)
{
    const char *name = wtl_flow_str(ast, ref->name);
    struct wtl_flow_text module;
    ref->stage = wtl_flow_find_stage(ast, name, ref->name.size);
    if (ref->stage != WTL_FLOW_NONE) {
        return;
    }
    if (own_module(ast, &module)) {
        ref->module = module;
        ref->actor = ref->name;
        bind_actor(ast, ref, diags);
        return;
    }
    struct wtl__nearest nearest = wtl__nearest_to(name, ref->name.size);
    offer_stages(ast, &nearest);
    struct wtl_flow_diag *diag = wtl__flow_report(diags, WTL_FLOW_UNKNOWN_NAME, ref->at,
                                                  "there is no stage `%s` in this flow", name);
    if (nearest.best != NULL) {
        wtl__flow_help(diag, "did you mean `%s`?", nearest.best);
    } else {
        wtl__flow_help(diag, "the flow uses several modules: write MODULE.%s here", name);
    }
}

static void bind_place(struct wtl_flow_ast *ast, const struct wtl_flow_ref *ref,
                       struct wtl_flow_stage *stage, struct wtl_flow_diags *diags)
{
    if (ref->place.kind == WTL_FLOW_NOWHERE) {
        return;
    }
    if (stage->place.kind == WTL_FLOW_NOWHERE) {
        stage->place = ref->place;
        return;
    }
    if (!wtl__flow_place_equal(ast, &stage->place, &ref->place)) {
        char first[WTL_FLOW_PLACE_TEXT_MAX];
        char second[WTL_FLOW_PLACE_TEXT_MAX];
        struct wtl_flow_diag *diag = wtl__flow_report(
            diags, WTL_FLOW_GIVEN_TWICE, ref->at, "`%s` has two places: %s and %s",
            wtl_flow_str(ast, stage->name), wtl_flow_place_text(ast, &stage->place, first),
            wtl_flow_place_text(ast, &ref->place, second));
        wtl__flow_help(diag, "the first is at %u:%u; remove one of them",
                       (unsigned)stage->place.at.line, (unsigned)stage->place.at.column);
    }
}

/* Hands over what was written at the mention. */
static void bind_traits(struct wtl_flow_ast *ast, const struct wtl_flow_ref *ref,
                        struct wtl_flow_diags *diags)
{
    struct wtl_flow_stage *stage = &ast->stages[ref->stage];
    stage->used = true;
    bind_place(ast, ref, stage, diags);
    if (ref->copies != 0 && stage->copies != 0 && ref->copies != stage->copies) {
        struct wtl_flow_diag *diag = wtl__flow_report(
            diags, WTL_FLOW_GIVEN_TWICE, ref->at, "`%s` has two numbers of copies: *%u and *%u",
            wtl_flow_str(ast, stage->name), stage->copies, ref->copies);
        wtl__flow_help(diag, "remove one of them");
    } else if (ref->copies != 0) {
        stage->copies = ref->copies;
    }
    for (uint16_t i = 0; i < ref->setting_count; i++) {
        ast->settings[ref->first_setting + i].stage = ref->stage;
    }
}

static void check_settings_once(const struct wtl_flow_ast *ast, struct wtl_flow_diags *diags)
{
    for (uint16_t i = 1; i < ast->setting_count; i++) {
        const struct wtl_flow_setting *setting = &ast->settings[i];
        for (uint16_t k = 0; k < i && setting->stage != WTL_FLOW_NONE; k++) {
            const struct wtl_flow_setting *other = &ast->settings[k];
            if (other->stage == setting->stage &&
                wtl_flow_text_equal(ast, other->key, setting->key)) {
                struct wtl_flow_diag *diag = wtl__flow_report(
                    diags, WTL_FLOW_DUPLICATE_SETTING, setting->key_at,
                    "setting `%s` of `%s` is given twice", wtl_flow_str(ast, setting->key),
                    wtl_flow_str(ast, ast->stages[setting->stage].name));
                wtl__flow_help(diag, "the first is at %u:%u; remove one of them",
                               (unsigned)other->key_at.line, (unsigned)other->key_at.column);
                break;
            }
        }
    }
}

/* @with:NAME */
static void bind_companion(struct wtl_flow_ast *ast, uint16_t index, struct wtl_flow_diags *diags)
{
    struct wtl_flow_stage *stage = &ast->stages[index];
    struct wtl_flow_place *place = &stage->place;
    const char *name = wtl_flow_str(ast, place->name);
    struct wtl_flow_diag *diag;
    place->stage = wtl_flow_find_stage(ast, name, place->name.size);
    if (place->stage == index) {
        diag = wtl__flow_report(diags, WTL_FLOW_BAD_WITH, place->at,
                                "`%s` cannot be placed beside itself", name);
        wtl__flow_help(diag, "name another stage, or give it a place: @edge");
        place->stage = WTL_FLOW_NONE;
    } else if (place->stage == WTL_FLOW_NONE) {
        struct wtl__nearest nearest = wtl__nearest_to(name, place->name.size);
        offer_stages(ast, &nearest);
        diag = wtl__flow_report(diags, WTL_FLOW_BAD_WITH, place->at,
                                "there is no stage `%s` to be placed beside", name);
        if (nearest.best != NULL && strcmp(nearest.best, wtl_flow_str(ast, stage->name)) != 0) {
            wtl__flow_help(diag, "did you mean `%s`?", nearest.best);
        } else {
            wtl__flow_help(diag, "@with: takes the name of a stage of this flow");
        }
    } else {
        ast->stages[place->stage].used = true;
    }
}

void wtl__flow_bind(struct wtl_flow_ast *ast, struct wtl_flow_diags *diags)
{
    for (uint16_t i = 0; i < ast->ref_count; i++) {
        if (!ast->refs[i].broken && ast->refs[i].module.size > 0) {
            bind_actor(ast, &ast->refs[i], diags);
        }
    }
    for (uint16_t i = 0; i < ast->ref_count; i++) {
        struct wtl_flow_ref *ref = &ast->refs[i];
        if (!ref->broken && ref->name.size > 0) {
            bind_name(ast, ref, diags);
        }
        if (ref->stage != WTL_FLOW_NONE) {
            bind_traits(ast, ref, diags);
        }
    }
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        if (ast->stages[i].place.kind == WTL_FLOW_WITH) {
            bind_companion(ast, i, diags);
        }
    }
    check_settings_once(ast, diags);
}
