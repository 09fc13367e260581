/*
 * plan.c - `wattle flow plan`: what would run where if a flow were started now.
 *
 * A node says which nodes there are; the rest is flow/plan.h, the same function that a manager
 * decides by. Nothing is started, and nothing is asked of the nodes in the plan. Where the flow
 * runs already, its stages stay where they are.
 *
 * Thread: one.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/client.h"
#include "cli/flow_file.h"
#include "flow/in.h"
#include "flow/plan.h"

/* What the cells of one row point to. */
struct texts {
    char stage[WTL_UNIT_NAME_MAX];
    char actor[2 * WTL_FLOW_NAME_MAX + 2];
    char place[WTL_FLOW_PLACE_TEXT_MAX];
};

struct plan {
    const struct wtl_flow_ast *ast;
    struct wtl_units units;
    uint32_t chosen[WTL_UNITS_MAX];
    bool is_running;
    uint32_t nodes_count;
    uint32_t count;
    struct wtl_plan_node nodes[WTL_PLAN_NODES_MAX];
    struct wtl_plan_instance instances[WTL_PLAN_INSTANCES_MAX];
};

static const struct wtl__column columns[] = {
    {"STAGE", WTL__COLUMN_TEXT, false},  {"ACTOR", WTL__COLUMN_TEXT, false},
    {"PLACE", WTL__COLUMN_TEXT, false},  {"NODE", WTL__COLUMN_TEXT, false},
    {"LAYER", WTL__COLUMN_TEXT, false},  {"INSTANCES", WTL__COLUMN_COUNT, true},
    {"CREDIT", WTL__COLUMN_COUNT, true}, {"STATE", WTL__COLUMN_TEXT, false},
};
#define COLUMNS ((uint32_t)(sizeof columns / sizeof columns[0]))

/* ---- what a node knows ------------------------------------------------------------------------
 */

/* The cell of that column; none when the table has no such column, or the cell no text. */
static struct wtl__value text_at(const struct wtl__table *table, uint32_t row, const char *column)
{
    for (uint32_t i = 0; i < table->columns_count; i++) {
        const struct wtl__value *value = &table->cells[(size_t)row * table->columns_count + i];
        if (table->columns[i].size == strlen(column) && value->kind == WTL__VALUE_TEXT &&
            memcmp(table->columns[i].name, column, table->columns[i].size) == 0) {
            return *value;
        }
    }
    return (struct wtl__value){0};
}

static bool is_text(const struct wtl__value *value, const char *text)
{
    return value->kind == WTL__VALUE_TEXT && value->size == strlen(text) &&
           memcmp(value->text, text, value->size) == 0;
}

static void add_node(struct plan *plan, const struct wtl__table *table, uint32_t row)
{
    struct wtl__value name = text_at(table, row, "NODE");
    struct wtl__value layer = text_at(table, row, "LAYER");
    struct wtl__value state = text_at(table, row, "STATE");
    if (name.size == 0 || name.size > WTL_FLOW_NAME_MAX || layer.size == 0) {
        return;
    }
    struct wtl_plan_node *node = &plan->nodes[plan->nodes_count++];
    memcpy(node->name, name.text, name.size);
    node->id = plan->nodes_count;
    node->layer = wtl_flow_layer_of(layer.text, layer.size);
    node->up = is_text(&state, "up");
}

static enum wtl__end ask_nodes(const struct wtl__cli *cli, struct plan *plan, const char *path,
                               struct wtl__request *request)
{
    struct wtl__asked asked;
    struct wtl__table table;
    (void)snprintf(request->verb, sizeof request->verb, "mesh.nodes");
    enum wtl__end end = wtl__ask(cli, path, request, &asked);
    if (end != WTL__END_OK) {
        return end;
    }
    if (asked.reply.shape != WTL__SHAPE_TABLE || wtl__table_init(&table, &asked.reply) != WTL_OK) {
        free(asked.bytes);
        return wtl__fail(&cli->report, WTL__FAILURE_BAD_ANSWER, path, "the nodes cannot be read");
    }
    for (uint32_t row = 0; row < table.rows && plan->nodes_count < WTL_PLAN_NODES_MAX; row++) {
        add_node(plan, &table, row);
    }
    wtl__table_deinit(&table);
    free(asked.bytes);
    return WTL__END_OK;
}

