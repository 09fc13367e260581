/*
 * cursor.c - the cursors against msgpack-c: the same bytes for the same values, at every boundary
 * between two encodings, and the values back from them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>

#include <wattle/pack.h>

#define BIG (70 * 1024)

static const uint64_t integers[] = {
    0,
    1,
    31,
    32,
    127,
    128,
    129,
    255,
    256,
    32767,
    32768,
    65535,
    65536,
    2147483647,
    2147483648u,
    4294967295,
    4294967296,
    1ull << 53,
    (1ull << 53) + 1,
    INT64_MAX,
    1ull << 63,
    UINT64_MAX,
};

static const size_t sizes[] = {0,  1,  2,  3,  4,  5,   7,   8,     9,     15,
                               16, 17, 31, 32, 33, 255, 256, 65535, 65536, 65537};

static const uint32_t counts[] = {0, 1, 15, 16, 17, 255, 256, 65535, 65536, UINT32_MAX};

static char filler[BIG];
static uint8_t ours[BIG];
static msgpack_sbuffer theirs;
static msgpack_packer packer;
static struct wtl_writer w;

static void setup(void)
{
    for (size_t i = 0; i < sizeof filler; i++) {
        filler[i] = (char)('a' + i % 26);
    }
    msgpack_sbuffer_init(&theirs);
    msgpack_packer_init(&packer, &theirs, msgpack_sbuffer_write);
    w = wtl_writer_over(ours, sizeof ours);
}

static void teardown(void)
{
    msgpack_sbuffer_destroy(&theirs);
}

TestSuite(cursor, .init = setup, .fini = teardown);

/* Both have packed one value: compares, and begins anew. Returns how many bytes it was. */
static size_t same_bytes(void)
{
    size_t size = wtl_written(&w);
    cr_assert(!w.failed);
    cr_assert_eq(size, theirs.size, "%zu bytes, msgpack-c makes %zu", size, theirs.size);
    cr_assert_arr_eq(ours, theirs.data, size);
    /* Into memory that is as large as that it fits, and not into less. */
    uint8_t *tight = malloc(size);
    cr_assert_not_null(tight);
    struct wtl_reader r = wtl_reader_over(ours, size);
    struct wtl_writer exact = wtl_writer_over(tight, size);
    switch (wtl_peek(&r)) {
    case WTL_PACK_INT:
        if (ours[0] >= 0xd0) {
            wtl_put_i64(&exact, wtl_get_i64(&r));
        } else {
            wtl_put_u64(&exact, wtl_get_u64(&r));
        }
        break;
    case WTL_PACK_FLOAT:
        if (ours[0] == 0xcb) {
            wtl_put_f64(&exact, wtl_get_f64(&r));
        } else {
            wtl_put_f32(&exact, (float)wtl_get_f64(&r));
        }
        break;
    default:
        wtl_put_raw(&exact, ours, size);
        break;
    }
    cr_assert(!exact.failed);
    cr_assert_arr_eq(tight, ours, size);
    wtl_put_nil(&exact);
    cr_assert(exact.failed);
    free(tight);
    msgpack_sbuffer_clear(&theirs);
    w = wtl_writer_over(ours, sizeof ours);
    return size;
}

Test(cursor, integers_have_the_shortest_encoding)
{
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        uint64_t value = integers[i];
        wtl_put_u64(&w, value);
        msgpack_pack_uint64(&packer, value);
        size_t size = same_bytes();
        struct wtl_reader r = wtl_reader_over(ours, size);
        cr_assert_eq(wtl_get_u64(&r), value);
        cr_assert(!r.failed && wtl_left(&r) == 0);
        for (int sign = 0; sign < 4; sign++) {
            /* value, -value, and -value - 1, which is where negative encodings change */
            int64_t number = (int64_t)(sign == 0 ? value : sign == 1 ? 0 - value : ~value);
            wtl_put_i64(&w, number);
            msgpack_pack_int64(&packer, number);
            size = same_bytes();
            r = wtl_reader_over(ours, size);
            cr_assert_eq(wtl_get_i64(&r), number);
            cr_assert(!r.failed && wtl_left(&r) == 0);
        }
    }
}

