/*
 * render.c - how errors look: the caret under tabs, wide characters and long lines; codes and their
 * explanations; bounds.
 */
#include "kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(flow, U05_the_caret_survives_tabs)
{
    kit_refused("\tpush ~>\tm.a ~> output", "error[E0222]: it is not said where `a` runs\n"
                                            " --> t.flow:1:10\n"
                                            "  |\n"
                                            "1 | \tpush ~>\tm.a ~> output\n"
                                            "  | \t       \t^^^\n"
                                            "  = help: m.a @edge, or another place: @each:device, "
                                            "@cloud/NODE, @with:STAGE\n");
}

/* One character of two bytes, one of two cells, one of none. */
Test(flow, U05_the_caret_survives_utf8)
{
    kit_refused("push ~> m.a @edge { x = \"\xc3\xa4\xe6\xb8\xa9"
                "e\xcc\x81\" } -> output",
                "error[E0203]: `->` is not an arrow\n"
                " --> t.flow:1:34\n"
                "  |\n"
                "1 | push ~> m.a @edge { x = \"\xc3\xa4\xe6\xb8\xa9"
                "e\xcc\x81\" } -> output\n"
                "  |                                  ^^\n"
                "  = help: write `~>` (forward only) or `<~>` (forward, and answers come back)\n");
}

Test(flow, U05_the_line_number_widens_the_margin)
{
    kit_refused("\n\n\n\n\n\n\n\n\npush", "error[E0213]: nothing stands behind `push`\n"
                                          "  --> t.flow:10:1\n"
                                          "   |\n"
                                          "10 | push\n"
                                          "   | ^^^^\n"
                                          "   = help: a chain leads somewhere: push producer ~> "
                                          "consumer\n");
}

Test(flow, U05_a_long_line_is_cut_around_the_caret)
{
    char source[2048];
    memset(source, ' ', sizeof source);
    memcpy(source, "push ~> m.a @edge", 17);
    memcpy(source + 1000, "-> output #", 11);
    memset(source + 1011, 'x', 1000);
    source[2011] = '\0';
    cr_assert(kit_read(source) == WTL_INVALID);
    const char *text = kit_text(source);
    const char *line = strstr(text, "1 | ...");
    const char *caret = strstr(text, "^^");
    cr_assert(line != NULL && caret != NULL, "%s", text);
    const char *arrow = strstr(line, "->");
    const char *caret_line = caret;
    while (caret_line[-1] != '\n') {
        caret_line--;
    }
    cr_assert(arrow - line == caret - caret_line, "%s", text);
    cr_assert(strstr(line, "xxx...\n") != NULL, "%s", text);
    cr_assert(strlen(text) < 600);
}

Test(flow, U05_what_a_terminal_would_obey_is_not_shown)
{
    kit_refused("push ~> m.a @edge \x1b[31m ~> output",
                "error[E0202]: a character that cannot be seen: U+001B\n"
                " --> t.flow:1:19\n"
                "  |\n"
                "1 | push ~> m.a @edge ?[31m ~> output\n"
                "  |                   ^\n"
                "  = help: remove it\n"
                "error[E0206]: expected `~>` or `<~>`, found `[`\n"
                " --> t.flow:1:20\n"
                "  |\n"
                "1 | push ~> m.a @edge ?[31m ~> output\n"
                "  |                    ^\n"
                "  = help: stages are joined by arrows\n");
    cr_assert(kit_read("# \xff\npush ~> m.a @edge ~> output") == WTL_INVALID);
    cr_assert_str_eq(kit_diags.list[0].text, "a byte that is not UTF-8: 0xff");
    cr_assert(kit_read("# \xe2\x80\xae\npush ~> m.a @edge ~> output") == WTL_INVALID);
    cr_assert_str_eq(kit_diags.list[0].text, "a character that cannot be seen: U+202E");
}

Test(flow, U05_twenty_are_kept_and_all_are_counted)
{
    char source[4096] = "";
    for (int i = 0; i < 50; i++) {
        memcpy(source + strlen(source), "push\n", sizeof "push\n");
    }
    cr_assert(kit_read(source) == WTL_INVALID);
    cr_assert(kit_diags.count == WTL_FLOW_DIAGS_MAX && kit_diags.errors == 50);
    char text[16 * 1024];
    size_t size =
        wtl_flow_diags_render(&kit_diags, "t.flow", source, strlen(source), text, sizeof text);
    cr_assert(size < sizeof text);
    const char *last = strstr(text, "t.flow: 50 errors");
    cr_assert_str_eq(last, "t.flow: 50 errors, 0 warnings (30 not shown); wattle explain E0213 "
                           "says more\n");
    char small[32];
    cr_assert(wtl_flow_diags_render(&kit_diags, "t.flow", source, strlen(source), small,
                                    sizeof small) == size,
              "the length is told whatever the room");
    cr_assert(strlen(small) == sizeof small - 1);
    cr_assert(wtl_flow_diags_render(&kit_diags, "t.flow", source, strlen(source), NULL, 0) == size);
}

