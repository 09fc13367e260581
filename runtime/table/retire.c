/* retire.c - see retire.h. */
#include "table/retire.h"

#include <pthread.h>

#include "base/pool.h"
#include "table/entry.h"
#include "table/holds.h"

char wtl__rcu_left;

/* Bytes; counted relaxed, because they only say about how much there is. */
static _Atomic(uint64_t) retired;
static _Atomic(uint64_t) draining;

/* Somebody has it beyond a section still. It is rare, and those who do return soon. */
static bool is_held(const struct wtl__entry *entry)
{
    return (atomic_load_explicit(&entry->marks, memory_order_relaxed) & WTL__ENTRY_BORROWED) != 0 &&
           wtl__holds_have(entry);
}

static void free_one(struct wtl__entry *entry, _Atomic(uint64_t) *count)
{
    uint64_t bytes = wtl__entry_cost(entry);
    wtl__entry_free(entry);
    if (atomic_fetch_sub_explicit(count, bytes, memory_order_relaxed) == bytes) {
        wtl__pool_flush(); /* this thread takes nothing: what it holds back is for others */
    }
}

static void free_retired(struct rcu_head *head)
{
    struct wtl__entry *entry = WTL_CONTAINER(head, struct wtl__entry, retired);
    wtl__rcu_is_after(head);
    if (is_held(entry)) {
        wtl__rcu_after(&entry->retired, free_retired);
    } else {
        free_one(entry, &retired);
    }
}

static void free_drained(struct rcu_head *head)
{
    wtl__rcu_is_after(head);
    wtl__free_drained(WTL_CONTAINER(head, struct wtl__entry, retired));
}

void wtl__free_drained(struct wtl__entry *entry)
{
    if (is_held(entry)) {
        wtl__rcu_after(&entry->retired, free_drained);
    } else {
        free_one(entry, &draining);
    }
}

void wtl__retire(struct wtl__entry *entry)
{
    atomic_fetch_add_explicit(&retired, wtl__entry_cost(entry), memory_order_relaxed);
    wtl__rcu_after(&entry->retired, free_retired);
}

bool wtl__retired_is_full(void)
{
    return atomic_load_explicit(&retired, memory_order_relaxed) >= WTL__RETIRED_MAX;
}

bool wtl__draining_begin(uint64_t bytes, bool must)
{
    if (!must && atomic_load_explicit(&draining, memory_order_relaxed) >= WTL__DRAINING_MAX) {
        return false;
    }
    atomic_fetch_add_explicit(&draining, bytes, memory_order_relaxed);
    return true;
}

/* Comes behind all that was retired before: the thread that frees takes one after the other. */
struct last {
    struct rcu_head head;
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_there;
};

static void tell(struct rcu_head *head)
{
    struct last *last = WTL_CONTAINER(head, struct last, head);
    wtl__rcu_is_after(head);
    wtl__pool_flush();
    (void)pthread_mutex_lock(&last->lock);
    last->is_there = true;
    (void)pthread_cond_signal(&last->came);
    (void)pthread_mutex_unlock(&last->lock);
}

void wtl__retired_wait(void)
{
    struct last last = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
    wtl__rcu_after(&last.head, tell);
    (void)pthread_mutex_lock(&last.lock);
    while (!last.is_there) {
        (void)pthread_cond_wait(&last.came, &last.lock);
    }
    (void)pthread_mutex_unlock(&last.lock);
    (void)pthread_cond_destroy(&last.came);
    (void)pthread_mutex_destroy(&last.lock);
}
