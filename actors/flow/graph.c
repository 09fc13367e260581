/*
 * graph.c - draws a flow. Pure functions; owns nothing.
 *
 * Names have passed the checks, so that they hold nothing that dot or mermaid would take for
 * syntax. Stages are called s0, s1, ... there, because a stage may be named like a keyword of
 * theirs.
 */
#include "flow/graph.h"

#include "flow/text.h"

struct drawing {
    const struct wtl_flow_ast *ast;
    struct wtl__sink sink;
    bool mermaid;
};

/* ---- text --------------------------------------------------------------------------------- */

static void text_stage(struct drawing *d, const struct wtl_flow_ref *ref)
{
    char place[WTL_FLOW_PLACE_TEXT_MAX];
    if (ref->stage == WTL_FLOW_NONE) {
        wtl__sink_format(&d->sink, "?");
        return;
    }
    const struct wtl_flow_stage *stage = &d->ast->stages[ref->stage];
    wtl__sink_format(&d->sink, "%s %s", wtl_flow_str(d->ast, stage->name),
                     wtl_flow_place_text(d->ast, &stage->place, place));
    if (stage->copies > 1) {
        wtl__sink_format(&d->sink, " *%u", stage->copies);
    }
}

static void text_step(struct drawing *d, const struct wtl_flow_step *step)
{
    const char *open = step->kind == WTL_FLOW_SEQUENTIAL   ? "["
                       : step->kind == WTL_FLOW_CONCURRENT ? "{"
                                                           : "";
    const char *close = step->kind == WTL_FLOW_SEQUENTIAL   ? "]"
                        : step->kind == WTL_FLOW_CONCURRENT ? "}"
                                                            : "";
    if (step->kind == WTL_FLOW_INPUT || step->kind == WTL_FLOW_OUTPUT) {
        wtl__sink_format(&d->sink, step->kind == WTL_FLOW_INPUT ? "(input)" : "(output)");
    }
    wtl__sink_format(&d->sink, "%s", open);
    for (uint16_t i = 0; i < step->ref_count; i++) {
        wtl__sink_format(&d->sink, "%s", i > 0 ? ", " : "");
        text_stage(d, &d->ast->refs[step->first_ref + i]);
    }
    wtl__sink_format(&d->sink, "%s\n", close);
}

static void draw_text(struct drawing *d)
{
    wtl__sink_format(&d->sink, "flow %s\n", wtl_flow_str(d->ast, d->ast->name));
    for (uint16_t c = 0; c < d->ast->chain_count; c++) {
        const struct wtl_flow_chain *chain = &d->ast->chains[c];
        for (uint16_t s = 0; s < chain->step_count; s++) {
            const struct wtl_flow_step *step = &d->ast->steps[chain->first_step + s];
            wtl__sink_format(&d->sink, "  %6s ",
                             s == 0 ? wtl_flow_mode_name(chain->mode)
                                    : wtl_flow_arrow_name(step->arrow));
            text_step(d, step);
        }
    }
}

/* ---- dot and mermaid ---------------------------------------------------------------------- */

/* The layer in the end, also of a stage beside another. */
static enum wtl_flow_layer lane_of(const struct wtl_flow_ast *ast, uint16_t index)
{
    for (unsigned i = 0; i < WTL_FLOW_STAGES_MAX; i++) {
        const struct wtl_flow_place *place = &ast->stages[index].place;
        if (place->kind != WTL_FLOW_WITH || place->stage == WTL_FLOW_NONE) {
            return place->layer;
        }
        index = place->stage;
    }
    return WTL_FLOW_NO_LAYER;
}

static void draw_stage(struct drawing *d, uint16_t index)
{
    const struct wtl_flow_ast *ast = d->ast;
    const struct wtl_flow_stage *stage = &ast->stages[index];
    const char *line = d->mermaid ? "<br/>" : "\\n";
    char place[WTL_FLOW_PLACE_TEXT_MAX];
    wtl__sink_format(
        &d->sink, d->mermaid ? "    s%u[\"%s%s%s.%s%s%s" : "    s%u [label=\"%s%s%s.%s%s%s", index,
        wtl_flow_str(ast, stage->name), line, wtl_flow_str(ast, stage->module),
        wtl_flow_str(ast, stage->actor), line, wtl_flow_place_text(ast, &stage->place, place));
    if (stage->copies > 1) {
        wtl__sink_format(&d->sink, " *%u", stage->copies);
    }
    wtl__sink_format(&d->sink, d->mermaid ? "\"]\n" : "\"];\n");
}

