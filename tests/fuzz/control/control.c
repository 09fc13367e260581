/*
 * control.c - what comes over the control socket: questions as a node reads them, answers as the
 * command reads and prints them.
 *
 * The first byte chooses: bit 0 an answer (else a question), bit 1 without head and totals. Goals:
 * no read past the input, bounded memory; a question that was accepted is the same after it was
 * written and read again; whatever an answer says, what is printed of it is UTF-8 without a control
 * character and what is printed as JSON is JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/failure.h"
#include "cli/table.h"
#include "flow/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* ---- questions ------------------------------------------------------------------------------ */

static void question(const uint8_t *data, size_t size)
{
    static uint8_t bytes[WTL__CONTROL_REQUEST_MAX];
    static struct wtl__request request, again;
    if (wtl__request_read(data, size, &request) != WTL_OK) {
        return;
    }
    require(request.args_count <= WTL__CONTROL_ARGS_MAX && request.verb[0] != '\0');
    require(request.timeout_ms >= WTL__CONTROL_TIMEOUT_MS_MIN &&
            request.timeout_ms <= WTL__CONTROL_TIMEOUT_MS_MAX);
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    wtl__request_put(&writer, &request);
    require(!writer.failed);
    require(wtl__request_read(bytes, wtl_written(&writer), &again) == WTL_OK);
    require(strcmp(request.verb, again.verb) == 0 && strcmp(request.node, again.node) == 0);
    require(request.timeout_ms == again.timeout_ms && request.args_count == again.args_count);
    for (uint32_t i = 0; i < request.args_count; i++) {
        require(strcmp(request.args[i], again.args[i]) == 0);
    }
}

/* ---- is it JSON? ---------------------------------------------------------------------------- */

struct json {
    const char *at;
    const char *end;
};

static bool next_is(struct json *json, char c)
{
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\n')) {
        json->at++;
    }
    if (json->at < json->end && *json->at == c) {
        json->at++;
        return true;
    }
    return false;
}

static void string(struct json *json)
{
    require(next_is(json, '"'));
    while (json->at < json->end && *json->at != '"') {
        require((unsigned char)*json->at >= 0x20);
        if (*json->at++ == '\\') {
            char kind = json->at < json->end ? *json->at++ : '\0';
            require(kind == '"' || kind == '\\' || kind == 'u');
            for (int i = 0; kind == 'u' && i < 4; i++) {
                require(json->at < json->end && strchr("0123456789abcdef", *json->at) != NULL);
                json->at++;
            }
        }
    }
    require(next_is(json, '"'));
}

static void value(struct json *json)
{
    if (json->at < json->end && *json->at == '"') {
        string(json);
        return;
    }
    size_t size = strspn(json->at, "-0123456789");
    if (size == 0) {
        require(json->end - json->at >= 4 && memcmp(json->at, "null", 4) == 0);
        size = 4;
    }
    json->at += size;
}

static void object(struct json *json)
{
    require(next_is(json, '{'));
    do {
        string(json);
        require(next_is(json, ':'));
        value(json);
    } while (next_is(json, ','));
    require(next_is(json, '}'));
}

static void require_json(const char *text, size_t size)
{
    struct json json = {.at = text, .end = text + size};
    if (!next_is(&json, '[')) {
        object(&json);
    } else if (!next_is(&json, ']')) {
        do {
            object(&json);
        } while (next_is(&json, ','));
        require(next_is(&json, ']'));
    }
    require(!next_is(&json, '\0') && json.at == json.end);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* What a terminal may be given: printable UTF-8, and lines. */
static void require_clean(const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t point = 0;
        unsigned length = wtl__utf8_next(text + at, size - at, &point);
        require(length > 0 && (point == '\n' || wtl__utf8_printable(point)));
        at += length;
    }
}

static void print(const struct wtl__table *table, bool quiet, bool json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    require(file != NULL);
    if (json) {
        wtl__table_json(table, file);
    } else {
        wtl__table_print(table, (struct wtl__table_style){.quiet = quiet}, file);
    }
    require(fclose(file) == 0);
    require_clean(text, size);
    if (json) {
        require_json(text, size);
    }
    free(text);
}

static void report(const struct wtl__reply *reply)
{
    char *text = NULL;
    size_t size = 0;
    struct wtl__report to = {.file = open_memstream(&text, &size)};
    require(to.file != NULL);
    (void)wtl__fail(&to, wtl__failure_of(reply->status), NULL, "%s: %.*s",
                    wtl_status_text(reply->status),
                    (int)(reply->text_size > 400 ? 400 : reply->text_size),
                    reply->text != NULL ? reply->text : "");
    require(fclose(to.file) == 0);
    require_clean(text, size);
    free(text);
}

static void answer(const uint8_t *data, size_t size, bool quiet)
{
    static struct wtl__reply reply;
    struct wtl__table table;
    if (wtl__reply_read(data, size, &reply) != WTL_OK) {
        return;
    }
    report(&reply);
    if (reply.shape == 0) {
        return;
    }
    require(wtl__table_init(&table, &reply) == WTL_OK);
    require(!reply.cells.failed); /* as many cells as it said */
    for (uint32_t i = 0; i < table.columns_count && i < 4; i++) {
        char name[WTL_NAME_MAX + 1];
        (void)snprintf(name, sizeof name, "%.*s", (int)table.columns[i].size,
                       table.columns[i].name);
        enum wtl_status status = wtl__table_sort(&table, name);
        require(status == WTL_OK || strlen(name) < table.columns[i].size);
    }
    print(&table, quiet, false);
    print(&table, quiet, true);
    wtl__table_deinit(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if ((data[0] & 1) != 0) {
        answer(data + 1, size - 1, (data[0] & 2) != 0);
    } else {
        question(data + 1, size - 1);
    }
    return 0;
}
