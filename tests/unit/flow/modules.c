/*
 * modules.c - flows against the descriptions of their modules.
 */
#include "kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TEMP "push climate.temp @edge { bus = \"i2c-1\" } "

static void refused(const char *source, enum wtl_flow_code code, unsigned column, const char *text,
                    const char *help)
{
    cr_expect(kit_read_modules(source) == WTL_INVALID, "accepted: %s", source);
    cr_expect(kit_diags.errors == 1, "%s\n%s", source, kit_text(source));
    cr_expect(kit_diags.list[0].code == code, "%s\n%s", source, kit_text(source));
    cr_expect(kit_diags.list[0].at.column == column, "%s\n%s", source, kit_text(source));
    cr_expect_str_eq(kit_diags.list[0].text, text);
    cr_expect_str_eq(kit_diags.list[0].help, help);
}

static void accepted(const char *source)
{
    cr_expect(kit_read_modules(source) == WTL_OK, "%s\n%s", source, kit_text(source));
}

Test(flow, F66_modules_and_actors)
{
    accepted("use climate >= 1.2\n" TEMP "~> climate.store @cloud");
    refused("push ~> wether.clean @edge ~> output", WTL_FLOW_UNKNOWN_MODULE, 9,
            "there is no module `wether`", "`wattle module ls` shows those that are installed");
    refused("push ~> climate.claen @edge ~> output", WTL_FLOW_UNKNOWN_ACTOR, 9,
            "module `climate` has no actor `claen`", "did you mean `climate.clean`?");
    refused("push ~> climate.alarm @edge ~> output", WTL_FLOW_UNKNOWN_ACTOR, 9,
            "module `climate` has no actor `alarm`", "it has temp, clean, store, plain");
    refused("use climate\npush ~> climate.clean @edge ~> sotre", WTL_FLOW_UNKNOWN_ACTOR, 32,
            "module `climate` has no actor `sotre`", "did you mean `climate.store`?");
    refused("push ~> climate.clean @edge ~> claen", WTL_FLOW_UNKNOWN_MODULE, 32,
            "there is no module `t`", "did you mean the stage `clean`?");
}

Test(flow, F66_versions)
{
    accepted("use climate >= 1.2.0\npush ~> climate.clean @edge ~> output");
    accepted("use climate >= 1.1.9\npush ~> climate.clean @edge ~> output");
    accepted("use climate >= 0.10\npush ~> climate.clean @edge ~> output");
    accepted("use climate >= 1\npush ~> climate.clean @edge ~> output");
    refused("use climate >= 1.10\npush ~> climate.clean @edge ~> output", WTL_FLOW_MODULE_VERSION,
            5, "module `climate` is version 1.2.0, and 1.10 is wanted",
            "start the node with a newer climate, or lower the number here");
}

Test(flow, F66_unknown_and_missing_settings)
{
    refused("push climate.temp @edge { bus = b, peroid = 60s } ~> output", WTL_FLOW_UNKNOWN_SETTING,
            36, "`climate.temp` has no setting `peroid`", "did you mean `period`?");
    refused("push climate.temp @edge { bus = b, colour = red } ~> output", WTL_FLOW_UNKNOWN_SETTING,
            36, "`climate.temp` has no setting `colour`",
            "it has bus, period, offset, retries, buffer, fast");
    refused("push ~> climate.clean @edge { x = 1 } ~> output", WTL_FLOW_UNKNOWN_SETTING, 31,
            "`climate.clean` has no setting `x`", "it has no settings at all");
    refused("push climate.temp @edge ~> output", WTL_FLOW_MISSING_SETTING, 6,
            "`temp` needs the setting `bus`",
            "write { bus = ... } behind it: the bus that it hangs on");
}

static void setting(const char *given, unsigned column, const char *text, const char *help)
{
    char source[256];
    (void)snprintf(source, sizeof source, "push climate.temp @edge { bus = b, %s } ~> output",
                   given);
    if (text == NULL) {
        accepted(source);
    } else {
        refused(source, WTL_FLOW_WRONG_TYPE, 35 + column, text, help);
    }
}

