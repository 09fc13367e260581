/*
 * settings.c - the settings struct of a stage.
 */
#include "kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct kit_temp_settings fill(const char *settings)
{
    char source[256];
    struct kit_temp_settings filled;
    struct wtl_error error = {0};
    (void)snprintf(source, sizeof source, "push climate.temp @edge { %s } ~> output", settings);
    cr_assert(kit_read_modules(source) == WTL_OK, "%s", kit_text(source));
    memset(&filled, 0xa5, sizeof filled);
    enum wtl_status status =
        wtl_flow_settings_fill(&kit_ast, 0, &kit_temp, &filled, sizeof filled, &error);
    cr_assert(status == WTL_OK, "%s", error.text);
    return filled;
}

Test(flow, F66_defaults_are_filled_in)
{
    struct kit_temp_settings filled = fill("bus = \"i2c-1\"");
    cr_assert_str_eq(filled.bus, "i2c-1");
    cr_assert(filled.period == 60000);
    cr_assert(filled.offset == -0.5);
    cr_assert(filled.retries == 3);
    cr_assert(filled.buffer == 65536);
    cr_assert(!filled.fast);
}

Test(flow, F66_given_values_win)
{
    struct kit_temp_settings filled =
        fill("bus = \"a \\\"b\\\"\\\\\\n\\t\xc3\xa4\", period = 1.5h; offset = -2.5e+1celsius "
             "retries = 5s, buffer = 0.5MiB, fast = true");
    cr_assert_str_eq(filled.bus, "a \"b\"\\\n\t\xc3\xa4");
    cr_assert(filled.period == 5400000);
    cr_assert(filled.offset == -25.0);
    cr_assert(filled.retries == 5);
    cr_assert(filled.buffer == 524288);
    cr_assert(filled.fast);
    cr_assert(fill("bus = plain-word").bus[5] == '-');
    cr_assert(fill("bus = b retries = -9223372036854775808").retries == INT64_MIN);
    cr_assert(fill("bus = b period = 2d").period == INT64_C(172800000));
    cr_assert(fill("bus = \"\"").bus[0] == '\0');
}

Test(flow, F66_fractions_are_what_the_compiler_reads)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"0.1", 0.1},         {"123.456", 123.456}, {"1e22", 1e22},     {"-0.0", -0.0},
                 {"3.14159", 3.14159}, {"1e-7", 1e-7},       {"2.5e-3", 2.5e-3}, {"0.30", 0.3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char source[64];
        (void)snprintf(source, sizeof source, "bus = b offset = %s", cases[i].text);
        double value = fill(source).offset;
        cr_expect(value == cases[i].value, "%s gave %.17g", cases[i].text, value);
    }
}

struct one {
    int64_t value;
};

static enum wtl_status fill_one(const struct wtl_field *fields, uint32_t size, const char *wanted)
{
    const struct wtl_actor actor = {.name = "one", .fields = fields, .settings_size = size};
    struct one filled = {0};
    struct wtl_error error = {0};
    enum wtl_status status =
        wtl_flow_settings_fill(NULL, 0, &actor, &filled, sizeof filled, &error);
    cr_expect_str_eq(error.text, wanted);
    return status;
}

Test(flow, F66_a_description_is_not_trusted)
{
    const struct wtl_field outside[] = {
        {.name = "x", .type = WTL_FIELD_I64, .offset = 4, .default_ = "1"}, {0}};
    const struct wtl_field far[] = {
        {.name = "x", .type = WTL_FIELD_I64, .offset = UINT32_MAX - 3, .default_ = "1"}, {0}};
    const struct wtl_field bad[] = {{.name = "x", .type = WTL_FIELD_I64, .default_ = "soon"}, {0}};
    const struct wtl_field open[] = {{.name = "x", .type = WTL_FIELD_I64}, {0}};
    const struct wtl_field odd[] = {{.name = "x", .type = (enum wtl_field_type)99, .default_ = "1"},
                                    {0}};
    cr_expect(fill_one(outside, 8, "setting x of one lies outside of its settings struct") ==
              WTL_ABI);
    cr_expect(fill_one(far, 8, "setting x of one lies outside of its settings struct") == WTL_ABI);
    cr_expect(fill_one(odd, 8, "setting x of one lies outside of its settings struct") == WTL_ABI);
    cr_expect(fill_one(bad, 8, "the declared default of setting x is not valid: soon") == WTL_ABI);
    cr_expect(fill_one(open, 8, "setting x is mandatory and was not given") == WTL_INVALID);
    cr_expect(fill_one(open, 16, "the settings of one need 16 bytes, and 8 are there") ==
              WTL_TOO_LARGE);
}
