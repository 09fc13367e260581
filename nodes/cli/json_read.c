/*
 * json_read.c - JSON as a value of msgpack. See json.h.
 *
 * msgpack wants to know how many elements come before they come: each array and object gets a head
 * of five bytes, whose count is filled in behind its last element.
 */
#include "cli/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/text.h"

#define ARRAY_HEAD 0xdd
#define MAP_HEAD   0xdf

struct parser {
    const char *begin;
    const char *at;
    const char *end;
    struct wtl_writer *out;
    unsigned depth;
    struct wtl__json_error *error;
};

static bool fail(struct parser *parser, const char *text)
{
    if (parser->error->text == NULL) {
        *parser->error =
            (struct wtl__json_error){.at = (size_t)(parser->at - parser->begin), .text = text};
    }
    return false;
}

static void pass_space(struct parser *parser)
{
    while (parser->at < parser->end && strchr(" \t\r\n", *parser->at) != NULL &&
           *parser->at != '\0') {
        parser->at++;
    }
}

/* The next byte that is no space, if it is that one. */
static bool take(struct parser *parser, char wanted)
{
    pass_space(parser);
    if (parser->at < parser->end && *parser->at == wanted) {
        parser->at++;
        return true;
    }
    return false;
}

static bool take_word(struct parser *parser, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(parser->end - parser->at) < size || memcmp(parser->at, word, size) != 0) {
        return false;
    }
    parser->at += size;
    return true;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* Four hexadecimal digits; -1: they are none. */
static int32_t get_hex(struct parser *parser)
{
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = parser->at < parser->end ? *parser->at : '\0';
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
        parser->at++;
    }
    return unit;
}

static size_t put_utf8(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(heads[size] | point);
    return size;
}

/* Behind "\u": a character, which may take a pair of such. */
static bool get_point(struct parser *parser, uint32_t *point_out)
{
    int32_t unit = get_hex(parser);
    if (unit >= 0xd800 && unit < 0xdc00 && take_word(parser, "\\u")) {
        int32_t low = get_hex(parser);
        if (low >= 0xdc00 && low < 0xe000) {
            *point_out = 0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
            return true;
        }
        unit = -1;
    }
    if (unit < 0 || (unit >= 0xd800 && unit < 0xe000)) {
        return fail(parser, "\\u wants four hexadecimal digits of a character");
    }
    *point_out = (uint32_t)unit;
    return true;
}

/* Behind a backslash. */
static bool get_escape(struct parser *parser, char out[4], size_t *size_out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = parser->at < parser->end ? *parser->at++ : '\0';
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    uint32_t point = 0;
    if (found != NULL) {
        out[0] = to[found - from];
        *size_out = 1;
        return true;
    }
    if (c != 'u') {
        return fail(parser, "no such escape in a string");
    }
    if (!get_point(parser, &point)) {
        return false;
    }
    *size_out = put_utf8(point, out);
    return true;
}

/* Behind the first quote. */
static bool read_string(struct parser *parser)
{
    /* no escape is shorter than what it stands for */
    char *text = malloc((size_t)(parser->end - parser->at) + 1);
    size_t size = 0;
    bool is_read = text != NULL || fail(parser, "there is no memory for a string");
    while (is_read && (parser->at == parser->end || *parser->at != '"')) {
        if (parser->at == parser->end) {
            is_read = fail(parser, "a string does not end");
        } else if ((unsigned char)*parser->at < 0x20) {
            is_read = fail(parser, "a control character in a string has to be escaped");
        } else if (*parser->at == '\\') {
            char bytes[4];
            size_t count = 0;
            parser->at++;
            is_read = get_escape(parser, bytes, &count);
            if (is_read) {
                memcpy(text + size, bytes, count);
                size += count;
            }
        } else {
            text[size++] = *parser->at++;
        }
    }
    for (size_t at = 0, length = 0; is_read && at < size; at += length) {
        uint32_t point = 0;
        length = wtl__utf8_next(text + at, size - at, &point);
        is_read = length > 0 || fail(parser, "a string is not UTF-8");
    }
    if (is_read) {
        parser->at++;
        wtl_put_str(parser->out, text, size);
    }
    free(text);
    return is_read;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static size_t pass_digits(struct parser *parser)
{
    const char *from = parser->at;
    while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9') {
        parser->at++;
    }
    return (size_t)(parser->at - from);
}

