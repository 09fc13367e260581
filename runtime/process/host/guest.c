/* guest.c - guests and what they have to run: made, queued, freed. See host.h. */
#include <stdlib.h>

#include "base/pool.h"
#include "process/host/host.h"

/* ---- items --------------------------------------------------------------------------------- */

struct wtl__item *wtl__item_new(enum wtl__item_kind kind, const void *bytes, uint32_t size)
{
    struct wtl__item *item = malloc(sizeof *item + size);
    if (item == NULL) {
        return NULL;
    }
    *item = (struct wtl__item){.kind = kind, .fd = -1};
    if (size > 0) {
        memcpy(item->bytes, bytes, size);
        item->msg.bytes = item->bytes;
        item->msg.size = size;
    }
    return item;
}

void wtl__item_free(struct wtl__item *item)
{
    free(item);
}

void wtl__guest_make_ready(struct wtl__host *host, struct wtl__guest *guest)
{
    if (guest->ready) {
        return;
    }
    guest->ready = true;
    guest->next_ready = NULL;
    if (host->ready_first == NULL) {
        host->ready_first = guest;
    } else {
        host->ready_last->next_ready = guest;
    }
    host->ready_last = guest;
    host->ready_count++;
}

void wtl__guest_push(struct wtl__host *host, struct wtl__guest *guest, struct wtl__item *item,
                     bool next)
{
    struct wtl__item **at = guest->first == NULL ? &guest->first : &guest->last->next;
    if (next) {
        at = wtl__guest_is_answered(guest) ? &guest->first->next : &guest->first;
    }
    item->next = *at;
    *at = item;
    guest->last = item->next == NULL ? item : guest->last;
    wtl__guest_make_ready(host, guest);
}

static bool is_meant(const struct wtl__item *item, enum wtl__item_kind kind, struct wtl_pid from,
                     uint64_t number)
{
    if (item->kind != kind) {
        return false;
    }
    switch (kind) {
    case WTL__ITEM_EXITED:
        return item->by_link && wtl_pid_equal(item->msg.from, from);
    case WTL__ITEM_OWN:
        return item->fd >= 0 && (uint64_t)item->fd == number;
    default:
        return item->msg.request == number;
    }
}

bool wtl__guest_flush(struct wtl__guest *guest, enum wtl__item_kind kind, struct wtl_pid from,
                      uint64_t number)
{
    struct wtl__item **slot = &guest->first;
    struct wtl__item *last = NULL;
    bool found = false;
    while (*slot != NULL) {
        struct wtl__item *item = *slot;
        if (is_meant(item, kind, from, number)) {
            *slot = item->next;
            wtl__item_free(item);
            found = true;
        } else {
            last = item;
            slot = &item->next;
        }
    }
    guest->last = last;
    return found;
}

/* ---- guests -------------------------------------------------------------------------------- */

struct wtl__guest *wtl__guest_find(const struct wtl__host *host, uint64_t local)
{
    return wtl__map_get(&host->guests, 0, local);
}

struct wtl__guest *wtl__guest_new(struct wtl__host *host, uint64_t local,
                                  const struct wtl_actor *type)
{
    struct wtl__guest *guest = calloc(1, sizeof *guest);
    if (guest == NULL) {
        return NULL;
    }
    guest->data = calloc(1, (size_t)type->state_size + 1);
    if (guest->data == NULL || wtl__map_put(&host->guests, 0, local, guest) != WTL_OK) {
        free(guest->data);
        free(guest);
        return NULL;
    }
    guest->type = type;
    guest->self = (struct wtl_pid){.node = host->orders.node, .local = local};
    guest->stage = (struct wtl_stage){.api = &wtl__host_stage_api, .type = type};
    return guest;
}

static void free_items(struct wtl__host *host, struct wtl__item *item)
{
    while (item != NULL) {
        struct wtl__item *next = item->next;
        if (item->asked != NULL) {
            wtl__asked_free(host, item->asked);
        }
        wtl__item_free(item);
        item = next;
    }
}

