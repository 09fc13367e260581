/* json_write.c - strings, and values of msgpack, as JSON. See json.h. */
#include "cli/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/scan.h"
#include "flow/text.h"

void wtl__json_string(FILE *file, const char *text, size_t size)
{
    (void)fputc('"', file);
    for (size_t at = 0; at < size;) {
        uint32_t point = 0;
        unsigned length = wtl__utf8_next(text + at, size - at, &point);
        if (length == 0) {
            (void)fputs("\\ufffd", file);
            length = 1;
        } else if (point == '"' || point == '\\') {
            (void)fprintf(file, "\\%c", (char)point);
        } else if (point < 0x20 || (point < 0x10000 && !wtl__utf8_printable(point))) {
            (void)fprintf(file, "\\u%04x", (unsigned)point);
        } else {
            (void)fwrite(text + at, 1, length, file);
        }
        at += length;
    }
    (void)fputc('"', file);
}

static void put_value(FILE *file, struct wtl_reader *reader);

static void put_double(FILE *file, double number)
{
    char text[32];
    if (!isfinite(number)) {
        (void)fputs("null", file);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) { /* the shortest that is read back as the same */
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    (void)fputs(text, file);
}

static void put_hex(FILE *file, struct wtl_reader *reader)
{
    size_t size = 0;
    const uint8_t *bytes = wtl_get_bin(reader, &size);
    (void)fputc('"', file);
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(file, "%02x", bytes[i]);
    }
    (void)fputc('"', file);
}

static bool is_string(uint8_t head)
{
    return (head & 0xe0) == 0xa0 || (head >= 0xd9 && head <= 0xdb);
}

static void put_text(FILE *file, struct wtl_reader *reader)
{
    size_t size = 0;
    const char *text = wtl_get_str(reader, &size);
    wtl__json_string(file, text, size);
}

/* Keys are strings in JSON. */
static void put_key(FILE *file, struct wtl_reader *reader)
{
    if (is_string(*reader->at)) {
        put_text(file, reader);
        return;
    }
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL) {
        wtl_skip(reader);
        (void)fputs("\"\"", file);
        return;
    }
    put_value(memory, reader);
    (void)fclose(memory);
    wtl__json_string(file, text, size);
    free(text);
}

static void put_map(FILE *file, struct wtl_reader *reader)
{
    uint32_t count = wtl_get_map(reader);
    (void)fputc('{', file);
    for (uint32_t i = 0; i < count; i++) {
        (void)fputs(i > 0 ? "," : "", file);
        put_key(file, reader);
        (void)fputc(':', file);
        put_value(file, reader);
    }
    (void)fputc('}', file);
}

static void put_array(FILE *file, struct wtl_reader *reader)
{
    uint32_t count = wtl_get_array(reader);
    (void)fputc('[', file);
    for (uint32_t i = 0; i < count; i++) {
        (void)fputs(i > 0 ? "," : "", file);
        put_value(file, reader);
    }
    (void)fputc(']', file);
}

/* The bytes have been scanned: each value is whole, and not too deep. */
static void put_value(FILE *file, struct wtl_reader *reader)
{
    uint8_t head = *reader->at;
    if ((head & 0xf0) == 0x80 || head == 0xde || head == 0xdf) {
        put_map(file, reader);
    } else if ((head & 0xf0) == 0x90 || head == 0xdc || head == 0xdd) {
        put_array(file, reader);
    } else if (is_string(head)) {
        put_text(file, reader);
    } else if (head >= 0xc4 && head <= 0xc6) {
        put_hex(file, reader);
    } else if (head == 0xc2 || head == 0xc3) {
        (void)fputs(wtl_get_bool(reader) ? "true" : "false", file);
    } else if (head == 0xca || head == 0xcb) {
        put_double(file, wtl_get_f64(reader));
    } else if (head <= 0x7f || (head >= 0xcc && head <= 0xcf)) {
        (void)fprintf(file, "%" PRIu64, wtl_get_u64(reader));
    } else if (head >= 0xe0 || (head >= 0xd0 && head <= 0xd3)) {
        (void)fprintf(file, "%" PRId64, wtl_get_i64(reader));
    } else {
        wtl_skip(reader);
        (void)fputs("null", file);
    }
}

bool wtl__json_value(FILE *file, const void *bytes, size_t size)
{
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    if (size == 0 || wtl_scan(bytes, size, &limits) != WTL_OK) {
        return false;
    }
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    put_value(file, &reader);
    return true;
}
