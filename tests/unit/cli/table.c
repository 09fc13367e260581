/* table.c - U03: tables and JSON from the same cells. */
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "kit.h"

static const struct wtl__column columns[] = {
    {"NAME", WTL__COLUMN_TEXT, false},      {"STATE", WTL__COLUMN_TEXT, false},
    {"FRAMES-IN", WTL__COLUMN_COUNT, true}, {"MEMORY", WTL__COLUMN_BYTES, true},
    {"RTT", WTL__COLUMN_US, false},         {"UP", WTL__COLUMN_AGE, false},
    {"CERT", WTL__COLUMN_DAYS, false},
};

struct answer {
    uint8_t bytes[8192];
    struct wtl_writer writer;
    struct wtl__reply reply;
    struct wtl__table table;
};

static void put_row(struct wtl_writer *writer, const char *name, const char *state, int64_t frames,
                    int64_t memory, int64_t rtt, int64_t up, int64_t cert)
{
    const int64_t numbers[] = {frames, memory, rtt, up, cert};
    wtl_put_array(writer, 7);
    wtl_put_strz(writer, name);
    wtl_put_strz(writer, state);
    for (size_t i = 0; i < 5; i++) {
        if (numbers[i] == INT64_MIN) {
            wtl_put_nil(writer);
        } else {
            wtl_put_i64(writer, numbers[i]);
        }
    }
}

static struct answer *answer_begin(const struct wtl__column *first, uint32_t count, uint32_t rows,
                                   uint64_t total, enum wtl__reply_shape shape)
{
    struct answer *answer = calloc(1, sizeof *answer);
    cr_assert(answer != NULL);
    answer->writer = wtl_writer_over(answer->bytes, sizeof answer->bytes);
    wtl__reply_begin(&answer->writer, shape, first, count, rows, total);
    return answer;
}

static void answer_read(struct answer *answer)
{
    cr_assert(!answer->writer.failed);
    cr_assert_eq(wtl__reply_read(answer->bytes, wtl_written(&answer->writer), &answer->reply),
                 WTL_OK);
    cr_assert_eq(wtl__table_init(&answer->table, &answer->reply), WTL_OK);
}

static void answer_free(struct answer *answer)
{
    wtl__table_deinit(&answer->table);
    free(answer);
}

static struct answer *three(uint64_t total)
{
    struct answer *answer = answer_begin(columns, 7, 3, total, WTL__SHAPE_TABLE);
    put_row(&answer->writer, "edge-1", "up", 12, 2048, 1234, 3723000, 89);
    put_row(&answer->writer, "cloud-with-a-long-name", "down", 0, 0, INT64_MIN, 90061000, -3);
    put_row(&answer->writer, "dev-1", "up", 4000000, 1610612736, 25, 150, 0);
    answer_read(answer);
    return answer;
}

static char *printed(const struct answer *answer, struct wtl__table_style style)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    wtl__table_print(&answer->table, style, file);
    (void)fclose(file);
    return text;
}

static char *as_json(const struct answer *answer)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    wtl__table_json(&answer->table, file);
    (void)fclose(file);
    return text;
}

Test(cli_table, U03_columns_totals_and_dashes)
{
    struct answer *answer = three(3);
    char *text = printed(answer, (struct wtl__table_style){0});
    EXPECT_TEXT(text, "NAME                    STATE  FRAMES-IN  MEMORY    RTT     UP  CERT\n"
                      "edge-1                  up            12  2.0KiB  1.2ms   1h2m   89d\n"
                      "cloud-with-a-long-name  down           -       -      -   1d1h   -3d\n"
                      "dev-1                   up       4000000  1.5GiB   25us  150ms    0d\n"
                      "3 in all                         4000012  1.5GiB\n");
    free(text);
    answer_free(answer);
}

Test(cli_table, U03_json_has_the_same_data_with_units)
{
    struct answer *answer = three(3);
    char *text = as_json(answer);
    EXPECT_TEXT(text,
                "[{\"name\":\"edge-1\",\"state\":\"up\",\"frames_in\":12,\"memory_bytes\":2048,"
                "\"rtt_us\":1234,\"up_ms\":3723000,\"cert_days\":89},\n"
                " {\"name\":\"cloud-with-a-long-name\",\"state\":\"down\",\"frames_in\":0,"
                "\"memory_bytes\":0,\"rtt_us\":null,\"up_ms\":90061000,\"cert_days\":-3},\n"
                " {\"name\":\"dev-1\",\"state\":\"up\",\"frames_in\":4000000,"
                "\"memory_bytes\":1610612736,\"rtt_us\":25,\"up_ms\":150,\"cert_days\":0}]\n");
    free(text);
    answer_free(answer);
}

