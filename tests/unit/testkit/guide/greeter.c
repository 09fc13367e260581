/* greeter.c - the module that README.md and docs/MODULES.md show. */
#include <wattle/module.h>

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    uint64_t *count = self;
    if (wtl_is(message, "hello")) {
        wtl_replyf(x, message, "count=%ju", ++*count);
    }
    return WTL_OK;
}

static WTL_ACTOR(greeter, uint64_t, .summary = "Counts who says hello.", .handle = handle);
WTL_MODULE("greeter", "0.1.0", "An example.", &greeter);
