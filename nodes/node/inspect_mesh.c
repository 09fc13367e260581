/* inspect_mesh.c - see inspect_mesh.h. */
#include "node/inspect_mesh.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* enum wtl__node_row.state */
static const char *const node_states[] = {"down", "up", "known"};

/* ---- rows of the core, on the heap ---------------------------------------------------------- */

struct nodes {
    struct wtl__node_row *rows; /* this node first */
    const struct wtl__node_row **by_id;
    uint32_t count;
    uint32_t total;
};

static int compare_id(const void *left, const void *right)
{
    uint64_t a = (*(const struct wtl__node_row *const *)left)->node;
    uint64_t b = (*(const struct wtl__node_row *const *)right)->node;
    return (a > b) - (a < b);
}

static bool nodes_init(struct nodes *nodes, const struct wtl__mesh_view *view)
{
    *nodes = (struct nodes){.total = wtl__core_nodes(view->core, NULL, 0)};
    uint32_t room = nodes->total < WTL__INSPECT_ROWS_MAX ? nodes->total : WTL__INSPECT_ROWS_MAX;
    nodes->rows = calloc(room > 0 ? room : 1, sizeof *nodes->rows);
    nodes->by_id = calloc(room > 0 ? room : 1, sizeof(struct wtl__node_row *));
    if (nodes->rows == NULL || nodes->by_id == NULL) {
        free(nodes->rows);
        free((void *)nodes->by_id);
        *nodes = (struct nodes){0};
        return false;
    }
    uint32_t filled = wtl__core_nodes(view->core, nodes->rows, room);
    nodes->count = filled < room ? filled : room;
    for (uint32_t i = 0; i < nodes->count; i++) {
        nodes->by_id[i] = &nodes->rows[i];
    }
    if (nodes->count > 0) {
        qsort((void *)nodes->by_id, nodes->count, sizeof(struct wtl__node_row *), compare_id);
    }
    return true;
}

static void nodes_deinit(struct nodes *nodes)
{
    free(nodes->rows);
    free((void *)nodes->by_id);
}

static const struct wtl__node_row *node_by_id(const struct nodes *nodes, uint64_t id)
{
    struct wtl__node_row wanted = {.node = id};
    const struct wtl__node_row *key = &wanted;
    const struct wtl__node_row **found =
        nodes->count == 0 ? NULL
                          : bsearch((const void *)&key, (const void *)nodes->by_id, nodes->count,
                                    sizeof(struct wtl__node_row *), compare_id);
    return found != NULL ? *found : NULL;
}

/* The name of a node, or "#" and its number. */
static const char *node_name(const struct nodes *nodes, uint64_t id,
                             char text_out[WTL_NAME_MAX + 1])
{
    const struct wtl__node_row *row = node_by_id(nodes, id);
    if (row != NULL) {
        return row->name;
    }
    (void)snprintf(text_out, WTL_NAME_MAX + 1, "#%016" PRIx64, id);
    return text_out;
}

static struct wtl__link_row *links_of(const struct wtl__mesh_view *view, uint32_t *count_out,
                                      uint32_t *total_out)
{
    *total_out = wtl__hub_links(view->hub, NULL, 0);
    uint32_t room = *total_out < WTL__INSPECT_ROWS_MAX ? *total_out : WTL__INSPECT_ROWS_MAX;
    struct wtl__link_row *rows = calloc(room > 0 ? room : 1, sizeof *rows);
    uint32_t filled = rows != NULL ? wtl__hub_links(view->hub, rows, room) : 0;
    *count_out = filled < room ? filled : room;
    return rows;
}

static uint64_t age_of(const struct wtl__mesh_view *view, uint64_t since_ms)
{
    return view->now_ms > since_ms ? view->now_ms - since_ms : 0;
}

