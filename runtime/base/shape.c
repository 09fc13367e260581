/*
 * shape.c - compiles the format of a shaped call: "seq=%u pos={x=%lf y=%lf} tags=[%8s]".
 *
 * Not here: writing and reading by it (shape_put.c, shape_get.c). The text comes from the program,
 * never from a peer, and the compiler has compared its conversions with the arguments; what is
 * left to check is the notation, and whoever breaks it gets an assertion that names the place.
 * Any thread: a shape is published once, see wtl__shape_use.
 */
#include "base/shape.h"

#include <stdio.h>

#include "base/attr.h"

struct level {
    char close;        /* what ends it */
    uint8_t field;     /* its container; not for the top */
    uint8_t count;     /* values so far */
    uint8_t count_max; /* the top without keys holds one value */
    bool keyed;
    uint8_t first_field; /* where its values begin */
};

struct parser {
    const char *format;
    size_t at;
    struct wtl_shape *shape;
    unsigned depth;
    struct level levels[WTL_SHAPE_DEPTH + 1];
};

static __attribute__((noreturn, cold)) void refuse(const struct parser *parser, const char *why)
{
    char text[480];
    (void)snprintf(text, sizeof text, "format \"%.300s\", at byte %zu: %s", parser->format,
                   parser->at, why);
    wtl__assert_failed(text, __FILE__, __LINE__);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_key(char c)
{
    return c != '\0' && !is_space(c) && strchr("=%{}[]", c) == NULL;
}

static void skip_spaces(struct parser *parser)
{
    while (is_space(parser->format[parser->at])) {
        parser->at++;
    }
}

static struct wtl_shape_field *add_field(struct parser *parser)
{
    struct wtl_shape *shape = parser->shape;
    struct level *level = &parser->levels[parser->depth];
    if (shape->used == WTL_SHAPE_FIELDS) {
        refuse(parser, "more than 32 values; send nested parts with cursors");
    }
    if (level->count == level->count_max) {
        refuse(parser, "a value without a key stands alone; a list of them needs [ ] or keys");
    }
    struct wtl_shape_field *field = &shape->fields[shape->used++];
    *field = (struct wtl_shape_field){.next = shape->used};
    level->count++;
    return field;
}

static void parse_key(struct parser *parser, struct wtl_shape_field *field)
{
    const char *format = parser->format;
    const struct wtl_shape *shape = parser->shape;
    size_t start = parser->at;
    while (is_key(format[parser->at])) {
        parser->at++;
    }
    size_t size = parser->at - start;
    if (size == 0 || format[parser->at] != '=') {
        refuse(parser, "expected key=value");
    }
    if (size > WTL_SHAPE_KEY || start > UINT16_MAX) {
        refuse(parser, "a key is longer than 31 bytes, or the format than 65535");
    }
    field->key_at = (uint16_t)start;
    field->key_size = (uint8_t)size;
    size_t self = (size_t)(field - shape->fields);
    for (size_t i = parser->levels[parser->depth].first_field; i < self;
         i = shape->fields[i].next) {
        const struct wtl_shape_field *other = &shape->fields[i];
        if (other->key_size == size && memcmp(format + other->key_at, format + start, size) == 0) {
            refuse(parser, "the key stands there twice");
        }
    }
    parser->at++;
}

/* The length modifier of an integer: how many bytes the argument has. */
static uint16_t parse_length(struct parser *parser)
{
    const char *text = parser->format + parser->at;
    size_t used = 1;
    size_t bytes;
    if (text[0] == 'h') {
        used = text[1] == 'h' ? 2 : 1;
        bytes = used == 2 ? sizeof(char) : sizeof(short);
    } else if (text[0] == 'l') {
        used = text[1] == 'l' ? 2 : 1;
        bytes = used == 2 ? sizeof(long long) : sizeof(long);
    } else if (text[0] == 'z') {
        bytes = sizeof(size_t);
    } else if (text[0] == 't') {
        bytes = sizeof(ptrdiff_t);
    } else if (text[0] == 'j') {
        bytes = sizeof(intmax_t);
    } else {
        used = 0;
        bytes = sizeof(int);
    }
    parser->at += used;
    return (uint16_t)bytes;
}

static void parse_text_width(struct parser *parser, struct wtl_shape_field *field)
{
    unsigned width = 0;
    for (char c; (c = parser->format[parser->at]) >= '0' && c <= '9'; parser->at++) {
        width = 10 * width + (unsigned)(c - '0');
        if (width > UINT16_MAX) {
            refuse(parser, "a width of more than 65535; read long texts with wtl_get_str");
        }
    }
    if (parser->format[parser->at++] != 's' || width == 0) {
        refuse(parser, "only %s has a width, which is at least 1");
    }
    field->kind = SHAPE_TEXT;
    field->width = (uint16_t)width;
}

/* Behind the %. */
static void parse_conversion(struct parser *parser, struct wtl_shape_field *field)
{
    const char *text = parser->format + parser->at;
    bool reading = parser->shape->reading;
    if (reading && text[0] >= '0' && text[0] <= '9') {
        parse_text_width(parser, field);
        return;
    }
    if (!reading && strncmp(text, ".*s", 3) == 0) {
        field->kind = SHAPE_SIZED_TEXT;
        parser->at += 3;
        return;
    }
    if (text[0] == 's') {
        if (reading) {
            refuse(parser, "reading %s needs a width, %8s for a char[9]");
        }
        field->kind = SHAPE_TEXT;
        parser->at++;
        return;
    }
    if (text[0] == 'f' || (text[0] == 'l' && text[1] == 'f')) {
        field->kind = reading && text[0] == 'f' ? SHAPE_FLOAT : SHAPE_DOUBLE;
        parser->at += text[0] == 'f' ? 1 : 2;
        return;
    }
    field->width = parse_length(parser);
    char letter = parser->format[parser->at];
    if (letter == 'u') {
        field->kind = SHAPE_UNSIGNED;
    } else if (letter == 'd' || letter == 'i') {
        field->kind = SHAPE_SIGNED;
    } else {
        refuse(parser, reading ? "expected d, i, u, f, lf or 8s, without flags"
                               : "expected d, i, u, f, lf, s or .*s, without flags or width");
    }
    parser->at++;
}

static void open_level(struct parser *parser, struct wtl_shape_field *field, bool keyed)
{
    if (parser->depth == WTL_SHAPE_DEPTH) {
        refuse(parser, "deeper than 8 levels");
    }
    field->kind = keyed ? SHAPE_MAP : SHAPE_ARRAY;
    parser->at++;
    parser->levels[++parser->depth] = (struct level){
        .close = keyed ? '}' : ']',
        .field = (uint8_t)(field - parser->shape->fields),
        .count_max = WTL_SHAPE_FIELDS,
        .keyed = keyed,
        .first_field = parser->shape->used,
    };
}

/* A value has ended: a space, the end of its container or that of the format comes now. */
static void check_end(const struct parser *parser)
{
    char c = parser->format[parser->at];
    if (c != '\0' && !is_space(c) && c != '}' && c != ']') {
        refuse(parser, "expected a space between two values");
    }
}

static void close_level(struct parser *parser)
{
    struct wtl_shape *shape = parser->shape;
    const struct level *level = &parser->levels[parser->depth--];
    shape->fields[level->field].count = level->count;
    shape->fields[level->field].next = shape->used;
    parser->at++;
    check_end(parser);
}

static void parse_value(struct parser *parser, struct wtl_shape_field *field)
{
    char c = parser->format[parser->at];
    if (c == '{' || c == '[') {
        open_level(parser, field, c == '{');
    } else if (c == '%') {
        parser->at++;
        parse_conversion(parser, field);
        check_end(parser);
    } else {
        refuse(parser, "expected a conversion such as %u, or { or [");
    }
}

/* Fills all of `shape` but its state. */
static void compile(struct wtl_shape *shape, const char *format, bool reading)
{
    struct parser parser = {.format = format, .shape = shape};
    shape->format = format;
    shape->reading = reading;
    shape->used = 0;
    skip_spaces(&parser);
    char first = format[parser.at];
    shape->keyed = first != '{' && first != '[' && first != '%';
    parser.levels[0] = (struct level){
        .close = '\0',
        .keyed = shape->keyed,
        .count_max = shape->keyed ? WTL_SHAPE_FIELDS : 1,
    };
    for (;;) {
        skip_spaces(&parser);
        char c = format[parser.at];
        const struct level *level = &parser.levels[parser.depth];
        if (c == level->close) {
            if (parser.depth == 0) {
                break;
            }
            close_level(&parser);
            continue;
        }
        if (c == '\0') {
            refuse(&parser, "a } or ] is missing");
        }
        struct wtl_shape_field *field = add_field(&parser);
        if (level->keyed) {
            parse_key(&parser, field);
        }
        parse_value(&parser, field);
    }
    shape->count = parser.levels[0].count;
}

const struct wtl_shape *wtl__shape_use(struct wtl_shape *shared, struct wtl_shape *spare,
                                       const char *format, bool reading)
{
    /* pairs with the release below: who sees READY sees the fields */
    uint32_t state = __atomic_load_n(&shared->state, __ATOMIC_ACQUIRE);
    if (WTL_LIKELY(state == SHAPE_READY)) {
        WTL_ASSERT(shared->format == format || strcmp(shared->format, format) == 0);
        WTL_ASSERT(shared->reading == reading);
        return shared;
    }
    /* acquire is not needed to begin: nobody has written anything that the winner reads */
    if (state == SHAPE_EMPTY &&
        __atomic_compare_exchange_n(&shared->state, &state, SHAPE_COMPILING, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        compile(shared, format, reading);
        __atomic_store_n(&shared->state, SHAPE_READY, __ATOMIC_RELEASE);
        return shared;
    }
    compile(spare, format, reading);
    return spare;
}
