/*
 * alarm.c - timers and deadlines. The host's wheel holds an alarm while it is armed; when it is due
 * its signal travels to the owner like any other, so that a cancel and a firing never race: the
 * owner alone decides what a signal that has come is worth.
 */
#include "actor/ask.h"
#include "actor/deadline.h"

#include "base/pool.h"

/* A deadline is one of a request; what it does not need is neither allocated nor cleared. */
#define DEADLINE_BYTES offsetof(struct wtl__alarm, tie)
/* Deadlines that are so far away may be a few milliseconds late. */
#define FAR_MS 1000u
/* An alarm that is armed for so short a time may be kept for the next request. */
#define BRIEF_MS WTL_CALL_DEADLINE_MS

static void alarm_begin(struct wtl__alarm *alarm, struct wtl__ctx *x, uint64_t request)
{
    alarm->runtime = x->runtime;
    alarm->owner = wtl__cell_local(x->cell);
    alarm->signal.msg.kind_ = WTL__ALARM;
    alarm->request = request;
}

struct wtl__alarm *wtl__alarm_new(struct wtl__ctx *x, uint64_t request, uint64_t after_ms)
{
    struct wtl__alarm *alarm = wtl__pool_take(sizeof *alarm);
    if (alarm == NULL) {
        return NULL;
    }
    *alarm = (struct wtl__alarm){.tie = {.msg = {.request = request}}};
    alarm_begin(alarm, x, request);
    alarm->deadline_ms = wtl__deadline_ms(x->runtime->host->now_ns(x->runtime), after_ms);
    return alarm;
}

/* ---- deadlines ------------------------------------------------------------------------------ */

/* When a request of the running function ends that may take so long, in the host's milliseconds. */
static uint64_t end_ms(const struct wtl__ctx *x, uint64_t after_ms)
{
    const struct wtl__host_ops *host = x->runtime->host;
    uint64_t ms = wtl__deadline_ms(
        after_ms < FAR_MS ? host->now_ns(x->runtime) : host->soon_ns(x->runtime), after_ms);
    uint64_t until_ms = wtl__deadline_now(x);
    return WTL_UNLIKELY(until_ms != 0) && until_ms < ms ? until_ms : ms;
}

struct wtl__alarm *wtl__deadline_start(struct wtl__ctx *x, uint64_t request, uint64_t after_ms)
{
    struct wtl__alarm *alarm = x->cell->spare;
    uint64_t deadline_ms = end_ms(x, after_ms);
    if (WTL_LIKELY(alarm != NULL) && alarm->timer.deadline_ms <= deadline_ms) {
        x->cell->spare = NULL;
        alarm->request = request;
        alarm->deadline_ms = deadline_ms;
        return alarm;
    }
    alarm = wtl__pool_take(DEADLINE_BYTES);
    if (alarm == NULL) {
        return NULL;
    }
    memset(alarm, 0, DEADLINE_BYTES);
    alarm_begin(alarm, x, request);
    alarm->deadline = true;
    alarm->brief = after_ms <= BRIEF_MS;
    alarm->deadline_ms = deadline_ms;
    x->runtime->host->alarm_arm(x, alarm);
    return alarm;
}

void wtl__deadline_stop(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__alarm *alarm)
{
    struct wtl__alarm *spare = cell->spare;
    if (WTL_LIKELY(alarm->brief) &&
        (spare == NULL || alarm->timer.deadline_ms < spare->timer.deadline_ms)) {
        alarm->request = 0;
        cell->spare = alarm;
        alarm = spare;
    }
    if (WTL_UNLIKELY(alarm != NULL)) {
        wtl__alarm_stop(x, alarm);
    }
}

/* It has come to where it was armed for. What it is for now may end later. */
static void deadline_signal(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__alarm *alarm)
{
    uint64_t request = alarm->request;
    if (request != 0) {
        uint64_t now_ms = x->runtime->host->now_ns(x->runtime) / WTL__NS_PER_MS;
        if (alarm->deadline_ms > now_ms) {
            alarm->brief = alarm->deadline_ms - now_ms <= BRIEF_MS;
            x->runtime->host->alarm_arm(x, alarm);
            return;
        }
        wtl__deadline_passed(x, cell, request);
    } else {
        cell->spare = NULL;
    }
    wtl__alarm_free(alarm);
}

/* ---- all of them ---------------------------------------------------------------------------- */

void wtl__alarm_free(struct wtl__alarm *alarm)
{
    if (!alarm->deadline) {
        if (alarm->message != NULL) {
            wtl__envelope_free(alarm->message);
        }
        wtl__pool_give(alarm->name);
    }
    wtl__pool_give(alarm);
}

void wtl__alarm_fire(struct wtl__ctx *x, struct wtl__alarm *alarm)
{
    struct wtl_pid owner = {.node = alarm->runtime->node, .local = alarm->owner};
    (void)wtl__deliver(alarm->runtime, x, owner, &alarm->signal);
}

void wtl__alarm_stop(struct wtl__ctx *x, struct wtl__alarm *alarm)
{
    if (x->runtime->host->alarm_disarm(x, alarm)) {
        wtl__alarm_free(alarm);
    } else if (x->cell != NULL) {
        alarm->dead = true; /* freed when its signal comes */
    }
    /* the actor has ended and the signal is under way: who refuses it frees it, see deliver.c */
}