Test(flow, U05_each_code_is_explained)
{
    unsigned codes = 0;
    for (unsigned number = 0; number < 1000; number++) {
        const char *title = wtl_flow_code_title(number);
        const char *explanation = wtl_flow_code_explain(number);
        cr_assert((title == NULL) == (explanation == NULL));
        if (title != NULL) {
            codes++;
            cr_assert(number > 200 && number < 300, "E%04u is not of flows", number);
            cr_assert(strlen(title) > 10 && strlen(explanation) > 60, "E%04u", number);
            cr_assert(explanation[strlen(explanation) - 1] == '.', "E%04u", number);
        }
    }
    cr_assert(codes >= 38);
}

Test(flow, bounds_a_source_that_is_too_large)
{
    size_t size = WTL_FLOW_SOURCE_MAX + 1;
    char *source = calloc(1, size + 1);
    cr_assert_not_null(source);
    memset(source, '\n', size);
    memcpy(source, "push ~> m.a @edge ~> output", 27);
    wtl_flow_diags_init(&kit_diags);
    cr_assert(wtl_flow_parse(&kit_ast, source, size, "t", &kit_diags) == WTL_INVALID);
    cr_assert(kit_diags.list[0].code == WTL_FLOW_TOO_LARGE);
    wtl_flow_diags_init(&kit_diags);
    cr_assert(wtl_flow_parse(&kit_ast, source, size - 1, "t", &kit_diags) == WTL_OK);
    free(source);
}

/* Every table, one more than it holds. */
Test(flow, bounds_too_many_of_anything)
{
    static const struct {
        const char *head;
        const char *each;
        unsigned count;
        const char *text;
    } cases[] = {
        {"", "push ~> m.a @edge ~> output\n", WTL_FLOW_CHAINS_MAX,
         "too many chains: 32 are allowed"},
        {"push", " ~> a", WTL_FLOW_STEPS_MAX, "too many steps: 256 are allowed"},
        {"push ~> {", "a,", WTL_FLOW_MEMBERS_MAX, "too many members in one group: 32 are allowed"},
        {"a = m.a @edge {", "x=1 ", WTL_FLOW_SETTINGS_MAX, "too many settings: 512 are allowed"},
        {"", "use m\n", WTL_FLOW_USES_MAX, "too many used modules: 16 are allowed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static char source[WTL_FLOW_SOURCE_MAX];
        bool found = false;
        size_t used = (size_t)snprintf(source, sizeof source, "%s", cases[i].head);
        for (unsigned k = 0; k <= cases[i].count; k++) {
            used += (size_t)snprintf(source + used, sizeof source - used, "%s", cases[i].each);
        }
        cr_assert(kit_read(source) == WTL_INVALID);
        for (unsigned k = 0; k < kit_diags.count; k++) {
            found |= strcmp(kit_diags.list[k].text, cases[i].text) == 0;
        }
        cr_expect(found || kit_diags.errors > WTL_FLOW_DIAGS_MAX, "%s\n%s", cases[i].text,
                  kit_text(source));
    }
}

Test(flow, bounds_too_many_stages)
{
    static char source[WTL_FLOW_SOURCE_MAX];
    size_t used = 0;
    for (unsigned i = 0; i < WTL_FLOW_STAGES_MAX; i++) {
        used += (size_t)snprintf(source + used, sizeof source - used, "s%u = m.a @edge\n", i);
    }
    (void)snprintf(source + used, sizeof source - used, "push ~> s0 ~> m.one_more @edge");
    cr_assert(kit_read(source) == WTL_INVALID);
    cr_assert_str_eq(kit_diags.list[0].text, "too many stages: 128 are allowed");
    (void)snprintf(source + used, sizeof source - used, "z = m.a @edge\npush ~> s0 ~> output");
    cr_assert(kit_read(source) == WTL_INVALID);
    cr_assert_str_eq(kit_diags.list[0].text, "too many stages: 128 are allowed");
}
