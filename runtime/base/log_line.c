/*
 * log_line.c - one event as one line, plain or JSON. Pure functions, any thread.
 *
 * Text is hostile until escaped: control bytes, quotes, backslashes and whatever is not UTF-8
 * become escapes, and so do the C1 controls, which some terminals obey.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/log.h"

/* Kept free for "cut=true", the closing brace and the newline. */
enum { TAIL_BYTES = 32 };

struct line {
    char *bytes;
    size_t used;
    size_t limit;
    bool is_cut;
};

static const char *const level_words[] = {"error", "warn", "info", "debug"};
static const int journal_levels[] = {3, 4, 6, 7}; /* sd-daemon(3) */

static void add_bytes(struct line *line, const char *bytes, size_t length)
{
    if (length > line->limit - line->used) {
        line->is_cut = true;
        return;
    }
    memcpy(line->bytes + line->used, bytes, length);
    line->used += length;
}

static void add_word(struct line *line, const char *word)
{
    add_bytes(line, word, strlen(word));
}

__attribute__((format(printf, 2, 3))) static void add_format(struct line *line, const char *format,
                                                             ...)
{
    char bytes[64];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(bytes, sizeof bytes, format, args);
    va_end(args);
    WTL_ASSERT(length >= 0 && (size_t)length < sizeof bytes);
    add_bytes(line, bytes, (size_t)length);
}

/* The length of the UTF-8 character at `bytes` that may be shown as it is, or 0. */
static size_t shown_length(const unsigned char *bytes, size_t left)
{
    unsigned char first = bytes[0];
    if (first < 0x80) {
        return first >= 0x20 && first != 0x7f && first != '"' && first != '\\' ? 1 : 0;
    }
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool is_control = first == 0xc2 && bytes[1] < 0xa0;
    bool is_overlong = (first == 0xe0 && bytes[1] < 0xa0) || (first == 0xf0 && bytes[1] < 0x90);
    bool is_surrogate = first == 0xed && bytes[1] >= 0xa0;
    bool is_beyond = first == 0xf4 && bytes[1] >= 0x90;
    /* U+2028 and U+2029 end a line for some readers, and U+202A to U+202E turn it around. */
    bool is_separator = first == 0xe2 && bytes[1] == 0x80 && bytes[2] >= 0xa8 && bytes[2] <= 0xae;
    return is_control || is_overlong || is_surrogate || is_beyond || is_separator ? 0 : length;
}

static void add_escaped(struct line *line, enum wtl__log_format format, const char *text,
                        size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        size_t shown = shown_length(bytes + i, length - i);
        if (shown != 0) {
            add_bytes(line, text + i, shown);
            i += shown;
            continue;
        }
        if (bytes[i] == '"' || bytes[i] == '\\') {
            add_format(line, "\\%c", bytes[i]);
        } else if (bytes[i] == '\n') {
            add_word(line, "\\n");
        } else {
            /* JSON knows no bytes, only characters: an odd byte shows as the one of its number. */
            add_format(line, format == WTL__LOG_JSON ? "\\u%04x" : "\\x%02x", bytes[i]);
        }
        i++;
    }
}

/* May a plain value stand without quotes? */
static bool is_bare(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '\\' || byte == '=') {
            return false;
        }
    }
    return length != 0;
}

static void add_text(struct line *line, enum wtl__log_format format, const char *text,
                     size_t length)
{
    bool is_long = length > WTL__LOG_VALUE_MAX;
    size_t shown = is_long ? WTL__LOG_VALUE_MAX : length;
    if (format != WTL__LOG_JSON && !is_long && is_bare(text, length)) {
        add_bytes(line, text, length);
        return;
    }
    add_word(line, "\"");
    add_escaped(line, format, text, shown);
    add_word(line, is_long ? "...\"" : "\"");
}

static void add_value(struct line *line, enum wtl__log_format format,
                      const struct wtl__log_field *field)
{
    switch (field->kind) {
    case WTL__LOG_IS_TEXT:
        add_text(line, format, field->text.bytes, field->text.length);
        return;
    case WTL__LOG_IS_NUMBER:
        add_format(line, "%" PRIu64, field->number);
        return;
    case WTL__LOG_IS_SIGNED:
        add_format(line, "%" PRId64, field->signed_number);
        return;
    case WTL__LOG_IS_FLAG:
        add_word(line, field->flag ? "true" : "false");
        return;
    }
}

/* Adds a field, or, when it does not fit, nothing. */
static void add_field(struct line *line, enum wtl__log_format format,
                      const struct wtl__log_field *field)
{
    size_t before = line->used;
    bool was_cut = line->is_cut;
    line->is_cut = false;
    if (format == WTL__LOG_JSON) {
        add_word(line, ",\"");
        add_word(line, field->key);
        add_word(line, "\":");
    } else {
        add_word(line, " ");
        add_word(line, field->key);
        add_word(line, "=");
    }
    add_value(line, format, field);
    if (line->is_cut) {
        line->used = before;
    }
    line->is_cut |= was_cut;
}

static void add_time(struct line *line, uint64_t wall_ns)
{
    time_t seconds = (time_t)(wall_ns / WTL__NS_PER_S);
    struct tm parts = {0};
    char date[32];
    (void)gmtime_r(&seconds, &parts);
    size_t length = strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    add_bytes(line, date, length);
    add_format(line, ".%03uZ", (unsigned)(wall_ns % WTL__NS_PER_S / WTL__NS_PER_MS));
}

size_t wtl__log_format_line(char line_out[WTL__LOG_LINE_MAX], enum wtl__log_format format,
                            uint64_t wall_ns, enum wtl__log_level level, const char *event,
                            const struct wtl__log_field *fields, size_t count, uint64_t suppressed)
{
    struct line line = {.bytes = line_out, .limit = WTL__LOG_LINE_MAX - TAIL_BYTES};
    WTL_ASSERT((size_t)level < WTL_COUNT(level_words));
    switch (format) {
    case WTL__LOG_PLAIN:
        add_time(&line, wall_ns);
        add_format(&line, " %s ", level_words[level]);
        add_word(&line, event);
        break;
    case WTL__LOG_JSON:
        add_word(&line, "{\"time\":\"");
        add_time(&line, wall_ns);
        add_format(&line, "\",\"level\":\"%s\",\"event\":\"", level_words[level]);
        add_word(&line, event);
        add_word(&line, "\"");
        break;
    case WTL__LOG_JOURNAL:
        add_format(&line, "<%d>", journal_levels[level]);
        add_word(&line, event);
        break;
    }
    if (suppressed != 0) {
        add_field(&line, format, &WTL__LOG_NUMBER("suppressed", suppressed));
    }
    for (size_t i = 0; i < count; i++) {
        add_field(&line, format, &fields[i]);
    }
    line.limit = WTL__LOG_LINE_MAX;
    if (line.is_cut) {
        add_field(&line, format, &WTL__LOG_FLAG("cut", true));
    }
    add_word(&line, format == WTL__LOG_JSON ? "}\n" : "\n");
    return line.used;
}
