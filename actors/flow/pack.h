/*
 * pack.h - a checked flow as msgpack, for the nodes that run it, and back.
 *
 *     { v: 1, name, uses: [[module, version]],
 *       stages: [{ name, module, actor, place: [kind, layer, name], copies, at: [line, column],
 *                  settings: [[key, kind, text]] }],
 *       chains: [{ mode, steps: [[kind, arrow, [stage, ...]]] }] }
 *
 * Numbers of kinds, layers, modes and arrows are those of ast.h, which are therefore never changed.
 * Values travel as they were written. Fields that a reader does not know are passed over; offsets
 * into the source do not travel, lines and columns of stages do.
 *
 * Thread: any. Owns: nothing of the bytes is kept.
 */
#ifndef WTL_FLOW_PACK_H
#define WTL_FLOW_PACK_H

#include "flow/ast.h"

#include <wattle/pack.h>

#define WTL_FLOW_PACK_VERSION 1u

/* Writes the flow. Equal flows give equal bytes.
 * Fails: WTL_INVALID when it was not checked; WTL_FULL when the writer has no room. */
WTL_MUST_USE enum wtl_status wtl_flow_to_pack(const struct wtl_flow_ast *ast,
                                              struct wtl_writer *writer);

/* Reads a flow that may come from anybody: every count, number and name is checked, and then the
 * flow as a whole with wtl_flow_check, so that `checked` is set afterwards.
 * Fails: WTL_VERSION for a newer format; WTL_BAD_PAYLOAD for anything else, with the first reason
 * in `error`, which may be NULL. The AST is then not usable. */
WTL_MUST_USE enum wtl_status wtl_flow_from_pack(struct wtl_flow_ast *ast, struct wtl_reader *reader,
                                                struct wtl_error *error);

#endif
