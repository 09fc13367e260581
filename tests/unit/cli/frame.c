/* frame.c - questions and answers as bytes, also such that nobody of ours has sent. */
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "node/control_frame.h"

static size_t put_request(uint8_t *bytes, size_t size, const struct wtl__request *request)
{
    struct wtl_writer writer = wtl_writer_over(bytes, size);
    wtl__request_put(&writer, request);
    cr_assert(!writer.failed);
    return wtl_written(&writer);
}

Test(cli_frame, T01_a_question_comes_back_as_it_went)
{
    struct wtl__request sent = {.verb = "actor.show",
                                .node = "edge-1",
                                .timeout_ms = 5000,
                                .args_count = 2,
                                .args = {"42.7", ""}};
    struct wtl__request got;
    uint8_t bytes[512];
    size_t size = put_request(bytes, sizeof bytes, &sent);
    cr_assert_eq(wtl__request_read(bytes, size, &got), WTL_OK);
    cr_expect_str_eq(got.verb, sent.verb);
    cr_expect_str_eq(got.node, sent.node);
    cr_expect_eq(got.timeout_ms, 5000);
    cr_expect_eq(got.args_count, 2);
    cr_expect_str_eq(got.args[0], "42.7");
    cr_expect_str_eq(got.args[1], "");
}

Test(cli_frame, T01_times_are_kept_within_bounds)
{
    static const uint32_t cases[][2] = {
        {0, WTL__CONTROL_TIMEOUT_MS_MIN}, {UINT32_MAX, WTL__CONTROL_TIMEOUT_MS_MAX}, {777, 777}};
    for (size_t i = 0; i < 3; i++) {
        struct wtl__request sent = {.verb = "x", .timeout_ms = cases[i][0]};
        struct wtl__request got;
        uint8_t bytes[128];
        size_t size = put_request(bytes, sizeof bytes, &sent);
        cr_assert_eq(wtl__request_read(bytes, size, &got), WTL_OK);
        cr_expect_eq(got.timeout_ms, cases[i][1]);
    }
}

/* {verb: TEXT} */
static enum wtl_status read_verb(const void *text, size_t text_size, const char *key)
{
    uint8_t bytes[1024];
    struct wtl__request request;
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    wtl_put_map(&writer, 1);
    wtl_put_strz(&writer, key);
    wtl_put_str(&writer, text, text_size);
    cr_assert(!writer.failed);
    return wtl__request_read(bytes, wtl_written(&writer), &request);
}

Test(cli_frame, T10_bad_questions_are_refused)
{
    struct wtl__request request;
    char many[600];
    memset(many, 'a', sizeof many);
    cr_expect_eq(read_verb("ls", 2, "verb"), WTL_OK);
    cr_expect_eq(read_verb("", 0, "verb"), WTL_INVALID);
    cr_expect_eq(read_verb("ls", 2, "no verb"), WTL_INVALID);
    cr_expect_eq(read_verb("l\0s", 3, "verb"), WTL_BAD_PAYLOAD);
    cr_expect_eq(read_verb(many, WTL__CONTROL_VERB_MAX, "verb"), WTL_OK);
    cr_expect_eq(read_verb(many, WTL__CONTROL_VERB_MAX + 1, "verb"), WTL_BAD_PAYLOAD);
    cr_expect_eq(read_verb(many, sizeof many, "node"), WTL_BAD_PAYLOAD);
    cr_expect_neq(wtl__request_read("", 0, &request), WTL_OK);
    cr_expect_neq(wtl__request_read("\xdf\xff\xff\xff\xff", 5, &request), WTL_OK);
    cr_expect_neq(wtl__request_read("\xc1", 1, &request), WTL_OK);
    /* a name that is no name */
    struct wtl__request bad = {.verb = "x", .node = "../../x"};
    uint8_t bytes[256];
    size_t size = put_request(bytes, sizeof bytes, &bad);
    cr_expect_eq(wtl__request_read(bytes, size, &request), WTL_INVALID);
    /* too many words */
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    wtl_put_map(&writer, 2);
    WTL_PUT_KEY(&writer, "verb");
    wtl_put_strz(&writer, "x");
    WTL_PUT_KEY(&writer, "args");
    wtl_put_array(&writer, WTL__CONTROL_ARGS_MAX + 1);
    for (uint32_t i = 0; i <= WTL__CONTROL_ARGS_MAX; i++) {
        wtl_put_strz(&writer, "a");
    }
    cr_expect_eq(wtl__request_read(bytes, wtl_written(&writer), &request), WTL_BAD_PAYLOAD);
}

Test(cli_frame, T10_a_question_that_is_too_large)
{
    uint8_t *bytes = calloc(1, WTL__CONTROL_REQUEST_MAX + 1);
    struct wtl__request request;
    cr_expect_eq(wtl__request_read(bytes, WTL__CONTROL_REQUEST_MAX + 1, &request), WTL_TOO_LARGE);
    free(bytes);
}

