/* out_private.h - what out.c and out_wire.c share. */
#ifndef WTL_FLOW_OUT_PRIVATE_H
#define WTL_FLOW_OUT_PRIVATE_H

#include "flow/out.h"

/* Opens a link anew, to its pid. */
void wtl__out_open(struct wtl_ctx *x, struct wtl_out *out, struct wtl_out_link *link);

/* Ends a link: what was under way is settled as not done. */
void wtl__out_lose(struct wtl_ctx *x, struct wtl_out *out, struct wtl_out_link *link,
                   enum wtl_out_state state);

#endif
