/*
 * core.c - the control core: events in, time, and what follows from each event.
 *
 * An event changes tables and marks what it has changed; wtl__core_finish then brings routes, view
 * and rosters up to date, once, however much was changed. Due times are kept per kind of work, so
 * that a tick looks only at what may be due.
 *
 * Thread: as core.h says. Owns: the core and all its tables.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

#include "base/attr.h"

void wtl__core_copy(char out[WTL_NAME_MAX + 1], const char *text)
{
    size_t size = strnlen(text, WTL_NAME_MAX);
    memcpy(out, text, size);
    out[size] = '\0';
}

bool wtl__core_room(void ***array, uint32_t count, uint32_t *capacity)
{
    if (count < *capacity) {
        return true;
    }
    uint32_t larger = *capacity == 0 ? 16 : *capacity * 2;
    void **grown = realloc(*array, larger * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *capacity = larger;
    return true;
}

/* A new incarnation found among the routes dirties them again, and so does a link that had to be
 * closed: this goes round until nothing is dirty. Each round settles a node or a link. */
void wtl__core_finish(struct wtl__core *core)
{
    for (uint32_t round = 0; round < WTL__CORES_MAX; round++) {
        if (core->routes_dirty) {
            core->routes_dirty = false;
            wtl__core_routes_update(core);
        } else if (core->view_dirty) {
            core->view_dirty = false;
            wtl__core_view_update(core);
        } else {
            break;
        }
    }
    if (core->routes_changed) {
        struct wtl__effect effect = {.kind = WTL__EFFECT_ROUTES};
        core->routes_changed = false;
        wtl__core_push(core, &effect);
    }
    if (core->roster_dirty || core->members_dirty) {
        wtl__core_roster_flush(core);
    }
}

void wtl__core_begin(struct wtl__core *core, uint64_t now_ms)
{
    core->now_ms = now_ms > core->now_ms ? now_ms : core->now_ms;
    while (core->dead != NULL) {
        struct wtl__core_link *link = core->dead;
        core->dead = link->next_dead;
        free(link->held);
        free(link);
    }
}

static bool config_is_valid(const struct wtl__core_config *config)
{
    return WTL__NODE_BITS(config->node) != 0 && config->layer >= WTL_LAYER_DEVICE &&
           config->layer <= WTL_LAYER_CLOUD && config->link_class >= WTL__CLASS_LAN &&
           config->link_class <= WTL__CLASS_SLEEPY && config->joins_count <= WTL__JOINS_MAX &&
           config->name[0] != '\0' && config->sign != NULL && config->check != NULL;
}

enum wtl_status wtl__core_create(const struct wtl__core_config *config, uint64_t now_ms,
                                 struct wtl__core **core_out)
{
    *core_out = NULL;
    if (!config_is_valid(config)) {
        return WTL_INVALID;
    }
    struct wtl__core *core = calloc(1, sizeof *core);
    if (core == NULL) {
        return WTL_NO_MEMORY;
    }
    core->config = *config;
    core->is_leaf = config->layer == WTL_LAYER_DEVICE;
    core->now_ms = now_ms;
    for (uint32_t i = 0; i < WTL__DUE_COUNT; i++) {
        core->due_ms[i] = UINT64_MAX;
    }
    wtl__prng_init(&core->prng, config->seed);
    /* questions of this incarnation are not mixed up with those of the one before */
    core->serial = wtl__prng_next(&core->prng) >> 16;
    wtl__map_init(&core->links_map, WTL__LINKS_MAX, wtl__prng_next(&core->prng));
    wtl__map_init(&core->nodes_map, WTL__NODES_MAX, wtl__prng_next(&core->prng));
    wtl__map_init(&core->asks_map, WTL__ASKS_MAX + WTL__LEAF_NAMES_MAX,
                  wtl__prng_next(&core->prng));
    wtl__map_init(&core->lookups, WTL__LOOKUPS_MAX, wtl__prng_next(&core->prng));
    core->asks = calloc(WTL__ASKS_MAX + WTL__LEAF_NAMES_MAX, sizeof(struct wtl__core_ask *));
    if (core->asks == NULL) {
        free(core);
        return WTL_NO_MEMORY;
    }
    core->alone_until_ms = config->joins_count > 0 ? now_ms + WTL__CLAIMS_WAIT_MS : now_ms;
    wtl__core_names_init(core);
    wtl__core_redial_init(core);
    core->view_dirty = true;
    wtl__core_finish(core);
    *core_out = core;
    return WTL_OK;
}

