/* text.c - see text.h. */
#include "testkit/text.h"

#include <stdarg.h>
#include <stdio.h>

/* Levels of a body that are written; what is deeper is "...". */
#define DEPTH_MAX 16u
/* Values of one array or map that are written. */
#define VALUES_MAX 32u

struct wtl__test_text wtl__test_text_over(char *memory, size_t size)
{
    memory[0] = '\0';
    return (struct wtl__test_text){.begin = memory, .size = size};
}

void wtl__test_put(struct wtl__test_text *text, const char *format, ...)
{
    static const char cut[] = "...";
    va_list arguments;
    size_t left = text->size - text->used;
    va_start(arguments, format);
    int size = vsnprintf(text->begin + text->used, left, format, arguments);
    va_end(arguments);
    if (size >= 0 && (size_t)size < left) {
        text->used += (size_t)size;
    } else if (text->size > sizeof cut) {
        memcpy(text->begin + text->size - sizeof cut, cut, sizeof cut);
        text->used = text->size - 1;
    }
}

/* Quoted, with what cannot be printed as \xNN. */
static void put_string(struct wtl__test_text *text, const char *bytes, size_t size)
{
    wtl__test_put(text, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\') {
            wtl__test_put(text, "\\x%02x", byte);
        } else {
            wtl__test_put(text, "%c", byte);
        }
    }
    wtl__test_put(text, "\"");
}

static void put_integer(struct wtl__test_text *text, struct wtl_reader *reader)
{
    struct wtl_reader again = *reader;
    uint64_t number = wtl_get_u64(reader);
    if (!reader->failed) {
        wtl__test_put(text, "%ju", (uintmax_t)number);
        return;
    }
    *reader = again;
    wtl__test_put(text, "%jd", (intmax_t)wtl_get_i64(reader));
}

static void put_any(struct wtl__test_text *text, struct wtl_reader *reader, unsigned depth);

/* A key as it is written in a format, without quotes where it is text. */
static void put_key(struct wtl__test_text *text, struct wtl_reader *reader, unsigned depth)
{
    if (wtl_peek(reader) == WTL_PACK_STR) {
        size_t size = 0;
        const char *key = wtl_get_str(reader, &size);
        wtl__test_put(text, "%.*s=", (int)size, key != NULL ? key : "");
    } else {
        put_any(text, reader, depth);
        wtl__test_put(text, "=");
    }
}

static void put_many(struct wtl__test_text *text, struct wtl_reader *reader, unsigned depth,
                     bool map)
{
    uint32_t count = map ? wtl_get_map(reader) : wtl_get_array(reader);
    if (reader->failed) {
        wtl__test_put(text, "(no msgpack)");
        return;
    }
    wtl__test_put(text, map ? "{" : "[");
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        if (i >= VALUES_MAX || depth == DEPTH_MAX) {
            wtl__test_put(text, i == 0 ? "..." : " ...");
            for (uint64_t left = (uint64_t)(count - i) * (map ? 2 : 1); left > 0; left--) {
                wtl_skip(reader);
            }
            break;
        }
        wtl__test_put(text, "%s", i > 0 ? " " : "");
        if (map) {
            put_key(text, reader, depth + 1);
        }
        put_any(text, reader, depth + 1);
    }
    wtl__test_put(text, map ? "}" : "]");
}

static void put_any(struct wtl__test_text *text, struct wtl_reader *reader, unsigned depth)
{
    size_t size = 0;
    int8_t type = 0;
    const char *bytes;
    switch (wtl_peek(reader)) {
    case WTL_PACK_NIL:
        wtl_get_nil(reader);
        wtl__test_put(text, "nil");
        return;
    case WTL_PACK_BOOL:
        wtl__test_put(text, wtl_get_bool(reader) ? "true" : "false");
        return;
    case WTL_PACK_INT:
        put_integer(text, reader);
        return;
    case WTL_PACK_FLOAT:
        wtl__test_put(text, "%.17g", wtl_get_f64(reader));
        return;
    case WTL_PACK_STR:
        bytes = wtl_get_str(reader, &size);
        put_string(text, bytes, bytes != NULL ? size : 0);
        return;
    case WTL_PACK_BIN:
        (void)wtl_get_bin(reader, &size);
        wtl__test_put(text, "(%zu bytes)", size);
        return;
    case WTL_PACK_EXT:
        (void)wtl_get_ext(reader, &type, &size);
        wtl__test_put(text, "(extension %d of %zu bytes)", type, size);
        return;
    case WTL_PACK_ARRAY:
    case WTL_PACK_MAP:
        put_many(text, reader, depth, wtl_peek(reader) == WTL_PACK_MAP);
        return;
    case WTL_PACK_NONE:
        break;
    }
    wtl_reader_fail(reader);
    wtl__test_put(text, "(no msgpack)");
}

void wtl__test_put_value(struct wtl__test_text *text, struct wtl_reader *reader)
{
    put_any(text, reader, 0);
}

void wtl__test_put_message(struct wtl__test_text *text, struct wtl_tag tag, const uint8_t *bytes,
                           size_t size)
{
    char name[16];
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    (void)wtl_tag_text(tag, name);
    wtl__test_put(text, "\"%s\"", name);
    while (wtl_left(&reader) > 0) {
        wtl__test_put(text, " ");
        put_any(text, &reader, 0);
    }
}
