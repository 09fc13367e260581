/* test_frame.c - frames: bounds of the length, round trips, and what malformed payloads get. */
#include <criterion/criterion.h>

#include <wattle/pack.h>

#include "wire/bytes.h"
#include "wire/frame.h"

static struct wtl__hello sample_hello(void)
{
    struct wtl__hello hello = {.version_min = 1,
                               .version_max = 3,
                               .capabilities = 0xffffffffffffULL,
                               .node = 0x123456789abcdefULL,
                               .layer = 2,
                               .link_class = WTL__CLASS_WAN,
                               .beat_ms = 500,
                               .name = "edge-1",
                               .address = "127.0.0.1:7801"};
    memset(hello.binding, 0x5a, sizeof hello.binding);
    return hello;
}

Test(frame, X001_length_zero_is_refused)
{
    const uint8_t bytes[8] = {0, 0, 0, 0, 4, 0};
    struct wtl__frame frame;
    size_t used = 7;
    cr_assert_eq(wtl__frame_next(bytes, sizeof bytes, &frame, &used), WTL_PROTOCOL);
    cr_assert_eq(used, 0);
    const uint8_t one[8] = {0, 0, 0, 1, 4, 0};
    cr_assert_eq(wtl__frame_next(one, sizeof one, &frame, &used), WTL_PROTOCOL);
}

Test(frame, X002_length_over_the_bound_is_refused_from_four_bytes)
{
    struct wtl__frame frame;
    size_t used;
    const uint8_t huge[4] = {0xff, 0xff, 0xff, 0xff};
    cr_assert_eq(wtl__frame_next(huge, 4, &frame, &used), WTL_PROTOCOL);
    uint8_t bound[4];
    wtl__store_u32(bound, WTL__FRAME_MAX - 4);
    cr_assert_eq(wtl__frame_next(bound, 4, &frame, &used), WTL_LATER);
    wtl__store_u32(bound, WTL__FRAME_MAX - 3);
    cr_assert_eq(wtl__frame_next(bound, 4, &frame, &used), WTL_PROTOCOL);
}

Test(frame, X003_truncated_frame_waits_for_the_rest)
{
    uint8_t bytes[256];
    struct wtl__frame frame;
    size_t used;
    struct wtl__hello hello = sample_hello();
    size_t size = wtl__put_hello(bytes, sizeof bytes, &hello);
    cr_assert_gt(size, 0);
    for (size_t cut = 0; cut < size; cut++) {
        cr_assert_eq(wtl__frame_next(bytes, cut, &frame, &used), WTL_LATER);
        cr_assert_eq(used, 0);
    }
    cr_assert_eq(wtl__frame_next(bytes, size, &frame, &used), WTL_OK);
    cr_assert_eq(used, size);
}

Test(frame, hello_comes_back_as_it_was)
{
    uint8_t bytes[256];
    struct wtl__frame frame;
    struct wtl__hello hello = sample_hello();
    struct wtl__hello back;
    size_t used;
    size_t size = wtl__put_hello(bytes, sizeof bytes, &hello);
    cr_assert_eq(wtl__frame_next(bytes, size, &frame, &used), WTL_OK);
    cr_assert_eq(wtl__get_hello(&frame, &back), WTL_OK);
    cr_assert_eq(back.version_max, 3);
    cr_assert_eq(back.node, hello.node);
    cr_assert_str_eq(back.name, "edge-1");
    cr_assert_str_eq(back.address, "127.0.0.1:7801");
    cr_assert_arr_eq(back.binding, hello.binding, sizeof hello.binding);
    cr_assert_eq(wtl__put_hello(bytes, 20, &hello), 0, "what does not fit is not written");
}

/* Each byte of a good frame is changed to each of some values: never a crash, never more than a
 * refusal; the sanitizers watch the reads. */
Test(frame, X017_damaged_control_frames_are_refused_or_read)
{
    static const uint8_t values[] = {0x00, 0x7f, 0x80, 0x90, 0xa1, 0xc0,
                                     0xc1, 0xc4, 0xd9, 0xdd, 0xff};
    uint8_t good[512];
    struct wtl__names_frame names = {.source = 9,
                                     .destination = 8,
                                     .hops_left = 3,
                                     .verb = WTL__NAMES_REGISTER,
                                     .request = 77,
                                     .view = 5,
                                     .epoch = 6,
                                     .pid = {9, 1u << 26},
                                     .name = "flow.climate"};
    size_t size = wtl__put_names(good, sizeof good, &names);
    unsigned refused = 0;
    for (size_t at = WTL__FRAME_HEAD; at < size; at++) {
        for (size_t v = 0; v < sizeof values; v++) {
            uint8_t *bad = malloc(size);
            struct wtl__frame frame;
            struct wtl__names_frame back;
            size_t used;
            memcpy(bad, good, size);
            bad[at] = values[v];
            cr_assert_eq(wtl__frame_next(bad, size, &frame, &used), WTL_OK);
            refused += wtl__get_names(&frame, &back) != WTL_OK;
            free(bad);
        }
    }
    cr_assert_gt(refused, 100);
}