Test(cursor, X014_nan_and_minus_zero_keep_their_bits)
{
    const double values[] = {0.0, -0.0, 1.5, -1e300, INFINITY, -INFINITY, NAN, 5e-324};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        wtl_put_f64(&w, values[i]);
        msgpack_pack_double(&packer, values[i]);
        struct wtl_reader r = wtl_reader_over(ours, same_bytes());
        double back = wtl_get_f64(&r);
        cr_assert(!r.failed);
        cr_assert_arr_eq(&back, &values[i], sizeof back);
        float narrow = (float)values[i];
        wtl_put_f32(&w, narrow);
        msgpack_pack_float(&packer, narrow);
        r = wtl_reader_over(ours, same_bytes());
        float narrow_back = (float)wtl_get_f64(&r);
        cr_assert_arr_eq(&narrow_back, &narrow, sizeof narrow);
    }
}

Test(cursor, nil_and_booleans)
{
    wtl_put_nil(&w), wtl_put_bool(&w, true), wtl_put_bool(&w, false);
    msgpack_pack_nil(&packer), msgpack_pack_true(&packer), msgpack_pack_false(&packer);
    struct wtl_reader r = wtl_reader_over(ours, same_bytes());
    cr_assert_eq(wtl_peek(&r), WTL_PACK_NIL);
    wtl_get_nil(&r);
    cr_assert_eq(wtl_get_bool(&r), true);
    cr_assert_eq(wtl_get_bool(&r), false);
    cr_assert(!r.failed && wtl_left(&r) == 0);
}

Test(cursor, texts_bytes_and_extensions_of_every_size_class)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i];
        size_t got;
        int8_t type;
        wtl_put_str(&w, filler, size);
        msgpack_pack_str_with_body(&packer, filler, size);
        struct wtl_reader r = wtl_reader_over(ours, same_bytes());
        const char *text = wtl_get_str(&r, &got);
        cr_assert(!r.failed && got == size && wtl_left(&r) == 0);
        cr_assert_arr_eq(text, filler, size);

        wtl_put_bin(&w, filler, size);
        msgpack_pack_bin_with_body(&packer, filler, size);
        r = wtl_reader_over(ours, same_bytes());
        const void *bytes = wtl_get_bin(&r, &got);
        cr_assert(!r.failed && got == size && wtl_left(&r) == 0);
        cr_assert_arr_eq(bytes, filler, size);

        wtl_put_ext(&w, -7, filler, size);
        msgpack_pack_ext_with_body(&packer, filler, size, -7);
        r = wtl_reader_over(ours, same_bytes());
        bytes = wtl_get_ext(&r, &type, &got);
        cr_assert(!r.failed && got == size && type == -7 && wtl_left(&r) == 0);
        cr_assert_arr_eq(bytes, filler, size);
    }
    wtl_put_strz(&w, "text");
    msgpack_pack_str_with_body(&packer, "text", 4);
    (void)same_bytes();
}

Test(cursor, heads_of_arrays_and_maps)
{
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        wtl_put_array(&w, counts[i]);
        msgpack_pack_array(&packer, counts[i]);
        size_t size = same_bytes();
        /* all the values that the head claims must be there, a byte each */
        bool there = 2 * (uint64_t)counts[i] <= sizeof ours - size;
        struct wtl_reader r = wtl_reader_over(ours, there ? size + counts[i] : sizeof ours);
        if (there || counts[i] <= sizeof ours - size) {
            cr_assert_eq(wtl_get_array(&r), counts[i]);
        } else {
            cr_assert_eq(wtl_get_array(&r), 0);
            cr_assert(r.failed);
        }
        wtl_put_map(&w, counts[i]);
        msgpack_pack_map(&packer, counts[i]);
        size = same_bytes();
        r = wtl_reader_over(ours, there ? size + 2 * (size_t)counts[i] : sizeof ours);
        cr_assert_eq(wtl_get_map(&r), there ? counts[i] : 0);
        cr_assert_eq(r.failed, !there);
    }
}

Test(cursor, literal_keys_are_strings)
{
    WTL_PUT_KEY(&w, "");
    WTL_PUT_KEY(&w, "seq");
    WTL_PUT_KEY(&w, "a key of thirty-one bytes, here");
    msgpack_pack_str_with_body(&packer, "", 0);
    msgpack_pack_str_with_body(&packer, "seq", 3);
    msgpack_pack_str_with_body(&packer, "a key of thirty-one bytes, here", 31);
    struct wtl_reader r = wtl_reader_over(ours, same_bytes());
    cr_assert(!WTL_GET_KEY(&r, "s"));
    cr_assert(WTL_GET_KEY(&r, ""));
    cr_assert(!WTL_GET_KEY(&r, "se"));
    cr_assert(!WTL_GET_KEY(&r, "seqs"));
    cr_assert(!WTL_GET_KEY(&r, "sex"));
    cr_assert(WTL_GET_KEY(&r, "seq"));
    cr_assert(WTL_GET_KEY(&r, "a key of thirty-one bytes, here"));
    cr_assert(!WTL_GET_KEY(&r, ""));
    cr_assert(!r.failed && wtl_left(&r) == 0, "a key that is another one is no error");
}

