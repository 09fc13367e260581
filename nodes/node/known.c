/* known.c - see known.h. One lock: what is done under it takes well under a microsecond. */
#include "node/known.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

#define BUCKETS 4096u

struct entry {
    struct entry *next; /* in its bucket */
    struct entry *next_of_pid;
    struct wtl_pid pid; /* none: ASKED */
    uint64_t fresh_until_ms;
    bool is_asked;
    struct wtl__envelope *waiting;
    struct wtl__envelope *waiting_last;
    uint32_t waiting_count;
    uint32_t asked_count; /* of them, the first: they waited when the question went out */
    char name[WTL_NAME_MAX + 1];
};

struct wtl__known {
    pthread_mutex_t lock;
    struct wtl__map pids; /* pid -> its first entry */
    uint32_t count;
    uint64_t seed;
    struct entry *buckets[BUCKETS];
};

struct wtl__known *wtl__known_create(uint64_t seed)
{
    struct wtl__known *known = calloc(1, sizeof *known);
    if (known != NULL) {
        known->seed = seed | 1;
        wtl__map_init(&known->pids, WTL__KNOWN_MAX, seed);
        (void)pthread_mutex_init(&known->lock, NULL);
    }
    return known;
}

static void entry_free(struct entry *entry)
{
    while (entry->waiting != NULL) {
        struct wtl__envelope *next = entry->waiting->next;
        wtl__envelope_free(entry->waiting);
        entry->waiting = next;
    }
    free(entry);
}

void wtl__known_destroy(struct wtl__known *known)
{
    if (known == NULL) {
        return;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        while (known->buckets[i] != NULL) {
            struct entry *entry = known->buckets[i];
            known->buckets[i] = entry->next;
            entry_free(entry);
        }
    }
    wtl__map_deinit(&known->pids);
    (void)pthread_mutex_destroy(&known->lock);
    free(known);
}

static struct entry **slot_of(struct wtl__known *known, const char *name)
{
    uint64_t hash = known->seed;
    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 29;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    struct entry **slot = &known->buckets[(hash >> 40) % BUCKETS];
    while (*slot != NULL && strcmp((*slot)->name, name) != 0) {
        slot = &(*slot)->next;
    }
    return slot;
}

/* ---- by actor ------------------------------------------------------------------------------- */

static void leave_pid(struct wtl__known *known, struct entry *entry)
{
    if (wtl_pid_is_none(entry->pid)) {
        return;
    }
    struct entry *first = wtl__map_remove(&known->pids, entry->pid.node, entry->pid.local);
    struct entry **slot = &first;
    while (*slot != entry) {
        slot = &(*slot)->next_of_pid;
    }
    *slot = entry->next_of_pid;
    entry->next_of_pid = NULL;
    if (first != NULL) {
        enum wtl_status put = wtl__map_put(&known->pids, entry->pid.node, entry->pid.local, first);
        WTL_ASSERT(put == WTL_OK); /* what was just taken out has room */
    }
    entry->pid = WTL_PID_NONE;
}

/* False when memory is exhausted. */
static bool join_pid(struct wtl__known *known, struct entry *entry, struct wtl_pid pid)
{
    if (wtl_pid_equal(entry->pid, pid)) {
        return true;
    }
    leave_pid(known, entry);
    struct entry *first = wtl__map_get(&known->pids, pid.node, pid.local);
    if (first != NULL) {
        entry->next_of_pid = first->next_of_pid;
        first->next_of_pid = entry;
    } else if (wtl__map_put(&known->pids, pid.node, pid.local, entry) != WTL_OK) {
        return false;
    }
    entry->pid = pid;
    return true;
}

/* ---- by name -------------------------------------------------------------------------------- */

static struct entry *find_or_make(struct wtl__known *known, const char *name)
{
    struct entry **slot = slot_of(known, name);
    if (*slot != NULL || known->count == WTL__KNOWN_MAX) {
        return *slot;
    }
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry != NULL) {
        memcpy(entry->name, name, strnlen(name, WTL_NAME_MAX));
        *slot = entry;
        known->count++;
    }
    return entry;
}

static void remove_entry(struct wtl__known *known, struct entry *entry)
{
    struct entry **slot = slot_of(known, entry->name);
    WTL_ASSERT(*slot == entry);
    *slot = entry->next;
    leave_pid(known, entry);
    known->count--;
    entry_free(entry);
}

