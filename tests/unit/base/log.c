/* log.c - lines, their escaping and their rate. */
#include "base/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { KEPT = 64 * 1024 };

/* A sink that keeps what it was given. */
struct kept {
    char bytes[KEPT];
    size_t length;
    unsigned lines;
};

static void keep(void *state, const char *line, size_t length)
{
    struct kept *kept = state;
    cr_assert_lt(kept->length + length, KEPT);
    cr_assert_leq(length, WTL__LOG_LINE_MAX);
    cr_assert_eq(line[length - 1], '\n');
    cr_assert_null(memchr(line, '\n', length - 1));
    memcpy(kept->bytes + kept->length, line, length);
    kept->length += length;
    kept->bytes[kept->length] = '\0';
    kept->lines++;
}

static struct kept kept;
static struct wtl__log logger;
static struct wtl__clock_manual manual;

static void setup(void)
{
    memset(&kept, 0, sizeof kept);
    wtl__clock_manual_init(&manual, 0, UINT64_C(1795176000123456789));
    wtl__log_init(&logger);
    wtl__log_set_clock(&logger, &manual.clock);
    wtl__log_set_sink(&logger, keep, &kept);
}

TestSuite(log, .init = setup);

Test(log, U13_one_event_is_one_line)
{
    wtl__log(&logger, WTL__LOG_WARN, "peer_refused", WTL__LOG_TEXT("peer", "edge-1"),
             WTL__LOG_NUMBER("bytes", 3), WTL__LOG_SIGNED("skew_ms", -4),
             WTL__LOG_FLAG("is_known", true), WTL__LOG_TEXT("none", NULL));
    cr_assert_str_eq(kept.bytes, "2026-11-20T12:00:00.123Z warn peer_refused peer=edge-1 bytes=3 "
                                 "skew_ms=-4 is_known=true none=\"\"\n");
}

Test(log, U13_json_and_journal_carry_the_same)
{
    wtl__log_set_format(&logger, WTL__LOG_JSON);
    wtl__log(&logger, WTL__LOG_ERROR, "store_full", WTL__LOG_TEXT("path", "/var/x y"),
             WTL__LOG_NUMBER("bytes", UINT64_MAX), WTL__LOG_FLAG("is_ok", false));
    cr_assert_str_eq(kept.bytes, "{\"time\":\"2026-11-20T12:00:00.123Z\",\"level\":\"error\","
                                 "\"event\":\"store_full\",\"path\":\"/var/x y\","
                                 "\"bytes\":18446744073709551615,\"is_ok\":false}\n");
    kept.length = 0;
    wtl__log_set_format(&logger, WTL__LOG_JOURNAL);
    wtl__log(&logger, WTL__LOG_INFO, "ready");
    cr_assert_str_eq(kept.bytes, "<6>ready\n");
}

Test(log, levels_are_left_out)
{
    wtl__log(&logger, WTL__LOG_DEBUG, "quiet");
    cr_assert_eq(kept.lines, 0);
    wtl__log_set_level(&logger, WTL__LOG_DEBUG);
    wtl__log(&logger, WTL__LOG_DEBUG, "loud");
    cr_assert_eq(kept.lines, 1);
    wtl__log_set_level(&logger, WTL__LOG_ERROR);
    wtl__log(&logger, WTL__LOG_WARN, "quiet");
    cr_assert_eq(kept.lines, 1);
}

Test(log, X132_a_value_cannot_begin_a_line_or_leave_its_quotes)
{
    const char hostile[] = "a\nb\" c=\\d\x1b[2J\x7f\xff\xc2\x9b\xe2\x80\xae%s\xc3\xa9\xed\xa0\x80";
    wtl__log(&logger, WTL__LOG_INFO, "said", WTL__LOG_TEXT("text", hostile));
    cr_assert_str_eq(kept.bytes + strlen("2026-11-20T12:00:00.123Z "),
                     "info said text=\"a\\nb\\\" c=\\\\d\\x1b[2J\\x7f\\xff\\xc2\\x9b\\xe2\\x80\\xae"
                     "%s\xc3\xa9\\xed\\xa0\\x80\"\n");
    kept.length = 0;
    wtl__log_set_format(&logger, WTL__LOG_JSON);
    wtl__log(&logger, WTL__LOG_INFO, "said", WTL__LOG_BYTES("text", "\0\t\"\xff", 4));
    cr_assert_not_null(strstr(kept.bytes, "\"text\":\"\\u0000\\u0009\\\"\\u00ff\"}\n"));
}