static void draw_lane(struct drawing *d, enum wtl_flow_layer layer)
{
    bool open = false;
    for (uint16_t i = 0; i < d->ast->stage_count; i++) {
        if (lane_of(d->ast, i) != layer) {
            continue;
        }
        if (!open && layer != WTL_FLOW_NO_LAYER) {
            const char *name = wtl_flow_layer_name(layer);
            if (d->mermaid) {
                wtl__sink_format(&d->sink, "  subgraph %s\n", name);
            } else {
                wtl__sink_format(&d->sink, "  subgraph cluster_%s {\n    label=\"%s\";\n", name,
                                 name);
            }
        }
        open = true;
        draw_stage(d, i);
    }
    if (open && layer != WTL_FLOW_NO_LAYER) {
        wtl__sink_format(&d->sink, d->mermaid ? "  end\n" : "  }\n");
    }
}

static void draw_end(struct drawing *d, uint16_t stage, const char *client)
{
    if (stage == WTL_FLOW_NONE) {
        wtl__sink_format(&d->sink, "%s", client);
    } else {
        wtl__sink_format(&d->sink, "s%u", stage);
    }
}

static void draw_edge(void *context, const struct wtl_flow_edge *edge)
{
    struct drawing *d = context;
    bool two_way = edge->arrow == WTL_FLOW_TWO_WAY;
    wtl__sink_format(&d->sink, "  ");
    draw_end(d, edge->from, "input");
    wtl__sink_format(&d->sink, "%s", !d->mermaid ? " -> " : two_way ? " <--> " : " --> ");
    draw_end(d, edge->to, "output");
    wtl__sink_format(&d->sink, "%s", d->mermaid ? "\n" : two_way ? " [dir=both];\n" : ";\n");
}

static void draw_clients(struct drawing *d)
{
    bool input = false;
    bool output = false;
    for (uint16_t i = 0; i < d->ast->step_count; i++) {
        input |= d->ast->steps[i].kind == WTL_FLOW_INPUT;
        output |= d->ast->steps[i].kind == WTL_FLOW_OUTPUT;
    }
    if (input) {
        wtl__sink_format(&d->sink, d->mermaid ? "  input([input])\n" : "  input [shape=plain];\n");
    }
    if (output) {
        wtl__sink_format(&d->sink,
                         d->mermaid ? "  output([output])\n" : "  output [shape=plain];\n");
    }
}

static void draw_picture(struct drawing *d)
{
    if (d->mermaid) {
        wtl__sink_format(&d->sink, "flowchart LR\n");
    } else {
        wtl__sink_format(&d->sink, "digraph \"%s\" {\n  rankdir=LR;\n  node [shape=box];\n",
                         wtl_flow_str(d->ast, d->ast->name));
    }
    for (int layer = WTL_FLOW_NO_LAYER; layer <= WTL_FLOW_CLOUD; layer++) {
        draw_lane(d, (enum wtl_flow_layer)layer);
    }
    draw_clients(d);
    wtl_flow_each_edge(d->ast, draw_edge, d);
    if (!d->mermaid) {
        wtl__sink_format(&d->sink, "}\n");
    }
}

size_t wtl_flow_graph(const struct wtl_flow_ast *ast, enum wtl_flow_graph_format format, char *out,
                      size_t room)
{
    struct drawing d = {
        .ast = ast, .sink = wtl__sink_over(out, room), .mermaid = format == WTL_FLOW_MERMAID};
    if (format == WTL_FLOW_TEXT) {
        draw_text(&d);
    } else {
        draw_picture(&d);
    }
    return wtl__sink_end(&d.sink);
}
