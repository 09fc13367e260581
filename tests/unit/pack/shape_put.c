/*
 * shape_put.c - writing by a format: the bytes are those of the cursors and of msgpack-c, and a
 * format that is none asserts.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <msgpack.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wattle/pack.h>

static uint8_t bytes[1024];

/* What the format wrote is what the cursors wrote. */
static void same(const struct wtl_writer *a, const struct wtl_writer *b)
{
    cr_assert(!a->failed && !b->failed);
    cr_assert_eq(wtl_written(a), wtl_written(b), "%zu and %zu", wtl_written(a), wtl_written(b));
    cr_assert_arr_eq(a->begin, b->begin, wtl_written(a));
}

Test(shape_put, makes_the_bytes_of_the_cursors)
{
    uint8_t other[1024];
    for (int round = 0; round < 2; round++) { /* compiles, then uses what was compiled */
        struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
        struct wtl_writer c = wtl_writer_over(other, sizeof other);
        wtl_putf(&w, "seq=%u celsius=%lf pos={x=%lf y=%lf} name=%s ok=%d tags=[%s %.*s]", 300u,
                 21.5, 1.0, -0.0, "bed-7", true, "a", 3, "bcd");
        wtl_put_map(&c, 6);
        WTL_PUT_KEY(&c, "seq"), wtl_put_u64(&c, 300);
        WTL_PUT_KEY(&c, "celsius"), wtl_put_f64(&c, 21.5);
        WTL_PUT_KEY(&c, "pos"), wtl_put_map(&c, 2);
        WTL_PUT_KEY(&c, "x"), wtl_put_f64(&c, 1.0);
        WTL_PUT_KEY(&c, "y"), wtl_put_f64(&c, -0.0);
        WTL_PUT_KEY(&c, "name"), wtl_put_strz(&c, "bed-7");
        WTL_PUT_KEY(&c, "ok"), wtl_put_u64(&c, 1);
        WTL_PUT_KEY(&c, "tags"), wtl_put_array(&c, 2);
        wtl_put_strz(&c, "a"), wtl_put_strz(&c, "bcd");
        same(&w, &c);
    }
}

Test(shape_put, makes_the_bytes_of_msgpack_c_for_every_integer_type)
{
    msgpack_sbuffer theirs;
    msgpack_packer packer;
    msgpack_sbuffer_init(&theirs);
    msgpack_packer_init(&packer, &theirs, msgpack_sbuffer_write);
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&w, "[%hhd %hhu %hd %hu %d %i %u %ld %lu %lld %llu %zu %zd %jd %ju %td]",
             (signed char)SCHAR_MIN, (unsigned char)UCHAR_MAX, (short)SHRT_MIN,
             (unsigned short)USHRT_MAX, INT_MIN, INT_MAX, UINT_MAX, LONG_MIN, ULONG_MAX, LLONG_MIN,
             ULLONG_MAX, SIZE_MAX, (ssize_t)-1, INTMAX_MIN, UINTMAX_MAX, (ptrdiff_t)-33);
    msgpack_pack_array(&packer, 16);
    msgpack_pack_int64(&packer, SCHAR_MIN), msgpack_pack_uint64(&packer, UCHAR_MAX);
    msgpack_pack_int64(&packer, SHRT_MIN), msgpack_pack_uint64(&packer, USHRT_MAX);
    msgpack_pack_int64(&packer, INT_MIN), msgpack_pack_int64(&packer, INT_MAX);
    msgpack_pack_uint64(&packer, UINT_MAX);
    msgpack_pack_int64(&packer, LONG_MIN), msgpack_pack_uint64(&packer, ULONG_MAX);
    msgpack_pack_int64(&packer, LLONG_MIN), msgpack_pack_uint64(&packer, ULLONG_MAX);
    msgpack_pack_uint64(&packer, SIZE_MAX), msgpack_pack_int64(&packer, -1);
    msgpack_pack_int64(&packer, INTMAX_MIN), msgpack_pack_uint64(&packer, UINTMAX_MAX);
    msgpack_pack_int64(&packer, -33);
    cr_assert(!w.failed);
    cr_assert_eq(wtl_written(&w), theirs.size);
    cr_assert_arr_eq(bytes, theirs.data, theirs.size);
    msgpack_sbuffer_destroy(&theirs);
}

Test(shape_put, keys_of_every_size)
{
    uint8_t other[1024];
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    struct wtl_writer c = wtl_writer_over(other, sizeof other);
    wtl_putf(&w,
             "a=%u ab=%u abc=%u abcd=%u abcdefg=%u abcdefgh=%u abcdefghi=%u abcdefghijklmno=%u "
             "abcdefghijklmnop=%u abcdefghijklmnopqrstuvwxyz01234=%u",
             0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u);
    static const char key[] = "abcdefghijklmnopqrstuvwxyz01234";
    static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 31};
    wtl_put_map(&c, 10);
    for (unsigned i = 0; i < 10; i++) {
        wtl_put_str(&c, key, sizes[i]), wtl_put_u64(&c, i);
    }
    same(&w, &c);
    /* and byte for byte into memory that only just holds them, or does not */
    size_t size = wtl_written(&w);
    for (size_t room = 0; room <= size; room++) {
        uint8_t tight[256];
        memset(tight, 0x5a, sizeof tight);
        w = wtl_writer_over(tight, room);
        wtl_putf(&w,
                 "a=%u ab=%u abc=%u abcd=%u abcdefg=%u abcdefgh=%u abcdefghi=%u abcdefghijklmno=%u "
                 "abcdefghijklmnop=%u abcdefghijklmnopqrstuvwxyz01234=%u",
                 0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u);
        cr_assert_eq(w.failed, room < size);
        cr_assert_leq(wtl_written(&w), room);
        for (size_t i = room; i < sizeof tight; i++) {
            cr_assert_eq(tight[i], 0x5a, "byte %zu of %zu", i, room);
        }
    }
    cr_assert_arr_eq(bytes, other, size);
}

