/*
 * span.c - the bitmap of a span, and the depot of free spans under one mutex.
 *
 * Spans are mapped several at a time and unmapped one by one, when more of them are free than the
 * process wants to keep.
 */
#include "base/span.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/attr.h"
#include "base/cap.h"

enum {
    REGION_SPANS = 8,       /* mapped together: one system call per 512 KiB */
    RETAINED_DEFAULT = 128, /* spans: 8 MiB */
    INVERSE_SHIFT = 20,     /* exact for units below 1024 */
    UNITS_MAX = WTL__SPAN_BYTES / WTL__SPAN_UNIT,
};

_Static_assert(UNITS_MAX <= 1024, "the inverse is exact");
_Static_assert(WTL__SPAN_WORDS * 64 >= UNITS_MAX, "each block has a bit");

static struct {
    pthread_mutex_t lock;
    struct wtl__span *spans; /* singly linked by next */
    size_t count;
    size_t retained; /* spans kept at most */
    /* Written under the lock, read by statistics without it. */
    _Atomic(uint64_t) mapped_bytes;
    _Atomic(uint64_t) out_bytes;
} depot = {.lock = PTHREAD_MUTEX_INITIALIZER, .retained = RETAINED_DEFAULT};

void wtl__span_init(struct wtl__span *span, struct wtl__pool *owner, uint32_t class_index,
                    size_t block_bytes)
{
    WTL_ASSERT(block_bytes != 0 && block_bytes % WTL__SPAN_UNIT == 0);
    *span = (struct wtl__span){
        .owner = owner,
        .block_bytes = block_bytes,
        .class_index = class_index,
        .inverse = (uint32_t)((1U << INVERSE_SHIFT) / (block_bytes / WTL__SPAN_UNIT) + 1),
        .capacity = (uint32_t)((WTL__SPAN_BYTES - WTL__SPAN_HEAD) / block_bytes),
    };
}

static void *block_at(struct wtl__span *span, uint32_t index)
{
    return (char *)span + WTL__SPAN_HEAD + index * span->block_bytes;
}

uint32_t wtl__span_take(struct wtl__span *span, void **blocks_out, uint32_t max)
{
    uint32_t taken = 0;
    uint32_t word = span->word_hint;
    while (taken < max && span->free != 0) {
        WTL_ASSERT(word < WTL__SPAN_WORDS);
        uint64_t bits = span->bitmap[word];
        if (bits == 0) {
            word++;
            continue;
        }
        uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(bits);
        span->bitmap[word] = bits & (bits - 1);
        span->free--;
        blocks_out[taken++] = block_at(span, index);
    }
    span->word_hint = span->free != 0 ? word : WTL__SPAN_WORDS - 1;
    while (taken < max && span->carved < span->capacity) {
        blocks_out[taken++] = block_at(span, span->carved++);
    }
    return taken;
}

void wtl__span_put(struct wtl__span *span, void *block)
{
    size_t offset = (size_t)((char *)block - (char *)span) - WTL__SPAN_HEAD;
    uint32_t index =
        (uint32_t)(((uint64_t)(offset / WTL__SPAN_UNIT) * span->inverse) >> INVERSE_SHIFT);
    uint32_t word = index / 64;
    uint64_t bit = UINT64_C(1) << (index % 64);
    WTL_ASSERT(index < span->carved && index * span->block_bytes == offset);
    WTL_ASSERT((span->bitmap[word] & bit) == 0);
    span->bitmap[word] |= bit;
    span->free++;
    if (word < span->word_hint) {
        span->word_hint = word;
    }
}

/* Maps a region and puts its spans into the depot, whose lock is held. */
static bool map_region(void)
{
    const size_t bytes = (size_t)REGION_SPANS * WTL__SPAN_BYTES;
    const size_t padded = bytes + WTL__SPAN_BYTES;
    char *start = mmap(NULL, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return false;
    }
    size_t before = (WTL__SPAN_BYTES - (uintptr_t)start % WTL__SPAN_BYTES) % WTL__SPAN_BYTES;
    char *aligned = start + before;
    if (before != 0) {
        (void)munmap(start, before);
    }
    if (before != WTL__SPAN_BYTES) {
        (void)munmap(aligned + bytes, WTL__SPAN_BYTES - before);
    }
    for (size_t i = REGION_SPANS; i-- > 0;) {
        struct wtl__span *span = (struct wtl__span *)(aligned + i * WTL__SPAN_BYTES);
        span->next = depot.spans;
        depot.spans = span;
    }
    depot.count += REGION_SPANS;
    atomic_fetch_add_explicit(&depot.mapped_bytes, bytes, memory_order_relaxed);
    return true;
}

/* The lock is held. */
static void add_out(uint64_t bytes)
{
    uint64_t now = atomic_load_explicit(&depot.out_bytes, memory_order_relaxed);
    atomic_store_explicit(&depot.out_bytes, now + bytes, memory_order_relaxed);
}

struct wtl__span *wtl__depot_take(void)
{
    struct wtl__span *span = NULL;
    if (!wtl__cap_admits(WTL__SPAN_BYTES)) {
        return NULL;
    }
    (void)pthread_mutex_lock(&depot.lock);
    if (depot.spans != NULL || map_region()) {
        span = depot.spans;
        depot.spans = span->next;
        depot.count--;
        add_out(WTL__SPAN_BYTES);
    }
    (void)pthread_mutex_unlock(&depot.lock);
    return span;
}

/* Unmaps free spans above the limit. The lock is held. A refusal (the process has too many
 * mappings) leaves the span in the depot, where it is as good as before. */
static void trim(void)
{
    size_t retained = wtl__cap_scarcity() == WTL__SCARCE_NOT ? depot.retained : 0;
    while (depot.count > retained) {
        struct wtl__span *span = depot.spans;
        struct wtl__span *next = span->next;
        if (munmap(span, WTL__SPAN_BYTES) != 0) {
            return;
        }
        depot.spans = next;
        depot.count--;
        atomic_fetch_sub_explicit(&depot.mapped_bytes, WTL__SPAN_BYTES, memory_order_relaxed);
    }
}

void wtl__depot_give(struct wtl__span *span)
{
    (void)pthread_mutex_lock(&depot.lock);
    span->next = depot.spans;
    depot.spans = span;
    depot.count++;
    add_out(-(uint64_t)WTL__SPAN_BYTES);
    trim();
    (void)pthread_mutex_unlock(&depot.lock);
}

void wtl__depot_retain(size_t bytes)
{
    (void)pthread_mutex_lock(&depot.lock);
    depot.retained = bytes / WTL__SPAN_BYTES;
    trim();
    (void)pthread_mutex_unlock(&depot.lock);
}

uint64_t wtl__depot_mapped(void)
{
    return atomic_load_explicit(&depot.mapped_bytes, memory_order_relaxed);
}

uint64_t wtl__depot_out(void)
{
    return atomic_load_explicit(&depot.out_bytes, memory_order_relaxed);
}
