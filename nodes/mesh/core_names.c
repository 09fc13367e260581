/*
 * core_names.c - the table of names: who has which, in which epoch, found by name, by pid and by
 * node.
 *
 * On a core node it is a replica of all names of the mesh. On a leaf it is what its actors have,
 * what they have let go of and the uplink was not told yet, and answers that are kept for a while.
 * An entry without a pid is a tombstone: its epoch keeps what is older from coming back. A name may
 * be told before its holder's node is up here; if that does not come up, nobody would ever take the
 * name back, so such an orphan is buried after a while.
 *
 * Thread: as the core. Owns: entries and the lists of holders.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

#include "base/attr.h"

void wtl__core_names_init(struct wtl__core *core)
{
    wtl__map_init(&core->names_map, WTL__NAMES_MAX, wtl__prng_next(&core->prng));
    wtl__map_init(&core->holders, 2 * WTL__NAMES_MAX + WTL__NODES_MAX, wtl__prng_next(&core->prng));
    core->name_seed[0] = wtl__prng_next(&core->prng);
    core->name_seed[1] = wtl__prng_next(&core->prng);
    wtl__list_init(&core->tombs);
    wtl__list_init(&core->cached);
    wtl__list_init(&core->orphans);
}

void wtl__core_names_deinit(struct wtl__core *core)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    for (uint32_t i = 0; i < core->names_count; i++) {
        free(core->names[i]);
    }
    free(core->names);
    wtl__map_deinit(&core->names_map);
    while (wtl__map_take_any(&core->holders, &cursor, &entry)) {
        free(entry.value);
    }
    wtl__map_deinit(&core->holders);
}

struct wtl__core_name *wtl__core_name_get(const struct wtl__core *core, const char *text)
{
    struct wtl__core_name *name =
        wtl__map_get(&core->names_map, wtl__core_hash(text, core->name_seed[0]),
                     wtl__core_hash(text, core->name_seed[1]));
    return name != NULL && strcmp(name->name, text) == 0 ? name : NULL;
}

/* ---- who holds what ------------------------------------------------------------------------ */

static struct wtl__core_holder *holder_get(struct wtl__core *core, uint64_t node, uint64_t local)
{
    return wtl__map_get(&core->holders, node, local);
}

static struct wtl__core_holder *holder_make(struct wtl__core *core, uint64_t node, uint64_t local)
{
    struct wtl__core_holder *holder = holder_get(core, node, local);
    if (holder != NULL) {
        return holder;
    }
    holder = malloc(sizeof *holder);
    if (holder == NULL || wtl__map_put(&core->holders, node, local, holder) != WTL_OK) {
        free(holder);
        return NULL;
    }
    wtl__list_init(&holder->names);
    holder->count = 0;
    return holder;
}

static void holder_leave(struct wtl__core *core, struct wtl__link *link, uint64_t node,
                         uint64_t local)
{
    struct wtl__core_holder *holder = holder_get(core, node, local);
    if (holder == NULL) {
        return;
    }
    if (wtl__link_is_in(link)) {
        wtl__link_remove(link);
        holder->count--;
    }
    if (holder->count == 0) {
        free(wtl__map_remove(&core->holders, node, local));
    }
}

static void let_go(struct wtl__core *core, struct wtl__core_name *name)
{
    if (!wtl_pid_is_none(name->pid)) {
        holder_leave(core, &name->by_node, name->pid.node, 0);
        holder_leave(core, &name->by_pid, name->pid.node, name->pid.local);
    }
    name->pid = WTL_PID_NONE;
}

static bool hold(struct wtl__core *core, struct wtl__core_name *name, struct wtl_pid pid)
{
    struct wtl__core_holder *by_node = holder_make(core, pid.node, 0);
    struct wtl__core_holder *by_pid =
        by_node == NULL ? NULL : holder_make(core, pid.node, pid.local);
    if (by_pid == NULL) {
        if (by_node != NULL) {
            holder_leave(core, &name->by_node, pid.node, 0);
        }
        return false;
    }
    wtl__list_push_last(&by_node->names, &name->by_node);
    by_node->count++;
    wtl__list_push_last(&by_pid->names, &name->by_pid);
    by_pid->count++;
    name->pid = pid;
    return true;
}

uint32_t wtl__core_names_held(const struct wtl__core *core, uint64_t node)
{
    const struct wtl__core_holder *holder = wtl__map_get(&core->holders, node, 0);
    return holder == NULL ? 0 : holder->count;
}