/* Queues a message of the timer for its own actor. Of a periodic one at most one waits: an actor
 * that cannot handle messages for a while (held, blocked, suspended) finds one, not all it has
 * missed. */
static void queue(struct wtl__cell *cell, struct wtl__alarm *alarm, struct wtl__envelope *message)
{
    message->msg.kind_ = WTL__LOCAL;
    if (alarm->every_ms > 0) {
        message->msg.kind_ = WTL__TICK;
        message->msg.request = alarm->tie.msg.request;
        alarm->ticks = true;
    }
    wtl__fifo_append(cell, message);
}

void wtl__timer_ticks(struct wtl__cell *cell, uint64_t timer)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_ALARM, WTL_PID_NONE, timer);
    if (tie != NULL) {
        WTL_CONTAINER(tie, struct wtl__alarm, tie)->ticks = false;
    }
}

/* Sends what the timer carries. */
static void timer_send(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__alarm *alarm)
{
    struct wtl__envelope *message = alarm->message;
    struct wtl_pid to = alarm->to;
    if (alarm->ticks) {
        return;
    }
    if (alarm->every_ms > 0) {
        message = wtl__message_share(&alarm->message->msg);
        if (message == NULL) {
            return;
        }
        message->msg.tag = alarm->message->msg.tag;
        message->msg.from = alarm->message->msg.from;
    } else {
        alarm->message = NULL;
    }
    if (alarm->name != NULL) {
        to = wtl__name_find(x->runtime, alarm->name);
    }
    if (to.local == wtl__cell_local(cell) && to.node == x->runtime->node) {
        queue(cell, alarm, message);
    } else {
        message->msg.kind_ = WTL__MESSAGE;
        (void)wtl__deliver(x->runtime, x, to, message);
    }
}

void wtl__alarm_signal(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__alarm *alarm)
{
    uint64_t request = alarm->request;
    if (alarm->dead) {
        wtl__alarm_free(alarm);
        return;
    }
    if (alarm->deadline) {
        deadline_signal(x, cell, alarm);
        return;
    }
    if (alarm->run != NULL) {
        alarm->run(alarm, x, cell);
        return;
    }
    timer_send(x, cell, alarm);
    if (alarm->every_ms > 0) {
        uint64_t now_ms = x->runtime->host->now_ns(x->runtime) / WTL__NS_PER_MS;
        uint64_t next = alarm->deadline_ms + alarm->every_ms;
        if (next <= now_ms) { /* missed periods are skipped */
            next = now_ms + alarm->every_ms - (now_ms - alarm->deadline_ms) % alarm->every_ms;
        }
        alarm->deadline_ms = next;
        x->runtime->host->alarm_arm(x, alarm);
        return;
    }
    (void)wtl__ties_take(&cell->ties, WTL__TIE_ALARM, WTL_PID_NONE, request);
    wtl__alarm_free(alarm);
}

uint64_t wtl__timer_start(struct wtl_ctx *pub, struct wtl_pid to, const char *name,
                          uint64_t after_ms, uint64_t every_ms, struct wtl_tag tag,
                          struct wtl_writer *body)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *message = wtl__message_take(body, WTL__LOCAL);
    uint64_t request = wtl__ref(x);
    struct wtl__alarm *alarm = message != NULL ? wtl__alarm_new(x, request, after_ms) : NULL;
    if (alarm != NULL && name != NULL) {
        size_t size = strnlen(name, WTL_NAME_MAX) + 1;
        alarm->name = wtl__pool_take(size);
        if (alarm->name != NULL) {
            memcpy(alarm->name, name, size - 1);
            alarm->name[size - 1] = '\0';
        }
    }
    if (alarm == NULL || (name != NULL && alarm->name == NULL)) {
        if (message != NULL) {
            wtl__envelope_free(message);
        }
        wtl__pool_give(alarm);
        return 0;
    }
    message->msg.tag = tag;
    message->msg.from = wtl__pid_of(x->runtime, x->cell);
    alarm->message = message;
    alarm->to = to;
    alarm->every_ms = every_ms;
    wtl__ties_add(&x->cell->ties, WTL__TIE_ALARM, &alarm->tie);
    x->runtime->host->alarm_arm(x, alarm);
    return request;
}

int64_t wtl__timer_cancel(struct wtl_ctx *pub, uint64_t timer)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *tie = wtl__ties_take(&x->cell->ties, WTL__TIE_ALARM, WTL_PID_NONE, timer);
    if (tie == NULL) {
        return -1;
    }
    struct wtl__alarm *alarm = WTL_CONTAINER(tie, struct wtl__alarm, tie);
    uint64_t now_ms = x->runtime->host->now_ns(x->runtime) / 1000000;
    uint64_t deadline_ms = alarm->deadline_ms;
    if (!x->runtime->host->alarm_disarm(x, alarm)) {
        alarm->dead = true; /* it has fired, and its message will not be made */
        return 0;
    }
    wtl__alarm_free(alarm);
    return deadline_ms > now_ms ? (int64_t)(deadline_ms - now_ms) : 0;
}
