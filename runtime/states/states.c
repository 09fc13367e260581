/*
 * states.c - see <wattle/states.h>. Written against the public calls alone, because it is a part of
 * each module that uses it.
 *
 * The mailbox is the runtime's: the machine sees its messages one by one. What has to come before
 * them waits in `queue`, and a wtl_continue for each brings it about.
 */
#include "states/states_private.h"

#define TAG_RUN WTL_TAG("$states.run")

enum { INSIDE_NOTHING = 0, INSIDE_EVENT, INSIDE_ENTER };

static const struct wtl_msg empty;
static const struct wtl_tag no_name; /* of the timeouts of which there is one */

/* ---- lists ----------------------------------------------------------------------------------- */

void wtl__states_append(struct wtl_states_list *list, struct wtl_states_item *item)
{
    item->next = NULL;
    if (list->first == NULL) {
        list->first = item;
    } else {
        list->last->next = item;
    }
    list->last = item;
}

/* Moves all of `front` in front of the list. */
static void prepend(struct wtl_states_list *list, struct wtl_states_list *front)
{
    if (front->first != NULL) {
        front->last->next = list->first;
        list->last = list->first != NULL ? list->last : front->last;
        list->first = front->first;
        *front = (struct wtl_states_list){.first = NULL};
    }
}

struct wtl_states_item *wtl__states_item_new(struct wtl_ctx *x, struct wtl_states *states,
                                             size_t size)
{
    struct wtl_states_item *item = NULL;
    if (states->waiting >= WTL_STATES_WAITING_MAX) {
        states->failed = WTL_FULL;
    } else if ((item = wtl_alloc(x, sizeof *item + size)) == NULL) {
        states->failed = WTL_NO_MEMORY;
    } else {
        memset(item, 0, sizeof *item);
        states->waiting++;
    }
    return item;
}

static void item_free(struct wtl_ctx *x, struct wtl_states *states, struct wtl_states_item *item)
{
    if (item->kept != NULL) {
        wtl_release(x, item->kept);
    }
    states->waiting--;
    wtl_free(x, item);
}

/* What has to be handled before the mailbox is. */
static void run_queue(struct wtl_ctx *x, struct wtl_states *states)
{
    if (states->queue.first != NULL && !states->continues) {
        states->continues = true;
        wtl_continue(x, TAG_RUN, NULL);
    }
}

/* ---- from state to state --- */

static enum wtl_status enter(struct wtl_ctx *x, struct wtl_states *states,
                             const struct wtl_state *from)
{
    if (states->now->enter == NULL) {
        return WTL_OK;
    }
    states->inside = INSIDE_ENTER;
    enum wtl_status status = states->now->enter(x, states, from);
    states->inside = INSIDE_NOTHING;
    return status;
}

/* Does what was asked for, in the order that the header says. */
static enum wtl_status follow(struct wtl_ctx *x, struct wtl_states *states)
{
    const struct wtl_state *from = states->now;
    const struct wtl_state *to = states->next != NULL ? states->next : from;
    bool enters = states->again || to != from;
    enum wtl_status status = WTL_OK;
    if (to != from) {
        states->now = to;
        prepend(&states->queue, &states->postponed);
        wtl__states_timer_left(x, states);
    }
    prepend(&states->queue, &states->own);
    states->next = NULL;
    states->again = false;
    if (enters) {
        status = enter(x, states, from);
    }
    wtl__states_timers_due(x, states);
    run_queue(x, states);
    return states->failed != WTL_OK ? states->failed : status;
}

enum wtl_status wtl_states_begin(struct wtl_ctx *x, struct wtl_states *states,
                                 const struct wtl_state *state)
{
    states->now = state;
    enum wtl_status status = enter(x, states, NULL);
    wtl__states_timers_due(x, states);
    run_queue(x, states);
    return states->failed != WTL_OK ? states->failed : status;
}

/* ---- one event --- */

/* It comes back when the state has changed; `item`: as what it has waited, NULL for a new one. */
static void postpone(struct wtl_ctx *x, struct wtl_states *states, const struct wtl_event *event,
                     struct wtl_states_item *item)
{
    if (item == NULL) {
        item = wtl__states_item_new(x, states, 0);
        if (item == NULL) {
            return;
        }
        if (event->kind == WTL_EVENT_MESSAGE) {
            item->kept = wtl_keep(x, event->message);
            states->failed = item->kept == NULL ? WTL_INVALID : states->failed;
        }
    }
    item->event = *event; /* of a timeout, which is no longer only a number */
    item->number = 0;
    wtl__states_append(&states->postponed, item);
}

static enum wtl_status take(struct wtl_ctx *x, struct wtl_states *states,
                            const struct wtl_event *event, struct wtl_states_item *item)
{
    wtl__states_timer_set(x, states, WTL_EVENT_IDLE_TIMEOUT, no_name, WTL_STATES_NEVER);
    states->postpones = false;
    states->inside = INSIDE_EVENT;
    enum wtl_status status =
        states->now->event != NULL ? states->now->event(x, states, event) : WTL_OK;
    states->inside = INSIDE_NOTHING;
    if (status != WTL_OK) {
        return status;
    }
    if (states->postpones) {
        postpone(x, states, event, item);
    } else if (item != NULL) {
        item_free(x, states, item);
    }
    return follow(x, states);
}

