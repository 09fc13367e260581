/*
 * shape.h - a compiled format as its writer and its reader see it; private to shape*.c.
 *
 * `fields` holds the values in the order of the format, containers before what is in them;
 * `next` of a field steps over all inside it, so that siblings are walked without a stack.
 */
#ifndef WTL_BASE_SHAPE_H
#define WTL_BASE_SHAPE_H

#include <wattle/pack.h>

enum shape_state {
    SHAPE_EMPTY = 0,
    SHAPE_COMPILING = 1, /* one thread writes it, the others use copies of their own */
    SHAPE_READY = 2,     /* never written again */
};

enum shape_kind {
    SHAPE_SIGNED = 0,   /* width: its bytes, 1, 2, 4 or 8 */
    SHAPE_UNSIGNED = 1, /* the same */
    SHAPE_FLOAT = 2,    /* only for reading */
    SHAPE_DOUBLE = 3,
    SHAPE_TEXT = 4,       /* %s; width: how many bytes are accepted when it is read */
    SHAPE_SIZED_TEXT = 5, /* %.*s */
    SHAPE_MAP = 6,
    SHAPE_ARRAY = 7,
};

/* The compiled format: `shared` when it is ready or nobody else is making it ready, else `spare`.
 * Thread: any. Fails: asserts on a bad format. */
const struct wtl_shape *wtl__shape_use(struct wtl_shape *shared, struct wtl_shape *spare,
                                       const char *format, bool reading);

#endif
