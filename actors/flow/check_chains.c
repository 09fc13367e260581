/*
 * check_chains.c - along the chains: where they begin and end, which way their arrows point, and
 * whether stages feed each other for ever. Pure functions; owns nothing.
 */
#include "flow/check.h"

#include <string.h>

static const struct wtl_flow_step *step_of(const struct wtl_flow_ast *ast,
                                           const struct wtl_flow_chain *chain, unsigned index)
{
    return &ast->steps[chain->first_step + index];
}

/* ---- beginning and end -------------------------------------------------------------------- */

static void judge_ends(const struct wtl_flow_ast *ast, const struct wtl_flow_chain *chain,
                       struct wtl_flow_diags *diags)
{
    const struct wtl_flow_step *first = step_of(ast, chain, 0);
    struct wtl_flow_diag *diag;
    if (first->kind == WTL_FLOW_OUTPUT) {
        diag = wtl__flow_report(diags, WTL_FLOW_OUTPUT_FIRST, first->at,
                                "a chain cannot begin with output");
        wtl__flow_help(diag, "output ends a chain: %s producer %s ... %s output",
                       wtl_flow_mode_name(chain->mode), wtl_flow_arrow_name(first[1].arrow),
                       wtl_flow_arrow_name(first[1].arrow));
        return;
    }
    if (first->kind == WTL_FLOW_SEQUENTIAL || first->kind == WTL_FLOW_CONCURRENT) {
        diag = wtl__flow_report(diags, WTL_FLOW_GROUP_FIRST, first->at,
                                "a chain cannot begin with a group");
        wtl__flow_help(diag, "begin with one producer, or write one chain for each of them");
    }
    for (unsigned i = 1; i + 1 < chain->step_count; i++) {
        if (step_of(ast, chain, i)->kind == WTL_FLOW_OUTPUT) {
            const struct wtl_flow_step *after = step_of(ast, chain, i + 1);
            diag = wtl__flow_report(diags, WTL_FLOW_AFTER_OUTPUT, after->arrow_at,
                                    "nothing can stand behind output");
            wtl__flow_help(diag, "end the chain at output, and write a second one for the rest");
            return;
        }
    }
    if (first->kind == WTL_FLOW_INPUT && first[1].kind == WTL_FLOW_OUTPUT) {
        diag = wtl__flow_report(diags, WTL_FLOW_NO_PROCESSOR, first[1].at,
                                "no stage stands between the input and output");
        wtl__flow_help(diag, "name at least one: %s %s MODULE.ACTOR @edge %s output",
                       wtl_flow_mode_name(chain->mode), wtl_flow_arrow_name(first[1].arrow),
                       wtl_flow_arrow_name(first[1].arrow));
    }
}

/* ---- arrows ------------------------------------------------------------------------------- */

/* The whole line counts: not the last arrow, and not the first. */
static void judge_arrows(const struct wtl_flow_ast *ast, const struct wtl_flow_chain *chain,
                         struct wtl_flow_diags *diags)
{
    const struct wtl_flow_step *one_way = NULL;
    struct wtl_flow_diag *diag;
    for (unsigned i = 1; i < chain->step_count; i++) {
        const struct wtl_flow_step *step = step_of(ast, chain, i);
        if (step->arrow == WTL_FLOW_ONE_WAY && chain->mode == WTL_FLOW_PULL) {
            diag = wtl__flow_report(diags, WTL_FLOW_PULL_ONE_WAY, step->arrow_at,
                                    "pull mode can be enabled only for bidirectional dataflow");
            wtl__flow_help(diag, "write `<~>` here: the request for data travels on the backward "
                                 "path");
        } else if (step->arrow == WTL_FLOW_ONE_WAY && one_way == NULL) {
            one_way = step;
        } else if (step->arrow == WTL_FLOW_TWO_WAY && one_way != NULL) {
            diag = wtl__flow_report(diags, WTL_FLOW_MIXED_ARROWS, step->arrow_at,
                                    "this `<~>` stands behind the `~>` at %u:%u, where its "
                                    "backward path would end",
                                    (unsigned)one_way->arrow_at.line,
                                    (unsigned)one_way->arrow_at.column);
            wtl__flow_help(diag, "write `<~>` there too, or `~>` here");
            return;
        }
    }
    if (one_way != NULL && step_of(ast, chain, 1)->arrow == WTL_FLOW_TWO_WAY) {
        diag = wtl__flow_report(diags, WTL_FLOW_BACKWARD_ENDS, one_way->arrow_at,
                                "the backward path of this chain begins in front of this `~>`");
        wtl__flow_help(diag, "what stands behind it cannot answer; if it should, write `<~>`");
    }
}

/* ---- a stage next to itself --------------------------------------------------------------- */