Test(shape_put, empty_and_single_values)
{
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&w, "{}"), wtl_putf(&w, "[]"), wtl_putf(&w, "%u", 5u), wtl_putf(&w, " [ %u\n] ", 6u);
    wtl_putf(&w, "{a={} b=[]}"), wtl_putf(&w, " a=[[%d] {}]", -1), wtl_putf(&w, " ");
    static const char expected[] = "\x80\x90\x05\x91\x06\x82\xa1"
                                   "a\x80\xa1"
                                   "b\x90\x81\xa1"
                                   "a\x92\x91\xff\x80\x80";
    cr_assert_eq(wtl_written(&w), sizeof expected - 1);
    cr_assert_arr_eq(bytes, expected, sizeof expected - 1);
}

Test(shape_put, text_that_cannot_be_written_fails_the_writer)
{
    const char *volatile none = NULL; /* the compiler would see it, too */
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&w, "[%.*s]", 0, none);
    cr_assert(!w.failed);
    wtl_putf(&w, "name=%s", none);
    cr_assert(w.failed);
    w = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&w, "name=%.*s", -1, "text");
    cr_assert(w.failed);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

/* A child compiles the format; what it said before it aborted, or "" when it lived. */
static void compile(const char *format, bool reading, char *said, size_t size)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct wtl_shape shape = {0};
        struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
        struct wtl_msg message = {.bytes = (const uint8_t *)"\xc0", .size = 1};
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        if (reading) {
            if (wtl_getf_shape(&message, &shape, NULL, format) == WTL_OK) {
                _exit(1);
            }
        } else {
            wtl_putf_shape(&w, &shape, format, 1, 2, 3, 4, 5, 6);
        }
        _exit(0);
    }
    (void)close(ends[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(ends[0], said + used, size - 1 - used)) > 0;) {
        used += (size_t)got;
    }
    said[used] = '\0';
    (void)close(ends[0]);
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    cr_assert(aborted || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "%s", format);
    cr_assert_eq(aborted, used > 0, "%s: %s", format, said);
}

#define EIGHT(text) text text text text text text text text

Test(shape_put, a_bad_format_asserts_and_names_itself)
{
    static const struct {
        const char *format;
        bool reading;
        const char *why; /* NULL: it is good */
    } formats[] = {
        {"a=%p", false, "expected d, i, u"},
        {"a=%5d", false, "expected d, i, u"},
        {"a=%x", false, "expected d, i, u"},
        {"a=%", false, "expected d, i, u"},
        {"a=%ls", false, "expected d, i, u"},
        {"a=%lc", true, "expected d, i, u"},
        {"a=%s", true, "needs a width"},
        {"a=%0s", true, "only %s has a width"},
        {"a=%8d", true, "only %s has a width"},
        {"a=%65536s", true, "more than 65535"},
        {"a=%65535s", true, NULL},
        {"a=%8s", false, "expected d, i, u"},
        {"a=%.*s", true, "expected d, i, u"},
        {"a", false, "expected key=value"},
        {"=%u", false, "expected key=value"},
        {"a %u", false, "expected key=value"},
        {"a=", false, "expected a conversion"},
        {"a=5", false, "expected a conversion"},
        {"a=%ub=%u", false, "expected a space"},
        {"a={b=%u}c=%u", false, "expected a space"},
        {"a={b=%u", false, "is missing"},
        {"a=[%u}", false, "expected a conversion"},
        {"a={b=%u]", false, "expected key=value"},
        {"a=%u}", false, "expected key=value"},
        {"{a=%u} b=%u", false, "stands alone"},
        {"%u %u", false, "stands alone"},
        {"[a=%u]", false, "expected a conversion"},
        {"{%u}", false, "expected key=value"},
        {"a=%u b={a=%u} a=%u", false, "twice"},
        {"a=%u b={a=%u} c={a=%u}", false, NULL},
        {"abcdefghijklmnopqrstuvwxyz01234=%u", false, NULL},
        {"abcdefghijklmnopqrstuvwxyz012345=%u", false, "longer than 31"},
        {"[[[[[[[[]]]]]]]]", false, NULL},
        {"[[[[[[[[[]]]]]]]]]", false, "deeper than 8"},
        {"a={a={a={a={a={a={a={a={}}}}}}}}", false, NULL},
        {"a={a={a={a={a={a={a={a={a={}}}}}}}}}", false, "deeper than 8"},
        {"[" EIGHT("[] ") EIGHT("[] ") EIGHT("[] ") "[] [] [] [] [] [] []]", false, NULL},
        {"[" EIGHT("[] ") EIGHT("[] ") EIGHT("[] ") "[] [] [] [] [] [] [] []]", false, "32 values"},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char said[1024];
        compile(formats[i].format, formats[i].reading, said, sizeof said);
        if (formats[i].why == NULL) {
            cr_assert_str_empty(said, "%s: %s", formats[i].format, said);
        } else {
            cr_assert_not_null(strstr(said, formats[i].why), "%s: %s", formats[i].format, said);
            cr_assert_not_null(strstr(said, formats[i].format), "%s", said);
        }
    }
}
