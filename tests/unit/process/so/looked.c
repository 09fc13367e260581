/*
 * looked.c - actors that are looked into and held while they run: one whose `show` and `replace` do
 * what they were told to do, and one that has neither.
 */
#include <stdlib.h>
#include <unistd.h>

#include <wattle/module.h>
#include <wattle/wattle.h>

#include "looked.h"

struct counter {
    uint64_t number;
    uint64_t how; /* enum looked_how */
    uint64_t timer;
};

static uint64_t number_of(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return wtl_peek(&reader) == WTL_PACK_INT ? wtl_get_u64(&reader) : 0;
}

static void endless(void)
{
    for (volatile unsigned turns = 0;; turns++) {
    }
}

/* Nothing that comes meanwhile is read. */
static void spin(struct wtl_ctx *x, uint64_t ms)
{
    uint64_t until = wtl_now_ns(x) + ms * 1000000;
    while (wtl_now_ns(x) < until) {
    }
}

/* Waits, in the middle of a function, until somebody has that name. */
static void wait_for(struct wtl_ctx *x, const char *name)
{
    while (wtl_pid_is_none(wtl_whereis_local(x, name))) {
    }
}

static void tell_sink(struct wtl_ctx *x, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number);
    (void)!wtl_tell_name(x, "sink", WTL_TAG("came"), &body);
}

/* What is larger than a message may be. */
static void put_too_much(struct wtl_writer *out)
{
    static const uint8_t some[65536];
    for (size_t used = 0; used <= WTL_BODY_MAX; used += sizeof some) {
        wtl_put_bin(out, some, sizeof some);
    }
}

static void counter_show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct counter *counter = self;
    switch ((enum looked_how)counter->how) {
    case LOOKED_PLAIN:
    case LOOKED_LINGERS:
        break;
    case LOOKED_TOO_LARGE:
        put_too_much(out);
        return;
    case LOOKED_TWO_VALUES:
        wtl_put_u64(out, 1);
        wtl_put_u64(out, 2);
        return;
    case LOOKED_NOTHING:
        return;
    case LOOKED_ENDLESS:
        endless();
        break;
    case LOOKED_ABORTS:
        abort();
    case LOOKED_WAITS:
        wait_for(x, "gate");
        break;
    case LOOKED_TELLS:
        tell_sink(x, counter->number);
        break;
    case LOOKED_STOPS:
        wtl_stop(x, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        break;
    }
    wtl_put_u64(out, counter->number);
}

static enum wtl_status counter_replace(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    struct counter *counter = self;
    uint64_t number = number_of(state);
    if (number == 0) {
        return WTL_DENIED;
    }
    if (counter->how == LOOKED_STOPS) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    }
    counter->number = number;
    return WTL_OK;
}

static enum wtl_status counter_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    const struct looked_settings *how = settings;
    (void)x;
    (void)self;
    (void)args;
    return how->later ? WTL_LATER : WTL_OK;
}

static enum wtl_status ignored(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    return WTL_OK;
}

static enum wtl_status counter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct counter *counter = self;
    if (wtl_is(message, "add")) {
        counter->number += number_of(message);
    } else if (wtl_is(message, "get")) {
        wtl_replyf(x, message, "%lu", (unsigned long)counter->number);
    } else if (wtl_is(message, "process")) {
        wtl_replyf(x, message, "%u", (unsigned)getpid());
    } else if (wtl_is(message, "how")) {
        counter->how = number_of(message);
    } else if (wtl_is(message, "wait")) {
        wait_for(x, "gate");
    } else if (wtl_is(message, "hold")) {
        (void)wtl_call_name(x, "mute", WTL_TAG("ask"), NULL,
                            &(struct wtl_call_options){.on_answer = ignored,
                                                       .deadline_ms = WTL_CALL_FOREVER,
                                                       .hold = true});
    } else if (wtl_is(message, "tick")) {
        counter->timer = wtl_every(x, 1, WTL_TAG("ticked"));
    } else if (wtl_is(message, "ticked")) {
        counter->number++;
    } else if (wtl_is(message, "after")) {
        (void)wtl_after(x, 1, WTL_TAG("passed"), NULL);
    } else if (wtl_is(message, "tell")) {
        for (uint64_t i = 0; i < number_of(message); i++) {
            tell_sink(x, i);
        }
    } else if (wtl_is(message, "fill")) {
        for (uint64_t i = 0; i < number_of(message); i++) {
            (void)!wtl_tell_name(x, "full", WTL_TAG("came"), NULL);
        }
    } else if (wtl_is(message, "eat")) {
        (void)wtl_alloc(x, number_of(message));
    } else if (wtl_is(message, "done")) {
        wtl_done(x, WTL_OK);
    } else if (wtl_is(message, "end")) {
        spin(x, number_of(message));
        wtl_stop(x, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    }
    return WTL_OK;
}

static enum wtl_status counter_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    const struct counter *counter = self;
    (void)x;
    (void)reason;
    return counter->how == LOOKED_LINGERS ? WTL_LATER : WTL_OK;
}

static const struct wtl_field fields[] = {
    WTL_FIELD(struct looked_settings, later, BOOL, "false", NULL, "Its init is never over."),
    {0},
};

static WTL_ACTOR(counter, struct counter, .settings_size = sizeof(struct looked_settings),
                 .fields = fields, .init = counter_init, .handle = counter_handle,
                 .stop = counter_stop, .show = counter_show, .replace = counter_replace);

static WTL_ACTOR(blank, struct counter, .handle = counter_handle);

WTL_MODULE("looked", "0.1.0", "Is looked into.", &counter, &blank);
