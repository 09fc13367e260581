/*
 * ask.h - the calls of the module table that are answered later. See actor_calls.h for what each
 * promises, ask.c for how.
 */
#ifndef WTL_ACTOR_ASK_H
#define WTL_ACTOR_ASK_H

#include "actor/names.h"
#include "actor/runtime.h"

uint64_t wtl__call(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                   struct wtl_writer *body, const struct wtl_call_options *options);
uint64_t wtl__call_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                        struct wtl_writer *body, const struct wtl_call_options *options);
bool wtl__call_cancel(struct wtl_ctx *x, uint64_t request);
enum wtl_status wtl__reply(struct wtl_ctx *x, struct wtl_from from, enum wtl_status status,
                           struct wtl_writer *body);
/* There was no memory for the reply to that call, whose handler is over: the call itself goes back.
 * Owns: takes it. */
void wtl__call_return(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__envelope *call);
const struct wtl_msg *wtl__keep(struct wtl_ctx *x, const struct wtl_msg *message);
void wtl__release(struct wtl_ctx *x, const struct wtl_msg *message);
uint64_t wtl__work_ask(struct wtl_ctx *x, wtl_work_fn fn, const void *argument, size_t size,
                       const struct wtl_call_options *options);

/* Replies as wtl_reply_to does, but the answer's pid is `about`: what was started or found. */
enum wtl_status wtl__reply_about(struct wtl_ctx *x, struct wtl_from from, enum wtl_status status,
                                 struct wtl_pid about, struct wtl_writer *body);

/* Answers the running actor by message with what is known at once. Returns the request, 0 when
 * memory is exhausted. */
uint64_t wtl__ask_now(struct wtl__ctx *x, const struct wtl_call_options *options,
                      enum wtl_status status, struct wtl_pid pid);

/* The deadline of a pending request is due: it is answered WTL_TIMEOUT. */
void wtl__deadline_passed(struct wtl__ctx *x, struct wtl__cell *cell, uint64_t request);

#endif