/* Passes over a number; false when it is none. `is_whole_out`: no fraction, no exponent. */
static bool pass_number(struct parser *parser, bool *is_whole_out)
{
    (void)take_word(parser, "-");
    const char *digits = parser->at;
    size_t count = pass_digits(parser);
    if (count == 0 || (count > 1 && *digits == '0')) {
        return false;
    }
    *is_whole_out = true;
    if (take_word(parser, ".")) {
        *is_whole_out = false;
        if (pass_digits(parser) == 0) {
            return false;
        }
    }
    if (take_word(parser, "e") || take_word(parser, "E")) {
        *is_whole_out = false;
        if (!take_word(parser, "+")) {
            (void)take_word(parser, "-");
        }
        return pass_digits(parser) > 0;
    }
    return true;
}

static bool read_number(struct parser *parser)
{
    char text[64];
    const char *from = parser->at;
    bool is_whole = false;
    if (!pass_number(parser, &is_whole)) {
        return fail(parser, "a value is expected");
    }
    size_t size = (size_t)(parser->at - from);
    if (size >= sizeof text) {
        return fail(parser, "a number has too many digits");
    }
    memcpy(text, from, size);
    text[size] = '\0';
    errno = 0;
    if (is_whole && text[0] == '-') {
        long long number = strtoll(text, NULL, 10);
        if (errno == 0) {
            wtl_put_i64(parser->out, number);
            return true;
        }
    } else if (is_whole) {
        unsigned long long number = strtoull(text, NULL, 10);
        if (errno == 0) {
            wtl_put_u64(parser->out, number);
            return true;
        }
    }
    wtl_put_f64(parser->out, strtod(text, NULL));
    return true;
}

/* ---- arrays and objects ---------------------------------------------------------------------- */

static bool read_value(struct parser *parser);

static bool read_element(struct parser *parser, bool is_map)
{
    if (is_map) {
        if (!take(parser, '"')) {
            return fail(parser, "a key in quotes is expected");
        }
        if (!read_string(parser)) {
            return false;
        }
        if (!take(parser, ':')) {
            return fail(parser, "\":\" is expected behind a key");
        }
    }
    return read_value(parser);
}

/* Behind its first bracket. */
static bool read_container(struct parser *parser, bool is_map)
{
    uint8_t head[5] = {is_map ? MAP_HEAD : ARRAY_HEAD, 0, 0, 0, 0};
    char close = is_map ? '}' : ']';
    size_t place = wtl_written(parser->out);
    uint32_t count = 0;
    if (++parser->depth > WTL__JSON_DEPTH_MAX) {
        return fail(parser, "more than 16 arrays and objects are within each other");
    }
    wtl_put_raw(parser->out, head, sizeof head);
    if (!take(parser, close)) {
        do {
            if (!read_element(parser, is_map)) {
                return false;
            }
            count++;
        } while (take(parser, ','));
        if (!take(parser, close)) {
            return fail(parser,
                        is_map ? "\",\" or \"}\" is expected" : "\",\" or \"]\" is expected");
        }
    }
    if (!parser->out->failed) {
        for (unsigned i = 0; i < 4; i++) {
            parser->out->begin[place + 1 + i] = (uint8_t)(count >> (24 - 8 * i));
        }
    }
    parser->depth--;
    return true;
}

static bool read_value(struct parser *parser)
{
    if (take(parser, '{')) {
        return read_container(parser, true);
    }
    if (take(parser, '[')) {
        return read_container(parser, false);
    }
    if (take(parser, '"')) {
        return read_string(parser);
    }
    if (take_word(parser, "null")) {
        wtl_put_nil(parser->out);
        return true;
    }
    if (take_word(parser, "true")) {
        wtl_put_bool(parser->out, true);
        return true;
    }
    if (take_word(parser, "false")) {
        wtl_put_bool(parser->out, false);
        return true;
    }
    return read_number(parser);
}

bool wtl__json_read(const char *text, size_t size, struct wtl_writer *out,
                    struct wtl__json_error *error_out)
{
    struct parser parser = {
        .begin = text, .at = text, .end = text + size, .out = out, .error = error_out};
    *error_out = (struct wtl__json_error){.text = NULL};
    if (!read_value(&parser)) {
        return false;
    }
    pass_space(&parser);
    if (parser.at < parser.end) {
        return fail(&parser, "something stands behind the value");
    }
    return !out->failed || fail(&parser, "it is too large");
}
