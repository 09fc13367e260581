/* greeter_2.c - the second version of the guide's module, with another state. */
#include <wattle/module.h>

struct greeter { /* .state_vsn = 2: it was a plain uint64_t before */
    char greeting[16];
    uint64_t count;
};

static enum wtl_status greeter_save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    const struct greeter *greeter = self;
    (void)x;
    wtl_putf(saved, "count=%ju", greeter->count);
    return WTL_OK;
}

static enum wtl_status greeter_upgrade(struct wtl_ctx *x, void *self, const void *settings,
                                       const struct wtl_saved *saved)
{
    struct greeter *greeter = self;
    (void)settings;
    memcpy(greeter->greeting, "hello", 6);
    wtl_continue(x, WTL_TAG("upgraded"), NULL);
    return wtl_getf(&saved->message, "count=%ju", &greeter->count);
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct greeter *greeter = self;
    if (wtl_is(message, "hello")) {
        wtl_replyf(x, message, "greeting=%s count=%ju", greeter->greeting, ++greeter->count);
    }
    return WTL_OK;
}

static WTL_ACTOR(greeter, struct greeter, .summary = "Counts who says hello.", .state_vsn = 2,
                 .handle = handle, .save = greeter_save, .upgrade = greeter_upgrade);
WTL_MODULE("greeter", "0.2.0", "An example.", &greeter);
