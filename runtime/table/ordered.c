/*
 * ordered.c - a store in the order of its keys: a skip list. See store.h, and order.c for the
 * order.
 *
 * A node stands for a key and points at the entry of the moment, NULL when the key is being
 * removed; that pointer is what decides. One writer at a time links and unlinks; readers walk
 * meanwhile. A new node is linked from the lowest level up, so that whoever meets it finds what is
 * behind it; a removed one keeps its own links until nobody can be on it any more. Whoever stands
 * on one misses nothing that was there when it came.
 *
 * Locks: `writers`, for the few instructions of one change (docs/adr/0012-tables.md).
 */
#include "table/store.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/pool.h"
#include "base/prng.h"
#include "table/retire.h"

/* One node in four is on the next level: enough for 4^12 keys as for a few. */
#define LEVELS_MAX 12u

struct node {
    struct rcu_head retired;
    _Atomic(struct wtl__entry *) entry;
    uint16_t key_size;
    uint16_t levels;
    _Atomic(struct node *) next[]; /* `levels` of them, then the key */
};

struct ordered {
    struct wtl__store store;
    pthread_mutex_t writers;
    struct wtl__prng heights; /* under `writers` */
    _Atomic(unsigned) levels; /* of the highest node; grows only */
    _Atomic(struct node *) first[LEVELS_MAX];
};

static struct ordered *ordered_of(struct wtl__store *store)
{
    return WTL_CONTAINER(store, struct ordered, store);
}

static struct wtl__key node_key(struct node *node)
{
    return (struct wtl__key){(const uint8_t *)&node->next[node->levels], node->key_size};
}

