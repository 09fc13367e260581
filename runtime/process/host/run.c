/* run.c - the module's functions are called: one guest after the other, one item after the other.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "process/host/host.h"

void wtl__host_enter(struct wtl__host *host, struct wtl__guest *guest,
                     enum wtl__board_function function, struct wtl_tag tag)
{
    host->x.guest = guest;
    host->x.pub.stage = guest->is_stage ? &guest->stage : NULL;
    guest->outputs = 0;
    wtl__board_begin(host->board, function, guest->self.local, tag);
}

void wtl__host_leave(struct wtl__host *host)
{
    struct wtl__guest *guest = host->x.guest;
    wtl__board_end(host->board);
    if (host->borrowed != NULL) {
        wtl__host_give_back(host);
    }
    if (guest->over && guest->state != WTL__GUEST_OVER) {
        struct wtl__pipe_frame frame = {.kind = WTL__PIPE_OVER, .count = guest->memory_used};
        wtl__guest_send(host, guest, &frame);
        guest->state = WTL__GUEST_OVER;
    }
    host->x.guest = NULL;
    host->x.current = NULL;
    host->x.scope.until_ms = 0;
}

/* What a function other than init and stop has returned, if the node is not told that itself. */
static void end_unless_ok(struct wtl__guest *guest, enum wtl_status status)
{
    if (status != WTL_OK) {
        wtl__guest_end(guest, wtl_reason_of(status));
    }
}

/* A function of the guest is over, and all is sent that it has done: now the node may hear that the
 * guest ends, and no sooner, or it would throw away what is still to come. */
static void say_last(struct wtl__host *host, struct wtl__guest *guest)
{
    struct wtl__pipe_frame frame = {.kind = (enum wtl__pipe_kind)guest->last_word,
                                    .reason = guest->last_reason,
                                    .status = guest->last_status};
    if (guest->last_word != 0) {
        guest->last_word = 0;
        wtl__guest_send(host, guest, &frame);
    }
}

/* ---- init and stop -------------------------------------------------------------------------- */

static void run_init(struct wtl__host *host, struct wtl__guest *guest)
{
    static const struct wtl_msg none;
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_READY, .status = guest->failed};
    guest->state = WTL__GUEST_LIVE;
    guest->initing = true;
    if (frame.status == WTL_OK && guest->type->init != NULL) {
        struct wtl__item *args = guest->args;
        wtl__host_enter(host, guest, WTL__IN_INIT, WTL_TAG(""));
        host->x.current = args;
        guest->args = NULL;
        frame.status = guest->type->init(&host->x.pub, guest->data, guest->settings,
                                         args != NULL ? &args->msg : &none);
        if (host->x.current != NULL) {
            wtl__item_free(args);
        }
        wtl__host_leave(host);
    }
    bool fails = frame.status != WTL_OK && frame.status != WTL_LATER;
    if (!guest->initing) { /* it was over before it returned */
        end_unless_ok(guest, fails ? frame.status : WTL_OK);
        return;
    }
    guest->initing = frame.status == WTL_LATER;
    if (!fails || guest->state == WTL__GUEST_LIVE) { /* else it ends for what it said before */
        wtl__guest_send(host, guest, &frame);
    }
    guest->state = fails ? WTL__GUEST_ENDED : guest->state;
}

static void run_stop(struct wtl__host *host, struct wtl__guest *guest)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_STOPPED, .status = WTL_OK};
    guest->state = WTL__GUEST_STOPPING;
    guest->held = 0;
    guest->suspended = false;
    if (guest->type->stop != NULL) {
        wtl__host_enter(host, guest, WTL__IN_STOP, guest->stop_reason.word);
        frame.status = guest->type->stop(&host->x.pub, guest->data, guest->stop_reason);
        wtl__host_leave(host);
    }
    guest->state = frame.status == WTL_LATER ? guest->state : WTL__GUEST_OVER;
    wtl__guest_send(host, guest, &frame);
}

/* ---- items --------------------------------------------------------------------------------- */

static enum wtl_status run_message(struct wtl__host *host, struct wtl__guest *guest,
                                   struct wtl__item *item)
{
    enum wtl_status status = WTL_OK;
    wtl__host_enter(host, guest, WTL__IN_HANDLE, item->msg.tag);
    host->x.current = item;
    if (guest->type->handle != NULL) {
        status = guest->type->handle(&host->x.pub, guest->data, &item->msg);
    }
    return status;
}

static void run_run(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item)
{
    if (wtl__host_is_late(item)) {
        struct wtl__pipe_frame late = {.kind = WTL__PIPE_LATE};
        wtl__item_free(item);
        wtl__guest_send(host, guest, &late);
        return;
    }
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_RAN, .key = item->key};
    host->x.scope = (struct wtl__scope){
        .until_ms = item->until_ms, .node = item->msg.from.node, .request = item->msg.request};
    frame.status = run_message(host, guest, item);
    if (host->x.current != NULL) { /* not kept */
        wtl__item_free(item);
    }
    wtl__host_leave(host);
    bool left_open = frame.status == WTL_LATER && frame.key.seq != 0;
    if (frame.status != WTL_OK && !left_open) {
        say_last(host, guest); /* one that has ended before it failed ends for that reason */
        end_unless_ok(guest, frame.status);
        guest->last_word = 0; /* this frame is */
    }
    wtl__guest_send(host, guest, &frame);
}

static void run_own(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item)
{
    int fd = item->fd;
    if (item->tick != 0) {
        wtl__host_ticked(guest, item->tick);
    }
    enum wtl_status status = run_message(host, guest, item);
    if (host->x.current != NULL) {
        wtl__item_free(item);
    }
    wtl__host_leave(host);
    if (fd >= 0) {
        wtl__host_fd_handled(host, fd);
    }
    end_unless_ok(guest, status);
}

