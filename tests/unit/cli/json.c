/* json.c - L18: values between JSON and msgpack, both ways. */
#include "cli/json.h"

#include <stdlib.h>
#include <string.h>

#include "kit.h"

/* The JSON of what was read from JSON; "!" and the error when it is none. To be freed. */
static char *there_and_back(const char *json)
{
    uint8_t bytes[4096];
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    struct wtl__json_error error;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!wtl__json_read(json, strlen(json), &writer, &error)) {
        (void)fprintf(file, "!%zu %s", error.at, error.text);
    } else {
        cr_expect(wtl__json_value(file, bytes, wtl_written(&writer)), "%s", json);
    }
    (void)fclose(file);
    return text;
}

static void expect(const char *json, const char *expected)
{
    char *text = there_and_back(json);
    EXPECT_TEXT(text, expected);
    free(text);
}

Test(cli_json, L18_values_there_and_back)
{
    static const char *const same[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "1.5",
        "-0.1",
        "1e+300",
        "\"\"",
        "\"caf\u00e9 \\\" \\\\\"",
        "[]",
        "{}",
        "[1,[2,[3,{}]]]",
        "{\"a\":1,\"b\":{\"c\":[null,true,\"x\"]}}",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        expect(same[i], same[i]);
    }
    expect(" { \"a\" :\t[ 1 ,\n2 ] } ", "{\"a\":[1,2]}");
    expect("\"\\u0041\\u00e9\\ud83d\\ude00\\n\\/\"", "\"A\u00e9\U0001F600\\u000a/\"");
    expect("18446744073709551616", "1.8446744073709552e+19");
    expect("1.0", "1");
}

Test(cli_json, L18_what_is_no_json_says_where_and_why)
{
    static const struct {
        const char *json;
        const char *error;
    } cases[] = {
        {"", "!0 a value is expected"},
        {"{", "!1 a key in quotes is expected"},
        {"{\"a\"}", "!4 \":\" is expected behind a key"},
        {"{\"a\":1,}", "!7 a key in quotes is expected"},
        {"[1 2]", "!3 \",\" or \"]\" is expected"},
        {"[1,]", "!3 a value is expected"},
        {"{\"a\":1]", "!6 \",\" or \"}\" is expected"},
        {"\"abc", "!4 a string does not end"},
        {"\"a\nb\"", "!2 a control character in a string has to be escaped"},
        {"\"\\x\"", "!3 no such escape in a string"},
        {"\"\\u12g4\"", "!5 \\u wants four hexadecimal digits of a character"},
        {"\"\\ud83d\"", "!7 \\u wants four hexadecimal digits of a character"},
        {"\"\xff\"", "!2 a string is not UTF-8"},
        {"01", "!2 a value is expected"},
        {"1.", "!2 a value is expected"},
        {"-", "!1 a value is expected"},
        {"1e", "!2 a value is expected"},
        {"nul", "!0 a value is expected"},
        {"1 2", "!2 something stands behind the value"},
        {"count=1", "!0 a value is expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(cases[i].json, cases[i].error);
    }
}

Test(cli_json, L18_what_is_too_deep_or_too_large_is_refused)
{
    char deep[64];
    memset(deep, '[', sizeof deep);
    deep[WTL__JSON_DEPTH_MAX] = '\0';
    memset(deep + WTL__JSON_DEPTH_MAX, ']', WTL__JSON_DEPTH_MAX);
    deep[2 * WTL__JSON_DEPTH_MAX] = '\0';
    expect(deep, deep);
    memset(deep, '[', sizeof deep);
    deep[WTL__JSON_DEPTH_MAX + 1] = '\0';
    expect(deep, "!17 more than 16 arrays and objects are within each other");
    static char large[8192];
    memset(large, 'a', sizeof large);
    large[0] = '"';
    large[sizeof large - 2] = '"';
    large[sizeof large - 1] = '\0';
    expect(large, "!8191 it is too large");
}

Test(cli_json, L18_what_json_does_not_have)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *json;
    } cases[] = {
        {"\xc4\x03\x01\xab\xff", 5, "\"01abff\""},       /* binary data */
        {"\x81\x01\xc3", 3, "{\"1\":true}"},             /* a key that is a number */
        {"\x81\x91\xa1x\x02", 5, "{\"[\\\"x\\\"]\":2}"}, /* or an array */
        {"\xcb\x7f\xf8\0\0\0\0\0\0", 9, "null"},         /* no number */
        {"\xa4\x1b[2J", 5, "\"\\u001b[2J\""},            /* what a terminal would heed */
        {"\xa2\xff\xfe", 3, "\"\\ufffd\\ufffd\""},       /* no UTF-8 */
        {"\xd0\x80", 2, "-128"},
        {"\xe0", 1, "-32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        cr_expect(wtl__json_value(file, cases[i].bytes, cases[i].size), "case %zu", i);
        (void)fclose(file);
        EXPECT_TEXT(text, cases[i].json);
        free(text);
    }
    static const char *const none[] = {"", "\x92\x01", "\xdf\xff\xff\xff\xff", "\x01\x02", "\xc1"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        cr_expect(!wtl__json_value(stderr, none[i], strlen(none[i])), "case %zu", i);
    }
}
