/* names.c - the table of local names. See names.h. */
#include "actor/names.h"

#include <stdlib.h>

#include "base/pool.h"

#define SHARDS 32u
/* Buckets per shard; names beyond a few times that make the chains longer, not wrong. */
#define BUCKETS 1024u

struct entry {
    struct wtl__envelope tie; /* request: the name's hash */
    struct entry *next;
    struct wtl_pid pid;
    char name[WTL_NAME_MAX + 1];
};

struct shard {
    alignas(WTL_CACHE_LINE) pthread_mutex_t lock;
    struct entry *buckets[BUCKETS];
};

struct wtl__names {
    struct shard shards[SHARDS];
};

struct wtl__names *wtl__names_create(void)
{
    struct wtl__names *names = aligned_alloc(WTL_CACHE_LINE, sizeof *names);
    if (names != NULL) {
        memset(names, 0, sizeof *names);
        for (unsigned i = 0; i < SHARDS; i++) {
            (void)pthread_mutex_init(&names->shards[i].lock, NULL);
        }
    }
    return names;
}

void wtl__names_destroy(struct wtl__names *names)
{
    if (names == NULL) {
        return;
    }
    for (unsigned i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&names->shards[i].lock);
    }
    free(names);
}

bool wtl__name_is_valid(const char *name)
{
    size_t size = strnlen(name, WTL_NAME_MAX + 1);
    if (size == 0 || size > WTL_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool inner = i > 0 && (c == '.' || c == '_' || c == '-');
        if (!plain && !inner && !(i == 0 && c == '$')) {
            return false;
        }
    }
    return true;
}

static uint64_t hash_name(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 29;
    return hash * UINT64_C(0x9e3779b97f4a7c15);
}

static struct shard *shard_of(struct wtl__names *names, uint64_t hash)
{
    return &names->shards[hash >> 59];
}

static struct entry **find_slot(struct shard *shard, uint64_t hash, const char *name)
{
    struct entry **slot = &shard->buckets[(hash >> 32) % BUCKETS];
    while (*slot != NULL && strcmp((*slot)->name, name) != 0) {
        slot = &(*slot)->next;
    }
    return slot;
}

enum wtl_status wtl__name_hold(struct wtl__runtime *runtime, struct wtl__cell *cell,
                               struct wtl_pid pid, const char *name)
{
    if (!wtl__name_is_valid(name)) {
        return WTL_INVALID;
    }
    struct entry *entry = wtl__pool_take(sizeof *entry);
    if (entry == NULL) {
        return WTL_NO_MEMORY;
    }
    uint64_t hash = hash_name(name);
    *entry = (struct entry){.pid = pid, .tie.msg.request = hash};
    memcpy(entry->name, name, strlen(name) + 1); /* it is valid, so it fits */
    struct shard *shard = shard_of(runtime->names, hash);
    (void)pthread_mutex_lock(&shard->lock);
    struct entry **slot = find_slot(shard, hash, name);
    bool taken = *slot != NULL;
    if (!taken) {
        *slot = entry;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    if (taken) {
        wtl__pool_give(entry);
        return WTL_EXISTS;
    }
    wtl__ties_add(&cell->ties, WTL__TIE_NAME, &entry->tie);
    if (cell->name == NULL) {
        cell->name = entry->name;
    }
    return WTL_OK;
}

void wtl__name_release(struct wtl__runtime *runtime, struct wtl__envelope *tie)
{
    struct entry *entry = WTL_CONTAINER(tie, struct entry, tie);
    uint64_t hash = tie->msg.request;
    struct shard *shard = shard_of(runtime->names, hash);
    (void)pthread_mutex_lock(&shard->lock);
    struct entry **slot = find_slot(shard, hash, entry->name);
    WTL_ASSERT(*slot == entry);
    *slot = entry->next;
    (void)pthread_mutex_unlock(&shard->lock);
    wtl__pool_give(entry);
}

void wtl__name_drop(struct wtl__runtime *runtime, struct wtl__cell *cell, const char *name)
{
    struct wtl__envelope *tie =
        wtl__ties_take(&cell->ties, WTL__TIE_NAME, WTL_PID_NONE, hash_name(name));
    if (tie != NULL) {
        if (cell->name == WTL_CONTAINER(tie, struct entry, tie)->name) {
            cell->name = NULL;
        }
        wtl__name_release(runtime, tie);
    }
}

struct wtl_pid wtl__name_find(struct wtl__runtime *runtime, const char *name)
{
    uint64_t hash = hash_name(name);
    struct shard *shard = shard_of(runtime->names, hash);
    (void)pthread_mutex_lock(&shard->lock);
    struct entry *entry = *find_slot(shard, hash, name);
    struct wtl_pid pid = entry != NULL ? entry->pid : WTL_PID_NONE;
    (void)pthread_mutex_unlock(&shard->lock);
    return pid;
}

void wtl__names_each(struct wtl__runtime *runtime,
                     void (*visit)(void *context, const char *name, struct wtl_pid pid),
                     void *context)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        struct shard *shard = &runtime->names->shards[i];
        (void)pthread_mutex_lock(&shard->lock);
        for (unsigned j = 0; j < BUCKETS; j++) {
            for (struct entry *entry = shard->buckets[j]; entry != NULL; entry = entry->next) {
                visit(context, entry->name, entry->pid);
            }
        }
        (void)pthread_mutex_unlock(&shard->lock);
    }
}
