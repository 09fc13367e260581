/*
 * hashed.c - a store over liburcu's lock-free hash table (cds_lfht). See store.h.
 *
 * How many buckets it has is decided here, one or two for an entry, because the library's own rule
 * lets chains grow to eight (docs/adr/0012-tables.md). The work is done on the thread that frees,
 * by doublings and halvings, while the table is used.
 *
 * The library keeps all nodes in one list, ordered by the reversed bits of their hashes, whatever
 * the number of buckets. A walk is in that order, and among keys of one hash in the order of their
 * bytes, so that a key alone says where a walk is, even when it is gone: then a bookmark, an entry
 * without a key, is put where the key was for as long as it takes to find who is next.
 */
#include "table/store.h"

#include <stdlib.h>

#include "table/retire.h"

#define BUCKETS_MIN 64u
#define BUCKETS_MAX (1u << 28)
/* A table keeps the buckets that it has until so many are there for each entry. */
#define BUCKETS_IDLE 16u

struct hashed {
    struct wtl__store store;
    struct wtl__siphash_key seed;
    struct cds_lfht *nodes;
    struct rcu_head resize;
    _Atomic(uint64_t) buckets;
    _Atomic(bool) resizing; /* `resize` is under way */
    bool given_up;          /* by drain, while it was: of the thread that frees */
};

static struct hashed *hashed_of(struct wtl__store *store)
{
    return WTL_CONTAINER(store, struct hashed, store);
}

static unsigned long hash_of(const struct hashed *hashed, struct wtl__key key)
{
    return (unsigned long)wtl__siphash(&hashed->seed, key.bytes, key.size);
}

/* NULL for the end of the list. */
static struct wtl__entry *entry_of(struct cds_lfht_node *node)
{
    if (node == NULL) {
        return NULL;
    }
    struct wtl__entry *entry = WTL_CONTAINER(node, struct wtl__entry, node);
    wtl__rcu_hears(entry);
    return entry;
}

/* The order of the library's list, equal for equal hashes. */
static unsigned long place_of(struct cds_lfht_node *node)
{
    return entry_of(node)->node.reverse_hash;
}

static int has_key(struct cds_lfht_node *node, const void *key)
{
    return wtl__key_is_same(wtl__entry_key(entry_of(node)), *(const struct wtl__key *)key);
}

static int is_node(struct cds_lfht_node *node, const void *other)
{
    return node == other;
}

static int is_any(struct cds_lfht_node *node, const void *unused)
{
    (void)node;
    (void)unused;
    return 1;
}

/* ---- its size ----------------------------------------------------------------------------- */

/* As many buckets as there should be. */
static uint64_t buckets_for(uint64_t entries)
{
    uint64_t buckets = BUCKETS_MIN;
    while (buckets < entries && buckets < BUCKETS_MAX) {
        buckets *= 2;
    }
    return buckets;
}

static bool has_right_size(struct hashed *hashed)
{
    uint64_t entries = atomic_load_explicit(&hashed->store.entries, memory_order_relaxed);
    uint64_t buckets = atomic_load_explicit(&hashed->buckets, memory_order_relaxed);
    return WTL_LIKELY((entries < buckets || buckets == BUCKETS_MAX) &&
                      (buckets / BUCKETS_IDLE <= entries || buckets == BUCKETS_MIN));
}

static void free_hashed(struct hashed *hashed)
{
    int failed = cds_lfht_destroy(hashed->nodes, NULL);
    WTL_ASSERT(failed == 0);
    free(hashed);
}

static void resize(struct rcu_head *head)
{
    struct hashed *hashed = WTL_CONTAINER(head, struct hashed, resize);
    wtl__rcu_is_after(head);
    if (hashed->given_up) {
        free_hashed(hashed);
        return;
    }
    while (!has_right_size(hashed)) {
        uint64_t entries = atomic_load_explicit(&hashed->store.entries, memory_order_relaxed);
        uint64_t buckets = buckets_for(entries + 1);
        cds_lfht_resize(hashed->nodes, (unsigned long)buckets);
        atomic_store_explicit(&hashed->buckets, buckets, memory_order_relaxed);
    }
    atomic_store_explicit(&hashed->resizing, false, memory_order_release);
}

/* Has the number of buckets looked at, when it should be. */
static void look_at_size(struct hashed *hashed)
{
    if (!has_right_size(hashed) && !atomic_load_explicit(&hashed->resizing, memory_order_relaxed) &&
        /* acquire pairs with the release of who was the last to do it */
        !atomic_exchange_explicit(&hashed->resizing, true, memory_order_acquire)) {
        wtl__rcu_after(&hashed->resize, resize);
    }
}

/* ---- finding and changing ----------------------------------------------------------------- */

static void hashed_find(struct wtl__store *store, struct wtl__key key, struct wtl__spot *spot_out)
{
    struct hashed *hashed = hashed_of(store);
    spot_out->hash = hash_of(hashed, key);
    cds_lfht_lookup(hashed->nodes, spot_out->hash, has_key, &key, &spot_out->iter);
    spot_out->entry = entry_of(cds_lfht_iter_get_node(&spot_out->iter));
}

static enum wtl_status hashed_add(struct wtl__store *store, const struct wtl__spot *spot,
                                  struct wtl__entry *entry)
{
    struct hashed *hashed = hashed_of(store);
    struct wtl__key key = wtl__entry_key(entry);
    wtl__rcu_told(entry);
    struct cds_lfht_node *there =
        cds_lfht_add_unique(hashed->nodes, spot->hash, has_key, &key, &entry->node);
    look_at_size(hashed);
    return there == &entry->node ? WTL_OK : WTL_EXISTS;
}

