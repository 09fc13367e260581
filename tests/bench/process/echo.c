/* echo.c - the module that bench_process measures with: one actor that answers, and counts. */
#include <wattle/module.h>
#include <wattle/wattle.h>

struct echo {
    uint64_t count;
};

static enum wtl_status echo_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct echo *echo = self;
    struct wtl_writer body;
    if (wtl_is(message, "echo")) {
        (void)wtl_message_open(x, &body, message->size);
        wtl_put_raw(&body, message->bytes, message->size);
        wtl_reply(x, message, &body);
    } else if (wtl_is(message, "count")) {
        echo->count++;
    } else if (wtl_is(message, "total")) {
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, echo->count);
        wtl_reply(x, message, &body);
    }
    return WTL_OK;
}

static WTL_ACTOR(echo, struct echo, .mailbox_policy = WTL_MAILBOX_BLOCK, .handle = echo_handle);

WTL_MODULE("echo", "0.1.0", "Answers, and counts.", &echo);
