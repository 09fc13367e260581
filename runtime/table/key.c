/* key.c - what is a key, and its shortest form. See key.h; the order is in order.c. */
#include "table/key.h"

/* Is it one value in its shortest form already? Only the common ones are looked for: small and
 * large integers, strings and bins of one length byte. */
static bool is_shortest(const uint8_t *at, uint32_t size)
{
    uint8_t head = at[0];
    if (head < 0x80 || head >= 0xe0 || head == 0xc0 || head == 0xc2 || head == 0xc3) {
        return size == 1;
    }
    if ((head & 0xe0) == 0xa0) {
        return size == 1u + (head & 0x1f);
    }
    switch (head) {
    case 0xc4:
        return size >= 2 && size == 2u + at[1];
    case 0xd9:
        return size >= 2 && size == 2u + at[1] && at[1] > 31;
    case 0xcc:
        return size == 2 && at[1] >= 0x80;
    case 0xcd:
        return size == 3 && at[1] != 0;
    case 0xce:
        return size == 5 && (at[1] | at[2]) != 0;
    case 0xcf:
        return size == 9 && (at[1] | at[2] | at[3] | at[4]) != 0;
    default:
        return false;
    }
}

static void copy_number(struct wtl_reader *reader, struct wtl_writer *writer)
{
    struct wtl_reader again = *reader;
    uint64_t number = wtl_get_u64(reader);
    if (!reader->failed) {
        wtl_put_u64(writer, number);
        return;
    }
    *reader = again;
    wtl_put_i64(writer, wtl_get_i64(reader));
}

static void copy_float(struct wtl_reader *reader, struct wtl_writer *writer)
{
    double number = wtl_get_f64(reader);
    if (number != number) {
        wtl_reader_fail(reader);
    }
    wtl_put_f64(writer, number == 0 ? 0 : number); /* one zero, without a sign */
}

/* Copies one value that holds no others, in its shortest form; anything else fails the reader. */
static void copy_scalar(struct wtl_reader *reader, struct wtl_writer *writer)
{
    size_t size = 0;
    int8_t type = 0;
    const void *bytes;
    switch (wtl_peek(reader)) {
    case WTL_PACK_NIL:
        wtl_get_nil(reader);
        wtl_put_nil(writer);
        break;
    case WTL_PACK_BOOL:
        wtl_put_bool(writer, wtl_get_bool(reader));
        break;
    case WTL_PACK_INT:
        copy_number(reader, writer);
        break;
    case WTL_PACK_FLOAT:
        copy_float(reader, writer);
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
    case WTL_PACK_MAP:
    case WTL_PACK_NONE:
        wtl_reader_fail(reader);
        break;
    }
}

/* Copies one value with all that it holds. */
static void copy_value(struct wtl_reader *reader, struct wtl_writer *writer)
{
    uint32_t left[WTL_TABLE_KEY_DEPTH];
    unsigned depth = 0;
    for (;;) {
        if (wtl_peek(reader) == WTL_PACK_ARRAY) {
            if (depth == WTL_TABLE_KEY_DEPTH) {
                wtl_reader_fail(reader);
                return;
            }
            left[depth] = wtl_get_array(reader);
            wtl_put_array(writer, left[depth]);
            depth++;
        } else {
            copy_scalar(reader, writer);
        }
        if (reader->failed || writer->failed) {
            return;
        }
        while (depth > 0 && left[depth - 1] == 0) {
            depth--;
        }
        if (depth == 0) {
            return;
        }
        left[depth - 1]--;
    }
}

enum wtl_status wtl__key_read(struct wtl_bytes given, uint8_t room[WTL_TABLE_KEY_MAX],
                              struct wtl__key *key_out)
{
    if (given.size == 0 || given.size == WTL_BYTES_BAD || given.bytes == NULL) {
        return WTL_INVALID;
    }
    if (is_shortest(given.bytes, given.size)) {
        *key_out = (struct wtl__key){given.bytes, given.size};
        return given.size <= WTL_TABLE_KEY_MAX ? WTL_OK : WTL_TOO_LARGE;
    }
    struct wtl_reader reader = wtl_reader_over(given.bytes, given.size);
    struct wtl_writer writer = wtl_writer_over(room, WTL_TABLE_KEY_MAX);
    copy_value(&reader, &writer);
    if (reader.failed || (!writer.failed && reader.at != reader.end)) {
        return WTL_INVALID;
    }
    if (writer.failed) {
        return WTL_TOO_LARGE;
    }
    *key_out = (struct wtl__key){room, (uint32_t)wtl_written(&writer)};
    return WTL_OK;
}
