/* control_frame.c - requests and replies as bytes. See control_frame.h. */
#include "node/control_frame.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/scan.h"

/* Numbers of statuses that a later version may have, at most. */
#define STATUS_MAX 1000u

/* ---- requests ------------------------------------------------------------------------------ */

void wtl__request_put(struct wtl_writer *writer, const struct wtl__request *request)
{
    wtl_put_map(writer, request->body_size > 0 ? 5 : 4);
    WTL_PUT_KEY(writer, "verb");
    wtl_put_strz(writer, request->verb);
    WTL_PUT_KEY(writer, "node");
    wtl_put_strz(writer, request->node);
    WTL_PUT_KEY(writer, "timeout_ms");
    wtl_put_u64(writer, request->timeout_ms);
    WTL_PUT_KEY(writer, "args");
    wtl_put_array(writer, request->args_count);
    for (uint32_t i = 0; i < request->args_count; i++) {
        wtl_put_strz(writer, request->args[i]);
    }
    if (request->body_size > 0) {
        WTL_PUT_KEY(writer, "body");
        wtl_put_bin(writer, request->body, request->body_size);
    }
}

/* Copies the next string with a NUL; false when it is too long or holds one. */
static bool get_text(struct wtl_reader *reader, char *out, size_t room)
{
    size_t size = 0;
    const char *text = wtl_get_str(reader, &size);
    if (text == NULL || size >= room || memchr(text, '\0', size) != NULL) {
        wtl_reader_fail(reader);
        return false;
    }
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

static void get_args(struct wtl_reader *reader, struct wtl__request *request)
{
    uint32_t count = wtl_get_array(reader);
    if (count > WTL__CONTROL_ARGS_MAX) {
        wtl_reader_fail(reader);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (get_text(reader, request->args[i], sizeof request->args[i])) {
            request->args_count = i + 1;
        }
    }
}

static void get_body(struct wtl_reader *reader, struct wtl__request *request)
{
    size_t size = 0;
    const void *bytes = wtl_get_bin(reader, &size);
    if (bytes == NULL || size > WTL__CONTROL_BODY_MAX) {
        wtl_reader_fail(reader);
        return;
    }
    request->body = bytes;
    request->body_size = (uint32_t)size;
}

/* Nothing is read before all of it was looked at. */
static enum wtl_status scan(const void *bytes, size_t size, size_t max)
{
    struct wtl_scan_limits limits = WTL_SCAN_CONTROL;
    if (size == 0 || size > max) {
        return size == 0 ? WTL_BAD_PAYLOAD : WTL_TOO_LARGE;
    }
    return wtl_scan(bytes, size, &limits);
}

static bool name_is_plain(const char *name)
{
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

enum wtl_status wtl__request_read(const void *bytes, size_t size, struct wtl__request *request_out)
{
    memset(request_out, 0, sizeof *request_out);
    enum wtl_status status = scan(bytes, size, WTL__CONTROL_REQUEST_MAX);
    if (status != WTL_OK) {
        return status;
    }
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    uint64_t timeout_ms = WTL__CONTROL_TIMEOUT_MS_MIN;
    uint32_t left = wtl_get_map(&reader);
    while (left-- > 0 && !reader.failed) {
        if (WTL_GET_KEY(&reader, "verb")) {
            (void)get_text(&reader, request_out->verb, sizeof request_out->verb);
        } else if (WTL_GET_KEY(&reader, "node")) {
            (void)get_text(&reader, request_out->node, sizeof request_out->node);
        } else if (WTL_GET_KEY(&reader, "timeout_ms")) {
            timeout_ms = wtl_get_u64(&reader);
        } else if (WTL_GET_KEY(&reader, "args")) {
            get_args(&reader, request_out);
        } else if (WTL_GET_KEY(&reader, "body")) {
            get_body(&reader, request_out);
        } else {
            wtl_skip(&reader);
            wtl_skip(&reader);
        }
    }
    if (reader.failed) {
        return WTL_BAD_PAYLOAD;
    }
    if (request_out->verb[0] == '\0' || !name_is_plain(request_out->node)) {
        return WTL_INVALID;
    }
    timeout_ms =
        timeout_ms < WTL__CONTROL_TIMEOUT_MS_MIN ? WTL__CONTROL_TIMEOUT_MS_MIN : timeout_ms;
    request_out->timeout_ms = timeout_ms > WTL__CONTROL_TIMEOUT_MS_MAX ? WTL__CONTROL_TIMEOUT_MS_MAX
                                                                       : (uint32_t)timeout_ms;
    return WTL_OK;
}

/* ---- replies ------------------------------------------------------------------------------- */

void wtl__reply_begin(struct wtl_writer *writer, enum wtl__reply_shape shape,
                      const struct wtl__column *columns, uint32_t columns_count, uint32_t rows,
                      uint64_t total)
{
    wtl_put_map(writer, 5);
    WTL_PUT_KEY(writer, "status");
    wtl_put_u64(writer, WTL_OK);
    WTL_PUT_KEY(writer, "shape");
    wtl_put_u64(writer, shape);
    WTL_PUT_KEY(writer, "total");
    wtl_put_u64(writer, total);
    WTL_PUT_KEY(writer, "columns");
    wtl_put_array(writer, columns_count);
    for (uint32_t i = 0; i < columns_count; i++) {
        wtl_put_array(writer, 3);
        wtl_put_strz(writer, columns[i].name);
        wtl_put_u64(writer, columns[i].kind);
        wtl_put_bool(writer, columns[i].has_sum);
    }
    WTL_PUT_KEY(writer, "rows");
    wtl_put_array(writer, rows);
}

void wtl__reply_text(struct wtl_writer *writer, enum wtl_status status, const char *format, ...)
{
    char text[480];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wtl_put_map(writer, 2);
    WTL_PUT_KEY(writer, "status");
    wtl_put_u64(writer, (uint64_t)status);
    WTL_PUT_KEY(writer, "text");
    wtl_put_strz(writer, text);
}

static struct wtl__value get_value(struct wtl_reader *reader)
{
    struct wtl__value value = {0};
    uint8_t head = reader->at < reader->end ? *reader->at : 0xc0;
    if (head == 0xc0) {
        wtl_get_nil(reader);
    } else if (head == 0xc2 || head == 0xc3) {
        value.kind = WTL__VALUE_NUMBER;
        value.number = wtl_get_bool(reader) ? 1 : 0;
    } else if ((head & 0xe0) == 0xa0 || (head >= 0xd9 && head <= 0xdb)) {
        value.kind = WTL__VALUE_TEXT;
        value.text = wtl_get_str(reader, &value.size);
    } else if (head >= 0xc4 && head <= 0xc6) {
        value.kind = WTL__VALUE_BYTES;
        value.text = wtl_get_bin(reader, &value.size);
    } else if (head == 0xcf) {
        uint64_t number = wtl_get_u64(reader);
        value.kind = WTL__VALUE_NUMBER;
        value.number = number > INT64_MAX ? INT64_MAX : (int64_t)number;
    } else {
        value.kind = WTL__VALUE_NUMBER;
        value.number = wtl_get_i64(reader);
    }
    return value;
}

static void get_columns(struct wtl_reader *reader, struct wtl__reply *reply)
{
    uint32_t count = wtl_get_array(reader);
    if (count > WTL__CONTROL_COLUMNS_MAX) {
        wtl_reader_fail(reader);
        return;
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        struct wtl__reply_column *column = &reply->columns[i];
        uint32_t fields = wtl_get_array(reader);
        column->name = wtl_get_str(reader, &column->size);
        uint64_t kind = wtl_get_u64(reader);
        column->has_sum = wtl_get_bool(reader);
        if (fields < 3 || column->size == 0 || column->size > WTL_NAME_MAX) {
            wtl_reader_fail(reader);
        }
        for (uint32_t more = 3; more < fields; more++) {
            wtl_skip(reader);
        }
        /* a kind of a later version is shown as what it is, a number or a text */
        column->kind = kind >= WTL__COLUMN_TEXT && kind <= WTL__COLUMN_PROCESS
                           ? (enum wtl__column_kind)kind
                           : WTL__COLUMN_TEXT;
        reply->columns_count = i + 1;
    }
}

/* Passes over the rows and checks that each has a cell for each column; the columns come first, as
 * nothing could be checked without them. */
static void pass_rows(struct wtl_reader *reader, struct wtl__reply *reply)
{
    if (reply->columns_count == 0) {
        wtl_reader_fail(reader);
        return;
    }
    reply->rows = wtl_get_array(reader);
    reply->cells = *reader;
    for (uint32_t row = 0; row < reply->rows && !reader->failed; row++) {
        if (wtl_get_array(reader) != reply->columns_count) {
            wtl_reader_fail(reader);
        }
        for (uint32_t i = 0; i < reply->columns_count && !reader->failed; i++) {
            (void)get_value(reader);
        }
    }
}

enum wtl_status wtl__reply_read(const void *bytes, size_t size, struct wtl__reply *reply_out)
{
    memset(reply_out, 0, sizeof *reply_out);
    enum wtl_status status = scan(bytes, size, WTL__CONTROL_REPLY_MAX);
    if (status != WTL_OK) {
        return status;
    }
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    uint64_t code = UINT64_MAX;
    uint32_t left = wtl_get_map(&reader);
    while (left-- > 0 && !reader.failed) {
        if (WTL_GET_KEY(&reader, "status")) {
            code = wtl_get_u64(&reader);
        } else if (WTL_GET_KEY(&reader, "text")) {
            reply_out->text = wtl_get_str(&reader, &reply_out->text_size);
        } else if (WTL_GET_KEY(&reader, "shape")) {
            reply_out->shape =
                wtl_get_u64(&reader) == WTL__SHAPE_RECORD ? WTL__SHAPE_RECORD : WTL__SHAPE_TABLE;
        } else if (WTL_GET_KEY(&reader, "total")) {
            reply_out->total = wtl_get_u64(&reader);
        } else if (WTL_GET_KEY(&reader, "columns")) {
            get_columns(&reader, reply_out);
        } else if (WTL_GET_KEY(&reader, "rows")) {
            pass_rows(&reader, reply_out);
        } else {
            wtl_skip(&reader);
            wtl_skip(&reader);
        }
    }
    bool is_bare = reply_out->shape != 0 && reply_out->columns_count == 0;
    if (reader.failed || is_bare || code > STATUS_MAX) {
        return WTL_BAD_PAYLOAD;
    }
    reply_out->status = (enum wtl_status)code;
    return WTL_OK;
}

struct wtl__value wtl__reply_cell(struct wtl__reply *reply, bool is_first)
{
    if (is_first) {
        (void)wtl_get_array(&reply->cells);
    }
    return get_value(&reply->cells);
}
