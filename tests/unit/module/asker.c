/* asker.c - see asker.h. */
#include "asker.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include <wattle/wattle.h>

/* One question at a time: the test waits for its answer. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_there;
    struct answer answer;
} box = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl_reader reader = wtl_read(&answer->message);
    (void)x;
    (void)self;
    (void)context;
    (void)pthread_mutex_lock(&box.lock);
    box.answer =
        (struct answer){.status = answer->status, .reason = answer->reason, .pid = answer->pid};
    if (wtl_peek(&reader) == WTL_PACK_INT) {
        box.answer.number = wtl_get_u64(&reader);
    } else if (wtl_peek(&reader) == WTL_PACK_STR) {
        size_t size = 0;
        const char *text = wtl_get_str(&reader, &size);
        size = size < sizeof box.answer.text - 1 ? size : sizeof box.answer.text - 1;
        memcpy(box.answer.text, text, size);
    }
    box.is_there = true;
    (void)pthread_cond_signal(&box.came);
    (void)pthread_mutex_unlock(&box.lock);
    return WTL_OK;
}

static enum wtl_status asker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    char name[64];
    char tag[16];
    unsigned long number;
    struct wtl_writer body;
    (void)self;
    if (wtl_getf(message, "[%63s %15s %lu]", name, tag, &number) != WTL_OK) {
        return WTL_BAD_PAYLOAD;
    }
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number);
    if (wtl_is(message, "tell")) {
        (void)!wtl_tell_name(x, name, wtl_tag_make(tag, strlen(tag)), &body);
    } else {
        (void)wtl_call_name(
            x, name, wtl_tag_make(tag, strlen(tag)), &body,
            &(struct wtl_call_options){.on_answer = on_answer, .deadline_ms = 30000});
    }
    return WTL_OK;
}

static WTL_ACTOR(asker_type, char, .handle = asker_handle);

void asker_begin(struct asker *asker, struct wtl_runtime *runtime)
{
    asker->runtime = runtime;
    asker->pid = wtl_runtime_spawn(runtime, &asker_type, NULL);
}

static void command(const struct asker *asker, struct wtl_tag what, const char *name,
                    const char *tag, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 64);
    wtl_putf(&body, "[%s %s %lu]", name, tag, (unsigned long)number);
    cr_assert_eq(wtl_runtime_tell(asker->runtime, asker->pid, what, &body), WTL_OK);
}

struct answer asker_ask(const struct asker *asker, const char *name, const char *tag,
                        uint64_t number)
{
    box.is_there = false;
    command(asker, WTL_TAG("ask"), name, tag, number);
    (void)pthread_mutex_lock(&box.lock);
    while (!box.is_there) {
        (void)pthread_cond_wait(&box.came, &box.lock);
    }
    struct answer answer = box.answer;
    (void)pthread_mutex_unlock(&box.lock);
    return answer;
}

struct answer asker_ask_living(const struct asker *asker, const char *name, const char *tag,
                               uint64_t number)
{
    struct answer answer;
    do {
        answer = asker_ask(asker, name, tag, number);
    } while (answer.status == WTL_NOT_FOUND || answer.status == WTL_NO_PROCESS ||
             answer.status == WTL_CLOSED);
    return answer;
}

void asker_tell(const struct asker *asker, const char *name, const char *tag, uint64_t number)
{
    command(asker, WTL_TAG("tell"), name, tag, number);
}
