/* proxy.c - the functions of a proxy: what comes is passed on. See proxy.h. */
#include "process/proxy.h"

#include "actor/deadline.h"
#include "base/pool.h"
#include "process/isolated.h"

/* Frames that are carried out before others have their turn. */
#define EFFECTS_MAX 256u

struct doom {
    struct wtl__control control;
    struct wtl__proxy *proxy;
};

/* ---- sending ------------------------------------------------------------------------------- */

/* Does another message follow at once, so that both go in one piece? */
static bool more_follows(const struct wtl__cell *cell)
{
    return cell->fifo != NULL && cell->fifo->msg.kind_ <= WTL__KIND_LAST_COUNTED &&
           (cell->flags & (WTL__CELL_AWAY | WTL__CELL_HELD | WTL__CELL_PARKED)) == 0;
}

void wtl__proxy_send(struct wtl_ctx *x, struct wtl__proxy *proxy, struct wtl__pipe_frame *frame)
{
    struct wtl__ctx *own = wtl__ctx_of(x);
    bool more = frame->kind == WTL__PIPE_RUN && more_follows(own->cell);
    frame->local = proxy->seat.local;
    if (wtl__process_send(proxy->process, own, &proxy->seat, frame, more)) {
        own->cell->flags |= WTL__CELL_AWAY;
    }
}

void wtl__proxy_room(struct wtl_ctx *x, struct wtl__proxy *proxy, bool asked)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_ROOM,
                                    .count = wtl_flow_room(x),
                                    .request = proxy->emitted,
                                    .flags = asked ? WTL__PIPE_ON : 0};
    wtl__proxy_send(x, proxy, &frame);
}

/* ---- sitting down and standing up ----------------------------------------------------------- */

static void stand_up(struct wtl__ending *ending, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__proxy *proxy = WTL_CONTAINER(ending, struct wtl__proxy, ending);
    (void)cell;
    wtl__pool_give(proxy->told);
    proxy->told = NULL;
    wtl__process_stand(proxy->process, x, &proxy->seat, proxy->chunk);
    wtl__pool_give(proxy->seat.doom);
}

void wtl__proxy_doom(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct doom *doom = WTL_CONTAINER(control, struct doom, control);
    if (cell != NULL) {
        struct wtl__envelope *bell = wtl__envelope_new(WTL__BACK);
        doom->proxy->doomed = true;
        /* what has come is done first, and there is nothing that it could wait for any more */
        cell->flags &= ~(WTL__CELL_AWAY | WTL__CELL_HELD | WTL__CELL_PARKED | WTL__CELL_SUSPENDED);
        if (bell != NULL) {
            wtl__fifo_front(cell, bell);
        } else {
            struct wtl_reason reason;
            (void)wtl__process_is_dead(doom->proxy->process, &reason);
            wtl__cell_kill(cell, reason);
        }
    }
    (void)x;
    wtl__pool_give(doom);
}

/* The actor has no process, or cannot have a place in it: it ends with that reason. */
static enum wtl_status refused(struct wtl_ctx *x, struct wtl_reason reason)
{
    wtl_stop(x, reason);
    return WTL_LATER; /* the reason that was given counts, and not a status */
}

/* Somebody looks into the actor. */
static void ask(struct wtl__far *far, struct wtl__ctx *x, enum wtl_sys_verb verb,
                const struct wtl_msg *argument)
{
    struct wtl__proxy *proxy = WTL_CONTAINER(far, struct wtl__proxy, far);
    wtl__process_ask(proxy->process, x, &proxy->seat, (int)verb, argument);
}

/* Sits down; `process` is held by the caller, and is let go. */
static bool sit_down(struct wtl_ctx *x, struct wtl__proxy *proxy, struct wtl__process *process,
                     struct wtl_reason *reason_out)
{
    struct wtl__cell *cell = wtl__ctx_of(x)->cell;
    struct doom *doom = wtl__pool_take(sizeof *doom);
    bool sits = false;
    *reason_out = wtl_reason_of(WTL_NO_MEMORY);
    if (doom != NULL) {
        *doom = (struct doom){.control = {.run = wtl__proxy_doom}, .proxy = proxy};
        doom->control.signal.msg.kind_ = WTL__CONTROL;
        proxy->process = process;
        proxy->seat = (struct wtl__seat){
            .proxy = proxy, .local = wtl__cell_local(cell), .doom = &doom->control};
        sits = wtl__process_sit(process, &proxy->seat, reason_out);
    }
    if (sits) {
        proxy->ending.run = stand_up;
        wtl__ties_add(&cell->ties, WTL__TIE_END, &proxy->ending.tie);
        proxy->far.ask = ask;
        wtl__ties_add(&cell->ties, WTL__TIE_FAR, &proxy->far.tie);
    } else {
        wtl__pool_give(doom);
        wtl__process_forget(process, wtl__ctx_of(x), wtl__cell_local(cell));
    }
    wtl__process_let_go(process);
    return sits;
}

