/*
 * pack.c - flows as msgpack: there and back, and what others may send.
 */
#include "flow/pack.h"
#include "flow/graph.h"
#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const char good[] =
    "flow climate {\n"
    "  use climate >= 0.1\n"
    "  temp  = climate.temp  @each:device  { period = 1.5h, bus = \"i2c \\\"1\\\"\" n = -5s fast = "
    "true }\n"
    "  clean = climate.clean @with:rain\n"
    "  demand temp <~> climate.rain @edge { x = y } <~> [clean, climate.scale @any:edge *2]\n"
    "    <~> {climate.alarm, climate.audit} @edge <~> climate.store @cloud/db-1\n"
    "  push rain ~> audit\n"
    "  push ~> rain ~> output\n"
    "}\n";

static uint8_t bytes[64 * 1024];
static struct wtl_flow_ast back;

static size_t pack_good(void)
{
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    kit_accepted(good);
    cr_assert(wtl_flow_to_pack(&kit_ast, &writer) == WTL_OK);
    return wtl_written(&writer);
}

static enum wtl_status unpack(size_t size, struct wtl_error *error)
{
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    return wtl_flow_from_pack(&back, &reader, error);
}

Test(flow, pack_there_and_back)
{
    static uint8_t again[sizeof bytes];
    char here[4096];
    char there[4096];
    struct wtl_error error = {0};
    size_t size = pack_good();
    cr_assert(unpack(size, &error) == WTL_OK, "%s", error.text);
    cr_assert(back.checked);
    (void)wtl_flow_graph(&kit_ast, WTL_FLOW_DOT, here, sizeof here);
    (void)wtl_flow_graph(&back, WTL_FLOW_DOT, there, sizeof there);
    cr_assert_str_eq(here, there);
    struct wtl_writer writer = wtl_writer_over(again, sizeof again);
    cr_assert(wtl_flow_to_pack(&back, &writer) == WTL_OK);
    cr_assert(wtl_written(&writer) == size && memcmp(bytes, again, size) == 0);
    cr_assert(back.stages[0].at.line == 3 && back.stages[0].at.column == 3);
    cr_assert(back.settings[0].value.i64 == 5400000 && back.settings[2].value.i64 == -5000);
    cr_assert_str_eq(wtl_flow_str(&back, back.settings[1].value.text), "i2c \"1\"");
}

Test(flow, pack_only_a_checked_flow)
{
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    cr_assert(kit_read("push ~> m.a ~> output") == WTL_INVALID);
    cr_assert(wtl_flow_to_pack(&kit_ast, &writer) == WTL_INVALID);
    cr_assert(wtl_written(&writer) == 0);
    struct wtl_writer small = wtl_writer_over(bytes, 40);
    kit_accepted(good);
    cr_assert(wtl_flow_to_pack(&kit_ast, &small) == WTL_FULL);
}

static bool all_bound(void)
{
    bool bound = back.checked;
    for (uint16_t i = 0; i < back.ref_count; i++) {
        bound &= back.refs[i].stage < back.stage_count;
    }
    return bound;
}

/* Whatever is cut off or changed: refused, or a flow that was checked again. */
Test(flow, pack_every_byte_is_hostile)
{
    size_t size = pack_good();
    for (size_t cut = 0; cut < size; cut++) {
        cr_assert(unpack(cut, NULL) == WTL_BAD_PAYLOAD, "cut at %zu", cut);
    }
    for (size_t at = 0; at < size; at++) {
        uint8_t kept = bytes[at];
        for (unsigned change = 1; change < 256; change *= 2) {
            bytes[at] = (uint8_t)(kept ^ change);
            enum wtl_status status = unpack(size, NULL);
            cr_assert(status != WTL_OK || all_bound(), "byte %zu", at);
        }
        bytes[at] = kept;
    }
}

static void put_head(struct wtl_writer *w, unsigned version, unsigned stages)
{
    wtl_put_map(w, 4);
    wtl_put_strz(w, "v"), wtl_put_u64(w, version);
    wtl_put_strz(w, "later"), wtl_put_array(w, 1), wtl_put_nil(w);
    wtl_put_strz(w, "name"), wtl_put_strz(w, "f");
    wtl_put_strz(w, "stages"), wtl_put_array(w, stages);
}

Test(flow, pack_refusals_have_reasons)
{
    struct wtl_error error = {0};
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    put_head(&w, 2, 0);
    cr_assert(unpack(wtl_written(&w), &error) == WTL_VERSION);
    cr_assert_str_eq(error.text, "the flow has format 2, and 1 is known here");
    w = wtl_writer_over(bytes, sizeof bytes);
    put_head(&w, 1, 0);
    cr_assert(unpack(wtl_written(&w), &error) == WTL_BAD_PAYLOAD);
    cr_assert_str_eq(error.text, "the flow does not hold: this flow has no chain");
    w = wtl_writer_over(bytes, sizeof bytes);
    put_head(&w, 1, 1);
    wtl_put_map(&w, 1);
    wtl_put_strz(&w, "name"), wtl_put_strz(&w, "../x");
    cr_assert(unpack(wtl_written(&w), &error) == WTL_BAD_PAYLOAD);
    cr_assert_str_eq(error.text, "not a packed flow: a stage has no valid name");
}
