/* manager_plan.c - placement as a pure function: which unit on which nodes. */
#include "stage_kit.h"

#include <stdio.h>

#include "flow/check.h"
#include "flow/parse.h"

static struct wtl_flow_ast ast;
static struct wtl_units units;
static struct wtl_plan_node nodes[8];
static uint32_t node_count;
static uint32_t chosen[WTL_UNITS_MAX];
static struct wtl_plan_instance instances[256];
static uint32_t count;

static void read_flow(const char *source)
{
    static struct wtl_flow_diags diags;
    wtl_flow_diags_init(&diags);
    cr_assert_eq(wtl_flow_parse(&ast, source, strlen(source), "t", &diags), WTL_OK);
    cr_assert_eq(wtl_flow_check(&ast, NULL, &diags), WTL_OK, "%s", diags.list[0].text);
    cr_assert_eq(wtl_units_of(&ast, &units, NULL), WTL_OK);
    memset(chosen, 0xff, sizeof chosen);
    node_count = 0;
}

static void node(const char *name, bool up)
{
    struct wtl_plan_node *new = &nodes[node_count];
    *new = (struct wtl_plan_node){.id = ++node_count, .up = up};
    (void)snprintf(new->name, sizeof new->name, "%s", name);
    new->layer = wtl_flow_layer_of(name, strcspn(name, "-"));
    cr_assert_neq(new->layer, WTL_FLOW_NO_LAYER);
}

static void place(void)
{
    cr_assert_eq(wtl_plan_place(&ast, &units, nodes, node_count, chosen, instances, 256, &count),
                 WTL_OK);
}

/* "edge-1 edge-2": where the unit of that name runs, in order. */
static const char *where(const char *wanted)
{
    static char text[512];
    char name[WTL_UNIT_NAME_MAX];
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(wtl_unit_name(&ast, &units.list[instances[i].unit], name), wanted) == 0) {
            size_t size = strlen(text);
            (void)snprintf(text + size, sizeof text - size, "%s%s", size > 0 ? " " : "",
                           nodes[instances[i].node].name);
        }
    }
    return text;
}

#define WHERE(name, text) cr_expect_str_eq(where(name), text, "%s is on %s", name, where(name))

Test(manager, F65_placement_table)
{
    read_flow("flow t {\n"
              "  push co2 @each:device <~> clean @edge <~> [scale @with:clean, enrich @any:edge]\n"
              "    <~> {alarm @cloud/cloud-2, audit @each:edge} <~> store @cloud\n"
              "}\n");
    node("edge-2", true);
    node("device-1", true);
    node("cloud-2", true);
    node("edge-1", true);
    node("cloud-1", false);
    node("device-2", true);
    place();
    WHERE("co2", "device-1 device-2");
    WHERE("co2.outbox", "device-1 device-2");
    WHERE("clean", "edge-1"); /* the lowest name */
    WHERE("scale", "edge-1");
    WHERE("enrich", "edge-1");
    WHERE("alarm", "cloud-2");
    WHERE("alarm.fork", "cloud-2"); /* beside its first member */
    WHERE("audit", "edge-2 edge-1");
    WHERE("store", "cloud-2"); /* the other one is down */
}

Test(manager, F65_a_place_waits_and_any_moves)
{
    read_flow("push m.a @edge ~> m.b @any:edge ~> m.c @each:edge ~> m.d @edge/edge-9");
    place();
    WHERE("a", "");
    WHERE("d", "");
    node("edge-1", true);
    node("edge-2", true);
    place();
    WHERE("a", "edge-1");
    WHERE("b", "edge-1");
    nodes[0].up = false;
    place();
    WHERE("a", "edge-1"); /* waits for its node */
    WHERE("b", "edge-2");
    WHERE("c", "edge-1 edge-2");
    nodes[0].up = true;
    place();
    WHERE("b", "edge-2"); /* and stays where it went */
    nodes[1].up = false;
    nodes[0].up = false;
    place();
    WHERE("b", "edge-2"); /* there is no other one */
    node("edge-9", true);
    node("edge-0", true);
    place();
    WHERE("a", "edge-1");
    WHERE("b", "edge-0");
    WHERE("c", "edge-1 edge-2 edge-9 edge-0");
    WHERE("d", "edge-9");
}

Test(manager, F65_copies_stand_together)
{
    read_flow("push m.a @each:device *2 ~> m.b @edge *3 ~> {m.c *2, m.d} ~> m.e");
    node("device-1", true);
    node("device-2", true);
    node("edge-1", true);
    place();
    WHERE("a", "device-1 device-1 device-2 device-2");
    WHERE("a.outbox", "device-1 device-1 device-2 device-2");
    WHERE("b", "edge-1 edge-1 edge-1");
    WHERE("c", "edge-1 edge-1");
    WHERE("c.fork", "edge-1");
}

Test(manager, F65_the_plan_can_be_shown)
{
    uint8_t bytes[2048];
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    size_t size;
    read_flow("push m.a @each:device ~> m.b @edge");
    node("device-1", true);
    node("edge-1", true);
    place();
    wtl_plan_put(&ast, &units, nodes, instances, count, &writer);
    cr_assert_not(writer.failed);
    struct wtl_reader reader = wtl_reader_over(bytes, wtl_written(&writer));
    cr_assert_eq(wtl_get_array(&reader), 3);
    cr_assert_eq(wtl_get_array(&reader), 3);
    cr_assert(WTL_GET_KEY(&reader, "a"));
    cr_assert(WTL_GET_KEY(&reader, "@each:device"));
    cr_assert_eq(wtl_get_array(&reader), 1);
    (void)wtl_get_str(&reader, &size);
    wtl_skip(&reader);
    wtl_skip(&reader);
    cr_assert_not(reader.failed);
    cr_assert_eq(wtl_left(&reader), 0);
}

Test(manager, F64_the_way_back_is_judged_along_the_whole_line)
{
    char name[WTL_UNIT_NAME_MAX];
    read_flow("pull m.a @edge <~> m.b <~> {m.c, m.d} <~> m.e\n"
              "push m.x @edge <~> m.y ~> m.z\n"
              "push y <~> m.w\n"
              "push m.v @edge <~> e");
    for (uint16_t i = 0; i < units.count; i++) {
        const char *unit = wtl_unit_name(&ast, &units.list[i], name);
        bool no_back = strcmp(unit, "z") == 0;
        bool no_pull = no_back || strpbrk(unit, "xywve") == unit;
        cr_expect_eq(units.list[i].back, !no_back, "%s", unit);
        cr_expect_eq(units.list[i].pulls, !no_pull, "%s", unit);
    }
}
