/*
 * core_roster.c - ROSTER frames and what is made of them: routes between core nodes, and what a
 * leaf knows.
 *
 * A core node tells its neighbours which core nodes it reaches and in how many hops, but none whose
 * route leads over that very neighbour; the shortest way wins, the longest is WTL__HOPS_MAX. A
 * roster replaces the one before it on that link. To a leaf it lists the core nodes that are up and
 * those other leaves that it has asked for: what is not listed any more is down.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

bool wtl__core_reaches(const struct wtl__core_link *link, uint64_t node, uint8_t *hops_out)
{
    for (uint32_t i = 0; i < link->near_count; i++) {
        if (link->near_nodes[i] == node) {
            *hops_out = link->near_hops[i];
            return true;
        }
    }
    return false;
}

/* ---- routes -------------------------------------------------------------------------------- */

static bool is_core_link(const struct wtl__core_link *link)
{
    return link->state == WTL__LINK_ON && link->layer != WTL_LAYER_DEVICE;
}

/* The link of the shortest way to it, 0 when there is none; of equal ones the present one stays. */
static void find_route(const struct wtl__core *core, const struct wtl__core_node *node,
                       uint32_t *via_out, uint8_t *hops_out)
{
    uint8_t best = WTL__HOPS_MAX;
    *via_out = node->link;
    *hops_out = 1;
    if (node->link != 0 || node->gone == node->id) {
        return;
    }
    for (uint32_t i = 0; i < core->links_count; i++) {
        const struct wtl__core_link *link = core->links[i];
        uint8_t hops;
        if (!is_core_link(link) || !wtl__core_reaches(link, node->id, &hops) ||
            hops >= WTL__HOPS_MAX) {
            continue;
        }
        if (hops < best || (hops == best && link->number == node->via)) {
            best = hops;
            *via_out = link->number;
        }
    }
    *hops_out = (uint8_t)(best + 1);
}

/* Another incarnation of it that a neighbour reaches, 0: none. */
static uint64_t other_incarnation(const struct wtl__core *core, const struct wtl__core_node *node)
{
    for (uint32_t i = 0; i < core->links_count; i++) {
        const struct wtl__core_link *link = core->links[i];
        for (uint32_t k = 0; is_core_link(link) && k < link->near_count; k++) {
            uint64_t id = link->near_nodes[k];
            if (WTL__NODE_BITS(id) == WTL__NODE_BITS(node->id) && id != node->id &&
                id != node->gone) {
                return id;
            }
        }
    }
    return 0;
}

static void update_node(struct wtl__core *core, struct wtl__core_node *node)
{
    uint32_t via;
    uint8_t hops;
    find_route(core, node, &via, &hops);
    uint64_t other = other_incarnation(core, node);
    if (via == 0 && other != 0) {
        wtl__core_node_become(core, node, other);
        return; /* which dirties the routes: its own is found in the next round */
    }
    if (node->link != 0 && other != 0) {
        struct wtl__core_link *link = wtl__core_link_find(core, node->link);
        if (link != NULL) {
            wtl__core_link_contest(core, link, other);
        }
    }
    if (via != node->via || (via != 0 && hops != node->hops)) {
        if (via != node->via) {
            core->routes_changed = true;
            wtl__core_view_stir(core);
        }
        core->roster_dirty = true;
        node->via = via;
        node->hops = hops;
    }
    if (via == 0 && node->state != WTL__NODE_UP) {
        wtl__core_link_let_in(core, node->id);
        return;
    }
    if (via != 0 && node->state != WTL__NODE_UP && wtl__core_up_count(core) >= WTL__CORE_MAX) {
        node->via = 0;
        return;
    }
    wtl__core_node_check(core, node);
}

