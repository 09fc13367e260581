/*
 * parse_chain.c - chains: their steps, groups and mentions of stages. Pure functions; owns nothing.
 */
#include "flow/parser.h"

bool wtl__parser_at_stage(const struct wtl__parser *p)
{
    return p->tok.kind == WTL_TOKEN_WORD || wtl__parser_is(p, '[') || wtl__parser_is(p, '{');
}

/* ---- mentions and groups ------------------------------------------------------------------ */

static bool parse_ref_name(struct wtl__parser *p, struct wtl_flow_ref *ref)
{
    struct wtl_flow_text first;
    ref->at = p->tok.at;
    if (!wtl__parser_name(p, "a stage", &first)) {
        return false;
    }
    if (!wtl__parser_is(p, '.')) {
        ref->name = first;
        return true;
    }
    ref->module = first;
    if (!wtl__parser_actor(p, &ref->actor)) {
        return false;
    }
    ref->at.size = p->last.at.offset + p->last.at.size - ref->at.offset;
    return true;
}

static bool parse_ref(struct wtl__parser *p, struct wtl_flow_step *step)
{
    struct wtl_flow_ast *ast = p->ast;
    if (p->tok.kind != WTL_TOKEN_WORD) {
        return wtl__parser_expected(p, "a stage", "a stage is a declared name or MODULE.ACTOR");
    }
    if (ast->ref_count == WTL_FLOW_REFS_MAX) {
        return wtl__parser_full(p, p->tok.at, "mentions of stages", WTL_FLOW_REFS_MAX);
    }
    struct wtl_flow_ref *ref = &ast->refs[ast->ref_count++];
    struct wtl__traits traits = {0};
    *ref = (struct wtl_flow_ref){.stage = WTL_FLOW_NONE, .broken = true};
    step->ref_count++;
    if (!parse_ref_name(p, ref)) {
        return false;
    }
    bool ok = wtl__parser_traits(p, WTL_FLOW_NONE, &traits);
    ref->place = traits.place;
    ref->copies = traits.copies;
    ref->first_setting = traits.first_setting;
    ref->setting_count = traits.setting_count;
    /* a mention whose name could be read still counts, so that the name is not reported as unused
     */
    ref->broken = false;
    return ok;
}

static bool report_nested(struct wtl__parser *p)
{
    struct wtl_flow_diag *diag =
        wtl__flow_report(p->diags, WTL_FLOW_NESTED_GROUP, p->tok.at, "groups cannot be nested");
    wtl__flow_help(diag, "write the inner group as a step of its own: [a] ~> {b, c}");
    return false;
}

static bool parse_member(struct wtl__parser *p, struct wtl_flow_step *step)
{
    if (wtl__parser_is(p, '[') || wtl__parser_is(p, '{')) {
        return report_nested(p);
    }
    if (wtl__parser_is_word(p, "output")) {
        struct wtl_flow_diag *diag = wtl__flow_report(p->diags, WTL_FLOW_BAD_OUTPUT, p->tok.at,
                                                      "output cannot be a member of a group");
        wtl__flow_help(diag, "end the chain with it: ... ~> output");
        return false;
    }
    if (step->ref_count == WTL_FLOW_MEMBERS_MAX) {
        return wtl__parser_full(p, p->tok.at, "members in one group", WTL_FLOW_MEMBERS_MAX);
    }
    return parse_ref(p, step);
}

/* The place behind a group is that of each of its members. */
static bool parse_group_place(struct wtl__parser *p, const struct wtl_flow_step *step)
{
    struct wtl_flow_place place;
    if (!wtl__parser_is(p, '@')) {
        return true;
    }
    if (!wtl__parser_place(p, &place)) {
        return false;
    }
    for (uint16_t i = 0; i < step->ref_count; i++) {
        struct wtl_flow_ref *ref = &p->ast->refs[step->first_ref + i];
        if (ref->place.kind != WTL_FLOW_NOWHERE &&
            !wtl__flow_place_equal(p->ast, &ref->place, &place)) {
            char own[WTL_FLOW_PLACE_TEXT_MAX];
            struct wtl_flow_diag *diag =
                wtl__flow_report(p->diags, WTL_FLOW_GIVEN_TWICE, place.at,
                                 "a member of this group has a place of its own, %s at %u:%u",
                                 wtl_flow_place_text(p->ast, &ref->place, own),
                                 (unsigned)ref->place.at.line, (unsigned)ref->place.at.column);
            wtl__flow_help(diag, "give the place either to the group or to each member");
            return false;
        }
        ref->place = place;
    }
    return true;
}

static bool parse_group(struct wtl__parser *p, struct wtl_flow_step *step)
{
    bool sequential = wtl__parser_is(p, '[');
    char close = sequential ? ']' : '}';
    step->kind = sequential ? WTL_FLOW_SEQUENTIAL : WTL_FLOW_CONCURRENT;
    wtl__parser_advance(p);
    p->open++;
    while (!wtl__parser_is(p, close)) {
        if (!parse_member(p, step)) {
            return false;
        }
        if (wtl__parser_is(p, ',')) {
            wtl__parser_advance(p);
        } else if (!wtl__parser_is(p, close)) {
            return wtl__parser_expected(p, sequential ? "`,` or `]`" : "`,` or `}`",
                                        "members of a group are separated by commas");
        }
    }
    wtl__parser_advance(p);
    p->open--;
    step->at.size = p->last.at.offset + 1 - step->at.offset;
    if (step->ref_count == 0) {
        struct wtl_flow_diag *diag =
            wtl__flow_report(p->diags, WTL_FLOW_EMPTY_GROUP, step->at, "this group has no members");
        wtl__flow_help(diag, "name at least one stage in it, or leave it out");
        return false;
    }
    return parse_group_place(p, step);
}

