/*
 * pack.h - writing and reading msgpack, in three tiers that make the same bytes.
 *
 * 1. Cursors: wtl_put_* and wtl_get_*, inline, for hot paths.
 * 2. Shaped calls: wtl_putf and wtl_getf with a format that the compiler checks like printf and
 *    scanf, compiled once per call site: "seq=%u celsius=%lf pos={x=%lf y=%lf} tags=[%8s %8s]".
 * 3. msgpack-c itself for the rest: a body is plain msgpack, and wtl_put_raw appends any.
 *
 * A writer never writes past its end and a reader never reads past its own: the first error sticks
 * (`failed`), everything after it is a no-op that returns zero, so that it is enough to look once.
 *
 * Thread: a writer or reader belongs to one thread. Owns: nothing, unless wtl_message_open filled
 * it, see actor.h.
 */
#ifndef WATTLE_PACK_H
#define WATTLE_PACK_H

#include <wattle/types.h>

/* Where the next byte goes. `grow`, when it is set, is asked for room for `need` more bytes and
 * moves `begin`, `at` and `end`; it returns false when it cannot. */
struct wtl_writer {
    uint8_t *at;
    uint8_t *end;
    uint8_t *begin;
    bool failed;
    bool (*grow)(struct wtl_writer *writer, size_t need);
    void *owner; /* of `grow` */
};

/* A writer over `size` bytes of the caller's memory, without growth. */
static inline struct wtl_writer wtl_writer_over(void *memory, size_t size)
{
    return (struct wtl_writer){.at = memory, .end = (uint8_t *)memory + size, .begin = memory};
}

static inline size_t wtl_written(const struct wtl_writer *writer)
{
    return (size_t)(writer->at - writer->begin);
}

/* The cold half of every put: asks grow, or fails. */
bool wtl_writer_make_room(struct wtl_writer *writer, size_t need);

static inline bool wtl_room(struct wtl_writer *writer, size_t need)
{
    if (__builtin_expect((size_t)(writer->end - writer->at) >= need, 1)) {
        return true;
    }
    return wtl_writer_make_room(writer, need);
}

/* Where the next byte comes from. */
struct wtl_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct wtl_reader wtl_reader_over(const void *bytes, size_t size)
{
    /* a message without a body has no bytes, and nothing may be added to a null pointer */
    const uint8_t *at = bytes != NULL ? (const uint8_t *)bytes : (const uint8_t *)"";
    return (struct wtl_reader){.at = at, .end = at + size};
}

static inline struct wtl_reader wtl_read(const struct wtl_msg *message)
{
    return wtl_reader_over(message->bytes, message->size);
}

#include <wattle/pack_cursor.h>
#include <wattle/pack_shape.h>

#endif
