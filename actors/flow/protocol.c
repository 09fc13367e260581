/* protocol.c - see protocol.h. Pure functions, but for the one that sends. */
#include "flow/protocol.h"

bool wtl__flow_tag_reserved(struct wtl_tag tag)
{
    char text[16];
    return wtl_tag_text(tag, text) > 0 && text[0] == '$';
}

static void put_tag(struct wtl_writer *writer, struct wtl_tag tag)
{
    unsigned char bytes[16];
    memcpy(bytes, &tag, sizeof bytes);
    wtl_put_str(writer, (const char *)bytes, bytes[15] > WTL_TAG_MAX ? WTL_TAG_MAX : bytes[15]);
}

static struct wtl_tag get_tag(struct wtl_reader *reader)
{
    size_t size = 0;
    const char *text = wtl_get_str(reader, &size);
    if (text == NULL || size > WTL_TAG_MAX) {
        wtl_reader_fail(reader);
        return wtl_tag_make("", 0);
    }
    return wtl_tag_make(text, size);
}

/* What is left is the body: one value, or nothing when the array has said so. */
static bool get_body(struct wtl_reader *reader, bool there, const uint8_t **bytes_out,
                     uint32_t *size_out)
{
    *bytes_out = there ? reader->at : NULL;
    *size_out = there ? (uint32_t)wtl_left(reader) : 0;
    if (there) {
        wtl_skip(reader);
    }
    return !reader->failed && wtl_left(reader) == 0;
}

void wtl__flow_put_data(struct wtl_writer *writer, const struct wtl_flow_data *data)
{
    wtl_put_array(writer, data->size > 0 ? 10 : 9);
    wtl_put_u64(writer, data->link);
    wtl_put_u64(writer, data->n);
    wtl_put_u64(writer, data->key.epoch);
    wtl_put_u64(writer, data->key.source.node);
    wtl_put_u64(writer, data->key.source.local);
    wtl_put_u64(writer, data->key.seq);
    wtl_put_u64(writer, data->key.child);
    wtl_put_bool(writer, data->redelivered);
    put_tag(writer, data->tag);
    wtl_put_raw(writer, data->bytes, data->size);
}

bool wtl__flow_get_data(const struct wtl_msg *message, struct wtl_flow_data *data_out)
{
    struct wtl_reader reader = wtl_read(message);
    uint32_t count = wtl_get_array(&reader);
    data_out->link = wtl_get_u64(&reader);
    data_out->n = wtl_get_u64(&reader);
    data_out->key.epoch = wtl_get_u64(&reader);
    data_out->key.source.node = wtl_get_u64(&reader);
    data_out->key.source.local = wtl_get_u64(&reader);
    data_out->key.seq = wtl_get_u64(&reader);
    data_out->key.child = wtl_get_u64(&reader);
    data_out->redelivered = wtl_get_bool(&reader);
    data_out->tag = get_tag(&reader);
    return (count == 9 || count == 10) &&
           get_body(&reader, count == 10, &data_out->bytes, &data_out->size) &&
           data_out->key.seq != 0 && !wtl__flow_tag_reserved(data_out->tag);
}

void wtl__flow_put_back(struct wtl_writer *writer, const struct wtl_flow_back *back)
{
    wtl_put_array(writer, back->size > 0 ? 6 : 5);
    wtl_put_u64(writer, back->origin.node);
    wtl_put_u64(writer, back->origin.local);
    wtl_put_u64(writer, back->number);
    wtl_put_u64(writer, back->hops);
    put_tag(writer, back->tag);
    wtl_put_raw(writer, back->bytes, back->size);
}

bool wtl__flow_get_back(const struct wtl_msg *message, struct wtl_flow_back *back_out)
{
    struct wtl_reader reader = wtl_read(message);
    uint32_t count = wtl_get_array(&reader);
    back_out->origin.node = wtl_get_u64(&reader);
    back_out->origin.local = wtl_get_u64(&reader);
    back_out->number = wtl_get_u64(&reader);
    back_out->hops = wtl_get_u64(&reader);
    back_out->tag = get_tag(&reader);
    return (count == 5 || count == 6) &&
           get_body(&reader, count == 6, &back_out->bytes, &back_out->size) &&
           !wtl__flow_tag_reserved(back_out->tag);
}

bool wtl__flow_get_numbers(const struct wtl_msg *message, uint64_t *numbers_out, uint32_t count)
{
    struct wtl_reader reader = wtl_read(message);
    if (wtl_get_array(&reader) != count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        numbers_out[i] = wtl_get_u64(&reader);
    }
    return !reader.failed && wtl_left(&reader) == 0;
}

static void put_numbers(struct wtl_ctx *x, struct wtl_writer *body, const uint64_t *numbers,
                        uint32_t count)
{
    (void)wtl_message_open(x, body, 9 * (size_t)count + 5);
    wtl_put_array(body, count);
    for (uint32_t i = 0; i < count; i++) {
        wtl_put_u64(body, numbers[i]);
    }
}

enum wtl_status wtl__flow_tell_numbers(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                                       const uint64_t *numbers, uint32_t count)
{
    struct wtl_writer body;
    put_numbers(x, &body, numbers, count);
    return wtl_try_tell(x, to, tag, &body);
}

void wtl__flow_send_numbers(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                            const uint64_t *numbers, uint32_t count)
{
    struct wtl_writer body;
    put_numbers(x, &body, numbers, count);
    wtl_tell(x, to, tag, &body);
}

bool wtl__flow_body_valid(const uint8_t *bytes, size_t size)
{
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    uint64_t left[WTL_FLOW_DEPTH_MAX + 1] = {1}; /* values that are still open, by level */
    unsigned depth = 0;
    while (size > 0) {
        while (left[depth] == 0) {
            if (depth == 0) {
                return !reader.failed && wtl_left(&reader) == 0;
            }
            depth--;
        }
        left[depth]--;
        enum wtl_pack_type type = wtl_peek(&reader);
        if (type == WTL_PACK_ARRAY || type == WTL_PACK_MAP) {
            if (depth == WTL_FLOW_DEPTH_MAX) {
                return false;
            }
            bool map = type == WTL_PACK_MAP;
            uint64_t count = map ? wtl_get_map(&reader) : wtl_get_array(&reader);
            left[++depth] = map ? 2 * count : count;
        } else {
            wtl_skip(&reader);
        }
        if (reader.failed) {
            return false;
        }
    }
    return true;
}