/* ---- chains ------------------------------------------------------------------------------- */

static bool parse_output(struct wtl__parser *p, struct wtl_flow_step *step)
{
    step->kind = WTL_FLOW_OUTPUT;
    wtl__parser_advance(p);
    if (wtl__parser_is(p, '@') || wtl__parser_is(p, '*') || wtl__parser_is(p, '{') ||
        wtl__parser_is(p, '.')) {
        struct wtl_flow_diag *diag =
            wtl__flow_report(p->diags, WTL_FLOW_BAD_OUTPUT, p->tok.at,
                             "output has no place, copies or settings: it is not a stage");
        wtl__flow_help(diag, "end the chain with the plain word `output`");
        return false;
    }
    return true;
}

static bool parse_stage(struct wtl__parser *p, struct wtl_flow_step *step)
{
    step->at = p->tok.at;
    step->first_ref = p->ast->ref_count;
    if (wtl__parser_is_word(p, "output")) {
        return parse_output(p, step);
    }
    if (wtl__parser_is(p, '[') || wtl__parser_is(p, '{')) {
        return parse_group(p, step);
    }
    step->kind = WTL_FLOW_SINGLE;
    return parse_ref(p, step);
}

static struct wtl_flow_step *add_step(struct wtl__parser *p, struct wtl_flow_chain *chain)
{
    struct wtl_flow_ast *ast = p->ast;
    if (ast->step_count == WTL_FLOW_STEPS_MAX) {
        (void)wtl__parser_full(p, p->tok.at, "steps", WTL_FLOW_STEPS_MAX);
        return NULL;
    }
    struct wtl_flow_step *step = &ast->steps[ast->step_count++];
    *step = (struct wtl_flow_step){.at = p->tok.at, .first_ref = ast->ref_count};
    chain->step_count++;
    return step;
}

static bool parse_arrows(struct wtl__parser *p, struct wtl_flow_chain *chain)
{
    while (wtl__parser_is_arrow(p)) {
        struct wtl__token arrow = p->tok;
        wtl__parser_advance(p);
        chain->broken |= arrow.guessed;
        if (!wtl__parser_at_stage(p) || (p->tok.line_head && wtl__parser_at_item(p))) {
            return wtl__parser_expected(p, "a stage behind the arrow",
                                        "a stage is a declared name, MODULE.ACTOR, a group or "
                                        "`output`");
        }
        struct wtl_flow_step *step = add_step(p, chain);
        if (step == NULL) {
            return false;
        }
        step->arrow_at = arrow.at;
        step->arrow = arrow.kind == WTL_TOKEN_ONE_WAY ? WTL_FLOW_ONE_WAY : WTL_FLOW_TWO_WAY;
        if (!parse_stage(p, step)) {
            return false;
        }
    }
    return true;
}

static bool report_nothing_behind(struct wtl__parser *p, const struct wtl_flow_chain *chain)
{
    const char *mode = wtl_flow_mode_name(chain->mode);
    struct wtl_flow_diag *diag;
    if (chain->step_count == 0) {
        diag = wtl__flow_report(p->diags, WTL_FLOW_NOTHING_BEHIND, chain->at,
                                "nothing stands behind `%s`", mode);
    } else {
        diag =
            wtl__flow_report(p->diags, WTL_FLOW_NOTHING_BEHIND, p->ast->steps[chain->first_step].at,
                             "no arrow leads on from the first stage of this chain");
    }
    wtl__flow_help(diag, "a chain leads somewhere: %s producer %s consumer", mode,
                   chain->mode == WTL_FLOW_PULL ? "<~>" : "~>");
    return false;
}

static bool parse_steps(struct wtl__parser *p, struct wtl_flow_chain *chain)
{
    bool begins = wtl__parser_at_stage(p) && !(p->tok.line_head && wtl__parser_at_item(p));
    if (begins || wtl__parser_is_arrow(p)) {
        struct wtl_flow_step *step = add_step(p, chain);
        if (step == NULL) {
            return false;
        }
        if (begins && !parse_stage(p, step)) {
            return false;
        }
        if (!begins) {
            step->at = chain->at;
        }
    }
    if (!parse_arrows(p, chain)) {
        return false;
    }
    if (!p->tok.line_head &&
        (wtl__parser_at_stage(p) || p->tok.kind == WTL_TOKEN_NUMBER ||
         p->tok.kind == WTL_TOKEN_STRING) &&
        chain->step_count > 0 && !wtl__parser_at_item(p)) {
        return wtl__parser_expected(p, "`~>` or `<~>`", "stages are joined by arrows");
    }
    return chain->step_count > 1 || chain->broken || report_nothing_behind(p, chain);
}

bool wtl__parser_chain(struct wtl__parser *p, enum wtl_flow_mode mode, bool headless)
{
    struct wtl_flow_ast *ast = p->ast;
    if (ast->chain_count == WTL_FLOW_CHAINS_MAX) {
        return wtl__parser_full(p, p->tok.at, "chains", WTL_FLOW_CHAINS_MAX);
    }
    struct wtl_flow_chain *chain = &ast->chains[ast->chain_count++];
    *chain = (struct wtl_flow_chain){
        .at = p->tok.at, .mode = mode, .first_step = ast->step_count, .broken = headless};
    if (!headless) {
        wtl__parser_advance(p);
    }
    bool ok = parse_steps(p, chain);
    chain->broken |= !ok;
    return ok;
}