static const struct wtl__column two[] = {{"A", WTL__COLUMN_TEXT, false},
                                         {"B", WTL__COLUMN_COUNT, true}};

static size_t put_table(uint8_t *bytes, size_t room, uint32_t cells, uint32_t rows)
{
    struct wtl_writer writer = wtl_writer_over(bytes, room);
    wtl__reply_begin(&writer, WTL__SHAPE_TABLE, two, 2, rows, rows);
    for (uint32_t i = 0; i < rows; i++) {
        wtl_put_array(&writer, cells);
        for (uint32_t j = 0; j < cells; j++) {
            wtl_put_u64(&writer, j);
        }
    }
    cr_assert(!writer.failed);
    return wtl_written(&writer);
}

Test(cli_frame, U03_rows_have_as_many_cells_as_there_are_columns)
{
    uint8_t bytes[512];
    struct wtl__reply reply;
    cr_expect_eq(wtl__reply_read(bytes, put_table(bytes, sizeof bytes, 2, 3), &reply), WTL_OK);
    cr_expect_eq(reply.rows, 3);
    cr_expect_eq(wtl__reply_read(bytes, put_table(bytes, sizeof bytes, 1, 3), &reply),
                 WTL_BAD_PAYLOAD);
    cr_expect_eq(wtl__reply_read(bytes, put_table(bytes, sizeof bytes, 3, 3), &reply),
                 WTL_BAD_PAYLOAD);
}

/* {status: 0, shape: 1} and then, `in_order` or not, one column and two rows without a cell. */
static enum wtl_status read_order(bool in_order, uint32_t columns)
{
    uint8_t bytes[128];
    struct wtl__reply reply;
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    wtl_put_map(&writer, 4);
    WTL_PUT_KEY(&writer, "status");
    wtl_put_u64(&writer, WTL_OK);
    WTL_PUT_KEY(&writer, "shape");
    wtl_put_u64(&writer, WTL__SHAPE_TABLE);
    for (int part = 0; part < 2; part++) {
        if ((part == 0) == in_order) {
            WTL_PUT_KEY(&writer, "columns");
            wtl_put_array(&writer, columns);
            for (uint32_t i = 0; i < columns; i++) {
                wtl_put_array(&writer, 3);
                wtl_put_strz(&writer, "A");
                wtl_put_u64(&writer, WTL__COLUMN_TEXT);
                wtl_put_bool(&writer, false);
            }
        } else {
            WTL_PUT_KEY(&writer, "rows");
            wtl_put_array(&writer, 2);
            for (int row = 0; row < 2; row++) {
                wtl_put_array(&writer, in_order ? columns : 0);
                for (uint32_t i = 0; in_order && i < columns; i++) {
                    wtl_put_nil(&writer);
                }
            }
        }
    }
    return wtl__reply_read(bytes, wtl_written(&writer), &reply);
}

Test(cli_frame, U03_a_table_has_columns_and_they_come_first)
{
    cr_expect_eq(read_order(true, 1), WTL_OK);
    cr_expect_eq(read_order(true, 0), WTL_BAD_PAYLOAD, "rows of nothing");
    cr_expect_eq(read_order(false, 1), WTL_BAD_PAYLOAD, "rows that nothing was known about");
}

Test(cli_frame, U05_text_replies)
{
    uint8_t bytes[1024];
    struct wtl__reply reply;
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    wtl__reply_text(&writer, WTL_DENIED, "because of %s", "this");
    cr_assert_eq(wtl__reply_read(bytes, wtl_written(&writer), &reply), WTL_OK);
    cr_expect_eq(reply.status, WTL_DENIED);
    cr_expect_eq(reply.shape, 0);
    cr_expect_eq(reply.text_size, strlen("because of this"));
    cr_expect_neq(wtl__reply_read("\x80", 1, &reply), WTL_OK, "without a status");
}

/* Every prefix, and every byte turned: it is refused or read, and nothing else happens. */
Test(cli_frame, T10_damaged_bytes_never_do_harm)
{
    uint8_t bytes[256];
    uint8_t damaged[256];
    struct wtl__reply reply;
    struct wtl__request request;
    size_t size = put_table(bytes, sizeof bytes, 2, 4);
    for (size_t cut = 0; cut < size; cut++) {
        cr_expect_neq(wtl__reply_read(bytes, cut, &reply), WTL_OK, "cut at %zu", cut);
    }
    for (size_t at = 0; at < size; at++) {
        for (unsigned bit = 0; bit < 256; bit++) {
            memcpy(damaged, bytes, size);
            damaged[at] = (uint8_t)bit;
            if (wtl__reply_read(damaged, size, &reply) == WTL_OK) {
                for (uint32_t cell = 0; cell < reply.rows * reply.columns_count; cell++) {
                    (void)wtl__reply_cell(&reply, cell % reply.columns_count == 0);
                }
                cr_expect(!reply.cells.failed);
            }
            cr_expect_neq(wtl__request_read(damaged, size, &request), WTL_OK,
                          "a table is no question");
        }
    }
}