void wtl__core_destroy(struct wtl__core *core)
{
    if (core == NULL) {
        return;
    }
    wtl__core_begin(core, core->now_ms);
    for (uint32_t i = 0; i < core->links_count; i++) {
        free(core->links[i]->held);
        free(core->links[i]);
    }
    for (uint32_t i = 0; i < core->nodes_count; i++) {
        free(core->nodes[i]->proof);
        free(core->nodes[i]->sync);
        free(core->nodes[i]);
    }
    for (uint32_t i = 0; i < core->asks_count; i++) {
        free(core->asks[i]);
    }
    wtl__core_lookups_deinit(core);
    wtl__core_names_deinit(core);
    wtl__map_deinit(&core->links_map);
    wtl__map_deinit(&core->nodes_map);
    wtl__map_deinit(&core->asks_map);
    free(core->links);
    free(core->nodes);
    free(core->asks);
    free(core->held);
    free(core->effects);
    free(core);
}

/* ---- events ------------------------------------------------------------------------------- */

int64_t wtl__core_wall_s(const struct wtl__core *core)
{
    return core->wall_s + (int64_t)((core->now_ms - core->wall_ms) / 1000);
}

static void set_wall(struct wtl__core *core, int64_t wall_s)
{
    core->wall_s = wall_s;
    core->wall_ms = core->now_ms;
}

enum wtl_status wtl__core_dispatch(struct wtl__core *core, struct wtl__core_link *link,
                                   const struct wtl__frame *frame)
{
    switch (frame->type) {
    case WTL__FRAME_ROSTER:
        return wtl__core_roster_frame(core, link, frame);
    case WTL__FRAME_ATTACH:
        return wtl__core_attach_frame(core, link, frame);
    case WTL__FRAME_DETACH:
        return wtl__core_detach_frame(core, link, frame);
    case WTL__FRAME_NAMES:
        return wtl__core_names_frame(core, link, frame);
    default:
        return WTL_UNSUPPORTED;
    }
}

enum wtl_status wtl__core_frame(struct wtl__core *core, uint32_t number,
                                const struct wtl__frame *frame, uint64_t now_ms, int64_t wall_s)
{
    wtl__core_begin(core, now_ms);
    set_wall(core, wall_s);
    struct wtl__core_link *link = wtl__core_link_find(core, number);
    if (link == NULL) {
        return WTL_OK; /* it was closed from here: what is still under way counts no more */
    }
    enum wtl_status status = link->state == WTL__LINK_ON ? wtl__core_dispatch(core, link, frame)
                                                         : wtl__core_link_hold(core, link, frame);
    wtl__core_finish(core);
    return status;
}

void wtl__core_tick(struct wtl__core *core, uint64_t now_ms, int64_t wall_s)
{
    static void (*const work[WTL__DUE_COUNT])(struct wtl__core *) = {
        [WTL__DUE_DIAL] = wtl__core_redial_tick,   [WTL__DUE_LINK] = wtl__core_links_tick,
        [WTL__DUE_NODE] = wtl__core_nodes_tick,    [WTL__DUE_ROSTER] = NULL,
        [WTL__DUE_ATTACH] = wtl__core_attach_tick, [WTL__DUE_VIEW] = wtl__core_view_tick,
        [WTL__DUE_ASK] = wtl__core_asks_tick,      [WTL__DUE_SYNC] = wtl__core_sync_tick,
        [WTL__DUE_NAME] = wtl__core_names_tick,
    };
    wtl__core_begin(core, now_ms);
    set_wall(core, wall_s);
    for (uint32_t i = 0; i < WTL__DUE_COUNT; i++) {
        if (core->due_ms[i] > core->now_ms) {
            continue;
        }
        core->due_ms[i] = UINT64_MAX;
        if (work[i] != NULL) {
            work[i](core);
        }
    }
    wtl__core_finish(core);
}

uint64_t wtl__core_deadline_ms(const struct wtl__core *core)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < WTL__DUE_COUNT; i++) {
        least = core->due_ms[i] < least ? core->due_ms[i] : least;
    }
    return least;
}