static uint32_t peers_of(const struct wtl__mesh_view *view)
{
    uint32_t count = 0;
    uint32_t total = 0;
    uint32_t peers = 0;
    struct wtl__link_row *rows = links_of(view, &count, &total);
    for (uint32_t i = 0; i < count; i++) {
        peers += rows[i].state == WTL__SESSION_UP;
    }
    free(rows);
    return peers;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static void put_layer(struct wtl_writer *body, uint8_t layer)
{
    const char *name = wtl_layer_name((enum wtl_layer)layer);
    if (name != NULL) {
        wtl_put_strz(body, name);
    } else {
        wtl_put_nil(body);
    }
}

/* The round trip to a node that is linked directly; 0: not known. */
static uint32_t rtt_to(const struct wtl__node_row *node, const struct wtl__link_row *links,
                       uint32_t links_count)
{
    for (uint32_t i = 0; i < links_count; i++) {
        if (links[i].link == node->link && strcmp(links[i].peer, node->name) == 0) {
            return links[i].rtt_us;
        }
    }
    return 0;
}

static void answer_nodes(const struct wtl__mesh_view *view, const struct nodes *nodes,
                         struct wtl_writer *body)
{
    uint32_t links_count = 0;
    uint32_t links_total = 0;
    struct wtl__link_row *links = links_of(view, &links_count, &links_total);
    wtl_put_array(body, 2);
    wtl_put_u64(body, nodes->total);
    wtl_put_array(body, nodes->count);
    for (uint32_t i = 0; i < nodes->count; i++) {
        const struct wtl__node_row *row = &nodes->rows[i];
        uint32_t rtt_us = i == 0 || links == NULL ? 0 : rtt_to(row, links, links_count);
        wtl_put_array(body, 7);
        wtl_put_u64(body, row->node);
        wtl_put_strz(body, row->name);
        put_layer(body, row->layer);
        wtl_put_strz(body, node_states[row->state < WTL_COUNT(node_states) ? row->state : 0]);
        if (row->via[0] != '\0') {
            wtl_put_strz(body, row->via);
        } else if (i == 0) {
            wtl_put_strz(body, "self");
        } else if (row->state == 1) {
            wtl_put_strz(body, "direct");
        } else {
            wtl_put_nil(body);
        }
        wtl_put_u64(body, rtt_us);
        wtl_put_u64(body, age_of(view, i == 0 ? view->since_ms : row->since_ms));
    }
    free(links);
}

static const struct wtl__column link_columns[] = {
    {"PEER", WTL__COLUMN_TEXT, false},       {"LAYER", WTL__COLUMN_TEXT, false},
    {"STATE", WTL__COLUMN_TEXT, false},      {"DIR", WTL__COLUMN_TEXT, false},
    {"RTT", WTL__COLUMN_US, false},          {"FRAMES-IN", WTL__COLUMN_COUNT, true},
    {"FRAMES-OUT", WTL__COLUMN_COUNT, true}, {"BYTES-IN", WTL__COLUMN_BYTES, true},
    {"BYTES-OUT", WTL__COLUMN_BYTES, true},  {"RELAYED", WTL__COLUMN_COUNT, true},
    {"WAITING", WTL__COLUMN_BYTES, true},    {"UP", WTL__COLUMN_AGE, false},
};

static const char *link_state(uint8_t state)
{
    return state == WTL__SESSION_UP ? "up" : state == WTL__SESSION_CLOSED ? "down" : "greeting";
}

static void answer_links(const struct wtl__mesh_view *view, struct wtl_writer *body)
{
    uint32_t count = 0;
    uint32_t total = 0;
    struct wtl__link_row *rows = links_of(view, &count, &total);
    wtl__reply_begin(body, WTL__SHAPE_TABLE, link_columns, WTL_COUNT(link_columns), count, total);
    for (uint32_t i = 0; i < count; i++) {
        const struct wtl__link_row *row = &rows[i];
        wtl_put_array(body, WTL_COUNT(link_columns));
        wtl_put_strz(body, row->peer);
        put_layer(body, row->layer);
        wtl_put_strz(body, link_state(row->state));
        wtl_put_strz(body, row->dialled ? "out" : "in");
        const uint64_t numbers[] = {row->rtt_us,       row->frames_in, row->frames_out,
                                    row->bytes_in,     row->bytes_out, row->relayed,
                                    row->waiting_bytes};
        for (size_t j = 0; j < WTL_COUNT(numbers); j++) {
            wtl_put_u64(body, numbers[j]);
        }
        wtl_put_u64(body, age_of(view, row->since_ms));
    }
    free(rows);
}

static const struct wtl__column name_columns[] = {
    {"NAME", WTL__COLUMN_TEXT, false},   {"PID", WTL__COLUMN_TEXT, false},
    {"NODE", WTL__COLUMN_TEXT, false},   {"OWNER", WTL__COLUMN_TEXT, false},
    {"EPOCH", WTL__COLUMN_COUNT, false},
};

static void answer_names(const struct wtl__mesh_view *view, const struct nodes *nodes,
                         struct wtl_writer *body)
{
    uint32_t total = wtl__core_names(view->core, NULL, 0);
    uint32_t room = total < WTL__INSPECT_ROWS_MAX ? total : WTL__INSPECT_ROWS_MAX;
    struct wtl__name_row *rows = calloc(room > 0 ? room : 1, sizeof *rows);
    uint32_t count = rows != NULL ? wtl__core_names(view->core, rows, room) : 0;
    count = count < room ? count : room;
    wtl__reply_begin(body, WTL__SHAPE_TABLE, name_columns, WTL_COUNT(name_columns), count, total);
    for (uint32_t i = 0; i < count; i++) {
        char node[WTL_NAME_MAX + 1];
        char owner[WTL_NAME_MAX + 1];
        char pid[WTL__PID_TEXT];
        const char *holder = node_name(nodes, rows[i].pid.node, node);
        wtl_put_array(body, WTL_COUNT(name_columns));
        wtl_put_strz(body, rows[i].name);
        wtl_put_strz(body, wtl__pid_text(holder, rows[i].pid.local, pid));
        wtl_put_strz(body, holder);
        wtl_put_strz(body, node_name(nodes, rows[i].owner, owner));
        wtl_put_u64(body, rows[i].epoch);
    }
    free(rows);
}

static const struct wtl__column brief_columns[] = {
    {"PEERS", WTL__COLUMN_COUNT, false},
    {"ACTORS", WTL__COLUMN_COUNT, false},
    {"CERT", WTL__COLUMN_DAYS, false},
};

static void answer_brief(const struct wtl__mesh_view *view, struct wtl_writer *body)
{
    wtl__reply_begin(body, WTL__SHAPE_RECORD, brief_columns, WTL_COUNT(brief_columns), 1, 1);
    wtl_put_array(body, WTL_COUNT(brief_columns));
    wtl_put_u64(body, peers_of(view));
    wtl_put_u64(body, view->actors);
    wtl_put_i64(body, view->cert_days);
}

static void answer_who(const struct wtl__mesh_view *view, const struct nodes *nodes, uint64_t node,
                       struct wtl_writer *body)
{
    char text[WTL_NAME_MAX + 1];
    uint8_t layer = 0;
    if (wtl__core_node_is_known(view->core, node, &layer)) {
        wtl_put_array(body, 2);
        wtl_put_strz(body, node_name(nodes, node, text));
        wtl_put_u64(body, layer);
    }
}

void wtl__mesh_answer(const struct wtl__mesh_view *view, enum wtl__mesh_question question,
                      uint64_t node, struct wtl_writer *body)
{
    struct nodes nodes = {0};
    bool wants_nodes =
        question == WTL__MESH_NODES || question == WTL__MESH_NAMES || question == WTL__MESH_WHO;
    if (wants_nodes && !nodes_init(&nodes, view)) {
        return;
    }
    switch (question) {
    case WTL__MESH_NODES:
        answer_nodes(view, &nodes, body);
        break;
    case WTL__MESH_LINKS:
        answer_links(view, body);
        break;
    case WTL__MESH_NAMES:
        answer_names(view, &nodes, body);
        break;
    case WTL__MESH_BRIEF:
        answer_brief(view, body);
        break;
    case WTL__MESH_WHO:
        answer_who(view, &nodes, node, body);
        break;
    }
    nodes_deinit(&nodes);
}

uint64_t wtl__mesh_find(const struct wtl__mesh_view *view, const char *name, bool *is_up_out)
{
    struct nodes nodes;
    uint64_t found = 0;
    *is_up_out = false;
    if (!nodes_init(&nodes, view)) {
        return 0;
    }
    for (uint32_t i = 0; i < nodes.count; i++) {
        /* an old incarnation may still be listed; one that is up wins */
        if (strcmp(nodes.rows[i].name, name) == 0 && !*is_up_out) {
            found = nodes.rows[i].node;
            *is_up_out = i == 0 || nodes.rows[i].state == 1;
        }
    }
    nodes_deinit(&nodes);
    return found;
}
