/*
 * manager_run.c - from a plan to what runs: what is new, what stays, and an order for each host
 * whose part has changed. See manager.h.
 */
#include "flow/manager_private.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ hash >> 29;
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* What was known of an instance that stays. */
static void carry_over(struct wtl_manager *manager, struct wtl_managed *new, uint32_t unit)
{
    for (uint32_t i = manager->first[unit]; i < manager->first[unit + 1]; i++) {
        const struct wtl_managed *old = &manager->instances[i];
        if (old->place.node == new->place.node && old->place.copy == new->place.copy) {
            *new = *old;
            return;
        }
    }
}

static bool same_plan(const struct wtl_manager *manager, uint32_t count)
{
    bool same = manager->instances != NULL && count == manager->count;
    for (uint32_t i = 0; i < count && same; i++) {
        const struct wtl_plan_instance *a = &manager->places[i];
        const struct wtl_plan_instance *b = &manager->instances[i].place;
        same = a->unit == b->unit && a->copy == b->copy && a->node == b->node;
    }
    return same;
}

static enum wtl_status place(struct wtl_ctx *x, struct wtl_manager *manager)
{
    uint32_t count = 0;
    if (!manager->ending && wtl_plan_place(manager->ast, manager->units, manager->nodes,
                                           manager->node_count, manager->chosen, manager->places,
                                           WTL_PLAN_INSTANCES_MAX, &count) != WTL_OK) {
        wtl_log(x, WTL_LOG_ERROR, "flow: too many instances: the last ones are not started");
    }
    if (same_plan(manager, count)) {
        return WTL_OK;
    }
    struct wtl_managed *instances = wtl_alloc(x, (count + 1) * sizeof *instances);
    if (instances == NULL) {
        return WTL_NO_MEMORY;
    }
    uint32_t first[WTL_UNITS_MAX + 1] = {0};
    uint32_t at = 0;
    for (uint32_t unit = 0; unit < manager->units->count; unit++) {
        first[unit] = at;
        for (; at < count && manager->places[at].unit == unit; at++) {
            instances[at] = (struct wtl_managed){.place = manager->places[at], .state = "starting"};
            carry_over(manager, &instances[at], unit);
        }
    }
    first[manager->units->count] = at;
    memcpy(manager->first, first, sizeof first);
    wtl_free(x, manager->instances);
    manager->instances = instances;
    manager->count = count;
    return WTL_OK;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static enum wtl_status on_run(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    struct wtl_manager *manager = self;
    uint32_t node = wtl__manager_node_of(manager, context);
    if (node == WTL_PLAN_NONE) {
        return WTL_OK;
    }
    struct wtl_managed_node *managed = &manager->managed_nodes[node];
    managed->running = false;
    if (answer->status == WTL_VERSION) {
        uint64_t epoch;
        if (wtl__flow_get_numbers(&answer->message, &epoch, 1) && epoch >= manager->epoch) {
            manager->epoch = epoch + 1; /* of a manager before this one, which nobody told of */
        }
        managed->ordered = 0;
    } else if (answer->status != WTL_OK) {
        managed->ordered = 0;
        if (manager->nodes[node].up) {
            wtl_log(x, WTL_LOG_WARN, "flow: a node does not run what it was ordered: again soon");
            wtl__manager_retry_later(x, manager);
        }
        return WTL_OK;
    }
    wtl__manager_replan_later(x, manager);
    return WTL_OK;
}

static uint64_t order_hash(const struct wtl_manager *manager, uint32_t node, uint32_t *count_out)
{
    uint64_t hash = mix(manager->epoch, 1);
    *count_out = 0;
    for (uint32_t i = 0; i < manager->count; i++) {
        const struct wtl_plan_instance *place = &manager->instances[i].place;
        if (place->node == node) {
            hash = mix(mix(hash, place->unit), place->copy);
            (*count_out)++;
        }
    }
    return hash | 1; /* never 0 */
}

static void order(struct wtl_ctx *x, struct wtl_manager *manager, uint32_t node, uint32_t count)
{
    const struct wtl_flow_manager_source *source = manager->source;
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, source->packed_size + 6 * (size_t)count + 128);
    wtl_put_array(&body, 4);
    wtl_put_strz(&body, source->name);
    wtl_put_u64(&body, manager->epoch);
    wtl_put_bin(&body, source->bytes, source->packed_size);
    wtl_put_array(&body, 2 * count);
    for (uint32_t i = 0; i < manager->count; i++) {
        const struct wtl_plan_instance *place = &manager->instances[i].place;
        if (place->node == node) {
            wtl_put_u64(&body, place->unit);
            wtl_put_u64(&body, place->copy);
        }
    }
    wtl__manager_call(x, manager, node, WTL_HOST_TAG_RUN, &body, on_run);
}

/* Orders from every node that is up what has changed for it. True: nothing is under way. */
static bool order_all(struct wtl_ctx *x, struct wtl_manager *manager)
{
    bool quiet = true;
    for (uint32_t node = 0; node < manager->node_count; node++) {
        struct wtl_managed_node *managed = &manager->managed_nodes[node];
        uint32_t count;
        uint64_t hash = order_hash(manager, node, &count);
        bool never = managed->ordered == 0 && count == 0 && !managed->has;
        if (manager->nodes[node].up && !managed->running && managed->ordered != hash && !never) {
            managed->ordered = hash;
            managed->running = true;
            order(x, manager, node, count);
        }
        quiet = quiet && !managed->running;
    }
    return quiet;
}

enum wtl_status wtl__manager_replan(struct wtl_ctx *x, struct wtl_manager *manager)
{
    enum wtl_status status = place(x, manager);
    if (status != WTL_OK) {
        return status;
    }
    bool quiet = order_all(x, manager);
    wtl__manager_wire(x, manager);
    if (quiet && manager->ending) {
        wtl__flow_send_numbers(x, manager->source->host, WTL_HOST_TAG_ENDED,
                               &manager->source->number, 1);
    }
    return WTL_OK;
}
