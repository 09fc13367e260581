/*
 * effects_private.h - what the files of effects share: effects.c does what runs and sends,
 * effects_ties.c who is spawned, ended, tied and named, effects_stage.c what a stage of a flow
 * does.
 *
 * Thread: the holder of the actor's run token. See proxy.h.
 */
#ifndef WTL_PROCESS_EFFECTS_PRIVATE_H
#define WTL_PROCESS_EFFECTS_PRIVATE_H

#include "base/scan.h"
#include "process/isolated.h"
#include "process/proxy.h"

#define WTL__EFFECT_TEXT_MAX 400u /* bytes of a text for the log */

typedef enum wtl__effect (*wtl__effect_fn)(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                           const struct wtl__pipe_frame *frame);

/* By the kind of a frame; NULL: it is not one of these. */
extern const wtl__effect_fn wtl__tie_effects[WTL__PIPE_LAST + 1];
extern const wtl__effect_fn wtl__stage_effects[WTL__PIPE_LAST + 1];

/* What a request of the child's is asked with. False: it may not ask. */
bool wtl__proxy_asks(struct wtl__proxy *proxy, const struct wtl__pipe_frame *frame,
                     struct wtl_call_options *options_out);

static inline bool wtl__frame_is_value(const struct wtl__pipe_frame *frame)
{
    return wtl_scan(frame->body, frame->size, &WTL_SCAN_BODY) == WTL_OK;
}

static inline bool wtl__frame_is_named(const struct wtl__pipe_frame *frame)
{
    return frame->name[0] != '\0';
}

/* Is the number of the child's block? Others on this actor are the flow's, or a guess. */
static inline bool wtl__proxy_has_ref(const struct wtl__proxy *proxy, uint64_t ref)
{
    return ref - proxy->process->refs < WTL__PIPE_REFS;
}

/* Takes a number of the child's for what comes next: never one again. */
static inline bool wtl__proxy_take_ref(struct wtl__proxy *proxy, uint64_t ref)
{
    if (!wtl__proxy_has_ref(proxy, ref) || ref <= proxy->last_ref) {
        return false;
    }
    proxy->last_ref = ref;
    return true;
}

static inline bool wtl__proxy_may_tie(struct wtl_ctx *x)
{
    return wtl__ctx_of(x)->cell->ties.count < WTL__PIPE_TIES_MAX;
}

/* The numbers of this thread, while those of a child are used. */
struct wtl__lent {
    uint64_t next;
    uint64_t end;
};

/* The next number that a call takes is this one. */
static inline struct wtl__lent wtl__ref_lend(struct wtl_ctx *x, uint64_t ref)
{
    struct wtl__ctx *own = wtl__ctx_of(x);
    struct wtl__lent lent = {.next = own->ref_next, .end = own->ref_end};
    own->ref_next = ref;
    own->ref_end = ref + 1;
    return lent;
}

static inline void wtl__ref_return(struct wtl_ctx *x, struct wtl__lent lent)
{
    struct wtl__ctx *own = wtl__ctx_of(x);
    own->ref_next = lent.next;
    own->ref_end = lent.end;
}

/* The body as a message of ours; NULL for none. */
static inline struct wtl_writer *
wtl__frame_body(struct wtl_ctx *x, const struct wtl__pipe_frame *frame, struct wtl_writer *writer)
{
    if (frame->size == 0) {
        return NULL;
    }
    (void)wtl_message_open(x, writer, frame->size);
    wtl_put_raw(writer, frame->body, frame->size);
    return writer;
}

#endif
