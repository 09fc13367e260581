/*
 * intake.h - bytes of a child, as they come, cut into frames.
 *
 * Frames are handed on as soon as they are whole, those of one actor that follow each other at
 * once. Only their heads are looked at here: what is too large, or of a kind that a child does not
 * send, is refused by its head alone, before anything is allocated for it.
 *
 * Pure but for its buffer. Thread: one. Owns: the buffer.
 * Bounds: WTL__INTAKE_BYTES, or the one frame that is coming if that is larger.
 */
#ifndef WTL_PROCESS_INTAKE_H
#define WTL_PROCESS_INTAKE_H

#include "process/pipe.h"

#define WTL__INTAKE_BYTES 65536u

/* Takes frames: of one actor, or (local 0) one of the process. False ends the intake. */
typedef bool (*wtl__intake_fn)(void *context, uint64_t local, const uint8_t *bytes, size_t size);

struct wtl__intake {
    uint8_t *bytes;
    size_t used;
    size_t capacity;
};

/* Fails: false when memory is exhausted; there is nothing to deinit then. */
bool wtl__intake_init(struct wtl__intake *intake);
void wtl__intake_deinit(struct wtl__intake *intake);

/* Where the next bytes go, and how many at most; NULL when memory for the frame that is coming is
 * exhausted. */
uint8_t *wtl__intake_room(struct wtl__intake *intake, size_t *size_out);

/* So many have come. False: they are no frames of a child, or `take` has said so. */
bool wtl__intake_took(struct wtl__intake *intake, size_t size, wtl__intake_fn take, void *context);

#endif
