/*
 * accepted.c - lines that are accepted, and the AST that they give.
 */
#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct wtl_flow_step *step(unsigned chain, unsigned index)
{
    return &kit_ast.steps[kit_ast.chains[chain].first_step + index];
}

static const char *stage_name(const struct wtl_flow_step *of, unsigned member)
{
    uint16_t stage = kit_ast.refs[of->first_ref + member].stage;
    return wtl_flow_str(&kit_ast, kit_ast.stages[stage].name);
}

static const char *place(const char *stage)
{
    static char text[WTL_FLOW_PLACE_TEXT_MAX];
    uint16_t index = wtl_flow_find_stage(&kit_ast, stage, strlen(stage));
    cr_assert(index != WTL_FLOW_NONE, "no stage %s", stage);
    return wtl_flow_place_text(&kit_ast, &kit_ast.stages[index].place, text);
}

Test(flow, F04_one_way)
{
    kit_accepted("push m.a @edge ~> m.p @edge ~> output");
    cr_assert(kit_ast.chain_count == 1 && kit_ast.chains[0].step_count == 3);
    cr_assert(kit_ast.chains[0].mode == WTL_FLOW_PUSH);
    cr_assert(step(0, 0)->arrow == WTL_FLOW_NO_ARROW && step(0, 0)->kind == WTL_FLOW_SINGLE);
    cr_assert(step(0, 1)->arrow == WTL_FLOW_ONE_WAY);
    cr_assert(step(0, 2)->arrow == WTL_FLOW_ONE_WAY && step(0, 2)->kind == WTL_FLOW_OUTPUT);
    kit_accepted("demand m.a @edge ~> m.p @edge ~> output");
    cr_assert(kit_ast.chains[0].mode == WTL_FLOW_DEMAND);
}

Test(flow, F05_two_way)
{
    static const enum wtl_flow_mode modes[] = {WTL_FLOW_PUSH, WTL_FLOW_DEMAND, WTL_FLOW_PULL};
    static const char *const lines[] = {"push <~> m.p @edge <~> output",
                                        "demand <~> m.p @edge <~> output",
                                        "pull <~> m.p @edge <~> output"};
    for (unsigned i = 0; i < 3; i++) {
        kit_accepted(lines[i]);
        cr_assert(kit_ast.chains[0].mode == modes[i]);
        cr_assert(step(0, 0)->kind == WTL_FLOW_INPUT);
        cr_assert(step(0, 1)->arrow == WTL_FLOW_TWO_WAY);
        cr_assert(step(0, 2)->arrow == WTL_FLOW_TWO_WAY);
    }
}

Test(flow, F06_F07_F08_F09_single_in_order_and_at_once)
{
    kit_accepted("push ~> m.p @edge ~> [m.a, m.b,] @edge ~> {m.c @edge, m.d @cloud} ~> output");
    cr_assert(step(0, 1)->kind == WTL_FLOW_SINGLE && step(0, 1)->ref_count == 1);
    cr_assert(step(0, 2)->kind == WTL_FLOW_SEQUENTIAL && step(0, 2)->ref_count == 2);
    cr_assert(step(0, 3)->kind == WTL_FLOW_CONCURRENT && step(0, 3)->ref_count == 2);
    cr_assert_str_eq(stage_name(step(0, 2), 0), "a");
    cr_assert_str_eq(stage_name(step(0, 2), 1), "b");
    cr_assert_str_eq(stage_name(step(0, 3), 1), "d");
}

Test(flow, F10_declarations_before_and_behind_the_chain)
{
    kit_accepted("flow climate { # a comment\n"
                 "  use climate >= 0.1\n"
                 "  temp = climate.temp @each:device { period = 60s, bus = \"i2c-1\" }\n"
                 "  push temp ~> clean *4 ~> climate.store @cloud/db-1.example; \n"
                 "  clean = climate.clean @edge\n"
                 "}\n");
    cr_assert_str_eq(wtl_flow_str(&kit_ast, kit_ast.name), "climate");
    cr_assert(kit_ast.stage_count == 3 && kit_ast.use_count == 1);
    cr_assert_str_eq(wtl_flow_str(&kit_ast, kit_ast.uses[0].version), "0.1");
    cr_assert_str_eq(place("temp"), "@each:device");
    cr_assert_str_eq(place("store"), "@cloud/db-1.example");
    cr_assert(kit_ast.stages[1].copies == 4, "a mention gives what the declaration leaves open");
    cr_assert(kit_ast.stages[0].at.line == 3 && kit_ast.stages[0].at.column == 3);
}

Test(flow, F10_a_bare_line_has_its_files_name)
{
    kit_accepted("push ~> m.p @edge ~> output");
    cr_assert_str_eq(wtl_flow_str(&kit_ast, kit_ast.name), "t");
}

