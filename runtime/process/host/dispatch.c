/* dispatch.c - what the node sends, put where it belongs. Nothing of a module runs here. */
#include <stdlib.h>

#include "process/host/host.h"
#include "process/manifest.h"

/* ---- actors come and go --------------------------------------------------------------------- */

/* The first `request` bytes of the body are settings, the rest is the arguments. */
static bool take_begin(struct wtl__guest *guest, const struct wtl__pipe_frame *frame)
{
    size_t size = frame->request < frame->size ? (size_t)frame->request : frame->size;
    guest->packed = malloc(size + 1);
    guest->settings = calloc(1, (size_t)guest->type->settings_size + 1);
    guest->args = wtl__item_new(WTL__ITEM_OWN, frame->size > size ? frame->body + size : NULL,
                                (uint32_t)(frame->size - size));
    if (guest->packed == NULL || guest->settings == NULL || guest->args == NULL) {
        return false;
    }
    if (size > 0) {
        memcpy(guest->packed, frame->body, size);
    }
    guest->args->msg.tag = WTL_TAG("args");
    struct wtl_reader reader = wtl_reader_over(guest->packed, size);
    return wtl__settings_get(&reader, guest->type, guest->settings) == WTL_OK;
}

static void on_spawn(struct wtl__host *host, const struct wtl__pipe_frame *frame)
{
    const struct wtl_actor *type = host->module->actors[frame->count];
    struct wtl__guest *guest = wtl__guest_new(host, frame->local, type);
    if (guest == NULL) {
        abort(); /* the failed allocation is on the board */
    }
    guest->parent = frame->pid;
    guest->state = WTL__GUEST_NEW;
    guest->is_stage = (frame->flags & WTL__PIPE_STAGE) != 0;
    guest->room_refused = guest->is_stage && type->kind == WTL_PRODUCER;
    guest->failed = take_begin(guest, frame) ? WTL_OK : WTL_INVALID;
    wtl__guest_make_ready(host, guest);
}

static void on_gone(struct wtl__host *host, struct wtl__guest *guest)
{
    if (host->x.guest == guest) {
        guest->gone = true; /* freed when its function has returned */
    } else {
        wtl__guest_free(host, guest);
    }
}

/* ---- what is to be run ---------------------------------------------------------------------- */

static void push(struct wtl__host *host, struct wtl__guest *guest, enum wtl__item_kind kind,
                 const struct wtl__pipe_frame *frame)
{
    struct wtl__item *item = wtl__item_new(kind, frame->body, frame->size);
    if (item == NULL) {
        abort(); /* the failed allocation is on the board */
    }
    item->msg.from = frame->pid;
    item->msg.tag = frame->tag;
    item->msg.request = frame->request;
    item->key = frame->key;
    item->until_ms = kind == WTL__ITEM_RUN ? frame->count : 0;
    item->reason = frame->reason;
    item->again = (frame->flags & WTL__PIPE_AGAIN) != 0;
    item->by_link = (frame->flags & WTL__PIPE_LINK_TOO) != 0;
    wtl__guest_push(host, guest, item, false);
}

static void on_down(struct wtl__host *host, struct wtl__guest *guest,
                    const struct wtl__pipe_frame *frame)
{
    struct wtl__envelope *tie =
        wtl__ties_take(&guest->ties, WTL__TIE_MONITOR, WTL_PID_NONE, frame->request);
    if (tie != NULL) { /* else it was demonitored meanwhile */
        wtl__envelope_free(tie);
        push(host, guest, WTL__ITEM_DOWN, frame);
    }
}

static struct wtl__unlinking **find_unlinking(struct wtl__guest *guest, struct wtl_pid pid)
{
    struct wtl__unlinking **slot = &guest->unlinking;
    while (*slot != NULL && !wtl_pid_equal((*slot)->pid, pid)) {
        slot = &(*slot)->next;
    }
    return slot;
}

static void on_exited(struct wtl__host *host, struct wtl__guest *guest,
                      const struct wtl__pipe_frame *frame)
{
    bool by_link = (frame->flags & WTL__PIPE_LINK_TOO) != 0;
    if (!by_link || *find_unlinking(guest, frame->pid) == NULL) {
        push(host, guest, WTL__ITEM_EXITED, frame);
    }
}

