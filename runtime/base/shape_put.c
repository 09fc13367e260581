/*
 * shape_put.c - writes one value by a compiled format: wtl_putf.
 *
 * The bytes are those of the cursors, which do the writing. Any thread, owns nothing.
 */
#include "base/attr.h"
#include "base/shape.h"

/* A key and its head, when 32 bytes are free. Copies of constant size that overlap are cheaper
 * than one that fits. Behind a key come at least three more bytes of the format: "=%u", "={}". */
static void put_short_key(struct wtl_writer *writer, const char *key, size_t size)
{
    uint8_t *at = writer->at;
    *at++ = (uint8_t)(0xa0 | size);
    writer->at = at + size;
    if (size >= 16) {
        memcpy(at, key, 16);
        memcpy(at + size - 16, key + size - 16, 16);
    } else if (size >= 8) {
        memcpy(at, key, 8);
        memcpy(at + size - 8, key + size - 8, 8);
    } else if (size >= 4) {
        memcpy(at, key, 4);
        memcpy(at + size - 4, key + size - 4, 4);
    } else {
        memcpy(at, key, 4);
    }
}

static void put_text(struct wtl_writer *writer, const char *text, size_t size)
{
    if (WTL_LIKELY(text != NULL || size == 0)) {
        wtl_put_str(writer, text, size);
    } else {
        wtl_writer_fail(writer);
    }
}

/* The argument of a signed conversion, cut to its type as printf does. */
static int64_t signed_argument(unsigned bytes, va_list *args)
{
    if (bytes == 8) {
        return va_arg(*args, int64_t);
    }
    int value = va_arg(*args, int);
    return bytes == 4 ? value : bytes == 2 ? (int16_t)value : (int8_t)value;
}

static uint64_t unsigned_argument(unsigned bytes, va_list *args)
{
    if (bytes == 8) {
        return va_arg(*args, uint64_t);
    }
    unsigned value = va_arg(*args, unsigned);
    return bytes == 4 ? value : bytes == 2 ? (uint16_t)value : (uint8_t)value;
}

static void put_field(struct wtl_writer *writer, const struct wtl_shape_field *field, va_list *args)
{
    const char *text;
    int size;
    switch ((enum shape_kind)field->kind) {
    case SHAPE_SIGNED:
        wtl_put_i64(writer, signed_argument(field->width, args));
        return;
    case SHAPE_UNSIGNED:
        wtl_put_u64(writer, unsigned_argument(field->width, args));
        return;
    case SHAPE_FLOAT:
    case SHAPE_DOUBLE:
        wtl_put_f64(writer, va_arg(*args, double));
        return;
    case SHAPE_TEXT:
        text = va_arg(*args, const char *);
        put_text(writer, text, text != NULL ? strlen(text) : 1);
        return;
    case SHAPE_SIZED_TEXT:
        size = va_arg(*args, int);
        text = va_arg(*args, const char *);
        put_text(writer, size >= 0 ? text : NULL, (size_t)(size >= 0 ? size : 1));
        return;
    case SHAPE_MAP:
        wtl_put_map(writer, field->count);
        return;
    case SHAPE_ARRAY:
        wtl_put_array(writer, field->count);
        return;
    }
}

static void put_shape(struct wtl_writer *writer, const struct wtl_shape *shape, va_list *args)
{
    const struct wtl_shape_field *end = shape->fields + shape->used;
    if (shape->keyed) {
        wtl_put_map(writer, shape->count);
    }
    for (const struct wtl_shape_field *field = shape->fields; field < end; field++) {
        const char *key = shape->format + field->key_at;
        if (field->key_size > 0) {
            if (WTL_LIKELY(writer->end - writer->at >= 1 + WTL_SHAPE_KEY)) {
                put_short_key(writer, key, field->key_size);
            } else {
                wtl_put_str(writer, key, field->key_size);
            }
        }
        put_field(writer, field, args);
    }
}

void wtl_putf_shape_args(struct wtl_writer *writer, struct wtl_shape *shape, const char *format,
                         va_list args)
{
    struct wtl_shape spare;
    va_list copy; /* a va_list parameter may be an array, whose address has another type */
    va_copy(copy, args);
    put_shape(writer, wtl__shape_use(shape, &spare, format, false), &copy);
    va_end(copy);
}

void wtl_putf_shape(struct wtl_writer *writer, struct wtl_shape *shape, const char *format, ...)
{
    struct wtl_shape spare;
    va_list args;
    va_start(args, format);
    put_shape(writer, wtl__shape_use(shape, &spare, format, false), &args);
    va_end(args);
}