void wtl__core_routes_update(struct wtl__core *core)
{
    if (!core->is_leaf) {
        for (uint32_t i = 0; i < core->cores_count; i++) {
            update_node(core, core->cores[i]);
        }
    }
    /* Leaves go where their uplink goes, and a leaf's whole world where its own does. */
    for (uint32_t i = core->nodes_count; i-- > 0;) {
        struct wtl__core_node *node = core->nodes[i];
        bool attached = node->sync == NULL && node->uplink != 0;
        bool listed = core->is_leaf || node->sync == NULL;
        if (attached || (listed && node->state == WTL__NODE_UP)) {
            wtl__core_node_check(core, node);
        }
    }
}

/* ---- sending ------------------------------------------------------------------------------- */

static void add(struct wtl__roster *roster, uint64_t id, uint8_t layer, uint8_t hops,
                const char *name, const char *address)
{
    if (roster->count >= WTL__ROSTER_MAX) {
        return;
    }
    struct wtl__roster_entry *entry = &roster->entries[roster->count++];
    entry->node = id;
    entry->layer = (uint8_t)(layer | (unsigned)hops << 4);
    wtl__core_copy(entry->name, name);
    wtl__core_copy(entry->address, address);
}

/* Who is not listed to a leaf any more is down there: should it come back, the leaf has to be told
 * again before it hears of it. */
static void add_told(struct wtl__core *core, struct wtl__core_link *link,
                     struct wtl__roster *roster)
{
    for (uint32_t i = link->near_count; i-- > 0;) {
        const struct wtl__core_node *node = wtl__core_node_find(core, link->near_nodes[i]);
        if (node != NULL && node->state == WTL__NODE_UP && roster->count < WTL__ROSTER_MAX) {
            add(roster, node->id, node->layer, 0, node->name, "");
        } else {
            link->near_nodes[i] = link->near_nodes[--link->near_count];
        }
    }
}

void wtl__core_roster_send(struct wtl__core *core, struct wtl__core_link *link)
{
    struct wtl__roster roster;
    uint8_t frame[WTL__FRAME_MAX];
    bool to_leaf = link->layer == WTL_LAYER_DEVICE;
    if (core->is_leaf) {
        return;
    }
    roster.count = 0;
    add(&roster, core->config.node, core->config.layer, 0, core->config.name, core->config.address);
    for (uint32_t i = 0; i < core->cores_count; i++) {
        const struct wtl__core_node *node = core->cores[i];
        bool tell = to_leaf
                        ? node->state == WTL__NODE_UP
                        : node->via != 0 && node->via != link->number && node->hops < WTL__HOPS_MAX;
        if (tell) {
            uint8_t hops = node->hops == 0 ? 1 : node->hops; /* 0 is the sender alone */
            add(&roster, node->id, node->layer, hops, node->name, node->address);
        }
    }
    if (to_leaf) {
        add_told(core, link, &roster);
    }
    wtl__core_send(core, link->number, frame, wtl__put_roster(frame, sizeof frame, &roster));
}

void wtl__core_roster_flush(struct wtl__core *core)
{
    uint64_t due_ms = core->roster_ms + WTL__ROSTER_PACE_MS;
    if (core->is_leaf) {
        core->roster_dirty = core->members_dirty = false;
        return;
    }
    if (!core->members_dirty && due_ms > core->now_ms) {
        wtl__core_wake(core, WTL__DUE_ROSTER, due_ms);
        return;
    }
    bool members = core->members_dirty;
    core->roster_dirty = core->members_dirty = false;
    core->roster_ms = core->now_ms;
    for (uint32_t i = core->links_count; i-- > 0;) {
        struct wtl__core_link *link = i < core->links_count ? core->links[i] : NULL;
        if (link != NULL && link->state == WTL__LINK_ON &&
            (members || link->layer != WTL_LAYER_DEVICE)) {
            wtl__core_roster_send(core, link);
        }
    }
}