static void find_seat(struct wtl__envelope *tie, void *context)
{
    struct wtl__process **process = context;
    if (wtl__tie_of(tie) == WTL__TIE_END) {
        struct wtl__ending *ending = WTL_CONTAINER(tie, struct wtl__ending, tie);
        if (ending->run == stand_up) {
            *process = WTL_CONTAINER(ending, struct wtl__proxy, ending)->process;
        }
    }
}

uint32_t wtl__proxy_process(const struct wtl__cell *cell)
{
    struct wtl__process *process = NULL;
    wtl__ties_each(&cell->ties, find_seat, &process);
    return process != NULL ? wtl__process_number(process) : 0;
}

/* ---- init ---------------------------------------------------------------------------------- */

/* The type whose functions run: a flow puts one of its own around a stage. */
static const struct wtl_actor *type_of(struct wtl_ctx *x)
{
    return x->stage != NULL ? x->stage->type : wtl__ctx_of(x)->cell->type;
}

/* Settings, and the arguments behind them: the first `*settings_size` bytes are settings. */
static bool put_begin(struct wtl_ctx *x, const struct wtl_actor *described, const void *settings,
                      const struct wtl_msg *args, struct wtl_writer *body, size_t *settings_size)
{
    (void)wtl_message_open(x, body, 256);
    wtl__settings_put(body, described, settings);
    *settings_size = body->failed ? 0 : wtl_written(body);
    wtl_put_raw(body, args->bytes, args->size);
    if (body->failed || *settings_size > WTL__PACKED_SETTINGS_MAX ||
        wtl_written(body) > WTL_BODY_MAX) {
        wtl_message_drop(x, body);
        return false;
    }
    return true;
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct wtl__proxy *proxy = self;
    struct wtl__runtime *runtime = wtl__ctx_of(x)->runtime;
    struct wtl_reason reason;
    struct wtl_writer body;
    size_t settings_size = 0;
    proxy->type = WTL_CONTAINER(type_of(x), struct wtl__isolated_type, actor);
    if (!put_begin(x, proxy->type->described, settings, args, &body, &settings_size)) {
        return WTL_TOO_LARGE;
    }
    struct wtl__process *process = wtl__isolated_process(proxy->type->module, runtime, &reason);
    if (process == NULL || !sit_down(x, proxy, process, &reason)) {
        wtl_message_drop(x, &body);
        return refused(x, reason);
    }
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_SPAWN,
                                    .pid = wtl_parent(x),
                                    .count = proxy->type->index,
                                    .request = settings_size,
                                    .flags = x->stage != NULL ? WTL__PIPE_STAGE : 0,
                                    .body = body.begin,
                                    .size = (uint32_t)wtl_written(&body)};
    wtl__proxy_send(x, proxy, &frame);
    wtl_message_drop(x, &body);
    return WTL_LATER;
}

/* Of an actor that another one in the same process has spawned: it is there already. */
static enum wtl_status init_born(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    struct wtl__proxy *proxy = self;
    struct wtl__pipe_frame bind = {.kind = WTL__PIPE_BIND};
    struct wtl_reason reason = WTL_REASON(WTL_EXIT_NOPROC, "noproc");
    (void)settings;
    (void)args;
    proxy->type = WTL_CONTAINER(wtl__ctx_of(x)->cell->type, struct wtl__isolated_type, born);
    struct wtl__process *process =
        wtl__isolated_parent(proxy->type->module, wtl__cell_local(wtl__ctx_of(x)->cell));
    if (process == NULL || !sit_down(x, proxy, process, &reason)) {
        return refused(x, reason);
    }
    wtl__proxy_send(x, proxy, &bind);
    return WTL_LATER;
}

/* ---- what comes back ------------------------------------------------------------------------ */

/* The intake has cut where frames end. */
static size_t next_size(const struct wtl__chunk *chunk)
{
    struct wtl__pipe_head head;
    memcpy(&head, chunk->bytes + chunk->at, sizeof head);
    return wtl__pipe_size(&head, WTL__PIPE_FROM_CHILD);
}