Test(flow, F66_types_and_units)
{
    setting("period = 500ms", 0, NULL, NULL);
    setting("period = 1.5h", 0, NULL, NULL);
    setting("period = 0", 0, NULL, NULL);
    setting("period = 60", 10, "setting `period` takes a duration, and a unit is missing",
            "for example period = 500ms, 60s or 5m");
    setting("period = 60sec", 10, "setting `period` takes a duration, and sec is no unit of one",
            "for example period = 500ms, 60s or 5m");
    setting("period = -5s", 10, "setting `period` takes a duration, which is not negative",
            "for example period = 500ms, 60s or 5m");
    setting("period = 5KiB", 10, "setting `period` takes a duration, and this is a size",
            "for example period = 500ms, 60s or 5m");
    setting("offset = 1", 0, NULL, NULL);
    setting("offset = -1e-3", 0, NULL, NULL);
    setting("offset = 1.5celsius", 0, NULL, NULL);
    setting("offset = 1.5kelvin", 10, "setting `offset` is counted in celsius and not in kelvin",
            "for example offset = 0.5");
    setting("offset = \"1\"", 10, "setting `offset` takes a number, and this is text in quotes",
            "for example offset = 0.5");
    setting("retries = 5s", 0, NULL, NULL);
    setting("retries = 5m", 11, "setting `retries` is counted in s and not in m",
            "for example retries = 12");
    setting("retries = 1.5", 11,
            "setting `retries` takes an integer, and this is a decimal fraction",
            "for example retries = 12");
    setting("buffer = 512", 0, NULL, NULL);
    setting("buffer = 10MiB", 0, NULL, NULL);
    setting("buffer = 10MB", 10, "setting `buffer` takes a size in bytes, and MB is no unit of one",
            "for example buffer = 512, 64KiB or 10MiB");
    setting("fast = true", 0, NULL, NULL);
    setting("fast = 1", 8, "setting `fast` takes true or false, and this is an integer",
            "for example fast = true");
    setting("fast = yes", 8, "setting `fast` takes true or false, and this is a plain word",
            "for example fast = true");
}

static bool is_climate(void *context, const struct wtl_flow_ast *ast, uint16_t stage)
{
    (void)context;
    return strcmp(wtl_flow_str(ast, ast->stages[stage].module), "climate") == 0;
}

Test(flow, F66_stages_of_modules_that_are_elsewhere_are_passed_over)
{
    struct wtl_flow_modules known = kit_modules;
    known.is_known = is_climate;
    cr_expect_eq(kit_read("use far >= 9\nuse climate\n" TEMP "~> far.away @cloud { x = 1 }"),
                 WTL_OK);
    cr_expect_eq(wtl_flow_check_modules(&kit_ast, &known, &kit_diags), WTL_OK, "%s", kit_text(""));
    cr_expect_eq(kit_read("push climate.temp @edge { bus = b, x = 1 } ~> far.away @cloud"), WTL_OK);
    cr_expect_eq(wtl_flow_check_modules(&kit_ast, &known, &kit_diags), WTL_INVALID);
    cr_expect_eq(kit_diags.errors, 1);
    cr_expect_eq(kit_diags.list[0].code, WTL_FLOW_UNKNOWN_SETTING);
}

Test(flow, F66_producers_begin_and_consumers_end)
{
    accepted(TEMP "~> climate.clean @edge ~> climate.store @cloud");
    accepted(TEMP "~> {climate.clean, climate.store} @edge");
    accepted(TEMP "~> climate.clean @edge\npush clean ~> climate.store @cloud");
    refused("push climate.clean @edge ~> climate.store @edge", WTL_FLOW_WRONG_KIND, 6,
            "`clean` begins this chain and is no producer",
            "begin with a producer, or write the arrow directly behind the input word to take "
            "messages from clients");
    refused(TEMP "~> climate.clean @edge", WTL_FLOW_WRONG_KIND, 46,
            "`clean` ends this chain and is no consumer",
            "end with a consumer, or with `output` for clients");
    refused(TEMP "~> climate.store @edge ~> output", WTL_FLOW_WRONG_KIND, 46,
            "`store` is a consumer, and an arrow leads on from it",
            "a consumer ends a chain; beside others it can stand in { }");
    refused("push ~> climate.temp @edge { bus = b } ~> output", WTL_FLOW_WRONG_KIND, 9,
            "`temp` is a producer, and an arrow leads to it", "a producer begins a chain");
    refused(
        "push ~> climate.plain @edge ~> output", WTL_FLOW_WRONG_KIND, 9,
        "`plain` is no producer, processor or consumer",
        "its description says what it is, .kind = WTL_PROCESSOR; what is no stage is spawned by "
        "another actor");
}
