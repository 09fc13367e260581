/* looker.c - see looker.h. */
#include "looker.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#include <wattle/wattle.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    uint32_t count;
    struct seen seen[LOOKER_MAX];
} box = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static struct {
    struct wtl_runtime *runtime;
    struct wtl_pid pid;
} looker;

/* ---- the actor ----------------------------------------------------------------------------- */

static void write_down(const struct seen *seen)
{
    (void)pthread_mutex_lock(&box.lock);
    cr_assert_lt(box.count, LOOKER_MAX);
    box.seen[box.count++] = *seen;
    (void)pthread_cond_signal(&box.came);
    (void)pthread_mutex_unlock(&box.lock);
}

static uint64_t number_of(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return wtl_peek(&reader) == WTL_PACK_INT ? wtl_get_u64(&reader) : 0;
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct seen seen = {.what = *(int *)context,
                        .status = answer->status,
                        .number = number_of(&answer->message),
                        .size = answer->message.size};
    (void)x;
    (void)self;
    if (seen.what == WTL_SYS_STATISTICS && seen.status == WTL_OK) {
        uintmax_t figures[4];
        cr_assert_eq(wtl_getf(&answer->message, "handled=%ju sent=%ju waiting=%ju memory_bytes=%ju",
                              &figures[0], &figures[1], &figures[2], &figures[3]),
                     WTL_OK);
        for (int i = 0; i < 4; i++) {
            seen.figures[i] = figures[i];
        }
    }
    write_down(&seen);
    return WTL_OK;
}

static void put_state(struct wtl_ctx *x, struct wtl_writer *body, uint64_t number, bool large)
{
    (void)wtl_message_open(x, body, large ? number + 16 : 16);
    if (!large) {
        wtl_put_u64(body, number);
        return;
    }
    char *text = calloc(1, number);
    cr_assert_not_null(text);
    wtl_put_str(body, text, number);
    free(text);
}

static void ask(struct wtl_ctx *x, struct wtl_pid to, int verb, uint64_t number, bool large)
{
    struct wtl_writer body;
    const struct wtl_call_options options = {.on_answer = on_answer,
                                             .context = &verb,
                                             .context_size = sizeof verb,
                                             .deadline_ms = 60000};
    switch (verb) {
    case WTL_SYS_REPLACE:
        put_state(x, &body, number, large);
        (void)wtl_sys_replace(x, to, &body, &options);
        break;
    case WTL_SYS_TRACE:
        (void)wtl_sys_trace(x, to, number, &options);
        break;
    default:
        (void)x->api->sys(x, to, verb, NULL, &options);
        break;
    }
}

static enum wtl_status looker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct seen seen = {.what = LOOKER_CAME, .number = number_of(message), .size = message->size};
    uintmax_t node;
    uintmax_t local;
    uintmax_t number;
    int verb;
    int large;
    unsigned times;
    char tag[16];
    (void)self;
    if (wtl_is(message, "look")) {
        cr_assert_eq(wtl_getf(message, "[%ju %ju %d %ju %d %u]", &node, &local, &verb, &number,
                              &large, &times),
                     WTL_OK);
        for (unsigned i = 0; i < times; i++) {
            ask(x, (struct wtl_pid){.node = node, .local = local}, verb, number, large != 0);
        }
    } else if (wtl_is(message, "tell")) {
        struct wtl_writer body;
        cr_assert_eq(wtl_getf(message, "[%ju %ju %15s %ju]", &node, &local, tag, &number), WTL_OK);
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, number);
        wtl_tell(x, (struct wtl_pid){.node = node, .local = local}, wtl_tag_make(tag, strlen(tag)),
                 &body);
    } else {
        if (wtl_trace_read(message, &seen.event)) {
            seen.what = LOOKER_EVENT;
        }
        write_down(&seen);
    }
    return WTL_OK;
}

static WTL_ACTOR(looker_type, char, .handle = looker_handle, .mailbox_max = WTL_MAILBOX_LIMIT);

/* ---- the test's thread ---------------------------------------------------------------------- */

void looker_begin(struct wtl_runtime *runtime)
{
    box.count = 0;
    looker.runtime = runtime;
    looker.pid =
        wtl_runtime_spawn(runtime, &looker_type, &(struct wtl_spawn_options){.name = "sink"});
}

/* Whoever has the name, as soon as somebody has. */
static struct wtl_pid find(const char *name)
{
    struct wtl_pid pid = wtl_runtime_whereis(looker.runtime, name);
    while (wtl_pid_is_none(pid)) {
        pid = wtl_runtime_whereis(looker.runtime, name);
    }
    return pid;
}

static void command(const char *name, int verb, uint64_t number, bool large, unsigned times)
{
    struct wtl_pid to = find(name);
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 64);
    wtl_putf(&body, "[%ju %ju %d %ju %d %u]", (uintmax_t)to.node, (uintmax_t)to.local, verb,
             (uintmax_t)number, (int)large, times);
    cr_assert_eq(wtl_runtime_tell(looker.runtime, looker.pid, WTL_TAG("look"), &body), WTL_OK);
}

void looker_ask(const char *name, enum wtl_sys_verb verb, uint64_t argument)
{
    command(name, (int)verb, argument, false, 1);
}

void looker_ask_states(const char *name, unsigned times)
{
    command(name, WTL_SYS_STATE, 0, false, times);
}

void looker_replace_large(const char *name, uint64_t bytes)
{
    command(name, WTL_SYS_REPLACE, bytes, true, 1);
}

void looker_tell(const char *name, const char *tag, uint64_t number)
{
    struct wtl_pid to = find(name);
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 64);
    wtl_putf(&body, "[%ju %ju %s %ju]", (uintmax_t)to.node, (uintmax_t)to.local, tag,
             (uintmax_t)number);
    cr_assert_eq(wtl_runtime_tell(looker.runtime, looker.pid, WTL_TAG("tell"), &body), WTL_OK);
}

struct seen looker_seen(uint32_t index)
{
    (void)pthread_mutex_lock(&box.lock);
    while (box.count <= index) {
        (void)pthread_cond_wait(&box.came, &box.lock);
    }
    struct seen seen = box.seen[index];
    (void)pthread_mutex_unlock(&box.lock);
    return seen;
}

uint32_t looker_count(void)
{
    (void)pthread_mutex_lock(&box.lock);
    uint32_t count = box.count;
    (void)pthread_mutex_unlock(&box.lock);
    return count;
}

struct seen looker_look(const char *name, enum wtl_sys_verb verb, uint64_t argument)
{
    uint32_t before = looker_count();
    looker_ask(name, verb, argument);
    struct seen seen = looker_seen(before);
    cr_assert_eq(seen.what, (int)verb);
    return seen;
}
