/*
 * shape_get.c - reads one value by a compiled format: wtl_getf, wtl_readf.
 *
 * First everything is read into slots, then everything is stored, so that an error changes
 * nothing. Recursion follows the format, whose depth is bounded, never the bytes. Any thread, owns
 * nothing. The sentences about what was wrong are in shape_error.c.
 */
#include "base/shape_get.h"

#include <float.h>

#include "base/attr.h"

struct slot {
    uint64_t bits;    /* integers and booleans; of a float its double; the size of a text */
    const char *text; /* in the bytes of the reader */
};

struct reading {
    struct wtl_reader *reader;
    const struct wtl_shape *shape;
    struct shape_problem *problem;
    uint32_t found; /* one bit a field */
    struct slot slots[WTL_SHAPE_FIELDS];
};

_Static_assert(WTL_SHAPE_FIELDS <= 32, "`found` has a bit for each field");

static bool read_value(struct reading *reading, unsigned index);

/* Notes what was wrong with the value that began at `at`; always false. */
static __attribute__((cold)) bool wrong(struct reading *reading, unsigned index,
                                        enum shape_wrong what, const uint8_t *at)
{
    reading->problem->field = (uint8_t)index;
    reading->problem->what = what;
    reading->problem->came = wtl_reader_over(at, (size_t)(reading->reader->end - at));
    return false;
}

static bool read_unsigned(struct reading *reading, unsigned index, unsigned bytes)
{
    struct wtl_reader *reader = reading->reader;
    const uint8_t *at = reader->at;
    enum wtl_pack_type type = wtl_peek(reader);
    uint64_t value;
    if (WTL_LIKELY(type == WTL_PACK_INT)) {
        value = wtl_get_u64(reader);
    } else if (type == WTL_PACK_BOOL) {
        value = wtl_get_bool(reader) ? 1 : 0;
    } else {
        return wrong(reading, index, SHAPE_WRONG_TYPE, at);
    }
    if (reader->failed || (bytes < 8 && value >> (8 * bytes) != 0)) {
        return wrong(reading, index, SHAPE_WRONG_VALUE, at);
    }
    reading->slots[index].bits = value;
    return true;
}

static bool read_signed(struct reading *reading, unsigned index, unsigned bytes)
{
    struct wtl_reader *reader = reading->reader;
    const uint8_t *at = reader->at;
    enum wtl_pack_type type = wtl_peek(reader);
    int64_t value;
    if (WTL_LIKELY(type == WTL_PACK_INT)) {
        value = wtl_get_i64(reader);
    } else if (type == WTL_PACK_BOOL) {
        value = wtl_get_bool(reader) ? 1 : 0;
    } else {
        return wrong(reading, index, SHAPE_WRONG_TYPE, at);
    }
    /* all bits above the type's own are copies of its sign */
    int64_t above = value >> (8 * bytes - 1);
    if (reader->failed || (above != 0 && above != -1)) {
        return wrong(reading, index, SHAPE_WRONG_VALUE, at);
    }
    reading->slots[index].bits = (uint64_t)value;
    return true;
}

static bool read_number(struct reading *reading, unsigned index, bool narrow)
{
    struct wtl_reader *reader = reading->reader;
    const uint8_t *at = reader->at;
    enum wtl_pack_type type = wtl_peek(reader);
    if (type != WTL_PACK_FLOAT && type != WTL_PACK_INT) {
        return wrong(reading, index, SHAPE_WRONG_TYPE, at);
    }
    double value = wtl_get_f64(reader);
    bool finite = value - value == 0;
    if (reader->failed || (narrow && finite && (value > FLT_MAX || value < -FLT_MAX))) {
        return wrong(reading, index, SHAPE_WRONG_VALUE, at);
    }
    memcpy(&reading->slots[index].bits, &value, sizeof value);
    return true;
}

static bool read_text(struct reading *reading, unsigned index, size_t size_max)
{
    struct wtl_reader *reader = reading->reader;
    const uint8_t *at = reader->at;
    if (wtl_peek(reader) != WTL_PACK_STR) {
        return wrong(reading, index, SHAPE_WRONG_TYPE, at);
    }
    size_t size;
    const char *text = wtl_get_str(reader, &size);
    if (reader->failed || size > size_max || memchr(text, '\0', size) != NULL) {
        return wrong(reading, index, SHAPE_WRONG_VALUE, at);
    }
    reading->slots[index].text = text;
    reading->slots[index].bits = size;
    return true;
}

