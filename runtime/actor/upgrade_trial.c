/*
 * upgrade_trial.c - what save and upgrade are offered: what touches nobody else.
 *
 * Whatever they do must be undone without a trace when another actor's upgrade fails: so nothing is
 * sent, spawned or named, what is freed is only noted, and what is allocated is known by its place
 * in the actor's list of blocks. A call that is not offered makes the trial fail, whatever the
 * function returns then.
 *
 * Thread: the holder of the run token.
 */
#include "actor/upgrade_trial.h"

#include "actor/memory.h"
#include "actor/upgrade.h"

static struct wtl__trial *trial_of(struct wtl_ctx *x)
{
    return wtl__ctx_of(x)->trial;
}

void wtl__trial_refuse(struct wtl_ctx *x, const char *name)
{
    struct wtl__trial *trial = trial_of(x);
    trial->misused = trial->misused != NULL ? trial->misused : name;
}

/* ---- what is offered ------------------------------------------------------------------------ */

struct wtl_pid wtl__trial_self(struct wtl_ctx *x)
{
    return wtl__api.self(x);
}

struct wtl_pid wtl__trial_parent(struct wtl_ctx *x)
{
    return wtl__api.parent(x);
}

uint64_t wtl__trial_now_ns(struct wtl_ctx *x)
{
    return wtl__api.now_ns(x);
}

uint64_t wtl__trial_random(struct wtl_ctx *x)
{
    return wtl__api.random(x);
}

void wtl__trial_log(struct wtl_ctx *x, int level, const char *text)
{
    wtl__api.log(x, level, text);
}

bool wtl__trial_message_open(struct wtl_ctx *x, struct wtl_writer *writer, size_t size)
{
    return wtl__api.message_open(x, writer, size);
}

void wtl__trial_message_drop(struct wtl_ctx *x, struct wtl_writer *writer)
{
    wtl__api.message_drop(x, writer);
}

struct wtl_pid wtl__trial_whereis_local(struct wtl_ctx *x, const char *name)
{
    return wtl__api.whereis_local(x, name);
}

/* Over the cap there is none, but that alone does not end the actor. */
void *wtl__trial_alloc(struct wtl_ctx *pub, size_t size)
{
    struct wtl__cell *cell = wtl__ctx_of(pub)->cell;
    return wtl__memory_has_room(cell, size) ? wtl__memory_take(cell, size) : NULL;
}

static bool is_new(const struct wtl__trial *trial, const struct wtl__cell *cell,
                   const struct wtl__memory *memory)
{
    const struct wtl__memory *each = cell->memory;
    while (each != trial->before && each != memory) {
        each = each->next;
    }
    return each != trial->before;
}

void wtl__trial_free(struct wtl_ctx *pub, void *block)
{
    struct wtl__trial *trial = trial_of(pub);
    struct wtl__cell *cell = wtl__ctx_of(pub)->cell;
    if (block == NULL) {
        return;
    }
    struct wtl__memory *memory = (struct wtl__memory *)block - 1;
    if (is_new(trial, cell, memory)) {
        wtl__memory_give(cell, block);
    } else if (memory->freed == NULL) {                               /* twice is once */
        memory->freed = trial->freed != NULL ? trial->freed : memory; /* the last is its own next */
        trial->freed = memory;
    }
}

void wtl__trial_release(struct wtl_ctx *pub, const struct wtl_msg *message)
{
    const struct wtl__cell *cell = wtl__ctx_of(pub)->cell;
    if (message == NULL) {
        return;
    }
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_KEPT, WTL_PID_NONE,
                                               (uint64_t)(uintptr_t)wtl__envelope_of(message));
    if (tie == NULL) { /* a flow's, or none that is kept */
        wtl__trial_refuse(pub, "wtl_release of a message that the flow keeps");
        return;
    }
    tie->msg.flags_ |= WTL__FLAG_LEAVES;
}

void wtl__trial_continue(struct wtl_ctx *pub, struct wtl_tag tag, struct wtl_writer *body)
{
    struct wtl__trial *trial = trial_of(pub);
    struct wtl__envelope *envelope = wtl__message_take(body, WTL__LOCAL);
    if (envelope == NULL || !trial->upgrades) {
        wtl__trial_refuse(pub, envelope == NULL ? "wtl_continue without memory"
                                                : "wtl_continue in save");
        if (envelope != NULL) {
            wtl__envelope_free(envelope);
        }
        return;
    }
    envelope->msg.tag = tag;
    envelope->msg.from = wtl__api.self(pub);
    envelope->next = trial->next_messages;
    trial->next_messages = envelope;
}