Test(flow, F65_places)
{
    kit_accepted(
        "flow p {\n"
        "  push m.a @each:device <~> m.b @edge <~> [c, m.d] @with:b <~> {m.e, m.f} @any:edge\n"
        "    <~> m.g @cloud/7up.site_2\n"
        "  c = m.c\n"
        "}\n");
    cr_assert_str_eq(place("a"), "@each:device");
    cr_assert_str_eq(place("b"), "@edge");
    cr_assert_str_eq(place("c"), "@with:b");
    cr_assert_str_eq(place("d"), "@with:b");
    cr_assert_str_eq(place("e"), "@any:edge");
    cr_assert_str_eq(place("f"), "@any:edge");
    cr_assert_str_eq(place("g"), "@cloud/7up.site_2");
    uint16_t c = wtl_flow_find_stage(&kit_ast, "c", 1);
    cr_assert(kit_ast.stages[c].place.stage == wtl_flow_find_stage(&kit_ast, "b", 1));
}

static const char *module_of(const char *stage)
{
    uint16_t index = wtl_flow_find_stage(&kit_ast, stage, strlen(stage));
    cr_assert(index != WTL_FLOW_NONE, "no stage %s", stage);
    return wtl_flow_str(&kit_ast, kit_ast.stages[index].module);
}

Test(flow, F10_bare_names_are_actors_of_the_flows_module)
{
    kit_accepted("flow climate {\n"
                 "  push climate.co2 @each:device <~> climate.clean @edge <~> [scale, enrich] @edge"
                 " <~> {alarm, audit} <~> climate.store @cloud\n"
                 "}\n");
    cr_assert_eq(kit_diags.warnings, 0);
    cr_assert_str_eq(module_of("scale"), "climate");
    cr_assert_str_eq(module_of("audit"), "climate");
    cr_assert_str_eq(place("enrich"), "@edge");
    cr_assert_str_eq(place("alarm"), "@edge");
    cr_assert_str_eq(place("audit"), "@edge");
    cr_assert_str_eq(place("store"), "@cloud");
    kit_accepted("use weather\npush rain @edge ~> weather.store");
    cr_assert_str_eq(module_of("rain"), "weather");
    kit_accepted("push rain @edge ~> store");
    cr_assert_str_eq(module_of("rain"), "t");
}

Test(flow, F65_a_stage_runs_where_the_one_before_it_does)
{
    kit_accepted("push m.a @each:device ~> m.b ~> [m.c @edge, m.d, m.e @cloud/x, m.f] ~> m.g");
    cr_assert_str_eq(place("b"), "@each:device");
    cr_assert_str_eq(place("d"), "@edge");
    cr_assert_str_eq(place("f"), "@cloud/x");
    cr_assert_str_eq(place("g"), "@cloud/x");
    kit_accepted("push m.a @edge ~> m.b @with:a ~> {m.c, m.d} ~> m.e\npush m.x @cloud ~> e");
    cr_assert_str_eq(place("d"), "@with:a");
    cr_assert_str_eq(place("e"), "@with:a"); /* the first mention counts */
}

Test(flow, F65_a_default_place_fills_what_is_open)
{
    const char *source = "push m.a ~> m.b @cloud";
    const struct wtl_flow_rules rules = {.default_place = WTL_FLOW_ON_ANY,
                                         .default_layer = WTL_FLOW_EDGE};
    wtl_flow_diags_init(&kit_diags);
    cr_assert(wtl_flow_parse(&kit_ast, source, strlen(source), "t", &kit_diags) == WTL_OK);
    cr_assert(wtl_flow_check(&kit_ast, &rules, &kit_diags) == WTL_OK);
    cr_assert_str_eq(place("a"), "@any:edge");
    cr_assert_str_eq(place("b"), "@cloud");
}

Test(flow, F68_chains_share_stages)
{
    kit_accepted("demand m.a @edge <~> m.b @edge <~> m.c @edge\n"
                 "push b ~> m.d @edge\n"
                 "push ~> m.b ~> output");
    cr_assert(kit_ast.chain_count == 3 && kit_ast.stage_count == 4);
    cr_assert_str_eq(stage_name(step(1, 0), 0), "b");
    cr_assert_str_eq(stage_name(step(2, 1), 0), "b");
}

Test(flow, F68_a_ring_with_a_backward_link)
{
    kit_accepted("push m.a @edge <~> m.b @edge\npush b ~> a");
    kit_accepted("push m.a @edge ~> m.b @edge\npush b <~> a");
}

Test(flow, F64_a_way_back_that_ends_is_said)
{
    const char *source = "push m.a @edge <~> m.b @edge ~> m.c @cloud ~> output";
    kit_accepted(source);
    cr_assert(kit_diags.warnings == 1);
    cr_assert_str_eq(kit_text(source),
                     "warning[E0283]: the backward path of this chain begins in front of this "
                     "`~>`\n"
                     " --> t.flow:1:30\n"
                     "  |\n"
                     "1 | push m.a @edge <~> m.b @edge ~> m.c @cloud ~> output\n"
                     "  |                              ^^\n"
                     "  = help: what stands behind it cannot answer; if it should, write `<~>`\n");
}

Test(flow, U05_what_is_not_used_is_said)
{
    kit_accepted("use other\na = m.a @edge\npush ~> m.b @edge ~> output");
    cr_assert(kit_diags.warnings == 2);
    cr_assert(kit_diags.list[0].code == WTL_FLOW_UNUSED_MODULE);
    cr_assert(kit_diags.list[1].code == WTL_FLOW_UNUSED_STAGE);
}
