/*
 * shape_get.h - what was wrong with bytes that were read by a format; private to shape*.c.
 */
#ifndef WTL_BASE_SHAPE_GET_H
#define WTL_BASE_SHAPE_GET_H

#include "base/shape.h"

enum shape_wrong {
    SHAPE_WRONG_TYPE,
    SHAPE_WRONG_VALUE, /* out of its range, too long, or cut off */
    SHAPE_MISSING,
    SHAPE_TWICE,
    SHAPE_TRAILING,
};

#define SHAPE_TOP 255 /* as a field: the map that the format itself is */

/* Enough to make a sentence of it later: most readers do not want one. */
struct shape_problem {
    struct wtl_reader came; /* from the value on that was not liked */
    enum shape_wrong what;
    uint8_t field;
};

/* Fills `error` (which may be NULL) and returns WTL_BAD_PAYLOAD. Thread: any. */
enum wtl_status wtl__shape_refuse(struct wtl_error *error, const struct wtl_shape *shape,
                                  const struct shape_problem *problem);

#endif
