/*
 * pool.c - taking and giving blocks, and which thread has which pool.
 *
 * The way of a block: a span hands a run of blocks to the magazine of their class, and take pops
 * one. Given on its own thread it goes back to the magazine; half of a full magazine goes back to
 * the spans (pool_store.c). Given on another thread it is noted in that thread's batch for the
 * owner (pool_mail.c). An owner whose magazine runs dry looks at what came back before it asks its
 * spans for more; that is why memory stays bounded when one thread only takes and another only
 * gives.
 *
 * Thread: any. The mutex guards the list of pools that wait for a thread; it is taken when a thread
 *         begins and ends.
 */
#include "base/pool.h"

#include <pthread.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "base/large.h"
#include "base/pool_inner.h"

static struct {
    pthread_mutex_t lock;
    struct wtl__pool *waiting; /* of threads that have ended */
    uint32_t count;
    /* Push only, so readers need no lock. Release in `create`, acquire in wtl__pool_stats. */
    _Atomic(struct wtl__pool *) all;
    _Atomic(uint64_t) mapped_bytes; /* the pools themselves; for statistics */
} pools = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t exit_key;

uint8_t wtl__pool_class_of_step[WTL__POOL_BLOCK_MAX / WTL__SPAN_UNIT + 1];

struct wtl__pool wtl__pool_none;
__thread __attribute__((tls_model("initial-exec"))) struct wtl__pool *wtl__pool_near =
    &wtl__pool_none;
static __thread __attribute__((tls_model("initial-exec"))) struct wtl__pool *self;

static void on_thread_exit(void *unused)
{
    (void)unused;
    wtl__pool_leave();
}

/* Before there are threads, because they look here before they have a pool. */
static __attribute__((constructor)) void init_classes(void)
{
    uint32_t class_index = 0;
    for (size_t step = 0; step < WTL_COUNT(wtl__pool_class_of_step); step++) {
        while (wtl__pool_class_bytes[class_index] < step * WTL__SPAN_UNIT) {
            class_index++;
        }
        wtl__pool_class_of_step[step] = (uint8_t)class_index;
    }
}

static void init_once(void)
{
    WTL_ASSERT(pthread_key_create(&exit_key, on_thread_exit) == 0);
}

/* A new pool. Its memory is the process's for good, so that a late block finds its owner. */
static struct wtl__pool *create(void)
{
    struct wtl__pool *pool =
        mmap(NULL, sizeof *pool, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pool == MAP_FAILED) {
        return NULL;
    }
    wtl__store_init(pool);
    pool->index = pools.count++;
    pool->next_all = atomic_load_explicit(&pools.all, memory_order_relaxed);
    /* Release: pairs with the acquire in wtl__pool_stats. */
    atomic_store_explicit(&pools.all, pool, memory_order_release);
    atomic_fetch_add_explicit(&pools.mapped_bytes, sizeof *pool, memory_order_relaxed);
    return pool;
}

/* Gives this thread a pool: one that waits, or a new one. NULL when memory is exhausted. */
static struct wtl__pool *attach(void)
{
    (void)pthread_once(&once, init_once);
    (void)pthread_mutex_lock(&pools.lock);
    struct wtl__pool *pool = pools.waiting;
    if (pool != NULL) {
        pools.waiting = pool->next_waiting;
    } else {
        pool = create();
    }
    (void)pthread_mutex_unlock(&pools.lock);
    if (pool != NULL) {
        self = pool;
        wtl__pool_near = pool;
        /* The value only has to be there for the destructor to run. Without it the pool is lost to
         * later threads, and nothing else. */
        (void)pthread_setspecific(exit_key, pool);
    }
    return pool;
}

