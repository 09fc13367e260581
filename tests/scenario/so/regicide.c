/* regicide.c - a flow whose source ends what its node cannot do without, on demand: an actor when
 * the file of its settings is there, the process itself when the file with ".exit" is, and it
 * loops or blocks when the one with ".loop" or ".block" is. It takes that away first, so that
 * whoever was started again lives. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include <wattle/flow.h>
#include <wattle/module.h>
#include <wattle/wattle.h>

struct settings {
    const char *file;
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, file, STR, NULL, NULL, "The order."),
    {0},
};

static enum wtl_status source_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)args;
    *(const struct settings **)self = settings;
    return wtl_every(x, 20, WTL_TAG("look")) != 0 ? WTL_OK : WTL_NO_MEMORY;
}

static bool is_ordered(const struct settings *settings, const char *what)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", settings->file, what);
    return unlink(path) == 0;
}

/* As if all had gone well. By name it would keep the module out of the node. */
static void end_process(void)
{
    void (*ends)(int code);
    *(void **)&ends = dlsym(RTLD_DEFAULT, "_exit");
    ends(0);
}

static enum wtl_status source_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    const struct settings *settings = *(const struct settings **)self;
    if (!wtl_is(message, "look")) {
        return WTL_OK;
    }
    if (is_ordered(settings, "")) {
        wtl_exit(x, wtl_whereis_local(x, "flow.host"), WTL_REASON(WTL_EXIT_KILL, "kill"));
    } else if (is_ordered(settings, ".exit")) {
        end_process();
    }
    if (is_ordered(settings, ".block")) {
        (void)sleep(1000);
    }
    for (volatile bool loops = is_ordered(settings, ".loop"); loops;) {
    }
    return WTL_OK;
}

static WTL_ACTOR(source, const struct settings *, .kind = WTL_PRODUCER, .fields = fields,
                 .settings_size = sizeof(struct settings), .init = source_init,
                 .handle = source_handle);

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    return WTL_OK;
}

static WTL_ACTOR(sink, char, .kind = WTL_CONSUMER, .handle = sink_handle);

WTL_MODULE("regicide", "0.1.0", "Ends what its node needs.", &source, &sink);
