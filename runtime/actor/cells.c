/*
 * cells.c - the table of cells: chunks of type-stable memory, and free cells first in first out.
 *
 * Each worker keeps a queue of free cells of its own and trades batches with the table's under a
 * mutex: a spawn takes it once in CELL_BATCH times.
 */
#include "actor/cell.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/cap.h"

#define CELL_BATCH 64u
/* A worker's own queue is this long before it is used: reuse stays far from the end of life. */
#define CACHE_MIN 32u
#define CACHE_MAX 256u

bool wtl__cells_init(struct wtl__cells *cells, uint32_t max)
{
    pthread_mutex_t *lock = malloc(sizeof *lock);
    *cells = (struct wtl__cells){.lock = lock};
    cells->chunks_max = (max + WTL__CHUNK_CELLS - 1) / WTL__CHUNK_CELLS;
    cells->chunks_max = cells->chunks_max > WTL__CHUNKS_MAX ? WTL__CHUNKS_MAX : cells->chunks_max;
    cells->chunks = calloc(cells->chunks_max, sizeof *cells->chunks);
    if (lock == NULL || cells->chunks == NULL) {
        free(lock);
        free((void *)cells->chunks);
        return false;
    }
    (void)pthread_mutex_init(lock, NULL);
    return true;
}

void wtl__cells_deinit(struct wtl__cells *cells)
{
    if (cells->lock == NULL) {
        return;
    }
    for (uint32_t i = 0; i < cells->chunks_max; i++) {
        struct wtl__cell_chunk *chunk =
            atomic_load_explicit(&cells->chunks[i], memory_order_relaxed);
        if (chunk != NULL) {
            (void)munmap(chunk, sizeof *chunk);
            wtl__cap_note(-(int64_t)sizeof *chunk);
        }
    }
    (void)pthread_mutex_destroy(cells->lock);
    free(cells->lock);
    free((void *)cells->chunks);
    *cells = (struct wtl__cells){0};
}

static void queue_append(struct wtl__cell_queue *queue, struct wtl__cell *cell)
{
    cell->queued = NULL;
    if (queue->first == NULL) {
        queue->first = cell;
    } else {
        queue->last->queued = cell;
    }
    queue->last = cell;
    queue->count++;
}

static struct wtl__cell *queue_take(struct wtl__cell_queue *queue)
{
    struct wtl__cell *cell = queue->first;
    if (cell != NULL) {
        queue->first = cell->queued;
        queue->count--;
    }
    return cell;
}

/* Makes the next slot ready for use; with the lock held. */
static struct wtl__cell *fresh(struct wtl__cells *cells)
{
    uint32_t slot = atomic_load_explicit(&cells->used, memory_order_relaxed);
    uint32_t index = slot / WTL__CHUNK_CELLS;
    if (index >= cells->chunks_max) {
        return NULL;
    }
    struct wtl__cell_chunk *chunk =
        atomic_load_explicit(&cells->chunks[index], memory_order_relaxed);
    if (chunk == NULL) {
        if (!wtl__cap_admits(sizeof *chunk)) {
            return NULL;
        }
        void *memory =
            mmap(NULL, sizeof *chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            return NULL;
        }
        wtl__cap_note(sizeof *chunk);
        chunk = memory;
        /* release pairs with the acquire in wtl__cells_at: it is zeroed before it is seen */
        atomic_store_explicit(&cells->chunks[index], chunk, memory_order_release);
    }
    struct wtl__cell *cell = &chunk->cells[slot % WTL__CHUNK_CELLS].cell;
    cell->slot = slot;
    cell->inbox.word = WTL__INBOX_CLOSED;
    atomic_store_explicit(&cells->used, slot + 1, memory_order_release);
    return cell;
}

/* Moves `count` cells from the table to `cache`. */
static void refill(struct wtl__cells *cells, struct wtl__cell_queue *cache, uint32_t count)
{
    (void)pthread_mutex_lock(cells->lock);
    for (uint32_t i = 0; i < count; i++) {
        struct wtl__cell *cell =
            cells->free.count > CACHE_MAX ? queue_take(&cells->free) : fresh(cells);
        if (cell == NULL) {
            cell = queue_take(&cells->free);
        }
        if (cell == NULL) {
            break;
        }
        queue_append(cache, cell);
    }
    (void)pthread_mutex_unlock(cells->lock);
}

struct wtl__cell *wtl__cells_take(struct wtl__cells *cells, struct wtl__cell_queue *cache)
{
    struct wtl__cell_queue once = {0};
    struct wtl__cell_queue *queue = cache != NULL ? cache : &once;
    if (cache == NULL || queue->count <= CACHE_MIN) {
        refill(cells, queue, cache == NULL ? 1 : CELL_BATCH);
    }
    struct wtl__cell *cell = queue_take(queue);
    if (cell != NULL) {
        cell->generation++;
        atomic_fetch_add_explicit(&cells->live, 1, memory_order_relaxed);
    }
    return cell;
}

void wtl__cells_give(struct wtl__cells *cells, struct wtl__cell_queue *cache,
                     struct wtl__cell *cell)
{
    atomic_fetch_sub_explicit(&cells->live, 1, memory_order_relaxed);
    if (cell->generation >= (UINT64_C(1) << WTL_PID_GEN_BITS) - 1) {
        return; /* retired: its generation must never wrap */
    }
    if (cache != NULL && cache->count < CACHE_MAX) {
        queue_append(cache, cell);
        return;
    }
    (void)pthread_mutex_lock(cells->lock);
    queue_append(&cells->free, cell);
    for (uint32_t i = 0; cache != NULL && i < CELL_BATCH; i++) {
        queue_append(&cells->free, queue_take(cache));
    }
    (void)pthread_mutex_unlock(cells->lock);
}