static __attribute__((noinline)) void *take_slow(size_t size)
{
    if (size > WTL__POOL_BLOCK_MAX) {
        return wtl__large_take(size);
    }
    struct wtl__pool *pool = self;
    if (pool == NULL) {
        pool = attach();
        if (pool == NULL) {
            return NULL;
        }
    }
    uint32_t class_index = wtl__pool_class_of(size);
    struct wtl__magazine *magazine = &pool->magazines[class_index];
    if (wtl__magazine_count(magazine) == 0) {
        (void)wtl__mail_receive(pool, class_index, WTL__POOL_PAGES_PER_TURN);
        if (wtl__magazine_count(magazine) == 0) {
            wtl__store_fill(pool, class_index);
        }
    }
    return wtl__magazine_take(magazine);
}

void *wtl__pool_take(size_t size)
{
    void *block = wtl__pool_take_own(size);
    return WTL_LIKELY(block != NULL) ? block : take_slow(size);
}

/* Gives a block of another thread, a large one, or one for which the magazine has no room. */
static __attribute__((noinline)) void give_slow(struct wtl__span *span, void *block)
{
    struct wtl__pool *owner = span->owner;
    if (owner == NULL) {
        wtl__large_give(span);
        return;
    }
    struct wtl__pool *pool = self;
    if (WTL_UNLIKELY(pool == NULL)) {
        pool = attach();
        if (pool == NULL) {
            wtl__mail_send_one(owner, block);
            return;
        }
    }
    if (pool == owner) {
        wtl__store_accept(pool, block);
    } else {
        wtl__mail_note(pool, owner, block);
    }
}

void wtl__pool_give(void *block)
{
    if (WTL_LIKELY(block != NULL) && WTL_UNLIKELY(!wtl__pool_give_own(block))) {
        give_slow(wtl__span_of(block), block);
    }
}

size_t wtl__pool_size(const void *block)
{
    return wtl__span_of(block)->block_bytes;
}

void wtl__pool_go_long(void)
{
    wtl__pool_near = &wtl__pool_none;
}

void wtl__pool_flush(void)
{
    struct wtl__pool *pool = self;
    if (pool != NULL) {
        wtl__mail_send_all(pool);
        (void)wtl__mail_receive(pool, WTL__POOL_CLASSES, WTL__POOL_PAGES_PER_TURN);
    }
}

void wtl__pool_leave(void)
{
    struct wtl__pool *pool = self;
    if (pool == NULL) {
        return;
    }
    wtl__mail_send_all(pool);
    while (wtl__mail_receive(pool, WTL__POOL_CLASSES, WTL__POOL_PAGES_PER_TURN)) {
    }
    wtl__store_empty(pool);
    self = NULL;
    wtl__pool_near = &wtl__pool_none;
    (void)pthread_setspecific(exit_key, NULL);
    (void)pthread_mutex_lock(&pools.lock);
    pool->next_waiting = pools.waiting;
    pools.waiting = pool;
    (void)pthread_mutex_unlock(&pools.lock);
}

void wtl__pool_retain(size_t bytes)
{
    wtl__depot_retain(bytes);
    wtl__large_retain(bytes);
}

uint64_t wtl__pool_held(void)
{
    return wtl__depot_out() + wtl__large_used();
}

struct wtl__pool_stats wtl__pool_stats(void)
{
    struct wtl__pool_stats stats = {.used_bytes = wtl__large_used()};
    /* Acquire: pairs with the release in `create`. */
    const struct wtl__pool *pool = atomic_load_explicit(&pools.all, memory_order_acquire);
    for (; pool != NULL; pool = pool->next_all) {
        uint64_t out = atomic_load_explicit(&pool->out_bytes, memory_order_relaxed);
        for (uint32_t i = 0; i < WTL__POOL_CLASSES; i++) {
            uint64_t count = wtl__magazine_count(&pool->magazines[i]);
            uint64_t resting = count * wtl__pool_class_bytes[i];
            out -= resting < out ? resting : out;
        }
        stats.used_bytes += out;
    }
    stats.mapped_bytes = wtl__large_mapped() + wtl__depot_mapped() +
                         atomic_load_explicit(&pools.mapped_bytes, memory_order_relaxed);
    return stats;
}
