/* timers.c - the timeouts of a state machine. See states_private.h. */
#include "states/states_private.h"

static const struct wtl_msg empty;

/* Where the pointer to it is; to NULL when there is none. */
static struct wtl_states_timer **find(struct wtl_states *states, enum wtl_event_kind kind,
                                      struct wtl_tag name)
{
    struct wtl_states_timer **at = &states->timers;
    while (*at != NULL && ((*at)->kind != kind || !wtl_tag_equal((*at)->name, name))) {
        at = &(*at)->next;
    }
    return at;
}

static void take_out(struct wtl_ctx *x, struct wtl_states *states, struct wtl_states_timer **at)
{
    struct wtl_states_timer *timer = *at;
    *at = timer->next;
    states->timers_count--;
    wtl_free(x, timer);
}

static void cancel(struct wtl_ctx *x, struct wtl_states *states, struct wtl_states_timer **at)
{
    if ((*at)->timer != 0) {
        (void)wtl_timer_cancel(x, (*at)->timer);
    }
    take_out(x, states, at);
}

static void start(struct wtl_ctx *x, struct wtl_states *states, struct wtl_states_timer *timer,
                  uint64_t after_ms)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, timer->number);
    timer->timer = wtl_after(x, after_ms, WTL__STATES_TIME, &body);
    if (timer->timer == 0) {
        states->failed = WTL_NO_MEMORY;
    }
}

void wtl__states_timer_set(struct wtl_ctx *x, struct wtl_states *states, enum wtl_event_kind kind,
                           struct wtl_tag name, uint64_t after_ms)
{
    struct wtl_states_timer **at = find(states, kind, name);
    if (*at != NULL) {
        cancel(x, states, at);
    }
    if (after_ms == WTL_STATES_NEVER) {
        return;
    }
    if (states->timers_count >= WTL_STATES_TIMERS_MAX) {
        states->failed = WTL_FULL;
        return;
    }
    struct wtl_states_timer *timer = wtl_alloc(x, sizeof *timer);
    if (timer == NULL) {
        states->failed = WTL_NO_MEMORY;
        return;
    }
    *timer = (struct wtl_states_timer){
        .kind = kind, .is_new = true, .name = name, .number = ++states->numbers};
    while (*at != NULL) { /* behind the others: those that are due at once come in that order */
        at = &(*at)->next;
    }
    *at = timer;
    states->timers_count++;
    if (after_ms > 0) {
        start(x, states, timer, after_ms);
    }
}

void wtl__states_timer_left(struct wtl_ctx *x, struct wtl_states *states)
{
    struct wtl_states_timer **at = find(states, WTL_EVENT_STATE_TIMEOUT, (struct wtl_tag){{0, 0}});
    if (*at != NULL && !(*at)->is_new) {
        cancel(x, states, at);
    }
}

void wtl__states_timers_due(struct wtl_ctx *x, struct wtl_states *states)
{
    for (struct wtl_states_timer *timer = states->timers; timer != NULL; timer = timer->next) {
        if (timer->is_new && timer->timer == 0) {
            struct wtl_states_item *item = wtl__states_item_new(x, states, 0);
            if (item == NULL) {
                return;
            }
            item->number = timer->number;
            wtl__states_append(&states->queue, item);
        }
        timer->is_new = false;
    }
}

bool wtl__states_timer_take(struct wtl_ctx *x, struct wtl_states *states, uint64_t number,
                            struct wtl_event *event_out)
{
    struct wtl_states_timer **at = &states->timers;
    while (*at != NULL && (*at)->number != number) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        return false;
    }
    *event_out = (struct wtl_event){.kind = (*at)->kind, .name = (*at)->name, .message = &empty};
    take_out(x, states, at);
    return true;
}