/* Acquire pairs with the release in link: what a node says was written before. */
static struct node *load(_Atomic(struct node *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

/* Acquire pairs with the release in replace and add: the entry was filled before. */
static struct wtl__entry *entry_at(struct node *node)
{
    return atomic_load_explicit(&node->entry, memory_order_acquire);
}

/* Where a key is, or would be. */
struct place {
    _Atomic(struct node *) *links; /* of the node before it, the lowest first; or the head's */
    struct node *node;             /* the first that is not before it; NULL: none */
};

/* Goes past everything before `key`, and past the key itself when `past`. `links_out` (NULL: not
 * wanted) are the links that lead there, one for each level. The node is the one that was looked
 * at: another look at its link might find one that was put before it meanwhile. */
static struct place search(struct ordered *ordered, struct wtl__key key, bool past,
                           _Atomic(struct node *) **links_out)
{
    struct place place = {.links = ordered->first};
    unsigned level = atomic_load_explicit(&ordered->levels, memory_order_acquire);
    while (level-- > 0) {
        struct node *node;
        for (; (node = load(&place.links[level])) != place.node; place.links = node->next) {
            int order = node != NULL ? wtl__key_compare(node_key(node), key) : 1;
            if (order > 0 || (order == 0 && !past)) {
                place.node = node;
                break;
            }
        }
        if (links_out != NULL) {
            links_out[level] = &place.links[level];
        }
    }
    return place;
}

/* The node of exactly that key, or NULL. */
static struct node *find_node(struct ordered *ordered, struct wtl__key key,
                              _Atomic(struct node *) **links_out)
{
    struct node *node = search(ordered, key, false, links_out).node;
    return node != NULL && wtl__key_compare(node_key(node), key) == 0 ? node : NULL;
}

static void ordered_find(struct wtl__store *store, struct wtl__key key, struct wtl__spot *spot_out)
{
    struct node *node = find_node(ordered_of(store), key, NULL);
    spot_out->entry = node != NULL ? entry_at(node) : NULL;
}

/* ---- writing ------------------------------------------------------------------------------ */

static struct node *make_node(struct ordered *ordered, struct wtl__entry *entry)
{
    unsigned levels = 1;
    uint64_t bits = wtl__prng_next(&ordered->heights);
    while (levels < LEVELS_MAX && (bits & 3) == 0) {
        levels++;
        bits >>= 2;
    }
    struct node *node =
        wtl__pool_take(sizeof *node + levels * sizeof node->next[0] + entry->key_size);
    if (node != NULL) {
        memset(node, 0, sizeof *node);
        node->key_size = entry->key_size;
        node->levels = (uint16_t)levels;
        atomic_init(&node->entry, entry);
        memcpy(&node->next[levels], entry->bytes, entry->key_size);
    }
    return node;
}

/* A level that nobody was on yet begins at the head. */
static void open_levels(struct ordered *ordered, unsigned levels, _Atomic(struct node *) **links)
{
    unsigned open = atomic_load_explicit(&ordered->levels, memory_order_relaxed);
    for (; open < levels; open++) {
        links[open] = &ordered->first[open];
        atomic_store_explicit(&ordered->levels, open + 1, memory_order_release);
    }
}

static enum wtl_status ordered_add(struct wtl__store *store, const struct wtl__spot *spot,
                                   struct wtl__entry *entry)
{
    struct ordered *ordered = ordered_of(store);
    (void)spot;
    _Atomic(struct node *) *links[LEVELS_MAX];
    enum wtl_status status = WTL_EXISTS;
    (void)pthread_mutex_lock(&ordered->writers);
    if (find_node(ordered, wtl__entry_key(entry), links) == NULL) {
        struct node *node = make_node(ordered, entry);
        status = node != NULL ? WTL_OK : WTL_NO_MEMORY;
        if (node != NULL) {
            open_levels(ordered, node->levels, links);
            for (unsigned level = 0; level < node->levels; level++) {
                atomic_init(&node->next[level], load(links[level]));
            }
            for (unsigned level = 0; level < node->levels; level++) {
                /* release pairs with load: whoever meets the node sees it whole */
                atomic_store_explicit(links[level], node, memory_order_release);
            }
        }
    }
    (void)pthread_mutex_unlock(&ordered->writers);
    return status;
}

static bool ordered_replace(struct wtl__store *store, struct wtl__spot *spot,
                            struct wtl__entry *entry)
{
    struct ordered *ordered = ordered_of(store);
    (void)pthread_mutex_lock(&ordered->writers);
    struct node *node = find_node(ordered, wtl__entry_key(entry), NULL);
    bool same = node != NULL && entry_at(node) == spot->entry;
    if (same) {
        atomic_store_explicit(&node->entry, entry, memory_order_release);
    }
    (void)pthread_mutex_unlock(&ordered->writers);
    return same;
}

static void free_node(struct rcu_head *head)
{
    wtl__rcu_is_after(head);
    wtl__pool_give(WTL_CONTAINER(head, struct node, retired));
}

static bool ordered_remove(struct wtl__store *store, struct wtl__entry *entry)
{
    struct ordered *ordered = ordered_of(store);
    _Atomic(struct node *) *links[LEVELS_MAX];
    (void)pthread_mutex_lock(&ordered->writers);
    struct node *node = find_node(ordered, wtl__entry_key(entry), links);
    bool same = node != NULL && entry_at(node) == entry;
    if (same) {
        /* from here on the key is not there; release only orders it before the unlinking */
        atomic_store_explicit(&node->entry, NULL, memory_order_release);
        for (unsigned level = node->levels; level-- > 0;) {
            atomic_store_explicit(links[level], load(&node->next[level]), memory_order_release);
        }
    }
    (void)pthread_mutex_unlock(&ordered->writers);
    if (same) {
        wtl__rcu_after(&node->retired, free_node);
    }
    return same;
}

/* ---- walking ------------------------------------------------------------------------------ */

static bool ordered_walk(struct wtl__store *store, struct wtl__key after, bool at_it,
                         wtl__store_visit visit, void *context)
{
    struct ordered *ordered = ordered_of(store);
    struct node *node =
        after.size == 0 ? load(&ordered->first[0]) : search(ordered, after, !at_it, NULL).node;
    for (; node != NULL; node = load(&node->next[0])) {
        struct wtl__entry *entry = entry_at(node);
        if (entry != NULL && !visit(context, entry)) {
            break;
        }
    }
    return true;
}

/* The node whose lowest link that is; NULL for the head. */
static struct node *node_of_links(struct ordered *ordered, _Atomic(struct node *) *links)
{
    return links == ordered->first
               ? NULL
               : (struct node *)(void *)((char *)links - offsetof(struct node, next));
}

static struct wtl__entry *ordered_before(struct wtl__store *store, struct wtl__key key)
{
    struct ordered *ordered = ordered_of(store);
    for (;;) {
        _Atomic(struct node *) *links = ordered->first;
        if (key.size > 0) {
            links = search(ordered, key, false, NULL).links;
        } else {
            unsigned level = atomic_load_explicit(&ordered->levels, memory_order_acquire);
            while (level-- > 0) {
                for (struct node *node; (node = load(&links[level])) != NULL;) {
                    links = node->next;
                }
            }
        }
        struct node *node = node_of_links(ordered, links);
        struct wtl__entry *entry = node != NULL ? entry_at(node) : NULL;
        if (node == NULL || entry != NULL) {
            return entry;
        }
        key = node_key(node); /* it was just removed: the one before it, then; ends at the head */
    }
}

/* ---- life --------------------------------------------------------------------------------- */

static void ordered_drain(struct wtl__store *store)
{
    struct ordered *ordered = ordered_of(store);
    struct node *node = load(&ordered->first[0]);
    while (node != NULL) {
        struct node *next = load(&node->next[0]);
        wtl__free_drained(entry_at(node));
        wtl__pool_give(node);
        node = next;
    }
    (void)pthread_mutex_destroy(&ordered->writers);
    free(ordered);
}

static const struct wtl__store_calls calls = {
    .find = ordered_find,
    .add = ordered_add,
    .replace = ordered_replace,
    .remove = ordered_remove,
    .walk = ordered_walk,
    .before = ordered_before,
    .drain = ordered_drain,
};

struct wtl__store *wtl__ordered_create(struct wtl__siphash_key seed)
{
    struct ordered *ordered = aligned_alloc(alignof(struct ordered), sizeof *ordered);
    if (ordered == NULL) {
        return NULL;
    }
    memset(ordered, 0, sizeof *ordered);
    ordered->store.calls = &calls;
    (void)pthread_mutex_init(&ordered->writers, NULL);
    wtl__prng_init(&ordered->heights, seed.word[0]);
    return &ordered->store;
}