void wtl__core_roster_tell(struct wtl__core *core, uint64_t leaf, uint64_t about)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, leaf);
    const struct wtl__core_node *subject = wtl__core_node_find(core, about);
    struct wtl__core_link *link = node == NULL ? NULL : wtl__core_link_find(core, node->link);
    if (link == NULL || link->layer != WTL_LAYER_DEVICE || subject == NULL || about == leaf ||
        subject->sync != NULL || subject->state != WTL__NODE_UP) {
        return;
    }
    for (uint32_t i = 0; i < link->near_count; i++) {
        if (link->near_nodes[i] == about) {
            return;
        }
    }
    if (link->near_count < WTL__TOLD_MAX) {
        link->near_nodes[link->near_count++] = about;
    } else {
        link->near_nodes[link->told_next++ % WTL__TOLD_MAX] = about;
    }
    wtl__core_roster_send(core, link);
}

void wtl__core_introduce(struct wtl__core *core, uint64_t leaf, uint64_t about)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, leaf);
    const struct wtl__core_link *link = node == NULL ? NULL : wtl__core_link_find(core, node->link);
    /* nobody that it was told of is forgotten for this: that would be a node down */
    if (link != NULL && link->near_count + wtl__core_up_count(core) < WTL__ROSTER_MAX) {
        wtl__core_roster_tell(core, leaf, about);
    }
}

/* ---- receiving ----------------------------------------------------------------------------- */

static bool entry_is_valid(const struct wtl__core *core, const struct wtl__core_link *link,
                           const struct wtl__roster_entry *entry)
{
    uint8_t layer = WTL__ROSTER_LAYER(entry->layer);
    if (layer < WTL_LAYER_DEVICE || layer > WTL_LAYER_CLOUD ||
        !wtl_name_is_valid(entry->name, strlen(entry->name))) {
        return false;
    }
    if (entry->node == 0) {
        return layer != WTL_LAYER_DEVICE;
    }
    if (WTL__NODE_BITS(entry->node) == 0 || (layer == WTL_LAYER_DEVICE && !core->is_leaf)) {
        return false;
    }
    const struct wtl__core_node *node = wtl__core_node_named(core, entry->node);
    if (node != NULL && node->name[0] != '\0' && strcmp(node->name, entry->name) != 0) {
        return false; /* the same bits cannot be another name */
    }
    bool is_self = WTL__ROSTER_HOPS(entry->layer) == 0 && layer != WTL_LAYER_DEVICE;
    return !is_self || entry->node == link->node;
}

/* What is said of a node is taken over, unless the node itself is linked here. An entry without a
 * node id says only that there is such an address; it is not worth a dial of everybody. */
static struct wtl__core_node *learn(struct wtl__core *core, const struct wtl__roster_entry *entry)
{
    struct wtl__core_node *node =
        wtl__core_node_intern(core, entry->node, WTL__ROSTER_LAYER(entry->layer));
    if (node == NULL) {
        return NULL;
    }
    if (node->link == 0 && (node->state != WTL__NODE_UP || node->id == entry->node)) {
        wtl__core_copy(node->name, entry->name);
        wtl__core_copy(node->address, entry->address);
    }
    if (node->sync != NULL) {
        wtl__core_redial_learn(core, node);
    }
    return node;
}

static void take_core(struct wtl__core *core, struct wtl__core_link *link,
                      const struct wtl__roster *roster)
{
    uint64_t own = WTL__NODE_BITS(core->config.node);
    link->near_count = 0;
    for (uint32_t i = 0; i < roster->count; i++) {
        const struct wtl__roster_entry *entry = &roster->entries[i];
        if (entry->node == 0 || WTL__NODE_BITS(entry->node) == own) {
            continue;
        }
        if (learn(core, entry) != NULL && entry->node != link->node) {
            link->near_nodes[link->near_count] = entry->node;
            link->near_hops[link->near_count++] = WTL__ROSTER_HOPS(entry->layer);
        }
    }
    core->routes_dirty = true;
    if (!link->greeted) {
        link->greeted = true;
        link->attach_at = core->nodes_count;
        wtl__core_wake(core, WTL__DUE_SYNC, core->now_ms);
    }
}

