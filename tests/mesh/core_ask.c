/*
 * core_ask.c - what a test asks of the net of core_kit.c: who knows whom, which names are seen,
 * what was logged. It changes nothing.
 */
#include "core_kit.h"

#include <stdlib.h>

uint64_t net_id(const struct net *net, uint32_t node)
{
    return net->nodes[node].config.node;
}

bool net_knows(const struct net *net, uint32_t node, uint32_t other)
{
    uint8_t layer = 0;
    return net->nodes[node].core != NULL &&
           wtl__core_node_is_known(net->nodes[node].core, net_id(net, other), &layer) &&
           layer == net->nodes[other].config.layer;
}

uint32_t net_logged(const struct net *net, uint32_t node, enum wtl__effect_kind kind,
                    uint64_t of_node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->nodes[node].log_count; i++) {
        const struct log_entry *entry = &net->nodes[node].log[i];
        count += entry->kind == kind && (of_node == 0 || entry->node == of_node) ? 1 : 0;
    }
    return count;
}

const struct log_entry *net_answer(const struct net *net, uint32_t node, uint64_t request)
{
    const struct log_entry *found = NULL;
    for (uint32_t i = 0; i < net->nodes[node].log_count; i++) {
        const struct log_entry *entry = &net->nodes[node].log[i];
        if (entry->kind == WTL__EFFECT_NAME_ANSWER && entry->request == request) {
            cr_assert_null(found, "request %u was answered twice", (unsigned)request);
            found = entry;
        }
    }
    return found;
}

uint32_t net_lost(const struct net *net, uint32_t node, const char *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->nodes[node].log_count; i++) {
        const struct log_entry *entry = &net->nodes[node].log[i];
        count += entry->kind == WTL__EFFECT_NAME_LOST && strcmp(entry->name, name) == 0 ? 1 : 0;
    }
    return count;
}

struct wtl_pid net_pid(const struct net *net, uint32_t node, uint64_t local)
{
    return (struct wtl_pid){net_id(net, node), local};
}

struct wtl_pid net_find(const struct net *net, uint32_t node, const char *name)
{
    return wtl__core_name_find(net->nodes[node].core, name);
}

#define ROWS_MAX 4096u

static int by_name(const void *a, const void *b)
{
    const struct wtl__name_row *left = a;
    const struct wtl__name_row *right = b;
    return strcmp(left->name, right->name);
}

static uint32_t table_of(const struct net *net, uint32_t node, struct wtl__name_row *rows)
{
    uint32_t count = wtl__core_names(net->nodes[node].core, rows, ROWS_MAX);
    cr_assert_leq(count, ROWS_MAX);
    qsort(rows, count, sizeof *rows, by_name);
    return count;
}

bool net_names_agree(const struct net *net)
{
    struct wtl__name_row *first = calloc(2 * ROWS_MAX, sizeof *first);
    struct wtl__name_row *other = first + ROWS_MAX;
    uint32_t first_count = UINT32_MAX;
    bool agree = true;
    for (uint32_t i = 0; i < net->count && agree; i++) {
        if (net->nodes[i].core == NULL || net->nodes[i].config.layer == WTL_LAYER_DEVICE) {
            continue;
        }
        if (first_count == UINT32_MAX) {
            first_count = table_of(net, i, first);
            continue;
        }
        uint32_t count = table_of(net, i, other);
        agree = count == first_count;
        for (uint32_t k = 0; k < count && agree; k++) {
            agree = strcmp(first[k].name, other[k].name) == 0 &&
                    wtl_pid_equal(first[k].pid, other[k].pid) && first[k].epoch == other[k].epoch &&
                    first[k].owner == other[k].owner;
        }
    }
    free(first);
    return agree;
}

bool net_is_whole(const struct net *net)
{
    for (uint32_t i = 0; i < net->count; i++) {
        for (uint32_t k = 0; k < net->count; k++) {
            bool both = i != k && net->nodes[i].core != NULL && net->nodes[k].core != NULL &&
                        net->nodes[i].config.layer != WTL_LAYER_DEVICE;
            if (both && !net_knows(net, i, k)) {
                return false;
            }
        }
    }
    return true;
}
