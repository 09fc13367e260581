/*
 * process_sys.c - somebody looks into an actor of a child, or holds it: its functions are asked
 * there, and what they answer is told to the actor's proxy.
 *
 * The answer overtakes what the actor did before it, so that one which cannot do that now, because
 * a mailbox is full, can be looked into all the same. So it is told with how much has come for the
 * actor by then, and the proxy waits until that is done, or cannot be (proxy.c).
 *
 * Thread: the proxy's to ask, the keeper's to tell. See process.h.
 */
#include "base/pool.h"
#include "process/isolated.h"
#include "process/process_private.h"
#include "process/proxy.h"

void wtl__process_ask(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat,
                      int verb, const struct wtl_msg *argument)
{
    struct wtl__pipe_frame frame = {
        .kind = WTL__PIPE_SYS, .local = seat->local, .count = (uint64_t)verb};
    if (argument != NULL) {
        frame.body = argument->bytes;
        frame.size = argument->size;
    }
    wtl__process_lock(process);
    WTL_ASSERT(!seat->asked);
    seat->asked = true;
    frame.request = ++seat->questions;
    process->begun++; /* it may take as long as a run */
    wtl__process_unlock(process);
    if (wtl__process_send(process, x, seat, &frame, false)) {
        x->cell->flags |= WTL__CELL_AWAY;
    }
}

/* With the lock. What it says of its memory is no more than it may have. */
static struct wtl__told *told_new(const struct wtl__process *process, const struct wtl__seat *seat,
                                  const struct wtl__pipe_frame *frame)
{
    uint64_t memory_max = process->module->config.memory_max;
    struct wtl__told *told = wtl__pool_take(sizeof *told + frame->size);
    if (told == NULL) {
        return NULL;
    }
    *told = (struct wtl__told){.control.run = wtl__proxy_told,
                               .control.signal.msg.kind_ = WTL__CONTROL,
                               .proxy = seat->proxy,
                               .after = seat->given,
                               .memory = frame->count < memory_max ? frame->count : memory_max,
                               .status = frame->status,
                               .size = frame->size};
    if (frame->size > 0) {
        memcpy(told->bytes, frame->body, frame->size);
    }
    return told;
}

bool wtl__process_told(struct wtl__process *process, struct wtl__ctx *x,
                       const struct wtl__pipe_frame *frame)
{
    struct wtl__pipe_frame empty = *frame;
    struct wtl_pid to = {.node = process->runtime->node, .local = frame->pid.local};
    wtl__process_lock(process);
    struct wtl__seat *seat = wtl__map_get(&process->seats, 0, to.local);
    bool was_asked = seat == NULL || (seat->asked && frame->request == seat->questions);
    struct wtl__told *told = NULL;
    if (seat != NULL && was_asked) { /* else it has ended, and nobody waits for it any more */
        told = told_new(process, seat, frame);
        if (told == NULL) {
            empty.status = WTL_NO_MEMORY;
            empty.size = 0;
            told = told_new(process, seat, &empty);
        }
        seat->asked = false;
        process->over++;
    }
    wtl__process_unlock(process);
    if (told != NULL) {
        (void)wtl__deliver(process->runtime, x, to, &told->control.signal);
    }
    return was_asked;
}
