/*
 * shape.c - shaped calls against msgpack-c and the cursors.
 *
 * The input is used twice: as the values of a record, which wtl_putf must pack to the same bytes as
 * msgpack-c and wtl_getf must give back; and as a body from anywhere, on which wtl_getf must agree
 * with a reader that was written by hand, and change nothing when it refuses.
 */
#include <stdint.h>
#include <stdlib.h>

#include <msgpack.h>

#include "reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Bit for bit, so that NaN is equal to itself and -0 is not 0. */
static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static bool same(const struct record *a, const struct record *b)
{
    return a->seq == b->seq && a->delta == b->delta && bits_of(a->celsius) == bits_of(b->celsius) &&
           strcmp(a->name, b->name) == 0 && a->x == b->x && a->y0 == b->y0 &&
           bits_of((double)a->y1) == bits_of((double)b->y1);
}

static enum wtl_status shaped_read(const uint8_t *bytes, size_t size, struct wtl_error *error,
                                   struct record *record)
{
    struct wtl_msg message = {.bytes = bytes, .size = (uint32_t)size};
    return wtl_getf_error(&message, error, RECORD_FORMAT, &record->seq, &record->delta,
                          &record->celsius, record->name, &record->x, &record->y0, &record->y1);
}

static void pack_key(msgpack_packer *packer, const char *key)
{
    (void)msgpack_pack_str_with_body(packer, key, strlen(key));
}

static void pack_record(msgpack_packer *packer, const struct record *record)
{
    (void)msgpack_pack_map(packer, 5);
    pack_key(packer, "seq"), (void)msgpack_pack_unsigned_int(packer, record->seq);
    pack_key(packer, "delta"), (void)msgpack_pack_long_long(packer, record->delta);
    pack_key(packer, "celsius"), (void)msgpack_pack_double(packer, record->celsius);
    pack_key(packer, "name"), pack_key(packer, record->name);
    pack_key(packer, "pos"), (void)msgpack_pack_map(packer, 2);
    pack_key(packer, "x"), (void)msgpack_pack_signed_char(packer, record->x);
    pack_key(packer, "y"), (void)msgpack_pack_array(packer, 2);
    (void)msgpack_pack_unsigned_short(packer, record->y0);
    (void)msgpack_pack_double(packer, (double)record->y1);
}

/* The values of the record are the bytes of the input. */
static void check_writing(const uint8_t *data, size_t size)
{
    struct record record;
    if (size < sizeof record) {
        return;
    }
    memcpy(&record, data, sizeof record);
    record.name[TEXT_MAX] = '\0';
    if (record.y1 != record.y1) {
        record.y1 = 0; /* NaNs may change their bits between float and double */
    }
    msgpack_sbuffer theirs;
    msgpack_packer packer;
    msgpack_sbuffer_init(&theirs);
    msgpack_packer_init(&packer, &theirs, msgpack_sbuffer_write);
    pack_record(&packer, &record);

    uint8_t ours[256];
    size_t room = data[0]; /* also less than what is needed */
    struct wtl_writer w = wtl_writer_over(ours, room);
    wtl_putf(&w, "seq=%u delta=%lld celsius=%lf name=%s pos={x=%hhd y=[%hu %f]}", record.seq,
             record.delta, record.celsius, record.name, record.x, record.y0, (double)record.y1);
    require(w.failed == (theirs.size > room));
    if (!w.failed) {
        require(wtl_written(&w) == theirs.size && memcmp(ours, theirs.data, theirs.size) == 0);
        struct record back;
        require(shaped_read(ours, wtl_written(&w), NULL, &back) == WTL_OK);
        require(same(&record, &back));
    }
    msgpack_sbuffer_destroy(&theirs);
}

static void check_reading(const uint8_t *data, size_t size)
{
    static const struct record before = {
        .seq = 1, .delta = 2, .celsius = 3, .name = "old", .x = 4, .y0 = 5, .y1 = 6};
    struct record shaped = before;
    struct record by_hand = before;
    struct wtl_error error = {0};
    enum wtl_status status = shaped_read(data, size, &error, &shaped);
    bool read = reference_read(data, size, &by_hand);
    require(status == (read ? WTL_OK : WTL_BAD_PAYLOAD));
    require((error.text[0] == '\0') == read);
    require(same(&shaped, &by_hand));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_reading(data, size);
    check_writing(data, size);
    return 0;
}
