/* asks.c - requests: what they say, where they wait, and how they are answered. See table.h. */
#include <stdio.h>

#include "table.h"

#define ASKS_FIRST 64u

static const char verbs_text[] = "expected insert, insert_new, remove, add, swap or flush";

/* ---- reading ------------------------------------------------------------------------------- */

static bool verb_of(const struct wtl_msg *message, enum verb *verb_out)
{
    static const struct {
        const char *tag;
        enum verb verb;
    } verbs[] = {{"insert", INSERT}, {"data", INSERT}, {"insert_new", INSERT_NEW},
                 {"remove", REMOVE}, {"add", ADD},     {"swap", SWAP},
                 {"flush", FLUSH}};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (wtl_tag_equal(wtl_tag_make(verbs[i].tag, strlen(verbs[i].tag)), message->tag)) {
            *verb_out = verbs[i].verb;
            return true;
        }
    }
    return false;
}

static struct wtl_bytes take_value(struct wtl_reader *reader)
{
    const uint8_t *begin = reader->at;
    wtl_skip(reader);
    return reader->failed ? WTL_BYTES_NONE : wtl_bytes_over(begin, (size_t)(reader->at - begin));
}

/* One value of a key in its shortest form; what holds others is counted. */
static void shorten_one(struct wtl_reader *reader, struct wtl_writer *writer, uint32_t *more)
{
    struct wtl_reader again = *reader;
    size_t size = 0;
    int8_t type = 0;
    const void *bytes;
    uint64_t number;
    switch (wtl_peek(reader)) {
    case WTL_PACK_NIL:
        wtl_get_nil(reader);
        wtl_put_nil(writer);
        break;
    case WTL_PACK_BOOL:
        wtl_put_bool(writer, wtl_get_bool(reader));
        break;
    case WTL_PACK_INT:
        number = wtl_get_u64(reader);
        if (!reader->failed) {
            wtl_put_u64(writer, number);
            break;
        }
        *reader = again;
        wtl_put_i64(writer, wtl_get_i64(reader));
        break;
    case WTL_PACK_STR:
        bytes = wtl_get_str(reader, &size);
        wtl_put_str(writer, bytes, size);
        break;
    case WTL_PACK_BIN:
        bytes = wtl_get_bin(reader, &size);
        wtl_put_bin(writer, bytes, size);
        break;
    case WTL_PACK_EXT:
        bytes = wtl_get_ext(reader, &type, &size);
        wtl_put_ext(writer, type, bytes, size);
        break;
    case WTL_PACK_ARRAY:
        *more = wtl_get_array(reader);
        wtl_put_array(writer, *more);
        break;
    default: /* a float that an ordered table takes for a number looks like another key here */
        wtl_reader_fail(reader);
        break;
    }
}

/* In the file a key is its bytes, so that equal ones have to look the same. */
static bool shorten(struct wtl_bytes given, struct request *request)
{
    struct wtl_reader reader = wtl_reader_over(given.bytes, given.size);
    struct wtl_writer writer = wtl_writer_over(request->room, sizeof request->room);
    for (uint64_t left = 1; left > 0 && !reader.failed && !writer.failed; left--) {
        uint32_t more = 0;
        shorten_one(&reader, &writer, &more);
        left += more;
    }
    request->key = wtl_bytes_of(&writer);
    return !reader.failed && !writer.failed;
}

static void read_field(struct wtl_reader *reader, struct request *request, struct wtl_bytes *key)
{
    if (WTL_GET_KEY(reader, "key")) {
        *key = take_value(reader);
    } else if (WTL_GET_KEY(reader, "value")) {
        request->value = take_value(reader);
    } else if (WTL_GET_KEY(reader, "expected")) {
        request->expected = take_value(reader);
    } else if (WTL_GET_KEY(reader, "ttl_ms")) {
        request->ttl_ms = wtl_get_u64(reader);
    } else if (WTL_GET_KEY(reader, "delta")) {
        request->delta = wtl_get_i64(reader);
    } else if (WTL_GET_KEY(reader, "initial")) {
        request->initial = wtl_get_i64(reader);
    } else {
        wtl_skip(reader);
        wtl_skip(reader);
    }
}

/* NULL, or what was expected. */
static const char *read_request(const struct wtl_msg *message, enum verb verb,
                                struct request *request)
{
    static const char *const expected[VERBS] = {
        [INSERT] = "expected {key, value} and perhaps ttl_ms",
        [INSERT_NEW] = "expected {key, value} and perhaps ttl_ms",
        [REMOVE] = "expected {key}",
        [ADD] = "expected {key} and perhaps delta and initial, whole numbers",
        [SWAP] = "expected {key, expected, value}",
    };
    struct wtl_reader reader = wtl_read(message);
    struct wtl_bytes key = WTL_BYTES_NONE;
    request->value = request->expected = WTL_BYTES_NONE;
    request->ttl_ms = 0;
    request->delta = 1;
    request->initial = 0;
    if (verb == FLUSH) {
        return NULL;
    }
    for (uint32_t left = wtl_get_map(&reader); left > 0 && !reader.failed; left--) {
        read_field(&reader, request, &key);
    }
    bool wants_value = verb == INSERT || verb == INSERT_NEW || verb == SWAP;
    if (reader.failed || key.size == 0 || (wants_value && request->value.size == 0) ||
        (verb == SWAP && request->expected.size == 0)) {
        return expected[verb];
    }
    if (!shorten(key, request)) {
        return "expected a key of whole numbers, strings, bins, and arrays of such, of at most "
               "512 bytes";
    }
    return request->value.size > DISK_VALUE_MAX || request->expected.size > DISK_VALUE_MAX
               ? "expected a value of at most 7 MiB"
               : NULL;
}

