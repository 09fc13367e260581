/*
 * blocks.h - the blocks that wtl_alloc has given to an actor, as a list: in a cell of the node, and
 * in a guest of a module's own process. Where a block comes from, and what it counts for, is
 * theirs.
 *
 * Thread: the holder of the actor's run token. Owns: nothing; the list is the actor's.
 */
#ifndef WTL_ACTOR_BLOCKS_H
#define WTL_ACTOR_BLOCKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

/* The head of a block that wtl_alloc gave. */
struct wtl__memory {
    _Alignas(16) struct wtl__memory *next; /* and so is what follows the head */
    struct wtl__memory *previous;
    uint64_t size;
    union {
        struct wtl__memory *freed; /* by an upgrade that is not decided yet: the next of these */
        uint64_t room;             /* as large everywhere */
    };
};

/* Begins the list with it. Returns what the actor gets, zeroed: an upgrade looks for addresses of
 * code in all of it, and what others have left in the memory is none of this actor's. */
static inline void *wtl__blocks_add(struct wtl__memory **list, struct wtl__memory *memory,
                                    size_t size)
{
    *memory = (struct wtl__memory){.next = *list, .size = size};
    if (*list != NULL) {
        (*list)->previous = memory;
    }
    *list = memory;
    return memset(memory + 1, 0, size);
}

/* Takes what the actor got out of the list. */
static inline struct wtl__memory *wtl__blocks_remove(struct wtl__memory **list, void *block)
{
    struct wtl__memory *memory = (struct wtl__memory *)block - 1;
    if (memory->next != NULL) {
        memory->next->previous = memory->previous;
    }
    if (memory->previous != NULL) {
        memory->previous->next = memory->next;
    } else {
        WTL_ASSERT(*list == memory); /* freed by another actor than its owner */
        *list = memory->next;
    }
    return memory;
}

#endif
