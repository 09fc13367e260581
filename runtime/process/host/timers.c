/* timers.c - timers of guests, on this process's own wheel: nothing of them is known to the node.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "process/host/host.h"

#define EXPIRE_BATCH 1024u

static uint64_t now_ns(void)
{
    return wtl__clock_now_ns(wtl__clock_system());
}

uint64_t wtl__host_timer(struct wtl_ctx *pub, struct wtl_pid to, const char *name,
                         uint64_t after_ms, uint64_t every_ms, struct wtl_tag tag,
                         struct wtl_writer *body)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    size_t size = body != NULL && !body->failed ? wtl_written(body) : 0;
    size_t name_size = name != NULL ? strnlen(name, WTL_NAME_MAX + 1) : 0;
    bool good = (body == NULL || !body->failed) && name_size <= WTL_NAME_MAX &&
                x->guest->ties.count < WTL__PIPE_TIES_MAX;
    struct wtl__tick *tick = good ? malloc(sizeof *tick + size) : NULL;
    if (tick != NULL) {
        *tick = (struct wtl__tick){.guest = x->guest,
                                   .to = to,
                                   .tag = tag,
                                   .every_ms = every_ms,
                                   .size = (uint32_t)size,
                                   .deadline_ms = wtl__deadline_ms(now_ns(), after_ms)};
        memcpy(tick->bytes, size > 0 ? body->begin : tick->bytes, size);
        memcpy(tick->name, name_size > 0 ? name : "", name_size);
        tick->tie.msg.request = wtl__host_ref(x->host);
        wtl__ties_add(&x->guest->ties, WTL__TIE_ALARM, &tick->tie);
        wtl__wheel_add(&x->host->wheel, &tick->timer, tick->deadline_ms);
    }
    wtl__message_drop(body);
    return tick != NULL ? tick->tie.msg.request : 0;
}

void wtl__tick_free(struct wtl__host *host, struct wtl__tick *tick)
{
    (void)wtl__wheel_remove(&host->wheel, &tick->timer);
    free(tick);
}

int64_t wtl__host_timer_cancel(struct wtl_ctx *pub, uint64_t timer)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__envelope *tie =
        wtl__ties_take(&x->guest->ties, WTL__TIE_ALARM, WTL_PID_NONE, timer);
    if (tie == NULL) {
        return -1;
    }
    struct wtl__tick *tick = WTL_CONTAINER(tie, struct wtl__tick, tie);
    uint64_t now_ms = now_ns() / WTL__NS_PER_MS;
    int64_t left = tick->deadline_ms > now_ms ? (int64_t)(tick->deadline_ms - now_ms) : 0;
    wtl__tick_free(x->host, tick);
    return left;
}

void wtl__host_ticked(struct wtl__guest *guest, uint64_t timer)
{
    struct wtl__envelope *tie = wtl__ties_find(&guest->ties, WTL__TIE_ALARM, WTL_PID_NONE, timer);
    if (tie != NULL) { /* else it was cancelled */
        WTL_CONTAINER(tie, struct wtl__tick, tie)->waits = false;
    }
}

/* ---- firing -------------------------------------------------------------------------------- */

static void deliver(struct wtl__host *host, struct wtl__tick *tick)
{
    struct wtl__guest *guest = tick->guest;
    if (tick->name[0] == '\0' && wtl_pid_equal(tick->to, guest->self)) {
        struct wtl__item *item =
            !tick->waits ? wtl__item_new(WTL__ITEM_OWN, tick->bytes, tick->size) : NULL;
        if (item != NULL) {
            tick->waits = tick->every_ms > 0;
            item->tick = tick->waits ? tick->tie.msg.request : 0;
            item->msg.tag = tick->tag;
            item->msg.from = guest->self;
            wtl__guest_push(host, guest, item, false);
        }
        return;
    }
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_TELL,
                                    .pid = tick->to,
                                    .tag = tick->tag,
                                    .body = tick->bytes,
                                    .size = tick->size};
    if (tick->name[0] != '\0') {
        frame.kind = WTL__PIPE_TELL_NAME;
        memcpy(frame.name, tick->name, sizeof frame.name);
    }
    if (wtl__guest_may_send(host, guest, frame.size)) {
        wtl__guest_send(host, guest, &frame);
    }
}

static void fire(struct wtl__host *host, struct wtl__tick *tick)
{
    uint64_t now_ms = now_ns() / WTL__NS_PER_MS;
    deliver(host, tick);
    if (tick->every_ms > 0) {
        uint64_t next = tick->deadline_ms + tick->every_ms;
        if (next <= now_ms) { /* missed periods are skipped */
            next = now_ms + tick->every_ms - (now_ms - tick->deadline_ms) % tick->every_ms;
        }
        tick->deadline_ms = next;
        wtl__wheel_add(&host->wheel, &tick->timer, next);
        return;
    }
    (void)wtl__ties_take(&tick->guest->ties, WTL__TIE_ALARM, WTL_PID_NONE, tick->tie.msg.request);
    wtl__tick_free(host, tick);
}

/* The deadline of a piece of work. */
static void time_out(struct wtl__host *host, struct wtl__asked *asked)
{
    struct wtl_reason none = {0};
    (void)wtl__ties_take(&asked->guest->ties, WTL__TIE_PENDING, WTL_PID_NONE,
                         asked->tie.msg.request);
    wtl__host_answer(host, asked->guest, asked, WTL_TIMEOUT, WTL_PID_NONE, none, NULL, 0);
}

_Static_assert(offsetof(struct wtl__asked, timer) == offsetof(struct wtl__tick, timer),
               "what a timer belongs to is told by its tie");

void wtl__host_expire(struct wtl__host *host)
{
    struct wtl__list fired;
    wtl__list_init(&fired);
    (void)wtl__wheel_expire(&host->wheel, now_ns() / WTL__NS_PER_MS, EXPIRE_BATCH, &fired);
    while (!wtl__list_is_empty(&fired)) {
        struct wtl__link *link = wtl__list_take_first(&fired);
        struct wtl__timer *timer = WTL_CONTAINER(link, struct wtl__timer, link);
        struct wtl__asked *asked = WTL_CONTAINER(timer, struct wtl__asked, timer);
        struct wtl__tick *tick = WTL_CONTAINER(timer, struct wtl__tick, timer);
        if (wtl__tie_of(&tick->tie) == WTL__TIE_ALARM) {
            fire(host, tick);
        } else {
            time_out(host, asked);
        }
    }
}