Test(frame, X007_elements_behind_the_known_ones_are_ignored)
{
    uint8_t bytes[64];
    struct wtl_writer w = wtl_writer_over(bytes + WTL__FRAME_HEAD, 40);
    wtl_put_array(&w, 4);
    wtl_put_u64(&w, 1);
    wtl_put_u64(&w, 0);
    wtl_put_strz(&w, "later");
    wtl_put_map(&w, 0);
    wtl__frame_head(bytes, WTL__FRAME_WELCOME, 0, wtl_written(&w));
    struct wtl__frame frame;
    struct wtl__welcome welcome;
    size_t used;
    cr_assert_eq(wtl__frame_next(bytes, sizeof bytes, &frame, &used), WTL_OK);
    cr_assert_eq(wtl__get_welcome(&frame, &welcome), WTL_OK);
    cr_assert_eq(welcome.version, 1);
}

Test(frame, heads_of_all_kinds_come_back)
{
    for (uint8_t kind = 1; kind <= 12; kind++) {
        uint8_t bytes[WTL__MAIL_HEAD_MAX];
        struct wtl__mail back;
        size_t used;
        struct wtl__mail mail = {.kind = kind,
                                 .flags = 0x31,
                                 .to = 0x1122334455667788ULL,
                                 .from = 0x99,
                                 .request = 0x1234567,
                                 .tag = WTL_TAG("fifteen-bytes-x"),
                                 .body_size = 70000,
                                 .has_left = kind == 2,
                                 .left_ms = kind == 2 ? 4999 : 0};
        if (kind == 3) {
            mail.tag = (struct wtl_tag){{WTL_BUSY, 0}};
        }
        size_t size = wtl__put_mail(bytes, &mail);
        cr_assert_leq(size, sizeof bytes);
        for (size_t cut = 0; cut < size; cut++) {
            cr_assert_eq(wtl__get_mail(bytes, cut, &back, &used), WTL_LATER);
        }
        cr_assert_eq(wtl__get_mail(bytes, size, &back, &used), WTL_OK);
        cr_assert_eq(used, size);
        cr_assert(wtl_tag_equal(back.tag, mail.tag));
        cr_assert_eq(back.to, mail.to);
        cr_assert_eq(back.body_size, 70000);
        cr_assert_eq(back.flags, 0x31);
        cr_assert_eq(back.has_left, mail.has_left);
        cr_assert_eq(back.left_ms, mail.left_ms);
    }
}

Test(frame, heads_that_no_node_may_send_are_refused)
{
    struct wtl__mail mail = {.kind = 2, .to = 1, .from = 2, .request = 3};
    struct wtl__mail back;
    uint8_t bytes[WTL__MAIL_HEAD_MAX];
    size_t used;
    size_t size = wtl__put_mail(bytes, &mail);
    bytes[0] = 13; /* a signal of the runtime itself */
    cr_assert_eq(wtl__get_mail(bytes, size, &back, &used), WTL_PROTOCOL);
    bytes[0] = 2;
    bytes[1] = 2; /* a body of pointers */
    cr_assert_eq(wtl__get_mail(bytes, size, &back, &used), WTL_PROTOCOL);
    bytes[0] = 3;
    bytes[1] = 0x80; /* only a call has a deadline */
    cr_assert_eq(wtl__get_mail(bytes, size, &back, &used), WTL_PROTOCOL);
    bytes[0] = 2;
    bytes[1] = 0;
    bytes[2] = 16; /* a tag of 16 bytes */
    cr_assert_eq(wtl__get_mail(bytes, size, &back, &used), WTL_PROTOCOL);
    bytes[2] = 0;
    memset(bytes + size - 8, 0, 8); /* a call without a request */
    cr_assert_eq(wtl__get_mail(bytes, size, &back, &used), WTL_PROTOCOL);
    wtl__store_u32(bytes + 3, WTL_BODY_MAX + 1);
    cr_assert_eq(wtl__get_mail(bytes, size, &back, &used), WTL_PROTOCOL);
}