static bool hashed_replace(struct wtl__store *store, struct wtl__spot *spot,
                           struct wtl__entry *entry)
{
    struct hashed *hashed = hashed_of(store);
    struct wtl__key key = wtl__entry_key(entry);
    wtl__rcu_told(entry);
    return cds_lfht_replace(hashed->nodes, &spot->iter, spot->hash, has_key, &key, &entry->node) ==
           0;
}

static bool hashed_remove(struct wtl__store *store, struct wtl__entry *entry)
{
    struct hashed *hashed = hashed_of(store);
    look_at_size(hashed);
    return cds_lfht_del(hashed->nodes, &entry->node) == 0;
}

/* ---- walking ------------------------------------------------------------------------------ */

/* Among the entries of one hash, from `run` on: the one with the first key behind `after` (at it,
 * when `at_it`). Leaves `run` behind them all when there is no other one behind that. */
static struct wtl__entry *next_of_run(struct hashed *hashed, struct cds_lfht_iter *run,
                                      struct wtl__key after, bool at_it)
{
    struct cds_lfht_iter iter = *run;
    struct wtl__entry *best = NULL;
    unsigned behind = 0;
    unsigned long place = place_of(cds_lfht_iter_get_node(run));
    for (struct cds_lfht_node *node = cds_lfht_iter_get_node(run);
         node != NULL && place_of(node) == place; node = cds_lfht_iter_get_node(&iter)) {
        struct wtl__entry *entry = entry_of(node);
        struct wtl__key key = wtl__entry_key(entry);
        bool is_behind = key.size > 0 && (after.size == 0 || wtl__key_bytes_order(key, after) > 0 ||
                                          (at_it && wtl__key_is_same(key, after)));
        behind += is_behind;
        if (is_behind && (best == NULL || wtl__key_bytes_order(key, wtl__entry_key(best)) < 0)) {
            best = entry;
        }
        cds_lfht_next(hashed->nodes, &iter);
    }
    if (behind <= 1) {
        *run = iter;
    }
    return best;
}

/* The first node behind where a key of that hash would be. False when memory is exhausted. */
static bool find_behind(struct hashed *hashed, unsigned long hash, struct cds_lfht_iter *iter_out)
{
    struct wtl__entry *bookmark =
        wtl__entry_new((struct wtl__key){NULL, 0}, 0, 0, WTL__WHEEL_NEVER);
    if (bookmark == NULL) {
        return false;
    }
    wtl__rcu_told(bookmark);
    cds_lfht_add(hashed->nodes, hash, &bookmark->node);
    cds_lfht_lookup(hashed->nodes, hash, is_node, &bookmark->node, iter_out);
    cds_lfht_next(hashed->nodes, iter_out);
    (void)cds_lfht_del(hashed->nodes, &bookmark->node);
    wtl__retire(bookmark);
    return true;
}

static bool hashed_walk(struct wtl__store *store, struct wtl__key after, bool at_it,
                        wtl__store_visit visit, void *context)
{
    struct hashed *hashed = hashed_of(store);
    struct cds_lfht_iter run;
    if (after.size == 0) {
        cds_lfht_first(hashed->nodes, &run);
    } else {
        unsigned long hash = hash_of(hashed, after);
        cds_lfht_lookup(hashed->nodes, hash, is_any, NULL, &run);
        if (cds_lfht_iter_get_node(&run) == NULL) {
            after.size = 0;
            if (!find_behind(hashed, hash, &run)) {
                return false;
            }
        }
    }
    while (cds_lfht_iter_get_node(&run) != NULL) {
        unsigned long place = place_of(cds_lfht_iter_get_node(&run));
        struct wtl__entry *entry = next_of_run(hashed, &run, after, at_it);
        if (entry != NULL && !visit(context, entry)) {
            return true;
        }
        struct cds_lfht_node *node = cds_lfht_iter_get_node(&run);
        bool same = node != NULL && place_of(node) == place;
        after = same && entry != NULL ? wtl__entry_key(entry) : (struct wtl__key){NULL, 0};
        at_it = false;
    }
    return true;
}

/* ---- life --------------------------------------------------------------------------------- */

static void hashed_drain(struct wtl__store *store)
{
    struct hashed *hashed = hashed_of(store);
    struct cds_lfht_iter iter;
    wtl__rcu_enter();
    cds_lfht_first(hashed->nodes, &iter);
    for (struct cds_lfht_node *node; (node = cds_lfht_iter_get_node(&iter)) != NULL;) {
        cds_lfht_next(hashed->nodes, &iter);
        if (cds_lfht_del(hashed->nodes, node) == 0) {
            wtl__free_drained(entry_of(node));
        }
    }
    wtl__rcu_leave();
    if (atomic_load_explicit(&hashed->resizing, memory_order_relaxed)) {
        hashed->given_up = true; /* what was asked for comes behind this, on this same thread */
    } else {
        free_hashed(hashed);
    }
}

static const struct wtl__store_calls calls = {
    .find = hashed_find,
    .add = hashed_add,
    .replace = hashed_replace,
    .remove = hashed_remove,
    .walk = hashed_walk,
    .drain = hashed_drain,
};

struct wtl__store *wtl__hashed_create(struct wtl__siphash_key seed)
{
    struct hashed *hashed = aligned_alloc(alignof(struct hashed), sizeof *hashed);
    if (hashed == NULL) {
        return NULL;
    }
    memset(hashed, 0, sizeof *hashed);
    hashed->store.calls = &calls;
    hashed->seed = seed;
    atomic_init(&hashed->buckets, BUCKETS_MIN);
    hashed->nodes = cds_lfht_new_flavor(BUCKETS_MIN, BUCKETS_MIN, 0, 0, &urcu_bp_flavor, NULL);
    if (hashed->nodes == NULL) {
        free(hashed);
        return NULL;
    }
    return &hashed->store;
}
