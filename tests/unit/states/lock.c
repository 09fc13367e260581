/*
 * lock.c - a code lock, and the same scenario that was run with OTP's gen_statem (stdlib of OTP
 * 25): what it traced there is what is expected here.
 */
#include <wattle/states.h>

#include <stdarg.h>
#include <stdio.h>

#include "actor/kit.h"

static struct kit kit;
static char trace[4096];

static __attribute__((format(printf, 1, 2))) void note(const char *format, ...)
{
    size_t used = strlen(trace);
    va_list args;
    va_start(args, format);
    int added = vsnprintf(trace + used, sizeof trace - used, format, args);
    va_end(args);
    cr_assert(added > 0 && used + (size_t)added + 2 < sizeof trace);
    (void)memcpy(trace + used + added, "\n", 2);
}

/* ---- the lock -------------------------------------------------------------------------------- */

enum { WATCH_MS = 500, OPEN_MS = 100, ALARM_MS = 50, FRESH_MS = 20, SLOW_MS = 30, DIGITS = 3 };

struct lock {
    struct wtl_states states;
    uint32_t at; /* digits that were right so far */
};

#define WATCH WTL_TAG("watch")
#define ZERO  WTL_TAG("zero")

static const struct wtl_state locked;
static const struct wtl_state open;
static const struct wtl_state alarmed;

static const char *name_of(const struct wtl_state *state, const struct lock *lock)
{
    return state != NULL ? state->name : wtl_states_now(&lock->states)->name;
}

/* What all states do alike. */
static enum wtl_status any_event(struct wtl_ctx *x, struct lock *lock,
                                 const struct wtl_event *event)
{
    const char *now = wtl_states_now(&lock->states)->name;
    char tag[16];
    (void)wtl_tag_text(event->name, tag);
    if (event->kind == WTL_EVENT_TIMEOUT && wtl_tag_equal(event->name, WATCH)) {
        note("%s: watch", now);
        wtl_states_go(x, &lock->states, &alarmed);
    } else if (event->kind == WTL_EVENT_TIMEOUT) {
        note("%s: %s", now, tag);
    } else if (event->kind == WTL_EVENT_INTERNAL) {
        note("%s: internal %s", now, tag);
        if (wtl_tag_equal(event->name, WTL_TAG("opened"))) {
            wtl_states_next(x, &lock->states, WTL_TAG("inner"), NULL);
            wtl_states_timer(x, &lock->states, ZERO, 0);
        }
    } else if (wtl_is(event->message, "bad")) {
        note("%s: info", now);
    } else if (wtl_is(event->message, "button")) {
        note("%s: button %lu is postponed", now, (unsigned long)kit_number(event->message));
        wtl_states_postpone(x, &lock->states);
    } else if (wtl_is(event->message, "state")) {
        note("%s: asked, later", now);
        wtl_states_postpone(x, &lock->states);
    }
    return WTL_OK;
}

static enum wtl_status locked_enter(struct wtl_ctx *x, void *self, const struct wtl_state *from)
{
    struct lock *lock = self;
    note("enter locked from %s", name_of(from, lock));
    lock->at = 0;
    wtl_states_timer(x, &lock->states, WATCH, WATCH_MS);
    return WTL_OK;
}

static void press(struct wtl_ctx *x, struct lock *lock, uint64_t button)
{
    if (button != lock->at + 1) {
        note("locked: button %lu is wrong", (unsigned long)button);
        lock->at = 0;
    } else if (++lock->at == DIGITS) {
        note("locked: button %lu opens", (unsigned long)button);
        wtl_states_go(x, &lock->states, &open);
        wtl_states_next(x, &lock->states, WTL_TAG("opened"), NULL);
        wtl_states_next(x, &lock->states, WTL_TAG("counted"), NULL);
    } else {
        note("locked: button %lu", (unsigned long)button);
        wtl_states_idle(x, &lock->states, SLOW_MS);
    }
}

static enum wtl_status locked_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    struct lock *lock = self;
    if (event->kind == WTL_EVENT_IDLE_TIMEOUT) {
        note("locked: too slow");
        lock->at = 0;
        wtl_states_again(x, &lock->states);
    } else if (event->kind == WTL_EVENT_STATE_TIMEOUT) {
        note("locked: state timeout fresh");
    } else if (event->kind == WTL_EVENT_MESSAGE && wtl_is(event->message, "button")) {
        press(x, lock, kit_number(event->message));
    } else if (event->kind == WTL_EVENT_MESSAGE && wtl_is(event->message, "state")) {
        struct wtl_writer body;
        note("locked: asked");
        (void)wtl_message_open(x, &body, 16);
        wtl_put_strz(&body, "locked");
        wtl_reply(x, event->message, &body);
    } else {
        return any_event(x, lock, event);
    }
    return WTL_OK;
}

static enum wtl_status open_enter(struct wtl_ctx *x, void *self, const struct wtl_state *from)
{
    struct lock *lock = self;
    note("enter open from %s", name_of(from, lock));
    wtl_states_timeout(x, &lock->states, OPEN_MS);
    return WTL_OK;
}

