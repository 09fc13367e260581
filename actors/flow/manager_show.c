/* manager_show.c - "flow.show": asks the hosts for their numbers, and answers with all of them. */
#include "flow/manager_private.h"

static void put_row(const struct wtl_manager *manager, const struct wtl_managed *one,
                    struct wtl_writer *body)
{
    static const enum wtl_flow_count shown[] = {WTL_FLOW_IN, WTL_FLOW_OUT, WTL_FLOW_ACKED,
                                                WTL_FLOW_DROPPED};
    char name[WTL_UNIT_NAME_MAX];
    const struct wtl_plan_node *node = &manager->nodes[one->place.node];
    uint64_t starts = one->counts[WTL_FLOW_STARTS];
    wtl_put_array(body, 12);
    wtl_put_strz(body, wtl_unit_name(manager->ast, &manager->units->list[one->place.unit], name));
    wtl_put_strz(body, node->name);
    wtl_put_array(body, 2);
    wtl_put_u64(body, one->pid.node);
    wtl_put_u64(body, one->pid.local);
    wtl_put_strz(body, node->up ? one->state : "away");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        wtl_put_u64(body, one->counts[shown[i]]);
    }
    wtl_put_u64(body, starts > 0 ? starts - 1 : 0);
    wtl_put_u64(body, one->counts[WTL_FLOW_WAITING]);
    wtl_put_u64(body, one->counts[WTL_FLOW_REDELIVERED]);
    wtl_put_u64(body, one->counts[WTL_FLOW_LOST]);
}

static void put_edges(const struct wtl_manager *manager, struct wtl_writer *body)
{
    const struct wtl_units *units = manager->units;
    char name[WTL_UNIT_NAME_MAX];
    wtl_put_array(body, units->arrow_count);
    for (uint32_t i = 0; i < units->arrow_count; i++) {
        const struct wtl_arrow *arrow = &units->arrows[i];
        wtl_put_array(body, 3);
        wtl_put_strz(body, wtl_unit_name(manager->ast, &units->list[arrow->from], name));
        wtl_put_strz(body, wtl_unit_name(manager->ast, &units->list[arrow->to], name));
        wtl_put_bool(body, arrow->two_way);
    }
}

static void answer_all(struct wtl_ctx *x, struct wtl_manager *manager)
{
    const struct wtl_flow_manager_source *source = manager->source;
    for (uint32_t i = 0; i < manager->shown_count; i++) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 128 * (size_t)manager->count + source->source_size + 256);
        wtl_put_map(&body, 5);
        WTL_PUT_KEY(&body, "name");
        wtl_put_strz(&body, source->name);
        WTL_PUT_KEY(&body, "epoch");
        wtl_put_u64(&body, manager->epoch);
        WTL_PUT_KEY(&body, "source");
        wtl_put_str(&body, (const char *)source->bytes + source->packed_size, source->source_size);
        WTL_PUT_KEY(&body, "stages");
        wtl_put_array(&body, manager->count);
        for (uint32_t k = 0; k < manager->count; k++) {
            put_row(manager, &manager->instances[k], &body);
        }
        WTL_PUT_KEY(&body, "edges");
        put_edges(manager, &body);
        wtl_reply_to(x, manager->shown[i], &body);
    }
    manager->shown_count = 0;
}

/* One row of a host's numbers: of the instance that it is, if there is one. */
static void read_row(struct wtl_manager *manager, struct wtl_reader *reader, uint32_t node)
{
    uint64_t counts[WTL_FLOW_COUNTS];
    size_t size = 0;
    bool shape = wtl_get_array(reader) == 5 + WTL_FLOW_COUNTS;
    uint64_t unit = wtl_get_u64(reader);
    uint64_t copy = wtl_get_u64(reader);
    (void)wtl_get_u64(reader);
    (void)wtl_get_u64(reader);
    const char *state = wtl_get_str(reader, &size);
    for (int i = 0; i < WTL_FLOW_COUNTS; i++) {
        counts[i] = wtl_get_u64(reader);
    }
    struct wtl_managed *one = wtl__manager_find(manager, unit, copy, node);
    if (!shape || reader->failed || one == NULL || size >= sizeof one->state) {
        return;
    }
    memset(one->state, 0, sizeof one->state);
    memcpy(one->state, state, size);
    memcpy(one->counts, counts, sizeof counts);
}

static enum wtl_status on_stats(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl_manager *manager = self;
    uint32_t node = wtl__manager_node_of(manager, context);
    if (answer->status == WTL_OK && node != WTL_PLAN_NONE) {
        struct wtl_reader reader = wtl_read(&answer->message);
        for (uint32_t left = wtl_get_array(&reader); left > 0 && !reader.failed; left--) {
            read_row(manager, &reader, node);
        }
    }
    if (--manager->shown_pending == 0) {
        answer_all(x, manager);
    }
    return WTL_OK;
}

void wtl__manager_show(struct wtl_ctx *x, struct wtl_manager *manager,
                       const struct wtl_msg *message)
{
    if (manager->shown_count == WTL_MANAGER_SHOWN_MAX) {
        wtl_reply_error(x, message, WTL_BUSY, NULL);
        return;
    }
    manager->shown[manager->shown_count++] = wtl_defer(x, message);
    if (manager->shown_count > 1) {
        return; /* the hosts are being asked */
    }
    for (uint32_t node = 0; node < manager->node_count; node++) {
        struct wtl_writer body;
        uint32_t count = 0;
        for (uint32_t i = 0; i < manager->count; i++) {
            count += manager->instances[i].place.node == node;
        }
        if (count == 0 || !manager->nodes[node].up) {
            continue;
        }
        (void)wtl_message_open(x, &body, 96);
        wtl_put_array(&body, 1);
        wtl_put_strz(&body, manager->source->name);
        manager->shown_pending++;
        wtl__manager_call(x, manager, node, WTL_HOST_TAG_STATS, &body, on_stats);
    }
    if (manager->shown_pending == 0) {
        answer_all(x, manager);
    }
}