static bool same_key(const char *a, const char *b, size_t size)
{
    uint64_t a8[2];
    uint64_t b8[2];
    if (size >= 8 && size <= 16) {
        memcpy(&a8[0], a, 8), memcpy(&a8[1], a + size - 8, 8);
        memcpy(&b8[0], b, 8), memcpy(&b8[1], b + size - 8, 8);
        return ((a8[0] ^ b8[0]) | (a8[1] ^ b8[1])) == 0;
    }
    for (size_t i = 0; size < 8; i++) {
        if (i == size) {
            return true;
        }
        if (a[i] != b[i]) {
            return false;
        }
    }
    return memcmp(a, b, size) == 0;
}

/* The field from `first` to before `end` that has this key, or `end`. Begins at `hint`, because
 * keys mostly come in the order of the format. */
static unsigned find_field(const struct wtl_shape *shape, unsigned first, unsigned end,
                           unsigned hint, const char *key, size_t size)
{
    unsigned at = hint;
    do {
        if (at == end) {
            at = first;
        }
        const struct wtl_shape_field *field = &shape->fields[at];
        if (field->key_size == size && same_key(shape->format + field->key_at, key, size)) {
            return at;
        }
        at = field->next;
    } while (at != hint && !(at == end && hint == first));
    return end;
}

/* The pairs of one map into the fields from `first` to before `end`; `index` is the map's own. */
static bool read_map(struct reading *reading, unsigned index, unsigned first, unsigned end)
{
    struct wtl_reader *reader = reading->reader;
    const struct wtl_shape *shape = reading->shape;
    const uint8_t *at = reader->at;
    if (wtl_peek(reader) != WTL_PACK_MAP) {
        return wrong(reading, index, SHAPE_WRONG_TYPE, at);
    }
    unsigned hint = first;
    for (uint32_t left = wtl_get_map(reader); left > 0; left--) {
        unsigned field = end;
        if (WTL_LIKELY(wtl_peek(reader) == WTL_PACK_STR)) {
            size_t size;
            const char *key = wtl_get_str(reader, &size);
            if (first != end) {
                field = find_field(shape, first, end, hint, key, size);
            }
        } else {
            wtl_skip(reader);
        }
        const uint8_t *value_at = reader->at;
        if (field == end) {
            wtl_skip(reader);
        } else if ((reading->found >> field & 1) != 0) {
            return wrong(reading, field, SHAPE_TWICE, value_at);
        } else if (!read_value(reading, field)) {
            return false;
        } else {
            reading->found |= UINT32_C(1) << field;
            hint = shape->fields[field].next;
        }
        if (reader->failed) {
            break;
        }
    }
    if (reader->failed) {
        return wrong(reading, index, SHAPE_WRONG_VALUE, at);
    }
    for (unsigned field = first; field != end; field = shape->fields[field].next) {
        if ((reading->found >> field & 1) == 0) {
            return wrong(reading, field, SHAPE_MISSING, reader->end);
        }
    }
    return true;
}

static bool read_array(struct reading *reading, unsigned index)
{
    const struct wtl_shape *shape = reading->shape;
    const uint8_t *at = reading->reader->at;
    if (wtl_peek(reading->reader) != WTL_PACK_ARRAY) {
        return wrong(reading, index, SHAPE_WRONG_TYPE, at);
    }
    uint32_t count = wtl_get_array(reading->reader);
    if (reading->reader->failed || count != shape->fields[index].count) {
        return wrong(reading, index, SHAPE_WRONG_VALUE, at);
    }
    for (unsigned i = index + 1; i != shape->fields[index].next; i = shape->fields[i].next) {
        if (!read_value(reading, i)) {
            return false;
        }
    }
    return true;
}