/* The first of what has to be handled before the mailbox is. */
static enum wtl_status take_first(struct wtl_ctx *x, struct wtl_states *states)
{
    struct wtl_states_item *item = states->queue.first;
    struct wtl_event event;
    states->continues = false;
    if (item == NULL) {
        return WTL_OK;
    }
    states->queue.first = item->next;
    event = item->event;
    if (item->number != 0 && !wtl__states_timer_take(x, states, item->number, &event)) {
        item_free(x, states, item);
        run_queue(x, states);
        return WTL_OK;
    }
    return take(x, states, &event, item);
}

enum wtl_status wtl_states_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_states *states = self;
    struct wtl_event event = {.kind = WTL_EVENT_MESSAGE, .name = message->tag, .message = message};
    if (wtl_pid_equal(message->from, wtl_self(x))) {
        if (wtl_tag_equal(message->tag, TAG_RUN)) {
            return take_first(x, states);
        }
        if (wtl_tag_equal(message->tag, WTL__STATES_TIME)) {
            struct wtl_reader reader = wtl_read(message);
            if (!wtl__states_timer_take(x, states, wtl_get_u64(&reader), &event)) {
                return WTL_OK; /* it was cancelled when it was due already */
            }
        }
    }
    return take(x, states, &event, NULL);
}

enum wtl_status wtl_states_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct wtl_event event = {.kind = WTL_EVENT_EXITED, .message = &empty, .exit = *exit};
    return take(x, self, &event, NULL);
}

enum wtl_status wtl_states_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct wtl_event event = {.kind = WTL_EVENT_DOWN, .message = &empty, .down = *down};
    return take(x, self, &event, NULL);
}

/* ---- what is asked for --- */

/* May that be asked for here? Not while the machine enters a state. */
static bool is_allowed(struct wtl_states *states)
{
    if (states->inside == INSIDE_ENTER) {
        states->failed = WTL_INVALID;
        return false;
    }
    return true;
}

/* Outside of a function of a state there is nobody who would return what has gone wrong. */
static void follow_now(struct wtl_ctx *x, struct wtl_states *states)
{
    if (states->inside == INSIDE_NOTHING) {
        enum wtl_status status = follow(x, states);
        if (status != WTL_OK) {
            wtl_stop(x, wtl_reason_of(status));
        }
    }
}

void wtl_states_go(struct wtl_ctx *x, struct wtl_states *states, const struct wtl_state *state)
{
    if (is_allowed(states)) {
        states->next = state;
        follow_now(x, states);
    }
}

void wtl_states_again(struct wtl_ctx *x, struct wtl_states *states)
{
    if (is_allowed(states)) {
        states->again = true;
        follow_now(x, states);
    }
}

void wtl_states_postpone(struct wtl_ctx *x, struct wtl_states *states)
{
    (void)x;
    if (is_allowed(states)) {
        states->postpones = true;
    }
}

void wtl_states_next(struct wtl_ctx *x, struct wtl_states *states, struct wtl_tag tag,
                     struct wtl_writer *body)
{
    size_t size = body != NULL && !body->failed ? wtl_written(body) : 0;
    bool failed = body != NULL && body->failed;
    struct wtl_states_item *item =
        is_allowed(states) && !failed ? wtl__states_item_new(x, states, size) : NULL;
    if (failed) {
        states->failed = WTL_NO_MEMORY;
    }
    if (item != NULL) {
        if (size > 0) {
            memcpy(item->bytes, body->begin, size);
        }
        item->own = (struct wtl_msg){.tag = tag,
                                     .from = wtl_self(x),
                                     .bytes = size > 0 ? item->bytes : NULL,
                                     .size = (uint32_t)size};
        item->event =
            (struct wtl_event){.kind = WTL_EVENT_INTERNAL, .name = tag, .message = &item->own};
        wtl__states_append(&states->own, item);
    }
    if (body != NULL) {
        wtl_message_drop(x, body);
    }
    follow_now(x, states);
}

void wtl_states_timeout(struct wtl_ctx *x, struct wtl_states *states, uint64_t after_ms)
{
    wtl__states_timer_set(x, states, WTL_EVENT_STATE_TIMEOUT, no_name, after_ms);
    follow_now(x, states);
}

void wtl_states_idle(struct wtl_ctx *x, struct wtl_states *states, uint64_t after_ms)
{
    wtl__states_timer_set(x, states, WTL_EVENT_IDLE_TIMEOUT, no_name, after_ms);
    follow_now(x, states);
}

void wtl_states_timer(struct wtl_ctx *x, struct wtl_states *states, struct wtl_tag name,
                      uint64_t after_ms)
{
    wtl__states_timer_set(x, states, WTL_EVENT_TIMEOUT, name, after_ms);
    follow_now(x, states);
}