static void report_repeated(const struct wtl_flow_ast *ast, const struct wtl_flow_ref *ref,
                            struct wtl_flow_diags *diags, const char *where)
{
    const struct wtl_flow_stage *stage = &ast->stages[ref->stage];
    const char *name = wtl_flow_str(ast, stage->name);
    struct wtl_flow_diag *diag =
        wtl__flow_report(diags, WTL_FLOW_REPEATED_STAGE, ref->at, "`%s` stands %s", name, where);
    wtl__flow_help(diag, "side by side: %s *2; in a row: declare %s2 = %s.%s as well", name, name,
                   wtl_flow_str(ast, stage->module), wtl_flow_str(ast, stage->actor));
}

static void judge_repeats(const struct wtl_flow_ast *ast, const struct wtl_flow_step *step,
                          struct wtl_flow_diags *diags)
{
    for (uint16_t i = 1; i < step->ref_count; i++) {
        const struct wtl_flow_ref *ref = &ast->refs[step->first_ref + i];
        for (uint16_t k = 0; k < i && ref->stage != WTL_FLOW_NONE; k++) {
            if (ast->refs[step->first_ref + k].stage == ref->stage) {
                report_repeated(ast, ref, diags, "twice in this group");
                break;
            }
        }
    }
}

/* ---- rings -------------------------------------------------------------------------------- */

#define ROW_WORDS (WTL_FLOW_STAGES_MAX / 64)

/* Which stage can be reached from which, over one-way arrows alone. */
struct reach {
    const struct wtl_flow_ast *ast;
    struct wtl_flow_diags *diags;
    struct wtl_flow_edge last;
    bool found;
    uint64_t rows[WTL_FLOW_STAGES_MAX][ROW_WORDS];
};

static bool reaches(const struct reach *reach, uint16_t from, uint16_t to)
{
    return (reach->rows[from][to / 64] >> (to % 64) & 1) != 0;
}

static void add_edge(void *context, const struct wtl_flow_edge *edge)
{
    struct reach *reach = context;
    if (edge->from == WTL_FLOW_NONE || edge->to == WTL_FLOW_NONE) {
        return;
    }
    if (edge->from == edge->to) {
        struct wtl_flow_ref ref = {.at = edge->at, .stage = edge->to};
        report_repeated(reach->ast, &ref, reach->diags, "behind itself");
    } else if (edge->arrow == WTL_FLOW_ONE_WAY) {
        reach->rows[edge->from][edge->to / 64] |= UINT64_C(1) << (edge->to % 64);
    }
}

static void find_closing(void *context, const struct wtl_flow_edge *edge)
{
    struct reach *reach = context;
    if (edge->from != WTL_FLOW_NONE && edge->to != WTL_FLOW_NONE && edge->from != edge->to &&
        edge->arrow == WTL_FLOW_ONE_WAY && reaches(reach, edge->to, edge->from)) {
        reach->last = *edge;
        reach->found = true;
    }
}

static void close_transitively(struct reach *reach, uint16_t count)
{
    for (uint16_t via = 0; via < count; via++) {
        for (uint16_t from = 0; from < count; from++) {
            if (reaches(reach, from, via)) {
                for (unsigned w = 0; w < ROW_WORDS; w++) {
                    reach->rows[from][w] |= reach->rows[via][w];
                }
            }
        }
    }
}

static void judge_rings(const struct wtl_flow_ast *ast, struct wtl_flow_diags *diags)
{
    struct reach reach = {.ast = ast, .diags = diags};
    wtl_flow_each_edge(ast, add_edge, &reach);
    close_transitively(&reach, ast->stage_count);
    wtl_flow_each_edge(ast, find_closing, &reach);
    if (reach.found) {
        const char *from = wtl_flow_str(ast, ast->stages[reach.last.from].name);
        const char *to = wtl_flow_str(ast, ast->stages[reach.last.to].name);
        struct wtl_flow_diag *diag = wtl__flow_report(
            diags, WTL_FLOW_CYCLE, reach.last.at,
            "`%s` feeds `%s`, which leads back to `%s` with `~>` alone", from, to, from);
        wtl__flow_help(diag, "make one arrow of the ring `<~>`, whose backward link carries "
                             "credit, or end it");
    }
}

void wtl__flow_judge_chains(const struct wtl_flow_ast *ast, struct wtl_flow_diags *diags)
{
    for (uint16_t i = 0; i < ast->chain_count; i++) {
        const struct wtl_flow_chain *chain = &ast->chains[i];
        for (uint16_t s = 0; s < chain->step_count; s++) {
            judge_repeats(ast, step_of(ast, chain, s), diags);
        }
        if (!chain->broken) {
            judge_ends(ast, chain, diags);
            judge_arrows(ast, chain, diags);
        }
    }
    judge_rings(ast, diags);
}