Test(log, X132_each_single_byte_is_escaped_or_harmless)
{
    for (int byte = 0; byte < 256; byte++) {
        const char text[2] = {(char)byte, 'x'};
        const struct wtl__log_field field = WTL__LOG_BYTES("k", text, 2);
        for (int format = WTL__LOG_PLAIN; format <= WTL__LOG_JOURNAL; format++) {
            char line[WTL__LOG_LINE_MAX];
            size_t length = wtl__log_format_line(line, (enum wtl__log_format)format, 0,
                                                 WTL__LOG_INFO, "e", &field, 1, 0);
            for (size_t i = 0; i + 1 < length; i++) {
                cr_assert(line[i] >= ' ' && line[i] <= '~', "byte %d shows as it is", byte);
            }
            cr_assert_eq(line[length - 1], '\n');
        }
    }
}

Test(log, X132_a_long_value_and_many_fields_are_cut)
{
    static char text[100000];
    memset(text, '\n', sizeof text);
    for (int format = WTL__LOG_PLAIN; format <= WTL__LOG_JOURNAL; format++) {
        kept.length = 0;
        wtl__log_set_format(&logger, (enum wtl__log_format)format);
        wtl__log(&logger, WTL__LOG_INFO, "flood", WTL__LOG_BYTES("a", text, sizeof text),
                 WTL__LOG_BYTES("b", text, 400), WTL__LOG_NUMBER("n", 1));
        cr_assert_not_null(strstr(kept.bytes, "\\n...\""));
        cr_assert_null(strstr(kept.bytes, "cut"));
        kept.length = 0;
        wtl__log(&logger, WTL__LOG_INFO, "flood", WTL__LOG_BYTES("a", text, sizeof text),
                 WTL__LOG_BYTES("b", text, sizeof text), WTL__LOG_NUMBER("n", 1));
        cr_assert_not_null(strstr(kept.bytes, format == WTL__LOG_JSON ? ",\"n\":1,\"cut\":true}\n"
                                                                      : " n=1 cut=true\n"));
    }
}

Test(log, X132_a_flood_of_one_cause_does_not_silence_another)
{
    wtl__log_set_rate(&logger, 10);
    for (int i = 0; i < 1000; i++) {
        wtl__log(&logger, WTL__LOG_WARN, "flood", WTL__LOG_NUMBER("n", (uint64_t)i));
    }
    cr_assert_eq(kept.lines, 10);
    cr_assert_eq(wtl__log_suppressed(&logger), 990);
    wtl__log(&logger, WTL__LOG_WARN, "other");
    cr_assert_eq(kept.lines, 11);
    wtl__clock_manual_advance(&manual, WTL__NS_PER_S);
    kept.length = 0;
    wtl__log(&logger, WTL__LOG_WARN, "flood");
    cr_assert_not_null(strstr(kept.bytes, "flood suppressed=990\n"));
    kept.length = 0;
    wtl__log(&logger, WTL__LOG_WARN, "flood");
    cr_assert_null(strstr(kept.bytes, "suppressed"));
}

Test(log, more_causes_than_are_kept_apart_share_a_limit)
{
    char event[16];
    wtl__log_set_rate(&logger, 2);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(event, sizeof event, "event_%d", i);
        wtl__log(&logger, WTL__LOG_INFO, event);
    }
    cr_assert_leq(kept.lines, WTL__LOG_CAUSES + 2);
    cr_assert_geq(kept.lines, WTL__LOG_CAUSES / 2);
}

Test(log, the_log_of_the_process_is_ready)
{
    cr_assert(wtl__log_is_on(wtl__log_process(), WTL__LOG_INFO));
    cr_assert_not(wtl__log_is_on(wtl__log_process(), WTL__LOG_DEBUG));
    wtl__log_set_sink(wtl__log_process(), keep, &kept);
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "begun");
    cr_assert_eq(kept.lines, 1);
}