bool wtl__core_is_ours(const struct wtl__core *core, struct wtl_pid pid)
{
    if (pid.node == core->config.node) {
        return true;
    }
    const struct wtl__core_node *node = wtl__core_node_find(core, pid.node);
    return node != NULL && node->layer == WTL_LAYER_DEVICE && !core->is_leaf &&
           (node->uplink == core->config.node || (node->uplink == 0 && node->link != 0));
}

/* ---- entries ------------------------------------------------------------------------------- */

static void unexpire(struct wtl__core *core, struct wtl__core_name *name)
{
    if (wtl__link_is_in(&name->expiring)) {
        wtl__link_remove(&name->expiring);
        core->tombs_count -= wtl_pid_is_none(name->pid) ? 1 : 0;
    }
}

void wtl__core_name_remove(struct wtl__core *core, struct wtl__core_name *name)
{
    unexpire(core, name);
    let_go(core, name);
    (void)wtl__map_remove(&core->names_map, name->key[0], name->key[1]);
    struct wtl__core_name *last = core->names[--core->names_count];
    core->names[name->index] = last;
    last->index = name->index;
    free(name);
}

static struct wtl__core_name *make(struct wtl__core *core, const char *text)
{
    size_t size = strlen(text) + 1;
    struct wtl__core_name *name = calloc(1, sizeof *name + size);
    if (name == NULL ||
        !wtl__core_room((void ***)&core->names, core->names_count, &core->names_capacity)) {
        free(name);
        return NULL;
    }
    memcpy(name->name, text, size);
    name->key[0] = wtl__core_hash(text, core->name_seed[0]);
    name->key[1] = wtl__core_hash(text, core->name_seed[1]);
    name->hash = wtl__core_hash(text, 0);
    name->index = core->names_count;
    if (wtl__map_put(&core->names_map, name->key[0], name->key[1], name) != WTL_OK) {
        free(name);
        return NULL;
    }
    core->names[core->names_count++] = name;
    return name;
}

void wtl__core_epoch_seen(struct wtl__core *core, uint64_t epoch)
{
    core->epoch = epoch > core->epoch ? epoch : core->epoch;
}

static uint64_t epoch_of_clock(const struct wtl__core *core)
{
    int64_t wall_s = wtl__core_wall_s(core);
    return core->wall_s <= 0 ? 0 : (uint64_t)wall_s << WTL__EPOCH_CLOCK;
}

uint64_t wtl__core_epoch_next(struct wtl__core *core)
{
    core->epoch++;
    wtl__core_epoch_seen(core, epoch_of_clock(core));
    return core->epoch;
}

bool wtl__core_epoch_is_sound(const struct wtl__core *core, uint64_t epoch)
{
    uint64_t clock = epoch_of_clock(core);
    return epoch < (clock > core->epoch ? clock : core->epoch) + WTL__EPOCH_JUMP;
}

static bool is_orphan(const struct wtl__core *core, const struct wtl__core_name *name)
{
    const struct wtl__core_node *node = wtl__core_node_find(core, name->pid.node);
    return !core->is_leaf && name->pid.node != core->config.node &&
           (node == NULL || node->state != WTL__NODE_UP);
}

static void expire_in(struct wtl__core *core, struct wtl__core_name *name, struct wtl__list *list,
                      uint64_t after_ms)
{
    name->expires_ms = core->now_ms + after_ms;
    wtl__list_push_last(list, &name->expiring);
    wtl__core_wake(core, WTL__DUE_NAME, name->expires_ms);
}

struct wtl__core_name *wtl__core_name_put(struct wtl__core *core, const char *text,
                                          struct wtl_pid pid, uint64_t epoch, uint64_t birth,
                                          uint64_t granter)
{
    struct wtl__core_name *name = wtl__core_name_get(core, text);
    if (name == NULL) {
        name = make(core, text);
    }
    if (name == NULL) {
        return NULL;
    }
    wtl__core_epoch_seen(core, epoch);
    name->epoch = epoch;
    name->birth = birth < epoch ? birth : epoch; /* a new owner may count from lower */
    name->granter = granter;
    if (wtl_pid_is_none(pid)) {
        wtl__core_name_bury(core, name, epoch);
        return name;
    }
    unexpire(core, name);
    if (!wtl_pid_equal(name->pid, pid)) {
        let_go(core, name);
        if (!hold(core, name, pid)) {
            wtl__core_name_remove(core, name);
            return NULL;
        }
    }
    if (is_orphan(core, name)) {
        expire_in(core, name, &core->orphans, WTL__ORPHAN_MS);
    }
    return name;
}

