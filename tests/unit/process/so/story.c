/*
 * story.c - an actor that goes through the table call by call and writes down what happens to it.
 * Each tag is a story; "report" tells what was written since. The stories are the same wherever the
 * module runs, which is what they are for. See story.h.
 */
#include "story.h"

#include <stdio.h>
#include <unistd.h>

#include <wattle/table.h>

__attribute__((format(printf, 2, 3))) void note(struct teller *teller, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t left = LOG_MAX - teller->used;
    int size = vsnprintf(teller->log + teller->used, left, format, arguments);
    va_end(arguments);
    teller->used += size > 0 && (size_t)size < left ? (size_t)size : 0;
    if (teller->used + 1 < LOG_MAX) {
        teller->log[teller->used++] = ' ';
    }
}

unsigned long number_of(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return wtl_peek(&reader) == WTL_PACK_INT ? (unsigned long)wtl_get_u64(&reader) : 0;
}

void put_number(struct wtl_ctx *x, struct wtl_writer *body, uint64_t number)
{
    (void)wtl_message_open(x, body, 16);
    wtl_put_u64(body, number);
}

void tell_number(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag, uint64_t number)
{
    struct wtl_writer body;
    put_number(x, &body, number);
    wtl_tell(x, to, tag, &body);
}

static bool tell(struct wtl_ctx *x, struct teller *teller, const struct wtl_msg *message)
{
    static const struct {
        const char *tag;
        void (*story)(struct wtl_ctx *x, struct teller *teller);
    } stories[] = {
        {"calls", tell_of_calls},     {"holding", tell_of_holding},
        {"time", tell_of_time},       {"watching", tell_of_watching},
        {"links", tell_of_links},     {"births", tell_of_births},
        {"names", tell_of_names},     {"work", tell_of_work},
        {"memory", tell_of_memory},   {"readiness", tell_of_readiness},
        {"hunger", tell_of_hunger},   {"known", tell_of_known},
        {"trees", tell_of_trees},     {"up", go_on_in_trees},
        {"fell", end_of_trees},       {"tasks", tell_of_tasks},
        {"tables", tell_of_tables},   {"gather", tell_of_gathering},
        {"walks", tell_of_walks},     {"owners", tell_of_owners},
        {"ends", tell_of_ends},       {"bounds", tell_of_bounds},
        {"looking", tell_of_looking},
    };
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        if (wtl_tag_equal(message->tag, wtl_tag_make(stories[i].tag, strlen(stories[i].tag)))) {
            stories[i].story(x, teller);
            return true;
        }
    }
    return false;
}

/* ---- the teller ---------------------------------------------------------------------------- */

static void report(struct wtl_ctx *x, const struct teller *teller, const struct wtl_msg *message)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, LOG_MAX);
    wtl_put_str(&body, teller->log, teller->used);
    wtl_reply(x, message, &body);
}

static enum wtl_status teller_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct teller *teller = self;
    if (wtl_is(message, "report")) {
        report(x, teller, message);
    } else if (wtl_is(message, "came")) {
        note(teller, "m%lu", number_of(message));
    } else if (wtl_is(message, "started")) {
        note(teller, "s");
    } else if (wtl_is(message, "table_transfer")) {
        note(teller, "%s",
             wtl_status_word(wtl_table_destroy(x, (struct wtl_table){teller->timer})));
    } else if (wtl_is(message, "tick")) {
        if (++teller->ticks == 3) {
            note(teller, "t%d", wtl_timer_cancel(x, teller->timer) >= 0);
        }
    } else if (wtl_is(message, "fd")) {
        if (++teller->ticks == 2) {
            wtl_fd_unwatch(x, teller->fd);
            (void)close(teller->fd);
        }
        note(teller, "ready");
    } else if (wtl_is(message, "bound")) {
        be_bound(x, teller, message);
    } else if (wtl_is(message, "keep")) {
        keep(x, teller, message);
    } else if (wtl_is(message, "later")) {
        teller->deferred = wtl_defer(x, message);
        (void)wtl_after(x, 5, WTL_TAG("now"), NULL);
    } else if (wtl_is(message, "now")) {
        struct wtl_writer body;
        put_number(x, &body, 41);
        wtl_reply_to(x, teller->deferred, &body);
    } else if (wtl_is(message, "identity")) {
        struct wtl_writer body;
        put_number(x, &body, wtl_self(x).local);
        wtl_reply(x, message, &body);
    } else if (wtl_is(message, "end")) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
    } else {
        (void)tell(x, teller, message);
    }
    return WTL_OK;
}

static enum wtl_status teller_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct teller *teller = self;
    char text[40];
    (void)x;
    note(teller, "d%s:%s",
         down->ref == teller->ref     ? "1"
         : down->ref == teller->timer ? "2"
                                      : "",
         wtl_reason_text(down->reason, text));
    return WTL_OK;
}

static enum wtl_status teller_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct teller *teller = self;
    char text[40];
    (void)x;
    note(teller, "x:%s", wtl_reason_text(exit->reason, text));
    return WTL_OK;
}

static enum wtl_status teller_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    char text[40];
    char line[64];
    (void)self;
    (void)snprintf(line, sizeof line, "the teller stops: %s", wtl_reason_text(reason, text));
    wtl_log(x, WTL_LOG_INFO, line);
    return WTL_OK;
}

static WTL_ACTOR(teller, struct teller, .memory_max = 65536, .handle = teller_handle,
                 .down = teller_down, .exited = teller_exited, .stop = teller_stop);

WTL_MODULE("story", "0.1.0", "Tells what happens.", &teller, &mortal, &counter, &source);
