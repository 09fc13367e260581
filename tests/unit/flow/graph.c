/*
 * graph.c - flows as pictures.
 */
#include "flow/graph.h"

#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const char source[] =
    "flow climate {\n"
    "  scale = climate.scale @with:clean\n"
    "  demand climate.temp @each:device <~> [climate.clean @edge, scale]\n"
    "    <~> {climate.alarm *2, climate.audit} @any:edge ~> climate.store @cloud/db-1\n"
    "  push ~> clean ~> output\n"
    "}\n";

static const char *draw(enum wtl_flow_graph_format format)
{
    static char text[4096];
    kit_accepted(source);
    size_t size = wtl_flow_graph(&kit_ast, format, text, sizeof text);
    cr_assert(size == strlen(text));
    cr_assert(wtl_flow_graph(&kit_ast, format, NULL, 0) == size);
    return text;
}

Test(flow, graph_text)
{
    cr_assert_str_eq(draw(WTL_FLOW_TEXT), "flow climate\n"
                                          "  demand temp @each:device\n"
                                          "     <~> [clean @edge, scale @with:clean]\n"
                                          "     <~> {alarm @any:edge *2, audit @any:edge}\n"
                                          "      ~> store @cloud/db-1\n"
                                          "    push (input)\n"
                                          "      ~> clean @edge\n"
                                          "      ~> (output)\n");
}

Test(flow, graph_dot)
{
    cr_assert_str_eq(draw(WTL_FLOW_DOT),
                     "digraph \"climate\" {\n"
                     "  rankdir=LR;\n"
                     "  node [shape=box];\n"
                     "  subgraph cluster_device {\n"
                     "    label=\"device\";\n"
                     "    s1 [label=\"temp\\nclimate.temp\\n@each:device\"];\n"
                     "  }\n"
                     "  subgraph cluster_edge {\n"
                     "    label=\"edge\";\n"
                     "    s0 [label=\"scale\\nclimate.scale\\n@with:clean\"];\n"
                     "    s2 [label=\"clean\\nclimate.clean\\n@edge\"];\n"
                     "    s3 [label=\"alarm\\nclimate.alarm\\n@any:edge *2\"];\n"
                     "    s4 [label=\"audit\\nclimate.audit\\n@any:edge\"];\n"
                     "  }\n"
                     "  subgraph cluster_cloud {\n"
                     "    label=\"cloud\";\n"
                     "    s5 [label=\"store\\nclimate.store\\n@cloud/db-1\"];\n"
                     "  }\n"
                     "  input [shape=plain];\n"
                     "  output [shape=plain];\n"
                     "  s1 -> s2 [dir=both];\n"
                     "  s2 -> s0 [dir=both];\n"
                     "  s0 -> s3 [dir=both];\n"
                     "  s0 -> s4 [dir=both];\n"
                     "  s3 -> s5;\n"
                     "  s4 -> s5;\n"
                     "  input -> s2;\n"
                     "  s2 -> output;\n"
                     "}\n");
}

Test(flow, graph_mermaid)
{
    cr_assert_str_eq(draw(WTL_FLOW_MERMAID),
                     "flowchart LR\n"
                     "  subgraph device\n"
                     "    s1[\"temp<br/>climate.temp<br/>@each:device\"]\n"
                     "  end\n"
                     "  subgraph edge\n"
                     "    s0[\"scale<br/>climate.scale<br/>@with:clean\"]\n"
                     "    s2[\"clean<br/>climate.clean<br/>@edge\"]\n"
                     "    s3[\"alarm<br/>climate.alarm<br/>@any:edge *2\"]\n"
                     "    s4[\"audit<br/>climate.audit<br/>@any:edge\"]\n"
                     "  end\n"
                     "  subgraph cloud\n"
                     "    s5[\"store<br/>climate.store<br/>@cloud/db-1\"]\n"
                     "  end\n"
                     "  input([input])\n"
                     "  output([output])\n"
                     "  s1 <--> s2\n"
                     "  s2 <--> s0\n"
                     "  s0 <--> s3\n"
                     "  s0 <--> s4\n"
                     "  s3 --> s5\n"
                     "  s4 --> s5\n"
                     "  input --> s2\n"
                     "  s2 --> output\n");
}