void wtl__core_name_bury(struct wtl__core *core, struct wtl__core_name *name, uint64_t epoch)
{
    unexpire(core, name);
    if (!wtl_pid_is_none(name->pid)) {
        name->was = name->pid;
    }
    let_go(core, name);
    wtl__core_epoch_seen(core, epoch);
    name->epoch = epoch;
    name->dropped = true;
    expire_in(core, name, &core->tombs, WTL__TOMB_MS);
    core->tombs_count++;
    if (core->tombs_count > WTL__TOMBS_MAX) {
        struct wtl__link *oldest = wtl__list_first(&core->tombs);
        wtl__core_name_remove(core, WTL_LIST_ITEM(oldest, struct wtl__core_name, expiring));
    }
}

void wtl__core_name_cache(struct wtl__core *core, struct wtl__core_name *name)
{
    unexpire(core, name);
    expire_in(core, name, &core->cached, WTL__CACHE_MS);
}

/* Its node is not reached; should that be back, it has its names again. */
static void bury_unreached(struct wtl__core *core, struct wtl__core_name *name)
{
    wtl__core_name_bury(core, name, name->epoch);
    name->dropped = false;
}

void wtl__core_names_of_node(struct wtl__core *core, uint64_t node)
{
    struct wtl__core_holder *holder;
    while ((holder = holder_get(core, node, 0)) != NULL) {
        struct wtl__link *first = wtl__list_first(&holder->names);
        struct wtl__core_name *name = WTL_LIST_ITEM(first, struct wtl__core_name, by_node);
        bury_unreached(core, name);
    }
    wtl__core_owner_forget(core, (struct wtl_pid){node, 0});
}

/* The first entry of a list whose time has come, NULL when there is none. */
static struct wtl__core_name *expired(struct wtl__core *core, struct wtl__list *list)
{
    struct wtl__link *first = wtl__list_first(list);
    struct wtl__core_name *name =
        first == NULL ? NULL : WTL_LIST_ITEM(first, struct wtl__core_name, expiring);
    if (name != NULL && name->expires_ms > core->now_ms) {
        wtl__core_wake(core, WTL__DUE_NAME, name->expires_ms);
        name = NULL;
    }
    return name;
}

void wtl__core_names_tick(struct wtl__core *core)
{
    struct wtl__core_name *name;
    while ((name = expired(core, &core->tombs)) != NULL) {
        wtl__core_name_remove(core, name);
    }
    while ((name = expired(core, &core->cached)) != NULL) {
        wtl__core_name_remove(core, name);
    }
    while ((name = expired(core, &core->orphans)) != NULL) {
        if (is_orphan(core, name)) {
            bury_unreached(core, name);
        } else {
            unexpire(core, name);
        }
    }
}

/* ---- from the actors of this node ---------------------------------------------------------- */

void wtl__core_name_release(struct wtl__core *core, struct wtl__core_name *name)
{
    struct wtl__names_frame drop = {
        .verb = WTL__NAMES_DROP, .pid = name->pid, .epoch = name->epoch};
    wtl__core_copy(drop.name, name->name);
    if (core->is_leaf) {
        const struct wtl__core_link *link = wtl__core_link_find(core, core->uplink);
        wtl__core_name_bury(core, name, name->epoch);
        if (link != NULL && core->attached) {
            drop.destination = link->node;
            (void)wtl__core_names_send(core, &drop);
        }
        return;
    }
    drop.destination = wtl__core_owner(core, name);
    if (drop.destination != core->config.node) {
        wtl__core_name_bury(core, name, name->epoch);
    }
    (void)wtl__core_names_send(core, &drop);
}

struct wtl_pid wtl__core_name_find(const struct wtl__core *core, const char *text)
{
    const struct wtl__core_name *name = wtl__core_name_get(core, text);
    return name == NULL ? WTL_PID_NONE : name->pid;
}

uint32_t wtl__core_names(const struct wtl__core *core, struct wtl__name_row *rows, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < core->names_count; i++) {
        const struct wtl__core_name *name = core->names[i];
        if (wtl_pid_is_none(name->pid)) {
            continue;
        }
        if (count < max) {
            rows[count] = (struct wtl__name_row){
                .pid = name->pid,
                .epoch = name->epoch,
                .owner = core->is_leaf ? 0 : wtl__core_owner_in(&core->view, name->hash)};
            wtl__core_copy(rows[count].name, name->name);
        }
        count++;
    }
    return count;
}