static bool is_listed(const struct wtl__roster *roster, uint64_t node)
{
    for (uint32_t i = 0; i < roster->count; i++) {
        if (roster->entries[i].node == node) {
            return true;
        }
    }
    return false;
}

/* What a leaf wants to know of other leaves it has to ask. */
static void ask_about(struct wtl__core *core, const struct wtl__core_link *link, uint64_t node)
{
    struct wtl__names_frame ask = {.destination = link->node,
                                   .verb = WTL__NAMES_LOOKUP,
                                   .request = ++core->serial,
                                   .pid = {node, 0}};
    (void)wtl__core_names_send(core, &ask);
}

void wtl__core_inquire(struct wtl__core *core, uint64_t id)
{
    struct wtl__core_node *node = wtl__core_node_find(core, id);
    const struct wtl__core_link *link = wtl__core_link_find(core, core->uplink);
    if (core->is_leaf && link != NULL && node != NULL && node->sync == NULL &&
        node->state == WTL__NODE_DOWN && node->meet_ms <= core->now_ms) {
        node->meet_ms = core->now_ms + WTL__ASK_RETRY_MS;
        ask_about(core, link, id);
    }
}

/* A new uplink may not have heard of somebody yet: there is the length of a window to appear. */
static void expect_of_uplink(struct wtl__core *core, const struct wtl__core_link *link,
                             struct wtl__core_node *node)
{
    if (node->sync == NULL) {
        ask_about(core, link, node->id);
    }
    node->lost_ms = core->now_ms == 0 ? 1 : core->now_ms;
    wtl__core_wake(core, WTL__DUE_NODE, node->lost_ms + WTL__DOWN_WINDOW_LAN_MS);
}

/* A leaf takes its uplink's word: who was listed, and is not any more, is down. */
static void take_leaf(struct wtl__core *core, const struct wtl__core_link *link,
                      const struct wtl__roster *roster)
{
    for (uint32_t i = core->nodes_count; i-- > 0;) {
        struct wtl__core_node *node = core->nodes[i];
        if (node->state != WTL__NODE_UP || node->id == link->node || is_listed(roster, node->id)) {
            continue;
        }
        if (!link->greeted) {
            expect_of_uplink(core, link, node);
        } else if (node->lost_ms == 0) {
            wtl__core_node_down(core, node, WTL_NO_CONNECTION);
        }
    }
    for (uint32_t i = 0; i < roster->count; i++) {
        const struct wtl__roster_entry *entry = &roster->entries[i];
        if (entry->node == 0 || WTL__NODE_BITS(entry->node) == WTL__NODE_BITS(core->config.node)) {
            continue;
        }
        struct wtl__core_node *node = learn(core, entry);
        if (node == NULL) {
            continue;
        }
        if (node->id != entry->node && node->link == 0) {
            wtl__core_node_become(core, node, entry->node);
            wtl__core_copy(node->name, entry->name);
        }
        node->lost_ms = 0;
        if (node->state != WTL__NODE_UP && node->id == entry->node && node->gone != node->id) {
            wtl__core_node_up(core, node);
        }
    }
}

enum wtl_status wtl__core_roster_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame)
{
    struct wtl__roster roster;
    if (link->layer == WTL_LAYER_DEVICE) {
        return WTL_DENIED;
    }
    if (wtl__get_roster(frame, &roster) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    for (uint32_t i = 0; i < roster.count; i++) {
        if (!entry_is_valid(core, link, &roster.entries[i])) {
            return WTL_PROTOCOL;
        }
    }
    if (core->is_leaf) {
        take_leaf(core, link, &roster);
        link->greeted = true;
    } else {
        take_core(core, link, &roster);
    }
    return WTL_OK;
}
