/*
 * graph.h - a checked flow as a picture: text for people, Graphviz's dot, and mermaid for
 * documents.
 *
 * Thread: any. Owns: nothing.
 */
#ifndef WTL_FLOW_GRAPH_H
#define WTL_FLOW_GRAPH_H

#include "flow/ast.h"

enum wtl_flow_graph_format { WTL_FLOW_TEXT = 0, WTL_FLOW_DOT, WTL_FLOW_MERMAID };

/* Draws the flow into `out` and returns the length of the whole text, like snprintf; with room 0,
 * `out` may be NULL. Stages stand in lanes, one for each layer; a concurrent group hands its
 * message on when all its members are done, so that an arrow leads on from each of them. Bounds:
 * one line for each stage and each edge, see wtl_flow_each_edge. */
size_t wtl_flow_graph(const struct wtl_flow_ast *ast, enum wtl_flow_graph_format format, char *out,
                      size_t room);

#endif