static enum wtl_status open_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    struct lock *lock = self;
    if (event->kind == WTL_EVENT_STATE_TIMEOUT) {
        note("open: state timeout lock");
        wtl_states_go(x, &lock->states, &locked);
        return WTL_OK;
    }
    return any_event(x, lock, event);
}

static enum wtl_status alarmed_enter(struct wtl_ctx *x, void *self, const struct wtl_state *from)
{
    struct lock *lock = self;
    note("enter alarm from %s", name_of(from, lock));
    wtl_states_timeout(x, &lock->states, ALARM_MS);
    wtl_states_timer(x, &lock->states, WATCH, WTL_STATES_NEVER);
    return WTL_OK;
}

static enum wtl_status alarmed_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    struct lock *lock = self;
    if (event->kind == WTL_EVENT_STATE_TIMEOUT) {
        note("alarm: state timeout quiet");
        wtl_states_timeout(x, &lock->states, FRESH_MS); /* of the state that comes */
        wtl_states_go(x, &lock->states, &locked);
        return WTL_OK;
    }
    return any_event(x, lock, event);
}

static const struct wtl_state locked = {
    .name = "locked", .enter = locked_enter, .event = locked_event};
static const struct wtl_state open = {.name = "open", .enter = open_enter, .event = open_event};
static const struct wtl_state alarmed = {
    .name = "alarm", .enter = alarmed_enter, .event = alarmed_event};

static enum wtl_status lock_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)settings;
    (void)args;
    return wtl_states_begin(x, self, &locked);
}

static WTL_STATES_ACTOR(lock, struct lock, .init = lock_init);

/* ---- the scenario ------------------------------------------------------------------------------
 */

static struct kit_puppet user;
static struct wtl_pid pid;

static void do_press(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    for (const char *button = cmd->user; *button != '\0'; button++) {
        kit_send(x, cmd->pid, WTL_TAG("button"), (uint64_t)(*button - '0'));
    }
}

static void buttons(const char *all)
{
    kit_do(&kit, &user, (struct kit_cmd){.fn = do_press, .pid = pid, .user = (void *)all});
}

static enum wtl_status on_state(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct wtl_reader reader = wtl_read(&answer->message);
    size_t size = 0;
    const char *text = wtl_get_str(&reader, &size);
    (void)x;
    (void)self;
    (void)context;
    note("reply %.*s", (int)size, text);
    return WTL_OK;
}

static void do_ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static const struct wtl_call_options options = {.on_answer = on_state};
    (void)p;
    (void)wtl_call(x, cmd->pid, WTL_TAG("state"), NULL, &options);
}

static void do_bad(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_tell(x, cmd->pid, WTL_TAG("bad"), NULL);
}

static const char of_otp[] = "enter locked from locked\n"
                             "locked: button 1\n"
                             "locked: button 2\n"
                             "locked: button 9 is wrong\n"
                             "locked: button 1\n"
                             "locked: button 2\n"
                             "locked: button 3 opens\n"
                             "enter open from locked\n"
                             "open: internal opened\n"
                             "open: internal inner\n"
                             "open: internal counted\n"
                             "open: zero\n"
                             "open: button 1 is postponed\n"
                             "open: button 2 is postponed\n"
                             "open: asked, later\n"
                             "open: info\n"
                             "open: state timeout lock\n"
                             "enter locked from open\n"
                             "locked: button 1\n"
                             "locked: button 2\n"
                             "locked: asked\n"
                             "reply locked\n"
                             "locked: button 1 is wrong\n"
                             "locked: button 1\n"
                             "locked: too slow\n"
                             "enter locked from locked\n"
                             "locked: watch\n"
                             "enter alarm from locked\n"
                             "alarm: state timeout quiet\n"
                             "enter locked from alarm\n"
                             "locked: state timeout fresh\n"
                             "locked: button 1\n"
                             "locked: button 2\n"
                             "locked: button 3 opens\n"
                             "enter open from locked\n"
                             "open: internal opened\n"
                             "open: internal inner\n"
                             "open: internal counted\n"
                             "open: zero\n"
                             "open: button 7 is postponed\n"
                             "open: state timeout lock\n"
                             "enter locked from open\n"
                             "locked: button 7 is wrong\n";

Test(states, L16_a_code_lock_does_what_gen_statem_does)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        trace[0] = '\0';
        user = (struct kit_puppet){0};
        kit_init(&kit, seed);
        kit_spawn(&kit, &user, NULL);
        pid = wtl__spawn(&kit.step.runtime, NULL, &lock, NULL, 0);
        kit_advance(&kit, 10);
        buttons("12912312");
        kit_do(&kit, &user, (struct kit_cmd){.fn = do_ask, .pid = pid});
        kit_advance(&kit, 20);
        kit_do(&kit, &user, (struct kit_cmd){.fn = do_bad, .pid = pid});
        kit_advance(&kit, 120);
        buttons("1");
        kit_advance(&kit, 10);
        buttons("1");
        kit_advance(&kit, 650);
        buttons("1237");
        kit_advance(&kit, 210);
        cr_assert_str_eq(trace, of_otp);
        kit_deinit(&kit);
    }
}