bool request_read(const struct asked *asked, struct request *request_out)
{
    return read_request(asked->message, asked->verb, request_out) == NULL;
}

/* ---- taking -------------------------------------------------------------------------------- */

static void refuse(struct wtl_ctx *x, const struct wtl_msg *message, enum wtl_status status,
                   const char *text)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 64);
    wtl_putf(&body, "text=%s", text);
    wtl_reply_error(x, message, status, &body);
}

/* What a flow brings and nobody can do is dropped; it would come again for ever. */
static enum wtl_status refuse_new(struct wtl_ctx *x, const struct wtl_msg *message, bool of_flow,
                                  enum wtl_status status, const char *text)
{
    if (of_flow) {
        wtl_drop(x, text);
    } else {
        refuse(x, message, status, text);
    }
    return WTL_OK;
}

static bool have_room(struct wtl_ctx *x, struct asks *asks)
{
    if (asks->count < asks->capacity) {
        return true;
    }
    uint32_t capacity = asks->capacity == 0 ? ASKS_FIRST : 2 * asks->capacity;
    struct asked *items = wtl_alloc(x, capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    if (asks->count > 0) {
        memcpy(items, asks->items, asks->count * sizeof *items);
    }
    wtl_free(x, asks->items);
    asks->items = items;
    asks->capacity = capacity;
    return true;
}

enum wtl_status asks_take(struct wtl_ctx *x, struct state *state, const struct wtl_msg *message)
{
    struct asks *asks = &state->asks;
    struct asked asked = {.key = wtl_flow_key(x, message)};
    struct request request;
    bool of_flow = asked.key.seq != 0;
    if (!verb_of(message, &asked.verb)) {
        return refuse_new(x, message, of_flow, WTL_UNSUPPORTED, verbs_text);
    }
    const char *wrong = read_request(message, asked.verb, &request);
    if (wrong != NULL) {
        return refuse_new(x, message, of_flow, WTL_BAD_PAYLOAD, wrong);
    }
    if (asks->count == DISK_WAITING_MAX || asks->bytes + message->size > DISK_WAITING_BYTES_MAX) {
        return of_flow
                   ? WTL_FULL /* it comes again when this actor does */
                   : refuse_new(x, message, false, WTL_BUSY, "too many requests wait for the file");
    }
    if (!have_room(x, asks) || (asked.message = wtl_keep(x, message)) == NULL) {
        return WTL_NO_MEMORY;
    }
    asks->items[asks->count++] = asked;
    asks->calls += !of_flow;
    asks->bytes += message->size;
    return WTL_LATER;
}

/* ---- answering ----------------------------------------------------------------------------- */

static void answer(struct wtl_ctx *x, const struct asked *asked, enum wtl_status flushed)
{
    enum wtl_status status = asked->verb == FLUSH ? flushed : asked->status;
    struct wtl_writer body;
    if (asked->key.seq != 0) {
        /* one that is not open any more comes again, and finds itself done */
        enum wtl_status ignored = wtl_done_key(x, &asked->key);
        (void)ignored;
    } else if (status == WTL_OK && asked->verb == ADD) {
        (void)wtl_message_open(x, &body, 16);
        wtl_putf(&body, "value=%jd", (intmax_t)asked->sum);
        wtl_reply(x, asked->message, &body);
    } else {
        wtl_reply_error(x, asked->message, status, NULL);
    }
}

/* May it be done later, as it is? */
static bool may_pass(enum wtl_status status)
{
    return status == WTL_FULL || status == WTL_BUSY || status == WTL_NO_MEMORY;
}

uint32_t asks_answer(struct wtl_ctx *x, struct state *state, enum wtl_status status,
                     const char *text)
{
    struct asks *asks = &state->asks;
    uint32_t stay = 0;
    if (asks->taken == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < asks->taken; i++) {
        struct asked *asked = &asks->items[i];
        if (asked->key.seq != 0 && (status != WTL_OK || may_pass(asked->status))) {
            asks->items[stay++] = *asked;
            continue;
        }
        if (status != WTL_OK) {
            refuse(x, asked->message, status, text);
        } else {
            answer(x, asked, state->flushed);
        }
        asks->calls -= asked->key.seq == 0;
        asks->bytes -= asked->message->size;
        wtl_release(x, asked->message);
    }
    /* those that wait move up behind those that stay */
    memmove(asks->items + stay, asks->items + asks->taken,
            (asks->count - asks->taken) * sizeof asks->items[0]);
    asks->count -= asks->taken - stay;
    asks->taken = 0;
    return stay;
}
