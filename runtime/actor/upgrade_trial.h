/*
 * upgrade_trial.h - the functions behind x->api while save and upgrade run; see upgrade_trial.c.
 *
 * Thread: the holder of the run token, while x->trial is set.
 */
#ifndef WTL_ACTOR_UPGRADE_TRIAL_H
#define WTL_ACTOR_UPGRADE_TRIAL_H

#include "actor/runtime.h"

/* Something was called that is not offered: the trial fails, and says `name`. */
void wtl__trial_refuse(struct wtl_ctx *x, const char *name);

struct wtl_pid wtl__trial_self(struct wtl_ctx *x);
struct wtl_pid wtl__trial_parent(struct wtl_ctx *x);
uint64_t wtl__trial_now_ns(struct wtl_ctx *x);
uint64_t wtl__trial_random(struct wtl_ctx *x);
void wtl__trial_log(struct wtl_ctx *x, int level, const char *text);
bool wtl__trial_message_open(struct wtl_ctx *x, struct wtl_writer *writer, size_t size);
void wtl__trial_message_drop(struct wtl_ctx *x, struct wtl_writer *writer);
struct wtl_pid wtl__trial_whereis_local(struct wtl_ctx *x, const char *name);
void *wtl__trial_alloc(struct wtl_ctx *x, size_t size);
void wtl__trial_free(struct wtl_ctx *x, void *block);
void wtl__trial_release(struct wtl_ctx *x, const struct wtl_msg *message);
void wtl__trial_continue(struct wtl_ctx *x, struct wtl_tag tag, struct wtl_writer *body);

#endif