Test(cli_table, U03_sorted_by_any_column)
{
    static const struct {
        const char *column;
        const char *order[3];
    } cases[] = {
        {"frames-in", {"dev-1", "edge-1", "cloud"}},
        {"NAME", {"cloud", "dev-1", "edge-1"}},
        {"Rtt", {"edge-1", "dev-1", "cloud"}}, /* what is not known comes last */
        {"CERT", {"edge-1", "dev-1", "cloud"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer *answer = three(3);
        cr_expect_eq(wtl__table_sort(&answer->table, cases[i].column), WTL_OK);
        char *text = printed(answer, (struct wtl__table_style){.quiet = true});
        const char *at = text;
        for (size_t row = 0; row < 3; row++) {
            const char *found = strstr(at, cases[i].order[row]);
            cr_expect(found != NULL && (found == text || found[-1] == '\n'),
                      "sorted by %s, row %zu is not %s:\n%s", cases[i].column, row,
                      cases[i].order[row], text);
            at = found != NULL ? found + 1 : at;
        }
        free(text);
        cr_expect_eq(wtl__table_sort(&answer->table, "frames"), WTL_NOT_FOUND);
        answer_free(answer);
    }
}

Test(cli_table, U03_quiet_has_neither_head_nor_totals)
{
    struct answer *answer = three(3);
    char *text = printed(answer, (struct wtl__table_style){.quiet = true});
    cr_expect_eq(strncmp(text, "edge-1 ", 7), 0, "%s", text);
    cr_expect_null(strstr(text, "in all"));
    free(text);
    answer_free(answer);
}

Test(cli_table, U03_says_when_not_all_rows_are_shown)
{
    struct answer *answer = three(70000);
    char *text = printed(answer, (struct wtl__table_style){0});
    EXPECT_HAS(text, "\n70000 in all");
    EXPECT_HAS(text, "\n3 of 70000 are shown\n");
    free(text);
    answer_free(answer);
}

Test(cli_table, U07_rows_of_what_is_down_are_dimmed)
{
    struct answer *answer = three(3);
    char *text = printed(answer, (struct wtl__table_style){.color = true});
    EXPECT_HAS(text, "\033[1mNAME");
    EXPECT_HAS(text, "\033[2mcloud-with-a-long-name");
    cr_expect_null(strstr(text, "\033[2medge-1"));
    free(text);
    answer_free(answer);
}

Test(cli_table, T02_depth_indents)
{
    static const struct wtl__column tree[] = {{"DEPTH", WTL__COLUMN_DEPTH, false},
                                              {"ACTOR", WTL__COLUMN_TEXT, false},
                                              {"RESTARTS", WTL__COLUMN_COUNT, false}};
    struct answer *answer = answer_begin(tree, 3, 3, 3, WTL__SHAPE_TABLE);
    static const char *const names[] = {"top", "middle", "leaf"};
    for (uint32_t i = 0; i < 3; i++) {
        wtl_put_array(&answer->writer, 3);
        wtl_put_u64(&answer->writer, i);
        wtl_put_strz(&answer->writer, names[i]);
        wtl_put_u64(&answer->writer, i * 7);
    }
    answer_read(answer);
    char *text = printed(answer, (struct wtl__table_style){0});
    EXPECT_TEXT(text, "ACTOR     RESTARTS\n"
                      "top              -\n"
                      "  middle         7\n"
                      "    leaf        14\n");
    free(text);
    text = as_json(answer);
    EXPECT_HAS(text, "{\"depth\":2,\"actor\":\"leaf\",\"restarts\":14}");
    free(text);
    answer_free(answer);
}

/* Of modules in processes of their own: seen where there is one, and in JSON always. */
static void has_process(int64_t process, const char *printed_as, const char *json)
{
    static const struct wtl__column actors[] = {{"NAME", WTL__COLUMN_TEXT, false},
                                                {"TYPE", WTL__COLUMN_TEXT, false},
                                                {"PROCESS", WTL__COLUMN_PROCESS, false}};
    struct answer *answer = answer_begin(actors, 3, 2, 2, WTL__SHAPE_TABLE);
    for (uint32_t i = 0; i < 2; i++) {
        wtl_put_array(&answer->writer, 3);
        wtl_put_strz(&answer->writer, i == 0 ? "one" : "two");
        wtl_put_strz(&answer->writer, i == 0 ? "worker" : "t");
        if (i == 1 && process != 0) {
            wtl_put_i64(&answer->writer, process);
        } else {
            wtl_put_nil(&answer->writer);
        }
    }
    answer_read(answer);
    char *text = printed(answer, (struct wtl__table_style){0});
    EXPECT_TEXT(text, printed_as);
    free(text);
    text = as_json(answer);
    EXPECT_HAS(text, json);
    free(text);
    answer_free(answer);
}

Test(cli_table, U03_processes_are_shown_where_there_are_some)
{
    has_process(0,
                "NAME  TYPE\n"
                "one   worker\n"
                "two   t\n",
                "{\"name\":\"two\",\"type\":\"t\",\"process\":null}");
    has_process(4711,
                "NAME  TYPE    PROCESS\n"
                "one   worker        -\n"
                "two   t          4711\n",
                "{\"name\":\"two\",\"type\":\"t\",\"process\":4711}");
}

Test(cli_table, U03_a_record_is_printed_line_by_line)
{
    struct answer *answer = answer_begin(columns, 7, 1, 1, WTL__SHAPE_RECORD);
    put_row(&answer->writer, "edge-1", "up", 0, 2048, 1234, 5000, 89);
    answer_read(answer);
    char *text = printed(answer, (struct wtl__table_style){0});
    EXPECT_TEXT(text, "NAME       edge-1\nSTATE      up\nFRAMES-IN  -\nMEMORY     2.0KiB\n"
                      "RTT        1.2ms\nUP         5s\nCERT       89d\n");
    free(text);
    text = as_json(answer);
    cr_expect_eq(text[0], '{', "one object, no array: %s", text);
    free(text);
    answer_free(answer);
}

/* What a node sends may be made to look like something else on a terminal. */
Test(cli_table, U03_foreign_text_is_harmless)
{
    struct answer *answer = answer_begin(columns, 7, 2, 2, WTL__SHAPE_TABLE);
    put_row(&answer->writer, "\033]0;owned\007\r\nfake row", "up\xff\xfe", 1, 1, 1, 1, 1);
    put_row(&answer->writer,
            "a\xe2\x80\xae"
            "b\"\\\x01",
            "ok", 1, 1, 1, 1, 1);
    answer_read(answer);
    char *text = printed(answer, (struct wtl__table_style){0});
    cr_expect_null(strchr(text, 033));
    cr_expect_null(strchr(text, '\r'));
    cr_expect_null(strchr(text, 007));
    EXPECT_HAS(text, "?]0;owned???fake row");
    EXPECT_HAS(text, "up??");
    cr_expect_null(strstr(text, "\xe2\x80\xae"), "no bidirectional override");
    free(text);
    text = as_json(answer);
    EXPECT_HAS(text, "\"\\u001b]0;owned\\u0007\\u000d\\u000afake row\"");
    EXPECT_HAS(text, "\"up\\ufffd\\ufffd\"");
    EXPECT_HAS(text, "\"a\\u202eb\\\"\\\\\\u0001\"");
    free(text);
    answer_free(answer);
}

Test(cli_table, U03_long_and_wide_text_is_cut)
{
    struct answer *answer = answer_begin(columns, 1, 3, 3, WTL__SHAPE_TABLE);
    char many[4000];
    memset(many, 'x', sizeof many);
    wtl_put_array(&answer->writer, 1);
    wtl_put_str(&answer->writer, many, sizeof many);
    for (size_t i = 0; i + 2 < sizeof many; i += 2) {
        memcpy(many + i, "\xcc\x81", 2); /* accents without a letter: bytes, and no width */
    }
    wtl_put_array(&answer->writer, 1);
    wtl_put_str(&answer->writer, many, 2000);
    wtl_put_array(&answer->writer, 1);
    wtl_put_nil(&answer->writer);
    answer_read(answer);
    char *text = printed(answer, (struct wtl__table_style){0});
    cr_expect_leq(strlen(text), 1000, "a row is bounded: %zu bytes", strlen(text));
    free(text);
    answer_free(answer);
}

Test(cli_table, U03_numbers_for_people)
{
    static const struct {
        enum wtl__column_kind kind;
        int64_t number;
        const char *text;
    } cases[] = {
        {WTL__COLUMN_COUNT, 0, "-"},         {WTL__COLUMN_COUNT, 123456789, "123456789"},
        {WTL__COLUMN_COUNT, -5, "-5"},       {WTL__COLUMN_BYTES, 0, "-"},
        {WTL__COLUMN_BYTES, 1023, "1023B"},  {WTL__COLUMN_BYTES, 10240, "10KiB"},
        {WTL__COLUMN_BYTES, 1536, "1.5KiB"}, {WTL__COLUMN_US, 999, "999us"},
        {WTL__COLUMN_US, 25000, "25ms"},     {WTL__COLUMN_US, 2500000, "2.5s"},
        {WTL__COLUMN_AGE, 0, "0s"},          {WTL__COLUMN_AGE, 999, "999ms"},
        {WTL__COLUMN_AGE, 61000, "1m1s"},    {WTL__COLUMN_AGE, 172800000, "2d"},
        {WTL__COLUMN_AGE, 3600000, "1h"},    {WTL__COLUMN_DAYS, 0, "0d"},
        {WTL__COLUMN_DAYS, -12, "-12d"},     {WTL__COLUMN_COUNT, INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char room[WTL__CELL_TEXT];
        EXPECT_TEXT(wtl__number_text(cases[i].kind, cases[i].number, room), cases[i].text);
    }
}