static void on_unlinked(struct wtl__guest *guest, struct wtl_pid pid)
{
    struct wtl__unlinking **slot = find_unlinking(guest, pid);
    struct wtl__unlinking *unlinking = *slot;
    if (unlinking != NULL && --unlinking->count == 0) {
        *slot = unlinking->next;
        free(unlinking);
    }
}

static void on_answer(struct wtl__host *host, struct wtl__guest *guest,
                      const struct wtl__pipe_frame *frame)
{
    struct wtl__envelope *tie =
        wtl__ties_take(&guest->ties, WTL__TIE_PENDING, WTL_PID_NONE, frame->request);
    if (tie != NULL) { /* else it was cancelled meanwhile */
        wtl__host_answer(host, guest, WTL_CONTAINER(tie, struct wtl__asked, tie), frame->status,
                         frame->pid, frame->reason, frame->body, frame->size);
    }
}

static void on_room(struct wtl__host *host, struct wtl__guest *guest,
                    const struct wtl__pipe_frame *frame)
{
    guest->room = frame->request + frame->count;
    guest->room_asked = false;
    if (guest->room_refused && frame->count > 0) {
        guest->room_refused = false;
        if ((frame->flags & WTL__PIPE_ON) != 0) { /* else the node says it by itself */
            struct wtl__item *item = wtl__item_new(WTL__ITEM_OWN, NULL, 0);
            if (item != NULL) {
                item->msg.tag = WTL_TAG("flow_ready");
                item->msg.from = guest->self;
                wtl__guest_push(host, guest, item, false);
            }
        }
    }
}

static void on_credit(uint64_t *unpaid, uint64_t bytes)
{
    *unpaid -= bytes < *unpaid ? bytes : *unpaid;
}

/* ---- for an actor that is here --------------------------------------------------------------- */

static void for_guest(struct wtl__host *host, struct wtl__guest *guest,
                      const struct wtl__pipe_frame *frame)
{
    switch (frame->kind) {
    case WTL__PIPE_BIND:
        guest->state = WTL__GUEST_NEW;
        wtl__guest_make_ready(host, guest);
        break;
    case WTL__PIPE_RUN:
        push(host, guest, WTL__ITEM_RUN, frame);
        break;
    case WTL__PIPE_DOWN:
        on_down(host, guest, frame);
        break;
    case WTL__PIPE_EXITED:
        on_exited(host, guest, frame);
        break;
    case WTL__PIPE_ANSWER:
        on_answer(host, guest, frame);
        break;
    case WTL__PIPE_STOP:
        guest->stop_asked = true;
        guest->stop_reason = frame->reason;
        wtl__guest_make_ready(host, guest);
        break;
    case WTL__PIPE_GONE:
        on_gone(host, guest);
        break;
    case WTL__PIPE_CREDIT:
        on_credit(&guest->unpaid, frame->count);
        break;
    case WTL__PIPE_ROOM:
        on_room(host, guest, frame);
        break;
    case WTL__PIPE_UNLINKED:
        on_unlinked(guest, frame->pid);
        break;
    case WTL__PIPE_SYS:
        wtl__host_on_sys(host, guest, frame);
        break;
    default:
        break;
    }
}

static void on_reserve(struct wtl__host *host, uint64_t local)
{
    if (host->spares_count < WTL__PIPE_SPARES) {
        host->spares[(host->spares_begin + host->spares_count) % WTL__PIPE_SPARES] = local;
        host->spares_count++;
    }
}

void wtl__host_dispatch(struct wtl__host *host, const struct wtl__pipe_frame *frame)
{
    static const struct wtl__pipe_frame pong = {.kind = WTL__PIPE_PONG};
    struct wtl__guest *guest = NULL;
    switch (frame->kind) {
    case WTL__PIPE_RESERVE:
        on_reserve(host, frame->local);
        break;
    case WTL__PIPE_SPAWN:
        on_spawn(host, frame);
        break;
    case WTL__PIPE_FOUND:
        host->found_request = frame->request;
        host->found = frame->pid;
        break;
    case WTL__PIPE_TABLED:
        wtl__host_tabled(host, frame);
        break;
    case WTL__PIPE_PING:
        (void)wtl__host_put(host, &pong);
        break;
    default: /* one that is not here any more has no use for it */
        if (frame->kind == WTL__PIPE_CREDIT && frame->local == 0) {
            on_credit(&host->unpaid, frame->count);
        }
        guest = wtl__guest_find(host, frame->local);
        if (guest != NULL) {
            for_guest(host, guest, frame);
        }
        break;
    }
}