enum wtl__known_result wtl__known_find(struct wtl__known *known, const char *name,
                                       struct wtl__envelope *envelope, uint64_t now_ms,
                                       struct wtl_pid *pid_out, bool *ask_out)
{
    enum wtl__known_result result = WTL__KNOWN_FULL;
    *pid_out = WTL_PID_NONE;
    *ask_out = false;
    if (strnlen(name, WTL_NAME_MAX + 1) > WTL_NAME_MAX) {
        return WTL__KNOWN_FULL;
    }
    (void)pthread_mutex_lock(&known->lock);
    struct entry *entry = find_or_make(known, name);
    if (entry != NULL && !wtl_pid_is_none(entry->pid)) {
        *pid_out = entry->pid;
        *ask_out = !entry->is_asked && now_ms >= entry->fresh_until_ms;
        result = WTL__KNOWN_IS;
    } else if (entry != NULL && entry->waiting_count < WTL__KNOWN_WAITING) {
        envelope->next = NULL;
        if (entry->waiting == NULL) {
            entry->waiting = envelope;
        } else {
            entry->waiting_last->next = envelope;
        }
        entry->waiting_last = envelope;
        entry->waiting_count++;
        *ask_out = !entry->is_asked;
        result = WTL__KNOWN_WAITS;
    }
    if (*ask_out) {
        entry->is_asked = true;
        entry->asked_count = entry->waiting_count;
    }
    (void)pthread_mutex_unlock(&known->lock);
    return result;
}

/* What has come since the question went out is not answered by it. True: something still waits. */
static bool ask_again(struct entry *entry)
{
    entry->asked_count = entry->waiting_count;
    entry->is_asked = entry->waiting_count > 0;
    return entry->is_asked;
}

bool wtl__known_answer(
    struct wtl__known *known, const char *name, struct wtl_pid holder, uint64_t now_ms,
    void (*send)(void *context, struct wtl_pid to, struct wtl__envelope *envelope), void *context)
{
    bool none = wtl_pid_is_none(holder);
    bool again = false;
    (void)pthread_mutex_lock(&known->lock);
    struct entry *entry = none ? *slot_of(known, name) : find_or_make(known, name);
    if (entry != NULL) {
        /* sent under the lock: who sees the name as known from here on sends after these */
        for (uint32_t left = none ? entry->asked_count : entry->waiting_count; left > 0; left--) {
            struct wtl__envelope *envelope = entry->waiting;
            entry->waiting = envelope->next;
            entry->waiting_count--;
            send(context, holder, envelope);
        }
        entry->fresh_until_ms = now_ms + WTL__KNOWN_MS;
        again = ask_again(entry);
        if (none && again) {
            leave_pid(known, entry);
        } else if (none || !join_pid(known, entry, holder)) {
            remove_entry(known, entry);
        }
    }
    (void)pthread_mutex_unlock(&known->lock);
    return again;
}

/* Forgets the holder; an entry for which something waits stays as one that is asked for. */
static void forget(struct wtl__known *known, struct entry *entry)
{
    if (entry->is_asked) {
        leave_pid(known, entry);
    } else {
        remove_entry(known, entry);
    }
}

void wtl__known_forget_pid(struct wtl__known *known, struct wtl_pid pid)
{
    struct entry *entry;
    (void)pthread_mutex_lock(&known->lock);
    while ((entry = wtl__map_get(&known->pids, pid.node, pid.local)) != NULL) {
        forget(known, entry);
    }
    (void)pthread_mutex_unlock(&known->lock);
}

void wtl__known_forget_node(struct wtl__known *known, uint64_t node)
{
    (void)pthread_mutex_lock(&known->lock);
    for (unsigned i = 0; i < BUCKETS; i++) {
        struct entry *entry = known->buckets[i];
        while (entry != NULL) {
            struct entry *next = entry->next;
            if (entry->pid.node == node && !wtl_pid_is_none(entry->pid)) {
                forget(known, entry);
            }
            entry = next;
        }
    }
    (void)pthread_mutex_unlock(&known->lock);
}

uint32_t wtl__known_count(struct wtl__known *known)
{
    (void)pthread_mutex_lock(&known->lock);
    uint32_t count = known->count;
    (void)pthread_mutex_unlock(&known->lock);
    return count;
}
