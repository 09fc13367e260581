/*
 * supervisor_table.c - a supervisor's children: their entries, in order of start, and found by pid.
 *
 * The table is chained through the entries and lives in the supervisor's own memory, so that
 * nothing is left of it when the supervisor is killed; base/map.h would have to be freed by
 * somebody.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

/* Buckets of the table by pid at first; it doubles when it holds two children per bucket. */
#define BUCKETS_MIN 16u

/* ---- the table by pid ---------------------------------------------------------------------- */

static uint32_t bucket_of(const struct wtl__supervisor *sup, uint64_t local)
{
    return (uint32_t)((local * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & sup->buckets_mask;
}

/* False when there is no memory for any table; an old one only gets longer chains. */
static bool table_grow(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    uint32_t count = sup->buckets == NULL ? BUCKETS_MIN : (sup->buckets_mask + 1) * 2;
    struct wtl__member **buckets = wtl_alloc(x, count * sizeof *buckets);
    if (buckets == NULL) {
        return sup->buckets != NULL;
    }
    memset(buckets, 0, count * sizeof *buckets);
    struct wtl__member **old = sup->buckets;
    uint32_t old_count = old == NULL ? 0 : sup->buckets_mask + 1;
    sup->buckets = buckets;
    sup->buckets_mask = count - 1;
    for (uint32_t i = 0; i < old_count; i++) {
        while (old[i] != NULL) {
            struct wtl__member *member = old[i];
            old[i] = member->bucket;
            uint32_t at = bucket_of(sup, member->local);
            member->bucket = buckets[at];
            buckets[at] = member;
        }
    }
    wtl_free(x, old);
    return true;
}

bool wtl__member_room(struct wtl_ctx *x, struct wtl__supervisor *sup)
{
    bool full = sup->buckets == NULL || sup->buckets_count > sup->buckets_mask * 2;
    return !full || table_grow(x, sup);
}

void wtl__member_at_pid(struct wtl__supervisor *sup, struct wtl__member *member)
{
    uint32_t at = bucket_of(sup, member->local);
    member->bucket = sup->buckets[at];
    sup->buckets[at] = member;
    sup->buckets_count++;
}

void wtl__member_off_pid(struct wtl__supervisor *sup, struct wtl__member *member)
{
    struct wtl__member **slot = &sup->buckets[bucket_of(sup, member->local)];
    while (*slot != member) {
        slot = &(*slot)->bucket;
    }
    *slot = member->bucket;
    member->bucket = NULL;
    member->local = 0;
    sup->buckets_count--;
}

struct wtl__member *wtl__member_by_pid(const struct wtl__supervisor *sup, uint64_t local)
{
    struct wtl__member *member = sup->buckets != NULL ? sup->buckets[bucket_of(sup, local)] : NULL;
    while (member != NULL && member->local != local) {
        member = member->bucket;
    }
    return member;
}

struct wtl__member *wtl__member_by_id(const struct wtl__supervisor *sup, const char *id,
                                      size_t size)
{
    WTL_LIST_EACH (link, &sup->order) {
        struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, order);
        const char *own = wtl__member_id(sup, member);
        if (strncmp(own, id, size) == 0 && own[size] == '\0') {
            return member;
        }
    }
    return NULL;
}

/* ---- entries ------------------------------------------------------------------------------- */

const struct wtl_child *wtl__member_spec(const struct wtl__supervisor *sup,
                                         const struct wtl__member *member)
{
    return sup->pool != NULL ? sup->pool : member->own.spec;
}

const char *wtl__member_id(const struct wtl__supervisor *sup, const struct wtl__member *member)
{
    const char *id = wtl__member_spec(sup, member)->id;
    return id != NULL ? id : "";
}

static bool asks_for_care(const struct wtl_child *spec)
{
    return spec->intensity != 0 || spec->backoff.first_ms != 0 || spec->progress_ms != 0;
}

struct wtl__care *wtl__member_care(const struct wtl__supervisor *sup, struct wtl__member *member)
{
    return asks_for_care(wtl__member_spec(sup, member)) ? (struct wtl__care *)(member + 1) : NULL;
}

struct wtl__member *wtl__member_new(struct wtl_ctx *x, struct wtl__supervisor *sup, void *own)
{
    bool care = asks_for_care(sup->pool != NULL ? sup->pool : own);
    size_t size = sizeof(struct wtl__member) + (care ? sizeof(struct wtl__care) : 0);
    struct wtl__member *member = wtl_alloc(x, size);
    if (member == NULL) {
        wtl_free(x, own);
        return NULL;
    }
    memset(member, 0, size);
    member->own.settings = own; /* or its spec: the same pointer */
    wtl__list_push_last(&sup->order, &member->order);
    sup->members++;
    return member;
}

void wtl__member_free(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    WTL_ASSERT(!wtl__member_has_actor(member));
    wtl__link_remove(&member->order);
    wtl__link_remove(&member->queue);
    sup->members--;
    struct wtl__care *care = wtl__member_care(sup, member);
    if (care != NULL) {
        wtl_free(x, care->window.at_ms);
    }
    wtl_free(x, member->change);
    wtl_free(x, member->own.settings);
    wtl_free(x, member);
}

void wtl__member_down(struct wtl__member *member)
{
    wtl__link_remove(&member->queue);
    member->state = WTL__MEMBER_DOWN;
}
