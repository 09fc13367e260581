/*
 * pack_shape.h - tier 2 of packing: whole bodies by a format that the compiler checks.
 *
 *     wtl_putf(&w, "seq=%u celsius=%lf pos={x=%lf y=%lf} name=%s tags=[%s %s]", seq, ...);
 *     status = wtl_getf(message, "seq=%u name=%8s pos={x=%lf}", &seq, name, &x);
 *
 * A format is a list of key=value, and becomes a map; a value is a conversion, {key=value ...} or
 * [value ...], and a format that is one value alone ("%u", "[%u %s]") becomes just that. Spaces or
 * line ends stand between. The literal is compiled once per call site, so these calls are macros
 * that need a literal; the bytes are those that the cursors of pack_cursor.h make.
 *
 *     conversion          writing takes          reading takes, for a pointer to the same type
 *     %d %i %u            int, unsigned          integers in the range of the type, and booleans
 *       with hh h l ll z j t                     as 0 and 1
 *     %f                  double                 numbers in the range of a float, for a float *
 *     %lf                 double                 float64, float32 and integers that are exact
 *     %s                  text up to its NUL     (needs a width)
 *     %.*s                int size, text         (only for writing)
 *     %8s                 (only for reading)     text of 8 bytes at most, without NULs, into a
 *                                                char[9]: as with scanf, the NUL comes on top
 *
 * Reading is all or nothing: when it fails, no variable has changed. Keys may come in any order and
 * those that the format does not name are skipped; one that it does name must be there, once.
 * Arrays must have as many values as the format.
 *
 * Thread: any; the compiled shapes are shared by all. Owns: nothing.
 * Bounds: WTL_SHAPE_FIELDS values in a format, containers included, WTL_SHAPE_DEPTH levels, keys of
 * WTL_SHAPE_KEY bytes, 65535 as width. A format outside of these, or one that is none, is a
 * programmer's error: it asserts, and names the format and the place in it.
 */
#ifndef WATTLE_PACK_SHAPE_H
#define WATTLE_PACK_SHAPE_H

#include <stdarg.h>

#include <wattle/pack.h>

#define WTL_SHAPE_FIELDS 32
#define WTL_SHAPE_DEPTH  8
#define WTL_SHAPE_KEY    31

/* One value of a format. Belongs to shape.c. */
struct wtl_shape_field {
    uint16_t key_at;  /* where in the format its key begins */
    uint16_t width;   /* reading %s: how many bytes at most */
    uint8_t key_size; /* 0: an element of an array, or a format that is one value */
    uint8_t kind;
    uint8_t next;  /* the field behind this one and all inside it */
    uint8_t count; /* containers: how many values are in it */
};

/* A compiled format. All zero is one that nobody has used yet: the first call compiles it; calls
 * that come while it does so compile a copy of their own instead of waiting. */
struct wtl_shape {
    const char *format;
    uint32_t state; /* atomic: one of enum shape_state in shape.h */
    uint8_t used;   /* of `fields` */
    uint8_t count;  /* keys at the top */
    bool keyed;     /* the top is a map; else it is the one value fields[0] */
    bool reading;
    struct wtl_shape_field fields[WTL_SHAPE_FIELDS];
};

/* The shape of a call site. Its own section tells these caches from a module's other static data,
 * which an upgrade would have to save. */
#define WTL_SHAPE_SECTION "wtl_shapes"
#define WTL_SHAPE_HERE                                                                             \
    (__extension__({                                                                               \
        static struct wtl_shape shape_ __attribute__((section(WTL_SHAPE_SECTION)));                \
        &shape_;                                                                                   \
    }))

/* Writes one value by the format.
 * Fails: sets `failed` of the writer, as the cursors do, when there is no room, a text is NULL or
 * the size of a %.*s is negative. */
#define wtl_putf(writer, format, ...)                                                              \
    wtl_putf_shape((writer), WTL_SHAPE_HERE, "" format, ##__VA_ARGS__)

/* Reads the whole body of a message by the format.
 * Fails: WTL_BAD_PAYLOAD; nothing was stored then. */
#define wtl_getf(message, format, ...)                                                             \
    wtl_getf_shape((message), WTL_SHAPE_HERE, NULL, "" format, ##__VA_ARGS__)

/* The same, and says in `error` which key it was, what was expected and what came:
 * `pos.x: expected a number, found a string`. */
#define wtl_getf_error(message, error, format, ...)                                                \
    wtl_getf_shape((message), WTL_SHAPE_HERE, (error), "" format, ##__VA_ARGS__)

/* Reads the one value that comes next, where other values may follow. `error` may be NULL.
 * Fails: WTL_BAD_PAYLOAD; nothing was stored then, and the reader has failed. */
#define wtl_readf(reader, error, format, ...)                                                      \
    wtl_readf_shape((reader), WTL_SHAPE_HERE, (error), "" format, ##__VA_ARGS__)

/* What the macros call, and a base for others such as those that send. A shape belongs to one
 * format and one of writing and reading, for ever. `error` may be NULL. */
void wtl_putf_shape(struct wtl_writer *writer, struct wtl_shape *shape, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void wtl_putf_shape_args(struct wtl_writer *writer, struct wtl_shape *shape, const char *format,
                         va_list args) __attribute__((format(printf, 3, 0)));
WTL_MUST_USE enum wtl_status wtl_getf_shape(const struct wtl_msg *message, struct wtl_shape *shape,
                                            struct wtl_error *error, const char *format, ...)
    __attribute__((format(scanf, 4, 5)));
WTL_MUST_USE enum wtl_status wtl_readf_shape(struct wtl_reader *reader, struct wtl_shape *shape,
                                             struct wtl_error *error, const char *format, ...)
    __attribute__((format(scanf, 4, 5)));

#endif
