/*
 * check.c - judges a flow as a whole: that it has a name and a chain, and that every stage is used
 * and has a place. Pure functions; owns nothing.
 */
#include "flow/check.h"

#include <string.h>

static void report_no_place(const struct wtl_flow_ast *ast, const struct wtl_flow_stage *stage,
                            struct wtl_flow_diags *diags)
{
    const char *name = wtl_flow_str(ast, stage->name);
    const char *module = wtl_flow_str(ast, stage->module);
    const char *actor = wtl_flow_str(ast, stage->actor);
    struct wtl_flow_diag *diag = wtl__flow_report(diags, WTL_FLOW_NO_PLACE, stage->at,
                                                  "it is not said where `%s` runs", name);
    if (stage->declared) {
        wtl__flow_help(diag,
                       "%s = %s.%s @edge, or another place: @each:device, @cloud/NODE, "
                       "@with:STAGE",
                       name, module, actor);
    } else {
        wtl__flow_help(diag,
                       "%s.%s @edge, or another place: @each:device, @cloud/NODE, "
                       "@with:STAGE",
                       module, actor);
    }
}

/* What stands in front of a stage where it is first mentioned; `known` once it was. */
struct before {
    bool known[WTL_FLOW_STAGES_MAX];
    uint16_t stage[WTL_FLOW_STAGES_MAX]; /* WTL_FLOW_NONE: nothing */
};

/* One mention: notes what stands before its stage, and hands on the place if it has none. */
static void inherit(struct wtl_flow_ast *ast, uint16_t stage, uint16_t previous,
                    struct before *before)
{
    if (stage == WTL_FLOW_NONE || before->known[stage]) {
        return;
    }
    before->known[stage] = true;
    before->stage[stage] = previous;
    struct wtl_flow_place *place = &ast->stages[stage].place;
    if (place->kind == WTL_FLOW_NOWHERE && previous != WTL_FLOW_NONE) {
        *place = ast->stages[previous].place;
    }
}

/* A stage without a place runs where the stage before it runs. */
static void inherit_places(struct wtl_flow_ast *ast, struct before *before)
{
    for (uint16_t c = 0; c < ast->chain_count; c++) {
        const struct wtl_flow_chain *chain = &ast->chains[c];
        uint16_t previous = WTL_FLOW_NONE;
        for (uint16_t s = 0; s < chain->step_count; s++) {
            const struct wtl_flow_step *step = &ast->steps[chain->first_step + s];
            uint16_t last = WTL_FLOW_NONE;
            for (uint16_t r = 0; r < step->ref_count; r++) {
                bool in_order = step->kind == WTL_FLOW_SEQUENTIAL && r > 0;
                uint16_t stage = ast->refs[step->first_ref + r].stage;
                inherit(ast, stage, in_order ? last : previous, before);
                last = stage;
            }
            previous = last;
        }
    }
}

/* Does following @with: from here come to a place at last? */
static bool with_ends(const struct wtl_flow_ast *ast, uint16_t index)
{
    for (unsigned i = 0; i < WTL_FLOW_STAGES_MAX; i++) {
        const struct wtl_flow_place *place = &ast->stages[index].place;
        if (place->kind != WTL_FLOW_WITH || place->stage == WTL_FLOW_NONE) {
            return true;
        }
        index = place->stage;
    }
    return false;
}

static void judge_place(struct wtl_flow_ast *ast, uint16_t index, const struct before *before,
                        const struct wtl_flow_rules *rules, struct wtl_flow_diags *diags)
{
    struct wtl_flow_stage *stage = &ast->stages[index];
    if (stage->place.kind == WTL_FLOW_NOWHERE) {
        if (rules != NULL && rules->default_place != WTL_FLOW_NOWHERE) {
            stage->place = (struct wtl_flow_place){.at = stage->at,
                                                   .kind = rules->default_place,
                                                   .layer = rules->default_layer,
                                                   .stage = WTL_FLOW_NONE};
        } else if (!stage->broken && before->stage[index] == WTL_FLOW_NONE) {
            /* of those that would run where it does, nothing is said */
            report_no_place(ast, stage, diags);
        }
        return;
    }
    if (!with_ends(ast, index)) {
        struct wtl_flow_diag *diag =
            wtl__flow_report(diags, WTL_FLOW_BAD_WITH, stage->place.at,
                             "`%s` is placed beside a stage that is placed beside it",
                             wtl_flow_str(ast, stage->name));
        wtl__flow_help(diag, "give one of them a place of its own: @edge");
    }
}

static void judge_used(const struct wtl_flow_ast *ast, struct wtl_flow_diags *diags)
{
    struct wtl_flow_diag *diag;
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        const struct wtl_flow_stage *stage = &ast->stages[i];
        if (!stage->used && !stage->broken) {
            diag = wtl__flow_report(diags, WTL_FLOW_UNUSED_STAGE, stage->at,
                                    "`%s` is declared, but no chain leads through it",
                                    wtl_flow_str(ast, stage->name));
            wtl__flow_help(diag, "use it in a chain, or remove it");
        }
    }
    for (uint16_t i = 0; i < ast->use_count; i++) {
        bool used = false;
        for (uint16_t s = 0; s < ast->stage_count; s++) {
            used |= wtl_flow_text_equal(ast, ast->stages[s].module, ast->uses[i].module);
        }
        if (!used) {
            diag = wtl__flow_report(diags, WTL_FLOW_UNUSED_MODULE, ast->uses[i].at,
                                    "no stage of this flow comes from module `%s`",
                                    wtl_flow_str(ast, ast->uses[i].module));
            wtl__flow_help(diag, "remove the line, if it is not wanted");
        }
    }
}

/* What could not be read of a chain may have been the place of its stages. */
static void pass_over_broken(struct wtl_flow_ast *ast)
{
    for (uint16_t c = 0; c < ast->chain_count; c++) {
        const struct wtl_flow_chain *chain = &ast->chains[c];
        for (uint16_t s = 0; chain->broken && s < chain->step_count; s++) {
            const struct wtl_flow_step *step = &ast->steps[chain->first_step + s];
            for (uint16_t r = 0; r < step->ref_count; r++) {
                uint16_t stage = ast->refs[step->first_ref + r].stage;
                if (stage != WTL_FLOW_NONE) {
                    ast->stages[stage].broken = true;
                }
            }
        }
    }
}

void wtl__flow_judge(struct wtl_flow_ast *ast, const struct wtl_flow_rules *rules,
                     struct wtl_flow_diags *diags)
{
    if (ast->chain_count == 0 && diags->errors == 0) {
        struct wtl_flow_diag *diag =
            wtl__flow_report(diags, WTL_FLOW_NO_CHAIN, ast->at, "this flow has no chain");
        wtl__flow_help(diag, "for example: push climate.temp @each:device ~> climate.store @cloud");
    }
    pass_over_broken(ast);
    struct before before;
    memset(before.known, 0, sizeof before.known);
    memset(before.stage, 0xff, sizeof before.stage);
    inherit_places(ast, &before);
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        judge_place(ast, i, &before, rules, diags);
    }
    wtl__flow_judge_chains(ast, diags);
    if (diags->errors == 0) { /* else a use may be in what could not be read */
        judge_used(ast, diags);
    }
}

enum wtl_status wtl_flow_check(struct wtl_flow_ast *ast, const struct wtl_flow_rules *rules,
                               struct wtl_flow_diags *diags)
{
    wtl__flow_bind(ast, diags);
    wtl__flow_judge(ast, rules, diags);
    ast->checked = diags->errors == 0;
    return ast->checked ? WTL_OK : WTL_INVALID;
}