static uint32_t node_of(const struct plan *plan, const struct wtl__value *name)
{
    for (uint32_t i = 0; i < plan->nodes_count; i++) {
        if (is_text(name, plan->nodes[i].name)) {
            return i;
        }
    }
    return WTL_PLAN_NONE;
}

/* Takes over where the stages of a running flow of that name are. That none runs is no failure. */
static void ask_running(struct plan *plan, const char *path, struct wtl__request *request)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct wtl__reply reply;
    struct wtl__table table;
    struct wtl_error ignored = {0};
    char name[WTL_UNIT_NAME_MAX];
    (void)snprintf(request->verb, sizeof request->verb, "flow.show");
    (void)snprintf(request->args[0], sizeof request->args[0], "%s",
                   wtl_flow_str(plan->ast, plan->ast->name));
    request->args_count = 1;
    if (wtl__client_ask(path, request, request->timeout_ms, &bytes, &size, &ignored) != WTL_OK) {
        return;
    }
    if (wtl__reply_read(bytes, size, &reply) == WTL_OK && reply.status == WTL_OK &&
        reply.shape == WTL__SHAPE_TABLE && wtl__table_init(&table, &reply) == WTL_OK) {
        plan->is_running = true;
        for (uint32_t row = 0; row < table.rows; row++) {
            struct wtl__value stage = text_at(&table, row, "STAGE");
            struct wtl__value node = text_at(&table, row, "NODE");
            for (uint16_t unit = 0; unit < plan->units.count; unit++) {
                if (is_text(&stage, wtl_unit_name(plan->ast, &plan->units.list[unit], name))) {
                    plan->chosen[unit] = node_of(plan, &node);
                }
            }
        }
        wtl__table_deinit(&table);
    }
    free(bytes);
}

/* ---- the table --------------------------------------------------------------------------------
 */

/* The place that counts: that of the unit beside which it runs, which the checker has made sure
 * of. */
static const struct wtl_flow_place *place_of(const struct plan *plan, uint16_t unit)
{
    const struct wtl_units *units = &plan->units;
    for (uint32_t i = 0; i < WTL_UNITS_MAX && units->list[unit].beside != WTL_FLOW_NONE; i++) {
        unit = units->list[unit].beside;
    }
    return &plan->ast->stages[units->list[unit].stage].place;
}

static void put_text(struct wtl__value *cell, const char *text)
{
    cell->kind = WTL__VALUE_TEXT;
    cell->text = text;
    cell->size = strlen(text);
}

/* One row: `instances` of a unit on a node, or none because there is no node for it. */
static void put_row(const struct plan *plan, struct wtl__value *cells, struct texts *texts,
                    uint16_t number, const struct wtl_plan_node *node, uint32_t instances)
{
    const struct wtl_unit *unit = &plan->units.list[number];
    const struct wtl_flow_stage *stage = &plan->ast->stages[unit->stage];
    const struct wtl_flow_place *place = place_of(plan, number);
    put_text(&cells[0], wtl_unit_name(plan->ast, unit, texts->stage));
    if (unit->kind == WTL_UNIT_OUTBOX || unit->kind == WTL_UNIT_FORK) {
        put_text(&cells[1], unit->kind == WTL_UNIT_OUTBOX ? "outbox" : "fork");
    } else {
        (void)snprintf(texts->actor, sizeof texts->actor, "%s.%s",
                       wtl_flow_str(plan->ast, stage->module),
                       wtl_flow_str(plan->ast, stage->actor));
        put_text(&cells[1], texts->actor);
    }
    put_text(&cells[2], wtl_flow_place_text(plan->ast, place, texts->place));
    if (node != NULL) {
        put_text(&cells[3], node->name);
    }
    put_text(&cells[4], wtl_flow_layer_name(node != NULL ? node->layer : place->layer));
    cells[5] = (struct wtl__value){.kind = WTL__VALUE_NUMBER, .number = instances};
    if (unit->kind != WTL_UNIT_PRODUCER) { /* nothing leads to one */
        cells[6] = (struct wtl__value){.kind = WTL__VALUE_NUMBER,
                                       .number = (int64_t)instances * WTL_IN_WINDOW};
    }
    put_text(&cells[7], node == NULL ? "no node" : node->up ? "ready" : "node down");
}