static bool read_value(struct reading *reading, unsigned index)
{
    const struct wtl_shape_field *field = &reading->shape->fields[index];
    switch ((enum shape_kind)field->kind) {
    case SHAPE_SIGNED:
        return read_signed(reading, index, field->width);
    case SHAPE_UNSIGNED:
        return read_unsigned(reading, index, field->width);
    case SHAPE_FLOAT:
        return read_number(reading, index, true);
    case SHAPE_DOUBLE:
        return read_number(reading, index, false);
    case SHAPE_TEXT:
        return read_text(reading, index, field->width);
    case SHAPE_MAP:
        return read_map(reading, index, index + 1, field->next);
    case SHAPE_ARRAY:
        return read_array(reading, index);
    case SHAPE_SIZED_TEXT:
        break; /* only for writing, the compiler of formats sees to it */
    }
    WTL_ASSERT(false);
}

static void store_integer(uint64_t bits, unsigned bytes, void *out)
{
    uint32_t bits32 = (uint32_t)bits;
    uint16_t bits16 = (uint16_t)bits;
    uint8_t bits8 = (uint8_t)bits;
    const void *from = bytes == 8   ? (const void *)&bits
                       : bytes == 4 ? (const void *)&bits32
                       : bytes == 2 ? (const void *)&bits16
                                    : (const void *)&bits8;
    memcpy(out, from, bytes);
}

/* One argument, a pointer to what the conversion said. */
static void store(const struct wtl_shape_field *field, const struct slot *slot, void *out)
{
    size_t size = (size_t)slot->bits;
    double number;
    float narrow;
    switch ((enum shape_kind)field->kind) {
    case SHAPE_SIGNED:
    case SHAPE_UNSIGNED:
        store_integer(slot->bits, field->width, out);
        return;
    case SHAPE_FLOAT:
        memcpy(&number, &slot->bits, sizeof number);
        narrow = (float)number;
        memcpy(out, &narrow, sizeof narrow);
        return;
    case SHAPE_DOUBLE:
        memcpy(out, &slot->bits, sizeof(double));
        return;
    case SHAPE_TEXT:
        memcpy(out, slot->text, size);
        ((char *)out)[size] = '\0';
        return;
    case SHAPE_SIZED_TEXT:
    case SHAPE_MAP:
    case SHAPE_ARRAY:
        return;
    }
}

/* Reads and, when all was right, stores. `whole`: nothing may follow. */
static bool get_shape(struct wtl_reader *reader, const struct wtl_shape *shape, bool whole,
                      struct shape_problem *problem, va_list *args)
{
    struct reading reading;
    reading.reader = reader;
    reading.shape = shape;
    reading.problem = problem;
    reading.found = 0;
    for (unsigned i = 0; i < shape->used; i++) {
        reading.slots[i] = (struct slot){0};
    }
    bool right =
        shape->keyed ? read_map(&reading, SHAPE_TOP, 0, shape->used) : read_value(&reading, 0);
    if (right && whole && wtl_left(reader) > 0) {
        right = wrong(&reading, SHAPE_TOP, SHAPE_TRAILING, reader->at);
    }
    if (!right) {
        return false;
    }
    for (unsigned i = 0; i < shape->used; i++) {
        if (shape->fields[i].kind < SHAPE_MAP) {
            store(&shape->fields[i], &reading.slots[i], va_arg(*args, void *));
        }
    }
    return true;
}

enum wtl_status wtl_getf_shape(const struct wtl_msg *message, struct wtl_shape *shape,
                               struct wtl_error *error, const char *format, ...)
{
    struct wtl_shape spare;
    struct shape_problem problem;
    struct wtl_reader reader = wtl_read(message);
    const struct wtl_shape *used = wtl__shape_use(shape, &spare, format, true);
    va_list args;
    va_start(args, format);
    bool right = get_shape(&reader, used, true, &problem, &args);
    va_end(args);
    return right ? WTL_OK : wtl__shape_refuse(error, used, &problem);
}

enum wtl_status wtl_readf_shape(struct wtl_reader *reader, struct wtl_shape *shape,
                                struct wtl_error *error, const char *format, ...)
{
    struct wtl_shape spare;
    struct shape_problem problem;
    const struct wtl_shape *used = wtl__shape_use(shape, &spare, format, true);
    va_list args;
    va_start(args, format);
    bool right = get_shape(reader, used, false, &problem, &args);
    va_end(args);
    if (right) {
        return WTL_OK;
    }
    wtl_reader_fail(reader);
    return wtl__shape_refuse(error, used, &problem);
}