/* The next frame, done. */
static enum wtl__effect do_next(struct wtl_ctx *x, struct wtl__proxy *proxy,
                                enum wtl_status *status_out)
{
    struct wtl__pipe_frame frame;
    const struct wtl__chunk *chunk = proxy->chunk;
    if (!wtl__pipe_get(chunk->bytes + chunk->at, next_size(chunk), WTL__PIPE_FROM_CHILD, &frame)) {
        return WTL__EFFECT_WRONG;
    }
    return wtl__effect_do(x, proxy, &frame, status_out);
}

/* ---- what was asked of it ------------------------------------------------------------------- */

/* Answers who looks into the actor, when what the actor did before is done; or when that has to
 * wait for others, which may be why somebody looks. */
static void answer(struct wtl__ctx *x, struct wtl__proxy *proxy, bool waits)
{
    struct wtl__told *told = proxy->told;
    if (told == NULL || (proxy->done < told->after && !waits)) {
        return;
    }
    const struct wtl_msg body = {.bytes = told->size > 0 ? told->bytes : NULL, .size = told->size};
    proxy->told = NULL;
    wtl__sys_answered(x, x->cell,
                      &(struct wtl__far_answer){.status = told->status,
                                                .away = proxy->seat.away,
                                                .memory = told->memory,
                                                .body = &body});
    wtl__pool_give(told);
}

void wtl__proxy_told(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__told *told = WTL_CONTAINER(control, struct wtl__told, control);
    if (cell == NULL) {
        wtl__pool_give(told);
        return;
    }
    told->proxy->told = told;
    answer(x, told->proxy, told->proxy->stalled || (cell->flags & WTL__CELL_PARKED) != 0);
}

/* ---- what comes back, in order -------------------------------------------------------------- */

/* What a child that breaks the rules has sent besides is not done. */
static void discard(struct wtl__ctx *x, struct wtl__proxy *proxy)
{
    while (proxy->chunk != NULL) {
        wtl__process_done(proxy->process, x, proxy->chunk);
        proxy->chunk = wtl__process_take(proxy->process, &proxy->seat);
    }
}

/* The frame was carried out. */
static void step_over(struct wtl_ctx *x, struct wtl__proxy *proxy)
{
    struct wtl__chunk *chunk = proxy->chunk;
    uint32_t size = (uint32_t)next_size(chunk);
    chunk->at += size;
    proxy->applied += size;
    proxy->done += size;
    if (chunk->at == chunk->size) {
        wtl__process_done(proxy->process, wtl__ctx_of(x), chunk);
        proxy->chunk = NULL;
    }
    if (proxy->applied >= WTL__PIPE_CREDIT_BYTES) {
        struct wtl__pipe_frame credit = {.kind = WTL__PIPE_CREDIT, .count = proxy->applied};
        proxy->applied = 0;
        wtl__proxy_send(x, proxy, &credit);
    }
}

/* There is more to do, but not now: rings for itself. */
static void later(struct wtl_ctx *x)
{
    struct wtl__cell *cell = wtl__ctx_of(x)->cell;
    struct wtl__envelope *bell = wtl__envelope_new(WTL__BACK);
    if (bell != NULL) {
        wtl__fifo_front(cell, bell);
    } else {
        wtl__cell_fail(cell, wtl_reason_of(WTL_NO_MEMORY));
    }
}

/* All is done that has come. */
static void finish(struct wtl_ctx *x, struct wtl__proxy *proxy)
{
    struct wtl_reason reason;
    if (proxy->doomed && wtl__process_is_dead(proxy->process, &reason)) {
        wtl__cell_kill(wtl__ctx_of(x)->cell, reason);
    }
}

/* Must the rest wait? For room in a mailbox, for others that want to run, for the actor's stop. */
static bool must_yield(const struct wtl__ctx *x, const struct wtl__proxy *proxy, unsigned left)
{
    return left == 0 || (x->overdraft > 0 && !proxy->doomed) ||
           (x->cell->flags & WTL__CELL_ENDING) != 0;
}

/* Does what has come, in order, until there is nothing more, or the rest must wait. */
static enum wtl_status do_all(struct wtl_ctx *x, struct wtl__proxy *proxy)
{
    struct wtl__ctx *own = wtl__ctx_of(x);
    enum wtl_status status = WTL_OK;
    for (unsigned left = EFFECTS_MAX; status == WTL_OK; left--) {
        if (proxy->chunk == NULL) {
            proxy->chunk = wtl__process_take(proxy->process, &proxy->seat);
        }
        if (proxy->chunk == NULL) {
            finish(x, proxy);
            return WTL_OK;
        }
        if (must_yield(own, proxy, left)) {
            answer(own, proxy, own->overdraft > 0);
            break;
        }
        enum wtl__effect effect = do_next(x, proxy, &status);
        if (effect == WTL__EFFECT_WAITS) {
            answer(own, proxy, true);
            return WTL_OK; /* whoever ends the wait rings */
        }
        if (effect == WTL__EFFECT_WRONG) {
            wtl__process_broken(proxy->process, own, "has an actor do what none can do");
            discard(own, proxy);
            finish(x, proxy);
            return WTL_OK;
        }
        step_over(x, proxy);
        answer(own, proxy, false);
        if ((own->cell->flags & WTL__CELL_AWAY) != 0 && !proxy->doomed) {
            return status; /* the child does not read: what else it wants waits until it does */
        }
    }
    later(x);
    return status;
}

