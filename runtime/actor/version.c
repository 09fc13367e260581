/* version.c - a hash table of types that only grows. See version.h. */
#include "actor/version.h"

#include <stdlib.h>

#include "actor/memory.h"
#include "actor/settings.h"
#include "base/pool.h"

#define BUCKETS 256u

struct version {
    const struct wtl_actor *type;
    _Atomic(const struct wtl_actor *) now;
    _Atomic(uint64_t) moving;
    struct version *next; /* written before the entry is published */
};

struct wtl__versions {
    struct wtl_pid upgrader; /* written before the table is published */
    _Atomic(struct version *) buckets[BUCKETS];
};

/* ---- the table ------------------------------------------------------------------------------ */

static struct wtl__versions *table(const struct wtl__runtime *runtime)
{
    /* acquire pairs with the release in make_table */
    return atomic_load_explicit(&runtime->versions, memory_order_acquire);
}

static unsigned bucket_of(const struct wtl_actor *type)
{
    return (unsigned)(((uintptr_t)type * UINT64_C(0x9e3779b97f4a7c15)) >> 56) % BUCKETS;
}

static struct version *first_of(struct wtl__versions *versions, unsigned bucket)
{
    /* acquire pairs with the release in make_entry */
    return atomic_load_explicit(&versions->buckets[bucket], memory_order_acquire);
}

static struct version *find(struct wtl__versions *versions, const struct wtl_actor *type)
{
    struct version *version = first_of(versions, bucket_of(type));
    while (version != NULL && version->type != type) {
        version = version->next;
    }
    return version;
}

static struct wtl__versions *make_table(struct wtl__runtime *runtime, struct wtl_pid upgrader)
{
    struct wtl__versions *versions = table(runtime);
    if (versions == NULL) {
        versions = calloc(1, sizeof *versions);
        if (versions == NULL) {
            return NULL;
        }
        versions->upgrader = upgrader;
        /* release pairs with the acquire in table() */
        atomic_store_explicit(&runtime->versions, versions, memory_order_release);
    }
    return versions;
}

static bool make_entry(struct wtl__versions *versions, const struct wtl_actor *type)
{
    if (find(versions, type) != NULL) {
        return true;
    }
    struct version *version = calloc(1, sizeof *version);
    if (version == NULL) {
        return false;
    }
    unsigned bucket = bucket_of(type);
    version->type = type;
    atomic_init(&version->now, type);
    version->next = first_of(versions, bucket);
    /* release pairs with the acquire in first_of */
    atomic_store_explicit(&versions->buckets[bucket], version, memory_order_release);
    return true;
}

/* ---- moving --------------------------------------------------------------------------------- */

static const struct wtl_actor *now_of(const struct version *version)
{
    /* acquire pairs with the release in wtl__versions_flip: the type was loaded before */
    return atomic_load_explicit(&version->now, memory_order_acquire);
}

/* Calls `visit` with each entry; NULL: there was no memory for any. */
static void each(struct wtl__versions *versions,
                 void (*visit)(struct version *version, void *about), void *about)
{
    for (unsigned i = 0; versions != NULL && i < BUCKETS; i++) {
        for (struct version *v = first_of(versions, i); v != NULL; v = v->next) {
            visit(v, about);
        }
    }
}

struct move {
    const struct wtl__version_pair *pair;
    uint64_t number;
};

static void begin_one(struct version *version, void *about)
{
    const struct move *move = about;
    if (now_of(version) == move->pair->from || version->type == move->pair->to) {
        /* release pairs with the acquire in wtl__version_moving */
        atomic_store_explicit(&version->moving, move->number, memory_order_release);
    }
}

enum wtl_status wtl__versions_begin(struct wtl__runtime *runtime, struct wtl_pid upgrader,
                                    const struct wtl__version_pair *pairs, uint32_t count,
                                    uint64_t number)
{
    struct wtl__versions *versions = make_table(runtime, upgrader);
    if (versions == NULL) {
        return WTL_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!make_entry(versions, pairs[i].from) || !make_entry(versions, pairs[i].to)) {
            return WTL_NO_MEMORY;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct move move = {.pair = &pairs[i], .number = number};
        each(versions, begin_one, &move);
    }
    /* whoever spawns counts it (life.c): of the two, the second one sees what the first has done.
     * So an actor either waits at its start, or is found by who looks for all from here on. */
    wtl__count_spawned(runtime, 0);
    return WTL_OK;
}

static void flip_one(struct version *version, void *about)
{
    const struct move *move = about;
    if (now_of(version) == move->pair->from || version->type == move->pair->to) {
        /* release pairs with the acquire in now_of */
        atomic_store_explicit(&version->now, move->pair->to, memory_order_release);
    }
}

void wtl__versions_flip(struct wtl__runtime *runtime, const struct wtl__version_pair *pairs,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct move move = {.pair = &pairs[i]};
        each(table(runtime), flip_one, &move);
    }
}

static void end_one(struct version *version, void *about)
{
    const struct move *move = about;
    if (atomic_load_explicit(&version->moving, memory_order_relaxed) == move->number) {
        /* release pairs with the acquire in wtl__version_moving: it sees what was decided */
        atomic_store_explicit(&version->moving, 0, memory_order_release);
    }
}

void wtl__versions_end(struct wtl__runtime *runtime, uint64_t number)
{
    struct move move = {.number = number};
    each(table(runtime), end_one, &move);
}