Test(cursor, a_map_is_read_in_any_order)
{
    wtl_put_map(&w, 3);
    WTL_PUT_KEY(&w, "other"), wtl_put_array(&w, 2), wtl_put_nil(&w), wtl_put_strz(&w, "x");
    WTL_PUT_KEY(&w, "celsius"), wtl_put_f64(&w, 21.5);
    WTL_PUT_KEY(&w, "seq"), wtl_put_u64(&w, 7);
    struct wtl_reader r = wtl_reader_over(ours, wtl_written(&w));
    uint64_t seq = 0;
    double celsius = 0;
    for (uint32_t left = wtl_get_map(&r); left > 0; left--) {
        if (WTL_GET_KEY(&r, "seq")) {
            seq = wtl_get_u64(&r);
        } else if (WTL_GET_KEY(&r, "celsius")) {
            celsius = wtl_get_f64(&r);
        } else {
            wtl_skip(&r), wtl_skip(&r);
        }
    }
    cr_assert(!r.failed && wtl_left(&r) == 0);
    cr_assert_eq(seq, 7);
    cr_assert_eq(celsius, 21.5);
}

/* Moves to a block that is larger by what is needed, and a little. */
static bool grow(struct wtl_writer *writer, size_t need)
{
    size_t written = wtl_written(writer);
    if (written + need > 4096) {
        return false;
    }
    uint8_t *more = realloc(writer->begin, written + need + 3);
    if (more == NULL) {
        return false;
    }
    writer->begin = more;
    writer->at = more + written;
    writer->end = more + written + need + 3;
    return true;
}

Test(cursor, a_writer_grows_until_it_may_not)
{
    struct wtl_writer growing = {.grow = grow};
    for (uint64_t i = 0; i < 300; i++) {
        wtl_put_u64(&growing, i << i % 64);
        msgpack_pack_uint64(&packer, i << i % 64);
    }
    cr_assert(!growing.failed);
    cr_assert_eq(wtl_written(&growing), theirs.size);
    cr_assert_arr_eq(growing.begin, theirs.data, theirs.size);
    wtl_put_str(&growing, filler, 5000);
    cr_assert(growing.failed);
    size_t written = wtl_written(&growing);
    wtl_put_u64(&growing, 1), wtl_put_f64(&growing, 1), wtl_put_nil(&growing);
    WTL_PUT_KEY(&growing, "k"), wtl_put_strz(&growing, "v"), wtl_put_raw(&growing, "", 0);
    cr_assert(growing.failed);
    cr_assert_eq(wtl_written(&growing), written, "a failed writer writes nothing");
    free(growing.begin);
}

/* One put of each kind, by number. */
static void put_number(struct wtl_writer *writer, int number)
{
    switch (number) {
    case 0:
        wtl_put_u64(writer, 300);
        return;
    case 1:
        wtl_put_i64(writer, -300);
        return;
    case 2:
        wtl_put_f32(writer, 1);
        return;
    case 3:
        wtl_put_f64(writer, 1);
        return;
    case 4:
        wtl_put_array(writer, 300);
        return;
    case 5:
        WTL_PUT_KEY(writer, "seq");
        return;
    case 6:
        wtl_put_strz(writer, "sixteen bytes --");
        return;
    default:
        wtl_put_bin(writer, "abc", 3);
        return;
    }
}

Test(cursor, a_put_never_writes_past_the_end)
{
    static const size_t needs[] = {3, 3, 5, 9, 3, 4, 17, 5};
    for (int number = 0; number < 8; number++) {
        for (size_t room = 0; room <= 20; room++) {
            uint8_t memory[40];
            memset(memory, 0x5a, sizeof memory);
            struct wtl_writer tight = wtl_writer_over(memory, room);
            put_number(&tight, number);
            cr_assert_eq(tight.failed, room < needs[number], "number %d, room %zu", number, room);
            for (size_t i = room; i < sizeof memory; i++) {
                cr_assert_eq(memory[i], 0x5a, "number %d, room %zu, byte %zu", number, room, i);
            }
        }
    }
}
