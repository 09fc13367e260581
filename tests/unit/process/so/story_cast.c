/* story_cast.c - who a teller tells of, and actors for many messages. See story.h. */
#include "story.h"

/* A mortal doubles numbers, and ends when and how it is told to. */
static enum wtl_status mortal_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)x;
    (void)settings;
    *(uint64_t *)self = number_of(args);
    return *(uint64_t *)self == 99 ? WTL_STORAGE : WTL_OK;
}

/* More than its cap allows. */
static void eat(struct wtl_ctx *x)
{
    void *first = wtl_alloc(x, 40000);
    void *second = first != NULL ? wtl_alloc(x, 40000) : NULL;
    wtl_tell(x, wtl_parent(x), second == NULL ? WTL_TAG("came") : WTL_TAG("tick"), NULL);
}

static enum wtl_status mortal_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_writer body;
    if (wtl_is(message, "double")) {
        put_number(x, &body, 2 * number_of(message) + *(uint64_t *)self);
        wtl_reply(x, message, &body);
    } else if (wtl_is(message, "refuse")) {
        wtl_reply_error(x, message, WTL_DENIED, NULL);
    } else if (wtl_is(message, "back")) {
        tell_number(x, message->from, WTL_TAG("came"), number_of(message));
    } else if (wtl_is(message, "eat")) {
        eat(x);
    } else if (wtl_is(message, "end")) {
        return WTL_STOP;
    } else if (wtl_is(message, "fail")) {
        return WTL_TIMEOUT;
    }
    return WTL_OK;
}

WTL_ACTOR(mortal, uint64_t, .memory_max = 65536, .init = mortal_init, .handle = mortal_handle);

/* ---- many messages -------------------------------------------------------------------------- */

/* Counts numbers that come in order; one that does not is remembered. */
struct counter {
    uint64_t count;
    uint64_t wrong;
};

static enum wtl_status counter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct counter *own = self;
    struct wtl_writer body;
    if (wtl_is(message, "number")) {
        own->wrong += number_of(message) != own->count;
        own->count++;
    } else if (wtl_is(message, "count")) {
        put_number(x, &body, own->wrong > 0 ? 0 : own->count);
        wtl_reply(x, message, &body);
    } else if (wtl_is(message, "size")) { /* a large body, and back */
        (void)wtl_message_open(x, &body, message->size);
        wtl_put_raw(&body, message->bytes, message->size);
        wtl_reply(x, message, &body);
    }
    return WTL_OK;
}

WTL_ACTOR(counter, struct counter, .mailbox_max = 64, .mailbox_policy = WTL_MAILBOX_BLOCK,
          .handle = counter_handle);

/* Sends so many numbers to whoever asks, all at once. */
static enum wtl_status source_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    uint64_t count = number_of(message);
    struct wtl_pid to = wtl_whereis_local(x, "sink");
    (void)self;
    for (uint64_t i = 0; i < count; i++) {
        tell_number(x, to, WTL_TAG("number"), i);
    }
    wtl_reply(x, message, NULL);
    return WTL_OK;
}

WTL_ACTOR(source, char, .handle = source_handle);
