/*
 * units.c - from the steps of the chains to units and arrows. Pure functions; owns nothing.
 *
 * Arrows lead to where a step takes its messages (a stage, the first of [a, b], the fork of {a, b})
 * and from where it hands them on (a stage, the last of [a, b], the same fork). The same arrow in
 * two chains is one arrow.
 */
#include "flow/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct build {
    const struct wtl_flow_ast *ast;
    struct wtl_units *units;
    struct wtl_error *error;
    enum wtl_status status;
    bool fed[WTL_FLOW_STAGES_MAX];
    uint16_t of_stage[WTL_FLOW_STAGES_MAX]; /* the unit that runs it */
    uint16_t of_step[WTL_FLOW_STEPS_MAX];   /* the fork of a group */
};

static void fail(struct build *b, enum wtl_status status, const char *text)
{
    if (b->status == WTL_OK) {
        b->status =
            wtl_fail(b->error, status, "flow %s: %s", wtl_flow_str(b->ast, b->ast->name), text);
    }
}

static uint16_t add_unit(struct build *b, struct wtl_unit unit)
{
    if (b->units->count == WTL_UNITS_MAX) {
        fail(b, WTL_FULL, "it has too many stages and groups: split it");
        return 0;
    }
    b->units->list[b->units->count] = unit;
    return b->units->count++;
}

static void add_arrow(struct build *b, uint16_t from, uint16_t to, enum wtl_flow_arrow kind,
                      bool member)
{
    struct wtl_units *units = b->units;
    for (uint16_t i = 0; i < units->arrow_count; i++) {
        struct wtl_arrow *arrow = &units->arrows[i];
        if (arrow->from == from && arrow->to == to) {
            arrow->two_way &= kind == WTL_FLOW_TWO_WAY;
            return;
        }
    }
    if (units->arrow_count == WTL_ARROWS_MAX) {
        fail(b, WTL_FULL, "it has too many arrows: split it");
        return;
    }
    units->arrows[units->arrow_count++] = (struct wtl_arrow){
        .from = from, .to = to, .two_way = kind == WTL_FLOW_TWO_WAY, .member = member};
}

/* ---- units -------------------------------------------------------------------------------- */

static void note_fed(void *context, const struct wtl_flow_edge *edge)
{
    struct build *b = context;
    if (edge->to != WTL_FLOW_NONE) {
        b->fed[edge->to] = true;
    }
}

/* How the chain that the stage begins is paced; 0 when it begins none. */
static enum wtl_flow_mode mode_of(const struct wtl_flow_ast *ast, uint16_t stage)
{
    for (uint16_t c = 0; c < ast->chain_count; c++) {
        const struct wtl_flow_step *first = &ast->steps[ast->chains[c].first_step];
        if (first->kind == WTL_FLOW_SINGLE && ast->refs[first->first_ref].stage == stage) {
            return ast->chains[c].mode;
        }
    }
    return 0;
}

static void add_stage(struct build *b, uint16_t index)
{
    const struct wtl_flow_stage *stage = &b->ast->stages[index];
    enum wtl_flow_mode mode = b->fed[index] ? 0 : mode_of(b->ast, index);
    struct wtl_unit unit = {.kind = mode != 0 ? WTL_UNIT_PRODUCER : WTL_UNIT_STAGE,
                            .mode = mode,
                            .stage = index,
                            .beside = WTL_FLOW_NONE,
                            .copies = stage->copies == 0 ? 1 : stage->copies};
    b->of_stage[index] = add_unit(b, unit);
    if (mode != 0) {
        unit.kind = WTL_UNIT_OUTBOX;
        unit.beside = b->of_stage[index];
        uint16_t outbox = add_unit(b, unit);
        add_arrow(b, unit.beside, outbox, WTL_FLOW_TWO_WAY, false);
    }
}

static void add_fork(struct build *b, uint16_t index)
{
    const struct wtl_flow_step *step = &b->ast->steps[index];
    uint16_t first = b->ast->refs[step->first_ref].stage;
    b->of_step[index] = add_unit(
        b, (struct wtl_unit){
               .kind = WTL_UNIT_FORK, .stage = first, .beside = b->of_stage[first], .copies = 1});
    for (uint16_t r = 0; r < step->ref_count; r++) {
        uint16_t member = b->of_stage[b->ast->refs[step->first_ref + r].stage];
        add_arrow(b, b->of_step[index], member, step->arrow, true);
    }
}

/* ---- arrows ------------------------------------------------------------------------------- */

/* The unit that a step takes its messages at, or hands them on from. */
static uint16_t step_end(const struct build *b, uint16_t index, bool tail)
{
    const struct wtl_flow_step *step = &b->ast->steps[index];
    if (step->kind == WTL_FLOW_CONCURRENT) {
        return b->of_step[index];
    }
    uint16_t skip = tail ? (uint16_t)(step->ref_count - 1) : 0;
    uint16_t unit = b->of_stage[b->ast->refs[step->first_ref + skip].stage];
    bool producer = b->units->list[unit].kind == WTL_UNIT_PRODUCER;
    return tail && producer ? (uint16_t)(unit + 1) : unit; /* its outbox follows it */
}