void wtl__versions_free(struct wtl__runtime *runtime)
{
    struct wtl__versions *versions = table(runtime);
    for (unsigned i = 0; versions != NULL && i < BUCKETS; i++) {
        struct version *version = first_of(versions, i);
        while (version != NULL) {
            struct version *next = version->next;
            free(version);
            version = next;
        }
    }
    free(versions);
}

const struct wtl_actor *wtl__version_now(const struct wtl__runtime *runtime,
                                         const struct wtl_actor *type)
{
    struct wtl__versions *versions = table(runtime);
    const struct version *version = versions != NULL ? find(versions, type) : NULL;
    return version != NULL ? now_of(version) : type;
}

uint64_t wtl__version_moving(const struct wtl__runtime *runtime, const struct wtl_actor *type)
{
    struct wtl__versions *versions = table(runtime);
    struct version *version = versions != NULL ? find(versions, type) : NULL;
    /* acquire pairs with the releases of begin_one and end_one */
    return version != NULL ? atomic_load_explicit(&version->moving, memory_order_acquire) : 0;
}

struct wtl_pid wtl__versions_upgrader(const struct wtl__runtime *runtime)
{
    return table(runtime)->upgrader;
}

struct wtl_inside wtl__inside_of(const struct wtl__cell *cell)
{
    const struct wtl_around *around = wtl__type_around(cell->type);
    if (around != NULL) {
        return around->look(cell->state, cell->settings);
    }
    return (struct wtl_inside){
        .type = cell->type, .state = cell->state, .settings = cell->settings};
}

/* ---- settings ------------------------------------------------------------------------------- */

static size_t field_bytes(const struct wtl_field *field)
{
    switch (field->type) {
    case WTL_FIELD_BOOL:
        return sizeof(bool);
    case WTL_FIELD_STR:
        return sizeof(const char *);
    default:
        return 8; /* int64_t and double */
    }
}

static const struct wtl_field *find_field(const struct wtl_actor *type,
                                          const struct wtl_field *wanted)
{
    const struct wtl_field *field = wtl_setting_find(type, wanted->name);
    return field != NULL && field->type == wanted->type ? field : NULL;
}

static uint32_t count_fields(const struct wtl_actor *type)
{
    uint32_t count = 0;
    while (type->fields != NULL && type->fields[count].name != NULL) {
        count++;
    }
    return count;
}

bool wtl__settings_alike(const struct wtl_actor *a, const struct wtl_actor *b)
{
    if (a->settings_size != b->settings_size || count_fields(a) != count_fields(b)) {
        return false;
    }
    for (uint32_t i = 0; i < count_fields(a); i++) {
        const struct wtl_field *other = find_field(b, &a->fields[i]);
        if (other == NULL || other->offset != a->fields[i].offset) {
            return false;
        }
    }
    return true;
}

static enum wtl_status carry_fields(const struct wtl_actor *from, const void *settings,
                                    const struct wtl_actor *to, char *scratch,
                                    struct wtl_error *error)
{
    for (uint32_t i = 0; i < count_fields(to); i++) {
        const struct wtl_field *field = &to->fields[i];
        const struct wtl_field *old = settings != NULL ? find_field(from, field) : NULL;
        enum wtl_status status = WTL_OK;
        if (old != NULL) {
            memcpy(scratch + field->offset, (const char *)settings + old->offset,
                   field_bytes(field));
        } else if (field->default_ != NULL) {
            status = wtl_setting_read(field, field->default_, scratch, error);
        } else {
            status = wtl_fail(error, WTL_INVALID,
                              "setting %s of %s is mandatory, and the version before has none of "
                              "that name and type: give it a default",
                              field->name, to->name);
        }
        if (status != WTL_OK) {
            return status;
        }
    }
    return WTL_OK;
}

enum wtl_status wtl__settings_carry(struct wtl__cell *cell, const struct wtl_actor *from,
                                    const void *settings, const struct wtl_actor *to,
                                    void **block_out, struct wtl_error *error)
{
    bool raw = count_fields(from) == 0 && count_fields(to) == 0;
    enum wtl_status status = WTL_OK;
    *block_out = NULL;
    if (to->settings_size == 0) {
        return WTL_OK;
    }
    if (raw && from->settings_size != to->settings_size) {
        return wtl_fail(error, WTL_INVALID,
                        "settings of %s have %u bytes instead of %u, and no fields that say what "
                        "they are",
                        to->name, to->settings_size, from->settings_size);
    }
    char *scratch = wtl__pool_take(to->settings_size);
    if (scratch == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the settings of %s", to->name);
    }
    memset(scratch, 0, to->settings_size);
    if (!raw) {
        status = carry_fields(from, settings, to, scratch, error);
    } else if (settings != NULL) {
        memcpy(scratch, settings, to->settings_size);
    }
    if (status == WTL_OK) {
        size_t size = wtl__settings_size(to, scratch);
        *block_out = cell != NULL ? wtl__memory_take(cell, size) : wtl__pool_take(size);
        if (*block_out != NULL) {
            wtl__settings_copy(to, scratch, *block_out);
        } else {
            status = wtl_fail(error, WTL_NO_MEMORY, "no memory for the settings of %s", to->name);
        }
    }
    wtl__pool_give(scratch);
    return status;
}
