/* greeter_3.c - the third version of the guide's module: it knows who came last, and takes the
 * states of both versions before it. */
#include <wattle/module.h>

struct greeter { /* .state_vsn = 3 */
    uint64_t count;
    char last[16];
};

static enum wtl_status greeter_save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    const struct greeter *greeter = self;
    (void)x;
    wtl_putf(saved, "count=%ju last=%s", greeter->count, greeter->last);
    return WTL_OK;
}

static enum wtl_status greeter_upgrade(struct wtl_ctx *x, void *self, const void *settings,
                                       const struct wtl_saved *saved)
{
    struct greeter *greeter = self;
    (void)x;
    (void)settings;
    if (saved->state_vsn == 2) {
        return wtl_getf(&saved->message, "count=%ju", &greeter->count);
    }
    return wtl_getf(&saved->message, "count=%ju last=%15s", &greeter->count, greeter->last);
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct greeter *greeter = self;
    if (wtl_is(message, "hello")) {
        (void)!wtl_getf(message, "name=%15s", greeter->last);
        wtl_replyf(x, message, "count=%ju last=%s", ++greeter->count, greeter->last);
    }
    return WTL_OK;
}

static WTL_ACTOR(greeter, struct greeter, .summary = "Counts who says hello.", .state_vsn = 3,
                 .handle = handle, .save = greeter_save, .upgrade = greeter_upgrade);
WTL_MODULE("greeter", "0.3.0", "An example.", &greeter);