static void add_chain(struct build *b, const struct wtl_flow_chain *chain)
{
    const struct wtl_flow_ast *ast = b->ast;
    for (uint16_t s = 0; s < chain->step_count; s++) {
        uint16_t index = (uint16_t)(chain->first_step + s);
        const struct wtl_flow_step *step = &ast->steps[index];
        if (s > 0) {
            add_arrow(b, step_end(b, (uint16_t)(index - 1), true), step_end(b, index, false),
                      step->arrow, false);
        }
        for (uint16_t r = 1; step->kind == WTL_FLOW_SEQUENTIAL && r < step->ref_count; r++) {
            add_arrow(b, b->of_stage[ast->refs[step->first_ref + r - 1].stage],
                      b->of_stage[ast->refs[step->first_ref + r].stage], step->arrow, false);
        }
    }
}

static int compare_arrows(const void *left, const void *right)
{
    const struct wtl_arrow *a = left;
    const struct wtl_arrow *b = right;
    if (a->from != b->from) {
        return a->from < b->from ? -1 : 1;
    }
    if (a->member != b->member) {
        return a->member ? -1 : 1;
    }
    return a->to < b->to ? -1 : a->to > b->to;
}

static void index_arrows(struct build *b)
{
    struct wtl_units *units = b->units;
    qsort(units->arrows, units->arrow_count, sizeof units->arrows[0], compare_arrows);
    for (uint16_t i = 0; i < units->arrow_count; i++) {
        struct wtl_unit *from = &units->list[units->arrows[i].from];
        if (from->arrow_count == 0) {
            from->first_arrow = i;
        }
        if (++from->arrow_count > WTL_UNIT_ARROWS_MAX) {
            fail(b, WTL_FULL, "too many arrows lead on from one stage");
        }
    }
}

/* The way back holds as far as every arrow in front of it is two-way: all say yes at first, and
 * each no is handed on until nothing changes. Rings end because no is never taken back. */
static void judge_backward(struct wtl_units *units)
{
    for (uint16_t i = 0; i < units->count; i++) {
        struct wtl_unit *unit = &units->list[i];
        unit->back = true;
        unit->pulls = unit->mode == 0 || unit->mode == WTL_FLOW_PULL;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint16_t i = 0; i < units->arrow_count; i++) {
            const struct wtl_arrow *arrow = &units->arrows[i];
            const struct wtl_unit *from = &units->list[arrow->from];
            struct wtl_unit *to = &units->list[arrow->to];
            bool back = to->back && from->back && arrow->two_way;
            bool pulls = to->pulls && from->pulls && arrow->two_way;
            changed |= back != to->back || pulls != to->pulls;
            to->back = back;
            to->pulls = pulls;
        }
    }
}

enum wtl_status wtl_units_of(const struct wtl_flow_ast *ast, struct wtl_units *units_out,
                             struct wtl_error *error)
{
    struct build b = {.ast = ast, .units = units_out, .error = error};
    units_out->count = 0;
    units_out->arrow_count = 0;
    if (!ast->checked) {
        return wtl_fail(error, WTL_INVALID, "the flow was not checked");
    }
    for (uint16_t i = 0; i < ast->step_count; i++) {
        if (ast->steps[i].kind == WTL_FLOW_INPUT || ast->steps[i].kind == WTL_FLOW_OUTPUT) {
            fail(&b, WTL_UNSUPPORTED,
                 "input and output for clients cannot be run: begin and end with a stage");
            return b.status;
        }
    }
    wtl_flow_each_edge(ast, note_fed, &b);
    for (uint16_t i = 0; i < ast->stage_count; i++) {
        if (ast->stages[i].used) {
            add_stage(&b, i);
        }
    }
    for (uint16_t i = 0; i < ast->step_count; i++) {
        if (ast->steps[i].kind == WTL_FLOW_CONCURRENT) {
            add_fork(&b, i);
        }
    }
    for (uint16_t i = 0; i < units_out->count; i++) {
        struct wtl_unit *unit = &units_out->list[i];
        const struct wtl_flow_place *place = &ast->stages[unit->stage].place;
        if (unit->beside == WTL_FLOW_NONE && place->kind == WTL_FLOW_WITH) {
            unit->beside = b.of_stage[place->stage];
        }
    }
    for (uint16_t c = 0; c < ast->chain_count && b.status == WTL_OK; c++) {
        add_chain(&b, &ast->chains[c]);
    }
    index_arrows(&b);
    judge_backward(units_out);
    return b.status;
}

const char *wtl_unit_name(const struct wtl_flow_ast *ast, const struct wtl_unit *unit,
                          char out[WTL_UNIT_NAME_MAX])
{
    const char *suffix = unit->kind == WTL_UNIT_OUTBOX ? ".outbox"
                         : unit->kind == WTL_UNIT_FORK ? ".fork"
                                                       : "";
    (void)snprintf(out, WTL_UNIT_NAME_MAX, "%s%s", wtl_flow_str(ast, ast->stages[unit->stage].name),
                   suffix);
    return out;
}