static void run_answer(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item)
{
    struct wtl__asked *asked = item->asked;
    enum wtl_status status = WTL_OK;
    if (guest->held == asked->tie.msg.request) {
        guest->held = 0;
    }
    if (asked->on_answer != NULL) {
        struct wtl_answer answer = {.status = item->status,
                                    .reason = item->reason,
                                    .pid = item->msg.from,
                                    .request = asked->tie.msg.request,
                                    .message = item->msg};
        answer.message.request = 0;
        host->x.scope = asked->scope;
        wtl__host_enter(host, guest, WTL__IN_ANSWER, WTL_TAG(""));
        status = asked->on_answer(&host->x.pub, guest->data, &answer, asked->context);
        wtl__host_leave(host);
    }
    wtl__asked_free(host, asked);
    wtl__item_free(item);
    end_unless_ok(guest, status);
}

static void run_end_of_another(struct wtl__host *host, struct wtl__guest *guest,
                               struct wtl__item *item)
{
    enum wtl_status status = WTL_OK;
    const struct wtl_actor *type = guest->type;
    if (item->kind == WTL__ITEM_DOWN && type->down != NULL) {
        struct wtl_down down = {
            .ref = item->msg.request, .pid = item->msg.from, .reason = item->reason};
        wtl__host_enter(host, guest, WTL__IN_DOWN, item->reason.word);
        status = type->down(&host->x.pub, guest->data, &down);
        wtl__host_leave(host);
    } else if (item->kind == WTL__ITEM_EXITED && type->exited != NULL) {
        struct wtl_exit exit = {.from = item->msg.from, .reason = item->reason};
        wtl__host_enter(host, guest, WTL__IN_EXITED, item->reason.word);
        status = type->exited(&host->x.pub, guest->data, &exit);
        wtl__host_leave(host);
    }
    wtl__item_free(item);
    end_unless_ok(guest, status);
}

static void run_item(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item)
{
    switch (item->kind) {
    case WTL__ITEM_RUN:
        run_run(host, guest, item);
        break;
    case WTL__ITEM_OWN:
        run_own(host, guest, item);
        break;
    case WTL__ITEM_ANSWER:
        run_answer(host, guest, item);
        break;
    case WTL__ITEM_DOWN:
    case WTL__ITEM_EXITED:
        run_end_of_another(host, guest, item);
        break;
    case WTL__ITEM_SYS:
        wtl__host_run_sys(host, guest, item);
        break;
    }
}

/* ---- guests -------------------------------------------------------------------------------- */

/* A guest that waits for an answer runs nothing but that, which is put at the head. */
static bool may_handle(const struct wtl__guest *guest)
{
    return !guest->suspended && (guest->held == 0 || wtl__guest_is_answered(guest));
}

/* Takes out of the queue what is to be run next; NULL: nothing now. One that may not handle what is
 * in its queue is asked all the same what somebody asks of it. */
static struct wtl__item *take_next(struct wtl__guest *guest)
{
    struct wtl__item **slot = &guest->first;
    struct wtl__item *before = NULL;
    if (*slot == NULL || (guest->state != WTL__GUEST_LIVE && guest->state != WTL__GUEST_STOPPING)) {
        return NULL;
    }
    if (!may_handle(guest)) {
        while (guest->asked && *slot != NULL && (*slot)->kind != WTL__ITEM_SYS) {
            before = *slot;
            slot = &before->next;
        }
        if (!guest->asked || *slot == NULL) {
            return NULL;
        }
    }
    struct wtl__item *item = *slot;
    *slot = item->next;
    guest->last = item->next == NULL ? before : guest->last;
    item->next = NULL;
    return item;
}

/* Runs the next thing. False: there is none now. */
static bool run_next(struct wtl__host *host, struct wtl__guest *guest)
{
    if (guest->stop_asked && guest->state < WTL__GUEST_STOPPING) {
        run_stop(host, guest);
    } else if (guest->state == WTL__GUEST_NEW) {
        run_init(host, guest);
    } else {
        struct wtl__item *item = take_next(guest);
        if (item == NULL) {
            return false;
        }
        if (guest->trace_left > 0 && item->kind != WTL__ITEM_SYS) {
            wtl__host_trace(host, guest, item);
        }
        run_item(host, guest, item);
    }
    say_last(host, guest);
    return true;
}

/* False: it has nothing more to run now, or is gone. */
static bool run_guest(struct wtl__host *host, struct wtl__guest *guest)
{
    for (unsigned i = 0; i < WTL__GUEST_BATCH; i++) {
        if (!run_next(host, guest)) {
            return false;
        }
        if (guest->gone) {
            wtl__guest_free(host, guest);
            return false;
        }
        if (host->out_used > 0 &&
            wtl__clock_now_ns(wtl__clock_system()) - host->out_since_ns > WTL__HOST_LINGER_NS) {
            wtl__host_flush(host);
        }
    }
    return true;
}

bool wtl__host_run(struct wtl__host *host)
{
    /* those that are ready now, once each: then the socket is looked at */
    for (uint32_t left = host->ready_count; left > 0 && host->ready_first != NULL; left--) {
        struct wtl__guest *guest = host->ready_first;
        host->ready_first = guest->next_ready;
        host->ready_count--;
        guest->ready = false;
        if (run_guest(host, guest)) {
            wtl__guest_make_ready(host, guest);
        }
    }
    return host->ready_first != NULL;
}