static uint32_t put_rows(const struct plan *plan, struct wtl__table *table, struct texts *texts)
{
    uint32_t rows = 0;
    uint32_t at = 0;
    for (uint16_t unit = 0; unit < plan->units.count; unit++) {
        bool is_placed = false;
        while (at < plan->count && plan->instances[at].unit == unit) {
            uint32_t node = plan->instances[at].node;
            uint32_t first = at;
            while (at < plan->count && plan->instances[at].unit == unit &&
                   plan->instances[at].node == node) {
                at++;
            }
            put_row(plan, &table->cells[(size_t)rows * COLUMNS], &texts[rows], unit,
                    &plan->nodes[node], at - first);
            rows++;
            is_placed = true;
        }
        if (!is_placed) {
            put_row(plan, &table->cells[(size_t)rows * COLUMNS], &texts[rows], unit, NULL, 0);
            rows++;
        }
    }
    return rows;
}

static enum wtl__end print_plan(const struct wtl__cli *cli, const struct plan *plan)
{
    struct wtl__table table = {.shape = WTL__SHAPE_TABLE, .columns_count = COLUMNS};
    uint32_t rows_max = plan->count + plan->units.count;
    struct texts *texts = calloc(rows_max, sizeof *texts);
    table.cells = calloc((size_t)rows_max * COLUMNS, sizeof *table.cells);
    table.order = calloc(rows_max, sizeof *table.order);
    enum wtl__end end = WTL__END_OK;
    if (texts == NULL || table.cells == NULL || table.order == NULL) {
        end = wtl__fail(&cli->report, WTL__FAILURE_REFUSED, NULL, "no memory for the table");
    } else {
        for (uint32_t i = 0; i < COLUMNS; i++) {
            table.columns[i] = (struct wtl__reply_column){.name = columns[i].name,
                                                          .size = strlen(columns[i].name),
                                                          .kind = columns[i].kind,
                                                          .has_sum = columns[i].has_sum};
        }
        table.rows = put_rows(plan, &table, texts);
        table.total = table.rows;
        for (uint32_t i = 0; i < table.rows; i++) {
            table.order[i] = i;
        }
        end = wtl__print_table(cli, &table);
    }
    free(texts);
    wtl__table_deinit(&table);
    return end;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static enum wtl__end make_plan(const struct wtl__cli *cli, struct plan *plan)
{
    struct wtl__request request;
    struct wtl_error error = {0};
    const char *path = NULL;
    if (wtl_units_of(plan->ast, &plan->units, &error) != WTL_OK) {
        return wtl__fail(&cli->report, WTL__FAILURE_FLOW, NULL, "%s", error.text);
    }
    memset(plan->chosen, 0xff, sizeof plan->chosen); /* WTL_PLAN_NONE */
    enum wtl__end end = wtl__begin_request(cli, &request);
    if (end == WTL__END_OK) {
        end = wtl__find_socket(cli, &request, &path);
    }
    if (end == WTL__END_OK) {
        end = ask_nodes(cli, plan, path, &request);
    }
    if (end != WTL__END_OK) {
        return end;
    }
    ask_running(plan, path, &request);
    if (wtl_plan_place(plan->ast, &plan->units, plan->nodes, plan->nodes_count, plan->chosen,
                       plan->instances, WTL_PLAN_INSTANCES_MAX, &plan->count) != WTL_OK) {
        return wtl__fail(&cli->report, WTL__FAILURE_FLOW, NULL,
                         "the flow has more than %u instances on these nodes",
                         WTL_PLAN_INSTANCES_MAX);
    }
    end = print_plan(cli, plan);
    if (end == WTL__END_OK && plan->is_running && !wtl__is_given(cli, "quiet")) {
        const char *name = wtl_flow_str(plan->ast, plan->ast->name);
        wtl__fail_line(&cli->report, "note",
                       "a flow %s runs already, and its stages stay where they are; wattle flow "
                       "show %s",
                       name, name);
    }
    return end;
}

enum wtl__end wtl__run_flow_plan(struct wtl__cli *cli)
{
    struct wtl__flow_file *flow = NULL;
    enum wtl__end end = wtl__flow_read(cli, cli->operands[0], &flow);
    if (end != WTL__END_OK) {
        return end;
    }
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        free(flow);
        return wtl__fail(&cli->report, WTL__FAILURE_REFUSED, NULL, "no memory for the plan");
    }
    plan->ast = &flow->ast;
    end = make_plan(cli, plan);
    free(plan);
    free(flow);
    return end;
}