/* Has the child got enough to do? What a stalled producer waits for is a message itself. */
static bool is_enough(const struct wtl__proxy *proxy)
{
    return proxy->seat.away >= WTL__PIPE_WINDOW && !proxy->stalled;
}

static enum wtl_status back(struct wtl_ctx *x, struct wtl__proxy *proxy)
{
    struct wtl__cell *cell = wtl__ctx_of(x)->cell;
    cell->flags &= ~WTL__CELL_AWAY;
    enum wtl_status status = do_all(x, proxy);
    if (is_enough(proxy)) {
        cell->flags |= WTL__CELL_AWAY;
    }
    return status;
}

/* ---- what comes ---------------------------------------------------------------------------- */

static bool is_producer(struct wtl_ctx *x, const struct wtl__proxy *proxy)
{
    return x->stage != NULL && proxy->type->actor.kind == WTL_PRODUCER;
}

static enum wtl_status pass_on(struct wtl_ctx *x, struct wtl__proxy *proxy,
                               const struct wtl_msg *message)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_RUN,
                                    .pid = message->from,
                                    .tag = message->tag,
                                    .request = message->request,
                                    .count = wtl__deadline_now(wtl__ctx_of(x)),
                                    .body = message->bytes,
                                    .size = message->size,
                                    .key = wtl_flow_key(x, message)};
    if (wtl_flow_redelivered(x, message)) {
        frame.flags |= WTL__PIPE_AGAIN;
    }
    if (is_producer(x, proxy) &&
        (wtl_is(message, "flow_ready") || wtl_is(message, "flow_demand"))) {
        wtl__proxy_room(x, proxy, false);
        if (proxy->stalled) {
            proxy->stalled = false;
            later(x);
        }
    }
    proxy->seat.away++;
    if (is_enough(proxy)) {
        wtl__ctx_of(x)->cell->flags |= WTL__CELL_AWAY;
    }
    wtl__proxy_send(x, proxy, &frame);
    return frame.key.seq != 0 ? WTL_LATER : WTL_OK;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl__proxy *proxy = self;
    return message->kind_ == WTL__BACK ? back(x, proxy) : pass_on(x, proxy, message);
}

static enum wtl_status exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct wtl__proxy *proxy = self;
    const struct wtl__envelope *current = wtl__ctx_of(x)->current;
    struct wtl__pipe_frame frame = {
        .kind = WTL__PIPE_EXITED, .pid = exit->from, .reason = exit->reason};
    if (current != NULL && current->msg.request != 0) { /* see wtl__exit_signal */
        frame.flags = WTL__PIPE_LINK_TOO;
    }
    wtl__proxy_send(x, proxy, &frame);
    return WTL_OK;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct wtl__pipe_frame frame = {
        .kind = WTL__PIPE_DOWN, .pid = down->pid, .request = down->ref, .reason = down->reason};
    wtl__proxy_send(x, self, &frame);
    return WTL_OK;
}

static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct wtl__proxy *proxy = self;
    struct wtl_reason why;
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_STOP, .reason = reason};
    if (wtl__process_is_dead(proxy->process, &why)) {
        return WTL_OK;
    }
    proxy->stopping = true;
    wtl__ctx_of(x)->cell->flags &= ~WTL__CELL_AWAY;
    wtl__proxy_send(x, proxy, &frame);
    return WTL_LATER;
}

void wtl__proxy_type(struct wtl__isolated_type *type, const struct wtl_actor *described)
{
    type->actor = *described;
    type->actor.state_size = sizeof(struct wtl__proxy);
    type->actor.init = init;
    type->actor.handle = handle;
    type->actor.exited = described->exited != NULL ? exited : NULL;
    type->actor.down = described->down != NULL ? down : NULL;
    type->actor.stop = described->stop != NULL ? stop : NULL;
    type->born = type->actor;
    type->born.init = init_born;
    type->born.settings_size = 0;
    type->born.fields = NULL;
}