static void free_ties(struct wtl__host *host, struct wtl__guest *guest)
{
    struct wtl__envelope *tie = wtl__ties_take_all(&guest->ties);
    while (tie != NULL) {
        struct wtl__envelope *next = tie->next;
        switch (wtl__tie_of(tie)) {
        case WTL__TIE_PENDING:
            wtl__asked_free(host, WTL_CONTAINER(tie, struct wtl__asked, tie));
            break;
        case WTL__TIE_ALARM:
            wtl__tick_free(host, WTL_CONTAINER(tie, struct wtl__tick, tie));
            break;
        default:
            wtl__envelope_free(tie);
            break;
        }
        tie = next;
    }
}

static void free_memory(struct wtl__guest *guest)
{
    struct wtl__memory *memory = guest->memory;
    while (memory != NULL) {
        struct wtl__memory *next = memory->next;
        free(memory);
        memory = next;
    }
}

static void leave_ready_list(struct wtl__host *host, const struct wtl__guest *guest)
{
    struct wtl__guest *before = NULL;
    struct wtl__guest **slot = &host->ready_first;
    while (*slot != guest) {
        before = *slot;
        slot = &(*slot)->next_ready;
    }
    *slot = guest->next_ready;
    host->ready_count--;
    if (host->ready_last == guest) {
        host->ready_last = before;
    }
}

void wtl__guest_free(struct wtl__host *host, struct wtl__guest *guest)
{
    if (guest->ready) {
        leave_ready_list(host, guest);
    }
    (void)wtl__map_remove(&host->guests, 0, guest->self.local);
    wtl__host_fds_forget(host, guest);
    free_items(host, guest->first);
    free_items(host, guest->kept);
    free_items(host, guest->args);
    free_ties(host, guest);
    free_memory(guest);
    while (guest->unlinking != NULL) {
        struct wtl__unlinking *next = guest->unlinking->next;
        free(guest->unlinking);
        guest->unlinking = next;
    }
    free(guest->data);
    free(guest->settings);
    free(guest->packed);
    free(guest);
}

/* ---- its end -------------------------------------------------------------------------------- */

void wtl__guest_end(struct wtl__guest *guest, struct wtl_reason reason)
{
    if (guest->state == WTL__GUEST_ENDED || guest->state == WTL__GUEST_OVER) {
        return;
    }
    guest->state = guest->state == WTL__GUEST_STOPPING ? WTL__GUEST_OVER : WTL__GUEST_ENDED;
    guest->last_word = WTL__PIPE_END;
    guest->last_reason = reason;
}

void wtl__guest_done(struct wtl__host *host, struct wtl__guest *guest, enum wtl_status status)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_DONE, .status = status};
    if (guest->state == WTL__GUEST_STOPPING) {
        guest->state = WTL__GUEST_OVER;
        guest->last_word = WTL__PIPE_DONE;
        guest->last_status = status;
    } else if (guest->initing && status == WTL_OK) {
        guest->initing = false;
        wtl__guest_send(host, guest, &frame);
    } else if (guest->initing) {
        wtl__guest_end(guest, status == WTL_IGNORE ? WTL_REASON(WTL_EXIT_NORMAL, "ignore")
                                                   : wtl_reason_of(status));
    }
}

/* ---- what it sends -------------------------------------------------------------------------- */

void wtl__guest_send(struct wtl__host *host, struct wtl__guest *guest,
                     struct wtl__pipe_frame *frame)
{
    frame->local = guest->self.local;
    size_t size = wtl__host_put(host, frame);
    guest->unpaid += size;
    host->unpaid += size;
}

bool wtl__guest_may_send(const struct wtl__host *host, const struct wtl__guest *guest, size_t size)
{
    return guest->unpaid + size <= WTL__PIPE_ACTOR_BYTES &&
           host->unpaid + size <= WTL__PIPE_PROCESS_BYTES;
}
